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
ppdl_avx2_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count)
{
	fma_ntt_first(m, out, in, from, count);
}

void
ppdl_avx2_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead)
{
	fma_ntt_part(m, a, part, ahead);
}

void
ppdl_avx2_intt(const PpdlModulus *m, uint64_t *a)
{
	fma_intt(m, a);
}

void
ppdl_avx2_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part)
{
	fma_intt_part(m, out, in, part);
}

void
ppdl_avx2_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from, size_t count)
{
	fma_load_columns(m, l, in, from, count);
}

#endif
