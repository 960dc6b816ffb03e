--
-- rsa_product, rsa_sum
--
SET ppdl.owner_mode = on;
-- a key made once for tests: the owner's two files
\getenv dir PG_ABS_SRCDIR
\set file :dir '/test/data/rsa-test.key'
\set key `cat :'file'`
\set file :dir '/test/data/rsa-test.pub'
\set public `cat :'file'`
SELECT left(encode(sha256(decode(regexp_replace(:'public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16) AS key_id \gset
SELECT ppdl_publish_part(:'key_id', 'rsa_agg', 'rsa', 'RSA, 3072 bits', 'public', 0, length(:'public'), sha256(:'public'::bytea), :'public'::bytea) AS published;
-- statistics of a training set: who is in a class, by a plain column
CREATE TABLE a AS
	SELECT id, CASE WHEN id % 5 < 2 THEN 'north' ELSE 'south' END AS region, (id % 3 = 0)::int AS ill, id % 4 AS score
	FROM generate_series(1, 600) id;
ALTER TABLE a ADD ill_c rsa_cipher, ADD score_c rsa_cipher, ADD factor_c rsa_cipher;
UPDATE a SET ill_c = rsa_encrypt('rsa_agg', ill, 'exponent', 1),
	score_c = CASE WHEN id % 50 <> 0 THEN rsa_encrypt('rsa_agg', score, 'exponent', 3, randomise => false) END,
	factor_c = rsa_encrypt('rsa_agg', 1 + score % 2, max_value => 2);
SELECT region, count(*), sum(ill) AS ill, rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only') AS ill_encrypted
FROM a GROUP BY region ORDER BY region;
SELECT sum(score) FILTER (WHERE id % 50 <> 0), rsa_decrypt(rsa_sum(score_c), :'key', 'test-only') AS encrypted, rsa_parts(rsa_sum(score_c)) FROM a;
SELECT region, 2::numeric ^ sum(score % 2) = rsa_decrypt(rsa_product(factor_c), :'key', 'test-only') AS same, rsa_parts(rsa_product(factor_c)), rsa_bound(rsa_product(factor_c))
FROM a GROUP BY region ORDER BY region;
-- sums of sums, and of stored sums
CREATE TABLE stored AS SELECT region, rsa_sum(ill_c) AS c FROM a GROUP BY region;
SELECT rsa_decrypt(rsa_sum(c), :'key', 'test-only'), (SELECT sum(ill) FROM a) FROM stored;
-- nothing, and NULL alone
SELECT rsa_sum(ill_c) IS NULL AS sum, rsa_product(factor_c) IS NULL AS product FROM a WHERE false;
SELECT rsa_sum(score_c) IS NULL AS sum FROM a WHERE id % 50 = 0;
-- one row; a window; one state for two aggregates
SELECT rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only') FROM a WHERE id = 3;
SELECT id, rsa_decrypt(rsa_sum(ill_c) OVER (ORDER BY id), :'key', 'test-only'), sum(ill) OVER (ORDER BY id) FROM a WHERE id < 10 ORDER BY id;
SELECT rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only') = rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only') AS same FROM a WHERE id <= 50;

-- in parallel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ANALYZE a;
EXPLAIN (COSTS off) SELECT rsa_sum(ill_c), rsa_product(factor_c) FROM a WHERE id < 300;
SELECT rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only'), rsa_decrypt(rsa_product(factor_c), :'key', 'test-only') = 2::numeric ^ sum(score % 2) AS product FROM a WHERE id < 300;
SELECT region, rsa_decrypt(rsa_sum(ill_c), :'key', 'test-only') FROM a GROUP BY region ORDER BY region;
RESET max_parallel_workers_per_gather;

-- a product that could pass the modulus; its bound is in the message
SELECT rsa_decrypt(rsa_product(rsa_encrypt('rsa_agg', 2)), :'key', 'test-only') = 2::numeric ^ 95 AS fits FROM generate_series(1, 95);
\set VERBOSITY sqlstate
SELECT rsa_product(rsa_encrypt('rsa_agg', 2)) FROM generate_series(1, 96);
-- mixtures of encodings and scales
SELECT rsa_sum(c) FROM (VALUES (rsa_encrypt('rsa_agg', 1, 'exponent')), (rsa_encrypt('rsa_agg', 1))) v(c);
SELECT rsa_product(rsa_encrypt('rsa_agg', 1, 'exponent'));
SELECT rsa_sum(c) FROM (SELECT unnest(rsa_encrypt_features('rsa_agg', '{0.5}', b)) AS c FROM generate_series(4, 5) b) v;
\set VERBOSITY default
-- values in [-1, 1] sum up, too: 3 times -1, once 0.4 rounded to a seventh
SELECT rsa_decrypt(rsa_sum(c), :'key', 'test-only') FROM unnest(rsa_encrypt_features('rsa_agg', '{-1,-1,-1,0.4}')) c;
DROP TABLE a, stored;
SELECT ppdl_drop_key('rsa_agg');
