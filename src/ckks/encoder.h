/*
 * Slots (Cheon, Kim, Kim, Song 2017).  Slot j of a message m is m(zeta^(5^j)), zeta = exp(i*pi/N); rotation by
 * t maps X -> X^(5^t): rot_t(z)[p] = z[p+t].  The transform is algorithms.md, 2.
 */
#ifndef PPDL_CKKS_ENCODER_H
#define PPDL_CKKS_ENCODER_H

#include "base/complex.h"
#include "base/mem.h"
#include "ckks/ct.h"

/*
 * Coefficients (c_0 .. c_(N-1)), real, -> slots: special FFT in place on v[0 .. par->slots-1], where
 * v[j] = c_j + i*c_(j+N/2).  Neither fails.
 */
PpdlStatus	ppdl_special_fft(const PpdlParams *par, double complex *v, PpdlError *err);
/* the inverse, including 1/slots */
PpdlStatus	ppdl_special_ifft(const PpdlParams *par, double complex *v, PpdlError *err);

/*
 * z: `count` slots, a power of two; shorter vectors are repeated with that period.  Coefficients, scale * value, are
 * rounded to nearest; PPDL_ERR_RANGE when one reaches 2^62 or a value is not finite.  out: all members are set but
 * p, which is the caller's and holds limbs*N words; bound = the largest |z|.  1 <= limbs <= par->nq, scale > 0:
 * PPDL_ERR_ARGUMENT.  No address depends on the values; copies of them are wiped.
 */
PpdlStatus	ppdl_encode_slots(const PpdlParams *par, PpdlPt *out, const double complex *z, size_t count,
							  double scale, int limbs, PpdlError *err);
/* the same from N signed coefficients that are scaled already; bound = the largest |c| / scale */
PpdlStatus	ppdl_encode_coeffs(const PpdlParams *par, PpdlPt *out, const int64_t *c, double scale, int limbs,
							   PpdlError *err);

#endif
