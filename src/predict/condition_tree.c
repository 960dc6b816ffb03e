/* Conjunctions of literals, each of them there once. */
#include "predict/condition_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_condition_no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_condition_grow(void **array, int count, int *room, size_t size, PpdlError *err)
{
	const int	more = *room == 0 ? 16 : 2 * *room;
	void	   *bigger;

	if (count < *room)
		return PPDL_OK;
	bigger = realloc(*array, (size_t) more * size);
	if (bigger == NULL)
		return ppdl_condition_no_memory(err);
	*array = bigger;
	*room = more;
	return PPDL_OK;
}

PpdlStatus
ppdl_condition_add_node(Tree *t, Node node, int *literal, PpdlError *err)
{
	PPDL_TRY(ppdl_condition_grow((void **) &t->node, t->nodes, &t->node_room, sizeof(Node), err));
	*literal = 2 * t->nodes;
	t->node[t->nodes++] = node;
	return PPDL_OK;
}

PpdlStatus
ppdl_condition_add_literal(Tree *t, int literal, PpdlError *err)
{
	PPDL_TRY(ppdl_condition_grow((void **) &t->literal, t->literals, &t->literal_room, sizeof(int), err));
	t->literal[t->literals++] = literal;
	return PPDL_OK;
}

static int
same_leaf(const PpdlCondition *c, const PpdlConditionLeaf *a, const PpdlConditionLeaf *b)
{
	return a->kind == b->kind && a->index == b->index && a->count == b->count &&
		(a->count == 0 ||
		 memcmp(c->threshold + a->first, c->threshold + b->first, (size_t) a->count * sizeof(double)) == 0);
}

/* of two distances the smaller; 0: none was said */
static double
finer(double a, double b)
{
	return a == 0 ? b : b == 0 ? a : fmin(a, b);
}

PpdlStatus
ppdl_condition_add_leaf(PpdlCondition *c, PpdlConditionLeaf leaf, int *literal, PpdlError *err)
{
	Tree	   *t = c->tree;

	for (int i = 1; i < t->nodes; i++)
		if (t->node[i].leaf >= 0 && same_leaf(c, &c->leaf[t->node[i].leaf], &leaf))
		{
			double	   *within = &c->leaf[t->node[i].leaf].within;

			*within = finer(*within, leaf.within);
			*literal = 2 * i;
			t->thresholds -= leaf.count;
			return PPDL_OK;
		}
	PPDL_TRY(ppdl_condition_grow((void **) &c->leaf, c->leaves, &t->leaf_room, sizeof(leaf), err));
	PPDL_TRY(ppdl_condition_add_node(t, (Node) {.leaf = c->leaves}, literal, err));
	c->leaf[c->leaves++] = leaf;
	return PPDL_OK;
}

PpdlStatus
ppdl_condition_add_threshold(PpdlCondition *c, double threshold, PpdlError *err)
{
	Tree	   *t = c->tree;

	PPDL_TRY(ppdl_condition_grow((void **) &c->threshold, t->thresholds, &t->threshold_room, sizeof(double), err));
	c->threshold[t->thresholds++] = threshold;
	return PPDL_OK;
}

/* the leaf of a literal that is a comparison of numbers, else NULL */
static const PpdlConditionLeaf *
number_of(const PpdlCondition *c, int literal)
{
	const int	leaf = literal / 2 == TRUE ? -1 : c->tree->node[literal / 2].leaf;

	return leaf >= 0 && c->leaf[leaf].kind == PPDL_CONDITION_NUMBER ? &c->leaf[leaf] : NULL;
}

/* a literal of which values are looked at from -1 on upwards */
typedef struct Sweep
{
	int			at,				/* the next threshold, */
				end,
				holds;			/* of values below it */
} Sweep;

static Sweep
sweep(const PpdlCondition *c, int literal)
{
	const PpdlConditionLeaf *leaf = number_of(c, literal);

	return (Sweep) {.at = leaf->first, .end = leaf->first + leaf->count, .holds = literal % 2};
}

/* beyond threshold t */
static void
pass(const PpdlCondition *c, Sweep *s, double t)
{
	if (s->at < s->end && c->threshold[s->at] == t)
	{
		s->at++;
		s->holds ^= 1;
	}
}

static double
threshold_of(const PpdlCondition *c, const Sweep *s)
{
	return s->at < s->end ? c->threshold[s->at] : INFINITY;
}

/* where both comparisons of one value hold */
static PpdlStatus
intersect(PpdlCondition *c, int x, int y, int *literal, PpdlError *err)
{
	Sweep		a = sweep(c, x),
				b = sweep(c, y);
	PpdlConditionLeaf leaf = {.kind = PPDL_CONDITION_NUMBER, .index = number_of(c, x)->index,
		.first = c->tree->thresholds, .within = finer(number_of(c, x)->within, number_of(c, y)->within)};
	const int	negated = a.holds && b.holds;
	int			holds = negated;

	while (a.at < a.end || b.at < b.end)
	{
		const double t = fmin(threshold_of(c, &a), threshold_of(c, &b));

		pass(c, &a, t);
		pass(c, &b, t);
		if ((a.holds && b.holds) == holds)
			continue;
		holds ^= 1;
		PPDL_TRY(ppdl_condition_add_threshold(c, t, err));
		leaf.count++;
	}
	if (leaf.count == 0)
		*literal = TRUE;
	else
		PPDL_TRY(ppdl_condition_add_leaf(c, leaf, literal, err));
	*literal ^= negated ^ (leaf.count == 0);
	return PPDL_OK;
}

/* comparisons of one value among the literals from `first` on: the first one is all of them, the others true */
static PpdlStatus
intersect_numbers(PpdlCondition *c, int first, PpdlError *err)
{
	Tree	   *t = c->tree;

	for (int i = first; i < t->literals; i++)
		for (int j = i + 1; j < t->literals && number_of(c, t->literal[i]) != NULL; j++)
		{
			const PpdlConditionLeaf *other = number_of(c, t->literal[j]);

			if (other == NULL || other->index != number_of(c, t->literal[i])->index)
				continue;
			PPDL_TRY(intersect(c, t->literal[i], t->literal[j], &t->literal[i], err));
			t->literal[j] = TRUE;
		}
	return PPDL_OK;
}

static int
compare_ints(const void *a, const void *b)
{
	const int	x = *(const int *) a,
				y = *(const int *) b;

	return (x > y) - (x < y);
}

/* the literals from `first` on, and conjunctions among them, as leaves and negated conjunctions */
static PpdlStatus
flatten(Tree *t, int first, PpdlError *err)
{
	const int	last = t->literals;

	for (int i = first; i < last; i++)
	{
		const int	literal = t->literal[i];
		const Node	node = t->node[literal / 2];

		if (literal == TRUE || literal % 2 == 1 || node.leaf >= 0)
			continue;
		t->literal[i] = TRUE;
		for (int j = 0; j < node.count; j++)
			PPDL_TRY(ppdl_condition_add_literal(t, t->literal[node.first + j], err));
	}
	return PPDL_OK;
}

/* sorted, each once, none that is always true; *conflict: one of them is never */
static void
tidy(Tree *t, int first, int *conflict)
{
	int			count = 0,
			   *literal = t->literal + first;

	qsort(literal, (size_t) (t->literals - first), sizeof(int), compare_ints);
	*conflict = 0;
	for (int i = 0; i < t->literals - first; i++)
	{
		if (literal[i] == TRUE || (count > 0 && literal[count - 1] == literal[i]))
			continue;
		*conflict |= literal[i] == FALSE || (count > 0 && literal[count - 1] == (literal[i] ^ 1));
		literal[count++] = literal[i];
	}
	t->literals = first + count;
}

PpdlStatus
ppdl_condition_conjunction(PpdlCondition *c, int first, int *literal, PpdlError *err)
{
	Tree	   *t = c->tree;
	int			conflict,
				count;

	PPDL_TRY(flatten(t, first, err));
	PPDL_TRY(intersect_numbers(c, first, err));
	tidy(t, first, &conflict);
	count = t->literals - first;
	if (conflict || count < 2)
	{
		*literal = conflict ? FALSE : count == 0 ? TRUE : t->literal[first];
		t->literals = first;
		return PPDL_OK;
	}
	for (int i = 1; i < t->nodes; i++)
		if (t->node[i].leaf < 0 && t->node[i].count == count &&
			memcmp(t->literal + t->node[i].first, t->literal + first, (size_t) count * sizeof(int)) == 0)
		{
			*literal = 2 * i;
			t->literals = first;
			return PPDL_OK;
		}
	return ppdl_condition_add_node(t, (Node) {.leaf = -1, .first = first, .count = count}, literal, err);
}

static void
mark_used(const Tree *t, char *used)
{
	used[t->root / 2] = 1;
	for (int i = t->nodes - 1; i > 0; i--)
		for (int j = 0; used[i] && t->node[i].leaf < 0 && j < t->node[i].count; j++)
			used[t->literal[t->node[i].first + j] / 2] = 1;
}

PpdlStatus
ppdl_condition_prune(PpdlCondition *c, PpdlError *err)
{
	Tree	   *t = c->tree;
	char	   *used = calloc((size_t) t->nodes, 1);
	int			leaves = 0;

	if (used == NULL)
		return ppdl_condition_no_memory(err);
	mark_used(t, used);
	c->width = 0;
	for (int i = 1; i < t->nodes; i++)
	{
		if (!used[i] || t->node[i].leaf < 0)
			continue;
		/* nodes of leaves are in the order of leaves */
		c->leaf[leaves] = c->leaf[t->node[i].leaf];
		t->node[i].leaf = leaves;
		if (c->leaf[leaves].index >= c->width)
			c->width = c->leaf[leaves].index + 1;
		c->numbers += c->leaf[leaves++].kind == PPDL_CONDITION_NUMBER;
	}
	c->leaves = leaves;
	free(used);
	return PPDL_OK;
}
