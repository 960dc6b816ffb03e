/*
 * Packing where rows lie (algorithms.md, 3.3): the row at position p of its batch goes to coefficient p + shift of the
 * ciphertext, one shift for all rows of a batch.  What is left of a batch may go to another ciphertext.
 */
#include "rows/in_place.h"

#include <stdlib.h>
#include <string.h>

#include "ckks/keep.h"
#include "rows/pack_cost.h"

/* of a ciphertext */
#define MOST_BATCHES 5			/* each takes memory */
#define LOG_SHIFTS 4			/* shifts are multiples of a 16th of the places */
#define LEAST_SHARE 3			/* a batch takes an eighth of the places at least; others, together, leave as much */
#define MOST_TRIED 32			/* batches that are looked at */
/* places fill words: there are 64 at least */
#define MOST_WORDS (1 << (PPDL_KEEP_MOST_PLACES - 6))

#define PLANNED 1
#define TRIED 2

/* a batch that may take part, and where its rows are that are in no ciphertext yet: a bit a place */
typedef struct Candidate
{
	PpdlRowBatch *batch;
	uint64_t	left[MOST_WORDS];
} Candidate;

typedef struct Plan
{
	PpdlCollector *col;
	int			height;
	uint32_t	places;
	uint64_t	taken[MOST_WORDS];	/* places of the ciphertext under way */
	Candidate	tried[MOST_TRIED];
	int			candidates;
	PpdlRowBatch *next;			/* the first of those that wait for being tried */
	uint64_t	left;			/* rows that wait and are in no ciphertext yet */
	PpdlRowBatch *chosen[MOST_BATCHES];
	int			shift[MOST_BATCHES],
				count;
	uint32_t	rows;
	double		blocks;			/* what the chosen batches cost as blocks without this ciphertext */
} Plan;

static int
place(const Plan *plan, const PpdlRowBatch *b, uint32_t entry, int shift)
{
	return (int) (ppdl_bitrev(b->entry[entry].index, b->logc) << (plan->height - b->logc)) + shift;
}

static int
has(const uint64_t *bits, int at)
{
	return bits[at / 64] >> at % 64 & 1;
}

static void
put(uint64_t *bits, int at)
{
	bits[at / 64] |= (uint64_t) 1 << at % 64;
}

static int
is_free(const Plan *plan, const PpdlRowBatch *b, uint32_t entry, int at)
{
	return (b->apart == NULL || b->apart[entry] == 0) && at >= 0 && at < (int) plan->places && !has(plan->taken, at);
}

static uint32_t
count_places(const Plan *plan, const uint64_t *bits)
{
	uint32_t	n = 0;

	for (uint32_t w = 0; w < plan->places / 64; w++)
		n += (uint32_t) __builtin_popcountll(bits[w]);
	return n;
}

/* word w of the set all of whose places have the shift added; those beyond either end are left out */
static uint64_t
shifted(const Plan *plan, const uint64_t *bits, int w, int shift)
{
	const int	words = (int) plan->places / 64,
				by = shift & 63,
				from = w - (shift - by) / 64;
	uint64_t	low = from >= 0 && from < words ? bits[from] << by : 0;

	return by > 0 && from >= 1 && from <= words ? low | bits[from - 1] >> (64 - by) : low;
}

static uint32_t
fitting(const Plan *plan, const Candidate *c, int shift)
{
	uint64_t	fit[MOST_WORDS];

	for (int w = 0; w < (int) plan->places / 64; w++)
		fit[w] = shifted(plan, c->left, w, shift) & ~plan->taken[w];
	return count_places(plan, fit);
}

/* the shift by which most rows fit, 0 if there is a choice */
static uint32_t
best_shift(const Plan *plan, const Candidate *c, int *shift)
{
	const int	step = (int) (plan->places >> LOG_SHIFTS);
	const uint32_t rows = count_places(plan, c->left);
	uint32_t	most = fitting(plan, c, 0);

	*shift = 0;
	for (int s = 1 - (1 << LOG_SHIFTS); s < 1 << LOG_SHIFTS && most < rows; s++)
	{
		uint32_t	n = fitting(plan, c, s * step);

		if (n <= most)
			continue;
		most = n;
		*shift = s * step;
	}
	return most;
}

static PpdlStatus
try_batch(Plan *plan, const Candidate *c, PpdlError *err)
{
	PpdlRowBatch *b = c->batch;
	int			shift;
	uint32_t	n = best_shift(plan, c, &shift);

	if (n < plan->places >> LEAST_SHARE)
		return PPDL_OK;
	plan->blocks += ppdl_blocks_cost(b);
	if (b->apart == NULL)
		b->apart = calloc(b->rows, 1);
	if (b->apart == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < b->rows; i++)
	{
		const int	at = place(plan, b, i, shift);

		if (!is_free(plan, b, i, at))
			continue;
		put(plan->taken, at);
		b->apart[i] = TRIED;
	}
	plan->shift[plan->count] = shift;
	plan->chosen[plan->count++] = b;
	plan->rows += n;
	return PPDL_OK;
}

/* of places that stay free, but for those of the last ciphertext, which blocks would leave as well */
static double
cost_free(const Plan *plan)
{
	return plan->rows == plan->left ? 0 : PPDL_USE_COST * (1 - (double) plan->rows / plan->places);
}

static double
cost_in_place(const Plan *plan)
{
	const int	inputs = plan->rows == plan->places && plan->count > 1 ? plan->count - 1 : plan->count,
				giants = 1 << (plan->height - PPDL_KEEP_LOG_BABIES);

	return inputs * (PPDL_IN_PLACE_BATCH_COST + PPDL_IN_PLACE_PRODUCTS_COST * giants) +
		PPDL_IN_PLACE_STEP_COST * giants + cost_free(plan);
}

/* rows that stay behind take a basis of their batch as before */
static int
is_cheaper(const Plan *plan)
{
	double		saved = plan->blocks;

	for (int i = 0; i < plan->count; i++)
		saved -= ppdl_blocks_cost(plan->chosen[i]);
	return cost_in_place(plan) < saved;
}

static void
mark(const Plan *plan, uint8_t as)
{
	for (int i = 0; i < plan->count; i++)
		for (uint32_t e = 0; e < plan->chosen[i]->rows; e++)
			if (plan->chosen[i]->apart[e] == TRIED)
				plan->chosen[i]->apart[e] = as;
}

/* appends what is marked to the collector's ciphertexts */
static PpdlStatus
keep(Plan *plan, PpdlInPlace ***end, PpdlError *err)
{
	PpdlInPlace *rows = malloc(sizeof(*rows) + plan->rows * sizeof(rows->placed[0]));

	if (rows == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	rows->next = NULL;
	rows->count = 0;
	for (int i = 0; i < plan->count; i++)
	{
		PpdlRowBatch *b = plan->chosen[i];

		for (uint32_t e = 0; e < b->rows; e++)
			if (b->apart[e] == TRIED)
				rows->placed[rows->count++] = (PpdlPlaced) {
					{b, e, 0}, ppdl_bitrev((uint32_t) place(plan, b, e, plan->shift[i]), plan->height)
				};
	}
	**end = rows;
	*end = &rows->next;
	plan->left -= plan->rows;
	return PPDL_OK;
}

/* one ciphertext; *found: there is one */
static PpdlStatus
plan_one(Plan *plan, PpdlInPlace ***end, int *found, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	memset(plan->taken, 0, sizeof(plan->taken));
	plan->count = 0;
	plan->rows = 0;
	plan->blocks = 0;
	for (int i = 0; i < plan->candidates && plan->count < MOST_BATCHES && plan->rows < plan->places &&
		 status == PPDL_OK; i++)
		status = try_batch(plan, &plan->tried[i], err);
	*found = status == PPDL_OK && plan->count > 0 &&
		(plan->rows == plan->left || plan->places - plan->rows <= plan->places >> LEAST_SHARE) && is_cheaper(plan);
	if (*found)
		status = keep(plan, end, err);
	mark(plan, *found ? PLANNED : 0);
	return status;
}

static void
find_left(const Plan *plan, Candidate *c)
{
	const PpdlRowBatch *b = c->batch;

	memset(c->left, 0, sizeof(c->left));
	for (uint32_t i = 0; i < b->rows; i++)
		if (b->apart == NULL || b->apart[i] == 0)
			put(c->left, place(plan, b, i, 0));
}

/* those that have too few rows left, and the first if nothing was found with it */
static void
drop_candidates(Plan *plan, int found)
{
	int			kept = 0;

	for (int i = found ? 0 : 1; i < plan->candidates; i++)
	{
		Candidate  *c = &plan->tried[kept];

		*c = plan->tried[i];
		if (found)
			find_left(plan, c);
		kept += count_places(plan, c->left) >= plan->places >> LEAST_SHARE;
	}
	plan->candidates = kept;
}

static void
add_candidates(Plan *plan)
{
	for (; plan->next != NULL && plan->candidates < MOST_TRIED; plan->next = plan->next->next)
	{
		if (plan->next->explicit_row || plan->next->rows < plan->places >> LEAST_SHARE)
			continue;
		plan->tried[plan->candidates].batch = plan->next;
		find_left(plan, &plan->tried[plan->candidates++]);
	}
}

PpdlStatus
ppdl_plan_in_place(PpdlCollector *col, PpdlError *err)
{
	const int	height = col->par->logn - col->logk;
	Plan		plan = {.col = col, .height = height, .places = 1u << height, .next = col->waiting.first};
	PpdlInPlace **end = &col->in_place;
	int			found;

	ppdl_collector_forget(col);
	if (!ppdl_keep_has_places(col->par, height))
		return PPDL_OK;
	for (const PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
		plan.left += b->rows;
	add_candidates(&plan);
	while (plan.candidates > 0)
	{
		PPDL_TRY(ppdl_poll(col->poll, err));
		PPDL_TRY(plan_one(&plan, &end, &found, err));
		drop_candidates(&plan, found);
		add_candidates(&plan);
	}
	return PPDL_OK;
}
