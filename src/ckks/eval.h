/*
 * The evaluator: arithmetic on ciphertexts of one ring.  It owns nothing but
 * counters; memory comes from its pool, switching keys from its key source,
 * threads from its pool of threads (NULL: none).  Not thread-safe: one evaluator
 * a thread.
 *
 * Levels and scales are exact and never adjusted behind the caller's back:
 * operands of different scale (relative difference above 2^-40) are
 * PPDL_ERR_SCALE, too few limbs PPDL_ERR_LEVEL; both say the figures.  Binary
 * operations on different numbers of limbs work at the smaller one.
 * Operands are of ev's ring (PPDL_ERR_ARGUMENT) and, as results, what ct.h says: NTT domain, reduced.
 * Results are written to `out`, whose buffers are allocated by the operation, from ev's pool (release them
 * with ppdl_ct_release); after an error there are none.  out may not be an input.  What works in place leaves
 * a valid ciphertext, or after an error one that is good for nothing but release.
 * A result whose scale, noise or bound would leave the ranges of ct.h is PPDL_ERR_RANGE.
 * Every operation that costs a key switch first asks `interrupted` (PPDL_ERR_CANCELED).
 *
 * No file bears this name: ct.c has memory and linear operations, sum.c products and sums of them, product.c their
 * relinearisation, slot_ops.c sums over slots and their parts, automorphism.c rotations and hoisting, rotations_sum.c
 * sums of rotations, keyswitch.c the bare key switch.
 */
#ifndef PPDL_CKKS_EVAL_H
#define PPDL_CKKS_EVAL_H

#include "base/mem.h"
#include "base/poll.h"
#include "base/threads.h"
#include "ckks/ct.h"
#include "ckks/keys.h"
#include "ckks/rotset.h"

/* finds a switching key that serves at least `limbs` limbs; PPDL_ERR_KEY names the missing key */
typedef PpdlStatus (*PpdlKeyGetter) (void *arg, uint8_t ring, uint32_t id, int limbs,
									 const PpdlSwitchKey **key, PpdlError *err);

typedef struct PpdlEval
{
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlThreads *threads;
	PpdlKeyGetter get_key;
	void	   *get_key_arg;
	const PpdlRotationSet *rotations;	/* rotations that have keys; NULL: each one that is asked for */
	int			(*interrupted) (void *arg);	/* NULL: never */
	void	   *interrupted_arg;
	uint64_t	keyswitches,	/* counters for tests and benchmarks */
				products;
} PpdlEval;

/* par, pool and threads (NULL: none) must outlive ev; the other members are the caller's to set afterwards */
PpdlStatus	ppdl_eval_init(PpdlEval *ev, const PpdlParams *par, PpdlPool *pool, PpdlThreads *threads, PpdlError *err);
void		ppdl_eval_fini(PpdlEval *ev);	/* frees nothing: the pool is the caller's */
/* what to ask in work that takes no evaluator */
PpdlPoll	ppdl_eval_poller(const PpdlEval *ev);
/* PPDL_ERR_CANCELED when the caller wants to stop */
PpdlStatus	ppdl_eval_poll(PpdlEval *ev, PpdlError *err);

/* memory; 1 <= limbs <= par->nq: PPDL_ERR_LEVEL */
/* scale 1, noise and bound 0; residues undefined: the caller fills them in, NTT domain */
PpdlStatus	ppdl_ct_alloc(PpdlEval *ev, PpdlCt *ct, int limbs, PpdlError *err);
void		ppdl_ct_release(PpdlEval *ev, PpdlCt *ct);	/* idempotent: sets the pointers to NULL */
void		ppdl_ct_release_all(PpdlEval *ev, PpdlCt *ct, int count);
/* the lowest `limbs` limbs, at most in->limbs: PPDL_ERR_LEVEL; the rest as in */
PpdlStatus	ppdl_ct_copy(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int limbs, PpdlError *err);
/* forgets limbs above the first `limbs` (1 or more); all else stays */
void		ppdl_ct_drop(PpdlCt *ct, int limbs);
PpdlStatus	ppdl_pt_alloc(PpdlEval *ev, PpdlPt *pt, int limbs, PpdlError *err);	/* as ppdl_ct_alloc */
void		ppdl_pt_release(PpdlEval *ev, PpdlPt *pt);

/*
 * Linear operations, in place.  acc +- y: y has acc's scale, up to 2^-40 of it (PPDL_ERR_SCALE); acc drops to y's limbs
 * if those are fewer.  No key, no rescale.
 */
PpdlStatus	ppdl_ct_add(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err);
/* ... of two that may be empty (b is NULL); y may be of another evaluator's pool */
PpdlStatus	ppdl_ct_join(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err);
PpdlStatus	ppdl_ct_sub(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err);
void		ppdl_ct_neg(PpdlEval *ev, PpdlCt *ct);
/* scales and limbs as for two ciphertexts */
PpdlStatus	ppdl_ct_add_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err);
/* adds re + i*im to every slot, rounded at the ciphertext's scale; times the scale below 2^126: PPDL_ERR_RANGE */
PpdlStatus	ppdl_ct_add_const(PpdlEval *ev, PpdlCt *ct, double re, double im, PpdlError *err);
/* times an integer; the scale stays, the value grows */
PpdlStatus	ppdl_ct_mul_int(PpdlEval *ev, PpdlCt *ct, __int128 c, PpdlError *err);
/* times round(re*f) + i*round(im*f), each below 2^126: value times re + i*im, scale times f > 0; no rescale */
PpdlStatus	ppdl_ct_mul_const(PpdlEval *ev, PpdlCt *ct, double re, double im, double f, PpdlError *err);
/*
 * acc += (re + i*im) * x at acc's scale, which is to be the larger: the factor is rounded to a multiple of
 * x.scale/acc.scale.  acc drops to x's limbs.
 */
PpdlStatus	ppdl_ct_add_multiple(PpdlEval *ev, PpdlCt *acc, const PpdlCt *x, double re, double im, PpdlError *err);
/* times X^e, any e; e = N/2 multiplies slots by i */
void		ppdl_ct_mul_monomial(PpdlEval *ev, PpdlCt *ct, int64_t e);
/* slot by slot; limbs: the fewer; scale = ct.scale * pt.scale; no rescale */
PpdlStatus	ppdl_ct_mul_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err);

/*
 * Products: limbs of the one that has fewer, scale = x.scale * y.scale, no rescale; x may be y.  A tensor product is
 * of degree 2 in the secret; it is added, multiplied by plaintexts, and then brought back to degree 1 by a key switch
 * with PPDL_KEY_RELIN.
 */
PpdlStatus	ppdl_ct_tensor(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);
/* acc += x * y without a ciphertext in between; an acc that is all zeros starts from nothing */
PpdlStatus	ppdl_ct3_add_product(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt *x, const PpdlCt *y, PpdlError *err);
/* in place, as ppdl_ct_add and ppdl_ct_mul_plain */
PpdlStatus	ppdl_ct3_add(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt3 *y, PpdlError *err);
PpdlStatus	ppdl_ct3_mul_plain(PpdlEval *ev, PpdlCt3 *ct, const PpdlPt *pt, PpdlError *err);
void		ppdl_ct3_release(PpdlEval *ev, PpdlCt3 *ct);	/* idempotent */
/* all limbs, in ev's pool; in may be of another evaluator's */
PpdlStatus	ppdl_ct3_copy(PpdlEval *ev, PpdlCt3 *out, const PpdlCt3 *in, PpdlError *err);
PpdlStatus	ppdl_ct3_join(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt3 *y, PpdlError *err);	/* as ppdl_ct_join */
/* limbs and scale of in, which is released, also after an error */
PpdlStatus	ppdl_ct_relinearize(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err);
/* tensor + relinearize */
PpdlStatus	ppdl_ct_mul(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);
/* the same two and a rescale in one division: half the cost, one rounding instead of two.  At least 2 limbs */
PpdlStatus	ppdl_ct_relinearize_rescale(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err);
PpdlStatus	ppdl_ct_mul_rescale(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);

/* in place, divides by the top prime and rounds: limbs - 1, scale / q_top.  At least 2 limbs: PPDL_ERR_LEVEL */
PpdlStatus	ppdl_ct_rescale(PpdlEval *ev, PpdlCt *ct, PpdlError *err);
/*
 * Brings ct, in place, exactly to (limbs, scale) by an integer factor and one rescale; needs ct->limbs > limbs
 * (PPDL_ERR_LEVEL) and a factor of 2^10 or more (PPDL_ERR_SCALE), unless the scale is there already.
 */
PpdlStatus	ppdl_ct_match(PpdlEval *ev, PpdlCt *ct, int limbs, double scale, PpdlError *err);

/*
 * Automorphisms: limbs, scale and bound of in.  sigma_d, d odd below 2N (PPDL_ERR_ARGUMENT), with one key switch, or as
 * a copy for d = 1; rotation by r slots, z[p] = in[p + r] (by several switches when ev->rotations says so, PPDL_ERR_KEY
 * when its keys do not lead there); conjugation.
 */
PpdlStatus	ppdl_ct_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t d, PpdlError *err);
PpdlStatus	ppdl_ct_rotate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err);
PpdlStatus	ppdl_ct_conjugate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err);

/*
 * In place: *acc += its rotation by step, then by 2*step, ..., 2^(count-1)*step.  Limbs and scale stay; before a
 * rescale, whose rounding would add up, too.  Where keys are known for it, two of these take one decomposition and one
 * division (rotations_sum.h).
 */
PpdlStatus	ppdl_ct_rotate_and_sum(PpdlEval *ev, PpdlCt *acc, int step, int count, PpdlError *err);
/* real and imaginary parts of all slots (either may be NULL): one conjugation; limbs of in, scale 2 * in.scale */
PpdlStatus	ppdl_ct_split(PpdlEval *ev, PpdlCt *re, PpdlCt *im, const PpdlCt *in, PpdlError *err);

/*
 * Hoisting (Halevi and Shoup 2018, §5): the digits of in->a, extended to QP, for
 * any number of automorphisms of the same ciphertext, each at the cost of its inner products and one division.
 */
typedef struct PpdlHoisted
{
	const PpdlCt *in;			/* must outlive the digits */
	int			ndigits;
	/* each over QP with in->limbs limbs, NTT domain; its own limbs are left in in->a */
	uint64_t   *digit[PPDL_MAX_DIGITS];
} PpdlHoisted;

/* h: the caller's, its buffers ev's, released with ppdl_hoisted_release; none after an error */
PpdlStatus	ppdl_hoist(PpdlEval *ev, PpdlHoisted *h, const PpdlCt *in, PpdlError *err);
void		ppdl_hoisted_release(PpdlEval *ev, PpdlHoisted *h);
/* as ppdl_ct_automorphism of h->in, bit for bit; rotations need a key of their own */
PpdlStatus	ppdl_hoisted_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, uint32_t d, PpdlError *err);
PpdlStatus	ppdl_hoisted_rotate(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, int r, PpdlError *err);

/*
 * The bare key switch (Han and Ki 2020): a (limbs limbs, NTT domain) under the secret the key leads from -> (kb, ka)
 * of as many limbs, NTT domain, with kb + ka*s_to = a*s_from + small.  kb, ka: limbs*N words
 * each, distinct from a.  PPDL_ERR_KEY when the key serves fewer limbs or digits.
 */
PpdlStatus	ppdl_keyswitch(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key,
						   uint64_t *kb, uint64_t *ka, PpdlError *err);
/*
 * estimated standard deviation of the error that a key switch at `limbs` limbs adds to a coefficient; 0: no such limbs
 */
double		ppdl_keyswitch_noise(const PpdlParams *par, int limbs);

#endif
