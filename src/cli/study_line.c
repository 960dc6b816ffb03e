#include "cli/study_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "net/json.h"
#include "stats/calibration.h"
#include "stats/metrics.h"
#include "stats/roc.h"

#define ROC_POINTS 200
#define CALIBRATION_BINS 10

static void
put_text(json_t **run, const char *member, const char *text)
{
	if (text[0])
		ppdl_json_set(run, member, json_string(text));
}

/* numbers that do not apply are left out */
static void
put_number(json_t **run, const char *member, double v)
{
	if (isfinite(v))
		ppdl_json_set(run, member, ppdl_json_real(v));
}

/* ------------------------------------------------------------------ what the run was */

static void
put_processor(json_t **run)
{
	char		line[400],
				name[300] = "";
	FILE	   *f = fopen("/proc/cpuinfo", "r");

	while (f && name[0] == 0 && fgets(line, sizeof line, f))
		if (strncmp(line, "model name", 10) == 0)
			sscanf(line, "model name%*[ \t]: %299[^\n]", name);
	if (f)
		fclose(f);
	put_text(run, "processor", name);
	ppdl_json_set(run, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
}

static void
put_classes(json_t **run, const PpdlStudyData *d)
{
	json_t	   *list = json_array();

	for (int c = 0; c < d->classes; c++)
		ppdl_json_append(&list, json_string(ppdl_study_data_class(d, c)));
	ppdl_json_set(run, "classes", list);
}

static void
put_place(json_t **run, const PpdlLine *l)
{
	put_text(run, "dataset", l->place->dataset);
	put_text(run, "network", l->place->network);
	put_text(run, "method", l->place->method);
	if (l->place->repeat > 0)
	{
		ppdl_json_set(run, "split", json_integer(l->place->split));
		ppdl_json_set(run, "repeat", json_integer(l->place->repeat));
	}
	ppdl_json_set(run, "splits", json_integer(l->study->folds));
	ppdl_json_set(run, "seed", json_integer(l->study->seed));
	if (l->data)
	{
		ppdl_json_set(run, "rows", json_integer(l->data->rows));
		put_classes(run, l->data);
	}
	if (l->split)
	{
		ppdl_json_set(run, "inputs", json_integer(l->split->fs->inputs));
		ppdl_json_set(run, "train_rows", json_integer(l->split->train.n));
		ppdl_json_set(run, "test_rows", json_integer(l->split->test.n));
	}
}

static void
put_surroundings(json_t **run, const PpdlLine *l)
{
	char		when[40];
	time_t		now = time(NULL);
	struct tm	utc;

	put_text(run, "ppdl", PPDL_TOOL_VERSION);
	put_text(run, "postgresql", l->server->postgresql);
	put_processor(run);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	put_text(run, "when", when);
	/* beside the results, where study.json lies */
	put_text(run, "command", "ppdl study study.json --out results");
}

/* ------------------------------------------------------------------ what it answered */

static PpdlStatus
put_metrics(json_t **run, const PpdlLine *l, const PpdlOutcome *o, double *accuracy, PpdlError *err)
{
	const PpdlStudyRows *test = &l->split->test;
	json_t	   *metrics = ppdl_json_object();
	PpdlMetrics m;
	PpdlStatus	status = ppdl_metrics(&m, test->truth, o->scores, test->n, l->split->fs->outputs, err);

	for (int i = 0; i < PPDL_METRICS && status == PPDL_OK; i++)
		put_number(&metrics, ppdl_metric_name[i], ppdl_metric_value(&m, i));
	ppdl_json_set(run, "metrics", metrics);
	*accuracy = m.accuracy;
	return status;
}

static json_t *
pair(double a, double b)
{
	json_t	   *list = json_array();

	ppdl_json_append(&list, ppdl_json_real(a));
	ppdl_json_append(&list, ppdl_json_real(b));
	return list;
}

static PpdlStatus
put_roc(json_t **run, const PpdlLine *l, const PpdlOutcome *o, PpdlError *err)
{
	const PpdlStudyRows *test = &l->split->test;
	json_t	   *list = json_array();
	PpdlRoc		roc;
	PpdlStatus	status = ppdl_roc(&roc, test->truth, o->scores, test->n, l->split->fs->outputs, 1, err);

	if (status == PPDL_OK)
		ppdl_roc_thin(&roc, ROC_POINTS);
	for (long i = 0; i < roc.count && status == PPDL_OK; i++)
		ppdl_json_append(&list, pair(roc.point[i].fpr, roc.point[i].tpr));
	ppdl_roc_free(&roc);
	ppdl_json_set(run, "roc", list);
	return status;
}

static PpdlStatus
put_calibration(json_t **run, const PpdlLine *l, const PpdlOutcome *o, PpdlError *err)
{
	const PpdlStudyRows *test = &l->split->test;
	PpdlCalibrationBin bin[CALIBRATION_BINS];
	json_t	   *list = json_array();
	PpdlStatus	status = ppdl_calibration(bin, CALIBRATION_BINS, test->truth, o->scores, test->n, l->split->fs->outputs,
										  1, err);

	for (int i = 0; i < CALIBRATION_BINS && status == PPDL_OK; i++)
	{
		json_t	   *point;

		if (bin[i].count == 0)
			continue;
		point = pair(bin[i].mean_probability, bin[i].share_positive);
		ppdl_json_append(&point, json_integer(bin[i].count));
		ppdl_json_append(&list, point);
	}
	ppdl_json_set(run, "calibration", list);
	return status;
}

/* of two classes; everybody's majority has a curve that is known */
static PpdlStatus
put_curves(json_t **run, const PpdlLine *l, const PpdlOutcome *o, PpdlError *err)
{
	if (l->data->classes == 2 && l->method != PPDL_METHOD_MAJORITY)
	{
		PPDL_TRY(put_roc(run, l, o, err));
		PPDL_TRY(put_calibration(run, l, o, err));
	}
	if (o->curve)
		ppdl_json_set(run, "curve", json_incref(o->curve));
	return PPDL_OK;
}

static double
largest_difference(const double *a, const double *b, long n)
{
	double		largest = 0;

	for (long i = 0; i < n; i++)
		largest = fmax(largest, fabs(a[i] - b[i]));
	return largest;
}

static void
put_comparison(json_t **run, const PpdlLine *l, const PpdlOutcome *o)
{
	const int	outputs = l->split->fs->outputs;
	const long	n = l->split->test.n;
	long		same = 0;

	if (l->plain == NULL || l->method <= PPDL_METHOD_PLAIN)
		return;
	for (long i = 0; i < n; i++)
		same += ppdl_score_class(o->scores + i * outputs, outputs) ==
			ppdl_score_class(l->plain->scores + i * outputs, outputs);
	put_number(run, "agreement", (double) same / (double) n);
	put_number(run, "score_difference", largest_difference(o->scores, l->plain->scores, n * outputs));
	if (o->weights && o->nweights == l->plain->nweights)
		put_number(run, "weights_difference", largest_difference(o->weights, l->plain->weights, o->nweights));
}

static void
put_cost(json_t **run, const PpdlOutcome *o)
{
	put_number(run, "steps", o->steps);
	put_number(run, "encrypt_s", o->encrypt_s);
	put_number(run, "train_s", o->train_s);
	put_number(run, "predict_s", o->predict_s);
	put_number(run, "decrypt_s", o->decrypt_s);
	put_number(run, "cpu_s", o->cpu_s);
	put_number(run, "peak_rss_bytes", o->peak_rss_bytes);
	put_number(run, "row_bytes", o->row_bytes);
	put_number(run, "key_bytes", o->key_bytes);
	put_number(run, "result_bytes", o->result_bytes);
	put_number(run, "security_bits", o->security_bits);
	put_text(run, "parameters", o->parameters);
}

/* ------------------------------------------------------------------ lines */

static PpdlStatus
hand_over(json_t **out, json_t *run, PpdlStatus status, PpdlError *err)
{
	if (status == PPDL_OK && run == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		*out = run;
	else
		json_decref(run);
	return status;
}

PpdlStatus
ppdl_study_line(json_t **out, const PpdlLine *l, const PpdlOutcome *o, double *accuracy, PpdlError *err)
{
	json_t	   *run = ppdl_json_object();
	PpdlStatus	status;

	*out = NULL;
	put_place(&run, l);
	status = put_metrics(&run, l, o, accuracy, err);
	if (status == PPDL_OK)
		status = put_curves(&run, l, o, err);
	put_comparison(&run, l, o);
	put_cost(&run, o);
	put_surroundings(&run, l);
	return hand_over(out, run, status, err);
}

PpdlStatus
ppdl_study_error_line(json_t **out, const PpdlLine *l, const PpdlError *why, PpdlError *err)
{
	json_t	   *run = ppdl_json_object();

	*out = NULL;
	put_place(&run, l);
	put_text(&run, "error", why->message[0] ? why->message : "failed");
	put_surroundings(&run, l);
	return hand_over(out, run, PPDL_OK, err);
}
