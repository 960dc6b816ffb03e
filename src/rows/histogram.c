#include "rows/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/vec.h"

void
ppdl_open_batches_free(PpdlOpenBatches *set)
{
	for (size_t i = 0; i < set->used; i++)
	{
		free(set->batch[i]->list);
		free(set->batch[i]->count);
		free(set->batch[i]);
	}
	free(set->batch);
	ppdl_seed_table_free(&set->index);
	memset(set, 0, sizeof(*set));
}

/* room for one more batch */
static int
grow(PpdlOpenBatches *set)
{
	size_t		cap = set->cap > 0 ? 2 * set->cap : 1;
	PpdlOpenBatch **batch;

	if (set->used < set->cap)
		return 1;
	batch = realloc(set->batch, cap * sizeof(batch[0]));
	if (batch == NULL)
		return 0;
	set->batch = batch;
	set->bytes += (cap - set->cap) * sizeof(batch[0]);
	set->cap = cap;
	return 1;
}

PpdlOpenBatch *
ppdl_open_batch_find(PpdlOpenBatches *set, const uint64_t seed[4], int logc)
{
	uint32_t	number = ppdl_seed_find(&set->index, seed, logc, 0);
	size_t		before = ppdl_seed_table_memory(&set->index);
	PpdlOpenBatch *b;

	if (number != PPDL_NO_BATCH)
		return set->batch[number];
	if (!grow(set))
		return NULL;
	b = calloc(1, sizeof(*b));
	if (b == NULL || ppdl_seed_add(&set->index, seed, logc, 0, NULL) != PPDL_OK)
	{
		free(b);
		return NULL;
	}
	memcpy(b->seed, seed, sizeof(b->seed));
	b->logc = logc;
	set->batch[set->used++] = b;
	set->bytes += sizeof(*b) + ppdl_seed_table_memory(&set->index) - before;
	return b;
}

/* from the list to counts */
static int
spread(PpdlOpenBatches *set, PpdlOpenBatch *b)
{
	const size_t bytes = sizeof(int64_t) << b->logc;

	b->count = calloc(1, bytes);
	if (b->count == NULL)
		return 0;
	for (uint32_t i = 0; i < b->used; i++)
		b->count[b->list[i]]++;
	set->bytes += bytes - b->cap * sizeof(b->list[0]);
	free(b->list);
	b->list = NULL;
	b->used = b->cap = 0;
	return 1;
}

static int
grow_list(PpdlOpenBatches *set, PpdlOpenBatch *b)
{
	uint32_t	cap = b->cap > 0 ? 2 * b->cap : 8;
	uint16_t   *list = realloc(b->list, cap * sizeof(list[0]));

	if (list == NULL)
		return 0;
	set->bytes += (cap - b->cap) * sizeof(list[0]);
	b->list = list;
	b->cap = cap;
	return 1;
}

/* a list of an eighth of the positions takes a thirty-second of the counts' room */
int
ppdl_open_batch_add_slow(PpdlOpenBatches *set, PpdlOpenBatch *b, uint32_t pos, int64_t weight)
{
	if (b->count == NULL)
	{
		int			few = weight == 1 && (b->used < 8 || b->used < 1u << b->logc >> 3);

		if (few)
		{
			if (b->used == b->cap && !grow_list(set, b))
				return 0;
			b->list[b->used++] = (uint16_t) pos;
			return 1;
		}
		if (!spread(set, b))
			return 0;
	}
	b->count[pos] += weight;
	return 1;
}

static int
merge_batch(PpdlOpenBatches *set, PpdlOpenBatch *into, const PpdlOpenBatch *from)
{
	for (uint32_t i = 0; i < from->used; i++)
		if (!ppdl_open_batch_add(set, into, from->list[i]))
			return 0;
	if (from->count == NULL)
		return 1;
	for (uint32_t pos = 0; pos < 1u << from->logc; pos++)
		if (from->count[pos] != 0 && !ppdl_open_batch_add_slow(set, into, pos, from->count[pos]))
			return 0;
	return 1;
}

int
ppdl_open_batches_merge(PpdlOpenBatches *into, const PpdlOpenBatches *from)
{
	for (size_t i = 0; i < from->used; i++)
	{
		const PpdlOpenBatch *b = from->batch[i];
		PpdlOpenBatch *mine = ppdl_open_batch_find(into, b->seed, b->logc);

		if (mine == NULL || !merge_batch(into, mine, b))
			return 0;
	}
	return 1;
}

/* the batch's counts in work, room for 2^logc */
static void
get_counts(const PpdlOpenBatch *b, int64_t *work)
{
	const size_t n = (size_t) 1 << b->logc;

	if (b->count != NULL)
	{
		memcpy(work, b->count, n * sizeof(work[0]));
		return;
	}
	memset(work, 0, n * sizeof(work[0]));
	for (uint32_t i = 0; i < b->used; i++)
		work[b->list[i]]++;
}

static size_t
largest(const PpdlOpenBatches *set)
{
	int			logc = 0;

	for (size_t i = 0; i < set->used; i++)
		if (set->batch[i]->logc > logc)
			logc = set->batch[i]->logc;
	return (size_t) 1 << logc;
}

PpdlStatus
ppdl_open_batches_squares(const PpdlOpenBatches *set, double *squares, PpdlError *err)
{
	int64_t    *work = malloc(largest(set) * sizeof(work[0]));

	*squares = 0;
	if (work == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < set->used; i++)
	{
		get_counts(set->batch[i], work);
		for (size_t pos = 0; pos < (size_t) 1 << set->batch[i]->logc; pos++)
			*squares += (double) work[pos] * (double) work[pos];
	}
	free(work);
	return PPDL_OK;
}

/* sum_pos count[pos] * X^(-pos*g), coefficient domain: X^-e = -X^(N-e) */
static void
indicator(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const int64_t *count, int logc, int logk)
{
	const size_t g = ring->n >> (logc + logk);

	memset(out, 0, ring->n * sizeof(out[0]));
	out[0] = ppdl_mod_from_i64(m, count[0]);
	for (size_t pos = 1; pos < (size_t) 1 << logc; pos++)
		if (count[pos] != 0)
			out[ring->n - pos * g] = ppdl_mod_from_i64(m, -count[pos]);
}

/* work: one limb for the uniform half, one for the indicator, counts */
static PpdlStatus
expand_batch(const PpdlOpenBatch *b, const PpdlParams *par, int logk, uint64_t *a, int limbs, uint64_t *work,
			 PpdlError *err)
{
	const PpdlRing *ring = par->ring;
	uint64_t   *uniform = work,
			   *sum = work + ring->n;
	int64_t    *count = (int64_t *) (work + 2 * ring->n);

	get_counts(b, count);
	for (int l = 0; l < limbs; l++)
	{
		const PpdlModulus *m = &ring->mod[l];

		PPDL_TRY(ppdl_xof_uniform(m, uniform, ring->n, (const uint8_t *) b->seed, PPDL_XOF_ROW_A, 0, err));
		indicator(ring, m, sum, count, b->logc, logk);
		ppdl_ntt(ring, m, sum);
		ppdl_vec_mul_add(m, ppdl_limb(ring, a, l), uniform, sum, ring->n);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_open_batches_expand(const PpdlOpenBatches *set, const PpdlParams *par, int logk, uint64_t *a, int limbs,
						 const PpdlPoll *poll, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	uint64_t   *work = ppdl_alloc_aligned(3 * par->n * sizeof(uint64_t));

	if (work == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < set->used && status == PPDL_OK; i++)
	{
		status = ppdl_poll(poll, err);
		if (status == PPDL_OK)
			status = expand_batch(set->batch[i], par, logk, a, limbs, work, err);
	}
	ppdl_free_aligned(work);
	return status;
}
