/*
 * <complex.h> with CMPLX, which glibc defines for GCC only.
 */
#ifndef PPDL_BASE_COMPLEX_H
#define PPDL_BASE_COMPLEX_H

#include <complex.h>

#ifndef CMPLX
#define CMPLX(re, im) __builtin_complex((double) (re), (double) (im))
#endif

#endif
