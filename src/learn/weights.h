/* Stored ciphertexts of a training run and of an encrypted model. */
#ifndef PPDL_LEARN_WEIGHTS_H
#define PPDL_LEARN_WEIGHTS_H

#include "base/bytes.h"
#include "ckks/eval.h"
#include "learn/layout.h"

/* u8 ring, u8 limbs, f64 scale, noise, bound, then b and a limb by limb, NTT domain; a failed writer says so itself */
void		ppdl_put_ct(PpdlWriter *w, const PpdlCt *ct);
/* back, for the ring of ev; buffers from its pool, none after an error.  Hostile bytes: PPDL_ERR_FORMAT */
PpdlStatus	ppdl_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

/*
 * Appends `count` ciphertexts of one ring, number of limbs and scale, in the form that ppdl_weights_load reads; ct is
 * left as it is.
 */
PpdlStatus	ppdl_weights_save(PpdlWriter *w, const PpdlCt *ct, int count, uint32_t period, const uint8_t fingerprint[8],
							  PpdlError *err);

/*
 * Encrypted weights are a packed lwe_cipher of layout slots in the deep ring: a row and a chunk for each weight
 * ciphertext, one period of complex slots (layout.h). Hostile bytes: PPDL_ERR_FORMAT.
 */
PpdlStatus	ppdl_weights_load(PpdlEval *ev, PpdlCt ct[PPDL_MAX_WEIGHT_CTS], int *count, uint32_t *period,
							  uint8_t fingerprint[8],
							  const void *buf, size_t len, PpdlError *err);

#endif
