/* Linear transforms against plain matrices; CoefficientsToSlots against the coefficients themselves. */
#include "ckks_fixture.h"

#include "ckks/lintrans.h"
#include "ring/ring.h"

static Fixture *toy,
		   *row;

static PpdlMatrix *
random_matrix(Fixture *f, size_t period, const int *offsets, int count)
{
	PpdlMatrix *m;

	OK(ppdl_matrix_create(&m, period, &err));
	for (int i = 0; i < count; i++)
	{
		double complex *d = ppdl_matrix_diag(m, offsets[i]);

		assert_non_null(d);
		for (size_t p = 0; p < period; p++)
		{
			double		re = next_real(f);

			d[p] = CMPLX(re, next_real(f));
		}
	}
	return m;
}

/* m applied to every period of v */
static void
apply_plain(const PpdlMatrix *m, double complex *out, const double complex *v, size_t slots)
{
	for (size_t at = 0; at < slots; at += m->period)
		ppdl_matrix_apply(m, out + at, v + at);
}

static double complex *
periodic_slots(Fixture *f, size_t period)
{
	double complex *z = random_slots(f, 0);

	for (size_t i = period; i < f->par->slots; i++)
		z[i] = z[i - period];
	return z;
}

/* every rotation that apply() asked a key for was announced */
static void
check_announced(Fixture *f, const PpdlLinTrans *lt, const PpdlMatrix *m, const PpdlLinTransForm *form)
{
	int			rotations[512],
				planned[512],
				count = ppdl_lintrans_rotations(lt, rotations, 512),
				nplanned = ppdl_matrix_rotations(m, f->par->slots, form, planned, 512);

	assert_int_equal(count, nplanned);
	assert_true(count <= 512);
	assert_memory_equal(rotations, planned, sizeof(int) * (size_t) count);
	for (int i = 0; i < f->nkeys; i++)
	{
		int			known = 0;

		for (int k = 0; k < count; k++)
			known |= f->key[i]->id == ppdl_galois_rotation(f->par->ring, rotations[k]);
		assert_true(known);
	}
	assert_int_equal(f->nkeys, count);
}

static void
forget_keys(Fixture *f)
{
	while (f->nkeys > 0)
		ppdl_switch_key_destroy(f->key[--f->nkeys]);
}

static void
transform_in_form(Fixture *f, size_t period, const int *offsets, int count, const PpdlLinTransForm *form)
{
	const int	limbs = form->limbs;
	double complex *x = periodic_slots(f, period),
			   *want = new_slots(f);
	PpdlMatrix *m = random_matrix(f, period, offsets, count);
	PpdlCt		ct = encrypt(f, x, 0x1p38, limbs),
				out;
	PpdlLinTrans *lt;
	const PpdlLinTrans *list[1];

	forget_keys(f);
	OK(ppdl_lintrans_create(&lt, f->par, m, form, f->threads, NULL, &err));
	assert_true(ppdl_lintrans_bytes(lt) > (size_t) count * limbs * f->par->n * 8);
	list[0] = lt;
	OK(ppdl_lintrans_apply(&f->ev, &out, list, 1, &ct, &err));
	assert_int_equal(out.limbs, limbs);
	assert_true(fabs(out.scale / 0x1p74 - 1) < 1e-12);
	apply_plain(m, want, x, f->par->slots);
	check(f, "linear transform", &out, want);
	ppdl_ct_release(&f->ev, &out);
	OK(ppdl_lintrans_apply_rescale(&f->ev, &out, list, 1, &ct, &err));
	assert_int_equal(out.limbs, limbs - 1);
	assert_true(fabs(out.scale * (double) f->par->ring->mod[limbs - 1].q / 0x1p74 - 1) < 1e-12);
	check(f, "linear transform, rescaled", &out, want);
	check_announced(f, lt, m, form);
	ppdl_ct_release(&f->ev, &out);
	ppdl_ct_release(&f->ev, &ct);
	ppdl_lintrans_destroy(lt);
	ppdl_matrix_destroy(m);
	free(x);
	free(want);
}

static void
one_transform(Fixture *f, size_t period, const int *offsets, int count, int limbs, int baby, int min_keys)
{
	const PpdlLinTransForm form = {limbs, 0x1p36, baby, min_keys};

	transform_in_form(f, period, offsets, count, &form);
}

static void
test_shapes(void **state)
{
	Fixture    *f = toy;
	const int	zero[] = {0},
				single[] = {5},
				few[] = {0, 1, 2, 7, 9, 31},
				around[] = {125, 126, 127, 0, 1, 2, 3},
				strided[] = {0, 8, 16, 24, 32, 120, 112};
	int			all[32];

	for (int i = 0; i < 32; i++)
		all[i] = i;
	for (int limbs = f->par->nq; limbs >= 2; limbs -= 2)
	{
		for (int min_keys = 0; min_keys < 2; min_keys++)
		{
			one_transform(f, f->par->slots, zero, 1, limbs, 0, min_keys);
			one_transform(f, f->par->slots, single, 1, limbs, 0, min_keys);
			one_transform(f, f->par->slots, few, 6, limbs, 0, min_keys);
			one_transform(f, f->par->slots, few, 6, limbs, 4, min_keys);
			one_transform(f, f->par->slots, around, 7, limbs, 0, min_keys);
			one_transform(f, f->par->slots, strided, 7, limbs, 2, min_keys);
			one_transform(f, 32, all, 32, limbs, 0, min_keys);
			one_transform(f, 32, all, 32, limbs, 1, min_keys);
			one_transform(f, 32, all, 32, limbs, 32, min_keys);
		}
	}
}

/* giant steps from a rotated input; rotations that cannot take them over are not used */
static void
test_sources(void **state)
{
	Fixture    *f = toy;
	int			all[32];

	for (int i = 0; i < 32; i++)
		all[i] = 4 * i;
	for (int limbs = f->par->nq; limbs >= 2; limbs -= 2)
		for (int baby = 1; baby <= 16; baby *= 2)
			for (int min_keys = 0; min_keys < 2; min_keys++)
				for (int source = 32; source <= 96; source += 16)
				{
					const PpdlLinTransForm form = {limbs, 0x1p36, baby, min_keys, source};

					transform_in_form(f, f->par->slots, all, 32, &form);
					transform_in_form(f, f->par->slots, all, 31, &form);
					transform_in_form(f, f->par->slots, all + 1, 31, &form);
					transform_in_form(f, f->par->slots, all + 1, 14, &form);
				}
}

/* decompositions: one for the input, one for the rotated one, one for each giant step but the first */
static void
test_fewer_switches(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 0);
	PpdlCt		ct = encrypt(f, x, 0x1p38, 4);
	int			all[32];
	PpdlMatrix *m;

	for (int i = 0; i < 32; i++)
		all[i] = i;
	m = random_matrix(f, f->par->slots, all, 32);
	for (int sources = 1; sources <= 2; sources++)
	{
		const PpdlLinTransForm form = {4, 0x1p36, 4, 1, sources == 2 ? 16 : 0};
		const uint64_t before = f->ev.keyswitches;
		PpdlLinTrans *lt;
		PpdlCt		out;

		OK(ppdl_lintrans_create(&lt, f->par, m, &form, f->threads, NULL, &err));
		OK(ppdl_lintrans_apply(&f->ev, &out, (const PpdlLinTrans *const *) &lt, 1, &ct, &err));
		/* three baby steps a source */
		assert_int_equal(f->ev.keyswitches - before, sources == 1 ? 3 + 7 : 1 + 3 + 3 + 3);
		ppdl_ct_release(&f->ev, &out);
		ppdl_lintrans_destroy(lt);
	}
	ppdl_matrix_destroy(m);
	ppdl_ct_release(&f->ev, &ct);
	free(x);
}

/* a matrix for rotated vectors */
static void
test_rotate(void **state)
{
	Fixture    *f = toy;
	const int	offsets[] = {0, 3, 60, 127};
	const size_t period = 128;
	double complex *x = random_slots(f, 0),
			   *rotated = new_slots(f),
			   *want = new_slots(f),
			   *got = new_slots(f);
	PpdlMatrix *m = random_matrix(f, period, offsets, 4);

	for (long in = -130; in <= 130; in += 26)
		for (long out = -5; out <= 200; out += 41)
		{
			for (size_t p = 0; p < period; p++)
				rotated[p] = x[(p - (size_t) in) & (period - 1)];
			ppdl_matrix_apply(m, want, x);
			OK(ppdl_matrix_rotate(m, in, out, &err));
			ppdl_matrix_apply(m, got, rotated);
			for (size_t p = 0; p < period; p++)
				assert_true(cabs(got[p] - want[(p - (size_t) out) & (period - 1)]) < 1e-12);
			for (int i = 1; i < m->count; i++)
				assert_true(m->offset[i - 1] < m->offset[i]);
		}
	ppdl_matrix_destroy(m);
	free(x);
	free(rotated);
	free(want);
	free(got);
}

/* ciphertexts that are transformed together come out as each alone */
static void
test_inputs(void **state)
{
	Fixture    *f = toy;
	const int	few[] = {0, 1, 2, 7, 9, 31};
	int			all[32];
	PpdlCt		in[PPDL_LINTRANS_INPUTS],
				out[2 * PPDL_LINTRANS_INPUTS],
				alone[2];
	PpdlMatrix *m[2];
	PpdlLinTrans *lt[2];

	for (int i = 0; i < 32; i++)
		all[i] = i;
	m[0] = random_matrix(f, 128, all, 32);
	m[1] = random_matrix(f, 128, few, 6);
	for (int i = 0; i < PPDL_LINTRANS_INPUTS; i++)
	{
		double complex *x = random_slots(f, 0);

		in[i] = encrypt(f, x, 0x1p38, 4);
		free(x);
	}
	for (int sources = 1; sources <= 2; sources++)
		for (int rescale = 0; rescale < 2; rescale++)
			for (int inputs = 1; inputs <= PPDL_LINTRANS_INPUTS; inputs++)
			{
				for (int k = 0; k < 2; k++)
					OK(ppdl_lintrans_create(&lt[k], f->par, m[k], &(PpdlLinTransForm) {4, 0x1p36, 4, 1, sources == 2 ? 16 : 0},
											f->threads, NULL, &err));
				OK(ppdl_lintrans_apply_all(&f->ev, out, (const PpdlLinTrans *const *) lt, 2, in, inputs, rescale,
										   &err));
				for (int i = 0; i < inputs; i++)
				{
					OK((rescale ? ppdl_lintrans_apply_rescale : ppdl_lintrans_apply)
					   (&f->ev, alone, (const PpdlLinTrans *const *) lt, 2, &in[i], &err));
					for (int k = 0; k < 2; k++)
					{
						const PpdlCt *got = &out[2 * i + k];

						assert_int_equal(got->limbs, 4 - rescale);
						assert_true(got->scale == alone[k].scale && got->noise == alone[k].noise);
						assert_memory_equal(alone[k].b, got->b, (size_t) got->limbs * f->par->n * 8);
						assert_memory_equal(alone[k].a, got->a, (size_t) got->limbs * f->par->n * 8);
						ppdl_ct_release(&f->ev, &alone[k]);
					}
				}
				for (int i = 0; i < 2 * inputs; i++)
					ppdl_ct_release(&f->ev, &out[i]);
				for (int k = 0; k < 2; k++)
					ppdl_lintrans_destroy(lt[k]);
			}
	OK(ppdl_lintrans_create(&lt[0], f->par, m[0], &(PpdlLinTransForm) {4, 0x1p36, 4, 1}, NULL, NULL, &err));
	assert_int_equal(ppdl_lintrans_apply_all(&f->ev, NULL, (const PpdlLinTrans *const *) lt, 1, in, 0, 0, &err),
					 PPDL_ERR_ARGUMENT);
	ppdl_ct_drop(&in[1], 3);
	assert_int_equal(ppdl_lintrans_apply_all(&f->ev, out, (const PpdlLinTrans *const *) lt, 1, in, 2, 0, &err),
					 PPDL_ERR_LEVEL);
	assert_null(out[0].b);
	assert_null(out[1].b);
	ppdl_lintrans_destroy(lt[0]);
	for (int i = 0; i < PPDL_LINTRANS_INPUTS; i++)
		ppdl_ct_release(&f->ev, &in[i]);
	for (int k = 0; k < 2; k++)
		ppdl_matrix_destroy(m[k]);
}

/* three matrices of different steps share one hoisting */
static void
test_several(void **state)
{
	Fixture    *f = toy;
	const int	first[] = {0, 1, 2, 3, 4, 5},
				second[] = {0, 2, 4, 6},
				third[] = {127};
	double complex *x = random_slots(f, 0),
			   *want = new_slots(f);
	PpdlMatrix *m[3] = {
		random_matrix(f, 128, first, 6), random_matrix(f, 128, second, 4), random_matrix(f, 128, third, 1),
	};
	PpdlLinTrans *lt[3];
	PpdlCt		ct = encrypt(f, x, 0x1p38, 4),
				out[3],
				alone;

	for (int i = 0; i < 3; i++)
		OK(ppdl_lintrans_create(&lt[i], f->par, m[i], &(PpdlLinTransForm) {4, 0x1p36, 0, i & 1}, f->threads, NULL,
								&err));
	OK(ppdl_lintrans_apply(&f->ev, out, (const PpdlLinTrans *const *) lt, 3, &ct, &err));
	for (int i = 0; i < 3; i++)
	{
		ppdl_matrix_apply(m[i], want, x);
		check(f, "one of three", &out[i], want);
		OK(ppdl_lintrans_apply(&f->ev, &alone, (const PpdlLinTrans *const *) &lt[i], 1, &ct, &err));
		assert_memory_equal(alone.b, out[i].b, 4 * f->par->n * 8);
		assert_memory_equal(alone.a, out[i].a, 4 * f->par->n * 8);
		ppdl_ct_release(&f->ev, &alone);
		ppdl_ct_release(&f->ev, &out[i]);
		ppdl_lintrans_destroy(lt[i]);
		ppdl_matrix_destroy(m[i]);
	}
	ppdl_ct_release(&f->ev, &ct);
	free(x);
	free(want);
}

static void
test_errors(void **state)
{
	Fixture    *f = toy;
	const int	zero[] = {0};
	PpdlMatrix *m = random_matrix(f, 128, zero, 1),
			   *empty,
			   *big;
	PpdlLinTrans *lt;
	double complex *x = random_slots(f, 0);
	PpdlCt		ct = encrypt(f, x, 0x1p38, 3),
				out;

	OK(ppdl_matrix_create(&empty, 128, &err));
	OK(ppdl_matrix_create(&big, 256, &err));
	assert_int_equal(ppdl_matrix_create(&(PpdlMatrix *) {NULL}, 100, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_lintrans_create(&lt, f->par, empty, &(PpdlLinTransForm) {3, 0x1p36, 0, 0}, NULL, NULL, &err),
					 PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_lintrans_create(&lt, f->par, m, &(PpdlLinTransForm) {3, 0x1p36, 3, 0}, NULL, NULL, &err),
					 PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_lintrans_create(&lt, f->par, m, &(PpdlLinTransForm) {7, 0x1p36, 0, 0}, NULL, NULL, &err),
					 PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_lintrans_create(&lt, f->par, m, &(PpdlLinTransForm) {3, 0x1p70, 0, 0}, NULL, NULL, &err),
					 PPDL_ERR_RANGE);
	assert_non_null(ppdl_matrix_diag(big, 0));
	assert_int_equal(ppdl_lintrans_create(&lt, f->par, big, &(PpdlLinTransForm) {3, 0x1p36, 0, 0}, NULL, NULL, &err),
					 PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_matrix_mul(&(PpdlMatrix *) {NULL}, big, m, &err), PPDL_ERR_ARGUMENT);
	OK(ppdl_lintrans_create(&lt, f->par, m, &(PpdlLinTransForm) {2, 0x1p36, 0, 0}, NULL, NULL, &err));
	assert_int_equal(ppdl_lintrans_apply(&f->ev, &out, (const PpdlLinTrans *const *) &lt, 1, &ct, &err),
					 PPDL_ERR_LEVEL);
	ppdl_lintrans_destroy(lt);
	ppdl_matrix_destroy(m);
	ppdl_matrix_destroy(empty);
	ppdl_matrix_destroy(big);
	ppdl_ct_release(&f->ev, &ct);
	free(x);
}

/* all stages of the inverse, then all of the forward transform: the identity up to bit reversal done twice */
static void
test_dft_inverse(void **state)
{
	Fixture    *f = toy;
	double complex *x = random_slots(f, 0),
			   *y = new_slots(f),
			   *z = new_slots(f);
	PpdlMatrix *c2s,
			   *s2c;
	Measured	e;

	OK(ppdl_matrix_dft(&c2s, f->par, 128, 128, 7, 1, &err));
	OK(ppdl_matrix_dft(&s2c, f->par, 128, 2, 7, 0, &err));
	ppdl_matrix_apply(c2s, y, x);
	ppdl_matrix_apply(s2c, z, y);
	e = measure(z, x, 128);
	assert_true(e.worst < 1e-12);
	assert_int_equal(ppdl_matrix_dft(&(PpdlMatrix *) {NULL}, f->par, 128, 256, 1, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_matrix_dft(&(PpdlMatrix *) {NULL}, f->par, 128, 128, 8, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_matrix_dft(&(PpdlMatrix *) {NULL}, f->par, 128, 128, 0, 1, &err), PPDL_ERR_ARGUMENT);
	ppdl_matrix_destroy(c2s);
	ppdl_matrix_destroy(s2c);
	free(x);
	free(y);
	free(z);
}

/* CoefficientsToSlots: slot p holds m_c + i*m_(c+N/2), c = bitrev(p) */
static void
coefficients_to_slots(Fixture *f, const int *stages, int levels, int min_keys, const char *what)
{
	const PpdlParams *par = f->par;
	int64_t    *m = calloc(par->n, sizeof(*m));
	double complex *want = new_slots(f);
	int			bits = par->logn - 1,
				keys;
	size_t		len = par->slots;
	PpdlPt		pt;
	PpdlCt		ct;
	uint64_t	before;
	Measured	e;

	assert_non_null(m);
	forget_keys(f);
	for (size_t i = 0; i < par->n; i++)
		m[i] = llrint(next_real(f) * 0x1p38);
	for (size_t p = 0; p < par->slots; p++)
	{
		uint32_t	c = ppdl_bitrev((uint32_t) p, bits);

		want[p] = CMPLX((double) m[c] * 0x1p-38, (double) m[c + par->slots] * 0x1p-38);
	}
	OK(ppdl_pt_alloc(&f->ev, &pt, par->nq, &err));
	OK(ppdl_encode_coeffs(par, &pt, m, 0x1p38, par->nq, &err));
	OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
	ppdl_pt_release(&f->ev, &pt);
	before = f->ev.keyswitches;
	for (int i = 0; i < levels; i++)
	{
		PpdlMatrix *matrix;
		PpdlLinTrans *lt;
		PpdlCt		out;

		OK(ppdl_matrix_dft(&matrix, par, par->slots, len, stages[i], 1, &err));
		len >>= stages[i];
		OK(ppdl_lintrans_create(&lt, par, matrix,
								&(PpdlLinTransForm) {ct.limbs, (double) par->ring->mod[ct.limbs - 1].q, 0, min_keys},
								f->threads, NULL, &err));
		OK(ppdl_lintrans_apply_rescale(&f->ev, &out, (const PpdlLinTrans *const *) &lt, 1, &ct, &err));
		ppdl_ct_release(&f->ev, &ct);
		ct = out;
		ppdl_lintrans_destroy(lt);
		ppdl_matrix_destroy(matrix);
	}
	keys = f->nkeys;
	e = show_error(f, what, &ct, want);
	print_message("   %d keys, %llu key switches\n", keys, (unsigned long long) (f->ev.keyswitches - before));
	assert_true(-log2(e.rms) > 22);
	assert_true(-log2(e.worst) > 19);
	ppdl_ct_release(&f->ev, &ct);
	forget_keys(f);
	free(m);
	free(want);
}

static void
test_c2s(void **state)
{
	const int	two[] = {7, 6},
				three[] = {5, 4, 4};

	coefficients_to_slots(row, two, 2, 0, "C2S 7, 6");
	coefficients_to_slots(row, three, 3, 1, "C2S 5, 4, 4, fewest keys");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_fewer_switches),
		cmocka_unit_test(test_rotate),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_dft_inverse),
		cmocka_unit_test(test_c2s),
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 2);
	row = fixture_new(NULL, PPDL_RING_ROW, 2);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	fixture_free(row);
	return failed;
}
