--
-- the identity of an encoding: shown, kept, and no two of them mixed
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('encoding', 'secret words', 'predict') AS key \gset
CREATE FUNCTION outcome(statement text, everything boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, CASE WHEN everything OR SQLSTATE = '22P02' THEN substring(detail, 1, 80) END, CASE WHEN everything THEN hint END);
END $$;
CREATE FUNCTION reverse_bytes(b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
	$$ SELECT string_agg(substr(b, i, 1), ''::bytea ORDER BY i DESC) FROM generate_series(1, length(b)) i $$;
-- a row as ppdl encrypt --features writes it, by doc/wire-format.md: what it says of itself; its values are gone
CREATE FUNCTION encoded(v lwe_cipher, id text) RETURNS lwe_cipher LANGUAGE sql IMMUTABLE AS $$
	SELECT encode(substr(b, 1, 28) || seed || substr(sha256('ppdl/encoding/1'::bytea || seed), 1, 8) || substr(b, 61), 'base64')::lwe_cipher
	FROM (SELECT b, substr(b, 29, 16) || reverse_bytes(decode(id, 'hex')) || '\x0000'::bytea AS seed FROM lwe_cipher_send(v) b) t $$;
CREATE TABLE enc AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[8, 2]), 'secret words') WITH ORDINALITY t(v, n);
CREATE TABLE rows AS SELECT i, v AS unknown, encoded(v, '3fa2b1c4d5e6') AS a, encoded(v, '0123456789ab') AS b FROM enc;
CREATE TABLE compact AS SELECT encoded(v, '3fa2b1c4d5e6') AS a, encoded(v, '0123456789ab') AS b, y
	FROM ROWS FROM (lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[8, 2]), 'secret words', true),
		lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[8, 2]), 'secret words', true)) t(v, y);
CREATE VIEW mixed AS SELECT i, a AS v FROM rows WHERE i <= 4 UNION ALL SELECT i, b FROM rows WHERE i > 4;
CREATE VIEW half_known AS SELECT i, CASE WHEN i % 2 = 0 THEN a ELSE unknown END AS v FROM rows;

-- kept: known and unknown make known
SELECT lwe_encoding(unknown), lwe_encoding(a), lwe_encoding(b), lwe_encoding(NULL) FROM rows WHERE i = 1;
SELECT lwe_encoding(lwe_encrypt('encoding', '{1}')) AS by_public_key, lwe_encoding(a * 2), lwe_encoding(-b), lwe_encoding(a + unknown), lwe_encoding(unknown - a),
	lwe_encoding(unknown + unknown) FROM rows WHERE i = 1;
SELECT lwe_kind(a + a * 1e-30) AS kind, lwe_encoding(a + a * 1e-30), lwe_encoding(unknown * 1e-30 + a) FROM rows WHERE i = 1;
SELECT lwe_encoding(sum(v)), lwe_encoding(avg(v)), lwe_encoding(lwe_pack(v)), lwe_encoding(sum(v) FILTER (WHERE i % 2 = 1)) FROM half_known;
SELECT i % 2 AS grp, lwe_encoding(sum(v)), lwe_encoding(avg(v)) FROM half_known GROUP BY i % 2 ORDER BY 1;
SELECT lwe_encoding(sum(a)), lwe_encoding(lwe_pack(b)) FROM compact;
-- through states that travel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT lwe_encoding(sum(a)), lwe_encoding(lwe_pack(a)) FROM rows;
SET max_parallel_workers_per_gather = 0;

-- refused
SELECT outcome('SELECT a + b FROM rows');
SELECT outcome('SELECT a - b FROM compact');
SELECT outcome('SELECT sum(v) FROM mixed', true);
SELECT outcome('SELECT avg(v) FROM mixed GROUP BY i % 2');
SELECT outcome('SELECT sum(v) OVER (ORDER BY i) FROM mixed');
SELECT outcome('SELECT lwe_pack(v) FROM mixed');
SELECT count(*), lwe_encoding(sum(v)) FROM mixed GROUP BY lwe_encoding(v) ORDER BY 2;

-- models: of the specification, shown, and inherited by versions that are trained from it
SELECT ppdl_create_model('of_a', '{"inputs":2,"encoding":"3fa2b1c4d5e6","layers":[{"units":2,"activation":"square"},{"units":1}]}', '{1,0,0,1,0,0,0.5,0.5,0}');
SELECT ppdl_create_model('of_any', '{"inputs":2,"layers":[{"units":2,"activation":"square"},{"units":1}]}', '{1,0,0,1,0,0,0.5,0.5,0}');
SELECT outcome($$SELECT ppdl_create_model('bad', '{"inputs":2,"encoding":"3fa2","layers":[{"units":1}]}')$$);
SELECT ppdl_train('of_a', ARRAY[i / 10.0, 0.5], i / 10.0, '{"steps": 2, "batch": 4}') FROM generate_series(1, 8) i;
SELECT name, version, encoding FROM ppdl_model_info ORDER BY 1, 2;
SELECT lwe_encoding(ppdl_predict('of_a', a)), lwe_encoding(ppdl_predict('of_a', unknown)), lwe_encoding(ppdl_predict('of_any', b)), lwe_encoding(ppdl_predict('of_any', unknown)) FROM rows WHERE i = 1;
SELECT lwe_encoding(ppdl_predict_agg('of_a', a)), lwe_encoding(ppdl_predict_agg('of_a', unknown)), lwe_encoding(ppdl_predict_agg('of_any', b)) FROM rows;
SELECT outcome($$SELECT ppdl_predict('of_a', b) FROM rows$$, true);
SELECT outcome($$SELECT ppdl_predict_agg('of_a', b) FROM rows$$);
SELECT outcome($$SELECT ppdl_predict_agg('of_a', v ORDER BY i) FROM mixed$$);
SELECT outcome($$SELECT ppdl_predict_agg('of_any', v ORDER BY i) FROM mixed$$);
SELECT outcome($$SELECT ppdl_predict_agg('of_a', b) FROM compact$$);
SELECT ppdl_create_model('pair', '{"inputs":2,"encoding":"3fa2b1c4d5e6","layers":[{"units":4,"activation":"quadratic"},{"units":2}]}');
SELECT outcome($$SELECT ppdl_train('pair', b, y) FROM compact$$);
SELECT outcome($$SELECT ppdl_train('pair', a, b) FROM compact$$);

-- a state says its encoding, in bytes 128 to 133; what does not fit its rows or another state is refused
CREATE TABLE state AS SELECT lwe_pack_state_send(lwe_pack_trans(NULL, a)) AS a, lwe_pack_state_send(lwe_pack_trans(NULL, b)) AS b,
	lwe_pack_state_send(ppdl_predict_trans(NULL, 'of_any', b)) AS p FROM rows WHERE i = 1;
CREATE FUNCTION state_of(b bytea) RETURNS lwe_pack_state LANGUAGE sql IMMUTABLE AS $$ SELECT encode(b, 'base64')::lwe_pack_state $$;
SELECT reverse_bytes(substr(a, 128, 6)), lwe_encoding(lwe_pack_final(state_of(a))) FROM state;
SELECT outcome('SELECT state_of(overlay(a PLACING substr(b, 128, 6) FROM 128)) FROM state');
SELECT outcome('SELECT lwe_pack_combine(state_of(a), state_of(b)) FROM state');
SELECT outcome($$SELECT ppdl_predict_final(state_of(overlay(p PLACING m FROM 9))) FROM state, substr(ppdl_model_pin('of_a@1')::bytea || decode(repeat('00', 96), 'hex'), 1, 96) m$$);
SELECT outcome('SELECT lwe_sum_combine(lwe_sum_trans(NULL, a), lwe_sum_trans(NULL, b)) FROM rows WHERE i = 1');
SELECT ppdl_drop_model('of_a'), ppdl_drop_model('of_any'), ppdl_drop_model('pair'), ppdl_drop_key('encoding');
DROP TABLE state, enc, rows, compact CASCADE;
DROP FUNCTION outcome, encoded, reverse_bytes, state_of;
