/*
 * Division of polynomials over QP by P, or by P times the top prime (ModDown; Han and Ki 2020, §3): what is divided by
 * is converted to each limb of the result when that limb is made.
 */
#include "ckks/divide.h"

#include "ckks/eval_impl.h"
#include "ring/vec.h"

/* ---- limbs to what base conversion starts from ---- */

typedef struct Loading
{
	const PpdlParams *par;
	const PpdlBaseConv *conv;
	const PpdlConvertible *in;
	uint64_t   *loaded;
	int			columns,		/* a task */
				all;
} Loading;

static void
task_to_coeff(void *arg, int task)
{
	const Loading *op = arg;
	const PpdlConvertible *in = op->in;
	const int	parts = ppdl_ntt_parts(op->par->ring),
				i = task / parts;

	ppdl_intt_part(op->par->ring, ppdl_qp_mod(op->par, in->plan->limbs, in->first + i), ppdl_at(op->par, in->coeff, i),
				   ppdl_cat(op->par, in->limbs, i), task % parts);
}

static void
task_load(void *arg, int task)
{
	const Loading *op = arg;
	const int	first = task * op->columns,
				left = op->all - first;

	ppdl_baseconv_load(op->conv, op->loaded, op->in->coeff, first, left < op->columns ? left : op->columns);
}

PpdlStatus
ppdl_conversion_load(PpdlEval *ev, const PpdlBaseConv *conv, const PpdlConvertible *in, uint64_t **loaded,
					 PpdlError *err)
{
	Loading		op = {.par = ev->par, .conv = conv, .in = in};
	const int	parts = 4 * ppdl_threads_count(ev->threads);

	*loaded = ppdl_pool_get(ev->pool, ppdl_baseconv_words(conv) * sizeof(uint64_t));
	if (*loaded == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	op.loaded = *loaded;
	op.all = ppdl_baseconv_columns(conv);
	op.columns = (op.all + parts - 1) / parts;
	ppdl_parallel_for(ev->threads, in->count * ppdl_ntt_parts(ev->par->ring), task_to_coeff, &op);
	ppdl_parallel_for(ev->threads, (op.all + op.columns - 1) / op.columns, task_load, &op);
	return PPDL_OK;
}

/* ---- division ---- */

PpdlStatus
ppdl_division_load(PpdlEval *ev, PpdlDivision *d, int half, uint64_t *high, const uint64_t *add, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const PpdlKsPlan *plan = d->plan;
	const PpdlConvertible in = {plan, d->by->first, plan->total - d->by->first, high, high};

	/* a limb of Q that is divided by takes its part of P * add with it */
	for (int t = d->by->first; t < plan->limbs && add != NULL; t++)
		ppdl_vec_mul_scalar_add(&par->ring->mod[t], ppdl_at(par, high, t - d->by->first), ppdl_cat(par, add, t),
								plan->p_mod[t], par->n);
	return ppdl_conversion_load(ev, d->by->conv, &in, &d->loaded[half], err);
}

void
ppdl_division_release(PpdlEval *ev, PpdlDivision *d)
{
	for (int h = 0; h < 2; h++)
	{
		ppdl_pool_put(ev->pool, d->loaded[h]);
		d->loaded[h] = NULL;
	}
}

void
ppdl_division_limbs(const PpdlParams *par, const PpdlDivision *d, int half, int first, int count, uint64_t *remainder)
{
	ppdl_baseconv_targets(d->by->conv, remainder, d->loaded[half], first, count);
}

void
ppdl_division_block(const PpdlParams *par, const PpdlDivision *d, int i, uint64_t *out, const uint64_t *acc,
					const uint64_t *remainder, const uint64_t *add, size_t n)
{
	const PpdlModulus *m = &par->ring->mod[i];

	ppdl_vec_sub_mul_scalar(m, out, acc, remainder, d->by->inv[i], n);
	if (add != NULL && d->by->p_over[i] == 1)
		ppdl_vec_add(m, out, out, add, n);
	else if (add != NULL)
		ppdl_vec_mul_scalar_add(m, out, add, d->by->p_over[i], n);
}

typedef struct Dividing
{
	const PpdlParams *par;
	const PpdlDivision *division;
	const PpdlHalf *half;
	int			halves,
				group,			/* limbs a task */
				next;			/* atomic */
	uint64_t   *scratch;		/* of a group, for each worker */
} Dividing;

static void
divide_limb(const Dividing *op, int h, int i, uint64_t *remainder)
{
	const PpdlParams *par = op->par;
	const PpdlHalf *half = &op->half[h];
	const size_t block = ppdl_key_block(par),
				part = ppdl_key_part(par);

	for (size_t from = 0; from < par->n; from += block)
	{
		if (from % part == 0)
			ppdl_ntt_part(par->ring, &par->ring->mod[i], remainder, (int) (from / part), NULL);
		ppdl_division_block(par, op->division, i, ppdl_at(par, half->out, i) + from, ppdl_cat(par, half->acc, i) + from,
							remainder + from, half->add != NULL ? ppdl_cat(par, half->add, i) + from : NULL, block);
	}
}

static void
work_on_division(void *arg, int worker)
{
	Dividing   *op = arg;
	const int	limbs = op->division->by->first,
				groups = (limbs + op->group - 1) / op->group;
	uint64_t   *remainder = ppdl_at(op->par, op->scratch, worker * op->group);
	int			task;

	while ((task = __atomic_fetch_add(&op->next, 1, __ATOMIC_RELAXED)) < op->halves * groups)
	{
		const int	h = task / groups,
					first = task % groups * op->group,
					count = ppdl_limb_group(first, limbs, op->group);

		ppdl_division_limbs(op->par, op->division, h, first, count, remainder);
		for (int i = 0; i < count; i++)
			divide_limb(op, h, first + i, ppdl_at(op->par, remainder, i));
	}
}

PpdlStatus
ppdl_divide(PpdlEval *ev, const PpdlKsPlan *plan, const PpdlDivisor *by, const PpdlHalf *half, int halves,
			PpdlError *err)
{
	const int	workers = ppdl_threads_count(ev->threads);
	PpdlDivision division = {.plan = plan, .by = by};
	Dividing	op = {
		.par = ev->par, .division = &division, .half = half, .halves = halves,
		.group = ppdl_limb_share(ev, halves * by->first, PPDL_LIMB_GROUP)
	};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_buffer(ev, workers * op.group, &op.scratch, err));
	for (int h = 0; h < halves; h++)
		PPDL_GOTO(done, ppdl_division_load(ev, &division, h, ppdl_at(ev->par, half[h].acc, by->first), half[h].add,
										   err));
	ppdl_parallel_for(ev->threads, workers, work_on_division, &op);
	status = PPDL_OK;
done:
	ppdl_division_release(ev, &division);
	ppdl_pool_put(ev->pool, op.scratch);
	return status;
}
