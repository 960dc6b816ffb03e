/* sum_where: sums of encrypted rows that meet an encrypted condition. */
#include "pg/cipher_datum.h"
#include "pg/where_state.h"

PG_FUNCTION_INFO_V1(lwe_where_trans);
PG_FUNCTION_INFO_V1(lwe_where_on_trans);
PG_FUNCTION_INFO_V1(lwe_where_final);

/* rows without a value, or without what the condition asks for, do not count */
static Datum
take_row(FunctionCallInfo fcinfo, bool has_on)
{
	PpdlSlotState *state = ppdl_where_state_argument(fcinfo);
	PpdlCipher	values,
				on;

	if (PG_ARGISNULL(1) || (has_on && PG_ARGISNULL(3)))
		return ppdl_agg_state_result(&state->agg);
	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the condition of sum_where is NULL")));
	ppdl_cipher_from_datum(&values, PG_GETARG_CIPHER_PP(1));
	if (has_on)
		ppdl_cipher_from_datum(&on, PG_GETARG_CIPHER_PP(3));
	ppdl_where_state_add(state, &values, PG_GETARG_TEXT_PP(2), has_on ? &on : NULL, fcinfo);
	return ppdl_agg_state_result(&state->agg);
}

Datum
lwe_where_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, false);
}

Datum
lwe_where_on_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, true);
}

Datum
lwe_where_final(PG_FUNCTION_ARGS)
{
	struct varlena *result = ppdl_slot_state_result(ppdl_where_state_final(fcinfo), fcinfo);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
