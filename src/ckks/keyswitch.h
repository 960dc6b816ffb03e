/* Private to the floor: the steps of a key switch, for linear transforms that stay over QP. */
#ifndef PPDL_CKKS_KEYSWITCH_H
#define PPDL_CKKS_KEYSWITCH_H

#include "ckks/cache.h"
#include "ckks/eval.h"

/* the digits of a polynomial a (limbs of Q, NTT domain), extended to QP */
typedef struct PpdlDigits
{
	const PpdlKsPlan *plan;
	const uint64_t *a;			/* a digit's own limbs are a's */
	uint64_t   *buf[PPDL_MAX_DIGITS];	/* over QP, NTT domain; own limbs undefined */
} PpdlDigits;

PpdlStatus	ppdl_digits_extend(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err);
void		ppdl_digits_release(PpdlEval *ev, PpdlDigits *d);
/* borrows the digits of h */
PpdlStatus	ppdl_hoisted_digits(PpdlEval *ev, const PpdlHoisted *h, PpdlDigits *d, PpdlError *err);
/* limb t over QP of the inner products with the two halves of key; any thread */
void		ppdl_digits_dot(const PpdlParams *par, const PpdlDigits *d, const PpdlSwitchKey *key, int t, uint64_t *kb, uint64_t *ka);
/*
 * out = round(acc / P): over QP -> limbs of Q, NTT domain both.  One half when
 * acc1 is NULL.  The P limbs of acc are destroyed; out may be acc.
 */
PpdlStatus	ppdl_mod_down(PpdlEval *ev, const PpdlKsPlan *plan, uint64_t *acc0, uint64_t *acc1,
						  uint64_t *out0, uint64_t *out1, PpdlError *err);

#endif
