/* Encryption and decryption with both kinds of key. */
#include "ckks_fixture.h"

static Fixture *toy,
		   *row;

static void
both_keys(Fixture *f, int limbs, double scale)
{
	double complex *z = random_slots(f, 0);
	PpdlPublicKey *pk;
	PpdlPt		pt;
	PpdlCt		x,
				y;

	OK(ppdl_public_key_create(&pk, f->sk, f->rng, &err));
	OK(ppdl_pt_alloc(&f->ev, &pt, limbs, &err));
	OK(ppdl_encode_slots(f->par, &pt, z, f->par->slots, scale, limbs, &err));
	OK(ppdl_encrypt_secret(&f->ev, &x, &pt, f->sk, f->rng, &err));
	check(f, "secret key", &x, z);
	OK(ppdl_encrypt_secret(&f->ev, &y, &pt, f->sk, f->rng, &err));
	assert_memory_not_equal(x.a, y.a, f->par->n * 8);
	ppdl_ct_release(&f->ev, &x);
	ppdl_ct_release(&f->ev, &y);
	OK(ppdl_encrypt_public(&f->ev, &x, &pt, pk, f->rng, &err));
	check(f, "public key", &x, z);
	OK(ppdl_encrypt_public(&f->ev, &y, &pt, pk, f->rng, &err));
	assert_memory_not_equal(x.a, y.a, f->par->n * 8);
	ppdl_ct_release(&f->ev, &x);
	ppdl_ct_release(&f->ev, &y);
	ppdl_pt_release(&f->ev, &pt);
	ppdl_public_key_destroy(pk);
	free(z);
}

static void
test_both_keys(void **state)
{
	for (int limbs = 1; limbs <= toy->par->nq; limbs++)
		both_keys(toy, limbs, 0x1p30);
	both_keys(row, row->par->nq, 0x1p38);
	both_keys(row, 1, 0x1p34);
}

/* coefficients come back exactly when there is room for them: one limb read, two, three, all there are */
static void
test_coefficients(void **state)
{
	Fixture    *f = toy;
	const PpdlParams *par = f->par;
	const int	bits[] = {20, 46, 61};
	int64_t    *m = malloc(sizeof(*m) * par->n);
	double	   *got = malloc(sizeof(*got) * par->n);
	PpdlPt		pt;
	PpdlCt		ct;

	assert_true(m != NULL && got != NULL);
	for (int i = 0; i < 3; i++)
	{
		for (size_t k = 0; k < par->n; k++)
			m[k] = (int64_t) next_random(f) >> (63 - bits[i]);
		OK(ppdl_pt_alloc(&f->ev, &pt, 4, &err));
		OK(ppdl_encode_coeffs(par, &pt, m, 1, 4, &err));
		OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
		OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err));
		for (size_t k = 0; k < par->n; k++)
			assert_true(fabs(got[k] - (double) m[k]) <= 41 + fabs(got[k]) * 0x1p-52);
		ct.bound = 0;			/* unknown: as many limbs as there may be */
		OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err));
		for (size_t k = 0; k < par->n; k++)
			assert_true(fabs(got[k] - (double) m[k]) <= 41 + fabs(got[k]) * 0x1p-52);
		OK(ppdl_ct_mul_int(&f->ev, &ct, (__int128) 1 << 50, &err));	/* up to 2^111: three limbs */
		ct.bound = 0x1p112;
		OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err));
		for (size_t k = 0; k < par->n; k++)
			assert_true(fabs(got[k] * 0x1p-50 - (double) m[k]) <= 41 + fabs(got[k]) * 0x1p-102);
		ct.bound = 0x1p200;		/* four limbs hold some 160 bits */
		assert_int_equal(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err), PPDL_ERR_PRECISION);
		ppdl_pt_release(&f->ev, &pt);
		ppdl_ct_release(&f->ev, &ct);
		/* up to 2^(bits + 100): all limbs of the ring */
		OK(ppdl_pt_alloc(&f->ev, &pt, par->nq, &err));
		OK(ppdl_encode_coeffs(par, &pt, m, 1, par->nq, &err));
		OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
		OK(ppdl_ct_mul_int(&f->ev, &ct, (__int128) 1 << 100, &err));
		ct.bound = ldexp(1, bits[i] + 100);
		OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err));
		for (size_t k = 0; k < par->n; k++)
			assert_true(fabs(got[k] * 0x1p-100 - (double) m[k]) <= 41 + fabs(got[k]) * 0x1p-152);
		ppdl_pt_release(&f->ev, &pt);
		ppdl_ct_release(&f->ev, &ct);
	}
	free(m);
	free(got);
}

static void
test_wrong_key(void **state)
{
	Fixture    *f = toy;
	double complex *z = random_slots(f, 0);
	PpdlSecret *other;
	PpdlCt		ct = encrypt(f, z, 0x1p38, 3);

	OK(ppdl_secret_create(&other, f->par, f->rng, &err));
	OK(ppdl_decrypt_slots(&f->ev, &ct, other, f->z, &err));
	assert_true(measure(f->z, z, f->par->slots).rms > 100);
	assert_int_equal(ppdl_decrypt_slots(&f->ev, &ct, row->sk, f->z, &err), PPDL_ERR_ARGUMENT);
	ppdl_secret_destroy(other);
	ppdl_ct_release(&f->ev, &ct);
	free(z);
}

static void
test_secrets(void **state)
{
	const PpdlParams *par = toy->par;
	PpdlSecret *sk,
			   *copy;
	uint8_t		seed[PPDL_SEED_BYTES] = {7};
	PpdlRng    *rng;
	int			weight = 0;

	OK(ppdl_secret_create_sparse(&sk, par, 32, toy->rng, &err));
	for (size_t i = 0; i < par->n; i++)
		weight += abs(sk->coeff[i]);
	assert_int_equal(weight, 32);
	OK(ppdl_secret_create_from(&copy, par, sk->coeff, &err));
	assert_memory_equal(sk->ntt, copy->ntt, (size_t) (par->nq + par->np) * par->n * 8);
	ppdl_secret_destroy(sk);
	ppdl_secret_destroy(copy);
	assert_int_equal(ppdl_secret_create_sparse(&sk, par, 0, toy->rng, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_secret_create_sparse(&sk, par, 257, toy->rng, &err), PPDL_ERR_ARGUMENT);

	/* one seed, one secret */
	OK(ppdl_rng_create_seeded(&rng, seed, 3, &err));
	OK(ppdl_secret_create(&sk, par, rng, &err));
	ppdl_rng_destroy(rng);
	OK(ppdl_rng_create_seeded(&rng, seed, 3, &err));
	OK(ppdl_secret_create(&copy, par, rng, &err));
	ppdl_rng_destroy(rng);
	assert_memory_equal(sk->coeff, copy->coeff, par->n);
	ppdl_secret_destroy(sk);
	ppdl_secret_destroy(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_keys),
		cmocka_unit_test(test_coefficients),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_secrets),
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 1);
	row = fixture_new(NULL, PPDL_RING_ROW, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	fixture_free(row);
	return failed;
}
