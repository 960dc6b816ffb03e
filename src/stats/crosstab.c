#include "stats/crosstab.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "stats/distribution.h"
#include "stats/moments_impl.h"

#define SURE PPDL_MOMENTS_SURE

static PpdlEstimate *
cell(const PpdlCrosstab *c, int i, int j)
{
	return &c->count[(size_t) i * (size_t) c->columns + (size_t) j];
}

static void
add(PpdlEstimate *sum, const PpdlEstimate *e)
{
	sum->value += e->value;
	sum->error = hypot(sum->error, e->error);
}

/* ------------------------------------------------------------------ counts */

static PpdlStatus
fill_cell(PpdlCrosstab *c, const PpdlMoments *m, int i, int j, PpdlError *err)
{
	PpdlLinear	f = ppdl_linear_term(m, (PpdlTerm) {c->row, i}),
				g = ppdl_linear_term(m, (PpdlTerm) {c->column, j});
	PpdlEstimate *e = cell(c, i, j);

	*e = ppdl_count_estimate(ppdl_linear_product(m, &f, &g));
	if (e->doubt == PPDL_DOUBT_UNASKED)
		return ppdl_error(err, PPDL_ERR_PRECISION, "the sums of products of \"%.*s\" and \"%.*s\" are "
						  "not there", PPDL_CUT(m->variable[c->row].name, 100),
						  PPDL_CUT(m->variable[c->column].name, 100));
	if (isnan(e->value))
		return ppdl_error(err, PPDL_ERR_RANGE,
						  "\"%.*s\" and \"%.*s\" have fewer than no rows in common: "
						  "the sums are not of these rows", PPDL_CUT(m->variable[c->row].level[i], 80),
						  PPDL_CUT(m->variable[c->column].level[j], 80));
	c->is_rounded &= e->error == 0;
	add(&c->row_total[i], e);
	add(&c->column_total[j], e);
	add(&c->n, e);
	return PPDL_OK;
}

static PpdlStatus
fill(PpdlCrosstab *c, const PpdlMoments *m, PpdlError *err)
{
	c->is_rounded = 1;
	for (int i = 0; i < c->rows; i++)
		for (int j = 0; j < c->columns; j++)
			PPDL_TRY(fill_cell(c, m, i, j, err));
	c->missing = ppdl_count_estimate((PpdlSum) {m->n - c->n.value, c->n.error});
	if (isnan(c->missing.value))
		return ppdl_error(err, PPDL_ERR_RANGE, "%g of %g rows are in its cells: the sums are not of these "
						  "rows", c->n.value, m->n);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ chi-squared */

static int
has_rows(const PpdlEstimate *total)
{
	return total->value > SURE * total->error;
}

static int
levels_with_rows(const PpdlEstimate *total, int n)
{
	int			levels = 0;

	for (int i = 0; i < n; i++)
		levels += has_rows(&total[i]);
	return levels;
}

static double
expected(const PpdlCrosstab *c, int i, int j)
{
	return c->row_total[i].value * c->column_total[j].value / c->n.value;
}

/* sum of o^2 / (row * column) over a row or a column of the table: what chi2 changes by with its total */
static double
squares_of(const PpdlCrosstab *c, int i, int j)
{
	double		sum = 0;

	for (int k = 0; k < (j < 0 ? c->columns : c->rows); k++)
	{
		int			row = j < 0 ? i : k,
					column = j < 0 ? k : j;

		if (has_rows(&c->row_total[row]) && has_rows(&c->column_total[column]))
			sum += cell(c, row, column)->value * cell(c, row, column)->value /
				(c->row_total[row].value * c->column_total[column].value);
	}
	return sum;
}

/* by derivatives of chi2 = n (sum of o^2 / (row * column) - 1) */
static double
chi2_error(const PpdlCrosstab *c)
{
	double		error = 0;

	for (int i = 0; i < c->rows; i++)
		for (int j = 0; j < c->columns; j++)
			if (has_rows(&c->row_total[i]) && has_rows(&c->column_total[j]))
			{
				double		row = c->row_total[i].value,
							column = c->column_total[j].value,
							slope = 2 * cell(c, i, j)->value / (row * column) - squares_of(c, i, -1) / row -
					squares_of(c, -1, j) / column;

				error = hypot(error, cell(c, i, j)->error * (c->n.value * slope + c->chi2.value / c->n.value));
			}
	return error;
}

static void
test_independence(PpdlCrosstab *c)
{
	int			rows = levels_with_rows(c->row_total, c->rows),
				columns = levels_with_rows(c->column_total, c->columns);

	c->chi2 = ppdl_doubtful(rows == 0 ? PPDL_DOUBT_NO_ROWS : PPDL_DOUBT_CONSTANT);
	c->p = c->cramer_v = c->least_expected = NAN;
	if (rows < 2 || columns < 2)
		return;
	c->df = (rows - 1) * (columns - 1);
	c->least_expected = INFINITY;
	c->chi2 = (PpdlEstimate) {.doubt = PPDL_SURE};
	for (int i = 0; i < c->rows; i++)
		for (int j = 0; j < c->columns; j++)
		{
			double		e = expected(c, i, j),
						off = cell(c, i, j)->value - e;

			if (!has_rows(&c->row_total[i]) || !has_rows(&c->column_total[j]))
				continue;
			c->least_expected = fmin(c->least_expected, e);
			c->below_5 += e < 5;
			c->chi2.value += off * off / e;
		}
	c->chi2.error = chi2_error(c);
	/* squares of errors alone add up to something, too */
	if (c->least_expected < SURE * c->n.error / sqrt((double) c->rows * c->columns))
	{
		c->chi2 = ppdl_doubtful(PPDL_DOUBT_LOST);
		return;
	}
	c->p = ppdl_chi2_tail(c->chi2.value, c->df);
	c->cramer_v = sqrt(c->chi2.value / c->n.value / (rows < columns ? rows - 1 : columns - 1));
}

/* ------------------------------------------------------------------ odds */

static void
compare_odds(PpdlCrosstab *c, double level)
{
	double		o[4],
				variance = 0,
				half;

	c->odds_ratio = NAN;
	c->odds_interval = (PpdlInterval) {NAN, NAN};
	if (c->rows != 2 || c->columns != 2 || c->df != 1)
		return;
	for (int i = 0; i < 4; i++)
	{
		/* a cell that the error cannot tell from an empty one */
		if (c->count[i].error > 0 && !has_rows(&c->count[i]))
			return;
		o[i] = c->count[i].value;
		c->is_haldane |= o[i] == 0;
	}
	for (int i = 0; i < 4; i++)
	{
		o[i] += c->is_haldane ? 0.5 : 0;
		variance += 1 / o[i];
	}
	c->odds_ratio = o[0] / o[1] / (o[2] / o[3]);
	half = ppdl_normal_two_sided(level) * sqrt(variance);
	c->odds_interval = (PpdlInterval) {c->odds_ratio * exp(-half), c->odds_ratio * exp(half)};
}

/* ------------------------------------------------------------------ all of it */

static PpdlStatus
check(const PpdlMoments *m, int row, int column, double level, PpdlError *err)
{
	if (!(level > 0 && level < 1))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a confidence level lies between 0 and 1, not at %g", level);
	if (row == column)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cross table of column \"%.*s\" with itself",
						  PPDL_CUT(m->variable[row].name, 100));
	for (int i = 0; i < 2; i++)
	{
		const PpdlVariable *v = &m->variable[i ? column : row];

		if (v->kind != PPDL_VARIABLE_NUMBER)
			continue;
		ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" is a number", PPDL_CUT(v->name, 100));
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Columns with categories, bands or thresholds have tables "
							   "(ppdl encode --bands, --category, --thermometer).");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_crosstab(PpdlCrosstab *out, const PpdlMoments *m, int row, int column, double level, PpdlError *err)
{
	PpdlStatus	status;

	*out = (PpdlCrosstab) {.row = row,.column = column,.level = level};
	PPDL_TRY(check(m, row, column, level, err));
	out->rows = m->variable[row].levels;
	out->columns = m->variable[column].levels;
	out->count = calloc((size_t) out->rows * (size_t) out->columns, sizeof *out->count);
	out->row_total = calloc((size_t) out->rows, sizeof *out->row_total);
	out->column_total = calloc((size_t) out->columns, sizeof *out->column_total);
	if (out->count && out->row_total && out->column_total)
		status = fill(out, m, err);
	else
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a cross table");
	if (status != PPDL_OK)
	{
		ppdl_crosstab_free(out);
		return status;
	}
	test_independence(out);
	compare_odds(out, level);
	return PPDL_OK;
}

void
ppdl_crosstab_free(PpdlCrosstab *c)
{
	free(c->count);
	free(c->row_total);
	free(c->column_total);
	*c = (PpdlCrosstab) {0};
}
