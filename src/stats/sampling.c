#include "stats/sampling.h"

#include <math.h>

double
ppdl_sample_finds(uint64_t n, uint64_t m, uint64_t d)
{
	const uint64_t few = m < d ? m : d,
				many = m < d ? d : m;
	double		missed = 0;

	if (m + d > n)
		return m > 0 && d > 0;
	/* C(n - d, m) / C(n, m), the same with m and d exchanged */
	for (uint64_t i = 0; i < few && missed > -750; i++)
		missed += log1p(-(double) many / (double) (n - i));
	return -expm1(missed);
}

uint64_t
ppdl_sample_detects(uint64_t n, uint64_t m, double probability)
{
	uint64_t	lo = 1,
				hi = n;

	if (n == 0 || ppdl_sample_finds(n, m, n) < probability)
		return 0;
	while (lo < hi)
	{
		const uint64_t mid = lo + (hi - lo) / 2;

		if (ppdl_sample_finds(n, m, mid) >= probability)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* uniform below n, by rejection */
static PpdlStatus
draw_below(uint32_t *out, uint32_t n, PpdlRng *rng, PpdlError *err)
{
	const uint32_t limit = UINT32_MAX - UINT32_MAX % n;

	do
		PPDL_TRY(ppdl_rng_bytes(rng, (uint8_t *) out, sizeof *out, err));
	while (*out >= limit);
	*out %= n;
	return PPDL_OK;
}

/*
 * selection sampling: row i is taken with the probability of what is still wanted among what is left (Knuth 3.4.2, S)
 */
PpdlStatus
ppdl_sample_draw(uint32_t *out, uint32_t m, uint32_t n, PpdlRng *rng, PpdlError *err)
{
	uint32_t	taken = 0;

	for (uint32_t i = 0; taken < m; i++)
	{
		uint32_t	r;

		PPDL_TRY(draw_below(&r, n - i, rng, err));
		if (r < m - taken)
			out[taken++] = i;
	}
	return PPDL_OK;
}
