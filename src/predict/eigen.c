#include "predict/eigen.h"

#include <math.h>
#include <stddef.h>

#define MAX_SWEEPS 50

/* rotates rows and columns p, q of a so that a[p][q] = 0, and rows p, q of the vectors */
static void
rotate(double *a, double *vector, int n, int p, int q)
{
	double		apq = a[(size_t) p * n + q],
				tau,
				t,
				c,
				s;

	if (apq == 0)
		return;
	tau = (a[(size_t) q * n + q] - a[(size_t) p * n + p]) / (2 * apq);
	t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
	c = 1 / sqrt(1 + t * t);
	s = t * c;
	for (int i = 0; i < n; i++)
	{
		double		x = a[(size_t) i * n + p],
					y = a[(size_t) i * n + q];

		a[(size_t) i * n + p] = c * x - s * y;
		a[(size_t) i * n + q] = s * x + c * y;
	}
	for (int i = 0; i < n; i++)
	{
		double		x = a[(size_t) p * n + i],
					y = a[(size_t) q * n + i];

		a[(size_t) p * n + i] = c * x - s * y;
		a[(size_t) q * n + i] = s * x + c * y;
		x = vector[(size_t) p * n + i];
		y = vector[(size_t) q * n + i];
		vector[(size_t) p * n + i] = c * x - s * y;
		vector[(size_t) q * n + i] = s * x + c * y;
	}
}

PpdlStatus
ppdl_eigen_symmetric(double *a, int n, double *value, double *vector, const PpdlPoll *poll, PpdlError *err)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			vector[(size_t) i * n + j] = i == j;
	for (int sweep = 0; sweep < MAX_SWEEPS; sweep++)
	{
		double		off = 0,
					all = 0;

		for (int p = 0; p < n; p++)
			for (int q = 0; q < n; q++)
			{
				double		x = a[(size_t) p * n + q] * a[(size_t) p * n + q];

				all += x;
				off += p != q ? x : 0;
			}
		if (off <= 1e-32 * all)
			break;
		for (int p = 0; p < n; p++)
		{
			PPDL_TRY(ppdl_poll(poll, err));
			for (int q = p + 1; q < n; q++)
				rotate(a, vector, n, p, q);
		}
	}
	for (int i = 0; i < n; i++)
		value[i] = a[(size_t) i * n + i];
	return PPDL_OK;
}
