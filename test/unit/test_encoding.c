/* The identity of an encoding: in seeds and headers, through sums and states, and where two of them meet. */
#include "rows_util.h"

#include "rows/arena.h"
#include "rows/cipher_write.h"
#include "rows/combine.h"
#include "rows/encoding.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/partner.h"
#include "rows/row_set.h"
#include "rows/sum.h"

#define A UINT64_C(0x3fa2b1c4d5e6)
#define B UINT64_C(0x0123456789ab)
#define WIDTH 3
#define ROWS 8

static const PpdlParams *par;
static PpdlSecret *sk;
static PpdlRng *rng;
static size_t size;				/* of a row */

static int
setup(void **state)
{
	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	rng = test_rng();
	OK(ppdl_secret_create(&sk, par, rng, ERR));
	size = ppdl_slice_size(par, 1, 2);
	return 0;
}

static int
teardown(void **state)
{
	ppdl_secret_destroy(sk);
	ppdl_rng_destroy(rng);
	return 0;
}

/* rows of one batch in an encoding, each with the values 1, 0.5, -0.25 */
static uint8_t *
rows_in(uint64_t encoding, int rows, int scale_bits)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = scale_bits, .logc = 9, .ring = PPDL_RING_COMPACT,
		.encoding = encoding};
	uint8_t    *out = malloc((size_t) rows * size);
	double	   *x = malloc((size_t) rows * WIDTH * sizeof(double));

	for (int i = 0; i < rows; i++)
		memcpy(x + i * WIDTH, (double[WIDTH]) {1, 0.5, -0.25}, WIDTH * sizeof(double));
	OK(ppdl_batch_encrypt(out, x, rows, WIDTH, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	free(x);
	return out;
}

static PpdlCipher
parsed(const uint8_t *buf, size_t len)
{
	PpdlCipher	c;

	OK(ppdl_cipher_parse(&c, buf, len, ERR));
	return c;
}

/* what a value says, by all ways of asking */
static uint64_t
encoding_of(const uint8_t *buf, size_t len)
{
	PpdlCipher	c = parsed(buf, len);
	uint64_t	encoding,
				again;

	OK(ppdl_cipher_encoding(&c, &encoding, ERR));
	OK(ppdl_encoding_of_head(buf, len < PPDL_ENCODING_HEAD ? len : PPDL_ENCODING_HEAD, &again, ERR));
	assert_true(again == encoding);
	again = 0;
	OK(ppdl_encoding_join_cipher(&again, &c, "test", ERR));
	assert_true(again == encoding);
	return encoding;
}

static void
refused(PpdlStatus status)
{
	assert_int_equal(status, PPDL_ERR_SCALE);
	assert_non_null(strstr(test_error.message, "two encodings, "));
	assert_non_null(strstr(test_error.message, "3fa2b1c4d5e6"));
	assert_non_null(strstr(test_error.message, "0123456789ab"));
	assert_true(test_error.detail[0] != 0 && strstr(test_error.hint, "lwe_encoding()") != NULL);
	assert_true(strlen(test_error.hint) < sizeof(test_error.hint) - 1);
}

static void
test_ids(void **state)
{
	static const char *const bad[] = {"", "3fa2b1c4d5e", "3fa2b1c4d5e66", "3fa2b1c4d5eg", "000000000000", " fa2b1c4d5e6",
	"+fa2b1c4d5e6", "0x3fa2b1c4d5"};
	char		text[PPDL_ENCODING_SIZE];
	uint64_t	id,
				other;

	ppdl_encoding_print(text, A);
	assert_string_equal(text, "3fa2b1c4d5e6");
	ppdl_encoding_print(text, B);
	assert_string_equal(text, "0123456789ab");
	assert_true(ppdl_encoding_parse(&id, "3FA2b1c4d5e6") && id == A);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ppdl_encoding_parse(&id, bad[i]));
	for (int i = 0; i < 100; i++)
	{
		OK(ppdl_encoding_draw(&id, ERR));
		OK(ppdl_encoding_draw(&other, ERR));
		assert_true(id != 0 && id >> PPDL_ENCODING_BITS == 0 && id != other);
		ppdl_encoding_print(text, id);
		assert_true(ppdl_encoding_parse(&other, text) && other == id);
	}
}

/* recognised by their own bytes alone; those of labels, random ones and damaged ones say nothing */
static void
test_seeds(void **state)
{
	uint8_t		seed[PPDL_SEED_BYTES],
				again[PPDL_SEED_BYTES],
				label[PPDL_SEED_BYTES];
	uint64_t	id;

	for (int n = 0; n < 200; n++)
	{
		const int	at = test_below(PPDL_SEED_BYTES),
					bit = 1 << test_below(8);

		OK(ppdl_encoding_seed(seed, A, rng, ERR));
		OK(ppdl_encoding_seed(again, A, rng, ERR));
		assert_memory_not_equal(seed, again, 16);
		OK(ppdl_encoding_of_seed(seed, &id, ERR));
		assert_true(id == A);
		OK(ppdl_partner_seed(label, seed, rng, ERR));
		OK(ppdl_partner_check(seed, label, ERR));
		OK(ppdl_encoding_of_seed(label, &id, ERR));
		assert_true(id == 0);
		seed[at] ^= (uint8_t) bit;
		OK(ppdl_encoding_of_seed(seed, &id, ERR));
		assert_true(id == 0);
		OK(ppdl_encoding_seed(seed, 0, rng, ERR));
		OK(ppdl_encoding_of_seed(seed, &id, ERR));
		assert_true(id == 0);
	}
	FAILS(PPDL_ERR_RANGE, ppdl_encoding_seed(seed, (uint64_t) 1 << PPDL_ENCODING_BITS, rng, ERR));
}

/* the bytes where doc/wire-format.md says, of each kind; what is cut short has no encoding */
static void
test_headers(void **state)
{
	uint8_t    *row = rows_in(A, ROWS, 30);
	PpdlCipher	c = parsed(row, size);
	uint64_t	id;
	PpdlWriter	w;

	assert_memory_equal(row + 28 + 16, ((uint8_t[]) {0xe6, 0xd5, 0xc4, 0xb1, 0xa2, 0x3f, 0, 0}), 8);
	assert_true(encoding_of(row, size) == A);
	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &c, 2, NULL, 0, ERR));
	assert_memory_equal(w.buf + 41, ((uint8_t[]) {0xe6, 0xd5, 0xc4, 0xb1, 0xa2, 0x3f, 0}), 7);
	assert_true(encoding_of(w.buf, w.len) == A);
	for (size_t len = 0; len < PPDL_ROW_HEADER; len++)
		FAILS(PPDL_ERR_FORMAT, ppdl_encoding_of_head(w.buf, len, &id, ERR));
	for (size_t len = 0; len < PPDL_SLICE_HEADER; len++)
		FAILS(PPDL_ERR_FORMAT, ppdl_encoding_of_head(row, len, &id, ERR));
	w.buf[47] = 1;
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	ppdl_writer_free(&w);
	free(row);
}

/* one and one not known is known; two known ones are refused, in any order, and the sum stays what it was */
static void
test_combine(void **state)
{
	static const uint64_t of[3] = {0, A, B};

	for (int i = 0; i < 9; i++)
	{
		const uint64_t a = of[i / 3],
					b = of[i % 3];
		uint8_t    *x = rows_in(a, 1, 30),
				   *y = rows_in(b, 1, 30);
		PpdlCipher	cx = parsed(x, size),
					cy = parsed(y, size);
		PpdlWriter	w;

		ppdl_writer_init(&w);
		if (a != 0 && b != 0 && a != b)
			refused(ppdl_cipher_combine(&w, &cx, 1, &cy, -1, ERR));
		else
		{
			OK(ppdl_cipher_combine(&w, &cx, 1, &cy, -1, ERR));
			assert_true(encoding_of(w.buf, w.len) == (a ? a : b));
			/* of scales without a common multiple: parts */
			w.len = 0;
			OK(ppdl_cipher_combine(&w, &cx, 1, &cy, 1e-30, ERR));
			assert_int_equal(parsed(w.buf, w.len).kind, PPDL_KIND_PARTS);
			assert_true(encoding_of(w.buf, w.len) == (a ? a : b));
		}
		ppdl_writer_free(&w);
		free(x);
		free(y);
	}
}

/* parts are of one encoding, or the value is none */
static void
test_parts(void **state)
{
	uint8_t    *x = rows_in(A, 1, 30),
			   *y = rows_in(0, 1, 30);
	PpdlCipher	cx = parsed(x, size),
				cy = parsed(y, size),
				c;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &cx, 1, &cy, 1e-30, ERR));
	memset(w.buf + PPDL_PARTS_HEADER + 41, 0, 6);
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	assert_non_null(strstr(test_error.message, "different encodings"));
	ppdl_writer_free(&w);
	free(x);
	free(y);
}

/* a sum through its bytes */
static PpdlSum *
travel(PpdlSum *s)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_sum_save(s, &w, ERR));
	ppdl_sum_destroy(s);
	OK(ppdl_sum_load(&s, w.buf, w.len, ERR));
	ppdl_writer_free(&w);
	return s;
}

static uint64_t
result_of(PpdlSum *s)
{
	PpdlWriter	w,
				again;
	uint64_t	encoding;

	ppdl_writer_init(&w);
	ppdl_writer_init(&again);
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	OK(ppdl_cipher_validate(w.buf, w.len, ERR));
	encoding = encoding_of(w.buf, w.len);
	OK(ppdl_sum_finish_again(s, w.buf, w.len, 3, &again, ERR));
	assert_true(encoding_of(again.buf, again.len) == encoding);
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
	return encoding;
}

/* rows of two encodings and of none, in random order, by both ways of adding, with and without an arena, in two states */
static void
test_sums(void **state)
{
	static const uint64_t of[4] = {0, 0, A, B};
	uint8_t    *rows[4];

	for (int b = 0; b < 4; b++)
		rows[b] = rows_in(of[b], ROWS, 30);
	for (int n = 0; n < 60; n++)
	{
		const int	use_arena = test_below(2),
					batches = 2 + test_below(3);	/* 2: none is known */
		PpdlArena  *arena = NULL;
		PpdlSum    *s[2];
		uint64_t	want[2] = {0, 0};

		OK(ppdl_arena_create(&arena, NULL, NULL, ERR));
		for (int i = 0; i < 2; i++)
		{
			OK(ppdl_sum_create(&s[i], ERR));
			if (use_arena)
				ppdl_sum_set_arena(s[i], arena);
		}
		for (int t = 0; t < 12; t++)
		{
			const int	i = t < 2 ? t : test_below(2),
						b = test_below(batches);
			const uint8_t *row = rows[b] + (size_t) test_below(ROWS) * size;
			const uint64_t count = ppdl_sum_count(s[i]);
			PpdlCipher	c = parsed(row, size);
			PpdlStatus	status = test_below(2) ? ppdl_sum_add_bytes(s[i], row, size, ERR) : ppdl_sum_add(s[i], &c, 1, ERR);

			if (want[i] != 0 && of[b] != 0 && want[i] != of[b])
			{
				refused(status);
				assert_true(ppdl_sum_count(s[i]) == count);
				continue;
			}
			assert_int_equal(status, PPDL_OK);
			want[i] = want[i] ? want[i] : of[b];
		}
		for (int i = 0; i < 2; i++)
		{
			assert_true(result_of(s[i]) == want[i]);
			if (!use_arena && test_below(2))
				s[i] = travel(s[i]);
		}
		if (want[0] != 0 && want[1] != 0 && want[0] != want[1])
			refused(ppdl_sum_merge(s[0], s[1], ERR));
		else
		{
			OK(ppdl_sum_merge(s[0], s[1], ERR));
			assert_true(result_of(s[0]) == (want[0] ? want[0] : want[1]));
		}
		ppdl_sum_destroy(s[0]);
		ppdl_sum_destroy(s[1]);
		ppdl_arena_destroy(arena);
	}
	for (int b = 0; b < 4; b++)
		free(rows[b]);
}

/* an encoding that becomes known late is that of the parts closed before, too, and of those that another sum closed */
static void
test_large_sums(void **state)
{
	uint8_t    *unknown = rows_in(0, 512, 40),
			   *known = rows_in(A, 512, 40);
	PpdlSum    *s,
			   *other;
	PpdlWriter	w;
	PpdlCipher	c;

	OK(ppdl_sum_create(&s, ERR));
	OK(ppdl_sum_create(&other, ERR));
	for (int i = 0; i < 1200; i++)
	{
		OK(ppdl_sum_add_bytes(s, (i < 1100 ? unknown : known) + (size_t) (i % 512) * size, size, ERR));
		OK(ppdl_sum_add_bytes(other, unknown + (size_t) (i % 512) * size, size, ERR));
	}
	assert_true(result_of(s) == A && result_of(other) == 0);
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	c = parsed(w.buf, w.len);
	assert_true(c.kind == PPDL_KIND_PARTS && c.nparts > 2);
	ppdl_writer_free(&w);
	s = travel(s);
	OK(ppdl_sum_merge(s, other, ERR));
	assert_true(result_of(s) == A);
	ppdl_sum_destroy(s);
	ppdl_sum_destroy(other);
	free(unknown);
	free(known);
}

/* packing: rows of one encoding, explicit rows among them, and their state */
static void
test_packing(void **state)
{
	uint8_t    *rows[3] = {rows_in(0, ROWS, 30), rows_in(A, ROWS, 30), rows_in(B, ROWS, 30)};
	PpdlCipher	c;
	PpdlCollector *col,
			   *other;
	PpdlWriter	w,
				value;
	int			complete;

	OK(ppdl_collector_create(&col, 1, ERR));
	OK(ppdl_collector_create(&other, 1, ERR));
	c = parsed(rows[0], size);
	OK(ppdl_collector_add(col, &c, 0, &complete, ERR));
	assert_true(ppdl_collector_encoding(col) == 0);
	ppdl_writer_init(&value);
	c = parsed(rows[1], size);
	OK(ppdl_cipher_combine(&value, &c, 1, NULL, 0, ERR));
	c = parsed(value.buf, value.len);
	OK(ppdl_collector_add(col, &c, 1, &complete, ERR));
	assert_true(ppdl_collector_encoding(col) == A);
	c = parsed(rows[2], size);
	refused(ppdl_collector_add(col, &c, 2, &complete, ERR));
	assert_int_equal(ppdl_collector_rows(col), 2);
	OK(ppdl_collector_add(other, &c, 0, &complete, ERR));
	refused(ppdl_collector_merge(col, other, 2, ERR));
	ppdl_collector_destroy(other);
	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col, &w, ERR));
	OK(ppdl_collector_load(&other, w.buf, w.len, ERR));
	assert_true(ppdl_collector_encoding(other) == A);
	ppdl_collector_destroy(other);
	ppdl_collector_destroy(col);
	ppdl_writer_free(&w);
	ppdl_writer_free(&value);
	for (int i = 0; i < 3; i++)
		free(rows[i]);
}

/* training and prediction in the deep ring: rows of one encoding, labels that name them, their state */
static void
test_row_sets(void **state)
{
	uint8_t    *rows[3] = {rows_in(0, ROWS, 30), rows_in(A, ROWS, 30), rows_in(B, ROWS, 30)};
	PpdlTrainSet *ts,
			   *other;
	PpdlCipher	x,
				y;
	PpdlWriter	w;

	for (int labels = 0; labels < 2; labels++)
	{
		OK(ppdl_trainset_create(&ts, ERR));
		OK(ppdl_trainset_create(&other, ERR));
		x = parsed(rows[0], size);
		y = parsed(rows[1], size);	/* a column of features may be the label of others */
		OK(ppdl_trainset_add(ts, &x, labels ? &y : NULL, 0, ERR));
		assert_true(ts->encoding == (labels ? A : 0));
		x = y;
		if (!labels)
			OK(ppdl_trainset_add(ts, &x, NULL, 1, ERR));
		x = parsed(rows[2], size);
		y = parsed(rows[0] + size, size);
		refused(ppdl_trainset_add(ts, &x, labels ? &x : NULL, 2, ERR));
		assert_true(ts->rows == (labels ? 1 : 2) && ts->encoding == A);
		OK(ppdl_trainset_add(other, &x, labels ? &x : NULL, 0, ERR));
		refused(ppdl_trainset_merge(ts, other, 2, ERR));
		ppdl_trainset_destroy(other);
		ppdl_writer_init(&w);
		OK(ppdl_trainset_save(ts, &w, ERR));
		OK(ppdl_trainset_load(&other, w.buf, w.len, ERR));
		assert_true(other->encoding == A);
		ppdl_writer_free(&w);
		ppdl_trainset_destroy(ts);
		ppdl_trainset_destroy(other);
	}
	for (int i = 0; i < 3; i++)
		free(rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_combine),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_large_sums),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_row_sets),
	};

	test_seed("test_encoding");
	return cmocka_run_group_tests(tests, setup, teardown);
}
