\echo Use "CREATE EXTENSION ppdl" to load this file. \quit
/*
 * Everything of ppdl lives in the schema that CREATE EXTENSION was given.  The
 * parts of this script: 10 lwe_cipher, 20 keys, then rsa_cipher and models.
 */
/*
 * lwe_cipher: type, accessors, operators, aggregates, encryption.
 */
CREATE TYPE lwe_cipher;

CREATE FUNCTION lwe_cipher_in(cstring, oid, int) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_cipher_out(lwe_cipher) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_cipher_recv(internal, oid, int) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_cipher_send(lwe_cipher) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_cipher_typmod_in(cstring[]) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_cipher_typmod_out(int) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE lwe_cipher (
	INPUT = lwe_cipher_in,
	OUTPUT = lwe_cipher_out,
	RECEIVE = lwe_cipher_recv,
	SEND = lwe_cipher_send,
	TYPMOD_IN = lwe_cipher_typmod_in,
	TYPMOD_OUT = lwe_cipher_typmod_out,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_cipher IS 'real values encrypted under ring-LWE (CKKS): a row''s slice of a batch, an explicit row, or many rows packed; lwe_cipher(n) holds n values a row';
COMMENT ON FUNCTION lwe_cipher_in(cstring, oid, int) IS 'I/O';
COMMENT ON FUNCTION lwe_cipher_out(lwe_cipher) IS 'I/O';
COMMENT ON FUNCTION lwe_cipher_recv(internal, oid, int) IS 'I/O';
COMMENT ON FUNCTION lwe_cipher_send(lwe_cipher) IS 'I/O';
COMMENT ON FUNCTION lwe_cipher_typmod_in(cstring[]) IS 'I/O typmod';
COMMENT ON FUNCTION lwe_cipher_typmod_out(int) IS 'I/O typmod';

CREATE FUNCTION lwe_cipher(lwe_cipher, int, boolean) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'lwe_cipher_enforce_typmod' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_cipher(lwe_cipher, int, boolean) IS 'check the values a row against the type''s';
CREATE CAST (lwe_cipher AS lwe_cipher) WITH FUNCTION lwe_cipher(lwe_cipher, int, boolean) AS IMPLICIT;

-- what the header says; none of these reads more of a value, or needs a key
CREATE FUNCTION lwe_key_id(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_key_id(lwe_cipher) IS 'fingerprint of the key it is encrypted under';
CREATE FUNCTION lwe_kind(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_kind(lwe_cipher) IS 'slice, row or packed';
CREATE FUNCTION lwe_level(lwe_cipher) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_level(lwe_cipher) IS 'residues (limbs) a coefficient has: 1 is compact, 8 full';
CREATE FUNCTION lwe_width(lwe_cipher) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_width(lwe_cipher) IS 'values a row';
CREATE FUNCTION lwe_scale(lwe_cipher) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_scale(lwe_cipher) IS 'factor between values and the integers that are encrypted';
CREATE FUNCTION lwe_error(lwe_cipher) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_error(lwe_cipher) IS 'estimated standard deviation of the error of a value';
CREATE FUNCTION lwe_rows(lwe_cipher) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_rows(lwe_cipher) IS 'rows it holds: 1 unless packed';

CREATE FUNCTION lwe_add(lwe_cipher, lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
CREATE FUNCTION lwe_sub(lwe_cipher, lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
CREATE FUNCTION lwe_neg(lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION lwe_mul(lwe_cipher, float8) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION lwe_mul(float8, lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'lwe_mul_commuted' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION lwe_add(lwe_cipher, lwe_cipher) IS 'implementation of + operator';
COMMENT ON FUNCTION lwe_sub(lwe_cipher, lwe_cipher) IS 'implementation of - operator';
COMMENT ON FUNCTION lwe_neg(lwe_cipher) IS 'implementation of - operator';
COMMENT ON FUNCTION lwe_mul(lwe_cipher, float8) IS 'implementation of * operator';
COMMENT ON FUNCTION lwe_mul(float8, lwe_cipher) IS 'implementation of * operator';

CREATE OPERATOR + (LEFTARG = lwe_cipher, RIGHTARG = lwe_cipher, FUNCTION = lwe_add, COMMUTATOR = +);
CREATE OPERATOR - (LEFTARG = lwe_cipher, RIGHTARG = lwe_cipher, FUNCTION = lwe_sub);
CREATE OPERATOR - (RIGHTARG = lwe_cipher, FUNCTION = lwe_neg);
CREATE OPERATOR * (LEFTARG = lwe_cipher, RIGHTARG = float8, FUNCTION = lwe_mul, COMMUTATOR = *);
CREATE OPERATOR * (LEFTARG = float8, RIGHTARG = lwe_cipher, FUNCTION = lwe_mul, COMMUTATOR = *);
COMMENT ON OPERATOR + (lwe_cipher, lwe_cipher) IS 'add value by value';
COMMENT ON OPERATOR - (lwe_cipher, lwe_cipher) IS 'subtract value by value';
COMMENT ON OPERATOR - (NONE, lwe_cipher) IS 'negate every value';
COMMENT ON OPERATOR * (lwe_cipher, float8) IS 'multiply every value';
COMMENT ON OPERATOR * (float8, lwe_cipher) IS 'multiply every value';

/*
 * sum and avg.  The state is an ordinary type, so that partial aggregates travel
 * between parallel workers and servers.
 */
CREATE TYPE lwe_sum_state;
CREATE FUNCTION lwe_sum_state_in(cstring) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_sum_state_out(lwe_sum_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_sum_state_recv(internal) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_sum_state_send(lwe_sum_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE lwe_sum_state (
	INPUT = lwe_sum_state_in,
	OUTPUT = lwe_sum_state_out,
	RECEIVE = lwe_sum_state_recv,
	SEND = lwe_sum_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_sum_state IS 'state of sum(lwe_cipher) and avg(lwe_cipher)';
COMMENT ON FUNCTION lwe_sum_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION lwe_sum_state_out(lwe_sum_state) IS 'I/O';
COMMENT ON FUNCTION lwe_sum_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION lwe_sum_state_send(lwe_sum_state) IS 'I/O';

CREATE FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
CREATE FUNCTION lwe_sum_combine(lwe_sum_state, lwe_sum_state) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_sum_final(lwe_sum_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_avg_final(lwe_sum_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_sum_combine(lwe_sum_state, lwe_sum_state) IS 'aggregate combine function';
COMMENT ON FUNCTION lwe_sum_final(lwe_sum_state) IS 'aggregate final function';
COMMENT ON FUNCTION lwe_avg_final(lwe_sum_state) IS 'aggregate final function';

CREATE AGGREGATE sum(lwe_cipher) (
	SFUNC = lwe_sum_trans,
	STYPE = lwe_sum_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_sum_combine,
	FINALFUNC = lwe_sum_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(lwe_cipher) IS 'encrypted sum of encrypted rows, value by value; needs no key';
CREATE AGGREGATE avg(lwe_cipher) (
	SFUNC = lwe_sum_trans,
	STYPE = lwe_sum_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_sum_combine,
	FINALFUNC = lwe_avg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(lwe_cipher) IS 'encrypted average of encrypted rows, value by value; needs no key';

/*
 * lwe_pack: many rows into one ciphertext.
 */
CREATE TYPE lwe_pack_state;
CREATE FUNCTION lwe_pack_state_in(cstring) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_pack_state_out(lwe_pack_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_pack_state_recv(internal) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_pack_state_send(lwe_pack_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE lwe_pack_state (
	INPUT = lwe_pack_state_in,
	OUTPUT = lwe_pack_state_out,
	RECEIVE = lwe_pack_state_recv,
	SEND = lwe_pack_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_pack_state IS 'state of lwe_pack and ppdl_predict_agg over encrypted rows';
COMMENT ON FUNCTION lwe_pack_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION lwe_pack_state_out(lwe_pack_state) IS 'I/O';
COMMENT ON FUNCTION lwe_pack_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION lwe_pack_state_send(lwe_pack_state) IS 'I/O';

CREATE FUNCTION lwe_pack_trans(lwe_pack_state, lwe_cipher) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION lwe_pack_combine(lwe_pack_state, lwe_pack_state) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_pack_final(lwe_pack_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION lwe_pack_trans(lwe_pack_state, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_pack_combine(lwe_pack_state, lwe_pack_state) IS 'aggregate combine function';
COMMENT ON FUNCTION lwe_pack_final(lwe_pack_state) IS 'aggregate final function';

CREATE AGGREGATE lwe_pack(lwe_cipher) (
	SFUNC = lwe_pack_trans,
	STYPE = lwe_pack_state,
	SSPACE = 1000000,
	COMBINEFUNC = lwe_pack_combine,
	FINALFUNC = lwe_pack_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lwe_pack(lwe_cipher) IS 'encrypted rows packed into one ciphertext, in the order they come; rows that are NULL keep their place; incomplete batches need the owner''s published keys';

-- encryption under a public key, for occasional writers
CREATE FUNCTION lwe_encrypt(key text, "values" float8[], compact boolean DEFAULT true) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'lwe_encrypt_public' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION lwe_encrypt(text, float8[], boolean) IS 'encrypt one row under a public key of ppdl_keys (about 100 kB, compact)';

-- the owner's side, for databases on the owner's own machine: refused unless ppdl.owner_mode is on
CREATE FUNCTION lwe_keygen(name text, passphrase text, use text DEFAULT 'sum') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION lwe_keygen(text, text, text) IS 'owner mode: make a key, publish what a use (sum, predict, train) needs of it, return the secret key file';
CREATE FUNCTION lwe_encrypt(secret text, "values" float8[], passphrase text, compact boolean DEFAULT false) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'lwe_encrypt_secret' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION lwe_encrypt(text, float8[], text, boolean) IS 'owner mode: encrypt one row under a secret key';
CREATE FUNCTION lwe_encrypt_rows(secret text, "rows" float8[], passphrase text, compact boolean DEFAULT false, scale_bits int DEFAULT 30) RETURNS SETOF lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION lwe_encrypt_rows(text, float8[], text, boolean, int) IS 'owner mode: encrypt the rows of a two-dimensional array, as batches, in order; scale_bits (20 to 40) trades precision for room in sums';
CREATE FUNCTION lwe_decrypt(cipher lwe_cipher, secret text, passphrase text) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION lwe_decrypt(lwe_cipher, text, text) IS 'owner mode: decrypt; of packed rows an array a row, rounded to the digits that the error leaves';
REVOKE EXECUTE ON FUNCTION lwe_keygen(text, text, text), lwe_encrypt(text, float8[], text, boolean),
	lwe_encrypt_rows(text, float8[], text, boolean, int), lwe_decrypt(lwe_cipher, text, text) FROM PUBLIC;
/*
 * Keys on the server: public and evaluation keys only, never a secret.
 *
 * How the owner's tool publishes: a key is made of parts ("public", "row/relin",
 * "row/galois/<d>", "deep/..."; RSA keys have the part "public" alone), a part of
 * chunks of 4 MiB (4194304 bytes; the last one is what is left).  For each chunk
 *
 *   SELECT ppdl_publish_part($1 key_id text, $2 name text, $3 scheme text,
 *                            $4 params text, $5 part text, $6 chunk int,
 *                            $7 total bigint, $8 sha256 bytea, $9 data bytea)
 *
 * with the parameters of the whole part in $7 and $8.  The key's row is made on
 * first use.  The answer is true when this chunk completed the part, which has
 * then been checked against its SHA-256 and its name.  Sending a chunk again does
 * no harm; a part whose SHA-256 or length differs replaces the stored one.  So a
 * broken publication may simply be run again; to skip what is there already:
 *
 *   SELECT part, sha256 FROM ppdl_key_part_info WHERE key_id = $1 AND complete
 *
 * Publishing needs the right to write to both tables.
 */
CREATE TABLE ppdl_keys (
	key_id text COLLATE "C" NOT NULL PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{16}$'),
	name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
	scheme text COLLATE "C" NOT NULL CHECK (scheme IN ('lwe', 'rsa')),
	params text NOT NULL DEFAULT '',
	created timestamptz NOT NULL DEFAULT now(),
	comment text
);
COMMENT ON TABLE ppdl_keys IS 'public keys of the owners of encrypted rows, one a row; holds no secrets';
COMMENT ON COLUMN ppdl_keys.key_id IS 'fingerprint, 16 hexadecimal digits, carried by every ciphertext';
COMMENT ON COLUMN ppdl_keys.name IS 'what people call the key';
COMMENT ON COLUMN ppdl_keys.scheme IS 'lwe or rsa';
COMMENT ON COLUMN ppdl_keys.params IS 'parameters of the key, for people';
COMMENT ON COLUMN ppdl_keys.created IS 'when it was first published here';
COMMENT ON COLUMN ppdl_keys.comment IS 'free text';

CREATE TABLE ppdl_key_parts (
	key_id text COLLATE "C" NOT NULL REFERENCES ppdl_keys ON UPDATE CASCADE ON DELETE CASCADE,
	part text COLLATE "C" NOT NULL CHECK (part ~ '^[a-z0-9_]+(/[a-z0-9_]+)*$' AND length(part) < 64),
	chunk int NOT NULL CHECK (chunk >= 0),
	total bigint NOT NULL CHECK (total > 0),
	sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
	data bytea NOT NULL,
	PRIMARY KEY (key_id, part, chunk)
);
ALTER TABLE ppdl_key_parts ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE ppdl_key_parts IS 'what the keys of ppdl_keys are made of: public, relinearisation, rotation and bootstrapping keys, in chunks';
COMMENT ON COLUMN ppdl_key_parts.key_id IS 'the key in ppdl_keys';
COMMENT ON COLUMN ppdl_key_parts.part IS 'name of the part, e.g. row/galois/5';
COMMENT ON COLUMN ppdl_key_parts.chunk IS 'number of the chunk within the part, from 0';
COMMENT ON COLUMN ppdl_key_parts.total IS 'bytes of the whole part';
COMMENT ON COLUMN ppdl_key_parts.sha256 IS 'SHA-256 of the whole part';
COMMENT ON COLUMN ppdl_key_parts.data IS 'the bytes, 4 MiB a chunk';

SELECT pg_extension_config_dump('ppdl_keys', '');
SELECT pg_extension_config_dump('ppdl_key_parts', '');
GRANT SELECT ON ppdl_keys, ppdl_key_parts TO PUBLIC;

CREATE FUNCTION ppdl_publish_part(key_id text, name text, scheme text, params text, part text, chunk int,
								  total bigint, sha256 bytea, data bytea)
	RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ppdl_publish_part(text, text, text, text, text, int, bigint, bytea, bytea)
	IS 'store one chunk of one part of a public key; true when the part is complete';

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
	IS 'remove the cache files of a key (NULL: of all keys); they are made again when next needed';

CREATE FUNCTION ppdl_cache_warm(key text, use text DEFAULT 'predict')
	RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
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

CREATE VIEW ppdl_key_part_info AS
	SELECT key_id, part, total AS bytes, sha256, count(*)::int AS chunks,
		   sum(octet_length(data)) = total AS complete
	FROM ppdl_key_parts
	GROUP BY key_id, part, total, sha256;
COMMENT ON VIEW ppdl_key_part_info IS 'parts of public keys, with their size and whether all chunks are there';

CREATE VIEW ppdl_key_info AS
	SELECT k.key_id, k.name, k.scheme, k.params, ppdl_key_uses(k.key_id) AS uses,
		   count(p.part)::int AS parts, coalesce(sum(p.bytes), 0)::bigint AS bytes,
		   coalesce(bool_and(p.complete), false) AS complete, k.created, k.comment
	FROM ppdl_keys k LEFT JOIN ppdl_key_part_info p USING (key_id)
	GROUP BY k.key_id;
COMMENT ON VIEW ppdl_key_info IS 'public keys with what they are good for and their size';

GRANT SELECT ON ppdl_key_part_info, ppdl_key_info TO PUBLIC;
/*
 * Models: networks, their versions, training and prediction.
 */
CREATE TABLE ppdl_models (
	name text COLLATE "C" NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
	version int NOT NULL CHECK (version > 0),
	spec jsonb NOT NULL,
	weights float8[],
	cipher lwe_cipher[],
	key_id text COLLATE "C",
	trained jsonb,
	created timestamptz NOT NULL DEFAULT now(),
	owner name NOT NULL DEFAULT current_user,
	PRIMARY KEY (name, version),
	CHECK (weights IS NULL OR cipher IS NULL),
	CHECK (cipher IS NULL OR key_id IS NOT NULL)
);
COMMENT ON TABLE ppdl_models IS 'neural networks, a version a row';
COMMENT ON COLUMN ppdl_models.name IS 'name of the model';
COMMENT ON COLUMN ppdl_models.version IS 'counts from 1; each training adds one';
COMMENT ON COLUMN ppdl_models.spec IS 'inputs, input_scale, and the units and activation of each layer';
COMMENT ON COLUMN ppdl_models.weights IS 'plain weights, layer by layer: units x inputs row by row, then the biases; NULL while untrained or encrypted';
COMMENT ON COLUMN ppdl_models.cipher IS 'encrypted weights';
COMMENT ON COLUMN ppdl_models.key_id IS 'key of the encrypted weights';
COMMENT ON COLUMN ppdl_models.trained IS 'what a version was trained on: rows, skipped, steps, seconds, options';
COMMENT ON COLUMN ppdl_models.created IS 'when the version was stored';
COMMENT ON COLUMN ppdl_models.owner IS 'who stored it';
SELECT pg_extension_config_dump('ppdl_models', '');

CREATE FUNCTION ppdl_create_model(name text, spec jsonb, weights float8[] DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_create_model(text, jsonb, float8[]) IS 'store a network as version 1 of a new model, untrained unless weights are given; returns name@version';
CREATE FUNCTION ppdl_drop_model(model text) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_drop_model(text) IS 'remove a model, or one version of it (name@version); returns how many versions went';
CREATE FUNCTION ppdl_model_weights(model text) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_weights(text) IS 'plain weights of a model, layer by layer: units x inputs row by row, then the biases';
CREATE FUNCTION ppdl_model_levels(model text, OUT needed int, OUT available int) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_levels(text) IS 'multiplicative levels that prediction on encrypted rows takes, and how many a full row has';

-- state of the aggregates over plain rows
CREATE TYPE ppdl_rows_state;
CREATE FUNCTION ppdl_rows_state_in(cstring) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_out(ppdl_rows_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_recv(internal) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_send(ppdl_rows_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_rows_state (
	INPUT = ppdl_rows_state_in,
	OUTPUT = ppdl_rows_state_out,
	RECEIVE = ppdl_rows_state_recv,
	SEND = ppdl_rows_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE ppdl_rows_state IS 'state of ppdl_train and ppdl_predict_agg over float8[]';
COMMENT ON FUNCTION ppdl_rows_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_out(ppdl_rows_state) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_send(ppdl_rows_state) IS 'I/O';
CREATE FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state) IS 'aggregate combine function';

-- training on plain rows
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8s_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8s_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_final(ppdl_rows_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_final' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_final(ppdl_rows_state) IS 'aggregate final function';

CREATE AGGREGATE ppdl_train(model text, features float8[], label float8) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8, options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8[]) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8[], options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8) IS 'train a model on plain rows; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8, jsonb) IS 'train a model on plain rows with options; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8[]) IS 'train a model of several outputs on plain rows; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8[], jsonb) IS 'train a model of several outputs on plain rows with options; stores a new version and returns name@version';

-- prediction on plain rows
CREATE FUNCTION ppdl_predict(model text, features float8[]) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION ppdl_predict(text, float8[]) IS 'outputs of a model for one plain row, an array even when there is one';
CREATE FUNCTION ppdl_predict_trans(ppdl_rows_state, text, float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 50;
CREATE FUNCTION ppdl_predict_final(ppdl_rows_state) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_predict_trans(ppdl_rows_state, text, float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_final(ppdl_rows_state) IS 'aggregate final function';
CREATE AGGREGATE ppdl_predict_agg(model text, features float8[]) (
	SFUNC = ppdl_predict_trans, STYPE = ppdl_rows_state, SSPACE = 100000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(text, float8[]) IS 'outputs of a model for plain rows, in the order they come, one row of the result each; NULL for rows that are NULL';

-- prediction on encrypted rows
CREATE FUNCTION ppdl_predict(model text, features lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000000;
COMMENT ON FUNCTION ppdl_predict(text, lwe_cipher) IS 'encrypted outputs of a model for one encrypted row; needs the owner''s published keys for prediction; for many rows ppdl_predict_agg is a thousand times faster';
CREATE FUNCTION ppdl_predict_trans(lwe_pack_state, text, lwe_cipher) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION ppdl_predict_final(lwe_pack_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_final' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000000;
COMMENT ON FUNCTION ppdl_predict_trans(lwe_pack_state, text, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_final(lwe_pack_state) IS 'aggregate final function';
CREATE AGGREGATE ppdl_predict_agg(model text, features lwe_cipher) (
	SFUNC = ppdl_predict_trans, STYPE = lwe_pack_state, SSPACE = 10000000,
	COMBINEFUNC = lwe_pack_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(text, lwe_cipher) IS 'encrypted outputs of a model for encrypted rows, packed, in the order they come; rows that are NULL keep their place without value';
/*
 * Training on encrypted rows.
 */
CREATE TYPE ppdl_train_state;
CREATE FUNCTION ppdl_train_state_in(cstring) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_out(ppdl_train_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_recv(internal) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_send(ppdl_train_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_train_state (
	INPUT = ppdl_train_state_in,
	OUTPUT = ppdl_train_state_out,
	RECEIVE = ppdl_train_state_recv,
	SEND = ppdl_train_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE ppdl_train_state IS 'state of ppdl_train over lwe_cipher';
COMMENT ON FUNCTION ppdl_train_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_out(ppdl_train_state) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_send(ppdl_train_state) IS 'I/O';
CREATE FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state) IS 'aggregate combine function';
CREATE FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher) IS 'aggregate transition function';
CREATE FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb) IS 'aggregate transition function';
CREATE FUNCTION ppdl_train_final(ppdl_train_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_final' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000000;
COMMENT ON FUNCTION ppdl_train_final(ppdl_train_state) IS 'aggregate final function';

CREATE AGGREGATE ppdl_train(model text, features lwe_cipher, label lwe_cipher) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_train_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_train_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features lwe_cipher, label lwe_cipher, options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_train_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_train_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE ppdl_train(text, lwe_cipher, lwe_cipher) IS 'train a model on encrypted rows; stores a new version with encrypted weights and returns name@version; needs the owner''s keys published for training';
COMMENT ON AGGREGATE ppdl_train(text, lwe_cipher, lwe_cipher, jsonb) IS 'train a model on encrypted rows with options; stores a new version with encrypted weights and returns name@version; needs the owner''s keys published for training';

CREATE FUNCTION ppdl_train_resume(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000000;
COMMENT ON FUNCTION ppdl_train_resume(text) IS 'continue an interrupted training on encrypted rows from its last step, with the same result as without interruption; returns name@version';
/*
 * rsa_cipher: type, accessors, operators, aggregates, encryption, prediction.
 * What needs a public key finds it in ppdl_keys by the fingerprint that every value
 * carries.
 */
CREATE TYPE rsa_cipher;

CREATE FUNCTION rsa_cipher_in(cstring) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION rsa_cipher_out(rsa_cipher) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION rsa_cipher_recv(internal) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION rsa_cipher_send(rsa_cipher) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE rsa_cipher (
	INPUT = rsa_cipher_in,
	OUTPUT = rsa_cipher_out,
	RECEIVE = rsa_cipher_recv,
	SEND = rsa_cipher_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE rsa_cipher IS 'a number encrypted under RSA (product or exponent encoding), or encrypted predictions of a network';
COMMENT ON FUNCTION rsa_cipher_in(cstring) IS 'I/O';
COMMENT ON FUNCTION rsa_cipher_out(rsa_cipher) IS 'I/O';
COMMENT ON FUNCTION rsa_cipher_recv(internal) IS 'I/O';
COMMENT ON FUNCTION rsa_cipher_send(rsa_cipher) IS 'I/O';

CREATE FUNCTION rsa_key_id(rsa_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_key_id(rsa_cipher) IS 'fingerprint of the key it is encrypted under';
CREATE FUNCTION rsa_kind(rsa_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_kind(rsa_cipher) IS 'value or prediction';
CREATE FUNCTION rsa_encoding(rsa_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_encoding(rsa_cipher) IS 'product or exponent';
CREATE FUNCTION rsa_parts(rsa_cipher) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_parts(rsa_cipher) IS 'numbers modulo n it consists of: more than 1 for sums that one cannot hold, and for predictions';
CREATE FUNCTION rsa_bound(rsa_cipher) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_bound(rsa_cipher) IS 'bits that the encrypted number may have at most, of the modulus'' bits; of the largest part';
CREATE FUNCTION rsa_randomised(rsa_cipher) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_randomised(rsa_cipher) IS 'false: deterministic, equal values show and guesses can be tested';

CREATE FUNCTION rsa_mul(rsa_cipher, rsa_cipher) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION rsa_add(rsa_cipher, rsa_cipher) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION rsa_pow(rsa_cipher, bigint) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION rsa_mul(rsa_cipher, rsa_cipher) IS 'implementation of * operator';
COMMENT ON FUNCTION rsa_add(rsa_cipher, rsa_cipher) IS 'implementation of + operator';
COMMENT ON FUNCTION rsa_pow(rsa_cipher, bigint) IS 'implementation of ^ operator';

CREATE OPERATOR * (LEFTARG = rsa_cipher, RIGHTARG = rsa_cipher, FUNCTION = rsa_mul, COMMUTATOR = *);
CREATE OPERATOR + (LEFTARG = rsa_cipher, RIGHTARG = rsa_cipher, FUNCTION = rsa_add, COMMUTATOR = +);
CREATE OPERATOR ^ (LEFTARG = rsa_cipher, RIGHTARG = bigint, FUNCTION = rsa_pow);
COMMENT ON OPERATOR * (rsa_cipher, rsa_cipher) IS 'multiply ciphertexts: multiplies products, adds exponents';
COMMENT ON OPERATOR + (rsa_cipher, rsa_cipher) IS 'add values in the exponent encoding';
COMMENT ON OPERATOR ^ (rsa_cipher, bigint) IS 'power: of a product m^w, of an exponent w times the value';

/*
 * rsa_product and rsa_sum.  The state is itself an rsa_cipher, so one function adds
 * rows and combines partial results.
 */
CREATE FUNCTION rsa_product_trans(rsa_cipher, rsa_cipher) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 500;
CREATE FUNCTION rsa_sum_trans(rsa_cipher, rsa_cipher) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION rsa_product_trans(rsa_cipher, rsa_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION rsa_sum_trans(rsa_cipher, rsa_cipher) IS 'aggregate transition function';

CREATE AGGREGATE rsa_product(rsa_cipher) (
	SFUNC = rsa_product_trans, STYPE = rsa_cipher, SSPACE = 4096,
	COMBINEFUNC = rsa_product_trans, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsa_product(rsa_cipher) IS 'encrypted product of values in the product encoding; an error where it could exceed the modulus';
CREATE AGGREGATE rsa_sum(rsa_cipher) (
	SFUNC = rsa_sum_trans, STYPE = rsa_cipher, SSPACE = 4096,
	COMBINEFUNC = rsa_sum_trans, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsa_sum(rsa_cipher) IS 'encrypted sum of values in the exponent encoding, in as many parts as it needs';

-- encryption under a public key of ppdl_keys
CREATE FUNCTION rsa_encrypt(key text, value numeric, encoding text DEFAULT 'product', max_value numeric DEFAULT NULL,
							randomise boolean DEFAULT true) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION rsa_encrypt(text, numeric, text, numeric, boolean) IS
	'encrypt an integer: encoding product (deterministic, from 1) or exponent (a count from 0, up to 255 unless max_value says more; randomised unless told otherwise)';
CREATE FUNCTION rsa_encrypt_features(key text, features float8[], input_bits int DEFAULT 4, randomise boolean DEFAULT true)
	RETURNS rsa_cipher[]
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION rsa_encrypt_features(text, float8[], int, boolean) IS
	'encrypt values in [-1, 1], rounded to 2^input_bits - 1 steps, for ppdl_predict';

/*
 * Prediction: the model's first layer, with weights rounded to integers of
 * weight_bits bits, over encrypted rows.  The result carries the rest of the model;
 * the owner decrypts and finishes it (ppdl decrypt, ppdl query).
 */
CREATE FUNCTION ppdl_predict(model text, features rsa_cipher[], weight_bits int DEFAULT 4) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME', 'ppdl_predict_rsa' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 200000;
COMMENT ON FUNCTION ppdl_predict(text, rsa_cipher[], int) IS 'encrypted prediction of a model for one row of RSA values; the owner finishes it';
CREATE FUNCTION ppdl_predict_rsa_trans(bytea, text, rsa_cipher[]) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 200000;
CREATE FUNCTION ppdl_predict_rsa_trans(bytea, text, rsa_cipher[], int) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 200000;
CREATE FUNCTION ppdl_predict_rsa_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION ppdl_predict_rsa_final(bytea) RETURNS rsa_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_predict_rsa_trans(bytea, text, rsa_cipher[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_rsa_trans(bytea, text, rsa_cipher[], int) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_rsa_combine(bytea, bytea) IS 'aggregate combine function';
COMMENT ON FUNCTION ppdl_predict_rsa_final(bytea) IS 'aggregate final function';
CREATE AGGREGATE ppdl_predict_agg(model text, features rsa_cipher[]) (
	SFUNC = ppdl_predict_rsa_trans, STYPE = bytea, SSPACE = 1000000,
	COMBINEFUNC = ppdl_predict_rsa_combine,
	FINALFUNC = ppdl_predict_rsa_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
CREATE AGGREGATE ppdl_predict_agg(model text, features rsa_cipher[], weight_bits int) (
	SFUNC = ppdl_predict_rsa_trans, STYPE = bytea, SSPACE = 1000000,
	COMBINEFUNC = ppdl_predict_rsa_combine,
	FINALFUNC = ppdl_predict_rsa_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(text, rsa_cipher[]) IS
	'encrypted predictions of a model for rows of RSA values, in the order they come; rows that are NULL keep their place; the owner finishes them';
COMMENT ON AGGREGATE ppdl_predict_agg(text, rsa_cipher[], int) IS
	'encrypted predictions of a model for rows of RSA values, with weights rounded to weight_bits bits';

-- the owner's side, for databases on the owner's own machine: refused unless ppdl.owner_mode is on
CREATE FUNCTION rsa_keygen(name text, passphrase text, bits int DEFAULT 3072) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION rsa_keygen(text, text, int) IS 'owner mode: make an RSA key of 3072, 4096 or 8192 bits, publish its public half, return the private half as encrypted PEM';
CREATE FUNCTION rsa_decrypt(cipher rsa_cipher, secret text, passphrase text) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION rsa_decrypt(rsa_cipher, text, text) IS 'owner mode: decrypt a value; exact, or an error';
CREATE FUNCTION rsa_decrypt_prediction(cipher rsa_cipher, secret text, passphrase text) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION rsa_decrypt_prediction(rsa_cipher, text, text) IS 'owner mode: decrypt predictions and finish the network; one row of the array a row';
REVOKE EXECUTE ON FUNCTION rsa_keygen(text, text, int), rsa_decrypt(rsa_cipher, text, text),
	rsa_decrypt_prediction(rsa_cipher, text, text) FROM PUBLIC;
