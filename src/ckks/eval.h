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
 * Results are written to `out`, whose buffers are allocated by the operation
 * (release them with ppdl_ct_release); out may be an input only where said.
 * Every operation that costs a key switch first asks `interrupted`.
 * Ciphertexts and plaintexts are in the NTT domain, residues reduced, throughout.
 *
 * No file bears this name: ct.c has memory and linear operations, product.c products, slot_ops.c sums over slots and
 * their parts, automorphism.c rotations, digits.c hoisting, keyswitch.c the bare key switch.
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

PpdlStatus	ppdl_eval_init(PpdlEval *ev, const PpdlParams *par, PpdlPool *pool, PpdlThreads *threads, PpdlError *err);
void		ppdl_eval_fini(PpdlEval *ev);
/* what to ask in work that takes no evaluator; and PPDL_ERR_CANCELED when the caller wants to stop */
PpdlPoll	ppdl_eval_poller(const PpdlEval *ev);
PpdlStatus	ppdl_eval_poll(PpdlEval *ev, PpdlError *err);

/* memory */
PpdlStatus	ppdl_ct_alloc(PpdlEval *ev, PpdlCt *ct, int limbs, PpdlError *err);	/* contents undefined; scale 1 */
void		ppdl_ct_release(PpdlEval *ev, PpdlCt *ct);	/* idempotent: sets the pointers to NULL */
/* the lowest `limbs` limbs */
PpdlStatus	ppdl_ct_copy(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int limbs, PpdlError *err);
void		ppdl_ct_drop(PpdlCt *ct, int limbs);	/* forgets upper limbs; message and scale stay */
PpdlStatus	ppdl_pt_alloc(PpdlEval *ev, PpdlPt *pt, int limbs, PpdlError *err);
void		ppdl_pt_release(PpdlEval *ev, PpdlPt *pt);

/* linear operations, in place on acc: y has its scale, up to 2^-40 of it; acc drops to y's limbs if those are fewer */
PpdlStatus	ppdl_ct_add(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err);
PpdlStatus	ppdl_ct_sub(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err);
void		ppdl_ct_neg(PpdlEval *ev, PpdlCt *ct);
PpdlStatus	ppdl_ct_add_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err);
/* adds re + i*im to every slot (rounded at the ciphertext's scale) */
PpdlStatus	ppdl_ct_add_const(PpdlEval *ev, PpdlCt *ct, double re, double im, PpdlError *err);
/* times an integer; the scale stays, the value grows */
PpdlStatus	ppdl_ct_mul_int(PpdlEval *ev, PpdlCt *ct, __int128 c, PpdlError *err);
/* times round(re*f) + i*round(im*f): value times re + i*im, scale times f; no rescale */
PpdlStatus	ppdl_ct_mul_const(PpdlEval *ev, PpdlCt *ct, double re, double im, double f, PpdlError *err);
/* acc += (re + i*im) * x at acc's scale, in one pass; the integer factor has acc.scale/x.scale to be precise to */
PpdlStatus	ppdl_ct_add_multiple(PpdlEval *ev, PpdlCt *acc, const PpdlCt *x, double re, double im, PpdlError *err);
/* times X^e */
void		ppdl_ct_mul_monomial(PpdlEval *ev, PpdlCt *ct, int64_t e);
/* slot by slot; scale = ct.scale * pt.scale; no rescale */
PpdlStatus	ppdl_ct_mul_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err);

/* products: scales multiply, no rescale.  relinearisation needs PPDL_KEY_RELIN */
PpdlStatus	ppdl_ct_tensor(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);
PpdlStatus	ppdl_ct3_add(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt3 *y, PpdlError *err);
PpdlStatus	ppdl_ct3_mul_plain(PpdlEval *ev, PpdlCt3 *ct, const PpdlPt *pt, PpdlError *err);
void		ppdl_ct3_release(PpdlEval *ev, PpdlCt3 *ct);
PpdlStatus	ppdl_ct_relinearize(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err);	/* consumes in */
/* tensor + relinearize */
PpdlStatus	ppdl_ct_mul(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);
/* the same followed by a rescale, in one division: half the cost of the two, and one rounding instead of two */
PpdlStatus	ppdl_ct_relinearize_rescale(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err);
PpdlStatus	ppdl_ct_mul_rescale(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err);

/* divides by the top prime: limbs - 1, scale / q_top */
PpdlStatus	ppdl_ct_rescale(PpdlEval *ev, PpdlCt *ct, PpdlError *err);
/*
 * brings ct exactly to (limbs, scale) by an integer factor and one rescale; needs ct->limbs > limbs unless it is there
 * already
 */
PpdlStatus	ppdl_ct_match(PpdlEval *ev, PpdlCt *ct, int limbs, double scale, PpdlError *err);

/*
 * automorphisms: sigma_d with one key switch; rotation by r slots (by several switches when ev->rotations says so),
 * conjugation
 */
PpdlStatus	ppdl_ct_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t d, PpdlError *err);
PpdlStatus	ppdl_ct_rotate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err);
PpdlStatus	ppdl_ct_conjugate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err);

/*
 * *acc += its rotation by step, then by 2*step, ..., 2^(count-1)*step: before a rescale, whose rounding would add up,
 * too
 */
PpdlStatus	ppdl_ct_rotate_and_sum(PpdlEval *ev, PpdlCt *acc, int step, int count, PpdlError *err);
/* real and imaginary parts of all slots (either may be NULL): one conjugation; scale doubles, value halves back */
PpdlStatus	ppdl_ct_split(PpdlEval *ev, PpdlCt *re, PpdlCt *im, const PpdlCt *in, PpdlError *err);

/*
 * Hoisting (Halevi and Shoup 2018, §5): the digits of in->a, extended to QP, for
 * any number of automorphisms of the same ciphertext.
 */
typedef struct PpdlHoisted
{
	const PpdlCt *in;			/* must outlive the digits */
	int			ndigits;
	/* each over QP with in->limbs limbs, NTT domain; its own limbs are left in in->a */
	uint64_t   *digit[PPDL_MAX_DIGITS];
} PpdlHoisted;

PpdlStatus	ppdl_hoist(PpdlEval *ev, PpdlHoisted *h, const PpdlCt *in, PpdlError *err);
void		ppdl_hoisted_release(PpdlEval *ev, PpdlHoisted *h);
PpdlStatus	ppdl_hoisted_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, uint32_t d, PpdlError *err);
PpdlStatus	ppdl_hoisted_rotate(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, int r, PpdlError *err);

/*
 * The bare key switch: a (limbs limbs, NTT domain) under key->from -> (kb, ka)
 * of as many limbs with kb + ka*s_to = a*s_from + small.  kb, ka: limbs*N words
 * each, distinct from a.
 */
PpdlStatus	ppdl_keyswitch(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key,
						   uint64_t *kb, uint64_t *ka, PpdlError *err);
/* estimated standard deviation of one key switch's error at `limbs` limbs (coefficients) */
double		ppdl_keyswitch_noise(const PpdlParams *par, int limbs);

#endif
