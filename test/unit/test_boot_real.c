/* Bootstrapping at the real degree, N = 2^16.  Run on the optimised objects: the keys alone take a gigabyte. */
#include "boot_fixture.h"

static void
steps_real(void **state)
{
	encapsulation(16, 2, 22);
	coeffs_to_slots(16, 2, 26);
	eval_mod(16, 2, 18);
}

static void
half_bootstrap_real(void **state)
{
	half_bootstrap(16, 2, 18);
}

static void
sparse_bootstrap_real(void **state)
{
	sparse_bootstrap(16, 2, 256, 2, 18);
}

static void
full_bootstrap_real(void **state)
{
	full_bootstrap(16, 2, 2, 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_real),
		cmocka_unit_test(half_bootstrap_real),
		cmocka_unit_test(sparse_bootstrap_real),
		cmocka_unit_test(full_bootstrap_real),
	};

	return cmocka_run_group_tests(tests, NULL, boot_tear_down);
}
