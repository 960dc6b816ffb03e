#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/forward.h"
#include "net/layer.h"

void
ppdl_net_destroy(PpdlNet *net)
{
	if (net == NULL)
		return;
	/* an owner's may be secret */
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];

		ppdl_free_secret(layer->w, sizeof(double) * (size_t) ppdl_layer_weight_count(layer));
		ppdl_free_secret(layer->bias, sizeof(double) * (size_t) ppdl_layer_bias_count(layer));
	}
	free(net->input_scale);
	free(net);
}

int
ppdl_net_outputs(const PpdlNet *net)
{
	return net->layer[net->nlayers - 1].units;
}

int
ppdl_net_weight_count(const PpdlNet *net)
{
	int			count = 0;

	for (int l = 0; l < net->nlayers; l++)
		count += ppdl_layer_weight_count(&net->layer[l]) + ppdl_layer_bias_count(&net->layer[l]);
	return count;
}

/* "layer 2, unit 3, input 4" of a place in the flat vector, for messages */
static void
locate(const PpdlNet *net, int i, char *buf, size_t size)
{
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		int			n = ppdl_layer_weight_count(layer) + ppdl_layer_bias_count(layer);

		if (i < n)
		{
			int			at = snprintf(buf, size, "layer %d, ", l + 1);

			ppdl_layer_locate(layer, i, buf + at, size - (size_t) at);
			return;
		}
		i -= n;
	}
	snprintf(buf, size, "beyond the last layer");
}

static PpdlStatus
allocate_weights(PpdlNet *net, PpdlError *err)
{
	for (int l = 0; l < net->nlayers; l++)
	{
		PpdlLayer  *layer = &net->layer[l];

		/* one more than there are: a pool has none, and is not NULL when the network is trained */
		if (layer->w == NULL)
			layer->w = malloc(sizeof(double) * ((size_t) ppdl_layer_weight_count(layer) + 1));
		if (layer->bias == NULL)
			layer->bias = malloc(sizeof(double) * ((size_t) ppdl_layer_bias_count(layer) + 1));
		if (layer->w == NULL || layer->bias == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d weights", ppdl_net_weight_count(net));
	}
	return PPDL_OK;
}

static PpdlStatus
check_weight(const PpdlNet *net, const double *w, int i, PpdlError *err)
{
	char		where[80];

	if (isfinite(w[i]))
		return PPDL_OK;
	locate(net, i, where, sizeof(where));
	return ppdl_error(err, PPDL_ERR_RANGE, "weight %d (%s) is not finite", i + 1, where);
}

/* a network without biases must not get any: encrypted models have no place for them */
static PpdlStatus
check_biases(const PpdlNet *net, const double *w, PpdlError *err)
{
	int			at = 0;

	for (int l = 0; l < net->nlayers; l++)
	{
		at += ppdl_layer_weight_count(&net->layer[l]);
		for (int u = 0; u < ppdl_layer_bias_count(&net->layer[l]); u++, at++)
			if (w[at] != 0)
			{
				char		where[80];

				locate(net, at, where, sizeof(where));
				ppdl_error(err, PPDL_ERR_ARGUMENT, "weight %d (%s) is %g, but the network has \"bias\": false", at + 1,
						   where, w[at]);
				return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
									   "Leave \"bias\": false out of the specification to keep the "
									   "biases, or set them to 0.");
			}
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_net_set_weights(PpdlNet *net, const double *w, int count, PpdlError *err)
{
	int			want = ppdl_net_weight_count(net);

	if (count != want)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d weights, %d were given", want, count);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Layer by layer: units x inputs weights, row by row, then one bias a unit%s.",
							   net->shape.channels == 0 ? "" :
							   "; of conv2d filters x channels x kernel x kernel, then one bias a filter");
	}
	for (int i = 0; i < count; i++)
		PPDL_TRY(check_weight(net, w, i, err));
	if (!net->bias)
		PPDL_TRY(check_biases(net, w, err));
	PPDL_TRY(allocate_weights(net, err));
	for (int l = 0; l < net->nlayers; l++)
	{
		PpdlLayer  *layer = &net->layer[l];
		const size_t n = (size_t) ppdl_layer_weight_count(layer),
					biases = (size_t) ppdl_layer_bias_count(layer);

		memcpy(layer->w, w, n * sizeof(double));
		memcpy(layer->bias, w + n, biases * sizeof(double));
		w += n + biases;
	}
	return PPDL_OK;
}

void
ppdl_net_get_weights(const PpdlNet *net, double *w)
{
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		const size_t n = (size_t) ppdl_layer_weight_count(layer),
					biases = (size_t) ppdl_layer_bias_count(layer);

		memcpy(w, layer->w, n * sizeof(double));
		memcpy(w + n, layer->bias, biases * sizeof(double));
		w += n + biases;
	}
}

PpdlStatus
ppdl_net_clone_untrained(PpdlNet **out, const PpdlNet *net, PpdlError *err)
{
	PpdlNet    *copy = malloc(sizeof(*copy));

	*out = NULL;
	if (copy == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	*copy = *net;
	for (int l = 0; l < net->nlayers; l++)
		copy->layer[l].w = copy->layer[l].bias = NULL;
	copy->input_scale = malloc(sizeof(double) * (size_t) net->inputs);
	if (copy->input_scale == NULL)
	{
		ppdl_net_destroy(copy);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a network of %d inputs", net->inputs);
	}
	memcpy(copy->input_scale, net->input_scale, sizeof(double) * (size_t) net->inputs);
	*out = copy;
	return PPDL_OK;
}

PpdlStatus
ppdl_net_clone(PpdlNet **out, const PpdlNet *net, PpdlError *err)
{
	PpdlStatus	status = ppdl_net_clone_untrained(out, net, err);

	if (status != PPDL_OK || net->layer[0].w == NULL)
		return status;
	status = allocate_weights(*out, err);
	if (status != PPDL_OK)
	{
		ppdl_net_destroy(*out);
		*out = NULL;
		return status;
	}
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];

		memcpy((*out)->layer[l].w, layer->w, sizeof(double) * (size_t) ppdl_layer_weight_count(layer));
		memcpy((*out)->layer[l].bias, layer->bias, sizeof(double) * (size_t) ppdl_layer_bias_count(layer));
	}
	return PPDL_OK;
}

static int
same_activation(const PpdlActivation *a, const PpdlActivation *b)
{
	return strcmp(a->name, b->name) == 0 && a->degree == b->degree && a->lo == b->lo && a->hi == b->hi &&
		memcmp(a->coef, b->coef, sizeof(a->coef)) == 0;
}

static int
same_layer(const PpdlLayer *a, const PpdlLayer *b)
{
	return a->kind == b->kind && a->units == b->units && a->kernel == b->kernel && a->stride == b->stride &&
		memcmp(&a->in, &b->in, sizeof(a->in)) == 0 && same_activation(&a->act, &b->act);
}

int
ppdl_net_is_same(const PpdlNet *a, const PpdlNet *b)
{
	if (a->inputs != b->inputs || a->bias != b->bias || a->nlayers != b->nlayers)
		return 0;
	for (int i = 0; i < a->inputs; i++)
		if (a->input_scale[i] != b->input_scale[i])
			return 0;
	for (int l = 0; l < a->nlayers; l++)
		if (!same_layer(&a->layer[l], &b->layer[l]))
			return 0;
	return 1;
}

PpdlStatus
ppdl_net_check_trained(const PpdlNet *net, PpdlError *err)
{
	if (net->layer[0].w == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has no weights yet");
	return PPDL_OK;
}

/* the first that is out of range, -1: none */
static int
out_of_range(const double *w, int count)
{
	for (int i = 0; i < count; i++)
		if (!(fabs(w[i]) <= PPDL_WEIGHT_RANGE))
			return i;
	return -1;
}

PpdlStatus
ppdl_net_check_range(const PpdlNet *net, PpdlError *err)
{
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		int			i = out_of_range(layer->w, ppdl_layer_weight_count(layer)),
					u = out_of_range(layer->bias, ppdl_layer_bias_count(layer));

		if (i < 0 && u < 0)
			continue;
		ppdl_error(err, PPDL_ERR_RANGE, "a weight of layer %d is %g, beyond +-%d: training has diverged", l + 1,
				   i >= 0 ? layer->w[i] : layer->bias[u], PPDL_WEIGHT_RANGE);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Train with a lower learning_rate, or a smaller input_scale of the model.");
	}
	return PPDL_OK;
}

double
ppdl_net_longest_weights(const PpdlNet *net)
{
	double		most = 0;

	for (int l = 0; l < net->nlayers; l++)
		for (int u = 0; u < ppdl_layer_bias_count(&net->layer[l]); u++)
		{
			const PpdlLayer *layer = &net->layer[l];
			const int	fan_in = ppdl_layer_fan_in(layer);
			const double *w = layer->w + (size_t) u * (size_t) fan_in;
			double		squares = layer->bias[u] * layer->bias[u];

			for (int i = 0; i < fan_in; i++)
				squares += w[i] * w[i];
			most = most > squares ? most : squares;
		}
	return sqrt(most);
}

PpdlStatus
ppdl_net_predict(const PpdlNet *net, const double *x, double *out, PpdlError *err)
{
	double		in[PPDL_MAX_UNITS];

	PPDL_TRY(ppdl_net_check_trained(net, err));
	for (int i = 0; i < net->inputs; i++)
	{
		if (!isfinite(x[i]))
			return ppdl_error(err, PPDL_ERR_RANGE, "input %d is not finite", i + 1);
		in[i] = x[i] * net->input_scale[i];
	}
	ppdl_net_forward(net, 0, in, out);
	return ppdl_net_check_outputs(net, out, err);
}

PpdlStatus
ppdl_net_check_outputs(const PpdlNet *net, const double *out, PpdlError *err)
{
	for (int j = 0; j < ppdl_net_outputs(net); j++)
		if (!isfinite(out[j]))
		{
			ppdl_error(err, PPDL_ERR_RANGE, "output %d of the network is not finite", j + 1);
			return ppdl_error_hint(err, PPDL_ERR_RANGE,
								   "Its weights, or what they are multiplied with, are too large.");
		}
	return PPDL_OK;
}
