#include "rows/receipt.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ring/vec.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/receipt_impl.h"
#include "rows/sum.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ life and death */

PpdlStatus
ppdl_receipt_create(PpdlReceipt **out, PpdlError *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return no_memory(err);
	(*out)->bytes = sizeof(**out);
	return PPDL_OK;
}

void
ppdl_receipt_forget_bounds(PpdlReceiptPart *p)
{
	ppdl_bound_table_free(&p->bound);
}

static void
free_part(PpdlReceiptPart *p)
{
	for (int l = 0; l < PPDL_TAG_LIMBS; l++)
		ppdl_free_aligned(p->b[l]);
	ppdl_receipt_forget_bounds(p);
}

static void
free_section(PpdlReceiptSection *s)
{
	for (uint32_t i = 0; i < s->nparts; i++)
		free_part(&s->part[i]);
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
		if (s->batch[i].words > PPDL_RECEIPT_FEW)
			free(s->batch[i].bits.many);
	free(s->part);
	free(s->batch);
	ppdl_seed_table_free(&s->index);
}

void
ppdl_receipt_destroy(PpdlReceipt *r)
{
	if (r == NULL)
		return;
	for (uint32_t i = 0; i < r->nsections; i++)
		free_section(&r->section[i]);
	free(r->section);
	free(r);
}

PpdlStatus
ppdl_receipt_add_bound(PpdlReceipt *r, PpdlReceiptPart *p, const void *text, size_t len, uint64_t rows, PpdlError *err)
{
	const size_t before = ppdl_bound_table_memory(&p->bound);
	uint32_t	number;

	PPDL_TRY(ppdl_bound_number(&p->bound, text, len, &number, err));
	p->bound.text[number].rows += rows;
	r->bytes += ppdl_bound_table_memory(&p->bound) - before;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ sections, parts, batches */

PpdlStatus
ppdl_receipt_new_part(PpdlReceipt *r, PpdlReceiptSection *s, PpdlError *err)
{
	const size_t bytes = sizeof(uint64_t) << s->logk;
	PpdlReceiptPart *more,
			   *p;

	if (s->nparts == PPDL_MAX_PARTS)
		return ppdl_error(err, PPDL_ERR_RANGE, "receipt of more than %d parts", PPDL_MAX_PARTS);
	more = realloc(s->part, (s->nparts + 1) * sizeof(*more));
	if (more == NULL)
		return no_memory(err);
	s->part = more;
	p = &s->part[s->nparts];
	memset(p, 0, sizeof(*p));
	s->nparts++;
	r->bytes += sizeof(*p) + (size_t) s->limbs * bytes;
	for (int l = 0; l < s->limbs; l++)
	{
		p->b[l] = ppdl_alloc_aligned(bytes);
		if (p->b[l] == NULL)
			return no_memory(err);
		memset(p->b[l], 0, bytes);
	}
	return PPDL_OK;
}

static int
is_like(const PpdlReceiptSection *s, const PpdlReceiptSection *like)
{
	return s->par == like->par && s->width == like->width && s->limbs == like->limbs && s->scale == like->scale &&
		memcmp(s->fingerprint, like->fingerprint, PPDL_FINGERPRINT_BYTES) == 0;
}

PpdlStatus
ppdl_receipt_section(PpdlReceipt *r, const PpdlReceiptSection *like, PpdlReceiptSection **out, PpdlError *err)
{
	PpdlReceiptSection *more;

	for (uint32_t i = 0; i < r->nsections; i++)
	{
		*out = &r->section[(r->last + i) % r->nsections];
		if (is_like(*out, like))
		{
			r->last = (uint32_t) (*out - r->section);
			return PPDL_OK;
		}
	}
	if (r->nsections == PPDL_MAX_SECTIONS)
		return ppdl_error(err, PPDL_ERR_RANGE, "receipt of rows of more than %d keys or shapes", PPDL_MAX_SECTIONS);
	more = realloc(r->section, (r->nsections + 1) * sizeof(*more));
	if (more == NULL)
		return no_memory(err);
	r->section = more;
	r->last = r->nsections++;
	*out = &r->section[r->last];
	**out = *like;
	(*out)->part = NULL;
	(*out)->batch = NULL;
	(*out)->index = (PpdlSeedTable) {0};
	(*out)->nparts = (*out)->batch_cap = (*out)->last = 0;
	(*out)->reach = ppdl_sum_reach(like->par, like->limbs, like->scale);
	for (int l = 0; l < like->limbs; l++)
		ppdl_unpack_plan(&(*out)->plan[l], (size_t) 1 << like->logk, like->par->ring->mod[l].bits);
	r->bytes += sizeof(**out);
	return ppdl_receipt_new_part(r, *out, err);
}

/* the last part, or a new one where that has no room for so many rows more */
static PpdlStatus
part_with_room(PpdlReceipt *r, PpdlReceiptSection *s, uint64_t rows, uint32_t *number, PpdlError *err)
{
	const PpdlReceiptPart *p = &s->part[s->nparts - 1];

	*number = s->nparts - 1;
	if (p->rows == 0 || (double) (p->rows + rows) <= s->reach)
		return PPDL_OK;
	PPDL_TRY(ppdl_receipt_new_part(r, s, err));
	*number = s->nparts - 1;
	return PPDL_OK;
}

/* without their bits */
static size_t
batches_memory(const PpdlReceiptSection *s)
{
	return ppdl_seed_table_memory(&s->index) + s->batch_cap * sizeof(s->batch[0]);
}

PpdlStatus
ppdl_receipt_batch(PpdlReceipt *r, PpdlReceiptSection *s, const uint8_t *seed, int logc, uint32_t part,
				   PpdlReceiptBatch **out, PpdlError *err)
{
	const size_t before = batches_memory(s);
	uint32_t	number = ppdl_receipt_batches(s);
	PpdlReceiptBatch *b = s->batch == NULL ? NULL : &s->batch[s->last];

	if (b != NULL && number > 0 && b->part == part && b->logc == logc && memcmp(b->seed, seed, PPDL_SEED_BYTES) == 0)
	{
		*out = b;
		return PPDL_OK;
	}
	number = ppdl_seed_find(&s->index, seed, logc, part);
	if (number == PPDL_NO_BATCH)
	{
		number = ppdl_receipt_batches(s);
		PPDL_TRY(ppdl_grow((void **) &s->batch, sizeof(*b), number, &s->batch_cap, err));
		PPDL_TRY(ppdl_seed_add(&s->index, seed, logc, part, err));
		b = &s->batch[number];
		*b = (PpdlReceiptBatch) {.logc = logc, .part = part};
		memcpy(b->seed, seed, PPDL_SEED_BYTES);
		r->bytes += batches_memory(s) - before;
	}
	s->last = number;
	*out = &s->batch[number];
	return PPDL_OK;
}

/* room for bits up to pos, and bits where there were none */
static PpdlStatus
need_bits(PpdlReceipt *r, PpdlReceiptBatch *b, uint32_t pos, PpdlError *err)
{
	const uint32_t all = b->logc > 6 ? 1u << (b->logc - 6) : 1,
				rows = b->words == 0 ? b->rows : 0,
				before = b->words;
	uint32_t	words = before > 0 ? before : PPDL_RECEIPT_FEW;
	uint64_t   *bits;

	while (words * 64 <= pos || words * 64 < rows)
		words *= 2;
	words = words < all ? words : all;
	if (before > 0 && words <= before)
		return PPDL_OK;
	if (words > PPDL_RECEIPT_FEW)
	{
		bits = realloc(before > PPDL_RECEIPT_FEW ? b->bits.many : NULL, words * sizeof(*bits));
		if (bits == NULL)
			return no_memory(err);
		if (before <= PPDL_RECEIPT_FEW)
			memcpy(bits, b->bits.few, before * sizeof(*bits));
		r->bytes += (words - (before > PPDL_RECEIPT_FEW ? before : 0)) * sizeof(*bits);
		b->bits.many = bits;
	}
	b->words = words;
	bits = ppdl_receipt_bits(b);
	memset(bits + before, 0, (words - before) * sizeof(*bits));
	for (uint32_t i = 0; i < rows; i++)
		bits[i >> 6] |= UINT64_C(1) << (i & 63);
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_set(PpdlReceipt *r, PpdlReceiptBatch *b, uint32_t pos, PpdlError *err)
{
	uint64_t   *word;

	PPDL_TRY(need_bits(r, b, pos, err));
	word = &ppdl_receipt_bits(b)[pos >> 6];
	b->rows += !(*word >> (pos & 63) & 1);
	*word |= UINT64_C(1) << (pos & 63);
	return PPDL_OK;
}

/* is the row in any part? */
static int
is_taken(const PpdlReceiptSection *s, const uint8_t *seed, int logc, uint32_t pos)
{
	const PpdlReceiptBatch *last = s->batch == NULL ? NULL : &s->batch[s->last];

	if (s->nparts == 1 && last != NULL && last->logc == logc && memcmp(last->seed, seed, PPDL_SEED_BYTES) == 0)
		return ppdl_receipt_has(last, pos);
	for (uint32_t part = 0; part < s->nparts; part++)
	{
		uint32_t	number = ppdl_seed_find(&s->index, seed, logc, part);

		if (number != PPDL_NO_BATCH && ppdl_receipt_has(&s->batch[number], pos))
			return 1;
	}
	return 0;
}

static PpdlStatus
twice(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "a receipt of rows of which one comes twice");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "A join may repeat rows: take each once. A row that was copied within its table counts as "
						   "the same row.");
}

/* ------------------------------------------------------------------ adding */

static void
reduce_part(const PpdlReceiptSection *s, PpdlReceiptPart *p)
{
	for (int l = 0; l < s->limbs; l++)
	{
		const PpdlModulus *m = &s->par->ring->mod[l];

		for (size_t f = 0; f < (size_t) 1 << s->logk; f++)
			p->b[l][f] = ppdl_mod_from_u64(m, p->b[l][f]);
		for (int i = 0; i < PPDL_TAGS_A_LIMB; i++)
			p->tag[l * PPDL_TAGS_A_LIMB + i] = ppdl_mod_from_u64(m, p->tag[l * PPDL_TAGS_A_LIMB + i]);
	}
	p->lazy = 0;
}

void
ppdl_receipt_reduce(PpdlReceipt *r)
{
	for (uint32_t i = 0; i < r->nsections; i++)
		for (uint32_t j = 0; j < r->section[i].nparts; j++)
			reduce_part(&r->section[i], &r->section[i].part[j]);
}

static PpdlStatus
check_row(const PpdlCipher *c, PpdlError *err)
{
	if (c->kind != PPDL_KIND_SLICE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "only rows as their owner encrypted them have receipts");
	if (c->tags == NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "a row that was encrypted without a receipt");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Rows that ppdl encrypt --receipts writes have one.");
	}
	return ppdl_tags_check(c, err);
}

static PpdlReceiptSection
shape_of(const PpdlCipher *c)
{
	PpdlReceiptSection s = {.par = c->par, .limbs = ppdl_tagged_limbs(c->limbs), .width = c->width, .logk = c->logk,
		.scale = c->scale};

	memcpy(s.fingerprint, c->fingerprint, PPDL_FINGERPRINT_BYTES);
	return s;
}

/* one row more in the sums of a part */
static inline void
add_sums(const PpdlReceiptSection *s, PpdlReceiptPart *p, const uint8_t *residues, const uint8_t *tags)
{
	for (int l = 0; l < s->limbs; l++)
	{
		ppdl_unpack_add(&s->plan[l], p->b[l], residues);
		residues += s->plan[l].bytes;
	}
	for (int i = 0; i < s->limbs * PPDL_TAGS_A_LIMB; i++)
		p->tag[i] += ppdl_tag(tags, i);
	if (++p->lazy == PPDL_LAZY_ADDS)
		reduce_part(s, p);
	p->rows++;
}

PpdlStatus
ppdl_receipt_add(PpdlReceipt *r, const PpdlCipher *c, const void *bound, size_t len, PpdlError *err)
{
	PpdlReceiptSection like,
			   *s;
	PpdlReceiptPart *p;
	PpdlReceiptBatch *b;
	uint32_t	part;

	r->row.row_len = 0;
	PPDL_TRY(check_row(c, err));
	like = shape_of(c);
	PPDL_TRY(ppdl_receipt_section(r, &like, &s, err));
	if (is_taken(s, c->seed, c->logc, c->pos))
		return twice(err);
	PPDL_TRY(ppdl_encoding_join_seed(&s->encoding, c->seed, "receipt", err));
	PPDL_TRY(part_with_room(r, s, 1, &part, err));
	PPDL_TRY(ppdl_receipt_batch(r, s, c->seed, c->logc, part, &b, err));
	p = &s->part[part];
	PPDL_TRY(ppdl_receipt_add_bound(r, p, bound, len, 1, err));
	PPDL_TRY(ppdl_receipt_set(r, b, c->pos, err));
	add_sums(s, p, c->residues, c->tags);
	r->rows++;
	return PPDL_OK;
}

static inline uint64_t
load(const uint8_t *p)
{
	uint64_t	v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 0: all before the residues is that of the last row, but for the position */
static inline uint64_t
differs(const PpdlReceiptLast *last, const uint8_t *row)
{
	const uint64_t head = (load(row) ^ last->head[0]) | (load(row + 8) ^ last->head[1]) |
		(load(row + 16) ^ last->head[2]),
				seed = (load(row + 28) ^ last->seed[0]) | (load(row + 36) ^ last->seed[1]) |
		(load(row + 44) ^ last->seed[2]) | (load(row + 52) ^ last->seed[3]);

	return head | seed | (row[24] ^ last->flags) | (row[25] ^ last->logk);
}

/*
 * A row of the batch and with the bound text of the last one: 1 = added, 0 = take the slow path, which also raises
 * errors.
 */
static inline int
add_alike(PpdlReceipt *r, const uint8_t *row, size_t row_len, const void *bound, size_t len)
{
	const PpdlReceiptLast *last = &r->row;
	const uint32_t pos = (uint32_t) row[26] | (uint32_t) row[27] << 8;
	const uint64_t bit = UINT64_C(1) << (pos & 63);
	const int	tags = last->section->limbs * PPDL_TAGS_A_LIMB;
	const uint8_t *tag = row + row_len - PPDL_MAC_BYTES - (size_t) tags * sizeof(uint64_t);

	if (differs(last, row) != 0 || pos >= last->positions || (last->bits[pos >> 6] & bit) != 0 ||
		last->part->rows >= last->most || last->text->len != len ||
		(len > 0 && memcmp(last->text->text, bound, len) != 0))
		return 0;
	for (int i = 0; i < tags; i++)
		if (ppdl_tag(tag, i) >= last->q[i / PPDL_TAGS_A_LIMB])
			return 0;
	last->text->rows++;
	last->batch->rows++;
	last->bits[pos >> 6] |= bit;
	add_sums(last->section, last->part, row + PPDL_SLICE_HEADER, tag);
	r->rows++;
	return 1;
}

/* so that the next one is quick, unless the section has parts */
static void
remember(PpdlReceipt *r, const uint8_t *row, size_t row_len)
{
	PpdlReceiptLast *last = &r->row;
	PpdlReceiptSection *s = &r->section[r->last];
	const uint32_t all = UINT32_C(1) << s->batch[s->last].logc;

	if (s->nparts > 1)
		return;
	last->section = s;
	last->part = &s->part[0];
	last->batch = &s->batch[s->last];
	last->text = &last->part->bound.text[last->part->bound.last];
	last->bits = ppdl_receipt_bits(last->batch);
	last->positions = last->batch->words * 64 < all ? last->batch->words * 64 : all;
	last->most = s->reach < 0x1p63 ? (uint64_t) s->reach : UINT64_MAX;
	for (int l = 0; l < s->limbs; l++)
		last->q[l] = s->par->ring->mod[l].q;
	memcpy(last->head, row, sizeof(last->head));
	last->flags = row[24];
	last->logk = row[25];
	memcpy(last->seed, row + 28, sizeof(last->seed));
	last->row_len = row_len;
}

PpdlStatus
ppdl_receipt_add_bytes(PpdlReceipt *r, const void *row, size_t row_len, const void *bound, size_t len, PpdlError *err)
{
	PpdlCipher	c;

	if (r->row.row_len > 0 && row_len == r->row.row_len && add_alike(r, row, row_len, bound, len))
		return PPDL_OK;
	PPDL_TRY(ppdl_cipher_parse(&c, row, row_len, err));
	PPDL_TRY(ppdl_receipt_add(r, &c, bound, len, err));
	remember(r, row, row_len);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ merging */

static PpdlStatus
merge_batch(PpdlReceipt *r, PpdlReceiptSection *s, uint32_t part, const PpdlReceiptBatch *from, PpdlError *err)
{
	const uint32_t end = ppdl_receipt_end(from);
	PpdlReceiptBatch *b;

	for (uint32_t other = 0; other < s->nparts; other++)
	{
		uint32_t	number = ppdl_seed_find(&s->index, from->seed, from->logc, other);

		if (number != PPDL_NO_BATCH && ppdl_receipt_overlap(&s->batch[number], from))
			return twice(err);
	}
	PPDL_TRY(ppdl_receipt_batch(r, s, from->seed, from->logc, part, &b, err));
	PPDL_TRY(need_bits(r, b, end - 1, err));
	for (uint32_t i = 0; i * 64 < end; i++)
		ppdl_receipt_bits(b)[i] |= ppdl_receipt_word(from, i);
	b->rows += from->rows;
	return PPDL_OK;
}

/* part `number` of from; both reduced */
static PpdlStatus
merge_part(PpdlReceipt *r, PpdlReceiptSection *s, const PpdlReceiptSection *from, uint32_t number, PpdlError *err)
{
	const PpdlReceiptPart *q = &from->part[number];
	PpdlReceiptPart *p;
	uint32_t	part;

	if (q->rows == 0)
		return PPDL_OK;
	PPDL_TRY(part_with_room(r, s, q->rows, &part, err));
	p = &s->part[part];
	for (int l = 0; l < s->limbs; l++)
	{
		const PpdlModulus *m = &s->par->ring->mod[l];

		for (size_t f = 0; f < (size_t) 1 << s->logk; f++)
			p->b[l][f] = ppdl_mod_add(m, p->b[l][f], ppdl_mod_from_u64(m, q->b[l][f]));
		for (int i = l * PPDL_TAGS_A_LIMB; i < (l + 1) * PPDL_TAGS_A_LIMB; i++)
			p->tag[i] = ppdl_mod_add(m, p->tag[i], ppdl_mod_from_u64(m, q->tag[i]));
	}
	for (uint32_t i = 0; i < ppdl_receipt_bounds(q); i++)
	{
		const PpdlBoundText *b = &q->bound.text[i];

		PPDL_TRY(ppdl_receipt_add_bound(r, p, b->text, b->len, b->rows, err));
	}
	p->rows += q->rows;
	r->rows += q->rows;
	for (uint32_t i = 0; i < ppdl_receipt_batches(from); i++)
	{
		if (from->batch[i].part != number)
			continue;
		PPDL_TRY(ppdl_poll(r->poll, err));
		PPDL_TRY(merge_batch(r, s, part, &from->batch[i], err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_merge(PpdlReceipt *into, const PpdlReceipt *from, PpdlError *err)
{
	into->row.row_len = 0;
	ppdl_receipt_reduce(into);
	for (uint32_t i = 0; i < from->nsections; i++)
	{
		const PpdlReceiptSection *f = &from->section[i];
		PpdlReceiptSection *s;

		PPDL_TRY(ppdl_receipt_section(into, f, &s, err));
		PPDL_TRY(ppdl_encoding_join(&s->encoding, f->encoding, "receipt", err));
		for (uint32_t part = 0; part < f->nparts; part++)
			PPDL_TRY(merge_part(into, s, f, part, err));
	}
	return PPDL_OK;
}
