#include "cli/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "cli/db_result.h"

static PpdlStatus
emit(void *arg, const PpdlText *fields, size_t count, PpdlError *err)
{
	PpdlViewer *v = arg;

	(void) count;
	return ppdl_present_record(&v->present, fields, err);
}

static PpdlStatus
result_row(PpdlViewer *v, const PGresult *res, int row, PpdlError *err)
{
	int			n = PQnfields(res);
	char		text[sizeof err->message];
	PpdlStatus	status;

	ppdl_result_row(res, row, v->field);
	status = ppdl_reveal_record(&v->reveal, v->field, (size_t) n, v->expand, emit, v, err);
	if (status == PPDL_OK || status == PPDL_ERR_IO)
		return status;
	snprintf(text, sizeof text, "row %d of the result: %.270s", row + 1, err->message);
	memcpy(err->message, text, sizeof text);
	return status;
}

static PpdlStatus
result_rows(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	for (int r = 0; r < PQntuples(res); r++)
		PPDL_TRY(result_row(v, res, r, err));
	return PPDL_OK;
}

static PpdlStatus
show_rows(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	PpdlStatus	status;

	v->field = calloc((size_t) PQnfields(res) + 1, sizeof *v->field);
	status = v->field ? ppdl_result_begin(&v->present, &v->db, res, err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		status = result_rows(v, res, err);
	if (status == PPDL_OK)
		status = ppdl_present_end(&v->present, err);
	free(v->field);
	v->field = NULL;
	return status;
}

/* PpdlTakeResult */
static PpdlStatus
show_result(void *arg, const PGresult *res, PpdlError *err)
{
	PpdlViewer *v = arg;

	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return show_rows(v, res, err);
	if (!v->quiet)
		fprintf(v->present.f, "%s\n", PQcmdStatus((PGresult *) res));
	return PPDL_OK;
}

PpdlStatus
ppdl_viewer_run(PpdlViewer *v, const char *sql, PpdlError *err)
{
	PpdlStatus	status;

	ppdl_db_cancel_on_interrupt(&v->db);
	status = ppdl_result_run(&v->db, sql, show_result, v, err);
	ppdl_db_ignore_interrupt();
	return status;
}

void
ppdl_viewer_close(PpdlViewer *v)
{
	ppdl_present_free(&v->present);
	ppdl_db_close(&v->db);
	ppdl_reveal_close(&v->reveal);
}
