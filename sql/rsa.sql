--
-- rsa_cipher: text and binary form, encodings, operators, hostile input
--
SELECT rsa_keygen('rsa', 'secret words');		-- owner mode is off
SET ppdl.owner_mode = on;
-- outcome of a statement: its SQLSTATE, message and detail without what changes from key to key
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
SELECT rsa_keygen('rsa', 'secret words') AS key \gset
-- a key made once for tests: the owner's two files
\getenv dir PG_ABS_SRCDIR
\set file :dir '/test/data/rsa-test.key'
\set key2 `cat :'file'`
\set file :dir '/test/data/rsa-test.pub'
\set public `cat :'file'`
SELECT left(encode(sha256(decode(regexp_replace(:'public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16) AS id2 \gset
SELECT ppdl_publish_part(:'id2', 'rsa2', 'rsa', 'RSA, 3072 bits', 'public', 0, length(:'public'), sha256(:'public'::bytea), :'public'::bytea) AS published;
SELECT name, scheme, params, uses, parts, complete FROM ppdl_key_info WHERE name LIKE 'rsa%' ORDER BY name;
SELECT split_part(:'key', E'\n', 1) AS private, split_part(convert_from(data, 'UTF8'), E'\n', 1) AS public
FROM ppdl_key_parts JOIN ppdl_keys USING (key_id) WHERE name = 'rsa';
SELECT outcome('SELECT rsa_keygen(''rsa3'', ''secret words'', 2048)');
SELECT outcome('SELECT rsa_keygen(''rsa3'', '''')');
SELECT outcome('SELECT rsa_keygen(''rsa3'', ''sieben7'')');

CREATE TABLE r (id int, v rsa_cipher);
INSERT INTO r VALUES
	(1, rsa_encrypt('rsa', 6)),
	(2, rsa_encrypt('rsa', 7.00, max_value => 8)),
	(3, rsa_encrypt('rsa', 5, 'exponent')),
	(4, rsa_encrypt('rsa', 0, encoding => 'exponent', max_value => 1)),
	(5, rsa_encrypt('rsa', 1, encoding => 'exponent', max_value => 1, randomise => false)),
	(6, rsa_encrypt('rsa', 123456789012345678901234567890));
SELECT id, rsa_kind(v), rsa_encoding(v), rsa_parts(v), rsa_bound(v), rsa_randomised(v), pg_column_size(v),
	rsa_key_id(v) = (SELECT key_id FROM ppdl_keys WHERE name = 'rsa') AS key
FROM r ORDER BY id;
SELECT id, rsa_decrypt(v, :'key', 'secret words') FROM r ORDER BY id;
-- what is deterministic and what is not
SELECT rsa_encrypt('rsa', 6)::text = rsa_encrypt('rsa', 6)::text AS product,
	rsa_encrypt('rsa', 1, 'exponent')::text = rsa_encrypt('rsa', 1, 'exponent')::text AS exponent,
	rsa_encrypt('rsa', 1, 'exponent', 1, false)::text = rsa_encrypt('rsa', 1, 'exponent', 1, false)::text AS off;
SELECT rsa_encrypt(NULL, 1) IS NULL AS key, rsa_encrypt('rsa', NULL) IS NULL AS value, rsa_encrypt('rsa', 1, NULL) IS NULL AS encoding;

-- there and back, in text and binary
SELECT count(*) AS same FROM r WHERE rsa_cipher_send(v::text::rsa_cipher) = rsa_cipher_send(v);
CREATE TABLE r_copy (LIKE r);
\set file `mktemp -u /tmp/ppdl_rsa.XXXXXX`
COPY r TO :'file' (FORMAT binary);
COPY r_copy FROM :'file' (FORMAT binary);
SELECT count(*) AS same FROM r JOIN r_copy USING (id) WHERE rsa_cipher_send(r.v) = rsa_cipher_send(r_copy.v);
\setenv PPDL_FILE :file
\! rm -f "$PPDL_FILE"

--
-- operators
--
CREATE FUNCTION r(int) RETURNS rsa_cipher LANGUAGE sql STABLE AS 'SELECT v FROM r WHERE id = $1';
SELECT rsa_decrypt(r(1) * r(2), :'key', 'secret words') AS product, rsa_decrypt(r(1) ^ 5, :'key', 'secret words') AS power,
	rsa_decrypt(r(1) ^ 0, :'key', 'secret words') AS one, rsa_decrypt(r(1) ^ 3 * r(2) ^ 2, :'key', 'secret words') AS both;
SELECT rsa_decrypt(r(3) + r(4), :'key', 'secret words') AS sum, rsa_decrypt(r(3) * r(4), :'key', 'secret words') AS same,
	rsa_decrypt(r(3) ^ 4 + r(5) ^ 7, :'key', 'secret words') AS weighted;
SELECT rsa_bound(r(1) * r(2)) AS product, rsa_bound(r(2) ^ 10) AS power, rsa_randomised(r(5) ^ 3) AS off, rsa_randomised(r(5) + r(4)) AS mixed;
-- what could wrap is refused
SELECT outcome('SELECT r(6) ^ 25');
SELECT outcome('SELECT r(3) ^ 7');
SELECT outcome('SELECT r(3) ^ 9223372036854775807');
SELECT outcome('SELECT (r(3) ^ 3) + (r(3) ^ 4)');
SELECT outcome('SELECT r(1) ^ -1');
-- mixtures
SELECT outcome('SELECT r(1) * r(3)');
SELECT outcome('SELECT r(3) * r(1)');
SELECT outcome('SELECT r(1) + r(2)');
SELECT outcome('SELECT r(1) * rsa_encrypt(''rsa2'', 6)');
SELECT outcome('SELECT rsa_sum(c) FROM (VALUES (r(3)), (rsa_encrypt(''rsa2'', 1, ''exponent''))) v(c)');

--
-- plaintexts that cannot be encrypted
--
SELECT outcome('SELECT rsa_encrypt(''rsa'', -3)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 2.5)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 0)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', ''NaN'')');
SELECT outcome('SELECT rsa_encrypt(''rsa'', ''Infinity'')');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 10::numeric ^ 1000)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 9, max_value => 8)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 9, max_value => -8)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', -1, ''exponent'')');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 1.5, ''exponent'')');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 256, ''exponent'')');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 1, ''exponent'', 3000)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 1, ''exponent'', 10000000000)');
SELECT outcome('SELECT rsa_encrypt(''rsa'', 1, ''additive'')');
SELECT outcome('SELECT rsa_encrypt(''nobody'', 1)');

--
-- ciphertexts from anywhere
--
SELECT rsa_cipher_send(r(1)) AS wire \gset
CREATE FUNCTION wire(bytea) RETURNS rsa_cipher LANGUAGE sql AS $$SELECT encode($1, 'base64')::rsa_cipher$$;
CREATE TABLE hostile (n int, what text, bytes bytea);
INSERT INTO hostile VALUES
	(1, 'nothing', ''),
	(2, 'header alone', substr(:'wire'::bytea, 1, 44)),
	(3, 'truncated', substr(:'wire'::bytea, 1, 431)),
	(4, 'longer', :'wire'::bytea || '\x00'),
	(5, 'other magic', set_byte(:'wire', 0, 0)),
	(6, 'version 2', set_byte(:'wire', 4, 2)),
	(7, 'unknown kind', set_byte(:'wire', 5, 9)),
	(8, 'prediction', set_byte(set_byte(:'wire', 5, 2), 6, 2)),
	(9, 'unknown encoding', set_byte(:'wire', 6, 3)),
	(10, 'unknown flag', set_byte(:'wire', 7, 4)),
	(11, 'small modulus', set_byte(:'wire', 17, 8)),
	(12, 'larger modulus', set_byte(:'wire', 17, 16)),
	(13, 'two parts', set_byte(:'wire', 20, 2)),
	(14, 'bound beyond modulus', set_byte(:'wire', 47, 200)),
	(15, 'zero', substr(:'wire'::bytea, 1, 48) || decode(repeat('00', 384), 'hex')),
	(16, 'not below n', substr(:'wire'::bytea, 1, 48) || decode(repeat('ff', 384), 'hex')),
	(17, 'nobody''s key', set_byte(set_byte(:'wire', 8, 0), 9, 0));
SELECT n, what, outcome(format('SELECT wire(%L)', bytes)) FROM hostile ORDER BY n;
SELECT outcome('SELECT ''no base64!''::rsa_cipher');
SELECT outcome('SELECT ''''::rsa_cipher');
-- a value of an unknown key is stored, but nothing is done with it
SELECT outcome(format('SELECT wire(%L) * wire(%L)', bytes, bytes)) FROM hostile WHERE n = 17;
-- no single flipped bit goes unnoticed, or it changes nothing but the bound
CREATE FUNCTION flipped(bytes bytea, n int, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN rsa_decrypt(wire(set_bit(bytes, n, 1 - get_bit(bytes, n))), key, 'secret words');
EXCEPTION WHEN data_exception OR invalid_text_representation OR invalid_parameter_value OR feature_not_supported THEN
	RETURN 'refused';
END $$;
SELECT flipped(:'wire', n, :'key') AS result, n >= 44 * 8 AS bound FROM generate_series(0, 48 * 8 - 1) n GROUP BY 1, 2 ORDER BY 1, 2;
SELECT flipped(:'wire', n, :'key') AS result, count(*) FROM generate_series(48 * 8, 432 * 8 - 1, 97) n GROUP BY 1 ORDER BY 2 DESC;

--
-- decryption: wrong keys
--
SELECT outcome(format('SELECT rsa_decrypt(r(1), %L, ''test-only'')', :'key2'));
SELECT outcome(format('SELECT rsa_decrypt(r(1), %L, ''wrong'')', :'key'));
SELECT outcome('SELECT rsa_decrypt(r(1), ''no key'', ''secret words'')');
SELECT outcome(format('SELECT rsa_decrypt_prediction(r(1), %L, ''secret words'')', :'key'));
RESET ppdl.owner_mode;
SELECT outcome(format('SELECT rsa_decrypt(r(1), %L, ''secret words'')', :'key'));
SELECT outcome(format('SELECT rsa_decrypt_prediction(r(1), %L, ''secret words'')', :'key'));

--
-- public keys that are refused
--
CREATE FUNCTION try_publish(pem text) RETURNS text LANGUAGE sql AS $$
	SELECT outcome(format('SELECT ppdl_publish_part(%L, ''bad'', ''rsa'', '''', ''public'', 0, %s, %L, %L)', '0123456789abcdef',
		length(pem), sha256(convert_to(pem, 'UTF8')), convert_to(pem, 'UTF8')))
$$;
SELECT try_publish('garbage');
-- another key's fingerprint
SELECT try_publish(convert_from(data, 'UTF8')) FROM ppdl_key_parts JOIN ppdl_keys USING (key_id) WHERE name = 'rsa';
-- a private key
SELECT try_publish(:'key');
SELECT count(*) FROM ppdl_keys WHERE name = 'bad';

SELECT id, replace(rsa_show(v), rsa_key_id(v), '<id>') FROM r ORDER BY id;
DROP TABLE r, r_copy, hostile;
DROP FUNCTION outcome, r, wire, flipped, try_publish;
SELECT ppdl_drop_key('rsa'), ppdl_drop_key('rsa2');
