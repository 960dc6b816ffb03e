/*
 * Memory of the core.  A pool owns every buffer taken from it; destroying the
 * pool frees them all, so a caller that is thrown out by an error (or, in
 * PostgreSQL, by a longjmp between two core calls) loses nothing as long as it
 * destroys the pool.  Buffers are 64-byte aligned and are kept for reuse by
 * size when released.  A pool belongs to one thread.
 */
#ifndef PPDL_BASE_MEM_H
#define PPDL_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct PpdlPool PpdlPool;

PpdlPool   *ppdl_pool_create(void);	/* NULL when out of memory */
void		ppdl_pool_destroy(PpdlPool *pool);	/* frees everything; NULL is allowed */

/* bytes of uninitialised, 64-byte aligned memory; NULL when out of memory */
void	   *ppdl_pool_get(PpdlPool *pool, size_t bytes);
/* gives a buffer back for reuse; NULL is allowed */
void		ppdl_pool_put(PpdlPool *pool, void *buf);
/* frees the buffers that are waiting for reuse */
void		ppdl_pool_trim(PpdlPool *pool);
/* bytes now held from the operating system, in use or waiting */
size_t		ppdl_pool_bytes(const PpdlPool *pool);
size_t		ppdl_pool_peak(const PpdlPool *pool);

/*
 * Room in an array of elements of `each` bytes, of which `used` are in use and *cap have room, for one more.  What is
 * new is undefined; after an error (PPDL_ERR_NOMEM) all is as before.
 */
PpdlStatus	ppdl_grow(void **array, size_t each, uint32_t used, uint32_t *cap, PpdlError *err);

/* 64-byte aligned memory outside any pool, released with ppdl_free_aligned */
void	   *ppdl_alloc_aligned(size_t bytes);
void		ppdl_free_aligned(void *p);
/* wipes with OPENSSL_cleanse, then frees; for secrets */
void		ppdl_free_secret(void *p, size_t bytes);

/*
 * Zeroed pages of their own for keys and passphrases: left out of core dumps and, where limits allow, never swapped
 * out. NULL when out of memory.  Released with ppdl_lock_free, with the same size, which wipes.
 */
void	   *ppdl_lock_alloc(size_t bytes);
void		ppdl_lock_free(void *p, size_t bytes);
/*
 * From here on no core of this process, and no other process of the same user may look into it.  0 when the system
 * refuses.
 */
int			ppdl_forbid_dumps(void);

#endif
