#include "nn/etrain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"
#include "ckks/wire.h"
#include "nn/weights.h"

struct PpdlTrainer
{
	PpdlEval   *ev;
	PpdlTrainOptions opt;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint64_t	rows;
	PpdlTileSet *tiles;
	PpdlSgd    *sgd;
	PpdlSparseBoot *boot;
	PpdlCt		ct[2];			/* weights and, with momentum, the point they are extrapolated from */
	int			count;			/* of ct */
	int			step,
				steps;
};

void
ppdl_trainer_destroy(PpdlTrainer *t)
{
	if (t == NULL)
		return;
	ppdl_tiles_destroy(t->tiles, t->ev);
	ppdl_sgd_destroy(t->sgd);
	ppdl_sparseboot_destroy(t->boot);
	ppdl_ct_release(t->ev, &t->ct[0]);
	ppdl_ct_release(t->ev, &t->ct[1]);
	free(t);
}

/* the first weights are no secret: (encoding, 0) */
static PpdlStatus
first_weights(PpdlTrainer *t, const PpdlNet *net, PpdlError *err)
{
	const PpdlSlotLayout *lay = &t->tiles->lay;
	double complex *z = malloc(lay->period * sizeof(*z));
	PpdlStatus	status;

	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_slots_from_net(lay, net, z);
	for (int i = 0; i < t->count; i++)
	{
		PpdlPt		pt;

		PPDL_GOTO(done, ppdl_ct_alloc(t->ev, &t->ct[i], PPDL_BOOT_WORK_LIMBS, err));
		pt = (PpdlPt) {.par = t->ev->par, .p = t->ct[i].b};
		PPDL_GOTO(done, ppdl_encode_slots(t->ev->par, &pt, z, lay->period, PPDL_SGD_SCALE, PPDL_BOOT_WORK_LIMBS, err));
		memset(t->ct[i].a, 0, (size_t) PPDL_BOOT_WORK_LIMBS * t->ev->par->n * sizeof(uint64_t));
		t->ct[i].scale = PPDL_SGD_SCALE;
		t->ct[i].bound = 1;
		t->ct[i].noise = 1;
	}
	status = PPDL_OK;
done:
	free(z);
	return status;
}

typedef struct Lifting
{
	PpdlTrainerProgress progress;
	void	   *arg;
} Lifting;

static void
tell_lift(void *arg, int done, int total)
{
	Lifting    *l = arg;

	if (l->progress != NULL)
		l->progress(l->arg, "lift", done, total);
}

static PpdlStatus
lift_rows(PpdlTrainer *t, const PpdlNet *net, const PpdlTrainSet *ts, PpdlTrainerProgress progress, void *arg, PpdlError *err)
{
	Lifting		l = {progress, arg};
	PpdlSlotLayout lay;
	PpdlHalfBoot *hb;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, t->ev->par, net, ts->width_x, err));
	PPDL_TRY(ppdl_sgd_create(&t->sgd, &lay, t->opt.learning_rate, t->opt.momentum, err));
	PPDL_TRY(ppdl_sparseboot_create(&t->boot, t->ev->par, lay.period, t->count, PPDL_SGD_SCALE, t->ev->threads, err));
	PPDL_TRY(ppdl_halfboot_create(&hb, t->ev->par, t->ev->threads, err));
	status = ppdl_tiles_create(&t->tiles, t->ev, hb, &lay, net, ts, ppdl_train_classes(&t->opt, ts->rows), tell_lift, &l, err);
	ppdl_halfboot_destroy(hb);
	return status;
}

PpdlStatus
ppdl_trainer_create(PpdlTrainer **out, PpdlEval *ev, const PpdlNet *net, const PpdlTrainOptions *opt,
					const PpdlTrainSet *ts, PpdlTrainerProgress progress, void *arg, PpdlError *err)
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
	t->count = opt->momentum > 0 ? 2 : 1;
	t->steps = ppdl_train_steps(opt, ts->rows);
	PPDL_GOTO(fail, lift_rows(t, net, ts, progress, arg, err));
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

/* the tiles of one class, side by side (borrowed) */
static PpdlTile *
mini_batch(const PpdlTrainer *t, int class, int *count)
{
	const PpdlTileSet *set = t->tiles;
	PpdlTile   *tile = malloc((size_t) (set->count > 0 ? set->count : 1) * sizeof(*tile));

	*count = 0;
	for (int i = 0; tile != NULL && i < set->count; i++)
		if (set->class_of[i] == class)
			tile[(*count)++] = set->tile[i];
	return tile;
}

/* copies of the state, so that a failure or a cancel leaves the last whole step */
static PpdlStatus
copy_state(const PpdlTrainer *t, PpdlCt *to, PpdlError *err)
{
	to[0].b = to[0].a = to[1].b = to[1].a = NULL;
	for (int i = 0; i < t->count; i++)
		PPDL_TRY(ppdl_ct_copy(t->ev, &to[i], &t->ct[i], t->ct[i].limbs, err));
	return PPDL_OK;
}

static void
keep_state(PpdlTrainer *t, PpdlCt *from)
{
	for (int i = 0; i < t->count; i++)
	{
		ppdl_ct_release(t->ev, &t->ct[i]);
		t->ct[i] = from[i];
	}
}

PpdlStatus
ppdl_trainer_step(PpdlTrainer *t, PpdlError *err)
{
	int			class = ppdl_train_class(&t->opt, t->rows, t->step),
				tiles;
	PpdlTile   *tile = mini_batch(t, class, &tiles);
	PpdlCt		next[2];
	PpdlStatus	status;

	if (tile == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(fail, copy_state(t, next, err));
	if (next[0].limbs <= PPDL_SGD_LEVELS)
		PPDL_GOTO(fail, ppdl_sparseboot_run(t->boot, t->ev, next, err));
	/* rows chosen by a filter may leave a class empty: its step is none */
	if (tiles > 0)
		PPDL_GOTO(fail, ppdl_sgd_step(t->sgd, t->ev, &next[0], t->count == 2 ? &next[1] : NULL, tile, tiles, err));
	keep_state(t, next);
	t->step++;
	free(tile);
	return PPDL_OK;
fail:
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(t->ev, &next[i]);
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
	ppdl_write_u8(w, (uint8_t) t->count);
	for (int i = 0; i < t->count; i++)
		ppdl_put_ct(w, &t->ct[i]);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_trainer_restore(PpdlTrainer *t, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	magic = ppdl_read_u32(&r),
				step = ppdl_read_u32(&r);
	uint8_t		count = ppdl_read_u8(&r);
	PpdlCt		ct[2] = {{0}};
	PpdlStatus	status;

	if (r.bad || magic != STATE_MAGIC || count != t->count || step > (uint32_t) t->steps)
		return ppdl_error(err, PPDL_ERR_FORMAT, "this is no state of this training run");
	for (int i = 0; i < t->count; i++)
		PPDL_GOTO(fail, ppdl_get_ct(&r, t->ev, &ct[i], err));
	if (ppdl_reader_left(&r) != 0)
	{
		status = ppdl_error(err, PPDL_ERR_FORMAT, "the state of this training run has extra bytes");
		goto fail;
	}
	keep_state(t, ct);
	t->step = (int) step;
	return PPDL_OK;
fail:
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(t->ev, &ct[i]);
	return status;
}

PpdlStatus
ppdl_trainer_finish(PpdlTrainer *t, PpdlWriter *w, PpdlError *err)
{
	PpdlCt		ct[2];
	PpdlStatus	status;

	PPDL_GOTO(done, copy_state(t, ct, err));
	if (ct[0].limbs < PPDL_MODEL_LIMBS)
		PPDL_GOTO(done, ppdl_sparseboot_run(t->boot, t->ev, ct, err));
	ppdl_ct_drop(&ct[0], PPDL_MODEL_LIMBS);
	status = ppdl_weights_save(w, &ct[0], (uint32_t) t->tiles->lay.period, t->fingerprint, err);
done:
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(t->ev, &ct[i]);
	return status;
}

size_t
ppdl_trainer_memory(const PpdlNet *net, int width, uint64_t rows, PpdlError *err)
{
	const PpdlParams *par;
	PpdlSlotLayout lay;
	size_t		limb,
				tiles;

	if (ppdl_params_get(PPDL_RING_DEEP, &par, err) != PPDL_OK || ppdl_slot_layout(&lay, par, net, width, err) != PPDL_OK)
		return 0;
	limb = par->n * sizeof(uint64_t);
	tiles = (rows + lay.rows - 1) / lay.rows + PPDL_MAX_CLASSES;
	/* x and y of each tile; lifting: one full ciphertext with its digits, the inner sums of the widest matrix, tables */
	return tiles * 4 * PPDL_BOOT_WORK_LIMBS * limb + (size_t) 2 * 37 * limb * 16 + 16 * 37 * limb;
}

/* ---- prediction ---- */

PpdlStatus
ppdl_encrypted_predict(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlNet *net, const PpdlCt *weights, const PpdlTrainSet *ts,
					   PpdlPredictedTile result, void *arg, PpdlError *err)
{
	PpdlSlotLayout lay;
	PpdlTileSet *set = NULL;
	PpdlSgd    *sgd = NULL;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, ev->par, net, ts->width_x, err));
	PPDL_GOTO(done, ppdl_sgd_create(&sgd, &lay, 1, 0, err));
	PPDL_GOTO(done, ppdl_tiles_create(&set, ev, hb, &lay, net, ts, 1, NULL, NULL, err));
	for (int i = 0; i < set->count; i++)
	{
		PpdlCt		out;

		PPDL_GOTO(done, ppdl_sgd_predict(sgd, ev, &out, weights, &set->tile[i].x, err));
		status = result(arg, &out, &lay, set->tile[i].ordinal, err);
		ppdl_ct_release(ev, &out);
		if (status != PPDL_OK)
			goto done;
	}
	status = PPDL_OK;
done:
	ppdl_tiles_destroy(set, ev);
	ppdl_sgd_destroy(sgd);
	return status;
}
