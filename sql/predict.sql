--
-- networks on encrypted rows
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('predict', 'secret words', 'predict') AS key \gset
SELECT lwe_keygen('sums', 'secret words') AS key2 \gset
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS OR QUERY_CANCELED THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(regexp_replace(hint, '[0-9a-f]{16}', '<id>', 'g'), ''));
END $$;
-- weights and rows without a generator that may change
CREATE FUNCTION numbers(n int, seed int, size float8) RETURNS float8[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(size * (((i * 7919 + seed * 104729) % 2003) / 1001.0 - 1)) FROM generate_series(1, n) i';
SELECT ppdl_create_model('one', '{"inputs":13,"layers":[{"units":32,"activation":"quadratic"},{"units":1}]}', numbers(32 * 14 + 33, 1, 0.3));
SELECT ppdl_create_model('three', '{"inputs":13,"layers":[{"units":8,"activation":"square"},{"units":3}]}', numbers(8 * 14 + 27, 2, 0.4));
SELECT ppdl_create_model('deep', '{"inputs":13,"layers":[{"units":8,"activation":"quadratic"},{"units":8,"activation":"quadratic"},{"units":1}]}', numbers(8 * 14 + 72 + 9, 3, 0.3));
SELECT ppdl_create_model('smooth', '{"inputs":13,"layers":[{"units":8,"activation":{"name":"sigmoid","degree":3,"interval":[-6,6]}},{"units":2}]}', numbers(8 * 14 + 18, 4, 0.4));
SELECT ppdl_create_model('toodeep', '{"inputs":13,"layers":[{"units":8,"activation":{"name":"relu","degree":15}},{"units":2}]}', numbers(8 * 14 + 18, 4, 0.4));
SELECT ppdl_create_model('broad', '{"inputs":13,"layers":[{"units":9}]}', numbers(9 * 14, 5, 0.4));
SELECT ppdl_create_model('huge', '{"inputs":13,"layers":[{"units":4,"activation":"square"},{"units":1}]}', numbers(4 * 14 + 5, 5, 1e6));
SELECT ppdl_create_model('untrained', '{"inputs":13,"layers":[{"units":4}]}');
SELECT ppdl_create_model('wide', '{"inputs":14,"layers":[{"units":4}]}', numbers(60, 1, 1));

-- a complete batch of 1,024 rows, and some more
CREATE TABLE plain AS SELECT i, numbers(13, i, 1) AS x FROM generate_series(1, 1040) i;
CREATE TABLE enc AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY i) FROM plain), 'secret words') WITH ORDINALITY t(v, n);
CREATE FUNCTION compare(model text, predicted lwe_cipher, key text, condition text DEFAULT 'true') RETURNS TABLE (rows int, present int, good boolean) LANGUAGE plpgsql AS $$
BEGIN
	-- one row of the answer for each row of plain, in order, NULL where the condition fails
	RETURN QUERY EXECUTE format('WITH d AS MATERIALIZED (SELECT lwe_decrypt($1, $2, ''secret words'') AS d)
		SELECT array_length(d, 1), count(*) FILTER (WHERE d[i][1] IS NOT NULL)::int,
			bool_and(CASE WHEN %s THEN (SELECT bool_and(abs(d[i][j] - p[j]) < 2.0 ^ -14) FROM generate_series(1, array_length(p, 1)) j)
				ELSE d[i][1] IS NULL END)
		FROM d, plain, ppdl_predict($3, x) p WHERE i <= array_length(d, 1) GROUP BY d', condition) USING predicted, key, model;
END $$;
SELECT ppdl_predict_agg('one', v ORDER BY i) AS p FROM enc \gset
SELECT lwe_kind(:'p'), lwe_rows(:'p'), lwe_width(:'p'), lwe_level(:'p'), lwe_error(:'p') < 2.0 ^ -16 AS precise;
SELECT * FROM compare('one', :'p', :'key');
SELECT c.* FROM (SELECT ppdl_predict_agg('three', v ORDER BY i) AS p FROM enc) s, compare('three', p, :'key') c;
SELECT c.* FROM (SELECT ppdl_predict_agg('deep', v ORDER BY i) AS p FROM enc WHERE i <= 1024) s, compare('deep', p, :'key') c;
SELECT c.* FROM (SELECT ppdl_predict_agg('smooth', v ORDER BY i) AS p FROM enc WHERE i <= 20) s, compare('smooth', p, :'key') c;
-- NULLs keep their place
SELECT c.* FROM (SELECT ppdl_predict_agg('one', CASE WHEN i % 3 = 1 THEN v END ORDER BY i) AS p FROM enc WHERE i <= 30) s, compare('one', p, :'key', 'i % 3 = 1') c;
-- in any order, a row more than once
SELECT rounded FROM (SELECT lwe_decrypt(ppdl_predict_agg('one', v ORDER BY i DESC), :'key', 'secret words') AS d FROM enc WHERE i IN (3, 5)) s,
	LATERAL (SELECT abs(d[1][1] - (SELECT (ppdl_predict('one', x))[1] FROM plain WHERE i = 5)) < 1e-4 AS rounded) t;
SELECT lwe_rows(ppdl_predict_agg('one', v)), lwe_width(ppdl_predict_agg('one', v)) FROM enc, generate_series(1, 2) WHERE i < 3;
-- one row
SELECT c.* FROM enc, LATERAL (SELECT ppdl_predict('three', v) AS p) s, LATERAL (SELECT lwe_kind(p), lwe_rows(p), lwe_width(p), abs((lwe_decrypt(p, :'key', 'secret words'))[1][3] - (SELECT (ppdl_predict('three', x))[3] FROM plain WHERE i = 9)) < 1e-4 AS good) c WHERE i = 9;
SELECT ppdl_predict('one', NULL::lwe_cipher) IS NULL AS is_null, ppdl_predict_agg('one', NULL::lwe_cipher) IS NULL AS all_null FROM enc LIMIT 1;
-- pixels through convolution, a pool and two dense layers
SELECT ppdl_create_model('conv', '{"inputs":64,"layers":[{"conv2d":{"filters":3,"kernel":3,"stride":1},"activation":"quadratic"},{"pool":"average","size":2},{"units":4,"activation":"quadratic"},{"units":2}]}', numbers(3 * 9 + 3 + 4 * 28 + 10, 6, 0.3));
CREATE TABLE pixels AS SELECT i, numbers(64, i, 1) AS x FROM generate_series(1, 5) i;
SELECT bool_and(abs(d[i][1] - p[1]) < 2.0 ^ -14 AND abs(d[i][2] - p[2]) < 2.0 ^ -14) AS good, count(*) FROM pixels, ppdl_predict('conv', x) p,
	(SELECT lwe_decrypt(ppdl_predict_agg('conv', v ORDER BY n), :'key', 'secret words') FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY i) FROM pixels), 'secret words') WITH ORDINALITY t(v, n)) s(d);
SELECT outcome($$SELECT ppdl_predict('conv', v) FROM enc WHERE i = 1$$), (ppdl_model_levels('conv')).*;
DROP TABLE pixels;
-- the packed value survives its text form
SELECT :'p'::lwe_cipher::text = :'p'::text AS same;

-- refusals
CREATE TABLE other AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key2', ARRAY[[0,0,0,0,0,0,0,0,0,0,0,0,0]], 'secret words') WITH ORDINALITY t(v, n);
CREATE TABLE compact AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key', ARRAY[[0,0,0,0,0,0,0,0,0,0,0,0,0]], 'secret words', true) WITH ORDINALITY t(v, n);
CREATE TABLE odd AS SELECT n::int AS i, v FROM lwe_encrypt_rows(:'key', ARRAY[[0,0,0]], 'secret words') WITH ORDINALITY t(v, n);
SELECT outcome(s) FROM (VALUES
	($$SELECT ppdl_predict('nobody', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('untrained', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('toodeep', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('broad', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('huge', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('wide', v) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict('one', v) FROM odd$$),
	($$SELECT ppdl_predict('one', v) FROM other$$),
	($$SELECT ppdl_predict('one', v) FROM compact$$),
	($$SELECT ppdl_predict_agg('one', v) FROM compact$$),
	($$SELECT ppdl_predict('one', sum(v)) FROM compact$$),
	($$SELECT ppdl_predict_agg('one', v) FROM (SELECT v FROM enc WHERE i = 1 UNION ALL SELECT v FROM compact) s$$),
	($$SELECT ppdl_predict('one', ppdl_predict('one', v)) FROM enc WHERE i = 1$$),
	($$SELECT ppdl_predict_agg('one', p) FROM (SELECT lwe_pack(v) AS p FROM enc WHERE i < 3) s$$),
	($$SELECT ppdl_predict_agg('one', v) FROM (SELECT v FROM enc WHERE i = 1 UNION ALL SELECT v FROM other) s$$),
	($$SELECT ppdl_predict_agg('one', v) FROM (SELECT v FROM enc WHERE i = 1 UNION ALL SELECT v FROM odd) s$$),
	($$SELECT ppdl_predict_agg(CASE WHEN i = 1 THEN 'one' ELSE 'three' END, v) FROM enc WHERE i < 3$$)) v(s);

-- a network of nothing but zeros says 0
SELECT ppdl_create_model('zero', '{"inputs":13,"layers":[{"units":8,"activation":"square"},{"units":2}]}', array_fill(0::float8, ARRAY[8 * 14 + 18]));
SELECT lwe_decrypt(ppdl_predict_agg('zero', v), :'key', 'secret words') AS zeros, lwe_decrypt(ppdl_predict_agg('zero', v * 0), :'key', 'secret words') AS of_zeros FROM enc WHERE i < 4;

-- several batches at a time, two of them together where there are more than threads: the same bytes, whatever is complete
CREATE TABLE by_threads (threads int, p lwe_cipher, holes lwe_cipher);
SET ppdl.threads = 1;
INSERT INTO by_threads SELECT 1, ppdl_predict_agg('one', v ORDER BY c, i), lwe_pack(v ORDER BY c, i) FILTER (WHERE i <> 7) FROM enc, generate_series(1, 3) c;
SET ppdl.threads = 2;
INSERT INTO by_threads SELECT 2, ppdl_predict_agg('one', v ORDER BY c, i), lwe_pack(v ORDER BY c, i) FILTER (WHERE i <> 7) FROM enc, generate_series(1, 3) c;
SET ppdl.threads = 3;
INSERT INTO by_threads SELECT 3, ppdl_predict_agg('one', v ORDER BY c, i), lwe_pack(v ORDER BY c, i) FILTER (WHERE i <> 7) FROM enc, generate_series(1, 3) c;
RESET ppdl.threads;
SELECT count(*), count(DISTINCT md5(p::text)) AS predicted, count(DISTINCT md5(holes::text)) AS packed, min(lwe_rows(p)) AS rows, min(lwe_rows(holes)) AS rows_of_holes FROM by_threads;

-- a parallel plan
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0.1; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
ANALYZE enc;
EXPLAIN (COSTS OFF) SELECT ppdl_predict_agg('one', v) FROM enc;
SELECT lwe_rows(p) AS rows, abs(s - (SELECT sum((ppdl_predict('one', x))[1]) FROM plain WHERE i % 16 = 0)) < 0.01 AS good
	FROM (SELECT p, (SELECT sum(o) FROM unnest(lwe_decrypt(p, :'key', 'secret words')) o) AS s FROM (SELECT ppdl_predict_agg('one', v) AS p FROM enc WHERE i % 16 = 0) t) u;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

-- a long one can be stopped; a busy machine lengthens the time that passes, one of many processors the one that they work
\set worked '(SELECT (f[12]::int + f[13]::int) / 100.0 FROM string_to_array(split_part(pg_read_file(''/proc/self/stat''), '') '', 2), '' '') f)'
SELECT :worked AS worked_before \gset
SET statement_timeout = '150ms';
\set before `date +%s%N`
SELECT ppdl_predict_agg('one', v) FROM enc WHERE i % 2 = 0;
\set after `date +%s%N`
RESET statement_timeout;
SELECT least((:after - :before) / 1e9, :worked - :worked_before) < 1.5 AS stopped_within_a_second;

SELECT count(*) AS models, sum(n) AS versions FROM (SELECT ppdl_drop_model(name) AS n FROM (SELECT DISTINCT name FROM ppdl_models) m) s;
DROP TABLE plain, enc, other, compact, odd;
DROP FUNCTION outcome, numbers, compare;
SELECT ppdl_drop_key('predict'), ppdl_drop_key('sums');
