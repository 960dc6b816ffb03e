/*
 * Learning a feature encoding: one pass over the file collects what each column
 * holds (columns.c), then a rule a column decides its kind.
 */
#include "table/features_learn.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table/calendar.h"
#include "table/fold.h"

/* values of this part of the rows, at each end, are left out to see what range the others need */
#define FAR 0.01
#define FLAT 0.1				/* they should need this part of the whole range */
#define FEW 8					/* values that say nothing about it */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

void
ppdl_learn_note(PpdlLearner *l, const char *fmt,...)
{
	char		text[1000];
	va_list		ap;

	if (l->notes == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	ppdl_write_bytes(l->notes, text, strlen(text));
	ppdl_write_u8(l->notes, '\n');
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

/* ------------------------------------------------------------------ numbers */

static PpdlStatus
refuse_ambiguous(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	const PpdlReading *plain = &c->reading[0];

	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": the comma in \"%.60s\" may be a decimal comma or stand "
			   "between thousands", ppdl_csv_name(l->csv), plain->odd_line, name, plain->first_odd);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
						   "Give --decimal , or --thousands ,; or, if these are codes, name the "
						   "column in --category.");
}

static PpdlStatus
refuse_percents(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: column \"%s\": %ld of %ld numbers have a percent sign, the others none",
			   ppdl_csv_name(l->csv), name, c->as->percents, c->as->numbers);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Write all in one way; or, if these are codes, name the column in "
						   "--category.");
}

/* numbers with marks between thousands, where these were not expected; and what to type */
static const char *
grouped(const char *s)
{
	static const PpdlNumerals form[] = {{',', '.', 0}, {'.', ',', 0}, {'.', '\'', 0}};
	static const char *const option[] = {"--decimal , --thousands .", "--thousands ,", "--thousands \"'\""};
	double		v;

	for (size_t i = 0; i < sizeof form / sizeof *form; i++)
		if (strchr(s, form[i].thousands) && ppdl_numeral_parse(&form[i], s, &v) == 1)
			return option[i];
	return NULL;
}

/* the words as --na takes them */
static void
list_words(const PpdlTallies *t, char *out, size_t size)
{
	size_t		n = 0;

	out[0] = 0;
	for (int i = 0; i < t->count && n + strlen(t->item[i].text) + 4 < size; i++)
		n += (size_t) snprintf(out + n, size - n, strchr(t->item[i].text, ',') ? "%s\"%s\"" : "%s%s", i ? "," : "",
							   t->item[i].text);
}

static PpdlStatus
refuse_words(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	const PpdlReading *r = c->as;
	char		list[sizeof l->err->detail - 60],
				words[120];
	const char *what = c->how->date != PPDL_DATE_NONE ? "day" : "number";

	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": \"%.60s\" is not a %s%s",
			   ppdl_csv_name(l->csv), r->odd_line, name, r->first_odd, r->infinite ? "finite " : "", what);
	ppdl_tallies_print(&r->odd, list, sizeof list);
	ppdl_error_detail(l->err, PPDL_ERR_FORMAT, "%ld of %ld values are %ss; not: %s", r->numbers, c->values, what, list);
	list_words(&r->odd, words, sizeof words);
	if (c->how->date == PPDL_DATE_NONE && grouped(r->first_odd))
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "If it is a number with marks between thousands, give %s.",
							   grouped(r->first_odd));
	if (c->how->date != PPDL_DATE_NONE)
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Days are written 2026-01-31 or 31.1.2026; other forms need "
							   "--date-format. If these mean missing values, give --na '%s'.", words);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "If these mean missing values, give --na '%s'; or leave the column "
						   "out (--exclude), or take its values as categories (--category).", words);
}

/* an error unless every value is a number */
PpdlStatus
ppdl_learn_numbers_only(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	if (c->numeric)
		return PPDL_OK;
	if (c->ambiguous)
		return refuse_ambiguous(l, name, c);
	if (c->as->first_odd == NULL && c->as->percents > 0)
		return refuse_percents(l, name, c);
	if (c->as->first_odd)
		return refuse_words(l, name, c);
	return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: column \"%s\" has no numbers", ppdl_csv_name(l->csv), name);
}

static void
print_roughly(const PpdlFeature *how, double v, char *out, size_t size)
{
	if (how->date == PPDL_DATE_DAY)
		ppdl_feature_print(how, v, out, size);
	else
		snprintf(out, size, "%.4g", v);
}

/* a few values far from all others leave these next to nothing of [-1, 1] */
static void
say_flat(PpdlLearner *l, const char *name, PpdlColumn *c)
{
	const PpdlReading *r = c->as;
	double		skip = fmax(FAR, 1.0 / (double) (r->kept > 1 ? r->kept - 1 : 1)),
				lo,
				hi;
	char		text[4][40];

	if (r->kept < FEW)
		return;
	lo = ppdl_column_quantile(c, skip);
	hi = ppdl_column_quantile(c, 1 - skip);
	if (!(hi > lo) || !(hi / 2 - lo / 2 < FLAT * (r->max / 2 - r->min / 2)))
		return;
	ppdl_feature_print(c->how, r->min, text[0], sizeof text[0]);
	ppdl_feature_print(c->how, r->max, text[1], sizeof text[1]);
	print_roughly(c->how, lo, text[2], sizeof text[2]);
	print_roughly(c->how, hi, text[3], sizeof text[3]);
	ppdl_learn_note(l,
					"column \"%s\" goes from %s to %s, but nearly all values lie within %s to %s and become almost the "
					"same number; if the others are mistakes: --range \"%s:LO..HI\" or "
					"--quantile-range \"%s:0.01..0.99\", with --outside=clamp or null%s%s%s", name, text[0], text[1], text[2], text[3], name, name,
					r->min >= 0 ? "; if not: --log \"" : "", r->min >= 0 ? name : "", r->min >= 0 ? "\"" : "");
}

static PpdlStatus
take_range(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	double		lo,
				hi;
	const char *spec = NULL;

	f->min = c->as->min;
	f->max = c->as->max;
	if (c->lo < c->hi)
	{
		f->min = c->lo;
		f->max = c->hi;
		if (c->as->outside == 0)
			return PPDL_OK;
		if (l->fs->outside != PPDL_OUTSIDE_ERROR)
		{
			ppdl_learn_note(l, "column \"%s\": %ld of %ld values lie outside of --range", name, c->as->outside,
							c->values);
			return PPDL_OK;
		}
		ppdl_error(l->err, PPDL_ERR_FORMAT,
				   "%s:%ld: column \"%s\": \"%.60s\" lies outside of --range, as %ld of %ld values "
				   "do", ppdl_csv_name(l->csv), c->as->outside_line, name, c->as->first_outside, c->as->outside,
				   c->values);
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
							   "Widen it, or give --outside=clamp to take the nearer bound, or "
							   "--outside=null to take such values for missing.");
	}
	if (!c->exact)
		return PPDL_OK;
	spec = ppdl_learn_spec(l->opt->quantile_range, name);
	for (char **q = l->opt->quantile_range; spec == NULL && q && *q; q++)
		if (ppdl_learn_interval(*q, &lo, &hi))
			spec = *q;
	if (spec == NULL || !ppdl_learn_interval(spec, &lo, &hi))
		return PPDL_OK;
	lo = ppdl_column_quantile(c, lo);
	hi = ppdl_column_quantile(c, hi);
	if (lo < hi)
	{
		f->min = lo;
		f->max = hi;
		return PPDL_OK;
	}
	ppdl_learn_note(l, "column \"%s\": --quantile-range holds one value only, and is not used", name);
	return PPDL_OK;
}

static PpdlStatus
take_scale(PpdlLearner *l, const char *name, PpdlFeature *f)
{
	if (!ppdl_listed(l->opt->log, name))
		return PPDL_OK;
	f->scale = f->min > 0 ? PPDL_SCALE_LOG : PPDL_SCALE_LOG1P;
	if (f->min >= 0 && ppdl_feature_encode(f, f->min) < 1)
		return PPDL_OK;
	ppdl_error(l->err, PPDL_ERR_FORMAT,
			   "%s: column \"%s\": --log needs numbers that are not negative, and not all equal",
			   ppdl_csv_name(l->csv), name);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
						   "Give a range that leaves negative ones out: --range \"%s:1..1000\" "
						   "--outside=null, for example.", name);
}

static PpdlStatus
take_form(PpdlColumn *c, PpdlFeature *f, PpdlError *err)
{
	f->date = c->how->date;
	if (f->date == PPDL_DATE_NONE)
		f->numerals = c->as->numerals;
	f->numerals.percent = c->numeric && c->as->percents > 0;
	f->at = c->how->at;
	if (c->how->date_format && (f->date_format = strdup(c->how->date_format)) == NULL)
		return no_memory(err);
	return PPDL_OK;
}

PpdlStatus
ppdl_learn_numeric(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	f->kind = PPDL_FEATURE_NUMERIC;
	PPDL_TRY(take_form(c, f, l->err));
	PPDL_TRY(take_range(l, name, c, f));
	PPDL_TRY(take_scale(l, name, f));
	/* numbers outside are missing values */
	if (l->fs->outside == PPDL_OUTSIDE_NULL && f != l->fs->label && (c->lo < c->hi || c->exact))
		f->missing = 1;
	if (c->lo >= c->hi && !c->exact && f->scale == PPDL_SCALE_LINEAR)
		say_flat(l, name, c);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ categories */

static PpdlStatus
too_many_categories(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	ppdl_error(l->err, PPDL_ERR_FORMAT,
			   "%s: column \"%s\" has %s%d different values, more than the %d categories allowed",
			   ppdl_csv_name(l->csv), name, c->category.over ? "more than " : "", c->category.count,
			   l->opt->max_categories);
	if (2 * c->days >= c->values)
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "They look like dates: --date \"%s\" takes them as days, "
							   "--date \"%s:age@2026-01-31\" as years up to a day; or leave it out (--exclude \"%s\").",
							   name, name, name);
	if (2 * c->zeros >= c->values)
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
							   "Leave it out (--exclude \"%s\"); --numeric \"%s\" if numbers with "
							   "leading zeros are no codes.", name, name);
	return ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Leave it out (--exclude \"%s\"), or raise --max-categories.",
						   name);
}

static void
say_variants(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	char		list[400];

	if (c->variants.count == 0)
		return;
	ppdl_tallies_print(&c->variants, list, sizeof list);
	ppdl_learn_note(l, "column \"%s\": %s differ from other values in case or blanks only, and are taken for the same; "
					"--category \"%s\" keeps them apart", name, list, name);
}

/* by common words; numbers by value */
static void
order_two(PpdlFeature *f)
{
	char	   *name = f->category[0];
	long		rows = f->rows[0];
	double		v;

	if (ppdl_parse_number(f->category[0], &v) == 1 && ppdl_parse_number(f->category[1], &v) == 1)
		return;
	if (ppdl_positive_word(f->category[0], f->category[1]) >= 0)
		return;
	f->category[0] = f->category[1];
	f->category[1] = name;
	f->rows[0] = f->rows[1];
	f->rows[1] = rows;
}

PpdlStatus
ppdl_learn_categories(PpdlLearner *l, const char *name, const PpdlColumn *c, PpdlFeature *f)
{
	const int	n = c->category.count;

	if (c->category.over || n > l->opt->max_categories)
		return too_many_categories(l, name, c);
	f->kind = n == 2 ? PPDL_FEATURE_BINARY : PPDL_FEATURE_ONE_HOT;
	if (c->numeric || (c->as->numbers > 0 && c->zeros == 0 && !c->verbatim))
		f->numerals = c->as->numerals;
	f->numerals.percent = c->numeric && c->as->percents > 0;
	f->category = calloc((size_t) n, sizeof *f->category);
	f->rows = calloc((size_t) n, sizeof *f->rows);
	if (f->category == NULL || f->rows == NULL)
		return no_memory(l->err);
	for (f->ncategories = 0; f->ncategories < n; f->ncategories++)
	{
		f->rows[f->ncategories] = c->category.item[f->ncategories].rows;
		if ((f->category[f->ncategories] = strdup(c->category.item[f->ncategories].text)) == NULL)
			return no_memory(l->err);
	}
	if (n == 2)
		order_two(f);
	say_variants(l, name, c);
	if (c->zeros > 0 && c->as->numbers == c->values && !c->verbatim)
		ppdl_learn_note(l,
						"column \"%s\" has numbers with leading zeros, which are taken for codes; --numeric \"%s\" if "
						"they are none", name, name);
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
		return refuse_ambiguous(l, name, c);
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
		PPDL_TRY(take_form(c, f, l->err));
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
add_column(PpdlLearner *l, int i)
{
	const char *name = ppdl_csv_column(l->csv, i);
	PpdlFeature *f;

	if (leave_out(l, name, &l->column[i]))
		return PPDL_OK;
	f = new_feature(l->fs);
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
		if ((f = new_feature(l->fs)) == NULL)
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
	if ((f = new_feature(l->fs)) == NULL)
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
	size_t		n = 0;

	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
	{
		const PpdlColumn *c = &l->column[i];

		if (!c->used || !c->numeric || !c->guess || c->as->numerals.decimal != ',' || n + 80 > sizeof list)
			continue;
		n += (size_t) snprintf(list + n, sizeof list - n, "%s\"%.60s\"", n ? ", " : "", ppdl_csv_column(l->csv, i));
	}
	if (n > 0)
		ppdl_learn_note(l, "numbers with decimal commas in %s%s: \"0,81\" is read as 0.81 (as with --decimal ,)", list,
						n + 80 > sizeof list ? ", ..." : "");
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
