/*
 * Batches by the seed of their uniform half: a hash table that sums, packing and training
 * gather their rows with.  A batch gets a number, 0, 1, 2 …, in the order in which they were
 * added; what is known of it stands in the caller's own array.  Looking a batch up takes constant
 * expected time whatever the seeds: the hash is keyed with a random key of the table's own, so that
 * colliding seeds cannot be forged.
 *
 * Rows may come more than once (joins).  Where each place of a batch holds one row, the further ones go to
 * further copies of the batch, numbered from 0.
 */
#ifndef PPDL_ROWS_SEED_TABLE_H
#define PPDL_ROWS_SEED_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define PPDL_NO_BATCH UINT32_MAX

typedef struct PpdlSeedKey
{
	uint64_t	seed[4];
	uint32_t	logc,
				copy;
} PpdlSeedKey;

/* all zero: empty */
typedef struct PpdlSeedTable
{
	PpdlSeedKey *key;			/* by number */
	uint32_t	used,
				cap;
	uint32_t   *slot;			/* numbers; open addressing, a power of two, at most half full */
	size_t		nslots;
	uint64_t	secret[8];		/* of the hash */
} PpdlSeedTable;

void		ppdl_seed_table_free(PpdlSeedTable *t);	/* leaves an empty table */
size_t		ppdl_seed_table_memory(const PpdlSeedTable *t);	/* bytes held */

/* number of the batch with this seed (32 bytes), capacity and copy; PPDL_NO_BATCH when there is none */
uint32_t	ppdl_seed_find(const PpdlSeedTable *t, const void *seed, int logc, uint32_t copy);
/*
 * a batch that is not in the table yet: its number is t->used before the call.  After an error the table is as before.
 */
PpdlStatus	ppdl_seed_add(PpdlSeedTable *t, const void *seed, int logc, uint32_t copy, PpdlError *err);

/* has batch `number` a row at place `index` already? */
typedef int (*PpdlPlaceTaken) (const void *batches, uint32_t number, uint32_t index);
/*
 * The number of a copy whose place `index` is free, PPDL_NO_BATCH when there is none: *copy says which to add.
 * O(log copies): a place that is taken in one copy is, as a rule, taken in those before.
 */
uint32_t	ppdl_seed_find_free(const PpdlSeedTable *t, const void *seed, int logc, uint32_t index,
								PpdlPlaceTaken taken, const void *batches, uint32_t *copy);

#endif
