/*
 * States of aggregates: gathering rows by batch in constant time a row, and loading from bytes that come from anywhere.
 */
#include "rows_util.h"

#include "rows/decrypt.h"
#include "rows/ordinals.h"
#include "rows/packed_state.h"
#include "rows/packed_writer.h"
#include "rows/row_set.h"
#include "rows/sum.h"

#define MEMORY_FACTOR 8			/* a state of n bytes takes no more than this times n, and a constant */
#define MEMORY_CONSTANT 4096

static const PpdlParams *par;
static PpdlSecret *sk;
static PpdlRng *rng;

/* ---- by seed ---- */

static uint64_t asked;

/* the place of each copy is taken: one row that comes again and again */
static int
count_taken(const void *batches, uint32_t number, uint32_t index)
{
	asked++;
	return 1;
}

static void
test_repeated_row(void **state)
{
	static const uint8_t seed[PPDL_SEED_BYTES] = {7};
	PpdlSeedTable t = {0};
	uint32_t	copy;

	asked = 0;
	for (uint32_t i = 0; i < 40000; i++)
	{
		assert_int_equal(ppdl_seed_find_free(&t, seed, 3, 5, count_taken, NULL, &copy), PPDL_NO_BATCH);
		assert_int_equal(copy, i);
		OK(ppdl_seed_add(&t, seed, 3, copy, ERR));
		assert_int_equal(ppdl_seed_find(&t, seed, 3, copy), i);
	}
	assert_true(asked < 40000 * 2 * 17);
	assert_int_equal(ppdl_seed_find(&t, seed, 4, 0), PPDL_NO_BATCH);
	ppdl_seed_table_free(&t);
	assert_int_equal(ppdl_seed_find(&t, seed, 3, 0), PPDL_NO_BATCH);
}

static void
test_seed_table(void **state)
{
	PpdlSeedTable t = {0};
	uint64_t	seed[4] = {0};
	enum { N = 20000 };

	/* seeds that differ in few bits, in each of the four words */
	for (uint32_t i = 0; i < N; i++)
	{
		memset(seed, 0, sizeof(seed));
		seed[i % 4] = (uint64_t) (i / 4) << (i % 7 * 8);
		if (ppdl_seed_find(&t, seed, (int) (i % 15), i % 3) == PPDL_NO_BATCH)
			OK(ppdl_seed_add(&t, seed, (int) (i % 15), i % 3, ERR));
	}
	for (uint32_t i = 0; i < t.used; i++)
		assert_int_equal(ppdl_seed_find(&t, t.key[i].seed, (int) t.key[i].logc, t.key[i].copy), i);
	assert_true(t.used > N / 2);
	assert_true(ppdl_seed_table_memory(&t) < (size_t) t.used * 120);
	ppdl_seed_table_free(&t);
}

/* ---- helpers ---- */

static PpdlCipher
parsed(const uint8_t *slice, size_t size)
{
	PpdlCipher	c;

	OK(ppdl_cipher_parse(&c, slice, size, ERR));
	return c;
}

/* a row of its own batch: slices of one row, with the seed changed */
static void
reseed(uint8_t *slice, uint64_t n)
{
	memcpy(slice + 28, &n, sizeof(n));
}

static size_t
allowed(size_t bytes)
{
	return MEMORY_FACTOR * bytes + MEMORY_CONSTANT;
}

/* ---- the collector ---- */

static void
add_row(PpdlCollector *col, const uint8_t *slice, size_t size, uint32_t ordinal)
{
	PpdlCipher	c = parsed(slice, size);
	int			complete;

	OK(ppdl_collector_add(col, &c, ordinal, &complete, ERR));
}

static PpdlWriter
saved_collector(const PpdlCollector *col)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col, &w, ERR));
	return w;
}

/* loading what was saved gives the same rows, within the memory that is allowed */
static void
check_collector(const PpdlCollector *col, uint32_t rows)
{
	PpdlWriter	w = saved_collector(col),
				again;
	PpdlCollector *loaded;
	uint8_t    *bits = calloc(1, ppdl_ordinal_bytes(rows) + 1);

	assert_int_equal(ppdl_collector_rows(col), rows);
	assert_true(ppdl_collector_memory(col) <= allowed(w.len));
	OK(ppdl_collector_load(&loaded, w.buf, w.len, ERR));
	assert_int_equal(ppdl_collector_rows(loaded), rows);
	assert_true(ppdl_collector_memory(loaded) <= allowed(w.len));
	OK(ppdl_collector_mark(loaded, bits, rows, ERR));
	if (rows > 0)
	{
		FAILS(PPDL_ERR_FORMAT, ppdl_collector_mark(loaded, bits, rows, ERR));
		memset(bits, 0, ppdl_ordinal_bytes(rows));
		FAILS(PPDL_ERR_FORMAT, ppdl_collector_mark(loaded, bits, rows - 1, ERR));
	}
	again = saved_collector(loaded);
	assert_int_equal(again.len, w.len);
	ppdl_collector_destroy(loaded);
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
	free(bits);
}

static void
test_collector(void **state)
{
	TestBatch	t = test_batch(sk, rng, 64, 1, 14, 1, 30);
	TestBatch	wide = test_batch(sk, rng, 2, 3000, 2, 1, 30);
	PpdlCollector *col;
	uint32_t	n = 0;

	/* one row each of many large batches */
	OK(ppdl_collector_create(&col, 1, ERR));
	for (; n < 3000; n++)
	{
		reseed(t.slice, n);
		add_row(col, t.slice, t.size, n);
	}
	check_collector(col, n);
	/* one row again and again, and rows in and out of order, more than once */
	for (; n < 9000; n++)
		add_row(col, test_slice(&t, 1), t.size, n);
	for (; n < 12000; n++)
		add_row(col, test_slice(&t, 2 + test_below(62)), t.size, n);
	check_collector(col, n);
	ppdl_collector_destroy(col);
	/* batches that complete again and again: two rows of 3,000 values, of four */
	OK(ppdl_collector_create(&col, 1, ERR));
	for (n = 0; n < 100; n++)
		add_row(col, test_slice(&wide, (int) n % 2), wide.size, n);
	check_collector(col, n);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	test_batch_free(&wide);
}

static void
test_collector_shape(void **state)
{
	TestBatch	t = test_batch(sk, rng, 2, 4, 2, 2, 30),
				compact = test_batch(sk, rng, 2, 4, 2, 1, 30);
	PpdlCipher	shape = parsed(t.slice, t.size);
	PpdlCollector *col,
			   *loaded;
	PpdlWriter	w;

	OK(ppdl_collector_create(&col, 2, ERR));
	add_row(col, t.slice, t.size, 0);
	OK(ppdl_collector_check_like(col, &shape, ERR));
	shape.width = 3;
	FAILS(PPDL_ERR_SCALE, ppdl_collector_check_like(col, &shape, ERR));
	shape.width = 4;
	shape.fingerprint[0] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_collector_check_like(col, &shape, ERR));
	shape.fingerprint[0] ^= 1;
	shape.limbs = 1;
	FAILS(PPDL_ERR_FORMAT, ppdl_collector_check_like(col, &shape, ERR));
	/* a row of other limbs than the state says, more rows than bytes */
	w = saved_collector(col);
	w.buf[4] = 1;
	FAILS(PPDL_ERR_FORMAT, ppdl_collector_load(&loaded, w.buf, w.len, ERR));
	w.buf[4] = 2;
	w.buf[15] = 1;
	FAILS(PPDL_ERR_FORMAT, ppdl_collector_load(&loaded, w.buf, w.len, ERR));
	ppdl_writer_free(&w);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	test_batch_free(&compact);
}

/* ---- rows to train on or to predict in the deep ring ---- */

static PpdlWriter
saved_rows(const PpdlTrainSet *ts)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_trainset_save(ts, &w, ERR));
	return w;
}

static PpdlTrainSet *
some_rows(const TestBatch *x, const TestBatch *y, int rows, int copies)
{
	PpdlTrainSet *ts;
	uint32_t	n = 0;

	OK(ppdl_trainset_create(&ts, ERR));
	for (int c = 0; c < copies; c++)
		for (int i = 0; i < rows; i++)
		{
			PpdlCipher	cx = parsed(test_slice(x, i), x->size),
						cy;

			if (y != NULL)
				cy = parsed(test_slice(y, i), y->size);
			OK(ppdl_trainset_add(ts, &cx, y != NULL ? &cy : NULL, n++, ERR));
		}
	return ts;
}

static void
test_row_set(void **state)
{
	TestBatch	x = test_batch(sk, rng, 9, 4, 12, 1, 30);
	PpdlTrainSet *ts = some_rows(&x, NULL, 9, 60),
			   *loaded;
	PpdlWriter	w = saved_rows(ts);
	uint8_t		bits[68] = {0};

	/* each row is in each copy of its batch */
	assert_int_equal(ts->nbatches, 60);
	for (int b = 0; b < 60; b++)
		assert_int_equal(ts->batch[b].rows, 9);
	assert_true(ppdl_trainset_memory(ts) <= 2 * w.len + MEMORY_CONSTANT);
	OK(ppdl_trainset_load(&loaded, w.buf, w.len, ERR));
	assert_true(ppdl_trainset_memory(loaded) <= 2 * w.len + MEMORY_CONSTANT);
	OK(ppdl_trainset_mark(loaded, bits, 540, ERR));
	OK(ppdl_trainset_merge(ts, loaded, 540, ERR));
	assert_int_equal(ts->nbatches, 120);
	ppdl_trainset_destroy(loaded);
	ppdl_writer_free(&w);
	ppdl_trainset_destroy(ts);
	test_batch_free(&x);
}

/* what no run of ppdl writes */
static void
test_row_set_refusals(void **state)
{
	TestBatch	x = test_batch(sk, rng, 2, 4, 12, 1, 30),
				y = test_batch(sk, rng, 2, 4, 12, 1, 30);
	const size_t head = 1 + 8 + 2 + 2 + 8 + 4,
				ordinals = head + 64,
				column = ordinals + 4 * (par->n >> 2);
	PpdlTrainSet *ts = some_rows(&x, &y, 2, 1),
			   *loaded;
	PpdlWriter	w = saved_rows(ts);
	const struct
	{
		size_t		at;
		uint8_t		value;
	}			change[] = {
		{0, PPDL_RING_DEEP}, {0, 0}, {0, 9}, {9, 5}, {10, 255}, {11, 200}, {20, 0x7F}, {21, 2}, {24, 1},
		{ordinals + 8, 2},		/* a row without coefficients is harmless, its place is not empty any more */
		{column + 7, 1},		/* coefficients of a row that is missing */
	};

	OK(ppdl_trainset_load(&loaded, w.buf, w.len, ERR));
	ppdl_trainset_destroy(loaded);
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
	{
		uint8_t		was = w.buf[change[i].at];

		w.buf[change[i].at] = change[i].value;
		if (ppdl_trainset_load(&loaded, w.buf, w.len, ERR) == PPDL_OK)
		{
			uint8_t		bits[1] = {0};

			FAILS(PPDL_ERR_FORMAT, ppdl_trainset_mark(loaded, bits, 2, ERR));
			ppdl_trainset_destroy(loaded);
		}
		w.buf[change[i].at] = was;
	}
	/* the same batch twice, where rows come once */
	{
		size_t		batch = w.len - head;
		uint8_t    *p = ppdl_write_space(&w, batch);

		memcpy(p, w.buf + head, batch);
		w.buf[21] = 2;
		FAILS(PPDL_ERR_FORMAT, ppdl_trainset_load(&loaded, w.buf, w.len, ERR));
		assert_non_null(strstr(test_error.message, "twice"));
	}
	ppdl_writer_free(&w);
	ppdl_trainset_destroy(ts);
	test_batch_free(&x);
	test_batch_free(&y);
}

/* ---- damaged bytes ---- */

/* loads, checks what was taken, and frees; says whether it loaded */
typedef int (*Loader) (const uint8_t *buf, size_t len);

static int
load_collector(const uint8_t *buf, size_t len)
{
	PpdlCollector *col;
	PpdlWriter	w;
	uint8_t		bits[8] = {0};

	if (ppdl_collector_load(&col, buf, len, ERR) != PPDL_OK)
		return 0;
	assert_true(ppdl_collector_memory(col) <= allowed(len));
	(void) ppdl_collector_mark(col, bits, 64, ERR);
	w = saved_collector(col);
	assert_int_equal(w.len, len);
	ppdl_writer_free(&w);
	ppdl_collector_destroy(col);
	return 1;
}

static int
load_train(const uint8_t *buf, size_t len)
{
	PpdlTrainSet *ts;
	PpdlWriter	w;
	uint8_t		bits[8] = {0};

	if (ppdl_trainset_load(&ts, buf, len, ERR) != PPDL_OK)
		return 0;
	assert_true(ppdl_trainset_memory(ts) <= allowed(len));
	(void) ppdl_trainset_mark(ts, bits, 64, ERR);
	w = saved_rows(ts);
	assert_int_equal(w.len, len);
	assert_memory_equal(w.buf, buf, len);
	ppdl_writer_free(&w);
	ppdl_trainset_destroy(ts);
	return 1;
}

static int
load_sum(const uint8_t *buf, size_t len)
{
	PpdlSum    *s;
	PpdlWriter	w;

	if (ppdl_sum_load(&s, buf, len, ERR) != PPDL_OK)
		return 0;
	assert_true(ppdl_sum_memory(s) <= allowed(len));
	/* what loads can be saved, unless its error is beyond all numbers, and then loads again */
	ppdl_writer_init(&w);
	if (ppdl_sum_save(s, &w, ERR) == PPDL_OK)
	{
		ppdl_sum_destroy(s);
		OK(ppdl_sum_load(&s, w.buf, w.len, ERR));
	}
	ppdl_writer_free(&w);
	ppdl_sum_destroy(s);
	return 1;
}

static PpdlEval *packed_ev;
static PpdlCipher packed_shape;

static int
load_packed(const uint8_t *buf, size_t len)
{
	PpdlReader	r = ppdl_reader(buf, len);
	PpdlPacked	p;
	PpdlWriter	w;
	uint8_t		bits[4096 / 8] = {0};

	if (ppdl_packed_load(&p, packed_ev, &r, &packed_shape, packed_shape.width, ERR) != PPDL_OK)
	{
		assert_null(p.ordinal);
		return 0;
	}
	assert_true(ppdl_packed_memory(&p) <= allowed(len));
	(void) ppdl_packed_mark(&p, bits, 4096, ERR);
	ppdl_writer_init(&w);
	ppdl_packed_save(&w, &p);
	assert_int_equal(w.len, len);
	assert_memory_equal(w.buf, buf, len);
	ppdl_writer_free(&w);
	ppdl_packed_release(packed_ev, &p);
	return 1;
}

/* every truncation is refused; flips and overwritten words are refused or harmless */
static void
damage(const char *name, Loader load, const PpdlWriter *w, size_t head, int rounds)
{
	uint8_t    *copy = malloc(w->len);
	int			loaded = 0;

	assert_true(load(w->buf, w->len));
	for (size_t len = 0; len < w->len; len += len < head ? 1 : 1 + (w->len - head) / 40)
	{
		uint8_t    *cut = malloc(len > 0 ? len : 1);	/* of just this size: reading on is noticed */

		memcpy(cut, w->buf, len);
		assert_false(load(cut, len));
		free(cut);
	}
	for (int i = 0; i < rounds; i++)
	{
		size_t		at = (size_t) test_below(i % 3 > 0 ? (int) head : (int) w->len);

		memcpy(copy, w->buf, w->len);
		if (i % 2 == 0)
			copy[at] ^= (uint8_t) (1 << test_below(8));
		else
		{
			uint64_t	word = test_below(2) ? test_random() : (uint64_t) 0 - (uint64_t) test_below(2);

			memcpy(copy + at, &word, at + 8 < w->len ? 1 + (size_t) test_below(8) : 1);
		}
		loaded += load(copy, w->len);
	}
	printf("%s: %zu bytes, %d of %d damaged ones load\n", name, w->len, loaded, rounds);
	free(copy);
}

static void
test_damage(void **state)
{
	TestBatch	t = test_batch(sk, rng, 4, 2, 4, 1, 30),
				x = test_batch(sk, rng, 3, 4, 12, 1, 30),
				y = test_batch(sk, rng, 3, 4, 12, 1, 30);
	PpdlCollector *col;
	PpdlTrainSet *ts = some_rows(&x, &y, 3, 1);
	PpdlSum    *sum;
	PpdlPool   *pool = ppdl_pool_create();
	PpdlEval	ev;
	PpdlPacked	p;
	PpdlWriter	w;
	int			found;

	test_seed("test_damage");
	OK(ppdl_collector_create(&col, 1, ERR));
	for (uint32_t i = 0; i < 6; i++)
		add_row(col, test_slice(&t, (int) i % 4), t.size, i);
	w = saved_collector(col);
	damage("collector", load_collector, &w, w.len, 3000);
	ppdl_writer_free(&w);
	ppdl_collector_destroy(col);

	w = saved_rows(ts);
	damage("rows to train on", load_train, &w, 100, 200);
	ppdl_writer_free(&w);
	ppdl_trainset_destroy(ts);

	OK(ppdl_sum_create(&sum, ERR));
	for (int i = 0; i < 4; i++)
		OK(ppdl_sum_add_bytes(sum, test_slice(&t, i), t.size, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(sum, &w, ERR));
	damage("sum", load_sum, &w, 80, 300);
	ppdl_writer_free(&w);
	/* in parts */
	for (int i = 0; i < 3; i++)
	{
		PpdlCipher	c;

		OK(ppdl_cipher_parse(&c, test_slice(&t, i), t.size, ERR));
		OK(ppdl_sum_add(sum, &c, 1 << 18, ERR));
	}
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(sum, &w, ERR));
	assert_memory_equal(w.buf, "SUM2", 4);
	damage("sum in parts", load_sum, &w, 120, 300);
	ppdl_writer_free(&w);
	ppdl_sum_destroy(sum);

	/* a complete batch: packed without keys */
	test_batch_free(&t);
	t = test_batch(sk, rng, 4, 4096, 2, 2, 30);
	OK(ppdl_eval_init(&ev, par, pool, NULL, ERR));
	OK(ppdl_collector_create(&col, 2, ERR));
	for (uint32_t i = 0; i < 4; i++)
		add_row(col, test_slice(&t, (int) i), t.size, i);
	OK(ppdl_pack_complete(&ev, col, &p, &found, ERR));
	assert_true(found);
	packed_ev = &ev;
	packed_shape = parsed(t.slice, t.size);
	ppdl_writer_init(&w);
	ppdl_packed_save(&w, &p);
	damage("packed ciphertext", load_packed, &w, 45, 200);
	ppdl_writer_free(&w);
	ppdl_packed_release(&ev, &p);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
	test_batch_free(&t);
	test_batch_free(&x);
	test_batch_free(&y);
}

/* ---- interrupts ---- */

static int
count_down(void *arg)
{
	int		   *left = arg;

	return (*left)-- <= 0;
}

/* what is interrupted can be done again, and is as it would have been */
static void
test_interrupts(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 1, 14, 1, 30),
				x = test_batch(sk, rng, 1, 4, 12, 1, 30);
	PpdlTrainSet *ts;
	int			left = 10;
	const PpdlPoll poll = {count_down, &left};
	PpdlSum    *sum;
	PpdlCollector *col,
			   *copy;
	PpdlWriter	w[2];

	OK(ppdl_sum_create(&sum, ERR));
	OK(ppdl_collector_create(&col, 1, ERR));
	for (uint32_t i = 0; i < 4000; i++)
	{
		reseed(t.slice, i);
		add_row(col, t.slice, t.size, i);
		if (i < 30)
			OK(ppdl_sum_add_bytes(sum, t.slice, t.size, ERR));
	}
	for (int i = 0; i < 2; i++)
		ppdl_writer_init(&w[i]);
	OK(ppdl_sum_save(sum, &w[0], ERR));
	ppdl_sum_set_poll(sum, &poll);
	FAILS(PPDL_ERR_CANCELED, ppdl_sum_save(sum, &w[1], ERR));
	assert_int_equal(left, -1);
	ppdl_sum_set_poll(sum, NULL);
	w[1].len = 0;
	OK(ppdl_sum_save(sum, &w[1], ERR));
	assert_int_equal(w[0].len, w[1].len);
	assert_memory_equal(w[0].buf, w[1].buf, w[0].len);
	ppdl_sum_destroy(sum);

	w[0].len = 0;
	OK(ppdl_collector_save(col, &w[0], ERR));
	left = 1;
	OK(ppdl_collector_create(&copy, 1, ERR));
	ppdl_collector_set_poll(copy, &poll);
	FAILS(PPDL_ERR_CANCELED, ppdl_collector_fill(copy, w[0].buf, w[0].len, ERR));
	assert_in_range(ppdl_collector_rows(copy), 1, 3999);
	ppdl_collector_destroy(copy);
	left = 1;
	ppdl_collector_set_poll(col, &poll);
	FAILS(PPDL_ERR_CANCELED, ppdl_collector_save(col, &w[1], ERR));
	ppdl_collector_destroy(col);

	ts = some_rows(&x, NULL, 1, 6);
	w[0].len = 0;
	OK(ppdl_trainset_save(ts, &w[0], ERR));
	ppdl_trainset_destroy(ts);
	left = 3;
	OK(ppdl_trainset_create(&ts, ERR));
	ts->poll = &poll;
	FAILS(PPDL_ERR_CANCELED, ppdl_trainset_fill(ts, w[0].buf, w[0].len, ERR));
	assert_int_equal(ts->nbatches, 3);
	left = 1;
	FAILS(PPDL_ERR_CANCELED, ppdl_trainset_save(ts, &w[1], ERR));
	left = 1;
	FAILS(PPDL_ERR_CANCELED, ppdl_trainset_mark(ts, (uint8_t[1]) {0}, 6, ERR));
	ppdl_trainset_destroy(ts);
	for (int i = 0; i < 2; i++)
		ppdl_writer_free(&w[i]);
	test_batch_free(&t);
	test_batch_free(&x);
}

/* a result of many rows, most of them NULL: while it is written, and while its owner decrypts it */
static void
test_interrupted_results(void **state)
{
	const uint32_t rows = 5000000;
	TestBatch	t = test_batch(sk, rng, 4, 4096, 2, 2, 30);
	int			left = 1000,
				found;
	const PpdlPoll poll = {count_down, &left};
	PpdlPool   *pool = ppdl_pool_create();
	PpdlPackedWriter *pw;
	PpdlCollector *col;
	PpdlCipher	c;
	PpdlValues	values;
	PpdlPacked	p;
	PpdlEval	ev;
	PpdlWriter	w;

	OK(ppdl_eval_init(&ev, par, pool, NULL, ERR));
	ev.interrupted = count_down;
	ev.interrupted_arg = &left;
	OK(ppdl_collector_create(&col, 2, ERR));
	for (uint32_t i = 0; i < 4; i++)
		add_row(col, test_slice(&t, (int) i), t.size, i);
	OK(ppdl_pack_complete(&ev, col, &p, &found, ERR));
	assert_true(found);
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, t.width, p.logk, test_fp, ERR));
	OK(ppdl_packed_writer_add(pw, &ev, &p.ct, p.ordinal, ERR));
	ppdl_writer_init(&w);
	left = 3;
	FAILS(PPDL_ERR_CANCELED, ppdl_packed_writer_finish(pw, rows, &w, ERR));
	assert_in_range(w.len, 4 << 20, 4 * rows);
	w.len = 0;
	left = 1000;
	OK(ppdl_packed_writer_finish(pw, rows, &w, ERR));
	ppdl_packed_writer_destroy(pw);

	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	left = 0;
	FAILS(PPDL_ERR_CANCELED, ppdl_cipher_decrypt_polled(&values, &c, sk, &poll, ERR));
	left = 1000;
	OK(ppdl_cipher_decrypt_polled(&values, &c, sk, &poll, ERR));
	assert_int_equal(values.held, 4);
	ppdl_values_free(&values);
	ppdl_writer_free(&w);
	ppdl_packed_release(&ev, &p);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
	test_batch_free(&t);
}

static int
setup(void **state)
{
	test_seed("test_states");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated_row),
		cmocka_unit_test(test_seed_table),
		cmocka_unit_test(test_collector),
		cmocka_unit_test(test_collector_shape),
		cmocka_unit_test(test_row_set),
		cmocka_unit_test(test_row_set_refusals),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_interrupted_results),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
