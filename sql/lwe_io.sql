--
-- lwe_cipher as a type: text and binary form, typmod, hostile input
--
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
SELECT lwe_keygen('io', 'secret words') AS key \gset
CREATE TABLE io (id int, v lwe_cipher);
INSERT INTO io SELECT row_number() OVER (), v FROM lwe_encrypt_rows(:'key', '{{0.5,-0.25,1},{-1,0,0.125}}', 'secret words') v;
INSERT INTO io SELECT 3, lwe_encrypt_rows(:'key', '{{0.5,-0.25,1}}', 'secret words', true);
INSERT INTO io SELECT 4, lwe_encrypt('io', '{0.5,-0.25,1}');
INSERT INTO io SELECT 5, lwe_encrypt('io', '{0.5,-0.25,1}', compact => false);
INSERT INTO io SELECT 6, sum(v) FROM io WHERE id <= 2;
INSERT INTO io SELECT 7, lwe_encrypt(:'key', '{0.5,-0.25,1}', 'secret words');

-- what the headers say
SELECT id, lwe_kind(v), lwe_level(v), lwe_ring(v), lwe_width(v), lwe_rows(v), lwe_scale(v), lwe_key_id(v) = (SELECT key_id FROM ppdl_keys WHERE name = 'io') AS key,
	lwe_error(v) BETWEEN 1e-10 AND 1e-5 AS error
FROM io ORDER BY id;
-- the batch that a row was encrypted in: one call of lwe_encrypt_rows is one here; the others are no rows of a batch
SELECT id, lwe_batch(v) = (SELECT lwe_batch(v) FROM io WHERE id = 1) AS as_first, lwe_batch(v) >= 0 AS positive FROM io ORDER BY id;
SELECT lwe_batch(NULL), lwe_batch(lwe_pack(v)) AS packed FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1024, 16]), 'secret words') v;
SELECT count(DISTINCT lwe_batch(v)), count(*), min(n) AS rows FROM (SELECT v, count(*) OVER (PARTITION BY lwe_batch(v)) AS n
	FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[2000, 16]), 'secret words') v) t;
-- everything decrypts, also after a trip through text and back
CREATE FUNCTION rounded(float8[], int DEFAULT 6) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(round(x::numeric, $2) + 0 ORDER BY i) FROM unnest($1) WITH ORDINALITY u(x, i)';
SELECT id, rounded(lwe_decrypt(v, :'key', 'secret words'), 5) AS value FROM io ORDER BY id;
SELECT count(*) AS same FROM io WHERE lwe_cipher_send(v::text::lwe_cipher) = lwe_cipher_send(v);
-- white space within base64 does not matter
SELECT lwe_level(regexp_replace(v::text, '(.{76})', E'\\1\n', 'g')::lwe_cipher) FROM io WHERE id = 1;
-- a slice is about as small as its values
SELECT pg_column_size(v) FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1, 16]), 'secret words', true) v;
SELECT pg_column_size(v) FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1, 16]), 'secret words', false) v;

-- binary copy there and back
CREATE TABLE io_copy (LIKE io);
\set file `mktemp -u /tmp/ppdl_io.XXXXXX`
COPY io TO :'file' (FORMAT binary);
COPY io_copy FROM :'file' (FORMAT binary);
SELECT count(*) AS same FROM io JOIN io_copy USING (id) WHERE lwe_cipher_send(io.v) = lwe_cipher_send(io_copy.v);
\setenv PPDL_FILE :file
\! rm -f "$PPDL_FILE"

-- toasted values keep their header within reach
SELECT id, pg_column_size(v) > 10000 AS large, lwe_kind(v), lwe_rows(v) FROM io_copy WHERE id IN (4, 6) ORDER BY id;

--
-- typmod
--
CREATE TABLE wide (v lwe_cipher(4));
\d wide
INSERT INTO wide SELECT v FROM io WHERE id = 1;
INSERT INTO wide SELECT lwe_encrypt('io', '{1,2,3,4}');
INSERT INTO wide SELECT lwe_encrypt('io', '{1,0,-1,0.5}');
SELECT rounded(lwe_decrypt(v, :'key', 'secret words'), 4) FROM wide;
SELECT lwe_width(v::lwe_cipher(3)) FROM io WHERE id = 4;
SELECT lwe_width(v::lwe_cipher(5)) FROM io WHERE id = 4;
SELECT outcome(format('SELECT %L::lwe_cipher(3)', v)) AS fits, outcome(format('SELECT %L::lwe_cipher(2)', v)) AS does_not FROM io WHERE id = 1;
CREATE TABLE bad (v lwe_cipher(0));
CREATE TABLE bad (v lwe_cipher(16385));
CREATE TABLE bad (v lwe_cipher(3, 4));
CREATE TABLE bad (v lwe_cipher('x'));

--
-- hostile input
--
CREATE FUNCTION text_input(bytes bytea) RETURNS text LANGUAGE sql AS
	$$ SELECT outcome(format('SELECT %L::lwe_cipher', encode(bytes, 'base64'))) $$;
SELECT outcome('SELECT ''''::lwe_cipher');
SELECT outcome('SELECT ''not base64!''::lwe_cipher');
SELECT outcome('SELECT ''AAAA=AAA''::lwe_cipher');
SELECT outcome('SELECT ''AAAA''::lwe_cipher');
SELECT id, text_input(substr(b, 1, 23)) AS header, text_input(substr(b, 1, length(b) - 1)) AS one_less, text_input(b || '\x00') AS one_more
FROM (SELECT id, lwe_cipher_send(v) b FROM io WHERE id IN (1, 6)) t ORDER BY id;
-- header fields of a slice: magic, version, kind, ring, limbs, width, scale, log C, log k, position
SELECT what, text_input(set_byte(b, at, value))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 1) t,
	 (VALUES (1, 'magic', 0, 0), (2, 'version', 2, 9), (3, 'kind 0', 3, 0), (6, 'kind 4', 3, 4), (6.5, 'kind 5', 3, 5),
			 (7, 'ring', 4, 7), (8, 'deep ring', 4, 2), (9, 'no limbs', 5, 0), (10, 'nine limbs', 5, 9), (11, 'width 0', 6, 0), (12, 'width 5', 6, 5),
			 (13, 'infinite scale', 23, 127), (14, 'negative scale', 23, 193), (15, 'log C', 24, 14), (16, 'log k', 25, 3), (17, 'position', 26, 2)) f (n, what, at, value)
ORDER BY n;
SELECT left(text_input(set_byte(b, 3, kind)), 5) AS another_kind
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 1) t, generate_series(2, 3) kind;
-- a row of 65,535 values in the deep ring, of the length that its header calls for
SELECT text_input(set_byte(set_byte(set_byte(set_byte(set_byte(substr(b, 1, 60), 4, 2), 5, 1), 6, 255), 7, 255), 25, 16) || decode(repeat('00', 409600), 'hex')) AS wide_slice
FROM (SELECT set_byte(lwe_cipher_send(v), 24, 0) b FROM io WHERE id = 1) t;
-- the ring of compact rows: one limb, 2,048 coefficients, nothing wider
SELECT what, text_input(set_byte(b, at, value))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 3) t,
	 (VALUES (1, 'ring of full rows', 4, 1), (2, 'deep ring', 4, 2), (3, 'two limbs', 5, 2), (4, 'width 2,051', 7, 8), (5, 'log C', 24, 10), (6, 'position', 26, 1)) f (n, what, at, value)
ORDER BY n;
SELECT what, text_input(set_byte(b, at, value))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 4) t, (VALUES (1, 'ring of full rows', 4, 1), (2, 'two limbs', 5, 2)) f (n, what, at, value)
ORDER BY n;
SELECT lwe_ring(v), lwe_level(v), pg_column_size(v) FROM lwe_encrypt_rows(:'key', array_fill(0.5::float8, ARRAY[1, 2049]), 'secret words', true) v;
-- fields of a row: noise, bound, log k, padding
SELECT what, text_input(set_byte(b, at, value))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t,
	 (VALUES (1, 'negative noise', 31, 191), (3, 'bound', 39, 191), (4, 'log k', 40, 3), (5, 'padding', 47, 1)) f (n, what, at, value)
ORDER BY n;
SELECT text_input(set_byte(set_byte(b, 31, 127), 30, 248)) AS noise_not_a_number FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t;
-- numbers of no use: noise, bound and scale beyond 2^1000
SELECT what, text_input(set_byte(b, at, 127))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t, (VALUES (1, 'scale', 23), (2, 'noise', 31), (3, 'bound', 39)) f (n, what, at)
ORDER BY n;
-- packed values: rows of 3 values in one chunk of 4,096 places; then rows of 16,384 values, of which one fits
CREATE FUNCTION packed(b bytea, width bytea, logk bytea, rows bytea, places bytea) RETURNS bytea LANGUAGE sql AS
	$$ SELECT substr(b, 1, 3) || '\x030101' || width || substr(b, 9, 32) || '\x00' || logk || '\x0000' || rows || '\x0100000000000000' || places || decode(repeat('00', 204800), 'hex') $$;
SELECT what, text_input(packed(b, '\x0300', '\x02', '\x02000000', places)) FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t,
	 (VALUES (1, 'two places', '\x00000000FF0F0000'::bytea), (2, 'one place', '\x0700000007000000'), (3, 'no such place', '\x0000000000100000'), (4, 'no such chunk', '\x0000000000000100'),
			 (5, 'both NULL', '\xFFFFFFFFFFFFFFFF')) f (n, what, places)
ORDER BY n;
SELECT what, text_input(packed(b, '\x0040', '\x0e', '\xA0860100', decode(repeat(place, 100000), 'hex'))) FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t,
	 (VALUES (1, '100,000 rows in one place', '00000000'), (2, '100,000 NULL rows', 'FFFFFFFF')) f (n, what, place)
ORDER BY n;
-- ... which would be an array of 13 GB: said before anything is decrypted
SELECT outcome(format('SELECT lwe_decrypt(%L, %L, %L)', encode(packed(b, '\x0040', '\x0e', '\xA0860100', decode(repeat('FFFFFFFF', 100000), 'hex')), 'base64'), :'key', 'secret words'))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t;
-- a huge noise is well-formed, but such a value does not decrypt to digits
SELECT outcome(format('SELECT lwe_decrypt(%L, %L, %L)', encode(set_byte(b, 31, 122), 'base64'), :'key', 'secret words')) FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t;
-- a residue that is not below its modulus: all bits of the first 50 set
SELECT text_input(set_byte(set_byte(set_byte(set_byte(set_byte(set_byte(set_byte(b, 60, 255), 61, 255), 62, 255), 63, 255), 64, 255), 65, 255), 66, 255))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 1) t;
SELECT text_input(set_byte(set_byte(set_byte(set_byte(set_byte(set_byte(set_byte(b, 48, 255), 49, 255), 50, 255), 51, 255), 52, 255), 53, 255), 54, 255))
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 6) t;
-- every single bit flipped in the header either is refused or changes what is said, and never crashes anything
SELECT count(*) AS flips, count(*) FILTER (WHERE r = 'ok') > 0 AS some_are_values
FROM (SELECT lwe_cipher_send(v) b FROM io WHERE id = 1) t, generate_series(0, 60 * 8 - 1) bit,
	 LATERAL (SELECT text_input(set_bit(b, bit, 1 - get_bit(b, bit))) r) o
WHERE r = 'ok' OR r LIKE '22P02%';
-- the binary protocol refuses the same with a SQLSTATE of its own
\set file `mktemp -u /tmp/ppdl_io.XXXXXX`
CREATE TABLE raw (v bytea);
INSERT INTO raw SELECT substr(lwe_cipher_send(v), 1, 100) FROM io WHERE id = 1;
COPY raw TO :'file' (FORMAT binary);
\set VERBOSITY sqlstate
COPY io_copy (v) FROM :'file' (FORMAT binary);
\set VERBOSITY default
\setenv PPDL_FILE :file
\! rm -f "$PPDL_FILE"

--
-- no comparison: not for sorting, grouping, joining, or finding
--
SELECT * FROM io ORDER BY v;
SELECT count(DISTINCT v) FROM io;
SELECT 1 FROM io a JOIN io b ON a.v = b.v;
CREATE INDEX ON io (v);

--
-- bad values
--
SELECT lwe_encrypt('io', '{0.5,NaN}');
SELECT lwe_encrypt('io', '{0.5,Infinity}');
SELECT lwe_encrypt('io', '{1.01}');
SELECT lwe_encrypt('io', '{0.5,NULL}');
SELECT lwe_encrypt('io', '{}');
SELECT lwe_encrypt('io', '{{0.5}}');
SELECT lwe_encrypt('nobody', '{0.5}');
SELECT lwe_encrypt_rows(:'key', '{{0.5,0.5},{0.5,-1.5}}', 'secret words');
SELECT lwe_encrypt_rows(:'key', '{0.5}', 'secret words');
SELECT count(*) FROM lwe_encrypt_rows(:'key', '{}', 'secret words');
SELECT lwe_encrypt_rows(:'key', '{{0.5}}', 'secret words', scale_bits => 41);
SELECT lwe_encrypt_rows(:'key', array_fill(0::float8, ARRAY[1, 16385]), 'secret words');

--
-- the owner's functions: owner mode, passphrase, key
--
SELECT lwe_decrypt(v, :'key', 'wrong') FROM io WHERE id = 1;
SELECT lwe_decrypt(v, 'no key', 'secret words') FROM io WHERE id = 1;
SELECT outcome('SELECT lwe_keygen(''io'', ''secret words'')');
SELECT lwe_keygen('no good name!', 'secret words');
SELECT lwe_keygen('other', '');
SELECT lwe_keygen('other', 'äöüäöüä');	-- seven, and in bytes fourteen
SELECT lwe_keygen('other', 'secret words', 'everything');
SELECT lwe_keygen('other', 'secret words') AS other \gset
\set VERBOSITY terse
SELECT outcome(format('SELECT lwe_decrypt(v, %L, %L) FROM io WHERE id = 1', :'other', 'secret words'));
SET ppdl.owner_mode = off;
SELECT lwe_keygen('x', 'secret words');
SELECT lwe_encrypt(:'key', '{0.5}', 'secret words');
SELECT lwe_encrypt_rows(:'key', '{{0.5}}', 'secret words');
SELECT lwe_decrypt(v, :'key', 'secret words') FROM io WHERE id = 1;
-- only a superuser may switch it on
CREATE ROLE regress_ppdl_user;
SET ROLE regress_ppdl_user;
SET ppdl.owner_mode = on;
RESET ROLE;
SET ppdl.owner_mode = on;
SET ROLE regress_ppdl_user;
SELECT lwe_keygen('x', 'secret words');
RESET ROLE;
DROP ROLE regress_ppdl_user;
SET ppdl.no_such_setting = 1;
SELECT name, setting, context FROM pg_settings WHERE name LIKE 'ppdl.%' ORDER BY name;
SELECT ppdl_drop_key('io'), ppdl_drop_key('other');
DROP TABLE io, io_copy, wide, raw;
DROP FUNCTION outcome, rounded, text_input, packed;
