/* Private to the floor: checks and helpers shared by the files of the evaluator, in ct.c, product.c and keyswitch.c. */
#ifndef PPDL_CKKS_EVAL_IMPL_H
#define PPDL_CKKS_EVAL_IMPL_H

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
/* limbs * N words, undefined, from ev's pool */
PpdlStatus	ppdl_buffer(PpdlEval *ev, int limbs, uint64_t **out, PpdlError *err);

/* x * y times 1 or 2, as ppdl_ct_tensor */
PpdlStatus	ppdl_ct_tensor_times(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, int factor,
								 PpdlError *err);

/* asks the evaluator's key source; PPDL_ERR_KEY unless the key is that one, of ev's ring, for so many limbs */
PpdlStatus	ppdl_find_key(PpdlEval *ev, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err);

#endif
