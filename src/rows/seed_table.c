#include "rows/seed_table.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

void
ppdl_seed_table_free(PpdlSeedTable *t)
{
	free(t->key);
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

size_t
ppdl_seed_table_memory(const PpdlSeedTable *t)
{
	return t->cap * sizeof(t->key[0]) + t->nslots * sizeof(t->slot[0]);
}

/* NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, Crypto 1999), then multiply-shift down to a slot */
static size_t
home(const PpdlSeedTable *t, const PpdlSeedKey *k)
{
	const uint64_t *s = t->secret;
	unsigned __int128 nh = (unsigned __int128) (k->seed[0] + s[0]) * (k->seed[1] + s[1]) +
		(unsigned __int128) (k->seed[2] + s[2]) * (k->seed[3] + s[3]);
	uint64_t	h = (uint64_t) nh * (s[4] | 1) + (uint64_t) (nh >> 64) * (s[5] | 1) +
		((uint64_t) k->copy << 8 | k->logc) * (s[6] | 1) + s[7];

	return (size_t) ((h >> 32) * t->nslots >> 32);
}

static PpdlSeedKey
key_of(const void *seed, int logc, uint32_t copy)
{
	PpdlSeedKey k = {.logc = (uint32_t) logc, .copy = copy};

	memcpy(k.seed, seed, sizeof(k.seed));
	return k;
}

/* where the key is, or the free slot where it belongs */
static uint32_t *
find_slot(const PpdlSeedTable *t, const PpdlSeedKey *k)
{
	for (size_t i = home(t, k);; i = (i + 1) & (t->nslots - 1))
		if (t->slot[i] == PPDL_NO_BATCH || memcmp(&t->key[t->slot[i]], k, sizeof(*k)) == 0)
			return &t->slot[i];
}

uint32_t
ppdl_seed_find(const PpdlSeedTable *t, const void *seed, int logc, uint32_t copy)
{
	PpdlSeedKey k = key_of(seed, logc, copy);

	return t->nslots == 0 ? PPDL_NO_BATCH : *find_slot(t, &k);
}

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
grow_slots(PpdlSeedTable *t, PpdlError *err)
{
	size_t		n = t->nslots > 0 ? 2 * t->nslots : 8;
	uint32_t   *slot;

	if (t->nslots == 0 && RAND_bytes((unsigned char *) t->secret, sizeof(t->secret)) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "no random bytes from OpenSSL");
	if (n > UINT32_MAX)			/* beyond what a slot's number and the hash reach */
		return no_memory(err);
	slot = malloc(n * sizeof(slot[0]));
	if (slot == NULL)
		return no_memory(err);
	memset(slot, 0xFF, n * sizeof(slot[0]));
	free(t->slot);
	t->slot = slot;
	t->nslots = n;
	for (uint32_t i = 0; i < t->used; i++)
		*find_slot(t, &t->key[i]) = i;
	return PPDL_OK;
}

PpdlStatus
ppdl_seed_add(PpdlSeedTable *t, const void *seed, int logc, uint32_t copy, PpdlError *err)
{
	PpdlSeedKey k = key_of(seed, logc, copy);

	if (2 * ((size_t) t->used + 1) > t->nslots)
		PPDL_TRY(grow_slots(t, err));
	if (t->used == t->cap)
	{
		uint32_t	cap = t->cap > 0 ? 2 * t->cap : 1;
		PpdlSeedKey *grown = realloc(t->key, cap * sizeof(grown[0]));

		if (grown == NULL)
			return no_memory(err);
		t->key = grown;
		t->cap = cap;
	}
	t->key[t->used] = k;
	*find_slot(t, &k) = t->used;
	t->used++;
	return PPDL_OK;
}

uint32_t
ppdl_seed_find_free(const PpdlSeedTable *t, const void *seed, int logc, uint32_t index,
					PpdlPlaceTaken taken, const void *batches, uint32_t *copy)
{
	uint32_t	number = ppdl_seed_find(t, seed, logc, 0),
				low = 0,		/* taken in this copy */
				high;			/* free in this one, which is `number` */

	*copy = 0;
	if (number == PPDL_NO_BATCH || !taken(batches, number, index))
		return number;
	for (high = 1;; low = high, high *= 2)
	{
		number = ppdl_seed_find(t, seed, logc, high);
		if (number == PPDL_NO_BATCH || !taken(batches, number, index))
			break;
	}
	while (high - low > 1)
	{
		uint32_t	middle = low + (high - low) / 2,
					found = ppdl_seed_find(t, seed, logc, middle);

		if (found != PPDL_NO_BATCH && taken(batches, found, index))
			low = middle;
		else
		{
			high = middle;
			number = found;
		}
	}
	*copy = high;
	return number;
}
