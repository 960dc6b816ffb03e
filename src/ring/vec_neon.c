/* The array kernels with NEON. */
#include "ring/kernels.h"

#if defined(__aarch64__)

#include "ring/vec_fma.h"

/* four residues in 25 bytes: two from the first 16 bytes, two from the last 16 */
static void
vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	static const uint8_t bytes[2][16] = {
		{0, 1, 2, 3, 4, 5, 6, 255, 6, 7, 8, 9, 10, 11, 12, 255},
		{3, 4, 5, 6, 7, 8, 9, 255, 9, 10, 11, 12, 13, 14, 15, 255}
	};
	static const int64_t left[2][2] = {{0, -2}, {-4, -6}};
	const W		mask = splat_words((UINT64_C(1) << PPDL_MAX_PRIME_BITS) - 1);

	for (size_t i = 0; i < n; i += 4, in += PPDL_MAX_PRIME_BITS / 2)
		for (int half = 0; half < 2; half++)
		{
			W			x = vreinterpretq_u64_u8(vqtbl1q_u8(vld1q_u8(in + 9 * half), vld1q_u8(bytes[half])));

			store_words(out + i + 2 * half, and_words(vshlq_u64(x, vld1q_s64(left[half])), mask));
		}
}

/* two words side by side stay neighbours, but swapping them costs as much as loading each: two loads and one store */
static void
permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	for (size_t i = 0; i < n; i += 2)
		store_words(out + i, vcombine_u64(vld1_u64(in + perm[i]), vld1_u64(in + perm[i + 1])));
}

const PpdlKernels ppdl_kernels_neon = {
	.ntt = ppdl_neon_ntt,
	.ntt_first = ppdl_neon_ntt_first,
	.ntt_part = ppdl_neon_ntt_part,
	.intt = ppdl_neon_intt,
	.intt_part = ppdl_neon_intt_part,
	.load_columns = ppdl_neon_load_columns,
	.permute = permute,
	.unpack = vec_unpack,
	FMA_KERNELS
};

#endif
