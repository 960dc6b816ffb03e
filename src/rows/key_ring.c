#include "rows/key_ring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/switch_public.h"

void
ppdl_key_ring_free(PpdlKeyRing *ring)
{
	free(ring->foreign);
	memset(ring, 0, sizeof(*ring));
}

static PpdlStatus
other_owner(const PpdlKeyRing *ring, const uint8_t *owner, const char *what, PpdlError *err)
{
	char		mine[17],
				theirs[17];

	ppdl_fingerprint_hex(mine, ring->owner);
	ppdl_fingerprint_hex(theirs, owner);
	return ppdl_error(err, PPDL_ERR_KEY, "%s: rows of different keys: %s and %s", what, mine, theirs);
}

static PpdlStatus
check_hops(const PpdlKeyWay *way, PpdlError *err)
{
	char		hex[17];

	if (way->hops <= PPDL_MAX_HOPS)
		return PPDL_OK;
	ppdl_fingerprint_hex(hex, way->key[0]);
	return ppdl_error(err, PPDL_ERR_KEY, "key %s is more than %d keys away from its owner's", hex, PPDL_MAX_HOPS);
}

static PpdlStatus
add(PpdlKeyRing *ring, const PpdlKeyWay *way, PpdlError *err)
{
	PpdlForeignKey *grown = realloc(ring->foreign, (size_t) (ring->count + 1) * sizeof(grown[0]));

	if (grown == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ring->foreign = grown;
	grown += ring->count++;
	*grown = (PpdlForeignKey) {.hops = way->hops};
	memcpy(grown->from, way->key, (size_t) way->hops * sizeof(way->key[0]));
	ring->last = ring->count;
	return PPDL_OK;
}

PpdlStatus
ppdl_key_ring_find(PpdlKeyRing *ring, const uint8_t key[8], const char *what, int *number, PpdlError *err)
{
	PpdlKeyWay	way;
	const uint8_t *owner;

	*number = 0;
	if (ring->known && memcmp(key, ring->owner, sizeof(ring->owner)) == 0)
		return PPDL_OK;
	if (ring->last > 0 && memcmp(key, ring->foreign[ring->last - 1].from[0], PPDL_FINGERPRINT_BYTES) == 0)
		*number = ring->last;
	for (int i = 0; i < ring->count && *number == 0; i++)
		if (memcmp(key, ring->foreign[i].from[0], PPDL_FINGERPRINT_BYTES) == 0)
			*number = ring->last = i + 1;
	if (*number > 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_key_way(&way, ring->writer_of, ring->arg, key, err));
	PPDL_TRY(check_hops(&way, err));
	owner = ppdl_key_way_owner(&way);
	if (ring->known && memcmp(owner, ring->owner, sizeof(ring->owner)) != 0)
		return other_owner(ring, owner, what, err);
	memcpy(ring->owner, owner, sizeof(ring->owner));
	ring->known = 1;
	if (way.hops == 0)
		return PPDL_OK;
	PPDL_TRY(add(ring, &way, err));
	*number = ring->count;
	return PPDL_OK;
}

static PpdlStatus
load_key(PpdlEval *ev, const uint8_t *of, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	void	   *const arg = ev->get_key_arg;
	PpdlStatus	status;

	ev->get_key_arg = (void *) (uintptr_t) of;
	status = ev->get_key(ev->get_key_arg, ev->par->id, id, limbs, key, err);
	ev->get_key_arg = arg;
	return status;
}

PpdlStatus
ppdl_key_ring_load(PpdlKeyRing *ring, PpdlEval *ev, int limbs, int compact, PpdlError *err)
{
	const uint32_t id = limbs > 2 ? PPDL_KEY_TO_OWNER_PACKED : PPDL_KEY_TO_OWNER;

	for (int i = 0; i < ring->count; i++)
	{
		PpdlForeignKey *f = &ring->foreign[i];

		for (int h = 0; h < f->hops; h++)
			PPDL_TRY(load_key(ev, f->from[h], compact && h == 0 ? PPDL_KEY_TO_OWNER_COMPACT : id, limbs, &f->key[h],
							  err));
	}
	ring->bridge = NULL;
	if (!compact || ring->count == 0)
		return PPDL_OK;
	return load_key(ev, ring->owner, PPDL_KEY_BRIDGE_COMPACT, limbs, &ring->bridge, err);
}

static PpdlStatus
not_loaded(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_INTERNAL, "a writer's switching key was not loaded");
}

PpdlStatus
ppdl_key_ring_switch(const PpdlKeyRing *ring, int number, PpdlEval *ev, uint64_t *b, uint64_t *a, int limbs,
					 PpdlError *err)
{
	const PpdlForeignKey *f = number > 0 ? &ring->foreign[number - 1] : NULL;

	if (f == NULL)
		return ring->bridge == NULL ? PPDL_OK : ppdl_switch_halves(ev, b, a, limbs, ring->bridge, err);
	for (int h = 0; h < f->hops; h++)
		PPDL_TRY(f->key[h] == NULL ? not_loaded(err) : ppdl_switch_halves(ev, b, a, limbs, f->key[h], err));
	return PPDL_OK;
}

double
ppdl_key_ring_noise(const PpdlKeyRing *ring, int number, const PpdlParams *par, int limbs, double noise)
{
	const int	hops = number > 0 ? ring->foreign[number - 1].hops : ring->bridge != NULL;

	return hops == 0 ? noise : hypot(noise, sqrt(hops) * ppdl_switch_public_noise(par, limbs));
}
