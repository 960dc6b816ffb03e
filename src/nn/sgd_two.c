/*
 * Two hidden layers: nine levels a step, seven a prediction.  The error is one number a row and
 * class, so that everything else of the gradients is computed beside the forward pass, and the error multiplies it last:
 *
 *	level 1	z1 = fold_low(W1*x)				K = w3*W2
 *	2		u1 = r*z1 + k0, replicated
 *	3		a1 = +-u1^2 + kappa				X = u1*x
 *	4		z2 = fold_high(W2*a1)
 *	5		u2 = r*z2 + k0, replicated
 *	6		a2 = +-u2^2 + kappa				t = fold_low(K*u2)		p = w3*u2
 *	7		o = fold_low(w3*a2)				t replicated			P = p*a1
 *	8		e = (o - y)*eta/rows, replicated	H = c1*t*X + i*c2*P
 *	9		gradients: e*H for W1 + i*W2, e*a2 for w3
 *
 * slopes of the activations are 2*r*sign*u, so that c1 = 4*r1*r2*sign1*sign2 and c2 = 2*r2*sign2.
 */
#include "nn/sgd_impl.h"

PpdlStatus
ppdl_sgd_two_prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
{
	(void) sgd;
	PPDL_TRY(ppdl_ct_split(ev, NULL, &sh->w2, &w[0], err));
	return ppdl_ct_mul_rescale(ev, &sh->k, &w[1], &sh->w2, err);
}

/* everything of one tile that the backward pass takes from the forward pass */
typedef struct Forward
{
	PpdlCt		u1,
				a1,
				u2,
				a2,
				o;
} Forward;

static void
release_forward(PpdlEval *ev, Forward *f)
{
	ppdl_ct_release(ev, &f->u1);
	ppdl_ct_release(ev, &f->a1);
	ppdl_ct_release(ev, &f->u2);
	ppdl_ct_release(ev, &f->a2);
	ppdl_ct_release(ev, &f->o);
}

/* *out = x*y, folded along an axis, rescaled */
static PpdlStatus
mul_fold(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, int step, int count, PpdlError *err)
{
	PPDL_TRY(ppdl_ct_mul(ev, out, x, y, err));
	PPDL_TRY(ppdl_ct_fold(ev, out, step, count, err));
	return ppdl_ct_rescale(ev, out, err);
}

static PpdlStatus
forward(const PpdlSgd *sgd, PpdlEval *ev, Forward *f, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		v;
	PpdlStatus	status;

	/* u1 */
	PPDL_TRY(ppdl_ct_mul(ev, &v, &w[0], x, err));
	status = ppdl_ct_split(ev, &f->u1, NULL, &v, err);
	ppdl_ct_release(ev, &v);
	PPDL_TRY(status);
	PPDL_TRY(ppdl_ct_fold(ev, &f->u1, 1, lay->logd, err));
	PPDL_TRY(ppdl_ct_rescale(ev, &f->u1, err));
	PPDL_TRY(ppdl_sgd_affine(sgd, ev, &f->u1, PPDL_AXIS_HIGH, &lay->act[0], err));
	PPDL_TRY(ppdl_sgd_activate(sgd, ev, &f->a1, &f->u1, PPDL_AXIS_HIGH, &lay->act[0], err));
	/* u2 */
	PPDL_TRY(mul_fold(ev, &f->u2, &sh->w2, &f->a1, 1 << lay->logd, lay->logh, err));
	PPDL_TRY(ppdl_sgd_affine(sgd, ev, &f->u2, PPDL_AXIS_LOW, &lay->act[1], err));
	PPDL_TRY(ppdl_sgd_activate(sgd, ev, &f->a2, &f->u2, PPDL_AXIS_LOW, &lay->act[1], err));
	/* o at slot 0 of each row and class */
	return mul_fold(ev, &f->o, &w[1], &f->a2, 1, lay->logd, err);
}

PpdlStatus
ppdl_sgd_two_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	Forward		f = {0};
	PpdlStatus	status = forward(sgd, ev, &f, sh, w, x, err);

	if (status == PPDL_OK)
	{
		*out = f.o;
		f.o.b = f.o.a = NULL;
	}
	release_forward(ev, &f);
	return status;
}

/* t = sum_l w3[l]*W2[l, j]*u2[l], replicated over the low axis; only at real units, at out_scale: level 7 */
static PpdlStatus
back_to_first(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *t, const PpdlCt *k, const PpdlCt *u2, double out_scale, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;

	PPDL_TRY(mul_fold(ev, t, k, u2, 1, lay->logd, err));
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 1, 1, 0);
	PPDL_TRY(ppdl_sgd_mask(sgd, ev, t, lay->period, out_scale, err));
	PPDL_TRY(ppdl_ct_fold(ev, t, -1, lay->logd, err));
	return ppdl_ct_rescale(ev, t, err);
}

/* H = c1*t*X + i*c2*(w3*u2)*a1: level 8 */
static PpdlStatus
slopes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *h, const Forward *f, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	const PpdlSquare *one = &sgd->lay.act[0],
			   *two = &sgd->lay.act[1];
	const double c1 = 4 * one->r * two->r;
	PpdlCt		t = {0},
				ux = {0},
				p = {0},
				pa = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &ux, &f->u1, x, err));
	/* H is to leave at PPDL_SGD_SCALE */
	PPDL_GOTO(done, back_to_first(sgd, ev, &t, &sh->k, &f->u2,
								  PPDL_SGD_SCALE * c1 * (double) ev->par->ring->mod[f->u2.limbs - 3].q / ux.scale, err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, h, &t, &ux, err));
	h->scale /= c1;
	if (one->sign * two->sign < 0)
		ppdl_ct_neg(ev, h);
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &p, &w[1], &f->u2, err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &pa, &p, &f->a1, err));
	pa.scale /= 2 * two->r;
	PPDL_GOTO(done, ppdl_ct_match(ev, &pa, h->limbs, h->scale, err));
	ppdl_ct_mul_monomial(ev, &pa, (int64_t) ev->par->n / 2);
	if (two->sign < 0)
		ppdl_ct_neg(ev, &pa);
	PPDL_GOTO(done, ppdl_ct_add(ev, h, &pa, err));
done:
	ppdl_ct_release(ev, &t);
	ppdl_ct_release(ev, &ux);
	ppdl_ct_release(ev, &p);
	ppdl_ct_release(ev, &pa);
	return status;
}

PpdlStatus
ppdl_sgd_two_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
				  const PpdlTile *tile, int count, PpdlError *err)
{
	Forward		f = {0};
	PpdlCt		h = {0},
				a2 = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, forward(sgd, ev, &f, sh, w, &tile->x, err));
	PPDL_GOTO(done, ppdl_sgd_error(sgd, ev, &f.o, tile, count, err));
	PPDL_GOTO(done, slopes(sgd, ev, &h, &f, sh, w, &tile->x, err));
	PPDL_GOTO(done, ppdl_sgd_accumulate(ev, &sum[0], &f.o, &h, err));
	/* brought to the scale of H: both gradients leave at the same scale */
	PPDL_GOTO(done, ppdl_ct_copy(ev, &a2, &f.a2, f.a2.limbs, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, &a2, f.o.limbs, PPDL_SGD_SCALE, err));
	PPDL_GOTO(done, ppdl_sgd_accumulate(ev, &sum[1], &f.o, &a2, err));
done:
	release_forward(ev, &f);
	ppdl_ct_release(ev, &h);
	ppdl_ct_release(ev, &a2);
	return status;
}
