/*
 * Hybrid key switching (Han and Ki 2020), automorphisms and hoisting (Halevi
 * and Shoup 2018, §5).
 *
 * A switch has three steps: the input is cut into digits, each extended from its
 * own primes to all of QP; inner products with the key over QP; division by P
 * (ModDown).
 */
#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
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

void
ppdl_digits_release(PpdlEval *ev, PpdlDigits *d)
{
	for (int j = 0; j < PPDL_MAX_DIGITS; j++)
	{
		ppdl_pool_put(ev->pool, d->buf[j]);
		d->buf[j] = NULL;
	}
}

typedef struct Extending
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	const uint64_t *a;
	uint64_t   *coeff;
	PpdlDigits *digits;
} Extending;

static void
turn_to_coeff(void *arg, int i)
{
	Extending  *op = arg;
	const PpdlParams *par = op->par;
	uint64_t   *c = ppdl_at(par, op->coeff, i);

	memcpy(c, ppdl_cat(par, op->a, i), ppdl_limb_bytes(par, 1));
	ppdl_intt(par->ring, &par->ring->mod[i], c);
}

static void
turn_extended_to_ntt(void *arg, int turn)
{
	Extending  *op = arg;
	const PpdlParams *par = op->par;
	const PpdlKsPlan *plan = op->plan;
	int			j = turn / plan->total,
				t = turn % plan->total;

	if (t < plan->lo[j] || t >= plan->hi[j])
		ppdl_ntt(par->ring, ppdl_qp_mod(par, plan->limbs, t), ppdl_at(par, op->digits->buf[j], t));
}

PpdlStatus
ppdl_digits_extend(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	Extending	op = {.par = par, .plan = plan, .a = a, .digits = d};
	PpdlStatus	status;

	memset(d, 0, sizeof(*d));
	d->plan = plan;
	d->a = a;
	PPDL_GOTO(fail, ppdl_buffer(ev, plan->limbs, &op.coeff, err));
	ppdl_parallel_for(ev->threads, plan->limbs, turn_to_coeff, &op);
	for (int j = 0; j < plan->ndigits; j++)
	{
		const uint64_t *in[PPDL_MAX_Q];
		uint64_t   *out[PPDL_MAX_Q + PPDL_MAX_P];
		int			nout = 0;

		PPDL_GOTO(fail, ppdl_buffer(ev, plan->total, &d->buf[j], err));
		for (int t = 0; t < plan->total; t++)
		{
			if (t >= plan->lo[j] && t < plan->hi[j])
				in[t - plan->lo[j]] = ppdl_cat(par, op.coeff, t);
			else
				out[nout++] = ppdl_at(par, d->buf[j], t);
		}
		PPDL_GOTO(fail, ppdl_baseconv_run(plan->up[j], in, out, ev->pool, ev->threads, err));
	}
	ppdl_parallel_for(ev->threads, plan->ndigits * plan->total, turn_extended_to_ntt, &op);
	ppdl_pool_put(ev->pool, op.coeff);
	return PPDL_OK;

fail:
	ppdl_pool_put(ev->pool, op.coeff);
	ppdl_digits_release(ev, d);
	return status;
}

void
ppdl_digits_dot(const PpdlParams *par, const PpdlDigits *d, const PpdlSwitchKey *key, int t, uint64_t *kb, uint64_t *ka)
{
	const PpdlKsPlan *plan = d->plan;
	const uint64_t *x[PPDL_MAX_DIGITS],
			   *b[PPDL_MAX_DIGITS],
			   *a[PPDL_MAX_DIGITS];
	int			in_key = t < plan->limbs ? t : key->limbs + t - plan->limbs;

	for (int j = 0; j < plan->ndigits; j++)
	{
		int			at = j * (key->limbs + key->np) + in_key;

		x[j] = t >= plan->lo[j] && t < plan->hi[j] ? ppdl_cat(par, d->a, t) : ppdl_cat(par, d->buf[j], t);
		b[j] = ppdl_cat(par, key->b, at);
		a[j] = ppdl_cat(par, key->a, at);
	}
	ppdl_vec_dot(ppdl_qp_mod(par, plan->limbs, t), kb, ka, x, b, a, plan->ndigits, 0, par->n);
}

typedef struct Down
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	uint64_t   *acc[2],			/* over QP */
			   *conv[2],		/* limbs of Q */
			   *out[2];
	int			halves;
} Down;

static void
turn_down_p(void *arg, int turn)
{
	Down	   *op = arg;
	const PpdlParams *par = op->par;
	int			t = op->plan->limbs + turn / op->halves;

	ppdl_intt(par->ring, ppdl_qp_mod(par, op->plan->limbs, t), ppdl_at(par, op->acc[turn % op->halves], t));
}

static void
turn_down_q(void *arg, int turn)
{
	Down	   *op = arg;
	const PpdlParams *par = op->par;
	int			i = turn / op->halves,
				h = turn % op->halves;
	const PpdlModulus *m = &par->ring->mod[i];
	uint64_t   *conv = ppdl_at(par, op->conv[h], i);

	ppdl_ntt(par->ring, m, conv);
	ppdl_vec_sub_mul_scalar(m, ppdl_at(par, op->out[h], i), ppdl_cat(par, op->acc[h], i), conv, op->plan->p_inv[i], par->n);
}

PpdlStatus
ppdl_mod_down(PpdlEval *ev, const PpdlKsPlan *plan, uint64_t *acc0, uint64_t *acc1, uint64_t *out0, uint64_t *out1, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	Down		op = {.par = par, .plan = plan, .acc = {acc0, acc1}, .out = {out0, out1}, .halves = acc1 != NULL ? 2 : 1};
	PpdlStatus	status;

	ppdl_parallel_for(ev->threads, plan->np * op.halves, turn_down_p, &op);
	for (int h = 0; h < op.halves; h++)
	{
		const uint64_t *in[PPDL_MAX_P];
		uint64_t   *out[PPDL_MAX_Q];

		PPDL_GOTO(done, ppdl_buffer(ev, plan->limbs, &op.conv[h], err));
		for (int i = 0; i < plan->np; i++)
			in[i] = ppdl_cat(par, op.acc[h], plan->limbs + i);
		for (int i = 0; i < plan->limbs; i++)
			out[i] = ppdl_at(par, op.conv[h], i);
		PPDL_GOTO(done, ppdl_baseconv_run(plan->down, in, out, ev->pool, ev->threads, err));
	}
	ppdl_parallel_for(ev->threads, plan->limbs * op.halves, turn_down_q, &op);
	status = PPDL_OK;
done:
	ppdl_pool_put(ev->pool, op.conv[0]);
	ppdl_pool_put(ev->pool, op.conv[1]);
	return status;
}

typedef struct Inner
{
	const PpdlParams *par;
	const PpdlDigits *digits;
	const PpdlSwitchKey *key;
	uint64_t   *b,
			   *a;
} Inner;

static void
turn_inner(void *arg, int t)
{
	Inner	   *op = arg;
	const PpdlParams *par = op->par;

	ppdl_digits_dot(par, op->digits, op->key, t, ppdl_at(par, op->b, t), ppdl_at(par, op->a, t));
}

/* digits times key, divided by P */
static PpdlStatus
apply_key(PpdlEval *ev, const PpdlDigits *d, const PpdlSwitchKey *key, uint64_t *kb, uint64_t *ka, PpdlError *err)
{
	Inner		op = {.par = ev->par, .digits = d, .key = key};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_buffer(ev, d->plan->total, &op.b, err));
	PPDL_GOTO(done, ppdl_buffer(ev, d->plan->total, &op.a, err));
	ppdl_parallel_for(ev->threads, d->plan->total, turn_inner, &op);
	ev->keyswitches++;
	status = ppdl_mod_down(ev, d->plan, op.b, op.a, kb, ka, err);
done:
	ppdl_pool_put(ev->pool, op.b);
	ppdl_pool_put(ev->pool, op.a);
	return status;
}

PpdlStatus
ppdl_keyswitch(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key,
			   uint64_t *kb, uint64_t *ka, PpdlError *err)
{
	const PpdlKsPlan *plan;
	PpdlDigits	d;
	PpdlStatus	status;

	if (limbs < 1 || limbs > key->limbs)
		return ppdl_error(err, PPDL_ERR_KEY, "switching key %u serves %d limbs, not %d", key->id, key->limbs, limbs);
	PPDL_TRY(ppdl_ks_plan(ev->par, limbs, key->np, &plan, err));
	PPDL_TRY(ppdl_digits_extend(ev, &d, plan, a, err));
	status = apply_key(ev, &d, key, kb, ka, err);
	ppdl_digits_release(ev, &d);
	return status;
}

PpdlStatus
ppdl_hoist(PpdlEval *ev, PpdlHoisted *h, const PpdlCt *in, PpdlError *err)
{
	const PpdlKsPlan *plan;
	PpdlDigits	d;

	memset(h, 0, sizeof(*h));
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_check_ring(ev, in->par, "hoist", err));
	PPDL_TRY(ppdl_ks_plan(ev->par, in->limbs, ev->par->np, &plan, err));
	PPDL_TRY(ppdl_digits_extend(ev, &d, plan, in->a, err));
	h->in = in;
	h->ndigits = plan->ndigits;
	memcpy(h->digit, d.buf, sizeof(h->digit));
	return PPDL_OK;
}

void
ppdl_hoisted_release(PpdlEval *ev, PpdlHoisted *h)
{
	for (int j = 0; j < PPDL_MAX_DIGITS; j++)
	{
		ppdl_pool_put(ev->pool, h->digit[j]);
		h->digit[j] = NULL;
	}
}

PpdlStatus
ppdl_hoisted_digits(PpdlEval *ev, const PpdlHoisted *h, PpdlDigits *d, PpdlError *err)
{
	PPDL_TRY(ppdl_ks_plan(ev->par, h->in->limbs, ev->par->np, &d->plan, err));
	d->a = h->in->a;
	memcpy(d->buf, h->digit, sizeof(d->buf));
	return PPDL_OK;
}

typedef struct Permuting
{
	const PpdlParams *par;
	const uint32_t *perm;
	const PpdlCt *in;
	PpdlCt	   *out;
	uint64_t   *kb,
			   *ka;
} Permuting;

/* out = sigma_d(b + kb, ka) */
static void
turn_permute(void *arg, int i)
{
	Permuting  *op = arg;
	const PpdlParams *par = op->par;
	uint64_t   *kb = ppdl_at(par, op->kb, i);

	ppdl_vec_add(&par->ring->mod[i], kb, kb, ppdl_cat(par, op->in->b, i), par->n);
	ppdl_autom_ntt(par->ring, ppdl_at(par, op->out->b, i), kb, op->perm);
	ppdl_autom_ntt(par->ring, ppdl_at(par, op->out->a, i), ppdl_cat(par, op->ka, i), op->perm);
}

static PpdlStatus
check_galois(const PpdlEval *ev, uint32_t d, PpdlError *err)
{
	if (d % 2 == 0 || d >= 2 * ev->par->n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%u is no Galois element of ring degree %zu", d, ev->par->n);
	return PPDL_OK;
}

PpdlStatus
ppdl_hoisted_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, uint32_t d, PpdlError *err)
{
	const PpdlCt *in = h->in;
	Permuting	op = {.par = ev->par, .in = in, .out = out};
	const PpdlSwitchKey *key;
	PpdlDigits	digits;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(check_galois(ev, d, err));
	if (d == 1)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_find_key(ev, d, in->limbs, &key, err));
	op.perm = ppdl_autom_table(ev->par->ring, d);
	if (op.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_hoisted_digits(ev, h, &digits, err));
	PPDL_GOTO(done, ppdl_ct_alloc(ev, out, in->limbs, err));
	PPDL_GOTO(done, ppdl_buffer(ev, in->limbs, &op.kb, err));
	PPDL_GOTO(done, ppdl_buffer(ev, in->limbs, &op.ka, err));
	PPDL_GOTO(done, apply_key(ev, &digits, key, op.kb, op.ka, err));
	ppdl_parallel_for(ev->threads, in->limbs, turn_permute, &op);
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, digits.plan->noise);
done:
	ppdl_pool_put(ev->pool, op.kb);
	ppdl_pool_put(ev->pool, op.ka);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_ct_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t d, PpdlError *err)
{
	PpdlHoisted h;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(check_galois(ev, d, err));
	if (d == 1)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	PPDL_TRY(ppdl_hoist(ev, &h, in, err));
	status = ppdl_hoisted_automorphism(ev, out, &h, d, err);
	ppdl_hoisted_release(ev, &h);
	return status;
}

PpdlStatus
ppdl_ct_rotate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err)
{
	return ppdl_ct_automorphism(ev, out, in, ppdl_galois_rotation(ev->par->ring, r), err);
}

PpdlStatus
ppdl_ct_conjugate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	return ppdl_ct_automorphism(ev, out, in, ppdl_galois_conjugate(ev->par->ring), err);
}

PpdlStatus
ppdl_hoisted_rotate(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, int r, PpdlError *err)
{
	return ppdl_hoisted_automorphism(ev, out, h, ppdl_galois_rotation(ev->par->ring, r), err);
}
