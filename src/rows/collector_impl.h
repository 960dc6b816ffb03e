/*
 * Inside of a collector, private to src/rows.  Which rows form blocks is found in blocks.c, which stay where they lie
 * in in_place.c, one after the other in plan.c.
 *
 * A row is known by its index i in its batch, pos = bitrev(i).  A full residue class
 * of positions is an aligned run of 2^h indices: rows s .. s + 2^h - 1, s a multiple of
 * 2^h, have the positions i0 + t*C/2^h, i0 = bitrev(s), t = bitrev_h(i - s).
 */
#ifndef PPDL_ROWS_COLLECTOR_IMPL_H
#define PPDL_ROWS_COLLECTOR_IMPL_H

#include "rows/collector.h"
#include "rows/key_ring.h"
#include "rows/seed_table.h"

#define PPDL_TAKEN UINT32_MAX	/* index of a row that has been packed */

typedef struct PpdlCollected
{
	uint32_t	index,
				ordinal;
} PpdlCollected;

typedef struct PpdlRowBatch
{
	struct PpdlRowBatch *prev,	/* among those that wait, or the complete */
			   *next;
	uint32_t	number;			/* in the collector's index; PPDL_NO_BATCH: it gets no further rows */
	uint8_t		seed[PPDL_SEED_BYTES];
	int			logc;
	int			complete,		/* it fills a ciphertext */
				chosen;			/* as a whole, by a packing under way */
	int			explicit_row;	/* one row with both halves in its residues */
	int			key;			/* number in the collector's ring of keys */
	double		noise,			/* of a coefficient */
				bound;
	uint32_t	rows,			/* entries */
				left,			/* of them not packed yet */
				cap;
	PpdlCollected *entry;
	uint8_t    *residues;		/* `each` bytes an entry */
	size_t		each;
	uint8_t    *present;		/* a bit an index; NULL while the rows are so few that looking at each does */
	uint8_t    *apart;			/* while rows are planned: entries that are in no block; NULL: none */
} PpdlRowBatch;

typedef struct PpdlBatchList
{
	PpdlRowBatch *first,
			   *end;
} PpdlBatchList;

/* entries first .. first + 2^h - 1 of a batch */
typedef struct PpdlBlock
{
	PpdlRowBatch *batch;
	uint32_t	first;
	int			h;
} PpdlBlock;

/* a block and the tree position of its first row, a multiple of 2^h */
typedef struct PpdlPlaced
{
	PpdlBlock	block;
	uint32_t	at;
} PpdlPlaced;

/* rows that become one ciphertext where they lie (in_place.h): single rows, those of one batch one after the other */
typedef struct PpdlInPlace
{
	struct PpdlInPlace *next;
	uint32_t	count;
	PpdlPlaced	placed[];
} PpdlInPlace;

typedef struct PpdlBlocks
{
	PpdlBlock  *block;
	size_t		count,
				cap;
} PpdlBlocks;

#define PPDL_MAX_HEIGHT 17

struct PpdlCollector
{
	const PpdlParams *par;		/* NULL before the first row */
	PpdlKeyRing keys;
	int			width,
				logk,
				limbs;
	double		scale;
	uint64_t	encoding;		/* of the rows so far, 0: not known */
	const PpdlPoll *poll;
	uint64_t	rows;
	size_t		bytes;
	PpdlSeedTable index;		/* of batches that may get further rows */
	PpdlRowBatch **batch;		/* by number in the index; NULL once it is complete */
	uint32_t	batch_cap;
	PpdlRowBatch *last;			/* where the last slice went, or NULL */
	PpdlBatchList waiting,		/* batches that are not complete, as they came */
				complete;		/* whole ciphertexts */
	PpdlInPlace *in_place;		/* what is left to pack, these first */
	PpdlBlocks	blocks[PPDL_MAX_HEIGHT];	/* by height, from the end */
	int			planned;		/* blocks are up to date */
	int			ncomplete;
};

/*
 * all rows of batches that are not complete, to stay where they lie or as blocks, unless they are planned already;
 * closes the collector
 */
PpdlStatus	ppdl_collector_plan(PpdlCollector *col, PpdlError *err);
/* which rows stay where they lie */
void		ppdl_collector_forget(PpdlCollector *col);
/* the blocks of a batch, of entries that are not apart; they are in order */
PpdlStatus	ppdl_plan_blocks(PpdlCollector *col, PpdlRowBatch *b, PpdlError *err);
/* what they cost (rows/pack_cost.h) */
double		ppdl_blocks_cost(PpdlRowBatch *b);
/* rows that come later go to new batches */
void		ppdl_collector_close(PpdlCollector *col);
/* entries by index; rows packed already are forgotten */
PpdlStatus	ppdl_collector_sort(PpdlRowBatch *b, PpdlError *err);
/* marks a block's rows as packed; frees batches that are through */
void		ppdl_collector_take(PpdlCollector *col, const PpdlBlock *block);
/* unlinks and frees a batch, complete or not */
void		ppdl_collector_drop(PpdlCollector *col, PpdlRowBatch *b);

#endif
