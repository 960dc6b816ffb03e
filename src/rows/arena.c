#include "rows/arena_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ring/random.h"

#define MAX_RUN UINT16_MAX

static const PpdlArenaLimits release_limits = {(size_t) 32 << 20, (size_t) 64 << 20};

/* ------------------------------------------------------------------ what waits */

PpdlStatus
ppdl_arena_create(PpdlArena **out, const PpdlArenaLimits *limits, const PpdlPoll *poll, PpdlError *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->limits = limits != NULL ? *limits : release_limits;
	(*out)->poll = poll;
	(*out)->last = PPDL_ARENA_NONE;
	return PPDL_OK;
}

static void
free_batches(PpdlArena *arena)
{
	for (uint32_t i = 0; i < arena->table.used; i++)
		free(arena->batch[i].words);
	free(arena->batch);
	ppdl_seed_table_free(&arena->table);
	free(arena->index);
	arena->batch = NULL;
	arena->batch_cap = 0;
	arena->last = PPDL_ARENA_NONE;
	arena->waiting = arena->rows = arena->indexed = 0;
	arena->index = NULL;
}

void
ppdl_arena_destroy(PpdlArena *arena)
{
	if (arena == NULL)
		return;
	free_batches(arena);
	if (arena->tile != NULL)
		ppdl_tile_free(arena->tile);
	free(arena->tile);
	free(arena->slot);
	free(arena);
}

void
ppdl_arena_set_seeds(PpdlArena *arena, PpdlSeedCache *seeds, int again)
{
	arena->seeds = seeds;
	arena->again = again;
}

size_t
ppdl_arena_memory(const PpdlArena *arena)
{
	return sizeof(*arena) + arena->waiting + arena->held + arena->indexed * sizeof(arena->index[0]) +
		arena->batch_cap * sizeof(arena->batch[0]) + ppdl_seed_table_memory(&arena->table) +
		arena->slot_cap * sizeof(arena->slot[0]);
}

PpdlStatus
ppdl_arena_attach(PpdlArena *arena, PpdlHalf *half, uint32_t *number, PpdlError *err)
{
	if (arena->slots == arena->slot_cap)
	{
		uint32_t	cap = arena->slot_cap > 0 ? 2 * arena->slot_cap : 1;
		PpdlArenaSlot *slot = cap < PPDL_ARENA_NONE / 2 ? realloc(arena->slot, cap * sizeof(slot[0])) : NULL;

		if (slot == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		arena->slot = slot;
		arena->slot_cap = cap;
	}
	*number = arena->slots++;
	arena->slot[*number] = (PpdlArenaSlot) {.half = half, .wanted = ppdl_half_bytes(half)};
	arena->wanted += ppdl_half_bytes(half);
	arena->held += half->bytes;
	half->held = &arena->held;
	return PPDL_OK;
}

void
ppdl_arena_detach(PpdlArena *arena, uint32_t number)
{
	PpdlArenaSlot *slot = &arena->slot[number];

	arena->wanted -= slot->wanted;
	arena->held -= slot->half->bytes;
	slot->half->held = NULL;
	*slot = (PpdlArenaSlot) {0};
}

static PpdlStatus
new_batch(PpdlArena *arena, const PpdlHalf *half, const uint64_t seed[4], int logc, uint32_t kind, PpdlError *err)
{
	const uint32_t number = arena->table.used;

	if (number == arena->batch_cap)
	{
		uint32_t	cap = number > 0 ? 2 * number : 1;
		PpdlArenaBatch *batch = realloc(arena->batch, cap * sizeof(batch[0]));

		if (batch == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		arena->batch = batch;
		arena->batch_cap = cap;
	}
	PPDL_TRY(ppdl_seed_add(&arena->table, seed, logc, kind, err));
	arena->batch[number] = (PpdlArenaBatch) {.par = half->par, .logc = logc, .logk = half->logk,
											 .sum = PPDL_ARENA_NONE};
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
is_batch(const PpdlArenaBatch *b, const PpdlHalf *half, const uint64_t seed[4], int logc)
{
	return ((seed[0] ^ b->seed[0]) | (seed[1] ^ b->seed[1]) | (seed[2] ^ b->seed[2]) | (seed[3] ^ b->seed[3])) == 0 &&
		b->logc == logc && b->par == half->par && b->logk == half->logk;
}

static PpdlStatus
grow(PpdlArena *arena, PpdlArenaBatch *b, PpdlError *err)
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
	PpdlArenaBatch *b;

	if (arena->last == PPDL_ARENA_NONE || arena->waiting > arena->limits.waiting ||
		!is_batch(&arena->batch[arena->last], half, seed, logc))
		PPDL_TRY(enter(arena, half, seed, logc, err));
	b = &arena->batch[arena->last];
	if (b->used + PPDL_ARENA_RUN + 1 > b->cap)
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
empty_batch(PpdlArena *arena, PpdlArenaBatch *b)
{
	arena->waiting -= b->cap * sizeof(b->words[0]);
	free(b->words);
	b->words = NULL;
	b->used = b->cap = b->run = 0;
	b->sum = PPDL_ARENA_NONE;
}

static PpdlStatus
expand_tiles(PpdlArena *arena, PpdlArenaTile *t, PpdlError *err)
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
		PPDL_TRY(ppdl_tile_start(t, par, limbs, arena->wanted, arena->again ? arena->seeds : NULL, err));
		for (; i < arena->table.used && t->used < t->room && arena->batch[i].par == par; i++)
			PPDL_TRY(ppdl_tile_add_batch(t, arena, &arena->batch[i], err));
		PPDL_TRY(ppdl_tile_run(t, arena, err));
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

/* puts what waits in the order of sums */
static PpdlStatus
make_index(PpdlArena *arena, PpdlError *err)
{
	size_t	   *count = calloc((size_t) arena->slots + 1, sizeof(count[0])),
				total = 0;
	uint64_t   *index;

	for (uint32_t i = 0; count != NULL && i < arena->slots; i++)
		count[i] = arena->slot[i].to - arena->slot[i].from;
	for (uint32_t b = 0; count != NULL && b < arena->table.used; b++)
		for (uint32_t at = 0; at < arena->batch[b].used; at += PPDL_ARENA_RUN + arena->batch[b].words[at + 2])
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
		PpdlArenaSlot *slot = &arena->slot[i];
		size_t		old = slot->to - slot->from;

		if (old > 0)
			memcpy(index + total, arena->index + slot->from, old * sizeof(index[0]));
		slot->from = total;
		slot->to = total + old;
		total += count[i];
	}
	for (uint32_t b = 0; b < arena->table.used; b++)
	{
		PpdlArenaBatch *batch = &arena->batch[b];

		for (uint32_t at = 0; at < batch->used;)
		{
			PpdlArenaSlot *slot = &arena->slot[batch->words[at] | (uint32_t) batch->words[at + 1] << 16];
			uint32_t	end = at + PPDL_ARENA_RUN + batch->words[at + 2];

			for (at += PPDL_ARENA_RUN; at < end; at++)
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

/* the rows at slot->from and on that fill a tile */
static PpdlStatus
next_tile(PpdlArena *arena, uint32_t number, PpdlArenaTile *t, int limbs, PpdlError *err)
{
	PpdlArenaSlot *slot = &arena->slot[number];
	uint32_t	last = PPDL_ARENA_NONE;
	size_t		at = slot->from;

	PPDL_TRY(ppdl_tile_start(t, slot->half->par, limbs, ppdl_half_bytes(slot->half), arena->seeds, err));
	for (; at < slot->to; at++)
	{
		const uint32_t b = (uint32_t) (arena->index[at] >> 16);

		if (b != last)
		{
			if (t->used == t->room)
				break;
			t->batch[t->used++] = &arena->batch[b];
			last = b;
		}
		PPDL_TRY(ppdl_tile_reserve(t, 1, err));
		t->entry[t->entries++] = (PpdlArenaEntry) {number, (uint16_t) (t->used - 1), (uint16_t) arena->index[at]};
	}
	PPDL_TRY(ppdl_tile_run(t, arena, err));
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
sort_slot(PpdlArena *arena, PpdlArenaSlot *slot)
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
	PpdlArenaSlot *slot = &arena->slot[number];
	const PpdlArenaSlot	before = *slot;
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
