#include "learn/estimate.h"

#include <math.h>

/*
 * how many deviations from 0 slopes of units' sums are taken at: rows in corners get there, and few units do not make
 * up for each other
 */
#define OFF 3

/* values of a layer: their size, root mean square, and the deviation of their error */
typedef struct Values
{
	double		size,
				error;
} Values;

static double
slot_error(const PpdlCt *ct)
{
	return ct->noise * sqrt((double) ct->par->n) / ct->scale;
}

/* sums of n values, weights by w */
static Values
weighted_sum(Values in, int n, const PpdlCt *w)
{
	const double length = w->bound;
	const Values out = {length * in.size, hypot(length * in.error, sqrt(n) * in.size * slot_error(w))};

	return out;
}

static Values
activate(Values in, const PpdlSlotPoly *p)
{
	double		value = 0,
				slope = 0;

	for (int k = p->degree; k >= 0; k--)
	{
		value = value * in.size + fabs(p->c[k]);
		if (k > 0)
			slope = slope * OFF * in.size + k * fabs(p->c[k]);
	}
	return (Values) {value, slope * in.error};
}

double
ppdl_encrypted_error(const PpdlSlotLayout *lay, const PpdlCt *x, const PpdlCt *w)
{
	Values		v = {1, slot_error(x)};

	v = activate(weighted_sum(v, lay->inputs + lay->bias, &w[0]), &lay->act[0]);
	if (lay->units2 > 0)
		v = activate(weighted_sum(v, lay->units + lay->bias, &w[1]), &lay->act[1]);
	v = weighted_sum(v, (lay->units2 > 0 ? lay->units2 : lay->units) + lay->bias, &w[0]);
	return v.error;
}
