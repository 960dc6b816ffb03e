/*
 * One comparison of a column with words of its owner, as a condition on the values of a row.
 *
 * Bits stand for themselves: categories, bands whose cuts fit, "at least" bits.  Other comparisons of numbers get a
 * threshold half way between the values that the column can take, as far as its feature file knows them.  As in SQL,
 * rows in which the column is missing meet neither a comparison nor its contrary.  Rows whose label is missing have
 * none in the database, and the server leaves them out.
 */
#ifndef PPDL_QUERY_ASK_LEAF_H
#define PPDL_QUERY_ASK_LEAF_H

#include "query/ask_text.h"
#include "query/ask_tree.h"
#include "table/features.h"

typedef struct PpdlAskLiteral
{
	int			text;			/* it stood in quotes */
	char	   *s;
	size_t		at;				/* in the SQL text */
} PpdlAskLiteral;

typedef enum PpdlAskCompare
{
	PPDL_ASK_IN,				/* equal to one of the literals */
	PPDL_ASK_LESS,
	PPDL_ASK_LESS_EQUAL,
	PPDL_ASK_GREATER,
	PPDL_ASK_GREATER_EQUAL,
	PPDL_ASK_BETWEEN,			/* two literals, both included */
	PPDL_ASK_NULL				/* no literal: it is missing */
} PpdlAskCompare;

typedef struct PpdlAskPredicate
{
	const PpdlFeatures *fs;
	const PpdlFeature *f;		/* no "at least" bits: a column's own feature */
	PpdlAskCompare compare;
	int			negated,
				count;
	PpdlAskLiteral *literal;
	size_t		at;				/* of the column, in the SQL text */
} PpdlAskPredicate;

/* a comparison of a number in the tree */
typedef struct PpdlAskCompared
{
	const PpdlFeature *f;
	int			node;			/* of the tree */
	double		threshold,		/* encoded */
				nearest;		/* the value above it that the column can take; the threshold itself: not known */
} PpdlAskCompared;

typedef struct PpdlAskMaker
{
	const PpdlFeatures *fs;
	PpdlAskTree tree;
	int			ncompared;
	PpdlAskCompared *compared;
	const PpdlAskText *text;	/* for errors */
	char		why[200];		/* of the last comparison that all rows meet, or none */
} PpdlAskMaker;

/* *node: of m->tree */
PpdlStatus	ppdl_ask_predicate(PpdlAskMaker *m, const PpdlAskPredicate *p, int *node);

#endif
