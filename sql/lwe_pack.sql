--
-- lwe_pack(lwe_cipher): many rows in one ciphertext
--
SET ppdl.owner_mode = on;
SET jit = off;
SELECT lwe_keygen('pack', 'secret words', 'predict') AS key \gset
SELECT lwe_keygen('pack2', 'secret words') AS key2 \gset
SELECT name, uses, parts > 1 AS parts, complete FROM ppdl_key_info WHERE name LIKE 'pack%' ORDER BY name;
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
-- 2,500 rows of 16 values: two complete batches of 1,024, and a rest
CREATE TABLE plain AS SELECT id, ARRAY(SELECT ((id * 7919 + f * 104729) % 2001 - 1000) / 1000.0::float8 FROM generate_series(1, 16) f) AS x FROM generate_series(1, 2500) id;
CREATE TABLE enc (id int PRIMARY KEY, v lwe_cipher(16));
INSERT INTO enc SELECT n, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY id) FROM plain WHERE id <= 2048), 'secret words') WITH ORDINALITY t(v, n);
INSERT INTO enc SELECT 2048 + n, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY id) FROM plain WHERE id > 2048), 'secret words') WITH ORDINALITY t(v, n);
CREATE TABLE compact (id int PRIMARY KEY, v lwe_cipher(16));
INSERT INTO compact SELECT n, v FROM lwe_encrypt_rows(:'key', (SELECT array_agg(x ORDER BY id) FROM plain WHERE id <= 300), 'secret words', true) WITH ORDINALITY t(v, n);
-- the packed rows against the plain ones: which places hold a value, and the largest difference
CREATE FUNCTION compared(packed lwe_cipher, ids int[], key text) RETURNS TABLE (kind text, places bigint, present bigint, close boolean) LANGUAGE sql AS $$
	SELECT lwe_kind(packed), lwe_rows(packed), count(v) / 16, max(abs(v - x[(n - 1) % 16 + 1])) < 1e-5
	FROM unnest(lwe_decrypt(packed, key, 'secret words')) WITH ORDINALITY u(v, n) LEFT JOIN plain ON plain.id = ids[(n - 1) / 16 + 1] $$;

-- complete batches, in and out of order
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id <= 1024) t, compared(p, i, :'key') c;
SELECT lwe_level(lwe_pack(v)), lwe_width(lwe_pack(v)), lwe_error(lwe_pack(v)) < 1e-7 AS precise FROM enc WHERE id <= 1024;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id DESC) p, array_agg(id ORDER BY id DESC) i FROM enc WHERE id <= 1024) t, compared(p, i, :'key') c;
-- parts of batches; single rows; NULLs keep their place; several chunks
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id BETWEEN 100 AND 900) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id % 100 = 7) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(CASE WHEN id % 3 > 0 THEN v END ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id <= 60) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id % 64 <> 5 AND id BETWEEN 500 AND 2100) t, compared(p, i, :'key') c;
-- one row; the same row twice; explicit rows among slices
SELECT c.* FROM (SELECT lwe_pack(v) p, array_agg(id) i FROM enc WHERE id = 77) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY n, id) p, array_agg(id ORDER BY n, id) i FROM enc, generate_series(1, 3) n WHERE id BETWEEN 10 AND 13) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i
				 FROM (SELECT id, v FROM enc WHERE id BETWEEN 1 AND 5 UNION ALL SELECT id, sum(v) FROM enc WHERE id BETWEEN 6 AND 9 GROUP BY id) u) t, compared(p, i, :'key') c;
-- compact rows: a batch a ciphertext, complete (128 rows) or not, without keys
SELECT n, lwe_ring(p), lwe_level(p), lwe_error(p) < 1e-7 AS precise, c.*
FROM (SELECT n, lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM compact, unnest('{1,100,128,300}'::int[]) n WHERE id <= n GROUP BY n) t, compared(p, i, :'key') c ORDER BY n;
SELECT c.* FROM (SELECT lwe_pack(CASE WHEN id % 3 > 0 THEN v END ORDER BY id DESC) p, array_agg(id ORDER BY id DESC) i FROM compact WHERE id % 7 <> 2) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY n, id) p, array_agg(id ORDER BY n, id) i FROM compact, generate_series(1, 2) n WHERE id BETWEEN 10 AND 13) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i
				 FROM (SELECT id, v FROM compact WHERE id BETWEEN 1 AND 5 UNION ALL SELECT id, sum(v) FROM compact WHERE id BETWEEN 6 AND 9 GROUP BY id) u) t, compared(p, i, :'key') c;
SELECT c.* FROM (SELECT lwe_pack_final(lwe_pack_combine(lwe_pack_combine(lwe_pack_trans(NULL, a.v), lwe_pack_trans(lwe_pack_trans(NULL, NULL), b.v))::text::lwe_pack_state, lwe_pack_trans(NULL, a.v))) p
				 FROM compact a, compact b WHERE a.id = 3 AND b.id = 130) t, compared(p, ARRAY[3, NULL, 130, 3], :'key') c;
-- groups
SELECT g, c.* FROM (SELECT id % 2 g, lwe_pack(v ORDER BY id) p, array_agg(id ORDER BY id) i FROM enc WHERE id <= 20 GROUP BY id % 2) t, compared(p, i, :'key') c ORDER BY g;
-- rows of another width: 3 values take 4 coefficients
SELECT lwe_rows(p), lwe_width(p), (SELECT array_agg(round(x::numeric, 4)) FROM unnest(lwe_decrypt(p, :'key', 'secret words')) x)
FROM (SELECT lwe_pack(v) p FROM lwe_encrypt_rows(:'key', '{{0.5,-0.25,1},{-1,0,0.125}}', 'secret words', true) v) t;
-- nothing
SELECT lwe_pack(v) IS NULL AS empty, lwe_pack(NULL::lwe_cipher) IS NULL AS nulls FROM enc WHERE id < 0;
SELECT lwe_pack(NULL::lwe_cipher) IS NULL AS nulls FROM enc WHERE id < 3;

-- parallel workers, each with its part
CREATE TABLE big AS SELECT enc.* FROM enc, generate_series(1, 12);
ANALYZE big;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT lwe_pack(v) FROM big WHERE id <= 1024;
SELECT lwe_kind(p), lwe_rows(p), cardinality(d) AS values, (SELECT round(sum(v)::numeric, 1) FROM unnest(d) v) AS sum
FROM (SELECT lwe_pack(v) p FROM big WHERE id <= 1024) t, LATERAL (SELECT lwe_decrypt(p, :'key', 'secret words') d OFFSET 0) u;
SELECT round(12 * sum(v)::numeric, 1) FROM plain, unnest(x) v WHERE id <= 1024;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- the state as a value
SELECT c.* FROM (SELECT lwe_pack_final(lwe_pack_trans(lwe_pack_combine(lwe_pack_trans(NULL, a.v), lwe_pack_trans(lwe_pack_trans(NULL, NULL), b.v)::text::lwe_pack_state), a.v)) p
				 FROM enc a, enc b WHERE a.id = 3 AND b.id = 8) t, compared(p, ARRAY[3, NULL, 8, 3], :'key') c;
SELECT outcome('SELECT ''''::lwe_pack_state'), outcome('SELECT ''////''::lwe_pack_state');
SELECT n, left(outcome(format('SELECT %L::lwe_pack_state', encode(substr(b, 1, n), 'base64'))), 5)
FROM (SELECT lwe_pack_state_send(lwe_pack_trans(NULL, v)) b FROM enc WHERE id = 1) t, generate_series(0, 96, 12) n;
SELECT count(*) AS flips, count(*) FILTER (WHERE r = 'ok' OR r ~ '^(22P02|54000|XX001)') AS as_expected
FROM (SELECT lwe_pack_state_send(lwe_pack_trans(NULL, v)) b FROM enc WHERE id = 1) t, generate_series(0, 100 * 8 - 1, 3) bit,
	 LATERAL (SELECT outcome(format('SELECT %L::lwe_pack_state', encode(set_bit(b, bit, 1 - get_bit(b, bit)), 'base64'))) r) o;

-- a state that numbers its rows wrongly: ordinal of the row of a state of one row, then the count of rows
SELECT outcome(format('SELECT lwe_pack_final(%L)', encode(set_byte(b, position('\x504c0101'::bytea IN b) - 9 + n, 255), 'base64')))
FROM (SELECT lwe_pack_state_send(lwe_pack_trans(NULL, v)) b FROM enc WHERE id = 1) t, generate_series(0, 3) n;

-- what cannot be packed, or with what is packed be done
SELECT outcome(format('SELECT lwe_pack(v) FROM (SELECT v FROM enc WHERE id < 3 UNION ALL SELECT lwe_encrypt(%L, array_fill(0::float8, ARRAY[16]), ''secret words'')) t', :'key2'));
SELECT replace(outcome('SELECT lwe_pack(v) FROM (SELECT v FROM enc WHERE id < 3 UNION ALL SELECT lwe_encrypt(''pack'', ''{1,1}'', false)) t'), '2 and 16', '16 and 2') AS outcome;
SELECT outcome('SELECT lwe_pack_combine(lwe_pack_trans(NULL, a.v), lwe_pack_trans(NULL, b.v)) FROM enc a, compact b WHERE a.id = 1 AND b.id = 1');
SELECT outcome('SELECT lwe_pack(v) FROM (SELECT lwe_pack(v) v FROM enc WHERE id <= 1024) t');
SELECT outcome('SELECT sum(v) FROM (SELECT lwe_pack(v) v FROM enc WHERE id <= 1024) t');
SELECT outcome('SELECT -lwe_pack(v) FROM enc WHERE id <= 1024');
SELECT outcome('SELECT lwe_pack(v) OVER (ORDER BY id) FROM enc WHERE id <= 3');
-- merging needs keys: published for sums only, incomplete batches cannot be packed
CREATE TABLE enc2 AS SELECT v FROM lwe_encrypt_rows(:'key2', array_fill(0.5::float8, ARRAY[1024, 16]), 'secret words') v;
SELECT lwe_rows(lwe_pack(v)) FROM enc2;
SELECT outcome('SELECT lwe_pack(v) FROM (SELECT v FROM enc2 LIMIT 3) t');

-- 1,000 single rows take 1,000 key switches and more: cancelled on the way
CREATE TABLE single AS SELECT lwe_encrypt(:'key', x, 'secret words') v FROM plain WHERE id <= 1000;
SET statement_timeout = '100ms';
SELECT lwe_pack(v) FROM single;
RESET statement_timeout;
SELECT lwe_rows(lwe_pack(v)) FROM (SELECT v FROM single LIMIT 5) t;

-- typmod, text and binary form of packed values
CREATE TABLE packed AS SELECT lwe_pack(v)::lwe_cipher(16) AS v FROM enc WHERE id <= 10;
SELECT lwe_cipher_send(v::text::lwe_cipher) = lwe_cipher_send(v) AS same, lwe_rows(v) FROM packed;
SELECT what, outcome(format('SELECT %L::lwe_cipher', encode(set_byte(b, at, value), 'base64')))
FROM (SELECT lwe_cipher_send(v) b FROM packed) t,
	 (VALUES (0, 'layout', 40, 4), (1, 'moments', 40, 2), (2, 'log k', 41, 5), (4, 'rows', 44, 200), (5, 'chunks', 48, 2), (6, 'chunk of row 1', 58, 1)) f (n, what, at, value)
ORDER BY n;

SELECT ppdl_drop_key('pack'), ppdl_drop_key('pack2');
DROP TABLE plain, enc, enc2, compact, big, packed, single;
DROP FUNCTION outcome, compared;
