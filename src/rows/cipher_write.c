#include "rows/cipher_write.h"

#include "rows/residues.h"

static void
put_common(PpdlWriter *w, const PpdlCipher *c)
{
	ppdl_write_u16(w, PPDL_CIPHER_MAGIC);
	ppdl_write_u8(w, PPDL_CIPHER_VERSION);
	ppdl_write_u8(w, (uint8_t) c->kind);
	ppdl_write_u8(w, c->par->id);
	ppdl_write_u8(w, (uint8_t) c->limbs);
	ppdl_write_u16(w, (uint16_t) c->width);
	ppdl_write_bytes(w, c->fingerprint, PPDL_FINGERPRINT_BYTES);
	ppdl_write_f64(w, c->scale);
}

static void
put_slice(PpdlWriter *w, const PpdlCipher *c)
{
	ppdl_write_u8(w, (uint8_t) (c->logc | (c->tags != NULL ? PPDL_SLICE_TAGGED : 0)));
	ppdl_write_u8(w, (uint8_t) c->logk);
	ppdl_write_u16(w, (uint16_t) c->pos);
	ppdl_write_bytes(w, c->seed, PPDL_SEED_BYTES);
}

static void
put_row(PpdlWriter *w, const PpdlCipher *c)
{
	ppdl_write_f64(w, c->noise);
	ppdl_write_f64(w, c->bound);
	ppdl_write_u8(w, (uint8_t) c->logk);
	ppdl_write_u16(w, (uint16_t) c->encoding);
	ppdl_write_u32(w, (uint32_t) (c->encoding >> 16));
	ppdl_write_u8(w, 0);
}

static void
put_packed(PpdlWriter *w, const PpdlCipher *c)
{
	ppdl_write_f64(w, c->noise);
	ppdl_write_f64(w, c->bound);
	ppdl_write_u8(w, (uint8_t) c->layout);
	ppdl_write_u8(w, (uint8_t) c->logk);
	ppdl_write_u16(w, (uint16_t) c->encoding);
	ppdl_write_u32(w, c->nrows);
	ppdl_write_u32(w, c->nchunks);
	ppdl_write_u32(w, (uint32_t) (c->encoding >> 16));
}

static void
put_parts(PpdlWriter *w, const PpdlCipher *c)
{
	static const uint8_t zero[3];

	ppdl_write_f64(w, c->noise);
	ppdl_write_f64(w, c->bound);
	ppdl_write_u8(w, (uint8_t) c->logk);
	ppdl_write_bytes(w, zero, sizeof(zero));
	ppdl_write_u32(w, c->nparts);
}

PpdlStatus
ppdl_cipher_put_header(PpdlWriter *w, const PpdlCipher *c, PpdlError *err)
{
	PPDL_TRY(ppdl_cipher_check(c, PPDL_ERR_RANGE, err));
	put_common(w, c);
	if (c->kind == PPDL_KIND_SLICE)
		put_slice(w, c);
	else if (c->kind == PPDL_KIND_ROW)
		put_row(w, c);
	else if (c->kind == PPDL_KIND_PARTS)
		put_parts(w, c);
	else
		put_packed(w, c);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

void
ppdl_cipher_put_row_limb(PpdlWriter *w, const PpdlCipher *c, int limb, const uint64_t *b, const uint64_t *a)
{
	const PpdlModulus *m = &c->par->ring->mod[limb];

	ppdl_residues_put(w, m, b, (size_t) 1 << c->logk);
	ppdl_residues_put(w, m, a, c->par->n);
}
