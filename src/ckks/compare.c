#include "ckks/compare.h"

#include <math.h>

#include "ckks/polyeval.h"

/* Kaiser's parameter: side lobes come to less than half of PPDL_COMPARE_ERROR, twice, as a pulse has two sides */
#define BETA 8.4
/*
 * Standard deviation of a slot outside the blur, measured: 2^-20.5 to 2^-25 (test_compare_real). The general estimate
 * takes the slope of each T_k for its steepest, at the ends of the interval, and says nothing for high degrees.
 */
#define NOISE 0x1p-20

static int
degree_of(int levels)
{
	return (1 << levels) - 1;
}

/* the modified Bessel function of order 0, by its power series */
static double
bessel_i0(double x)
{
	double		sum = 1,
				term = 1;

	for (int k = 1; term > 1e-18 * sum; k++)
	{
		term *= x * x / 4 / ((double) k * k);
		sum += term;
	}
	return sum;
}

double
ppdl_compare_angle(int levels)
{
	/* the first zero of the kernel */
	return sqrt(BETA * BETA + M_PI * M_PI) / (degree_of(levels) + 1);
}

void
ppdl_compare_blur(int levels, double t, double *below, double *above)
{
	const double at = acos(t),
				w = ppdl_compare_angle(levels);

	*below = at + w < M_PI ? cos(at + w) : -2;
	*above = at - w > 0 ? cos(at - w) : 2;
}

int
ppdl_compare_levels(double t, double distance)
{
	for (int levels = PPDL_COMPARE_MIN_LEVELS; levels <= PPDL_COMPARE_MAX_LEVELS; levels++)
	{
		double		below,
					above;

		ppdl_compare_blur(levels, t, &below, &above);
		/* beyond the ends there are no values */
		if ((t - distance <= below || t - distance < -1) && (t + distance >= above || t + distance > 1))
			return levels;
	}
	return 0;
}

void
ppdl_compare_series(double *c, int levels, const PpdlStep *step, int count)
{
	const int	degree = degree_of(levels);
	const double top = bessel_i0(BETA);

	for (int k = 0; k <= degree; k++)
	{
		const double u = (double) k / (degree + 1);
		double		sum = 0;

		for (int i = 0; i < count; i++)
			sum += step[i].height * (k == 0 ? acos(step[i].at) / M_PI : sin(k * acos(step[i].at)));
		c[k] = k == 0 ? sum : bessel_i0(BETA * sqrt(1 - u * u)) / top * 2 / (M_PI * k) * sum;
	}
}

double
ppdl_compare_sum(const double *c, int levels, double x)
{
	double		next = 0,
				after = 0;

	for (int k = degree_of(levels); k >= 1; k--)
	{
		double		b = 2 * x * next - after + c[k];

		after = next;
		next = b;
	}
	return x * next - after + c[0];
}

double
ppdl_compare_value(int levels, const PpdlStep *step, int count, double x)
{
	double		c[PPDL_COMPARE_MAX_DEGREE + 1];

	ppdl_compare_series(c, levels, step, count);
	return ppdl_compare_sum(c, levels, x);
}

double
ppdl_compare_scale(const PpdlParams *par, int limbs, int levels)
{
	double		scale = 0x1p40;

	for (int l = limbs - levels + 1; l <= limbs; l++)
		scale = sqrt(scale * (double) par->ring->mod[l - 1].q);
	return scale;
}

static PpdlStatus
check(const PpdlEval *ev, const PpdlCt *in, const PpdlStep *step, int count, int levels, PpdlError *err)
{
	double		wanted;

	if (levels < PPDL_COMPARE_MIN_LEVELS || levels > PPDL_COMPARE_MAX_LEVELS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a comparison takes %d to %d levels, not %d", PPDL_COMPARE_MIN_LEVELS,
						  PPDL_COMPARE_MAX_LEVELS, levels);
	if (count < 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "no number to compare slots with");
	for (int i = 0; i < count; i++)
		if (!(fabs(step[i].at) < 1))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot compare slots with %g, which is not between -1 and 1",
							  step[i].at);
	if (in->limbs <= levels)
		return ppdl_error(err, PPDL_ERR_LEVEL, "a comparison of %d levels was given a ciphertext of %d", levels,
						  in->limbs - 1);
	wanted = ppdl_compare_scale(ev->par, in->limbs, levels);
	if (!(fabs(in->scale / wanted - 1) <= ldexp(1, -levels)))
		return ppdl_error(err, PPDL_ERR_SCALE, "a comparison of %d levels takes slots at scale %g, not %g", levels,
						  wanted,
						  in->scale);
	return PPDL_OK;
}

/* bound and noise of the result */
static void
estimate(PpdlCt *out, const PpdlStep *step, int count)
{
	double		heights = 0;

	for (int i = 0; i < count; i++)
		heights += fabs(step[i].height);
	out->bound = heights * (1 + 2 * PPDL_COMPARE_ERROR);
	out->noise = heights * NOISE * out->scale / sqrt((double) out->par->n);
}

PpdlStatus
ppdl_ct_compare(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlStep *step, int count, int levels, double scale,
				PpdlError *err)
{
	double complex *z;
	double	   *c;
	PpdlStatus	status;

	*out = (PpdlCt) {0};
	PPDL_TRY(check(ev, in, step, count, levels, err));
	z = ppdl_pool_get(ev->pool, (sizeof(*z) + sizeof(*c)) << levels);
	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	c = (double *) (z + ((size_t) 1 << levels));
	ppdl_compare_series(c, levels, step, count);
	for (int k = 0; k <= degree_of(levels); k++)
		z[k] = c[k];
	status = ppdl_poly_chebyshev(ev, out, in, z, degree_of(levels), scale, err);
	ppdl_pool_put(ev->pool, z);
	if (status == PPDL_OK)
		estimate(out, step, count);
	return status;
}
