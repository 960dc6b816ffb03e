#include "pg/slot_state.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/datum.h"
#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "pg/pinned.h"
#include "pg/watch.h"
#include "rows/encoding.h"
#include "rows/ordinals.h"

/* ---- CoefficientsToSlots: of rows of one form, tens of megabytes; the last one used is kept ---- */

typedef struct CachedSlots
{
	PpdlPinned	pinned;
	PpdlPackedSlots *slots;
} CachedSlots;

static void
destroy_cached(PpdlPinned *item)
{
	ppdl_packed_slots_destroy(((CachedSlots *) item)->slots);
	free(item);
}

static PpdlPinnedList cached = {NULL, destroy_cached};

static void
unpin(void *arg)
{
	ppdl_unpin(&cached, arg);
}

static CachedSlots *
make_slots(const PpdlPackedSlotsForm *form)
{
	CachedSlots *c = calloc(1, sizeof(*c));
	PpdlStatus	status;
	PpdlError	err;

	if (c == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	status = ppdl_packed_slots_create(&c->slots, form, NULL, &ppdl_pg_poll, &err);
	if (status == PPDL_OK && !ppdl_error_is_kept())
		return c;
	ppdl_packed_slots_destroy(status == PPDL_OK ? c->slots : NULL);
	free(c);
	ppdl_report(&err);
}

static bool
is_form(const PpdlPinned *item, const PpdlPackedSlotsForm *form)
{
	const PpdlPackedSlotsForm *has = ppdl_packed_slots_form(((const CachedSlots *) item)->slots);

	return has->in_scale == form->in_scale && has->scale == form->scale && has->left == form->left;
}

/* stays as long as context does */
static const PpdlPackedSlots *
find_slots(const PpdlPackedSlotsForm *form, MemoryContext context)
{
	PpdlPinned *item = cached.first;
	CachedSlots *c;

	while (item != NULL && !is_form(item, form))
		item = item->next;
	c = item != NULL ? (CachedSlots *) item : make_slots(form);
	ppdl_pin(&cached, &c->pinned);
	ppdl_guard(context, unpin, c);
	return c->slots;
}

/* ---- life ---- */

static const PpdlSlotKind *
kind_of(const PpdlSlotState *state)
{
	return (const PpdlSlotKind *) state->agg.kind;
}

/*
 * What the first row decides.  The evaluator lives in the state's context, made after the state: it and its pool, with
 * the ciphertexts, go before the state is destroyed.
 */
static PpdlStatus
begin(PpdlSlotState *state, const PpdlCipher *like, int limbs, int width_y, PpdlError *err)
{
	const PpdlSlotKind *kind = kind_of(state);
	MemoryContext context = state->agg.hdr.eoh_context;

	state->shape = (PpdlCipher) {.par = like->par, .kind = PPDL_KIND_SLICE, .limbs = limbs, .width = like->width,
								 .logk = ppdl_log2_width(like->width), .scale = like->scale};
	state->width_y = width_y;
	memcpy(state->shape.fingerprint, like->fingerprint, sizeof(state->shape.fingerprint));
	PPDL_TRY(kind->prepare(state, err));
	if (limbs == 0)
		return ppdl_pg_trainset(&state->deep, err);
	state->ev = ppdl_pg_eval(context, like->par->id, state->shape.fingerprint);
	ppdl_pg_join_crew(context);
	state->sums = MemoryContextAlloc(context, kind->sums_size);
	kind->init(state, state->sums);
	return ppdl_pg_collector(&state->col, limbs, err);
}

bool
ppdl_slot_state_has_begun(const PpdlSlotState *state)
{
	return state->col != NULL || state->deep != NULL;
}

void
ppdl_slot_state_destroy(PpdlAggState *agg)
{
	PpdlSlotState *state = (PpdlSlotState *) agg;

	ppdl_collector_destroy(state->col);
	ppdl_trainset_destroy(state->deep);
	if (kind_of(state)->destroy != NULL)
		kind_of(state)->destroy(state);
}

size_t
ppdl_slot_state_memory(const PpdlAggState *agg)
{
	const PpdlSlotState *state = (const PpdlSlotState *) agg;
	size_t		bytes = 0;

	if (state->col != NULL)
		bytes += ppdl_pool_bytes(state->ev->pool) + ppdl_collector_memory(state->col);
	if (state->deep != NULL)
		bytes += ppdl_trainset_memory(state->deep);
	return bytes;
}

/* ---- the sums ---- */

/* one thread's */
typedef struct Job
{
	PpdlEval   *ev;				/* whose pool has `part`; NULL when there is nothing */
	void	   *part;			/* sums, unless the evaluator is the state's: that one adds to its sums */
} Job;

/* Some ciphertexts whose rows are added at the same time, dealt to jobs. */
typedef struct Turns
{
	PpdlSlotState *state;
	int			count,
				jobs;
	PpdlPacking **packing;
	Job		   *job;
} Turns;

/* packed rows into a job's sums */
static PpdlStatus
add_packed(const PpdlSlotState *state, const Job *job, PpdlEval *ev, const PpdlPacked *p, int count, PpdlError *err)
{
	void	   *sums = job->ev != NULL ? job->part : state->sums;
	PpdlCt		slots[PPDL_PACKED_TOGETHER];
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_packed_slots_run(state->slots, ev, slots, p, count, err));
	for (int i = 0; i < count && status == PPDL_OK; i++)
		status = kind_of(state)->add(state, sums, ev, &p[i], &slots[i], err);
	ppdl_ct_release_all(ev, slots, count);
	return status;
}

/* PpdlCrewJob */
static PpdlStatus
take_turns(void *arg, int i, PpdlEval *ev, PpdlError *err)
{
	const Turns *turns = arg;
	const int	first = ppdl_crew_first(i, turns->jobs, turns->count),
				count = ppdl_crew_first(i + 1, turns->jobs, turns->count) - first;
	Job		   *job = &turns->job[i];
	PpdlPacked	p[PPDL_PACKED_TOGETHER];
	PpdlStatus	status;
	int			packed = 0;

	for (; packed < count; packed++)
		PPDL_GOTO(done, ppdl_packing_run(turns->packing[first + packed], ev, &p[packed], err));
	if (ev != turns->state->ev)
		job->ev = ev;
	status = add_packed(turns->state, job, ev, p, count, err);
done:
	while (packed > 0)
		ppdl_packed_release(ev, &p[--packed]);
	return status;
}

static PpdlStatus
choose_turns(Turns *turns, int most, bool rest, PpdlError *err)
{
	while (turns->count < most)
	{
		PpdlPacking **packing = &turns->packing[turns->count];

		PPDL_TRY(ppdl_packing_choose(packing, turns->state->col, rest, err));
		if (*packing == NULL)
			break;
		turns->count++;
	}
	return PPDL_OK;
}

/* for as many jobs as there are threads */
static Job *
make_jobs(const PpdlSlotState *state, int threads)
{
	Job		   *job = palloc0(threads * sizeof(Job));

	for (int i = 0; i < threads; i++)
	{
		job[i].part = palloc(kind_of(state)->sums_size);
		kind_of(state)->init(state, job[i].part);
	}
	return job;
}

static void
free_jobs(const PpdlSlotState *state, Job *job, int threads)
{
	for (int i = 0; i < threads; i++)
	{
		if (job[i].ev != NULL)
			kind_of(state)->release(job[i].part, job[i].ev);
		pfree(job[i].part);
	}
	pfree(job);
}

static PpdlStatus
join_parts(const Turns *turns, PpdlError *err)
{
	const PpdlSlotState *state = turns->state;

	for (int i = 0; i < turns->jobs; i++)
		if (turns->job[i].ev != NULL)
			PPDL_TRY(kind_of(state)->join(state->sums, state->ev, turns->job[i].part, err));
	return PPDL_OK;
}

/*
 * Adds the rows of a ciphertext a thread, of several together where there are more than threads, of complete batches or
 * (rest) of all that waits; returns of how many.
 */
static int
add_rows(PpdlSlotState *state, int threads, bool rest)
{
	const PpdlSlotKind *kind = kind_of(state);
	const int	most = threads * PPDL_PACKED_TOGETHER;
	Turns		turns = {.state = state, .packing = palloc0(most * sizeof(PpdlPacking *)),
						 .job = make_jobs(state, threads)};
	PpdlStatus	status;
	PpdlError	err;

	if (state->slots == NULL)
	{
		PpdlPackedSlotsForm form;

		PPDL_PG(kind->form(state, ppdl_packed_scale(state->shape.par, state->shape.logk, state->shape.scale), &form,
						   &err));
		state->slots = find_slots(&form, state->agg.hdr.eoh_context);
	}
	PPDL_PG(ppdl_collector_load_keys(state->col, state->ev, &err));
	/* from here on nothing jumps: packings are memory of the core */
	status = choose_turns(&turns, most, rest, &err);
	turns.jobs = Min(threads, turns.count);
	if (status == PPDL_OK)
		status = ppdl_pg_crew_run(state->ev, threads, turns.jobs, take_turns, &turns, &err);
	if (status == PPDL_OK)
		status = join_parts(&turns, &err);
	for (int i = 0; i < turns.count; i++)
		ppdl_packing_end(turns.packing[i], status == PPDL_OK);
	free_jobs(state, turns.job, threads);
	pfree(turns.packing);
	PPDL_PG(status);
	return turns.count;
}

/* row ring: all rows into the sums, and these merged */
static void
finish(PpdlSlotState *state, FunctionCallInfo fcinfo)
{
	const int	threads = ppdl_pg_threads_beside(fcinfo);
	const uint64 rows = ppdl_collector_rows(state->col);
	PpdlWatch	watch;
	PpdlError	err;

	ppdl_watch_start(&watch, PPDL_WATCH_QUERY);
	for (uint64 left = rows; left > 0; left = ppdl_collector_rows(state->col))
	{
		CHECK_FOR_INTERRUPTS();
		ppdl_watch_tell_rows(&watch, kind_of(state)->name, rows - left, rows);
		if (add_rows(state, threads, true) == 0)
			elog(ERROR, "%llu rows could not be packed", (unsigned long long) left);
	}
	PPDL_PG(kind_of(state)->merge(state->sums, state->ev, &err));
	/* hashed groups stay until the last of them is written */
	ppdl_pool_trim(state->ev->pool);
}

/* ---- rows ---- */

/* raises unless the owner's key is published for what its rows take */
static void
check_keys(const PpdlSlotState *state)
{
	const PpdlSlotKind *kind = kind_of(state);
	const PpdlCipher *rows = &state->shape;
	const PpdlUse use = rows->limbs > 0 ? PPDL_USE_PREDICT : PPDL_USE_TRAIN;
	char		hex[17];

	if (ppdl_key_serves(rows->fingerprint, use, rows->par->id))
		return;
	ppdl_fingerprint_hex(hex, rows->fingerprint);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s of these rows take keys that key %s is not published with", kind->what, hex),
			 errhint("%s%s", ppdl_key_serve_hint(rows->fingerprint, use),
					 use == PPDL_USE_TRAIN ? kind->deep_hint : "")));
}

static void
check_slice(const PpdlSlotKind *kind, const PpdlCipher *row)
{
	if (row->kind != PPDL_KIND_SLICE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s of %s take rows as \"ppdl encrypt\" writes them", kind->what, kind->deep_rows),
				 errhint("Results of operations, and rows encrypted under a public key, can only be full rows of one "
						 "column.")));
}

void
ppdl_slot_state_begin(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y, int limbs)
{
	const PpdlSlotKind *kind = kind_of(state);
	const PpdlCipher own = ppdl_row_of_owner(x);
	PpdlError	err;

	PPDL_PG(begin(state, &own, limbs, y == NULL ? 0 : y->width, &err));
	if (limbs == 0)
	{
		check_slice(kind, x);
		if (y != NULL)
			check_slice(kind, y);
	}
	check_keys(state);
}

void
ppdl_slot_state_add(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y, FunctionCallInfo fcinfo)
{
	const char *name = kind_of(state)->name;
	PpdlError	err;
	int			complete = 0,
				threads;

	if (state->next == PPDL_NO_PLACE - 1)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows for %s", name)));
	ppdl_check_same_owner(&state->shape, x, name);
	PPDL_PG(ppdl_encoding_join_cipher(&state->shape.encoding, x, name, &err));
	if (y != NULL)
		PPDL_PG(ppdl_encoding_join_cipher(&state->shape.encoding, y, name, &err));
	if (state->deep != NULL)
		PPDL_PG(ppdl_trainset_add(state->deep, x, y, state->next, &err));
	else
		PPDL_PG(ppdl_collector_add(state->col, x, state->next, &complete, &err));
	state->next++;
	if (!complete)
		return;
	threads = ppdl_pg_threads_beside(fcinfo);
	if (ppdl_collector_complete(state->col) >= threads * PPDL_PACKED_TOGETHER)
		add_rows(state, threads, false);
}

/*
 * ---- the flat form ----
 *
 * u32 magic, u32 rows, u16 width, or 0 when there are none, and nothing follows; u16 width of the second column, u8
 * ring, fingerprint, f64 scale, u8 limbs (0: deep ring), u64 encoding; what the aggregate has beside them; row ring:
 * the sums; then the collected rows.
 */

PpdlStatus
ppdl_slot_state_save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	PpdlSlotState *state = (PpdlSlotState *) agg;
	const PpdlSlotKind *kind = kind_of(state);

	ppdl_write_u32(w, kind->magic);
	ppdl_write_u32(w, state->next);
	ppdl_write_u16(w, (uint16_t) (ppdl_slot_state_has_begun(state) ? state->shape.width : 0));
	if (!ppdl_slot_state_has_begun(state))
		return PPDL_OK;
	ppdl_write_u16(w, (uint16_t) state->width_y);
	ppdl_write_u8(w, state->shape.par->id);
	ppdl_write_bytes(w, state->shape.fingerprint, sizeof(state->shape.fingerprint));
	ppdl_write_f64(w, state->shape.scale);
	ppdl_write_u8(w, (uint8_t) state->shape.limbs);
	ppdl_write_u64(w, state->shape.encoding);
	if (kind->save_head != NULL)
		PPDL_TRY(kind->save_head(state, w, err));
	if (state->deep != NULL)
		return ppdl_trainset_save(state->deep, w, err);
	PPDL_TRY(kind->merge(state->sums, state->ev, err));
	PPDL_TRY(kind->save(state->sums, w, err));
	return ppdl_collector_save(state->col, w, err);
}

static PpdlStatus
malformed(const PpdlSlotState *state, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of %s", kind_of(state)->name);
}

static PpdlStatus
load_shape(PpdlSlotState *state, int width, PpdlReader *r, PpdlError *err)
{
	PpdlCipher	like = {.width = width};
	int			width_y = ppdl_read_u16(r);
	uint8_t		ring = ppdl_read_u8(r);
	const uint8_t *fp = ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES);
	uint64_t	encoding;
	PpdlStatus	status;
	int			limbs,
				e;

	like.scale = ppdl_read_f64(r);
	limbs = ppdl_read_u8(r);
	encoding = ppdl_read_u64(r);
	if (r->bad || encoding >> PPDL_ENCODING_BITS != 0 || width > UINT16_MAX || width_y > UINT16_MAX ||
		(ring != PPDL_RING_ROW && (ring != PPDL_RING_COMPACT || limbs != 0)) ||
		(limbs != 0 && width_y != 0) || !isnormal(like.scale) || like.scale < 1)
		return malformed(state, err);
	if (limbs == 0 && (frexp(like.scale, &e) != 0.5 || e - 1 < PPDL_SCALE_BITS_MIN || e - 1 > PPDL_SCALE_BITS_MAX))
		return malformed(state, err);
	PPDL_TRY(ppdl_params_get(ring, &like.par, err));
	if (limbs > like.par->nq || (size_t) width > like.par->n || width_y > width)
		return malformed(state, err);
	memcpy(like.fingerprint, fp, sizeof(like.fingerprint));
	if (kind_of(state)->load_head != NULL)
		PPDL_TRY(kind_of(state)->load_head(state, r, err));
	status = begin(state, &like, limbs, width_y, err);
	state->shape.encoding = encoding;
	/* what would be said to the user of a query is of no use here */
	return status == PPDL_OK || status == PPDL_ERR_NOMEM || status == PPDL_ERR_CRYPTO ? status : malformed(state, err);
}

static PpdlStatus
load_deep(PpdlSlotState *state, PpdlReader *r, PpdlError *err)
{
	PPDL_TRY(ppdl_trainset_fill(state->deep, r->p, ppdl_reader_left(r), err));
	if (!ppdl_trainset_is_like(state->deep, &state->shape, state->width_y) || state->deep->rows != state->next)
		return malformed(state, err);
	return ppdl_encoding_join(&state->shape.encoding, state->deep->encoding, kind_of(state)->name, err);
}

static PpdlStatus
load_sums(PpdlSlotState *state, PpdlReader *r, PpdlError *err)
{
	const PpdlSlotKind *kind = kind_of(state);

	PPDL_TRY(kind->load(state->sums, state->ev, r, err));
	PPDL_TRY(ppdl_collector_fill(state->col, r->p, ppdl_reader_left(r), err));
	PPDL_TRY(ppdl_collector_check_like(state->col, &state->shape, err));
	if (kind->rows(state->sums) + (double) ppdl_collector_rows(state->col) != state->next)
		return malformed(state, err);
	return ppdl_encoding_join(&state->shape.encoding, ppdl_collector_encoding(state->col), kind->name, err);
}

/* rows that wait have numbers below that of the next, each its own */
static PpdlStatus
check_numbers(const PpdlSlotState *state, PpdlError *err)
{
	const size_t bytes = ppdl_ordinal_bytes(state->next);
	uint8_t    *seen = MemoryContextAllocExtended(state->agg.hdr.eoh_context, bytes + 1,
												  MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE);

	if (state->deep != NULL)
		PPDL_TRY(ppdl_trainset_mark(state->deep, seen, state->next, err));
	else
		PPDL_TRY(ppdl_collector_mark(state->col, seen, state->next, err));
	pfree(seen);
	return PPDL_OK;
}

PpdlStatus
ppdl_slot_state_load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlSlotState *state = (PpdlSlotState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	int			width;

	state->next = ppdl_read_u32(&r);
	width = ppdl_read_u16(&r);
	if (r.bad || magic != kind_of(state)->magic || state->next == PPDL_NO_PLACE || (width == 0) != (state->next == 0))
		return malformed(state, err);
	if (width == 0)
		return ppdl_reader_left(&r) == 0 ? PPDL_OK : malformed(state, err);
	PPDL_TRY(load_shape(state, width, &r, err));
	PPDL_TRY(state->deep != NULL ? load_deep(state, &r, err) : load_sums(state, &r, err));
	return check_numbers(state, err);
}

/* ---- states together ---- */

PpdlStatus
ppdl_slot_state_merge(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	PpdlSlotState *into = (PpdlSlotState *) into_agg,
			   *from = (PpdlSlotState *) from_agg;
	const PpdlSlotKind *kind = kind_of(into);

	if ((uint64) into->next + from->next >= PPDL_NO_PLACE)
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows for %s", kind->name);
	if (!ppdl_slot_state_has_begun(from))
		return PPDL_OK;
	if (kind->join_head != NULL)
		PPDL_TRY(kind->join_head(into, from, err));
	if (!ppdl_slot_state_has_begun(into))
		PPDL_TRY(begin(into, &from->shape, from->shape.limbs, from->width_y, err));
	PPDL_TRY(ppdl_cipher_check_same(&into->shape, &from->shape, kind->name, err));
	if (into->shape.limbs != from->shape.limbs || into->width_y != from->width_y)
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "%s cannot mix full and compact rows, or second columns of %d and %d values", kind->name,
						  into->width_y, from->width_y);
	PPDL_TRY(ppdl_encoding_join(&into->shape.encoding, from->shape.encoding, kind->name, err));
	if (into->deep != NULL)
		PPDL_TRY(ppdl_trainset_merge(into->deep, from->deep, into->next, err));
	else
	{
		PPDL_TRY(kind->join(into->sums, into->ev, from->sums, err));
		PPDL_TRY(ppdl_collector_merge(into->col, from->col, into->next, err));
	}
	into->next += from->next;
	return PPDL_OK;
}

/* ---- the result ---- */

typedef struct DeepRun
{
	const PpdlSlotKind *kind;
	PpdlHalfBoot *hb;
	PpdlWatch	watch;
} DeepRun;

static void
destroy_halfboot(void *arg)
{
	ppdl_halfboot_destroy(((DeepRun *) arg)->hb);
}

/* PpdlProgress */
static void
tell(void *arg, uint64_t done, uint64_t total, const char *what)
{
	DeepRun    *d = arg;
	double		left = ppdl_watch_left(&d->watch, done, total);

	if (left >= 0)
		ppdl_tell_progress("%s in the deep ring: %s %llu of %llu, %.0f s left", d->kind->what, what,
						   (unsigned long long) done, (unsigned long long) total, left);
}

static struct varlena *
run_deep(const PpdlSlotState *state)
{
	DeepRun    *d = palloc0(sizeof(DeepRun));
	PpdlEval   *ev;
	PpdlWriter	w;
	PpdlError	err;

	d->kind = kind_of(state);
	ppdl_watch_start(&d->watch, PPDL_WATCH_QUERY);
	/* the evaluator goes after what is made of it */
	ppdl_writers_load_keys(state->deep);
	ev = ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_DEEP, state->shape.fingerprint);
	ppdl_guard(CurrentMemoryContext, destroy_halfboot, d);
	PPDL_PG(ppdl_halfboot_create(&d->hb, ev, &err));
	ppdl_writer_init(&w);
	return ppdl_cipher_result(d->kind->write_deep(state, ev, d->hb, tell, d, &w, &err), &w, &err);
}

/* in a context that goes at once: the deep ring takes gigabytes */
static struct varlena *
finish_deep(const PpdlSlotState *state)
{
	MemoryContext caller = CurrentMemoryContext,
				context = AllocSetContextCreate(caller, "ppdl aggregate deep", ALLOCSET_DEFAULT_SIZES);
	struct varlena *result;

	MemoryContextSwitchTo(context);
	result = run_deep(state);
	MemoryContextSwitchTo(caller);
	result = (struct varlena *) DatumGetPointer(datumCopy(PointerGetDatum(result), false, -1));
	MemoryContextDelete(context);
	return result;
}

struct varlena *
ppdl_slot_state_result(PpdlSlotState *state, FunctionCallInfo fcinfo)
{
	PpdlWriter	w;
	PpdlError	err;

	if (state->next == 0)
		return NULL;
	if (state->deep != NULL)
		return finish_deep(state);
	finish(state, fcinfo);
	ppdl_writer_init(&w);
	return ppdl_cipher_result(kind_of(state)->write(state, state->sums, &w, &err), &w, &err);
}
