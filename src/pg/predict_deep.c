#include "pg/predict_deep.h"

#include "learn/predict_encrypted.h"
#include "learn/trainer.h"
#include "learn/weights.h"
#include "predict/predictor.h"
#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "pg/watch.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "utils/datum.h"

static void
check_key(const PpdlModel *model, const uint8_t fp[8], uint8_t ring)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, fp);
	if (model->encrypted && strcmp(hex, model->key_id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" version %d is encrypted under key %s, the rows under key %s", model->name,
						model->version,
						model->key_id, hex)));
	if (!ppdl_key_serves(fp, PPDL_USE_TRAIN, ring))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("prediction of these rows takes keys that key %s is not published with", hex),
				 errhint("%s%s", ppdl_key_serve_hint(fp, PPDL_USE_TRAIN),
						 model->encrypted ? "" : " Full rows instead of compact ones do without.")));
}

/* raises when no keys could help */
static void
check_network(const PpdlModel *model, int width)
{
	const PpdlPoll poll = {ppdl_pg_interrupted, NULL};
	const PpdlParams *par;
	PpdlSlotLayout lay;
	PpdlError	err;

	PPDL_PG(ppdl_params_get(PPDL_RING_DEEP, &par, &err));
	if (model->encrypted)
		PPDL_PG(ppdl_slot_layout(&lay, par, model->net, width, &err));
	else
		PPDL_PG(ppdl_predictor_check_lifted(par, model->net, width, &poll, &err));
}

bool
ppdl_predict_is_deep(const PpdlModel *model, const PpdlCipher *row)
{
	if (!model->encrypted)
	{
		ppdl_model_require_weights(model);
		if (row->kind != PPDL_KIND_SLICE)
			return false;
		/* without the keys the row ring's own error says more */
		if (row->limbs > 1 &&
			(ppdl_network_levels(model->net) <= PPDL_ROW_LEVELS ||
			 !ppdl_key_serves(row->fingerprint, PPDL_USE_TRAIN, row->par->id)))
			return false;
	}
	check_network(model, row->width);
	check_key(model, row->fingerprint, row->par->id);
	return true;
}

typedef struct Prediction
{
	const PpdlModel *model;
	const PpdlTrainSet *ts;
	uint64_t	encoding;		/* of rows and model */
	PpdlEval   *ev;
	PpdlHalfBoot *hb;
	PpdlPredictor *predictor;	/* of a plain model */
	PpdlCt		weights[PPDL_MAX_WEIGHT_CTS];	/* of an encrypted one */
	PpdlPackedWriter *writer;
	PpdlWatch	watch;
	uint64		done;			/* rows */
} Prediction;

static void
destroy_prediction(void *arg)
{
	Prediction *p = arg;

	ppdl_halfboot_destroy(p->hb);
	ppdl_predictor_destroy(p->predictor);
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
		ppdl_ct_release(p->ev, &p->weights[i]);
	ppdl_packed_writer_destroy(p->writer);
}

static void
tell(void *arg, uint64_t done, uint64_t total, const char *what)
{
	Prediction *p = arg;
	double		left = ppdl_watch_left(&p->watch, done, total);

	p->done = done;
	if (left >= 0)
		ppdl_tell_progress("prediction in the deep ring: %s %llu of %llu, %.0f s left", what, (unsigned long long) done,
						   (unsigned long long) total, left);
}

/* outputs of rows that take 2^logk coefficients each */
static PpdlStatus
write_rows(void *arg, const PpdlCt *out, int logk, const uint32_t *ordinal, PpdlError *err)
{
	Prediction *p = arg;

	if (p->writer == NULL)
	{
		PPDL_TRY(ppdl_packed_writer_create(&p->writer, PPDL_LAYOUT_SLOTS, ppdl_net_outputs(p->model->net), logk,
										   p->ts->fingerprint, err));
		ppdl_packed_writer_set_encoding(p->writer, p->encoding);
	}
	return ppdl_packed_writer_add(p->writer, p->ev, out, ordinal, err);
}

/* ---- plain weights ---- */

static PpdlStatus
take_rows(void *arg, const PpdlCt *out, int logk, const uint32_t *ordinal, PpdlError *err)
{
	const Prediction *p = arg;
	int			rows = 0;

	for (size_t r = 0; r < p->ev->par->n >> logk; r++)
		rows += ordinal[r] != PPDL_NO_PLACE;
	tell(arg, p->done + (uint64) rows, p->ts->rows, "row");
	return write_rows(arg, out, logk, ordinal, err);
}

static void
predict_plain(Prediction *p)
{
	PpdlError	err;

	PPDL_PG(ppdl_predictor_create_lifted(&p->predictor, p->ev, p->model->net, p->ts->width_x, &err));
	PPDL_PG(ppdl_halfboot_create(&p->hb, p->ev, &err));
	PPDL_PG(ppdl_predict_lifted(p->predictor, p->ev, p->hb, p->ts, take_rows, p, &err));
}

/* ---- encrypted weights ---- */

static void
load_weights(Prediction *p, const PpdlSlotLayout *lay)
{
	const PpdlModel *model = p->model;
	struct varlena *stored = ppdl_model_encrypted_weights(model);
	uint8_t		fp[PPDL_FINGERPRINT_BYTES];
	uint32_t	period;
	int			count;
	PpdlError	err;

	PPDL_PG(ppdl_weights_load(p->ev, p->weights, &count, &period, fp, VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored),
							  &err));
	pfree(stored);
	if (memcmp(fp, p->ts->fingerprint, sizeof(fp)) != 0)
	{
		char		weights[17],
					rows[17];

		ppdl_fingerprint_hex(weights, fp);
		ppdl_fingerprint_hex(rows, p->ts->fingerprint);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the encrypted weights of model \"%s\" version %d are under key %s, the rows are of key %s",
						model->name, model->version, weights, rows),
				 errhint("After a rotation of keys the owner exports the model with the former key and imports it "
						 "under the new one (ppdl model export, ppdl model import).")));
	}
	if (period != lay->period || count != lay->nweights)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the encrypted weights of model \"%s\" version %d do not belong to its network or key",
						model->name,
						model->version)));
}

static void
predict_encrypted(Prediction *p)
{
	PpdlSlotLayout lay;
	PpdlError	err;

	PPDL_PG(ppdl_slot_layout(&lay, p->ev->par, p->model->net, p->ts->width_x, &err));
	load_weights(p, &lay);
	PPDL_PG(ppdl_halfboot_create(&p->hb, p->ev, &err));
	PPDL_PG(ppdl_encrypted_predict(&(PpdlEncryptedPrediction) {p->ev, p->hb, p->model->net, p->weights, p->ts,
															   write_rows, tell, p}, &err));
}

static struct varlena *
predict(const PpdlModel *model, PpdlTrainSet *ts, uint32 nrows)
{
	Prediction *p = palloc0(sizeof(Prediction));
	PpdlWriter	w;
	PpdlError	err;

	p->model = model;
	p->ts = ts;
	p->encoding = ppdl_model_join_encoding(model, ts->encoding);
	ppdl_watch_start(&p->watch, PPDL_WATCH_QUERY);
	ppdl_writers_load_keys(ts);
	p->ev = ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_DEEP, ts->fingerprint);
	ppdl_guard(CurrentMemoryContext, destroy_prediction, p);
	if (model->encrypted)
		predict_encrypted(p);
	else
		predict_plain(p);
	ppdl_writer_init(&w);
	return ppdl_cipher_result(ppdl_packed_writer_finish(p->writer, nrows, &w, &err), &w, &err);
}

struct varlena *
ppdl_predict_deep(const PpdlModel *model, PpdlTrainSet *ts, uint32 nrows)
{
	MemoryContext caller = CurrentMemoryContext,
				context = AllocSetContextCreate(caller, "ppdl_predict deep", ALLOCSET_DEFAULT_SIZES);
	struct varlena *result;

	MemoryContextSwitchTo(context);
	/* the rows may have been collected elsewhere */
	if (!model->encrypted)
		ppdl_model_require_weights(model);
	check_network(model, ts->width_x);
	check_key(model, ts->fingerprint, ts->par->id);
	result = predict(model, ts, nrows);
	MemoryContextSwitchTo(caller);
	result = (struct varlena *) DatumGetPointer(datumCopy(PointerGetDatum(result), false, -1));
	MemoryContextDelete(context);
	return result;
}
