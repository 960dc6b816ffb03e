#include "rows/cipher_read.h"

#include <math.h>
#include <stdlib.h>

#include "ring/vec.h"
#include "rows/gram_layout.h"
#include "rows/residues.h"
#include "rows/tag.h"

static PpdlStatus
short_value(size_t len, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "value of %zu bytes is too short for an lwe_cipher", len);
}

/* The common header; *ring may name the ring beforehand (tests with rings of their own). */
static PpdlStatus
parse_header(PpdlCipher *c, const PpdlParams *ring, PpdlReader *r, PpdlError *err)
{
	unsigned	magic = ppdl_read_u16(r),
				version = ppdl_read_u8(r),
				kind = ppdl_read_u8(r),
				id = ppdl_read_u8(r);
	const uint8_t *fp;

	memset(c, 0, sizeof(*c));
	c->limbs = ppdl_read_u8(r);
	c->width = ppdl_read_u16(r);
	fp = ppdl_read_bytes(r, PPDL_FINGERPRINT_BYTES);
	c->scale = ppdl_read_f64(r);
	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "value is shorter than the %d bytes of an lwe_cipher's header",
						  PPDL_CIPHER_HEADER);
	if (magic != PPDL_CIPHER_MAGIC)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not an lwe_cipher: it begins with 0x%04x, not 0x%04x", magic,
						  PPDL_CIPHER_MAGIC);
	if (version != PPDL_CIPHER_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "lwe_cipher of format version %u; this program reads version %d",
						  version, PPDL_CIPHER_VERSION);
	if (kind < PPDL_KIND_SLICE || kind > PPDL_KIND_PARTS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher of unknown kind %u", kind);
	memcpy(c->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	c->kind = (PpdlKind) kind;
	if (ring != NULL && ring->id == id)
		c->par = ring;
	else
		PPDL_TRY(ppdl_params_get((uint8_t) id, &c->par, err));
	return PPDL_OK;
}

/* what is left of the value is its residues, and must be exactly `want` bytes */
static PpdlStatus
take_residues(PpdlCipher *c, PpdlReader *r, uint64_t want, PpdlError *err)
{
	if (r->bad || ppdl_reader_left(r) != want)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher has %zu bytes of residues where its header calls for %llu",
						  r->bad ? (size_t) 0 : ppdl_reader_left(r), (unsigned long long) want);
	c->residue_bytes = (size_t) want;
	c->residues = ppdl_read_bytes(r, (size_t) want);
	return PPDL_OK;
}

/* the tags and the MAC at the end of a slice, which r then ends before */
static PpdlStatus
take_tags(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	const size_t bytes = ppdl_tag_bytes(c->limbs);

	if (ppdl_reader_left(r) < bytes)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with %zu bytes where its tags alone take %zu",
						  ppdl_reader_left(r), bytes);
	r->end -= bytes;
	c->tags = r->end;
	return PPDL_OK;
}

static PpdlStatus
parse_slice(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	unsigned	logc = ppdl_read_u8(r);

	c->logc = (int) (logc & ~PPDL_SLICE_TAGGED);
	c->logk = ppdl_read_u8(r);
	c->pos = ppdl_read_u16(r);
	c->seed = ppdl_read_bytes(r, PPDL_SEED_BYTES);
	c->noise = PPDL_SIGMA;
	c->bound = 1;
	if (r->bad)
		return short_value(PPDL_SLICE_HEADER - 1, err);
	PPDL_TRY(ppdl_cipher_check(c, PPDL_ERR_FORMAT, err));
	if (logc & PPDL_SLICE_TAGGED)
		PPDL_TRY(take_tags(c, r, err));
	return take_residues(c, r, ppdl_residues_size(c->par, c->limbs, (size_t) 1 << c->logk), err);
}

/* noise and bound of the kinds that store them */
static void
read_estimates(PpdlCipher *c, PpdlReader *r)
{
	c->noise = ppdl_read_f64(r);
	c->bound = ppdl_read_f64(r);
}

static PpdlStatus
parse_row(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	unsigned	zero;

	read_estimates(c, r);
	c->logk = ppdl_read_u8(r);
	c->encoding = ppdl_read_u16(r);
	c->encoding |= (uint64_t) ppdl_read_u32(r) << 16;
	zero = ppdl_read_u8(r);
	if (r->bad)
		return short_value(PPDL_ROW_HEADER - 1, err);
	if (zero != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with something in its reserved bytes");
	PPDL_TRY(ppdl_cipher_check(c, PPDL_ERR_FORMAT, err));
	return take_residues(c, r, ppdl_row_size(c->par, c->limbs, c->logk) - PPDL_ROW_HEADER, err);
}

/* seen: a bit a place */
static PpdlStatus
check_place(const PpdlCipher *c, uint32_t row, uint8_t *seen, PpdlError *err)
{
	const uint32_t capacity = (uint32_t) (c->par->n >> c->logk),
				place = ppdl_cipher_place(c, row),
				chunk = place >> 16,
				p = place & 0xFFFF;
	size_t		bit = (size_t) chunk * capacity + p;

	if (place == PPDL_NO_PLACE)
		return PPDL_OK;
	if (chunk >= c->nchunks || p >= capacity)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "row %u of a packed lwe_cipher lies at place %u of chunk %u; "
						  "there are %u chunks of %u places",
						  row + 1, p, chunk, c->nchunks, capacity);
	if (seen[bit >> 3] >> (bit & 7) & 1)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "row %u of a packed lwe_cipher lies at place %u of chunk %u, where another row lies",
						  row + 1, p, chunk);
	seen[bit >> 3] |= (uint8_t) (1 << (bit & 7));
	return PPDL_OK;
}

/* distinct places: no more rows have a value than there is room for in the chunks, whose bytes are there */
static PpdlStatus
check_places(const PpdlCipher *c, PpdlError *err)
{
	uint8_t    *seen = calloc((c->nchunks * (c->par->n >> c->logk) + 8) / 8, 1);
	PpdlStatus	status = PPDL_OK;

	if (seen == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < c->nrows && status == PPDL_OK; i++)
		status = check_place(c, i, seen, err);
	free(seen);
	return status;
}

static PpdlStatus
parse_packed(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	PpdlGramLayout lay;

	read_estimates(c, r);
	c->layout = (PpdlLayout) ppdl_read_u8(r);
	c->logk = ppdl_read_u8(r);
	c->encoding = ppdl_read_u16(r);
	c->nrows = ppdl_read_u32(r);
	c->nchunks = ppdl_read_u32(r);
	c->encoding |= (uint64_t) ppdl_read_u32(r) << 16;
	if (r->bad)
		return short_value(PPDL_PACKED_HEADER - 1, err);
	PPDL_TRY(ppdl_cipher_check(c, PPDL_ERR_FORMAT, err));
	if (ppdl_reader_left(r) / 4 < c->nrows)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher too short for the places of %u rows", c->nrows);
	c->places = ppdl_read_bytes(r, (size_t) c->nrows * 4);
	PPDL_TRY(take_residues(c, r, (uint64_t) c->nchunks * 2 * ppdl_residues_size(c->par, c->limbs, c->par->n), err));
	PPDL_TRY(check_places(c, err));
	return c->layout == PPDL_LAYOUT_GRAM ? ppdl_gram_layout_of(&lay, c, err) : PPDL_OK;
}

PpdlStatus
ppdl_cipher_next_part(PpdlCipher *part, size_t *len, PpdlReader *r, const PpdlCipher *c, PpdlError *err)
{
	PpdlReader	header = *r;
	size_t		bytes;

	PPDL_TRY(parse_header(part, c->par, &header, err));
	PPDL_TRY(ppdl_cipher_check_common(part, PPDL_ERR_FORMAT, err));
	if (part->kind != PPDL_KIND_ROW || part->par != c->par || part->width != c->width ||
		memcmp(part->fingerprint, c->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "part of an lwe_cipher that is no row of its ring, width and key");
	bytes = ppdl_row_size(part->par, part->limbs, c->logk);
	if (ppdl_reader_left(r) < bytes)
		return ppdl_error(err, PPDL_ERR_FORMAT, "part of an lwe_cipher has %zu bytes where its header calls for %zu",
						  ppdl_reader_left(r), bytes);
	header.end = r->p + bytes;
	ppdl_read_bytes(r, bytes);
	if (len != NULL)
		*len = bytes;
	return parse_row(part, &header, err);
}

/* what the head says of all parts together */
static PpdlStatus
check_totals(const PpdlCipher *c, int limbs, double scale, double error, double bound, PpdlError *err)
{
	if (c->limbs != limbs || c->scale != scale || fabs(c->noise / scale - error) > error * ldexp(1, -30) ||
		fabs(c->bound - bound) > bound * ldexp(1, -30))
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher in parts whose header does not agree with them");
	return PPDL_OK;
}

static PpdlStatus
parse_parts(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	static const uint8_t zero[3];
	const uint8_t *pad;
	double		error = 0,
				bound = 0,
				scale = 0;
	int			limbs = c->limbs;
	PpdlReader	parts;
	PpdlCipher	part;

	read_estimates(c, r);
	c->logk = ppdl_read_u8(r);
	pad = ppdl_read_bytes(r, sizeof(zero));
	c->nparts = ppdl_read_u32(r);
	if (r->bad)
		return short_value(PPDL_PARTS_HEADER - 1, err);
	if (memcmp(pad, zero, sizeof(zero)) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with something in its reserved bytes");
	PPDL_TRY(ppdl_cipher_check(c, PPDL_ERR_FORMAT, err));
	PPDL_TRY(take_residues(c, r, ppdl_reader_left(r), err));
	parts = ppdl_reader(c->residues, c->residue_bytes);
	for (uint32_t i = 0; i < c->nparts; i++)
	{
		PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, c, err));
		if (i > 0 && part.encoding != c->encoding)
			return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher in parts of different encodings");
		c->encoding = part.encoding;
		limbs = i == 0 || part.limbs < limbs ? part.limbs : limbs;
		scale = i == 0 ? part.scale : scale;
		error += part.noise / part.scale;
		bound += part.bound;
	}
	if (ppdl_reader_left(&parts) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with %zu bytes behind its parts", ppdl_reader_left(&parts));
	return check_totals(c, limbs, scale, error, bound, err);
}

PpdlStatus
ppdl_cipher_parse_in(PpdlCipher *c, const PpdlParams *ring, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);

	PPDL_TRY(parse_header(c, ring, &r, err));
	switch (c->kind)
	{
		case PPDL_KIND_SLICE:
			return parse_slice(c, &r, err);
		case PPDL_KIND_ROW:
			return parse_row(c, &r, err);
		case PPDL_KIND_PARTS:
			return parse_parts(c, &r, err);
		default:
			return parse_packed(c, &r, err);
	}
}

PpdlStatus
ppdl_cipher_parse(PpdlCipher *c, const void *buf, size_t len, PpdlError *err)
{
	return ppdl_cipher_parse_in(c, NULL, buf, len, err);
}

PpdlStatus
ppdl_cipher_peek(PpdlCipher *c, const void *buf, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, PPDL_CIPHER_HEADER);

	PPDL_TRY(parse_header(c, NULL, &r, err));
	return ppdl_cipher_check_common(c, PPDL_ERR_FORMAT, err);
}

/* one polynomial's limb: n residues, every one below its modulus, padding zero */
static PpdlStatus
validate_limb(PpdlReader *r, const PpdlModulus *m, size_t n, uint64_t *scratch, PpdlError *err)
{
	size_t		bytes = ppdl_packed_size(n, m->bits),
				spare = bytes * 8 - n * (size_t) m->bits;
	const uint8_t *p = ppdl_read_bytes(r, bytes);

	PPDL_TRY(ppdl_residues_get(m, scratch, p, n, err));
	if (spare > 0 && p[bytes - 1] >> (8 - spare) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with nonzero padding bits");
	return PPDL_OK;
}

/* all kinds but parts */
static PpdlStatus
validate_residues(const PpdlCipher *c, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlReader	r;
	uint64_t   *scratch;
	size_t		n[2] = {0, 0};	/* residues a limb of the polynomials of a group, 0 = no such polynomial */
	uint32_t	groups = 1;

	n[0] = (size_t) 1 << c->logk;
	if (c->kind == PPDL_KIND_ROW)
		n[1] = c->par->n;
	else if (c->kind == PPDL_KIND_PACKED)
	{
		n[0] = n[1] = c->par->n;
		groups = c->nchunks;
	}
	scratch = malloc((n[1] > n[0] ? n[1] : (n[0] < 8 ? 8 : n[0])) * sizeof(uint64_t));
	if (scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r = ppdl_reader(c->residues, c->residue_bytes);
	for (uint32_t g = 0; g < groups && status == PPDL_OK; g++)
		for (int l = 0; l < c->limbs && status == PPDL_OK; l++)
			for (int poly = 0; poly < 2 && n[poly] > 0 && status == PPDL_OK; poly++)
				status = validate_limb(&r, &c->par->ring->mod[l], n[poly], scratch, err);
	free(scratch);
	return status;
}

PpdlStatus
ppdl_cipher_validate(const void *buf, size_t len, PpdlError *err)
{
	PpdlCipher	c,
				part;
	PpdlReader	parts;

	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	if (c.tags != NULL)
		PPDL_TRY(ppdl_tags_check(&c, err));
	if (c.kind != PPDL_KIND_PARTS)
		return validate_residues(&c, err);
	parts = ppdl_reader(c.residues, c.residue_bytes);
	for (uint32_t i = 0; i < c.nparts; i++)
	{
		PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, &c, err));
		PPDL_TRY(validate_residues(&part, err));
	}
	return PPDL_OK;
}
