/* sum_where: sums of encrypted rows that meet an encrypted condition. */
#include "pg/cipher_datum.h"
#include "pg/where_state.h"

#include "funcapi.h"
#include "predict/where.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(lwe_where_trans);
PG_FUNCTION_INFO_V1(lwe_where_on_trans);
PG_FUNCTION_INFO_V1(lwe_where_final);
PG_FUNCTION_INFO_V1(ppdl_where_plan);

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

/* ---- the plan ---- */

typedef struct WherePlan
{
	PpdlCondition *cond;
	int			width;
	ReturnSetInfo *rsinfo;
} WherePlan;

static void
destroy_plan(void *arg)
{
	ppdl_condition_destroy(((WherePlan *) arg)->cond);
}

/* of comparisons, to each side of a threshold of 0, where it is widest: of those that have the widest */
static double
widest_blur(const PpdlCondition *cond)
{
	double		widest = 0;

	for (int i = 0; i < cond->leaves; i++)
	{
		double		below,
					above;

		if (!ppdl_condition_compares(&cond->leaf[i]))
			continue;
		ppdl_where_blur(cond, &cond->leaf[i], 0, &below, &above);
		widest = Max(widest, above);
	}
	return widest;
}

/*
 * a row of the result: what kind of rows, levels, levels there are, does it fit, bits, comparisons, products, rows/s,
 * blur, full bootstraps; comparisons find one level more than bits
 */
static void
put_plan(const WherePlan *p, const char *rows, uint8_t ring, PpdlWhereHow how)
{
	const PpdlParams *par;
	Datum		values[10] = {0};
	bool		nulls[10] = {false};
	const int	more = p->cond->numbers > 0 && ring == PPDL_RING_DEEP;
	PpdlStatus	status;
	PpdlError	err;

	PPDL_PG(ppdl_params_get(ring, &par, &err));
	status = ppdl_where_check_how(p->cond, par, how, &err);
	if (status != PPDL_ERR_LEVEL)
		PPDL_PG(status);
	values[0] = CStringGetTextDatum(rows);
	values[1] = Int32GetDatum(p->cond->levels + more);
	/* of comparisons that the ring has not */
	nulls[1] = status != PPDL_OK && p->cond->levels <= ppdl_where_levels(par);
	values[2] = Int32GetDatum(ppdl_where_levels(par) + more);
	values[3] = BoolGetDatum(status == PPDL_OK);
	values[4] = Int32GetDatum(p->cond->leaves - p->cond->numbers);
	values[5] = Int32GetDatum(p->cond->numbers);
	values[6] = Int32GetDatum(p->cond->products);
	nulls[7] = status != PPDL_OK;
	if (!nulls[7])
		values[7] = Float8GetDatum(ppdl_where_rows_per_s(p->cond, par, p->width));
	nulls[8] = status != PPDL_OK || !more;
	if (!nulls[8])
		values[8] = Float8GetDatum(widest_blur(p->cond));
	nulls[9] = status != PPDL_OK;
	values[9] = Int32GetDatum(ppdl_where_bootstraps(p->cond));
	tuplestore_putvalues(p->rsinfo->setResult, p->rsinfo->setDesc, values, nulls);
}

Datum
ppdl_where_plan(PG_FUNCTION_ARGS)
{
	text	   *condition = PG_GETARG_TEXT_PP(0);
	WherePlan  *p = palloc0(sizeof(WherePlan));
	PpdlError	err;

	p->width = PG_GETARG_INT32(1);
	p->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	if (p->width < 2 || p->width > PPDL_WHERE_MAX_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sum_where takes rows of 2 to %d values, not %d", PPDL_WHERE_MAX_WIDTH, p->width)));
	InitMaterializedSRF(fcinfo, 0);
	ppdl_guard(CurrentMemoryContext, destroy_plan, p);
	PPDL_PG(ppdl_condition_parse(&p->cond, VARDATA_ANY(condition), VARSIZE_ANY_EXHDR(condition), &err));
	put_plan(p, "full", PPDL_RING_ROW, PPDL_WHERE_AS_NEEDED);
	put_plan(p, "compact", PPDL_RING_DEEP, PPDL_WHERE_SINGLE);
	if (p->cond->numbers > 0)
		put_plan(p, "compact, composed", PPDL_RING_DEEP, PPDL_WHERE_COMPOSED);
	return (Datum) 0;
}
