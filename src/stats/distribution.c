#include "stats/distribution.h"

#include <float.h>
#include <math.h>

#define TINY 1e-4900L			/* in place of a zero denominator (Lentz) */
#define PI 3.14159265358979323846264338327950288L
#define MAX_STEPS 10000000
#define ENOUGH (LDBL_EPSILON * 4)
/* from here on t is the normal distribution but for a part of 1e-10 */
#define NORMAL_DF 1e12

/* ------------------------------------------------------------------ Gamma functions without cancellation */

/* log Gamma(a + 1) - log(sqrt(2 pi a) (a/e)^a): Stirling's series (DLMF 5.11.1) */
static long double
stirling_error(long double a)
{
	static const long double c[] = {1.0L / 12, -1.0L / 360, 1.0L / 1260, -1.0L / 1680, 1.0L / 1188, -691.0L / 360360,
	1.0L / 156};
	long double sum = 0,
				shift = 0;

	/* log Gamma(a + 1) = log Gamma(a + 2) - log(a + 1), in terms of this function */
	for (; a < 20; a++)
		shift += (a + 0.5L) * log1pl(1 / a) - 1;
	for (int i = 6; i >= 0; i--)
		sum = sum / (a * a) + c[i];
	return sum / a + shift;
}

/* u - log(1 + u), where 1 + u = v */
static long double
less_log(long double u, long double v)
{
	return u - (fabsl(u) < 0.5L ? log1pl(u) : logl(v));
}

/* x^a e^-x / Gamma(a + 1), as Loader (2000) has the Poisson distribution */
static long double
gamma_front(long double a, long double x)
{
	return expl(-a * less_log((x - a) / a, x / a) - stirling_error(a)) / sqrtl(2 * PI * a);
}

/* DLMF 8.7.1: for x < a + 1 */
static long double
gamma_series(long double a, long double x)
{
	long double term = 1,
				sum = 1;

	for (long i = 1; i < MAX_STEPS && term > sum * ENOUGH; i++)
	{
		term *= x / (a + i);
		sum += term;
	}
	return sum * gamma_front(a, x);
}

/* the fraction DLMF 8.9.2, even part, by Lentz's method: for x >= a + 1 */
static long double
gamma_fraction(long double a, long double x)
{
	long double b = x + 1 - a,
				c = 1 / TINY,
				d = 1 / b,
				h = d;

	for (long i = 1; i < MAX_STEPS; i++)
	{
		long double an = -(long double) i * (i - a),
					step;

		b += 2;
		d = an * d + b;
		d = 1 / (fabsl(d) < TINY ? TINY : d);
		c = b + an / c;
		c = fabsl(c) < TINY ? TINY : c;
		step = c * d;
		h *= step;
		if (fabsl(step - 1) < ENOUGH)
			break;
	}
	/* x^a e^-x / Gamma(a) */
	return h * a * gamma_front(a, x);
}

static int
is_gamma_argument(double a, double x)
{
	return a > 0 && x >= 0 && isfinite(a);
}

double
ppdl_gamma_p(double a, double x)
{
	if (!is_gamma_argument(a, x))
		return NAN;
	if (x == 0 || isinf(x))
		return x == 0 ? 0 : 1;
	return (double) (x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x));
}

double
ppdl_gamma_q(double a, double x)
{
	if (!is_gamma_argument(a, x))
		return NAN;
	if (x == 0 || isinf(x))
		return x == 0 ? 1 : 0;
	return (double) (x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x));
}

/* ------------------------------------------------------------------ Beta function */

/* x^a y^b / B(a, b), by Loader's form again: with n = a + b, log of n x/a and n y/b, which are near 1 */
static long double
beta_front(long double a, long double b, long double x, long double y)
{
	long double off = b * x - a * y,
				n = a + b;

	return sqrtl(a * b / (2 * PI * n)) *
		expl(stirling_error(n) - stirling_error(a) - stirling_error(b) - a * less_log(off / a, n * x / a) -
			 b * less_log(-off / b, n * y / b));
}

/* DLMF 8.17.22, by Lentz's method: for x below about a / (a + b) */
static long double
beta_fraction(long double a, long double b, long double x, long double y)
{
	long double c = 1,
				d = 1 - (a + b) * x / (a + 1),
				h;

	d = 1 / (fabsl(d) < TINY ? TINY : d);
	h = d;
	for (long m = 1; m < MAX_STEPS; m++)
	{
		long double step = 1;

		for (int odd = 0; odd < 2; odd++)
		{
			long double an = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) :
				m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));

			d = 1 + an * d;
			d = 1 / (fabsl(d) < TINY ? TINY : d);
			c = 1 + an / c;
			c = fabsl(c) < TINY ? TINY : c;
			step = c * d;
			h *= step;
		}
		if (fabsl(step - 1) < ENOUGH)
			break;
	}
	return h * beta_front(a, b, x, y) / a;
}

static double
beta_i(long double a, long double b, long double x, long double y)
{
	if (!(a > 0 && b > 0 && x >= 0 && y >= 0) || isinf(a) || isinf(b))
		return NAN;
	if (x == 0 || y == 0)
		return x == 0 ? 0 : 1;
	return (double) (x * (a + b + 2) < a + 1 ? beta_fraction(a, b, x, y) : 1 - beta_fraction(b, a, y, x));
}

double
ppdl_beta_i(double a, double b, double x, double y)
{
	return beta_i(a, b, x, y);
}

/* ------------------------------------------------------------------ distributions */

double
ppdl_normal_tail(double x)
{
	return erfc(x * M_SQRT1_2) / 2;
}

double
ppdl_chi2_tail(double x, double df)
{
	return x <= 0 ? (df > 0 ? 1 : NAN) : ppdl_gamma_q(df / 2, x / 2);
}

double
ppdl_t_two_sided(double t, double df)
{
	long double square = (long double) t * t;

	if (isnan(t) || !(df > 0))
		return NAN;
	if (isinf(t))
		return 0;
	if (df > NORMAL_DF)
		return erfc(fabs(t) * M_SQRT1_2);
	return beta_i(df / 2.0L, 0.5L, df / (df + square), square / (df + square));
}

double
ppdl_t_tail(double t, double df)
{
	double		half = ppdl_t_two_sided(t, df) / 2;

	return t < 0 ? 1 - half : half;
}

double
ppdl_f_tail(double f, double df1, double df2)
{
	long double scaled = (long double) df1 * f;

	if (isnan(f) || !(df1 > 0 && df2 > 0))
		return NAN;
	if (f <= 0 || isinf(f))
		return f <= 0 ? 1 : 0;
	return beta_i(df2 / 2.0L, df1 / 2.0L, df2 / (df2 + scaled), scaled / (df2 + scaled));
}

/* is less than `level` of the distribution within -t .. t? */
static int
is_within(double t, double df, double level)
{
	long double square = (long double) t * t;

	/* by the part that is small */
	if (level > 0.5)
		return ppdl_t_two_sided(t, df) > 1 - level;
	if (df > NORMAL_DF)
		return erf(t * M_SQRT1_2) < level;
	return beta_i(0.5L, df / 2.0L, square / (df + square), df / (df + square)) < level;
}

double
ppdl_t_within(double level, double df)
{
	double		low = 0,
				high = 1;

	if (!(level > 0 && level < 1 && df > 0))
		return NAN;
	while (is_within(high, df, level) && high < DBL_MAX / 4)
		high *= 2;
	for (double mid = high / 2; mid > low && mid < high; mid = low + (high - low) / 2)
		if (is_within(mid, df, level))
			low = mid;
		else
			high = mid;
	return high;
}
