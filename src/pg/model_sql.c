/* SQL functions about models as such. */
#include "pg/checkpoint.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "predict/predictor.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(ppdl_create_model);
PG_FUNCTION_INFO_V1(ppdl_drop_model);
PG_FUNCTION_INFO_V1(ppdl_set_default_model);
PG_FUNCTION_INFO_V1(ppdl_model_weights);
PG_FUNCTION_INFO_V1(ppdl_model_levels);
PG_FUNCTION_INFO_V1(ppdl_spec_levels);
PG_FUNCTION_INFO_V1(ppdl_spec_text);
PG_FUNCTION_INFO_V1(ppdl_model_pin);
PG_FUNCTION_INFO_V1(ppdl_model_in);
PG_FUNCTION_INFO_V1(ppdl_model_recv);

static void
destroy_net(void *arg)
{
	ppdl_net_destroy(arg);
}

static PpdlNet *
parse_spec(Jsonb *spec)
{
	PpdlNet    *net;
	PpdlError	err;

	PPDL_PG(ppdl_net_parse(&net, JsonbToCString(NULL, &spec->root, VARSIZE(spec)), &err));
	ppdl_guard(CurrentMemoryContext, destroy_net, net);
	return net;
}

Datum
ppdl_create_model(PG_FUNCTION_ARGS)
{
	const char *ref;
	char		name[PPDL_MODEL_NAME],
				out[PPDL_MODEL_REF];
	int			version;
	PpdlNet    *net;
	PpdlError	err;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name and specification of a model must not be NULL")));
	ref = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ppdl_model_parse_ref(ref, name, &version);
	if (version != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a new model takes no version: \"%s\"", ref)));
	net = parse_spec(PG_GETARG_JSONB_P(1));
	if (!PG_ARGISNULL(2))
	{
		int			count = ppdl_net_weight_count(net);

		PPDL_PG(ppdl_net_set_weights(net, ppdl_float8_vector(PG_GETARG_ARRAYTYPE_P(2), count, "weights"), count, &err));
	}
	version = ppdl_model_store(name, true, net, NULL);
	snprintf(out, sizeof(out), "%s@%d", name, version);
	PG_RETURN_TEXT_P(cstring_to_text(out));
}

/* a name that queries use does not come to mean another version because one was dropped; inside SPI */
static void
keep_default(const char *name, int version)
{
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2] = {CStringGetTextDatum(name), Int32GetDatum(version)};

	if (version == 0 || get_attnum(ppdl_relation("ppdl_models"), "is_default") == InvalidAttrNumber)
		return;
	if (SPI_execute_with_args(psprintf("SELECT FROM %1$s.ppdl_models WHERE name OPERATOR(pg_catalog.=) $1"
									   " AND version OPERATOR(pg_catalog.=) $2 AND is_default AND EXISTS ("
									   "SELECT FROM %1$s.ppdl_models WHERE name OPERATOR(pg_catalog.=) $1"
									   " AND version OPERATOR(pg_catalog.<>) $2"
									   " AND (weights IS NOT NULL OR cipher IS NOT NULL))",
									   ppdl_schema_name()),
							  2, types, values, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read ppdl_models");
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s@%d\" is the default version of \"%s\"", name, version, name),
				 errhint("Make another version the default one with ppdl_set_default_model() first, "
						 "or drop all versions: ppdl_drop_model('%s').", name)));
}

Datum
ppdl_drop_model(PG_FUNCTION_ARGS)
{
	const char *ref = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char		name[PPDL_MODEL_NAME];
	int			version;
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2];
	uint64		dropped;

	ppdl_model_parse_ref(ref, name, &version);
	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(version);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	keep_default(name, version);
	if (SPI_execute_with_args(psprintf("DELETE FROM %s.ppdl_models WHERE name OPERATOR(pg_catalog.=) $1"
									   " AND ($2 OPERATOR(pg_catalog.=) 0 OR version OPERATOR(pg_catalog.=) $2)",
									   ppdl_schema_name()),
							  2, types, values, NULL, false, 0) != SPI_OK_DELETE)
		elog(ERROR, "could not delete from ppdl_models");
	dropped = SPI_processed;
	SPI_finish();
	if (dropped == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" does not exist", ref),
				 errhint("The table ppdl_models lists the models and versions that exist.")));
	ppdl_checkpoint_drop(name, version);
	PG_RETURN_INT32((int32) dropped);
}

Datum
ppdl_set_default_model(PG_FUNCTION_ARGS)
{
	const char *ref = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char		name[PPDL_MODEL_NAME];
	int			version;

	ppdl_model_parse_ref(ref, name, &version);
	if (version == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" names no version", ref),
				 errhint("Say which version a name alone is to mean, as in \"%s@2\".", name)));
	ppdl_model_set_default(name, version);
	PG_RETURN_TEXT_P(cstring_to_text(ref));
}

Datum
ppdl_model_weights(PG_FUNCTION_ARGS)
{
	PpdlModel  *model = ppdl_model_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), CurrentMemoryContext);
	int			n = ppdl_net_weight_count(model->net);
	double	   *w;
	Datum	   *d;

	ppdl_model_require_weights(model);
	w = palloc_extended(sizeof(double) * n, MCXT_ALLOC_HUGE);
	d = palloc_extended(sizeof(Datum) * n, MCXT_ALLOC_HUGE);
	ppdl_net_get_weights(model->net, w);
	for (int i = 0; i < n; i++)
		d[i] = Float8GetDatum(w[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(d, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* levels that prediction on encrypted rows takes, and how many there are */
Datum
ppdl_model_levels(PG_FUNCTION_ARGS)
{
	PpdlModel  *model = ppdl_model_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), CurrentMemoryContext);
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int32GetDatum(ppdl_network_levels(model->net));
	values[1] = Int32GetDatum(PPDL_ROW_LEVELS);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

Datum
ppdl_spec_levels(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ppdl_network_levels(parse_spec(PG_GETARG_JSONB_P(0))));
}

/* "16 -> 32 quadratic -> 1" */
Datum
ppdl_spec_text(PG_FUNCTION_ARGS)
{
	const PpdlNet *net = parse_spec(PG_GETARG_JSONB_P(0));
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%d", net->inputs);
	for (int i = 0; i < net->nlayers; i++)
	{
		const PpdlActivation *act = &net->layer[i].act;

		appendStringInfo(&text, " -> %d", net->layer[i].units);
		if (strcmp(act->name, "identity") != 0)
			appendStringInfo(&text, " %s", act->name);
	}
	PG_RETURN_TEXT_P(cstring_to_text(text.data));
}

Datum
ppdl_model_pin(PG_FUNCTION_ARGS)
{
	char		pin[PPDL_MODEL_PIN];

	ppdl_model_format_pin(ppdl_model_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), CurrentMemoryContext), pin);
	PG_RETURN_TEXT_P(cstring_to_text(pin));
}

/* type ppdl_model is text that names a model, whether there is one or not */
static Datum
model_name(char *ref)
{
	ppdl_model_check_ref(ref);
	PG_RETURN_TEXT_P(cstring_to_text(ref));
}

Datum
ppdl_model_in(PG_FUNCTION_ARGS)
{
	return model_name(PG_GETARG_CSTRING(0));
}

Datum
ppdl_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			bytes;

	return model_name(pq_getmsgtext(message, message->len - message->cursor, &bytes));
}
