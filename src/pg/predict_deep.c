#include "pg/predict_deep.h"

#include "nn/etrain.h"
#include "nn/predict.h"
#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "portability/instr_time.h"
#include "rows/pack.h"
#include "utils/datum.h"

#define NOTICE_AFTER 5.0		/* seconds before progress is told */

static void
check_key(const PpdlModel *model, const uint8_t fp[8])
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, fp);
	if (model->encrypted && strcmp(hex, model->key_id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" version %d is encrypted under key %s, the rows under key %s", model->name, model->version,
						model->key_id, hex)));
	if (!ppdl_key_serves(fp, PPDL_USE_TRAIN))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("prediction of these rows takes keys that key %s is not published with", hex),
				 errhint(model->encrypted ? "Its owner publishes them with \"ppdl publish --for train\"." :
						 "Its owner publishes them with \"ppdl publish --for train\", or writes full rows instead of compact ones.")));
}

bool
ppdl_predict_is_deep(const PpdlModel *model, const PpdlCipher *row)
{
	const PpdlParams *par;
	PpdlSlotLayout lay;
	PpdlError	err;

	if (!model->encrypted)
	{
		ppdl_model_require_weights(model);
		if (row->kind != PPDL_KIND_SLICE ||
			(row->limbs > 1 && ppdl_network_levels(model->net) <= PPDL_ROW_LEVELS))
			return false;
	}
	PPDL_PG(ppdl_params_get(PPDL_RING_DEEP, &par, &err));
	if (ppdl_slot_layout(&lay, par, model->net, row->width, &err) != PPDL_OK)
	{
		if (model->encrypted)
			ppdl_report(&err);
		return false;			/* the row ring's own error says more */
	}
	check_key(model, row->fingerprint);
	return true;
}

typedef struct Prediction
{
	PpdlEval   *ev;
	PpdlHalfBoot *hb;
	PpdlCt		weights[PPDL_MAX_WEIGHT_CTS];
	PpdlPackedWriter *writer;
	const uint8_t *fp;
	instr_time	start;
	double		told;			/* seconds after the start */
	uint64		done,			/* rows */
				rows;
} Prediction;

static void
destroy_prediction(void *arg)
{
	Prediction *p = arg;

	ppdl_halfboot_destroy(p->hb);
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
		ppdl_ct_release(p->ev, &p->weights[i]);
	ppdl_packed_writer_destroy(p->writer);
}

static void
load_weights(Prediction *p, const PpdlModel *model, const PpdlSlotLayout *lay)
{
	struct varlena *stored;
	uint8_t		fp[PPDL_FINGERPRINT_BYTES];
	uint32_t	period;
	int			count;
	PpdlError	err;

	if (!model->encrypted)
	{
		PPDL_PG(ppdl_weights_plain(p->ev, p->weights, lay, model->net, lay->predict_levels + 1, &err));
		return;
	}
	stored = ppdl_model_encrypted_weights(model);
	PPDL_PG(ppdl_weights_load(p->ev, p->weights, &count, &period, fp, VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored), &err));
	pfree(stored);
	if (period != lay->period || count != lay->nweights || memcmp(fp, p->fp, sizeof(fp)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the encrypted weights of model \"%s\" version %d do not belong to its network or key", model->name,
						model->version)));
}

/* at most once a second, for those who wait */
static void
tell(Prediction *p, const PpdlSlotLayout *lay, const uint32_t *ordinal)
{
	instr_time	now;
	double		t;

	for (size_t r = 0; r < lay->rows; r++)
		p->done += ordinal[r] != PPDL_NO_PLACE;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, p->start);
	t = INSTR_TIME_GET_DOUBLE(now);
	if (t < NOTICE_AFTER || t < p->told + 1)
		return;
	p->told = t;
	ereport(NOTICE,
			(errmsg("prediction in the deep ring: %llu of %llu rows, %.0f s left", (unsigned long long) p->done,
					(unsigned long long) p->rows, t / (double) p->done * (double) (p->rows - p->done))));
}

/* outputs of a row lie one class apart */
static PpdlStatus
take_tile(void *arg, const PpdlCt *out, const PpdlSlotLayout *lay, const uint32_t *ordinal, PpdlError *err)
{
	Prediction *p = arg;

	tell(p, lay, ordinal);
	if (p->writer == NULL)
	{
		PPDL_TRY(ppdl_packed_writer_create(&p->writer, PPDL_LAYOUT_SLOTS, lay->classes, ppdl_log2_width((int) lay->period) + 1,
										   p->fp, err));
		if (lay->classes > 1)
			PPDL_TRY(ppdl_packed_writer_stride(p->writer, lay->logd + lay->logh, err));
	}
	return ppdl_packed_writer_add(p->writer, p->ev, out, ordinal, err);
}

static struct varlena *
predict(const PpdlModel *model, const PpdlTrainSet *ts, uint32 nrows)
{
	Prediction *p = palloc0(sizeof(Prediction));
	PpdlSlotLayout lay;
	PpdlWriter	w;
	PpdlError	err;

	p->fp = ts->fingerprint;
	p->rows = ts->rows;
	INSTR_TIME_SET_CURRENT(p->start);
	p->ev = ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_DEEP, ts->fingerprint);
	ppdl_guard(CurrentMemoryContext, destroy_prediction, p);
	PPDL_PG(ppdl_slot_layout(&lay, p->ev->par, model->net, ts->width_x, &err));
	load_weights(p, model, &lay);
	PPDL_PG(ppdl_halfboot_create(&p->hb, p->ev->par, p->ev->threads, &err));
	PPDL_PG(ppdl_encrypted_predict(p->ev, p->hb, model->net, p->weights, ts, take_tile, p, &err));
	ppdl_writer_init(&w);
	return ppdl_cipher_result(ppdl_packed_writer_finish(p->writer, nrows, &w, &err), &w, &err);
}

struct varlena *
ppdl_predict_deep(const PpdlModel *model, const PpdlTrainSet *ts, uint32 nrows)
{
	MemoryContext caller = CurrentMemoryContext,
				context = AllocSetContextCreate(caller, "ppdl_predict deep", ALLOCSET_DEFAULT_SIZES);
	struct varlena *result;

	MemoryContextSwitchTo(context);
	result = predict(model, ts, nrows);
	MemoryContextSwitchTo(caller);
	result = (struct varlena *) DatumGetPointer(datumCopy(PointerGetDatum(result), false, -1));
	MemoryContextDelete(context);
	return result;
}
