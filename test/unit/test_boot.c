/* Bootstrapping, step by step, at an insecure degree; test_boot_real.c has the real one. */
#include "boot_fixture.h"

static void
mod_raise(void **state)
{
	Deep	   *d = deep_new(11, 1);
	Fixture    *f = d->f;
	const double q0 = (double) f->par->ring->mod[0].q;
	double	   *x = malloc(sizeof(double) * f->par->n),
			   *phase = malloc(sizeof(double) * f->par->n);
	uint8_t    *hole = calloc(f->par->n, 1);
	Precision	p = {0};
	double		most = 0;
	PpdlCt		in,
				out;

	for (size_t c = 0; c < f->par->n; c++)
		x[c] = next_real(f);
	encrypt_sparse(d, &in, x, hole, 0x1p42);
	OK(ppdl_boot_mod_raise(&f->ev, &out, &in, f->par->nq, &err));
	assert_int_equal(out.limbs, f->par->nq);
	out.bound = 15 * q0 / out.scale;
	OK(ppdl_decrypt_coeffs(&f->ev, &out, f->sk, phase, &err));
	for (size_t c = 0; c < f->par->n; c++)
	{
		double		s = phase[c] / q0;

		most = fmax(most, fabs(s));
		precision_add(&p, (phase[c] - q0 * round(s)) / out.scale - x[c]);
	}
	precision_print(&p, "ModRaise");
	print_message("largest |phase/q0| %.2f\n", most);
	assert_true(most < 14.25);
	assert_true(precision_worst(&p) > 26);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
	free(phase);
	free(hole);
	deep_free(d);
}

static void
encapsulation_toy(void **state)
{
	encapsulation(11, 1, 26);
}

static void
coeffs_to_slots_toy(void **state)
{
	coeffs_to_slots(11, 2, 30);
}

static void
eval_mod_toy(void **state)
{
	eval_mod(11, 2, 18);
}

static void
half_bootstrap_toy(void **state)
{
	half_bootstrap(11, 2, 18);
}

static void
sparse_bootstrap_toy(void **state)
{
	sparse_bootstrap(11, 2, 256, 1, 18);
	sparse_bootstrap(11, 2, 256, 2, 18);
	sparse_bootstrap(11, 1, 64, 2, 18);
	sparse_bootstrap(11, 2, 16, 2, 18);
	sparse_bootstrap(14, 2, 2048, 2, 18);	/* four levels of CoefficientsToSlots */
}

static void
full_bootstrap_toy(void **state)
{
	slots_to_coeffs(11, 2, 24);
	full_bootstrap(11, 2, 2, 18);
	full_bootstrap(11, 1, 1, 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encapsulation_toy),
		cmocka_unit_test(mod_raise),
		cmocka_unit_test(coeffs_to_slots_toy),
		cmocka_unit_test(eval_mod_toy),
		cmocka_unit_test(half_bootstrap_toy),
		cmocka_unit_test(sparse_bootstrap_toy),
		cmocka_unit_test(full_bootstrap_toy),
	};

	return cmocka_run_group_tests(tests, NULL, boot_tear_down);
}
