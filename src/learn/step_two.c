/*
 * Two hidden layers (algorithms.md, 7.3), with activations p1, p2 of D1, D2 levels.  The error is one number a row and
 * output, so that everything else of the gradients is computed beside the forward pass, and the error multiplies it
 * last:
 *
 *	level 1		z1 = fold_low(W1*x)				K = w3*W2
 *	2			u1 = z1, replicated
 *	2+D1		a1 = p1(u1)						X = p1'(u1)*x
 *	3+D1		z2 = fold_high(W2*a1)
 *	4+D1		u2 = z2, replicated
 *	4+D1+D2		a2 = p2(u2)						t = fold_low(K*p2'(u2))		p = w3*p2'(u2)
 *	5+D1+D2		o = fold_low(w3*a2)				t replicated				P = p*a1
 *	6+D1+D2		e = (o - y)*eta/rows, replicated	H = t*X + i*P
 *	7+D1+D2		gradients: e*H for W1 + i*W2, e*a2 for w3
 *
 * There are no levels for a polynomial of the outputs.
 */
#include "learn/step_poly.h"
#include "learn/step_scheme.h"

static PpdlStatus
prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
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
mul_and_sum(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, int step, int count, PpdlError *err)
{
	PPDL_TRY(ppdl_ct_mul(ev, out, x, y, err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, out, step, count, err));
	return ppdl_ct_rescale(ev, out, err);
}

static PpdlStatus
forward(const PpdlSgd *sgd, PpdlEval *ev, Forward *f, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x,
		PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		v;
	PpdlStatus	status;

	/* u1 */
	PPDL_TRY(ppdl_ct_mul(ev, &v, &w[0], x, err));
	status = ppdl_ct_split(ev, &f->u1, NULL, &v, err);
	ppdl_ct_release(ev, &v);
	PPDL_TRY(status);
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, &f->u1, 1, lay->logd, err));
	PPDL_TRY(ppdl_ct_rescale(ev, &f->u1, err));
	PPDL_TRY(ppdl_sgd_replicate(sgd, ev, &f->u1, PPDL_AXIS_HIGH, err));
	PPDL_TRY(ppdl_sgd_polynomial(sgd, ev, &f->a1, &f->u1, PPDL_AXIS_HIGH, &lay->act[0], 1, err));
	/* u2 */
	PPDL_TRY(mul_and_sum(ev, &f->u2, &sh->w2, &f->a1, 1 << lay->logd, lay->logh, err));
	PPDL_TRY(ppdl_sgd_replicate(sgd, ev, &f->u2, PPDL_AXIS_LOW, err));
	PPDL_TRY(ppdl_sgd_polynomial(sgd, ev, &f->a2, &f->u2, PPDL_AXIS_LOW, &lay->act[1], 1, err));
	/* o at slot 0 of each row and output */
	return mul_and_sum(ev, &f->o, &w[1], &f->a2, 1, lay->logd, err);
}

static PpdlStatus
predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x,
		PpdlError *err)
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

/*
 * t = sum_l K[j, l]*p2'(u2[l]), replicated over the low axis; only at real units, at the scale of the prime that a
 * product with it loses
 */
static PpdlStatus
back_to_first(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *t, const PpdlCt *k, const PpdlCt *slope2, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;

	PPDL_TRY(mul_and_sum(ev, t, k, slope2, 1, lay->logd, err));
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 1, 1, 0);
	PPDL_TRY(ppdl_sgd_mask(sgd, ev, t, lay->period, (double) ev->par->ring->mod[t->limbs - 2].q, err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, t, -1, lay->logd, err));
	return ppdl_ct_rescale(ev, t, err);
}

/* X = p1'(u1)*x, real part of H: t*X at PPDL_SGD_SCALE */
static PpdlStatus
slopes_first(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *h, const Forward *f, const PpdlCt *t, const PpdlCt *x,
			 PpdlError *err)
{
	const PpdlSlotPoly slope = ppdl_sgd_slope(&sgd->lay.act[0]);
	PpdlCt		sl,
				sx = {0};
	PpdlStatus	status;

	PPDL_TRY(ppdl_sgd_polynomial(sgd, ev, &sl, &f->u1, PPDL_AXIS_HIGH, &slope, 0, err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &sx, &sl, x, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, &sx, t->limbs, PPDL_SGD_SCALE, err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, h, t, &sx, err));
done:
	ppdl_ct_release(ev, &sl);
	ppdl_ct_release(ev, &sx);
	return status;
}

/* h += i*P, P = w3*p2'(u2)*a1 */
static PpdlStatus
add_slopes_second(PpdlEval *ev, PpdlCt *h, const Forward *f, const PpdlCt *w3, const PpdlCt *slope2, PpdlError *err)
{
	PpdlCt		p,
				pa = {0};
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_mul_rescale(ev, &p, w3, slope2, err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, &pa, &p, &f->a1, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, &pa, h->limbs, h->scale, err));
	ppdl_ct_mul_monomial(ev, &pa, (int64_t) ev->par->n / 2);
	PPDL_GOTO(done, ppdl_ct_add(ev, h, &pa, err));
done:
	ppdl_ct_release(ev, &p);
	ppdl_ct_release(ev, &pa);
	return status;
}

/* H = t*X + i*P */
static PpdlStatus
slopes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *h, const Forward *f, const PpdlSgdShared *sh, const PpdlCt *w3,
	   const PpdlCt *x, PpdlError *err)
{
	const PpdlSlotPoly slope = ppdl_sgd_slope(&sgd->lay.act[1]);
	PpdlCt		slope2,
				t = {0};
	PpdlStatus	status;

	PPDL_TRY(ppdl_sgd_polynomial(sgd, ev, &slope2, &f->u2, PPDL_AXIS_LOW, &slope, 0, err));
	PPDL_GOTO(done, back_to_first(sgd, ev, &t, &sh->k, &slope2, err));
	PPDL_GOTO(done, slopes_first(sgd, ev, h, f, &t, x, err));
	PPDL_GOTO(done, add_slopes_second(ev, h, f, w3, &slope2, err));
done:
	ppdl_ct_release(ev, &slope2);
	ppdl_ct_release(ev, &t);
	return status;
}

static PpdlStatus
add_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
		 const PpdlTile *tile, int count, PpdlError *err)
{
	Forward		f = {0};
	PpdlCt		h = {0},
				a2 = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, forward(sgd, ev, &f, sh, w, &tile->x, err));
	PPDL_GOTO(done, ppdl_sgd_error(sgd, ev, &f.o, tile, count, err));
	PPDL_GOTO(done, slopes(sgd, ev, &h, &f, sh, &w[1], &tile->x, err));
	PPDL_GOTO(done, ppdl_ct3_add_product(ev, &sum[0], &f.o, &h, err));
	/* brought to the scale of H: both gradients leave at the same scale */
	PPDL_GOTO(done, ppdl_ct_copy(ev, &a2, &f.a2, f.a2.limbs, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, &a2, f.o.limbs, PPDL_SGD_SCALE, err));
	PPDL_GOTO(done, ppdl_ct3_add_product(ev, &sum[1], &f.o, &a2, err));
done:
	release_forward(ev, &f);
	ppdl_ct_release(ev, &h);
	ppdl_ct_release(ev, &a2);
	return status;
}

const PpdlSgdScheme ppdl_sgd_two_hidden = {
	.nweights = 2,
	.step_levels = 7,
	.predict_levels = 5,
	.equal_in_outputs = {1, 0},
	.prepare = prepare,
	.tile = add_tile,
	.predict = predict,
};
