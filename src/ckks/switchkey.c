#include "ckks/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ckks/cache.h"
#include "ckks/keys_impl.h"

size_t
ppdl_switch_key_bytes(const PpdlSwitchKey *key)
{
	return (size_t) key->ndigits * (size_t) (key->limbs + key->np) * ppdl_vec_packed_bytes(key->par->n);
}

void
ppdl_switch_key_destroy(PpdlSwitchKey *key)
{
	if (key == NULL)
		return;
	if (key->owned)
	{
		ppdl_free_aligned(key->b);
		ppdl_free_aligned(key->a);
	}
	free(key);
}

PpdlStatus
ppdl_switch_key_check(const PpdlParams *par, uint32_t id, int limbs, int np, PpdlStatus code, PpdlError *err)
{
	if (par->np == 0)
		return ppdl_error(err, code, "switching key %u: there are none in ring %s", id, par->name);
	if (limbs < 1 || limbs > par->nq)
		return ppdl_error(err, code, "switching key %u: %d limbs, must be 1 to %d", id, limbs, par->nq);
	/* one special prime covers inputs below q0 alone; automorphisms always take all of them */
	if (np != par->np && !(np == 1 && ((limbs == 1 && id % 2 == 0) || id == PPDL_KEY_FROM_SPARSE)))
		return ppdl_error(err, code,
						  "switching key %u: %d special primes at %d limbs; must be %d, or 1 for inputs of one limb, "
						  "but for automorphisms", id, np, limbs, par->np);
	if (id % 2 == 1 && id >= 2 * par->n)
		return ppdl_error(err, code, "switching key %u: no such Galois element in ring degree %zu", id, par->n);
	return PPDL_OK;
}


int
ppdl_switch_key_digits(const PpdlParams *par, uint32_t id, int limbs)
{
	return id == PPDL_KEY_FROM_SPARSE ? 1 : ppdl_params_digits(par, limbs);
}

PpdlStatus
ppdl_switch_key_alloc(PpdlSwitchKey **out, const PpdlParams *par, uint32_t id, int limbs, int np, PpdlError *err)
{
	PpdlSwitchKey *key;
	size_t		bytes;

	*out = NULL;
	PPDL_TRY(ppdl_switch_key_check(par, id, limbs, np, PPDL_ERR_ARGUMENT, err));
	key = calloc(1, sizeof(*key));
	if (key == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	key->par = par;
	key->id = id;
	key->limbs = limbs;
	key->np = np;
	key->ndigits = ppdl_switch_key_digits(par, id, limbs);
	key->owned = 1;
	bytes = ppdl_switch_key_bytes(key);
	key->b = ppdl_alloc_aligned(bytes);
	key->a = ppdl_alloc_aligned(bytes);
	if (key->b == NULL || key->a == NULL)
	{
		ppdl_switch_key_destroy(key);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a switching key of %zu bytes", 2 * bytes);
	}
	*out = key;
	return PPDL_OK;
}

/* one limb of one digit a task */
typedef struct Making
{
	PpdlSwitchKey *key;
	const uint64_t *from,		/* over QP with nq limbs, NTT domain */
			   *to;				/* NULL: only a is made, from the seed */
	const int8_t *e;			/* ndigits * N */
	uint64_t	p_mod[PPDL_MAX_Q];
	PpdlError	error;			/* of the first task that fails */
	int			failed;
} Making;

/*
 * b_j = -a_j*s_to + e_j + P*g_j*s_from on one limb; g_j is 1 on the digit's own primes (PPDL_KEY_FROM_SPARSE: on all),
 * 0 elsewhere
 */
static void
make_body(const Making *mk, int task, uint64_t *b, const uint64_t *a)
{
	const PpdlSwitchKey *key = mk->key;
	const PpdlParams *par = key->par;
	int			total = key->limbs + key->np,
				digit = task / total,
				t = task % total,
				prime = ppdl_qp_index(par, key->limbs, t);
	const PpdlModulus *m = &par->ring->mod[prime];

	ppdl_small_to_limb(m, b, mk->e + (size_t) digit * par->n, par->n);
	ppdl_ntt(par->ring, m, b);
	if (t < key->limbs && (key->id == PPDL_KEY_FROM_SPARSE ||
						   (t >= par->digit_start[digit] && t < par->digit_start[digit + 1])))
		ppdl_vec_mul_scalar_add(m, b, ppdl_cat(par, mk->from, prime), mk->p_mod[t], par->n);
	ppdl_vec_neg(m, b, b, par->n);
	ppdl_vec_mul_add(m, b, a, ppdl_cat(par, mk->to, prime), par->n);
	ppdl_vec_neg(m, b, b, par->n);
}

static PpdlStatus
make_limb(const Making *mk, int task, PpdlError *err)
{
	PpdlSwitchKey *key = mk->key;
	const PpdlParams *par = key->par;
	const size_t bytes = par->n * sizeof(uint64_t);
	int			total = key->limbs + key->np;
	uint64_t   *a = ppdl_alloc_aligned(bytes),
			   *b = ppdl_alloc_aligned(bytes);
	PpdlStatus	status;

	if (a == NULL || b == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
		status = ppdl_xof_uniform(&par->ring->mod[ppdl_qp_index(par, key->limbs, task % total)], a, par->n,
								  key->seed, PPDL_XOF_KEY_A, (uint16_t) (task / total), err);
	if (status == PPDL_OK)
		ppdl_pack_bits(ppdl_key_limb(key, key->a, task), a, par->n, PPDL_MAX_PRIME_BITS);
	if (status == PPDL_OK && mk->to != NULL)
	{
		make_body(mk, task, b, a);
		ppdl_pack_bits(ppdl_key_limb(key, key->b, task), b, par->n, PPDL_MAX_PRIME_BITS);
	}
	ppdl_free_aligned(a);
	ppdl_free_secret(b, bytes);
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
make(Making *mk, PpdlThreads *threads, PpdlError *err)
{
	ppdl_parallel_for(threads, mk->key->ndigits * (mk->key->limbs + mk->key->np), task_limb, mk);
	if (!mk->failed)
		return PPDL_OK;
	if (err != NULL)
		*err = mk->error;
	return mk->error.code;
}

PpdlStatus
ppdl_switch_key_expand(PpdlSwitchKey *key, PpdlThreads *threads, PpdlError *err)
{
	Making		mk = {.key = key};

	return make(&mk, threads, err);
}

static PpdlStatus
create_from_ntt(PpdlSwitchKey **out, const PpdlParams *par, const PpdlSwitchKeyForm *form, const uint64_t *from,
				const uint64_t *to, PpdlRng *rng, PpdlThreads *threads, PpdlError *err)
{
	PpdlSwitchKey *key;
	Making		mk = {.from = from, .to = to};
	const PpdlKsPlan *plan;
	int8_t	   *e = NULL;
	size_t		e_bytes;
	PpdlStatus	status;

	PPDL_TRY(ppdl_switch_key_alloc(out, par, form->id, form->limbs, form->np, err));
	key = *out;
	e_bytes = (size_t) key->ndigits * par->n;
	PPDL_GOTO(done, ppdl_ks_plan(par, form->limbs, form->np, &plan, err));
	memcpy(mk.p_mod, plan->p_mod, sizeof(mk.p_mod));
	e = ppdl_alloc_aligned(e_bytes);
	if (e == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, ppdl_rng_bytes(rng, key->seed, sizeof(key->seed), err));
	PPDL_GOTO(done, ppdl_sample_gaussian(rng, e, e_bytes, err));
	mk.key = key;
	mk.e = e;
	PPDL_GOTO(done, make(&mk, threads, err));
done:
	ppdl_free_secret(e, e_bytes);
	if (status != PPDL_OK)
	{
		ppdl_switch_key_destroy(key);
		*out = NULL;
	}
	return status;
}

PpdlStatus
ppdl_switch_key_create(PpdlSwitchKey **out, const PpdlSwitchKeyForm *form, const PpdlSecret *from,
					   const PpdlSecret *to, PpdlRng *rng, PpdlThreads *threads, PpdlError *err)
{
	*out = NULL;
	if (from->par != to->par)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "switching key %u: its two secrets belong to different rings",
						  form->id);
	return create_from_ntt(out, from->par, form, from->ntt, to->ntt, rng, threads, err);
}

PpdlStatus
ppdl_eval_key_create(PpdlSwitchKey **out, uint32_t id, const PpdlSecret *sk, int limbs,
					 PpdlRng *rng, PpdlThreads *threads, PpdlError *err)
{
	const PpdlParams *par = sk->par;
	const PpdlSwitchKeyForm form = {id, limbs, par->np};
	int			primes = par->nq + par->np;
	size_t		bytes = (size_t) primes * par->n * sizeof(uint64_t);
	const uint32_t *perm = NULL;
	uint64_t   *other;
	PpdlStatus	status;

	*out = NULL;
	if (id != PPDL_KEY_RELIN && id % 2 == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "switching key %u is neither a relinearisation nor a Galois key", id);
	PPDL_TRY(ppdl_switch_key_check(par, id, limbs, par->np, PPDL_ERR_ARGUMENT, err));
	if (id != PPDL_KEY_RELIN)
	{
		/* target sigma_(d^-1)(s) */
		perm = ppdl_autom_table(par->ring, ppdl_galois_inverse(par->ring, id));
		if (perm == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	other = ppdl_alloc_aligned(bytes);
	if (other == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < primes; i++)
	{
		const uint64_t *s = ppdl_cat(par, sk->ntt, i);

		if (id == PPDL_KEY_RELIN)
			ppdl_vec_mul(&par->ring->mod[i], ppdl_at(par, other, i), s, s, par->n);
		else
			ppdl_autom_ntt(par->ring, ppdl_at(par, other, i), s, perm);
	}
	if (id == PPDL_KEY_RELIN)
		status = create_from_ntt(out, par, &form, other, sk->ntt, rng, threads, err);
	else
		status = create_from_ntt(out, par, &form, sk->ntt, other, rng, threads, err);
	ppdl_free_secret(other, bytes);
	return status;
}
