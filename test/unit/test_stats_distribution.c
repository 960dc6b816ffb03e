/*
 * Tails and quantiles: published tables, closed forms, identities, and values by hypergeometric series in decimals of
 * 80 digits.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/prng.h"
#include "stats/distribution.h"

#define CLOSE 1e-10

static void
check_close(double is, double should, double part)
{
	if (!(fabs(is - should) <= part * fabs(should)))
		fail_msg("%.17g instead of %.17g", is, should);
}

static void
test_series(void **state)
{
	static const double t[][3] = {
		{0.1, 3, 9.26652348800805828909e-1}, {1.5, 5, 1.93903680242473432133e-1},
		{4.781, 10, 7.44608421211363264831e-4}, {12.5, 1, 5.08213473322317910195e-2},
		{30, 7, 1.17884688807331401220e-8}, {2, 30, 5.46250449629831039205e-2},
		{3.3, 101, 1.33656362851237069224e-3}, {60, 200, 7.71157858405662779235e-130},
		{0.001, 4, 9.99250000156249958984e-1}, {5, 1000, 6.76725636464863038186e-7}
	};
	static const double chi2[][3] = {
		{0.001, 1, 9.74772879369960388542e-1}, {100, 1, 1.52397060483210521319e-23},
		{1, 9, 9.99437502697832498450e-1}, {250, 100, 7.76693640353917707005e-15},
		{90, 100, 7.53197965599829727286e-1}, {1e-6, 3, 9.99999999734038559521e-1}
	};
	static const double f[][4] = {
		{0.5, 3, 7, 6.94036387568813723891e-1}, {0.01, 2, 9, 9.90060818093807203737e-1},
		{100, 3, 7, 4.13042210138335509408e-6}, {1.2, 60, 80, 2.21703864353637489275e-1},
		{1.9, 31, 200, 4.70970858758530515264e-3}, {25, 9, 33, 2.85994665420105558193e-12}
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		check_close(ppdl_t_two_sided(-t[i][0], t[i][1]), t[i][2], CLOSE);
	for (size_t i = 0; i < sizeof chi2 / sizeof *chi2; i++)
		check_close(ppdl_chi2_tail(chi2[i][0], chi2[i][1]), chi2[i][2], CLOSE);
	for (size_t i = 0; i < sizeof f / sizeof *f; i++)
		check_close(ppdl_f_tail(f[i][0], f[i][1], f[i][2]), f[i][3], CLOSE);
	check_close(ppdl_normal_tail(0.5), 3.08537538725986896362e-1, CLOSE);
	check_close(ppdl_normal_tail(3), 1.34989803163009452665e-3, CLOSE);
	check_close(ppdl_normal_tail(10), 7.61985302416052606597e-24, CLOSE);
}

/* the tables of textbooks (Student 1908 and after; Fisher and Yates), to their digits */
static void
test_tables(void **state)
{
	static const double t[][3] = {		/* probability within, df, t */
		{0.95, 1, 12.706}, {0.95, 2, 4.303}, {0.95, 5, 2.571}, {0.95, 10, 2.228}, {0.95, 30, 2.042},
		{0.95, 120, 1.980}, {0.99, 4, 4.604}, {0.99, 20, 2.845}, {0.90, 7, 1.895}, {0.999, 9, 4.781}
	};
	static const double chi2[][3] = {
		{3.841, 1, 0.05}, {5.991, 2, 0.05}, {18.307, 10, 0.05}, {6.635, 1, 0.01}, {50.892, 30, 0.01}, {3.940, 10, 0.95}
	};
	static const double f[][4] = {
		{4.96, 1, 10, 0.05}, {3.33, 5, 10, 0.05}, {2.35, 10, 20, 0.05}, {4.10, 5, 20, 0.01}, {2.98, 10, 30, 0.01}
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_true(fabs(ppdl_t_within(t[i][0], t[i][1]) - t[i][2]) <= 0.0005);
	for (size_t i = 0; i < sizeof chi2 / sizeof *chi2; i++)
		check_close(ppdl_chi2_tail(chi2[i][0], chi2[i][1]), chi2[i][2], 5e-4);
	for (size_t i = 0; i < sizeof f / sizeof *f; i++)
		check_close(ppdl_f_tail(f[i][0], f[i][1], f[i][2]), f[i][3], 1e-2);
	check_close(ppdl_normal_tail(1.959963984540054), 0.025, CLOSE);
}

/* t of 1 and 2 degrees of freedom, chi-squared of an even number, F of 2 */
static void
test_closed_forms(void **state)
{
	PpdlPrng	rng;

	(void) state;
	ppdl_prng_init(&rng, 20, 3);
	for (int i = 0; i < 200; i++)
	{
		double		x = exp(8 * ppdl_prng_uniform(&rng) - 4),
					df = floor(exp(6 * ppdl_prng_uniform(&rng))),
					term = exp(-x),
					sum = 0;

		check_close(ppdl_t_tail(x, 1), atan(1 / x) / M_PI, CLOSE);
		/* 1 - x / sqrt(x^2 + 2), without cancellation */
		check_close(ppdl_t_two_sided(x, 2), 2 / (sqrt(x * x + 2) * (sqrt(x * x + 2) + x)), CLOSE);
		check_close(ppdl_f_tail(x, 2, df), exp(-df / 2 * log1p(2 * x / df)), CLOSE);
		for (int k = 1; k <= 5; term *= x / k, k++)
			sum += term;
		check_close(ppdl_chi2_tail(2 * x, 10), sum, CLOSE);
	}
}

static void
test_identities(void **state)
{
	PpdlPrng	rng;

	(void) state;
	ppdl_prng_init(&rng, 21, 3);
	for (int i = 0; i < 300; i++)
	{
		double		a = exp(12 * ppdl_prng_uniform(&rng) - 2),
					b = exp(12 * ppdl_prng_uniform(&rng) - 2),
					x = ppdl_prng_uniform(&rng) * 0.999,
					t = 3 * ppdl_prng_normal(&rng),
					g = a + sqrt(a) * 4 * ppdl_prng_normal(&rng);

		check_close(ppdl_beta_i(a, b, x, 1 - x) + ppdl_beta_i(b, a, 1 - x, x), 1, CLOSE);
		check_close(ppdl_f_tail(t * t, 1, a), ppdl_t_two_sided(t, a), CLOSE);
		check_close(ppdl_t_tail(t, a) + ppdl_t_tail(-t, a), 1, CLOSE);
		check_close(ppdl_chi2_tail(t * t, 1), erfc(fabs(t) / sqrt(2)), CLOSE);
		if (g > 0)
		{
			check_close(ppdl_gamma_p(a, g) + ppdl_gamma_q(a, g), 1, CLOSE);
			/* P(a, x) - P(a + 1, x) = x^a e^-x / Gamma(a + 1) */
			if (a < 100)
				assert_true(fabs(ppdl_gamma_q(a + 1, g) - ppdl_gamma_q(a, g) - exp(a * log(g) - g - lgamma(a + 1))) <
							1e-13);
		}
	}
}

static void
test_quantiles(void **state)
{
	static const double levels[] = {1e-9, 0.01, 0.5, 0.9, 0.95, 0.999999};

	(void) state;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		for (double df = 1; df < 1e7; df *= 3.7)
		{
			double		x = ppdl_t_within(levels[i], df);

			if (levels[i] > 0.1)
				check_close(ppdl_t_two_sided(x, df), 1 - levels[i], CLOSE);
			else
				check_close(ppdl_beta_i(0.5, df / 2, x * x / (df + x * x), df / (df + x * x)), levels[i], CLOSE);
		}
	/* t of 1: tan; of very many: normal (Cornish and Fisher's first term) */
	check_close(ppdl_t_within(0.95, 1), tan(M_PI * 0.475), CLOSE);
	check_close(ppdl_t_within(0.95, 1e13), 1.959963984540054, CLOSE);
	check_close(ppdl_t_within(0.95, 1e8), 1.959963984540054 + (pow(1.959963984540054, 3) + 1.959963984540054) / 4e8,
				CLOSE);
}

static void
test_ends(void **state)
{
	(void) state;
	assert_true(ppdl_t_two_sided(0, 5) == 1 && ppdl_t_two_sided(INFINITY, 5) == 0);
	assert_true(ppdl_chi2_tail(0, 4) == 1 && ppdl_chi2_tail(INFINITY, 4) == 0 && ppdl_chi2_tail(1e6, 4) == 0);
	assert_true(ppdl_f_tail(0, 2, 3) == 1 && ppdl_f_tail(INFINITY, 2, 3) == 0);
	assert_true(isnan(ppdl_t_two_sided(NAN, 5)) && isnan(ppdl_t_two_sided(1, 0)) && isnan(ppdl_t_two_sided(1, -2)));
	assert_true(isnan(ppdl_chi2_tail(1, 0)) && isnan(ppdl_chi2_tail(NAN, 3)) && isnan(ppdl_f_tail(1, 0, 3)));
	assert_true(isnan(ppdl_t_within(0, 3)) && isnan(ppdl_t_within(1, 3)) && isnan(ppdl_t_within(0.5, NAN)));
	/* far below what 1 - P could say */
	check_close(ppdl_gamma_p(0.5, 1e-30), 2e-15 / sqrt(M_PI), CLOSE);
	check_close(ppdl_beta_i(2, 3, 1e-100, 1), 6e-200, CLOSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_closed_forms),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
