/* A condition worked out over slots. */
#include "predict/where_impl.h"

#include <stdlib.h>

#include "predict/compare.h"
#include "predict/rotations.h"

/* one set of a leaf's thresholds */
typedef struct FineTask
{
	int			leaf;
	PpdlFineSet set;
} FineTask;

typedef struct FineTasks
{
	FineTask   *task;			/* [the condition's refreshed], by leaves */
	int			count,
				next;			/* not run yet: from here on */
	int		   *set;			/* of each threshold of the condition */
} FineTasks;

typedef struct Run
{
	const PpdlWhere *w;
	PpdlEval   *ev;
	const PpdlWhereRows *rows;
	PpdlCt	   *value;			/* of each operand; b NULL: not yet, or no more */
	int		   *uses;			/* of each operand that are still to come */
	FineTasks  *fine;
} Run;

/* to the last slot of the row before */
static int
leaf_shift(const Run *r, const PpdlConditionLeaf *leaf)
{
	return ppdl_where_place(r->w, leaf).slot + 1;
}

/* *ct = 1 - *ct, which is released after an error; both are at most 1 */
static PpdlStatus
negate(PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	PpdlStatus	status;

	ppdl_ct_neg(ev, ct);
	status = ppdl_ct_add_const(ev, ct, 1, 0, err);
	ct->bound = 1;
	if (status != PPDL_OK)
		ppdl_ct_release(ev, ct);
	return status;
}

/* a value that has come to its place, bit or sign: (1 - *ct)/2, half of it by twice the scale, which products keep */
static PpdlStatus
finish_leaf(const Run *r, PpdlCt *ct, const PpdlConditionLeaf *leaf, PpdlError *err)
{
	ct->bound = 1;
	if (leaf->kind != PPDL_CONDITION_SIGN)
		return PPDL_OK;
	PPDL_TRY(negate(r->ev, ct, err));
	ct->scale *= 2;
	return PPDL_OK;
}

static PpdlStatus
take_leaf(const Run *r, PpdlCt *out, const PpdlConditionLeaf *leaf, PpdlError *err)
{
	const PpdlCondition *c = r->w->cond;
	const PpdlWherePlace at = ppdl_where_place(r->w, leaf);
	PpdlCt		value;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rotate_far(r->ev, &value, &r->rows->part[at.column][leaf->kind][at.part], leaf_shift(r, leaf), err));
	PPDL_TRY(finish_leaf(r, &value, leaf, err));
	if (leaf->kind != PPDL_CONDITION_NUMBER)
	{
		*out = value;
		return PPDL_OK;
	}
	status = ppdl_compare_numbers(r->ev, out, &value, c->threshold + leaf->first, leaf->count,
								  ppdl_where_comparison_levels(c), PPDL_WHERE_DEEP_SCALE, err);
	ppdl_ct_release(r->ev, &value);
	return status;
}

/* ---- composed comparisons: full bootstraps refresh two at a time ---- */

static PpdlStatus
list_tasks(FineTasks *t, const PpdlCondition *c, PpdlError *err)
{
	int			thresholds = 0;

	for (int i = 0; i < c->leaves; i++)
		if (c->leaf[i].kind == PPDL_CONDITION_FINE)
			thresholds += c->leaf[i].count;
	*t = (FineTasks) {.task = malloc(sizeof(*t->task) * (size_t) (c->refreshed + 1)),
					  .set = malloc(sizeof(*t->set) * (size_t) (thresholds + 1))};
	if (t->task == NULL || t->set == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	thresholds = 0;
	for (int i = 0; i < c->leaves; i++)
	{
		const PpdlConditionLeaf *leaf = &c->leaf[i];
		const double *threshold = c->threshold + leaf->first;
		int		   *set = t->set + thresholds,
					sets;

		if (leaf->kind != PPDL_CONDITION_FINE)
			continue;
		sets = ppdl_compare_fine_sets(threshold, leaf->count, set);
		for (int s = 0; s < sets; s++)
			t->task[t->count++] = (FineTask) {i, {threshold, set, leaf->count, s}};
		thresholds += leaf->count;
	}
	return PPDL_OK;
}

static PpdlStatus
take_first(const Run *r, PpdlCt *out, const FineTask *task, PpdlError *err)
{
	const PpdlConditionLeaf *leaf = &r->w->cond->leaf[task->leaf];
	const PpdlWherePlace at = ppdl_where_place(r->w, leaf);
	PpdlCt		value;
	PpdlStatus	status;

	*out = (PpdlCt) {0};
	PPDL_TRY(ppdl_rotate_far(r->ev, &value, &r->rows->part[at.column][leaf->kind][at.part], at.slot + 1, err));
	value.bound = 1;
	status = ppdl_compare_numbers_first(r->ev, out, &value, &task->set, err);
	ppdl_ct_release(r->ev, &value);
	return status;
}

/* one task or two */
static PpdlStatus
run_tasks(const Run *r, const FineTask *task, int count, PpdlError *err)
{
	const int	levels = ppdl_where_comparison_levels(r->w->cond),
				limbs = r->w->limbs + 1 - levels;
	PpdlCt		ct[2] = {{0}};
	PpdlStatus	status;

	for (int i = 0; i < count; i++)
		PPDL_GOTO(done, take_first(r, &ct[i], &task[i], err));
	PPDL_GOTO(done, ppdl_fullboot_run(r->rows->full, r->rows->half, r->ev, ct, count, err));
	for (int i = 0; i < count; i++)
	{
		PPDL_GOTO(done, ppdl_ct_compare_again(r->ev, &ct[i], &task[i].set, levels, limbs, PPDL_WHERE_DEEP_SCALE, err));
		PPDL_GOTO(done, ppdl_ct_join(r->ev, &r->value[task[i].leaf], &ct[i], err));
		r->value[task[i].leaf].bound = 1 + 2 * task[i].set.count * PPDL_COMPARE_ERROR;
	}
done:
	for (int i = 0; i < count; i++)
		ppdl_ct_release(r->ev, &ct[i]);
	return status;
}

/* all sets of a leaf; with the last one may come the first of the next leaf */
static PpdlStatus
take_fine_leaf(const Run *r, int leaf, PpdlError *err)
{
	FineTasks  *t = r->fine;

	while (t->next < t->count && t->task[t->next].leaf <= leaf)
	{
		const int	count = t->count - t->next < 2 ? 1 : 2;

		PPDL_TRY(run_tasks(r, t->task + t->next, count, err));
		t->next += count;
	}
	return PPDL_OK;
}

static PpdlStatus find(const Run *r, int operand, PpdlError *err);

/* a factor, of a product or alone: one use of its operand less */
static PpdlStatus
take_factor(const Run *r, PpdlCt *out, PpdlConditionFactor f, PpdlError *err)
{
	PpdlCt	   *value = &r->value[f.operand];

	PPDL_TRY(find(r, f.operand, err));
	if (--r->uses[f.operand] == 0)
	{
		*out = *value;
		value->b = value->a = NULL;
	}
	else
		PPDL_TRY(ppdl_ct_copy(r->ev, out, value, value->limbs, err));
	return f.negated ? negate(r->ev, out, err) : PPDL_OK;
}

static PpdlStatus
multiply(const Run *r, PpdlCt *out, const PpdlConditionFactor f[2], PpdlError *err)
{
	PpdlCt		a,
				b = {0};
	PpdlStatus	status;

	PPDL_TRY(take_factor(r, &a, f[0], err));
	PPDL_GOTO(done, take_factor(r, &b, f[1], err));
	PPDL_GOTO(done, ppdl_ct_mul_rescale(r->ev, out, &a, &b, err));
done:
	ppdl_ct_release(r->ev, &a);
	ppdl_ct_release(r->ev, &b);
	return status;
}

/* the operand's value, unless it is there */
static PpdlStatus
find(const Run *r, int operand, PpdlError *err)
{
	const PpdlCondition *c = r->w->cond;
	PpdlCt	   *value = &r->value[operand];

	if (operand < c->leaves && c->leaf[operand].kind == PPDL_CONDITION_FINE)
		return take_fine_leaf(r, operand, err);
	if (value->b != NULL)
		return PPDL_OK;
	if (operand < c->leaves)
		return take_leaf(r, value, &c->leaf[operand], err);
	return multiply(r, value, c->product[operand - c->leaves], err);
}

/*
 * The row ring's conditions are short, and of one column: their bits and signs, which are the same there, are taken
 * together, where there are keys for it.  In the deep ring each is taken when it is needed, as ciphertexts are large
 * and half a bootstrap takes longer anyway.
 */
static PpdlStatus
take_near_leaves(const Run *r, int part, PpdlError *err)
{
	const PpdlCondition *c = r->w->cond;
	const PpdlCt *values = &r->rows->part[0][PPDL_CONDITION_BIT][part];
	PpdlStatus	status = PPDL_OK;
	PpdlHoisted h;

	if (values->b == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_hoist(r->ev, &h, values, err));
	for (int i = 0; i < c->leaves && status == PPDL_OK; i++)
	{
		const int	shift = leaf_shift(r, &c->leaf[i]);

		if (ppdl_where_place(r->w, &c->leaf[i]).part != part || shift > ppdl_baby_steps(r->w->par))
			continue;
		status = ppdl_hoisted_rotate(r->ev, &r->value[i], &h, shift, err);
		if (status == PPDL_OK)
			status = finish_leaf(r, &r->value[i], &c->leaf[i], err);
	}
	ppdl_hoisted_release(r->ev, &h);
	return status;
}

static void
count_uses(const PpdlCondition *c, int *uses)
{
	for (int i = 0; i < c->products; i++)
		for (int side = 0; side < 2; side++)
			uses[c->product[i][side].operand]++;
	uses[c->root.operand]++;
}

PpdlStatus
ppdl_where_evaluate(const PpdlWhere *w, PpdlEval *ev, PpdlCt *out, const PpdlWhereRows *rows, PpdlError *err)
{
	const PpdlCondition *c = w->cond;
	const size_t operands = (size_t) (c->leaves + c->products);
	FineTasks	fine = {0};
	Run			r = {.w = w, .ev = ev, .rows = rows, .value = calloc(operands, sizeof(PpdlCt)),
					 .uses = calloc(operands, sizeof(int)), .fine = &fine};
	PpdlStatus	status;

	if (c->refreshed > 0 && (rows->half == NULL || rows->full == NULL))
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_ARGUMENT, "composed comparisons without tables of the bootstrap"));
	if (r.value == NULL || r.uses == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	count_uses(c, r.uses);
	PPDL_GOTO(done, list_tasks(&fine, c, err));
	if (ppdl_where_in_row_ring(w->par))
		for (int p = 0; p < 2; p++)
			PPDL_GOTO(done, take_near_leaves(&r, p, err));
	status = take_factor(&r, out, c->root, err);
done:
	for (size_t i = 0; i < operands && r.value != NULL; i++)
		ppdl_ct_release(ev, &r.value[i]);
	free(r.value);
	free(r.uses);
	free(fine.task);
	free(fine.set);
	return status;
}
