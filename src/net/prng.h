/*
 * The generator behind first weights and shuffles: public, small, the same on every machine
 * (but for the last bits of log and cos).  Not for secrets: those come from ring/random.h.
 *
 * xoshiro256** (Blackman and Vigna 2021), its state filled by splitmix64 from (seed, stream).
 */
#ifndef PPDL_NET_PRNG_H
#define PPDL_NET_PRNG_H

#include <math.h>
#include <stdint.h>

typedef struct PpdlPrng
{
	uint64_t	s[4];
	double		spare;
	int			has_spare;
} PpdlPrng;

static inline uint64_t
ppdl_splitmix64(uint64_t *x)
{
	uint64_t	z = (*x += 0x9E3779B97F4A7C15u);

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static inline void
ppdl_prng_init(PpdlPrng *r, uint64_t seed, uint64_t stream)
{
	uint64_t	x = seed;

	x = ppdl_splitmix64(&x) ^ stream;
	for (int i = 0; i < 4; i++)
		r->s[i] = ppdl_splitmix64(&x);
	r->has_spare = 0;
}

static inline uint64_t
ppdl_prng_next(PpdlPrng *r)
{
	uint64_t	x = r->s[1] * 5,
				t = r->s[1] << 17;

	x = (x << 7 | x >> 57) * 9;
	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = r->s[3] << 45 | r->s[3] >> 19;
	return x;
}

/* in (0, 1] */
static inline double
ppdl_prng_uniform(PpdlPrng *r)
{
	return ((double) (ppdl_prng_next(r) >> 11) + 0.5) * 0x1p-53;
}

/* uniform in 0 .. n-1, n > 0 (Lemire 2019, without bias) */
static inline uint64_t
ppdl_prng_below(PpdlPrng *r, uint64_t n)
{
	uint64_t	reject = -n % n;
	unsigned __int128 p;

	do
		p = (unsigned __int128) ppdl_prng_next(r) * n;
	while ((uint64_t) p < reject);
	return (uint64_t) (p >> 64);
}

/* standard normal (Box and Muller 1958), two at a time */
static inline double
ppdl_prng_normal(PpdlPrng *r)
{
	double		radius,
				angle;

	if (r->has_spare)
	{
		r->has_spare = 0;
		return r->spare;
	}
	radius = sqrt(-2 * log(ppdl_prng_uniform(r)));
	angle = 2 * M_PI * ppdl_prng_uniform(r);
	r->spare = radius * sin(angle);
	r->has_spare = 1;
	return radius * cos(angle);
}

#endif
