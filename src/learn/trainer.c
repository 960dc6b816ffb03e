#include "learn/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"
#include "ckks/wire.h"
#include "learn/predict_encrypted.h"
#include "predict/lifting.h"
#include "learn/weights.h"
#include "rows/bridge.h"

struct PpdlTrainer
{
	PpdlEval   *ev;
	PpdlTrainOptions opt;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint64_t	rows;
	PpdlTileSet *tiles;
	PpdlSgd    *sgd;
	PpdlSparseBoot *boot;
	int			nweights,
				momentum;		/* 1: there is one */
	double complex *first;		/* the first weights, a period for each ciphertext of them */
	double		longest;		/* of them, of a unit */
	PpdlCt		ct[2][PPDL_MAX_WEIGHT_CTS];	/* weights and, with momentum, the points they are extrapolated from */
	int			step,
				steps;
};

typedef PpdlCt State[2][PPDL_MAX_WEIGHT_CTS];

static void
release_state(const PpdlTrainer *t, State ct)
{
	for (int m = 0; m < 2; m++)
		for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
			ppdl_ct_release(t->ev, &ct[m][i]);
}

void
ppdl_trainer_destroy(PpdlTrainer *t)
{
	if (t == NULL)
		return;
	ppdl_tiles_destroy(t->tiles, t->ev);
	ppdl_sgd_destroy(t->sgd);
	ppdl_sparseboot_destroy(t->boot);
	release_state(t, t->ct);
	free(t->first);
	free(t);
}

/* weights that are no secret, as a ciphertext (encoding, 0) */
static PpdlStatus
plain_weights(PpdlEval *ev, PpdlCt *ct, const double complex *z, size_t period, PpdlError *err)
{
	double		most = 1;
	PpdlPt		pt;

	for (size_t i = 0; i < period; i++)
		most = fmax(most, cabs(z[i]));
	PPDL_TRY(ppdl_ct_alloc(ev, ct, PPDL_BOOT_WORK_LIMBS, err));
	pt = (PpdlPt) {.par = ev->par, .p = ct->b};
	PPDL_TRY(ppdl_encode_slots(ev->par, &pt, z, period, PPDL_SGD_SCALE, ct->limbs, err));
	memset(ct->a, 0, (size_t) ct->limbs * ev->par->n * sizeof(uint64_t));
	ct->scale = PPDL_SGD_SCALE;
	ct->bound = most;
	ct->noise = 1;
	return PPDL_OK;
}

static PpdlStatus
first_weights(PpdlTrainer *t, const PpdlNet *net, PpdlError *err)
{
	const PpdlSlotLayout *lay = &t->tiles->lay;

	t->longest = ppdl_net_longest_weights(net);
	t->first = malloc((size_t) lay->nweights * lay->period * sizeof(*t->first));
	if (t->first == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_slots_from_net(lay, net, t->first, err));
	for (int m = 0; m <= t->momentum; m++)
		for (int i = 0; i < lay->nweights; i++)
			PPDL_TRY(plain_weights(t->ev, &t->ct[m][i], t->first + (size_t) i * lay->period, lay->period, err));
	return PPDL_OK;
}

static PpdlStatus
lift_rows(PpdlTrainer *t, const PpdlNet *net, const PpdlTrainSet *ts, PpdlProgress progress, void *arg, PpdlError *err)
{
	PpdlSlotLayout lay;
	PpdlHalfBoot *hb;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, t->ev->par, net, ts->width_x, err));
	PPDL_TRY(ppdl_slot_check_loss(net, t->opt.loss, err));
	PPDL_TRY(ppdl_sgd_create(&t->sgd, &lay, t->opt.learning_rate, t->opt.momentum, err));
	t->nweights = lay.nweights;
	PPDL_TRY(ppdl_sparseboot_create(&t->boot, t->ev, lay.period, 1 + t->momentum, PPDL_SGD_SCALE, err));
	PPDL_TRY(ppdl_halfboot_create(&hb, t->ev, err));
	status = ppdl_tiles_create(&t->tiles, &(PpdlTileSource) {t->ev, hb, &lay, net, ts,
															 ppdl_train_minibatches(&t->opt, ts->rows), progress, arg},
							   err);
	ppdl_halfboot_destroy(hb);
	return status;
}

PpdlStatus
ppdl_trainer_create(PpdlTrainer **out, PpdlEval *ev, const PpdlNet *net, const PpdlTrainOptions *opt,
					const PpdlTrainSet *ts, PpdlProgress progress, void *arg, PpdlError *err)
{
	PpdlTrainer *t;
	PpdlStatus	status;

	*out = NULL;
	if (ts->rows == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "there are no rows to train on");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->ev = ev;
	t->opt = *opt;
	t->rows = ts->rows;
	memcpy(t->fingerprint, ts->fingerprint, sizeof(t->fingerprint));
	t->momentum = opt->momentum > 0;
	t->steps = ppdl_train_steps(opt, ts->rows);
	PPDL_GOTO(fail, lift_rows(t, net, ts, progress, arg, err));
	ppdl_pool_trim(ev->pool);	/* steps take much less */
	PPDL_GOTO(fail, first_weights(t, net, err));
	*out = t;
	return PPDL_OK;
fail:
	ppdl_trainer_destroy(t);
	return status;
}

int
ppdl_trainer_step_count(const PpdlTrainer *t)
{
	return t->steps;
}

int
ppdl_trainer_steps_done(const PpdlTrainer *t)
{
	return t->step;
}

/* the tiles of one minibatch, side by side (borrowed) */
static PpdlTile *
mini_batch(const PpdlTrainer *t, int minibatch, int *count)
{
	const PpdlTileSet *set = t->tiles;
	PpdlTile   *tile = malloc((size_t) (set->count > 0 ? set->count : 1) * sizeof(*tile));

	*count = 0;
	for (int i = 0; tile != NULL && i < set->count; i++)
		if (set->minibatch_of[i] == minibatch)
			tile[(*count)++] = set->tile[i];
	return tile;
}

/* copies of the state, so that a failure or a cancel leaves the last whole step */
static PpdlStatus
copy_state(const PpdlTrainer *t, State to, PpdlError *err)
{
	memset(to, 0, sizeof(State));
	for (int m = 0; m <= t->momentum; m++)
		for (int i = 0; i < t->nweights; i++)
			PPDL_TRY(ppdl_ct_copy(t->ev, &to[m][i], &t->ct[m][i], t->ct[m][i].limbs, err));
	return PPDL_OK;
}

static void
keep_state(PpdlTrainer *t, State from)
{
	release_state(t, t->ct);
	memcpy(t->ct, from, sizeof(State));
}

/* ct = first weights - ct, of weight ciphertext i */
static PpdlStatus
reflect(const PpdlTrainer *t, PpdlCt *ct, int i, PpdlError *err)
{
	const size_t period = t->tiles->lay.period;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(t->ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(t->ev->par, &pt, t->first + (size_t) i * period, period, ct->scale, ct->limbs,
									  err));
	ppdl_ct_neg(t->ev, ct);
	PPDL_GOTO(done, ppdl_ct_add_plain(t->ev, ct, &pt, err));
	ct->bound = 1;
done:
	ppdl_pt_release(t->ev, &pt);
	return status;
}

/*
 * What training changed is bootstrapped, not the weights: the modular reduction's error grows with the fifth power of a
 * coefficient, and first output weights, equal but for their signs, are one large coefficient.
 */
static PpdlStatus
refresh_pair(const PpdlTrainer *t, PpdlCt *pair, int i, PpdlError *err)
{
	for (int m = 0; m <= t->momentum; m++)
	{
		ppdl_ct_drop(&pair[m], 1);
		PPDL_TRY(reflect(t, &pair[m], i, err));
	}
	PPDL_TRY(ppdl_sparseboot_run(t->boot, t->ev, pair, err));
	for (int m = 0; m <= t->momentum; m++)
		PPDL_TRY(reflect(t, &pair[m], i, err));
	return PPDL_OK;
}

/* each weight ciphertext with its momentum */
static PpdlStatus
refresh(const PpdlTrainer *t, State ct, PpdlError *err)
{
	for (int i = 0; i < t->nweights; i++)
	{
		PpdlCt		pair[2] = {ct[0][i], ct[1][i]};
		PpdlStatus	status = refresh_pair(t, pair, i, err);

		ct[0][i] = pair[0];
		ct[1][i] = pair[1];
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_trainer_step(PpdlTrainer *t, PpdlError *err)
{
	int			minibatch = ppdl_train_minibatch(&t->opt, t->rows, t->step),
				tiles;
	PpdlTile   *tile = mini_batch(t, minibatch, &tiles);
	State		next;
	PpdlStatus	status;

	if (tile == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(fail, copy_state(t, next, err));
	if (next[0][0].limbs <= t->tiles->lay.step_levels)
		PPDL_GOTO(fail, refresh(t, next, err));
	ppdl_sgd_set_rate(t->sgd, ppdl_train_rate(&t->opt, t->step, t->steps));
	/* rows chosen by a filter may leave a minibatch empty: its step is none */
	if (tiles > 0)
		PPDL_GOTO(fail, ppdl_sgd_step(t->sgd, t->ev, next[0], t->momentum ? next[1] : NULL, tile, tiles, err));
	keep_state(t, next);
	t->step++;
	free(tile);
	return PPDL_OK;
fail:
	release_state(t, next);
	free(tile);
	return status;
}

/* ---- state ---- */

#define STATE_MAGIC 0x31534C50	/* "PLS1" */

PpdlStatus
ppdl_trainer_save(const PpdlTrainer *t, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_u32(w, STATE_MAGIC);
	ppdl_write_u32(w, (uint32_t) t->step);
	ppdl_write_u8(w, (uint8_t) t->momentum);
	ppdl_write_u8(w, (uint8_t) t->nweights);
	for (int m = 0; m <= t->momentum; m++)
		for (int i = 0; i < t->nweights; i++)
			ppdl_put_ct(w, &t->ct[m][i]);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

int
ppdl_trainer_state_step(const void *buf, size_t len)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	magic = ppdl_read_u32(&r),
				step = ppdl_read_u32(&r);

	return r.bad || magic != STATE_MAGIC || step > INT32_MAX ? 0 : (int) step;
}

PpdlStatus
ppdl_trainer_restore(PpdlTrainer *t, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	magic = ppdl_read_u32(&r),
				step = ppdl_read_u32(&r);
	uint8_t		momentum = ppdl_read_u8(&r),
				nweights = ppdl_read_u8(&r);
	State		ct;
	PpdlStatus	status;

	memset(ct, 0, sizeof(ct));
	if (r.bad || magic != STATE_MAGIC || momentum != t->momentum || nweights != t->nweights ||
		step > (uint32_t) t->steps)
		return ppdl_error(err, PPDL_ERR_FORMAT, "this is no state of this training run");
	for (int m = 0; m <= t->momentum; m++)
		for (int i = 0; i < t->nweights; i++)
			PPDL_GOTO(fail, ppdl_get_ct(&r, t->ev, &ct[m][i], err));
	if (ppdl_reader_left(&r) != 0)
	{
		status = ppdl_error(err, PPDL_ERR_FORMAT, "the state of this training run has extra bytes");
		goto fail;
	}
	keep_state(t, ct);
	t->step = (int) step;
	return PPDL_OK;
fail:
	release_state(t, ct);
	return status;
}

/* one scale, number of limbs and bound for all weight ciphertexts */
static PpdlStatus
match_weights(const PpdlTrainer *t, State ct, int limbs, PpdlError *err)
{
	const double bound = PPDL_TRAINING_MOVES + t->longest;

	for (int i = 0; i < t->nweights; i++)
	{
		if (t->nweights == 1)
			ppdl_ct_drop(&ct[0][i], limbs);
		else
			PPDL_TRY(ppdl_ct_match(t->ev, &ct[0][i], limbs, PPDL_SGD_SCALE, err));
		ct[0][i].bound = bound;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_trainer_finish(PpdlTrainer *t, PpdlWriter *w, PpdlError *err)
{
	const PpdlSlotLayout *lay = &t->tiles->lay;
	const int	limbs = ppdl_encrypted_predict_limbs(lay);
	State		ct;
	PpdlStatus	status;

	PPDL_GOTO(done, copy_state(t, ct, err));
	if (ct[0][0].limbs < limbs + (t->nweights > 1))
		PPDL_GOTO(done, refresh(t, ct, err));
	PPDL_GOTO(done, match_weights(t, ct, limbs, err));
	status = ppdl_weights_save(w, ct[0], t->nweights, (uint32_t) lay->period, t->fingerprint, err);
done:
	release_state(t, ct);
	return status;
}

size_t
ppdl_trainer_memory(const PpdlNet *net, const PpdlTrainOptions *opt, int width, uint64_t rows, PpdlError *err)
{
	const PpdlParams *par;
	PpdlSlotLayout lay;
	size_t		limb,
				tiles;

	if (ppdl_params_get(PPDL_RING_DEEP, &par, err) != PPDL_OK ||
		ppdl_slot_layout(&lay, par, net, width, err) != PPDL_OK)
		return 0;
	limb = par->n * sizeof(uint64_t);
	/* a mini-batch leaves the room that its last rows do not fill, and batches of few rows leave some between them */
	tiles = (rows + rows / 4 + lay.rows - 1) / lay.rows + (size_t) ppdl_train_minibatches(opt, rows);
	/*
	 * x and y of each tile; lifting: tables, a full ciphertext with its digits, and the inner sums of the widest
	 * matrix, which the pool keeps for each of the levels, as their sizes differ (measured: 1.2 GB in all)
	 */
	return tiles * 4 * PPDL_LIFTED_LIMBS * limb + 72 * 37 * limb;
}
