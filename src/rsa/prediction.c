/* Encrypted predictions: computing them, their wire form, and the owner's side. */
#include "rsa/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/key_private.h"
#include "rsa/parts.h"

#define UNIT_BYTES 32
#define MAX_REST (1 << 26)
#define MAX_WEIGHT ((1 << (PPDL_RSA_MAX_WEIGHT_BITS - 1)) - 1)

struct PpdlRsaPredictor
{
	const PpdlRsaPublic *pub;
	const PpdlRsaLayer *layer;
	PpdlWriter	model;			/* units and the rest, as on the wire */
	size_t		rest_len;
	uint32_t	rows;
	uint32_t	parts;
	uint8_t		flags;
	PpdlWriter	sums;			/* of all rows, as on the wire */
	PpdlRsaParts sum;			/* the one in hand */
	uint8_t    *needed;			/* inputs × (MAX_WEIGHT + 1): is c_i^k a factor of any unit? */
	int		   *top;			/* inputs: the largest such k */
	mp_limb_t  *power;			/* inputs × largest × limbs: c_i^k at k − 1 */
	int			largest;		/* of top */
	PpdlRsaScratch scratch;
};

static mp_limb_t *
power_of(const PpdlRsaPredictor *p, int input, int k)
{
	return p->power + ((size_t) input * p->largest + (size_t) k - 1) * p->pub->limbs;
}

/* c^k is a product of two smaller powers: all of those must be there, too */
static void
plan_powers(PpdlRsaPredictor *p)
{
	const PpdlRsaLayer *layer = p->layer;

	for (int u = 0; u < layer->units; u++)
		for (int i = 0; i < layer->inputs; i++)
		{
			int			k = abs(layer->weight[(size_t) u * layer->inputs + i]);

			p->needed[(size_t) i * (MAX_WEIGHT + 1) + k] = 1;
			if (k > p->top[i])
				p->top[i] = k;
		}
	p->largest = 1;
	for (int i = 0; i < layer->inputs; i++)
	{
		uint8_t    *needed = p->needed + (size_t) i * (MAX_WEIGHT + 1);

		if (p->top[i] > p->largest)
			p->largest = p->top[i];
		for (int k = p->top[i]; k > 1; k--)
			if (needed[k])
				needed[k / 2] = needed[k - k / 2] = 1;
	}
}

static void
write_model(PpdlRsaPredictor *p, const void *rest, size_t rest_len)
{
	for (int u = 0; u < p->layer->units; u++)
	{
		const PpdlRsaUnit *unit = &p->layer->unit[u];

		ppdl_write_f64(&p->model, unit->scale);
		ppdl_write_f64(&p->model, unit->bias);
		ppdl_write_u64(&p->model, (uint64_t) unit->shift);
		ppdl_write_u32(&p->model, unit->positive_max);
		ppdl_write_u32(&p->model, unit->negative_max);
	}
	ppdl_write_bytes(&p->model, rest, rest_len);
	p->rest_len = rest_len;
}

PpdlStatus
ppdl_rsa_predictor_create(PpdlRsaPredictor **out, const PpdlRsaPublic *pub, const PpdlRsaLayer *layer,
						  const void *rest, size_t rest_len, PpdlError *err)
{
	PpdlRsaPredictor *p = calloc(1, sizeof(*p));
	PpdlStatus	status;

	*out = NULL;
	if (p == NULL || rest_len > MAX_REST)
	{
		free(p);
		return p == NULL ? ppdl_rsa_nomem(err) :
			ppdl_error(err, PPDL_ERR_RANGE, "the network's further layers take %zu bytes: more than %d", rest_len, MAX_REST);
	}
	p->pub = pub;
	p->layer = layer;
	p->needed = calloc((size_t) layer->inputs, MAX_WEIGHT + 1);
	p->top = calloc((size_t) layer->inputs, sizeof(*p->top));
	status = ppdl_rsa_parts_init(&p->sum, pub, err);
	if (p->needed != NULL && p->top != NULL)
	{
		plan_powers(p);
		p->power = malloc((size_t) layer->inputs * p->largest * pub->limbs * sizeof(mp_limb_t));
	}
	write_model(p, rest, rest_len);
	if (status == PPDL_OK && (p->power == NULL || p->model.bad))
		status = ppdl_rsa_nomem(err);
	if (status != PPDL_OK)
		ppdl_rsa_predictor_free(p);
	else
		*out = p;
	return status;
}

void
ppdl_rsa_predictor_free(PpdlRsaPredictor *p)
{
	if (p == NULL)
		return;
	ppdl_writer_free(&p->model);
	ppdl_writer_free(&p->sums);
	ppdl_rsa_parts_free(&p->sum);
	free(p->needed);
	free(p->top);
	free(p->power);
	free(p);
}

static PpdlStatus
check_input(const PpdlRsaPredictor *p, int i, const PpdlRsaView *input, PpdlError *err)
{
	const PpdlRsaGrid *grid = &p->layer->grid[i];
	uint64_t	bound;

	PPDL_TRY(ppdl_rsa_view_check_key(input, p->pub, err));
	if (input->kind != PPDL_RSA_VALUE || input->encoding != PPDL_RSA_EXPONENT || input->parts != 1)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "input %d is not a single value in the exponent encoding", i + 1);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "rsa_encrypt_features encrypts rows for prediction.");
	}
	if (input->grid.step != grid->step || input->grid.offset != grid->offset || input->grid.max != grid->max)
	{
		ppdl_error(err, PPDL_ERR_SCALE,
				   "input %d is on the grid %.15g·(q%+lld), q <= %u; the network expects %.15g·(q%+lld), q <= %u", i + 1,
				   input->grid.step, (long long) input->grid.offset, input->grid.max,
				   grid->step, (long long) grid->offset, grid->max);
		return ppdl_error_hint(err, PPDL_ERR_SCALE, "Encrypt all rows with the same number of input bits.");
	}
	bound = ppdl_rsa_part_bound(input->body);
	if (bound * (uint64_t) p->top[i] > p->pub->capacity)
	{
		ppdl_error(err, PPDL_ERR_RANGE,
				   "weight %d of input %d could wrap: the power may need %.1f bits, and the modulus of key %s holds %.1f",
				   p->top[i], i + 1, (double) bound * p->top[i] / 65536.0, p->pub->key_id, p->pub->capacity / 65536.0);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Use fewer weight_bits, rows encrypted with fewer input_bits or without randomness, or a larger key.");
	}
	return PPDL_OK;
}

/* the powers of input i that some unit needs */
static PpdlStatus
compute_powers(PpdlRsaPredictor *p, int i, const PpdlRsaView *input, PpdlError *err)
{
	const uint8_t *needed = p->needed + (size_t) i * (MAX_WEIGHT + 1);

	PPDL_TRY(ppdl_rsa_part_limbs(power_of(p, i, 1), input, input->body, p->pub, err));
	for (int k = 2; k <= p->top[i]; k++)
		if (needed[k])
			ppdl_rsa_mulmod(power_of(p, i, k), power_of(p, i, k / 2), power_of(p, i, k - k / 2),
							p->pub, &p->scratch);
	return PPDL_OK;
}

/* appends the product of c_i^|k| over the weights of one sign */
static PpdlStatus
add_sum(PpdlRsaPredictor *p, int u, int sign, const PpdlRsaView *inputs, PpdlError *err)
{
	const int16_t *weight = p->layer->weight + (size_t) u * p->layer->inputs;

	ppdl_rsa_parts_reset(&p->sum, p->pub);
	for (int i = 0; i < p->layer->inputs; i++)
	{
		int			k = weight[i] * sign;

		if (k > 0)
			PPDL_TRY(ppdl_rsa_parts_times(&p->sum, power_of(p, i, k),
										  ppdl_rsa_part_bound(inputs[i].body) * (uint32_t) k,
										  p->pub, &p->scratch, err));
	}
	if (ppdl_rsa_parts_count(&p->sum) > PPDL_RSA_MAX_PARTS - p->parts ||
		ppdl_rsa_parts_count(&p->sum) > UINT16_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction of %u rows needs more than %d parts: predict fewer rows at a time",
						  p->rows + 1, PPDL_RSA_MAX_PARTS);
	ppdl_write_u16(&p->sums, (uint16_t) ppdl_rsa_parts_count(&p->sum));
	ppdl_rsa_parts_write(&p->sum, p->pub, &p->sums);
	p->parts += ppdl_rsa_parts_count(&p->sum);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_predictor_add(PpdlRsaPredictor *p, const PpdlRsaView *inputs, int n, PpdlError *err)
{
	size_t		len = p->sums.len;
	uint32_t	parts = p->parts;
	PpdlStatus	status;

	if (n != p->layer->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "row has %d features, but the network has %d inputs", n, p->layer->inputs);
	for (int i = 0; i < n; i++)
	{
		PPDL_TRY(check_input(p, i, &inputs[i], err));
		PPDL_TRY(compute_powers(p, i, &inputs[i], err));
	}
	for (int u = 0; u < p->layer->units; u++)
	{
		PPDL_GOTO(failed, add_sum(p, u, 1, inputs, err));
		PPDL_GOTO(failed, add_sum(p, u, -1, inputs, err));
	}
	if (p->sums.bad)
	{
		status = ppdl_rsa_nomem(err);
		goto failed;
	}
	for (int i = 0; i < n; i++)
		p->flags |= inputs[i].flags;
	p->rows++;
	return PPDL_OK;
failed:
	p->sums.len = len;
	p->parts = parts;
	return status;
}

uint32_t
ppdl_rsa_predictor_rows(const PpdlRsaPredictor *p)
{
	return p->rows;
}

size_t
ppdl_rsa_predictor_size(const PpdlRsaPredictor *p)
{
	return PPDL_RSA_HEADER_BYTES + 12 + p->model.len + p->sums.len;
}

PpdlStatus
ppdl_rsa_predictor_write(const PpdlRsaPredictor *p, PpdlWriter *out, PpdlError *err)
{
	PpdlRsaView head = {
		.kind = PPDL_RSA_PREDICTION, .encoding = PPDL_RSA_EXPONENT, .flags = p->flags,
		.parts = p->parts, .grid = {.step = 1}
	};

	ppdl_rsa_write_header(out, &head, p->pub);
	ppdl_write_u32(out, p->rows);
	ppdl_write_u32(out, (uint32_t) p->layer->units);
	ppdl_write_u32(out, (uint32_t) p->rest_len);
	ppdl_write_bytes(out, p->model.buf, p->model.len);
	ppdl_write_bytes(out, p->sums.buf, p->sums.len);
	return out->bad ? ppdl_rsa_nomem(err) : PPDL_OK;
}

PpdlStatus
ppdl_rsa_prediction_view(PpdlRsaPredictionView *v, const PpdlRsaView *view, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(view->body, view->body_len);

	v->rows = ppdl_read_u32(&r);
	v->units = ppdl_read_u32(&r);
	v->rest_len = ppdl_read_u32(&r);
	if (r.bad || v->units < 1 || v->units > PPDL_RSA_MAX_UNITS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: impossible number of units");
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

PpdlStatus
ppdl_rsa_prediction_check_layout(const PpdlRsaView *view, PpdlError *err)
{
	PpdlRsaPredictionView v;
	PpdlReader	r;
	uint64_t	sums;
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
	sums = (uint64_t) v.rows * v.units * 2;
	for (uint64_t s = 0; s < sums && !r.bad; s++)
	{
		unsigned	n = ppdl_read_u16(&r);

		if (n == 0)
			r.bad = 1;
		for (unsigned i = 0; i < n && !r.bad; i++)
		{
			const uint8_t *part = ppdl_read_bytes(&r, ppdl_rsa_part_bytes(view));

			if (part != NULL)
				PPDL_TRY(ppdl_rsa_part_check_layout(view, part, err));
		}
		parts += n;
	}
	if (r.bad || ppdl_reader_left(&r) != 0 || parts != view->parts)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: its length does not fit its %u rows", v.rows);
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_predictor_append(PpdlRsaPredictor *p, const PpdlRsaView *prediction, PpdlError *err)
{
	PpdlRsaPredictionView v;

	PPDL_TRY(ppdl_rsa_view_check_key(prediction, p->pub, err));
	if (prediction->kind != PPDL_RSA_PREDICTION)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is not a prediction");
	PPDL_TRY(ppdl_rsa_prediction_view(&v, prediction, err));
	if (v.units != (uint32_t) p->layer->units || v.rest_len != p->rest_len ||
		memcmp(v.unit, p->model.buf, p->model.len) != 0)
		return ppdl_error(err, PPDL_ERR_SCALE, "predictions of different networks, or of rows on different grids, cannot be combined");
	if (prediction->parts > PPDL_RSA_MAX_PARTS - p->parts)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction needs more than %d parts: predict fewer rows at a time", PPDL_RSA_MAX_PARTS);
	ppdl_write_bytes(&p->sums, v.sums, v.sums_len);
	if (p->sums.bad)
		return ppdl_rsa_nomem(err);
	p->rows += v.rows;
	p->parts += prediction->parts;
	p->flags |= prediction->flags;
	return PPDL_OK;
}

/* ---- the owner's side ---- */

/* decryption of row-major sums by several threads, a row a turn */
typedef struct Job
{
	const PpdlRsaKey *key;
	const PpdlRsaView *view;
	PpdlRsaPredictionView prediction;
	const uint8_t **row;		/* start of each row's sums */
	double	   *z;
	PpdlError  *row_error;		/* rows */
	PpdlStatus *row_status;
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
decrypt_row(const Job *job, int row, PpdlError *err)
{
	const PpdlRsaPredictionView *v = &job->prediction;
	PpdlReader	r = ppdl_reader(job->row[row], (size_t) (job->row[row + 1] - job->row[row]));
	double	   *z = job->z + (size_t) row * v->units;

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
decrypt_turn(void *arg, int row)
{
	Job		   *job = arg;

	job->row_status[row] = decrypt_row(job, row, &job->row_error[row]);
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
							double *z, PpdlError *err)
{
	Job			job = {.key = key, .view = view, .z = z};
	PpdlStatus	status = PPDL_OK;
	uint32_t	rows;

	PPDL_TRY(ppdl_rsa_view_check_key(view, ppdl_rsa_key_public(key), err));
	if (view->kind != PPDL_RSA_PREDICTION)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a value, not a prediction");
	PPDL_TRY(ppdl_rsa_prediction_view(&job.prediction, view, err));
	rows = job.prediction.rows;
	job.row = calloc((size_t) rows + 1, sizeof(*job.row));
	job.row_error = calloc((size_t) rows + 1, sizeof(*job.row_error));
	job.row_status = calloc((size_t) rows + 1, sizeof(*job.row_status));
	if (job.row == NULL || job.row_error == NULL || job.row_status == NULL)
		status = ppdl_rsa_nomem(err);
	else
	{
		find_rows(&job);
		ppdl_parallel_for(threads, (int) rows, decrypt_turn, &job);
		for (uint32_t row = 0; status == PPDL_OK && row < rows; row++)
			if (job.row_status[row] != PPDL_OK)
			{
				status = job.row_status[row];
				if (err != NULL)
					*err = job.row_error[row];
			}
	}
	free(job.row);
	free(job.row_error);
	free(job.row_status);
	return status;
}
