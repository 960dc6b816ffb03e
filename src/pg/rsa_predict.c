/*
 * ppdl_predict and ppdl_predict_agg over rsa_cipher[]: the encrypted sums of a
 * stored model's first layer, with the rest of the model for the owner to finish.
 */
#include "pg/model.h"
#include "pg/rsa_datum.h"

#include "net/rsa_net.h"
#include "utils/expandeddatum.h"

PG_FUNCTION_INFO_V1(ppdl_predict_rsa);
PG_FUNCTION_INFO_V1(ppdl_predict_rsa_trans);
PG_FUNCTION_INFO_V1(ppdl_predict_rsa_combine);
PG_FUNCTION_INFO_V1(ppdl_predict_rsa_final);

#define ROWS_MAGIC 0x52535752
#define DEFAULT_WEIGHT_BITS 4

/* ---- the quantised first layer of a model, kept for the next row ---- */

typedef struct Network
{
	PpdlModel  *model;			/* pinned by `context`, so that its address stays its own */
	const PpdlRsaPublic *pub;
	int			weight_bits;
	PpdlRsaLayer *layer;
	PpdlRsaPredictor *predictor;
} Network;

/* What a call site remembers: the last network, and the model argument's own memory. */
typedef struct CallState
{
	FmgrInfo	model_flinfo;	/* fn_extra is ppdl_model_argument's */
	MemoryContext context;		/* of `network` */
	Network    *network;
} CallState;

static CallState *
call_state(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	CallState  *state = flinfo->fn_extra;

	if (state == NULL)
	{
		state = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CallState));
		state->model_flinfo = *flinfo;
		state->context = AllocSetContextCreate(flinfo->fn_mcxt, "ppdl RSA network", ALLOCSET_SMALL_SIZES);
		flinfo->fn_extra = state;
	}
	return state;
}

static PpdlModel *
model_argument(FunctionCallInfo fcinfo, CallState *state, int arg)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	PpdlModel  *model;

	fcinfo->flinfo = &state->model_flinfo;
	model = ppdl_model_argument(fcinfo, arg);
	fcinfo->flinfo = flinfo;
	ppdl_model_require_weights(model);
	return model;
}

static void
destroy_network(void *arg)
{
	Network    *network = arg;

	ppdl_rsa_predictor_free(network->predictor);
	ppdl_rsa_layer_free(network->layer);
}

static bool
same_grids(const PpdlRsaLayer *layer, const PpdlRsaView *input)
{
	for (int i = 0; i < layer->inputs; i++)
		if (input[i].grid.step != layer->grid[i].step || input[i].grid.offset != layer->grid[i].offset ||
			input[i].grid.max != layer->grid[i].max)
			return false;
	return true;
}

static Network *
make_network(MemoryContext context, const PpdlModel *model, int weight_bits, const PpdlRsaView *input)
{
	Network    *network = MemoryContextAllocZero(context, sizeof(Network));
	PpdlRsaGrid *grid = palloc(sizeof(PpdlRsaGrid) * (Size) model->net->inputs);
	char		ref[PPDL_MODEL_REF];
	PpdlError	err;

	for (int i = 0; i < model->net->inputs; i++)
		grid[i] = input[i].grid;
	ppdl_guard(context, destroy_network, network);
	ppdl_model_format_ref(model, ref);
	network->model = ppdl_model_open(ref, context);
	network->pub = ppdl_rsa_public(input[0].fingerprint);
	network->weight_bits = weight_bits;
	PPDL_PG(ppdl_rsa_net_layer(&network->layer, network->model->net, grid, weight_bits, &err));
	PPDL_PG(ppdl_rsa_predictor_create(&network->predictor, network->pub, network->layer, &err));
	pfree(grid);
	return network;
}

/* The network for a row: the last one where model, key, weights and grids are the same. */
static Network *
network_for(CallState *state, PpdlModel *model, int weight_bits, const PpdlRsaView *input, int n)
{
	Network    *network = state->network;

	if (n != model->net->inputs)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("features has %d values, the model takes %d", n, model->net->inputs)));
	if (network != NULL && network->model == model && network->weight_bits == weight_bits &&
		memcmp(network->pub->fingerprint, input[0].fingerprint, PPDL_RSA_FINGERPRINT_BYTES) == 0 &&
		same_grids(network->layer, input))
		return network;
	state->network = NULL;
	MemoryContextReset(state->context);
	state->network = make_network(state->context, model, weight_bits, input);
	return state->network;
}

/* ---- predictions in memory contexts ---- */

/* An aggregate's rows.  Flat form (bytea): one that has values as their wire form; else the count of rows, all NULL. */
typedef struct RowsState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	uint32		nulls;			/* rows before the first that has values */
	PpdlRsaPrediction *prediction;	/* NULL until then */
	PpdlWriter	flat;
} RowsState;

static void
destroy_rows(void *arg)
{
	RowsState  *rows = arg;

	ppdl_writer_free(&rows->flat);
	ppdl_rsa_prediction_free(rows->prediction);
}

static Size
rows_flat_size(ExpandedObjectHeader *eohptr)
{
	RowsState  *rows = (RowsState *) eohptr;
	size_t		size = VARHDRSZ + (rows->prediction != NULL ? ppdl_rsa_prediction_size(rows->prediction) : sizeof(rows->nulls));

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("encrypted predictions are larger than 1 GB"),
				 errhint("Predict fewer rows at a time.")));
	return size;
}

static void
write_rows(RowsState *rows, struct varlena *result, Size size)
{
	PpdlError	err;

	SET_VARSIZE(result, size);
	if (rows->prediction == NULL)
	{
		memcpy(VARDATA(result), &rows->nulls, sizeof(rows->nulls));
		return;
	}
	ppdl_writer_free(&rows->flat);
	PPDL_PG(ppdl_rsa_prediction_write(rows->prediction, &rows->flat, &err));
	Assert(size == rows->flat.len + VARHDRSZ);
	memcpy(VARDATA(result), rows->flat.buf, rows->flat.len);
	ppdl_writer_free(&rows->flat);
}

static void
rows_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	write_rows((RowsState *) eohptr, result, allocated_size);
}

static const ExpandedObjectMethods rows_methods = {rows_flat_size, rows_flatten};

static RowsState *
new_rows(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "ppdl RSA predictions", 0, 1024, ALLOCSET_DEFAULT_MAXSIZE);
	RowsState  *rows = MemoryContextAllocZero(context, sizeof(RowsState));

	EOH_init_header(&rows->hdr, &rows_methods, context);
	rows->magic = ROWS_MAGIC;
	ppdl_guard(context, destroy_rows, rows);
	return rows;
}

static void
add_nulls(RowsState *rows, uint32 n)
{
	PpdlError	err;

	if (rows->prediction != NULL)
		PPDL_PG(ppdl_rsa_prediction_add_nulls(rows->prediction, n, &err));
	else if (n > (uint32) PG_INT32_MAX - rows->nulls)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows")));
	else
		rows->nulls += n;
}

/* rows of a flat form, which may come from anywhere */
static void
append_flat(RowsState *rows, struct varlena *flat)
{
	PpdlRsaView view;
	PpdlError	err;

	if (VARSIZE_ANY_EXHDR(flat) == sizeof(rows->nulls))
	{
		uint32		n;

		memcpy(&n, VARDATA_ANY(flat), sizeof(n));
		add_nulls(rows, n);
		return;
	}
	ppdl_rsa_from_datum(&view, flat);
	if (rows->prediction != NULL)
		PPDL_PG(ppdl_rsa_prediction_append(rows->prediction, &view, &err));
	else
		PPDL_PG(ppdl_rsa_prediction_load(&rows->prediction, ppdl_rsa_public(view.fingerprint), rows->nulls, &view, &err));
}

/* The aggregate's own state to change in place, or a new one with the rows of a flat form; d may be NULL. */
static RowsState *
writable_rows(FunctionCallInfo fcinfo)
{
	MemoryContext parent;
	RowsState  *rows;

	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	if (PG_ARGISNULL(0))
		return new_rows(parent);
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		rows = (RowsState *) DatumGetEOHP(PG_GETARG_DATUM(0));
		if (rows->magic != ROWS_MAGIC)
			elog(ERROR, "not a state of ppdl_predict_agg");
		return rows;
	}
	rows = new_rows(parent);
	append_flat(rows, PG_GETARG_VARLENA_PP(0));
	return rows;
}

/* ---- SQL ---- */

static int
weight_bits_argument(FunctionCallInfo fcinfo, int arg)
{
	if (PG_NARGS() <= arg)
		return DEFAULT_WEIGHT_BITS;
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("weight_bits must not be NULL")));
	return PG_GETARG_INT32(arg);
}

static void
add_row(FunctionCallInfo fcinfo, RowsState *rows, int model_arg)
{
	CallState  *state = call_state(fcinfo);
	PpdlModel  *model = model_argument(fcinfo, state, model_arg);
	int			n;
	PpdlRsaView *input = ppdl_rsa_from_array(PG_GETARG_ARRAYTYPE_P(model_arg + 1), &n, "features");
	Network    *network = network_for(state, model, weight_bits_argument(fcinfo, model_arg + 2), input, n);
	PpdlError	err;

	if (rows->prediction == NULL)
	{
		PPDL_PG(ppdl_rsa_net_prediction(&rows->prediction, network->pub, model->net, network->layer, &err));
		PPDL_PG(ppdl_rsa_prediction_add_nulls(rows->prediction, rows->nulls, &err));
	}
	PPDL_PG(ppdl_rsa_predictor_add(network->predictor, rows->prediction, input, n, &err));
	pfree(input);
}

static Datum
rsa_cipher_of(RowsState *rows)
{
	Size		size = rows_flat_size(&rows->hdr);
	struct varlena *result = palloc(size);

	write_rows(rows, result, size);
	PG_RETURN_POINTER(result);
}

/* ppdl_predict(model, features, weight_bits) */
Datum
ppdl_predict_rsa(PG_FUNCTION_ARGS)
{
	RowsState  *rows = new_rows(CurrentMemoryContext);
	Datum		result;

	add_row(fcinfo, rows, 0);
	result = rsa_cipher_of(rows);
	MemoryContextDelete(rows->hdr.eoh_context);
	return result;
}

/* (state, model, features [, weight_bits]) */
Datum
ppdl_predict_rsa_trans(PG_FUNCTION_ARGS)
{
	RowsState  *rows;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	rows = writable_rows(fcinfo);
	if (PG_ARGISNULL(2))
		add_nulls(rows, 1);
	else
		add_row(fcinfo, rows, 1);
	PG_RETURN_DATUM(EOHPGetRWDatum(&rows->hdr));
}

Datum
ppdl_predict_rsa_combine(PG_FUNCTION_ARGS)
{
	RowsState  *rows;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	rows = writable_rows(fcinfo);
	append_flat(rows, PG_GETARG_VARLENA_PP(1));
	PG_RETURN_DATUM(EOHPGetRWDatum(&rows->hdr));
}

Datum
ppdl_predict_rsa_final(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	if (VARSIZE_ANY_EXHDR(flat) == sizeof(uint32))
		PG_RETURN_NULL();		/* no row has values: nobody's key */
	PG_RETURN_POINTER(flat);
}
