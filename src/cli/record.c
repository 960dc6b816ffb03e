#include "cli/record.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What becomes of one field when a record is dealt out. */
typedef struct Part
{
	PpdlWriter	whole;			/* text, if the field stays whole */
	int			null;
	int			packed,			/* values holds rows */
				held,			/* values are to be put into words */
				few;			/* of too few rows, which whole says */
	double		rows;			/* of a sum */
	PpdlValues	values;
	char	   *array;			/* own copy of an array's text, split into elements */
	PpdlTexts	element;
} Part;

typedef struct Record
{
	PpdlReveal *r;
	PpdlWords  *words;			/* or NULL */
	Part	   *part;
	size_t		count,
				outputs;		/* fields of an output row */
	PpdlText   *out;
	PpdlWriter *cell;			/* their texts */
	int			dealt;			/* some field is packed */
	uint32_t	rows;
} Record;

static void
release(Record *rec)
{
	for (size_t i = 0; rec->part && i < rec->count; i++)
	{
		Part	   *p = &rec->part[i];

		if (p->packed || p->held)
			ppdl_values_free(&p->values);
		if (p->array)
			OPENSSL_cleanse(p->array, p->whole.len);
		ppdl_writer_free(&p->whole);
		ppdl_texts_free(&p->element);
		free(p->array);
	}
	for (size_t i = 0; rec->cell && i < rec->outputs; i++)
		ppdl_writer_free(&rec->cell[i]);
	free(rec->part);
	free(rec->out);
	free(rec->cell);
}

/* the rows of a packed value become output rows */
static PpdlStatus
deal_values(Record *rec, Part *p, PpdlError *err)
{
	p->packed = 1;
	if (rec->dealt && rec->rows != p->values.nrows)
		return ppdl_error(err, PPDL_ERR_FORMAT, "two packed results of one record have %u and %u rows", rec->rows,
						  p->values.nrows);
	rec->dealt = 1;
	rec->rows = p->values.nrows;
	return PPDL_OK;
}

/* a field that is one ciphertext is kept as values where it is dealt out or put into words, everything else as text */
static PpdlStatus
read_field(Record *rec, size_t column, const PpdlText *field, Part *p, int expand, PpdlError *err)
{
	const int	in_words = rec->words && ppdl_words_has(rec->words, column);
	PpdlRevealed value;

	ppdl_writer_init_secret(&p->whole);
	p->null = field->s == NULL;
	if (p->null)
		return PPDL_OK;
	if (ppdl_value_whole(field->s, field->len) == 0)
		return ppdl_reveal_text(rec->r, field->s, field->len, &p->whole, err);
	PPDL_TRY(ppdl_reveal(rec->r, field->s, field->len, &value, err));
	p->few = value.few;
	p->null = p->few && rec->r->few_are_null;
	if (value.number || (!in_words && !(expand && value.values.kind == PPDL_KIND_PACKED)))
	{
		ppdl_revealed_put(&value, &p->whole);
		ppdl_revealed_free(&value);
		return PPDL_OK;
	}
	p->values = value.values;
	p->held = in_words;
	if (expand && p->values.kind == PPDL_KIND_PACKED)
		return deal_values(rec, p, err);
	return PPDL_OK;
}

static PpdlStatus
deal_array(Record *rec, size_t column, Part *p, PpdlError *err)
{
	int			got;

	if (p->null || p->packed || p->held || p->whole.len == 0 || p->whole.buf[0] != '{')
		return PPDL_OK;
	p->array = malloc(p->whole.len + 1);
	if (p->array == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memcpy(p->array, p->whole.buf, p->whole.len);
	p->array[p->whole.len] = 0;
	got = ppdl_array_split(&p->element, p->array, p->whole.len);
	if (got < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (got == 0)
	{
		ppdl_free_secret(p->array, p->whole.len + 1);
		p->array = NULL;
		return PPDL_OK;
	}
	if (p->element.count != rec->rows)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "column %zu has %zu elements where the packed result has %u rows",
				   column + 1, p->element.count, rec->rows);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "Aggregate both over the same rows and in the same order; "
							   "leave --expand away to see the arrays.");
	}
	return PPDL_OK;
}

static int
is_null_row(const PpdlValues *values, uint32_t i)
{
	const double *v = ppdl_values_row(values, i);

	return v == NULL || isnan(v[0]);
}

/* the fields that a column of words gives */
static PpdlStatus
words_of(Record *rec, size_t column, const Part *p, uint32_t row, PpdlWriter *cell, PpdlText *out, PpdlError *err)
{
	const int	n = ppdl_words_fields(rec->words, column);

	for (int i = 0; i < n; i++)
		cell[i].len = 0;
	if (p->packed && is_null_row(&p->values, row))
		memset(out, 0, (size_t) n * sizeof *out);
	else if (p->held)
		PPDL_TRY(ppdl_words_put(rec->words, column, &p->values, p->packed ? row : PPDL_ALL_ROWS, p->rows, cell, err));
	else if (!p->null)
		for (int i = 0; i < (p->few ? n : 1); i++)
			ppdl_words_put_text(rec->words, &p->whole, &cell[i]);
	for (int i = 0; i < n; i++)
	{
		size_t		len = cell[i].len;

		ppdl_write_u8(&cell[i], 0);
		if (cell[i].bad)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		out[i] = len > 0 ? (PpdlText) {(char *) cell[i].buf, len} : (PpdlText) {NULL, 0};
	}
	return PPDL_OK;
}

static PpdlStatus
field_of(Part *p, uint32_t row, PpdlWriter *cell, PpdlText *out, PpdlError *err)
{
	if (p->array)
		*out = p->element.text[row];
	else if (p->packed && is_null_row(&p->values, row))
		*out = (PpdlText) {NULL, 0};
	else if (p->packed)
	{
		cell->len = 0;
		ppdl_reveal_row(&p->values, row, cell);
		ppdl_write_u8(cell, 0);
		if (cell->bad)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		*out = (PpdlText) {(char *) cell->buf, cell->len - 1};
	}
	else if (p->null)
		*out = (PpdlText) {NULL, 0};
	else
		*out = (PpdlText) {(char *) p->whole.buf, p->whole.len - 1};
	return PPDL_OK;
}

static PpdlStatus
emit_row(Record *rec, uint32_t row, PpdlEmit emit, void *arg, PpdlError *err)
{
	size_t		at = 0;

	for (size_t i = 0; i < rec->count; i++)
	{
		Part	   *p = &rec->part[i];

		if (rec->words && ppdl_words_has(rec->words, i))
		{
			PPDL_TRY(words_of(rec, i, p, row, &rec->cell[at], &rec->out[at], err));
			at += (size_t) ppdl_words_fields(rec->words, i);
		}
		else
		{
			PPDL_TRY(field_of(p, row, &rec->cell[at], &rec->out[at], err));
			at++;
		}
	}
	return emit(arg, rec->out, rec->outputs, err);
}

static PpdlStatus
record(Record *rec, const PpdlText *fields, int expand, PpdlEmit emit, void *arg, PpdlError *err)
{
	for (size_t i = 0; i < rec->outputs; i++)
		ppdl_writer_init_secret(&rec->cell[i]);
	ppdl_reveal_count(rec->r, fields, rec->count);
	for (size_t i = 0; i < rec->count; i++)
		PPDL_TRY(read_field(rec, i, &fields[i], &rec->part[i], expand, err));
	for (size_t i = 0; i < rec->count; i++)
		if (rec->part[i].held)
			PPDL_TRY(ppdl_words_rows(rec->words, i, fields, rec->count, &rec->part[i].rows, err));
	for (size_t i = 0; rec->dealt && i < rec->count; i++)
		PPDL_TRY(deal_array(rec, i, &rec->part[i], err));
	for (size_t i = 0; i < rec->count; i++)
	{
		if (rec->words && ppdl_words_has(rec->words, i))
			continue;
		ppdl_write_u8(&rec->part[i].whole, 0);
		if (rec->part[i].whole.bad)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	if (!rec->dealt)
		return emit_row(rec, 0, emit, arg, err);
	for (uint32_t row = 0; row < rec->rows; row++)
		PPDL_TRY(emit_row(rec, row, emit, arg, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_reveal_record(PpdlReveal *r, PpdlWords *words, const PpdlText *fields, size_t count, int expand, PpdlEmit emit,
				   void *arg, PpdlError *err)
{
	Record		rec = {.r = r, .words = words, .count = count};
	PpdlStatus	status;

	for (size_t i = 0; i < count; i++)
		rec.outputs += words ? (size_t) ppdl_words_fields(words, i) : 1;
	rec.part = calloc(count + 1, sizeof *rec.part);
	rec.out = calloc(rec.outputs + 1, sizeof *rec.out);
	rec.cell = calloc(rec.outputs + 1, sizeof *rec.cell);
	if (rec.part && rec.out && rec.cell)
		status = record(&rec, fields, expand, emit, arg, err);
	else
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	release(&rec);
	return status;
}
