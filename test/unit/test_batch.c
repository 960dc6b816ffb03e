#include "rows_util.h"

#include "rows/slice_reader.h"

#include "ckks/wire.h"
#include "rows/row.h"

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

/* every slice decrypts to its row, the filler to zero within the error */
static void
check_batch(const PpdlSecret *secret, const PpdlParams *ring, const TestBatch *t, int logc, int limbs, int scale_bits)
{
	const double scale = ldexp(1, scale_bits);
	double		squares = 0;
	int			step = t->rows > 40 ? t->rows / 20 : 1,
				n = 0;

	for (int i = 0; i < t->rows; i += step)
	{
		PpdlCipher	c;
		PpdlValues	v;

		OK(ppdl_cipher_parse_in(&c, ring, test_slice(t, i), t->size, ERR));
		assert_int_equal(c.kind, PPDL_KIND_SLICE);
		assert_int_equal(c.limbs, limbs);
		assert_int_equal(c.logc, logc);
		assert_int_equal(c.pos, ppdl_bitrev((uint32_t) i, logc));
		assert_true(c.scale == scale);
		assert_memory_equal(c.seed, t->slice + 28, 32);
		OK(ppdl_cipher_decrypt(&v, &c, secret, ERR));
		for (int f = 0; f < t->width; f++, n++)
		{
			double		d = (v.v[f] - t->x[i * t->width + f]) * scale;

			assert_true(fabs(d) <= 41.5);
			squares += d * d;
		}
		ppdl_values_free(&v);
	}
	/* errors have deviation 3.2, and rounding adds a twelfth */
	if (n > 1000 && !(fabs(sqrt(squares / n) / 3.213 - 1) < 0.1))
		fail_msg("deviation %g", sqrt(squares / n));
}

static void
test_shapes(void **state)
{
	static const struct
	{
		int			width,
					logc,
					rows,
					limbs,
					scale_bits;
	}			shape[] = {
		{16, 10, 1024, 8, 30}, {16, 10, 1000, 1, 30}, {16, 0, 1, 8, 40}, {1, 14, 16384, 1, 20}, {1, 0, 1, 8, 30},
		{3, 5, 7, 2, 33}, {17, 9, 512, 8, 28}, {16384, 0, 1, 2, 30}, {10000, 0, 1, 1, 40},
	};

	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++)
	{
		TestBatch	t = test_batch(sk, rng, shape[i].rows, shape[i].width, shape[i].logc, shape[i].limbs,
								   shape[i].scale_bits);

		check_batch(sk, par, &t, shape[i].logc, shape[i].limbs, shape[i].scale_bits);
		OK(ppdl_cipher_validate(t.slice, t.size, ERR));
		test_batch_free(&t);
	}
}

static void
test_toy_ring(void **state)
{
	PpdlParams *toy = test_toy_params(6);
	PpdlSecret *secret;

	OK(ppdl_secret_create(&secret, toy, rng, ERR));
	for (int n = 0; n < 200; n++)
	{
		int			logk = test_below(7),
					logc = test_below(7 - logk),
					limbs = 1 + test_below(8),
					scale_bits = 20 + test_below(21);
		TestBatch	t = test_batch(secret, rng, 1 + test_below(1 << logc), 1 << logk, logc, limbs, scale_bits);

		check_batch(secret, toy, &t, logc, limbs, scale_bits);
		test_batch_free(&t);
	}
	ppdl_secret_destroy(secret);
	ppdl_params_destroy(toy);
}

/* the ends of the range, and zero */
static void
test_extremes(void **state)
{
	const double x[4] = {1, -1, 0, -0.0};
	const PpdlBatchOptions opt = {1, 40, 0};
	uint8_t		slice[200];
	PpdlCipher	c;
	PpdlValues	v;

	OK(ppdl_batch_encrypt(slice, x, 1, 4, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	OK(ppdl_cipher_parse(&c, slice, ppdl_slice_size(par, 1, 2), ERR));
	OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
	for (int f = 0; f < 4; f++)
		assert_true(fabs(v.v[f] - x[f]) < 1e-10);
	ppdl_values_free(&v);
}

static void
test_refusals(void **state)
{
	PpdlBatchOptions opt = {1, 30, 2};
	double		x[8] = {0};
	uint8_t		out[4 * 100];

	x[5] = NAN;
	FAILS(PPDL_ERR_RANGE, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	assert_non_null(strstr(test_error.message, "value 2 of row 3"));
	x[5] = -INFINITY;
	FAILS(PPDL_ERR_RANGE, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	x[5] = nextafter(1, 2);
	FAILS(PPDL_ERR_RANGE, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	x[5] = 0;
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 5, 1, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 0, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 4, 0, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 1, 16385, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	opt.limbs = 9;
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	opt = (PpdlBatchOptions) {1, 41, 2};
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	opt = (PpdlBatchOptions) {1, 19, 2};
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	opt = (PpdlBatchOptions) {1, 30, 14};
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 4, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	opt = (PpdlBatchOptions) {1, 30, -1};
	FAILS(PPDL_ERR_ARGUMENT, ppdl_batch_encrypt(out, x, 1, 2, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
}

/* seeds never repeat, equal values never look alike */
static void
test_fresh(void **state)
{
	const double x[16] = {0};
	const PpdlBatchOptions opt = {1, 30, 0};
	uint8_t		a[160],
				b[160];

	OK(ppdl_batch_encrypt(a, x, 1, 16, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	OK(ppdl_batch_encrypt(b, x, 1, 16, &opt, &(PpdlBatchKey) {sk, test_fp, rng}, ERR));
	assert_memory_equal(a, b, 28);
	assert_memory_not_equal(a + 28, b + 28, 32);
	assert_memory_not_equal(a + 60, b + 60, 100);
}

/* damaged values and foreign keys give an error, never digits */
static void
test_damage(void **state)
{
	TestBatch	t = test_batch(sk, rng, 4, 16, 2, 1, 30);
	PpdlSecret *other;
	PpdlCipher	c;
	PpdlValues	v;

	OK(ppdl_secret_create(&other, par, rng, ERR));
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	FAILS(PPDL_ERR_PRECISION, ppdl_cipher_decrypt(&v, &c, other, ERR));
	assert_null(v.v);
	t.slice[26] ^= 1;			/* another position */
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	FAILS(PPDL_ERR_PRECISION, ppdl_cipher_decrypt(&v, &c, sk, ERR));
	t.slice[26] ^= 1;
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	t.slice[40] ^= 1;			/* another seed */
	FAILS(PPDL_ERR_PRECISION, ppdl_cipher_decrypt(&v, &c, sk, ERR));
	t.slice[40] ^= 1;
	OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
	ppdl_values_free(&v);
	ppdl_secret_destroy(other);
	test_batch_free(&t);
}

static void
test_public_key(void **state)
{
	PpdlPublicKey *pk;
	double		squares = 0;	/* in units of the stated error, of all rows: one value may well be off by three */
	int			values = 0;

	OK(ppdl_public_key_create(&pk, sk, rng, ERR));
	for (int n = 0; n < 6; n++)
	{
		int			width = 1 + test_below(40),
					limbs = n % 2 == 0 ? 1 : par->nq;
		double		x[40];
		PpdlWriter	w;
		PpdlCipher	c;
		PpdlValues	v;

		for (int f = 0; f < width; f++)
			x[f] = test_value();
		ppdl_writer_init(&w);
		OK(ppdl_row_encrypt_public(&w, x, width, limbs, 30, &(PpdlRowKey) {pk, test_fp, rng}, ERR));
		OK(ppdl_cipher_validate(w.buf, w.len, ERR));
		OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
		assert_int_equal(w.len, ppdl_row_size(par, limbs, ppdl_log2_width(width)));
		assert_int_equal(c.width, width);
		OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
		for (int f = 0; f < width; f++)
		{
			const double off = (v.v[f] - x[f]) / ppdl_cipher_error(&c);

			assert_true(fabs(off) < 8);
			squares += off * off;
			values++;
		}
		ppdl_values_free(&v);
		ppdl_writer_free(&w);
		x[0] = 1.5;
		FAILS(PPDL_ERR_RANGE, ppdl_row_encrypt_public(&w, x, width, limbs, 30, &(PpdlRowKey) {pk, test_fp, rng}, ERR));
	}
	assert_true(squares < 9 * values);
	ppdl_public_key_destroy(pk);
}

/* a reader that keeps A*s of a few batches says of each row what decryption says, whatever batches come in turn */
static void
test_slice_reader(void **state)
{
	enum { BATCHES = PPDL_SLICE_READER_BATCHES + 3, ROWS = 5, WIDTH = 5 };
	TestBatch	b[BATCHES];
	PpdlSliceReader *r;

	OK(ppdl_slice_reader_create(&r, sk, ERR));
	for (int i = 0; i < BATCHES; i++)
		b[i] = test_batch(sk, rng, ROWS, WIDTH, 4 + i % 3, i % 2 ? 1 : par->nq, 30);
	for (int t = 0; t < 300; t++)
	{
		const TestBatch *from = &b[t % 2 ? t % BATCHES : test_below(BATCHES)];
		PpdlCipher	c;
		PpdlValues	got,
					want;

		OK(ppdl_cipher_parse(&c, test_slice(from, test_below(ROWS)), from->size, ERR));
		OK(ppdl_slice_reader_decrypt(r, &got, &c, ERR));
		OK(ppdl_cipher_decrypt(&want, &c, sk, ERR));
		assert_int_equal(got.width, WIDTH);
		assert_memory_equal(got.v, want.v, WIDTH * sizeof(double));
		assert_true(got.error == want.error);
		ppdl_values_free(&got);
		ppdl_values_free(&want);
	}
	for (int i = 0; i < BATCHES; i++)
		test_batch_free(&b[i]);
	ppdl_slice_reader_destroy(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_toy_ring),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_public_key),
		cmocka_unit_test(test_slice_reader),
	};

	test_seed("test_batch");
	return cmocka_run_group_tests(tests, setup, teardown);
}
