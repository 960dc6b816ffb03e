/* Moduli, primality and roots of unity against GMP, and the tables of automorphisms.  Kernels: test_kernels.c. */
#include "ring_common.h"

#include <pthread.h>

static void
test_single_residues(void **state)
{
	PpdlRing   *ring = new_ring(3, row_primes, COUNT(row_primes));
	static const uint64_t tiny[] = {17, 97, 113, 193, 12289};
	PpdlRing   *small = new_ring(3, tiny, COUNT(tiny));

	for (int p = 0; p < ring->count + small->count; p++)
	{
		const PpdlModulus *m = p < ring->count ? &ring->mod[p] : &small->mod[p - ring->count];

		for (int i = 0; i < 2000; i++)
		{
			uint64_t	a = some_residue(m->q) % m->q,
						b = some_residue(m->q) % m->q,
						x = i % 3 ? next64() : -(uint64_t) i;
			__int128	wide = (__int128) ((unsigned __int128) next64() << 64 | next64());
			mpz_t		z,
						lo;

			if (i % 4 == 0)
				wide >>= next64() % 128;
			mpz_init_set_si(z, (long) (wide >> 64));
			mpz_mul_2exp(z, z, 64);
			mpz_init_set_ui(lo, (uint64_t) wide);
			mpz_add(z, z, lo);
			assert_int_equal(ppdl_mod_from_i128(m, wide), mpz_fdiv_ui(z, m->q));
			if (wide >= 0)
				assert_int_equal(ppdl_mod_from_u128(m, (unsigned __int128) wide), mpz_fdiv_ui(z, m->q));
			mpz_set_si(z, (long) x);
			assert_int_equal(ppdl_mod_from_i64(m, (int64_t) x), mpz_fdiv_ui(z, m->q));
			mpz_clears(z, lo, NULL);
			assert_int_equal(ppdl_mod_from_u64(m, x), x % m->q);
			assert_int_equal(ppdl_mod_add(m, a, b), (a + b) % m->q);
			assert_int_equal(ppdl_mod_sub(m, a, b), (a + m->q - b) % m->q);
			assert_int_equal(ppdl_mod_neg(m, a), (m->q - a) % m->q);
			assert_int_equal(ppdl_mod_mul(m, a, b), gmp_mulmod(a, b, m->q));
			assert_int_equal(ppdl_mod_center(m, a), a > m->q / 2 ? (int64_t) (a - m->q) : (int64_t) a);
			assert_int_equal(ppdl_mod_pow(m, a, x), gmp_powmod(a, x, m->q));
			if (a != 0)
				assert_int_equal(ppdl_mod_mul(m, a, ppdl_mod_inv(m, a)), 1);
		}
	}
	ppdl_ring_destroy(ring);
	ppdl_ring_destroy(small);
}

static void
test_primality(void **state)
{
	mpz_t		z;

	mpz_init(z);
	for (uint64_t n = 0; n < 3000; n++)
	{
		uint64_t	big = next64() | 1;

		mpz_set_ui(z, n);
		assert_int_equal(ppdl_is_prime(n), mpz_probab_prime_p(z, 30) > 0);
		mpz_set_ui(z, big);
		assert_int_equal(ppdl_is_prime(big), mpz_probab_prime_p(z, 30) > 0);
	}
	/* strong pseudoprimes to many bases, Carmichael numbers, the largest prime */
	assert_false(ppdl_is_prime(3215031751));
	assert_false(ppdl_is_prime(3825123056546413051));
	assert_false(ppdl_is_prime(561));
	assert_true(ppdl_is_prime(18446744073709551557u));
	mpz_clear(z);
}

static void
expect_refusal(int logn, const uint64_t *primes, int count, const char *part)
{
	PpdlError	err = {0};
	PpdlRing   *ring = (PpdlRing *) 1;

	assert_int_equal(ppdl_ring_create(&ring, logn, primes, count, &err), PPDL_ERR_ARGUMENT);
	assert_null(ring);
	if (strstr(err.message, part) == NULL)
		fail_msg("\"%s\" does not mention \"%s\"", err.message, part);
	assert_int_equal(ppdl_ring_create(&ring, logn, primes, count, NULL), PPDL_ERR_ARGUMENT);
}

static void
test_bad_rings(void **state)
{
	expect_refusal(2, row_primes, 1, "2^2");
	expect_refusal(18, row_primes, 1, "2^18");
	expect_refusal(14, row_primes, 0, "at least one prime");
	expect_refusal(15, row_primes, 10, "274878136321");	/* 1 mod 2^15 only */
	expect_refusal(14, (uint64_t[]) {row_primes[0], 0x4000000008001}, 2, "1125899906875393");	/* 2^50 + 2^15 + 1 */
	expect_refusal(14, (uint64_t[]) {row_primes[0], (uint64_t) 0x8001 * 0x18001}, 2, "not prime");
	expect_refusal(14, (uint64_t[]) {row_primes[0], row_primes[1], row_primes[0]}, 3, "prime numbers 0 and 2");
	expect_refusal(14, (uint64_t[]) {0}, 1, "number 0");
	expect_refusal(14, (uint64_t[]) {1}, 1, "not prime");
}

/* psi has order 2N, comes from the least non-residue, and the rings N and 4N agree */
static void
test_roots(void **state)
{
	PpdlRing   *row = new_ring(14, row_primes, COUNT(row_primes)),
			   *deep = new_ring(16, deep_primes, COUNT(deep_primes));

	for (int p = 0; p < row->count + deep->count; p++)
	{
		const PpdlRing *ring = p < row->count ? row : deep;
		const PpdlModulus *m = &ring->mod[p < row->count ? p : p - row->count];
		uint64_t	g = 2,
					v = 0;
		mpz_t		a,
					b;

		assert_int_equal(gmp_powmod(m->psi, ring->n, m->q), m->q - 1);
		mpz_init(a);
		mpz_init_set_ui(b, m->q);
		for (;; g++)
		{
			mpz_set_ui(a, g);
			if (mpz_jacobi(a, b) == -1)
				break;
		}
		mpz_clears(a, b, NULL);
		while (((m->q - 1) >> v & 1) == 0)
			v++;
		assert_int_equal(m->psi, gmp_powmod(gmp_powmod(g, (m->q - 1) >> v, m->q), (UINT64_C(1) << v) / (2 * ring->n), m->q));
	}
	assert_int_equal(row->mod[0].q, deep->mod[0].q);
	assert_int_equal(row->mod[0].psi, gmp_powmod(deep->mod[0].psi, 4, row->mod[0].q));
	ppdl_ring_destroy(row);
	ppdl_ring_destroy(deep);
}

static PpdlRing *shared;

static void *
take_tables(void *arg)
{
	static const uint32_t *tables[64];

	for (uint32_t d = 1; d < 128; d += 2)
	{
		const uint32_t *perm = ppdl_autom_table(shared, d),
				   *other = NULL;

		if (perm == NULL ||
			(!__atomic_compare_exchange_n(&tables[d / 2], &other, perm, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && other != perm))
			return arg;
	}
	return NULL;
}

/* four threads ask for the same tables at once and get the same ones */
static void
test_tables_of_threads(void **state)
{
	pthread_t	thread[4];

	shared = new_ring(10, row_primes, 1);
	for (int i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_tables, shared), 0);
	for (int i = 0; i < COUNT(thread); i++)
	{
		void	   *bad;

		pthread_join(thread[i], &bad);
		assert_null(bad);
	}
	ppdl_ring_destroy(shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_residues),
		cmocka_unit_test(test_primality),
		cmocka_unit_test(test_bad_rings),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_tables_of_threads),
	};

	seed_tests();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
