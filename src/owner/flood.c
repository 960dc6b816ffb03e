#include <math.h>

#include <openssl/crypto.h>

#include "base/declassify.h"
#include "owner/owner_impl.h"

/*
 * Noise flooding of results that leave the owner: the error of a CKKS decryption
 * depends on the secret key (Li and Micciancio 2021), so it is drowned in fresh
 * Gaussian noise 2^FLOOD_BITS times as wide.  At 15 bits a shared value tells an
 * observer about the key with a statistical advantage of some 2^-15 (Li, Micciancio,
 * Schultz and Sorrell 2022, §5).
 */
#define FLOOD_BITS 15

/* uniform in (0, 1] */
static PpdlStatus
uniform(PpdlRng *rng, double *out, PpdlError *err)
{
	uint64_t	word;

	PPDL_TRY(ppdl_rng_bytes(rng, &word, sizeof(word), err));
	/* the C library's logarithm and cosine are not of constant time; this is noise for one result, no key */
	ppdl_declassify(&word, sizeof(word));
	*out = ldexp((double) ((word >> 11) + 1), -53);
	return PPDL_OK;
}

/* Box and Muller 1958 */
static PpdlStatus
gaussian(PpdlRng *rng, double *out, PpdlError *err)
{
	double		u,
				v;

	PPDL_TRY(uniform(rng, &u, err));
	PPDL_TRY(uniform(rng, &v, err));
	*out = sqrt(-2 * log(u)) * cos(2 * M_PI * v);
	return PPDL_OK;
}

PpdlStatus
ppdl_values_flood(PpdlValues *v, double bound, PpdlRng *rng, PpdlError *err)
{
	const double sigma = ldexp(v->error, FLOOD_BITS);
	double		grid;

	if (sigma == 0)
		return PPDL_OK;			/* an exact zero: nothing was encrypted */
	if (sigma > bound / 4)
	{
		ppdl_error(err, PPDL_ERR_PRECISION,
				   "the noise that sharing this result takes, %.3g, would hide its values, which are at most %.3g",
				   sigma, bound);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION,
							   "Share a figure of less noise, or decide on it before sharing (for example, "
							   "a class instead of a score).");
	}
	/* low bits of a floating-point sum could tell the noise from the value: keep none below the grid */
	grid = exp2(floor(log2(sigma)) - 6);
	for (size_t i = 0; i < (size_t) v->held * (size_t) v->width; i++)
	{
		double		noise;

		PPDL_TRY(gaussian(rng, &noise, err));
		v->v[i] = nearbyint((v->v[i] + sigma * noise) / grid) * grid;
		OPENSSL_cleanse(&noise, sizeof(noise));
	}
	v->error = sigma;
	return PPDL_OK;
}
