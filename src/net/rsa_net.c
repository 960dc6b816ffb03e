#include "net/rsa_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/activation.h"
#include "net/forward.h"
#include "net/layer.h"

#define DIGITS 1e-9				/* of a finished network, relative: double arithmetic and nothing else */

static PpdlStatus
nomem(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_rsa_net_layer(PpdlRsaLayer **out, const PpdlNet *net, const PpdlRsaGrid *grid, int weight_bits, PpdlError *err)
{
	const PpdlLayer *first = &net->layer[0];
	const size_t count = (size_t) first->units * (size_t) first->inputs;
	double	   *scaled,
			   *bias;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_net_check_trained(net, err));
	scaled = malloc(sizeof(double) * (count + (size_t) first->units));
	if (scaled == NULL)
		return nomem(err);
	bias = scaled + count;
	ppdl_layer_map(first, scaled, bias);
	for (size_t i = 0; i < count; i++)
		scaled[i] *= net->input_scale[i % (size_t) first->inputs];
	status = ppdl_rsa_layer_create(out, first->inputs, first->units, scaled, bias, grid, weight_bits, err);
	free(scaled);
	return status;
}

PpdlStatus
ppdl_rsa_net_rest(const PpdlNet *net, PpdlWriter *out, PpdlError *err)
{
	char	   *json;

	PPDL_TRY(ppdl_net_check_trained(net, err));
	PPDL_TRY(ppdl_net_json(net, &json, err));
	ppdl_write_u32(out, (uint32_t) strlen(json));
	ppdl_write_bytes(out, json, strlen(json));
	free(json);
	for (int l = 1; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];

		for (int i = 0; i < ppdl_layer_weight_count(layer); i++)
			ppdl_write_f64(out, layer->w[i]);
		for (int u = 0; u < ppdl_layer_bias_count(layer); u++)
			ppdl_write_f64(out, layer->bias[u]);
	}
	return out->bad ? nomem(err) : PPDL_OK;
}

PpdlStatus
ppdl_rsa_net_prediction(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, const PpdlNet *net,
						const PpdlRsaLayer *layer, PpdlError *err)
{
	PpdlWriter	rest;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&rest);
	status = ppdl_rsa_net_rest(net, &rest, err);
	if (status == PPDL_OK)
		status = ppdl_rsa_prediction_create(out, pub, layer, rest.buf, rest.len, err);
	ppdl_writer_free(&rest);
	return status;
}

/* the network of a rest; its first layer's weights are zero */
static PpdlStatus
read_rest(PpdlNet **out, const PpdlRsaPredictionView *v, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(v->rest, v->rest_len);
	uint32_t	json_len = ppdl_read_u32(&r);
	const uint8_t *bytes = ppdl_read_bytes(&r, json_len);
	char	   *json;
	double	   *weight;
	int			count,
				first;
	PpdlStatus	status;

	*out = NULL;
	if (bytes == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: it does not carry a network");
	json = strndup((const char *) bytes, json_len);
	if (json == NULL)
		return nomem(err);
	status = ppdl_net_parse(out, json, err);
	free(json);
	PPDL_TRY(status);
	count = ppdl_net_weight_count(*out);
	first = ppdl_layer_weight_count(&(*out)->layer[0]) + ppdl_layer_bias_count(&(*out)->layer[0]);
	if ((*out)->layer[0].units != (int) v->units || ppdl_reader_left(&r) != (size_t) (count - first) * 8)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed rsa_cipher: its network does not fit its units");
	weight = calloc((size_t) count, sizeof(*weight));
	if (weight == NULL)
		return nomem(err);
	for (int i = first; i < count; i++)
		weight[i] = ppdl_read_f64(&r);
	status = ppdl_net_set_weights(*out, weight, count, err);
	free(weight);
	return status;
}

/* from pre-activations z[units of the first layer] to y[outputs] */
static void
finish(const PpdlNet *net, const double *z, double *y)
{
	double		a[PPDL_MAX_UNITS];

	for (int u = 0; u < net->layer[0].units; u++)
		a[u] = ppdl_activation_value(&net->layer[0].act, z[u]);
	ppdl_net_forward(net, 1, a, y);
}

/* a row without values has NaN for its pre-activations, and for its outputs */
static PpdlStatus
finish_row(const PpdlNet *net, const double *z, double *y, PpdlError *err)
{
	finish(net, z, y);
	return isnan(z[0]) ? PPDL_OK : ppdl_net_check_outputs(net, y, err);
}

static double
error_of(const double *value, size_t n)
{
	double		largest = 1;

	for (size_t i = 0; i < n; i++)
		if (fabs(value[i]) > largest)
			largest = fabs(value[i]);
	return DIGITS * largest;
}

PpdlStatus
ppdl_rsa_net_decrypt(PpdlRsaOutputs *out, const PpdlRsaKey *key, const PpdlRsaView *view,
					 PpdlThreads *threads, PpdlRsaPoll poll, void *arg, PpdlError *err)
{
	PpdlRsaPredictionView v;
	PpdlNet    *net = NULL;
	double	   *z = NULL;
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	if (view->kind != PPDL_RSA_PREDICTION)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a value, not a prediction");
	PPDL_TRY(ppdl_rsa_prediction_view(&v, view, err));
	PPDL_GOTO(done, read_rest(&net, &v, err));
	out->rows = (int) v.rows;
	out->outputs = ppdl_net_outputs(net);
	z = calloc((size_t) v.rows * v.units + 1, sizeof(*z));
	out->value = calloc((size_t) v.rows * (size_t) out->outputs + 1, sizeof(*out->value));
	if (z == NULL || out->value == NULL)
	{
		status = nomem(err);
		goto done;
	}
	PPDL_GOTO(done, ppdl_rsa_prediction_decrypt(key, view, threads, poll, arg, z, err));
	for (uint32_t r = 0; r < v.rows; r++)
		PPDL_GOTO(done, finish_row(net, z + (size_t) r * v.units, out->value + (size_t) r * (size_t) out->outputs,
								   err));
	out->error = error_of(out->value, (size_t) out->rows * (size_t) out->outputs);
done:
	ppdl_free_secret(z, ((size_t) v.rows * v.units + 1) * sizeof(*z));
	ppdl_net_destroy(net);
	if (status != PPDL_OK)
	{
		ppdl_free_secret(out->value, ((size_t) out->rows * (size_t) out->outputs + 1) * sizeof(*out->value));
		memset(out, 0, sizeof(*out));
	}
	return status;
}

PpdlStatus
ppdl_rsa_net_predict(const PpdlNet *net, const PpdlRsaLayer *layer, const double *x, double *y, PpdlError *err)
{
	double		z[PPDL_MAX_UNITS];

	PPDL_TRY(ppdl_net_check_trained(net, err));
	PPDL_TRY(ppdl_rsa_layer_apply(layer, x, z, err));
	return finish_row(net, z, y, err);
}
