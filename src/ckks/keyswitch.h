/*
 * Private to the floor: the steps of a key switch, for linear transforms that
 * stay over QP.  Digits are in digits.c, the rest in keyswitch.c.
 */
#ifndef PPDL_CKKS_KEYSWITCH_H
#define PPDL_CKKS_KEYSWITCH_H

#include "ckks/cache.h"
#include "ckks/eval.h"

/* the digits of a polynomial a, extended to QP */
typedef struct PpdlDigits
{
	const PpdlKsPlan *plan;
	const uint64_t *a;			/* limbs of Q, NTT domain: a digit's own limbs are a's */
	uint64_t   *buf[PPDL_MAX_DIGITS];	/* over QP, NTT domain; own limbs undefined */
} PpdlDigits;

PpdlStatus	ppdl_digits_extend(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err);
void		ppdl_digits_release(PpdlEval *ev, PpdlDigits *d);
/* limb t over QP of the inner products with the two halves of key; any thread */
void		ppdl_digits_dot(const PpdlParams *par, const PpdlDigits *d, const PpdlSwitchKey *key, int t, uint64_t *kb,
							uint64_t *ka);

/*
 * where a key switch goes: (b, a) = sigma((kb, ka) + (add_b, add_a)), divided by the top prime as well when rescale is
 * set
 */
typedef struct PpdlSwitchTo
{
	uint64_t   *b,
			   *a;
	const uint64_t *add_b,		/* or NULL */
			   *add_a;
	const uint32_t *perm;		/* table of sigma, or NULL */
	int			rescale;
} PpdlSwitchTo;

PpdlStatus	ppdl_digits_apply(PpdlEval *ev, const PpdlDigits *d, const PpdlSwitchKey *key, const PpdlSwitchTo *to,
							  PpdlError *err);
/* extends, applies, forgets */
PpdlStatus	ppdl_keyswitch_to(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key,
							  const PpdlSwitchTo *to, PpdlError *err);

/*
 * One half of a division: out = sigma(round((acc + P*add) / D)), D = P or P times
 * the top prime.  NTT domain; acc, over QP, is destroyed and may be out when there
 * is no sigma.
 */
typedef struct PpdlHalf
{
	uint64_t   *acc;
	const uint64_t *add;		/* all limbs of Q, or NULL */
	uint64_t   *out;			/* as many limbs as the division leaves */
} PpdlHalf;

/* perm: the table of sigma, or NULL */
PpdlStatus	ppdl_divide(PpdlEval *ev, const PpdlKsPlan *plan, const PpdlDivisor *by, const PpdlHalf *half, int halves,
						const uint32_t *perm, PpdlError *err);

#endif
