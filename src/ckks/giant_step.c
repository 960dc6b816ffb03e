/*
 * A rotation of what is over QP, added to what is over QP: only the half that is switched is divided by P (Bossuat et
 * al. 2021, §4.1).  Several go through one key together.
 */
#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ring/vec.h"

typedef struct Step
{
	const PpdlParams *par;
	const PpdlKsPlan *ks;
	int			count;
	PpdlDigits	digits[PPDL_MAX_PRODUCTS];
	const PpdlSwitchKey *key;
	const uint32_t *perm;
	uint32_t   *goes_to;		/* by block of entries: where the rotation takes it */
	const PpdlOverQp *from,
			   *to;
	uint64_t   *scratch;		/* a limb of each digit for a group of limbs, a worker */
	PpdlLimbTasks tasks;
} Step;

/* what step_limb adds to the products of the block at source, and what it adds them to */
static void
step_ahead(const Step *op, int t, size_t source, PpdlAhead *ahead)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par),
				to = op->goes_to[source / n];

	for (int i = 0; i < op->count; i++)
	{
		ppdl_ahead_add(ahead, ppdl_cat(par, op->from[i].b, t) + source, n * sizeof(uint64_t));
		ppdl_ahead_add(ahead, ppdl_at(par, op->to[i].b, t) + to, n * sizeof(uint64_t));
		ppdl_ahead_add(ahead, ppdl_at(par, op->to[i].a, t) + to, n * sizeof(uint64_t));
	}
}

/* to += sigma(from.b + kb, ka) on one limb over QP */
static void
step_limb(const Step *op, const PpdlDigitLimbs *g, int t)
{
	const PpdlParams *par = op->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	const size_t n = ppdl_key_block(par);
	uint64_t	product[PPDL_MAX_PRODUCTS][2][PPDL_KEY_BLOCK] __attribute__((aligned(64))),
				rotated[PPDL_KEY_BLOCK] __attribute__((aligned(64)));
	uint64_t   *out[PPDL_MAX_PRODUCTS][2];

	for (int i = 0; i < op->count; i++)
		for (int h = 0; h < 2; h++)
			out[i][h] = product[i][h];
	for (size_t source = 0; source < par->n; source += n)
	{
		const size_t from = op->goes_to[source / n];
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (source + n < par->n)
			step_ahead(op, t, source + n, &ahead);
		ppdl_digits_blocks(par, g, op->count, op->key, t, source, out, &ahead);
		for (int i = 0; i < op->count; i++)
		{
			ppdl_vec_add(m, product[i][0], product[i][0], ppdl_cat(par, op->from[i].b, t) + source, n);
			for (int h = 0; h < 2; h++)
			{
				uint64_t   *to = ppdl_at(par, h == 0 ? op->to[i].b : op->to[i].a, t) + from;

				ppdl_autom_block(rotated, product[i][h], op->perm + from, n);
				ppdl_vec_add(m, to, to, rotated, n);
			}
		}
	}
}

static void
work_on_step(void *arg, int worker)
{
	Step	   *op = arg;
	const int	limbs = op->ks->ndigits * op->tasks.group;
	uint64_t   *scratch = ppdl_at(op->par, op->scratch, limbs * op->count * worker);
	PpdlDigitLimbs g[PPDL_MAX_PRODUCTS];
	int			t,
				count;

	while ((count = ppdl_limb_take(&op->tasks, &t)) > 0)
	{
		for (int i = 0; i < op->count; i++)
			ppdl_digits_limbs(op->par, &g[i], &op->digits[i], t, count, ppdl_at(op->par, scratch, i * limbs));
		for (int l = 0; l < count; l++)
			step_limb(op, g, t + l);
	}
}

static PpdlStatus
load_digits(Step *op, PpdlEval *ev, PpdlError *err)
{
	for (int i = 0; i < op->count; i++)
	{
		uint64_t   *a = op->from[i].a;
		const PpdlHalf half = {.acc = a, .out = a};

		PPDL_TRY(ppdl_divide(ev, op->ks, &op->ks->by_p, &half, 1, err));
		PPDL_TRY(ppdl_digits_load(ev, &op->digits[i], op->ks, a, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_add_switched(PpdlEval *ev, const PpdlKsPlan *ks, const PpdlOverQp *to, const PpdlOverQp *from, int count,
				  uint32_t d, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const int	workers = ppdl_threads_count(ev->threads);
	Step		step = {
		.par = par, .ks = ks, .count = count, .from = from, .to = to,
		.tasks = {.group = ppdl_limb_share(ev, ks->total, PPDL_LIMB_GROUP), .last = ks->total}
	};
	PpdlStatus	status;

	PPDL_ASSERT(count <= PPDL_MAX_PRODUCTS);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_find_key(ev, d, ks->limbs, &step.key, err));
	step.perm = ppdl_autom_table(par->ring, d);
	if (step.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, load_digits(&step, ev, err));
	PPDL_GOTO(done, ppdl_buffer(ev, ks->ndigits * step.tasks.group * count * workers, &step.scratch, err));
	PPDL_GOTO(done, ppdl_block_targets(ev, step.perm, &step.goes_to, err));
	ppdl_parallel_for(ev->threads, workers, work_on_step, &step);
	ev->keyswitches += (uint64_t) count;
	status = PPDL_OK;
done:
	ppdl_pool_put(ev->pool, step.scratch);
	ppdl_pool_put(ev->pool, step.goes_to);
	for (int i = 0; i < count; i++)
		ppdl_digits_release(ev, &step.digits[i]);
	return status;
}
