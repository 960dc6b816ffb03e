/* Decryption in the two encodings: exact, or an error. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/key_private.h"
#include "rsa/value.h"

static PpdlStatus
beyond_bound(const PpdlRsaKey *key, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_PRECISION,
			   "rsa_cipher of key %s decrypts to something its bound rules out",
			   ppdl_rsa_key_public(key)->key_id);
	return ppdl_error_hint(err, PPDL_ERR_PRECISION, "The ciphertext is damaged, or its bound was forged.");
}

/* all ones if x is not zero */
static mp_limb_t
nonzero_mask(mp_limb_t x)
{
	return -((x | -x) >> (GMP_LIMB_BITS - 1));
}

/* the compiler's own may look into a table, at an address that depends on x */
static uint32_t
count_ones(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t) (x * UINT64_C(0x0101010101010101) >> 56);
}

/* trailing zero bits of a number that is not zero, in time that depends on limbs only */
static uint32_t
trailing_zeros(const mp_limb_t *limb, size_t limbs)
{
	mp_limb_t	searching = ~(mp_limb_t) 0;
	uint32_t	zeros = 0;

	for (size_t i = 0; i < limbs; i++)
	{
		mp_limb_t	x = limb[i],
					low = (x & -x) - 1, /* ones below the lowest set bit; all ones for 0 */
					found = nonzero_mask(x);

		zeros += count_ones(low) & (uint32_t) searching;
		searching &= ~found;
	}
	return zeros;
}

/* position of the top set bit (0 for the number 1), in time that depends on limbs only */
static uint32_t
top_bit(const mp_limb_t *limb, size_t limbs)
{
	uint32_t	top = 0;

	for (size_t i = 0; i < limbs; i++)
	{
		mp_limb_t	x = limb[i],
					take = nonzero_mask(x);
		uint32_t	pos;

		for (int s = 1; s < GMP_LIMB_BITS; s *= 2)
			x |= x >> s;
		pos = (uint32_t) (i * GMP_LIMB_BITS) + count_ones(x) - 1;
		top = (pos & (uint32_t) take) | (top & (uint32_t) ~take);
	}
	return top;
}

/* m = c^d of one part; an error unless m <= 2^bound */
static PpdlStatus
open_part(const PpdlRsaKey *key, const PpdlRsaView *view, const uint8_t *part,
		  uint8_t *be, mp_limb_t *m, PpdlError *err)
{
	const PpdlRsaPublic *pub = ppdl_rsa_key_public(key);

	PPDL_TRY(ppdl_rsa_part_check_key(view, part, pub, err));
	PPDL_TRY(ppdl_rsa_raw_private(key, part + 4, be, err));
	ppdl_rsa_limbs_from_be(m, pub->limbs, be, pub->bytes);
	if (top_bit(m, pub->limbs) > ppdl_rsa_part_bound(part) >> PPDL_RSA_BOUND_SHIFT)
		return beyond_bound(key, err);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_decrypt_part(const PpdlRsaKey *key, const PpdlRsaView *view, const uint8_t *part,
					  uint32_t *q, PpdlError *err)
{
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	mp_limb_t	m[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];
	size_t		limbs = ppdl_rsa_key_public(key)->limbs;
	PpdlStatus	status;

	status = open_part(key, view, part, be, m, err);
	if (status == PPDL_OK)
	{
		*q = trailing_zeros(m, limbs);
		/* without randomness nothing but a power of two is possible */
		if (!(view->flags & PPDL_RSA_RANDOMISED) && top_bit(m, limbs) != *q)
			status = beyond_bound(key, err);
	}
	OPENSSL_cleanse(be, sizeof(be));
	OPENSSL_cleanse(m, sizeof(m));
	return status;
}

static PpdlStatus
decrypt_product(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlRsaPlain *out, PpdlError *err)
{
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	mp_limb_t	m[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];
	BIGNUM	   *bn = NULL;
	char	   *text = NULL;
	PpdlStatus	status;

	status = open_part(key, view, ppdl_rsa_view_part(view, 0), be, m, err);
	if (status == PPDL_OK)
	{
		bn = BN_bin2bn(be, (int) view->value_bytes, BN_secure_new());
		if (bn != NULL)
			text = BN_bn2dec(bn);
		if (text != NULL)
			out->integer = strdup(text);
		if (out->integer == NULL)
			status = ppdl_rsa_nomem(err);
		if (text != NULL)
			OPENSSL_clear_free(text, strlen(text));
		BN_clear_free(bn);
	}
	OPENSSL_cleanse(be, sizeof(be));
	OPENSSL_cleanse(m, sizeof(m));
	return status;
}

static PpdlStatus
decrypt_exponent(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlRsaPlain *out, PpdlError *err)
{
	uint64_t	sum = 0;

	for (uint32_t i = 0; i < view->parts; i++)
	{
		uint32_t	q = 0;

		PPDL_TRY(ppdl_rsa_decrypt_part(key, view, ppdl_rsa_view_part(view, i), &q, err));
		sum += q;
	}
	if (sum > view->grid.max)
		return beyond_bound(key, err);
	out->units = (int64_t) sum + view->grid.offset;
	out->step = view->grid.step;
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_decrypt(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlRsaPlain *out, PpdlError *err)
{
	memset(out, 0, sizeof(*out));
	PPDL_TRY(ppdl_rsa_view_check_key(view, ppdl_rsa_key_public(key), err));
	if (view->kind != PPDL_RSA_VALUE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a prediction, not a value");
	out->encoding = view->encoding;
	return view->encoding == PPDL_RSA_PRODUCT ?
		decrypt_product(key, view, out, err) : decrypt_exponent(key, view, out, err);
}

void
ppdl_rsa_plain_free(PpdlRsaPlain *plain)
{
	if (plain->integer != NULL)
	{
		OPENSSL_cleanse(plain->integer, strlen(plain->integer));
		free(plain->integer);
	}
	OPENSSL_cleanse(plain, sizeof(*plain));
}

PpdlStatus
ppdl_rsa_plain_text(const PpdlRsaPlain *plain, char **text, PpdlError *err)
{
	int			ok;

	if (plain->encoding == PPDL_RSA_PRODUCT)
		ok = (*text = strdup(plain->integer)) != NULL;
	else if (plain->step == 1)
		ok = asprintf(text, "%" PRId64, plain->units) >= 0;
	else
		ok = asprintf(text, "%.15g", plain->step * (double) plain->units) >= 0;
	return ok ? PPDL_OK : ppdl_rsa_nomem(err);
}
