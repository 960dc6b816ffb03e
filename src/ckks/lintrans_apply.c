/*
 * Linear transforms: evaluation with baby and giant steps.  Baby steps share one hoisting, or two where half of the
 * giant steps start from a rotated input (lintrans_source.c), and stay over QP (lintrans_sums.c); each giant step
 * divides only the half that it has to switch (giant_step.c; Bossuat et al. 2021, §4.1).  Giant steps run by Horner's
 * rule when keys are dear.
 */
#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/lintrans_sums.h"
#include "ckks/noise.h"

typedef struct Apply
{
	PpdlInnerSums sums;
	const PpdlCt *in;
	const PpdlLinTrans *const *lt;
	int			count,
				rescale;
	PpdlCt	   *out;
} Apply;

/* ---- giant steps ---- */

static int
numbers(const PpdlBsgs *plan)
{
	return plan->max_giant - plan->min_giant + 1;
}

/* giants of one number of a transform, of all inputs, to those of another */
static PpdlStatus
giant_step(Apply *op, const PpdlGiant *from, const PpdlGiant *to, int rotation, PpdlError *err)
{
	const PpdlInnerSums *sums = &op->sums;
	PpdlOverQp	x[PPDL_LINTRANS_INPUTS],
				y[PPDL_LINTRANS_INPUTS];

	for (int i = 0; i < sums->inputs; i++)
	{
		x[i] = from[i].sum;
		y[i] = to[i].sum;
	}
	return ppdl_add_switched(sums->ev, sums->ks, y, x, sums->inputs,
							 ppdl_galois_rotation(sums->ev->par->ring, rotation), err);
}

/* giants of one transform lie in a row, by number; leaves the whole in number 0 */
static PpdlStatus
giant_steps(Apply *op, const PpdlGiant *zero, PpdlError *err)
{
	const PpdlBsgs *plan = &zero->lt->plan;
	const int	n = op->sums.inputs;

	for (int g = plan->max_giant; g > 0; g--)
	{
		if (plan->min_keys)
			PPDL_TRY(giant_step(op, zero + g * n, zero + (g - 1) * n, ppdl_bsgs_giant_rotation(plan, 1), err));
		else if (zero[g * n].first < zero[g * n].last)
			PPDL_TRY(giant_step(op, zero + g * n, zero, ppdl_bsgs_giant_rotation(plan, g), err));
	}
	for (int g = plan->min_giant; g < 0; g++)
	{
		if (plan->min_keys)
			PPDL_TRY(giant_step(op, zero + g * n, zero + (g + 1) * n, ppdl_bsgs_giant_rotation(plan, -1), err));
		else if (zero[g * n].first < zero[g * n].last)
			PPDL_TRY(giant_step(op, zero + g * n, zero, ppdl_bsgs_giant_rotation(plan, g), err));
	}
	return PPDL_OK;
}

/* ---- the whole ---- */

static PpdlStatus
prepare_babies(PpdlInnerSums *sums, const PpdlLinTrans *lt, PpdlError *err)
{
	PpdlEval   *ev = sums->ev;
	const PpdlParams *par = ev->par;

	for (int k = 0; k < lt->count; k++)
	{
		int			r = ppdl_bsgs_baby_rotation(&lt->plan, lt->term[k].step.baby);
		PpdlBaby   *b = &sums->baby[sums->babies];
		uint32_t	d;

		if (ppdl_find_baby(sums, r) >= 0)
			continue;
		memset(b, 0, sizeof(*b));
		b->rotation = r;
		sums->babies++;
		if (r == 0)
			continue;
		d = ppdl_galois_rotation(par->ring, r);
		PPDL_TRY(ppdl_find_key(ev, d, sums->ks->limbs, &b->key, err));
		b->perm = ppdl_autom_table(par->ring, d);
		if (b->perm == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

/* those of all inputs for one number lie side by side, as they take the same plaintexts and keys */
static PpdlStatus
prepare_giants(PpdlInnerSums *sums, const PpdlLinTrans *lt, PpdlError *err)
{
	int			k = 0;

	for (int number = lt->plan.min_giant; number <= lt->plan.max_giant; number++)
	{
		const int	first = k;

		while (k < lt->count && lt->term[k].step.giant == number)
			k++;
		if (k - first > sums->max_terms)
			sums->max_terms = k - first;
		for (int i = 0; i < sums->inputs; i++)
		{
			PpdlGiant  *g = &sums->giant[sums->giants++];

			*g = (PpdlGiant) {.lt = lt, .input = i, .first = first, .last = k};
			PPDL_TRY(ppdl_buffer(sums->ev, sums->ks->total, &g->sum.b, err));
			PPDL_TRY(ppdl_buffer(sums->ev, sums->ks->total, &g->sum.a, err));
		}
	}
	return PPDL_OK;
}

/* *rotation: of second sources, 0 where no transform has one */
static PpdlStatus
find_sources(const Apply *op, int *rotation, PpdlError *err)
{
	*rotation = 0;
	for (int i = 0; i < op->count; i++)
	{
		const int	r = ppdl_bsgs_source_rotation(&op->lt[i]->plan);

		if (r != 0 && *rotation != 0 && r != *rotation)
			return ppdl_error(err, PPDL_ERR_ARGUMENT,
							  "linear transforms of inputs rotated by %d and by %d slots cannot be applied together",
							  r, *rotation);
		if (r != 0)
			*rotation = r;
	}
	return PPDL_OK;
}

static PpdlStatus
prepare(Apply *op, PpdlError *err)
{
	PpdlInnerSums *sums = &op->sums;
	PpdlPool   *pool = sums->ev->pool;
	int			babies = 0,
				giants = 0;

	for (int i = 0; i < op->count; i++)
	{
		const PpdlLinTrans *lt = op->lt[i];

		PPDL_TRY(ppdl_check_ring(sums->ev, lt->par, "apply a linear transform", err));
		if (lt->limbs != op->in->limbs)
			return ppdl_error(err, PPDL_ERR_LEVEL, "linear transform encoded for %d limbs, ciphertext has %d",
							  lt->limbs, op->in->limbs);
		babies += lt->plan.baby;
		giants += numbers(&lt->plan) * sums->inputs;
	}
	sums->workers = ppdl_threads_count(sums->ev->threads);
	sums->max_terms = 1;
	sums->baby = ppdl_pool_get(pool, sizeof(PpdlBaby) * (size_t) babies);
	sums->giant = ppdl_pool_get(pool, sizeof(PpdlGiant) * (size_t) giants);
	if (sums->baby == NULL || sums->giant == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < op->count; i++)
	{
		PPDL_TRY(prepare_babies(sums, op->lt[i], err));
		PPDL_TRY(prepare_giants(sums, op->lt[i], err));
	}
	return PPDL_OK;
}

static PpdlStatus
sum_babies(Apply *op, PpdlError *err)
{
	PpdlInnerSums *sums = &op->sums;
	int			rotation;

	PPDL_TRY(find_sources(op, &rotation, err));
	sums->sources = rotation != 0 ? 2 : 1;
	for (int i = 0; i < sums->inputs; i++)
	{
		sums->source[i * sums->sources].b = op->in[i].b;
		sums->source[i * sums->sources].a = op->in[i].a;
	}
	PPDL_TRY(ppdl_sources_load(sums, err));
	if (rotation != 0)
	{
		PPDL_TRY(ppdl_sources_rotate(sums, rotation, err));
		PPDL_TRY(ppdl_sources_load(sums, err));
	}
	return ppdl_inner_sums(sums, err);
}

static void
release(Apply *op)
{
	PpdlInnerSums *sums = &op->sums;
	PpdlPool   *pool = sums->ev->pool;

	ppdl_sources_release(sums);
	for (int i = 0; i < sums->giants; i++)
	{
		ppdl_pool_put(pool, sums->giant[i].sum.b);
		ppdl_pool_put(pool, sums->giant[i].sum.a);
	}
	ppdl_pool_put(pool, sums->giant);
	ppdl_pool_put(pool, sums->baby);
}

/*
 * Noise, of the slot that has most of it: the input's, that of the switch to a second source and that of the baby
 * switches go through the matrix, whose longest row counts, not the mean of all; each giant step adds a switch;
 * plaintexts were rounded, those coefficients that are not 0 anyway.
 */
static void
account(PpdlCt *out, const PpdlLinTrans *lt, const PpdlCt *in)
{
	double		factor = lt->scale * lt->row_norm,
				babies = lt->plan.baby > 1 ? lt->ks->digit_noise : 0,
				source = lt->plan.sources > 1 ? lt->ks->noise : 0,
				giants = lt->ks->noise * sqrt(numbers(&lt->plan)),
				rounded = 0,
				rounding;

	for (int i = 0; i < lt->count; i++)
		rounded += lt->term[i].filled;
	rounding = ppdl_norm(in->bound, in->scale) * PPDL_ROUNDING * sqrt(rounded);

	out->scale = in->scale * lt->scale;
	out->bound = in->bound * lt->row_bound;
	out->noise = hypot(factor * hypot(in->noise, hypot(babies, source)), hypot(giants, rounding));
}

static PpdlStatus
finish(const Apply *op, PpdlCt *out, const PpdlGiant *zero, PpdlError *err)
{
	const PpdlKsPlan *ks = op->sums.ks;
	PpdlHalf	half[2] = {{.acc = zero->sum.b}, {.acc = zero->sum.a}};

	PPDL_TRY(ppdl_ct_alloc(op->sums.ev, out, ks->limbs - op->rescale, err));
	half[0].out = out->b;
	half[1].out = out->a;
	PPDL_TRY(ppdl_divide(op->sums.ev, ks, op->rescale ? &ks->by_pq : &ks->by_p, half, 2, err));
	account(out, zero->lt, &op->in[zero->input]);
	if (op->rescale)
	{
		double		q = (double) out->par->ring->mod[ks->limbs - 1].q;

		out->scale /= q;
		out->noise = hypot(out->noise / q, ppdl_rescale_noise(out->par));
	}
	PPDL_TRY(ppdl_check_result(out, "apply a linear transform", err));
	PPDL_VERIFY_CT(out);
	return PPDL_OK;
}

static PpdlStatus
sum_giants(Apply *op, PpdlError *err)
{
	const PpdlGiant *first = op->sums.giant;
	const int	inputs = op->sums.inputs;

	for (int k = 0; k < op->count; k++)
	{
		const PpdlBsgs *plan = &op->lt[k]->plan;
		const PpdlGiant *zero = first - plan->min_giant * inputs;

		PPDL_TRY(giant_steps(op, zero, err));
		for (int i = 0; i < inputs; i++)
			PPDL_TRY(finish(op, &op->out[i * op->count + k], &zero[i], err));
		first += numbers(plan) * inputs;
	}
	return PPDL_OK;
}

static PpdlStatus
check_inputs(const Apply *op, PpdlError *err)
{
	const PpdlEval *ev = op->sums.ev;
	const PpdlCt *in = op->in;

	if (op->sums.inputs < 1 || op->sums.inputs > PPDL_LINTRANS_INPUTS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "linear transforms take 1 to %d ciphertexts together, not %d",
						  PPDL_LINTRANS_INPUTS, op->sums.inputs);
	for (int i = 0; i < op->sums.inputs; i++)
	{
		PPDL_TRY(ppdl_check_ring(ev, in[i].par, "apply a linear transform", err));
		if (in[i].limbs != in->limbs)
			return ppdl_error(err, PPDL_ERR_LEVEL, "ciphertexts of %d and %d limbs cannot be transformed together",
							  in->limbs, in[i].limbs);
		PPDL_VERIFY_CT(&in[i]);
	}
	if (op->rescale && in->limbs < 2)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot rescale: the ciphertext is at its last limb");
	return PPDL_OK;
}

PpdlStatus
ppdl_lintrans_apply_all(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
						int inputs, int rescale, PpdlError *err)
{
	Apply		op = {
		.sums = {.ev = ev, .inputs = inputs, .sources = 1}, .in = in, .lt = lt, .count = count, .rescale = rescale,
		.out = out
	};
	PpdlStatus	status;

	for (int k = 0; k < inputs * count; k++)
		out[k].b = out[k].a = NULL;
	PPDL_TRY(check_inputs(&op, err));
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_ks_plan(ev->par, in->limbs, ev->par->np, &op.sums.ks, err));
	PPDL_GOTO(done, prepare(&op, err));
	PPDL_GOTO(done, sum_babies(&op, err));
	ppdl_sources_release(&op.sums);
	PPDL_GOTO(done, sum_giants(&op, err));
done:
	release(&op);
	if (status != PPDL_OK)
		for (int k = 0; k < inputs * count; k++)
			ppdl_ct_release(ev, &out[k]);
	return status;
}

PpdlStatus
ppdl_lintrans_apply(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
					PpdlError *err)
{
	return ppdl_lintrans_apply_all(ev, out, lt, count, in, 1, 0, err);
}

PpdlStatus
ppdl_lintrans_apply_rescale(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
							PpdlError *err)
{
	return ppdl_lintrans_apply_all(ev, out, lt, count, in, 1, 1, err);
}
