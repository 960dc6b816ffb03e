/*
 * Ciphertexts and plaintexts.  ct = (b, a), phase = b + a*s = scale * message +
 * error (mod q_0 .. q_(limbs-1)).  Both halves are in the NTT domain, always.
 *
 * noise: estimated standard deviation of the error of one COEFFICIENT of the
 *        phase (absolute, not divided by the scale);
 * bound: a bound on |value| of what is carried (coefficients for row layouts,
 *        slots for slot layouts), 0 when nothing is known; PpdlEval keeps both
 *        up to date.
 * value error of coefficient layouts = noise/scale, of slots = noise*sqrt(N)/scale.
 */
#ifndef PPDL_CKKS_CT_H
#define PPDL_CKKS_CT_H

#include "ckks/params.h"

typedef struct PpdlCt
{
	const PpdlParams *par;
	int			limbs;
	double		scale;
	double		noise;
	double		bound;
	uint64_t   *b,				/* limbs * N each, from the evaluator's pool */
			   *a;
} PpdlCt;

/* a product before relinearisation: phase = b + a*s + d*s^2 */
typedef struct PpdlCt3
{
	PpdlCt		ct;
	uint64_t   *d;
} PpdlCt3;

typedef struct PpdlPt
{
	const PpdlParams *par;
	int			limbs;
	double		scale;
	double		bound;			/* of |slot| */
	uint64_t   *p;				/* NTT domain */
} PpdlPt;

#endif
