#include "nn/weights.h"

#include <math.h>
#include <string.h>

#include "ckks/wire.h"
#include "nn/etrain.h"

#define WEIGHTS_MAGIC 0x31574C50	/* "PLW1" */

void
ppdl_put_ct(PpdlWriter *w, const PpdlCt *ct)
{
	ppdl_write_u8(w, ct->par->id);
	ppdl_write_u8(w, (uint8_t) ct->limbs);
	ppdl_write_f64(w, ct->scale);
	ppdl_write_f64(w, ct->noise);
	ppdl_write_f64(w, ct->bound);
	ppdl_wire_put_limbs(w, ct->par, ct->b, 0, ct->limbs);
	ppdl_wire_put_limbs(w, ct->par, ct->a, 0, ct->limbs);
}

PpdlStatus
ppdl_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	uint8_t		ring = ppdl_read_u8(r),
				limbs = ppdl_read_u8(r);
	double		scale = ppdl_read_f64(r),
				noise = ppdl_read_f64(r),
				bound = ppdl_read_f64(r);
	PpdlStatus	status;

	ct->b = ct->a = NULL;
	if (r->bad || ring != ev->par->id || limbs < 1 || limbs > ev->par->nq || !(scale >= 1 && scale < 0x1p120) ||
		!(noise >= 0 && isfinite(noise)) || !(bound >= 0 && isfinite(bound)))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed ciphertext");
	PPDL_TRY(ppdl_ct_alloc(ev, ct, limbs, err));
	ct->scale = scale;
	ct->noise = noise;
	ct->bound = bound;
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, ev->par, ct->b, 0, limbs, err));
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, ev->par, ct->a, 0, limbs, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, ct);
	return status;
}

PpdlStatus
ppdl_weights_save(PpdlWriter *w, const PpdlCt *ct, uint32_t period, const uint8_t fingerprint[8], PpdlError *err)
{
	ppdl_write_u32(w, WEIGHTS_MAGIC);
	ppdl_write_u32(w, period);
	ppdl_write_bytes(w, fingerprint, 8);
	ppdl_put_ct(w, ct);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_weights_load(PpdlEval *ev, PpdlCt *ct, uint32_t *period, uint8_t fingerprint[8], const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(buf, len);
	uint32_t	magic = ppdl_read_u32(&r);
	const uint8_t *fp;

	*period = ppdl_read_u32(&r);
	fp = ppdl_read_bytes(&r, 8);
	ct->b = ct->a = NULL;
	if (r.bad || magic != WEIGHTS_MAGIC || *period < 1 || *period > ev->par->slots || (*period & (*period - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "these are no encrypted weights");
	memcpy(fingerprint, fp, 8);
	PPDL_TRY(ppdl_get_ct(&r, ev, ct, err));
	if (ppdl_reader_left(&r) != 0)
	{
		ppdl_ct_release(ev, ct);
		return ppdl_error(err, PPDL_ERR_FORMAT, "encrypted weights have extra bytes");
	}
	return PPDL_OK;
}
