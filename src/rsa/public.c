/* Public keys: what they must be, their DER form and their fingerprint. */
#include "rsa/public.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "rsa/error.h"
#include "rsa/key_private.h"

#define MIN_EXPONENT 65537
#define TRIAL_DIVISORS 10000

void
ppdl_rsa_key_id(char out[PPDL_RSA_KEY_ID_LEN + 1], const uint8_t *fingerprint)
{
	ppdl_hex_write(out, fingerprint, PPDL_RSA_FINGERPRINT_BYTES);
}

/* The double carries 53 bits, far more than the 2^-16 of a bound; powers of two come out exact. */
uint32_t
ppdl_rsa_log2(const mp_limb_t *limb, size_t n, int up)
{
	mpz_t		z;
	mpz_srcptr	x = mpz_roinit_n(z, limb, (mp_size_t) n);
	long		exponent;
	double		mantissa,
				bound;

	if (mpz_scan1(x, 0) == mpz_sizeinbase(x, 2) - 1)
		return PPDL_RSA_BOUND_BITS(mpz_sizeinbase(x, 2) - 1);
	mantissa = mpz_get_d_2exp(&exponent, x);
	bound = ldexp((double) exponent + log2(mantissa), PPDL_RSA_BOUND_SHIFT);
	return (uint32_t) (up ? ceil(bound + 1e-3) : floor(bound - 1e-3));
}

/* the smallest prime factor of n below TRIAL_DIVISORS, or 0 */
static unsigned
small_factor(const mp_limb_t *n, size_t limbs)
{
	for (unsigned d = 2; d < TRIAL_DIVISORS; d += d == 2 ? 1 : 2)
		if (mpn_mod_1(n, (mp_size_t) limbs, d) == 0)
			return d;			/* the first divisor found is prime */
	return 0;
}

static PpdlStatus
check_exponent(const BIGNUM *e, PpdlError *err)
{
	if (!BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 64)
	{
		char	   *text = BN_bn2dec(e);

		ppdl_error(err, PPDL_ERR_KEY,
				   "RSA public exponent %.40s is not accepted: it must be odd and between %d and 2^64",
				   text ? text : "?", MIN_EXPONENT);
		OPENSSL_free(text);
		return ppdl_error_hint(err, PPDL_ERR_KEY, "Generate a key with the usual exponent 65537.");
	}
	return PPDL_OK;
}

static PpdlStatus
take_modulus(PpdlRsaPublic *pub, const BIGNUM *n, PpdlError *err)
{
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	unsigned	factor;

	pub->bits = BN_num_bits(n);
	if (pub->bits < PPDL_RSA_MIN_BITS || pub->bits > PPDL_RSA_MAX_BITS)
		return ppdl_error(err, PPDL_ERR_KEY,
						  "RSA modulus has %d bits; between %d and %d are accepted",
						  pub->bits, PPDL_RSA_MIN_BITS, PPDL_RSA_MAX_BITS);
	pub->bytes = (size_t) (pub->bits + 7) / 8;
	pub->limbs = (pub->bytes + sizeof(mp_limb_t) - 1) / sizeof(mp_limb_t);
	pub->n = calloc(pub->limbs, sizeof(mp_limb_t));
	if (pub->n == NULL)
		return ppdl_rsa_nomem(err);
	BN_bn2binpad(n, be, (int) pub->bytes);
	ppdl_rsa_limbs_from_be(pub->n, pub->limbs, be, pub->bytes);
	factor = small_factor(pub->n, pub->limbs);
	if (factor == 2)
		return ppdl_error(err, PPDL_ERR_KEY, "RSA modulus is even: not a usable key");
	if (factor != 0)
		return ppdl_error(err, PPDL_ERR_KEY,
						  "RSA modulus is divisible by %u: not a usable key", factor);
	pub->capacity = ppdl_rsa_log2(pub->n, pub->limbs, 0);
	return PPDL_OK;
}

static PpdlStatus
take_der(PpdlRsaPublic *pub, PpdlError *err)
{
	unsigned char *der = NULL;
	int			len = i2d_PUBKEY(pub->pkey, &der);
	uint8_t		digest[SHA256_DIGEST_LENGTH];

	if (len <= 0)
		return ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "cannot encode the RSA public key");
	pub->der = malloc((size_t) len);
	if (pub->der != NULL)
		memcpy(pub->der, der, (size_t) len);
	OPENSSL_free(der);
	if (pub->der == NULL)
		return ppdl_rsa_nomem(err);
	pub->der_len = (size_t) len;
	SHA256(pub->der, pub->der_len, digest);
	memcpy(pub->fingerprint, digest, sizeof(pub->fingerprint));
	ppdl_rsa_key_id(pub->key_id, pub->fingerprint);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_public_from_pkey(PpdlRsaPublic **out, EVP_PKEY *pkey, PpdlError *err)
{
	PpdlStatus	status;
	PpdlRsaPublic *pub;
	BIGNUM	   *n = NULL,
			   *e = NULL;

	*out = NULL;
	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return ppdl_error(err, PPDL_ERR_KEY, "not a plain RSA key but of type %s",
						  EVP_PKEY_get0_type_name(pkey) ? EVP_PKEY_get0_type_name(pkey) : "unknown");
	pub = calloc(1, sizeof(*pub));
	if (pub == NULL)
		return ppdl_rsa_nomem(err);
	if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) ||
		!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e))
	{
		status = ppdl_rsa_openssl_error(err, PPDL_ERR_KEY, "cannot read the RSA key's numbers");
		goto done;
	}
	PPDL_GOTO(done, take_modulus(pub, n, err));
	PPDL_GOTO(done, check_exponent(e, err));
	EVP_PKEY_up_ref(pkey);
	pub->pkey = pkey;
	status = take_der(pub, err);
done:
	BN_free(n);
	BN_free(e);
	if (status != PPDL_OK)
		ppdl_rsa_public_free(pub);
	else
		*out = pub;
	return status;
}

void
ppdl_rsa_public_free(PpdlRsaPublic *pub)
{
	if (pub == NULL)
		return;
	EVP_PKEY_free(pub->pkey);
	free(pub->n);
	free(pub->der);
	free(pub);
}

PpdlStatus
ppdl_rsa_public_from_der(PpdlRsaPublic **out, const void *der, size_t len, PpdlError *err)
{
	const unsigned char *p = der;
	EVP_PKEY   *pkey;
	PpdlStatus	status;

	*out = NULL;
	if (len > INT32_MAX)
		return ppdl_error(err, PPDL_ERR_FORMAT, "RSA public key of %zu bytes is too long", len);
	pkey = d2i_PUBKEY(NULL, &p, (long) len);
	if (pkey == NULL)
		return ppdl_rsa_openssl_error(err, PPDL_ERR_FORMAT,
									  "not a public key in DER form (SubjectPublicKeyInfo)");
	if (p != (const unsigned char *) der + len)
		status = ppdl_error(err, PPDL_ERR_FORMAT,
							"%zu bytes follow the public key",
							len - (size_t) (p - (const unsigned char *) der));
	else
		status = ppdl_rsa_public_from_pkey(out, pkey, err);
	EVP_PKEY_free(pkey);
	if (status == PPDL_OK && ((*out)->der_len != len || memcmp((*out)->der, der, len) != 0))
	{
		ppdl_rsa_public_free(*out);
		*out = NULL;
		status = ppdl_error(err, PPDL_ERR_FORMAT, "RSA public key is not in canonical DER form");
	}
	return status;
}

/* Block by block, without OpenSSL's key decoder: that would ask the terminal for a passphrase. */
PpdlStatus
ppdl_rsa_public_from_pem(PpdlRsaPublic **out, const void *pem, size_t len, PpdlError *err)
{
	BIO		   *bio;
	PpdlStatus	status = PPDL_ERR_FORMAT;
	int			found = 0;
	char	   *name,
			   *header;
	unsigned char *der;
	long		der_len;

	*out = NULL;
	if (len > INT32_MAX || (bio = BIO_new_mem_buf(pem, (int) len)) == NULL)
		return ppdl_rsa_nomem(err);
	while (!found && PEM_read_bio(bio, &name, &header, &der, &der_len))
	{
		found = strcmp(name, PEM_STRING_PUBLIC) == 0;
		if (found)
			status = ppdl_rsa_public_from_der(out, der, (size_t) der_len, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (!found)
	{
		ppdl_error(err, status, "no PEM block \"PUBLIC KEY\" found");
		ppdl_error_hint(err, status, "openssl pkey -in key.pem -pubout writes one.");
	}
	return status;
}

PpdlStatus
ppdl_rsa_public_to_pem(const PpdlRsaPublic *pub, PpdlWriter *out, PpdlError *err)
{
	BIO		   *bio = BIO_new(BIO_s_mem());
	PpdlStatus	status = PPDL_OK;
	char	   *text;
	long		len;

	if (bio == NULL)
		return ppdl_rsa_nomem(err);
	if (PEM_write_bio_PUBKEY(bio, pub->pkey) != 1)
		status = ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "cannot write the RSA public key");
	else
	{
		len = BIO_get_mem_data(bio, &text);
		ppdl_write_bytes(out, text, (size_t) len);
		if (out->bad)
			status = ppdl_rsa_nomem(err);
	}
	BIO_free(bio);
	return status;
}

PpdlStatus
ppdl_rsa_raw_public(const PpdlRsaPublic *pub, const uint8_t *in, uint8_t *out, PpdlError *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pub->pkey, NULL);
	size_t		len = pub->bytes;
	int			ok;

	ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
		EVP_PKEY_encrypt(ctx, out, &len, in, pub->bytes) > 0 && len == pub->bytes;
	EVP_PKEY_CTX_free(ctx);
	return ok ? PPDL_OK : ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "RSA encryption failed");
}
