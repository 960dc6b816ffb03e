/*
 * What stated errors are worth, at real parameters: prints `name<TAB>value<TAB>unit<TAB>note`, and the histogram of
 * both sides.  Random networks on packed rows, complete batches and scattered ones, and random sums
 * (test/unit/random_nets.h says what they are); PPDL_TEST_SEED repeats a run.
 */
#include <complex.h>

#include "bench.h"

#include "../unit/estimate_real.h"

#define NETS 120
#define SUMS 180

int
main(void)
{
	static RealRing ring;
	static Tally t;
	const char *given = getenv("PPDL_TEST_SEED");
	uint64_t	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);
	int			networks;

	real_start(&ring, seed);
	for (int i = 0; i < repeats(NETS); i++)
		real_network(&ring, (NetKind) (i % NET_MIXED), &t);
	networks = t.count;
	for (int i = 0; i < repeats(SUMS); i++)
		real_sum(&ring, &t);
	printf("seed %llu\n", (unsigned long long) seed);
	tally_print(&t, stdout);
	printf("estimate_worst_sigma\t%.3g\tsigma\tlargest error of %d networks and %d sums, in stated deviations\n",
		   tally_quantile(t.sigma, t.count, 1), networks, repeats(SUMS));
	printf("estimate_median_slack_bits\t%.3g\tbits\tthat the stated deviation is above the true one\n",
		   tally_quantile(t.slack, t.count, 0.5));
	printf("estimate_slack_bits_9_of_10\t%.3g\tbits\tthe same, of nine in ten\n",
		   tally_quantile(t.slack, t.count, 0.9));
	real_end(&ring);
	return 0;
}
