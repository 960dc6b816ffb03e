/*
 * Keys on the server: public and evaluation keys only, never a secret.
 *
 * How the owner's tool publishes: a key is made of parts ("public", "row/relin",
 * "row/galois/<d>", "deep/..."; RSA keys have the part "public" alone), a part of
 * chunks of 4 MiB (4194304 bytes; the last one is what is left).  For each chunk
 *
 *   SELECT ppdl_publish_part($1 key_id text, $2 name text, $3 scheme text,
 *                            $4 params text, $5 part text, $6 chunk int,
 *                            $7 total bigint, $8 sha256 bytea, $9 data bytea,
 *                            $10 verify_key bytea, $11 signature bytea)
 *
 * with the parameters of the whole part in $7, $8 and $11.  The key's row is made on
 * first use.  The answer is true when this chunk completed the part, which has
 * then been checked against its SHA-256 and its name.  Sending a chunk again does
 * no harm; a part whose SHA-256 or length differs replaces the stored one.  So a
 * broken publication may simply be run again; to skip what is there already:
 *
 *   SELECT part, sha256 FROM ppdl_key_part_info WHERE key_id = $1 AND complete
 *
 * The first publication of a key binds it: it leaves the key that checks the
 * owner's signatures, and from then on no part is taken or used that is not
 * signed.  RSA keys and files of 0.1.0 have no signatures ($10 and $11 left out);
 * an RSA key's only part is bound by its fingerprint, a lwe key of 0.1.0 is
 * "unbound" until ppdl_bind_key() finds all its parts signed.
 *
 * Publishing needs the right to write to both tables.  A key belongs to the role
 * that published it: only members of that role (and superusers) change or drop it.
 * A trigger sees to that, and to signatures.
 */
CREATE TABLE ppdl_keys (
	key_id text COLLATE "C" NOT NULL PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{16}$'),
	name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
	scheme text COLLATE "C" NOT NULL CHECK (scheme IN ('lwe', 'rsa')),
	params text NOT NULL DEFAULT '',
	created timestamptz NOT NULL DEFAULT now(),
	comment text,
	owner name NOT NULL DEFAULT CURRENT_USER,
	verify_key bytea,
	CONSTRAINT ppdl_keys_name_no_fingerprint CHECK (name !~ '^[0-9A-Fa-f]{16}$'),
	CONSTRAINT ppdl_keys_verify_key CHECK (octet_length(verify_key) = 32)
);
COMMENT ON TABLE ppdl_keys IS 'public keys of the owners of encrypted rows, one a row; holds no secrets';
COMMENT ON COLUMN ppdl_keys.key_id IS 'fingerprint, 16 hexadecimal digits, carried by every ciphertext';
COMMENT ON COLUMN ppdl_keys.name IS 'what people call the key';
COMMENT ON COLUMN ppdl_keys.scheme IS 'lwe or rsa';
COMMENT ON COLUMN ppdl_keys.params IS 'parameters of the key, for people';
COMMENT ON COLUMN ppdl_keys.created IS 'when it was first published here';
COMMENT ON COLUMN ppdl_keys.comment IS 'free text';
COMMENT ON COLUMN ppdl_keys.owner IS 'role that published the key; only its members change or drop it';
COMMENT ON COLUMN ppdl_keys.verify_key IS 'Ed25519 public key that checks the signatures of the parts; NULL: the parts are not bound by signatures';

CREATE TABLE ppdl_key_parts (
	key_id text COLLATE "C" NOT NULL REFERENCES ppdl_keys ON UPDATE CASCADE ON DELETE CASCADE,
	part text COLLATE "C" NOT NULL CHECK (part ~ '^[a-z0-9_]+(/[a-z0-9_]+)*$' AND length(part) < 64),
	chunk int NOT NULL CHECK (chunk >= 0),
	total bigint NOT NULL CHECK (total > 0),
	sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
	data bytea NOT NULL,
	signature bytea,
	PRIMARY KEY (key_id, part, chunk),
	CONSTRAINT ppdl_key_parts_signature CHECK (octet_length(signature) = 64)
);
ALTER TABLE ppdl_key_parts ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE ppdl_key_parts IS 'what the keys of ppdl_keys are made of: public, relinearisation, rotation and bootstrapping keys, in chunks';
COMMENT ON COLUMN ppdl_key_parts.key_id IS 'the key in ppdl_keys';
COMMENT ON COLUMN ppdl_key_parts.part IS 'name of the part, e.g. row/galois/5';
COMMENT ON COLUMN ppdl_key_parts.chunk IS 'number of the chunk within the part, from 0';
COMMENT ON COLUMN ppdl_key_parts.total IS 'bytes of the whole part';
COMMENT ON COLUMN ppdl_key_parts.sha256 IS 'SHA-256 of the whole part';
COMMENT ON COLUMN ppdl_key_parts.data IS 'the bytes, 4 MiB a chunk';
COMMENT ON COLUMN ppdl_key_parts.signature IS 'the owner''s Ed25519 signature of the whole part';

CREATE FUNCTION ppdl_key_guard()
	RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
REVOKE EXECUTE ON FUNCTION ppdl_key_guard() FROM PUBLIC;
COMMENT ON FUNCTION ppdl_key_guard()
	IS 'trigger: a key is changed by members of its owner only, its parts carry its owner''s signature';
CREATE TRIGGER ppdl_key_guard BEFORE INSERT OR UPDATE OR DELETE ON ppdl_keys
	FOR EACH ROW EXECUTE FUNCTION ppdl_key_guard();
CREATE TRIGGER ppdl_key_guard_truncate BEFORE TRUNCATE ON ppdl_keys
	FOR EACH STATEMENT EXECUTE FUNCTION ppdl_key_guard();
CREATE TRIGGER ppdl_key_guard BEFORE INSERT OR UPDATE OR DELETE ON ppdl_key_parts
	FOR EACH ROW EXECUTE FUNCTION ppdl_key_guard();
CREATE TRIGGER ppdl_key_guard_truncate BEFORE TRUNCATE ON ppdl_key_parts
	FOR EACH STATEMENT EXECUTE FUNCTION ppdl_key_guard();

SELECT pg_catalog.pg_extension_config_dump('ppdl_keys', '');
SELECT pg_catalog.pg_extension_config_dump('ppdl_key_parts', '');
GRANT SELECT ON ppdl_keys, ppdl_key_parts TO PUBLIC;

CREATE FUNCTION ppdl_publish_part(key_id text, name text, scheme text, params text, part text, chunk int,
								  total bigint, sha256 bytea, data bytea)
	RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_publish_part(text, text, text, text, text, int, bigint, bytea, bytea)
	IS 'store one chunk of one part of a public key; true when the part is complete';

CREATE FUNCTION ppdl_publish_part(key_id text, name text, scheme text, params text, part text, chunk int,
								  total bigint, sha256 bytea, data bytea, verify_key bytea, signature bytea)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ppdl_publish_part' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_publish_part(text, text, text, text, text, int, bigint, bytea, bytea, bytea, bytea)
	IS 'store one chunk of one part of a public key, with the owner''s signature of the part; true when the part is complete';

CREATE FUNCTION ppdl_bind_key(key text, verify_key bytea)
	RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_bind_key(text, bytea)
	IS 'bind a key that was published without signatures, once all its parts are signed; false when some are not';

CREATE FUNCTION ppdl_drop_key(key text)
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_drop_key(text)
	IS 'remove a public key, given by name or fingerprint, with all its parts and cache files';

CREATE FUNCTION ppdl_cache_clear(key text DEFAULT NULL)
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
REVOKE EXECUTE ON FUNCTION ppdl_cache_clear(text) FROM PUBLIC;
COMMENT ON FUNCTION ppdl_cache_clear(text)
	IS 'remove the cache files of a key (NULL: of all keys of this database, and what dropped databases left); they are made again when next needed';

CREATE FUNCTION ppdl_cache_warm(key text, use text DEFAULT 'predict')
	RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
REVOKE EXECUTE ON FUNCTION ppdl_cache_warm(text, text) FROM PUBLIC;
COMMENT ON FUNCTION ppdl_cache_warm(text, text)
	IS 'make and check the cache files that a use (sum, predict, train) of a key needs; returns their bytes';

CREATE FUNCTION ppdl_key_uses(key text)
	RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_key_uses(text)
	IS 'what the published parts of a key allow: sum, predict, train (of RSA keys: product)';

CREATE FUNCTION ppdl_key_plan(use text, OUT part text, OUT limbs int)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION ppdl_key_plan(text)
	IS 'the parts of a lwe key that a use (sum, predict, train) needs, those of lesser uses included, and how many limbs each must serve';

CREATE FUNCTION ppdl_key_use_parts(key text, OUT use text, OUT needed int, OUT present int, OUT begun boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 3;
COMMENT ON FUNCTION ppdl_key_use_parts(text)
	IS 'for each use of a key, lesser uses included: how many parts it needs, how many are here whole, whether some are that only it needs';

CREATE VIEW ppdl_key_part_info AS
	SELECT key_id, part, total AS bytes, sha256, count(*)::int AS chunks,
		   sum(octet_length(data)) = total AS complete
	FROM ppdl_key_parts
	GROUP BY key_id, part, total, sha256;
COMMENT ON VIEW ppdl_key_part_info IS 'parts of public keys, with their size and whether all chunks are there';

CREATE VIEW ppdl_key_use_info AS
	SELECT k.key_id, k.name, u.use, u.needed, u.present, u.present = u.needed AS complete
	FROM ppdl_keys k CROSS JOIN LATERAL ppdl_key_use_parts(k.key_id) u;
COMMENT ON VIEW ppdl_key_use_info IS 'for each key and use: how many parts the use needs, and how many are here';

CREATE VIEW ppdl_key_info AS
	SELECT k.key_id, k.name, k.scheme, k.params, ppdl_key_uses(k.key_id) AS uses,
		   count(p.part)::int AS parts, coalesce(sum(p.bytes), 0)::bigint AS bytes,
		   coalesce(bool_and(p.complete), false)
		   AND NOT EXISTS (SELECT FROM ppdl_key_use_parts(k.key_id) u WHERE u.begun AND u.present < u.needed) AS complete,
		   k.created, k.comment, k.owner,
		   CASE WHEN k.verify_key IS NOT NULL THEN 'signed' WHEN k.scheme = 'rsa' THEN 'fingerprint' ELSE 'unbound' END AS binding
	FROM ppdl_keys k LEFT JOIN ppdl_key_part_info p USING (key_id)
	GROUP BY k.key_id;
COMMENT ON VIEW ppdl_key_info IS 'public keys with what they are good for, their size, whether no use is begun and unfinished, and what binds their parts';

GRANT SELECT ON ppdl_key_part_info, ppdl_key_use_info, ppdl_key_info TO PUBLIC;

/*
 * Writers: keys whose rows an owner takes for its own.  Their parts are those of any key; a row here takes the rights to
 * change the owner's key, and the writer's own word, signed in its part "writer".
 */
CREATE TABLE ppdl_writers (
	writer_id text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES ppdl_keys ON UPDATE CASCADE ON DELETE CASCADE,
	key_id text COLLATE "C" NOT NULL REFERENCES ppdl_keys ON UPDATE CASCADE ON DELETE CASCADE,
	created timestamptz NOT NULL DEFAULT now(),
	comment text,
	revoked timestamptz,
	CONSTRAINT ppdl_writers_two_keys CHECK (writer_id <> key_id)
);
COMMENT ON TABLE ppdl_writers IS 'writers: keys whose rows the owner of another key reads and uses as its own';
COMMENT ON COLUMN ppdl_writers.writer_id IS 'fingerprint of the writer''s key in ppdl_keys';
COMMENT ON COLUMN ppdl_writers.key_id IS 'fingerprint of the owner''s key in ppdl_keys';
COMMENT ON COLUMN ppdl_writers.created IS 'when the owner took it';
COMMENT ON COLUMN ppdl_writers.comment IS 'free text';
COMMENT ON COLUMN ppdl_writers.revoked IS 'since when ppdl_may_write() refuses its new rows; NULL: it does not';

CREATE FUNCTION ppdl_writer_guard()
	RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
REVOKE EXECUTE ON FUNCTION ppdl_writer_guard() FROM PUBLIC;
COMMENT ON FUNCTION ppdl_writer_guard()
	IS 'trigger: who writes for a key is said by members of its owner only';
CREATE TRIGGER ppdl_writer_guard BEFORE INSERT OR UPDATE OR DELETE ON ppdl_writers
	FOR EACH ROW EXECUTE FUNCTION ppdl_writer_guard();
CREATE TRIGGER ppdl_writer_guard_truncate BEFORE TRUNCATE ON ppdl_writers
	FOR EACH STATEMENT EXECUTE FUNCTION ppdl_writer_guard();
SELECT pg_catalog.pg_extension_config_dump('ppdl_writers', '');
GRANT SELECT ON ppdl_writers TO PUBLIC;

CREATE FUNCTION ppdl_add_writer(writer text, key text)
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_add_writer(text, text)
	IS 'take rows under a writer''s key, whose parts are published, for rows of the key that it was made for';

CREATE FUNCTION ppdl_revoke_writer(writer text)
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_revoke_writer(text)
	IS 'from now on ppdl_may_write() refuses rows of that writer; those that are there stay in use';

CREATE FUNCTION ppdl_may_write(value lwe_cipher, key text)
	RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ppdl_may_write(lwe_cipher, text)
	IS 'is the value under that key, or under that of a writer of its owner who is not revoked? for CHECK constraints';

CREATE VIEW ppdl_writer_info AS
	SELECT w.writer_id, k.name AS writer, w.key_id, o.name AS key, w.created, w.comment, w.revoked,
		   (SELECT sum(p.bytes)::bigint FROM ppdl_key_part_info p WHERE p.key_id = w.writer_id AND p.part ~ '^row/to_owner') AS bytes,
		   EXISTS (SELECT FROM ppdl_key_part_info p WHERE p.key_id = w.writer_id AND p.part = 'row/to_owner_packed' AND p.complete) AS predicts
	FROM ppdl_writers w JOIN ppdl_keys k ON k.key_id = w.writer_id JOIN ppdl_keys o ON o.key_id = w.key_id;
COMMENT ON VIEW ppdl_writer_info IS 'writers by name, with the size of their switching keys and whether these serve prediction';
GRANT SELECT ON ppdl_writer_info TO PUBLIC;
