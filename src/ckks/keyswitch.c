/*
 * Hybrid key switching (Han and Ki 2020): inner products of the digits with a
 * key over QP, then division by P.  The limbs that are divided by come first;
 * then each limb of the result is made from end to end by one thread: the
 * digits are extended to it, multiplied with the key, and divided, the last two
 * block by block.  Digits are extended to a few limbs at a time.
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
	/* automorphisms take all special primes, also of keys from caches; what takes other keys goes by theirs */
	if (*key == NULL || (*key)->id != id || (*key)->par != ev->par || (*key)->limbs < limbs ||
		(id % 2 == 1 && (*key)->np != ev->par->np))
		return ppdl_error(err, PPDL_ERR_KEY, "the switching key found for id %u at %d limbs does not fit", id, limbs);
	return PPDL_OK;
}

typedef struct Switching
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	const PpdlDigits *digits;
	const PpdlSwitchKey *key;
	const PpdlSwitchTo *to;
	uint32_t   *goes_to;		/* by block of entries: where the automorphism takes it */
	PpdlDivision division;
	uint64_t   *high[2],		/* the limbs that are divided by */
			   *scratch;		/* so many limbs a worker: */
	int			scratch_limbs;
	PpdlLimbTasks tasks;		/* of this phase */
} Switching;

/* limb t of both inner products, for the limbs that are divided by */
static void
high_limb(const Switching *op, const PpdlDigitLimbs *g, int t)
{
	const PpdlParams *par = op->par;
	const int	at = t - op->division.by->first;

	for (size_t from = 0; from < par->n; from += ppdl_key_block(par))
	{
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		ppdl_digits_block(par, g, op->key, t, from, ppdl_at(par, op->high[0], at) + from,
						  ppdl_at(par, op->high[1], at) + from, &ahead);
	}
}

/* entries of limb i of one half of the result that come from those at `source` of the product */
static void
finish_block(const Switching *op, int half, int i, size_t from, size_t source, uint64_t *product,
			 const uint64_t *remainder)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par);
	const uint64_t *add = half == 0 ? op->to->add_b : op->to->add_a;
	uint64_t   *out = ppdl_at(par, half == 0 ? op->to->b : op->to->a, i) + from;

	ppdl_division_block(par, &op->division, i, op->to->perm != NULL ? product : out, product, remainder + source,
						add != NULL ? ppdl_cat(par, add, i) + source : NULL, n);
	if (op->to->perm != NULL)
		ppdl_autom_block(out, product, op->to->perm + from, n);
}

/* what finish_block reads and writes for the block at source */
static void
finish_ahead(const Switching *op, int i, size_t source, PpdlAhead *ahead)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par),
				to = op->goes_to[source / n];

	for (int h = 0; h < 2; h++)
	{
		const uint64_t *add = h == 0 ? op->to->add_b : op->to->add_a;

		if (add != NULL)
			ppdl_ahead_add(ahead, ppdl_cat(par, add, i) + source, n * sizeof(uint64_t));
		ppdl_ahead_add(ahead, ppdl_at(par, h == 0 ? op->to->b : op->to->a, i) + to, n * sizeof(uint64_t));
	}
}

/* limb i of the result */
static void
low_limb(const Switching *op, const PpdlDigitLimbs *g, int i, uint64_t *const *remainder)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par),
				part = ppdl_key_part(par);
	uint64_t	product[2][PPDL_KEY_BLOCK] __attribute__((aligned(64)));

	for (size_t source = 0; source < par->n; source += n)
	{
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (source + n < par->n)
			finish_ahead(op, i, source + n, &ahead);
		if (source % part == 0)
			for (int h = 0; h < 2; h++)
				ppdl_ntt_part(par->ring, &par->ring->mod[i], remainder[h], (int) (source / part), NULL);
		ppdl_digits_block(par, g, op->key, i, source, product[0], product[1], &ahead);
		for (int h = 0; h < 2; h++)
			finish_block(op, h, i, op->goes_to[source / n], source, product[h], remainder[h]);
	}
}

static void
work_on_group(const Switching *op, int first, int count, uint64_t *scratch)
{
	const PpdlParams *par = op->par;
	uint64_t   *remainder = ppdl_at(par, scratch, count * op->plan->ndigits);
	PpdlDigitLimbs g;

	ppdl_digits_limbs(par, &g, op->digits, first, count, scratch);
	if (first >= op->division.by->first)
	{
		for (int i = 0; i < count; i++)
			high_limb(op, &g, first + i);
		return;
	}
	for (int h = 0; h < 2; h++)
		ppdl_division_limbs(par, &op->division, h, first, count, ppdl_at(par, remainder, h * count));
	for (int i = 0; i < count; i++)
		low_limb(op, &g, first + i,
				 (uint64_t *[2]) {ppdl_at(par, remainder, i), ppdl_at(par, remainder, count + i)});
}

static void
work_on_limbs(void *arg, int worker)
{
	Switching  *op = arg;
	uint64_t   *scratch = ppdl_at(op->par, op->scratch, worker * op->scratch_limbs);
	int			first,
				count;

	while ((count = ppdl_limb_take(&op->tasks, &first)) > 0)
		work_on_group(op, first, count, scratch);
}

static void
limbs(PpdlEval *ev, Switching *op, int first, int last, int group)
{
	op->tasks = (PpdlLimbTasks) {.group = group, .last = last, .next = first};
	ppdl_parallel_for(ev->threads, ppdl_threads_count(ev->threads), work_on_limbs, op);
}

PpdlStatus
ppdl_block_targets(PpdlEval *ev, const uint32_t *perm, uint32_t **out, PpdlError *err)
{
	const size_t n = ppdl_key_block(ev->par);

	*out = ppdl_pool_get(ev->pool, ev->par->n / n * sizeof(uint32_t));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t from = 0; from < ev->par->n; from += n)
		(*out)[ppdl_autom_source(perm, from, n) / n] = (uint32_t) from;
	return PPDL_OK;
}

PpdlStatus
ppdl_digits_apply(PpdlEval *ev, const PpdlDigits *d, const PpdlSwitchKey *key, const PpdlSwitchTo *to, PpdlError *err)
{
	const PpdlKsPlan *plan = d->plan;
	const PpdlDivisor *by = to->rescale ? &plan->by_pq : &plan->by_p;
	const int	high = ppdl_limb_share(ev, plan->total - by->first, PPDL_LIMB_GROUP),
				low = ppdl_limb_share(ev, by->first, PPDL_LIMB_GROUP);
	Switching	op = {
		.par = ev->par, .plan = plan, .digits = d, .key = key, .to = to, .division = {.plan = plan, .by = by},
		.scratch_limbs = (plan->ndigits + 2) * (high > low ? high : low)
	};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_buffer(ev, plan->total - by->first, &op.high[0], err));
	PPDL_GOTO(done, ppdl_buffer(ev, plan->total - by->first, &op.high[1], err));
	PPDL_GOTO(done, ppdl_buffer(ev, op.scratch_limbs * ppdl_threads_count(ev->threads), &op.scratch, err));
	PPDL_GOTO(done, ppdl_block_targets(ev, to->perm, &op.goes_to, err));
	limbs(ev, &op, by->first, plan->total, high);
	PPDL_GOTO(done, ppdl_division_load(ev, &op.division, 0, op.high[0], to->add_b, err));
	PPDL_GOTO(done, ppdl_division_load(ev, &op.division, 1, op.high[1], to->add_a, err));
	limbs(ev, &op, 0, by->first, low);
	ev->keyswitches++;
	status = PPDL_OK;
done:
	ppdl_division_release(ev, &op.division);
	ppdl_pool_put(ev->pool, op.high[0]);
	ppdl_pool_put(ev->pool, op.high[1]);
	ppdl_pool_put(ev->pool, op.scratch);
	ppdl_pool_put(ev->pool, op.goes_to);
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
	PPDL_TRY(ppdl_digits_load(ev, &d, plan, a, err));
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
