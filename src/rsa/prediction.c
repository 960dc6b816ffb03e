/* Collecting the rows of encrypted predictions. */
#include "rsa/prediction.h"

#include <stdlib.h>
#include <string.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/prediction_private.h"

#define MAX_REST (1 << 26)

PpdlStatus
ppdl_rsa_prediction_create(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, const PpdlRsaLayer *layer,
						   const void *rest, size_t rest_len, PpdlError *err)
{
	PpdlRsaPrediction *p;

	*out = NULL;
	if (rest_len > MAX_REST)
		return ppdl_error(err, PPDL_ERR_RANGE, "the network's further layers take %zu bytes: more than %d", rest_len,
						  MAX_REST);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ppdl_rsa_nomem(err);
	p->pub = pub;
	p->units = (uint32_t) layer->units;
	p->rest_len = (uint32_t) rest_len;
	ppdl_rsa_write_units(&p->model, layer);
	ppdl_write_bytes(&p->model, rest, rest_len);
	if (p->model.bad)
	{
		ppdl_rsa_prediction_free(p);
		return ppdl_rsa_nomem(err);
	}
	*out = p;
	return PPDL_OK;
}

/* rows and sums of a wire value; its key and network have been checked */
static PpdlStatus
take_rows(PpdlRsaPrediction *p, const PpdlRsaView *view, const PpdlRsaPredictionView *v, PpdlError *err)
{
	if (view->parts > PPDL_RSA_MAX_PARTS - p->parts)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction needs more than %d parts: predict fewer rows at a time",
						  PPDL_RSA_MAX_PARTS);
	ppdl_write_bytes(&p->sums, v->sums, v->sums_len);
	if (p->sums.bad)
		return ppdl_rsa_nomem(err);
	if (v->rows > (uint32_t) INT32_MAX - p->rows)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction of too many rows");
	p->rows += v->rows;
	p->parts += view->parts;
	p->flags |= view->flags;
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_prediction_load(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, uint32_t nulls,
						 const PpdlRsaView *view, PpdlError *err)
{
	PpdlRsaPrediction *p;
	PpdlRsaPredictionView v;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_rsa_prediction_check_key(pub, view, err));
	PPDL_TRY(ppdl_rsa_prediction_view(&v, view, err));
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ppdl_rsa_nomem(err);
	p->pub = pub;
	p->units = v.units;
	p->rest_len = (uint32_t) v.rest_len;
	ppdl_write_bytes(&p->model, v.unit, (size_t) (v.sums - v.unit));
	status = p->model.bad ? ppdl_rsa_nomem(err) : ppdl_rsa_prediction_add_nulls(p, nulls, err);
	if (status == PPDL_OK)
		status = take_rows(p, view, &v, err);
	if (status != PPDL_OK)
		ppdl_rsa_prediction_free(p);
	else
		*out = p;
	return status;
}

void
ppdl_rsa_prediction_free(PpdlRsaPrediction *p)
{
	if (p == NULL)
		return;
	ppdl_writer_free(&p->model);
	ppdl_writer_free(&p->sums);
	free(p);
}

PpdlStatus
ppdl_rsa_prediction_append(PpdlRsaPrediction *p, const PpdlRsaView *view, PpdlError *err)
{
	PpdlRsaPredictionView v;

	PPDL_TRY(ppdl_rsa_prediction_check_key(p->pub, view, err));
	PPDL_TRY(ppdl_rsa_prediction_view(&v, view, err));
	if (v.units != p->units || v.rest_len != p->rest_len || memcmp(v.unit, p->model.buf, p->model.len) != 0)
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "predictions of different networks, or of rows on different grids, cannot be combined");
	return take_rows(p, view, &v, err);
}

PpdlStatus
ppdl_rsa_prediction_add_nulls(PpdlRsaPrediction *p, uint32_t n, PpdlError *err)
{
	uint8_t    *row;

	if (n > (uint32_t) INT32_MAX - p->rows)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction of too many rows");
	row = ppdl_write_space(&p->sums, n);
	if (row == NULL && n > 0)
		return ppdl_rsa_nomem(err);
	if (n > 0)
		memset(row, PPDL_RSA_ROW_NULL, n);
	p->rows += n;
	return PPDL_OK;
}

uint32_t
ppdl_rsa_prediction_rows(const PpdlRsaPrediction *p)
{
	return p->rows;
}

size_t
ppdl_rsa_prediction_size(const PpdlRsaPrediction *p)
{
	return PPDL_RSA_HEADER_BYTES + 12 + p->model.len + p->sums.len;
}

PpdlStatus
ppdl_rsa_prediction_write(const PpdlRsaPrediction *p, PpdlWriter *out, PpdlError *err)
{
	PpdlRsaView head = {
		.kind = PPDL_RSA_PREDICTION, .encoding = PPDL_RSA_EXPONENT, .flags = p->flags,
		.parts = p->parts, .grid = {.step = 1}
	};

	ppdl_rsa_write_header(out, &head, p->pub);
	ppdl_write_u32(out, p->rows);
	ppdl_write_u32(out, p->units);
	ppdl_write_u32(out, p->rest_len);
	ppdl_write_bytes(out, p->model.buf, p->model.len);
	ppdl_write_bytes(out, p->sums.buf, p->sums.len);
	return out->bad ? ppdl_rsa_nomem(err) : PPDL_OK;
}
