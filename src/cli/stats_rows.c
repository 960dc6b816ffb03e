#include "cli/stats_rows.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/rows_encoding.h"
#include "query/stats_prove.h"
#include "query/stats_sql.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ the statement */

/* a transaction that reads only, all of whose statements see the same rows */
static PpdlStatus
begin(PpdlDb *db, PpdlError *err)
{
	return ppdl_db_run(db, NULL, err, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL);
}

static void
end(PpdlDb *db)
{
	PQclear(PQexec(db->conn, "ROLLBACK"));
}

/* one statement, as it is */
static PpdlStatus
run_query(PpdlDb *db, const char *sql, PGresult **res, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	*res = NULL;
	ppdl_db_cancel_on_interrupt(db);
	*res = PQexecParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
	ppdl_db_ignore_interrupt();
	ppdl_progress_clear();
	if (PQresultStatus(*res) != PGRES_TUPLES_OK)
	{
		status = ppdl_db_error(db, *res, err);
		PQclear(*res);
		*res = NULL;
	}
	return status;
}

/* ------------------------------------------------------------------ what is there */

/* the columns of lwe_cipher that the table has, for a message */
static PpdlStatus
no_column(PpdlDb *db, const char *table, const char *column, PpdlError *err)
{
	const char *params[] = {table};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') FROM pg_attribute"
						 " WHERE attrelid = $1::regclass AND NOT attisdropped AND attnum > 0"
						 " AND atttypid = '%s.lwe_cipher'::regtype", 1, params));
	ppdl_server_error(err, "table %s has no column \"%s\" of type lwe_cipher", table, column);
	if (PQgetvalue(res, 0, 0)[0])
		ppdl_error_hint(err, PPDL_ERR_IO, "It has %s: name those of features with --column, of the label with --label.",
						PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_ERR_IO;
}

/* is there such an encrypted column? table: as SQL writes it */
static PpdlStatus
has_column(PpdlDb *db, const char *table, const char *column, int *has, PpdlError *err)
{
	const char *params[] = {table, column};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attisdropped"
						 " AND attnum > 0 AND atttypid = '%s.lwe_cipher'::regtype", 2, params));
	*has = PQntuples(res) == 1;
	PQclear(res);
	return PPDL_OK;
}

PpdlStatus
ppdl_stats_look(PpdlDb *db, PpdlStatsQuery *q, uint64_t *encoding, PpdlError *err)
{
	PpdlStatus	status;
	int			has;

	*encoding = 0;
	PPDL_TRY(has_column(db, q->sql_table, q->features, &has, err));
	if (!has)
		return no_column(db, q->sql_table, q->features, err);
	ppdl_db_cancel_on_interrupt(db);
	status = ppdl_rows_encoding(db, q->sql_table, q->features, encoding, err);
	ppdl_db_ignore_interrupt();
	if (status != PPDL_OK || q->label == NULL)
		return status;
	PPDL_TRY(has_column(db, q->sql_table, q->label, &has, err));
	if (!has && q->label_is_asked)
		return no_column(db, q->sql_table, q->label, err);
	if (!has)
		q->label = NULL;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the whole */

/* what a reader is given */
typedef struct Source
{
	PpdlReveal *reveal;
	PpdlVerifier *verifier;		/* or NULL */
	const PpdlList *group_by;
} Source;

static PpdlStatus
open_value(void *source, const char *s, size_t len, PpdlValues *out, PpdlError *err)
{
	return ppdl_reveal_values(((Source *) source)->reveal, s, len, out, err);
}

static PpdlStatus
prove(void *source, const PpdlText *field, const PpdlStatsSum *f, PpdlStatsProved *out, PpdlError *err)
{
	const Source *s = source;

	return ppdl_stats_prove(s->verifier, s->group_by, field, f, out, err);
}

/* known: NULL, or where rows of the second statement have come to */
static PpdlStatus
read_row(PpdlStatsAnswer *a, const PpdlStatsReader *r, const PGresult *res, int row, int *known, PpdlText *field,
		 PpdlError *err)
{
	const int	count = PQnfields(res);

	for (int i = 0; i < count; i++)
		field[i] = PQgetisnull(res, row, i) ? (PpdlText) {NULL, 0} :
			(PpdlText) {PQgetvalue(res, row, i), (size_t) PQgetlength(res, row, i)};
	if (ppdl_db_interrupted())
		return ppdl_error(err, PPDL_ERR_CANCELED, "interrupted");
	return known ? ppdl_stats_read_known(a, known, r, field, (size_t) count, err) :
		ppdl_stats_read(a, r, field, (size_t) count, err);
}

static PpdlStatus
read_rows(PpdlStatsAnswer *a, const PpdlStatsReader *r, const PGresult *res, int *known, PpdlError *err)
{
	PpdlText   *field = calloc((size_t) PQnfields(res) + 1, sizeof *field);
	PpdlStatus	status = field ? PPDL_OK : no_memory(err);

	for (int row = 0; row < PQntuples(res) && status == PPDL_OK; row++)
		status = read_row(a, r, res, row, known, field, err);
	free(field);
	return status;
}

/* a server that has no keys for it says so, and the others are shown all the same */
static PpdlStatus
look_for_known(PpdlStatsAnswer *a, PpdlDb *db, const PpdlStatsReader *r, PpdlError *err)
{
	PpdlError	why = {0};
	PGresult   *res = NULL;
	char	   *both;
	int			group = 0;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_stats_known_sql(&w, r->query, r->columns, db->schema, err));
	if (asprintf(&both, "%s;\n%s", a->sql, (const char *) w.buf) < 0)
		PPDL_GOTO(done, no_memory(err));
	free(a->sql);
	a->sql = both;
	status = run_query(db, (const char *) w.buf, &res, &why);
	if (status == PPDL_OK)
		status = read_rows(a, r, res, &group, err);
	else if (status == PPDL_ERR_CANCELED || status == PPDL_ERR_NOMEM)
		*err = why;
	else
		status = asprintf(&a->no_known, "%s%s%s", why.message, why.hint[0] ? ". " : "", why.hint) < 0 ?
			no_memory(err) : PPDL_OK;
done:
	PQclear(res);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_stats_check(PpdlDb *db, const PpdlStatsQuery *q, PpdlError *err)
{
	PpdlWriter	w;
	PGresult   *res = NULL;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, "EXPLAIN ");
	status = ppdl_stats_sql(&w, q, db->schema, err);
	if (status == PPDL_OK)
		status = begin(db, err);
	if (status == PPDL_OK)
	{
		status = run_query(db, (const char *) w.buf, &res, err);
		end(db);
	}
	PQclear(res);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_stats_rows(PpdlStatsAnswer *a, PpdlDb *db, PpdlReveal *r, PpdlVerifier *v, const PpdlStatsQuery *q,
				const PpdlStatsColumns *c, PpdlError *err)
{
	Source		source = {r, v, q->group_by};
	const PpdlStatsReader reader = {q, c, open_value, v ? prove : NULL, &source};
	PpdlWriter	w;
	PGresult   *res = NULL;
	PpdlStatus	status;

	memset(a, 0, sizeof *a);
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_stats_sql(&w, q, db->schema, err));
	a->sql = strdup((const char *) w.buf);
	if (a->sql == NULL)
		PPDL_GOTO(done, no_memory(err));
	PPDL_GOTO(done, begin(db, err));
	status = run_query(db, a->sql, &res, err);
	if (status == PPDL_OK)
		status = read_rows(a, &reader, res, NULL, err);
	if (status == PPDL_OK && v != NULL)
		status = ppdl_stats_prove_all(v, q, err);
	/* such sums have no receipts */
	if (status == PPDL_OK && v == NULL && ppdl_stats_needs_known(a, q))
		status = look_for_known(a, db, &reader, err);
	end(db);
done:
	PQclear(res);
	ppdl_writer_free(&w);
	return status;
}
