#include "rows/seed_cache.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ring/random.h"
#include "rows/seed_table.h"

struct PpdlSeedCache
{
	PpdlSeedBudget *budget;
	PpdlSeedTable table;
	uint64_t  **limb;			/* by number in the table */
	uint32_t	cap;
	size_t		bytes;			/* of limbs */
};

PpdlStatus
ppdl_seed_cache_create(PpdlSeedCache **out, PpdlSeedBudget *budget, PpdlError *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->budget = budget;
	return PPDL_OK;
}

void
ppdl_seed_cache_destroy(PpdlSeedCache *cache)
{
	if (cache == NULL)
		return;
	for (uint32_t i = 0; i < cache->table.used; i++)
		ppdl_free_aligned(cache->limb[i]);
	cache->budget->used -= cache->bytes;
	free(cache->limb);
	ppdl_seed_table_free(&cache->table);
	free(cache);
}

size_t
ppdl_seed_cache_memory(const PpdlSeedCache *cache)
{
	return sizeof(*cache) + cache->bytes + cache->cap * sizeof(cache->limb[0]) + ppdl_seed_table_memory(&cache->table);
}

PpdlStatus
ppdl_seed_uniform(const PpdlParams *par, const uint64_t seed[4], int limb, uint64_t *out, PpdlError *err)
{
	const PpdlModulus *m = &par->ring->mod[limb];

	PPDL_TRY(ppdl_xof_uniform(m, out, par->n, (const uint8_t *) seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_intt(par->ring, m, out);
	return PPDL_OK;
}

/* room for one more pointer */
static PpdlStatus
grow(PpdlSeedCache *cache, PpdlError *err)
{
	const uint32_t cap = cache->cap > 0 ? 2 * cache->cap : 16;
	uint64_t  **limb;

	if (cache->table.used < cache->cap)
		return PPDL_OK;
	limb = realloc(cache->limb, cap * sizeof(limb[0]));
	if (limb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	cache->limb = limb;
	cache->cap = cap;
	return PPDL_OK;
}

static PpdlStatus
add(PpdlSeedCache *cache, const PpdlParams *par, const uint64_t seed[4], int limb, const uint64_t **out,
	PpdlError *err)
{
	const size_t bytes = par->n * sizeof(uint64_t);
	uint64_t   *u;
	PpdlStatus	status;

	PPDL_TRY(grow(cache, err));
	u = ppdl_alloc_aligned(bytes);
	if (u == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(fail, ppdl_seed_uniform(par, seed, limb, u, err));
	PPDL_GOTO(fail, ppdl_seed_add(&cache->table, seed, limb, (uint32_t) par->id, err));
	cache->limb[cache->table.used - 1] = u;
	cache->bytes += bytes;
	cache->budget->used += bytes;
	*out = u;
	return PPDL_OK;
fail:
	ppdl_free_aligned(u);
	return status;
}

PpdlStatus
ppdl_seed_cache_get(PpdlSeedCache *cache, const PpdlParams *par, const uint64_t seed[4], int limb,
					const uint64_t **out, PpdlError *err)
{
	const uint32_t number = ppdl_seed_find(&cache->table, seed, limb, (uint32_t) par->id);

	*out = NULL;
	if (number != PPDL_NO_BATCH)
		*out = cache->limb[number];
	else if (cache->budget->used + par->n * sizeof(uint64_t) <= cache->budget->max)
		return add(cache, par, seed, limb, out, err);
	return PPDL_OK;
}
