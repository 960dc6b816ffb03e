/*
 * Uniform halves of batches in the coefficient domain, kept from group to group within a bound: where each group is
 * finished before the next begins, and where the halves of all groups would take too much memory, each group asks for
 * the batches of its rows again.  The first to come stay: groups that go over a table one after the other would find
 * nothing in a cache that drops what was used least recently.
 */
#ifndef PPDL_ROWS_SEED_CACHE_H
#define PPDL_ROWS_SEED_CACHE_H

#include "ckks/params.h"

typedef struct PpdlSeedCache PpdlSeedCache;

/* what several caches may hold together */
typedef struct PpdlSeedBudget
{
	size_t		max,			/* bytes */
				used;
} PpdlSeedBudget;

/* *out: empty; budget must outlive it */
PpdlStatus	ppdl_seed_cache_create(PpdlSeedCache **out, PpdlSeedBudget *budget, PpdlError *err);
void		ppdl_seed_cache_destroy(PpdlSeedCache *cache);
size_t		ppdl_seed_cache_memory(const PpdlSeedCache *cache);		/* bytes held; constant time */

/*
 * Limb `limb` of the uniform half of the batch with this seed, N words in the coefficient domain, the cache's: expanded
 * now if it is not there and the budget has room.  NULL: it has none.
 */
PpdlStatus	ppdl_seed_cache_get(PpdlSeedCache *cache, const PpdlParams *par, const uint64_t seed[4], int limb,
								const uint64_t **out, PpdlError *err);

/* the same without a cache; out: N words */
PpdlStatus	ppdl_seed_uniform(const PpdlParams *par, const uint64_t seed[4], int limb, uint64_t *out, PpdlError *err);

#endif
