#include "ring/kernels.h"

#include "base/cpu.h"

const PpdlKernels *
ppdl_kernels(void)
{
#if defined(__x86_64__)
	switch (ppdl_cpu())
	{
		case PPDL_CPU_IFMA:
			return &ppdl_kernels_ifma;
		case PPDL_CPU_AVX2:
			return &ppdl_kernels_avx2;
		case PPDL_CPU_SCALAR:
			break;
	}
#endif
	return &ppdl_kernels_scalar;
}
