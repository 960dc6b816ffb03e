#include "rows/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ring/vec.h"
#include "rows/pack_batch.h"
#include "rows/pack_in_place.h"
#include "rows/pack_leaf.h"
#include "rows/pack_window.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* can rows of different batches be merged into one ciphertext? */
static int
merges(const PpdlParams *par)
{
	return par->np > 0;
}

double
ppdl_packed_scale(const PpdlParams *par, int logk, double scale)
{
	return merges(par) ? ldexp(scale, par->logn - logk) : scale;
}

uint64_t
ppdl_collector_ciphertexts(const PpdlCollector *col)
{
	uint64_t	count = 0;

	if (col->par == NULL)
		return 0;
	if (merges(col->par))
		return col->rows >> (col->par->logn - col->logk);
	for (const PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
		count++;
	for (const PpdlRowBatch *b = col->complete.first; b != NULL; b = b->next)
		count++;
	return count;
}

/* ------------------------------------------------------------------ the merge tree */

/* (e, o) -> (e + o, e - o), of the same limbs, once through both */
static void
butterfly(PpdlCt *e, PpdlCt *o)
{
	enum { BLOCK = 512 };
	const PpdlRing *ring = e->par->ring;
	const size_t n = ring->n < BLOCK ? ring->n : BLOCK;
	uint64_t	difference[BLOCK] __attribute__((aligned(64)));

	PPDL_ASSERT(e->limbs == o->limbs);
	for (int half = 0; half < 2; half++)
		for (size_t at = 0; at < (size_t) e->limbs * ring->n; at += n)
		{
			const PpdlModulus *m = &ring->mod[at / ring->n];
			uint64_t   *x = (half == 0 ? e->b : e->a) + at,
					   *y = (half == 0 ? o->b : o->a) + at;

			ppdl_vec_sub(m, difference, x, y, n);
			ppdl_vec_add(m, x, x, y, n);
			memcpy(y, difference, n * sizeof(uint64_t));
		}
}

/*
 * e valid at multiples of N/2^l -> valid at multiples of N/2^(l+1) with o's values
 * between e's; the message is doubled.  o may be missing (NULL).  Releases o.
 */
static PpdlStatus
merge(PpdlPacking *p, PpdlCt *e, PpdlCt *o, int l, PpdlError *err)
{
	PpdlEval   *ev = p->ev;
	const PpdlParams *par = e->par;
	double		noise = e->noise,
				bound = e->bound;
	PpdlStatus	status;
	PpdlCt		switched = {0};

	if (o != NULL)
	{
		noise = fmax(noise, o->noise);
		bound = fmax(bound, o->bound);
		ppdl_ct_mul_monomial(ev, o, (int64_t) (par->n >> (l + 1)));
		butterfly(e, o);
	}
	PPDL_GOTO(done, ppdl_ct_automorphism(ev, &switched, o != NULL ? o : e, (2u << l) + 1, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, e, &switched, err));
	e->scale *= 2;
	e->noise = hypot(2 * noise, ppdl_keyswitch_noise(par, e->limbs));
	e->bound = bound;
done:
	ppdl_ct_release(ev, &switched);
	if (o != NULL)
		ppdl_ct_release(ev, o);
	return status;
}

/* the subtree of the positions at .. at + 2^h - 1; *found = 0 when nothing lies there */
static PpdlStatus
build(PpdlPacking *p, uint32_t at, int h, PpdlCt *out, int *found, PpdlError *err)
{
	const PpdlPlaced *next = &p->placed[p->next];
	PpdlStatus	status;
	PpdlCt		o = {0};
	int			right;

	*found = 0;
	if (p->next == p->count || next->at >= at + (1u << h))
		return PPDL_OK;
	*found = 1;
	if (next->block.h == h)
	{
		PPDL_ASSERT(next->at == at);
		p->next++;
		return ppdl_pack_leaf(p, &next->block, out, err);
	}
	if (p->window[at] == h)
		return ppdl_pack_window(p, at, h, out, err);
	/* positions are given out from the left: where there is a right half, there is a left one */
	PPDL_TRY(build(p, at, h - 1, out, &right, err));
	PPDL_ASSERT(right);
	PPDL_GOTO(fail, build(p, at + (1u << (h - 1)), h - 1, &o, &right, err));
	PPDL_GOTO(fail, merge(p, out, right ? &o : NULL, p->col->logk + h - 1, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(p->ev, &o);
	ppdl_ct_release(p->ev, out);
	return status;
}

/* ------------------------------------------------------------------ what to pack */

static void
take_in_place(PpdlPacking *p)
{
	PpdlInPlace *rows = p->col->in_place;

	p->col->in_place = rows->next;
	memcpy(p->placed, rows->placed, rows->count * sizeof(PpdlPlaced));
	p->count = rows->count;
	p->in_place = 1;
	free(rows);
}

/* the largest blocks first: then each starts at a multiple of its size */
static PpdlStatus
choose_blocks(PpdlPacking *p, PpdlError *err)
{
	uint32_t	capacity = 1u << p->height,
				at = 0;

	PPDL_TRY(ppdl_collector_plan(p->col, err));
	if (p->col->in_place != NULL)
	{
		take_in_place(p);
		return PPDL_OK;
	}
	for (int h = p->height; h >= 0; h--)
	{
		PpdlBlocks *from = &p->col->blocks[h];

		for (; from->count > 0 && at + (1u << h) <= capacity; at += 1u << h)
			p->placed[p->count++] = (PpdlPlaced) {from->block[--from->count], at};
	}
	return PPDL_OK;
}

/* a complete batch is one block; where batches cannot be merged, any is taken as it is */
static PpdlStatus
choose_whole(PpdlPacking *p, PpdlRowBatch *b, PpdlError *err)
{
	if (merges(p->col->par))
	{
		PPDL_TRY(ppdl_collector_sort(b, err));
		PPDL_ASSERT(b->rows == 1u << p->height && b->logc == p->height);
	}
	p->whole = b;
	b->chosen = 1;
	p->placed[0] = (PpdlPlaced) {{b, 0, p->height}, 0};
	p->count = 1;
	return PPDL_OK;
}

/* before anything wraps: the packed scale times the bound must stay below half the modulus */
static PpdlStatus
check_room(const PpdlPacking *p, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	double		have = ppdl_params_log2_q(col->par, col->limbs) - 1 - 0x1p-10,
				bound = 0,
				need;

	for (uint32_t i = 0; i < p->count; i++)
		bound = fmax(bound, p->placed[i].block.batch->bound);
	need = log2(fmax(bound, 1e-300) * ppdl_packed_scale(col->par, col->logk, col->scale));
	if (need < have)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE,
			   "rows cannot be packed at %d limb%s: values up to %.4g at scale 2^%.4g take %.1f bits once packed, "
			   "and there are %.1f",
			   col->limbs, col->limbs == 1 ? "" : "s", bound, log2(col->scale), need, have);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Rows encrypted at a smaller scale, or of more limbs, have room.");
}

/* ordinals and the rest of *out from the blocks and their root */
static PpdlStatus
describe(const PpdlPacking *p, PpdlPacked *out, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	const uint32_t capacity = 1u << p->height;

	out->ordinal = malloc(capacity * sizeof(uint32_t));
	if (out->ordinal == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < capacity; i++)
		out->ordinal[i] = PPDL_NO_PLACE;
	out->width = col->width;
	out->logk = col->logk;
	memcpy(out->fingerprint, col->keys.owner, PPDL_FINGERPRINT_BYTES);
	for (uint32_t i = 0; i < p->count; i++)
	{
		const PpdlBlock *block = &p->placed[i].block;
		const PpdlCollected *entry = &block->batch->entry[block->first];

		for (uint32_t t = 0; t < 1u << block->h; t++)
			out->ordinal[p->placed[i].at + (entry[t].index - entry[0].index)] = entry[t].ordinal;
		out->rows += 1u << block->h;
	}
	return PPDL_OK;
}

static PpdlStatus
pack(PpdlPacking *p, PpdlPacked *out, PpdlError *err)
{
	PpdlStatus	status;
	int			found;

	if (p->in_place)
		PPDL_TRY(ppdl_pack_in_place(p, &out->ct, err));
	else
	{
		ppdl_pack_plan_windows(p);
		PPDL_TRY(build(p, 0, p->height, &out->ct, &found, err));
	}
	status = ppdl_pack_add_rows(p, &out->ct, err);
	if (status == PPDL_OK)
		status = describe(p, out, err);
	if (status != PPDL_OK)
		ppdl_ct_release(p->ev, &out->ct);
	return status;
}

/* ------------------------------------------------------------------ a packing */

static void
destroy(PpdlPacking *p)
{
	free(p->placed);
	free(p->scratch);
	free(p->window);
	free(p);
}

static PpdlStatus
create(PpdlPacking **out, PpdlCollector *col, PpdlError *err)
{
	PpdlPacking *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return no_memory(err);
	p->col = col;
	p->height = col->par->logn - col->logk;
	p->placed = malloc(sizeof(PpdlPlaced) << p->height);
	p->scratch = malloc(sizeof(uint64_t) << (col->logk < 3 ? 3 : col->logk));
	p->window = calloc((size_t) 1 << p->height, 1);
	if (p->placed == NULL || p->scratch == NULL || p->window == NULL)
	{
		destroy(p);
		return no_memory(err);
	}
	*out = p;
	return PPDL_OK;
}

/* the first batch that is not chosen yet */
static PpdlRowBatch *
next_batch(const PpdlBatchList *list)
{
	PpdlRowBatch *b = list->first;

	while (b != NULL && b->chosen)
		b = b->next;
	return b;
}

PpdlStatus
ppdl_packing_choose(PpdlPacking **out, PpdlCollector *col, int rest, PpdlError *err)
{
	PpdlRowBatch *whole = next_batch(&col->complete);
	PpdlPacking *p;
	PpdlStatus	status;

	*out = NULL;
	if (whole == NULL && rest && col->par != NULL && !merges(col->par))
		whole = next_batch(&col->waiting);
	if (whole == NULL && (!rest || col->waiting.first == NULL || !merges(col->par)))
		return PPDL_OK;
	PPDL_TRY(create(&p, col, err));
	status = whole != NULL ? choose_whole(p, whole, err) : choose_blocks(p, err);
	if (status == PPDL_OK && p->count > 0)
		*out = p;
	else
		destroy(p);
	return status;
}

PpdlStatus
ppdl_packing_run(PpdlPacking *p, PpdlEval *ev, PpdlPacked *out, PpdlError *err)
{
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	if (ev->par != p->col->par)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "evaluator of ring %s for rows of ring %s", ev->par->name,
						  p->col->par->name);
	PPDL_TRY(check_room(p, err));
	p->ev = ev;
	p->next = 0;
	status = merges(ev->par) ? pack(p, out, err) : ppdl_pack_batch(p, out, err);
	ppdl_pack_release_windows(p);
	ppdl_pack_release_basis(p);
	ppdl_pool_put(ev->pool, p->uniform);
	ppdl_pool_put(ev->pool, p->uniform_b);
	p->uniform = p->uniform_b = NULL;
	p->uniform_of = NULL;
	return status;
}

void
ppdl_packing_end(PpdlPacking *p, int packed)
{
	PpdlCollector *col = p->col;

	if (p->whole != NULL && packed)
		ppdl_collector_drop(col, p->whole);
	else if (p->whole != NULL)
		p->whole->chosen = 0;
	else if (packed)
		for (uint32_t i = 0; i < p->count; i++)
			ppdl_collector_take(col, &p->placed[i].block);
	else
		col->planned = 0;
	destroy(p);
}

/* ------------------------------------------------------------------ one at a time */

static PpdlStatus
pack_one(PpdlEval *ev, PpdlCollector *col, int rest, PpdlPacked *out, int *found, PpdlError *err)
{
	PpdlPacking *p;
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	*found = 0;
	PPDL_TRY(ppdl_packing_choose(&p, col, rest, err));
	if (p == NULL)
		return PPDL_OK;
	status = ppdl_packing_run(p, ev, out, err);
	*found = status == PPDL_OK;
	ppdl_packing_end(p, *found);
	return status;
}

PpdlStatus
ppdl_pack_complete(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err)
{
	return pack_one(ev, col, 0, out, found, err);
}

PpdlStatus
ppdl_pack_next(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err)
{
	return pack_one(ev, col, 1, out, found, err);
}

void
ppdl_packed_release(PpdlEval *ev, PpdlPacked *p)
{
	ppdl_ct_release(ev, &p->ct);
	free(p->ordinal);
	p->ordinal = NULL;
}
