/*
 * Inner sums of linear transforms: baby steps are not divided by P, their products with the plaintexts are summed over
 * QP (Bossuat et al. 2021, "double hoisting", §4.1).  A block of every baby step is made, then that block of all sums;
 * keys and plaintexts are read once for all sources and inputs.
 */
#include <string.h>

#include "base/past.h"
#include "ckks/eval_impl.h"
#include "ckks/lintrans_sums.h"
#include "ckks/runs.h"
#include "ring/vec.h"

/* limbs whose digits wait together: each is read for every rotated copy */
#define INNER_GROUP 8

/* a source in one limb over QP */
typedef struct View
{
	const uint64_t *const *x;	/* digits */
	const uint64_t *pb,			/* P*b; NULL: 0 */
			   *a;				/* not times P; NULL: P*a is 0 */
} View;

int
ppdl_find_baby(const PpdlInnerSums *op, int rotation)
{
	for (int i = 0; i < op->babies; i++)
		if (op->baby[i].rotation == rotation)
			return i;
	return -1;
}

static int
all_sources(const PpdlInnerSums *op)
{
	return op->inputs * op->sources;
}

/* where a block of a baby step of a source is */
static uint64_t *
baby_block(const PpdlInnerSums *op, const PpdlInnerScratch *s, int source, int baby)
{
	return s->baby + (size_t) (source * op->babies + baby) * 2 * ppdl_key_block(op->ev->par);
}

/* entries from .. of the rotation sigma(P*b + kb, ka) of each source, in limb t over QP */
static void
rotate_blocks(const PpdlInnerSums *op, const PpdlInnerScratch *s, int baby, const View *view, int t, size_t from,
			  PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	const PpdlBaby *by = &op->baby[baby];
	const size_t n = ppdl_key_block(par),
				at = ppdl_autom_source(by->perm, from, n);
	uint64_t	product[PPDL_MAX_PRODUCTS][2][PPDL_KEY_BLOCK] __attribute__((aligned(64)));
	PpdlKeyProduct out[PPDL_MAX_PRODUCTS];

	for (int q = 0; q < all_sources(op); q++)
		out[q] = (PpdlKeyProduct) {view[q].x, product[q][0], product[q][1]};
	ppdl_digits_dots(par, op->ks, out, all_sources(op), by->key, t, at, ahead);
	for (int q = 0; q < all_sources(op); q++)
	{
		uint64_t   *to = baby_block(op, s, q, baby);

		if (view[q].pb != NULL)
			ppdl_vec_add(m, product[q][0], product[q][0], view[q].pb + at, n);
		ppdl_autom_block(to, product[q][0], by->perm + from, n);
		ppdl_autom_block(to + n, product[q][1], by->perm + from, n);
	}
}

/* sources as they are, times P */
static void
copy_blocks(const PpdlInnerSums *op, const PpdlInnerScratch *s, int baby, const View *view, int t, size_t from)
{
	const PpdlParams *par = op->ev->par;
	const size_t n = ppdl_key_block(par);

	for (int q = 0; q < all_sources(op); q++)
	{
		uint64_t   *to = baby_block(op, s, q, baby);

		if (view[q].pb != NULL)
			memcpy(to, view[q].pb + from, n * sizeof(uint64_t));
		if (view[q].a != NULL)
			ppdl_vec_mul_scalar(ppdl_qp_mod(par, op->ks->limbs, t), to + n, view[q].a + from, op->ks->p_mod[t], n);
		else
			memset(to + n, 0, n * sizeof(uint64_t));
	}
}

/* entries from .. from+n-1 of limb t of a plaintext */
static const uint64_t *
plaintext_block(const PpdlInnerSums *op, const PpdlTerm *term, uint64_t *buf, int t, size_t from, size_t n)
{
	const uint64_t *p = ppdl_term_limb(op->ev->par, term, t);

	if (term->logrun == 0)
		return p + from;
	ppdl_runs_expand(buf, p, term->logrun, from, n);
	return buf;
}

static void
sum_block(const PpdlInnerSums *op, const PpdlInnerScratch *s, const PpdlGiant *g, const View *view, int t,
		  size_t from, PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->ks->limbs, t);
	const size_t n = ppdl_key_block(par),
				step = n < PPDL_AHEAD_STEP ? n : PPDL_AHEAD_STEP;
	uint64_t   *b = ppdl_at(par, g->sum.b, t) + from,
			   *a = ppdl_at(par, g->sum.a, t) + from;
	const uint64_t **pt = s->term,
			  **xb = pt + op->max_terms,
			  **xa = xb + op->max_terms;
	uint64_t	sum[2][PPDL_AHEAD_STEP] __attribute__((aligned(64)));
	int			terms = 0;

	for (int i = g->first; i < g->last; i++)
	{
		const PpdlTerm *term = &g->lt->term[i];
		const int	baby = ppdl_find_baby(op, ppdl_bsgs_baby_rotation(&g->lt->plan, term->step.baby)),
					source = g->input * op->sources + term->step.source;

		/* an input as it is, times P, is 0 modulo P */
		if (op->baby[baby].key == NULL && view[source].pb == NULL)
			continue;
		pt[terms] = plaintext_block(op, term, s->expanded + (size_t) terms * n, t, from, n);
		xb[terms] = baby_block(op, s, source, baby);
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
baby_ahead(const PpdlInnerSums *op, int i, int t, size_t from, PpdlAhead *ahead)
{
	const PpdlParams *par = op->ev->par;

	while (i < op->babies && op->baby[i].key == NULL)
		i++;
	if (i < op->babies && from < par->n)
		ppdl_digits_ahead(op->ks, op->baby[i].key, t,
						  ppdl_autom_source(op->baby[i].perm, from, ppdl_key_block(par)), ppdl_key_block(par), ahead);
}

static void
giant_ahead(const PpdlInnerSums *op, int g, int t, size_t from, PpdlAhead *ahead)
{
	const PpdlGiant *giant = &op->giant[g];
	const size_t n = ppdl_key_block(op->ev->par);

	for (int i = giant->first; i < giant->last; i++)
	{
		const PpdlTerm *term = &giant->lt->term[i];

		ppdl_ahead_add(ahead, ppdl_term_limb(op->ev->par, term, t) + (from >> term->logrun),
					   (n >> term->logrun) * sizeof(uint64_t));
	}
}

/* limb t of every source; P*b of those that are not rotated is made here */
static void
view_limb(const PpdlInnerSums *op, const PpdlInnerScratch *s, const PpdlDigitLimbs *g, int t, View *view)
{
	const PpdlParams *par = op->ev->par;
	const int	limbs = op->ks->limbs;
	uint64_t   *pb = ppdl_at(par, s->limb, op->inputs * op->ks->ndigits * op->tasks.group);

	for (int q = 0; q < all_sources(op); q++)
	{
		const PpdlSource *source = &op->source[q];
		const uint64_t *a = t < limbs ? ppdl_cat(par, source->a, t) : NULL;
		const PpdlDigitLimbs *unkept = &g[q / op->sources];

		view[q] = (View) {.x = source->x != NULL ? source->x[t] : unkept->x[t - unkept->first], .a = a};
		if (source->is_rotated)
			view[q].pb = ppdl_cat(par, source->b, t);
		else if (t < limbs)
		{
			ppdl_vec_mul_scalar(&par->ring->mod[t], pb, ppdl_cat(par, source->b, t), op->ks->p_mod[t], par->n);
			view[q].pb = pb;
			pb += par->n;
		}
	}
}

static void
sum_limb(const PpdlInnerSums *op, const PpdlInnerScratch *s, const PpdlDigitLimbs *g, int t)
{
	const size_t n = ppdl_key_block(op->ev->par);
	View		view[PPDL_LINTRANS_INPUTS * PPDL_MAX_SOURCES];
	PpdlAhead	ahead;

	view_limb(op, s, g, t, view);
	for (size_t from = 0; from < op->ev->par->n; from += n)
	{
		for (int i = 0; i < op->babies; i++)
		{
			ppdl_ahead_begin(&ahead);
			if (i + 1 < op->babies)
				baby_ahead(op, i + 1, t, from, &ahead);
			else
				giant_ahead(op, 0, t, from, &ahead);
			if (op->baby[i].key != NULL)
				rotate_blocks(op, s, i, view, t, from, &ahead);
			else
				copy_blocks(op, s, i, view, t, from);
		}
		for (int i = 0; i < op->giants; i++)
		{
			ppdl_ahead_begin(&ahead);
			if (i + 1 < op->giants)
				giant_ahead(op, i + 1, t, from, &ahead);
			else
				baby_ahead(op, 0, t, from + n, &ahead);
			sum_block(op, s, &op->giant[i], view, t, from, &ahead);
		}
	}
}

/* the source of an input whose digits were not kept: one each */
static const PpdlSource *
unkept(const PpdlInnerSums *op, int input)
{
	return &op->source[input * op->sources + op->sources - 1];
}

static void
work_on_sums(void *arg, int worker)
{
	PpdlInnerSums *op = arg;
	const PpdlParams *par = op->ev->par;
	const PpdlInnerScratch *s = &op->scratch[worker];
	PpdlDigitLimbs g[PPDL_LINTRANS_INPUTS];
	int			t,
				count;

	while ((count = ppdl_limb_take(&op->tasks, &t)) > 0)
	{
		for (int i = 0; i < op->inputs; i++)
			ppdl_digits_limbs(par, &g[i], &unkept(op, i)->digits, t, count,
							  ppdl_at(par, s->limb, i * op->ks->ndigits * op->tasks.group));
		for (int l = 0; l < count; l++)
		{
			for (int part = 0; part < ppdl_ntt_parts(par->ring); part++)
				for (int i = 0; i < op->inputs; i++)
					ppdl_digits_finish(par, &g[i], t + l, part, NULL);
			sum_limb(op, s, g, t + l);
		}
	}
	ppdl_past_end();
}

static PpdlStatus
take_scratch(PpdlInnerSums *op, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	const size_t block = ppdl_key_block(ev->par) * sizeof(uint64_t);
	const int	limbs = op->inputs * (op->ks->ndigits * op->tasks.group + 1);

	op->scratch = ppdl_pool_get(ev->pool, sizeof(PpdlInnerScratch) * (size_t) op->workers);
	if (op->scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(op->scratch, 0, sizeof(PpdlInnerScratch) * (size_t) op->workers);
	for (int i = 0; i < op->workers; i++)
	{
		PpdlInnerScratch *s = &op->scratch[i];

		PPDL_TRY(ppdl_buffer(ev, limbs, &s->limb, err));
		s->baby = ppdl_pool_get(ev->pool, 2 * block * (size_t) (op->babies * all_sources(op)));
		s->term = ppdl_pool_get(ev->pool, 3 * sizeof(uint64_t *) * (size_t) op->max_terms);
		s->expanded = ppdl_pool_get(ev->pool, block * (size_t) op->max_terms);
		if (s->baby == NULL || s->term == NULL || s->expanded == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static void
release_scratch(PpdlInnerSums *op)
{
	PpdlPool   *pool = op->ev->pool;

	for (int i = 0; i < op->workers && op->scratch != NULL; i++)
	{
		ppdl_pool_put(pool, op->scratch[i].limb);
		ppdl_pool_put(pool, op->scratch[i].baby);
		ppdl_pool_put(pool, (void *) op->scratch[i].term);
		ppdl_pool_put(pool, op->scratch[i].expanded);
	}
	ppdl_pool_put(pool, op->scratch);
	op->scratch = NULL;
}

PpdlStatus
ppdl_inner_sums(PpdlInnerSums *op, PpdlError *err)
{
	PpdlStatus	status;

	op->tasks = (PpdlLimbTasks) {.group = ppdl_limb_share(op->ev, op->ks->total, INNER_GROUP), .last = op->ks->total};
	PPDL_GOTO(done, take_scratch(op, err));
	ppdl_parallel_for(op->ev->threads, op->workers, work_on_sums, op);
	op->ev->keyswitches += (uint64_t) (all_sources(op) * (op->babies - (ppdl_find_baby(op, 0) >= 0)));
	status = PPDL_OK;
done:
	release_scratch(op);
	return status;
}
