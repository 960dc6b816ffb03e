/*
 * Whether a ciphertext or plaintext is what ct.h says.  The functions are there in every build; PPDL_VERIFY calls them
 * in builds with assertions (PPDL_DEBUG) only, as they read all residues and branch on them.  It stands at the public
 * entries of this floor, after what input can reach has been refused: what it finds is our own mistake.
 */
#ifndef PPDL_CKKS_VERIFY_H
#define PPDL_CKKS_VERIFY_H

#include "ckks/ct.h"

/*
 * Parameters, buffers, NTT domain, limbs within the chain, estimates in their ranges and the slack beside these, all
 * residues below their primes: else PPDL_ERR_INTERNAL, saying what is wrong.  NULL is wrong, too.  Reads limbs * N
 * words a half.
 */
PpdlStatus	ppdl_ct_verify(const PpdlCt *ct, PpdlError *err);
PpdlStatus	ppdl_ct3_verify(const PpdlCt3 *ct, PpdlError *err);
PpdlStatus	ppdl_pt_verify(const PpdlPt *pt, PpdlError *err);
/* limbs lo .. hi-1 (indices into par->ring->mod) of p alone, any domain */
PpdlStatus	ppdl_limbs_verify(const PpdlParams *par, const uint64_t *p, int lo, int hi, PpdlError *err);

/* the ranges of scale, noise and bound alone, for every build; code: the status of a failure */
PpdlStatus	ppdl_check_estimates(double scale, double noise, double bound, PpdlStatus code, PpdlError *err);

#ifdef PPDL_DEBUG
/* says on stderr where and what, and aborts, as assert does */
void		ppdl_verify_failed(const PpdlError *err, const char *function, const char *file, int line)
			__attribute__((noreturn));
#define PPDL_VERIFY(call, ...) \
	do { \
		PpdlError	ppdl_verify_error_; \
		if (call(__VA_ARGS__, &ppdl_verify_error_) != PPDL_OK) \
			ppdl_verify_failed(&ppdl_verify_error_, __func__, __FILE__, __LINE__); \
	} while (0)
#else
#define PPDL_VERIFY(call, ...) ((void) 0)
#endif

#define PPDL_VERIFY_CT(ct) PPDL_VERIFY(ppdl_ct_verify, ct)
#define PPDL_VERIFY_CT3(ct) PPDL_VERIFY(ppdl_ct3_verify, ct)
#define PPDL_VERIFY_PT(pt) PPDL_VERIFY(ppdl_pt_verify, pt)
#define PPDL_VERIFY_LIMBS(par, p, lo, hi) PPDL_VERIFY(ppdl_limbs_verify, par, p, lo, hi)

#endif
