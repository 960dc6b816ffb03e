#include "stats/regress.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "stats/distribution.h"
#include "stats/linalg.h"
#include "stats/moments_impl.h"

#define SURE PPDL_MOMENTS_SURE
#define ROUNDING 1e-13
/* regressors with less than this part of the largest weight are not named as collinear */
#define NAMED_FROM 0.02
#define NAMED_MOST 6

/* a regressor, or the response, centred and divided by the root of its sum of squares */
typedef struct Column
{
	PpdlTerm	term;
	PpdlLinear	f;
	PpdlSum		sum;
	double		mean,			/* in the encoding's units */
				length,			/* root of the centred sum of squares; 0: constant, as far as the error lets see */
				relative_error, /* of that sum */
				offset,			/* to the table's units */
				scale;
} Column;

/*
 * Columns 0 .. p-1 and the response, column p; R their correlations, with errors.  With A = R + penalty for the
 * regressors, b = A^-1 r solves the task, and an error dR of R changes b by A^-1 dR v, v = (-b, 1).
 */
typedef struct Fit
{
	const PpdlMoments *m;
	PpdlPool   *pool;
	PpdlError  *err;
	int			p,
				room;
	Column	   *column;			/* room + 1 */
	double	   *r,				/* (room + 1)^2, rows of that length, as all of these */
			   *e,
			   *factor,			/* Cholesky's of A */
			   *inverse,		/* of A */
			   *v,				/* room + 1 */
			   *work;
	double		penalty,
				rss,			/* part of the response's sum of squares */
				rss_error,
				df;
	PpdlTerm   *omit,
			   *reference;
	int			omitted,
				references;
} Fit;

static double *
at(const Fit *f, double *a, int i, int j)
{
	return &a[(size_t) i * (size_t) (f->room + 1) + (size_t) j];
}

static void
name_of(const Fit *f, PpdlTerm t, char *out)
{
	ppdl_term_name(f->m, t, out, PPDL_TERM_NAME);
}

/* ------------------------------------------------------------------ columns */

static void
add_column(Fit *f, PpdlTerm t, PpdlLinear linear)
{
	f->column[f->p++] = (Column) {
		.term = t,.f = linear,.offset = ppdl_term_offset(f->m, t),.scale = ppdl_term_scale(f->m, t)
	};
}

/* missing values take the mean of the known ones */
static void
add_number(Fit *f, PpdlTerm t)
{
	PpdlLinear	known = ppdl_linear_known(f->m, t.variable),
				linear = ppdl_linear_term(f->m, t);
	double		rows = ppdl_linear_sum(f->m, &known).value,
				sum = ppdl_linear_sum(f->m, &linear).value;

	if (f->m->variable[t.variable].missing >= 0 && rows > 0)
		linear = ppdl_linear_add(linear, sum / rows, ppdl_linear_term(f->m,
																	  (PpdlTerm) {t.variable, PPDL_TERM_MISSING}));
	add_column(f, t, linear);
}

static PpdlSum
rows_of(const Fit *f, PpdlTerm t)
{
	PpdlLinear	linear = ppdl_linear_term(f->m, t);

	return ppdl_linear_sum(f->m, &linear);
}

/* all levels that rows have but the reference: the first of them, or rows that have none */
static void
add_levels(Fit *f, int variable)
{
	const PpdlVariable *v = &f->m->variable[variable];
	PpdlLinear	known = ppdl_linear_known(f->m, variable);
	PpdlSum		others = ppdl_linear_sum(f->m, &known);
	int			before = f->p,
				reference = -1;

	for (int i = 0; i < v->levels; i++)
	{
		PpdlSum		rows = rows_of(f, (PpdlTerm) {variable, i});

		others.value -= rows.value;
		others.error = hypot(others.error, rows.error);
	}
	if (others.value > 0.5 + SURE * others.error)
		reference = PPDL_TERM_OTHER;
	for (int i = 0; i < v->levels; i++)
	{
		PpdlTerm	t = {variable, i};
		PpdlSum		rows = rows_of(f, t);

		if (rows.value <= fmax(0.5, SURE * rows.error))
			f->omit[f->omitted++] = t;
		else if (reference == -1)
			reference = i;
		else
			add_column(f, t, ppdl_linear_term(f->m, t));
	}
	if (f->p > before)
		f->reference[f->references++] = (PpdlTerm) {variable, reference};
	else if (reference != -1)
		f->omit[f->omitted++] = (PpdlTerm) {variable, reference};
}

static int
has_missing(const Fit *f, int variable)
{
	PpdlSum		rows = rows_of(f, (PpdlTerm) {variable, PPDL_TERM_MISSING});

	return rows.value > fmax(0.5, SURE * rows.error);
}

/* indicators of missing values come last: of what follows from others they are what is left out */
static void
add_columns(Fit *f, const PpdlRegressOptions *opt)
{
	for (int i = 0; i < opt->variables; i++)
		if (f->m->variable[opt->variable[i]].kind == PPDL_VARIABLE_NUMBER)
			add_number(f, (PpdlTerm) {opt->variable[i], 0});
		else
			add_levels(f, opt->variable[i]);
	for (int i = 0; i < opt->variables; i++)
		if (has_missing(f, opt->variable[i]))
		{
			PpdlTerm	t = {opt->variable[i], PPDL_TERM_MISSING};

			add_column(f, t, ppdl_linear_term(f->m, t));
		}
}

/* ------------------------------------------------------------------ correlations */

/* the centred sum of products of two columns, and its error */
static PpdlStatus
centred_product(PpdlSum *out, const Fit *f, const Column *a, const Column *b)
{
	char		name[2][PPDL_TERM_NAME];

	*out = ppdl_linear_product(f->m, &a->f, &b->f);
	if (isnan(out->value))
	{
		name_of(f, a->term, name[0]);
		name_of(f, b->term, name[1]);
		return ppdl_error(f->err, PPDL_ERR_PRECISION, "the sum of products of \"%.*s\" and \"%.*s\" is "
						  "not there", PPDL_CUT(name[0], 100), PPDL_CUT(name[1], 100));
	}
	out->value -= a->mean * b->sum.value;
	/* one and the same sum counts twice */
	out->error = hypot(out->error, a == b ? 2 * a->mean * a->sum.error :
					   hypot(a->mean * b->sum.error, b->mean * a->sum.error));
	out->error = hypot(out->error, 4 * DBL_EPSILON * f->m->n);
	return PPDL_OK;
}

static PpdlStatus
measure(const Fit *f, Column *c)
{
	PpdlSum		square;

	c->sum = ppdl_linear_sum(f->m, &c->f);
	c->mean = c->sum.value / f->m->n;
	PPDL_TRY(centred_product(&square, f, c, c));
	c->length = square.value > SURE * square.error ? sqrt(square.value) : 0;
	c->relative_error = square.error / square.value;
	return PPDL_OK;
}

/* drops constant columns, then fills in row and column i of R, for i < p and the response */
static PpdlStatus
correlate_columns(Fit *f)
{
	int			kept = 0;

	for (int i = 0; i <= f->p; i++)
	{
		PPDL_TRY(measure(f, &f->column[i]));
		if (f->column[i].length > 0 || i == f->p)
			f->column[kept++] = f->column[i];
		else
			f->omit[f->omitted++] = f->column[i].term;
	}
	f->p = kept - 1;
	for (int i = 0; i <= f->p; i++)
	{
		const Column *a = &f->column[i];

		*at(f, f->r, i, i) = 1;
		*at(f, f->e, i, i) = a->relative_error;
		for (int j = 0; j < i; j++)
		{
			const Column *b = &f->column[j];
			PpdlSum		s;

			PPDL_TRY(centred_product(&s, f, a, b));
			*at(f, f->r, i, j) = *at(f, f->r, j, i) = s.value / (a->length * b->length);
			*at(f, f->e, i, j) = *at(f, f->e, j, i) = s.error / (a->length * b->length);
		}
	}
	return PPDL_OK;
}

/* standard deviation of g' dR v over the first n columns */
static double
combined_error(const Fit *f, const double *g, const double *v, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
	{
		double		one = g[i] * v[i] * *at(f, f->e, i, i);

		sum += one * one;
		for (int j = 0; j < i; j++)
		{
			one = (g[i] * v[j] + g[j] * v[i]) * *at(f, f->e, i, j);
			sum += one * one;
		}
	}
	return sqrt(sum);
}

/* ------------------------------------------------------------------ collinearity */

/* Row k of Cholesky's factor; v = (-b, 1): column k less what the earlier ones say of it; *left and its error */
static void
factor_row(Fit *f, int k, double *left, double *error)
{
	double	   *row = at(f, f->factor, k, 0);
	long double pivot = 1 + f->penalty;

	for (int i = 0; i < k; i++)
		row[i] = *at(f, f->r, k, i);
	ppdl_forward_solve(f->factor, f->room + 1, k, row);
	for (int i = 0; i < k; i++)
	{
		pivot -= (long double) row[i] * row[i];
		f->v[i] = -row[i];
	}
	ppdl_backward_solve(f->factor, f->room + 1, k, f->v);
	f->v[k] = 1;
	*left = (double) pivot;
	*error = combined_error(f, f->v, f->v, k + 1);
	row[k] = sqrt(fmax(*left, 0));
}

static PpdlStatus
say_collinear(const Fit *f, int k, double left, double error)
{
	double		most = 0;
	char		names[300] = "",
				name[PPDL_TERM_NAME];
	int			named = 0,
				more = 0;
	size_t		len = 0;

	for (int i = 0; i < k; i++)
		most = fmax(most, fabs(f->v[i]));
	for (int i = 0; i < k; i++)
	{
		if (fabs(f->v[i]) < NAMED_FROM * most)
			continue;
		name_of(f, f->column[i].term, name);
		if (named == NAMED_MOST || len + strlen(name) + 30 > sizeof names)
			more++;
		else
			len += (size_t) snprintf(names + len, sizeof names - len, "%s\"%.*s\"", named++ ? ", " : "",
									 PPDL_CUT(name, 60));
	}
	if (more)
		snprintf(names + len, sizeof names - len, " and %d more", more);
	name_of(f, f->column[k].term, name);
	ppdl_error(f->err, PPDL_ERR_RANGE, "\"%.*s\" follows from %.*s (collinear)", PPDL_CUT(name, 80),
			   PPDL_CUT(names, 200));
	ppdl_error_detail(f->err, PPDL_ERR_RANGE, "A part of %.2g of its variance is its own; the error of that is %.2g.",
					  fmax(left, 0), error);
	return ppdl_error_hint(f->err, PPDL_ERR_RANGE, "Leave one of these columns out, or give a ridge.");
}

static void
drop_column(Fit *f, int k)
{
	f->omit[f->omitted++] = f->column[k].term;
	memmove(&f->column[k], &f->column[k + 1], (size_t) (f->p - k) * sizeof *f->column);
	for (int i = 0; i <= f->p; i++)
		for (int j = k; j < f->p; j++)
		{
			*at(f, f->r, i, j) = *at(f, f->r, i, j + 1);
			*at(f, f->e, i, j) = *at(f, f->e, i, j + 1);
		}
	for (int i = k; i < f->p; i++)
	{
		memmove(at(f, f->r, i, 0), at(f, f->r, i + 1, 0), (size_t) f->p * sizeof *f->r);
		memmove(at(f, f->e, i, 0), at(f, f->e, i + 1, 0), (size_t) f->p * sizeof *f->e);
	}
	f->p--;
}

static PpdlStatus
factor(Fit *f)
{
	for (int k = 0; k < f->p; k++)
	{
		double		left,
					error;

		factor_row(f, k, &left, &error);
		if (left > SURE * error && left > ROUNDING * (k + 1))
			continue;
		if (f->column[k].term.level != PPDL_TERM_MISSING)
			return say_collinear(f, k, left, error);
		drop_column(f, k--);
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the solution */

static void
invert(Fit *f)
{
	for (int i = 0; i < f->p; i++)
	{
		double	   *row = at(f, f->inverse, i, 0);

		for (int j = 0; j < f->p; j++)
			row[j] = i == j;
		ppdl_cholesky_solve(f->factor, f->room + 1, f->p, row);
		row[f->p] = 0;
	}
}

/* v, the residuals' part of the sum of squares, degrees of freedom */
static void
solve(Fit *f)
{
	int			p = f->p;
	long double rss = 0;
	double		square = 0,
				bias = 0;

	for (int i = 0; i < p; i++)
		f->v[i] = -*at(f, f->r, p, i);
	ppdl_cholesky_solve(f->factor, f->room + 1, p, f->v);
	f->v[p] = 1;
	for (int i = 0; i <= p; i++)
		for (int j = 0; j <= p; j++)
			rss += (long double) f->v[i] * f->v[j] * *at(f, f->r, i, j);
	for (int i = 0; i < p; i++)
	{
		for (int j = 0; j < p; j++)
			square += *at(f, f->inverse, i, j) * *at(f, f->inverse, i, j);
		bias += fabs(f->v[i]) * combined_error(f, at(f, f->inverse, i, 0), f->v, p + 1);
	}
	f->rss = (double) rss;
	/* with a penalty an error of b counts, too */
	f->rss_error = hypot(combined_error(f, f->v, f->v, p + 1), 2 * f->penalty * bias);
	/* H = R A^-1 = 1 - penalty A^-1, whose tr(2H - HH') is this */
	f->df = f->m->n - 1 - (p - f->penalty * f->penalty * square);
}

/* (A^-1 R A^-1)[i][j] = A^-1 - penalty A^-2: covariances of b but for the residuals' variance */
static double
covariance(const Fit *f, int i, int j)
{
	double		s = 0;

	for (int k = 0; f->penalty > 0 && k < f->p; k++)
		s += *at(f, f->inverse, i, k) * *at(f, f->inverse, k, j);
	return *at(f, f->inverse, i, j) - f->penalty * s;
}

/* ------------------------------------------------------------------ results in the table's units */

static int
is_exact(const Fit *f)
{
	return f->rss <= SURE * f->rss_error || f->rss <= ROUNDING;
}

/* the table's units of the response for one of b[i] */
static double
unit(const Fit *f, int i)
{
	const Column *y = &f->column[f->p],
			   *x = &f->column[i];

	return y->length / x->length * y->scale / x->scale;
}

/* se^2 but for the residuals' variance: that of the response's sum of squares being 1 */
static void
put_coefficient(const Fit *f, PpdlCoefficient *c, double value, double error, double variance, double within)
{
	const Column *y = &f->column[f->p];

	c->value = (PpdlEstimate) {value, error, PPDL_SURE};
	c->se = is_exact(f) ? NAN : sqrt(variance * f->rss / f->df) * fabs(y->length * y->scale);
	/* what neither the rows nor the error would tell from 0 */
	if (error > fabs(value) && (isnan(c->se) || error > c->se))
	{
		c->value = ppdl_doubtful(PPDL_DOUBT_LOST);
		c->se = NAN;
	}
	c->t = c->value.value / c->se;
	c->p = ppdl_t_two_sided(c->t, f->df);
	c->interval = (PpdlInterval) {c->value.value - within * c->se, c->value.value + within * c->se};
}

static void
put_constant(Fit *f, PpdlCoefficient *c, double within)
{
	const Column *y = &f->column[f->p];
	double		value = y->offset + y->scale * y->mean,
				error = y->scale * y->sum.error / f->m->n,
				variance = 1 / f->m->n;

	/* work: weights of b in the constant */
	for (int i = 0; i < f->p; i++)
	{
		const Column *x = &f->column[i];

		f->work[i] = (x->offset + x->scale * x->mean) * unit(f, i);
		value += f->v[i] * f->work[i];
		error = hypot(error, f->v[i] * unit(f, i) * x->scale * x->sum.error / f->m->n);
	}
	for (int i = 0; i < f->p; i++)
		for (int j = 0; j < f->p; j++)
			variance += f->work[i] * f->work[j] * covariance(f, i, j) / (y->length * y->length * y->scale * y->scale);
	for (int i = f->p; i >= 0; i--)
		f->factor[i] = 0;
	/* the factor has done its work: its first row holds A^-1 work */
	for (int i = 0; i < f->p; i++)
		for (int j = 0; j < f->p; j++)
			f->factor[i] += *at(f, f->inverse, i, j) * f->work[j];
	error = hypot(error, combined_error(f, f->factor, f->v, f->p + 1));
	c->is_constant = 1;
	put_coefficient(f, c, value, error, variance, within);
}

static void
put_slopes(Fit *f, PpdlCoefficient *c, double within)
{
	const Column *y = &f->column[f->p];

	for (int i = 0; i < f->p; i++)
	{
		double		u = unit(f, i),
					part = u / (y->length * y->scale);

		c[i].term = f->column[i].term;
		c[i].standard = 1 / u;
		put_coefficient(f, &c[i], -f->v[i] * u,
						fabs(u) * combined_error(f, at(f, f->inverse, i, 0), f->v, f->p + 1),
						covariance(f, i, i) * part * part, within);
	}
}

static PpdlEstimate
share(double value, double error)
{
	if (value < -PPDL_MOMENTS_NONSENSE * error - ROUNDING || value > 1 + PPDL_MOMENTS_NONSENSE * error + ROUNDING)
		return ppdl_doubtful(PPDL_DOUBT_IMPOSSIBLE);
	if (value < 0 || value > 1)
		return (PpdlEstimate) {fmin(fmax(value, 0), 1), error, PPDL_DOUBT_CUT};
	return (PpdlEstimate) {value, error, PPDL_SURE};
}

static void
put_quality(const Fit *f, PpdlRegression *out)
{
	const Column *y = &f->column[f->p];
	double		rest = (f->m->n - 1) / f->df,
				deviation = sqrt(f->rss / f->df) * fabs(y->length * y->scale);

	out->r2 = share(1 - f->rss, f->rss_error);
	out->adjusted_r2 = isnan(out->r2.value) ? out->r2 :
		(PpdlEstimate) {1 - rest * (1 - out->r2.value), rest * f->rss_error, out->r2.doubt};
	out->residual = is_exact(f) ? ppdl_doubtful(PPDL_DOUBT_LOST) :
		(PpdlEstimate) {deviation, deviation / 2 * f->rss_error / f->rss, PPDL_SURE};
	out->f = out->f_p = out->f_df = NAN;
	if (f->penalty > 0)
		return;
	out->f_df = f->p;
	if (is_exact(f))
		return;
	out->f = fmax(1 - f->rss, 0) / f->p / (f->rss / f->df);
	out->f_p = ppdl_f_tail(out->f, f->p, f->df);
}

static PpdlStatus
put_results(Fit *f, PpdlRegression *out, const PpdlRegressOptions *opt)
{
	double		within = ppdl_t_within(opt->level, f->df);

	*out = (PpdlRegression) {
		.response = opt->response,.n = f->m->n,.df = f->df,.ridge = opt->ridge,.level = opt->level,.count = f->p + 1,
		.references = f->references,.omitted = f->omitted
	};
	out->coefficient = calloc((size_t) f->p + 1, sizeof *out->coefficient);
	out->reference = calloc((size_t) f->references + 1, sizeof *out->reference);
	out->omit = calloc((size_t) f->omitted + 1, sizeof *out->omit);
	if (out->coefficient == NULL || out->reference == NULL || out->omit == NULL)
	{
		ppdl_regression_free(out);
		return ppdl_error(f->err, PPDL_ERR_NOMEM, "out of memory");
	}
	memcpy(out->reference, f->reference, (size_t) f->references * sizeof *f->reference);
	memcpy(out->omit, f->omit, (size_t) f->omitted * sizeof *f->omit);
	put_slopes(f, out->coefficient + 1, within);
	put_constant(f, out->coefficient, within);
	put_quality(f, out);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ all of it */

static PpdlStatus
check_options(const PpdlMoments *m, const PpdlRegressOptions *opt, PpdlError *err)
{
	if (!(opt->level > 0 && opt->level < 1))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a confidence level lies between 0 and 1, not at %g", opt->level);
	if (!(opt->ridge >= 0) || isinf(opt->ridge))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a ridge is 0 or more, not %g", opt->ridge);
	for (int i = 0; i < opt->variables; i++)
	{
		const char *name = m->variable[opt->variable[i]].name;

		if (opt->variable[i] == opt->response.variable)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "regression of column \"%.*s\" on itself", PPDL_CUT(name, 100));
		for (int j = 0; j < i; j++)
			if (opt->variable[i] == opt->variable[j])
				return ppdl_error(err, PPDL_ERR_ARGUMENT, "regression on column \"%.*s\" twice", PPDL_CUT(name, 100));
	}
	return PPDL_OK;
}

static PpdlStatus
check_response(Fit *f)
{
	char		name[PPDL_TERM_NAME];
	PpdlTerm	t = f->column[f->p].term;

	name_of(f, t, name);
	if (has_missing(f, t.variable))
	{
		ppdl_error(f->err, PPDL_ERR_RANGE, "\"%.*s\" is missing in %.0f of %.0f rows", PPDL_CUT(name, 100),
				   rows_of(f, (PpdlTerm) {t.variable, PPDL_TERM_MISSING}).value, f->m->n);
		return ppdl_error_hint(f->err, PPDL_ERR_RANGE,
							   "Second moments do not hold those of the other rows alone: choose rows in which it is "
							   "known, put products of all these columns into the rows (ppdl encode --moments), or "
							   "encrypt it as the label.");
	}
	return PPDL_OK;
}

static PpdlStatus
check_rows(const Fit *f, double df)
{
	if (df >= 1)
		return PPDL_OK;
	ppdl_error(f->err, PPDL_ERR_RANGE, "%.0f row%s too few for %d coefficients", f->m->n,
			   f->m->n == 1 ? " is" : "s are", f->p + 1);
	return ppdl_error_hint(f->err, PPDL_ERR_RANGE, "Choose more rows, or fewer columns.");
}

static PpdlStatus
check_columns(const Fit *f)
{
	char		name[PPDL_TERM_NAME];

	if (f->column[f->p].length == 0)
	{
		name_of(f, f->column[f->p].term, name);
		return ppdl_error(f->err, PPDL_ERR_RANGE, "\"%.*s\" is constant in these rows, or varies less "
						  "than the error of encryption lets see", PPDL_CUT(name, 100));
	}
	if (f->p == 0)
		return ppdl_error(f->err, PPDL_ERR_ARGUMENT, "no column is left that varies in these rows");
	return PPDL_OK;
}

static PpdlStatus
run_fit(Fit *f, PpdlRegression *out, const PpdlRegressOptions *opt)
{
	add_columns(f, opt);
	f->column[f->p] = (Column) {
		.term = opt->response,.f = ppdl_linear_term(f->m, opt->response),
		.offset = ppdl_term_offset(f->m, opt->response),.scale = ppdl_term_scale(f->m, opt->response)
	};
	PPDL_TRY(check_response(f));
	PPDL_TRY(check_rows(f, f->m->n - 1));
	PPDL_TRY(correlate_columns(f));
	PPDL_TRY(check_columns(f));
	f->penalty = opt->ridge / f->m->n;
	if (f->penalty == 0)
		PPDL_TRY(check_rows(f, f->m->n - 1 - f->p));
	PPDL_TRY(factor(f));
	invert(f);
	solve(f);
	PPDL_TRY(check_rows(f, f->df));
	return put_results(f, out, opt);
}

static int
get_room(Fit *f)
{
	size_t		n = (size_t) f->room + 1,
				matrix = n * n * sizeof(double);

	f->pool = ppdl_pool_create();
	if (f->pool == NULL)
		return 0;
	f->column = ppdl_pool_get(f->pool, n * sizeof *f->column);
	f->r = ppdl_pool_get(f->pool, matrix);
	f->e = ppdl_pool_get(f->pool, matrix);
	f->factor = ppdl_pool_get(f->pool, matrix);
	f->inverse = ppdl_pool_get(f->pool, matrix);
	f->v = ppdl_pool_get(f->pool, n * sizeof *f->v);
	f->work = ppdl_pool_get(f->pool, n * sizeof *f->work);
	f->omit = ppdl_pool_get(f->pool, n * sizeof *f->omit);
	f->reference = ppdl_pool_get(f->pool, n * sizeof *f->reference);
	return f->column && f->r && f->e && f->factor && f->inverse && f->v && f->work && f->omit && f->reference;
}

PpdlStatus
ppdl_regress(PpdlRegression *out, const PpdlMoments *m, const PpdlRegressOptions *opt, PpdlError *err)
{
	Fit			f = {.m = m,.err = err};
	PpdlStatus	status;

	*out = (PpdlRegression) {0};
	PPDL_TRY(check_options(m, opt, err));
	/* levels, or the number, and the indicator of missing values */
	for (int i = 0; i < opt->variables; i++)
		f.room += m->variable[opt->variable[i]].levels + 2;
	status = get_room(&f) ? run_fit(&f, out, opt) : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a regression");
	ppdl_pool_destroy(f.pool);
	return status;
}

void
ppdl_regression_free(PpdlRegression *r)
{
	free(r->coefficient);
	free(r->reference);
	free(r->omit);
	*r = (PpdlRegression) {0};
}
