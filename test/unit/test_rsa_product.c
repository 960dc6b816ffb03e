/* Products, powers and sums: against plain GMP, and by decryption of thousands of random ones. */
#include "rsa_fixture.h"

#include "base/threads.h"

#define POOL 64					/* fresh ciphertexts that the random tests draw from */
#define TRIALS 10000
#define THREADS 2

typedef struct Drawn
{
	PpdlWriter	wire[POOL];
	PpdlRsaView view[POOL];
	uint32_t	plain[POOL];
	mpz_t		m[POOL];		/* the numbers encrypted: plain, or 2^plain·rho */
} Drawn;

static void
open_raw(Drawn *d)
{
	uint8_t		be[384];

	for (int i = 0; i < POOL; i++)
	{
		OK(ppdl_rsa_raw_private(fixture_key, ppdl_rsa_view_part(&d->view[i], 0) + 4, be, &err));
		mpz_init(d->m[i]);
		mpz_import(d->m[i], sizeof(be), 1, 1, 1, 0, be);
	}
}

static void
draw_products(Drawn *d, unsigned *seed)
{
	for (int i = 0; i < POOL; i++)
	{
		char		text[16],
					max[16];
		int			bits = 1 + i % 31;	/* small and large ones */

		d->plain[i] = 1 + (uint32_t) rand_r(seed) % ((1u << bits) - 1);
		snprintf(text, sizeof(text), "%u", d->plain[i]);
		snprintf(max, sizeof(max), "%u", (1u << bits) - 1);
		ppdl_writer_init(&d->wire[i]);
		OK(ppdl_rsa_encrypt_integer(fixture_pub, text, max, &d->wire[i], &err));
		OK(ppdl_rsa_view(&d->view[i], d->wire[i].buf, d->wire[i].len, &err));
	}
	open_raw(d);
}

static void
draw_counts(Drawn *d, uint32_t max, unsigned *seed)
{
	for (int i = 0; i < POOL; i++)
	{
		d->plain[i] = (uint32_t) rand_r(seed) % (max + 1);
		ppdl_writer_init(&d->wire[i]);
		OK(ppdl_rsa_encrypt_count(fixture_pub, d->plain[i], max, i % 4 ? 256 : 0, &d->wire[i], &err));
		OK(ppdl_rsa_view(&d->view[i], d->wire[i].buf, d->wire[i].len, &err));
	}
	open_raw(d);
}

static void
free_drawn(Drawn *d)
{
	for (int i = 0; i < POOL; i++)
	{
		ppdl_writer_free(&d->wire[i]);
		mpz_clear(d->m[i]);
	}
}

/* results of the trials, decrypted by several threads at the end */
typedef struct Trials
{
	PpdlWriter	wire[TRIALS];
	char	   *expected[TRIALS];	/* NULL: refused */
	int			wrong;
	int			every;			/* one in so many is decrypted */
} Trials;

static void
decrypt_trial(void *arg, int i)
{
	Trials	   *t = arg;
	PpdlRsaView view;
	PpdlRsaPlain plain;
	char	   *text = NULL;
	int			right = 0;

	if (t->expected[i] == NULL || (i / 2) % t->every != 0)
		return;
	if (ppdl_rsa_view(&view, t->wire[i].buf, t->wire[i].len, NULL) == PPDL_OK &&
		ppdl_rsa_decrypt(fixture_key, &view, &plain, NULL) == PPDL_OK)
	{
		right = ppdl_rsa_plain_text(&plain, &text, NULL) == PPDL_OK && strcmp(text, t->expected[i]) == 0;
		ppdl_rsa_plain_free(&plain);
		free(text);
	}
	if (!right)
		__atomic_add_fetch(&t->wrong, 1, __ATOMIC_RELAXED);
}

static void
decrypt_all(Trials *t)
{
	const char *level = getenv("PPDL_TEST_LEVEL");
	PpdlThreads *threads;

	t->every = level != NULL && strcmp(level, "full") == 0 ? 1 : 8;
	OK(ppdl_threads_create(&threads, THREADS, &err));
	ppdl_parallel_for(threads, TRIALS, decrypt_trial, t);
	ppdl_threads_destroy(threads);
	assert_int_equal(t->wrong, 0);
	for (int i = 0; i < TRIALS; i++)
	{
		free(t->expected[i]);
		ppdl_writer_free(&t->wire[i]);
	}
}

/*
 * Without the private key: the parts together are m^e mod n, and m -> m^e is
 * one-to-one, so what they decrypt to has the product m.
 */
static void
check_public(const PpdlWriter *wire, const mpz_t m)
{
	PpdlRsaView view;
	mpz_t		n,
				c,
				part,
				expected;
	mpz_srcptr	modulus = mpz_roinit_n(n, fixture_pub->n, 48);

	OK(ppdl_rsa_view(&view, wire->buf, wire->len, &err));
	OK(ppdl_rsa_view_check(&view, fixture_pub, &err));
	mpz_inits(part, expected, NULL);
	mpz_init_set_ui(c, 1);
	for (uint32_t i = 0; i < view.parts; i++)
	{
		mpz_import(part, 384, 1, 1, 1, 0, ppdl_rsa_view_part(&view, i) + 4);
		mpz_mul(c, c, part);
		mpz_mod(c, c, modulus);
	}
	mpz_powm_ui(expected, m, 65537, modulus);
	assert_int_equal(mpz_cmp(c, expected), 0);
	mpz_clears(c, part, expected, NULL);
}

/*
 * Half of the trials are products, half are sums, of up to a few hundred factors.
 * What is not refused must decrypt to the product that GMP has, or to the sum:
 * all are held against GMP's own encryption, and one in eight (all of them at
 * PPDL_TEST_LEVEL=full) is decrypted.  What is refused must be a product whose
 * bound does pass the modulus.
 */
static void
random_products_and_sums(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("random_products_and_sums");
	Trials	   *t = calloc(1, sizeof(*t));
	Drawn		drawn[2];		/* products, sums */
	int			refused = 0;
	mpz_t		m;

	mpz_init(m);
	draw_products(&drawn[0], &seed);
	draw_counts(&drawn[1], 20, &seed);
	for (int i = 0; i < TRIALS; i++)
	{
		int			is_sum = i % 2;
		const Drawn *d = &drawn[is_sum];
		int			length = 1 + rand_r(&seed) % (is_sum ? 30 : 320);
		uint64_t	sum = 0,
					bound = 0;
		PpdlStatus	status = PPDL_OK;
		PpdlRsaProduct *p;

		OK(ppdl_rsa_product_create(&p, fixture_pub, is_sum ? PPDL_RSA_EXPONENT : PPDL_RSA_PRODUCT,
								   PPDL_RSA_NEW_PART, &err));
		mpz_set_ui(m, 1);
		for (int j = 0; j < length && status == PPDL_OK; j++)
		{
			int			k = rand_r(&seed) % POOL;

			status = ppdl_rsa_product_times(p, &d->view[k], NULL);
			bound += ppdl_rsa_view_bound(&d->view[k]);
			sum += d->plain[k];
			mpz_mul(m, m, d->m[k]);
		}
		if (status == PPDL_OK)
		{
			OK(ppdl_rsa_product_write(p, &t->wire[i], &err));
			assert_int_equal(t->wire[i].len, ppdl_rsa_product_size(p));
			check_public(&t->wire[i], m);
			if (is_sum)
				mpz_set_ui(m, sum);
			t->expected[i] = mpz_get_str(NULL, 10, m);
		}
		else
		{
			assert_int_equal(status, PPDL_ERR_RANGE);
			assert_false(is_sum);
			assert_true(bound > fixture_pub->capacity);
			refused++;
		}
		ppdl_rsa_product_free(p);
	}
	print_message("%d trials, %d refused\n", TRIALS, refused);
	assert_true(refused > TRIALS / 50 && refused < TRIALS / 2);
	decrypt_all(t);
	free(t);
	free_drawn(&drawn[0]);
	free_drawn(&drawn[1]);
	mpz_clear(m);
}

/* the ciphertext is, to the bit, what GMP multiplies */
static void
known_answer(void **state)
{
	PpdlWriter	a,
				b,
				c;
	PpdlRsaView va,
				vb;
	mpz_t		n,
				x,
				y;
	mpz_srcptr	modulus = mpz_roinit_n(n, fixture_pub->n, 48);
	const size_t at = PPDL_RSA_HEADER_BYTES + 4;

	ppdl_writer_init(&a);
	ppdl_writer_init(&b);
	ppdl_writer_init(&c);
	mpz_inits(x, y, NULL);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "6", NULL, &a, &err));
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "7", NULL, &b, &err));
	OK(ppdl_rsa_view(&va, a.buf, a.len, &err));
	OK(ppdl_rsa_view(&vb, b.buf, b.len, &err));

	OK(ppdl_rsa_multiply(fixture_pub, &va, &vb, &c, &err));
	mpz_import(x, 384, 1, 1, 1, 0, a.buf + at);
	mpz_import(y, 384, 1, 1, 1, 0, b.buf + at);
	mpz_mul(x, x, y);
	mpz_mod(x, x, modulus);
	mpz_import(y, 384, 1, 1, 1, 0, c.buf + at);
	assert_int_equal(mpz_cmp(x, y), 0);
	mpz_set_ui(x, 42);
	mpz_powm_ui(x, x, 65537, modulus);
	assert_int_equal(mpz_cmp(x, y), 0);

	c.len = 0;
	OK(ppdl_rsa_power(fixture_pub, &va, 5, &c, &err));
	mpz_import(y, 384, 1, 1, 1, 0, c.buf + at);
	mpz_set_ui(x, 7776);
	mpz_powm_ui(x, x, 65537, modulus);
	assert_int_equal(mpz_cmp(x, y), 0);

	mpz_clears(x, y, NULL);
	ppdl_writer_free(&a);
	ppdl_writer_free(&b);
	ppdl_writer_free(&c);
}

/* max 2^10 takes exactly 10 bits: 307 factors fit 3072 bits, 308 do not */
static void
exactly_full(void **state)
{
	PpdlWriter	w;
	PpdlRsaView view;
	PpdlRsaProduct *p;
	char	   *text;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "1024", "1024", &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	OK(ppdl_rsa_product_create(&p, fixture_pub, PPDL_RSA_PRODUCT, PPDL_RSA_REFUSE, &err));
	for (int i = 0; i < 307; i++)
		OK(ppdl_rsa_product_times(p, &view, &err));
	FAILS(PPDL_ERR_RANGE, "3080.0 bits", ppdl_rsa_product_times(p, &view, &err));
	assert_int_equal(ppdl_rsa_product_count(p), 307);
	w.len = 0;					/* the view is not used any more */
	OK(ppdl_rsa_product_write(p, &w, &err));
	text = fixture_decrypt(w.buf, w.len);
	{
		mpz_t		m;
		char	   *expected;

		mpz_init(m);
		mpz_ui_pow_ui(m, 2, 3070);
		expected = mpz_get_str(NULL, 10, m);
		assert_string_equal(text, expected);
		free(expected);
		mpz_clear(m);
	}
	free(text);
	ppdl_rsa_product_free(p);
	ppdl_writer_free(&w);
}

static void
powers(void **state)
{
	PpdlWriter	w,
				c;
	PpdlRsaView view;
	char	   *text;

	ppdl_writer_init(&w);
	ppdl_writer_init(&c);
	OK(ppdl_rsa_encrypt_count(fixture_pub, 9, 10, 256, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	OK(ppdl_rsa_power(fixture_pub, &view, 11, &c, &err));
	text = fixture_decrypt(c.buf, c.len);
	assert_string_equal(text, "99");
	free(text);
	c.len = 0;
	OK(ppdl_rsa_power(fixture_pub, &view, 0, &c, &err));
	text = fixture_decrypt(c.buf, c.len);
	assert_string_equal(text, "0");
	free(text);
	c.len = 0;
	FAILS(PPDL_ERR_RANGE, "3192.0 bits", ppdl_rsa_power(fixture_pub, &view, 12, &c, &err));
	FAILS(PPDL_ERR_RANGE, "could wrap", ppdl_rsa_power(fixture_pub, &view, INT64_MAX, &c, &err));
	FAILS(PPDL_ERR_ARGUMENT, "negative power", ppdl_rsa_power(fixture_pub, &view, -1, &c, &err));
	assert_int_equal(c.len, 0);

	/* m^0 = 1, and the number one may be raised to anything in reach */
	w.len = 0;
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "5", NULL, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	OK(ppdl_rsa_power(fixture_pub, &view, 0, &c, &err));
	text = fixture_decrypt(c.buf, c.len);
	assert_string_equal(text, "1");
	free(text);
	OK(ppdl_rsa_view(&view, c.buf, c.len, &err));
	w.len = 0;
	OK(ppdl_rsa_power(fixture_pub, &view, 1000000, &w, &err));
	FAILS(PPDL_ERR_RANGE, "2^32", ppdl_rsa_power(fixture_pub, &view, INT64_C(1) << 40, &w, &err));
	ppdl_writer_free(&w);
	ppdl_writer_free(&c);
}

/* a long sum goes on in parts; sums of sums do, too; the operators refuse */
static void
sums_in_parts(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("sums_in_parts");
	Drawn		d;
	PpdlRsaProduct *half[2],
			   *whole;
	PpdlWriter	w[2],
				all;
	PpdlRsaView view[2];
	uint64_t	sum = 0;
	char	   *text,
				expected[32];

	draw_counts(&d, 3, &seed);
	ppdl_writer_init(&all);
	OK(ppdl_rsa_product_create(&whole, fixture_pub, PPDL_RSA_EXPONENT, PPDL_RSA_NEW_PART, &err));
	for (int h = 0; h < 2; h++)
	{
		OK(ppdl_rsa_product_create(&half[h], fixture_pub, PPDL_RSA_EXPONENT, PPDL_RSA_NEW_PART, &err));
		for (int i = 0; i < 500; i++)
		{
			int			k = rand_r(&seed) % POOL;

			OK(ppdl_rsa_product_times(half[h], &d.view[k], &err));
			sum += d.plain[k];
		}
		ppdl_writer_init(&w[h]);
		OK(ppdl_rsa_product_write(half[h], &w[h], &err));
		OK(ppdl_rsa_view(&view[h], w[h].buf, w[h].len, &err));
		assert_true(view[h].parts > 25);
		OK(ppdl_rsa_product_times(whole, &view[h], &err));
		ppdl_rsa_product_free(half[h]);
	}
	OK(ppdl_rsa_product_write(whole, &all, &err));
	text = fixture_decrypt(all.buf, all.len);
	snprintf(expected, sizeof(expected), "%llu", (unsigned long long) sum);
	assert_string_equal(text, expected);
	free(text);

	FAILS(PPDL_ERR_RANGE, "could wrap", ppdl_rsa_multiply(fixture_pub, &view[0], &view[1], &all, &err));
	FAILS(PPDL_ERR_RANGE, "could wrap", ppdl_rsa_power(fixture_pub, &view[0], 2, &all, &err));
	ppdl_rsa_product_free(whole);
	ppdl_writer_free(&all);
	ppdl_writer_free(&w[0]);
	ppdl_writer_free(&w[1]);
	free_drawn(&d);
}

static void
mixtures(void **state)
{
	PpdlWriter	product,
				count,
				fine,
				coarse,
				out;
	PpdlRsaView vp,
				vc,
				vf,
				vr;
	PpdlRsaGrid grid;
	PpdlRsaProduct *p;
	char	   *text;

	ppdl_writer_init(&product);
	ppdl_writer_init(&count);
	ppdl_writer_init(&fine);
	ppdl_writer_init(&coarse);
	ppdl_writer_init(&out);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "3", NULL, &product, &err));
	OK(ppdl_rsa_encrypt_count(fixture_pub, 3, 9, 256, &count, &err));
	OK(ppdl_rsa_input_grid(&grid, 6, &err));
	OK(ppdl_rsa_encrypt_on_grid(fixture_pub, -1, &grid, 256, &fine, &err));
	OK(ppdl_rsa_input_grid(&grid, 4, &err));
	OK(ppdl_rsa_encrypt_on_grid(fixture_pub, 1, &grid, 256, &coarse, &err));
	OK(ppdl_rsa_view(&vp, product.buf, product.len, &err));
	OK(ppdl_rsa_view(&vc, count.buf, count.len, &err));
	OK(ppdl_rsa_view(&vf, fine.buf, fine.len, &err));
	OK(ppdl_rsa_view(&vr, coarse.buf, coarse.len, &err));

	FAILS(PPDL_ERR_SCALE, "exponent encoding", ppdl_rsa_multiply(fixture_pub, &vp, &vc, &out, &err));
	FAILS(PPDL_ERR_SCALE, "product encoding", ppdl_rsa_multiply(fixture_pub, &vc, &vp, &out, &err));
	FAILS(PPDL_ERR_SCALE, "scales", ppdl_rsa_multiply(fixture_pub, &vf, &vr, &out, &err));
	out.len = 0;

	/* offsets add up: −1 three times, through a product and a power */
	OK(ppdl_rsa_product_create(&p, fixture_pub, PPDL_RSA_EXPONENT, PPDL_RSA_REFUSE, &err));
	for (int i = 0; i < 3; i++)
		OK(ppdl_rsa_product_times(p, &vf, &err));
	OK(ppdl_rsa_product_write(p, &out, &err));
	text = fixture_decrypt(out.buf, out.len);
	assert_string_equal(text, "-3");
	free(text);
	out.len = 0;
	OK(ppdl_rsa_power(fixture_pub, &vf, 3, &out, &err));
	text = fixture_decrypt(out.buf, out.len);
	assert_string_equal(text, "-3");
	free(text);
	ppdl_rsa_product_free(p);
	ppdl_writer_free(&product);
	ppdl_writer_free(&count);
	ppdl_writer_free(&fine);
	ppdl_writer_free(&coarse);
	ppdl_writer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(exactly_full),
		cmocka_unit_test(powers),
		cmocka_unit_test(sums_in_parts),
		cmocka_unit_test(mixtures),
		cmocka_unit_test(random_products_and_sums),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
