#include "rows_util.h"

#include "rows/cipher_write.h"
#include "rows/combine.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/sum.h"

static const PpdlParams *par;
static PpdlSecret *sk;
static PpdlRng *rng;

/* one value of each kind */
static struct
{
	uint8_t    *buf;
	size_t		len;
}			value[3];

static void
take(int i, PpdlWriter *w)
{
	assert_false(w->bad);
	/* a copy of exactly its length: the sanitizer sees every byte read beyond it */
	value[i].buf = malloc(w->len);
	memcpy(value[i].buf, w->buf, w->len);
	value[i].len = w->len;
	ppdl_writer_free(w);
}

static void
make_packed(PpdlWriter *w, const TestBatch *t)
{
	PpdlPool   *pool = ppdl_pool_create();
	PpdlPackedWriter *pw;
	PpdlCollector *col;
	PpdlPacked	p;
	PpdlEval	ev;
	PpdlCipher	c;
	int			complete,
				found;

	OK(ppdl_eval_init(&ev, par, pool, NULL, ERR));
	OK(ppdl_collector_create(&col, 2, ERR));
	for (int i = 0; i < t->rows; i++)
	{
		OK(ppdl_cipher_parse(&c, test_slice(t, i), t->size, ERR));
		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, ERR));
	}
	assert_true(complete);
	OK(ppdl_pack_complete(&ev, col, &p, &found, ERR));
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, t->width, p.logk, test_fp, ERR));
	OK(ppdl_packed_writer_add(pw, &ev, &p.ct, p.ordinal, ERR));
	OK(ppdl_packed_writer_finish(pw, (uint32_t) t->rows, w, ERR));
	ppdl_packed_writer_destroy(pw);
	ppdl_packed_release(&ev, &p);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
}

static int
setup(void **state)
{
	PpdlWriter	w;
	TestBatch	t;
	PpdlCipher	c;

	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	rng = test_rng();
	OK(ppdl_secret_create(&sk, par, rng, ERR));
	t = test_batch(sk, rng, 8, 1500, 3, 3, 30);
	ppdl_writer_init(&w);
	ppdl_write_bytes(&w, test_slice(&t, 5), t.size);
	take(0, &w);
	OK(ppdl_cipher_parse(&c, value[0].buf, value[0].len, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &c, 0.5, NULL, 0, ERR));
	take(1, &w);
	ppdl_writer_init(&w);
	make_packed(&w, &t);
	take(2, &w);
	test_batch_free(&t);
	return 0;
}

static int
teardown(void **state)
{
	for (int i = 0; i < 3; i++)
		free(value[i].buf);
	ppdl_secret_destroy(sk);
	ppdl_rng_destroy(rng);
	return 0;
}

static void
test_round_trip(void **state)
{
	for (int i = 0; i < 3; i++)
	{
		PpdlCipher	c,
					peek;
		PpdlValues	v;

		OK(ppdl_cipher_validate(value[i].buf, value[i].len, ERR));
		OK(ppdl_cipher_parse(&c, value[i].buf, value[i].len, ERR));
		assert_int_equal(c.kind, i + 1);
		assert_ptr_equal(c.par, par);
		assert_int_equal(c.width, 1500);
		assert_int_equal(c.logk, 11);
		assert_memory_equal(c.fingerprint, test_fp, 8);
		OK(ppdl_cipher_peek(&peek, value[i].buf, ERR));
		assert_int_equal(peek.kind, c.kind);
		assert_int_equal(peek.limbs, c.limbs);
		assert_int_equal(peek.width, c.width);
		assert_true(peek.scale == c.scale);
		assert_memory_equal(peek.fingerprint, test_fp, 8);
		OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
		ppdl_values_free(&v);
	}
	assert_int_equal(value[0].len, ppdl_slice_size(par, 3, 11));
	assert_int_equal(value[1].len, ppdl_row_size(par, 3, 11));
}

/* no part of a value is a value */
static void
test_truncated(void **state)
{
	for (int i = 0; i < 3; i++)
	{
		size_t		step = 1;

		for (size_t len = 0; len < value[i].len; len += step)
		{
			uint8_t    *part = malloc(len + 1);
			PpdlCipher	c;

			memcpy(part, value[i].buf, len);
			part = realloc(part, len > 0 ? len : 1);
			FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, part, len, ERR));
			free(part);
			step = len < 200 || len + 2000 > value[i].len ? 1 : 1009;
		}
	}
}

static void
test_oversized(void **state)
{
	for (int i = 0; i < 3; i++)
		for (size_t more = 1; more < 20; more++)
		{
			uint8_t    *big = calloc(1, value[i].len + more);
			PpdlCipher	c;

			memcpy(big, value[i].buf, value[i].len);
			FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, big, value[i].len + more, ERR));
			free(big);
		}
}

typedef struct Field
{
	int			kind;			/* bit set of kinds that have it */
	size_t		at,
				len;
	uint64_t	bad;			/* a value that must be refused */
	PpdlStatus	code;
} Field;

static uint64_t
bits_of(double d)
{
	uint64_t	u;

	memcpy(&u, &d, 8);
	return u;
}

static void
test_fields(void **state)
{
	const Field fields[] = {
		{7, 0, 2, 0x4C51, PPDL_ERR_FORMAT},
		{7, 0, 2, 0, PPDL_ERR_FORMAT},
		{7, 2, 1, 0, PPDL_ERR_VERSION},
		{7, 2, 1, 2, PPDL_ERR_VERSION},
		{7, 3, 1, 0, PPDL_ERR_FORMAT},
		{7, 3, 1, 4, PPDL_ERR_FORMAT},
		{7, 4, 1, 0, PPDL_ERR_VERSION},
		{7, 4, 1, 3, PPDL_ERR_FORMAT},	/* the compact ring has one limb */
		{7, 4, 1, 4, PPDL_ERR_VERSION},
		{7, 4, 1, 255, PPDL_ERR_VERSION},
		{1, 4, 1, 2, PPDL_ERR_FORMAT},	/* no rows are encrypted in the deep ring */
		{7, 5, 1, 0, PPDL_ERR_FORMAT},
		{7, 5, 1, 9, PPDL_ERR_FORMAT},
		{7, 5, 1, 255, PPDL_ERR_FORMAT},
		{7, 6, 2, 0, PPDL_ERR_FORMAT},
		{7, 6, 2, 16385, PPDL_ERR_FORMAT},
		{3, 6, 2, 1024, PPDL_ERR_FORMAT},	/* not of this k */
		{7, 6, 2, 2049, PPDL_ERR_FORMAT},
		{7, 16, 8, bits_of(0), PPDL_ERR_FORMAT},
		{7, 16, 8, bits_of(-1), PPDL_ERR_FORMAT},
		{7, 16, 8, bits_of(NAN), PPDL_ERR_FORMAT},
		{7, 16, 8, bits_of(INFINITY), PPDL_ERR_FORMAT},
		{6, 16, 8, bits_of(0x1p1001), PPDL_ERR_FORMAT},
		{6, 16, 8, bits_of(0x1p-1001), PPDL_ERR_FORMAT},
		{1, 16, 8, bits_of(0x1p19), PPDL_ERR_FORMAT},
		{1, 16, 8, bits_of(0x1p41), PPDL_ERR_FORMAT},
		{1, 16, 8, bits_of(3 * 0x1p28), PPDL_ERR_FORMAT},
		{1, 24, 1, 4, PPDL_ERR_FORMAT},	/* 2^4 * 2^11 > 2^14 */
		{1, 24, 1, 255, PPDL_ERR_FORMAT},
		{1, 24, 1, 2, PPDL_ERR_FORMAT},	/* position 5 of 4 */
		{1, 25, 1, 10, PPDL_ERR_FORMAT},
		{1, 25, 1, 12, PPDL_ERR_FORMAT},
		{1, 26, 2, 8, PPDL_ERR_FORMAT},
		{1, 26, 2, 0xFFFF, PPDL_ERR_FORMAT},
		{6, 24, 8, bits_of(-1), PPDL_ERR_FORMAT},
		{6, 24, 8, bits_of(NAN), PPDL_ERR_FORMAT},
		{6, 24, 8, bits_of(INFINITY), PPDL_ERR_FORMAT},
		{6, 24, 8, bits_of(0x1p1001), PPDL_ERR_FORMAT},
		{6, 32, 8, bits_of(0x1p1001), PPDL_ERR_FORMAT},
		{6, 32, 8, bits_of(-1), PPDL_ERR_FORMAT},
		{6, 32, 8, bits_of(INFINITY), PPDL_ERR_FORMAT},
		{2, 40, 1, 10, PPDL_ERR_FORMAT},
		{2, 40, 1, 255, PPDL_ERR_FORMAT},
		{2, 47, 1, 1, PPDL_ERR_FORMAT},
		{4, 40, 1, 2, PPDL_ERR_FORMAT},
		{4, 40, 2, 0xFF02, PPDL_ERR_FORMAT},	/* second moments of rows of 2^255, 2^32 and 2^31 */
		{4, 40, 2, 0x2002, PPDL_ERR_FORMAT},
		{4, 40, 2, 0x1F02, PPDL_ERR_FORMAT},
		{4, 40, 1, 1, PPDL_ERR_FORMAT},	/* 1500 values do not fit 2^10 slots */
		{4, 41, 1, 15, PPDL_ERR_FORMAT},
		{4, 41, 1, 10, PPDL_ERR_FORMAT},
		{4, 44, 4, 9, PPDL_ERR_FORMAT},
		{4, 44, 4, 0xFFFFFFFF, PPDL_ERR_FORMAT},
		{4, 48, 4, 0, PPDL_ERR_FORMAT},
		{4, 48, 4, 2, PPDL_ERR_FORMAT},
		{4, 48, 4, 0xFFFFFFFF, PPDL_ERR_FORMAT},
		{4, 56, 4, 8, PPDL_ERR_FORMAT},	/* 8 places a chunk */
		{4, 56, 4, 1 << 16, PPDL_ERR_FORMAT},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (int v = 0; v < 3; v++)
		{
			const Field *f = &fields[i];
			uint8_t		saved[8];
			PpdlStatus	status;
			PpdlCipher	c;

			if ((f->kind >> v & 1) == 0)
				continue;
			memcpy(saved, value[v].buf + f->at, f->len);
			memcpy(value[v].buf + f->at, &f->bad, f->len);
			status = ppdl_cipher_parse(&c, value[v].buf, value[v].len, ERR);
			memcpy(value[v].buf + f->at, saved, f->len);
			if (status != f->code)
				fail_msg("kind %d, byte %zu = %#llx: %s", v + 1, f->at, (unsigned long long) f->bad,
						 ppdl_status_name(status));
		}
}

/* A slice of 65,535 values in the deep ring, well formed but for its ring: such a one wrote past an array of rows. */
static void
test_slice_of_deep_ring(void **state)
{
	const size_t len = 60 + ppdl_packed_size(1 << 16, 50);
	uint8_t    *buf = calloc(1, len);
	const double scale = 0x1p30;
	PpdlCipher	c;

	memcpy(buf, value[0].buf, 60);
	buf[4] = PPDL_RING_DEEP;
	buf[5] = 1;
	memset(buf + 6, 0xFF, 2);
	memcpy(buf + 16, &scale, 8);
	buf[24] = 0;				/* log2 C, log2 k, position */
	buf[25] = 16;
	memset(buf + 26, 0, 2);
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, buf, len, ERR));
	assert_non_null(strstr(test_error.message, "deep16"));
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_peek(&c, buf, ERR));
	free(buf);
}

/* the packed value with other places: rows of them, in an allocation of exactly their size */
static uint8_t *
with_places(const uint32_t *place, uint32_t rows, size_t *len)
{
	const size_t places = (size_t) rows * 4,
				rest = value[2].len - 56 - 8 * 4;
	uint8_t    *buf = malloc(56 + places + rest);

	memcpy(buf, value[2].buf, 56);
	memcpy(buf + 44, &rows, 4);
	memcpy(buf + 56, place, places);
	memcpy(buf + 56 + places, value[2].buf + 56 + 8 * 4, rest);
	*len = 56 + places + rest;
	return buf;
}

/* a place holds one row: no more rows have a value than the chunks have room for */
static void
test_places(void **state)
{
	uint32_t	place[1000];
	uint8_t    *buf;
	size_t		len;
	PpdlCipher	c;

	for (int i = 0; i < 1000; i++)
		place[i] = i < 8 ? 7 - (uint32_t) i : PPDL_NO_PLACE;
	buf = with_places(place, 1000, &len);
	OK(ppdl_cipher_parse(&c, buf, len, ERR));
	free(buf);
	for (int n = 0; n < 100; n++)
	{
		int			i = test_below(8),
					j = 1 + test_below(999);

		if (place[i] == place[j])
			continue;
		place[j] = place[i];
		buf = with_places(place, 1000, &len);
		FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, buf, len, ERR));
		free(buf);
		place[j] = j < 8 ? 7 - (uint32_t) j : PPDL_NO_PLACE;
	}
	/* 1,000 rows of 1,500 values in one place */
	memset(place, 0, sizeof(place));
	buf = with_places(place, 1000, &len);
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, buf, len, ERR));
	free(buf);
}

/* rows without value cost their places only: as numbers these would take 24 GB */
static void
test_null_rows(void **state)
{
	const uint32_t rows = 2000000;
	uint32_t   *place = malloc(rows * sizeof(place[0]));
	uint8_t    *buf;
	size_t		len;
	PpdlCipher	c;
	PpdlValues	v;

	memset(place, 0xFF, rows * sizeof(place[0]));
	place[rows - 1] = 3;
	place[rows / 2] = 5;
	buf = with_places(place, rows, &len);
	OK(ppdl_cipher_parse(&c, buf, len, ERR));
	/* six places hold values of no row, which are taken for errors */
	FAILS(PPDL_ERR_PRECISION, ppdl_cipher_decrypt(&v, &c, sk, ERR));
	assert_null(v.v);
	assert_null(v.at);
	for (int i = 0; i < 8; i++)
		place[i == 3 ? rows - 1 : i == 5 ? rows / 2 : 100 + (uint32_t) i] = (uint32_t) i;
	free(buf);
	buf = with_places(place, rows, &len);
	OK(ppdl_cipher_parse(&c, buf, len, ERR));
	OK(ppdl_cipher_decrypt(&v, &c, sk, ERR));
	assert_int_equal(v.nrows, rows);
	assert_int_equal(v.held, 8);
	assert_null(ppdl_values_row(&v, 0));
	assert_null(ppdl_values_row(&v, rows - 2));
	assert_ptr_equal(ppdl_values_row(&v, 100), v.v);
	assert_ptr_equal(ppdl_values_row(&v, rows - 1), v.v + 7 * 1500);
	ppdl_values_free(&v);
	free(buf);
	free(place);
}

/* what breaks the rules of a header is not written */
static void
test_results_keep_the_rules(void **state)
{
	for (int i = 0; i < 3; i++)
	{
		PpdlWriter	w;
		PpdlCipher	c,
					bad;

		OK(ppdl_cipher_parse(&c, value[i].buf, value[i].len, ERR));
		ppdl_writer_init(&w);
		OK(ppdl_cipher_put_header(&w, &c, ERR));
		assert_memory_equal(w.buf, value[i].buf, w.len);
		assert_int_equal(w.len, i == 0 ? PPDL_SLICE_HEADER : i == 1 ? PPDL_ROW_HEADER : PPDL_PACKED_HEADER);
		w.len = 0;
#define REFUSED(field, x) \
		do { \
			bad = c; \
			bad.field = (x); \
			FAILS(PPDL_ERR_RANGE, ppdl_cipher_put_header(&w, &bad, ERR)); \
			assert_int_equal(w.len, 0); \
		} while (0)
		REFUSED(noise, INFINITY);
		REFUSED(noise, NAN);
		REFUSED(noise, -1);
		REFUSED(bound, 0x1p1001);
		REFUSED(bound, NAN);
		REFUSED(scale, 0);
		REFUSED(scale, INFINITY);
		REFUSED(limbs, 9);
		REFUSED(limbs, 0);
		REFUSED(width, 16385);
		REFUSED(width, 0);
		REFUSED(logk, i == 2 ? 10 : 12);
		if (i == 0)
		{
			REFUSED(pos, 8);
			REFUSED(logc, 4);
		}
		else if (i == 2)
			REFUSED(nchunks, 65536);
		ppdl_writer_free(&w);
	}
}

/* residues not below their modulus, and set padding bits, are found by validation */
static void
test_residues(void **state)
{
	/* 50-bit residues; the modulus is just below 2^50 */
	static const size_t first[3] = {60, 48, 56 + 8 * 4};

	for (int i = 0; i < 3; i++)
	{
		uint8_t    *p = value[i].buf + first[i];
		uint8_t		saved[7];
		uint64_t	q = par->ring->mod[0].q;

		memcpy(saved, p, 7);
		memcpy(p, &q, 6);		/* residue 0 = q, all but its two highest bits */
		p[6] |= 3;
		FAILS(PPDL_ERR_FORMAT, ppdl_cipher_validate(value[i].buf, value[i].len, ERR));
		q--;
		memcpy(p, &q, 6);
		OK(ppdl_cipher_validate(value[i].buf, value[i].len, ERR));
		memset(p, 0xFF, 7);
		FAILS(PPDL_ERR_FORMAT, ppdl_cipher_validate(value[i].buf, value[i].len, ERR));
		memcpy(p, saved, 7);
		OK(ppdl_cipher_validate(value[i].buf, value[i].len, ERR));
	}
}

static void
test_padding(void **state)
{
	TestBatch	t = test_batch(sk, rng, 1, 1, 0, 1, 30);	/* 50 bits in 7 bytes */
	uint8_t    *slice = t.slice;

	assert_int_equal(t.size, 67);
	OK(ppdl_cipher_validate(slice, t.size, ERR));
	for (int bit = 2; bit < 8; bit++)
	{
		slice[66] ^= (uint8_t) (1 << bit);
		FAILS(PPDL_ERR_FORMAT, ppdl_cipher_validate(slice, t.size, ERR));
		slice[66] ^= (uint8_t) (1 << bit);
	}
	test_batch_free(&t);
}

/* random damage never crashes anything, and what validates can be used */
static void
test_fuzz(void **state)
{
	for (int n = 0; n < 600; n++)
	{
		int			i = n % 3,
					hits = 1 + test_below(4);
		uint8_t    *buf = malloc(value[i].len);
		PpdlCipher	c;
		PpdlValues	v;

		memcpy(buf, value[i].buf, value[i].len);
		for (; hits > 0; hits--)
			buf[test_below(n % 2 == 0 ? 64 : (int) value[i].len)] ^= (uint8_t) (1 << test_below(8));
		if (ppdl_cipher_validate(buf, value[i].len, ERR) == PPDL_OK && n < 60)
		{
			PpdlSum    *s;
			PpdlWriter	w;

			OK(ppdl_cipher_parse(&c, buf, value[i].len, ERR));
			if (ppdl_cipher_decrypt(&v, &c, sk, ERR) == PPDL_OK)
				ppdl_values_free(&v);
			OK(ppdl_sum_create(&s, ERR));
			ppdl_writer_init(&w);
			if (ppdl_sum_add_bytes(s, buf, value[i].len, ERR) == PPDL_OK)
				OK(ppdl_sum_finish(s, 1, &w, ERR));
			ppdl_writer_free(&w);
			ppdl_sum_destroy(s);
		}
		free(buf);
	}
	/* and bytes that were never a value */
	for (int n = 0; n < 2000; n++)
	{
		size_t		len = (size_t) test_below(300);
		uint8_t    *buf = malloc(len + 1);
		PpdlCipher	c;

		for (size_t i = 0; i < len; i++)
			buf[i] = (uint8_t) test_random();
		if (len >= 4 && n % 2 == 0)
			memcpy(buf, value[0].buf, len < 24 ? len : 24);
		assert_int_not_equal(ppdl_cipher_parse(&c, buf, len, ERR), PPDL_OK);
		free(buf);
	}
}

static void
test_fingerprints(void **state)
{
	uint8_t		fp[8];
	char		hex[17];

	ppdl_fingerprint_hex(hex, test_fp);
	assert_string_equal(hex, "0102030405060708");
	assert_true(ppdl_fingerprint_parse(fp, "fedcBA9876543210"));
	ppdl_fingerprint_hex(hex, fp);
	assert_string_equal(hex, "fedcba9876543210");
	assert_false(ppdl_fingerprint_parse(fp, ""));
	assert_false(ppdl_fingerprint_parse(fp, "010203040506070"));
	assert_false(ppdl_fingerprint_parse(fp, "01020304050607080"));
	assert_false(ppdl_fingerprint_parse(fp, "010203040506070g"));
}

static void
test_same(void **state)
{
	PpdlCipher	a,
				b;

	OK(ppdl_cipher_parse(&a, value[0].buf, value[0].len, ERR));
	b = a;
	OK(ppdl_cipher_check_same(&a, &b, "sum", ERR));
	b.fingerprint[0] = 0xAB;
	FAILS(PPDL_ERR_KEY, ppdl_cipher_check_same(&a, &b, "sum", ERR));
	assert_non_null(strstr(test_error.message, "0102030405060708"));
	assert_non_null(strstr(test_error.message, "ab02030405060708"));
	b = a;
	b.width = 7;
	FAILS(PPDL_ERR_SCALE, ppdl_cipher_check_same(&a, &b, "sum", ERR));
	assert_non_null(strstr(test_error.message, "1500 and 7"));
	b = a;
	b.scale *= 1 + 0x1p-39;
	FAILS(PPDL_ERR_SCALE, ppdl_cipher_check_same(&a, &b, "sum", ERR));
	b.scale = a.scale * (1 + 0x1p-41);
	OK(ppdl_cipher_check_same(&a, &b, "sum", ERR));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_slice_of_deep_ring),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_null_rows),
		cmocka_unit_test(test_results_keep_the_rules),
		cmocka_unit_test(test_residues),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_same),
	};

	test_seed("test_cipher");
	return cmocka_run_group_tests(tests, setup, teardown);
}
