#include "cli/rows_encoding.h"

#include "cli/load.h"
#include "rows/encoding.h"

/* not ppdl_db_run: names may hold anything */
static PpdlStatus
ask(PpdlDb *db, const char *sql, uint64_t *encoding, PpdlError *err)
{
	PGresult   *res = PQexec(db->conn, sql);
	PpdlStatus	status = PPDL_OK;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		status = ppdl_db_error(db, res, err);
	else if (PQntuples(res) == 1 && !PQgetisnull(res, 0, 0))
		ppdl_encoding_parse(encoding, PQgetvalue(res, 0, 0));
	PQclear(res);
	return status;
}

PpdlStatus
ppdl_rows_encoding(PpdlDb *db, const char *table, const char *column, uint64_t *encoding, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*encoding = 0;
	ppdl_writer_init(&w);
	ppdl_write_text(&w, "SELECT ");
	ppdl_write_text(&w, db->schema);
	ppdl_write_text(&w, ".lwe_encoding(");
	ppdl_put_identifier(db, &w, column);
	ppdl_write_text(&w, ") FROM ");
	ppdl_write_text(&w, table);
	ppdl_write_text(&w, " WHERE ");
	ppdl_put_identifier(db, &w, column);
	ppdl_write_text(&w, " IS NOT NULL LIMIT 1");
	ppdl_write_u8(&w, 0);
	status = w.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : ask(db, (const char *) w.buf, encoding, err);
	ppdl_writer_free(&w);
	return status;
}
