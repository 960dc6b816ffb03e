/* Base conversion and rescaling against the Chinese remainder theorem in GMP. */
#include "ring_common.h"

/* x in (-D/2, D/2), but for the band near +-D/2 where a neighbour may come out */
static void
random_centred(mpz_t x, const mpz_t d, gmp_randstate_t rs, int kind)
{
	mpz_t		margin;

	mpz_init(margin);
	mpz_fdiv_q_2exp(margin, d, 40);
	switch (kind)
	{
		case 0:					/* anywhere */
			mpz_urandomm(x, rs, d);
			mpz_submul_ui(x, margin, 2);
			if (mpz_sgn(x) < 0)
				mpz_set_ui(x, 0);
			mpz_add(x, x, margin);
			mpz_mul_2exp(margin, x, 1);
			if (mpz_cmp(margin, d) > 0)
				mpz_sub(x, x, d);
			break;
		case 1:					/* just inside the band's edge */
			mpz_fdiv_q_2exp(x, d, 1);
			mpz_sub(x, x, margin);
			break;
		case 2:
			mpz_fdiv_q_2exp(x, d, 1);
			mpz_sub(x, x, margin);
			mpz_neg(x, x);
			break;
		case 3:
			mpz_set_si(x, -(long) (next64() >> 61));
			break;
		default:
			mpz_set_ui(x, next64() >> 61);
	}
	mpz_clear(margin);
}

/* columns in two parts, targets a few at a time; coefficients of all primes */
static void
convert(const PpdlRing *ring, const PpdlBaseConv *bc, const uint64_t *in, uint64_t *out, const int *src, int nsrc,
		const int *dst, int ndst)
{
	uint64_t   *loaded = new_limbs(ppdl_baseconv_words(bc)),
			   *begun = new_limbs((size_t) nsrc * ring->n);
	const int	columns = ppdl_baseconv_columns(bc),
				first = (int) (next64() % (unsigned) (columns + 1)),
				parts = ppdl_ntt_parts(ring);

	memcpy(begun, in, (size_t) nsrc * ring->n * sizeof(*begun));
	for (int i = 0; i < nsrc; i++)
	{
		uint64_t   *limb = ppdl_limb(ring, begun, i);

		ppdl_ntt(ring, &ring->mod[src[i]], limb);
		for (int part = 0; part < parts; part++)
			ppdl_intt_part(ring, &ring->mod[src[i]], limb, limb, part);
	}
	ppdl_baseconv_load(bc, loaded, begun, first, columns - first);
	ppdl_baseconv_load(bc, loaded, begun, 0, first);
	ppdl_free_aligned(begun);
	for (int j = 0, count; j < ndst; j += count)
	{
		count = 1 + (int) (next64() % 9);
		if (count > ndst - j)
			count = ndst - j;
		ppdl_baseconv_targets(bc, ppdl_limb(ring, out, j), loaded, j, count);
	}
	for (int j = 0; j < ndst; j++)
	{
		for (int part = 0; part < parts; part++)
			ppdl_ntt_part(ring, &ring->mod[dst[j]], ppdl_limb(ring, out, j), part, NULL);
		ppdl_intt(ring, &ring->mod[dst[j]], ppdl_limb(ring, out, j));
	}
	ppdl_free_aligned(loaded);
}

static void
check_conversion(const PpdlRing *ring, const int *src, int nsrc, const int *dst, int ndst)
{
	const size_t n = ring->n;
	uint64_t   *in = new_limbs((size_t) nsrc * n),
			   *out = new_limbs((size_t) ndst * n),
			   *want = new_limbs((size_t) ndst * n);
	PpdlBaseConv *bc;
	gmp_randstate_t rs;
	mpz_t		d,
				x;

	gmp_randinit_default(rs);
	gmp_randseed_ui(rs, next64());
	mpz_init_set_ui(d, 1);
	mpz_init(x);
	for (int i = 0; i < nsrc; i++)
		mpz_mul_ui(d, d, ring->mod[src[i]].q);
	for (size_t t = 0; t < n; t++)
	{
		random_centred(x, d, rs, next64() % 3 == 0 ? (int) (next64() % 5) : 0);
		for (int i = 0; i < nsrc; i++)
			in[(size_t) i * n + t] = mpz_fdiv_ui(x, ring->mod[src[i]].q);
		for (int j = 0; j < ndst; j++)
			want[(size_t) j * n + t] = mpz_fdiv_ui(x, ring->mod[dst[j]].q);
	}
	assert_int_equal(ppdl_baseconv_create(&bc, ring, src, nsrc, dst, ndst, NULL), PPDL_OK);
	for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best(); level++)
	{
		ppdl_cpu_force(level);
		memset(out, 0xff, (size_t) ndst * n * sizeof(*out));
		convert(ring, bc, in, out, src, nsrc, dst, ndst);
		if (memcmp(out, want, (size_t) ndst * n * sizeof(*out)) != 0)
			fail_msg("%s: %d to %d primes, N = %zu", ppdl_cpu_name(level), nsrc, ndst, n);
	}
	/* near +-D/2 the levels must still agree, on x or its neighbour */
	for (size_t t = 0; t < n; t++)
	{
		mpz_fdiv_q_2exp(x, d, 1);
		mpz_add_ui(x, x, t);
		mpz_sub_ui(x, x, n / 2);
		for (int i = 0; i < nsrc; i++)
			in[(size_t) i * n + t] = mpz_fdiv_ui(x, ring->mod[src[i]].q);
	}
	ppdl_cpu_force(PPDL_CPU_SCALAR);
	convert(ring, bc, in, out, src, nsrc, dst, ndst);
	memcpy(want, out, (size_t) ndst * n * sizeof(*out));
	for (size_t t = 0; t < n; t++)
	{
		int			same = 1,
					neighbour = 1;

		mpz_fdiv_q_2exp(x, d, 1);
		mpz_add_ui(x, x, t);
		mpz_sub_ui(x, x, n / 2);
		for (int j = 0; j < ndst; j++)
			same &= out[(size_t) j * n + t] == mpz_fdiv_ui(x, ring->mod[dst[j]].q);
		mpz_sub(x, x, d);
		for (int j = 0; j < ndst; j++)
			neighbour &= out[(size_t) j * n + t] == mpz_fdiv_ui(x, ring->mod[dst[j]].q);
		assert_true(same || neighbour);
	}
	for (PpdlCpu level = PPDL_CPU_SCALAR + 1; level <= ppdl_cpu_best(); level++)
	{
		ppdl_cpu_force(level);
		convert(ring, bc, in, out, src, nsrc, dst, ndst);
		assert_memory_equal(out, want, (size_t) ndst * n * sizeof(*out));
	}
	ppdl_cpu_force(ppdl_cpu_best());
	ppdl_baseconv_destroy(bc);
	mpz_clears(d, x, NULL);
	gmp_randclear(rs);
	ppdl_free_aligned(in);
	ppdl_free_aligned(out);
	ppdl_free_aligned(want);
}

/* all the splits key switching and ModRaise use, and random ones */
static void
test_conversion(void **state)
{
	PpdlRing   *row = new_ring(5, row_primes, COUNT(row_primes)),
			   *deep = new_ring(6, deep_primes, COUNT(deep_primes)),
			   *split = new_ring(10, row_primes, COUNT(row_primes));	/* whose transform is in parts */
	int			all[64];

	for (int i = 0; i < COUNT(all); i++)
		all[i] = i;
	check_conversion(split, all, 2, all + 2, 3);
	check_conversion(row, all, 2, all + 2, 8);	/* a digit up */
	check_conversion(row, all + 8, 2, all, 8);	/* ModDown */
	check_conversion(row, all, 1, all + 1, 9);
	check_conversion(row, all, 9, all + 9, 1);
	check_conversion(deep, all, 10, all + 10, 27);
	check_conversion(deep, all + 28, 9, all, 28);
	check_conversion(deep, all, 1, all + 1, 36);	/* ModRaise */
	check_conversion(deep, all + 1, 36, all, 1);
	for (int turn = 0; turn < 20; turn++)
	{
		int			order[COUNT(deep_primes)],
					nsrc = 1 + (int) (next64() % (COUNT(deep_primes) - 1)),
					ndst = 1 + (int) (next64() % (unsigned) (COUNT(deep_primes) - nsrc));

		for (int i = 0; i < COUNT(order); i++)
		{
			int			j = (int) (next64() % (unsigned) (i + 1));

			order[i] = order[j];
			order[j] = i;
		}
		check_conversion(deep, order, nsrc, order + nsrc, ndst);
	}
	ppdl_ring_destroy(row);
	ppdl_ring_destroy(deep);
	ppdl_ring_destroy(split);
}

/* small primes: every fraction constant has another number of bits; N = 8 leaves blocks short */
static void
test_conversion_of_small_primes(void **state)
{
	static const uint64_t primes[] = {17, 97, 113, 193, 12289, 40961, 0x4000038001, 0x3ffffffd20001};
	PpdlRing   *ring = new_ring(3, primes, COUNT(primes));
	int			all[] = {0, 1, 2, 3, 4, 5, 6, 7};

	for (int nsrc = 1; nsrc < COUNT(primes); nsrc++)
	{
		check_conversion(ring, all, nsrc, all + nsrc, COUNT(primes) - nsrc);
		check_conversion(ring, all + nsrc, COUNT(primes) - nsrc, all, nsrc);
	}
	ppdl_ring_destroy(ring);
}

static void
test_conversion_of_many_blocks(void **state)
{
	PpdlRing   *ring = new_ring(11, row_primes, COUNT(row_primes));
	int			all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

	for (int turn = 0; turn < 4; turn++)
		check_conversion(ring, all + 8, 2, all, 8);
	ppdl_ring_destroy(ring);
}

static void
test_bad_conversions(void **state)
{
	PpdlRing   *ring = new_ring(3, row_primes, COUNT(row_primes));
	PpdlBaseConv *bc;
	PpdlError	err;
	int			all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

	assert_int_equal(ppdl_baseconv_create(&bc, ring, all, 0, all, 1, &err), PPDL_ERR_ARGUMENT);
	assert_null(bc);
	assert_int_equal(ppdl_baseconv_create(&bc, ring, all, 1, all + 1, PPDL_MAX_CONV + 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_baseconv_create(&bc, ring, all, 3, all + 2, 2, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "prime 2 twice"));
	assert_int_equal(ppdl_baseconv_create(&bc, ring, all, 1, all + 10, 1, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "prime 10"));
	ppdl_ring_destroy(ring);
}

/* round(x / q_last) of every limb, ties cannot occur: q_last is odd */
static void
check_rescale(const PpdlRing *ring, int limbs, PpdlThreads *threads)
{
	const size_t n = ring->n;
	PpdlPool   *pool = ppdl_pool_create();
	uint64_t   *p = new_limbs((size_t) limbs * n),
			   *save = new_limbs((size_t) limbs * n),
			   *want = new_limbs((size_t) limbs * n);
	const uint64_t last = ring->mod[limbs - 1].q;
	gmp_randstate_t rs;
	mpz_t		d,
				x;

	gmp_randinit_default(rs);
	gmp_randseed_ui(rs, next64());
	mpz_init_set_ui(d, 1);
	mpz_init(x);
	for (int i = 0; i < limbs; i++)
		mpz_mul_ui(d, d, ring->mod[i].q);
	for (size_t t = 0; t < n; t++)
	{
		mpz_urandomm(x, rs, d);
		if (t % 3 == 0)			/* just below and above a half */
			mpz_set_ui(x, last / 2 + (uint64_t) (t & 1) + last * (next64() >> 40));
		for (int i = 0; i < limbs; i++)
			save[(size_t) i * n + t] = mpz_fdiv_ui(x, ring->mod[i].q);
		mpz_add_ui(x, x, last / 2);
		mpz_fdiv_q_ui(x, x, last);
		for (int i = 0; i < limbs - 1; i++)
			want[(size_t) i * n + t] = mpz_fdiv_ui(x, ring->mod[i].q);
	}
	for (int i = 0; i < limbs; i++)
		ppdl_ntt(ring, &ring->mod[i], save + (size_t) i * n);
	for (PpdlCpu level = PPDL_CPU_SCALAR; level <= ppdl_cpu_best(); level++)
	{
		ppdl_cpu_force(level);
		memcpy(p, save, (size_t) limbs * n * sizeof(*p));
		assert_int_equal(ppdl_rns_rescale(ring, p, limbs, pool, threads, NULL), PPDL_OK);
		for (int i = 0; i < limbs - 1; i++)
			ppdl_intt(ring, &ring->mod[i], p + (size_t) i * n);
		assert_memory_equal(p, want, (size_t) (limbs - 1) * n * sizeof(*p));
	}
	mpz_clears(d, x, NULL);
	gmp_randclear(rs);
	ppdl_free_aligned(p);
	ppdl_free_aligned(save);
	ppdl_free_aligned(want);
	ppdl_pool_destroy(pool);
}

static void
test_rescale(void **state)
{
	PpdlRing   *row = new_ring(6, row_primes, COUNT(row_primes)),
			   *deep = new_ring(4, deep_primes, COUNT(deep_primes));
	PpdlThreads *threads;
	PpdlError	err;
	uint64_t   *p = new_limbs(row->n);

	assert_int_equal(ppdl_threads_create(&threads, 3, NULL), PPDL_OK);
	for (int limbs = 2; limbs <= row->count; limbs++)
		check_rescale(row, limbs, limbs % 2 ? threads : NULL);
	check_rescale(deep, deep->count, NULL);
	check_rescale(deep, 14, threads);
	assert_int_equal(ppdl_rns_rescale(row, p, 1, NULL, NULL, &err), PPDL_ERR_LEVEL);
	ppdl_free_aligned(p);
	ppdl_threads_destroy(threads);
	ppdl_ring_destroy(row);
	ppdl_ring_destroy(deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversion),
		cmocka_unit_test(test_conversion_of_small_primes),
		cmocka_unit_test(test_conversion_of_many_blocks),
		cmocka_unit_test(test_bad_conversions),
		cmocka_unit_test(test_rescale),
	};

	seed_tests();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
