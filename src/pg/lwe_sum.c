/*
 * The aggregates sum(lwe_cipher) and avg(lwe_cipher).  Their state, type
 * lwe_sum_state, is an expanded object around a PpdlSum: transitions change it in
 * place, and it flattens into ppdl_sum_save's bytes when it travels between
 * processes.  One state serves both aggregates of a query; final functions leave it
 * as it was.
 */
#include "pg/cipher_datum.h"

#include "rows/sum.h"
#include "utils/expandeddatum.h"

PG_FUNCTION_INFO_V1(lwe_sum_trans);
PG_FUNCTION_INFO_V1(lwe_sum_combine);
PG_FUNCTION_INFO_V1(lwe_sum_final);
PG_FUNCTION_INFO_V1(lwe_avg_final);
PG_FUNCTION_INFO_V1(lwe_sum_state_in);
PG_FUNCTION_INFO_V1(lwe_sum_state_out);
PG_FUNCTION_INFO_V1(lwe_sum_state_recv);
PG_FUNCTION_INFO_V1(lwe_sum_state_send);

#define SUM_STATE_MAGIC 0x4C53554D

typedef struct SumState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	PpdlSum    *sum;
	PpdlWriter	flat;			/* the flat form, between flat size and flattening; empty otherwise */
} SumState;

static void
destroy_state(void *arg)
{
	SumState   *state = arg;

	ppdl_writer_free(&state->flat);
	if (state->sum != NULL)
		ppdl_sum_destroy(state->sum);
}

static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	SumState   *state = (SumState *) eohptr;
	PpdlError	err;

	ppdl_writer_free(&state->flat);
	PPDL_PG(ppdl_sum_save(state->sum, &state->flat, &err));
	if (state->flat.len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of a sum of encrypted rows is larger than 1 GB")));
	return state->flat.len + VARHDRSZ;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	SumState   *state = (SumState *) eohptr;

	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

static SumState *
new_state(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "lwe_sum_state", 0, 1024, ALLOCSET_DEFAULT_MAXSIZE);
	SumState   *state = MemoryContextAllocZero(context, sizeof(SumState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = SUM_STATE_MAGIC;
	ppdl_guard(context, destroy_state, state);
	return state;
}

static SumState *
load_state(struct varlena *flat, MemoryContext parent)
{
	SumState   *state = new_state(parent);
	PpdlError	err;

	PPDL_PG(ppdl_sum_load(&state->sum, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), &err));
	return state;
}

/* The state to read: the expanded object itself, or one made from the flat form. */
static SumState *
state_from_datum(Datum d, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		SumState   *state = (SumState *) DatumGetEOHP(d);

		if (state->magic != SUM_STATE_MAGIC)
			elog(ERROR, "not an lwe_sum_state");
		return state;
	}
	return load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(d), parent);
}

/* The state to change: an aggregate's own, else a copy. */
static SumState *
writable_state(Datum d, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED_RO(DatumGetPointer(d)))
		return load_state((struct varlena *) PG_DETOAST_DATUM(d), parent);
	return state_from_datum(d, parent);
}

static MemoryContext
state_parent(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

Datum
lwe_sum_trans(PG_FUNCTION_ARGS)
{
	SumState   *state;
	struct varlena *value;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	value = PG_GETARG_CIPHER_PP(1);
	if (PG_ARGISNULL(0))
	{
		state = new_state(state_parent(fcinfo));
		PPDL_PG(ppdl_sum_create(&state->sum, &err));
	}
	else
		state = writable_state(PG_GETARG_DATUM(0), state_parent(fcinfo));
	PPDL_PG(ppdl_sum_add_bytes(state->sum, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->hdr));
}

Datum
lwe_sum_combine(PG_FUNCTION_ARGS)
{
	SumState   *into,
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
		/* a copy, in the aggregate's context, of whatever form the other state has */
		struct varlena *flat = (struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));

		into = load_state(flat, state_parent(fcinfo));
		PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
	}
	into = writable_state(PG_GETARG_DATUM(0), state_parent(fcinfo));
	from = load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1)), CurrentMemoryContext);
	PPDL_PG(ppdl_sum_merge(into->sum, from->sum, &err));
	MemoryContextDelete(from->hdr.eoh_context);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
}

static Datum
finish(FunctionCallInfo fcinfo, bool average)
{
	SumState   *state = state_from_datum(PG_GETARG_DATUM(0), CurrentMemoryContext);
	double		divisor = average ? (double) ppdl_sum_count(state->sum) : 1;
	PpdlWriter	w;
	PpdlError	err;

	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_sum_finish(state->sum, divisor, &w, &err), &w, &err));
}

Datum
lwe_sum_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, false);
}

Datum
lwe_avg_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, true);
}

static Datum
input(struct varlena *flat, int sqlstate)
{
	PpdlSum    *sum;
	PpdlError	err;

	if (ppdl_sum_load(&sum, VARDATA(flat), VARSIZE(flat) - VARHDRSZ, &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "lwe_sum_state", &err);
	ppdl_sum_destroy(sum);
	PG_RETURN_POINTER(flat);
}

Datum
lwe_sum_state_in(PG_FUNCTION_ARGS)
{
	return input(ppdl_base64_decode(PG_GETARG_CSTRING(0), "lwe_sum_state"), ERRCODE_INVALID_TEXT_REPRESENTATION);
}

Datum
lwe_sum_state_recv(PG_FUNCTION_ARGS)
{
	return input(ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0)), ERRCODE_INVALID_BINARY_REPRESENTATION);
}

Datum
lwe_sum_state_out(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)));
}

Datum
lwe_sum_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}
