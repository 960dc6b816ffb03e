/* The order of a condition's products. */
#include "predict/condition_impl.h"

#include <stdlib.h>
#include <string.h>

typedef struct Factor
{
	PpdlConditionFactor f;
	int			levels;
} Factor;

typedef struct Scheduler
{
	PpdlCondition *c;
	int			number_levels,
				room;
	Factor	   *made;			/* of each node; operand -1: not yet */
	int		   *levels;			/* of each product */
	int			level_room;
	PpdlError  *err;
} Scheduler;

static int
operand_levels(const Scheduler *s, int operand)
{
	if (operand >= s->c->leaves)
		return s->levels[operand - s->c->leaves];
	return ppdl_condition_compares(&s->c->leaf[operand]) ? s->number_levels : 0;
}

static PpdlStatus
multiply(Scheduler *s, const Factor *x, const Factor *y, Factor *out)
{
	PpdlCondition *c = s->c;
	const Factor *a = x->f.operand <= y->f.operand ? x : y,
			   *b = a == x ? y : x;

	*out = (Factor) {.levels = 1 + (x->levels > y->levels ? x->levels : y->levels)};
	for (int i = 0; i < c->products; i++)
		if (memcmp(&c->product[i][0], &a->f, sizeof(a->f)) == 0 && memcmp(&c->product[i][1], &b->f, sizeof(b->f)) == 0)
		{
			out->f.operand = c->leaves + i;
			return PPDL_OK;
		}
	PPDL_TRY(ppdl_condition_grow((void **) &s->levels, c->products, &s->level_room, sizeof(int), s->err));
	PPDL_TRY(ppdl_condition_grow((void **) &c->product, c->products, &s->room, sizeof(*c->product), s->err));
	s->levels[c->products] = out->levels;
	c->product[c->products][0] = a->f;
	c->product[c->products][1] = b->f;
	out->f.operand = c->leaves + c->products++;
	return PPDL_OK;
}

/* by levels, then as they came, so that equal conjunctions are paired alike */
static void
insert(Factor *list, int count, Factor f)
{
	int			i = count;

	for (; i > 0 && list[i - 1].levels > f.levels; i--)
		list[i] = list[i - 1];
	list[i] = f;
}

static PpdlStatus schedule(Scheduler *s, int literal, Factor *out);

/* always the two of the fewest levels: no order has fewer in the end */
static PpdlStatus
schedule_conjunction(Scheduler *s, const Node *node, Factor *out)
{
	const Tree *t = s->c->tree;
	Factor	   *list = malloc((size_t) node->count * sizeof(Factor));
	PpdlStatus	status = PPDL_OK;

	if (list == NULL)
		return ppdl_condition_no_memory(s->err);
	for (int i = 0; i < node->count; i++)
	{
		Factor		f;

		PPDL_GOTO(done, schedule(s, t->literal[node->first + i], &f));
		insert(list, i, f);
	}
	for (int count = node->count; count > 1; count--)
	{
		Factor		product;

		PPDL_GOTO(done, multiply(s, &list[0], &list[1], &product));
		memmove(list, list + 2, (size_t) (count - 2) * sizeof(Factor));
		insert(list, count - 2, product);
	}
	*out = list[0];
done:
	free(list);
	return status;
}

static PpdlStatus
schedule(Scheduler *s, int literal, Factor *out)
{
	const Node *node = &s->c->tree->node[literal / 2];
	Factor	   *made = &s->made[literal / 2];

	if (made->f.operand < 0)
	{
		if (node->leaf >= 0)
			*made = (Factor) {.f = {.operand = node->leaf}, .levels = operand_levels(s, node->leaf)};
		else
			PPDL_TRY(schedule_conjunction(s, node, made));
	}
	*out = *made;
	out->f.negated = literal % 2;
	return PPDL_OK;
}

PpdlStatus
ppdl_condition_schedule(PpdlCondition *c, int number_levels, PpdlError *err)
{
	Scheduler	s = {.c = c, .number_levels = number_levels, .err = err};
	PpdlStatus	status;
	Factor		root;

	free(c->product);
	c->product = NULL;
	c->products = 0;
	c->number_levels = number_levels;
	s.made = malloc((size_t) c->tree->nodes * sizeof(Factor));
	if (s.made == NULL)
		return ppdl_condition_no_memory(err);
	for (int i = 0; i < c->tree->nodes; i++)
		s.made[i].f.operand = -1;
	status = schedule(&s, c->tree->root, &root);
	if (status == PPDL_OK)
	{
		c->root = root.f;
		c->levels = root.levels;
	}
	free(s.made);
	free(s.levels);
	return status;
}
