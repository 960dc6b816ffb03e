/*
 * Encryption and decryption of whole ciphertexts.  Row slices have their own
 * encryption in rows/batch.h.
 */
#ifndef PPDL_CKKS_ENCRYPT_H
#define PPDL_CKKS_ENCRYPT_H

#include <complex.h>

#include "ckks/eval.h"
#include "ckks/keys.h"

/*
 * Both leave ct->bound at the power of two above pt->bound, at least 1: with
 * values of magnitude up to 1 it says nothing about them.
 */
/* ct (allocated by the evaluator, ct->limbs = pt->limbs) = encryption of pt; a fresh from OpenSSL */
PpdlStatus	ppdl_encrypt_secret(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err);
/* with u ternary: (b*u + e0 + m, a*u + e1) */
PpdlStatus	ppdl_encrypt_public(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlPublicKey *pk, PpdlRng *rng, PpdlError *err);

/*
 * Phase of ct as N doubles (coefficients, centred, NOT divided by the scale),
 * read from as many of its lowest limbs as 2*bound*scale*growth needs, exactly
 * reconstructed (up to 3 limbs) before rounding to double; no secret-dependent
 * branch.
 */
PpdlStatus	ppdl_decrypt_coeffs(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double *out, PpdlError *err);
/* decrypts and decodes: out has par->slots entries */
PpdlStatus	ppdl_decrypt_slots(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double complex *out, PpdlError *err);

#endif
