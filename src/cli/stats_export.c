/* Statistics for programs: CSV, one number a line; a page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "query/stats_text.h"
#include "report/statistics.h"
#include "table/csv.h"

/*
 * ------------------------------------------------------------------ CSV:
 * group,statistic,item,other,measure,value,error
 */

typedef struct Lines
{
	PpdlWriter *w;
	const PpdlMoments *m;
	const char *group,
			   *statistic;
	char		item[PPDL_TERM_NAME],
				other[PPDL_TERM_NAME];
} Lines;

static void
field(Lines *l, const char *s)
{
	if (s[0])
		ppdl_csv_put(l->w, s, strlen(s));
	ppdl_write_u8(l->w, ',');
}

static void
line(Lines *l, const char *measure, const char *value, const char *error)
{
	field(l, l->group);
	field(l, l->statistic);
	field(l, l->item);
	field(l, l->other);
	field(l, measure);
	field(l, value);
	ppdl_write_text(l->w, error);
	ppdl_write_u8(l->w, '\n');
}

/* one that could not be had has no value */
static void
estimate(Lines *l, const char *measure, PpdlEstimate e)
{
	char		value[PPDL_STATS_TEXT],
				error[PPDL_STATS_TEXT] = "";

	ppdl_stats_exact(value, e);
	if (!isnan(e.value))
		ppdl_stats_number(error, e.error, 2);
	if (e.doubt != PPDL_DOUBT_UNASKED)
		line(l, measure, value, error);
}

/* numbers that do not apply have no line */
static void
number(Lines *l, const char *measure, double v)
{
	char		value[PPDL_STATS_TEXT];

	ppdl_stats_number(value, v, 9);
	if (value[0])
		line(l, measure, value, "");
}

static void
term(Lines *l, PpdlTerm t)
{
	ppdl_term_name(l->m, t, l->item, sizeof l->item);
	l->other[0] = 0;
}

static void
csv_description(Lines *l, const PpdlStatisticsGroup *g)
{
	l->statistic = "describe";
	for (int i = 0; i < g->descriptions; i++)
	{
		const PpdlDescription *d = &g->description[i];

		term(l, d->term);
		estimate(l, "n", d->n);
		estimate(l, "missing", d->missing);
		estimate(l, "mean", d->mean);
		estimate(l, "deviation", d->deviation);
		number(l, "least", d->lo);
		number(l, "greatest", d->hi);
	}
}

static void
csv_correlation(Lines *l, const PpdlCorrelation *c)
{
	l->statistic = "correlation";
	for (int i = 0; i < c->count; i++)
		for (int k = 0; k < c->count; k++)
		{
			const size_t at = (size_t) i * (size_t) c->count + (size_t) k;

			term(l, c->term[i]);
			ppdl_term_name(l->m, c->term[k], l->other, sizeof l->other);
			estimate(l, "n", c->n[at]);
			estimate(l, "covariance", c->covariance[at]);
			estimate(l, "correlation", c->correlation[at]);
		}
}

static void
csv_regression(Lines *l, const PpdlRegression *r)
{
	l->statistic = "regression";
	term(l, r->response);
	number(l, "n", r->n);
	number(l, "degrees_of_freedom", r->df);
	number(l, "ridge", r->ridge);
	number(l, "level", r->level);
	estimate(l, "r_squared", r->r2);
	estimate(l, "adjusted_r_squared", r->adjusted_r2);
	estimate(l, "residual_standard_error", r->residual);
	number(l, "f", r->f);
	number(l, "f_p", r->f_p);
	for (int i = 0; i < r->count; i++)
	{
		const PpdlCoefficient *c = &r->coefficient[i];

		if (c->is_constant)
			snprintf(l->other, sizeof l->other, "(constant)");
		else
			ppdl_term_name(l->m, c->term, l->other, sizeof l->other);
		estimate(l, "coefficient", c->value);
		number(l, "standard_error", c->se);
		number(l, "t", c->t);
		number(l, "p", c->p);
		number(l, "low", c->interval.low);
		number(l, "high", c->interval.high);
	}
}

static void
csv_crosstab(Lines *l, const PpdlCrosstab *c)
{
	const PpdlVariable *v = l->m->variable;

	l->statistic = "crosstab";
	for (int i = 0; i < c->rows; i++)
		for (int k = 0; k < c->columns; k++)
		{
			term(l, (PpdlTerm) {c->row, i});
			ppdl_term_name(l->m, (PpdlTerm) {c->column, k}, l->other, sizeof l->other);
			estimate(l, "rows", c->count[(size_t) i * (size_t) c->columns + (size_t) k]);
		}
	ppdl_cut_name(l->item, sizeof l->item, v[c->row].name);
	ppdl_cut_name(l->other, sizeof l->other, v[c->column].name);
	estimate(l, "n", c->n);
	estimate(l, "missing", c->missing);
	if (c->df > 0)
	{
		estimate(l, "chi_squared", c->chi2);
		number(l, "degrees_of_freedom", c->df);
		number(l, "p", c->p);
		number(l, "cramer_v", c->cramer_v);
		number(l, "least_expected", c->least_expected);
	}
	number(l, "odds_ratio", c->odds_ratio);
	if (isnan(c->odds_ratio))
		return;
	number(l, "odds_ratio_low", c->odds_interval.low);
	number(l, "odds_ratio_high", c->odds_interval.high);
}

static void
csv_histogram(Lines *l, const PpdlHistogram *h)
{
	char		name[32];

	l->statistic = "histogram";
	for (int i = 0; i < h->levels; i++)
	{
		term(l, (PpdlTerm) {h->variable, i});
		estimate(l, "rows", h->count[i]);
	}
	ppdl_cut_name(l->item, sizeof l->item, l->m->variable[h->variable].name);
	estimate(l, "n", h->n);
	estimate(l, "missing", h->missing);
	for (int i = 0; h->edge && i < PPDL_STATS_QUANTILES; i++)
		estimate(l, ppdl_stats_quantile_name(i, name), ppdl_histogram_quantile(h, ppdl_stats_quantile[i]));
}

static void
csv_components(Lines *l, const PpdlComponents *c)
{
	l->statistic = "components";
	for (int i = 0; i < c->count; i++)
	{
		snprintf(l->item, sizeof l->item, "%d", i + 1);
		l->other[0] = 0;
		estimate(l, "eigenvalue", c->value[i]);
		estimate(l, "share", c->share[i]);
		for (int k = 0; k < c->count; k++)
		{
			ppdl_term_name(l->m, c->term[k], l->other, sizeof l->other);
			number(l, "loading", c->vector[(size_t) i * (size_t) c->count + (size_t) k]);
		}
	}
}

PpdlStatus
ppdl_stats_csv(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err)
{
	Lines	   *l = calloc(1, sizeof *l);

	if (l == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	l->w = w;
	ppdl_write_text(w, "group,statistic,item,other,measure,value,error\n");
	for (int i = 0; i < page->answer->groups; i++)
	{
		const PpdlStatisticsGroup *g = &page->result[i].page;

		l->group = g->name ? g->name : "";
		l->m = g->moments;
		l->statistic = "rows";
		l->item[0] = l->other[0] = 0;
		number(l, "n", g->moments->n);
		csv_description(l, g);
		if (g->correlation)
			csv_correlation(l, g->correlation);
		for (int k = 0; k < g->regressions; k++)
			csv_regression(l, &g->regression[k]);
		for (int k = 0; k < g->crosstabs; k++)
			csv_crosstab(l, &g->crosstab[k]);
		for (int k = 0; k < g->histograms; k++)
			csv_histogram(l, &g->histogram[k]);
		if (g->components)
			csv_components(l, g->components);
	}
	free(l);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* ------------------------------------------------------------------ a page */

PpdlStatus
ppdl_stats_html(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err)
{
	const PpdlStatsAnswer *a = page->answer;
	PpdlStatisticsGroup *group = calloc((size_t) a->groups + 1, sizeof *group);
	char	   *source = NULL;
	PpdlStatus	status;

	if (group == NULL || asprintf(&source, "%s%s%s", page->query->table, page->query->where ? ", where " : "",
								  page->query->where ? page->query->where : "") < 0)
	{
		free(group);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (int i = 0; i < a->groups; i++)
		group[i] = page->result[i].page;
	status = ppdl_statistics_html(w, &(PpdlStatisticsPage) {.title = page->query->table, .source = source,
															.query = a->sql,
								  .group = group, .groups = a->groups, .withheld = a->withheld,
								  .min_count = page->query->min_count > 1 ? page->query->min_count : 0}, err);
	free(group);
	free(source);
	return status;
}
