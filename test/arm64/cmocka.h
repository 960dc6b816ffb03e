/*
 * The part of cmocka that test_kernels.c takes, for a cross compiler that comes without the library: prints TAP, as
 * test/scripts/run_unit.sh reads it.  A failed check ends its test.
 */
#ifndef PPDL_TEST_ARM64_CMOCKA_H
#define PPDL_TEST_ARM64_CMOCKA_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest
{
	const char *name;
	void		(*test) (void **state);
	int			(*teardown) (void **state);
};

#define cmocka_unit_test(f) {#f, f, NULL}
#define cmocka_unit_test_teardown(f, teardown) {#f, f, teardown}
#define cmocka_run_group_tests(tests, setup, teardown) run_tests(tests, (int) (sizeof(tests) / sizeof((tests)[0])))

static jmp_buf test_failed;

#define fail_msg(...) \
	do { \
		printf("# %s:%d: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__); \
		printf("\n"); \
		longjmp(test_failed, 1); \
	} while (0)

#define assert_true(c) \
	do { \
		if (!(c)) \
			fail_msg("%s", #c); \
	} while (0)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((a) == (b))
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_int_equal(a, b) \
	do { \
		const uint64_t left = (uint64_t) (a), \
					right = (uint64_t) (b); \
		if (left != right) \
			fail_msg("%s is %" PRIu64 ", %s is %" PRIu64, #a, left, #b, right); \
	} while (0)

static inline int
run_tests(const struct CMUnitTest *tests, int count)
{
	volatile int failed = 0;

	printf("1..%d\n", count);
	for (volatile int i = 0; i < count; i++)
	{
		if (setjmp(test_failed) == 0)
		{
			tests[i].test(NULL);
			printf("ok %d - %s\n", i + 1, tests[i].name);
		}
		else
		{
			printf("not ok %d - %s\n", i + 1, tests[i].name);
			failed++;
		}
		if (tests[i].teardown != NULL)
			tests[i].teardown(NULL);
		fflush(stdout);
	}
	return failed;
}

#endif
