/* Keys of a fixture, and no others than owners publish. */
#ifndef TEST_PLANNED_KEYS_H
#define TEST_PLANNED_KEYS_H

#include "deep_fixture.h"

/* of the keys of prediction and no others, each as short as the plan says */
static inline PpdlStatus
planned_row_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	static PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	static int	count;
	Fixture    *f = arg;

	if (count == 0)
		count = ppdl_keyplan(PPDL_USE_PREDICT, needs, e);
	for (int i = 0; i < count; i++)
	{
		if (needs[i].id == id && needs[i].limbs >= limbs)
		{
			f->key_limbs = needs[i].limbs;
			return make_key(arg, ring, id, limbs, key, e);
		}
	}
	return ppdl_error(e, PPDL_ERR_KEY, "key %u for %d limbs is not planned", id, limbs);
}

/*
 * The half-bootstrap's strides depend on the degree; below it only what is planned, at this degree, and the keys that
 * it has made, which a full bootstrap takes again.
 */
static inline PpdlStatus
planned_deep_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Deep	   *d = arg;
	const PpdlRing *toy = d->f->par->ring;
	int			count,
				planned = limbs > PPDL_BOOT_S2C_LIMBS || id == PPDL_KEY_RELIN || id == PPDL_KEY_BRIDGE || id == PPDL_KEY_BRIDGE_COMPACT ||
		id == PPDL_KEY_FROM_SPARSE ||
		id == PPDL_KEY_TO_SPARSE ||
		id == ppdl_galois_conjugate(toy);
	const PpdlRotationKey *rotation = ppdl_keyplan_deep_rotations(&count);

	for (int i = 0; i < count; i++)
		planned |= rotation[i].limbs >= limbs && id == ppdl_galois_rotation(toy, rotation[i].rotation);
	for (int i = 0; i < d->f->nkeys && limbs <= PPDL_BOOT_FULL_LIMBS; i++)
		planned |= d->f->key[i]->id == id && d->f->key[i]->limbs > PPDL_BOOT_EVALMOD_LIMBS;
	if (!planned)
		return ppdl_error(e, PPDL_ERR_KEY, "key %u for %d limbs is not planned", id, limbs);
	return deep_key(arg, ring, id, limbs, key, e);
}

#endif
