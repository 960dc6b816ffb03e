/* Private to the ring floor: the permutations of automorphisms, kept with their ring. */
#ifndef PPDL_RING_AUTOM_H
#define PPDL_RING_AUTOM_H

#include "ring/ring.h"

PpdlAutomCache *ppdl_autom_cache_create(void);	/* NULL when out of memory */
void		ppdl_autom_cache_destroy(PpdlAutomCache *cache);	/* NULL is allowed */

#endif
