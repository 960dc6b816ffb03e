--
-- ppdl_predict and ppdl_predict_agg over rsa_cipher[]
--
SET ppdl.owner_mode = on;
-- a key made once for tests: the owner's two files
\getenv dir PG_ABS_SRCDIR
\set file :dir '/test/data/rsa-test.key'
\set key `cat :'file'`
\set file :dir '/test/data/rsa-test.pub'
\set public `cat :'file'`
SELECT left(encode(sha256(decode(regexp_replace(:'public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16) AS key_id \gset
SELECT ppdl_publish_part(:'key_id', 'rsa_predict', 'rsa', 'RSA, 3072 bits', 'public', 0, length(:'public'), sha256(:'public'::bytea), :'public'::bytea) AS published;
-- weights that are small integers and inputs on the grid lose nothing to rounding
SELECT ppdl_create_model('rsa_exact', '{"inputs": 3, "layers": [{"units": 2, "activation": "quadratic"}, {"units": 1, "activation": "identity"}]}',
	'{3,-2,1, 0,-3,1, 0.5,-0.25, 0.75,-0.5, 0.125}');
-- five rows, of which one has no features
CREATE TABLE p (id int PRIMARY KEY, x float8[], c rsa_cipher[]);
INSERT INTO p VALUES (1, '{1,-1,0}'), (2, '{0,0,0}'), (3, NULL), (4, '{-1,1,-1}'), (5, '{1,1,1}');
UPDATE p SET c = rsa_encrypt_features('rsa_predict', x);
SELECT id, ppdl_predict('rsa_exact', x) AS plain, rsa_decrypt_prediction(ppdl_predict('rsa_exact', c), :'key', 'test-only') AS encrypted FROM p ORDER BY id;
SELECT array_agg(id ORDER BY id), ppdl_predict_agg('rsa_exact', x ORDER BY id) AS plain,
	rsa_decrypt_prediction(ppdl_predict_agg('rsa_exact', c ORDER BY id), :'key', 'test-only') AS encrypted FROM p;
SELECT id % 2 AS grp, rsa_decrypt_prediction(ppdl_predict_agg('rsa_exact', c, 3 ORDER BY id), :'key', 'test-only') AS encrypted FROM p GROUP BY 1 ORDER BY 1;
SELECT rsa_decrypt_prediction(ppdl_predict_agg('rsa_exact', c ORDER BY id), :'key', 'test-only') AS null_first FROM (SELECT 0, NULL::rsa_cipher[] UNION ALL SELECT id, c FROM p) v(id, c) WHERE id < 2;
SELECT ppdl_predict_agg('rsa_exact', c) IS NULL AS only_null FROM p WHERE id = 3;
SELECT ppdl_predict_agg('rsa_exact', c) IS NULL AS nothing FROM p WHERE false;
SELECT ppdl_predict('rsa_exact', NULL::rsa_cipher[]) IS NULL AS null;
SELECT rsa_kind(v), rsa_encoding(v), rsa_parts(v), rsa_randomised(v), v::text::rsa_cipher::text = v::text AS same
FROM ppdl_predict('rsa_exact', (SELECT c FROM p WHERE id = 1)) v;

-- what rounding costs, on rows and weights that are not on a grid
SELECT ppdl_create_model('rsa_rough', '{"inputs": 4, "input_scale": 2, "layers": [{"units": 3, "activation": "square"}, {"units": 2, "activation": "identity"}]}',
	(SELECT array_agg(round((0.4 * sin(3.7 * g))::numeric, 3)::float8 ORDER BY g) FROM generate_series(1, 23) g));
CREATE TABLE q AS SELECT id, ARRAY[sin(id), cos(2 * id), sin(3 * id), cos(5 * id)] AS x FROM generate_series(1, 6) id;
ALTER TABLE q ADD c4 rsa_cipher[], ADD c6 rsa_cipher[];
UPDATE q SET c4 = rsa_encrypt_features('rsa_predict', x), c6 = rsa_encrypt_features('rsa_predict', x, input_bits => 6, randomise => false);
CREATE FUNCTION distance(float8[], float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	'SELECT max(abs(a - b)) FROM unnest($1, $2) v(a, b)';
SELECT ternary < 0.5 AS ternary, to_seven < ternary AS to_seven, fine < 0.05 AS fine
FROM (SELECT distance(plain, rsa_decrypt_prediction(c2, :'key', 'test-only')), distance(plain, rsa_decrypt_prediction(c4, :'key', 'test-only')),
			 distance(plain, rsa_decrypt_prediction(c6, :'key', 'test-only'))
	  FROM (SELECT ppdl_predict_agg('rsa_rough', x ORDER BY id), ppdl_predict_agg('rsa_rough', c4, 2 ORDER BY id),
				   ppdl_predict_agg('rsa_rough', c4 ORDER BY id), ppdl_predict_agg('rsa_rough', c6, 6 ORDER BY id) FROM q) v(plain, c2, c4, c6))
	 d(ternary, to_seven, fine);

-- in parallel: rows in any order, each with its own prediction
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ANALYZE q;
EXPLAIN (COSTS off) SELECT ppdl_predict_agg('rsa_rough', c4) FROM q;
SELECT distance(array_agg(a ORDER BY a), (SELECT array_agg(b ORDER BY b) FROM unnest((SELECT rsa_decrypt_prediction(ppdl_predict_agg('rsa_rough', c4), :'key', 'test-only') FROM q)) b)) < 1e-12 AS same
FROM unnest((SELECT rsa_decrypt_prediction(ppdl_predict_agg('rsa_rough', c4 ORDER BY id), :'key', 'test-only') FROM q)) a;
RESET max_parallel_workers_per_gather;

-- what is refused
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(detail, ''));
END $$;
SELECT outcome('SELECT ppdl_predict(''nothing'', c) FROM p');
SELECT outcome('SELECT ppdl_predict(''rsa_exact'', c4) FROM q');
SELECT outcome('SELECT ppdl_predict(''rsa_exact'', c, 1) FROM p');
SELECT outcome('SELECT ppdl_predict(''rsa_exact'', c, 9) FROM p');
SELECT outcome('SELECT ppdl_predict_agg(NULL, c) FROM p');
SELECT outcome('SELECT ppdl_predict_agg(''rsa_exact'', c, NULL) FROM p');
SELECT outcome('SELECT ppdl_predict(''rsa_rough'', ARRAY[c4[1], NULL, c4[2], c4[3]]) FROM q');
SELECT outcome('SELECT ppdl_predict(''rsa_rough'', ARRAY[rsa_encrypt(''rsa_predict'', 1), c4[1], c4[2], c4[3]]) FROM q');
SELECT outcome('SELECT ppdl_predict(''rsa_rough'', ARRAY[ppdl_predict(''rsa_rough'', c4), c4[1], c4[2], c4[3]]) FROM q');
-- a weight vector that overflows
SELECT outcome('SELECT ppdl_predict(''rsa_rough'', c4, 8) FROM q');
-- rows on two grids, networks of two models, in one aggregate
SELECT outcome('SELECT ppdl_predict_agg(''rsa_rough'', c) FROM (SELECT c4 FROM q UNION ALL SELECT c6 FROM q) v(c)');
SELECT regexp_replace(outcome('SELECT ppdl_predict_agg(CASE WHEN id < 5 THEN ''rsa_rough'' ELSE ''rsa_exact'' END, CASE WHEN id < 5 THEN c4 ELSE c4[1:3] END) FROM q'), '#[0-9a-f]{16}', '#<id>', 'g');
SELECT outcome('SELECT ppdl_predict_rsa_combine(''\x00'', ''\x0102'')');
-- features outside the range, and none
SELECT outcome('SELECT rsa_encrypt_features(''rsa_predict'', ''{0,1.5}'')');
SELECT outcome('SELECT rsa_encrypt_features(''rsa_predict'', ''{0,NaN}'')');
SELECT outcome('SELECT rsa_encrypt_features(''rsa_predict'', ''{0,NULL}'')');
SELECT outcome('SELECT rsa_encrypt_features(''rsa_predict'', ''{0,1}'', 13)');
SELECT rsa_encrypt_features('rsa_predict', '{}');
SELECT outcome('SELECT ppdl_predict(''rsa_exact'', ''{}''::rsa_cipher[])');
-- models that differ in weights of the first layer alone: scales, bounds and the rest of the network are the same
CREATE TABLE states AS SELECT id, ppdl_predict_rsa_trans(NULL, 'rsa_exact', c) AS s FROM p WHERE id < 4;
SELECT outcome('SELECT ppdl_predict_rsa_combine(s, ppdl_predict_rsa_trans(NULL, ''rsa_exact'', c)) FROM states, p WHERE states.id = 1 AND p.id = 2');
UPDATE ppdl_models SET weights = '{-2,3,1, 0,-3,1, 0.5,-0.25, 0.75,-0.5, 0.125}' WHERE name = 'rsa_exact';
SELECT states.id, p.id, left(outcome(format('SELECT ppdl_predict_rsa_combine(s, ppdl_predict_rsa_trans(NULL, ''rsa_exact'', c)) FROM states, p WHERE states.id = %s AND p.id = %s', states.id, p.id)), 81)
FROM states, p WHERE p.id BETWEEN 2 AND 3 AND states.id <> 2 ORDER BY 1, 2;
SELECT left(outcome('SELECT ppdl_predict_rsa_trans(s, ''rsa_exact'', c) FROM states, p WHERE states.id = 1 AND p.id = 2'), 81) AS a_row_more;
DROP TABLE states;
-- a model without weights
SELECT ppdl_create_model('rsa_untrained', '{"inputs": 3, "layers": [{"units": 1, "activation": "identity"}]}');
SELECT outcome('SELECT ppdl_predict(''rsa_untrained'', c) FROM p');
-- predictions are only decrypted
SELECT outcome('SELECT ppdl_predict(''rsa_exact'', c) ^ 2 FROM p');
SELECT outcome('SELECT rsa_sum(ppdl_predict(''rsa_exact'', c)) FROM p');
SELECT outcome('SELECT rsa_bound(ppdl_predict(''rsa_exact'', c)) FROM p');

SELECT ppdl_drop_model('rsa_exact'), ppdl_drop_model('rsa_rough'), ppdl_drop_model('rsa_untrained');
DROP TABLE p, q;
DROP FUNCTION distance, outcome;
SELECT ppdl_drop_key('rsa_predict');
