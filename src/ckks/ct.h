/*
 * Ciphertexts and plaintexts.  ct = (b, a), phase = b + a*s = scale * message +
 * error (mod q_0 .. q_(limbs-1)).  Residues are reduced; everything that takes or
 * leaves a ciphertext has both halves in the NTT domain, unless it says otherwise.
 *
 * scale: 2^-PPDL_ESTIMATE_BITS to 2^PPDL_ESTIMATE_BITS;
 * noise: estimated standard deviation of the error of one COEFFICIENT of the
 *        phase (absolute, not divided by the scale), 0 to 2^PPDL_ESTIMATE_BITS;
 * bound: a bound on |value| of what is carried (coefficients for row layouts,
 *        slots for slot layouts), up to 2^PPDL_ESTIMATE_BITS, 0 when nothing is
 *        known; PpdlEval keeps all three up to date.
 * value error of coefficient layouts = noise/scale, of slots = noise*sqrt(N)/scale.
 *
 * Builds with assertions check all of this at each public entry (verify.h).
 */
#ifndef PPDL_CKKS_CT_H
#define PPDL_CKKS_CT_H

#include "ckks/params.h"

#define PPDL_ESTIMATE_BITS 1000
/* callers that set estimates themselves may leave the ranges by so many bits until the next operation refuses it */
#define PPDL_ESTIMATE_SLACK 20

/* what residues are: 0 is neither, so that what was never made by this floor is noticed */
typedef enum PpdlDomain
{
	PPDL_DOMAIN_NTT = 1,
	PPDL_DOMAIN_COEFFS			/* or a mixture, on the way from one to the other: good for nothing but release */
} PpdlDomain;

typedef struct PpdlCt
{
	const PpdlParams *par;
	PpdlDomain	domain;
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
	PpdlDomain	domain;
	int			limbs;
	double		scale;
	double		bound;			/* of |slot| */
	uint64_t   *p;				/* limbs * N */
} PpdlPt;

#endif
