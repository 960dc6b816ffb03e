/*
 * Values that are computed from secrets and yet are public: each place that
 * branches on one says so, with the reason.  The test of constant time
 * (test/ctime) marks secrets as undefined and listens here; nothing else does, and
 * without a listener nothing happens.
 */
#ifndef PPDL_BASE_DECLASSIFY_H
#define PPDL_BASE_DECLASSIFY_H

#include <stddef.h>

/* NULL but in that test, which sets it before anything else */
extern void (*ppdl_declassify_hook) (const void *p, size_t bytes);

static inline void
ppdl_declassify(const void *p, size_t bytes)
{
	if (__builtin_expect(ppdl_declassify_hook != NULL, 0))
		ppdl_declassify_hook(p, bytes);
}

#endif
