--
-- training on encrypted rows: what is refused before any work (the work itself is in test/tap)
--
SET ppdl.owner_mode = on;
SELECT lwe_keygen('owner', 'secret words') AS key \gset
SELECT lwe_keygen('other', 'secret words') AS key2 \gset
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(regexp_replace(detail, '[0-9a-f]{16}', '<id>', 'g'), ''), nullif(hint, ''));
END $$;
-- two values a row: features and labels, each encrypted for itself, line up
CREATE TABLE enc AS SELECT n::int AS i, x, y FROM
	ROWS FROM (lwe_encrypt_rows(:'key', (SELECT array_agg(ARRAY[i / 10.0, 0.5]) FROM generate_series(1, 8) i), 'secret words', true),
		lwe_encrypt_rows(:'key', (SELECT array_agg(ARRAY[i / 10.0, 0.5]) FROM generate_series(1, 8) i), 'secret words', true)) WITH ORDINALITY t(x, y, n);
CREATE TABLE enc4 AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[8, 4]), 'secret words', true) WITH ORDINALITY t(v, n);
CREATE TABLE enc_other AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key2', array_fill(0.5::float8, ARRAY[8, 2]), 'secret words', true) WITH ORDINALITY t(v, n);
SELECT ppdl_create_model('small', '{"inputs":2,"layers":[{"units":4,"activation":"quadratic"},{"units":2}]}');
SELECT ppdl_create_model('four', '{"inputs":4,"layers":[{"units":4,"activation":"quadratic"},{"units":2}]}');
SELECT ppdl_create_model('deep', '{"inputs":2,"layers":[{"units":2,"activation":"square"},{"units":2,"activation":"square"},{"units":2,"activation":"square"},{"units":2}]}');
SELECT ppdl_create_model('linear', '{"inputs":2,"layers":[{"units":2}]}');
SELECT ppdl_create_model('logit', '{"inputs":2,"layers":[{"units":2,"activation":"tanh"}]}');
SELECT ppdl_create_model('logits', '{"inputs":2,"layers":[{"units":4,"activation":"square"},{"units":4,"activation":"square"},{"units":2,"activation":"tanh"}]}');
SELECT ppdl_create_model('relu', '{"inputs":2,"layers":[{"units":4,"activation":{"name":"relu","degree":7}},{"units":2}]}');
SELECT ppdl_create_model('wide', '{"inputs":2,"layers":[{"units":1500,"activation":"square"},{"units":2}]}');
SELECT ppdl_create_model('classes', '{"inputs":2,"layers":[{"units":4,"activation":"square"},{"units":3}]}');
SELECT ppdl_create_model('conv', '{"inputs":4,"layers":[{"conv2d":{"filters":2,"kernel":2},"activation":"quadratic"},{"units":2}]}');

-- models
SELECT outcome($$SELECT ppdl_train('nobody', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train(NULL, x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('deep', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('relu', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('wide', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('conv', v, y) FROM enc JOIN enc4 USING (i)$$);
SELECT outcome($$SELECT ppdl_train('classes', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('four', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train(CASE WHEN i = 3 THEN 'small@1' ELSE 'four' END, NULL::lwe_cipher, y) FROM enc$$);
-- options
SELECT outcome($$SELECT ppdl_train('small', x, y, '{"step":3}') FROM enc$$);
SELECT outcome($$SELECT ppdl_train('small', x, y, '{"learning_rate":-1}') FROM enc$$);
SELECT outcome($$SELECT ppdl_train('small', NULL::lwe_cipher, y, jsonb_build_object('steps', i)) FROM enc$$);
-- losses, for plain rows and encrypted ones: networks without hidden layer get as far as the key
SELECT outcome($$SELECT ppdl_train('small', x, y, '{"loss":"hinge"}') FROM enc$$);
SELECT outcome($$SELECT ppdl_train('linear', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('linear', x, y, '{"loss":"logistic"}') FROM enc$$);
SELECT outcome($$SELECT ppdl_train('linear', '{0,0}'::float8[], '{0,0}'::float8[], '{"loss":"logistic"}')$$);
SELECT outcome($$SELECT ppdl_train('logit', x, y) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('logit', x, y, '{"loss":"logistic"}') FROM enc$$);
SELECT outcome($$SELECT ppdl_train('logits', x, y, '{"loss":"logistic"}') FROM enc$$);
-- rows
SELECT outcome($$SELECT ppdl_train('small', x, y) FROM enc WHERE false$$);
SELECT outcome($$SELECT ppdl_train('small', x, NULL::lwe_cipher) FROM enc$$);
SELECT outcome($$SELECT ppdl_train('four', v, y) FROM enc JOIN enc4 USING (i) WHERE i > 1$$);
SELECT outcome($$SELECT ppdl_train('small', a.x, b.y) FROM enc a, enc b WHERE b.i = a.i + 1$$);
SELECT outcome($$SELECT ppdl_train('small', x + x, y) FROM enc$$);
-- features of the deep ring, of 65,535 values
SELECT left(outcome(format('SELECT ppdl_train(''small'', %L::lwe_cipher, y) FROM enc', encode(set_byte(set_byte(set_byte(set_byte(set_byte(
	substr(set_byte(lwe_cipher_send(x), 24, 0), 1, 60), 4, 2), 5, 1), 6, 255), 7, 255), 25, 16) || decode(repeat('A5', 409600), 'hex'), 'base64'))), 120) AS refused FROM enc WHERE i = 1;
SELECT outcome($$SELECT ppdl_train('small', x, v) FROM enc JOIN enc_other USING (i)$$);
-- keys
SELECT outcome($$SELECT ppdl_train('small', x, y) FROM enc$$);
-- rights
CREATE ROLE ppdl_regress_reader;
GRANT SELECT ON ppdl_models, enc TO ppdl_regress_reader;
SET ROLE ppdl_regress_reader;
SELECT outcome($$SELECT ppdl_train('small', x, y) FROM enc$$);
RESET ROLE;
BEGIN READ ONLY;
SELECT outcome($$SELECT ppdl_train('small', x, y) FROM enc$$);
ROLLBACK;
DROP OWNED BY ppdl_regress_reader;
DROP ROLE ppdl_regress_reader;
-- resuming
SELECT outcome($$SELECT ppdl_train_resume('nobody')$$);
SELECT outcome($$SELECT ppdl_train_resume('small')$$);
SELECT outcome($$SELECT ppdl_train_resume('small@1')$$);
SELECT outcome($$SELECT ppdl_train_resume('../../base')$$);
SELECT ppdl_train_resume(NULL) IS NULL AS null;
-- the aggregate's state as a value: any text is checked
SELECT outcome(format('SELECT %L::ppdl_train_state', t)) FROM (VALUES (''), ('x'), ('UFRTMQ=='), (repeat('A', 400))) v(t);
CREATE TABLE states AS SELECT ppdl_train_trans(NULL, 'small', NULL, y) AS s FROM enc LIMIT 1;
SELECT ppdl_train_combine(s, s)::text = ppdl_train_combine(s::text::ppdl_train_state, s)::text AS same, s::text <> ppdl_train_combine(s, s)::text AS counted FROM states;
SELECT outcome(format('SELECT %L::ppdl_train_state', left(s::text, -4))) FROM states;
SELECT outcome(format('SELECT ppdl_train_final(%L::ppdl_train_state)', s::text)) FROM states;
-- prediction with a model whose weights are encrypted under a key that is not published for it
INSERT INTO ppdl_models (name, version, spec, cipher, key_id) SELECT 'small', 2, spec, ARRAY[(SELECT x FROM enc WHERE i = 1)], (SELECT key_id FROM ppdl_keys WHERE name = 'owner') FROM ppdl_models WHERE name = 'small';
SELECT outcome($$SELECT ppdl_predict('small', x) FROM enc$$);
SELECT outcome($$SELECT ppdl_predict('small', v) FROM enc_other$$);
SELECT outcome($$SELECT ppdl_predict('small', v) FROM enc4$$);
SELECT outcome($$SELECT ppdl_predict('small', '{0.5,0.5}'::float8[])$$);
SELECT outcome($$SELECT ppdl_model_weights('small')$$);
SELECT ppdl_drop_model('small'), ppdl_drop_model('four'), ppdl_drop_model('linear'), ppdl_drop_model('deep'), ppdl_drop_model('logit'), ppdl_drop_model('logits'), ppdl_drop_model('relu'), ppdl_drop_model('wide'), ppdl_drop_model('classes');
SELECT ppdl_drop_key('owner'), ppdl_drop_key('other');
DROP TABLE enc, enc4, enc_other, states;
DROP FUNCTION outcome;
