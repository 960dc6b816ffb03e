/* Prediction on plain float8[] rows. */
#include "pg/model_rows.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

#define POLL_VALUES (1 << 20)

PG_FUNCTION_INFO_V1(ppdl_predict_float8);
PG_FUNCTION_INFO_V1(ppdl_predict_float8_trans);
PG_FUNCTION_INFO_V1(ppdl_predict_float8_final);

Datum
ppdl_predict_float8(PG_FUNCTION_ARGS)
{
	PpdlModel  *model = ppdl_model_argument(fcinfo, 0);
	const double *x = ppdl_float8_vector(PG_GETARG_ARRAYTYPE_P(1), model->net->inputs, "features");
	int			n = ppdl_net_outputs(model->net);
	double	   *out = palloc(sizeof(double) * n);
	Datum	   *d = palloc(sizeof(Datum) * n);
	PpdlError	err;

	ppdl_model_require_weights(model);
	PPDL_PG(ppdl_net_predict(model->net, x, out, &err));
	for (int i = 0; i < n; i++)
		d[i] = Float8GetDatum(out[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(d, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
ppdl_predict_float8_trans(PG_FUNCTION_ARGS)
{
	PpdlModel  *model;
	PpdlRowsState *state;
	PpdlError	err;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	model = ppdl_model_argument(fcinfo, 1);
	ppdl_model_require_weights(model);
	if (PG_ARGISNULL(0))
		state = ppdl_rows_state_new(fcinfo, PPDL_ROWS_PREDICT, model, NULL, ppdl_net_outputs(model->net));
	else
	{
		state = ppdl_rows_state_argument(fcinfo, PPDL_ROWS_PREDICT, true);
		ppdl_rows_state_check(state, model, ppdl_net_outputs(model->net));
	}
	if (PG_ARGISNULL(2))
		ppdl_rows_state_add(state, true);
	else
	{
		const double *x = ppdl_float8_vector(PG_GETARG_ARRAYTYPE_P(2), model->net->inputs, "features");

		PPDL_PG(ppdl_net_predict(model->net, x, ppdl_rows_state_add(state, false), &err));
	}
	return ppdl_agg_state_result(&state->agg);
}

Datum
ppdl_predict_float8_final(PG_FUNCTION_ARGS)
{
	PpdlRowsState *state = ppdl_rows_state_argument(fcinfo, PPDL_ROWS_PREDICT, false);
	Size		n = (Size) state->rows * state->width;
	Datum	   *d;
	bool	   *nulls;
	int			dims[2] = {(int) state->rows, state->width},
				lower[2] = {1, 1};

	if (n > MaxArraySize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("predictions of %lld rows do not fit an array", (long long) state->rows)));
	d = palloc_extended(sizeof(Datum) * n, MCXT_ALLOC_HUGE);
	nulls = palloc_extended(n, MCXT_ALLOC_HUGE);
	for (Size i = 0; i < n; i++)
	{
		if (i % POLL_VALUES == 0)
			CHECK_FOR_INTERRUPTS();
		d[i] = Float8GetDatum(state->data[i]);
		nulls[i] = state->null[i / state->width];
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(d, nulls, 2, dims, lower, FLOAT8OID, sizeof(float8),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
