/*
 * Private to linear transforms: what one application works on, and its inner sums over QP.  Sources are in
 * lintrans_source.c.
 */
#ifndef PPDL_CKKS_LINTRANS_SUMS_H
#define PPDL_CKKS_LINTRANS_SUMS_H

#include "ckks/keyswitch.h"
#include "ckks/lintrans_impl.h"

_Static_assert(PPDL_LINTRANS_INPUTS * PPDL_MAX_SOURCES <= PPDL_MAX_PRODUCTS, "a key multiplies all sources at once");

/* a rotation of the sources over QP */
typedef struct PpdlBaby
{
	int			rotation;
	const PpdlSwitchKey *key;	/* NULL: no rotation */
	const uint32_t *perm;
} PpdlBaby;

/* what baby steps start from: an input, or that input rotated, times P over QP */
typedef struct PpdlSource
{
	const uint64_t *b;			/* the input's limbs of Q; of a rotated one, times P over QP */
	const uint64_t *a;			/* limbs of Q */
	int			is_rotated;
	PpdlDigits	digits;
	/* of an input that is rotated: its digits in each limb, kept for the baby steps */
	uint64_t   *kept;
	const uint64_t *(*x)[PPDL_MAX_DIGITS];
	PpdlOverQp	own;			/* of a rotated one: memory of b and a */
} PpdlSource;

/* an accumulator over QP: inner sum of one giant step of one transform of one input */
typedef struct PpdlGiant
{
	const PpdlLinTrans *lt;
	int			input,
				first,			/* terms first .. last-1 of the transform */
				last;
	PpdlOverQp	sum;
} PpdlGiant;

/* work of one thread on one limb */
typedef struct PpdlInnerScratch
{
	uint64_t   *limb,			/* of each digit of a source for a group of limbs, and of P*b */
			   *baby;			/* a block of each rotation of each source, b then a */
	const uint64_t **term;		/* plaintexts, b and a of one inner sum */
	uint64_t   *expanded;		/* a block of each plaintext of one inner sum */
} PpdlInnerScratch;

typedef struct PpdlInnerSums
{
	PpdlEval   *ev;
	const PpdlKsPlan *ks;
	int			inputs,
				sources;		/* of each input */
	PpdlSource	source[PPDL_LINTRANS_INPUTS * PPDL_MAX_SOURCES];	/* of input i from i * sources on */
	PpdlBaby   *baby;
	int			babies;
	PpdlGiant  *giant;			/* of all inputs */
	int			giants,
				max_terms;		/* of one */
	PpdlInnerScratch *scratch;
	int			workers;
	PpdlLimbTasks tasks;
} PpdlInnerSums;

/* the baby step by that rotation; -1: there is none */
int			ppdl_find_baby(const PpdlInnerSums *op, int rotation);
/*
 * The second source of each input: the first, whose b, a and ks are set, rotated by that many slots.  What it takes is
 * released by ppdl_sources_release, also after an error.
 */
PpdlStatus	ppdl_sources_rotate(PpdlInnerSums *op, int rotation, PpdlError *err);
/* digits of sources that have none yet */
PpdlStatus	ppdl_sources_load(PpdlInnerSums *op, PpdlError *err);
void		ppdl_sources_release(PpdlInnerSums *op);

/* all giants' sums, with the threads of ev; scratch of its own */
PpdlStatus	ppdl_inner_sums(PpdlInnerSums *op, PpdlError *err);

#endif
