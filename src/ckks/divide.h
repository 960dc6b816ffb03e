/* Private to the floor: division over QP by P, or by P and the top prime, whole or limb by limb. */
#ifndef PPDL_CKKS_DIVIDE_H
#define PPDL_CKKS_DIVIDE_H

#include "ckks/cache.h"
#include "ckks/eval.h"

/* entries that the steps after the transforms take at a time: what passes on to the next stays in the first cache */
#define PPDL_KEY_BLOCK 512

/* entries of a part of a transform (ppdl_ntt_part) */
static inline size_t
ppdl_key_part(const PpdlParams *par)
{
	return par->n / (size_t) ppdl_ntt_parts(par->ring);
}

static inline size_t
ppdl_key_block(const PpdlParams *par)
{
	return ppdl_key_part(par) < PPDL_KEY_BLOCK ? ppdl_key_part(par) : PPDL_KEY_BLOCK;
}

/*
 * Limbs that one thread converts to at a time, at most: all digits are read once for them, from the last cache or from
 * memory, which costs more than that the extended digits wait there, too.
 */
#define PPDL_LIMB_GROUP 16

/* limbs of the group that begins at `first`, at most `most` */
static inline int
ppdl_limb_group(int first, int last, int most)
{
	return last - first < most ? last - first : most;
}

/* limbs a group, at most `most`, of `limbs` limbs: groups of about one size, some for each thread */
static inline int
ppdl_limb_share(const PpdlEval *ev, int limbs, int most)
{
	const int	threads = ppdl_threads_count(ev->threads),
				groups = (limbs + most - 1) / most,
				parts = groups > threads ? groups : threads;

	return (limbs + parts - 1) / parts;
}

/* limbs that threads take in groups until none is left */
typedef struct PpdlLimbTasks
{
	int			group,			/* limbs a task, at most */
				last,			/* one behind the last limb */
				next;			/* atomic */
} PpdlLimbTasks;

/* how many limbs, from *first on; 0: none is left.  Any thread. */
static inline int
ppdl_limb_take(PpdlLimbTasks *tasks, int *first)
{
	*first = __atomic_fetch_add(&tasks->next, tasks->group, __ATOMIC_RELAXED);
	return *first < tasks->last ? ppdl_limb_group(*first, tasks->last, tasks->group) : 0;
}

/* limbs over QP in the NTT domain, to be converted */
typedef struct PpdlConvertible
{
	const PpdlKsPlan *plan;
	int			first,			/* number over QP of the first limb */
				count;
	const uint64_t *limbs;
	uint64_t   *coeff;			/* room for as many, may be limbs: what ppdl_intt_part makes of them */
} PpdlConvertible;

/* *loaded: from the pool, what ppdl_baseconv_load makes of them.  The threads of ev share the work. */
PpdlStatus	ppdl_conversion_load(PpdlEval *ev, const PpdlBaseConv *conv, const PpdlConvertible *in, uint64_t **loaded,
								 PpdlError *err);

/* out = round((acc + P*add) / D) for the two halves of a ciphertext, D = P or P times the top prime; NTT domain */
typedef struct PpdlDivision
{
	const PpdlKsPlan *plan;
	const PpdlDivisor *by;
	uint64_t   *loaded[2];		/* of each half */
} PpdlDivision;

/* high: the limbs of acc from by->first on, destroyed; add: all limbs of Q, or NULL */
PpdlStatus	ppdl_division_load(PpdlEval *ev, PpdlDivision *d, int half, uint64_t *high, const uint64_t *add,
							   PpdlError *err);
void		ppdl_division_release(PpdlEval *ev, PpdlDivision *d);
/* what is to be subtracted from limbs first .. first+count-1 of acc, as many limbs, for ppdl_ntt_part; any thread */
void		ppdl_division_limbs(const PpdlParams *par, const PpdlDivision *d, int half, int first, int count,
								uint64_t *remainder);
/* n entries of limb i of the result from those of acc, of the remainder and of add (or NULL), which is not out */
void		ppdl_division_block(const PpdlParams *par, const PpdlDivision *d, int i, uint64_t *out, const uint64_t *acc,
								const uint64_t *remainder, const uint64_t *add, size_t n);

/* One half of a whole division: acc, over QP, is destroyed and may be out. */
typedef struct PpdlHalf
{
	uint64_t   *acc;
	const uint64_t *add;		/* all limbs of Q, or NULL */
	uint64_t   *out;			/* as many limbs as the division leaves */
} PpdlHalf;

PpdlStatus	ppdl_divide(PpdlEval *ev, const PpdlKsPlan *plan, const PpdlDivisor *by, const PpdlHalf *half, int halves,
						PpdlError *err);

#endif
