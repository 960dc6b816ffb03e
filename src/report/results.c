#include "report/results.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/json.h"

/* more than anything that is measured, and few enough for charts and sums of squares */
#define MOST 1e90

const PpdlMeasure ppdl_measure[PPDL_MEASURES] = {
	[PPDL_ACCURACY] = {"accuracy", "accuracy", PPDL_QUANTITY_PERCENT, 1, 1, 0},
	[PPDL_BALANCED_ACCURACY] = {"balanced_accuracy", "balanced accuracy", PPDL_QUANTITY_PERCENT, 1, 1, 0},
	[PPDL_SENSITIVITY] = {"sensitivity", "sensitivity", PPDL_QUANTITY_PERCENT, 1, 1, 0},
	[PPDL_SPECIFICITY] = {"specificity", "specificity", PPDL_QUANTITY_PERCENT, 1, 1, 0},
	[PPDL_F1] = {"f1", "F1", PPDL_QUANTITY_NUMBER, 1, 1, 0},
	[PPDL_AUC] = {"auc", "AUC", PPDL_QUANTITY_NUMBER, 1, 1, 0},
	[PPDL_BRIER] = {"brier", "Brier score", PPDL_QUANTITY_NUMBER, 2, 1, 0},
	[PPDL_AGREEMENT] = {"agreement", "agreement with plain", PPDL_QUANTITY_PERCENT, 1, 0, 0},
	[PPDL_SCORE_DIFFERENCE] = {"score_difference", "largest score difference", PPDL_QUANTITY_ERROR, MOST, 0, 1},
	[PPDL_WEIGHTS_DIFFERENCE] = {"weights_difference", "largest weight difference", PPDL_QUANTITY_ERROR, MOST, 0, 1},
	[PPDL_STEPS] = {"steps", "steps", PPDL_QUANTITY_COUNT, MOST, 0, 0},
	[PPDL_ENCRYPT_S] = {"encrypt_s", "time to encrypt", PPDL_QUANTITY_SECONDS, MOST, 0, 0},
	[PPDL_TRAIN_S] = {"train_s", "time to train", PPDL_QUANTITY_SECONDS, MOST, 0, 0},
	[PPDL_PREDICT_S] = {"predict_s", "time to predict", PPDL_QUANTITY_SECONDS, MOST, 0, 0},
	[PPDL_DECRYPT_S] = {"decrypt_s", "time to decrypt", PPDL_QUANTITY_SECONDS, MOST, 0, 0},
	[PPDL_CPU_S] = {"cpu_s", "processor time", PPDL_QUANTITY_SECONDS, MOST, 0, 0},
	[PPDL_PEAK_RSS_BYTES] = {"peak_rss_bytes", "peak memory", PPDL_QUANTITY_BYTES, MOST, 0, 1},
	[PPDL_ROW_BYTES] = {"row_bytes", "bytes of a row", PPDL_QUANTITY_BYTES, MOST, 0, 0},
	[PPDL_KEY_BYTES] = {"key_bytes", "bytes of keys", PPDL_QUANTITY_BYTES, MOST, 0, 0},
	[PPDL_RESULT_BYTES] = {"result_bytes", "bytes of a result", PPDL_QUANTITY_BYTES, MOST, 0, 0},
	[PPDL_TRAIN_ROWS] = {"train_rows", "rows to train on", PPDL_QUANTITY_COUNT, MOST, 0, 0},
	[PPDL_TEST_ROWS] = {"test_rows", "rows to test on", PPDL_QUANTITY_COUNT, MOST, 0, 0},
};

/* ------------------------------------------------------------------ members of a line */

static PpdlStatus
take_text(const json_t *o, const char *member, const char **out, PpdlError *err)
{
	const json_t *v = json_object_get(o, member);

	*out = "";
	if (v == NULL || json_is_null(v))
		return PPDL_OK;
	if (!json_is_string(v))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: a string is expected", member);
	if (json_string_length(v) > PPDL_RESULTS_MAX_NAME)
		return ppdl_error(err, PPDL_ERR_RANGE, "%s: %zu bytes are too many; at most %d", member,
						  json_string_length(v), PPDL_RESULTS_MAX_NAME);
	*out = json_string_value(v);
	return PPDL_OK;
}

/* NaN where it is left out */
static PpdlStatus
take_number(const json_t *o, const char *member, double most, double *out, PpdlError *err)
{
	const json_t *v = o ? json_object_get(o, member) : NULL;

	*out = NAN;
	if (v == NULL || json_is_null(v))
		return PPDL_OK;
	PPDL_TRY(ppdl_json_number(v, member, out, err));
	if (!(*out >= 0 && *out <= most))
		return ppdl_error(err, PPDL_ERR_RANGE, "%s: %g is not from 0 to %g", member, *out, most);
	return PPDL_OK;
}

static PpdlStatus
take_point(const json_t *v, const char *member, size_t i, double y_most, PpdlPoint *out, PpdlError *err)
{
	size_t		n = json_array_size(v);
	double		z[3] = {0, 0, 1};
	char		where[60];

	snprintf(where, sizeof where, "%s[%zu]", member, i);
	if (n != 2 && n != 3)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: two or three numbers are expected", where);
	for (size_t j = 0; j < n; j++)
		PPDL_TRY(ppdl_json_number(json_array_get(v, j), where, &z[j], err));
	if (!(z[0] >= 0 && z[1] >= 0 && z[1] <= y_most && z[2] >= 0 && z[2] <= MOST))
		return ppdl_error(err, PPDL_ERR_RANGE, "%s: numbers are out of range", where);
	*out = (PpdlPoint) {z[0], z[1], z[2]};
	return PPDL_OK;
}

/* x_most, y_most: the largest that numbers may be; is_sorted: x never falls */
static PpdlStatus
take_points(const json_t *o, const char *member, double x_most, int is_sorted, PpdlPoints *out, PpdlError *err)
{
	const json_t *v = json_object_get(o, member);
	size_t		n = json_array_size(v);

	if (v == NULL || json_is_null(v))
		return PPDL_OK;
	if (!json_is_array(v))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: an array of points is expected", member);
	if (n > PPDL_RESULTS_MAX_POINTS)
		return ppdl_error(err, PPDL_ERR_RANGE, "%s: %zu points are too many; at most %d", member, n,
						  PPDL_RESULTS_MAX_POINTS);
	out->at = calloc(n ? n : 1, sizeof *out->at);
	if (out->at == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
	{
		PPDL_TRY(take_point(json_array_get(v, i), member, i, 1, &out->at[i], err));
		if (out->at[i].x > x_most || (is_sorted && i > 0 && out->at[i].x < out->at[i - 1].x))
			return ppdl_error(err, PPDL_ERR_RANGE, "%s[%zu]: %g is out of range or order", member, i, out->at[i].x);
	}
	out->n = n;
	return PPDL_OK;
}

static PpdlStatus
check_classes(const json_t *o, PpdlError *err)
{
	const json_t *list = json_object_get(o, "classes");

	if (list == NULL || json_is_null(list))
		return PPDL_OK;
	if (!json_is_array(list) || json_array_size(list) > PPDL_RESULTS_MAX_CLASSES)
		return ppdl_error(err, PPDL_ERR_FORMAT, "classes: an array of at most %d names is expected",
						  PPDL_RESULTS_MAX_CLASSES);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)) ||
			json_string_length(json_array_get(list, i)) > PPDL_RESULTS_MAX_NAME)
			return ppdl_error(err, PPDL_ERR_FORMAT, "classes[%zu]: a string of at most %d bytes is expected", i,
							  PPDL_RESULTS_MAX_NAME);
	return PPDL_OK;
}

static PpdlStatus
take_texts(PpdlRun *run, PpdlError *err)
{
	const struct
	{
		const char *member;
		const char **to;
	}			texts[] = {
		{"dataset", &run->dataset}, {"network", &run->network}, {"method", &run->method}, {"error", &run->error},
		{"parameters", &run->parameters}, {"ppdl", &run->ppdl}, {"postgresql", &run->postgresql},
		{"processor", &run->processor}, {"when", &run->when}, {"command", &run->command},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		PPDL_TRY(take_text(run->json, texts[i].member, texts[i].to, err));
	if (run->dataset[0] == '\0' || run->method[0] == '\0')
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: a name is expected", run->dataset[0] ? "method" : "dataset");
	if (!json_is_string(json_object_get(run->json, "error")))
		run->error = NULL;
	return PPDL_OK;
}

static PpdlStatus
take_numbers(PpdlRun *run, PpdlError *err)
{
	const struct
	{
		const char *member;
		double	   *to;
	}			numbers[] = {
		{"rows", &run->rows}, {"inputs", &run->inputs}, {"split", &run->split}, {"splits", &run->splits},
		{"repeat", &run->repeat}, {"seed", &run->seed}, {"cores", &run->cores}, {"security_bits", &run->security_bits},
	};
	const json_t *metrics = json_object_get(run->json, "metrics");

	if (metrics != NULL && !json_is_object(metrics) && !json_is_null(metrics))
		return ppdl_error(err, PPDL_ERR_FORMAT, "metrics: an object is expected");
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		PPDL_TRY(take_number(run->json, numbers[i].member, MOST, numbers[i].to, err));
	for (int i = 0; i < PPDL_MEASURES; i++)
		PPDL_TRY(take_number(ppdl_measure[i].is_metric ? metrics : run->json, ppdl_measure[i].member,
							 ppdl_measure[i].most, &run->value[i], err));
	if (run->error == NULL && isnan(run->value[PPDL_ACCURACY]))
		return ppdl_error(err, PPDL_ERR_FORMAT, "neither metrics.accuracy nor error is there");
	return PPDL_OK;
}

static PpdlStatus
take_run(PpdlRun *run, PpdlError *err)
{
	if (!json_is_object(run->json))
		return ppdl_error(err, PPDL_ERR_FORMAT, "an object is expected");
	PPDL_TRY(take_texts(run, err));
	PPDL_TRY(take_numbers(run, err));
	PPDL_TRY(check_classes(run->json, err));
	PPDL_TRY(take_points(run->json, "roc", 1, 1, &run->roc, err));
	PPDL_TRY(take_points(run->json, "calibration", 1, 0, &run->calibration, err));
	return take_points(run->json, "curve", MOST, 1, &run->curve, err);
}

static void
clear_run(PpdlRun *run)
{
	json_decref(run->json);
	free(run->roc.at);
	free(run->calibration.at);
	free(run->curve.at);
	memset(run, 0, sizeof *run);
}

static PpdlStatus
parse_run(PpdlRun *run, const char *line, size_t len, PpdlError *err)
{
	json_error_t why;
	PpdlStatus	status;

	memset(run, 0, sizeof *run);
	run->json = ppdl_json_read(line, len, &why);
	if (run->json == NULL)
		return why.text[0] == '\0' ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") :
			ppdl_error(err, PPDL_ERR_FORMAT, "column %d: %s", why.column, why.text);
	status = take_run(run, err);
	if (status != PPDL_OK)
		clear_run(run);
	return status;
}

/* ------------------------------------------------------------------ the file */

static int
is_same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static int
is_same_run(const PpdlRun *a, const PpdlRun *b)
{
	return is_same_number(a->split, b->split) && is_same_number(a->repeat, b->repeat) &&
		strcmp(a->method, b->method) == 0 && strcmp(a->network, b->network) == 0 &&
		strcmp(a->dataset, b->dataset) == 0;
}

/* takes run; an earlier line about the same gives way */
static PpdlStatus
add_run(PpdlResults *r, PpdlRun *run, long *room, PpdlError *err)
{
	for (long i = r->nruns - 1; i >= 0; i--)
		if (is_same_run(&r->run[i], run))
		{
			clear_run(&r->run[i]);
			r->run[i] = *run;
			return PPDL_OK;
		}
	if (r->nruns == *room)
	{
		long		more = *room ? *room * 2 : 64;
		PpdlRun    *grown = realloc(r->run, (size_t) more * sizeof *grown);

		if (grown == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		r->run = grown;
		*room = more;
	}
	r->run[r->nruns++] = *run;
	return PPDL_OK;
}

static PpdlStatus
take_line(PpdlResults *r, const char *line, size_t len, long number, long *room, const char *name, PpdlError *err)
{
	PpdlRun		run;
	PpdlError	why = {0};
	PpdlStatus	status;

	if (len > PPDL_RESULTS_MAX_LINE)
		status = ppdl_error(&why, PPDL_ERR_RANGE, "%zu bytes are too many; at most %d", len, PPDL_RESULTS_MAX_LINE);
	else
		status = parse_run(&run, line, len, &why);
	if (status == PPDL_ERR_NOMEM)
		return ppdl_error(err, status, "out of memory");
	if (status != PPDL_OK)
	{
		if (r->nbad < PPDL_RESULTS_BAD_LINES)
			ppdl_error(&r->bad[r->nbad], status, "%s, line %ld: %.*s", name, number, PPDL_CUT(why.message, 200));
		r->nbad++;
		return PPDL_OK;
	}
	run.line = number;
	status = r->nruns == PPDL_RESULTS_MAX_RUNS ?
		ppdl_error(err, PPDL_ERR_RANGE, "%s has more than %d runs", name, PPDL_RESULTS_MAX_RUNS) :
		add_run(r, &run, room, err);
	if (status != PPDL_OK)
		clear_run(&run);
	return status;
}

static int
is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r", s[i]) == NULL || s[i] == '\0')
			return 0;
	return 1;
}

static PpdlStatus
take_lines(PpdlResults *r, const char *text, size_t len, const char *name, PpdlError *err)
{
	const char *end = text + len;
	long		number = 0,
				room = 0;

	for (const char *line = text, *next; line < end; line = next + 1)
	{
		next = memchr(line, '\n', (size_t) (end - line));
		if (next == NULL)
			next = end;
		number++;
		if (!is_blank(line, (size_t) (next - line)))
			PPDL_TRY(take_line(r, line, (size_t) (next - line), number, &room, name, err));
	}
	if (r->nruns > 0)
		return PPDL_OK;
	if (r->nbad == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s holds no run", name);
	if (err)
		*err = r->bad[0];
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "No line of it can be read; it is written by ppdl study.");
}

PpdlStatus
ppdl_results_parse(PpdlResults **out, const char *text, size_t len, const char *name, PpdlError *err)
{
	PpdlResults *r = calloc(1, sizeof *r);
	PpdlStatus	status;

	*out = NULL;
	if (r == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = take_lines(r, text, len, name, err);
	if (status != PPDL_OK)
	{
		ppdl_results_destroy(r);
		/* bad[] of which an error was taken is gone by now, the copy is not */
		if (err)
			err->code = status;
		return status;
	}
	*out = r;
	return PPDL_OK;
}

static PpdlStatus
read_file(PpdlWriter *w, const char *path, PpdlError *err)
{
	FILE	   *f = fopen(path, "r");
	char		buf[65536];
	size_t		n;
	int			failed;

	if (f == NULL)
		return ppdl_error(err, PPDL_ERR_IO, "cannot open \"%s\": %s", path, strerror(errno));
	while (!w->bad && w->len <= PPDL_RESULTS_MAX_BYTES && (n = fread(buf, 1, sizeof buf, f)) > 0)
		ppdl_write_bytes(w, buf, n);
	failed = ferror(f) ? errno : 0;
	fclose(f);
	if (failed)
		return ppdl_error(err, PPDL_ERR_IO, "cannot read \"%s\": %s", path, strerror(failed));
	if (w->bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (w->len > PPDL_RESULTS_MAX_BYTES)
		return ppdl_error(err, PPDL_ERR_RANGE, "\"%s\" has more than %d bytes", path, PPDL_RESULTS_MAX_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_results_load(PpdlResults **out, const char *path, PpdlError *err)
{
	const char *slash = strrchr(path, '/');
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = read_file(&w, path, err);
	if (status == PPDL_OK)
		status = ppdl_results_parse(out, w.len ? (const char *) w.buf : "", w.len, slash ? slash + 1 : path, err);
	ppdl_writer_free(&w);
	return status;
}

void
ppdl_results_destroy(PpdlResults *r)
{
	if (r == NULL)
		return;
	for (long i = 0; i < r->nruns; i++)
		clear_run(&r->run[i]);
	free(r->run);
	free(r);
}

long
ppdl_run_classes(const PpdlRun *run)
{
	return (long) json_array_size(json_object_get(run->json, "classes"));
}

const char *
ppdl_run_class(const PpdlRun *run, long i)
{
	const char *s = i < 0 ? NULL : json_string_value(json_array_get(json_object_get(run->json, "classes"), (size_t) i));

	return s ? s : "";
}
