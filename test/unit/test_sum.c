#include "rows_util.h"

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
	assert_int_equal(c.kind, PPDL_KIND_ROW);
	assert_int_equal(c.width, width);
	OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
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
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(s, divisor, &w, ERR));
	return check(&w, want, width, tolerance);
}

/* rows of several batches, any order, some twice, some with weights */
static void
random_sum(int width, int limbs, int weighted)
{
	int			logc[3] = {14 - ppdl_log2_width(width), 3, 0};
	TestBatch	t[3];
	PpdlSum    *s;
	double	   *want = calloc((size_t) width, sizeof(double));
	int			terms = 300;

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
		int64_t		weight = weighted ? test_below(2001) - 1000 : 1;

		if (weighted)
		{
			PpdlCipher	c;

			OK(ppdl_cipher_parse(&c, test_slice(b, row), b->size, ERR));
			OK(ppdl_sum_add(s, &c, weight, ERR));
		}
		else
			OK(ppdl_sum_add_bytes(s, test_slice(b, row), b->size, ERR));
		for (int f = 0; f < width; f++)
			want[f] += (double) weight * b->x[row * width + f];
	}
	assert_int_equal(ppdl_sum_count(s), terms);
	check_sum(s, 1, want, width, weighted ? 1e-2 : 1e-5);
	for (int f = 0; f < width; f++)
		want[f] /= terms;
	check_sum(s, terms, want, width, weighted ? 1e-4 : 1e-7);	/* finishing leaves the state alone */
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
		random_sum(width[i], 1, 0);
		random_sum(width[i], par->nq, 0);
		random_sum(width[i], 2, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sums),
	};

	test_seed("test_sum");
	return cmocka_run_group_tests(tests, setup, teardown);
}
