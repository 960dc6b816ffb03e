/*
 * The aggregate lwe_pack(lwe_cipher): rows into one packed value, in the order they
 * come; rows that are NULL keep their place.
 */
#include "pg/pack_state.h"

#include <math.h>

PG_FUNCTION_INFO_V1(lwe_pack_trans);
PG_FUNCTION_INFO_V1(lwe_pack_final);

/* As few limbs as rows like this one need: packing multiplies the scale by N/k. */
static int
limbs_needed(const PpdlCipher *c)
{
	double		bits = log2(c->scale) + (c->par->logn - c->logk) + log2(Max(c->bound, 1)) + 2;
	int			limbs = 1;

	while (limbs < c->limbs && ppdl_params_log2_q(c->par, limbs) < bits)
		limbs++;
	return limbs;
}

static PpdlPackState *
of_lwe_pack(PpdlPackState *state)
{
	ppdl_pack_state_check_model(state, "");
	return state;
}

Datum
lwe_pack_trans(PG_FUNCTION_ARGS)
{
	PpdlPackState *state = of_lwe_pack(ppdl_pack_state_argument(fcinfo));
	PpdlCipher	c;

	if (!PG_ARGISNULL(1))
	{
		ppdl_cipher_from_datum(&c, PG_GETARG_CIPHER_PP(1));
		if (state->ev == NULL)
			ppdl_pack_state_begin(state, &c, limbs_needed(&c), c.width);
	}
	ppdl_pack_state_add(state, PG_ARGISNULL(1) ? NULL : &c, fcinfo);
	return ppdl_agg_state_result(&state->agg);
}

Datum
lwe_pack_final(PG_FUNCTION_ARGS)
{
	struct varlena *result = ppdl_pack_state_finish(of_lwe_pack(ppdl_pack_state_final(fcinfo)), fcinfo);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
