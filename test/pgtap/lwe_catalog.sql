-- lwe_cipher and keys as the catalogue shows them
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
BEGIN;
SELECT plan(45);

CREATE TEMP VIEW ours AS
	SELECT classid, objid FROM pg_depend
	WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'ppdl') AND deptype = 'e';

-- the type
SELECT has_type('lwe_cipher');
SELECT is((SELECT (typalign, typstorage, typlen, typbyval)::text FROM pg_type WHERE oid = 'lwe_cipher'::regtype), '(d,e,-1,f)', 'aligned as double, stored outside without compression');
SELECT ok((SELECT typreceive <> 0 AND typsend <> 0 AND typmodin <> 0 AND typmodout <> 0 FROM pg_type WHERE oid = 'lwe_cipher'::regtype), 'has binary forms and typmods');
SELECT is(format_type('lwe_cipher'::regtype, 16), 'lwe_cipher(16)', 'typmod is shown');
SELECT is((SELECT string_agg(amname, ' ') FROM pg_opclass JOIN pg_am a ON a.oid = opcmethod WHERE opcintype = 'lwe_cipher'::regtype), 'hash', 'no operator class but that of bytewise equality: no order');
SELECT is((SELECT string_agg(oid::regoperator::text, ' ') FROM pg_operator WHERE 'lwe_cipher'::regtype IN (oprleft, oprright) AND oprresult = 'bool'::regtype), '*=(lwe_cipher,lwe_cipher)', 'no operator compares but that of bytes');
SELECT is((SELECT count(*) FROM pg_operator WHERE oprname IN ('=', '<>', '<', '>') AND oprleft IN ('lwe_cipher'::regtype, 'rsa_cipher'::regtype)), 0::bigint, 'and it is not called =');
SELECT is((SELECT count(*) FROM pg_cast WHERE 'lwe_cipher'::regtype IN (castsource, casttarget) AND castsource <> casttarget), 0::bigint, 'no cast leads out of the type');

-- aggregates travel
SELECT ok(aggcombinefn <> 0 AND aggfinalfn <> 0 AND aggtranstype <> 'internal'::regtype AND proparallel = 's', name || ' combines, is parallel safe, has a concrete state')
FROM unnest(ARRAY['sum(lwe_cipher)', 'avg(lwe_cipher)', 'lwe_pack(lwe_cipher)', 'lwe_gram(lwe_cipher)', 'lwe_receipt(lwe_cipher)', 'sum_where(lwe_cipher,text)', 'sum_where(lwe_cipher,text,lwe_cipher)']) name, pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
WHERE a.aggfnoid = name::regprocedure;
SELECT is((SELECT string_agg(aggfinalmodify::text, '' ORDER BY proname) FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE p.oid IN ('sum(lwe_cipher)'::regprocedure, 'avg(lwe_cipher)'::regprocedure)), 'rr', 'sum and avg share a state that their final functions leave alone');
SELECT ok((SELECT bool_and(typreceive <> 0 AND typsend <> 0) FROM pg_type WHERE oid IN ('lwe_sum_state'::regtype, 'lwe_pack_state'::regtype, 'lwe_gram_state'::regtype, 'lwe_where_state'::regtype, 'lwe_receipt_state'::regtype)), 'states have binary forms');

-- everything is commented
SELECT is_empty($$ SELECT objid::regprocedure FROM ours WHERE classid = 'pg_proc'::regclass AND obj_description(objid, 'pg_proc') IS NULL $$, 'functions and aggregates are commented');
SELECT is_empty($$ SELECT objid::regtype FROM ours JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass AND typtype = 'b' AND typelem = 0 AND obj_description(objid, 'pg_type') IS NULL $$, 'types are commented');
SELECT is_empty($$ SELECT objid::regoperator FROM ours WHERE classid = 'pg_operator'::regclass AND obj_description(objid, 'pg_operator') IS NULL $$, 'operators are commented');
SELECT is_empty($$ SELECT objid::regclass FROM ours JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass AND relkind IN ('r', 'v') AND obj_description(objid, 'pg_class') IS NULL $$, 'tables and views are commented');
SELECT is_empty($$ SELECT c.oid::regclass, attname FROM ours JOIN pg_class c ON c.oid = objid JOIN pg_attribute a ON attrelid = c.oid WHERE classid = 'pg_class'::regclass AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND col_description(c.oid, attnum) IS NULL $$, 'columns are commented');

-- functions say what they are
SELECT is_empty($$ SELECT objid::regprocedure FROM ours JOIN pg_proc p ON p.oid = objid JOIN pg_language l ON l.oid = prolang WHERE classid = 'pg_proc'::regclass AND lanname = 'c' AND proname ~ '^lwe_(decrypt|encrypt|keygen)' AND provolatile = 'i' $$, 'nothing that reads keys or draws randomness is immutable');
SELECT volatility_is('lwe_encrypt', ARRAY['text', 'double precision[]', 'boolean'], 'volatile');
SELECT is((SELECT string_agg(provolatile::text || proparallel::text || proisstrict::text, ' ' ORDER BY proname) FROM pg_proc WHERE oid IN ('lwe_add(lwe_cipher, lwe_cipher)'::regprocedure, 'lwe_neg(lwe_cipher)'::regprocedure, 'lwe_key_id(lwe_cipher)'::regprocedure)), 'sstrue istrue istrue', 'arithmetic and accessors are parallel safe and strict, and immutable where they need no keys');
SELECT is_empty($$ SELECT objid::regprocedure FROM ours JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass AND prosecdef $$, 'nothing runs with its owner''s rights');

-- privileges
SELECT ok(NOT has_function_privilege('public', f, 'EXECUTE'), f || ' is not for everybody')
FROM unnest(ARRAY['lwe_keygen(text, text, text)', 'lwe_encrypt(text, double precision[], text, boolean)', 'lwe_decrypt(lwe_cipher, text, text)', 'ppdl_cache_clear(text)', 'ppdl_cache_warm(text, text)', 'ppdl_key_guard()', 'ppdl_writer_guard()']) f;
SELECT ok(has_table_privilege('public', t, 'SELECT') AND NOT has_table_privilege('public', t, 'INSERT, UPDATE, DELETE, TRUNCATE'), t || ' is for reading')
FROM unnest(ARRAY['ppdl_keys', 'ppdl_key_parts', 'ppdl_writers']) t;
SELECT ok(has_table_privilege('public', t, 'SELECT'), t || ' can be read') FROM unnest(ARRAY['ppdl_key_info', 'ppdl_key_part_info', 'ppdl_key_use_info', 'ppdl_writer_info']) t;

-- pg_dump carries the keys
SELECT bag_has($$ SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'ppdl' $$, $$ VALUES ('ppdl_keys'), ('ppdl_key_parts'), ('ppdl_writers') $$, 'keys are dumped');
SELECT is((SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'ppdl_key_parts'::regclass AND attname = 'data'), 'e', 'chunks are not compressed');
SELECT col_is_pk('ppdl_key_parts', ARRAY['key_id', 'part', 'chunk']);
SELECT col_is_fk('ppdl_key_parts', ARRAY['key_id']);
SELECT throws_ok($$ INSERT INTO ppdl_keys (key_id, name, scheme) VALUES ('XYZ', 'a', 'lwe') $$, '23514');

SELECT * FROM finish();
ROLLBACK;
