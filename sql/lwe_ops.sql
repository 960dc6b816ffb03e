--
-- operators of lwe_cipher
--
SET ppdl.owner_mode = on;
SELECT lwe_keygen('ops', 'secret words') AS key \gset
SELECT lwe_keygen('ops2', 'secret words') AS key2 \gset
-- a digit less than decryption leaves, which may come out either way
CREATE FUNCTION rounded(float8[], int DEFAULT 4) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
	'SELECT array_agg(round(x::numeric, $2) + 0 ORDER BY i) FROM unnest($1) WITH ORDINALITY u(x, i)';
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
	RETURN concat_ws(' | ', SQLSTATE, regexp_replace(message, '[0-9a-f]{16}', '<id>', 'g'));
END $$;
-- operands of every kind, full and compact: 1, 2 of one batch, 3, 4 of another
CREATE TABLE ops (id int PRIMARY KEY, kind text, v lwe_cipher(3));
INSERT INTO ops SELECT n, 'full slice', v FROM lwe_encrypt_rows(:'key', '{{0.5,-0.25,1},{-1,0,0.125}}', 'secret words') WITH ORDINALITY t(v, n);
INSERT INTO ops SELECT 2 + n, 'compact slice', v FROM lwe_encrypt_rows(:'key', '{{0.5,-0.25,1},{-1,0,0.125}}', 'secret words', true) WITH ORDINALITY t(v, n);
INSERT INTO ops VALUES (5, 'full row', lwe_encrypt('ops', '{0.5,-0.25,1}', compact => false)), (6, 'compact row', lwe_encrypt('ops', '{0.5,-0.25,1}'));
-- a key that version 0.1.0 published has no public key for the ring of compact rows: these are as they were then
DELETE FROM ppdl_key_parts WHERE part = 'compact/public' AND key_id = (SELECT key_id FROM ppdl_keys WHERE name = 'ops');
INSERT INTO ops VALUES (7, 'compact row of 0.1.0', lwe_encrypt('ops', '{0.5,-0.25,1}'));
SELECT id, kind, lwe_ring(v), lwe_level(v) FROM ops ORDER BY id;

SELECT a.kind, b.kind, rounded(lwe_decrypt(a.v + b.v, :'key', 'secret words')) AS sum, rounded(lwe_decrypt(a.v - b.v, :'key', 'secret words')) AS difference
FROM ops a, ops b WHERE lwe_ring(a.v) = lwe_ring(b.v) AND b.id IN (2, 4) OR a.id = b.id ORDER BY a.id, b.id;
SELECT kind, rounded(lwe_decrypt(-v, :'key', 'secret words')) AS negative, lwe_kind(-v), lwe_level(-v) FROM ops ORDER BY id;
SELECT kind, rounded(lwe_decrypt(v * 0.5, :'key', 'secret words')) AS half, rounded(lwe_decrypt(-3.7::float8 * v, :'key', 'secret words')) AS times FROM ops ORDER BY id;
-- factors of many sizes
SELECT f, rounded(lwe_decrypt(v * f, :'key', 'secret words'), CASE WHEN abs(f) > 100 THEN 2 WHEN abs(f) > 10 THEN 3 ELSE 4 END) FROM ops, unnest('{1,-1,1000,0.01,0.333333333333333,-17.5}'::float8[]) f WHERE id = 1 ORDER BY f;
-- expressions of several steps, against the same in the clear
SELECT rounded(lwe_decrypt(a.v * 0.3 + b.v * 0.7 - (c.v - a.v) * 2, :'key', 'secret words')) AS encrypted,
	   rounded(ARRAY[0.5 * 0.3 - 1 * 0.7, -0.25 * 0.3, 1 * 0.3 + 0.125 * 0.7]) AS plain
FROM ops a, ops b, ops c WHERE (a.id, b.id, c.id) IN ((1, 2, 7), (3, 4, 6));
SELECT rounded(lwe_decrypt(a.v + a.v + a.v + a.v, :'key', 'secret words')) FROM ops a WHERE a.id = 1;
-- nothing, and times zero
SELECT NULL::lwe_cipher + v IS NULL AS plus, -NULL::lwe_cipher IS NULL AS minus, v * NULL IS NULL AS times FROM ops WHERE id = 1;
SELECT outcome('SELECT v * 0 FROM ops WHERE id = 1');
SELECT outcome('SELECT v * ''NaN''::float8 FROM ops WHERE id = 1'), outcome('SELECT ''-Infinity''::float8 * v FROM ops WHERE id = 1');
-- a value that grows beyond its modulus is an error, not a wrong number
SELECT outcome('SELECT v * 1e300 FROM ops WHERE id = 1'), outcome('SELECT v * 1e-300 FROM ops WHERE id = 1');
-- values too far apart for one ciphertext: parts, never digits that mean nothing
SELECT f, outcome(format('SELECT lwe_decrypt(v + v * %s, %L, ''secret words'') FROM ops WHERE id = 1', f, :'key')) FROM unnest('{1e-10,1e-15,1e-16,1e-30,1e-40,1e-200}'::float8[]) f ORDER BY f DESC;
SELECT lwe_kind(w), lwe_rows(w), lwe_width(w), octet_length(lwe_cipher_send(w)) > 3 * octet_length(lwe_cipher_send(-v)) AS large, lwe_kind(w - v), lwe_kind(w * 0.5), lwe_batch(w), rounded(lwe_decrypt(w * 1e-30, :'key', 'secret words')) FROM (SELECT v, v + v * 1e-30 + v * 1e30 AS w FROM ops WHERE id = 5) t;
SELECT w::text::lwe_cipher::text = w::text AS text, lwe_error(w) > 0 AS error, outcome('SELECT lwe_pack(v + v * 1e-30) FROM ops WHERE id = 5') FROM (SELECT v + v * 1e-30 AS w FROM ops WHERE id = 5) t;
-- a scale that has grown to the full modulus of eight limbs, more than the lowest three: right
SELECT rounded(lwe_decrypt(d + d * 0.0123456, :'key', 'secret words'), 3) AS right, round(log(2, lwe_scale(d + d * 0.0123456)::numeric)) > 128 AS large FROM
	(SELECT c + c * 0.1234567 d FROM (SELECT b + b * 0.7654321 c FROM (SELECT a + a * 0.9876543 b FROM (SELECT v + v * 0.3333331 a FROM ops WHERE id = 5) t OFFSET 0) t OFFSET 0) t OFFSET 0) t;
-- mixtures
SELECT outcome(format('SELECT v + lwe_encrypt(''ops2'', ''{0.5,-0.25,1}'', %L::boolean) FROM ops WHERE id = %s', lwe_ring(v) = 'compact11', id)) FROM ops ORDER BY id;
SELECT outcome(format('SELECT v - w FROM ops, lwe_encrypt_rows(%L, ''{{0.5,-0.25}}'', ''secret words'', %L) w WHERE id = %s', :'key', lwe_ring(v) = 'compact11', id)) FROM ops ORDER BY id;
SELECT ops.v + other.v FROM ops, ops other WHERE ops.id = 3 AND other.id = 7;
-- scales
SELECT outcome(format('SELECT lwe_decrypt(a + b, %L, ''secret words'') FROM lwe_encrypt_rows(%1$L, ''{{0.5}}'', ''secret words'', true, 28) a, lwe_encrypt_rows(%1$L, ''{{0.25}}'', ''secret words'', true, 30) b', :'key'));
SELECT rounded(lwe_decrypt(a + b, :'key', 'secret words')) FROM lwe_encrypt_rows(:'key', '{{0.5}}', 'secret words', true, 28) a, lwe_encrypt_rows(:'key', '{{0.25}}', 'secret words', true, 30) b;

-- compact rows and a key file of version 0.1.0 (contrib-data/kat): readable, and good for sums by themselves
\getenv dir PG_ABS_SRCDIR
\set file :dir '/contrib-data/kat/owner.key'
\set old_key `cat :'file'` '\n'
\set file :dir '/contrib-data/kat/rows.txt'
\set answers `grep '^compact_slice' :'file'`
CREATE TABLE old AS SELECT n AS id, encode(decode(split_part(line, ' ', 2), 'hex'), 'base64')::lwe_cipher AS v
	FROM regexp_split_to_table(:'answers', E'\n') WITH ORDINALITY t(line, n);
SELECT id, lwe_key_id(v), lwe_ring(v), lwe_level(v), rounded(lwe_decrypt(v, :'old_key', 'known answer')) FROM old ORDER BY id;
SELECT rounded(lwe_decrypt(sum(v), :'old_key', 'known answer')) AS sum, rounded(lwe_decrypt(avg(v), :'old_key', 'known answer')) AS avg,
	   rounded(lwe_decrypt(sum(v * 0.5 - v), :'old_key', 'known answer'), 5) AS half FROM old;
SELECT lwe_ring(v), count(*), rounded(lwe_decrypt(sum(v), :'old_key', 'known answer')) AS sum
FROM (SELECT v FROM old UNION ALL SELECT lwe_encrypt_rows(:'old_key', '{{0.5,-0.25,1},{-1,0,0.125}}', 'known answer', true)) t GROUP BY 1 ORDER BY 1;
SELECT sum(v) FROM (SELECT v FROM old UNION ALL SELECT lwe_encrypt_rows(:'old_key', '{{0.5,-0.25,1}}', 'known answer', true)) t;
DROP TABLE old;

-- the operators there are
SELECT oprname, oprleft::regtype, oprright::regtype, oprresult::regtype, oprcom::regoperator
FROM pg_operator WHERE 'lwe_cipher'::regtype IN (oprleft, oprright) ORDER BY oprname, 2, 3;
SELECT ppdl_drop_key('ops'), ppdl_drop_key('ops2');
DROP TABLE ops;
DROP FUNCTION rounded, outcome;
