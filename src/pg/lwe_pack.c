/*
 * The aggregate lwe_pack(lwe_cipher): rows into one packed value, in the order they
 * come; rows that are NULL keep their place.
 */
#include "pg/pack_state.h"

PG_FUNCTION_INFO_V1(lwe_pack_trans);
PG_FUNCTION_INFO_V1(lwe_pack_final);

/* limbs collected: the packed result has room in one */
#define PACK_LIMBS 1

Datum
lwe_pack_trans(PG_FUNCTION_ARGS)
{
	PpdlPackState *state = ppdl_pack_state_argument(fcinfo);
	PpdlCipher	c;

	if (!PG_ARGISNULL(1))
	{
		ppdl_cipher_from_datum(&c, PG_GETARG_CIPHER_PP(1));
		if (state->ev == NULL)
			ppdl_pack_state_begin(state, &c, PACK_LIMBS, c.width);
	}
	ppdl_pack_state_add(state, PG_ARGISNULL(1) ? NULL : &c);
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->hdr));
}

Datum
lwe_pack_final(PG_FUNCTION_ARGS)
{
	struct varlena *result = ppdl_pack_state_finish(ppdl_pack_state_argument(fcinfo));

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
