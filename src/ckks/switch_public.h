/*
 * Switching to another owner's secret, with keys that were made under its public key (switch_public.c makes and uses
 * them).
 */
#ifndef PPDL_CKKS_SWITCH_PUBLIC_H
#define PPDL_CKKS_SWITCH_PUBLIC_H

#include "ckks/eval.h"

/*
 * in, under the secret that key `id` leads from (PPDL_KEY_TO_OWNER and its kin, PPDL_KEY_BRIDGE_COMPACT in the row
 * ring), as out under the one that it leads to.  Limbs, scale and bound of in.
 */
PpdlStatus	ppdl_ct_switch_key(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t id, PpdlError *err);

/*
 * The same of two halves, with a key at hand, by any thread: adds to b and replaces a (limbs * N words each, NTT
 * domain), so that b + a*s stays what it was under the key's other secret.
 */
PpdlStatus	ppdl_switch_halves(PpdlEval *ev, uint64_t *b, uint64_t *a, int limbs, const PpdlSwitchKey *key,
							   PpdlError *err);

/*
 * estimated standard deviation of the error that such a switch at `limbs` limbs adds to a coefficient; 0: no such limbs
 */
double		ppdl_switch_public_noise(const PpdlParams *par, int limbs);

#endif
