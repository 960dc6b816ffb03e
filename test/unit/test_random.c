/* The expansion of seeds against known answers, and the distributions of the samplers. */
#include "ring_common.h"

#include <math.h>

#include <openssl/evp.h>

/*
 * Answers by `openssl enc -aes-256-ctr -K 000102..1f -iv <domain, index, q, zeros>`
 * on zeros, words reduced by a script in another language; SHA-256 of the n
 * residues as little-endian 64-bit words.
 */
static const struct
{
	uint64_t	q;
	PpdlXofDomain domain;
	uint16_t	index;
	size_t		n;
	uint64_t	first[4],
				last;
	const char *sha256;
}			answers[] = {
	{0x3ffffffd20001, PPDL_XOF_ROW_A, 0, 16384,
		{0x22b9ada56d07e, 0x1347e0a4d97e, 0xc3190ff6240e, 0x15bc313ad052e}, 0x1ca1b96ea7ab3,
	"a6027eaf5a755551a715428bd7a787188144438c77abe007829ec75d611f0ee7"},
	{0x4000038001, PPDL_XOF_KEY_A, 517, 16384,
		{0x2079e96e54, 0x497831ea1, 0x3b13cd4606, 0x1a5e4c950e}, 0x2a67b49600,
	"218883b2e037b7e981a827517a6a1ae7b373f305b7ca65f1a9832ce05a825dd6"},
	{0x3ffffffdf0001, PPDL_XOF_KEY_A, 65535, 65536,
		{0x2930907266d1c, 0x2b1d7e599bd02, 0x722d95f8c68e, 0x3ad0330cf1f00}, 0x28d514561390f,
	"a438c5595efd24c962263d634dd3ee09c5de62b4266abbb48ef6f90ff1f198a0"},
	/* a prime whose multiples leave a wide gap below 2^64: six words are refused */
	{0x3f8be0fb80001, PPDL_XOF_ROW_A, 5, 65536,
		{0x2f63ac4f062d0}, 0x34cd85c977c6e,
	"95a275c81077e8662fadb461fded7dd20b5982f052fc7e83ee35d0d7fb10cb24"},
};

static const struct
{
	size_t		at;
	uint64_t	value;
}			refused[] = {
	{11940, 0x37de9fd7df920}, {12422, 0x39aef2fdaf395}, {18395, 0x120e40cd6ebd1},
	{24888, 0x39489dc0a9838}, {25746, 0x30392dfd553bf}, {60610, 0x1e34f282ee6c1}
};

static void
counting_seed(uint8_t seed[PPDL_SEED_BYTES])
{
	for (int i = 0; i < PPDL_SEED_BYTES; i++)
		seed[i] = (uint8_t) i;
}

static void
sha256_hex(char hex[65], const void *data, size_t len)
{
	uint8_t		md[32];

	assert_int_equal(EVP_Digest(data, len, md, NULL, EVP_sha256(), NULL), 1);
	for (int i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", md[i]);
}

static void
test_known_answers(void **state)
{
	uint8_t		seed[PPDL_SEED_BYTES];

	counting_seed(seed);
	for (int i = 0; i < COUNT(answers); i++)
		for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best(); level++)
		{
			PpdlRing   *ring = new_ring(14, &answers[i].q, 1);
			uint64_t   *a = new_limbs(answers[i].n);
			char		hex[65];

			ppdl_cpu_force(level);
			assert_int_equal(ppdl_xof_uniform(&ring->mod[0], a, answers[i].n, seed, answers[i].domain, answers[i].index,
											  NULL), PPDL_OK);
			for (int j = 0; j < 4 && answers[i].first[j] != 0; j++)
				assert_int_equal(a[j], answers[i].first[j]);
			assert_int_equal(a[answers[i].n - 1], answers[i].last);
			sha256_hex(hex, a, answers[i].n * sizeof(*a));
			assert_string_equal(hex, answers[i].sha256);
			if (i == COUNT(answers) - 1)
				for (int r = 0; r < COUNT(refused); r++)
					assert_int_equal(a[refused[r].at], refused[r].value);
			ppdl_free_aligned(a);
			ppdl_ring_destroy(ring);
		}
	ppdl_cpu_force(ppdl_cpu_best());
}

/* another seed, domain, index or prime: another stream; values spread over all of [0, q) */
static void
test_streams_differ(void **state)
{
	enum { N = 4096 };
	PpdlRing   *ring = new_ring(12, row_primes, 2);
	uint8_t		seed[PPDL_SEED_BYTES];
	static uint64_t a[5][N];
	int			bucket[16] = {0};
	double		chi2 = 0;

	counting_seed(seed);
	assert_int_equal(ppdl_xof_uniform(&ring->mod[0], a[0], N, seed, PPDL_XOF_ROW_A, 0, NULL), PPDL_OK);
	assert_int_equal(ppdl_xof_uniform(&ring->mod[0], a[1], N, seed, PPDL_XOF_KEY_A, 0, NULL), PPDL_OK);
	assert_int_equal(ppdl_xof_uniform(&ring->mod[0], a[2], N, seed, PPDL_XOF_ROW_A, 256, NULL), PPDL_OK);
	assert_int_equal(ppdl_xof_uniform(&ring->mod[1], a[3], N, seed, PPDL_XOF_ROW_A, 0, NULL), PPDL_OK);
	seed[31] ^= 128;
	assert_int_equal(ppdl_xof_uniform(&ring->mod[0], a[4], N, seed, PPDL_XOF_ROW_A, 0, NULL), PPDL_OK);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
		{
			int			same = 0;

			for (int t = 0; t < N; t++)
				same += a[i][t] == a[j][t];
			assert_true(same <= 1);
		}
	for (int t = 0; t < N; t++)
		bucket[a[0][t] * 16 / ring->mod[0].q]++;
	for (int b = 0; b < 16; b++)
		chi2 += (bucket[b] - N / 16.0) * (bucket[b] - N / 16.0) / (N / 16.0);
	assert_true(chi2 < 60);		/* 15 degrees of freedom; the stream is fixed */
	ppdl_ring_destroy(ring);
}

static void
test_generators(void **state)
{
	uint8_t		seed[PPDL_SEED_BYTES],
				a[100],
				b[100];
	PpdlRng    *rng[5];

	counting_seed(seed);
	assert_int_equal(ppdl_rng_create_seeded(&rng[0], seed, 7, NULL), PPDL_OK);
	assert_int_equal(ppdl_rng_create_seeded(&rng[1], seed, 7, NULL), PPDL_OK);
	assert_int_equal(ppdl_rng_create_seeded(&rng[2], seed, 8, NULL), PPDL_OK);
	assert_int_equal(ppdl_rng_create(&rng[3], NULL), PPDL_OK);
	assert_int_equal(ppdl_rng_create(&rng[4], NULL), PPDL_OK);
	/* the same bytes in pieces of any size */
	assert_int_equal(ppdl_rng_bytes(rng[0], a, 100, NULL), PPDL_OK);
	for (int i = 0, len; i < 100; i += len)
	{
		len = i % 7 + 1 < 100 - i ? i % 7 + 1 : 100 - i;
		assert_int_equal(ppdl_rng_bytes(rng[1], b + i, (size_t) len, NULL), PPDL_OK);
	}
	assert_memory_equal(a, b, 100);
	for (int i = 2; i < 5; i++)
	{
		memcpy(a, b, 100);
		assert_int_equal(ppdl_rng_bytes(rng[i], b, 100, NULL), PPDL_OK);
		assert_memory_not_equal(a, b, 100);
	}
	for (int i = 0; i < 5; i++)
		ppdl_rng_destroy(rng[i]);
	ppdl_rng_destroy(NULL);
}

/* n times the relative entropy of a share to p, of what is there or of what is not */
static double
surprise(double count, double n, double p)
{
	return count > 0 ? count * log(count / (n * p)) : 0;
}

/*
 * A binomial count this far from n*p has a probability below 2e-10 on either side (Chernoff; rare values, for which
 * standard deviations say nothing, included).
 */
static void
assert_share(int count, int n, double p)
{
	if (surprise(count, n, p) + surprise(n - count, n, 1 - p) > 22.4)
		fail_msg("%d of %d, expected a share of %g", count, n, p);
}

static void
test_ternary(void **state)
{
	enum { N = 60000 };
	static int8_t s[N + 1];
	PpdlRng    *rng;
	int			count[3] = {0},
				follow[9] = {0};

	assert_int_equal(ppdl_rng_create(&rng, NULL), PPDL_OK);
	s[N] = 99;
	assert_int_equal(ppdl_sample_ternary(rng, s, N, NULL), PPDL_OK);
	assert_int_equal(s[N], 99);
	for (int i = 0; i < N; i++)
	{
		assert_in_range(s[i] + 1, 0, 2);
		count[s[i] + 1]++;
		if (i > 0)
			follow[3 * (s[i - 1] + 1) + s[i] + 1]++;
	}
	for (int v = 0; v < 3; v++)
		assert_share(count[v], N, 1.0 / 3);
	for (int v = 0; v < 9; v++)
		assert_share(follow[v], N - 1, 1.0 / 9);
	ppdl_rng_destroy(rng);
}

static void
test_sparse(void **state)
{
	static const int weights[] = {0, 1, 32, 192, 500, 1000};
	enum { N = 1000, TURNS = 400 };
	PpdlRng    *rng;
	int8_t		s[N];
	int			at[4] = {0},
				plus = 0;
	PpdlError	err;

	assert_int_equal(ppdl_rng_create(&rng, NULL), PPDL_OK);
	for (int w = 0; w < COUNT(weights); w++)
	{
		int			nonzero = 0;

		assert_int_equal(ppdl_sample_sparse(rng, s, N, weights[w], NULL), PPDL_OK);
		for (int i = 0; i < N; i++)
		{
			assert_in_range(s[i] + 1, 0, 2);
			nonzero += s[i] != 0;
		}
		assert_int_equal(nonzero, weights[w]);
	}
	for (int t = 0; t < TURNS; t++)
	{
		assert_int_equal(ppdl_sample_sparse(rng, s, N, 32, NULL), PPDL_OK);
		for (int i = 0; i < N; i++)
		{
			at[i / (N / 4)] += s[i] != 0;
			plus += s[i] == 1;
		}
	}
	for (int i = 0; i < 4; i++)
		assert_share(at[i], 32 * TURNS, 0.25);
	assert_share(plus, 32 * TURNS, 0.5);
	assert_int_equal(ppdl_sample_sparse(rng, s, N, N + 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_sample_sparse(rng, s, N, -1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_sample_sparse(rng, s, 1, 1, &err), PPDL_OK);
	assert_int_equal(abs(s[0]), 1);
	ppdl_rng_destroy(rng);
}

/* shares of every value against the discrete Gaussian, and the moments */
static void
test_gaussian(void **state)
{
	enum { N = 400000, TAIL = 41 };
	static int8_t e[N];
	static int	count[2 * TAIL + 1];
	double		total = 0,
				sum = 0,
				squares = 0,
				fourth = 0;
	PpdlRng    *rng;

	assert_int_equal(ppdl_rng_create(&rng, NULL), PPDL_OK);
	assert_int_equal(ppdl_sample_gaussian(rng, e, N, NULL), PPDL_OK);
	for (int i = 0; i < N; i++)
	{
		assert_in_range(e[i] + TAIL, 0, 2 * TAIL);
		count[e[i] + TAIL]++;
		sum += e[i];
		squares += e[i] * e[i];
		fourth += (double) e[i] * e[i] * e[i] * e[i];
	}
	for (int x = -TAIL; x <= TAIL; x++)
		total += exp(-x * x / (2 * PPDL_SIGMA * PPDL_SIGMA));
	for (int x = -TAIL; x <= TAIL; x++)
		assert_share(count[x + TAIL], N, exp(-x * x / (2 * PPDL_SIGMA * PPDL_SIGMA)) / total);
	assert_true(fabs(sum / N) < 6 * PPDL_SIGMA / sqrt(N));
	squares /= N;
	assert_true(fabs(squares / (PPDL_SIGMA * PPDL_SIGMA) - 1) < 6 * sqrt(2.0 / N));
	assert_true(fabs(fourth / N / (3 * squares * squares) - 1) < 6 * sqrt(96.0 / 9 / N));
	ppdl_rng_destroy(rng);
}

static void
test_small_to_limb(void **state)
{
	PpdlRing   *ring = new_ring(3, row_primes, COUNT(row_primes));

	for (int p = 0; p < ring->count; p++)
	{
		int8_t		in[256];
		uint64_t	out[256];

		for (int i = 0; i < 256; i++)
			in[i] = (int8_t) (i - 128);
		ppdl_small_to_limb(&ring->mod[p], out, in, 256);
		for (int i = 0; i < 256; i++)
			assert_int_equal(out[i], i < 128 ? ring->mod[p].q - (uint64_t) (128 - i) : (uint64_t) (i - 128));
	}
	ppdl_ring_destroy(ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_streams_differ),
		cmocka_unit_test(test_generators),
		cmocka_unit_test(test_ternary),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_gaussian),
		cmocka_unit_test(test_small_to_limb),
	};

	seed_tests();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
