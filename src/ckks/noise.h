/*
 * Private to the floor: estimates of noise and bound.  Errors of two operands
 * count as independent.  M is a message of slot bound B and scale S: the
 * Euclidean norm of its coefficients is at most B*S (Parseval), so M times an
 * error of standard deviation e has coefficients of deviation B*S*e.  A bound of
 * 0 (unknown) counts as 1.
 */
#ifndef PPDL_CKKS_NOISE_H
#define PPDL_CKKS_NOISE_H

#include <math.h>

#include "ckks/ct.h"

/* standard deviation of rounding to integers, sqrt(1/12) */
#define PPDL_ROUNDING 0.28867513459481287

static inline double
ppdl_norm(double bound, double scale)
{
	return (bound > 0 ? bound : 1) * scale;
}

/* of the sum of two values */
static inline double
ppdl_bound_add(double x, double y)
{
	return x > 0 && y > 0 ? x + y : 0;
}

/* rounding of both halves of a ciphertext, (1 + |s|^2)/12 with |s|^2 = 2N/3 */
static inline double
ppdl_rescale_noise(const PpdlParams *par)
{
	return sqrt((1 + 2.0 * (double) par->n / 3) / 12);
}

/*
 * An error of |delta| in a constant factor: every slot of a message is off by
 * B*S*|delta|, as if by a coefficient error smaller by sqrt(N).
 */
static inline double
ppdl_factor_noise(const PpdlCt *ct, double delta)
{
	return ppdl_norm(ct->bound, ct->scale) * fabs(delta) / sqrt((double) ct->par->n);
}

static inline double
ppdl_product_noise(const PpdlCt *x, const PpdlCt *y)
{
	double		xy = ppdl_norm(x->bound, x->scale) * y->noise,
				yx = ppdl_norm(y->bound, y->scale) * x->noise;

	if (x == y)
		return 2 * xy;			/* one and the same error twice */
	return sqrt(xy * xy + yx * yx + (double) x->par->n * x->noise * x->noise * y->noise * y->noise);
}

/* plaintexts were rounded to integers */
static inline double
ppdl_plain_product_noise(const PpdlCt *ct, const PpdlPt *pt)
{
	return hypot(ppdl_norm(pt->bound, pt->scale) * ct->noise, ppdl_norm(ct->bound, ct->scale) * PPDL_ROUNDING);
}

#endif
