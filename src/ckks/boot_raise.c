/*
 * Encapsulation and ModRaise (Bossuat, Troncoso-Pastoriza, Hubaux 2022): bootstrapping's way through a sparse secret.
 */
#include "ckks/boot.h"

#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/keys_impl.h"
#include "ckks/keyswitch.h"

PpdlStatus
ppdl_ct_switch_one(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t id, PpdlError *err)
{
	const PpdlSwitchKey *key;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_eval_poll(ev, err));
	if (in->limbs != 1)
		return ppdl_error(err, PPDL_ERR_LEVEL, "switching key %u takes one limb, not %d", id, in->limbs);
	PPDL_VERIFY_CT(in);
	PPDL_TRY(ppdl_find_key(ev, id, 1, &key, err));
	PPDL_TRY(ppdl_ct_alloc(ev, out, 1, err));
	PPDL_GOTO(fail, ppdl_keyswitch(ev, in->a, 1, key, out->b, out->a, err));
	ppdl_vec_add(&ev->par->ring->mod[0], out->b, out->b, in->b, ev->par->n);
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, ppdl_boot_one_prime_noise(ev->par));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, out);
	return status;
}

double
ppdl_boot_one_prime_noise(const PpdlParams *par)
{
	double		ratio = (double) par->ring->mod[0].q / (double) par->ring->mod[par->nq].q;
	double		n = (double) par->n;

	return sqrt((1 + 2 * n / 3) / 12 + n * ratio * ratio * PPDL_SIGMA * PPDL_SIGMA / 12);
}

PpdlStatus
ppdl_boot_encapsulate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	return ppdl_ct_switch_one(ev, out, in, PPDL_KEY_TO_SPARSE, err);
}

typedef struct Raising
{
	const PpdlParams *par;
	const PpdlSwitchKey *key;
	int			limbs;
	const uint64_t *b,			/* coefficients mod q0 */
			   *a;
	uint64_t   *lifted,			/* one limb for each task that runs: limbs + 1 of them */
			   *kb,
			   *ka,				/* over QP */
			   *out_b;
} Raising;

/* limb t over QP: the key times a lifted to it; on Q also b lifted to it */
static void
task_raise(void *arg, int t)
{
	Raising    *op = arg;
	const PpdlParams *par = op->par;
	const PpdlModulus *q0 = &par->ring->mod[0],
			   *m = ppdl_qp_mod(par, op->limbs, t);
	uint64_t   *x = ppdl_at(par, op->lifted, t);
	int			in_key = t < op->limbs ? t : op->key->limbs;
	uint64_t   *kb = ppdl_at(par, op->kb, t),
			   *ka = ppdl_at(par, op->ka, t);

	ppdl_vec_switch_modulus(m, x, q0, op->a, par->n);
	ppdl_ntt(par->ring, m, x);
	ppdl_vec_unpack(kb, ppdl_key_limb(op->key, op->key->b, in_key), par->n);
	ppdl_vec_unpack(ka, ppdl_key_limb(op->key, op->key->a, in_key), par->n);
	ppdl_vec_mul(m, kb, kb, x, par->n);
	ppdl_vec_mul(m, ka, ka, x, par->n);
	if (t < op->limbs)
	{
		uint64_t   *b = ppdl_at(par, op->out_b, t);

		ppdl_vec_switch_modulus(m, b, q0, op->b, par->n);
		ppdl_ntt(par->ring, m, b);
	}
}

PpdlStatus
ppdl_boot_mod_raise(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int limbs, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	Raising		op = {.par = par, .limbs = limbs};
	const PpdlKsPlan *plan;
	uint64_t   *coeff = NULL;
	PpdlHalf	half[2];
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_eval_poll(ev, err));
	if (in->limbs != 1 || limbs < 2 || limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_LEVEL, "ModRaise from %d limbs to %d: must be from 1 to at most %d", in->limbs,
						  limbs, par->nq);
	PPDL_VERIFY_CT(in);
	PPDL_TRY(ppdl_find_key(ev, PPDL_KEY_FROM_SPARSE, limbs, &op.key, err));
	PPDL_TRY(ppdl_ks_plan(par, limbs, 1, &plan, err));
	PPDL_GOTO(done, ppdl_ct_alloc(ev, out, limbs, err));
	PPDL_GOTO(done, ppdl_buffer(ev, 2, &coeff, err));
	PPDL_GOTO(done, ppdl_buffer(ev, limbs + 1, &op.lifted, err));
	PPDL_GOTO(done, ppdl_buffer(ev, limbs + 1, &op.kb, err));
	PPDL_GOTO(done, ppdl_buffer(ev, limbs + 1, &op.ka, err));
	memcpy(coeff, in->b, ppdl_limb_bytes(par, 1));
	memcpy(coeff + par->n, in->a, ppdl_limb_bytes(par, 1));
	ppdl_intt(par->ring, &par->ring->mod[0], coeff);
	ppdl_intt(par->ring, &par->ring->mod[0], coeff + par->n);
	op.b = coeff;
	op.a = coeff + par->n;
	op.out_b = out->b;
	ppdl_parallel_for(ev->threads, limbs + 1, task_raise, &op);
	ev->keyswitches++;
	half[0] = (PpdlHalf) {.acc = op.kb, .add = out->b, .out = op.kb};
	half[1] = (PpdlHalf) {.acc = op.ka, .out = out->a};
	PPDL_GOTO(done, ppdl_divide(ev, plan, &plan->by_p, half, 2, err));
	memcpy(out->b, op.kb, ppdl_limb_bytes(par, limbs));
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, ppdl_boot_one_prime_noise(par));
done:
	ppdl_pool_put(ev->pool, coeff);
	ppdl_pool_put(ev->pool, op.lifted);
	ppdl_pool_put(ev->pool, op.kb);
	ppdl_pool_put(ev->pool, op.ka);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}
