#if defined(__x86_64__)
#include "rows/accumulate.h"

#include <immintrin.h>

/* eight values are as many bytes as one has bits: the same four 16-bit words of each, moved, shifted and masked */
void
ppdl_unpack_add_ifma(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	const __m512i words = _mm512_loadu_si512(plan->word),
				shift = _mm512_loadu_si512(plan->word_shift),
				mask = _mm512_set1_epi64((int64_t) ((UINT64_C(1) << plan->bits) - 1));
	const __mmask64 bytes = (UINT64_C(1) << plan->bits) - 1;

	for (size_t i = 0; i < plan->n; i += 8, src += plan->bits, acc += 8)
	{
		__m512i		v = _mm512_permutexvar_epi16(words, _mm512_maskz_loadu_epi8(bytes, src));

		v = _mm512_and_si512(_mm512_srlv_epi64(v, shift), mask);
		_mm512_storeu_si512(acc, _mm512_add_epi64(v, _mm512_loadu_si512(acc)));
	}
}
#endif
