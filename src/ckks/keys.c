#include "ckks/keys.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "ckks/cache.h"
#include "ckks/keys_impl.h"
#include "ring/vec.h"

static size_t
secret_words(const PpdlParams *par)
{
	return (size_t) (par->nq + par->np) * par->n;
}

static PpdlStatus
secret_alloc(PpdlSecret **out, const PpdlParams *par, PpdlError *err)
{
	PpdlSecret *sk = calloc(1, sizeof(*sk));

	*out = NULL;
	if (sk != NULL)
	{
		sk->par = par;
		sk->coeff = ppdl_lock_alloc(par->n);
		sk->ntt = ppdl_lock_alloc(secret_words(par) * sizeof(uint64_t));
	}
	if (sk == NULL || sk->coeff == NULL || sk->ntt == NULL)
	{
		ppdl_secret_destroy(sk);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a secret key");
	}
	*out = sk;
	return PPDL_OK;
}

static void
secret_transform(PpdlSecret *sk)
{
	const PpdlParams *par = sk->par;

	for (int i = 0; i < par->nq + par->np; i++)
	{
		ppdl_small_to_limb(&par->ring->mod[i], ppdl_at(par, sk->ntt, i), sk->coeff, par->n);
		ppdl_ntt(par->ring, &par->ring->mod[i], ppdl_at(par, sk->ntt, i));
	}
}

void
ppdl_secret_destroy(PpdlSecret *sk)
{
	if (sk == NULL)
		return;
	ppdl_lock_free(sk->coeff, sk->par->n);
	ppdl_lock_free(sk->ntt, secret_words(sk->par) * sizeof(uint64_t));
	free(sk);
}

PpdlStatus
ppdl_secret_create(PpdlSecret **out, const PpdlParams *par, PpdlRng *rng, PpdlError *err)
{
	PpdlSecret *sk;
	PpdlStatus	status;

	PPDL_TRY(secret_alloc(out, par, err));
	sk = *out;
	status = ppdl_sample_ternary(rng, sk->coeff, par->n, err);
	if (status != PPDL_OK)
	{
		ppdl_secret_destroy(sk);
		*out = NULL;
		return status;
	}
	secret_transform(sk);
	return PPDL_OK;
}

PpdlStatus
ppdl_secret_create_sparse(PpdlSecret **out, const PpdlParams *par, int h, PpdlRng *rng, PpdlError *err)
{
	PpdlSecret *sk;
	PpdlStatus	status;

	*out = NULL;
	if (h < 1 || (size_t) h > par->n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a secret of %d non-zero coefficients does not fit ring degree %zu",
						  h, par->n);
	PPDL_TRY(secret_alloc(out, par, err));
	sk = *out;
	status = ppdl_sample_sparse(rng, sk->coeff, par->n, h, err);
	if (status != PPDL_OK)
	{
		ppdl_secret_destroy(sk);
		*out = NULL;
		return status;
	}
	secret_transform(sk);
	return PPDL_OK;
}

PpdlStatus
ppdl_secret_create_from(PpdlSecret **out, const PpdlParams *par, const int8_t *coeff, PpdlError *err)
{
	PPDL_TRY(secret_alloc(out, par, err));
	memcpy((*out)->coeff, coeff, par->n);
	secret_transform(*out);
	return PPDL_OK;
}

PpdlStatus
ppdl_public_key_alloc(PpdlPublicKey **out, const PpdlParams *par, PpdlError *err)
{
	const size_t bytes = (size_t) par->nq * par->n * sizeof(uint64_t);
	PpdlPublicKey *pk = calloc(1, sizeof(*pk));

	*out = NULL;
	if (pk != NULL)
	{
		pk->par = par;
		pk->b = ppdl_alloc_aligned(bytes);
		pk->a = ppdl_alloc_aligned(bytes);
	}
	if (pk == NULL || pk->b == NULL || pk->a == NULL)
	{
		ppdl_public_key_destroy(pk);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a public key");
	}
	*out = pk;
	return PPDL_OK;
}

/* limb `prime` of a public key, b = -a*s + e; a comes from its seed */
static PpdlStatus
make_limb(uint64_t *b, uint64_t *a, const PpdlSecret *sk, int prime, const uint8_t *seed, const int8_t *e,
		  PpdlError *err)
{
	const PpdlParams *par = sk->par;
	const PpdlModulus *m = &par->ring->mod[prime];

	PPDL_TRY(ppdl_xof_uniform(m, a, par->n, seed, PPDL_XOF_KEY_A, 0, err));
	ppdl_small_to_limb(m, b, e, par->n);
	ppdl_ntt(par->ring, m, b);
	ppdl_vec_neg(m, b, b, par->n);
	ppdl_vec_mul_add(m, b, a, ppdl_cat(par, sk->ntt, prime), par->n);
	ppdl_vec_neg(m, b, b, par->n);
	return PPDL_OK;
}

/* limbs first .. first+count-1 of a public key, of a new seed, which is written; a NULL: that half is not kept */
static PpdlStatus
make_limbs(const PpdlSecret *sk, PpdlRng *rng, int first, int count, uint8_t seed[PPDL_SEED_BYTES], uint64_t *b,
		   uint64_t *a, PpdlError *err)
{
	const PpdlParams *par = sk->par;
	int8_t	   *e = ppdl_alloc_aligned(par->n);
	uint64_t   *limb = a == NULL ? ppdl_alloc_aligned(par->n * sizeof(uint64_t)) : NULL;
	PpdlStatus	status;

	if (e == NULL || (a == NULL && limb == NULL))
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a public key");
		goto done;
	}
	PPDL_GOTO(done, ppdl_rng_bytes(rng, seed, PPDL_SEED_BYTES, err));
	PPDL_GOTO(done, ppdl_sample_gaussian(rng, e, par->n, err));
	for (int i = 0; i < count; i++)
		PPDL_GOTO(done, make_limb(ppdl_at(par, b, i), a != NULL ? ppdl_at(par, a, i) : limb, sk, first + i, seed, e,
								  err));
done:
	ppdl_free_secret(e, par->n);
	ppdl_free_aligned(limb);
	return status;
}

PpdlStatus
ppdl_public_key_create(PpdlPublicKey **out, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err)
{
	PpdlPublicKey *pk;
	PpdlStatus	status;

	PPDL_TRY(ppdl_public_key_alloc(out, sk->par, err));
	pk = *out;
	status = make_limbs(sk, rng, 0, sk->par->nq, pk->seed, pk->b, pk->a, err);
	if (status != PPDL_OK)
	{
		ppdl_public_key_destroy(pk);
		*out = NULL;
	}
	return status;
}

void
ppdl_public_key_destroy(PpdlPublicKey *pk)
{
	if (pk == NULL)
		return;
	ppdl_free_aligned(pk->b);
	ppdl_free_aligned(pk->a);
	free(pk);
}

/* ------------------------------------------------------------------ modulo the special primes */

PpdlStatus
ppdl_public_special_alloc(PpdlPublicSpecial **out, const PpdlParams *par, PpdlError *err)
{
	PpdlPublicSpecial *ps;

	*out = NULL;
	if (par->np == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "ring %s has no special primes", par->name);
	ps = calloc(1, sizeof(*ps));
	if (ps != NULL)
	{
		ps->par = par;
		ps->b = ppdl_alloc_aligned((size_t) par->np * par->n * sizeof(uint64_t));
	}
	if (ps == NULL || ps->b == NULL)
	{
		ppdl_public_special_destroy(ps);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a public key");
	}
	*out = ps;
	return PPDL_OK;
}

PpdlStatus
ppdl_public_special_create(PpdlPublicSpecial **out, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err)
{
	PpdlPublicSpecial *ps;
	PpdlStatus	status;

	PPDL_TRY(ppdl_public_special_alloc(out, sk->par, err));
	ps = *out;
	status = make_limbs(sk, rng, sk->par->nq, sk->par->np, ps->seed, ps->b, NULL, err);
	if (status != PPDL_OK)
	{
		ppdl_public_special_destroy(ps);
		*out = NULL;
	}
	return status;
}

void
ppdl_public_special_destroy(PpdlPublicSpecial *ps)
{
	if (ps == NULL)
		return;
	ppdl_free_aligned(ps->b);
	free(ps);
}
