/* The array kernels with AVX2 and fused multiply-add; see avx2.h. */
#include "ring/kernels.h"
#include "ring/shift.h"

#if defined(__x86_64__)

#include "ring/avx2.h"

static inline D
load(const uint64_t *p)
{
	return to_double(load_words(p));
}

static inline __m256i
words1(uint64_t x)
{
	return _mm256_set1_epi64x((long long) x);
}

/* words below 2q -> below q: the sign of x - q chooses */
static inline __m256i
reduce_once(__m256i x, __m256i q)
{
	__m256d		d = _mm256_castsi256_pd(_mm256_sub_epi64(x, q));

	return _mm256_castpd_si256(_mm256_blendv_pd(d, _mm256_castsi256_pd(x), d));
}

/* words in (-q, q), two's complement -> [0, q) */
static inline __m256i
unfold(__m256i x, __m256i q)
{
	__m256d		s = _mm256_castsi256_pd(_mm256_add_epi64(x, q)),
				d = _mm256_castsi256_pd(x);

	return _mm256_castpd_si256(_mm256_blendv_pd(d, s, d));
}

static void
vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const __m256i q = words1(m->q);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, reduce_once(_mm256_add_epi64(load_words(a + i), load_words(b + i)), q));
}

static void
vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const __m256i q = words1(m->q);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, unfold(_mm256_sub_epi64(load_words(a + i), load_words(b + i)), q));
}

static void
vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n)
{
	const __m256i q = words1(m->q);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, unfold(_mm256_sub_epi64(_mm256_setzero_si256(), load_words(a + i)), q));
}

static void
vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, lift(&p, mul_near(&p, load(a + i), load(b + i))));
}

static void
vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 4)
	{
		D			r = _mm256_add_pd(load(acc + i), mul_near(&p, load(a + i), load(b + i)));

		store_words(acc + i, lift(&p, reduce_near(&p, r)));
	}
}

static void
vec_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const D		x = _mm256_set1_pd((double) w);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, lift(&p, mul_near(&p, load(a + i), x)));
}

static void
vec_mul_w_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	const Prime p = prime(m);
	const D		x = _mm256_set1_pd((double) w);

	for (size_t i = 0; i < n; i += 4)
	{
		D			r = _mm256_add_pd(load(acc + i), mul_near(&p, load(a + i), x));

		store_words(acc + i, lift(&p, reduce_near(&p, r)));
	}
}

static void
vec_sub_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w, uint64_t wq,
			  size_t n)
{
	const Prime p = prime(m);
	const D		x = _mm256_set1_pd((double) w);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, lift(&p, mul_near(&p, _mm256_sub_pd(load(a + i), load(b + i)), x)));
}

static void
vec_add_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	const __m256i q = words1(m->q),
				x = words1(w);

	for (size_t i = 0; i < n; i += 4)
		store_words(out + i, reduce_once(_mm256_add_epi64(load_words(a + i), x), q));
}

/* high half * 2^32 + low half */
static void
vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n)
{
	const Prime p = prime(m);
	const D		two32 = _mm256_set1_pd((double) ((UINT64_C(1) << 32) % m->q));

	for (size_t i = 0; i < n; i += 4)
	{
		__m256i		x = load_words(in + i);
		D			hi = to_double(_mm256_srli_epi64(x, 32)),
					lo = to_double(_mm256_and_si256(x, words1(UINT32_MAX)));

		store_words(out + i, lift(&p, reduce_near(&p, _mm256_add_pd(mul_near(&p, hi, two32), lo))));
	}
}

static void
vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in, size_t n)
{
	const Prime p = prime(m);
	const D		half = _mm256_set1_pd((double) (from->q / 2)),
				wrap = _mm256_set1_pd((double) from->q);

	for (size_t i = 0; i < n; i += 4)
	{
		D			x = load(in + i);

		x = _mm256_sub_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, half, _CMP_GT_OQ), wrap));
		store_words(out + i, lift(&p, reduce_near(&p, x)));
	}
}

/* what is summed stays below 1/2 + 4 * 3/4 times q before each reduction */
#define TERMS_AT_ONCE 4

static inline __attribute__((always_inline)) void
dot(const PpdlModulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
	const uint64_t *const *k0, const uint64_t *const *k1, int terms, int accumulate, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 4)
	{
		D			sum0 = accumulate ? load(out0 + i) : _mm256_setzero_pd(),
					sum1 = accumulate && k1 ? load(out1 + i) : _mm256_setzero_pd();

		for (int j = 0; j < terms;)
		{
			const int	stop = j + TERMS_AT_ONCE < terms ? j + TERMS_AT_ONCE : terms;

			sum0 = reduce_near(&p, sum0);
			if (k1)
				sum1 = reduce_near(&p, sum1);
			for (; j < stop; j++)
			{
				D			x = load(a[j] + i);

				sum0 = _mm256_add_pd(sum0, mul_near(&p, x, load(k0[j] + i)));
				if (k1)
					sum1 = _mm256_add_pd(sum1, mul_near(&p, x, load(k1[j] + i)));
			}
		}
		store_words(out0 + i, lift(&p, reduce_near(&p, sum0)));
		if (k1)
			store_words(out1 + i, lift(&p, reduce_near(&p, sum1)));
	}
}

static void
vec_dot(const PpdlModulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *k,
		int terms, int accumulate, size_t n)
{
	dot(m, out, NULL, a, k, NULL, terms, accumulate, n);
}

static void
vec_dot2(const PpdlModulus *m, uint64_t *out0, uint64_t *out1, const uint64_t *const *a,
		 const uint64_t *const *k0, const uint64_t *const *k1, int terms, int accumulate, size_t n)
{
	dot(m, out0, out1, a, k0, k1, terms, accumulate, n);
}

/* four residues in 25 bytes: two from the first 16 bytes, two from the last 16 */
static void
vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	const __m256i bytes = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, -1, 6, 7, 8, 9, 10, 11, 12, -1,
										   3, 4, 5, 6, 7, 8, 9, -1, 9, 10, 11, 12, 13, 14, 15, -1),
				shift = _mm256_setr_epi64x(0, 2, 4, 6),
				mask = words1((UINT64_C(1) << PPDL_MAX_PRIME_BITS) - 1);

	for (size_t i = 0; i < n; i += 4, in += PPDL_MAX_PRIME_BITS / 2)
	{
		__m256i		x = _mm256_loadu2_m128i((const __m128i *) (in + 9), (const __m128i *) in);

		x = _mm256_srlv_epi64(_mm256_shuffle_epi8(x, bytes), shift);
		store_words(out + i, _mm256_and_si256(x, mask));
	}
}

static void
mul_outer(const PpdlModulus *m, uint64_t *out, const uint64_t *in, const uint64_t *s, const uint64_t *sq,
		  const uint64_t *b, const uint64_t *bq, size_t blocks)
{
	const Prime p = prime(m);
	const D		lo = load(s),
				hi = load(s + 4);

	(void) sq;
	(void) bq;
	for (size_t i = 0; i < blocks; i++)
	{
		const D		w = _mm256_set1_pd((double) b[i]);

		store_words(out + 8 * i, lift(&p, mul_near(&p, mul_near(&p, load(in + 8 * i), lo), w)));
		store_words(out + 8 * i + 4, lift(&p, mul_near(&p, mul_near(&p, load(in + 8 * i + 4), hi), w)));
	}
}

static size_t
vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	const __m256i sign = words1(UINT64_C(1) << 63),
				last = _mm256_xor_si256(words1(m->q - 1), sign);
	__m256i		count = _mm256_setzero_si256();

	for (size_t i = 0; i < n; i += 4)
		count = _mm256_sub_epi64(count, _mm256_cmpgt_epi64(_mm256_xor_si256(load_words(a + i), sign), last));
	return (size_t) (_mm256_extract_epi64(count, 0) + _mm256_extract_epi64(count, 1) +
					 _mm256_extract_epi64(count, 2) + _mm256_extract_epi64(count, 3));
}

static void
permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	const __m256i pair = _mm256_set1_epi64x(INT64_C(0x0000000100000000));

	/* four outputs come from four neighbours; a gather is slower than the scalar loop on some processors */
	for (size_t i = 0; i < n; i += 4)
	{
		__m256i		index = _mm256_slli_epi64(_mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *) (perm + i))), 1),
					halves = _mm256_or_si256(_mm256_or_si256(index, _mm256_slli_epi64(index, 32)), pair);

		PPDL_ASSERT((perm[i] ^ perm[i + 3]) < 4);
		store_words(out + i, _mm256_permutevar8x32_epi32(load_words(in + (perm[i] & ~UINT32_C(3))), halves));
	}
}

static void
conv_in(const PpdlModulus *m, uint64_t *y, uint64_t *frac, const uint64_t *x,
		uint64_t w, uint64_t wq, uint64_t c, size_t n)
{
	vec_mul_w(m, y, x, w, wq, n);
	for (size_t i = 0; i < n; i++)
		frac[i] += (uint64_t) (((unsigned __int128) y[i] * c) >> m->bits);
}

static void
conv_out(const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms, size_t n)
{
	const Prime p = prime(m);

	for (size_t i = 0; i < n; i += 8)
	{
		D			sum0 = _mm256_setzero_pd(),
					sum1 = _mm256_setzero_pd();

		for (int j = 0; j < terms; j++)
		{
			const uint64_t *at = y + j * PPDL_CONV_BLOCK + i;
			const D		w = _mm256_set1_pd((double) k[j]);

			if (j % TERMS_AT_ONCE == 0)
			{
				sum0 = reduce_near(&p, sum0);
				sum1 = reduce_near(&p, sum1);
			}
			sum0 = _mm256_add_pd(sum0, mul_near(&p, load(at), w));
			sum1 = _mm256_add_pd(sum1, mul_near(&p, load(at + 4), w));
		}
		store_words(out + i, lift(&p, reduce_near(&p, sum0)));
		store_words(out + i + 4, lift(&p, reduce_near(&p, sum1)));
	}
}

static void
add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	ppdl_add_shifted_loop(acc, a, e, n);
}

const PpdlKernels ppdl_kernels_avx2 = {
	.ntt = ppdl_avx2_ntt,
	.intt = ppdl_avx2_intt,
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
	.dot2 = vec_dot2,
	.mul_outer = mul_outer,
	.unpack = vec_unpack,
	.count_unreduced = vec_count_unreduced,
	.conv_in = conv_in,
	.conv_out = conv_out,
	.add_shifted = add_shifted,
};

#endif
