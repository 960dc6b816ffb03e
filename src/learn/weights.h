/* Stored ciphertexts of a training run and of an encrypted model. */
#ifndef PPDL_LEARN_WEIGHTS_H
#define PPDL_LEARN_WEIGHTS_H

#include "base/bytes.h"
#include "ckks/eval.h"

/* u8 ring, u8 limbs, f64 scale, noise, bound, then b and a limb by limb */
void		ppdl_put_ct(PpdlWriter *w, const PpdlCt *ct);
PpdlStatus	ppdl_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

/* see ppdl_weights_load */
PpdlStatus	ppdl_weights_save(PpdlWriter *w, const PpdlCt *ct, int count, uint32_t period, const uint8_t fingerprint[8], PpdlError *err);

#endif
