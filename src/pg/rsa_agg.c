/*
 * The aggregates rsa_product and rsa_sum.  Their state is an rsa_cipher, the
 * product so far, held as an expanded object around a PpdlRsaProduct: transitions
 * multiply in place, and it flattens to the wire form.  So one function both adds a
 * row and combines partial results, and no final function is needed.
 */
#include "pg/rsa_datum.h"

#include "utils/expandeddatum.h"

PG_FUNCTION_INFO_V1(rsa_product_trans);
PG_FUNCTION_INFO_V1(rsa_sum_trans);

#define PRODUCT_MAGIC 0x52534150

typedef struct ProductState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	PpdlRsaProduct *product;
	PpdlWriter	flat;			/* the flat form while it is being made */
} ProductState;

static void
destroy_state(void *arg)
{
	ProductState *state = arg;

	ppdl_writer_free(&state->flat);
	ppdl_rsa_product_free(state->product);
}

static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	ProductState *state = (ProductState *) eohptr;
	size_t		size = ppdl_rsa_product_size(state->product) + VARHDRSZ;

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("encrypted sum is larger than 1 GB"),
				 errhint("Aggregate fewer rows at a time.")));
	return size;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	ProductState *state = (ProductState *) eohptr;
	PpdlError	err;

	ppdl_writer_free(&state->flat);
	PPDL_PG(ppdl_rsa_product_write(state->product, &state->flat, &err));
	Assert(allocated_size == state->flat.len + VARHDRSZ);
	SET_VARSIZE(result, allocated_size);
	memcpy(VARDATA(result), state->flat.buf, state->flat.len);
	ppdl_writer_free(&state->flat);
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

static ProductState *
new_state(MemoryContext parent, const PpdlRsaView *first, PpdlRsaEncoding encoding)
{
	MemoryContext context = AllocSetContextCreate(parent, "rsa product", 0, 1024, ALLOCSET_DEFAULT_MAXSIZE);
	ProductState *state = MemoryContextAllocZero(context, sizeof(ProductState));
	PpdlError	err;

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = PRODUCT_MAGIC;
	ppdl_guard(context, destroy_state, state);
	PPDL_PG(ppdl_rsa_product_create(&state->product, ppdl_rsa_public(first->fingerprint), encoding,
									PPDL_RSA_NEW_PART, &err));
	return state;
}

/* The aggregate's own state to change in place, or a new one that begins with the given flat value. */
static ProductState *
writable_state(Datum d, MemoryContext parent, PpdlRsaEncoding encoding)
{
	PpdlRsaView view;
	ProductState *state;
	PpdlError	err;

	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		state = (ProductState *) DatumGetEOHP(d);
		if (state->magic != PRODUCT_MAGIC)
			elog(ERROR, "not a state of an RSA aggregate");
		return state;
	}
	ppdl_rsa_from_datum(&view, (struct varlena *) PG_DETOAST_DATUM_PACKED(d));
	state = new_state(parent, &view, encoding);
	PPDL_PG(ppdl_rsa_product_times(state->product, &view, &err));
	return state;
}

static Datum
transition(FunctionCallInfo fcinfo, PpdlRsaEncoding encoding)
{
	MemoryContext parent;
	ProductState *state;
	PpdlRsaView view;
	PpdlError	err;

	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		state = writable_state(PointerGetDatum(PG_GETARG_VARLENA_PP(1)), parent, encoding);
	else
	{
		state = writable_state(PG_GETARG_DATUM(0), parent, encoding);
		ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(1));
		PPDL_PG(ppdl_rsa_product_times(state->product, &view, &err));
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->hdr));
}

Datum
rsa_product_trans(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, PPDL_RSA_PRODUCT);
}

Datum
rsa_sum_trans(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, PPDL_RSA_EXPONENT);
}
