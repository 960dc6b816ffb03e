/*
 * Hybrid key switching (Han and Ki 2020): inner products of the digits with a
 * key over QP, then division by P.
 */
#include "ckks/keyswitch.h"

#include <math.h>

#include "ckks/eval_impl.h"
#include "ring/vec.h"

double
ppdl_keyswitch_noise(const PpdlParams *par, int limbs)
{
	const PpdlKsPlan *plan;

	if (limbs < 1 || limbs > par->nq || ppdl_ks_plan(par, limbs, par->np, &plan, NULL) != PPDL_OK)
		return 0;
	return plan->noise;
}

PpdlStatus
ppdl_find_key(PpdlEval *ev, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	*key = NULL;
	if (ev->get_key == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "no source of keys for switching key %u", id);
	PPDL_TRY(ev->get_key(ev->get_key_arg, ev->par->id, id, limbs, key, err));
	if (*key == NULL || (*key)->id != id || (*key)->par != ev->par || (*key)->limbs < limbs)
		return ppdl_error(err, PPDL_ERR_KEY, "the switching key found for id %u at %d limbs does not fit", id, limbs);
	return PPDL_OK;
}

/* ---- division ---- */

typedef struct Dividing
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	const PpdlDivisor *by;
	const PpdlHalf *half;
	const uint32_t *perm;
	uint64_t   *conv;			/* limbs of Q */
} Dividing;

static void
task_divisor_to_coeff(void *arg, int task)
{
	const Dividing *op = arg;
	const PpdlParams *par = op->par;
	int			t = op->by->first + task;

	ppdl_intt(par->ring, ppdl_qp_mod(par, op->plan->limbs, t), ppdl_at(par, op->half->acc, t));
}

static void
task_divide(void *arg, int i)
{
	const Dividing *op = arg;
	const PpdlParams *par = op->par;
	const PpdlModulus *m = &par->ring->mod[i];
	uint64_t   *conv = ppdl_at(par, op->conv, i),
			   *out = ppdl_at(par, op->half->out, i),
			   *last = op->perm != NULL ? conv : out;

	ppdl_ntt(par->ring, m, conv);
	ppdl_vec_sub_mul_scalar(m, last, ppdl_cat(par, op->half->acc, i), conv, op->by->inv[i], par->n);
	if (op->half->add != NULL && op->by->p_over[i] == 1)
		ppdl_vec_add(m, last, last, ppdl_cat(par, op->half->add, i), par->n);
	else if (op->half->add != NULL)
		ppdl_vec_mul_scalar_add(m, last, ppdl_cat(par, op->half->add, i), op->by->p_over[i], par->n);
	if (op->perm != NULL)
		ppdl_autom_ntt(par->ring, out, conv, op->perm);
}

PpdlStatus
ppdl_divide(PpdlEval *ev, const PpdlKsPlan *plan, const PpdlDivisor *by, const PpdlHalf *half, int halves,
			const uint32_t *perm, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	Dividing	op = {.par = par, .plan = plan, .by = by, .perm = perm};
	PpdlStatus	status;

	PPDL_TRY(ppdl_buffer(ev, by->first, &op.conv, err));
	for (int h = 0; h < halves; h++)
	{
		const uint64_t *in[PPDL_MAX_P + 1];
		uint64_t   *out[PPDL_MAX_Q];

		op.half = &half[h];
		/* a limb of Q that is divided by takes its part of P * add with it */
		for (int t = by->first; t < plan->limbs && half[h].add != NULL; t++)
			ppdl_vec_mul_scalar_add(&par->ring->mod[t], ppdl_at(par, half[h].acc, t), ppdl_cat(par, half[h].add, t),
									plan->p_mod[t], par->n);
		ppdl_parallel_for(ev->threads, plan->total - by->first, task_divisor_to_coeff, &op);
		for (int t = by->first; t < plan->total; t++)
			in[t - by->first] = ppdl_cat(par, half[h].acc, t);
		for (int i = 0; i < by->first; i++)
			out[i] = ppdl_at(par, op.conv, i);
		PPDL_GOTO(done, ppdl_baseconv_run(by->conv, in, out, ev->pool, ev->threads, err));
		ppdl_parallel_for(ev->threads, by->first, task_divide, &op);
	}
	status = PPDL_OK;
done:
	ppdl_pool_put(ev->pool, op.conv);
	return status;
}

/* ---- inner products ---- */

typedef struct Inner
{
	const PpdlParams *par;
	const PpdlDigits *digits;
	const PpdlSwitchKey *key;
	uint64_t   *acc[2];
} Inner;

static void
task_inner(void *arg, int t)
{
	const Inner *op = arg;
	const PpdlParams *par = op->par;

	ppdl_digits_dot(par, op->digits, op->key, t, ppdl_at(par, op->acc[0], t), ppdl_at(par, op->acc[1], t));
}

PpdlStatus
ppdl_digits_apply(PpdlEval *ev, const PpdlDigits *d, const PpdlSwitchKey *key, const PpdlSwitchTo *to, PpdlError *err)
{
	const PpdlKsPlan *plan = d->plan;
	Inner		op = {.par = ev->par, .digits = d, .key = key};
	PpdlHalf	half[2] = {{.add = to->add_b, .out = to->b}, {.add = to->add_a, .out = to->a}};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_buffer(ev, plan->total, &op.acc[0], err));
	PPDL_GOTO(done, ppdl_buffer(ev, plan->total, &op.acc[1], err));
	ppdl_parallel_for(ev->threads, plan->total, task_inner, &op);
	ev->keyswitches++;
	half[0].acc = op.acc[0];
	half[1].acc = op.acc[1];
	status = ppdl_divide(ev, plan, to->rescale ? &plan->by_pq : &plan->by_p, half, 2, to->perm, err);
done:
	ppdl_pool_put(ev->pool, op.acc[0]);
	ppdl_pool_put(ev->pool, op.acc[1]);
	return status;
}

PpdlStatus
ppdl_keyswitch_to(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key, const PpdlSwitchTo *to,
				  PpdlError *err)
{
	const PpdlKsPlan *plan;
	PpdlDigits	d;
	PpdlStatus	status;

	if (limbs < 1 || limbs > key->limbs)
		return ppdl_error(err, PPDL_ERR_KEY, "switching key %u serves %d limbs, not %d", key->id, key->limbs, limbs);
	if (key->ndigits < ppdl_params_digits(ev->par, limbs))
		return ppdl_error(err, PPDL_ERR_KEY, "switching key %u serves inputs of one digit only", key->id);
	PPDL_VERIFY_LIMBS(ev->par, a, 0, limbs);
	PPDL_TRY(ppdl_ks_plan(ev->par, limbs, key->np, &plan, err));
	PPDL_TRY(ppdl_digits_extend(ev, &d, plan, a, err));
	status = ppdl_digits_apply(ev, &d, key, to, err);
	ppdl_digits_release(ev, &d);
	return status;
}

PpdlStatus
ppdl_keyswitch(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key,
			   uint64_t *kb, uint64_t *ka, PpdlError *err)
{
	const PpdlSwitchTo to = {.b = kb, .a = ka};

	return ppdl_keyswitch_to(ev, a, limbs, key, &to, err);
}
