-- models, training and prediction as the catalogue shows them, and their errors
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
BEGIN;
SELECT plan(38);

-- the table
SELECT has_table('ppdl_models');
SELECT columns_are('ppdl_models', ARRAY['name', 'version', 'spec', 'weights', 'cipher', 'key_id', 'trained', 'created', 'owner', 'is_default', 'comment']);
SELECT col_is_pk('ppdl_models', ARRAY['name', 'version']);
SELECT ok('ppdl_models'::regclass = ANY ((SELECT extconfig FROM pg_extension WHERE extname = 'ppdl')::oid[]), 'pg_dump carries models');
SELECT ok(NOT has_table_privilege('public', 'ppdl_models', 'SELECT'), 'models are not everybody''s to read');

-- the functions
SELECT has_function('ppdl_create_model', ARRAY['text', 'jsonb', 'double precision[]']);
SELECT volatility_is('ppdl_create_model', ARRAY['text', 'jsonb', 'double precision[]'], 'volatile');
SELECT volatility_is('ppdl_predict', ARRAY['text', 'double precision[]'], 'stable');
SELECT volatility_is('ppdl_predict', ARRAY['text', 'lwe_cipher'], 'stable');
SELECT ok(proparallel = 's', 'prediction may run in parallel workers: ' || oid::regprocedure) FROM pg_proc
WHERE oid IN ('ppdl_predict(text, float8[])'::regprocedure, 'ppdl_predict(text, lwe_cipher)'::regprocedure,
	'ppdl_predict_agg(text, float8[])'::regprocedure, 'ppdl_predict_agg(text, lwe_cipher)'::regprocedure) ORDER BY oid;
SELECT ok(proparallel = 'u', 'training stays in one process: ' || oid::regprocedure) FROM pg_proc
WHERE proname = 'ppdl_train' AND proargtypes[1] = 'float8[]'::regtype ORDER BY oid;
SELECT ok(bool_and(aggcombinefn <> 0 AND aggtranstype <> 'internal'::regtype), 'aggregates combine and have concrete states')
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE proname IN ('ppdl_predict_agg', 'ppdl_train');
SELECT ok((SELECT typreceive <> 0 AND typsend <> 0 FROM pg_type WHERE oid = 'ppdl_rows_state'::regtype), 'the state has binary forms');

-- models and versions
SELECT is(ppdl_create_model('tap', '{"inputs":3,"layers":[{"units":4,"activation":"square"},{"units":1}]}'), 'tap@1', 'a new model is version 1');
SELECT results_eq('SELECT needed, available FROM ppdl_model_levels(''tap'')', 'VALUES (4, 7)', 'levels of one hidden layer');
SELECT is(ppdl_train('tap', ARRAY[sin(i), cos(i), 1], sign(sin(i)), '{"steps":5}'), 'tap@2', 'training stores the next version') FROM generate_series(1, 300) i;
SELECT is((SELECT owner FROM ppdl_models WHERE name = 'tap' AND version = 2), current_user::name, 'who trained it is noted');
SELECT is(array_length(ppdl_model_weights('tap'), 1), 4 * 4 + 5, 'all its weights');
SELECT is(ppdl_predict('tap', '{0.1,0.2,0.3}'::float8[]), ppdl_predict('tap@2', '{0.1,0.2,0.3}'::float8[]), 'a name alone is the first version with weights');
SELECT is((ppdl_predict_agg('tap', ARRAY[i, 0, 1]::float8[] ORDER BY i))[3:3][1:1], ARRAY[ppdl_predict('tap', '{3,0,1}'::float8[])], 'the aggregate keeps the order') FROM generate_series(1, 5) i;
SELECT is(ppdl_drop_model('tap@1'), 1, 'one version goes');
SELECT is(ppdl_train('tap', ARRAY[sin(i), cos(i), 1], sign(sin(i))), 'tap@3', 'the next version follows the highest') FROM generate_series(1, 300) i;

-- errors
SELECT throws_ok('SELECT ppdl_create_model(''tap'', ''{"inputs":3,"layers":[{"units":1}]}'')', '42710', NULL, 'a model twice');
SELECT throws_ok('SELECT ppdl_create_model(''a b'', ''{"inputs":3,"layers":[{"units":1}]}'')', '22023', NULL, 'a bad name');
SELECT throws_ok('SELECT ppdl_create_model(''x'', ''{"layers":[{"units":1}]}'')', '22000', NULL, 'a bad specification');
SELECT throws_ok('SELECT ppdl_predict(''nobody'', ''{1}''::float8[])', '42704', NULL, 'an unknown model');
SELECT throws_ok('SELECT ppdl_predict(''tap'', ''{1,2}''::float8[])', '2202E', NULL, 'too few features');
SELECT throws_ok('SELECT ppdl_predict(''tap@1'', ''{1,2,3}''::float8[])', '42704', NULL, 'a version that was dropped');
SELECT throws_ok('SELECT ppdl_drop_model(''nobody'')', '42704', NULL, 'dropping an unknown model');
SELECT throws_ok('INSERT INTO ppdl_models (name, version, spec) VALUES (''x@1'', 1, ''{}'')', '23514', NULL, 'the table refuses names that functions could not find');
SELECT throws_ok('INSERT INTO ppdl_models (name, version, spec) VALUES (''x'', 0, ''{}'')', '23514', NULL, 'the table refuses versions below 1');
-- a row made by hand is checked when it is used
INSERT INTO ppdl_models (name, version, spec, weights) VALUES ('hand', 1, '{"inputs":2,"layers":[{"units":1}]}', '{1,2}');
SELECT throws_ok('SELECT ppdl_predict(''hand'', ''{1,2}''::float8[])', '2202E', NULL, 'a model with too few weights');

SELECT * FROM finish();
ROLLBACK;
