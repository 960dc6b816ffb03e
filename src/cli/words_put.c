/* Decoded answers as texts: fields of a record, or JSON. */
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arraytext.h"
#include "cli/words_impl.h"
#include "table/jsontext.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ single answers */

static void
put_value(PpdlWriter *w, double v, double error)
{
	char		text[64];

	ppdl_format_value(text, sizeof text, v, error);
	ppdl_write_text(w, text);
}

/* a count that is certain is a whole number */
static void
put_count(PpdlWriter *w, const PpdlAnswer *a)
{
	const double whole = nearbyint(a->value);
	char		text[64];

	if (8 * a->error < 0.5 && fabs(a->value - whole) <= 8 * a->error && fabs(whole) < 1e15)
	{
		snprintf(text, sizeof text, "%.0f", whole == 0 ? 0 : whole);
		ppdl_write_text(w, text);
	}
	else
		put_value(w, a->value, a->error);
}

static void
put_json_text(PpdlWriter *w, const char *s)
{
	ppdl_json_put_string(w, s, strlen(s));
}

static int
is_null(PpdlAnswerKind kind, const PpdlAnswer *a)
{
	return kind == PPDL_ANSWER_WORD ? a->word == NULL : isnan(a->value);
}

/* nothing for NULL */
static void
put_answer(const PpdlWords *words, const PpdlWordsColumn *c, PpdlAnswerKind kind, const PpdlAnswer *a, PpdlWriter *w)
{
	if (is_null(kind, a))
		return;
	if (kind == PPDL_ANSWER_WORD)
		ppdl_write_text(w, a->word);
	else if (kind == PPDL_ANSWER_COUNT)
		put_count(w, a);
	else if (kind == PPDL_ANSWER_SHARE && words->people)
	{
		put_value(w, 100 * a->value, 100 * a->error);
		ppdl_write_text(w, c->meaning == PPDL_MEANING_DIFFERENCE ? " pp" : " %");
	}
	else
		put_value(w, a->value, a->error);
}

static void
put_json(const PpdlWords *words, const PpdlWordsColumn *c, PpdlAnswerKind kind, const PpdlAnswer *a, PpdlWriter *w)
{
	if (is_null(kind, a))
		ppdl_write_text(w, "null");
	else if (kind == PPDL_ANSWER_WORD)
		put_json_text(w, a->word);
	else
		put_answer(words, c, kind, a, w);
}

/* ------------------------------------------------------------------ one row */

/* the scores of a prediction, as they are without words; JSON has brackets */
static void
put_scores(const PpdlWords *words, const PpdlValues *values, uint32_t row, PpdlWriter *w)
{
	const size_t begin = w->len;

	ppdl_reveal_row(values, row, w);
	for (size_t i = begin; words->objects && !w->bad && i < w->len; i++)
		w->buf[i] = w->buf[i] == '{' ? '[' : w->buf[i] == '}' ? ']' : w->buf[i];
}

/* a column's JSON: an object by names; what replaces numbers one by one stands alone */
static void
put_object(const PpdlWords *words, const PpdlWordsColumn *c, const PpdlValues *values, uint32_t row,
		   const PpdlAnswer *a, PpdlWriter *w)
{
	const int	n = ppdl_decoder_count(c->decoder);

	if (c->subject == PPDL_SUBJECT_LABEL && c->meaning <= PPDL_MEANING_CLASS && !c->scores)
	{
		put_json(words, c, ppdl_decoder_kind(c->decoder, 0), &a[0], w);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		ppdl_write_text(w, i ? ", " : "{");
		put_json_text(w, ppdl_decoder_name(c->decoder, i));
		ppdl_write_text(w, ": ");
		put_json(words, c, ppdl_decoder_kind(c->decoder, i), &a[i], w);
	}
	if (c->scores)
	{
		ppdl_write_text(w, values->width == 1 ? ", \"score\": " : ", \"scores\": ");
		put_scores(words, values, row, w);
	}
	ppdl_write_text(w, n > 0 ? "}" : "{}");
}

static PpdlStatus
decode_row(const PpdlWordsColumn *c, const PpdlValues *values, uint32_t row, double rows, PpdlAnswer *a, PpdlError *err)
{
	PpdlError	why = {0};

	if (ppdl_decode(c->decoder, ppdl_values_row(values, row), values->error, rows, a, &why) == PPDL_OK)
		return PPDL_OK;
	ppdl_error(err, why.code, "column \"%s\": %s", c->name, why.message);
	return ppdl_error_hint(err, why.code, "Say what it is by --as %s=avg (or row, sum, diff, class, raw), or give "
						   "--raw to see encoded numbers.", c->name);
}

static PpdlStatus
put_row(const PpdlWords *words, const PpdlWordsColumn *c, const PpdlValues *values, uint32_t row, double rows,
		PpdlAnswer *a, PpdlWriter *cell, PpdlError *err)
{
	PPDL_TRY(decode_row(c, values, row, rows, a, err));
	if (words->objects)
	{
		put_object(words, c, values, row, a, cell);
		return PPDL_OK;
	}
	if (c->scores)
		put_scores(words, values, row, &cell[0]);
	for (int i = 0; i < ppdl_decoder_count(c->decoder); i++)
		put_answer(words, c, ppdl_decoder_kind(c->decoder, i), &a[i], &cell[i + c->scores]);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ arrays */

/* as the server writes them: what is text in quotes */
static void
put_element(PpdlWriter *w, const PpdlWriter *text, int quoted)
{
	if (text->len == 0)
		ppdl_write_text(w, "NULL");
	else if (quoted)
		ppdl_array_put_text(w, (const char *) text->buf, text->len);
	else
		ppdl_write_bytes(w, text->buf, text->len);
}

static int
is_text(const PpdlWordsColumn *c, int field)
{
	return !(c->scores && field == 0) && ppdl_decoder_kind(c->decoder, field - c->scores) == PPDL_ANSWER_WORD;
}

static PpdlStatus
put_rows(const PpdlWords *words, const PpdlWordsColumn *c, const PpdlValues *values, PpdlAnswer *a, PpdlWriter *one,
		 PpdlWriter *cell, PpdlError *err)
{
	for (uint32_t r = 0; r < values->nrows; r++)
	{
		const double *v = ppdl_values_row(values, r);

		for (int i = 0; i < c->fields; i++)
			one[i].len = 0;
		if (v != NULL && !isnan(v[0]))
			PPDL_TRY(put_row(words, c, values, r, 1, a, one, err));
		else if (words->objects)
			ppdl_write_text(&one[0], "null");
		for (int i = 0; i < c->fields; i++)
		{
			ppdl_write_text(&cell[i], r ? "," : words->objects ? "[" : "{");
			put_element(&cell[i], &one[i], !words->objects && is_text(c, i));
		}
	}
	for (int i = 0; i < c->fields; i++)
		ppdl_write_text(&cell[i], words->objects ? "]" : "}");
	return PPDL_OK;
}

static PpdlStatus
put_all(const PpdlWords *words, const PpdlWordsColumn *c, const PpdlValues *values, PpdlAnswer *a, PpdlWriter *cell,
		PpdlError *err)
{
	PpdlWriter *one = calloc((size_t) c->fields, sizeof *one);
	PpdlStatus	status;

	if (one == NULL)
		return no_memory(err);
	for (int i = 0; i < c->fields; i++)
		ppdl_writer_init_secret(&one[i]);
	status = put_rows(words, c, values, a, one, cell, err);
	for (int i = 0; i < c->fields; i++)
		ppdl_writer_free(&one[i]);
	free(one);
	return status;
}

/* ------------------------------------------------------------------ a value */

PpdlStatus
ppdl_words_put(const PpdlWords *w, size_t column, const PpdlValues *values, uint32_t row, double rows, PpdlWriter *cell,
			   PpdlError *err)
{
	const PpdlWordsColumn *c = &w->column[column];
	const size_t size = ((size_t) ppdl_decoder_count(c->decoder) + 1) * sizeof(PpdlAnswer);
	const int	width = c->subject == PPDL_SUBJECT_LABEL ? c->features->outputs : c->features->inputs;
	PpdlAnswer *a;
	PpdlStatus	status;

	if (values->width != width)
		return ppdl_error(err, PPDL_ERR_FORMAT, "column \"%s\": %d values, where the feature file has %d", c->name,
						  values->width, width);
	if (row == PPDL_ALL_ROWS && values->nrows == 1)
		row = 0;
	if (row != PPDL_ALL_ROWS && ppdl_values_row(values, row) == NULL)
		return PPDL_OK;
	a = malloc(size);
	if (a == NULL)
		return no_memory(err);
	status = row == PPDL_ALL_ROWS ? put_all(w, c, values, a, cell, err) :
		put_row(w, c, values, row, rows, a, cell, err);
	OPENSSL_cleanse(a, size);
	free(a);
	return status;
}

void
ppdl_words_put_text(const PpdlWords *w, const PpdlWriter *text, PpdlWriter *cell)
{
	if (w->objects)
		ppdl_json_put_string(cell, (const char *) text->buf, text->len);
	else
		ppdl_write_bytes(cell, text->buf, text->len);
}
