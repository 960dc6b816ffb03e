/*
 * Rows under one key, made into rows under another: a writer's into its owner's (algorithms.md, 2.5).
 */
#ifndef PPDL_ROWS_SWITCH_H
#define PPDL_ROWS_SWITCH_H

#include "ckks/eval.h"
#include "rows/cipher.h"

/*
 * ev, here and below: of the row ring.  Its key source is asked with get_key_arg set to the fingerprint (8 bytes) of
 * the key whose parts it is to find, and has its own back afterwards.
 *
 * c, a slice or row of the row ring or the compact ring, as a ciphertext under the key `to`: its lowest `limbs` limbs
 * (one, if c is compact), scale and bound of c, values at coefficients f*N/k.  c under `to` itself is only brought to
 * the row ring.  out is ev's, released with ppdl_ct_release; nothing after an error.
 */
PpdlStatus	ppdl_switch_vector(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, int limbs, const uint8_t to[8],
							   PpdlError *err);
/* c, a row or a value in parts, with its encoding, as such a value of the row ring under `to`, appended to w */
PpdlStatus	ppdl_switch_value(PpdlEval *ev, PpdlWriter *w, const PpdlCipher *c, const uint8_t to[8], PpdlError *err);
/* a ciphertext of the row ring under `from`, in place */
PpdlStatus	ppdl_switch_ct(PpdlEval *ev, PpdlCt *ct, const uint8_t from[8], PpdlError *err);

#endif
