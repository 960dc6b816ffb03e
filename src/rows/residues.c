#include "rows/residues.h"

#include "ring/vec.h"

size_t
ppdl_residues_size(const PpdlParams *par, int limbs, size_t n)
{
	size_t		bytes = 0;

	for (int i = 0; i < limbs; i++)
		bytes += ppdl_packed_size(n, par->ring->mod[i].bits);
	return bytes;
}

static size_t
count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	size_t		whole = n & ~(size_t) 7,
				count = whole > 0 ? ppdl_vec_count_unreduced(m, a, whole) : 0;

	for (size_t i = whole; i < n; i++)
		count += a[i] >= m->q;
	return count;
}

PpdlStatus
ppdl_residues_get(const PpdlModulus *m, uint64_t *out, const uint8_t *src, size_t n, PpdlError *err)
{
	size_t		bad;

	ppdl_unpack_bits(out, src, n, m->bits);
	bad = count_unreduced(m, out, n);
	if (bad > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%zu residues are not below their modulus %llu", bad, (unsigned long long) m->q);
	return PPDL_OK;
}

void
ppdl_cipher_put_header(PpdlWriter *w, const PpdlParams *par, PpdlKind kind, int limbs, int width,
					   const uint8_t fp[PPDL_FINGERPRINT_BYTES], double scale)
{
	ppdl_write_u16(w, PPDL_CIPHER_MAGIC);
	ppdl_write_u8(w, PPDL_CIPHER_VERSION);
	ppdl_write_u8(w, (uint8_t) kind);
	ppdl_write_u8(w, par->id);
	ppdl_write_u8(w, (uint8_t) limbs);
	ppdl_write_u16(w, (uint16_t) width);
	ppdl_write_bytes(w, fp, PPDL_FINGERPRINT_BYTES);
	ppdl_write_f64(w, scale);
}

void
ppdl_cipher_put_row_header(PpdlWriter *w, const PpdlCipher *c)
{
	static const uint8_t zero[7];

	ppdl_cipher_put_header(w, c->par, PPDL_KIND_ROW, c->limbs, c->width, c->fingerprint, c->scale);
	ppdl_write_f64(w, c->noise);
	ppdl_write_f64(w, c->bound);
	ppdl_write_u8(w, (uint8_t) c->logk);
	ppdl_write_bytes(w, zero, sizeof(zero));
}

static void
put_packed(PpdlWriter *w, const uint64_t *v, size_t n, int bits)
{
	uint8_t    *p = ppdl_write_space(w, ppdl_packed_size(n, bits));

	if (p != NULL)
		ppdl_pack_bits(p, v, n, bits);
}

void
ppdl_cipher_put_row_limb(PpdlWriter *w, const PpdlCipher *c, int limb, const uint64_t *b, const uint64_t *a)
{
	const int	bits = c->par->ring->mod[limb].bits;

	put_packed(w, b, (size_t) 1 << c->logk, bits);
	put_packed(w, a, c->par->n, bits);
}
