#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* Every buffer is preceded by one 64-byte block that links it into its pool. */
typedef struct Block
{
	struct Block *prev,
			   *next;
	size_t		bytes;			/* of the payload */
	int			free;
} Block;

#define HEADER 64
#define HUGE_PAGE ((size_t) 2 << 20)

_Static_assert(sizeof(Block) <= HEADER, "pool header must fit its block");

struct PpdlPool
{
	Block		used;			/* sentinels of two rings */
	Block		idle;
	size_t		bytes,
				peak;
};

PpdlStatus
ppdl_grow(void **array, size_t each, uint32_t used, uint32_t *cap, PpdlError *err)
{
	const uint32_t more = *cap > 0 ? 2 * *cap : 1;
	void	   *p;

	if (used < *cap)
		return PPDL_OK;
	p = more > *cap ? realloc(*array, more * each) : NULL;
	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	*array = p;
	*cap = more;
	return PPDL_OK;
}

void *
ppdl_alloc_aligned(size_t bytes)
{
	void	   *p;

	if (bytes == 0)
		bytes = 1;
#ifdef MADV_HUGEPAGE
	/* faults on small pages, and walks through their tables, otherwise cost as much as some of the arithmetic */
	size_t		whole = bytes > SIZE_MAX - HUGE_PAGE ? 0 : (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	if (whole != 0 && whole - bytes <= bytes / 8)
		bytes = whole;
	if (bytes >= 2 * HUGE_PAGE || bytes == whole)
	{
		if (posix_memalign(&p, HUGE_PAGE, bytes) != 0)
			return NULL;
		madvise(p, bytes, MADV_HUGEPAGE);
		return p;
	}
#endif
	if (posix_memalign(&p, 64, bytes) != 0)
		return NULL;
	return p;
}

void
ppdl_free_aligned(void *p)
{
	free(p);
}

void
ppdl_free_secret(void *p, size_t bytes)
{
	if (p == NULL)
		return;
	OPENSSL_cleanse(p, bytes);
	free(p);
}

static size_t
whole_pages(size_t bytes)
{
	const size_t page = (size_t) sysconf(_SC_PAGESIZE);

	return bytes > SIZE_MAX - page ? 0 : (bytes + page - 1) / page * page;
}

void *
ppdl_lock_alloc(size_t bytes)
{
	const size_t pages = whole_pages(bytes > 0 ? bytes : 1);
	void	   *p = pages == 0 ? MAP_FAILED : mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
												   0);

	if (p == MAP_FAILED)
		return NULL;
#ifdef MADV_DONTDUMP
	madvise(p, pages, MADV_DONTDUMP);
#endif
	/* RLIMIT_MEMLOCK may be small: a key that can be swapped out is better than none */
	(void) !mlock(p, pages);
	return p;
}

void
ppdl_lock_free(void *p, size_t bytes)
{
	const size_t pages = whole_pages(bytes > 0 ? bytes : 1);

	if (p == NULL)
		return;
	OPENSSL_cleanse(p, pages);
	munmap(p, pages);
}

int
ppdl_forbid_dumps(void)
{
	const struct rlimit none = {0, 0};
	int			ok = setrlimit(RLIMIT_CORE, &none) == 0;

#ifdef PR_SET_DUMPABLE
	ok &= prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
#endif
	return ok;
}

static void
unlink_block(Block *b)
{
	b->prev->next = b->next;
	b->next->prev = b->prev;
}

static void
link_block(Block *ring, Block *b)
{
	b->next = ring->next;
	b->prev = ring;
	ring->next->prev = b;
	ring->next = b;
}

PpdlPool *
ppdl_pool_create(void)
{
	PpdlPool   *pool = calloc(1, sizeof(PpdlPool));

	if (pool == NULL)
		return NULL;
	pool->used.prev = pool->used.next = &pool->used;
	pool->idle.prev = pool->idle.next = &pool->idle;
	return pool;
}

static void
free_ring(PpdlPool *pool, Block *ring)
{
	while (ring->next != ring)
	{
		Block	   *b = ring->next;

		unlink_block(b);
		pool->bytes -= b->bytes;
		free(b);
	}
}

void
ppdl_pool_trim(PpdlPool *pool)
{
	free_ring(pool, &pool->idle);
}

void
ppdl_pool_destroy(PpdlPool *pool)
{
	if (pool == NULL)
		return;
	free_ring(pool, &pool->used);
	free_ring(pool, &pool->idle);
	free(pool);
}

/* the smallest idle block that fits and wastes no more than a third of itself */
static Block *
find_idle(PpdlPool *pool, size_t bytes)
{
	Block	   *best = NULL;

	for (Block *b = pool->idle.next; b != &pool->idle; b = b->next)
		if (b->bytes >= bytes && b->bytes - bytes <= b->bytes / 3 && (best == NULL || b->bytes < best->bytes))
			best = b;
	return best;
}

void *
ppdl_pool_get(PpdlPool *pool, size_t bytes)
{
	Block	   *b;

	bytes = (bytes + 63) & ~(size_t) 63;
	b = find_idle(pool, bytes);
	if (b != NULL)
	{
		unlink_block(b);
		link_block(&pool->used, b);
		b->free = 0;
		return (char *) b + HEADER;
	}
	b = ppdl_alloc_aligned(HEADER + bytes);
	if (b == NULL)
	{
		ppdl_pool_trim(pool);
		b = ppdl_alloc_aligned(HEADER + bytes);
		if (b == NULL)
			return NULL;
	}
	b->bytes = bytes;
	b->free = 0;
	link_block(&pool->used, b);
	pool->bytes += bytes;
	if (pool->bytes > pool->peak)
		pool->peak = pool->bytes;
	return (char *) b + HEADER;
}

void
ppdl_pool_put(PpdlPool *pool, void *buf)
{
	Block	   *b;

	if (buf == NULL)
		return;
	b = (Block *) ((char *) buf - HEADER);
	PPDL_ASSERT(!b->free);
	b->free = 1;
	unlink_block(b);
	link_block(&pool->idle, b);
}

size_t
ppdl_pool_bytes(const PpdlPool *pool)
{
	return pool->bytes;
}

size_t
ppdl_pool_peak(const PpdlPool *pool)
{
	return pool->peak;
}
