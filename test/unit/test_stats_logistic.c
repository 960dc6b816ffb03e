/* Logistic regression against another optimiser and in awkward tables; the linear algebra below it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/prng.h"
#include "stats/linalg.h"
#include "stats/logistic.h"
#include "stats/metrics.h"

#define MOST_ROWS 80
#define MOST_INPUTS 5

static PpdlError err;

/* ------------------------------------------------------------------ linear algebra */

static void
cholesky(void **state)
{
	enum
	{
		N = 37
	};
	double		a[N * N],
				l[N * N],
				x[N],
				b[N];
	PpdlPrng	r;
	int			done;

	ppdl_prng_init(&r, 1, 0);
	for (int i = 0; i < N * N; i++)
		l[i] = ppdl_prng_normal(&r);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
		{
			a[i * N + j] = i == j;
			for (int k = 0; k < N; k++)
				a[i * N + j] += l[i * N + k] * l[j * N + k];
		}
	memcpy(l, a, sizeof l);
	/* what is above the diagonal is not read */
	for (int i = 0; i < N; i++)
		for (int j = i + 1; j < N; j++)
			l[i * N + j] = NAN;
	assert_int_equal(ppdl_cholesky(l, N, &done, NULL, &err), PPDL_OK);
	assert_true(done);
	for (int i = 0; i < N; i++)
		x[i] = b[i] = ppdl_prng_normal(&r);
	ppdl_cholesky_solve(l, N, N, x);
	for (int i = 0; i < N; i++)
		assert_true(fabs(ppdl_dot(a + i * N, x, N) - b[i]) < 1e-11);
	memcpy(x, b, sizeof x);
	ppdl_forward_solve(l, N, N, x);
	for (int i = 0; i < N; i++)
		assert_true(fabs(ppdl_dot(l + i * N, x, (size_t) i + 1) - b[i]) < 1e-11);
	memcpy(x, b, sizeof x);
	ppdl_backward_solve(l, N, N, x);
	for (int i = 0; i < N; i++)
	{
		double		sum = 0;

		for (int j = i; j < N; j++)
			sum += l[j * N + i] * x[j];
		assert_true(fabs(sum - b[i]) < 1e-11);
	}
}

static int
yes(void *arg)
{
	(void) arg;
	return 1;
}

static void
not_positive_definite(void **state)
{
	double		indefinite[] = {1, 0, 2, 1},
				singular[] = {1, 0, 1, 1},
				nearly[] = {3, 0, 1, 1 / 3.0},
				nan[] = {NAN};
	double	   *huge;
	PpdlPoll	poll = {yes, NULL};
	int			done = 1;

	assert_int_equal(ppdl_cholesky(indefinite, 2, &done, NULL, &err), PPDL_OK);
	assert_false(done);
	assert_int_equal(ppdl_cholesky(singular, 2, &done, NULL, &err), PPDL_OK);
	assert_false(done);
	assert_int_equal(ppdl_cholesky(nearly, 2, &done, NULL, &err), PPDL_OK);
	assert_false(done);
	assert_int_equal(ppdl_cholesky(nan, 1, &done, NULL, &err), PPDL_OK);
	assert_false(done);
	assert_int_equal(ppdl_cholesky(singular, 2, &done, &poll, &err), PPDL_ERR_CANCELED);
	assert_int_equal(ppdl_matrix_alloc(&huge, SIZE_MAX / 4, 8, &err), PPDL_ERR_NOMEM);
}

/* ------------------------------------------------------------------ another optimiser */

typedef struct Table
{
	long		n;
	int			d;
	int			truth[MOST_ROWS];
	double		x[MOST_ROWS * MOST_INPUTS];
	double		ridge;
} Table;

static void
random_table(Table *t, PpdlPrng *r)
{
	double		w[MOST_INPUTS];

	memset(t, 0, sizeof *t);
	t->n = 10 + (long) ppdl_prng_below(r, MOST_ROWS - 9);
	t->d = 1 + (int) ppdl_prng_below(r, MOST_INPUTS);
	t->ridge = exp(ppdl_prng_normal(r));
	for (int j = 0; j < t->d; j++)
		w[j] = 2 * ppdl_prng_normal(r);
	for (long i = 0; i < t->n; i++)
	{
		double		sum = ppdl_prng_normal(r);

		for (int j = 0; j < t->d; j++)
		{
			t->x[i * t->d + j] = 2 * ppdl_prng_uniform(r) - 1;
			sum += w[j] * t->x[i * t->d + j];
		}
		t->truth[i] = sum > 0;
	}
	t->truth[0] = 0;
	t->truth[1] = 1;
}

/* gradient of the objective for a class, in long double: d weights, then the offset */
static void
gradient(const Table *t, int class, const long double *w, long double *g)
{
	for (int j = 0; j < t->d; j++)
		g[j] = t->ridge * w[j];
	g[t->d] = 0;
	for (long i = 0; i < t->n; i++)
	{
		long double sum = w[t->d],
					pull;

		for (int j = 0; j < t->d; j++)
			sum += w[j] * t->x[i * t->d + j];
		pull = 1 / (1 + expl(-sum)) - (t->truth[i] == class);
		for (int j = 0; j < t->d; j++)
			g[j] += pull * t->x[i * t->d + j];
		g[t->d] += pull;
	}
}

static long double
norm(const long double *g, int n)
{
	long double sum = 0;

	for (int j = 0; j < n; j++)
		sum += g[j] * g[j];
	return sqrtl(sum);
}

/* at the optimum, which is the only one, the gradient vanishes */
static void
assert_optimal(const Table *t, int class, const double *w)
{
	long double v[MOST_INPUTS + 1],
				g[MOST_INPUTS + 1];

	for (int j = 0; j <= t->d; j++)
		v[j] = w[j];
	gradient(t, class, v, g);
	if (!(norm(g, t->d + 1) < 1e-9L))
		fail_msg("gradient %Lg", norm(g, t->d + 1));
}

static void
descends_to_the_same(void **state)
{
	const uint64_t seed = 17;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 12; run++)
	{
		PpdlPrng	r;
		Table		t;
		PpdlLogistic *model;
		PpdlLogisticOptions opt = {0};
		long double w[MOST_INPUTS + 1] = {0},
					g[MOST_INPUTS + 1],
					steepest;

		ppdl_prng_init(&r, seed, run);
		random_table(&t, &r);
		opt.ridge = t.ridge;
		assert_int_equal(ppdl_logistic_fit(&model, t.x, t.truth, t.n, t.d, 2, &opt, &err), PPDL_OK);
		/* curvature is at most a quarter of the sum of squares of rows and a 1, and the ridge */
		steepest = t.ridge + t.n * (t.d + 1) / 4.0L;
		for (int step = 0; step < 1000000; step++)
		{
			gradient(&t, 1, w, g);
			if (norm(g, t.d + 1) < 1e-11L)
				break;
			for (int j = 0; j <= t.d; j++)
				w[j] -= g[j] / steepest;
		}
		assert_true(norm(g, t.d + 1) < 1e-11L);
		for (int j = 0; j <= t.d; j++)
			assert_true(fabsl(w[j] - model->weight[j]) < 1e-9L);
		ppdl_logistic_free(model);
	}
}

static void
random_optima(void **state)
{
	const uint64_t seed = 18;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 300; run++)
	{
		PpdlPrng	r;
		Table		t;
		PpdlLogistic *model;
		PpdlLogisticOptions opt = {0};
		int			classes;

		ppdl_prng_init(&r, seed, run);
		random_table(&t, &r);
		classes = 2 + (int) ppdl_prng_below(&r, 3);
		for (long i = 0; i < t.n; i++)
			t.truth[i] = i < classes ? (int) i : t.truth[i] ? 1 : (int) ppdl_prng_below(&r, (uint64_t) classes);
		opt.ridge = t.ridge;
		assert_int_equal(ppdl_logistic_fit(&model, t.x, t.truth, t.n, t.d, classes, &opt, &err), PPDL_OK);
		assert_int_equal(model->outputs, classes == 2 ? 1 : classes);
		for (int k = 0; k < model->outputs; k++)
			assert_optimal(&t, model->outputs == 1 ? 1 : k, model->weight + k * (t.d + 1));
		assert_true(model->steps < 20);
		ppdl_logistic_free(model);
	}
}

/* ------------------------------------------------------------------ awkward tables */

static PpdlLogistic *
fit(const double *x, const int *truth, long n, int d, int classes, double ridge)
{
	PpdlLogisticOptions opt = {.ridge = ridge};
	PpdlLogistic *model;

	if (ppdl_logistic_fit(&model, x, truth, n, d, classes, &opt, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	for (int i = 0; i < model->outputs * (d + 1); i++)
		assert_true(isfinite(model->weight[i]));
	return model;
}

static void
separated(void **state)
{
	static const double x[] = {-1, -0.5, -0.1, 0.1, 0.5, 1};
	static const int truth[] = {0, 0, 0, 1, 1, 1};
	double		scores[6];
	PpdlMetrics m;

	for (double ridge = 1; ridge > 1e-10; ridge /= 100)
	{
		PpdlLogistic *model = fit(x, truth, 6, 1, 2, ridge);

		ppdl_logistic_scores(model, x, 6, scores);
		assert_int_equal(ppdl_metrics(&m, truth, scores, 6, 1, &err), PPDL_OK);
		assert_true(m.accuracy == 1 && fabs(model->weight[1]) < 1e-6 * fabs(model->weight[0]));
		ppdl_logistic_free(model);
	}
}

/* constant, equal, opposite and added columns; columns far from 0 and large ones */
static void
dependent_columns(void **state)
{
	enum
	{
		N = 60, D = 7
	};
	double		x[N * D],
				one[N],
				scores[N],
				expected[N];
	int			truth[N];
	PpdlPrng	r;
	PpdlLogistic *model;

	ppdl_prng_init(&r, 4, 0);
	for (int i = 0; i < N; i++)
	{
		double		u = ppdl_prng_normal(&r),
				   *row = x + i * D;

		one[i] = u;
		truth[i] = u + ppdl_prng_normal(&r) > 0.2;
		row[0] = 5;
		row[1] = row[2] = u;
		row[3] = -u;
		row[4] = 2 * u + 5;
		row[5] = 0;
		row[6] = u + 1e6;
	}
	model = fit(x, truth, N, D, 2, 0.01);
	assert_true(fabs(model->weight[0]) < 1e-12 && fabs(model->weight[5]) < 1e-12);
	assert_true(fabs(model->weight[1] - model->weight[2]) < 1e-9);
	assert_true(fabs(model->weight[1] + model->weight[3]) < 1e-9);
	assert_true(fabs(model->weight[4] - 2 * model->weight[1]) < 1e-9);
	ppdl_logistic_scores(model, x, N, scores);
	ppdl_logistic_free(model);
	/* 1 + 1 + 1 + 4 + 1 copies of one column share its weight: as one column with that fraction of the ridge */
	model = fit(one, truth, N, 1, 2, 0.01 / 8);
	ppdl_logistic_scores(model, one, N, expected);
	ppdl_logistic_free(model);
	for (int i = 0; i < N; i++)
		assert_true(fabs(scores[i] - expected[i]) < 1e-6);
}

static void
large_columns(void **state)
{
	enum
	{
		N = 50
	};
	double		x[N * 3],
				scores[N];
	int			truth[N];
	PpdlPrng	r;
	PpdlLogistic *model;
	PpdlMetrics m;

	ppdl_prng_init(&r, 5, 0);
	for (int i = 0; i < N; i++)
	{
		truth[i] = i % 2;
		x[3 * i] = 1e200 * (truth[i] + ppdl_prng_normal(&r));
		x[3 * i + 1] = 2 * x[3 * i];
		x[3 * i + 2] = ppdl_prng_normal(&r);
	}
	assert_int_equal(ppdl_logistic_fit(&model, x, truth, N, 3, 2, NULL, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "too large"));
	for (int i = 0; i < N; i++)
		for (int j = 0; j < 2; j++)
			x[3 * i + j] *= 1e-193;
	model = fit(x, truth, N, 3, 2, 1);
	ppdl_logistic_scores(model, x, N, scores);
	ppdl_logistic_free(model);
	assert_int_equal(ppdl_metrics(&m, truth, scores, N, 1, &err), PPDL_OK);
	assert_true(m.auc > 0.7);
}

/* more inputs than rows, several classes; probabilities add up to 1 */
static void
wide_rows(void **state)
{
	enum
	{
		N = 30, D = 90, K = 3
	};
	static double x[N * D];
	double		scores[N * K];
	int			truth[N];
	PpdlPrng	r;
	PpdlLogistic *model;
	PpdlMetrics m;

	ppdl_prng_init(&r, 6, 0);
	for (int i = 0; i < N; i++)
	{
		truth[i] = i % K;
		for (int j = 0; j < D; j++)
			x[i * D + j] = ppdl_prng_normal(&r);
	}
	model = fit(x, truth, N, D, K, 0);
	ppdl_logistic_scores(model, x, N, scores);
	ppdl_logistic_free(model);
	for (int i = 0; i < N; i++)
		assert_true(fabs(scores[i * K] + scores[i * K + 1] + scores[i * K + 2] - (2 - K)) < 1e-12);
	assert_int_equal(ppdl_metrics(&m, truth, scores, N, K, &err), PPDL_OK);
	assert_true(m.accuracy == 1);
}

/* without inputs it states how frequent classes are */
static void
no_inputs(void **state)
{
	static const int truth[] = {1, 1, 1, 0};
	PpdlLogistic *model = fit((double[]) {0}, truth, 4, 0, 2, 1);
	double		scores[4];

	ppdl_logistic_scores(model, (double[]) {0}, 4, scores);
	assert_true(fabs(scores[0] - 0.5) < 1e-12);
	ppdl_logistic_free(model);
}

static void
refused(const double *x, const int *truth, long n, int d, const PpdlLogisticOptions *opt, PpdlStatus code,
		const char *words)
{
	PpdlLogistic *model;

	assert_int_equal(ppdl_logistic_fit(&model, x, truth, n, d, 2, opt, &err), code);
	assert_null(model);
	if (strstr(err.message, words) == NULL)
		fail_msg("\"%s\" without \"%s\"", err.message, words);
}

static void
what_is_refused(void **state)
{
	static const double x[] = {0, 1, NAN, 3};
	static const int truth[] = {0, 1, 1, 0};
	PpdlPoll	poll = {yes, NULL};

	refused(x, truth, 4, 1, NULL, PPDL_ERR_FORMAT, "row 3, input 1");
	refused(x, truth, 0, 1, NULL, PPDL_ERR_FORMAT, "0 rows");
	refused(x, truth, 1, 1, NULL, PPDL_ERR_FORMAT, "class 1 has none");
	refused(x, (int[]) {0, 2}, 2, 1, NULL, PPDL_ERR_FORMAT, "row 2 is of class 2");
	refused(x, truth, 2, 5000, NULL, PPDL_ERR_ARGUMENT, "5000 inputs");
	refused(x, truth, 2, 1, &(PpdlLogisticOptions) {.ridge = -1}, PPDL_ERR_ARGUMENT, "ridge of -1");
	refused(x, truth, 2, 1, &(PpdlLogisticOptions) {.ridge = 1e-9, .max_steps = 1}, PPDL_ERR_RANGE, "in 1 steps");
	refused(x, truth, 2, 1, &(PpdlLogisticOptions) {.poll = &poll}, PPDL_ERR_CANCELED, "canceled");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cholesky),
		cmocka_unit_test(not_positive_definite),
		cmocka_unit_test(descends_to_the_same),
		cmocka_unit_test(random_optima),
		cmocka_unit_test(separated),
		cmocka_unit_test(dependent_columns),
		cmocka_unit_test(large_columns),
		cmocka_unit_test(wide_rows),
		cmocka_unit_test(no_inputs),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
