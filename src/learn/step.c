#include "learn/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/boot.h"
#include "ckks/verify.h"
#include "learn/estimate.h"
#include "learn/step_scheme.h"

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
ppdl_sgd_set_rate(PpdlSgd *sgd, double learning_rate)
{
	sgd->learning_rate = learning_rate;
}

void
ppdl_sgd_destroy(PpdlSgd *sgd)
{
	if (sgd == NULL)
		return;
	free(sgd->scratch);
	free(sgd);
}

/* g += the real part of the other outputs; leaves twice g, as its scale says */
static PpdlStatus
sum_over_outputs(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *g, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlCt		conj = {0},
				re = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_ct_conjugate(ev, &conj, g, err));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &re, g, g->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, &re, &conj, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, g, &conj, err));
	PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, &re, 1 << (lay->logd + lay->logh), lay->log_outputs, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, g, &re, err));
	g->scale *= 2;
	g->bound /= 2;
done:
	ppdl_ct_release(ev, &conj);
	ppdl_ct_release(ev, &re);
	return status;
}

/* The gradient of weight ciphertext k: the sum over all rows, and over outputs what they share, at every row. */
static PpdlStatus
gradient(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *g, PpdlCt3 *sum, int k, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const int	block = lay->logd + lay->logh,
				first = lay->scheme->equal_in_outputs[k] ? block : block + lay->log_outputs;

	PPDL_TRY(ppdl_ct_relinearize(ev, g, sum, err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, g, 1 << first, __builtin_ctzll((unsigned long long) lay->par->slots) - first,
									err));
	PPDL_TRY(ppdl_ct_rescale(ev, g, err));
	return ppdl_sgd_outputs_apart(lay) ? sum_over_outputs(sgd, ev, g, err) : PPDL_OK;
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
restate_estimates(const PpdlSgd *sgd, PpdlCt *ct, double came)
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
	restate_estimates(sgd, &next, came);
	if (v == NULL)
	{
		ppdl_ct_release(ev, w);
		*w = next;
		return PPDL_OK;
	}
	PPDL_GOTO(fail, extrapolate(sgd, ev, w, v, g, err));
	restate_estimates(sgd, w, came);
	ppdl_ct_release(ev, v);
	*v = next;
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, &next);
	return status;
}

static void
release_shared(PpdlEval *ev, PpdlSgdShared *sh)
{
	ppdl_ct_release(ev, &sh->w2);
	ppdl_ct_release(ev, &sh->k);
}

static PpdlStatus
prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err)
{
	return sgd->lay.scheme->prepare != NULL ? sgd->lay.scheme->prepare(sgd, ev, sh, w, err) : PPDL_OK;
}

PpdlStatus
ppdl_sgd_step(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, const PpdlTile *tile, int tiles, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	PpdlSgdShared sh = {0};
	PpdlCt		g = {0};
	PpdlCt3		sum[PPDL_MAX_WEIGHT_CTS] = {{{0}, NULL}};
	int			count = 0;
	PpdlStatus	status;

	if (w->limbs <= lay->step_levels)
		return ppdl_error(err, PPDL_ERR_LEVEL, "a training step takes %d levels; the weights have %d limbs",
						  lay->step_levels, w->limbs);
	for (int i = 0; i < tiles; i++)
		count += tile[i].count;
	if (count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a mini-batch without rows");
	PPDL_GOTO(done, prepare(sgd, ev, &sh, w, err));
	for (int i = 0; i < tiles; i++)
		PPDL_GOTO(done, lay->scheme->tile(sgd, ev, sum, &sh, w, &tile[i], count, err));
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
 * No bound of outputs is known but what the modulus holds, with the room that slots between the outputs take, and one
 * limb further on, where they are given away, and that training keeps them within PPDL_OUTPUT_RANGE; decryption tells
 * outputs beyond that.
 */
static PpdlStatus
restate_outputs(const PpdlSgd *sgd, PpdlCt *out, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	const int	limbs = out->limbs > 1 ? out->limbs - 1 : 1;
	const double room = exp2(ppdl_params_log2_q(out->par, limbs) - 4) / out->scale;

	out->noise = ppdl_encrypted_error(&sgd->lay, x, w) * out->scale / sqrt((double) out->par->n);
	out->bound = fmin(out->bound, fmin(room, PPDL_OUTPUT_RANGE));
	return ppdl_check_estimates(out->scale, out->noise, out->bound, PPDL_ERR_RANGE, err);
}

PpdlStatus
ppdl_sgd_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *w, const PpdlCt *x, PpdlError *err)
{
	PpdlSgdShared sh = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, prepare(sgd, ev, &sh, w, err));
	PPDL_GOTO(done, sgd->lay.scheme->predict(sgd, ev, out, &sh, w, x, err));
	PPDL_GOTO(done, ppdl_sgd_output(sgd, ev, out, err));
	status = restate_outputs(sgd, out, w, x, err);
done:
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	release_shared(ev, &sh);
	return status;
}
