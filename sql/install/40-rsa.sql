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
CREATE FUNCTION rsa_show(rsa_cipher) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rsa_show(rsa_cipher) IS 'what a value is, in a few words: kind, key, encoding, parts; for people who look at a table';
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
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
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

-- for the aggregates only, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION rsa_product_trans(rsa_cipher, rsa_cipher), rsa_sum_trans(rsa_cipher, rsa_cipher),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[]),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[], int), ppdl_predict_rsa_combine(bytea, bytea),
	ppdl_predict_rsa_final(bytea) FROM PUBLIC;
