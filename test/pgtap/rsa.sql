-- rsa_cipher: what the catalogue says of it, what a user without rights can do, and random arithmetic
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\set ON_ERROR_STOP true
BEGIN;
SELECT plan(27);

-- ---- the catalogue
SELECT has_type('rsa_cipher');
SELECT is(typalign::text || typstorage::text, 'de', 'rsa_cipher is aligned to doubles and stored out of line uncompressed')
FROM pg_type WHERE typname = 'rsa_cipher';
SELECT has_operator('rsa_cipher', '*', 'rsa_cipher');
SELECT has_operator('rsa_cipher', '+', 'rsa_cipher');
SELECT has_operator('rsa_cipher', '^', 'bigint');
SELECT is_empty($$
	SELECT oprname FROM pg_operator WHERE (oprleft = 'rsa_cipher'::regtype OR oprright = 'rsa_cipher'::regtype) AND oprresult = 'bool'::regtype AND oprname <> '*='
$$, 'no operator compares ciphertexts but by their bytes');
SELECT is_empty($$
	SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'ppdl'
	WHERE (p.proname LIKE '%rsa%' OR p.proargtypes::oid[] && ARRAY['rsa_cipher'::regtype, 'rsa_cipher[]'::regtype]::oid[])
		AND obj_description(p.oid, 'pg_proc') IS NULL
$$, 'every function has a comment');
SELECT is_empty($$
	SELECT proname FROM pg_proc WHERE proname ~ '^rsa_' AND proname !~ 'keygen|decrypt' AND proparallel <> 's'
$$, 'everything but the owner''s functions is parallel safe');
SELECT is_empty($$
	SELECT a.aggfnoid FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
	WHERE (p.proname IN ('rsa_sum', 'rsa_product') OR p.proname = 'ppdl_predict_agg' AND p.proargtypes::oid[] && ARRAY['rsa_cipher[]'::regtype]::oid[])
		AND (a.aggcombinefn = 0 OR a.aggtranstype = 'internal'::regtype OR p.proparallel <> 's')
$$, 'aggregates combine, in parallel, with a state that travels');
SELECT is_empty($$
	SELECT proname FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
	WHERE proname IN ('rsa_keygen', 'rsa_decrypt', 'rsa_decrypt_prediction') AND a.grantee = 0
$$, 'the owner''s functions are not for everybody');

-- ---- a key, made once for tests
\set key `cat test/data/rsa-test.key`
\set public `cat test/data/rsa-test.pub`
SELECT left(encode(sha256(decode(regexp_replace(:'public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16) AS key_id \gset
SELECT ok(ppdl_publish_part(:'key_id', 'tap-rsa', 'rsa', 'RSA, 3072 bits', 'public', 0, length(:'public'), sha256(:'public'::bytea), :'public'::bytea),
	'the public key is published');
SELECT is(ppdl_key_uses('tap-rsa'), '{product,sum,predict}', 'it serves products, sums and predictions');
SELECT is(rsa_key_id(rsa_encrypt('tap-rsa', 1)), :'key_id', 'values carry its fingerprint');
SELECT set_config('tap.key', :'key', true) IS NOT NULL AS set \gset
CREATE FUNCTION opened(rsa_cipher) RETURNS numeric LANGUAGE sql AS $$SELECT rsa_decrypt($1, current_setting('tap.key'), 'test-only')$$;

SELECT throws_ok('SELECT opened(rsa_encrypt(''tap-rsa'', 5))', '42501', NULL, 'nothing is decrypted while owner mode is off');
SET LOCAL ppdl.owner_mode = on;
CREATE AGGREGATE times(numeric) (SFUNC = numeric_mul, STYPE = numeric);

-- ---- random arithmetic against numeric
SELECT setseed(0.5);
CREATE TEMP TABLE numbers AS SELECT id, 1 + floor(random() * 1000)::int AS m, floor(random() * 11)::int AS q FROM generate_series(1, 60) id;
CREATE TEMP TABLE ciphers AS SELECT id, m, q, rsa_encrypt('tap-rsa', m, max_value => 1000) AS p, rsa_encrypt('tap-rsa', q, 'exponent', 10) AS e FROM numbers;
SELECT is((SELECT count(*) FROM ciphers a JOIN ciphers b ON b.id = a.id + 1 WHERE opened(a.p * b.p) = a.m * b.m), 59::bigint, 'products of two');
SELECT is((SELECT count(*) FROM ciphers a JOIN ciphers b ON b.id = a.id + 1 WHERE opened(a.e + b.e) = a.q + b.q), 59::bigint, 'sums of two');
SELECT is((SELECT count(*) FROM ciphers WHERE opened(p ^ (id % 5)) = m::numeric ^ (id % 5)), 60::bigint, 'powers');
SELECT is((SELECT count(*) FROM ciphers WHERE opened(e ^ (id % 12)) = q * (id % 12)), 60::bigint, 'multiples');
SELECT is((SELECT count(*) FROM (SELECT opened(rsa_sum(e)) = sum(q) AS same FROM ciphers GROUP BY id % 7) g WHERE same), 7::bigint, 'sums of groups');
SELECT is((SELECT count(*) FROM (SELECT opened(rsa_product(p)) = times(m) AS same FROM ciphers WHERE id <= 12 GROUP BY id % 6) g WHERE same),
	6::bigint, 'products of groups');
SELECT is((SELECT opened(rsa_sum(e)) FROM ciphers), (SELECT sum(q)::numeric FROM numbers), 'the sum of all, in several parts');
SELECT cmp_ok((SELECT rsa_parts(rsa_sum(e)) FROM ciphers), '>', 1, 'which one modulus does not hold');
SELECT throws_ok('SELECT rsa_product(p) FROM ciphers, generate_series(1, 6)', '22003', NULL, 'a product that could wrap is refused');

-- ---- somebody without rights
CREATE ROLE tap_nobody;
GRANT SELECT ON ciphers TO tap_nobody;
SET LOCAL ROLE tap_nobody;
SELECT throws_ok('SET ppdl.owner_mode = on', '42501', NULL, 'owner mode is not for everybody');
SELECT throws_ok('SELECT rsa_keygen(''mine'', ''secret words'')', '42501', NULL, 'nor are its functions');
SELECT lives_ok('SELECT rsa_encrypt(''tap-rsa'', 3) * rsa_encrypt(''tap-rsa'', 4)', 'everybody encrypts and multiplies');
SELECT lives_ok('SELECT rsa_sum(e) FROM ciphers', 'and sums what he may read');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
