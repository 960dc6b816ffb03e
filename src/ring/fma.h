/*
 * Arithmetic on residues held as doubles, the same for AVX2 and NEON: with q < 2^50 every residue is exact, and a
 * product splits exactly into its rounded value and the rest by fused multiply-add.  Compiled without contraction, so
 * that what is written is what is rounded.
 */
#ifndef PPDL_RING_FMA_H
#define PPDL_RING_FMA_H

#if defined(__x86_64__)
#include "ring/avx2.h"
#else
#include "ring/neon.h"
#endif
#include "ring/modulus.h"

#define INLINE static inline __attribute__((always_inline))

typedef struct Prime
{
	D			q,
				inv;			/* 1/q */
	Lift		lift;
} Prime;

INLINE Prime
prime(const PpdlModulus *m)
{
	Prime		p = {splat((double) m->q), splat(1.0 / (double) m->q), lift_of(m->q)};

	return p;
}

/* a constant factor, centred, and its quotient w/q to 2^-52 of itself */
typedef struct Factor
{
	D			w,
				wq;
} Factor;

INLINE Factor
factor(const PpdlModulus *m, uint64_t w)
{
	double		x = (double) ppdl_mod_center(m, w);
	Factor		f = {splat(x), splat(x * (1.0 / (double) m->q))};

	return f;
}

INLINE D
load(const uint64_t *p)
{
	return to_double(load_words(p));
}

/* what only these kernels read again is kept as doubles */
INLINE D
load_doubles(const uint64_t *p)
{
	return of_bits(load_words(p));
}

INLINE void
store_doubles(uint64_t *p, D x)
{
	store_words(p, bits_of(x));
}

/*
 * x*y - c*q for the integer c next to x*y/q: |x*y| <= 2^51 * q.  Three roundings lead to c, so its error is at most
 * 1/2 + |x*y/q| * 3 * 2^-53, and the result is as many q from 0.  Never -0.
 */
INLINE D
mul_near(const Prime *p, D x, D y)
{
	D			h = x * y,
				l = fma_sub(x, y, h);

	return fma_from(nearest(h, p->inv), p->q, h) + l;
}

/* the same with a factor: c does not wait for the product */
INLINE D
mul_factor(const Prime *p, D x, Factor f)
{
	D			h = x * f.w,
				l = fma_sub(x, f.w, h);

	return fma_from(nearest(x, f.wq), p->q, h) + l;
}

/* |x| < 2^53 -> the same residue, at most 1/2 + 2^-1/q more from 0; -0 only for -0 */
INLINE D
reduce_near(const Prime *p, D x)
{
	return fma_from(nearest(x, p->inv), p->q, x);
}

/* integers -q <= x < q, not -0 -> [0, q) */
INLINE D
positive(const Prime *p, D x)
{
	return x + where_negative(x, p->q);
}

INLINE void
store_residues(const Prime *p, uint64_t *out, D x)
{
	store_words(out, lift(&p->lift, x));
}

/*
 * frac + floor(r * c / 2^bits), the quotient below 2^52, a step of base conversion; splitter: 2^(52+bits).  fma(r, c,
 * splitter) rounds to a multiple of 2^bits, and its bits are those of the constant and the quotient together; that is
 * one too many where the rest is negative.
 */
INLINE W
add_fraction(W frac, D r, D c, D splitter)
{
	const D		high = fma_add(r, c, splitter),
				rest = fma_add(r, c, splitter - high);

	return sub_words(add_words(frac, sub_words(bits_of(high), bits_of(splitter))), shift_right(bits_of(rest), 63));
}

INLINE D
fraction_splitter(const PpdlModulus *m)
{
	return splat(0x1p52 * (double) (UINT64_C(1) << m->bits));
}

#endif
