--
-- states of aggregates: bytes from anywhere, rights, memory
--
SET ppdl.owner_mode = on;
SET jit = off;
SET ppdl.threads = 1;	-- batches are packed as they become complete
SET client_min_messages = warning;	-- progress depends on the machine
SELECT lwe_keygen('states', 'secret words', 'predict') AS key \gset
-- an RSA key made once for tests
\getenv dir PG_ABS_SRCDIR
\set file :dir '/test/data/rsa-test.pub'
\set public `cat :'file'`
SELECT left(encode(sha256(decode(regexp_replace(:'public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16) AS key_id \gset
SELECT ppdl_publish_part(:'key_id', 'states_rsa', 'rsa', 'RSA, 3072 bits', 'public', 0, length(:'public'), sha256(:'public'::bytea), :'public'::bytea) AS published;
-- compact and full rows of few values; a complete batch of four wide rows
CREATE TABLE enc AS SELECT n::int AS id, v, w FROM ROWS FROM (
	lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[6, 2]), 'secret words', true),
	lwe_encrypt_rows(:'key', array_fill(0.25::float8, ARRAY[6, 2]), 'secret words')) WITH ORDINALITY t(v, w, n);
CREATE TABLE wide AS SELECT n::int AS id, v FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[4, 4096]), 'secret words', true, 20) WITH ORDINALITY t(v, n);
SELECT ppdl_create_model('states', '{"inputs":2,"layers":[{"units":2,"activation":"square"},{"units":1}]}', '{0.5,0.5,0,0.25,-0.25,0,1,1,0}');
SELECT ppdl_create_model('states_rsa', '{"inputs":2,"layers":[{"units":1}]}', '{1,-1,0}');
CREATE TABLE rsa AS SELECT i AS id, rsa_encrypt_features('states_rsa', ARRAY[i / 10.0, 0]) AS c, rsa_encrypt('states_rsa', i, 'exponent') AS n
	FROM generate_series(1, 4) i;

-- one state of each kind, as its bytes; finals that switch keys are left out
CREATE TABLE states (name text, type text, final text, b bytea);
INSERT INTO states
	SELECT 'sum', 'lwe_sum_state', 'lwe_sum_final', lwe_sum_state_send(lwe_sum_trans(lwe_sum_trans(NULL, a.v), b.v)) FROM enc a, enc b WHERE a.id = 1 AND b.id = 2
	UNION ALL SELECT 'pack', 'lwe_pack_state', NULL, lwe_pack_state_send(lwe_pack_trans(lwe_pack_trans(lwe_pack_trans(NULL, a.v), NULL), b.v)) FROM enc a, enc b WHERE a.id = 1 AND b.id = 2
	UNION ALL SELECT 'predict', 'lwe_pack_state', NULL, lwe_pack_state_send(ppdl_predict_trans(NULL, 'states', w)) FROM enc WHERE id = 1
	UNION ALL SELECT 'gram', 'lwe_gram_state', NULL, lwe_gram_state_send(lwe_gram_trans(lwe_gram_trans(NULL, a.w), b.w)) FROM enc a, enc b WHERE a.id = 1 AND b.id = 2
	UNION ALL SELECT 'where', 'lwe_where_state', NULL, lwe_where_state_send(lwe_where_trans(lwe_where_trans(NULL, a.w, 'x[1] = 1'), b.w, 'x[1] = 1')) FROM enc a, enc b WHERE a.id = 1 AND b.id = 2
	UNION ALL SELECT 'receipt', 'lwe_receipt_state', 'lwe_receipt_final', lwe_receipt_state_send(lwe_receipt_trans(lwe_receipt_trans(NULL, 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIAACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU60twsh7m6BUC6IacrMgJpFNEbmodUk32J4zmU5L8GTQEAwcWcvtVLAwDC1XUvWIwenvgwwy/VlEh9', 'A', NULL), 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIBACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU6SJiSBNFSYcFBSLDwflFgm4rTjWDCK8cygm6BtxGMYgMAZ0ociFP3AgB0mEKWmjX/zX9Ff5goKTSi', 'B', NULL))
	UNION ALL SELECT 'rows', 'ppdl_rows_state', 'ppdl_predict_final', ppdl_rows_state_send(ppdl_predict_trans(ppdl_predict_trans(NULL, 'states', '{1,2}'::float8[]), 'states', NULL::float8[]))
	UNION ALL SELECT 'train', 'ppdl_train_state', NULL, ppdl_train_state_send(ppdl_train_trans(NULL, 'states', NULL, v)) FROM enc WHERE id = 1
	UNION ALL SELECT 'rsa sum', 'rsa_cipher', NULL, rsa_cipher_send(rsa_sum_trans(rsa_sum_trans(NULL, a.n), b.n)) FROM rsa a, rsa b WHERE a.id = 1 AND b.id = 2
	UNION ALL SELECT 'rsa predict', 'bytea', 'ppdl_predict_rsa_final', ppdl_predict_rsa_trans(ppdl_predict_rsa_trans(NULL, 'states_rsa', NULL), 'states_rsa', c) FROM rsa WHERE id = 1;
-- a state with a packed ciphertext
CREATE TABLE packed AS SELECT lwe_pack_state_send(lwe_pack_trans(lwe_pack_trans(lwe_pack_trans(lwe_pack_trans(NULL, a.v), b.v), c.v), d.v)) AS b
	FROM wide a, wide b, wide c, wide d WHERE (a.id, b.id, c.id, d.id) = (1, 2, 3, 4);

-- SQLSTATEs of input, and of the final function where it is loaded: 22P02 or, where the bytes make sense, nothing worse than an error of the aggregate
CREATE FUNCTION sqlstate_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
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
CREATE FUNCTION literal(b bytea, type text) RETURNS text LANGUAGE sql IMMUTABLE AS
	$$ SELECT CASE type WHEN 'bytea' THEN format('%L::bytea', b) ELSE format('%L::%s', encode(b, 'base64'), type) END $$;

-- as anybody
CREATE ROLE ppdl_regress_anybody;
GRANT SELECT ON enc, wide, rsa, states, packed, ppdl_models TO ppdl_regress_anybody;
SET ROLE ppdl_regress_anybody;
-- the aggregates work
SELECT lwe_kind(sum(v)), lwe_kind(avg(v)), lwe_kind(lwe_pack(v)) FROM enc;
SELECT lwe_rows(ppdl_predict_agg('states', w)) FROM enc;
SELECT ppdl_predict_agg('states', ARRAY[0.5, id]) FROM enc WHERE id < 3;
SELECT rsa_parts(rsa_sum(n)), rsa_kind(ppdl_predict_agg('states_rsa', c)), rsa_kind(ppdl_predict_agg('states_rsa', c, 4)) FROM rsa;
SELECT count(*) FROM (SELECT sum(v) OVER (ORDER BY id), rsa_sum(n) OVER (ORDER BY id) FROM enc JOIN rsa USING (id)) t;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT lwe_kind(sum(v)), lwe_kind(lwe_pack(v)), lwe_rows(ppdl_predict_agg('states', w)) FROM enc;
SELECT rsa_parts(rsa_sum(n)), rsa_kind(ppdl_predict_agg('states_rsa', c)) FROM rsa;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
-- their functions are not for direct use
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid JOIN pg_extension e ON d.refobjid = e.oid AND extname = 'ppdl'
WHERE has_function_privilege(p.oid, 'EXECUTE') AND p.oid IN (SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn]) FROM pg_aggregate);
SELECT outcome('SELECT lwe_sum_trans(NULL, v) FROM enc'), outcome('SELECT ppdl_predict_rsa_final(''\x00'')');
-- input and binary input are: states travel
SELECT name, CASE type WHEN 'bytea' THEN 'ok' ELSE outcome('SELECT ' || literal(b, type)) END FROM states ORDER BY name;
SELECT outcome('SELECT ' || literal(b, 'lwe_pack_state')) FROM packed;
RESET ROLE;

-- every truncation is refused, as input and by the functions that load a state
SELECT name, count(*) AS cuts, array_agg(DISTINCT sqlstate_of(format('SELECT %s(NULL, %s)', combine, literal(substr(b, 1, n), type)))) AS outcomes
FROM states JOIN (VALUES ('sum', 'lwe_sum_combine'), ('pack', 'lwe_pack_combine'), ('predict', 'lwe_pack_combine'), ('gram', 'lwe_gram_combine'), ('where', 'lwe_where_combine'), ('receipt', 'lwe_receipt_combine'), ('rows', 'ppdl_rows_combine'),
	('train', 'ppdl_train_combine'), ('rsa sum', 'rsa_sum_trans'), ('rsa predict', 'ppdl_predict_rsa_combine')) f (name, combine) USING (name),
	generate_series(0, length(b) - 1) n
WHERE n < 160 OR n = length(b) - 1 OR n % 2001 = 0 GROUP BY name ORDER BY name;
-- flipped bits load, or are refused for what they are
SELECT name, count(*) AS flips, bool_and(r = 'ok' OR r ~ '^(22|54|42704|0A)') AS as_expected, bool_or(r = 'ok') AS some_load, bool_or(r = '22P02' OR type = 'bytea') AS some_not
FROM states, generate_series(0, least(length(b), 300) * 8 - 1, 11) bit,
	LATERAL (SELECT set_bit(b, bit, 1 - get_bit(b, bit)) AS c OFFSET 0) s,
	LATERAL (SELECT sqlstate_of('SELECT ' || coalesce(final || '(' || literal(c, type) || ')', literal(c, type))) AS r OFFSET 0) o
GROUP BY name ORDER BY name;
-- finals of those that load, one flip in 101
SELECT name, count(*) AS flips, bool_and(r = 'ok' OR r ~ '^(22|54|42704|0A)') AS as_expected
FROM (VALUES ('pack', 'lwe_pack_final'), ('predict', 'ppdl_predict_final')) f (name, final) JOIN states s USING (name), generate_series(0, least(length(b), 300) * 8 - 1, 101) bit,
	LATERAL (SELECT set_bit(b, bit, 1 - get_bit(b, bit)) AS c OFFSET 0) t,
	LATERAL (SELECT sqlstate_of('SELECT ' || f.final || '(' || literal(c, type) || ')') AS r OFFSET 0) o
GROUP BY name ORDER BY name;
-- bytes overwritten with 0xFF: counts and sizes far beyond the bytes
SELECT name, count(*) AS changes, bool_and(r = 'ok' OR r ~ '^(22|54|42704|0A)') AS as_expected
FROM states, generate_series(0, least(length(b), 300) - 5, 2) at,
	LATERAL (SELECT overlay(b PLACING '\xffffffff' FROM at + 1) AS c OFFSET 0) s,
	LATERAL (SELECT sqlstate_of('SELECT ' || coalesce(final || '(' || literal(c, type) || ')', literal(c, type))) AS r OFFSET 0) o
GROUP BY name ORDER BY name;
-- the head of one state (139 bytes, of one row) and the rows of another: of 2 and 4 values, of two rings, of two scales, of two keys
SELECT lwe_keygen('states2', 'secret words') AS key2 \gset
CREATE TABLE one AS
	SELECT 'wide' AS name, lwe_pack_state_send(lwe_pack_trans(NULL, v)) AS b FROM wide WHERE id = 1
	UNION ALL SELECT 'four', lwe_pack_state_send(lwe_pack_trans(NULL, v)) FROM lwe_encrypt_rows(:'key', '{{1,1,1,1}}', 'secret words', true) v
	UNION ALL SELECT 'two', lwe_pack_state_send(lwe_pack_trans(NULL, v)) FROM enc WHERE id = 1
	UNION ALL SELECT 'coarse', lwe_pack_state_send(lwe_pack_trans(NULL, v)) FROM lwe_encrypt_rows(:'key', '{{1,1}}', 'secret words', true, 25) v
	UNION ALL SELECT 'other key', lwe_pack_state_send(lwe_pack_trans(NULL, v)) FROM lwe_encrypt_rows(:'key2', '{{1,1}}', 'secret words', true) v;
SELECT a.name AS head, b.name AS rows, regexp_replace(outcome('SELECT lwe_pack_final(' || literal(substr(a.b, 1, 139) || substr(b.b, 140), 'lwe_pack_state') || ')'), '^22P02 . invalid input for type ', '')
FROM one a, one b WHERE a.name <> b.name AND 'two' IN (a.name, b.name) ORDER BY 1, 2;
-- a state with a packed ciphertext, changed in one place
SELECT what, outcome('SELECT ' || literal(overlay(b PLACING x FROM at), 'lwe_pack_state'))
FROM packed, (VALUES (1, 'rows', 5, '\xffffff0f'::bytea), (2, 'a row more', 5, '\x05'), (3, 'row 1 is NULL', 105, '\x0e'), (4, 'width', 106, '\x0200'), (5, 'width 0', 106, '\x0000'), (17, 'ring', 108, '\x03'), (18, 'no ring', 108, '\x00'), (6, 'scale', 123, '\xf07f'),
	(7, 'limbs', 125, '\x02'), (8, 'deep', 125, '\x00'), (9, 'outputs', 126, '\x0100'), (10, 'ciphertexts', 136, '\x02'), (11, 'scale of ciphertext', 147, '\x00'),
	(12, 'noise', 155, '\xf07f'), (13, 'bound', 163, '\xf07f'), (14, 'rows of ciphertext', 165, '\x03'), (15, 'row twice', 169, '\x01'), (16, 'row too many', 169, '\x04'), (19, 'encoding', 134, '\x01')) c (n, what, at, x) ORDER BY n;
-- a state of few bytes says that it has many rows
SELECT outcome('SELECT lwe_pack_final(' || literal(overlay(b PLACING '\x00000010' FROM 5), 'lwe_pack_state') || ')') FROM states WHERE name = 'pack';
SELECT outcome('SELECT ppdl_predict_rsa_combine(NULL, ''\x5052535302' || repeat('00', 96) || 'ffffff7f'')');
-- one that does not say of which model, as 0.1.0 wrote them
SELECT outcome('SELECT ppdl_predict_rsa_combine(NULL, ''\x50525353010100000000'')');
-- nothing but a state becomes a value
SELECT outcome('SELECT ppdl_predict_rsa_final(''\x00'')'), outcome('SELECT ppdl_predict_rsa_final(''\x01020304'')'), outcome('SELECT ppdl_predict_rsa_final(''any bytes at all''::bytea)');
SELECT outcome(format('SELECT ppdl_predict_rsa_final(%L)', '\x5052535302'::bytea || decode(repeat('61', 3) || repeat('00', 97), 'hex') || rsa_cipher_send(n))) FROM rsa WHERE id = 1;
-- a state of one aggregate in another
SELECT outcome('SELECT lwe_pack_final(' || literal(b, type) || ')') FROM states WHERE name = 'predict';
SELECT outcome('SELECT ppdl_predict_final(' || literal(b, type) || ')') FROM states WHERE name = 'pack';
SELECT outcome('SELECT ppdl_predict_final(' || literal(overlay(b PLACING convert_to('states_rsa@1', 'utf8') || '\x00' FROM 9), type) || ')') FROM states WHERE name = 'predict';

-- final functions leave a variable as it was
DO $$
DECLARE
	s lwe_pack_state;
	t lwe_pack_state;
	v lwe_cipher;
	first text;
BEGIN
	FOR v IN SELECT enc.v FROM enc ORDER BY id LOOP
		s := lwe_pack_trans(s, v);
	END LOOP;
	first := lwe_pack_final(s)::text;
	t := lwe_pack_combine(s, s);
	RAISE WARNING 'again the same: %, both together have % rows, and once more the same: %', first = lwe_pack_final(s)::text,
		lwe_rows(lwe_pack_final(t)), first = lwe_pack_final(s)::text;
END $$;

-- results of hashed groups are asked for twice when they are rescanned
SET enable_sort = off; SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_memoize = off; SET max_parallel_workers_per_gather = 0;
ANALYZE enc;
EXPLAIN (COSTS OFF) SELECT n, g, p FROM (VALUES (1), (2)) v(n) LEFT JOIN (SELECT id % 2 AS g, lwe_pack(v) AS p FROM enc GROUP BY 1) t ON g <= n;
SELECT g, count(*) AS times, count(DISTINCT p::text) AS packed, count(DISTINCT q::text) AS predicted, min(lwe_rows(p)), min(lwe_rows(q))
FROM (VALUES (1), (2)) v(n) LEFT JOIN (SELECT id % 2 AS g, lwe_pack(v) AS p, ppdl_predict_agg('states', w) AS q FROM enc GROUP BY 1) t ON g <= n GROUP BY g ORDER BY g;
RESET enable_sort; RESET enable_material; RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_memoize; RESET max_parallel_workers_per_gather;

-- hash aggregation knows what the states take: in all some MB of malloc'ed memory, and 2 MB of work_mem
CREATE TABLE groups AS SELECT g, v FROM generate_series(1, 80) g, wide;
ANALYZE groups;
CREATE FUNCTION batches(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'HashAgg Batches')::int > 1;
END $$;
SET enable_sort = off; SET max_parallel_workers_per_gather = 0; SET hash_mem_multiplier = 1;
SET work_mem = '256MB';
SELECT batches('SELECT g, sum(v) FROM groups GROUP BY g'), batches('SELECT g, lwe_pack(v) FROM groups GROUP BY g');
SET work_mem = '2MB';
SELECT batches('SELECT g, sum(v) FROM groups GROUP BY g'), batches('SELECT g, lwe_pack(v) FROM groups GROUP BY g');
SELECT count(*), count(DISTINCT lwe_rows(p)), min(lwe_rows(p)) FROM (SELECT lwe_pack(v) p FROM groups GROUP BY g) t;
RESET enable_sort; RESET max_parallel_workers_per_gather; RESET hash_mem_multiplier; RESET work_mem;

-- states that are sound, and of something else: other models, other shapes of a model of the same name, other keys, widths and scales, other aggregates.
-- Whatever combines, continues or finishes them says so
SELECT ppdl_create_model('others', '{"inputs":2,"layers":[{"units":2,"activation":"square"},{"units":1}]}', '{0.5,0.5,0,0.25,-0.25,0,1,1,0}');
SELECT ppdl_create_model('others_rsa', '{"inputs":2,"layers":[{"units":1}]}', '{2,-1,0}');
CREATE TABLE other (n int GENERATED ALWAYS AS IDENTITY, kind text, what text, b bytea, PRIMARY KEY (kind, what));
INSERT INTO other (kind, what, b)
	SELECT 'lwe_sum_state', name, lwe_sum_state_send(lwe_sum_trans(NULL, v)) FROM (SELECT 'width 2' AS name, v FROM enc WHERE id = 1
		UNION ALL SELECT 'width 4096', v FROM wide WHERE id = 1
		UNION ALL SELECT 'scale 2^25', v FROM lwe_encrypt_rows(:'key', '{{1,1}}', 'secret words', true, 25) v
		UNION ALL SELECT 'other key', v FROM lwe_encrypt_rows(:'key2', '{{1,1}}', 'secret words', true) v) t
	UNION ALL SELECT 'lwe_pack_state', name, b FROM one
	UNION ALL SELECT 'lwe_pack_state', 'prediction', b FROM states WHERE name = 'predict'
	UNION ALL SELECT 'lwe_pack_state', 'of another model', lwe_pack_state_send(ppdl_predict_trans(NULL, 'others', w)) FROM enc WHERE id = 1
	UNION ALL SELECT 'ppdl_rows_state', 'predictions', b FROM states WHERE name = 'rows'
	UNION ALL SELECT 'ppdl_rows_state', 'predictions of another model', ppdl_rows_state_send(ppdl_predict_trans(NULL, 'others', '{1,2}'::float8[]))
	UNION ALL SELECT 'ppdl_rows_state', 'rows to train on', ppdl_rows_state_send(ppdl_train_trans(NULL, 'states', '{0.1,0.2}'::float8[], 0.5))
	UNION ALL SELECT 'ppdl_rows_state', 'with options', ppdl_rows_state_send(ppdl_train_trans(NULL, 'states', '{0.1,0.2}'::float8[], 0.5, '{"steps": 1}'))
	UNION ALL SELECT 'rsa_cipher', 'exponent', b FROM states WHERE name = 'rsa sum'
	UNION ALL SELECT 'rsa_cipher', 'product', rsa_cipher_send(rsa_product_trans(NULL, rsa_encrypt('states_rsa', 3, 'product')))
	UNION ALL SELECT 'bytea', 'model', b FROM states WHERE name = 'rsa predict'
	UNION ALL SELECT 'bytea', 'another model', ppdl_predict_rsa_trans(NULL, 'others_rsa', c) FROM rsa WHERE id = 1
	UNION ALL SELECT 'bytea', 'other weights', ppdl_predict_rsa_trans(NULL, 'states_rsa', c, 6) FROM rsa WHERE id = 1;
-- a model that is dropped and made anew with other inputs and outputs has the same name and version
SELECT ppdl_create_model('swap', '{"inputs":3,"layers":[{"units":2,"activation":"square"},{"units":2}]}', array_fill(0.5::float8, ARRAY[14]));
INSERT INTO other (kind, what, b) VALUES
	('ppdl_rows_state', 'predictions of an earlier model', ppdl_rows_state_send(ppdl_predict_trans(NULL, 'swap', '{1,2,3}'::float8[]))),
	('ppdl_rows_state', 'rows for an earlier model', ppdl_rows_state_send(ppdl_train_trans(NULL, 'swap', '{1,2,3}'::float8[], '{1,1}'::float8[])));
INSERT INTO other (kind, what, b) SELECT 'lwe_pack_state', 'of an earlier model', lwe_pack_state_send(ppdl_predict_trans(NULL, 'swap', v)) FROM lwe_encrypt_rows(:'key', '{{1,1,1}}', 'secret words') v;
SELECT ppdl_drop_model('swap');
SELECT ppdl_create_model('swap', '{"inputs":2,"layers":[{"units":2,"activation":"square"},{"units":1}]}', '{0.5,0.5,0,0.25,-0.25,0,1,1,0}');
INSERT INTO other (kind, what, b) VALUES
	('ppdl_rows_state', 'predictions of a new model', ppdl_rows_state_send(ppdl_predict_trans(NULL, 'swap', '{1,2}'::float8[]))),
	('ppdl_rows_state', 'rows for a new model', ppdl_rows_state_send(ppdl_train_trans(NULL, 'swap', '{0.1,0.2}'::float8[], 0.5)));
INSERT INTO other (kind, what, b) SELECT 'lwe_pack_state', 'of a new model', lwe_pack_state_send(ppdl_predict_trans(NULL, 'swap', w)) FROM enc WHERE id = 1;
-- collected for the deep ring: one row, all of whose residues are zero, of which only the head matters.  Such keys are not published here
CREATE FUNCTION zeros(n int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(repeat('00', n), 'hex') $$;
CREATE FUNCTION le(value bigint, bytes int) RETURNS bytea LANGUAGE sql IMMUTABLE AS
	$$ SELECT string_agg(set_byte('\x00', 0, ((value >> (8 * i)) & 255)::int), '' ORDER BY i) FROM generate_series(0, bytes - 1) i $$;
-- in the ring of compact rows, or in that of full ones, n = 16384
CREATE FUNCTION row_set(key text, inputs int, labels int, n int DEFAULT 2048, scale bytea DEFAULT '\x000000000000d041') RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE n WHEN 2048 THEN '\x03' ELSE '\x01' END::bytea || decode(key, 'hex') || le(inputs, 2) || le(labels, 2) || scale || le(1, 4) || sha256(key::bytea) ||
		CASE WHEN labels > 0 THEN sha256(sha256(key::bytea)) ELSE zeros(32) END || le(0, 4) ||
		decode(repeat('ff', 4 * ((n >> ceil(log(2, inputs))::int) - 1)), 'hex') || zeros(n * 25 / 4 * CASE WHEN labels > 0 THEN 2 ELSE 1 END) $$;
CREATE FUNCTION train_state(model text, key text, inputs int, labels int, options text DEFAULT '') RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT 'PTS1'::bytea || model::bytea || zeros(80 - length(model)) || le(length(options), 4) || options::bytea || le(1, 4) || le(0, 8) || row_set(key, inputs, labels) $$;
CREATE FUNCTION deep_state(model text, key text, inputs int, outputs int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT 'LPS5'::bytea || le(1, 4) || model::bytea || zeros(96 - length(model)) || '\x01' || le(inputs, 2) || '\x01' || decode(key, 'hex') || '\x000000000000d041'::bytea || '\x00' ||
		le(outputs, 2) || le(0, 8) || le(0, 4) || row_set(key, inputs, 0, 16384) $$;
SELECT substr(lwe_key_id(v), 1, 16) AS fp FROM enc LIMIT 1 \gset
INSERT INTO other (kind, what, b) VALUES
	('ppdl_train_state', 'model', train_state('states@1', :'fp', 2, 1)),
	('ppdl_train_state', 'of another model', train_state('others@1', :'fp', 2, 1)),
	('ppdl_train_state', 'other options', train_state('states@1', :'fp', 2, 1, '{"steps": 1}')),
	('ppdl_train_state', 'other key', train_state('states@1', '0011223344556677', 2, 1)),
	('ppdl_train_state', 'width 4', train_state('states@1', :'fp', 4, 1)),
	('ppdl_train_state', 'labels of 2', train_state('states@1', :'fp', 2, 2)),
	('ppdl_train_state', 'no labels', train_state('states@1', :'fp', 2, 0)),
	('ppdl_train_state', 'no model', train_state('nothing@1', :'fp', 2, 1)),
	('lwe_pack_state', 'deep', deep_state(ppdl_model_pin('states'), :'fp', 2, 1)),
	('lwe_pack_state', 'deep, 2 outputs', deep_state(ppdl_model_pin('states'), :'fp', 2, 2)),
	('lwe_pack_state', 'deep, width 4', deep_state(ppdl_model_pin('states'), :'fp', 4, 1)),
	('lwe_pack_state', 'deep, other key', deep_state(ppdl_model_pin('states'), '0011223344556677', 2, 1));
-- they load
SELECT kind, what, outcome('SELECT ' || literal(b, kind)) FROM other WHERE kind <> 'bytea' AND outcome('SELECT ' || literal(b, kind)) <> 'ok';
CREATE TABLE functions (kind text, final text, combine text);
INSERT INTO functions VALUES ('lwe_sum_state', NULL, 'lwe_sum_combine'), ('lwe_pack_state', 'lwe_pack_final', 'lwe_pack_combine'), ('lwe_pack_state', 'ppdl_predict_final', NULL),
	('ppdl_rows_state', 'ppdl_predict_final', 'ppdl_rows_combine'), ('ppdl_rows_state', 'ppdl_train_final', NULL), ('ppdl_train_state', 'ppdl_train_final', 'ppdl_train_combine'),
	('rsa_cipher', NULL, 'rsa_sum_trans'), ('rsa_cipher', NULL, 'rsa_product_trans'), ('bytea', 'ppdl_predict_rsa_final', 'ppdl_predict_rsa_combine');
-- every one combined with every other of its type
CREATE TABLE combined AS SELECT combine, a.n, a.what, b.n AS with_n, b.what AS with, outcome(format('SELECT %s(%s, %s)', combine, literal(a.b, kind), literal(b.b, kind)))
FROM functions JOIN other a USING (kind) JOIN other b USING (kind) WHERE a.n < b.n AND combine IS NOT NULL;
SELECT combine, regexp_replace(outcome, ' \| One row.*', '') AS outcome, count(*) FROM combined WHERE outcome ~ '(same model|this lwe_pack_state)' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT combine, what, "with", outcome FROM combined WHERE outcome !~ '(same model|this lwe_pack_state)' ORDER BY combine, n, with_n;
-- every one finished; training takes a thousandth of a second here
SELECT final, what, regexp_replace(outcome(format('SELECT %s(%s)', final, literal(b, kind))), '@[0-9]+', '') FROM functions JOIN other USING (kind) WHERE final IS NOT NULL ORDER BY final, kind, n;
-- every one continued
SELECT what, outcome(format('SELECT ppdl_predict_trans(%s, ''states@1'', ''{0.1,0.2}''::float8[])', literal(b, kind))) AS predict,
	outcome(format('SELECT ppdl_train_trans(%s, ''states@1'', ''{0.1,0.2}''::float8[], 1)', literal(b, kind))) AS train FROM other WHERE kind = 'ppdl_rows_state' ORDER BY n;
SELECT what, outcome(format('SELECT lwe_pack_trans(%s, v) FROM enc WHERE id = 2', literal(b, kind))) AS pack,
	outcome(format('SELECT ppdl_predict_trans(%s, ''states@1'', w) FROM enc WHERE id = 2', literal(b, kind))) AS predict FROM other WHERE kind = 'lwe_pack_state' ORDER BY n;
SELECT what, outcome(format('SELECT lwe_sum_trans(%s, v) FROM enc WHERE id = 2', literal(b, kind))) FROM other WHERE kind = 'lwe_sum_state' ORDER BY n;
SELECT what, outcome(format('SELECT ppdl_train_trans(%s, ''states@1'', v, v) FROM enc WHERE id = 2', literal(b, kind))) FROM other WHERE kind = 'ppdl_train_state' ORDER BY n;
SELECT what, outcome(format('SELECT rsa_sum_trans(%s, n) FROM rsa WHERE id = 1', literal(b, kind))), outcome(format('SELECT rsa_product_trans(%s, n) FROM rsa WHERE id = 1', literal(b, kind)))
FROM other WHERE kind = 'rsa_cipher' ORDER BY n;
SELECT what, outcome(format('SELECT ppdl_predict_rsa_trans(%s, ''states_rsa'', c) FROM rsa WHERE id = 2', literal(b, kind))) FROM other WHERE kind = 'bytea' ORDER BY n;
DROP TABLE other, functions, combined;
DROP FUNCTION row_set, train_state, deep_state, zeros, le;
SELECT count(ppdl_drop_model(name)) FROM (SELECT DISTINCT name FROM ppdl_models WHERE name IN ('others', 'others_rsa', 'swap')) t;

DROP TABLE enc, wide, rsa, states, packed, groups, one;
DROP FUNCTION outcome, sqlstate_of, literal, batches;
DROP OWNED BY ppdl_regress_anybody;
DROP ROLE ppdl_regress_anybody;
SELECT ppdl_drop_model('states'), ppdl_drop_model('states_rsa'), ppdl_drop_key('states'), ppdl_drop_key('states2'), ppdl_drop_key('states_rsa');
