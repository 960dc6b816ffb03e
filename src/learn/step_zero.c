/*
 * No hidden layer (algorithms.md, 7.4): the weights are real, one period of them W[output, input].
 *
 *	level 1		o = fold_low(W*x)
 *	1+L			p(o), where outputs have a polynomial of L levels
 *	2+L			e = (o - y)*eta/rows, replicated
 *	3+L			gradient e*x
 *
 * Inputs come divided by the radius of the polynomial's interval, which e makes up for.
 */
#include "learn/step_scheme.h"

/* outputs at (row, output, 0); part sums of two outputs at other inputs */
static PpdlStatus
predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x,
		PpdlError *err)
{
	(void) sh;
	PPDL_TRY(ppdl_ct_mul(ev, out, w, x, err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, out, 1, sgd->lay.logd, err));
	return ppdl_ct_rescale(ev, out, err);
}

static PpdlStatus
add_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
		 const PpdlTile *tile, int count, PpdlError *err)
{
	PpdlCt		e = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, predict(sgd, ev, &e, sh, w, &tile->x, err));
	PPDL_GOTO(done, ppdl_sgd_error(sgd, ev, &e, tile, count, err));
	PPDL_GOTO(done, ppdl_ct3_add_product(ev, sum, &e, &tile->x, err));
done:
	ppdl_ct_release(ev, &e);
	return status;
}

const PpdlSgdScheme ppdl_sgd_no_hidden = {
	.nweights = 1,
	.step_levels = 3,
	.predict_levels = 1,
	.tile = add_tile,
	.predict = predict,
};
