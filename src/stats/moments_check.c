/* Whether moments are what rows can have; what follows from the meaning of the columns. */
#include <math.h>
#include <string.h>

#include "stats/moments_impl.h"

#include "base/text.h"

/* ------------------------------------------------------------------ shapes */

static PpdlStatus
check_levels(const PpdlVariable *v, PpdlError *err)
{
	int			is_number = v->kind == PPDL_VARIABLE_NUMBER;

	if (is_number ? v->levels != 0 : v->levels < 1 || v->level == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" has %d levels", PPDL_CUT(v->name, 100), v->levels);
	if (v->kind == PPDL_VARIABLE_BINARY && v->levels != 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" has %d categories in one value",
						  PPDL_CUT(v->name, 100),
						  v->levels);
	for (int i = 0; v->edge && i < v->levels; i++)
		if (!(v->edge[i] < v->edge[i + 1]))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\": edges of bands do not increase",
							  PPDL_CUT(v->name, 100));
	return PPDL_OK;
}

static PpdlStatus
check_variable(const PpdlMoments *m, const PpdlVariable *v, PpdlError *err)
{
	PPDL_TRY(check_levels(v, err));
	if (v->first < 0 || ppdl_variable_values(v) > m->width - v->first || v->missing >= m->width)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" has values beyond the %d of a row",
						  PPDL_CUT(v->name, 100),
						  m->width);
	if (!isfinite(v->offset) || !isfinite(v->scale) || v->scale == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" is %g + %g * value",
						  PPDL_CUT(v->name, 100), v->offset, v->scale);
	return PPDL_OK;
}

static PpdlStatus
check_shape(const PpdlMoments *m, PpdlError *err)
{
	if (!(m->n >= 0 && m->n < 9e15) || m->n != floor(m->n))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "moments of %g rows", m->n);
	if (!(m->sum_error >= 0 && m->error >= 0) || isinf(m->sum_error) || isinf(m->error))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "moments with errors of %g and %g", m->sum_error, m->error);
	for (int i = 0; i < m->variables; i++)
		PPDL_TRY(check_variable(m, &m->variable[i], err));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ single entries */

static void
make_symmetric(PpdlMoments *m)
{
	for (int i = 0; i < m->width; i++)
		for (int j = 0; j < i; j++)
		{
			double	   *a = ppdl_moments_entry(m, i, j),
					   *b = ppdl_moments_entry(m, j, i);

			*a = *b = isnan(*a) ? *b : isnan(*b) ? *a : *a / 2 + *b / 2;
		}
}

static int
is_whole(double v)
{
	return v == floor(v);
}

static void
mark_whole(PpdlMoments *m)
{
	memset(m->is_whole, 0, (size_t) m->width);
	for (int i = 0; i < m->variables; i++)
	{
		const PpdlVariable *v = &m->variable[i];

		if (v->missing >= 0)
			m->is_whole[v->missing] = 1;
		if (v->kind == PPDL_VARIABLE_NUMBER)
			continue;
		for (int j = 0; j < ppdl_variable_values(v); j++)
			m->is_whole[v->first + j] = is_whole(-v->offset / v->scale) && is_whole((1 - v->offset) / v->scale);
	}
}

/* the column of a value, for messages */
static const char *
column_of(const PpdlMoments *m, int value)
{
	for (int i = 0; i < m->variables; i++)
	{
		const PpdlVariable *v = &m->variable[i];

		if (value == v->missing || (value >= v->first && value < v->first + ppdl_variable_values(v)))
			return v->name;
	}
	return "?";
}

static PpdlStatus
add_hint(PpdlError *err)
{
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "The sums must be of the same rows as their count, decrypted with the "
						   "features that the rows were encrypted with.");
}

/* error: that of the entry.  Numbers in -1 .. 1 have no larger sums; counts are rounded where that is safe. */
static PpdlStatus
check_entry(const PpdlMoments *m, double *v, double error, int whole, int i, int j, PpdlError *err)
{
	double		slack = PPDL_MOMENTS_NONSENSE * error + 1e-9 * m->n;

	if (fabs(*v) > m->n + slack || isinf(*v))
	{
		ppdl_error(err, PPDL_ERR_RANGE,
				   "columns \"%.*s\" and \"%.*s\": %.0f rows of values in -1 .. 1 have no sum of "
				   "%g", PPDL_CUT(column_of(m, i), 60), PPDL_CUT(column_of(m, j), 60), m->n, *v);
		return add_hint(err);
	}
	if (!whole || !ppdl_can_round(error))
		return PPDL_OK;
	if (fabs(*v - round(*v)) > slack)
	{
		ppdl_error(err, PPDL_ERR_RANGE, "%.6f rows, with an error of %.2g, of columns \"%.*s\" and \"%.*s\": no "
				   "number of rows", *v, error, PPDL_CUT(column_of(m, i), 60), PPDL_CUT(column_of(m, j), 60));
		return add_hint(err);
	}
	*v = round(*v);
	return PPDL_OK;
}

static PpdlStatus
check_entries(PpdlMoments *m, PpdlError *err)
{
	for (int i = 0; i < m->width; i++)
	{
		if (isnan(m->sum[i]))
			return ppdl_error(err, PPDL_ERR_RANGE, "the sum of column \"%.*s\" is no number",
							  PPDL_CUT(column_of(m, i), 100));
		PPDL_TRY(check_entry(m, &m->sum[i], m->sum_error, m->is_whole[i], i, i, err));
		for (int j = 0; j <= i; j++)
		{
			double	   *e = ppdl_moments_entry(m, i, j);

			PPDL_TRY(check_entry(m, e, m->error, m->is_whole[i] && m->is_whole[j], i, j, err));
			*ppdl_moments_entry(m, j, i) = *e;
		}
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ what the columns mean */

static void
set(PpdlMoments *m, int i, int j, double v)
{
	*ppdl_moments_entry(m, i, j) = *ppdl_moments_entry(m, j, i) = v;
}

/* what an indicator of a missing value meets */
static void
put_missing(PpdlMoments *m, const PpdlVariable *v)
{
	int			d = v->missing;

	if (d < 0)
		return;
	for (int i = 0; i < m->width; i++)
		if (m->sum[d] == 0 && ppdl_can_round(m->sum_error))
			set(m, d, i, 0);
	for (int i = 0; i < ppdl_variable_values(v); i++)
		set(m, d, v->first + i, 0);
	set(m, d, d, m->sum[d]);
}

/* rows that have both of two levels, or both bits */
static double
rows_with_both(const PpdlMoments *m, const PpdlVariable *v, int i, int j)
{
	PpdlLinear	f = ppdl_linear_known(m, (int) (v - m->variable));
	PpdlLinear	none = {0};

	if (i != j && v->kind != PPDL_VARIABLE_THRESHOLDS)
		return 0;
	/* of two bits the one with the higher threshold implies the other */
	f = ppdl_linear_add(ppdl_linear_add(none, v->offset, f), v->scale, ppdl_linear_value(v->first + (i > j ? i : j)));
	return ppdl_linear_sum(m, &f).value;
}

static PpdlStatus
bad_indicators(const PpdlMoments *m, const PpdlVariable *v, double is, double should, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_RANGE, "column \"%.*s\" is no indicator in all of the %.0f rows: products of its values "
			   "add up to %g instead of %g", PPDL_CUT(v->name, 100), m->n, is, should);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Rows whose category was not known when they were encrypted, "
						   "and taken for none of them, have neither of two categories: leave the column out. "
						   "Otherwise the features are not those that the rows were encrypted with.");
}

/* the products of two values of one column with levels, from their sums */
static PpdlStatus
put_levels(PpdlMoments *m, const PpdlVariable *v, PpdlError *err)
{
	PpdlLinear	known = ppdl_linear_known(m, (int) (v - m->variable));
	double		rows = ppdl_linear_sum(m, &known).value,
				slack = PPDL_MOMENTS_NONSENSE * hypot(m->error, 3 * m->sum_error / fabs(v->scale)) + 1e-9 * m->n;

	for (int i = 0; i < ppdl_variable_values(v); i++)
		for (int j = 0; j <= i; j++)
		{
			int			a = v->first + i,
						b = v->first + j;
			/* indicators are offset + scale * value where the column is known */
			double		should = (rows_with_both(m, v, i, j) - v->offset * v->offset * rows - v->offset * v->scale *
								  (m->sum[a] + m->sum[b])) / (v->scale * v->scale);

			if (fabs(*ppdl_moments_entry(m, a, b) - should) > slack)
				return bad_indicators(m, v, *ppdl_moments_entry(m, a, b), should, err);
			set(m, a, b, should);
		}
	return PPDL_OK;
}

/* each level has between none and all of the rows, all together at most all */
static PpdlStatus
check_counts(const PpdlMoments *m, int variable, PpdlError *err)
{
	const PpdlVariable *v = &m->variable[variable];
	PpdlLinear	f = ppdl_linear_known(m, variable);
	PpdlSum		known = ppdl_linear_sum(m, &f),
				all = {0};
	double		slack = PPDL_MOMENTS_NONSENSE * m->sum_error * sqrt(v->levels + 2.0) + 1e-9 * m->n;
	int			is_wrong = known.value < -slack || known.value > m->n + slack;

	for (int i = 0; i < v->levels; i++)
	{
		PpdlSum		s;

		f = ppdl_linear_term(m, (PpdlTerm) {variable, i});
		s = ppdl_linear_sum(m, &f);
		is_wrong |= s.value < -slack;
		all.value += s.value;
	}
	if (!is_wrong && all.value <= known.value + slack)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE, "the rows of the levels of column \"%.*s\" are %g of the %g in which it is known",
			   PPDL_CUT(v->name, 100), all.value, known.value);
	return add_hint(err);
}

PpdlStatus
ppdl_moments_check(PpdlMoments *m, PpdlError *err)
{
	PPDL_TRY(check_shape(m, err));
	make_symmetric(m);
	mark_whole(m);
	PPDL_TRY(check_entries(m, err));
	for (int i = 0; i < m->variables; i++)
		put_missing(m, &m->variable[i]);
	for (int i = 0; i < m->variables; i++)
	{
		if (m->variable[i].kind != PPDL_VARIABLE_NUMBER)
			PPDL_TRY(put_levels(m, &m->variable[i], err));
		PPDL_TRY(check_counts(m, i, err));
	}
	return PPDL_OK;
}
