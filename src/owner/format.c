#include <math.h>
#include <stdio.h>

#include "ppdl.h"

#define MAX_DECIMALS 15

/* the last digit shown stands for at least four standard deviations */
static int
decimals(double error)
{
	double		d = floor(-log10(4 * error));

	if (!(error > 0) || d > MAX_DECIMALS)
		return MAX_DECIMALS;
	return (int) d;
}

int
ppdl_format_value(char *out, size_t size, double v, double error)
{
	int			d = decimals(error);

	if (isnan(v))
		return snprintf(out, size, "%s", "");
	if (d < 0)
	{
		double		unit = pow(10, -d);

		v = nearbyint(v / unit) * unit;
		d = 0;
	}
	if (fabs(v) < 0.5 * pow(10, -d))
		v = 0;					/* no "-0.00" */
	return snprintf(out, size, "%.*f", d, v);
}
