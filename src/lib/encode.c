/*
 * Rows of a table, column by column, into numbers.  They pass as records of a CSV file would (table/features.h), so
 * that text means what it means there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/encoding.h"

#define NUMBER_SIZE 40			/* of what ppdl_print_number writes, and a percent sign */
#define COUNTS_LEAST 32

/* Python calls the flags clamp and unknown_other; a feature file is always there */
static const PpdlBindingHints hints = {
	.outside = "Widen min and max in the feature file, or take the nearer bound (PPDL_CLAMP, clamp).",
	.unknown = "Learn the encoding again, or encode what is unknown as none of them (PPDL_UNKNOWN_OTHER, "
	"unknown_other).",
	.missing = "Learn the encoding again, or encode what is unknown as 0 (PPDL_UNKNOWN_OTHER, unknown_other).",
	.unknown_label = "Learn the encoding again, or leave labels out.",
	.no_label = "Rows are encoded without labels, too."
};

typedef struct Encoder
{
	const PpdlFeatures *fs;
	const ppdl_column *column;	/* those that the encoding knows: */
	int		   *used;			/* by number among the caller's; -1: the id, which is not needed here */
	int			count;
	PpdlCsv    *header;			/* of their names alone */
	PpdlBinding binding;
	PpdlCsvRow	row;
	char	   *numbers;		/* count * NUMBER_SIZE */
} Encoder;

/* ------------------------------------------------------------------ columns */

/* the caller's column of that name; -1: none */
static PpdlStatus
find_column(const Encoder *e, size_t ncolumns, const char *name, int *at, PpdlError *err)
{
	*at = -1;
	for (size_t i = 0; i < ncolumns; i++)
	{
		if (strcmp(e->column[i].name, name) != 0)
			continue;
		if (*at >= 0)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "two columns are called \"%s\"", name);
		*at = (int) i;
	}
	return PPDL_OK;
}

static int
is_used(const Encoder *e, int column)
{
	for (int i = 0; i < e->count; i++)
		if (e->used[i] == column)
			return 1;
	return 0;
}

/* a column whose name the encoding has, once; names: what is written of them */
static PpdlStatus
use_column(Encoder *e, size_t ncolumns, const char *name, int needed, PpdlWriter *names, PpdlError *err)
{
	int			at;

	PPDL_TRY(find_column(e, ncolumns, name, &at, err));
	if (at < 0 && needed)
		return ppdl_error(err, PPDL_ERR_FORMAT, "there is no column \"%s\", which the encoding reads", name);
	if (at >= 0 && is_used(e, at))
		return PPDL_OK;
	if (e->count > 0)
		ppdl_write_u8(names, ',');
	ppdl_csv_put(names, name, strlen(name));
	e->used[e->count++] = at;
	return PPDL_OK;
}

static PpdlStatus
use_columns(Encoder *e, size_t ncolumns, int with_label, PpdlWriter *names, PpdlError *err)
{
	const PpdlFeatures *fs = e->fs;

	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].column != NULL)
			PPDL_TRY(use_column(e, ncolumns, fs->feature[i].column, 1, names, err));
	if (with_label)
	{
		if (fs->label == NULL)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "y is not NULL, and the encoding has no label");
		PPDL_TRY(use_column(e, ncolumns, fs->label->column, 1, names, err));
	}
	if (fs->id != NULL)
		PPDL_TRY(use_column(e, ncolumns, fs->id, 0, names, err));
	ppdl_write_u8(names, '\n');
	return names->bad ? ppdl_lib_nomem(err) : PPDL_OK;
}

/* a table of these columns without rows */
static PpdlStatus
open_header(Encoder *e, const PpdlWriter *names, PpdlError *err)
{
	const PpdlCsvOptions opt = {.name = "row", .delimiter = ','};
	PpdlStatus	status;
	FILE	   *f = fmemopen(names->buf, names->len, "r");

	if (f == NULL)
		return ppdl_lib_nomem(err);
	status = ppdl_csv_open(&e->header, f, &opt, err);
	fclose(f);
	return status;
}

static PpdlStatus
bind(Encoder *e, size_t ncolumns, int with_label, PpdlError *err)
{
	PpdlWriter	names;
	PpdlStatus	status;

	ppdl_writer_init(&names);
	status = use_columns(e, ncolumns, with_label, &names, err);
	if (status == PPDL_OK)
		status = open_header(e, &names, err);
	ppdl_writer_free(&names);
	PPDL_TRY(status);
	return ppdl_binding_init_with(&e->binding, e->fs, e->header, with_label, &hints, err);
}

/* ------------------------------------------------------------------ rows */

/* the feature or label of numbers that reads a column, or NULL */
static const PpdlFeature *
reader_of(const PpdlFeatures *fs, const char *name)
{
	for (int i = 0; i <= fs->count; i++)
	{
		const PpdlFeature *f = i < fs->count ? &fs->feature[i] : fs->label;

		if (f != NULL && f->column != NULL && strcmp(f->column, name) == 0 &&
			(f->kind == PPDL_FEATURE_NUMERIC || f->kind == PPDL_FEATURE_BANDS))
			return f;
	}
	return NULL;
}

/* a number as its column writes numbers */
static void
write_number(const Encoder *e, const char *name, double v, char text[NUMBER_SIZE])
{
	const PpdlFeature *f = reader_of(e->fs, name);
	char	   *point;

	ppdl_print_number(text, v);
	if (f == NULL)
		return;
	point = strchr(text, '.');
	if (point != NULL && f->numerals.decimal != 0)
		*point = f->numerals.decimal;
	if (f->numerals.percent)
		strcat(text, "%");
}

/* field i of the row */
static PpdlStatus
take_field(Encoder *e, int i, size_t row, PpdlError *err)
{
	const ppdl_column *column = e->used[i] >= 0 ? &e->column[e->used[i]] : NULL;
	char	   *number = e->numbers + (size_t) i * NUMBER_SIZE;
	const char *text = "";

	if (column != NULL && column->numbers != NULL)
	{
		if (isinf(column->numbers[row]))
			return ppdl_error(err, PPDL_ERR_FORMAT, "row:%zu: column \"%s\": the number is not finite", row + 1,
							  column->name);
		if (!isnan(column->numbers[row]))
		{
			write_number(e, column->name, column->numbers[row], number);
			text = number;
		}
	}
	else if (column != NULL && column->texts[row] != NULL)
		text = column->texts[row];
	e->row.field[i] = (char *) text;	/* read only */
	e->row.len[i] = strlen(text);
	e->row.absent[i] = text[0] == 0;
	if (ppdl_utf8_valid(text, e->row.len[i]))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "row:%zu: column \"%s\": the text is not UTF-8", row + 1, column->name);
}

static PpdlStatus
encode_rows(Encoder *e, size_t rows, double *x, double *y, uint8_t *has_label, PpdlError *err)
{
	const size_t inputs = (size_t) e->fs->inputs,
				outputs = (size_t) e->fs->outputs;
	int			labelled;

	for (size_t r = 0; r < rows; r++)
	{
		double	   *label = y != NULL ? y + r * outputs : NULL;

		for (int i = 0; i < e->count; i++)
			PPDL_TRY(take_field(e, i, r, err));
		e->row.line = (long) r + 1;
		if (y != NULL)
			memset(label, 0, outputs * sizeof *label);
		PPDL_TRY(ppdl_binding_apply(&e->binding, &e->row, x + r * inputs, label, &labelled, err));
		if (y != NULL)
			has_label[r] = (uint8_t) labelled;
	}
	return PPDL_OK;
}

static PpdlStatus
allocate(Encoder *e, PpdlError *err)
{
	const size_t most = (size_t) e->fs->count + 2;

	e->used = calloc(most, sizeof *e->used);
	e->row.field = calloc(most, sizeof *e->row.field);
	e->row.len = calloc(most, sizeof *e->row.len);
	e->row.absent = calloc(most, 1);
	e->numbers = calloc(most, NUMBER_SIZE);
	return e->used && e->row.field && e->row.len && e->row.absent && e->numbers ? PPDL_OK : ppdl_lib_nomem(err);
}

static void
release(Encoder *e)
{
	ppdl_binding_free(&e->binding);
	ppdl_csv_close(e->header);
	if (e->numbers != NULL)
		OPENSSL_cleanse(e->numbers, ((size_t) e->fs->count + 2) * NUMBER_SIZE);
	free(e->numbers);
	free(e->used);
	free(e->row.field);
	free(e->row.len);
	free(e->row.absent);
}

static PpdlStatus
check_columns(const ppdl_column *columns, size_t ncolumns, size_t rows, PpdlError *err)
{
	for (size_t i = 0; i < ncolumns; i++)
	{
		if (columns[i].name == NULL)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "column %zu has no name", i + 1);
		if (rows > 0 && (columns[i].numbers == NULL) == (columns[i].texts == NULL))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%s\" has %s", columns[i].name,
							  columns[i].texts == NULL ? "neither numbers nor texts" : "numbers and texts");
	}
	return PPDL_OK;
}

static PpdlStatus
check(const ppdl_encoding *encoding, const ppdl_column *columns, size_t ncolumns, size_t column_size, size_t rows,
	  uint32_t flags, const double *x, const double *y, const uint8_t *has_label, PpdlError *err)
{
	PPDL_NEED(encoding, err);
	if (ncolumns > 0)
		PPDL_NEED(columns, err);
	if (column_size != sizeof *columns)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "column_size is %zu, of a struct of %zu bytes", column_size,
						  sizeof *columns);
	PPDL_TRY(ppdl_lib_check_flags(flags, PPDL_CLAMP | PPDL_UNKNOWN_OTHER, err));
	if ((y == NULL) != (has_label == NULL))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "one of y and has_label is NULL");
	if (rows > 0)
		PPDL_NEED(x, err);
	return check_columns(columns, ncolumns, rows, err);
}

int32_t
ppdl_encode(const ppdl_encoding *encoding, const ppdl_column *columns, size_t ncolumns, size_t column_size, size_t rows,
			uint32_t flags, double *x, double *y, uint8_t *has_label, ppdl_encode_counts *counts, ppdl_err *handle)
{
	PpdlError  *err = ppdl_err_begin(handle);
	ppdl_encode_counts mine = {0};
	PpdlStatus	status;
	Encoder		e = {0};
	PPDL_PLAIN_NUMBERS();

	PPDL_TRY(check(encoding, columns, ncolumns, column_size, rows, flags, x, y, has_label, err));
	if (counts != NULL)
		PPDL_TRY(ppdl_lib_give(counts, &mine, sizeof mine, COUNTS_LEAST, "counts", err));
	e.fs = encoding->fs;
	e.column = columns;
	PPDL_GOTO(done, allocate(&e, err));
	PPDL_GOTO(done, bind(&e, ncolumns, y != NULL, err));
	if ((flags & PPDL_CLAMP) != 0)
		e.binding.outside = PPDL_OUTSIDE_CLAMP;
	e.binding.unknown_other = (flags & PPDL_UNKNOWN_OTHER) != 0;
	PPDL_GOTO(done, encode_rows(&e, rows, x, y, has_label, err));
	mine.clamped = (uint64_t) e.binding.clamped;
	mine.unknown = (uint64_t) e.binding.unknown;
	mine.clipped = (uint64_t) e.binding.clipped;
	if (counts != NULL)
		status = ppdl_lib_give(counts, &mine, sizeof mine, COUNTS_LEAST, "counts", err);
done:
	release(&e);
	return status;
}
