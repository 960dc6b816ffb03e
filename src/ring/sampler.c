/*
 * Samplers of secrets and errors.  Branches and addresses depend on the shape of
 * the request and on random words that are thrown away, never on what is kept.
 */
#include "ring/random.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/declassify.h"

#define CHUNK 512

/* floor(u * 3 / 2^64): off uniform by less than 2^-62 */
PpdlStatus
ppdl_sample_ternary(PpdlRng *rng, int8_t *out, size_t n, PpdlError *err)
{
	uint64_t	word[CHUNK];
	PpdlStatus	status = PPDL_OK;

	for (size_t at = 0; at < n && status == PPDL_OK; at += CHUNK)
	{
		size_t		len = n - at < CHUNK ? n - at : CHUNK;

		status = ppdl_rng_bytes(rng, word, len * sizeof(uint64_t), err);
		for (size_t i = 0; i < len; i++)
			out[at + i] = (int8_t) ((int) (((unsigned __int128) word[i] * 3) >> 64) - 1);
	}
	OPENSSL_cleanse(word, sizeof(word));
	return status;
}

/* a random number below n, as far as its lowest bits go; n <= 2^32 */
static PpdlStatus
draw_position(PpdlRng *rng, uint64_t n, uint64_t *position, int8_t *sign, PpdlError *err)
{
	uint64_t	word,
				mask = n <= 1 ? 0 : UINT64_MAX >> __builtin_clzll(n - 1);
	int			refused;

	do
	{
		PPDL_TRY(ppdl_rng_bytes(rng, &word, sizeof(word), err));
		*position = word & mask;
		/* words that are refused are thrown away */
		refused = *position >= n;
		ppdl_declassify(&refused, sizeof(refused));
	} while (refused);
	*sign = (int8_t) (1 - 2 * (int) (word >> 63));
	OPENSSL_cleanse(&word, sizeof(word));
	return PPDL_OK;
}

/* Sets out[position] when it is still 0, reading and writing all of out; 1 if it did. */
static int
place(int8_t *out, size_t n, uint64_t position, int8_t sign)
{
	int8_t		taken = 0;

	for (size_t i = 0; i < n; i++)
	{
		int8_t		here = (int8_t) -(int8_t) (i == position);

		taken |= out[i] & here;
		out[i] |= sign & here & (int8_t) ((out[i] & 1) - 1);
	}
	return taken == 0;
}

PpdlStatus
ppdl_sample_sparse(PpdlRng *rng, int8_t *out, size_t n, int h, PpdlError *err)
{
	if (h < 0 || (size_t) h > n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot place %d nonzero coefficients among %zu", h, n);
	memset(out, 0, n);
	while (h > 0)
	{
		uint64_t	position;
		int8_t		sign;
		int			placed;

		PPDL_TRY(draw_position(rng, n, &position, &sign, err));
		placed = place(out, n, position, sign);
		/* how often a place came twice says nothing about which places came */
		ppdl_declassify(&placed, sizeof(placed));
		h -= placed;
	}
	return PPDL_OK;
}

/*
 * The discrete Gaussian on the integers, probability of x proportional to
 * exp(-x^2 / (2 * 3.2^2)): entry i is 2^63 * P(|x| <= i), rounded; P(|x| <= 29)
 * rounds to one.  Made with 400-bit arithmetic.
 */
static const uint64_t cumulative[] = {
	0x0ff52b4064a1f258, 0x2e5a25d4026fff6e, 0x489ae2682e3db9bb, 0x5d2bc20de6f95106,
	0x6bc8694a862fcdcf, 0x7532d898e9d195da, 0x7ab396c980f5facb, 0x7d9e4e8f6717ea70,
	0x7f054956150a592b, 0x7fa1ce99f8dbf691, 0x7fdfb3f00a8f3398, 0x7ff5e6f7c97d68d9,
	0x7ffd1f95b372bd36, 0x7fff40f7f7aedc64, 0x7fffd2e62d057ef0, 0x7ffff6503aaa2875,
	0x7ffffe1bab99a744, 0x7fffffaa0140ce53, 0x7ffffff21f8a3a77, 0x7ffffffdf72301f4,
	0x7fffffffba9fd472, 0x7ffffffff79b78ce, 0x7fffffffff13f6f9, 0x7fffffffffe8748a,
	0x7ffffffffffdde24, 0x7fffffffffffd320, 0x7ffffffffffffca7, 0x7fffffffffffffc6,
	0x7ffffffffffffffc
};

/* 63 bits choose |x| by counting the entries not above them, the lowest bit the sign */
static inline int8_t
gaussian(uint64_t word)
{
	uint64_t	u = word >> 1,
				sign = -(word & 1),
				x = 0;

	for (size_t i = 0; i < sizeof(cumulative) / sizeof(cumulative[0]); i++)
		x += (cumulative[i] - 1 - u) >> 63;
	return (int8_t) ((x ^ sign) - sign);
}

PpdlStatus
ppdl_sample_gaussian(PpdlRng *rng, int8_t *out, size_t n, PpdlError *err)
{
	uint64_t	word[CHUNK];
	PpdlStatus	status = PPDL_OK;

	for (size_t at = 0; at < n && status == PPDL_OK; at += CHUNK)
	{
		size_t		len = n - at < CHUNK ? n - at : CHUNK;

		status = ppdl_rng_bytes(rng, word, len * sizeof(uint64_t), err);
		for (size_t i = 0; i < len; i++)
			out[at + i] = gaussian(word[i]);
	}
	OPENSSL_cleanse(word, sizeof(word));
	return status;
}

void
ppdl_small_to_limb(const PpdlModulus *m, uint64_t *out, const int8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_from_small(m, in[i]);
}
