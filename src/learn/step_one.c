/*
 * One hidden layer (algorithms.md, 7.2), with an activation p of D levels; a polynomial of the outputs takes its levels
 * before e:
 *
 *	level 1	V = W*x, s = fold_low(re V)			t = im V	w2 at input 0
 *	2		u = s, replicated
 *	1+D		a = p(s)								p'(u)
 *	2+D		o = fold_high(w2*a)					H = t*p'(u) + i*p(u)
 *	3+D		e = (o - y)*eta/rows, replicated
 *	4+D		gradient e*H
 */
#include <math.h>

#include "learn/step_poly.h"
#include "learn/step_scheme.h"

/*
 * Scale of output weights with which outputs, after the activation's own scale, come to a polynomial at about
 * PPDL_SGD_SCALE: its powers' scales would grow else
 */
static double
weight_scale(const PpdlSlotLayout *lay)
{
	const PpdlSlotPoly *p = &lay->act[0];

	if (lay->out.degree == 0)
		return PPDL_SGD_SCALE;
	return PPDL_SGD_SCALE / 4 * (p->degree == 2 ? fabs(p->c[2]) : 1);
}

/*
 * 1/2i (W - conj W) at input 0, over the radius of the outputs' interval: the output weights as real slots; one level
 */
static PpdlStatus
prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
{
	const double complex half = -0.5 * I / sgd->lay.out.radius;
	PpdlCt		conj;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_conjugate(ev, &conj, w, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &sh->w2, w, w->limbs, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, &sh->w2, &conj, err));
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 1, half, half);
	PPDL_GOTO(done, ppdl_sgd_mask(sgd, ev, &sh->w2, sgd->lay.period, weight_scale(&sgd->lay), err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, &sh->w2, err));
done:
	ppdl_ct_release(ev, &conj);
	return status;
}

/* W*x: pre-activations s at input 0 of each unit (one level), and, if t != NULL, t = w2*x (one level) */
static PpdlStatus
first_layer(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *s, PpdlCt *t, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	PpdlCt		v;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_mul(ev, &v, w, x, err));
	PPDL_GOTO(done, ppdl_ct_split(ev, s, t, &v, err));
	PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, s, 1, sgd->lay.logd, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, s, err));
	if (t != NULL)
		PPDL_GOTO(done, ppdl_ct_rescale(ev, t, err));
done:
	ppdl_ct_release(ev, &v);
	return status;
}

/* outputs o at (row, output, 0, 0) from s and the output weights: 1 + D levels; garbage at other inputs is harmless */
static PpdlStatus
second_layer(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlCt *s, const PpdlCt *w2, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		a;
	PpdlStatus	status;

	o->b = o->a = NULL;
	PPDL_TRY(ppdl_sgd_polynomial(sgd, ev, &a, s, PPDL_AXIS_HIGH, &lay->act[0], 1, err));
	PPDL_GOTO(done, ppdl_ct_mul(ev, o, w2, &a, err));
	PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, o, 1 << lay->logd, lay->logh, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, o, err));
done:
	ppdl_ct_release(ev, &a);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, o);
	return status;
}

static PpdlStatus
predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x,
		PpdlError *err)
{
	PpdlCt		s;
	PpdlStatus	status;

	PPDL_TRY(first_layer(sgd, ev, &s, NULL, w, x, err));
	status = second_layer(sgd, ev, out, &s, &sh->w2, err);
	ppdl_ct_release(ev, &s);
	return status;
}

/* H = t*p'(u) + i*p(u) at every slot, at PPDL_SGD_SCALE, from s and t: 2 + D levels after theirs */
static PpdlStatus
slopes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *h, PpdlCt *s, PpdlCt *t, PpdlError *err)
{
	const PpdlSlotPoly *p = &sgd->lay.act[0],
				slope = ppdl_sgd_slope(p);
	const int64_t i = (int64_t) ev->par->n / 2;
	PpdlCt		sl = {0};
	PpdlCt3		sum = {{0}, NULL};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_sgd_replicate(sgd, ev, s, PPDL_AXIS_HIGH, err));
	PPDL_GOTO(done, ppdl_sgd_polynomial(sgd, ev, &sl, s, PPDL_AXIS_HIGH, &slope, 0, err));
	/* i*(p(u) - i*t*p'(u)) */
	PPDL_GOTO(done, ppdl_sgd_poly_product(sgd, ev, &sum, s, PPDL_AXIS_HIGH, p, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, t, sl.limbs, sum.ct.scale / sl.scale, err));
	ppdl_ct_mul_monomial(ev, t, 3 * i);
	PPDL_GOTO(done, ppdl_ct3_add_product(ev, &sum, t, &sl, err));
	PPDL_GOTO(done, ppdl_sgd_poly_finish(sgd, ev, h, &sum, PPDL_AXIS_HIGH, p, 1, err));
	ppdl_ct_mul_monomial(ev, h, i);
	PPDL_GOTO(done, ppdl_ct_match(ev, h, h->limbs - 1, PPDL_SGD_SCALE, err));
done:
	ppdl_ct_release(ev, &sl);
	ppdl_ct3_release(ev, &sum);
	return status;
}

static PpdlStatus
add_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
		 const PpdlTile *tile, int count, PpdlError *err)
{
	PpdlCt		s = {0},
				t = {0},
				e = {0},
				h = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, first_layer(sgd, ev, &s, &t, w, &tile->x, err));
	PPDL_GOTO(done, second_layer(sgd, ev, &e, &s, &sh->w2, err));
	PPDL_GOTO(done, ppdl_sgd_error(sgd, ev, &e, tile, count, err));
	PPDL_GOTO(done, slopes(sgd, ev, &h, &s, &t, err));
	PPDL_GOTO(done, ppdl_ct3_add_product(ev, sum, &e, &h, err));
done:
	ppdl_ct_release(ev, &s);
	ppdl_ct_release(ev, &t);
	ppdl_ct_release(ev, &e);
	ppdl_ct_release(ev, &h);
	return status;
}

const PpdlSgdScheme ppdl_sgd_one_hidden = {
	.nweights = 1,
	.step_levels = 4,
	.predict_levels = 2,
	.outputs_apart = 1,
	.prepare = prepare,
	.tile = add_tile,
	.predict = predict,
};
