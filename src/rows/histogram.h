/*
 * The batches that a sum has rows of, each with how often every position came:
 * what is needed to expand their uniform halves, once a batch.
 */
#ifndef PPDL_ROWS_HISTOGRAM_H
#define PPDL_ROWS_HISTOGRAM_H

#include "base/poll.h"
#include "ckks/params.h"
#include "ring/random.h"
#include "rows/seed_table.h"

typedef struct PpdlOpenBatch
{
	uint64_t	seed[4];
	int			logc;
	uint32_t	used,			/* positions in the list */
				cap;
	uint16_t   *list;			/* positions of terms of weight 1, while they are few */
	int64_t    *count;			/* [2^logc] sum of weights, once they are not; NULL before */
} PpdlOpenBatch;

typedef struct PpdlOpenBatches
{
	PpdlSeedTable index;
	PpdlOpenBatch **batch;		/* by number */
	size_t		used,
				cap,
				bytes;			/* all that is held */
} PpdlOpenBatches;

void		ppdl_open_batches_free(PpdlOpenBatches *set);	/* leaves an empty set */

/* the batch of this seed and capacity, added when new; NULL when out of memory */
PpdlOpenBatch *ppdl_open_batch_find(PpdlOpenBatches *set, const uint64_t seed[4], int logc);

/* counts[pos] += weight; 0 when out of memory */
int			ppdl_open_batch_add_slow(PpdlOpenBatches *set, PpdlOpenBatch *b, uint32_t pos, int64_t weight);

static inline int
ppdl_open_batch_add(PpdlOpenBatches *set, PpdlOpenBatch *b, uint32_t pos)
{
	if (b->count != NULL)
		b->count[pos]++;
	else if (b->used < b->cap)
		b->list[b->used++] = (uint16_t) pos;
	else
		return ppdl_open_batch_add_slow(set, b, pos, 1);
	return 1;
}

/* into += from; 0 when out of memory (into may then hold a part) */
int			ppdl_open_batches_merge(PpdlOpenBatches *into, const PpdlOpenBatches *from);

/* sum over all positions of all batches of count^2: the variance of the sum's error, in units of sigma^2 */
PpdlStatus	ppdl_open_batches_squares(const PpdlOpenBatches *set, double *squares, PpdlError *err);

/*
 * a += sum over the batches of A * sum_pos count[pos] * X^(-pos*g), g = N/2^(logc+logk); `limbs` limbs, NTT domain;
 * asks poll, which may be NULL, for each batch
 */
PpdlStatus	ppdl_open_batches_expand(const PpdlOpenBatches *set, const PpdlParams *par, int logk, uint64_t *a,
									 int limbs,
									 const PpdlPoll *poll, PpdlError *err);

#endif
