/* Private to the floor: one packing under way. */
#ifndef PPDL_ROWS_PACK_IMPL_H
#define PPDL_ROWS_PACK_IMPL_H

#include "rows/collector.h"

/* a block and the tree position of its first row, a multiple of 2^h */
typedef struct PpdlPlaced
{
	PpdlBlock	block;
	uint32_t	at;
} PpdlPlaced;

/* levels of the tree that a window spans, see pack_window.c */
#define PPDL_MAX_WINDOW 5

/* the uniform half of a batch under every choice of automorphisms of some levels */
typedef struct PpdlBasis
{
	const PpdlRowBatch *batch;	/* NULL: none */
	int			low,			/* heights low .. low + levels of the tree */
				levels;
	PpdlCt		ct[1 << PPDL_MAX_WINDOW];
} PpdlBasis;

typedef struct PpdlPacking
{
	PpdlEval   *ev;
	PpdlCollector *col;
	int			height;			/* D = log2(N/k) */
	PpdlPlaced *placed;			/* by position; the first `next` are in the tree already */
	uint32_t	count,
				next;
	uint64_t   *scratch;		/* k words */
	uint8_t    *window;			/* for each position: height of the window that starts there, or 0 */
	PpdlBasis	basis;
} PpdlPacking;

/* ---- pack.c ---- */

/* A of the batch into col->uniform; kept, since blocks of one batch come one after the other */
PpdlStatus	ppdl_pack_expand(PpdlPacking *p, PpdlRowBatch *b, PpdlError *err);
/* coefficients of a block's rows in limb l, the first row being at position `at` of a subtree of height h; offset: of the limb in a row's residues */
PpdlStatus	ppdl_pack_place(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint32_t at, int h, uint64_t *b, PpdlError *err);

/* ---- pack_window.c ---- */

/* decides which subtrees are windows */
void		ppdl_pack_plan_windows(PpdlPacking *p);
/* the subtree of height h at a position that p->window says is one; takes its blocks */
PpdlStatus	ppdl_pack_window(PpdlPacking *p, uint32_t at, int h, PpdlCt *out, PpdlError *err);
void		ppdl_pack_release_basis(PpdlPacking *p);

#endif
