/* Network specifications as JSON. */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/activation.h"
#include "net/json.h"
#include "net/layer.h"
#include "rows/encoding.h"

#define DEFAULT_DEGREE 3
#define DEFAULT_RADIUS 4.0

static PpdlStatus
read_poly(PpdlActivation *act, const json_t *list, const char *where, PpdlError *err)
{
	double		c[PPDL_MAX_ACT_DEGREE + 1];
	size_t		n = json_array_size(list);

	if (!json_is_array(list))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an array of numbers, constant term first", where);
	if (n > PPDL_MAX_ACT_DEGREE + 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s has %zu entries, the most is %d", where, n,
						  PPDL_MAX_ACT_DEGREE + 1);
	for (size_t i = 0; i < n; i++)
	{
		char		item[160];

		snprintf(item, sizeof(item), "%.*s[%zu]", PPDL_CUT(where, 120), i);
		PPDL_TRY(ppdl_json_number(json_array_get(list, i), item, &c[i], err));
	}
	return ppdl_activation_poly(act, c, (int) n, err);
}

/* an approximation: degree and interval are optional */
static PpdlStatus
read_fit(PpdlActivation *act, const char *name, const json_t *degree, const json_t *interval,
		 const char *where, PpdlError *err)
{
	long		deg = DEFAULT_DEGREE;
	double		lo = -DEFAULT_RADIUS,
				hi = DEFAULT_RADIUS;
	char		item[160];

	if (degree != NULL)
	{
		snprintf(item, sizeof(item), "%.*s.degree", PPDL_CUT(where, 100));
		PPDL_TRY(ppdl_json_integer(degree, item, 1, PPDL_MAX_ACT_DEGREE, &deg, err));
	}
	if (interval != NULL)
	{
		snprintf(item, sizeof(item), "%.*s.interval", PPDL_CUT(where, 100));
		if (!json_is_array(interval) || json_array_size(interval) != 2)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an array of two numbers", item);
		PPDL_TRY(ppdl_json_number(json_array_get(interval, 0), item, &lo, err));
		PPDL_TRY(ppdl_json_number(json_array_get(interval, 1), item, &hi, err));
	}
	return ppdl_activation_fit(act, name, (int) deg, lo, hi, err);
}

/* {"poly": [..]} or {"name": .., "degree": .., "interval": ..} */
static PpdlStatus
read_activation_object(PpdlActivation *act, const json_t *v, const char *where, PpdlError *err)
{
	static const char *const poly[] = {"poly", NULL};
	static const char *const fit[] = {"name", "degree", "interval", NULL};
	const json_t *name = json_object_get(v, "name");
	char		item[160];

	if (json_object_get(v, "poly") != NULL)
	{
		PPDL_TRY(ppdl_json_members(v, where, poly, err));
		snprintf(item, sizeof(item), "%.*s.poly", PPDL_CUT(where, 100));
		return read_poly(act, json_object_get(v, "poly"), item, err);
	}
	PPDL_TRY(ppdl_json_members(v, where, fit, err));
	if (!json_is_string(name))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must have a member \"poly\" or \"name\"", where);
	if (json_object_size(v) == 1 && ppdl_activation_exact(act, json_string_value(name)))
		return PPDL_OK;
	return read_fit(act, json_string_value(name), json_object_get(v, "degree"), json_object_get(v, "interval"), where,
					err);
}

/* "activation" of a layer, with its companions beside it */
static PpdlStatus
read_activation(PpdlActivation *act, const json_t *layer, const char *where, PpdlError *err)
{
	const json_t *v = json_object_get(layer, "activation");
	const json_t *coefficients = json_object_get(layer, "coefficients");
	const json_t *degree = json_object_get(layer, "degree");
	const json_t *interval = json_object_get(layer, "interval");
	const char *name = v == NULL ? "identity" : json_string_value(v);
	char		item[160];

	snprintf(item, sizeof(item), "%.*s.activation", PPDL_CUT(where, 100));
	if (name != NULL && strcmp(name, "poly") == 0)
	{
		if (degree != NULL || interval != NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"poly\" takes \"coefficients\" only", item);
		snprintf(item, sizeof(item), "%.*s.coefficients", PPDL_CUT(where, 100));
		if (coefficients == NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s is missing", item);
		return read_poly(act, coefficients, item, err);
	}
	if (coefficients != NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"coefficients\" belong to \"poly\"", where);
	if (name == NULL && (degree != NULL || interval != NULL))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"degree\" and \"interval\" belong inside \"activation\"", where);
	if (json_is_object(v))
		return read_activation_object(act, v, item, err);
	if (name == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be a string or an object", item);
	if (ppdl_activation_exact(act, name))
	{
		if (degree != NULL || interval != NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"%s\" takes no degree and no interval", item, name);
		return PPDL_OK;
	}
	return read_fit(act, name, degree, interval, where, err);
}

/* member `name` of obj, at least 1; missing: absent, or an error where that is 0 */
static PpdlStatus
read_count(const json_t *obj, const char *where, const char *name, int absent, int *out, PpdlError *err)
{
	const json_t *v = json_object_get(obj, name);
	char		item[160];
	long		n = absent;

	snprintf(item, sizeof(item), "%.*s.%s", PPDL_CUT(where, 100), name);
	if (v != NULL || absent == 0)
		PPDL_TRY(ppdl_json_integer(v, item, 1, PPDL_MAX_UNITS, &n, err));
	*out = (int) n;
	return PPDL_OK;
}

static PpdlStatus
read_dense(PpdlLayer *layer, const json_t *v, const char *where, PpdlError *err)
{
	static const char *const allowed[] = {"units", "conv2d", "pool", "activation", "coefficients", "degree", "interval",
	NULL};

	PPDL_TRY(ppdl_json_members(v, where, allowed, err));
	return read_count(v, where, "units", 0, &layer->units, err);
}

static PpdlStatus
read_conv2d(PpdlLayer *layer, const json_t *v, const char *where, PpdlError *err)
{
	static const char *const allowed[] = {"conv2d", "activation", "coefficients", "degree", "interval", NULL};
	static const char *const inside[] = {"filters", "kernel", "stride", NULL};
	const json_t *conv = json_object_get(v, "conv2d");
	char		item[80];
	int			filters;

	snprintf(item, sizeof(item), "%.*s.conv2d", PPDL_CUT(where, 60));
	PPDL_TRY(ppdl_json_members(v, where, allowed, err));
	if (!json_is_object(conv))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an object with filters, kernel and, if not 1, stride",
						  item);
	PPDL_TRY(ppdl_json_members(conv, item, inside, err));
	PPDL_TRY(read_count(conv, item, "filters", 0, &filters, err));
	PPDL_TRY(read_count(conv, item, "kernel", 0, &layer->kernel, err));
	PPDL_TRY(read_count(conv, item, "stride", 1, &layer->stride, err));
	return ppdl_layer_set_shape(layer, filters, item, err);
}

static PpdlStatus
read_pool(PpdlLayer *layer, const json_t *v, const char *where, PpdlError *err)
{
	static const char *const allowed[] = {"pool", "size", "stride", "activation", "coefficients", "degree", "interval",
	NULL};
	const char *kind = json_string_value(json_object_get(v, "pool"));
	char		item[80];

	snprintf(item, sizeof(item), "%.*s.pool", PPDL_CUT(where, 60));
	PPDL_TRY(ppdl_json_members(v, where, allowed, err));
	if (kind == NULL || strcmp(kind, "average") != 0)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s must be \"average\"", item);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "The largest of several values is no polynomial: ciphertexts cannot be compared.");
	}
	PPDL_TRY(read_count(v, where, "size", 0, &layer->kernel, err));
	PPDL_TRY(read_count(v, where, "stride", layer->kernel, &layer->stride, err));
	return ppdl_layer_set_shape(layer, layer->in.channels, item, err);
}

static const char *
kind_name(PpdlLayerKind kind)
{
	return kind == PPDL_LAYER_CONV2D ? "conv2d" : kind == PPDL_LAYER_POOL ? "pool" : "units";
}

/* one of "units", "conv2d", "pool"; a layer with none of them is taken for a dense one that lacks its units */
static PpdlStatus
read_kind(PpdlLayerKind *kind, const json_t *v, const char *where, PpdlError *err)
{
	int			found = 0;

	*kind = PPDL_LAYER_DENSE;
	for (PpdlLayerKind k = PPDL_LAYER_DENSE; k <= PPDL_LAYER_POOL; k++)
	{
		if (json_object_get(v, kind_name(k)) == NULL)
			continue;
		if (found++ > 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s has both \"%s\" and \"%s\": it is one or the other", where,
							  kind_name(*kind), kind_name(k));
		*kind = k;
	}
	return PPDL_OK;
}

/* a layer on `inputs` values, which are an image of `shape`, or of none */
static PpdlStatus
read_layer(PpdlLayer *layer, const json_t *v, int inputs, const PpdlShape *shape, const char *where, PpdlError *err)
{
	if (!json_is_object(v))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an object", where);
	PPDL_TRY(read_kind(&layer->kind, v, where, err));
	layer->inputs = inputs;
	if (layer->kind == PPDL_LAYER_DENSE)
		PPDL_TRY(read_dense(layer, v, where, err));
	else if (shape->channels == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is %s after a dense layer, whose units are no image", where,
						  kind_name(layer->kind));
	else
	{
		layer->in = *shape;
		PPDL_TRY((layer->kind == PPDL_LAYER_CONV2D ? read_conv2d : read_pool) (layer, v, where, err));
	}
	return read_activation(&layer->act, v, where, err);
}

static PpdlStatus
read_layers(PpdlNet *net, const json_t *layers, PpdlError *err)
{
	PpdlShape	shape = net->shape;
	int			inputs = net->inputs;
	size_t		n = json_array_size(layers);

	if (n < 1 || n > PPDL_MAX_LAYERS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "model: layers has %zu entries, it must have 1 to %d", n,
						  PPDL_MAX_LAYERS);
	for (size_t i = 0; i < n; i++)
	{
		char		where[64];

		snprintf(where, sizeof(where), "model: layers[%zu]", i);
		PPDL_TRY(read_layer(&net->layer[i], json_array_get(layers, i), inputs, &shape, where, err));
		inputs = net->layer[i].units;
		shape = net->layer[i].out;
		net->nlayers++;
	}
	if (ppdl_net_weight_count(net) == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "model: layers has pools only: there is nothing to train");
	return PPDL_OK;
}

/* ---- the shape of the inputs ---- */

static PpdlStatus
read_shape(PpdlNet *net, const json_t *v, PpdlError *err)
{
	long		size[3] = {1, 1, 1};
	const size_t n = json_array_size(v);

	if (!json_is_array(v) || n < 2 || n > 3)
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: shape must be [height, width] or [channels, height, width]");
	for (size_t i = 0; i < n; i++)
	{
		char		item[32];

		snprintf(item, sizeof(item), "model: shape[%zu]", i);
		PPDL_TRY(ppdl_json_integer(json_array_get(v, i), item, 1, PPDL_MAX_UNITS, &size[3 - n + i], err));
	}
	if (size[0] * size[1] * size[2] != net->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "model: shape has %ld x %ld x %ld (channels x height x width) = %ld values for %d inputs",
						  size[0], size[1], size[2], size[0] * size[1] * size[2], net->inputs);
	net->shape = (PpdlShape) {(int) size[0], (int) size[1], (int) size[2]};
	return PPDL_OK;
}

/* of networks that begin with a layer for images: as given, or a square */
static PpdlStatus
find_shape(PpdlNet *net, const json_t *given, const json_t *layers, PpdlError *err)
{
	const json_t *first = json_array_get(layers, 0);
	const int	image = json_object_get(first, "conv2d") != NULL || json_object_get(first, "pool") != NULL;
	int			edge = 1;

	if (!image && given != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "model: shape is for networks whose first layer is conv2d or pool; "
						  "a dense layer sees no shape");
	if (given != NULL)
		return read_shape(net, given, err);
	if (!image)
		return PPDL_OK;
	while (edge * edge < net->inputs)
		edge++;
	if (edge * edge != net->inputs)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "model: shape is missing: %d inputs are no square image", net->inputs);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "\"shape\": [height, width] or [channels, height, width] beside \"inputs\" says it.");
	}
	net->shape = (PpdlShape) {1, edge, edge};
	return PPDL_OK;
}

static PpdlStatus
read_input_scale(PpdlNet *net, const json_t *v, PpdlError *err)
{
	net->input_scale = malloc(sizeof(double) * net->inputs);
	if (net->input_scale == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d inputs", net->inputs);
	if (json_is_array(v) && json_array_size(v) != (size_t) net->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "model: input_scale has %zu entries for %d inputs",
						  json_array_size(v), net->inputs);
	for (int i = 0; i < net->inputs; i++)
	{
		net->input_scale[i] = 1;
		if (json_is_array(v))
			PPDL_TRY(ppdl_json_number(json_array_get(v, i), "model: input_scale[]", &net->input_scale[i], err));
		else if (v != NULL)
			PPDL_TRY(ppdl_json_number(v, "model: input_scale", &net->input_scale[i], err));
	}
	return PPDL_OK;
}

static PpdlStatus
read_encoding(PpdlNet *net, const json_t *v, PpdlError *err)
{
	if (v == NULL || (json_is_string(v) && ppdl_encoding_parse(&net->encoding, json_string_value(v))))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "model: encoding must be 12 hexadecimal digits, as in the feature file");
}

static PpdlStatus
read_net(PpdlNet *net, const json_t *root, PpdlError *err)
{
	static const char *const allowed[] = {"inputs", "encoding", "shape", "input_scale", "bias", "layers", NULL};
	const json_t *bias = json_object_get(root, "bias"),
			   *layers = json_object_get(root, "layers");
	long		inputs;

	PPDL_TRY(ppdl_json_members(root, "model", allowed, err));
	if (bias != NULL && !json_is_boolean(bias))
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: bias must be true or false");
	net->bias = bias == NULL || json_is_true(bias);
	PPDL_TRY(ppdl_json_integer(json_object_get(root, "inputs"), "model: inputs", 1, PPDL_MAX_UNITS, &inputs, err));
	net->inputs = (int) inputs;
	PPDL_TRY(read_encoding(net, json_object_get(root, "encoding"), err));
	PPDL_TRY(read_input_scale(net, json_object_get(root, "input_scale"), err));
	if (layers == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: layers is missing");
	if (!json_is_array(layers))
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: layers must be an array of objects");
	PPDL_TRY(find_shape(net, json_object_get(root, "shape"), layers, err));
	return read_layers(net, layers, err);
}

PpdlStatus
ppdl_net_parse(PpdlNet **out, const char *json, PpdlError *err)
{
	json_t	   *root;
	PpdlNet    *net;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_json_load(&root, json, "model", err));
	net = calloc(1, sizeof(*net));
	status = net == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : read_net(net, root, err);
	json_decref(root);
	if (status == PPDL_OK)
		*out = net;
	else
		ppdl_net_destroy(net);
	return status;
}

static json_t *
write_activation(const PpdlActivation *act)
{
	json_t	   *obj,
			   *list;

	if (ppdl_activation_is_fit(act))
		return json_pack("{s:s, s:i, s:[o,o]}", "name", act->name, "degree", act->degree,
						 "interval", ppdl_json_real(act->lo), ppdl_json_real(act->hi));
	if (strcmp(act->name, "poly") != 0)
		return json_string(act->name);
	list = json_array();
	for (int i = 0; i <= act->degree; i++)
		ppdl_json_append(&list, ppdl_json_real(act->coef[i]));
	obj = ppdl_json_object();
	ppdl_json_set(&obj, "poly", list);
	return obj;
}

static json_t *
write_input_scale(const PpdlNet *net)
{
	json_t	   *list;
	int			same = 1;

	for (int i = 1; i < net->inputs; i++)
		same = same && net->input_scale[i] == net->input_scale[0];
	if (same)
		return ppdl_json_real(net->input_scale[0]);
	list = json_array();
	for (int i = 0; i < net->inputs; i++)
		ppdl_json_append(&list, ppdl_json_real(net->input_scale[i]));
	return list;
}

static json_t *
write_shape(const PpdlShape *shape)
{
	return shape->channels == 1 ? json_pack("[i,i]", shape->height, shape->width) :
		json_pack("[i,i,i]", shape->channels, shape->height, shape->width);
}

static json_t *
write_layer(const PpdlLayer *layer)
{
	json_t	   *act = write_activation(&layer->act);

	switch (layer->kind)
	{
		case PPDL_LAYER_CONV2D:
			return json_pack("{s:{s:i, s:i, s:i}, s:o}", "conv2d", "filters", layer->out.channels, "kernel",
							 layer->kernel, "stride", layer->stride, "activation", act);
		case PPDL_LAYER_POOL:
			return json_pack("{s:s, s:i, s:i, s:o}", "pool", "average", "size", layer->kernel, "stride", layer->stride,
							 "activation", act);
		case PPDL_LAYER_DENSE:
			break;
	}
	return json_pack("{s:i, s:o}", "units", layer->units, "activation", act);
}

PpdlStatus
ppdl_net_json(const PpdlNet *net, char **out, PpdlError *err)
{
	json_t	   *layers = json_array();
	json_t	   *root = ppdl_json_object();

	ppdl_json_set(&root, "inputs", json_integer(net->inputs));
	if (net->encoding != 0)
	{
		char		encoding[PPDL_ENCODING_SIZE];

		ppdl_encoding_print(encoding, net->encoding);
		ppdl_json_set(&root, "encoding", json_string(encoding));
	}
	if (net->shape.channels > 0)
		ppdl_json_set(&root, "shape", write_shape(&net->shape));
	ppdl_json_set(&root, "input_scale", write_input_scale(net));
	if (!net->bias)
		ppdl_json_set(&root, "bias", json_false());
	for (int l = 0; l < net->nlayers; l++)
		ppdl_json_append(&layers, write_layer(&net->layer[l]));
	ppdl_json_set(&root, "layers", layers);
	*out = ppdl_json_dump(root);
	json_decref(root);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}
