/*
 * The NTT with AVX-512 IFMA.  A transform of a block is one pass of radix 2, 4
 * or 8 over the block and then the transforms of its parts, so that passes over
 * large blocks are few and small blocks stay in the first-level cache.  The last
 * six stages, 64 points, run inside registers.
 *
 * Nodes: block i of the stage with m blocks has the number k = m + i; its root is
 * w[k], its halves are nodes 2k and 2k + 1.  The inverse takes minus the root of
 * the mirrored node K = 3m - 1 - k, whose halves, mirrored, are 2K + 1 and 2K.
 *
 * Multiplications read the low 52 bits of their operands, so what is above them
 * in a vector may be anything; "value" below means the low 52 bits, and every
 * bound keeps it from overflowing them.
 *
 * Forward, values stay below 2^51 + 2q: subtracting 2q when bit 51 is set gives
 * less than 2^51, and a butterfly adds less than 2q.  Primes below 2^45 need no
 * subtraction at all ("lazy"): each pass of r stages first adds 2q*r to the first
 * half of its inputs, so that no difference is negative, and no value grows by
 * more than 4q a stage, to 69q in the end.
 *
 * Inverse, values stay below 2q; lazy: below 8q between passes, for within a pass
 * sums grow to at most 64q and only the first of the 2, 4 or 8 can exceed 8q.
 */
#include "ring/kernels.h"

#if defined(__x86_64__)

#include "ring/ifma.h"

#define INLINE static inline __attribute__((always_inline))

#define LAZY_BITS 45

typedef struct Context
{
	Prime		p;
	V			bias,			/* inverse: a multiple of q above what is subtracted, 2q or 32q */
				bit51,
				one,			/* floor(2^52 / q) */
				unit;			/* 1 */
	int			lazy;
	const uint64_t *wq;
	Shoup		ninv,
				wlast;
} Context;

/*
 * w*2^52 = wq*q + r with 0 < r < q, so that w is one more than the high half of wq*q: one instruction instead of a
 * table as large as that of the quotients, which with another prime comes from memory
 */
INLINE Shoup
from_quotients(const Context *c, V wq)
{
	Shoup		s = {_mm512_madd52hi_epu64(c->unit, wq, c->p.q), wq};

	return s;
}

INLINE Shoup
root(const Context *c, size_t k)
{
	return from_quotients(c, _mm512_srli_epi64(set1(c->wq[k]), 12));
}

INLINE V
quotient(V x, V wq)
{
	return _mm512_madd52hi_epu64(_mm512_setzero_si512(), x, wq);
}

/* any value -> the same residue in [0, 2q) */
INLINE V
reduce_lazy(const Context *c, V x)
{
	return _mm512_madd52lo_epu64(x, quotient(x, c->one), c->p.negq);
}

/* (x, y) -> (x + w*y, x - w*y), the product in [0, 2q) (Harvey 2014, algorithm 4) */
INLINE void
butterfly(const Context *c, V *x, V *y, Shoup s, int lazy)
{
	V			u = lazy ? *x : _mm512_mask_sub_epi64(*x, _mm512_test_epi64_mask(*x, c->bit51), *x, c->p.q2),
				twice = _mm512_add_epi64(u, u);

	u = _mm512_madd52lo_epu64(u, *y, s.w);
	*x = _mm512_madd52lo_epu64(u, quotient(*y, s.wq), c->p.negq);
	*y = _mm512_sub_epi64(lazy ? twice : _mm512_add_epi64(twice, c->p.q2), *x);
}

/* what a lazy pass of r stages adds to the first half of its inputs */
INLINE V
lift(const Context *c, V x, int r, int lazy)
{
	for (int i = 0; lazy && i < r; i++)
		x = _mm512_add_epi64(x, c->p.q2);
	return x;
}

/* (x, y) -> (x + y, (y - x) * w), w minus the inverse root (algorithm 3) */
INLINE void
inverse_butterfly(const Context *c, V *x, V *y, Shoup s, int lazy)
{
	V			d = _mm512_sub_epi64(_mm512_add_epi64(*y, c->bias), *x),
				sum = _mm512_add_epi64(*x, *y),
				l = _mm512_madd52lo_epu64(_mm512_setzero_si512(), d, s.w);

	l = _mm512_madd52lo_epu64(l, quotient(d, s.wq), c->p.negq);
	*x = lazy ? sum : reduce_once(sum, c->p.q2);
	*y = lazy ? l : _mm512_and_si512(l, c->p.mask);
}

/*
 * The roots of r stages below node k, copied out of the table before a loop
 * writes: s[1], s[2..3], s[4..7].  Those of the inverse are mirrored.
 */
INLINE void
get_roots(const Context *c, Shoup s[8], size_t k, int r, int inverse)
{
	s[1] = root(c, k);
	for (int i = 0; r > 1 && i < 2; i++)
		s[2 + i] = root(c, 2 * k + (size_t) (inverse ? 1 - i : i));
	for (int i = 0; r > 2 && i < 4; i++)
		s[4 + i] = root(c, 4 * k + (size_t) (inverse ? 3 - i : i));
}

/* the stage of m blocks on `count` vectors */
INLINE void
stage(const Context *c, V d[8], const Shoup s[8], int count, int m, int lazy, int inverse)
{
	const int	half = count / (2 * m);

#pragma GCC unroll 4
	for (int i = 0; i < count / 2; i++)
	{
		V		   *x = &d[i / half * 2 * half + i % half];

		if (inverse)
			inverse_butterfly(c, x, x + half, s[m + i / half], lazy);
		else
			butterfly(c, x, x + half, s[m + i / half], lazy);
	}
}

/* r stages on 1 << r vectors */
INLINE void
stages(const Context *c, V d[8], const Shoup s[8], int r, int lazy)
{
	for (int i = 0; i < 1 << r >> 1; i++)
		d[i] = lift(c, d[i], r, lazy);
	stage(c, d, s, 1 << r, 1, lazy, 0);
	if (r > 1)
		stage(c, d, s, 1 << r, 2, lazy, 0);
	if (r > 2)
		stage(c, d, s, 1 << r, 4, lazy, 0);
}

INLINE void
inverse_stages(const Context *c, V d[8], const Shoup s[8], int r, int lazy)
{
	if (r > 2)
		stage(c, d, s, 1 << r, 4, lazy, 1);
	if (r > 1)
		stage(c, d, s, 1 << r, 2, lazy, 1);
	stage(c, d, s, 1 << r, 1, lazy, 1);
	if (lazy)
		d[0] = reduce_lazy(c, d[0]);
}

/* one pass over n points, 1 << r of them at a time, below node k */
INLINE void
pass(const Context *shared, uint64_t *a, size_t n, size_t k, int r, int lazy, int inverse)
{
	const Context c = *shared;
	const size_t stride = n >> r;
	Shoup		s[8];
	V			d[8];

	get_roots(&c, s, k, r, inverse);
	for (size_t j = 0; j < stride; j += 8)
	{
		for (int i = 0; i < 1 << r; i++)
			d[i] = load(a + j + (size_t) i * stride);
		if (inverse)
			inverse_stages(&c, d, s, r, lazy);
		else
			stages(&c, d, s, r, lazy);
		for (int i = 0; i < 1 << r; i++)
			store(a + j + (size_t) i * stride, d[i]);
	}
}

/*
 * The first PPDL_NTT_FIRST stages on columns from .. from+count-1, which are the rows of in.  Not in place: the columns
 * lie at distances that all fall on the same lines of a cache.
 */
INLINE void
first_pass(const Context *shared, uint64_t *out, const uint64_t *in, size_t stride, size_t from, size_t count, int lazy)
{
	const Context c = *shared;
	Shoup		s[PPDL_NTT_PARTS];
	V			d[PPDL_NTT_PARTS];

	get_roots(&c, s, 1, PPDL_NTT_FIRST, 0);
	for (size_t j = 0; j < count; j += 8)
	{
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			d[i] = load(in + j + (size_t) i * count);
		stages(&c, d, s, PPDL_NTT_FIRST, lazy);
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			store(out + from + j + (size_t) i * stride, d[i]);
	}
}

/* pairs of vectors (x, y) regrouped so that partners at distance 4, 2, 1 face each other, and back */
static const uint64_t perm4[2][8] = {{0, 1, 2, 3, 8, 9, 10, 11}, {4, 5, 6, 7, 12, 13, 14, 15}};
static const uint64_t perm2[2][8] = {{0, 1, 8, 9, 4, 5, 12, 13}, {2, 3, 10, 11, 6, 7, 14, 15}};
static const uint64_t perm1[2][8] = {{0, 8, 2, 10, 4, 12, 6, 14}, {1, 9, 3, 11, 5, 13, 7, 15}};
static const uint64_t unperm[2][8] = {{0, 8, 1, 9, 2, 10, 3, 11}, {4, 12, 5, 13, 6, 14, 7, 15}};
static const uint64_t reperm[2][8] = {{0, 2, 4, 6, 8, 10, 12, 14}, {1, 3, 5, 7, 9, 11, 13, 15}};

INLINE void
regroup(V *x, V *y, const uint64_t perm[2][8])
{
	V			lo = _mm512_permutex2var_epi64(*x, load(perm[0]), *y),
				hi = _mm512_permutex2var_epi64(*x, load(perm[1]), *y);

	*x = lo;
	*y = hi;
}

INLINE Shoup
spread(const Context *c, size_t at, const uint64_t *perm)
{
	const V		wq = _mm512_srli_epi64(load(c->wq + at), 12);

	return from_quotients(c, _mm512_permutexvar_epi64(load(perm), wq));
}

INLINE Shoup
roots8(const Context *c, size_t at)
{
	return from_quotients(c, _mm512_srli_epi64(load(c->wq + at), 12));
}

static const uint64_t spread4[4][8] = {
	{0, 0, 0, 0, 1, 1, 1, 1}, {2, 2, 2, 2, 3, 3, 3, 3},
	{4, 4, 4, 4, 5, 5, 5, 5}, {6, 6, 6, 6, 7, 7, 7, 7}
};
static const uint64_t spread2[2][8] = {{0, 0, 1, 1, 2, 2, 3, 3}, {4, 4, 5, 5, 6, 6, 7, 7}};

INLINE V
last_reduction(const Context *c, V x)
{
	return reduce_once(_mm512_and_si512(reduce_lazy(c, x), c->p.mask), c->p.q);
}

/* the last six stages: 64 points below node k, reduced at the end */
INLINE void
last64(const Context *shared, uint64_t *a, size_t k, int lazy)
{
	const Context c = *shared;
	Shoup		s[8];
	V			d[8];

	get_roots(&c, s, k, 3, 0);
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		d[i] = load(a + 8 * i);
	stages(&c, d, s, 3, lazy);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		regroup(&d[2 * i], &d[2 * i + 1], perm4);
		d[2 * i] = lift(&c, d[2 * i], 3, lazy);
		butterfly(&c, &d[2 * i], &d[2 * i + 1], spread(&c, 8 * k, spread4[i]), lazy);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		regroup(&d[2 * i], &d[2 * i + 1], perm2);
		butterfly(&c, &d[2 * i], &d[2 * i + 1], spread(&c, 16 * k + 8 * (size_t) (i / 2), spread2[i % 2]), lazy);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		regroup(&d[2 * i], &d[2 * i + 1], perm1);
		butterfly(&c, &d[2 * i], &d[2 * i + 1], roots8(&c, 32 * k + 8 * (size_t) i), lazy);
		regroup(&d[2 * i], &d[2 * i + 1], unperm);
	}
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		store(a + 8 * i, last_reduction(&c, d[i]));
}

/* mirrored: index 7 - lane */
static const uint64_t mirror4[4][8] = {
	{7, 7, 7, 7, 6, 6, 6, 6}, {5, 5, 5, 5, 4, 4, 4, 4},
	{3, 3, 3, 3, 2, 2, 2, 2}, {1, 1, 1, 1, 0, 0, 0, 0}
};
static const uint64_t mirror2[2][8] = {{7, 7, 6, 6, 5, 5, 4, 4}, {3, 3, 2, 2, 1, 1, 0, 0}};
static const uint64_t mirror1[8] = {7, 6, 5, 4, 3, 2, 1, 0};

INLINE void
first64(const Context *shared, uint64_t *a, const uint64_t *in, size_t k, int lazy)
{
	const Context c = *shared;
	Shoup		s[8];
	V			d[8];

	get_roots(&c, s, k, 3, 1);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		d[2 * i] = load(in + 16 * i);
		d[2 * i + 1] = load(in + 16 * i + 8);
		regroup(&d[2 * i], &d[2 * i + 1], reperm);
		inverse_butterfly(&c, &d[2 * i], &d[2 * i + 1], spread(&c, 32 * k + 24 - 8 * (size_t) i, mirror1), lazy);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		regroup(&d[2 * i], &d[2 * i + 1], perm1);
		inverse_butterfly(&c, &d[2 * i], &d[2 * i + 1], spread(&c, 16 * k + 8 - 8 * (size_t) (i / 2), mirror2[i % 2]),
						  lazy);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
	{
		regroup(&d[2 * i], &d[2 * i + 1], perm2);
		inverse_butterfly(&c, &d[2 * i], &d[2 * i + 1], spread(&c, 8 * k, mirror4[i]), lazy);
		regroup(&d[2 * i], &d[2 * i + 1], perm4);
	}
	inverse_stages(&c, d, s, 3, lazy);
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		store(a + 8 * i, d[i]);
}

/* stages of the pass over a block of 2^logb points, so that 64 are left in the end: most where memory is slowest */
INLINE int
pass_stages(int logb)
{
	const int	left = logb - 6;

	return left == 4 ? 2 : left < 3 ? left : 3;
}

INLINE void
forward_step(const Context *c, uint64_t *a, int logb, size_t k, int lazy)
{
	const size_t n = (size_t) 1 << logb;

	if (logb == 6)
		last64(c, a, k, lazy);
	else if (pass_stages(logb) == 3)
		pass(c, a, n, k, 3, lazy, 0);
	else if (pass_stages(logb) == 2)
		pass(c, a, n, k, 2, lazy, 0);
	else
		pass(c, a, n, k, 1, lazy, 0);
}

INLINE void
inverse_step(const Context *c, uint64_t *a, const uint64_t *in, int logb, size_t k, int lazy)
{
	const size_t n = (size_t) 1 << logb;

	if (logb == 6)
		first64(c, a, in, k, lazy);
	else if (pass_stages(logb) == 3)
		pass(c, a, n, k, 3, lazy, 1);
	else if (pass_stages(logb) == 2)
		pass(c, a, n, k, 2, lazy, 1);
	else
		pass(c, a, n, k, 1, lazy, 1);
}

static void
forward(const Context *c, uint64_t *a, int logb, size_t k, PpdlAhead *ahead)
{
	if (c->lazy)
		forward_step(c, a, logb, k, 1);
	else
		forward_step(c, a, logb, k, 0);
	if (logb == 6)
		ppdl_ahead_piece(ahead);
	else
	{
		const int	r = pass_stages(logb);
		const size_t part = (size_t) 1 << (logb - r);

		for (size_t i = 0; i < (size_t) 1 << r; i++)
			forward(c, a + i * part, logb - r, (k << r) + i, ahead);
	}
}

/* only the first stages read in, which may be a */
static void
inverse(const Context *c, uint64_t *a, const uint64_t *in, int logb, size_t k)
{
	if (logb > 6)
	{
		const int	r = pass_stages(logb);
		const size_t part = (size_t) 1 << (logb - r);

		for (size_t i = 0; i < (size_t) 1 << r; i++)
			inverse(c, a + i * part, in + i * part, logb - r, (k << r) + ((size_t) 1 << r) - 1 - i);
	}
	if (c->lazy)
		inverse_step(c, a, in, logb, k, 1);
	else
		inverse_step(c, a, in, logb, k, 0);
}

static Context
context(const PpdlModulus *m)
{
	const PpdlNttTables *t = m->ntt;
	const int	lazy = m->bits <= LAZY_BITS;
	Context		c = {
		.p = prime(m),
		.bias = set1((lazy ? 32 : 2) * m->q),
		.bit51 = set1(UINT64_C(1) << 51),
		.one = set1(m->one52),
		.unit = set1(1),
		.lazy = lazy,
		.wq = t->wq,
		.ninv = shoup1(t->ninv, t->ninvq),
		.wlast = shoup1(t->wlast, t->wlastq)
	};

	return c;
}

void
ppdl_ifma_ntt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;

	if (logn < 7)
		ppdl_scalar_ntt(m, a);
	else
	{
		const Context c = context(m);

		forward(&c, a, logn, 1, NULL);
	}
}

void
ppdl_ifma_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count)
{
	const Context c = context(m);
	const size_t stride = m->ntt->n / PPDL_NTT_PARTS;

	if (c.lazy)
		first_pass(&c, out, in, stride, from, count, 1);
	else
		first_pass(&c, out, in, stride, from, count, 0);
}

void
ppdl_ifma_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead)
{
	const Context c = context(m);
	const size_t n = m->ntt->n / PPDL_NTT_PARTS;

	forward(&c, a + (size_t) part * n, m->ntt->logn - PPDL_NTT_FIRST, PPDL_NTT_PARTS + (size_t) part, ahead);
}

/* the stage of the root multiplies sums and differences, and reduces */
INLINE void
last_inverse_butterfly(const Context *c, V *x, V *y, Shoup sum, Shoup diff)
{
	const V		d = _mm512_sub_epi64(_mm512_add_epi64(*y, c->bias), *x);

	*x = reduce_once(mul_lazy(&c->p, _mm512_add_epi64(*x, *y), sum), c->p.q);
	*y = reduce_once(mul_lazy(&c->p, d, diff), c->p.q);
}

/* divides by N */
static void
last_inverse(const Context *c, uint64_t *a, size_t half)
{
	for (size_t j = 0; j < half; j += 8)
	{
		V			x = load(a + j),
					y = load(a + half + j);

		last_inverse_butterfly(c, &x, &y, c->ninv, c->wlast);
		store(a + j, x);
		store(a + half + j, y);
	}
}

/* the twin of first_pass, and what base conversion begins with */
INLINE void
last_pass(const Context *shared, const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t count, int lazy)
{
	const Context c = *shared;
	const size_t stride = m->ntt->n / PPDL_NTT_PARTS;
	const Shoup sum = shoup1(l->sum, l->sumq),
				diff = shoup1(l->diff, l->diffq);
	const V		scale = set1(l->c),
				shift = set1((uint64_t) (52 - m->bits));
	Shoup		s[PPDL_NTT_PARTS];
	V			d[PPDL_NTT_PARTS];

	get_roots(&c, s, 1, PPDL_NTT_FIRST, 1);
	for (size_t j = 0; j < count; j += 8)
	{
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
			d[i] = load(in + j + (size_t) i * stride);
		stage(&c, d, s, PPDL_NTT_PARTS, 4, lazy, 1);
		stage(&c, d, s, PPDL_NTT_PARTS, 2, lazy, 1);
#pragma GCC unroll 4
		for (int i = 0; i < PPDL_NTT_PARTS / 2; i++)
			last_inverse_butterfly(&c, &d[i], &d[i + PPDL_NTT_PARTS / 2], sum, diff);
		for (int i = 0; i < PPDL_NTT_PARTS; i++)
		{
			uint64_t   *frac = l->frac + j + (size_t) i * count;

			store(l->y + j + (size_t) i * l->apart, d[i]);
			store(frac, add_fraction(load(frac), d[i], scale, shift));
		}
	}
}

void
ppdl_ifma_intt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;
	const size_t half = m->ntt->n / 2;

	if (logn < 7)
		ppdl_scalar_intt(m, a);
	else
	{
		const Context c = context(m);

		inverse(&c, a, a, logn - 1, 3);
		inverse(&c, a + half, a + half, logn - 1, 2);
		last_inverse(&c, a, half);
	}
}

void
ppdl_ifma_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part)
{
	const Context c = context(m);
	const size_t n = m->ntt->n / PPDL_NTT_PARTS,
				at = (size_t) part * n;

	inverse(&c, out + at, in + at, m->ntt->logn - PPDL_NTT_FIRST, (size_t) (2 * PPDL_NTT_PARTS - 1 - part));
}

void
ppdl_ifma_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from, size_t count)
{
	const Context c = context(m);

	if (c.lazy)
		last_pass(&c, m, l, in + from, count, 1);
	else
		last_pass(&c, m, l, in + from, count, 0);
}

#endif
