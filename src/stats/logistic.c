#include "stats/logistic.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/linalg.h"
#include "stats/metrics.h"

#define STEPS 100
#define SMALL 1e-14				/* Newton's decrement, over the objective, at which a step is the last */
#define HALVINGS 60
#define BLOCK 4					/* rows whose products are added to the Hessian at a time */

/*
 * One class against the rest.  Rows are centred: the offset is then that of the mean row, and columns far from 0 do no
 * harm; the ridge, which leaves the offset alone, means the same.
 */
typedef struct Fit
{
	const double *x;			/* n * d */
	const int  *truth;
	long		n;
	int			d,
				class;
	double		ridge;
	const PpdlPoll *poll;
	double	   *mean;			/* d: of the columns */
	double	   *gradient;		/* d + 1: minus the gradient */
	double	   *z;				/* n * (d + 1): centred rows and a 1 */
	double	   *w;				/* d + 1 */
	double	   *step;			/* d + 1: gradient, then Newton's step */
	double	   *hessian;		/* (d + 1)^2 */
	double	   *margin;			/* n: z . w */
	double	   *slope;			/* n: z . step */
} Fit;

/* log(1 + exp(-t)) without overflow */
static double
log_loss(double t)
{
	return t > 0 ? log1p(exp(-t)) : log1p(exp(t)) - t;
}

static double
sigmoid(double t)
{
	return t > 0 ? 1 / (1 + exp(-t)) : exp(t) / (1 + exp(t));
}

/* objective at w + by * step */
static double
objective(const Fit *f, double by)
{
	long double sum = 0,
				square = 0;

	for (long i = 0; i < f->n; i++)
	{
		double		t = f->margin[i] + by * f->slope[i];

		sum += log_loss(f->truth[i] == f->class ? t : -t);
	}
	for (int j = 0; j < f->d; j++)
	{
		double		w = f->w[j] + by * f->step[j];

		square += (long double) w * w;
	}
	return (double) (sum + f->ridge / 2 * square);
}

/* row . v for all rows */
static void
project(const Fit *f, const double *v, double *out)
{
	size_t		m = (size_t) f->d + 1;

	for (long i = 0; i < f->n; i++)
		out[i] = ppdl_dot(f->z + (size_t) i * m, v, m);
}

/* adds z' diag(curvature) z of up to BLOCK rows to the lower triangle */
static void
add_rows(double *hessian, const double *z, const double *curvature, size_t rows, size_t m)
{
	for (size_t j = 0; j < m; j++)
	{
		double	   *h = hessian + j * m,
					t[BLOCK];

		for (size_t r = 0; r < rows; r++)
			t[r] = curvature[r] * z[r * m + j];
		if (rows == BLOCK)
			for (size_t k = 0; k <= j; k++)
				h[k] += (t[0] * z[k] + t[1] * z[m + k]) + (t[2] * z[2 * m + k] + t[3] * z[3 * m + k]);
		else
			for (size_t r = 0; r < rows; r++)
				for (size_t k = 0; k <= j; k++)
					h[k] += t[r] * z[r * m + k];
	}
}

/* step becomes minus the gradient, hessian its lower triangle */
static PpdlStatus
derive(Fit *f, PpdlError *err)
{
	size_t		m = (size_t) f->d + 1;

	memset(f->hessian, 0, m * m * sizeof *f->hessian);
	memset(f->step, 0, m * sizeof *f->step);
	for (long i = 0; i < f->n; i += BLOCK)
	{
		size_t		rows = (size_t) (f->n - i < BLOCK ? f->n - i : BLOCK);
		const double *z = f->z + (size_t) i * m;
		double		curvature[BLOCK];

		PPDL_TRY(ppdl_poll(f->poll, err));
		for (size_t r = 0; r < rows; r++)
		{
			double		t = f->margin[i + (long) r],
						pull = f->truth[i + (long) r] == f->class ? sigmoid(-t) : -sigmoid(t);

			curvature[r] = sigmoid(t) * sigmoid(-t);
			for (size_t j = 0; j < m; j++)
				f->step[j] += pull * z[r * m + j];
		}
		add_rows(f->hessian, z, curvature, rows, m);
	}
	for (int j = 0; j < f->d; j++)
	{
		f->step[j] -= f->ridge * f->w[j];
		f->hessian[(size_t) j * m + (size_t) j] += f->ridge;
	}
	return PPDL_OK;
}

/* step = hessian^-1 step; what rounding keeps from being positive definite gets a larger diagonal */
static PpdlStatus
solve(Fit *f, PpdlError *err)
{
	size_t		m = (size_t) f->d + 1;
	double		largest = 0;

	for (size_t j = 0; j < m; j++)
		largest = fmax(largest, f->hessian[j * m + j]);
	for (double more = 0; isfinite(largest) && more <= largest; more = more > 0 ? 100 * more : 1e-14 * largest)
	{
		int			done;

		for (size_t j = 0; j < m; j++)
			f->hessian[j * m + j] += more;
		PPDL_TRY(ppdl_cholesky(f->hessian, (int) m, &done, f->poll, err));
		if (done)
		{
			ppdl_cholesky_solve(f->hessian, (int) m, (int) m, f->step);
			return PPDL_OK;
		}
		PPDL_TRY(derive(f, err));
	}
	return ppdl_error(err, PPDL_ERR_RANGE, "logistic regression: the inputs are too large to compute with");
}

/* halves Newton's step until the objective falls enough (Armijo); 0 when it cannot, but for rounding */
static double
step_length(const Fit *f, double decrement)
{
	double		now = objective(f, 0);
	double		by = 1;

	for (int i = 0; i < HALVINGS; i++, by /= 2)
		if (objective(f, by) <= now - 1e-4 * by * decrement + 4e-15 * now)
			return by;
	return 0;
}

/* one step from w; *last when there is nothing more to gain */
static PpdlStatus
newton(Fit *f, int *last, PpdlError *err)
{
	size_t		m = (size_t) f->d + 1;
	double		decrement,
				by;

	project(f, f->w, f->margin);
	PPDL_TRY(derive(f, err));
	memcpy(f->gradient, f->step, m * sizeof *f->gradient);
	PPDL_TRY(solve(f, err));
	project(f, f->step, f->slope);
	decrement = ppdl_dot(f->gradient, f->step, m);
	by = step_length(f, decrement);
	for (size_t j = 0; j < m; j++)
		f->w[j] += by * f->step[j];
	*last = by == 0 || !(decrement > SMALL * objective(f, 0));
	return isfinite(decrement) ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_RANGE, "logistic regression: the inputs are too large to compute with");
}

/* out: inputs + 1 weights of the model of f->class; *steps grows to what they took */
static PpdlStatus
fit_class(Fit *f, int max_steps, double *out, int *steps, PpdlError *err)
{
	size_t		m = (size_t) f->d + 1;
	int			last = 0,
				taken = 0;

	memset(f->w, 0, m * sizeof *f->w);
	for (; !last && taken < max_steps; taken++)
		PPDL_TRY(newton(f, &last, err));
	if (!last)
		return ppdl_error(err, PPDL_ERR_RANGE, "logistic regression of class %d has not converged in %d steps",
						  f->class, max_steps);
	memcpy(out, f->w, m * sizeof *out);
	out[f->d] -= ppdl_dot(f->w, f->mean, (size_t) f->d);
	*steps = taken > *steps ? taken : *steps;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
check(const double *x, const int *truth, long n, int inputs, int classes, PpdlError *err)
{
	long		rows[PPDL_MAX_CLASSES] = {0};

	if (inputs < 0 || inputs > PPDL_LOGISTIC_MAX_INPUTS || classes < 2 || classes > PPDL_MAX_CLASSES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "logistic regression of %d inputs and %d classes, where at most %d "
						  "and 2 to %d are allowed", inputs, classes, PPDL_LOGISTIC_MAX_INPUTS, PPDL_MAX_CLASSES);
	if (n < 1 || n > PPDL_MAX_SCORED_ROWS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "logistic regression needs rows of each class: there are %ld rows", n);
	for (long i = 0; i < n; i++)
	{
		if (truth[i] < 0 || truth[i] >= classes)
			return ppdl_error(err, PPDL_ERR_FORMAT, "row %ld is of class %d, where there are classes 0 to %d", i + 1,
							  truth[i], classes - 1);
		rows[truth[i]]++;
		for (int j = 0; j < inputs; j++)
			if (!isfinite(x[(size_t) i * (size_t) inputs + (size_t) j]))
				return ppdl_error(err, PPDL_ERR_FORMAT, "row %ld, input %d is no finite number", i + 1, j + 1);
	}
	for (int c = 0; c < classes; c++)
		if (rows[c] == 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "logistic regression needs rows of each class: class %d has none",
							  c);
	return PPDL_OK;
}

static void
centre(Fit *f)
{
	size_t		d = (size_t) f->d;

	for (size_t j = 0; j < d; j++)
	{
		long double sum = 0;

		for (long i = 0; i < f->n; i++)
			sum += f->x[(size_t) i * d + j];
		f->mean[j] = (double) (sum / f->n);
	}
	for (long i = 0; i < f->n; i++)
	{
		double	   *z = f->z + (size_t) i * (d + 1);

		for (size_t j = 0; j < d; j++)
			z[j] = f->x[(size_t) i * d + j] - f->mean[j];
		z[d] = 1;
	}
}

static PpdlStatus
fit_all(Fit *f, PpdlLogistic *model, int max_steps, PpdlError *err)
{
	size_t		m = (size_t) f->d + 1,
				n = (size_t) f->n;

	PPDL_TRY(ppdl_matrix_alloc(&f->mean, 2, m, err));
	PPDL_TRY(ppdl_matrix_alloc(&f->w, 2, m, err));
	PPDL_TRY(ppdl_matrix_alloc(&f->margin, 2, n, err));
	PPDL_TRY(ppdl_matrix_alloc(&f->hessian, m, m, err));
	PPDL_TRY(ppdl_matrix_alloc(&f->z, n, m, err));
	f->gradient = f->mean + m;
	f->step = f->w + m;
	f->slope = f->margin + n;
	centre(f);
	for (int k = 0; k < model->outputs; k++)
	{
		f->class = model->outputs == 1 ? 1 : k;
		PPDL_TRY(fit_class(f, max_steps, model->weight + (size_t) k * m, &model->steps, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_logistic_fit(PpdlLogistic **out, const double *x, const int *truth, long n, int inputs, int classes,
				  const PpdlLogisticOptions *opt, PpdlError *err)
{
	static const PpdlLogisticOptions defaults;
	PpdlLogistic *model;
	PpdlStatus	status;
	Fit			f = {.x = x, .truth = truth, .n = n, .d = inputs};

	*out = NULL;
	opt = opt ? opt : &defaults;
	PPDL_TRY(check(x, truth, n, inputs, classes, err));
	if (!(opt->ridge >= 0) || !isfinite(opt->ridge) || opt->max_steps < 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "logistic regression: a ridge of %g, %d steps", opt->ridge,
						  opt->max_steps);
	f.ridge = opt->ridge > 0 ? opt->ridge : 1;
	f.poll = opt->poll;
	model = calloc(1, sizeof *model);
	if (model == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	*model = (PpdlLogistic) {.inputs = inputs, .classes = classes, .outputs = classes == 2 ? 1 : classes};
	status = ppdl_matrix_alloc(&model->weight, (size_t) model->outputs, (size_t) inputs + 1, err);
	if (status == PPDL_OK)
		status = fit_all(&f, model, opt->max_steps ? opt->max_steps : STEPS, err);
	free(f.mean);
	free(f.w);
	free(f.margin);
	free(f.hessian);
	free(f.z);
	if (status != PPDL_OK)
		ppdl_logistic_free(model);
	else
		*out = model;
	return status;
}

void
ppdl_logistic_free(PpdlLogistic *model)
{
	if (model == NULL)
		return;
	free(model->weight);
	free(model);
}

void
ppdl_logistic_scores(const PpdlLogistic *model, const double *x, long n, double *scores)
{
	size_t		d = (size_t) model->inputs,
				outputs = (size_t) model->outputs;

	for (long i = 0; i < n; i++)
	{
		double	   *s = scores + (size_t) i * outputs,
					sum = 0;

		for (size_t k = 0; k < outputs; k++)
		{
			const double *w = model->weight + k * (d + 1);

			s[k] = sigmoid(ppdl_dot(w, x + (size_t) i * d, d) + w[d]);
			sum += s[k];
		}
		for (size_t k = 0; k < outputs; k++)
			s[k] = outputs == 1 ? 2 * s[k] - 1 : sum > 0 ? 2 * (s[k] / sum) - 1 : 2.0 / (double) outputs - 1;
	}
}
