/* What the tests of the ring floor share: the primes in use and a seeded source of numbers. */
#ifndef PPDL_TEST_RING_VALUES_H
#define PPDL_TEST_RING_VALUES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "ring/ring.h"

#define COUNT(a) ((int) (sizeof(a) / sizeof((a)[0])))

/* row ring, N = 2^14: Q then P */
static const uint64_t row_primes[] = {
	0x3ffffffd20001, 0x4000038001, 0x4000098001, 0x3ffff48001, 0x3ffff28001, 0x4000138001,
	0x100000020001, 0x100000038001, 0x3ffffffdf0001, 0x3ffffffd48001
};

/* deep ring, N = 2^16: Q (28) then P (9) */
static const uint64_t deep_primes[] = {
	0x3ffffffd20001, 0x10000140001, 0xffffe80001, 0xffffc40001, 0x100003e0001, 0xffffb20001,
	0x10000500001, 0xffff940001, 0xffff8a0001, 0xffff820001, 0xffff780001, 0x10000960001,
	0x3ffffe80001, 0x3ffffd20001, 0x3ffffffb80001, 0x3fffffed60001, 0x3fffffec80001,
	0x3fffffebe0001, 0x3fffffea60001, 0x3fffffea40001, 0x3fffffe9e0001, 0x3fffffe9a0001,
	0x3fffffe940001, 0x3fffffe620001, 0xfffffffa0001, 0xfffffff00001, 0x10000001a0001,
	0x10000001e0001,
	0x3fffffe460001, 0x3fffffdd40001, 0x3fffffdce0001, 0x3fffffd900001, 0x3fffffd7a0001,
	0x3fffffd540001, 0x3fffffd500001, 0x3fffffd2a0001, 0x3fffffcc40001
};

static uint64_t test_state;

/* splitmix64 */
static inline uint64_t
next64(void)
{
	uint64_t	z = (test_state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* PPDL_TEST_SEED repeats a run */
static inline void
seed_tests(void)
{
	const char *given = getenv("PPDL_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	test_state = given ? strtoull(given, NULL, 0) : (uint64_t) now.tv_sec * 1000000007 + (uint64_t) now.tv_nsec;
	printf("# PPDL_TEST_SEED=%llu\n", (unsigned long long) test_state);
}

/* residues, with a good share of the values where carries go wrong */
static inline uint64_t
some_residue(uint64_t q)
{
	static const uint64_t offsets[] = {0, 1, 2, 3};
	uint64_t	r = next64();

	switch (r >> 60)
	{
		case 0:
			return offsets[r & 3];
		case 1:
			return q - 1 - offsets[r & 3];
		case 2:
			return q / 2 - 1 + offsets[r & 3];
		default:
			return r % q;
	}
}

static inline void
fill_residues(uint64_t *a, size_t n, uint64_t q)
{
	for (size_t i = 0; i < n; i++)
		a[i] = some_residue(q);
}

static inline uint64_t *
new_limbs(size_t words)
{
	uint64_t   *p = ppdl_alloc_aligned(words * sizeof(uint64_t));

	assert_non_null(p);
	return p;
}

static inline PpdlRing *
new_ring(int logn, const uint64_t *primes, int count)
{
	PpdlError	err = {0};
	PpdlRing   *ring;

	if (ppdl_ring_create(&ring, logn, primes, count, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return ring;
}

#endif
