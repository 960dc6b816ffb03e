/* Learning a column that is an input or the label: as numbers, or as categories; and what is said about it. */
#include "table/features_learn.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
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

PpdlFeature *
ppdl_learn_feature(PpdlFeatures *fs)
{
	PpdlFeature *p = realloc(fs->feature, (size_t) (fs->count + 1) * sizeof *p);

	if (p == NULL)
		return NULL;
	fs->feature = p;
	memset(&p[fs->count], 0, sizeof *p);
	p[fs->count].weight = 1;
	return &p[fs->count++];
}

/* ------------------------------------------------------------------ numbers */

static PpdlStatus
refuse_ambiguous(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	const PpdlReading *plain = &c->reading[0];

	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": the comma in \"%.*s\" may be a decimal comma or stand "
			   "between thousands", ppdl_csv_name(l->csv), plain->odd_line, name, PPDL_CUT(plain->first_odd, 60));
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

	ppdl_error(l->err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": \"%.*s\" is not a %s%s",
			   ppdl_csv_name(l->csv), r->odd_line, name,
			   PPDL_CUT(r->first_odd, 60), r->infinite ? "finite " : "", what);
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
					"--quantile-range \"%s:0.01..0.99\", with --outside=clamp or null%s%s%s", name,
					text[0], text[1], text[2], text[3], name, name,
					r->min >= 0 ? "; if not: --log \"" : "", r->min >= 0 ? name : "", r->min >= 0 ? "\"" : "");
}

static PpdlStatus
take_range(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	double		lo,
				hi;

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
				   "%s:%ld: column \"%s\": \"%.*s\" lies outside of --range, as %ld of %ld values "
				   "do", ppdl_csv_name(l->csv), c->as->outside_line, name,
				   PPDL_CUT(c->as->first_outside, 60), c->as->outside,
				   c->values);
		return ppdl_error_hint(l->err, PPDL_ERR_FORMAT,
							   "Widen it, or give --outside=clamp to take the nearer bound, or "
							   "--outside=null to take such values for missing.");
	}
	if (!ppdl_learn_quantiles(l->opt, name, &lo, &hi))
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

PpdlStatus
ppdl_learn_form(PpdlColumn *c, PpdlFeature *f, PpdlError *err)
{
	f->date = c->how->date;
	if (f->date == PPDL_DATE_NONE)
		f->numerals = c->as->numerals;
	f->numerals.percent = c->numeric && c->as->percents > 0;
	f->at = c->how->at;
	if (f->date != PPDL_DATE_AGE && c->as->numbers > 0 && c->as->decimals < PPDL_MANY_DECIMALS)
		f->step = 1 / pow(10, c->as->decimals);
	if (c->how->date_format && (f->date_format = strdup(c->how->date_format)) == NULL)
		return no_memory(err);
	return PPDL_OK;
}

PpdlStatus
ppdl_learn_numeric(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	f->kind = PPDL_FEATURE_NUMERIC;
	PPDL_TRY(ppdl_learn_form(c, f, l->err));
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

void
ppdl_learn_swap(PpdlFeature *f)
{
	char	   *name = f->category[0];
	long		rows = f->rows[0];

	f->category[0] = f->category[1];
	f->category[1] = name;
	f->rows[0] = f->rows[1];
	f->rows[1] = rows;
}

/* by common words; numbers by value */
static void
order_two(PpdlFeature *f)
{
	double		v;

	if (ppdl_parse_number(f->category[0], &v) == 1 && ppdl_parse_number(f->category[1], &v) == 1)
		return;
	if (ppdl_positive_word(f->category[0], f->category[1]) < 0)
		ppdl_learn_swap(f);
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
