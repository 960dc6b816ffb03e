/*
 * Logical replication of a table without a key (REPLICA IDENTITY FULL) finds rows by the default equality of
 * their columns' types.  Ciphertexts get one that compares their bytes and is not called "=", as records have *=:
 * two encryptions of one value differ, and "=" would say that the values do.  GROUP BY, DISTINCT and UNION of
 * ciphertexts go by it, too.
 */
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
