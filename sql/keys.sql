--
-- public keys on the server
--
SET ppdl.owner_mode = on;
SELECT lwe_keygen('clinic', 'secret words') AS key \gset
SELECT lwe_keygen('other', 'secret words') AS other \gset
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
SELECT p.part, p.chunks, p.complete, p.sha256 = sha256(d.data) AS hash FROM ppdl_key_part_info p JOIN ppdl_key_parts d USING (key_id, part) JOIN ppdl_keys k USING (key_id) WHERE k.name = 'clinic' ORDER BY part;
SELECT ppdl_key_uses('clinic'), ppdl_key_uses(:'key_id');
SELECT * FROM ppdl_key_plan('sum');
SELECT count(*) > 1 AS more, bool_or(part = 'public' AND limbs IS NULL) AS public, bool_and(part IN ('public', 'compact/public') OR part ~ '^row/(relin|galois/[0-9]+)$' AND limbs > 0) AS names
FROM ppdl_key_plan('predict');
SELECT * FROM ppdl_key_plan('everything');
SELECT ppdl_cache_warm('clinic', 'sum');
SELECT outcome('SELECT ppdl_cache_warm(''clinic'', ''predict'')');
SELECT outcome('SELECT ppdl_cache_warm(''nobody'')');

--
-- publication, as the tool does it
--
-- as a tool of version 0.1.0 does it, which knows no ring of compact rows
CREATE TABLE part AS SELECT p.* FROM ppdl_key_parts p WHERE p.key_id = :'key_id' AND part = 'public';
SELECT ppdl_drop_key('clinic');
SELECT count(*) FROM ppdl_key_parts WHERE key_id = :'key_id';
SELECT outcome('SELECT ppdl_drop_key(''clinic'')');
SELECT ppdl_publish_part(key_id, 'clinic', 'lwe', 'row14', part, chunk, total, sha256, data) FROM part;
SELECT ppdl_publish_part(key_id, 'clinic', 'lwe', 'row14', part, chunk, total, sha256, data) AS again FROM part;
SELECT name, params, uses, complete FROM ppdl_key_info WHERE key_id = :'key_id';
SELECT lwe_ring(lwe_encrypt('clinic', '{0.5}')), lwe_level(lwe_encrypt('clinic', '{0.5}')), lwe_ring(lwe_encrypt('other', '{0.5}'));
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
SELECT use, needed, present, complete FROM ppdl_key_use_info WHERE name = 'clinic' AND use = 'sum';
SELECT use, needed > 20 AS needed, present, complete FROM ppdl_key_use_info WHERE name = 'clinic' AND use <> 'sum' ORDER BY use;
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
-- a name is no fingerprint, and what looks like a fingerprint is one
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''0123456789ABCDEF'', ''lwe'', '''', part, chunk, total, sha256, data) FROM part'));
SELECT outcome(format('SELECT lwe_keygen(%L, ''secret words'')', :'key_id'));
SELECT left(outcome(format('UPDATE ppdl_keys SET name = %L WHERE name = ''other''', :'key_id')), 93);
SELECT lwe_key_id(lwe_encrypt(upper(:'key_id'), '{0.5}')) = :'key_id' AS same;
BEGIN;
ALTER TABLE ppdl_keys DROP CONSTRAINT ppdl_keys_name_no_fingerprint;
UPDATE ppdl_keys SET name = :'key_id' WHERE name = 'other';
SELECT lwe_key_id(lwe_encrypt(:'key_id', '{0.5}')) = :'key_id' AS same;
ROLLBACK;

--
-- what binds the parts of a key to it
--
SELECT key_id AS other_id, verify_key AS other_verify, set_byte(verify_key, 0, 255 - get_byte(verify_key, 0)) AS wrong_verify
FROM ppdl_keys WHERE name = 'other' \gset
SELECT name, binding, owner = current_user AS mine FROM ppdl_key_info WHERE name IN ('clinic', 'other') ORDER BY name;
-- the first publication was signed: now nothing else is taken, by whichever way
CREATE TABLE both_parts AS SELECT * FROM ppdl_key_parts WHERE key_id = :'other_id';
CREATE TABLE signed AS SELECT * FROM both_parts WHERE part = 'public';
SELECT outcome('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data) FROM signed');
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, %L, signature) FROM signed', :'wrong_verify'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, %L, set_byte(signature, 63, 255 - get_byte(signature, 63))) FROM signed', :'other_verify'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', ''compact/public'', chunk, total, sha256, data, %L, signature) FROM signed', :'other_verify'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', ''row/relin'', chunk, total, sha256, data, %L, signature) FROM signed', :'other_verify'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, %L, ''\x00'') FROM signed', :'other_verify'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, ''\x00'', signature) FROM signed'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, %L, signature) FROM signed', :'other_verify'));
SELECT outcome(format('INSERT INTO ppdl_key_parts SELECT key_id, ''row/relin'', chunk, total, sha256, data, signature FROM signed'));
SELECT outcome(format('INSERT INTO ppdl_key_parts SELECT key_id, ''row/relin'', chunk, total, sha256, data FROM signed'));
SELECT outcome(format('UPDATE ppdl_key_parts SET sha256 = sha256(data || ''x'') WHERE key_id = %L AND part = ''public''', :'other_id'));
SELECT outcome(format('UPDATE ppdl_key_parts SET signature = NULL WHERE key_id = %L AND part = ''public''', :'other_id'));
SELECT outcome(format('UPDATE ppdl_keys SET verify_key = %L WHERE name = ''other''', :'wrong_verify'));
SELECT outcome('UPDATE ppdl_keys SET verify_key = NULL WHERE name = ''other''');
SELECT outcome('UPDATE ppdl_keys SET key_id = ''0123456789abcdef'' WHERE name = ''other''');
SELECT outcome('UPDATE ppdl_keys SET scheme = ''rsa'' WHERE name = ''other''');
SELECT outcome('INSERT INTO ppdl_key_parts VALUES (''0123456789abcdef'', ''public'', 0, 1, sha256(''x''), ''x'')');
-- what came past all that is not used: replication's workers and superusers can write anything
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE ppdl_key_parts SET signature = NULL WHERE key_id = :'other_id';
SELECT outcome('SELECT lwe_encrypt(''other'', ''{0.5}'', false)'), outcome('SELECT lwe_encrypt(''other'', ''{0.5}'')');
UPDATE ppdl_key_parts p SET signature = set_byte(s.signature, 1, 255 - get_byte(s.signature, 1)) FROM signed s WHERE p.key_id = :'other_id';
SELECT outcome('SELECT lwe_encrypt(''other'', ''{0.5}'', false)'), outcome('SELECT lwe_encrypt(''other'', ''{0.5}'')');
UPDATE ppdl_key_parts p SET (total, sha256, data) = (SELECT total, sha256, data FROM part) WHERE p.key_id = :'other_id';
SELECT outcome('SELECT lwe_encrypt(''other'', ''{0.5}'', false)'), outcome('SELECT lwe_encrypt(''other'', ''{0.5}'')');
-- one ring's public key in place of the other's, with its signature
DELETE FROM ppdl_key_parts WHERE key_id = :'other_id';
INSERT INTO ppdl_key_parts SELECT key_id, CASE part WHEN 'public' THEN 'compact/public' ELSE 'public' END, chunk, total, sha256, data, signature FROM both_parts;
SELECT outcome('SELECT lwe_encrypt(''other'', ''{0.5}'', false)'), outcome('SELECT lwe_encrypt(''other'', ''{0.5}'')');
ROLLBACK;
SELECT lwe_kind(lwe_encrypt('other', '{0.5}'));
-- a key that was published without signatures is bound once all its parts have them
CREATE TABLE bare AS SELECT key_id, part, chunk, total, sha256, data FROM signed;
SELECT ppdl_drop_key('other');
SELECT ppdl_publish_part(key_id, 'other', 'lwe', '', part, chunk, total, sha256, data) FROM bare;
SELECT ppdl_bind_key('other', :'other_verify'), (SELECT binding FROM ppdl_key_info WHERE name = 'other');
SELECT outcome(format('UPDATE ppdl_keys SET verify_key = %L WHERE name = ''other''', :'other_verify'));
SELECT ppdl_publish_part(key_id, 'other', 'lwe', '', part, chunk, total, sha256, data, :'other_verify', signature) FROM signed;
SELECT outcome('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data) FROM bare');
SELECT ppdl_bind_key('other', :'wrong_verify');
SELECT ppdl_bind_key('other', :'other_verify');
SELECT ppdl_bind_key('other', :'other_verify') AS again, (SELECT binding FROM ppdl_key_info WHERE name = 'other');
SELECT outcome(format('SELECT ppdl_bind_key(''other'', %L)', :'wrong_verify'));
-- a part of its own for compact rows is taken where the owner has signed it, and used where the key is bound
SELECT lwe_ring(lwe_encrypt('other', '{0.5}'));
SELECT ppdl_publish_part(key_id, 'other', 'lwe', '', part, chunk, total, sha256, data, :'other_verify', signature) FROM both_parts WHERE part <> 'public';
SELECT lwe_ring(lwe_encrypt('other', '{0.5}')), (SELECT parts FROM ppdl_key_info WHERE name = 'other');
-- an RSA key's part is bound by the fingerprint
SELECT rsa_keygen('rsa', 'secret words') IS NOT NULL AS made;
SELECT binding, uses, complete FROM ppdl_key_info WHERE name = 'rsa';
SELECT use, needed, present, complete FROM ppdl_key_use_info WHERE name = 'rsa' ORDER BY use;
SELECT ppdl_drop_key('rsa');

--
-- whose key it is
--
CREATE ROLE regress_ppdl_owner;
CREATE ROLE regress_ppdl_colleague IN ROLE regress_ppdl_owner;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON ppdl_keys, ppdl_key_parts, ppdl_writers TO regress_ppdl_owner, regress_ppdl_analyst;
SELECT ppdl_drop_key('other');
GRANT SELECT ON signed, bare TO PUBLIC;
SET ROLE regress_ppdl_owner;
SELECT ppdl_publish_part(key_id, 'other', 'lwe', '', part, chunk, total, sha256, data, :'other_verify', signature) FROM signed;
SELECT owner, binding FROM ppdl_key_info WHERE name = 'other';
SET ROLE regress_ppdl_analyst;
SELECT lwe_kind(lwe_encrypt('other', '{0.5}'));
SELECT outcome(format('SELECT ppdl_publish_part(key_id, ''other'', ''lwe'', '''', part, chunk, total, sha256, data, %L, signature) FROM signed', :'other_verify'));
SELECT what, outcome(format(statement, :'other_id'))
FROM (VALUES (1, 'add a part', 'INSERT INTO ppdl_key_parts SELECT key_id, ''row/relin'', chunk, total, sha256, data, signature FROM signed'),
			 (2, 'change a part', 'UPDATE ppdl_key_parts SET chunk = 1 WHERE key_id = %L'),
			 (3, 'move a part', 'UPDATE ppdl_key_parts SET key_id = %1$L WHERE key_id <> %1$L'),
			 (4, 'delete a part', 'DELETE FROM ppdl_key_parts WHERE key_id = %L'),
			 (5, 'rename the key', 'UPDATE ppdl_keys SET name = ''mine'' WHERE key_id = %L'),
			 (6, 'take the key', 'UPDATE ppdl_keys SET owner = current_user WHERE key_id = %L'),
			 (7, 'delete the key', 'DELETE FROM ppdl_keys WHERE key_id = %L'),
			 (8, 'drop the key', 'SELECT ppdl_drop_key(%L)'),
			 (9, 'bind the key', 'SELECT ppdl_bind_key(%L, sha256(''x''))'),
			 (10, 'truncate', 'TRUNCATE ppdl_keys, ppdl_key_parts, ppdl_writers'),
			 (11, 'in the name of another', 'INSERT INTO ppdl_keys (key_id, name, scheme, owner) VALUES (''0123456789abcdef'', ''new'', ''lwe'', ''regress_ppdl_owner'')'),
			 (12, 'in the name of nobody', 'INSERT INTO ppdl_keys (key_id, name, scheme, owner) VALUES (''0123456789abcdef'', ''new'', ''lwe'', ''nobody'')')) a (n, what, statement)
ORDER BY n;
SELECT outcome('SELECT ppdl_cache_warm(''other'', ''sum'')');
SET ROLE regress_ppdl_colleague;
UPDATE ppdl_keys SET comment = 'ours' WHERE name = 'other';
SET ROLE regress_ppdl_owner;
SELECT ppdl_drop_key('other');
RESET ROLE;
SELECT count(*) FROM ppdl_key_parts WHERE key_id = :'other_id';
SELECT ppdl_publish_part(key_id, 'other', 'lwe', '', part, chunk, total, sha256, data) FROM bare;
REVOKE ALL ON ppdl_keys, ppdl_key_parts, ppdl_writers FROM regress_ppdl_owner, regress_ppdl_analyst;
DROP TABLE signed, both_parts, bare;
DROP ROLE regress_ppdl_colleague, regress_ppdl_owner;
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

-- a statement that drops and publishes keys on its way uses what is there then
DO $$
DECLARE
	seen text[];
BEGIN
	FOR i IN 1..2 LOOP
		seen := seen || lwe_key_id(lwe_encrypt('other', '{0.5}'));
		PERFORM ppdl_drop_key('other');
		PERFORM lwe_keygen('other', 'secret words');
	END LOOP;
	RAISE NOTICE 'another key: %', seen[1] <> seen[2];
END $$;

-- rows under a key that is gone can still be summed, but nothing new is encrypted
CREATE TABLE kept AS SELECT lwe_encrypt('clinic', '{0.5}') AS v;
SELECT ppdl_drop_key(:'key_id');
SELECT lwe_decrypt(sum(v), :'key', 'secret words') BETWEEN '{0.49}' AND '{0.51}' AS sum FROM kept;
SELECT outcome('SELECT lwe_encrypt(''clinic'', ''{0.5}'')');
SELECT ppdl_drop_key('other');
DROP TABLE kept, part;
DROP FUNCTION outcome;
