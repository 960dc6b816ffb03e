/* The array kernels with AVX2 and fused multiply-add. */
#include "ring/kernels.h"

#if defined(__x86_64__)

#include "ring/vec_fma.h"

/* four residues in 25 bytes: two from the first 16 bytes, two from the last 16 */
static void
vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	const W		bytes = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, -1, 6, 7, 8, 9, 10, 11, 12, -1,
										 3, 4, 5, 6, 7, 8, 9, -1, 9, 10, 11, 12, 13, 14, 15, -1),
				shift = _mm256_setr_epi64x(0, 2, 4, 6),
				mask = splat_words((UINT64_C(1) << PPDL_MAX_PRIME_BITS) - 1);

	for (size_t i = 0; i < n; i += 4, in += PPDL_MAX_PRIME_BITS / 2)
	{
		W			x = _mm256_loadu2_m128i((const __m128i *) (in + 9), (const __m128i *) in);

		x = _mm256_srlv_epi64(_mm256_shuffle_epi8(x, bytes), shift);
		store_words(out + i, _mm256_and_si256(x, mask));
	}
}

static void
permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	const W		pair = _mm256_set1_epi64x(INT64_C(0x0000000100000000));

	/* four outputs come from four neighbours; a gather is slower than the scalar loop on some processors */
	for (size_t i = 0; i < n; i += 4)
	{
		W			index = _mm256_slli_epi64(_mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *) (perm + i))), 1),
					halves = _mm256_or_si256(_mm256_or_si256(index, _mm256_slli_epi64(index, 32)), pair);

		PPDL_ASSERT((perm[i] ^ perm[i + 3]) < 4);
		store_words(out + i, _mm256_permutevar8x32_epi32(load_words(in + (perm[i] & ~UINT32_C(3))), halves));
	}
}

const PpdlKernels ppdl_kernels_avx2 = {
	.ntt = ppdl_avx2_ntt,
	.ntt_first = ppdl_avx2_ntt_first,
	.ntt_part = ppdl_avx2_ntt_part,
	.intt = ppdl_avx2_intt,
	.intt_part = ppdl_avx2_intt_part,
	.load_columns = ppdl_avx2_load_columns,
	.permute = permute,
	.unpack = vec_unpack,
	FMA_KERNELS
};

#endif
