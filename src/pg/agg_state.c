#include "pg/agg_state.h"

#include "pg/cipher_datum.h"

/*
 * The core allocates with malloc, which PostgreSQL does not count against work_mem.  What a state holds is added
 * to the sum that its memory context reports (MemoryContextMemAllocated): hash aggregation spills by it.  Servers
 * built to check their memory contexts compare that sum with the blocks, and are left alone.  Most rows change nothing:
 * the context is not touched then.
 */
static void
charge(MemoryContext context, size_t *charged, size_t bytes)
{
#ifndef MEMORY_CONTEXT_CHECKING
	if (bytes == *charged)
		return;
	context->mem_allocated += bytes - *charged;
	*charged = bytes;
#endif
}

static void
destroy(void *arg)
{
	PpdlAggState *state = arg;

	charge(state->hdr.eoh_context, &state->charged, 0);
	ppdl_writer_free(&state->flat);
	state->kind->destroy(state);
}

static void
destroy_share(void *arg)
{
	PpdlAggShare *share = arg;

	for (PpdlAggState *state = share->states; state != NULL; state = state->next)
		destroy(state);
	charge(share->context, &share->charged, 0);
	if (share->shared != NULL)
		share->kind->shared_destroy(share->shared);
	*share->link = share->next;
	if (share->next != NULL)
		share->next->link = share->link;
}

static Size
flat_size(ExpandedObjectHeader *eohptr)
{
	PpdlAggState *state = (PpdlAggState *) eohptr;
	PpdlError	err;

	ppdl_writer_free(&state->flat);
	PPDL_PG(state->kind->save(state, &state->flat, &err));
	if (state->flat.bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (state->flat.len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s are larger than 1 GB", state->kind->contents),
				 errhint("Aggregate fewer rows, or without parallel workers.")));
	return state->flat.len + VARHDRSZ;
}

static void
flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	PpdlAggState *state = (PpdlAggState *) eohptr;

	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods methods = {flat_size, flatten};

static MemoryContext
new_context(MemoryContext parent, const PpdlAggKind *kind)
{
	MemoryContext context = AllocSetContextCreate(parent, "ppdl aggregate state", 0, 1024, ALLOCSET_DEFAULT_MAXSIZE);

	MemoryContextSetIdentifier(context, kind->type);
	return context;
}

static PpdlAggState *
new_state(MemoryContext context, const PpdlAggKind *kind)
{
	PpdlAggState *state = MemoryContextAllocZero(context, kind->size);

	EOH_init_header(&state->hdr, &methods, context);
	state->kind = kind;
	return state;
}

void *
ppdl_agg_state_create(MemoryContext parent, const PpdlAggKind *kind)
{
	PpdlAggState *state = new_state(new_context(parent, kind), kind);

	ppdl_guard(state->hdr.eoh_context, destroy, state);
	return state;
}

static void
destroy_query(void *arg)
{
	PpdlAggQuery *query = arg;

	charge(query->context, &query->charged, 0);
	if (query->kept != NULL)
		query->kind->kept_destroy(query->kept);
	query->kept = NULL;
}

/* shares point to it when they end: it lies in the function's own context, which ends after them */
static PpdlAggQuery *
query_of(FmgrInfo *flinfo, const PpdlAggKind *kind)
{
	PpdlAggQuery *query = flinfo->fn_extra;

	if (query != NULL)
		return query;
	query = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(*query));
	query->kind = kind;
	query->context = AllocSetContextCreate(flinfo->fn_mcxt, "ppdl aggregate", ALLOCSET_START_SMALL_SIZES);
	ppdl_guard(query->context, destroy_query, query);
	flinfo->fn_extra = query;
	return query;
}

/* the share of the aggregate whose function this is, in one of its contexts: grouping sets have several */
static PpdlAggShare *
share_in(FmgrInfo *flinfo, MemoryContext parent, const PpdlAggKind *kind)
{
	PpdlAggQuery *query = query_of(flinfo, kind);
	PpdlAggShare *share;
	MemoryContext context;

	for (share = query->shares; share != NULL; share = share->next)
		if (MemoryContextGetParent(share->context) == parent)
			return share;
	context = new_context(parent, kind);
	share = MemoryContextAllocZero(context, sizeof(*share));
	share->kind = kind;
	share->context = context;
	ppdl_guard(context, destroy_share, share);
	share->query = query;
	query->shares_made++;
	share->link = &query->shares;
	share->next = query->shares;
	if (share->next != NULL)
		share->next->link = &share->next;
	query->shares = share;
	return share;
}

void *
ppdl_agg_state_new(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	MemoryContext parent;
	PpdlAggShare *share;
	PpdlAggState *state;

	if (!kind->one_context || AggCheckCallContext(fcinfo, &parent) != AGG_CONTEXT_AGGREGATE)
		return ppdl_agg_state_create(ppdl_agg_state_parent(fcinfo), kind);
	share = share_in(fcinfo->flinfo, parent, kind);
	state = new_state(share->context, kind);
	state->share = share;
	state->next = share->states;
	share->states = state;
	return state;
}

MemoryContext
ppdl_agg_state_parent(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

/* NULL unless the datum is an expanded object of this kind */
static PpdlAggState *
expanded(Datum d, const PpdlAggKind *kind)
{
	ExpandedObjectHeader *eoh = VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)) ? DatumGetEOHP(d) : NULL;

	return eoh != NULL && eoh->eoh_methods == &methods &&
		((PpdlAggState *) eoh)->kind == kind ? (PpdlAggState *) eoh : NULL;
}

static PpdlAggState *
load(Datum d, PpdlAggState *state)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(d);
	PpdlError	err;

	PPDL_PG(state->kind->load(state, (const uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err));
	if ((Pointer) flat != DatumGetPointer(d))
		pfree(flat);
	return state;
}

void *
ppdl_agg_state_copy(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind)
{
	return load(PG_GETARG_DATUM(arg), ppdl_agg_state_new(fcinfo, kind));
}

void *
ppdl_agg_state_argument(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind)
{
	Datum		d = PG_GETARG_DATUM(arg);
	PpdlAggState *state = VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)) ? expanded(d, kind) : NULL;

	return state != NULL ? state : ppdl_agg_state_copy(fcinfo, arg, kind);
}

void *
ppdl_agg_state_or_new(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	if (PG_ARGISNULL(0))
		return ppdl_agg_state_create(ppdl_agg_state_parent(fcinfo), kind);
	return ppdl_agg_state_argument(fcinfo, 0, kind);
}

void *
ppdl_agg_state_read(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind)
{
	PpdlAggState *state = expanded(PG_GETARG_DATUM(arg), kind);

	return state != NULL ? state : load(PG_GETARG_DATUM(arg), ppdl_agg_state_create(CurrentMemoryContext, kind));
}

void *
ppdl_agg_state_final(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind)
{
	/* the executor hands even such states on as read-only */
	if (AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE && !AggStateIsShared(fcinfo))
		return ppdl_agg_state_read(fcinfo, arg, kind);
	return ppdl_agg_state_argument(fcinfo, arg, kind);
}

void
ppdl_agg_state_charge(PpdlAggState *state)
{
	PpdlAggShare *share = state->share;

	charge(state->hdr.eoh_context, &state->charged, state->kind->memory(state));
	if (share == NULL || share->shared == NULL)
		return;
	charge(share->context, &share->charged, state->kind->shared_memory(share->shared));
	if (share->query->kept != NULL)
		charge(share->query->context, &share->query->charged, state->kind->kept_memory(share->query->kept));
}

Datum
ppdl_agg_state_result(PpdlAggState *state)
{
	ppdl_agg_state_charge(state);
	return EOHPGetRWDatum(&state->hdr);
}

Datum
ppdl_agg_state_combine(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	PpdlAggState *into,
			   *from;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	if (PG_ARGISNULL(0))
		return ppdl_agg_state_result(ppdl_agg_state_copy(fcinfo, 1, kind));
	into = ppdl_agg_state_argument(fcinfo, 0, kind);
	from = ppdl_agg_state_read(fcinfo, 1, kind);
	if (from == into)
		from = load(PG_GETARG_DATUM(1), ppdl_agg_state_create(CurrentMemoryContext, kind));
	PPDL_PG(kind->merge(into, from, &err));
	if (from != expanded(PG_GETARG_DATUM(1), kind))
		MemoryContextDelete(from->hdr.eoh_context);
	return ppdl_agg_state_result(into);
}

/* ---- the type ---- */

/* whatever is wrong with the bytes is malformed input; what is wrong with the machine is not */
static Datum
check(struct varlena *flat, const PpdlAggKind *kind, int sqlstate)
{
	PpdlAggState *state = ppdl_agg_state_create(CurrentMemoryContext, kind);
	PpdlError	err;

	if (kind->load(state, (const uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err) != PPDL_OK)
	{
		if (err.code != PPDL_ERR_NOMEM && err.code != PPDL_ERR_CANCELED && err.code != PPDL_ERR_CRYPTO)
			err.code = PPDL_ERR_FORMAT;
		ppdl_report_input(sqlstate, kind->type, &err);
	}
	MemoryContextDelete(state->hdr.eoh_context);
	PG_RETURN_POINTER(flat);
}

Datum
ppdl_agg_state_in(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	return check(ppdl_base64_decode(PG_GETARG_CSTRING(0), kind->type), kind, ERRCODE_INVALID_TEXT_REPRESENTATION);
}

Datum
ppdl_agg_state_recv(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	return check(ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0)), kind, ERRCODE_INVALID_BINARY_REPRESENTATION);
}

Datum
ppdl_agg_state_out(FunctionCallInfo fcinfo)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)));
}

Datum
ppdl_agg_state_send(FunctionCallInfo fcinfo)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}
