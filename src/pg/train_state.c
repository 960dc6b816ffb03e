#include "pg/train_state.h"

#include "pg/keys.h"

#include "common/int.h"
#include "rows/ordinals.h"

#define FLAT_MAGIC 0x31535450	/* "PTS1" */

static void
destroy(PpdlAggState *agg)
{
	ppdl_trainset_destroy(((PpdlTrainState *) agg)->ts);
}

static size_t
memory(const PpdlAggState *agg)
{
	return ppdl_trainset_memory(((const PpdlTrainState *) agg)->ts);
}

/* u32 magic, model, u32 length of options, options, u32 next, u64 skipped, the rows */
static PpdlStatus
save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	PpdlTrainState *state = (PpdlTrainState *) agg;
	uint32		length = state->options != NULL ? (uint32) strlen(state->options) : 0;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_bytes(w, state->model, sizeof(state->model));
	ppdl_write_u32(w, length);
	ppdl_write_bytes(w, state->options, length);
	ppdl_write_u32(w, state->next);
	ppdl_write_u64(w, (uint64_t) state->skipped);
	return ppdl_trainset_save(state->ts, w, err);
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of ppdl_train");
}

/* rows are numbered 0, 1, 2 …, without gaps */
static PpdlStatus
check_rows(const PpdlTrainState *state, PpdlError *err)
{
	uint8_t    *seen;

	if (state->ts->rows != state->next)
		return malformed(err);
	seen = MemoryContextAllocZero(state->agg.hdr.eoh_context, ppdl_ordinal_bytes(state->next) + 1);
	PPDL_TRY(ppdl_trainset_mark(state->ts, seen, state->next, err));
	pfree(seen);
	return PPDL_OK;
}

static PpdlStatus
load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlTrainState *state = (PpdlTrainState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	const uint8_t *model = ppdl_read_bytes(&r, PPDL_MODEL_REF);
	uint32		length = ppdl_read_u32(&r);
	const uint8_t *options = ppdl_read_bytes(&r, length);

	state->next = ppdl_read_u32(&r);
	state->skipped = (int64) ppdl_read_u64(&r);
	if (r.bad || magic != FLAT_MAGIC || memchr(model, '\0', PPDL_MODEL_REF) == NULL || state->skipped < 0 ||
		(length > 0 && memchr(options, '\0', length) != NULL))
		return malformed(err);
	memcpy(state->model, model, PPDL_MODEL_REF);
	if (length > 0)
		state->options = memcpy(MemoryContextAllocZero(agg->hdr.eoh_context, (Size) length + 1), options, length);
	PPDL_TRY(ppdl_pg_trainset(&state->ts, err));
	PPDL_TRY(ppdl_trainset_fill(state->ts, r.p, ppdl_reader_left(&r), err));
	return check_rows(state, err);
}

void
ppdl_train_state_check(const PpdlTrainState *state, const char *model, const char *options)
{
	if (strcmp(state->model, model) != 0)
		ppdl_model_mismatch(state->model, model);
	if (strcmp(state->options ? state->options : "", options ? options : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must have the same training options")));
}

static PpdlStatus
merge(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	PpdlTrainState *into = (PpdlTrainState *) into_agg,
			   *from = (PpdlTrainState *) from_agg;

	ppdl_train_state_check(into, from->model, from->options);
	if ((uint64) into->next + from->next >= PPDL_NO_PLACE || pg_add_s64_overflow(into->skipped, from->skipped,
																				 &into->skipped))
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows to train on");
	PPDL_TRY(ppdl_trainset_merge(into->ts, from->ts, into->next, err));
	into->next += from->next;
	return PPDL_OK;
}

static const PpdlAggKind train_kind = {
	"ppdl_train_state", "collected training rows", sizeof(PpdlTrainState), destroy, save, load, merge, memory
};

PPDL_AGG_STATE_TYPE(ppdl_train_state, &train_kind);
PPDL_SQL_FUNCTION(ppdl_train_lwe_combine, ppdl_agg_state_combine(fcinfo, &train_kind));

PpdlTrainState *
ppdl_train_state_new(MemoryContext parent, const char *model, const char *options)
{
	PpdlTrainState *state = ppdl_agg_state_create(parent, &train_kind);
	PpdlError	err;

	strlcpy(state->model, model, sizeof(state->model));
	if (options != NULL)
		state->options = MemoryContextStrdup(state->agg.hdr.eoh_context, options);
	PPDL_PG(ppdl_pg_trainset(&state->ts, &err));
	return state;
}

PpdlTrainState *
ppdl_train_state_argument(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_argument(fcinfo, 0, &train_kind);
}

PpdlTrainState *
ppdl_train_state_read(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_read(fcinfo, 0, &train_kind);
}
