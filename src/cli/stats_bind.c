#include "cli/stats_bind.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* case as receipts have it: letters of ASCII alone */
static PpdlStatus
find_column(PpdlDb *db, char **out, const char *table, const char *name, PpdlError *err)
{
	const char *params[] = {table, name};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
						 " AND NOT attisdropped AND lower(attname COLLATE \"C\") = lower($2 COLLATE \"C\")"
						 " ORDER BY attname <> $2 LIMIT 1", 2, params));
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
	PpdlStatus	status = PPDL_OK;

	q->bound = calloc((size_t) names->count + 1, sizeof *q->bound);
	if (q->bound == NULL)
		return no_memory(err);
	for (; q->nbound < names->count && status == PPDL_OK; q->nbound++)
		status = find_column(db, &q->bound[q->nbound], q->sql_table, names->item[q->nbound], err);
	return status;
}

void
ppdl_stats_bind_free(PpdlStatsQuery *q)
{
	for (int i = 0; i < q->nbound; i++)
		free(q->bound[i]);
	free(q->bound);
}
