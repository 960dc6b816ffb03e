#include "cli/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "net/json.h"
#include "table/infile.h"
#include "table/jsontext.h"

static PpdlStatus
check_head(const json_t *root, PpdlError *err)
{
	const char *format = json_string_value(json_object_get(root, "format"));

	if (format == NULL || strcmp(format, "ppdl-model") != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "this is no model file: it lacks \"format\": \"ppdl-model\"");
	if (json_integer_value(json_object_get(root, "version")) != 1)
		return ppdl_error(err, PPDL_ERR_VERSION, "unknown version of the model file (this tool reads version 1)");
	if (!json_is_object(json_object_get(root, "spec")))
		return ppdl_error(err, PPDL_ERR_FORMAT, "\"spec\" is missing");
	return PPDL_OK;
}

PpdlStatus
ppdl_model_file_read(json_t **root, const char *path, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_read_json(root, path, err));
	status = check_head(*root, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	json_decref(*root);
	*root = NULL;
	return ppdl_name_file(path, status, err);
}

PpdlStatus
ppdl_model_file_weights(PpdlNet *net, const json_t *weights, PpdlError *err)
{
	const size_t n = json_array_size(weights);
	double	   *w = calloc(n + 1, sizeof *w);
	PpdlStatus	status = PPDL_OK;

	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n && status == PPDL_OK; i++)
	{
		w[i] = json_number_value(json_array_get(weights, i));
		if (!json_is_number(json_array_get(weights, i)))
			status = ppdl_error(err, PPDL_ERR_FORMAT, "weights[%zu] is not a number", i);
	}
	if (status == PPDL_OK && n > 0x7fffffff)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "too many weights");
	if (status == PPDL_OK)
		status = ppdl_net_set_weights(net, w, (int) n, err);
	ppdl_free_secret(w, (n + 1) * sizeof *w);
	return status;
}

static PpdlStatus
take_net(PpdlNet **net, const json_t *root, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	spec;

	if (!json_is_array(json_object_get(root, "weights")))
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "it has no plain weights");
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "\"ppdl model export NAME --key FILE.key\" writes the weights of a "
							   "model that is encrypted.");
	}
	ppdl_writer_init(&spec);
	ppdl_json_put(&spec, json_object_get(root, "spec"));
	ppdl_write_u8(&spec, 0);
	status = spec.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") :
		ppdl_net_parse(net, (const char *) spec.buf, err);
	ppdl_writer_free(&spec);
	return status == PPDL_OK ? ppdl_model_file_weights(*net, json_object_get(root, "weights"), err) : status;
}

static PpdlStatus
take_name(char **name, const json_t *root, PpdlError *err)
{
	const char *s = json_string_value(json_object_get(root, "name"));
	const json_int_t version = json_integer_value(json_object_get(root, "model_version"));

	if (s == NULL)
		return PPDL_OK;
	if (asprintf(name, version > 0 ? "%s@%lld" : "%s", s, (long long) version) < 0)
	{
		*name = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_model_file_load(PpdlNet **net, char **name, const char *path, PpdlError *err)
{
	json_t	   *root;
	PpdlStatus	status;

	*net = NULL;
	*name = NULL;
	PPDL_TRY(ppdl_model_file_read(&root, path, err));
	status = take_net(net, root, err);
	if (status == PPDL_OK)
		status = take_name(name, root, err);
	json_decref(root);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_net_destroy(*net);
	*net = NULL;
	if (status == PPDL_ERR_ARGUMENT && err != NULL)
		status = err->code = PPDL_ERR_FORMAT;	/* it is the file that is wrong, not the command line */
	return ppdl_name_file(path, status, err);
}
