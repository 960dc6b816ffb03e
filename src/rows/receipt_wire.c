#include <stdlib.h>

#include "base/mem.h"
#include "rows/encoding.h"
#include "rows/receipt_impl.h"
#include "rows/residues.h"

#define FLAG_SHORT 0x40			/* of the seed what the encoding does not say */
#define FLAG_BITS 0x80

/* ------------------------------------------------------------------ writing */

/* the highest position with a row, and one */
static uint32_t
last_position(const PpdlReceiptBatch *b)
{
	uint32_t	n = ppdl_receipt_end(b);

	while (n > 0 && !ppdl_receipt_has(b, n - 1))
		n--;
	return n;
}

static PpdlStatus
write_batch(PpdlWriter *w, const PpdlReceiptSection *s, const PpdlReceiptBatch *b, PpdlError *err)
{
	const uint32_t n = last_position(b);
	const int	bits = b->rows < n;
	uint64_t	encoding = 0;
	int			is_short;

	if (s->encoding != 0)
		PPDL_TRY(ppdl_encoding_of_seed(b->seed, &encoding, err));
	is_short = encoding != 0 && encoding == s->encoding;
	ppdl_write_u8(w, (uint8_t) (b->logc | (is_short ? FLAG_SHORT : 0) | (bits ? FLAG_BITS : 0)));
	ppdl_write_u16(w, (uint16_t) (n - 1));
	ppdl_write_bytes(w, b->seed, is_short ? PPDL_ENCODING_FRESH : PPDL_SEED_BYTES);
	for (uint32_t i = 0; bits && i < n; i += 8)
		ppdl_write_u8(w, (uint8_t) (ppdl_receipt_word(b, i >> 6) >> (i & 63)));
	return PPDL_OK;
}

static PpdlStatus
write_part(const PpdlReceipt *r, PpdlWriter *w, const PpdlReceiptSection *s, uint32_t number, PpdlError *err)
{
	const PpdlReceiptPart *p = &s->part[number];
	uint32_t	batches = 0;

	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
		batches += s->batch[i].part == number;
	ppdl_write_u64(w, p->rows);
	ppdl_write_u32(w, ppdl_receipt_bounds(p));
	ppdl_write_u32(w, batches);
	for (int l = 0; l < s->limbs; l++)
		ppdl_residues_put(w, &s->par->ring->mod[l], p->b[l], (size_t) 1 << s->logk);
	for (int i = 0; i < s->limbs * PPDL_TAGS_A_LIMB; i++)
		ppdl_write_u64(w, p->tag[i]);
	for (uint32_t i = 0; i < ppdl_receipt_bounds(p); i++)
	{
		const PpdlBoundText *b = &p->bound.text[i];

		ppdl_write_u64(w, b->rows);
		ppdl_write_u32(w, (uint32_t) b->len);
		ppdl_write_bytes(w, b->text, b->len);
	}
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
	{
		if (s->batch[i].part != number)
			continue;
		if (i % 1024 == 0)
			PPDL_TRY(ppdl_poll(r->poll, err));
		PPDL_TRY(write_batch(w, s, &s->batch[i], err));
	}
	return PPDL_OK;
}

static PpdlStatus
write_section(const PpdlReceipt *r, PpdlWriter *w, const PpdlReceiptSection *s, PpdlError *err)
{
	ppdl_write_bytes(w, s->fingerprint, PPDL_FINGERPRINT_BYTES);
	ppdl_write_u8(w, s->par->id);
	ppdl_write_u8(w, (uint8_t) s->limbs);
	ppdl_write_u16(w, (uint16_t) s->width);
	ppdl_write_f64(w, s->scale);
	ppdl_write_u64(w, s->encoding);
	ppdl_write_u32(w, s->nparts);
	ppdl_write_u32(w, 0);
	for (uint32_t i = 0; i < s->nparts; i++)
		PPDL_TRY(write_part(r, w, s, i, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_write(PpdlReceipt *r, PpdlWriter *w, PpdlError *err)
{
	if (r->rows == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a receipt of no rows");
	ppdl_receipt_reduce(r);
	ppdl_write_u32(w, PPDL_RECEIPT_MAGIC);
	ppdl_write_u8(w, PPDL_RECEIPT_VERSION);
	for (int i = 0; i < 3; i++)
		ppdl_write_u8(w, 0);
	ppdl_write_u32(w, r->nsections);
	ppdl_write_u32(w, 0);
	for (uint32_t i = 0; i < r->nsections; i++)
		PPDL_TRY(write_section(r, w, &r->section[i], err));
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* ------------------------------------------------------------------ reading */

static PpdlStatus
cut_short(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "receipt that is cut short");
}

static PpdlStatus
read_seed(uint8_t seed[PPDL_SEED_BYTES], PpdlReader *in, const PpdlReceiptSection *s, int is_short, PpdlError *err)
{
	const uint8_t *p = ppdl_read_bytes(in, is_short ? PPDL_ENCODING_FRESH : PPDL_SEED_BYTES);
	uint64_t	encoding;

	if (in->bad)
		return cut_short(err);
	if (is_short && s->encoding == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with a short seed and no encoding that completes it");
	if (is_short)
		return ppdl_encoding_seed_of(seed, p, s->encoding, err);
	memcpy(seed, p, PPDL_SEED_BYTES);
	PPDL_TRY(ppdl_encoding_of_seed(seed, &encoding, err));
	if (encoding != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with a seed of another encoding than the others, or too long");
	return PPDL_OK;
}

/* positions of a batch that has none yet */
static PpdlStatus
read_bits(PpdlReceipt *r, PpdlReceiptBatch *b, PpdlReader *in, uint32_t n, PpdlError *err)
{
	const uint8_t *bits = ppdl_read_bytes(in, (n + 7) / 8);

	if (in->bad)
		return cut_short(err);
	if ((bits[(n - 1) / 8] >> ((n - 1) & 7)) != 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with a batch that does not end at its last position");
	/* room for all; beyond the last position the last byte has none */
	PPDL_TRY(ppdl_receipt_set(r, b, n - 1, err));
	memcpy(ppdl_receipt_bits(b), bits, (n + 7) / 8);
	b->rows = 0;
	for (uint32_t i = 0; i < b->words; i++)
		b->rows += (uint32_t) __builtin_popcountll(ppdl_receipt_word(b, i));
	return PPDL_OK;
}

/* *encoded: set when the batch says its encoding */
static PpdlStatus
read_batch(PpdlReceipt *r, PpdlReceiptSection *s, uint32_t part, PpdlReader *in, unsigned *encoded, PpdlError *err)
{
	const unsigned head = ppdl_read_u8(in);
	const uint32_t n = (uint32_t) ppdl_read_u16(in) + 1;
	const int	logc = head & ~(FLAG_SHORT | FLAG_BITS);
	uint8_t		seed[PPDL_SEED_BYTES];
	PpdlReceiptBatch *b;

	PPDL_TRY(read_seed(seed, in, s, (head & FLAG_SHORT) != 0, err));
	*encoded |= head & FLAG_SHORT;
	if (logc + s->logk > s->par->logn || (n - 1) >> logc != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt of position %u of a batch of 2^%d rows", n - 1, logc);
	if (ppdl_seed_find(&s->index, seed, logc, part) != PPDL_NO_BATCH)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt that names a batch twice");
	PPDL_TRY(ppdl_receipt_batch(r, s, seed, logc, part, &b, err));
	if (head & FLAG_BITS)
		PPDL_TRY(read_bits(r, b, in, n, err));
	else
		b->rows = n;
	s->part[part].rows += b->rows;
	return PPDL_OK;
}

/* parts before this one have no row of the batch that it has */
static PpdlStatus
check_apart(const PpdlReceipt *r, const PpdlReceiptSection *s, uint32_t part, PpdlError *err)
{
	for (uint32_t i = 0; part > 0 && i < ppdl_receipt_batches(s); i++)
	{
		if (i % 1024 == 0)
			PPDL_TRY(ppdl_poll(r->poll, err));
		for (uint32_t before = 0; before < part && s->batch[i].part == part; before++)
		{
			const PpdlReceiptBatch *b = &s->batch[i];
			uint32_t	other = ppdl_seed_find(&s->index, b->seed, b->logc, before);

			if (other != PPDL_NO_BATCH && ppdl_receipt_overlap(b, &s->batch[other]))
				return ppdl_error(err, PPDL_ERR_FORMAT, "receipt in which a row comes twice");
		}
	}
	return PPDL_OK;
}

static PpdlStatus
read_bounds(PpdlReceipt *r, PpdlReceiptPart *p, uint32_t count, PpdlReader *in, uint64_t *rows, PpdlError *err)
{
	PpdlBoundValue value[PPDL_MAX_BOUND_VALUES];
	int			values;

	for (uint32_t i = 0; i < count; i++)
	{
		uint64_t	n = ppdl_read_u64(in);
		uint32_t	len = ppdl_read_u32(in);
		const uint8_t *text = ppdl_read_bytes(in, len);

		if (in->bad)
			return cut_short(err);
		PPDL_TRY(ppdl_bound_read(value, &values, text, len, err));
		if (n == 0 || n > UINT64_MAX - *rows)
			return ppdl_error(err, PPDL_ERR_FORMAT, "receipt of %llu rows of one bound text", (unsigned long long) n);
		PPDL_TRY(ppdl_receipt_add_bound(r, p, text, len, n, err));
		if (ppdl_receipt_bounds(p) != i + 1)
			return ppdl_error(err, PPDL_ERR_FORMAT, "receipt that names a bound text twice");
		*rows += n;
	}
	return PPDL_OK;
}

static PpdlStatus
read_sums(const PpdlReceiptSection *s, PpdlReceiptPart *p, PpdlReader *in, PpdlError *err)
{
	const size_t k = (size_t) 1 << s->logk;

	for (int l = 0; l < s->limbs; l++)
	{
		const PpdlModulus *m = &s->par->ring->mod[l];
		const uint8_t *packed = ppdl_read_bytes(in, ppdl_packed_size(k, m->bits));

		if (in->bad)
			return cut_short(err);
		PPDL_TRY(ppdl_residues_get(m, p->b[l], packed, k, err));
	}
	for (int i = 0; i < s->limbs * PPDL_TAGS_A_LIMB; i++)
	{
		p->tag[i] = ppdl_read_u64(in);
		if (p->tag[i] >= s->par->ring->mod[i / PPDL_TAGS_A_LIMB].q)
			return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with a tag that is not below its modulus");
	}
	return PPDL_OK;
}

static PpdlStatus
read_part(PpdlReceipt *r, PpdlReceiptSection *s, uint32_t number, PpdlReader *in, unsigned *encoded, PpdlError *err)
{
	const uint64_t rows = ppdl_read_u64(in);
	const uint32_t bounds = ppdl_read_u32(in),
				batches = ppdl_read_u32(in);
	uint64_t	bound_rows = 0;

	if (number > 0)
		PPDL_TRY(ppdl_receipt_new_part(r, s, err));
	PPDL_TRY(read_sums(s, &s->part[number], in, err));
	PPDL_TRY(read_bounds(r, &s->part[number], bounds, in, &bound_rows, err));
	for (uint32_t i = 0; i < batches; i++)
	{
		if (i % 1024 == 0)
			PPDL_TRY(ppdl_poll(r->poll, err));
		PPDL_TRY(read_batch(r, s, number, in, encoded, err));
	}
	PPDL_TRY(check_apart(r, s, number, err));
	if (rows == 0 || s->part[number].rows != rows || bound_rows != rows ||
		(double) rows > s->reach)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt of %llu rows that names %llu, with bound texts of %llu",
						  (unsigned long long) rows, (unsigned long long) s->part[number].rows,
						  (unsigned long long) bound_rows);
	r->rows += rows;
	return PPDL_OK;
}

/* what a section has in common with its rows; its rules are those of a slice */
static PpdlStatus
read_shape(PpdlReceiptSection *s, const PpdlParams *ring, PpdlReader *in, PpdlError *err)
{
	const uint8_t *fingerprint = ppdl_read_bytes(in, PPDL_FINGERPRINT_BYTES);
	const unsigned id = ppdl_read_u8(in);
	PpdlCipher	row = {.kind = PPDL_KIND_SLICE, .noise = PPDL_SIGMA, .bound = 1};

	row.limbs = ppdl_read_u8(in);
	row.width = ppdl_read_u16(in);
	row.scale = ppdl_read_f64(in);
	s->encoding = ppdl_read_u64(in);
	if (in->bad)
		return cut_short(err);
	if (ring != NULL && ring->id == id)
		row.par = ring;
	else
		PPDL_TRY(ppdl_params_get((uint8_t) id, &row.par, err));
	row.logk = ppdl_log2_width(row.width < 1 ? 1 : row.width);
	PPDL_TRY(ppdl_cipher_check(&row, PPDL_ERR_FORMAT, err));
	if (row.limbs > PPDL_TAG_LIMBS || s->encoding >> PPDL_ENCODING_BITS != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt of %d limbs and encoding %llx", row.limbs,
						  (unsigned long long) s->encoding);
	s->par = row.par;
	s->limbs = row.limbs;
	s->width = row.width;
	s->logk = row.logk;
	s->scale = row.scale;
	memcpy(s->fingerprint, fingerprint, PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

static PpdlStatus
read_section(PpdlReceipt *r, const PpdlParams *ring, PpdlReader *in, PpdlError *err)
{
	const uint32_t before = r->nsections;
	PpdlReceiptSection like = {0},
			   *s;
	unsigned	encoded = 0;
	uint32_t	parts;

	PPDL_TRY(read_shape(&like, ring, in, err));
	parts = ppdl_read_u32(in);
	if (ppdl_read_u32(in) != 0 || parts == 0 || in->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with a section of no parts, or something in reserved bytes");
	PPDL_TRY(ppdl_receipt_section(r, &like, &s, err));
	if (r->nsections == before)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with two sections of one key and shape");
	for (uint32_t i = 0; i < parts; i++)
		PPDL_TRY(read_part(r, s, i, in, &encoded, err));
	if (s->encoding != 0 && !encoded)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with an encoding that no row is in");
	return PPDL_OK;
}

static PpdlStatus
read_all(PpdlReceipt *r, const PpdlParams *ring, PpdlReader *in, PpdlError *err)
{
	const uint32_t magic = ppdl_read_u32(in),
				version = ppdl_read_u32(in),
				sections = ppdl_read_u32(in),
				zero = ppdl_read_u32(in);

	if (in->bad || magic != PPDL_RECEIPT_MAGIC)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not a receipt");
	if (version != PPDL_RECEIPT_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "receipt of format version %u; this program reads version %d",
						  version, PPDL_RECEIPT_VERSION);
	if (zero != 0 || sections == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt of no sections, or with something in reserved bytes");
	for (uint32_t i = 0; i < sections; i++)
		PPDL_TRY(read_section(r, ring, in, err));
	if (ppdl_reader_left(in) > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "receipt with %zu bytes behind its end", ppdl_reader_left(in));
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_read(PpdlReceipt **out, const PpdlParams *ring, const PpdlPoll *poll, const void *buf, size_t len,
				  PpdlError *err)
{
	PpdlReader	in = ppdl_reader(buf, len);
	PpdlStatus	status;

	PPDL_TRY(ppdl_receipt_create(out, err));
	(*out)->poll = poll;
	status = read_all(*out, ring, &in, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_receipt_destroy(*out);
	*out = NULL;
	return status;
}
