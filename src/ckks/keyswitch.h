/*
 * Private to the floor: the steps of a key switch, for linear transforms that
 * stay over QP and for sums of rotations.  Digits are in digits.c, giant steps in giant_step.c, the rest in
 * keyswitch.c.
 */
#ifndef PPDL_CKKS_KEYSWITCH_H
#define PPDL_CKKS_KEYSWITCH_H

#include "base/ahead.h"
#include "ckks/divide.h"

/* the digits of a polynomial a, ready to be extended to any limb over QP */
typedef struct PpdlDigits
{
	const PpdlKsPlan *plan;
	const uint64_t *a;			/* limbs of Q, NTT domain: a digit's own limbs are a's */
	uint64_t   *loaded[PPDL_MAX_DIGITS];	/* of base conversion */
	/* or what is extended already: over QP, NTT domain, own limbs undefined */
	uint64_t   *extended[PPDL_MAX_DIGITS];
} PpdlDigits;

PpdlStatus	ppdl_digits_load(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err);
void		ppdl_digits_release(PpdlEval *ev, PpdlDigits *d);
/* for several keys: all limbs, extended[j] from the pool, the caller's also after an error */
PpdlStatus	ppdl_digits_extend(PpdlEval *ev, const PpdlDigits *d, uint64_t **extended, PpdlError *err);

/* digits in limbs first .. first+count-1 over QP */
typedef struct PpdlDigitLimbs
{
	const PpdlDigits *digits;
	int			first,
				count;
	uint64_t   *scratch;		/* a limb for each digit and limb */
	const uint64_t *x[PPDL_LIMB_GROUP][PPDL_MAX_DIGITS];	/* x[i][j]: digit j in limb first + i */
} PpdlDigitLimbs;

/*
 * For at most PPDL_LIMB_GROUP limbs.  They are in the NTT domain where ppdl_digits_finish was called: digits share the
 * roots of a part.  Any thread.
 */
void		ppdl_digits_limbs(const PpdlParams *par, PpdlDigitLimbs *out, const PpdlDigits *d, int first, int count,
							  uint64_t *scratch);
/* part (ppdl_ntt_part) of limb t of them; ahead: or NULL */
void		ppdl_digits_finish(const PpdlParams *par, const PpdlDigitLimbs *g, int t, int part, PpdlAhead *ahead);

/* products with one key that are made together, at most */
#define PPDL_MAX_PRODUCTS 8

/* inner products of digits x with both halves of a key: where they go */
typedef struct PpdlKeyProduct
{
	const uint64_t *const *x;
	uint64_t   *kb,
			   *ka;
} PpdlKeyProduct;

/*
 * ppdl_key_block(par) entries, from number `from` on, of each of those products with limb t over QP of key, which is
 * read once; what `ahead` names is fetched meanwhile
 */
void		ppdl_digits_dots(const PpdlParams *par, const PpdlKsPlan *plan, const PpdlKeyProduct *out, int count,
							 const PpdlSwitchKey *key, int t, size_t from, PpdlAhead *ahead);
/*
 * The same of limb t of groups of several polynomials, to out[i], for all blocks of a limb in turn: finishes a part
 * before its first block, and fetches of the key what later blocks take, beside what `ahead` names already
 */
void		ppdl_digits_blocks(const PpdlParams *par, const PpdlDigitLimbs *g, int count, const PpdlSwitchKey *key,
							   int t, size_t from, uint64_t *const (*out)[2], PpdlAhead *ahead);
/* of one */
void		ppdl_digits_block(const PpdlParams *par, const PpdlDigitLimbs *g, const PpdlSwitchKey *key, int t,
							  size_t from, uint64_t *kb, uint64_t *ka, PpdlAhead *ahead);
/* adds what ppdl_digits_dots will read of the key in limb t over QP, n entries from number `from` on */
void		ppdl_digits_ahead(const PpdlKsPlan *plan, const PpdlSwitchKey *key, int t, size_t from, size_t n,
							  PpdlAhead *ahead);

/* from the pool: where the automorphism of table perm (or NULL) takes each block of ppdl_key_block(par) entries */
PpdlStatus	ppdl_block_targets(PpdlEval *ev, const uint32_t *perm, uint32_t **out, PpdlError *err);

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

/* both halves of a ciphertext times P over QP, NTT domain */
typedef struct PpdlOverQp
{
	uint64_t   *b,
			   *a;
} PpdlOverQp;

/*
 * to[i] += sigma_d(from[i]), i < count <= PPDL_MAX_PRODUCTS, d not 1, with one key switch each that divides by P the
 * half that it switches; destroys from
 */
PpdlStatus	ppdl_add_switched(PpdlEval *ev, const PpdlKsPlan *ks, const PpdlOverQp *to, const PpdlOverQp *from,
							  int count, uint32_t d, PpdlError *err);

#endif
