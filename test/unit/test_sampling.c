/* Samples: what they find, against counting, and that they are drawn evenly. */
#include "rows_util.h"

#include "stats/sampling.h"

/* by going through all samples of m out of n, as bits; the first d rows are wrong */
static double
counted(int n, int m, int d)
{
	int			all = 0,
				found = 0;

	for (unsigned s = 0; s < 1u << n; s++)
		if (__builtin_popcount(s) == m)
		{
			all++;
			found += (s & ((1u << d) - 1)) != 0;
		}
	return (double) found / all;
}

static void
finds(void **state)
{
	for (int n = 1; n <= 10; n++)
		for (int m = 0; m <= n; m++)
			for (int d = 0; d <= n; d++)
				assert_true(fabs(ppdl_sample_finds(n, m, d) - counted(n, m, d)) < 1e-12);
	/* 300 rows find a server that cheats on one percent of the rows */
	assert_true(fabs(ppdl_sample_finds(1000000, 300, 10000) - 0.95099) < 1e-4);
	assert_true(ppdl_sample_finds(UINT64_C(1) << 40, 300, UINT64_C(1) << 39) > 0.999999);
	assert_true(ppdl_sample_finds(1000000, 1000000, 1) == 1);
}

static void
detects(void **state)
{
	test_seed("detects");
	for (int i = 0; i < 200; i++)
	{
		const uint64_t n = 1 + (uint64_t) test_below(100000),
					m = (uint64_t) test_below((int) n + 1);
		const double p = 0.5 + test_below(50) / 100.0;
		const uint64_t d = ppdl_sample_detects(n, m, p);

		if (d == 0)
		{
			assert_true(ppdl_sample_finds(n, m, n) < p);
			continue;
		}
		assert_true(ppdl_sample_finds(n, m, d) >= p);
		assert_true(d == 1 || ppdl_sample_finds(n, m, d - 1) < p);
	}
	assert_int_equal(ppdl_sample_detects(0, 0, 0.95), 0);
	assert_int_equal(ppdl_sample_detects(10, 0, 0.95), 0);
}

/* each pair of five comes as often as any other */
static void
draws(void **state)
{
	PpdlRng    *rng;
	uint32_t	out[64];
	int			seen[5][5] = {{0}};

	test_seed("draws");
	rng = test_rng();
	for (int i = 0; i < 10000; i++)
	{
		OK(ppdl_sample_draw(out, 2, 5, rng, ERR));
		assert_true(out[0] < out[1] && out[1] < 5);
		seen[out[0]][out[1]]++;
	}
	/* a binomial of 10,000 and 1/10: deviation 30 */
	for (int i = 0; i < 5; i++)
		for (int k = i + 1; k < 5; k++)
			assert_in_range(seen[i][k], 820, 1180);
	OK(ppdl_sample_draw(out, 64, 64, rng, ERR));
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(out[i], i);
	ppdl_rng_destroy(rng);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(detects),
		cmocka_unit_test(draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
