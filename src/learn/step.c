#include "learn/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/boot.h"
#include "ckks/encoder.h"
#include "learn/step_impl.h"
#include "rows/cipher.h"

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

/* With one hidden layer the gradient of W1 is the sum over classes, that of w2, in the same ciphertext, is not. */
static int
folds_real_part(const PpdlSlotLayout *lay)
{
	return lay->units2 == 0 && lay->logc > 0;
}

/* ---- shared pieces ---- */

PpdlStatus
ppdl_sgd_mask(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, size_t count, double out_scale, PpdlError *err)
{
	const double q = (double) ev->par->ring->mod[ct->limbs - 1].q;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, sgd->scratch, count, out_scale * q / ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

PpdlStatus
ppdl_sgd_add(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, sgd->scratch, sgd->lay.period, ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

void
ppdl_sgd_vector(const PpdlSgd *sgd, PpdlAxis axis, int first_only, double complex value, double complex constant)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;
	const int	units = axis == PPDL_AXIS_HIGH ? lay->units : lay->units2;

	for (size_t s = 0; s < lay->period; s++)
	{
		size_t		low = s % d,
					high = s / d % h;
		int			unit = (int) (axis == PPDL_AXIS_HIGH ? high : low);
		size_t		other = axis == PPDL_AXIS_HIGH ? low : high;

		sgd->scratch[s] = first_only && other != 0 ? 0 : unit < units ? value : unit == units && lay->bias ? constant : 0;
	}
}

PpdlStatus
ppdl_sgd_replicate(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *z, PpdlAxis axis, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;

	ppdl_sgd_vector(sgd, axis, 1, 1, 0);
	PPDL_TRY(ppdl_sgd_mask(sgd, ev, z, lay->period, PPDL_SGD_SCALE, err));
	PPDL_TRY(axis == PPDL_AXIS_HIGH ? ppdl_ct_fold(ev, z, -1, lay->logd, err)
			 : ppdl_ct_fold(ev, z, -(1 << lay->logd), lay->logh, err));
	return ppdl_ct_rescale(ev, z, err);
}

PpdlStatus
ppdl_sgd_error(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlTile *tile, int count, PpdlError *err)
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
	PPDL_GOTO(done, ppdl_sgd_mask(sgd, ev, o, lay->par->slots, PPDL_SGD_SCALE * (1 + sgd->momentum) / (folds_real_part(lay) ? 2 : 1), err));
	PPDL_GOTO(done, ppdl_ct_fold(ev, o, -1, lay->logd + lay->logh, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, o, err));
done:
	ppdl_ct_release(ev, &y);
	return status;
}

PpdlStatus
ppdl_sgd_accumulate(PpdlEval *ev, PpdlCt3 *sum, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	PpdlCt3		g;
	PpdlStatus	status;

	if (sum->d == NULL)
		return ppdl_ct_tensor(ev, sum, x, y, err);
	PPDL_TRY(ppdl_ct_tensor(ev, &g, x, y, err));
	status = ppdl_ct3_add(ev, sum, &g, err);
	ppdl_ct3_release(ev, &g);
	return status;
}

/* ---- the step ---- */

/* g += the real part of the other classes; leaves twice g, as its scale says */
static PpdlStatus
fold_real_part(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *g, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		conj = {0},
				re = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_ct_conjugate(ev, &conj, g, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &re, g, g->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, &re, &conj, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, g, &conj, err));
	PPDL_GOTO(done, ppdl_ct_fold(ev, &re, 1 << (lay->logd + lay->logh), lay->logc, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, g, &re, err));
	g->scale *= 2;
	g->bound /= 2;
done:
	ppdl_ct_release(ev, &conj);
	ppdl_ct_release(ev, &re);
	return status;
}

/* The gradient of weight ciphertext k: the sum over all rows, and over classes what they share, at every row. */
static PpdlStatus
gradient(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *g, PpdlCt3 *sum, int k, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const int	block = lay->logd + lay->logh,
				first = lay->units2 > 0 && k == 0 ? block : block + lay->logc;

	PPDL_TRY(ppdl_ct_relinearize(ev, g, sum, err));
	PPDL_TRY(ppdl_ct_fold(ev, g, 1 << first, __builtin_ctzll((unsigned long long) lay->par->slots) - first, err));
	PPDL_TRY(ppdl_ct_rescale(ev, g, err));
	return folds_real_part(lay) ? fold_real_part(sgd, ev, g, err) : PPDL_OK;
}

/* w' = (1+m)*w - m*v - (1+m)*g, the factor of g by redeclaring its scale */
static PpdlStatus
extrapolate(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, PpdlCt *g, PpdlError *err)
{
	const double m = sgd->momentum,
				q = (double) ev->par->ring->mod[g->limbs].q;

	g->scale /= 1 + m;
	ppdl_ct_drop(w, g->limbs + 1);
	ppdl_ct_drop(v, g->limbs + 1);
	PPDL_TRY(ppdl_ct_mul_const(ev, w, 1 + m, 0, g->scale * q / w->scale, err));
	PPDL_TRY(ppdl_ct_mul_const(ev, v, m, 0, g->scale * q / v->scale, err));
	v->scale = w->scale = g->scale * q;
	PPDL_TRY(ppdl_ct_sub(ev, w, v, err));
	PPDL_TRY(ppdl_ct_rescale(ev, w, err));
	w->scale = g->scale;
	return ppdl_ct_sub(ev, w, g, err);
}

/*
 * Worst-case bookkeeping through a whole step would say nothing.  Weights are of
 * about 1 (in a diverging run they are not, and it is documented so); a step adds an error
 * measured below 2^-23, and errors die out as momentum does.
 */
static void
settle_estimates(const PpdlSgd *sgd, PpdlCt *ct, double came)
{
	const double step = 0x1p-23 / (1 - sgd->momentum) * ct->scale / sqrt((double) ct->par->n);

	ct->bound = 1;
	ct->noise = hypot(came, step);
}

/* v' = w - g;  w' = v' + m*(v' - v) */
static PpdlStatus
update(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, PpdlCt *g, PpdlError *err)
{
	const double came = w->noise;
	PpdlCt		next = {0};
	PpdlStatus	status;

	PPDL_GOTO(fail, ppdl_ct_copy(ev, &next, w, w->limbs, err));
	PPDL_GOTO(fail, ppdl_ct_match(ev, &next, g->limbs, g->scale, err));
	PPDL_GOTO(fail, ppdl_ct_sub(ev, &next, g, err));
	settle_estimates(sgd, &next, came);
	if (v == NULL)
	{
		ppdl_ct_release(ev, w);
		*w = next;
		return PPDL_OK;
	}
	PPDL_GOTO(fail, extrapolate(sgd, ev, w, v, g, err));
	settle_estimates(sgd, w, came);
	ppdl_ct_release(ev, v);
	*v = next;
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, &next);
	return status;
}

static PpdlStatus
prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
{
	memset(sh, 0, sizeof(*sh));
	return sgd->lay.units2 ? ppdl_sgd_two_prepare(sgd, ev, sh, w, err) : ppdl_sgd_one_prepare(sgd, ev, sh, w, err);
}

static void
release_shared(PpdlEval *ev, PpdlSgdShared *sh)
{
	ppdl_ct_release(ev, &sh->w2);
	ppdl_ct_release(ev, &sh->k);
}

PpdlStatus
ppdl_sgd_step(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, const PpdlTile *tile, int tiles, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlSgdShared sh;
	PpdlCt		g = {0};
	PpdlCt3		sum[PPDL_MAX_WEIGHT_CTS] = {{{0}, NULL}};
	int			count = 0;
	PpdlStatus	status;

	if (w->limbs <= lay->step_levels)
		return ppdl_error(err, PPDL_ERR_LEVEL, "a training step takes %d levels; the weights have %d limbs", lay->step_levels, w->limbs);
	for (int i = 0; i < tiles; i++)
		count += tile[i].count;
	if (count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a mini-batch without rows");
	PPDL_GOTO(done, prepare(sgd, ev, &sh, w, err));
	for (int i = 0; i < tiles; i++)
		PPDL_GOTO(done, lay->units2 ? ppdl_sgd_two_tile(sgd, ev, sum, &sh, w, &tile[i], count, err)
				  : ppdl_sgd_one_tile(sgd, ev, sum, &sh, w, &tile[i], count, err));
	for (int k = 0; k < lay->nweights; k++)
	{
		PPDL_GOTO(done, gradient(sgd, ev, &g, &sum[k], k, err));
		PPDL_GOTO(done, update(sgd, ev, &w[k], v == NULL ? NULL : &v[k], &g, err));
		ppdl_ct_release(ev, &g);
	}
done:
	for (int k = 0; k < PPDL_MAX_WEIGHT_CTS; k++)
		ppdl_ct3_release(ev, &sum[k]);
	release_shared(ev, &sh);
	ppdl_ct_release(ev, &g);
	return status;
}

/*
 * As in settle_estimates(): errors of inputs (a half-bootstrap's) and weights go through sums as independent ones, with units whose
 * squared weights sum to 1, activations of about 1 and slopes of 2.  Values are bounded by what the modulus holds, with the room that
 * slots between the outputs take; outputs beyond that are told at decryption.
 */
static void
settle_outputs(const PpdlSgd *sgd, PpdlCt *out, const PpdlCt *w)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const double room = exp2(ppdl_params_log2_q(out->par, out->limbs) - 4) / out->scale,
				in = w->noise * sqrt((double) w->par->n) / w->scale;
	double		e = 2 * hypot(2 * PPDL_BOOT_ERROR, sqrt(lay->inputs + lay->bias) * in);

	if (lay->units2 > 0)
		e = 2 * hypot(e, sqrt(lay->units + lay->bias) * in);
	e = hypot(e, sqrt((lay->units2 > 0 ? lay->units2 : lay->units) + lay->bias) * in);
	out->noise = fmin(out->noise, e * out->scale / sqrt((double) out->par->n));
	out->bound = fmin(out->bound, room);
}

PpdlStatus
ppdl_sgd_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	PpdlSgdShared sh;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, prepare(sgd, ev, &sh, w, err));
	PPDL_GOTO(done, sgd->lay.units2 ? ppdl_sgd_two_predict(sgd, ev, out, &sh, w, x, err)
			  : ppdl_sgd_one_predict(sgd, ev, out, &sh, w, x, err));
	settle_outputs(sgd, out, w);
done:
	release_shared(ev, &sh);
	return status;
}
