/*
 * Stated errors against true ones at real parameters: networks on packed rows, complete batches and scattered ones, and
 * sums.
 */
#include <complex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static PpdlError err;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
			fail_msg("%s: %s", #expr, err.message); \
	} while (0)

#include "estimate_real.h"

#define NETS 36
#define SUMS 60

static int
set_up(void **state)
{
	static RealRing ring;

	real_start(&ring, nets_seed());
	*state = &ring;
	return 0;
}

static int
tear_down(void **state)
{
	real_end(*state);
	return 0;
}

/* three bits for nine of ten: of so few, eight of ten, as some runs draw more of the others (test_estimate has more) */
static void
check_tally(Tally *t)
{
	tally_print(t, stdout);
	/* of 10^5 values, some of which have Laplace's distribution */
	assert_true(tally_quantile(t->sigma, t->count, 1) <= 8);
	assert_true(tally_quantile(t->slack, t->count, 0.8) <= 3);
	assert_true(tally_quantile(t->slack, t->count, 0.5) <= 2);
}

static void
networks(void **state)
{
	static Tally t;
	int			refused = 0;

	for (int i = 0; i < NETS; i++)
		refused += !real_network(*state, (NetKind) (i % NET_MIXED), &t);
	printf("%d networks, %d more refused\n", t.count, refused);
	assert_true(refused < NETS / 3);
	check_tally(&t);
}

static void
sums(void **state)
{
	static Tally t;

	for (int i = 0; i < SUMS; i++)
		real_sum(*state, &t);
	check_tally(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks),
		cmocka_unit_test(sums),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
