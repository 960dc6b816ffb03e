/*
 * Sums of rotations with one decomposition and one division by P (Halevi and Shoup 2018, §5; Bossuat et al. 2021,
 * §4.1): products with all keys are added up over QP, in the order of the result, block by block, and divided where
 * they are, as in keyswitch.c.
 */
#include <math.h>

#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ckks/rotations_sum.h"
#include "ring/vec.h"

/* limbs whose digits wait together: each is read for every rotation */
#define SUM_GROUP 8

typedef struct Rotation
{
	const PpdlSwitchKey *key;
	const uint32_t *perm;
} Rotation;

typedef struct Sum
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	const PpdlCt *in;
	uint64_t   *b,				/* the result */
			   *a;
	Rotation	rotation[PPDL_MOST_ROTATIONS];	/* those that take a key */
	int			count,
				self;			/* the input itself is in the sum */
	PpdlDigits	digits;
	PpdlDivision division;
	uint64_t   *high[2],		/* the limbs that are divided by */
			   *scratch;		/* so many limbs a worker: */
	int			scratch_limbs;
	PpdlLimbTasks tasks;		/* of this phase */
} Sum;

/* what is read of the input and its key for block `from` of limb t */
static void
rotation_ahead(const Sum *op, const Rotation *r, int t, size_t from, PpdlAhead *ahead)
{
	const size_t n = ppdl_key_block(op->par),
				source = ppdl_autom_source(r->perm, from, n);

	ppdl_digits_ahead(op->plan, r->key, t, source, n, ahead);
	if (t < op->plan->limbs)
		ppdl_ahead_add(ahead, ppdl_cat(op->par, op->in->b, t) + source, n * sizeof(uint64_t));
}

/* entries from .. of limb t over QP of the sum of sigma(P*b + kb, ka) */
static void
sum_block(const Sum *op, const uint64_t *const *x, int t, size_t from, uint64_t *const sum[2])
{
	const PpdlParams *par = op->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->plan->limbs, t);
	const size_t n = ppdl_key_block(par);
	uint64_t	product[2][PPDL_KEY_BLOCK] __attribute__((aligned(64))),
				rotated[PPDL_KEY_BLOCK] __attribute__((aligned(64)));
	const PpdlKeyProduct out = {x, product[0], product[1]};

	for (int i = 0; i < op->count; i++)
	{
		const Rotation *r = &op->rotation[i];
		const size_t source = ppdl_autom_source(r->perm, from, n);
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (i + 1 < op->count)
			rotation_ahead(op, r + 1, t, from, &ahead);
		else if (from + n < par->n)
			rotation_ahead(op, &op->rotation[0], t, from + n, &ahead);
		ppdl_digits_dots(par, op->plan, &out, 1, r->key, t, source, &ahead);
		if (t < op->plan->limbs)
			ppdl_vec_mul_scalar_add(m, product[0], ppdl_cat(par, op->in->b, t) + source, op->plan->p_mod[t], n);
		for (int h = 0; h < 2; h++)
		{
			ppdl_autom_block(i == 0 ? sum[h] : rotated, product[h], r->perm + from, n);
			if (i > 0)
				ppdl_vec_add(m, sum[h], sum[h], rotated, n);
		}
	}
}

/* limb t of both sums, for the limbs that are divided by */
static void
high_limb(const Sum *op, const uint64_t *const *x, int t)
{
	const PpdlParams *par = op->par;
	const int	at = t - op->plan->limbs;

	for (size_t from = 0; from < par->n; from += ppdl_key_block(par))
		sum_block(op, x, t, from,
				  (uint64_t *[2]) {ppdl_at(par, op->high[0], at) + from, ppdl_at(par, op->high[1], at) + from});
}

/* limb i of the result */
static void
low_limb(const Sum *op, const uint64_t *const *x, int i, uint64_t *const *remainder)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par),
				part = ppdl_key_part(par);
	const uint64_t *in[2] = {ppdl_cat(par, op->in->b, i), ppdl_cat(par, op->in->a, i)};
	uint64_t   *out[2] = {ppdl_at(par, op->b, i), ppdl_at(par, op->a, i)},
				sum[2][PPDL_KEY_BLOCK] __attribute__((aligned(64)));

	for (size_t from = 0; from < par->n; from += n)
	{
		if (from % part == 0)
			for (int h = 0; h < 2; h++)
				ppdl_ntt_part(par->ring, &par->ring->mod[i], remainder[h], (int) (from / part), NULL);
		sum_block(op, x, i, from, (uint64_t *[2]) {sum[0], sum[1]});
		for (int h = 0; h < 2; h++)
			ppdl_division_block(par, &op->division, i, out[h] + from, sum[h], remainder[h] + from,
								op->self ? in[h] + from : NULL, n);
	}
}

/* limb t of the digits, whole: rotations take their blocks from anywhere */
static void
finish_digits(const Sum *op, const PpdlDigitLimbs *g, int t)
{
	const int	parts = ppdl_ntt_parts(op->par->ring);

	for (int part = 0; part < parts; part++)
	{
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (part == parts - 1)
			rotation_ahead(op, &op->rotation[0], t, 0, &ahead);
		ppdl_ahead_share(&ahead, (size_t) op->plan->ndigits * (ppdl_key_part(op->par) / PPDL_AHEAD_STEP + 1));
		ppdl_digits_finish(op->par, g, t, part, &ahead);
	}
}

static void
work_on_group(const Sum *op, int first, int count, uint64_t *scratch)
{
	const PpdlParams *par = op->par;
	const int	low = first < op->plan->limbs;
	uint64_t   *remainder = ppdl_at(par, scratch, count * op->plan->ndigits);
	PpdlDigitLimbs g;

	ppdl_digits_limbs(par, &g, &op->digits, first, count, scratch);
	for (int h = 0; h < 2 && low; h++)
		ppdl_division_limbs(par, &op->division, h, first, count, ppdl_at(par, remainder, h * count));
	for (int i = 0; i < count; i++)
	{
		finish_digits(op, &g, first + i);
		if (low)
			low_limb(op, g.x[i], first + i,
					 (uint64_t *[2]) {ppdl_at(par, remainder, i), ppdl_at(par, remainder, count + i)});
		else
			high_limb(op, g.x[i], first + i);
	}
}

static void
work_on_limbs(void *arg, int worker)
{
	Sum		   *op = arg;
	uint64_t   *scratch = ppdl_at(op->par, op->scratch, worker * op->scratch_limbs);
	int			first,
				count;

	while ((count = ppdl_limb_take(&op->tasks, &first)) > 0)
		work_on_group(op, first, count, scratch);
}

static void
limbs(PpdlEval *ev, Sum *op, int first, int last, int group)
{
	op->tasks = (PpdlLimbTasks) {.group = group, .last = last, .next = first};
	ppdl_parallel_for(ev->threads, ppdl_threads_count(ev->threads), work_on_limbs, op);
}

/* the result's two halves */
static PpdlStatus
add_up(PpdlEval *ev, Sum *op, PpdlError *err)
{
	const PpdlKsPlan *plan = op->plan;
	const int	high = ppdl_limb_share(ev, plan->np, SUM_GROUP),
				low = ppdl_limb_share(ev, plan->limbs, SUM_GROUP);
	PpdlStatus	status;

	op->division = (PpdlDivision) {.plan = plan, .by = &plan->by_p};
	op->scratch_limbs = (plan->ndigits + 2) * (high > low ? high : low);
	PPDL_GOTO(done, ppdl_digits_load(ev, &op->digits, plan, op->in->a, err));
	PPDL_GOTO(done, ppdl_buffer(ev, op->scratch_limbs * ppdl_threads_count(ev->threads), &op->scratch, err));
	for (int h = 0; h < 2; h++)
		PPDL_GOTO(done, ppdl_buffer(ev, plan->np, &op->high[h], err));
	limbs(ev, op, plan->limbs, plan->total, high);
	for (int h = 0; h < 2; h++)
		PPDL_GOTO(done, ppdl_division_load(ev, &op->division, h, op->high[h], NULL, err));
	limbs(ev, op, 0, plan->limbs, low);
	ev->keyswitches += (uint64_t) op->count;
	status = PPDL_OK;
done:
	ppdl_division_release(ev, &op->division);
	ppdl_digits_release(ev, &op->digits);
	ppdl_pool_put(ev->pool, op->scratch);
	ppdl_pool_put(ev->pool, op->high[0]);
	ppdl_pool_put(ev->pool, op->high[1]);
	return status;
}

static PpdlStatus
find_rotations(PpdlEval *ev, Sum *op, const int *rotation, int count, PpdlError *err)
{
	for (int i = 0; i < count; i++)
	{
		const uint32_t d = ppdl_galois_rotation(ev->par->ring, rotation[i]);
		Rotation   *r = &op->rotation[op->count];

		if (d == 1)
		{
			op->self = 1;
			continue;
		}
		PPDL_TRY(ppdl_find_key(ev, d, op->in->limbs, &r->key, err));
		r->perm = ppdl_autom_table(ev->par->ring, d);
		if (r->perm == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		op->count++;
	}
	return PPDL_OK;
}

/* errors of the keys' digits are independent, the division rounds once */
static void
account(const Sum *op, PpdlCt *out)
{
	const PpdlKsPlan *plan = op->plan;
	const double digits = plan->digit_noise * plan->digit_noise,
				rounding = plan->noise * plan->noise - digits;

	out->noise = hypot(sqrt(op->count + op->self) * op->in->noise, sqrt(op->count * digits + rounding));
	out->bound = (op->count + op->self) * op->in->bound;
	out->scale = op->in->scale;
}

PpdlStatus
ppdl_ct_sum_rotations(PpdlEval *ev, PpdlCt *ct, const int *rotation, int count, PpdlError *err)
{
	Sum			op = {.par = ev->par, .in = ct};
	PpdlCt		out = {0};
	PpdlStatus	status;

	PPDL_ASSERT(count >= 1 && count <= PPDL_MOST_ROTATIONS);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_check_ring(ev, ct->par, "rotate", err));
	PPDL_VERIFY_CT(ct);
	PPDL_TRY(ppdl_ks_plan(ev->par, ct->limbs, ev->par->np, &op.plan, err));
	PPDL_TRY(find_rotations(ev, &op, rotation, count, err));
	PPDL_ASSERT(op.count > 0);
	PPDL_TRY(ppdl_ct_alloc(ev, &out, ct->limbs, err));
	op.b = out.b;
	op.a = out.a;
	PPDL_GOTO(fail, add_up(ev, &op, err));
	account(&op, &out);
	PPDL_GOTO(fail, ppdl_check_result(&out, "add rotations", err));
	PPDL_VERIFY_CT(&out);
	ppdl_ct_release(ev, ct);
	*ct = out;
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, &out);
	return status;
}
