/*
 * Activation polynomials: exact ones, and Chebyshev approximations of the usual
 * functions.
 */
#ifndef PPDL_NET_ACTIVATION_H
#define PPDL_NET_ACTIVATION_H

#include "net/net.h"

/* identity, square, quadratic; 0 when the name is none of them */
int			ppdl_activation_exact(PpdlActivation *act, const char *name);
/* c[0..n-1], finite; trailing zeros are dropped; PPDL_ERR_ARGUMENT when constant or of too high a degree */
PpdlStatus	ppdl_activation_poly(PpdlActivation *act, const double *c, int n, PpdlError *err);
/*
 * relu, sigmoid, tanh, silu: the truncated Chebyshev series of the function on [lo,hi] (within
 * a small factor of the minimax polynomial; Trefethen 2013, ch. 16).  Coefficients that are zero
 * by symmetry are exactly zero; max_error is measured on a grid.
 */
PpdlStatus	ppdl_activation_fit(PpdlActivation *act, const char *name, int degree, double lo, double hi,
								PpdlError *err);
int			ppdl_activation_is_fit(const PpdlActivation *act);	/* has an interval */

/* highest k with a non-zero coefficient (<= act->degree) */
int			ppdl_activation_degree(const PpdlActivation *act);
/* the polynomial and its derivative at z; the interval is not enforced */
double		ppdl_activation_value(const PpdlActivation *act, double z);
double		ppdl_activation_slope(const PpdlActivation *act, double z);
/* a bound on |polynomial| over |z| <= radius */
double		ppdl_activation_bound(const PpdlActivation *act, double radius);

#endif
