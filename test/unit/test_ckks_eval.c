/* Every operation of the evaluator against plain complex numbers. */
#include "ckks/periodic.h"
#include "ckks_fixture.h"

static Fixture *toy,
		   *row;

/* rounding of doubles at scale 2^38 stays far below the noise */
#define SCALE 0x1p38

typedef void (*Case) (Fixture *f, int limbs);

static void
map(double complex *out, const double complex *x, const double complex *y, char op, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = op == '+' ? x[i] + y[i] : op == '-' ? x[i] - y[i] : x[i] * y[i];
}

static void
case_add(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *y = random_slots(f, 0),
			   *want = new_slots(f);
	PpdlCt		cx = encrypt(f, x, SCALE, limbs),
				cy = encrypt(f, y, SCALE, f->par->nq),
				acc;

	OK(ppdl_ct_copy(&f->ev, &acc, &cx, limbs, &err));
	OK(ppdl_ct_add(&f->ev, &acc, &cy, &err));
	map(want, x, y, '+', f->par->slots);
	check(f, "add", &acc, want);
	OK(ppdl_ct_sub(&f->ev, &cy, &cx, &err));
	assert_int_equal(cy.limbs, limbs);
	map(want, y, x, '-', f->par->slots);
	check(f, "sub", &cy, want);
	ppdl_ct_neg(&f->ev, &cy);
	map(want, x, y, '-', f->par->slots);
	check(f, "neg", &cy, want);
	ppdl_ct_release(&f->ev, &cx);
	ppdl_ct_release(&f->ev, &cy);
	ppdl_ct_release(&f->ev, &acc);
	free(x);
	free(y);
	free(want);
}

static void
case_constants(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *want = new_slots(f);
	PpdlCt		c = encrypt(f, x, SCALE, limbs);

	OK(ppdl_ct_add_const(&f->ev, &c, 0.75, -0.3, &err));
	for (size_t i = 0; i < f->par->slots; i++)
		want[i] = x[i] + CMPLX(0.75, -0.3);
	check(f, "add_const", &c, want);
	if (limbs > 1)
	{
		PpdlCt		acc;

		OK(ppdl_ct_copy(&f->ev, &acc, &c, limbs, &err));
		OK(ppdl_ct_mul_const(&f->ev, &acc, 1, 0, 0x1p30, &err));
		OK(ppdl_ct_add_multiple(&f->ev, &acc, &c, 0.5, -0.125, &err));
		for (size_t i = 0; i < f->par->slots; i++)
			want[i] *= CMPLX(1.5, -0.125);
		check(f, "add_multiple", &acc, want);
		ppdl_ct_release(&f->ev, &acc);
		for (size_t i = 0; i < f->par->slots; i++)
			want[i] = x[i] + CMPLX(0.75, -0.3);
	}
	OK(ppdl_ct_mul_int(&f->ev, &c, -3, &err));
	for (size_t i = 0; i < f->par->slots; i++)
		want[i] *= -3;
	check(f, "mul_int", &c, want);
	ppdl_ct_mul_monomial(&f->ev, &c, (int64_t) f->par->slots);	/* X^(N/2) = i */
	for (size_t i = 0; i < f->par->slots; i++)
		want[i] *= I;
	check(f, "mul_monomial", &c, want);
	if (limbs > 1)
	{
		double		q = (double) f->par->ring->mod[limbs - 1].q;

		OK(ppdl_ct_mul_const(&f->ev, &c, -0.25, 0.6, q, &err));
		for (size_t i = 0; i < f->par->slots; i++)
			want[i] *= CMPLX(-0.25, 0.6);
		check(f, "mul_const", &c, want);
		OK(ppdl_ct_rescale(&f->ev, &c, &err));
		assert_int_equal(c.limbs, limbs - 1);
		assert_true(fabs(c.scale / SCALE - 1) < 1e-12);
		check(f, "rescale", &c, want);
	}
	ppdl_ct_release(&f->ev, &c);
	free(x);
	free(want);
}

static void
case_plain(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *y = random_slots(f, 0),
			   *want = new_slots(f);
	PpdlCt		c = encrypt(f, x, SCALE, limbs);
	PpdlPt		pt;

	OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
	OK(ppdl_encode_slots(f->par, &pt, y, f->par->slots, SCALE, limbs, &err));
	OK(ppdl_ct_add_plain(&f->ev, &c, &pt, &err));
	map(want, x, y, '+', f->par->slots);
	check(f, "add_plain", &c, want);
	if (limbs > 1)
	{
		OK(ppdl_ct_mul_plain(&f->ev, &c, &pt, &err));
		map(want, want, y, '*', f->par->slots);
		check(f, "mul_plain", &c, want);
		OK(ppdl_ct_rescale(&f->ev, &c, &err));
		check(f, "mul_plain, rescaled", &c, want);
	}
	ppdl_pt_release(&f->ev, &pt);
	ppdl_ct_release(&f->ev, &c);
	free(x);
	free(y);
	free(want);
}

/* kept at the length of its period, the product is the same to the bit */
static void
case_periodic(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *y = random_slots(f, 0);
	PpdlCt		c = encrypt(f, x, SCALE, limbs);
	const size_t bytes = (size_t) limbs * f->par->n * sizeof(uint64_t);

	for (size_t period = 1; period <= f->par->slots; period *= 2)
	{
		PpdlCt		whole,
					kept;
		PpdlPt		pt;
		PpdlPeriodicPt periodic;

		OK(ppdl_ct_copy(&f->ev, &whole, &c, limbs, &err));
		OK(ppdl_ct_copy(&f->ev, &kept, &c, limbs, &err));
		OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
		OK(ppdl_encode_slots(f->par, &pt, y, period, SCALE, limbs, &err));
		OK(ppdl_periodic_encode(f->par, &periodic, y, period, SCALE, limbs, &err));
		OK(ppdl_ct_mul_plain(&f->ev, &whole, &pt, &err));
		OK(ppdl_periodic_mul(&f->ev, &kept, &periodic, &err));
		assert_memory_equal(whole.b, kept.b, bytes);
		assert_memory_equal(whole.a, kept.a, bytes);
		assert_true(whole.scale == kept.scale);
		assert_true(fabs(whole.noise - kept.noise) <= 0x1p-40 * whole.noise);
		assert_true(fabs(whole.bound - kept.bound) <= 0x1p-40 * whole.bound);
		assert_int_equal(ppdl_periodic_bytes(&periodic), (size_t) limbs * 8 * (period < 4 ? 8 : 2 * period));
		ppdl_periodic_release(&periodic);
		ppdl_periodic_release(&periodic);	/* idempotent */
		ppdl_pt_release(&f->ev, &pt);
		ppdl_ct_release(&f->ev, &whole);
		ppdl_ct_release(&f->ev, &kept);
	}
	ppdl_ct_release(&f->ev, &c);
	free(x);
	free(y);
}

static void
case_product(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *y = random_slots(f, 0),
			   *want = new_slots(f),
			   *square = new_slots(f);
	PpdlCt		cx,
				cy,
				c;
	PpdlCt3		t,
				u;
	PpdlPt		pt;

	if (limbs < 2)
		goto done;
	cx = encrypt(f, x, SCALE, limbs);
	cy = encrypt(f, y, SCALE, f->par->nq);
	OK(ppdl_ct_mul(&f->ev, &c, &cx, &cy, &err));
	map(want, x, y, '*', f->par->slots);
	check(f, "mul", &c, want);
	OK(ppdl_ct_rescale(&f->ev, &c, &err));
	check(f, "mul, rescaled", &c, want);
	ppdl_ct_release(&f->ev, &c);
	OK(ppdl_ct_mul_rescale(&f->ev, &c, &cx, &cy, &err));
	assert_int_equal(c.limbs, limbs - 1);
	check(f, "mul_rescale", &c, want);
	ppdl_ct_release(&f->ev, &c);

	/* x*y + x*x, one relinearisation; then times a plaintext */
	OK(ppdl_ct_tensor(&f->ev, &t, &cx, &cy, &err));
	OK(ppdl_ct_tensor(&f->ev, &u, &cx, &cx, &err));
	OK(ppdl_ct3_add(&f->ev, &t, &u, &err));
	ppdl_ct3_release(&f->ev, &u);
	map(square, x, x, '*', f->par->slots);
	map(want, want, square, '+', f->par->slots);
	if (limbs > 2)
	{
		OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
		OK(ppdl_encode_slots(f->par, &pt, y, f->par->slots, 0x1p30, limbs, &err));
		OK(ppdl_ct3_mul_plain(&f->ev, &t, &pt, &err));
		ppdl_pt_release(&f->ev, &pt);
		map(want, want, y, '*', f->par->slots);
	}
	OK(ppdl_ct_relinearize(&f->ev, &c, &t, &err));
	assert_null(t.d);
	check(f, "sum of products, relinearised", &c, want);
	ppdl_ct_release(&f->ev, &c);
	ppdl_ct_release(&f->ev, &cx);
	ppdl_ct_release(&f->ev, &cy);
done:
	free(x);
	free(y);
	free(want);
	free(square);
}

static void
case_match(Fixture *f, int limbs)
{
	double complex *x = random_slots(f, 0);
	PpdlCt		c = encrypt(f, x, SCALE, limbs);

	OK(ppdl_ct_match(&f->ev, &c, limbs, SCALE, &err));
	assert_int_equal(c.limbs, limbs);
	if (limbs > 1)
	{
		double		scale = 1.3 * 0x1p37;

		OK(ppdl_ct_match(&f->ev, &c, limbs - 1, scale, &err));
		assert_int_equal(c.limbs, limbs - 1);
		assert_true(c.scale == scale);
		check(f, "match", &c, x);
	}
	ppdl_ct_release(&f->ev, &c);
	free(x);
}

static void
case_automorphisms(Fixture *f, int limbs)
{
	const int	steps[] = {1, 3, -2, (int) f->par->slots - 1};
	double complex *x = random_slots(f, 0),
			   *want = new_slots(f);
	PpdlCt		c = encrypt(f, x, SCALE, limbs),
				out,
				hoisted;
	PpdlHoisted h;

	OK(ppdl_hoist(&f->ev, &h, &c, &err));
	for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++)
	{
		for (size_t p = 0; p < f->par->slots; p++)
			want[p] = x[(p + (size_t) steps[k]) & (f->par->slots - 1)];
		OK(ppdl_ct_rotate(&f->ev, &out, &c, steps[k], &err));
		check(f, "rotate", &out, want);
		OK(ppdl_hoisted_rotate(&f->ev, &hoisted, &h, steps[k], &err));
		assert_memory_equal(out.b, hoisted.b, (size_t) limbs * f->par->n * 8);
		assert_memory_equal(out.a, hoisted.a, (size_t) limbs * f->par->n * 8);
		ppdl_ct_release(&f->ev, &out);
		ppdl_ct_release(&f->ev, &hoisted);
	}
	ppdl_hoisted_release(&f->ev, &h);
	OK(ppdl_ct_conjugate(&f->ev, &out, &c, &err));
	for (size_t p = 0; p < f->par->slots; p++)
		want[p] = conj(x[p]);
	check(f, "conjugate", &out, want);
	ppdl_ct_release(&f->ev, &out);
	ppdl_ct_release(&f->ev, &c);
	free(x);
	free(want);
}

static void
every_case(Fixture *f, int lowest)
{
	static const Case cases[] = {case_add, case_constants, case_plain, case_periodic, case_product,
								 case_match, case_automorphisms};

	for (int limbs = f->par->nq; limbs >= lowest; limbs--)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			cases[i] (f, limbs);
}

static void
test_toy(void **state)
{
	every_case(toy, 1);
}

static void
test_row(void **state)
{
	every_case(row, row->par->nq);
}

static void
test_errors(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 0);
	PpdlCt		c = encrypt(f, x, SCALE, 2),
				d = encrypt(f, x, SCALE * 2, 2),
				out;
	PpdlPt		pt;

	assert_int_equal(ppdl_ct_add(&f->ev, &c, &d, &err), PPDL_ERR_SCALE);
	assert_non_null(strstr(err.message, "38.0"));
	assert_non_null(strstr(err.message, "39.0"));
	assert_int_equal(ppdl_ct_sub(&f->ev, &c, &d, &err), PPDL_ERR_SCALE);
	OK(ppdl_pt_alloc(&f->ev, &pt, 2, &err));
	OK(ppdl_encode_slots(f->par, &pt, x, f->par->slots, 0x1p39, 2, &err));
	assert_int_equal(ppdl_ct_add_plain(&f->ev, &c, &pt, &err), PPDL_ERR_SCALE);
	ppdl_pt_release(&f->ev, &pt);
	assert_int_equal(ppdl_ct_match(&f->ev, &c, 2, 0x1p37, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_match(&f->ev, &c, 3, SCALE, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_match(&f->ev, &c, 1, 1, &err), PPDL_ERR_SCALE);
	ppdl_ct_drop(&c, 1);
	assert_int_equal(ppdl_ct_mul_rescale(&f->ev, &out, &c, &c, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_rescale(&f->ev, &c, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_copy(&f->ev, &out, &c, 2, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_alloc(&f->ev, &out, 7, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_automorphism(&f->ev, &out, &c, 2, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_ct_add_const(&f->ev, &c, NAN, 0, &err), PPDL_ERR_RANGE);
	f->ev.get_key = NULL;
	assert_int_equal(ppdl_ct_rotate(&f->ev, &out, &c, 1, &err), PPDL_ERR_KEY);
	f->ev.get_key = make_key;
	assert_int_equal(ppdl_ct_add(&row->ev, &c, &c, &err), PPDL_ERR_ARGUMENT);
	ppdl_ct_release(&f->ev, &c);
	ppdl_ct_release(&f->ev, &c);	/* idempotent */
	ppdl_ct_release(&f->ev, &d);
	free(x);
}

static int
refuse(void *arg)
{
	return ++*(int *) arg > 0;
}

static void
test_interrupt(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 0);
	PpdlCt		c = encrypt(f, x, SCALE, 2),
				out;
	int			calls = 0;

	f->ev.interrupted = refuse;
	f->ev.interrupted_arg = &calls;
	assert_int_equal(ppdl_ct_rotate(&f->ev, &out, &c, 1, &err), PPDL_ERR_CANCELED);
	assert_null(out.b);
	assert_int_equal(calls, 1);
	assert_int_equal(ppdl_ct_mul(&f->ev, &out, &c, &c, &err), PPDL_ERR_CANCELED);
	assert_null(out.b);
	assert_int_equal(calls, 2);
	f->ev.interrupted = NULL;
	ppdl_ct_release(&f->ev, &c);
	free(x);
}

/* the same bits whatever the number of threads */
static void
test_threads(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 0);
	PpdlCt		c = encrypt(f, x, SCALE, f->par->nq),
				one,
				many;
	size_t		bytes;
	PpdlThreads *threads = f->ev.threads;

	OK(ppdl_ct_mul(&f->ev, &many, &c, &c, &err));
	OK(ppdl_ct_rescale(&f->ev, &many, &err));
	f->ev.threads = NULL;
	OK(ppdl_ct_mul(&f->ev, &one, &c, &c, &err));
	OK(ppdl_ct_rescale(&f->ev, &one, &err));
	f->ev.threads = threads;
	bytes = (size_t) one.limbs * f->par->n * 8;
	assert_memory_equal(one.b, many.b, bytes);
	assert_memory_equal(one.a, many.a, bytes);
	ppdl_ct_release(&f->ev, &one);
	ppdl_ct_release(&f->ev, &many);
	ppdl_ct_release(&f->ev, &c);
	free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_toy),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_threads),
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 2);
	row = fixture_new(NULL, PPDL_RING_ROW, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	fixture_free(row);
	return failed;
}
