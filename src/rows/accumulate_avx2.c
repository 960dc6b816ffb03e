#if defined(__x86_64__)
#include "rows/accumulate.h"

#include <immintrin.h>

typedef __m256i Mask;

static inline void
add_group(const PpdlUnpackGroup *g, Mask mask, uint64_t *acc, const uint8_t *src)
{
	__m256i		v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *) (src + g->lo)));

	v = _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *) (src + g->hi)), 1);
	v = _mm256_shuffle_epi8(v, _mm256_loadu_si256((const __m256i *) g->shuffle));
	v = _mm256_srlv_epi64(v, _mm256_loadu_si256((const __m256i *) g->shift));
	v = _mm256_and_si256(v, mask);
	v = _mm256_add_epi64(v, _mm256_loadu_si256((const __m256i *) acc));
	_mm256_storeu_si256((__m256i *) acc, v);
}

#include "rows/accumulate_groups.h"

void
ppdl_unpack_add_avx2(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	add_groups(plan, _mm256_set1_epi64x((int64_t) ((UINT64_C(1) << plan->bits) - 1)), acc, src);
}
#endif
