/*
 * Private to vec_avx2.c and vec_neon.c: the array kernels on doubles, one text for both; see fma.h.  Each file compiles
 * it for its instruction set and adds the kernels that move bytes and words about.
 */
#ifndef PPDL_RING_VEC_FMA_H
#define PPDL_RING_VEC_FMA_H

#include <stddef.h>

#include "ring/fma.h"
#include "ring/kernels.h"
#include "ring/rns.h"
#include "ring/shift.h"

static void
vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const W		q = splat_words(m->q);

	for (size_t i = 0; i < n; i += LANES)
		store_words(out + i, reduce_once(add_words(load_words(a + i), load_words(b + i)), q));
}

static void
vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const W		q = splat_words(m->q);

	for (size_t i = 0; i < n; i += LANES)
		store_words(out + i, unfold(sub_words(load_words(a + i), load_words(b + i)), q));
}

static void
vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n)
{
	const W		q = splat_words(m->q);

	for (size_t i = 0; i < n; i += LANES)
		store_words(out + i, unfold(sub_words(splat_words(0), load_words(a + i)), q));
}

static void
vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += LANES)
		store_residues(&p, out + i, mul_near(&p, load(a + i), load(b + i)));
}

static void
vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += LANES)
		store_residues(&p, acc + i, reduce_near(&p, load(acc + i) + mul_near(&p, load(a + i), load(b + i))));
}

static void
vec_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const Factor f = factor(m, w);

	for (size_t i = 0; i < n; i += LANES)
		store_residues(&p, out + i, mul_factor(&p, load(a + i), f));
}

static void
vec_mul_w_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const Factor f = factor(m, w);

	for (size_t i = 0; i < n; i += LANES)
		store_residues(&p, acc + i, reduce_near(&p, load(acc + i) + mul_factor(&p, load(a + i), f)));
}

static void
vec_sub_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w, uint64_t wq,
			  size_t n)
{
	const Prime p = prime(m);
	const Factor f = factor(m, w);

	for (size_t i = 0; i < n; i += LANES)
		store_residues(&p, out + i, mul_factor(&p, load(a + i) - load(b + i), f));
}

static void
vec_add_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	const W		q = splat_words(m->q),
				x = splat_words(w);

	for (size_t i = 0; i < n; i += LANES)
		store_words(out + i, reduce_once(add_words(load_words(a + i), x), q));
}

#define LOW(x, bits) and_words(x, splat_words((UINT64_C(1) << (bits)) - 1))

/* high half * 2^32 + low half */
static void
vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n)
{
	const Prime p = prime(m);
	const Factor two32 = factor(m, ppdl_mod_from_u64(m, UINT64_C(1) << 32));

	for (size_t i = 0; i < n; i += LANES)
	{
		W			x = load_words(in + i);
		D			high = mul_factor(&p, to_double(shift_right(x, 32)), two32);

		store_residues(&p, out + i, reduce_near(&p, high + to_double(LOW(x, 32))));
	}
}

static void
vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in, size_t n)
{
	const Prime p = prime(m);
	const D		half = splat((double) (from->q / 2)),
				wrap = splat((double) from->q);

	for (size_t i = 0; i < n; i += LANES)
	{
		D			x = load(in + i);

		store_residues(&p, out + i, reduce_near(&p, x - where_above(x, half, wrap)));
	}
}

/*
 * Sums of products x*y < 2^100 in two parts.  fma(x, y, 2^103) rounds x*y to the multiple h of 2^51, and
 * fma(x, y, -h) is the rest l, at most 2^50 from 0: two exact sums and one reduction.
 */
#define SPLIT_BITS 51
#define SPLITTER 0x1p103		/* 2^52 * 2^SPLIT_BITS */

/* few products: the sums are doubles, of at most 2^53 and 2^53 * 2^51 */
#define FEW_TERMS 5

typedef struct Split
{
	Prime		p;
	Factor		low,			/* 2^SPLIT_BITS */
				high;			/* 2^(SPLIT_BITS + 32) */
} Split;

INLINE Split
split(const PpdlModulus *m)
{
	const uint64_t low = ppdl_mod_from_u64(m, UINT64_C(1) << SPLIT_BITS),
				high = ppdl_mod_mul(m, low, ppdl_mod_from_u64(m, UINT64_C(1) << 32));
	Split		s = {prime(m), factor(m, low), factor(m, high)};

	return s;
}

INLINE void
few_add(D *h, D *l, D x, D y)
{
	D			minus = splat(SPLITTER) - fma_add(x, y, splat(SPLITTER));

	*h = *h - minus;
	*l = *l + fma_add(x, y, minus);
}

/* h / 2^51 of at most 5 * 2^49 leaves less than q, and l is at most 6 * 2^50 */
INLINE void
few_end(const Split *s, uint64_t *out, D h, D l)
{
	store_residues(&s->p, out, reduce_near(&s->p, mul_factor(&s->p, h * splat(0x1p-51), s->low) + l));
}

/*
 * Many products: the bits of 2^103 + h and of 1.5 * 2^52 + l are sums of a constant and h / 2^51 or l, so that words
 * add up what doubles could not hold: 4096 times at most 2^49 and 2^50.  The sum of l is lifted by 2^62.
 */
INLINE void
many_begin(W *h, W *l, int terms)
{
	*h = splat_words(-(uint64_t) terms * (UINT64_C(1126) << 52) - (UINT64_C(1) << (62 - SPLIT_BITS)));
	*l = splat_words(-(uint64_t) terms * (UINT64_C(0x4338) << 48) + (UINT64_C(1) << 62));
}

INLINE void
many_add(W *h, W *l, D x, D y)
{
	D			high = fma_add(x, y, splat(SPLITTER)),
				low = fma_add(x, y, splat(SPLITTER + 0x1.8p52) - high);

	*h = add_words(*h, bits_of(high));
	*l = add_words(*l, bits_of(low));
}

/* up to seven terms leave h below 2^52 */
INLINE void
many_end(const Split *s, uint64_t *out, W h, W l, int terms)
{
	D			r = to_double(LOW(l, SPLIT_BITS));

	h = add_words(h, shift_right(l, SPLIT_BITS));
	if (terms <= 7)
		r = r + mul_factor(&s->p, to_double(h), s->low);
	else
		r = r + mul_factor(&s->p, to_double(LOW(h, 32)), s->low) +
			mul_factor(&s->p, to_double(shift_right(h, 32)), s->high);
	store_residues(&s->p, out, reduce_near(&s->p, r));
}

/* loops take eight residues at a time */
#define GROUP (8 / LANES)

INLINE void
few_dot(const PpdlModulus *m, uint64_t *const out[2], const uint64_t *const *a, const uint64_t *const *const k[2],
		int outputs, int terms, int accumulate, size_t n)
{
	const Split s = split(m);

	for (size_t i = 0; i < n; i += LANES * GROUP)
	{
		D			h[2][GROUP],
					l[2][GROUP];

		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
			{
				h[o][v] = splat(0);
				l[o][v] = accumulate ? load(out[o] + i + LANES * v) : splat(0);
			}
		for (int j = 0; j < terms; j++)
			for (int v = 0; v < GROUP; v++)
			{
				const D		x = load(a[j] + i + LANES * v);

				for (int o = 0; o < outputs; o++)
					few_add(&h[o][v], &l[o][v], x, load(k[o][j] + i + LANES * v));
			}
		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
				few_end(&s, out[o] + i + LANES * v, h[o][v], l[o][v]);
	}
}

INLINE void
many_dot(const PpdlModulus *m, uint64_t *const out[2], const uint64_t *const *a, const uint64_t *const *const k[2],
		 int outputs, int terms, int accumulate, size_t n)
{
	const Split s = split(m);

	for (size_t i = 0; i < n; i += LANES * GROUP)
	{
		W			h[2][GROUP],
					l[2][GROUP];

		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
			{
				many_begin(&h[o][v], &l[o][v], terms);
				if (accumulate)
					l[o][v] = add_words(l[o][v], load_words(out[o] + i + LANES * v));
			}
		for (int j = 0; j < terms; j++)
			for (int v = 0; v < GROUP; v++)
			{
				const D		x = load(a[j] + i + LANES * v);

				for (int o = 0; o < outputs; o++)
					many_add(&h[o][v], &l[o][v], x, load(k[o][j] + i + LANES * v));
			}
		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
				many_end(&s, out[o] + i + LANES * v, h[o][v], l[o][v], terms);
	}
}

INLINE void
dot(const PpdlModulus *m, uint64_t *const out[2], const uint64_t *const *a, const uint64_t *const *const k[2],
	int outputs, int terms, int accumulate, size_t n)
{
	if (terms <= FEW_TERMS)
		few_dot(m, out, a, k, outputs, terms, accumulate, n);
	else
		many_dot(m, out, a, k, outputs, terms, accumulate, n);
}

static void
vec_dot(const PpdlModulus *m, const PpdlDot *d, size_t n)
{
	if (d->out[1] == NULL)
		dot(m, (uint64_t *[2]) {d->out[0], NULL}, d->a, (const uint64_t *const *[2]) {d->k[0], NULL}, 1, d->terms,
			d->accumulate, n);
	else
		dot(m, (uint64_t *[2]) {d->out[0], d->out[1]}, d->a, (const uint64_t *const *[2]) {d->k[0], d->k[1]}, 2,
			d->terms, d->accumulate, n);
}

static void
mul_outer(const PpdlModulus *m, uint64_t *out, const uint64_t *in, const uint64_t *s, const uint64_t *sq,
		  const uint64_t *b, const uint64_t *bq, size_t blocks)
{
	const Prime p = prime(m);
	D			each[8 / LANES];

	(void) sq;
	(void) bq;
	for (int v = 0; v < 8 / LANES; v++)
		each[v] = load(s + LANES * v);
	for (size_t i = 0; i < blocks; i++)
	{
		const D		w = splat((double) b[i]);

		for (int v = 0; v < 8 / LANES; v++)
		{
			const size_t at = 8 * i + (size_t) (LANES * v);

			store_residues(&p, out + at, mul_near(&p, mul_near(&p, load(in + at), each[v]), w));
		}
	}
}

static size_t
vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	const W		most = splat_words(m->q - 1);
	W			count = splat_words(0);
	uint64_t	lane[LANES];
	size_t		sum = 0;

	for (size_t i = 0; i < n; i += LANES)
		count = count_above(count, load_words(a + i), most);
	store_words(lane, count);
	for (int v = 0; v < LANES; v++)
		sum += (size_t) lane[v];
	return sum;
}

static void
conv_in(const PpdlModulus *m, uint64_t *y, uint64_t *frac, const uint64_t *x,
		uint64_t w, uint64_t wq, uint64_t c, size_t n)
{
	const Prime p = prime(m);
	const Factor f = factor(m, w);
	const D		scale = splat((double) c),
				splitter = fraction_splitter(m);

	for (size_t i = 0; i < n; i += LANES)
	{
		const W		r = lift(&p.lift, mul_factor(&p, load(x + i), f));

		store_words(y + i, r);
		store_words(frac + i, add_fraction(load_words(frac + i), r, scale, splitter));
	}
}

INLINE void
few_conv(const Split *s, uint64_t *out, const uint64_t *y, const double *k, int terms)
{
	D			h[GROUP],
				l[GROUP];

	for (int v = 0; v < GROUP; v++)
		h[v] = l[v] = splat(0);
	for (int j = 0; j < terms; j++)
		for (int v = 0; v < GROUP; v++)
			few_add(&h[v], &l[v], load(y + j * PPDL_CONV_BLOCK + LANES * v), splat(k[j]));
	for (int v = 0; v < GROUP; v++)
		few_end(s, out + LANES * v, h[v], l[v]);
}

INLINE void
many_conv(const Split *s, uint64_t *out, const uint64_t *y, const double *k, int terms)
{
	W			h[GROUP],
				l[GROUP];

	for (int v = 0; v < GROUP; v++)
		many_begin(&h[v], &l[v], terms);
	for (int j = 0; j < terms; j++)
		for (int v = 0; v < GROUP; v++)
			many_add(&h[v], &l[v], load(y + j * PPDL_CONV_BLOCK + LANES * v), splat(k[j]));
	for (int v = 0; v < GROUP; v++)
		many_end(s, out + LANES * v, h[v], l[v], terms);
}

static void
conv_out(const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms, size_t n)
{
	const Split s = split(m);
	double		factors[PPDL_MAX_CONV + 1];

	for (int j = 0; j < terms; j++)
		factors[j] = (double) k[j];
	for (size_t i = 0; i < n; i += LANES * GROUP)
		if (terms <= FEW_TERMS)
			few_conv(&s, out + i, y + i, factors, terms);
		else
			many_conv(&s, out + i, y + i, factors, terms);
}

static void
add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	ppdl_add_shifted_loop(acc, a, e, n);
}

/* the entries of a table that are the same text for both */
#define FMA_KERNELS \
	.add = vec_add, \
	.sub = vec_sub, \
	.neg = vec_neg, \
	.mul = vec_mul, \
	.mul_add = vec_mul_add, \
	.mul_w = vec_mul_w, \
	.mul_w_add = vec_mul_w_add, \
	.sub_mul_w = vec_sub_mul_w, \
	.add_w = vec_add_w, \
	.reduce = vec_reduce, \
	.switch_modulus = vec_switch_modulus, \
	.dot = vec_dot, \
	.mul_outer = mul_outer, \
	.count_unreduced = vec_count_unreduced, \
	.conv_in = conv_in, \
	.conv_out = conv_out, \
	.add_shifted = add_shifted

#endif
