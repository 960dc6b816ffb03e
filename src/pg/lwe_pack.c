/*
 * The aggregate lwe_pack(lwe_cipher): rows into one packed value, in the order they
 * come; rows that are NULL keep their place.  The state collects what packing needs of each
 * row, a residue or two a coefficient: less than half of what the packed result takes, so all
 * packing is done at the end.  What is not a complete batch takes the owner's published keys.
 */
#include "pg/cipher_datum.h"

#include <math.h>

#include "miscadmin.h"
#include "rows/pack.h"
#include "utils/expandeddatum.h"

PG_FUNCTION_INFO_V1(lwe_pack_trans);
PG_FUNCTION_INFO_V1(lwe_pack_combine);
PG_FUNCTION_INFO_V1(lwe_pack_final);
PG_FUNCTION_INFO_V1(lwe_pack_state_in);
PG_FUNCTION_INFO_V1(lwe_pack_state_out);
PG_FUNCTION_INFO_V1(lwe_pack_state_recv);
PG_FUNCTION_INFO_V1(lwe_pack_state_send);

#define PACK_STATE_MAGIC 0x4C504143
#define FLAT_MAGIC 0x3153504C	/* "LPS1" */

typedef struct PackState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	uint32		next;			/* ordinal of the next row */
	PpdlCollector *col;			/* NULL before the first row that is not NULL */
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];	/* of the rows' key */
	PpdlWriter	flat;			/* between flat size and flattening */
} PackState;

static void
destroy_state(void *arg)
{
	PackState  *state = arg;

	ppdl_writer_free(&state->flat);
	if (state->col != NULL)
		ppdl_collector_destroy(state->col);
}

/* header, fingerprint and the collector's own bytes */
static void
save_state(PackState *state, PpdlWriter *w)
{
	PpdlError	err;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u32(w, state->next);
	if (state->col != NULL)
	{
		ppdl_write_bytes(w, state->fingerprint, sizeof(state->fingerprint));
		PPDL_PG(ppdl_collector_save(state->col, w, &err));
	}
	if (w->bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	PackState  *state = (PackState *) eohptr;

	ppdl_writer_free(&state->flat);
	save_state(state, &state->flat);
	if (state->flat.len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of lwe_pack is larger than 1 GB"),
				 errhint("Pack fewer rows at a time.")));
	return state->flat.len + VARHDRSZ;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	PackState  *state = (PackState *) eohptr;

	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

static PackState *
new_state(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "lwe_pack_state", ALLOCSET_SMALL_SIZES);
	PackState  *state = MemoryContextAllocZero(context, sizeof(PackState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = PACK_STATE_MAGIC;
	ppdl_guard(context, destroy_state, state);
	return state;
}

static PpdlStatus
load(PackState *state, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	const uint8_t *fp;

	state->next = ppdl_read_u32(&r);
	if (r.bad || magic != FLAT_MAGIC || state->next == PPDL_NO_PLACE)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not the state of lwe_pack");
	if (ppdl_reader_left(&r) == 0)
		return PPDL_OK;
	fp = ppdl_read_bytes(&r, PPDL_FINGERPRINT_BYTES);
	if (fp == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of lwe_pack is cut short");
	memcpy(state->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	return ppdl_collector_load(&state->col, r.p, ppdl_reader_left(&r), err);
}

static PackState *
load_state(struct varlena *flat, MemoryContext parent)
{
	PackState  *state = new_state(parent);
	PpdlError	err;

	PPDL_PG(load(state, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err));
	return state;
}

static PackState *
writable_state(Datum d, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		PackState  *state = (PackState *) DatumGetEOHP(d);

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

/* ---- aggregation ---- */

static void
advance(PackState *state, uint32 rows)
{
	if (rows >= PPDL_NO_PLACE - state->next)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for lwe_pack")));
	state->next += rows;
}

/* As few limbs as rows like this one need: packing multiplies the scale by N/k. */
static int
limbs_needed(const PpdlCipher *c)
{
	double		bits = log2(c->scale) + (c->par->logn - c->logk) + log2(Max(c->bound, 1)) + 2;
	int			limbs = 1;

	while (limbs < c->limbs && ppdl_params_log2_q(c->par, limbs) < bits)
		limbs++;
	return limbs;
}

static void
collect(PackState *state, struct varlena *value)
{
	PpdlCipher	c;
	PpdlError	err;
	int			complete;

	ppdl_cipher_from_datum(&c, value);
	if (state->col == NULL)
	{
		memcpy(state->fingerprint, c.fingerprint, sizeof(state->fingerprint));
		PPDL_PG(ppdl_collector_create(&state->col, limbs_needed(&c), &err));
	}
	PPDL_PG(ppdl_collector_add(state->col, &c, state->next, &complete, &err));
}

Datum
lwe_pack_trans(PG_FUNCTION_ARGS)
{
	PackState  *state = PG_ARGISNULL(0) ? new_state(state_parent(fcinfo)) :
	writable_state(PG_GETARG_DATUM(0), state_parent(fcinfo));

	if (!PG_ARGISNULL(1))
		collect(state, PG_GETARG_CIPHER_PP(1));
	advance(state, 1);
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->hdr));
}

Datum
lwe_pack_combine(PG_FUNCTION_ARGS)
{
	MemoryContext parent = state_parent(fcinfo);
	PackState  *into,
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
	if (into->col != NULL && from->col != NULL)
		PPDL_PG(ppdl_collector_merge(into->col, from->col, into->next, &err));
	else if (from->col != NULL)
	{
		/* its ordinals must move, too */
		PPDL_PG(ppdl_collector_create(&into->col, ppdl_collector_limbs(from->col), &err));
		memcpy(into->fingerprint, from->fingerprint, sizeof(into->fingerprint));
		PPDL_PG(ppdl_collector_merge(into->col, from->col, into->next, &err));
	}
	advance(into, from->next);
	MemoryContextDelete(from->hdr.eoh_context);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
}

/* ---- the result ---- */

static void
destroy_writer(void *arg)
{
	ppdl_packed_writer_destroy(arg);
}

static void
write_chunk(PackState *state, PpdlEval *ev, PpdlPackedWriter **writer, const PpdlPacked *p)
{
	size_t		places = ev->par->n >> p->logk;
	PpdlError	err;

	for (size_t i = 0; i < places; i++)
		if (p->ordinal[i] != PPDL_NO_PLACE && p->ordinal[i] >= state->next)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("state of lwe_pack numbers a row %u of %u", p->ordinal[i], state->next)));
	if (*writer == NULL)
	{
		PPDL_PG(ppdl_packed_writer_create(writer, PPDL_LAYOUT_COEFFS, p->width, p->logk, p->fingerprint, &err));
		ppdl_guard(state->hdr.eoh_context, destroy_writer, *writer);
	}
	PPDL_PG(ppdl_packed_writer_add(*writer, ev, &p->ct, p->ordinal, &err));
}

typedef struct Chunk
{
	PpdlEval   *ev;
	PpdlPacked	packed;
} Chunk;

static void
release_chunk(void *arg)
{
	Chunk	   *chunk = arg;

	ppdl_packed_release(chunk->ev, &chunk->packed);
}

Datum
lwe_pack_final(PG_FUNCTION_ARGS)
{
	PackState  *state = writable_state(PG_GETARG_DATUM(0), CurrentMemoryContext);
	MemoryContext context = state->hdr.eoh_context;
	PpdlPackedWriter *writer = NULL;
	Chunk	   *chunk;
	PpdlWriter	w;
	PpdlError	err;
	int			found;

	if (state->col == NULL)
		PG_RETURN_NULL();		/* nothing but NULLs */
	chunk = MemoryContextAllocZero(context, sizeof(Chunk));
	chunk->ev = ppdl_pg_eval(context, PPDL_RING_ROW, state->fingerprint);
	ppdl_guard(context, release_chunk, chunk);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		PPDL_PG(ppdl_pack_next(chunk->ev, state->col, &chunk->packed, &found, &err));
		if (!found)
			break;
		write_chunk(state, chunk->ev, &writer, &chunk->packed);
		ppdl_packed_release(chunk->ev, &chunk->packed);
	}
	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_packed_writer_finish(writer, state->next, &w, &err), &w, &err));
}

/* ---- the state as a value ---- */

static Datum
input(struct varlena *flat, int sqlstate)
{
	PackState  *state = new_state(CurrentMemoryContext);
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
