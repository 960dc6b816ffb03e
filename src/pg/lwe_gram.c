/* lwe_gram: the second moments of encrypted rows. */
#include "pg/cipher_datum.h"
#include "pg/gram_state.h"

PG_FUNCTION_INFO_V1(lwe_gram_trans);
PG_FUNCTION_INFO_V1(lwe_gram_labels_trans);
PG_FUNCTION_INFO_V1(lwe_gram_final);

/* rows without a value, or with a label of none, do not count */
static Datum
take_row(FunctionCallInfo fcinfo, int columns)
{
	PpdlSlotState *state = ppdl_gram_state_argument(fcinfo);
	PpdlCipher	x,
				y;

	for (int i = 1; i <= columns; i++)
		if (PG_ARGISNULL(i))
			return ppdl_agg_state_result(&state->agg);
	ppdl_cipher_from_datum(&x, PG_GETARG_CIPHER_PP(1));
	if (columns == 2)
		ppdl_cipher_from_datum(&y, PG_GETARG_CIPHER_PP(2));
	ppdl_gram_state_add(state, &x, columns == 2 ? &y : NULL, fcinfo);
	return ppdl_agg_state_result(&state->agg);
}

Datum
lwe_gram_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 1);
}

Datum
lwe_gram_labels_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 2);
}

Datum
lwe_gram_final(PG_FUNCTION_ARGS)
{
	struct varlena *result = ppdl_slot_state_result(ppdl_gram_state_final(fcinfo), fcinfo);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
