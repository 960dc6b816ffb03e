#include "learn/estimate.h"

#include <math.h>

/*
 * how many deviations from 0 slopes of units' sums are taken at: rows in corners get there, and few units do not make
 * up for each other
 */
#define OFF 3
/*
 * Outputs are not returned beyond PPDL_OUTPUT_RANGE, and their sums are at most so many times what gives that, if terms
 * cancel out to a quarter.  Where the weights that are declared would give larger ones, some layer's are shorter, and
 * errors of rows are as well, at least in proportion, as slopes fall with values.  Errors of weights are not: they are
 * no smaller in smaller weights.
 */
#define CANCEL 4
/* points where the slope of the outputs' polynomial is taken, for each interval */
#define GRID 32

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

/* *value and *slope of the outputs' polynomial at t, as Chebyshev polynomials of the first and second kind */
static void
evaluate(const PpdlSlotOutput *out, double t, double *value, double *slope)
{
	double		t1 = 1,
				t2 = t,
				u1 = 0,
				u2 = 1;

	*value = creal(out->cheb[0]);
	*slope = 0;
	for (int k = 1; k <= out->degree; k++)
	{
		const double t3 = 2 * t * t2 - t1,
					u3 = 2 * t * u2 - u1;

		*value += creal(out->cheb[k]) * t2;
		*slope += k * creal(out->cheb[k]) * u2;
		t1 = t2;
		t2 = t3;
		u1 = u2;
		u2 = u3;
	}
}

/*
 * Outputs from their sums over the radius: errors times the largest slope there is where the polynomial's values are
 * returned, up to OFF deviations
 */
static Values
outputs(Values in, const PpdlSlotOutput *out)
{
	const double centre = out->mid / out->radius;
	double		most = 0,
				reach = PPDL_OUTPUT_RANGE;

	if (out->degree == 0)
		most = 1;
	for (int i = 0; out->degree > 0; i++)
	{
		double		value[2],
					slope[2];

		reach = (double) i / GRID;
		for (int s = 0; s < 2; s++)
			evaluate(out, (s == 0 ? reach : -reach) - centre, &value[s], &slope[s]);
		if (fmax(fabs(value[0]), fabs(value[1])) > PPDL_OUTPUT_RANGE || reach > OFF * in.size + 1)
			break;
		most = fmax(most, fmax(fabs(slope[0]), fabs(slope[1])));
	}
	return (Values) {in.size, most * in.rows * fmin(1, CANCEL * reach / in.size), most * in.weights};
}

static int
last_inputs(const PpdlSlotLayout *lay)
{
	return lay->units2 > 0 ? lay->units2 : lay->units > 0 ? lay->units : lay->inputs;
}

static Values
scaled(Values v, double by)
{
	return (Values) {v.size * by, v.rows * by, v.weights * by};
}

double
ppdl_encrypted_error(const PpdlSlotLayout *lay, const PpdlCt *x, const PpdlCt *w)
{
	Values		v = {x->bound, slot_error(x), 0};

	if (lay->units > 0)
		v = activate(weighted_sum(v, lay->inputs + lay->bias, &w[0]), &lay->act[0]);
	if (lay->units2 > 0)
		v = activate(weighted_sum(v, lay->units + lay->bias, &w[0]), &lay->act[1]);
	v = weighted_sum(v, last_inputs(lay) + lay->bias, &w[lay->nweights - 1]);
	if (lay->units > 0)
		v = scaled(v, 1 / lay->out.radius);
	v = outputs(v, &lay->out);
	return hypot(v.rows, v.weights);
}
