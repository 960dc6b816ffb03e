\echo Use "ALTER EXTENSION ppdl UPDATE" to load this file. \quit

-- states of aggregates: their functions are for the aggregates, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher), lwe_sum_combine(lwe_sum_state, lwe_sum_state),
	lwe_sum_final(lwe_sum_state), lwe_avg_final(lwe_sum_state),
	lwe_pack_trans(lwe_pack_state, lwe_cipher), lwe_pack_combine(lwe_pack_state, lwe_pack_state),
	lwe_pack_final(lwe_pack_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb),
	ppdl_train_final(ppdl_rows_state), ppdl_predict_trans(ppdl_rows_state, text, float8[]),
	ppdl_predict_final(ppdl_rows_state), ppdl_predict_trans(lwe_pack_state, text, lwe_cipher),
	ppdl_predict_final(lwe_pack_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb),
	ppdl_train_final(ppdl_train_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rsa_product_trans(rsa_cipher, rsa_cipher), rsa_sum_trans(rsa_cipher, rsa_cipher),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[]),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[], int), ppdl_predict_rsa_combine(bytea, bytea),
	ppdl_predict_rsa_final(bytea) FROM PUBLIC;
-- it looks the key up
ALTER FUNCTION ppdl_predict_rsa_final(bytea) STABLE;

-- they look up whose writers' rows they are given
ALTER FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher) STABLE;
ALTER FUNCTION lwe_sum_combine(lwe_sum_state, lwe_sum_state) STABLE;
ALTER FUNCTION lwe_sum_final(lwe_sum_state) STABLE;
ALTER FUNCTION lwe_avg_final(lwe_sum_state) STABLE;
ALTER FUNCTION lwe_add(lwe_cipher, lwe_cipher) STABLE;
ALTER FUNCTION lwe_sub(lwe_cipher, lwe_cipher) STABLE;
COMMENT ON AGGREGATE sum(lwe_cipher) IS 'encrypted sum of encrypted rows, value by value; needs no key but, for rows of writers, their published ones';
COMMENT ON AGGREGATE avg(lwe_cipher) IS 'encrypted average of encrypted rows, value by value; needs no key but, for rows of writers, their published ones';
COMMENT ON OPERATOR + (lwe_cipher, lwe_cipher) IS 'add value by value; needs no key but, between keys of one owner or between rings, their published ones';
COMMENT ON OPERATOR - (lwe_cipher, lwe_cipher) IS 'subtract value by value; needs no key but, between keys of one owner or between rings, their published ones';
COMMENT ON AGGREGATE lwe_pack(lwe_cipher) IS 'encrypted rows packed into one ciphertext, in the order they come; rows that are NULL keep their place; incomplete batches of full rows need the owner''s published keys, rows of writers theirs';

-- compact rows have a ring of their own
CREATE FUNCTION lwe_ring(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_ring(lwe_cipher) IS 'ring it is in: row14 for full rows and for compact ones of version 0.1.0, compact11 for compact ones; values in different rings do not add up';
COMMENT ON TYPE lwe_cipher IS 'real values encrypted under ring-LWE (CKKS): a row''s slice of a batch, an explicit row, a sum in parts, or many rows packed; lwe_cipher(n) holds n values a row';
COMMENT ON FUNCTION lwe_kind(lwe_cipher) IS 'slice, row, packed or parts';
COMMENT ON FUNCTION lwe_encrypt(text, float8[], boolean) IS 'encrypt one row under a public key of ppdl_keys (compact: 13 kB, full: 800 kB)';

/*
 * lwe_gram: second moments.
 */
CREATE TYPE lwe_gram_state;
CREATE FUNCTION lwe_gram_state_in(cstring) RETURNS lwe_gram_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_gram_state_out(lwe_gram_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_gram_state_recv(internal) RETURNS lwe_gram_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_gram_state_send(lwe_gram_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE lwe_gram_state (
	INPUT = lwe_gram_state_in,
	OUTPUT = lwe_gram_state_out,
	RECEIVE = lwe_gram_state_recv,
	SEND = lwe_gram_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_gram_state IS 'state of lwe_gram';
COMMENT ON FUNCTION lwe_gram_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION lwe_gram_state_out(lwe_gram_state) IS 'I/O';
COMMENT ON FUNCTION lwe_gram_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION lwe_gram_state_send(lwe_gram_state) IS 'I/O';

CREATE FUNCTION lwe_gram_trans(lwe_gram_state, lwe_cipher) RETURNS lwe_gram_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000;
CREATE FUNCTION lwe_gram_trans(lwe_gram_state, lwe_cipher, lwe_cipher) RETURNS lwe_gram_state
	AS 'MODULE_PATHNAME', 'lwe_gram_labels_trans' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION lwe_gram_combine(lwe_gram_state, lwe_gram_state) RETURNS lwe_gram_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_gram_final(lwe_gram_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION lwe_gram_trans(lwe_gram_state, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_gram_trans(lwe_gram_state, lwe_cipher, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_gram_combine(lwe_gram_state, lwe_gram_state) IS 'aggregate combine function';
COMMENT ON FUNCTION lwe_gram_final(lwe_gram_state) IS 'aggregate final function';

CREATE AGGREGATE lwe_gram(lwe_cipher) (
	SFUNC = lwe_gram_trans,
	STYPE = lwe_gram_state,
	SSPACE = 10000000,
	COMBINEFUNC = lwe_gram_combine,
	FINALFUNC = lwe_gram_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
CREATE AGGREGATE lwe_gram(features lwe_cipher, label lwe_cipher) (
	SFUNC = lwe_gram_trans,
	STYPE = lwe_gram_state,
	SSPACE = 1000000,
	COMBINEFUNC = lwe_gram_combine,
	FINALFUNC = lwe_gram_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lwe_gram(lwe_cipher) IS 'encrypted second moments of encrypted rows: the sums of the products of each two of their values, a symmetric matrix; needs the owner''s published keys, of prediction for full rows, of training for compact ones';
COMMENT ON AGGREGATE lwe_gram(lwe_cipher, lwe_cipher) IS 'encrypted second moments of features and labels together, the labels'' after the features''; needs the owner''s published keys of training';
REVOKE EXECUTE ON FUNCTION lwe_gram_trans(lwe_gram_state, lwe_cipher),
	lwe_gram_trans(lwe_gram_state, lwe_cipher, lwe_cipher), lwe_gram_combine(lwe_gram_state, lwe_gram_state),
	lwe_gram_final(lwe_gram_state) FROM PUBLIC;

/*
 * sum_where: sums over the rows that meet a condition.
 */
CREATE TYPE lwe_where_state;
CREATE FUNCTION lwe_where_state_in(cstring) RETURNS lwe_where_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_where_state_out(lwe_where_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_where_state_recv(internal) RETURNS lwe_where_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_where_state_send(lwe_where_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE lwe_where_state (
	INPUT = lwe_where_state_in,
	OUTPUT = lwe_where_state_out,
	RECEIVE = lwe_where_state_recv,
	SEND = lwe_where_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_where_state IS 'state of sum_where';
COMMENT ON FUNCTION lwe_where_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION lwe_where_state_out(lwe_where_state) IS 'I/O';
COMMENT ON FUNCTION lwe_where_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION lwe_where_state_send(lwe_where_state) IS 'I/O';

CREATE FUNCTION lwe_where_trans(lwe_where_state, lwe_cipher, text) RETURNS lwe_where_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000;
CREATE FUNCTION lwe_where_trans(lwe_where_state, lwe_cipher, text, lwe_cipher) RETURNS lwe_where_state
	AS 'MODULE_PATHNAME', 'lwe_where_on_trans' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION lwe_where_combine(lwe_where_state, lwe_where_state) RETURNS lwe_where_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_where_final(lwe_where_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION lwe_where_trans(lwe_where_state, lwe_cipher, text) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_where_trans(lwe_where_state, lwe_cipher, text, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_where_combine(lwe_where_state, lwe_where_state) IS 'aggregate combine function';
COMMENT ON FUNCTION lwe_where_final(lwe_where_state) IS 'aggregate final function';

CREATE AGGREGATE sum_where("values" lwe_cipher, condition text) (
	SFUNC = lwe_where_trans,
	STYPE = lwe_where_state,
	SSPACE = 10000000,
	COMBINEFUNC = lwe_where_combine,
	FINALFUNC = lwe_where_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
CREATE AGGREGATE sum_where("values" lwe_cipher, condition text, "on" lwe_cipher) (
	SFUNC = lwe_where_trans,
	STYPE = lwe_where_state,
	SSPACE = 1000000,
	COMBINEFUNC = lwe_where_combine,
	FINALFUNC = lwe_where_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum_where(lwe_cipher, text) IS 'encrypted number and sums of the rows whose values meet a condition such as x[3] = 1 and not x[7] = 1; needs the owner''s published keys, of prediction for full rows, of training for compact ones and for long conditions';
COMMENT ON AGGREGATE sum_where(lwe_cipher, text, lwe_cipher) IS 'the same with the condition about another column of the row, encrypted beside this one, and about the values, which have the numbers behind it; needs the owner''s published keys of training';
REVOKE EXECUTE ON FUNCTION lwe_where_trans(lwe_where_state, lwe_cipher, text),
	lwe_where_trans(lwe_where_state, lwe_cipher, text, lwe_cipher),
	lwe_where_combine(lwe_where_state, lwe_where_state), lwe_where_final(lwe_where_state) FROM PUBLIC;

CREATE FUNCTION sum_where_plan(condition text, width integer DEFAULT 16) RETURNS TABLE ("rows" text, levels integer, available integer, fits boolean, bits integer, comparisons integer, products integer, rows_per_s float8, blur float8, bootstraps integer)
	AS 'MODULE_PATHNAME', 'ppdl_where_plan' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION sum_where_plan(text, integer) IS 'what a condition of sum_where takes, and what with comparisons composed of two each: levels of products, and how many rows of full and of compact form have; about how many rows of that many values a core adds up a second; how near to a threshold, at most, rows count in part, in the units of the encoding; full bootstraps for each four batches';

/*
 * lwe_receipt: sums that say which rows they are of.
 */
CREATE TYPE lwe_receipt_state;
CREATE FUNCTION lwe_receipt_state_in(cstring) RETURNS lwe_receipt_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_receipt_state_out(lwe_receipt_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_receipt_state_recv(internal) RETURNS lwe_receipt_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION lwe_receipt_state_send(lwe_receipt_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE lwe_receipt_state (
	INPUT = lwe_receipt_state_in,
	OUTPUT = lwe_receipt_state_out,
	RECEIVE = lwe_receipt_state_recv,
	SEND = lwe_receipt_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lwe_receipt_state IS 'state of lwe_receipt';
COMMENT ON FUNCTION lwe_receipt_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION lwe_receipt_state_out(lwe_receipt_state) IS 'I/O';
COMMENT ON FUNCTION lwe_receipt_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION lwe_receipt_state_send(lwe_receipt_state) IS 'I/O';

CREATE FUNCTION lwe_receipt_trans(lwe_receipt_state, lwe_cipher) RETURNS lwe_receipt_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
CREATE FUNCTION lwe_receipt_trans(lwe_receipt_state, lwe_cipher, VARIADIC text[]) RETURNS lwe_receipt_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 30;
CREATE FUNCTION lwe_receipt_combine(lwe_receipt_state, lwe_receipt_state) RETURNS lwe_receipt_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_receipt_final(lwe_receipt_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION lwe_receipt_trans(lwe_receipt_state, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_receipt_trans(lwe_receipt_state, lwe_cipher, text[]) IS 'aggregate transition function';
COMMENT ON FUNCTION lwe_receipt_combine(lwe_receipt_state, lwe_receipt_state) IS 'aggregate combine function';
COMMENT ON FUNCTION lwe_receipt_final(lwe_receipt_state) IS 'aggregate final function';

CREATE AGGREGATE lwe_receipt(lwe_cipher) (
	SFUNC = lwe_receipt_trans,
	STYPE = lwe_receipt_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_receipt_combine,
	FINALFUNC = lwe_receipt_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE lwe_receipt(value lwe_cipher, VARIADIC bound text[]) (
	SFUNC = lwe_receipt_trans,
	STYPE = lwe_receipt_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_receipt_combine,
	FINALFUNC = lwe_receipt_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lwe_receipt(lwe_cipher) IS 'sum of encrypted rows with which rows they are, for ppdl query --verify; of rows that ppdl encrypt --receipts wrote; needs no key';
COMMENT ON AGGREGATE lwe_receipt(lwe_cipher, text[]) IS 'the same of rows that are bound to plain columns (ppdl encrypt --bind), given in the same order';
REVOKE EXECUTE ON FUNCTION lwe_receipt_trans(lwe_receipt_state, lwe_cipher),
	lwe_receipt_trans(lwe_receipt_state, lwe_cipher, text[]), lwe_receipt_combine(lwe_receipt_state, lwe_receipt_state),
	lwe_receipt_final(lwe_receipt_state) FROM PUBLIC;

-- keys: names that are not fingerprints, an owner, signatures
UPDATE ppdl_keys SET name = 'key_' || name WHERE name ~ '^[0-9A-Fa-f]{16}$';
ALTER TABLE ppdl_keys
	ADD COLUMN owner name NOT NULL DEFAULT CURRENT_USER,
	ADD COLUMN verify_key bytea,
	ADD CONSTRAINT ppdl_keys_name_no_fingerprint CHECK (name !~ '^[0-9A-Fa-f]{16}$'),
	ADD CONSTRAINT ppdl_keys_verify_key CHECK (octet_length(verify_key) = 32);
COMMENT ON COLUMN ppdl_keys.owner IS 'role that published the key; only its members change or drop it';
COMMENT ON COLUMN ppdl_keys.verify_key IS 'Ed25519 public key that checks the signatures of the parts; NULL: the parts are not bound by signatures';
ALTER TABLE ppdl_key_parts
	ADD COLUMN signature bytea,
	ADD CONSTRAINT ppdl_key_parts_signature CHECK (octet_length(signature) = 64);
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

REVOKE EXECUTE ON FUNCTION ppdl_cache_warm(text, text) FROM PUBLIC;
COMMENT ON FUNCTION ppdl_cache_clear(text)
	IS 'remove the cache files of a key (NULL: of all keys of this database, and what dropped databases left); they are made again when next needed';

CREATE FUNCTION ppdl_key_use_parts(key text, OUT use text, OUT needed int, OUT present int, OUT begun boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 3;
COMMENT ON FUNCTION ppdl_key_use_parts(text)
	IS 'for each use of a key, lesser uses included: how many parts it needs, how many are here whole, whether some are that only it needs';

CREATE VIEW ppdl_key_use_info AS
	SELECT k.key_id, k.name, u.use, u.needed, u.present, u.present = u.needed AS complete
	FROM ppdl_keys k CROSS JOIN LATERAL ppdl_key_use_parts(k.key_id) u;
COMMENT ON VIEW ppdl_key_use_info IS 'for each key and use: how many parts the use needs, and how many are here';

CREATE OR REPLACE VIEW ppdl_key_info AS
	SELECT k.key_id, k.name, k.scheme, k.params, ppdl_key_uses(k.key_id) AS uses,
		   count(p.part)::int AS parts, coalesce(sum(p.bytes), 0)::bigint AS bytes,
		   coalesce(bool_and(p.complete), false)
		   AND NOT EXISTS (SELECT FROM ppdl_key_use_parts(k.key_id) u WHERE u.begun AND u.present < u.needed) AS complete,
		   k.created, k.comment, k.owner,
		   CASE WHEN k.verify_key IS NOT NULL THEN 'signed' WHEN k.scheme = 'rsa' THEN 'fingerprint' ELSE 'unbound' END AS binding
	FROM ppdl_keys k LEFT JOIN ppdl_key_part_info p USING (key_id)
	GROUP BY k.key_id;
COMMENT ON VIEW ppdl_key_info IS 'public keys with what they are good for, their size, whether no use is begun and unfinished, and what binds their parts';

GRANT SELECT ON ppdl_key_use_info TO PUBLIC;

-- writers
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

-- logical replication under REPLICA IDENTITY FULL
CREATE FUNCTION ppdl_image_eq(lwe_cipher, lwe_cipher)
	RETURNS boolean
	AS 'byteaeq' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_eq(lwe_cipher, lwe_cipher) IS 'implementation of *=';
CREATE FUNCTION ppdl_image_hash(lwe_cipher)
	RETURNS int
	AS 'hashvarlena' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_hash(lwe_cipher) IS 'hash of the bytes of a ciphertext';
CREATE FUNCTION ppdl_image_hash(lwe_cipher, bigint)
	RETURNS bigint
	AS 'hashvarlenaextended' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_hash(lwe_cipher, bigint) IS 'hash of the bytes of a ciphertext, 64 bits';
CREATE OPERATOR *= (
	LEFTARG = lwe_cipher, RIGHTARG = lwe_cipher, FUNCTION = ppdl_image_eq, COMMUTATOR = *=, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR *= (lwe_cipher, lwe_cipher) IS 'same bytes? Says nothing about the encrypted values';
CREATE OPERATOR CLASS lwe_cipher_image_ops DEFAULT FOR TYPE lwe_cipher USING hash AS
	OPERATOR 1 *=, FUNCTION 1 ppdl_image_hash(lwe_cipher), FUNCTION 2 ppdl_image_hash(lwe_cipher, bigint);
COMMENT ON OPERATOR CLASS lwe_cipher_image_ops USING hash IS 'bytewise equality, for logical replication';

CREATE FUNCTION ppdl_image_eq(rsa_cipher, rsa_cipher)
	RETURNS boolean
	AS 'byteaeq' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_eq(rsa_cipher, rsa_cipher) IS 'implementation of *=';
CREATE FUNCTION ppdl_image_hash(rsa_cipher)
	RETURNS int
	AS 'hashvarlena' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_hash(rsa_cipher) IS 'hash of the bytes of a ciphertext';
CREATE FUNCTION ppdl_image_hash(rsa_cipher, bigint)
	RETURNS bigint
	AS 'hashvarlenaextended' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ppdl_image_hash(rsa_cipher, bigint) IS 'hash of the bytes of a ciphertext, 64 bits';
CREATE OPERATOR *= (
	LEFTARG = rsa_cipher, RIGHTARG = rsa_cipher, FUNCTION = ppdl_image_eq, COMMUTATOR = *=, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR *= (rsa_cipher, rsa_cipher) IS 'same bytes? Says nothing about the encrypted values';
CREATE OPERATOR CLASS rsa_cipher_image_ops DEFAULT FOR TYPE rsa_cipher USING hash AS
	OPERATOR 1 *=, FUNCTION 1 ppdl_image_hash(rsa_cipher), FUNCTION 2 ppdl_image_hash(rsa_cipher, bigint);
COMMENT ON OPERATOR CLASS rsa_cipher_image_ops USING hash IS 'bytewise equality, for logical replication';
-- no rows to train on are an error, not a NULL
CREATE OR REPLACE FUNCTION ppdl_train_final(ppdl_rows_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_final' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
CREATE OR REPLACE FUNCTION ppdl_train_final(ppdl_train_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_final' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000000;

-- unfinished training
CREATE FUNCTION ppdl_checkpoint_list(OUT model text, OUT role name, OUT steps_done int, OUT steps int,
	OUT seconds float8, OUT bytes bigint, OUT written timestamptz, OUT key_id text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 10;
COMMENT ON FUNCTION ppdl_checkpoint_list() IS 'what ppdl_checkpoints shows';
CREATE VIEW ppdl_checkpoints AS
	SELECT model, role, steps_done, steps, seconds, bytes, written, key_id FROM ppdl_checkpoint_list();
COMMENT ON VIEW ppdl_checkpoints IS 'checkpoints of training on encrypted rows in this database: one''s own roles'', or for members of pg_monitor and superusers all';
GRANT SELECT ON ppdl_checkpoints TO PUBLIC;

-- batches by number, to distribute and partition tables by
CREATE FUNCTION lwe_batch(lwe_cipher) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lwe_batch(lwe_cipher) IS 'number of the batch that a row was encrypted in, the same for features and label of a row; NULL for explicit rows and packed values; to distribute and partition tables by';

-- one version of a model on all nodes
CREATE FUNCTION ppdl_model_pin(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_pin(text) IS 'name@version#checksum of a model (its default version, if none is named): to be given in place of the name, where it means these contents or is an error';

-- a model's name without a collation: postgres_fdw ships no function of a collatable constant
CREATE TYPE ppdl_model;
CREATE FUNCTION ppdl_model_in(cstring) RETURNS ppdl_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_out(ppdl_model) RETURNS cstring
	AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_recv(internal) RETURNS ppdl_model
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_send(ppdl_model) RETURNS bytea
	AS 'textsend' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_model (
	INPUT = ppdl_model_in,
	OUTPUT = ppdl_model_out,
	RECEIVE = ppdl_model_recv,
	SEND = ppdl_model_send,
	LIKE = text
);
COMMENT ON TYPE ppdl_model IS 'name of a model, name@version or name@version#checksum, for queries that postgres_fdw ships';
COMMENT ON FUNCTION ppdl_model_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_out(ppdl_model) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_send(ppdl_model) IS 'I/O';

CREATE FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 50;
CREATE FUNCTION ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) IS 'aggregate transition function';
CREATE AGGREGATE ppdl_predict_agg(model ppdl_model, features float8[]) (
	SFUNC = ppdl_predict_trans, STYPE = ppdl_rows_state, SSPACE = 100000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(ppdl_model, float8[]) IS 'outputs of a model for plain rows, as ppdl_predict_agg(text, float8[]); postgres_fdw can ship it';
CREATE AGGREGATE ppdl_predict_agg(model ppdl_model, features lwe_cipher) (
	SFUNC = ppdl_predict_trans, STYPE = lwe_pack_state, SSPACE = 10000000,
	COMBINEFUNC = lwe_pack_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(ppdl_model, lwe_cipher) IS 'encrypted outputs of a model for encrypted rows, as ppdl_predict_agg(text, lwe_cipher); postgres_fdw can ship it';
REVOKE EXECUTE ON FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]),
	ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) FROM PUBLIC;

-- what a name without version means does not change by itself; until now it was the latest version
ALTER TABLE ppdl_models ADD COLUMN is_default boolean NOT NULL DEFAULT false, ADD COLUMN comment text;
COMMENT ON COLUMN ppdl_models.is_default IS 'what the name alone means: the first version with weights, until ppdl_set_default_model says otherwise';
COMMENT ON COLUMN ppdl_models.comment IS 'for people';
CREATE UNIQUE INDEX ppdl_models_default ON ppdl_models (name) WHERE is_default;
UPDATE ppdl_models SET is_default = true WHERE (name, version) IN
	(SELECT name, max(version) FROM ppdl_models WHERE weights IS NOT NULL OR cipher IS NOT NULL GROUP BY name);
CREATE FUNCTION ppdl_set_default_model(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_set_default_model(text) IS 'make name@version what the name alone means; returns it';
CREATE FUNCTION ppdl_spec_levels(spec jsonb) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ppdl_spec_levels(jsonb) IS 'multiplicative levels that prediction with a network takes on encrypted rows';
CREATE FUNCTION ppdl_spec_text(spec jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ppdl_spec_text(jsonb) IS 'a network in a line: inputs -> units activation -> ...';
COMMENT ON COLUMN ppdl_models.spec IS 'inputs, the encoding of their rows, input_scale, and the units and activation of each layer';
CREATE VIEW ppdl_model_info WITH (security_invoker = true) AS
	SELECT m.name, m.version, m.is_default,
		   CASE WHEN m.weights IS NOT NULL THEN 'plain' WHEN m.cipher IS NOT NULL THEN 'encrypted' ELSE 'none' END AS weights,
		   m.key_id, m.spec OPERATOR(pg_catalog.->>) 'encoding' AS encoding, ppdl_spec_text(m.spec) AS network, ppdl_spec_levels(m.spec) AS levels,
		   (m.trained OPERATOR(pg_catalog.->>) 'rows')::bigint AS trained_rows, (m.trained OPERATOR(pg_catalog.->>) 'steps')::int AS trained_steps,
		   m.trained OPERATOR(pg_catalog.->) 'options' AS options, m.comment, m.owner, m.created
	FROM ppdl_models m;
COMMENT ON VIEW ppdl_model_info IS 'models and their versions: which one the name alone means, weights plain, encrypted or none, key and encoding of its rows, network, levels on encrypted rows, how trained; shows what one may read of ppdl_models';
GRANT SELECT ON ppdl_model_info TO PUBLIC;

-- ciphertexts for people
CREATE FUNCTION lwe_encoding(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lwe_encoding(lwe_cipher) IS 'id of the encoding (feature file) that the values are in, 12 hexadecimal digits; NULL when it is not known';
CREATE FUNCTION lwe_show(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_show(lwe_cipher) IS 'what a value is, in a few words: kind, key, values, form; for people who look at a table';
CREATE FUNCTION rsa_show(rsa_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_show(rsa_cipher) IS 'what a value is, in a few words: kind, key, encoding, parts; for people who look at a table';

-- models on plain rows written as text
CREATE FUNCTION ppdl_predict(model text, features text) RETURNS float8[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 50 RETURN ppdl_predict(model, features::float8[]);
COMMENT ON FUNCTION ppdl_predict(text, text) IS 'the same for a row written as text, ''{0.5,1}'', which would otherwise fit functions of several types';

-- weighted sums
CREATE FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher, float8) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher, float8) IS 'aggregate transition function';
CREATE AGGREGATE sum(value lwe_cipher, weight float8) (
	SFUNC = lwe_sum_trans,
	STYPE = lwe_sum_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_sum_combine,
	FINALFUNC = lwe_sum_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(lwe_cipher, float8) IS 'encrypted sum of weight times value; weights are rounded to 2^-20, of compact rows to 2^-10; needs no key but, for rows of writers, their published ones';
REVOKE EXECUTE ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher, float8) FROM PUBLIC;

/*
 * Whoever makes the extension need be no superuser (ppdl.control: trusted), and then owns none of its tables: it may
 * write to them and let others do so.  Never TRIGGER: foreign keys cascade with the rights of the tables' owner, a
 * superuser, and so would run its triggers.
 */
GRANT SELECT, INSERT, UPDATE, DELETE ON ppdl_keys, ppdl_key_parts, ppdl_writers, ppdl_models TO @extowner@ WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION ppdl_cache_clear(text), ppdl_cache_warm(text, text) TO @extowner@ WITH GRANT OPTION;
