/*
 * Slots.  Slot j of a message m is m(zeta^(5^j)), zeta = exp(i*pi/N); rotation by
 * t maps X -> X^(5^t): rot_t(z)[p] = z[p+t].
 */
#ifndef PPDL_CKKS_ENCODER_H
#define PPDL_CKKS_ENCODER_H

#include "base/complex.h"
#include "base/mem.h"
#include "ckks/ct.h"

/*
 * coefficients (c_0 .. c_(n-1)) real -> slots: in place special FFT on v, where v[j] = c_j + i*c_(j+N/2); count =
 * par->slots
 */
PpdlStatus	ppdl_special_fft(const PpdlParams *par, double complex *v, PpdlError *err);
/* the inverse, including 1/slots */
PpdlStatus	ppdl_special_ifft(const PpdlParams *par, double complex *v, PpdlError *err);

/*
 * z: `count` slots, a power of two; shorter vectors are repeated with that period.
 * Coefficients are rounded to nearest; PPDL_ERR_RANGE when one reaches 2^62 or a
 * value is not finite.  out->p must hold limbs*N words.
 */
PpdlStatus	ppdl_encode_slots(const PpdlParams *par, PpdlPt *out, const double complex *z, size_t count,
							  double scale, int limbs, PpdlError *err);
/* N signed coefficients, already scaled, -> NTT limbs */
PpdlStatus	ppdl_encode_coeffs(const PpdlParams *par, PpdlPt *out, const int64_t *c, double scale, int limbs,
							   PpdlError *err);

#endif
