#include "rows_util.h"

#include "rows/combine.h"
#include "rows/partner.h"
#include "rows/row_set.h"

#define WIDTH 16
#define ROWS 8

static const PpdlParams *par;
static PpdlSecret *sk;
static PpdlRng *rng;
static size_t size[2];			/* of a row's features and label */

static int
setup(void **state)
{
	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	rng = test_rng();
	OK(ppdl_secret_create(&sk, par, rng, ERR));
	size[0] = ppdl_slice_size(par, 1, 4);
	size[1] = ppdl_slice_size(par, 1, 0);
	return 0;
}

static int
teardown(void **state)
{
	ppdl_secret_destroy(sk);
	ppdl_rng_destroy(rng);
	return 0;
}

/* a batch of rows with labels beside their features, as the owner writes them (named), or as 0.1.0 did */
typedef struct Pair
{
	uint8_t    *x,
			   *y;
} Pair;

static Pair
pair(int named)
{
	const PpdlBatchKey key = {sk, test_fp, rng};
	const PpdlBatchOptions wide = {1, 30, 10};
	PpdlBatchOptions beside = ppdl_batch_beside(&wide, par, 4, 0);	/* its batch has as many places as the ring */
	double		v[ROWS * WIDTH];
	Pair		p = {malloc(ROWS * size[0]), malloc(ROWS * size[1])};

	for (int i = 0; i < ROWS * WIDTH; i++)
		v[i] = test_value();
	OK(ppdl_batch_encrypt(p.x, v, ROWS, WIDTH, &wide, &key, ERR));
	beside.features = named ? ppdl_slice_seed(p.x) : NULL;
	OK(ppdl_batch_encrypt(p.y, v, ROWS, 1, &beside, &key, ERR));
	return p;
}

static void
pair_free(Pair *p)
{
	free(p->x);
	free(p->y);
}

static PpdlStatus
add(PpdlTrainSet *ts, const Pair *px, int i, const Pair *py, int j)
{
	PpdlCipher	x,
				y;

	OK(ppdl_cipher_parse(&x, px->x + (size_t) i * size[0], size[0], ERR));
	OK(ppdl_cipher_parse(&y, py->y + (size_t) j * size[1], size[1], ERR));
	return ppdl_trainset_add(ts, &x, &y, (uint32_t) i, ERR);
}

static void
mismatch(PpdlStatus status)
{
	assert_int_equal(status, PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(test_error.message, "side by side"));
	assert_non_null(strstr(test_error.hint, "ppdl encrypt"));
}

/* rows with their own labels are taken, in any order and through states */
static void
test_together(void **state)
{
	for (int named = 0; named < 2; named++)
	{
		Pair		p[3];
		PpdlTrainSet *ts,
				   *other;
		PpdlWriter	w;

		OK(ppdl_trainset_create(&ts, ERR));
		OK(ppdl_trainset_create(&other, ERR));
		for (int b = 0; b < 3; b++)
			p[b] = pair(named);
		for (int i = 0; i < 3 * ROWS; i++)
			OK(add(i % 2 == 0 ? ts : other, &p[i % 3], i / 3, &p[i % 3], i / 3));
		FAILS(PPDL_ERR_ARGUMENT, add(ts, &p[0], 0, &p[0], 0));
		assert_non_null(strstr(test_error.message, "twice"));
		ppdl_writer_init(&w);
		OK(ppdl_trainset_save(other, &w, ERR));
		ppdl_trainset_destroy(other);
		OK(ppdl_trainset_load(&other, w.buf, w.len, ERR));
		OK(ppdl_trainset_merge(ts, other, 100, ERR));
		assert_int_equal(ts->rows, 3 * ROWS);
		assert_int_equal(ts->nbatches, 3);
		ppdl_writer_free(&w);
		ppdl_trainset_destroy(ts);
		ppdl_trainset_destroy(other);
		for (int b = 0; b < 3; b++)
			pair_free(&p[b]);
	}
}

/*
 * Compact rows as 0.1.0 wrote them, one limb in the ring of full rows, are to training and to the deep ring's
 * predictions what full rows are whose other limbs were cut off.
 */
static void
test_old_compact(void **state)
{
	const PpdlBatchKey key = {sk, test_fp, rng};
	const PpdlBatchOptions opt = {par->nq, 30, 10};
	const size_t full = ppdl_slice_size(par, par->nq, 4);
	uint8_t    *rows = malloc(ROWS * full);
	double		v[ROWS * WIDTH];
	PpdlTrainSet *ts[2];
	PpdlCipher	c;

	for (int i = 0; i < ROWS * WIDTH; i++)
		v[i] = test_value();
	OK(ppdl_batch_encrypt(rows, v, ROWS, WIDTH, &opt, &key, ERR));
	for (int old = 0; old < 2; old++)
	{
		OK(ppdl_trainset_create(&ts[old], ERR));
		for (int i = 0; i < ROWS; i++)
		{
			uint8_t    *row = rows + (size_t) i * full;

			row[5] = old ? 1 : row[5];	/* limbs */
			OK(ppdl_cipher_parse(&c, row, old ? size[0] : full, ERR));
			OK(ppdl_trainset_add(ts[old], &c, NULL, (uint32_t) i, ERR));
		}
	}
	assert_int_equal(ts[0]->nbatches, 1);
	assert_int_equal(ts[1]->nbatches, 1);
	assert_ptr_equal(ts[0]->par, ts[1]->par);
	assert_memory_equal(ts[0]->batch[0].seed_x, ts[1]->batch[0].seed_x, PPDL_SEED_BYTES);
	assert_memory_equal(ts[0]->batch[0].bx, ts[1]->batch[0].bx, par->n * sizeof(uint64_t));
	for (int old = 0; old < 2; old++)
		ppdl_trainset_destroy(ts[old]);
	free(rows);
}

/* places without a row take room, and only so much of it */
static void
test_sparse(void **state)
{
	for (int labels = 0; labels < 2; labels++)
	{
		const size_t places = par->n / WIDTH,
					bytes = (size_t) (1 + labels) * par->n * sizeof(uint64_t) + places * sizeof(uint32_t);
		PpdlTrainSet *ts,
				   *other;
		Pair		p[4];

		OK(ppdl_trainset_create(&ts, ERR));
		ts->max_empty = 3 * bytes - 1;
		for (int b = 0; b < 4; b++)
		{
			PpdlCipher	x,
						y;

			p[b] = pair(1);
			OK(ppdl_cipher_parse(&x, p[b].x, size[0], ERR));
			OK(ppdl_cipher_parse(&y, p[b].y, size[1], ERR));
			if (b < 3)
			{
				OK(ppdl_trainset_add(ts, &x, labels ? &y : NULL, (uint32_t) b, ERR));
				continue;
			}
			/* the fourth has no room; all else is as it was, and rows of known batches find theirs */
			FAILS(PPDL_ERR_LEVEL, ppdl_trainset_add(ts, &x, labels ? &y : NULL, 3, ERR));
			assert_non_null(strstr(test_error.message, "4 rows are of 4 batches"));
			assert_non_null(strstr(test_error.hint, "up to 1024 in a batch"));
			OK(ppdl_trainset_create(&other, ERR));
			OK(ppdl_trainset_add(other, &x, labels ? &y : NULL, 0, ERR));
			FAILS(PPDL_ERR_LEVEL, ppdl_trainset_merge(ts, other, 3, ERR));
			ppdl_trainset_destroy(other);
			OK(ppdl_cipher_parse(&x, p[0].x + size[0], size[0], ERR));
			OK(ppdl_cipher_parse(&y, p[0].y + size[1], size[1], ERR));
			OK(ppdl_trainset_add(ts, &x, labels ? &y : NULL, 3, ERR));
		}
		assert_int_equal(ts->rows, 4);
		assert_int_equal(ts->nbatches, 3);
		assert_true(ppdl_trainset_memory(ts) >= 3 * bytes);
		ppdl_trainset_destroy(ts);
		for (int b = 0; b < 4; b++)
			pair_free(&p[b]);
	}
}

/* a join that is off by a whole batch: labels at the right place of the wrong batch */
static void
test_off_by_a_batch(void **state)
{
	Pair		p[3];
	PpdlTrainSet *ts;

	for (int b = 0; b < 3; b++)
		p[b] = pair(1);
	OK(ppdl_trainset_create(&ts, ERR));
	for (int b = 0; b < 3; b++)
		for (int i = 0; i < ROWS; i++)
			mismatch(add(ts, &p[b], i, &p[(b + 1) % 3], i));
	assert_int_equal(ts->rows, 0);
	/* ... and off by a row */
	mismatch(add(ts, &p[0], 1, &p[0], 2));
	OK(add(ts, &p[0], 1, &p[0], 1));
	ppdl_trainset_destroy(ts);
	for (int b = 0; b < 3; b++)
		pair_free(&p[b]);
}

/* whatever seeds say: one batch of labels for a batch of features, and the reverse, in one state and across two */
static void
test_one_to_one(void **state)
{
	Pair		p[2] = {pair(0), pair(0)};
	PpdlTrainSet *ts[2];

	for (int swap = 0; swap < 2; swap++)
	{
		OK(ppdl_trainset_create(&ts[0], ERR));
		OK(ppdl_trainset_create(&ts[1], ERR));
		/* rows of 0.1.0 name nobody: what comes first is believed */
		OK(add(ts[0], &p[0], 0, &p[swap], 0));
		mismatch(add(ts[0], &p[0], 1, &p[!swap], 1));
		mismatch(add(ts[0], &p[1], 1, &p[swap], 1));
		OK(add(ts[0], &p[1], 1, &p[!swap], 1));
		OK(add(ts[1], &p[0], 2, &p[!swap], 2));
		mismatch(ppdl_trainset_merge(ts[0], ts[1], 10, ERR));
		ppdl_trainset_destroy(ts[0]);
		ppdl_trainset_destroy(ts[1]);
	}
	pair_free(&p[0]);
	pair_free(&p[1]);
}

/* seeds of labels: fresh each time, recognised by their own bytes, and only beside their features */
static void
test_seeds(void **state)
{
	uint8_t		x[2][PPDL_SEED_BYTES],
				y[2][PPDL_SEED_BYTES];

	for (int n = 0; n < 200; n++)
	{
		int			at = test_below(PPDL_SEED_BYTES),
					bit = 1 << test_below(8);

		for (int i = 0; i < 2; i++)
		{
			OK(ppdl_rng_bytes(rng, x[i], PPDL_SEED_BYTES, ERR));
			OK(ppdl_partner_seed(y[i], x[0], rng, ERR));
			OK(ppdl_partner_check(x[0], y[i], ERR));
			OK(ppdl_partner_check(x[0], x[i], ERR));	/* random: says nothing */
		}
		mismatch(ppdl_partner_check(x[1], y[0], ERR));
		mismatch(ppdl_partner_check(x[1], y[1], ERR));
		assert_memory_not_equal(y[0], y[1], 12);
		y[0][at] ^= (uint8_t) bit;	/* no longer recognised */
		OK(ppdl_partner_check(x[1], y[0], ERR));
		y[0][at] ^= (uint8_t) bit;
		x[0][at] ^= (uint8_t) bit;
		mismatch(ppdl_partner_check(x[0], y[0], ERR));
	}
}

/* features and all labels beside them have one number, below 2^63, and it stays what it is */
static void
test_numbers(void **state)
{
	uint8_t		x[PPDL_SEED_BYTES],
				y[PPDL_SEED_BYTES];
	uint64_t	number,
				beside;

	for (int i = 0; i < PPDL_SEED_BYTES; i++)
		x[i] = (uint8_t) i;
	OK(ppdl_batch_number(x, &number, ERR));
	assert_true(number == UINT64_C(0x3be368229be5b101));	/* of SHA-256 by another program */
	for (int n = 0; n < 200; n++)
	{
		OK(ppdl_rng_bytes(rng, x, PPDL_SEED_BYTES, ERR));
		OK(ppdl_batch_number(x, &number, ERR));
		assert_true(number <= INT64_MAX);
		OK(ppdl_partner_seed(y, x, rng, ERR));
		OK(ppdl_batch_number(y, &beside, ERR));
		assert_true(number == beside);
		y[test_below(PPDL_SEED_BYTES)] ^= 1;
		OK(ppdl_batch_number(y, &beside, ERR));
		assert_true(number != beside);
	}
}

/* what is no row of a batch, or not reduced, is refused before anything is kept */
static void
test_refusals(void **state)
{
	Pair		p = pair(1);
	PpdlTrainSet *ts;
	PpdlWriter	w;
	PpdlCipher	x,
				y;

	OK(ppdl_trainset_create(&ts, ERR));
	OK(ppdl_cipher_parse(&x, p.x, size[0], ERR));
	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &x, 2, NULL, 0, ERR));
	OK(ppdl_cipher_parse(&y, w.buf, w.len, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_trainset_add(ts, &y, NULL, 0, ERR));
	OK(ppdl_cipher_parse(&y, p.y, size[1], ERR));
	memset(p.y + 60, 0xFF, size[1] - 60);
	FAILS(PPDL_ERR_FORMAT, ppdl_trainset_add(ts, &x, &y, 0, ERR));
	assert_int_equal(ts->rows, 0);
	assert_int_equal(ts->nbatches, 0);
	ppdl_writer_free(&w);
	ppdl_trainset_destroy(ts);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_old_compact), cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_off_by_a_batch),
		cmocka_unit_test(test_one_to_one),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refusals),
	};

	test_seed("test_row_set");
	return cmocka_run_group_tests(tests, setup, teardown);
}
