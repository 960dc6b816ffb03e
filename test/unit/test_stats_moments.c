/*
 * Statistics from moments against computations on the rows themselves: two-pass sums, least squares by orthogonal
 * columns, tables by counting, all in long double.  With errors in the moments, differences within what is stated.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "moments_fixture.h"
#include "stats/components.h"
#include "stats/crosstab.h"
#include "stats/describe.h"
#include "stats/distribution.h"
#include "stats/histogram.h"
#include "stats/regress.h"

#define TABLES 20
#define DEVIATIONS 6			/* of the stated error */
#define MOST 40					/* regressors here */

static PpdlError err;
static Table table;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
			fail_msg("%s", err.message); \
	} while (0)

#define check_estimate(e, should, slack) check_number_(e, should, slack, __LINE__)

static void
check_number_(PpdlEstimate e, double should, double slack, int line)
{
	if (!(fabs(e.value - should) <= DEVIATIONS * e.error + slack))
		fail_msg("line %d: %.12g, error %.3g (%s), instead of %.12g", line, e.value, e.error, ppdl_doubt_word(e.doubt),
				 should);
}

#define check_close(is, should, part) check_close_(is, should, part, __LINE__)

static void
check_close_(double is, double should, double part, int line)
{
	if (!(fabs(is - should) <= part * fabs(should) + 1e-300))
		fail_msg("line %d: %.15g instead of %.15g", line, is, should);
}

static int
says(const char *part)
{
	if (strstr(err.message, part))
		return 1;
	print_message("\"%s\" does not say \"%s\"\n", err.message, part);
	return 0;
}

/* ------------------------------------------------------------------ by the rows */

/* a number in the table's units, or 1 in rows that have the level; NaN where it is missing */
static double
of_row(const Table *t, PpdlTerm term, int row)
{
	double		v = t->value[term.variable][row];

	if (term.level == PPDL_TERM_MISSING)
		return isnan(v);
	return isnan(v) || t->variable[term.variable].kind == PPDL_VARIABLE_NUMBER ? v : v == term.level;
}

static long double
mean_of(const Table *t, PpdlTerm term, long *known)
{
	long double sum = 0;

	*known = 0;
	for (int r = 0; r < t->n; r++)
		if (!isnan(of_row(t, term, r)))
		{
			sum += of_row(t, term, r);
			++*known;
		}
	return sum / *known;
}

static long double
variance_of(const Table *t, PpdlTerm term)
{
	long		n;
	long double mean = mean_of(t, term, &n),
				sum = 0;

	for (int r = 0; r < t->n; r++)
		if (!isnan(of_row(t, term, r)))
			sum += (of_row(t, term, r) - mean) * (of_row(t, term, r) - mean);
	return sum / (n - 1);
}

/* over the rows that know both; the variances over those, too */
static long double
covariance_of(const Table *t, PpdlTerm a, PpdlTerm b, long *n, long double variance[2])
{
	long double mean[2] = {0, 0},
				sum[3] = {0, 0, 0};

	*n = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int r = 0; r < t->n; r++)
		{
			long double x = of_row(t, a, r),
						y = of_row(t, b, r);

			if (isnan(x) || isnan(y))
				continue;
			if (pass == 0)
			{
				mean[0] += x;
				mean[1] += y;
				++*n;
				continue;
			}
			sum[0] += (x - mean[0] / *n) * (x - mean[0] / *n);
			sum[1] += (y - mean[1] / *n) * (y - mean[1] / *n);
			sum[2] += (x - mean[0] / *n) * (y - mean[1] / *n);
		}
	variance[0] = sum[0] / (*n - 1);
	variance[1] = sum[1] / (*n - 1);
	return sum[2] / (*n - 1);
}

static double
unit_of(const Table *t, PpdlTerm term)
{
	const PpdlVariable *v = &t->variable[term.variable];

	return v->kind == PPDL_VARIABLE_NUMBER ? v->scale : 1;
}

/* ------------------------------------------------------------------ describe, correlate */

static void
check_descriptions(const Table *t, const PpdlTerm *term, int count)
{
	PpdlDescription *d = calloc((size_t) count, sizeof *d);

	ppdl_describe(d, &t->m, term, count);
	for (int i = 0; i < count; i++)
	{
		long		n;
		double		mean = (double) mean_of(t, term[i], &n),
					unit = unit_of(t, term[i]),
					variance = (double) variance_of(t, term[i]);

		check_estimate(d[i].n, n, 1e-9);
		check_estimate(d[i].missing, 1 - (double) n / t->n, 1e-12);
		check_estimate(d[i].mean, mean, 1e-12 * unit + 1e-13 * fabs(mean));
		if (variance == 0)
			assert_int_equal(d[i].deviation.doubt, PPDL_DOUBT_CONSTANT);
		else if (d[i].deviation.doubt == PPDL_DOUBT_CONSTANT)
			/* lost, and that it is so is right */
			assert_true(t->m.error > 0 && variance / (unit * unit) * (t->n - 1) < 20 * t->m.error);
		else
			check_estimate(d[i].deviation, sqrt(variance), 1e-9 * sqrt(variance));
	}
	free(d);
}

static void
check_correlations(const Table *t, const PpdlTerm *term, int count)
{
	PpdlCorrelation c;

	OK(ppdl_correlate(&c, &t->m, term, count, &err));
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
		{
			int			at = i * count + j;
			long		n;
			long double variance[2],
						covariance = covariance_of(t, term[i], term[j], &n, variance);
			double		unit = unit_of(t, term[i]) * unit_of(t, term[j]);

			check_estimate(c.n[at], n, 1e-9);
			if (t->variable[term[i].variable].kind == PPDL_VARIABLE_NUMBER)
				variance[0] = variance_of(t, term[i]);
			if (t->variable[term[j].variable].kind == PPDL_VARIABLE_NUMBER)
				variance[1] = variance_of(t, term[j]);
			if (variance[0] * variance[1] == 0)
			{
				assert_true(isnan(c.correlation[at].value));
				assert_int_equal(c.correlation[at].doubt, PPDL_DOUBT_CONSTANT);
				continue;
			}
			if (isnan(c.correlation[at].value))
			{
				assert_true(t->m.error > 0);
				continue;
			}
			check_estimate(c.covariance[at], (double) covariance, 1e-12 * unit);
			check_estimate(c.correlation[at], (double) (covariance / sqrtl(variance[0] * variance[1])), 1e-9);
			assert_true(fabs(c.correlation[at].value) <= 1);
		}
	ppdl_correlation_free(&c);
}

/* ------------------------------------------------------------------ least squares by orthogonal columns */

typedef struct Model
{
	int			p,
				rows;
	PpdlTerm	term[MOST];
	long double mean[MOST],		/* of the column, filled */
				fill[MOST],
				b[MOST],
				se[MOST],
				constant,
				constant_se,
				rss,
				tss,
				df;
} Model;

static long double
regressor(const Table *t, const Model *m, int i, int row)
{
	double		v = of_row(t, m->term[i], row);

	return isnan(v) ? m->fill[i] : v;
}

/*
 * Columns, centred, with rows of the ridge below them, made orthogonal one by one, twice; then back substitution.
 * Standard errors from the inverse of the triangle, with the rows' own squares in between.
 */
static void
solve_rows(Model *m, const Table *t, PpdlTerm response, double ridge)
{
	int			p = m->p,
				n = t->n,
				rows = n + (ridge > 0 ? p : 0);
	long double *q = calloc((size_t) rows * (p + 1), sizeof *q),
			   *x = calloc((size_t) n * p, sizeof *x),
				(*r)[MOST + 1] = calloc(MOST + 1, sizeof *r),
				(*inv)[MOST] = calloc(MOST, sizeof *inv),
				trace = 0,
				y_mean = 0,
				sigma2;

	m->tss = m->rss = 0;
	for (int i = 0; i <= p; i++)
	{
		long double mean = 0,
					square = 0;

		for (int k = 0; k < n; k++)
			mean += (i < p ? regressor(t, m, i, k) : of_row(t, response, k)) / n;
		for (int k = 0; k < n; k++)
		{
			q[i * rows + k] = (i < p ? regressor(t, m, i, k) : of_row(t, response, k)) - mean;
			square += q[i * rows + k] * q[i * rows + k];
		}
		if (i == p)
		{
			m->tss = square;
			y_mean = mean;
			break;
		}
		memcpy(x + i * n, q + i * rows, sizeof *q * n);
		m->mean[i] = mean;
		if (ridge > 0)
			q[i * rows + n + i] = sqrtl(ridge * square / n);
	}
	for (int i = 0; i <= p; i++)
	{
		long double square = 0;

		for (int twice = 0; twice < 2; twice++)
			for (int j = 0; j < i; j++)
			{
				long double dot = 0;

				for (int k = 0; k < rows; k++)
					dot += q[j * rows + k] * q[i * rows + k];
				r[j][i] += dot;
				for (int k = 0; k < rows; k++)
					q[i * rows + k] -= dot * q[j * rows + k];
			}
		for (int k = 0; k < rows; k++)
			square += q[i * rows + k] * q[i * rows + k];
		r[i][i] = sqrtl(square);
		for (int k = 0; i < p && k < rows; k++)
			q[i * rows + k] /= r[i][i];
	}
	for (int i = p - 1; i >= 0; i--)
	{
		m->b[i] = r[i][p];
		for (int j = i + 1; j < p; j++)
			m->b[i] -= r[i][j] * m->b[j];
		m->b[i] /= r[i][i];
		for (int c = 0; c < p; c++)
		{
			inv[i][c] = i == c;
			for (int j = i + 1; j < p; j++)
				inv[i][c] -= r[i][j] * inv[j][c];
			inv[i][c] /= r[i][i];
		}
	}
	for (int k = 0; k < n; k++)
	{
		long double rest = of_row(t, response, k) - y_mean;

		for (int i = 0; i < p; i++)
			rest -= m->b[i] * x[i * n + k];
		m->rss += rest * rest;
	}
	/* the hat matrix is Q Q' of the rows' own part */
	for (int i = 0; i < p; i++)
		for (int j = 0; j < p; j++)
		{
			long double dot = 0;

			for (int k = 0; k < n; k++)
				dot += q[i * rows + k] * q[j * rows + k];
			trace += i == j ? 2 * dot : 0;
			trace -= dot * dot;
		}
	m->df = n - 1 - trace;
	sigma2 = m->rss / m->df;
	m->constant = y_mean;
	m->constant_se = 1.0L / n;
	for (int i = 0; i < p; i++)
		m->constant -= m->b[i] * m->mean[i];
	/* b = inv Q' y: its covariances are inv (Q'Q of the rows' own part) inv' */
	for (int a = 0; a < p; a++)
		for (int b = 0; b < p; b++)
		{
			long double cov = 0;

			for (int i = 0; i < p; i++)
				for (int j = 0; j < p; j++)
				{
					long double dot = 0;

					if (inv[a][i] == 0 || inv[b][j] == 0)
						continue;
					if (ridge == 0)
						dot = i == j;
					else
						for (int k = 0; k < n; k++)
							dot += q[i * rows + k] * q[j * rows + k];
					cov += inv[a][i] * dot * inv[b][j];
				}
			m->constant_se += m->mean[a] * cov * m->mean[b];
			if (a == b)
				m->se[a] = sqrtl(cov * sigma2);
		}
	m->constant_se = sqrtl(m->constant_se * sigma2);
	free(q);
	free(x);
	free(r);
	free(inv);
}

/* the regressors that the answer has, with the values that missing ones take */
static void
model_of(Model *model, const Table *t, const PpdlRegression *r)
{
	memset(model, 0, sizeof *model);
	for (int i = 1; i < r->count; i++)
	{
		long		n;

		model->term[model->p] = r->coefficient[i].term;
		if (t->variable[r->coefficient[i].term.variable].kind == PPDL_VARIABLE_NUMBER)
			model->fill[model->p] = mean_of(t, r->coefficient[i].term, &n);
		model->p++;
	}
}

static void
check_coefficient(const PpdlCoefficient *c, long double b, long double se, const PpdlRegression *r, double part)
{
	double		slack = part * (fabs((double) b) + (double) se);

	if (c->value.doubt == PPDL_DOUBT_LOST)
	{
		assert_true(c->value.error != c->value.error);
		return;
	}
	check_estimate(c->value, (double) b, slack);
	if (part > 1e-6)
		return;
	check_close(c->se, (double) se, part);
	check_close(c->t, (double) (b / se), part * 10 + part / fabs((double) (b / se)));
	check_close(c->p, ppdl_t_two_sided(c->t, r->df), 1e-12);
	check_close(c->interval.high - c->interval.low, 2 * ppdl_t_within(r->level, r->df) * c->se, 1e-9);
}

static void
check_regression(const Table *t, const PpdlRegression *r, double part)
{
	Model		m;

	model_of(&m, t, r);
	assert_true(r->coefficient[0].is_constant && r->count == m.p + 1);
	solve_rows(&m, t, r->response, r->ridge);
	check_coefficient(&r->coefficient[0], m.constant, m.constant_se, r, part);
	for (int i = 0; i < m.p; i++)
		check_coefficient(&r->coefficient[i + 1], m.b[i], m.se[i], r, part);
	check_close(r->df, (double) m.df, part);
	/* of one standard deviation of each */
	for (int i = 0; i < m.p && part < 1e-6; i++)
	{
		long double square = 0;

		for (int k = 0; k < t->n; k++)
			square += (regressor(t, &m, i, k) - m.mean[i]) * (regressor(t, &m, i, k) - m.mean[i]);
		check_close(r->coefficient[i + 1].standard, (double) sqrtl(square / m.tss), part);
	}
	check_estimate(r->r2, (double) (1 - m.rss / m.tss), part);
	check_estimate(r->adjusted_r2, (double) (1 - m.rss / m.df / (m.tss / (t->n - 1))), part);
	check_estimate(r->residual, (double) sqrtl(m.rss / m.df), part * (double) sqrtl(m.rss / m.df));
	if (r->ridge == 0)
		check_close(r->f, (double) ((m.tss - m.rss) / m.p / (m.rss / m.df)), part * 100);
}

static int
has_term(const PpdlTerm *list, int count, const char *name)
{
	char		shown[PPDL_TERM_NAME];

	for (int i = 0; i < count; i++)
	{
		ppdl_term_name(&table.m, list[i], shown, sizeof shown);
		if (strcmp(shown, name) == 0)
			return 1;
	}
	return 0;
}

/* on all columns of the random tables that do not follow from others */
static void
check_regressions(const Table *t, double part)
{
	static const int columns[] = {0, 1, 2, 3, 4, 5, 6};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 7,.level = 0.95};
	PpdlRegression r;

	for (int i = 0; i < 3; i++)
	{
		opt.ridge = i == 1 ? 25 : 0;
		opt.response = i == 2 ? (PpdlTerm) {7, 2} : (PpdlTerm) {9, 0};
		OK(ppdl_regress(&r, &t->m, &opt, &err));
		assert_true(has_term(r.omit, r.omitted, "Dose"));
		assert_true(has_term(r.reference, r.references, "Ward = a"));
		assert_true(has_term(r.reference, r.references, "Blood = a"));
		check_regression(t, &r, part);
		ppdl_regression_free(&r);
	}
}

/* ------------------------------------------------------------------ tables and bands */

static void
check_crosstab(const Table *t, int row, int column)
{
	PpdlCrosstab c;
	long		n = 0;
	double		chi2 = 0;

	OK(ppdl_crosstab(&c, &t->m, row, column, 0.95, &err));
	assert_true(c.is_rounded);
	for (int i = 0; i < c.rows; i++)
		for (int j = 0; j < c.columns; j++)
		{
			int			count = 0;

			for (int k = 0; k < t->n; k++)
				count += t->value[row][k] == i && t->value[column][k] == j;
			assert_true(c.count[i * c.columns + j].value == count && c.count[i * c.columns + j].error == 0);
			n += count;
		}
	assert_true(c.n.value == (double) n && c.missing.value == (double) (t->n - n));
	/* Pearson's from the counts alone: sum of o^2/e, less n */
	for (int i = 0; i < c.rows; i++)
		for (int j = 0; j < c.columns; j++)
		{
			double		o = c.count[i * c.columns + j].value,
						e = c.row_total[i].value * c.column_total[j].value / (double) n;

			chi2 += e > 0 ? o * o / e : 0;
		}
	if (c.df > 0)
	{
		assert_true(fabs(c.chi2.value - (chi2 - (double) n)) <= 1e-9 * (double) n);
		check_close(c.p, ppdl_chi2_tail(c.chi2.value, c.df), 1e-12);
	}
	ppdl_crosstab_free(&c);
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* each row of a band put evenly into it; column: 7 and 8 are bands of column 0 */
static void
check_histogram(const Table *t, int column)
{
	PpdlHistogram h;
	double	   *sorted = calloc((size_t) t->n + 1, sizeof *sorted);
	int			counts[4] = {0},
				n = 0;

	OK(ppdl_histogram(&h, &t->m, column, &err));
	for (int k = 0; k < t->n; k++)
		if (!isnan(t->value[column][k]))
			counts[(int) t->value[column][k]]++;
	for (int i = 0; i < h.levels; i++)
	{
		assert_true(h.count[i].value == counts[i]);
		for (int k = 0; k < counts[i]; k++)
			sorted[n++] = fixture_edge[i] + (fixture_edge[i + 1] - fixture_edge[i]) * (k + 1) / counts[i];
	}
	assert_true(h.n.value == n && h.missing.value == t->n - n);
	qsort(sorted, (size_t) n, sizeof *sorted, compare);
	for (int i = 1; i < n; i += 1 + n / 20)
		check_estimate(ppdl_histogram_quantile(&h, (double) i / n), sorted[i - 1], 1e-9);
	check_estimate(ppdl_histogram_quantile(&h, 1), sorted[n - 1], 1e-9);
	free(sorted);
	ppdl_histogram_free(&h);
}

/* ------------------------------------------------------------------ components */

static void
check_components(const Table *t, const PpdlTerm *term, int count, int is_correlation)
{
	PpdlCorrelation c;
	PpdlComponents p;
	double		trace = 0,
				all = 0;

	OK(ppdl_correlate(&c, &t->m, term, count, &err));
	OK(ppdl_components(&p, &c, is_correlation, NULL, &err));
	for (int i = 0; i < count; i++)
	{
		long		n;
		long double variance[2];

		trace += is_correlation ? !isnan(c.correlation[i * count + i].value) :
			(double) covariance_of(t, term[i], term[i], &n, variance);
	}
	/* the components' directions have the variances that are said of them */
	for (int r = 0; r < p.count; r++)
	{
		long double variance = 0;
		double		slack = 1e-9 * trace;

		all += p.value[r].value;
		for (int i = 0; i < p.count; i++)
			for (int j = 0; j < p.count; j++)
			{
				long		n;
				long double v[2],
							cov = covariance_of(t, p.term[i], p.term[j], &n, v),
							scale = is_correlation ? sqrtl(variance_of(t, p.term[i]) * variance_of(t, p.term[j])) : 1;

				variance += p.vector[r * p.count + i] * p.vector[r * p.count + j] * cov / scale;
			}
		if (t->m.error == 0 || p.value[r].doubt == PPDL_SURE)
			check_estimate(p.value[r], (double) variance, slack);
	}
	if (t->m.error == 0)
		check_close(all, trace, 1e-9);
	ppdl_components_free(&p);
	ppdl_correlation_free(&c);
}

/* ------------------------------------------------------------------ random tables */

static void
check_table(double error, double part)
{
	PpdlTerm   *term;
	/* levels of complete columns: their standard deviations are of the same rows */
	static const PpdlTerm complete[] = {{0, 0}, {9, 0}, {3, 0}, {6, 0}, {6, 1}, {6, 2}, {6, 3}, {7, 0}};
	int			count;

	OK(ppdl_moments_check(&table.m, &err));
	OK(ppdl_moments_terms(&term, &count, &table.m, &err));
	check_descriptions(&table, term, count);
	check_correlations(&table, term, count);
	check_regressions(&table, part);
	for (int i = 4; i <= 8; i++)
		for (int j = 4; j <= 8; j++)
			if (i != j && error < 0.1)
				check_crosstab(&table, i, j);
	check_histogram(&table, 7);
	check_histogram(&table, 8);
	check_components(&table, complete, 8, 0);
	check_components(&table, complete, 8, 1);
	free(term);
}

static void
test_random_tables(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= TABLES; seed++)
	{
		int			n = 60 + (int) (seed * 37 % 240);
		double		error = ldexp(sqrt(n), -27);

		print_message("seed %d: %d rows\n", (int) seed, n);
		table_random(&table, n, seed);
		assert_true(table_moments(&table, 0, seed));
		check_table(0, 1e-7);
		ppdl_moments_free(&table.m);
		/* as lwe_gram has it for rows of 16 values */
		assert_true(table_moments(&table, error, seed));
		check_table(error, 1e-3);
		ppdl_moments_free(&table.m);
	}
}

/* what is stated as standard deviation of the error is one */
static void
test_stated_errors(void **state)
{
	enum
	{
		DRAWS = 150,
		KINDS = 14
	};
	static const int columns[] = {0, 1, 4, 5};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 4,.level = 0.95};
	PpdlTerm	term[] = {{0, 0}, {1, 0}, {9, 0}};
	double		exact[KINDS] = {0},
				square[KINDS] = {0};

	(void) state;
	table_random(&table, 400, 12);
	for (int draw = 0; draw <= DRAWS; draw++)
	{
		PpdlDescription d[3];
		PpdlCorrelation c;
		PpdlRegression r;
		PpdlComponents p,
					q;

		assert_true(table_moments(&table, draw ? 0.02 : 0, (uint64_t) draw));
		OK(ppdl_moments_check(&table.m, &err));
		ppdl_describe(d, &table.m, term, 3);
		OK(ppdl_correlate(&c, &table.m, term, 3, &err));
		OK(ppdl_regress(&r, &table.m, &opt, &err));
		OK(ppdl_components(&p, &c, 0, NULL, &err));
		OK(ppdl_components(&q, &c, 1, NULL, &err));
		for (int i = 0; i < KINDS; i++)
		{
			PpdlEstimate e[] = {d[0].mean, d[1].mean, d[0].deviation, d[1].deviation, c.covariance[1], c.correlation[2],
				r.coefficient[0].value, r.coefficient[1].value, r.coefficient[2].value, r.r2, r.residual, p.value[0],
				q.value[0], q.value[2]};

			if (draw == 0)
				exact[i] = e[i].value;
			else
				square[i] += (e[i].value - exact[i]) * (e[i].value - exact[i]) / (e[i].error * e[i].error) / DRAWS;
		}
		ppdl_components_free(&p);
		ppdl_components_free(&q);
		ppdl_correlation_free(&c);
		ppdl_regression_free(&r);
		ppdl_moments_free(&table.m);
	}
	for (int i = 0; i < KINDS; i++)
		if (!(sqrt(square[i]) > 0.7 && sqrt(square[i]) < 1.3))
			fail_msg("number %d is off by %.3g times its stated error", i, sqrt(square[i]));
}

/* the same of tables and quantiles, where counts cannot be rounded; a chi-squared test of many rows */
static void
test_stated_errors_of_counts(void **state)
{
	enum
	{
		DRAWS = 60
	};
	double		exact[2] = {0},
				square[2] = {0};

	(void) state;
	table_random(&table, TABLE_ROWS, 16);
	for (int i = 0; i < TABLE_ROWS; i++)
		if (table.value[7][i] == 2 && i % 2)
			table.value[5][i] = 1;
	for (int draw = 0; draw <= DRAWS; draw++)
	{
		PpdlCrosstab c;
		PpdlHistogram h;

		assert_true(table_moments(&table, draw ? 0.4 : 0, (uint64_t) draw));
		OK(ppdl_moments_check(&table.m, &err));
		OK(ppdl_crosstab(&c, &table.m, 7, 5, 0.95, &err));
		OK(ppdl_histogram(&h, &table.m, 7, &err));
		for (int i = 0; i < 2; i++)
		{
			PpdlEstimate e = i ? ppdl_histogram_quantile(&h, 0.4) : c.chi2;

			if (draw == 0)
				exact[i] = e.value;
			else
				square[i] += (e.value - exact[i]) * (e.value - exact[i]) / (e.error * e.error) / DRAWS;
		}
		ppdl_crosstab_free(&c);
		ppdl_histogram_free(&h);
		ppdl_moments_free(&table.m);
	}
	for (int i = 0; i < 2; i++)
		if (!(sqrt(square[i]) > 0.6 && sqrt(square[i]) < 1.4))
			fail_msg("number %d is off by %.3g times its stated error", i, sqrt(square[i]));
}

/* ------------------------------------------------------------------ textbooks */

/*
 * Longley (JASA 1967), to whose regression programs of the time gave up to no digit in common; certified values of
 * NIST's Statistical Reference Datasets.
 */
static const double longley[16][7] = {
	{60323, 83.0, 234289, 2356, 1590, 107608, 1947}, {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
	{60171, 88.2, 258054, 3682, 1616, 109773, 1949}, {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
	{63221, 96.2, 328975, 2099, 3099, 112075, 1951}, {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
	{64989, 99.0, 365385, 1870, 3547, 115094, 1953}, {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
	{66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
	{68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
	{68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
	{69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962}
};

static void
longley_table(double error)
{
	static const char *const names[] = {"employed", "deflator", "gnp", "unemployed", "armed", "population", "year"};

	memset(&table, 0, sizeof table);
	table.n = 16;
	for (int i = 0; i < 7; i++)
	{
		double	   *v = table_column(&table, names[i], PPDL_VARIABLE_NUMBER, 0, 0),
					lo = INFINITY,
					hi = -INFINITY;

		for (int k = 0; k < 16; k++)
		{
			v[k] = longley[k][i];
			lo = fmin(lo, v[k]);
			hi = fmax(hi, v[k]);
		}
		table_range(&table, i, lo, hi);
	}
	assert_true(table_moments(&table, error, 5));
	OK(ppdl_moments_check(&table.m, &err));
}

static void
test_longley(void **state)
{
	static const double certified[7][2] = {
		{-3482258.63459582, 890420.383607373}, {15.0618722713733, 84.9149257747669},
		{-0.358191792925910e-01, 0.334910077722432e-01}, {-2.02022980381683, 0.488399681651699},
		{-1.03322686717359, 0.214274163161675}, {-0.511041056535807e-01, 0.226073200069370},
		{1829.15146461355, 455.478499142212}
	};
	static const int columns[] = {1, 2, 3, 4, 5, 6};
	PpdlRegressOptions opt = {.variable = columns,.variables = 6,.level = 0.95};
	PpdlRegression r;

	(void) state;
	longley_table(0);
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	for (int i = 0; i < 7; i++)
	{
		check_close(r.coefficient[i].value.value, certified[i][0], 1e-8);
		check_close(r.coefficient[i].se, certified[i][1], 1e-8);
	}
	check_close(r.residual.value, 304.854073561965, 1e-9);
	check_close(r.r2.value, 0.995479004577296, 1e-11);
	check_close(r.f, 330.285339234588, 1e-8);
	assert_true(r.df == 9);
	ppdl_regression_free(&r);
	ppdl_moments_free(&table.m);
	/* with the error of encryption, as much as is stated */
	longley_table(1e-7);
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	for (int i = 0; i < 7; i++)
		check_estimate(r.coefficient[i].value, certified[i][0], 0);
	ppdl_regression_free(&r);
	ppdl_moments_free(&table.m);
	/* and where that is more than what columns have of their own, no numbers */
	longley_table(1e-2);
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
	assert_true(says("collinear"));
	opt.ridge = 1;
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	ppdl_regression_free(&r);
	ppdl_moments_free(&table.m);
}

/* a table of two columns with these counts */
static void
two_by_two(const int count[2][2])
{
	double	   *a,
			   *b;

	memset(&table, 0, sizeof table);
	a = table_column(&table, "Cancer", PPDL_VARIABLE_BINARY, 2, 0);
	b = table_column(&table, "Smoker", PPDL_VARIABLE_CATEGORIES, 2, 0);
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			for (int k = 0; k < count[i][j]; k++)
			{
				a[table.n] = i;
				b[table.n++] = j;
			}
	assert_true(table_moments(&table, 1e-4, 3));
	OK(ppdl_moments_check(&table.m, &err));
}

static void
test_two_by_two(void **state)
{
	/* smoking and carcinoma of the lung, men, Doll and Hill (BMJ 1950), as in textbooks */
	static const int doll[2][2] = {{688, 21}, {650, 59}},
				empty[2][2] = {{10, 0}, {5, 7}},
				single[2][2] = {{10, 3}, {0, 0}};
	PpdlCrosstab c;

	(void) state;
	two_by_two(doll);
	OK(ppdl_crosstab(&c, &table.m, 0, 1, 0.95, &err));
	assert_true(fabs(c.odds_ratio - 2.97) < 0.005 && fabs(c.chi2.value - 19.13) < 0.005);
	assert_true(fabs(c.odds_interval.low - 1.79) < 0.005 && fabs(c.odds_interval.high - 4.95) < 0.01);
	assert_true(c.df == 1 && !c.is_haldane && c.below_5 == 0 && c.least_expected == 40);
	check_close(c.cramer_v, sqrt(c.chi2.value / 1418), 1e-12);
	ppdl_crosstab_free(&c);
	ppdl_moments_free(&table.m);
	two_by_two(empty);
	OK(ppdl_crosstab(&c, &table.m, 0, 1, 0.9, &err));
	assert_true(c.is_haldane && c.below_5 == 2);
	check_close(c.odds_ratio, 10.5 * 7.5 / (0.5 * 5.5), 1e-12);
	check_close(log(c.odds_interval.high / c.odds_ratio),
				1.6448536269514722 * sqrt(1 / 10.5 + 1 / 0.5 + 1 / 5.5 + 1 / 7.5), 1e-10);
	ppdl_crosstab_free(&c);
	ppdl_moments_free(&table.m);
	two_by_two(single);
	OK(ppdl_crosstab(&c, &table.m, 0, 1, 0.95, &err));
	assert_true(c.df == 0 && isnan(c.odds_ratio) && isnan(c.p));
	assert_int_equal(c.chi2.doubt, PPDL_DOUBT_CONSTANT);
	ppdl_crosstab_free(&c);
	ppdl_moments_free(&table.m);
}

/* ------------------------------------------------------------------ what there is nothing to say of */

static void
test_few_rows(void **state)
{
	static const int columns[] = {0, 1};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 2,.level = 0.95};
	PpdlDescription d;
	PpdlCorrelation c;
	PpdlComponents p;
	PpdlRegression r;
	PpdlCrosstab x;
	PpdlHistogram h;
	PpdlTerm	age[] = {{0, 0}, {9, 0}};

	(void) state;
	for (int n = 0; n <= 3; n++)
	{
		/* seed: all of the rows' weights are known */
		table_random(&table, n, 7);
		for (int i = 0; i < n; i++)
			table.value[1][i] = 70 + i * i;
		assert_true(table_moments(&table, 1e-6, 1));
		OK(ppdl_moments_check(&table.m, &err));
		ppdl_describe(&d, &table.m, age, 1);
		assert_true(d.n.value == n);
		assert_int_equal(d.mean.doubt, n == 0 ? PPDL_DOUBT_NO_ROWS : PPDL_SURE);
		assert_int_equal(d.deviation.doubt, n == 0 ? PPDL_DOUBT_NO_ROWS : n == 1 ? PPDL_DOUBT_FEW_ROWS : PPDL_SURE);
		assert_true(isnan(d.deviation.value) == (n < 2));
		OK(ppdl_correlate(&c, &table.m, age, 2, &err));
		assert_true(isnan(c.correlation[1].value) == (n < 2));
		assert_int_equal(ppdl_components(&p, &c, 1, NULL, &err), n < 2 ? PPDL_ERR_RANGE : PPDL_OK);
		ppdl_components_free(&p);
		ppdl_correlation_free(&c);
		assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
		assert_true(says("too few"));
		OK(ppdl_crosstab(&x, &table.m, 4, 6, 0.95, &err));
		assert_true(isnan(x.p) || n >= 2);
		ppdl_crosstab_free(&x);
		OK(ppdl_histogram(&h, &table.m, 7, &err));
		assert_int_equal(ppdl_histogram_quantile(&h, 0.5).doubt, n == 0 ? PPDL_DOUBT_NO_ROWS : PPDL_SURE);
		ppdl_histogram_free(&h);
		ppdl_moments_free(&table.m);
	}
}

/* a group so small that its sums drown, and sums that no rows have */
static void
test_nonsense(void **state)
{
	PpdlTerm	age = {0, 0};
	PpdlDescription d;
	PpdlCorrelation c;

	(void) state;
	table_random(&table, 10, 3);
	assert_true(table_moments(&table, 40, 3));
	/* the moments of few rows with the error of millions; nothing outside of what is possible at first */
	for (int i = 0; i < table.width; i++)
		table.m.sum[i] = fmax(-10, fmin(10, table.m.sum[i]));
	OK(ppdl_moments_check(&table.m, &err));
	ppdl_describe(&d, &table.m, &age, 1);
	assert_int_equal(d.mean.doubt, PPDL_DOUBT_LOST);
	assert_true(isnan(d.mean.value) && isnan(d.deviation.value) && isnan(d.deviation.error));
	ppdl_moments_free(&table.m);

	/* a variance below zero by more than the error */
	table_random(&table, 100, 3);
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.sum[0] = 80;
	table.m.gram[0] = 10;
	OK(ppdl_moments_check(&table.m, &err));
	ppdl_describe(&d, &table.m, &age, 1);
	assert_int_equal(d.deviation.doubt, PPDL_DOUBT_IMPOSSIBLE);
	OK(ppdl_correlate(&c, &table.m, &age, 1, &err));
	assert_int_equal(c.correlation[0].doubt, PPDL_DOUBT_IMPOSSIBLE);
	assert_true(isnan(c.covariance[0].value));
	ppdl_correlation_free(&c);
	ppdl_moments_free(&table.m);

	/* standard deviations of other rows would have the correlation at 2 */
	for (int i = 0; i < 100; i++)
	{
		table.value[0][i] = i % 4 ? 45 + i % 2 : i < 50 ? 1 : 80;
		table.value[1][i] = i % 4 ? NAN : table.value[0][i] + 40;
	}
	assert_true(table_moments(&table, 1e-3, 3));
	OK(ppdl_moments_check(&table.m, &err));
	OK(ppdl_correlate(&c, &table.m, (PpdlTerm[]) {{0, 0}, {1, 0}}, 2, &err));
	assert_true(c.correlation[1].value == 1 && c.correlation[1].doubt == PPDL_DOUBT_CUT);
	ppdl_correlation_free(&c);
	ppdl_moments_free(&table.m);

	/* a constant column varies no more than the error */
	assert_true(table_moments(&table, 1e-3, 4));
	OK(ppdl_moments_check(&table.m, &err));
	ppdl_describe(&d, &table.m, (PpdlTerm[]) {{3, 0}}, 1);
	assert_int_equal(d.deviation.doubt, PPDL_DOUBT_CONSTANT);
	check_estimate(d.mean, 20, 0);
	ppdl_moments_free(&table.m);
}

static void
test_wrong_moments(void **state)
{
	const PpdlVariable *v = table.variable;

	(void) state;
	/* sums of other rows than were counted */
	table_random(&table, 100, 3);
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.n = 50;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	ppdl_moments_free(&table.m);
	/* a count that is none */
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.sum[v[6].first] += 0.4;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	assert_true(says("Blood") && says("no number of rows"));
	ppdl_moments_free(&table.m);
	/* two wards at once */
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.gram[v[5].first * table.width + v[5].first + 1] += 14;
	table.m.gram[(v[5].first + 1) * table.width + v[5].first] += 14;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	assert_true(says("Ward"));
	ppdl_moments_free(&table.m);
	/* fewer rows with a category than none */
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.sum[v[6].first] = -3;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	ppdl_moments_free(&table.m);
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.sum[0] = NAN;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	assert_true(says("Age"));
	ppdl_moments_free(&table.m);
	/* shapes */
	assert_true(table_moments(&table, 1e-3, 3));
	table.m.n = 1.5;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_ARGUMENT);
	table.m.n = 100;
	table.variable[8].first = table.width - 1;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_ARGUMENT);
	table.variable[8].first = v[7].first;
	table.variable[0].scale = 0;
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_ARGUMENT);
	ppdl_moments_free(&table.m);
	assert_int_equal(ppdl_moments_alloc(&table.m, 0, &err), PPDL_ERR_ARGUMENT);
}

/* rows whose category was not known are neither missing nor any of the levels */
static void
test_unknown_categories(void **state)
{
	static const int columns[] = {6};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 1,.level = 0.95};
	PpdlRegression r;
	PpdlCrosstab c;

	(void) state;
	table_random(&table, 200, 6);
	for (int i = 0; i < 200; i += 5)
		table.value[6][i] = NAN;
	assert_true(table_moments(&table, 0, 3));
	OK(ppdl_moments_check(&table.m, &err));
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	assert_true(has_term(r.reference, r.references, "Blood: none of these"));
	/* the constant is the mean of the others, each coefficient a difference to it */
	{
		double		sum = 0;

		for (int i = 0; i < 200; i += 5)
			sum += table.value[9][i] / 40;
		check_estimate(r.coefficient[0].value, sum, 1e-8);
	}
	ppdl_regression_free(&r);
	OK(ppdl_crosstab(&c, &table.m, 6, 7, 0.95, &err));
	assert_true(c.n.value == 160 && c.missing.value == 40);
	ppdl_crosstab_free(&c);
	ppdl_moments_free(&table.m);
	/* of two in one value nothing tells them from half of each */
	table_random(&table, 200, 6);
	table.value[4][17] = NAN;
	assert_true(table_moments(&table, 0, 3));
	assert_int_equal(ppdl_moments_check(&table.m, &err), PPDL_ERR_RANGE);
	assert_true(says("Sex") && strstr(err.hint, "taken for none of them") && strstr(err.hint, "--") == NULL);
	ppdl_moments_free(&table.m);
}

static void
test_collinear(void **state)
{
	static const int columns[] = {0, 1, 2, 6, 10};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 5,.level = 0.95};
	PpdlRegression r;
	double	   *sum;

	(void) state;
	for (int noisy = 0; noisy < 2; noisy++)
	{
		table_random(&table, 300, 8);
		sum = table_column(&table, "Sum", PPDL_VARIABLE_NUMBER, 0, 0);
		table_range(&table, 10, 0, 300);
		for (int i = 0; i < 300; i++)
		{
			table.value[1][i] = isnan(table.value[1][i]) ? 70 : table.value[1][i];
			/* nearly, within what the error lets see */
			sum[i] = table.value[0][i] + table.value[1][i] + (noisy ? 1e-4 * (i % 7) : 0);
		}
		assert_true(table_moments(&table, noisy ? 1e-5 : 0, 3));
		OK(ppdl_moments_check(&table.m, &err));
		assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
		assert_true(says("\"Sum\" follows from \"Age\", \"Weight\" (collinear)"));
		assert_non_null(strstr(err.hint, "ridge"));
		/* a penalty decides between them */
		opt.ridge = 5;
		OK(ppdl_regress(&r, &table.m, &opt, &err));
		check_regression(&table, &r, noisy ? 1e-3 : 1e-7);
		ppdl_regression_free(&r);
		opt.ridge = 0;
		ppdl_moments_free(&table.m);
	}
	/* columns that are missing in the same rows: one indicator of it is enough */
	table_random(&table, 300, 9);
	for (int i = 0; i < 300; i++)
		table.value[2][i] = isnan(table.value[1][i]) ? NAN : 150 + i % 40;
	assert_true(table_moments(&table, 1e-6, 3));
	OK(ppdl_moments_check(&table.m, &err));
	opt.variables = 4;
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	assert_true(has_term(r.omit, r.omitted, "Height missing") && !has_term(r.omit, r.omitted, "Weight missing"));
	check_regression(&table, &r, 1e-3);
	ppdl_regression_free(&r);
	ppdl_moments_free(&table.m);
	/* a line through all rows leaves no residuals to take errors from */
	table_random(&table, 100, 11);
	for (int i = 0; i < 100; i++)
		table.value[9][i] = 3 * table.value[0][i] - 50;
	assert_true(table_moments(&table, 1e-6, 3));
	OK(ppdl_moments_check(&table.m, &err));
	opt.variables = 1;
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	check_estimate(r.coefficient[1].value, 3, 0);
	check_estimate(r.coefficient[0].value, -50, 0);
	assert_true(isnan(r.coefficient[1].se) && isnan(r.coefficient[1].p) && isnan(r.f));
	assert_int_equal(r.residual.doubt, PPDL_DOUBT_LOST);
	ppdl_regression_free(&r);
	ppdl_moments_free(&table.m);
}

/* whatever the error is in the moments, it is not taken for what a column has of its own */
static void
test_collinear_always(void **state)
{
	static const int columns[] = {0, 1, 10};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 3,.level = 0.95};
	PpdlRegression r;
	double	   *sum;

	(void) state;
	table_random(&table, 50, 8);
	sum = table_column(&table, "Sum", PPDL_VARIABLE_NUMBER, 0, 0);
	table_range(&table, 10, 0, 300);
	for (int i = 0; i < 50; i++)
	{
		table.value[1][i] = isnan(table.value[1][i]) ? 70 : table.value[1][i];
		sum[i] = table.value[0][i] + table.value[1][i];
	}
	for (uint64_t draw = 1; draw <= 300; draw++)
	{
		assert_true(table_moments(&table, 1e-3, draw));
		OK(ppdl_moments_check(&table.m, &err));
		assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
		ppdl_moments_free(&table.m);
	}
}

static void
test_wrong_questions(void **state)
{
	static const int columns[] = {0, 1, 0},
				dose[] = {3},
				itself[] = {0, 9};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 3,.level = 0.95};
	PpdlRegression r;
	PpdlCrosstab c;
	PpdlHistogram h;

	(void) state;
	table_random(&table, 100, 3);
	assert_true(table_moments(&table, 1e-6, 3));
	OK(ppdl_moments_check(&table.m, &err));
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_ARGUMENT);
	assert_true(says("twice"));
	opt = (PpdlRegressOptions) {.response = {9, 0},.variable = itself,.variables = 2,.level = 0.95};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_ARGUMENT);
	opt = (PpdlRegressOptions) {.response = {9, 0},.variable = dose,.variables = 1,.level = 0.95};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_ARGUMENT);
	assert_true(says("no column"));
	opt = (PpdlRegressOptions) {.response = {3, 0},.variable = columns,.variables = 2,.level = 0.95};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
	assert_true(says("Dose") && says("constant"));
	opt = (PpdlRegressOptions) {.response = {1, 0},.variable = columns,.variables = 1,.level = 0.95};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_RANGE);
	assert_true(says("missing"));
	opt = (PpdlRegressOptions) {.response = {9, 0},.variable = columns,.variables = 1,.level = 1};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_ARGUMENT);
	opt = (PpdlRegressOptions) {.response = {9, 0},.variable = columns,.variables = 1,.level = 0.9,.ridge = -1};
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_crosstab(&c, &table.m, 0, 4, 0.95, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_crosstab(&c, &table.m, 4, 4, 0.95, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_crosstab(&c, &table.m, 5, 4, 0, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_histogram(&h, &table.m, 0, &err), PPDL_ERR_ARGUMENT);
	ppdl_moments_free(&table.m);
}

/* only squares and products of numbers are known, as of columns of products */
static void
test_unasked(void **state)
{
	PpdlTerm	term[] = {{0, 0}, {9, 0}, {6, 1}, {6, 2}};
	static const int numbers[] = {0, 3},
				mixed[] = {0, 6};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = numbers,.variables = 2,.level = 0.95};
	PpdlCorrelation c;
	PpdlRegression r;
	PpdlCrosstab x;

	(void) state;
	table_random(&table, 150, 5);
	assert_true(table_moments(&table, 0, 3));
	for (int i = 0; i < table.width; i++)
		for (int j = 0; j < table.width; j++)
			if ((i != 0 && i != 5 && i != table.width - 1) || (j != 0 && j != 5 && j != table.width - 1))
				table.m.gram[i * table.width + j] = NAN;
	assert_int_equal(table.variable[3].first, 5);
	OK(ppdl_moments_check(&table.m, &err));
	OK(ppdl_correlate(&c, &table.m, term, 4, &err));
	assert_true(!isnan(c.correlation[1].value) && c.correlation[2].doubt == PPDL_DOUBT_UNASKED);
	/* two categories of one column never meet: that needs no product */
	{
		long		n;
		long double v[2],
					cov = covariance_of(&table, term[2], term[3], &n, v);

		check_estimate(c.correlation[2 * 4 + 3], (double) (cov / sqrtl(v[0] * v[1])), 1e-9);
	}
	ppdl_correlation_free(&c);
	OK(ppdl_regress(&r, &table.m, &opt, &err));
	check_regression(&table, &r, 1e-7);
	ppdl_regression_free(&r);
	opt.variable = mixed;
	assert_int_equal(ppdl_regress(&r, &table.m, &opt, &err), PPDL_ERR_PRECISION);
	assert_true(says("Age") && says("Blood"));
	assert_int_equal(ppdl_crosstab(&x, &table.m, 6, 7, 0.95, &err), PPDL_ERR_PRECISION);
	ppdl_moments_free(&table.m);
}

/* counts whose error is too large for rounding are shown with it */
static void
test_unrounded(void **state)
{
	PpdlCrosstab c;
	PpdlHistogram h;
	int			count[4][3] = {{0}};

	(void) state;
	table_random(&table, TABLE_ROWS, 14);
	for (int k = 0; k < table.n; k++)
		if (!isnan(table.value[5][k]))
			count[(int) table.value[7][k]][(int) table.value[5][k]]++;
	assert_true(table_moments(&table, 0.5, 9));
	OK(ppdl_moments_check(&table.m, &err));
	OK(ppdl_crosstab(&c, &table.m, 7, 5, 0.95, &err));
	assert_true(!c.is_rounded && c.count[0].error >= 0.5 && c.chi2.error > 0);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			check_estimate(c.count[i * 3 + j], count[i][j], 0);
	ppdl_crosstab_free(&c);
	OK(ppdl_histogram(&h, &table.m, 7, &err));
	assert_true(h.count[0].error >= 0.5);
	/* an outer band may have no end */
	h.edge = (double[]) {-INFINITY, 20, 40, 60, INFINITY};
	assert_int_equal(ppdl_histogram_quantile(&h, 0.01).doubt, PPDL_DOUBT_OPEN_BAND);
	assert_int_equal(ppdl_histogram_quantile(&h, 0.5).doubt, PPDL_SURE);
	assert_int_equal(ppdl_histogram_quantile(&h, 0.99).doubt, PPDL_DOUBT_OPEN_BAND);
	assert_true(isnan(ppdl_histogram_quantile(&h, 1.5).value));
	ppdl_histogram_free(&h);
	ppdl_moments_free(&table.m);
}

static void
test_cut_name(void **state)
{
	static const char *const want[] = {"", "", "x", "x", "x\xc3\xa4", "x\xc3\xa4", "x\xc3\xa4\xe2\x82\xac!"};
	static const size_t size[] = {1, 1, 2, 3, 5, 6, 8};
	char		out[8];

	(void) state;
	for (int i = 1; i < 7; i++)
	{
		ppdl_cut_name(out, size[i], "x\xc3\xa4\xe2\x82\xac!");
		assert_string_equal(out, want[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_name),
		cmocka_unit_test(test_random_tables),
		cmocka_unit_test(test_stated_errors),
		cmocka_unit_test(test_stated_errors_of_counts),
		cmocka_unit_test(test_longley),
		cmocka_unit_test(test_two_by_two),
		cmocka_unit_test(test_few_rows),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_wrong_moments),
		cmocka_unit_test(test_unknown_categories),
		cmocka_unit_test(test_collinear),
		cmocka_unit_test(test_collinear_always),
		cmocka_unit_test(test_wrong_questions),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_unrounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
