/*
 * ppdl_predict and ppdl_predict_agg over rsa_cipher[]: the encrypted sums of a
 * stored model's first layer, with the rest of the model for the owner to finish.
 */
#include "pg/agg_state.h"
#include "pg/cipher_datum.h"
#include "pg/model.h"
#include "pg/rsa_datum.h"

#include "net/rsa_net.h"

PG_FUNCTION_INFO_V1(ppdl_predict_rsa);
PG_FUNCTION_INFO_V1(ppdl_predict_rsa_trans);
PG_FUNCTION_INFO_V1(ppdl_predict_rsa_final);

#define FLAT_MAGIC 0x53535250	/* "PRSS" */
#define FLAT_VERSION 2			/* 1, of 0.1.0, did not say of which model */
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

/* An aggregate's rows. */
typedef struct RowsState
{
	PpdlAggState agg;
	char		model[PPDL_MODEL_PIN];	/* pin; "" until the first row that has values */
	uint32		nulls;			/* rows before the first that has values */
	PpdlRsaPrediction *prediction;	/* NULL until then */
} RowsState;

static void
destroy_rows(PpdlAggState *agg)
{
	ppdl_rsa_prediction_free(((RowsState *) agg)->prediction);
}

static size_t
rows_memory(const PpdlAggState *agg)
{
	const RowsState *rows = (const RowsState *) agg;

	return rows->prediction != NULL ? ppdl_rsa_prediction_size(rows->prediction) : 0;
}

static PpdlStatus
add_nulls(RowsState *rows, uint32 n, PpdlError *err)
{
	if (rows->prediction != NULL)
		return ppdl_rsa_prediction_add_nulls(rows->prediction, n, err);
	if (n > (uint32) PG_INT32_MAX - rows->nulls)
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows");
	rows->nulls += n;
	return PPDL_OK;
}

/*
 * Flat form (bytea): u32 magic, u8 version, the pin of the model, u32 rows that are all NULL, and a zero for each: no
 * count is larger than the bytes.  Then the rows from the first that has values, if there is one, as the rsa_cipher
 * that they make; the pin is "" if there is none.
 */
static PpdlStatus
save_rows(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	RowsState  *rows = (RowsState *) agg;
	uint32		nulls = rows->prediction != NULL ? 0 : rows->nulls;
	uint8_t    *zeros;

	ppdl_write_u32(w, FLAT_MAGIC);
	ppdl_write_u8(w, FLAT_VERSION);
	ppdl_write_bytes(w, rows->model, sizeof(rows->model));
	ppdl_write_u32(w, nulls);
	zeros = ppdl_write_space(w, nulls);
	if (zeros != NULL && nulls > 0)
		memset(zeros, 0, nulls);
	return rows->prediction != NULL ? ppdl_rsa_prediction_write(rows->prediction, w, err) : PPDL_OK;
}

static PpdlStatus
load_rows(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	RowsState  *rows = (RowsState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	uint32		magic = ppdl_read_u32(&r);
	int			version = ppdl_read_u8(&r);
	const uint8_t *model = version == FLAT_VERSION ? ppdl_read_bytes(&r, sizeof(rows->model)) : NULL;
	uint32		nulls = ppdl_read_u32(&r);
	const uint8_t *zeros = ppdl_read_bytes(&r, nulls);
	const PpdlRsaPublic *pub;
	PpdlRsaView view;

	if (magic == FLAT_MAGIC && version != FLAT_VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION,
						  "state of ppdl_predict_agg over rsa_cipher of format version %d; this program reads "
						  "version %d", version, FLAT_VERSION);
	if (r.bad || magic != FLAT_MAGIC || memchr(model, '\0', sizeof(rows->model)) == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not the state of ppdl_predict_agg over rsa_cipher");
	memcpy(rows->model, model, sizeof(rows->model));
	if ((rows->model[0] != '\0') != (ppdl_reader_left(&r) > 0))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of ppdl_predict_agg over rsa_cipher");
	for (uint32 i = 0; i < nulls; i++)
		if (zeros[i] != 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of ppdl_predict_agg over rsa_cipher");
	PPDL_TRY(add_nulls(rows, nulls, err));
	if (ppdl_reader_left(&r) == 0)
		return nulls > 0 ? PPDL_OK : ppdl_error(err, PPDL_ERR_FORMAT,
												"state of ppdl_predict_agg over rsa_cipher without rows");
	PPDL_TRY(ppdl_rsa_view(&view, r.p, ppdl_reader_left(&r), err));
	pub = ppdl_rsa_public(view.fingerprint);
	PPDL_TRY(ppdl_rsa_view_check(&view, pub, err));
	return ppdl_rsa_prediction_load(&rows->prediction, pub, nulls, &view, err);
}

static void
destroy_writer(void *arg)
{
	ppdl_writer_free(arg);
}

/* the rows of a prediction as a wire value, for the core's append; freed with the current context */
static PpdlStatus
view_of(const PpdlRsaPrediction *prediction, PpdlRsaView *view, PpdlError *err)
{
	PpdlWriter *w = palloc0(sizeof(PpdlWriter));

	ppdl_guard(CurrentMemoryContext, destroy_writer, w);
	PPDL_TRY(ppdl_rsa_prediction_write(prediction, w, err));
	return ppdl_rsa_view(view, w->buf, w->len, err);
}

/* every row with values is of the same model, to the byte */
static void
take_model(RowsState *rows, const char *pin)
{
	if (rows->model[0] != '\0' && strcmp(rows->model, pin) != 0)
		ppdl_model_mismatch(rows->model, pin);
	strlcpy(rows->model, pin, sizeof(rows->model));
}

static PpdlStatus
merge_rows(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	RowsState  *into = (RowsState *) into_agg,
			   *from = (RowsState *) from_agg;
	PpdlRsaView view;

	if (from->prediction == NULL)
		return add_nulls(into, from->nulls, err);
	take_model(into, from->model);
	PPDL_TRY(view_of(from->prediction, &view, err));
	if (into->prediction != NULL)
		return ppdl_rsa_prediction_append(into->prediction, &view, err);
	return ppdl_rsa_prediction_load(&into->prediction, ppdl_rsa_public(view.fingerprint), into->nulls, &view, err);
}

static const PpdlAggKind rows_kind = {
	"state of ppdl_predict_agg over rsa_cipher", "encrypted predictions", sizeof(RowsState),
	destroy_rows, save_rows, load_rows, merge_rows, rows_memory
};

PPDL_SQL_FUNCTION(ppdl_predict_rsa_combine, ppdl_agg_state_combine(fcinfo, &rows_kind));

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
	char		pin[PPDL_MODEL_PIN];
	PpdlError	err;

	ppdl_model_format_pin(model, pin);
	take_model(rows, pin);
	if (rows->prediction == NULL)
	{
		PPDL_PG(ppdl_rsa_net_prediction(&rows->prediction, network->pub, model->net, network->layer, &err));
		PPDL_PG(ppdl_rsa_prediction_add_nulls(rows->prediction, rows->nulls, &err));
	}
	PPDL_PG(ppdl_rsa_predictor_add(network->predictor, rows->prediction, input, n, &err));
	pfree(input);
}

static Datum
rsa_cipher_of(const RowsState *rows)
{
	PpdlWriter	w;
	PpdlError	err;

	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_rsa_prediction_write(rows->prediction, &w, &err), &w, &err));
}

/* ppdl_predict(model, features, weight_bits) */
Datum
ppdl_predict_rsa(PG_FUNCTION_ARGS)
{
	RowsState  *rows = ppdl_agg_state_create(CurrentMemoryContext, &rows_kind);
	Datum		result;

	add_row(fcinfo, rows, 0);
	result = rsa_cipher_of(rows);
	MemoryContextDelete(rows->agg.hdr.eoh_context);
	return result;
}

/* (state, model, features [, weight_bits]) */
Datum
ppdl_predict_rsa_trans(PG_FUNCTION_ARGS)
{
	RowsState  *rows;
	PpdlError	err;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	rows = ppdl_agg_state_or_new(fcinfo, &rows_kind);
	if (PG_ARGISNULL(2))
		PPDL_PG(add_nulls(rows, 1, &err));
	else
		add_row(fcinfo, rows, 1);
	return ppdl_agg_state_result(&rows->agg);
}

Datum
ppdl_predict_rsa_final(PG_FUNCTION_ARGS)
{
	RowsState  *rows = ppdl_agg_state_read(fcinfo, 0, &rows_kind);

	if (rows->prediction == NULL)
		PG_RETURN_NULL();		/* no row has values: nobody's key */
	return rsa_cipher_of(rows);
}
