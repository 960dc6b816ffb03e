/*
 * The rows of many sums that still wait for their uniform halves, batch by batch: GROUP BY over rows that lie
 * scattered. Each batch's seed is expanded once for all sums.  A sum of few rows of a batch takes shifted copies of the
 * uniform half, one of many takes a product with the sum of the rows' monomials: residues are the same either way.
 */
#ifndef PPDL_ROWS_ARENA_H
#define PPDL_ROWS_ARENA_H

#include "base/poll.h"
#include "rows/half.h"
#include "rows/seed_cache.h"

typedef struct PpdlArena PpdlArena;

typedef struct PpdlArenaLimits
{
	size_t		waiting,		/* bytes of rows that wait before they are expanded early */
				halves;			/* bytes of uniform halves that are held at a time */
} PpdlArenaLimits;

/*
 * limits: NULL for those of release; poll, which may be NULL, is asked for every few batches and must outlive the arena
 */
PpdlStatus	ppdl_arena_create(PpdlArena **out, const PpdlArenaLimits *limits, const PpdlPoll *poll, PpdlError *err);
/* sums that are attached must be detached before */
void		ppdl_arena_destroy(PpdlArena *arena);
/*
 * Where seeds that are expanded more than once are kept, NULL: nowhere; it must outlive the arena's last expansion.
 * again: other arenas ask for the same batches, so that all are kept.
 */
void		ppdl_arena_set_seeds(PpdlArena *arena, PpdlSeedCache *seeds, int again);
/* bytes held, with the halves of sums attached; constant time */
size_t		ppdl_arena_memory(const PpdlArena *arena);

/* a number for a sum; the half must stay where it is until it is detached, which drops rows that wait */
PpdlStatus	ppdl_arena_attach(PpdlArena *arena, PpdlHalf *half, uint32_t *number, PpdlError *err);
void		ppdl_arena_detach(PpdlArena *arena, uint32_t number);

/* sum `number` has one more row, pos < 2^logc, of the batch with this seed.  After an error it has not. */
PpdlStatus	ppdl_arena_add(PpdlArena *arena, uint32_t number, const uint64_t seed[4], int logc, uint32_t pos,
						   PpdlError *err);

/*
 * Expands what waits for sum `number` into its half, and what waits for all others, too, while the halves of all fit
 * the limit.  Where they do not, alone, unless NULL, takes the rows of this sum instead, and they wait on: a half of
 * the same par, logk and limbs, the caller's.  After an error each row either waits or has been expanded.
 */
PpdlStatus	ppdl_arena_expand(PpdlArena *arena, uint32_t number, PpdlHalf *alone, PpdlError *err);

#endif
