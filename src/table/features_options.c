/* What was asked for about single columns, made ready before the rows are read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/calendar.h"
#include "table/features_learn.h"
#include "table/fold.h"

int
ppdl_listed(char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return 1;
	return 0;
}

const char *
ppdl_learn_spec(char *const *list, const char *column)
{
	size_t		n = strlen(column);

	for (char *const *e = list; e && *e; e++)
		if (strcmp(*e, column) == 0)
			return "";
	for (; list && *list; list++)
		if (strncmp(*list, column, n) == 0 && (*list)[n] == ':')
			return *list + n + 1;
	return NULL;
}

int
ppdl_learn_interval(const char *spec, double *lo, double *hi)
{
	const char *dots = strstr(spec, "..");
	char		low[64];

	if (dots == NULL || (size_t) (dots - spec) >= sizeof low)
		return 0;
	memcpy(low, spec, (size_t) (dots - spec));
	low[dots - spec] = 0;
	return ppdl_parse_number(low, lo) == 1 && ppdl_parse_number(dots + 2, hi) == 1 && *lo < *hi;
}

/* ------------------------------------------------------------------ checks */

/* of what is said of a column twice only the first would count: the same words may stand there again */
static PpdlStatus
check_twice(PpdlLearner *l, char **list, const char *option)
{
	for (int i = 0; i < ppdl_csv_columns(l->csv) && list; i++)
	{
		const char *name = ppdl_csv_column(l->csv, i),
				   *first = ppdl_learn_spec(list, name);

		for (char **one = list; *one && first; one++)
		{
			const char *spec = ppdl_learn_spec((char *[]) {*one, NULL}, name);

			if (spec == NULL || strcmp(spec, first) == 0)
				continue;
			ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s %s: column \"%s\" has another %s already", option, *one, name,
					   option);
			return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "Give it once, with all that is wanted.");
		}
	}
	return PPDL_OK;
}

/* every entry of a list names a column, alone or before a colon */
static PpdlStatus
check_names(PpdlLearner *l, char **list, const char *option, int colon)
{
	int			i;

	for (; list && *list; list++)
	{
		int			known = 0;

		for (i = 0; i < ppdl_csv_columns(l->csv) && !known; i++)
		{
			char	   *one[] = {*list, NULL};
			const char *spec = ppdl_learn_spec(one, ppdl_csv_column(l->csv, i));

			known = spec && (colon || spec[0] == 0);
		}
		if (!known)
		{
			char	   *name = strdup(*list);
			char	   *end = name && colon ? strchr(name, ':') : NULL;
			PpdlStatus	status;

			if (name == NULL)
				return ppdl_error(l->err, PPDL_ERR_NOMEM, "out of memory");
			if (end)
				*end = 0;
			status = ppdl_csv_find(l->csv, name, &i, l->err);
			free(name);
			if (status == PPDL_OK)
				status = ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s %s: what follows the column is not clear", option,
									*list);
			return status;
		}
	}
	return PPDL_OK;
}

/* --quantile-range LO..HI without a column goes for all */
static int
for_all(const char *spec)
{
	double		lo,
				hi;

	return ppdl_learn_interval(spec, &lo, &hi);
}

static PpdlStatus
check_quantiles(PpdlLearner *l)
{
	for (char **q = l->opt->quantile_range; q && *q; q++)
	{
		char	   *one[] = {*q, NULL};

		if (!for_all(*q))
			PPDL_TRY(check_names(l, one, "--quantile-range", 1));
	}
	return PPDL_OK;
}

static PpdlStatus
check_marks(const PpdlLearnOptions *opt, PpdlError *err)
{
	char		decimal = opt->decimal ? opt->decimal : '.';

	if (strchr(".,", decimal) == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--decimal: \"%c\" is neither a point nor a comma", decimal);
	if (opt->thousands == 0)
		return PPDL_OK;
	if (strchr(".,' _", opt->thousands) == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--thousands: \"%c\" is none of . , ' _ and space", opt->thousands);
	if (opt->thousands != decimal)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--thousands %c: that is the decimal mark", opt->thousands);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give --decimal, too: --decimal , --thousands .");
}

/* what goes into the feature file, which is UTF-8 as fields are */
static PpdlStatus
check_texts(PpdlLearner *l, char *const *list, const char *option)
{
	for (; list && *list; list++)
		if (!ppdl_utf8_valid(*list, strlen(*list)))
			return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s: \"%s\" is not UTF-8", option, *list);
	return PPDL_OK;
}

static PpdlStatus
check_options(PpdlLearner *l)
{
	const PpdlLearnOptions *opt = l->opt;
	const struct
	{
		char	  **list;
		const char *option;
	}			spec[] = {{opt->bands, "--bands"}, {opt->thermometer, "--thermometer"}, {opt->dates, "--date"},
						  {opt->range, "--range"}};
	int			i;

	PPDL_TRY(check_names(l, opt->exclude, "--exclude", 0));
	PPDL_TRY(check_names(l, opt->columns, "--columns", 0));
	PPDL_TRY(check_names(l, opt->numeric, "--numeric", 0));
	PPDL_TRY(check_names(l, opt->category, "--category", 0));
	PPDL_TRY(check_names(l, opt->log, "--log", 0));
	PPDL_TRY(check_names(l, opt->moments_of, "--moments", 0));
	for (size_t k = 0; k < sizeof spec / sizeof *spec; k++)
	{
		PPDL_TRY(check_names(l, spec[k].list, spec[k].option, 1));
		PPDL_TRY(check_twice(l, spec[k].list, spec[k].option));
	}
	PPDL_TRY(check_texts(l, opt->na, "--na"));
	PPDL_TRY(check_texts(l, opt->label_map, "--label-map"));
	PPDL_TRY(check_texts(l, (char *[]) {(char *) opt->date_format, NULL}, "--date-format"));
	PPDL_TRY(check_quantiles(l));
	PPDL_TRY(check_marks(opt, l->err));
	if (opt->id)
		PPDL_TRY(ppdl_csv_find(l->csv, opt->id, &i, l->err));
	if (opt->label)
		PPDL_TRY(ppdl_csv_find(l->csv, opt->label, &i, l->err));
	if (opt->id && opt->label && strcmp(opt->id, opt->label) == 0)
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--id and --label name the same column, \"%s\"", opt->id);
	if (opt->label == NULL && (opt->positive || (opt->label_map && opt->label_map[0])))
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s without --label", opt->positive ? "--positive" :
						  "--label-map");
	if (opt->date_format && (opt->dates == NULL || opt->dates[0] == NULL))
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--date-format without --date");
	if (opt->outside == PPDL_OUTSIDE_ERROR && opt->quantile_range && opt->quantile_range[0])
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--quantile-range leaves values outside: --outside=clamp or null");
	if (opt->whiten && (opt->moments || (opt->thermometer && opt->thermometer[0])))
	{
		ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s does not go with --whiten, which would mix %s with other values",
				   opt->moments ? "--moments" : "--thermometer", opt->moments ? "products" : "bits");
		return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "Encode twice, into two encrypted columns: one for "
							   "statistics, one for training.");
	}
	if (!(opt->one_hot_weight > 0) || !isfinite(opt->one_hot_weight))
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--one-hot-weight must be a positive number");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ dates, ranges, marks */

static PpdlStatus
read_date(PpdlLearner *l, const char *name, const char *spec, PpdlFeature *how)
{
	const char *at = strchr(spec, '@');

	how->date = spec[0] == 0 ? PPDL_DATE_DAY : strncmp(spec, "age@", 4) == 0 ? PPDL_DATE_AGE :
		strncmp(spec, "since@", 6) == 0 ? PPDL_DATE_SINCE : PPDL_DATE_NONE;
	if (how->date == PPDL_DATE_NONE || (at && !ppdl_day_parse(NULL, at + 1, &how->at)))
	{
		ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--date %s:%s: \"%s\" is not clear", name, spec, at ? at + 1 : spec);
		return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "Write COLUMN for the day itself, COLUMN:age@2026-01-31 for "
							   "years up to a day, COLUMN:since@2020-01-01 for days from it.");
	}
	if (l->opt->date_format == NULL)
		return PPDL_OK;
	if (strchr(l->opt->date_format, '%') == NULL || strlen(l->opt->date_format) > 60)
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--date-format: \"%.*s\" is no format: %%d.%%m.%%Y, for example",
						  PPDL_CUT(l->opt->date_format, 60));
	how->date_format = strdup(l->opt->date_format);
	return how->date_format ? PPDL_OK : ppdl_error(l->err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
read_range(PpdlLearner *l, const char *name, const char *spec, const PpdlFeature *how, PpdlColumn *c)
{
	const char *dots = strstr(spec, "..");
	long		lo,
				hi;
	char		first[40];

	if (how->date == PPDL_DATE_DAY && dots && (size_t) (dots - spec) < sizeof first)
	{
		memcpy(first, spec, (size_t) (dots - spec));
		first[dots - spec] = 0;
		if (ppdl_day_parse(NULL, first, &lo) && ppdl_day_parse(NULL, dots + 2, &hi) && lo < hi)
		{
			c->lo = (double) lo;
			c->hi = (double) hi;
			return PPDL_OK;
		}
	}
	if (ppdl_learn_interval(spec, &c->lo, &c->hi))
		return PPDL_OK;
	ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--range %s:%s: two numbers are expected, the lesser first", name, spec);
	return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "For example --range Age:0..110.");
}

/* --quantile-range of a column: its own, or that for all */
static const char *
quantiles_of(const PpdlLearnOptions *opt, const char *name)
{
	const char *spec = ppdl_learn_spec(opt->quantile_range, name);

	for (char **q = opt->quantile_range; spec == NULL && q && *q; q++)
		if (for_all(*q))
			spec = *q;
	return spec;
}

int
ppdl_learn_quantiles(const PpdlLearnOptions *opt, const char *name, double *lo, double *hi)
{
	const char *spec = quantiles_of(opt, name);

	return spec && ppdl_learn_interval(spec, lo, hi) && *lo >= 0 && *hi <= 1;
}

static PpdlStatus
begin_quantiles(PpdlLearner *l, const char *name, PpdlColumn *c)
{
	const char *spec = quantiles_of(l->opt, name);
	double		lo,
				hi;

	c->exact = spec != NULL;
	if (spec == NULL || ppdl_learn_quantiles(l->opt, name, &lo, &hi))
		return PPDL_OK;
	ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--quantile-range %s:%s: two parts of 1 are expected", name, spec);
	return ppdl_error_hint(l->err, PPDL_ERR_ARGUMENT, "0.01..0.99 leaves out the least and the greatest hundredth.");
}

static PpdlStatus
begin_column(PpdlLearner *l, int i)
{
	const PpdlLearnOptions *opt = l->opt;
	const char *name = ppdl_csv_column(l->csv, i),
			   *date = ppdl_learn_spec(opt->dates, name),
			   *range = ppdl_learn_spec(opt->range, name);
	PpdlFeature *how = &l->how[i];
	PpdlColumn *c = &l->column[i];
	int			label = opt->label && strcmp(name, opt->label) == 0;

	c->how = how;
	c->used = label || (!ppdl_listed(opt->exclude, name) && !(opt->id && strcmp(name, opt->id) == 0) &&
						(opt->columns == NULL || ppdl_listed(opt->columns, name)));
	c->verbatim = ppdl_listed(opt->category, name);
	c->number = ppdl_learn_spec(opt->bands, name) || ppdl_learn_spec(opt->thermometer, name) ||
		ppdl_listed(opt->numeric, name) || range || date ||
		ppdl_learn_spec(opt->quantile_range, name) || ppdl_listed(opt->log, name);
	c->guess = !opt->decimal && !opt->thousands && date == NULL;
	how->numerals.decimal = opt->decimal;
	how->numerals.thousands = opt->thousands;
	c->reading[0].numerals = how->numerals;
	c->reading[1].numerals.decimal = ',';
	/* words that common sense takes for missing may be meant where categories are asked for */
	c->na = c->verbatim ? opt->na : l->fs->na;
	c->na_numbers = c->verbatim ? NULL : l->fs->na_numbers;
	if (date)
		PPDL_TRY(read_date(l, name, date, how));
	if (range)
		PPDL_TRY(read_range(l, name, range, how, c));
	else
		PPDL_TRY(begin_quantiles(l, name, c));
	return label ? ppdl_learn_aliases(how, opt, l->err) : PPDL_OK;
}

static PpdlStatus
take_na_words(PpdlLearner *l)
{
	char	  **given = l->opt->na,
			  **all;
	int			common = !ppdl_listed(given, "");
	size_t		n = 0,
				ngiven = 0;

	while (given && given[ngiven])
		ngiven++;
	all = calloc(ngiven + 1 + sizeof ppdl_na_words / sizeof *ppdl_na_words, sizeof *all);
	if (all == NULL)
		return ppdl_error(l->err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; common && ppdl_na_words[i]; i++)
		all[n++] = (char *) ppdl_na_words[i];
	for (size_t i = 0; i < ngiven; i++)
		if (given[i][0])
			all[n++] = given[i];
	l->fs->na = ppdl_copy_words(all);
	l->fs->na_numbers = ppdl_copy_words(common ? (char *const *) ppdl_na_number_words : all + n);
	free(all);
	return l->fs->na && l->fs->na_numbers ? PPDL_OK : ppdl_error(l->err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_learn_begin(PpdlLearner *l)
{
	int			quantiles = l->opt->quantile_range && l->opt->quantile_range[0];

	PPDL_TRY(check_options(l));
	PPDL_TRY(take_na_words(l));
	l->fs->outside = l->opt->outside >= 0 ? (PpdlOutside) l->opt->outside :
		quantiles ? PPDL_OUTSIDE_CLAMP : PPDL_OUTSIDE_ERROR;
	for (int i = 0; i < ppdl_csv_columns(l->csv); i++)
		PPDL_TRY(begin_column(l, i));
	return PPDL_OK;
}
