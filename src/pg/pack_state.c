#include "pg/pack_state.h"

#include "pg/predict_deep.h"

#include <math.h>

#include "ckks/wire.h"
#include "miscadmin.h"
#include "portability/instr_time.h"

PG_FUNCTION_INFO_V1(lwe_pack_combine);
PG_FUNCTION_INFO_V1(lwe_pack_state_in);
PG_FUNCTION_INFO_V1(lwe_pack_state_out);
PG_FUNCTION_INFO_V1(lwe_pack_state_recv);
PG_FUNCTION_INFO_V1(lwe_pack_state_send);

#define PACK_STATE_MAGIC 0x4C504143
#define FLAT_MAGIC 0x3253504C	/* "LPS2" */
#define MAX_WIDTH 16384			/* N of the row ring */
#define NOTICE_AFTER 5.0		/* seconds of merging before progress is told, once a second */

/* ---- life ---- */

static void
destroy_state(void *arg)
{
	PpdlPackState  *state = arg;

	ppdl_writer_free(&state->flat);
	for (int i = 0; i < state->nchunks; i++)
		ppdl_packed_release(state->ev, state->chunk[i]);
	if (state->col != NULL)
		ppdl_collector_destroy(state->col);
	ppdl_trainset_destroy(state->deep);
}

static void save_state(PpdlPackState *state, PpdlWriter *w);

static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	PpdlPackState  *state = (PpdlPackState *) eohptr;

	ppdl_writer_free(&state->flat);
	save_state(state, &state->flat);
	if (state->flat.len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("collected encrypted rows are larger than 1 GB"),
				 errhint("Aggregate fewer rows at a time.")));
	return state->flat.len + VARHDRSZ;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	PpdlPackState  *state = (PpdlPackState *) eohptr;

	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

PpdlPackState *
ppdl_pack_state_new(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "lwe_pack_state", ALLOCSET_SMALL_SIZES);
	PpdlPackState  *state = MemoryContextAllocZero(context, sizeof(PpdlPackState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = PACK_STATE_MAGIC;
	return state;
}

/*
 * What the first row decides.  The evaluator is made before the guard, so that it is destroyed
 * after the ciphertexts in its pool.
 */
static void
set_shape(PpdlPackState *state, const uint8_t fp[8], int width, double scale, int limbs, int outputs)
{
	PpdlCipher *shape = &state->shape;

	state->ev = ppdl_pg_eval(state->hdr.eoh_context, PPDL_RING_ROW, fp);
	ppdl_guard(state->hdr.eoh_context, destroy_state, state);
	shape->par = state->ev->par;
	shape->kind = PPDL_KIND_SLICE;
	shape->limbs = limbs;
	shape->width = width;
	shape->logk = ppdl_log2_width(width);
	shape->scale = scale;
	memcpy(shape->fingerprint, fp, sizeof(shape->fingerprint));
	state->outputs = outputs;
}

static void
keep_chunk(PpdlPackState *state, PpdlPacked *packed)
{
	MemoryContext context = state->hdr.eoh_context;

	if (state->chunk == NULL)
		state->chunk = MemoryContextAlloc(context, 8 * sizeof(PpdlPacked *));
	else if (state->nchunks >= 8 && (state->nchunks & (state->nchunks - 1)) == 0)
		state->chunk = repalloc(state->chunk, 2 * state->nchunks * sizeof(PpdlPacked *));
	state->chunk[state->nchunks++] = packed;
}

/* An empty slot for a packed ciphertext, released with the state. */
static PpdlPacked *
new_chunk(PpdlPackState *state)
{
	PpdlPacked *packed = MemoryContextAllocZero(state->hdr.eoh_context, sizeof(PpdlPacked));

	keep_chunk(state, packed);
	return packed;
}

static void
drop_chunk(PpdlPackState *state)
{
	pfree(state->chunk[--state->nchunks]);
}

/* ---- the flat form: header, packed batches, the collector's own bytes ---- */

static void
save_chunk(PpdlWriter *w, const PpdlPacked *p)
{
	const PpdlParams *par = p->ct.par;

	ppdl_write_u8(w, (uint8_t) p->ct.limbs);
	ppdl_write_f64(w, p->ct.scale);
	ppdl_write_f64(w, p->ct.noise);
	ppdl_write_f64(w, p->ct.bound);
	ppdl_write_u32(w, p->rows);
	for (size_t i = 0; i < par->n >> p->logk; i++)
		ppdl_write_u32(w, p->ordinal[i]);
	ppdl_wire_put_limbs(w, par, p->ct.b, 0, p->ct.limbs);
	ppdl_wire_put_limbs(w, par, p->ct.a, 0, p->ct.limbs);
}

static void
save_state(PpdlPackState *state, PpdlWriter *w)
{
	PpdlError	err;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u32(w, state->next);
	ppdl_write_bytes(w, state->model, sizeof(state->model));
	ppdl_write_u16(w, (uint16_t) state->shape.width);	/* 0: no shape yet, nothing follows */
	if (state->ev == NULL)
		return;
	ppdl_write_bytes(w, state->shape.fingerprint, sizeof(state->shape.fingerprint));
	ppdl_write_f64(w, state->shape.scale);
	ppdl_write_u8(w, (uint8_t) state->shape.limbs);
	ppdl_write_u16(w, (uint16_t) state->outputs);
	ppdl_write_u32(w, (uint32) state->nchunks);
	for (int i = 0; i < state->nchunks; i++)
		save_chunk(w, state->chunk[i]);
	if (state->deep != NULL)
		PPDL_PG(ppdl_trainset_save(state->deep, w, &err));
	else
		PPDL_PG(ppdl_collector_save(state->col, w, &err));
	if (w->bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of an aggregate over encrypted rows");
}

static PpdlStatus
load_places(PpdlPackState *state, PpdlPacked *p, PpdlReader *r, PpdlError *err)
{
	size_t		places = state->ev->par->n >> p->logk;
	uint32		seen = 0;

	if (ppdl_reader_left(r) < places * sizeof(uint32))
		return malformed(err);
	p->ordinal = malloc(places * sizeof(uint32));
	if (p->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < places; i++)
	{
		p->ordinal[i] = ppdl_read_u32(r);
		if (p->ordinal[i] == PPDL_NO_PLACE)
			continue;
		if (p->ordinal[i] >= state->next)
			return malformed(err);
		seen++;
	}
	return seen == p->rows ? PPDL_OK : malformed(err);
}

static PpdlStatus
load_chunk(PpdlPackState *state, PpdlReader *r, PpdlError *err)
{
	const PpdlParams *par = state->ev->par;
	int			limbs = ppdl_read_u8(r);
	double		scale = ppdl_read_f64(r),
				noise = ppdl_read_f64(r),
				bound = ppdl_read_f64(r);
	uint32		rows = ppdl_read_u32(r);
	PpdlPacked *p;

	if (r->bad || limbs < 1 || limbs > par->nq ||
		!(isfinite(scale) && scale > 0 && isfinite(noise) && noise >= 0 && isfinite(bound) && bound >= 0))
		return malformed(err);
	p = new_chunk(state);
	p->rows = rows;
	p->width = state->outputs;
	p->logk = state->shape.logk;
	memcpy(p->fingerprint, state->shape.fingerprint, sizeof(p->fingerprint));
	PPDL_TRY(load_places(state, p, r, err));
	PPDL_TRY(ppdl_ct_alloc(state->ev, &p->ct, limbs, err));
	p->ct.scale = scale;
	p->ct.noise = noise;
	p->ct.bound = bound;
	PPDL_TRY(ppdl_wire_get_limbs(r, par, p->ct.b, 0, limbs, err));
	return ppdl_wire_get_limbs(r, par, p->ct.a, 0, limbs, err);
}

static PpdlStatus
load(PpdlPackState *state, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r),
				chunks;
	int			width,
				limbs,
				outputs;
	const uint8_t *fp,
			   *model;
	double		scale;

	state->next = ppdl_read_u32(&r);
	model = ppdl_read_bytes(&r, sizeof(state->model));
	if (model == NULL || memchr(model, '\0', sizeof(state->model)) == NULL)
		return malformed(err);
	memcpy(state->model, model, sizeof(state->model));
	width = ppdl_read_u16(&r);
	if (r.bad || magic != FLAT_MAGIC || state->next == PPDL_NO_PLACE || width > MAX_WIDTH)
		return malformed(err);
	if (width == 0)
		return ppdl_reader_left(&r) == 0 ? PPDL_OK : malformed(err);
	fp = ppdl_read_bytes(&r, PPDL_FINGERPRINT_BYTES);
	scale = ppdl_read_f64(&r);
	limbs = ppdl_read_u8(&r);
	outputs = ppdl_read_u16(&r);
	chunks = ppdl_read_u32(&r);
	if (r.bad || !(isfinite(scale) && scale > 0) || limbs > PPDL_ROW_C2S_LIMBS ||
		(limbs == 0 && (chunks > 0 || state->model[0] == '\0')) ||
		outputs < 1 || outputs > MAX_WIDTH || (state->model[0] == '\0' && outputs != width))
		return malformed(err);
	set_shape(state, fp, width, scale, limbs, outputs);
	for (uint32 i = 0; i < chunks; i++)
		PPDL_TRY(load_chunk(state, &r, err));
	if (limbs == 0)
		return ppdl_trainset_load(&state->deep, r.p, ppdl_reader_left(&r), err);
	return ppdl_collector_load(&state->col, r.p, ppdl_reader_left(&r), err);
}

static PpdlPackState *
load_state(struct varlena *flat, MemoryContext parent)
{
	PpdlPackState  *state = ppdl_pack_state_new(parent);
	PpdlError	err;

	PPDL_PG(load(state, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err));
	return state;
}

static PpdlPackState *
writable_state(Datum d, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		PpdlPackState  *state = (PpdlPackState *) DatumGetEOHP(d);

		if (state->magic != PACK_STATE_MAGIC)
			elog(ERROR, "not an lwe_pack_state");
		return state;
	}
	return load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(d), parent);
}

static MemoryContext
state_parent(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

PpdlPackState *
ppdl_pack_state_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		return ppdl_pack_state_new(state_parent(fcinfo));
	return writable_state(PG_GETARG_DATUM(0), state_parent(fcinfo));
}

static const char *
aggregate_name(const PpdlPackState *state)
{
	return state->model[0] != '\0' ? "ppdl_predict_agg" : "lwe_pack";
}

/* ---- aggregation ---- */

/* The network's outputs in place of its inputs, if there is a network. */
static void
predict(PpdlPackState *state, PpdlPacked *p)
{
	PpdlCt		out;
	PpdlError	err;

	if (state->predictor == NULL)
		return;
	PPDL_PG(ppdl_predictor_run(state->predictor, state->ev, &out, p, &err));
	ppdl_ct_release(state->ev, &p->ct);
	p->ct = out;
	p->width = state->outputs;
}

/* Deals with the batch that has just become complete. */
static void
finish_batch(PpdlPackState *state)
{
	PpdlPacked *packed = new_chunk(state);
	PpdlError	err;
	int			found;

	PPDL_PG(ppdl_pack_complete(state->ev, state->col, packed, &found, &err));
	if (found)
		predict(state, packed);
	else
		drop_chunk(state);
}

static void
count_row(PpdlPackState *state)
{
	if (++state->next == PPDL_NO_PLACE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for %s", aggregate_name(state))));
}

static void
begin(PpdlPackState *state, const PpdlCipher *like, int limbs, int outputs)
{
	PpdlError	err;

	set_shape(state, like->fingerprint, like->width, like->scale, limbs, outputs);
	if (limbs == 0)
		PPDL_PG(ppdl_trainset_create(&state->deep, &err));
	else
		PPDL_PG(ppdl_collector_create(&state->col, limbs, &err));
}

void
ppdl_pack_state_begin(PpdlPackState *state, const PpdlCipher *row, int limbs, int outputs)
{
	begin(state, row, limbs, outputs);
}

void
ppdl_pack_state_add(PpdlPackState *state, const PpdlCipher *row)
{
	PpdlError	err;
	int			complete = 0;

	if (row != NULL)
	{
		PPDL_PG(ppdl_cipher_check_same(&state->shape, row, aggregate_name(state), &err));
		if (state->deep != NULL)
			PPDL_PG(ppdl_trainset_add(state->deep, row, NULL, state->next, &err));
		else
			PPDL_PG(ppdl_collector_add(state->col, row, state->next, &complete, &err));
		if (complete)
			finish_batch(state);
	}
	count_row(state);
}

/* Takes over from's packed batches: copies, since each state has its own pool. */
static void
take_chunks(PpdlPackState *into, const PpdlPackState *from)
{
	PpdlError	err;

	for (int i = 0; i < from->nchunks; i++)
	{
		const PpdlPacked *p = from->chunk[i];
		size_t		places = p->ct.par->n >> p->logk;
		PpdlPacked *copy = new_chunk(into);

		copy->width = p->width;
		copy->logk = p->logk;
		copy->rows = p->rows;
		memcpy(copy->fingerprint, p->fingerprint, sizeof(p->fingerprint));
		copy->ordinal = malloc(places * sizeof(uint32));
		if (copy->ordinal == NULL)
			ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
		for (size_t j = 0; j < places; j++)
			copy->ordinal[j] = p->ordinal[j] == PPDL_NO_PLACE ? PPDL_NO_PLACE : p->ordinal[j] + into->next;
		PPDL_PG(ppdl_ct_copy(into->ev, &copy->ct, &p->ct, p->ct.limbs, &err));
	}
}

Datum
lwe_pack_combine(PG_FUNCTION_ARGS)
{
	MemoryContext parent = state_parent(fcinfo);
	PpdlPackState  *into,
			   *from;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1)),
					  PG_ARGISNULL(0) ? parent : CurrentMemoryContext);
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(EOHPGetRWDatum(&from->hdr));
	into = writable_state(PG_GETARG_DATUM(0), parent);
	if (strcmp(into->model, from->model) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must name the same model"),
				 errdetail("One row names \"%s\", another one \"%s\".", into->model, from->model)));
	if ((uint64) into->next + from->next >= PPDL_NO_PLACE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for %s", aggregate_name(into))));
	if (from->ev != NULL)
	{
		if (into->ev == NULL)
			begin(into, &from->shape, from->shape.limbs, from->outputs);
		PPDL_PG(ppdl_cipher_check_same(&into->shape, &from->shape, aggregate_name(into), &err));
		if ((into->deep == NULL) != (from->deep == NULL))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("%s cannot mix full and compact rows", aggregate_name(into))));
		take_chunks(into, from);
		if (into->deep != NULL)
			PPDL_PG(ppdl_trainset_merge(into->deep, from->deep, into->next, &err));
		else
			PPDL_PG(ppdl_collector_merge(into->col, from->col, into->next, &err));
	}
	into->next += from->next;
	MemoryContextDelete(from->hdr.eoh_context);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
}

/* ---- the result ---- */

static void
destroy_writer(void *arg)
{
	ppdl_packed_writer_destroy(arg);
}

/* a state that came as bytes may number its rows as it likes */
static void
check_ordinals(const PpdlPackState *state, const PpdlPacked *p)
{
	for (size_t i = 0; i < p->ct.par->n >> p->logk; i++)
		if (p->ordinal[i] != PPDL_NO_PLACE && p->ordinal[i] >= state->next)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("state of %s numbers a row %u of %u", aggregate_name(state), p->ordinal[i], state->next)));
}

static void
write_chunk(PpdlPackState *state, PpdlPackedWriter **writer, PpdlPacked *p)
{
	PpdlError	err;

	check_ordinals(state, p);
	if (*writer == NULL)
	{
		PpdlLayout	layout = state->model[0] != '\0' ? PPDL_LAYOUT_SLOTS : PPDL_LAYOUT_COEFFS;

		PPDL_PG(ppdl_packed_writer_create(writer, layout, p->width, p->logk, p->fingerprint, &err));
		ppdl_guard(state->hdr.eoh_context, destroy_writer, *writer);
	}
	PPDL_PG(ppdl_packed_writer_add(*writer, state->ev, &p->ct, p->ordinal, &err));
	ppdl_packed_release(state->ev, p);
}

/* progress of merging, for those who wait */
typedef struct Watch
{
	instr_time	start;
	double		told;			/* seconds after the start */
	uint64		rows;			/* waiting at the start */
} Watch;

static void
tell(Watch *w, const PpdlPackState *state)
{
	uint64		done = w->rows - ppdl_collector_rows(state->col);
	instr_time	now;
	double		t;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, w->start);
	t = INSTR_TIME_GET_DOUBLE(now);
	if (t < NOTICE_AFTER || t < w->told + 1 || done == 0)
		return;
	w->told = t;
	ereport(NOTICE,
			(errmsg("%s: %llu of %llu rows of incomplete batches, %.0f s left", aggregate_name(state),
					(unsigned long long) done, (unsigned long long) w->rows,
					t / (double) done * (double) (w->rows - done))));
}

struct varlena *
ppdl_pack_state_finish(PpdlPackState *state)
{
	PpdlPackedWriter *writer = NULL;
	Watch		watch = {.told = 0};
	PpdlWriter	w;
	PpdlError	err;
	int			found;

	if (state->deep != NULL)
		return ppdl_predict_deep(ppdl_model_open(state->model, state->hdr.eoh_context), state->deep, state->next);
	INSTR_TIME_SET_CURRENT(watch.start);
	watch.rows = state->col != NULL ? ppdl_collector_rows(state->col) : 0;
	for (int i = 0; i < state->nchunks; i++)
		write_chunk(state, &writer, state->chunk[i]);
	while (state->col != NULL)
	{
		PpdlPacked *p = new_chunk(state);

		CHECK_FOR_INTERRUPTS();
		PPDL_PG(ppdl_pack_next(state->ev, state->col, p, &found, &err));
		if (!found)
		{
			drop_chunk(state);
			break;
		}
		predict(state, p);
		write_chunk(state, &writer, p);
		tell(&watch, state);
	}
	if (writer == NULL)
		return NULL;
	ppdl_writer_init(&w);
	return ppdl_cipher_result(ppdl_packed_writer_finish(writer, state->next, &w, &err), &w, &err);
}

/* ---- the state as a value ---- */

static Datum
input(struct varlena *flat, int sqlstate)
{
	PpdlPackState  *state = ppdl_pack_state_new(CurrentMemoryContext);
	PpdlError	err;

	if (load(state, VARDATA(flat), VARSIZE(flat) - VARHDRSZ, &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "lwe_pack_state", &err);
	MemoryContextDelete(state->hdr.eoh_context);
	PG_RETURN_POINTER(flat);
}

Datum
lwe_pack_state_in(PG_FUNCTION_ARGS)
{
	return input(ppdl_base64_decode(PG_GETARG_CSTRING(0), "lwe_pack_state"), ERRCODE_INVALID_TEXT_REPRESENTATION);
}

Datum
lwe_pack_state_recv(PG_FUNCTION_ARGS)
{
	return input(ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0)), ERRCODE_INVALID_BINARY_REPRESENTATION);
}

Datum
lwe_pack_state_out(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)));
}

Datum
lwe_pack_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}
