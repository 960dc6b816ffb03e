/*
 * Weighted sums of slices and rows without any key switch (algorithms.md, 3.4).
 * The uniform half of a batch is expanded once, times the sum of the rows'
 * monomials; the other half is k additions a row.
 *
 * Parts and results (reach, finish, save) are in sum_result.c.
 */
#ifndef PPDL_ROWS_SUM_H
#define PPDL_ROWS_SUM_H

#include "base/poll.h"
#include "rows/arena.h"
#include "rows/cipher.h"

typedef struct PpdlSum PpdlSum;

/* *out: an empty sum, destroyed by the caller; it takes its ring, key, width and scale from its first term */
PpdlStatus	ppdl_sum_create(PpdlSum **out, PpdlError *err);
void		ppdl_sum_destroy(PpdlSum *s);
/*
 * whom adding, merging, saving and finishing ask when they expand many batches; poll must outlive s.  What is
 * interrupted leaves the sum without the term, or with all of it.
 */
void		ppdl_sum_set_poll(PpdlSum *s, const PpdlPoll *poll);

/*
 * Slices of weight 1 wait in an arena for their batch to be expanded for many sums at a time: finishing or saving one
 * expands for others, too.  Before the first term; the arena must outlive s.  Without one a sum keeps them to itself,
 * and finishing it leaves it as it was to the letter: for sums that are finished again and again.
 */
void		ppdl_sum_set_arena(PpdlSum *s, PpdlArena *arena);

/*
 * Adds weight * c, c a slice or a row of one ring, key, width and scale (others:
 * PPDL_ERR_KEY, PPDL_ERR_SCALE; packed: PPDL_ERR_ARGUMENT).  Keeps the lowest
 * min(limbs so far, c's limbs, 2) limbs.  The bound of what is summed, |weight|*bound of each term,
 * times the scale must stay below half the modulus kept.  Before it would not, what there is becomes a part of the
 * result (rows/parts.h), and another is begun: PPDL_ERR_RANGE for a term that is too large by itself, or after
 * PPDL_MAX_PARTS parts.  A value in parts is one term.  c stays the caller's.
 */
PpdlStatus	ppdl_sum_add(PpdlSum *s, const PpdlCipher *c, int64_t weight, PpdlError *err);
/*
 * Adds weight * c for a weight of 2^30 at most in absolute value, rounded up or down to a multiple of 2^-20 where c has
 * two limbs or more, of 2^-10 where it has one; the sum has c's scale times 2^20 or 2^10, and what rounding may have
 * changed is part of its noise.  Terms of one sum are all added like this, or none.  c a slice or a row:
 * PPDL_ERR_ARGUMENT for others; PPDL_ERR_RANGE for other weights.  Else as ppdl_sum_add.
 */
PpdlStatus	ppdl_sum_add_weighted(PpdlSum *s, const PpdlCipher *c, double weight, PpdlError *err);
/* by what c's scale grows with a weight */
double		ppdl_sum_weight_unit(const PpdlCipher *c);
/*
 * The fast path for aggregates: a value's bytes, any alignment; parses only what changes from row to row.
 * weight 1.  Errors as of parsing and adding.
 */
PpdlStatus	ppdl_sum_add_bytes(PpdlSum *s, const void *buf, size_t len, PpdlError *err);
/* into += from; from may be destroyed afterwards */
PpdlStatus	ppdl_sum_merge(PpdlSum *into, PpdlSum *from, PpdlError *err);

/*
 * The largest bound that one part holds, its terms having `limbs` limbs at that scale: of rows, |values| <= 1, their
 * number
 */
double		ppdl_sum_reach(const PpdlParams *par, int limbs, double scale);
/* as few limbs as hold that bound; `most` where fewer do not */
int			ppdl_sum_limbs(const PpdlParams *par, int most, double scale, double bound);

uint64_t	ppdl_sum_count(const PpdlSum *s);	/* terms added */
size_t		ppdl_sum_memory(const PpdlSum *s);	/* bytes held, without what its arena counts */

/*
 * The result appended to w, a row, or a value in parts where one row would not hold it; values divided by `divisor`
 * (moves the scale; > 0).  The last part has as few limbs as its bound needs.  At least one term: PPDL_ERR_ARGUMENT.
 * PPDL_ERR_RANGE for results that are no lwe_cipher (rows/cipher.h).  The sum may go on.
 */
PpdlStatus	ppdl_sum_finish(PpdlSum *s, double divisor, PpdlWriter *w, PpdlError *err);

/*
 * The same for another divisor, from what ppdl_sum_finish wrote of the sum as it still is: only the head differs, and
 * nothing is computed.
 */
PpdlStatus	ppdl_sum_finish_again(const PpdlSum *s, const void *result, size_t len, double divisor, PpdlWriter *w,
								  PpdlError *err);

/* A state's bytes (for transfer between processes; a count and a result) and back; load refuses hostile bytes. */
PpdlStatus	ppdl_sum_save(PpdlSum *s, PpdlWriter *w, PpdlError *err);
PpdlStatus	ppdl_sum_load(PpdlSum **out, const void *buf, size_t len, PpdlError *err);

#endif
