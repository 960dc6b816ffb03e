/* The array kernels with AVX-512 IFMA. */
#include "ring/kernels.h"
#include "ring/shift.h"

#if defined(__x86_64__)

#include "ring/ifma.h"

/* what products of two variables need: Barrett (HAC 14.42) with both factors shifted to the left */
typedef struct Barrett
{
	Prime		p;
	V			shift,			/* 52 - bits */
				mu;				/* floor(2^(2*bits) / q) * 2^(51-bits) */
} Barrett;

static inline Barrett
barrett(const PpdlModulus *m)
{
	Barrett		b = {prime(m), set1((uint64_t) (52 - m->bits)), set1(m->barrett << (51 - m->bits))};

	return b;
}

/* a*b mod q: h = floor(a*b / 2^(bits-1)), quotient floor(h * mu / 2^52), at most 2 too small */
static inline V
mul(const Barrett *b, V x, V y)
{
	const V		zero = _mm512_setzero_si512();
	V			h = _mm512_madd52hi_epu64(zero, _mm512_sllv_epi64(x, b->shift), _mm512_add_epi64(y, y)),
				l = _mm512_madd52lo_epu64(zero, x, y),
				t = _mm512_madd52hi_epu64(zero, h, b->mu);

	l = _mm512_and_si512(_mm512_madd52lo_epu64(l, t, b->p.negq), b->p.mask);
	return reduce_once(reduce_once(l, b->p.q2), b->p.q);
}

static inline V
mul_w(const Prime *p, V x, Shoup s)
{
	return reduce_once(mul_lazy(p, x, s), p->q);
}

static inline V
add(const Prime *p, V x, V y)
{
	return reduce_once(_mm512_add_epi64(x, y), p->q);
}

/* a negative difference is the larger one, unsigned */
static inline V
sub(const Prime *p, V x, V y)
{
	V			d = _mm512_sub_epi64(x, y);

	return _mm512_min_epu64(d, _mm512_add_epi64(d, p->q));
}

static void
vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, add(&p, load(a + i), load(b + i)));
}

static void
vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, sub(&p, load(a + i), load(b + i)));
}

static void
vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, sub(&p, _mm512_setzero_si512(), load(a + i)));
}

static void
vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Barrett r = barrett(m);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, mul(&r, load(a + i), load(b + i)));
}

static void
vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Barrett r = barrett(m);

	for (size_t i = 0; i < n; i += 8)
		store(acc + i, add(&r.p, load(acc + i), mul(&r, load(a + i), load(b + i))));
}

static void
vec_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const Shoup s = shoup1(w, wq);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, mul_w(&p, load(a + i), s));
}

static void
vec_mul_w_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const Shoup s = shoup1(w, wq);

	for (size_t i = 0; i < n; i += 8)
		store(acc + i, add(&p, load(acc + i), mul_w(&p, load(a + i), s)));
}

static void
vec_sub_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w, uint64_t wq,
			  size_t n)
{
	const Prime p = prime(m);
	const Shoup s = shoup1(w, wq);

	for (size_t i = 0; i < n; i += 8)
	{
		V			d = _mm512_sub_epi64(_mm512_add_epi64(load(a + i), p.q), load(b + i));

		store(out + i, mul_w(&p, d, s));
	}
}

static void
vec_add_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	const Prime p = prime(m);
	const V		x = set1(w);

	for (size_t i = 0; i < n; i += 8)
		store(out + i, add(&p, load(a + i), x));
}

/* for sums h*2^52 + l that are too long for Barrett: 2^52 and 2^104 as factors */
typedef struct Wide
{
	Prime		p;
	Shoup		one,			/* floor(2^52 / q) */
				two52,
				two104;
	V			q4;
} Wide;

static inline Wide
wide(const PpdlModulus *m)
{
	Wide		w = {
		prime(m), {set1(1), set1(m->one52)}, shoup1(m->two52, m->two52q), shoup1(m->two104, m->two104q), set1(4 * m->q)
	};

	return w;
}

/* h*2^52 + l mod q; the low 52 bits of l count, h < 2^52: two quotients, one multiple of q */
static inline V
reduce104(const Wide *w, V h, V l)
{
	const V		zero = _mm512_setzero_si512();
	V			t = _mm512_madd52hi_epu64(_mm512_madd52hi_epu64(zero, h, w->two52.wq), l, w->one.wq),
				r = _mm512_madd52lo_epu64(l, h, w->two52.w);

	r = _mm512_and_si512(_mm512_madd52lo_epu64(r, t, w->p.negq), w->p.mask);
	return reduce_once(reduce_once(r, w->p.q2), w->p.q);
}

/* h*2^52 + l mod q for any l and h < 2^63: carries first */
static inline V
reduce_sum(const Wide *w, V h, V l, int long_sum)
{
	V			r;

	h = _mm512_add_epi64(h, _mm512_srli_epi64(l, 52));
	r = reduce104(w, h, l);
	if (long_sum)
		r = add(&w->p, r, mul_w(&w->p, _mm512_srli_epi64(h, 52), w->two104));
	return r;
}

static void
vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n)
{
	const Wide	w = wide(m);

	for (size_t i = 0; i < n; i += 8)
	{
		V			x = load(in + i);

		store(out + i, reduce104(&w, _mm512_srli_epi64(x, 52), x));
	}
}

static void
vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in, size_t n)
{
	const Wide	w = wide(m);
	const V		half = set1(from->q / 2),
				wrap = set1(ppdl_mod_from_u64(m, from->q));

	for (size_t i = 0; i < n; i += 8)
	{
		V			x = load(in + i),
					r = mul_w(&w.p, x, w.one);

		r = _mm512_mask_sub_epi64(r, _mm512_cmpgt_epu64_mask(x, half), r, wrap);
		store(out + i, _mm512_min_epu64(r, _mm512_add_epi64(r, w.p.q)));
	}
}

/*
 * 4096 low halves stay below 2^64 and 4096 high halves of 100-bit products below
 * 2^60; what is accumulated comes in after the reduction.
 */
#define DOT(OUTPUTS, VECTORS) \
	do { \
		V			h[2][VECTORS], \
					l[2][VECTORS]; \
		for (int v = 0; v < VECTORS; v++) \
			h[0][v] = h[1][v] = l[0][v] = l[1][v] = _mm512_setzero_si512(); \
		for (int j = 0; j < terms; j++) \
			for (int v = 0; v < VECTORS; v++) \
			{ \
				V			x = load(a[j] + i + 8 * v); \
				for (int o = 0; o < OUTPUTS; o++) \
				{ \
					V			y = load((o ? k1 : k0)[j] + i + 8 * v); \
					l[o][v] = _mm512_madd52lo_epu64(l[o][v], x, y); \
					h[o][v] = _mm512_madd52hi_epu64(h[o][v], x, y); \
				} \
			} \
		for (int o = 0; o < OUTPUTS; o++) \
			for (int v = 0; v < VECTORS; v++) \
			{ \
				uint64_t   *out = (o ? out1 : out0) + i + 8 * v; \
				V			r = reduce_sum(&w, h[o][v], l[o][v], long_sum); \
				store(out, accumulate ? add(&w.p, r, load(out)) : r); \
			} \
		i += 8 * VECTORS; \
	} while (0)

static inline __attribute__((always_inline)) void
dot(const PpdlModulus *m, const PpdlDot *d, int outputs, size_t n)
{
	const Wide	w = wide(m);
	const uint64_t *const *a = d->a,
			   *const *k0 = d->k[0],
			   *const *k1 = d->k[1];
	uint64_t   *out0 = d->out[0],
			   *out1 = d->out[1];
	const int	terms = d->terms,
				accumulate = d->accumulate,
				long_sum = terms > 14;	/* 15 * (2^48 + 1) and the carry still fit 52 bits */
	size_t		i = 0;

	while (i + 32 <= n)
		DOT(outputs, 4);
	while (i < n)
		DOT(outputs, 1);
}

static void
vec_dot(const PpdlModulus *m, const PpdlDot *d, size_t n)
{
	if (d->out[1] == NULL)
		dot(m, d, 1, n);
	else
		dot(m, d, 2, n);
}

/* eight residues in 50 bytes: each begins in the 16-bit word at 50*j/16 */
static void
vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	const __m512i words = _mm512_set_epi16(24, 23, 22, 21, 21, 20, 19, 18, 18, 17, 16, 15, 15, 14, 13, 12,
										   12, 11, 10, 9, 9, 8, 7, 6, 6, 5, 4, 3, 3, 2, 1, 0);
	const V		shift = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0),
				mask = _mm512_set1_epi64((INT64_C(1) << PPDL_MAX_PRIME_BITS) - 1);

	for (size_t i = 0; i < n; i += 8, in += PPDL_MAX_PRIME_BITS)
	{
		V			x = _mm512_maskz_loadu_epi16(0x1FFFFFF, in);

		x = _mm512_srlv_epi64(_mm512_permutexvar_epi16(words, x), shift);
		store(out + i, _mm512_and_si512(x, mask));
	}
}

static void
mul_outer(const PpdlModulus *m, uint64_t *out, const uint64_t *in, const uint64_t *s, const uint64_t *sq,
		  const uint64_t *b, const uint64_t *bq, size_t blocks)
{
	const Prime p = prime(m);
	const Shoup each = {load(s), _mm512_srli_epi64(load(sq), 12)};

	for (size_t i = 0; i < blocks; i++)
		store(out + 8 * i, mul_w(&p, mul_lazy(&p, load(in + 8 * i), each), shoup1(b[i], bq[i])));
}

static size_t
vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	const V		last = set1(m->q - 1);
	size_t		count = 0;

	for (size_t i = 0; i < n; i += 8)
		count += (size_t) __builtin_popcount(_mm512_cmpgt_epu64_mask(load(a + i), last));
	return count;
}

/*
 * Entries that differ in the low k bits of t have exponents 2*brv(t)+1 that
 * differ in their high k bits, and a multiplication by d keeps it so: eight
 * entries of the result come from one vector.
 */
static void
permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	for (size_t i = 0; i < n; i += 8)
	{
		V			index = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *) (perm + i)));

		PPDL_ASSERT((perm[i] ^ perm[i + 7]) < 8);
		store(out + i, _mm512_permutexvar_epi64(index, load(in + (perm[i] & ~UINT32_C(7)))));
	}
}

static void
conv_row(uint64_t *y, const uint64_t *x, int shift, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] >> shift;
}

static void
conv_in(const PpdlModulus *m, uint64_t *y, uint64_t *frac, const uint64_t *x,
		uint64_t w, uint64_t wq, uint64_t c, size_t n)
{
	const Prime p = prime(m);
	const Shoup s = shoup1(w, wq);
	const V		scale = set1(c),
				shift = set1((uint64_t) (52 - m->bits));

	for (size_t i = 0; i < n; i += 8)
	{
		V			r = mul_w(&p, load(x + i), s);

		store(y + i, r);
		store(frac + i, add_fraction(load(frac + i), r, scale, shift));
	}
}

#define CONV_OUT(VECTORS) \
	do { \
		V			h[VECTORS], \
					l[VECTORS]; \
		for (int v = 0; v < VECTORS; v++) \
			h[v] = l[v] = _mm512_setzero_si512(); \
		for (int j = 0; j < terms; j++) \
		{ \
			const V		c = set1(k[j]); \
			for (int v = 0; v < VECTORS; v++) \
			{ \
				V			x = load(y + j * PPDL_CONV_BLOCK + i + 8 * v); \
				l[v] = _mm512_madd52lo_epu64(l[v], x, c); \
				h[v] = _mm512_madd52hi_epu64(h[v], x, c); \
			} \
		} \
		for (int v = 0; v < VECTORS; v++) \
			store(out + i + 8 * v, reduce_sum(&w, h[v], l[v], long_sum)); \
		i += 8 * VECTORS; \
	} while (0)

static void
conv_out(const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms, size_t n)
{
	const Wide	w = wide(m);
	const int	long_sum = terms > 14;
	size_t		i = 0;

	while (i + 64 <= n)
		CONV_OUT(8);
	while (i + 16 <= n)
		CONV_OUT(2);
	while (i < n)
		CONV_OUT(1);
}

static void
add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	ppdl_add_shifted_loop(acc, a, e, n);
}

const PpdlKernels ppdl_kernels_ifma = {
	.ntt = ppdl_ifma_ntt,
	.ntt_first = ppdl_ifma_ntt_first,
	.ntt_part = ppdl_ifma_ntt_part,
	.intt = ppdl_ifma_intt,
	.intt_part = ppdl_ifma_intt_part,
	.load_columns = ppdl_ifma_load_columns,
	.permute = permute,
	.add = vec_add,
	.sub = vec_sub,
	.neg = vec_neg,
	.mul = vec_mul,
	.mul_add = vec_mul_add,
	.mul_w = vec_mul_w,
	.mul_w_add = vec_mul_w_add,
	.sub_mul_w = vec_sub_mul_w,
	.add_w = vec_add_w,
	.reduce = vec_reduce,
	.switch_modulus = vec_switch_modulus,
	.dot = vec_dot,
	.mul_outer = mul_outer,
	.unpack = vec_unpack,
	.count_unreduced = vec_count_unreduced,
	.conv_row = conv_row,
	.conv_in = conv_in,
	.conv_out = conv_out,
	.add_shifted = add_shifted,
};

#endif
