/*
 * The aggregates sum(lwe_cipher) and avg(lwe_cipher).  One state, type lwe_sum_state, serves both aggregates of
 * a query; final functions leave it as it was.
 */
#include "pg/agg_state.h"
#include "pg/cipher_datum.h"
#include "pg/keys.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "rows/cipher_read.h"
#include "rows/sum_keys.h"

typedef struct SumState
{
	PpdlAggState agg;
	PpdlKeySums *sums;			/* one a key */
	const struct varlena *last;	/* where the last value lay; not to be read */
	struct varlena *result;		/* of the sum when it had so many terms, or NULL */
	uint64		result_terms;
} SumState;

/*
 * The one state that has a result, for the other aggregate of a query that shares it: sum and avg of a group are
 * finished one after the other.  NULL: none.
 */
static SumState *finished = NULL;

static PpdlKeySums *
sums_of(const PpdlAggState *state)
{
	return ((const SumState *) state)->sums;
}

static void
destroy(PpdlAggState *state)
{
	if (finished == (SumState *) state)
		finished = NULL;
	ppdl_key_sums_destroy(sums_of(state));
}

static PpdlStatus
save(PpdlAggState *state, PpdlWriter *w, PpdlError *err)
{
	return ppdl_key_sums_save(sums_of(state), w, err);
}

static PpdlStatus
load(PpdlAggState *state, const uint8_t *buf, size_t len, PpdlError *err)
{
	PPDL_TRY(ppdl_key_sums_create(&((SumState *) state)->sums, ppdl_pg_writer_of, NULL, err));
	ppdl_key_sums_set_poll(sums_of(state), &ppdl_pg_poll);
	PPDL_TRY(ppdl_key_sums_fill(sums_of(state), buf, len, err));
	return ppdl_key_sums_count(sums_of(state)) > 0 ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_FORMAT, "state of a sum of no terms");
}

static PpdlStatus
merge(PpdlAggState *into, PpdlAggState *from, PpdlError *err)
{
	return ppdl_key_sums_merge(sums_of(into), sums_of(from), err);
}

static size_t
memory(const PpdlAggState *state)
{
	return ppdl_key_sums_memory(sums_of(state));
}

/* the groups of a hash table have an arena in common */
static size_t
shared_memory(const void *shared)
{
	return ppdl_arena_memory(shared);
}

static void
shared_destroy(void *shared)
{
	ppdl_arena_destroy(shared);
}

static size_t
kept_memory(const void *kept)
{
	return ppdl_seed_cache_memory(kept);
}

static void
kept_destroy(void *kept)
{
	ppdl_seed_cache_destroy(kept);
}

static const PpdlAggKind sum_kind = {
	"lwe_sum_state", "sums of encrypted rows", sizeof(SumState), destroy, save, load, merge, memory, true,
	shared_memory, shared_destroy, kept_memory, kept_destroy
};

PPDL_AGG_STATE_TYPE(lwe_sum_state, &sum_kind);
PPDL_SQL_FUNCTION(lwe_sum_combine, ppdl_agg_state_combine(fcinfo, &sum_kind));

/* expanded seeds that a backend keeps, whatever work_mem: those of a million compact rows */
#define LEAST_KEPT ((size_t) 128 << 20)

static PpdlSeedBudget budget;

static bool
is_sorted(FunctionCallInfo fcinfo)
{
	return IsA(fcinfo->context, AggState) && castNode(AggState, fcinfo->context)->aggstrategy == AGG_SORTED;
}

/*
 * Each group of sorted rows has a share of its own and asks for seeds that others have asked for; so do the parts of a
 * hash table that was spilled, after the first.  A sum without groups asks once.
 */
static PpdlArena *
new_arena(FunctionCallInfo fcinfo, PpdlAggQuery *query)
{
	PpdlArena  *arena;
	PpdlError	err;

	if (query->kept == NULL)
	{
		PpdlSeedCache *seeds;

		PPDL_PG(ppdl_seed_cache_create(&seeds, &budget, &err));
		query->kept = seeds;
	}
	budget.max = Max(LEAST_KEPT, get_hash_memory_limit());
	PPDL_PG(ppdl_arena_create(&arena, NULL, &ppdl_pg_poll, &err));
	ppdl_arena_set_seeds(arena, query->kept, is_sorted(fcinfo) || query->shares_made > 1);
	return arena;
}

static SumState *
new_sum(FunctionCallInfo fcinfo)
{
	SumState   *state = ppdl_agg_state_new(fcinfo, &sum_kind);
	PpdlAggShare *share = state->agg.share;
	PpdlError	err;

	PPDL_PG(ppdl_key_sums_create(&state->sums, ppdl_pg_writer_of, NULL, &err));
	ppdl_key_sums_set_poll(state->sums, &ppdl_pg_poll);
	if (share == NULL)
		return state;
	if (share->shared == NULL)
		share->shared = new_arena(fcinfo, share->query);
	ppdl_key_sums_set_arena(state->sums, share->shared);
	return state;
}

/* of the tuple's header, and of a row: its header and the residues of two limbs of 16 values */
#define PREFETCH_BEFORE 32
#define PREFETCH_BYTES 240

/*
 * Rows of a page lie one before the other: the next is most likely as far from this one as this from the last.  Reading
 * it takes longer than adding it up.
 */
static inline void
prefetch_next(SumState *state, const struct varlena *value)
{
	const uintptr_t here = (uintptr_t) value,
				step = here - (uintptr_t) state->last;

	state->last = value;
	if (step + BLCKSZ / 2 > BLCKSZ)
		return;
	for (int i = -PREFETCH_BEFORE; i < PREFETCH_BYTES; i += 64)
		__builtin_prefetch((const void *) (here + step + (uintptr_t) (intptr_t) i));
}

static void
add_value(PpdlKeySums *sums, const struct varlena *value)
{
	PpdlError	err;

	PPDL_PG(ppdl_key_sums_add_bytes(sums, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
}

static void
add_weighted(PpdlKeySums *sums, const struct varlena *value, float8 weight)
{
	PpdlCipher	c;
	PpdlError	err;

	PPDL_PG(ppdl_cipher_parse(&c, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
	PPDL_PG(ppdl_key_sums_add_weighted(sums, &c, weight, &err));
}

/* (state, value [, weight]) */
static Datum
add(FunctionCallInfo fcinfo)
{
	SumState   *state;
	struct varlena *value;

	if (PG_ARGISNULL(1) || (PG_NARGS() > 2 && PG_ARGISNULL(2)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	value = PG_GETARG_CIPHER_PP(1);
	if (PG_ARGISNULL(0))
		state = new_sum(fcinfo);
	else
		state = ppdl_agg_state_argument(fcinfo, 0, &sum_kind);
	if (PG_NARGS() > 2)
		add_weighted(state->sums, value, PG_GETARG_FLOAT8(2));
	else
	{
		prefetch_next(state, value);
		add_value(state->sums, value);
	}
	return ppdl_agg_state_result(&state->agg);
}

static void
forget_result(void)
{
	if (finished != NULL)
	{
		pfree(finished->result);
		finished->result = NULL;
	}
	finished = NULL;
}

static void
keep_result(SumState *state, const struct varlena *result)
{
	forget_result();
	state->result = MemoryContextAlloc(state->agg.hdr.eoh_context, VARSIZE(result));
	memcpy(state->result, result, VARSIZE(result));
	state->result_terms = ppdl_key_sums_count(state->sums);
	finished = state;
}

static Datum
finish(FunctionCallInfo fcinfo, bool average)
{
	SumState   *state = ppdl_agg_state_read(fcinfo, 0, &sum_kind);
	double		divisor = average ? (double) ppdl_key_sums_count(state->sums) : 1;
	PpdlSum    *single = ppdl_key_sums_single(state->sums);
	struct varlena *result;
	PpdlWriter	w;
	PpdlError	err;
	int			switched;

	ppdl_writer_init(&w);
	if (finished == state && single != NULL && state->result_terms == ppdl_sum_count(single))
		PG_RETURN_POINTER(ppdl_cipher_result(ppdl_sum_finish_again(single, VARDATA(state->result),
																   VARSIZE(state->result) - VARHDRSZ, divisor, &w,
																   &err), &w, &err));
	PPDL_PG(ppdl_key_sums_needs_switch(state->sums, &switched, &err));
	result = ppdl_cipher_result(ppdl_key_sums_finish(state->sums, switched ? ppdl_switch_eval(fcinfo) : NULL, divisor,
													 &w, &err), &w, &err);
	ppdl_agg_state_charge(&state->agg);
	/* the other aggregate divides what is kept; switched sums, of several keys, it computes again */
	if (!switched && AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE && AggStateIsShared(fcinfo))
		keep_result(state, result);
	PG_RETURN_POINTER(result);
}

PPDL_SQL_FUNCTION(lwe_sum_trans, add(fcinfo));
PPDL_SQL_FUNCTION(lwe_sum_final, finish(fcinfo, false));
PPDL_SQL_FUNCTION(lwe_avg_final, finish(fcinfo, true));
