--
-- sums over the rows that meet an encrypted condition
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('where', 'secret words', 'predict') AS key \gset
SELECT lwe_keygen('where_sums', 'secret words') AS key2 \gset
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
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(detail, ''), nullif(regexp_replace(hint, '[0-9a-f]{16}', '<id>', 'g'), ''));
END $$;
-- three bits, two numbers; a complete batch of 2,048 rows, and some more
CREATE TABLE plain AS SELECT i, i % 7 AS g, ARRAY[i % 2, i % 3 / 2, i / 5 % 2, ((i * 7919) % 2003) / 1001.0 - 1, CASE WHEN i % 4 = 0 THEN -1 ELSE 1 END]::float8[] AS x FROM generate_series(1, 2100) i;
CREATE TABLE enc AS SELECT n::int AS i, n::int % 7 AS g, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY i) FROM plain), 'secret words') WITH ORDINALITY t(v, n);
-- count and sums of the rows that meet both conditions, in the clear, within six stated errors?  A condition is SQL, too.
CREATE FUNCTION compare(sums lwe_cipher, key text, condition text, rows text DEFAULT 'true') RETURNS TABLE (kind text, width int, plain bigint, good boolean) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH d AS MATERIALIZED (SELECT lwe_decrypt($1, $2, ''secret words'') AS d),
		p AS (SELECT count(*) AS n, ARRAY[count(*)] || ARRAY[coalesce(sum(x[1]), 0), coalesce(sum(x[2]), 0), coalesce(sum(x[3]), 0), coalesce(sum(x[4]), 0), coalesce(sum(x[5]), 0)] AS s FROM plain WHERE (%s) AND (%s))
		SELECT lwe_kind($1), lwe_width($1), n, (SELECT bool_and(abs(d.d[1][i] - p.s[i]) < 6 * lwe_error($1)) FROM generate_series(1, 6) i) AND lwe_error($1) < 0.001 FROM d, p', condition, rows) USING sums, key;
END $$;
SELECT sum_where(v, 'x[1] = 1 and not x[2] = 1') AS all_rows FROM enc \gset
SELECT lwe_rows(:'all_rows'), lwe_level(:'all_rows'), lwe_encoding(:'all_rows'), c.* FROM compare(:'all_rows', :'key', 'x[1] = 1 and not x[2] = 1') c;
-- conditions
SELECT condition, c.* FROM unnest(ARRAY['X[2]<>1', 'x[1] = 1 or x[2] = 1 or x[3] = 1', '(x[1] = 1 or x[2] = 1) and (x[1] = 0 or x[3] = 1)', 'x[1] = 0 and not x[5] = -1 or x[3] = 1 and x[5] <> -1']) condition, LATERAL (SELECT sum_where(v, condition) AS p FROM enc WHERE i <= 20) s, compare(p, :'key', condition, 'i <= 20') c;
-- in any order, any of the rows, rows that are NULL
SELECT c.* FROM (SELECT sum_where(v, 'x[1] = 1 or x[3] = 0' ORDER BY i DESC) FILTER (WHERE i <= 2060 OR i % 3 = 0) AS p FROM enc) s, compare(p, :'key', 'x[1] = 1 or x[3] = 0', 'i <= 2060 OR i % 3 = 0') c;
SELECT c.* FROM (SELECT sum_where(CASE WHEN i % 5 = 1 THEN v END, 'x[2] = 0') AS p FROM enc WHERE i < 60) s, compare(p, :'key', 'x[2] = 0', 'i % 5 = 1 AND i < 60') c;
SELECT g, c.* FROM (SELECT g, sum_where(v, 'x[2] = 0') AS p FROM enc WHERE i <= 20 AND g < 2 GROUP BY g) s, compare(p, :'key', 'x[2] = 0', format('g = %s AND i <= 20', g)) c ORDER BY g;
SELECT sum_where(v, 'x[1] = 1') IS NULL AS no_rows FROM enc WHERE i < 0;
SELECT sum_where(NULL::lwe_cipher, 'x[1] = 1') IS NULL AS all_null FROM enc;
-- a row twice counts twice
SELECT abs(d[1][1] - 2) < 1e-3 AND abs(d[1][5] - 2 * x[4]) < 1e-3 AS twice FROM plain, (SELECT lwe_decrypt(sum_where(v, 'x[1] = 1'), :'key', 'secret words') AS d FROM enc, generate_series(1, 2) WHERE i = 3) s WHERE i = 3;
-- in parts: sums of a complete batch, rows that wait, and both
CREATE TABLE parts AS SELECT part, NULL::lwe_where_state AS state FROM generate_series(1, 3) part;
CREATE FUNCTION collect(lo int, hi int, condition text DEFAULT 'x[1] = 1 and x[2] = 0') RETURNS lwe_where_state LANGUAGE plpgsql AS $$
DECLARE
	s lwe_where_state;
	v lwe_cipher;
BEGIN
	FOR v IN SELECT e.v FROM enc e WHERE i BETWEEN lo AND hi ORDER BY i LOOP
		s := lwe_where_trans(s, v, condition);
	END LOOP;
	RETURN s;
END $$;
UPDATE parts SET state = CASE part WHEN 1 THEN collect(1, 2048) WHEN 2 THEN collect(2049, 2080) ELSE collect(2081, 2100) END;
SELECT part, length(lwe_where_state_send(state)) FROM parts ORDER BY part;
SELECT m.* FROM parts a, parts b, parts c, compare(lwe_where_final(lwe_where_combine(lwe_where_combine(c.state, a.state), b.state)), :'key', 'x[1] = 1 and x[2] = 0') m WHERE (a.part, b.part, c.part) = (1, 2, 3);
SELECT c.* FROM parts, compare(lwe_where_final(lwe_where_combine(NULL, state)), :'key', 'x[1] = 1 and x[2] = 0', 'i <= 2048') c WHERE part = 1;
SELECT outcome('SELECT lwe_where_combine(state, collect(1, 2, ''x[1] = 1'')) FROM parts WHERE part = 2');
-- sent as text and in binary, the same value; damaged, an error
SELECT lwe_where_state_send(state::text::lwe_where_state) = lwe_where_state_send(state) AS same FROM parts ORDER BY part;
SELECT at, outcome(format('SELECT %L::lwe_where_state', encode(overlay(lwe_where_state_send(state) PLACING '\x7f' FROM at), 'base64'))) FROM parts, unnest('{1,8,9,11,13,29,30,31,40,42,44,50}'::int[]) at WHERE part = 1 ORDER BY at;
SELECT outcome(format('SELECT %L::lwe_where_state', encode(substr(lwe_where_state_send(state), 1, n), 'base64'))) AS outcome, count(*) FROM parts, generate_series(0, 600, 30) n WHERE part IN (1, 2) GROUP BY 1 ORDER BY 2 DESC;
-- several processes
ALTER TABLE enc SET (parallel_workers = 2);
ANALYZE enc;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT sum_where(v, 'x[1] = 1') FROM enc;
SELECT c.* FROM (SELECT sum_where(v, 'x[1] = 1 and x[3] = 1') AS p FROM enc) s, compare(p, :'key', 'x[1] = 1 and x[3] = 1') c;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- several threads
SET ppdl.threads = 2;
SELECT c.* FROM (SELECT sum_where(v, 'x[1] = 1 and x[3] = 1') AS p FROM enc) s, compare(p, :'key', 'x[1] = 1 and x[3] = 1') c;
RESET ppdl.threads;
-- what conditions take
SELECT rows, levels, available, fits, bits, comparisons, products, rows_per_s > 0 AS estimated FROM unnest(ARRAY['x[1] = 1', 'x[1] = 1 and not x[5] = 1 and (x[2] = 1 or x[4] = 1)', 'x[1] = 0 or x[2] = 0 and (x[1] = 1 or x[3] = 0 and (x[2] = 1 or x[3] = 1))']) condition, sum_where_plan(condition);
SELECT rows, levels, available, fits, bits, comparisons, products, rows_per_s > 0 AS estimated, round(blur::numeric, 5) AS blur, bootstraps FROM unnest(ARRAY['x[4] > 0.5', 'x[4] > 0.5 within 0.001 and x[5] < 0', 'x[1] = 1 and (x[4] < 0.5 and x[4] > -0.5)', 'x[4] > 0 or x[1] = 1 and (x[5] > 0 or x[2] = 1 and x[3] = 1 and x[4] < -0.1)', 'x[1] > 0 or x[2] > 0 and (x[3] > 0 or x[4] > 0 and (x[5] > 0 or x[6] > 0))']) condition, sum_where_plan(condition);
SELECT outcome('SELECT * FROM sum_where_plan(''x[1] = '')'), outcome('SELECT * FROM sum_where_plan(''x[1] = 1'', 1)'), outcome('SELECT * FROM sum_where_plan(''x[1] > 0 within 0'')');

-- what is refused: conditions
SELECT condition, outcome(format('SELECT sum_where(v, %L) FROM enc WHERE i < 3', condition)) FROM unnest(ARRAY['x[1] = 1 nad x[2] = 1', 'x[1]', '', 'x[6] = 1', 'x[1] = 2', 'x[4] > 40', 'x[4] > 0.5', 'x[1] = 1 and x[1] = 0', 'x[1] = 0 or x[2] = 0 and (x[1] = 1 or x[3] = 0 and (x[2] = 1 or x[3] = 1))', NULL]) condition;
SELECT outcome('SELECT sum_where(v, CASE WHEN i = 1 THEN ''x[1] = 1'' ELSE ''x[2] = 1'' END) FROM enc WHERE i < 3');
SELECT outcome(format('SELECT sum_where(v, %L) FROM enc WHERE i < 3', repeat('(', 200) || 'x[1] = 1' || repeat(')', 200)));
SELECT outcome(format('SELECT sum_where(v, %L) FROM enc WHERE i < 3', repeat('not ', 3000) || 'x[1] = 1'));
-- and rows
CREATE TABLE odd AS
	SELECT 'wider' AS what, v FROM lwe_encrypt_rows(:'key', '{{1,1,1}}', 'secret words') v
	UNION ALL SELECT 'one value', v FROM lwe_encrypt_rows(:'key', '{{1}}', 'secret words') v
	UNION ALL SELECT '257 values', v FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1, 257]), 'secret words') v
	UNION ALL SELECT what, CASE what WHEN 'compact' THEN v ELSE v * 2 END FROM lwe_encrypt_rows(:'key', '{{0.25,0.25,0.25,0.25,0.25}}', 'secret words', true) v, unnest('{compact,compact result}'::text[]) what
	UNION ALL SELECT 'other key', v FROM lwe_encrypt_rows(:'key2', '{{1,1,1,1,1}}', 'secret words') v
	UNION ALL SELECT 'scaled', v * 4 FROM enc WHERE i = 1
	UNION ALL SELECT 'sums', :'all_rows'::lwe_cipher;
SELECT what, outcome(format('SELECT sum_where(v, ''x[1] = 1'') FROM odd WHERE what = %L', what)) FROM odd ORDER BY what;
SELECT what, outcome(format('SELECT sum_where(v, ''x[1] = 1'') FROM (SELECT v FROM enc WHERE i = 1 UNION ALL SELECT v FROM odd WHERE what = %L) t', what)) FROM odd ORDER BY what;
SELECT outcome('SELECT sum_where(v, ''x[1] = 1'', v) FROM enc WHERE i < 3');
SELECT outcome('SELECT sum_where(NULL::rsa_cipher, ''x[1] = 1'')');
-- a long one can be stopped; a busy machine lengthens the time that passes, one of many processors the one that they work
\set worked '(SELECT (f[12]::int + f[13]::int) / 100.0 FROM string_to_array(split_part(pg_read_file(''/proc/self/stat''), '') '', 2), '' '') f)'
SELECT :worked AS worked_before \gset
SET statement_timeout = '150ms';
\set before `date +%s%N`
SELECT sum_where(v, 'x[1] = 1 and x[2] = 1') FROM enc WHERE i % 2 = 0;
\set after `date +%s%N`
RESET statement_timeout;
SELECT least((:after - :before) / 1e9, :worked - :worked_before) < 1.5 AS stopped_within_a_second;

DROP TABLE plain, enc, parts, odd;
DROP FUNCTION outcome, compare, collect;
SELECT ppdl_drop_key('where'), ppdl_drop_key('where_sums');
