/* How many rows a total stands for: what the headers of real sums, averages and differences tell. */
#include "rows_util.h"

#include "rows/combine.h"
#include "rows/group_size.h"
#include "rows/row.h"
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

/* the sum of the first n rows, in `states` states that are sent and merged, as parallel plans do; to be destroyed */
static PpdlSum *
sum_of(const TestBatch *t, int n, int states)
{
	PpdlSum    *all;

	OK(ppdl_sum_create(&all, ERR));
	for (int i = 0; i < states; i++)
	{
		PpdlSum    *s,
				   *sent;
		PpdlWriter	w;

		OK(ppdl_sum_create(&s, ERR));
		for (int row = i; row < n; row += states)
			OK(ppdl_sum_add_bytes(s, test_slice(t, row), t->size, ERR));
		ppdl_writer_init(&w);
		OK(ppdl_sum_save(s, &w, ERR));
		OK(ppdl_sum_load(&sent, w.buf, w.len, ERR));
		if (ppdl_sum_count(sent) > 0)
			OK(ppdl_sum_merge(all, states > 1 ? sent : s, ERR));
		ppdl_sum_destroy(s);
		ppdl_sum_destroy(sent);
		ppdl_writer_free(&w);
	}
	return all;
}

static double
size_of(PpdlSum *s, double divisor, double counted)
{
	PpdlWriter	w;
	double		size;

	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, divisor, &w, ERR));
	size = ppdl_group_size(w.buf, w.len, counted);
	ppdl_writer_free(&w);
	return size;
}

/* sums and averages of 1 to 40 rows: exact at the usual scale, however they were added; never too few at larger ones */
static void
test_totals(void **state)
{
	static const int scale_bits[] = {30, 20, 26, 29, 34, 40};

	for (size_t i = 0; i < sizeof scale_bits / sizeof *scale_bits; i++)
	{
		TestBatch	t = test_batch(sk, rng, 40, 3, 6, 2, scale_bits[i]);

		for (int n = 1; n <= 40; n += n < 10 ? 1 : 5)
			for (int states = 1; states <= 4; states++)
			{
				PpdlSum    *s = sum_of(&t, n, states);
				const double sum = size_of(s, 1, 0),
							mean = size_of(s, n, 0);

				if (scale_bits[i] == 30 || states == 1)
					assert_float_equal(sum, n, 1e-4);
				if (scale_bits[i] == 30 || (states == 1 && scale_bits[i] > 30))
					assert_float_equal(mean, n, 1e-4);
				assert_true(sum > n - 1e-3);
				if (scale_bits[i] >= 30)
					assert_true(mean > n - 1e-3);
				/* beside a count that is right, and one that is not */
				assert_float_equal(size_of(s, n, n), n, 1e-4);
				if (scale_bits[i] >= 30)
					assert_true(size_of(s, n, n * 0.75) > n - 1e-3);
				ppdl_sum_destroy(s);
			}
		test_batch_free(&t);
	}
}

/* (a - b) of averages of na and nb rows */
static double
difference(const TestBatch *t, int na, int nb)
{
	PpdlSum    *a = sum_of(t, na, 1),
			   *b = sum_of(t, nb, 1);
	PpdlCipher	ca,
				cb;
	PpdlWriter	wa,
				wb,
				w;
	double		size;

	ppdl_writer_init(&wa);
	ppdl_writer_init(&wb);
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(a, na, &wa, ERR));
	OK(ppdl_sum_finish(b, nb, &wb, ERR));
	OK(ppdl_cipher_parse(&ca, wa.buf, wa.len, ERR));
	OK(ppdl_cipher_parse(&cb, wb.buf, wb.len, ERR));
	OK(ppdl_cipher_combine(&w, &ca, 1, &cb, -1, ERR));
	size = ppdl_group_size(w.buf, w.len, 0);
	ppdl_writer_free(&wa);
	ppdl_writer_free(&wb);
	ppdl_writer_free(&w);
	ppdl_sum_destroy(a);
	ppdl_sum_destroy(b);
	return size;
}

/* never fewer than there are */
static void
test_differences(void **state)
{
	TestBatch	t = test_batch(sk, rng, 40, 3, 6, 2, 30);

	for (int na = 1; na <= 40; na += 1 + na / 8)
		for (int nb = 1; nb <= 40; nb += 1 + nb / 8)
			assert_true(difference(&t, na, nb) > na + nb - 1e-3);
	assert_float_equal(difference(&t, 1, 1), 2, 1e-4);
	test_batch_free(&t);
}

/* rows are no totals, whoever encrypted them; nor is what is no value */
static void
test_rows(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 3, 0, 2, 30);
	const double x[3] = {0.5, -0.5, 0};
	PpdlPublicKey *pk;
	PpdlWriter	w;

	assert_true(isinf(ppdl_group_size(test_slice(&t, 0), t.size, 0)));
	assert_true(isinf(ppdl_group_size(test_slice(&t, 0), 40, 0)));
	OK(ppdl_public_key_create(&pk, sk, rng, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_row_encrypt_public(&w, x, 3, 2, 30, &(PpdlRowKey) {.pk = pk, .fingerprint = test_fp, .rng = rng}, ERR));
	assert_true(isinf(ppdl_group_size(w.buf, w.len, 0)));
	for (size_t i = 0; i < PPDL_GROUP_HEAD; i++)
	{
		w.buf[i] ^= 0xFF;
		assert_false(isnan(ppdl_group_size(w.buf, w.len, 3)));
		w.buf[i] ^= 0xFF;
	}
	ppdl_writer_free(&w);
	ppdl_public_key_destroy(pk);
	test_batch_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_rows),
	};

	test_seed("test_group_size");
	return cmocka_run_group_tests(tests, setup, teardown);
}
