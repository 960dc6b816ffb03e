/*
 * Sources of a linear transform's baby steps: the inputs, and where half of the giant steps are saved by it, the inputs
 * rotated.  Their digits are kept from that rotation, so that they are made once.
 */
#include "ckks/eval_impl.h"
#include "ckks/lintrans_sums.h"
#include "ring/vec.h"

typedef struct Rotating
{
	const PpdlParams *par;
	const PpdlKsPlan *ks;
	const PpdlSwitchKey *key;
	const uint32_t *perm;
	uint32_t   *goes_to;		/* by block of entries: where the rotation takes it */
	PpdlSource *source;			/* first and second of each input in turn */
	int			inputs;
	PpdlLimbTasks tasks;
} Rotating;

/* what rotate_limb adds to the products of the block at source, and where they go */
static void
rotate_ahead(const Rotating *op, int t, size_t at, PpdlAhead *ahead)
{
	const PpdlParams *par = op->par;
	const size_t n = ppdl_key_block(par);

	for (int i = 0; i < op->inputs; i++)
	{
		if (t < op->ks->limbs)
			ppdl_ahead_add(ahead, ppdl_cat(par, op->source[2 * i].b, t) + at, n * sizeof(uint64_t));
		ppdl_ahead_add(ahead, ppdl_at(par, op->source[2 * i + 1].own.b, t) + op->goes_to[at / n], n * sizeof(uint64_t));
		ppdl_ahead_add(ahead, ppdl_at(par, op->source[2 * i + 1].own.a, t) + op->goes_to[at / n], n * sizeof(uint64_t));
	}
}

/* limb t over QP of sigma(P*b + kb, ka) */
static void
rotate_limb(const Rotating *op, const PpdlDigitLimbs *g, int t)
{
	const PpdlParams *par = op->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	const size_t n = ppdl_key_block(par);
	uint64_t	product[PPDL_LINTRANS_INPUTS][2][PPDL_KEY_BLOCK] __attribute__((aligned(64)));
	uint64_t   *out[PPDL_LINTRANS_INPUTS][2];

	for (int i = 0; i < op->inputs; i++)
		for (int h = 0; h < 2; h++)
			out[i][h] = product[i][h];
	for (size_t at = 0; at < par->n; at += n)
	{
		const size_t from = op->goes_to[at / n];
		PpdlAhead	ahead;

		ppdl_ahead_begin(&ahead);
		if (at + n < par->n)
			rotate_ahead(op, t, at + n, &ahead);
		ppdl_digits_blocks(par, g, op->inputs, op->key, t, at, out, &ahead);
		for (int i = 0; i < op->inputs; i++)
		{
			const PpdlOverQp *to = &op->source[2 * i + 1].own;

			if (t < op->ks->limbs)
				ppdl_vec_mul_scalar_add(m, product[i][0], ppdl_cat(par, op->source[2 * i].b, t) + at,
										op->ks->p_mod[t], n);
			ppdl_autom_block(ppdl_at(par, to->b, t) + from, product[i][0], op->perm + from, n);
			ppdl_autom_block(ppdl_at(par, to->a, t) + from, product[i][1], op->perm + from, n);
		}
	}
}

static void
work_on_rotation(void *arg, int worker)
{
	Rotating   *op = arg;
	const int	digits = op->ks->ndigits;
	PpdlDigitLimbs g[PPDL_LINTRANS_INPUTS];
	int			t,
				count;

	while ((count = ppdl_limb_take(&op->tasks, &t)) > 0)
	{
		for (int i = 0; i < op->inputs; i++)
		{
			PpdlSource *s = &op->source[2 * i];

			ppdl_digits_limbs(op->par, &g[i], &s->digits, t, count, ppdl_at(op->par, s->kept, t * digits));
			for (int l = 0; l < count; l++)
				for (int j = 0; j < digits; j++)
					s->x[t + l][j] = g[i].x[l][j];
		}
		for (int l = 0; l < count; l++)
			rotate_limb(op, g, t + l);
	}
}

static PpdlStatus
take_memory(PpdlInnerSums *op, PpdlError *err)
{
	const int	total = op->ks->total;

	for (int i = 0; i < op->inputs; i++)
	{
		PpdlSource *first = &op->source[2 * i],
				   *second = first + 1;

		first->x = ppdl_pool_get(op->ev->pool, sizeof(first->x[0]) * (size_t) total);
		if (first->x == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		PPDL_TRY(ppdl_buffer(op->ev, total * op->ks->ndigits, &first->kept, err));
		PPDL_TRY(ppdl_buffer(op->ev, total, &second->own.b, err));
		PPDL_TRY(ppdl_buffer(op->ev, total, &second->own.a, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_sources_rotate(PpdlInnerSums *op, int rotation, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	const uint32_t d = ppdl_galois_rotation(ev->par->ring, rotation);
	Rotating	rotating = {
		.par = ev->par, .ks = op->ks, .source = op->source, .inputs = op->inputs,
		.tasks = {.group = ppdl_limb_share(ev, op->ks->total, PPDL_LIMB_GROUP), .last = op->ks->total}
	};

	PPDL_TRY(ppdl_find_key(ev, d, op->ks->limbs, &rotating.key, err));
	rotating.perm = ppdl_autom_table(ev->par->ring, d);
	if (rotating.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(take_memory(op, err));
	PPDL_TRY(ppdl_block_targets(ev, rotating.perm, &rotating.goes_to, err));
	ppdl_parallel_for(ev->threads, op->workers, work_on_rotation, &rotating);
	ppdl_pool_put(ev->pool, rotating.goes_to);
	ev->keyswitches += (uint64_t) op->inputs;
	for (int i = 0; i < op->inputs; i++)
	{
		PpdlSource *second = &op->source[2 * i + 1];
		const PpdlHalf half = {.acc = second->own.a, .out = second->own.a};

		PPDL_TRY(ppdl_divide(ev, op->ks, &op->ks->by_p, &half, 1, err));
		second->b = second->own.b;
		second->a = second->own.a;
		second->is_rotated = 1;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_sources_load(PpdlInnerSums *op, PpdlError *err)
{
	for (int q = 0; q < op->inputs * op->sources; q++)
		if (op->source[q].digits.plan == NULL && op->source[q].a != NULL)
			PPDL_TRY(ppdl_digits_load(op->ev, &op->source[q].digits, op->ks, op->source[q].a, err));
	return PPDL_OK;
}

void
ppdl_sources_release(PpdlInnerSums *op)
{
	PpdlPool   *pool = op->ev->pool;

	for (int q = 0; q < op->inputs * op->sources; q++)
	{
		PpdlSource *s = &op->source[q];

		ppdl_digits_release(op->ev, &s->digits);
		ppdl_pool_put(pool, s->kept);
		ppdl_pool_put(pool, (void *) s->x);
		ppdl_pool_put(pool, s->own.b);
		ppdl_pool_put(pool, s->own.a);
		*s = (PpdlSource) {0};
	}
}
