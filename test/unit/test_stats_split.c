/* Folds: no group on both sides, each fold with its share of each class, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/prng.h"
#include "stats/split.h"

#define MOST 400
#define CLASSES 4
#define FOLDS 6

static PpdlError err;

typedef struct Case
{
	long		n;
	int			classes,
				folds,
				ngroups;
	int			truth[MOST],
				group[MOST],
				fold[MOST];
} Case;

/* groups of one class each, or of mixed ones; of all sizes; numbered by any ints, rows in any order */
static void
random_case(Case *c, PpdlPrng *r)
{
	int			mixed = (int) ppdl_prng_below(r, 2),
				largest = 1 + (int) ppdl_prng_below(r, 12);
	long		size = 1 + (long) ppdl_prng_below(r, MOST);

	memset(c, 0, sizeof *c);
	c->classes = 1 + (int) ppdl_prng_below(r, CLASSES);
	c->folds = 2 + (int) ppdl_prng_below(r, FOLDS - 1);
	for (; c->n < size; c->ngroups++)
	{
		int			rows = 1 + (int) ppdl_prng_below(r, (uint64_t) largest),
					class = (int) ppdl_prng_below(r, (uint64_t) c->classes);

		for (; rows > 0 && c->n < size; rows--, c->n++)
		{
			c->truth[c->n] = mixed ? (int) ppdl_prng_below(r, (uint64_t) c->classes) : class;
			c->group[c->n] = c->ngroups * 7919 - 1000000;
		}
	}
	for (long i = c->n - 1; i > 0; i--)
	{
		long		j = (long) ppdl_prng_below(r, (uint64_t) i + 1);
		int			truth = c->truth[i],
					group = c->group[i];

		c->truth[i] = c->truth[j];
		c->group[i] = c->group[j];
		c->truth[j] = truth;
		c->group[j] = group;
	}
}

/* rows of a class in a group (-1: in all), a fold (-1: in all) */
static int
count(const Case *c, int class, const int *group, int fold)
{
	int			k = 0;

	for (long i = 0; i < c->n; i++)
		k += (class < 0 || c->truth[i] == class) && (group == NULL || c->group[i] == *group) &&
			(fold < 0 || c->fold[i] == fold);
	return k;
}

/* groups in which a class is (-1: all groups), and the most rows of it that one has */
static int
groups_of(const Case *c, int class, int *most)
{
	int			k = 0;

	*most = 0;
	for (long i = 0; i < c->n; i++)
	{
		int			first = 1,
					rows;

		for (long j = 0; j < i && first; j++)
			first = c->group[j] != c->group[i];
		if (!first)
			continue;
		rows = count(c, class, &c->group[i], -1);
		k += rows > 0;
		*most = rows > *most ? rows : *most;
	}
	return k;
}

static int
can_be_split(const Case *c)
{
	int			most;

	if (groups_of(c, -1, &most) < c->folds)
		return 0;
	for (int k = 0; k < c->classes; k++)
		if (count(c, k, NULL, -1) > 0 && groups_of(c, k, &most) < c->folds)
			return 0;
	return 1;
}

/* most less fewest rows of a class (-1: of all) in a fold */
static int
spread(const Case *c, int class)
{
	int			low = MOST,
				high = 0;

	for (int f = 0; f < c->folds; f++)
	{
		int			k = count(c, class, NULL, f);

		low = k < low ? k : low;
		high = k > high ? k : high;
	}
	return high - low;
}

static void
check_folds(const Case *c)
{
	for (long i = 0; i < c->n; i++)
	{
		assert_in_range(c->fold[i], 0, c->folds - 1);
		for (long j = 0; j < i; j++)
			assert_true(c->group[j] != c->group[i] || c->fold[j] == c->fold[i]);
	}
	for (int k = 0; k < c->classes; k++)
		for (int f = 0; f < c->folds && count(c, k, NULL, -1) > 0; f++)
			assert_true(count(c, k, NULL, f) > 0);
}

static void
random_groups(void **state)
{
	const uint64_t seed = 20261127;
	int			split = 0,
				given_up = 0;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 1000; run++)
	{
		PpdlPrng	r;
		Case		c;
		PpdlStatus	status;

		ppdl_prng_init(&r, seed, run);
		random_case(&c, &r);
		status = ppdl_split_folds(c.fold, c.truth, c.group, c.n, c.folds, run, &err);
		if (!can_be_split(&c))
		{
			assert_int_equal(status, PPDL_ERR_FORMAT);
			assert_non_null(strstr(err.message, "folds"));
			continue;
		}
		if (status != PPDL_OK)
		{
			assert_int_equal(status, PPDL_ERR_FORMAT);
			assert_non_null(strstr(err.message, "no way was found"));
			given_up++;
			continue;
		}
		split++;
		check_folds(&c);
		for (int k = 0; k < c.classes; k++)
		{
			int			most;

			groups_of(&c, k, &most);
			if (spread(&c, k) > 2 * most)
				fail_msg("run %lu: class %d differs by %d rows between folds, its largest group has %d",
						 (unsigned long) run, k, spread(&c, k), most);
		}
	}
	print_message("%d split, %d given up\n", split, given_up);
	assert_true(split > 500 && given_up < 5);
}

/* without groups folds differ by a row at most, in each class and in all */
static void
single_rows(void **state)
{
	const uint64_t seed = 3;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 300; run++)
	{
		PpdlPrng	r;
		Case		c;
		int			fewest = MOST;

		ppdl_prng_init(&r, seed, run);
		random_case(&c, &r);
		for (long i = 0; i < c.n; i++)
			c.group[i] = (int) i;
		for (int k = 0; k < c.classes; k++)
		{
			int			rows = count(&c, k, NULL, -1);

			fewest = rows > 0 && rows < fewest ? rows : fewest;
		}
		assert_int_equal(ppdl_split_folds(c.fold, c.truth, NULL, c.n, c.folds, run, &err),
						 fewest < c.folds ? PPDL_ERR_FORMAT : PPDL_OK);
		if (fewest < c.folds)
			continue;
		check_folds(&c);
		assert_true(spread(&c, -1) <= 1);
		for (int k = 0; k < c.classes; k++)
			assert_true(spread(&c, k) <= 1);
	}
}

static void
seeds(void **state)
{
	PpdlPrng	r;
	Case		c;
	int			first[MOST];

	ppdl_prng_init(&r, 1, 0);
	do
	{
		random_case(&c, &r);
		c.folds = 3;
	}
	while (!can_be_split(&c) || c.n < 100);
	assert_int_equal(ppdl_split_folds(c.fold, c.truth, c.group, c.n, 3, 5, &err), PPDL_OK);
	memcpy(first, c.fold, sizeof first);
	assert_int_equal(ppdl_split_folds(c.fold, c.truth, c.group, c.n, 3, 5, &err), PPDL_OK);
	assert_memory_equal(first, c.fold, (size_t) c.n * sizeof *first);
	assert_int_equal(ppdl_split_folds(c.fold, c.truth, c.group, c.n, 3, 6, &err), PPDL_OK);
	assert_memory_not_equal(first, c.fold, (size_t) c.n * sizeof *first);
}

/* a class that is in as many groups as there are folds, among many of another */
static void
rare_class(void **state)
{
	Case		c = {.n = 300, .classes = 2, .folds = 5};

	for (uint64_t seed = 0; seed < 50; seed++)
	{
		/* groups of 1 to 11 rows; five of them hold a row of class 1 */
		for (int i = 0, g = 0, left = 1; i < 300; i++)
		{
			c.group[i] = g;
			c.truth[i] = left == 1 && g % 10 == 3 && g < 50;
			if (--left == 0)
				left = 1 + ++g % 11;
		}
		assert_int_equal(count(&c, 1, NULL, -1), 5);
		assert_int_equal(ppdl_split_folds(c.fold, c.truth, c.group, c.n, 5, seed, &err), PPDL_OK);
		check_folds(&c);
	}
}

static void
refused(const int *truth, const int *group, long n, int folds, PpdlStatus code, const char *words)
{
	int			fold[8];

	assert_int_equal(ppdl_split_folds(fold, truth, group, n, folds, 1, &err), code);
	if (strstr(err.message, words) == NULL)
		fail_msg("\"%s\" without \"%s\"", err.message, words);
}

static void
what_is_refused(void **state)
{
	static const int truth[] = {0, 0, 0, 0, 1, 1, 1, 1};

	refused(truth, NULL, 8, 1, PPDL_ERR_ARGUMENT, "1 folds");
	refused(truth, NULL, 0, 2, PPDL_ERR_FORMAT, "0 rows");
	refused(truth, NULL, 8, 5, PPDL_ERR_FORMAT, "class 0 has 4 rows, fewer than there are folds, 5");
	refused(truth, NULL, 3, 5, PPDL_ERR_FORMAT, "3 rows cannot");
	refused(truth, (int[]) {1, 1, 2, 2, 1, 1, 2, 2}, 8, 3, PPDL_ERR_FORMAT, "2 groups cannot");
	refused(truth, (int[]) {1, 2, 3, 4, 5, 5, 6, 6}, 8, 3, PPDL_ERR_FORMAT, "class 1 are in 2 groups, fewer than");
	/* each class is in two groups, but the three groups have to be in three folds */
	refused((int[]) {0, 1, 1, 2, 0, 2}, (int[]) {1, 1, 2, 2, 3, 3}, 6, 2, PPDL_ERR_FORMAT, "no way was found");
	refused((int[]) {0, -1}, NULL, 2, 2, PPDL_ERR_FORMAT, "row 2 is of class -1");
	refused((int[]) {0, 5000}, NULL, 2, 2, PPDL_ERR_FORMAT, "row 2 is of class 5000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_groups),
		cmocka_unit_test(single_rows),
		cmocka_unit_test(seeds),
		cmocka_unit_test(rare_class),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
