#include "cli/writer_parts.h"

#include "cli/cli.h"
#include "cli/database.h"

PpdlStatus
ppdl_writer_parts_files(PpdlWriterParts *w, const PpdlList *files, PpdlError *err)
{
	for (int i = 0; i < files->count; i++)
		PPDL_TRY(ppdl_name_file(files->item[i], ppdl_writer_parts_add_file(w, files->item[i], err), err));
	return PPDL_OK;
}

/* what is malformed there is no reason to refuse to work: its writer's rows will not be read */
static PpdlStatus
add_row(PpdlWriterParts *w, const PGresult *res, int row, PpdlError *err)
{
	size_t		len;
	unsigned char *bytes = PQunescapeBytea((const unsigned char *) PQgetvalue(res, row, 0), &len);
	PpdlStatus	status;

	if (bytes == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_writer_parts_add(w, bytes, len, err);
	PQfreemem(bytes);
	return status == PPDL_ERR_FORMAT ? PPDL_OK : status;
}

PpdlStatus
ppdl_writer_parts_database(PpdlWriterParts *w, PpdlDb *db, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;
	int			there;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT 1 FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_class c "
						 "ON c.relnamespace = e.extnamespace WHERE e.extname = 'ppdl' AND c.relname = 'ppdl_writers'",
						 0, NULL));
	there = PQntuples(res) > 0;
	PQclear(res);
	if (!there)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT p.data FROM %s.ppdl_writers w JOIN %s.ppdl_key_parts p ON p.key_id = w.writer_id "
						 "WHERE p.part = 'writer' AND p.chunk = 0", 0, NULL));
	for (int i = 0; i < PQntuples(res) && status == PPDL_OK; i++)
		status = add_row(w, res, i, err);
	PQclear(res);
	return status;
}
