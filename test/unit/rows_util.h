/*
 * What the tests of the row floor share: seeds that can be repeated, a secret, a
 * toy ring, batches of random values.
 */
#ifndef PPDL_TEST_ROWS_UTIL_H
#define PPDL_TEST_ROWS_UTIL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ckks/encrypt.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/decrypt.h"

#define OK(expr) \
	do { \
		PpdlStatus st_ = (expr); \
		if (st_ != PPDL_OK) \
			fail_msg("%s: %s: %s", #expr, ppdl_status_name(st_), test_error.message); \
	} while (0)

#define FAILS(code_, expr) \
	do { \
		PpdlStatus st_ = (expr); \
		if (st_ != (code_)) \
			fail_msg("%s: %s instead of %s (%s)", #expr, ppdl_status_name(st_), ppdl_status_name(code_), test_error.message); \
	} while (0)

#define ERR (&test_error)

static PpdlError test_error;
static uint64_t test_state;
static const uint8_t test_fp[PPDL_FINGERPRINT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

/* xorshift64*; PPDL_TEST_SEED repeats a run */
static inline uint64_t
test_random(void)
{
	test_state ^= test_state >> 12;
	test_state ^= test_state << 25;
	test_state ^= test_state >> 27;
	return test_state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline int
test_below(int n)
{
	return (int) (test_random() % (uint64_t) n);
}

static inline double
test_value(void)
{
	return ldexp((double) (int64_t) test_random(), -63);
}

static inline void
test_seed(const char *name)
{
	const char *given = getenv("PPDL_TEST_SEED");

	test_state = given != NULL ? strtoull(given, NULL,
										  0) : ((uint64_t) time(NULL) << 20 ^ (uint64_t) clock()) * UINT64_C(0x9E3779B97F4A7C15) | 1;
	printf("%s: PPDL_TEST_SEED=%#llx\n", name, (unsigned long long) test_state);
}

static inline PpdlRng *
test_rng(void)
{
	uint8_t		seed[PPDL_SEED_BYTES];
	PpdlRng    *rng;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t) test_random();
	OK(ppdl_rng_create_seeded(&rng, seed, 7, ERR));
	return rng;
}

/* the row ring's primes in a small dimension */
static inline PpdlParams *
test_toy_params(int logn)
{
	const PpdlParams *row;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy", .logn = logn};
	PpdlParams *par;

	OK(ppdl_params_get(PPDL_RING_ROW, &row, ERR));
	lit.nq = row->nq;
	lit.np = row->np;
	for (int i = 0; i < row->nq; i++)
		lit.q[i] = row->ring->mod[i].q;
	for (int i = 0; i < row->np; i++)
		lit.p[i] = row->ring->mod[row->nq + i].q;
	OK(ppdl_params_create(&par, &lit, 0, ERR));
	return par;
}

typedef struct TestBatch
{
	int			rows,
				width,
				k;
	size_t		size;			/* of a slice */
	double	   *x;				/* rows * width */
	uint8_t    *slice;			/* rows * size */
} TestBatch;

static inline TestBatch
test_batch(const PpdlSecret *sk, PpdlRng *rng, int rows, int width, int logc, int limbs, int scale_bits)
{
	const PpdlBatchOptions opt = {limbs, scale_bits, logc};
	TestBatch	t = {rows, width, 1 << ppdl_log2_width(width), ppdl_slice_size(sk->par, limbs, ppdl_log2_width(width)),
					 NULL, NULL};

	t.x = malloc((size_t) rows * (size_t) width * sizeof(double));
	t.slice = malloc((size_t) rows * t.size);
	assert_true(t.x != NULL && t.slice != NULL);
	for (int i = 0; i < rows * width; i++)
		t.x[i] = test_value();
	OK(ppdl_batch_encrypt(t.slice, t.x, rows, width, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	return t;
}

static inline const uint8_t *
test_slice(const TestBatch *t, int row)
{
	return t->slice + (size_t) row * t->size;
}

static inline void
test_batch_free(TestBatch *t)
{
	free(t->x);
	free(t->slice);
}

#endif
