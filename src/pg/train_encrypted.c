/* ppdl_train on encrypted rows, and ppdl_train_resume. */
#include "pg/checkpoint.h"
#include "pg/cipher_datum.h"
#include "pg/train_args.h"
#include "pg/train_run.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(ppdl_train_lwe_trans);
PG_FUNCTION_INFO_V1(ppdl_train_lwe_final);
PG_FUNCTION_INFO_V1(ppdl_train_resume);

/* rights and options are checked before anything is collected */
static PpdlTrainState *
first_row(FunctionCallInfo fcinfo, const char *ref, const char *options)
{
	PpdlTrainOptions parsed;
	PpdlError	err;

	ppdl_model_check_store("ppdl_train()");
	PPDL_PG(ppdl_train_options_parse(&parsed, options, &err));
	return ppdl_train_state_new(ppdl_agg_state_parent(fcinfo), ref, options);
}

static PpdlTrainState *
next_row(FunctionCallInfo fcinfo, const char *ref, const char *options)
{
	PpdlTrainState *state = ppdl_train_state_argument(fcinfo);

	ppdl_train_state_check(state, ref, options);
	return state;
}

Datum
ppdl_train_lwe_trans(PG_FUNCTION_ARGS)
{
	PpdlModel  *model;
	PpdlTrainState *state;
	PpdlCipher	x,
				y;
	char		ref[PPDL_MODEL_REF];
	char	   *options = ppdl_train_options_text(fcinfo);
	PpdlError	err;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("model must not be NULL")));
	model = ppdl_model_argument(fcinfo, 1);
	ppdl_model_format_ref(model, ref);
	state = PG_ARGISNULL(0) ? first_row(fcinfo, ref, options) : next_row(fcinfo, ref, options);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		state->skipped++;
		return ppdl_agg_state_result(&state->agg);
	}
	ppdl_cipher_from_datum(&x, PG_GETARG_CIPHER_PP(2));
	ppdl_cipher_from_datum(&y, PG_GETARG_CIPHER_PP(3));
	if (state->next == PPDL_NO_PLACE - 1)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows to train on")));
	PPDL_PG(ppdl_trainset_add(state->ts, &x, &y, state->next, &err));
	if (state->ts->rows == 1)
		ppdl_train_check(model, state->ts, options);
	state->next++;
	return ppdl_agg_state_result(&state->agg);
}

Datum
ppdl_train_lwe_final(PG_FUNCTION_ARGS)
{
	PpdlTrainState *state;
	PpdlModel  *model;
	PpdlTrainRun run = {.seconds = 0};
	char	   *spec;
	PpdlError	err;

	if (PG_ARGISNULL(0))
		ppdl_train_without_rows();
	state = ppdl_train_state_read(fcinfo);
	model = ppdl_model_open(state->model, CurrentMemoryContext);
	run.options = state->options;
	run.skipped = state->skipped;
	run.ts = state->ts;
	if (state->ts->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no rows to train model \"%s\" on", model->name),
				 errdetail("%lld rows had NULL features or a NULL label.", (long long) state->skipped)));
	ppdl_train_check(model, run.ts, run.options);
	strlcpy(run.model, state->model, sizeof(run.model));
	PPDL_PG(ppdl_net_json(model->net, &spec, &err));
	run.spec = ppdl_take_text(spec);
	ppdl_checkpoint_lock(model->name, &run);
	ppdl_checkpoint_begin(model->name, &run);
	PG_RETURN_TEXT_P(cstring_to_text(ppdl_train_run(&run, NULL, 0)));
}

/* is it the network, as JSON text, that a checkpoint was made for? */
static bool
is_spec_of(const char *spec, const PpdlNet *net)
{
	PpdlNet    *made_for;
	PpdlError	err;
	bool		same;

	PPDL_PG(ppdl_net_parse(&made_for, spec, &err));
	same = ppdl_net_is_same(made_for, net);
	ppdl_net_destroy(made_for);
	return same;
}

static void
destroy_rows(void *arg)
{
	ppdl_trainset_destroy(((PpdlTrainRun *) arg)->ts);
}

Datum
ppdl_train_resume(PG_FUNCTION_ARGS)
{
	char		name[PPDL_MODEL_NAME];
	PpdlTrainRun *run = palloc0(sizeof(PpdlTrainRun));
	PpdlModel  *model;
	int			version;
	void	   *state;
	size_t		len;

	ppdl_model_parse_ref(text_to_cstring(PG_GETARG_TEXT_PP(0)), name, &version);
	if (version != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name the model without a version to resume its training")));
	ppdl_model_check_store("ppdl_train_resume()");
	ppdl_model_open(name, CurrentMemoryContext);	/* must exist */
	ppdl_checkpoint_lock(name, run);
	ppdl_guard(CurrentMemoryContext, destroy_rows, run);
	state = ppdl_checkpoint_read(name, run, &len);
	model = ppdl_model_open(run->model, CurrentMemoryContext);
	if (!is_spec_of(run->spec, model->net))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" is not the network whose training was interrupted", run->model),
				 errhint("Train it again with ppdl_train().")));
	ppdl_train_check(model, run->ts, run->options);
	PG_RETURN_TEXT_P(cstring_to_text(ppdl_train_run(run, state, len)));
}
