/*
 * AVX-512 IFMA arithmetic on eight residues a vector: products modulo a prime
 * below 2^50 from the low and high halves of 52 x 52-bit products.
 */
#ifndef PPDL_RING_IFMA_H
#define PPDL_RING_IFMA_H

#include <immintrin.h>

#include "ring/modulus.h"

typedef __m512i V;

#define MASK52 ((UINT64_C(1) << 52) - 1)

static inline V
set1(uint64_t x)
{
	return _mm512_set1_epi64((long long) x);
}

static inline V
load(const uint64_t *p)
{
	return _mm512_loadu_si512(p);
}

static inline void
store(uint64_t *p, V v)
{
	_mm512_storeu_si512(p, v);
}

/* x < 2*bound -> x mod bound: the difference wraps around when it is negative */
static inline V
reduce_once(V x, V bound)
{
	return _mm512_min_epu64(x, _mm512_sub_epi64(x, bound));
}

/* what a loop keeps in registers about its prime */
typedef struct Prime
{
	V			q,
				q2,
				negq,			/* 2^52 - q: adding products with it subtracts, modulo 2^52 */
				mask;
} Prime;

static inline Prime
prime(const PpdlModulus *m)
{
	Prime		p = {set1(m->q), set1(2 * m->q), set1((UINT64_C(1) << 52) - m->q), set1(MASK52)};

	return p;
}

/* a Shoup pair: w and floor(w * 2^52 / q) */
typedef struct Shoup
{
	V			w,
				wq;
} Shoup;

static inline Shoup
shoup1(uint64_t w, uint64_t wq64)
{
	Shoup		s = {set1(w), _mm512_srli_epi64(set1(wq64), 12)};

	return s;
}

/* the low 52 bits of each x count: x*w mod q in [0, 2q) */
static inline V
mul_lazy(const Prime *p, V x, Shoup s)
{
	const V		zero = _mm512_setzero_si512();
	V			h = _mm512_madd52hi_epu64(zero, x, s.wq),
				l = _mm512_madd52lo_epu64(zero, x, s.w);

	return _mm512_and_si512(_mm512_madd52lo_epu64(l, h, p->negq), p->mask);
}

/* frac + floor(r * c / 2^bits), a step of base conversion; shift: 52 - bits */
static inline V
add_fraction(V frac, V r, V c, V shift)
{
	return _mm512_madd52hi_epu64(frac, _mm512_sllv_epi64(r, shift), c);
}

#endif
