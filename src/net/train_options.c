/* Training options as JSON. */
#include "net/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/json.h"

#define MAX_STEPS 1000000
#define MAX_BATCH 1048576

static const char *const schedule_name[] = {"constant", "cosine"};

#define NSCHEDULES ((int) (sizeof schedule_name / sizeof *schedule_name))

static PpdlStatus
read_bounded(const json_t *root, const char *name, double lo, double hi, double *out, PpdlError *err)
{
	const json_t *v = json_object_get(root, name);
	char		where[64];

	if (v == NULL)
		return PPDL_OK;
	snprintf(where, sizeof(where), "training options: %s", name);
	PPDL_TRY(ppdl_json_number(v, where, out, err));
	if (*out < lo || *out > hi)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is %g, it must be %g to %g", where, *out, lo, hi);
	return PPDL_OK;
}

static PpdlStatus
read_schedule(PpdlSchedule *out, const json_t *v, PpdlError *err)
{
	for (int i = 0; i < NSCHEDULES; i++)
		if (json_is_string(v) && strcmp(json_string_value(v), schedule_name[i]) == 0)
		{
			*out = (PpdlSchedule) i;
			return PPDL_OK;
		}
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "training options: schedule must be \"constant\" or \"cosine\"");
}

static PpdlStatus
read_loss(PpdlLoss *loss, const json_t *v, PpdlError *err)
{
	if (v == NULL || (json_is_string(v) && ppdl_loss_from_name(loss, json_string_value(v))))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "training options: loss must be \"squared\" or \"logistic\"");
}

static PpdlStatus
read_options(PpdlTrainOptions *opt, const json_t *root, PpdlError *err)
{
	static const char *const allowed[] = {"steps", "epochs", "batch", "learning_rate", "momentum", "init_scale",
	"seed", "shuffle", "schedule", "loss", NULL};
	const json_t *v;
	long		n;

	PPDL_TRY(ppdl_json_members(root, "training options", allowed, err));
	if (json_object_get(root, "steps") != NULL && json_object_get(root, "epochs") != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "training options: give steps or epochs, not both");
	if ((v = json_object_get(root, "steps")) != NULL)
	{
		PPDL_TRY(ppdl_json_integer(v, "training options: steps", 1, MAX_STEPS, &n, err));
		opt->steps = (int) n;
	}
	if (json_object_get(root, "epochs") != NULL)
	{
		PPDL_TRY(read_bounded(root, "epochs", 1e-6, MAX_STEPS, &opt->epochs, err));
		opt->steps = 0;
	}
	if ((v = json_object_get(root, "batch")) != NULL)
	{
		PPDL_TRY(ppdl_json_integer(v, "training options: batch", 1, MAX_BATCH, &n, err));
		opt->batch = (int) n;
	}
	PPDL_TRY(read_bounded(root, "learning_rate", 1e-12, 1000, &opt->learning_rate, err));
	PPDL_TRY(read_bounded(root, "momentum", 0, 0.999, &opt->momentum, err));
	PPDL_TRY(read_bounded(root, "init_scale", 0, 100, &opt->init_scale, err));
	if ((v = json_object_get(root, "seed")) != NULL)
	{
		PPDL_TRY(ppdl_json_integer(v, "training options: seed", 0, 1L << 53, &n, err));
		opt->seed = (uint64_t) n;
	}
	if ((v = json_object_get(root, "shuffle")) != NULL)
	{
		if (!json_is_boolean(v))
			return ppdl_error(err, PPDL_ERR_FORMAT, "training options: shuffle must be true or false");
		opt->shuffle = json_is_true(v);
	}
	if ((v = json_object_get(root, "schedule")) != NULL)
		PPDL_TRY(read_schedule(&opt->schedule, v, err));
	return read_loss(&opt->loss, json_object_get(root, "loss"), err);
}

PpdlStatus
ppdl_train_options_parse(PpdlTrainOptions *opt, const char *json, PpdlError *err)
{
	json_t	   *root;
	PpdlStatus	status;

	*opt = (PpdlTrainOptions)
	{
		.steps = 15, .batch = 256, .learning_rate = 0.2, .momentum = 0.8, .init_scale = 0.2, .seed = 1, .shuffle = 1,
		.loss = PPDL_LOSS_SQUARED
	};
	if (json == NULL || json[0] == '\0')
		return PPDL_OK;
	PPDL_TRY(ppdl_json_load(&root, json, "training options", err));
	status = read_options(opt, root, err);
	json_decref(root);
	return status;
}

PpdlStatus
ppdl_train_options_json(const PpdlTrainOptions *opt, char **out, PpdlError *err)
{
	json_t	   *root = ppdl_json_object();

	if (opt->steps > 0)
		ppdl_json_set(&root, "steps", json_integer(opt->steps));
	else
		ppdl_json_set(&root, "epochs", ppdl_json_real(opt->epochs));
	ppdl_json_set(&root, "batch", json_integer(opt->batch));
	ppdl_json_set(&root, "learning_rate", ppdl_json_real(opt->learning_rate));
	ppdl_json_set(&root, "momentum", ppdl_json_real(opt->momentum));
	ppdl_json_set(&root, "init_scale", ppdl_json_real(opt->init_scale));
	ppdl_json_set(&root, "seed", json_integer((json_int_t) opt->seed));
	ppdl_json_set(&root, "shuffle", json_boolean(opt->shuffle));
	/* runs of 0.1.0 had no schedule and no other loss, and are resumed by the same text */
	if (opt->schedule != PPDL_SCHEDULE_CONSTANT)
		ppdl_json_set(&root, "schedule", json_string(schedule_name[opt->schedule]));
	if (opt->loss != PPDL_LOSS_SQUARED)
		ppdl_json_set(&root, "loss", json_string(ppdl_loss_name(opt->loss)));
	*out = ppdl_json_dump(root);
	json_decref(root);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

double
ppdl_train_rate(const PpdlTrainOptions *opt, int step, int steps)
{
	if (opt->schedule == PPDL_SCHEDULE_COSINE)
		return opt->learning_rate * (1 + cos(M_PI * step / steps)) / 2;
	return opt->learning_rate;
}
