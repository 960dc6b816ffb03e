/*
 * The NTT with AVX-512 IFMA.  A transform of a block is one pass of radix 2, 4
 * or 8 over the block and then the transforms of its parts, so that passes over
 * large blocks are few and small blocks stay in the first-level cache.  The last
 * six stages, 64 points, run inside registers.
 *
 * Nodes: block i of the stage with m blocks has the number k = m + i; its root is
 * w[k], its halves are nodes 2k and 2k + 1.  The inverse takes minus the root of
 * the mirrored node K = 3m - 1 - k, whose halves, mirrored, are 2K + 1 and 2K.
 */
#include "ring/kernels.h"

#if defined(__x86_64__)

#include "ring/ifma.h"

#define INLINE static inline __attribute__((always_inline))

typedef struct Context
{
	Prime		p;
	const uint64_t *w,
			   *wq;
	Shoup		ninv,
				wlast;
} Context;

INLINE Shoup
root(const Context *c, size_t k)
{
	return shoup1(c->w[k], c->wq[k]);
}

/* [0, 4q) -> [0, 4q) (Harvey 2014, algorithm 4) */
INLINE void
butterfly(const Context *c, V *x, V *y, Shoup s)
{
	V			u = fold(*x, c->p.q2),
				t = mul_lazy(&c->p, *y, s);

	*x = _mm512_add_epi64(u, t);
	*y = _mm512_sub_epi64(_mm512_add_epi64(u, c->p.q2), t);
}

/* [0, 2q) -> [0, 2q) (algorithm 3), s minus the inverse root */
INLINE void
inverse_butterfly(const Context *c, V *x, V *y, Shoup s)
{
	V			d = _mm512_sub_epi64(_mm512_add_epi64(*y, c->p.q2), *x);

	*x = fold(_mm512_add_epi64(*x, *y), c->p.q2);
	*y = mul_lazy(&c->p, d, s);
}

/* the three stages below node k on eight vectors; d[4] .. d[7] is the second half */
INLINE void
radix8(const Context *c, V d[8], size_t k)
{
	const Shoup a = root(c, k);
	const Shoup b[2] = {root(c, 2 * k), root(c, 2 * k + 1)};

	for (int i = 0; i < 4; i++)
		butterfly(c, &d[i], &d[i + 4], a);
	for (int i = 0; i < 8; i += 4)
	{
		butterfly(c, &d[i], &d[i + 2], b[i / 4]);
		butterfly(c, &d[i + 1], &d[i + 3], b[i / 4]);
	}
	for (int i = 0; i < 4; i++)
		butterfly(c, &d[2 * i], &d[2 * i + 1], root(c, 4 * k + (size_t) i));
}

INLINE void
inverse_radix8(const Context *c, V d[8], size_t k)
{
	const Shoup a = root(c, k);
	const Shoup b[2] = {root(c, 2 * k + 1), root(c, 2 * k)};

	for (int i = 0; i < 4; i++)
		inverse_butterfly(c, &d[2 * i], &d[2 * i + 1], root(c, 4 * k + 3 - (size_t) i));
	for (int i = 0; i < 8; i += 4)
	{
		inverse_butterfly(c, &d[i], &d[i + 2], b[i / 4]);
		inverse_butterfly(c, &d[i + 1], &d[i + 3], b[i / 4]);
	}
	for (int i = 0; i < 4; i++)
		inverse_butterfly(c, &d[i], &d[i + 4], a);
}

/* one pass over n points, 1 << r of them at a time, below node k */
INLINE void
pass(const Context *c, uint64_t *a, size_t n, size_t k, int r)
{
	const size_t stride = n >> r;
	V			d[8];

	for (size_t j = 0; j < stride; j += 8)
	{
		for (int i = 0; i < 1 << r; i++)
			d[i] = load(a + j + (size_t) i * stride);
		if (r == 3)
			radix8(c, d, k);
		else if (r == 2)
		{
			butterfly(c, &d[0], &d[2], root(c, k));
			butterfly(c, &d[1], &d[3], root(c, k));
			butterfly(c, &d[0], &d[1], root(c, 2 * k));
			butterfly(c, &d[2], &d[3], root(c, 2 * k + 1));
		}
		else
			butterfly(c, &d[0], &d[1], root(c, k));
		for (int i = 0; i < 1 << r; i++)
			store(a + j + (size_t) i * stride, d[i]);
	}
}

INLINE void
inverse_pass(const Context *c, uint64_t *a, size_t n, size_t k, int r)
{
	const size_t stride = n >> r;
	V			d[8];

	for (size_t j = 0; j < stride; j += 8)
	{
		for (int i = 0; i < 1 << r; i++)
			d[i] = load(a + j + (size_t) i * stride);
		if (r == 3)
			inverse_radix8(c, d, k);
		else if (r == 2)
		{
			inverse_butterfly(c, &d[0], &d[1], root(c, 2 * k + 1));
			inverse_butterfly(c, &d[2], &d[3], root(c, 2 * k));
			inverse_butterfly(c, &d[0], &d[2], root(c, k));
			inverse_butterfly(c, &d[1], &d[3], root(c, k));
		}
		else
			inverse_butterfly(c, &d[0], &d[1], root(c, k));
		for (int i = 0; i < 1 << r; i++)
			store(a + j + (size_t) i * stride, d[i]);
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
	const V		index = load(perm);
	Shoup		s = {
		_mm512_permutexvar_epi64(index, load(c->w + at)),
		_mm512_permutexvar_epi64(index, _mm512_srli_epi64(load(c->wq + at), 12))
	};

	return s;
}

INLINE Shoup
roots8(const Context *c, size_t at)
{
	Shoup		s = {load(c->w + at), _mm512_srli_epi64(load(c->wq + at), 12)};

	return s;
}

static const uint64_t spread4[4][8] = {
	{0, 0, 0, 0, 1, 1, 1, 1}, {2, 2, 2, 2, 3, 3, 3, 3},
	{4, 4, 4, 4, 5, 5, 5, 5}, {6, 6, 6, 6, 7, 7, 7, 7}
};
static const uint64_t spread2[2][8] = {{0, 0, 1, 1, 2, 2, 3, 3}, {4, 4, 5, 5, 6, 6, 7, 7}};

/* the last six stages: 64 points below node k, reduced at the end */
INLINE void
last64(const Context *c, uint64_t *a, size_t k)
{
	V			d[8];

	for (int i = 0; i < 8; i++)
		d[i] = load(a + 8 * i);
	radix8(c, d, k);
	for (int i = 0; i < 8; i += 2)
	{
		V		   *x = &d[i],
				   *y = &d[i + 1];

		regroup(x, y, perm4);
		butterfly(c, x, y, spread(c, 8 * k, spread4[i / 2]));
		regroup(x, y, perm2);
		butterfly(c, x, y, spread(c, 16 * k + 8 * (size_t) (i / 4), spread2[i / 2 % 2]));
		regroup(x, y, perm1);
		butterfly(c, x, y, roots8(c, 32 * k + 4 * (size_t) i));
		regroup(x, y, unperm);
		store(a + 8 * i, fold(fold(*x, c->p.q2), c->p.q));
		store(a + 8 * i + 8, fold(fold(*y, c->p.q2), c->p.q));
	}
}

/* mirrored: index 7 - lane */
static const uint64_t mirror4[4][8] = {
	{7, 7, 7, 7, 6, 6, 6, 6}, {5, 5, 5, 5, 4, 4, 4, 4},
	{3, 3, 3, 3, 2, 2, 2, 2}, {1, 1, 1, 1, 0, 0, 0, 0}
};
static const uint64_t mirror2[2][8] = {{7, 7, 6, 6, 5, 5, 4, 4}, {3, 3, 2, 2, 1, 1, 0, 0}};
static const uint64_t mirror1[8] = {7, 6, 5, 4, 3, 2, 1, 0};

INLINE void
first64(const Context *c, uint64_t *a, size_t k)
{
	V			d[8];

	for (int i = 0; i < 8; i += 2)
	{
		V		   *x = &d[i],
				   *y = &d[i + 1];

		*x = load(a + 8 * i);
		*y = load(a + 8 * i + 8);
		regroup(x, y, reperm);
		inverse_butterfly(c, x, y, spread(c, 32 * k + 24 - 4 * (size_t) i, mirror1));
		regroup(x, y, perm1);
		inverse_butterfly(c, x, y, spread(c, 16 * k + 8 - 8 * (size_t) (i / 4), mirror2[i / 2 % 2]));
		regroup(x, y, perm2);
		inverse_butterfly(c, x, y, spread(c, 8 * k, mirror4[i / 2]));
		regroup(x, y, perm4);
	}
	inverse_radix8(c, d, k);
	for (int i = 0; i < 8; i++)
		store(a + 8 * i, d[i]);
}

/* stages of the pass over a block of 2^logb points, so that 64 are left in the end */
INLINE int
pass_stages(int logb)
{
	return (logb - 6) % 3 == 0 ? 3 : (logb - 6) % 3;
}

static void
forward(const Context *c, uint64_t *a, int logb, size_t k)
{
	if (logb == 6)
	{
		last64(c, a, k);
		return;
	}

	const size_t n = (size_t) 1 << logb;
	const int	r = pass_stages(logb);

	if (r == 3)
		pass(c, a, n, k, 3);
	else if (r == 2)
		pass(c, a, n, k, 2);
	else
		pass(c, a, n, k, 1);
	for (size_t i = 0; i < (size_t) 1 << r; i++)
		forward(c, a + i * (n >> r), logb - r, (k << r) + i);
}

static void
inverse(const Context *c, uint64_t *a, int logb, size_t k)
{
	if (logb == 6)
	{
		first64(c, a, k);
		return;
	}

	const size_t n = (size_t) 1 << logb;
	const int	r = pass_stages(logb);

	for (size_t i = 0; i < (size_t) 1 << r; i++)
		inverse(c, a + i * (n >> r), logb - r, (k << r) + ((size_t) 1 << r) - 1 - i);
	if (r == 3)
		inverse_pass(c, a, n, k, 3);
	else if (r == 2)
		inverse_pass(c, a, n, k, 2);
	else
		inverse_pass(c, a, n, k, 1);
}

static Context
context(const PpdlModulus *m)
{
	const PpdlNttTables *t = m->ntt;
	Context		c = {prime(m), t->w, t->wq, shoup1(t->ninv, t->ninvq), shoup1(t->wlast, t->wlastq)};

	return c;
}

void
ppdl_ifma_ntt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;

	if (logn < 7)
	{
		ppdl_scalar_ntt(m, a);
		return;
	}

	const Context c = context(m);

	forward(&c, a, logn, 1);
}

/* the last stage divides by N and reduces */
void
ppdl_ifma_intt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;
	const size_t half = m->ntt->n / 2;

	if (logn < 7)
	{
		ppdl_scalar_intt(m, a);
		return;
	}

	const Context c = context(m);

	inverse(&c, a, logn - 1, 3);
	inverse(&c, a + half, logn - 1, 2);
	for (size_t j = 0; j < half; j += 8)
	{
		V			x = load(a + j),
					y = load(a + half + j),
					d = _mm512_sub_epi64(_mm512_add_epi64(y, c.p.q2), x);

		store(a + j, fold(mul_lazy(&c.p, _mm512_add_epi64(x, y), c.ninv), c.p.q));
		store(a + half + j, fold(mul_lazy(&c.p, d, c.wlast), c.p.q));
	}
}

#endif
