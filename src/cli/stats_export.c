/* Statistics for programs: CSV, one number a line; JSON; a page. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "cli/stats_text.h"
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

static const char *
quantile_name(int i, char name[32])
{
	snprintf(name, 32, "quantile_%g", ppdl_stats_quantile[i]);
	return name;
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
		estimate(l, quantile_name(i, name), ppdl_histogram_quantile(h, ppdl_stats_quantile[i]));
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

/* ------------------------------------------------------------------ JSON */

typedef struct Json
{
	const PpdlMoments *m;
	int			bad;			/* there was no memory for some of it */
} Json;

/* both take v; NULL: there was no memory for it */
static void
put(Json *j, json_t *o, const char *name, json_t *v)
{
	if (json_object_set_new(o, name, v) != 0)
		j->bad = 1;
}

static void
add(Json *j, json_t *a, json_t *v)
{
	if (json_array_append_new(a, v) != 0)
		j->bad = 1;
}

/* bytes that are no UTF-8, where a message cut a name, become U+FFFD */
static json_t *
json_text(const char *s)
{
	const size_t len = strlen(s);
	json_t	   *text;
	PpdlWriter	w;

	if (ppdl_utf8_valid(s, len))
		return json_string(s);
	ppdl_writer_init_secret(&w);
	for (size_t i = 0, n; i < len; i += n)
	{
		const unsigned char c = (unsigned char) s[i];

		n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (i + n <= len && ppdl_utf8_valid(s + i, n))
			ppdl_write_bytes(&w, s + i, n);
		else
		{
			ppdl_write_text(&w, "\xef\xbf\xbd");
			n = 1;
		}
	}
	text = w.bad ? NULL : json_stringn((const char *) w.buf, w.len);
	ppdl_writer_free(&w);
	return text;
}

static json_t *
json_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* of the digits that the error supports; null when there is none */
static json_t *
json_estimate(Json *j, PpdlEstimate e)
{
	json_t	   *o = json_object();
	char		text[PPDL_STATS_TEXT];

	ppdl_stats_exact(text, e);
	put(j, o, "value", text[0] ? json_number(strtod(text, NULL)) : json_null());
	if (text[0])
		put(j, o, "error", json_number(e.error));
	else
		put(j, o, "why", json_text(ppdl_doubt_word(e.doubt)));
	return o;
}

static json_t *
json_name(const Json *j, PpdlTerm t)
{
	char		name[PPDL_TERM_NAME];

	ppdl_term_name(j->m, t, name, sizeof name);
	return json_text(name);
}

static json_t *
json_names(Json *j, const PpdlTerm *t, int count)
{
	json_t	   *a = json_array();

	for (int i = 0; i < count; i++)
		add(j, a, json_name(j, t[i]));
	return a;
}

static json_t *
json_row(Json *j, const PpdlEstimate *e, int count)
{
	json_t	   *a = json_array();

	for (int i = 0; i < count; i++)
		add(j, a, json_estimate(j, e[i]));
	return a;
}

static json_t *
json_matrix(Json *j, const PpdlEstimate *e, int rows, int columns)
{
	json_t	   *a = json_array();

	for (int i = 0; i < rows; i++)
		add(j, a, json_row(j, e + (size_t) i * (size_t) columns, columns));
	return a;
}

static json_t *
json_levels(Json *j, int variable)
{
	const PpdlVariable *v = &j->m->variable[variable];
	json_t	   *a = json_array();

	for (int i = 0; i < v->levels; i++)
		add(j, a, json_text(v->level[i]));
	return a;
}

static json_t *
json_description(Json *j, const PpdlDescription *d)
{
	json_t	   *o = json_object();

	put(j, o, "column", json_name(j, d->term));
	put(j, o, "n", json_estimate(j, d->n));
	put(j, o, "missing", json_estimate(j, d->missing));
	put(j, o, "mean", json_estimate(j, d->mean));
	put(j, o, "deviation", json_estimate(j, d->deviation));
	put(j, o, "least", json_number(d->lo));
	put(j, o, "greatest", json_number(d->hi));
	return o;
}

static json_t *
json_coefficient(Json *j, const PpdlCoefficient *c)
{
	json_t	   *o = json_object();

	put(j, o, "term", c->is_constant ? json_text("(constant)") : json_name(j, c->term));
	put(j, o, "value", json_estimate(j, c->value));
	put(j, o, "standard_error", json_number(c->se));
	put(j, o, "t", json_number(c->t));
	put(j, o, "p", json_number(c->p));
	put(j, o, "low", json_number(c->interval.low));
	put(j, o, "high", json_number(c->interval.high));
	return o;
}

static json_t *
json_regression(Json *j, const PpdlRegression *r)
{
	json_t	   *o = json_object(),
			   *coefficients = json_array();

	for (int i = 0; i < r->count; i++)
		add(j, coefficients, json_coefficient(j, &r->coefficient[i]));
	put(j, o, "response", json_name(j, r->response));
	put(j, o, "n", json_number(r->n));
	put(j, o, "degrees_of_freedom", json_number(r->df));
	put(j, o, "ridge", json_number(r->ridge));
	put(j, o, "level", json_number(r->level));
	put(j, o, "coefficients", coefficients);
	put(j, o, "compared_with", json_names(j, r->reference, r->references));
	put(j, o, "left_out", json_names(j, r->omit, r->omitted));
	put(j, o, "r_squared", json_estimate(j, r->r2));
	put(j, o, "adjusted_r_squared", json_estimate(j, r->adjusted_r2));
	put(j, o, "residual_standard_error", json_estimate(j, r->residual));
	put(j, o, "f", json_number(r->f));
	put(j, o, "f_degrees_of_freedom", json_number(r->f_df));
	put(j, o, "f_p", json_number(r->f_p));
	return o;
}

static json_t *
json_crosstab(Json *j, const PpdlCrosstab *c)
{
	const int	odds = !isnan(c->odds_ratio);
	json_t	   *o = json_object();

	put(j, o, "rows", json_text(j->m->variable[c->row].name));
	put(j, o, "columns", json_text(j->m->variable[c->column].name));
	put(j, o, "row_levels", json_levels(j, c->row));
	put(j, o, "column_levels", json_levels(j, c->column));
	put(j, o, "counts", json_matrix(j, c->count, c->rows, c->columns));
	put(j, o, "n", json_estimate(j, c->n));
	put(j, o, "missing", json_estimate(j, c->missing));
	put(j, o, "chi_squared", json_estimate(j, c->chi2));
	put(j, o, "degrees_of_freedom", json_integer(c->df));
	put(j, o, "p", json_number(c->p));
	put(j, o, "cramer_v", json_number(c->cramer_v));
	put(j, o, "least_expected", json_number(c->least_expected));
	put(j, o, "odds_ratio", json_number(c->odds_ratio));
	put(j, o, "odds_ratio_low", json_number(odds ? c->odds_interval.low : NAN));
	put(j, o, "odds_ratio_high", json_number(odds ? c->odds_interval.high : NAN));
	return o;
}

static json_t *
json_histogram(Json *j, const PpdlHistogram *h)
{
	json_t	   *o = json_object();
	char		name[32];

	put(j, o, "column", json_text(j->m->variable[h->variable].name));
	put(j, o, "levels", json_levels(j, h->variable));
	put(j, o, "counts", json_row(j, h->count, h->levels));
	put(j, o, "n", json_estimate(j, h->n));
	put(j, o, "missing", json_estimate(j, h->missing));
	for (int k = 0; h->edge && k < PPDL_STATS_QUANTILES; k++)
		put(j, o, quantile_name(k, name), json_estimate(j, ppdl_histogram_quantile(h, ppdl_stats_quantile[k])));
	return o;
}

static json_t *
json_correlation(Json *j, const PpdlCorrelation *c)
{
	json_t	   *o = json_object();

	put(j, o, "columns", json_names(j, c->term, c->count));
	put(j, o, "n", json_matrix(j, c->n, c->count, c->count));
	put(j, o, "covariance", json_matrix(j, c->covariance, c->count, c->count));
	put(j, o, "correlation", json_matrix(j, c->correlation, c->count, c->count));
	return o;
}

static json_t *
json_components(Json *j, const PpdlComponents *c)
{
	json_t	   *o = json_object(),
			   *vectors = json_array();

	for (int i = 0; i < c->count; i++)
	{
		json_t	   *v = json_array();

		for (int k = 0; k < c->count; k++)
			add(j, v, json_number(c->vector[(size_t) i * (size_t) c->count + (size_t) k]));
		add(j, vectors, v);
	}
	put(j, o, "columns", json_names(j, c->term, c->count));
	put(j, o, "eigenvalues", json_row(j, c->value, c->count));
	put(j, o, "shares", json_row(j, c->share, c->count));
	put(j, o, "vectors", vectors);
	put(j, o, "reliable", json_integer(c->reliable));
	return o;
}

/* the statistics that a group has several of, each an array unless there are none */
static void
put_arrays(Json *j, json_t *o, const PpdlStatisticsGroup *g)
{
	static const char *const name[] = {"describe", "regressions", "crosstabs", "histograms"};
	const int	count[] = {g->descriptions, g->regressions, g->crosstabs, g->histograms};

	for (int kind = 0; kind < 4; kind++)
	{
		json_t	   *a = json_array();

		for (int i = 0; i < count[kind]; i++)
			add(j, a, kind == 0 ? json_description(j, &g->description[i]) :
				kind == 1 ? json_regression(j, &g->regression[i]) :
				kind == 2 ? json_crosstab(j, &g->crosstab[i]) : json_histogram(j, &g->histogram[i]));
		if (count[kind] > 0)
			put(j, o, name[kind], a);
		else
			json_decref(a);
	}
}

static json_t *
json_group(Json *j, const PpdlStatsQuery *q, const PpdlStatsRows *rows, const PpdlStatisticsGroup *g)
{
	json_t	   *o = json_object(),
			   *key = json_object(),
			   *notes = json_array();

	j->m = g->moments;
	for (int i = 0; i < rows->keys; i++)
		put(j, key, q->group_by->item[i], rows->key[i] ? json_text(rows->key[i]) : json_null());
	for (int i = 0; i < g->notes; i++)
		add(j, notes, json_text(g->note[i]));
	put(j, o, "group", key);
	put(j, o, "n", json_number(g->moments->n));
	put_arrays(j, o, g);
	if (g->correlation)
		put(j, o, "correlation", json_correlation(j, g->correlation));
	if (g->components)
		put(j, o, "components", json_components(j, g->components));
	put(j, o, "notes", notes);
	return o;
}

PpdlStatus
ppdl_stats_json(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err)
{
	const PpdlStatsAnswer *a = page->answer;
	json_t	   *groups = json_array(),
			   *all = json_object();
	Json		j = {0};
	char	   *text;

	for (int i = 0; i < a->groups; i++)
		add(&j, groups, json_group(&j, page->query, &a->group[i], &page->result[i].page));
	put(&j, all, "table", json_text(page->query->table));
	put(&j, all, "query", json_text(a->sql));
	put(&j, all, "min_count", json_integer(page->query->min_count));
	put(&j, all, "withheld_groups", json_integer(a->withheld));
	put(&j, all, "withheld_rows", json_number(a->withheld_rows));
	put(&j, all, "groups", groups);
	text = j.bad ? NULL : json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	json_decref(all);
	if (text)
		ppdl_write_text(w, text);
	ppdl_write_u8(w, '\n');
	free(text);
	return text == NULL || w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
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
