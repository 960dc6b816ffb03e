/*
 * Private to the floor: constants derived from a parameter set.  FFT roots are
 * made with the set; the constants of key switching, one set for each number of
 * limbs, are made on first use and kept, so that evaluators cost nothing.
 */
#ifndef PPDL_CKKS_CACHE_H
#define PPDL_CKKS_CACHE_H

#include <pthread.h>

#include "base/complex.h"
#include "ckks/params.h"
#include "ring/rns.h"

/* division of a polynomial over QP by the product of its limbs from `first` on */
typedef struct PpdlDivisor
{
	int			first;
	PpdlBaseConv *conv;			/* those limbs -> the limbs below */
	uint64_t	inv[PPDL_MAX_Q],	/* inverse of the divisor modulo each of the limbs below */
				p_over[PPDL_MAX_Q];	/* P over the divisor: 1, or the inverse of the top prime */
} PpdlDivisor;

/* key switching of `limbs` limbs with np special primes */
typedef struct PpdlKsPlan
{
	int			limbs,
				np,
				total,			/* limbs + np */
				ndigits;
	int			lo[PPDL_MAX_DIGITS],	/* digit j = limbs lo[j] .. hi[j]-1 */
				hi[PPDL_MAX_DIGITS];
	PpdlBaseConv *up[PPDL_MAX_DIGITS];	/* digit j -> the other limbs over QP, in their order */
	PpdlDivisor by_p,			/* P */
				by_pq;			/* P and the top prime of Q; conv is NULL at one limb */
	uint64_t	p_mod[PPDL_MAX_Q];	/* P mod q_i */
	double		noise,			/* see ppdl_keyswitch_noise */
				digit_noise;	/* without the rounding of ModDown */
} PpdlKsPlan;

typedef struct PpdlParamsCache
{
	/* special FFT: stage of block length len has its len/2 roots at len/2 - 1 */
	double complex *roots;
	uint32_t   *bitrev;			/* on log2(slots) bits */
	pthread_mutex_t lock;
	PpdlKsPlan *plan[2][PPDL_MAX_Q + 1];	/* [np is 1 but par->np is not][limbs] */
} PpdlParamsCache;

PpdlStatus	ppdl_params_cache_create(PpdlParams *par, PpdlError *err);
void		ppdl_params_cache_destroy(PpdlParams *par);

/* 1 <= limbs <= nq; np: par->np, or 1.  The plan is kept with par; any thread */
PpdlStatus	ppdl_ks_plan(const PpdlParams *par, int limbs, int np, const PpdlKsPlan **plan, PpdlError *err);

/* digits of a key for `limbs` limbs */
int			ppdl_params_digits(const PpdlParams *par, int limbs);

/* index into ring->mod of limb t of a buffer over QP with `limbs` limbs */
static inline int
ppdl_qp_index(const PpdlParams *par, int limbs, int t)
{
	return t < limbs ? t : par->nq + t - limbs;
}

static inline const PpdlModulus *
ppdl_qp_mod(const PpdlParams *par, int limbs, int t)
{
	return &par->ring->mod[ppdl_qp_index(par, limbs, t)];
}

/* limb t of a buffer over QP with `limbs` limbs */
static inline uint64_t *
ppdl_at(const PpdlParams *par, uint64_t *p, int t)
{
	return p + (size_t) t * par->n;
}

static inline const uint64_t *
ppdl_cat(const PpdlParams *par, const uint64_t *p, int t)
{
	return p + (size_t) t * par->n;
}

#endif
