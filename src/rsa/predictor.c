/* The first layer over encrypted rows: powers of the inputs, multiplied up unit by unit. */
#include <stdlib.h>
#include <string.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/parts.h"
#include "rsa/prediction_private.h"

#define MAX_WEIGHT ((1 << (PPDL_RSA_MAX_WEIGHT_BITS - 1)) - 1)

struct PpdlRsaPredictor
{
	const PpdlRsaPublic *pub;
	const PpdlRsaLayer *layer;
	PpdlWriter	units;			/* of the layer, as on the wire */
	PpdlRsaParts sum;			/* the one in hand */
	uint8_t    *needed;			/* inputs × (MAX_WEIGHT + 1): is c_i^k a factor of any unit? */
	int		   *top;			/* inputs: the largest such k */
	int			largest;		/* of top */
	mp_limb_t  *power;			/* inputs × largest × limbs: c_i^k at k − 1 */
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

PpdlStatus
ppdl_rsa_predictor_create(PpdlRsaPredictor **out, const PpdlRsaPublic *pub, const PpdlRsaLayer *layer, PpdlError *err)
{
	PpdlRsaPredictor *p = calloc(1, sizeof(*p));
	PpdlStatus	status;

	*out = NULL;
	if (p == NULL)
		return ppdl_rsa_nomem(err);
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
	ppdl_rsa_write_units(&p->units, layer);
	if (status == PPDL_OK && (p->power == NULL || p->units.bad))
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
	ppdl_writer_free(&p->units);
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
				   "input %d is on the grid %.15g·(q%+lld), q <= %u; the network expects %.15g·(q%+lld), q <= %u",
				   i + 1,
				   input->grid.step, (long long) input->grid.offset, input->grid.max,
				   grid->step, (long long) grid->offset, grid->max);
		return ppdl_error_hint(err, PPDL_ERR_SCALE, "Encrypt all rows with the same number of input bits.");
	}
	bound = ppdl_rsa_part_bound(input->body);
	if (bound * (uint64_t) p->top[i] > p->pub->capacity)
	{
		ppdl_error(err, PPDL_ERR_RANGE,
				   "weight %d of input %d could wrap: the power may need %.1f bits, and the modulus of key %s holds %d",
				   p->top[i], i + 1, (double) bound * p->top[i] / 65536.0, p->pub->key_id, p->pub->bits - 1);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Use fewer weight_bits, rows encrypted with fewer input_bits or without "
							   "randomness, or a larger key.");
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
add_sum(PpdlRsaPredictor *p, PpdlRsaPrediction *prediction, int u, int sign, const PpdlRsaView *inputs, PpdlError *err)
{
	const int16_t *weight = p->layer->weight + (size_t) u * p->layer->inputs;
	uint32_t	parts;

	ppdl_rsa_parts_reset(&p->sum, p->pub);
	for (int i = 0; i < p->layer->inputs; i++)
	{
		int			k = weight[i] * sign;

		if (k > 0)
			PPDL_TRY(ppdl_rsa_parts_times(&p->sum, power_of(p, i, k),
										  ppdl_rsa_part_bound(inputs[i].body) * (uint32_t) k,
										  p->pub, &p->scratch, err));
	}
	parts = ppdl_rsa_parts_count(&p->sum);
	if (parts > PPDL_RSA_MAX_PARTS - prediction->parts || parts > UINT16_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE,
						  "prediction of %u rows needs more than %d parts: predict fewer rows at a time",
						  prediction->rows + 1, PPDL_RSA_MAX_PARTS);
	ppdl_write_u16(&prediction->sums, (uint16_t) parts);
	ppdl_rsa_parts_write(&p->sum, p->pub, &prediction->sums);
	prediction->parts += parts;
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_predictor_add(PpdlRsaPredictor *p, PpdlRsaPrediction *prediction, const PpdlRsaView *inputs, int n,
					   PpdlError *err)
{
	size_t		len = prediction->sums.len;
	uint32_t	parts = prediction->parts;
	PpdlStatus	status;

	if (prediction->units != (uint32_t) p->layer->units ||
		memcmp(prediction->model.buf, p->units.buf, p->units.len) != 0)
	{
		ppdl_error(err, PPDL_ERR_SCALE, "rows on different grids, or other weights, cannot be predicted together");
		return ppdl_error_hint(err, PPDL_ERR_SCALE, "Encrypt all rows with the same number of input bits.");
	}
	if (n != p->layer->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "row has %d features, but the network has %d inputs", n,
						  p->layer->inputs);
	if (prediction->rows == INT32_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE, "prediction of too many rows");
	PPDL_TRY(ppdl_rsa_view_check_key(&inputs[0], prediction->pub, err));
	for (int i = 0; i < n; i++)
	{
		PPDL_TRY(check_input(p, i, &inputs[i], err));
		PPDL_TRY(compute_powers(p, i, &inputs[i], err));
	}
	ppdl_write_u8(&prediction->sums, PPDL_RSA_ROW_PRESENT);
	for (int u = 0; u < p->layer->units; u++)
	{
		PPDL_GOTO(failed, add_sum(p, prediction, u, 1, inputs, err));
		PPDL_GOTO(failed, add_sum(p, prediction, u, -1, inputs, err));
	}
	if (prediction->sums.bad)
	{
		status = ppdl_rsa_nomem(err);
		goto failed;
	}
	for (int i = 0; i < n; i++)
		prediction->flags |= inputs[i].flags;
	prediction->rows++;
	return PPDL_OK;
failed:
	prediction->sums.len = len;
	prediction->parts = parts;
	return status;
}
