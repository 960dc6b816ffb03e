/*
 * Private to ntt_avx2.c and ntt_neon.c: the NTT on doubles, one text for both; see fma.h.  Between passes the array
 * holds doubles.  Blocks, nodes and passes are those of ntt_ifma.c; the last stages, of eight vectors, are done in
 * registers.
 *
 * Bounds, in units of q.  Roots are centred (|w| <= q/2), so that a product of |y| <= b leaves at most
 * P(b) = 1/2 + 3b/16 for q < 2^50; b may be 4.
 *
 * Forward: what enters a pass is at most 3.5; its first half is reduced to 1/2, so that stages leave at most
 * 1/2 + P(3.5) = 1.66, 2.47 and 3.44.  The first pass takes residues, at most 1, and leaves 3.48 without a reduction.
 *
 * Inverse: what enters is at most 1.  Stages of radix 8 leave sums of 2 and products of P(2) = 0.88; then 4, 1.25, 1.75
 * and P(1.75) = 0.83, of which the sums are reduced to 1/2; then sums of 1, 2.5 and 1.66, of which the last two are
 * reduced, and products of at most P(2.5) = 0.97.  Passes of radix 4 are the last two of these stages.
 *
 * Primes of at most 46 bits ("lazy") have room for 64 q, and P(b) = 1/2 + 3b/256: forward no value exceeds 11 q in 17
 * stages and none is reduced before the end; inverse 4 enters, sums grow to 32, and only the first of a pass, all sums,
 * is reduced: others are at most 4 P(8) = 2.4.
 */
#ifndef PPDL_RING_NTT_FMA_H
#define PPDL_RING_NTT_FMA_H

#include "ring/fma.h"
#include "ring/kernels.h"

#define LAZY_BITS 46
#define TAIL_BITS (LANES == 4 ? 5 : 4)	/* eight vectors */

typedef struct Context
{
	Prime		p;
	D			half;			/* q/2 */
	const PpdlModulus *m;
	const uint64_t *w;
	double		inv;
	int			lazy;
} Context;

INLINE Factor
centred(const Context *c, uint64_t w)
{
	double		x = (double) ppdl_mod_center(c->m, w);
	Factor		f = {splat(x), splat(x * c->inv)};

	return f;
}

INLINE Factor
root(const Context *c, size_t k)
{
	return centred(c, c->w[k]);
}

/* a vector of roots, centred */
INLINE D
roots(const Context *c, const uint64_t *w)
{
	D			x = load(w);

	return x - where_above(x, c->half, c->p.q);
}

INLINE void
butterfly(const Context *c, D *x, D *y, Factor f)
{
	D			t = mul_factor(&c->p, *y, f),
				u = *x;

	*x = u + t;
	*y = u - t;
}

INLINE void
inverse_butterfly(const Context *c, D *x, D *y, Factor f)
{
	D			d = *y - *x;

	*x = *x + *y;
	*y = mul_factor(&c->p, d, f);
}

/*
 * The roots of r stages below node k, copied out of the table before a loop writes: f[1], f[2..3], f[4..7].  Those of
 * the inverse are mirrored.
 */
INLINE void
get_roots(const Context *c, Factor f[8], size_t k, int r, int inverse)
{
	f[1] = root(c, k);
	for (int i = 0; r > 1 && i < 2; i++)
		f[2 + i] = root(c, 2 * k + (size_t) (inverse ? 1 - i : i));
	for (int i = 0; r > 2 && i < 4; i++)
		f[4 + i] = root(c, 4 * k + (size_t) (inverse ? 3 - i : i));
}

/* the stage of m blocks on `count` vectors */
INLINE void
stage(const Context *c, D d[8], const Factor f[8], int count, int m, int inverse)
{
	const int	half = count / (2 * m);

#pragma GCC unroll 4
	for (int i = 0; i < count / 2; i++)
	{
		D		   *x = &d[i / half * 2 * half + i % half];

		if (inverse)
			inverse_butterfly(c, x, x + half, f[m + i / half]);
		else
			butterfly(c, x, x + half, f[m + i / half]);
	}
}

/* r stages on 1 << r vectors; `first`: all are below q */
INLINE void
stages(const Context *c, D d[8], const Factor f[8], int r, int lazy, int first)
{
	for (int i = 0; !lazy && !first && i < 1 << r >> 1; i++)
		d[i] = reduce_near(&c->p, d[i]);
	stage(c, d, f, 1 << r, 1, 0);
	if (r > 1)
		stage(c, d, f, 1 << r, 2, 0);
	if (r > 2)
		stage(c, d, f, 1 << r, 4, 0);
}

/* all but the last stage, and the reductions before that */
INLINE void
inverse_begin(const Context *c, D d[8], const Factor f[8], int r, int lazy)
{
	if (r > 2)
		stage(c, d, f, 1 << r, 4, 1);
	if (r > 1)
		stage(c, d, f, 1 << r, 2, 1);
	for (int i = 0; !lazy && r > 1 && i < 1 << r; i++)
		if ((i & 1 << r >> 2) == 0)
			d[i] = reduce_near(&c->p, d[i]);
}

INLINE void
inverse_stages(const Context *c, D d[8], const Factor f[8], int r, int lazy)
{
	inverse_begin(c, d, f, r, lazy);
	stage(c, d, f, 1 << r, 1, 1);
	for (int i = 0; i < 1 << r >> 1; i++)
		if (lazy ? i == 0 : r == 1 || (i & 1 << r >> 2) != 0)
			d[i] = reduce_near(&c->p, d[i]);
}

/* one pass over n points, 1 << r of them at a time, below node k; `first` takes words */
INLINE void
pass(const Context *shared, uint64_t *a, size_t n, size_t k, int r, int lazy, int first)
{
	const Context c = *shared;
	const size_t stride = n >> r;
	Factor		f[8];
	D			d[8];

	get_roots(&c, f, k, r, 0);
	for (size_t j = 0; j < stride; j += LANES)
	{
		for (int i = 0; i < 1 << r; i++)
			d[i] = first ? load(a + j + (size_t) i * stride) : load_doubles(a + j + (size_t) i * stride);
		stages(&c, d, f, r, lazy, first);
		for (int i = 0; i < 1 << r; i++)
			store_doubles(a + j + (size_t) i * stride, d[i]);
	}
}

/* the first PPDL_NTT_FIRST stages on columns from .. from+count-1, which are the rows of in */
INLINE void
first_pass(const Context *shared, uint64_t *out, const uint64_t *in, size_t stride, size_t from, size_t count, int lazy)
{
	const Context c = *shared;
	Factor		f[PPDL_NTT_PARTS];
	D			d[PPDL_NTT_PARTS];

	get_roots(&c, f, 1, PPDL_NTT_FIRST, 0);
	for (size_t j = 0; j < count; j += LANES)
	{
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			d[i] = load(in + j + (size_t) i * count);
		stages(&c, d, f, PPDL_NTT_FIRST, lazy, 1);
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			store_doubles(out + from + j + (size_t) i * stride, d[i]);
	}
}

/* the last stages, of which the last one multiplies sums and differences */
INLINE void
inverse_end(const Context *c, D d[8], const Factor f[8], Factor sum, Factor diff, int r, int lazy)
{
	inverse_begin(c, d, f, r, lazy);
	for (int i = 0; i < 1 << r >> 1; i++)
	{
		const D		x = d[i],
					y = d[i + (1 << r >> 1)];

		d[i] = mul_factor(&c->p, x + y, sum);
		d[i + (1 << r >> 1)] = mul_factor(&c->p, y - x, diff);
	}
}

/* `last` divides by N and leaves reduced words */
INLINE void
inverse_pass(const Context *shared, uint64_t *a, size_t n, size_t k, int r, int lazy, int last)
{
	const Context c = *shared;
	const size_t stride = n >> r;
	const Factor ninv = centred(&c, c.m->ntt->ninv),
				wlast = centred(&c, c.m->ntt->wlast);
	Factor		f[8];
	D			d[8];

	get_roots(&c, f, k, r, 1);
	for (size_t j = 0; j < stride; j += LANES)
	{
		for (int i = 0; i < 1 << r; i++)
			d[i] = load_doubles(a + j + (size_t) i * stride);
		if (last)
		{
			inverse_end(&c, d, f, ninv, wlast, r, lazy);
			for (int i = 0; i < 1 << r; i++)
				store_residues(&c.p, a + j + (size_t) i * stride, d[i]);
		}
		else
		{
			inverse_stages(&c, d, f, r, lazy);
			for (int i = 0; i < 1 << r; i++)
				store_doubles(a + j + (size_t) i * stride, d[i]);
		}
	}
}

/* the twin of first_pass, and what base conversion begins with */
INLINE void
last_pass(const Context *shared, const PpdlLoad *l, const uint64_t *in, size_t count, int lazy)
{
	const Context c = *shared;
	const size_t stride = c.m->ntt->n / PPDL_NTT_PARTS;
	const Factor sum = centred(&c, l->sum),
				diff = centred(&c, l->diff);
	const D		scale = splat((double) l->c),
				splitter = fraction_splitter(c.m);
	Factor		f[PPDL_NTT_PARTS];
	D			d[PPDL_NTT_PARTS];

	get_roots(&c, f, 1, PPDL_NTT_FIRST, 1);
	for (size_t j = 0; j < count; j += LANES)
	{
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			d[i] = load_doubles(in + j + (size_t) i * stride);
		inverse_end(&c, d, f, sum, diff, PPDL_NTT_FIRST, lazy);
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
		{
			const D		r = positive(&c.p, d[i]);
			uint64_t   *frac = l->frac + j + (size_t) i * count;

			store_doubles(l->y + j + (size_t) i * l->apart, r);
			store_words(frac, add_fraction(load_words(frac), r, scale, splitter));
		}
	}
}

/* the same with vectors of roots below q/2 (b <= 4), or below q (b <= 2, leaving 1/2 + 3b/8) */
INLINE void
lane_butterfly(const Context *c, D *x, D *y, D w)
{
	D			t = mul_near(&c->p, *y, w),
				u = *x;

	*x = u + t;
	*y = u - t;
}

INLINE void
inverse_lane_butterfly(const Context *c, D *x, D *y, D w)
{
	D			d = *y - *x;

	*x = *x + *y;
	*y = mul_near(&c->p, d, w);
}

#if LANES == 4

/* partners at distance 2, then 1, face each other; each undoes itself */
INLINE void
regroup2(D *x, D *y)
{
	D			lo = _mm256_permute2f128_pd(*x, *y, 0x20),
				hi = _mm256_permute2f128_pd(*x, *y, 0x31);

	*x = lo;
	*y = hi;
}

INLINE void
regroup1(D *x, D *y)
{
	D			lo = _mm256_unpacklo_pd(*x, *y),
				hi = _mm256_unpackhi_pd(*x, *y);

	*x = lo;
	*y = hi;
}

/*
 * The stages inside vectors of the four pairs of a tail below node k.  After both regroupings lanes are 0, 2, 4, 6 and
 * 1, 3, 5, 7 of a pair.
 */
INLINE void
lane_stages(const Context *c, D d[8], size_t k, int lazy)
{
	D			w2[2] = {roots(c, c->w + 8 * k), roots(c, c->w + 8 * k + 4)};

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		D		   *x = &d[2 * i],
				   *y = &d[2 * i + 1];

		regroup2(x, y);
		if (!lazy)
			*x = reduce_near(&c->p, *x);
		lane_butterfly(c, x, y, i % 2 ? _mm256_permute4x64_pd(w2[i / 2], 0xfa) :
					   _mm256_permute4x64_pd(w2[i / 2], 0x50));
		regroup1(x, y);
		lane_butterfly(c, x, y, load(c->w + 16 * k + 4 * (size_t) i));	/* at most 1.66 */
	}
}

INLINE void
lanes_apart(D *x, D *y)
{
	regroup1(x, y);
	regroup2(x, y);
}

INLINE void
inverse_lane_stages(const Context *c, D d[8], size_t k, int lazy)
{
	D			w2[2] = {roots(c, c->w + 8 * k + 4), roots(c, c->w + 8 * k)};

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		D		   *x = &d[2 * i],
				   *y = &d[2 * i + 1];

		regroup2(x, y);
		regroup1(x, y);
		inverse_lane_butterfly(c, x, y, _mm256_permute4x64_pd(load(c->w + 16 * k + 12 - 4 * (size_t) i), 0x1b));
		regroup1(x, y);
		inverse_lane_butterfly(c, x, y, i % 2 ? _mm256_permute4x64_pd(w2[i / 2], 0x05) :
							   _mm256_permute4x64_pd(w2[i / 2], 0xaf));
		if (!lazy)
			*x = reduce_near(&c->p, *x);
		regroup2(x, y);
	}
}

#else

INLINE void
lanes_apart(D *x, D *y)
{
	D			lo = vtrn1q_f64(*x, *y),
				hi = vtrn2q_f64(*x, *y);

	*x = lo;
	*y = hi;
}

INLINE void
lane_stages(const Context *c, D d[8], size_t k, int lazy)
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		lanes_apart(&d[2 * i], &d[2 * i + 1]);
		lane_butterfly(c, &d[2 * i], &d[2 * i + 1], roots(c, c->w + 8 * k + 2 * (size_t) i));
	}
}

INLINE void
inverse_lane_stages(const Context *c, D d[8], size_t k, int lazy)
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		const D		w = load(c->w + 8 * k + 6 - 2 * (size_t) i);

		lanes_apart(&d[2 * i], &d[2 * i + 1]);
		inverse_lane_butterfly(c, &d[2 * i], &d[2 * i + 1], vextq_f64(w, w, 1));
		if (!lazy)
			d[2 * i] = reduce_near(&c->p, d[2 * i]);
		lanes_apart(&d[2 * i], &d[2 * i + 1]);
	}
}

#endif

/* the last stages, of eight vectors below node k; reduced words at the end */
INLINE void
tail(const Context *shared, uint64_t *a, size_t k, int lazy)
{
	const Context c = *shared;
	Factor		f[8];
	D			d[8];

	get_roots(&c, f, k, 3, 0);
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		d[i] = load_doubles(a + LANES * i);
	stages(&c, d, f, 3, lazy, 0);
	lane_stages(&c, d, k, lazy);
#pragma GCC unroll 4
	for (int i = 0; i < 8; i += 2)
	{
		D			x = reduce_near(&c.p, d[i]),
					y = reduce_near(&c.p, d[i + 1]);

		lanes_apart(&x, &y);
		store_residues(&c.p, a + LANES * i, x);
		store_residues(&c.p, a + LANES * (i + 1), y);
	}
}

INLINE void
inverse_tail(const Context *shared, uint64_t *a, const uint64_t *in, size_t k, int lazy)
{
	const Context c = *shared;
	Factor		f[8];
	D			d[8];

	get_roots(&c, f, k, 3, 1);
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		d[i] = load(in + LANES * i);
	inverse_lane_stages(&c, d, k, lazy);
	inverse_stages(&c, d, f, 3, lazy);
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		store_doubles(a + LANES * i, d[i]);
}

/* stages of the pass over a block of 2^logb points, so that a tail is left in the end */
INLINE int
pass_stages(int logb)
{
	const int	left = logb - TAIL_BITS;

	return left == 4 ? 2 : left < 3 ? left : 3;
}

/* only an inverse tail reads in */
INLINE void
step(const Context *c, uint64_t *a, const uint64_t *in, int logb, size_t k, int lazy, int inverse, int outer)
{
	const size_t n = (size_t) 1 << logb;
	const int	r = pass_stages(logb);

	if (r == 0 && inverse)
		inverse_tail(c, a, in, k, lazy);
	else if (r == 0)
		tail(c, a, k, lazy);
	else if (r == 3 && inverse)
		inverse_pass(c, a, n, k, 3, lazy, outer);
	else if (r == 3)
		pass(c, a, n, k, 3, lazy, outer);
	else if (r == 2 && inverse)
		inverse_pass(c, a, n, k, 2, lazy, outer);
	else if (r == 2)
		pass(c, a, n, k, 2, lazy, outer);
	else if (inverse)
		inverse_pass(c, a, n, k, 1, lazy, outer);
	else
		pass(c, a, n, k, 1, lazy, outer);
}

static void
forward(const Context *c, uint64_t *a, int logb, size_t k, PpdlAhead *ahead)
{
	const int	r = pass_stages(logb);
	const size_t part = (size_t) 1 << (logb - r);

	if (k == 1 && c->lazy)
		step(c, a, NULL, logb, k, 1, 0, 1);
	else if (k == 1)
		step(c, a, NULL, logb, k, 0, 0, 1);
	else if (c->lazy)
		step(c, a, NULL, logb, k, 1, 0, 0);
	else
		step(c, a, NULL, logb, k, 0, 0, 0);
	if (r == 0 && (k << logb) % PPDL_AHEAD_STEP == 0)
		ppdl_ahead_piece(ahead);
	for (size_t i = 0; r > 0 && i < (size_t) 1 << r; i++)
		forward(c, a + i * part, logb - r, (k << r) + i, ahead);
}

/* only the first stages read in, which may be a */
static void
inverse(const Context *c, uint64_t *a, const uint64_t *in, int logb, size_t k)
{
	const int	r = pass_stages(logb);
	const size_t part = (size_t) 1 << (logb - r);

	for (size_t i = 0; r > 0 && i < (size_t) 1 << r; i++)
		inverse(c, a + i * part, in + i * part, logb - r, (k << r) + ((size_t) 1 << r) - 1 - i);
	if (k == 1 && c->lazy)
		step(c, a, in, logb, k, 1, 1, 1);
	else if (k == 1)
		step(c, a, in, logb, k, 0, 1, 1);
	else if (c->lazy)
		step(c, a, in, logb, k, 1, 1, 0);
	else
		step(c, a, in, logb, k, 0, 1, 0);
}

static Context
context(const PpdlModulus *m)
{
	Context		c = {
		prime(m), splat((double) m->q * 0.5), m, m->ntt->w, 1.0 / (double) m->q, m->bits <= LAZY_BITS
	};

	return c;
}

INLINE void
fma_ntt(const PpdlModulus *m, uint64_t *a)
{
	const Context c = context(m);

	if (m->ntt->logn <= TAIL_BITS)
		ppdl_scalar_ntt(m, a);
	else
		forward(&c, a, m->ntt->logn, 1, NULL);
}

INLINE void
fma_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count)
{
	const Context c = context(m);
	const size_t stride = m->ntt->n / PPDL_NTT_PARTS;

	if (c.lazy)
		first_pass(&c, out, in, stride, from, count, 1);
	else
		first_pass(&c, out, in, stride, from, count, 0);
}

INLINE void
fma_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead)
{
	const Context c = context(m);
	const size_t n = m->ntt->n / PPDL_NTT_PARTS;

	forward(&c, a + (size_t) part * n, m->ntt->logn - PPDL_NTT_FIRST, PPDL_NTT_PARTS + (size_t) part, ahead);
}

INLINE void
fma_intt(const PpdlModulus *m, uint64_t *a)
{
	const Context c = context(m);

	if (m->ntt->logn <= TAIL_BITS)
		ppdl_scalar_intt(m, a);
	else
		inverse(&c, a, a, m->ntt->logn, 1);
}

INLINE void
fma_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part)
{
	const Context c = context(m);
	const size_t n = m->ntt->n / PPDL_NTT_PARTS,
				at = (size_t) part * n;

	inverse(&c, out + at, in + at, m->ntt->logn - PPDL_NTT_FIRST, (size_t) (2 * PPDL_NTT_PARTS - 1 - part));
}

INLINE void
fma_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from, size_t count)
{
	const Context c = context(m);

	if (c.lazy)
		last_pass(&c, l, in + from, count, 1);
	else
		last_pass(&c, l, in + from, count, 0);
}

#endif
