#include "rows/collector_impl.h"

#include <stdlib.h>

#include "rows/cipher_read.h"
#include "rows/cipher_write.h"
#include "rows/encoding.h"
#include "rows/ordinals.h"
#include "rows/residues.h"

#define STATE_MAGIC 0x314C4F43u /* "COL1" */
#define FEW_ROWS 32				/* of a batch without a bitmap */
#define POLL_ROWS 1024			/* between two polls */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_collector_create(PpdlCollector **out, int limbs, PpdlError *err)
{
	*out = NULL;
	if (limbs < 1 || limbs > PPDL_MAX_Q)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows cannot be collected at %d limbs", limbs);
	*out = calloc(1, sizeof(PpdlCollector));
	if (*out == NULL)
		return no_memory(err);
	(*out)->limbs = limbs;
	return PPDL_OK;
}

void
ppdl_collector_set_poll(PpdlCollector *col, const PpdlPoll *poll)
{
	col->poll = poll;
}

/* ------------------------------------------------------------------ batches */

static size_t
bitmap_bytes(int logc)
{
	return (((size_t) 1 << logc) + 7) / 8;
}

static void
append(PpdlBatchList *list, PpdlRowBatch *b)
{
	b->prev = list->end;
	b->next = NULL;
	*(list->end != NULL ? &list->end->next : &list->first) = b;
	list->end = b;
}

static void
unlink_batch(PpdlBatchList *list, PpdlRowBatch *b)
{
	*(b->prev != NULL ? &b->prev->next : &list->first) = b->next;
	*(b->next != NULL ? &b->next->prev : &list->end) = b->prev;
	b->prev = b->next = NULL;
}

/* the index forgets a batch */
static void
close_batch(PpdlCollector *col, PpdlRowBatch *b)
{
	if (b->number != PPDL_NO_BATCH)
		col->batch[b->number] = NULL;
	b->number = PPDL_NO_BATCH;
	if (col->last == b)
		col->last = NULL;
}

void
ppdl_collector_close(PpdlCollector *col)
{
	for (PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
		b->number = PPDL_NO_BATCH;
	col->last = NULL;
	ppdl_seed_table_free(&col->index);
	free(col->batch);
	col->batch = NULL;
	col->batch_cap = 0;
}

static size_t
batch_bytes(const PpdlRowBatch *b)
{
	return sizeof(*b) + (b->present != NULL ? bitmap_bytes(b->logc) : 0) + b->cap * (sizeof(b->entry[0]) + b->each);
}

static void
free_batch(PpdlCollector *col, PpdlRowBatch *b)
{
	close_batch(col, b);
	col->rows -= b->left;
	col->bytes -= batch_bytes(b);
	free(b->entry);
	free(b->residues);
	free(b->present);
	free(b->apart);
	free(b);
}

void
ppdl_collector_forget(PpdlCollector *col)
{
	for (PpdlInPlace *next; col->in_place != NULL; col->in_place = next)
	{
		next = col->in_place->next;
		free(col->in_place);
	}
	for (PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
	{
		free(b->apart);
		b->apart = NULL;
	}
}

static void
clear(PpdlCollector *col)
{
	ppdl_collector_forget(col);
	while (col->waiting.first != NULL)
		ppdl_collector_drop(col, col->waiting.first);
	while (col->complete.first != NULL)
		ppdl_collector_drop(col, col->complete.first);
	for (int h = 0; h < PPDL_MAX_HEIGHT; h++)
		free(col->blocks[h].block);
	ppdl_seed_table_free(&col->index);
	free(col->batch);
	ppdl_key_ring_free(&col->keys);
}

void
ppdl_collector_set_writers(PpdlCollector *col, PpdlWriterOf writer_of, void *arg)
{
	col->keys.writer_of = writer_of;
	col->keys.arg = arg;
}

PpdlStatus
ppdl_collector_load_keys(PpdlCollector *col, PpdlEval *ev, PpdlError *err)
{
	return ev->par->np == 0 ? PPDL_OK : ppdl_key_ring_load(&col->keys, ev, col->limbs, 0, err);
}

void
ppdl_collector_destroy(PpdlCollector *col)
{
	if (col == NULL)
		return;
	clear(col);
	free(col);
}

uint64_t
ppdl_collector_rows(const PpdlCollector *col)
{
	return col->rows;
}

int
ppdl_collector_complete(const PpdlCollector *col)
{
	return col->ncomplete;
}

size_t
ppdl_collector_memory(const PpdlCollector *col)
{
	size_t		bytes = sizeof(*col) + col->bytes + ppdl_seed_table_memory(&col->index) +
		col->batch_cap * sizeof(col->batch[0]);

	for (int h = 0; h < PPDL_MAX_HEIGHT; h++)
		bytes += col->blocks[h].cap * sizeof(PpdlBlock);
	for (const PpdlInPlace *rows = col->in_place; rows != NULL; rows = rows->next)
		bytes += sizeof(*rows) + rows->count * sizeof(rows->placed[0]);
	return bytes;
}

void
ppdl_collector_drop(PpdlCollector *col, PpdlRowBatch *b)
{
	unlink_batch(b->complete ? &col->complete : &col->waiting, b);
	col->ncomplete -= b->complete;
	free_batch(col, b);
}

/* an empty batch among those that wait, without a place in the index */
static PpdlStatus
new_batch(PpdlCollector *col, const uint8_t seed[PPDL_SEED_BYTES], int logc, size_t each, PpdlRowBatch **out,
		  PpdlError *err)
{
	PpdlRowBatch *b = calloc(1, sizeof(*b));

	*out = b;
	if (b == NULL)
		return no_memory(err);
	b->number = PPDL_NO_BATCH;
	memcpy(b->seed, seed, PPDL_SEED_BYTES);
	b->logc = logc;
	b->each = each;
	b->noise = PPDL_SIGMA;
	b->bound = 1;
	append(&col->waiting, b);
	col->bytes += sizeof(*b);
	return PPDL_OK;
}

static PpdlStatus
index_batch(PpdlCollector *col, PpdlRowBatch *b, uint32_t copy, PpdlError *err)
{
	uint32_t	number = col->index.used;

	if (number == col->batch_cap)
	{
		uint32_t	cap = number > 0 ? 2 * number : 1;
		PpdlRowBatch **grown = realloc(col->batch, cap * sizeof(grown[0]));

		if (grown == NULL)
			return no_memory(err);
		col->batch = grown;
		col->batch_cap = cap;
	}
	PPDL_TRY(ppdl_seed_add(&col->index, b->seed, b->logc, copy, err));
	col->batch[number] = b;
	b->number = number;
	return PPDL_OK;
}

static int
has_row(const PpdlRowBatch *b, uint32_t index)
{
	if (b->present != NULL)
		return b->present[index >> 3] >> (index & 7) & 1;
	for (uint32_t i = 0; i < b->rows; i++)
		if (b->entry[i].index == index)
			return 1;
	return 0;
}

/* PpdlPlaceTaken; a batch that is complete has no free place */
static int
taken(const void *batches, uint32_t number, uint32_t index)
{
	const PpdlRowBatch *b = ((PpdlRowBatch *const *) batches)[number];

	return b == NULL || has_row(b, index);
}

/* the batch that misses this row; a row that comes twice starts a further one */
static PpdlStatus
find_batch(PpdlCollector *col, const uint8_t *seed, int logc, uint32_t index, int key, PpdlRowBatch **out,
		   PpdlError *err)
{
	const size_t each = ppdl_residues_size(col->par, col->limbs, (size_t) 1 << col->logk);
	PpdlRowBatch *b = col->last;
	uint32_t	number,
				copy;

	if (b == NULL || b->logc != logc || memcmp(b->seed, seed, PPDL_SEED_BYTES) != 0 || has_row(b, index))
	{
		number = ppdl_seed_find_free(&col->index, seed, logc, index, taken, col->batch, &copy);
		if (number != PPDL_NO_BATCH)
			b = col->batch[number];
		else
		{
			PPDL_TRY(new_batch(col, seed, logc, each, &b, err));
			b->key = key;
			PPDL_TRY(index_batch(col, b, copy, err));
		}
	}
	if (b->key != key)
		return ppdl_error(err, PPDL_ERR_FORMAT, "rows of one batch under two keys");
	*out = col->last = b;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
grow_batch(PpdlCollector *col, PpdlRowBatch *b, PpdlError *err)
{
	uint32_t	cap = b->cap > 0 ? 2 * b->cap : 1;
	PpdlCollected *entry = realloc(b->entry, cap * sizeof(entry[0]));
	uint8_t    *residues;

	if (entry == NULL)
		return no_memory(err);
	b->entry = entry;
	residues = realloc(b->residues, cap * b->each);
	if (residues == NULL)
		return no_memory(err);
	b->residues = residues;
	col->bytes += (cap - b->cap) * (sizeof(b->entry[0]) + b->each);
	b->cap = cap;
	return PPDL_OK;
}

static PpdlStatus
make_bitmap(PpdlCollector *col, PpdlRowBatch *b, PpdlError *err)
{
	b->present = calloc(1, bitmap_bytes(b->logc));
	if (b->present == NULL)
		return no_memory(err);
	col->bytes += bitmap_bytes(b->logc);
	for (uint32_t i = 0; i < b->rows; i++)
		b->present[b->entry[i].index >> 3] |= (uint8_t) (1 << (b->entry[i].index & 7));
	return PPDL_OK;
}

static PpdlStatus
put_row(PpdlCollector *col, PpdlRowBatch *b, uint32_t index, uint32_t ordinal, const uint8_t *residues, PpdlError *err)
{
	if (b->rows == b->cap)
		PPDL_TRY(grow_batch(col, b, err));
	if (b->rows == FEW_ROWS && b->present == NULL)
		PPDL_TRY(make_bitmap(col, b, err));
	b->entry[b->rows] = (PpdlCollected) {index, ordinal};
	memcpy(b->residues + b->rows * b->each, residues, b->each);
	if (b->present != NULL)
		b->present[index >> 3] |= (uint8_t) (1 << (index & 7));
	b->rows++;
	b->left++;
	col->rows++;
	col->planned = 0;
	return PPDL_OK;
}

static PpdlStatus
add_slice(PpdlCollector *col, const PpdlRowBatch *like, const PpdlCollected *entry, const uint8_t *residues,
		  int *complete, PpdlError *err)
{
	const int	logc = like->logc;
	PpdlRowBatch *b = NULL;

	PPDL_TRY(find_batch(col, like->seed, logc, entry->index, like->key, &b, err));
	PPDL_TRY(put_row(col, b, entry->index, entry->ordinal, residues, err));
	if (b->left == (uint32_t) 1 << logc && logc + col->logk == col->par->logn)
	{
		close_batch(col, b);
		unlink_batch(&col->waiting, b);
		append(&col->complete, b);
		b->complete = 1;
		col->ncomplete++;
		*complete = 1;
	}
	return PPDL_OK;
}

static PpdlStatus
add_explicit(PpdlCollector *col, const PpdlRowBatch *like, uint32_t ordinal, const uint8_t *residues, PpdlError *err)
{
	static const uint8_t no_seed[PPDL_SEED_BYTES];
	const size_t each = ppdl_residues_size(col->par, col->limbs, (size_t) 1 << col->logk) +
		ppdl_residues_size(col->par, col->limbs, col->par->n);
	PpdlRowBatch *b;

	PPDL_TRY(new_batch(col, no_seed, 0, each, &b, err));
	b->explicit_row = 1;
	b->key = like->key;
	b->noise = like->noise;
	b->bound = like->bound;
	return put_row(col, b, 0, ordinal, residues, err);
}

static PpdlStatus
check_row(PpdlCollector *col, const PpdlCipher *c, int *key, PpdlError *err)
{
	PpdlCipher	mine = {.par = col->par, .width = col->width, .scale = col->scale};

	if (c->kind == PPDL_KIND_PACKED)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "value is packed already; only slices and rows can be packed");
	if (c->kind == PPDL_KIND_PARTS)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum in %u parts can be summed and decrypted, but not packed or predicted",
				   c->nparts);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Decrypt it and encrypt what it comes to, or sum smaller groups.");
	}
	if (c->limbs < col->limbs)
	{
		ppdl_error(err, PPDL_ERR_LEVEL, "row of %d limb%s where %d are needed", c->limbs, c->limbs == 1 ? "" : "s",
				   col->limbs);
		return ppdl_error_hint(err, PPDL_ERR_LEVEL, "Compact rows do for sums; this needs full ones.");
	}
	memcpy(mine.fingerprint, c->fingerprint, PPDL_FINGERPRINT_BYTES);
	if (col->par != NULL)
		PPDL_TRY(ppdl_cipher_check_ring(col->par, c->par, "packing", err));
	PPDL_TRY(ppdl_key_ring_find(&col->keys, c->fingerprint, "packing", key, err));
	return col->par == NULL ? PPDL_OK : ppdl_cipher_check_same(&mine, c, "packing", err);
}

PpdlStatus
ppdl_collector_add(PpdlCollector *col, const PpdlCipher *c, uint32_t ordinal, int *complete, PpdlError *err)
{
	PpdlRowBatch like = {.noise = c->noise, .bound = c->bound};
	PpdlCollected entry = {.ordinal = ordinal};

	*complete = 0;
	PPDL_TRY(check_row(col, c, &like.key, err));
	PPDL_TRY(ppdl_encoding_join_cipher(&col->encoding, c, "packing", err));
	if (col->par == NULL)
	{
		col->par = c->par;
		col->width = c->width;
		col->logk = c->logk;
		col->scale = c->scale;
	}
	if (c->kind == PPDL_KIND_ROW)
		return add_explicit(col, &like, ordinal, c->residues, err);
	memcpy(like.seed, c->seed, PPDL_SEED_BYTES);
	like.logc = c->logc;
	entry.index = ppdl_bitrev(c->pos, c->logc);
	return add_slice(col, &like, &entry, c->residues, complete, err);
}

/* ------------------------------------------------------------------ all batches */

/* calls fn for every row that is not packed yet */
typedef PpdlStatus (*RowVisitor) (void *arg, const PpdlRowBatch *b, const PpdlCollected *entry, const uint8_t *residues,
								  PpdlError *err);

static PpdlStatus
visit_batches(const PpdlCollector *col, const PpdlBatchList *list, RowVisitor fn, void *arg, PpdlError *err)
{
	uint64_t	rows = 0;

	for (const PpdlRowBatch *b = list->first; b != NULL; b = b->next)
		for (uint32_t i = 0; i < b->rows; i++)
		{
			if (b->entry[i].index != PPDL_TAKEN)
				PPDL_TRY(fn(arg, b, &b->entry[i], b->residues + i * b->each, err));
			if (++rows % POLL_ROWS == 0)
				PPDL_TRY(ppdl_poll(col->poll, err));
		}
	return PPDL_OK;
}

static PpdlStatus
visit(const PpdlCollector *col, RowVisitor fn, void *arg, PpdlError *err)
{
	PPDL_TRY(visit_batches(col, &col->complete, fn, arg, err));
	return visit_batches(col, &col->waiting, fn, arg, err);
}

typedef struct Marks
{
	uint8_t    *bits;
	uint32_t	n;
} Marks;

static PpdlStatus
mark_row(void *arg, const PpdlRowBatch *b, const PpdlCollected *entry, const uint8_t *residues, PpdlError *err)
{
	Marks	   *m = arg;

	return ppdl_ordinal_mark(m->bits, m->n, entry->ordinal, err);
}

PpdlStatus
ppdl_collector_mark(const PpdlCollector *col, uint8_t *bits, uint32_t n, PpdlError *err)
{
	Marks		m = {bits, n};

	return visit(col, mark_row, &m, err);
}

uint64_t
ppdl_collector_encoding(const PpdlCollector *col)
{
	return col->encoding;
}

PpdlStatus
ppdl_collector_check_like(const PpdlCollector *col, const PpdlCipher *shape, PpdlError *err)
{
	PpdlCipher	mine = {.par = col->par, .width = col->width, .scale = col->scale};

	if (col->limbs != shape->limbs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of rows of %d limbs has rows of %d", shape->limbs, col->limbs);
	if (col->par == NULL)
		return PPDL_OK;
	memcpy(mine.fingerprint, col->keys.owner, PPDL_FINGERPRINT_BYTES);
	return ppdl_cipher_check_same(shape, &mine, "state", err);
}

typedef struct Merge
{
	PpdlCollector *into;
	const PpdlCollector *from;
	uint32_t	offset;
} Merge;

static PpdlStatus
merge_row(void *arg, const PpdlRowBatch *b, const PpdlCollected *entry, const uint8_t *residues, PpdlError *err)
{
	Merge	   *m = arg;
	PpdlCollected moved = {entry->index, entry->ordinal + m->offset};
	PpdlRowBatch like = {.logc = b->logc, .noise = b->noise, .bound = b->bound};
	int			complete;

	PPDL_TRY(ppdl_key_ring_find(&m->into->keys, ppdl_key_ring_key(&m->from->keys, b->key), "packing", &like.key, err));
	if (b->explicit_row)
		return add_explicit(m->into, &like, moved.ordinal, residues, err);
	memcpy(like.seed, b->seed, PPDL_SEED_BYTES);
	return add_slice(m->into, &like, &moved, residues, &complete, err);
}

PpdlStatus
ppdl_collector_merge(PpdlCollector *into, PpdlCollector *from, uint32_t ordinal_offset, PpdlError *err)
{
	Merge		m = {into, from, ordinal_offset};
	int			key;

	if (from->par == NULL)
		return PPDL_OK;
	if (into->limbs != from->limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "collected rows of %d and of %d limbs cannot be combined", into->limbs,
						  from->limbs);
	if (into->par != NULL)
	{
		PpdlCipher	other = {.par = from->par, .kind = PPDL_KIND_SLICE, .width = from->width, .limbs = from->limbs,
							 .scale = from->scale};

		memcpy(other.fingerprint, from->keys.owner, PPDL_FINGERPRINT_BYTES);
		PPDL_TRY(check_row(into, &other, &key, err));
	}
	else
	{
		PPDL_TRY(ppdl_key_ring_find(&into->keys, from->keys.owner, "packing", &key, err));
		into->par = from->par;
		into->width = from->width;
		into->logk = from->logk;
		into->scale = from->scale;
	}
	PPDL_TRY(ppdl_encoding_join(&into->encoding, from->encoding, "packing", err));
	return visit(from, merge_row, &m, err);
}

/* ------------------------------------------------------------------ state bytes */

typedef struct Save
{
	const PpdlCollector *col;
	PpdlWriter *w;
} Save;

/* ordinal, length and wire form */
static PpdlStatus
save_row(void *arg, const PpdlRowBatch *b, const PpdlCollected *entry, const uint8_t *residues, PpdlError *err)
{
	const PpdlCollector *col = ((Save *) arg)->col;
	PpdlWriter *w = ((Save *) arg)->w;
	PpdlCipher	row = {.par = col->par, .kind = b->explicit_row ? PPDL_KIND_ROW : PPDL_KIND_SLICE, .limbs = col->limbs,
		.width = col->width,
		.logk = col->logk, .scale = col->scale, .noise = b->noise, .bound = b->bound,
		.encoding = b->explicit_row ? col->encoding : 0, .logc = b->logc, .seed = b->seed};

	memcpy(row.fingerprint, ppdl_key_ring_key(&col->keys, b->key), PPDL_FINGERPRINT_BYTES);
	row.pos = ppdl_bitrev(entry->index, b->logc);
	ppdl_write_u32(w, entry->ordinal);
	ppdl_write_u32(w, (uint32_t) (b->explicit_row ? ppdl_row_size(col->par, col->limbs, col->logk) :
								  ppdl_slice_size(col->par, col->limbs, col->logk)));
	PPDL_TRY(ppdl_cipher_put_header(w, &row, err));
	ppdl_write_bytes(w, residues, b->each);
	return w->bad ? no_memory(err) : PPDL_OK;
}

PpdlStatus
ppdl_collector_save(const PpdlCollector *col, PpdlWriter *w, PpdlError *err)
{
	Save		s = {col, w};

	ppdl_write_u32(w, STATE_MAGIC);
	ppdl_write_u32(w, (uint32_t) col->limbs);
	ppdl_write_u64(w, col->rows);
	PPDL_TRY(visit(col, save_row, &s, err));
	return w->bad ? no_memory(err) : PPDL_OK;
}

static PpdlStatus
load_row(PpdlCollector *col, PpdlReader *r, PpdlError *err)
{
	uint32_t	ordinal = ppdl_read_u32(r),
				len = ppdl_read_u32(r);
	const uint8_t *buf = ppdl_read_bytes(r, len);
	PpdlCipher	c;
	int			complete;

	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of collected rows is cut off");
	PPDL_TRY(ppdl_cipher_validate(buf, len, err));
	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	if (c.limbs != col->limbs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of rows of %d limbs has a row of %d", col->limbs, c.limbs);
	return ppdl_collector_add(col, &c, ordinal, &complete, err);
}

/* the head: limbs and rows */
static PpdlStatus
load_head(PpdlReader *r, uint32_t *limbs, uint64_t *rows, PpdlError *err)
{
	uint32_t	magic = ppdl_read_u32(r);

	*limbs = ppdl_read_u32(r);
	*rows = ppdl_read_u64(r);
	if (r->bad || magic != STATE_MAGIC || *limbs < 1 || *limbs > PPDL_MAX_Q)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not the state of collected rows");
	if (*rows > ppdl_reader_left(r) / (8 + PPDL_CIPHER_HEADER))
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of collected rows is cut off");
	return PPDL_OK;
}

PpdlStatus
ppdl_collector_fill(PpdlCollector *col, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	limbs;
	uint64_t	rows;

	PPDL_TRY(load_head(&r, &limbs, &rows, err));
	if ((int) limbs != col->limbs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of rows of %d limbs has rows of %u", col->limbs, limbs);
	for (uint64_t i = 0; i < rows; i++)
	{
		PPDL_TRY(load_row(col, &r, err));
		if (i % POLL_ROWS == 0)
			PPDL_TRY(ppdl_poll(col->poll, err));
	}
	if (ppdl_reader_left(&r) > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state of collected rows has bytes to spare");
	return PPDL_OK;
}

PpdlStatus
ppdl_collector_load(PpdlCollector **out, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	limbs;
	uint64_t	rows;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(load_head(&r, &limbs, &rows, err));
	PPDL_TRY(ppdl_collector_create(out, (int) limbs, err));
	status = ppdl_collector_fill(*out, buf, len, err);
	if (status != PPDL_OK)
	{
		ppdl_collector_destroy(*out);
		*out = NULL;
	}
	return status;
}
