/*
 * Linear transforms: evaluation with baby and giant steps.  Baby steps share one
 * hoisting and are not divided by P: products with the plaintexts are summed over
 * QP, and each giant step divides only the half that it has to switch (Bossuat et
 * al. 2021, "double hoisting", §4.1).  Giant steps run by Horner's rule when keys
 * are dear.
 */
#include <math.h>
#include <string.h>

#include "base/past.h"
#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ckks/lintrans_impl.h"
#include "ckks/runs.h"
#include "ckks/noise.h"
#include "ring/vec.h"

/* a rotated copy of the input over QP */
typedef struct Baby
{
	int			rotation;
	const PpdlSwitchKey *key;	/* NULL: no rotation */
	const uint32_t *perm;
} Baby;

/* an accumulator over QP: inner sum of one giant step of one transform */
typedef struct Giant
{
	const PpdlLinTrans *lt;
	int			number;
	int			first,			/* terms first .. last-1 of the transform */
				last;
	uint64_t   *b,
			   *a;
} Giant;

/* limbs whose digits wait together: each is read for every rotated copy */
#define INNER_GROUP 8

/* work of one thread on one limb */
typedef struct Scratch
{
	uint64_t   *limb,			/* of each digit for a group of limbs, and of P*b */
			   *baby;			/* a block of the rotated copies, b then a of each */
	const uint64_t **term;		/* plaintexts, b and a of one inner sum */
	uint64_t   *expanded;		/* a block of each plaintext of one inner sum */
} Scratch;

typedef struct Apply
{
	PpdlEval   *ev;
	const PpdlCt *in;
	const PpdlLinTrans *const *lt;
	int			count;
	const PpdlKsPlan *ks;
	PpdlDigits	digits;
	Baby	   *baby;
	int			nbabies;
	Giant	   *giant;
	int			ngiants;
	Scratch    *scratch;
	int			nworkers;
	int			group;			/* limbs a task of inner sums */
	int			next_limb;		/* atomic */
	int			max_terms;
} Apply;

static int
find_baby(const Apply *op, int rotation)
{
	for (int i = 0; i < op->nbabies; i++)
		if (op->baby[i].rotation == rotation)
			return i;
	return -1;
}

/* entries from .. of the rotation sigma(b*P + kb, ka) of limb t over QP; pb: limb t of b*P */
static void
rotate_block(const Apply *op, const Baby *baby, const uint64_t *const *x, const uint64_t *pb, int t, size_t from,
			 uint64_t *out, PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;
	const size_t n = ppdl_key_block(par),
				source = ppdl_autom_source(baby->perm, from, n);
	uint64_t	product[2][PPDL_KEY_BLOCK] __attribute__((aligned(64)));

	ppdl_digits_dot(par, op->ks, x, baby->key, t, source, product[0], product[1], ahead);
	if (t < op->ks->limbs)
		ppdl_vec_add(ppdl_qp_mod(par, op->ks->limbs, t), product[0], product[0], pb + source, n);
	ppdl_autom_block(out, product[0], baby->perm + from, n);
	ppdl_autom_block(out + n, product[1], baby->perm + from, n);
}

/* entries from .. from+n-1 of limb t of a plaintext */
static const uint64_t *
plaintext_block(const Apply *op, const PpdlTerm *term, uint64_t *buf, int t, size_t from, size_t n)
{
	const uint64_t *p = ppdl_term_limb(op->ev->par, term, t);

	if (term->logrun == 0)
		return p + from;
	ppdl_runs_expand(buf, p, term->logrun, from, n);
	return buf;
}

static void
sum_giant_block(const Apply *op, const Giant *g, const Scratch *s, int t, size_t from, size_t n, PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	uint64_t   *b = ppdl_at(par, g->b, t) + from,
			   *a = ppdl_at(par, g->a, t) + from;
	const uint64_t **pt = s->term,
			  **xb = pt + op->max_terms,
			  **xa = xb + op->max_terms;
	const size_t step = n < PPDL_AHEAD_STEP ? n : PPDL_AHEAD_STEP;
	uint64_t	sum[2][PPDL_AHEAD_STEP] __attribute__((aligned(64)));
	int			terms = 0;

	for (int i = g->first; i < g->last; i++)
	{
		const PpdlTerm *term = &g->lt->term[i];
		int			at = find_baby(op, ppdl_bsgs_baby_rotation(&g->lt->plan, term->baby));

		/* the unrotated input times P is 0 modulo P */
		if (op->baby[at].key == NULL && t >= op->ks->limbs)
			continue;
		pt[terms] = plaintext_block(op, term, s->expanded + (size_t) terms * n, t, from, n);
		xb[terms] = s->baby + (size_t) (2 * at) * n;
		xa[terms] = xb[terms] + n;
		terms++;
	}
	if (terms == 0)
	{
		memset(b, 0, n * sizeof(uint64_t));
		memset(a, 0, n * sizeof(uint64_t));
		return;
	}
	ppdl_ahead_share(ahead, n / step);
	for (size_t k = 0; k < n; k += step)
	{
		ppdl_vec_dot(m, &(PpdlDot) {.out = {sum[0], sum[1]}, .a = pt, .k = {xb, xa}, .terms = terms}, step);
		ppdl_past_write(b + k, sum[0], step * sizeof(uint64_t));
		ppdl_past_write(a + k, sum[1], step * sizeof(uint64_t));
		for (int i = 0; i < terms; i++)
		{
			pt[i] += step;
			xb[i] += step;
			xa[i] += step;
		}
		ppdl_ahead_piece(ahead);
	}
}

/* the next key, or the next inner sum's plaintexts, on their way while this one is worked on */
static void
baby_ahead(const Apply *op, int i, int t, size_t from, PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;

	while (i < op->nbabies && op->baby[i].key == NULL)
		i++;
	if (i < op->nbabies && from < par->n)
		ppdl_digits_ahead(op->ks, op->baby[i].key, t,
						  ppdl_autom_source(op->baby[i].perm, from, ppdl_key_block(par)), ppdl_key_block(par), ahead);
}

static void
giant_ahead(const Apply *op, int g, int t, size_t from, size_t n, PpdlAhead *ahead)
{
	const Giant *giant = &op->giant[g];

	for (int i = giant->first; i < giant->last; i++)
	{
		const PpdlTerm *term = &giant->lt->term[i];

		ppdl_ahead_add(ahead, ppdl_term_limb(op->ev->par, term, t) + (from >> term->logrun),
					   (n >> term->logrun) * sizeof(uint64_t));
	}
}

/*
 * All inner sums of one limb over QP: a block of each rotated copy, which comes from one block of the products with its
 * key, then that block of all sums.
 */
static void
inner_sums(const Apply *op, const Scratch *s, int t, const uint64_t *const *x)
{
	const PpdlParams *par = op->ev->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	uint64_t   *pb = ppdl_at(par, s->limb, op->ks->ndigits * op->group);
	const size_t n = ppdl_key_block(par);
	PpdlAhead	ahead;

	if (t < op->ks->limbs)
		ppdl_vec_mul_scalar(m, pb, ppdl_cat(par, op->in->b, t), op->ks->p_mod[t], par->n);
	for (size_t from = 0; from < par->n; from += n)
	{
		for (int i = 0; i < op->nbabies; i++)
		{
			uint64_t   *out = s->baby + (size_t) (2 * i) * n;

			ppdl_ahead_begin(&ahead);
			if (i + 1 < op->nbabies)
				baby_ahead(op, i + 1, t, from, &ahead);
			else
				giant_ahead(op, 0, t, from, n, &ahead);
			if (op->baby[i].key != NULL)
				rotate_block(op, &op->baby[i], x, pb, t, from, out, &ahead);
			else if (t < op->ks->limbs)
			{
				memcpy(out, pb + from, n * sizeof(uint64_t));
				ppdl_vec_mul_scalar(m, out + n, ppdl_cat(par, op->in->a, t) + from, op->ks->p_mod[t], n);
			}
		}
		for (int g = 0; g < op->ngiants; g++)
		{
			ppdl_ahead_begin(&ahead);
			if (g + 1 < op->ngiants)
				giant_ahead(op, g + 1, t, from, n, &ahead);
			else
				baby_ahead(op, 0, t, from + n, &ahead);
			sum_giant_block(op, &op->giant[g], s, t, from, n, &ahead);
		}
	}
}

static void
work_on_inner_sums(void *arg, int worker)
{
	Apply	   *op = arg;
	const Scratch *s = &op->scratch[worker];
	PpdlDigitLimbs g;
	int			t;

	while ((t = __atomic_fetch_add(&op->next_limb, op->group, __ATOMIC_RELAXED)) < op->ks->total)
	{
		const int	count = ppdl_limb_group(t, op->ks->total, op->group);

		ppdl_digits_limbs(op->ev->par, &g, &op->digits, t, count, s->limb);
		for (int i = 0; i < count; i++)
		{
			for (int part = 0; part < ppdl_ntt_parts(op->ev->par->ring); part++)
				ppdl_digits_finish(op->ev->par, &g, t + i, part, NULL);
			inner_sums(op, s, t + i, g.x[i]);
		}
	}
	ppdl_past_end();
}

/* ---- giant steps ---- */

typedef struct Step
{
	const PpdlParams *par;
	PpdlDigits	digits;
	const PpdlSwitchKey *key;
	const uint32_t *perm;
	uint32_t   *goes_to;		/* by block of entries: where the rotation takes it */
	const PpdlOverQp *from,
			   *to;
	uint64_t   *scratch;		/* a limb of each digit for a group of limbs, a worker */
	int			group;			/* limbs a task */
	int			next;			/* atomic */
} Step;

/* what step_limb adds to the products of the block at source, and what it adds them to */
static void
step_ahead(const Step *op, int t, size_t source, PpdlAhead *ahead)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par),
				to = op->goes_to[source / n];

	ppdl_ahead_add(ahead, ppdl_cat(par, op->from->b, t) + source, n * sizeof(uint64_t));
	ppdl_ahead_add(ahead, ppdl_at(par, op->to->b, t) + to, n * sizeof(uint64_t));
	ppdl_ahead_add(ahead, ppdl_at(par, op->to->a, t) + to, n * sizeof(uint64_t));
}

/* to += sigma(from.b + kb, ka) on one limb over QP */
static void
step_limb(const Step *op, const PpdlDigitLimbs *g, int t)
{
	const PpdlParams *par = op->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->digits.plan->limbs, t);
	const size_t n = ppdl_key_block(par);
	uint64_t	product[2][PPDL_KEY_BLOCK] __attribute__((aligned(64))),
				rotated[PPDL_KEY_BLOCK] __attribute__((aligned(64)));

	for (size_t source = 0; source < par->n; source += n)
	{
		const size_t from = op->goes_to[source / n];
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (source + n < par->n)
			step_ahead(op, t, source + n, &ahead);
		ppdl_digits_block(par, g, op->key, t, source, product[0], product[1], &ahead);
		ppdl_vec_add(m, product[0], product[0], ppdl_cat(par, op->from->b, t) + source, n);
		for (int h = 0; h < 2; h++)
		{
			uint64_t   *to = ppdl_at(par, h == 0 ? op->to->b : op->to->a, t) + from;

			ppdl_autom_block(rotated, product[h], op->perm + from, n);
			ppdl_vec_add(m, to, to, rotated, n);
		}
	}
}

static void
work_on_step(void *arg, int worker)
{
	Step	   *op = arg;
	const PpdlKsPlan *ks = op->digits.plan;
	uint64_t   *scratch = ppdl_at(op->par, op->scratch, ks->ndigits * op->group * worker);
	PpdlDigitLimbs g;
	int			t;

	while ((t = __atomic_fetch_add(&op->next, op->group, __ATOMIC_RELAXED)) < ks->total)
	{
		const int	count = ppdl_limb_group(t, ks->total, op->group);

		ppdl_digits_limbs(op->par, &g, &op->digits, t, count, scratch);
		for (int i = 0; i < count; i++)
			step_limb(op, &g, t + i);
	}
}

PpdlStatus
ppdl_add_switched(PpdlEval *ev, const PpdlKsPlan *ks, const PpdlOverQp *to, const PpdlOverQp *from, uint32_t d,
				  PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const int	workers = ppdl_threads_count(ev->threads);
	Step		step = {.par = par, .from = from, .to = to, .group = ppdl_limb_share(ev, ks->total, PPDL_LIMB_GROUP)};
	PpdlHalf	half = {.acc = from->a, .out = from->a};
	PpdlStatus	status;

	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_find_key(ev, d, ks->limbs, &step.key, err));
	step.perm = ppdl_autom_table(par->ring, d);
	if (step.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_divide(ev, ks, &ks->by_p, &half, 1, err));
	PPDL_TRY(ppdl_digits_load(ev, &step.digits, ks, from->a, err));
	status = ppdl_buffer(ev, ks->ndigits * step.group * workers, &step.scratch, err);
	if (status == PPDL_OK)
		status = ppdl_block_targets(ev, step.perm, &step.goes_to, err);
	if (status == PPDL_OK)
		ppdl_parallel_for(ev->threads, workers, work_on_step, &step);
	ppdl_pool_put(ev->pool, step.scratch);
	ppdl_pool_put(ev->pool, step.goes_to);
	ppdl_digits_release(ev, &step.digits);
	ev->keyswitches++;
	return status;
}

static PpdlStatus
giant_step(const Apply *op, const Giant *from, const Giant *to, int rotation, PpdlError *err)
{
	return ppdl_add_switched(op->ev, op->ks, &(PpdlOverQp) {to->b, to->a}, &(PpdlOverQp) {from->b, from->a},
							 ppdl_galois_rotation(op->ev->par->ring, rotation), err);
}

/* giants of one transform lie in a row, by number; leaves the whole in number 0 */
static PpdlStatus
giant_steps(Apply *op, const Giant *zero, PpdlError *err)
{
	const PpdlBsgs *plan = &zero->lt->plan;

	for (int g = plan->max_giant; g > 0; g--)
	{
		if (plan->min_keys)
			PPDL_TRY(giant_step(op, zero + g, zero + g - 1, ppdl_bsgs_giant_rotation(plan, 1), err));
		else if (zero[g].first < zero[g].last)
			PPDL_TRY(giant_step(op, zero + g, zero, ppdl_bsgs_giant_rotation(plan, g), err));
	}
	for (int g = plan->min_giant; g < 0; g++)
	{
		if (plan->min_keys)
			PPDL_TRY(giant_step(op, zero + g, zero + g + 1, ppdl_bsgs_giant_rotation(plan, -1), err));
		else if (zero[g].first < zero[g].last)
			PPDL_TRY(giant_step(op, zero + g, zero, ppdl_bsgs_giant_rotation(plan, g), err));
	}
	return PPDL_OK;
}

/* ---- the whole ---- */

static PpdlStatus
prepare_babies(Apply *op, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	const PpdlParams *par = ev->par;

	for (int i = 0; i < op->count; i++)
	{
		for (int k = 0; k < op->lt[i]->count; k++)
		{
			int			r = ppdl_bsgs_baby_rotation(&op->lt[i]->plan, op->lt[i]->term[k].baby);
			Baby	   *b = &op->baby[op->nbabies];
			uint32_t	d;

			if (find_baby(op, r) >= 0)
				continue;
			memset(b, 0, sizeof(*b));
			b->rotation = r;
			op->nbabies++;
			if (r == 0)
				continue;
			d = ppdl_galois_rotation(par->ring, r);
			PPDL_TRY(ppdl_find_key(ev, d, op->ks->limbs, &b->key, err));
			b->perm = ppdl_autom_table(par->ring, d);
			if (b->perm == NULL)
				return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		}
	}
	return PPDL_OK;
}

static PpdlStatus
prepare_giants(Apply *op, PpdlError *err)
{
	for (int i = 0; i < op->count; i++)
	{
		const PpdlLinTrans *lt = op->lt[i];
		int			k = 0;

		for (int number = lt->plan.min_giant; number <= lt->plan.max_giant; number++)
		{
			Giant	   *g = &op->giant[op->ngiants++];

			memset(g, 0, sizeof(*g));
			g->lt = lt;
			g->number = number;
			g->first = k;
			while (k < lt->count && lt->term[k].giant == number)
				k++;
			g->last = k;
			if (g->last - g->first > op->max_terms)
				op->max_terms = g->last - g->first;
			PPDL_TRY(ppdl_buffer(op->ev, op->ks->total, &g->b, err));
			PPDL_TRY(ppdl_buffer(op->ev, op->ks->total, &g->a, err));
		}
	}
	return PPDL_OK;
}

static PpdlStatus
prepare(Apply *op, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	const size_t block = ppdl_key_block(ev->par) * sizeof(uint64_t);
	int			babies = 0,
				giants = 0;

	for (int i = 0; i < op->count; i++)
	{
		const PpdlLinTrans *lt = op->lt[i];

		PPDL_TRY(ppdl_check_ring(ev, lt->par, "apply a linear transform", err));
		if (lt->limbs != op->in->limbs)
			return ppdl_error(err, PPDL_ERR_LEVEL, "linear transform encoded for %d limbs, ciphertext has %d",
							  lt->limbs, op->in->limbs);
		babies += lt->plan.baby;
		giants += lt->plan.max_giant - lt->plan.min_giant + 1;
	}
	op->nworkers = ppdl_threads_count(ev->threads);
	op->group = ppdl_limb_share(ev, op->ks->total, INNER_GROUP);
	op->max_terms = 1;
	op->baby = ppdl_pool_get(ev->pool, sizeof(Baby) * (size_t) babies);
	op->giant = ppdl_pool_get(ev->pool, sizeof(Giant) * (size_t) giants);
	op->scratch = ppdl_pool_get(ev->pool, sizeof(Scratch) * (size_t) op->nworkers);
	if (op->baby == NULL || op->giant == NULL || op->scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(op->scratch, 0, sizeof(Scratch) * (size_t) op->nworkers);
	PPDL_TRY(prepare_babies(op, err));
	PPDL_TRY(prepare_giants(op, err));
	for (int i = 0; i < op->nworkers; i++)
	{
		PPDL_TRY(ppdl_buffer(ev, op->ks->ndigits * op->group + 1, &op->scratch[i].limb, err));
		op->scratch[i].baby = ppdl_pool_get(ev->pool, 2 * block * (size_t) op->nbabies);
		op->scratch[i].term = ppdl_pool_get(ev->pool, 3 * sizeof(uint64_t *) * (size_t) op->max_terms);
		op->scratch[i].expanded = ppdl_pool_get(ev->pool, block * (size_t) op->max_terms);
		if (op->scratch[i].baby == NULL || op->scratch[i].term == NULL || op->scratch[i].expanded == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static void
release_scratch(Apply *op)
{
	PpdlPool   *pool = op->ev->pool;

	if (op->scratch == NULL)
		return;
	for (int i = 0; i < op->nworkers; i++)
	{
		ppdl_pool_put(pool, op->scratch[i].limb);
		ppdl_pool_put(pool, op->scratch[i].baby);
		ppdl_pool_put(pool, op->scratch[i].term);
		ppdl_pool_put(pool, op->scratch[i].expanded);
	}
	ppdl_pool_put(pool, op->scratch);
	op->scratch = NULL;
	ppdl_digits_release(op->ev, &op->digits);
}

static void
release(Apply *op)
{
	PpdlPool   *pool = op->ev->pool;

	release_scratch(op);
	for (int i = 0; i < op->ngiants; i++)
	{
		ppdl_pool_put(pool, op->giant[i].b);
		ppdl_pool_put(pool, op->giant[i].a);
	}
	ppdl_pool_put(pool, op->giant);
	ppdl_pool_put(pool, op->baby);
}

/*
 * Noise, of the slot that has most of it: the input's and that of the baby switches go
 * through the matrix, whose longest row counts, not the mean of all; each giant step adds a
 * switch; plaintexts were rounded, those coefficients that are not 0 anyway.
 */
static void
account(PpdlCt *out, const PpdlLinTrans *lt, const PpdlCt *in)
{
	double		factor = lt->scale * lt->row_norm,
				babies = lt->plan.baby > 1 ? lt->ks->digit_noise : 0,
				giants = lt->ks->noise * sqrt(lt->plan.max_giant - lt->plan.min_giant + 1),
				rounded = 0,
				rounding;

	for (int i = 0; i < lt->count; i++)
		rounded += lt->term[i].filled;
	rounding = ppdl_norm(in->bound, in->scale) * PPDL_ROUNDING * sqrt(rounded);

	out->scale = in->scale * lt->scale;
	out->bound = in->bound * lt->row_bound;
	out->noise = hypot(hypot(factor * in->noise, factor * babies), hypot(giants, rounding));
}

static PpdlStatus
finish(Apply *op, PpdlCt *out, const Giant *zero, int rescale, PpdlError *err)
{
	const PpdlKsPlan *ks = op->ks;
	PpdlHalf	half[2] = {{.acc = zero->b}, {.acc = zero->a}};

	PPDL_TRY(giant_steps(op, zero, err));
	PPDL_TRY(ppdl_ct_alloc(op->ev, out, ks->limbs - rescale, err));
	half[0].out = out->b;
	half[1].out = out->a;
	PPDL_TRY(ppdl_divide(op->ev, ks, rescale ? &ks->by_pq : &ks->by_p, half, 2, err));
	account(out, zero->lt, op->in);
	if (rescale)
	{
		double		q = (double) out->par->ring->mod[ks->limbs - 1].q;

		out->scale /= q;
		out->noise = hypot(out->noise / q, ppdl_rescale_noise(out->par));
	}
	return ppdl_check_result(out, "apply a linear transform", err);
}

static PpdlStatus
apply(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in, int rescale,
	  PpdlError *err)
{
	Apply		op = {.ev = ev, .in = in, .lt = lt, .count = count};
	int			i = 0,
				at = 0;
	PpdlStatus	status;

	for (int k = 0; k < count; k++)
		out[k].b = out[k].a = NULL;
	PPDL_TRY(ppdl_check_ring(ev, in->par, "apply a linear transform", err));
	PPDL_VERIFY_CT(in);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	if (rescale && in->limbs < 2)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot rescale: the ciphertext is at its last limb");
	PPDL_GOTO(done, ppdl_ks_plan(ev->par, in->limbs, ev->par->np, &op.ks, err));
	PPDL_GOTO(done, prepare(&op, err));
	PPDL_GOTO(done, ppdl_digits_load(ev, &op.digits, op.ks, in->a, err));
	ppdl_parallel_for(ev->threads, op.nworkers, work_on_inner_sums, &op);
	ev->keyswitches += (uint64_t) (op.nbabies - (find_baby(&op, 0) >= 0));
	release_scratch(&op);
	for (i = 0; i < count; i++)
	{
		PPDL_GOTO(done, finish(&op, &out[i], &op.giant[at - lt[i]->plan.min_giant], rescale, err));
		at += lt[i]->plan.max_giant - lt[i]->plan.min_giant + 1;
	}
	for (int k = 0; k < count; k++)
		PPDL_VERIFY_CT(&out[k]);
	status = PPDL_OK;
done:
	release(&op);
	if (status != PPDL_OK)
		for (int k = 0; k < count; k++)
			ppdl_ct_release(ev, &out[k]);
	return status;
}

PpdlStatus
ppdl_lintrans_apply(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
					PpdlError *err)
{
	return apply(ev, out, lt, count, in, 0, err);
}

PpdlStatus
ppdl_lintrans_apply_rescale(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
							PpdlError *err)
{
	return apply(ev, out, lt, count, in, 1, err);
}

PpdlStatus
ppdl_lintrans_apply_all(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
						int inputs, int rescale, PpdlError *err)
{
	for (int i = 0; i < inputs * count; i++)
		out[i].b = out[i].a = NULL;
	for (int i = 0; i < inputs; i++)
	{
		PpdlStatus	status = apply(ev, out + i * count, lt, count, &in[i], rescale, err);

		if (status == PPDL_OK)
			continue;
		for (int k = 0; k < i * count; k++)
			ppdl_ct_release(ev, &out[k]);
		return status;
	}
	return PPDL_OK;
}
