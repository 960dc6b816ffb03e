/*
 * Memory and linear operations of the evaluator.
 */
#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/noise.h"
#include "ring/vec.h"

#define SCALE_TOLERANCE 0x1p-40

PpdlStatus
ppdl_eval_init(PpdlEval *ev, const PpdlParams *par, PpdlPool *pool, PpdlThreads *threads, PpdlError *err)
{
	memset(ev, 0, sizeof(*ev));
	if (par == NULL || pool == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "an evaluator needs parameters and a pool");
	ev->par = par;
	ev->pool = pool;
	ev->threads = threads;
	return PPDL_OK;
}

void
ppdl_eval_fini(PpdlEval *ev)
{
	memset(ev, 0, sizeof(*ev));
}

PpdlPoll
ppdl_eval_poller(const PpdlEval *ev)
{
	return (PpdlPoll) {ev->interrupted, ev->interrupted_arg};
}

PpdlStatus
ppdl_eval_poll(PpdlEval *ev, PpdlError *err)
{
	const PpdlPoll poll = ppdl_eval_poller(ev);

	return ppdl_poll(&poll, err);
}

PpdlStatus
ppdl_check_scales(double x, double y, const char *what, PpdlError *err)
{
	if (fabs(x / y - 1) <= SCALE_TOLERANCE)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_SCALE, "cannot %s: scales 2^%.9f and 2^%.9f differ", what, log2(x), log2(y));
}

PpdlStatus
ppdl_check_ring(const PpdlEval *ev, const PpdlParams *par, const char *what, PpdlError *err)
{
	if (par == ev->par)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot %s: operand of ring %s, evaluator of ring %s", what,
					  par != NULL ? par->name : "(none)", ev->par->name);
}

PpdlStatus
ppdl_check_result(const PpdlCt *ct, const char *what, PpdlError *err)
{
	PpdlStatus	status = ppdl_check_estimates(ct->scale, ct->noise, ct->bound, PPDL_ERR_RANGE, err);

	return status == PPDL_OK ? status : ppdl_error_detail(err, status, "This is the result when asked to %s.", what);
}

PpdlStatus
ppdl_buffer(PpdlEval *ev, int limbs, uint64_t **out, PpdlError *err)
{
	*out = ppdl_pool_get(ev->pool, ppdl_limb_bytes(ev->par, limbs));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d limbs of %zu coefficients", limbs, ev->par->n);
	return PPDL_OK;
}

static PpdlStatus
check_limbs(const PpdlEval *ev, int limbs, PpdlError *err)
{
	if (limbs < 1 || limbs > ev->par->nq)
		return ppdl_error(err, PPDL_ERR_LEVEL, "no ciphertext of %d limbs in ring %s: must be 1 to %d", limbs,
						  ev->par->name, ev->par->nq);
	return PPDL_OK;
}

PpdlStatus
ppdl_ct_alloc(PpdlEval *ev, PpdlCt *ct, int limbs, PpdlError *err)
{
	PpdlStatus	status;

	memset(ct, 0, sizeof(*ct));
	PPDL_TRY(check_limbs(ev, limbs, err));
	ct->par = ev->par;
	ct->domain = PPDL_DOMAIN_NTT;
	ct->limbs = limbs;
	ct->scale = 1;
	PPDL_GOTO(fail, ppdl_buffer(ev, limbs, &ct->b, err));
	PPDL_GOTO(fail, ppdl_buffer(ev, limbs, &ct->a, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, ct);
	return status;
}

void
ppdl_ct_release(PpdlEval *ev, PpdlCt *ct)
{
	ppdl_pool_put(ev->pool, ct->b);
	ppdl_pool_put(ev->pool, ct->a);
	ct->a = ct->b = NULL;
}

void
ppdl_ct_release_all(PpdlEval *ev, PpdlCt *ct, int count)
{
	for (int i = 0; i < count; i++)
		ppdl_ct_release(ev, &ct[i]);
}

void
ppdl_ct3_release(PpdlEval *ev, PpdlCt3 *ct)
{
	ppdl_ct_release(ev, &ct->ct);
	ppdl_pool_put(ev->pool, ct->d);
	ct->d = NULL;
}

PpdlStatus
ppdl_ct_copy(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int limbs, PpdlError *err)
{
	uint64_t   *b,
			   *a;

	PPDL_TRY(ppdl_check_ring(ev, in->par, "copy", err));
	PPDL_VERIFY_CT(in);
	if (limbs > in->limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot copy %d limbs of a ciphertext that has %d", limbs, in->limbs);
	PPDL_TRY(ppdl_ct_alloc(ev, out, limbs, err));
	b = out->b;
	a = out->a;
	*out = *in;
	out->limbs = limbs;
	out->b = b;
	out->a = a;
	memcpy(b, in->b, ppdl_limb_bytes(ev->par, limbs));
	memcpy(a, in->a, ppdl_limb_bytes(ev->par, limbs));
	return PPDL_OK;
}

PpdlStatus
ppdl_ct3_copy(PpdlEval *ev, PpdlCt3 *out, const PpdlCt3 *in, PpdlError *err)
{
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	PPDL_VERIFY_CT3(in);
	PPDL_TRY(ppdl_ct_copy(ev, &out->ct, &in->ct, in->ct.limbs, err));
	status = ppdl_buffer(ev, in->ct.limbs, &out->d, err);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, &out->ct);
	else
		memcpy(out->d, in->d, ppdl_limb_bytes(ev->par, in->ct.limbs));
	return status;
}

PpdlStatus
ppdl_ct3_join(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt3 *y, PpdlError *err)
{
	if (y->d == NULL)
		return PPDL_OK;
	return acc->d == NULL ? ppdl_ct3_copy(ev, acc, y, err) : ppdl_ct3_add(ev, acc, y, err);
}

void
ppdl_ct_drop(PpdlCt *ct, int limbs)
{
	PPDL_ASSERT(limbs >= 1);
	if (limbs < ct->limbs)
		ct->limbs = limbs;
}

PpdlStatus
ppdl_pt_alloc(PpdlEval *ev, PpdlPt *pt, int limbs, PpdlError *err)
{
	memset(pt, 0, sizeof(*pt));
	PPDL_TRY(check_limbs(ev, limbs, err));
	pt->par = ev->par;
	pt->domain = PPDL_DOMAIN_NTT;
	pt->limbs = limbs;
	pt->scale = 1;
	return ppdl_buffer(ev, limbs, &pt->p, err);
}

void
ppdl_pt_release(PpdlEval *ev, PpdlPt *pt)
{
	ppdl_pool_put(ev->pool, pt->p);
	pt->p = NULL;
}

/* a task of a linear operation does one limb of both halves */
typedef struct Linear
{
	const PpdlParams *par;
	uint64_t   *x[3];			/* halves; NULL ends the list */
	const uint64_t *y[3];
	const uint64_t *w0,			/* a factor a limb; w1: for the upper half of each limb */
			   *w1;
	int64_t		e;
} Linear;

#define EACH_HALF(op) \
	for (int h = 0; h < 3 && (op)->x[h] != NULL; h++)

static void
task_add(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;

	EACH_HALF(op)
		ppdl_vec_add(&par->ring->mod[i], ppdl_at(par, op->x[h], i), ppdl_at(par, op->x[h], i),
					 ppdl_cat(par, op->y[h], i), par->n);
}

static void
task_sub(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;

	EACH_HALF(op)
		ppdl_vec_sub(&par->ring->mod[i], ppdl_at(par, op->x[h], i), ppdl_at(par, op->x[h], i),
					 ppdl_cat(par, op->y[h], i), par->n);
}

static void
task_neg(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;

	EACH_HALF(op)
		ppdl_vec_neg(&par->ring->mod[i], ppdl_at(par, op->x[h], i), ppdl_at(par, op->x[h], i), par->n);
}

/* every x by the one y */
static void
task_mul(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;

	EACH_HALF(op)
		ppdl_vec_mul(&par->ring->mod[i], ppdl_at(par, op->x[h], i), ppdl_at(par, op->x[h], i),
					 ppdl_cat(par, op->y[0], i), par->n);
}

static void
task_mul_scalar(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;
	size_t		half = par->n / 2;

	EACH_HALF(op)
	{
		uint64_t   *x = ppdl_at(par, op->x[h], i);

		ppdl_vec_mul_scalar(&par->ring->mod[i], x, x, op->w0[i], half);
		ppdl_vec_mul_scalar(&par->ring->mod[i], x + half, x + half, op->w1[i], half);
	}
}

static void
task_add_scalar(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;
	size_t		half = par->n / 2;
	uint64_t   *x = ppdl_at(par, op->x[0], i);

	ppdl_vec_add_scalar(&par->ring->mod[i], x, x, op->w0[i], half);
	ppdl_vec_add_scalar(&par->ring->mod[i], x + half, x + half, op->w1[i], half);
}

static void
task_monomial(void *arg, int i)
{
	Linear	   *op = arg;
	const PpdlParams *par = op->par;

	EACH_HALF(op)
		ppdl_mul_monomial_ntt(par->ring, &par->ring->mod[i], ppdl_at(par, op->x[h], i), ppdl_at(par, op->x[h], i),
							  op->e);
}

static PpdlStatus
add_or_sub(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, int sub, PpdlError *err)
{
	Linear		op = {.par = ev->par, .x = {acc->b, acc->a}, .y = {y->b, y->a}};

	PPDL_TRY(ppdl_check_ring(ev, acc->par, sub ? "subtract" : "add", err));
	PPDL_TRY(ppdl_check_ring(ev, y->par, sub ? "subtract" : "add", err));
	PPDL_VERIFY_CT(acc);
	PPDL_VERIFY_CT(y);
	PPDL_TRY(ppdl_check_scales(acc->scale, y->scale, sub ? "subtract" : "add", err));
	ppdl_ct_drop(acc, y->limbs);
	ppdl_parallel_for(ev->threads, acc->limbs, sub ? task_sub : task_add, &op);
	acc->noise = hypot(acc->noise, y->noise);
	acc->bound = ppdl_bound_add(acc->bound, y->bound);
	return ppdl_check_result(acc, sub ? "subtract" : "add", err);
}

PpdlStatus
ppdl_ct_add(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err)
{
	return add_or_sub(ev, acc, y, 0, err);
}

PpdlStatus
ppdl_ct_join(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err)
{
	if (y->b == NULL)
		return PPDL_OK;
	return acc->b == NULL ? ppdl_ct_copy(ev, acc, y, y->limbs, err) : ppdl_ct_add(ev, acc, y, err);
}

PpdlStatus
ppdl_ct_sub(PpdlEval *ev, PpdlCt *acc, const PpdlCt *y, PpdlError *err)
{
	return add_or_sub(ev, acc, y, 1, err);
}

void
ppdl_ct_neg(PpdlEval *ev, PpdlCt *ct)
{
	Linear		op = {.par = ev->par, .x = {ct->b, ct->a}};

	PPDL_VERIFY_CT(ct);
	ppdl_parallel_for(ev->threads, ct->limbs, task_neg, &op);
}

PpdlStatus
ppdl_ct_add_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err)
{
	Linear		op = {.par = ev->par, .x = {ct->b}, .y = {pt->p}};

	PPDL_TRY(ppdl_check_ring(ev, ct->par, "add a plaintext", err));
	PPDL_TRY(ppdl_check_ring(ev, pt->par, "add a plaintext", err));
	PPDL_VERIFY_CT(ct);
	PPDL_VERIFY_PT(pt);
	PPDL_TRY(ppdl_check_scales(ct->scale, pt->scale, "add a plaintext", err));
	ppdl_ct_drop(ct, pt->limbs);
	ppdl_parallel_for(ev->threads, ct->limbs, task_add, &op);
	ct->noise = hypot(ct->noise, PPDL_ROUNDING);
	ct->bound = ppdl_bound_add(ct->bound, pt->bound);
	return ppdl_check_result(ct, "add a plaintext", err);
}

/* X^(N/2) is psi^(N/2) at the first half of the NTT positions and its negative at the second */
void
ppdl_gaussian_integer(const PpdlParams *par, int limb, __int128 re, __int128 im, uint64_t *w0, uint64_t *w1)
{
	const PpdlModulus *m = &par->ring->mod[limb];
	uint64_t	r = ppdl_mod_from_i128(m, re),
				i = ppdl_mod_mul(m, ppdl_mod_from_i128(m, im), ppdl_mod_pow(m, m->psi, par->n / 2));

	*w0 = ppdl_mod_add(m, r, i);
	*w1 = ppdl_mod_sub(m, r, i);
}

PpdlStatus
ppdl_round_factor(double x, __int128 *out, const char *what, PpdlError *err)
{
	if (!(fabs(x) < 0x1p126))
		return ppdl_error(err, PPDL_ERR_RANGE, "cannot %s: the scaled constant %g is too large", what, x);
	*out = (__int128) rint(x);
	return PPDL_OK;
}

PpdlStatus
ppdl_ct_add_const(PpdlEval *ev, PpdlCt *ct, double re, double im, PpdlError *err)
{
	uint64_t	w0[PPDL_MAX_Q],
				w1[PPDL_MAX_Q];
	Linear		op = {.par = ev->par, .x = {ct->b}, .w0 = w0, .w1 = w1};
	__int128	r = 0,
				i = 0;

	PPDL_VERIFY_CT(ct);
	PPDL_TRY(ppdl_round_factor(re * ct->scale, &r, "add a constant", err));
	PPDL_TRY(ppdl_round_factor(im * ct->scale, &i, "add a constant", err));
	for (int l = 0; l < ct->limbs; l++)
		ppdl_gaussian_integer(ev->par, l, r, i, &w0[l], &w1[l]);
	ppdl_parallel_for(ev->threads, ct->limbs, task_add_scalar, &op);
	if (ct->bound > 0)
		ct->bound += hypot(re, im);
	return ppdl_check_result(ct, "add a constant", err);
}

static void
mul_gaussian_integer(PpdlEval *ev, PpdlCt *ct, __int128 re, __int128 im)
{
	uint64_t	w0[PPDL_MAX_Q],
				w1[PPDL_MAX_Q];
	Linear		op = {.par = ev->par, .x = {ct->b, ct->a}, .w0 = w0, .w1 = w1};

	for (int l = 0; l < ct->limbs; l++)
		ppdl_gaussian_integer(ev->par, l, re, im, &w0[l], &w1[l]);
	ppdl_parallel_for(ev->threads, ct->limbs, task_mul_scalar, &op);
}

PpdlStatus
ppdl_ct_mul_int(PpdlEval *ev, PpdlCt *ct, __int128 c, PpdlError *err)
{
	PPDL_VERIFY_CT(ct);
	mul_gaussian_integer(ev, ct, c, 0);
	ct->noise *= fabs((double) c);
	ct->bound *= fabs((double) c);
	return ppdl_check_result(ct, "multiply by an integer", err);
}

PpdlStatus
ppdl_ct_mul_const(PpdlEval *ev, PpdlCt *ct, double re, double im, double f, PpdlError *err)
{
	__int128	r = 0,
				i = 0;
	double		off;

	PPDL_VERIFY_CT(ct);
	if (!(f > 0) || !isfinite(f))
		return ppdl_error(err, PPDL_ERR_SCALE, "cannot multiply by a constant at scale %g", f);
	PPDL_TRY(ppdl_round_factor(re * f, &r, "multiply by a constant", err));
	PPDL_TRY(ppdl_round_factor(im * f, &i, "multiply by a constant", err));
	mul_gaussian_integer(ev, ct, r, i);
	off = hypot(re * f - (double) r, im * f - (double) i);
	ct->noise = hypot(ct->noise * hypot((double) r, (double) i), ppdl_factor_noise(ct, off));
	ct->bound *= hypot(re, im);
	ct->scale *= f;
	return ppdl_check_result(ct, "multiply by a constant", err);
}

void
ppdl_ct_mul_monomial(PpdlEval *ev, PpdlCt *ct, int64_t e)
{
	Linear		op = {.par = ev->par, .x = {ct->b, ct->a}, .e = e};

	PPDL_VERIFY_CT(ct);
	ppdl_parallel_for(ev->threads, ct->limbs, task_monomial, &op);
}

static PpdlStatus
check_plain_product(PpdlEval *ev, const PpdlCt *ct, const PpdlPt *pt, PpdlError *err)
{
	PPDL_TRY(ppdl_check_ring(ev, ct->par, "multiply by a plaintext", err));
	PPDL_TRY(ppdl_check_ring(ev, pt->par, "multiply by a plaintext", err));
	PPDL_VERIFY_PT(pt);
	return PPDL_OK;
}

PpdlStatus
ppdl_account_plain_product(PpdlCt *ct, const PpdlPt *pt, PpdlError *err)
{
	ct->noise = ppdl_plain_product_noise(ct, pt);
	ct->bound *= pt->bound;
	ct->scale *= pt->scale;
	return ppdl_check_result(ct, "multiply by a plaintext", err);
}

PpdlStatus
ppdl_ct_mul_plain(PpdlEval *ev, PpdlCt *ct, const PpdlPt *pt, PpdlError *err)
{
	Linear		op = {.par = ev->par, .x = {ct->b, ct->a}, .y = {pt->p}};

	PPDL_TRY(check_plain_product(ev, ct, pt, err));
	PPDL_VERIFY_CT(ct);
	ppdl_ct_drop(ct, pt->limbs);
	ppdl_parallel_for(ev->threads, ct->limbs, task_mul, &op);
	ev->products++;
	return ppdl_account_plain_product(ct, pt, err);
}

PpdlStatus
ppdl_ct3_mul_plain(PpdlEval *ev, PpdlCt3 *ct, const PpdlPt *pt, PpdlError *err)
{
	Linear		op = {.par = ev->par, .x = {ct->ct.b, ct->ct.a, ct->d}, .y = {pt->p}};

	PPDL_TRY(check_plain_product(ev, &ct->ct, pt, err));
	PPDL_VERIFY_CT3(ct);
	ppdl_ct_drop(&ct->ct, pt->limbs);
	ppdl_parallel_for(ev->threads, ct->ct.limbs, task_mul, &op);
	ev->products++;
	return ppdl_account_plain_product(&ct->ct, pt, err);
}

PpdlStatus
ppdl_ct3_add(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt3 *y, PpdlError *err)
{
	Linear		op = {.par = ev->par, .x = {acc->ct.b, acc->ct.a, acc->d}, .y = {y->ct.b, y->ct.a, y->d}};

	PPDL_TRY(ppdl_check_ring(ev, acc->ct.par, "add products", err));
	PPDL_TRY(ppdl_check_ring(ev, y->ct.par, "add products", err));
	PPDL_VERIFY_CT3(acc);
	PPDL_VERIFY_CT3(y);
	PPDL_TRY(ppdl_check_scales(acc->ct.scale, y->ct.scale, "add products", err));
	ppdl_ct_drop(&acc->ct, y->ct.limbs);
	ppdl_parallel_for(ev->threads, acc->ct.limbs, task_add, &op);
	acc->ct.noise = hypot(acc->ct.noise, y->ct.noise);
	acc->ct.bound = ppdl_bound_add(acc->ct.bound, y->ct.bound);
	return ppdl_check_result(&acc->ct, "add products", err);
}
