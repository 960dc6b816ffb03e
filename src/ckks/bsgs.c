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

void
ppdl_bsgs_split(const PpdlBsgs *plan, int offset, int *giant, int *baby)
{
	int			k = diagonal_number(plan, offset);

	*baby = k & (plan->baby - 1);
	*giant = (k - *baby) / plan->baby;
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

static void
giant_range(PpdlBsgs *plan, const PpdlMatrix *m)
{
	plan->min_giant = plan->max_giant = 0;
	for (int i = 0; i < m->count; i++)
	{
		int			g,
					b;

		ppdl_bsgs_split(plan, m->offset[i], &g, &b);
		plan->min_giant = g < plan->min_giant ? g : plan->min_giant;
		plan->max_giant = g > plan->max_giant ? g : plan->max_giant;
	}
}

PpdlStatus
ppdl_bsgs_plan(PpdlBsgs *plan, const PpdlMatrix *m, size_t slots, int baby, int min_keys, PpdlError *err)
{
	PpdlBsgs	other;
	int			bits = 0;

	if (m->period > slots)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a matrix of period %zu does not fit %zu slots", m->period, slots);
	if (baby < 0 || (baby & (baby - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "number of baby steps %d is not a power of two", baby);
	if (m->count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the matrix of a linear transform is zero");
	for (int i = 0; i < m->count; i++)
		bits |= m->offset[i];
	plan->stride = bits != 0 ? lowest_bit(bits) : (int) m->period;
	plan->baby = baby != 0 ? baby : 1;
	/* a baby step costs less than a giant step: as many, or up to four times as many */
	while (baby == 0 && plan->baby * plan->baby < m->count)
		plan->baby *= 2;
	plan->min_keys = min_keys;
	plan->period = m->period;
	plan->slots = slots;
	plan->is_signed = 0;
	giant_range(plan, m);
	other = *plan;
	other.is_signed = 1;
	giant_range(&other, m);
	if (other.max_giant - other.min_giant < plan->max_giant - plan->min_giant)
		*plan = other;
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
ppdl_matrix_rotations(const PpdlMatrix *m, size_t slots, int baby, int min_keys, int *rotations, int max)
{
	PpdlBsgs	plan;
	int		   *all,
				count = 0,
				room = m->count * 2 + 2;

	if (ppdl_bsgs_plan(&plan, m, slots, baby, min_keys, NULL) != PPDL_OK)
		return 0;
	all = malloc(sizeof(int) * (size_t) room);
	if (all == NULL)
		return 0;
	for (int i = 0; i < m->count; i++)
	{
		int			g,
					b;

		ppdl_bsgs_split(&plan, m->offset[i], &g, &b);
		count = add_rotation(ppdl_bsgs_baby_rotation(&plan, b), all, room, count);
		if (!min_keys)
			count = add_rotation(ppdl_bsgs_giant_rotation(&plan, g), all, room, count);
	}
	if (min_keys && plan.max_giant > 0)
		count = add_rotation(ppdl_bsgs_giant_rotation(&plan, 1), all, room, count);
	if (min_keys && plan.min_giant < 0)
		count = add_rotation(ppdl_bsgs_giant_rotation(&plan, -1), all, room, count);
	qsort(all, (size_t) count, sizeof(int), compare_int);
	for (int i = 0; i < count && i < max; i++)
		rotations[i] = all[i];
	free(all);
	return count;
}
