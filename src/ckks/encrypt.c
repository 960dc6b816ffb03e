#include "ckks/encrypt.h"

#include <math.h>
#include <string.h>

#include <openssl/crypto.h>

#include "ckks/encode_impl.h"
#include "ckks/eval_impl.h"
#include "ring/vec.h"

static PpdlStatus
start(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlParams *key_par, PpdlError *err)
{
	ct->b = ct->a = NULL;
	PPDL_TRY(ppdl_check_ring(ev, pt->par, "encrypt", err));
	PPDL_TRY(ppdl_check_ring(ev, key_par, "encrypt with this key", err));
	PPDL_VERIFY_PT(pt);
	PPDL_TRY(ppdl_ct_alloc(ev, ct, pt->limbs, err));
	ct->scale = pt->scale;
	/* the exact maximum would tell of the values */
	ct->bound = pt->bound <= 1 ? 1 : exp2(ceil(log2(pt->bound)));
	return PPDL_OK;
}

PpdlStatus
ppdl_encrypt_secret(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	uint8_t		seed[PPDL_SEED_BYTES];
	int8_t	   *e = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, start(ev, ct, pt, sk->par, err));
	e = ppdl_alloc_aligned(par->n);
	if (e == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, ppdl_rng_bytes(rng, seed, sizeof(seed), err));
	PPDL_GOTO(done, ppdl_sample_gaussian(rng, e, par->n, err));
	for (int i = 0; i < ct->limbs; i++)
	{
		const PpdlModulus *m = &par->ring->mod[i];
		uint64_t   *a = ppdl_at(par, ct->a, i),
				   *b = ppdl_at(par, ct->b, i);

		PPDL_GOTO(done, ppdl_xof_uniform(m, a, par->n, seed, PPDL_XOF_KEY_A, 0, err));
		/* b = -(a*s - (e + m)) */
		ppdl_small_to_limb(m, b, e, par->n);
		ppdl_ntt(par->ring, m, b);
		ppdl_vec_add(m, b, b, ppdl_cat(par, pt->p, i), par->n);
		ppdl_vec_neg(m, b, b, par->n);
		ppdl_vec_mul_add(m, b, a, ppdl_cat(par, sk->ntt, i), par->n);
		ppdl_vec_neg(m, b, b, par->n);
	}
	ct->noise = PPDL_SIGMA;
	PPDL_VERIFY_CT(ct);
done:
	ppdl_free_secret(e, par->n);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, ct);
	return status;
}

PpdlStatus
ppdl_encrypt_public(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, const PpdlPublicKey *pk, PpdlRng *rng, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const size_t n = par->n;
	int8_t	   *small = NULL;	/* u, e0, e1 */
	uint64_t   *u = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, start(ev, ct, pt, pk->par, err));
	small = ppdl_alloc_aligned(3 * n);
	u = ppdl_alloc_aligned(n * sizeof(uint64_t));
	if (small == NULL || u == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, ppdl_sample_ternary(rng, small, n, err));
	PPDL_GOTO(done, ppdl_sample_gaussian(rng, small + n, 2 * n, err));
	for (int i = 0; i < ct->limbs; i++)
	{
		const PpdlModulus *m = &par->ring->mod[i];
		uint64_t   *half[2] = {ppdl_at(par, ct->b, i), ppdl_at(par, ct->a, i)};
		const uint64_t *key[2] = {ppdl_cat(par, pk->b, i), ppdl_cat(par, pk->a, i)};

		ppdl_small_to_limb(m, u, small, n);
		ppdl_ntt(par->ring, m, u);
		for (int h = 0; h < 2; h++)
		{
			ppdl_small_to_limb(m, half[h], small + (size_t) (1 + h) * n, n);
			ppdl_ntt(par->ring, m, half[h]);
			ppdl_vec_mul_add(m, half[h], key[h], u, n);
		}
		ppdl_vec_add(m, half[0], half[0], ppdl_cat(par, pt->p, i), n);
	}
	/* e*u + e0 + e1*s */
	ct->noise = PPDL_SIGMA * sqrt(1 + 4.0 * (double) n / 3);
	PPDL_VERIFY_CT(ct);
done:
	ppdl_free_secret(small, 3 * n);
	ppdl_free_secret(u, n * sizeof(uint64_t));
	if (status != PPDL_OK)
		ppdl_ct_release(ev, ct);
	return status;
}

/* decryption reads enough for the message, 64 times over, and its noise, where there are limbs for that */
#define HEADROOM_BITS 6

int
ppdl_decrypt_limbs(const PpdlParams *par, int limbs, double scale, double noise, double bound)
{
	const double need = 1 + HEADROOM_BITS + log2(bound * scale + 16 * noise);
	double		have = 0;
	int			read = 0;

	if (!(bound > 0))
		return limbs;
	while (read < limbs && have < need)
		have += log2((double) par->ring->mod[read++].q);
	return read;
}

/* what does not fit its modulus has wrapped, and its digits mean nothing */
static PpdlStatus
check_fits(const PpdlCt *ct, PpdlError *err)
{
	const double need = 1 + log2(ct->bound * ct->scale),
				have = ppdl_params_log2_q(ct->par, ct->limbs);

	if (!(ct->bound > 0) || need <= have)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_PRECISION,
					  "values up to %.3g at scale 2^%.1f take %.1f bits, and %d limb%s of ring %s hold%s %.1f",
					  ct->bound, log2(ct->scale), need, ct->limbs, ct->limbs == 1 ? "" : "s", ct->par->name,
					  ct->limbs == 1 ? "s" : "", have);
}

/* b + a*s of one limb, coefficient domain */
static void
phase_limb(const PpdlCt *ct, const PpdlSecret *sk, int i, uint64_t *out)
{
	const PpdlParams *par = ct->par;
	const PpdlModulus *m = &par->ring->mod[i];

	memcpy(out, ppdl_cat(par, ct->b, i), ppdl_limb_bytes(par, 1));
	ppdl_vec_mul_add(m, out, ppdl_cat(par, ct->a, i), ppdl_cat(par, sk->ntt, i), par->n);
	ppdl_intt(par->ring, m, out);
}

/*
 * Centred mixed radix (Garner): x = v0 + q0*(v1 + q1*(v2 + ...)), |v_i| <= q_i/2, tasks
 * limb i of p into v_i mod q_i; tmp: one limb.
 */
static void
to_mixed_radix(const PpdlParams *par, uint64_t *p, int limbs, uint64_t *tmp)
{
	const PpdlModulus *mod = par->ring->mod;

	for (int i = 1; i < limbs; i++)
	{
		uint64_t   *x = ppdl_at(par, p, i);

		for (int k = 0; k < i; k++)
		{
			uint64_t	inv = ppdl_mod_inv(&mod[i], ppdl_mod_from_u64(&mod[i], mod[k].q));

			ppdl_vec_switch_modulus(&mod[i], tmp, &mod[k], ppdl_cat(par, p, k), par->n);
			ppdl_vec_sub_mul_scalar(&mod[i], x, x, tmp, inv, par->n);
		}
	}
}

PpdlStatus
ppdl_decrypt_coeffs(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double *out, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const PpdlModulus *mod = par->ring->mod;
	int			limbs;
	uint64_t   *p = NULL;
	PpdlStatus	status;

	PPDL_TRY(ppdl_check_ring(ev, ct->par, "decrypt", err));
	PPDL_TRY(ppdl_check_ring(ev, sk->par, "decrypt with this key", err));
	PPDL_VERIFY_CT(ct);
	PPDL_TRY(check_fits(ct, err));
	limbs = ppdl_decrypt_limbs(par, ct->limbs, ct->scale, ct->noise, ct->bound);
	PPDL_TRY(ppdl_buffer(ev, limbs + 1, &p, err));
	for (int i = 0; i < limbs; i++)
		phase_limb(ct, sk, i, ppdl_at(par, p, i));
	to_mixed_radix(par, p, limbs, ppdl_at(par, p, limbs));
	for (size_t c = 0; c < par->n; c++)
	{
		long double x = 0;

		for (int i = limbs - 1; i >= 0; i--)
			x = x * (long double) mod[i].q + (long double) ppdl_mod_center(&mod[i], ppdl_at(par, p, i)[c]);
		out[c] = (double) x;
	}
	status = PPDL_OK;
	OPENSSL_cleanse(p, ppdl_limb_bytes(par, limbs + 1));
	ppdl_pool_put(ev->pool, p);
	return status;
}

PpdlStatus
ppdl_decrypt_slots(PpdlEval *ev, const PpdlCt *ct, const PpdlSecret *sk, double complex *out, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	size_t		bytes = sizeof(double) * par->n;
	double	   *c = ppdl_alloc_aligned(bytes);
	PpdlStatus	status;

	if (c == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, ppdl_decrypt_coeffs(ev, ct, sk, c, err));
	for (size_t i = 0; i < par->slots; i++)
		out[i] = CMPLX(c[i] / ct->scale, c[i + par->slots] / ct->scale);
	status = ppdl_special_fft(par, out, err);
done:
	ppdl_free_secret(c, bytes);
	return status;
}
