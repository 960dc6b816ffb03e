#include "rsa/layer.h"

#include <math.h>
#include <stdlib.h>

#include "rsa/error.h"
#include "rsa/value.h"

#define SCALE_CANDIDATES 64

/*
 * One unit: k[i] ~ a[i]/scale with |k| <= top, where an error of one in k[i]
 * costs weight[i].
 */
typedef struct Fit
{
	int			n;
	const double *a;
	const double *weight;
	int			top;
} Fit;

static void
round_to_scale(const Fit *fit, double scale, int16_t *k)
{
	for (int i = 0; i < fit->n; i++)
	{
		double		r = rint(fit->a[i] / scale);

		k[i] = (int16_t) fmax(-fit->top, fmin(fit->top, r));
	}
}

/* least squares: the best scale for these integers; 0 if all of them are 0 */
static double
best_scale(const Fit *fit, const int16_t *k)
{
	double		ak = 0,
				kk = 0;

	for (int i = 0; i < fit->n; i++)
	{
		ak += fit->weight[i] * fit->a[i] * k[i];
		kk += fit->weight[i] * k[i] * k[i];
	}
	return kk > 0 ? ak / kk : 0;
}

static double
squared_error(const Fit *fit, double scale, const int16_t *k)
{
	double		sum = 0;

	for (int i = 0; i < fit->n; i++)
	{
		double		e = fit->a[i] - scale * k[i];

		sum += fit->weight[i] * e * e;
	}
	return sum;
}

/* returns the scale and leaves the integers in k; trial is room for n more */
static double
fit_unit(const Fit *fit, int16_t *k, int16_t *trial)
{
	double		largest = 0,
				best = 0,
				best_error = INFINITY;

	for (int i = 0; i < fit->n; i++)
		largest = fmax(largest, fabs(fit->a[i]));
	memset(k, 0, sizeof(*k) * (size_t) fit->n);
	if (largest == 0)
		return 0;
	/* the largest weight is put at 0.5 … top + 0.5; beyond top it is cut */
	for (int c = 1; c <= SCALE_CANDIDATES; c++)
	{
		double		scale = largest / (0.5 + (double) fit->top * c / SCALE_CANDIDATES),
					error;

		round_to_scale(fit, scale, trial);
		scale = best_scale(fit, trial);
		error = squared_error(fit, scale, trial);
		if (scale > 0 && error < best_error)
		{
			best_error = error;
			best = scale;
			memcpy(k, trial, sizeof(*k) * (size_t) fit->n);
		}
	}
	return best;
}

/* shift and the bounds of both sums; an error when a sum could leave 32 bits */
static PpdlStatus
sum_limits(PpdlRsaUnit *unit, int u, const int16_t *k, const PpdlRsaGrid *grid, int inputs, PpdlError *err)
{
	uint64_t	positive = 0,
				negative = 0;
	int64_t		shift = 0;

	for (int i = 0; i < inputs; i++)
	{
		if (k[i] > 0)
			positive += (uint64_t) k[i] * grid[i].max;
		else
			negative += (uint64_t) -k[i] * grid[i].max;
		if (__builtin_add_overflow(shift, grid[i].offset * k[i], &shift))	/* each below 2^59 */
			shift = INT64_MAX;
		if (shift > PPDL_RSA_MAX_OFFSET || shift < -PPDL_RSA_MAX_OFFSET)
			return ppdl_error(err, PPDL_ERR_RANGE, "offsets of the inputs of unit %d are too large", u + 1);
	}
	if (positive > UINT32_MAX || negative > UINT32_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE, "weighted sum of unit %d could exceed 2^32", u + 1);
	unit->positive_max = (uint32_t) positive;
	unit->negative_max = (uint32_t) negative;
	unit->shift = shift;
	return PPDL_OK;
}

static PpdlStatus
check_arguments(int inputs, int units, const double *weight, const double *bias,
				const PpdlRsaGrid *grid, int weight_bits, PpdlError *err)
{
	if (inputs < 1 || inputs > PPDL_RSA_MAX_INPUTS || units < 1 || units > PPDL_RSA_MAX_UNITS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "layer of %d inputs and %d units: both go from 1 to %d",
						  inputs, units, PPDL_RSA_MAX_INPUTS);
	if (weight_bits < PPDL_RSA_MIN_WEIGHT_BITS || weight_bits > PPDL_RSA_MAX_WEIGHT_BITS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "weights are quantised to %d to %d bits, not %d",
						  PPDL_RSA_MIN_WEIGHT_BITS, PPDL_RSA_MAX_WEIGHT_BITS, weight_bits);
	for (int i = 0; i < inputs; i++)
		if (!(isfinite(grid[i].step) && grid[i].step > 0) ||
			grid[i].offset > PPDL_RSA_MAX_OFFSET || grid[i].offset < -PPDL_RSA_MAX_OFFSET)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "grid of input %d has no positive step or too large an offset",
							  i + 1);
	for (int u = 0; u < units; u++)
	{
		if (!isfinite(bias[u]))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "bias of unit %d is not finite", u + 1);
		for (int i = 0; i < inputs; i++)
			if (!isfinite(weight[(size_t) u * inputs + i]))
				return ppdl_error(err, PPDL_ERR_ARGUMENT, "weight of unit %d, input %d is not finite", u + 1, i + 1);
	}
	return PPDL_OK;
}

static PpdlStatus
quantise(PpdlRsaLayer *layer, const double *weight, const double *bias, PpdlError *err)
{
	size_t		n = (size_t) layer->inputs;
	double	   *a = calloc(2 * n, sizeof(double)),
			   *cost = a != NULL ? a + n : NULL;
	int16_t    *trial = calloc(n, sizeof(int16_t));
	Fit			fit = {layer->inputs, a, cost, (1 << (layer->weight_bits - 1)) - 1};
	PpdlStatus	status = PPDL_OK;

	if (a == NULL || trial == NULL)
		status = ppdl_rsa_nomem(err);
	for (size_t i = 0; status == PPDL_OK && i < n; i++)
		cost[i] = (double) layer->grid[i].max * layer->grid[i].max;
	for (int u = 0; status == PPDL_OK && u < layer->units; u++)
	{
		int16_t    *k = layer->weight + (size_t) u * n;

		for (size_t i = 0; i < n; i++)
			a[i] = weight[(size_t) u * n + i] * layer->grid[i].step;
		layer->unit[u].scale = fit_unit(&fit, k, trial);
		layer->unit[u].bias = bias[u];
		status = sum_limits(&layer->unit[u], u, k, layer->grid, layer->inputs, err);
	}
	free(a);
	free(trial);
	return status;
}

PpdlStatus
ppdl_rsa_layer_create(PpdlRsaLayer **out, int inputs, int units, const double *weight,
					  const double *bias, const PpdlRsaGrid *grid, int weight_bits, PpdlError *err)
{
	PpdlRsaLayer *layer;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(check_arguments(inputs, units, weight, bias, grid, weight_bits, err));
	layer = calloc(1, sizeof(*layer));
	if (layer == NULL)
		return ppdl_rsa_nomem(err);
	layer->inputs = inputs;
	layer->units = units;
	layer->weight_bits = weight_bits;
	layer->grid = calloc((size_t) inputs, sizeof(*layer->grid));
	layer->weight = calloc((size_t) inputs * (size_t) units, sizeof(*layer->weight));
	layer->unit = calloc((size_t) units, sizeof(*layer->unit));
	if (layer->grid == NULL || layer->weight == NULL || layer->unit == NULL)
		status = ppdl_rsa_nomem(err);
	else
	{
		memcpy(layer->grid, grid, sizeof(*grid) * (size_t) inputs);
		status = quantise(layer, weight, bias, err);
	}
	if (status != PPDL_OK)
		ppdl_rsa_layer_free(layer);
	else
		*out = layer;
	return status;
}

void
ppdl_rsa_layer_free(PpdlRsaLayer *layer)
{
	if (layer == NULL)
		return;
	free(layer->grid);
	free(layer->weight);
	free(layer->unit);
	free(layer);
}

PpdlStatus
ppdl_rsa_layer_apply(const PpdlRsaLayer *layer, const double *x, double *z, PpdlError *err)
{
	uint32_t   *q = calloc((size_t) layer->inputs, sizeof(*q));
	PpdlStatus	status = PPDL_OK;

	if (q == NULL)
		return ppdl_rsa_nomem(err);
	for (int i = 0; status == PPDL_OK && i < layer->inputs; i++)
		status = ppdl_rsa_grid_point(&q[i], x[i], &layer->grid[i], err);
	for (int u = 0; status == PPDL_OK && u < layer->units; u++)
	{
		const int16_t *k = layer->weight + (size_t) u * (size_t) layer->inputs;
		uint32_t	positive = 0,
					negative = 0;

		for (int i = 0; i < layer->inputs; i++)
			if (k[i] > 0)
				positive += (uint32_t) k[i] * q[i];
			else
				negative += (uint32_t) -k[i] * q[i];
		z[u] = ppdl_rsa_unit_value(&layer->unit[u], positive, negative);
	}
	free(q);
	return status;
}
