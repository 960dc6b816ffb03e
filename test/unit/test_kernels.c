/*
 * The kernels of every instruction set that this machine has, against plain arithmetic and against each other, bit for
 * bit.  Needs neither GMP nor OpenSSL: make check also runs it for arm64 on an emulator.
 */
#include "ring_values.h"

#include "base/bytes.h"
#include "ring/kernels.h"
#include "ring/rns.h"
#include "ring/vec.h"

/* runs the rest of the enclosing loop body at each level the processor has */
#define FOR_EACH_LEVEL(level) \
	for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best() && ppdl_cpu_force(level) == level; level++)

static uint64_t
mulmod(uint64_t a, uint64_t b, uint64_t q)
{
	return (uint64_t) ((unsigned __int128) a * b % q);
}

static uint64_t
power_of(uint64_t a, uint64_t e, uint64_t q)
{
	uint64_t	r = 1;

	for (; e > 0; e >>= 1, a = mulmod(a, a, q))
		if (e & 1)
			r = mulmod(r, a, q);
	return r;
}

/* entry t is the value at psi^(2*brv(t)+1), for every entry of small rings and a few of large ones */
static void
check_values(const PpdlRing *ring, const PpdlModulus *m, const uint64_t *coeff, const uint64_t *value, size_t t)
{
	uint32_t	e = 0;
	uint64_t	x,
				sum = 0;

	for (int b = 0; b < ring->logn; b++)
		e |= ((uint32_t) t >> b & 1) << (ring->logn - 1 - b);
	x = power_of(m->psi, 2 * e + 1, m->q);
	for (size_t j = ring->n; j-- > 0;)
		sum = (mulmod(sum, x, m->q) + coeff[j]) % m->q;
	assert_int_equal(sum, value[t]);
}

static void
test_ntt_values(void **state)
{
	static const int sizes[] = {3, 4, 5, 6, 7, 8, 14, 16};

	for (int s = 0; s < COUNT(sizes); s++)
	{
		const int	deep = sizes[s] > 14;
		PpdlRing   *ring = new_ring(sizes[s], deep ? deep_primes : row_primes,
									deep ? COUNT(deep_primes) : COUNT(row_primes));
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

/* a polynomial in X^run has runs of equal values, of which the transform of the subring gives one each */
static void
test_subring(void **state)
{
	static const int sizes[] = {8, 12, 14};

	for (int s = 0; s < COUNT(sizes); s++)
	{
		PpdlRing   *ring = new_ring(sizes[s], row_primes, COUNT(row_primes));
		uint64_t   *small = new_limbs(ring->n),
				   *whole = new_limbs(ring->n);

		for (int logn = 3; logn <= sizes[s]; logn++)
			FOR_EACH_LEVEL(level)
			{
				const PpdlModulus *m = &ring->mod[logn % ring->count];
				const size_t n = (size_t) 1 << logn,
							run = ring->n >> logn;

				fill_residues(small, n, m->q);
				memset(whole, 0, ring->n * sizeof(*whole));
				for (size_t i = 0; i < n; i++)
					whole[i * run] = small[i];
				ppdl_ntt(ring, m, whole);
				ppdl_ntt_subring(ring, m, small, logn);
				for (size_t i = 0; i < ring->n; i++)
					assert_int_equal(whole[i], small[i / run]);
			}
		ppdl_free_aligned(small);
		ppdl_free_aligned(whole);
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

			fill_residues(a, N, m->q);
			fill_residues(b, N, m->q);
			for (int k = 0; k < N; k++)
			{
				want[k] = 0;
				for (int i = 0; i < N; i++)
				{
					uint64_t	term = mulmod(a[i], b[(k - i + N) % N], m->q);

					want[k] = (want[k] + (i <= k ? term : m->q - term)) % m->q;
				}
			}
			ppdl_ntt(ring, m, a);
			ppdl_ntt(ring, m, b);
			ppdl_vec_mul(m, a, a, b, N);
			ppdl_intt(ring, m, a);
			assert_memory_equal(a, want, sizeof(a));
		}
	ppdl_ring_destroy(ring);
}

/* the transform in pieces, columns a few at a time and parts in any order */
static void
in_pieces(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in)
{
	const size_t stride = ring->n / PPDL_NTT_PARTS;
	uint64_t	rows[PPDL_NTT_PARTS * 128];
	const int	first = (int) (next64() % PPDL_NTT_PARTS);

	for (size_t at = 0, count; at < stride; at += count)
	{
		count = 8 * (1 + next64() % 16);
		if (count > stride - at)
			count = stride - at;
		for (size_t i = 0; i < PPDL_NTT_PARTS; i++)
			memcpy(rows + i * count, in + i * stride + at, count * sizeof(*rows));
		ppdl_kernels()->ntt_first(m, out, rows, at, count);
	}
	for (int i = 0; i < PPDL_NTT_PARTS; i++)
		ppdl_ntt_part(ring, m, out, (first + i) % PPDL_NTT_PARTS, NULL);
}

/* rows of base conversion, below m->q, as residues */
static void
read_rows(const PpdlModulus *m, uint64_t *rows, size_t count)
{
	static const uint64_t one = 1;

	for (size_t i = 0; i < count; i += PPDL_CONV_BLOCK)
		ppdl_kernels()->conv_out(m, rows + i, rows + i, &one, 1, PPDL_CONV_BLOCK);
}

/* the inverse in pieces, into other memory or in place, as base conversion loads it; inv: the whole inverse */
static void
check_inverse_in_pieces(const PpdlRing *ring, const PpdlModulus *m, const uint64_t *in, const uint64_t *inv)
{
	const size_t stride = ring->n / PPDL_NTT_PARTS;
	const uint64_t w = some_residue(m->q),
				half = UINT64_C(1) << 50;
	uint64_t	y[PPDL_NTT_PARTS * 128],
				frac[PPDL_NTT_PARTS * 128],
			   *begun = new_limbs(ring->n);
	const int	first = (int) (next64() % PPDL_NTT_PARTS),
				in_place = (int) (next64() & 1);
	PpdlLoad	l = {
		.y = y, .frac = frac, .apart = 128, .sum = mulmod(w, m->ntt->ninv, m->q), .diff = mulmod(w, m->ntt->wlast, m->q),
		.c = (uint64_t) (((unsigned __int128) 1 << (51 + m->bits)) / m->q)
	};

	l.sumq = ppdl_shoup(m, l.sum);
	l.diffq = ppdl_shoup(m, l.diff);
	if (in_place)
		memcpy(begun, in, ring->n * sizeof(*begun));
	else
		memset(begun, 0xff, ring->n * sizeof(*begun));
	for (int i = 0; i < PPDL_NTT_PARTS; i++)
		ppdl_intt_part(ring, m, begun, in_place ? begun : in, (first + i) % PPDL_NTT_PARTS);
	for (size_t at = 0, count; at < stride; at += count)
	{
		count = 8 * (1 + next64() % 16);
		if (count > stride - at)
			count = stride - at;
		for (size_t i = 0; i < COUNT(frac); i++)
			frac[i] = half;
		memset(y, 0, sizeof(y));
		ppdl_kernels()->load_columns(m, &l, begun, at, count);
		read_rows(m, y, COUNT(y));
		for (size_t i = 0; i < PPDL_NTT_PARTS * count; i++)
		{
			const uint64_t want = mulmod(inv[i / count * stride + at + i % count], w, m->q),
						got = y[i / count * l.apart + i % count];

			if (got != want || frac[i] != half + (uint64_t) ((unsigned __int128) want * l.c >> m->bits))
				fail_msg("%s intt in pieces, logn %d, q %llu: %llu and %llu for %llu", ppdl_cpu_name(ppdl_cpu()),
						 ring->logn, (unsigned long long) m->q, (unsigned long long) got, (unsigned long long) frac[i],
						 (unsigned long long) want);
		}
	}
	ppdl_free_aligned(begun);
}

/* every level gives the scalar result on random and on extreme limbs, all sizes */
static void
test_ntt_twins(void **state)
{
	for (int logn = 3; logn <= 17; logn++)
	{
		/* 1 mod 2^18: the largest of 45 to 50 bits, where kernels reduce more or less often */
		static const uint64_t widest[] = {
			0x3ffffffb80001, 0x1fffff980001, 0x3fffffcc0001, 0x7ffffff00001, 0xfffffff00001, 0x1ffffffd40001
		};
		PpdlRing   *ring = logn < 17 ? new_ring(logn, deep_primes, COUNT(deep_primes)) :
			new_ring(logn, widest, COUNT(widest));
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
					if (ppdl_ntt_parts(ring) > 1)
					{
						memset(got, 0xff, bytes);
						in_pieces(ring, m, got, in);
						if (memcmp(got, fwd, bytes) != 0)
							fail_msg("%s ntt in pieces, logn %d, prime %d, kind %d", ppdl_cpu_name(level), logn, p, kind);
					}
					memcpy(got, in, bytes);
					ppdl_intt(ring, m, got);
					if (memcmp(got, inv, bytes) != 0)
						fail_msg("%s intt, logn %d, prime %d, kind %d", ppdl_cpu_name(level), logn, p, kind);
					if (ppdl_ntt_parts(ring) > 1)
						check_inverse_in_pieces(ring, m, in, inv);
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

/* the array kernels at every level against division, in place as well */
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
			CHECK(ppdl_vec_mul(m, out, out, b, N), mulmod(a[i], b[i], q));
			CHECK(ppdl_vec_mul(m, out, out, out, N), mulmod(a[i], a[i], q));
			CHECK(ppdl_vec_mul_add(m, out, b, b, N), (a[i] + mulmod(b[i], b[i], q)) % q);
			CHECK(ppdl_vec_mul_scalar(m, out, b, w, N), mulmod(b[i], w, q));
			CHECK(ppdl_vec_mul_scalar_add(m, out, b, w, N), (a[i] + mulmod(b[i], w, q)) % q);
			CHECK(ppdl_vec_sub_mul_scalar(m, out, out, b, w, N), mulmod((a[i] + q - b[i]) % q, w, q));
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
					unsigned __int128 s0 = 0,
								s1 = 0;

					start[0][i] = m->q - 1;
					start[1][i] = (uint64_t) i % m->q;
					for (int j = 0; j < lengths[l]; j++)
					{
						s0 += (unsigned __int128) a[j][i] * k0[j][i];
						s1 += (unsigned __int128) a[j][i] * k1[j][i];
					}
					want[0][i] = (uint64_t) (s0 % m->q);
					want[1][i] = (uint64_t) (s1 % m->q);
				}
				FOR_EACH_LEVEL(level)
				{
					memset(out, 0xff, sizeof(out));
					ppdl_vec_dot(m, &(PpdlDot) {.out = {out[0]}, .a = a, .k = {k0}, .terms = lengths[l]}, N);
					assert_memory_equal(out[0], want[0], sizeof(out[0]));
					memset(out, 0xff, sizeof(out));
					ppdl_vec_dot(m, &(PpdlDot) {.out = {out[0], out[1]}, .a = a, .k = {k0, k1}, .terms = lengths[l]}, N);
					assert_memory_equal(out, want, sizeof(out));
					memcpy(out, start, sizeof(out));
					ppdl_vec_dot(m, &(PpdlDot) {{out[0], out[1]}, a, {k0, k1}, lengths[l], 1}, N);
					for (int i = 0; i < N; i++)
					{
						assert_int_equal(out[0][i], (want[0][i] + start[0][i]) % m->q);
						assert_int_equal(out[1][i], (want[1][i] + start[1][i]) % m->q);
					}
					memcpy(out, start, sizeof(out));
					ppdl_vec_dot(m, &(PpdlDot) {.out = {out[1]}, .a = a, .k = {k1}, .terms = lengths[l], .accumulate = 1}, N);
					for (int i = 0; i < N; i++)
						assert_int_equal(out[1][i], (want[1][i] + start[1][i]) % m->q);
				}
			}
	ppdl_ring_destroy(ring);
}

/* the steps of base conversion at every level, with the longest sums of the largest values; test_rns.c has the whole */
static void
test_conversion_steps(void **state)
{
	enum { N = PPDL_CONV_BLOCK };
	static const uint64_t primes[] = {0x3ffffffdf0001, 0x3ffffffd20001, 0x4000038001, 0x3ffff28001, 12289, 17};
	static const int lengths[] = {1, 2, 4, 5, 6, 7, 11, 14, 15, PPDL_MAX_CONV + 1};
	PpdlRing   *ring = new_ring(3, primes, COUNT(primes));
	static uint64_t y[(PPDL_MAX_CONV + 1) * N],
				rows[(PPDL_MAX_CONV + 1) * N];
	uint64_t	x[N],
				out[N],
				frac[N],
				k[PPDL_MAX_CONV + 1];

	for (int p = 0; p < ring->count; p++)
		for (int largest = 0; largest < 2; largest++)
		{
			const PpdlModulus *m = &ring->mod[p];
			const uint64_t q = m->q,
						w = largest ? q - 1 : some_residue(q) % q,
						c = (uint64_t) (((unsigned __int128) 1 << (51 + m->bits)) / q);

			for (int i = 0; i < N; i++)
				x[i] = largest ? q - 1 - (uint64_t) i % q : some_residue(q) % q;
			FOR_EACH_LEVEL(level)
			{
				for (int i = 0; i < N; i++)
					frac[i] = (uint64_t) i << 40;
				ppdl_kernels()->conv_in(m, out, frac, x, w, ppdl_shoup(m, w), c, N);
				read_rows(m, out, N);
				for (int i = 0; i < N; i++)
				{
					assert_int_equal(out[i], mulmod(x[i], w, q));
					assert_int_equal(frac[i], ((uint64_t) i << 40) +
									 (uint64_t) (((unsigned __int128) out[i] * c) >> m->bits));
				}
			}
			for (int l = 0; l < COUNT(lengths); l++)
			{
				for (int i = 0; i < lengths[l] * N; i++)
					y[i] = largest ? (UINT64_C(1) << 50) - 1 : next64() >> 14;
				for (int j = 0; j < lengths[l]; j++)
					k[j] = largest ? q - 1 : some_residue(q) % q;
				FOR_EACH_LEVEL(level)
					for (size_t n = 8; n <= N; n += 40)
					{
						/* shifted by as much as the fractions are, and not */
						for (int j = 0; j < lengths[l]; j++)
						{
							const int	shift = j & 1 ? 13 : 0;

							for (size_t i = 0; i < n; i++)
								x[i] = y[j * N + i] << shift | (shift > 0 ? next64() >> 51 : 0);
							ppdl_kernels()->conv_row(rows + j * N, x, shift, n);
						}
						memset(out, 0xff, sizeof(out));
						ppdl_kernels()->conv_out(m, out, rows, k, lengths[l], n);
						for (size_t i = 0; i < n; i++)
						{
							unsigned __int128 sum = 0;

							for (int j = 0; j < lengths[l]; j++)
								sum += (unsigned __int128) y[(size_t) j * N + i] * k[j];
							if (out[i] != (uint64_t) (sum % q))
								fail_msg("%s: %d terms, prime %d", ppdl_cpu_name(level), lengths[l], p);
						}
					}
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
		cmocka_unit_test_teardown(test_ntt_values, back_to_best),
		cmocka_unit_test_teardown(test_subring, back_to_best),
		cmocka_unit_test_teardown(test_negacyclic_product, back_to_best),
		cmocka_unit_test_teardown(test_ntt_twins, back_to_best),
		cmocka_unit_test_teardown(test_automorphisms, back_to_best),
		cmocka_unit_test_teardown(test_monomials, back_to_best),
		cmocka_unit_test_teardown(test_arrays, back_to_best),
		cmocka_unit_test_teardown(test_shifted, back_to_best),
		cmocka_unit_test_teardown(test_dot, back_to_best),
		cmocka_unit_test_teardown(test_conversion_steps, back_to_best),
		cmocka_unit_test_teardown(test_unpack, back_to_best),
	};

	seed_tests();
	printf("# best level: %s\n", ppdl_cpu_name(ppdl_cpu_best()));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
