/* What the benchmarks share. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

static PpdlError err __attribute__((unused));

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
		{ \
			fprintf(stderr, "%s: %s\n", #expr, err.message); \
			exit(1); \
		} \
	} while (0)

/* how often a figure is measured: n times, or once where that is only to show that it can be (make check) */
static inline int
repeats(int n)
{
	return getenv("PPDL_BENCH_ONCE") != NULL ? 1 : n;
}

static inline double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* processor time of all threads */
static inline double
now(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* of the calling thread */
static inline double
thread_now(void)
{
	return seconds(CLOCK_THREAD_CPUTIME_ID);
}

#endif
