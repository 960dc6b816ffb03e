/* The owner's key pair: generation, the private map, and its encrypted PEM form. */
#include "rsa/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "rsa/error.h"
#include "rsa/kdf.h"
#include "rsa/key_private.h"

/*
 * Memory times time as of the other scheme's key files, 128 MiB once.  OpenSSL reads back at most 32 MiB, so that here
 * it is 16 MiB 64 times over.
 */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 64
#define SALT_BYTES 16

struct PpdlRsaKey
{
	EVP_PKEY   *pkey;
	PpdlRsaPublic *pub;
};

/* takes pkey over, also on failure */
static PpdlStatus
key_from_pkey(PpdlRsaKey **out, EVP_PKEY *pkey, PpdlError *err)
{
	PpdlRsaKey *key = calloc(1, sizeof(*key));
	PpdlStatus	status;

	if (key == NULL)
	{
		EVP_PKEY_free(pkey);
		return ppdl_rsa_nomem(err);
	}
	key->pkey = pkey;
	status = ppdl_rsa_public_from_pkey(&key->pub, pkey, err);
	if (status != PPDL_OK)
		ppdl_rsa_key_free(key);
	else
		*out = key;
	return status;
}

typedef struct Search
{
	const PpdlPoll *poll;
	PpdlStatus	status;
	PpdlError  *err;
} Search;

/* OpenSSL asks at each candidate for a prime; 0 ends the search, if not at once */
static int
go_on(EVP_PKEY_CTX *ctx)
{
	Search	   *s = EVP_PKEY_CTX_get_app_data(ctx);

	if (s->status == PPDL_OK)
		s->status = ppdl_poll(s->poll, s->err);
	return s->status == PPDL_OK;
}

static EVP_PKEY *
search_primes(int bits, Search *s)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY   *pkey = NULL;

	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) > 0)
	{
		EVP_PKEY_CTX_set_app_data(ctx, s);
		EVP_PKEY_CTX_set_cb(ctx, go_on);
		if (EVP_PKEY_generate(ctx, &pkey) <= 0)
			pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

PpdlStatus
ppdl_rsa_generate(PpdlRsaKey **out, int bits, const PpdlPoll *poll, PpdlError *err)
{
	Search		s = {poll, PPDL_OK, err};
	EVP_PKEY   *pkey;

	*out = NULL;
	if (bits != 3072 && bits != 4096 && bits != 8192)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "RSA keys have 3072, 4096 or 8192 bits, not %d", bits);
	pkey = search_primes(bits, &s);
	if (pkey == NULL && s.status != PPDL_OK)
	{
		ERR_clear_error();
		return s.status;
	}
	if (pkey == NULL)
		return ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "cannot generate an RSA key");
	return key_from_pkey(out, pkey, err);
}

void
ppdl_rsa_key_free(PpdlRsaKey *key)
{
	if (key == NULL)
		return;
	ppdl_rsa_public_free(key->pub);
	EVP_PKEY_free(key->pkey);	/* OpenSSL clears private numbers */
	free(key);
}

const PpdlRsaPublic *
ppdl_rsa_key_public(const PpdlRsaKey *key)
{
	return key->pub;
}

PpdlStatus
ppdl_rsa_raw_private(const PpdlRsaKey *key, const uint8_t *in, uint8_t *out, PpdlError *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t		len = key->pub->bytes;
	int			ok;

	ok = ctx != NULL && EVP_PKEY_decrypt_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
		EVP_PKEY_decrypt(ctx, out, &len, in, key->pub->bytes) > 0 && len == key->pub->bytes;
	EVP_PKEY_CTX_free(ctx);
	return ok ? PPDL_OK : ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "RSA decryption failed");
}

static X509_SIG *
encrypt_pkcs8(const EVP_PKEY *pkey, const char *passphrase)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, SALT_BYTES, NULL,
											SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG   *sealed = NULL;

	if (info != NULL && pbe != NULL)
		sealed = PKCS8_set0_pbe(passphrase, (int) strlen(passphrase), info, pbe);
	if (sealed == NULL)
		X509_ALGOR_free(pbe);
	PKCS8_PRIV_KEY_INFO_free(info);
	return sealed;
}

PpdlStatus
ppdl_rsa_key_to_pem(const PpdlRsaKey *key, const char *passphrase, PpdlWriter *out, PpdlError *err)
{
	X509_SIG   *sealed;
	BIO		   *bio;
	PpdlStatus	status = PPDL_OK;

	if (passphrase == NULL || passphrase[0] == '\0')
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "a passphrase is needed: RSA private keys are only stored encrypted");
	sealed = encrypt_pkcs8(key->pkey, passphrase);
	bio = BIO_new(BIO_s_mem());
	if (sealed == NULL || bio == NULL || PEM_write_bio_PKCS8(bio, sealed) != 1)
		status = ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "cannot encrypt the RSA private key");
	else
	{
		char	   *text;
		long		len = BIO_get_mem_data(bio, &text);

		ppdl_write_bytes(out, text, (size_t) len);
		if (out->bad)
			status = ppdl_rsa_nomem(err);
	}
	BIO_free(bio);
	X509_SIG_free(sealed);
	return status;
}

/* A damaged file that still decodes must not give wrong plaintexts: one random value goes there and back. */
static PpdlStatus
check_pair(const PpdlRsaKey *key, PpdlError *err)
{
	size_t		bytes = key->pub->bytes;
	uint8_t    *m = calloc(3, bytes);
	PpdlStatus	status;

	if (m == NULL)
		return ppdl_rsa_nomem(err);
	if (RAND_priv_bytes(m + bytes / 2, (int) (bytes - bytes / 2)) != 1)
		status = ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "no random bytes");
	else
	{
		PPDL_GOTO(done, ppdl_rsa_raw_public(key->pub, m, m + bytes, err));
		PPDL_GOTO(done, ppdl_rsa_raw_private(key, m + bytes, m + 2 * bytes, err));
		if (CRYPTO_memcmp(m, m + 2 * bytes, bytes) != 0)
			status = ppdl_error(err, PPDL_ERR_KEY,
								"RSA private key %s does not belong to its own modulus: the file is damaged",
								key->pub->key_id);
	}
done:
	OPENSSL_cleanse(m, 3 * bytes);
	free(m);
	return status;
}

/* the block "ENCRYPTED PRIVATE KEY" */
static X509_SIG *
read_sealed(const void *pem, size_t len, PpdlStatus *status, PpdlError *err)
{
	BIO		   *bio = len > INT32_MAX ? NULL : BIO_new_mem_buf(pem, (int) len);
	X509_SIG   *sealed = bio == NULL ? NULL : PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);

	*status = PPDL_OK;
	if (bio == NULL)
		*status = ppdl_rsa_nomem(err);
	else if (sealed == NULL)
	{
		*status = ppdl_rsa_openssl_error(err, PPDL_ERR_FORMAT,
										 "no whole PEM block \"ENCRYPTED PRIVATE KEY\" found");
		ppdl_error_hint(err, *status,
						"openssl pkcs8 -topk8 -scrypt -in key.pem encrypts a private key of another form.");
	}
	BIO_free(bio);
	return sealed;
}

PpdlStatus
ppdl_rsa_key_check_pem(const void *pem, size_t len, PpdlError *err)
{
	PpdlStatus	status;

	X509_SIG_free(read_sealed(pem, len, &status, err));
	return status;
}

/* the key in a "ENCRYPTED PRIVATE KEY" block, or NULL with *status and *err set */
static EVP_PKEY *
decrypt_pkcs8(const void *pem, size_t len, const char *passphrase, PpdlStatus *status, PpdlError *err)
{
	X509_SIG   *sealed = read_sealed(pem, len, status, err);
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY   *pkey;

	if (sealed == NULL)
		return NULL;
	*status = ppdl_rsa_check_kdf(sealed, err);
	if (*status != PPDL_OK)
	{
		X509_SIG_free(sealed);
		return NULL;
	}
	info = PKCS8_decrypt(sealed, passphrase, (int) strlen(passphrase));
	X509_SIG_free(sealed);
	if (info == NULL)
	{
		ERR_clear_error();
		*status = ppdl_error(err, PPDL_ERR_KEY,
							 "wrong passphrase, or the RSA private key is damaged");
		return NULL;
	}
	pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pkey == NULL)
		*status = ppdl_rsa_openssl_error(err, PPDL_ERR_KEY, "cannot read the decrypted private key");
	return pkey;
}

PpdlStatus
ppdl_rsa_key_from_pem(PpdlRsaKey **out, const void *pem, size_t len, const char *passphrase,
					  PpdlError *err)
{
	PpdlStatus	status;
	EVP_PKEY   *pkey;

	*out = NULL;
	if (passphrase == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "a passphrase is needed to read an RSA private key");
	pkey = decrypt_pkcs8(pem, len, passphrase, &status, err);
	if (pkey == NULL)
		return status;
	PPDL_TRY(key_from_pkey(out, pkey, err));
	status = check_pair(*out, err);
	if (status != PPDL_OK)
	{
		ppdl_rsa_key_free(*out);
		*out = NULL;
	}
	return status;
}
