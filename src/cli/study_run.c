#include "cli/study_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/clock.h"
#include "cli/progress.h"
#include "cli/study_clock.h"
#include "cli/study_line.h"
#include "net/json.h"
#include "stats/split.h"

/* Everything the runs need.  A status of its functions is fatal; failures of runs are in the log. */
typedef struct Job
{
	PpdlStudyWork *w;
	PpdlStudyServer server;
	PpdlStudyKeys keys;
	double		start;
	uint64_t	total;			/* runs */
	long		pending;		/* of them, still to be run */
	int			wanted[PPDL_STUDY_METHODS];	/* has a method pending runs? */
	char		what[120];		/* the run at work, for the progress bar */
	/* the dataset at work */
	const PpdlStudySet *set;
	PpdlStudyData *data;
	PpdlNetworkText *network;	/* as of the whole dataset: their labels are the same in all splits */
	size_t	   *network_at;		/* their places among those of the dataset */
	int			nnetworks;
	int		   *fold;
	/* the split at work */
	PpdlStudySplit split;
	int			has_split,
				repeat,
				test;
	/* the network at work */
	PpdlNetworkText text;		/* for the split's encoding */
	char	   *options;
	PpdlOutcome plain;
	int			has_plain;
	PpdlError	plain_error;	/* why there is none */
} Job;

/* ------------------------------------------------------------------ progress */

static uint64_t
runs_so_far(const Job *j)
{
	return j->total - (uint64_t) j->pending;
}

/* PpdlProgress of the server */
static void
show_server(void *arg, uint64_t done, uint64_t total, const char *what)
{
	Job		   *j = arg;
	char		text[300];

	(void) done;
	(void) total;
	snprintf(text, sizeof text, "%s: %.*s", j->what, PPDL_CUT(what, 150));
	ppdl_progress(NULL, runs_so_far(j), j->total, text);
}

static void
name_run(Job *j, const PpdlStudyPlace *p, char *out, size_t size)
{
	int			n = snprintf(out, size, "%.*s %.*s%s%s",
							 PPDL_CUT(p->dataset, 40), PPDL_CUT(p->network, 30), p->network[0] ? " " : "", p->method);

	if (p->repeat > 0 && n > 0 && (size_t) n < size)
	{
		n += snprintf(out + n, size - (size_t) n, ", split %d of %d", p->split, j->w->study->folds);
		if (j->w->study->repeats > 1 && (size_t) n < size)
			snprintf(out + n, size - (size_t) n, ", repeat %d", p->repeat);
	}
}

/* ------------------------------------------------------------------ one run */

static PpdlLine
line_of(const Job *j, const PpdlStudyPlace *place, PpdlStudyMethod m)
{
	return (PpdlLine) {.study = j->w->study, .place = place, .data = j->data,
					   .split = j->has_split ? &j->split : NULL, .server = &j->server, .method = m,
					   .plain = j->has_plain ? &j->plain : NULL};
}

static PpdlStatus
log_failure(Job *j, const PpdlStudyPlace *place, PpdlStudyMethod m, const PpdlError *why, PpdlError *err)
{
	PpdlLine	l = line_of(j, place, m);
	json_t	   *run;
	PpdlStatus	status;

	ppdl_note("%s failed: %s", j->what, why->message);
	PPDL_TRY(ppdl_study_error_line(&run, &l, why, err));
	status = ppdl_study_log_add(j->w->log, run, err);
	json_decref(run);
	j->w->done++;
	j->w->failed++;
	j->pending -= place->repeat > 0;
	return status;
}

static PpdlStatus
log_outcome(Job *j, const PpdlStudyPlace *place, PpdlStudyMethod m, const PpdlOutcome *o, double seconds,
			PpdlError *err)
{
	PpdlLine	l = line_of(j, place, m);
	PpdlError	why = {0};
	double		accuracy;
	json_t	   *run;
	PpdlStatus	status;

	if (ppdl_study_line(&run, &l, o, &accuracy, &why) != PPDL_OK)
		return log_failure(j, place, m, &why, err);
	status = ppdl_study_log_add(j->w->log, run, err);
	json_decref(run);
	if (status == PPDL_OK)
		ppdl_note("%s: accuracy %.3f (%.1f s)", j->what, accuracy, seconds);
	j->w->done++;
	j->pending--;
	return status;
}

static PpdlTask
task_of(Job *j, PpdlStudyMethod m)
{
	return (PpdlTask) {.study = j->w->study, .data = j->data, .split = &j->split,
					   .network = ppdl_method_has_network(m) ? &j->text : NULL, .options = j->options,
					   .plain = m > PPDL_METHOD_PLAIN ? &j->plain : NULL, .server = &j->server, .keys = &j->keys};
}

/* the plain model of this split and network, which others take over or are compared with; once */
static PpdlStatus
need_plain(Job *j, int with_curve, PpdlError *err)
{
	PpdlTask	t = task_of(j, PPDL_METHOD_PLAIN);
	PpdlStatus	status;

	t.with_curve = with_curve;
	if (j->has_plain)
		return PPDL_OK;
	if (j->plain_error.message[0])
	{
		*err = j->plain_error;
		return err->code;
	}
	status = ppdl_method_run(&j->plain, PPDL_METHOD_PLAIN, &t, &j->plain_error);
	j->has_plain = status == PPDL_OK;
	if (status != PPDL_OK)
		*err = j->plain_error;
	return status;
}

static PpdlStatus
try_method(Job *j, PpdlStudyMethod m, PpdlOutcome *o, PpdlError *why)
{
	PpdlTask	t = task_of(j, m);
	PpdlStatus	status = m >= PPDL_METHOD_PLAIN ? need_plain(j, m == PPDL_METHOD_PLAIN, why) : PPDL_OK;

	if (status == PPDL_OK && m != PPDL_METHOD_PLAIN)
		status = ppdl_method_run(o, m, &t, why);
	return status;
}

static int
must_stop(Job *j)
{
	if (ppdl_db_interrupted() ||
		(j->w->time_limit > 0 && ppdl_wall_seconds() - j->start > j->w->time_limit))
		j->w->is_cut = 1;
	return j->w->is_cut;
}

/* after a failure: is the server gone, so that all others would fail, too? */
static PpdlStatus
check_server(Job *j, PpdlError *err)
{
	PpdlDb		db = {0};
	PpdlStatus	status = ppdl_db_open(&db, j->server.dsn, err);

	ppdl_db_close(&db);
	return status;
}

static PpdlStatus
run_one(Job *j, PpdlStudyMethod m, const PpdlStudyPlace *place, PpdlError *err)
{
	const double start = ppdl_wall_seconds();
	PpdlError	why = {0};
	PpdlOutcome o = {0};
	PpdlStatus	status;

	name_run(j, place, j->what, sizeof j->what);
	ppdl_progress(NULL, runs_so_far(j), j->total, j->what);
	status = try_method(j, m, &o, &why);
	if (status != PPDL_OK && ppdl_db_interrupted())
	{
		j->w->is_cut = 1;
		status = PPDL_OK;
	}
	else if (status != PPDL_OK)
	{
		status = check_server(j, err);
		if (status == PPDL_OK)
			status = log_failure(j, place, m, &why, err);
	}
	else
		status = log_outcome(j, place, m, m == PPDL_METHOD_PLAIN ? &j->plain : &o, ppdl_wall_seconds() - start, err);
	ppdl_outcome_free(&o);
	return status;
}

/* ------------------------------------------------------------------ the runs of a split */

static PpdlStudyPlace
place_of(const Job *j, PpdlStudyMethod m, int network)
{
	return (PpdlStudyPlace) {.dataset = j->set->name, .method = ppdl_study_method[m],
							 .network = ppdl_method_has_network(m) ? j->network[network].label : "",
							 .repeat = j->repeat, .split = j->test + 1};
}

/* pending: still to be run */
static int
is_pending(const Job *j, PpdlStudyMethod m, int network)
{
	PpdlStudyPlace place = place_of(j, m, network);

	return j->w->study->has_method[m] && !ppdl_study_log_has(j->w->log, &place);
}

typedef PpdlStatus (*EachRun) (Job *j, PpdlStudyMethod m, int network, void *arg, PpdlError *err);

/* those of one network, or (network -1) those without */
static PpdlStatus
each_pending(Job *j, int network, EachRun each, void *arg, PpdlError *err)
{
	for (int m = 0; m < PPDL_STUDY_METHODS; m++)
	{
		if (ppdl_method_has_network((PpdlStudyMethod) m) != (network >= 0) ||
			!is_pending(j, (PpdlStudyMethod) m, network))
			continue;
		PPDL_TRY(each(j, (PpdlStudyMethod) m, network, arg, err));
	}
	return PPDL_OK;
}

static PpdlStatus
run_pending(Job *j, PpdlStudyMethod m, int network, void *arg, PpdlError *err)
{
	PpdlStudyPlace place = place_of(j, m, network);

	(void) arg;
	return must_stop(j) ? PPDL_OK : run_one(j, m, &place, err);
}

/* arg: why */
static PpdlStatus
fail_pending(Job *j, PpdlStudyMethod m, int network, void *arg, PpdlError *err)
{
	PpdlStudyPlace place = place_of(j, m, network);

	name_run(j, &place, j->what, sizeof j->what);
	return log_failure(j, &place, m, arg, err);
}

/* arg: the count */
static PpdlStatus
count_pending(Job *j, PpdlStudyMethod m, int network, void *arg, PpdlError *err)
{
	(void) network;
	(void) err;
	++*(long *) arg;
	j->wanted[m] = 1;
	return PPDL_OK;
}

static PpdlStatus
each_of_split(Job *j, EachRun each, void *arg, PpdlError *err)
{
	for (int n = -1; n < j->nnetworks; n++)
		PPDL_TRY(each_pending(j, n, each, arg, err));
	return PPDL_OK;
}

/* for ppdl_train: what was asked for, laid over what the encoding suggests */
static PpdlStatus
choose_options(Job *j, PpdlError *err)
{
	json_t	   *options = NULL;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_features_train_options(j->split.fs, j->text.hidden, &w, err);
	ppdl_write_u8(&w, 0);
	if (status == PPDL_OK && !w.bad)
		status = ppdl_json_load(&options, (const char *) w.buf, "training options", err);
	ppdl_writer_free(&w);
	PPDL_TRY(status);
	if (options && json_object_get(j->set->training, "epochs"))
		json_object_del(options, "steps");
	if (options && json_object_update(options, j->set->training) == 0)
		j->options = ppdl_json_dump(options);
	json_decref(options);
	return j->options ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
prepare_network(Job *j, int network, PpdlError *err)
{
	PPDL_TRY(ppdl_network_text(&j->text, json_array_get(j->set->networks, j->network_at[network]), j->split.fs, err));
	return choose_options(j, err);
}

static void
leave_network(Job *j)
{
	ppdl_network_text_free(&j->text);
	free(j->options);
	j->options = NULL;
	ppdl_outcome_free(&j->plain);
	j->has_plain = 0;
	j->plain_error = (PpdlError) {0};
}

static PpdlStatus
run_network(Job *j, int network, PpdlError *err)
{
	PpdlError	why = {0};
	PpdlStatus	status;

	if (network >= 0 && prepare_network(j, network, &why) != PPDL_OK)
		status = each_pending(j, network, fail_pending, &why, err);
	else
		status = each_pending(j, network, run_pending, NULL, err);
	leave_network(j);
	return status;
}

static PpdlStatus
run_split(Job *j, PpdlError *err)
{
	PpdlError	why = {0};
	PpdlStatus	status = PPDL_OK;
	long		pending = 0;

	PPDL_TRY(each_of_split(j, count_pending, &pending, err));
	if (pending == 0 || must_stop(j))
		return PPDL_OK;
	j->has_split = ppdl_study_split(&j->split, j->data, j->fold, j->test, &why) == PPDL_OK;
	if (!j->has_split)
		status = each_of_split(j, fail_pending, &why, err);
	for (int n = -1; n < j->nnetworks && j->has_split && status == PPDL_OK; n++)
		status = run_network(j, n, err);
	ppdl_study_split_free(&j->split);
	j->has_split = 0;
	return status;
}

/* ------------------------------------------------------------------ a dataset */

/* Two names may mean one network: it is run once.  *is_same: it is one of those before. */
static PpdlStatus
check_label(const Job *j, const PpdlNetworkText *t, int *is_same, PpdlError *err)
{
	*is_same = 0;
	for (int i = 0; i < j->nnetworks; i++)
		if (strcmp(j->network[i].label, t->label) == 0)
		{
			if (strcmp(j->network[i].spec, t->spec) != 0)
				return ppdl_error(err, PPDL_ERR_FORMAT, "two networks are called %.*s: give one a name",
								  PPDL_CUT(t->label, 60));
			*is_same = 1;
		}
	return PPDL_OK;
}

static PpdlStatus
name_networks(Job *j, PpdlError *err)
{
	const size_t n = json_array_size(j->set->networks);

	j->nnetworks = 0;
	j->network = calloc(n, sizeof *j->network);
	j->network_at = calloc(n, sizeof *j->network_at);
	if (j->network == NULL || j->network_at == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
	{
		PpdlNetworkText t;
		PpdlStatus	status;
		int			is_same;

		PPDL_TRY(ppdl_network_text(&t, json_array_get(j->set->networks, i), j->data->whole, err));
		status = check_label(j, &t, &is_same, err);
		if (status != PPDL_OK || is_same)
		{
			ppdl_network_text_free(&t);
			PPDL_TRY(status);
			continue;
		}
		j->network_at[j->nnetworks] = i;
		j->network[j->nnetworks++] = t;
	}
	return PPDL_OK;
}

/* nothing can be run: the dataset says why, once a method */
static PpdlStatus
fail_dataset(Job *j, const PpdlError *why, PpdlError *err)
{
	for (int m = 0; m < PPDL_STUDY_METHODS; m++)
	{
		PpdlStudyPlace place = {.dataset = j->set->name, .method = ppdl_study_method[m], .network = ""};

		if (!j->w->study->has_method[m])
			continue;
		name_run(j, &place, j->what, sizeof j->what);
		PPDL_TRY(log_failure(j, &place, (PpdlStudyMethod) m, why, err));
	}
	return PPDL_OK;
}

static PpdlStatus
prepare_dataset(Job *j, PpdlError *why)
{
	PPDL_TRY(ppdl_study_data_load(&j->data, j->set, why));
	PPDL_TRY(name_networks(j, why));
	j->fold = calloc((size_t) j->data->rows, sizeof *j->fold);
	if (j->fold == NULL)
		return ppdl_error(why, PPDL_ERR_NOMEM, "out of memory");
	return ppdl_split_folds(j->fold, j->data->truth, j->data->group, j->data->rows, j->w->study->folds,
							(uint64_t) j->w->study->seed, why);
}

static PpdlStatus
deal(Job *j, PpdlError *err)
{
	/* repeats are other deals of the same rows */
	return ppdl_split_folds(j->fold, j->data->truth, j->data->group, j->data->rows, j->w->study->folds,
							(uint64_t) j->w->study->seed + (uint64_t) (j->repeat - 1), err);
}

typedef PpdlStatus (*EachSplit) (Job *j, PpdlError *err);

static PpdlStatus
each_split(Job *j, EachSplit each, PpdlError *err)
{
	for (j->repeat = 1; j->repeat <= j->w->study->repeats; j->repeat++)
	{
		PPDL_TRY(deal(j, err));
		for (j->test = 0; j->test < j->w->study->folds; j->test++)
			PPDL_TRY(each(j, err));
	}
	return PPDL_OK;
}

static void
leave_dataset(Job *j)
{
	for (int i = 0; i < j->nnetworks; i++)
		ppdl_network_text_free(&j->network[i]);
	free(j->network);
	free(j->network_at);
	free(j->fold);
	ppdl_study_data_destroy(j->data);
	j->network = NULL;
	j->network_at = NULL;
	j->nnetworks = 0;
	j->fold = NULL;
	j->data = NULL;
}

static PpdlStatus
run_dataset(Job *j, PpdlError *err)
{
	PpdlError	why = {0};
	PpdlStatus	status;

	if (must_stop(j))
		return PPDL_OK;
	if (prepare_dataset(j, &why) != PPDL_OK)
		status = fail_dataset(j, &why, err);
	else
	{
		if (j->data->unlabelled > 0)
			ppdl_note("%s: %ld rows without a label are left out", j->set->name, j->data->unlabelled);
		status = each_split(j, run_split, err);
	}
	leave_dataset(j);
	return status;
}

/* ------------------------------------------------------------------ what there is to do */

static PpdlStatus
survey_split(Job *j, PpdlError *err)
{
	for (int m = 0; m < PPDL_STUDY_METHODS; m++)
		if (j->w->study->has_method[m])
			j->total += ppdl_method_has_network((PpdlStudyMethod) m) ? (uint64_t) j->nnetworks : 1;
	return each_of_split(j, count_pending, &j->pending, err);
}

/* reads all datasets once, before keys are made that may not be needed; a bad one is told later */
static PpdlStatus
survey(Job *j, PpdlError *err)
{
	PpdlError	why;
	PpdlStatus	status = PPDL_OK;

	for (int i = 0; i < j->w->study->nsets && status == PPDL_OK; i++)
	{
		j->set = &j->w->study->set[i];
		if (prepare_dataset(j, &why) == PPDL_OK)
		{
			status = ppdl_study_log_data(j->w->log, j->w->study, j->set->name, j->data->sha256, err);
			if (status == PPDL_OK)
				status = each_split(j, survey_split, err);
		}
		leave_dataset(j);
	}
	j->w->kept = (long) j->total - j->pending;
	return status;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
open_server(Job *j, PpdlError *err)
{
	char		place[PPDL_PLACE];
	PpdlStudyKeyWish wish = {.key = j->w->key, .passphrase_file = j->w->passphrase_file,
							 .directory = j->w->log->directory};
	PpdlDb		db = {0};
	PpdlStatus	status;

	if (j->wanted[PPDL_METHOD_LWE_PLAIN_MODEL])
		wish.use = PPDL_USE_PREDICT;
	if (j->wanted[PPDL_METHOD_LWE])
		wish.use = PPDL_USE_TRAIN;
	wish.rsa = j->wanted[PPDL_METHOD_RSA];
	PPDL_TRY(ppdl_db_open(&db, j->w->dsn, err));
	status = ppdl_db_extension(&db, err);
	if (status == PPDL_OK)
		status = ppdl_db_version(&db, err);
	if (status == PPDL_OK)
		status = ppdl_study_keys_open(&j->keys, &wish, &db, err);
	ppdl_db_cancel_on_interrupt(NULL);
	ppdl_db_cancel_on_termination();
	if (status == PPDL_OK)
		status = ppdl_study_server_open(&j->server, err);
	if (status == PPDL_OK)
		ppdl_note("rows of the runs go to the schema %s of %s, which is dropped at the end", j->server.schema,
				  ppdl_db_place(&db, place));
	ppdl_db_close(&db);
	return status;
}

/* schema, model and keys; what cannot be taken away is named */
static void
clean_up(Job *j)
{
	PpdlDb		db = {0};
	PpdlError	err = {0};
	PpdlStatus	status;

	ppdl_progress_clear();
	if (j->keys.lwe_id[0] || j->keys.rsa_id[0])
	{
		status = ppdl_db_open(&db, j->w->dsn, &err);
		if (status == PPDL_OK)
			status = ppdl_db_extension(&db, &err);
		if (status == PPDL_OK)
			status = ppdl_study_keys_remove(&j->keys, &db, &err);
		if (status != PPDL_OK)
			ppdl_note("the study's public keys are left in the database (ppdl_keys: %s %s): %s", j->keys.lwe_id,
					  j->keys.rsa_id, err.message);
		ppdl_db_close(&db);
	}
	if (ppdl_study_server_close(&j->server, &err) != PPDL_OK)
		ppdl_note("the schema %s is left in the database, to be dropped by hand: %s", j->server.schema, err.message);
	ppdl_study_keys_close(&j->keys);
}

static PpdlStatus
run_all(Job *j, PpdlError *err)
{
	for (int i = 0; i < j->w->study->nsets; i++)
	{
		j->set = &j->w->study->set[i];
		PPDL_TRY(run_dataset(j, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_study_work(PpdlStudyWork *w, PpdlError *err)
{
	Job			j = {.w = w, .start = ppdl_wall_seconds()};
	PpdlStatus	status;

	j.server = (PpdlStudyServer) {.dsn = w->dsn, .progress = show_server, .arg = &j};
	status = survey(&j, err);
	if (status == PPDL_OK && j.pending > 0)
		status = open_server(&j, err);
	if (status == PPDL_OK)
		status = run_all(&j, err);
	if (ppdl_db_interrupted())
	{
		w->is_cut = 1;
		status = PPDL_OK;
	}
	clean_up(&j);
	w->left = j.pending;
	return status;
}
