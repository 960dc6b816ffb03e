/*
 * AVX2 arithmetic on four residues a vector, held as doubles: with q < 2^50 every
 * residue is exact, and a product splits exactly into its rounded value and the
 * rest by fused multiply-add.  Compiled without contraction, so that what is
 * written is what is rounded.
 */
#ifndef PPDL_RING_AVX2_H
#define PPDL_RING_AVX2_H

#include <immintrin.h>

#include "ring/modulus.h"

typedef __m256d D;

#define TWO52 4503599627370496.0
#define ROUNDER (1.5 * TWO52)	/* adding it rounds |x| <= 2^51 to an integer */

/* eight-byte words below 2^52 <-> doubles */
static inline D
to_double(__m256i x)
{
	return _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(x, _mm256_castpd_si256(_mm256_set1_pd(TWO52)))),
						 _mm256_set1_pd(TWO52));
}

static inline __m256i
to_words(D x)
{
	return _mm256_castpd_si256(_mm256_xor_pd(_mm256_add_pd(x, _mm256_set1_pd(TWO52)), _mm256_set1_pd(TWO52)));
}

static inline __m256i
load_words(const uint64_t *p)
{
	return _mm256_loadu_si256((const __m256i *) p);
}

static inline void
store_words(uint64_t *p, __m256i x)
{
	_mm256_storeu_si256((__m256i *) p, x);
}

typedef struct Prime
{
	D			q,
				inv;			/* 1/q */
} Prime;

static inline Prime
prime(const PpdlModulus *m)
{
	Prime		p = {_mm256_set1_pd((double) m->q), _mm256_set1_pd(1.0 / (double) m->q)};

	return p;
}

/*
 * x*y - c*q for the integer c next to x*y/q: |x*y| < 2^51 * q.  The error of the
 * quotient is at most 1/2 + |x*y/q| * 2^-52, so the result r satisfies
 * |r| <= (1/2 + |x*y/q| * 2^-52) * q.
 */
static inline D
mul_near(const Prime *p, D x, D y)
{
	const D		rounder = _mm256_set1_pd(ROUNDER);
	D			h = _mm256_mul_pd(x, y),
				l = _mm256_fmsub_pd(x, y, h),
				c = _mm256_sub_pd(_mm256_fmadd_pd(h, p->inv, rounder), rounder);

	return _mm256_add_pd(_mm256_fnmadd_pd(c, p->q, h), l);
}

/* |x| < 2^52 -> the same residue, at most about q/2 from 0 */
static inline D
reduce_near(const Prime *p, D x)
{
	const D		rounder = _mm256_set1_pd(ROUNDER);
	D			c = _mm256_sub_pd(_mm256_fmadd_pd(x, p->inv, rounder), rounder);

	return _mm256_fnmadd_pd(c, p->q, x);
}

/* -q <= x < q -> words in [0, q) */
static inline __m256i
lift(const Prime *p, D x)
{
	return to_words(_mm256_add_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_LT_OQ), p->q)));
}

#endif
