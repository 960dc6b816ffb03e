#include "pg/pack_state.h"

#include "pg/keys.h"
#include "pg/predict_deep.h"

#include <math.h>

#include "miscadmin.h"
#include "pg/watch.h"
#include "rows/encoding.h"
#include "rows/ordinals.h"
#include "rows/packed_state.h"
#include "rows/packed_switch.h"
#include "rows/packed_writer.h"

#define FLAT_MAGIC 0x3553504C	/* "LPS5" */
#define MAX_WIDTH 16384			/* N of the row ring */
#define MAX_ROWS ((uint32) (MaxAllocSize / 4 - 1024))	/* a result has four bytes a row */

/* ---- life ---- */

/*
 * What the first row decides.  The evaluator lives in the state's context, made after the state: it and its pool, with
 * the ciphertexts, go before the state is destroyed.
 */
static void
set_shape(PpdlPackState *state, uint8_t ring, const uint8_t fp[8], int width, double scale, int limbs, int outputs)
{
	PpdlCipher *shape = &state->shape;

	state->ev = ppdl_pg_eval(state->agg.hdr.eoh_context, ring, fp);
	ppdl_pg_join_crew(state->agg.hdr.eoh_context);
	shape->par = state->ev->par;
	shape->kind = PPDL_KIND_SLICE;
	shape->limbs = limbs;
	shape->width = width;
	shape->logk = ppdl_log2_width(width);
	shape->scale = scale;
	memcpy(shape->fingerprint, fp, sizeof(shape->fingerprint));
	state->outputs = outputs;
}

/* room for so many packed ciphertexts more */
static void
reserve_chunks(PpdlPackState *state, int more)
{
	MemoryContext context = state->agg.hdr.eoh_context;
	int			cap = Max(Max(8, state->nchunks + more), 2 * state->chunk_cap);

	if (state->nchunks + more <= state->chunk_cap)
		return;
	if (state->chunk == NULL)
		state->chunk = MemoryContextAllocHuge(context, cap * sizeof(PpdlPacked));
	else
		state->chunk = repalloc_huge(state->chunk, cap * sizeof(PpdlPacked));
	state->chunk_cap = cap;
}

/* An empty slot for a packed ciphertext, the last; it counts when nchunks does. */
static PpdlPacked *
chunk_slot(PpdlPackState *state)
{
	reserve_chunks(state, 1);
	return memset(&state->chunk[state->nchunks], 0, sizeof(PpdlPacked));
}

static void
destroy(PpdlAggState *agg)
{
	PpdlPackState *state = (PpdlPackState *) agg;

	for (int i = 0; i < state->nchunks; i++)
		free(state->chunk[i].ordinal);
	ppdl_collector_destroy(state->col);
	ppdl_trainset_destroy(state->deep);
}

static size_t
memory(const PpdlAggState *agg)
{
	const PpdlPackState *state = (const PpdlPackState *) agg;
	size_t		bytes = 0;

	if (state->ev != NULL)
		bytes += ppdl_pool_bytes(state->ev->pool) +
			(size_t) state->nchunks * (state->shape.par->n >> state->shape.logk) * sizeof(uint32_t);
	if (state->col != NULL)
		bytes += ppdl_collector_memory(state->col);
	if (state->deep != NULL)
		bytes += ppdl_trainset_memory(state->deep);
	return bytes;
}

static const char *
aggregate_name(const PpdlPackState *state)
{
	return state->model[0] != '\0' ? "ppdl_predict_agg" : "lwe_pack";
}

/*
 * ---- the flat form ----
 *
 * u32 magic, u32 rows, model, a bit a row: it is no NULL; u16 width, or 0 when all rows are NULL, and nothing follows.
 * u8 ring, fingerprint, f64 scale, u8 limbs (0: deep ring), u16 outputs, u64 encoding, u32 packed ciphertexts, these,
 * then the collected rows.
 */

/* a bit for each row that is not NULL; PPDL_ERR_FORMAT where their numbers cannot be */
static PpdlStatus
mark_rows(const PpdlPackState *state, uint8_t *bits, PpdlError *err)
{
	for (int i = 0; i < state->nchunks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PPDL_TRY(ppdl_packed_mark(&state->chunk[i], bits, state->next, err));
	}
	if (state->col != NULL)
		PPDL_TRY(ppdl_collector_mark(state->col, bits, state->next, err));
	if (state->deep != NULL)
		PPDL_TRY(ppdl_trainset_mark(state->deep, bits, state->next, err));
	return PPDL_OK;
}

static PpdlStatus
save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	PpdlPackState *state = (PpdlPackState *) agg;
	uint8_t    *bits;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u32(w, state->next);
	ppdl_write_bytes(w, state->model, sizeof(state->model));
	bits = ppdl_write_space(w, ppdl_ordinal_bytes(state->next));
	if (bits == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(bits, 0, ppdl_ordinal_bytes(state->next));
	PPDL_TRY(mark_rows(state, bits, err));
	ppdl_write_u16(w, (uint16_t) state->shape.width);
	if (state->ev == NULL)
		return PPDL_OK;
	ppdl_write_u8(w, state->shape.par->id);
	ppdl_write_bytes(w, state->shape.fingerprint, sizeof(state->shape.fingerprint));
	ppdl_write_f64(w, state->shape.scale);
	ppdl_write_u8(w, (uint8_t) state->shape.limbs);
	ppdl_write_u16(w, (uint16_t) state->outputs);
	ppdl_write_u64(w, state->shape.encoding);
	ppdl_write_u32(w, (uint32) state->nchunks);
	for (int i = 0; i < state->nchunks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ppdl_packed_save(w, &state->chunk[i]);
	}
	if (state->deep != NULL)
		return ppdl_trainset_save(state->deep, w, err);
	return ppdl_collector_save(state->col, w, err);
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of an aggregate over encrypted rows");
}

/* what rows, and what of them */
static PpdlStatus
load_shape(PpdlPackState *state, int width, PpdlReader *r, uint32 *chunks, PpdlError *err)
{
	uint8_t		ring = ppdl_read_u8(r);
	const uint8_t *fp = ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES);
	double		scale = ppdl_read_f64(r);
	int			limbs = ppdl_read_u8(r),
				outputs = ppdl_read_u16(r),
				room = 1 << ppdl_log2_width(width);
	uint64_t	encoding = ppdl_read_u64(r);
	bool		packs = state->model[0] == '\0';

	*chunks = ppdl_read_u32(r);
	if (r->bad || !isnormal(scale) || scale < 0 || outputs < 1 || encoding >> PPDL_ENCODING_BITS != 0)
		return malformed(err);
	if (packs ? outputs != width : outputs > (limbs == 0 ? MAX_WIDTH : room / 2))
		return malformed(err);
	if (limbs == 0 && (packs || *chunks > 0))
		return malformed(err);
	if (ring != PPDL_RING_ROW && (ring != PPDL_RING_COMPACT || (!packs && limbs > 0)))
		return malformed(err);
	set_shape(state, ring, fp, width, scale, limbs, outputs);
	state->shape.encoding = encoding;
	return limbs <= state->ev->par->nq && (size_t) width <= state->ev->par->n ? PPDL_OK : malformed(err);
}

/* of a network's outputs only the next step can tell; rows that are only packed are what packing makes of them */
static PpdlStatus
load_chunk(PpdlPackState *state, PpdlReader *r, PpdlError *err)
{
	const PpdlCipher *shape = &state->shape;
	PpdlPacked *p = chunk_slot(state);
	double		scale = ppdl_packed_scale(shape->par, shape->logk, shape->scale);

	PPDL_TRY(ppdl_packed_load(p, state->ev, r, shape, state->outputs, err));
	state->nchunks++;
	if (state->model[0] == '\0' && (p->ct.limbs != shape->limbs || fabs(p->ct.scale - scale) > ldexp(scale, -40)))
		return malformed(err);
	return PPDL_OK;
}

static PpdlStatus
load_deep(PpdlPackState *state, PpdlReader *r, PpdlError *err)
{
	PPDL_TRY(ppdl_pg_trainset(&state->deep, err));
	PPDL_TRY(ppdl_trainset_fill(state->deep, r->p, ppdl_reader_left(r), err));
	if (!ppdl_trainset_is_like(state->deep, &state->shape, 0))
		return malformed(err);
	return ppdl_encoding_join(&state->shape.encoding, state->deep->encoding, aggregate_name(state), err);
}

static PpdlStatus
load_rows(PpdlPackState *state, int width, PpdlReader *r, PpdlError *err)
{
	uint32		chunks;

	if (r->bad || width > MAX_WIDTH)
		return malformed(err);
	if (width == 0)
		return ppdl_reader_left(r) == 0 ? PPDL_OK : malformed(err);
	PPDL_TRY(load_shape(state, width, r, &chunks, err));
	for (uint32 i = 0; i < chunks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PPDL_TRY(load_chunk(state, r, err));
	}
	if (state->shape.limbs == 0)
		return load_deep(state, r, err);
	PPDL_TRY(ppdl_pg_collector(&state->col, state->shape.limbs, err));
	PPDL_TRY(ppdl_collector_fill(state->col, r->p, ppdl_reader_left(r), err));
	PPDL_TRY(ppdl_collector_check_like(state->col, &state->shape, err));
	return ppdl_encoding_join(&state->shape.encoding, ppdl_collector_encoding(state->col), aggregate_name(state), err);
}

static PpdlStatus
load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlPackState *state = (PpdlPackState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	const uint8_t *model,
			   *bits;
	uint8_t    *seen;
	size_t		bytes;

	state->next = ppdl_read_u32(&r);
	bytes = ppdl_ordinal_bytes(state->next);
	model = ppdl_read_bytes(&r, sizeof(state->model));
	bits = ppdl_read_bytes(&r, bytes);
	if (r.bad || magic != FLAT_MAGIC || state->next < 1 || state->next > MAX_ROWS ||
		memchr(model, '\0', sizeof(state->model)) == NULL)
		return malformed(err);
	memcpy(state->model, model, sizeof(state->model));
	PPDL_TRY(load_rows(state, ppdl_read_u16(&r), &r, err));
	seen = MemoryContextAllocZero(state->agg.hdr.eoh_context, bytes);
	PPDL_TRY(mark_rows(state, seen, err));
	if (memcmp(seen, bits, bytes) != 0)
		return malformed(err);
	pfree(seen);
	return PPDL_OK;
}

/* ---- aggregation ---- */

/* a ciphertext to be made */
typedef struct Turn
{
	PpdlPacking *packing;
	PpdlEval   *ev;				/* whose pool has it; NULL when there is nothing */
} Turn;

/* Some that are made at the same time, dealt to jobs of one thread each. */
typedef struct Turns
{
	PpdlPackState *state;
	int			count,
				jobs;
	Turn	   *turn;
	PpdlPacked *out;			/* of each turn */
} Turns;

/* a network takes several together */
static int
per_thread(const PpdlPackState *state)
{
	return state->predictor != NULL ? PPDL_PACKED_TOGETHER : 1;
}

/* The network's outputs in place of its inputs, if there is a network. */
static PpdlStatus
predict(const PpdlPackState *state, PpdlEval *ev, PpdlPacked *p, int count, PpdlError *err)
{
	PpdlCt		out[PPDL_PACKED_TOGETHER];

	if (state->predictor == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_predictor_run(state->predictor, ev, out, p, count, err));
	for (int i = 0; i < count; i++)
	{
		ppdl_ct_release(ev, &p[i].ct);
		p[i].ct = out[i];
		p[i].width = state->outputs;
	}
	return PPDL_OK;
}

/* PpdlCrewJob */
static PpdlStatus
take_turns(void *arg, int job, PpdlEval *ev, PpdlError *err)
{
	const Turns *turns = arg;
	const int	first = ppdl_crew_first(job, turns->jobs, turns->count),
				end = ppdl_crew_first(job + 1, turns->jobs, turns->count);

	for (int i = first; i < end; i++)
	{
		PPDL_TRY(ppdl_packing_run(turns->turn[i].packing, ev, &turns->out[i], err));
		turns->turn[i].ev = ev;
	}
	return predict(turns->state, ev, &turns->out[first], end - first, err);
}

static PpdlStatus
choose_turns(Turns *turns, int most, bool rest, PpdlError *err)
{
	while (turns->count < most)
	{
		Turn	   *t = &turns->turn[turns->count];

		PPDL_TRY(ppdl_packing_choose(&t->packing, turns->state->col, rest, err));
		if (t->packing == NULL)
			break;
		turns->count++;
	}
	return PPDL_OK;
}

/* the ciphertext as the state's own */
static PpdlStatus
keep_turn(Turns *turns, int i, PpdlError *err)
{
	PpdlPackState *state = turns->state;
	PpdlPacked *p = &state->chunk[state->nchunks],
			   *out = &turns->out[i];
	Turn	   *t = &turns->turn[i];

	*p = *out;
	if (t->ev != state->ev)
	{
		PPDL_TRY(ppdl_ct_copy(state->ev, &p->ct, &out->ct, out->ct.limbs, err));
		ppdl_ct_release(t->ev, &out->ct);
	}
	state->nchunks++;
	t->ev = NULL;
	return PPDL_OK;
}

/*
 * Makes a ciphertext a thread, or several where there are more than threads and a network takes them together, of
 * complete batches or (rest) of all that waits; returns how many.
 */
static int
make_chunks(PpdlPackState *state, int threads, bool rest)
{
	const int	most = threads * per_thread(state);
	Turns		turns = {.state = state, .turn = palloc0(most * sizeof(Turn)),
						 .out = palloc0(most * sizeof(PpdlPacked))};
	PpdlStatus	status;
	PpdlError	err;
	int			kept = 0;

	reserve_chunks(state, most);
	/* other threads ask for no writer's key */
	PPDL_PG(ppdl_collector_load_keys(state->col, state->ev, &err));
	status = choose_turns(&turns, most, rest, &err);
	turns.jobs = Min(threads, turns.count);
	if (status == PPDL_OK)
		status = ppdl_pg_crew_run(state->ev, threads, turns.jobs, take_turns, &turns, &err);
	while (status == PPDL_OK && kept < turns.count)
	{
		status = keep_turn(&turns, kept, &err);
		kept += status == PPDL_OK;
	}
	for (int i = 0; i < turns.count; i++)
	{
		Turn	   *t = &turns.turn[i];

		ppdl_packing_end(t->packing, i < kept);
		if (t->ev != NULL)
			ppdl_packed_release(t->ev, &turns.out[i]);
	}
	pfree(turns.turn);
	pfree(turns.out);
	PPDL_PG(status);
	return kept;
}

static void
count_row(PpdlPackState *state)
{
	if (state->next++ == MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for %s", aggregate_name(state))));
}

static void
begin(PpdlPackState *state, const PpdlCipher *like, int limbs, int outputs)
{
	PpdlError	err;

	set_shape(state, like->par->id, like->fingerprint, like->width, like->scale, limbs, outputs);
	if (limbs == 0)
		PPDL_PG(ppdl_pg_trainset(&state->deep, &err));
	else
		PPDL_PG(ppdl_pg_collector(&state->col, limbs, &err));
}

void
ppdl_pack_state_begin(PpdlPackState *state, const PpdlCipher *row, int limbs, int outputs)
{
	const PpdlCipher own = ppdl_row_of_owner(row);

	begin(state, &own, limbs, outputs);
}

void
ppdl_pack_state_add(PpdlPackState *state, const PpdlCipher *row, FunctionCallInfo fcinfo)
{
	PpdlError	err;
	int			complete = 0,
				threads;

	if (row != NULL)
	{
		ppdl_check_same_owner(&state->shape, row, aggregate_name(state));
		PPDL_PG(ppdl_encoding_join_cipher(&state->shape.encoding, row, aggregate_name(state), &err));
		if (state->deep != NULL)
			PPDL_PG(ppdl_trainset_add(state->deep, row, NULL, state->next, &err));
		else
			PPDL_PG(ppdl_collector_add(state->col, row, state->next, &complete, &err));
	}
	count_row(state);
	if (!complete)
		return;
	threads = ppdl_pg_threads_beside(fcinfo);
	if (ppdl_collector_complete(state->col) >= threads * per_thread(state))
		make_chunks(state, threads, false);
}

void
ppdl_pack_state_check_model(const PpdlPackState *state, const char *model)
{
	if (strcmp(state->model, model) == 0)
		return;
	if (state->model[0] == '\0' || model[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(state->model[0] == '\0' ? "this lwe_pack_state is of lwe_pack, not of ppdl_predict_agg" :
						"this lwe_pack_state is of ppdl_predict_agg, not of lwe_pack")));
	ppdl_model_mismatch(state->model, model);
}

static PpdlStatus
merge(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	PpdlPackState *into = (PpdlPackState *) into_agg,
			   *from = (PpdlPackState *) from_agg;

	ppdl_pack_state_check_model(into, from->model);
	if (from->next > MAX_ROWS - into->next)
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows for %s", aggregate_name(into));
	if (from->ev != NULL)
	{
		if (into->ev == NULL)
			begin(into, &from->shape, from->shape.limbs, from->outputs);
		PPDL_TRY(ppdl_cipher_check_same(&into->shape, &from->shape, aggregate_name(into), err));
		PPDL_TRY(ppdl_encoding_join(&into->shape.encoding, from->shape.encoding, aggregate_name(into), err));
		if ((into->deep == NULL) != (from->deep == NULL))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("%s cannot mix full and compact rows", aggregate_name(into))));
		if (into->outputs != from->outputs)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("states of %s with %d and with %d values a row cannot be combined", aggregate_name(into),
							into->outputs, from->outputs)));
		for (int i = 0; i < from->nchunks; i++)
		{
			CHECK_FOR_INTERRUPTS();
			PPDL_TRY(ppdl_packed_copy(chunk_slot(into), into->ev, &from->chunk[i], into->next, err));
			into->nchunks++;
		}
		if (into->deep != NULL)
			PPDL_TRY(ppdl_trainset_merge(into->deep, from->deep, into->next, err));
		else
			PPDL_TRY(ppdl_collector_merge(into->col, from->col, into->next, err));
	}
	into->next += from->next;
	return PPDL_OK;
}

static const PpdlAggKind pack_kind = {
	"lwe_pack_state", "collected encrypted rows", sizeof(PpdlPackState), destroy, save, load, merge, memory
};

PPDL_AGG_STATE_TYPE(lwe_pack_state, &pack_kind);
PPDL_SQL_FUNCTION(lwe_pack_combine, ppdl_agg_state_combine(fcinfo, &pack_kind));

PpdlPackState *
ppdl_pack_state_new(MemoryContext parent)
{
	return ppdl_agg_state_create(parent, &pack_kind);
}

PpdlPackState *
ppdl_pack_state_argument(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_or_new(fcinfo, &pack_kind);
}

PpdlPackState *
ppdl_pack_state_final(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_final(fcinfo, 0, &pack_kind);
}

/* ---- the result ---- */

/* before any work: a value holds 1 GB, and each ciphertext has one limb at least */
static void
check_size(const PpdlPackState *state)
{
	const PpdlParams *par = state->shape.par;
	uint64		chunks = state->nchunks + (state->col != NULL ? ppdl_collector_ciphertexts(state->col) : 0);

	if (4 * (uint64) state->next + chunks * 2 * ppdl_packed_size(par->n, par->ring->mod[0].bits) > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("encrypted result would be larger than 1 GB"),
				 errhint("Aggregate fewer rows at a time.")));
}

static void
destroy_writer(void *arg)
{
	ppdl_packed_writer_destroy(arg);
}

/* the result under way */
typedef struct Output
{
	PpdlPackedWriter *writer;	/* NULL before the first ciphertext */
	PpdlGuard  *guard;
} Output;

static void
begin_output(const PpdlPackState *state, Output *out, PpdlLayout layout, int width)
{
	PpdlError	err;

	PPDL_PG(ppdl_packed_writer_create(&out->writer, layout, width, state->shape.logk, state->shape.fingerprint, &err));
	ppdl_packed_writer_set_encoding(out->writer, state->shape.encoding);
	out->guard = ppdl_guard(state->agg.hdr.eoh_context, destroy_writer, out->writer);
}

static void
write_chunks(const PpdlPackState *state, Output *out)
{
	PpdlError	err;

	begin_output(state, out, state->model[0] != '\0' ? PPDL_LAYOUT_SLOTS : PPDL_LAYOUT_COEFFS, state->chunk[0].width);
	for (int i = 0; i < state->nchunks; i++)
	{
		const PpdlPacked *p = &state->chunk[i];

		PPDL_PG(ppdl_packed_writer_add(out->writer, state->ev, &p->ct, p->ordinal, &err));
	}
}

/* compact rows stay under the keys that they came under */
static bool
has_writers(const PpdlPackState *state)
{
	for (int i = 0; i < state->nchunks; i++)
		if (memcmp(state->chunk[i].fingerprint, state->shape.fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
			return true;
	return false;
}

static void
write_switched_chunk(const PpdlPackState *state, Output *out, PpdlEval *ev, int first)
{
	PpdlPacked	switched;
	PpdlStatus	status;
	PpdlError	err;

	PPDL_PG(ppdl_packed_switch(ev, state->col, &switched, &state->chunk[first], state->nchunks - first, &err));
	status = ppdl_packed_writer_add(out->writer, ev, &switched.ct, switched.ordinal, &err);
	ppdl_packed_release(ev, &switched);
	PPDL_PG(status);
}

/* in the row ring, where keys can be switched; only lwe_pack has compact rows, and it keeps nothing else in fn_extra */
static void
write_switched(const PpdlPackState *state, Output *out, FunctionCallInfo fcinfo)
{
	PpdlEval   *ev = ppdl_switch_eval(fcinfo);
	PpdlError	err;

	Assert(state->model[0] == '\0');
	PPDL_PG(ppdl_packed_load_keys(ev, state->col, state->chunk, state->nchunks, &err));
	begin_output(state, out, PPDL_LAYOUT_BATCHES, state->shape.width);
	for (int i = 0; i < state->nchunks; i += PPDL_PACKED_BATCHES)
		write_switched_chunk(state, out, ev, i);
}

/*
 * Rows that waited become packed ciphertexts of the state, which so keeps its value: the executor asks for a result
 * again when it rescans hashed groups.
 */
struct varlena *
ppdl_pack_state_finish(PpdlPackState *state, FunctionCallInfo fcinfo)
{
	const int	threads = ppdl_pg_threads_beside(fcinfo);
	Output		out = {NULL};
	PpdlWatch	watch;
	uint64		rows;			/* that wait */
	struct varlena *result;
	PpdlWriter	w;
	PpdlError	err;
	int			made;

	if (state->ev == NULL)
		return NULL;
	check_size(state);
	if (state->deep != NULL)
		return ppdl_predict_deep(ppdl_model_open(state->model, state->agg.hdr.eoh_context), state->deep, state->next);
	ppdl_watch_start(&watch, PPDL_WATCH_QUERY);
	rows = ppdl_collector_rows(state->col);
	do
	{
		CHECK_FOR_INTERRUPTS();
		made = make_chunks(state, threads, true);
		ppdl_watch_tell_rows(&watch, aggregate_name(state), rows - ppdl_collector_rows(state->col), rows);
	}
	while (made > 0);
	if (state->nchunks == 0)
		return NULL;
	if (has_writers(state))
		write_switched(state, &out, fcinfo);
	else
		write_chunks(state, &out);
	ppdl_writer_init(&w);
	result = ppdl_cipher_result(ppdl_packed_writer_finish(out.writer, state->next, &w, &err), &w, &err);
	ppdl_guard_release(out.guard);
	/* hashed groups stay until the last of them is written */
	ppdl_pool_trim(state->ev->pool);
	return result;
}
