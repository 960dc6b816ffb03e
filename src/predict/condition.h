/*
 * Conditions on the values of a row, as text: what is parsed, and in which order its products are taken.
 *
 *	condition := conjunction ("or" conjunction)*		conjunction := factor ("and" factor)*
 *	factor := "not" factor | "(" condition ")" | "x" "[" number from 1 "]" operator number ["within" number]
 *
 * Operators: = != <> < <= > >=; case does not matter.  x[i] = 1 and x[i] = 0 take x[i] for a bit, x[i] = -1 for a sign,
 * -1 or 1: not x[i] = -1 is met by 1, and either half by 0.  < and > compare numbers, in the encoding's units, and do
 * not tell < from <=; "within" says how near to the number values need not be told, which then holds for all numbers
 * that the value is compared with in the same leaf.  AND is a product, NOT 1 - x, OR a NOT of products of
 * NOTs; but all comparisons of one value that meet in an AND or OR are one leaf, whatever intervals they come to.
 */
#ifndef PPDL_PREDICT_CONDITION_H
#define PPDL_PREDICT_CONDITION_H

#include <stddef.h>

#include "base/error.h"

#define PPDL_CONDITION_MAX_LENGTH 8192	/* bytes of text */
#define PPDL_CONDITION_MAX_DEPTH 100	/* parentheses and NOTs within each other */

typedef enum PpdlConditionKind
{
	PPDL_CONDITION_BIT,			/* the value itself */
	PPDL_CONDITION_SIGN,		/* (1 - the value)/2 */
	PPDL_CONDITION_NUMBER,		/* 1 where the value is above an odd number of thresholds, else 0 */
	PPDL_CONDITION_FINE,		/* the same, by composed comparisons: what ppdl_where_check makes of a NUMBER */
	PPDL_CONDITION_KINDS
} PpdlConditionKind;

typedef struct PpdlConditionLeaf
{
	PpdlConditionKind kind;
	int			index;			/* of the value, from 0 */
	int			first,			/* thresholds of a number: from there on in the condition's, */
				count;			/* so many, ascending, each between -1 and 1 */
	double		within;			/* values farther from a threshold are to be told from it; 0: nothing was said */
} PpdlConditionLeaf;

static inline int
ppdl_condition_compares(const PpdlConditionLeaf *leaf)
{
	return leaf->kind == PPDL_CONDITION_NUMBER || leaf->kind == PPDL_CONDITION_FINE;
}

/* operand, or 1 - operand: leaf i is operand i, product i operand `leaves` + i */
typedef struct PpdlConditionFactor
{
	int			operand;
	int			negated;
} PpdlConditionFactor;

/* Each leaf and each product is there once; products come after what they are made of. */
typedef struct PpdlCondition
{
	int			leaves,
				products,
				numbers;		/* leaves that are comparisons */
	PpdlConditionLeaf *leaf;
	double	   *threshold;
	PpdlConditionFactor (*product)[2];
	PpdlConditionFactor root;
	int			levels,			/* of the root, those of comparisons included */
				number_levels,	/* of a comparison */
				refreshed;		/* first comparisons, of which full bootstraps refresh two at a time */
	int			width;			/* values that a row must have, at least */
	struct PpdlConditionTree *tree;	/* condition_impl.h's */
} PpdlCondition;

/*
 * text: len bytes, any.  PPDL_ERR_FORMAT names the character, from 1, and shows it in the detail; PPDL_ERR_ARGUMENT for
 * conditions that all rows meet, or none.  *out: the caller's to destroy, scheduled as if comparisons took no level;
 * NULL after an error.
 */
PpdlStatus	ppdl_condition_parse(PpdlCondition **out, const char *text, size_t len, PpdlError *err);
void		ppdl_condition_destroy(PpdlCondition *c);	/* NULL is allowed */
/* the products again, for the fewest levels where a comparison takes so many and a bit none (condition_order.c) */
PpdlStatus	ppdl_condition_schedule(PpdlCondition *c, int number_levels, PpdlError *err);
/* of a row in the clear: for tests.  Bits may be anything, the result is then the polynomial's; NaN: out of memory */
double		ppdl_condition_apply(const PpdlCondition *c, const double *row);

#endif
