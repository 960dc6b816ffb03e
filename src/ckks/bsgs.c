#include "ckks/bsgs.h"

#include <stdlib.h>

static int
lowest_bit(int x)
{
	return x & -x;
}

/* k of a diagonal, see bsgs.h */
static int
diagonal_number(const PpdlBsgs *plan, int offset)
{
	int			k = offset / plan->stride,
				all = (int) (plan->period / (size_t) plan->stride);

	return plan->is_signed && k >= (all + 1) / 2 && all > 1 ? k - all : k;
}

static int
giants(const PpdlBsgs *plan)
{
	return plan->max_giant - plan->min_giant + 1;
}

PpdlBsgsStep
ppdl_bsgs_split(const PpdlBsgs *plan, int offset)
{
	int			k = diagonal_number(plan, offset);
	PpdlBsgsStep step = {.baby = k & (plan->baby - 1)};

	step.giant = (k - step.baby) / plan->baby;
	if (plan->sources > 1)
	{
		step.source = step.giant / giants(plan);
		step.giant %= giants(plan);
	}
	return step;
}

int
ppdl_bsgs_baby_rotation(const PpdlBsgs *plan, int baby)
{
	return (int) ((size_t) (baby * plan->stride) & (plan->slots - 1));
}

int
ppdl_bsgs_giant_rotation(const PpdlBsgs *plan, int giants)
{
	return (int) ((size_t) (long) (giants * plan->baby * plan->stride) & (plan->slots - 1));
}

int
ppdl_bsgs_source_rotation(const PpdlBsgs *plan)
{
	return plan->sources > 1 ? ppdl_bsgs_giant_rotation(plan, giants(plan)) : 0;
}

static void
giant_range(PpdlBsgs *plan, const PpdlMatrix *m)
{
	plan->min_giant = plan->max_giant = 0;
	for (int i = 0; i < m->count; i++)
	{
		const int	g = ppdl_bsgs_split(plan, m->offset[i]).giant;

		plan->min_giant = g < plan->min_giant ? g : plan->min_giant;
		plan->max_giant = g > plan->max_giant ? g : plan->max_giant;
	}
}

/* a second source by that rotation, where it takes over some giant steps, and leaves two or more to do */
static void
share_giants(PpdlBsgs *plan, int rotation)
{
	const int	step = plan->baby * plan->stride,
				first = rotation / step;

	if (plan->min_giant < 0 || rotation % step != 0 || first < 2 || giants(plan) <= first || giants(plan) > 2 * first)
		return;
	plan->max_giant = first - 1;
	plan->sources = 2;
}

PpdlStatus
ppdl_bsgs_plan(PpdlBsgs *plan, const PpdlMatrix *m, size_t slots, const PpdlLinTransForm *form, PpdlError *err)
{
	PpdlBsgs	other;
	int			bits = 0;

	if (m->period > slots)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a matrix of period %zu does not fit %zu slots", m->period, slots);
	if (form->baby < 0 || (form->baby & (form->baby - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "number of baby steps %d is not a power of two", form->baby);
	if (m->count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the matrix of a linear transform is zero");
	for (int i = 0; i < m->count; i++)
		bits |= m->offset[i];
	*plan = (PpdlBsgs) {
		.stride = bits != 0 ? lowest_bit(bits) : (int) m->period, .baby = form->baby != 0 ? form->baby : 1,
		.sources = 1, .min_keys = form->min_keys, .period = m->period, .slots = slots
	};
	/* a baby step costs less than a giant step: as many, or up to four times as many */
	while (form->baby == 0 && plan->baby * plan->baby < m->count)
		plan->baby *= 2;
	giant_range(plan, m);
	other = *plan;
	other.is_signed = 1;
	giant_range(&other, m);
	if (giants(&other) < giants(plan))
		*plan = other;
	if (form->source > 0)
		share_giants(plan, form->source);
	return PPDL_OK;
}

static int
add_rotation(int r, int *rotations, int max, int count)
{
	if (r == 0)
		return count;
	for (int i = 0; i < count && i < max; i++)
		if (rotations[i] == r)
			return count;
	if (count < max)
		rotations[count] = r;
	return count + 1;
}

static int
compare_int(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

int
ppdl_matrix_rotations(const PpdlMatrix *m, size_t slots, const PpdlLinTransForm *form, int *rotations, int max)
{
	PpdlBsgs	plan = {0};		/* gcc 14 does not see that an error is never PPDL_OK */
	int		   *all,
				count = 0,
				room = m->count * 2 + 3;

	if (ppdl_bsgs_plan(&plan, m, slots, form, NULL) != PPDL_OK)
		return 0;
	all = malloc(sizeof(int) * (size_t) room);
	if (all == NULL)
		return 0;
	for (int i = 0; i < m->count; i++)
	{
		const PpdlBsgsStep step = ppdl_bsgs_split(&plan, m->offset[i]);

		count = add_rotation(ppdl_bsgs_baby_rotation(&plan, step.baby), all, room, count);
		if (!plan.min_keys)
			count = add_rotation(ppdl_bsgs_giant_rotation(&plan, step.giant), all, room, count);
	}
	count = add_rotation(ppdl_bsgs_source_rotation(&plan), all, room, count);
	if (plan.min_keys && plan.max_giant > 0)
		count = add_rotation(ppdl_bsgs_giant_rotation(&plan, 1), all, room, count);
	if (plan.min_keys && plan.min_giant < 0)
		count = add_rotation(ppdl_bsgs_giant_rotation(&plan, -1), all, room, count);
	qsort(all, (size_t) count, sizeof(int), compare_int);
	for (int i = 0; i < count && i < max; i++)
		rotations[i] = all[i];
	free(all);
	return count;
}
