/* The NTT with NEON. */
#include "ring/kernels.h"

#if defined(__aarch64__)

#include "ring/ntt_fma.h"

void
ppdl_neon_ntt(const PpdlModulus *m, uint64_t *a)
{
	fma_ntt(m, a);
}

void
ppdl_neon_intt(const PpdlModulus *m, uint64_t *a)
{
	fma_intt(m, a);
}

#endif
