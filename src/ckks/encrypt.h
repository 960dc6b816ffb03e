/*
 * Encryption and decryption of whole ciphertexts.  Row slices have their own
 * encryption in rows/batch.h.
 */
#ifndef PPDL_CKKS_ENCRYPT_H
#define PPDL_CKKS_ENCRYPT_H

#include "base/complex.h"
#include "ckks/eval.h"
#include "ckks/keys.h"

/*
 * ct, whose buffers are ev's (none after an error): an encryption of pt, at its limbs and scale.  Ring of ev, pt and
 * key the same: PPDL_ERR_ARGUMENT.  No branch or address depends on pt, key or errors.
 * ct->bound is the power of two above pt->bound, at least 1: with
 * values of magnitude up to 1 it says nothing about them.
 */
/* (-a*s + e + m, a), a expanded from a seed that rng gives; noise 3.2 */
PpdlStatus	ppdl_encrypt_secret(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlSecret *sk, PpdlRng *rng,
								PpdlError *err);
/* with u ternary: (b*u + e0 + m, a*u + e1); noise 3.2 * sqrt(1 + 4N/3) */
PpdlStatus	ppdl_encrypt_public(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlPublicKey *pk, PpdlRng *rng,
								PpdlError *err);

/*
 * How many of `limbs` limbs decryption reads: those that hold bound*scale and the noise with room to spare,
 * all when the bound is 0 (unknown)
 */
int			ppdl_decrypt_limbs(const PpdlParams *par, int limbs, double scale, double noise, double bound);
/*
 * Phase of ct (NTT domain) as N doubles (coefficients, centred, NOT divided by the scale),
 * read from ppdl_decrypt_limbs of its lowest limbs and exactly reconstructed before
 * rounding to double; no secret-dependent branch or address.  PPDL_ERR_PRECISION when bound*scale
 * does not fit the modulus of ct.  out: N, the caller's, to be wiped; buffers of the phase are wiped here.
 */
PpdlStatus	ppdl_decrypt_coeffs(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double *out, PpdlError *err);
/* the same, divided by the scale and decoded: out has par->slots entries */
PpdlStatus	ppdl_decrypt_slots(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double complex *out,
							   PpdlError *err);

#endif
