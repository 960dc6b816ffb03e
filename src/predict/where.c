/* Sums over the rows that meet a condition; from rows in slots. */
#include "predict/where_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/rotations.h"

void
ppdl_where_init(PpdlWhereSums *s)
{
	memset(s, 0, sizeof(*s));
}

void
ppdl_where_release(PpdlWhereSums *s, PpdlEval *ev)
{
	ppdl_ct3_release(ev, &s->pending);
	ppdl_ct_release(ev, &s->sums);
	ppdl_ct_release(ev, &s->count);
}

/* ---- rows ---- */

typedef struct Addition
{
	const PpdlWhere *w;
	PpdlWhereSums *s;
	PpdlEval   *ev;
	const PpdlCt *next;			/* the values of the row after, at each row's slots */
} Addition;

/* PpdlRotated: the condition of the next row came to slot stride - 1 - shift of each row; the value there with it */
static PpdlStatus
add_value(void *arg, int shift, const PpdlCt *condition, PpdlError *err)
{
	const Addition *a = arg;
	PpdlCt		value;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(a->ev, &value, a->next, a->next->limbs, err));
	PPDL_GOTO(done, ppdl_periodic_mul(a->ev, &value, &a->w->mask[a->w->stride - 1 - shift], err));
	PPDL_GOTO(done, ppdl_ct_rescale(a->ev, &value, err));
	PPDL_GOTO(done, ppdl_ct3_add_product(a->ev, &a->s->pending, condition, &value, err));
done:
	ppdl_ct_release(a->ev, &value);
	return status;
}

/* the condition in all slots of the row before; values: these, too; all in one product */
static PpdlStatus
add_spread(const Addition *a, const PpdlCt *condition, PpdlError *err)
{
	PpdlCt		spread = {0},
				values = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_lintrans_apply_rescale(a->ev, &spread, (const PpdlLinTrans *const *) &a->w->spread, 1,
												condition, err));
	PPDL_GOTO(done, ppdl_ct_copy(a->ev, &values, a->next, a->next->limbs, err));
	PPDL_GOTO(done, ppdl_ct_match(a->ev, &values, PPDL_WHERE_LIMBS, ldexp(a->next->scale, -PPDL_WHERE_VALUE_BITS),
								  err));
	PPDL_GOTO(done, ppdl_ct3_add_product(a->ev, &a->s->pending, &spread, &values, err));
done:
	ppdl_ct_release(a->ev, &spread);
	ppdl_ct_release(a->ev, &values);
	return status;
}

static PpdlStatus
add_values(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlCt *condition, const PpdlCt *values,
		   PpdlError *err)
{
	Addition	a = {w, s, ev, NULL};
	PpdlCt		dropped = *values,
				next;
	PpdlStatus	status;

	ppdl_ct_drop(&dropped, PPDL_WHERE_VALUE_LIMBS);
	PPDL_TRY(ppdl_rotate_far(ev, &next, &dropped, w->stride, err));
	a.next = &next;
	if (w->spread != NULL)
		status = add_spread(&a, condition, err);
	else
		status = ppdl_each_rotation(ev, condition, w->stride - w->values.half, w->stride - 1, add_value, &a, err);
	ppdl_ct_release(ev, &next);
	return status;
}

/* the condition where there is a row; it is used up */
static PpdlStatus
add_count(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, PpdlCt *condition, const PpdlWhereRows *rows,
		  PpdlError *err)
{
	const size_t slots = w->par->slots;
	double complex *z = calloc(slots, sizeof(*z));
	PpdlPt		present = {0};
	PpdlStatus	status;

	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t row = 0; row < slots / (size_t) w->stride; row++)
		z[(row * (size_t) w->stride + slots - 1) % slots] = rows->present[row] != 0;
	ppdl_ct_drop(condition, PPDL_WHERE_LIMBS);
	PPDL_GOTO(done, ppdl_where_plain(w->par, &present, z, slots, ldexp(rows->values->scale, -PPDL_WHERE_VALUE_BITS),
									 PPDL_WHERE_LIMBS, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, condition, &present, err));
	PPDL_GOTO(done, ppdl_ct_join(ev, &s->count, condition, err));
done:
	free(present.p);
	free(z);
	return status;
}

PpdlStatus
ppdl_where_add(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlWhereRows *rows, PpdlError *err)
{
	PpdlCt		condition;
	PpdlStatus	status;

	if (w->mask == NULL && w->spread == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a condition that was not encoded");
	if (rows->values->limbs < PPDL_WHERE_VALUE_LIMBS)
		return ppdl_error(err, PPDL_ERR_LEVEL, "sums over conditions take values of %d limbs", PPDL_WHERE_VALUE_LIMBS);
	PPDL_TRY(ppdl_where_evaluate(w, ev, &condition, rows, err));
	PPDL_GOTO(done, add_values(w, s, ev, &condition, rows->values, err));
	PPDL_GOTO(done, add_count(w, s, ev, &condition, rows, err));
	s->rows += rows->rows;
	s->bias += rows->rows * w->deviation;
done:
	ppdl_ct_release(ev, &condition);
	return status;
}

/* ---- packed rows ---- */

static int
asks_for(const PpdlWhere *w, int part)
{
	for (int i = 0; i < w->cond->leaves; i++)
		if (ppdl_where_place(w, &w->cond->leaf[i]).part == part)
			return 1;
	return 0;
}

PpdlStatus
ppdl_where_add_packed(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlPacked *packed,
					  const PpdlCt *slots, PpdlError *err)
{
	const size_t capacity = w->par->slots / (size_t) w->stride;
	PpdlWhereRows rows = {.rows = packed->rows, .values = slots};
	PpdlCt	   *bits = rows.part[0][PPDL_CONDITION_BIT];
	char	   *present;
	PpdlStatus	status;

	if (w->columns > 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "packed rows have one column, sums over this condition two");
	present = malloc(capacity);
	if (present == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t p = 0; p < capacity; p++)
		present[p] = packed->ordinal[p] != PPDL_NO_PLACE;
	rows.present = present;
	PPDL_GOTO(done, ppdl_ct_split(ev, asks_for(w, 0) ? &bits[0] : NULL, asks_for(w, 1) ? &bits[1] : NULL, slots, err));
	memcpy(rows.part[0][PPDL_CONDITION_SIGN], bits, sizeof(rows.part[0][0]));
	PPDL_GOTO(done, ppdl_where_add(w, s, ev, &rows, err));
done:
	ppdl_ct_release(ev, &bits[0]);
	ppdl_ct_release(ev, &bits[1]);
	free(present);
	return status;
}

/* ---- sums ---- */

PpdlStatus
ppdl_where_merge(PpdlWhereSums *s, PpdlEval *ev, PpdlError *err)
{
	PpdlCt		merged;
	PpdlStatus	status;

	if (s->pending.d == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_ct_relinearize(ev, &merged, &s->pending, err));
	status = ppdl_ct_join(ev, &s->sums, &merged, err);
	ppdl_ct_release(ev, &merged);
	return status;
}

PpdlStatus
ppdl_where_join(PpdlWhereSums *into, PpdlEval *ev, const PpdlWhereSums *from, PpdlError *err)
{
	PPDL_TRY(ppdl_ct_join(ev, &into->sums, &from->sums, err));
	PPDL_TRY(ppdl_ct_join(ev, &into->count, &from->count, err));
	PPDL_TRY(ppdl_ct3_join(ev, &into->pending, &from->pending, err));
	into->rows += from->rows;
	into->bias += from->bias;
	return PPDL_OK;
}
