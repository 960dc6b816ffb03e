#include "net/activation.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define NODES 1024				/* of the discrete Chebyshev transform */
#define GRID 4096				/* where the error is measured */

static void
start(PpdlActivation *act, const char *name)
{
	memset(act, 0, sizeof(*act));
	strncpy(act->name, name, sizeof(act->name) - 1);
}

int
ppdl_activation_exact(PpdlActivation *act, const char *name)
{
	start(act, name);
	if (strcmp(name, "identity") == 0)
	{
		act->degree = 1;
		act->coef[1] = 1;
	}
	else if (strcmp(name, "square") == 0)
	{
		act->degree = 2;
		act->coef[2] = 1;
	}
	else if (strcmp(name, "quadratic") == 0)
	{
		act->degree = 2;
		act->coef[1] = 1;
		act->coef[2] = 0.5;
	}
	else
		return 0;
	return 1;
}

PpdlStatus
ppdl_activation_poly(PpdlActivation *act, const double *c, int n, PpdlError *err)
{
	start(act, "poly");
	while (n > 0 && c[n - 1] == 0)
		n--;
	if (n < 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "an activation polynomial needs a coefficient of degree 1 or more");
	if (n > PPDL_MAX_ACT_DEGREE + 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "activation polynomial has degree %d, the highest is %d",
						  n - 1, PPDL_MAX_ACT_DEGREE);
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(c[i]))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "coefficient %d of an activation polynomial is not finite", i);
		act->coef[i] = c[i];
	}
	act->degree = n - 1;
	return PPDL_OK;
}

static double
relu(double z)
{
	return z > 0 ? z : 0;
}

static double
sigmoid(double z)
{
	return 1 / (1 + exp(-z));
}

static double
silu(double z)
{
	return z * sigmoid(z);
}

static const struct
{
	const char *name;
	double		(*fn) (double);
}			functions[] = {
	{"relu", relu}, {"sigmoid", sigmoid}, {"tanh", tanh}, {"silu", silu}
};

/* Chebyshev coefficients on [lo,hi] -> coefficients of powers of z */
static void
chebyshev_to_monomial(PpdlActivation *act)
{
	double		a = 2 / (act->hi - act->lo),
				b = -(act->hi + act->lo) / (act->hi - act->lo);
	double		prev[PPDL_MAX_ACT_DEGREE + 1] = {0},
				cur[PPDL_MAX_ACT_DEGREE + 1] = {0};

	/* prev, cur = T_(k-1), T_k in powers of z, t = a*z + b */
	prev[0] = 1;
	cur[0] = b;
	cur[1] = a;
	act->coef[0] = act->cheb[0];
	for (int k = 1; k <= act->degree; k++)
	{
		double		next[PPDL_MAX_ACT_DEGREE + 1];

		for (int i = 0; i <= k; i++)
			act->coef[i] += act->cheb[k] * cur[i];
		for (int i = 0; i <= PPDL_MAX_ACT_DEGREE; i++)
			next[i] = 2 * (b * cur[i] + (i > 0 ? a * cur[i - 1] : 0)) - prev[i];
		memcpy(prev, cur, sizeof(prev));
		memcpy(cur, next, sizeof(cur));
	}
}

static void
project(PpdlActivation *act, double (*fn) (double))
{
	double		largest = 0;

	for (int k = 0; k <= act->degree; k++)
	{
		double		sum = 0;

		for (int j = 0; j < NODES; j++)
		{
			double		theta = M_PI * (j + 0.5) / NODES;
			double		z = act->lo + (act->hi - act->lo) * (cos(theta) + 1) / 2;

			sum += fn(z) * cos(k * theta);
		}
		act->cheb[k] = sum * (k == 0 ? 1.0 : 2.0) / NODES;
		largest = fmax(largest, fabs(act->cheb[k]));
	}
	for (int k = 0; k <= act->degree; k++)
		if (fabs(act->cheb[k]) < 1e-12 * largest)
			act->cheb[k] = 0;
}

PpdlStatus
ppdl_activation_fit(PpdlActivation *act, const char *name, int degree, double lo, double hi, PpdlError *err)
{
	double		(*fn) (double) = NULL;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(name, functions[i].name) == 0)
			fn = functions[i].fn;
	if (fn == NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "unknown activation \"%.*s\"", PPDL_CUT(name, 64));
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Known are identity, square, quadratic, poly, relu, sigmoid, tanh and silu.");
	}
	if (degree < 1 || degree > PPDL_MAX_ACT_DEGREE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "degree of activation \"%s\" is %d, it must be 1 to %d",
						  name, degree, PPDL_MAX_ACT_DEGREE);
	if (!isfinite(lo) || !isfinite(hi) || !(lo < hi) || fabs(lo) > 1000 || fabs(hi) > 1000)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "interval [%g, %g] of activation \"%s\" must be increasing and within [-1000, 1000]", lo, hi,
						  name);
	start(act, name);
	act->degree = degree;
	act->lo = lo;
	act->hi = hi;
	project(act, fn);
	chebyshev_to_monomial(act);
	for (int i = 0; i <= GRID; i++)
	{
		double		z = lo + (hi - lo) * i / GRID;

		act->max_error = fmax(act->max_error, fabs(fn(z) - ppdl_activation_value(act, z)));
	}
	return PPDL_OK;
}

int
ppdl_activation_is_fit(const PpdlActivation *act)
{
	return act->lo < act->hi;
}

int
ppdl_activation_degree(const PpdlActivation *act)
{
	const double *c = ppdl_activation_is_fit(act) ? act->cheb : act->coef;
	int			d = act->degree;

	while (d > 0 && c[d] == 0)
		d--;
	return d;
}

double
ppdl_activation_value(const PpdlActivation *act, double z)
{
	double		sum = 0;

	if (ppdl_activation_is_fit(act))
	{
		double		t = (2 * z - act->lo - act->hi) / (act->hi - act->lo);
		double		b1 = 0,
					b2 = 0;

		/* Clenshaw's recurrence */
		for (int k = act->degree; k > 0; k--)
		{
			double		b0 = 2 * t * b1 - b2 + act->cheb[k];

			b2 = b1;
			b1 = b0;
		}
		return t * b1 - b2 + act->cheb[0];
	}
	for (int k = act->degree; k >= 0; k--)
		sum = sum * z + act->coef[k];
	return sum;
}

double
ppdl_activation_slope(const PpdlActivation *act, double z)
{
	double		sum = 0;

	if (ppdl_activation_is_fit(act))
	{
		double		t = (2 * z - act->lo - act->hi) / (act->hi - act->lo);
		double		u1 = 1,		/* U_(k-1), Chebyshev polynomials of the second kind: T_k' = k U_(k-1) */
					u0 = 0;

		for (int k = 1; k <= act->degree; k++)
		{
			double		next = 2 * t * u1 - u0;

			sum += k * act->cheb[k] * u1;
			u0 = u1;
			u1 = next;
		}
		return sum * 2 / (act->hi - act->lo);
	}
	for (int k = act->degree; k > 0; k--)
		sum = sum * z + k * act->coef[k];
	return sum;
}

double
ppdl_activation_bound(const PpdlActivation *act, double radius)
{
	double		bound = 0;

	if (ppdl_activation_is_fit(act))
	{
		/* |T_k(t)| <= cosh(k acosh |t|) beyond [-1,1], and 1 on it */
		double		centre = fabs(act->lo + act->hi) / 2;
		double		t = (radius + centre) * 2 / (act->hi - act->lo);
		double		angle = t > 1 ? acosh(t) : 0;

		for (int k = 0; k <= act->degree; k++)
			bound += fabs(act->cheb[k]) * cosh(k * angle);
		return bound;
	}
	for (int k = act->degree; k >= 0; k--)
		bound = bound * radius + fabs(act->coef[k]);
	return bound;
}
