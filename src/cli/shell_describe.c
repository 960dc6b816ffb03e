#include <stdlib.h>
#include <string.h>

#include "cli/shell.h"

/* where the names of relations are looked for: all, or those of a pattern */
static const char list_from[] =
" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" WHERE n.nspname !~ '^pg_toast'";

static const char list_columns[] =
"SELECT n.nspname AS \"Schema\", c.relname AS \"Name\","
" CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'"
" WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' END AS \"Type\","
" pg_catalog.pg_get_userbyid(c.relowner) AS \"Owner\","
" (SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a"
" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
" WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
" AND t.typname IN ('lwe_cipher', '_lwe_cipher', 'rsa_cipher', '_rsa_cipher')) AS \"Encrypted columns\"";

static void
put_literal(PpdlShell *s, PpdlWriter *w, const char *text)
{
	char	   *literal = PQescapeLiteral(s->view.db.conn, text, strlen(text));

	w->bad |= literal == NULL;
	ppdl_write_text(w, literal ? literal : "");
	PQfreemem(literal);
}

/* * and ? of a pattern, as LIKE has them */
static void
put_pattern(PpdlShell *s, PpdlWriter *w, const char *pattern)
{
	PpdlWriter	like;

	ppdl_writer_init(&like);
	for (; *pattern; pattern++)
	{
		if (strchr("%_\\", *pattern))
			ppdl_write_u8(&like, '\\');
		ppdl_write_u8(&like, *pattern == '*' ? '%' : *pattern == '?' ? '_' : (uint8_t) *pattern);
	}
	ppdl_write_u8(&like, 0);
	if (like.bad)
		w->bad = 1;
	else
		put_literal(s, w, (const char *) like.buf);
	ppdl_writer_free(&like);
}

static PpdlStatus
run_text(PpdlShell *s, PpdlWriter *w, PpdlError *err)
{
	const int	timing = s->timing;
	PpdlStatus	status;

	ppdl_write_u8(w, 0);
	if (w->bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->timing = 0;
	status = s->run(s, (const char *) w->buf, err);
	s->timing = timing;
	return status;
}

static PpdlStatus
list(PpdlShell *s, const char *pattern, int tables, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, list_columns);
	ppdl_write_text(&w, list_from);
	ppdl_write_text(&w, tables ? " AND c.relkind IN ('r', 'p')" : " AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')");
	if (pattern[0] == 0)
		ppdl_write_text(&w, " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
						" AND pg_catalog.pg_table_is_visible(c.oid)");
	else
	{
		ppdl_write_text(&w, strchr(pattern, '.') ? " AND n.nspname || '.' || c.relname ILIKE " :
						" AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname ILIKE ");
		put_pattern(s, &w, pattern);
	}
	ppdl_write_text(&w, " ORDER BY 1, 2");
	status = run_text(s, &w, err);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
columns(PpdlShell *s, const char *oid, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_write_text(&w,
					"SELECT a.attname AS \"Column\", pg_catalog.format_type(a.atttypid, a.atttypmod) AS \"Type\","
					" CASE WHEN a.attnotnull THEN 'not null' END AS \"Nullable\","
					" pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS \"Default\","
					" pg_catalog.col_description(a.attrelid, a.attnum) AS \"Comment\""
					" FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d"
					" ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
					" WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ");
	ppdl_write_text(&w, oid);
	ppdl_write_text(&w, " ORDER BY a.attnum");
	status = run_text(s, &w, err);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
indexes(PpdlShell *s, const char *oid, PpdlError *err)
{
	const char *params[] = {oid};
	FILE	   *f = s->out.f ? s->out.f : stdout;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(&s->view.db, &res, err,
						 "SELECT pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index"
						 " WHERE indrelid = $1::oid ORDER BY 1", 1, params));
	if (PQntuples(res) > 0)
		fputs("Indexes:\n", f);
	for (int i = 0; i < PQntuples(res); i++)
		fprintf(f, "    %s\n", PQgetvalue(res, i, 0));
	if (PQntuples(res) > 0)
		fputc('\n', f);
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
one(PpdlShell *s, const char *name, PpdlError *err)
{
	const char *params[] = {name};
	PGresult   *res;
	char		oid[32];

	/* as in SQL, or by its exact name where that has capitals and no quotes */
	PPDL_TRY(ppdl_db_run(&s->view.db, &res, err,
						 "SELECT coalesce(pg_catalog.to_regclass($1), pg_catalog.to_regclass(quote_ident($1)))::oid", 1, params));
	snprintf(oid, sizeof oid, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	if (oid[0] == 0)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "there is no table or view \"%s\"", name);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "\\d lists those of the search path.");
	}
	PPDL_TRY(columns(s, oid, err));
	return indexes(s, oid, err);
}

PpdlStatus
ppdl_shell_describe(PpdlShell *s, const char *name, int tables, PpdlError *err)
{
	if (name[0] == 0 || tables || strpbrk(name, "*?"))
		return list(s, name, tables, err);
	return one(s, name, err);
}
