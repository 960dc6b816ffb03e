/* Private to condition*.c: the tree that a text comes to, from which products are put in order. */
#ifndef PPDL_PREDICT_CONDITION_IMPL_H
#define PPDL_PREDICT_CONDITION_IMPL_H

#include "predict/condition.h"

/*
 * A literal is twice the number of a node, plus 1 if it is negated.  Node 0 is what is always true; nodes are otherwise
 * leaves, or conjunctions of two literals or more, ascending, none of them a conjunction that is not negated.
 */
#define TRUE 0
#define FALSE 1

typedef struct Node
{
	int			leaf;			/* number of the leaf, -1: a conjunction */
	int			first,			/* its literals */
				count;
} Node;

typedef struct PpdlConditionTree
{
	Node	   *node;
	int			nodes,
				node_room;
	int		   *literal;
	int			literals,
				literal_room;
	int			root;			/* a literal */
	int			leaf_room;
	int			thresholds,
				threshold_room;
} Tree;

PpdlStatus	ppdl_condition_no_memory(PpdlError *err);
/* room for one more of `count` elements */
PpdlStatus	ppdl_condition_grow(void **array, int count, int *room, size_t size, PpdlError *err);

/* what is there already is found again; condition_tree.c */
PpdlStatus	ppdl_condition_add_node(Tree *t, Node node, int *literal, PpdlError *err);
PpdlStatus	ppdl_condition_add_literal(Tree *t, int literal, PpdlError *err);
/* thresholds of the leaf are the last ones; they are taken off where the leaf is there already */
PpdlStatus	ppdl_condition_add_leaf(PpdlCondition *c, PpdlConditionLeaf leaf, int *literal, PpdlError *err);
PpdlStatus	ppdl_condition_add_threshold(PpdlCondition *c, double threshold, PpdlError *err);
/* the conjunction of the tree's literals from `first` on, which are taken off */
PpdlStatus	ppdl_condition_conjunction(PpdlCondition *c, int first, int *literal, PpdlError *err);
/* takes leaves away that the root has no use for, and counts */
PpdlStatus	ppdl_condition_prune(PpdlCondition *c, PpdlError *err);

#endif
