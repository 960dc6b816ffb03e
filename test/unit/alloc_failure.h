/*
 * Allocations that fail on demand.  Programs that include this are linked with
 * --wrap for the functions below (Makefile), so every allocation that the core
 * makes itself comes through here; jansson's does, too, after hook_json().  What the core
 * frees or leaves behind is counted by address.
 */
#ifndef TEST_ALLOC_FAILURE_H
#define TEST_ALLOC_FAILURE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define LIVE_SLOTS (1 << 18)
#define DELETED ((void *) 1)

static long alloc_count,			/* allocations since alloc_fail_at() */
			alloc_fail_first,		/* the first that fails, from 1; 0: none */
			alloc_fail_last,
			alloc_live;
static int	alloc_failed,		/* did one fail? */
			alloc_failed_json,	/* was the first one jansson's? */
			/*
			 * jansson 2.14 frees a wrong address when its lexer runs out of memory, and prints without a check for
			 * loops: not tried
			 */
			alloc_in_json_text,
			alloc_tracking;
static void *alloc_slot[LIVE_SLOTS];

void	   *__real_malloc(size_t n);
void	   *__real_calloc(size_t n, size_t size);
void	   *__real_realloc(void *p, size_t n);
int			__real_posix_memalign(void **out, size_t align, size_t n);
char	   *__real_strdup(const char *s);
char	   *__real_strndup(const char *s, size_t n);
void		__real_free(void *p);
json_t	   *__real_json_loads(const char *text, size_t flags, json_error_t *e);
json_t	   *__real_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e);
void	   *__wrap_malloc(size_t n);
void	   *__wrap_calloc(size_t n, size_t size);
void	   *__wrap_realloc(void *p, size_t n);
int			__wrap_posix_memalign(void **out, size_t align, size_t n);
char	   *__wrap_strdup(const char *s);
char	   *__wrap_strndup(const char *s, size_t n);
void		__wrap_free(void *p);
char	   *__real_json_dumps(const json_t *v, size_t flags);
char	   *__wrap_json_dumps(const json_t *v, size_t flags);
json_t	   *__wrap_json_loads(const char *text, size_t flags, json_error_t *e);
json_t	   *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e);

static size_t
slot_of(const void *p)
{
	return (size_t) (((uintptr_t) p >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 46) % LIVE_SLOTS;
}

static void
remember(void *p)
{
	size_t		i = slot_of(p);

	if (p == NULL || !alloc_tracking)
		return;
	while (alloc_slot[i] != NULL && alloc_slot[i] != DELETED)
		i = (i + 1) % LIVE_SLOTS;
	alloc_slot[i] = p;
	alloc_live++;
}

static void
forget(void *p)
{
	if (p == NULL)
		return;
	for (size_t i = slot_of(p); alloc_slot[i] != NULL; i = (i + 1) % LIVE_SLOTS)
		if (alloc_slot[i] == p)
		{
			alloc_slot[i] = DELETED;
			alloc_live--;
			return;
		}
}

/* does this allocation fail? */
static int
refuse(void)
{
	if (alloc_in_json_text)
		return 0;
	alloc_count++;
	if (alloc_fail_first == 0 || alloc_count < alloc_fail_first || alloc_count > alloc_fail_last)
		return 0;
	alloc_failed = 1;
	errno = ENOMEM;
	return 1;
}

void *
__wrap_malloc(size_t n)
{
	void	   *p = refuse() ? NULL : __real_malloc(n);

	remember(p);
	return p;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	void	   *p = refuse() ? NULL : __real_calloc(n, size);

	remember(p);
	return p;
}

void *
__wrap_realloc(void *old, size_t n)
{
	void	   *p;

	if (refuse())
		return NULL;
	forget(old);
	p = __real_realloc(old, n);
	remember(p);
	return p;
}

int
__wrap_posix_memalign(void **out, size_t align, size_t n)
{
	int			rc = refuse() ? ENOMEM : __real_posix_memalign(out, align, n);

	if (rc == 0)
		remember(*out);
	return rc;
}

char *
__wrap_strdup(const char *s)
{
	char	   *p = refuse() ? NULL : __real_strdup(s);

	remember(p);
	return p;
}

char *
__wrap_strndup(const char *s, size_t n)
{
	char	   *p = refuse() ? NULL : __real_strndup(s, n);

	remember(p);
	return p;
}

void
__wrap_free(void *p)
{
	forget(p);
	__real_free(p);
}

json_t *
__wrap_json_loads(const char *text, size_t flags, json_error_t *e)
{
	json_t	   *v;

	alloc_in_json_text = 1;
	v = __real_json_loads(text, flags, e);
	alloc_in_json_text = 0;
	return v;
}

json_t *
__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e)
{
	json_t	   *v;

	alloc_in_json_text = 1;
	v = __real_json_loadb(text, len, flags, e);
	alloc_in_json_text = 0;
	return v;
}

char *
__wrap_json_dumps(const json_t *v, size_t flags)
{
	char	   *text;

	alloc_in_json_text = 1;
	text = __real_json_dumps(v, flags);
	alloc_in_json_text = 0;
	return text;
}

static void *
json_malloc(size_t n)
{
	int			before = alloc_failed;
	void	   *p = __wrap_malloc(n);

	alloc_failed_json |= alloc_failed && !before;
	return p;
}

static inline void
hook_json(void)
{
	json_set_alloc_funcs(json_malloc, __wrap_free);
}

/* from now on allocations first .. last fail, counted from 1; 0: none */
static inline void
alloc_fail_at(long first, long last)
{
	memset(alloc_slot, 0, sizeof(alloc_slot));
	alloc_count = alloc_live = 0;
	alloc_failed = alloc_failed_json = 0;
	alloc_fail_first = first;
	alloc_fail_last = last;
	alloc_tracking = 1;
}

static inline void
alloc_fail_end(void)
{
	alloc_fail_first = 0;
	alloc_tracking = 0;
}

#endif
