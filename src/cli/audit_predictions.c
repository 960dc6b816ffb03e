#include "cli/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/copytext.h"
#include "table/csv.h"
#include "table/numeral.h"

#define ERRORS 16				/* so many standard deviations from the clear are allowed */
#define MOST_ALLOWED 0.1		/* but no more than this: the error is what the server states */
#define LAST_DIGITS 2			/* and so many units of the last digit that was written */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

void
ppdl_predictions_free(PpdlPredictions *p)
{
	for (uint32_t i = 0; i < p->rows; i++)
	{
		free(p->row[i].id);
		ppdl_free_secret(p->row[i].value, (size_t) p->outputs * sizeof(double));
	}
	free(p->row);
	p->row = NULL;
	p->rows = p->cap = 0;
}

static PpdlStatus
make_room(PpdlPredictions *p, PpdlError *err)
{
	const uint32_t cap = p->cap ? 2 * p->cap : 1024;
	PpdlPredicted *grown;

	if (p->rows < p->cap)
		return PPDL_OK;
	grown = cap > p->cap ? realloc(p->row, (size_t) cap * sizeof *grown) : NULL;
	if (grown == NULL)
		return no_memory(err);
	p->row = grown;
	p->cap = cap;
	return PPDL_OK;
}

/* value: outputs, NULL: no prediction */
static PpdlStatus
add(PpdlPredictions *p, const char *id, const double *value, double allowed, PpdlError *err)
{
	PpdlPredicted *row;

	PPDL_TRY(make_room(p, err));
	row = &p->row[p->rows];
	*row = (PpdlPredicted) {.id = strdup(id), .allowed = p->tolerance > 0 ? p->tolerance : allowed};
	if (row->id == NULL)
		return no_memory(err);
	if (value != NULL)
	{
		row->value = ppdl_alloc_aligned((size_t) p->outputs * sizeof(double));
		if (row->value == NULL)
		{
			free(row->id);
			return no_memory(err);
		}
		memcpy(row->value, value, (size_t) p->outputs * sizeof(double));
	}
	p->nulls += value == NULL;
	p->rows++;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ of a query */

static PpdlStatus
wrong_answer(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_FORMAT, "the query of predictions does not give an id and an encrypted value, or an array "
			   "of ids and a packed value of as many rows");
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "SELECT array_agg(id), ppdl_predict_agg('model', features) FROM ... "
						   "does, and so does SELECT id, ppdl_predict('model', features) FROM ...");
}

/* the ids of one line of the answer: one, or those of an array; text is taken apart */
static PpdlStatus
split_ids(PpdlTexts *ids, char *text, size_t len, uint32_t rows, int packed, PpdlError *err)
{
	int			got;

	if (packed)
	{
		got = ppdl_array_split(ids, text, len);
		if (got < 0)
			return no_memory(err);
		return got == 0 || ids->count != rows ? wrong_answer(err) : PPDL_OK;
	}
	ids->text = calloc(1, sizeof *ids->text);
	if (ids->text == NULL)
		return no_memory(err);
	ids->text[0] = (PpdlText) {text, len};
	ids->count = ids->cap = 1;
	return PPDL_OK;
}

static PpdlStatus
add_values(PpdlPredictions *p, const PpdlTexts *ids, const PpdlValues *v, PpdlError *err)
{
	if (v->width != p->outputs)
		return ppdl_error(err, PPDL_ERR_SCALE, "predictions of %d values, where the model has %d outputs", v->width,
						  p->outputs);
	if (p->tolerance == 0 && ERRORS * v->error > MOST_ALLOWED)
	{
		ppdl_error(err, PPDL_ERR_PRECISION,
				   "predictions that state an error of %.2g, with which they could be anything", v->error);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION, "It is the server that states it. --tolerance says by how much "
							   "a prediction may differ.");
	}
	for (uint32_t i = 0; i < v->nrows; i++)
	{
		if (ids->text[i].s == NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "a prediction of a row whose id is NULL");
		PPDL_TRY(add(p, ids->text[i].s, ppdl_values_row(v, i), ERRORS * v->error, err));
	}
	return PPDL_OK;
}

static PpdlStatus
add_line(PpdlPredictions *p, PpdlOwner *o, const PGresult *res, int r, PpdlError *err)
{
	const size_t len = (size_t) PQgetlength(res, r, 0);
	PpdlTexts	ids = {0};
	PpdlStatus	status;
	PpdlValues	v = {0};
	uint8_t    *cipher;
	size_t		size;
	char	   *text;

	if (PQgetisnull(res, r, 0))
		return PQgetisnull(res, r, 1) ? PPDL_OK : wrong_answer(err);
	if (PQgetisnull(res, r, 1))
		return add(p, PQgetvalue(res, r, 0), NULL, 0, err);
	PPDL_TRY(ppdl_base64_read(PQgetvalue(res, r, 1), (size_t) PQgetlength(res, r, 1), &cipher, &size, err));
	status = ppdl_owner_decrypt(o, &v, cipher, size, 0, err);
	free(cipher);
	PPDL_TRY(status);
	text = malloc(len + 1);
	if (text == NULL)
		status = no_memory(err);
	else
	{
		memcpy(text, PQgetvalue(res, r, 0), len + 1);
		status = split_ids(&ids, text, len, v.nrows, v.kind == PPDL_KIND_PACKED, err);
	}
	if (status == PPDL_OK)
		status = add_values(p, &ids, &v, err);
	ppdl_texts_free(&ids);
	free(text);
	ppdl_values_free(&v);
	return status;
}

PpdlStatus
ppdl_predictions_query(PpdlPredictions *p, PpdlDb *db, PpdlOwner *o, const char *sql, PpdlError *err)
{
	PGresult   *res = PQexecParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
	PpdlStatus	status = PPDL_OK;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		status = ppdl_db_error(db, res, err);
	else if (PQnfields(res) != 2 || PQftype(res, 1) != db->lwe)
		status = wrong_answer(err);
	for (int r = 0; status == PPDL_OK && r < PQntuples(res); r++)
		status = add_line(p, o, res, r, err);
	PQclear(res);
	return status;
}

/* ------------------------------------------------------------------ of a file */

/* numbers, and what a unit of the last digit of the roughest is */
static PpdlStatus
read_number(const char *s, double *v, double *unit, PpdlError *err)
{
	const char *point = strchr(s, '.');
	const size_t digits = point ? strspn(point + 1, "0123456789") : 0;

	if (ppdl_parse_number(s, v) != 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "\"%.*s\" is no number", PPDL_CUT(s, 60));
	*unit = fmax(*unit, pow(10, -(double) digits));
	return PPDL_OK;
}

static PpdlStatus
read_numbers(PpdlPredictions *p, char *s, size_t len, double *v, double *unit, PpdlError *err)
{
	PpdlTexts	element = {0};
	PpdlStatus	status = PPDL_OK;
	int			got = s[0] == '{' ? ppdl_array_split(&element, s, len) : 0;

	if (got < 0)
		return no_memory(err);
	if (got == 0)
		status = p->outputs == 1 ? read_number(s, v, unit, err) :
			ppdl_error(err, PPDL_ERR_FORMAT, "one number, where the model has %d outputs", p->outputs);
	else if (element.count != (size_t) p->outputs)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "%zu numbers, where the model has %d outputs", element.count,
							p->outputs);
	for (size_t i = 0; got > 0 && status == PPDL_OK && i < element.count; i++)
		status = read_number(element.text[i].s ? element.text[i].s : "", &v[i], unit, err);
	ppdl_texts_free(&element);
	return status;
}

static PpdlStatus
add_record(PpdlPredictions *p, const PpdlCsv *csv, const PpdlCsvRow *row, int id, PpdlError *err)
{
	const int	value = 1 - id;
	PpdlStatus	status;
	double		unit = 0,
			   *v;

	if (row->field[value][0] == 0)
		return add(p, row->field[id], NULL, 0, err);
	v = calloc((size_t) p->outputs, sizeof *v);
	if (v == NULL)
		return no_memory(err);
	status = read_numbers(p, row->field[value], row->len[value], v, &unit, err);
	if (status == PPDL_OK)
		status = add(p, row->field[id], v, LAST_DIGITS * unit, err);
	else if (err != NULL)
	{
		char		what[sizeof err->message];

		memcpy(what, err->message, sizeof what);
		ppdl_error(err, status, "%s:%ld: %.*s", ppdl_csv_name(csv), row->line, PPDL_CUT(what, 200));
	}
	ppdl_free_secret(v, (size_t) p->outputs * sizeof *v);
	return status;
}

static PpdlStatus
read_records(PpdlPredictions *p, PpdlCsv *csv, const char *id, PpdlError *err)
{
	PpdlCsvRow	row;
	int			at,
				more;

	PPDL_TRY(ppdl_csv_find(csv, id, &at, err));
	if (ppdl_csv_columns(csv) != 2)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s has %d columns, not an id and a prediction", ppdl_csv_name(csv),
				   ppdl_csv_columns(csv));
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "ppdl query --raw --expand --csv -c \"SELECT array_agg(id) AS id, "
							   "ppdl_predict_agg('model', features) FROM ...\" writes such a file.");
	}
	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(csv, &row, &more, err));
		if (!more)
			return PPDL_OK;
		PPDL_TRY(add_record(p, csv, &row, at, err));
	}
}

PpdlStatus
ppdl_predictions_file(PpdlPredictions *p, const char *path, const char *id, PpdlError *err)
{
	const PpdlCsvOptions opt = {.name = path};
	PpdlStatus	status;
	PpdlCsv    *csv;
	FILE	   *f = fopen(path, "r");

	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	status = ppdl_csv_open(&csv, f, &opt, err);
	if (status == PPDL_OK)
	{
		status = read_records(p, csv, id, err);
		ppdl_csv_close(csv);
	}
	fclose(f);
	return status;
}

/* ------------------------------------------------------------------ both */

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const PpdlPredicted *) a)->id, ((const PpdlPredicted *) b)->id);
}

PpdlStatus
ppdl_predictions_sort(PpdlPredictions *p, PpdlError *err)
{
	if (p->rows > 0)
		qsort(p->row, p->rows, sizeof *p->row, by_id);
	for (uint32_t i = 1; i < p->rows; i++)
		if (strcmp(p->row[i - 1].id, p->row[i].id) == 0)
			return ppdl_error(err, PPDL_ERR_KEY, "two predictions came for the row of id \"%.*s\"",
							  PPDL_CUT(p->row[i].id, 100));
	return PPDL_OK;
}

const PpdlPredicted *
ppdl_predictions_find(const PpdlPredictions *p, const char *id)
{
	PpdlPredicted key = {.id = (char *) id};

	return p->rows == 0 ? NULL : bsearch(&key, p->row, p->rows, sizeof key, by_id);
}
