#include "stats/linalg.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

PpdlStatus
ppdl_matrix_alloc(double **out, size_t n, size_t m, PpdlError *err)
{
	*out = n == 0 || m <= SIZE_MAX / n ? calloc(n * m + 1, sizeof **out) : NULL;
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a matrix of %zu x %zu numbers", n, m);
	return PPDL_OK;
}

double
ppdl_dot(const double *a, const double *b, size_t n)
{
	double		s[8] = {0};
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
		for (int k = 0; k < 8; k++)
			s[k] += a[i + k] * b[i + k];
	for (; i < n; i++)
		s[0] += a[i] * b[i];
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

PpdlStatus
ppdl_cholesky(double *a, int n, int *done, const PpdlPoll *poll, PpdlError *err)
{
	*done = 0;
	for (int i = 0; i < n; i++)
	{
		double	   *row = a + (size_t) i * (size_t) n;
		double		whole = row[i],
					pivot;

		PPDL_TRY(ppdl_poll(poll, err));
		for (int j = 0; j < i; j++)
		{
			const double *other = a + (size_t) j * (size_t) n;

			row[j] = (row[j] - ppdl_dot(row, other, (size_t) j)) / other[j];
		}
		pivot = row[i] - ppdl_dot(row, row, (size_t) i);
		if (!(pivot > n * DBL_EPSILON * whole) || !isfinite(pivot))
			return PPDL_OK;
		row[i] = sqrt(pivot);
	}
	*done = 1;
	return PPDL_OK;
}

void
ppdl_forward_solve(const double *l, int stride, int n, double *x)
{
	for (int i = 0; i < n; i++)
	{
		const double *row = l + (size_t) i * (size_t) stride;
		long double sum = x[i];

		for (int j = 0; j < i; j++)
			sum -= (long double) row[j] * x[j];
		x[i] = (double) (sum / row[i]);
	}
}

void
ppdl_backward_solve(const double *l, int stride, int n, double *x)
{
	for (int i = n - 1; i >= 0; i--)
	{
		long double sum = x[i];

		for (int j = i + 1; j < n; j++)
			sum -= (long double) l[(size_t) j * (size_t) stride + (size_t) i] * x[j];
		x[i] = (double) (sum / l[(size_t) i * (size_t) stride + (size_t) i]);
	}
}

void
ppdl_cholesky_solve(const double *l, int stride, int n, double *x)
{
	ppdl_forward_solve(l, stride, n, x);
	ppdl_backward_solve(l, stride, n, x);
}
