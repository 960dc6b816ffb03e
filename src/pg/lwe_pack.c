/*
 * The aggregate lwe_pack(lwe_cipher): rows into one packed value, in the order they
 * come; rows that are NULL keep their place.  The state collects slices and packs a batch
 * as soon as its last row is there, at the one limb that the result will have; what is left is
 * merged at the end, which takes the owner's published keys.
 */
#include "pg/cipher_datum.h"

#include <math.h>

#include "miscadmin.h"
#include "rows/pack.h"
#include "utils/expandeddatum.h"
#include "ckks/wire.h"

PG_FUNCTION_INFO_V1(lwe_pack_trans);
PG_FUNCTION_INFO_V1(lwe_pack_combine);
PG_FUNCTION_INFO_V1(lwe_pack_final);
PG_FUNCTION_INFO_V1(lwe_pack_state_in);
PG_FUNCTION_INFO_V1(lwe_pack_state_out);
PG_FUNCTION_INFO_V1(lwe_pack_state_recv);
PG_FUNCTION_INFO_V1(lwe_pack_state_send);

#define PACK_STATE_MAGIC 0x4C504143
#define FLAT_MAGIC 0x3153504C	/* "LPS1" */
/* limbs collected: the packed result has room in one */
#define PACK_LIMBS 1
#define MAX_WIDTH 16384			/* N of the row ring */

typedef struct PackState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	uint32		next;			/* ordinal of the next row */
	PpdlEval   *ev;				/* NULL before the first row that is not NULL; so is col */
	PpdlCipher	shape;			/* what every row must be like: key, width, scale */
	PpdlCollector *col;
	int			nchunks;
	PpdlPacked **chunk;			/* batches already packed; ciphertexts live in the evaluator's pool */
	PpdlWriter	flat;			/* between flat size and flattening */
} PackState;

/* ---- life ---- */

static void
destroy_state(void *arg)
{
	PackState  *state = arg;

	ppdl_writer_free(&state->flat);
	for (int i = 0; i < state->nchunks; i++)
		ppdl_packed_release(state->ev, state->chunk[i]);
	if (state->col != NULL)
		ppdl_collector_destroy(state->col);
}

static void save_state(PackState *state, PpdlWriter *w);

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
	return state;
}

/*
 * What the first row decides.  The evaluator is made before the guard, so that it is destroyed
 * after the ciphertexts in its pool.
 */
static void
set_shape(PackState *state, const uint8_t fp[8], int width, double scale)
{
	PpdlCipher *shape = &state->shape;

	state->ev = ppdl_pg_eval(state->hdr.eoh_context, PPDL_RING_ROW, fp);
	ppdl_guard(state->hdr.eoh_context, destroy_state, state);
	shape->par = state->ev->par;
	shape->kind = PPDL_KIND_SLICE;
	shape->limbs = PACK_LIMBS;
	shape->width = width;
	shape->logk = ppdl_log2_width(width);
	shape->scale = scale;
	memcpy(shape->fingerprint, fp, sizeof(shape->fingerprint));
}

static void
keep_chunk(PackState *state, PpdlPacked *packed)
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
new_chunk(PackState *state)
{
	PpdlPacked *packed = MemoryContextAllocZero(state->hdr.eoh_context, sizeof(PpdlPacked));

	keep_chunk(state, packed);
	return packed;
}

static void
drop_chunk(PackState *state)
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
save_state(PackState *state, PpdlWriter *w)
{
	PpdlError	err;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u32(w, state->next);
	ppdl_write_u16(w, (uint16_t) state->shape.width);	/* 0: no shape yet, nothing follows */
	if (state->ev == NULL)
		return;
	ppdl_write_bytes(w, state->shape.fingerprint, sizeof(state->shape.fingerprint));
	ppdl_write_f64(w, state->shape.scale);
	ppdl_write_u32(w, (uint32) state->nchunks);
	for (int i = 0; i < state->nchunks; i++)
		save_chunk(w, state->chunk[i]);
	PPDL_PG(ppdl_collector_save(state->col, w, &err));
	if (w->bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of lwe_pack");
}

static PpdlStatus
load_places(PackState *state, PpdlPacked *p, PpdlReader *r, PpdlError *err)
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
load_chunk(PackState *state, PpdlReader *r, PpdlError *err)
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
	p->width = state->shape.width;
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
load(PackState *state, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r),
				chunks;
	int			width;
	const uint8_t *fp;
	double		scale;

	state->next = ppdl_read_u32(&r);
	width = ppdl_read_u16(&r);
	if (r.bad || magic != FLAT_MAGIC || state->next == PPDL_NO_PLACE || width > MAX_WIDTH)
		return malformed(err);
	if (width == 0)
		return ppdl_reader_left(&r) == 0 ? PPDL_OK : malformed(err);
	fp = ppdl_read_bytes(&r, PPDL_FINGERPRINT_BYTES);
	scale = ppdl_read_f64(&r);
	chunks = ppdl_read_u32(&r);
	if (r.bad || !(isfinite(scale) && scale > 0))
		return malformed(err);
	set_shape(state, fp, width, scale);
	for (uint32 i = 0; i < chunks; i++)
		PPDL_TRY(load_chunk(state, &r, err));
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

/* Packs the batch that has just become complete. */
static void
pack_batch(PackState *state)
{
	PpdlPacked *packed = new_chunk(state);
	PpdlError	err;
	int			found;

	PPDL_PG(ppdl_pack_complete(state->ev, state->col, packed, &found, &err));
	if (!found)
		drop_chunk(state);
}

static void
count_row(PackState *state)
{
	if (++state->next == PPDL_NO_PLACE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for lwe_pack")));
}

static void
begin(PackState *state, const uint8_t fp[8], int width, double scale)
{
	PpdlError	err;

	set_shape(state, fp, width, scale);
	PPDL_PG(ppdl_collector_create(&state->col, PACK_LIMBS, &err));
}

Datum
lwe_pack_trans(PG_FUNCTION_ARGS)
{
	PackState  *state = PG_ARGISNULL(0) ? new_state(state_parent(fcinfo)) :
	writable_state(PG_GETARG_DATUM(0), state_parent(fcinfo));
	PpdlCipher	c;
	PpdlError	err;
	int			complete;

	if (!PG_ARGISNULL(1))
	{
		ppdl_cipher_from_datum(&c, PG_GETARG_CIPHER_PP(1));
		if (state->ev == NULL)
			begin(state, c.fingerprint, c.width, c.scale);
		PPDL_PG(ppdl_cipher_check_same(&state->shape, &c, "lwe_pack", &err));
		PPDL_PG(ppdl_collector_add(state->col, &c, state->next, &complete, &err));
		if (complete)
			pack_batch(state);
	}
	count_row(state);
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->hdr));
}

/* Takes over from's packed batches: copies, since each state has its own pool. */
static void
take_chunks(PackState *into, const PackState *from)
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
	if ((uint64) into->next + from->next >= PPDL_NO_PLACE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for lwe_pack")));
	if (from->ev != NULL)
	{
		if (into->ev == NULL)
			begin(into, from->shape.fingerprint, from->shape.width, from->shape.scale);
		PPDL_PG(ppdl_cipher_check_same(&into->shape, &from->shape, "lwe_pack", &err));
		take_chunks(into, from);
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

static void
write_chunk(PackState *state, PpdlPackedWriter **writer, PpdlPacked *p)
{
	PpdlError	err;

	if (*writer == NULL)
	{
		PPDL_PG(ppdl_packed_writer_create(writer, PPDL_LAYOUT_COEFFS, p->width, p->logk, p->fingerprint, &err));
		ppdl_guard(state->hdr.eoh_context, destroy_writer, *writer);
	}
	PPDL_PG(ppdl_packed_writer_add(*writer, state->ev, &p->ct, p->ordinal, &err));
	ppdl_packed_release(state->ev, p);
}

Datum
lwe_pack_final(PG_FUNCTION_ARGS)
{
	PackState  *state = writable_state(PG_GETARG_DATUM(0), CurrentMemoryContext);
	PpdlPackedWriter *writer = NULL;
	PpdlWriter	w;
	PpdlError	err;
	int			found;

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
		write_chunk(state, &writer, p);
	}
	if (writer == NULL)
		PG_RETURN_NULL();		/* nothing but NULLs */
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
