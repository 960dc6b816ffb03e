#include "ring/kernels.h"

#include "base/cpu.h"

const PpdlKernels *
ppdl_kernels(void)
{
	return &ppdl_kernels_scalar;
}
