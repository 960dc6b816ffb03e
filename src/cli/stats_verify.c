#include "cli/stats_verify.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ the query */

static PpdlStatus
find_column(PpdlDb *db, char **out, const char *table, const char *name, PpdlError *err)
{
	const char *params[] = {table, name};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
						 " AND NOT attisdropped AND lower(attname) = lower($2) ORDER BY attname <> $2 LIMIT 1", 2,
						 params));
	if (PQntuples(res) == 0)
		status = ppdl_server_error(err, "--bind %s: table %s has no such column", name, table);
	else if ((*out = strdup(PQgetvalue(res, 0, 0))) == NULL)
		status = no_memory(err);
	PQclear(res);
	return status;
}

PpdlStatus
ppdl_stats_bind(PpdlDb *db, PpdlStatsQuery *q, const PpdlList *names, PpdlError *err)
{
	char	   *table = NULL;
	PpdlStatus	status = PPDL_OK;

	q->bound = calloc((size_t) names->count + 1, sizeof *q->bound);
	if (q->bound == NULL)
		return no_memory(err);
	PPDL_TRY(ppdl_load_table_name(db, &table, q->table, err));
	for (; q->nbound < names->count && status == PPDL_OK; q->nbound++)
		status = find_column(db, &q->bound[q->nbound], table, names->item[q->nbound], err);
	free(table);
	return status;
}

void
ppdl_stats_bind_free(PpdlStatsQuery *q)
{
	for (int i = 0; i < q->nbound; i++)
		free(q->bound[i]);
	free(q->bound);
}

/* ------------------------------------------------------------------ the answer */

static PpdlStatus
check_count(const PpdlVerifier *v, const char *count, PpdlError *err)
{
	if (strtod(count, NULL) == (double) ppdl_verifier_rows(v))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_KEY, "the server counts %.30s rows, and the receipt is of %llu", count,
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
ppdl_stats_verify(PpdlVerifier *v, const PpdlList *group_by, const PpdlText *row, const PpdlStatsSum *f,
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
