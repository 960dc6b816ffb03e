/* Statistics as JSON. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "query/stats_result.h"
#include "query/stats_text.h"
#include "table/csv.h"

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

/* bytes that are no UTF-8 become U+FFFD */
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
		put(j, o, ppdl_stats_quantile_name(k, name),
			json_estimate(j, ppdl_histogram_quantile(h, ppdl_stats_quantile[k])));
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

/* text as it comes; anything but 0 ends it */
static int
take_text(const char *text, size_t len, void *w)
{
	ppdl_write_bytes(w, text, len);
	return ((PpdlWriter *) w)->bad;
}

/* numbers, before their memory is given back */
static void
wipe(json_t *v)
{
	const char *key;
	json_t	   *item;
	size_t		i;

	if (json_is_real(v))
		json_real_set(v, 0);
	json_array_foreach(v, i, item)
		wipe(item);
	json_object_foreach(v, key, item)
		wipe(item);
}

PpdlStatus
ppdl_stats_json(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err)
{
	const PpdlStatsAnswer *a = page->answer;
	json_t	   *groups = json_array(),
			   *all = json_object();
	Json		j = {0};
	int			failed;

	for (int i = 0; i < a->groups; i++)
		add(&j, groups, json_group(&j, page->query, &a->group[i], &page->result[i].page));
	put(&j, all, "table", json_text(page->query->table));
	put(&j, all, "query", json_text(a->sql));
	put(&j, all, "min_count", json_integer(page->query->min_count));
	put(&j, all, "withheld_groups", json_integer(a->withheld));
	put(&j, all, "withheld_rows", json_number(a->withheld_rows));
	put(&j, all, "groups", groups);
	failed = j.bad || json_dump_callback(all, take_text, w, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) != 0;
	wipe(all);
	json_decref(all);
	ppdl_write_u8(w, '\n');
	return failed || w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
