/*
 * Which rows of the waiting batches form full residue classes: aligned runs of
 * indices (see collector_impl.h).
 */
#include <math.h>
#include <stdlib.h>

#include "rows/collector_impl.h"
#include "rows/pack_cost.h"

static PpdlStatus
push(PpdlBlocks *blocks, const PpdlBlock *block, PpdlError *err)
{
	if (blocks->count == blocks->cap)
	{
		size_t		cap = blocks->cap > 0 ? 2 * blocks->cap : 64;
		PpdlBlock  *grown = realloc(blocks->block, cap * sizeof(grown[0]));

		if (grown == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		blocks->block = grown;
		blocks->cap = cap;
	}
	blocks->block[blocks->count++] = *block;
	return PPDL_OK;
}

/* entries with where their residues are, while they are put in order */
typedef struct Sorting
{
	PpdlCollected entry;
	uint32_t	from;
} Sorting;

static int
by_index(const void *a, const void *b)
{
	uint32_t	x = ((const Sorting *) a)->entry.index,
				y = ((const Sorting *) b)->entry.index;

	return (x > y) - (x < y);
}

static int
is_sorted(const PpdlRowBatch *b)
{
	for (uint32_t i = 1; i < b->rows; i++)
		if (b->entry[i - 1].index > b->entry[i].index)
			return 0;
	return 1;
}

PpdlStatus
ppdl_collector_sort(PpdlRowBatch *b, PpdlError *err)
{
	Sorting    *s;
	uint8_t    *residues;

	if (b->rows == b->left && is_sorted(b))
		return PPDL_OK;
	s = malloc(b->rows * sizeof(s[0]));
	residues = malloc(b->cap * b->each);
	if (s == NULL || residues == NULL)
	{
		free(s);
		free(residues);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < b->rows; i++)
		s[i] = (Sorting) {b->entry[i], i};
	qsort(s, b->rows, sizeof(s[0]), by_index);
	for (uint32_t i = 0; i < b->rows; i++)
	{
		b->entry[i] = s[i].entry;
		memcpy(residues + i * b->each, b->residues + s[i].from * b->each, b->each);
	}
	free(b->residues);
	b->residues = residues;
	b->rows = b->left;
	free(s);
	return PPDL_OK;
}

/* what is done with a batch's blocks: counted, or kept for packing */
typedef struct Cutting
{
	PpdlCollector *col;			/* NULL: counted */
	PpdlRowBatch *batch;
	int			single;			/* blocks up to this height are cut to rows */
	uint32_t	count[PPDL_MAX_HEIGHT];
} Cutting;

static PpdlStatus
put_block(Cutting *c, const PpdlBlock *block, PpdlError *err)
{
	PpdlBlock	row = {block->batch, block->first, 0};

	if (c->col == NULL)
	{
		c->count[block->h]++;
		return PPDL_OK;
	}
	if (block->h > c->single)
		return push(&c->col->blocks[block->h], block, err);
	for (; row.first < block->first + (1u << block->h); row.first++)
		PPDL_TRY(push(&c->col->blocks[0], &row, err));
	return PPDL_OK;
}

/* entries from..to-1 have consecutive indices: cut them into aligned runs, the longest first that fits */
static PpdlStatus
cut_run(Cutting *c, uint32_t from, uint32_t to, PpdlError *err)
{
	PpdlRowBatch *b = c->batch;

	while (from < to)
	{
		uint32_t	index = b->entry[from].index;
		PpdlBlock	block = {b, from, 0};

		while (block.h < b->logc && (index >> block.h & 1) == 0 && (2u << block.h) <= to - from)
			block.h++;
		PPDL_TRY(put_block(c, &block, err));
		from += 1u << block.h;
	}
	return PPDL_OK;
}

static uint8_t
apart(const PpdlRowBatch *b, uint32_t entry)
{
	return b->apart != NULL ? b->apart[entry] : 0;
}

static PpdlStatus
cut_batch(Cutting *c, PpdlError *err)
{
	PpdlRowBatch *b = c->batch;
	uint32_t	from = 0;

	for (uint32_t i = 1; i <= b->rows; i++)
	{
		if (i < b->rows && b->entry[i].index == b->entry[i - 1].index + 1 && apart(b, i) == apart(b, i - 1))
			continue;
		if (!apart(b, from))
			PPDL_TRY(cut_run(c, from, i, err));
		from = i;
	}
	return PPDL_OK;
}

/* n blocks of one height: merged one by one, or in windows of neighbours, with the merges of what these leave */
static double
cost(double n)
{
	const double terms = 1 << PPDL_MAX_WINDOW;

	return fmin(n, PPDL_BASIS_COST * (terms - 1) + n / terms * (1 + PPDL_WINDOW_COST + 2 * PPDL_CLASS_COST * terms));
}

/*
 * Blocks of each height take a basis of their own.  Where rows are missing here and there, blocks are small, and those
 * of one basis are cheaper as rows of another.  *least: what that costs.
 */
static int
choose_single(const Cutting *c, double *least)
{
	double		rows = c->count[0],
				apart = cost(rows),	/* of blocks up to `top` */
				most = 0;
	int			single = 0;

	for (int top = 1; top <= c->batch->logc; top++)
	{
		rows += ldexp(c->count[top], top);
		apart += cost(c->count[top]);
		if (c->count[top] > 0 && apart - cost(rows) > most)
		{
			most = apart - cost(rows);
			single = top;
		}
	}
	*least = apart - most;
	return single;
}

double
ppdl_blocks_cost(PpdlRowBatch *b)
{
	Cutting		c = {.batch = b};
	double		least;

	/* nothing is kept: it cannot fail */
	(void) cut_batch(&c, NULL);
	choose_single(&c, &least);
	return least;
}

PpdlStatus
ppdl_plan_blocks(PpdlCollector *col, PpdlRowBatch *b, PpdlError *err)
{
	Cutting		c = {.batch = b};
	double		least;

	PPDL_TRY(cut_batch(&c, err));
	c.single = choose_single(&c, &least);
	c.col = col;
	return cut_batch(&c, err);
}

void
ppdl_collector_take(PpdlCollector *col, const PpdlBlock *block)
{
	PpdlRowBatch *b = block->batch;
	uint32_t	n = 1u << block->h;

	for (PpdlCollected *e = &b->entry[block->first]; e < &b->entry[block->first + n]; e++)
		e->index = PPDL_TAKEN;
	b->left -= n;
	col->rows -= n;
	if (b->left == 0)
		ppdl_collector_drop(col, b);
}
