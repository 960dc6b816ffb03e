#include "nn/sgd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/boot_impl.h"
#include "ckks/encoder.h"
#include "rows/cipher.h"

struct PpdlSgd
{
	PpdlSlotLayout lay;
	double		learning_rate,
				momentum;
	double complex *scratch;	/* slots of one ciphertext */
};

void
ppdl_tile_release(PpdlEval *ev, PpdlTile *tile)
{
	ppdl_ct_release(ev, &tile->x);
	ppdl_ct_release(ev, &tile->y);
	free(tile->ordinal);
	tile->ordinal = NULL;
}

PpdlStatus
ppdl_sgd_create(PpdlSgd **out, const PpdlSlotLayout *lay, double learning_rate, double momentum, PpdlError *err)
{
	PpdlSgd    *sgd = calloc(1, sizeof(*sgd));

	*out = NULL;
	if (sgd != NULL)
		sgd->scratch = malloc(lay->par->slots * sizeof(double complex));
	if (sgd == NULL || sgd->scratch == NULL)
	{
		free(sgd);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	sgd->lay = *lay;
	sgd->learning_rate = learning_rate;
	sgd->momentum = momentum;
	*out = sgd;
	return PPDL_OK;
}

void
ppdl_sgd_destroy(PpdlSgd *sgd)
{
	if (sgd == NULL)
		return;
	free(sgd->scratch);
	free(sgd);
}

/* *acc += its rotations by step, 2*step, ..., 2^(count-1)*step in turn */
static PpdlStatus
fold(PpdlEval *ev, PpdlCt *acc, int step, int count, PpdlError *err)
{
	for (int i = 0; i < count; i++, step *= 2)
	{
		PpdlCt		rot;
		PpdlStatus	status;

		PPDL_TRY(ppdl_ct_rotate(ev, &rot, acc, step, err));
		status = ppdl_ct_add(ev, acc, &rot, err);
		ppdl_ct_release(ev, &rot);
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

/* ct times the mask (count slots, repeated), leaving scale out_scale after the rescale that the caller does */
static PpdlStatus
mask(PpdlEval *ev, PpdlCt *ct, const double complex *z, size_t count, double out_scale, PpdlError *err)
{
	const double q = (double) ev->par->ring->mod[ct->limbs - 1].q;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, z, count, out_scale * q / ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

static PpdlStatus
add_slots(PpdlEval *ev, PpdlCt *ct, const double complex *z, size_t count, PpdlError *err)
{
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, z, count, ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

/* value at every slot whose input is i0 (any when negative) and whose unit is a real one; const_value at the constant unit */
static void
unit_vector(const PpdlSgd *sgd, double complex *z, int first_input_only, double complex value, double complex const_value)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	for (size_t s = 0; s < lay->period; s++)
	{
		int			j = (int) (s / d % h);

		z[s] = first_input_only && s % d != 0 ? 0 : j < lay->units ? value : j == lay->units && lay->bias ? const_value : 0;
	}
}

/* 1/2i (W - conj W) at input 0: the output weights as real slots; one level */
static PpdlStatus
output_weights(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *w, PpdlError *err)
{
	PpdlCt		conj;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_ct_conjugate(ev, &conj, w, err));
	PPDL_GOTO(fail, ppdl_ct_copy(ev, out, w, w->limbs, err));
	PPDL_GOTO(fail, ppdl_ct_sub(ev, out, &conj, err));
	unit_vector(sgd, sgd->scratch, 1, -0.5 * I, -0.5 * I);
	PPDL_GOTO(fail, mask(ev, out, sgd->scratch, sgd->lay.period, PPDL_SGD_SCALE, err));
	PPDL_GOTO(fail, ppdl_ct_rescale(ev, out, err));
	ppdl_ct_release(ev, &conj);
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, &conj);
	ppdl_ct_release(ev, out);
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
	PPDL_GOTO(done, fold(ev, s, 1, sgd->lay.logd, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, s, err));
	if (t != NULL)
		PPDL_GOTO(done, ppdl_ct_rescale(ev, t, err));
done:
	ppdl_ct_release(ev, &v);
	return status;
}

/* outputs o at (row, class, 0, 0) from s and the output weights: two levels */
static PpdlStatus
second_layer(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlCt *s, const PpdlCt *w2, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		a = {0},
				a2 = {0};
	PpdlStatus	status;

	o->b = o->a = NULL;
	PPDL_GOTO(done, ppdl_ct_copy(ev, &a, s, s->limbs, err));
	a.scale /= lay->r;
	unit_vector(sgd, sgd->scratch, 0, lay->k0, 0);
	PPDL_GOTO(done, add_slots(ev, &a, sgd->scratch, lay->period, err));
	PPDL_GOTO(done, ppdl_ct_mul(ev, &a2, &a, &a, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, &a2, err));
	if (lay->sign < 0)
		ppdl_ct_neg(ev, &a2);
	unit_vector(sgd, sgd->scratch, 0, lay->kappa, 1);
	PPDL_GOTO(done, add_slots(ev, &a2, sgd->scratch, lay->period, err));
	PPDL_GOTO(done, ppdl_ct_mul(ev, o, w2, &a2, err));
	PPDL_GOTO(done, fold(ev, o, 1 << lay->logd, lay->logh, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, o, err));
done:
	ppdl_ct_release(ev, &a);
	ppdl_ct_release(ev, &a2);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, o);
	return status;
}

PpdlStatus
ppdl_sgd_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	PpdlCt		s = {0},
				w2 = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, first_layer(sgd, ev, &s, NULL, w, x, err));
	PPDL_GOTO(done, output_weights(sgd, ev, &w2, w, err));
	PPDL_GOTO(done, second_layer(sgd, ev, out, &s, &w2, err));
done:
	ppdl_ct_release(ev, &s);
	ppdl_ct_release(ev, &w2);
	return status;
}

/*
 * e = (o - y)*eta/count at (row, class, 0, 0) of present rows, replicated over units and inputs; its scale
 * carries the factor 1 + momentum, so that the weights come out of the step at PPDL_SGD_SCALE.  One level.
 */
static PpdlStatus
error_term(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlTile *tile, int count, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const size_t block = (size_t) 1 << (lay->logd + lay->logh);
	PpdlCt		y;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, &y, &tile->y, tile->y.limbs, err));
	PPDL_GOTO(done, ppdl_ct_match(ev, &y, o->limbs, o->scale, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, o, &y, err));
	memset(sgd->scratch, 0, lay->par->slots * sizeof(double complex));
	for (size_t r = 0; r < lay->rows; r++)
		if (tile->ordinal[r] != PPDL_NO_PLACE)
			for (int c = 0; c < lay->classes; c++)
				sgd->scratch[r * lay->period + (size_t) c * block] = sgd->learning_rate / count;
	PPDL_GOTO(done, mask(ev, o, sgd->scratch, lay->par->slots, PPDL_SGD_SCALE * (1 + sgd->momentum) / (lay->logc > 0 ? 2 : 1), err));
	PPDL_GOTO(done, fold(ev, o, -1, lay->logd + lay->logh, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, o, err));
done:
	ppdl_ct_release(ev, &y);
	return status;
}

/* H = w2*p'(u)*x + i*p(u) at every slot from s, t: two levels after theirs */
static PpdlStatus
slopes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, PpdlCt *s, PpdlCt *t, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		iu = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	/* u = r*s + k0, replicated over the inputs; 0 at units that are none */
	s->scale /= lay->r;
	unit_vector(sgd, sgd->scratch, 1, 1, 0);
	PPDL_GOTO(done, mask(ev, s, sgd->scratch, lay->period, PPDL_SGD_SCALE, err));
	PPDL_GOTO(done, fold(ev, s, -1, lay->logd, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, s, err));
	unit_vector(sgd, sgd->scratch, 0, lay->k0, 0);
	PPDL_GOTO(done, add_slots(ev, s, sgd->scratch, lay->period, err));
	/* u*(2 r sign t + i sign u) + i kappa */
	t->scale /= 2 * lay->r;
	PPDL_GOTO(done, ppdl_ct_match(ev, t, s->limbs, s->scale, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &iu, s, s->limbs, err));
	ppdl_ct_mul_monomial(ev, &iu, (int64_t) ev->par->n / 2);
	PPDL_GOTO(done, ppdl_ct_add(ev, t, &iu, err));
	if (lay->sign < 0)
		ppdl_ct_neg(ev, t);
	PPDL_GOTO(done, ppdl_ct_mul(ev, out, s, t, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, out, err));
	unit_vector(sgd, sgd->scratch, 0, lay->kappa * I, 1 * I);
	PPDL_GOTO(done, add_slots(ev, out, sgd->scratch, lay->period, err));
done:
	ppdl_ct_release(ev, &iu);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

/* one tile's e*H, added to the gradient before relinearisation */
static PpdlStatus
tile_gradient(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlCt *w, const PpdlCt *w2,
			  const PpdlTile *tile, int count, PpdlError *err)
{
	PpdlCt		s = {0},
				t = {0},
				e = {0},
				h = {0};
	PpdlCt3		g = {{0}, NULL};
	PpdlStatus	status;

	PPDL_GOTO(done, first_layer(sgd, ev, &s, &t, w, &tile->x, err));
	PPDL_GOTO(done, second_layer(sgd, ev, &e, &s, w2, err));
	PPDL_GOTO(done, error_term(sgd, ev, &e, tile, count, err));
	PPDL_GOTO(done, slopes(sgd, ev, &h, &s, &t, err));
	if (sum->d == NULL)
		PPDL_GOTO(done, ppdl_ct_tensor(ev, sum, &e, &h, err));
	else
	{
		PPDL_GOTO(done, ppdl_ct_tensor(ev, &g, &e, &h, err));
		PPDL_GOTO(done, ppdl_ct3_add(ev, sum, &g, err));
	}
done:
	ppdl_ct3_release(ev, &g);
	ppdl_ct_release(ev, &s);
	ppdl_ct_release(ev, &t);
	ppdl_ct_release(ev, &e);
	ppdl_ct_release(ev, &h);
	return status;
}

/* With several classes the gradient of W1 is the sum over them, that of w2 is not: fold the real part only. */
static PpdlStatus
fold_classes(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *g, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		conj = {0},
				re = {0};
	PpdlStatus	status;

	if (lay->logc == 0)
		return PPDL_OK;
	PPDL_GOTO(done, ppdl_ct_conjugate(ev, &conj, g, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &re, g, g->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, &re, &conj, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, g, &conj, err));
	PPDL_GOTO(done, fold(ev, &re, 1 << (lay->logd + lay->logh), lay->logc, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, g, &re, err));
	g->scale *= 2;
	g->bound /= 2;
done:
	ppdl_ct_release(ev, &conj);
	ppdl_ct_release(ev, &re);
	return status;
}

/* v' = w - g;  w' = v' + m*(v' - v) = (1+m)*w - m*v - (1+m)*g, the factor of g by redeclaring its scale */
static PpdlStatus
update(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, PpdlCt *g, PpdlError *err)
{
	const double m = sgd->momentum;
	const int	limbs = g->limbs;
	PpdlCt		next = {0};
	PpdlStatus	status;

	PPDL_GOTO(fail, ppdl_ct_copy(ev, &next, w, w->limbs, err));
	PPDL_GOTO(fail, ppdl_ct_match(ev, &next, limbs, g->scale, err));
	PPDL_GOTO(fail, ppdl_ct_sub(ev, &next, g, err));
	if (v == NULL)
	{
		ppdl_ct_release(ev, w);
		*w = next;
		return PPDL_OK;
	}
	g->scale /= 1 + m;
	{
		const double q = (double) ev->par->ring->mod[limbs].q;

		ppdl_ct_drop(w, limbs + 1);
		ppdl_ct_drop(v, limbs + 1);
		PPDL_GOTO(fail, ppdl_ct_mul_const(ev, w, 1 + m, 0, g->scale * q / w->scale, err));
		PPDL_GOTO(fail, ppdl_ct_mul_const(ev, v, m, 0, g->scale * q / v->scale, err));
		v->scale = w->scale = g->scale * q;
		PPDL_GOTO(fail, ppdl_ct_sub(ev, w, v, err));
		PPDL_GOTO(fail, ppdl_ct_rescale(ev, w, err));
		w->scale = g->scale;
	}
	PPDL_GOTO(fail, ppdl_ct_sub(ev, w, g, err));
	ppdl_ct_release(ev, v);
	*v = next;
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, &next);
	return status;
}

/*
 * Worst-case bookkeeping through a whole step would say nothing.  Weights stay
 * within [-1, 1] (a diverging run does not, and is documented so); a step adds an error
 * measured below 2^-23, and errors die out as momentum does.
 */
static void
settle_estimates(const PpdlSgd *sgd, PpdlCt *ct, double came)
{
	const double step = 0x1p-23 / (1 - sgd->momentum) * ct->scale / sqrt((double) ct->par->n);

	ct->bound = 1;
	ct->noise = hypot(came, step);
}

PpdlStatus
ppdl_sgd_step(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, const PpdlTile *tile, int tiles, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		w2 = {0},
				g = {0};
	PpdlCt3		sum = {{0}, NULL};
	int			count = 0;
	double		came = w->noise;
	PpdlStatus	status;

	if (w->limbs <= PPDL_SGD_LEVELS)
		return ppdl_error(err, PPDL_ERR_LEVEL, "a training step takes %d levels; the weights have %d limbs", PPDL_SGD_LEVELS, w->limbs);
	for (int i = 0; i < tiles; i++)
		count += tile[i].count;
	if (count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a mini-batch without rows");
	PPDL_GOTO(done, output_weights(sgd, ev, &w2, w, err));
	for (int i = 0; i < tiles; i++)
		PPDL_GOTO(done, tile_gradient(sgd, ev, &sum, w, &w2, &tile[i], count, err));
	PPDL_GOTO(done, ppdl_ct_relinearize(ev, &g, &sum, err));
	PPDL_GOTO(done, fold(ev, &g, (int) lay->period, __builtin_ctzll((unsigned long long) lay->rows), err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, &g, err));
	PPDL_GOTO(done, fold_classes(sgd, ev, &g, err));
	PPDL_GOTO(done, update(sgd, ev, w, v, &g, err));
	settle_estimates(sgd, w, came);
	if (v != NULL)
		settle_estimates(sgd, v, came);
done:
	ppdl_ct3_release(ev, &sum);
	ppdl_ct_release(ev, &w2);
	ppdl_ct_release(ev, &g);
	return status;
}
