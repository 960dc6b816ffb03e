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
COMMENT ON TYPE lwe_cipher IS 'real values encrypted under ring-LWE (CKKS): a row''s slice of a batch, an explicit row, a sum in parts, or many rows packed; lwe_cipher(n) holds n values a row';
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
COMMENT ON FUNCTION lwe_kind(lwe_cipher) IS 'slice, row, packed or parts';
CREATE FUNCTION lwe_level(lwe_cipher) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_level(lwe_cipher) IS 'residues (limbs) a coefficient has: 1 is compact, 8 full';
CREATE FUNCTION lwe_ring(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_ring(lwe_cipher) IS 'ring it is in: row14 for full rows and for compact ones of version 0.1.0, compact11 for compact ones; values in different rings do not add up';
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
CREATE FUNCTION lwe_batch(lwe_cipher) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lwe_batch(lwe_cipher) IS 'number of the batch that a row was encrypted in, the same for features and label of a row; NULL for explicit rows and packed values; to distribute and partition tables by';
CREATE FUNCTION lwe_encoding(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION lwe_encoding(lwe_cipher) IS 'id of the encoding (feature file) that the values are in, 12 hexadecimal digits; NULL when it is not known';
CREATE FUNCTION lwe_show(lwe_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lwe_show(lwe_cipher) IS 'what a value is, in a few words: kind, key, values, form; for people who look at a table';

CREATE FUNCTION lwe_add(lwe_cipher, lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 2000;
CREATE FUNCTION lwe_sub(lwe_cipher, lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 2000;
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
COMMENT ON OPERATOR + (lwe_cipher, lwe_cipher) IS 'add value by value; needs no key but, between keys of one owner or between rings, their published ones';
COMMENT ON OPERATOR - (lwe_cipher, lwe_cipher) IS 'subtract value by value; needs no key but, between keys of one owner or between rings, their published ones';
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
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 20;
CREATE FUNCTION lwe_sum_combine(lwe_sum_state, lwe_sum_state) RETURNS lwe_sum_state
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_sum_final(lwe_sum_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
CREATE FUNCTION lwe_avg_final(lwe_sum_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
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
COMMENT ON AGGREGATE sum(lwe_cipher) IS 'encrypted sum of encrypted rows, value by value; needs no key but, for rows of writers, their published ones';
CREATE AGGREGATE avg(lwe_cipher) (
	SFUNC = lwe_sum_trans,
	STYPE = lwe_sum_state,
	SSPACE = 8192,
	COMBINEFUNC = lwe_sum_combine,
	FINALFUNC = lwe_avg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(lwe_cipher) IS 'encrypted average of encrypted rows, value by value; needs no key but, for rows of writers, their published ones';
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
COMMENT ON AGGREGATE lwe_pack(lwe_cipher) IS 'encrypted rows packed into one ciphertext, in the order they come; rows that are NULL keep their place; incomplete batches of full rows need the owner''s published keys, rows of writers theirs';

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

-- encryption under a public key, for occasional writers
CREATE FUNCTION lwe_encrypt(key text, "values" float8[], compact boolean DEFAULT true) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'lwe_encrypt_public' LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION lwe_encrypt(text, float8[], boolean) IS 'encrypt one row under a public key of ppdl_keys (compact: 13 kB, full: 800 kB)';

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

-- for the aggregates only, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher), lwe_sum_trans(lwe_sum_state, lwe_cipher, float8), lwe_sum_combine(lwe_sum_state, lwe_sum_state),
	lwe_sum_final(lwe_sum_state), lwe_avg_final(lwe_sum_state),
	lwe_pack_trans(lwe_pack_state, lwe_cipher), lwe_pack_combine(lwe_pack_state, lwe_pack_state),
	lwe_pack_final(lwe_pack_state) FROM PUBLIC;
