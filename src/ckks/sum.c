/*
 * Sums of a product, multiples and a constant, half a limb at a time: what is added up stays in the second cache.
 * Smaller blocks would stay in the first, but break the operands, which come from memory, into runs too short to be
 * fetched ahead.
 */
#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/noise.h"
#include "ring/vec.h"

typedef struct Summing
{
	const PpdlParams *par;
	const PpdlCtSum *s;
	uint64_t   *out[3];			/* b, a and d of the sum; d = NULL: there is none */
	int			holds,			/* degrees that hold something already: 0, 2 or 3 of out */
				limbs;
	uint64_t   *w;				/* two factors a limb for each term, and for the constant */
} Summing;

/* of term `term` of limb i, in the half that begins at `from` */
static uint64_t
factor_at(const Summing *op, int term, int i, size_t from)
{
	return op->w[2 * (term * op->limbs + i) + (from >= op->par->n / 2)];
}

/* the product of half a limb; what out holds already is added to it */
static void
product_half(const Summing *op, const PpdlModulus *m, uint64_t *const *out, int i, size_t from, size_t n)
{
	const PpdlParams *par = op->par;
	const PpdlCtSum *s = op->s;
	const uint64_t *xb = ppdl_cat(par, s->x->b, i) + from,
			   *xa = ppdl_cat(par, s->x->a, i) + from,
			   *yb = ppdl_cat(par, s->y->b, i) + from,
			   *ya = ppdl_cat(par, s->y->a, i) + from;
	const uint64_t *left[2] = {xb, xa},
			   *right[2] = {ya, yb};

	if (op->holds > 0)
		ppdl_vec_mul_add(m, out[0], xb, yb, n);
	else
		ppdl_vec_mul(m, out[0], xb, yb, n);
	ppdl_vec_dot(m, &(PpdlDot) {.out = {out[1]}, .a = left, .k = {right}, .terms = 2, .accumulate = op->holds > 1}, n);
	if (op->holds > 2)
		ppdl_vec_mul_add(m, out[2], xa, ya, n);
	else
		ppdl_vec_mul(m, out[2], xa, ya, n);
	for (int h = 0; s->factor == 2 && h < 3; h++)
		ppdl_vec_add(m, out[h], out[h], out[h], n);
}

static void
sum_half(const Summing *op, int i, size_t from, size_t n)
{
	const PpdlParams *par = op->par;
	const PpdlCtSum *s = op->s;
	const PpdlModulus *m = &par->ring->mod[i];
	uint64_t   *out[3] = {NULL};
	int			begun = op->holds > 0 || s->x != NULL;

	for (int h = 0; h < 3 && op->out[h] != NULL; h++)
		out[h] = ppdl_at(par, op->out[h], i) + from;
	if (s->x != NULL)
		product_half(op, m, out, i, from, n);
	for (int k = 0; k < s->terms; k++, begun = 1)
	{
		const uint64_t w = factor_at(op, k, i, from);

		for (int h = 0; h < 2; h++)
		{
			const uint64_t *t = ppdl_cat(par, h == 0 ? s->term[k]->b : s->term[k]->a, i) + from;

			if (begun)
				ppdl_vec_mul_scalar_add(m, out[h], t, w, n);
			else
				ppdl_vec_mul_scalar(m, out[h], t, w, n);
		}
	}
	for (int h = 0; h < 2 && !begun; h++)
		memset(out[h], 0, n * sizeof(uint64_t));
	if (s->constant != 0)
		ppdl_vec_add_scalar(m, out[0], out[0], factor_at(op, s->terms, i, from), n);
}

static void
task_sum(void *arg, int i)
{
	const Summing *op = arg;
	const size_t half = op->par->n / 2;

	for (size_t from = 0; from < op->par->n; from += half)
		sum_half(op, i, from, half);
}

/* c * f, rounded, for each limb */
static PpdlStatus
round_factors(const Summing *op, int term, double complex c, double f, double *size, double *off, PpdlError *err)
{
	__int128	re,
				im;

	PPDL_TRY(ppdl_round_factor(creal(c) * f, &re, "add a multiple", err));
	PPDL_TRY(ppdl_round_factor(cimag(c) * f, &im, "add a multiple", err));
	for (int i = 0; i < op->limbs; i++)
	{
		uint64_t   *w = op->w + 2 * (term * op->limbs + i);

		ppdl_gaussian_integer(op->par, i, re, im, &w[0], &w[1]);
	}
	*size = hypot((double) re, (double) im);
	*off = hypot(creal(c) * f - (double) re, cimag(c) * f - (double) im);
	return PPDL_OK;
}

/* the estimates of acc, and factors */
static PpdlStatus
account(const Summing *op, PpdlCt *acc, PpdlError *err)
{
	const PpdlCtSum *s = op->s;
	double		size,
				off;
	int			begun = op->holds > 0;

	if (s->x != NULL)
	{
		const double bound = s->factor * s->x->bound * s->y->bound;

		acc->noise = hypot(acc->noise, s->factor * ppdl_product_noise(s->x, s->y));
		acc->bound = begun ? ppdl_bound_add(acc->bound, bound) : bound;
		begun = 1;
	}
	for (int k = 0; k < s->terms; k++)
	{
		const PpdlCt *t = s->term[k];
		const double bound = t->bound * hypot(creal(s->c[k]), cimag(s->c[k]));

		PPDL_TRY(round_factors(op, k, s->c[k], acc->scale / t->scale, &size, &off, err));
		acc->noise = hypot(acc->noise, hypot(t->noise * size, ppdl_factor_noise(t, off)));
		acc->bound = begun ? ppdl_bound_add(acc->bound, bound) : bound;
		begun = 1;
	}
	if (s->constant != 0)
	{
		const double bound = hypot(creal(s->constant), cimag(s->constant));

		PPDL_TRY(round_factors(op, s->terms, s->constant, acc->scale, &size, &off, err));
		acc->bound = begun ? ppdl_bound_add(acc->bound, bound) : bound;
	}
	return ppdl_check_result(acc, s->x != NULL ? "multiply" : "add a multiple", err);
}

static PpdlStatus
check_operands(const PpdlEval *ev, const PpdlCt3 *acc, const PpdlCtSum *s, int *limbs, PpdlError *err)
{
	const char *what = s->x != NULL ? "multiply" : "add a multiple";

	*limbs = acc->ct.b != NULL ? acc->ct.limbs : s->limbs;
	if (acc->ct.b != NULL)
	{
		PPDL_TRY(ppdl_check_ring(ev, acc->ct.par, what, err));
		if (acc->d != NULL)
			PPDL_VERIFY_CT3(acc);
		else
			PPDL_VERIFY_CT(&acc->ct);
	}
	for (int k = s->x != NULL ? -2 : 0; k < s->terms; k++)
	{
		const PpdlCt *x = k == -2 ? s->x : k == -1 ? s->y : s->term[k];

		PPDL_TRY(ppdl_check_ring(ev, x->par, what, err));
		PPDL_VERIFY_CT(x);
		if (x->limbs < *limbs)
			*limbs = x->limbs;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_ct3_sum(PpdlEval *ev, PpdlCt3 *acc, const PpdlCtSum *s, PpdlError *err)
{
	Summing		op = {.par = ev->par, .s = s, .holds = acc->ct.b == NULL ? 0 : acc->d == NULL ? 2 : 3};
	PpdlStatus	status;

	PPDL_ASSERT(s->x == NULL || s->factor == 1 || (s->factor == 2 && op.holds == 0));
	PPDL_TRY(check_operands(ev, acc, s, &op.limbs, err));
	op.w = ppdl_pool_get(ev->pool, sizeof(uint64_t) * 2 * (size_t) (s->terms + 1) * (size_t) op.limbs);
	if (op.w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (op.holds == 0)
	{
		PPDL_GOTO(done, ppdl_ct_alloc(ev, &acc->ct, op.limbs, err));
		acc->ct.scale = s->scale > 0 ? s->scale : s->x->scale * s->y->scale;
	}
	ppdl_ct_drop(&acc->ct, op.limbs);
	if (s->x != NULL && acc->d == NULL)
		PPDL_GOTO(done, ppdl_buffer(ev, acc->ct.limbs, &acc->d, err));
	PPDL_GOTO(done, account(&op, &acc->ct, err));
	op.out[0] = acc->ct.b;
	op.out[1] = acc->ct.a;
	op.out[2] = acc->d;
	ppdl_parallel_for(ev->threads, op.limbs, task_sum, &op);
	ev->products += s->x != NULL;
	status = PPDL_OK;
done:
	ppdl_pool_put(ev->pool, op.w);
	if (status != PPDL_OK && op.holds < 3 && acc->d != NULL)
	{
		ppdl_pool_put(ev->pool, acc->d);
		acc->d = NULL;
	}
	if (status != PPDL_OK && op.holds == 0)
		ppdl_ct_release(ev, &acc->ct);
	return status;
}

PpdlStatus
ppdl_ct_tensor(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	memset(out, 0, sizeof(*out));
	return ppdl_ct3_sum(ev, out, &(PpdlCtSum) {.x = x, .y = y, .factor = 1, .limbs = x->limbs}, err);
}

PpdlStatus
ppdl_ct3_add_product(PpdlEval *ev, PpdlCt3 *acc, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	if (acc->ct.b != NULL)
		PPDL_TRY(ppdl_check_scales(acc->ct.scale, x->scale * y->scale, "add products", err));
	return ppdl_ct3_sum(ev, acc, &(PpdlCtSum) {.x = x, .y = y, .factor = 1, .limbs = x->limbs}, err);
}

PpdlStatus
ppdl_ct_add_multiple(PpdlEval *ev, PpdlCt *acc, const PpdlCt *x, double re, double im, PpdlError *err)
{
	const double complex c = CMPLX(re, im);
	PpdlCt3		sum = {.ct = *acc};
	PpdlStatus	status = ppdl_ct3_sum(ev, &sum, &(PpdlCtSum) {.term = &x, .c = &c, .terms = 1}, err);

	*acc = sum.ct;
	return status;
}
