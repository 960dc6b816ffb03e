#include "stats/eigen.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/linalg.h"

#define MAX_QL_STEPS 100

/*
 * v = x made the vector of the reflection 1 - beta v v' that takes x to (alpha, 0, ..., 0); returns alpha.  x is scaled
 * so that squares neither overflow nor vanish; beta = 0 where there is nothing to reflect.
 */
static double
reflection(double *x, int n, double *beta)
{
	double		largest = 0,
				length,
				first;

	*beta = 0;
	for (int i = 1; i < n; i++)
		largest = fmax(largest, fabs(x[i]));
	if (largest == 0)
		return x[0];
	largest = fmax(largest, fabs(x[0]));
	for (int i = 0; i < n; i++)
		x[i] /= largest;
	length = sqrt(ppdl_dot(x, x, n));
	first = x[0];
	x[0] = first >= 0 ? first + length : first - length;
	*beta = 1 / (length * fabs(x[0]));
	return first >= 0 ? -length * largest : length * largest;
}

/*
 * a becomes tridiagonal: diagonal d, beside it e[0 .. n-2].  Row k of a keeps the vector of reflection k from column
 * k + 1 on, beta[k] its factor.
 */
static PpdlStatus
tridiagonal(double *a, int n, double *d, double *e, double *beta, double *p, const PpdlPoll *poll, PpdlError *err)
{
	for (int k = 0; k + 1 < n; k++)
	{
		double	   *v = a + (size_t) k * n + k + 1;
		const int	m = n - k - 1;
		double		shift;

		PPDL_TRY(ppdl_poll(poll, err));
		d[k] = a[(size_t) k * n + k];
		e[k] = reflection(v, m, &beta[k]);
		if (beta[k] == 0)
			continue;
		for (int i = 0; i < m; i++)
			p[i] = beta[k] * ppdl_dot(a + (size_t) (k + 1 + i) * n + k + 1, v, m);
		shift = beta[k] * ppdl_dot(p, v, m) / 2;
		for (int i = 0; i < m; i++)
			p[i] -= shift * v[i];
		for (int i = 0; i < m; i++)
		{
			double	   *row = a + (size_t) (k + 1 + i) * n + k + 1;

			for (int j = 0; j < m; j++)
				row[j] -= v[i] * p[j] + p[i] * v[j];
		}
	}
	d[n - 1] = a[(size_t) n * n - 1];
	return PPDL_OK;
}

/* the first m >= l at which the matrix falls apart: e[m] is rounding beside the whole */
static int
block_end(double *e, int n, int l, double rounding)
{
	int			m = l;

	while (m + 1 < n && !(fabs(e[m]) <= rounding))
		m++;
	if (m + 1 < n)
		e[m] = 0;
	return m;
}

/* rows i and i + 1 of the vectors */
static void
rotate(double *row, int n, double c, double s)
{
	double	   *below = row + n;

	for (int k = 0; k < n; k++)
	{
		double		x = row[k],
					y = below[k];

		below[k] = s * x + c * y;
		row[k] = c * x - s * y;
	}
}

/* one implicit QL step on rows l .. m */
static void
ql_step(double *d, double *e, double *vector, int n, int l, int m)
{
	double		g = (d[l + 1] - d[l]) / (2 * e[l]),
				r = hypot(g, 1),
				s = 1,
				c = 1,
				p = 0;

	g = d[m] - d[l] + e[l] / (g + copysign(r, g));
	for (int i = m - 1; i >= l; i--)
	{
		double		f = s * e[i],
					b = c * e[i];

		r = hypot(f, g);
		if (i + 1 < m)
			e[i + 1] = r;
		if (r == 0)
		{
			d[i + 1] -= p;
			return;
		}
		s = f / r;
		c = g / r;
		g = d[i + 1] - p;
		r = (d[i] - g) * s + 2 * c * b;
		p = s * r;
		d[i + 1] = g + p;
		g = c * r - b;
		rotate(vector + (size_t) i * n, n, c, s);
	}
	d[l] -= p;
	e[l] = g;
}

static PpdlStatus
diagonal(double *d, double *e, double *vector, int n, const PpdlPoll *poll, PpdlError *err)
{
	double		largest = 0;

	for (int i = 0; i < n; i++)
		largest = fmax(largest, fabs(d[i]) + fabs(e[i]));
	for (int l = 0; l < n; l++)
		for (int step = 0;; step++)
		{
			int			m = block_end(e, n, l, DBL_EPSILON * largest);

			if (m == l)
				break;
			if (step == MAX_QL_STEPS)
				return ppdl_error(err, PPDL_ERR_RANGE, "the eigenvalues of a matrix of %d rows were not found", n);
			PPDL_TRY(ppdl_poll(poll, err));
			ql_step(d, e, vector, n, l, m);
		}
	return PPDL_OK;
}

/* vectors of the tridiagonal matrix to those of the first */
static PpdlStatus
transform_back(const double *a, const double *beta, double *vector, int n, const PpdlPoll *poll, PpdlError *err)
{
	for (int r = 0; r < n; r++)
	{
		PPDL_TRY(ppdl_poll(poll, err));
		for (int k = n - 2; k >= 0; k--)
		{
			const double *v = a + (size_t) k * n + k + 1;
			double	   *z = vector + (size_t) r * n + k + 1,
						f = beta[k] * ppdl_dot(v, z, n - k - 1);

			for (int i = 0; f != 0 && i < n - k - 1; i++)
				z[i] -= f * v[i];
		}
	}
	return PPDL_OK;
}

static void
swap_rows(double *value, double *vector, int n, int i, int j)
{
	double		v = value[i];

	value[i] = value[j];
	value[j] = v;
	for (int k = 0; k < n; k++)
	{
		v = vector[(size_t) i * n + k];
		vector[(size_t) i * n + k] = vector[(size_t) j * n + k];
		vector[(size_t) j * n + k] = v;
	}
}

static void
fix_sign(double *row, int n)
{
	double		largest = 0;
	int			i = 0;

	for (int k = 0; k < n; k++)
		largest = fmax(largest, fabs(row[k]));
	while (i < n - 1 && fabs(row[i]) < (1 - 1e-6) * largest)
		i++;
	if (row[i] > 0)
		return;
	for (int k = 0; k < n; k++)
		row[k] = row[k] == 0 ? 0 : -row[k];
}

PpdlStatus
ppdl_eigen_decompose(double *a, int n, double *value, double *vector, const PpdlPoll *poll, PpdlError *err)
{
	double	   *e = calloc(3 * (size_t) n, sizeof(double));
	PpdlStatus	status;

	if (e == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(vector, 0, sizeof(double) * n * n);
	for (int i = 0; i < n; i++)
		vector[(size_t) i * n + i] = 1;
	PPDL_GOTO(done, tridiagonal(a, n, value, e, e + n, e + 2 * n, poll, err));
	PPDL_GOTO(done, diagonal(value, e, vector, n, poll, err));
	PPDL_GOTO(done, transform_back(a, e + n, vector, n, poll, err));
	for (int i = 0; i < n; i++)
	{
		int			top = i;

		for (int j = i + 1; j < n; j++)
			top = value[j] > value[top] ? j : top;
		swap_rows(value, vector, n, i, top);
		fix_sign(vector + (size_t) i * n, n);
	}
	status = PPDL_OK;
done:
	free(e);
	return status;
}
