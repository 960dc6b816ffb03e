/*
 * Private to the floor: values in runs.  What has period P in its slots is a polynomial in X^(slots/P), whose values at
 * the roots, in bit-reversed order, are equal in runs of slots/P: one of each run is kept.
 */
#ifndef PPDL_CKKS_RUNS_H
#define PPDL_CKKS_RUNS_H

#include "ckks/params.h"

/* log2 of a run, of slots of that period, a power of two; eight values or more are kept, as transforms ask for */
static inline int
ppdl_runs_log(const PpdlParams *par, size_t period)
{
	const int	run = __builtin_ctzll((unsigned long long) (par->slots / period));

	return run < par->logn - 3 ? run : par->logn - 3;
}

/* entries from .. from+n-1 of a limb of which one in 2^logrun is kept; n and from: multiples of a run, or within one */
static inline void
ppdl_runs_expand(uint64_t *out, const uint64_t *kept, int logrun, size_t from, size_t n)
{
	const size_t run = (size_t) 1 << logrun;
	const uint64_t *p = kept + (from >> logrun);

	if (run >= n)
		for (size_t i = 0; i < n; i++)
			out[i] = *p;
	else
		for (size_t i = 0; i < n; i += run, p++)
			for (size_t k = 0; k < run; k++)
				out[i + k] = *p;
}

#endif
