/* Statistics as tables for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/printer.h"
#include "cli/stats.h"
#include "query/stats_text.h"

#define WIDE 10					/* columns of a matrix that people still read */
#define LOADINGS 5				/* components whose vectors are shown */
#define BAR 40					/* characters of the longest bar */

typedef struct Show
{
	PpdlPrinter p;
	const PpdlMoments *m;
} Show;

/* ------------------------------------------------------------------ cells */

static void
estimate(Show *s, PpdlEstimate e)
{
	char		text[PPDL_STATS_TEXT];

	ppdl_stats_short(text, e, 1);
	ppdl_print_cell(&s->p, "%s", text);
}

static void
number(Show *s, double v, int digits)
{
	char		text[PPDL_STATS_TEXT];

	ppdl_stats_number(text, v, digits);
	ppdl_print_cell(&s->p, "%s", text);
}

static void
probability(Show *s, double p)
{
	char		text[PPDL_STATS_TEXT];

	ppdl_stats_probability(text, p);
	ppdl_print_cell(&s->p, "%s", text);
}

/* in per cent, with two decimals */
static void
share(Show *s, PpdlEstimate e)
{
	char		text[PPDL_STATS_TEXT],
				whole[PPDL_STATS_TEXT + 4];

	if (e.value != 0 || e.error > 0)
		e.error = fmax(e.error, 2.5e-5);
	ppdl_stats_short(text, e, 100);
	snprintf(whole, sizeof whole, isnan(e.value) ? "%s" : "%s %%", text);
	ppdl_print_cell(&s->p, "%s", whole);
}

static void
term(Show *s, PpdlTerm t)
{
	char		name[PPDL_TERM_NAME];

	ppdl_term_name(s->m, t, name, sizeof name);
	ppdl_print_cell(&s->p, "%s", name);
}

/* a share of n rows */
static PpdlEstimate
part(PpdlEstimate count, PpdlEstimate n)
{
	if (isnan(count.value) || !(n.value > 0))
		return (PpdlEstimate) {NAN, 0, PPDL_DOUBT_NO_ROWS};
	return (PpdlEstimate) {count.value / n.value, hypot(count.error, n.error * count.value / n.value) / n.value,
						   PPDL_SURE};
}

/* ------------------------------------------------------------------ each of them */

static void
show_description(Show *s, const PpdlDescription *d, int count)
{
	static const char *const names[] = {"column", "n", "missing", "mean", "deviation", "least", "greatest"};

	ppdl_print_begin(&s->p, 7, 1);
	for (int i = 0; i < 7; i++)
		ppdl_print_title(&s->p, names[i]);
	for (int i = 0; i < count; i++)
	{
		const int	levels = s->m->variable[d[i].term.variable].levels;

		term(s, d[i].term);
		estimate(s, d[i].n);
		share(s, d[i].missing);
		if (levels > 0)
			share(s, d[i].mean);
		else
			estimate(s, d[i].mean);
		if (levels > 0 || d[i].deviation.doubt == PPDL_DOUBT_UNASKED)
			ppdl_print_cell(&s->p, "%s", "");
		else
			estimate(s, d[i].deviation);
		number(s, levels > 0 ? NAN : d[i].lo, 8);
		number(s, levels > 0 ? NAN : d[i].hi, 8);
	}
	ppdl_print_end(&s->p);
	ppdl_print(&s->p,
			   "Least and greatest are what the encoding can hold; shares are of the rows in which the column is "
			   "known.\n");
}

static void
show_matrix(Show *s, const PpdlCorrelation *c)
{
	char		name[PPDL_TERM_NAME];

	ppdl_print_begin(&s->p, c->count + 1, 1);
	ppdl_print_title(&s->p, "correlation");
	for (int i = 0; i < c->count; i++)
	{
		ppdl_term_name(s->m, c->term[i], name, sizeof name);
		ppdl_print_title(&s->p, name);
	}
	for (int i = 0; i < c->count; i++)
	{
		term(s, c->term[i]);
		for (int k = 0; k < c->count; k++)
			if (k > i)
				ppdl_print_cell(&s->p, "%s", "");
			else
				estimate(s, c->correlation[(size_t) i * (size_t) c->count + (size_t) k]);
	}
	ppdl_print_end(&s->p);
}

typedef struct Pair
{
	int			i,
				k;
	PpdlEstimate r;
} Pair;

/* the strongest first, those that are none last */
static int
compare_pairs(const void *a, const void *b)
{
	const double x = fabs(((const Pair *) a)->r.value),
				y = fabs(((const Pair *) b)->r.value);

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x < y) - (x > y);
}

/* too many for a matrix: pair by pair, but for levels of one column */
static void
show_pairs(Show *s, const PpdlCorrelation *c)
{
	Pair	   *pair = calloc((size_t) c->count * (size_t) c->count + 1, sizeof *pair);
	size_t		count = 0;

	s->p.bad |= pair == NULL;
	for (int i = 0; pair && i < c->count; i++)
		for (int k = i + 1; k < c->count; k++)
			if (c->term[i].variable != c->term[k].variable)
				pair[count++] = (Pair) {i, k, c->correlation[(size_t) i * (size_t) c->count + (size_t) k]};
	if (pair)
		qsort(pair, count, sizeof *pair, compare_pairs);
	ppdl_print_begin(&s->p, 4, 2);
	ppdl_print_title(&s->p, "column");
	ppdl_print_title(&s->p, "and");
	ppdl_print_title(&s->p, "n");
	ppdl_print_title(&s->p, "correlation");
	for (size_t p = 0; pair && p < count; p++)
	{
		term(s, c->term[pair[p].i]);
		term(s, c->term[pair[p].k]);
		estimate(s, c->n[(size_t) pair[p].i * (size_t) c->count + (size_t) pair[p].k]);
		estimate(s, pair[p].r);
	}
	ppdl_print_end(&s->p);
	free(pair);
}

static void
show_terms(Show *s, const char *what, const PpdlTerm *t, int count)
{
	char		name[PPDL_TERM_NAME];

	for (int i = 0; i < count; i++)
	{
		ppdl_term_name(s->m, t[i], name, sizeof name);
		ppdl_print(&s->p, "%s%s%s", i ? ", " : what, name, i == count - 1 ? ".\n" : "");
	}
}

static void
show_fit(Show *s, const PpdlRegression *r)
{
	char		r2[PPDL_STATS_TEXT],
				adjusted[PPDL_STATS_TEXT],
				residual[PPDL_STATS_TEXT],
				p[PPDL_STATS_TEXT];

	ppdl_stats_short(r2, r->r2, 1);
	ppdl_stats_short(adjusted, r->adjusted_r2, 1);
	ppdl_stats_short(residual, r->residual, 1);
	ppdl_stats_probability(p, r->f_p);
	ppdl_print(&s->p, "%.0f rows, R² = %s (adjusted %s), residual standard error %s on %.6g degrees of freedom", r->n,
			   r2, adjusted, residual, r->df);
	if (isnan(r->f))
		ppdl_print(&s->p, ", ridge %g.\n", r->ridge);
	else
		ppdl_print(&s->p, ", F = %.4g on %.6g and %.6g, p = %s.\n", r->f, r->f_df, r->df, p);
	show_terms(s, "Compared with: ", r->reference, r->references);
	show_terms(s, "Left out, being constant or said by others: ", r->omit, r->omitted);
}

static void
show_regression(Show *s, const PpdlRegression *r)
{
	static const char *const names[] = {"coefficient", "std. error", "t", "p"};
	char		name[PPDL_TERM_NAME],
				low[40];

	ppdl_term_name(s->m, r->response, name, sizeof name);
	ppdl_print_begin(&s->p, 7, 1);
	ppdl_print_title(&s->p, name);
	for (int i = 0; i < 4; i++)
		ppdl_print_title(&s->p, names[i]);
	snprintf(low, sizeof low, "%g %% from", 100 * r->level);
	ppdl_print_title(&s->p, low);
	ppdl_print_title(&s->p, "to");
	for (int i = 0; i < r->count; i++)
	{
		const PpdlCoefficient *c = &r->coefficient[i];

		if (c->is_constant)
			ppdl_print_cell(&s->p, "(constant)");
		else
			term(s, c->term);
		estimate(s, c->value);
		number(s, c->se, 4);
		number(s, c->t, 4);
		probability(s, c->p);
		number(s, c->interval.low, 5);
		number(s, c->interval.high, 5);
	}
	ppdl_print_end(&s->p);
	show_fit(s, r);
}

static void
show_tests(Show *s, const PpdlCrosstab *c)
{
	char		chi2[PPDL_STATS_TEXT],
				p[PPDL_STATS_TEXT];

	if (c->df > 0)
	{
		ppdl_stats_short(chi2, c->chi2, 1);
		ppdl_stats_probability(p, c->p);
		ppdl_print(&s->p, "χ² = %s on %d degree%s of freedom, p = %s, Cramér's V %.4g.\n", chi2, c->df,
				   c->df == 1 ? "" : "s", p, c->cramer_v);
		if (c->below_5 > 0)
			ppdl_print(&s->p, "%d cell%s fewer than 5 expected rows (least %.3g): do not trust χ².\n", c->below_5,
					   c->below_5 == 1 ? " has" : "s have", c->least_expected);
	}
	if (!isnan(c->odds_ratio))
		ppdl_print(&s->p, "Odds ratio %.5g, %g %% from %.5g to %.5g%s.\n", c->odds_ratio, 100 * c->level,
				   c->odds_interval.low, c->odds_interval.high,
				   c->is_haldane ? " (1/2 added to each cell, since one is empty)" : "");
	if (c->missing.value > 0)
		ppdl_print(&s->p, "%.0f row%s in which one of them is missing %s left out.\n", c->missing.value,
				   c->missing.value == 1 ? "" : "s", c->missing.value == 1 ? "is" : "are");
}

/* a count and its part of the row's */
static void
show_count(Show *s, PpdlEstimate count, PpdlEstimate total)
{
	const PpdlEstimate of = part(count, total);
	char		text[PPDL_STATS_TEXT],
				whole[PPDL_STATS_TEXT + 24];

	ppdl_stats_short(text, count, 1);
	snprintf(whole, sizeof whole, isnan(of.value) ? "%s" : "%s (%.1f %%)", text, 100 * of.value);
	ppdl_print_cell(&s->p, "%s", whole);
}

static void
show_crosstab(Show *s, const PpdlCrosstab *c)
{
	const PpdlVariable *row = &s->m->variable[c->row],
			   *column = &s->m->variable[c->column];
	char	   *both;

	ppdl_print_begin(&s->p, c->columns + 2, 1);
	if (asprintf(&both, "%s \\ %s", row->name, column->name) < 0)
		both = NULL;
	ppdl_print_title(&s->p, both ? both : "");
	free(both);
	for (int k = 0; k < c->columns; k++)
		ppdl_print_title(&s->p, column->level[k]);
	ppdl_print_title(&s->p, "all");
	for (int i = 0; i < c->rows; i++)
	{
		ppdl_print_cell(&s->p, "%s", row->level[i]);
		for (int k = 0; k < c->columns; k++)
			show_count(s, c->count[(size_t) i * (size_t) c->columns + (size_t) k], c->row_total[i]);
		estimate(s, c->row_total[i]);
	}
	ppdl_print_cell(&s->p, "all");
	for (int k = 0; k < c->columns; k++)
		show_count(s, c->column_total[k], c->n);
	estimate(s, c->n);
	ppdl_print_end(&s->p);
	show_tests(s, c);
}

static void
show_quantiles(Show *s, const PpdlHistogram *h)
{
	if (h->edge == NULL)
		return;
	ppdl_print(&s->p, "Quantiles, interpolated:");
	for (int i = 0; i < PPDL_STATS_QUANTILES; i++)
	{
		char		text[PPDL_STATS_TEXT];

		ppdl_stats_short(text, ppdl_histogram_quantile(h, ppdl_stats_quantile[i]), 1);
		ppdl_print(&s->p, "%s %g %%: %s", i ? "," : "", 100 * ppdl_stats_quantile[i], text);
	}
	ppdl_print(&s->p, ".\n");
}

static void
show_histogram(Show *s, const PpdlHistogram *h)
{
	const PpdlVariable *v = &s->m->variable[h->variable];
	char		bar[BAR + 1];
	double		most = 1;

	for (int i = 0; i < h->levels; i++)
		most = fmax(most, h->count[i].value);
	ppdl_print_begin(&s->p, 4, 1);
	ppdl_print_title(&s->p, v->name);
	ppdl_print_title(&s->p, "rows");
	ppdl_print_title(&s->p, "share");
	ppdl_print_title(&s->p, "");
	if (!s->p.bad)
		s->p.table.right[3] = 0;
	for (int i = 0; i < h->levels; i++)
	{
		const int	n = h->count[i].value > 0 ? (int) nearbyint(BAR * h->count[i].value / most) : 0;

		memset(bar, '#', (size_t) n);
		bar[n] = 0;
		ppdl_print_cell(&s->p, "%s", v->level[i]);
		estimate(s, h->count[i]);
		share(s, part(h->count[i], h->n));
		ppdl_print_cell(&s->p, "%s", bar);
	}
	ppdl_print_end(&s->p);
	if (h->missing.value > 0)
		ppdl_print(&s->p, "Missing in %.0f row%s.\n", h->missing.value, h->missing.value == 1 ? "" : "s");
	show_quantiles(s, h);
}

static void
show_components(Show *s, const PpdlComponents *c)
{
	const int	shown = c->count < LOADINGS ? c->count : LOADINGS;
	double		sum = 0;

	ppdl_print_begin(&s->p, 4, 1);
	ppdl_print_title(&s->p, "component");
	ppdl_print_title(&s->p, c->is_correlation ? "eigenvalue" : "variance");
	ppdl_print_title(&s->p, "share");
	ppdl_print_title(&s->p, "together");
	for (int i = 0; i < c->count; i++)
	{
		sum += c->share[i].value;
		number(s, i + 1, 6);
		estimate(s, (PpdlEstimate) {c->value[i].value, fmax(c->value[i].error, 2.5e-7), c->value[i].doubt});
		share(s, c->share[i]);
		share(s, (PpdlEstimate) {sum, 0, PPDL_SURE});
	}
	ppdl_print_end(&s->p);
	ppdl_print_begin(&s->p, shown + 1, 1);
	ppdl_print_title(&s->p, "loadings");
	for (int i = 0; i < shown; i++)
	{
		char		name[PPDL_STATS_TEXT];

		ppdl_stats_number(name, i + 1, 6);
		ppdl_print_title(&s->p, name);
	}
	for (int k = 0; k < c->count; k++)
	{
		term(s, c->term[k]);
		for (int i = 0; i < shown; i++)
			estimate(s, (PpdlEstimate) {c->vector[(size_t) i * (size_t) c->count + (size_t) k], 2.5e-5, PPDL_SURE});
	}
	ppdl_print_end(&s->p);
	show_terms(s, "Left out, since they do not vary: ", c->omit, c->omitted);
	if (sum > 1.00005)
		ppdl_print(&s->p,
				   "Shares are of more than the whole, since correlations of columns with missing values are not all "
				   "of the same rows.\n");
	if (c->reliable < c->count)
		ppdl_print(&s->p, "Only the first %d component%s above the error of encryption.\n", c->reliable,
				   c->reliable == 1 ? " is" : "s are");
}

/* ------------------------------------------------------------------ the whole */

static void
gap(Show *s, int *any)
{
	if ((*any)++)
		ppdl_print(&s->p, "\n");
}

static void
show_group(Show *s, const PpdlStatisticsGroup *g, const char *table)
{
	int			any = 0;

	s->m = g->moments;
	ppdl_print(&s->p, "%s: %.0f row%s\n\n", g->name ? g->name : table, g->moments->n, g->moments->n == 1 ? "" : "s");
	if (g->descriptions > 0)
	{
		gap(s, &any);
		show_description(s, g->description, g->descriptions);
	}
	if (g->correlation)
	{
		gap(s, &any);
		(g->correlation->count <= WIDE ? show_matrix : show_pairs) (s, g->correlation);
	}
	for (int i = 0; i < g->regressions; i++)
	{
		gap(s, &any);
		show_regression(s, &g->regression[i]);
	}
	for (int i = 0; i < g->crosstabs; i++)
	{
		gap(s, &any);
		show_crosstab(s, &g->crosstab[i]);
	}
	for (int i = 0; i < g->histograms; i++)
	{
		gap(s, &any);
		show_histogram(s, &g->histogram[i]);
	}
	if (g->components)
	{
		gap(s, &any);
		show_components(s, g->components);
	}
	for (int i = 0; i < g->notes; i++)
		ppdl_print(&s->p, "%s%s\n", i == 0 && any ? "\n" : "", g->note[i]);
}

PpdlStatus
ppdl_stats_show(FILE *f, const PpdlStatsPage *page, PpdlError *err)
{
	const PpdlStatsAnswer *a = page->answer;
	Show		s = {.p = {.f = f}};

	for (int i = 0; i < a->groups; i++)
	{
		if (i)
			ppdl_print(&s.p, "\n");
		show_group(&s, &page->result[i].page, page->query->table);
	}
	if (a->groups == 0 && a->withheld == 0)
		ppdl_print(&s.p, "%s: 0 rows\n", page->query->table);
	return s.p.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
