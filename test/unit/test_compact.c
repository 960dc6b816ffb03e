/* Compact rows in the ring of their own: single rows, sums of any subset, sizes, and that rings do not mix. */
#include "rows_util.h"

#include "owner/owner.h"
#include "rows/sum.h"

#define WIDTH 13
#define ROWS 300				/* three batches, the last one incomplete */
#define CAPACITY 128

static PpdlOwner *owner;
static PpdlRng *rng;
static uint8_t *slices;
static size_t each;
static double x[ROWS * WIDTH];

static int
setup(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 7, .ring = PPDL_RING_COMPACT};
	const PpdlParams *par;

	rng = test_rng();
	OK(ppdl_owner_generate(&owner, "ward", ERR));
	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	each = ppdl_slice_size(par, 1, 4);
	slices = malloc(ROWS * each);
	for (int i = 0; i < ROWS * WIDTH; i++)
		x[i] = test_value();
	for (int first = 0; first < ROWS; first += CAPACITY)
		OK(ppdl_owner_encrypt(owner, slices + (size_t) first * each, x + first * WIDTH,
							  ROWS - first < CAPACITY ? ROWS - first : CAPACITY, WIDTH, &opt, ERR));
	return 0;
}

static int
teardown(void **state)
{
	free(slices);
	ppdl_owner_destroy(owner);
	ppdl_rng_destroy(rng);
	return 0;
}

static void
decrypt_all(const void *buf, size_t len, const double *want, double tolerance)
{
	PpdlValues	v;

	OK(ppdl_cipher_validate(buf, len, ERR));
	OK(ppdl_owner_decrypt(owner, &v, buf, len, 0, ERR));
	assert_int_equal(v.width, WIDTH);
	for (int f = 0; f < WIDTH; f++)
		if (!(fabs(v.v[f] - want[f]) < fmin(8 * v.error, tolerance)))
			fail_msg("value %d is %.9g, not %.9g; estimate %g", f, v.v[f], want[f], v.error);
	ppdl_values_free(&v);
}

static void
test_rows(void **state)
{
	assert_int_equal(each, 160);
	for (int i = 0; i < ROWS; i++)
		decrypt_all(slices + (size_t) i * each, each, x + i * WIDTH, 1e-7);
}

static void
test_sums(void **state)
{
	for (int round = 0; round < 50; round++)
	{
		double		want[WIDTH] = {0};
		PpdlSum    *part[2];
		PpdlWriter	w;
		int			terms = 0;

		OK(ppdl_sum_create(&part[0], ERR));
		OK(ppdl_sum_create(&part[1], ERR));
		for (int t = 0; t < 1 << (round % 9); t++, terms++)
		{
			int			i = test_below(ROWS);

			OK(ppdl_sum_add_bytes(part[t % 2], slices + (size_t) i * each, each, ERR));
			for (int f = 0; f < WIDTH; f++)
				want[f] += x[i * WIDTH + f];
		}
		OK(ppdl_sum_merge(part[0], part[1], ERR));
		ppdl_writer_init(&w);
		OK(ppdl_sum_finish(part[0], 1, &w, ERR));
		assert_true(w.len <= 13000);
		decrypt_all(w.buf, w.len, want, 1e-7 * (1 + terms));
		ppdl_writer_free(&w);
		ppdl_sum_destroy(part[0]);
		ppdl_sum_destroy(part[1]);
	}
}

/* sums that share an arena, of rows that lie scattered over the batches: few sums and many, which take other tiles */
/* more rows than one ciphertext holds, as two workers would sum them: parts, at the precision of the rows */
static void
test_beyond_reach(void **state)
{
	enum { TERMS = 1300000 };
	const PpdlParams *par;
	double		want[WIDTH] = {0},
				average[WIDTH];
	PpdlSum    *part[2];
	PpdlWriter	w;
	PpdlCipher	c;
	PpdlValues	v;

	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	assert_int_equal((long) ppdl_sum_reach(par, 1, 0x1p30), (1 << 19) - 1);
	for (int p = 0; p < 2; p++)
		OK(ppdl_sum_create(&part[p], ERR));
	for (int t = 0; t < TERMS; t++)
	{
		int			row = (int) ((unsigned) t * 7919u % ROWS);

		OK(ppdl_sum_add_bytes(part[t % 5 == 0], slices + (size_t) row * each, each, ERR));
		for (int f = 0; f < WIDTH; f++)
			want[f] += x[row * WIDTH + f];
	}
	OK(ppdl_sum_merge(part[0], part[1], ERR));
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(part[0], 1, &w, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	assert_int_equal(c.kind, PPDL_KIND_PARTS);
	assert_int_equal(c.nparts, 3);
	assert_int_equal(w.len, PPDL_PARTS_HEADER + 3 * ppdl_row_size(par, 1, 4));
	decrypt_all(w.buf, w.len, want, 0.1);
	w.len = 0;
	OK(ppdl_sum_finish(part[0], TERMS, &w, ERR));
	for (int f = 0; f < WIDTH; f++)
		average[f] = want[f] / TERMS;
	decrypt_all(w.buf, w.len, average, 1e-7);
	/* shared: under more noise than all parts have */
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	OK(ppdl_owner_decrypt(owner, &v, w.buf, w.len, 1, ERR));
	assert_true(v.error > 1e4 * ppdl_cipher_error(&c) && v.error < 1e-2);
	for (int f = 0; f < WIDTH; f++)
		assert_true(fabs(v.v[f] - average[f]) < 8 * v.error);
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
	for (int p = 0; p < 2; p++)
		ppdl_sum_destroy(part[p]);
}

static void
test_groups(void **state)
{
	for (int groups = 1; groups <= 100; groups = groups < 10 ? groups + 3 : 10 * groups)
	{
		PpdlSum    *s[100];
		PpdlArena  *arena;

		OK(ppdl_arena_create(&arena, NULL, NULL, ERR));
		for (int g = 0; g < groups; g++)
		{
			OK(ppdl_sum_create(&s[g], ERR));
			ppdl_sum_set_arena(s[g], arena);
		}
		for (int i = 0; i < ROWS; i++)
			OK(ppdl_sum_add_bytes(s[i % groups], slices + (size_t) i * each, each, ERR));
		for (int g = 0; g < groups; g++)
		{
			double		want[WIDTH] = {0};
			PpdlWriter	w;

			for (int i = g; i < ROWS; i += groups)
				for (int f = 0; f < WIDTH; f++)
					want[f] += x[i * WIDTH + f];
			ppdl_writer_init(&w);
			OK(ppdl_sum_finish(s[g], 1, &w, ERR));
			decrypt_all(w.buf, w.len, want, 1e-7 * (1 + ROWS / groups));
			ppdl_writer_free(&w);
			ppdl_sum_destroy(s[g]);
		}
		ppdl_arena_destroy(arena);
	}
}

/* a row of the row ring with the same fingerprint has another secret */
static void
test_rings_do_not_mix(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 1, .scale_bits = 30, .logc = 10};
	uint8_t		old[160];
	PpdlSum    *s;

	OK(ppdl_owner_encrypt(owner, old, x, 1, WIDTH, &opt, ERR));
	decrypt_all(old, sizeof(old), x, 1e-7);
	OK(ppdl_sum_create(&s, ERR));
	OK(ppdl_sum_add_bytes(s, slices, each, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_sum_add_bytes(s, old, sizeof(old), ERR));
	ppdl_sum_destroy(s);
}

static void
test_one_limb_only(void **state)
{
	const PpdlBatchOptions opt = {.limbs = 2, .scale_bits = 30, .logc = 7, .ring = PPDL_RING_COMPACT};

	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_encrypt(owner, slices, x, 1, WIDTH, &opt, ERR));
}

/* one prime has no room for switching keys */
static void
test_no_keys(void **state)
{
	PpdlSwitchKey *key;
	const PpdlSecret *sk;

	OK(ppdl_owner_secret(owner, PPDL_RING_COMPACT, &sk, ERR));
	for (uint32_t id = 0; id < 12; id++)
	{
		FAILS(PPDL_ERR_ARGUMENT, ppdl_eval_key_create(&key, id, sk, 1, rng, NULL, ERR));
		FAILS(PPDL_ERR_ARGUMENT, ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {id, 1, 1}, sk, sk, rng, NULL, ERR));
		FAILS(PPDL_ERR_ARGUMENT, ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {id, 1, 0}, sk, sk, rng, NULL, ERR));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_beyond_reach),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_rings_do_not_mix),
		cmocka_unit_test(test_one_limb_only),
		cmocka_unit_test(test_no_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
