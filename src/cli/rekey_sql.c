/* Statements of ppdl rekey: names of tables may hold anything, so that ppdl_db_run is no help. */
#include "cli/rekey_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"

PpdlStatus
ppdl_rekey_no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

char *
ppdl_rekey_text(const char *fmt,...)
{
	va_list		ap;
	char	   *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}

PpdlStatus
ppdl_rekey_run(PpdlRekeyTable *t, PGresult **res, int binary, char *sql, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PGresult   *r;

	if (res)
		*res = NULL;
	if (sql == NULL)
		return ppdl_rekey_no_memory(err);
	r = PQexecParams(t->db->conn, sql, 0, NULL, NULL, NULL, NULL, binary);
	free(sql);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		status = ppdl_db_error(t->db, r, err);
	if (status == PPDL_OK && res)
		*res = r;
	else
		PQclear(r);
	return status;
}

PpdlStatus
ppdl_rekey_number(PpdlRekeyTable *t, uint64_t *n, char *sql, PpdlError *err)
{
	PGresult   *res;

	PPDL_TRY(ppdl_rekey_run(t, &res, 0, sql, err));
	*n = PQntuples(res) > 0 ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return PPDL_OK;
}

char *
ppdl_rekey_finish_text(PpdlWriter *w)
{
	ppdl_write_u8(w, 0);
	if (w->bad)
		ppdl_writer_free(w);
	return (char *) w->buf;
}

/* %x: the column of row t, %y: its name, %n: its number, %s: the extension's schema, %k: the old keys */
char *
ppdl_rekey_each(PpdlRekeyTable *t, const char *fmt, const char *between)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (int i = 0; i < t->columns.count; i++)
	{
		char		number[16];

		snprintf(number, sizeof number, "%d", i + 1);
		ppdl_write_text(&w, i ? between : "");
		for (const char *p = fmt; *p; p++)
			if (*p != '%')
				ppdl_write_u8(&w, (uint8_t) *p);
			else if (*++p == 's')
				ppdl_write_text(&w, t->db->schema);
			else if (*p == 'n')
				ppdl_write_text(&w, number);
			else if (*p == 'k')
				ppdl_write_text(&w, t->old_keys);
			else
			{
				ppdl_write_text(&w, *p == 'x' ? "t." : "");
				ppdl_put_identifier(t->db, &w, t->columns.item[i]);
			}
	}
	return ppdl_rekey_finish_text(&w);
}

