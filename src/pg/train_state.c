#include "pg/train_state.h"

#include "pg/cipher_datum.h"

PG_FUNCTION_INFO_V1(ppdl_train_lwe_combine);
PG_FUNCTION_INFO_V1(ppdl_train_state_in);
PG_FUNCTION_INFO_V1(ppdl_train_state_out);
PG_FUNCTION_INFO_V1(ppdl_train_state_recv);
PG_FUNCTION_INFO_V1(ppdl_train_state_send);

#define TRAIN_STATE_MAGIC 0x50545354
#define FLAT_MAGIC 0x31535450	/* "PTS1" */

static void
destroy_state(void *arg)
{
	PpdlTrainState *state = arg;

	ppdl_writer_free(&state->flat);
	ppdl_trainset_destroy(state->ts);
}

/* u32 magic, model, u32 length of options, options, u32 next, u64 skipped, the rows */
static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	PpdlTrainState *state = (PpdlTrainState *) eohptr;
	PpdlWriter *w = &state->flat;
	uint32		length = state->options != NULL ? (uint32) strlen(state->options) : 0;
	PpdlError	err;

	ppdl_writer_free(w);
	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_bytes(w, state->model, sizeof(state->model));
	ppdl_write_u32(w, length);
	ppdl_write_bytes(w, state->options, length);
	ppdl_write_u32(w, state->next);
	ppdl_write_u64(w, (uint64_t) state->skipped);
	PPDL_PG(ppdl_trainset_save(state->ts, w, &err));
	if (w->len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("collected training rows are larger than 1 GB"),
				 errhint("Train without parallel workers, or on fewer rows.")));
	return w->len + VARHDRSZ;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	PpdlTrainState *state = (PpdlTrainState *) eohptr;

	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

static PpdlTrainState *
empty_state(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "ppdl_train_state", ALLOCSET_SMALL_SIZES);
	PpdlTrainState *state = MemoryContextAllocZero(context, sizeof(PpdlTrainState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = TRAIN_STATE_MAGIC;
	ppdl_guard(context, destroy_state, state);
	return state;
}

PpdlTrainState *
ppdl_train_state_new(MemoryContext parent, const char *model, const char *options)
{
	PpdlTrainState *state = empty_state(parent);
	PpdlError	err;

	strlcpy(state->model, model, sizeof(state->model));
	if (options != NULL)
		state->options = MemoryContextStrdup(state->hdr.eoh_context, options);
	PPDL_PG(ppdl_trainset_create(&state->ts, &err));
	return state;
}

static PpdlStatus
load(PpdlTrainState *state, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	const uint8_t *model = ppdl_read_bytes(&r, PPDL_MODEL_REF);
	uint32		length = ppdl_read_u32(&r);
	const uint8_t *options = ppdl_read_bytes(&r, length);

	state->next = ppdl_read_u32(&r);
	state->skipped = (int64) ppdl_read_u64(&r);
	if (r.bad || magic != FLAT_MAGIC || memchr(model, '\0', PPDL_MODEL_REF) == NULL || state->skipped < 0 ||
		(length > 0 && memchr(options, '\0', length) != NULL))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of ppdl_train");
	memcpy(state->model, model, PPDL_MODEL_REF);
	if (length > 0)
		state->options = memcpy(MemoryContextAllocZero(state->hdr.eoh_context, (Size) length + 1), options, length);
	return ppdl_trainset_load(&state->ts, r.p, ppdl_reader_left(&r), err);
}

static PpdlTrainState *
load_state(Datum d, MemoryContext parent)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(d);
	PpdlTrainState *state = empty_state(parent);
	PpdlError	err;

	PPDL_PG(load(state, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err));
	return state;
}

MemoryContext
ppdl_train_state_parent(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

PpdlTrainState *
ppdl_train_state_argument(FunctionCallInfo fcinfo, int arg)
{
	Datum		d = PG_GETARG_DATUM(arg);
	PpdlTrainState *state;

	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
		return load_state(d, ppdl_train_state_parent(fcinfo));
	state = (PpdlTrainState *) DatumGetEOHP(d);
	if (state->magic != TRAIN_STATE_MAGIC)
		elog(ERROR, "not a ppdl_train_state");
	return state;
}

void
ppdl_train_state_check(const PpdlTrainState *state, const char *model, const char *options)
{
	if (strcmp(state->model, model) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must name the same model"),
				 errdetail("One row names \"%s\", another one \"%s\".", state->model, model)));
	if (strcmp(state->options ? state->options : "", options ? options : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must have the same training options")));
}

Datum
ppdl_train_lwe_combine(PG_FUNCTION_ARGS)
{
	PpdlTrainState *into,
			   *from;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
	{
		into = load_state(PG_GETARG_DATUM(1), ppdl_train_state_parent(fcinfo));
		PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
	}
	into = ppdl_train_state_argument(fcinfo, 0);
	from = load_state(PG_GETARG_DATUM(1), CurrentMemoryContext);
	ppdl_train_state_check(into, from->model, from->options);
	if ((uint64) into->next + from->next >= PPDL_NO_PLACE)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows to train on")));
	PPDL_PG(ppdl_trainset_merge(into->ts, from->ts, into->next, &err));
	into->next += from->next;
	into->skipped += from->skipped;
	MemoryContextDelete(from->hdr.eoh_context);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
}

/* ---- the state as a value ---- */

static Datum
input(struct varlena *flat, int sqlstate)
{
	PpdlTrainState *state = empty_state(CurrentMemoryContext);
	PpdlError	err;

	if (load(state, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "ppdl_train_state", &err);
	MemoryContextDelete(state->hdr.eoh_context);
	PG_RETURN_POINTER(flat);
}

Datum
ppdl_train_state_in(PG_FUNCTION_ARGS)
{
	return input(ppdl_base64_decode(PG_GETARG_CSTRING(0), "ppdl_train_state"), ERRCODE_INVALID_TEXT_REPRESENTATION);
}

Datum
ppdl_train_state_recv(PG_FUNCTION_ARGS)
{
	return input(ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0)), ERRCODE_INVALID_BINARY_REPRESENTATION);
}

Datum
ppdl_train_state_out(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)));
}

Datum
ppdl_train_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}
