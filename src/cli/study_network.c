#include "cli/study_network.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/json.h"
#include "net/net.h"

#define LINEAR "linear"

/* the units of "16-8"; how many layers, 0: it is no such text */
static int
hidden_units(const char *s, int units[PPDL_MAX_LAYERS])
{
	for (int n = 0; n < PPDL_MAX_LAYERS - 1; s++)
	{
		char	   *end;
		long		u;

		if (*s < '1' || *s > '9')
			return 0;
		u = strtol(s, &end, 10);
		if (u > PPDL_MAX_UNITS)
			return 0;
		units[n++] = (int) u;
		s = end;
		if (*s == 0)
			return n;
		if (*s != '-')
			return 0;
	}
	return 0;
}

PpdlStatus
ppdl_networks_check(const json_t *list, const char *where, PpdlError *err)
{
	int			units[PPDL_MAX_LAYERS];
	size_t		i;
	json_t	   *item;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: networks: a list is expected", where);
	json_array_foreach(list, i, item)
	{
		const char *s = json_string_value(item);

		if (json_is_object(item) ||
			(s && (strcmp(s, PPDL_NETWORK_SUGGESTED) == 0 || strcmp(s, LINEAR) == 0 || hidden_units(s, units) > 0)))
			continue;
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: networks[%zu] is no network: \"%.*s\"", where, i,
				   PPDL_CUT(s ? s : "", 60));
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Networks are \"suggested\", \"linear\", hidden units like \"16\" "
							   "or \"16-8\", or an object as for ppdl_create_model.");
	}
	return PPDL_OK;
}

static void
add_layer(json_t **layers, int units, const char *activation)
{
	json_t	   *layer = ppdl_json_object();

	ppdl_json_set(&layer, "units", json_integer(units));
	ppdl_json_set(&layer, "activation", json_string(activation));
	ppdl_json_append(layers, layer);
}

static json_t *
layers_of(const int *units, int n, int outputs)
{
	json_t	   *layers = json_array();

	for (int i = 0; i < n; i++)
		add_layer(&layers, units[i], "quadratic");
	add_layer(&layers, outputs, "identity");
	return layers;
}

/* what ppdl encode suggests; units as for ppdl_features_model_spec */
static PpdlStatus
suggested(json_t **out, const PpdlFeatures *fs, int units, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = ppdl_features_model_spec(fs, units, &w, err);
	ppdl_write_u8(&w, 0);
	if (status == PPDL_OK)
		status = w.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") :
			ppdl_json_load(out, (const char *) w.buf, "model", err);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
build(json_t **out, const json_t *network, const PpdlFeatures *fs, PpdlError *err)
{
	const char *name = json_string_value(network);
	int			units[PPDL_MAX_LAYERS];
	int			n;

	if (name == NULL)
	{
		*out = json_deep_copy(network);
		if (*out != NULL)
			json_object_del(*out, "name");
		if (*out != NULL && json_object_get(*out, "inputs") == NULL)
			json_object_set_new(*out, "inputs", json_integer(fs->inputs));
		return *out ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	n = hidden_units(name, units);
	PPDL_TRY(suggested(out, fs, strcmp(name, LINEAR) == 0 ? PPDL_NO_HIDDEN_LAYER : n > 0 ? units[0] : 0, err));
	if (n > 0)
		ppdl_json_set(out, "layers", layers_of(units, n, fs->outputs ? fs->outputs : 1));
	return *out ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static char *
label_of(const json_t *network, const PpdlNet *net)
{
	const char *name = json_string_value(json_object_get(network, "name"));
	char		text[16 * (PPDL_MAX_LAYERS + 1)];
	int			n;

	if (name != NULL)
		return strdup(name);
	n = snprintf(text, sizeof text, "%d", net->inputs);
	for (int i = 0; i < net->nlayers; i++)
		n += snprintf(text + n, sizeof text - (size_t) n, "-%d", net->layer[i].units);
	return strdup(text);
}

/* also refuses what would be refused by the server, before anything is encrypted */
static PpdlStatus
finish(PpdlNetworkText *out, const json_t *network, json_t *json, const PpdlFeatures *fs, PpdlError *err)
{
	PpdlNet    *net;
	PpdlStatus	status = PPDL_OK;

	out->spec = ppdl_json_dump(json);
	if (out->spec == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_net_parse(&net, out->spec, err));
	out->label = label_of(network, net);
	out->hidden = net->nlayers > 1 ? net->layer[0].units : PPDL_NO_HIDDEN_LAYER;
	if (out->label == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else if (net->inputs != fs->inputs || ppdl_net_outputs(net) != fs->outputs)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "network %.*s has %d inputs and %d outputs, but rows have %d and %d",
							PPDL_CUT(out->label, 60), net->inputs, ppdl_net_outputs(net), fs->inputs, fs->outputs);
	ppdl_net_destroy(net);
	return status;
}

PpdlStatus
ppdl_network_text(PpdlNetworkText *out, const json_t *network, const PpdlFeatures *fs, PpdlError *err)
{
	json_t	   *json = NULL;
	PpdlStatus	status;

	*out = (PpdlNetworkText) {0};
	status = build(&json, network, fs, err);
	if (status == PPDL_OK)
		status = finish(out, network, json, fs, err);
	json_decref(json);
	if (status != PPDL_OK)
		ppdl_network_text_free(out);
	return status;
}

void
ppdl_network_text_free(PpdlNetworkText *t)
{
	free(t->label);
	free(t->spec);
	*t = (PpdlNetworkText) {0};
}
