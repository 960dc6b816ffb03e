/*
 * The state of lwe_gram, type lwe_gram_state: an expanded object (agg_state.h).  Full rows are gathered and packed as
 * lwe_pack does it (pack_state.h), and batches that are complete go into the sums of products at once; what travels
 * are these sums, merged, and the rows that wait.  Compact rows, and rows with labels, are gathered for the deep ring.
 */
#ifndef PPDL_PG_GRAM_STATE_H
#define PPDL_PG_GRAM_STATE_H

#include "pg/agg_state.h"

#include "predict/gram.h"
#include "predict/packed_slots.h"
#include "rows/row_set.h"

typedef struct PpdlGramState
{
	PpdlAggState agg;
	uint32		next;			/* rows so far, without those that were NULL; ordinal of the next */
	/* from here on nothing before the first such row */
	PpdlCipher	shape;			/* what every row must be like; limbs: how many are collected, 0: deep ring */
	PpdlGramLayout lay;
	/* row ring */
	PpdlEval   *ev;
	const PpdlPackedSlots *slots;
	PpdlCollector *col;
	PpdlGram   *gram;
	/* deep ring */
	PpdlTrainSet *deep;
} PpdlGramState;

/* the state in argument 0, to be changed; a new one when it is NULL */
extern PpdlGramState *ppdl_gram_state_argument(FunctionCallInfo fcinfo);
/* the state in argument 0, for ppdl_gram_state_finish */
extern PpdlGramState *ppdl_gram_state_final(FunctionCallInfo fcinfo);
/* a row, not NULL, with its label or NULL; raises for what does not belong together */
extern void ppdl_gram_state_add(PpdlGramState *state, const PpdlCipher *x, const PpdlCipher *y,
								FunctionCallInfo fcinfo);
/* row ring: all rows into the sums, and these merged */
extern void ppdl_gram_state_finish(PpdlGramState *state, FunctionCallInfo fcinfo);

#endif
