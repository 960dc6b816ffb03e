#include "rows/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/random.h"
#include "ring/vec.h"
#include "rows/seed_table.h"

#define NONE UINT32_MAX
#define MAX_RUN UINT16_MAX
#define RUN_HEADER 3			/* words: the sum's number, low half and high, and how many rows */
/* uniform halves that a tile of batches holds: half of a small second-level cache */
#define TILE_BYTES ((size_t) 256 << 10)
#define MAX_TILE 64

static const PpdlArenaLimits release_limits = {(size_t) 32 << 20, (size_t) 64 << 20};

typedef struct Batch
{
	uint64_t	seed[4];
	const PpdlParams *par;
	int			logc,
				logk;
	uint16_t   *words;			/* runs: a header, then positions */
	uint32_t	used,
				cap,
				run;			/* where the last run begins */
	uint32_t	sum;			/* whose it is; NONE: no run yet */
	uint64_t   *cached;			/* uniform half, coefficient domain, cached_limbs * N; NULL */
	int			cached_limbs;
} Batch;

typedef struct Slot
{
	PpdlHalf   *half;			/* NULL: detached */
	size_t		wanted,			/* bytes of one part of it */
				from,			/* its rows in the index */
				to;
} Slot;

typedef struct Tile Tile;

struct PpdlArena
{
	PpdlArenaLimits limits;
	const PpdlPoll *poll;
	PpdlSeedTable table;
	Batch	   *batch;			/* by number */
	uint32_t	batch_cap,
				last;			/* the batch last added to; NONE */
	Slot	   *slot;			/* by number of the sum */
	uint32_t	slots,
				slot_cap;
	size_t		waiting,		/* bytes of runs */
				rows,			/* in them */
				wanted,			/* bytes of one half for each sum attached */
				held,			/* bytes of halves */
				cached;			/* bytes of expanded seeds */
	uint64_t   *index;			/* batch << 16 | position, by sum; NULL */
	size_t		indexed;
	Tile	   *tile;			/* kept from expansion to expansion; NULL */
};

/* ------------------------------------------------------------------ what waits */

PpdlStatus
ppdl_arena_create(PpdlArena **out, const PpdlArenaLimits *limits, const PpdlPoll *poll, PpdlError *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->limits = limits != NULL ? *limits : release_limits;
	(*out)->poll = poll;
	(*out)->last = NONE;
	return PPDL_OK;
}

static void tile_free(Tile *t);

static void
free_batches(PpdlArena *arena)
{
	for (uint32_t i = 0; i < arena->table.used; i++)
	{
		free(arena->batch[i].words);
		ppdl_free_aligned(arena->batch[i].cached);
	}
	free(arena->batch);
	ppdl_seed_table_free(&arena->table);
	free(arena->index);
	arena->batch = NULL;
	arena->batch_cap = 0;
	arena->last = NONE;
	arena->waiting = arena->rows = arena->cached = arena->indexed = 0;
	arena->index = NULL;
}

void
ppdl_arena_destroy(PpdlArena *arena)
{
	if (arena == NULL)
		return;
	free_batches(arena);
	if (arena->tile != NULL)
		tile_free(arena->tile);
	free(arena->tile);
	free(arena->slot);
	free(arena);
}

size_t
ppdl_arena_memory(const PpdlArena *arena)
{
	return sizeof(*arena) + arena->waiting + arena->held + arena->cached + arena->indexed * sizeof(arena->index[0]) +
		arena->batch_cap * sizeof(arena->batch[0]) + ppdl_seed_table_memory(&arena->table) +
		arena->slot_cap * sizeof(arena->slot[0]);
}

PpdlStatus
ppdl_arena_attach(PpdlArena *arena, PpdlHalf *half, uint32_t *number, PpdlError *err)
{
	if (arena->slots == arena->slot_cap)
	{
		uint32_t	cap = arena->slot_cap > 0 ? 2 * arena->slot_cap : 1;
		Slot	   *slot = cap < NONE / 2 ? realloc(arena->slot, cap * sizeof(slot[0])) : NULL;

		if (slot == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		arena->slot = slot;
		arena->slot_cap = cap;
	}
	*number = arena->slots++;
	arena->slot[*number] = (Slot) {.half = half, .wanted = ppdl_half_bytes(half)};
	arena->wanted += ppdl_half_bytes(half);
	arena->held += half->bytes;
	half->held = &arena->held;
	return PPDL_OK;
}

void
ppdl_arena_detach(PpdlArena *arena, uint32_t number)
{
	Slot	   *slot = &arena->slot[number];

	arena->wanted -= slot->wanted;
	arena->held -= slot->half->bytes;
	slot->half->held = NULL;
	*slot = (Slot) {0};
}

static PpdlStatus
new_batch(PpdlArena *arena, const PpdlHalf *half, const uint64_t seed[4], int logc, uint32_t kind, PpdlError *err)
{
	const uint32_t number = arena->table.used;

	if (number == arena->batch_cap)
	{
		uint32_t	cap = number > 0 ? 2 * number : 1;
		Batch	   *batch = realloc(arena->batch, cap * sizeof(batch[0]));

		if (batch == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		arena->batch = batch;
		arena->batch_cap = cap;
	}
	PPDL_TRY(ppdl_seed_add(&arena->table, seed, logc, kind, err));
	arena->batch[number] = (Batch) {.par = half->par, .logc = logc, .logk = half->logk, .sum = NONE};
	memcpy(arena->batch[number].seed, seed, sizeof(arena->batch[number].seed));
	arena->last = number;
	return PPDL_OK;
}

static PpdlStatus expand_all(PpdlArena *arena, PpdlError *err);

/* makes the batch the last one */
static PpdlStatus
enter(PpdlArena *arena, const PpdlHalf *half, const uint64_t seed[4], int logc, PpdlError *err)
{
	const uint32_t kind = (uint32_t) half->par->id << 8 | (uint32_t) half->logk;
	uint32_t	number;

	/* halves that take no more than what they stand for are worth it, too */
	if (arena->waiting > arena->limits.waiting && arena->index == NULL &&
		(arena->wanted <= arena->limits.halves || arena->wanted <= arena->waiting))
		PPDL_TRY(expand_all(arena, err));
	number = ppdl_seed_find(&arena->table, seed, logc, kind);
	if (number == PPDL_NO_BATCH)
		return new_batch(arena, half, seed, logc, kind, err);
	arena->last = number;
	return PPDL_OK;
}

static int
is_batch(const Batch *b, const PpdlHalf *half, const uint64_t seed[4], int logc)
{
	return ((seed[0] ^ b->seed[0]) | (seed[1] ^ b->seed[1]) | (seed[2] ^ b->seed[2]) | (seed[3] ^ b->seed[3])) == 0 &&
		b->logc == logc && b->par == half->par && b->logk == half->logk;
}

static PpdlStatus
grow(PpdlArena *arena, Batch *b, PpdlError *err)
{
	size_t		cap = b->cap > 0 ? 2 * (size_t) b->cap : 16;
	uint16_t   *words = cap <= UINT32_MAX / 2 ? realloc(b->words, cap * sizeof(words[0])) : NULL;

	if (words == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	arena->waiting += (cap - b->cap) * sizeof(words[0]);
	b->words = words;
	b->cap = (uint32_t) cap;
	return PPDL_OK;
}

PpdlStatus
ppdl_arena_add(PpdlArena *arena, uint32_t number, const uint64_t seed[4], int logc, uint32_t pos, PpdlError *err)
{
	const PpdlHalf *half = arena->slot[number].half;
	Batch	   *b;

	if (arena->last == NONE || arena->waiting > arena->limits.waiting ||
		!is_batch(&arena->batch[arena->last], half, seed, logc))
		PPDL_TRY(enter(arena, half, seed, logc, err));
	b = &arena->batch[arena->last];
	if (b->used + RUN_HEADER + 1 > b->cap)
		PPDL_TRY(grow(arena, b, err));
	if (b->sum != number || b->words[b->run + 2] == MAX_RUN)
	{
		b->run = b->used;
		b->sum = number;
		b->words[b->used++] = (uint16_t) number;
		b->words[b->used++] = (uint16_t) (number >> 16);
		b->words[b->used++] = 0;
	}
	b->words[b->used++] = (uint16_t) pos;
	b->words[b->run + 2]++;
	arena->rows++;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ expanding a tile of batches */

typedef struct Entry
{
	uint32_t	sum;
	uint16_t	batch,			/* within the tile */
				pos;
} Entry;

/* rows of one sum and one batch */
typedef struct Segment
{
	const Entry *entry;
	size_t		count;
	PpdlHalf   *half;
	int			few;
} Segment;

/* batches whose uniform halves are expanded together, and what is needed for it */
struct Tile
{
	const PpdlParams *par;
	Batch	   *batch[MAX_TILE];
	uint8_t		coeff[MAX_TILE],	/* which forms of the uniform half are needed */
				ntt[MAX_TILE];
	int			used,
				room,
				limbs;
	uint64_t   *uniform_coeff,	/* [batch][limb][N] */
			   *uniform_ntt,
			   *indicator;		/* N */
	uint32_t   *count;			/* N; zero between uses */
	Entry	   *entry,
			   *work;
	size_t		entries,
				cap;
	Segment    *segment;		/* cap */
	size_t		segments;
};

static void
tile_free(Tile *t)
{
	ppdl_free_aligned(t->uniform_coeff);
	ppdl_free_aligned(t->uniform_ntt);
	ppdl_free_aligned(t->indicator);
	free(t->count);
	free(t->entry);
	free(t->work);
	free(t->segment);
	memset(t, 0, sizeof(*t));
}

/* an empty tile for batches of this ring */
static PpdlStatus
tile_start(Tile *t, const PpdlParams *par, int limbs, PpdlError *err)
{
	const size_t n = par->n,
				fit = TILE_BYTES / (n * sizeof(uint64_t));
	size_t		bytes;

	t->used = 0;
	t->entries = t->segments = 0;
	if (t->par == par && t->limbs >= limbs)
		return PPDL_OK;
	tile_free(t);
	t->room = fit < 4 ? 4 : fit > MAX_TILE ? MAX_TILE : (int) fit;
	bytes = (size_t) t->room * (size_t) limbs * n * sizeof(uint64_t);
	t->uniform_coeff = ppdl_alloc_aligned(bytes);
	t->uniform_ntt = ppdl_alloc_aligned(bytes);
	t->indicator = ppdl_alloc_aligned(n * sizeof(uint64_t));
	t->count = calloc(n, sizeof(t->count[0]));
	if (t->uniform_coeff == NULL || t->uniform_ntt == NULL || t->indicator == NULL || t->count == NULL)
	{
		tile_free(t);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	t->par = par;
	t->limbs = limbs;
	return PPDL_OK;
}

static PpdlStatus
tile_reserve(Tile *t, size_t more, PpdlError *err)
{
	size_t		cap = 2 * (t->entries + more);
	Entry	   *entry,
			   *work;
	Segment    *segment;

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

/* the batch's rows, of sums that are still there */
static PpdlStatus
tile_add_batch(Tile *t, const PpdlArena *arena, Batch *b, PpdlError *err)
{
	PPDL_TRY(tile_reserve(t, b->used, err));
	for (uint32_t at = 0; at < b->used;)
	{
		uint32_t	sum = (uint32_t) b->words[at] | (uint32_t) b->words[at + 1] << 16,
					end = at + RUN_HEADER + b->words[at + 2];

		at += RUN_HEADER;
		if (arena->slot[sum].half == NULL)
			at = end;
		while (at < end)
			t->entry[t->entries++] = (Entry) {sum, (uint16_t) t->used, b->words[at++]};
	}
	t->batch[t->used++] = b;
	return PPDL_OK;
}

/* by sum, otherwise in the order they are in: a byte at a time, the lowest first */
static void
tile_sort(Tile *t, uint32_t sums)
{
	for (int shift = 0; shift < 32 && (sums - 1) >> shift != 0; shift += 8)
	{
		size_t		at[256] = {0},
					total = 0;
		Entry	   *sorted = t->work;

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

/* finds the segments, and makes room for what they are added to */
static PpdlStatus
tile_plan(Tile *t, const PpdlArena *arena, PpdlError *err)
{
	memset(t->coeff, 0, sizeof(t->coeff));
	memset(t->ntt, 0, sizeof(t->ntt));
	for (size_t i = 0, end; i < t->entries; i = end)
	{
		const Entry *e = &t->entry[i];
		PpdlHalf   *half = arena->slot[e->sum].half;
		int			few;

		for (end = i + 1; end < t->entries && t->entry[end].sum == e->sum && t->entry[end].batch == e->batch; end++)
			;
		few = end - i <= few_rows(t->par);
		PPDL_TRY(ppdl_half_need(half, few ? &half->shifted : &half->a, err));
		if (few)
			t->coeff[e->batch] = 1;
		else
			t->ntt[e->batch] = 1;
		t->segment[t->segments++] = (Segment) {e, end - i, half, few};
	}
	return PPDL_OK;
}

static uint64_t *
tile_uniform(const Tile *t, uint64_t *form, int batch, int limb)
{
	return form + ((size_t) batch * (size_t) t->limbs + (size_t) limb) * t->par->n;
}

/* in the coefficient domain, where it is kept or in the tile */
static const uint64_t *
tile_coeff(const Tile *t, int batch, int limb)
{
	const Batch *b = t->batch[batch];

	return b->cached_limbs > limb ? b->cached + (size_t) limb * t->par->n : tile_uniform(t, t->uniform_coeff, batch,
																						 limb);
}

static PpdlStatus
uniform_coeff(const PpdlParams *par, const Batch *b, uint64_t *out, int limb, PpdlError *err)
{
	const PpdlModulus *m = &par->ring->mod[limb];

	PPDL_TRY(ppdl_xof_uniform(m, out, par->n, (const uint8_t *) b->seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_intt(par->ring, m, out);
	return PPDL_OK;
}

static PpdlStatus
tile_expand(Tile *t, PpdlError *err)
{
	const PpdlRing *ring = t->par->ring;

	for (int b = 0; b < t->used; b++)
		for (int l = 0; l < t->limbs; l++)
		{
			uint64_t   *coeff = tile_uniform(t, t->uniform_coeff, b, l),
					   *ntt = tile_uniform(t, t->uniform_ntt, b, l);

			if (t->ntt[b])
				PPDL_TRY(ppdl_xof_uniform(&ring->mod[l], ntt, ring->n, (const uint8_t *) t->batch[b]->seed,
										  PPDL_XOF_ROW_A, 0, err));
			if (!t->coeff[b] || t->batch[b]->cached_limbs > l)
				continue;
			if (t->ntt[b])
			{
				memcpy(coeff, ntt, ring->n * sizeof(uint64_t));
				ppdl_intt(ring, &ring->mod[l], coeff);
			}
			else
				PPDL_TRY(uniform_coeff(t->par, t->batch[b], coeff, l, err));
		}
	return PPDL_OK;
}

/* shifted sums must not overflow: counts what the tile adds */
static void
tile_count_shifts(Tile *t)
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
add_product(Tile *t, const Segment *s, size_t g, int l)
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
add_squares(Tile *t, const Segment *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->half->squares += 2.0 * t->count[s->entry[i].pos]++ + 1;
	for (size_t i = 0; i < s->count; i++)
		t->count[s->entry[i].pos] = 0;
}

static void
tile_add(Tile *t)
{
	tile_count_shifts(t);
	for (int l = 0; l < t->limbs; l++)
		for (size_t i = 0; i < t->segments; i++)
		{
			const Segment *s = &t->segment[i];
			const Batch *b = t->batch[s->entry->batch];
			const size_t g = t->par->n >> (b->logc + b->logk);

			if (l == 0)
				add_squares(t, s);
			if (l >= s->half->limbs)
				continue;
			if (!s->few)
				add_product(t, s, g, l);
			else
				for (size_t j = 0; j < s->count; j++)
					ppdl_vec_add_shifted(ppdl_limb(t->par->ring, s->half->shifted, l),
										 tile_coeff(t, s->entry->batch, l), s->entry[j].pos * g, t->par->n);
		}
}

/* all or nothing */
static PpdlStatus
tile_run(Tile *t, const PpdlArena *arena, PpdlError *err)
{
	PPDL_TRY(ppdl_poll(arena->poll, err));
	tile_sort(t, arena->slots);
	PPDL_TRY(tile_plan(t, arena, err));
	PPDL_TRY(tile_expand(t, err));
	tile_add(t);
	return PPDL_OK;
}

/* slices of one expansion are told apart, and count as often as they come, but not from what was expanded before */
static void
close_noise(PpdlHalf *half)
{
	if (half == NULL || half->squares == 0)
		return;
	half->noise += PPDL_SIGMA * sqrt(half->squares);
	half->squares = 0;
}

static PpdlStatus
need_tile(PpdlArena *arena, PpdlError *err)
{
	if (arena->tile == NULL)
		arena->tile = calloc(1, sizeof(*arena->tile));
	return arena->tile != NULL ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ all sums at a time */

static int
most_limbs(const PpdlArena *arena, const PpdlParams *par)
{
	int			limbs = 1;

	for (uint32_t i = 0; i < arena->slots; i++)
		if (arena->slot[i].half != NULL && arena->slot[i].half->par == par && arena->slot[i].half->limbs > limbs)
			limbs = arena->slot[i].half->limbs;
	return limbs;
}

static void
empty_batch(PpdlArena *arena, Batch *b)
{
	arena->waiting -= b->cap * sizeof(b->words[0]);
	free(b->words);
	b->words = NULL;
	b->used = b->cap = b->run = 0;
	b->sum = NONE;
}

static PpdlStatus
expand_tiles(PpdlArena *arena, Tile *t, PpdlError *err)
{
	const PpdlParams *par = NULL;
	int			limbs = 0;

	for (uint32_t i = 0; i < arena->table.used;)
	{
		const uint32_t first = i;

		if (arena->batch[i].par != par)
		{
			par = arena->batch[i].par;
			limbs = most_limbs(arena, par);
		}
		PPDL_TRY(tile_start(t, par, limbs, err));
		for (; i < arena->table.used && t->used < t->room && arena->batch[i].par == par; i++)
			PPDL_TRY(tile_add_batch(t, arena, &arena->batch[i], err));
		PPDL_TRY(tile_run(t, arena, err));
		for (uint32_t b = first; b < i; b++)
			empty_batch(arena, &arena->batch[b]);
	}
	return PPDL_OK;
}

static PpdlStatus
expand_all(PpdlArena *arena, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(need_tile(arena, err));
	status = expand_tiles(arena, arena->tile, err);
	for (uint32_t i = 0; i < arena->slots; i++)
		close_noise(arena->slot[i].half);
	if (status == PPDL_OK)
		free_batches(arena);
	return status;
}

/* ------------------------------------------------------------------ one sum at a time */

/* puts what waits in the order of sums, and keeps the expanded seeds of the first batches while they fit */
static PpdlStatus
make_index(PpdlArena *arena, PpdlError *err)
{
	size_t	   *count = calloc((size_t) arena->slots + 1, sizeof(count[0])),
				total = 0;
	uint64_t   *index;

	for (uint32_t i = 0; count != NULL && i < arena->slots; i++)
		count[i] = arena->slot[i].to - arena->slot[i].from;
	for (uint32_t b = 0; count != NULL && b < arena->table.used; b++)
		for (uint32_t at = 0; at < arena->batch[b].used; at += RUN_HEADER + arena->batch[b].words[at + 2])
			count[arena->batch[b].words[at] | (uint32_t) arena->batch[b].words[at + 1] << 16] +=
				arena->batch[b].words[at + 2];
	for (uint32_t i = 0; count != NULL && i < arena->slots; i++)
		total += count[i];
	index = malloc((total + 1) * sizeof(index[0]));
	if (count == NULL || index == NULL)
	{
		free(count);
		free(index);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	total = 0;
	for (uint32_t i = 0; i < arena->slots; i++)
	{
		Slot	   *slot = &arena->slot[i];
		size_t		old = slot->to - slot->from;

		if (old > 0)
			memcpy(index + total, arena->index + slot->from, old * sizeof(index[0]));
		slot->from = total;
		slot->to = total + old;
		total += count[i];
	}
	for (uint32_t b = 0; b < arena->table.used; b++)
	{
		Batch	   *batch = &arena->batch[b];

		for (uint32_t at = 0; at < batch->used;)
		{
			Slot	   *slot = &arena->slot[batch->words[at] | (uint32_t) batch->words[at + 1] << 16];
			uint32_t	end = at + RUN_HEADER + batch->words[at + 2];

			for (at += RUN_HEADER; at < end; at++)
				index[slot->to++] = (uint64_t) b << 16 | batch->words[at];
		}
		empty_batch(arena, batch);
	}
	free(count);
	free(arena->index);
	arena->index = index;
	arena->indexed = total;
	arena->rows = 0;
	return PPDL_OK;
}

static PpdlStatus
cache(PpdlArena *arena, Batch *b, int limbs, PpdlError *err)
{
	const size_t bytes = (size_t) limbs * b->par->n * sizeof(uint64_t);
	uint64_t   *u;
	PpdlStatus	status = PPDL_OK;

	if (b->cached != NULL || arena->cached + bytes > arena->limits.halves)
		return PPDL_OK;
	u = ppdl_alloc_aligned(bytes);
	if (u == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int l = 0; l < limbs && status == PPDL_OK; l++)
		status = uniform_coeff(b->par, b, u + (size_t) l * b->par->n, l, err);
	if (status != PPDL_OK)
	{
		ppdl_free_aligned(u);
		return status;
	}
	b->cached = u;
	b->cached_limbs = limbs;
	arena->cached += bytes;
	return PPDL_OK;
}

/* the rows at slot->from and on that fill a tile */
static PpdlStatus
next_tile(PpdlArena *arena, uint32_t number, Tile *t, int limbs, PpdlError *err)
{
	Slot	   *slot = &arena->slot[number];
	uint32_t	last = NONE;
	size_t		at = slot->from;

	PPDL_TRY(tile_start(t, slot->half->par, limbs, err));
	for (; at < slot->to; at++)
	{
		const uint32_t b = (uint32_t) (arena->index[at] >> 16);

		if (b != last)
		{
			if (t->used == t->room)
				break;
			PPDL_TRY(cache(arena, &arena->batch[b], limbs, err));
			t->batch[t->used++] = &arena->batch[b];
			last = b;
		}
		PPDL_TRY(tile_reserve(t, 1, err));
		t->entry[t->entries++] = (Entry) {number, (uint16_t) (t->used - 1), (uint16_t) arena->index[at]};
	}
	PPDL_TRY(tile_run(t, arena, err));
	slot->from = at;
	return PPDL_OK;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *) a,
				y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

/* rows that came after the index was made may be of batches that stand in it already */
static void
sort_slot(PpdlArena *arena, Slot *slot)
{
	for (size_t i = slot->from + 1; i < slot->to; i++)
		if (arena->index[i - 1] >> 16 > arena->index[i] >> 16)
		{
			qsort(arena->index + slot->from, slot->to - slot->from, sizeof(arena->index[0]), compare);
			return;
		}
}

/* into: NULL, or what takes the sum's rows, which then wait on */
static PpdlStatus
expand_one(PpdlArena *arena, uint32_t number, PpdlHalf *into, PpdlError *err)
{
	Slot	   *slot = &arena->slot[number];
	const Slot	before = *slot;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(need_tile(arena, err));
	sort_slot(arena, slot);
	if (into != NULL)
		slot->half = into;
	while (slot->from < slot->to && status == PPDL_OK)
		status = next_tile(arena, number, arena->tile, slot->half->limbs, err);
	close_noise(slot->half);
	if (into != NULL)
		*slot = before;
	return status;
}

PpdlStatus
ppdl_arena_expand(PpdlArena *arena, uint32_t number, PpdlHalf *alone, PpdlError *err)
{
	if (arena->index == NULL && arena->wanted <= arena->limits.halves)
		return arena->rows > 0 ? expand_all(arena, err) : PPDL_OK;
	if (arena->rows > 0)
		PPDL_TRY(make_index(arena, err));
	return arena->index != NULL ? expand_one(arena, number, alone, err) : PPDL_OK;
}
