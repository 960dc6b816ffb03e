/*
 * Polynomials on ciphertexts, slotwise.  Keys: PPDL_KEY_RELIN.  in is only read; out's buffers are ev's, none after an
 * error.  PPDL_ERR_LEVEL when in has too few limbs, PPDL_ERR_SCALE when out_scale is not positive, PPDL_ERR_ARGUMENT
 * for a degree that is too high.
 */
#ifndef PPDL_CKKS_POLYEVAL_H
#define PPDL_CKKS_POLYEVAL_H

#include "base/complex.h"
#include "ckks/eval.h"

/* levels that a polynomial of this degree takes: 0 for degree 0, else ceil(log2(degree + 1)) */
int			ppdl_poly_levels(int degree);

/*
 * sum_k c[k]*T_k(t), t the slot values, T_k Chebyshev polynomials
 * (complex coefficients allowed); Paterson-Stockmeyer in the Chebyshev basis, the
 * leading path down to degree 1.  degree <= 2047.  Result at in->limbs - ppdl_poly_levels(degree)
 * limbs and exactly out_scale.  (Bossuat et al. 2021, §4; Chen, Chillotti, Song 2019.)
 * Slots are real numbers, within [-1,1] or, if in->bound is more than 1, within that;
 * the estimate of the noise holds for all of them.  Beyond [-1,1] it grows as T_degree does.
 */
PpdlStatus	ppdl_poly_chebyshev(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double complex *c, int degree,
								double out_scale, PpdlError *err);
/* sum_k c[k]*x^k, real coefficients, small degrees (<= 15): the same with the monomial basis */
PpdlStatus	ppdl_poly_monomial(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double *c, int degree,
							   double out_scale, PpdlError *err);

#endif
