/*
 * Learning a feature encoding: one pass over the file collects what each column
 * holds (columns.c), then a rule a column decides its kind.
 */
#include "table/features_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "rows/encoding.h"
#include "table/calendar.h"
#include "table/fold.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
read_rows(PpdlLearner *l)
{
	PpdlCsvRow	row;
	int			more;

	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(l->csv, &row, &more, l->err));
		if (!more)
			break;
		for (int i = 0; i < row.nfields; i++)
			PPDL_TRY(ppdl_column_take(&l->column[i], row.field[i], row.line, l->err));
		l->fs->rows++;
	}
	if (l->fs->rows == 0)
		return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: no rows after the header", ppdl_csv_name(l->csv));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ kinds of inputs */

/* does it say nothing? */
static int
leave_out(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	int			ranged = ppdl_learn_spec(l->opt->bands, name) || c->lo < c->hi;

	if (c->values > 0 && (c->category.count != 1 || c->missing > 0 || ranged))
		return 0;
	ppdl_learn_note(l, "column \"%s\" is left out: %s", name, c->values ? "it has only one value" : "it is empty");
	return 1;
}

static PpdlStatus
decide(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	const PpdlLearnOptions *opt = l->opt;
	const char *bands = ppdl_learn_spec(opt->bands, name);
	int			number = c->number;

	f->weight = 1;
	f->missing = c->missing > 0;
	if (!c->verbatim && c->ambiguous)
		return ppdl_learn_numbers_only(l, name, c);
	if (!c->verbatim && !number && (c->category.count > 2 || c->as->percents > 0))
	{
		if (c->numeric)
			number = c->category.count > 2;
		else if (2 * c->as->numbers >= c->values && (c->zeros == 0 || c->as->numbers < c->values))
			return ppdl_learn_numbers_only(l, name, c);
	}
	if (number)
		PPDL_TRY(ppdl_learn_numbers_only(l, name, c));
	if (bands)
	{
		f->kind = PPDL_FEATURE_BANDS;
		f->weight = opt->one_hot_weight;
		PPDL_TRY(ppdl_learn_form(c, f, l->err));
		return ppdl_learn_bands(f, c->as->min, c->as->max, name, bands, l->err);
	}
	if (number && (c->as->min < c->as->max || c->lo < c->hi))
		return ppdl_learn_numeric(l, name, c, f);
	PPDL_TRY(ppdl_learn_categories(l, name, c, f));
	if (f->kind == PPDL_FEATURE_ONE_HOT)
		f->weight = opt->one_hot_weight;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ putting it together */

static PpdlStatus
add_column(PpdlLearner *l, int i)
{
	const char *name = ppdl_csv_column(l->csv, i);
	PpdlFeature *f;

	if (leave_out(l, name, &l->column[i]))
		return PPDL_OK;
	f = ppdl_learn_feature(l->fs);
	if (f == NULL || (f->column = strdup(name)) == NULL)
		return no_memory(l->err);
	return decide(l, name, &l->column[i], f);
}

static PpdlStatus
add_columns(PpdlLearner *l)
{
	const PpdlLearnOptions *opt = l->opt;
	int			i;

	if (opt->columns)
	{
		for (char **c = opt->columns; *c; c++)
		{
			PPDL_TRY(ppdl_csv_find(l->csv, *c, &i, l->err));
			PPDL_TRY(add_column(l, i));
		}
		return PPDL_OK;
	}
	for (i = 0; i < ppdl_csv_columns(l->csv); i++)
	{
		const char *name = ppdl_csv_column(l->csv, i);

		if (!l->column[i].used || (opt->label && strcmp(name, opt->label) == 0))
			continue;
		PPDL_TRY(add_column(l, i));
	}
	return PPDL_OK;
}

static PpdlStatus
add_constant_and_padding(PpdlLearner *l)
{
	PpdlFeature *f;
	int			target = 1;

	if (l->opt->constant)
	{
		if ((f = ppdl_learn_feature(l->fs)) == NULL)
			return no_memory(l->err);
		f->kind = PPDL_FEATURE_CONSTANT;
	}
	PPDL_TRY(ppdl_features_number(l->fs, l->err));
	while (target < l->fs->inputs)
		target *= 2;
	/* networks over encrypted rows have two inputs at least */
	if (l->fs->inputs == 1 && !l->opt->whiten)
	{
		target = 2;
		ppdl_learn_note(l, "an input that is always 0 is added: networks over encrypted rows have two inputs at least");
	}
	else if (!l->opt->pad || target == l->fs->inputs)
		return PPDL_OK;
	if ((f = ppdl_learn_feature(l->fs)) == NULL)
		return no_memory(l->err);
	f->kind = PPDL_FEATURE_PADDING;
	f->inputs = target - l->fs->inputs;
	return ppdl_features_number(l->fs, l->err);
}

/* ------------------------------------------------------------------ what is said about the file */

/* a file without a header would lose its first row to one */
static PpdlStatus
check_header(PpdlLearner *l)
{
	double		v;

	if (l->opt->no_header)
		return PPDL_OK;
	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
		if (ppdl_parse_number(ppdl_csv_column(l->csv, i), &v) != 1)
			return PPDL_OK;
	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:1: the header holds nothing but numbers", ppdl_csv_name(l->csv));
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
						   "If it is the first row, give --no-header: columns are then called 1, 2, 3, ... "
						   "If these are names, change one of them.");
}

/* a name that might be a value of its column */
static int
like_its_values(const PpdlColumn *c, const char *name)
{
	double		v;
	long		day;

	if (c->numeric)
		return c->how->date != PPDL_DATE_NONE ? ppdl_day_parse(c->how->date_format, name, &day)
			: ppdl_numeral_parse(&c->as->numerals, name, &v) == 1;
	for (int i = 0; i < c->texts.count; i++)
		if (strcmp(c->texts.item[i].text, name) == 0)
			return 1;
	return 0;
}

static void
say_header(PpdlLearner *l)
{
	const char *first = NULL;
	int			alike = 0;

	for (int i = 0; i < ppdl_csv_columns(l->csv) && !l->opt->no_header; i++)
		if (like_its_values(&l->column[i], ppdl_csv_column(l->csv, i)))
		{
			first = first ? first : ppdl_csv_column(l->csv, i);
			alike++;
		}
	if (alike > 0)
		ppdl_learn_note(l, "the header looks like a row: \"%s\"%s; if the file has no header, its first row is lost "
						"unless you give --no-header", first, alike > 1 ? " and others might be values" :
						" might be a value");
}

static void
say_commas(PpdlLearner *l)
{
	char		list[300] = "";

	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
	{
		const PpdlColumn *c = &l->column[i];

		if (c->used && c->numeric && c->guess && c->as->numerals.decimal == ',')
			ppdl_names_add(list, sizeof list, "\"%.*s\"", PPDL_CUT(ppdl_csv_column(l->csv, i), 60));
	}
	if (list[0])
		ppdl_learn_note(l, "numbers with decimal commas in %s: \"0,81\" is read as 0.81 (as with --decimal ,)", list);
}

static PpdlStatus
say_missing(PpdlLearner *l)
{
	PpdlTallies words = {0};
	PpdlStatus	status = PPDL_OK;
	char		list[400];
	int			columns = 0;

	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
	{
		const PpdlColumn *c = &l->column[i];

		columns += c->used && c->na_words.count > 0;
		for (int j = 0; j < c->na_words.count && c->used && status == PPDL_OK; j++)
			status = ppdl_tally(&words, c->na_words.item[j].text, c->na_words.item[j].rows, l->err);
	}
	ppdl_tallies_print(&words, list, sizeof list);
	if (columns > 0 && status == PPDL_OK)
		ppdl_learn_note(l, "taken for missing values, in %d column%s: %s (--na says which words are)", columns,
						columns == 1 ? "" : "s", list);
	ppdl_tallies_free(&words);
	return status;
}

static PpdlStatus
learn(PpdlLearner *l)
{
	PPDL_TRY(check_header(l));
	PPDL_TRY(ppdl_learn_begin(l));
	PPDL_TRY(read_rows(l));
	PPDL_TRY(ppdl_columns_settle(l->column, ppdl_csv_columns(l->csv), l->err));
	say_header(l);
	PPDL_TRY(add_columns(l));
	PPDL_TRY(ppdl_learn_thermometers(l));
	PPDL_TRY(ppdl_learn_moments(l));
	PPDL_TRY(add_constant_and_padding(l));
	PPDL_TRY(ppdl_learn_label(l));
	say_commas(l);
	PPDL_TRY(say_missing(l));
	return ppdl_features_number(l->fs, l->err);
}

static PpdlStatus
new_features(PpdlFeatures **out, const PpdlCsv *csv, const char *id, PpdlError *err)
{
	PpdlFeatures *fs = calloc(1, sizeof *fs);

	*out = fs;
	if (fs == NULL || (fs->source = strdup(ppdl_csv_name(csv))) == NULL || (id && (fs->id = strdup(id)) == NULL))
		return no_memory(err);
	/* names of files may be in any character set */
	for (char *s = ppdl_utf8_valid(fs->source, strlen(fs->source)) ? NULL : fs->source; s && *s; s++)
		*s = *s & 0x80 ? '?' : *s;
	return PPDL_OK;
}

static void
free_columns(PpdlLearner *l, int n)
{
	for (int i = 0; i < n && l->column; i++)
		ppdl_column_free(&l->column[i]);
	for (int i = 0; i < n && l->how; i++)
		ppdl_feature_clear(&l->how[i]);
	free(l->column);
	free(l->how);
}

PpdlStatus
ppdl_features_learn(PpdlFeatures **out, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlWriter *notes, PpdlError *err)
{
	int			n = ppdl_csv_columns(csv);
	PpdlError	unread;
	PpdlLearner l = {.csv = csv, .opt = opt, .notes = notes, .err = err ? err : &unread};
	PpdlStatus	status;

	*out = NULL;
	l.column = calloc((size_t) n, sizeof *l.column);
	l.how = calloc((size_t) n, sizeof *l.how);
	status = l.column && l.how ? new_features(&l.fs, csv, opt->id, l.err) : no_memory(l.err);
	if (status == PPDL_OK)
		status = ppdl_encoding_draw(&l.fs->encoding, err);
	if (status == PPDL_OK)
		status = learn(&l);
	free_columns(&l, n);
	if (status == PPDL_OK)
		*out = l.fs;
	else
		ppdl_features_destroy(l.fs);
	return status;
}

static PpdlStatus
raw_feature(PpdlFeature *f, const char *column, PpdlError *err)
{
	if (f == NULL || (f->column = strdup(column)) == NULL)
		return no_memory(err);
	f->kind = PPDL_FEATURE_NUMERIC;
	f->min = -1;
	f->max = 1;
	f->weight = 1;
	return PPDL_OK;
}

static PpdlStatus
raw(PpdlFeatures *fs, const PpdlCsv *csv, const char *label, char **exclude, PpdlError *err)
{
	for (int i = 0; i < ppdl_csv_columns(csv); i++)
	{
		const char *name = ppdl_csv_column(csv, i);

		if ((fs->id && strcmp(name, fs->id) == 0) || (label && strcmp(name, label) == 0) || ppdl_listed(exclude, name))
			continue;
		PPDL_TRY(raw_feature(ppdl_learn_feature(fs), name, err));
	}
	if (label)
	{
		fs->label = calloc(1, sizeof *fs->label);
		PPDL_TRY(raw_feature(fs->label, label, err));
	}
	return ppdl_features_number(fs, err);
}

PpdlStatus
ppdl_features_raw(PpdlFeatures **out, const PpdlCsv *csv, const char *id, const char *label, char **exclude,
				  PpdlError *err)
{
	PpdlFeatures *fs;
	PpdlStatus	status = new_features(&fs, csv, id, err);

	*out = NULL;
	if (status == PPDL_OK && id && label && strcmp(id, label) == 0)
		status = ppdl_error(err, PPDL_ERR_ARGUMENT, "--id and --label name the same column, \"%s\"", id);
	if (status == PPDL_OK)
		fs->raw = 1;
	if (status == PPDL_OK)
		status = raw(fs, csv, label, exclude, err);
	if (status == PPDL_OK)
		*out = fs;
	else
		ppdl_features_destroy(fs);
	return status;
}
