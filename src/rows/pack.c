#include "rows/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows/pack_leaf.h"
#include "rows/pack_window.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ the merge tree */

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
	PpdlCt		difference = {0},
				switched = {0};

	if (o == NULL)
		PPDL_GOTO(done, ppdl_ct_automorphism(ev, &switched, e, (2u << l) + 1, err));
	else
	{
		noise = fmax(noise, o->noise);
		bound = fmax(bound, o->bound);
		ppdl_ct_mul_monomial(ev, o, (int64_t) (par->n >> (l + 1)));
		PPDL_GOTO(done, ppdl_ct_copy(ev, &difference, e, e->limbs, err));
		PPDL_GOTO(done, ppdl_ct_sub(ev, &difference, o, err));
		PPDL_GOTO(done, ppdl_ct_add(ev, e, o, err));
		ppdl_ct_release(ev, o);
		PPDL_GOTO(done, ppdl_ct_automorphism(ev, &switched, &difference, (2u << l) + 1, err));
	}
	PPDL_GOTO(done, ppdl_ct_add(ev, e, &switched, err));
	e->scale *= 2;
	e->noise = hypot(2 * noise, ppdl_keyswitch_noise(par, e->limbs));
	e->bound = bound;
done:
	ppdl_ct_release(ev, &difference);
	ppdl_ct_release(ev, &switched);
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

/* the largest blocks first: then each starts at a multiple of its size */
static PpdlStatus
choose_blocks(PpdlPacking *p, PpdlError *err)
{
	uint32_t	capacity = 1u << p->height,
				at = 0;

	PPDL_TRY(ppdl_collector_plan(p->col, err));
	for (int h = p->height; h >= 0; h--)
	{
		PpdlBlocks *from = &p->col->blocks[h];

		for (size_t left = from->count; left > 0 && at + (1u << h) <= capacity; left--, at += 1u << h)
			p->placed[p->count++] = (PpdlPlaced) {from->block[left - 1], at};
	}
	return PPDL_OK;
}

static void
take_blocks(PpdlPacking *p)
{
	for (uint32_t i = 0; i < p->count; i++)
	{
		p->col->blocks[p->placed[i].block.h].count--;
		ppdl_collector_take(p->col, &p->placed[i].block);
	}
}

/* before anything wraps: scale * 2^D * bound must stay below half the modulus */
static PpdlStatus
check_room(const PpdlPacking *p, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	double		have = ppdl_params_log2_q(col->par, col->limbs) - 1 - 0x1p-10,
				bound = 0,
				need;

	for (uint32_t i = 0; i < p->count; i++)
		bound = fmax(bound, p->placed[i].block.batch->bound);
	need = log2(fmax(bound, 1e-300) * col->scale) + p->height;
	if (need < have)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE, "rows cannot be packed at %d limb%s: values up to %.4g at scale 2^%.4g take %.1f bits once packed, and there are %.1f",
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
	memcpy(out->fingerprint, col->fingerprint, PPDL_FINGERPRINT_BYTES);
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

	PPDL_TRY(check_room(p, err));
	ppdl_pack_plan_windows(p);
	PPDL_TRY(build(p, 0, p->height, &out->ct, &found, err));
	status = describe(p, out, err);
	if (status != PPDL_OK)
		ppdl_ct_release(p->ev, &out->ct);
	return status;
}

static PpdlStatus
packing_init(PpdlPacking *p, PpdlEval *ev, PpdlCollector *col, PpdlError *err)
{
	memset(p, 0, sizeof(*p));
	if (ev->par != col->par)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "evaluator of ring %s for rows of ring %s", ev->par->name, col->par->name);
	p->ev = ev;
	p->col = col;
	p->height = col->par->logn - col->logk;
	p->placed = malloc(sizeof(PpdlPlaced) << p->height);
	p->scratch = malloc(sizeof(uint64_t) << (col->logk < 3 ? 3 : col->logk));
	p->window = calloc((size_t) 1 << p->height, 1);
	return p->placed == NULL || p->scratch == NULL || p->window == NULL ? no_memory(err) : PPDL_OK;
}

static void
packing_fini(PpdlPacking *p)
{
	ppdl_pack_release_basis(p);
	free(p->placed);
	free(p->scratch);
	free(p->window);
}

/* a complete batch is one block */
static PpdlStatus
choose_whole(PpdlPacking *p, PpdlRowBatch *b, PpdlError *err)
{
	PPDL_TRY(ppdl_collector_sort(b, err));
	PPDL_ASSERT(b->rows == 1u << p->height && b->logc == p->height);
	p->placed[0] = (PpdlPlaced) {{b, 0, p->height}, 0};
	p->count = 1;
	return PPDL_OK;
}

static PpdlStatus
pack_complete(PpdlPacking *p, PpdlPacked *out, PpdlError *err)
{
	PPDL_TRY(choose_whole(p, p->col->complete.first, err));
	PPDL_TRY(pack(p, out, err));
	ppdl_collector_free_batch(p->col, ppdl_collector_pop_complete(p->col));
	return PPDL_OK;
}

static PpdlStatus
pack_rest(PpdlPacking *p, PpdlPacked *out, PpdlError *err)
{
	PPDL_TRY(choose_blocks(p, err));
	PPDL_TRY(pack(p, out, err));
	take_blocks(p);
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_complete(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err)
{
	PpdlStatus	status;
	PpdlPacking p;

	memset(out, 0, sizeof(*out));
	*found = col->complete.first != NULL;
	if (!*found)
		return PPDL_OK;
	status = packing_init(&p, ev, col, err);
	if (status == PPDL_OK)
		status = pack_complete(&p, out, err);
	packing_fini(&p);
	return status;
}

PpdlStatus
ppdl_pack_next(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, int *found, PpdlError *err)
{
	PpdlStatus	status;
	PpdlPacking p;

	PPDL_TRY(ppdl_pack_complete(ev, col, out, found, err));
	if (*found || col->rows == 0)
		return PPDL_OK;
	status = packing_init(&p, ev, col, err);
	if (status == PPDL_OK)
		status = pack_rest(&p, out, err);
	packing_fini(&p);
	*found = status == PPDL_OK;
	return status;
}

void
ppdl_packed_release(PpdlEval *ev, PpdlPacked *p)
{
	ppdl_ct_release(ev, &p->ct);
	free(p->ordinal);
	p->ordinal = NULL;
}
