/* A toy deep ring that rows are lifted to, with the keys that owners publish and no others. */
#ifndef TEST_LIFTED_WORLD_H
#define TEST_LIFTED_WORLD_H

#include "planned_keys.h"
#include "toy_rows.h"

typedef struct World
{
	Deep	   *d;
	PpdlHalfBoot *hb;
} World;

/* one for all tests of a group: the rows' secret changes, and the key of its bridge with it */
static inline int
set_up_lifted(void **state)
{
	World	   *w = calloc(1, sizeof(*w));
	const PpdlRotationKey *key;
	int			count;

	w->d = deep_new(DEEP_LOGN, 2);
	key = ppdl_keyplan_deep_rotations(&count);
	OK(ppdl_rotset_create(&w->d->rotations, w->d->f->par, key, count, &err));
	w->d->f->ev.rotations = w->d->rotations;
	w->d->f->ev.get_key = planned_deep_key;
	OK(ppdl_halfboot_create(&w->hb, &w->d->f->ev, &err));
	*state = w;
	return 0;
}

static inline int
tear_down_lifted(void **state)
{
	World	   *w = *state;

	ppdl_halfboot_destroy(w->hb);
	deep_free(w->d);
	free(w);
	return 0;
}

#endif
