/* The rules of parameter sets. */
#include "ckks_fixture.h"

static void
refused(const PpdlParamsLiteral *lit, int check_security, const char *why)
{
	PpdlParams *par = (PpdlParams *) &err;

	assert_int_equal(ppdl_params_create(&par, lit, check_security, &err), PPDL_ERR_ARGUMENT);
	assert_null(par);
	print_message("%s\n", err.message);
	assert_non_null(strstr(err.message, why));
}

static void
test_builtin(void **state)
{
	const int	row_digits[] = {0, 2, 4, 6, 8},
				deep_digits[] = {0, 10, 19, 28};
	const PpdlParams *row,
			   *deep,
			   *compact,
			   *again;

	OK(ppdl_params_get(PPDL_RING_ROW, &row, &err));
	OK(ppdl_params_get(PPDL_RING_DEEP, &deep, &err));
	OK(ppdl_params_get(PPDL_RING_ROW, &again, &err));
	assert_ptr_equal(row, again);
	assert_int_equal(row->ndigits, 4);
	assert_memory_equal(row->digit_start, row_digits, sizeof(row_digits));
	assert_int_equal(deep->ndigits, 3);
	assert_memory_equal(deep->digit_start, deep_digits, sizeof(deep_digits));
	assert_int_equal(row->slots, 8192);
	assert_int_equal(deep->n, 65536);
	assert_true(row->log2_q + row->log2_p <= 430);
	assert_true(deep->log2_q + deep->log2_p <= 1747);
	assert_true(fabs(ppdl_params_log2_q(deep, 28) - deep->log2_q) < 1e-9);
	/* one q0: the bridge needs no change of modulus */
	assert_true(row->ring->mod[0].q == deep->ring->mod[0].q);
	OK(ppdl_params_get(PPDL_RING_COMPACT, &compact, &err));
	assert_int_equal(compact->n, 2048);
	assert_int_equal(compact->ndigits, 0);
	assert_true(compact->log2_q + compact->log2_p <= 53);
	assert_true(compact->ring->mod[0].q == deep->ring->mod[0].q);
	assert_int_equal(ppdl_params_get(0, &again, &err), PPDL_ERR_VERSION);
	assert_int_equal(ppdl_params_get(4, &again, &err), PPDL_ERR_VERSION);
	assert_int_equal(ppdl_params_get(PPDL_RING_CUSTOM, &again, &err), PPDL_ERR_VERSION);
}

static void
test_rules(void **state)
{
	PpdlParamsLiteral lit = toy8;

	lit.nq = 0;
	refused(&lit, 0, "0 primes");
	lit.nq = PPDL_MAX_Q + 1;
	refused(&lit, 0, "33 primes");
	lit = toy8;
	lit.np = PPDL_MAX_P + 1;
	refused(&lit, 0, "11 special primes");
	lit = toy8;
	lit.q[3] = 0;
	refused(&lit, 0, "prime number 3");
	lit = toy8;
	lit.q[3] += 2;				/* not prime */
	refused(&lit, 0, "");
	lit = toy8;
	lit.q[3] = lit.q[2];
	refused(&lit, 0, "");
	lit = toy8;
	lit.p[1] = lit.q[0];
	refused(&lit, 0, "");
	lit = toy8;
	lit.logn = 15;				/* the primes are 1 mod 2^15 only */
	refused(&lit, 0, "");
	lit = toy8;
	lit.np = 1;					/* P of 50 bits does not cover a digit of q0 */
	refused(&lit, 0, "50.0 bits");
}

static void
test_digits(void **state)
{
	/* 38-bit primes against P of 50 bits: one prime a digit, more than there may be */
	PpdlParamsLiteral lit = {
		.id = PPDL_RING_CUSTOM, .name = "toy digits", .logn = 6, .nq = 5, .np = 1,
		.q = {
			UINT64_C(0x4000038001), UINT64_C(0x4000098001), UINT64_C(0x3ffff48001), UINT64_C(0x3ffff28001), UINT64_C(0x4000138001),
		},
		.p = {UINT64_C(0x3ffffffdf0001)},
	};
	const uint64_t more[] = {
		0x10000140001, 0xffffe80001, 0xffffc40001, 0x100003e0001,
	};
	PpdlParams *par;

	OK(ppdl_params_create(&par, &lit, 0, &err));
	assert_int_equal(par->ndigits, 5);
	ppdl_params_destroy(par);
	memcpy(lit.q + 5, more, sizeof(more));
	lit.nq = 9;
	refused(&lit, 0, "more than 8 digits");
}

static void
test_security(void **state)
{
	const PpdlParams *row;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "too wide", .logn = 14, .nq = 8, .np = 2};
	PpdlParams *par;

	refused(&toy8, 1, "no 128-bit security bound");
	OK(ppdl_params_get(PPDL_RING_ROW, &row, &err));
	for (int i = 0; i < 8; i++)
		lit.q[i] = row->ring->mod[i].q;
	for (int i = 0; i < 2; i++)
		lit.p[i] = row->ring->mod[8 + i].q;
	lit.logn = 13;				/* the row ring's modulus in a ring of half the degree */
	refused(&lit, 1, "214 bits");
	lit.logn = 14;
	OK(ppdl_params_create(&par, &lit, 1, &err));
	ppdl_params_destroy(par);
	lit.q[1] = UINT64_C(0x10000140001);	/* two bits more */
	refused(&lit, 1, "430 bits");
	OK(ppdl_params_create(&par, &lit, 0, &err));
	ppdl_params_destroy(par);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_security),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
