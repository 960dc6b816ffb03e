/* The wire form of rsa_cipher under hostile bytes, and the two encodings value by value. */
#include "rsa_fixture.h"

#include <math.h>

/* a copy of exactly len bytes, so that AddressSanitizer sees a read past the end */
static uint8_t *
copy_of(const PpdlWriter *w, size_t len)
{
	uint8_t    *copy = malloc(len ? len : 1);

	memcpy(copy, w->buf, len);
	return copy;
}

static void
header_fields(void **state)
{
	PpdlWriter	w;
	PpdlRsaView view;
	PpdlRsaGrid grid;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "1000", "1024", &w, &err));
	assert_int_equal(w.len, PPDL_RSA_HEADER_BYTES + 4 + 384);
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	assert_int_equal(view.kind, PPDL_RSA_VALUE);
	assert_int_equal(view.encoding, PPDL_RSA_PRODUCT);
	assert_int_equal(view.parts, 1);
	assert_int_equal(view.modulus_bits, 3072);
	assert_int_equal(ppdl_rsa_view_bound(&view), PPDL_RSA_BOUND_BITS(10));
	OK(ppdl_rsa_view_check(&view, fixture_pub, &err));

	w.len = 0;
	OK(ppdl_rsa_input_grid(&grid, 4, &err));
	OK(ppdl_rsa_encrypt_on_grid(fixture_pub, -0.5, &grid, 256, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	assert_int_equal(view.encoding, PPDL_RSA_EXPONENT);
	assert_int_equal(view.flags, PPDL_RSA_RANDOMISED);
	assert_int_equal(view.grid.max, 14);
	assert_int_equal(view.grid.offset, -7);
	assert_int_equal(ppdl_rsa_view_bound(&view), PPDL_RSA_BOUND_BITS(256 + 14));
	ppdl_writer_free(&w);
}

static void
truncated_and_oversized(void **state)
{
	PpdlWriter	w;
	PpdlRsaView view;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_count(fixture_pub, 3, 10, 256, &w, &err));
	for (size_t len = 0; len < w.len; len++)
	{
		uint8_t    *cut = copy_of(&w, len);

		FAILS(PPDL_ERR_FORMAT, "malformed", ppdl_rsa_view(&view, cut, len, &err));
		free(cut);
	}
	ppdl_write_u8(&w, 0);
	FAILS(PPDL_ERR_FORMAT, "malformed", ppdl_rsa_view(&view, w.buf, w.len, &err));
	ppdl_writer_free(&w);
}

/* sets one byte and expects the refusal */
static void
patched(const PpdlWriter *w, size_t at, uint8_t value, PpdlStatus status, const char *text)
{
	PpdlRsaView view;
	uint8_t    *copy = copy_of(w, w->len);

	copy[at] = value;
	FAILS(status, text, ppdl_rsa_view(&view, copy, w->len, &err));
	free(copy);
}

static void
bad_fields(void **state)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_count(fixture_pub, 3, 10, 256, &w, &err));
	patched(&w, 0, 'X', PPDL_ERR_FORMAT, "PRSA");
	patched(&w, 4, 2, PPDL_ERR_VERSION, "version 2");
	patched(&w, 5, 0, PPDL_ERR_FORMAT, "kind");
	patched(&w, 5, 3, PPDL_ERR_FORMAT, "kind");
	patched(&w, 6, 3, PPDL_ERR_FORMAT, "encoding");
	patched(&w, 6, 1, PPDL_ERR_FORMAT, "product");	/* with the grid of an exponent */
	patched(&w, 7, 2, PPDL_ERR_FORMAT, "flags");
	patched(&w, 17, 1, PPDL_ERR_FORMAT, "modulus");
	patched(&w, 18, 1, PPDL_ERR_FORMAT, "flags");
	patched(&w, 20, 0, PPDL_ERR_FORMAT, "no parts");
	patched(&w, 20, 2, PPDL_ERR_FORMAT, "bytes instead of");
	patched(&w, 23, 1, PPDL_ERR_FORMAT, "too many parts");
	patched(&w, 31, 0x40, PPDL_ERR_FORMAT, "grid"); /* offset */
	patched(&w, 39, 0xbf, PPDL_ERR_FORMAT, "grid"); /* step −1 */
	patched(&w, 39, 0x7f, PPDL_ERR_FORMAT, "grid"); /* step infinite */
	patched(&w, 47, 0x7f, PPDL_ERR_FORMAT, "bound");
	ppdl_writer_free(&w);
}

static void
bad_values(void **state)
{
	PpdlWriter	w;
	PpdlRsaView view;
	mp_limb_t	n[48];
	uint8_t    *c;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "5", NULL, &w, &err));
	c = w.buf + PPDL_RSA_HEADER_BYTES + 4;

	memset(c, 0, 384);
	FAILS(PPDL_ERR_FORMAT, "zero", ppdl_rsa_view(&view, w.buf, w.len, &err));

	/* n and n + 2: known layout, refused as soon as the key is known */
	memcpy(n, fixture_pub->n, sizeof(n));
	for (int i = 0; i < 2; i++)
	{
		for (int j = 0; j < 384; j++)
			c[383 - j] = (uint8_t) (n[j / 8] >> 8 * (j % 8));
		OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
		FAILS(PPDL_ERR_FORMAT, "not below the modulus", ppdl_rsa_view_check(&view, fixture_pub, &err));
		mpn_add_1(n, n, 48, 2);
	}

	memset(c, 0xff, 384);
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_FORMAT, "not below the modulus", ppdl_rsa_view_check(&view, fixture_pub, &err));

	/* a fingerprint of nobody */
	w.buf[8] ^= 1;
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_KEY, fixture_pub->key_id, ppdl_rsa_view_check(&view, fixture_pub, &err));
	ppdl_writer_free(&w);
}

/* every flipped bit is refused by the parser, the key check or decryption; none crashes */
static void
bit_flips(void **state)
{
	PpdlWriter	w;
	unsigned	seed = (unsigned) fixture_seed("bit_flips");
	int			decrypted = 0;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_count(fixture_pub, 7, 10, 256, &w, &err));
	for (size_t bit = 0; bit < 8 * w.len; bit++)
	{
		uint8_t    *copy;
		PpdlRsaView view;
		PpdlRsaPlain plain;

		/* in the body one of sixteen: each costs a private operation */
		if (bit >= 8 * PPDL_RSA_HEADER_BYTES + 32 && rand_r(&seed) % 16 != 0)
			continue;
		copy = copy_of(&w, w.len);
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (ppdl_rsa_view(&view, copy, w.len, NULL) == PPDL_OK &&
			ppdl_rsa_decrypt(fixture_key, &view, &plain, NULL) == PPDL_OK)
		{
			/* what may change unnoticed is the public reading of q: the grid, and a looser bound */
			assert_true(bit / 8 >= 24 && bit / 8 < 48);
			assert_int_equal(plain.units - view.grid.offset, 7);
			decrypted++;
		}
		free(copy);
	}
	assert_true(decrypted > 0);
	ppdl_writer_free(&w);
}

/* a larger number than the ciphertext's bound admits is never returned */
static void
forged_bound(void **state)
{
	PpdlWriter	w;
	PpdlRsaView view;
	PpdlRsaPlain plain;
	uint8_t    *bound;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "1000000", NULL, &w, &err));
	bound = w.buf + PPDL_RSA_HEADER_BYTES;
	memset(bound, 0, 4);
	bound[2] = 16;				/* 2^16 */
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_PRECISION, "bound", ppdl_rsa_decrypt(fixture_key, &view, &plain, &err));
	ppdl_writer_free(&w);

	/* beyond the modulus: refused before any arithmetic */
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "1000000", NULL, &w, &err));
	bound = w.buf + PPDL_RSA_HEADER_BYTES;
	bound[2] = 0;
	bound[3] = 12;				/* 2^3072 */
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_FORMAT, "beyond the modulus", ppdl_rsa_decrypt(fixture_key, &view, &plain, &err));
	ppdl_writer_free(&w);
}

static void
integers(void **state)
{
	static const char *const good[] = {
		"1", "2", "42", "42.00", "007", "4294967295", "4294967296",
		"123456789012345678901234567890123456789012345678901234567890"
	};
	static const char *const expected[] = {
		"1", "2", "42", "42", "7", "4294967295", "4294967296",
		"123456789012345678901234567890123456789012345678901234567890"
	};
	PpdlWriter	w;
	char		huge[1001];

	ppdl_writer_init(&w);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		char	   *text;

		w.len = 0;
		OK(ppdl_rsa_encrypt_integer(fixture_pub, good[i], NULL, &w, &err));
		text = fixture_decrypt(w.buf, w.len);
		assert_string_equal(text, expected[i]);
		free(text);
	}
	w.len = 0;
	FAILS(PPDL_ERR_ARGUMENT, "negative", ppdl_rsa_encrypt_integer(fixture_pub, "-3", NULL, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_encrypt_integer(fixture_pub, "2.5", NULL, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_encrypt_integer(fixture_pub, "NaN", NULL, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_encrypt_integer(fixture_pub, "Infinity", NULL, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_encrypt_integer(fixture_pub, "", NULL, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_encrypt_integer(fixture_pub, "1e5", NULL, &w, &err));
	FAILS(PPDL_ERR_RANGE, "zero", ppdl_rsa_encrypt_integer(fixture_pub, "0", NULL, &w, &err));
	FAILS(PPDL_ERR_RANGE, "larger than", ppdl_rsa_encrypt_integer(fixture_pub, "11", "10", &w, &err));
	FAILS(PPDL_ERR_RANGE, "between 1", ppdl_rsa_encrypt_integer(fixture_pub, "11", "0", &w, &err));
	memset(huge, '9', 1000);
	huge[1000] = '\0';
	FAILS(PPDL_ERR_RANGE, "too large", ppdl_rsa_encrypt_integer(fixture_pub, huge, NULL, &w, &err));
	assert_int_equal(w.len, 0);
	ppdl_writer_free(&w);
}

static void
integers_are_deterministic(void **state)
{
	PpdlWriter	a,
				b;

	ppdl_writer_init(&a);
	ppdl_writer_init(&b);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "77", NULL, &a, &err));
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "77", NULL, &b, &err));
	assert_memory_equal(a.buf, b.buf, a.len);

	/* counts are not, unless asked to be */
	a.len = b.len = 0;
	OK(ppdl_rsa_encrypt_count(fixture_pub, 5, 9, 256, &a, &err));
	OK(ppdl_rsa_encrypt_count(fixture_pub, 5, 9, 256, &b, &err));
	assert_memory_not_equal(a.buf, b.buf, a.len);
	a.len = b.len = 0;
	OK(ppdl_rsa_encrypt_count(fixture_pub, 5, 9, 0, &a, &err));
	OK(ppdl_rsa_encrypt_count(fixture_pub, 5, 9, 0, &b, &err));
	assert_memory_equal(a.buf, b.buf, a.len);
	ppdl_writer_free(&a);
	ppdl_writer_free(&b);
}

/* c = m^e mod n for m = 77, computed by GMP alone */
static void
known_answer(void **state)
{
	PpdlWriter	w;
	mpz_t		n,
				m,
				c;
	mpz_srcptr	modulus = mpz_roinit_n(n, fixture_pub->n, 48);

	mpz_init_set_ui(m, 77);
	mpz_init(c);
	mpz_powm_ui(m, m, 65537, modulus);
	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, "77", NULL, &w, &err));
	mpz_import(c, 384, 1, 1, 1, 0, w.buf + PPDL_RSA_HEADER_BYTES + 4);
	assert_int_equal(mpz_cmp(c, m), 0);
	ppdl_writer_free(&w);
	mpz_clear(m);
	mpz_clear(c);
}

static void
counts(void **state)
{
	static const uint32_t q[] = {0, 1, 2, 63, 64, 65, 127, 128, 255, 256, 1000};
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++)
		for (int random_bits = 0; random_bits <= 300; random_bits += 300)
		{
			char	   *text,
						expected[16];

			w.len = 0;
			OK(ppdl_rsa_encrypt_count(fixture_pub, q[i], 1000, random_bits, &w, &err));
			text = fixture_decrypt(w.buf, w.len);
			snprintf(expected, sizeof(expected), "%u", q[i]);
			assert_string_equal(text, expected);
			free(text);
		}
	FAILS(PPDL_ERR_RANGE, "larger than", ppdl_rsa_encrypt_count(fixture_pub, 11, 10, 256, &w, &err));
	FAILS(PPDL_ERR_RANGE, "needs 3256 bits", ppdl_rsa_encrypt_count(fixture_pub, 1, 3000, 256, &w, &err));
	FAILS(PPDL_ERR_RANGE, "bits", ppdl_rsa_encrypt_count(fixture_pub, 1, UINT32_MAX, 0, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "100 random bits", ppdl_rsa_encrypt_count(fixture_pub, 1, 1, 100, &w, &err));
	ppdl_writer_free(&w);
}

static void
count_texts(void **state)
{
	uint32_t	q;

	OK(ppdl_rsa_parse_count(&q, "0", "value", &err));
	assert_int_equal(q, 0);
	OK(ppdl_rsa_parse_count(&q, "4294967295.000", "value", &err));
	assert_int_equal(q, UINT32_MAX);
	FAILS(PPDL_ERR_RANGE, "too large", ppdl_rsa_parse_count(&q, "4294967296", "value", &err));
	FAILS(PPDL_ERR_RANGE, "too large", ppdl_rsa_parse_count(&q, "99999999999999999999999", "value", &err));
	FAILS(PPDL_ERR_ARGUMENT, "negative", ppdl_rsa_parse_count(&q, "-1", "value", &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_parse_count(&q, "1.5", "value", &err));
	FAILS(PPDL_ERR_ARGUMENT, "not an integer", ppdl_rsa_parse_count(&q, "", "value", &err));
}

static void
grid_values(void **state)
{
	static const double x[] = {-1, -0.75, -1.0 / 3, 0, 0.01, 0.5, 1};
	PpdlWriter	w;
	PpdlRsaGrid grid;

	ppdl_writer_init(&w);
	for (int bits = 2; bits <= 12; bits++)
	{
		OK(ppdl_rsa_input_grid(&grid, bits, &err));
		for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++)
		{
			uint32_t	q;

			OK(ppdl_rsa_grid_point(&q, x[i], &grid, &err));
			assert_true(q <= grid.max);
			assert_true(fabs(grid.step * ((double) q + (double) grid.offset) - x[i]) <= 0.5 * grid.step + 1e-12);
		}
		FAILS(PPDL_ERR_RANGE, "[-1, 1]", ppdl_rsa_encrypt_on_grid(fixture_pub, 1.001, &grid, 0, &w, &err));
		FAILS(PPDL_ERR_RANGE, "[-1, 1]", ppdl_rsa_encrypt_on_grid(fixture_pub, -1.001, &grid, 0, &w, &err));
		FAILS(PPDL_ERR_RANGE, "[-1, 1]", ppdl_rsa_encrypt_on_grid(fixture_pub, 0.0 / 0.0, &grid, 0, &w, &err));
	}
	OK(ppdl_rsa_input_grid(&grid, 1, &err));
	FAILS(PPDL_ERR_RANGE, "[0, 1]", ppdl_rsa_encrypt_on_grid(fixture_pub, -0.1, &grid, 0, &w, &err));
	FAILS(PPDL_ERR_ARGUMENT, "13", ppdl_rsa_input_grid(&grid, 13, &err));

	OK(ppdl_rsa_input_grid(&grid, 4, &err));
	OK(ppdl_rsa_encrypt_on_grid(fixture_pub, -0.4, &grid, 256, &w, &err));
	{
		char	   *text = fixture_decrypt(w.buf, w.len);

		assert_true(fabs(strtod(text, NULL) + 3.0 / 7) < 1e-12);
		free(text);
	}
	ppdl_writer_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_fields),
		cmocka_unit_test(truncated_and_oversized),
		cmocka_unit_test(bad_fields),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(bit_flips),
		cmocka_unit_test(forged_bound),
		cmocka_unit_test(integers),
		cmocka_unit_test(integers_are_deterministic),
		cmocka_unit_test(known_answer),
		cmocka_unit_test(counts),
		cmocka_unit_test(count_texts),
		cmocka_unit_test(grid_values),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
