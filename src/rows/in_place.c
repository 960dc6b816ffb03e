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

#define PLANNED 1
#define TRIED 2

typedef struct Plan
{
	PpdlCollector *col;
	int			height;
	uint32_t	places;
	uint8_t    *taken;			/* places of the ciphertext under way */
	PpdlRowBatch **batch;		/* that may take part */
	size_t		batches;
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
is_free(const Plan *plan, const PpdlRowBatch *b, uint32_t entry, int at)
{
	return (b->apart == NULL || b->apart[entry] == 0) && at >= 0 && at < (int) plan->places && !plan->taken[at];
}

static uint32_t
fitting(const Plan *plan, const PpdlRowBatch *b, int shift)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < b->rows; i++)
		n += (uint32_t) is_free(plan, b, i, place(plan, b, i, shift));
	return n;
}

/* the shift by which most rows fit, 0 if there is a choice */
static uint32_t
best_shift(const Plan *plan, const PpdlRowBatch *b, int *shift)
{
	const int	step = (int) (plan->places >> LOG_SHIFTS);
	uint32_t	most = fitting(plan, b, 0);

	*shift = 0;
	for (int s = 1 - (1 << LOG_SHIFTS); s < 1 << LOG_SHIFTS && most < b->rows; s++)
	{
		uint32_t	n = fitting(plan, b, s * step);

		if (n <= most)
			continue;
		most = n;
		*shift = s * step;
	}
	return most;
}

static PpdlStatus
try_batch(Plan *plan, PpdlRowBatch *b, PpdlError *err)
{
	int			shift;
	uint32_t	n = best_shift(plan, b, &shift);

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
		plan->taken[at] = 1;
		b->apart[i] = TRIED;
	}
	plan->shift[plan->count] = shift;
	plan->chosen[plan->count++] = b;
	plan->rows += n;
	return PPDL_OK;
}

static double
cost_in_place(const Plan *plan)
{
	const int	inputs = plan->rows == plan->places && plan->count > 1 ? plan->count - 1 : plan->count,
				giants = 1 << (plan->height - PPDL_KEEP_LOG_BABIES);

	return inputs * (PPDL_IN_PLACE_BATCH_COST + PPDL_IN_PLACE_PRODUCTS_COST * giants) +
		PPDL_IN_PLACE_STEP_COST * giants;
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

	memset(plan->taken, 0, plan->places);
	plan->count = 0;
	plan->rows = 0;
	plan->blocks = 0;
	for (size_t i = 0; i < plan->batches && i < MOST_TRIED && plan->count < MOST_BATCHES && plan->rows < plan->places &&
		 status == PPDL_OK; i++)
		status = try_batch(plan, plan->batch[i], err);
	*found = status == PPDL_OK && plan->count > 0 &&
		(plan->rows == plan->left || plan->places - plan->rows <= plan->places >> LEAST_SHARE) && is_cheaper(plan);
	if (*found)
		status = keep(plan, end, err);
	mark(plan, *found ? PLANNED : 0);
	return status;
}

static uint32_t
unplanned(const PpdlRowBatch *b)
{
	uint32_t	n = b->rows;

	for (uint32_t i = 0; i < b->rows && b->apart != NULL; i++)
		n -= b->apart[i];
	return n;
}

/* those that have too few rows left, and the first if nothing was found with it */
static void
drop_batches(Plan *plan, int found)
{
	size_t		kept = 0;

	for (size_t i = found ? 0 : 1; i < plan->batches; i++)
		if (i >= MOST_TRIED || unplanned(plan->batch[i]) >= plan->places >> LEAST_SHARE)
			plan->batch[kept++] = plan->batch[i];
	plan->batches = kept;
}

static PpdlStatus
find_batches(Plan *plan, PpdlError *err)
{
	size_t		all = 0;

	for (const PpdlRowBatch *b = plan->col->waiting.first; b != NULL; b = b->next)
		all++;
	plan->batch = malloc(all * sizeof(plan->batch[0]));
	plan->taken = malloc(plan->places);
	if (plan->batch == NULL || plan->taken == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (PpdlRowBatch *b = plan->col->waiting.first; b != NULL; b = b->next)
		if (!b->explicit_row && b->rows >= plan->places >> LEAST_SHARE)
			plan->batch[plan->batches++] = b;
	return PPDL_OK;
}

PpdlStatus
ppdl_plan_in_place(PpdlCollector *col, PpdlError *err)
{
	const int	height = col->par->logn - col->logk;
	Plan		plan = {.col = col, .height = height, .places = 1u << height};
	PpdlInPlace **end = &col->in_place;
	PpdlStatus	status;
	int			found;

	ppdl_collector_forget(col);
	if (!ppdl_keep_has_places(col->par, height) || col->waiting.first == NULL)
		return PPDL_OK;
	for (const PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
		plan.left += b->rows;
	status = find_batches(&plan, err);
	while (status == PPDL_OK && plan.batches > 0)
	{
		status = plan_one(&plan, &end, &found, err);
		drop_batches(&plan, found);
	}
	free(plan.batch);
	free(plan.taken);
	return status;
}
