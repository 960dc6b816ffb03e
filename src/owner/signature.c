/*
 * Signatures that bind the parts of a public key to it (algorithms.md, 9.2): Ed25519 (RFC 8032) over
 *
 *   "PPDLSIG1", u8[8] fingerprint, u8[64] part name padded with zeros, u64 length, u8[32] SHA-256 of the part
 *
 * by a key that follows from the owner's master seed.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "owner/owner_impl.h"

#define LABEL "ppdl signing key 1"
#define MESSAGE_BYTES (8 + PPDL_FINGERPRINT_BYTES + 64 + 8 + 32)

static PpdlStatus
signing_key(EVP_PKEY **key, const uint8_t master[PPDL_MASTER_BYTES], PpdlError *err)
{
	uint8_t		seed[PPDL_MASTER_BYTES];

	PPDL_TRY(ppdl_derive(seed, master, LABEL, NULL, err));
	*key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	OPENSSL_cleanse(seed, sizeof(seed));
	return *key != NULL ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not make an Ed25519 key");
}

PpdlStatus
ppdl_derive_verify_key(uint8_t out[PPDL_VERIFY_KEY_BYTES], const uint8_t master[PPDL_MASTER_BYTES], PpdlError *err)
{
	size_t		len = PPDL_VERIFY_KEY_BYTES;
	EVP_PKEY   *key;
	int			ok;

	PPDL_TRY(signing_key(&key, master, err));
	ok = EVP_PKEY_get_raw_public_key(key, out, &len) == 1 && len == PPDL_VERIFY_KEY_BYTES;
	EVP_PKEY_free(key);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not make an Ed25519 key");
}

static void
message(uint8_t out[MESSAGE_BYTES], const uint8_t *fingerprint, const char *part, uint64_t len,
		const uint8_t sha256[32])
{
	memset(out, 0, MESSAGE_BYTES);
	memcpy(out, "PPDLSIG1", 8);
	memcpy(out + 8, fingerprint, PPDL_FINGERPRINT_BYTES);
	memcpy(out + 16, part, strnlen(part, 63));
	for (int i = 0; i < 8; i++)
		out[80 + i] = (uint8_t) (len >> 8 * i);
	memcpy(out + 88, sha256, 32);
}

PpdlStatus
ppdl_owner_sign_part(const PpdlOwner *o, const char *part, uint64_t len, const uint8_t sha256[32],
					 uint8_t signature[PPDL_SIGNATURE_BYTES], PpdlError *err)
{
	uint8_t		text[MESSAGE_BYTES];
	size_t		n = PPDL_SIGNATURE_BYTES;
	EVP_MD_CTX *ctx;
	EVP_PKEY   *key;
	int			ok;

	PPDL_TRY(signing_key(&key, o->master, err));
	message(text, o->fingerprint, part, len, sha256);
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(ctx, signature, &n, text, sizeof(text)) == 1 && n == PPDL_SIGNATURE_BYTES;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not sign with Ed25519");
}

PpdlStatus
ppdl_part_verify(const uint8_t verify_key[PPDL_VERIFY_KEY_BYTES], const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES],
				 const char *part, uint64_t len, const uint8_t sha256[32],
				 const uint8_t signature[PPDL_SIGNATURE_BYTES],
				 PpdlError *err)
{
	uint8_t		text[MESSAGE_BYTES];
	EVP_PKEY   *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verify_key, PPDL_VERIFY_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char		hex[17];
	int			ok;

	message(text, fingerprint, part, len, sha256);
	ok = key != NULL && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, signature, PPDL_SIGNATURE_BYTES, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (ok)
		return PPDL_OK;
	ppdl_fingerprint_hex(hex, fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "part \"%s\" is not signed by the owner of key %s", part, hex);
}
