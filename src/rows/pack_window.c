/*
 * Windows: subtrees of the merge tree whose leaves are blocks of one batch.
 *
 * All blocks of a batch have the same uniform half A, but for a monomial.  A merge
 * at level t gives (e + X^s o) + K_t(e - X^s o), K_t the automorphism with its key switch, which is linear;
 * so a subtree of `levels` levels is
 *
 *   (2^levels * rows in their places, 0) + sum over W of m_W * E_W,    W the subsets of its levels,
 *   E_W = K_t(.. K_u(0, A)), u < .. < t the levels in W,
 *
 * where m_W is a sum of one signed monomial a block.  The 2^levels - 1 key switches
 * of the E_W serve all windows of the batch; ordinary merges take as many for each.  A window costs
 * 2^levels sparse polynomials brought to the NTT domain and as many products.
 *
 * Noise: K's error is multiplied by m_W, so a window of n blocks adds n * levels * 2^(levels-1)
 * key switches' variance where merges would add about n^2/3: one or two bits of some ten to spare.
 */
#include "rows/pack_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ring/vec.h"
#include "rows/pack_leaf.h"

/* costs in units of a key switch: one of a basis (decompositions are shared), one block of a window */
#define BASIS_COST 0.8
#define BLOCK_COST 0.12

/* ------------------------------------------------------------------ which */

/* merges of n blocks from the left in a tree of so many levels */
static double
merges(uint32_t n, int levels)
{
	double		sum = 0;

	for (int t = 1; t <= levels; t++)
		sum += (n + (1u << t) - 1) >> t;
	return sum;
}

/* key switches saved by windows of height low + levels in positions start..end-1; marks them if told to */
static double
try_windows(PpdlPacking *p, uint32_t start, uint32_t end, int low, int levels, int mark)
{
	uint32_t	size = 1u << (low + levels),
				occupied = p->placed[p->count - 1].at + (1u << p->placed[p->count - 1].block.h);
	double		saved = -BASIS_COST * ((1 << levels) - 1);

	for (uint32_t at = (start + size - 1) & -size; at < end; at += size)
	{
		uint32_t	stop = at + size < end ? at + size : end,
					n = (stop - at) >> low;

		/* nothing of another run in it */
		if (stop < at + size && stop < occupied)
			break;
		if (n < 2)
			continue;
		saved += merges(n, levels) - BLOCK_COST * n;
		if (mark)
			p->window[at] = (uint8_t) (low + levels);
	}
	return saved;
}

/* blocks first..last-1: of one batch and height */
static void
plan_run(PpdlPacking *p, uint32_t first, uint32_t last)
{
	int			low = p->placed[first].block.h,
				best = 0;
	uint32_t	start = p->placed[first].at,
				end = p->placed[last - 1].at + (1u << low);
	double		most = 0;

	for (int levels = 2; levels <= PPDL_MAX_WINDOW && low + levels <= p->height; levels++)
	{
		double		saved = try_windows(p, start, end, low, levels, 0);

		if (saved > most)
		{
			most = saved;
			best = levels;
		}
	}
	if (best > 0)
		try_windows(p, start, end, low, best, 1);
}

void
ppdl_pack_plan_windows(PpdlPacking *p)
{
	uint32_t	first = 0;

	for (uint32_t i = 1; i <= p->count; i++)
	{
		const PpdlBlock *a = &p->placed[first].block,
				   *b = &p->placed[i].block;

		if (i < p->count && a->batch == b->batch && a->h == b->h)
			continue;
		if (!a->batch->explicit_row)
			plan_run(p, first, i);
		first = i;
	}
}

/* ------------------------------------------------------------------ the basis */

/* Galois element of the merge from height h to h + 1 */
static uint32_t
galois(const PpdlPacking *p, int h)
{
	return (2u << (p->col->logk + h)) + 1;
}

void
ppdl_pack_release_basis(PpdlPacking *p)
{
	for (int w = 0; w < 1 << PPDL_MAX_WINDOW; w++)
		ppdl_ct_release(p->ev, &p->basis.ct[w]);
	p->basis.batch = NULL;
}

/* E of W with one more level, for all levels above those of W */
static PpdlStatus
extend_basis(PpdlPacking *p, int w, int top, PpdlError *err)
{
	PpdlBasis  *basis = &p->basis;
	PpdlHoisted hoisted;
	PpdlStatus	status;

	PPDL_TRY(ppdl_hoist(p->ev, &hoisted, &basis->ct[w], err));
	for (int t = top; t < basis->levels; t++)
		PPDL_GOTO(done, ppdl_hoisted_automorphism(p->ev, &basis->ct[w | 1 << t], &hoisted, galois(p, basis->low + t),
												  err));
	status = PPDL_OK;
done:
	ppdl_hoisted_release(p->ev, &hoisted);
	return status;
}

static PpdlStatus
make_basis(PpdlPacking *p, PpdlRowBatch *batch, int low, int levels, PpdlError *err)
{
	PpdlBasis  *basis = &p->basis;
	size_t		words = (size_t) p->col->limbs * p->col->par->n;

	if (basis->batch == batch && basis->low == low && basis->levels == levels)
		return PPDL_OK;
	ppdl_pack_release_basis(p);
	basis->low = low;
	basis->levels = levels;
	PPDL_TRY(ppdl_pack_expand(p, batch, err));
	PPDL_TRY(ppdl_ct_alloc(p->ev, &basis->ct[0], p->col->limbs, err));
	if (p->uniform_b != NULL)
		memcpy(basis->ct[0].b, p->uniform_b, words * sizeof(uint64_t));
	else
		memset(basis->ct[0].b, 0, words * sizeof(uint64_t));
	memcpy(basis->ct[0].a, p->uniform, words * sizeof(uint64_t));
	for (int w = 0, top = 0; w < 1 << (levels - 1); w++)
	{
		while (w >> top != 0)
			top++;
		PPDL_TRY(extend_basis(p, w, top, err));
	}
	basis->batch = batch;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ one window */

typedef struct Window
{
	PpdlPacking *p;
	uint32_t	at;
	int			h;
	const PpdlPlaced *placed;	/* its blocks */
	uint32_t	blocks;
	uint64_t   *poly;			/* a limb for each m_W */
	const uint64_t *m[1 << PPDL_MAX_WINDOW],
			   *b[1 << PPDL_MAX_WINDOW],
			   *a[1 << PPDL_MAX_WINDOW];
} Window;

/* the monomial of a block in m_W: its exponent modulo 2N, sign included */
static uint32_t
monomial(const Window *win, const PpdlPlaced *placed, int w)
{
	const PpdlPacking *p = win->p;
	const PpdlBasis *basis = &p->basis;
	const PpdlBlock *block = &placed->block;
	uint32_t	n = (uint32_t) p->col->par->n,
				place = (placed->at - win->at) >> basis->low,
				e;

	e = 2 * n - (ppdl_bitrev(block->batch->entry[block->first].index,
							 block->batch->logc) << (p->height - block->batch->logc));
	for (int t = 0; t < basis->levels; t++)
	{
		int			right = place >> t & 1;

		if (right)
			e += n >> (p->col->logk + basis->low + t + 1);
		if (w >> t & 1)
			e = (e + (right ? n : 0)) * galois(p, basis->low + t);
		e &= 2 * n - 1;
	}
	return e;
}

/* limb l of all m_W, NTT domain */
static void
fill_multipliers(Window *win, int l)
{
	const PpdlRing *ring = win->p->col->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	uint64_t	unit = (uint64_t) 1 << win->p->basis.low;

	for (int w = 0; w < 1 << win->p->basis.levels; w++)
	{
		uint64_t   *poly = ppdl_limb(ring, win->poly, w);

		memset(poly, 0, ring->n * sizeof(uint64_t));
		for (uint32_t i = 0; i < win->blocks; i++)
		{
			uint32_t	e = monomial(win, &win->placed[i], w);
			uint64_t   *c = &poly[e & (ring->n - 1)];

			*c = e < ring->n ? ppdl_mod_add(m, *c, unit) : ppdl_mod_sub(m, *c, unit);
		}
		ppdl_ntt(ring, m, poly);
	}
}

/* coefficients that the products take at a time: what they read of all m_W and E_W stays in cache */
#define BLOCK 1024

static PpdlStatus
fill_limb(Window *win, int l, size_t offset, PpdlCt *out, PpdlError *err)
{
	const PpdlPacking *p = win->p;
	const PpdlRing *ring = p->col->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	uint64_t   *b = ppdl_limb(ring, out->b, l),
			   *a = ppdl_limb(ring, out->a, l);
	int			terms = 1 << p->basis.levels;
	size_t		block = ring->n < BLOCK ? ring->n : BLOCK;

	memset(b, 0, ring->n * sizeof(uint64_t));
	memset(a, 0, ring->n * sizeof(uint64_t));
	for (uint32_t i = 0; i < win->blocks; i++)
		PPDL_TRY(ppdl_pack_place(p, &win->placed[i].block, l, offset, win->placed[i].at - win->at, win->h, b, err));
	ppdl_ntt(ring, m, b);
	ppdl_vec_mul_scalar(m, b, b, (uint64_t) 1 << win->h, ring->n);
	fill_multipliers(win, l);
	for (size_t from = 0; from < ring->n; from += block)
	{
		for (int w = 0; w < terms; w++)
		{
			win->m[w] = ppdl_climb(ring, win->poly, w) + from;
			win->b[w] = ppdl_climb(ring, p->basis.ct[w].b, l) + from;
			win->a[w] = ppdl_climb(ring, p->basis.ct[w].a, l) + from;
		}
		ppdl_vec_dot(m, &(PpdlDot) {
			.out = {b + from, a + from}, .a = win->m, .k = {win->b, win->a}, .terms = terms, .accumulate = 1
		}, block);
	}
	return PPDL_OK;
}

static PpdlStatus
fill_window(Window *win, PpdlCt *out, PpdlError *err)
{
	const PpdlCollector *col = win->p->col;
	size_t		offset = 0;

	for (int l = 0; l < out->limbs; l++)
	{
		PPDL_TRY(fill_limb(win, l, offset, out, err));
		offset += ppdl_packed_size((size_t) 1 << col->logk, col->par->ring->mod[l].bits);
	}
	return PPDL_OK;
}

static void
describe(const Window *win, PpdlCt *out)
{
	const PpdlPacking *p = win->p;
	const PpdlRowBatch *batch = p->basis.batch;
	int			levels = p->basis.levels;
	double		switches = ldexp(ppdl_keyswitch_noise(p->col->par, out->limbs), p->basis.low) *
	sqrt((double) win->blocks * levels * ldexp(0.5, levels));

	out->scale = ldexp(p->col->scale, win->h);
	out->noise = hypot(ldexp(ppdl_pack_noise(p, batch), win->h), switches);
	out->bound = batch->bound;
}

PpdlStatus
ppdl_pack_window(PpdlPacking *p, uint32_t at, int h, PpdlCt *out, PpdlError *err)
{
	const PpdlPlaced *first = &p->placed[p->next];
	const PpdlRing *ring = p->col->par->ring;
	Window		win = {.p = p, .at = at, .h = h, .placed = first};
	PpdlStatus	status;

	while (p->next + win.blocks < p->count && first[win.blocks].at < at + (1u << h))
		win.blocks++;
	PPDL_TRY(ppdl_eval_poll(p->ev, err));
	PPDL_TRY(make_basis(p, first->block.batch, first->block.h, h - first->block.h, err));
	win.poly = ppdl_pool_get(p->ev->pool, (ring->n * sizeof(uint64_t)) << p->basis.levels);
	if (win.poly == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_ct_alloc(p->ev, out, p->col->limbs, err);
	if (status == PPDL_OK)
		status = fill_window(&win, out, err);
	ppdl_pool_put(p->ev->pool, win.poly);
	if (status != PPDL_OK)
	{
		ppdl_ct_release(p->ev, out);
		return status;
	}
	describe(&win, out);
	p->next += win.blocks;
	return PPDL_OK;
}
