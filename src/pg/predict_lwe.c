/* Prediction on encrypted rows: the aggregate, and one row at a time. */
#include "pg/keys.h"
#include "pg/pack_state.h"
#include "pg/predict_cache.h"
#include "pg/predict_deep.h"
#include "rows/encoding.h"

PG_FUNCTION_INFO_V1(ppdl_predict_lwe);
PG_FUNCTION_INFO_V1(ppdl_predict_lwe_trans);
PG_FUNCTION_INFO_V1(ppdl_predict_lwe_final);

static void
begin(PpdlPackState *state, PpdlModel *model, const PpdlCipher *row)
{
	const PpdlCipher own = ppdl_row_of_owner(row);

	if (ppdl_predict_is_deep(model, &own))
	{
		ppdl_pack_state_begin(state, row, 0, ppdl_net_outputs(model->net));
		return;
	}
	if (row->par->id != PPDL_RING_ROW)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("compact rows can be predicted as slices only, not as explicit ciphertexts"),
				 errhint("Those are results of operations, and rows encrypted under a public key. "
						 "Predict rows as \"ppdl encrypt\" writes them, or full rows.")));
	state->predictor = ppdl_model_predictor(model, &own, state->agg.hdr.eoh_context);
	ppdl_pack_state_begin(state, row, ppdl_predictor_limbs(state->predictor), ppdl_predictor_outputs(state->predictor));
}

/* the state's model stays pinned with the state */
static PpdlModel *
own_model(PpdlPackState *state)
{
	return ppdl_model_open(state->model, state->agg.hdr.eoh_context);
}

/* before anything else is asked of the row */
static void
check_encoding(const PpdlModel *model, const PpdlCipher *row)
{
	uint64_t	encoding = model->net->encoding;
	PpdlError	err;

	if (encoding == 0 || ppdl_encoding_join_cipher(&encoding, row, "prediction", NULL) == PPDL_OK)
		return;
	PPDL_PG(ppdl_cipher_encoding(row, &encoding, &err));
	ppdl_model_join_encoding(model, encoding);
}

/* predictions of rows that do not say their encoding are in the model's */
static void
join_encoding(PpdlPackState *state, const PpdlModel *model)
{
	state->shape.encoding = ppdl_model_join_encoding(model, state->shape.encoding);
}

/* the predictor of a state that came from elsewhere; its rows must have been collected for it */
static void
find_predictor(PpdlPackState *state)
{
	PpdlModel  *model;

	if (state->ev == NULL || state->predictor != NULL || state->deep != NULL)
		return;
	model = own_model(state);
	join_encoding(state, model);
	state->predictor = ppdl_model_predictor(model, &state->shape, state->agg.hdr.eoh_context);
	if (ppdl_predictor_limbs(state->predictor) != state->shape.limbs ||
		ppdl_predictor_outputs(state->predictor) != state->outputs)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("state of ppdl_predict_agg does not fit model \"%s\"", state->model)));
}

Datum
ppdl_predict_lwe_trans(PG_FUNCTION_ARGS)
{
	PpdlPackState *state = ppdl_pack_state_argument(fcinfo);
	PpdlModel  *model;
	char		pin[PPDL_MODEL_PIN];
	PpdlCipher	c;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	model = ppdl_model_argument(fcinfo, 1);
	ppdl_model_format_pin(model, pin);
	if (PG_ARGISNULL(0))
		strlcpy(state->model, pin, sizeof(state->model));
	else
		ppdl_pack_state_check_model(state, pin);
	if (!PG_ARGISNULL(2))
	{
		ppdl_cipher_from_datum(&c, PG_GETARG_CIPHER_PP(2));
		check_encoding(model, &c);
		if (state->ev == NULL)
			begin(state, own_model(state), &c);
		else
			find_predictor(state);
	}
	ppdl_pack_state_add(state, PG_ARGISNULL(2) ? NULL : &c, fcinfo);
	if (!PG_ARGISNULL(2))
		join_encoding(state, model);
	return ppdl_agg_state_result(&state->agg);
}

Datum
ppdl_predict_lwe_final(PG_FUNCTION_ARGS)
{
	PpdlPackState *state = ppdl_pack_state_final(fcinfo);
	struct varlena *result;

	if (state->model[0] == '\0')
		ppdl_pack_state_check_model(state, "of ppdl_predict_agg");
	find_predictor(state);
	result = ppdl_pack_state_finish(state, fcinfo);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

/* one row: a packed value of one row */
Datum
ppdl_predict_lwe(PG_FUNCTION_ARGS)
{
	PpdlModel  *model = ppdl_model_argument(fcinfo, 0);
	struct varlena *value = PG_GETARG_CIPHER_PP(1);
	PpdlPackState *state = ppdl_pack_state_new(CurrentMemoryContext);
	PpdlCipher	c;
	struct varlena *result;

	ppdl_model_format_pin(model, state->model);
	ppdl_cipher_from_datum(&c, value);
	check_encoding(model, &c);
	begin(state, model, &c);
	ppdl_pack_state_add(state, &c, fcinfo);
	join_encoding(state, model);
	result = ppdl_pack_state_finish(state, fcinfo);
	MemoryContextDelete(state->agg.hdr.eoh_context);
	PG_RETURN_POINTER(result);
}
