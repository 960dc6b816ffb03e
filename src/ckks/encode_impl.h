/* Private to the floor: the steps of encoding (encoder.c), for callers that choose the primes. */
#ifndef PPDL_CKKS_ENCODE_IMPL_H
#define PPDL_CKKS_ENCODE_IMPL_H

#include "ckks/encoder.h"

/* slots (see ppdl_encode_slots) -> N integer coefficients, |c| < 2^62; work: `count` complex numbers */
PpdlStatus	ppdl_slots_to_coeffs(const PpdlParams *par, int64_t *c, double complex *work,
								 const double complex *z, size_t count, double scale, PpdlError *err);
/* c + 2^62, the form that ppdl_shifted_to_limb takes, of every 2^logrun-th: N >> logrun words; out may be c */
void		ppdl_shift_coeffs(const PpdlParams *par, uint64_t *out, const int64_t *c, int logrun);
/* -> one limb, NTT domain, one value of each run of 2^logrun (runs.h); no branch on the values */
void		ppdl_shifted_to_limb(const PpdlParams *par, const PpdlModulus *m, uint64_t *limb, const uint64_t *shifted,
								 int logrun);

#endif
