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
 * where m_W is a sum of one signed monomial a block; rows are added to the whole of a packing at the end.  The
 * 2^levels - 1 key switches of the E_W serve all windows of the batch; ordinary merges take as many for each.  A window
 * costs 2^levels sparse polynomials brought to the NTT domain and as many products.
 *
 * Noise: K's error is multiplied by m_W, so a window of n blocks adds n * levels * 2^(levels-1)
 * key switches' variance where merges would add about n^2/3: one or two bits of some ten to spare.
 */
#include "rows/pack_window.h"

#include <math.h>
#include <string.h>

#include "ring/vec.h"
#include "rows/pack_leaf.h"

/*
 * Exponents of m_W are -pos(i) of the blocks' first rows, modulo 2^logrun: but for a monomial for each such class of
 * rows, m_W has powers of X^(2^logrun) only.  In the NTT domain it then has runs of 2^logrun equal values, which a
 * transform of N/2^logrun words gives.  A run of neighbouring rows falls into few classes; where there are more, whole
 * polynomials are cheaper.
 */
#define MAX_CLASSES 4
#define LEAST_LOGRUN 3			/* vectors of equal values */

/* of windows of `levels` levels above blocks of height low */
static int
window_logrun(const PpdlPacking *p, int low, int levels)
{
	const int	places = p->height - low - levels,	/* places are multiples of 2^this */
				powers = p->col->logk + low + 1;	/* automorphisms are 1 modulo 2^this */

	return places < powers ? places : powers;
}

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

/* what the products of a window of n blocks cost, as far as can be said before its rows are looked at */
static double
products(const PpdlPacking *p, const PpdlPlaced *placed, uint32_t n, int levels)
{
	const int	logrun = window_logrun(p, placed->block.h, levels),
				within = p->height - logrun;
	const PpdlCollected *entry = placed->block.batch->entry;
	uint32_t	first = entry[placed[0].block.first].index >> within,
				last = entry[placed[n - 1].block.first].index >> within,
				classes = (first > last ? first - last : last - first) + 1;

	return ldexp(logrun >= LEAST_LOGRUN && classes <= MAX_CLASSES ? PPDL_CLASS_COST * classes : PPDL_POLYNOMIAL_COST,
				 levels);
}

/* key switches saved by windows of height low + levels for blocks first..last-1; marks them if told to */
static double
try_windows(PpdlPacking *p, uint32_t first, uint32_t last, int levels, int mark)
{
	const int	low = p->placed[first].block.h;
	uint32_t	start = p->placed[first].at,
				end = p->placed[last - 1].at + (1u << low),
				size = 1u << (low + levels),
				occupied = p->placed[p->count - 1].at + (1u << p->placed[p->count - 1].block.h);
	double		saved = -PPDL_BASIS_COST * ((1 << levels) - 1);

	for (uint32_t at = (start + size - 1) & -size; at < end; at += size)
	{
		uint32_t	stop = at + size < end ? at + size : end,
					n = (stop - at) >> low;

		/* nothing of another run in it */
		if (stop < at + size && stop < occupied)
			break;
		if (n < 2)
			continue;
		saved += merges(n, levels) - PPDL_WINDOW_COST -
			products(p, &p->placed[first + ((at - start) >> low)], n, levels);
		if (mark)
			p->window[at] = (uint8_t) (low + levels);
	}
	return saved;
}

/* blocks first..last-1: of one batch and height */
static void
plan_run(PpdlPacking *p, uint32_t first, uint32_t last)
{
	const int	low = p->placed[first].block.h;
	int			best = 0;
	double		most = 0;

	for (int levels = 2; levels <= PPDL_MAX_WINDOW && low + levels <= p->height; levels++)
	{
		double		saved = try_windows(p, first, last, levels, 0);

		if (saved > most)
		{
			most = saved;
			best = levels;
		}
	}
	if (best > 0)
		try_windows(p, first, last, best, 1);
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

/* ------------------------------------------------------------------ windows */

/* coefficients that products of whole polynomials take at a time: what they read of all m_W and E_W stays in cache */
#define BLOCK 256

typedef struct Window
{
	uint32_t	at;
	const PpdlPlaced *placed;	/* its blocks */
	uint32_t	blocks;
	int			classes;		/* 0: whole polynomials */
	uint32_t	class[MAX_CLASSES];	/* pos(i) modulo 2^logrun */
	PpdlCt	   *out;
} Window;

/* windows of one basis, one behind the other */
typedef struct Group
{
	PpdlPacking *p;
	int			h,
				logrun,
				terms,			/* subsets W */
				count,
				classes;		/* of all windows */
	Window		window[PPDL_WINDOW_GROUP];
	uint64_t   *values,			/* of each class, for each run, of each W */
			   *monomial,		/* of each class, a limb */
			   *poly,			/* whole polynomials of one window, a limb for each W; or of one class */
			   *basis;			/* some entries of both halves of all E_W */
} Group;

/* pos of a block's first row */
static uint32_t
position(const PpdlPacking *p, const PpdlBlock *block)
{
	const PpdlRowBatch *b = block->batch;

	return ppdl_bitrev(b->entry[block->first].index, b->logc) << (p->height - b->logc);
}

/* the monomial of a block in m_W: its exponent modulo 2N, sign included */
static uint32_t
exponent(const PpdlPacking *p, const Window *win, const PpdlPlaced *placed, int w)
{
	const PpdlBasis *basis = &p->basis;
	uint32_t	n = (uint32_t) p->col->par->n,
				place = (placed->at - win->at) >> basis->low,
				e = 2 * n - position(p, &placed->block);

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

/* poly += 2^low * X^e in Z[X]/(X^n + 1), e < 2n */
static void
add_monomial(const PpdlModulus *m, const PpdlPacking *p, uint64_t *poly, uint32_t e, size_t n)
{
	const uint64_t unit = (uint64_t) 1 << p->basis.low;
	uint64_t   *c = &poly[e & (n - 1)];

	*c = e < n ? ppdl_mod_add(m, *c, unit) : ppdl_mod_sub(m, *c, unit);
}

/* limb l of all m_W of a window, NTT domain */
static void
fill_polynomials(const Group *g, const Window *win, int l)
{
	const PpdlRing *ring = g->p->col->par->ring;
	const PpdlModulus *m = &ring->mod[l];

	for (int w = 0; w < g->terms; w++)
	{
		uint64_t   *poly = ppdl_limb(ring, g->poly, w);

		memset(poly, 0, ring->n * sizeof(uint64_t));
		for (uint32_t i = 0; i < win->blocks; i++)
			add_monomial(m, g->p, poly, exponent(g->p, win, &win->placed[i], w), ring->n);
		ppdl_ntt(ring, m, poly);
	}
}

/* limb l of X^class * m_W for the blocks of one class, a value a run, all W of a run together; and of X^-class */
static void
fill_class(const Group *g, const Window *win, uint32_t class, int l, uint64_t *values, uint64_t *monomial)
{
	const PpdlRing *ring = g->p->col->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	const uint32_t n = (uint32_t) (ring->n >> g->logrun),
				within = (1u << g->logrun) - 1,
				order = (uint32_t) (2 * ring->n);

	for (int w = 0; w < g->terms; w++)
	{
		uint64_t   *poly = g->poly;

		memset(poly, 0, n * sizeof(uint64_t));
		for (uint32_t i = 0; i < win->blocks; i++)
			if ((position(g->p, &win->placed[i].block) & within) == class)
				add_monomial(m, g->p, poly,
							 ((exponent(g->p, win, &win->placed[i], w) + class) & (order - 1)) >> g->logrun, n);
		ppdl_ntt_subring(ring, m, poly, ring->logn - g->logrun);
		for (uint32_t i = 0; i < n; i++)
			values[(size_t) i * (size_t) g->terms + (size_t) w] = poly[i];
	}
	for (size_t i = 0; i < ring->n; i++)
		monomial[i] = 1;
	ppdl_mul_monomial_ntt(ring, m, monomial, monomial, -(int64_t) class);
}

static void
fill_classes(const Group *g, int l)
{
	const PpdlRing *ring = g->p->col->par->ring;
	uint64_t   *values = g->values,
			   *monomial = g->monomial;

	for (int i = 0; i < g->count; i++)
		for (int c = 0; c < g->window[i].classes; c++)
		{
			fill_class(g, &g->window[i], g->window[i].class[c], l, values, monomial);
			values += (size_t) g->terms * (ring->n >> g->logrun);
			monomial += ring->n;
		}
}

/* out += sum over W of m_W * E_W, a window's whole polynomials */
static void
add_polynomials(const Group *g, const Window *win, int l)
{
	const PpdlRing *ring = g->p->col->par->ring;
	const size_t block = ring->n < BLOCK ? ring->n : BLOCK;
	const uint64_t *m[1 << PPDL_MAX_WINDOW],
			   *b[1 << PPDL_MAX_WINDOW],
			   *a[1 << PPDL_MAX_WINDOW];

	fill_polynomials(g, win, l);
	for (size_t from = 0; from < ring->n; from += block)
	{
		for (int w = 0; w < g->terms; w++)
		{
			m[w] = ppdl_climb(ring, g->poly, w) + from;
			b[w] = ppdl_climb(ring, g->p->basis.ct[w].b, l) + from;
			a[w] = ppdl_climb(ring, g->p->basis.ct[w].a, l) + from;
		}
		ppdl_vec_dot(&ring->mod[l], &(PpdlDot) {
			.out = {ppdl_limb(ring, win->out->b, l) + from, ppdl_limb(ring, win->out->a, l) + from},
			.a = m, .k = {b, a}, .terms = g->terms, .accumulate = 1
		}, block);
	}
}

/* n entries of each half of limb l of all E_W, from number `from` on, as ppdl_vec_combine takes them */
static void
gather_basis(const Group *g, int l, size_t from, size_t n)
{
	const PpdlRing *ring = g->p->col->par->ring;
	uint64_t   *to = g->basis;

	for (int w = 0; w < g->terms; w++, to += PPDL_COMBINE_STRIDE)
	{
		const uint64_t *b = ppdl_climb(ring, g->p->basis.ct[w].b, l) + from,
				   *a = ppdl_climb(ring, g->p->basis.ct[w].a, l) + from;

		ppdl_vec_row(to, b, n);
		ppdl_vec_row(to + n, a, n);
		for (size_t i = 0; i < n; i += 8)	/* of the next turn: a few lines here and there */
		{
			__builtin_prefetch(b + n + i);
			__builtin_prefetch(a + n + i);
		}
	}
}

/* the same for all classes of all windows: all of some entries while these of the basis are in cache */
static void
add_classes(const Group *g, int l)
{
	const PpdlRing *ring = g->p->col->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	const size_t run = (size_t) 1 << g->logrun,
				n = run < PPDL_COMBINE_STRIDE / 2 ? run : PPDL_COMBINE_STRIDE / 2,
				each = (size_t) g->terms * (ring->n >> g->logrun);
	uint64_t	sum[PPDL_COMBINE_STRIDE] __attribute__((aligned(64)));

	if (g->classes == 0)
		return;
	fill_classes(g, l);
	for (size_t from = 0; from < ring->n; from += n)
	{
		const uint64_t *values = g->values + (from >> g->logrun) * (size_t) g->terms,
				   *monomial = g->monomial + from;

		gather_basis(g, l, from, n);
		for (int i = 0; i < g->count; i++)
			for (int c = 0; c < g->window[i].classes; c++, values += each, monomial += ring->n)
			{
				uint64_t   *b = ppdl_limb(ring, g->window[i].out->b, l) + from,
						   *a = ppdl_limb(ring, g->window[i].out->a, l) + from;

				ppdl_vec_combine(m, sum, g->basis, values, g->terms, 2 * n);
				ppdl_vec_mul_add(m, b, sum, monomial, n);
				ppdl_vec_mul_add(m, a, sum + n, monomial, n);
			}
	}
}

static void
fill_windows(Group *g)
{
	const PpdlCollector *col = g->p->col;
	const PpdlRing *ring = col->par->ring;

	for (int l = 0; l < col->limbs; l++)
	{
		for (int i = 0; i < g->count; i++)
		{
			memset(ppdl_limb(ring, g->window[i].out->b, l), 0, ring->n * sizeof(uint64_t));
			memset(ppdl_limb(ring, g->window[i].out->a, l), 0, ring->n * sizeof(uint64_t));
		}
		add_classes(g, l);
		for (int i = 0; i < g->count; i++)
			if (g->window[i].classes == 0)
				add_polynomials(g, &g->window[i], l);
	}
}

static void
describe(const Group *g, const Window *win)
{
	const PpdlPacking *p = g->p;
	const PpdlRowBatch *batch = p->basis.batch;
	int			levels = p->basis.levels;
	double		switches = ldexp(ppdl_keyswitch_noise(p->col->par, win->out->limbs), p->basis.low) *
	sqrt((double) win->blocks * levels * ldexp(0.5, levels));

	win->out->scale = ldexp(p->col->scale, g->h);
	win->out->noise = hypot(ldexp(ppdl_pack_noise(p, batch), g->h), switches);
	win->out->bound = batch->bound;
}

/* ------------------------------------------------------------------ some at a time */

/* classes of the window's rows; none where they are too many */
static void
find_classes(const Group *g, Window *win)
{
	const uint32_t within = (1u << g->logrun) - 1;

	win->classes = 0;
	if (g->logrun < LEAST_LOGRUN)
		return;
	for (uint32_t i = 0; i < win->blocks; i++)
	{
		uint32_t	class = position(g->p, &win->placed[i].block) & within;
		int			c = 0;

		while (c < win->classes && win->class[c] != class)
			c++;
		if (c < win->classes)
			continue;
		if (c == MAX_CLASSES)
		{
			win->classes = 0;
			return;
		}
		win->class[win->classes++] = class;
	}
}

/* the windows from `at` on that have the same basis */
static void
find_windows(Group *g, uint32_t at)
{
	PpdlPacking *p = g->p;
	const PpdlPlaced *placed = &p->placed[p->next],
			   *end = &p->placed[p->count];
	const PpdlBlock like = placed->block;
	const uint32_t size = 1u << g->h;

	for (; g->count < PPDL_WINDOW_GROUP && placed < end; at += size)
	{
		Window	   *win = &g->window[g->count];

		if (placed->at != at || p->window[at] != g->h || placed->block.batch != like.batch || placed->block.h != like.h)
			break;
		*win = (Window) {.at = at, .placed = placed, .out = &p->ready.ct[g->count]};
		for (; placed < end && placed->at < at + size; placed++)
			win->blocks++;
		find_classes(g, win);
		g->classes += win->classes;
		g->count++;
	}
}

static PpdlStatus
get_scratch(Group *g, PpdlError *err)
{
	const PpdlRing *ring = g->p->col->par->ring;
	PpdlPool   *pool = g->p->ev->pool;
	const size_t limb = ring->n * sizeof(uint64_t),
				terms = (size_t) g->terms;
	int			whole = 0;

	for (int i = 0; i < g->count; i++)
		whole |= g->window[i].classes == 0;
	g->poly = ppdl_pool_get(pool, whole ? terms * limb : limb);
	g->basis = ppdl_pool_get(pool, terms * PPDL_COMBINE_STRIDE * sizeof(uint64_t));
	if (g->classes > 0)
	{
		g->values = ppdl_pool_get(pool, (size_t) g->classes * terms * (limb >> g->logrun));
		g->monomial = ppdl_pool_get(pool, (size_t) g->classes * limb);
	}
	return g->poly != NULL && g->basis != NULL && (g->classes == 0 || (g->values != NULL && g->monomial != NULL)) ?
		PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static void
put_scratch(const Group *g)
{
	PpdlPool   *pool = g->p->ev->pool;

	ppdl_pool_put(pool, g->poly);
	ppdl_pool_put(pool, g->basis);
	ppdl_pool_put(pool, g->values);
	ppdl_pool_put(pool, g->monomial);
}

void
ppdl_pack_release_windows(PpdlPacking *p)
{
	for (int i = 0; i < p->ready.count; i++)
		ppdl_ct_release(p->ev, &p->ready.ct[i]);
	p->ready.next = p->ready.count = 0;
}

/* the windows that come next, of one basis, into p->ready */
static PpdlStatus
make_windows(PpdlPacking *p, uint32_t at, int h, PpdlError *err)
{
	const PpdlBlock *first = &p->placed[p->next].block;
	const int	levels = h - first->h;
	Group		g = {.p = p, .h = h, .logrun = window_logrun(p, first->h, levels), .terms = 1 << levels};
	PpdlStatus	status;

	PPDL_TRY(ppdl_eval_poll(p->ev, err));
	PPDL_TRY(make_basis(p, first->batch, first->h, levels, err));
	find_windows(&g, at);
	PPDL_GOTO(done, get_scratch(&g, err));
	for (; p->ready.count < g.count; p->ready.count++)
		PPDL_GOTO(done, ppdl_ct_alloc(p->ev, &p->ready.ct[p->ready.count], p->col->limbs, err));
	fill_windows(&g);
	for (int i = 0; i < g.count; i++)
	{
		describe(&g, &g.window[i]);
		p->ready.blocks[i] = g.window[i].blocks;
	}
done:
	put_scratch(&g);
	if (status != PPDL_OK)
		ppdl_pack_release_windows(p);
	return status;
}

PpdlStatus
ppdl_pack_window(PpdlPacking *p, uint32_t at, int h, PpdlCt *out, PpdlError *err)
{
	PpdlReadyWindows *ready = &p->ready;

	if (ready->next == ready->count)
	{
		ready->next = ready->count = 0;
		PPDL_TRY(make_windows(p, at, h, err));
	}
	*out = ready->ct[ready->next];
	ready->ct[ready->next] = (PpdlCt) {0};
	p->next += ready->blocks[ready->next++];
	return PPDL_OK;
}
