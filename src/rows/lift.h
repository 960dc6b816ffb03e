/*
 * From the wire form to ciphertexts of the evaluator.
 */
#ifndef PPDL_ROWS_LIFT_H
#define PPDL_ROWS_LIFT_H

#include "ckks/eval.h"
#include "rows/cipher.h"

/*
 * A slice or row as a ciphertext of its lowest `limbs` limbs: coefficients f*N/k
 * of the phase are the values times the scale, the others mean nothing.  Noise,
 * bound and scale are c's.  PPDL_ERR_FORMAT when a residue is not reduced.
 */
PpdlStatus	ppdl_lift_vector(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, int limbs, PpdlError *err);

/* chunk `chunk` of a packed value, likewise */
PpdlStatus	ppdl_lift_chunk(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, uint32_t chunk, int limbs, PpdlError *err);

#endif
