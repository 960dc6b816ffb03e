/*
 * The aggregate lwe_receipt(lwe_cipher [, VARIADIC text[]]): sums that say which rows they are of (rows/receipt.h).
 */
#include "pg/agg_state.h"
#include "pg/cipher_datum.h"

#include "catalog/pg_type.h"
#include "rows/receipt.h"
#include "utils/array.h"

typedef struct ReceiptState
{
	PpdlAggState agg;
	PpdlReceipt *receipt;
	PpdlWriter	bound;			/* of the row at hand */
} ReceiptState;

static PpdlReceipt *
receipt_of(const PpdlAggState *state)
{
	return ((const ReceiptState *) state)->receipt;
}

static void
destroy(PpdlAggState *state)
{
	ppdl_writer_free(&((ReceiptState *) state)->bound);
	ppdl_receipt_destroy(receipt_of(state));
}

static PpdlStatus
save(PpdlAggState *state, PpdlWriter *w, PpdlError *err)
{
	return ppdl_receipt_write(receipt_of(state), w, err);
}

static PpdlStatus
load(PpdlAggState *state, const uint8_t *buf, size_t len, PpdlError *err)
{
	return ppdl_receipt_read(&((ReceiptState *) state)->receipt, NULL, &ppdl_pg_poll, buf, len, err);
}

static PpdlStatus
merge(PpdlAggState *into, PpdlAggState *from, PpdlError *err)
{
	return ppdl_receipt_merge(receipt_of(into), receipt_of(from), err);
}

static size_t
memory(const PpdlAggState *state)
{
	return receipt_of(state)->bytes + ((const ReceiptState *) state)->bound.cap;
}

static const PpdlAggKind receipt_kind = {
	"lwe_receipt_state", "receipts of encrypted rows", sizeof(ReceiptState), destroy, save, load, merge, memory,
	true
};

PPDL_AGG_STATE_TYPE(lwe_receipt_state, &receipt_kind);
PPDL_SQL_FUNCTION(lwe_receipt_combine, ppdl_agg_state_combine(fcinfo, &receipt_kind));

static ReceiptState *
new_receipt(FunctionCallInfo fcinfo)
{
	ReceiptState *state = ppdl_agg_state_new(fcinfo, &receipt_kind);
	PpdlError	err;

	ppdl_writer_init(&state->bound);
	PPDL_PG(ppdl_receipt_create(&state->receipt, &err));
	state->receipt->poll = &ppdl_pg_poll;
	return state;
}

/* the bound text of the values of an array */
static void
write_bound(PpdlWriter *w, ArrayType *array)
{
	const char *value[PPDL_MAX_BOUND_VALUES];
	size_t		len[PPDL_MAX_BOUND_VALUES];
	Datum	   *datum;
	bool	   *null;
	int			n;
	PpdlError	err;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("bound values of a receipt are a list, not an array of %d dimensions", ARR_NDIM(array))));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datum, &null, &n);
	if (n > PPDL_MAX_BOUND_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d bound values; %d at most are possible", n, PPDL_MAX_BOUND_VALUES)));
	for (int i = 0; i < n; i++)
	{
		const struct varlena *text = null[i] ? NULL : (const struct varlena *) DatumGetPointer(datum[i]);

		value[i] = text == NULL ? NULL : VARDATA_ANY(text);
		len[i] = text == NULL ? 0 : VARSIZE_ANY_EXHDR(text);
	}
	w->len = 0;
	PPDL_PG(ppdl_bound_write(w, value, len, n, &err));
	pfree(datum);
	pfree(null);
}

/* (state, value [, bound values]) */
static Datum
add(FunctionCallInfo fcinfo)
{
	const bool	bound = PG_NARGS() > 2 && !PG_ARGISNULL(2);
	ReceiptState *state;
	const struct varlena *value;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	value = PG_GETARG_CIPHER_PP(1);
	state = PG_ARGISNULL(0) ? new_receipt(fcinfo) : ppdl_agg_state_argument(fcinfo, 0, &receipt_kind);
	if (bound)
		write_bound(&state->bound, PG_GETARG_ARRAYTYPE_P(2));
	PPDL_PG(ppdl_receipt_add_bytes(state->receipt, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), state->bound.buf,
								   bound ? state->bound.len : 0, &err));
	return ppdl_agg_state_result(&state->agg);
}

static Datum
finish(FunctionCallInfo fcinfo)
{
	ReceiptState *state = ppdl_agg_state_read(fcinfo, 0, &receipt_kind);
	PpdlWriter	w;
	PpdlError	err;

	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_receipt_write(state->receipt, &w, &err), &w, &err));
}

PPDL_SQL_FUNCTION(lwe_receipt_trans, add(fcinfo));
PPDL_SQL_FUNCTION(lwe_receipt_final, finish(fcinfo));
