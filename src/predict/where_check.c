/* Whether a condition fits a ring, and how many levels its comparisons of numbers have. */
#include "predict/where_impl.h"

#include <math.h>
#include <stdlib.h>

#include "ckks/schedule.h"

/* a comparison finds this many of a condition's levels, at the least: its blur is 0.14 */
#define LEAST_LEVELS 6

int
ppdl_where_most_limbs(const PpdlParams *par)
{
	return ppdl_where_in_row_ring(par) ? PPDL_ROW_C2S_LIMBS - PPDL_ROW_C2S_LEVELS : PPDL_LIFTED_LIMBS;
}

int
ppdl_where_levels(const PpdlParams *par)
{
	return ppdl_where_most_limbs(par) - PPDL_WHERE_LIMBS;
}

/* values need a level, too */
int
ppdl_where_limbs(const PpdlCondition *cond)
{
	return PPDL_WHERE_LIMBS + (cond->levels > 0 ? cond->levels : 1);
}

/* comparisons in the row ring */
static PpdlStatus
no_numbers(const PpdlParams *par, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_LEVEL, "numbers cannot be compared in ring %s, which has %d levels of products", par->name,
			   ppdl_where_levels(par));
	return ppdl_error_hint(err, PPDL_ERR_LEVEL,
						   "Publish keys for the deep ring (ppdl keygen --for train), or compare bits, as in x[3] = 1: "
						   "encode the column with \"at least\" bits (ppdl encode --thermometer).");
}

/* comparisons take as many levels as products leave; if they leave too few: `least`, one of which bits have not */
static PpdlStatus
schedule(PpdlCondition *cond, int have, int least, PpdlError *err)
{
	int			levels = cond->numbers == 0 ? 0 : have < PPDL_COMPARE_MAX_LEVELS ? have : PPDL_COMPARE_MAX_LEVELS - 1;

	PPDL_TRY(ppdl_condition_schedule(cond, levels, err));
	while (cond->levels > have && levels > least - 1)
		PPDL_TRY(ppdl_condition_schedule(cond, --levels, err));
	return PPDL_OK;
}

/* ---- composed comparisons ---- */

void
ppdl_where_blur(const PpdlCondition *cond, const PpdlConditionLeaf *leaf, double t, double *below, double *above)
{
	if (leaf->kind == PPDL_CONDITION_FINE)
		ppdl_compare_fine_blur(ppdl_where_comparison_levels(cond), t, below, above);
	else
		ppdl_compare_blur(ppdl_where_comparison_levels(cond), t, below, above);
}

int
ppdl_where_tells(const PpdlCondition *cond, const PpdlConditionLeaf *leaf)
{
	for (int i = 0; i < leaf->count && leaf->within > 0; i++)
	{
		const double t = cond->threshold[leaf->first + i];
		double		below,
					above;

		ppdl_where_blur(cond, leaf, t, &below, &above);
		if (fmin(above, 1) - t > leaf->within || t - fmax(below, -1) > leaf->within)
			return 0;
	}
	return leaf->within > 0;
}

static int
can_be_fine(const PpdlCondition *cond, const PpdlConditionLeaf *leaf)
{
	for (int i = 0; i < leaf->count; i++)
		if (!ppdl_compare_is_fine(cond->threshold[leaf->first + i]))
			return 0;
	return 1;
}

static void
compose_none(PpdlCondition *cond)
{
	for (int i = 0; i < cond->leaves; i++)
		if (cond->leaf[i].kind == PPDL_CONDITION_FINE)
			cond->leaf[i].kind = PPDL_CONDITION_NUMBER;
	cond->refreshed = 0;
}

/* those that ask for it, or all; where it can be.  Returns how many comparisons of numbers stay as they are */
static PpdlStatus
compose(PpdlCondition *cond, int all, int *left, PpdlError *err)
{
	*left = 0;
	for (int i = 0; i < cond->leaves; i++)
	{
		PpdlConditionLeaf *leaf = &cond->leaf[i];
		const int	asks = leaf->within > 0 && !ppdl_where_tells(cond, leaf);
		int		   *set;

		if (leaf->kind != PPDL_CONDITION_NUMBER)
			continue;
		if (!(all || asks) || !can_be_fine(cond, leaf))
		{
			++*left;
			continue;
		}
		set = malloc(sizeof(*set) * (size_t) leaf->count);
		if (set == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		leaf->kind = PPDL_CONDITION_FINE;
		cond->refreshed += ppdl_compare_fine_sets(cond->threshold + leaf->first, leaf->count, set);
		free(set);
	}
	return PPDL_OK;
}

/* ---- the check ---- */

/* least: levels of a comparison */
static PpdlStatus
too_deep(const PpdlCondition *cond, const PpdlParams *par, int least, PpdlError *err)
{
	const int	have = ppdl_where_levels(par),
				left = have + 1 - least;

	if (cond->numbers > 0)
	{
		ppdl_error(err, PPDL_ERR_LEVEL,
				   "the condition takes %d levels, %d of them for comparisons of numbers, ring %s has %d",
				   cond->levels + 1, least, par->name, have + 1);
		return ppdl_error_hint(err, PPDL_ERR_LEVEL,
							   "%d levels are left for products: %d comparisons connected with AND, or with OR. Write "
							   "a simpler condition, or compare bits (ppdl encode --thermometer).", left, 1 << left);
	}
	ppdl_error(err, PPDL_ERR_LEVEL, "the condition takes %d levels of products, ring %s has %d", cond->levels,
			   par->name, have);
	return ppdl_error_hint(err, PPDL_ERR_LEVEL,
						   "%d levels are %d bits connected with AND, or with OR. Write a simpler condition%s.", have,
						   1 << have, ppdl_where_in_row_ring(par) ?
						   ", or publish keys for the deep ring (--for train), which has more" : "");
}

PpdlStatus
ppdl_where_check_how(PpdlCondition *cond, const PpdlParams *par, PpdlWhereHow how, PpdlError *err)
{
	const int	have = ppdl_where_levels(par);
	int			least = LEAST_LEVELS,
				left;

	compose_none(cond);
	if (cond->numbers > 0 && ppdl_where_in_row_ring(par))
		return no_numbers(par, err);
	PPDL_TRY(schedule(cond, have, least, err));
	if (cond->numbers > 0 && how != PPDL_WHERE_SINGLE)
	{
		PPDL_TRY(compose(cond, cond->levels > have, &left, err));
		if (how == PPDL_WHERE_COMPOSED && cond->refreshed == 0)
			PPDL_TRY(compose(cond, 1, &left, err));
		/* what stays as it is would hardly tell anything */
		if (left == 0)
			least = PPDL_COMPARE_MIN_LEVELS;
		PPDL_TRY(schedule(cond, have, least, err));
	}
	if (cond->levels <= have)
		return PPDL_OK;
	return too_deep(cond, par, least, err);
}

PpdlStatus
ppdl_where_check(PpdlCondition *cond, const PpdlParams *par, PpdlError *err)
{
	return ppdl_where_check_how(cond, par, PPDL_WHERE_AS_NEEDED, err);
}
