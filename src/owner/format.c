#include <math.h>
#include <stdio.h>

#include "owner/owner.h"

#define MAX_DECIMALS 15
#define MAX_EXPONENT 308		/* of the largest double */

/* the last digit shown stands for at least four standard deviations; an error that is no number supports no digit */
static int
decimals(double error)
{
	if (error == 0)
		return MAX_DECIMALS;
	if (!(error > 0) || isinf(error))
		return -MAX_EXPONENT - 1;
	return (int) fmin(floor(-log10(4) - log10(error)), MAX_DECIMALS);
}

/* the multiple of 10^exponent that is nearest; 0 above the range of double */
static double
nearest(double v, int exponent)
{
	double		unit = pow(10, exponent),
				near = nearbyint(v / unit) * unit;

	if (exponent > MAX_EXPONENT)
		return 0;
	return isinf(near) ? v : near;
}

int
ppdl_format_value(char *out, size_t size, double v, double error)
{
	int			d = decimals(error);

	if (isnan(v))
		return snprintf(out, size, "%s", "");
	if (d < 0)
	{
		v = nearest(v, -d);
		d = 0;
	}
	if (fabs(v) < 0.5 * pow(10, -d))
		v = 0;					/* no "-0.00" */
	return snprintf(out, size, fabs(v) < 1e30 ? "%.*f" : "%.*e", fabs(v) < 1e30 ? d : MAX_DECIMALS, v);
}
