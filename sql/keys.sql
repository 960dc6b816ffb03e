--
-- public keys on the server
--
SET ppdl.owner_mode = on;
SELECT lwe_keygen('clinic', 'secret') AS key \gset
SELECT lwe_keygen('other', 'secret') AS other \gset
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'),
					 nullif(regexp_replace(detail, '[0-9a-f]{16}', '<id>', 'g'), ''));
END $$;
SELECT key_id FROM ppdl_keys WHERE name = 'clinic' \gset
-- what is there and what it is good for
SELECT name, scheme, uses, parts, bytes BETWEEN 600000 AND 700000 AS size, complete, comment FROM ppdl_key_info WHERE name IN ('clinic', 'other') ORDER BY name;
SELECT p.part, p.chunks, p.complete, p.sha256 = sha256(d.data) AS hash FROM ppdl_key_part_info p JOIN ppdl_key_parts d USING (key_id, part) JOIN ppdl_keys k USING (key_id) WHERE k.name = 'clinic';
SELECT ppdl_key_uses('clinic'), ppdl_key_uses(:'key_id');
SELECT * FROM ppdl_key_plan('sum');
SELECT count(*) > 1 AS more, bool_or(part = 'public' AND limbs IS NULL) AS public, bool_and(part = 'public' OR part ~ '^row/(relin|galois/[0-9]+)$' AND limbs > 0) AS names
FROM ppdl_key_plan('predict');
SELECT * FROM ppdl_key_plan('everything');
SELECT ppdl_cache_warm('clinic', 'sum');
SELECT outcome('SELECT ppdl_cache_warm(''clinic'', ''predict'')');
SELECT outcome('SELECT ppdl_cache_warm(''nobody'')');

--
-- publication, as the tool does it
--
CREATE TABLE part AS SELECT p.* FROM ppdl_key_parts p WHERE p.key_id = :'key_id';
SELECT ppdl_drop_key('clinic');
SELECT count(*) FROM ppdl_key_parts WHERE key_id = :'key_id';
SELECT outcome('SELECT ppdl_drop_key(''clinic'')');
SELECT ppdl_publish_part(key_id, 'clinic', 'lwe', 'row14', part, chunk, total, sha256, data) FROM part;
SELECT ppdl_publish_part(key_id, 'clinic', 'lwe', 'row14', part, chunk, total, sha256, data) AS again FROM part;
SELECT name, params, uses, complete FROM ppdl_key_info WHERE key_id = :'key_id';
UPDATE ppdl_keys SET comment = 'of the clinic' WHERE name = 'clinic';
-- names and fingerprints belong together
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data) FROM part'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''third'', ''lwe'', '''', part, chunk, total, sha256, data) FROM part'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''clinic'', ''rsa'', '''', part, chunk, total, sha256, data) FROM part'));
SELECT outcome(format('SELECT ppdl_publish_part(''0123456789abcdef'', ''third'', ''lwe'', '''', part, chunk, total, sha256, data) FROM part'));
-- arguments that make no sense
SELECT what, outcome(format('SELECT ppdl_publish_part(%s) FROM part', args))
FROM (VALUES (1, 'fingerprint', '''xyz'', ''clinic'', ''lwe'', '''', part, chunk, total, sha256, data'),
			 (2, 'name', '''0123456789abcdef'', ''a b'', ''lwe'', '''', part, chunk, total, sha256, data'),
			 (3, 'scheme', 'key_id, ''clinic'', ''des'', '''', part, chunk, total, sha256, data'),
			 (4, 'part', 'key_id, ''clinic'', ''lwe'', '''', ''../../etc/passwd'', chunk, total, sha256, data'),
			 (5, 'chunk -1', 'key_id, ''clinic'', ''lwe'', '''', part, -1, total, sha256, data'),
			 (6, 'chunk 1', 'key_id, ''clinic'', ''lwe'', '''', part, 1, total, sha256, data'),
			 (7, 'total', 'key_id, ''clinic'', ''lwe'', '''', part, chunk, total + 1, sha256, data'),
			 (8, 'no bytes', 'key_id, ''clinic'', ''lwe'', '''', part, chunk, 0, sha256, ''''::bytea'),
			 (9, 'short hash', 'key_id, ''clinic'', ''lwe'', '''', part, chunk, total, ''\x00'', data'),
			 (10, 'wrong hash', 'key_id, ''clinic'', ''lwe'', '''', part, chunk, total, sha256(''x''), data'),
			 (11, 'no key', 'key_id, ''clinic'', ''lwe'', '''', ''row/galois/3'', 0, 4, sha256(''abcd''), ''abcd''::bytea')) a (n, what, args)
ORDER BY n;
-- none of this did any harm
SELECT name, uses, parts, complete FROM ppdl_key_info WHERE key_id = :'key_id';
-- a part of several chunks that did not all arrive is not used
SELECT ppdl_publish_part(:'key_id', 'clinic', 'lwe', '', 'row/relin', 1, 4194304 + 10, sha256('x'), '0123456789');
SELECT part, bytes, chunks, complete FROM ppdl_key_part_info WHERE key_id = :'key_id' ORDER BY part;
SELECT uses, complete FROM ppdl_key_info WHERE key_id = :'key_id';
-- when the publication is repeated with other contents, the old ones go
SELECT outcome(format('SELECT ppdl_publish_part(%L, ''clinic'', ''lwe'', '''', ''row/relin'', 0, 4, sha256(''abcd''), ''abcd'')', :'key_id'));
SELECT part, bytes, chunks, complete FROM ppdl_key_part_info WHERE key_id = :'key_id' ORDER BY part;
DELETE FROM ppdl_key_parts WHERE part = 'row/relin';

--
-- damaged tables
--
SELECT lwe_kind(lwe_encrypt('clinic', '{0.5}'));
BEGIN;
UPDATE ppdl_key_parts SET data = set_byte(data, 1000, 255 - get_byte(data, 1000)) WHERE key_id = :'key_id';
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')');
ROLLBACK;
BEGIN;
UPDATE ppdl_key_parts SET data = substr(data, 2) WHERE key_id = :'key_id';
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')'), ppdl_key_uses('clinic');
ROLLBACK;
BEGIN;
UPDATE ppdl_key_parts SET data = substr(data, 2), total = total - 1, sha256 = sha256(substr(data, 2)) WHERE key_id = :'key_id';
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')');
ROLLBACK;
BEGIN;
UPDATE ppdl_key_parts SET chunk = 1 WHERE key_id = :'key_id';
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')');
ROLLBACK;
BEGIN;
DELETE FROM ppdl_key_parts WHERE key_id = :'key_id';
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')'), ppdl_key_uses('clinic');
ROLLBACK;
SELECT lwe_kind(lwe_encrypt(:'key_id', '{0.5}'));

--
-- who may do what
--
CREATE ROLE regress_ppdl_analyst;
GRANT CREATE ON SCHEMA public TO regress_ppdl_analyst;
SET ROLE regress_ppdl_analyst;
SELECT name, uses FROM ppdl_key_info WHERE name IN ('clinic', 'other') ORDER BY name;
SELECT lwe_kind(lwe_encrypt('clinic', '{0.5}'));
SELECT ppdl_publish_part(key_id, 'clinic', 'lwe', '', part, chunk, total, sha256, data) FROM ppdl_key_parts;
SELECT ppdl_drop_key('clinic');
SELECT ppdl_cache_clear();
-- whatever the search_path says, the extension's own tables are read
CREATE TEMP TABLE ppdl_keys (key_id text, name text, scheme text);
INSERT INTO ppdl_keys VALUES ('0000000000000000', 'trap', 'lwe');
SET search_path = pg_temp, public;
SELECT outcome('SELECT lwe_encrypt(''trap'', ''{0.5}'')');
RESET search_path;
DROP TABLE pg_temp.ppdl_keys;
RESET ROLE;
-- wherever the extension lives
CREATE SCHEMA "odd schema";
ALTER EXTENSION ppdl SET SCHEMA "odd schema";
SELECT "odd schema".lwe_kind("odd schema".lwe_encrypt('clinic', '{0.5}'));
SELECT name, uses FROM "odd schema".ppdl_key_info WHERE name IN ('clinic', 'other') ORDER BY name;
ALTER EXTENSION ppdl SET SCHEMA public;
DROP SCHEMA "odd schema";
REVOKE CREATE ON SCHEMA public FROM regress_ppdl_analyst;
DROP ROLE regress_ppdl_analyst;
SELECT ppdl_cache_clear('clinic'), ppdl_cache_clear();

-- rows under a key that is gone can still be summed, but nothing new is encrypted
CREATE TABLE kept AS SELECT lwe_encrypt('clinic', '{0.5}') AS v;
SELECT ppdl_drop_key(:'key_id');
SELECT lwe_decrypt(sum(v), :'key', 'secret') BETWEEN '{0.49}' AND '{0.51}' AS sum FROM kept;
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')');
SELECT ppdl_drop_key('other');
DROP TABLE kept, part;
DROP FUNCTION outcome;
