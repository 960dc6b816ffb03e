#include "rows/arena_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/random.h"
#include "ring/vec.h"

/*
 * Bytes of uniform halves that a tile of batches holds: half of a small second-level cache.  Where the halves of the
 * sums do not fit there, either, the more batches a tile has, the more seldom each of them comes by.
 */
#define TILE_BYTES ((size_t) 256 << 10)
#define MANY_BYTES ((size_t) 1024 << 10)

void
ppdl_tile_free(PpdlArenaTile *t)
{
	ppdl_free_aligned(t->uniform_coeff);
	ppdl_free_aligned(t->uniform_ntt);
	ppdl_free_aligned(t->indicator);
	free(t->count);
	free(t->kept);
	free(t->entry);
	free(t->work);
	free(t->segment);
	memset(t, 0, sizeof(*t));
}

PpdlStatus
ppdl_tile_start(PpdlArenaTile *t, const PpdlParams *par, int limbs, size_t halves, PpdlSeedCache *seeds,
				PpdlError *err)
{
	const size_t n = par->n,
				fit = (halves > MANY_BYTES ? MANY_BYTES : TILE_BYTES) / (n * sizeof(uint64_t));
	const int	room = fit < 4 ? 4 : fit > PPDL_MAX_ARENA_TILE ? PPDL_MAX_ARENA_TILE : (int) fit;
	size_t		bytes;

	t->used = 0;
	t->seeds = seeds;
	t->entries = t->segments = 0;
	if (t->par == par && t->limbs >= limbs && t->room == room)
		return PPDL_OK;
	ppdl_tile_free(t);
	t->room = room;
	t->seeds = seeds;
	bytes = (size_t) t->room * (size_t) limbs * n * sizeof(uint64_t);
	t->uniform_coeff = ppdl_alloc_aligned(bytes);
	t->uniform_ntt = ppdl_alloc_aligned(bytes);
	t->indicator = ppdl_alloc_aligned(n * sizeof(uint64_t));
	t->count = calloc(n, sizeof(t->count[0]));
	t->kept = malloc((size_t) t->room * (size_t) limbs * sizeof(t->kept[0]));
	if (t->uniform_coeff == NULL || t->uniform_ntt == NULL || t->indicator == NULL || t->count == NULL ||
		t->kept == NULL)
	{
		ppdl_tile_free(t);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	t->par = par;
	t->limbs = limbs;
	return PPDL_OK;
}

PpdlStatus
ppdl_tile_reserve(PpdlArenaTile *t, size_t more, PpdlError *err)
{
	size_t		cap = 2 * (t->entries + more);
	PpdlArenaEntry *entry,
			   *work;
	PpdlArenaSegment *segment;

	if (t->entries + more <= t->cap)
		return PPDL_OK;
	entry = realloc(t->entry, cap * sizeof(entry[0]));
	t->entry = entry != NULL ? entry : t->entry;
	work = realloc(t->work, cap * sizeof(work[0]));
	t->work = work != NULL ? work : t->work;
	segment = realloc(t->segment, cap * sizeof(segment[0]));
	t->segment = segment != NULL ? segment : t->segment;
	if (entry == NULL || work == NULL || segment == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->cap = cap;
	return PPDL_OK;
}

PpdlStatus
ppdl_tile_add_batch(PpdlArenaTile *t, const PpdlArena *arena, PpdlArenaBatch *b, PpdlError *err)
{
	PPDL_TRY(ppdl_tile_reserve(t, b->used, err));
	for (uint32_t at = 0; at < b->used;)
	{
		uint32_t	sum = (uint32_t) b->words[at] | (uint32_t) b->words[at + 1] << 16,
					end = at + PPDL_ARENA_RUN + b->words[at + 2];

		at += PPDL_ARENA_RUN;
		if (arena->slot[sum].half == NULL)
			at = end;
		while (at < end)
			t->entry[t->entries++] = (PpdlArenaEntry) {sum, (uint16_t) t->used, b->words[at++]};
	}
	t->batch[t->used++] = b;
	return PPDL_OK;
}

/* by sum, otherwise in the order they are in: a byte at a time, the lowest first */
static void
tile_sort(PpdlArenaTile *t, uint32_t sums)
{
	for (int shift = 0; shift < 32 && (sums - 1) >> shift != 0; shift += 8)
	{
		size_t		at[256] = {0},
					total = 0;
		PpdlArenaEntry *sorted = t->work;

		for (size_t i = 0; i < t->entries; i++)
			at[t->entry[i].sum >> shift & 255]++;
		for (int i = 0; i < 256; i++)
		{
			size_t		here = at[i];

			at[i] = total;
			total += here;
		}
		for (size_t i = 0; i < t->entries; i++)
			sorted[at[t->entry[i].sum >> shift & 255]++] = t->entry[i];
		t->work = t->entry;
		t->entry = sorted;
	}
}

/* so few rows that shifted copies are cheaper than a transform and a product (bench_rows: arena_crossing) */
static size_t
few_rows(const PpdlParams *par)
{
	return par->logn <= 12 ? 16 : 10;
}

/* are these rows of a batch of 2^logc all of them, each once? */
static int
is_whole(PpdlArenaTile *t, const PpdlArenaEntry *e, size_t count, int logc)
{
	int			whole = count == (size_t) 1 << logc;

	for (size_t i = 0; i < count && whole; i++)
		whole = t->count[e[i].pos]++ == 0;
	for (size_t i = 0; i < count; i++)
		t->count[e[i].pos] = 0;
	return whole;
}

/* finds the segments, and makes room for what they are added to */
static PpdlStatus
tile_plan(PpdlArenaTile *t, const PpdlArena *arena, PpdlError *err)
{
	memset(t->coeff, 0, sizeof(t->coeff));
	memset(t->ntt, 0, sizeof(t->ntt));
	for (size_t i = 0, end; i < t->entries; i = end)
	{
		const PpdlArenaEntry *e = &t->entry[i];
		PpdlHalf   *half = arena->slot[e->sum].half;
		const int	logc = t->batch[e->batch]->logc;
		int			few,
					whole;

		for (end = i + 1; end < t->entries && t->entry[end].sum == e->sum && t->entry[end].batch == e->batch; end++)
			;
		few = end - i <= few_rows(t->par);
		whole = !few && is_whole(t, e, end - i, logc);
		if (whole)
			PPDL_TRY(ppdl_half_begin_whole(half, logc, &whole, err));
		if (!whole)
			PPDL_TRY(ppdl_half_need(half, few ? &half->shifted : &half->a, err));
		if (few)
			t->coeff[e->batch] = 1;
		else
			t->ntt[e->batch] = 1;
		t->segment[t->segments++] = (PpdlArenaSegment) {e, end - i, half, few, whole};
	}
	return PPDL_OK;
}

static uint64_t *
tile_uniform(const PpdlArenaTile *t, uint64_t *form, int batch, int limb)
{
	return form + ((size_t) batch * (size_t) t->limbs + (size_t) limb) * t->par->n;
}

/* in the coefficient domain, where it is kept or in the tile */
static const uint64_t **
tile_kept(const PpdlArenaTile *t, int batch, int limb)
{
	return &t->kept[batch * t->limbs + limb];
}

static const uint64_t *
tile_coeff(const PpdlArenaTile *t, int batch, int limb)
{
	const uint64_t *kept = *tile_kept(t, batch, limb);

	return kept != NULL ? kept : tile_uniform(t, t->uniform_coeff, batch, limb);
}

static PpdlStatus
expand_limb(PpdlArenaTile *t, int b, int l, PpdlError *err)
{
	const PpdlRing *ring = t->par->ring;
	const uint64_t *seed = t->batch[b]->seed;
	const uint64_t **kept = tile_kept(t, b, l);
	uint64_t   *coeff = tile_uniform(t, t->uniform_coeff, b, l),
			   *ntt = tile_uniform(t, t->uniform_ntt, b, l);

	*kept = NULL;
	if (t->ntt[b])
		PPDL_TRY(ppdl_xof_uniform(&ring->mod[l], ntt, ring->n, (const uint8_t *) seed, PPDL_XOF_ROW_A, 0, err));
	if (!t->coeff[b])
		return PPDL_OK;
	if (t->seeds != NULL)
		PPDL_TRY(ppdl_seed_cache_get(t->seeds, t->par, seed, l, kept, err));
	if (*kept != NULL)
		return PPDL_OK;
	if (!t->ntt[b])
		return ppdl_seed_uniform(t->par, seed, l, coeff, err);
	memcpy(coeff, ntt, ring->n * sizeof(uint64_t));
	ppdl_intt(ring, &ring->mod[l], coeff);
	return PPDL_OK;
}

static PpdlStatus
tile_expand(PpdlArenaTile *t, PpdlError *err)
{
	for (int b = 0; b < t->used; b++)
		for (int l = 0; l < t->limbs; l++)
			PPDL_TRY(expand_limb(t, b, l, err));
	return PPDL_OK;
}

/* shifted sums must not overflow: counts what the tile adds */
static void
tile_count_shifts(PpdlArenaTile *t)
{
	for (size_t i = 0, end; i < t->segments; i = end)
	{
		PpdlHalf   *half = t->segment[i].half;
		uint32_t	shifts = 0;

		for (end = i; end < t->segments && t->segment[end].half == half; end++)
			shifts += t->segment[end].few ? (uint32_t) t->segment[end].count : 0;
		if (half->shifts + shifts > PPDL_SHIFTED_ADDS)
			ppdl_half_settle(half);
		half->shifts += shifts;
	}
}

/* a += uniform * sum of X^(-pos*g); X^-e = -X^(N-e) */
static void
add_product(PpdlArenaTile *t, const PpdlArenaSegment *s, size_t g, int l)
{
	const PpdlRing *ring = t->par->ring;
	const PpdlModulus *m = &ring->mod[l];

	memset(t->indicator, 0, ring->n * sizeof(uint64_t));
	for (size_t i = 0; i < s->count; i++)
	{
		const size_t e = s->entry[i].pos * g;
		uint64_t   *at = &t->indicator[e == 0 ? 0 : ring->n - e];

		*at = e == 0 ? ppdl_mod_add(m, *at, 1) : ppdl_mod_sub(m, *at, 1);
	}
	ppdl_ntt(ring, m, t->indicator);
	ppdl_vec_mul_add(m, ppdl_limb(ring, s->half->a, l), tile_uniform(t, t->uniform_ntt, s->entry->batch, l),
					 t->indicator, ring->n);
}

static void
add_whole(const PpdlArenaTile *t, const PpdlArenaSegment *s, int l)
{
	const PpdlRing *ring = t->par->ring;
	uint64_t   *whole = ppdl_limb(ring, s->half->whole, l);

	ppdl_vec_add(&ring->mod[l], whole, whole, tile_uniform(t, t->uniform_ntt, s->entry->batch, l), ring->n);
}

static void
add_squares(PpdlArenaTile *t, const PpdlArenaSegment *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->half->squares += 2.0 * t->count[s->entry[i].pos]++ + 1;
	for (size_t i = 0; i < s->count; i++)
		t->count[s->entry[i].pos] = 0;
}

static void
tile_add(PpdlArenaTile *t)
{
	tile_count_shifts(t);
	for (int l = 0; l < t->limbs; l++)
		for (size_t i = 0; i < t->segments; i++)
		{
			const PpdlArenaSegment *s = &t->segment[i];
			const PpdlArenaBatch *b = t->batch[s->entry->batch];
			const size_t g = t->par->n >> (b->logc + b->logk);

			if (l == 0)
				add_squares(t, s);
			if (l >= s->half->limbs)
				continue;
			if (s->whole)
				add_whole(t, s, l);
			else if (!s->few)
				add_product(t, s, g, l);
			else
				for (size_t j = 0; j < s->count; j++)
					ppdl_vec_add_shifted(ppdl_limb(t->par->ring, s->half->shifted, l),
										 tile_coeff(t, s->entry->batch, l), s->entry[j].pos * g, t->par->n);
		}
}

PpdlStatus
ppdl_tile_run(PpdlArenaTile *t, const PpdlArena *arena, PpdlError *err)
{
	PPDL_TRY(ppdl_poll(arena->poll, err));
	tile_sort(t, arena->slots);
	PPDL_TRY(tile_plan(t, arena, err));
	PPDL_TRY(tile_expand(t, err));
	tile_add(t);
	return PPDL_OK;
}
