#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/statistics_impl.h"

#include "base/text.h"

#define PAIRS 20				/* of correlations in the table */
#define LOADINGS 6				/* components in the table of their directions */
#define PLUS_MINUS " \xC2\xB1 "

/* ------------------------------------------------------------------ numbers */

void
ppdl_show_estimate(char out[PPDL_ESTIMATE_SHOWN], PpdlEstimate e)
{
	char		number[PPDL_SHOWN];

	ppdl_show_measured(number, e.value, e.error);
	snprintf(out, PPDL_ESTIMATE_SHOWN, "%s%s%s%s", number, number[0] && e.doubt ? " (" : "", ppdl_doubt_word(e.doubt),
			 number[0] && e.doubt ? ")" : "");
}

static const char *
error_of(char out[PPDL_SHOWN], PpdlEstimate e)
{
	ppdl_show(out, PPDL_QUANTITY_NUMBER, e.error > 0 ? e.error : NAN);
	return out;
}

void
ppdl_show_rows(char out[PPDL_ESTIMATE_SHOWN], PpdlEstimate e)
{
	char		number[PPDL_ESTIMATE_SHOWN],
				error[PPDL_SHOWN];

	if (isnan(e.value) || e.error == 0)
	{
		ppdl_show(number, PPDL_QUANTITY_COUNT, e.value);
		snprintf(out, PPDL_ESTIMATE_SHOWN, "%s", isnan(e.value) ? ppdl_doubt_word(e.doubt) : number);
		return;
	}
	ppdl_show_estimate(number, (PpdlEstimate) {e.value, e.error, PPDL_SURE});
	snprintf(out, PPDL_ESTIMATE_SHOWN, "%.60s" PLUS_MINUS "%.20s", number, error_of(error, e));
}

void
ppdl_show_p(char out[PPDL_ESTIMATE_SHOWN], double p)
{
	if (isnan(p))
		out[0] = '\0';
	else if (p < 1e-4)
		snprintf(out, PPDL_ESTIMATE_SHOWN, "< 0.0001");
	else
		snprintf(out, PPDL_ESTIMATE_SHOWN, "%.*f", p < 0.1 ? 4 : 3, p);
}

static void
put_estimate(PpdlGrid *t, PpdlEstimate e)
{
	char		shown[PPDL_ESTIMATE_SHOWN];

	ppdl_show_estimate(shown, e);
	ppdl_grid_cell(t, "%s", shown);
}

/* a share: 41.2 % */
static void
put_share(PpdlGrid *t, PpdlEstimate e)
{
	char		shown[PPDL_SHOWN];

	ppdl_show(shown, PPDL_QUANTITY_PERCENT, e.value);
	ppdl_grid_cell(t, "%s", isnan(e.value) ? ppdl_doubt_word(e.doubt) : shown);
}

static void
put_error(PpdlGrid *t, PpdlEstimate e)
{
	char		shown[PPDL_SHOWN];

	ppdl_grid_cell(t, "%s", error_of(shown, e));
}

/* of a share: 0.047 % */
static void
put_share_error(PpdlGrid *t, PpdlEstimate e)
{
	char		shown[PPDL_SHOWN];

	error_of(shown, (PpdlEstimate) {0, 100 * e.error, PPDL_SURE});
	ppdl_grid_cell(t, "%s%s", shown, shown[0] ? " %" : "");
}

static void
put_number(PpdlGrid *t, double v, double error)
{
	put_estimate(t, (PpdlEstimate) {v, error, PPDL_SURE});
}

static void
put_rows(PpdlGrid *t, PpdlEstimate e)
{
	char		shown[PPDL_ESTIMATE_SHOWN];

	ppdl_show_rows(shown, e);
	ppdl_grid_cell(t, "%s", shown);
}

static void
put_term(PpdlGrid *t, const PpdlMoments *m, PpdlTerm term)
{
	char		name[PPDL_TERM_NAME];

	ppdl_term_name(m, term, name, sizeof name);
	ppdl_grid_cell(t, "%s", name);
}

static void
put_head(PpdlGrid *t, const char *const *head, int n)
{
	for (int i = 0; i < n; i++)
		ppdl_grid_cell(t, "%s", head[i]);
}

/* a sentence with names: "Left out: Dose, Blood = e." */
static void
put_list(PpdlDocument *d, const PpdlMoments *m, const PpdlTerm *term, int count, const char *before, const char *after)
{
	PpdlWriter	names;
	char		name[PPDL_TERM_NAME];

	if (count == 0)
		return;
	ppdl_writer_init(&names);
	for (int i = 0; i < count; i++)
	{
		ppdl_term_name(m, term[i], name, sizeof name);
		ppdl_write_format(&names, "%s%s", i ? ", " : "", name);
	}
	ppdl_write_u8(&names, 0);
	if (names.bad)
		d->w->bad = 1;
	else
		ppdl_document_paragraph(d, "%s%s%s", before, (const char *) names.buf, after);
	ppdl_writer_free(&names);
}

/* ------------------------------------------------------------------ columns */

void
ppdl_statistics_columns(PpdlDocument *d, const PpdlStatisticsGroup *g)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER,
	PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER};
	static const char *const head[] = {"column", "rows", "missing", "mean or share", "± by encryption",
	"standard deviation", "± by encryption", "encoded from", "to"};
	PpdlGrid	t;

	ppdl_grid_begin(&t, "Columns: rows in which they are known, means, standard deviations, what the encoding can "
					"hold", kind, 9);
	put_head(&t, head, 9);
	for (int i = 0; i < g->descriptions; i++)
	{
		const PpdlDescription *s = &g->description[i];
		int			share = ppdl_term_is_level(g->moments, s->term);

		put_term(&t, g->moments, s->term);
		put_rows(&t, s->n);
		put_share(&t, s->missing);
		if (share)
		{
			put_share(&t, s->mean);
			put_share_error(&t, s->mean);
		}
		else
		{
			put_estimate(&t, s->mean);
			put_error(&t, s->mean);
		}
		put_estimate(&t, share ? (PpdlEstimate) {NAN, NAN, PPDL_SURE} : s->deviation);
		put_error(&t, share ? (PpdlEstimate) {NAN, NAN, PPDL_SURE} : s->deviation);
		put_number(&t, share ? NAN : s->lo, 0);
		put_number(&t, share ? NAN : s->hi, 0);
	}
	ppdl_document_grid(d, &t);
}

/* ------------------------------------------------------------------ correlations */

typedef struct PairOfTerms
{
	int			i,
				j;
	double		size;
} PairOfTerms;

static int
by_size(const void *a, const void *b)
{
	const PairOfTerms *x = a,
			   *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->i != y->i ? (x->i > y->i) - (x->i < y->i) : (x->j > y->j) - (x->j < y->j);
}

/* of different columns, the strongest first; of two levels of one column nobody wants to know */
static PairOfTerms *
sorted_pairs(const PpdlCorrelation *c, long *count)
{
	PairOfTerms *pair = malloc(((size_t) c->count * (size_t) c->count + 1) * sizeof *pair);

	*count = 0;
	for (int i = 0; pair && i < c->count; i++)
		for (int j = i + 1; j < c->count; j++)
		{
			double		r = c->correlation[(size_t) i * (size_t) c->count + (size_t) j].value;

			if (c->term[i].variable != c->term[j].variable && !isnan(r))
				pair[(*count)++] = (PairOfTerms) {i, j, fabs(r)};
		}
	if (pair)
		qsort(pair, (size_t) *count, sizeof *pair, by_size);
	return pair;
}

void
ppdl_statistics_pairs(PpdlDocument *d, const PpdlStatisticsGroup *g)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_TEXT, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER,
	PPDL_COLUMN_NUMBER};
	static const char *const head[] = {"column", "with", "correlation", "± by encryption", "rows"};
	const PpdlCorrelation *c = g->correlation;
	long		count;
	PairOfTerms *pair = sorted_pairs(c, &count);
	PpdlGrid	t;
	char		caption[100];

	if (pair == NULL)
	{
		d->w->bad = 1;
		return;
	}
	snprintf(caption, sizeof caption, count > PAIRS ? "The %d strongest correlations of %ld" : "Correlations, the "
			 "strongest first", PAIRS, count);
	ppdl_grid_begin(&t, caption, kind, 5);
	put_head(&t, head, 5);
	for (long i = 0; i < count && i < PAIRS; i++)
	{
		size_t		at = (size_t) pair[i].i * (size_t) c->count + (size_t) pair[i].j;

		put_term(&t, g->moments, c->term[pair[i].i]);
		put_term(&t, g->moments, c->term[pair[i].j]);
		put_estimate(&t, c->correlation[at]);
		put_error(&t, c->correlation[at]);
		put_rows(&t, c->n[at]);
	}
	ppdl_document_grid(d, &t);
	free(pair);
}

/* ------------------------------------------------------------------ regression */

static void
put_fit(PpdlDocument *d, const PpdlRegression *r)
{
	char		r2[PPDL_ESTIMATE_SHOWN],
				adjusted[PPDL_ESTIMATE_SHOWN],
				residual[PPDL_ESTIMATE_SHOWN],
				p[PPDL_ESTIMATE_SHOWN],
				f[PPDL_SHOWN],
				n[PPDL_SHOWN],
				df[PPDL_SHOWN];

	ppdl_show_estimate(r2, r->r2);
	ppdl_show_estimate(adjusted, r->adjusted_r2);
	ppdl_show_estimate(residual, r->residual);
	ppdl_show(n, PPDL_QUANTITY_COUNT, r->n);
	ppdl_show_measured(df, r->df, r->df == floor(r->df) ? 1 : 0.1);
	ppdl_show_measured(f, r->f, 0);
	ppdl_show_p(p, r->f_p);
	ppdl_document_paragraph(d, "%s rows, R² %s, adjusted %s, standard error of the residuals %s, %s degrees of "
							"freedom.", n, r2, adjusted, residual, df);
	if (!isnan(r->f))
		ppdl_document_paragraph(d, "All coefficients against none: F(%.0f, %.0f) = %s, p %s%s.", r->f_df, r->df, f,
								p[0] == '<' ? "" : "= ", p);
	if (r->ridge > 0)
		ppdl_document_paragraph(d, "With a ridge of %g: coefficients are drawn towards 0, and standard errors, p and "
								"intervals do not know how far.", r->ridge);
}

static void
put_coefficient(PpdlGrid *t, const PpdlMoments *m, const PpdlCoefficient *c)
{
	char		p[PPDL_ESTIMATE_SHOWN];

	if (c->is_constant)
		ppdl_grid_cell(t, "constant");
	else
		put_term(t, m, c->term);
	/* what the rows leave open needs no more digits than a hundredth of it */
	put_estimate(t, (PpdlEstimate) {c->value.value, fmax(c->value.error, isnan(c->se) ? 0 : c->se / 100),
				 c->value.doubt});
	put_number(t, c->se, c->se / 100);
	put_number(t, c->t, 0.01);
	ppdl_show_p(p, c->p);
	ppdl_grid_cell(t, "%s", p);
	put_number(t, c->interval.low, c->se / 100);
	put_number(t, c->interval.high, c->se / 100);
	put_error(t, c->value);
}

void
ppdl_statistics_coefficients(PpdlDocument *d, const PpdlMoments *m, const PpdlRegression *r)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER,
	PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER};
	char		caption[PPDL_TERM_NAME + 60],
				name[PPDL_TERM_NAME];
	PpdlGrid	t;

	put_fit(d, r);
	ppdl_term_name(m, r->response, name, sizeof name);
	snprintf(caption, sizeof caption, "Coefficients for %s, intervals of %g %%", name, 100 * r->level);
	ppdl_grid_begin(&t, caption, kind, 8);
	put_head(&t, (const char *const[]) {"column", "coefficient", "standard error", "t", "p", "from", "to",
			 "± by encryption"}, 8);
	for (int i = 0; i < r->count; i++)
		put_coefficient(&t, m, &r->coefficient[i]);
	ppdl_document_grid(d, &t);
	put_list(d, m, r->reference, r->references, "Levels are compared with: ", ".");
	put_list(d, m, r->omit, r->omitted, "Left out, being constant in these rows or following from the others: ", ".");
}

/* ------------------------------------------------------------------ cross table */

static const char *
level_of(const PpdlMoments *m, int variable, int level)
{
	return m->variable[variable].level[level];
}

static double
count_at(const PpdlCrosstab *c, int i, int j)
{
	return c->count[(size_t) i * (size_t) c->columns + (size_t) j].value;
}

/* of: what 100 % are, for the row and each column */
static void
put_percentages(PpdlGrid *t, const PpdlMoments *m, const PpdlCrosstab *c, int i, const char *of, int by_row,
				int by_column)
{
	char		shown[PPDL_SHOWN];

	ppdl_grid_cell(t, "%s, %% of %s", level_of(m, c->row, i), of);
	for (int j = 0; j <= c->columns; j++)
	{
		double		whole = by_row ? c->row_total[i].value : by_column && j < c->columns ? c->column_total[j].value :
			c->n.value;

		ppdl_show(shown, PPDL_QUANTITY_PERCENT, (j < c->columns ? count_at(c, i, j) : c->row_total[i].value) / whole);
		ppdl_grid_cell(t, "%s", whole > 0 ? shown : "");
	}
}

static void
put_counts(PpdlGrid *t, const PpdlMoments *m, const PpdlCrosstab *c)
{
	ppdl_grid_cell(t, "%s", m->variable[c->row].name);
	for (int j = 0; j < c->columns; j++)
		ppdl_grid_cell(t, "%s", level_of(m, c->column, j));
	ppdl_grid_cell(t, "all");
	for (int i = 0; i < c->rows; i++)
	{
		ppdl_grid_cell(t, "%s", level_of(m, c->row, i));
		for (int j = 0; j < c->columns; j++)
			put_rows(t, c->count[(size_t) i * (size_t) c->columns + (size_t) j]);
		put_rows(t, c->row_total[i]);
		put_percentages(t, m, c, i, "its row", 1, 0);
		put_percentages(t, m, c, i, "the column", 0, 1);
		put_percentages(t, m, c, i, "all", 0, 0);
	}
	ppdl_grid_cell(t, "all");
	for (int j = 0; j < c->columns; j++)
		put_rows(t, c->column_total[j]);
	put_rows(t, c->n);
}

static void
put_test(PpdlDocument *d, const PpdlCrosstab *c)
{
	char		chi2[PPDL_ESTIMATE_SHOWN],
				p[PPDL_ESTIMATE_SHOWN],
				v[PPDL_SHOWN],
				expected[PPDL_SHOWN];

	if (isnan(c->chi2.value))
	{
		ppdl_document_paragraph(d, "No test of independence (%s). %s", ppdl_doubt_word(c->chi2.doubt),
								c->chi2.doubt != PPDL_DOUBT_CONSTANT ? ppdl_doubt_text(c->chi2.doubt) :
								"One of the columns has a single level with rows.");
		return;
	}
	ppdl_show_estimate(chi2, c->chi2);
	ppdl_show_p(p, c->p);
	ppdl_show(v, PPDL_QUANTITY_NUMBER, c->cramer_v);
	ppdl_show(expected, PPDL_QUANTITY_NUMBER, c->least_expected);
	ppdl_document_paragraph(d, "Independence (Pearson): χ² = %s, %d degree%s of freedom, p %s%s; Cramér's V %s.", chi2,
							c->df, c->df == 1 ? "" : "s", p[0] == '<' ? "" : "= ", p, v);
	if (c->below_5)
		ppdl_document_paragraph(d, "%d cell%s with fewer than 5 rows expected (the least: %s): p is not to be relied "
								"on.", c->below_5, c->below_5 == 1 ? "" : "s", expected);
}

void
ppdl_statistics_counts(PpdlDocument *d, const PpdlMoments *m, const PpdlCrosstab *c)
{
	char		caption[300],
				odds[PPDL_SHOWN],
				low[PPDL_SHOWN],
				high[PPDL_SHOWN];
	PpdlColumn *kind = malloc(((size_t) c->columns + 2) * sizeof *kind);
	PpdlGrid	t;

	if (kind == NULL)
	{
		d->w->bad = 1;
		return;
	}
	for (int j = 0; j < c->columns + 2; j++)
		kind[j] = j ? PPDL_COLUMN_NUMBER : PPDL_COLUMN_NAME;
	snprintf(caption, sizeof caption, "Rows by %.*s and %.*s", PPDL_CUT(m->variable[c->row].name, 120),
			 PPDL_CUT(m->variable[c->column].name, 120));
	ppdl_grid_begin(&t, caption, kind, c->columns + 2);
	put_counts(&t, m, c);
	ppdl_document_grid(d, &t);
	free(kind);
	if (!c->is_rounded)
		ppdl_document_paragraph(d, "The error of encryption does not let counts be rounded: it stands beside them.");
	if (c->missing.value > 0)
	{
		char		rows[PPDL_ESTIMATE_SHOWN];

		ppdl_show_rows(rows, c->missing);
		ppdl_document_paragraph(d, "Rows in which one of the two is not known, and which are not counted: %s.", rows);
	}
	put_test(d, c);
	if (isnan(c->odds_ratio))
		return;
	ppdl_show(odds, PPDL_QUANTITY_NUMBER, c->odds_ratio);
	ppdl_show(low, PPDL_QUANTITY_NUMBER, c->odds_interval.low);
	ppdl_show(high, PPDL_QUANTITY_NUMBER, c->odds_interval.high);
	ppdl_document_paragraph(d, "Odds ratio %s, %g %% interval %s to %s (Woolf): odds of %s among %s over those among "
							"%s.%s", odds, 100 * c->level, low, high, level_of(m, c->column, 0),
							level_of(m, c->row, 0), level_of(m, c->row, 1),
							c->is_haldane ? " A cell is empty: ½ was added to each (Haldane)." : "");
}

/* ------------------------------------------------------------------ bands */

static void
put_quantiles(PpdlDocument *d, const PpdlHistogram *h)
{
	static const double p[] = {0.05, 0.25, 0.5, 0.75, 0.95};
	char		shown[5][PPDL_ESTIMATE_SHOWN];

	for (int i = 0; i < 5; i++)
	{
		PpdlEstimate q = ppdl_histogram_quantile(h, p[i]);

		ppdl_show_estimate(shown[i], (PpdlEstimate) {q.value, fmax(q.error, 0.01), q.doubt});
	}
	ppdl_document_paragraph(d, "Quantiles, rows taken as evenly spread in their band: 5 %% %s, 25 %% %s, median %s, "
							"75 %% %s, 95 %% %s.", shown[0], shown[1], shown[2], shown[3], shown[4]);
}

void
ppdl_statistics_bands(PpdlDocument *d, const PpdlMoments *m, const PpdlHistogram *h)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER};
	char		caption[200];
	double		below = 0;
	PpdlGrid	t;

	snprintf(caption, sizeof caption, "Rows by %.*s", PPDL_CUT(m->variable[h->variable].name, 160));
	ppdl_grid_begin(&t, caption, kind, 4);
	put_head(&t, (const char *const[]) {m->variable[h->variable].name, "rows", "share of the known", "up to here"}, 4);
	for (int i = 0; i < h->levels; i++)
	{
		below += h->count[i].value;
		ppdl_grid_cell(&t, "%s", level_of(m, h->variable, i));
		put_rows(&t, h->count[i]);
		put_share(&t, (PpdlEstimate) {h->count[i].value / h->n.value, 0, PPDL_SURE});
		put_share(&t, (PpdlEstimate) {h->edge ? below / h->n.value : NAN, 0, PPDL_SURE});
	}
	if (!(h->missing.value == 0))
	{
		ppdl_grid_cell(&t, "missing");
		put_rows(&t, h->missing);
		ppdl_grid_cell(&t, "%s", "");
		ppdl_grid_cell(&t, "%s", "");
	}
	ppdl_document_grid(d, &t);
	if (h->edge)
		put_quantiles(d, h);
}

/* ------------------------------------------------------------------ components */

static void
put_values(PpdlDocument *d, const PpdlComponents *c)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER,
	PPDL_COLUMN_NUMBER};
	double		sum = 0;
	PpdlGrid	t;

	ppdl_grid_begin(&t, c->is_correlation ? "Principal components of the correlations" :
					"Principal components of the covariances", kind, 5);
	put_head(&t, (const char *const[]) {"component", "variance", "± by encryption", "share", "with those before"}, 5);
	for (int r = 0; r < c->reliable; r++)
	{
		sum += c->share[r].value;
		ppdl_grid_cell(&t, "%d", r + 1);
		put_estimate(&t, c->value[r]);
		put_error(&t, c->value[r]);
		put_share(&t, c->share[r]);
		put_share(&t, (PpdlEstimate) {sum, 0, PPDL_SURE});
	}
	ppdl_document_grid(d, &t);
	if (c->reliable < c->count)
		ppdl_document_paragraph(d, "%d more component%s no variance, or less than the error of encryption lets see.",
								c->count - c->reliable, c->count - c->reliable == 1 ? " has" : "s have");
}

void
ppdl_statistics_components(PpdlDocument *d, const PpdlMoments *m, const PpdlComponents *c)
{
	PpdlColumn	kind[LOADINGS + 1] = {PPDL_COLUMN_NAME};
	int			shown = c->reliable < LOADINGS ? c->reliable : LOADINGS;
	PpdlGrid	t;

	put_values(d, c);
	for (int r = 0; r < shown; r++)
		kind[r + 1] = PPDL_COLUMN_NUMBER;
	ppdl_grid_begin(&t, "Directions of the first components", kind, shown + 1);
	ppdl_grid_cell(&t, "column");
	for (int r = 0; r < shown; r++)
		ppdl_grid_cell(&t, "%d", r + 1);
	for (int i = 0; i < c->count; i++)
	{
		put_term(&t, m, c->term[i]);
		for (int r = 0; r < shown; r++)
			put_number(&t, c->vector[(size_t) r * (size_t) c->count + (size_t) i], 0.001);
	}
	ppdl_document_grid(d, &t);
	put_list(d, m, c->omit, c->omitted, "Left out, varying less than the error lets see: ", ".");
}
