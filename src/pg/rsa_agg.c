/*
 * The aggregates rsa_product and rsa_sum.  Their state is an rsa_cipher, the
 * product so far, as an expanded object (agg_state.h): transitions
 * multiply in place, and it flattens to the wire form.  So one function both adds a
 * row and combines partial results, and no final function is needed.
 */
#include "pg/agg_state.h"
#include "pg/rsa_datum.h"

typedef struct ProductState
{
	PpdlAggState agg;
	PpdlRsaProduct *product;
} ProductState;

static const PpdlAggKind product_kind,
			sum_kind;

static void
destroy(PpdlAggState *state)
{
	ppdl_rsa_product_free(((ProductState *) state)->product);
}

static PpdlStatus
save(PpdlAggState *state, PpdlWriter *w, PpdlError *err)
{
	return ppdl_rsa_product_write(((ProductState *) state)->product, w, err);
}

static PpdlStatus
load(PpdlAggState *state, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlRsaProduct **product = &((ProductState *) state)->product;
	PpdlRsaView view;

	PPDL_TRY(ppdl_rsa_view(&view, buf, len, err));
	PPDL_TRY(ppdl_rsa_product_create(product, ppdl_rsa_public(view.fingerprint),
									 state->kind == &sum_kind ? PPDL_RSA_EXPONENT : PPDL_RSA_PRODUCT, PPDL_RSA_NEW_PART,
									 err));
	return ppdl_rsa_product_times(*product, &view, err);
}

static PpdlStatus
merge(PpdlAggState *into, PpdlAggState *from, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_INTERNAL, "states of RSA aggregates are combined by their transition function");
}

static size_t
memory(const PpdlAggState *state)
{
	return ppdl_rsa_product_size(((const ProductState *) state)->product);
}

static const PpdlAggKind product_kind = {
	"rsa_cipher", "encrypted products", sizeof(ProductState), destroy, save, load, merge, memory
};

static const PpdlAggKind sum_kind = {
	"rsa_cipher", "encrypted sums", sizeof(ProductState), destroy, save, load, merge, memory
};

static Datum
transition(FunctionCallInfo fcinfo, const PpdlAggKind *kind)
{
	ProductState *state;
	PpdlRsaView view;
	PpdlError	err;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	if (PG_ARGISNULL(0))
		state = ppdl_agg_state_copy(fcinfo, 1, kind);
	else
	{
		state = ppdl_agg_state_argument(fcinfo, 0, kind);
		ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(1));
		PPDL_PG(ppdl_rsa_product_times(state->product, &view, &err));
	}
	return ppdl_agg_state_result(&state->agg);
}

PPDL_SQL_FUNCTION(rsa_product_trans, transition(fcinfo, &product_kind));
PPDL_SQL_FUNCTION(rsa_sum_trans, transition(fcinfo, &sum_kind));
