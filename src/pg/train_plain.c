/* ppdl_train on plain float8[] rows. */
#include "pg/model_rows.h"
#include "pg/train_args.h"
#include "pg/watch.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "net/train.h"
#include "utils/builtins.h"

#define POLL_ROWS (1 << 16)

PG_FUNCTION_INFO_V1(ppdl_train_float8_trans);
PG_FUNCTION_INFO_V1(ppdl_train_float8s_trans);
PG_FUNCTION_INFO_V1(ppdl_train_float8_final);

/* checks rights and options at the first row, before anything is collected */
static PpdlRowsState *
first_row(FunctionCallInfo fcinfo, PpdlModel *model, int width)
{
	char	   *options = ppdl_train_options_text(fcinfo);
	PpdlTrainOptions parsed;
	PpdlError	err;

	ppdl_model_check_store("ppdl_train()");
	PPDL_PG(ppdl_train_options_parse(&parsed, options, &err));
	PPDL_PG(ppdl_loss_check(parsed.loss, model->net, &err));
	return ppdl_rows_state_new(fcinfo, PPDL_ROWS_TRAIN, model, options, width);
}

static PpdlRowsState *
next_row(FunctionCallInfo fcinfo, PpdlModel *model, int width)
{
	PpdlRowsState *state = ppdl_rows_state_argument(fcinfo, PPDL_ROWS_TRAIN, true);
	char	   *options = ppdl_train_options_text(fcinfo);

	ppdl_rows_state_check(state, model, width);
	if (strcmp(options ? options : "", state->options ? state->options : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must have the same training options")));
	return state;
}

static Datum
train_trans(FunctionCallInfo fcinfo, bool vector_label)
{
	PpdlModel  *model;
	PpdlRowsState *state;
	int			inputs,
				outputs;
	double	   *row;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	model = ppdl_model_argument(fcinfo, 1);
	inputs = model->net->inputs;
	outputs = ppdl_net_outputs(model->net);
	if (PG_ARGISNULL(0))
		state = first_row(fcinfo, model, inputs + outputs);
	else
		state = next_row(fcinfo, model, inputs + outputs);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		state->skipped++;
		return ppdl_agg_state_result(&state->agg);
	}
	if (!vector_label && outputs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" has %d outputs, the label is a single value", model->name, outputs),
				 errhint("Give the label as an array of %d values.", outputs)));
	row = ppdl_rows_state_add(state, false);
	memcpy(row, ppdl_float8_vector(PG_GETARG_ARRAYTYPE_P(2), inputs, "features"), sizeof(double) * inputs);
	if (vector_label)
		memcpy(row + inputs, ppdl_float8_vector(PG_GETARG_ARRAYTYPE_P(3), outputs, "label"), sizeof(double) * outputs);
	else
		row[inputs] = PG_GETARG_FLOAT8(3);
	return ppdl_agg_state_result(&state->agg);
}

Datum
ppdl_train_float8_trans(PG_FUNCTION_ARGS)
{
	return train_trans(fcinfo, false);
}

Datum
ppdl_train_float8s_trans(PG_FUNCTION_ARGS)
{
	return train_trans(fcinfo, true);
}

/* what the callbacks of a run see */
typedef struct Watch
{
	PpdlWatch	time;
	double		loss;
} Watch;

static void
progress(void *arg, uint64_t step, uint64_t steps, const char *what)
{
	Watch	   *w = arg;

	if (ppdl_watch_due(&w->time))
		ppdl_tell_progress("training: %s %d of %d, loss %.4g, %.0f s left", what, (int) step + 1, (int) steps, w->loss,
						   w->time.told / (double) (step > 0 ? step : 1) * (double) (steps - step));
}

static char *
trained_json(const PpdlModel *model, const PpdlRowsState *state, const PpdlTrainOptions *opt, const Watch *w)
{
	PpdlError	err;
	char	   *options,
				from[PPDL_MODEL_REF];

	ppdl_model_format_ref(model, from);
	PPDL_PG(ppdl_train_options_json(opt, &options, &err));
	options = ppdl_take_text(options);
	return psprintf("{\"rows\": %lld, \"skipped\": %lld, \"steps\": %d, \"seconds\": %.3f, \"loss\": %.9f,"
					" \"from\": \"%s\", \"options\": %s}",
					(long long) state->rows, (long long) state->skipped, ppdl_train_steps(opt, (int) state->rows),
					ppdl_watch_elapsed(&w->time), w->loss, from, options);
}

static void
run(PpdlNet *net, const PpdlRowsState *state, const PpdlTrainOptions *opt, Watch *w)
{
	int			inputs = net->inputs,
				outputs = ppdl_net_outputs(net);
	double	   *x = palloc_extended(sizeof(double) * inputs * state->rows, MCXT_ALLOC_HUGE);
	double	   *y = palloc_extended(sizeof(double) * outputs * state->rows, MCXT_ALLOC_HUGE);
	const PpdlTrainWatch watch = {{ppdl_pg_interrupted, NULL}, progress, w, &w->loss};
	PpdlError	err;

	for (int64 i = 0; i < state->rows; i++)
	{
		const double *row = state->data + i * state->width;

		if (i % POLL_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(x + i * inputs, row, sizeof(double) * inputs);
		memcpy(y + i * outputs, row + inputs, sizeof(double) * outputs);
	}
	PPDL_PG(ppdl_net_train(net, x, y, (int) state->rows, opt, &watch, &err));
}

Datum
ppdl_train_float8_final(PG_FUNCTION_ARGS)
{
	PpdlRowsState *state;
	PpdlModel  *model;
	PpdlNet    *net;
	PpdlTrainOptions opt;
	Watch		w = {.loss = 0};
	char		ref[PPDL_MODEL_REF];
	PpdlError	err;

	if (PG_ARGISNULL(0))
		ppdl_train_without_rows();
	state = ppdl_rows_state_argument(fcinfo, PPDL_ROWS_TRAIN, false);
	model = ppdl_model_open(state->model, CurrentMemoryContext);
	net = ppdl_model_untrained(model, CurrentMemoryContext);
	ppdl_model_check_store("ppdl_train()");
	if (state->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no rows to train model \"%s\" on", model->name),
				 errdetail("%lld rows had NULL features or a NULL label.", (long long) state->skipped)));
	if (state->rows > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows to train on")));
	if (net->inputs + ppdl_net_outputs(net) != state->width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" takes %d inputs and %d outputs, the collected rows have %d values", state->model,
						net->inputs, ppdl_net_outputs(net), state->width)));
	PPDL_PG(ppdl_train_options_parse(&opt, state->options, &err));
	ppdl_watch_start(&w.time, PPDL_WATCH_TRAINING);
	run(net, state, &opt, &w);
	snprintf(ref, sizeof(ref), "%s@%d", model->name,
			 ppdl_model_store(model->name, false, net, trained_json(model, state, &opt, &w)));
	PG_RETURN_TEXT_P(cstring_to_text(ref));
}
