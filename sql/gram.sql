--
-- second moments of encrypted rows
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('gram', 'secret words', 'predict') AS key \gset
SELECT lwe_keygen('gram_sums', 'secret words') AS key2 \gset
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(regexp_replace(hint, '[0-9a-f]{16}', '<id>', 'g'), ''));
END $$;
CREATE FUNCTION numbers(n int, seed int, size float8) RETURNS float8[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(size * (((i * 7919 + seed * 104729) % 2003) / 1001.0 - 1)) FROM generate_series(1, n) i';
-- a complete batch of 2,048 rows, and some more
CREATE TABLE plain AS SELECT i, i % 7 AS g, numbers(5, i, 1) AS x FROM generate_series(1, 2100) i;
CREATE TABLE enc AS SELECT n::int AS i, n::int % 7 AS g, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY i) FROM plain), 'secret words') WITH ORDINALITY t(v, n);
-- is it the matrix of the rows that meet the condition, within six stated errors?
CREATE FUNCTION compare(gram lwe_cipher, key text, condition text DEFAULT 'true') RETURNS TABLE (kind text, size int, good boolean, mirrored boolean) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH d AS MATERIALIZED (SELECT lwe_decrypt($1, $2, ''secret words'') AS d)
		SELECT lwe_kind($1), lwe_width($1), bool_and(abs(d[a][b] - s) < 6 * lwe_error($1) + 1e-5), bool_and(d[a][b] = d[b][a])
		FROM d, (SELECT a, b, sum(x[a] * x[b]) AS s FROM plain, generate_series(1, 5) a, generate_series(1, 5) b WHERE %s GROUP BY a, b) p', condition) USING gram, key;
END $$;
SELECT lwe_gram(v) AS all_rows FROM enc \gset
SELECT lwe_rows(:'all_rows'), lwe_level(:'all_rows'), lwe_error(:'all_rows') < 2.0 ^ -18 AS precise, c.* FROM compare(:'all_rows', :'key') c;
-- in any order, any of the rows, rows that are NULL
SELECT c.* FROM (SELECT lwe_gram(v ORDER BY i DESC) FILTER (WHERE i <= 2060 OR i % 3 = 0) AS p FROM enc) s, compare(p, :'key', 'i <= 2060 OR i % 3 = 0') c;
SELECT c.* FROM (SELECT lwe_gram(CASE WHEN i % 5 = 1 THEN v END) AS p FROM enc WHERE i < 60) s, compare(p, :'key', 'i % 5 = 1 AND i < 60') c;
SELECT g, c.* FROM (SELECT g, lwe_gram(v) AS p FROM enc WHERE i <= 40 AND g < 3 GROUP BY g) s, compare(p, :'key', format('g = %s AND i <= 40', g)) c ORDER BY g;
SELECT c.* FROM (SELECT lwe_gram(v) AS p FROM enc WHERE i = 17) s, compare(p, :'key', 'i = 17') c;
SELECT lwe_gram(v) IS NULL AS no_rows FROM enc WHERE i < 0;
SELECT lwe_gram(NULL::lwe_cipher) IS NULL AS all_null FROM enc;
-- a row twice counts twice
SELECT abs(d[1][1] - 2 * x[1] ^ 2) < 1e-4 AS twice FROM plain, (SELECT lwe_decrypt(lwe_gram(v), :'key', 'secret words') AS d FROM enc, generate_series(1, 2) WHERE i = 3) s WHERE i = 3;
-- in parts: sums of a complete batch, rows that wait, and both
CREATE TABLE parts AS SELECT part, NULL::lwe_gram_state AS state FROM generate_series(1, 3) part;
CREATE FUNCTION collect(lo int, hi int) RETURNS lwe_gram_state LANGUAGE plpgsql AS $$
DECLARE
	s lwe_gram_state;
	v lwe_cipher;
BEGIN
	FOR v IN SELECT e.v FROM enc e WHERE i BETWEEN lo AND hi ORDER BY i LOOP
		s := lwe_gram_trans(s, v);
	END LOOP;
	RETURN s;
END $$;
UPDATE parts SET state = CASE part WHEN 1 THEN collect(1, 2048) WHEN 2 THEN collect(2049, 2080) ELSE collect(2081, 2100) END;
SELECT part, length(lwe_gram_state_send(state)) FROM parts ORDER BY part;
SELECT m.* FROM parts a, parts b, parts c, compare(lwe_gram_final(lwe_gram_combine(lwe_gram_combine(c.state, a.state), b.state)), :'key') m WHERE (a.part, b.part, c.part) = (1, 2, 3);
SELECT c.* FROM parts, compare(lwe_gram_final(lwe_gram_combine(NULL, state)), :'key', 'i <= 2048') c WHERE part = 1;
-- sent as text and in binary, the same value; damaged, an error
SELECT lwe_gram_state_send(state::text::lwe_gram_state) = lwe_gram_state_send(state) AS same FROM parts ORDER BY part;
SELECT at, outcome(format('SELECT %L::lwe_gram_state', encode(overlay(lwe_gram_state_send(state) PLACING '\x7f' FROM at), 'base64'))) FROM parts, unnest('{1,8,9,11,13,29,30,31,40,50}'::int[]) at WHERE part = 1 ORDER BY at;
SELECT outcome(format('SELECT %L::lwe_gram_state', encode(substr(lwe_gram_state_send(state), 1, n), 'base64'))) AS outcome, count(*) FROM parts, generate_series(0, 600, 30) n WHERE part IN (1, 2) GROUP BY 1 ORDER BY 2 DESC;
-- several processes
ALTER TABLE enc SET (parallel_workers = 2);
ANALYZE enc;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT lwe_gram(v) FROM enc;
SELECT c.* FROM (SELECT lwe_gram(v) AS p FROM enc) s, compare(p, :'key') c;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- several threads
SET ppdl.threads = 2;
SELECT c.* FROM (SELECT lwe_gram(v) AS p FROM enc) s, compare(p, :'key') c;
RESET ppdl.threads;

-- what is refused
CREATE TABLE odd AS
	SELECT 'wider' AS what, v FROM lwe_encrypt_rows(:'key', '{{1,1,1}}', 'secret words') v
	UNION ALL SELECT 'one value', v FROM lwe_encrypt_rows(:'key', '{{1}}', 'secret words') v
	UNION ALL SELECT '65 values', v FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1, 65]), 'secret words') v
	UNION ALL SELECT 'compact', v FROM lwe_encrypt_rows(:'key', '{{1,1,1,1,1}}', 'secret words', true) v
	UNION ALL SELECT 'compact result', v * 2 FROM lwe_encrypt_rows(:'key', '{{0.25,0.25,0.25,0.25,0.25}}', 'secret words', true) v
	UNION ALL SELECT 'other key', v FROM lwe_encrypt_rows(:'key2', '{{1,1,1,1,1}}', 'secret words') v
	UNION ALL SELECT 'scaled', v * 4 FROM lwe_encrypt_rows(:'key', '{{1,1,1,1,1}}', 'secret words') v
	UNION ALL SELECT 'moments', :'all_rows'::lwe_cipher;
SELECT what, outcome(format('SELECT lwe_gram(v) FROM odd WHERE what = %L', what)) FROM odd ORDER BY what;
SELECT what, outcome(format('SELECT lwe_gram(v) FROM (SELECT v FROM enc WHERE i = 1 UNION ALL SELECT v FROM odd WHERE what = %L) t', what)) FROM odd ORDER BY what;
SELECT outcome('SELECT lwe_gram(v, v) FROM enc WHERE i < 3');
SELECT outcome('SELECT lwe_gram(e.v, w.v) FROM odd w, enc e WHERE i < 3 AND what = ''65 values''');
SELECT outcome('SELECT lwe_gram(NULL::rsa_cipher)');
SELECT outcome('SELECT sum(lwe_gram) FROM (SELECT lwe_gram(v) FROM enc WHERE i < 3) t');
SELECT outcome(format('SELECT %L::lwe_cipher', encode(overlay(decode(:'all_rows', 'base64') PLACING decode(x, 'hex') FROM at), 'base64'))) FROM (VALUES (41, '01'), (41, '04'), (42, '07'), (45, '04'), (57, '01'), (61, '02')) t(at, x);
-- a long one can be stopped; a busy machine lengthens the time that passes, one of many processors the one that they work
\set worked '(SELECT (f[12]::int + f[13]::int) / 100.0 FROM string_to_array(split_part(pg_read_file(''/proc/self/stat''), '') '', 2), '' '') f)'
SELECT :worked AS worked_before \gset
SET statement_timeout = '150ms';
\set before `date +%s%N`
SELECT lwe_gram(v) FROM enc WHERE i % 2 = 0;
\set after `date +%s%N`
RESET statement_timeout;
SELECT least((:after - :before) / 1e9, :worked - :worked_before) < 1.5 AS stopped_within_a_second;

DROP TABLE plain, enc, parts, odd;
DROP FUNCTION outcome, numbers, compare, collect;
SELECT ppdl_drop_key('gram'), ppdl_drop_key('gram_sums');
