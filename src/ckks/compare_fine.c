/* Comparisons composed of two, with a full bootstrap between them. */
#include "ckks/compare.h"

#include <math.h>
#include <stdlib.h>

#include "ckks/boot.h"

/*
 * The first comparison comes to values within [-RANGE, RANGE], and what it is off by: PPDL_COMPARE_ERROR for each of
 * its thresholds, which are no more than 90
 */
#define RANGE 0.95
/* a threshold and its mirror image at the end of the interval may be so much nearer than two thresholds */
#define AT_ENDS 0.75

static double
first_angle(void)
{
	return ppdl_compare_angle(PPDL_COMPARE_FIRST_LEVELS);
}

int
ppdl_compare_is_fine(double t)
{
	return fabs(t) < 1 && 2 * acos(fabs(t)) >= AT_ENDS * first_angle();
}

/* ---- in the clear ---- */

/* where on the way from angle `from` to `to` the series, rising, comes to v; `to`, if it does not */
static double
angle_of(const double *c, double v, double from, double to)
{
	for (int i = 0; i < 60; i++)
	{
		const double middle = (from + to) / 2;

		if (ppdl_compare_sum(c, PPDL_COMPARE_FIRST_LEVELS, cos(middle)) < v)
			from = middle;
		else
			to = middle;
	}
	return to;
}

void
ppdl_compare_fine_blur(int levels, double t, double *below, double *above)
{
	const PpdlStep step = {t, 1},
				mirrored = {-t, 1};
	double		c[1 << PPDL_COMPARE_FIRST_LEVELS],
				low,
				high,
				v;

	ppdl_compare_blur(levels, 0, &low, &high);
	v = 0.5 + high / RANGE / 2;
	ppdl_compare_series(c, PPDL_COMPARE_FIRST_LEVELS, &step, 1);
	*above = ppdl_compare_sum(c, PPDL_COMPARE_FIRST_LEVELS, 1) <= v ? 2 :
		cos(angle_of(c, v, acos(t), fmax(acos(t) - first_angle(), 0)));
	ppdl_compare_series(c, PPDL_COMPARE_FIRST_LEVELS, &mirrored, 1);
	*below = ppdl_compare_sum(c, PPDL_COMPARE_FIRST_LEVELS, 1) <= v ? -2 :
		-cos(angle_of(c, v, acos(-t), fmax(acos(-t) - first_angle(), 0)));
}

/* ascending thresholds: angles fall */
static int
goes_with(const double *threshold, int last, int next)
{
	return (next - last) % 2 == 1 && acos(threshold[last]) - acos(threshold[next]) >= first_angle();
}

int
ppdl_compare_fine_sets(const double *threshold, int count, int *set)
{
	int			sets = 0;

	for (int i = 0; i < count; i++)
	{
		set[i] = sets;
		for (int s = 0; s < sets && set[i] == sets; s++)
		{
			int			last = i - 1;

			while (set[last] != s)
				last--;
			if (goes_with(threshold, last, i))
				set[i] = s;
		}
		sets += set[i] == sets;
	}
	return sets;
}

/* the steps of a set, whose values are -1 and 1, times RANGE; to which -RANGE is to be added.  Returns how many */
static int
first_steps(PpdlStep *step, const PpdlFineSet *set)
{
	int			n = 0;

	for (int i = 0; i < set->count; i++)
		if (set->set[i] == set->which)
		{
			step[n] = (PpdlStep) {set->threshold[i], n % 2 == 0 ? 2 * RANGE : -2 * RANGE};
			n++;
		}
	return n;
}

/* 1, or -1 where the set's first threshold has an odd number */
static double
sign_of(const PpdlFineSet *set)
{
	int			first = 0;

	while (set->set[first] != set->which)
		first++;
	return first % 2 == 0 ? 1 : -1;
}

double
ppdl_compare_fine_value(int levels, const double *threshold, int count, double x)
{
	int		   *number = malloc((size_t) count * sizeof(*number));
	PpdlStep   *step = malloc((size_t) count * sizeof(*step));
	double		sum = 0;

	if (number != NULL && step != NULL)
	{
		const int	sets = ppdl_compare_fine_sets(threshold, count, number);

		for (int s = 0; s < sets; s++)
		{
			const PpdlFineSet set = {threshold, number, count, s};
			const PpdlStep again = {0, sign_of(&set)};
			const int	n = first_steps(step, &set);

			sum += ppdl_compare_value(levels, &again, 1,
									  ppdl_compare_value(PPDL_COMPARE_FIRST_LEVELS, step, n, x) - RANGE);
		}
	}
	else
		sum = -1;
	free(number);
	free(step);
	return sum;
}

/* ---- encrypted ---- */

PpdlStatus
ppdl_ct_compare_first(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlFineSet *set, PpdlError *err)
{
	PpdlStep   *step = ppdl_pool_get(ev->pool, (size_t) (set->count + 1) * sizeof(*step));
	PpdlStatus	status = PPDL_OK;

	*out = (PpdlCt) {0};
	if (step == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < set->count && status == PPDL_OK; i++)
		if (!ppdl_compare_is_fine(set->threshold[i]))
			status = ppdl_error(err, PPDL_ERR_ARGUMENT, "comparisons with %g, so near to the end of the interval, are "
								"not composed", set->threshold[i]);
	if (status == PPDL_OK)
		status = ppdl_ct_compare(ev, out, in, step, first_steps(step, set), PPDL_COMPARE_FIRST_LEVELS,
								 PPDL_BOOT_FULL_SCALE, err);
	ppdl_pool_put(ev->pool, step);
	PPDL_TRY(status);
	status = ppdl_ct_add_const(ev, out, -RANGE, 0, err);
	out->bound = 1;
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_ct_compare_again(PpdlEval *ev, PpdlCt *ct, const PpdlFineSet *set, int levels, int limbs, double scale,
					  PpdlError *err)
{
	const PpdlStep step = {0, sign_of(set)};
	PpdlCt		out;

	PPDL_TRY(ppdl_ct_match(ev, ct, limbs + levels, ppdl_compare_scale(ev->par, limbs + levels, levels), err));
	PPDL_TRY(ppdl_ct_compare(ev, &out, ct, &step, 1, levels, scale, err));
	ppdl_ct_release(ev, ct);
	*ct = out;
	return PPDL_OK;
}
