/*
 * Residue number system: base conversion between sets of a ring's primes, and
 * exact division by primes.
 */
#ifndef PPDL_RING_RNS_H
#define PPDL_RING_RNS_H

#include "base/mem.h"
#include "base/threads.h"
#include "ring/ring.h"

/*
 * Fast base conversion src -> dst, coefficient domain, exact for the CENTRED
 * representative in (-D/2, D/2], D the product of the source primes: the
 * multiple of D is found as in Halevi, Polyakov, Shoup 2019, §2.2, but in fixed
 * point with 51 fraction bits, so that every machine finds the same one.  A value
 * within D * 2^-40 of +-D/2 may come out as its neighbour x +- D.
 */
typedef struct PpdlBaseConv PpdlBaseConv;

/*
 * indices into ring->mod; 1..PPDL_MAX_CONV of each, all distinct (PPDL_ERR_ARGUMENT).  *out: the caller's, for any
 * thread
 */
#define PPDL_MAX_CONV 48
PpdlStatus	ppdl_baseconv_create(PpdlBaseConv **out, const PpdlRing *ring, const int *src, int nsrc,
								 const int *dst, int ndst, PpdlError *err);
void		ppdl_baseconv_destroy(PpdlBaseConv *bc);
/*
 * In two steps, so that each target can be made when it is wanted.  What does not depend on the target is loaded once:
 * coefficients fall into columns of blocks, `count` of them from number `first` on in one call, by any thread; in: the
 * limbs of the source primes, one behind the other, all parts of each as ppdl_intt_part leaves them.  Then targets
 * number first .. first+count-1, the limbs of primes dst[first] and so on, are written to out, one behind the other:
 * all that is loaded is read once a call.  Of each the transform is begun, and ppdl_ntt_part of all its parts makes
 * reduced values of it.
 */
size_t		ppdl_baseconv_words(const PpdlBaseConv *bc);	/* of loaded */
int			ppdl_baseconv_columns(const PpdlBaseConv *bc);
void		ppdl_baseconv_load(const PpdlBaseConv *bc, uint64_t *loaded, const uint64_t *in, int first, int count);
void		ppdl_baseconv_targets(const PpdlBaseConv *bc, uint64_t *out, const uint64_t *loaded, int first, int count);

/*
 * Divide and round by the last prime: NTT-domain limbs 0..limbs-1 of p, prime i
 * = ring->mod[i]; afterwards limbs 0..limbs-2 hold round(p / q_last); limb
 * limbs-1 is destroyed.  2 <= limbs <= ring->count: PPDL_ERR_LEVEL.  Scratch, a limb a thread, from pool.
 */
PpdlStatus	ppdl_rns_rescale(const PpdlRing *ring, uint64_t *p, int limbs,
							 PpdlPool *pool, PpdlThreads *threads, PpdlError *err);

#endif
