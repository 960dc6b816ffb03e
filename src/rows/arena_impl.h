/* Private to the floor: an arena from within, and tiles of its batches. */
#ifndef PPDL_ROWS_ARENA_IMPL_H
#define PPDL_ROWS_ARENA_IMPL_H

#include "rows/arena.h"
#include "rows/seed_table.h"

#define PPDL_ARENA_NONE UINT32_MAX
#define PPDL_ARENA_RUN 3		/* words: the sum's number, low half and high, and how many rows */
#define PPDL_MAX_ARENA_TILE 64

typedef struct PpdlArenaBatch
{
	uint64_t	seed[4];
	const PpdlParams *par;
	int			logc,
				logk;
	uint16_t   *words;			/* runs: a header, then positions */
	uint32_t	used,
				cap,
				run;			/* where the last run begins */
	uint32_t	sum;			/* whose it is; PPDL_ARENA_NONE: no run yet */
} PpdlArenaBatch;

typedef struct PpdlArenaSlot
{
	PpdlHalf   *half;			/* NULL: detached */
	size_t		wanted,			/* bytes of one part of it */
				from,			/* its rows in the index */
				to;
} PpdlArenaSlot;

typedef struct PpdlArenaEntry
{
	uint32_t	sum;
	uint16_t	batch,			/* within the tile */
				pos;
} PpdlArenaEntry;

/* rows of one sum and one batch */
typedef struct PpdlArenaSegment
{
	const PpdlArenaEntry *entry;
	size_t		count;
	PpdlHalf   *half;
	int			few,
				whole;			/* all rows of the batch, each once */
} PpdlArenaSegment;

/* batches whose uniform halves are expanded together, and what is needed for it */
typedef struct PpdlArenaTile
{
	const PpdlParams *par;
	PpdlArenaBatch *batch[PPDL_MAX_ARENA_TILE];
	uint8_t		coeff[PPDL_MAX_ARENA_TILE],	/* which forms of the uniform half are needed */
				ntt[PPDL_MAX_ARENA_TILE];
	int			used,
				room,
				limbs;
	PpdlSeedCache *seeds;			/* where forms in the coefficient domain are looked for first; NULL */
	const uint64_t **kept;			/* [batch][limb]: there; NULL: in uniform_coeff */
	uint64_t   *uniform_coeff,	/* [batch][limb][N] */
			   *uniform_ntt,
			   *indicator;		/* N */
	uint32_t   *count;			/* N; zero between uses */
	PpdlArenaEntry *entry,
			   *work;
	size_t		entries,
				cap;
	PpdlArenaSegment *segment;		/* cap */
	size_t		segments;
} PpdlArenaTile;

struct PpdlArena
{
	PpdlArenaLimits limits;
	const PpdlPoll *poll;
	PpdlSeedTable table;
	PpdlArenaBatch *batch;			/* by number */
	uint32_t	batch_cap,
				last;			/* the batch last added to; PPDL_ARENA_NONE */
	PpdlArenaSlot *slot;			/* by number of the sum */
	uint32_t	slots,
				slot_cap;
	size_t		waiting,		/* bytes of runs */
				rows,			/* in them */
				wanted,			/* bytes of one half for each sum attached */
				held;			/* bytes of halves */
	uint64_t   *index;			/* batch << 16 | position, by sum; NULL */
	size_t		indexed;
	PpdlSeedCache *seeds;			/* NULL */
	int			again;			/* seeds come again in other arenas */
	PpdlArenaTile *tile;			/* kept from expansion to expansion; NULL */
};

/* an empty tile for batches of this ring, for sums whose halves have so many bytes in all; seeds may be NULL */
PpdlStatus	ppdl_tile_start(PpdlArenaTile *t, const PpdlParams *par, int limbs, size_t halves, PpdlSeedCache *seeds,
							PpdlError *err);
PpdlStatus	ppdl_tile_reserve(PpdlArenaTile *t, size_t more, PpdlError *err);	/* room for more entries */
/* the batch's rows, of sums that are still there */
PpdlStatus	ppdl_tile_add_batch(PpdlArenaTile *t, const PpdlArena *arena, PpdlArenaBatch *b, PpdlError *err);
/* adds the entries to their sums' halves: all or nothing */
PpdlStatus	ppdl_tile_run(PpdlArenaTile *t, const PpdlArena *arena, PpdlError *err);
void		ppdl_tile_free(PpdlArenaTile *t);		/* what it holds */

#endif
