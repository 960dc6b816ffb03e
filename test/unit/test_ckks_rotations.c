/*
 * Sums of rotations against plain slots, with keys for some rotations only: which are taken together, and what error
 * they state.
 */
#include "ckks/rotations_sum.h"
#include "planned_keys.h"

/* a ring of 1,024 slots with the moduli of the deep one */
static Fixture *toy;

/* the keys that there are */
static const PpdlRotationKey *published;
static int	keys;

static void
publish(Fixture *f, PpdlRotationSet **set, const PpdlRotationKey *key, int count)
{
	published = key;
	keys = count;
	OK(ppdl_rotset_create(set, f->par, key, count, &err));
	f->ev.rotations = *set;
}

static PpdlStatus
published_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	for (int i = 0; i < keys; i++)
		if (published[i].limbs >= limbs && ppdl_galois_rotation(toy->par->ring, published[i].rotation) == id)
			return make_key(arg, ring, id, limbs, key, e);
	return ppdl_error(e, PPDL_ERR_KEY, "key %u for %d limbs is not published", id, limbs);
}

/* sum of z[p + i*step], i < 2^count */
static double complex *
summed(const Fixture *f, const double complex *z, int step, int count)
{
	const int64_t slots = (int64_t) f->par->slots;
	double complex *out = new_slots(f);

	for (int64_t p = 0; p < slots; p++)
		for (int64_t i = 0; i < 1 << count; i++)
			out[p] += z[((p + i * step) % slots + slots) % slots];
	return out;
}

/* square of the error of a coefficient, in units of what is stated */
static double
error_over_noise(Fixture *f, const PpdlCt *ct, const double complex *want)
{
	Measured	m;

	OK(ppdl_decrypt_slots(&f->ev, ct, f->sk, f->z, &err));
	m = measure(f->z, want, f->par->slots);
	return m.rms * ct->scale / sqrt((double) f->par->n) / ct->noise;
}

/* the number of key switches of rotate_and_sum, whose result and noise are checked */
static int
check_sum(Fixture *f, int step, int count, int limbs)
{
	double complex *z = random_slots(f, 0),
			   *want = summed(f, z, step, count);
	PpdlCt		ct = encrypt(f, z, 0x1p38, limbs);
	const double noise = ct.noise,
				bound = ct.bound;
	const uint64_t before = f->ev.keyswitches;
	double		error;

	OK(ppdl_ct_rotate_and_sum(&f->ev, &ct, step, count, &err));
	error = error_over_noise(f, &ct, want);
	print_message("steps from %d, %d doublings, %d limbs: %d switches, %.2f of the noise stated\n", step, count, limbs,
				  (int) (f->ev.keyswitches - before), error);
	assert_int_equal(ct.limbs, limbs);
	assert_true(ct.scale == 0x1p38);
	assert_true(ct.bound == ldexp(bound, count));
	assert_true(ct.noise >= noise * exp2(0.5 * count));
	/* copies of one slot, and of an error that the doublings have made the same, are not independent: the most */
	assert_true(error < 2);
	assert_true(error > 0.3);
	ppdl_ct_release(&f->ev, &ct);
	free(z);
	free(want);
	return (int) (f->ev.keyswitches - before);
}

/* fours where three keys are there, halves where a doubling has none, else doublings */
static void
test_doublings(void **state)
{
	static const PpdlRotationKey key[] = {
		{1, 28}, {2, 28}, {3, 28}, {4, 28}, {-4, 28}, {16, 20}, {32, 20}, {48, 20}, {64, 28}, {-64, 28}, {256, 28},
		{512, 10}, {-256, 10}, {-1, 28}, {-2, 28},
	};
	PpdlRotationSet *set;

	publish(toy, &set, key, sizeof(key) / sizeof(key[0]));
	toy->ev.get_key = published_key;
	assert_int_equal(check_sum(toy, 1, 2, 28), 3);
	assert_int_equal(check_sum(toy, 1, 3, 2), 4);
	assert_int_equal(check_sum(toy, 2, 2, 2), 2);
	/* -3 has no key, 1 no place in a sum of four */
	assert_int_equal(check_sum(toy, -1, 2, 2), 2);
	assert_int_equal(check_sum(toy, 16, 2, 20), 3);
	/* 16 = 4 * 4, 32 twice that */
	assert_int_equal(check_sum(toy, 16, 2, 21), 12);
	/* in a sum over all multiples of 256 three steps are one back */
	assert_int_equal(check_sum(toy, 256, 2, 10), 3);
	assert_int_equal(check_sum(toy, 256, 2, 11), 1 + 2);
	assert_int_equal(check_sum(toy, -256, 2, 10), 3);
	/* (1 2) 4 (4 back and forth) (16 32) 64 (64 back and forth) (256 512) */
	assert_int_equal(check_sum(toy, 1, 10, 10), 3 + 1 + 2 + 3 + 1 + 2 + 3);
	assert_int_equal(check_sum(toy, 4, 8, 10), 1 + 2 + 3 + 1 + 2 + 3);
	/* the first step cannot be halved, nor one that is not followed by all others */
	assert_int_equal(check_sum(toy, 8, 7, 10), 2 + 3 + 1 + 2 + 3);
	assert_int_equal(check_sum(toy, 4, 2, 10), 1 + 2);
	assert_int_equal(check_sum(toy, 1, 0, 10), 0);
	/* no set says that there are keys */
	toy->ev.rotations = NULL;
	assert_int_equal(check_sum(toy, 1, 2, 10), 2);
	ppdl_rotset_destroy(set);
	toy->ev.get_key = make_key;
}

/* coefficients of the secret that are not zero, over the share that estimates take there to be */
static double
weight(const Fixture *f)
{
	double		count = 0;

	for (size_t i = 0; i < f->par->n; i++)
		count += f->sk->coeff[i] != 0;
	return count * 3 / (2 * (double) f->par->n);
}

/* stated for a sum, over many of them: no less than there is, and little more */
static void
test_noise(void **state)
{
	static const PpdlRotationKey key[] = {{1, 28}, {2, 28}, {3, 28}};
	enum { RUNS = 24 };
	PpdlRotationSet *set;

	publish(toy, &set, key, 3);
	for (int limbs = 1; limbs <= 28; limbs += 9)
	{
		double		squares = 0;

		for (int run = 0; run < RUNS; run++)
		{
			double complex *z = random_slots(toy, 0),
					   *want = summed(toy, z, 1, 2);
			PpdlCt		ct = encrypt(toy, z, 0x1p38, limbs);

			OK(ppdl_ct_rotate_and_sum(&toy->ev, &ct, 1, 2, &err));
			squares += pow(error_over_noise(toy, &ct, want), 2) / RUNS;
			ppdl_ct_release(&toy->ev, &ct);
			free(z);
			free(want);
		}
		print_message("%d limbs: %.3f of the noise stated\n", limbs, sqrt(squares));
		/* 24 sums of 2,048 coefficients: 3 % is four deviations */
		assert_true(squares < 1.03 * fmax(1, weight(toy)));
		assert_true(squares > 0.7);
	}
	toy->ev.rotations = NULL;
	ppdl_rotset_destroy(set);
}

/* a sum and its doublings, each of which rounds: the same values, and no more noise */
static void
test_against_doublings(void **state)
{
	static const PpdlRotationKey key[] = {{8, 28}, {16, 28}, {24, 28}};
	PpdlRotationSet *set;
	double complex *z = random_slots(toy, 0),
			   *want = new_slots(toy);
	PpdlCt		in = encrypt(toy, z, 0x1p38, 12),
				ct[2];

	publish(toy, &set, key, 3);
	for (int i = 0; i < 2; i++)
	{
		toy->ev.rotations = i == 0 ? NULL : set;
		OK(ppdl_ct_copy(&toy->ev, &ct[i], &in, in.limbs, &err));
		OK(ppdl_ct_rotate_and_sum(&toy->ev, &ct[i], 8, 2, &err));
	}
	assert_true(ct[1].noise < ct[0].noise);
	OK(ppdl_decrypt_slots(&toy->ev, &ct[0], toy->sk, want, &err));
	assert_true(error_over_noise(toy, &ct[1], want) * ct[1].noise < hypot(ct[0].noise, ct[1].noise));
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(&toy->ev, &ct[i]);
	ppdl_ct_release(&toy->ev, &in);
	toy->ev.rotations = NULL;
	ppdl_rotset_destroy(set);
	free(z);
	free(want);
}

/* with the keys of prediction and no others, of which no set tells */
static void
test_row_ring(void **state)
{
	Fixture    *row = fixture_new(NULL, PPDL_RING_ROW, 1);

	row->ev.get_key = planned_row_key;
	assert_int_equal(check_sum(row, 1, 2, 6), 3);
	assert_int_equal(check_sum(row, 1, 3, 3), 4);
	assert_int_equal(check_sum(row, 256, 3, 8), 3 + 1);
	/* (8 16) (32 64) (128 256) (512 1024) 2048 4096 */
	assert_int_equal(check_sum(row, 8, 10, 2), 4 * 3 + 2);
	assert_int_equal(check_sum(row, 1, 13, 2), 3 + 1 + 4 * 3 + 2);
	fixture_free(row);
}

static int
stop(void *arg)
{
	return 1;
}

/* rotations with one special prime, as keys could be that were published for inputs of one limb */
static PpdlStatus
small_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	static PpdlSwitchKey *made;

	ppdl_switch_key_destroy(made);
	made = NULL;
	*key = NULL;
	if (id == 0)
		return PPDL_OK;
	assert_int_equal(ppdl_switch_key_create(&made, &(PpdlSwitchKeyForm) {id, 1, 1}, toy->sk, toy->sk, toy->rng, NULL,
											&err), PPDL_ERR_ARGUMENT);
	OK(ppdl_switch_key_create(&made, &(PpdlSwitchKeyForm) {PPDL_KEY_BRIDGE, 1, 1}, toy->sk, toy->sk, toy->rng, NULL,
							  &err));
	made->id = id;
	*key = made;
	return PPDL_OK;
}

static void
test_small_keys(void **state)
{
	const PpdlSwitchKey *none;
	double complex *z = random_slots(toy, 0);
	PpdlCt		ct = encrypt(toy, z, 0x1p38, 1),
				out;

	toy->ev.get_key = small_key;
	assert_int_equal(ppdl_ct_rotate(&toy->ev, &out, &ct, 1, &err), PPDL_ERR_KEY);
	assert_non_null(strstr(err.message, "does not fit"));
	assert_int_equal(ppdl_ct_sum_rotations(&toy->ev, &ct, (int[]) {0, 1, 2}, 3, &err), PPDL_ERR_KEY);
	OK(small_key(NULL, 0, 0, 0, &none, &err));
	toy->ev.get_key = make_key;
	ppdl_ct_release(&toy->ev, &ct);
	free(z);
}

static void
test_refusals(void **state)
{
	static const PpdlRotationKey key[] = {{1, 28}, {2, 28}, {3, 28}};
	double complex *z = random_slots(toy, 0);
	PpdlRotationSet *set;
	PpdlCt		ct = encrypt(toy, z, 0x1p38, 3);

	/* the set says more than there is */
	publish(toy, &set, key, 3);
	keys = 2;
	toy->ev.get_key = published_key;
	assert_int_equal(ppdl_ct_rotate_and_sum(&toy->ev, &ct, 1, 2, &err), PPDL_ERR_KEY);
	toy->ev.get_key = make_key;
	toy->ev.interrupted = stop;
	assert_int_equal(ppdl_ct_rotate_and_sum(&toy->ev, &ct, 1, 2, &err), PPDL_ERR_CANCELED);
	toy->ev.interrupted = NULL;
	ct.bound = 0x1p999;
	assert_int_equal(ppdl_ct_rotate_and_sum(&toy->ev, &ct, 1, 2, &err), PPDL_ERR_RANGE);
	toy->ev.rotations = NULL;
	ppdl_rotset_destroy(set);
	ppdl_ct_release(&toy->ev, &ct);
	ppdl_pool_trim(toy->pool);
	assert_int_equal(ppdl_pool_bytes(toy->pool), 0);
	free(z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doublings),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_against_doublings),
		cmocka_unit_test(test_row_ring),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_small_keys),
	};
	const PpdlParams *deep;
	PpdlParamsLiteral lit;
	int			failed;

	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	lit = toy_deep(deep, 11);
	toy = fixture_new(&lit, 0, 2);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	return failed;
}
