/* Polynomials in both bases, at every degree, against plain complex numbers. */
#include "ckks_fixture.h"

#include "ckks/polyeval.h"

static Fixture *toy,
		   *row;

/* a longer chain than toy8, of equal primes */
static const PpdlParamsLiteral chain8 = {
	.id = PPDL_RING_CUSTOM, .name = "toy chain", .logn = 8, .nq = 7, .np = 2,
	.q = {
		UINT64_C(0x3ffffffd20001), UINT64_C(0x10000140001), UINT64_C(0xffffe80001), UINT64_C(0xffffc40001),
		UINT64_C(0x100003e0001), UINT64_C(0xffffb20001), UINT64_C(0x10000500001),
	},
	.p = {UINT64_C(0x3ffffffdf0001), UINT64_C(0x3ffffffd48001)},
};

static double complex
chebyshev(const double complex *c, int degree, double t)
{
	double complex sum = 0;

	for (int k = 0; k <= degree; k++)
		sum += c[k] * cos(k * acos(t));
	return sum;
}

static double complex
monomial(const double *c, int degree, double complex x)
{
	double complex sum = 0;

	for (int k = degree; k >= 0; k--)
		sum = sum * x + c[k];
	return sum;
}

static void
test_levels(void **state)
{
	const int	degree[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63},
				levels[] = {0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6};

	for (size_t i = 0; i < sizeof(degree) / sizeof(degree[0]); i++)
		assert_int_equal(ppdl_poly_levels(degree[i]), levels[i]);
}

static void
check_result(Fixture *f, const char *name, int degree, const PpdlCt *in, const PpdlCt *out, double scale,
			 const double complex *want, uint64_t switches)
{
	char		what[64];

	assert_int_equal(out->limbs, in->limbs - ppdl_poly_levels(degree));
	assert_true(out->scale == scale);
	snprintf(what, sizeof(what), "%s, degree %d, %d switches", name, degree, (int) (f->ev.keyswitches - switches));
	/* the estimate holds for any slot, where slopes are steepest: of high degrees that is far above the mean */
	if (degree > 15)
	{
		Measured	m = show_error(f, what, out, want);
		double		estimate = out->noise * sqrt((double) f->par->n) / out->scale;

		assert_true(m.worst <= 6 * estimate && m.rms >= estimate / 128);
	}
	else if (degree > 0)
		check(f, what, out, want);
	else
		assert_true(show_error(f, what, out, want).worst < 0x1p-36);
}

static void
one_chebyshev(Fixture *f, int degree, int limbs, double in_scale, double out_scale, int sparse)
{
	double complex *t = random_slots(f, 1),
			   *want = new_slots(f),
				c[64];
	PpdlCt		in = encrypt(f, t, in_scale, limbs),
				out;
	uint64_t	switches = f->ev.keyswitches;

	for (int k = 0; k <= degree; k++)
	{
		double		re = next_real(f);

		c[k] = sparse && k % 2 == 0 ? 0 : CMPLX(re, next_real(f));
	}
	for (size_t p = 0; p < f->par->slots; p++)
		want[p] = chebyshev(c, degree, creal(t[p]));
	OK(ppdl_poly_chebyshev(&f->ev, &out, &in, c, degree, out_scale, &err));
	check_result(f, sparse ? "odd Chebyshev" : "Chebyshev", degree, &in, &out, out_scale, want, switches);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(t);
	free(want);
}

static void
one_monomial(Fixture *f, int degree, int limbs)
{
	double complex *x = random_slots(f, 0),
			   *want = new_slots(f);
	double		c[16],
				out_scale = 1.1 * 0x1p39;
	PpdlCt		in,
				out;
	uint64_t	switches = f->ev.keyswitches;

	for (int k = 0; k <= degree; k++)
		c[k] = next_real(f);
	for (size_t p = 0; p < f->par->slots; p++)
	{
		x[p] *= 0.7;
		want[p] = monomial(c, degree, x[p]);
	}
	in = encrypt(f, x, 0x1p40, limbs);
	OK(ppdl_poly_monomial(&f->ev, &out, &in, c, degree, out_scale, &err));
	check_result(f, "monomial", degree, &in, &out, out_scale, want, switches);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
	free(want);
}

static void
test_chebyshev(void **state)
{
	for (int degree = 0; degree <= 31; degree++)
		one_chebyshev(toy, degree, toy->par->nq, 0x1p40, 0x1p40, 0);
	for (int degree = 1; degree <= 31; degree += 6)
		one_chebyshev(toy, degree, toy->par->nq, 0x1p40, 0x1p40, 1);
	one_chebyshev(toy, 63, 7, 0x1p40, 0x1p42, 0);
	one_chebyshev(toy, 7, 4, 1.7 * 0x1p38, 1.3 * 0x1p36, 0);
}

static void
test_monomial(void **state)
{
	for (int degree = 0; degree <= 15; degree++)
		one_monomial(toy, degree, 5 + degree % 3);
}

static void
test_row(void **state)
{
	one_chebyshev(row, 15, 6, 0x1p38, 0x1p38, 0);
	one_chebyshev(row, 27, 6, 0x1p38, 0x1p38, 1);
}

static void
test_errors(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 1),
				c[130] = {1, 1};
	double		d[17] = {1, 1};
	PpdlCt		in = encrypt(f, x, 0x1p40, 3),
				out;

	assert_int_equal(ppdl_poly_chebyshev(&f->ev, &out, &in, c, 7, 0x1p40, &err), PPDL_ERR_LEVEL);
	assert_null(out.b);
	assert_int_equal(ppdl_poly_chebyshev(&f->ev, &out, &in, c, 2048, 0x1p40, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_poly_chebyshev(&f->ev, &out, &in, c, 1, 0, &err), PPDL_ERR_SCALE);
	assert_int_equal(ppdl_poly_monomial(&f->ev, &out, &in, d, 16, 0x1p40, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_poly_monomial(&f->ev, &out, &in, d, -1, 0x1p40, &err), PPDL_ERR_ARGUMENT);
	ppdl_ct_release(&f->ev, &in);
	free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_chebyshev),
		cmocka_unit_test(test_monomial),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_errors),
	};
	int			failed;

	toy = fixture_new(&chain8, 0, 1);
	row = fixture_new(NULL, PPDL_RING_ROW, 2);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	fixture_free(row);
	return failed;
}
