/* AVX2 with fused multiply-add, as fma.h wants it: four residues a vector. */
#ifndef PPDL_RING_AVX2_H
#define PPDL_RING_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define LANES 4

typedef __m256d D;
typedef __m256i W;

#define TWO52 4503599627370496.0
#define ROUNDER (1.5 * TWO52)	/* adding it rounds |x| <= 2^51 to an integer */

static inline D
splat(double x)
{
	return _mm256_set1_pd(x);
}

static inline W
splat_words(uint64_t x)
{
	return _mm256_set1_epi64x((long long) x);
}

static inline W
load_words(const uint64_t *p)
{
	return _mm256_loadu_si256((const __m256i *) p);
}

static inline void
store_words(uint64_t *p, W x)
{
	_mm256_storeu_si256((__m256i *) p, x);
}

static inline W
bits_of(D x)
{
	return _mm256_castpd_si256(x);
}

static inline D
of_bits(W x)
{
	return _mm256_castsi256_pd(x);
}

static inline W
add_words(W x, W y)
{
	return _mm256_add_epi64(x, y);
}

static inline W
sub_words(W x, W y)
{
	return _mm256_sub_epi64(x, y);
}

static inline W
and_words(W x, W y)
{
	return _mm256_and_si256(x, y);
}

#define shift_right(x, bits) _mm256_srli_epi64(x, bits)

/* words below 2^52 -> doubles */
static inline D
to_double(W x)
{
	return _mm256_sub_pd(of_bits(_mm256_or_si256(x, bits_of(splat(TWO52)))), splat(TWO52));
}

/* a*b + c, a*b - c, c - a*b, rounded once */
static inline D
fma_add(D a, D b, D c)
{
	return _mm256_fmadd_pd(a, b, c);
}

static inline D
fma_sub(D a, D b, D c)
{
	return _mm256_fmsub_pd(a, b, c);
}

static inline D
fma_from(D a, D b, D c)
{
	return _mm256_fnmadd_pd(a, b, c);
}

/* the integer next to x*y, |x*y| <= 2^51 */
static inline D
nearest(D x, D y)
{
	return fma_add(x, y, splat(ROUNDER)) - splat(ROUNDER);
}

/* y where x > bound, else 0 */
static inline D
where_above(D x, D bound, D y)
{
	return _mm256_and_pd(_mm256_cmp_pd(x, bound, _CMP_GT_OQ), y);
}

/* y where x has a sign, else 0 */
static inline D
where_negative(D x, D y)
{
	return _mm256_blendv_pd(splat(0), y, x);
}

typedef struct Lift
{
	D			base,			/* 2^52 and 2^52 + q */
				negative;
} Lift;

static inline Lift
lift_of(uint64_t q)
{
	Lift		l = {splat(TWO52), splat(TWO52 + (double) q)};

	return l;
}

/* integers -q <= x < q, not -0 -> words in [0, q) */
static inline W
lift(const Lift *l, D x)
{
	D			y = x + _mm256_blendv_pd(l->base, l->negative, x);

	return _mm256_xor_si256(bits_of(y), bits_of(l->base));
}

/* words below 2q -> below q: the sign of x - q chooses */
static inline W
reduce_once(W x, W q)
{
	D			d = of_bits(sub_words(x, q));

	return bits_of(_mm256_blendv_pd(d, of_bits(x), d));
}

/* words in (-q, q), two's complement -> [0, q) */
static inline W
unfold(W x, W q)
{
	return bits_of(_mm256_blendv_pd(of_bits(x), of_bits(add_words(x, q)), of_bits(x)));
}

/* number of words above `most`, unsigned, in each lane: count + (x > most) */
static inline W
count_above(W count, W x, W most)
{
	const W		sign = splat_words(UINT64_C(1) << 63);

	return sub_words(count, _mm256_cmpgt_epi64(_mm256_xor_si256(x, sign), _mm256_xor_si256(most, sign)));
}

#endif
