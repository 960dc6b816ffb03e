/* Networks in the clear. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/handles.h"
#include "net/activation.h"
#include "net/net.h"
#include "predict/predictor.h"

#define INFO_LEAST 48

struct ppdl_network
{
	PpdlNet    *net;
	char	   *json;
};

/* the text of len bytes, with a zero behind it */
static PpdlStatus
terminated(char **out, const char *text, size_t len, PpdlError *err)
{
	*out = NULL;
	if (memchr(text, 0, len) != NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: a zero byte in the text");
	*out = strndup(text, len);
	return *out == NULL ? ppdl_lib_nomem(err) : PPDL_OK;
}

static PpdlStatus
parse(ppdl_network *network, const char *json, size_t len, PpdlError *err)
{
	char	   *text;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_TRY(terminated(&text, json, len, err));
	status = ppdl_net_parse(&network->net, text, err);
	free(text);
	PPDL_TRY(status);
	return ppdl_net_json(network->net, &network->json, err);
}

int32_t
ppdl_network_parse(ppdl_network **out, const char *json, size_t len, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_network *network;
	PpdlStatus	status;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(json, err);
	network = calloc(1, sizeof *network);
	if (network == NULL)
		return ppdl_lib_nomem(err);
	status = parse(network, json, len, err);
	if (status == PPDL_OK)
		*out = network;
	else
		ppdl_network_free(network);
	return status;
}

void
ppdl_network_free(ppdl_network *network)
{
	if (network == NULL)
		return;
	ppdl_net_destroy(network->net);
	free(network->json);
	free(network);
}

int32_t
ppdl_network_describe(const ppdl_network *network, ppdl_network_info *info, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_network_info mine = {0};

	PPDL_NEED(network, err);
	mine.inputs = network->net->inputs;
	mine.outputs = ppdl_net_outputs(network->net);
	mine.layers = network->net->nlayers;
	mine.levels = ppdl_network_levels(network->net);
	mine.row_levels = PPDL_ROW_LEVELS;
	mine.trained = ppdl_net_check_trained(network->net, NULL) == PPDL_OK;
	mine.weights = (uint64_t) ppdl_net_weight_count(network->net);
	mine.json = network->json;
	return ppdl_lib_give(info, &mine, sizeof mine, INFO_LEAST, "info", err);
}

int32_t
ppdl_network_set_weights(ppdl_network *network, const double *weights, size_t count, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_NEED(network, err);
	PPDL_NEED(weights, err);
	if (count != (size_t) ppdl_net_weight_count(network->net))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%zu weights for a network that has %d", count,
						  ppdl_net_weight_count(network->net));
	return ppdl_net_set_weights(network->net, weights, (int) count, err);
}

int32_t
ppdl_network_predict(const ppdl_network *network, const double *x, size_t rows, double *y, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	size_t		inputs,
				outputs;

	PPDL_NEED(network, err);
	PPDL_TRY(ppdl_net_check_trained(network->net, err));
	if (rows == 0)
		return PPDL_OK;
	PPDL_NEED(x, err);
	PPDL_NEED(y, err);
	inputs = (size_t) network->net->inputs;
	outputs = (size_t) ppdl_net_outputs(network->net);
	for (size_t r = 0; r < rows; r++)
	{
		for (size_t i = 0; i < inputs; i++)
			if (!isfinite(x[r * inputs + i]))
				return ppdl_error(err, PPDL_ERR_RANGE, "x: row %zu, value %zu is not finite", r + 1, i + 1);
		PPDL_TRY(ppdl_net_predict(network->net, x + r * inputs, y + r * outputs, err));
	}
	return PPDL_OK;
}

int32_t
ppdl_network_activate(const ppdl_network *network, int32_t layer, const double *z, size_t n, double *out, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_NEED(network, err);
	if (layer < 0 || layer >= network->net->nlayers)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "layer %d of a network of %d, counted from 0", layer,
						  network->net->nlayers);
	if (n == 0)
		return PPDL_OK;
	PPDL_NEED(z, err);
	PPDL_NEED(out, err);
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_activation_value(&network->net->layer[layer].act, z[i]);
	return PPDL_OK;
}
