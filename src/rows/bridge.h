/*
 * From a ring of rows to the deep ring (algorithms.md, 3.5): up to four polynomials of a
 * quarter of its degree, interleaved into one ciphertext mod q0 and switched to the sparse
 * secret of bootstrapping.  Such a polynomial is a batch of the row ring, or several
 * of the compact ring, interleaved in the same way.
 */
#ifndef PPDL_ROWS_BRIDGE_H
#define PPDL_ROWS_BRIDGE_H

#include "ckks/eval.h"
#include "rows/cipher.h"

#define PPDL_BRIDGE_POLYS 4

/* batches of the ring of rows that a polynomial takes: 1 in the row ring, 8 in the compact ring */
#define PPDL_MAX_BRIDGE_PARTS 8
int			ppdl_bridge_parts(const PpdlParams *deep, const PpdlParams *row);	/* 0: there is no bridge */

/*
 * Batches and the coefficients of b mod q0, 0 where no row is present.  Coefficient c of batch t is
 * coefficient parts*c + bitrev(t) of the polynomial, bitrev on log2 parts bits: then the rows of all batches
 * lie one behind the other, like those of one larger batch.
 */
typedef struct PpdlRowPoly
{
	int			count;			/* batches, 0: nothing in this place */
	const uint8_t (*seed)[PPDL_SEED_BYTES];	/* of each */
	const uint64_t *b;			/* N of the deep ring / PPDL_BRIDGE_POLYS, reduced, coefficient domain */
	/*
	 * of one under the row ring's secret whose other half no seed gives: as much of that, and the noise of a
	 * coefficient; else NULL
	 */
	const uint64_t *a;
	double		noise;
} PpdlRowPoly;

/*
 * ev: deep ring.  out is ev's, released with ppdl_ct_release; nothing after an error.  scale: 2^20 to 2^40, or
 * PPDL_ERR_SCALE.  Coefficient c of poly[j] goes to coefficient 4c + j, times the power of two that
 * brings `scale` to q0/2^8.  Polynomials with and without `a` go together in the row ring only (PPDL_ERR_ARGUMENT).
 * out: one limb under s_sparse (key PPDL_KEY_BRIDGE or PPDL_KEY_BRIDGE_COMPACT), NTT domain,
 * ready for ppdl_halfboot_run, after which poly[j] has its coefficients c in quarter bitrev_2(j)
 * of the slots: slot quarter*n/2 + bitrev(c mod n/2), n = N/4.
 */
PpdlStatus	ppdl_bridge(PpdlEval *ev, PpdlCt *out, const PpdlParams *row, const PpdlRowPoly poly[PPDL_BRIDGE_POLYS],
						double scale, PpdlError *err);

#endif
