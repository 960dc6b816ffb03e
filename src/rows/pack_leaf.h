/* Private to the floor: rows of one batch as the leaves of a packing. */
#ifndef PPDL_ROWS_PACK_LEAF_H
#define PPDL_ROWS_PACK_LEAF_H

#include "rows/pack_impl.h"

/*
 * A of the batch into p->uniform (NTT domain); kept, since blocks of one batch come one after the other.  Of a writer's
 * batch, what A becomes under the owner's key: two halves
 */
PpdlStatus	ppdl_pack_expand(PpdlPacking *p, PpdlRowBatch *b, PpdlError *err);
/*
 * Coefficients of a block's rows in limb l into b (coefficient domain), the first row being at position `at`
 * of a subtree of height h; offset: of the limb in a row's residues
 */
PpdlStatus	ppdl_pack_place(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint32_t at, int h,
							uint64_t *b, PpdlError *err);
/*
 * The ciphertext of a block that enters the tree at height h, times 2^h, all limbs of the collector, NTT domain,
 * without its rows, unless it is an explicit row; out is the evaluator's, nothing after an error
 */
PpdlStatus	ppdl_pack_leaf(PpdlPacking *p, const PpdlBlock *block, PpdlCt *out, PpdlError *err);
/*
 * ct.b += 2^height times the rows in their places, but for explicit ones: no automorphism has to do with them, as they
 * are where they are to be, and b alone has them
 */
PpdlStatus	ppdl_pack_add_rows(const PpdlPacking *p, PpdlCt *ct, PpdlError *err);

/* noise of a row of the batch, under the owner's key */
double		ppdl_pack_noise(const PpdlPacking *p, const PpdlRowBatch *b);

#endif
