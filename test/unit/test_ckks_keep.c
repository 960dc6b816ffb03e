/* Coefficients are selected exactly, whatever the others hold. */
#include "ckks_fixture.h"
#include "toy_deep.h"

#include "ckks/keep.h"

#define MOST 3

/* not secure: the row ring's primes at degree 2^11 */
static Fixture *toy;

/* both halves uniform: what is cleared is as large as the modulus */
static PpdlCt
random_ct(Fixture *f, int limbs)
{
	PpdlCt		ct;

	OK(ppdl_ct_alloc(&f->ev, &ct, limbs, &err));
	for (int l = 0; l < limbs; l++)
		for (size_t i = 0; i < f->par->n; i++)
		{
			ct.b[(size_t) l * f->par->n + i] = ppdl_mod_from_u64(&f->par->ring->mod[l], next_random(f));
			ct.a[(size_t) l * f->par->n + i] = ppdl_mod_from_u64(&f->par->ring->mod[l], next_random(f));
		}
	ct.scale = 0x1p20;
	return ct;
}

/* the phase modulo the lowest prime */
static double *
phase(Fixture *f, const PpdlCt *ct)
{
	double	   *out = malloc(f->par->n * sizeof(double));
	PpdlCt		low = *ct;

	ppdl_ct_drop(&low, 1);
	OK(ppdl_decrypt_coeffs(&f->ev, &low, f->sk, out, &err));
	return out;
}

/* which of the ciphertexts each index belongs to, count: none */
typedef int (*Share) (Fixture *f, uint32_t r, int count);

static int
by_chance(Fixture *f, uint32_t r, int count)
{
	return (int) (next_random(f) % (uint64_t) (count + 1));
}

static int
all_by_chance(Fixture *f, uint32_t r, int count)
{
	return (int) (next_random(f) % (uint64_t) count);
}

/* upper and lower half, where half of the steps have nothing to do; quarters in turn */
static int
halves(Fixture *f, uint32_t r, int count)
{
	return r < 32 ? 0 : count;
}

static int
turns(Fixture *f, uint32_t r, int count)
{
	return (int) (r / 16) % (count + 1);
}

static int
none(Fixture *f, uint32_t r, int count)
{
	return count;
}

static int
one(Fixture *f, uint32_t r, int count)
{
	return r == 5 ? 0 : count;
}

static int
the_last(Fixture *f, uint32_t r, int count)
{
	return count - 1;
}

static void
check_kept(Fixture *f, const PpdlCt *out, const PpdlCt *in, const uint8_t *keep, int count, int places)
{
	const double q = (double) f->par->ring->mod[0].q;
	double	   *got = phase(f, out),
			   *was[MOST],
				squares = 0,
				kept_squares[MOST] = {0};
	int			kept[MOST] = {0};

	for (int i = 0; i < count; i++)
		was[i] = phase(f, &in[i]);
	for (size_t c = 0; c < f->par->n; c++)
	{
		const size_t r = c & (((size_t) 1 << places) - 1);
		double		diff = got[c];
		int			of = -1;

		for (int i = 0; i < count; i++)
			if (keep[((size_t) i << places) + r])
			{
				of = i;
				diff -= fmod(ldexp(was[i][c], places), q);
			}
		diff -= q * rint(diff / q);
		squares += diff * diff;
		if (of >= 0)
		{
			kept[of]++;
			kept_squares[of] += diff * diff;
		}
	}
	squares = sqrt(squares / (double) f->par->n) / out->noise;
	print_message("%d of 2^%d places, %d limbs: %.2f of the stated noise\n", count, places, out->limbs, squares);
	assert_true(squares < 1);
	/* as many as 32: of values of the stated noise, 2 is too much once in 10^11 */
	for (int i = 0; i < count; i++)
	{
		if (kept[i] > 0)
			assert_true(sqrt(kept_squares[i] / kept[i]) < 2 * out->noise);
		free(was[i]);
	}
	free(got);
}

static uint64_t
select_coefficients(Fixture *f, Share share, int count, int places, int limbs)
{
	uint8_t    *keep = calloc((size_t) count << places, 1);
	PpdlCt		in[MOST],
				out;
	PpdlKeep	from[MOST];
	uint64_t	before = f->ev.keyswitches;

	for (uint32_t r = 0; r < 1u << places; r++)
	{
		int			to = share(f, r, count);

		if (to < count)
			keep[((size_t) to << places) + r] = 1;
	}
	for (int i = 0; i < count; i++)
	{
		in[i] = random_ct(f, limbs);
		from[i] = (PpdlKeep) {&in[i], keep + ((size_t) i << places)};
	}
	OK(ppdl_ct_keep(&f->ev, &out, from, count, places, &err));
	assert_int_equal(out.limbs, limbs);
	assert_true(out.scale == ldexp(0x1p20, places));
	check_kept(f, &out, in, keep, count, places);
	ppdl_ct_release(&f->ev, &out);
	for (int i = 0; i < count; i++)
		ppdl_ct_release(&f->ev, &in[i]);
	free(keep);
	return f->ev.keyswitches - before;
}

static void
test_shares(void **state)
{
	static const Share share[] = {by_chance, all_by_chance, halves, turns, none, one, the_last};

	for (size_t s = 0; s < sizeof(share) / sizeof(share[0]); s++)
		for (int count = 1; count <= MOST; count++)
			select_coefficients(toy, share[s], count, 6, 1 + (int) (next_random(toy) % 4));
	for (int places = 7; places <= 9; places++)
	{
		select_coefficients(toy, by_chance, 2, places, 2);
		select_coefficients(toy, all_by_chance, 2, places, 8);
	}
}

/* what is left out costs nothing: three rotations a ciphertext, and steps that have something to add */
static void
test_steps(void **state)
{
	assert_int_equal(select_coefficients(toy, by_chance, 1, 8, 2), 3 + 7);
	assert_int_equal(select_coefficients(toy, by_chance, 2, 8, 2), 6 + 7);
	assert_int_equal(select_coefficients(toy, all_by_chance, 2, 8, 2), 3 + 7);
	/* residues below 32 modulo 64 */
	assert_int_equal(select_coefficients(toy, halves, 1, 6, 2), 3 + 1);
}

/* the same to the last bit */
static void
test_threads(void **state)
{
	uint8_t		keep[256];
	PpdlCt		in = random_ct(toy, 3),
				out[2];
	PpdlThreads *threads;

	OK(ppdl_threads_create(&threads, 3, &err));
	for (int r = 0; r < 256; r++)
		keep[r] = r % 3 == 0;
	for (int i = 0; i < 2; i++)
	{
		toy->ev.threads = i == 0 ? NULL : threads;
		OK(ppdl_ct_keep(&toy->ev, &out[i], &(PpdlKeep) {&in, keep}, 1, 8, &err));
	}
	toy->ev.threads = NULL;
	ppdl_threads_destroy(threads);
	assert_memory_equal(out[0].b, out[1].b, 3 * toy->par->n * sizeof(uint64_t));
	assert_memory_equal(out[0].a, out[1].a, 3 * toy->par->n * sizeof(uint64_t));
	ppdl_ct_release(&toy->ev, &out[0]);
	ppdl_ct_release(&toy->ev, &out[1]);
	ppdl_ct_release(&toy->ev, &in);
}

static PpdlStatus
no_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	return ppdl_error(e, PPDL_ERR_KEY, "no key %u", id);
}

static void
test_refusals(void **state)
{
	static const uint8_t keep[1024];
	PpdlCt		in = random_ct(toy, 1),
				out;
	const PpdlKeep from = {&in, keep};

	assert_int_equal(ppdl_ct_keep(&toy->ev, &out, &from, 1, 5, &err), PPDL_ERR_ARGUMENT);
	/* rotations that leave X^(N/512) alone are too few */
	assert_int_equal(ppdl_ct_keep(&toy->ev, &out, &from, 1, 10, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_ct_keep(&toy->ev, &out, &from, 0, 6, &err), PPDL_ERR_ARGUMENT);
	toy->ev.get_key = no_key;
	assert_int_equal(ppdl_ct_keep(&toy->ev, &out, &from, 1, 6, &err), PPDL_ERR_KEY);
	toy->ev.get_key = make_key;
	assert_null(out.b);
	ppdl_ct_release(&toy->ev, &in);
	ppdl_pool_trim(toy->pool);
	assert_int_equal(ppdl_pool_bytes(toy->pool), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_refusals),
	};
	const PpdlParams *row;
	PpdlParamsLiteral lit;
	int			failed;

	OK(ppdl_params_get(PPDL_RING_ROW, &row, &err));
	lit = toy_deep(row, 11);
	toy = fixture_new(&lit, 0, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	return failed;
}
