--
-- sum(lwe_cipher), avg(lwe_cipher)
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('agg', 'secret words') AS key \gset
SELECT lwe_keygen('agg2', 'secret words') AS key2 \gset
CREATE FUNCTION rounded(float8[], int DEFAULT 3) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(round(x::numeric, $2) + 0 ORDER BY i) FROM unnest($1) WITH ORDINALITY u(x, i)';
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'), nullif(regexp_replace(detail, '[0-9a-f]{16}', '<id>', 'g'), ''));
END $$;
-- 5,000 rows of three values each, compact, in batches of 512 and not quite; the same as full rows
CREATE TABLE plain AS
	SELECT id, ((id * 7919) % 2001 - 1000) / 1000.0::float8 AS x, ((id * 104729) % 2001 - 1000) / 1000.0::float8 AS y, 1.0::float8 AS one
	FROM generate_series(1, 5000) id;
CREATE TABLE enc (id int, grp int, v lwe_cipher(3));
INSERT INTO enc SELECT n, n % 7, v
	FROM lwe_encrypt_rows(:'key', (SELECT array_agg(ARRAY[x, y, one] ORDER BY id) FROM plain WHERE id <= 4000), 'secret words', true) WITH ORDINALITY t(v, n);
INSERT INTO enc SELECT 4000 + n, (4000 + n) % 7, v
	FROM lwe_encrypt_rows(:'key', (SELECT array_agg(ARRAY[x, y, one] ORDER BY id) FROM plain WHERE id > 4000), 'secret words', true) WITH ORDINALITY t(v, n);
ANALYZE enc;
CREATE TABLE full_rows AS SELECT n AS id, n % 7 AS grp, v
	FROM lwe_encrypt_rows(:'key', (SELECT array_agg(ARRAY[x, y, one] ORDER BY id) FROM plain), 'secret words') WITH ORDINALITY t(v, n);

-- everything, against the same in the clear
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words')), rounded(lwe_decrypt(avg(v), :'key', 'secret words'), 5) FROM enc;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words')), rounded(lwe_decrypt(avg(v), :'key', 'secret words'), 5) FROM full_rows;
SELECT round(sum(x)::numeric, 3), round(sum(y)::numeric, 3), round(sum(one)::numeric, 3), round(avg(x)::numeric, 5), round(avg(y)::numeric, 5) FROM plain;
SELECT lwe_kind(sum(v)), lwe_width(sum(v)), lwe_rows(sum(v)), lwe_level(sum(v)), lwe_ring(sum(v)), pg_column_size(sum(v)) AS size, lwe_error(sum(v)) < 1e-6 AS exact FROM enc
UNION ALL SELECT lwe_kind(sum(v)), lwe_width(sum(v)), lwe_rows(sum(v)), lwe_level(sum(v)), lwe_ring(sum(v)), pg_column_size(sum(v)), lwe_error(sum(v)) < 1e-6 FROM full_rows;
-- weighted: any numbers; rows where either is NULL do not count; the average is the sum times 1.0 / sum of the weights
CREATE FUNCTION near(float8[], float8[], float8) RETURNS boolean LANGUAGE sql AS
	'SELECT bool_and(abs(a - b) < $3) FROM unnest($1, $2) t(a, b)';
SELECT t.rows, near(d.v, t.want, t.digits) AS right, near(d.v, t.want, 8 * t.error) AS stated, t.error < t.digits AS useful, d.form
FROM (SELECT 'compact' AS rows, sum(v, weight) AS s, array[sum(x * weight), sum(y * weight), sum(weight)] AS want, 0.6 AS digits, lwe_error(sum(v, weight)) AS error FROM enc JOIN plain USING (id), LATERAL (SELECT sqrt(id % 10) AS weight OFFSET 0) w
	UNION ALL SELECT 'full', sum(v, weight), array[sum(x * weight), sum(y * weight), sum(weight)], 1e-3, lwe_error(sum(v, weight)) FROM full_rows JOIN plain USING (id), LATERAL (SELECT sqrt(id % 10) - 1.5 AS weight OFFSET 0) w
	UNION ALL SELECT 'whole', sum(v, weight), array[sum(x * weight), sum(y * weight), sum(weight)], 1e-5, lwe_error(sum(v, weight)) FROM full_rows JOIN plain USING (id), LATERAL (SELECT id % 10 AS weight OFFSET 0) w
	UNION ALL SELECT 'average', sum(v, weight) * (1.0 / sum(weight)), array[sum(x * weight) / sum(weight), sum(y * weight) / sum(weight), 1], 1e-3, lwe_error(sum(v, weight) * (1.0 / sum(weight))) FROM enc JOIN plain USING (id), LATERAL (SELECT 1 + id % 3 AS weight OFFSET 0) w) t,
	LATERAL (SELECT lwe_decrypt(s, :'key', 'secret words') AS v, lwe_kind(s) AS form) d;
SELECT near(lwe_decrypt(a, :'key', 'secret words'), lwe_decrypt(b, :'key', 'secret words'), 1e-2) AS same
FROM (SELECT sum(v, CASE WHEN id % 2 = 0 THEN 2.0 END) AS a, sum(v) FILTER (WHERE id % 2 = 0) * 2 AS b FROM enc WHERE id <= 200) t;
SELECT sum(v, NULL) IS NULL AS none, rounded(lwe_decrypt(sum(v, 0), :'key', 'secret words')) AS zeros FROM enc WHERE id <= 10;
SELECT outcome($$SELECT sum(v, 'NaN') FROM enc$$), outcome($$SELECT sum(v, 1e10) FROM enc$$), outcome($$SELECT sum(v, 600) FROM enc$$), outcome($$SELECT sum(v * id) FROM enc WHERE id < 3$$);
-- groups, subsets, orders
SELECT grp, count(*), rounded(lwe_decrypt(sum(v), :'key', 'secret words')) AS encrypted,
	   (SELECT ARRAY[round(sum(x)::numeric, 3), round(sum(y)::numeric, 3), round(sum(one)::numeric, 3)] FROM plain WHERE id % 7 = grp) AS plain
FROM enc GROUP BY grp ORDER BY grp;
SELECT count(*) AS groups, count(*) FILTER (WHERE good) AS good
FROM (SELECT abs((lwe_decrypt(sum(v), :'key', 'secret words'))[1] - sum(x)) < 1e-6 AS good FROM enc JOIN plain USING (id) GROUP BY id / 50) t;
SELECT count(*) AS groups, count(*) FILTER (WHERE good) AS good
FROM (SELECT abs((lwe_decrypt(sum(v), :'key', 'secret words'))[1] - sum(x)) < 1e-6 AS good FROM full_rows JOIN plain USING (id) GROUP BY id / 50) t;
SET enable_hashagg = off;
SELECT count(*) AS groups, count(*) FILTER (WHERE good) AS good
FROM (SELECT abs((lwe_decrypt(avg(v), :'key', 'secret words'))[2] - avg(y)) < 1e-6 AS good FROM enc JOIN plain USING (id) GROUP BY id / 50) t;
RESET enable_hashagg;
SELECT grp, rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM enc WHERE id <= 21 GROUP BY ROLLUP (grp) ORDER BY grp;
SELECT rounded(lwe_decrypt(sum(v) FILTER (WHERE id <= 100), :'key', 'secret words')) AS filtered,
	   rounded(lwe_decrypt(sum(v ORDER BY id DESC), :'key', 'secret words')) AS ordered
FROM enc WHERE id <= 1000;
SELECT round(sum(x) FILTER (WHERE id <= 100)::numeric, 3), round(sum(x)::numeric, 3) FROM plain WHERE id <= 1000;
-- the same row many times
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM enc, generate_series(1, 1000) WHERE id = 17;
SELECT round((1000 * x)::numeric, 3), round((1000 * y)::numeric, 3) FROM plain WHERE id = 17;
-- slices, rows, results of other sums
SELECT rounded(lwe_decrypt(sum(s), :'key', 'secret words')) FROM (SELECT sum(v) s FROM enc GROUP BY grp) t;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 2) FROM (SELECT v FROM enc WHERE id <= 2 UNION ALL SELECT lwe_encrypt('agg', '{1,1,1}') UNION ALL SELECT lwe_encrypt('agg', '{-0.5,1,1}')) t;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 2) FROM (SELECT v FROM full_rows WHERE id <= 2 UNION ALL SELECT lwe_encrypt('agg', '{1,1,1}', false) UNION ALL SELECT lwe_encrypt('agg', '{-0.5,1,1}', false)) t;
SELECT round(sum(x)::numeric + 0.5, 2) FROM plain WHERE id <= 2;

-- NULL and nothing
SELECT sum(v) IS NULL AS empty_sum, avg(v) IS NULL AS empty_average FROM enc WHERE false;
SELECT sum(NULL::lwe_cipher) IS NULL FROM enc;
SELECT rounded(lwe_decrypt(avg(CASE WHEN id % 2 = 0 THEN v END), :'key', 'secret words'), 5) FROM enc;
SELECT round(avg(x)::numeric, 5), round(avg(y)::numeric, 5) FROM plain WHERE id % 2 = 0;

-- window frames: the state goes on after each result
SELECT id, rounded(lwe_decrypt(sum(v) OVER (ORDER BY id), :'key', 'secret words')) AS running,
	   rounded(lwe_decrypt(avg(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), :'key', 'secret words'), 4) AS moving
FROM enc WHERE id <= 5 ORDER BY id;
SELECT id, round(sum(x) OVER (ORDER BY id)::numeric, 3) AS running, round(avg(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)::numeric, 4) AS moving
FROM plain WHERE id <= 5 ORDER BY id;

--
-- parallel plans
--
CREATE TABLE big AS SELECT g * 5000 + id AS id, grp, v FROM enc, generate_series(0, 20) g;
ALTER TABLE big SET (parallel_workers = 2);
ANALYZE big;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM big;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 2) FROM big;
SELECT round(21 * sum(x)::numeric, 2), round(21 * sum(y)::numeric, 2) FROM plain;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT grp, avg(v) FROM big GROUP BY grp;
SELECT grp, rounded(lwe_decrypt(avg(v), :'key', 'secret words'), 4) FROM big GROUP BY grp ORDER BY grp;
SELECT grp, round(avg(x)::numeric, 4), round(avg(y)::numeric, 4) FROM (SELECT id % 7 grp, * FROM plain) t GROUP BY grp ORDER BY grp;
-- workers that see only NULLs
SELECT sum(CASE WHEN id < 0 THEN v END) IS NULL AS nothing, rounded(lwe_decrypt(sum(CASE WHEN id = 5 THEN v END), :'key', 'secret words')) AS one FROM big;
-- partial aggregates of partitions
CREATE TABLE parts (LIKE enc) PARTITION BY LIST (grp);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES IN (0, 1, 2);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES IN (3, 4, 5, 6);
INSERT INTO parts SELECT * FROM big WHERE id <= 30000;
ANALYZE parts;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF) SELECT sum(v) FROM parts;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 2) FROM parts;
SELECT round(6 * sum(x)::numeric, 2), round(6 * sum(y)::numeric, 2) FROM plain;
RESET enable_partitionwise_aggregate;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;

--
-- many groups, scattered over the batches: a batch is expanded once for all of them
--
SET enable_sort = off;
CREATE FUNCTION hash_figure(name text, query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' -> name;
END $$;
SELECT count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')), rounded(lwe_decrypt(sum(a), :'key', 'secret words'), 2)
FROM (SELECT sum(v) AS s, avg(v) AS a FROM enc WHERE id <= 4000 GROUP BY id % 400) t;
SELECT round(sum(x)::numeric, 3), round(sum(y)::numeric, 3), round(sum(x)::numeric / 10, 2), round(sum(y)::numeric / 10, 2) FROM plain WHERE id <= 4000;
-- more than there is room for uniform halves of
SELECT count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')) FROM (SELECT sum(v) AS s FROM enc GROUP BY id % 1200) t;
SELECT round(sum(x)::numeric, 3), round(sum(y)::numeric, 3) FROM plain;
-- what they hold is seen
SELECT hash_figure('Peak Memory Usage', 'SELECT sum(v) FROM enc GROUP BY id % 1200') BETWEEN 1000 AND 4000 AS seen;
-- groups that went to disk
SET work_mem = '64kB';
SELECT count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')) FROM (SELECT sum(v) AS s FROM enc GROUP BY id % 1200) t;
SELECT hash_figure('HashAgg Batches', 'SELECT sum(v) FROM enc GROUP BY id % 1200') > 1 AS spilled;
RESET work_mem;
-- several hash tables, and aggregates of some rows only
SELECT a, b, count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')) AS all_rows, rounded(lwe_decrypt(sum(f), :'key', 'secret words')) AS some
FROM (SELECT grouping(id % 11) AS a, grouping(id % 3) AS b, sum(v) AS s, sum(v) FILTER (WHERE id % 5 = 0) AS f
	  FROM enc GROUP BY GROUPING SETS ((id % 11), (id % 3), (id % 11, id % 3), ())) t
GROUP BY a, b ORDER BY a, b;
SELECT round(sum(x) FILTER (WHERE id % 5 = 0)::numeric, 3) AS some_x, round(sum(y) FILTER (WHERE id % 5 = 0)::numeric, 3) AS some_y FROM plain;
-- again and again
SELECT g, rounded(lwe_decrypt(sum(s), :'key', 'secret words')) FROM generate_series(1, 3) g, LATERAL (SELECT sum(v) AS s FROM enc WHERE id <= 100 * g GROUP BY id % 5) t GROUP BY g ORDER BY g;
SELECT g, round(sum(x)::numeric, 3), round(sum(y)::numeric, 3) FROM generate_series(1, 3) g, plain WHERE id <= 100 * g GROUP BY g ORDER BY g;
BEGIN;
DECLARE groups SCROLL CURSOR FOR SELECT id % 5 AS g, rounded(lwe_decrypt(sum(v), :'key', 'secret words')) AS total FROM enc WHERE id % 5 = 2 GROUP BY 1;
FETCH groups;
FETCH BACKWARD groups;
FETCH groups;
ROLLBACK;
SELECT round(sum(x)::numeric, 3), round(sum(y)::numeric, 3) FROM plain WHERE id % 5 = 2;
RESET enable_sort;
-- sorted: each group is finished before the next begins, and finds the batches that another has expanded
SET enable_hashagg = off;
SELECT count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')) AS s, rounded(lwe_decrypt(sum(f), :'key', 'secret words')) AS some
FROM (SELECT sum(v) AS s, sum(v) FILTER (WHERE id % 5 = 0) AS f FROM enc GROUP BY id % 1200) t;
SELECT count(*), rounded(lwe_decrypt(sum(s), :'key', 'secret words')) FROM (SELECT sum(v) AS s FROM full_rows GROUP BY id % 30) t;
BEGIN;
DECLARE one CURSOR FOR SELECT id % 700, rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM enc GROUP BY 1 ORDER BY 1;
DECLARE other CURSOR FOR SELECT id % 700, rounded(lwe_decrypt(avg(v), :'key', 'secret words')) FROM enc GROUP BY 1 ORDER BY 1;
MOVE 300 IN one;
MOVE 299 IN other;
FETCH one;
CLOSE one;
FETCH 2 FROM other;
ROLLBACK;
SELECT id % 700 AS g, round(sum(x)::numeric, 3) AS sum, round(avg(x)::numeric, 3) AS avg FROM plain WHERE id % 700 IN (299, 300) GROUP BY 1 ORDER BY 1;
RESET enable_hashagg;

--
-- the state as a value
--
CREATE TABLE states AS SELECT grp, lwe_sum_trans(NULL, v) AS s FROM enc WHERE id IN (3, 4);
SELECT rounded(lwe_decrypt(lwe_sum_final(lwe_sum_combine(a.s, b.s)), :'key', 'secret words')) AS combined,
	   rounded(lwe_decrypt(lwe_avg_final(lwe_sum_trans(a.s::text::lwe_sum_state, v)), :'key', 'secret words')) AS continued
FROM states a, states b, enc WHERE a.grp = 3 AND b.grp = 4 AND enc.id = 5;
SELECT round(sum(x)::numeric, 3) AS combined FROM plain WHERE id IN (3, 4);
SELECT round(avg(x)::numeric, 3) AS continued FROM plain WHERE id IN (3, 5);
-- sum and avg of one query have one state, and what one has computed the other takes: the same as each alone, whichever comes first
CREATE TABLE alone AS SELECT * FROM (SELECT grp, sum(v)::text AS s FROM enc GROUP BY grp) a JOIN (SELECT grp, avg(v)::text AS a FROM enc GROUP BY grp) b USING (grp);
SELECT count(*), count(DISTINCT alone.s), bool_and(alone.s = pair.s), bool_and(alone.a = pair.a)
FROM alone JOIN (SELECT grp, sum(v)::text AS s, avg(v)::text AS a FROM enc GROUP BY grp) pair USING (grp);
SELECT count(*), bool_and(alone.s = pair.s), bool_and(alone.a = pair.a)
FROM alone JOIN (SELECT grp, avg(v)::text AS a, sum(v)::text AS s FROM enc GROUP BY grp) pair USING (grp);
SELECT sum(v)::text = (sum(v) FILTER (WHERE true))::text, avg(v)::text = (avg(v) FILTER (WHERE id > 0))::text, sum(v)::text <> avg(v)::text FROM enc WHERE grp = 3;
-- in a window the sum goes on after it was asked for
SELECT count(DISTINCT s), count(DISTINCT a), bool_or(s = a) FROM (SELECT (sum(v) OVER w)::text AS s, (avg(v) OVER w)::text AS a FROM enc WHERE id BETWEEN 2 AND 9 WINDOW w AS (ORDER BY id)) t;
DROP TABLE alone;
-- hostile states
SELECT outcome('SELECT ''''::lwe_sum_state'), outcome('SELECT ''////''::lwe_sum_state');
SELECT n, left(outcome(format('SELECT %L::lwe_sum_state', encode(substr(b, 1, n), 'base64'))), 5) FROM (SELECT lwe_sum_state_send(s) b FROM states LIMIT 1) t, generate_series(0, 72, 8) n;
SELECT count(*) AS flips, count(*) FILTER (WHERE r = 'ok' OR r LIKE '22P02%' OR r LIKE '22003%') AS as_expected
FROM (SELECT lwe_sum_state_send(s) b FROM states LIMIT 1) t, generate_series(0, 80 * 8 - 1, 5) bit,
	 LATERAL (SELECT outcome(format('SELECT lwe_sum_final(%L)', encode(set_bit(b, bit, 1 - get_bit(b, bit)), 'base64'))) r) o;

--
-- mixtures and limits
--
SELECT outcome(format('SELECT sum(v) FROM (SELECT v FROM enc WHERE id < 3 UNION ALL SELECT lwe_encrypt(%L, ''{1,1,1}'', ''secret words'', true)) t', :'key2'));
SELECT outcome('SELECT sum(v) FROM (SELECT v FROM enc WHERE id < 3 UNION ALL SELECT lwe_encrypt(''agg'', ''{1,1}'')) t');
SELECT outcome(format('SELECT sum(v) FROM (SELECT v FROM enc WHERE id < 3 UNION ALL SELECT lwe_encrypt_rows(%L, ''{{1,1,1}}'', ''secret words'', true, 25)) t', :'key'));
SELECT outcome('SELECT sum(DISTINCT v) FROM enc');
-- full rows and compact ones are in different rings: each by itself
SELECT sum(v) FROM (SELECT v FROM full_rows WHERE id < 3 UNION ALL SELECT v FROM enc WHERE id < 3) t;
SELECT outcome('SELECT lwe_sum_combine(lwe_sum_trans(NULL, a.v), lwe_sum_trans(NULL, b.v)) FROM enc a, full_rows b WHERE a.id = 1 AND b.id = 1');
SELECT lwe_ring(v), count(*), rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM (SELECT v FROM full_rows UNION ALL SELECT v FROM enc) t GROUP BY 1 ORDER BY 1;
-- a part of a compact sum ends before it could wrap: 2^49 / 2^40 terms of at most 1
CREATE TABLE coarse AS SELECT lwe_encrypt_rows(:'key', '{{1,-1}}', 'secret words', true, 40) AS v;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM coarse, generate_series(1, 500);
SELECT n, lwe_kind(sum(v)), round(octet_length(lwe_cipher_send(sum(v))) / 12900.0) AS parts, rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 1), rounded(lwe_decrypt(avg(v), :'key', 'secret words'))
	FROM coarse, (VALUES (511), (512), (600), (5000)) c(n), generate_series(1, n) GROUP BY n ORDER BY n;
-- in groups, of sums, through states as text, as a window
SELECT g, count(*), lwe_kind(sum(v)), rounded(lwe_decrypt(sum(v), :'key', 'secret words'), 1) FROM coarse, generate_series(1, 2000) i, LATERAL (SELECT i % 3 AS g OFFSET 0) t GROUP BY g ORDER BY g;
SELECT rounded(lwe_decrypt(sum(s), :'key', 'secret words'), 1), rounded(lwe_decrypt(sum(s) - (SELECT sum(v) FROM coarse, generate_series(1, 600)), :'key', 'secret words'), 1) FROM (SELECT sum(v) AS s FROM coarse, generate_series(1, 2000) i GROUP BY i % 3) t;
SELECT rounded(lwe_decrypt(lwe_sum_final(lwe_sum_combine(a::text::lwe_sum_state, a)), :'key', 'secret words'), 1), rounded(lwe_decrypt(lwe_avg_final(lwe_sum_combine(a::text::lwe_sum_state, a)), :'key', 'secret words'))
	FROM (SELECT lwe_sum_trans(NULL, s) a FROM (SELECT sum(v) AS s FROM coarse, generate_series(1, 600)) t) u;
SELECT i, lwe_kind(s), rounded(lwe_decrypt(s, :'key', 'secret words'), 1) FROM (SELECT i, sum(v) OVER (ORDER BY i) AS s FROM coarse, generate_series(1, 600) i) t WHERE i IN (511, 512, 600);
CREATE TABLE fine AS SELECT lwe_encrypt_rows(:'key', '{{1,-1}}', 'secret words', false, 40) AS v;
SELECT rounded(lwe_decrypt(sum(v), :'key', 'secret words')) FROM fine, generate_series(1, 6000);
-- what people see of values
SELECT replace(lwe_show(v), lwe_key_id(v), '<id>') FROM (SELECT v FROM enc WHERE id = 1 UNION ALL SELECT sum(v) FROM enc UNION ALL SELECT lwe_pack(v) FROM enc UNION ALL SELECT v FROM fine UNION ALL SELECT sum(v) FROM fine UNION ALL SELECT NULL) t;
SELECT ppdl_drop_key('agg'), ppdl_drop_key('agg2');
DROP TABLE plain, enc, full_rows, big, parts, states, coarse, fine;
DROP FUNCTION rounded, outcome, hash_figure;
