/*
 * Learning a feature encoding: one pass over the file collects what each column
 * holds, then a rule a column decides its kind.
 */
#include "table/features.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rows/encoding.h"

#define MAX_DISTINCT 4096
#define MAX_LABEL_CLASSES 16

typedef struct Column
{
	int			verbatim;		/* --category: spellings of one number are different categories */
	long		values,
				missing,
				numbers,
				almost;			/* numbers but for a decimal comma or a percent sign */
	char		mark;			/* which of these, of the last one */
	double		min,
				max;
	long		odd_line;		/* of the first value that is no finite number */
	char	   *odd;
	int			odd_infinite;
	int			ndistinct;		/* stops at MAX_DISTINCT + 1 */
	int			cap;
	char	  **distinct;		/* sorted by bytes */
} Column;

typedef struct Learner
{
	PpdlCsv    *csv;
	const PpdlLearnOptions *opt;
	Column	   *column;
	PpdlFeatures *fs;
	PpdlWriter *notes;
	PpdlError  *err;
} Learner;

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static void
note(Learner *l, const char *fmt,...) __attribute__((format(printf, 2, 3)));
static void
note(Learner *l, const char *fmt,...)
{
	char		text[400];
	va_list		ap;

	if (l->notes == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ppdl_write_bytes(l->notes, text, strlen(text));
	ppdl_write_u8(l->notes, '\n');
}

static int
listed(char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return 1;
	return 0;
}

/* ------------------------------------------------------------------ the pass over the file */

static PpdlStatus
remember(Column *c, const char *s, PpdlError *err)
{
	int			lo = 0,
				hi = c->ndistinct;

	if (c->ndistinct > MAX_DISTINCT)
		return PPDL_OK;
	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;
		int			cmp = strcmp(s, c->distinct[mid]);

		if (cmp == 0)
			return PPDL_OK;
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (c->ndistinct == c->cap)
	{
		int			cap = c->cap ? 2 * c->cap : 16;
		char	  **p = realloc(c->distinct, (size_t) cap * sizeof *p);

		if (p == NULL)
			return no_memory(err);
		c->distinct = p;
		c->cap = cap;
	}
	memmove(c->distinct + lo + 1, c->distinct + lo, (size_t) (c->ndistinct - lo) * sizeof *c->distinct);
	c->distinct[lo] = strdup(s);
	c->ndistinct++;
	return c->distinct[lo] ? PPDL_OK : no_memory(err);
}

/* one number is one category, however it is written */
static PpdlStatus
remember_category(Column *c, const char *s, PpdlError *err)
{
	char		number[32];
	double		v;

	if (c->ndistinct > MAX_DISTINCT || c->verbatim || !ppdl_parse_category_number(s, &v))
		return remember(c, s, err);
	ppdl_print_number(number, v == 0 ? 0 : v);
	return remember(c, number, err);
}

static PpdlStatus
look(Column *c, const char *s, long line, PpdlError *err)
{
	double		v;
	int			got;
	char		mark;

	if (s[0] == 0)
	{
		c->missing++;
		return PPDL_OK;
	}
	c->values++;
	got = ppdl_parse_number(s, &v);
	if (got == 1)
	{
		c->min = c->numbers == 0 || v < c->min ? v : c->min;
		c->max = c->numbers == 0 || v > c->max ? v : c->max;
		c->numbers++;
	}
	else if ((mark = ppdl_almost_number(s)) != 0)
	{
		c->almost++;
		c->mark = mark;
	}
	if (got != 1 && c->odd == NULL)
	{
		c->odd_line = line;
		c->odd_infinite = got < 0;
		c->odd = strdup(s);
		if (c->odd == NULL)
			return no_memory(err);
	}
	return remember_category(c, s, err);
}

static PpdlStatus
read_rows(Learner *l)
{
	PpdlCsvRow	row;
	int			more;

	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(l->csv, &row, &more, l->err));
		if (!more)
			break;
		for (int i = 0; i < row.nfields; i++)
			PPDL_TRY(look(&l->column[i], row.field[i], row.line, l->err));
		l->fs->rows++;
	}
	if (l->fs->rows == 0)
		return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: no rows after the header", ppdl_csv_name(l->csv));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ bands */

static PpdlStatus
bad_bands(const char *spec, const char *what, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--bands %s: %s", spec, what);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Write COLUMN:WIDTH, COLUMN:FROM..TO/WIDTH or COLUMN:CUT,CUT,...; "
						   "for example Age:10 or Age:20..40/2.");
}

static PpdlStatus
add_cut(PpdlFeature *f, double v, const char *spec, PpdlError *err)
{
	double	   *p;

	if (f->ncuts > 0 && v <= f->cut[f->ncuts - 1])
		return bad_bands(spec, "cuts must increase", err);
	if (f->ncuts + 2 > PPDL_MAX_INPUTS)
		return bad_bands(spec, "too many bands", err);
	p = realloc(f->cut, (size_t) (f->ncuts + 1) * sizeof *p);
	if (p == NULL)
		return no_memory(err);
	f->cut = p;
	f->cut[f->ncuts++] = v;
	return PPDL_OK;
}

/* from, from + width, ... to, without adding up rounding errors */
static PpdlStatus
add_range(PpdlFeature *f, double from, double to, double width, const char *spec, PpdlError *err)
{
	double		steps = floor((to - from) / width + 1e-9);

	if (!(width > 0))
		return bad_bands(spec, "the width must be positive", err);
	if (steps > PPDL_MAX_INPUTS)
		return bad_bands(spec, "too many bands", err);
	for (int i = 0; i <= steps; i++)
		PPDL_TRY(add_cut(f, from + i * width, spec, err));
	return PPDL_OK;
}

static PpdlStatus
parse_list(PpdlFeature *f, char *cuts, const char *spec, PpdlError *err)
{
	char	   *save = NULL;

	for (char *s = strtok_r(cuts, ",", &save); s; s = strtok_r(NULL, ",", &save))
	{
		double		v;

		if (ppdl_parse_number(s, &v) != 1)
			return bad_bands(spec, "a cut is not a number", err);
		PPDL_TRY(add_cut(f, v, spec, err));
	}
	return PPDL_OK;
}

/* cuts: what follows "COLUMN:"; is overwritten */
static PpdlStatus
parse_cuts(PpdlFeature *f, const Column *c, char *cuts, const char *spec, PpdlError *err)
{
	char	   *dots = strstr(cuts, "..");
	char	   *slash = strchr(cuts, '/');
	double		from,
				to,
				width;

	if (dots && slash > dots)
	{
		*dots = *slash = 0;
		if (ppdl_parse_number(cuts, &from) != 1 || ppdl_parse_number(dots + 2, &to) != 1 ||
			ppdl_parse_number(slash + 1, &width) != 1 || to < from)
			return bad_bands(spec, "not of the form FROM..TO/WIDTH", err);
		return add_range(f, from, to, width, spec, err);
	}
	if (strchr(cuts, ','))
		return parse_list(f, cuts, spec, err);
	if (ppdl_parse_number(cuts, &width) != 1 || !(width > 0))
		return bad_bands(spec, "the width is not a positive number", err);
	from = (floor(c->min / width) + 1) * width;
	if (from > c->max)
		return bad_bands(spec, "all values fall into one band", err);
	return add_range(f, from, c->max, width, spec, err);
}

/* the --bands option of a column, or NULL */
static const char *
bands_of(const PpdlLearnOptions *opt, const char *column)
{
	size_t		n = strlen(column);

	for (char **b = opt->bands; b && *b; b++)
	{
		const char *colon = strrchr(*b, ':');

		if (colon && (size_t) (colon - *b) == n && strncmp(*b, column, n) == 0)
			return *b;
	}
	return NULL;
}

/* ------------------------------------------------------------------ kinds */

/* numbers in the spelling of another country, or with a unit, are no categories */
static PpdlStatus
refuse_almost_numbers(Learner *l, const char *name, const Column *c)
{
	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": \"%.60s\" looks like a number with a %s",
			   ppdl_csv_name(l->csv),
			   c->odd_line, name, c->odd, c->mark == '%' ? "percent sign" : "decimal comma");
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Write %s; or, if these are codes, name the column in --category.",
						   c->mark == '%' ? "numbers alone (5 for 5%)" :
						   "numbers with a decimal point (0.81 for 0,81)");
}

static int
is_almost_numbers(const Learner *l, const char *name, const Column *c)
{
	return c->almost > 0 && c->almost + c->numbers == c->values && !listed(l->opt->category, name);
}

static PpdlStatus
require_numbers(Learner *l, const char *name, const Column *c)
{
	if (c->odd == NULL)
		return PPDL_OK;
	if (is_almost_numbers(l, name, c))
		return refuse_almost_numbers(l, name, c);
	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": \"%.60s\" is not a %snumber",
			   ppdl_csv_name(l->csv), c->odd_line, name, c->odd, c->odd_infinite ? "finite " : "");
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
						   "Mend the file, leave the column out (--exclude), or take its values as "
						   "categories (--category).");
}

static PpdlStatus
take_categories(PpdlFeature *f, const Column *c, PpdlError *err)
{
	f->category = calloc((size_t) c->ndistinct, sizeof *f->category);
	if (f->category == NULL)
		return no_memory(err);
	f->ncategories = c->ndistinct;
	for (int i = 0; i < c->ndistinct; i++)
		if ((f->category[i] = strdup(c->distinct[i])) == NULL)
			return no_memory(err);
	qsort(f->category, (size_t) f->ncategories, sizeof *f->category, ppdl_compare_categories);
	return PPDL_OK;
}

static PpdlStatus
too_many_categories(Learner *l, const char *name, const Column *c, int limit)
{
	ppdl_error(l->err, PPDL_ERR_FORMAT,
			   "%s: column \"%s\" has %s%d different values, more than the %d categories allowed",
			   ppdl_csv_name(l->csv), name, c->ndistinct > MAX_DISTINCT ? "more than " : "",
			   c->ndistinct > MAX_DISTINCT ? MAX_DISTINCT : c->ndistinct, limit);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Leave it out (--exclude \"%s\"), or raise --max-categories.",
						   name);
}

/* the kind of an input column; *take = 0 when it says nothing */
static PpdlStatus
decide(Learner *l, const char *name, const Column *c, PpdlFeature *f, int *take)
{
	const PpdlLearnOptions *opt = l->opt;
	const char *bands = bands_of(opt, name);
	int			category = listed(opt->category, name);
	int			number = bands || listed(opt->numeric, name);

	*take = 1;
	f->weight = 1;
	f->missing = c->missing > 0;
	if (is_almost_numbers(l, name, c))
		return refuse_almost_numbers(l, name, c);
	if (c->values == 0 || (c->ndistinct == 1 && c->missing == 0 && !bands))
	{
		note(l, "column \"%s\" is left out: %s", name, c->values ? "it has only one value" : "it is empty");
		*take = 0;
		return PPDL_OK;
	}
	if (!category && !number && c->ndistinct > 2)
	{
		if (c->numbers == c->values)
			number = 1;
		else if (2 * c->numbers >= c->values)
			return require_numbers(l, name, c);
	}
	if (number)
		PPDL_TRY(require_numbers(l, name, c));
	if (bands)
	{
		char	   *cuts = strdup(strrchr(bands, ':') + 1);
		PpdlStatus	status = cuts ? parse_cuts(f, c, cuts, bands, l->err) : no_memory(l->err);

		free(cuts);
		f->kind = PPDL_FEATURE_BANDS;
		f->weight = opt->one_hot_weight;
		return status;
	}
	if (number && c->min < c->max)
	{
		f->kind = PPDL_FEATURE_NUMERIC;
		f->min = c->min;
		f->max = c->max;
		return PPDL_OK;
	}
	if (c->ndistinct > opt->max_categories)
		return too_many_categories(l, name, c, opt->max_categories);
	f->kind = c->ndistinct == 2 ? PPDL_FEATURE_BINARY : PPDL_FEATURE_ONE_HOT;
	if (f->kind == PPDL_FEATURE_ONE_HOT)
		f->weight = opt->one_hot_weight;
	return take_categories(f, c, l->err);
}

static PpdlStatus
decide_label(Learner *l, const char *name, const Column *c, PpdlFeature *f)
{
	int			forced = listed(l->opt->numeric, name);

	f->weight = 1;
	if (is_almost_numbers(l, name, c))
		return refuse_almost_numbers(l, name, c);
	if (c->missing)
		note(l, "label \"%s\" is empty in %ld rows: those will have a NULL label", name, c->missing);
	if (c->ndistinct == 0)
		return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\" is empty in every row: there is nothing to learn",
						  ppdl_csv_name(l->csv), name);
	if (c->ndistinct < 2)
		return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\" has only one value: there is nothing to learn",
						  ppdl_csv_name(l->csv), name);
	if (forced)
		PPDL_TRY(require_numbers(l, name, c));
	if (forced || (c->ndistinct > MAX_LABEL_CLASSES && c->numbers == c->values && !listed(l->opt->category, name)))
	{
		f->kind = PPDL_FEATURE_NUMERIC;
		f->min = c->min;
		f->max = c->max;
		return PPDL_OK;
	}
	if (c->ndistinct > l->opt->max_categories)
		return too_many_categories(l, name, c, l->opt->max_categories);
	f->kind = c->ndistinct == 2 ? PPDL_FEATURE_BINARY : PPDL_FEATURE_ONE_HOT;
	return take_categories(f, c, l->err);
}

/* ------------------------------------------------------------------ putting it together */

static PpdlFeature *
new_feature(PpdlFeatures *fs)
{
	PpdlFeature *p = realloc(fs->feature, (size_t) (fs->count + 1) * sizeof *p);

	if (p == NULL)
		return NULL;
	fs->feature = p;
	memset(&p[fs->count], 0, sizeof *p);
	p[fs->count].weight = 1;
	return &p[fs->count++];
}

static PpdlStatus
add_column(Learner *l, int i)
{
	const char *name = ppdl_csv_column(l->csv, i);
	PpdlFeature *f = new_feature(l->fs);
	int			take;

	if (f == NULL || (f->column = strdup(name)) == NULL)
		return no_memory(l->err);
	PPDL_TRY(decide(l, name, &l->column[i], f, &take));
	if (!take)
	{
		free(f->column);
		l->fs->count--;
	}
	return PPDL_OK;
}

static PpdlStatus
add_columns(Learner *l)
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

		if ((opt->id && strcmp(name, opt->id) == 0) || (opt->label && strcmp(name, opt->label) == 0) ||
			listed(opt->exclude, name))
			continue;
		PPDL_TRY(add_column(l, i));
	}
	return PPDL_OK;
}

static PpdlStatus
add_constant_and_padding(Learner *l)
{
	PpdlFeature *f;
	int			target = 1;

	if (l->opt->constant)
	{
		if ((f = new_feature(l->fs)) == NULL)
			return no_memory(l->err);
		f->kind = PPDL_FEATURE_CONSTANT;
	}
	PPDL_TRY(ppdl_features_number(l->fs, l->err));
	while (target < l->fs->inputs)
		target *= 2;
	if (!l->opt->pad || target == l->fs->inputs)
		return PPDL_OK;
	if ((f = new_feature(l->fs)) == NULL)
		return no_memory(l->err);
	f->kind = PPDL_FEATURE_PADDING;
	f->inputs = target - l->fs->inputs;
	return ppdl_features_number(l->fs, l->err);
}

static PpdlStatus
add_label(Learner *l)
{
	int			i;

	if (l->opt->label == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_csv_find(l->csv, l->opt->label, &i, l->err));
	l->fs->label = calloc(1, sizeof *l->fs->label);
	if (l->fs->label == NULL || (l->fs->label->column = strdup(l->opt->label)) == NULL)
		return no_memory(l->err);
	return decide_label(l, l->opt->label, &l->column[i], l->fs->label);
}

/* every name in a list option must be a column */
static PpdlStatus
check_names(Learner *l, char **list, int bands)
{
	int			i;

	for (; list && *list; list++)
	{
		char	   *name = strdup(*list);
		char	   *colon = name && bands ? strrchr(name, ':') : NULL;
		PpdlStatus	status;

		if (name == NULL)
			return no_memory(l->err);
		if (colon)
			*colon = 0;
		status = bands && colon == NULL ? bad_bands(*list, "no colon", l->err) : ppdl_csv_find(l->csv, name, &i,
																							   l->err);
		free(name);
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

static PpdlStatus
check_options(Learner *l)
{
	int			i;

	PPDL_TRY(check_names(l, l->opt->exclude, 0));
	PPDL_TRY(check_names(l, l->opt->columns, 0));
	PPDL_TRY(check_names(l, l->opt->numeric, 0));
	PPDL_TRY(check_names(l, l->opt->category, 0));
	PPDL_TRY(check_names(l, l->opt->bands, 1));
	if (l->opt->id)
		PPDL_TRY(ppdl_csv_find(l->csv, l->opt->id, &i, l->err));
	if (l->opt->label)
		PPDL_TRY(ppdl_csv_find(l->csv, l->opt->label, &i, l->err));
	if (l->opt->id && l->opt->label && strcmp(l->opt->id, l->opt->label) == 0)
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--id and --label name the same column, \"%s\"", l->opt->id);
	if (!(l->opt->one_hot_weight > 0) || !isfinite(l->opt->one_hot_weight))
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--one-hot-weight must be a positive number");
	return PPDL_OK;
}

/* a file without a header would lose its first row to one */
static PpdlStatus
check_header(Learner *l)
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

static PpdlStatus
learn(Learner *l)
{
	PPDL_TRY(check_options(l));
	PPDL_TRY(check_header(l));
	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
		l->column[i].verbatim = listed(l->opt->category, ppdl_csv_column(l->csv, i));
	PPDL_TRY(read_rows(l));
	PPDL_TRY(add_columns(l));
	PPDL_TRY(add_constant_and_padding(l));
	PPDL_TRY(add_label(l));
	return ppdl_features_number(l->fs, l->err);
}

static PpdlStatus
new_features(PpdlFeatures **out, const PpdlCsv *csv, const char *id, PpdlError *err)
{
	PpdlFeatures *fs = calloc(1, sizeof *fs);

	*out = fs;
	if (fs == NULL || (fs->source = strdup(ppdl_csv_name(csv))) == NULL || (id && (fs->id = strdup(id)) == NULL))
		return no_memory(err);
	return PPDL_OK;
}

static void
free_columns(Column *column, int n)
{
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < column[i].ndistinct; j++)
			free(column[i].distinct[j]);
		free(column[i].distinct);
		free(column[i].odd);
	}
	free(column);
}

PpdlStatus
ppdl_features_learn(PpdlFeatures **out, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlWriter *notes, PpdlError *err)
{
	int			n = ppdl_csv_columns(csv);
	Learner		l = {.csv = csv, .opt = opt, .notes = notes, .err = err};
	PpdlStatus	status;

	*out = NULL;
	l.column = calloc((size_t) n, sizeof *l.column);
	if (l.column == NULL)
		return no_memory(err);
	status = new_features(&l.fs, csv, opt->id, err);
	if (status == PPDL_OK)
		status = ppdl_encoding_draw(&l.fs->encoding, err);
	if (status == PPDL_OK)
		status = learn(&l);
	free_columns(l.column, n);
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

		if ((fs->id && strcmp(name, fs->id) == 0) || (label && strcmp(name, label) == 0) || listed(exclude, name))
			continue;
		PPDL_TRY(raw_feature(new_feature(fs), name, err));
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
