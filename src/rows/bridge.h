/*
 * From the row ring to the deep ring (algorithms.md, 3.5): up to four batches of
 * compact residues, interleaved into one ciphertext of degree 4N mod q0 and
 * switched to the sparse secret of bootstrapping.
 */
#ifndef PPDL_ROWS_BRIDGE_H
#define PPDL_ROWS_BRIDGE_H

#include "ckks/eval.h"
#include "rows/cipher.h"

#define PPDL_BRIDGE_POLYS 4

/* one batch: its seed and the row-ring coefficients of b mod q0, 0 where no row is present */
typedef struct PpdlRowPoly
{
	const uint8_t *seed;		/* NULL: nothing in this place */
	const uint64_t *b;			/* N of the row ring, reduced, coefficient domain */
} PpdlRowPoly;

/*
 * ev: deep ring.  out is ev's, released with ppdl_ct_release; nothing after an error.  scale: 2^20 to 2^40, or
 * PPDL_ERR_SCALE.  Coefficient c of poly[j] goes to coefficient 4c + j, times the power of two that
 * brings `scale` to q0/2^8.  out: one limb under s_sparse (key PPDL_KEY_BRIDGE), NTT domain, ready for
 * ppdl_halfboot_run, after which poly[j] has its coefficients c in quarter bitrev_2(j)
 * of the slots: slot quarter*N/2 + bitrev(c mod N/2), N that of the row ring.
 */
PpdlStatus	ppdl_bridge(PpdlEval *ev, PpdlCt *out, const PpdlParams *row, const PpdlRowPoly poly[PPDL_BRIDGE_POLYS],
						double scale, PpdlError *err);

#endif
