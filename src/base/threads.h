/*
 * A pool of worker threads for loops whose tasks are independent.  Workers
 * block every signal and call nothing but the core.  A pool of one thread runs
 * the loop in the caller; a NULL pool does the same.
 */
#ifndef PPDL_BASE_THREADS_H
#define PPDL_BASE_THREADS_H

#include "base/error.h"

typedef struct PpdlThreads PpdlThreads;

/* threads includes the caller; 1..256 */
PpdlStatus	ppdl_threads_create(PpdlThreads **out, int threads, PpdlError *err);
void		ppdl_threads_destroy(PpdlThreads *t);	/* joins the workers; NULL is allowed */
int			ppdl_threads_count(const PpdlThreads *t);

/* Calls fn(arg, i) for every 0 <= i < n, in any order, and returns when all are done. Not reentrant from inside fn. */
void		ppdl_parallel_for(PpdlThreads *t, int n, void (*fn) (void *arg, int i), void *arg);
/*
 * The same; once the caller has no more tasks to take, it calls attend(arg) every millisecond until the others are
 * done.
 */
void		ppdl_parallel_for_attended(PpdlThreads *t, int n, void (*fn) (void *arg, int i), void (*attend) (void *arg),
									   void *arg);

#endif
