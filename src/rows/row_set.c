#include "rows/row_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_trainset_create(PpdlTrainSet **out, PpdlError *err)
{
	*out = calloc(1, sizeof(PpdlTrainSet));
	return *out == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

void
ppdl_trainset_destroy(PpdlTrainSet *ts)
{
	if (ts == NULL)
		return;
	for (int i = 0; i < ts->nbatches; i++)
	{
		free(ts->batch[i].bx);
		free(ts->batch[i].by);
		free(ts->batch[i].ordinal);
	}
	free(ts->batch);
	free(ts);
}

size_t
ppdl_trainset_memory(const PpdlTrainSet *ts)
{
	size_t		batch = ts->par == NULL ? 0 : 2 * ts->par->n * sizeof(uint64_t) + (ts->par->n >> ts->logk_x) * sizeof(uint32_t);

	return sizeof(*ts) + (size_t) ts->nbatches * (sizeof(PpdlTrainBatch) + batch);
}

uint32_t
ppdl_slice_index(const PpdlCipher *c)
{
	int			bits = c->par->logn - c->logk;

	return ppdl_bitrev(c->pos << (bits - c->logc), bits);
}

static PpdlStatus
begin(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y)
{
	ts->par = x->par;
	memcpy(ts->fingerprint, x->fingerprint, sizeof(ts->fingerprint));
	ts->width_x = x->width;
	ts->logk_x = x->logk;
	ts->scale = x->scale;
	if (y != NULL)
	{
		ts->width_y = y->width;
		ts->logk_y = y->logk;
	}
	return PPDL_OK;
}

static PpdlStatus
check(const PpdlTrainSet *ts, const PpdlCipher *c, int width, const char *what, PpdlError *err)
{
	if (c->kind != PPDL_KIND_SLICE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: only rows as their owner wrote them can be used, not results of operations", what);
	if (c->par != ts->par || memcmp(c->fingerprint, ts->fingerprint, sizeof(ts->fingerprint)) != 0)
	{
		char		have[17],
					got[17];

		ppdl_fingerprint_hex(have, ts->fingerprint);
		ppdl_fingerprint_hex(got, c->fingerprint);
		return ppdl_error(err, PPDL_ERR_KEY, "%s: rows of different keys: %s and %s", what, have, got);
	}
	if (c->width != width)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s: rows of different widths: %d and %d", what, width, c->width);
	if (c->scale != ts->scale)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s: rows of different scales: 2^%.2f and 2^%.2f", what, log2(ts->scale), log2(c->scale));
	return PPDL_OK;
}

static PpdlStatus
new_batch(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, int *at, PpdlError *err)
{
	PpdlTrainBatch *b;

	if (ts->nbatches == ts->cap)
	{
		int			cap = ts->cap ? 2 * ts->cap : 8;
		PpdlTrainBatch *grown = realloc(ts->batch, (size_t) cap * sizeof(*grown));

		if (grown == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ts->batch = grown;
		ts->cap = cap;
	}
	b = &ts->batch[ts->nbatches];
	memset(b, 0, sizeof(*b));
	b->bx = calloc(ts->par->n, sizeof(uint64_t));
	b->by = y == NULL ? NULL : calloc(ts->par->n, sizeof(uint64_t));
	b->ordinal = malloc((ts->par->n >> ts->logk_x) * sizeof(uint32_t));
	if (b->bx == NULL || (y != NULL && b->by == NULL) || b->ordinal == NULL)
	{
		free(b->bx);
		free(b->by);
		free(b->ordinal);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	memset(b->ordinal, 0xFF, (ts->par->n >> ts->logk_x) * sizeof(uint32_t));
	memcpy(b->seed_x, x->seed, PPDL_SEED_BYTES);
	if (y != NULL)
		memcpy(b->seed_y, y->seed, PPDL_SEED_BYTES);
	*at = ts->nbatches++;
	return PPDL_OK;
}

/* a row that is predicted twice goes to another batch of the same seed */
static int
is_batch_of(const PpdlTrainBatch *b, const PpdlCipher *x, int labelled, uint32_t i)
{
	return memcmp(b->seed_x, x->seed, PPDL_SEED_BYTES) == 0 && (labelled || b->ordinal[i] == PPDL_NO_PLACE);
}

/* few batches and rows in order: the last one, then a linear search */
static PpdlStatus
find_batch(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t i, int *at, PpdlError *err)
{
	*at = ts->last;
	if (ts->nbatches == 0 || !is_batch_of(&ts->batch[*at], x, y != NULL, i))
	{
		for (*at = 0; *at < ts->nbatches; ++*at)
			if (is_batch_of(&ts->batch[*at], x, y != NULL, i))
				break;
		if (*at == ts->nbatches)
			PPDL_TRY(new_batch(ts, x, y, at, err));
		ts->last = *at;
	}
	if (y != NULL && memcmp(ts->batch[*at].seed_y, y->seed, PPDL_SEED_BYTES) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "features and label of a row were not encrypted side by side");
	return PPDL_OK;
}

/* a place for row i of the batch of x and y */
static PpdlStatus
take_place(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t i, uint32_t ordinal, PpdlTrainBatch **to, PpdlError *err)
{
	int			at;

	PPDL_TRY(find_batch(ts, x, y, i, &at, err));
	*to = &ts->batch[at];
	if ((*to)->ordinal[i] != PPDL_NO_PLACE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a row came twice; train on each row once");
	(*to)->ordinal[i] = ordinal;
	(*to)->rows++;
	ts->rows++;
	return PPDL_OK;
}

/* the row's coefficients mod q0 at their places pos*g + f*N/k */
static void
put(uint64_t *b, const PpdlCipher *c)
{
	const size_t n = c->par->n,
				k = (size_t) 1 << c->logk,
				g = n >> (c->logk + c->logc);
	uint64_t	v[1 << 14];

	PPDL_ASSERT(k <= sizeof(v) / sizeof(v[0]));
	ppdl_unpack_bits(v, c->residues, k, c->par->ring->mod[0].bits);
	for (size_t f = 0; f < k; f++)
		b[c->pos * g + f * (n / k)] = v[f];
}

PpdlStatus
ppdl_trainset_add(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t ordinal, PpdlError *err)
{
	PpdlTrainBatch *to;
	uint32_t	i;

	if (ts->par == NULL)
		PPDL_TRY(begin(ts, x, y));
	PPDL_TRY(check(ts, x, ts->width_x, "features", err));
	i = ppdl_slice_index(x);
	if (y != NULL)
	{
		PPDL_TRY(check(ts, y, ts->width_y, "label", err));
		if (y->logk > x->logk || ppdl_slice_index(y) != i << (x->logk - y->logk))
		{
			ppdl_error(err, PPDL_ERR_ARGUMENT, "features and label of a row were not encrypted side by side");
			return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Encrypt both columns in one run of ppdl encrypt.");
		}
	}
	PPDL_TRY(take_place(ts, x, y, i, ordinal, &to, err));
	put(to->bx, x);
	if (y != NULL)
		put(to->by, y);
	return PPDL_OK;
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

	for (uint32_t i = 0; i < from->par->n >> from->logk_x; i++)
	{
		PpdlTrainBatch *to;

		if (b->ordinal[i] == PPDL_NO_PLACE)
			continue;
		PPDL_TRY(take_place(into, &x, b->by == NULL ? NULL : &y, i, b->ordinal[i] + offset, &to, err));
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
		into->par = from->par;
		memcpy(into->fingerprint, from->fingerprint, sizeof(into->fingerprint));
		into->width_x = from->width_x;
		into->logk_x = from->logk_x;
		into->width_y = from->width_y;
		into->logk_y = from->logk_y;
		into->scale = from->scale;
	}
	if (into->par != from->par || memcmp(into->fingerprint, from->fingerprint, sizeof(into->fingerprint)) != 0)
		return ppdl_error(err, PPDL_ERR_KEY, "training rows of different keys");
	if (into->width_x != from->width_x || into->width_y != from->width_y || into->scale != from->scale)
		return ppdl_error(err, PPDL_ERR_SCALE, "training rows of different shapes");
	for (int i = 0; i < from->nbatches; i++)
		PPDL_TRY(merge_batch(into, from, &from->batch[i], offset, err));
	return PPDL_OK;
}

/* u8 ring, fingerprint, u16 widths, f64 scale, u32 batches; a batch: seeds, u32 ordinals, packed bx, by */
PpdlStatus
ppdl_trainset_save(const PpdlTrainSet *ts, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_u8(w, ts->par == NULL ? 0 : ts->par->id);
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

		ppdl_write_bytes(w, b->seed_x, PPDL_SEED_BYTES);
		ppdl_write_bytes(w, b->seed_y, PPDL_SEED_BYTES);
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
load_limb(PpdlReader *r, const PpdlParams *par, uint64_t *out, PpdlError *err)
{
	const PpdlModulus *m = &par->ring->mod[0];
	const uint8_t *p = ppdl_read_bytes(r, ppdl_packed_size(par->n, m->bits));

	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "training state is truncated");
	ppdl_unpack_bits(out, p, par->n, m->bits);
	for (size_t c = 0; c < par->n; c++)
		if (out[c] >= m->q)
			return ppdl_error(err, PPDL_ERR_FORMAT, "training state has a residue that is not below its modulus");
	return PPDL_OK;
}

static PpdlStatus
load_batch(PpdlTrainSet *ts, PpdlReader *r, PpdlError *err)
{
	PpdlCipher	x = {0},
				y = {0};
	PpdlTrainBatch *b;
	int			at;

	x.seed = ppdl_read_bytes(r, PPDL_SEED_BYTES);
	y.seed = ppdl_read_bytes(r, PPDL_SEED_BYTES);
	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "training state is truncated");
	PPDL_TRY(new_batch(ts, &x, ts->width_y > 0 ? &y : NULL, &at, err));
	b = &ts->batch[at];
	for (size_t i = 0; i < ts->par->n >> ts->logk_x; i++)
	{
		b->ordinal[i] = ppdl_read_u32(r);
		b->rows += b->ordinal[i] != PPDL_NO_PLACE;
	}
	ts->rows += b->rows;
	PPDL_TRY(load_limb(r, ts->par, b->bx, err));
	if (b->by != NULL)
		PPDL_TRY(load_limb(r, ts->par, b->by, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_trainset_load(PpdlTrainSet **out, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	PpdlTrainSet *ts;
	uint8_t		ring = ppdl_read_u8(&r);
	const uint8_t *fp = ppdl_read_bytes(&r, PPDL_FINGERPRINT_BYTES);
	uint32_t	batches;
	PpdlStatus	status;

	PPDL_TRY(ppdl_trainset_create(out, err));
	ts = *out;
	ts->width_x = ppdl_read_u16(&r);
	ts->width_y = ppdl_read_u16(&r);
	ts->scale = ppdl_read_f64(&r);
	batches = ppdl_read_u32(&r);
	status = r.bad ? ppdl_error(err, PPDL_ERR_FORMAT, "training state is truncated") : PPDL_OK;
	if (status == PPDL_OK && ring != 0)
	{
		PPDL_GOTO(fail, ppdl_params_get(ring, &ts->par, err));
		memcpy(ts->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
		if (ts->width_x < 1 || ts->width_x > (int) ts->par->n || ts->width_y > ts->width_x || !(ts->scale >= 1 && ts->scale < 0x1p50))
		{
			status = ppdl_error(err, PPDL_ERR_FORMAT, "training state has impossible widths or scale");
			goto fail;
		}
		ts->logk_x = ppdl_log2_width(ts->width_x);
		ts->logk_y = ts->width_y > 0 ? ppdl_log2_width(ts->width_y) : 0;
		for (uint32_t i = 0; i < batches; i++)
			PPDL_GOTO(fail, load_batch(ts, &r, err));
	}
	if (status == PPDL_OK && (ppdl_reader_left(&r) != 0 || (ring == 0 && batches != 0)))
		status = ppdl_error(err, PPDL_ERR_FORMAT, "training state has extra bytes");
fail:
	if (status != PPDL_OK)
	{
		ppdl_trainset_destroy(ts);
		*out = NULL;
	}
	return status;
}
