/*
 * What a random sample finds: of n rows m are looked at, drawn without replacement, and d are wrong (the hypergeometric
 * distribution).
 */
#ifndef PPDL_STATS_SAMPLING_H
#define PPDL_STATS_SAMPLING_H

#include <stdint.h>

#include "base/error.h"
#include "ring/random.h"

/* probability that at least one of d wrong rows is in the sample; m, d <= n */
double		ppdl_sample_finds(uint64_t n, uint64_t m, uint64_t d);
/* the fewest wrong rows of n that a sample of m finds with this probability at least; 0: not even n */
uint64_t	ppdl_sample_detects(uint64_t n, uint64_t m, double probability);
/* m different numbers below n, in ascending order, all sets alike probable; m <= n; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_sample_draw(uint32_t *out, uint32_t m, uint32_t n, PpdlRng *rng, PpdlError *err);

#endif
