/* Encryption in the two encodings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/declassify.h"
#include "rsa/error.h"
#include "rsa/key_private.h"
#include "rsa/value.h"

#define SMALLEST_CLASS 32		/* bits */
#define MAX_INPUT_BITS 12

/* header, bound and c = m^e for one fresh value; m is pub->bytes big-endian bytes */
static PpdlStatus
write_fresh(PpdlWriter *out, const PpdlRsaPublic *pub, const PpdlRsaView *head,
			uint32_t bound, const uint8_t *m, PpdlError *err)
{
	size_t		start = out->len;
	uint8_t    *c;
	PpdlStatus	status;

	ppdl_rsa_write_header(out, head, pub);
	ppdl_write_u32(out, bound);
	c = ppdl_write_space(out, pub->bytes);
	if (c == NULL)
		return ppdl_rsa_nomem(err);
	status = ppdl_rsa_raw_public(pub, m, c, err);
	if (status != PPDL_OK)
		out->len = start;
	return status;
}

/* length of the digits that `decimal` begins with; an error unless nothing but a point and zeros follows */
static PpdlStatus
check_integer(size_t *digits, const char *decimal, const char *name, PpdlError *err)
{
	const char *rest;

	*digits = strspn(decimal, "0123456789");
	rest = decimal + *digits;
	if (decimal[0] == '-')
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is negative: RSA encrypts no negative numbers", name);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Shift the values so that none is negative.");
	}
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0");
	if (*digits == 0 || *rest != '\0')
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is not an integer: RSA encrypts integers only", name);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Multiply by a power of ten first, and divide the decrypted result.");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_parse_count(uint32_t *q, const char *decimal, const char *name, PpdlError *err)
{
	size_t		digits;
	uint64_t	value = 0;

	PPDL_TRY(check_integer(&digits, decimal, name, err));
	for (size_t i = 0; i < digits && value <= UINT32_MAX; i++)
		value = 10 * value + (uint64_t) (decimal[i] - '0');
	if (value > UINT32_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE, "%s is too large for the exponent encoding", name);
	*q = (uint32_t) value;
	return PPDL_OK;
}

static PpdlStatus
parse_integer(BIGNUM **out, const char *decimal, const char *name, PpdlError *err)
{
	size_t		digits;
	char		text[PPDL_RSA_MAX_BITS / 3];
	int			ok;

	PPDL_TRY(check_integer(&digits, decimal, name, err));
	if (digits >= sizeof(text))
		return ppdl_error(err, PPDL_ERR_RANGE, "%s has %zu digits: more than any RSA modulus holds", name, digits);
	memcpy(text, decimal, digits);
	text[digits] = '\0';
	*out = BN_secure_new();
	ok = *out != NULL && BN_dec2bn(out, text) == (int) digits;
	OPENSSL_cleanse(text, sizeof(text));
	if (!ok)
	{
		BN_clear_free(*out);
		*out = NULL;
		return ppdl_rsa_openssl_error(err, PPDL_ERR_NOMEM, "cannot read the integer");
	}
	return PPDL_OK;
}

/* bound for a public maximum */
static PpdlStatus
bound_of_max(uint32_t *bound, const PpdlRsaPublic *pub, const BIGNUM *max, PpdlError *err)
{
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	mp_limb_t	limb[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];

	*bound = UINT32_MAX;
	if (BN_num_bits(max) <= pub->bits && !BN_is_zero(max))
	{
		BN_bn2binpad(max, be, (int) pub->bytes);
		ppdl_rsa_limbs_from_be(limb, pub->limbs, be, pub->bytes);
		for (size_t limbs = pub->limbs; limbs > 0; limbs--)
			if (limb[limbs - 1] != 0)
			{
				*bound = ppdl_rsa_log2(limb, limbs, 1);
				break;
			}
	}
	if (*bound > pub->capacity)
		return ppdl_error(err, PPDL_ERR_RANGE,
						  "the largest value must lie between 1 and 2^%d, the reach of key %s",
						  pub->bits - 1, pub->key_id);
	return PPDL_OK;
}

/* bound for a value whose maximum nobody said: its size class */
static PpdlStatus
bound_of_class(uint32_t *bound, const PpdlRsaPublic *pub, const BIGNUM *m, PpdlError *err)
{
	int			bits = SMALLEST_CLASS;

	while (bits < BN_num_bits(m))
		bits *= 2;
	*bound = bits < pub->bits ? PPDL_RSA_BOUND_BITS(bits) : pub->capacity;
	if (BN_num_bits(m) >= pub->bits)
		return ppdl_error(err, PPDL_ERR_RANGE, "value of %d bits is too large for key %s, which holds %d",
						  BN_num_bits(m), pub->key_id, pub->bits - 1);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_encrypt_integer(const PpdlRsaPublic *pub, const char *decimal, const char *max,
						 PpdlWriter *out, PpdlError *err)
{
	PpdlRsaView head = {.kind = PPDL_RSA_VALUE, .encoding = PPDL_RSA_PRODUCT, .parts = 1, .grid = {.step = 1}};
	BIGNUM	   *m = NULL,
			   *top = NULL;
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	uint32_t	bound;
	PpdlStatus	status;

	PPDL_GOTO(done, parse_integer(&m, decimal, "value", err));
	if (max != NULL)
	{
		PPDL_GOTO(done, parse_integer(&top, max, "largest value", err));
		PPDL_GOTO(done, bound_of_max(&bound, pub, top, err));
		if (BN_cmp(m, top) > 0)
		{
			status = ppdl_error(err, PPDL_ERR_RANGE, "value is larger than the largest value, %s", max);
			goto done;
		}
	}
	else
		PPDL_GOTO(done, bound_of_class(&bound, pub, m, err));
	if (BN_is_zero(m))
	{
		status = ppdl_error(err, PPDL_ERR_RANGE, "zero cannot be encrypted as a product: its ciphertext is zero");
		ppdl_error_hint(err, status, "The exponent encoding holds zero.");
		goto done;
	}
	BN_bn2binpad(m, be, (int) pub->bytes);
	status = write_fresh(out, pub, &head, bound, be, err);
	OPENSSL_cleanse(be, sizeof(be));
done:
	BN_clear_free(m);
	BN_free(top);
	return status;
}

/* limb[] <<= shift where `take` is all ones, in time that depends on shift and limbs only */
static void
shift_if(mp_limb_t *limb, size_t limbs, unsigned shift, mp_limb_t take)
{
	size_t		whole = shift / GMP_LIMB_BITS;
	unsigned	part = shift % GMP_LIMB_BITS;

	for (size_t i = limbs; i-- > 0;)
	{
		mp_limb_t	v = 0;

		if (i >= whole)
			v = limb[i - whole] << part;
		if (part != 0 && i >= whole + 1)
			v |= limb[i - whole - 1] >> (GMP_LIMB_BITS - part);
		limb[i] = (v & take) | (limb[i] & ~take);
	}
}

/* m = 2^q·rho; neither q nor rho moves a branch or an address */
static PpdlStatus
exponent_message(uint8_t *be, const PpdlRsaPublic *pub, uint32_t q, uint32_t max,
				 int random_bits, PpdlError *err)
{
	mp_limb_t	m[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS] = {0};
	uint8_t		rho[PPDL_RSA_MAX_RANDOM_BITS / 8];
	size_t		rho_bytes = (size_t) (random_bits + 7) / 8;

	if (random_bits > 0)
	{
		if (RAND_priv_bytes(rho, (int) rho_bytes) != 1)
			return ppdl_rsa_openssl_error(err, PPDL_ERR_CRYPTO, "no random bytes");
		if (random_bits % 8 != 0)
			rho[0] &= (uint8_t) ((1 << random_bits % 8) - 1);
		ppdl_rsa_limbs_from_be(m, pub->limbs, rho, rho_bytes);
	}
	m[0] |= 1;
	for (unsigned i = 0; i < 32 && max >> i != 0; i++)
		shift_if(m, pub->limbs, 1u << i, -(mp_limb_t) (q >> i & 1));
	ppdl_rsa_limbs_to_be(be, pub->bytes, m);
	OPENSSL_cleanse(m, sizeof(m));
	OPENSSL_cleanse(rho, sizeof(rho));
	return PPDL_OK;
}

/* q <= grid->max, which the caller has seen to */
static PpdlStatus
encrypt_exponent(const PpdlRsaPublic *pub, uint32_t q, const PpdlRsaGrid *grid, int random_bits,
				 PpdlWriter *out, PpdlError *err)
{
	PpdlRsaView head = {.kind = PPDL_RSA_VALUE, .encoding = PPDL_RSA_EXPONENT, .parts = 1, .grid = *grid};
	uint64_t	bits = (uint64_t) grid->max + (uint64_t) random_bits;
	uint8_t		be[PPDL_RSA_MAX_BITS / 8];
	PpdlStatus	status;

	if (random_bits != 0 && (random_bits < PPDL_RSA_RANDOM_BITS || random_bits > PPDL_RSA_MAX_RANDOM_BITS))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d random bits: give 0 (none) or %d to %d",
						  random_bits, PPDL_RSA_RANDOM_BITS, PPDL_RSA_MAX_RANDOM_BITS);
	if (bits << PPDL_RSA_BOUND_SHIFT > pub->capacity)
	{
		ppdl_error(err, PPDL_ERR_RANGE,
				   "a largest value of %u with %d random bits needs %llu bits; key %s holds %d",
				   grid->max, random_bits, (unsigned long long) bits, pub->key_id, pub->bits - 1);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "In the exponent encoding a value takes as many bits as its size: "
							   "use a coarser scale or a larger key.");
	}
	head.flags = random_bits > 0 ? PPDL_RSA_RANDOMISED : 0;
	PPDL_TRY(exponent_message(be, pub, q, grid->max, random_bits, err));
	status = write_fresh(out, pub, &head, PPDL_RSA_BOUND_BITS(bits), be, err);
	OPENSSL_cleanse(be, sizeof(be));
	return status;
}

PpdlStatus
ppdl_rsa_encrypt_count(const PpdlRsaPublic *pub, uint32_t q, uint32_t max, int random_bits,
					   PpdlWriter *out, PpdlError *err)
{
	PpdlRsaGrid grid = {.step = 1, .offset = 0, .max = max};
	int			too_large = q > max;

	/* a value that is refused is named */
	ppdl_declassify(&too_large, sizeof(too_large));
	if (too_large)
	{
		ppdl_error(err, PPDL_ERR_RANGE, "value is larger than the largest value, %u", max);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Give a larger largest value: it is public, and each summand takes as many bits.");
	}
	return encrypt_exponent(pub, q, &grid, random_bits, out, err);
}

PpdlStatus
ppdl_rsa_input_grid(PpdlRsaGrid *grid, int bits, PpdlError *err)
{
	int			half;

	if (bits < 1 || bits > MAX_INPUT_BITS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "inputs are quantised to 1 to %d bits, not %d", MAX_INPUT_BITS, bits);
	half = (1 << (bits - 1)) - 1;
	grid->step = bits == 1 ? 1 : 1.0 / half;
	grid->offset = -half;
	grid->max = bits == 1 ? 1 : (uint32_t) (2 * half);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_grid_point(uint32_t *q, double x, const PpdlRsaGrid *grid, PpdlError *err)
{
	const double slack = 1e-9;	/* of a step: 1/step is not exact */
	double		point = x / grid->step - (double) grid->offset;

	if (!(point >= -slack && point <= grid->max + slack))	/* NaN, too */
		return ppdl_error(err, PPDL_ERR_RANGE, "value lies outside [%.15g, %.15g], the range it is encrypted for",
						  grid->step * (double) grid->offset,
						  grid->step * ((double) grid->offset + grid->max));
	*q = (uint32_t) rint(point);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_encrypt_on_grid(const PpdlRsaPublic *pub, double x, const PpdlRsaGrid *grid,
						 int random_bits, PpdlWriter *out, PpdlError *err)
{
	uint32_t	q = 0;

	PPDL_TRY(ppdl_rsa_grid_point(&q, x, grid, err));
	return encrypt_exponent(pub, q, grid, random_bits, out, err);
}
