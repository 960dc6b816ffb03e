#include "cli/load.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* "order" without its quotes is one, too */
PpdlStatus
ppdl_put_table(PpdlDb *db, PpdlWriter *w, const char *table, PpdlError *err)
{
	const char *params[] = {table};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT coalesce(CASE WHEN $1::text ~ "
						 "'^((\"([^\"]|\"\")+\"|[[:alpha:]_][[:alnum:]_$]*)([.]|$))+$' THEN to_regclass($1) END,"
						 " to_regclass(quote_ident($1)))::text", 1, params));
	ppdl_write_text(w, PQgetisnull(res, 0, 0) ? table : PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_OK;
}

PpdlStatus
ppdl_load_table_name(PpdlDb *db, char **out, const char *table, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_put_table(db, &w, table, err);
	ppdl_write_u8(&w, 0);
	*out = status == PPDL_OK && !w.bad ? strdup((const char *) w.buf) : NULL;
	ppdl_writer_free(&w);
	return status == PPDL_OK && *out == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : status;
}

void
ppdl_put_identifier(PpdlDb *db, PpdlWriter *w, const char *name)
{
	char	   *quoted = PQescapeIdentifier(db->conn, name, strlen(name));

	ppdl_write_text(w, quoted ? quoted : "");
	w->bad |= quoted == NULL;
	PQfreemem(quoted);
}

static PpdlStatus
copy_command(PpdlDb *db, PpdlWriter *w, const char *table, const PpdlList *columns, PpdlError *err)
{
	ppdl_write_text(w, "COPY ");
	PPDL_TRY(ppdl_put_table(db, w, table, err));
	for (int i = 0; i < columns->count; i++)
	{
		ppdl_write_text(w, i ? ", " : " (");
		ppdl_put_identifier(db, w, columns->item[i]);
	}
	ppdl_write_text(w, columns->count ? ") FROM STDIN" : " FROM STDIN");
	ppdl_write_u8(w, 0);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* what the server said, and of which row and column, where it knows */
static PpdlStatus
load_error(PpdlDb *db, const PGresult *res, PpdlError *err)
{
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT),
			   *end;
	char		detail[2 * sizeof err->detail];

	ppdl_db_error(db, res, err);
	if (context == NULL || strncmp(context, "COPY ", 5) != 0)
		return err->code;
	/* COPY patients, line 17, column features: "UEw..." */
	end = strstr(context, ": \"");
	snprintf(detail, sizeof detail, "%.*s%s%.*s",
			 (int) (end ? (size_t) (end - context) : strcspn(context, "\n")), context,
			 err->detail[0] ? ": " : " (a line is a row, in the order in which they were sent)",
			 PPDL_CUT(err->detail, 300));
	return ppdl_error_detail(err, err->code, "%s", detail);
}

PpdlStatus
ppdl_load_begin(PpdlDb *db, const char *table, const PpdlList *columns, PpdlError *err)
{
	PpdlWriter	w;
	PGresult   *res;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = copy_command(db, &w, table, columns, err);
	if (status == PPDL_OK)
	{
		res = PQexec(db->conn, (const char *) w.buf);
		if (PQresultStatus(res) != PGRES_COPY_IN)
			status = ppdl_db_error(db, res, err);
		PQclear(res);
	}
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_load_end(PpdlDb *db, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	if (PQputCopyEnd(db->conn, NULL) != 1)
		return ppdl_db_error(db, NULL, err);
	while ((res = PQgetResult(db->conn)) != NULL)
	{
		if (PQresultStatus(res) != PGRES_COMMAND_OK && status == PPDL_OK)
			status = load_error(db, res, err);
		PQclear(res);
	}
	return status;
}

PpdlStatus
ppdl_load_failure(PpdlDb *db, PpdlStatus status, PpdlError *err)
{
	PGresult   *res;

	if (status != PPDL_ERR_IO || PQputCopyEnd(db->conn, "given up") != 1)
		return status;
	while ((res = PQgetResult(db->conn)) != NULL)
	{
		const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		/* 57014: our own giving up */
		if (PQresultStatus(res) == PGRES_FATAL_ERROR && state && strcmp(state, "57014") != 0)
			status = load_error(db, res, err);
		PQclear(res);
	}
	return status;
}

