/* The encoder against direct evaluation at the roots. */
#include "ckks_fixture.h"

static Fixture *toy,
		   *row;

/* slot j of the polynomial with real coefficients c: its value at zeta^(5^j) */
static double complex
value_at_slot(const double *c, size_t n, size_t j)
{
	double complex sum = 0;
	size_t		power = 1;

	for (size_t i = 0; i < j; i++)
		power = power * 5 % (2 * n);
	for (size_t i = 0; i < n; i++)
		sum += c[i] * cexp(I * M_PI * (double) (power * i % (2 * n)) / (double) n);
	return sum;
}

static void
test_direct(void **state)
{
	size_t		n = toy->par->n;
	double		c[n];
	double complex *v = new_slots(toy),
			   *w = new_slots(toy);

	for (size_t i = 0; i < n; i++)
		c[i] = next_real(toy);
	for (size_t i = 0; i < n / 2; i++)
		w[i] = v[i] = CMPLX(c[i], c[i + n / 2]);
	OK(ppdl_special_fft(toy->par, v, &err));
	for (size_t j = 0; j < n / 2; j++)
		assert_true(cabs(v[j] - value_at_slot(c, n, j)) < 1e-11);
	OK(ppdl_special_ifft(toy->par, v, &err));
	assert_true(measure(v, w, n / 2).worst < 1e-13);
	free(v);
	free(w);
}

/* residues of limb i -> centred coefficients */
static void
limb_to_coeffs(const PpdlParams *par, const PpdlPt *pt, int i, double *c)
{
	uint64_t   *x = malloc(par->n * sizeof(*x));

	assert_non_null(x);
	memcpy(x, pt->p + (size_t) i * par->n, par->n * sizeof(*x));
	ppdl_intt(par->ring, &par->ring->mod[i], x);
	for (size_t k = 0; k < par->n; k++)
		c[k] = (double) ppdl_mod_center(&par->ring->mod[i], x[k]);
	free(x);
}

static void
round_trip(Fixture *f, size_t count, double scale)
{
	const PpdlParams *par = f->par;
	double complex *z = random_slots(f, 0),
			   *v = new_slots(f);
	double	   *c = malloc(sizeof(double) * par->n);
	PpdlPt		pt;
	Measured	e = {0, 0};
	double		bound = 0;

	assert_non_null(c);
	OK(ppdl_pt_alloc(&f->ev, &pt, par->nq, &err));
	OK(ppdl_encode_slots(par, &pt, z, count, scale, par->nq, &err));
	for (size_t i = count; i < par->slots; i++)
		z[i] = z[i - count];
	for (int i = 0; i < par->nq; i++)
	{
		limb_to_coeffs(par, &pt, i, c);
		for (size_t k = 0; k < par->slots; k++)
			v[k] = CMPLX(c[k] / scale, c[k + par->slots] / scale);
		OK(ppdl_special_fft(par, v, &err));
		e = measure(v, z, par->slots);
		/* rounding to integers: sqrt(N/12) in every slot */
		assert_true(e.rms < 1.3 * sqrt((double) par->n / 12) / scale);
	}
	print_message("N %zu, %zu values, scale 2^%.1f: error bits rms %.2f worst %.2f\n", par->n, count, log2(scale),
				  -log2(e.rms), -log2(e.worst));
	for (size_t i = 0; i < count; i++)
		bound = fmax(bound, cabs(z[i]));
	assert_true(fabs(pt.bound - bound) < 1e-15);
	assert_true(pt.scale == scale && pt.limbs == par->nq);
	ppdl_pt_release(&f->ev, &pt);
	free(z);
	free(v);
	free(c);
}

static void
test_round_trip(void **state)
{
	for (size_t count = 1; count <= toy->par->slots; count *= 2)
		round_trip(toy, count, 0x1p34);
	round_trip(row, row->par->slots, 0x1p36);
	round_trip(row, 256, 0x1p36);
}

static void
test_coeffs(void **state)
{
	const PpdlParams *par = toy->par;
	int64_t    *m = malloc(sizeof(*m) * par->n);
	uint64_t   *x = malloc(sizeof(*x) * par->n);
	PpdlPt		pt;

	assert_true(m != NULL && x != NULL);
	for (size_t i = 0; i < par->n; i++)
		m[i] = (int64_t) next_random(toy) >> 2;
	m[0] = INT64_MAX >> 1;
	m[1] = -m[0];
	OK(ppdl_pt_alloc(&toy->ev, &pt, par->nq, &err));
	OK(ppdl_encode_coeffs(par, &pt, m, 0x1p40, par->nq, &err));
	assert_true(pt.bound == 0x1p22);
	for (int i = 0; i < par->nq; i++)
	{
		const PpdlModulus *q = &par->ring->mod[i];

		memcpy(x, pt.p + (size_t) i * par->n, sizeof(*x) * par->n);
		ppdl_intt(par->ring, q, x);
		for (size_t k = 0; k < par->n; k++)
		{
			__int128	r = (__int128) m[k] % q->q;

			assert_true(x[k] == (uint64_t) (r < 0 ? r + q->q : r));
		}
	}
	m[7] = INT64_C(1) << 62;
	assert_int_equal(ppdl_encode_coeffs(par, &pt, m, 1, 1, &err), PPDL_ERR_RANGE);
	m[7] = INT64_MIN;
	assert_int_equal(ppdl_encode_coeffs(par, &pt, m, 1, 1, &err), PPDL_ERR_RANGE);
	ppdl_pt_release(&toy->ev, &pt);
	free(m);
	free(x);
}

static void
test_errors(void **state)
{
	const PpdlParams *par = toy->par;
	double complex *z = random_slots(toy, 0);
	PpdlPt		pt;

	OK(ppdl_pt_alloc(&toy->ev, &pt, 1, &err));
	assert_int_equal(ppdl_encode_slots(par, &pt, z, 3, 0x1p30, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, 0, 0x1p30, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, 2 * par->slots, 0x1p30, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, INFINITY, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0x1p30, 0, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0x1p30, par->nq + 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0x1p70, 1, &err), PPDL_ERR_RANGE);
	z[5] = NAN;
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0x1p30, 1, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "value 5"));
	z[5] = CMPLX(0, INFINITY);
	assert_int_equal(ppdl_encode_slots(par, &pt, z, par->slots, 0x1p30, 1, &err), PPDL_ERR_RANGE);
	ppdl_pt_release(&toy->ev, &pt);
	free(z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_coeffs),
		cmocka_unit_test(test_errors),
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 1);
	row = fixture_new(NULL, PPDL_RING_ROW, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	fixture_free(row);
	return failed;
}
