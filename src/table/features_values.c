/* Single values: from a field to a number or a class, from a number to [-1, 1] and back. */
#include <math.h>
#include <string.h>

#include "table/calendar.h"
#include "table/features.h"
#include "table/fold.h"

const char *
ppdl_feature_renamed(const PpdlFeature *f, const char *s)
{
	double		v,
				w;

	for (int i = 0; i < f->naliases; i++)
		if (strcmp(f->alias[i].from, s) == 0)
			return f->alias[i].to;
	for (int i = 0; i < f->naliases; i++)
		if (ppdl_fold_compare(f->alias[i].from, s) == 0 ||
			(ppdl_numeral_parse(&f->numerals, s, &v) == 1 && ppdl_numeral_parse(&f->numerals, f->alias[i].from,
																				&w) == 1 &&
			 v == w && !ppdl_leading_zero(s)))
			return f->alias[i].to;
	return s;
}

/* numbers, in bands or as categories, too */
static int
holds_numbers(const PpdlFeature *f)
{
	double		v;

	for (int i = 0; i < f->ncategories; i++)
		if (!ppdl_parse_category_number(f->category[i], &v))
			return 0;
	return 1;
}

int
ppdl_feature_missing(const PpdlFeatures *fs, const PpdlFeature *f, const char *s)
{
	if (f->naliases > 0 && (s = ppdl_feature_renamed(f, s)) == NULL)
		return 1;
	if (s[0] == 0)
		return 1;
	if (fs->na == NULL && fs->na_numbers == NULL)
		return 0;
	/* a category that is called so is one */
	for (int i = 0; i < f->ncategories; i++)
		if (strcmp(f->category[i], s) == 0)
			return 0;
	return ppdl_blank(s) || ppdl_word_listed(fs->na, s) || (ppdl_word_listed(fs->na_numbers, s) && holds_numbers(f));
}

int
ppdl_feature_number(const PpdlFeature *f, const char *s, double *v)
{
	long		day;

	if (f->naliases > 0 && (s = ppdl_feature_renamed(f, s)) == NULL)
		return 0;
	if (f->date == PPDL_DATE_NONE)
		return ppdl_numeral_parse(&f->numerals, s, v);
	if (!ppdl_day_parse(f->date_format, s, &day))
		return 0;
	*v = f->date == PPDL_DATE_AGE ? ppdl_age(day, f->at) : (double) (f->date == PPDL_DATE_SINCE ? day - f->at : day);
	return 1;
}

double
ppdl_feature_scaled(const PpdlFeature *f, double v)
{
	return f->scale == PPDL_SCALE_LOG ? log(v) : f->scale == PPDL_SCALE_LOG1P ? log1p(v) : v;
}

double
ppdl_feature_middle(const PpdlFeature *f)
{
	return ppdl_feature_scaled(f, f->min) / 2 + ppdl_feature_scaled(f, f->max) / 2;
}

double
ppdl_feature_half(const PpdlFeature *f)
{
	return ppdl_feature_scaled(f, f->max) / 2 - ppdl_feature_scaled(f, f->min) / 2;
}

double
ppdl_feature_encode(const PpdlFeature *f, double v)
{
	const double lo = ppdl_feature_scaled(f, f->min),
				hi = ppdl_feature_scaled(f, f->max);
	double		x;

	if (f->scale == PPDL_SCALE_LINEAR && f->min == -1 && f->max == 1)
		return v;				/* exactly */
	if (v >= f->max)
		return 1;
	v = ppdl_feature_scaled(f, v);
	/* halves: the range of two numbers may be larger than any */
	x = isfinite(hi - lo) ? 2 * ((v - lo) / (hi - lo)) - 1 : 2 * ((v / 2 - lo / 2) / (hi / 2 - lo / 2)) - 1;
	return x > 1 ? 1 : x < -1 ? -1 : x;
}

double
ppdl_feature_decode(const PpdlFeature *f, double x)
{
	const double lo = ppdl_feature_scaled(f, f->min),
				hi = ppdl_feature_scaled(f, f->max),
				v = lo == -1 && hi == 1 ? x : lo * ((1 - x) / 2) + hi * ((1 + x) / 2);

	return f->scale == PPDL_SCALE_LOG ? exp(v) : f->scale == PPDL_SCALE_LOG1P ? expm1(v) : v;
}

void
ppdl_feature_print(const PpdlFeature *f, double v, char *out, size_t size)
{
	char		text[32];

	if (f->date == PPDL_DATE_DAY && fabs(v) < 4e6)
		ppdl_day_print(text, lround(v));
	else
		ppdl_print_number(text, v);
	snprintf(out, size, f->numerals.percent ? "%s %%" : "%s", text);
}

void
ppdl_feature_unit(const PpdlFeature *f, char out[PPDL_FEATURE_UNIT])
{
	char		day[16];

	ppdl_day_print(day, f->date == PPDL_DATE_SINCE || f->date == PPDL_DATE_AGE ? f->at : 0);
	if (f->date == PPDL_DATE_NONE)
		out[0] = 0;
	else
		snprintf(out, PPDL_FEATURE_UNIT, f->date == PPDL_DATE_AGE ? " (years on %s)" : " (days since %s)", day);
}

/* the one category that is equal but for how it is written, unless two are */
static int
similar(const PpdlFeature *f, const char *s)
{
	double		v,
				w;
	int			number = !ppdl_leading_zero(s) && ppdl_numeral_parse(&f->numerals, s, &v) == 1,
				found = PPDL_CLASS_UNKNOWN;

	for (int i = 0; i < f->ncategories; i++)
		if (number ? ppdl_parse_category_number(f->category[i], &w) && v == w
			: ppdl_fold_compare(f->category[i], s) == 0)
		{
			if (found >= 0)
				return PPDL_CLASS_UNKNOWN;
			found = i;
		}
	return found;
}

int
ppdl_feature_class(const PpdlFeatures *fs, const PpdlFeature *f, const char *s)
{
	if (ppdl_feature_missing(fs, f, s))
		return PPDL_CLASS_MISSING;
	s = ppdl_feature_renamed(f, s);
	for (int i = 0; i < f->ncategories; i++)
		if (strcmp(f->category[i], s) == 0)
			return i;
	return similar(f, s);
}
