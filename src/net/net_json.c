/* Network specifications as JSON. */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/activation.h"
#include "net/json.h"

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

		snprintf(item, sizeof(item), "%.120s[%zu]", where, i);
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
		snprintf(item, sizeof(item), "%.100s.degree", where);
		PPDL_TRY(ppdl_json_integer(degree, item, 1, PPDL_MAX_ACT_DEGREE, &deg, err));
	}
	if (interval != NULL)
	{
		snprintf(item, sizeof(item), "%.100s.interval", where);
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
		snprintf(item, sizeof(item), "%.100s.poly", where);
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

	snprintf(item, sizeof(item), "%.100s.activation", where);
	if (name != NULL && strcmp(name, "poly") == 0)
	{
		if (degree != NULL || interval != NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"poly\" takes \"coefficients\" only", item);
		snprintf(item, sizeof(item), "%.100s.coefficients", where);
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

static PpdlStatus
read_layers(PpdlNet *net, const json_t *layers, PpdlError *err)
{
	static const char *const allowed[] = {"units", "activation", "coefficients", "degree", "interval", NULL};
	int			inputs = net->inputs;
	size_t		n = json_array_size(layers);

	if (!json_is_array(layers))
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: layers must be an array of objects");
	if (n < 1 || n > PPDL_MAX_LAYERS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "model: layers has %zu entries, it must have 1 to %d", n,
						  PPDL_MAX_LAYERS);
	for (size_t i = 0; i < n; i++)
	{
		const json_t *v = json_array_get(layers, i);
		PpdlLayer  *layer = &net->layer[i];
		char		where[64],
					item[80];
		long		units;

		snprintf(where, sizeof(where), "model: layers[%zu]", i);
		snprintf(item, sizeof(item), "%.100s.units", where);
		if (!json_is_object(v))
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an object", where);
		PPDL_TRY(ppdl_json_members(v, where, allowed, err));
		PPDL_TRY(ppdl_json_integer(json_object_get(v, "units"), item, 1, PPDL_MAX_UNITS, &units, err));
		PPDL_TRY(read_activation(&layer->act, v, where, err));
		layer->inputs = inputs;
		layer->units = inputs = (int) units;
		net->nlayers++;
	}
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
read_net(PpdlNet *net, const json_t *root, PpdlError *err)
{
	static const char *const allowed[] = {"inputs", "input_scale", "bias", "layers", NULL};
	const json_t *bias = json_object_get(root, "bias");
	long		inputs;

	PPDL_TRY(ppdl_json_members(root, "model", allowed, err));
	if (bias != NULL && !json_is_boolean(bias))
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: bias must be true or false");
	net->bias = bias == NULL || json_is_true(bias);
	PPDL_TRY(ppdl_json_integer(json_object_get(root, "inputs"), "model: inputs", 1, PPDL_MAX_UNITS, &inputs, err));
	net->inputs = (int) inputs;
	PPDL_TRY(read_input_scale(net, json_object_get(root, "input_scale"), err));
	if (json_object_get(root, "layers") == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "model: layers is missing");
	return read_layers(net, json_object_get(root, "layers"), err);
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

PpdlStatus
ppdl_net_json(const PpdlNet *net, char **out, PpdlError *err)
{
	json_t	   *layers = json_array();
	json_t	   *root = ppdl_json_object();

	ppdl_json_set(&root, "inputs", json_integer(net->inputs));
	ppdl_json_set(&root, "input_scale", write_input_scale(net));
	if (!net->bias)
		ppdl_json_set(&root, "bias", json_false());
	for (int l = 0; l < net->nlayers; l++)
		ppdl_json_append(&layers, json_pack("{s:i, s:o}", "units", net->layer[l].units,
												"activation", write_activation(&net->layer[l].act)));
	ppdl_json_set(&root, "layers", layers);
	*out = ppdl_json_dump(root);
	json_decref(root);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}
