#include "rows/cipher.h"

#include <math.h>

#include "ckks/verify.h"
#include "rows/gram_layout.h"
#include "rows/residues.h"

/* ------------------------------------------------------------------ the rules of a header */

/* the rings that rows are encrypted in, batch by batch */
static int
has_slices(const PpdlParams *par)
{
	switch (par->id)
	{
		case PPDL_RING_ROW:
		case PPDL_RING_COMPACT:
		case PPDL_RING_CUSTOM:	/* of tests: no bytes lead there */
			return 1;
		default:
			return 0;
	}
}

PpdlStatus
ppdl_cipher_check_common(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	if (c->limbs < 1 || c->limbs > c->par->nq)
		return ppdl_error(err, code, "lwe_cipher of %d limbs; ring %s has 1 to %d", c->limbs, c->par->name, c->par->nq);
	if (c->width < 1 || (size_t) c->width > c->par->n)
		return ppdl_error(err, code, "lwe_cipher of %d values a row; ring %s holds 1 to %zu", c->width, c->par->name,
						  c->par->n);
	if (c->kind == PPDL_KIND_SLICE && !has_slices(c->par))
		return ppdl_error(err, code, "row slice in ring %s, in which no rows are encrypted", c->par->name);
	return ppdl_check_estimates(c->scale, 0, 0, code, err);
}

/* the coefficients of a slice or row are spread by its width */
static PpdlStatus
check_logk(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	if (c->logk != ppdl_log2_width(c->width))
		return ppdl_error(err, code, "lwe_cipher of %d values spread over 2^%d coefficients instead of 2^%d",
						  c->width, c->logk, ppdl_log2_width(c->width));
	return PPDL_OK;
}

static PpdlStatus
check_slice(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	int			e;

	PPDL_TRY(check_logk(c, code, err));
	if (frexp(c->scale, &e) != 0.5 || e - 1 < PPDL_SCALE_BITS_MIN || e - 1 > PPDL_SCALE_BITS_MAX)
		return ppdl_error(err, code, "row slice of scale %g, which is not a power of two from 2^%d to 2^%d",
						  c->scale, PPDL_SCALE_BITS_MIN, PPDL_SCALE_BITS_MAX);
	if (c->logc < 0 || c->logc + c->logk > c->par->logn)
		return ppdl_error(err, code, "row slice of a batch of 2^%d rows of 2^%d values; ring %s holds 2^%d values",
						  c->logc, c->logk, c->par->name, c->par->logn);
	if (c->pos >> c->logc != 0)
		return ppdl_error(err, code, "row slice at position %u of a batch of 2^%d rows", c->pos, c->logc);
	return PPDL_OK;
}

int
ppdl_layout_room(PpdlLayout layout, int logk)
{
	switch (layout)
	{
		case PPDL_LAYOUT_COEFFS:
		case PPDL_LAYOUT_BATCHES:
			return logk >= 0 && logk <= 16 ? 1 << logk : 0;
		case PPDL_LAYOUT_SLOTS:
			return logk >= 1 && logk <= 16 ? 1 << (logk - 1) : 0;
		case PPDL_LAYOUT_GRAM:	/* features, and as many labels */
			return logk >= 1 && logk <= 16 && 1 << logk <= PPDL_GRAM_MAX_WIDTH ? 2 << logk : 0;
	}
	return 0;
}

static PpdlStatus
check_packed(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	int			room;

	if ((int) c->layout < 0 || c->layout > PPDL_LAYOUT_BATCHES)
		return ppdl_error(err, code, "packed lwe_cipher of unknown layout %d", (int) c->layout);
	room = ppdl_layout_room(c->layout, c->logk);
	if (room == 0 || c->logk > c->par->logn)
		return ppdl_error(err, code, "packed lwe_cipher with rows of 2^%d coefficients", c->logk);
	if (c->width > room)
		return ppdl_error(err, code, "packed lwe_cipher of %d values a row with room for %d", c->width, room);
	if (c->nchunks > PPDL_MAX_CHUNKS)
		return ppdl_error(err, code, "packed lwe_cipher of %u chunks; at most %d are allowed", c->nchunks,
						  PPDL_MAX_CHUNKS);
	return PPDL_OK;
}

static PpdlStatus
check_parts(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	PPDL_TRY(check_logk(c, code, err));
	if (c->nparts < 1 || c->nparts > PPDL_MAX_PARTS)
		return ppdl_error(err, code, "lwe_cipher of %u parts; 1 to %d are allowed", c->nparts, PPDL_MAX_PARTS);
	return PPDL_OK;
}

PpdlStatus
ppdl_cipher_check(const PpdlCipher *c, PpdlStatus code, PpdlError *err)
{
	PPDL_TRY(ppdl_cipher_check_common(c, code, err));
	PPDL_TRY(ppdl_check_estimates(c->scale, c->noise, c->bound, code, err));
	switch (c->kind)
	{
		case PPDL_KIND_SLICE:
			return check_slice(c, code, err);
		case PPDL_KIND_ROW:
			return check_logk(c, code, err);
		case PPDL_KIND_PARTS:
			return check_parts(c, code, err);
		default:
			return check_packed(c, code, err);
	}
}

/* ------------------------------------------------------------------ sizes and errors */

size_t
ppdl_slice_size(const PpdlParams *par, int limbs, int logk)
{
	return PPDL_SLICE_HEADER + ppdl_residues_size(par, limbs, (size_t) 1 << logk);
}

size_t
ppdl_row_size(const PpdlParams *par, int limbs, int logk)
{
	return PPDL_ROW_HEADER + ppdl_residues_size(par, limbs, (size_t) 1 << logk) +
		ppdl_residues_size(par, limbs, par->n);
}

double
ppdl_cipher_error(const PpdlCipher *c)
{
	double		noise = c->noise;

	if (c->kind == PPDL_KIND_PACKED && c->layout == PPDL_LAYOUT_SLOTS)
		noise *= sqrt((double) c->par->n);
	if (c->kind == PPDL_KIND_PACKED && c->layout == PPDL_LAYOUT_GRAM)
		noise *= ppdl_gram_gain(c->par, c->logk);
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

static const char *
rows_of(const PpdlParams *par)
{
	switch (par->id)
	{
		case PPDL_RING_ROW:
			return " (full rows, and compact rows of version 0.1.0)";
		case PPDL_RING_COMPACT:
			return " (compact rows)";
		default:
			return "";
	}
}

PpdlStatus
ppdl_cipher_check_ring(const PpdlParams *a, const PpdlParams *b, const char *what, PpdlError *err)
{
	if (a == b)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_SCALE, "%s of values in different rings, %s%s and %s%s", what, a->name, rows_of(a),
			   b->name, rows_of(b));
	return ppdl_error_hint(err, PPDL_ERR_SCALE,
						   "lwe_ring() tells them apart: take each by itself, or encrypt all rows of a column, "
						   "and their labels, in the same form.");
}

PpdlStatus
ppdl_cipher_check_same(const PpdlCipher *a, const PpdlCipher *b, const char *what, PpdlError *err)
{
	PPDL_TRY(ppdl_cipher_check_ring(a->par, b->par, what, err));
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
	{
		ppdl_error(err, PPDL_ERR_SCALE, "%s of values of different scales, 2^%.4f and 2^%.4f", what, log2(a->scale),
				   log2(b->scale));
		if (strcmp(what, "sum") != 0)
			return PPDL_ERR_SCALE;
		return ppdl_error_hint(err, PPDL_ERR_SCALE, "Rows times numbers are summed by sum(value, weight).");
	}
	return PPDL_OK;
}
