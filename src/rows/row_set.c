#include "rows/row_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows/encoding.h"
#include "rows/ordinals.h"
#include "rows/partner.h"
#include "rows/residues.h"

#define MOSTLY 0.9

PpdlStatus
ppdl_trainset_create(PpdlTrainSet **out, PpdlError *err)
{
	*out = calloc(1, sizeof(PpdlTrainSet));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->max_empty = PPDL_TRAIN_MAX_EMPTY;
	return PPDL_OK;
}

static void
free_batch(PpdlTrainBatch *b)
{
	free(b->bx);
	free(b->by);
	free(b->ordinal);
}

void
ppdl_trainset_destroy(PpdlTrainSet *ts)
{
	if (ts == NULL)
		return;
	for (int i = 0; i < ts->nbatches; i++)
		free_batch(&ts->batch[i]);
	free(ts->batch);
	ppdl_seed_table_free(&ts->index);
	ppdl_seed_table_free(&ts->labels);
	ppdl_key_ring_free(&ts->keys);
	free(ts);
}

void
ppdl_trainset_set_writers(PpdlTrainSet *ts, PpdlWriterOf writer_of, void *arg)
{
	ts->keys.writer_of = writer_of;
	ts->keys.arg = arg;
}

PpdlStatus
ppdl_trainset_load_keys(PpdlTrainSet *ts, PpdlEval *ev, PpdlError *err)
{
	return ts->keys.count == 0 ? PPDL_OK :
		ppdl_key_ring_load(&ts->keys, ev, 1, ts->par->id == PPDL_RING_COMPACT, err);
}

static size_t
places(const PpdlTrainSet *ts)
{
	return ts->par->n >> ts->logk_x;
}

static size_t
batch_bytes(const PpdlTrainSet *ts)
{
	return (ts->width_y > 0 ? 2 : 1) * ts->par->n * sizeof(uint64_t) + places(ts) * sizeof(uint32_t);
}

size_t
ppdl_trainset_memory(const PpdlTrainSet *ts)
{
	size_t		batch = ts->par == NULL ? 0 : batch_bytes(ts);

	return sizeof(*ts) + ppdl_seed_table_memory(&ts->index) + ppdl_seed_table_memory(&ts->labels) +
		(size_t) ts->cap * sizeof(PpdlTrainBatch) + (size_t) ts->nbatches * batch;
}

uint32_t
ppdl_slice_index(const PpdlCipher *c)
{
	int			bits = c->par->logn - c->logk;

	return ppdl_bitrev(c->pos << (bits - c->logc), bits);
}

static PpdlStatus
check_kind(const PpdlCipher *c, const char *what, PpdlError *err)
{
	if (c->kind != PPDL_KIND_SLICE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "%s: only rows as their owner wrote them can be used, not results of operations", what);
	return PPDL_OK;
}

/* takes the shape of the first row */
static void
begin(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y)
{
	ts->par = x->par;
	ts->width_x = x->width;
	ts->logk_x = x->logk;
	ts->scale = x->scale;
	if (y != NULL)
	{
		ts->width_y = y->width;
		ts->logk_y = y->logk;
	}
}

static PpdlStatus
check(PpdlTrainSet *ts, const PpdlCipher *c, int width, const char *what, int *key, PpdlError *err)
{
	PPDL_TRY(ppdl_cipher_check_ring(ts->par, c->par, what, err));
	PPDL_TRY(ppdl_key_ring_find(&ts->keys, c->fingerprint, what, key, err));
	memcpy(ts->fingerprint, ts->keys.owner, sizeof(ts->fingerprint));
	if (c->width != width)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s: rows of different widths: %d and %d", what, width, c->width);
	if (c->scale != ts->scale)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s: rows of different scales: 2^%.2f and 2^%.2f", what, log2(ts->scale),
						  log2(c->scale));
	return PPDL_OK;
}

static PpdlStatus
alloc_batch(PpdlTrainBatch *b, const PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, PpdlError *err)
{
	const size_t bytes = places(ts) * sizeof(uint32_t);

	memset(b, 0, sizeof(*b));
	b->bx = calloc(ts->par->n, sizeof(uint64_t));
	b->by = y == NULL ? NULL : calloc(ts->par->n, sizeof(uint64_t));
	b->ordinal = malloc(bytes);
	if (b->bx == NULL || (y != NULL && b->by == NULL) || b->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(b->ordinal, 0xFF, bytes);
	memcpy(b->seed_x, x->seed, PPDL_SEED_BYTES);
	if (y != NULL)
		memcpy(b->seed_y, y->seed, PPDL_SEED_BYTES);
	return PPDL_OK;
}

/* a new pair of batches: the label must not name other features, nor belong to another batch of features already */
static PpdlStatus
check_pair(const PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, PpdlError *err)
{
	if (ppdl_seed_find(&ts->labels, y->seed, 0, 0) != PPDL_NO_BATCH)
		return ppdl_partner_mismatch(err);
	return ppdl_partner_check(x->seed, y->seed, err);
}

/* one batch more, of which one row is there */
static PpdlStatus
check_empty(const PpdlTrainSet *ts, PpdlError *err)
{
	const double all = (double) (ts->nbatches + 1) * (double) batch_bytes(ts),
				empty = all - (double) (ts->rows + 1) * (double) (batch_bytes(ts) / places(ts));

	if (empty <= (double) ts->max_empty || empty < MOSTLY * all)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_LEVEL,
			   "%llu rows are of %d batches, which take %.1f GB, nearly all of it for rows that are not there",
			   (unsigned long long) ts->rows + 1, ts->nbatches + 1, all / 1e9);
	return ppdl_error_hint(err, PPDL_ERR_LEVEL,
						   "Encrypt rows together, up to %zu in a batch, rather than one by one; "
						   "or take fewer rows at a time.",
						   places(ts));
}

static PpdlStatus
join_encoding(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, PpdlError *err)
{
	const char *what = y != NULL ? "training" : "prediction";

	PPDL_TRY(ppdl_encoding_join_seed(&ts->encoding, x->seed, what, err));
	return y != NULL ? ppdl_encoding_join_seed(&ts->encoding, y->seed, what, err) : PPDL_OK;
}

static PpdlStatus
new_batch(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t copy, PpdlError *err)
{
	PpdlTrainBatch *b;
	PpdlStatus	status;

	if (ts->nbatches == ts->cap)
	{
		int			cap = ts->cap ? 2 * ts->cap : 8;
		PpdlTrainBatch *grown = realloc(ts->batch, (size_t) cap * sizeof(*grown));

		if (grown == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ts->batch = grown;
		ts->cap = cap;
	}
	PPDL_TRY(check_empty(ts, err));
	if (y != NULL)
		PPDL_TRY(check_pair(ts, x, y, err));
	PPDL_TRY(join_encoding(ts, x, y, err));
	b = &ts->batch[ts->nbatches];
	status = alloc_batch(b, ts, x, y, err);
	if (status == PPDL_OK && y != NULL)
		status = ppdl_seed_add(&ts->labels, y->seed, 0, 0, err);
	if (status == PPDL_OK)
		status = ppdl_seed_add(&ts->index, x->seed, 0, copy, err);
	if (status != PPDL_OK)
		free_batch(b);
	else
		ts->nbatches++;
	return status;
}

/* PpdlPlaceTaken */
static int
taken(const void *batches, uint32_t number, uint32_t i)
{
	return ((const PpdlTrainSet *) batches)->batch[number].ordinal[i] != PPDL_NO_PLACE;
}

/* a row that is predicted twice goes to a further copy of its batch; one to train on must not come twice */
static PpdlStatus
find_batch(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t i, int key, int *at, PpdlError *err)
{
	uint32_t	copy = 0,
				number;

	if (y != NULL)
		number = ppdl_seed_find(&ts->index, x->seed, 0, 0);
	else
		number = ppdl_seed_find_free(&ts->index, x->seed, 0, i, taken, ts, &copy);
	if (number == PPDL_NO_BATCH)
	{
		number = (uint32_t) ts->nbatches;
		PPDL_TRY(new_batch(ts, x, y, copy, err));
		ts->batch[number].key = key;
	}
	*at = (int) number;
	if (ts->batch[*at].key != key)
		return ppdl_error(err, PPDL_ERR_FORMAT, "rows of one batch under two keys");
	if (y != NULL && memcmp(ts->batch[*at].seed_y, y->seed, PPDL_SEED_BYTES) != 0)
		return ppdl_partner_mismatch(err);
	return PPDL_OK;
}

/* a place for row i of the batch of x and y */
static PpdlStatus
take_place(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t i, uint32_t ordinal, int key,
		   PpdlTrainBatch **to, PpdlError *err)
{
	int			at;

	PPDL_TRY(find_batch(ts, x, y, i, key, &at, err));
	*to = &ts->batch[at];
	if ((*to)->ordinal[i] != PPDL_NO_PLACE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a row came twice; each may be used once");
	(*to)->ordinal[i] = ordinal;
	(*to)->rows++;
	ts->rows++;
	return PPDL_OK;
}

/* the coefficients mod q0 of a row, k reduced residues, at their places pos*g + f*N/k */
static void
put(uint64_t *b, const PpdlCipher *c, const uint64_t *v)
{
	const size_t n = c->par->n,
				k = (size_t) 1 << c->logk,
				g = n >> (c->logk + c->logc);

	for (size_t f = 0; f < k; f++)
		b[c->pos * g + f * (n / k)] = v[f];
}

static PpdlStatus
get(uint64_t *v, const PpdlCipher *c, PpdlError *err)
{
	return ppdl_residues_get(&c->par->ring->mod[0], v, c->residues, (size_t) 1 << c->logk, err);
}

/* v: the coefficients of x, then of y; nothing changes on error */
static PpdlStatus
add(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t ordinal, int key, uint64_t *v,
	PpdlError *err)
{
	uint64_t   *vy = v + ((size_t) 1 << x->logk);
	PpdlTrainBatch *to;

	PPDL_TRY(get(v, x, err));
	if (y != NULL)
		PPDL_TRY(get(vy, y, err));
	PPDL_TRY(take_place(ts, x, y, ppdl_slice_index(x), ordinal, key, &to, err));
	put(to->bx, x, v);
	if (y != NULL)
		put(to->by, y, vy);
	return PPDL_OK;
}

PpdlStatus
ppdl_trainset_add(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t ordinal, PpdlError *err)
{
	PpdlStatus	status;
	uint64_t   *v;
	int			key,
				label_key;

	PPDL_TRY(check_kind(x, "features", err));
	if (y != NULL)
		PPDL_TRY(check_kind(y, "label", err));
	if (ts->par == NULL)
		begin(ts, x, y);
	PPDL_TRY(check(ts, x, ts->width_x, "features", &key, err));
	if (y != NULL)
	{
		PPDL_TRY(check(ts, y, ts->width_y, "label", &label_key, err));
		if (label_key != key || y->logk > x->logk || ppdl_slice_index(y) != ppdl_slice_index(x) << (x->logk - y->logk))
			return ppdl_partner_mismatch(err);
	}
	v = malloc((((size_t) 1 << x->logk) + (y == NULL ? 0 : (size_t) 1 << y->logk)) * sizeof(uint64_t));
	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = add(ts, x, y, ordinal, key, v, err);
	free(v);
	return status;
}

/* row i of 2^logk values: its coefficients */
static void
copy_row(uint64_t *to, const uint64_t *from, const PpdlParams *par, uint32_t i, int logk)
{
	for (size_t c = ppdl_bitrev(i, par->logn - logk); c < par->n; c += par->n >> logk)
		to[c] = from[c];
}

/* rows of another set's batch, of which we may have some */
static PpdlStatus
merge_batch(PpdlTrainSet *into, const PpdlTrainSet *from, const PpdlTrainBatch *b, uint32_t offset, PpdlError *err)
{
	const PpdlCipher x = {.seed = b->seed_x},
				y = {.seed = b->seed_y};
	int			key;

	PPDL_TRY(ppdl_key_ring_find(&into->keys, ppdl_key_ring_key(&from->keys, b->key), "merging", &key, err));
	for (uint32_t i = 0; i < from->par->n >> from->logk_x; i++)
	{
		PpdlTrainBatch *to;

		if (b->ordinal[i] == PPDL_NO_PLACE)
			continue;
		PPDL_TRY(take_place(into, &x, b->by == NULL ? NULL : &y, i, b->ordinal[i] + offset, key, &to,
							err));
		copy_row(to->bx, b->bx, from->par, i, from->logk_x);
		if (b->by != NULL)
			copy_row(to->by, b->by, from->par, i << (from->logk_x - from->logk_y), from->logk_y);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_trainset_merge(PpdlTrainSet *into, const PpdlTrainSet *from, uint32_t offset, PpdlError *err)
{
	if (from->par == NULL)
		return PPDL_OK;
	if (into->par == NULL)
	{
		int			key;

		PPDL_TRY(ppdl_key_ring_find(&into->keys, from->keys.owner, "merging", &key, err));
		into->par = from->par;
		memcpy(into->fingerprint, from->fingerprint, sizeof(into->fingerprint));
		into->width_x = from->width_x;
		into->logk_x = from->logk_x;
		into->width_y = from->width_y;
		into->logk_y = from->logk_y;
		into->scale = from->scale;
	}
	PPDL_TRY(ppdl_cipher_check_ring(into->par, from->par, "merging", err));
	if (memcmp(into->fingerprint, from->fingerprint, sizeof(into->fingerprint)) != 0)
		return ppdl_error(err, PPDL_ERR_KEY, "rows of different keys");
	if (into->width_x != from->width_x || into->width_y != from->width_y || into->scale != from->scale)
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "rows of different shapes: features of %d and %d values, labels of %d and %d, "
						  "scales 2^%.2f and 2^%.2f",
						  into->width_x, from->width_x, into->width_y, from->width_y, log2(into->scale),
						  log2(from->scale));
	for (int i = 0; i < from->nbatches; i++)
	{
		PPDL_TRY(ppdl_poll(into->poll, err));
		PPDL_TRY(merge_batch(into, from, &from->batch[i], offset, err));
	}
	return PPDL_OK;
}

int
ppdl_trainset_is_like(const PpdlTrainSet *ts, const PpdlCipher *shape, int width_y)
{
	return ts->par == shape->par && memcmp(ts->fingerprint, shape->fingerprint, PPDL_FINGERPRINT_BYTES) == 0 &&
		ts->width_x == shape->width && ts->width_y == width_y && ts->scale == shape->scale;
}

PpdlStatus
ppdl_trainset_mark(const PpdlTrainSet *ts, uint8_t *bits, uint32_t n, PpdlError *err)
{
	for (int b = 0; b < ts->nbatches; b++)
	{
		PPDL_TRY(ppdl_poll(ts->poll, err));
		for (size_t i = 0; i < places(ts); i++)
			if (ts->batch[b].ordinal[i] != PPDL_NO_PLACE)
				PPDL_TRY(ppdl_ordinal_mark(bits, n, ts->batch[b].ordinal[i], err));
	}
	return PPDL_OK;
}

#define WITH_KEYS 0x80			/* beside the ring: each batch says its key; sets of one key do not, as in 0.1.0 */

/*
 * u8 ring, the owner's fingerprint, u16 widths, f64 scale, u32 batches; a batch: seeds, its key's fingerprint (if
 * WITH_KEYS), u32 ordinals, packed bx, by
 */
PpdlStatus
ppdl_trainset_save(const PpdlTrainSet *ts, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_u8(w, (uint8_t) (ts->par == NULL ? 0 : ts->par->id | (ts->keys.count > 0 ? WITH_KEYS : 0)));
	ppdl_write_bytes(w, ts->fingerprint, sizeof(ts->fingerprint));
	ppdl_write_u16(w, (uint16_t) ts->width_x);
	ppdl_write_u16(w, (uint16_t) ts->width_y);
	ppdl_write_f64(w, ts->scale);
	ppdl_write_u32(w, (uint32_t) ts->nbatches);
	for (int i = 0; i < ts->nbatches; i++)
	{
		const PpdlTrainBatch *b = &ts->batch[i];
		const int	bits = ts->par->ring->mod[0].bits;
		uint8_t    *p;

		PPDL_TRY(ppdl_poll(ts->poll, err));
		ppdl_write_bytes(w, b->seed_x, PPDL_SEED_BYTES);
		ppdl_write_bytes(w, b->seed_y, PPDL_SEED_BYTES);
		if (ts->keys.count > 0)
			ppdl_write_bytes(w, ppdl_key_ring_key(&ts->keys, b->key), PPDL_FINGERPRINT_BYTES);
		for (size_t r = 0; r < ts->par->n >> ts->logk_x; r++)
			ppdl_write_u32(w, b->ordinal[r]);
		p = ppdl_write_space(w, ppdl_packed_size(ts->par->n, bits));
		if (p != NULL)
			ppdl_pack_bits(p, b->bx, ts->par->n, bits);
		if (b->by != NULL && (p = ppdl_write_space(w, ppdl_packed_size(ts->par->n, bits))) != NULL)
			ppdl_pack_bits(p, b->by, ts->par->n, bits);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err, const char *what)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "training state %s", what);
}

/* one of the two columns of a batch */
static PpdlStatus
load_limb(PpdlReader *r, const PpdlParams *par, uint64_t *out, PpdlError *err)
{
	const PpdlModulus *m = &par->ring->mod[0];
	const uint8_t *p = ppdl_read_bytes(r, ppdl_packed_size(par->n, m->bits));

	if (p == NULL)
		return malformed(err, "is truncated");
	ppdl_unpack_bits(out, p, par->n, m->bits);
	for (size_t c = 0; c < par->n; c++)
		if (out[c] >= m->q)
			return malformed(err, "has a residue that is not below its modulus");
	return PPDL_OK;
}

/* coefficients are those of rows that are there; row i of the batch is row i << shift of the column */
static PpdlStatus
check_places(const PpdlTrainSet *ts, const PpdlTrainBatch *b, const uint64_t *column, int logk, PpdlError *err)
{
	const size_t n = ts->par->n,
				column_places = n >> logk;
	const int	shift = ts->logk_x - logk;

	for (size_t at = 0; at < column_places; at++)
	{
		uint32_t	i = ppdl_bitrev((uint32_t) at, ts->par->logn - logk);

		if ((i & ((1u << shift) - 1)) == 0 && b->ordinal[i >> shift] != PPDL_NO_PLACE)
			continue;
		for (size_t c = at; c < n; c += column_places)
			if (column[c] != 0)
				return malformed(err, "has coefficients of rows that are missing");
	}
	return PPDL_OK;
}

/* PpdlPlaceTaken, when a whole batch is to have no like */
static int
always_taken(const void *batches, uint32_t number, uint32_t i)
{
	return 1;
}

static PpdlStatus
load_batch(PpdlTrainSet *ts, PpdlReader *r, int with_keys, PpdlError *err)
{
	static const uint8_t no_seed[PPDL_SEED_BYTES];
	PpdlCipher	x = {.seed = ppdl_read_bytes(r, PPDL_SEED_BYTES)},
				y = {.seed = ppdl_read_bytes(r, PPDL_SEED_BYTES)};
	const uint8_t *fp = with_keys ? ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES) : ts->fingerprint;
	PpdlTrainBatch *b;
	uint32_t	copy;
	int			key;

	if (r->bad)
		return malformed(err, "is truncated");
	PPDL_TRY(ppdl_key_ring_find(&ts->keys, fp, "state", &key, err));
	ppdl_seed_find_free(&ts->index, x.seed, 0, 0, always_taken, ts, &copy);
	if (ts->width_y > 0 ? copy > 0 : memcmp(y.seed, no_seed, PPDL_SEED_BYTES) != 0)
		return malformed(err, ts->width_y > 0 ? "has a batch twice" : "of features alone has labels");
	PPDL_TRY(new_batch(ts, &x, ts->width_y > 0 ? &y : NULL, copy, err));
	b = &ts->batch[ts->nbatches - 1];
	b->key = key;
	for (size_t i = 0; i < ts->par->n >> ts->logk_x; i++)
	{
		b->ordinal[i] = ppdl_read_u32(r);
		b->rows += b->ordinal[i] != PPDL_NO_PLACE;
	}
	if (b->rows == 0)
		return malformed(err, "has a batch without rows");
	ts->rows += b->rows;
	PPDL_TRY(load_limb(r, ts->par, b->bx, err));
	PPDL_TRY(check_places(ts, b, b->bx, ts->logk_x, err));
	if (b->by == NULL)
		return PPDL_OK;
	PPDL_TRY(load_limb(r, ts->par, b->by, err));
	return check_places(ts, b, b->by, ts->logk_y, err);
}

/* scales are those of slices */
static PpdlStatus
check_shape(const PpdlTrainSet *ts, PpdlError *err)
{
	int			e;

	if (ts->width_x < 1 || ts->width_x > (int) ts->par->n || ts->width_y > ts->width_x ||
		frexp(ts->scale, &e) != 0.5 || e - 1 < PPDL_SCALE_BITS_MIN || e - 1 > PPDL_SCALE_BITS_MAX)
		return malformed(err, "has impossible widths or scale");
	return PPDL_OK;
}

PpdlStatus
ppdl_trainset_fill(PpdlTrainSet *ts, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	reader = ppdl_reader(buf, len),
			   *r = &reader;
	uint8_t		ring = ppdl_read_u8(r);
	const uint8_t *fp = ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES);
	const int	with_keys = ring & WITH_KEYS;
	uint32_t	batches;
	int			own;

	ring &= (uint8_t) ~WITH_KEYS;
	ts->width_x = ppdl_read_u16(r);
	ts->width_y = ppdl_read_u16(r);
	ts->scale = ppdl_read_f64(r);
	batches = ppdl_read_u32(r);
	if (r->bad)
		return malformed(err, "is truncated");
	if (ring != 0)
	{
		if (ring != PPDL_RING_ROW && ring != PPDL_RING_COMPACT)
			return malformed(err, "is of another ring than that of rows");
		PPDL_TRY(ppdl_params_get(ring, &ts->par, err));
		memcpy(ts->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
		PPDL_TRY(ppdl_key_ring_find(&ts->keys, fp, "state", &own, err));
		if (own != 0)
			return malformed(err, "is of a writer's key, not of an owner's");
		PPDL_TRY(check_shape(ts, err));
		ts->logk_x = ppdl_log2_width(ts->width_x);
		ts->logk_y = ts->width_y > 0 ? ppdl_log2_width(ts->width_y) : 0;
		for (uint32_t i = 0; i < batches; i++)
		{
			PPDL_TRY(ppdl_poll(ts->poll, err));
			PPDL_TRY(load_batch(ts, r, with_keys, err));
		}
	}
	else if (ts->width_x != 0 || ts->width_y != 0 || with_keys)
		return malformed(err, "has widths without rows");
	if (ppdl_reader_left(r) != 0 || (ring == 0) != (batches == 0))
		return malformed(err, "has extra bytes");
	return PPDL_OK;
}

PpdlStatus
ppdl_trainset_load(PpdlTrainSet **out, const void *buf, size_t len, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_trainset_create(out, err));
	status = ppdl_trainset_fill(*out, buf, len, err);
	if (status != PPDL_OK)
	{
		ppdl_trainset_destroy(*out);
		*out = NULL;
	}
	return status;
}
