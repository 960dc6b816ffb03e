#include "pg/gram_state.h"

#include <math.h>

#include "miscadmin.h"
#include "pg/keys.h"
#include "pg/watch.h"
#include "rows/encoding.h"
#include "rows/ordinals.h"

#define FLAT_MAGIC 0x3147474C	/* "LGG1" */

/* ---- CoefficientsToSlots: of rows of one width and scale, tens of megabytes; the last one used is kept ---- */

typedef struct CachedSlots
{
	PpdlPackedSlots *slots;
	int			pins;
	struct CachedSlots *next;
} CachedSlots;

static CachedSlots *cached;		/* the latest used comes first */

/* forgets all that nobody uses but the first */
static void
trim_cache(void)
{
	for (CachedSlots **at = &cached; *at != NULL;)
	{
		CachedSlots *c = *at;

		if (c == cached || c->pins > 0)
		{
			at = &c->next;
			continue;
		}
		*at = c->next;
		ppdl_packed_slots_destroy(c->slots);
		free(c);
	}
}

static void
unpin(void *arg)
{
	((CachedSlots *) arg)->pins--;
	trim_cache();
}

static CachedSlots *
make_slots(double scale)
{
	CachedSlots *c = calloc(1, sizeof(*c));
	PpdlStatus	status;
	PpdlError	err;

	if (c == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	status = ppdl_packed_slots_create(&c->slots, scale, NULL, &ppdl_pg_poll, &err);
	if (status == PPDL_OK && !ppdl_error_is_kept())
		return c;
	ppdl_packed_slots_destroy(status == PPDL_OK ? c->slots : NULL);
	free(c);
	ppdl_report(&err);
}

/* stays as long as context does */
static const PpdlPackedSlots *
find_slots(double scale, MemoryContext context)
{
	CachedSlots **at = &cached,
			   *c;

	while (*at != NULL && ppdl_packed_slots_scale((*at)->slots) != scale)
		at = &(*at)->next;
	c = *at;
	if (c == NULL)
		c = make_slots(scale);
	else
		*at = c->next;
	c->next = cached;
	cached = c;
	c->pins++;
	ppdl_guard(context, unpin, c);
	trim_cache();
	return c->slots;
}

/* ---- life ---- */

/*
 * What the first row decides.  The evaluator lives in the state's context, made after the state: it and its pool, with
 * the ciphertexts, go before the state is destroyed.
 */
static void
begin(PpdlGramState *state, const PpdlCipher *like, int limbs, int width_y)
{
	MemoryContext context = state->agg.hdr.eoh_context;
	PpdlError	err;

	PPDL_PG(ppdl_gram_layout(&state->lay, like->width, width_y, &err));
	state->shape = (PpdlCipher) {.par = like->par, .kind = PPDL_KIND_SLICE, .limbs = limbs, .width = like->width,
								 .logk = state->lay.logk, .scale = like->scale};
	memcpy(state->shape.fingerprint, like->fingerprint, sizeof(state->shape.fingerprint));
	if (limbs == 0)
	{
		PPDL_PG(ppdl_trainset_create(&state->deep, &err));
		state->deep->poll = &ppdl_pg_poll;
		return;
	}
	state->ev = ppdl_pg_eval(context, like->par->id, state->shape.fingerprint);
	ppdl_pg_join_crew(context);
	state->gram = MemoryContextAlloc(context, sizeof(PpdlGram));
	ppdl_gram_init(state->gram, &state->lay);
	PPDL_PG(ppdl_collector_create(&state->col, limbs, &err));
	ppdl_collector_set_poll(state->col, &ppdl_pg_poll);
}

static bool
has_begun(const PpdlGramState *state)
{
	return state->col != NULL || state->deep != NULL;
}

static void
destroy(PpdlAggState *agg)
{
	PpdlGramState *state = (PpdlGramState *) agg;

	ppdl_collector_destroy(state->col);
	ppdl_trainset_destroy(state->deep);
}

static size_t
memory(const PpdlAggState *agg)
{
	const PpdlGramState *state = (const PpdlGramState *) agg;
	size_t		bytes = 0;

	if (state->col != NULL)
		bytes += ppdl_pool_bytes(state->ev->pool) + ppdl_collector_memory(state->col);
	if (state->deep != NULL)
		bytes += ppdl_trainset_memory(state->deep);
	return bytes;
}

/* ---- the sums ---- */

/* Some ciphertexts whose rows are added together, each by one thread. */
typedef struct Turn
{
	PpdlPacking *packing;
	PpdlEval   *ev;				/* whose pool has `part`; NULL when there is nothing */
	PpdlGram	part;			/* unless the evaluator is the state's: that one adds to its sums */
} Turn;

typedef struct Turns
{
	PpdlGramState *state;
	int			count;
	Turn	   *turn;
} Turns;

static PpdlStatus
add_packed(const PpdlGramState *state, PpdlGram *to, PpdlEval *ev, const PpdlPacked *p, PpdlError *err)
{
	PpdlStatus	status;
	PpdlCt		z;

	PPDL_TRY(ppdl_packed_slots_run(state->slots, ev, &z, p, err));
	status = ppdl_gram_add(to, ev, &z, NULL, p->rows, err);
	ppdl_ct_release(ev, &z);
	return status;
}

/* PpdlCrewJob */
static PpdlStatus
take_turn(void *arg, int i, PpdlEval *ev, PpdlError *err)
{
	const Turns *turns = arg;
	Turn	   *t = &turns->turn[i];
	PpdlStatus	status;
	PpdlPacked	p;

	PPDL_TRY(ppdl_packing_run(t->packing, ev, &p, err));
	if (ev != turns->state->ev)
		t->ev = ev;
	status = add_packed(turns->state, t->ev != NULL ? &t->part : turns->state->gram, ev, &p, err);
	ppdl_packed_release(ev, &p);
	return status;
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
		ppdl_gram_init(&t->part, &turns->state->lay);
		turns->count++;
	}
	return PPDL_OK;
}

static PpdlStatus
join_parts(const Turns *turns, PpdlError *err)
{
	for (int i = 0; i < turns->count; i++)
		if (turns->turn[i].ev != NULL)
			PPDL_TRY(ppdl_gram_join(turns->state->gram, turns->state->ev, &turns->turn[i].part, err));
	return PPDL_OK;
}

/* Adds the rows of up to `threads` ciphertexts, of complete batches or (rest) of all that waits; returns how many. */
static int
add_rows(PpdlGramState *state, int threads, bool rest)
{
	Turns		turns = {state, 0, palloc0(threads * sizeof(Turn))};
	PpdlStatus	status;
	PpdlError	err;

	if (state->slots == NULL)
		state->slots = find_slots(ppdl_packed_scale(state->shape.par, state->shape.logk, state->shape.scale),
								  state->agg.hdr.eoh_context);
	status = choose_turns(&turns, threads, rest, &err);
	if (status == PPDL_OK)
		status = ppdl_pg_crew_run(state->ev, threads, turns.count, take_turn, &turns, &err);
	if (status == PPDL_OK)
		status = join_parts(&turns, &err);
	for (int i = 0; i < turns.count; i++)
	{
		Turn	   *t = &turns.turn[i];

		ppdl_packing_end(t->packing, status == PPDL_OK);
		if (t->ev != NULL)
			ppdl_gram_release(&t->part, t->ev);
	}
	pfree(turns.turn);
	PPDL_PG(status);
	return turns.count;
}

void
ppdl_gram_state_finish(PpdlGramState *state, FunctionCallInfo fcinfo)
{
	const int	threads = ppdl_pg_threads_beside(fcinfo);
	const uint64 rows = ppdl_collector_rows(state->col);
	PpdlWatch	watch;
	PpdlError	err;

	ppdl_watch_start(&watch, PPDL_WATCH_QUERY);
	for (uint64 left = rows; left > 0; left = ppdl_collector_rows(state->col))
	{
		CHECK_FOR_INTERRUPTS();
		ppdl_watch_tell_rows(&watch, "lwe_gram", rows - left, rows);
		if (add_rows(state, threads, true) == 0)
			elog(ERROR, "%llu rows could not be packed", (unsigned long long) left);
	}
	PPDL_PG(ppdl_gram_merge(state->gram, state->ev, &err));
}

/* ---- rows ---- */

static void
check_keys(const PpdlCipher *row, PpdlUse use)
{
	char		hex[17];

	if (ppdl_key_serves(row->fingerprint, use, row->par->id))
		return;
	ppdl_fingerprint_hex(hex, row->fingerprint);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("second moments of these rows take keys that key %s is not published with", hex),
			 errhint("%s%s", ppdl_key_serve_hint(row->fingerprint, use),
					 use == PPDL_USE_TRAIN ? " Full rows of one column do without them: they take those for predict." :
					 "")));
}

static void
check_slice(const PpdlCipher *row)
{
	if (row->kind != PPDL_KIND_SLICE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("second moments of compact rows, and of rows with labels, take rows as \"ppdl encrypt\" writes "
						"them"),
				 errhint("Results of operations, and rows encrypted under a public key, can only be full rows of one "
						 "column.")));
}

/* full rows of one column stay in the row ring */
static void
first_row(PpdlGramState *state, const PpdlCipher *x, const PpdlCipher *y)
{
	const bool	row_ring = y == NULL && x->par->id == PPDL_RING_ROW && x->limbs >= PPDL_PACKED_ROWS_LIMBS;

	begin(state, x, row_ring ? PPDL_PACKED_ROWS_LIMBS : 0, y == NULL ? 0 : y->width);
	if (!row_ring)
	{
		check_slice(x);
		if (y != NULL)
			check_slice(y);
	}
	check_keys(x, row_ring ? PPDL_USE_PREDICT : PPDL_USE_TRAIN);
}

void
ppdl_gram_state_add(PpdlGramState *state, const PpdlCipher *x, const PpdlCipher *y, FunctionCallInfo fcinfo)
{
	PpdlError	err;
	int			complete = 0,
				threads;

	if (!has_begun(state))
		first_row(state, x, y);
	if (state->next == PPDL_NO_PLACE - 1)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows for lwe_gram")));
	PPDL_PG(ppdl_cipher_check_same(&state->shape, x, "lwe_gram", &err));
	PPDL_PG(ppdl_encoding_join_cipher(&state->shape.encoding, x, "lwe_gram", &err));
	if (y != NULL)
		PPDL_PG(ppdl_encoding_join_cipher(&state->shape.encoding, y, "lwe_gram", &err));
	if (state->deep != NULL)
		PPDL_PG(ppdl_trainset_add(state->deep, x, y, state->next, &err));
	else
		PPDL_PG(ppdl_collector_add(state->col, x, state->next, &complete, &err));
	state->next++;
	if (!complete)
		return;
	threads = ppdl_pg_threads_beside(fcinfo);
	if (ppdl_collector_complete(state->col) >= threads)
		add_rows(state, threads, false);
}

/*
 * ---- the flat form ----
 *
 * u32 magic, u32 rows, u16 width, or 0 when there are none, and nothing follows; u16 width of labels, u8 ring,
 * fingerprint, f64 scale, u8 limbs (0: deep ring), u64 encoding; row ring: the sums; then the collected rows.
 */

static PpdlStatus
save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	PpdlGramState *state = (PpdlGramState *) agg;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u32(w, state->next);
	ppdl_write_u16(w, (uint16_t) (has_begun(state) ? state->shape.width : 0));
	if (!has_begun(state))
		return PPDL_OK;
	ppdl_write_u16(w, (uint16_t) state->lay.width_y);
	ppdl_write_u8(w, state->shape.par->id);
	ppdl_write_bytes(w, state->shape.fingerprint, sizeof(state->shape.fingerprint));
	ppdl_write_f64(w, state->shape.scale);
	ppdl_write_u8(w, (uint8_t) state->shape.limbs);
	ppdl_write_u64(w, state->shape.encoding);
	if (state->deep != NULL)
		return ppdl_trainset_save(state->deep, w, err);
	PPDL_TRY(ppdl_gram_merge(state->gram, state->ev, err));
	PPDL_TRY(ppdl_gram_save(state->gram, w, err));
	return ppdl_collector_save(state->col, w, err);
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of lwe_gram");
}

static PpdlStatus
load_shape(PpdlGramState *state, int width, PpdlReader *r, PpdlError *err)
{
	PpdlCipher	like = {.width = width};
	int			width_y = ppdl_read_u16(r);
	uint8_t		ring = ppdl_read_u8(r);
	const uint8_t *fp = ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES);
	uint64_t	encoding;
	int			limbs,
				e;

	like.scale = ppdl_read_f64(r);
	limbs = ppdl_read_u8(r);
	encoding = ppdl_read_u64(r);
	if (r->bad || encoding >> PPDL_ENCODING_BITS != 0 ||
		(ring != PPDL_RING_ROW && (ring != PPDL_RING_COMPACT || limbs != 0)) ||
		(limbs != 0 && (limbs != PPDL_PACKED_ROWS_LIMBS || width_y != 0)) || !isnormal(like.scale) || like.scale < 1)
		return malformed(err);
	if (limbs == 0 && (frexp(like.scale, &e) != 0.5 || e - 1 < PPDL_SCALE_BITS_MIN || e - 1 > PPDL_SCALE_BITS_MAX))
		return malformed(err);
	if (width < PPDL_GRAM_MIN_WIDTH || width > PPDL_GRAM_MAX_WIDTH || width_y > width)
		return malformed(err);
	PPDL_TRY(ppdl_params_get(ring, &like.par, err));
	memcpy(like.fingerprint, fp, sizeof(like.fingerprint));
	begin(state, &like, limbs, width_y);
	state->shape.encoding = encoding;
	return PPDL_OK;
}

static PpdlStatus
load_deep(PpdlGramState *state, PpdlReader *r, PpdlError *err)
{
	PPDL_TRY(ppdl_trainset_fill(state->deep, r->p, ppdl_reader_left(r), err));
	if (!ppdl_trainset_is_like(state->deep, &state->shape, state->lay.width_y) || state->deep->rows != state->next)
		return malformed(err);
	return ppdl_encoding_join(&state->shape.encoding, state->deep->encoding, "lwe_gram", err);
}

static PpdlStatus
load_sums(PpdlGramState *state, PpdlReader *r, PpdlError *err)
{
	PPDL_TRY(ppdl_gram_load(state->gram, state->ev, r, err));
	PPDL_TRY(ppdl_collector_fill(state->col, r->p, ppdl_reader_left(r), err));
	PPDL_TRY(ppdl_collector_check_like(state->col, &state->shape, err));
	if (state->gram->rows + (double) ppdl_collector_rows(state->col) != state->next)
		return malformed(err);
	return ppdl_encoding_join(&state->shape.encoding, ppdl_collector_encoding(state->col), "lwe_gram", err);
}

/* rows that wait have numbers below that of the next, each its own */
static PpdlStatus
check_numbers(const PpdlGramState *state, PpdlError *err)
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

static PpdlStatus
load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlGramState *state = (PpdlGramState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	int			width;

	state->next = ppdl_read_u32(&r);
	width = ppdl_read_u16(&r);
	if (r.bad || magic != FLAT_MAGIC || state->next == PPDL_NO_PLACE || (width == 0) != (state->next == 0))
		return malformed(err);
	if (width == 0)
		return ppdl_reader_left(&r) == 0 ? PPDL_OK : malformed(err);
	PPDL_TRY(load_shape(state, width, &r, err));
	PPDL_TRY(state->deep != NULL ? load_deep(state, &r, err) : load_sums(state, &r, err));
	return check_numbers(state, err);
}

/* ---- states together ---- */

static PpdlStatus
merge(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	PpdlGramState *into = (PpdlGramState *) into_agg,
			   *from = (PpdlGramState *) from_agg;

	if ((uint64) into->next + from->next >= PPDL_NO_PLACE)
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows for lwe_gram");
	if (!has_begun(from))
		return PPDL_OK;
	if (!has_begun(into))
		begin(into, &from->shape, from->shape.limbs, from->lay.width_y);
	PPDL_TRY(ppdl_cipher_check_same(&into->shape, &from->shape, "lwe_gram", err));
	if ((into->deep == NULL) != (from->deep == NULL) || into->lay.width_y != from->lay.width_y)
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "lwe_gram cannot mix full and compact rows, or labels of %d and %d values",
						  into->lay.width_y, from->lay.width_y);
	PPDL_TRY(ppdl_encoding_join(&into->shape.encoding, from->shape.encoding, "lwe_gram", err));
	if (into->deep != NULL)
		PPDL_TRY(ppdl_trainset_merge(into->deep, from->deep, into->next, err));
	else
	{
		PPDL_TRY(ppdl_gram_join(into->gram, into->ev, from->gram, err));
		PPDL_TRY(ppdl_collector_merge(into->col, from->col, into->next, err));
	}
	into->next += from->next;
	return PPDL_OK;
}

static const PpdlAggKind gram_kind = {
	"lwe_gram_state", "second moments of encrypted rows", sizeof(PpdlGramState), destroy, save, load, merge, memory
};

PPDL_AGG_STATE_TYPE(lwe_gram_state, &gram_kind);
PPDL_SQL_FUNCTION(lwe_gram_combine, ppdl_agg_state_combine(fcinfo, &gram_kind));

PpdlGramState *
ppdl_gram_state_argument(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_or_new(fcinfo, &gram_kind);
}

PpdlGramState *
ppdl_gram_state_final(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_final(fcinfo, 0, &gram_kind);
}
