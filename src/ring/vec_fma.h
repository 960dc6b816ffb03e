/*
 * Private to vec_avx2.c and vec_neon.c: the array kernels on doubles, one text for both; see fma.h.  Each file compiles
 * it for its instruction set and adds the kernels that move bytes and words about.
 */
#ifndef PPDL_RING_VEC_FMA_H
#define PPDL_RING_VEC_FMA_H

#include <stddef.h>
#include <string.h>

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
 * Sums of products x*y < 2^100.  A sum h that begins with 2^103 takes them up in multiples of 2^51, which is what
 * rounding leaves of it below 2^104, and fma(x, y, h before - h after) is the rest, at most 2^50 from 0: both exact.
 * SUM_TERMS products leave (h - 2^103) / 2^51 below 6 * 2^49, which times 2^51 mod q leaves 1.07q at most, and rests of
 * 6 * 2^50.  l begins with what another part left, within 0.51q, or after one product less with a summand below q: all
 * of it is below 2^53.
 */
#define SPLIT_BITS 51
#define SPLITTER 0x1p103		/* 2^52 * 2^SPLIT_BITS */
#define SUM_TERMS 6

_Static_assert(SUM_TERMS < 8, "h is below 2^104: its products are below 2^103, with 2^50 each that rounding adds");
/*
 * In 2^50/32, of which a residue is 32 at most: mul_factor's 16, and 3 for each 2^49 of h; the rests; what l began
 * with.
 */
#define SUM_LIMIT(terms, before) (16 + 3 * (terms) + 32 * (terms) + (before))
_Static_assert(SUM_LIMIT(SUM_TERMS, 17) < 8 * 32, "l is below 2^53 after another part");
_Static_assert(SUM_LIMIT(SUM_TERMS - 1, 32) < 8 * 32, "l is below 2^53 after a summand");

typedef struct Split
{
	Prime		p;
	Factor		unit;			/* of a multiple of 2^SPLIT_BITS: (2^SPLIT_BITS mod q) / 2^SPLIT_BITS */
} Split;

INLINE Split
split(const PpdlModulus *m)
{
	Split		s = {prime(m), factor(m, ppdl_mod_from_u64(m, UINT64_C(1) << SPLIT_BITS))};

	s.unit.w = s.unit.w * splat(1.0 / (UINT64_C(1) << SPLIT_BITS));
	s.unit.wq = s.unit.wq * splat(1.0 / (UINT64_C(1) << SPLIT_BITS));
	return s;
}

/* so many products at a time, in parts as alike as they can be */
INLINE int
sum_part(int terms, int most)
{
	const int	parts = (terms + most - 1) / most;

	return (terms + parts - 1) / parts;
}

INLINE void
sum_add(D *h, D *l, D x, D y)
{
	const D		sum = fma_add(x, y, *h);

	*l = *l + fma_add(x, y, *h - sum);
	*h = sum;
}

/* the residue next to 0, or almost, within 0.51q */
INLINE D
sum_end(const Split *s, D h, D l)
{
	return reduce_near(&s->p, mul_factor(&s->p, h - splat(SPLITTER), s->unit) + l);
}

/* vectors at a time: dot products take eight residues, sums of rows sixteen while there are as many */
#define GROUP (8 / LANES)
#define CONV_GROUP (16 / LANES)

INLINE void
dot(const PpdlModulus *m, uint64_t *const out[2], const uint64_t *const *a, const uint64_t *const *const k[2],
	int outputs, int terms, int accumulate, size_t n)
{
	const Split s = split(m);
	const int	part = sum_part(terms, SUM_TERMS - (accumulate != 0));

	for (size_t i = 0; i < n; i += LANES * GROUP)
	{
		D			h[2][GROUP],
					l[2][GROUP];

		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
				l[o][v] = accumulate ? load(out[o] + i + LANES * v) : splat(0);
		for (int j = 0, end; j < terms;)
		{
			end = j + part < terms ? j + part : terms;
			for (int o = 0; o < outputs; o++)
				for (int v = 0; v < GROUP; v++)
					h[o][v] = splat(SPLITTER);
			for (; j < end; j++)
				for (int v = 0; v < GROUP; v++)
				{
					const D		x = load(a[j] + i + LANES * v);

					for (int o = 0; o < outputs; o++)
						sum_add(&h[o][v], &l[o][v], x, load(k[o][j] + i + LANES * v));
				}
			for (int o = 0; o < outputs; o++)
				for (int v = 0; v < GROUP; v++)
					l[o][v] = sum_end(&s, h[o][v], l[o][v]);
		}
		for (int o = 0; o < outputs; o++)
			for (int v = 0; v < GROUP; v++)
				store_residues(&s.p, out[o] + i + LANES * v, l[o][v]);
	}
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

/* rows are doubles here */
static void
conv_row(uint64_t *y, const uint64_t *x, int shift, size_t n)
{
	size_t		i = 0;

	for (; i + LANES <= n; i += LANES)
		store_doubles(y + i, to_double(shift_right(load_words(x + i), shift)));
	for (; i < n; i++)
	{
		const double last = (double) (int64_t) (x[i] >> shift);

		memcpy(y + i, &last, sizeof(last));
	}
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
		const D		r = positive(&p, mul_factor(&p, load(x + i), f));

		store_doubles(y + i, r);
		store_words(frac + i, add_fraction(load_words(frac + i), r, scale, splitter));
	}
}

/* this many vectors at a time */
INLINE void
conv_group(const Split *s, uint64_t *out, const uint64_t *y, const double *k, int terms, int vectors)
{
	const int	part = sum_part(terms, SUM_TERMS);
	D			h[CONV_GROUP],
				l[CONV_GROUP];

	for (int v = 0; v < vectors; v++)
		l[v] = splat(0);
	for (int j = 0, end; j < terms;)
	{
		end = j + part < terms ? j + part : terms;
		for (int v = 0; v < vectors; v++)
			h[v] = splat(SPLITTER);
		for (; j < end; j++)
			for (int v = 0; v < vectors; v++)
				sum_add(&h[v], &l[v], load_doubles(y + j * PPDL_CONV_BLOCK + LANES * v), splat(k[j]));
		for (int v = 0; v < vectors; v++)
			l[v] = sum_end(s, h[v], l[v]);
	}
	for (int v = 0; v < vectors; v++)
		store_residues(&s->p, out + LANES * v, l[v]);
}

static void
conv_out(const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms, size_t n)
{
	const Split s = split(m);
	double		factors[PPDL_MAX_CONV + 1];
	size_t		i = 0;

	for (int j = 0; j < terms; j++)
		factors[j] = (double) (int64_t) k[j];
	for (; i + LANES * CONV_GROUP <= n; i += LANES * CONV_GROUP)
		conv_group(&s, out + i, y + i, factors, terms, CONV_GROUP);
	for (; i < n; i += LANES * GROUP)
		conv_group(&s, out + i, y + i, factors, terms, GROUP);
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
	.conv_row = conv_row, \
	.conv_in = conv_in, \
	.conv_out = conv_out, \
	.add_shifted = add_shifted

#endif
