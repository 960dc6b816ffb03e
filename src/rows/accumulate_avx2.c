#if defined(__x86_64__)
#include "rows/accumulate.h"

#include <immintrin.h>

static inline void
add_group(const PpdlUnpackGroup *g, __m256i mask, uint64_t *acc, const uint8_t *src)
{
	__m256i		v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *) (src + g->lo)));

	v = _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *) (src + g->hi)), 1);
	v = _mm256_shuffle_epi8(v, _mm256_loadu_si256((const __m256i *) g->shuffle));
	v = _mm256_srlv_epi64(v, _mm256_loadu_si256((const __m256i *) g->shift));
	v = _mm256_and_si256(v, mask);
	v = _mm256_add_epi64(v, _mm256_loadu_si256((const __m256i *) acc));
	_mm256_storeu_si256((__m256i *) acc, v);
}

void
ppdl_unpack_add_avx2(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	const __m256i mask = _mm256_set1_epi64x((int64_t) ((UINT64_C(1) << plan->bits) - 1));
	const size_t pair = (size_t) plan->bits,	/* bytes of two groups */
				half = pair / 2;
	int			i = 0;

	for (; i + 2 < plan->groups; i += 2, src += pair, acc += 8)
	{
		add_group(&plan->group[0], mask, acc, src);
		add_group(&plan->group[1], mask, acc + 4, src + half);
	}
	if (i + 2 == plan->groups)
	{
		add_group(&plan->group[0], mask, acc, src);
		src += half;
		acc += 4;
	}
	add_group(&plan->group[2], mask, acc, src);
}
#endif
