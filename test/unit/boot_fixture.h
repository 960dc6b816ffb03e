/* What the tests of bootstrapping share: they run the same checks at a toy degree and at the real one. */
#ifndef TEST_BOOT_FIXTURE_H
#define TEST_BOOT_FIXTURE_H

#include "deep_fixture.h"
#include "ckks/boot_impl.h"

/* the ring, and its keys, of the test before, where they are the same: keys take longer than what is tested */
static inline Deep *
boot_deep(int logn, int threads)
{
	static Deep *kept;
	static int	kept_threads;

	if (kept != NULL && kept->f->par->logn == logn && kept_threads == threads)
		return kept;
	if (kept != NULL)
		deep_free(kept);
	kept = logn == 0 ? NULL : deep_new(logn, threads);
	kept_threads = threads;
	return kept;
}

static inline int
boot_tear_down(void **state)
{
	boot_deep(0, 0);
	return 0;
}

/* encrypts coefficients under the sparse secret at one limb; those marked as holes get a random phase */
static inline void
encrypt_sparse(Deep *d, PpdlCt *out, const double *x, const uint8_t *hole, double scale)
{
	Fixture    *f = d->f;
	int64_t    *m = malloc(sizeof(*m) * f->par->n);
	PpdlPt		pt;

	for (size_t c = 0; c < f->par->n; c++)
		m[c] = hole[c] ? (int64_t) (next_real(f) * 0x1p48) : llround(x[c] * scale);
	OK(ppdl_pt_alloc(&f->ev, &pt, 1, &err));
	OK(ppdl_encode_coeffs(f->par, &pt, m, scale, 1, &err));
	OK(ppdl_encrypt_secret(&f->ev, out, &pt, d->sparse, f->rng, &err));
	ppdl_pt_release(&f->ev, &pt);
	free(m);
}

/* from the one secret to the sparse one */
static inline void
encapsulation(int logn, int threads, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const size_t n = f->par->n;
	double	   *x = malloc(sizeof(double) * n),
			   *got = malloc(sizeof(double) * n);
	int64_t    *m = malloc(sizeof(*m) * n);
	Precision	p = {0};
	PpdlPt		pt;
	PpdlCt		in,
				out;

	for (size_t c = 0; c < n; c++)
		m[c] = llround((x[c] = next_real(f)) * 0x1p42);
	OK(ppdl_pt_alloc(&f->ev, &pt, 1, &err));
	OK(ppdl_encode_coeffs(f->par, &pt, m, 0x1p42, 1, &err));
	OK(ppdl_encrypt_secret(&f->ev, &in, &pt, f->sk, f->rng, &err));
	OK(ppdl_boot_encapsulate(&f->ev, &out, &in, &err));
	OK(ppdl_decrypt_coeffs(&f->ev, &out, d->sparse, got, &err));
	for (size_t c = 0; c < n; c++)
		precision_add(&p, got[c] / out.scale - x[c]);
	precision_print(&p, "encapsulation");
	assert_true(precision_worst(&p) >= bits);
	ppdl_pt_release(&f->ev, &pt);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
	free(got);
	free(m);
}

/* CoefficientsToSlots in the levels of the half-bootstrap */
static inline void
coeffs_to_slots(int logn, int threads, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const size_t n = f->par->n;
	double	   *x = malloc(sizeof(double) * n);
	int64_t    *m = malloc(sizeof(*m) * n);
	PpdlChain	chain = {0};
	Precision	p = {0};
	PpdlPt		pt;
	PpdlCt		ct;

	OK(ppdl_boot_create_dft(&chain, &f->ev, 1, f->par->nq, 1, &err));
	for (size_t c = 0; c < n; c++)
		m[c] = llround((x[c] = next_real(f)) * 0x1p50);
	OK(ppdl_pt_alloc(&f->ev, &pt, f->par->nq, &err));
	OK(ppdl_encode_coeffs(f->par, &pt, m, 0x1p50, f->par->nq, &err));
	OK(ppdl_encrypt_secret(&f->ev, &ct, &pt, f->sk, f->rng, &err));
	OK(ppdl_chain_run(&chain, &f->ev, &ct, &err));
	assert_int_equal(ct.limbs, PPDL_BOOT_EVALMOD_LIMBS);
	OK(ppdl_decrypt_slots(&f->ev, &ct, f->sk, f->z, &err));
	for (size_t s = 0; s < n / 2; s++)
	{
		size_t		c = ppdl_bitrev((uint32_t) s, f->par->logn - 1);

		precision_add(&p, cabs(f->z[s] - (x[c] + I * x[c + n / 2])));
	}
	precision_print(&p, "CoefficientsToSlots");
	assert_true(precision_worst(&p) >= bits);
	ppdl_chain_destroy(&chain);
	ppdl_pt_release(&f->ev, &pt);
	ppdl_ct_release(&f->ev, &ct);
	free(x);
	free(m);
}

/* residues of up to 2^-8 beside any multiple of q0 that occurs, relative to 2^-8 */
static inline void
eval_mod(int logn, int threads, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const size_t slots = f->par->slots;
	double	   *x = malloc(sizeof(double) * slots);
	Precision	p = {0};
	PpdlPt		pt;
	PpdlCt		in,
				out;

	for (size_t s = 0; s < slots; s++)
	{
		x[s] = next_real(f);
		f->z[s] = (floor(14.5 * (next_real(f) + 1)) - 14 + x[s] / 256) / PPDL_BOOT_K;
	}
	OK(ppdl_pt_alloc(&f->ev, &pt, PPDL_BOOT_EVALMOD_LIMBS, &err));
	OK(ppdl_encode_slots(f->par, &pt, f->z, slots, 0x1p50, PPDL_BOOT_EVALMOD_LIMBS, &err));
	OK(ppdl_encrypt_secret(&f->ev, &in, &pt, f->sk, f->rng, &err));
	OK(ppdl_boot_eval_mod(&f->ev, &out, &in, &err));
	assert_int_equal(out.limbs, PPDL_BOOT_S2C_LIMBS);
	OK(ppdl_decrypt_slots(&f->ev, &out, f->sk, f->z, &err));
	for (size_t s = 0; s < slots; s++)
		precision_add(&p, cabs(f->z[s] * 256 - x[s]));
	precision_print(&p, "EvalMod");
	assert_true(precision_worst(&p) >= bits);
	ppdl_pt_release(&f->ev, &pt);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
}

static inline void
half_bootstrap(int logn, int threads, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const size_t n = f->par->n,
				half = n / 2;
	double	   *x = malloc(sizeof(double) * n);
	uint8_t    *hole = malloc(n);
	Precision	p = {0};
	double		hole_max = 0,
				t;
	PpdlHalfBoot *hb;
	PpdlCt		in,
				out[2];

	for (size_t c = 0; c < n; c++)
	{
		x[c] = next_real(f);
		hole[c] = next_random(f) % 10 == 0;
	}
	encrypt_sparse(d, &in, x, hole, 0x1p42);
	OK(ppdl_halfboot_create(&hb, &f->ev, &err));
	for (int run = 0; run < 2; run++)	/* the first makes the keys */
	{
		t = seconds();
		OK(ppdl_halfboot_run(hb, &f->ev, out, &in, &err));
		t = seconds() - t;
		if (run == 0)
			for (int h = 0; h < 2; h++)
				ppdl_ct_release(&f->ev, &out[h]);
	}
	for (int h = 0; h < 2; h++)
	{
		assert_int_equal(out[h].limbs, PPDL_BOOT_S2C_LIMBS);
		OK(ppdl_decrypt_slots(&f->ev, &out[h], f->sk, f->z, &err));
		for (size_t s = 0; s < half; s++)
		{
			size_t		c = ppdl_bitrev((uint32_t) s, f->par->logn - 1) + (size_t) h * half;

			if (hole[c])
				hole_max = fmax(hole_max, cabs(f->z[s]));
			else
				precision_add(&p, creal(f->z[s]) - x[c]);
		}
		ppdl_ct_release(&f->ev, &out[h]);
	}
	precision_print(&p, "half-bootstrap, 10 % holes");
	print_message("N = 2^%d, %d threads: %.2f s, %zu MB of tables, largest hole %.1f, scale 2^%.2f\n",
				  logn, threads, t, ppdl_halfboot_bytes(hb) >> 20, hole_max, log2(out[0].scale));
	assert_true(precision_worst(&p) >= bits);
	assert_true(hole_max < 60);
	ppdl_ct_release(&f->ev, &in);
	ppdl_halfboot_destroy(hb);
	free(x);
	free(hole);
}

/* SlotsToCoefficients of all slots: slot s becomes coefficient bitrev(s), its imaginary part the one N/2 farther */
static inline void
slots_to_coeffs(int logn, int threads, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const size_t n = f->par->n;
	double complex *z = random_slots(f, 0);
	double	   *got = malloc(sizeof(double) * n),
				t = 0;
	PpdlChain	chain = {0};
	Precision	p = {0};

	OK(ppdl_boot_create_s2c(&chain, &f->ev, &err));
	for (int run = 0; run < 2; run++)	/* the first makes the keys */
	{
		PpdlCt		ct = encrypt(f, z, PPDL_BOOT_FULL_SCALE, PPDL_BOOT_FULL_LIMBS);

		t = seconds();
		OK(ppdl_chain_run(&chain, &f->ev, &ct, &err));
		t = seconds() - t;
		assert_int_equal(ct.limbs, 1);
		ct.bound = M_SQRT2;		/* of a coefficient */
		OK(ppdl_decrypt_coeffs(&f->ev, &ct, f->sk, got, &err));
		for (size_t s = 0; s < n / 2 && run == 1; s++)
		{
			const size_t c = ppdl_bitrev((uint32_t) s, f->par->logn - 1);

			precision_add(&p, got[c] / ct.scale - creal(z[s]));
			precision_add(&p, got[c + n / 2] / ct.scale - cimag(z[s]));
		}
		ppdl_ct_release(&f->ev, &ct);
	}
	precision_print(&p, "SlotsToCoefficients");
	print_message("N = 2^%d, %d threads: %.2f s, %zu MB of tables\n", logn, threads, t, ppdl_chain_bytes(&chain) >> 20);
	assert_true(precision_worst(&p) >= bits);
	ppdl_chain_destroy(&chain);
	free(z);
	free(got);
}

/* twice in a row, as slots have to be what they were, of one ciphertext or two, at the limbs it takes and one more */
static inline void
full_bootstrap(int logn, int threads, int count, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	double complex *x[2] = {NULL, NULL};
	PpdlHalfBoot *hb;
	PpdlFullBoot *fb;
	PpdlCt		ct[2];
	double		t = 0;

	OK(ppdl_halfboot_create(&hb, &f->ev, &err));
	OK(ppdl_fullboot_create(&fb, &f->ev, &err));
	for (int v = 0; v < count; v++)
	{
		x[v] = random_slots(f, 1);
		ct[v] = encrypt(f, x[v], PPDL_BOOT_FULL_SCALE, PPDL_BOOT_FULL_LIMBS + 1 - v);
	}
	for (int run = 0; run < 2; run++)
	{
		t = seconds();
		OK(ppdl_fullboot_run(fb, hb, &f->ev, ct, count, &err));
		t = seconds() - t;
		for (int v = 0; v < count; v++)
		{
			Precision	p = {0};
			double		stated = ct[v].noise * sqrt((double) f->par->n) / ct[v].scale;

			assert_int_equal(ct[v].limbs, PPDL_BOOT_S2C_LIMBS);
			OK(ppdl_decrypt_slots(&f->ev, &ct[v], f->sk, f->z, &err));
			for (size_t s = 0; s < f->par->slots; s++)
				precision_add(&p, cabs(f->z[s] - x[v][s]));
			precision_print(&p, run == 0 ? "a full bootstrap" : "two full bootstraps in a row");
			print_message("stated %.2f bits, scale 2^%.2f\n", -log2(stated), log2(ct[v].scale));
			assert_true(precision_worst(&p) >= bits);
			assert_true(precision_rms(&p) < 4 * stated && precision_rms(&p) > stated / 16);
			OK(ppdl_ct_match(&f->ev, &ct[v], PPDL_BOOT_FULL_LIMBS, PPDL_BOOT_FULL_SCALE, &err));
		}
	}
	print_message("N = 2^%d, %d x all slots, %d threads: %.2f s, %zu MB of tables\n", logn, count, threads, t,
				  ppdl_fullboot_bytes(fb) >> 20);
	ct[0].scale *= 2;
	assert_int_equal(ppdl_fullboot_run(fb, hb, &f->ev, ct, 1, &err), PPDL_ERR_SCALE);
	ppdl_ct_drop(&ct[0], PPDL_BOOT_FULL_LIMBS - 1);
	assert_int_equal(ppdl_fullboot_run(fb, hb, &f->ev, ct, 1, &err), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_fullboot_run(fb, hb, &f->ev, ct, 3, &err), PPDL_ERR_ARGUMENT);
	for (int v = 0; v < count; v++)
	{
		ppdl_ct_release(&f->ev, &ct[v]);
		free(x[v]);
	}
	ppdl_fullboot_destroy(fb);
	ppdl_halfboot_destroy(hb);
}

/* one or two ciphertexts of a period of slots, scale near 2^40 (the second's differs) */
static inline void
sparse_bootstrap(int logn, int threads, size_t period, int count, double bits)
{
	Deep	   *d = boot_deep(logn, threads);
	Fixture    *f = d->f;
	const double scale[2] = {0x1p40, 0x1.8p40};
	double complex *w = malloc(sizeof(*w) * 2 * period);
	PpdlSparseBoot *sb;
	PpdlCt		ct[2];
	Precision	p = {0};
	double		t = 0;

	OK(ppdl_sparseboot_create(&sb, &f->ev, period, count, scale[0], &err));
	for (int v = 0; v < count; v++)
	{
		PpdlPt		pt;

		for (size_t s = 0; s < period; s++)
			w[(size_t) v * period + s] = 0.7 * next_real(f) + 0.7 * I * next_real(f);
		OK(ppdl_pt_alloc(&f->ev, &pt, 2, &err));
		OK(ppdl_encode_slots(f->par, &pt, w + (size_t) v * period, period, scale[v], 2, &err));
		OK(ppdl_encrypt_secret(&f->ev, &ct[v], &pt, f->sk, f->rng, &err));
		ppdl_pt_release(&f->ev, &pt);
	}
	for (int run = 0; run < 2; run++)
	{
		t = seconds();
		OK(ppdl_sparseboot_run(sb, &f->ev, ct, &err));
		t = seconds() - t;
	}
	for (int v = 0; v < count; v++)
	{
		assert_int_equal(ct[v].limbs, PPDL_BOOT_WORK_LIMBS);
		assert_true(fabs(ct[v].scale / scale[v] - 1) < 1e-6);
		OK(ppdl_decrypt_slots(&f->ev, &ct[v], f->sk, f->z, &err));
		for (size_t s = 0; s < f->par->slots; s++)
			precision_add(&p, cabs(f->z[s] - w[(size_t) v * period + s % period]));
		ppdl_ct_release(&f->ev, &ct[v]);
	}
	precision_print(&p, "two sparse bootstraps in a row");
	print_message("N = 2^%d, %d x %zu slots, %d threads: %.2f s, %zu MB of tables\n",
				  logn, count, period, threads, t, ppdl_sparseboot_bytes(sb) >> 20);
	assert_true(precision_worst(&p) >= bits);
	ppdl_sparseboot_destroy(sb);
	free(w);
}

#endif
