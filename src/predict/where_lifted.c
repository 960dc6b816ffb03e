/* Sums over conditions, of rows lifted to the deep ring. */
#include "predict/compare.h"
#include "predict/where_impl.h"

#include <string.h>

typedef struct Run
{
	const PpdlWhere *w;
	PpdlWhereSums *s;
	PpdlEval   *ev;
	const PpdlHalfBoot *half;
	PpdlFullBoot *full;			/* where comparisons are composed */
	PpdlWhereLabels labels;
} Run;

/* half of a column, for leaves of one kind */
typedef struct Half
{
	int			column,			/* 0: on, 1: the values */
				kind,
				part;
} Half;

/* the slots of it that leaves ask for; are there any? */
static int
asked_slots(const PpdlWhere *w, const Half *h, char *slot)
{
	int			any = 0;

	memset(slot, 0, (size_t) w->stride);
	for (int i = 0; i < w->cond->leaves; i++)
	{
		const PpdlWherePlace at = ppdl_where_place(w, &w->cond->leaf[i]);

		if ((int) w->cond->leaf[i].kind != h->kind || at.column != h->column || at.part != h->part)
			continue;
		slot[at.slot] = 1;
		any = 1;
	}
	return any;
}

/*
 * What is not asked for, and is no row, is 0.  Products double the scale of signs that have that of bits, again and
 * again; numbers have one limb more, and the scale that comparisons take.
 */
static PpdlStatus
take_half(const Run *r, PpdlCt *out, const PpdlLifted *in, const Half *h, PpdlError *err)
{
	const PpdlWhereLabels is_labels = h->column == 0 ? PPDL_WHERE_ON_LABELS : PPDL_WHERE_VALUES_LABELS;
	char		slot[PPDL_WHERE_MAX_WIDTH];
	PpdlLiftedColumn column = {.labels = r->labels == is_labels, .stride = r->w->stride, .slot = slot,
							   .re = h->part == 0, .im = h->part == 1, .limbs = r->w->limbs, .scale = r->w->scale};

	if (!asked_slots(r->w, h, slot))
		return PPDL_OK;
	if (h->kind == PPDL_CONDITION_SIGN)
		column.scale /= 2;
	if (h->kind == PPDL_CONDITION_NUMBER || h->kind == PPDL_CONDITION_FINE)
	{
		const int	fine = h->kind == PPDL_CONDITION_FINE;

		column.at_once = 1;
		column.limbs = fine ? PPDL_WHERE_FINE_LIMBS : r->w->limbs + 1;
		column.scale = ppdl_compare_scale(r->ev->par, column.limbs, fine ? PPDL_COMPARE_FIRST_LEVELS :
										  ppdl_where_comparison_levels(r->w->cond));
	}
	return ppdl_lifted_take(r->ev, out, in, &column, err);
}

/* the n-th of all halves */
#define HALVES (PPDL_WHERE_COLUMNS * PPDL_CONDITION_KINDS * 2)

static Half
half(int n)
{
	return (Half) {n / (2 * PPDL_CONDITION_KINDS), n / 2 % PPDL_CONDITION_KINDS, n % 2};
}

static PpdlCt *
part_of(PpdlWhereRows *rows, int n)
{
	const Half	h = half(n);

	return &rows->part[h.column][h.kind][h.part];
}

static PpdlStatus
take_values(const Run *r, PpdlCt *out, const PpdlLifted *in, PpdlError *err)
{
	char		slot[PPDL_WHERE_MAX_WIDTH] = {0};
	/* a single value is in the real parts; in the imaginary ones are holes */
	const PpdlLiftedColumn column = {.labels = r->labels == PPDL_WHERE_VALUES_LABELS, .stride = r->w->stride,
									 .slot = slot, .re = 1, .im = r->w->values.width > 1,
									 .limbs = PPDL_WHERE_VALUE_LIMBS, .scale = r->w->scale};

	memset(slot, 1, (size_t) r->w->values.half);
	return ppdl_lifted_take(r->ev, out, in, &column, err);
}

static PpdlStatus
add_lifted(void *arg, PpdlLifted *in, PpdlError *err)
{
	const Run  *r = arg;
	char	   *present = ppdl_pool_get(r->ev->pool, r->ev->par->slots);
	PpdlCt		values = {0};
	PpdlWhereRows rows = {.values = &values, .half = r->half, .full = r->full, .present = present};
	PpdlStatus	status;

	if (present == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(present, 0, r->ev->par->slots);
	rows.rows = ppdl_lifted_rows(in, present);
	for (int n = 0; n < HALVES; n++)
	{
		const Half	h = half(n);

		PPDL_GOTO(done, take_half(r, part_of(&rows, n), in, &h, err));
	}
	PPDL_GOTO(done, take_values(r, &values, in, err));
	PPDL_GOTO(done, ppdl_where_add(r->w, r->s, r->ev, &rows, err));
	r->s->bias += PPDL_LIFTED_BIAS * rows.rows;
done:
	for (int n = 0; n < HALVES; n++)
		ppdl_ct_release(r->ev, part_of(&rows, n));
	ppdl_ct_release(r->ev, &values);
	ppdl_pool_put(r->ev->pool, present);
	return status;
}

PpdlStatus
ppdl_where_add_lifted(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlHalfBoot *hb,
					  const PpdlWhereSet *set, PpdlProgress progress, void *arg, PpdlError *err)
{
	const int	labels = set->labels == PPDL_WHERE_ON_LABELS ? w->on.width :
		set->labels == PPDL_WHERE_VALUES_LABELS ? w->values.width : 0,
				features = set->labels == PPDL_WHERE_ON_LABELS ? w->values.width : w->on.width;
	Run			r = {.w = w, .s = s, .ev = ev, .half = hb, .labels = set->labels};
	PpdlStatus	status;

	if (w->columns != (set->labels == PPDL_WHERE_NO_LABELS ? 1 : 2) || set->rows->width_x != features ||
		set->rows->width_y != labels)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "sums over a condition of %d and %d values, rows of %d and %d",
						  features, labels, set->rows->width_x, set->rows->width_y);
	if (w->cond->refreshed > 0)
		PPDL_TRY(ppdl_fullboot_create(&r.full, ev, err));
	status = ppdl_lift_all(ev, hb, set->rows, add_lifted, &r, progress, arg, err);
	ppdl_fullboot_destroy(r.full);
	return status;
}
