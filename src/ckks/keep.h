/*
 * Exact selection of coefficients (algorithms.md, 3.3): all others are cleared, whatever they hold, also values as
 * large as the modulus.
 */
#ifndef PPDL_CKKS_KEEP_H
#define PPDL_CKKS_KEEP_H

#include "ckks/eval.h"

/* automorphisms that are applied to each ciphertext itself; the others, a 32nd of all, to sums over all ciphertexts */
#define PPDL_KEEP_LOG_BABIES 5

/* a ciphertext (NTT domain) and which of its coefficients stay: keep[r] for all whose index is r modulo 2^places */
typedef struct PpdlKeep
{
	const PpdlCt *in;
	const uint8_t *keep;		/* 2^places of 0 and 1 */
} PpdlKeep;

#define PPDL_KEEP_MOST_PLACES 10

/* PPDL_KEEP_LOG_BABIES < places <= PPDL_KEEP_MOST_PLACES, log2 N - 2; and are there switching keys in this ring? */
int			ppdl_keep_has_places(const PpdlParams *par, int places);

/*
 * *out = the sum of count ciphertexts of the same limbs and scale, of each the coefficients that stay, no index twice:
 * times 2^places, and so is the scale.  As many limbs; the caller's to release, nothing after an error.  Where no
 * index is left out, the last one takes next to no time.  Keys of rotations by (N/64) * {1 .. 8}, and Galois keys
 * 2^j + 1, log2 N - places < j <= log2 N - 5.  Memory: 2^(places-5) ciphertexts over QP, and 4 * (1 + digits/2) for
 * each of count that is not the last.
 */
PpdlStatus	ppdl_ct_keep(PpdlEval *ev, PpdlCt *out, const PpdlKeep *from, int count, int places, PpdlError *err);

#endif
