#include "cli/table_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"

#define AT_ONCE "2000"			/* rows that are fetched */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ columns */

typedef enum Use
{
	ID,
	BOUND,
	ENCRYPTED
} Use;

static PpdlStatus
no_column(const PpdlTableRows *t, const char *column, Use use, PpdlError *err)
{
	const PpdlStatus status = ppdl_server_error(err, "table %s has no column \"%s\"", t->name, column);

	return use != BOUND ? status :
		ppdl_error_hint(err, status, "The manifest says that rows are tied to it. --bind names the table's columns, in "
						"the manifest's order, where they are called otherwise.");
}

/* a column, quoted, malloc'ed; *type (or NULL): its type as SQL writes it, malloc'ed */
static PpdlStatus
find_column(PpdlTableRows *t, char **out, char **type, const char *column, Use use, PpdlError *err)
{
	const char *params[] = {t->name, column};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT pg_catalog.quote_ident(attname), pg_catalog.format_type(atttypid, NULL), atttypid"
						 " FROM pg_attribute WHERE attrelid = $1::regclass::oid AND attname = $2 AND attnum > 0"
						 " AND NOT attisdropped", 2,
						 params));
	if (PQntuples(res) == 0)
		status = no_column(t, column, use, err);
	else if (use == ENCRYPTED && (Oid) strtoul(PQgetvalue(res, 0, 2), NULL, 10) != t->db->lwe)
		status = ppdl_server_error(err, "column \"%s\" of table %s is %s, and not of type lwe_cipher", column, t->name,
								   PQgetvalue(res, 0, 1));
	else
	{
		*out = strdup(PQgetvalue(res, 0, 0));
		if (type)
			*type = strdup(PQgetvalue(res, 0, 1));
		if (*out == NULL || (type && *type == NULL))
			status = no_memory(err);
	}
	PQclear(res);
	return status;
}

static PpdlStatus
add_column(PpdlTableRows *t, const char *column, PpdlError *err)
{
	const int	c = t->ncolumns++;

	t->shown[c] = strdup(column);
	if (t->shown[c] == NULL)
		return no_memory(err);
	return find_column(t, &t->column[c], NULL, column, ENCRYPTED, err);
}

static PpdlStatus
find_columns(PpdlTableRows *t, const PpdlManifests *m, const PpdlList *columns, PpdlError *err)
{
	for (int i = 0; i < columns->count; i++)
		PPDL_TRY(add_column(t, columns->item[i], err));
	for (int c = 0; columns->count == 0 && c < PPDL_MANIFEST_COLUMNS; c++)
		if (c == 0 || ppdl_manifests_count(m, c, NULL, 0) > 0)
			PPDL_TRY(add_column(t, ppdl_manifest_column_name(c), err));
	return PPDL_OK;
}

static PpdlStatus
find_bound(PpdlTableRows *t, const PpdlManifests *m, const PpdlList *bind, PpdlError *err)
{
	const PpdlReceiptDomain domain = m->count > 0 ? ppdl_manifest_domain(m->manifest[0], 0) :
		(PpdlReceiptDomain) {NULL};

	if (bind->count > 0 && bind->count != domain.nbound)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "--bind names %d columns, and %d are tied to the rows of the manifest",
						  bind->count, domain.nbound);
	for (int i = 0; i < domain.nbound; i++)
	{
		t->nbound++;
		PPDL_TRY(find_column(t, &t->bound[i], NULL, bind->count ? bind->item[i] : domain.bound[i], BOUND, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_table_rows_open(PpdlTableRows *t, PpdlDb *db, const PpdlManifests *m, const char *table, const char *id,
					 const PpdlList *columns, const PpdlList *bind, PpdlError *err)
{
	*t = (PpdlTableRows) {.db = db};
	PPDL_TRY(ppdl_load_table_name(db, &t->name, table, err));
	PPDL_TRY(find_column(t, &t->id, &t->id_type, id, ID, err));
	PPDL_TRY(find_columns(t, m, columns, err));
	return find_bound(t, m, bind, err);
}

void
ppdl_table_rows_close(PpdlTableRows *t)
{
	free(t->name);
	free(t->id);
	free(t->id_type);
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		free(t->column[c]);
		free(t->shown[c]);
	}
	for (int i = 0; i < t->nbound; i++)
		free(t->bound[i]);
	*t = (PpdlTableRows) {NULL};
}

/* ------------------------------------------------------------------ rows */

/* SELECT of all columns, malloc'ed with room for no more */
static char *
select_text(const PpdlTableRows *t, const char *before, const char *after)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, before);
	ppdl_write_text(&w, "SELECT t.");
	ppdl_write_text(&w, t->id);
	ppdl_write_text(&w, "::text");
	for (int c = 0; c < t->ncolumns; c++)
	{
		ppdl_write_text(&w, ", ");
		ppdl_write_text(&w, t->db->schema);
		ppdl_write_text(&w, ".lwe_cipher_send(t.");
		ppdl_write_text(&w, t->column[c]);
		ppdl_write_text(&w, ")");
	}
	for (int i = 0; i < t->nbound; i++)
	{
		ppdl_write_text(&w, ", t.");
		ppdl_write_text(&w, t->bound[i]);
		ppdl_write_text(&w, "::text");
	}
	ppdl_write_text(&w, " FROM ");
	ppdl_write_text(&w, t->name);
	ppdl_write_text(&w, " t");
	ppdl_write_text(&w, after);
	ppdl_write_u8(&w, 0);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

static PpdlStatus
bound_text(const PpdlTableRows *t, PpdlWriter *w, const PGresult *res, int r, PpdlError *err)
{
	const char *value[PPDL_MAX_BOUND_VALUES];
	size_t		len[PPDL_MAX_BOUND_VALUES];

	for (int i = 0; i < t->nbound; i++)
	{
		const int	at = 1 + t->ncolumns + i;

		value[i] = PQgetisnull(res, r, at) ? NULL : PQgetvalue(res, r, at);
		len[i] = (size_t) PQgetlength(res, r, at);
	}
	return t->nbound == 0 ? PPDL_OK : ppdl_bound_write(w, value, len, t->nbound, err);
}

static PpdlStatus
take_row(PpdlTableRows *t, const PGresult *res, int r, PpdlTakeTableRow take, void *arg, PpdlError *err)
{
	PpdlTableRow row = {.note = {.id = PQgetvalue(res, r, 0), .id_len = (size_t) PQgetlength(res, r, 0)}};
	PpdlStatus	status;
	PpdlWriter	bound;

	if (PQgetisnull(res, r, 0))
		return ppdl_error(err, PPDL_ERR_FORMAT, "table %s has a row whose id is NULL", t->name);
	for (int c = 0; c < t->ncolumns; c++)
		if (!PQgetisnull(res, r, 1 + c))
		{
			row.value[c].data = (const uint8_t *) PQgetvalue(res, r, 1 + c);
			row.value[c].len = (size_t) PQgetlength(res, r, 1 + c);
		}
	ppdl_writer_init(&bound);
	status = bound_text(t, &bound, res, r, err);
	row.note.bound = bound.buf;
	row.note.bound_len = bound.len;
	if (status == PPDL_OK)
		status = take(arg, &row, err);
	ppdl_writer_free(&bound);
	return status;
}

/* runs sql and takes its rows; *rows: how many there were */
static PpdlStatus
take_rows(PpdlTableRows *t, const char *sql, const char *ids, PpdlTakeTableRow take, void *arg, int *rows,
		  PpdlError *err)
{
	PGresult   *res = PQexecParams(t->db->conn, sql, ids != NULL, NULL, &ids, NULL, NULL, 1);
	PpdlStatus	status = PPDL_OK;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		status = ppdl_db_error(t->db, res, err);
	*rows = PQntuples(res);
	for (int r = 0; r < *rows && status == PPDL_OK; r++)
		status = ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") :
			take_row(t, res, r, take, arg, err);
	PQclear(res);
	return status;
}

PpdlStatus
ppdl_table_rows_all(PpdlTableRows *t, PpdlTakeTableRow take, void *arg, PpdlError *err)
{
	char	   *sql = select_text(t, "DECLARE ppdl_rows NO SCROLL CURSOR FOR ", "");
	PGresult   *res;
	PpdlStatus	status;
	int			rows = 1;

	if (sql == NULL)
		return no_memory(err);
	status = ppdl_db_run(t->db, NULL, err, "SET row_security = off", 0, NULL);
	if (status == PPDL_OK)
		status = ppdl_db_run(t->db, NULL, err, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL);
	if (status == PPDL_OK)
	{
		res = PQexec(t->db->conn, sql);
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			status = ppdl_db_error(t->db, res, err);
		PQclear(res);
	}
	free(sql);
	while (status == PPDL_OK && rows > 0)
		status = take_rows(t, "FETCH " AT_ONCE " FROM ppdl_rows", NULL, take, arg, &rows, err);
	return status == PPDL_OK ? ppdl_db_run(t->db, NULL, err, "COMMIT", 0, NULL) : status;
}

PpdlStatus
ppdl_table_rows_some(PpdlTableRows *t, const char *ids, PpdlTakeTableRow take, void *arg, PpdlError *err)
{
	PpdlStatus	status;
	char	   *where,
			   *sql;
	int			rows;

	if (asprintf(&where, " WHERE t.%s = ANY ($1::text[]::%s[])", t->id, t->id_type) < 0)
		return no_memory(err);
	sql = select_text(t, "", where);
	status = sql ? take_rows(t, sql, ids, take, arg, &rows, err) : no_memory(err);
	free(where);
	free(sql);
	return status;
}
