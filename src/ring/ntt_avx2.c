/* The NTT with AVX2 and fused multiply-add. */
#include "ring/kernels.h"

#if defined(__x86_64__)

#include "ring/ntt_fma.h"

void
ppdl_avx2_ntt(const PpdlModulus *m, uint64_t *a)
{
	fma_ntt(m, a);
}

void
ppdl_avx2_intt(const PpdlModulus *m, uint64_t *a)
{
	fma_intt(m, a);
}

#endif
