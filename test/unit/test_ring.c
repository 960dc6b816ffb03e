/* Moduli, the NTT, automorphisms and array kernels against GMP and against each other. */
#include "ring_common.h"

#include <pthread.h>

/* runs the rest of the enclosing loop body at each level the processor has */
#define FOR_EACH_LEVEL(level) \
	for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best() && ppdl_cpu_force(level) == level; level++)

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

/* entry t is the value at psi^(2*brv(t)+1), for every entry of small rings and a few of large ones */
static void
check_values(const PpdlRing *ring, const PpdlModulus *m, const uint64_t *coeff, const uint64_t *value, size_t t)
{
	uint32_t	e = 0;
	mpz_t		x,
				sum;

	for (int b = 0; b < ring->logn; b++)
		e |= ((uint32_t) t >> b & 1) << (ring->logn - 1 - b);
	mpz_init_set_ui(x, gmp_powmod(m->psi, 2 * e + 1, m->q));
	mpz_init(sum);
	for (size_t j = ring->n; j-- > 0;)
	{
		mpz_mul(sum, sum, x);
		mpz_add_ui(sum, sum, coeff[j]);
		mpz_fdiv_r_ui(sum, sum, m->q);
	}
	assert_int_equal(mpz_get_ui(sum), value[t]);
	mpz_clears(x, sum, NULL);
}

static void
test_ntt_values(void **state)
{
	static const int sizes[] = {3, 4, 5, 6, 7, 8, 14, 16};

	for (int s = 0; s < COUNT(sizes); s++)
	{
		const int	deep = sizes[s] > 14;
		PpdlRing   *ring = new_ring(sizes[s], deep ? deep_primes : row_primes, deep ? COUNT(deep_primes) : COUNT(row_primes));
		uint64_t   *a = new_limbs(ring->n),
				   *b = new_limbs(ring->n);

		for (int p = 0; p < ring->count; p += sizes[s] > 8 ? 3 : 1)
			FOR_EACH_LEVEL(level)
			{
				const PpdlModulus *m = &ring->mod[p];

				fill_residues(a, ring->n, m->q);
				memcpy(b, a, ring->n * sizeof(*a));
				ppdl_ntt(ring, m, b);
				if (sizes[s] <= 8)
					for (size_t t = 0; t < ring->n; t++)
						check_values(ring, m, a, b, t);
				else
					check_values(ring, m, a, b, next64() & (ring->n - 1));
				ppdl_intt(ring, m, b);
				assert_memory_equal(a, b, ring->n * sizeof(*a));
			}
		ppdl_free_aligned(a);
		ppdl_free_aligned(b);
		ppdl_ring_destroy(ring);
	}
}

/* NTT, product by entries, inverse = schoolbook product modulo X^N + 1 */
static void
test_negacyclic_product(void **state)
{
	enum { N = 64 };
	PpdlRing   *ring = new_ring(6, deep_primes, COUNT(deep_primes));

	for (int p = 0; p < ring->count; p++)
		FOR_EACH_LEVEL(level)
		{
			const PpdlModulus *m = &ring->mod[p];
			uint64_t	a[N],
						b[N],
						want[N];
			mpz_t		sum,
						term;

			fill_residues(a, N, m->q);
			fill_residues(b, N, m->q);
			mpz_inits(sum, term, NULL);
			for (int k = 0; k < N; k++)
			{
				mpz_set_ui(sum, 0);
				for (int i = 0; i < N; i++)
				{
					mpz_set_ui(term, a[i]);
					mpz_mul_ui(term, term, b[(k - i + N) % N]);
					(i <= k ? mpz_add : mpz_sub) (sum, sum, term);
				}
				want[k] = mpz_fdiv_ui(sum, m->q);
			}
			mpz_clears(sum, term, NULL);
			ppdl_ntt(ring, m, a);
			ppdl_ntt(ring, m, b);
			ppdl_vec_mul(m, a, a, b, N);
			ppdl_intt(ring, m, a);
			assert_memory_equal(a, want, sizeof(a));
		}
	ppdl_ring_destroy(ring);
}

/* every level gives the scalar result on random and on extreme limbs, all sizes */
static void
test_ntt_twins(void **state)
{
	for (int logn = 3; logn <= 17; logn++)
	{
		static const uint64_t widest[] = {0x3ffffffb80001};	/* 1 mod 2^18 */
		PpdlRing   *ring = logn < 17 ? new_ring(logn, deep_primes, COUNT(deep_primes)) : new_ring(logn, widest, 1);
		const size_t bytes = ring->n * sizeof(uint64_t);
		uint64_t   *in = new_limbs(ring->n),
				   *fwd = new_limbs(ring->n),
				   *inv = new_limbs(ring->n),
				   *got = new_limbs(ring->n);

		for (int p = 0; p < ring->count; p += logn > 10 ? 9 : 1)
			for (int kind = 0; kind < 3; kind++)
			{
				const PpdlModulus *m = &ring->mod[p];

				for (size_t i = 0; i < ring->n; i++)
					in[i] = kind == 0 ? some_residue(m->q) : kind == 1 ? m->q - 1 : (m->q - 1) * (next64() & 1);
				ppdl_cpu_force(PPDL_CPU_SCALAR);
				memcpy(fwd, in, bytes);
				ppdl_ntt(ring, m, fwd);
				assert_int_equal(ppdl_vec_count_unreduced(m, fwd, ring->n), 0);
				memcpy(inv, in, bytes);
				ppdl_intt(ring, m, inv);
				assert_int_equal(ppdl_vec_count_unreduced(m, inv, ring->n), 0);
				FOR_EACH_LEVEL(level)
				{
					memcpy(got, in, bytes);
					ppdl_ntt(ring, m, got);
					if (memcmp(got, fwd, bytes) != 0)
						fail_msg("%s ntt, logn %d, prime %d, kind %d", ppdl_cpu_name(level), logn, p, kind);
					memcpy(got, in, bytes);
					ppdl_intt(ring, m, got);
					if (memcmp(got, inv, bytes) != 0)
						fail_msg("%s intt, logn %d, prime %d, kind %d", ppdl_cpu_name(level), logn, p, kind);
				}
			}
		ppdl_free_aligned(in);
		ppdl_free_aligned(fwd);
		ppdl_free_aligned(inv);
		ppdl_free_aligned(got);
		ppdl_ring_destroy(ring);
	}
}

/* f(X) -> f(X^d) by definition, and the same in the NTT domain */
static void
check_automorphism(const PpdlRing *ring, const PpdlModulus *m, uint32_t d)
{
	const size_t n = ring->n;
	const uint32_t *perm = ppdl_autom_table(ring, d);
	uint64_t   *a = new_limbs(n),
			   *b = new_limbs(n),
			   *c = new_limbs(n);

	assert_non_null(perm);
	assert_ptr_equal(perm, ppdl_autom_table(ring, d));
	fill_residues(a, n, m->q);
	ppdl_autom_coeff(ring, m, b, a, d);
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	e = (uint64_t) i * d % (2 * n),
					want = e < n ? a[i] : (m->q - a[i]) % m->q;

		assert_int_equal(b[e % n], want);
	}
	ppdl_ntt(ring, m, a);
	ppdl_autom_ntt(ring, c, a, perm);
	ppdl_ntt(ring, m, b);
	assert_memory_equal(b, c, n * sizeof(*b));
	ppdl_free_aligned(a);
	ppdl_free_aligned(b);
	ppdl_free_aligned(c);
}

static void
test_automorphisms(void **state)
{
	static const int sizes[] = {3, 5, 10, 14};

	for (int s = 0; s < COUNT(sizes); s++)
	{
		PpdlRing   *ring = new_ring(sizes[s], row_primes, COUNT(row_primes));
		const uint32_t two_n = (uint32_t) (2 * ring->n);

		FOR_EACH_LEVEL(level)
		{
			for (int i = 0; i < 6; i++)
				check_automorphism(ring, &ring->mod[i], ((uint32_t) next64() | 1) & (two_n - 1));
			for (int j = 1; j <= sizes[s]; j += 3)
				check_automorphism(ring, &ring->mod[1], (UINT32_C(1) << j) + 1);
			check_automorphism(ring, &ring->mod[1], 1);
			check_automorphism(ring, &ring->mod[2], ppdl_galois_conjugate(ring));
			check_automorphism(ring, &ring->mod[3], ppdl_galois_rotation(ring, -1));
		}
		for (int r = -40; r <= 40; r++)
		{
			uint32_t	d = ppdl_galois_rotation(ring, r);
			uint32_t	want = 1;

			for (int k = 0; k < ((r % (int) (ring->n / 2)) + (int) (ring->n / 2)) % (int) (ring->n / 2); k++)
				want = want * 5 % two_n;
			assert_int_equal(d, want);
			assert_int_equal((uint64_t) d * ppdl_galois_inverse(ring, d) % two_n, 1);
		}
		assert_int_equal(ppdl_galois_rotation(ring, INT32_MIN), ppdl_galois_rotation(ring, 0));
		for (uint32_t d = 1; d < two_n && d < 600; d += 2)
			assert_int_equal((uint64_t) d * ppdl_galois_inverse(ring, d) % two_n, 1);
		ppdl_ring_destroy(ring);
	}
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

static void
check_monomial(const PpdlRing *ring, const PpdlModulus *m, int64_t e)
{
	const size_t n = ring->n;
	const int64_t two_n = (int64_t) (2 * n);
	uint64_t   *a = new_limbs(n),
			   *b = new_limbs(n),
			   *want = new_limbs(n);

	fill_residues(a, n, m->q);
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	to = (uint64_t) ((((int64_t) i + e) % two_n + two_n) % two_n);

		want[to % n] = to < n ? a[i] : (m->q - a[i]) % m->q;
	}
	ppdl_ntt(ring, m, a);
	ppdl_ntt(ring, m, want);
	ppdl_mul_monomial_ntt(ring, m, b, a, e);
	if (memcmp(b, want, n * sizeof(*b)) != 0)
		fail_msg("X^%lld, logn %d, %s", (long long) e, ring->logn, ppdl_cpu_name(ppdl_cpu()));
	ppdl_mul_monomial_ntt(ring, m, a, a, e);
	assert_memory_equal(a, want, n * sizeof(*b));
	ppdl_free_aligned(a);
	ppdl_free_aligned(b);
	ppdl_free_aligned(want);
}

static void
test_monomials(void **state)
{
	static const int sizes[] = {3, 4, 6, 11, 14};

	for (int s = 0; s < COUNT(sizes); s++)
	{
		PpdlRing   *ring = new_ring(sizes[s], row_primes, COUNT(row_primes));
		const int64_t n = (int64_t) ring->n;

		FOR_EACH_LEVEL(level)
		{
			for (int j = 0; j <= sizes[s] + 1; j++)
			{
				const PpdlModulus *m = &ring->mod[j % ring->count];
				int64_t		odd = (int64_t) (next64() >> 40) * 2 + 1;

				check_monomial(ring, m, INT64_C(1) << j);
				check_monomial(ring, m, -(INT64_C(1) << j));
				check_monomial(ring, m, odd << j);
			}
			check_monomial(ring, &ring->mod[0], 0);
			check_monomial(ring, &ring->mod[0], 4 * n);
			check_monomial(ring, &ring->mod[0], 1 - n);
			check_monomial(ring, &ring->mod[9], 3 * n);
		}
		ppdl_ring_destroy(ring);
	}
}

/* the array kernels at every level against GMP, in place as well */
static void
test_arrays(void **state)
{
	enum { N = 72 };
	static const uint64_t tiny[] = {17, 97, 12289, 0x3ffffffd20001, 0x4000038001, 0x100003e0001};
	PpdlRing   *ring = new_ring(3, tiny, COUNT(tiny));

	for (int p = 0; p < ring->count; p++)
		FOR_EACH_LEVEL(level)
		{
			const PpdlModulus *m = &ring->mod[p],
					   *from = &ring->mod[(p + 1 + next64() % 5) % ring->count];
			const uint64_t q = m->q,
						w = some_residue(q) % q;
			uint64_t	a[N],
						b[N],
						c[N],
						out[N];

			fill_residues(a, N, q);
			fill_residues(b, N, q);
			for (int i = 0; i < N; i++)
			{
				a[i] %= q;
				b[i] %= q;
			}
#define CHECK(call, expression) \
			do { \
				memcpy(out, a, sizeof(out)); \
				call; \
				for (int i = 0; i < N; i++) \
					if (out[i] != (expression)) \
						fail_msg("%s, q %llu, %s: a %llu b %llu w %llu gives %llu", #call, (unsigned long long) q, \
								 ppdl_cpu_name(level), (unsigned long long) a[i], (unsigned long long) b[i], \
								 (unsigned long long) w, (unsigned long long) out[i]); \
			} while (0)
			CHECK(ppdl_vec_add(m, out, out, b, N), (a[i] + b[i]) % q);
			CHECK(ppdl_vec_add(m, out, b, a, N), (a[i] + b[i]) % q);
			CHECK(ppdl_vec_sub(m, out, out, b, N), (a[i] + q - b[i]) % q);
			CHECK(ppdl_vec_sub(m, out, b, out, N), (b[i] + q - a[i]) % q);
			CHECK(ppdl_vec_neg(m, out, out, N), (q - a[i]) % q);
			CHECK(ppdl_vec_mul(m, out, out, b, N), gmp_mulmod(a[i], b[i], q));
			CHECK(ppdl_vec_mul(m, out, out, out, N), gmp_mulmod(a[i], a[i], q));
			CHECK(ppdl_vec_mul_add(m, out, b, b, N), (a[i] + gmp_mulmod(b[i], b[i], q)) % q);
			CHECK(ppdl_vec_mul_scalar(m, out, b, w, N), gmp_mulmod(b[i], w, q));
			CHECK(ppdl_vec_mul_scalar_add(m, out, b, w, N), (a[i] + gmp_mulmod(b[i], w, q)) % q);
			CHECK(ppdl_vec_sub_mul_scalar(m, out, out, b, w, N), gmp_mulmod((a[i] + q - b[i]) % q, w, q));
			CHECK(ppdl_vec_add_scalar(m, out, b, w, N), (b[i] + w) % q);
			for (int i = 0; i < N; i++)
				c[i] = i < 8 ? -(uint64_t) i : i < 16 ? q * (UINT64_MAX / q) - 4 + (uint64_t) i : next64() >> (i % 60);
			CHECK(ppdl_vec_reduce(m, out, c, N), c[i] % q);
			fill_residues(c, N, from->q);
			for (int i = 0; i < N; i++)
				c[i] %= from->q;
			CHECK(ppdl_vec_switch_modulus(m, out, from, c, N),
				  c[i] > from->q / 2 ? (q - (from->q - c[i]) % q) % q : c[i] % q);
			for (int i = 0; i < N; i++)
				c[i] = q - 4 + (uint64_t) (i % 8);
			assert_int_equal(ppdl_vec_count_unreduced(m, c, N), N / 2);
			c[3] = UINT64_MAX;
			c[2] = UINT64_C(1) << 63;
			assert_int_equal(ppdl_vec_count_unreduced(m, c, N), N / 2 + 2);
			assert_int_equal(ppdl_vec_count_unreduced(m, a, N), 0);
		}
	ppdl_ring_destroy(ring);
}

/* sums of shifted polynomials at every level against sums by index, up to as many as there may be */
static void
test_shifted(void **state)
{
	enum { N = 64, TERMS = 300 };
	static const uint64_t primes[] = {0x3ffffffd20001, 0x4000038001, 12289};
	PpdlRing   *ring = new_ring(6, primes, COUNT(primes));

	assert_int_equal(PPDL_SHIFTED_ADDS, 8190);
	for (int p = 0; p < ring->count; p++)
		FOR_EACH_LEVEL(level)
		{
			const PpdlModulus *m = &ring->mod[p];
			uint64_t	a[N],
						acc[N] = {0},
						want[N] = {0},
						out[N];

			for (int t = 0; t < TERMS; t++)
			{
				size_t		e = t < N ? (size_t) t : next64() % N;

				for (int i = 0; i < N; i++)
				{
					a[i] = some_residue(m->q) % m->q;
					if ((size_t) i < e)
						want[N + i - e] = (want[N + i - e] + m->q - a[i]) % m->q;
					else
						want[i - e] = (want[i - e] + a[i]) % m->q;
				}
				ppdl_vec_add_shifted(acc, a, e, N);
			}
			ppdl_vec_settle(m, out, acc, N);
			assert_memory_equal(out, want, sizeof(out));
			/* the most of the largest: all added in place 0, all subtracted in the others */
			for (int i = 0; i < N; i++)
			{
				a[i] = m->q - 1;
				acc[i] = 0;
			}
			for (uint64_t t = 0; t < PPDL_SHIFTED_ADDS; t++)
				ppdl_vec_add_shifted(acc, a, N - 1, N);
			ppdl_vec_settle(m, out, acc, N);
			for (int i = 0; i < N; i++)
				assert_int_equal(out[i], i == 0 ? (m->q - PPDL_SHIFTED_ADDS % m->q) % m->q : PPDL_SHIFTED_ADDS % m->q);
		}
	ppdl_ring_destroy(ring);
}

/* inner products: short ones of random residues, and the longest of the largest */
static void
test_dot(void **state)
{
	enum { N = 40, MAX = 4096 };
	static const int lengths[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 48, 64, 100, 1024, MAX};
	static const uint64_t primes[] = {0x3ffffffdf0001, 0x3ffffffd20001, 0x4000038001, 0x3ffff28001, 12289, 17};
	PpdlRing   *ring = new_ring(3, primes, COUNT(primes));
	static uint64_t pool[3][64][N];
	static const uint64_t *a[MAX],
			   *k0[MAX],
			   *k1[MAX];

	for (int p = 0; p < ring->count; p++)
		for (int l = 0; l < COUNT(lengths); l++)
			for (int largest = 0; largest < 2; largest++)
			{
				const PpdlModulus *m = &ring->mod[p];
				uint64_t	start[2][N],
							want[2][N],
							out[2][N];

				for (int v = 0; v < 64; v++)
					for (int i = 0; i < N; i++)
						for (int s = 0; s < 3; s++)
							pool[s][v][i] = largest ? m->q - 1 : some_residue(m->q) % m->q;
				for (int j = 0; j < lengths[l]; j++)
				{
					a[j] = pool[0][next64() % 64];
					k0[j] = pool[1][next64() % 64];
					k1[j] = pool[2][next64() % 64];
				}
				for (int i = 0; i < N; i++)
				{
					mpz_t		s0,
								s1,
								t;

					start[0][i] = m->q - 1;
					start[1][i] = (uint64_t) i % m->q;
					mpz_inits(s0, s1, t, NULL);
					for (int j = 0; j < lengths[l]; j++)
					{
						mpz_set_ui(t, a[j][i]);
						mpz_addmul_ui(s0, t, k0[j][i]);
						mpz_addmul_ui(s1, t, k1[j][i]);
					}
					want[0][i] = mpz_fdiv_ui(s0, m->q);
					want[1][i] = mpz_fdiv_ui(s1, m->q);
					mpz_clears(s0, s1, t, NULL);
				}
				FOR_EACH_LEVEL(level)
				{
					memset(out, 0xff, sizeof(out));
					ppdl_vec_dot(m, out[0], NULL, a, k0, NULL, lengths[l], 0, N);
					assert_memory_equal(out[0], want[0], sizeof(out[0]));
					memset(out, 0xff, sizeof(out));
					ppdl_vec_dot(m, out[0], out[1], a, k0, k1, lengths[l], 0, N);
					assert_memory_equal(out, want, sizeof(out));
					memcpy(out, start, sizeof(out));
					ppdl_vec_dot(m, out[0], out[1], a, k0, k1, lengths[l], 1, N);
					for (int i = 0; i < N; i++)
					{
						assert_int_equal(out[0][i], (want[0][i] + start[0][i]) % m->q);
						assert_int_equal(out[1][i], (want[1][i] + start[1][i]) % m->q);
					}
					memcpy(out, start, sizeof(out));
					ppdl_vec_dot(m, out[1], NULL, a, k1, NULL, lengths[l], 1, N);
					for (int i = 0; i < N; i++)
						assert_int_equal(out[1][i], (want[1][i] + start[1][i]) % m->q);
				}
			}
	ppdl_ring_destroy(ring);
}

/* the packed form of any residues, at the very end of its memory */
static void
test_unpack(void **state)
{
	for (size_t n = 8; n <= 520; n += 8)
	{
		size_t		bytes = ppdl_vec_packed_bytes(n);
		uint64_t   *in = malloc(n * sizeof(*in)),
				   *out = malloc(n * sizeof(*out));
		uint8_t    *packed = malloc(bytes);

		assert_int_equal(bytes, ppdl_packed_size(n, 50));
		for (size_t i = 0; i < n; i++)
			in[i] = n % 16 == 0 ? (UINT64_C(1) << 50) - 1 : next64() >> 14;
		ppdl_pack_bits(packed, in, n, 50);
		FOR_EACH_LEVEL(level)
		{
			memset(out, 0xff, n * sizeof(*out));
			ppdl_vec_unpack(out, packed, n);
			assert_memory_equal(out, in, n * sizeof(*out));
		}
		free(in);
		free(out);
		free(packed);
	}
}

static int
back_to_best(void **state)
{
	ppdl_cpu_force(ppdl_cpu_best());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_residues),
		cmocka_unit_test(test_primality),
		cmocka_unit_test(test_bad_rings),
		cmocka_unit_test(test_roots),
		cmocka_unit_test_teardown(test_ntt_values, back_to_best),
		cmocka_unit_test_teardown(test_negacyclic_product, back_to_best),
		cmocka_unit_test_teardown(test_ntt_twins, back_to_best),
		cmocka_unit_test_teardown(test_automorphisms, back_to_best),
		cmocka_unit_test(test_tables_of_threads),
		cmocka_unit_test_teardown(test_monomials, back_to_best),
		cmocka_unit_test_teardown(test_arrays, back_to_best),
		cmocka_unit_test_teardown(test_shifted, back_to_best),
		cmocka_unit_test_teardown(test_dot, back_to_best),
		cmocka_unit_test_teardown(test_unpack, back_to_best),
	};

	seed_tests();
	printf("# best level: %s\n", ppdl_cpu_name(ppdl_cpu_best()));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
