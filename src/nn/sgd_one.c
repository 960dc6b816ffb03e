/* One hidden layer: five levels a step, three a prediction (crypto: one SGD step in slots). */
#include "nn/sgd_impl.h"

/* 1/2i (W - conj W) at input 0: the output weights as real slots; one level */
PpdlStatus
ppdl_sgd_one_prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
{
	PpdlCt		conj;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_conjugate(ev, &conj, w, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &sh->w2, w, w->limbs, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, &sh->w2, &conj, err));
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 1, -0.5 * I, -0.5 * I);
	PPDL_GOTO(done, ppdl_sgd_mask(sgd, ev, &sh->w2, sgd->lay.period, PPDL_SGD_SCALE, err));
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
	PPDL_GOTO(done, ppdl_ct_fold(ev, s, 1, sgd->lay.logd, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, s, err));
	if (t != NULL)
		PPDL_GOTO(done, ppdl_ct_rescale(ev, t, err));
done:
	ppdl_ct_release(ev, &v);
	return status;
}

/* outputs o at (row, class, 0, 0) from s and the output weights: two levels; garbage at other inputs is harmless */
static PpdlStatus
second_layer(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlCt *s, const PpdlCt *w2, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		u = {0},
				a = {0};
	PpdlStatus	status;

	o->b = o->a = NULL;
	PPDL_GOTO(done, ppdl_ct_copy(ev, &u, s, s->limbs, err));
	u.scale /= lay->act[0].r;
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 0, lay->act[0].k0, 0);
	PPDL_GOTO(done, ppdl_sgd_add(sgd, ev, &u, err));
	PPDL_GOTO(done, ppdl_sgd_activate(sgd, ev, &a, &u, PPDL_AXIS_HIGH, &lay->act[0], err));
	PPDL_GOTO(done, ppdl_ct_mul(ev, o, w2, &a, err));
	PPDL_GOTO(done, ppdl_ct_fold(ev, o, 1 << lay->logd, lay->logh, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, o, err));
done:
	ppdl_ct_release(ev, &u);
	ppdl_ct_release(ev, &a);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, o);
	return status;
}

PpdlStatus
ppdl_sgd_one_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	PpdlCt		s;
	PpdlStatus	status;

	PPDL_TRY(first_layer(sgd, ev, &s, NULL, w, x, err));
	status = second_layer(sgd, ev, out, &s, &sh->w2, err);
	ppdl_ct_release(ev, &s);
	return status;
}

/* H = w2*p'(u)*x + i*p(u) at every slot from s, t: two levels after theirs */
static PpdlStatus
slopes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, PpdlCt *s, PpdlCt *t, PpdlError *err)
{
	const PpdlSquare *sq = &sgd->lay.act[0];
	PpdlCt		iu = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, ppdl_sgd_affine(sgd, ev, s, PPDL_AXIS_HIGH, sq, err));
	/* u*(2 r sign t + i sign u) + i kappa */
	t->scale /= 2 * sq->r;
	PPDL_GOTO(done, ppdl_ct_match(ev, t, s->limbs, s->scale, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &iu, s, s->limbs, err));
	ppdl_ct_mul_monomial(ev, &iu, (int64_t) ev->par->n / 2);
	PPDL_GOTO(done, ppdl_ct_add(ev, t, &iu, err));
	if (sq->sign < 0)
		ppdl_ct_neg(ev, t);
	PPDL_GOTO(done, ppdl_ct_mul_rescale(ev, out, s, t, err));
	ppdl_sgd_vector(sgd, PPDL_AXIS_HIGH, 0, sq->kappa * I, 1 * I);
	PPDL_GOTO(done, ppdl_sgd_add(sgd, ev, out, err));
done:
	ppdl_ct_release(ev, &iu);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_sgd_one_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
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
	PPDL_GOTO(done, ppdl_sgd_accumulate(ev, sum, &e, &h, err));
done:
	ppdl_ct_release(ev, &s);
	ppdl_ct_release(ev, &t);
	ppdl_ct_release(ev, &e);
	ppdl_ct_release(ev, &h);
	return status;
}
