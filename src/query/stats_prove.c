#include "query/stats_prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
check_count(const PpdlVerifier *v, const char *count, PpdlError *err)
{
	if (strtod(count, NULL) == (double) ppdl_verifier_rows(v))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_KEY, "the server counts %.*s rows, and the receipt is of %llu", PPDL_CUT(count, 30),
					  (unsigned long long) ppdl_verifier_rows(v));
}

static PpdlStatus
take_proved(PpdlStatsProved *out, const PpdlText *sum, const PpdlText *said, PpdlError *err)
{
	out->sum = *sum;
	out->said = said->s == NULL ? NULL : strdup(said->s);
	return said->s != NULL && out->said == NULL ? no_memory(err) : PPDL_OK;
}

PpdlStatus
ppdl_stats_prove(PpdlVerifier *v, const PpdlList *group_by, const PpdlText *row, const PpdlStatsSum *f,
				 PpdlStatsProved *out, PpdlError *err)
{
	const size_t groups = (size_t) group_by->count;
	const char **name = calloc(groups + 2, sizeof *name);
	PpdlText   *field = calloc(groups + 2, sizeof *field);
	const PpdlText *proved;
	PpdlStatus	status = name == NULL || field == NULL ? no_memory(err) : PPDL_OK;

	for (size_t i = 0; i < groups && status == PPDL_OK; i++)
	{
		name[i] = group_by->item[i];
		field[i] = row[i];
	}
	if (status == PPDL_OK)
	{
		name[groups] = "sum";
		field[groups] = row[f->sum];
		name[groups + 1] = "lwe_receipt";
		field[groups + 1] = row[f->receipt];
		ppdl_verifier_column(v, f->column);
		ppdl_verifier_null_is_group(v);
		status = ppdl_verify_record(v, name, field, groups + 2, &proved, err);
	}
	if (status == PPDL_OK)
		status = check_count(v, row[f->count].s ? row[f->count].s : "", err);
	if (status == PPDL_OK)
		status = take_proved(out, &proved[groups], &proved[groups + 1], err);
	free(name);
	free(field);
	return status;
}

PpdlStatus
ppdl_stats_prove_all(const PpdlVerifier *v, const PpdlStatsQuery *q, PpdlError *err)
{
	for (int column = 0; q->where == NULL && column < (q->label ? 2 : 1); column++)
	{
		const uint64_t left = ppdl_verifier_left(v, column);

		if (left > 0)
			return ppdl_error(err, PPDL_ERR_KEY, "%llu %s of the manifest are in no group of the answer",
							  (unsigned long long) left, column ? "labels" : "rows");
	}
	return PPDL_OK;
}
