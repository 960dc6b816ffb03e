/*
 * Memory on its way to the second-level cache while something else is computed.  Processors drop most of a burst of
 * prefetches, so that they are handed out a few lines at a time, between the pieces of the work.
 */
#ifndef PPDL_BASE_AHEAD_H
#define PPDL_BASE_AHEAD_H

#include <stddef.h>

#define PPDL_AHEAD_RANGES 64	/* what is beyond them is not fetched early */
#define PPDL_AHEAD_STEP 64		/* entries that are multiplied, or points transformed, between two helpings */

typedef struct PpdlAhead
{
	const char *p[PPDL_AHEAD_RANGES];
	size_t		lines[PPDL_AHEAD_RANGES],	/* that are left */
				left,			/* of all */
				share;			/* lines for a piece */
	int			count,
				at;
} PpdlAhead;

static inline void
ppdl_ahead_begin(PpdlAhead *a)
{
	a->left = a->share = 0;
	a->count = a->at = 0;
}

static inline void
ppdl_ahead_add(PpdlAhead *a, const void *p, size_t bytes)
{
	if (a->count == PPDL_AHEAD_RANGES)
		return;
	a->p[a->count] = p;
	a->lines[a->count] = (bytes + 63) / 64;
	a->left += a->lines[a->count++];
}

/* the work that follows has so many pieces */
static inline void
ppdl_ahead_share(PpdlAhead *a, size_t pieces)
{
	a->share = (a->left + pieces - 1) / pieces;
}

/* those of a piece; a: may be NULL */
static inline void
ppdl_ahead_piece(PpdlAhead *a)
{
	for (size_t want = a != NULL ? a->share : 0; want > 0 && a->at < a->count; )
	{
		const char *p = a->p[a->at];
		const size_t lines = want < a->lines[a->at] ? want : a->lines[a->at];

		for (size_t i = 0; i < lines; i++)
			__builtin_prefetch(p + 64 * i, 0, 2);
		a->p[a->at] = p + 64 * lines;
		a->lines[a->at] -= lines;
		a->at += a->lines[a->at] == 0;
		want -= lines;
	}
}

#endif
