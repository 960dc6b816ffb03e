#include "rsa/cipher.h"

#include <math.h>

#include "rsa/cipher_private.h"
#include "rsa/key_private.h"

const char *
ppdl_rsa_encoding_name(PpdlRsaEncoding encoding)
{
	return encoding == PPDL_RSA_PRODUCT ? "product" : "exponent";
}

static PpdlStatus
malformed(PpdlError *err, const char *what)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: %s", what);
}

static PpdlStatus
check_fields(const PpdlRsaView *view, unsigned reserved, PpdlError *err)
{
	const PpdlRsaGrid *grid = &view->grid;

	if (view->kind != PPDL_RSA_VALUE && view->kind != PPDL_RSA_PREDICTION)
		return malformed(err, "unknown kind");
	if (view->encoding != PPDL_RSA_PRODUCT && view->encoding != PPDL_RSA_EXPONENT)
		return malformed(err, "unknown encoding");
	if ((view->flags & ~PPDL_RSA_RANDOMISED) != 0 || reserved != 0)
		return malformed(err, "unknown flags");
	if (view->modulus_bits < PPDL_RSA_MIN_BITS || view->modulus_bits > PPDL_RSA_MAX_BITS)
		return malformed(err, "impossible size of the modulus");
	if (!(isfinite(grid->step) && grid->step > 0) ||
		grid->offset > PPDL_RSA_MAX_OFFSET || grid->offset < -PPDL_RSA_MAX_OFFSET)
		return malformed(err, "impossible grid");
	if (view->parts > PPDL_RSA_MAX_PARTS)
		return malformed(err, "too many parts");
	if (view->kind == PPDL_RSA_VALUE && view->parts == 0)
		return malformed(err, "no parts");
	if (view->encoding == PPDL_RSA_PRODUCT &&
		(view->kind != PPDL_RSA_VALUE || view->parts != 1 || view->flags != 0 ||
		 grid->step != 1 || grid->offset != 0 || grid->max != 0))
		return malformed(err, "a product has one part and no grid");
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_view_header(PpdlRsaView *view, const void *wire, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(wire, len);
	const uint8_t *magic = ppdl_read_bytes(&r, 4);
	unsigned	version = ppdl_read_u8(&r);
	unsigned	reserved;

	if (len < PPDL_RSA_HEADER_BYTES)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: %zu bytes are shorter than its header", len);
	if (memcmp(magic, PPDL_RSA_MAGIC, 4) != 0)
		return malformed(err, "it does not start with \"" PPDL_RSA_MAGIC "\"");
	if (version != PPDL_RSA_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "rsa_cipher of version %u; this program reads version %d",
						  version, PPDL_RSA_VERSION);
	memset(view, 0, sizeof(*view));
	view->kind = (PpdlRsaKind) ppdl_read_u8(&r);
	view->encoding = (PpdlRsaEncoding) ppdl_read_u8(&r);
	view->flags = ppdl_read_u8(&r);
	view->fingerprint = ppdl_read_bytes(&r, PPDL_RSA_FINGERPRINT_BYTES);
	view->modulus_bits = ppdl_read_u16(&r);
	reserved = ppdl_read_u16(&r);
	view->parts = ppdl_read_u32(&r);
	view->grid.offset = (int64_t) ppdl_read_u64(&r);
	view->grid.step = ppdl_read_f64(&r);
	view->grid.max = ppdl_read_u32(&r);
	view->value_bytes = (size_t) (view->modulus_bits + 7) / 8;
	return check_fields(view, reserved, err);
}

uint32_t
ppdl_rsa_part_bound(const uint8_t *part)
{
	PpdlReader	r = ppdl_reader(part, 4);

	return ppdl_read_u32(&r);
}

uint32_t
ppdl_rsa_view_bound(const PpdlRsaView *view)
{
	uint32_t	bound = 0;

	for (uint32_t i = 0; i < view->parts; i++)
	{
		uint32_t	b = ppdl_rsa_part_bound(ppdl_rsa_view_part(view, i));

		if (b > bound)
			bound = b;
	}
	return bound;
}

static int
all_zero(const uint8_t *p, size_t len)
{
	while (len > 0)
		if (p[--len] != 0)		/* the low end is almost never zero */
			return 0;
	return 1;
}

PpdlStatus
ppdl_rsa_part_check_layout(const PpdlRsaView *view, const uint8_t *part, PpdlError *err)
{
	const uint8_t *c = part + 4;
	int			top_bits = (view->modulus_bits - 1) % 8 + 1;	/* used in the first byte */

	if (ppdl_rsa_part_bound(part) > PPDL_RSA_BOUND_BITS(view->modulus_bits))
		return malformed(err, "its bound is beyond the modulus");
	if (c[0] >> (top_bits - 1) > 1)
		return malformed(err, "its value is longer than the modulus");
	if (all_zero(c, view->value_bytes))
		return malformed(err, "its value is zero");
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_view_check_key(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err)
{
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	if (memcmp(view->fingerprint, pub->fingerprint, PPDL_RSA_FINGERPRINT_BYTES) != 0)
	{
		ppdl_rsa_key_id(id, view->fingerprint);
		return ppdl_error(err, PPDL_ERR_KEY, "rsa_cipher is encrypted under key %s, not %s",
						  id, pub->key_id);
	}
	if (view->modulus_bits != pub->bits)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "malformed rsa_cipher: it claims a modulus of %d bits, but key %s has %d",
						  view->modulus_bits, pub->key_id, pub->bits);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_part_limbs(mp_limb_t *c, const PpdlRsaView *view, const uint8_t *part,
					const PpdlRsaPublic *pub, PpdlError *err)
{
	ppdl_rsa_limbs_from_be(c, pub->limbs, part + 4, view->value_bytes);
	if (mpn_cmp(c, pub->n, (mp_size_t) pub->limbs) >= 0)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "malformed rsa_cipher: its value is not below the modulus of key %s", pub->key_id);
	if (ppdl_rsa_part_bound(part) > pub->capacity)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "malformed rsa_cipher: its bound of %.1f bits is beyond the modulus of key %s",
						  ppdl_rsa_part_bound(part) / 65536.0, pub->key_id);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_part_check_key(const PpdlRsaView *view, const uint8_t *part,
						const PpdlRsaPublic *pub, PpdlError *err)
{
	mp_limb_t	c[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];

	return ppdl_rsa_part_limbs(c, view, part, pub, err);
}

void
ppdl_rsa_write_header(PpdlWriter *w, const PpdlRsaView *view, const PpdlRsaPublic *pub)
{
	ppdl_write_bytes(w, PPDL_RSA_MAGIC, 4);
	ppdl_write_u8(w, PPDL_RSA_VERSION);
	ppdl_write_u8(w, (uint8_t) view->kind);
	ppdl_write_u8(w, (uint8_t) view->encoding);
	ppdl_write_u8(w, view->flags);
	ppdl_write_bytes(w, pub->fingerprint, PPDL_RSA_FINGERPRINT_BYTES);
	ppdl_write_u16(w, (uint16_t) pub->bits);
	ppdl_write_u16(w, 0);
	ppdl_write_u32(w, view->parts);
	ppdl_write_u64(w, (uint64_t) view->grid.offset);
	ppdl_write_f64(w, view->grid.step);
	ppdl_write_u32(w, view->grid.max);
}
