/* --thermometer and --moments: values that are made of a column's. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/calendar.h"
#include "table/features_learn.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlFeature *
find_feature(const PpdlFeatures *fs, const char *column)
{
	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].column && strcmp(fs->feature[i].column, column) == 0)
			return &fs->feature[i];
	return NULL;
}

/* ------------------------------------------------------------------ thresholds */

typedef struct Spec
{
	const char *column,
			   *text;
	PpdlError  *err;
} Spec;

static PpdlStatus
bad_thermometer(const Spec *spec, const char *what)
{
	ppdl_error(spec->err, PPDL_ERR_ARGUMENT, "--thermometer %.*s%s%.*s: %s",
			   PPDL_CUT(spec->column, 60), spec->text[0] ? ":" : "",
			   PPDL_CUT(spec->text, 100), what);
	return ppdl_error_hint(spec->err, PPDL_ERR_ARGUMENT, "Write COLUMN:THRESHOLD,THRESHOLD,... in the units of the "
						   "file; for example Age:40,50,60.");
}

static PpdlStatus
check_threshold(const PpdlFeature *base, double v, const Spec *spec)
{
	char		lo[40],
				hi[40],
				cut[40],
				what[200];

	if (base->kind != PPDL_FEATURE_NUMERIC || (v > base->min && v <= base->max))
		return PPDL_OK;
	ppdl_feature_print(base, v, cut, sizeof cut);
	ppdl_feature_print(base, base->min, lo, sizeof lo);
	ppdl_feature_print(base, base->max, hi, sizeof hi);
	snprintf(what, sizeof what, "\"at least %s\" would be the same in all rows, whose numbers lie in %s .. %s", cut, lo,
			 hi);
	return bad_thermometer(spec, what);
}

static PpdlStatus
read_threshold(const PpdlFeature *base, const char *s, double *v, const Spec *spec)
{
	long		day;

	if (base->date == PPDL_DATE_DAY && ppdl_day_parse(NULL, s, &day))
		*v = (double) day;
	else if (ppdl_parse_number(s, v) != 1)
		return bad_thermometer(spec, base->date == PPDL_DATE_DAY ? "a threshold is no day" :
							   "a threshold is no number");
	return check_threshold(base, *v, spec);
}

/* text is overwritten; f->cut has room for all of it */
static PpdlStatus
read_thresholds(PpdlFeature *f, const PpdlFeature *base, char *text, const Spec *spec)
{
	char	   *save = NULL;

	for (char *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save))
	{
		double		v;

		PPDL_TRY(read_threshold(base, s, &v, spec));
		if (f->ncuts > 0 && v <= f->cut[f->ncuts - 1])
			return bad_thermometer(spec, "thresholds must increase");
		f->cut[f->ncuts++] = v;
	}
	return f->ncuts > 0 ? PPDL_OK : bad_thermometer(spec, "which thresholds?");
}

static PpdlStatus
add_thermometer(PpdlLearner *l, const char *column, const char *thresholds)
{
	const Spec	spec = {column, thresholds, l->err};
	PpdlFeature *f = ppdl_learn_feature(l->fs),
			   *base = find_feature(l->fs, column);	/* new ones move the others */
	char	   *text = strdup(thresholds);
	PpdlStatus	status;

	if (f == NULL || text == NULL || (f->column = strdup(column)) == NULL ||
		(f->cut = malloc((strlen(thresholds) + 1) * sizeof *f->cut)) == NULL)
	{
		free(text);
		return no_memory(l->err);
	}
	f->kind = PPDL_FEATURE_AT_LEAST;
	if (base == NULL)
		status = bad_thermometer(&spec, "this column is no input");
	else if (base->kind != PPDL_FEATURE_NUMERIC && base->kind != PPDL_FEATURE_BANDS)
		status = bad_thermometer(&spec, "this column holds categories");
	else
		status = read_thresholds(f, base, text, &spec);
	free(text);
	return status;
}

PpdlStatus
ppdl_learn_thermometers(PpdlLearner *l)
{
	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
	{
		const char *column = ppdl_csv_column(l->csv, i),
				   *spec = ppdl_learn_spec(l->opt->thermometer, column);

		if (spec)
			PPDL_TRY(add_thermometer(l, column, spec));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ products */

static int
is_multiplied(const PpdlLearner *l, const PpdlFeature *f)
{
	if (f->column == NULL || f->kind == PPDL_FEATURE_AT_LEAST)
		return 0;
	return l->opt->moments_of && l->opt->moments_of[0] ? ppdl_listed(l->opt->moments_of, f->column) :
		f->kind == PPDL_FEATURE_NUMERIC;
}

static PpdlStatus
check_moments(PpdlLearner *l)
{
	for (char **c = l->opt->moments_of; c && *c; c++)
		if (find_feature(l->fs, *c) == NULL)
			return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--moments: column \"%.*s\" is no input", PPDL_CUT(*c, 60));
	return PPDL_OK;
}

PpdlStatus
ppdl_learn_moments(PpdlLearner *l)
{
	PpdlFeatures *fs = l->fs;
	const int	count = fs->count;
	char	  **columns;
	PpdlFeature *f;
	int			n = 0;

	if (!l->opt->moments)
		return PPDL_OK;
	PPDL_TRY(check_moments(l));
	f = ppdl_learn_feature(fs);
	columns = calloc((size_t) count + 1, sizeof *columns);
	if (f == NULL || columns == NULL)
	{
		free(columns);
		return no_memory(l->err);
	}
	for (int i = 0; i < count; i++)
		if (is_multiplied(l, &fs->feature[i]))
			columns[n++] = fs->feature[i].column;
	f->kind = PPDL_FEATURE_PRODUCTS;
	f->factors = ppdl_copy_words(columns);
	free(columns);
	if (f->factors == NULL)
		return no_memory(l->err);
	if (n > 0)
		return PPDL_OK;
	ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--moments: there is no column of numbers");
	return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "Name columns, which may hold categories: --moments=COL,COL,...");
}
