#include "query/ask_tree.h"

#include <stdio.h>
#include <stdlib.h>

static int
add(PpdlAskTree *t, PpdlAskNode node)
{
	if (t->count == t->room)
	{
		const int	room = t->room ? 2 * t->room : 64;
		PpdlAskNode *more = realloc(t->node, (size_t) room * sizeof *more);

		if (more == NULL)
		{
			t->bad = 1;
			return PPDL_ASK_FALSE;
		}
		t->node = more;
		t->room = room;
	}
	t->node[t->count] = node;
	return t->count++;
}

void
ppdl_ask_tree_init(PpdlAskTree *t, int inputs, int outputs)
{
	*t = (PpdlAskTree) {.inputs = inputs, .outputs = outputs};
	add(t, (PpdlAskNode) {.kind = PPDL_ASK_CONSTANT});
	add(t, (PpdlAskNode) {.kind = PPDL_ASK_CONSTANT});
}

void
ppdl_ask_tree_free(PpdlAskTree *t)
{
	free(t->node);
	*t = (PpdlAskTree) {0};
}

int
ppdl_ask_leaf(PpdlAskTree *t, PpdlAskKind kind, int value, double threshold)
{
	return add(t, (PpdlAskNode) {.kind = kind, .value = value, .threshold = threshold});
}

int
ppdl_ask_not(PpdlAskTree *t, int a)
{
	if (t->bad)
		return PPDL_ASK_FALSE;
	if (a <= PPDL_ASK_TRUE)
		return !a;
	if (t->node[a].kind == PPDL_ASK_NOT)
		return t->node[a].a;
	return add(t, (PpdlAskNode) {.kind = PPDL_ASK_NOT, .a = a});
}

int
ppdl_ask_and(PpdlAskTree *t, int a, int b)
{
	if (a == PPDL_ASK_FALSE || b == PPDL_ASK_FALSE)
		return PPDL_ASK_FALSE;
	if (a == PPDL_ASK_TRUE || a == b)
		return b;
	return b == PPDL_ASK_TRUE ? a : add(t, (PpdlAskNode) {.kind = PPDL_ASK_AND, .a = a, .b = b});
}

int
ppdl_ask_or(PpdlAskTree *t, int a, int b)
{
	if (a == PPDL_ASK_TRUE || b == PPDL_ASK_TRUE)
		return PPDL_ASK_TRUE;
	if (a == PPDL_ASK_FALSE || a == b)
		return b;
	return b == PPDL_ASK_FALSE ? a : add(t, (PpdlAskNode) {.kind = PPDL_ASK_OR, .a = a, .b = b});
}

/* where all bits are 0: 0, 1, or -1 for what signs and comparisons decide */
static int
without_bits(const PpdlAskTree *t, int i)
{
	const PpdlAskNode *node = &t->node[i];
	int			a,
				b;

	switch (node->kind)
	{
		case PPDL_ASK_CONSTANT:
			return i;
		case PPDL_ASK_BIT:
			return 0;
		case PPDL_ASK_NOT:
			a = without_bits(t, node->a);
			return a < 0 ? a : !a;
		case PPDL_ASK_AND:
		case PPDL_ASK_OR:
			a = without_bits(t, node->a);
			b = without_bits(t, node->b);
			if (node->kind == PPDL_ASK_AND)
				return a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1;
			return a == 1 || b == 1 ? 1 : a < 0 || b < 0 ? -1 : 0;
		default:
			return -1;
	}
}

int
ppdl_ask_needs_bits(const PpdlAskTree *t, int a)
{
	return without_bits(t, a) == 0;
}

int
ppdl_ask_has_label(const PpdlAskTree *t, int root)
{
	const PpdlAskNode *node = &t->node[root];

	switch (node->kind)
	{
		case PPDL_ASK_CONSTANT:
			return 0;
		case PPDL_ASK_NOT:
			return ppdl_ask_has_label(t, node->a);
		case PPDL_ASK_AND:
		case PPDL_ASK_OR:
			return ppdl_ask_has_label(t, node->a) || ppdl_ask_has_label(t, node->b);
		default:
			return node->value >= t->inputs;
	}
}

/* ------------------------------------------------------------------ text */

int
ppdl_ask_number(const PpdlAskTree *t, int value)
{
	if (!t->label_first)
		return value;
	return value >= t->inputs ? value - t->inputs : value + t->outputs;
}

static void
write_leaf(const PpdlAskTree *t, const PpdlAskNode *node, int negated, PpdlWriter *w)
{
	char		text[60];

	snprintf(text, sizeof text, "%sx[%d] ", node->kind == PPDL_ASK_SIGN && !negated ? "not " : "",
			 ppdl_ask_number(t, node->value) + 1);
	ppdl_write_text(w, text);
	switch (node->kind)
	{
		case PPDL_ASK_SIGN:
			ppdl_write_text(w, "= -1");
			break;
		case PPDL_ASK_ABOVE:
			snprintf(text, sizeof text, "%c %.12g", negated ? '<' : '>', node->threshold);
			ppdl_write_text(w, text);
			if (node->within > 0)
			{
				snprintf(text, sizeof text, " within %.3g", node->within);
				ppdl_write_text(w, text);
			}
			break;
		default:
			ppdl_write_text(w, negated ? "= 0" : "= 1");
	}
}

/* outer: what it is an operand of */
static void
write_node(const PpdlAskTree *t, int i, PpdlAskKind outer, PpdlWriter *w)
{
	const PpdlAskNode *node = &t->node[i];
	const int	parentheses = (node->kind == PPDL_ASK_AND && outer == PPDL_ASK_NOT) ||
		(node->kind == PPDL_ASK_OR && outer < PPDL_ASK_OR && outer != PPDL_ASK_CONSTANT);

	if (node->kind == PPDL_ASK_NOT && t->node[node->a].kind < PPDL_ASK_NOT)
		write_leaf(t, &t->node[node->a], 1, w);
	else if (node->kind == PPDL_ASK_NOT)
	{
		ppdl_write_text(w, "not ");
		write_node(t, node->a, PPDL_ASK_NOT, w);
	}
	else if (node->kind < PPDL_ASK_NOT)
		write_leaf(t, node, 0, w);
	else
	{
		ppdl_write_text(w, parentheses ? "(" : "");
		write_node(t, node->a, node->kind, w);
		ppdl_write_text(w, node->kind == PPDL_ASK_AND ? " and " : " or ");
		write_node(t, node->b, node->kind, w);
		ppdl_write_text(w, parentheses ? ")" : "");
	}
}

void
ppdl_ask_write(const PpdlAskTree *t, int root, PpdlWriter *w)
{
	write_node(t, root, PPDL_ASK_CONSTANT, w);
}
