#include "ring/kernels.h"

#include "base/cpu.h"

const PpdlKernels *
ppdl_kernels(void)
{
	switch (ppdl_cpu())
	{
#if defined(__x86_64__)
		case PPDL_CPU_IFMA:
			return &ppdl_kernels_ifma;
		case PPDL_CPU_AVX2:
			return &ppdl_kernels_avx2;
#elif defined(__aarch64__)
		case PPDL_CPU_NEON:
			return &ppdl_kernels_neon;
#endif
		case PPDL_CPU_SCALAR:
			break;
	}
	return &ppdl_kernels_scalar;
}
