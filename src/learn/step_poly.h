/* Private to encrypted training: activations and their slopes on ciphertexts, unit by unit. */
#ifndef PPDL_LEARN_STEP_POLY_H
#define PPDL_LEARN_STEP_POLY_H

#include "learn/step_ops.h"

/* p' */
PpdlSlotPoly ppdl_sgd_slope(const PpdlSlotPoly *p);
/*
 * p(u) at the real units of the axis, `constant` at the constant one, 0 where u is 0 elsewhere.  p->degree - 1 levels;
 * leaves a scale of about u's, in degree 2 (and 1) over the leading coefficient.
 */
PpdlStatus	ppdl_sgd_polynomial(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *u, PpdlAxis axis,
								const PpdlSlotPoly *p, double constant, PpdlError *err);
/*
 * The same in two halves, for degrees 2 and 3: what is added to `product` between them (ppdl_ct3_add_product) shares
 * its relinearisation and rescale.
 */
PpdlStatus	ppdl_sgd_poly_product(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *product, const PpdlCt *u, PpdlAxis axis,
								  const PpdlSlotPoly *p, PpdlError *err);
PpdlStatus	ppdl_sgd_poly_finish(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, PpdlCt3 *product, PpdlAxis axis,
								 const PpdlSlotPoly *p, double constant, PpdlError *err);

#endif
