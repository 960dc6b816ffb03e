/* The map that centres, scales and decorrelates inputs, and the eigenvectors it is made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/prng.h"
#include "stats/eigen.h"
#include "stats/whiten.h"

static PpdlError err;

static void *
get(size_t n)
{
	void	   *p = calloc(n, sizeof(double));

	assert_non_null(p);
	return p;
}

/* ---- eigenvectors ---- */

/* a sum of `rank` squares of random vectors, of very different lengths */
static void
random_matrix(double *a, int n, int rank, uint64_t seed)
{
	PpdlPrng	rng;
	double	   *x = get((size_t) n);

	ppdl_prng_init(&rng, seed, 1);
	memset(a, 0, sizeof(double) * n * n);
	for (int r = 0; r < rank; r++)
	{
		double		f = pow(10, -(r % 5));

		for (int i = 0; i < n; i++)
			x[i] = ppdl_prng_normal(&rng);
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				a[i * n + j] += f * x[i] * x[j];
	}
	free(x);
}

/* the largest of |a v - value v| over rows, and of |v v' - 1| */
static void
check_decomposition(const double *a, int n, const double *value, const double *vector)
{
	double		largest = fmax(fabs(value[0]), fabs(value[n - 1])) + 1e-300;

	for (int r = 0; r < n; r++)
	{
		const double *v = vector + r * n;
		int			top = 0;

		if (r > 0)
			assert_true(value[r - 1] >= value[r]);
		for (int i = 0; i < n; i++)
		{
			double		s = -value[r] * v[i];

			for (int j = 0; j < n; j++)
				s += a[i * n + j] * v[j];
			assert_true(fabs(s) <= 1e-13 * n * largest);
			top = fabs(v[i]) > (1 + 1e-6) * fabs(v[top]) ? i : top;
		}
		assert_true(v[top] > 0);
		for (int q = 0; q <= r; q++)
		{
			double		s = q == r ? -1 : 0;

			for (int j = 0; j < n; j++)
				s += vector[q * n + j] * v[j];
			assert_true(fabs(s) <= 1e-13 * n);
		}
	}
}

static void
test_eigen(void **state)
{
	static const int size[] = {1, 2, 3, 4, 7, 20, 61};

	(void) state;
	for (size_t s = 0; s < sizeof size / sizeof *size; s++)
		for (int rank = 0; rank <= 2 * size[s]; rank += rank < 3 ? 1 : size[s])
		{
			const int	n = size[s];
			double	   *a = get((size_t) n * n),
					   *b = get((size_t) n * n),
					   *vector = get((size_t) n * n),
					   *again = get((size_t) n * n),
					   *value = get((size_t) n);

			random_matrix(a, n, rank, (uint64_t) (100 * n + rank));
			memcpy(b, a, sizeof(double) * n * n);
			assert_int_equal(ppdl_eigen_decompose(b, n, value, vector, NULL, &err), PPDL_OK);
			check_decomposition(a, n, value, vector);
			memcpy(b, a, sizeof(double) * n * n);
			assert_int_equal(ppdl_eigen_decompose(b, n, value, again, NULL, &err), PPDL_OK);
			assert_memory_equal(vector, again, sizeof(double) * n * n);
			free(a);
			free(b);
			free(vector);
			free(again);
			free(value);
		}
}

static void
test_eigen_known(void **state)
{
	/* eigenvalues 2 - 2 cos(k pi/6) of the second difference, and numbers as large and as small as there are */
	double		a[25],
				value[5],
				vector[25];

	(void) state;
	for (int power = -150; power <= 150; power += 150)
	{
		double		f = pow(10, power);

		for (int i = 0; i < 25; i++)
			a[i] = i % 6 == 0 ? 2 * f : i % 5 + 1 == i / 5 || i % 5 - 1 == i / 5 ? -f : 0;
		assert_int_equal(ppdl_eigen_decompose(a, 5, value, vector, NULL, &err), PPDL_OK);
		for (int k = 1; k <= 5; k++)
			assert_true(fabs(value[5 - k] / f - (2 - 2 * cos(k * M_PI / 6))) < 1e-14);
	}
	a[7] = NAN;
	assert_int_equal(ppdl_eigen_decompose(a, 5, value, vector, NULL, &err), PPDL_ERR_RANGE);
}

static int
stop(void *arg)
{
	return ++*(int *) arg > 3;
}

static void
test_eigen_cancel(void **state)
{
	int			asked = 0;
	PpdlPoll	poll = {stop, &asked};
	double		a[64],
				value[8],
				vector[64];

	(void) state;
	random_matrix(a, 8, 8, 5);
	assert_int_equal(ppdl_eigen_decompose(a, 8, value, vector, &poll, &err), PPDL_ERR_CANCELED);
}

/* ---- the map ---- */

#define INPUTS 7

/*
 * rows of a number, another that nearly follows it, a rare yes, three one-hot inputs (collinear with a constant), and
 * a constant
 */
static double *
make_rows(long n, uint64_t seed)
{
	double	   *x = get((size_t) n * INPUTS);
	PpdlPrng	rng;

	ppdl_prng_init(&rng, seed, 1);
	for (long r = 0; r < n; r++)
	{
		double	   *row = x + r * INPUTS;

		row[0] = tanh(ppdl_prng_normal(&rng) / 3);
		row[1] = 0.9 * row[0] + 0.01 * tanh(ppdl_prng_normal(&rng));
		row[2] = ppdl_prng_below(&rng, 50) == 0 ? 1 : -1;
		row[3 + ppdl_prng_below(&rng, 3)] = 1;
		row[6] = 0.25;
	}
	return x;
}

static PpdlStatus
learn(PpdlWhitening **w, const double *x, long n, int inputs)
{
	PpdlScatter m;
	PpdlStatus	status;

	assert_int_equal(ppdl_scatter_create(&m, inputs, &err), PPDL_OK);
	for (long r = 0; r < n; r++)
		ppdl_scatter_add(&m, x + r * inputs);
	status = ppdl_whitening_learn(w, &m, inputs, NULL, &err);
	ppdl_scatter_free(&m);
	return status;
}

/* after the map: mean 0, no correlation, variances lambda/(lambda + ridge) = 1 - ridge |m_r|^2, nothing clipped */
static void
test_whitened(void **state)
{
	const long	n = 2000;
	double	   *x = make_rows(n, 1),
			   *z = get((size_t) n * (INPUTS + 1)),
				back[INPUTS];
	PpdlWhitening *w;
	int			k;
	double		ridge;

	(void) state;
	assert_int_equal(learn(&w, x, n, INPUTS), PPDL_OK);
	assert_int_equal(ppdl_whitening_check(w, &err), PPDL_OK);
	k = w->components;
	assert_int_equal(w->width, k + 1);
	assert_int_equal(k, INPUTS - 2);	/* the constant, and one of the one-hot inputs */
	ridge = 0.05 + 10.0 * k / n;
	w->clip = 1000;				/* the rare yes is far out */
	for (long r = 0; r < n; r++)
	{
		assert_int_equal(ppdl_whitening_apply(w, x + r * INPUTS, z + r * (k + 1)), 0);
		assert_true(z[r * (k + 1) + k] == 1.0 / 1000);
		ppdl_whitening_invert(w, z + r * (k + 1), 1, back);
		for (int i = 0; i < INPUTS; i++)
			assert_true(fabs(back[i] - x[r * INPUTS + i]) < 1e-8);
	}
	for (int p = 0; p < k; p++)
		for (int q = 0; q <= p; q++)
		{
			double		sum = 0,
						product = 0,
						length = 0;

			for (long r = 0; r < n; r++)
			{
				sum += 1000 * z[r * (k + 1) + p];
				product += 1e6 * z[r * (k + 1) + p] * z[r * (k + 1) + q];
			}
			for (int i = 0; i < INPUTS; i++)
				length += w->matrix[p * INPUTS + i] * w->matrix[p * INPUTS + i];
			assert_true(fabs(sum / n) < 1e-7);
			assert_true(fabs(product / n - (p == q ? 1 - ridge * length : 0)) < 1e-7);
			assert_true(p != q || (product / n > 0 && product / n < 1));
		}
	ppdl_whitening_destroy(w);
	free(x);
	free(z);
}

/* one row is no spread; fewer rows than inputs give fewer directions; the same rows give the same map */
static void
test_few_rows(void **state)
{
	double	   *x = make_rows(4, 2);
	PpdlWhitening *w,
			   *again;

	(void) state;
	assert_int_equal(learn(&w, x, 1, INPUTS), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "no input varies over 1 rows"));
	assert_null(w);
	assert_int_equal(learn(&w, x, 0, INPUTS), PPDL_ERR_RANGE);
	assert_int_equal(learn(&w, x, 4, INPUTS), PPDL_OK);
	assert_in_range(w->components, 1, 3);
	assert_int_equal(ppdl_whitening_check(w, &err), PPDL_OK);
	assert_int_equal(learn(&again, x, 4, INPUTS), PPDL_OK);
	assert_memory_equal(w->mean, again->mean, sizeof(double) * INPUTS * (w->components + 2));
	ppdl_whitening_destroy(w);
	ppdl_whitening_destroy(again);
	free(x);
}

/* a value beyond the range is clipped and counted, and the others are as they were */
static void
test_clip(void **state)
{
	double	   *x = make_rows(500, 3),
				z[INPUTS + 1],
				far[INPUTS] = {1, -1, 1, 1, 1, 1, 1};
	PpdlWhitening *w;
	int			clipped,
				at_bound = 0;

	(void) state;
	assert_int_equal(learn(&w, x, 500, INPUTS), PPDL_OK);
	clipped = ppdl_whitening_apply(w, far, z);
	assert_true(clipped > 0);
	for (int r = 0; r < w->components; r++)
	{
		assert_true(fabs(z[r]) <= 1);
		at_bound += fabs(z[r]) == 1;
	}
	assert_int_equal(at_bound, clipped);
	assert_true(z[w->components] == 0.25);
	ppdl_whitening_destroy(w);
	free(x);
}

static void
test_refuses(void **state)
{
	PpdlWhitening *w;
	PpdlScatter m;

	(void) state;
	assert_int_equal(ppdl_scatter_create(&m, PPDL_WHITEN_MAX_INPUTS + 1, &err), PPDL_ERR_RANGE);
	assert_int_equal(ppdl_whitening_create(&w, 0, 1, &err), PPDL_ERR_RANGE);
	assert_int_equal(ppdl_whitening_create(&w, 3, 4, &err), PPDL_ERR_RANGE);
	assert_int_equal(ppdl_whitening_create(&w, 2, 2, &err), PPDL_OK);
	w->scale[0] = w->scale[1] = 1;
	w->matrix[0] = w->matrix[3] = 2;
	assert_int_equal(ppdl_whitening_check(w, &err), PPDL_OK);
	for (int bad = 0; bad < 9; bad++)
	{
		double		mean = w->mean[1],
					scale = w->scale[1],
					entry = w->matrix[3],
					beside = w->matrix[2];

		w->clip = bad == 0 ? 0 : bad == 1 ? NAN : 4;
		w->mean[1] = bad == 2 ? 1.5 : bad == 3 ? NAN : mean;
		w->scale[1] = bad == 4 ? 0 : bad == 5 ? INFINITY : scale;
		w->matrix[3] = bad == 6 ? 0 : bad == 7 ? 1e300 : entry;
		w->matrix[2] = bad == 8 ? 1 : beside;
		assert_int_equal(ppdl_whitening_check(w, &err), PPDL_ERR_RANGE);
		w->mean[1] = mean;
		w->scale[1] = scale;
		w->matrix[3] = entry;
		w->matrix[2] = beside;
	}
	ppdl_whitening_destroy(w);
	ppdl_whitening_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eigen),
		cmocka_unit_test(test_eigen_known),
		cmocka_unit_test(test_eigen_cancel),
		cmocka_unit_test(test_whitened),
		cmocka_unit_test(test_few_rows),
		cmocka_unit_test(test_clip),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
