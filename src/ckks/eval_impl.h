/* Private to the floor: checks and helpers of the evaluator: ct.c, sum.c, product.c, automorphism.c, keyswitch.c. */
#ifndef PPDL_CKKS_EVAL_IMPL_H
#define PPDL_CKKS_EVAL_IMPL_H

#include "base/complex.h"
#include "ckks/cache.h"
#include "ckks/eval.h"
#include "ckks/verify.h"

static inline size_t
ppdl_limb_bytes(const PpdlParams *par, int limbs)
{
	return (size_t) limbs * par->n * sizeof(uint64_t);
}

/* PPDL_ERR_SCALE unless scales are equal up to a relative 2^-40; what names the operation */
PpdlStatus	ppdl_check_scales(double x, double y, const char *what, PpdlError *err);
/* PPDL_ERR_ARGUMENT unless par is ev's */
PpdlStatus	ppdl_check_ring(const PpdlEval *ev, const PpdlParams *par, const char *what, PpdlError *err);
/* PPDL_ERR_RANGE when the estimates of a result have left the ranges of ct.h: what is so may not be used on */
PpdlStatus	ppdl_check_result(const PpdlCt *ct, const char *what, PpdlError *err);
/* what the product with a plaintext makes of ct's estimates, checked as above; pt->p is not looked at */
PpdlStatus	ppdl_account_plain_product(PpdlCt *ct, const PpdlPt *pt, PpdlError *err);
/* limbs * N words, undefined, from ev's pool */
PpdlStatus	ppdl_buffer(PpdlEval *ev, int limbs, uint64_t **out, PpdlError *err);

/* a constant as a factor, below 2^126, or PPDL_ERR_RANGE; what names the operation */
PpdlStatus	ppdl_round_factor(double x, __int128 *out, const char *what, PpdlError *err);
/* re + im*X^(N/2) on one limb: what the entries of its lower and of its upper half are multiplied by */
void		ppdl_gaussian_integer(const PpdlParams *par, int limb, __int128 re, __int128 im,
								  uint64_t *w0, uint64_t *w1);

/* factor * x * y + sum_k c[k] * term[k] + constant */
typedef struct PpdlCtSum
{
	const PpdlCt *x,			/* NULL: no product */
			   *y;
	int			factor;			/* 1, or 2 for a sum that starts from nothing */
	const PpdlCt *const *term;	/* each at acc's scale, which is to be the larger: as ppdl_ct_add_multiple */
	const double complex *c;
	int			terms;
	double complex constant;
	int			limbs;			/* of a sum that starts from nothing, at most */
	double		scale;			/* of such a sum; 0: the product's */
} PpdlCtSum;

/*
 * acc += the sum, not rescaled, at acc's scale and the fewest limbs that anything has; acc->ct.b = NULL: from nothing.
 * Scales of the product and of acc are the caller's to check.  After an error acc's estimates are not to be used.
 */
PpdlStatus	ppdl_ct3_sum(PpdlEval *ev, PpdlCt3 *acc, const PpdlCtSum *s, PpdlError *err);

/* asks the evaluator's key source; PPDL_ERR_KEY unless the key is that one, of ev's ring, for so many limbs */
PpdlStatus	ppdl_find_key(PpdlEval *ev, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err);

/*
 * Is rotation by r at so many limbs known to have a key of its own?  By ev's set of rotations, or without one, in the
 * row ring, by its schedule
 */
int			ppdl_rotation_has_key(const PpdlEval *ev, int r, int limbs);

#endif
