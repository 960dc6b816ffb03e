/* Private to the floor: subtrees of the merge tree whose leaves are blocks of one batch. */
#ifndef PPDL_ROWS_PACK_WINDOW_H
#define PPDL_ROWS_PACK_WINDOW_H

#include "rows/pack_impl.h"

/* decides which subtrees are windows */
void		ppdl_pack_plan_windows(PpdlPacking *p);
/*
 * The subtree of height h at a position that p->window says is one, without its rows, NTT domain; takes its blocks; out
 * is the evaluator's, nothing after an error.  Some that follow are computed with it, and wait until they are asked
 * for.
 */
PpdlStatus	ppdl_pack_window(PpdlPacking *p, uint32_t at, int h, PpdlCt *out, PpdlError *err);
void		ppdl_pack_release_windows(PpdlPacking *p);
void		ppdl_pack_release_basis(PpdlPacking *p);

#endif
