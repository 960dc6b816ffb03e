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
	int			digit;
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

/* turns count the limbs that are not the digit's own */
static void
turn_extended_to_ntt(void *arg, int turn)
{
	Extending  *op = arg;
	const PpdlParams *par = op->par;
	const PpdlKsPlan *plan = op->plan;
	int			j = op->digit,
				t = turn < plan->lo[j] ? turn : turn + plan->hi[j] - plan->lo[j];

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
	/* digit by digit: what is converted is transformed while it lies in the cache */
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
		op.digit = j;
		ppdl_parallel_for(ev->threads, nout, turn_extended_to_ntt, &op);
	}
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
turn_divisor_to_coeff(void *arg, int turn)
{
	Dividing   *op = arg;
	const PpdlParams *par = op->par;
	int			t = op->by->first + turn;

	ppdl_intt(par->ring, ppdl_qp_mod(par, op->plan->limbs, t), ppdl_at(par, op->half->acc, t));
}

static void
turn_divide(void *arg, int i)
{
	Dividing   *op = arg;
	const PpdlParams *par = op->par;
	const PpdlModulus *m = &par->ring->mod[i];
	uint64_t   *conv = ppdl_at(par, op->conv, i),
			   *acc = ppdl_at(par, op->half->acc, i),
			   *out = ppdl_at(par, op->half->out, i),
			   *last = op->perm != NULL ? conv : out;

	ppdl_ntt(par->ring, m, conv);
	ppdl_vec_sub_mul_scalar(m, last, acc, conv, op->by->inv[i], par->n);
	if (op->half->add != NULL)
		ppdl_vec_add(m, last, last, ppdl_cat(par, op->half->add, i), par->n);
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
		ppdl_parallel_for(ev->threads, plan->total - by->first, turn_divisor_to_coeff, &op);
		for (int t = by->first; t < plan->total; t++)
			in[t - by->first] = ppdl_cat(par, half[h].acc, t);
		for (int i = 0; i < by->first; i++)
			out[i] = ppdl_at(par, op.conv, i);
		PPDL_GOTO(done, ppdl_baseconv_run(by->conv, in, out, ev->pool, ev->threads, err));
		ppdl_parallel_for(ev->threads, by->first, turn_divide, &op);
	}
	status = PPDL_OK;
done:
	ppdl_pool_put(ev->pool, op.conv);
	return status;
}

typedef struct Inner
{
	const PpdlParams *par;
	const PpdlDigits *digits;
	const PpdlSwitchKey *key;
	const uint64_t *b,			/* a ciphertext that is added P times, or NULL */
			   *a;
	uint64_t   *acc[2];
} Inner;

static void
turn_inner(void *arg, int t)
{
	Inner	   *op = arg;
	const PpdlParams *par = op->par;
	const PpdlKsPlan *plan = op->digits->plan;
	uint64_t   *acc[2] = {ppdl_at(par, op->acc[0], t), ppdl_at(par, op->acc[1], t)};

	ppdl_digits_dot(par, op->digits, op->key, t, acc[0], acc[1]);
	if (op->b != NULL && t < plan->limbs)
	{
		const PpdlModulus *m = &par->ring->mod[t];

		ppdl_vec_mul_scalar_add(m, acc[0], ppdl_cat(par, op->b, t), plan->p_mod[t], par->n);
		ppdl_vec_mul_scalar_add(m, acc[1], ppdl_cat(par, op->a, t), plan->p_mod[t], par->n);
	}
}

PpdlStatus
ppdl_digits_apply(PpdlEval *ev, const PpdlDigits *d, const PpdlSwitchKey *key, const PpdlSwitchTo *to, PpdlError *err)
{
	const PpdlKsPlan *plan = d->plan;
	/* without rescaling it is cheaper to add after the division */
	Inner		op = {.par = ev->par, .digits = d, .key = key, .b = to->rescale ? to->add_b : NULL, .a = to->rescale ? to->add_a : NULL};
	PpdlHalf	half[2] = {{.out = to->b}, {.out = to->a}};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_buffer(ev, plan->total, &op.acc[0], err));
	PPDL_GOTO(done, ppdl_buffer(ev, plan->total, &op.acc[1], err));
	ppdl_parallel_for(ev->threads, plan->total, turn_inner, &op);
	ev->keyswitches++;
	half[0].acc = op.acc[0];
	half[1].acc = op.acc[1];
	if (!to->rescale)
	{
		half[0].add = to->add_b;
		half[1].add = to->add_a;
	}
	status = ppdl_divide(ev, plan, to->rescale ? &plan->by_pq : &plan->by_p, half, 2, to->perm, err);
done:
	ppdl_pool_put(ev->pool, op.acc[0]);
	ppdl_pool_put(ev->pool, op.acc[1]);
	return status;
}

PpdlStatus
ppdl_keyswitch_to(PpdlEval *ev, const uint64_t *a, int limbs, const PpdlSwitchKey *key, const PpdlSwitchTo *to, PpdlError *err)
{
	const PpdlKsPlan *plan;
	PpdlDigits	d;
	PpdlStatus	status;

	if (limbs < 1 || limbs > key->limbs)
		return ppdl_error(err, PPDL_ERR_KEY, "switching key %u serves %d limbs, not %d", key->id, key->limbs, limbs);
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
	PpdlSwitchTo to = {.add_b = in->b};
	const PpdlSwitchKey *key;
	PpdlDigits	digits;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(check_galois(ev, d, err));
	if (d == 1)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_find_key(ev, d, in->limbs, &key, err));
	/* the key leads to sigma_(d^-1)(s): out = sigma_d(b + kb, ka) */
	to.perm = ppdl_autom_table(ev->par->ring, d);
	if (to.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_hoisted_digits(ev, h, &digits, err));
	PPDL_TRY(ppdl_ct_alloc(ev, out, in->limbs, err));
	to.b = out->b;
	to.a = out->a;
	status = ppdl_digits_apply(ev, &digits, key, &to, err);
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, digits.plan->noise);
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
	const PpdlCt *from = in;
	PpdlCt		held = {0};
	int			path[PPDL_MAX_ROTATION_PATH],
				steps;
	PpdlStatus	status = PPDL_OK;

	if (ev->rotations == NULL)
		return ppdl_ct_automorphism(ev, out, in, ppdl_galois_rotation(ev->par->ring, r), err);
	out->b = out->a = NULL;
	steps = ppdl_rotset_path(ev->rotations, r, in->limbs, path);
	if (steps < 0)
		return ppdl_error(err, PPDL_ERR_KEY, "the published keys cannot rotate by %d slots at %d limbs", r, in->limbs);
	if (steps == 0)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	for (int i = 0; i < steps && status == PPDL_OK; i++)
	{
		status = ppdl_ct_automorphism(ev, out, from, ppdl_galois_rotation(ev->par->ring, path[i]), err);
		ppdl_ct_release(ev, &held);
		held = *out;
		from = &held;
	}
	return status;
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
