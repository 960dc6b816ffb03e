/*
 * From the wire form to ciphertexts of the evaluator.
 */
#ifndef PPDL_ROWS_LIFT_H
#define PPDL_ROWS_LIFT_H

#include "ckks/eval.h"
#include "rows/cipher.h"

/*
 * A slice or row of ev's ring as a ciphertext (NTT domain) of its lowest `limbs` limbs: coefficients f*N/k
 * of the phase are the values times the scale, the others mean nothing.  Noise,
 * bound and scale are c's.  out belongs to ev and is released with ppdl_ct_release; after an error it holds nothing.
 * PPDL_ERR_FORMAT when a residue is not reduced, PPDL_ERR_LEVEL when c has fewer limbs, PPDL_ERR_ARGUMENT
 * for another kind.
 */
PpdlStatus	ppdl_lift_vector(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, int limbs, PpdlError *err);

/* chunk `chunk` of a packed value, likewise */
PpdlStatus	ppdl_lift_chunk(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, uint32_t chunk, int limbs, PpdlError *err);

#endif
