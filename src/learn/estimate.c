#include "learn/estimate.h"

#include <math.h>

/*
 * how many deviations from 0 slopes of units' sums are taken at: rows in corners get there, and few units do not make
 * up for each other
 */
#define OFF 3
/*
 * Of outputs, which are not returned beyond PPDL_OUTPUT_RANGE, if terms of their sums cancel out to a quarter.  Where
 * the weights that are declared would give larger ones, some layer's are shorter, and errors of rows are as well, at
 * least in proportion, as slopes fall with values.  Errors of weights are not: they are no smaller in smaller weights.
 */
#define MOST_SUM (4 * PPDL_OUTPUT_RANGE)

/* values of a layer: their size, root mean square, and the deviations of their errors, from rows and from weights */
typedef struct Values
{
	double		size,
				rows,
				weights;
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

	return (Values) {length * in.size, length * in.rows,
		hypot(length * in.weights, sqrt(n) * in.size * slot_error(w))};
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
	return (Values) {value, slope * in.rows, slope * in.weights};
}

double
ppdl_encrypted_error(const PpdlSlotLayout *lay, const PpdlCt *x, const PpdlCt *w)
{
	Values		v = {x->bound, slot_error(x), 0};

	v = activate(weighted_sum(v, lay->inputs + lay->bias, &w[0]), &lay->act[0]);
	if (lay->units2 > 0)
		v = activate(weighted_sum(v, lay->units + lay->bias, &w[0]), &lay->act[1]);
	v = weighted_sum(v, (lay->units2 > 0 ? lay->units2 : lay->units) + lay->bias, &w[lay->nweights - 1]);
	return hypot(v.rows * fmin(1, MOST_SUM / v.size), v.weights);
}
