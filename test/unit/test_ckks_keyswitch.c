/* Key switching at every level against big integers: kb + ka*s_to = a*s_from + small. */
#include "ckks_fixture.h"

#include <gmp.h>

#include "base/bytes.h"
#include "ckks/switch_public.h"

/* an id that stands for no particular switch */
#define GENERIC 8u

static Fixture *toy;

typedef mpz_t *Poly;

static Poly
poly_new(size_t n)
{
	Poly		p = malloc(n * sizeof(*p));

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		mpz_init(p[i]);
	return p;
}

static void
poly_free(Poly p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mpz_clear(p[i]);
	free(p);
}

/* NTT limbs -> integers in [0, Q), by the Chinese remainder theorem */
static Poly
to_integers(const PpdlParams *par, const uint64_t *limbs, int count, const mpz_t q)
{
	Poly		p = poly_new(par->n);
	uint64_t   *x = malloc(par->n * sizeof(*x));
	mpz_t		part,
				inverse;

	assert_non_null(x);
	mpz_inits(part, inverse, NULL);
	for (int i = 0; i < count; i++)
	{
		memcpy(x, limbs + (size_t) i * par->n, par->n * sizeof(*x));
		ppdl_intt(par->ring, &par->ring->mod[i], x);
		mpz_set_ui(inverse, par->ring->mod[i].q);
		mpz_divexact(part, q, inverse);
		assert_true(mpz_invert(inverse, part, inverse));
		mpz_mul(part, part, inverse);	/* 1 modulo this prime, 0 modulo the others */
		for (size_t k = 0; k < par->n; k++)
			mpz_addmul_ui(p[k], part, x[k]);
	}
	for (size_t k = 0; k < par->n; k++)
		mpz_mod(p[k], p[k], q);
	mpz_clears(part, inverse, NULL);
	free(x);
	return p;
}

/* acc += sign * a*s in Z[X]/(X^N + 1) */
static void
add_product(Poly acc, const Poly a, const int64_t *s, int sign, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < n; j++)
		{
			int64_t		c = sign * (i + j < n ? s[j] : -s[j]);
			size_t		at = (i + j) % n;

			if (c >= 0)
				mpz_addmul_ui(acc[at], a[i], (unsigned long) c);
			else
				mpz_submul_ui(acc[at], a[i], (unsigned long) -c);
		}
	}
}

static int64_t *
widen(const int8_t *s, size_t n)
{
	int64_t    *w = malloc(n * sizeof(*w));

	assert_non_null(w);
	for (size_t i = 0; i < n; i++)
		w[i] = s[i];
	return w;
}

static void
check_switch(Fixture *f, const PpdlSwitchKey *key, const int64_t *from, const int64_t *to, int limbs, const char *what)
{
	const PpdlParams *par = f->par;
	size_t		words = (size_t) limbs * par->n;
	uint64_t   *a = ppdl_alloc_aligned(words * 8),
			   *kb = ppdl_alloc_aligned(words * 8),
			   *ka = ppdl_alloc_aligned(words * 8);
	double		sum = 0,
				worst = 0,
				sigma,
				estimate = key->whole ? ppdl_switch_public_noise(par, limbs) : ppdl_keyswitch_noise(par, limbs);
	mpz_t		q,
				half;
	Poly		pa,
				pka,
				error;

	for (int i = 0; i < limbs; i++)
		for (size_t k = 0; k < par->n; k++)
			a[(size_t) i * par->n + k] = next_random(f) % par->ring->mod[i].q;
	OK(ppdl_keyswitch(&f->ev, a, limbs, key, kb, ka, &err));
	mpz_inits(q, half, NULL);
	mpz_set_ui(q, 1);
	for (int i = 0; i < limbs; i++)
		mpz_mul_ui(q, q, par->ring->mod[i].q);
	mpz_fdiv_q_2exp(half, q, 1);
	pa = to_integers(par, a, limbs, q);
	pka = to_integers(par, ka, limbs, q);
	error = to_integers(par, kb, limbs, q);
	add_product(error, pka, to, 1, par->n);
	add_product(error, pa, from, -1, par->n);
	for (size_t k = 0; k < par->n; k++)
	{
		double		e;

		mpz_mod(error[k], error[k], q);
		if (mpz_cmp(error[k], half) > 0)
			mpz_sub(error[k], error[k], q);
		e = mpz_get_d(error[k]);
		sum += e * e;
		worst = fmax(worst, fabs(e));
	}
	sigma = sqrt(sum / (double) par->n);
	print_message("%-16s limbs %d of %d: sigma %.2f worst %.0f, estimate %.2f\n", what, limbs, key->limbs, sigma, worst,
				  estimate);
	if (key->np == par->np)
		assert_true(sigma < 1.5 * estimate && sigma > estimate / 1.5);
	assert_true(worst < 6 * sigma);
	assert_true(sigma < 100);
	poly_free(pa, par->n);
	poly_free(pka, par->n);
	poly_free(error, par->n);
	mpz_clears(q, half, NULL);
	ppdl_free_aligned(a);
	ppdl_free_aligned(kb);
	ppdl_free_aligned(ka);
}

static void
test_secret_to_secret(void **state)
{
	Fixture    *f = toy;
	PpdlSecret *sparse;
	PpdlSwitchKey *key;
	int64_t    *from = widen(f->sk->coeff, f->par->n),
			   *to;

	OK(ppdl_secret_create_sparse(&sparse, f->par, 32, f->rng, &err));
	to = widen(sparse->coeff, f->par->n);
	for (int key_limbs = 1; key_limbs <= f->par->nq; key_limbs++)
	{
		OK(ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {GENERIC, key_limbs, f->par->np}, sparse, f->sk, f->rng, f->threads, &err));
		for (int limbs = 1; limbs <= key_limbs; limbs++)
			check_switch(f, key, to, from, limbs, "from sparse");
		ppdl_switch_key_destroy(key);
	}
	/* encapsulation: one limb, one special prime */
	OK(ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_TO_SPARSE, 1, 1}, f->sk, sparse, f->rng, NULL, &err));
	assert_int_equal(key->ndigits, 1);
	assert_int_equal(ppdl_switch_key_bytes(key), 2 * f->par->n / 8 * 50);
	check_switch(f, key, from, to, 1, "encapsulation");
	ppdl_switch_key_destroy(key);
	ppdl_secret_destroy(sparse);
	free(from);
	free(to);
}

/* b + a*s_to - P*g*s_from of every limb of a key: small everywhere, as small as public-key encryption leaves it */
static double
key_noise(const Fixture *f, const PpdlSwitchKey *key, const PpdlSecret *from, const PpdlSecret *to)
{
	const PpdlParams *par = f->par;
	const int	total = key->limbs + key->np;
	uint64_t   *b = malloc(par->n * sizeof(*b)),
			   *a = malloc(par->n * sizeof(*a));
	double		sum = 0;

	assert_true(b != NULL && a != NULL);
	for (int task = 0; task < key->ndigits * total; task++)
	{
		const int	digit = task / total,
					t = task % total,
					prime = t < key->limbs ? t : par->nq + t - key->limbs;
		const PpdlModulus *m = &par->ring->mod[prime];
		const size_t at = (size_t) task * par->n / 8 * 50;
		uint64_t	p = 1;

		for (int i = 0; i < par->np; i++)
			p = (uint64_t) ((unsigned __int128) p * par->ring->mod[par->nq + i].q % m->q);
		if (t >= key->limbs || t < par->digit_start[digit] || t >= par->digit_start[digit + 1])
			p = 0;
		ppdl_unpack_bits(b, key->b + at, par->n, 50);
		ppdl_unpack_bits(a, key->a + at, par->n, 50);
		for (size_t k = 0; k < par->n; k++)
			b[k] = (uint64_t) ((b[k] + (unsigned __int128) a[k] * to->ntt[(size_t) prime * par->n + k] +
								(unsigned __int128) (m->q - p) * from->ntt[(size_t) prime * par->n + k]) % m->q);
		ppdl_intt(par->ring, m, b);
		for (size_t k = 0; k < par->n; k++)
		{
			double		e = b[k] > m->q / 2 ? -(double) (m->q - b[k]) : (double) b[k];

			sum += e * e;
		}
	}
	free(b);
	free(a);
	return sqrt(sum / ((double) par->n * key->ndigits * total));
}

/* made with the public key of the secret that it leads to */
static void
test_under_public_key(void **state)
{
	Fixture    *f = toy;
	const PpdlParams *par = f->par;
	PpdlSecret *writer;
	PpdlPublicKey *pk;
	PpdlPublicSpecial *special,
			   *other;
	PpdlSwitchKey *key;
	int64_t    *from,
			   *to = widen(f->sk->coeff, par->n);
	const double expected = PPDL_SIGMA * sqrt(1 + 4.0 * (double) par->n / 3);
	uint8_t		seed[PPDL_SEED_BYTES] = {7};
	PpdlRng    *twice[2];

	OK(ppdl_secret_create(&writer, par, f->rng, &err));
	from = widen(writer->coeff, par->n);
	for (int i = 0; i < 2; i++)
		OK(ppdl_rng_create_seeded(&twice[i], seed, 3, &err));
	OK(ppdl_public_key_create(&pk, f->sk, twice[0], &err));
	OK(ppdl_public_special_create(&special, f->sk, twice[1], &err));
	for (int limbs = 1; limbs <= par->nq; limbs++)
	{
		const PpdlSwitchKeyForm form = {PPDL_KEY_TO_OWNER, limbs, par->np};
		double		noise;

		OK(ppdl_switch_key_create_public(&key, &form, writer, pk, special, f->rng, f->threads, &err));
		assert_true(key->whole);
		noise = key_noise(f, key, writer, f->sk);
		print_message("noise of the key %.1f, expected %.1f\n", noise, expected);
		assert_true(noise > 0.8 * expected && noise < 1.25 * expected);
		for (int l = 1; l <= limbs; l++)
			check_switch(f, key, from, to, l, "under public key");
		ppdl_switch_key_destroy(key);
	}
	/* halves that do not belong together, too few special primes, another ring's: refused */
	OK(ppdl_public_special_create(&other, f->sk, f->rng, &err));
	assert_int_equal(ppdl_switch_key_create_public(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_TO_OWNER, 2, par->np}, writer,
												   pk, other, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_switch_key_create_public(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_TO_OWNER, 1, 1}, writer, pk,
												   special, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	ppdl_public_special_destroy(special);
	ppdl_public_special_destroy(other);
	ppdl_public_key_destroy(pk);
	ppdl_secret_destroy(writer);
	for (int i = 0; i < 2; i++)
		ppdl_rng_destroy(twice[i]);
	free(from);
	free(to);
}

static void
test_relinearisation(void **state)
{
	Fixture    *f = toy;
	size_t		n = f->par->n;
	PpdlSwitchKey *key;
	int64_t    *s = widen(f->sk->coeff, n),
			   *square = calloc(n, sizeof(*square));

	assert_non_null(square);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			square[(i + j) % n] += (i + j < n ? 1 : -1) * s[i] * s[j];
	OK(ppdl_eval_key_create(&key, PPDL_KEY_RELIN, f->sk, f->par->nq, f->rng, f->threads, &err));
	for (int limbs = 1; limbs <= f->par->nq; limbs++)
		check_switch(f, key, square, s, limbs, "relinearisation");
	ppdl_switch_key_destroy(key);
	free(s);
	free(square);
}

/* the key of d leads to sigma_(d^-1)(s) */
static void
test_galois(void **state)
{
	Fixture    *f = toy;
	size_t		n = f->par->n;
	const uint32_t element[] = {5, 25, 2 * (uint32_t) n - 1, 3};
	PpdlSwitchKey *key;
	int64_t    *s = widen(f->sk->coeff, n),
			   *to = malloc(n * sizeof(*to));

	assert_non_null(to);
	for (size_t k = 0; k < sizeof(element) / sizeof(element[0]); k++)
	{
		uint32_t	inverse = ppdl_galois_inverse(f->par->ring, element[k]);

		for (size_t i = 0; i < n; i++)
		{
			size_t		at = i * inverse % (2 * n);

			to[at % n] = at < n ? s[i] : -s[i];
		}
		OK(ppdl_eval_key_create(&key, element[k], f->sk, 4, f->rng, NULL, &err));
		check_switch(f, key, s, to, 4, "Galois");
		check_switch(f, key, s, to, 1, "Galois");
		ppdl_switch_key_destroy(key);
	}
	free(s);
	free(to);
}

static void
test_errors(void **state)
{
	Fixture    *f = toy;
	PpdlSwitchKey *key;
	uint64_t	none[1];

	assert_int_equal(ppdl_eval_key_create(&key, 2, f->sk, 3, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_eval_key_create(&key, 513, f->sk, 3, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_eval_key_create(&key, 5, f->sk, 0, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_eval_key_create(&key, 5, f->sk, 7, f->rng, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_BRIDGE, 2, 1}, f->sk, f->sk, f->rng,
											NULL, &err), PPDL_ERR_ARGUMENT);
	OK(ppdl_eval_key_create(&key, 5, f->sk, 2, f->rng, NULL, &err));
	assert_int_equal(ppdl_keyswitch(&f->ev, none, 3, key, none, none, &err), PPDL_ERR_KEY);
	ppdl_switch_key_destroy(key);
	/* a key for inputs below q0 has one digit only */
	OK(ppdl_switch_key_create(&key, &(PpdlSwitchKeyForm) {PPDL_KEY_FROM_SPARSE, 6, 1}, f->sk, f->sk, f->rng, NULL, &err));
	assert_int_equal(ppdl_keyswitch(&f->ev, none, 3, key, none, none, &err), PPDL_ERR_KEY);
	ppdl_switch_key_destroy(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret_to_secret),
		cmocka_unit_test(test_under_public_key),
		cmocka_unit_test(test_relinearisation),
		cmocka_unit_test(test_galois),
		cmocka_unit_test(test_errors),
	};
	int			failed;

	toy = fixture_new(&toy8, 0, 2);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(toy);
	return failed;
}
