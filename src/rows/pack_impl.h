/* Private to the floor: one packing under way. */
#ifndef PPDL_ROWS_PACK_IMPL_H
#define PPDL_ROWS_PACK_IMPL_H

#include "rows/collector_impl.h"
#include "rows/pack.h"
#include "rows/pack_cost.h"

/* the uniform half of a batch under every choice of automorphisms of some levels */
typedef struct PpdlBasis
{
	const PpdlRowBatch *batch;	/* NULL: none */
	int			low,			/* heights low .. low + levels of the tree */
				levels;
	PpdlCt		ct[1 << PPDL_MAX_WINDOW];
} PpdlBasis;

/* windows that are computed together */
#define PPDL_WINDOW_GROUP 8

/* those that the tree has not asked for yet are next .. count - 1 */
typedef struct PpdlReadyWindows
{
	PpdlCt		ct[PPDL_WINDOW_GROUP];
	uint32_t	blocks[PPDL_WINDOW_GROUP];
	int			next,
				count;
} PpdlReadyWindows;

struct PpdlPacking
{
	PpdlEval   *ev;				/* while it runs */
	PpdlCollector *col;
	int			height;			/* D = log2(N/k) */
	PpdlPlaced *placed;			/* by position; the first `next` are in the tree already */
	uint32_t	count,
				next;
	int			in_place;		/* placed is a PpdlInPlace's */
	uint64_t   *scratch;		/* k words */
	uint8_t    *window;			/* for each position: height of the window that starts there, or 0 */
	PpdlBasis	basis;
	PpdlReadyWindows ready;
	PpdlRowBatch *whole;		/* the batch that it takes as a whole, or NULL */
	PpdlRowBatch *uniform_of;	/* whose uniform half `uniform` is, NULL: none */
	uint64_t   *uniform,		/* limbs * N, ev's; NULL before the first */
			   *uniform_b;		/* what the other half is besides the rows: of writers' batches; else NULL */
};

#endif
