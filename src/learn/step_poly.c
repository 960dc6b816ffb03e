/* Polynomials of degree 1 to 3, at one level less than their degree. */
#include "learn/step_poly.h"

#include <math.h>

/* times c, without a level */
static void
scale_by(PpdlEval *ev, PpdlCt *ct, double c)
{
	ct->scale /= fabs(c);
	ct->bound *= fabs(c);
	if (c < 0)
		ppdl_ct_neg(ev, ct);
}

/* adds c at the real units and `constant` at the constant one */
static PpdlStatus
add_at_units(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, PpdlAxis axis, double c, double constant, PpdlError *err)
{
	if (c == 0 && (constant == 0 || !sgd->lay.bias))
		return PPDL_OK;			/* a plaintext of zeros would have no bound */
	ppdl_sgd_vector(sgd, axis, 0, c, constant);
	return ppdl_sgd_add(sgd, ev, ct, err);
}

PpdlSlotPoly
ppdl_sgd_slope(const PpdlSlotPoly *p)
{
	PpdlSlotPoly slope = {.degree = p->degree - 1};

	for (int k = 0; k < p->degree; k++)
		slope.c[k] = (k + 1) * p->c[k + 1];
	return slope;
}

PpdlStatus
ppdl_sgd_poly_product(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *out, const PpdlCt *u, PpdlAxis axis,
					  const PpdlSlotPoly *p, PpdlError *err)
{
	const int	n = p->degree,
				cubic = n == 3;
	PpdlCt		lead,
				square = {0};
	PpdlStatus	status;

	out->d = NULL;
	out->ct.b = out->ct.a = NULL;
	PPDL_TRY(ppdl_ct_copy(ev, &lead, u, u->limbs, err));
	scale_by(ev, &lead, p->c[n]);
	if (cubic)
	{
		PPDL_GOTO(done, ppdl_ct_match(ev, &lead, u->limbs - 1, PPDL_SGD_SCALE, err));
		PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &square, u, u, err));
	}
	PPDL_GOTO(done, add_at_units(sgd, ev, &lead, axis, p->c[n - 1], 0, err));
	PPDL_GOTO(done, ppdl_ct_tensor(ev, out, &lead, cubic ? &square : u, err));
	if (cubic && p->c[1] != 0)
		PPDL_GOTO(done, ppdl_ct_add_multiple(ev, &out->ct, u, p->c[1], 0, err));
done:
	ppdl_ct_release(ev, &lead);
	ppdl_ct_release(ev, &square);
	if (status != PPDL_OK)
		ppdl_ct3_release(ev, out);
	return status;
}

PpdlStatus
ppdl_sgd_poly_finish(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlAxis axis, const PpdlSlotPoly *p,
					 double constant, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_relinearize_rescale(ev, out, in, err));
	status = add_at_units(sgd, ev, out, axis, p->c[0], constant, err);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_sgd_polynomial(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *u, PpdlAxis axis,
					const PpdlSlotPoly *p, double constant, PpdlError *err)
{
	PpdlCt3		product;
	PpdlStatus	status;

	if (p->degree > 1)
	{
		PPDL_TRY(ppdl_sgd_poly_product(sgd, ev, &product, u, axis, p, err));
		return ppdl_sgd_poly_finish(sgd, ev, out, &product, axis, p, constant, err);
	}
	PPDL_TRY(ppdl_ct_copy(ev, out, u, u->limbs, err));
	scale_by(ev, out, p->c[1]);
	status = add_at_units(sgd, ev, out, axis, p->c[0], constant, err);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}
