/*
 * The NTT with AVX2 and fused multiply-add, on doubles; see avx2.h.  Between
 * passes the array holds doubles.  Blocks and nodes are those of ntt_ifma.c, in
 * passes of radix 4, the last four stages (16 points) in registers.
 *
 * Bounds, in units of q, with centred roots (|w| <= q/2), so that a product of
 * |y| <= b leaves at most 1/2 + b/8.  Forward: half of the inputs of a pass are
 * reduced to 1/2, the others are multiplied; what enters at 2.2 leaves at
 * 1/2 + (1/2 + 2.2/8) + (1/2 + 1.28/8) < 2.  Inverse: inputs of at most 1 give
 * sums of at most 4, which are reduced, and differences of at most 4, which are
 * multiplied and leave at less than 1.
 */
#include "ring/kernels.h"

#if defined(__x86_64__)

#include "ring/avx2.h"

#define INLINE static inline __attribute__((always_inline))

typedef struct Context
{
	Prime		p;
	const uint64_t *w;
	uint64_t	q;
	D			half;			/* q/2 */
} Context;

INLINE D
load(const uint64_t *p)
{
	return _mm256_loadu_pd((const double *) p);
}

INLINE void
store(uint64_t *p, D x)
{
	_mm256_storeu_pd((double *) p, x);
}

/* one root for all lanes, centred */
INLINE D
root1(const Context *c, uint64_t w)
{
	return _mm256_set1_pd((double) ((int64_t) w - (int64_t) (c->q & -(uint64_t) (w > c->q / 2))));
}

INLINE D
root(const Context *c, size_t k)
{
	return root1(c, c->w[k]);
}

/* four roots, centred */
INLINE D
roots4(const Context *c, __m256i w)
{
	D			x = to_double(w);

	return _mm256_sub_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, c->half, _CMP_GT_OQ), c->p.q));
}

INLINE void
butterfly(const Context *c, D *x, D *y, D w)
{
	D			t = mul_near(&c->p, *y, w),
				u = *x;

	*x = _mm256_add_pd(u, t);
	*y = _mm256_sub_pd(u, t);
}

INLINE void
inverse_butterfly(const Context *c, D *x, D *y, D w)
{
	D			d = _mm256_sub_pd(*y, *x);

	*x = _mm256_add_pd(*x, *y);
	*y = mul_near(&c->p, d, w);
}

/*
 * the roots of two stages below node k, copied out of the table before a loop writes; those of the inverse are mirrored
 */
INLINE void
get_roots(const Context *c, D w[3], size_t k, int inverse)
{
	w[0] = root(c, k);
	w[1] = root(c, 2 * k + (size_t) inverse);
	w[2] = root(c, 2 * k + 1 - (size_t) inverse);
}

INLINE void
radix4(const Context *c, D d[4], const D w[3])
{
	d[0] = reduce_near(&c->p, d[0]);
	d[1] = reduce_near(&c->p, d[1]);
	butterfly(c, &d[0], &d[2], w[0]);
	butterfly(c, &d[1], &d[3], w[0]);
	butterfly(c, &d[0], &d[1], w[1]);
	butterfly(c, &d[2], &d[3], w[2]);
}

INLINE void
inverse_radix4(const Context *c, D d[4], const D w[3])
{
	inverse_butterfly(c, &d[0], &d[1], w[1]);
	inverse_butterfly(c, &d[2], &d[3], w[2]);
	inverse_butterfly(c, &d[0], &d[2], w[0]);
	inverse_butterfly(c, &d[1], &d[3], w[0]);
	d[0] = reduce_near(&c->p, d[0]);
	d[1] = reduce_near(&c->p, d[1]);
}

INLINE void
pass4(const Context *shared, uint64_t *a, size_t n, size_t k, int inverse)
{
	const Context c = *shared;
	const size_t stride = n / 4;
	D			w[3];

	get_roots(&c, w, k, inverse);
	for (size_t j = 0; j < stride; j += 4)
	{
		D			d[4];

		for (int i = 0; i < 4; i++)
			d[i] = load(a + j + (size_t) i * stride);
		(inverse ? inverse_radix4 : radix4) (&c, d, w);
		for (int i = 0; i < 4; i++)
			store(a + j + (size_t) i * stride, d[i]);
	}
}

INLINE void
pass2(const Context *shared, uint64_t *a, size_t n, size_t k, int inverse)
{
	const Context c = *shared;
	const D		w = root(&c, k);

	for (size_t j = 0; j < n / 2; j += 4)
	{
		D			x = load(a + j),
					y = load(a + j + n / 2);

		if (inverse)
		{
			inverse_butterfly(&c, &x, &y, w);
			x = reduce_near(&c.p, x);
		}
		else
		{
			x = reduce_near(&c.p, x);
			butterfly(&c, &x, &y, w);
		}
		store(a + j, x);
		store(a + j + n / 2, y);
	}
}

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

/* the last four stages: 16 points below node k, reduced words at the end */
INLINE void
last16(const Context *shared, uint64_t *a, size_t k)
{
	const Context c = *shared;
	D			d[4],
				w[3];

	get_roots(&c, w, k, 0);
	for (int i = 0; i < 4; i++)
		d[i] = load(a + 4 * i);
	radix4(&c, d, w);
#pragma GCC unroll 2
	for (int i = 0; i < 4; i += 2)
	{
		const uint64_t *w2 = c.w + 4 * k + i,
				   *w1 = c.w + 8 * k + 2 * (size_t) i;
		D		   *x = &d[i],
				   *y = &d[i + 1];

		/* lanes after the second regrouping: 0, 2, 4, 6 and 1, 3, 5, 7 */
		regroup2(x, y);
		*x = reduce_near(&c.p, *x);
		butterfly(&c, x, y, roots4(&c, _mm256_set_epi64x((long long) w2[1], (long long) w2[1], (long long) w2[0],
														 (long long) w2[0])));
		regroup1(x, y);
		butterfly(&c, x, y, roots4(&c, load_words(w1)));
		*x = reduce_near(&c.p, *x);
		*y = reduce_near(&c.p, *y);
		regroup1(x, y);
		regroup2(x, y);
		store_words(a + 4 * i, lift(&c.p, *x));
		store_words(a + 4 * i + 4, lift(&c.p, *y));
	}
}

INLINE void
first16(const Context *shared, uint64_t *a, size_t k)
{
	const Context c = *shared;
	D			d[4],
				w[3];

	get_roots(&c, w, k, 1);
#pragma GCC unroll 2
	for (int i = 0; i < 4; i += 2)
	{
		const uint64_t *w2 = c.w + 4 * k + 2 - i,
				   *w1 = c.w + 8 * k + 4 - 2 * (size_t) i;
		D		   *x = &d[i],
				   *y = &d[i + 1];

		*x = to_double(load_words(a + 4 * i));
		*y = to_double(load_words(a + 4 * i + 4));
		regroup2(x, y);
		regroup1(x, y);
		inverse_butterfly(&c, x, y, roots4(&c, _mm256_permute4x64_epi64(load_words(w1), 0x1b)));
		regroup1(x, y);
		inverse_butterfly(&c, x, y, roots4(&c, _mm256_set_epi64x((long long) w2[0], (long long) w2[0],
																 (long long) w2[1], (long long) w2[1])));
		*x = reduce_near(&c.p, *x);
		regroup2(x, y);
	}
	inverse_radix4(&c, d, w);
	for (int i = 0; i < 4; i++)
		store(a + 4 * i, d[i]);
}

static void
forward(const Context *c, uint64_t *a, int logb, size_t k)
{
	const size_t n = (size_t) 1 << logb;
	const int	r = logb % 2 ? 1 : 2;

	if (logb == 4)
	{
		last16(c, a, k);
		return;
	}
	if (r == 1)
		pass2(c, a, n, k, 0);
	else
		pass4(c, a, n, k, 0);
	for (size_t i = 0; i < (size_t) 1 << r; i++)
		forward(c, a + i * (n >> r), logb - r, (k << r) + i);
}

static void
inverse(const Context *c, uint64_t *a, int logb, size_t k)
{
	const size_t n = (size_t) 1 << logb;
	const int	r = logb % 2 ? 1 : 2;

	if (logb == 4)
	{
		first16(c, a, k);
		return;
	}
	for (size_t i = 0; i < (size_t) 1 << r; i++)
		inverse(c, a + i * (n >> r), logb - r, (k << r) + ((size_t) 1 << r) - 1 - i);
	if (r == 1)
		pass2(c, a, n, k, 1);
	else
		pass4(c, a, n, k, 1);
}

static Context
context(const PpdlModulus *m)
{
	Context		c = {prime(m), m->ntt->w, m->q, _mm256_set1_pd((double) m->q * 0.5)};

	return c;
}

/* the first stage comes by itself, on words */
void
ppdl_avx2_ntt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;
	const size_t half = m->ntt->n / 2;

	if (logn < 5)
	{
		ppdl_scalar_ntt(m, a);
		return;
	}

	const Context c = context(m);
	const D		w = root(&c, 1);

	for (size_t j = 0; j < half; j += 4)
	{
		D			x = to_double(load_words(a + j)),
					y = to_double(load_words(a + half + j));

		butterfly(&c, &x, &y, w);
		store(a + j, x);
		store(a + half + j, y);
	}
	forward(&c, a, logn - 1, 2);
	forward(&c, a + half, logn - 1, 3);
}

/* the last stage divides by N and reduces */
void
ppdl_avx2_intt(const PpdlModulus *m, uint64_t *a)
{
	const int	logn = m->ntt->logn;
	const size_t half = m->ntt->n / 2;

	if (logn < 5)
	{
		ppdl_scalar_intt(m, a);
		return;
	}

	const Context c = context(m);
	const D		ninv = root1(&c, m->ntt->ninv),
				wlast = root1(&c, m->ntt->wlast);

	inverse(&c, a, logn - 1, 3);
	inverse(&c, a + half, logn - 1, 2);
	for (size_t j = 0; j < half; j += 4)
	{
		D			x = load(a + j),
					y = load(a + half + j);

		store_words(a + j, lift(&c.p, mul_near(&c.p, _mm256_add_pd(x, y), ninv)));
		store_words(a + half + j, lift(&c.p, mul_near(&c.p, _mm256_sub_pd(y, x), wlast)));
	}
}

#endif
