#include "learn/weights.h"

#include <math.h>
#include <string.h>

#include "ckks/verify.h"
#include "ckks/wire.h"
#include "rows/cipher_read.h"
#include "rows/cipher_write.h"
#include "rows/lift.h"

void
ppdl_put_ct(PpdlWriter *w, const PpdlCt *ct)
{
	ppdl_write_u8(w, ct->par->id);
	ppdl_write_u8(w, (uint8_t) ct->limbs);
	ppdl_wire_put_ct(w, ct);
}

PpdlStatus
ppdl_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	uint8_t		ring = ppdl_read_u8(r),
				limbs = ppdl_read_u8(r);

	ct->b = ct->a = NULL;
	if (r->bad || ring != ev->par->id || limbs < 1 || limbs > ev->par->nq)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed ciphertext");
	return ppdl_wire_get_ct(r, ev, ct, limbs, err);
}

/* a chunk and a row for each ciphertext, which have one scale: a period at place 0 */
PpdlStatus
ppdl_weights_save(PpdlWriter *w, const PpdlCt *ct, int count, uint32_t period, const uint8_t fingerprint[8],
				  PpdlError *err)
{
	const PpdlParams *par = ct->par;
	PpdlCipher	header = {.par = par, .kind = PPDL_KIND_PACKED, .limbs = ct->limbs, .width = (int) period,
		.logk = ppdl_log2_width((int) period) + 1,
		.scale = ct->scale, .noise = ct->noise, .bound = ct->bound, .layout = PPDL_LAYOUT_SLOTS,
		.nrows = (uint32_t) count, .nchunks = (uint32_t) count};

	/* a checkpoint may bring any two */
	for (int i = 1; i < count; i++)
		if (ct[i].limbs != ct->limbs || ct[i].scale != ct->scale)
			return ppdl_error(err, PPDL_ERR_SCALE,
							  "encrypted weights of %d and %d limbs, of scales 2^%.4f and 2^%.4f, "
							  "are none of one model",
							  ct->limbs, ct[i].limbs, log2(ct->scale), log2(ct[i].scale));
	memcpy(header.fingerprint, fingerprint, PPDL_FINGERPRINT_BYTES);
	PPDL_TRY(ppdl_cipher_put_header(w, &header, err));
	for (int i = 0; i < count; i++)
		ppdl_write_u32(w, (uint32_t) i << 16);
	for (int i = 0; i < count; i++)
	{
		PPDL_VERIFY_CT(&ct[i]);
		for (int l = 0; l < ct->limbs; l++)
		{
			ppdl_wire_put_limbs(w, par, ppdl_climb(par->ring, ct[i].b, l), l, l + 1);
			ppdl_wire_put_limbs(w, par, ppdl_climb(par->ring, ct[i].a, l), l, l + 1);
		}
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_weights_load(PpdlEval *ev, PpdlCt ct[PPDL_MAX_WEIGHT_CTS], int *count, uint32_t *period, uint8_t fingerprint[8],
				  const void *buf, size_t len, PpdlError *err)
{
	PpdlCipher	c;
	PpdlStatus	status = PPDL_OK;

	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
		ct[i].b = ct[i].a = NULL;
	PPDL_TRY(ppdl_cipher_parse_in(&c, ev->par, buf, len, err));
	if (c.par != ev->par || c.kind != PPDL_KIND_PACKED || c.layout != PPDL_LAYOUT_SLOTS ||
		c.nrows < 1 || c.nrows > PPDL_MAX_WEIGHT_CTS || c.nchunks != c.nrows || c.width != 1 << (c.logk - 1))
		return ppdl_error(err, PPDL_ERR_FORMAT, "these are no encrypted weights");
	*count = (int) c.nrows;
	*period = (uint32_t) c.width;
	memcpy(fingerprint, c.fingerprint, sizeof(c.fingerprint));
	for (int i = 0; i < *count && status == PPDL_OK; i++)
	{
		if (ppdl_cipher_place(&c, (uint32_t) i) != (uint32_t) i << 16)
			status = ppdl_error(err, PPDL_ERR_FORMAT, "these are no encrypted weights");
		else
			status = ppdl_lift_chunk(ev, &ct[i], &c, (uint32_t) i, c.limbs, err);
	}
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS && status != PPDL_OK; i++)
		ppdl_ct_release(ev, &ct[i]);
	return status;
}
