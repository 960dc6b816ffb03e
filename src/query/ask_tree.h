/*
 * Conditions on a row's values as trees of bits, signs and comparisons, and the text of one for sum_where.
 */
#ifndef PPDL_QUERY_ASK_TREE_H
#define PPDL_QUERY_ASK_TREE_H

#include "base/bytes.h"
#include "base/error.h"

#define PPDL_ASK_FALSE 0
#define PPDL_ASK_TRUE 1

typedef enum PpdlAskKind
{
	PPDL_ASK_CONSTANT,
	PPDL_ASK_BIT,				/* value: 0 or 1 */
	PPDL_ASK_SIGN,			/* value: -1 or 1, which holds */
	PPDL_ASK_ABOVE,			/* value > threshold */
	PPDL_ASK_NOT,
	PPDL_ASK_AND,
	PPDL_ASK_OR
} PpdlAskKind;

typedef struct PpdlAskNode
{
	PpdlAskKind kind;
	int			value;			/* of a row, from 0; those of its label behind the others */
	double		threshold,
				within;			/* of ABOVE, 0: nothing: how near to the threshold values are to be told */
	int			a,				/* operands */
				b;
} PpdlAskNode;

/* nodes by number, the first two the constants; zeros are a tree without */
typedef struct PpdlAskTree
{
	PpdlAskNode *node;
	int			count,
				room;
	int			bad;			/* out of memory: whatever is added is PPDL_ASK_FALSE */
	int			inputs,			/* values of a row before those of its label */
				outputs,		/* of its label */
				label_first;	/* set for texts: its values have the first numbers, not the last */
} PpdlAskTree;

void		ppdl_ask_tree_init(PpdlAskTree *t, int inputs, int outputs);
void		ppdl_ask_tree_free(PpdlAskTree *t);

/* numbers of new nodes, or of those they come to */
int			ppdl_ask_leaf(PpdlAskTree *t, PpdlAskKind kind, int value, double threshold);
int			ppdl_ask_not(PpdlAskTree *t, int a);
int			ppdl_ask_and(PpdlAskTree *t, int a, int b);
int			ppdl_ask_or(PpdlAskTree *t, int a, int b);

/* is it false whatever signs and comparisons say, where all bits are 0? */
int			ppdl_ask_needs_bits(const PpdlAskTree *t, int a);

/* is a value of the label among what it asks for? */
int			ppdl_ask_has_label(const PpdlAskTree *t, int root);
/* number of a value in the text, less 1 */
int			ppdl_ask_number(const PpdlAskTree *t, int value);
/* appends the text, as doc/statistics.md has it: x[3] = 1 and x[1] > 0.25 */
void		ppdl_ask_write(const PpdlAskTree *t, int root, PpdlWriter *w);

#endif
