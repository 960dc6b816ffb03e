--
-- models, training and prediction on plain rows
--
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
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE FUNCTION rounded(float8[], int DEFAULT 4) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(round(x::numeric, $2) + 0 ORDER BY i) FROM unnest($1) WITH ORDINALITY u(x, i)';

-- making
SELECT ppdl_create_model('linear', '{"inputs":2,"layers":[{"units":2}]}', ARRAY[1,2,3,4,0.5,-0.5]);
SELECT ppdl_create_model('rings', '{"layers":[{"activation":"quadratic","units":8},{"units":1}],"input_scale":2,"inputs":2}');
SELECT ppdl_create_model('acts', '{"inputs":2,"input_scale":[1,0.5],"layers":[{"units":2,"activation":{"poly":[0,1,0.5]}},{"units":2,"activation":"relu","degree":4,"interval":[-2,2]},{"units":2,"activation":{"name":"sigmoid"}}]}');
SELECT name, version, spec, weights, trained, key_id, cipher IS NULL AS plain FROM ppdl_models ORDER BY name;
SELECT ppdl_model_weights('linear'), ppdl_model_weights('linear@1');
SELECT m, l.* FROM unnest(ARRAY['linear', 'rings', 'acts']) m, ppdl_model_levels(m) l;

-- what cannot be made
SELECT outcome(format('SELECT ppdl_create_model(%L, %L)', name, spec)) FROM (VALUES
	('linear', '{"inputs":2,"layers":[{"units":2}]}'),
	('linear@2', '{"inputs":2,"layers":[{"units":2}]}'),
	('', '{"inputs":2,"layers":[{"units":2}]}'),
	('my model', '{"inputs":2,"layers":[{"units":2}]}'),
	(repeat('x', 64), '{"inputs":2,"layers":[{"units":2}]}'),
	(NULL, '{"inputs":2,"layers":[{"units":2}]}'),
	('bad', '[1]'),
	('bad', '{"inputs":2}'),
	('bad', '{"inputs":2,"layers":[]}'),
	('bad', '{"inputs":0,"layers":[{"units":2}]}'),
	('bad', '{"inputs":2,"layers":[{"units":2,"colour":1}]}'),
	('bad', '{"inputs":2,"layers":[{"units":2,"activation":"gelu"}]}'),
	('bad', '{"inputs":2,"layers":[{"units":2,"activation":{"name":"relu","degree":99}}]}'),
	('bad', '{"inputs":2,"layers":[{"units":2,"activation":{"name":"relu","interval":[1,0]}}]}')) v(name, spec);
SELECT outcome($$SELECT ppdl_create_model('bad', '{"inputs":2,"layers":[{"units":2}]}', ARRAY[1,2,3])$$);
SELECT outcome($$SELECT ppdl_create_model('bad', '{"inputs":2,"layers":[{"units":1}]}', ARRAY[1,'NaN'::float8,3])$$);
SELECT outcome($$SELECT ppdl_create_model('bad', '{"inputs":2,"layers":[{"units":1}]}', ARRAY[1,NULL,3])$$);
SELECT outcome($$SELECT ppdl_create_model('bad', '{"inputs":2,"layers":[{"units":1}]}', ARRAY[[1,2,3]])$$);

-- prediction
SELECT ppdl_predict('linear', ARRAY[1,-1]), ppdl_predict('linear@1', '{0,0}'::float8[]), ppdl_predict('linear', NULL::float8[]);
SELECT ppdl_predict('linear', '{1,-1}'), ppdl_predict('linear', NULL::text) IS NULL AS null, outcome($$SELECT ppdl_predict('linear', '{1;2}')$$);
SELECT ppdl_predict_agg('linear', x ORDER BY i)
	FROM (VALUES (1, '{1,0}'::float8[]), (2, NULL), (3, '{0,1}')) v(i, x);
SELECT ppdl_predict_agg('linear', NULL::float8[]), ppdl_predict_agg('linear', '{1,1}'::float8[]) FILTER (WHERE false);
SELECT outcome(format('SELECT ppdl_predict(%L, %L::float8[])', name, x)) FROM (VALUES
	('linear', '{1}'),
	('linear', '{1,2,3}'),
	('linear', '{{1,2}}'),
	('linear', '{1,NULL}'),
	('linear', '{1,Infinity}'),
	('linear@2', '{1,2}'),
	('linear@0', '{1,2}'),
	('linear@x', '{1,2}'),
	('linear@99999999999', '{1,2}'),
	('rings', '{1,2}'),
	('nobody', '{1,2}')) v(name, x);
SELECT outcome($$SELECT ppdl_predict_agg(m, '{1,2}'::float8[]) FROM unnest(ARRAY['linear', 'copy']) m$$);
SELECT outcome($$SELECT ppdl_predict_agg(NULL, '{1,2}'::float8[])$$);

-- training: a ring against its centre
CREATE TABLE rings AS
	SELECT i, ARRAY[r * cos(i), r * sin(i)] AS x, CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END AS y
	FROM generate_series(1, 600) i, LATERAL (SELECT CASE WHEN i % 2 = 0 THEN 0.8 ELSE 0.2 END) s(r);
SELECT ppdl_train('rings', x, y, '{"steps":200,"batch":64,"learning_rate":0.1,"init_scale":0.5}') FROM rings;
SELECT count(*) FILTER (WHERE ((ppdl_predict('rings', x))[1] > 0) = (y > 0)) AS right FROM rings;
SELECT version, weights IS NULL AS untrained, trained - 'seconds' - 'loss' AS trained, (trained->>'loss')::float8 < 0.01 AS converged, (trained->>'seconds')::float8 >= 0 AS timed
	FROM ppdl_models WHERE name = 'rings' ORDER BY version;
-- the same again is the same; another seed is not
SELECT ppdl_train('rings@1', x, y, '{"steps":200,"batch":64,"learning_rate":0.1,"init_scale":0.5}' ORDER BY i) FROM rings;
SELECT ppdl_train('rings', x, y, '{"steps":200,"batch":64,"learning_rate":0.1,"init_scale":0.5,"seed":2}' ORDER BY i) FROM rings;
SELECT ppdl_model_weights('rings@2') = ppdl_model_weights('rings@3') AS same, ppdl_model_weights('rings@3') = ppdl_model_weights('rings@4') AS seed;
-- no steps to speak of: the first weights follow from the seed alone
SELECT ppdl_train('rings', x, y, '{"steps":1,"learning_rate":1e-12,"init_scale":0.5}') FROM rings;
SELECT rounded(ppdl_model_weights('rings@5'));
-- NULLs are left out; several outputs; a model a group
SELECT ppdl_train('linear', CASE WHEN i % 3 > 0 THEN x END, CASE WHEN i % 5 > 0 THEN ARRAY[y, -y] END, '{"epochs":2,"batch":100}') FROM rings;
SELECT trained->'rows' AS rows, trained->'skipped' AS skipped, trained->'steps' AS steps FROM ppdl_models WHERE name = 'linear' AND version = 2;
SELECT ppdl_train('rings', x, y::float8) AS ref FROM rings GROUP BY i % 2 ORDER BY ref;
-- biases that a network must not have: refused where it is made, and where 0.1.0 left one
SELECT outcome($$SELECT ppdl_create_model('unbiased', '{"inputs":2,"bias":false,"layers":[{"units":1}]}', '{1,2,0.5}')$$);
INSERT INTO ppdl_models (name, version, spec, weights) VALUES ('unbiased', 1, '{"inputs":2,"bias":false,"layers":[{"units":1}]}', '{1,2,0.5}');
SELECT outcome($$SELECT ppdl_predict('unbiased', '{1,1}'::float8[])$$);
UPDATE ppdl_models SET spec = spec - 'bias' WHERE name = 'unbiased' AND version = 1;
SELECT ppdl_predict('unbiased', '{1,1}'::float8[]), ppdl_drop_model('unbiased');
-- no number is no prediction
SELECT ppdl_create_model('huge', '{"inputs":2,"layers":[{"units":1}]}', '{1e308,-1e308,0}');
SELECT ppdl_predict('huge', '{1,1}'::float8[]), outcome($$SELECT ppdl_predict('huge', '{10,10}'::float8[])$$), outcome($$SELECT ppdl_predict_agg('huge', '{10,0}'::float8[])$$);
SELECT ppdl_drop_model('huge');
-- training that explodes is never stored, however soon it ends
SELECT steps, outcome(format($$SELECT ppdl_train('rings@1', x, y, '{"learning_rate":20,"steps":%s}' ORDER BY i) FROM rings$$, steps)) ~ '^22003 \| training diverged in step [0-9]+: .*learning_rate' AS diverged
	FROM generate_series(2, 12, 5) steps;

-- a row in the place of another's is not taken for it
BEGIN;
SELECT ppdl_create_model('a', '{"inputs":1,"layers":[{"units":1}]}', '{1,0}'), ppdl_create_model('b', '{"inputs":1,"layers":[{"units":1}]}', '{2,0}');
COMMIT;
SELECT ppdl_predict('a', '{1}'::float8[]), ppdl_drop_model('a');
VACUUM FULL ppdl_models;
SELECT ppdl_predict('b', '{1}'::float8[]), ppdl_drop_model('b');
BEGIN;
CREATE TABLE aside AS SELECT * FROM ppdl_models;
TRUNCATE ppdl_models;
SELECT ppdl_create_model('c', '{"inputs":1,"layers":[{"units":1}]}', '{3,0}');
SELECT ppdl_predict('c', '{1}'::float8[]);
TRUNCATE ppdl_models;
INSERT INTO ppdl_models (name, version, spec, weights) VALUES ('c', 1, '{"inputs":1,"layers":[{"units":1}]}', '{4,0}');
SELECT ppdl_predict('c', '{1}'::float8[]);
ROLLBACK;
-- a call site that goes on under another role asks for that role's rights
CREATE ROLE ppdl_stranger;
DO $$
BEGIN
	FOR i IN 1..2 LOOP
		RAISE NOTICE '%', ppdl_predict('linear@1', ARRAY[1,1]);
		SET ROLE ppdl_stranger;
	END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END $$;
DROP ROLE ppdl_stranger;
-- other people's operators and functions are not called
CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION elsewhere.trap(int, int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION elsewhere.trap(bigint, int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION elsewhere.add(int, int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR elsewhere.= (LEFTARG = text, RIGHTARG = text, FUNCTION = elsewhere.trap);
CREATE OPERATOR elsewhere.= (LEFTARG = int, RIGHTARG = int, FUNCTION = elsewhere.trap);
CREATE OPERATOR elsewhere.= (LEFTARG = bigint, RIGHTARG = int, FUNCTION = elsewhere.trap);
CREATE OPERATOR elsewhere.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = elsewhere.add);
CREATE AGGREGATE elsewhere.max(int) (SFUNC = elsewhere.add, STYPE = int);
CREATE AGGREGATE elsewhere.count(*) (SFUNC = pg_catalog.int8inc, STYPE = bigint, INITCOND = '5');
CREATE DOMAIN elsewhere.text AS pg_catalog.text CHECK (VALUE IS NULL);
CREATE DOMAIN elsewhere.jsonb AS pg_catalog.jsonb CHECK (VALUE IS NULL);
SET search_path = elsewhere, pg_catalog, public;
SELECT ppdl_create_model('path', '{"inputs":1,"layers":[{"units":1}]}', '{5,0}');
SELECT ppdl_train('path', '{1}', 1, '{"steps":1,"learning_rate":0.001}'::pg_catalog.jsonb);
SELECT ppdl_predict('path@1', '{1}'::float8[]), ppdl_drop_model('path');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA elsewhere CASCADE;
RESET client_min_messages;
-- a model that changes within a statement is seen
DO $$
BEGIN
	FOR step IN 1..3 LOOP
		UPDATE ppdl_models SET weights = ARRAY[step,0,0,step,0,0] WHERE name = 'linear' AND version = 2;
		RAISE NOTICE '%', ppdl_predict('linear@2', ARRAY[1,1]);
	END LOOP;
END $$;
SELECT outcome(s) FROM (VALUES
	($$SELECT ppdl_train('nobody', x, y) FROM rings$$),
	($$SELECT ppdl_train('rings', x, ARRAY[y,y]) FROM rings$$),
	($$SELECT ppdl_train('linear', x, y) FROM rings$$),
	($$SELECT ppdl_train('rings', x || 1.0, y) FROM rings$$),
	($$SELECT ppdl_train('rings', x, 2 * y) FROM rings$$),
	($$SELECT ppdl_train('rings', x, 'NaN'::float8) FROM rings$$),
	($$SELECT ppdl_train('rings', NULL::float8[], y) FROM rings$$),
	($$SELECT ppdl_train('rings', x, y, '{"step":1}') FROM rings$$),
	($$SELECT ppdl_train('rings', x, y, '{"steps":1,"epochs":1}') FROM rings$$),
	($$SELECT ppdl_train('rings', x, y, '{"batch":0}') FROM rings$$),
	($$SELECT ppdl_train('rings', x, y, format('{"steps":%s}', i)::jsonb) FROM rings$$),
	($$SELECT ppdl_train('rings', x, y, '{"learning_rate":100}') FROM rings$$)) v(s);
SELECT ppdl_train('rings', x, y) FROM rings WHERE false;

-- a parallel plan collects in pieces
CREATE TABLE many AS SELECT x, y FROM rings, generate_series(1, 10);
ANALYZE many;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0.1; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT ppdl_predict_agg('rings@2', x) FROM many;
SELECT array_length(p, 1) AS rows, (SELECT count(*) FROM unnest(p) o WHERE o > 0) AS positive FROM (SELECT ppdl_predict_agg('rings@2', x) AS p FROM many) s;
EXPLAIN (COSTS OFF) SELECT ppdl_train('rings', x, y) FROM many;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

-- states from anywhere are checked
SELECT outcome(format('SELECT %L::ppdl_rows_state', s)) FROM unnest(ARRAY['', 'AAAA', '*', encode(decode(repeat('01', 200), 'hex'), 'base64')]) s;

-- one content, wherever a query runs: name, version and checksum
SELECT ppdl_create_model('node', '{"inputs":1,"layers":[{"units":1}]}', '{1,0}');
SELECT ppdl_model_pin('node'), ppdl_model_pin('node@1') = ppdl_model_pin('node') AS latest;
SELECT ppdl_model_pin('node') AS pin \gset
SELECT ppdl_predict(:'pin', '{3}'::float8[]), ppdl_predict_agg(:'pin', '{3}'::float8[]);
SELECT ppdl_rows_combine(ppdl_predict_trans(NULL, 'node', '{1}'::float8[]), ppdl_predict_trans(NULL, :'pin', '{2}'::float8[])) AS state \gset
SELECT ppdl_predict_final(:'state'::ppdl_rows_state);
CREATE TABLE states AS SELECT ppdl_predict_trans(NULL, 'node', '{1}'::float8[]) AS s;
-- another node has these weights as another version, or others as this one
UPDATE ppdl_models SET weights = '{2,0}' WHERE name = 'node';
INSERT INTO states SELECT ppdl_predict_trans(NULL, 'node', '{1}'::float8[]);
UPDATE ppdl_models SET weights = '{1,0}', version = 2 WHERE name = 'node';
INSERT INTO states SELECT ppdl_predict_trans(NULL, 'node', '{1}'::float8[]);
SELECT outcome(format('SELECT ppdl_rows_combine(%L, %L)', a.s, b.s)) FROM states a, states b WHERE a.s::text <> b.s::text ORDER BY a.ctid, b.ctid;
SELECT outcome(format($$SELECT ppdl_predict(%L, '{1}'::float8[])$$, m)) FROM unnest(ARRAY[:'pin', 'node@2#0123456789abcdef', 'node@2#', 'node#' || split_part(ppdl_model_pin('node'), '#', 2), 'node@2#x#']) m;
-- a name without version where nodes may differ
SET ppdl.require_version = on;
SELECT outcome(format($$SELECT ppdl_predict(%L, '{1}'::float8[])$$, m)) FROM unnest(ARRAY['node', 'node@2', ppdl_model_pin('node')]) m;
SELECT outcome($$SELECT ppdl_predict_agg('node', '{1}'::float8[])$$), outcome($$SELECT ppdl_train('node', '{1}'::float8[], 1)$$);
RESET ppdl.require_version;
SET application_name = 'citus_internal gpid=10000000001';
SELECT outcome($$SELECT ppdl_predict('node', '{1}'::float8[])$$), outcome($$SELECT ppdl_predict('node@2', '{1}'::float8[])$$);
RESET application_name;
-- names without a collation
SELECT ppdl_model_pin('node')::ppdl_model::text = ppdl_model_pin('node') AS same, ppdl_model_send('node@2') = 'node@2'::bytea AS binary, pg_column_size('node'::ppdl_model) AS bytes,
	ppdl_predict_agg('node'::ppdl_model, '{3}'::float8[]) AS of_name, ppdl_predict_agg(ppdl_model_pin('node')::ppdl_model, '{3}'::float8[]) AS of_pin;
SELECT outcome(format('SELECT %L::ppdl_model', m)) FROM unnest(ARRAY['no such@7', 'other@7', 'node@0', 'node@2#01', 'node@2#0123456789abcdeg', 'node#0123456789abcdef', '']) m;
SELECT outcome($$SELECT ppdl_predict_agg('other@7'::ppdl_model, '{3}'::float8[])$$), outcome($$SELECT ppdl_predict_agg(NULL::ppdl_model, '{3}'::float8[])$$);
DROP TABLE states;
SELECT ppdl_drop_model('node');

-- images: convolution and pooling; weights by filter, row of the kernel, then biases
SELECT ppdl_create_model('edges', '{"inputs":9,"layers":[{"conv2d":{"filters":2,"kernel":2},"activation":"square"},{"pool":"average","size":2},{"units":1}]}', '{1,-1,1,-1,1,1,-1,-1,0,0.5,1,-1,0}');
SELECT spec FROM ppdl_models WHERE name = 'edges';
SELECT ppdl_model_weights('edges'), ppdl_model_levels('edges');
-- stripes along and across, a plain
SELECT ppdl_predict_agg('edges', x ORDER BY i) FROM (VALUES (1, '{1,0,1,1,0,1,1,0,1}'::float8[]), (2, '{1,1,1,0,0,0,1,1,1}'), (3, '{1,1,1,1,1,1,1,1,1}')) v(i, x);
SELECT outcome(format('SELECT ppdl_create_model(%L, %L, %L::float8[])', 'bad', spec, weights)) FROM (VALUES
	('{"inputs":8,"layers":[{"conv2d":{"filters":2,"kernel":2}}]}', NULL),
	('{"inputs":8,"shape":[3,3],"layers":[{"conv2d":{"filters":2,"kernel":2}}]}', NULL),
	('{"inputs":8,"shape":[2,4],"layers":[{"units":1}]}', NULL),
	('{"inputs":8,"shape":[2,4],"layers":[{"conv2d":{"filters":2,"kernel":3}},{"units":1}]}', NULL),
	('{"inputs":8,"shape":[2,4],"layers":[{"conv2d":{"filters":2,"kernel":2,"padding":"same"}},{"units":1}]}', NULL),
	('{"inputs":8,"layers":[{"units":2},{"pool":"average","size":2}]}', NULL),
	('{"inputs":8,"shape":[2,4],"layers":[{"pool":"max","size":2},{"units":2}]}', NULL),
	('{"inputs":8,"shape":[2,4],"layers":[{"conv2d":{"filters":1,"kernel":2}}]}', '{1,2,3,4}'),
	('{"inputs":8,"shape":[2,4],"layers":[{"conv2d":{"filters":1,"kernel":2}}]}', '{1,2,3,NaN,5}')) v(spec, weights);
SELECT ppdl_create_model('stripes', '{"inputs":36,"layers":[{"conv2d":{"filters":3,"kernel":2},"activation":"quadratic"},{"pool":"average","size":5},{"units":1}]}');
CREATE TABLE stripes AS SELECT i, ARRAY(SELECT 0.7 * sin(2 * (CASE WHEN i % 2 = 0 THEN p % 6 ELSE p / 6 END) + i) FROM generate_series(0, 35) p ORDER BY p) AS x, i % 2 * 2 - 1 AS y
	FROM generate_series(1, 300) i;
SELECT ppdl_train('stripes', x, y::float8, '{"steps":100,"batch":64,"learning_rate":0.1,"init_scale":1}' ORDER BY i) FROM stripes WHERE i <= 200;
SELECT count(*) FILTER (WHERE ((ppdl_predict('stripes', x))[1] > 0) = (y > 0)) AS right FROM stripes WHERE i > 200;
SELECT array_length(ppdl_model_weights('stripes'), 1) AS weights, ppdl_drop_model('stripes'), ppdl_drop_model('edges');
DROP TABLE stripes;

-- removing
SELECT ppdl_drop_model('rings@5'), ppdl_drop_model('acts');
SELECT outcome($$SELECT ppdl_drop_model('acts')$$), outcome($$SELECT ppdl_drop_model('rings@5')$$), outcome($$SELECT ppdl_predict('rings@5', ARRAY[1,2])$$);
SELECT name, version FROM ppdl_models ORDER BY name, version;

-- rights are those to the table
CREATE ROLE ppdl_reader;
GRANT SELECT ON rings TO ppdl_reader;
SET ROLE ppdl_reader;
SELECT outcome($$SELECT ppdl_predict('linear', ARRAY[1,2])$$);
RESET ROLE;
GRANT SELECT ON ppdl_models TO ppdl_reader;
SET ROLE ppdl_reader;
SELECT ppdl_predict('linear@1', ARRAY[1,2]);
SELECT outcome($$SELECT ppdl_train('rings', x, y) FROM rings$$), outcome($$SELECT ppdl_drop_model('rings')$$);
RESET ROLE;
REVOKE ALL ON ppdl_models, rings FROM ppdl_reader;
DROP ROLE ppdl_reader;
SELECT ppdl_drop_model('rings'), ppdl_drop_model('linear');
DROP TABLE rings, many;

-- what a name without version means: the first version with weights, until it is said otherwise
SELECT ppdl_create_model('means', '{"inputs":1,"layers":[{"units":1}]}');
INSERT INTO ppdl_models (name, version, spec, weights) VALUES ('means', 2, '{"inputs":1,"layers":[{"units":1}]}', '{2,0}');
SELECT ppdl_predict('means', ARRAY[1]), ppdl_model_pin('means') LIKE 'means@2#%' AS latest;
SELECT ppdl_train('means', ARRAY[i / 3.0], i / 3.0, '{"steps":1}') FROM generate_series(-3, 3) i;
SELECT ppdl_train('means', ARRAY[i / 3.0], i / 3.0, '{"steps":2}') FROM generate_series(-3, 3) i;
SELECT name, version, is_default, weights, network, levels, trained_rows, trained_steps FROM ppdl_model_info WHERE name = 'means' ORDER BY version;
SELECT ppdl_set_default_model('means@2');
SELECT ppdl_predict('means', ARRAY[1]);
SELECT ppdl_set_default_model('means@4');
SELECT ppdl_predict('means', ARRAY[1]) = ppdl_predict('means@4', ARRAY[1]) AS four;
SELECT string_agg(version::text, ',') FROM ppdl_models WHERE name = 'means' AND is_default;
SELECT outcome(format('SELECT ppdl_set_default_model(%L)', m)) FROM unnest(ARRAY['means', 'means@1', 'means@9', 'nobody@1', 'a b@1']) m;
SELECT outcome($$SELECT ppdl_drop_model('means@4')$$), outcome($$SELECT ppdl_drop_model('means@3')$$), outcome($$UPDATE ppdl_models SET is_default = true WHERE name = 'means'$$);
SELECT ppdl_spec_text(s), ppdl_spec_levels(s) FROM (VALUES ('{"inputs":4,"layers":[{"units":8,"activation":"quadratic"},{"units":3,"activation":{"name":"tanh","degree":7,"interval":[-2,2]}}]}'::jsonb)) v(s);
SELECT outcome($$SELECT ppdl_spec_levels('{"inputs":0}')$$);
-- others see of the view what they may read of the table
CREATE ROLE ppdl_stranger;
SET ROLE ppdl_stranger;
SELECT outcome('SELECT * FROM ppdl_model_info'), outcome($$SELECT ppdl_set_default_model('means@2')$$);
RESET ROLE;
DROP ROLE ppdl_stranger;
SELECT ppdl_drop_model('means');
DROP FUNCTION outcome, rounded;
