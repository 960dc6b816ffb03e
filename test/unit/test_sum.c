#include "rows_util.h"

#include "base/cpu.h"
#include "rows/accumulate.h"
#include "rows/combine.h"
#include "rows/histogram.h"
#include "rows/sum.h"

static const PpdlParams *par;
static PpdlSecret *sk;
static PpdlRng *rng;

static int
setup(void **state)
{
	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	rng = test_rng();
	OK(ppdl_secret_create(&sk, par, rng, ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_secret_destroy(sk);
	ppdl_rng_destroy(rng);
	return 0;
}

/* decrypts w and compares; frees w. Returns the largest difference. */
static double
check(PpdlWriter *w, const double *want, int width, double tolerance)
{
	PpdlCipher	c;
	PpdlValues	v;
	double		worst = 0;

	assert_false(w->bad);
	OK(ppdl_cipher_validate(w->buf, w->len, ERR));
	OK(ppdl_cipher_parse(&c, w->buf, w->len, ERR));
	assert_true(c.kind == PPDL_KIND_ROW || (c.kind == PPDL_KIND_PARTS && c.nparts > 1));
	assert_int_equal(c.width, width);
	OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
	assert_int_equal(v.kind, PPDL_KIND_ROW);
	/* the head of a value in parts is right to 2^-30 */
	assert_true(v.error >= ppdl_cipher_error(&c) * (1 - 0x1p-29));
	for (int f = 0; f < width; f++)
		worst = fmax(worst, fabs(v.v[f] - want[f]));
	if (!(worst < 8 * v.error + 1e-12) || !(worst < tolerance))
		fail_msg("off by %g, estimate %g, tolerance %g", worst, v.error, tolerance);
	ppdl_values_free(&v);
	ppdl_writer_free(w);
	return worst;
}

static double
check_sum(PpdlSum *s, double divisor, const double *want, int width, double tolerance)
{
	PpdlWriter	w,
				whole,
				again;

	ppdl_writer_init(&w);
	ppdl_writer_init(&whole);
	ppdl_writer_init(&again);
	OK(ppdl_sum_finish(s, 1, &whole, ERR));
	OK(ppdl_sum_finish(s, divisor, &w, ERR));
	/* from the result for one divisor follows that for another */
	OK(ppdl_sum_finish_again(s, whole.buf, whole.len, divisor, &again, ERR));
	assert_int_equal(again.len, w.len);
	assert_memory_equal(again.buf, w.buf, w.len);
	again.len = 0;
	OK(ppdl_sum_finish_again(s, w.buf, w.len, 1, &again, ERR));
	assert_memory_equal(again.buf, whole.buf, whole.len);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish_again(s, w.buf, w.len, 0, &again, ERR));
	ppdl_writer_free(&whole);
	ppdl_writer_free(&again);
	return check(&w, want, width, tolerance);
}

typedef enum Weights {ONES, WHOLE, REAL} Weights;

/* rows of several batches, any order, some twice, some with weights */
static void
random_sum(int width, int limbs, Weights weights)
{
	int			logc[3] = {14 - ppdl_log2_width(width), 3, 0};
	TestBatch	t[3];
	PpdlSum    *s;
	double	   *want = calloc((size_t) width, sizeof(double));
	int			terms = 300;
	const double tolerance[] = {1e-5, 1e-2, limbs > 1 ? 1e-4 : 5e-2};

	for (int i = 1; i < 3; i++)
		logc[i] = logc[i] < logc[0] ? logc[i] : logc[0];
	if (logc[0] > 6)
		logc[0] = 6;
	for (int i = 0; i < 3; i++)
		t[i] = test_batch(sk, rng, 1 << logc[i], width, logc[i], limbs, 30);
	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < terms; n++)
	{
		TestBatch  *b = &t[test_below(3)];
		int			row = test_below(b->rows);
		double		weight = weights == WHOLE ? test_below(2001) - 1000 : weights == REAL ? 3 * test_value() : 1;
		PpdlCipher	c;

		OK(ppdl_cipher_parse(&c, test_slice(b, row), b->size, ERR));
		if (weights == WHOLE)
			OK(ppdl_sum_add(s, &c, (int64_t) weight, ERR));
		else if (weights == REAL)
			OK(ppdl_sum_add_weighted(s, &c, weight, ERR));
		else
			OK(ppdl_sum_add_bytes(s, test_slice(b, row), b->size, ERR));
		for (int f = 0; f < width; f++)
			want[f] += weight * b->x[row * width + f];
	}
	assert_int_equal(ppdl_sum_count(s), terms);
	check_sum(s, 1, want, width, tolerance[weights]);
	for (int f = 0; f < width; f++)
		want[f] /= terms;
	check_sum(s, terms, want, width, tolerance[weights] / 100);	/* finishing leaves the state alone */
	ppdl_sum_destroy(s);
	for (int i = 0; i < 3; i++)
		test_batch_free(&t[i]);
	free(want);
}

static void
test_random_sums(void **state)
{
	const int	width[] = {16, 1, 2, 3, 7, 32, 100, 16384};

	for (size_t i = 0; i < sizeof(width) / sizeof(width[0]); i++)
	{
		random_sum(width[i], 1, ONES);
		random_sum(width[i], par->nq, ONES);
		random_sum(width[i], 2, WHOLE);
		random_sum(width[i], par->nq, REAL);
		random_sum(width[i], 1, REAL);
	}
}


/* more additions than accumulators hold without reduction, over many batches */
static void
test_long_sum(void **state)
{
	TestBatch	t = test_batch(sk, rng, 256, 4, 8, par->nq, 30);
	double		want[4] = {0};
	PpdlSum    *s;

	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < 40000; n++)
	{
		int			row = test_below(256);

		OK(ppdl_sum_add_bytes(s, test_slice(&t, row), t.size, ERR));
		for (int f = 0; f < 4; f++)
			want[f] += t.x[row * 4 + f];
	}
	check_sum(s, 1, want, 4, 1e-3);
	ppdl_sum_destroy(s);
	test_batch_free(&t);
}

/* a parsed slice of a made-up weight adds to the bound without the work of adding rows */
static PpdlStatus
add_weight(PpdlSum *s, const TestBatch *t, int row, int64_t weight)
{
	PpdlCipher	c;

	OK(ppdl_cipher_parse(&c, test_slice(t, row), t->size, ERR));
	return ppdl_sum_add(s, &c, weight, ERR);
}

/* parts of the result; 1: a row */
static uint32_t
parts_of(PpdlSum *s)
{
	PpdlWriter	w;
	PpdlCipher	c;
	uint32_t	parts;

	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	parts = c.kind == PPDL_KIND_PARTS ? c.nparts : 1;
	ppdl_writer_free(&w);
	return parts;
}

/* one limb of 50 bits at scale 2^30 holds 2^19 - 1 terms, and one more takes a second part */
static void
test_reach(void **state)
{
	TestBatch	t = test_batch(sk, rng, 2, 4, 1, 1, 30),
				full = test_batch(sk, rng, 2, 4, 1, 2, 30);
	double		want[4];
	PpdlSum    *s,
			   *more;
	PpdlWriter	w;

	OK(ppdl_sum_create(&s, ERR));
	OK(add_weight(s, &t, 0, (1 << 19) - 3));
	OK(ppdl_sum_add_bytes(s, test_slice(&t, 1), t.size, ERR));
	OK(ppdl_sum_add_bytes(s, test_slice(&t, 1), t.size, ERR));
	OK(add_weight(s, &t, 1, 0));
	assert_int_equal(parts_of(s), 1);
	FAILS(PPDL_ERR_RANGE, add_weight(s, &t, 1, 1 << 19));	/* too large for any part */
	assert_int_equal(parts_of(s), 1);
	/* what was refused changed nothing */
	for (int f = 0; f < 4; f++)
		want[f] = ((1 << 19) - 3) * t.x[f] + 2 * t.x[4 + f];
	check_sum(s, 1, want, 4, 1e-1);
	/* a merge that would pass the bound leaves two parts */
	OK(ppdl_sum_create(&more, ERR));
	OK(ppdl_sum_add_bytes(more, test_slice(&t, 1), t.size, ERR));
	OK(ppdl_sum_merge(s, more, ERR));
	ppdl_sum_destroy(more);
	assert_int_equal(parts_of(s), 2);
	/* and so does a term; both have room again */
	for (int n = 0; n < 3; n++)
		OK(ppdl_sum_add_bytes(s, test_slice(&t, 0), t.size, ERR));
	OK(add_weight(s, &t, 1, -1));
	assert_int_equal(parts_of(s), 2);
	for (int f = 0; f < 4; f++)
		want[f] += 3 * t.x[f];
	check_sum(s, 1, want, 4, 1e-1);
	ppdl_sum_destroy(s);

	/* two limbs reach further, and stay two while they are needed */
	OK(ppdl_sum_create(&s, ERR));
	OK(add_weight(s, &full, 0, 3 << 19));
	OK(add_weight(s, &full, 1, -1));
	for (int f = 0; f < 4; f++)
		want[f] = (3 << 19) * full.x[f] - full.x[4 + f];
	check_sum(s, 1, want, 4, 1);
	FAILS(PPDL_ERR_RANGE, add_weight(s, &full, 0, INT64_MIN));
	FAILS(PPDL_ERR_RANGE, add_weight(s, &full, 0, INT64_MAX));
	assert_int_equal(parts_of(s), 1);
	/* a compact row would cut the sum to one limb, where it has no room: a part of its own */
	OK(ppdl_sum_add_bytes(s, test_slice(&t, 0), t.size, ERR));
	assert_int_equal(parts_of(s), 2);
	for (int f = 0; f < 4; f++)
		want[f] += t.x[f];
	check_sum(s, 1, want, 4, 1);
	ppdl_sum_destroy(s);

	/* compact and full rows mix while there is room; the result takes one limb */
	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < 3; n++)
	{
		OK(ppdl_sum_add_bytes(s, test_slice(&full, 0), full.size, ERR));
		OK(ppdl_sum_add_bytes(s, test_slice(&t, 0), t.size, ERR));
	}
	for (int f = 0; f < 4; f++)
		want[f] = 3 * (full.x[f] + t.x[f]);
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	assert_int_equal(w.len, ppdl_row_size(par, 1, 2));
	check(&w, want, 4, 1e-6);
	ppdl_sum_destroy(s);
	test_batch_free(&t);
	test_batch_free(&full);
}

/*
 * sums of many parts: of terms, merged, through bytes and back, of sums; against long sums in the clear.  Half of them in
 * an arena.
 */
static void
test_parts(void **state)
{
	TestBatch	t = test_batch(sk, rng, 8, 3, 5, 1, 30);
	PpdlArena  *arena;
	PpdlSum    *s[6],
			   *total,
			   *loaded;
	double		want[3] = {0},
				own[3] = {0},	/* of the last */
				all[3];
	uint64_t	count = 0;
	PpdlWriter	w;
	PpdlCipher	c;

	OK(ppdl_arena_create(&arena, NULL, NULL, ERR));
	for (int p = 0; p < 6; p++)
	{
		OK(ppdl_sum_create(&s[p], ERR));
		if (p % 2)
			ppdl_sum_set_arena(s[p], arena);
		for (int n = 0; n < 40; n++)
		{
			int			row = test_below(8);
			int64_t		weight = n % 3 == 0 ? 1 : test_below(1 << 18) * (test_below(2) ? 1 : -1);

			OK(weight == 1 ? ppdl_sum_add_bytes(s[p], test_slice(&t, row), t.size, ERR) :
			   add_weight(s[p], &t, row, weight));
			for (int f = 0; f < 3; f++)
			{
				want[f] += (double) weight * t.x[3 * row + f];
				own[f] += p == 5 ? (double) weight * t.x[3 * row + f] : 0;
			}
		}
		assert_true(parts_of(s[p]) > 3);
		count += ppdl_sum_count(s[p]);
	}
	/* the last through bytes */
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(s[5], &w, ERR));
	for (size_t len = 0; len < w.len; len += len < 200 ? 1 : 29989)
		assert_int_not_equal(ppdl_sum_load(&loaded, w.buf, len, ERR), PPDL_OK);
	w.buf[0] = 'S', w.buf[3] = '1';
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_load(&loaded, w.buf, w.len, ERR));
	w.buf[3] = '2';
	OK(ppdl_sum_load(&loaded, w.buf, w.len, ERR));
	assert_int_equal(ppdl_sum_count(loaded), 40);
	assert_true(parts_of(loaded) <= parts_of(s[5]));
	OK(ppdl_sum_create(&total, ERR));
	ppdl_sum_set_arena(total, arena);
	for (int p = 0; p < 6; p++)
		OK(ppdl_sum_merge(total, p == 5 ? loaded : s[p], ERR));
	assert_int_equal(ppdl_sum_count(total), count);
	/* at least half full, but for one */
	assert_true(parts_of(total) * (1 << 18) < 6 * 28 * (1 << 17) * 1.5);
	check_sum(total, 1, want, 3, 10);
	for (int f = 0; f < 3; f++)
		all[f] = want[f] / (double) count;
	check_sum(total, (double) count, all, 3, 0.1);
	/* a value in parts is a term like any other */
	w.len = 0;
	OK(ppdl_sum_finish(total, 1, &w, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	ppdl_sum_destroy(loaded);
	OK(ppdl_sum_create(&loaded, ERR));
	OK(ppdl_sum_merge(loaded, s[5], ERR));
	OK(ppdl_sum_add(loaded, &c, 1, ERR));
	OK(ppdl_sum_add_bytes(loaded, w.buf, w.len, ERR));
	for (int n = 0; n < 2; n++)
		OK(ppdl_sum_add(loaded, &c, -1, ERR));
	OK(ppdl_sum_add_bytes(loaded, test_slice(&t, 0), t.size, ERR));
	assert_int_equal(ppdl_sum_count(loaded), 45);
	/* what it had before is what is left */
	for (int f = 0; f < 3; f++)
		all[f] = t.x[f] + own[f];
	check_sum(loaded, 1, all, 3, 20);
	for (int p = 0; p < 6; p++)
		ppdl_sum_destroy(s[p]);
	ppdl_sum_destroy(total);
	ppdl_sum_destroy(loaded);
	ppdl_arena_destroy(arena);
	ppdl_writer_free(&w);
	test_batch_free(&t);
}

/* a value in parts that is not what its header says, or made of anything but rows of one kind, is refused */
static void
test_parts_damaged(void **state)
{
	TestBatch	t = test_batch(sk, rng, 2, 3, 1, 1, 30);
	PpdlWriter	w;
	PpdlSum    *s;
	PpdlCipher	c;
	size_t		row = ppdl_row_size(par, 1, 2);
	int			refused = 0;

	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < 3; n++)
		OK(add_weight(s, &t, n % 2, (1 << 19) - 1));
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	assert_int_equal(w.len, PPDL_PARTS_HEADER + 3 * row);
	for (size_t len = 0; len < w.len; len += len < 200 ? 1 : 4999)
		assert_int_equal(ppdl_cipher_parse(&c, w.buf, len, ERR), PPDL_ERR_FORMAT);
	/* the heads of value and parts, bit by bit */
	for (int part = 0; part < 3; part++)
		for (size_t at = 0; at < PPDL_PARTS_HEADER; at++)
			for (int bit = 0; bit < 8; bit++)
			{
				uint8_t    *p = w.buf + (part == 0 ? 0 : PPDL_PARTS_HEADER + (size_t) (part - 1) * row) + at;
				PpdlStatus	status;

				*p ^= (uint8_t) (1 << bit);
				status = ppdl_cipher_validate(w.buf, w.len, ERR);
				refused += status != PPDL_OK;
				/* bounds and noises may differ in what rounding changes */
				if (status == PPDL_OK && !(at >= 24 && at < 40) && !(at >= 16 && at < 24))
					fail_msg("byte %zu of head %d, bit %d", at, part, bit);
				*p ^= (uint8_t) (1 << bit);
			}
	assert_true(refused > 3 * 8 * 30);
	OK(ppdl_cipher_validate(w.buf, w.len, ERR));
	/* an unreduced residue of the last part */
	memset(w.buf + PPDL_PARTS_HEADER + 2 * row + PPDL_ROW_HEADER + 100, 0xFF, 100);
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_validate(w.buf, w.len, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	/* ... is also found by what computes with it */
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add(s, &c, 1, ERR));
	ppdl_sum_destroy(s);
	ppdl_writer_free(&w);
	test_batch_free(&t);
}

/* two partial sums that share batches, through bytes and back */
static void
test_merge_save_load(void **state)
{
	TestBatch	t[2] = {test_batch(sk, rng, 64, 5, 6, 8, 30), test_batch(sk, rng, 16, 5, 11, 8, 30)};
	double		want[5] = {0};
	PpdlSum    *part[3],
			   *empty,
			   *loaded;
	PpdlWriter	w;

	OK(ppdl_sum_create(&empty, ERR));
	for (int p = 0; p < 3; p++)
		OK(ppdl_sum_create(&part[p], ERR));
	for (int n = 0; n < 500; n++)
	{
		TestBatch  *b = &t[test_below(2)];
		int			row = test_below(b->rows);

		OK(ppdl_sum_add_bytes(part[test_below(3)], test_slice(b, row), b->size, ERR));
		for (int f = 0; f < 5; f++)
			want[f] += b->x[row * 5 + f];
	}
	assert_true(ppdl_sum_memory(part[0]) > 0 && ppdl_sum_memory(part[0]) < 1 << 20);
	OK(ppdl_sum_merge(part[0], part[1], ERR));
	ppdl_sum_destroy(part[1]);
	OK(ppdl_sum_merge(part[0], empty, ERR));

	ppdl_writer_init(&w);
	OK(ppdl_sum_save(part[2], &w, ERR));
	for (size_t len = 0; len < w.len; len += len < 200 ? 1 : 4999)
		assert_int_not_equal(ppdl_sum_load(&loaded, w.buf, len, ERR), PPDL_OK);
	for (int n = 0; n < 200; n++)
	{
		size_t		at = (size_t) test_below(n < 100 ? 80 : (int) w.len);
		uint8_t		saved = w.buf[at];

		w.buf[at] ^= (uint8_t) (1 << test_below(8));
		if (ppdl_sum_load(&loaded, w.buf, w.len, ERR) == PPDL_OK)
			ppdl_sum_destroy(loaded);
		w.buf[at] = saved;
	}
	OK(ppdl_sum_load(&loaded, w.buf, w.len, ERR));
	assert_int_equal(ppdl_sum_count(loaded), ppdl_sum_count(part[2]));
	OK(ppdl_sum_merge(part[0], loaded, ERR));
	ppdl_sum_destroy(loaded);
	assert_int_equal(ppdl_sum_count(part[0]), 500);
	/* a state goes on after it was read */
	OK(ppdl_sum_add_bytes(part[0], test_slice(&t[0], 7), t[0].size, ERR));
	for (int f = 0; f < 5; f++)
		want[f] += t[0].x[7 * 5 + f];
	check_sum(part[0], 1, want, 5, 1e-5);
	/* an empty one takes over the other */
	OK(ppdl_sum_merge(empty, part[0], ERR));
	check_sum(empty, 501, (double[]) {want[0] / 501, want[1] / 501, want[2] / 501, want[3] / 501, want[4] / 501}, 5,
			  1e-7);
	assert_int_equal(ppdl_sum_count(part[0]), 0);
	ppdl_writer_free(&w);

	ppdl_writer_init(&w);
	OK(ppdl_sum_save(part[0], &w, ERR));	/* of nothing */
	OK(ppdl_sum_load(&loaded, w.buf, w.len, ERR));
	assert_int_equal(ppdl_sum_count(loaded), 0);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish(loaded, 1, &w, ERR));
	ppdl_sum_destroy(loaded);
	ppdl_writer_free(&w);
	for (int p = 0; p < 3; p += 2)
		ppdl_sum_destroy(part[p]);
	ppdl_sum_destroy(empty);
	test_batch_free(&t[0]);
	test_batch_free(&t[1]);
}

/* what rounding does to a weight does not add up when one row comes with it many times */
static void
test_same_weight(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 16, 0, 2, 30);
	const int	terms = 4096;
	double		want[16];
	PpdlCipher	c;
	PpdlSum    *s;

	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < terms; n++)
		OK(ppdl_sum_add_weighted(s, &c, 0.3, ERR));
	for (int f = 0; f < 16; f++)
		want[f] = terms * 0.3 * t.x[f];
	check_sum(s, 1, want, 16, 1e-3);
	ppdl_sum_destroy(s);
	test_batch_free(&t);
}

/* weights of one row that come to more than 64 bits count, in one sum or in several that are merged */
static void
test_large_weights(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 2, 0, 2, PPDL_SCALE_BITS_MIN);
	const int	terms[] = {9000, 4000, 4000, 4000};
	const double want[2] = {21000 * 0x1p30 * t.x[0], 21000 * 0x1p30 * t.x[1]};
	PpdlSum    *sum[4];
	PpdlCipher	c;

	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	for (int i = 0; i < 4; i++)
	{
		OK(ppdl_sum_create(&sum[i], ERR));
		for (int n = 0; n < terms[i]; n++)
			OK(ppdl_sum_add_weighted(sum[i], &c, 0x1p30, ERR));
	}
	check_sum(sum[0], 1, (double[2]) {want[0] * 9 / 21, want[1] * 9 / 21}, 2, 0x1p29);
	for (int i = 2; i < 4; i++)
		OK(ppdl_sum_merge(sum[1], sum[i], ERR));
	check_sum(sum[1], 1, (double[2]) {want[0] * 12 / 21, want[1] * 12 / 21}, 2, 0x1p29);
	OK(ppdl_sum_merge(sum[1], sum[0], ERR));
	check_sum(sum[1], 1, want, 2, 0x1p29);
	for (int i = 0; i < 4; i++)
		ppdl_sum_destroy(sum[i]);
	test_batch_free(&t);
}

/* rows of whole batches, and of thousands with a few rows each */
static void
test_many_batches(void **state)
{
	double		want[1] = {0};
	PpdlSum    *s;
	PpdlOpenBatches set = {0};
	uint64_t	seed[4] = {0};

	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < 3; n++)
	{
		TestBatch	t = test_batch(sk, rng, 16384, 1, 14, 1, 30);

		for (int i = 0; i < 5000; i++)
		{
			OK(ppdl_sum_add_bytes(s, test_slice(&t, i), t.size, ERR));
			want[0] += t.x[i];
		}
		test_batch_free(&t);
	}
	check_sum(s, 1, want, 1, 1e-4);
	ppdl_sum_destroy(s);
	/* few rows of many batches take little */
	for (seed[0] = 0; seed[0] < 10000; seed[0]++)
		for (uint32_t i = 0; i < 5; i++)
			assert_true(ppdl_open_batch_add(&set, ppdl_open_batch_find(&set, seed, 10), i * 7));
	assert_int_equal(set.used, 10000);
	assert_true(set.bytes < 10000 * 200);
	ppdl_open_batches_free(&set);
}

/* past the limit on open batches they are expanded, and the sum goes on */
static void
test_early_expansion(void **state)
{
	const PpdlBatchOptions opt = {1, 30, 14};
	const size_t size = ppdl_slice_size(par, 1, 0);
	uint8_t    *slice = malloc(size);
	double		want[1] = {0};
	size_t		peak = 0;
	PpdlSum    *s;

	OK(ppdl_sum_create(&s, ERR));
	for (int n = 0; n < 300; n++)
	{
		double		x = test_value();
		PpdlCipher	c;

		OK(ppdl_batch_encrypt(slice, &x, 1, 1, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
		OK(ppdl_cipher_parse(&c, slice, size, ERR));
		/* a weight makes the batch count all its positions: 128 kB */
		OK(ppdl_sum_add(s, &c, 2, ERR));
		want[0] += 2 * x;
		peak = ppdl_sum_memory(s) > peak ? ppdl_sum_memory(s) : peak;
	}
	assert_true(peak > 32 << 20 && peak < 34 << 20);
	assert_true(ppdl_sum_memory(s) < 32 << 20);
	check_sum(s, 1, want, 1, 1e-5);
	ppdl_sum_destroy(s);
	free(slice);
}

static void
test_refusals(void **state)
{
	TestBatch	t = test_batch(sk, rng, 2, 4, 1, 2, 30),
				other = test_batch(sk, rng, 2, 3, 1, 2, 30),
				scaled = test_batch(sk, rng, 2, 4, 1, 2, 31);
	PpdlSum    *s;
	PpdlWriter	w;
	PpdlCipher	c;

	OK(ppdl_sum_create(&s, ERR));
	ppdl_writer_init(&w);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish(s, 1, &w, ERR));
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add_bytes(s, t.slice, t.size - 1, ERR));
	OK(ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_sum_add_bytes(s, other.slice, other.size, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_sum_add_bytes(s, scaled.slice, scaled.size, ERR));
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_sum_add_weighted(s, &c, 1, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_sum_add_weighted(s, &c, NAN, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_sum_add_weighted(s, &c, -INFINITY, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_sum_add_weighted(s, &c, 0x1p31, ERR));
	t.slice[8] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	t.slice[8] ^= 1;
	/* after a good one, so that the fast path meets them */
	OK(ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	t.slice[26] = 2;
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	t.slice[26] = 0;
	t.slice[24] = 14;
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	t.slice[24] = 1;
	t.slice[25] = 3;
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add_bytes(s, t.slice, t.size, ERR));
	t.slice[25] = 2;
	FAILS(PPDL_ERR_FORMAT, ppdl_sum_add_bytes(s, t.slice, t.size + 1, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish(s, 0, &w, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish(s, -1, &w, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_sum_finish(s, NAN, &w, ERR));
	check_sum(s, 2, t.x, 4, 1e-7);
	ppdl_sum_destroy(s);
	ppdl_writer_free(&w);
	test_batch_free(&t);
	test_batch_free(&other);
	test_batch_free(&scaled);
}

/* the operators, against plain numbers; then sums of their results */
static void
test_combine(void **state)
{
	static const double factor[] = {1, -1, 0.5, 3, -7, 0.1, 1.0 / 3, 0, 1e-6, 12345.678, M_PI};
	TestBatch	t = test_batch(sk, rng, 2, 6, 1, 3, 30);
	PpdlCipher	a,
				b;

	OK(ppdl_cipher_parse(&a, test_slice(&t, 0), t.size, ERR));
	OK(ppdl_cipher_parse(&b, test_slice(&t, 1), t.size, ERR));
	for (size_t i = 0; i < sizeof(factor) / sizeof(factor[0]); i++)
	{
		double		want[6];
		PpdlWriter	w;

		ppdl_writer_init(&w);
		OK(ppdl_cipher_combine(&w, &a, factor[i], NULL, 0, ERR));
		for (int f = 0; f < 6; f++)
			want[f] = factor[i] * t.x[f];
		check(&w, want, 6, 1e-7 * (fabs(factor[i]) + 1e-3));
		for (size_t j = 0; j < sizeof(factor) / sizeof(factor[0]); j++)
		{
			ppdl_writer_init(&w);
			OK(ppdl_cipher_combine(&w, &a, factor[i], &b, factor[j], ERR));
			for (int f = 0; f < 6; f++)
				want[f] = factor[i] * t.x[f] + factor[j] * t.x[6 + f];
			check(&w, want, 6, 1e-6 * (fabs(factor[i]) + fabs(factor[j]) + 1e-3));
		}
	}
	test_batch_free(&t);
}

static void
test_combine_refusals(void **state)
{
	TestBatch	t = test_batch(sk, rng, 2, 6, 1, 1, 30);
	PpdlCipher	a,
				b;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_cipher_parse(&a, test_slice(&t, 0), t.size, ERR));
	OK(ppdl_cipher_parse(&b, test_slice(&t, 1), t.size, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_cipher_combine(&w, &a, NAN, NULL, 0, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_cipher_combine(&w, &a, 1, &b, INFINITY, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_cipher_combine(&w, &a, 1e300, NULL, 0, ERR));
	b.fingerprint[3] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_cipher_combine(&w, &a, 1, &b, 1, ERR));
	assert_int_equal(w.len, 0);
	ppdl_writer_free(&w);
	test_batch_free(&t);
}

/* doubled again and again by +: parts of one scale meet where there is room; then everything is taken away again */
static void
test_combine_parts(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 3, 0, 1, 30);
	double		want[3];
	PpdlWriter	w,
				copy,
				next;
	PpdlCipher	c,
				one;

	memcpy(want, t.x, sizeof(want));
	OK(ppdl_cipher_parse(&one, t.slice, t.size, ERR));
	ppdl_writer_init(&w);
	ppdl_write_bytes(&w, t.slice, t.size);
	for (int i = 1; i <= 23; i++)
	{
		OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
		ppdl_writer_init(&next);
		OK(ppdl_cipher_combine(&next, &c, 1, &c, 1, ERR));
		ppdl_writer_free(&w);
		w = next;
		for (int f = 0; f < 3; f++)
			want[f] *= 2;
		OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
		assert_int_equal(c.kind == PPDL_KIND_PARTS ? c.nparts : 1, i < 19 ? 1 : 1 << (i - 18));
		assert_true(c.bound == ldexp(1, i));
	}
	ppdl_writer_init(&copy);
	ppdl_write_bytes(&copy, w.buf, w.len);
	check(&copy, want, 3, 1e2);
	/* one more finds room in some part */
	ppdl_writer_init(&next);
	OK(ppdl_cipher_combine(&next, &c, 1, &one, 1, ERR));
	assert_int_equal(next.len, w.len);
	OK(ppdl_cipher_parse(&c, next.buf, next.len, ERR));
	ppdl_writer_init(&copy);
	OK(ppdl_cipher_combine(&copy, &c, -0.25, NULL, 0, ERR));
	for (int f = 0; f < 3; f++)
		want[f] = (want[f] + t.x[f]) * -0.25;
	check(&copy, want, 3, 1e2);
	ppdl_writer_free(&next);
	ppdl_writer_free(&w);
	test_batch_free(&t);
}

/* factors whose ratio no integers below 2^52 have; as many limbs as there are, and few */
static void
test_combine_far_apart(void **state)
{
	static const double tiny[] = {1e-15, 0x1p-52, 1e-17, 1e-30, 1e-40, 1e-100, 1e-250};

	for (int limbs = 1; limbs <= par->nq; limbs += limbs == 1 ? 2 : 5)
	{
		TestBatch	t = test_batch(sk, rng, 2, 6, 1, limbs, 30);
		PpdlCipher	c[2],
					r;
		PpdlWriter	w,
					sum;

		for (int i = 0; i < 2; i++)
			OK(ppdl_cipher_parse(&c[i], test_slice(&t, i), t.size, ERR));
		for (size_t i = 0; i < sizeof(tiny) / sizeof(tiny[0]); i++)
		{
			double		want[6];

			ppdl_writer_init(&w);
			ppdl_writer_init(&sum);
			OK(ppdl_cipher_combine(&w, &c[1], tiny[i], NULL, 0, ERR));
			OK(ppdl_cipher_parse(&r, w.buf, w.len, ERR));
			OK(ppdl_cipher_combine(&sum, &c[0], 1, &r, 1, ERR));
			for (int f = 0; f < 6; f++)
				want[f] = t.x[f] + tiny[i] * t.x[6 + f];
			OK(ppdl_cipher_parse(&r, sum.buf, sum.len, ERR));
			assert_true(tiny[i] > 0x1p-52 || r.kind == PPDL_KIND_PARTS);
			assert_true(limbs == 1 || tiny[i] < 1e-15 || r.kind == PPDL_KIND_ROW);
			check(&sum, want, 6, 1e-6);
			ppdl_writer_free(&w);
		}
		test_batch_free(&t);
	}
}

/* x + x * f again and again: the scale grows until eight limbs are full, then there are parts; every result is right */
static void
test_combine_grows(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 4, 0, par->nq, 30);
	double		want[4];
	PpdlWriter	last;
	double		bits = 0;

	memcpy(want, t.x, sizeof(want));
	ppdl_writer_init(&last);
	ppdl_write_bytes(&last, t.slice, t.size);
	for (int i = 0;; i++)
	{
		double		f = -fabs(test_value());
		PpdlWriter	w,
					copy;
		PpdlCipher	c;

		assert_true(i < 100);
		OK(ppdl_cipher_parse(&c, last.buf, last.len, ERR));
		bits = log2(2 * c.scale * c.bound);
		ppdl_writer_init(&w);
		OK(ppdl_cipher_combine(&w, &c, f, &c, 1, ERR));
		ppdl_writer_free(&last);
		for (int k = 0; k < 4; k++)
			want[k] += f * want[k];
		ppdl_writer_init(&copy);
		ppdl_write_bytes(&copy, w.buf, w.len);
		check(&copy, want, 4, 1e-5);
		last = w;
		OK(ppdl_cipher_parse(&c, last.buf, last.len, ERR));
		if (c.kind == PPDL_KIND_PARTS)
			break;
	}
	/* more than the three limbs that were read once */
	assert_true(bits > ppdl_params_log2_q(par, 5));
	ppdl_writer_free(&last);
	test_batch_free(&t);
}

/* noise that no longer fits a number is an error, in results and in states, not an infinity that nobody reads again */
static void
test_noise_overflow(void **state)
{
	const double noise = 0x1p1000;
	TestBatch	t = test_batch(sk, rng, 1, 4, 0, 2, 30);
	PpdlWriter	w,
				out;
	PpdlCipher	c;
	PpdlSum    *s;

	ppdl_writer_init(&w);
	ppdl_writer_init(&out);
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	OK(ppdl_cipher_combine(&w, &c, 1, NULL, 0, ERR));
	memcpy(w.buf + 24, &noise, 8);
	OK(ppdl_cipher_validate(w.buf, w.len, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	OK(ppdl_sum_create(&s, ERR));
	OK(ppdl_sum_add(s, &c, 1, ERR));
	OK(ppdl_sum_add(s, &c, 1 << 20, ERR));
	for (int save = 0; save < 2; save++)
	{
		PpdlStatus	status = save ? ppdl_sum_save(s, &out, ERR) : ppdl_sum_finish(s, 1, &out, ERR);

		assert_true(status == PPDL_ERR_RANGE || status == PPDL_ERR_PRECISION);
	}
	FAILS(PPDL_ERR_RANGE, ppdl_cipher_combine(&out, &c, 1e9, &c, M_PI, ERR));
	ppdl_sum_destroy(s);
	ppdl_writer_free(&w);
	ppdl_writer_free(&out);
	test_batch_free(&t);
}

/* averages of averages: rows of scales that differ */
static void
test_rows_of_rows(void **state)
{
	TestBatch	t = test_batch(sk, rng, 12, 3, 4, 1, 30);
	double		want[3] = {0};
	PpdlWriter	avg[2],
				w;
	PpdlCipher	c[2];
	PpdlSum    *s;

	for (int g = 0; g < 2; g++)
	{
		int			from = g == 0 ? 0 : 5,
					to = g == 0 ? 5 : 12;

		OK(ppdl_sum_create(&s, ERR));
		for (int i = from; i < to; i++)
		{
			OK(ppdl_sum_add_bytes(s, test_slice(&t, i), t.size, ERR));
			for (int f = 0; f < 3; f++)
				want[f] += t.x[i * 3 + f] / (to - from) * (g == 0 ? 1 : -1);
		}
		ppdl_writer_init(&avg[g]);
		OK(ppdl_sum_finish(s, to - from, &avg[g], ERR));
		ppdl_sum_destroy(s);
		OK(ppdl_cipher_parse(&c[g], avg[g].buf, avg[g].len, ERR));
	}
	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &c[0], 1, &c[1], -1, ERR));
	check(&w, want, 3, 1e-7);
	/* a sum of rows, one of them weighted */
	OK(ppdl_sum_create(&s, ERR));
	OK(ppdl_sum_add(s, &c[0], 1, ERR));
	OK(ppdl_sum_add(s, &c[0], -5, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_sum_add(s, &c[1], 1, ERR));
	for (int f = 0; f < 3; f++)
	{
		want[f] = 0;
		for (int i = 0; i < 5; i++)
			want[f] -= 4 * t.x[i * 3 + f] / 5;
	}
	check_sum(s, 1, want, 3, 1e-6);
	ppdl_sum_destroy(s);
	ppdl_writer_free(&avg[0]);
	ppdl_writer_free(&avg[1]);
	test_batch_free(&t);
}

/* ---- arenas ---- */

enum { ARENA_BATCHES = 5, ARENA_ROWS = 512, ARENA_GROUPS = 24 };

static void
get_row(PpdlSum *s, PpdlWriter *w, PpdlCipher *c)
{
	ppdl_writer_init(w);
	OK(ppdl_sum_finish(s, 1, w, ERR));
	OK(ppdl_cipher_parse(c, w->buf, w->len, ERR));
}

/*
 * the same residues and bound; noise: 1 the same, 0 no less than the plain sum's, and no more than all errors as they
 * are
 */
static void
check_like_plain(PpdlSum *sum, PpdlSum *plain, int noise)
{
	PpdlWriter	w[2];
	PpdlCipher	c[2];

	get_row(sum, &w[0], &c[0]);
	get_row(plain, &w[1], &c[1]);
	assert_int_equal(w[0].len, w[1].len);
	assert_memory_equal(c[0].residues, c[1].residues, c[0].residue_bytes);
	assert_int_equal(ppdl_sum_count(sum), ppdl_sum_count(plain));
	assert_true(c[0].bound == c[1].bound);
	if (noise)
		assert_float_equal(c[0].noise, c[1].noise, 1e-9 * c[1].noise);
	assert_true(c[0].noise > 0.999999 * c[1].noise &&
				c[0].noise <= 1.000001 * PPDL_SIGMA * (double) ppdl_sum_count(sum));
	ppdl_writer_free(&w[0]);
	ppdl_writer_free(&w[1]);
}

/* which group a row falls into: the first have most rows of each batch, the others a few */
static int
some_group(void)
{
	int			g = test_below(ARENA_GROUPS),
				h = test_below(ARENA_GROUPS);

	return test_below(2) ? test_below(2) : g < h ? g : h;
}

/*
 * batches of both forms and of two capacities, in any order, rows that come again; groups that end early.
 * keep: bytes of expanded seeds
 */
static void
arena_like_plain(const PpdlArenaLimits *limits, size_t keep, int early, int noise)
{
	PpdlSeedBudget budget = {keep, 0};
	PpdlSeedCache *seeds;
	TestBatch	t[ARENA_BATCHES];
	PpdlSum    *sum[ARENA_GROUPS] = {NULL},
			   *plain[ARENA_GROUPS] = {NULL};
	PpdlArena  *arena;
	size_t		most = 0;

	OK(ppdl_seed_cache_create(&seeds, &budget, ERR));
	OK(ppdl_arena_create(&arena, limits, NULL, ERR));
	ppdl_arena_set_seeds(arena, seeds, limits == NULL);
	for (int b = 0; b < ARENA_BATCHES; b++)
		t[b] = test_batch(sk, rng, b == 0 ? 8 : ARENA_ROWS, 4, b == 0 ? 3 : 9, b % 2 ? 1 : 2, 30);
	for (int n = 0; n < 3000; n++)
	{
		const int	g = some_group();
		TestBatch  *b = &t[n < 1000 ? n / 250 : test_below(ARENA_BATCHES)];
		const uint8_t *slice = test_slice(b, test_below(b->rows));

		if (sum[g] == NULL)
		{
			OK(ppdl_sum_create(&sum[g], ERR));
			OK(ppdl_sum_create(&plain[g], ERR));
			ppdl_sum_set_arena(sum[g], arena);
		}
		OK(ppdl_sum_add_bytes(sum[g], slice, b->size, ERR));
		OK(ppdl_sum_add_bytes(plain[g], slice, b->size, ERR));
		most = ppdl_arena_memory(arena) > most ? ppdl_arena_memory(arena) : most;
		if (early && n % 500 == 499)
			check_like_plain(sum[g], plain[g], 0);
		if (early && n % 700 == 699)
		{
			/* rows that wait for a sum that is gone are dropped; its place is another's */
			ppdl_sum_destroy(sum[g]);
			ppdl_sum_destroy(plain[g]);
			sum[g] = plain[g] = NULL;
		}
	}
	assert_true(limits == NULL || most < ((size_t) 32 << 20));
	for (int g = ARENA_GROUPS; g-- > 0;)
		for (int again = 0; sum[g] != NULL && again < 2; again++)
			check_like_plain(sum[g], plain[g], noise);
	/* a weighted term, a merge of two groups of an arena, and one into a sum without */
	if (sum[0] != NULL && sum[1] != NULL && sum[2] != NULL)
	{
		OK(add_weight(sum[0], &t[1], 3, 7));
		OK(add_weight(plain[0], &t[1], 3, 7));
		OK(ppdl_sum_add_bytes(sum[1], test_slice(&t[1], 3), t[1].size, ERR));
		OK(ppdl_sum_add_bytes(plain[1], test_slice(&t[1], 3), t[1].size, ERR));
		OK(ppdl_sum_merge(sum[0], sum[1], ERR));
		OK(ppdl_sum_merge(plain[0], plain[1], ERR));
		OK(ppdl_sum_merge(plain[2], sum[0], ERR));
		OK(ppdl_sum_merge(sum[2], plain[0], ERR));
		ppdl_sum_destroy(sum[0]);
		ppdl_sum_destroy(plain[0]);
		sum[0] = plain[0] = NULL;
		OK(ppdl_sum_add_bytes(sum[2], test_slice(&t[2], 5), t[2].size, ERR));
		OK(ppdl_sum_add_bytes(plain[2], test_slice(&t[2], 5), t[2].size, ERR));
		ppdl_sum_destroy(sum[1]);
		ppdl_sum_destroy(plain[1]);
		sum[1] = plain[1] = NULL;
	}
	for (int g = 0; g < ARENA_GROUPS; g++)
	{
		ppdl_sum_destroy(sum[g]);
		ppdl_sum_destroy(plain[g]);
	}
	ppdl_arena_destroy(arena);
	assert_true(budget.used <= keep && (budget.used > 0) == (keep > 0));
	ppdl_seed_cache_destroy(seeds);
	assert_int_equal(budget.used, 0);
	for (int b = 0; b < ARENA_BATCHES; b++)
		test_batch_free(&t[b]);
}

static void
test_arena(void **state)
{
	/* rows waiting, halves: room for all; early expansions; sums one at a time */
	static const PpdlArenaLimits all = {32 << 20, 64 << 20},
				early = {2000, 64 << 20},
				alone = {32 << 20, 300000},
				none = {2000, 0};

	/* all expanded seeds kept, two, none */
	arena_like_plain(NULL, 16 << 20, 0, 1);
	arena_like_plain(NULL, 300000, 1, 0);
	arena_like_plain(&all, 0, 0, 1);
	arena_like_plain(&all, 0, 1, 0);
	arena_like_plain(&early, 0, 0, 0);
	arena_like_plain(&alone, 300000, 0, 1);
	arena_like_plain(&alone, 16 << 20, 1, 0);
	arena_like_plain(&none, 0, 0, 1);
	arena_like_plain(&none, 0, 1, 0);
}

/*
 * Batches of which every row comes once, of three capacities, and such as are nearly complete: a row is missing, or
 * comes twice in the place of another.  Results in between, fewer limbs later, two sums of one arena.
 */
static void
complete_batches(const PpdlArenaLimits *limits)
{
	enum { BATCHES = 12 };
	TestBatch	t[BATCHES];
	PpdlArena  *arena;
	PpdlSum    *sum[2],
			   *plain[2];

	OK(ppdl_arena_create(&arena, limits, NULL, ERR));
	for (int g = 0; g < 2; g++)
	{
		OK(ppdl_sum_create(&sum[g], ERR));
		OK(ppdl_sum_create(&plain[g], ERR));
		ppdl_sum_set_arena(sum[g], arena);
	}
	for (int b = 0; b < BATCHES; b++)
	{
		const int	logc = b % 4 == 3 ? 3 : 9 - test_below(2),
					kind = test_below(4);	/* complete, twice complete, a row missing, a row for another */
		const int	limbs = b < BATCHES - 2 ? 2 : 1,
					g = test_below(2);

		t[b] = test_batch(sk, rng, 1 << logc, 4, logc, limbs, 30);
		for (int i = 0; i < t[b].rows << (kind == 1); i++)
		{
			int			row = (5 * i + 3) % t[b].rows;

			if (i == 4 && kind == 2)
				continue;
			if (i == 4 && kind == 3)
				row = (row + 1) % t[b].rows;
			OK(ppdl_sum_add_bytes(sum[g], test_slice(&t[b], row), t[b].size, ERR));
			OK(ppdl_sum_add_bytes(plain[g], test_slice(&t[b], row), t[b].size, ERR));
		}
		if (test_below(4) == 0)
			check_like_plain(sum[g], plain[g], 0);
	}
	for (int g = 0; g < 2; g++)
		if (ppdl_sum_count(sum[g]) > 0)
			check_like_plain(sum[g], plain[g], 0);
	OK(ppdl_sum_merge(sum[0], sum[1], ERR));
	OK(ppdl_sum_merge(plain[0], plain[1], ERR));
	check_like_plain(sum[0], plain[0], 0);
	for (int g = 0; g < 2; g++)
	{
		ppdl_sum_destroy(sum[g]);
		ppdl_sum_destroy(plain[g]);
	}
	ppdl_arena_destroy(arena);
	for (int b = 0; b < BATCHES; b++)
		test_batch_free(&t[b]);
}

static void
test_complete_batches(void **state)
{
	static const PpdlArenaLimits early = {2000, 64 << 20},
				alone = {32 << 20, 0};

	for (int i = 0; i < 4; i++)
	{
		complete_batches(NULL);
		complete_batches(&early);
		complete_batches(&alone);
	}
}

/* groups that are finished one before the next, each in an arena of its own: a seed is expanded once while there is room */
static void
test_arenas_in_turn(void **state)
{
	enum { ROOM = 3 };
	TestBatch	t[ARENA_BATCHES];
	PpdlSeedBudget budget = {ROOM * (sk->par->n * sizeof(uint64_t)), 0};
	PpdlSeedCache *seeds;

	OK(ppdl_seed_cache_create(&seeds, &budget, ERR));
	for (int b = 0; b < ARENA_BATCHES; b++)
		t[b] = test_batch(sk, rng, 64, 4, 9, 1, 30);
	for (int g = 0; g < 6; g++)
	{
		PpdlArena  *arena;
		PpdlSum    *sum,
				   *plain;

		OK(ppdl_arena_create(&arena, NULL, NULL, ERR));
		/* the first asks for nothing to be kept */
		ppdl_arena_set_seeds(arena, seeds, g > 0);
		OK(ppdl_sum_create(&sum, ERR));
		OK(ppdl_sum_create(&plain, ERR));
		ppdl_sum_set_arena(sum, arena);
		for (int b = 0; b < ARENA_BATCHES; b++)
			for (int i = g; i < 64; i += b == 0 ? 2 : 13)	/* one by products, others by shifted copies */
			{
				OK(ppdl_sum_add_bytes(sum, test_slice(&t[b], i), t[b].size, ERR));
				OK(ppdl_sum_add_bytes(plain, test_slice(&t[b], i), t[b].size, ERR));
			}
		check_like_plain(sum, plain, 1);
		ppdl_sum_destroy(sum);
		ppdl_sum_destroy(plain);
		ppdl_arena_destroy(arena);
		assert_int_equal(budget.used, g > 0 ? budget.max : 0);
		assert_true(ppdl_seed_cache_memory(seeds) >= budget.used &&
					ppdl_seed_cache_memory(seeds) < budget.used + 10000);
	}
	ppdl_seed_cache_destroy(seeds);
	assert_int_equal(budget.used, 0);
	for (int b = 0; b < ARENA_BATCHES; b++)
		test_batch_free(&t[b]);
}

/* caches of one budget: the first to come stay, by seed, limb and ring, and hold what a fresh expansion gives */
static void
test_seed_cache(void **state)
{
	const size_t bytes = sk->par->n * sizeof(uint64_t);
	PpdlSeedBudget budget = {5 * bytes + bytes / 2, 0};
	PpdlSeedCache *cache[2];
	const uint64_t *at[3][2];
	uint64_t	seed[4] = {0},
			   *fresh = malloc(bytes);

	OK(ppdl_seed_cache_create(&cache[0], &budget, ERR));
	OK(ppdl_seed_cache_create(&cache[1], &budget, ERR));
	for (int again = 0; again < 2; again++)
		for (uint64_t i = 0; i < 3; i++)
			for (int l = 0; l < 2; l++)
			{
				const uint64_t *u;

				seed[3] = i;
				OK(ppdl_seed_cache_get(cache[0], sk->par, seed, l, &u, ERR));
				if (again)
					assert_ptr_equal(u, at[i][l]);
				at[i][l] = u;
				assert_int_equal(u != NULL, 2 * i + (uint64_t) l < 5);
				OK(ppdl_seed_uniform(sk->par, seed, l, fresh, ERR));
				if (u != NULL)
					assert_memory_equal(u, fresh, bytes);
			}
	assert_int_equal(budget.used, 5 * bytes);
	seed[3] = 0;
	OK(ppdl_seed_cache_get(cache[1], sk->par, seed, 0, &at[0][0], ERR));
	assert_null(at[0][0]);
	ppdl_seed_cache_destroy(cache[0]);
	assert_int_equal(budget.used, 0);
	OK(ppdl_seed_cache_get(cache[1], sk->par, seed, 0, &at[0][0], ERR));
	assert_non_null(at[0][0]);
	ppdl_seed_cache_destroy(cache[1]);
	free(fresh);
}

static int
interrupt(void *arg)
{
	return --*(int *) arg == 0;
}

/* what is interrupted goes on later with what is left, and comes to the same */
static void
test_arena_interrupted(void **state)
{
	for (int turn = 1; turn < 8; turn++)
	{
		int			calls = turn;
		const PpdlPoll poll = {interrupt, &calls};
		const PpdlArenaLimits limits = {32 << 20, turn % 2 ? 64 << 20 : 0};
		PpdlArena  *arena;
		PpdlSum    *sum[2],
				   *plain[2];
		PpdlWriter	w;

		OK(ppdl_arena_create(&arena, &limits, &poll, ERR));
		for (int g = 0; g < 2; g++)
		{
			OK(ppdl_sum_create(&sum[g], ERR));
			OK(ppdl_sum_create(&plain[g], ERR));
			ppdl_sum_set_arena(sum[g], arena);
		}
		for (int b = 0; b < 20; b++)
		{
			TestBatch	t = test_batch(sk, rng, 40, 4, 6, 2, 30);

			for (int i = 0; i < 40; i++)
			{
				OK(ppdl_sum_add_bytes(sum[i % 5 == 0], test_slice(&t, i), t.size, ERR));
				OK(ppdl_sum_add_bytes(plain[i % 5 == 0], test_slice(&t, i), t.size, ERR));
			}
			test_batch_free(&t);
		}
		ppdl_writer_init(&w);
		if (turn < 5)
			FAILS(PPDL_ERR_CANCELED, ppdl_sum_finish(sum[0], 1, &w, ERR));
		calls = 0;
		for (int g = 0; g < 2; g++)
		{
			check_like_plain(sum[g], plain[g], 0);
			ppdl_sum_destroy(sum[g]);
			ppdl_sum_destroy(plain[g]);
		}
		ppdl_writer_free(&w);
		ppdl_arena_destroy(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sums),
		cmocka_unit_test(test_long_sum),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_parts_damaged),
		cmocka_unit_test(test_combine_parts),
		cmocka_unit_test(test_merge_save_load),
		cmocka_unit_test(test_same_weight),
		cmocka_unit_test(test_large_weights),
		cmocka_unit_test(test_many_batches),
		cmocka_unit_test(test_early_expansion),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_combine),
		cmocka_unit_test(test_combine_refusals),
		cmocka_unit_test(test_combine_far_apart),
		cmocka_unit_test(test_combine_grows),
		cmocka_unit_test(test_noise_overflow),
		cmocka_unit_test(test_rows_of_rows),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_complete_batches),
		cmocka_unit_test(test_arenas_in_turn),
		cmocka_unit_test(test_seed_cache),
		cmocka_unit_test(test_arena_interrupted),
	};

	test_seed("test_sum");
	return cmocka_run_group_tests(tests, setup, teardown);
}
