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

/* as if the query had not asked for it: its coefficients are 0, its phase is random */
static inline void
leave_out(Rows *r, int row)
{
	const int	logk = r->ts->logk_x,
				capacity = 1 << (r->par->logn - logk);
	PpdlTrainBatch *b = &r->ts->batch[row / capacity];
	const int	i = row % capacity;

	for (size_t c = ppdl_bitrev((uint32_t) i, r->par->logn - logk); c < r->par->n; c += r->par->n >> logk)
		b->bx[c] = 0;
	if (b->by != NULL)
		for (size_t c = ppdl_bitrev((uint32_t) i << (logk - r->ts->logk_y), r->par->logn - r->ts->logk_y);
			 c < r->par->n; c += r->par->n >> r->ts->logk_y)
			b->by[c] = 0;
	b->ordinal[i] = PPDL_NO_PLACE;
	b->rows--;
	r->ts->rows--;
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
