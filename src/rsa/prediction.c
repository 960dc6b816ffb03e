/* Encrypted predictions: their wire form, collecting their rows, and the owner's side. */
#include "rsa/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/prediction_private.h"

#define UNIT_BYTES 32
#define MAX_REST (1 << 26)

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

static PpdlRsaUnit
read_unit(const PpdlRsaPredictionView *v, uint32_t u)
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
check_row(PpdlReader *r, const PpdlRsaView *view, const PpdlRsaPublic *pub, uint32_t units, uint32_t *parts, PpdlError *err)
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
		PpdlRsaUnit unit = read_unit(&v, u);

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
ppdl_rsa_prediction_create(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, const PpdlRsaLayer *layer,
						   const void *rest, size_t rest_len, PpdlError *err)
{
	PpdlRsaPrediction *p;

	*out = NULL;
	if (rest_len > MAX_REST)
		return ppdl_error(err, PPDL_ERR_RANGE, "the network's further layers take %zu bytes: more than %d", rest_len, MAX_REST);
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
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction needs more than %d parts: predict fewer rows at a time", PPDL_RSA_MAX_PARTS);
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

static PpdlStatus
check_view(const PpdlRsaPublic *pub, const PpdlRsaView *view, PpdlError *err)
{
	PPDL_TRY(ppdl_rsa_view_check_key(view, pub, err));
	if (view->kind != PPDL_RSA_PREDICTION)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a value, not a prediction");
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
	PPDL_TRY(check_view(pub, view, err));
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

	PPDL_TRY(check_view(p->pub, view, err));
	PPDL_TRY(ppdl_rsa_prediction_view(&v, view, err));
	if (v.units != p->units || v.rest_len != p->rest_len || memcmp(v.unit, p->model.buf, p->model.len) != 0)
		return ppdl_error(err, PPDL_ERR_SCALE, "predictions of different networks, or of rows on different grids, cannot be combined");
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

/* ---- the owner's side ---- */

#define BLOCK 64				/* rows between two polls */

/* decryption of row-major sums by several threads, a row a turn */
typedef struct Job
{
	const PpdlRsaKey *key;
	const PpdlRsaView *view;
	PpdlRsaPredictionView prediction;
	const uint8_t **row;		/* start of each row's sums */
	double	   *z;
	uint32_t	first;			/* row of turn 0 */
	PpdlError	turn_error[BLOCK];
	PpdlStatus	turn_status[BLOCK];
} Job;

static PpdlStatus
decrypt_sum(const Job *job, PpdlReader *r, uint32_t max, uint32_t *sum, PpdlError *err)
{
	unsigned	parts = ppdl_read_u16(r);
	uint64_t	total = 0;

	for (unsigned i = 0; i < parts; i++)
	{
		uint32_t	q = 0;

		PPDL_TRY(ppdl_rsa_decrypt_part(job->key, job->view,
									   ppdl_read_bytes(r, ppdl_rsa_part_bytes(job->view)), &q, err));
		total += q;
	}
	if (total > max)
		return ppdl_error(err, PPDL_ERR_PRECISION, "encrypted sum is larger than it can be: the prediction is damaged");
	*sum = (uint32_t) total;
	return PPDL_OK;
}

static PpdlStatus
decrypt_row(const Job *job, uint32_t row, PpdlError *err)
{
	const PpdlRsaPredictionView *v = &job->prediction;
	PpdlReader	r = ppdl_reader(job->row[row], (size_t) (job->row[row + 1] - job->row[row]));
	double	   *z = job->z + (size_t) row * v->units;
	int			present = ppdl_read_u8(&r) == PPDL_RSA_ROW_PRESENT;

	if (!present)
	{
		for (uint32_t u = 0; u < v->units; u++)
			z[u] = NAN;
		return PPDL_OK;
	}
	for (uint32_t u = 0; u < v->units; u++)
	{
		PpdlRsaUnit unit = read_unit(v, u);
		uint32_t	positive = 0,
					negative = 0;

		PPDL_TRY(decrypt_sum(job, &r, unit.positive_max, &positive, err));
		PPDL_TRY(decrypt_sum(job, &r, unit.negative_max, &negative, err));
		z[u] = ppdl_rsa_unit_value(&unit, positive, negative);
		if (!isfinite(z[u]))
			return ppdl_error(err, PPDL_ERR_PRECISION, "decrypted prediction is not finite: its scales are damaged");
	}
	return PPDL_OK;
}

static void
decrypt_turn(void *arg, int turn)
{
	Job		   *job = arg;

	job->turn_status[turn] = decrypt_row(job, job->first + (uint32_t) turn, &job->turn_error[turn]);
}

static PpdlStatus
decrypt_block(Job *job, PpdlThreads *threads, PpdlError *err)
{
	uint32_t	left = job->prediction.rows - job->first;
	int			turns = (int) (left < BLOCK ? left : BLOCK);

	ppdl_parallel_for(threads, turns, decrypt_turn, job);
	for (int t = 0; t < turns; t++)
		if (job->turn_status[t] != PPDL_OK)
		{
			if (err != NULL)
				*err = job->turn_error[t];
			return job->turn_status[t];
		}
	return PPDL_OK;
}

/* where each row's sums begin; the layout has been checked */
static void
find_rows(Job *job)
{
	const PpdlRsaPredictionView *v = &job->prediction;
	PpdlReader	r = ppdl_reader(v->sums, v->sums_len);

	for (uint32_t row = 0; row < v->rows; row++)
	{
		job->row[row] = r.p;
		if (ppdl_read_u8(&r) == PPDL_RSA_ROW_NULL)
			continue;
		for (uint32_t s = 0; s < 2 * v->units; s++)
		{
			unsigned	n = ppdl_read_u16(&r);

			ppdl_read_bytes(&r, n * ppdl_rsa_part_bytes(job->view));
		}
	}
	job->row[v->rows] = r.p;
}

PpdlStatus
ppdl_rsa_prediction_decrypt(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlThreads *threads,
							PpdlRsaPoll poll, void *arg, double *z, PpdlError *err)
{
	Job		   *job;
	PpdlStatus	status;
	uint32_t	rows;

	PPDL_TRY(check_view(ppdl_rsa_key_public(key), view, err));
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return ppdl_rsa_nomem(err);
	job->key = key;
	job->view = view;
	job->z = z;
	PPDL_GOTO(done, ppdl_rsa_prediction_view(&job->prediction, view, err));
	rows = job->prediction.rows;
	job->row = calloc((size_t) rows + 1, sizeof(*job->row));
	if (job->row == NULL)
	{
		status = ppdl_rsa_nomem(err);
		goto done;
	}
	find_rows(job);
	for (; job->first < rows; job->first += BLOCK)
	{
		if (poll != NULL && poll(arg, job->first, rows))
		{
			status = ppdl_error(err, PPDL_ERR_CANCELED, "decryption was interrupted");
			goto done;
		}
		PPDL_GOTO(done, decrypt_block(job, threads, err));
	}
	status = PPDL_OK;
done:
	free(job->row);
	free(job);
	return status;
}
