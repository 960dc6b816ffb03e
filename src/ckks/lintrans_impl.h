/* Private to the floor: what an encoded linear transform is made of. */
#ifndef PPDL_CKKS_LINTRANS_IMPL_H
#define PPDL_CKKS_LINTRANS_IMPL_H

#include "ckks/bsgs.h"
#include "ckks/cache.h"
#include "ckks/lintrans.h"

/* one encoded diagonal */
typedef struct PpdlTerm
{
	PpdlBsgsStep step;
	int			logrun;			/* entries of a limb come in runs of 2^logrun equal ones, of which one is kept */
	double		filled;			/* share of its coefficients that are not 0, as the diagonal has a period */
	uint64_t   *p;				/* over QP, NTT domain, N >> logrun words a limb */
} PpdlTerm;

/* limb t over QP */
static inline uint64_t *
ppdl_term_limb(const PpdlParams *par, const PpdlTerm *term, int t)
{
	return term->p + (size_t) t * (par->n >> term->logrun);
}

struct PpdlLinTrans
{
	const PpdlParams *par;
	const PpdlKsPlan *ks;
	PpdlBsgs	plan;
	int			limbs,
				count;
	double		scale,
				row_bound,		/* max over rows of the sum of |entries| */
				row_norm;		/* max over rows of the root of the sum of |entry|^2 */
	PpdlTerm   *term;			/* by giant, then source, then baby */
};

#endif
