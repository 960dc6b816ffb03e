#include "rows/cipher.h"

#include <math.h>
#include <stdlib.h>

#include "ring/vec.h"
#include "rows/residues.h"

#define SLICE_BODY 60			/* bytes before the residues, header included */
#define ROW_BODY 48
#define PACKED_BODY 56

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
		return ppdl_error(err, PPDL_ERR_FORMAT, "value is shorter than the %d bytes of an lwe_cipher's header", PPDL_CIPHER_HEADER);
	if (magic != PPDL_CIPHER_MAGIC)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not an lwe_cipher: it begins with 0x%04x, not 0x%04x", magic, PPDL_CIPHER_MAGIC);
	if (version != PPDL_CIPHER_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "lwe_cipher of format version %u; this program reads version %d", version, PPDL_CIPHER_VERSION);
	if (kind < PPDL_KIND_SLICE || kind > PPDL_KIND_PACKED)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher of unknown kind %u", kind);
	memcpy(c->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	c->kind = (PpdlKind) kind;
	if (ring != NULL && ring->id == id)
		c->par = ring;
	else
		PPDL_TRY(ppdl_params_get((uint8_t) id, &c->par, err));
	if (c->limbs < 1 || c->limbs > c->par->nq)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher of %d limbs; ring %s has 1 to %d", c->limbs, c->par->name, c->par->nq);
	if (c->width < 1 || (size_t) c->width > c->par->n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher of %d values a row; ring %s holds 1 to %zu", c->width, c->par->name, c->par->n);
	if (!(c->scale > 0) || !isfinite(c->scale))
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher whose scale %g is not a positive number", c->scale);
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

static PpdlStatus
check_logk(const PpdlCipher *c, PpdlError *err)
{
	if (c->logk != ppdl_log2_width(c->width))
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher of %d values spread over 2^%d coefficients instead of 2^%d",
						  c->width, c->logk, ppdl_log2_width(c->width));
	return PPDL_OK;
}

static PpdlStatus
parse_slice(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	int			e;

	c->logc = ppdl_read_u8(r);
	c->logk = ppdl_read_u8(r);
	c->pos = ppdl_read_u16(r);
	c->seed = ppdl_read_bytes(r, PPDL_SEED_BYTES);
	c->noise = PPDL_SIGMA;
	c->bound = 1;
	if (r->bad)
		return short_value(SLICE_BODY - 1, err);
	PPDL_TRY(check_logk(c, err));
	if (frexp(c->scale, &e) != 0.5 || e - 1 < PPDL_SCALE_BITS_MIN || e - 1 > PPDL_SCALE_BITS_MAX)
		return ppdl_error(err, PPDL_ERR_FORMAT, "row slice of scale %g, which is not a power of two from 2^%d to 2^%d",
						  c->scale, PPDL_SCALE_BITS_MIN, PPDL_SCALE_BITS_MAX);
	if (c->logc + c->logk > c->par->logn)
		return ppdl_error(err, PPDL_ERR_FORMAT, "row slice of a batch of 2^%d rows of 2^%d values; ring %s holds 2^%d values",
						  c->logc, c->logk, c->par->name, c->par->logn);
	if (c->pos >> c->logc != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "row slice at position %u of a batch of 2^%d rows", c->pos, c->logc);
	return take_residues(c, r, ppdl_residues_size(c->par, c->limbs, (size_t) 1 << c->logk), err);
}

/* noise and bound of the kinds that store them */
static PpdlStatus
parse_estimates(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	c->noise = ppdl_read_f64(r);
	c->bound = ppdl_read_f64(r);
	if (r->bad)
		return short_value(PPDL_CIPHER_HEADER, err);
	if (!(c->noise >= 0) || !isfinite(c->noise) || !(c->bound >= 0) || !isfinite(c->bound))
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher whose noise %g or bound %g is not a number from 0 up", c->noise, c->bound);
	return PPDL_OK;
}

static PpdlStatus
parse_row(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	static const uint8_t zero[7];
	const uint8_t *pad;

	PPDL_TRY(parse_estimates(c, r, err));
	c->logk = ppdl_read_u8(r);
	pad = ppdl_read_bytes(r, sizeof(zero));
	if (r->bad)
		return short_value(ROW_BODY - 1, err);
	if (memcmp(pad, zero, sizeof(zero)) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with something in its reserved bytes");
	PPDL_TRY(check_logk(c, err));
	return take_residues(c, r, ppdl_row_size(c->par, c->limbs, c->logk) - ROW_BODY, err);
}

static PpdlStatus
check_places(const PpdlCipher *c, PpdlError *err)
{
	uint32_t	capacity = (uint32_t) (c->par->n >> c->logk);

	for (uint32_t i = 0; i < c->nrows; i++)
	{
		uint32_t	place = ppdl_cipher_place(c, i);

		if (place != PPDL_NO_PLACE && (place >> 16 >= c->nchunks || (place & 0xFFFF) >= capacity))
			return ppdl_error(err, PPDL_ERR_FORMAT, "row %u of a packed lwe_cipher lies at place %u of chunk %u; there are %u chunks of %u places",
							  i + 1, place & 0xFFFF, place >> 16, c->nchunks, capacity);
	}
	return PPDL_OK;
}

static PpdlStatus
parse_packed(PpdlCipher *c, PpdlReader *r, PpdlError *err)
{
	unsigned	layout;
	int			room;
	unsigned	reserved;
	uint32_t	zero;

	PPDL_TRY(parse_estimates(c, r, err));
	layout = ppdl_read_u8(r);
	c->logk = ppdl_read_u8(r);
	reserved = ppdl_read_u16(r);
	c->nrows = ppdl_read_u32(r);
	c->nchunks = ppdl_read_u32(r);
	zero = ppdl_read_u32(r);
	if (r->bad)
		return short_value(PACKED_BODY - 1, err);
	if (zero != 0 || reserved != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher with something in its reserved bytes");
	if (layout > PPDL_LAYOUT_SLOTS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher of unknown layout %u", layout);
	c->layout = (PpdlLayout) layout;
	if (c->logk < (int) layout || c->logk > c->par->logn)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher with rows of 2^%d coefficients", c->logk);
	room = 1 << (c->logk - (int) layout);
	if (c->width > room)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher of %d values a row with room for %d", c->width, room);
	if (c->nchunks > PPDL_MAX_CHUNKS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher of %u chunks; at most %d are allowed", c->nchunks, PPDL_MAX_CHUNKS);
	if (ppdl_reader_left(r) / 4 < c->nrows)
		return ppdl_error(err, PPDL_ERR_FORMAT, "packed lwe_cipher too short for the places of %u rows", c->nrows);
	c->places = ppdl_read_bytes(r, (size_t) c->nrows * 4);
	PPDL_TRY(take_residues(c, r, (uint64_t) c->nchunks * 2 * ppdl_residues_size(c->par, c->limbs, c->par->n), err));
	return check_places(c, err);
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

	return parse_header(c, NULL, &r, err);
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

PpdlStatus
ppdl_cipher_validate(const void *buf, size_t len, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlCipher	c;
	PpdlReader	r;
	uint64_t   *scratch;
	size_t		n[2] = {0, 0};	/* residues a limb of the polynomials of a group, 0 = no such polynomial */
	uint32_t	groups = 1;

	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	n[0] = (size_t) 1 << c.logk;
	if (c.kind == PPDL_KIND_ROW)
		n[1] = c.par->n;
	else if (c.kind == PPDL_KIND_PACKED)
	{
		n[0] = n[1] = c.par->n;
		groups = c.nchunks;
	}
	scratch = malloc((n[1] > n[0] ? n[1] : (n[0] < 8 ? 8 : n[0])) * sizeof(uint64_t));
	if (scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r = ppdl_reader(c.residues, c.residue_bytes);
	for (uint32_t g = 0; g < groups && status == PPDL_OK; g++)
		for (int l = 0; l < c.limbs && status == PPDL_OK; l++)
			for (int poly = 0; poly < 2 && n[poly] > 0 && status == PPDL_OK; poly++)
				status = validate_limb(&r, &c.par->ring->mod[l], n[poly], scratch, err);
	free(scratch);
	return status;
}

size_t
ppdl_slice_size(const PpdlParams *par, int limbs, int logk)
{
	return SLICE_BODY + ppdl_residues_size(par, limbs, (size_t) 1 << logk);
}

size_t
ppdl_row_size(const PpdlParams *par, int limbs, int logk)
{
	return ROW_BODY + ppdl_residues_size(par, limbs, (size_t) 1 << logk) + ppdl_residues_size(par, limbs, par->n);
}

double
ppdl_cipher_error(const PpdlCipher *c)
{
	double		noise = c->noise;

	if (c->kind == PPDL_KIND_PACKED && c->layout == PPDL_LAYOUT_SLOTS)
		noise *= sqrt((double) c->par->n);
	return noise / c->scale;
}

int
ppdl_log2_width(int width)
{
	int			logk = 0;

	while (1 << logk < width)
		logk++;
	return logk;
}

void
ppdl_fingerprint_hex(char out[17], const uint8_t fp[PPDL_FINGERPRINT_BYTES])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < PPDL_FINGERPRINT_BYTES; i++)
	{
		out[2 * i] = digit[fp[i] >> 4];
		out[2 * i + 1] = digit[fp[i] & 15];
	}
	out[16] = '\0';
}

static int
hex_value(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

int
ppdl_fingerprint_parse(uint8_t fp[PPDL_FINGERPRINT_BYTES], const char *hex)
{
	for (int i = 0; i < PPDL_FINGERPRINT_BYTES; i++)
	{
		int			hi = hex_value(hex[2 * i]),
					lo = hi < 0 ? -1 : hex_value(hex[2 * i + 1]);

		if (lo < 0)
			return 0;
		fp[i] = (uint8_t) (hi << 4 | lo);
	}
	return hex[16] == '\0';
}

PpdlStatus
ppdl_cipher_check_same(const PpdlCipher *a, const PpdlCipher *b, const char *what, PpdlError *err)
{
	if (a->par != b->par)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s of values in different rings, %s and %s", what, a->par->name, b->par->name);
	if (memcmp(a->fingerprint, b->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
	{
		char		fa[17],
					fb[17];

		ppdl_fingerprint_hex(fa, a->fingerprint);
		ppdl_fingerprint_hex(fb, b->fingerprint);
		return ppdl_error(err, PPDL_ERR_KEY, "%s of values under different keys, %s and %s", what, fa, fb);
	}
	if (a->width != b->width)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s of values of different widths, %d and %d", what, a->width, b->width);
	if (fabs(a->scale - b->scale) > ldexp(a->scale, -40))
		return ppdl_error(err, PPDL_ERR_SCALE, "%s of values of different scales, 2^%.4f and 2^%.4f", what, log2(a->scale), log2(b->scale));
	return PPDL_OK;
}
