/* Reading and writing the wire form of encrypted predictions. */
#include "rsa/prediction_private.h"

#include <math.h>

#include "rsa/cipher_private.h"

#define UNIT_BYTES 32

PpdlStatus
ppdl_rsa_prediction_view(PpdlRsaPredictionView *v, const PpdlRsaView *view, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(view->body, view->body_len);

	v->rows = ppdl_read_u32(&r);
	v->units = ppdl_read_u32(&r);
	v->rest_len = ppdl_read_u32(&r);
	if (r.bad || v->units < 1 || v->units > PPDL_RSA_MAX_UNITS || v->rows > INT32_MAX)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: impossible number of rows or units");
	v->unit = ppdl_read_bytes(&r, (size_t) v->units * UNIT_BYTES);
	v->rest = ppdl_read_bytes(&r, v->rest_len);
	if (r.bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: its network is cut short");
	v->sums = r.p;
	v->sums_len = ppdl_reader_left(&r);
	return PPDL_OK;
}

PpdlRsaUnit
ppdl_rsa_read_unit(const PpdlRsaPredictionView *v, uint32_t u)
{
	PpdlReader	r = ppdl_reader(v->unit + (size_t) u * UNIT_BYTES, UNIT_BYTES);
	PpdlRsaUnit unit;

	unit.scale = ppdl_read_f64(&r);
	unit.bias = ppdl_read_f64(&r);
	unit.shift = (int64_t) ppdl_read_u64(&r);
	unit.positive_max = ppdl_read_u32(&r);
	unit.negative_max = ppdl_read_u32(&r);
	return unit;
}

/* reads one row; sets r->bad, or returns an error, when it is not one */
static PpdlStatus
check_row(PpdlReader *r, const PpdlRsaView *view, const PpdlRsaPublic *pub, uint32_t units, uint32_t *parts,
		  PpdlError *err)
{
	unsigned	present = ppdl_read_u8(r);

	if (present > PPDL_RSA_ROW_PRESENT)
		r->bad = 1;
	for (uint32_t s = 0; present && s < 2 * units && !r->bad; s++)
	{
		unsigned	n = ppdl_read_u16(r);

		if (n == 0)
			r->bad = 1;
		for (unsigned i = 0; i < n && !r->bad; i++)
		{
			const uint8_t *part = ppdl_read_bytes(r, ppdl_rsa_part_bytes(view));

			if (part != NULL)
				PPDL_TRY(pub == NULL ? ppdl_rsa_part_check_layout(view, part, err) :
						 ppdl_rsa_part_check_key(view, part, pub, err));
		}
		*parts += n;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_prediction_check(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err)
{
	PpdlRsaPredictionView v;
	PpdlReader	r;
	uint32_t	parts = 0;

	PPDL_TRY(ppdl_rsa_prediction_view(&v, view, err));
	for (uint32_t u = 0; u < v.units; u++)
	{
		PpdlRsaUnit unit = ppdl_rsa_read_unit(&v, u);

		if (!isfinite(unit.scale) || !isfinite(unit.bias) ||
			unit.shift > PPDL_RSA_MAX_OFFSET || unit.shift < -PPDL_RSA_MAX_OFFSET)
			return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: impossible scale of unit %u", u + 1);
	}
	r = ppdl_reader(v.sums, v.sums_len);
	for (uint32_t row = 0; row < v.rows && !r.bad; row++)
		PPDL_TRY(check_row(&r, view, pub, v.units, &parts, err));
	if (r.bad || ppdl_reader_left(&r) != 0 || parts != view->parts)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: its length does not fit its %u rows", v.rows);
	return PPDL_OK;
}

void
ppdl_rsa_write_units(PpdlWriter *w, const PpdlRsaLayer *layer)
{
	for (int u = 0; u < layer->units; u++)
	{
		const PpdlRsaUnit *unit = &layer->unit[u];

		ppdl_write_f64(w, unit->scale);
		ppdl_write_f64(w, unit->bias);
		ppdl_write_u64(w, (uint64_t) unit->shift);
		ppdl_write_u32(w, unit->positive_max);
		ppdl_write_u32(w, unit->negative_max);
	}
}

PpdlStatus
ppdl_rsa_prediction_check_key(const PpdlRsaPublic *pub, const PpdlRsaView *view, PpdlError *err)
{
	PPDL_TRY(ppdl_rsa_view_check_key(view, pub, err));
	if (view->kind != PPDL_RSA_PREDICTION)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a value, not a prediction");
	return PPDL_OK;
}
