#include "cli/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/ask_find.h"
#include "cli/cli.h"
#include "cli/db_result.h"
#include "cli/record.h"

#define WIDE 8				/* columns of a table that people still read */

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
	const size_t n = (size_t) PQnfields(res);
	const PpdlText *field = v->field;
	char		text[sizeof err->message];
	PpdlStatus	status = PPDL_OK;

	ppdl_result_row(res, row, v->field);
	if (v->verifier != NULL)
		status = ppdl_verify_record(v->verifier, v->name, v->field, n, &field, err);
	if (status == PPDL_OK)
		status = ppdl_ask_row(&v->answers, &v->ask, &v->reveal, v->field, err);
	if (status == PPDL_OK)
		status = ppdl_reveal_record(&v->reveal, &v->words, field, n, v->expand, emit, v, err);
	if (status == PPDL_OK || status == PPDL_ERR_IO)
		return status;
	snprintf(text, sizeof text, "row %d of the result: %.*s", row + 1, PPDL_CUT(err->message, 270));
	memcpy(err->message, text, sizeof text);
	return status;
}

static PpdlStatus
result_rows(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	for (int r = 0; r < PQntuples(res); r++)
	{
		if (ppdl_db_interrupted())
			return ppdl_error(err, PPDL_ERR_CANCELED, "interrupted");
		PPDL_TRY(result_row(v, res, r, err));
	}
	return PPDL_OK;
}

/* what its columns are in words, before the first row is shown */
static PpdlStatus
look_at(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	const int	n = PQnfields(res);
	PpdlStatus	status;

	/* a count that is an answer is none of the rows of other values */
	for (int i = 0; i < n; i++)
		v->name[i] = ppdl_result_is_answer(&v->db, res, i) ? "" : PQfname(res, i);
	status = ppdl_words_begin(&v->words, n, v->name, err);
	for (int r = 0; r < PQntuples(res) && status == PPDL_OK; r++)
	{
		ppdl_result_row(res, r, v->field);
		status = ppdl_words_look(&v->words, v->field, (size_t) n, err);
	}
	return status == PPDL_OK ? ppdl_words_settle(&v->words, err) : status;
}

/* a table that words make too wide is shown a field a line */
static PpdlStatus
begin(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	const PpdlForm form = v->present.form;

	PPDL_TRY(look_at(v, res, err));
	if (form == PPDL_FORM_TABLE && v->present.then == NULL && ppdl_words_columns(&v->words) > WIDE &&
		ppdl_words_columns(&v->words) > PQnfields(res))
		v->present.form = PPDL_FORM_VERTICAL;
	return ppdl_result_begin(&v->present, &v->db, &v->words, res, err);
}

static PpdlStatus
show_rows(PpdlViewer *v, const PGresult *res, PpdlError *err)
{
	const PpdlForm form = v->present.form;
	PpdlStatus	status;

	v->field = calloc((size_t) PQnfields(res) + 1, sizeof *v->field);
	v->name = calloc((size_t) PQnfields(res) + 1, sizeof *v->name);
	status = v->field && v->name ? ppdl_ask_row_init(&v->answers, (size_t) PQnfields(res), err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		status = begin(v, res, err);
	if (status == PPDL_OK)
		status = result_rows(v, res, err);
	if (status == PPDL_OK)
		status = ppdl_present_end(&v->present, err);
	v->present.form = form;
	ppdl_words_end(&v->words);
	ppdl_ask_row_free(&v->answers);
	free(v->field);
	free(v->name);
	v->field = NULL;
	v->name = NULL;
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

static void
say_notes(const PpdlWriter *notes)
{
	for (size_t i = 0, n; i < notes->len; i += n + 1)
	{
		const char *line = (const char *) notes->buf + i,
				   *end = memchr(line, '\n', notes->len - i);

		n = end ? (size_t) (end - line) : notes->len - i;
		ppdl_note("%.*s", (int) n, line);
	}
}

static PpdlStatus
run(PpdlViewer *v, const char *sql, PpdlError *err)
{
	PpdlAskFinder finder = {&v->db, &v->words};

	PPDL_TRY(ppdl_ask_rewrite(&v->ask, sql, v->db.schema, ppdl_ask_find, &finder, err));
	if (v->ask.items > 0 && v->verifier != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--verify: answers to questions in braces have no receipts, and "
						  "cannot be checked");
	if (v->verifier != NULL)
		ppdl_verifier_of_query(v->verifier, sql);
	say_notes(&v->ask.notes);
	v->db.ask = &v->ask;
	return ppdl_result_run(&v->db, v->ask.items > 0 ? (const char *) v->ask.sql.buf : sql, show_result, v, err);
}

PpdlStatus
ppdl_viewer_run(PpdlViewer *v, const char *sql, PpdlError *err)
{
	PpdlStatus	status;

	ppdl_db_cancel_on_interrupt(&v->db);
	status = run(v, sql, err);
	v->db.ask = NULL;
	ppdl_ask_free(&v->ask);
	ppdl_db_ignore_interrupt();
	return status;
}

void
ppdl_viewer_close(PpdlViewer *v)
{
	ppdl_present_free(&v->present);
	ppdl_db_close(&v->db);
	ppdl_verifier_close(v->verifier);
	ppdl_words_close(&v->words);
	ppdl_reveal_close(&v->reveal);
}
