/*
 * ppdl study: compares methods on datasets, in a real server.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/study_run.h"
#include "cli/study_show.h"
#include "net/json.h"
#include "report/report.h"
#include "table/infile.h"

static const char doc[] =
"Compare what networks reach and cost in the clear, on encrypted rows and under RSA.\v"
"FILE is a CSV file, with the options of ppdl encode that say what its columns are, or a study: a JSON file that lists "
"several datasets (its name ends in .json; see doc/cli-reference.md). The rows are dealt out to folds, stratified by "
"label and, with --group, whole groups at a time. For each fold the encoding is learned and the network trained "
"on the other rows, and the fold's rows are classified, by each method, in the server that --dsn names:\n\n"
"  majority         the most frequent class\n"
"  logistic         logistic regression in the clear\n"
"  plain            a network trained and applied in the clear\n"
"  lwe-plain-model  trained in the clear, applied to encrypted rows\n"
"  lwe              trained on encrypted rows, applied to encrypted rows\n"
"  rsa              trained in the clear, first layer on RSA rows\n\n"
"Each run that ends is a line of DIR/results.jsonl. A study that was interrupted goes on when the same command is "
"given again; other methods, networks and datasets may be added to it. At the end a table is printed and "
"report.html, report.md and report.csv are written to DIR.\n\n"
"While it runs the database holds a schema ppdl_study_... with the rows, and public keys in ppdl_keys, 1 GB for lwe; "
"both are taken out again. Networks are trained in the clear, if only to compare with, so the rows go to the server in "
"the clear, too: use a database that may see them.\n\n"
"Example:\n\n"
"  ppdl study contrib-data/patients.csv --id Id --label Osteoporosis \\\n"
"    --methods majority,logistic,plain,lwe-plain-model --out results";

enum
{
	OPT_OUT = 256, OPT_DSN, OPT_GROUP, OPT_METHODS, OPT_NETWORK, OPT_FOLDS, OPT_REPEATS, OPT_SEED, OPT_STEPS,
	OPT_TRAINING, OPT_INPUT_BITS, OPT_WEIGHT_BITS, OPT_PASSPHRASE, OPT_LIMIT
};

static const struct argp_option options[] = {
	{"out", OPT_OUT, "DIR", 0, "directory of the results; made if it is not there", 1},
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 1},
	{"methods", OPT_METHODS, "NAME,...", 0, "what to compare (all)", 5},
	{"network", OPT_NETWORK, "NET", 0,
	 "\"suggested\" (as by ppdl encode, the default), \"linear\", hidden units like 16 or 16-8, or JSON as for "
	 "ppdl_create_model; may be repeated", 5},
	{"folds", OPT_FOLDS, "K", 0, "of the cross-validation (5)", 5},
	{"repeats", OPT_REPEATS, "N", 0, "deal the rows out anew so many times (1)", 5},
	{"group", OPT_GROUP, "COL", 0, "rows with equal values are never on both sides of a split; no input", 5},
	{"seed", OPT_SEED, "N", 0, "of the splits (1)", 5},
	{"steps", OPT_STEPS, "N", 0, "of training; the same as --training '{\"steps\": N}'", 5},
	{"training", OPT_TRAINING, "JSON", 0, "options of ppdl_train", 5},
	{"input-bits", OPT_INPUT_BITS, "N", 0, "of RSA rows (4)", 6},
	{"weight-bits", OPT_WEIGHT_BITS, "N", 0, "of the first layer on RSA rows (4)", 6},
	{"key", 'k', "FILE", 0, "secret LWE key to encrypt with (else one is made and forgotten again)", 6},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "with --key: file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 6},
	{"time-limit", OPT_LIMIT, "SECONDS", 0, "begin no run after that", 6},
	{0}
};

typedef struct Args
{
	const char *file,
			   *out,
			   *dsn,
			   *group,
			   *training,
			   *key,
			   *passphrase_file;
	PpdlEncodeArgs encode;
	PpdlList	methods,
				networks;
	long		folds,			/* 0: not given, as of the next */
				repeats,
				steps,
				input_bits,
				weight_bits,
				seed;			/* -1: not given */
	double		time_limit;
} Args;

static int
is_study_file(const char *path)
{
	size_t		n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

static error_t
parse_work(int key, char *arg, Args *a, struct argp_state *state)
{
	switch (key)
	{
		case OPT_OUT:
			a->out = arg;
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case 'k':
			a->key = arg;
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_LIMIT:
			a->time_limit = ppdl_arg_double(state, "--time-limit", arg);
			if (!(a->time_limit > 0))
				argp_error(state, "--time-limit: a positive number of seconds is expected");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse_study(int key, char *arg, Args *a, struct argp_state *state)
{
	switch (key)
	{
		case OPT_GROUP:
			a->group = arg;
			return 0;
		case OPT_METHODS:
			ppdl_list_add_commas(&a->methods, arg, state);
			return 0;
		case OPT_NETWORK:
			ppdl_list_add(&a->networks, arg, state);
			return 0;
		case OPT_FOLDS:
			a->folds = ppdl_arg_int(state, "--folds", arg, 2, 1000);
			return 0;
		case OPT_REPEATS:
			a->repeats = ppdl_arg_int(state, "--repeats", arg, 1, 1000);
			return 0;
		case OPT_SEED:
			a->seed = ppdl_arg_int(state, "--seed", arg, 0, (1L << 53) - 1);
			return 0;
		case OPT_STEPS:
			a->steps = ppdl_arg_int(state, "--steps", arg, 1, 1000000);
			return 0;
		case OPT_TRAINING:
			a->training = arg;
			return 0;
		case OPT_INPUT_BITS:
			a->input_bits = ppdl_arg_int(state, "--input-bits", arg, 1, 12);
			return 0;
		case OPT_WEIGHT_BITS:
			a->weight_bits = ppdl_arg_int(state, "--weight-bits", arg, 2, 12);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;
	error_t		e;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->encode;
			return 0;
		case ARGP_KEY_ARG:
			if (a->file)
				argp_error(state, "one file is expected, not also \"%s\": list several datasets in a study file", arg);
			a->file = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->file == NULL)
				argp_error(state, "which CSV or study file?");
			if (!is_study_file(a->file) && a->encode.learn.label == NULL)
				argp_error(state, "--label is missing: which column is to be predicted?");
			if (a->out == NULL)
				argp_error(state, "--out is missing: where shall the results go?");
			return 0;
		default:
			e = parse_work(key, arg, a, state);
			return e == ARGP_ERR_UNKNOWN ? parse_study(key, arg, a, state) : e;
	}
}

/* ------------------------------------------------------------------ the study that the command line describes */

static void
set_list(json_t **study, const char *member, const PpdlList *l)
{
	json_t	   *list = json_array();

	for (int i = 0; i < l->count; i++)
	{
		/* a network may be written as JSON */
		json_t	   *item = l->item[i][0] == '{' ? json_loads(l->item[i], 0, NULL) : NULL;

		ppdl_json_append(&list, item ? item : json_string(l->item[i]));
	}
	if (l->count > 0)
		ppdl_json_set(study, member, list);
	else
		json_decref(list);
}

static void
set_integer(json_t **study, const char *member, long v, long not_given)
{
	if (v != not_given)
		ppdl_json_set(study, member, json_integer(v));
}

static PpdlStatus
set_training(json_t **study, const Args *a, PpdlError *err)
{
	json_t	   *training = json_incref(json_object_get(*study, "training"));
	json_t	   *more = NULL;

	if (training == NULL)
		training = ppdl_json_object();
	if (a->training)
	{
		PPDL_TRY(ppdl_json_load(&more, a->training, "--training", err));
		json_object_update(training, more);
		json_decref(more);
	}
	set_integer(&training, "steps", a->steps, 0);
	if (a->steps)
		json_object_del(training, "epochs");
	ppdl_json_set(study, "training", training);
	return PPDL_OK;
}

static void
set_rsa(json_t **study, const Args *a)
{
	json_t	   *rsa = json_incref(json_object_get(*study, "rsa"));

	if (rsa == NULL)
		rsa = ppdl_json_object();
	set_integer(&rsa, "input_bits", a->input_bits, 0);
	set_integer(&rsa, "weight_bits", a->weight_bits, 0);
	ppdl_json_set(study, "rsa", rsa);
}

/* a study of one dataset */
static json_t *
study_of_csv(const Args *a)
{
	json_t	   *study = ppdl_json_object(),
			   *sets = json_array(),
			   *set = ppdl_json_object();

	ppdl_json_set(&set, "file", json_string(a->file));
	if (a->group)
		ppdl_json_set(&set, "group", json_string(a->group));
	ppdl_study_encode_write(&a->encode, &set);
	ppdl_json_append(&sets, set);
	ppdl_json_set(&study, "datasets", sets);
	return study;
}

/* do options of the command line say what a study file says for each of its datasets? */
static PpdlStatus
check_encode(const Args *a, PpdlError *err)
{
	json_t	   *given = ppdl_json_object();
	size_t		n;

	ppdl_study_encode_write(&a->encode, &given);
	n = json_object_size(given) + (a->group != NULL);
	json_decref(given);
	if (n == 0)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\" says itself what the columns of its datasets are: options of "
					  "encode and --group have no place beside it", a->file);
}

static PpdlStatus
describe(const Args *a, json_t **study, char **directory, PpdlError *err)
{
	const char *slash = strrchr(a->file, '/');

	*directory = NULL;
	if (!is_study_file(a->file))
		*study = study_of_csv(a);
	else
	{
		PPDL_TRY(check_encode(a, err));
		PPDL_TRY(ppdl_read_json(study, a->file, err));
		*directory = slash ? strndup(a->file, slash > a->file ? (size_t) (slash - a->file) : 1) : NULL;
	}
	if (*study != NULL && !json_is_object(*study))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: an object is expected", a->file);
	set_list(study, "methods", &a->methods);
	set_list(study, "networks", &a->networks);
	set_integer(study, "folds", a->folds, 0);
	set_integer(study, "repeats", a->repeats, 0);
	set_integer(study, "seed", a->seed, -1);
	if (a->training || a->steps)
		PPDL_TRY(set_training(study, a, err));
	if (a->input_bits || a->weight_bits)
		set_rsa(study, a);
	return *study ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
read_study(const Args *a, PpdlStudy **study, PpdlError *err)
{
	json_t	   *json = NULL;
	char	   *directory;
	PpdlStatus	status = describe(a, &json, &directory, err);

	if (status == PPDL_OK)
		status = ppdl_study_create(study, json, directory, err);
	if (status != PPDL_OK && is_study_file(a->file))
		ppdl_name_file(a->file, status, err);
	json_decref(json);
	free(directory);
	return status;
}

/* ------------------------------------------------------------------ at the end */

static PpdlStatus
report(const PpdlStudyLog *log, PpdlError *err)
{
	PpdlResults *results;
	PpdlStatus	status;

	PPDL_TRY(ppdl_results_load(&results, log->results, err));
	status = ppdl_study_show(results, stdout, err);
	ppdl_results_destroy(results);
	PPDL_TRY(status);
	PPDL_TRY(ppdl_report_write(log->directory, err));
	printf("%s/report.html, report.md and report.csv are written.\n", log->directory);
	return PPDL_OK;
}

/* what is there is shown also when the study did not come to its end */
static PpdlStatus
work(const Args *a, PpdlStudy *study, PpdlStudyWork *w, PpdlError *err)
{
	PpdlStudyLog log;
	PpdlError	other = {0};
	PpdlStatus	status = ppdl_study_log_open(&log, a->out, study, err);

	*w = (PpdlStudyWork) {.study = study, .log = &log, .dsn = a->dsn, .key = a->key,
						  .passphrase_file = a->passphrase_file, .time_limit = a->time_limit};
	if (status == PPDL_OK)
	{
		status = ppdl_study_work(w, err);
		if (w->done + w->kept > 0 && report(&log, &other) != PPDL_OK && status == PPDL_OK)
		{
			*err = other;
			status = other.code;
		}
	}
	ppdl_study_log_close(&log);
	return status;
}

static int
tell(const PpdlStudyWork *w, const Args *a)
{
	fflush(stdout);
	if (w->kept > 0)
		ppdl_note("%ld runs were there from before", w->kept);
	if (w->failed > 0)
		ppdl_note("%ld of %ld runs failed; their errors are in %s/results.jsonl. The same command tries them again",
				  w->failed, w->done, a->out);
	if (w->is_cut)
		ppdl_note("%s: %ld runs are left, and the same command goes on with them",
				  a->time_limit > 0 && !ppdl_db_interrupted() ? "the time is up" : "interrupted", w->left);
	return w->failed > 0 || w->is_cut ? PPDL_EXIT_FAILED : PPDL_EXIT_OK;
}

int
ppdl_cmd_study(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_encode_argp, 0, "Columns of a CSV file:", 3}, {0}};
	static const struct argp argp = {options, parse, "FILE", doc, children, NULL, NULL};
	Args		a = {.seed = -1};
	PpdlStudyWork w = {0};
	PpdlStudy  *study = NULL;
	PpdlError	err = {0};
	PpdlStatus	status;
	int			exit_code;

	ppdl_encode_args_init(&a.encode);
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = read_study(&a, &study, &err);
	if (status == PPDL_OK)
		status = work(&a, study, &w, &err);
	exit_code = status == PPDL_OK ? tell(&w, &a) : (int) ppdl_fail(&err);
	ppdl_study_destroy(study);
	ppdl_encode_args_free(&a.encode);
	ppdl_list_free(&a.methods);
	ppdl_list_free(&a.networks);
	return exit_code;
}
