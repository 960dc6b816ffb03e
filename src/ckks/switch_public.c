/*
 * Switching keys that somebody makes who holds the old secret and, of the new one, only the public key (b, a) over QP
 * (algorithms.md, 2.5).  Digit j of the key is an encryption under it of P * g_j * s_from:
 *
 *   b_j = b*u_j + e0_j + P * g_j * s_from,   a_j = a*u_j + e1_j,   u_j ternary
 *
 * with b_j + a_j*s_to = P * g_j * s_from + e*u_j + e0_j + e1_j*s_to.  Both halves are stored.
 */
#include "ckks/switch_public.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "ckks/cache.h"
#include "ckks/eval_impl.h"
#include "ckks/keys_impl.h"
#include "ckks/keyswitch.h"
#include "ring/vec.h"

typedef struct Making
{
	PpdlSwitchKey *key;
	const PpdlSecret *from;
	const PpdlPublicKey *pk;
	const PpdlPublicSpecial *special;
	const PpdlKsPlan *plan;
	const int8_t *small;		/* u, e0, e1 of each digit, N each */
	PpdlError	error;			/* of the first task that fails */
	int			failed;
} Making;

/* one limb of the public key: *b is a view, a is filled */
static PpdlStatus
public_limb(const Making *mk, int prime, const uint64_t **b, uint64_t *a, PpdlError *err)
{
	const PpdlParams *par = mk->key->par;

	*b = prime < par->nq ? ppdl_cat(par, mk->pk->b, prime) : ppdl_cat(par, mk->special->b, prime - par->nq);
	return ppdl_xof_uniform(&par->ring->mod[prime], a, par->n, mk->pk->seed, PPDL_XOF_KEY_A, 0, err);
}

/* out = half*u + e */
static void
encrypt_half(const PpdlParams *par, const PpdlModulus *m, uint64_t *out, const uint64_t *half, const uint64_t *u,
			 const int8_t *e)
{
	ppdl_small_to_limb(m, out, e, par->n);
	ppdl_ntt(par->ring, m, out);
	ppdl_vec_mul_add(m, out, half, u, par->n);
}

static void
fill_limb(const Making *mk, int task, uint64_t *const word[4], const uint64_t *pk_b)
{
	PpdlSwitchKey *key = mk->key;
	const PpdlParams *par = key->par;
	const int	total = key->limbs + key->np,
				digit = task / total,
				t = task % total,
				prime = ppdl_qp_index(par, key->limbs, t);
	const PpdlModulus *m = &par->ring->mod[prime];
	const int8_t *small = mk->small + (size_t) (3 * digit) * par->n;

	ppdl_small_to_limb(m, word[1], small, par->n);
	ppdl_ntt(par->ring, m, word[1]);
	encrypt_half(par, m, word[2], pk_b, word[1], small + par->n);
	encrypt_half(par, m, word[3], word[0], word[1], small + 2 * par->n);
	if (t >= mk->plan->lo[digit] && t < mk->plan->hi[digit])
		ppdl_vec_mul_scalar_add(m, word[2], ppdl_cat(par, mk->from->ntt, prime), mk->plan->p_mod[t], par->n);
	ppdl_pack_bits(ppdl_key_limb(key, key->b, task), word[2], par->n, PPDL_MAX_PRIME_BITS);
	ppdl_pack_bits(ppdl_key_limb(key, key->a, task), word[3], par->n, PPDL_MAX_PRIME_BITS);
}

static PpdlStatus
make_limb(const Making *mk, int task, PpdlError *err)
{
	const PpdlParams *par = mk->key->par;
	const int	total = mk->key->limbs + mk->key->np;
	const size_t bytes = par->n * sizeof(uint64_t);
	uint64_t   *word[4] = {0};	/* the public key's a, u, b, a */
	const uint64_t *b;
	PpdlStatus	status = PPDL_OK;

	for (int i = 0; i < 4 && status == PPDL_OK; i++)
		if ((word[i] = ppdl_alloc_aligned(bytes)) == NULL)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		status = public_limb(mk, ppdl_qp_index(par, mk->key->limbs, task % total), &b, word[0], err);
	if (status == PPDL_OK)
		fill_limb(mk, task, word, b);
	for (int i = 0; i < 4; i++)
		ppdl_free_secret(word[i], bytes);
	return status;
}

static void
task_limb(void *arg, int task)
{
	Making	   *mk = arg;
	PpdlError	err;

	if (make_limb(mk, task, &err) != PPDL_OK && __atomic_exchange_n(&mk->failed, 1, __ATOMIC_RELAXED) == 0)
		mk->error = err;
}

static PpdlStatus
check(const PpdlSwitchKeyForm *form, const PpdlSecret *from, const PpdlPublicKey *pk, const PpdlPublicSpecial *special,
	  PpdlError *err)
{
	if (from->par != pk->par || from->par != special->par)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "switching key %u: its keys belong to different rings", form->id);
	if (memcmp(pk->seed, special->seed, sizeof(pk->seed)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "switching key %u: the two parts of the public key do not belong "
						  "together", form->id);
	if (form->np != from->par->np)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "switching key %u: under a public key it takes all special primes",
						  form->id);
	return PPDL_OK;
}

/* u, e0, e1 of each digit */
static PpdlStatus
sample(int8_t *small, const PpdlSwitchKey *key, PpdlRng *rng, PpdlError *err)
{
	const size_t n = key->par->n;

	for (int j = 0; j < key->ndigits; j++)
	{
		int8_t	   *u = small + (size_t) (3 * j) * n;

		PPDL_TRY(ppdl_sample_ternary(rng, u, n, err));
		PPDL_TRY(ppdl_sample_gaussian(rng, u + n, 2 * n, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_switch_key_create_public(PpdlSwitchKey **out, const PpdlSwitchKeyForm *form, const PpdlSecret *from,
							  const PpdlPublicKey *pk, const PpdlPublicSpecial *special, PpdlRng *rng,
							  PpdlThreads *threads, PpdlError *err)
{
	Making		mk = {.from = from, .pk = pk, .special = special};
	PpdlSwitchKey *key;
	int8_t	   *small = NULL;
	size_t		bytes;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(check(form, from, pk, special, err));
	PPDL_TRY(ppdl_switch_key_alloc(&key, from->par, form->id, form->limbs, form->np, err));
	key->whole = 1;
	bytes = (size_t) (3 * key->ndigits) * from->par->n;
	PPDL_GOTO(done, ppdl_ks_plan(from->par, form->limbs, form->np, &mk.plan, err));
	small = ppdl_alloc_aligned(bytes);
	if (small == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, sample(small, key, rng, err));
	mk.key = key;
	mk.small = small;
	ppdl_parallel_for(threads, key->ndigits * (key->limbs + key->np), task_limb, &mk);
	if (mk.failed)
	{
		status = mk.error.code;
		if (err != NULL)
			*err = mk.error;
	}
done:
	ppdl_free_secret(small, bytes);
	if (status == PPDL_OK)
		*out = key;
	else
		ppdl_switch_key_destroy(key);
	return status;
}

/* ------------------------------------------------------------------ using them */

double
ppdl_switch_public_noise(const PpdlParams *par, int limbs)
{
	const PpdlKsPlan *plan;
	double		factor;

	if (limbs < 1 || limbs > par->nq || ppdl_ks_plan(par, limbs, par->np, &plan, NULL) != PPDL_OK)
		return 0;
	/* e*u + e0 + e1*s where other keys have e */
	factor = sqrt(1 + 4.0 * (double) par->n / 3);
	return sqrt(plan->noise * plan->noise + (factor * factor - 1) * plan->digit_noise * plan->digit_noise);
}

PpdlStatus
ppdl_ct_switch_key(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t id, PpdlError *err)
{
	const PpdlSwitchKey *key;
	PpdlSwitchTo to;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_check_ring(ev, in->par, "switch to another key", err));
	PPDL_VERIFY_CT(in);
	PPDL_TRY(ppdl_find_key(ev, id, in->limbs, &key, err));
	PPDL_TRY(ppdl_ct_alloc(ev, out, in->limbs, err));
	to = (PpdlSwitchTo) {.b = out->b, .a = out->a, .add_b = in->b};
	status = ppdl_keyswitch_to(ev, in->a, in->limbs, key, &to, err);
	if (status != PPDL_OK)
	{
		ppdl_ct_release(ev, out);
		return status;
	}
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, ppdl_switch_public_noise(ev->par, in->limbs));
	PPDL_VERIFY_CT(out);
	return PPDL_OK;
}

PpdlStatus
ppdl_switch_halves(PpdlEval *ev, uint64_t *b, uint64_t *a, int limbs, const PpdlSwitchKey *key, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	uint64_t   *kb = NULL,
			   *ka = NULL;
	PpdlStatus	status;

	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_GOTO(done, ppdl_buffer(ev, limbs, &kb, err));
	PPDL_GOTO(done, ppdl_buffer(ev, limbs, &ka, err));
	PPDL_GOTO(done, ppdl_keyswitch_to(ev, a, limbs, key, &(PpdlSwitchTo) {.b = kb, .a = ka, .add_b = b}, err));
	memcpy(b, kb, ppdl_limb_bytes(par, limbs));
	memcpy(a, ka, ppdl_limb_bytes(par, limbs));
done:
	ppdl_pool_put(ev->pool, kb);
	ppdl_pool_put(ev->pool, ka);
	return status;
}
