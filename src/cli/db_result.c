#include "cli/db_result.h"

#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "query/sqltext.h"
#include "query/ask.h"

/* ------------------------------------------------------------------ running */

/* adds where in sql the server found an error, if it said so and has no detail */
static PpdlStatus
add_position(const PpdlDb *db, const PGresult *res, const char *sql, PpdlError *err)
{
	const char *text = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
	char		place[200];
	size_t		at;

	if (text == NULL || err->detail[0])
		return err->code;
	at = ppdl_sql_bytes(sql, atoi(text) - 1);
	if (db->ask && db->ask->items > 0)
		ppdl_sql_place(place, sizeof place, db->ask->original, ppdl_ask_origin(db->ask, at));
	else
		ppdl_sql_place(place, sizeof place, sql, at);
	return ppdl_error_detail(err, err->code, "%s", place);
}

/* answers to questions in braces are JSON on the server, which has no order and no functions for it */
static void
explain_answer(const PpdlDb *db, const PGresult *res, PpdlError *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (db->ask && db->ask->items > 0 && state && strcmp(state, "42883") == 0 && strstr(err->message, "json"))
		ppdl_error_hint(err, err->code, "An answer to a question in braces is encrypted on the server, which cannot "
						"compare, sort or go on with it: --then can.");
}

static PpdlStatus
take_one(PpdlDb *db, const char *sql, const PGresult *res, PpdlTakeResult take, void *arg, PpdlError *err)
{
	switch (PQresultStatus(res))
	{
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			return take(arg, res, err);
		case PGRES_EMPTY_QUERY:
			return PPDL_OK;
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			ppdl_error(err, PPDL_ERR_ARGUMENT, "COPY to or from the tool is not supported");
			return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
								   "Use psql's \\copy and \"ppdl decrypt\" on the file, or SELECT.");
		default:
			ppdl_db_error(db, res, err);
			explain_answer(db, res, err);
			return add_position(db, res, sql, err);
	}
}

/* after an error: the connection takes the next command again */
static void
drain(PpdlDb *db)
{
	char	   *copied;
	PGresult   *res;

	while ((res = PQgetResult(db->conn)) != NULL)
	{
		const ExecStatusType kind = PQresultStatus(res);

		PQclear(res);
		if (PQstatus(db->conn) == CONNECTION_BAD)
			return;
		if (kind == PGRES_COPY_IN || kind == PGRES_COPY_BOTH)
			PQputCopyEnd(db->conn, "COPY from the tool is not supported");
		if (kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH)
			while (PQgetCopyData(db->conn, &copied, 0) > 0)
				PQfreemem(copied);
	}
}

PpdlStatus
ppdl_result_run(PpdlDb *db, const char *sql, PpdlTakeResult take, void *arg, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	if (!PQsendQuery(db->conn, sql))
		return ppdl_db_error(db, NULL, err);
	while (status == PPDL_OK && (res = PQgetResult(db->conn)) != NULL)
	{
		ppdl_progress_clear();
		status = take_one(db, sql, res, take, arg, err);
		PQclear(res);
	}
	if (status != PPDL_OK)
		drain(db);
	return status;
}

/* ------------------------------------------------------------------ showing */

void
ppdl_result_row(const PGresult *res, int row, PpdlText *field)
{
	for (int i = 0; i < PQnfields(res); i++)
		field[i] = PQgetisnull(res, row, i) ? (PpdlText) {NULL, 0} :
			(PpdlText) {PQgetvalue(res, row, i), (size_t) PQgetlength(res, row, i)};
}

static int
is_cipher(const PpdlDb *db, Oid type)
{
	return type == db->lwe || type == db->lwe_array || type == db->rsa || type == db->rsa_array;
}

static PpdlCellKind
column_kind(const PpdlDb *db, Oid type)
{
	switch (type)
	{
		case 20:				/* int8 */
		case 21:				/* int2 */
		case 23:				/* int4 */
		case 26:				/* oid */
		case 700:				/* float4 */
		case 701:				/* float8 */
		case 1700:				/* numeric */
		case 1016:				/* arrays of these */
		case 1005:
		case 1007:
		case 1028:
		case 1021:
		case 1022:
		case 1231:
			return PPDL_CELL_NUMBERS;
		case 16:
			return PPDL_CELL_BOOL;
		case 114:				/* json, jsonb */
		case 3802:
			return PPDL_CELL_JSON;
		default:
			return is_cipher(db, type) ? PPDL_CELL_NUMBERS : PPDL_CELL_TEXT;
	}
}

int
ppdl_result_is_answer(const PpdlDb *db, const PGresult *res, int column)
{
	size_t		value;

	for (int r = 0; r < PQntuples(res) && db->ask && db->ask->items > 0; r++)
		if (!PQgetisnull(res, r, column))
			return ppdl_ask_item(db->ask, PQgetvalue(res, r, column), (size_t) PQgetlength(res, r, column),
								 &value) >= 0;
	return 0;
}

PpdlStatus
ppdl_result_begin(PpdlPresenter *p, const PpdlDb *db, const PpdlWords *words, const PGresult *res, PpdlError *err)
{
	int			n = PQnfields(res);
	const char **name = calloc((size_t) n + 1, sizeof *name);
	PpdlCellKind *kind = calloc((size_t) n + 1, sizeof *kind);
	PpdlStatus	status;

	for (int i = 0; name && kind && i < n; i++)
	{
		name[i] = PQfname(res, i);
		kind[i] = ppdl_result_is_answer(db, res, i) ? PPDL_CELL_NUMBERS : column_kind(db, PQftype(res, i));
	}
	status = name && kind ? ppdl_words_present(words, p, n, name, kind, err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(name);
	free(kind);
	return status;
}
