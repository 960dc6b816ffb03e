/*
 * ppdl evaluate: how well decrypted predictions tell classes apart.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/db_result.h"
#include "cli/evaluate.h"
#include "cli/outfile.h"
#include "cli/record.h"

static const char doc[] =
"Compare predictions with labels: accuracy, sensitivity, specificity, F1, AUC and Brier score with confidence "
"intervals, confusion matrix, ROC curve, calibration, and a suggested threshold.\v"
"Rows come from CSV, a file of decrypted results (-: standard input), or with -c from a query, whose ciphertexts are "
"decrypted here, packed ones dealt out with the arrays beside them. Scores are a network's outputs: one column tells "
"two classes apart, above the threshold the second (as \"ppdl encode\" sorts them: numbers before words, No before "
"Yes); a column for each class, or an array {a,b,c} in one, tells several, and the largest wins.\n\n"
"Rows without a label or without a score are left out and counted. Intervals take rows as independent.\n\n"
"Examples:\n\n"
"  ppdl evaluate --label Osteoporosis --score prediction scored.csv\n"
"  ppdl evaluate --label Osteoporosis --score prediction --id Id \\\n"
"    --labels patients.csv --features features.json predictions.csv\n"
"  ppdl evaluate --key hospital.key --dsn \"$DSN\" --label label --score score \\\n"
"    -c \"SELECT array_agg(label) AS label,\n"
"               ppdl_predict_agg('m', features) AS score FROM patients\"";

enum
{
	OPT_DSN = 256, OPT_PASSPHRASE, OPT_LABEL, OPT_LABELS, OPT_SCORE, OPT_ID, OPT_FEATURES, OPT_POSITIVE, OPT_ABOVE,
	OPT_THRESHOLD, OPT_LEVEL, OPT_BINS, OPT_DELIMITER, OPT_FORMAT
};

static const struct argp_option options[] = {
	{"label", OPT_LABEL, "COL", 0, "column of the labels (else that of the feature file)", 1},
	{"score", OPT_SCORE, "COL[,COL...]", 0, "column of the predictions, or one for each class in the classes' order",
	 1},
	{"id", OPT_ID, "COL", 0, "column that names rows, for messages and --labels", 1},
	{"labels", OPT_LABELS, "CSV", 0, "take the labels from this file, by --id", 1},
	{"features", OPT_FEATURES, "FILE", 0, "feature file: names and order of the classes", 1},
	{"delimiter", OPT_DELIMITER, "C", 0, "separator of CSV: a character or \"tab\" (comma, or what the first "
	 "line has in its place)", 1},
	{"key", 'k', "FILE", 0, "with -c: secret key file; may be repeated for one key of each scheme", 2},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 2},
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"command", 'c', "SQL", 0, "take the rows from this query", 2},
	{"positive", OPT_POSITIVE, "CLASS", 0,
	 "the class that sensitivity, ROC and calibration are about (the second of two)", 3},
	{"above", OPT_ABOVE, "CLASS", 0, "of two classes the one that scores above the threshold mean (the second)", 3},
	{"threshold", OPT_THRESHOLD, "T", 0, "of two classes (0)", 3},
	{"level", OPT_LEVEL, "P", 0, "of the confidence intervals (0.95)", 3},
	{"bins", OPT_BINS, "N", 0, "of the calibration table (10)", 3},
	{"format", OPT_FORMAT, "table|csv|json", 0, "of the output (table)", 4},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 4},
	{0}
};

typedef enum Format
{
	FORMAT_TABLE,
	FORMAT_CSV,
	FORMAT_JSON
} Format;

typedef struct Args
{
	PpdlEvalOptions opt;
	const char *csv,
			   *labels,
			   *features,
			   *passphrase_file,
			   *dsn,
			   *sql,
			   *output;
	PpdlList	keys;
	char		delimiter;
	Format		format;
} Args;

static void
check_args(const Args *a, struct argp_state *state)
{
	if ((a->csv == NULL) == (a->sql == NULL))
		argp_error(state, a->csv ? "a CSV file and -c exclude each other" : "which CSV file, or which query (-c)?");
	if (a->opt.scores.count == 0)
		argp_error(state, "--score is missing: which column has the predictions?");
	if (a->opt.label == NULL && a->features == NULL)
		argp_error(state, "--label is missing: which column has the labels?");
	if (a->labels && a->opt.id == NULL)
		argp_error(state, "--labels needs --id: which column names the rows in both?");
	if (a->labels && a->csv && strcmp(a->labels, "-") == 0 && strcmp(a->csv, "-") == 0)
		argp_error(state, "standard input holds one of the files only");
	if (a->sql == NULL && (a->keys.count || a->dsn))
		argp_error(state, "--key and --dsn go with -c; \"ppdl decrypt\" turns files into numbers");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"table", "csv", "json", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_LABEL:
			a->opt.label = arg;
			return 0;
		case OPT_SCORE:
			ppdl_list_add_commas(&a->opt.scores, arg, state);
			return 0;
		case OPT_ID:
			a->opt.id = arg;
			return 0;
		case OPT_LABELS:
			a->labels = arg;
			return 0;
		case OPT_FEATURES:
			a->features = arg;
			return 0;
		case OPT_DELIMITER:
			a->delimiter = ppdl_arg_delimiter(state, arg);
			return 0;
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case 'c':
			if (a->sql)
				argp_error(state, "one query is expected");
			a->sql = arg;
			return 0;
		case OPT_POSITIVE:
			a->opt.positive = arg;
			return 0;
		case OPT_ABOVE:
			a->opt.above = arg;
			return 0;
		case OPT_THRESHOLD:
			a->opt.threshold = ppdl_arg_double(state, "--threshold", arg);
			return 0;
		case OPT_LEVEL:
			a->opt.level = ppdl_arg_double(state, "--level", arg);
			if (!(a->opt.level >= 0.5 && a->opt.level <= 0.9999))
				argp_error(state, "--level: %s does not lie between 0.5 and 0.9999", arg);
			return 0;
		case OPT_BINS:
			a->opt.bins = (int) ppdl_arg_int(state, "--bins", arg, 1, 1000);
			return 0;
		case OPT_FORMAT:
			a->format = (Format) ppdl_arg_choice(state, "--format", arg, formats);
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			if (a->csv)
				argp_error(state, "one file is expected, not also \"%s\"", arg);
			a->csv = arg;
			return 0;
		case ARGP_KEY_END:
			check_args(a, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	const Args *a;
	PpdlEvalOptions opt;
	PpdlFeatures *features;
	PpdlEvalRows rows;
	PpdlEvalClasses classes;
	PpdlEvaluation result;
	PpdlDb		db;
	PpdlReveal	reveal;
	int			results,		/* of the query that had rows */
				row;			/* of the server's result */
	PpdlOutFile out;
} Job;

/* ------------------------------------------------------------------ files */

/* calls use for an opened CSV file */
static PpdlStatus
with_csv(Job *j, const char *path, PpdlStatus (*use) (Job *j, PpdlCsv *csv, PpdlError *err), PpdlError *err)
{
	int			standard = strcmp(path, "-") == 0;
	PpdlCsvOptions opt = {.name = standard ? "standard input" : path, .delimiter = j->a->delimiter};
	FILE	   *f = standard ? stdin : fopen(path, "r");
	PpdlCsv    *csv;
	PpdlStatus	status;

	if (path == j->a->labels)
		ppdl_features_csv(j->features, &opt);
	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	status = ppdl_csv_open(&csv, f, &opt, err);
	if (status == PPDL_OK)
	{
		status = use(j, csv, err);
		ppdl_csv_close(csv);
	}
	if (!standard)
		fclose(f);
	return status;
}

static PpdlStatus
csv_labels(Job *j, PpdlCsv *csv, PpdlError *err)
{
	PPDL_TRY(ppdl_eval_labels(&j->rows, csv, err));
	j->rows.other_source = j->a->labels;
	return PPDL_OK;
}

static PpdlStatus
csv_row(Job *j, const PpdlCsvRow *row, PpdlText *fields, PpdlError *err)
{
	char		where[300];

	for (int i = 0; i < row->nfields; i++)
		fields[i] = (PpdlText) {row->absent[i] ? NULL : row->field[i], row->len[i]};
	snprintf(where, sizeof where, "%.*s:%ld", PPDL_CUT(j->rows.source, 200), row->line);
	return ppdl_eval_row(&j->rows, fields, where, err);
}

static PpdlStatus
csv_rows(Job *j, PpdlCsv *csv, PpdlError *err)
{
	int			n = ppdl_csv_columns(csv),
				more = 1;
	const char **names = calloc((size_t) n + 1, sizeof *names);
	PpdlText   *fields = calloc((size_t) n + 1, sizeof *fields);
	PpdlCsvRow	row;
	PpdlStatus	status;

	for (int i = 0; names && i < n; i++)
		names[i] = ppdl_csv_column(csv, i);
	if (names && fields)
		status = ppdl_eval_columns(&j->rows, names, n, err);
	else
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	while (status == PPDL_OK && (status = ppdl_csv_next(csv, &row, &more, err)) == PPDL_OK && more)
		status = csv_row(j, &row, fields, err);
	free(names);
	free(fields);
	return status;
}

/* ------------------------------------------------------------------ queries */

static PpdlStatus
revealed_row(void *arg, const PpdlText *fields, size_t count, PpdlError *err)
{
	Job		   *j = arg;
	char		where[60];

	(void) count;
	/* what stands for a value of another key is neither a label nor a score */
	if (j->reveal.foreign)
	{
		*err = j->reveal.first_foreign;
		return err->code;
	}
	snprintf(where, sizeof where, "row %ld of the result", j->rows.read + 1);
	return ppdl_eval_row(&j->rows, fields, where, err);
}

static PpdlStatus
result_columns(Job *j, const PGresult *res, PpdlError *err)
{
	int			n = PQnfields(res);
	const char **names = calloc((size_t) n + 1, sizeof *names);
	PpdlStatus	status;

	if (names == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < n; i++)
		names[i] = PQfname(res, i);
	status = ppdl_eval_columns(&j->rows, names, n, err);
	free(names);
	return status;
}

static PpdlStatus
result_rows(Job *j, const PGresult *res, PpdlError *err)
{
	int			n = PQnfields(res);
	PpdlText   *field;
	PpdlStatus	status = PPDL_OK;

	if (j->results++)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "one query is expected, and no other that returns rows");
	PPDL_TRY(result_columns(j, res, err));
	field = calloc((size_t) n + 1, sizeof *field);
	if (field == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int r = 0; r < PQntuples(res) && status == PPDL_OK; r++)
	{
		ppdl_result_row(res, r, field);
		status = ppdl_reveal_record(&j->reveal, NULL, field, (size_t) n, 1, revealed_row, j, err);
	}
	free(field);
	return status;
}

/* PpdlTakeResult */
static PpdlStatus
take_result(void *arg, const PGresult *res, PpdlError *err)
{
	return PQresultStatus(res) == PGRES_TUPLES_OK ? result_rows(arg, res, err) : PPDL_OK;
}

static PpdlStatus
run_sql(Job *j, PpdlError *err)
{
	PPDL_TRY(ppdl_result_run(&j->db, j->a->sql, take_result, j, err));
	if (j->results == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the query returns no rows with columns: a SELECT is expected");
	return PPDL_OK;
}

static PpdlStatus
query_rows(Job *j, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_reveal_open(&j->reveal, &j->a->keys, j->a->passphrase_file, err));
	PPDL_TRY(ppdl_db_open(&j->db, j->a->dsn, err));
	ppdl_db_cancel_on_interrupt(&j->db);
	status = run_sql(j, err);
	ppdl_db_ignore_interrupt();
	return status;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
load_features(Job *j, PpdlError *err)
{
	if (j->a->features == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_features_load(&j->features, j->a->features, err));
	if (j->features->label == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: the feature file has no label", j->a->features);
	j->opt.features = j->features;
	if (j->opt.label == NULL)
		j->opt.label = j->features->label->column;
	return PPDL_OK;
}

static PpdlStatus
write_result(Job *j, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	if (j->a->format == FORMAT_TABLE)
		return ppdl_evaluation_table(&j->result, j->out.f, err);
	ppdl_writer_init(&w);
	status = (j->a->format == FORMAT_CSV ? ppdl_evaluation_csv : ppdl_evaluation_json) (&j->result, &w, err);
	if (status == PPDL_OK && fwrite(w.buf, 1, w.len, j->out.f) != w.len)
		status = ppdl_os_error(err, "write", j->out.shown);
	ppdl_writer_free(&w);
	return status;
}

/* what is odd about the result, though no error */
static void
notes(const Job *j)
{
	const PpdlMetrics *m = &j->result.metrics;

	if (j->classes.count == 2 && m->auc < 0.5)
		ppdl_note("the area under the ROC curve is below one half: are scores above the threshold meant for \"%s\"? "
				  "(--above)", j->classes.name[!j->classes.above]);
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(load_features(j, err));
	ppdl_eval_rows_init(&j->rows, &j->opt, a->sql ? "the query" : strcmp(a->csv, "-") == 0 ? "standard input" : a->csv);
	if (a->labels)
		PPDL_TRY(with_csv(j, a->labels, csv_labels, err));
	PPDL_TRY(a->sql ? query_rows(j, err) : with_csv(j, a->csv, csv_rows, err));
	PPDL_TRY(ppdl_eval_classes(&j->classes, &j->rows, err));
	PPDL_TRY(ppdl_evaluate(&j->result, &j->rows, &j->classes, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0666, err));
	PPDL_TRY(write_result(j, err));
	PPDL_TRY(ppdl_out_commit(&j->out, err));
	notes(j);
	return PPDL_OK;
}

int
ppdl_cmd_evaluate(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "[CSV]", doc};
	Args		a = {.opt = {.level = 0.95, .bins = 10}};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	j.opt = a.opt;
	status = run(&j, &err);
	ppdl_out_abort(&j.out);
	ppdl_evaluation_free(&j.result);
	ppdl_eval_classes_free(&j.classes);
	ppdl_eval_rows_free(&j.rows);
	ppdl_db_close(&j.db);
	ppdl_reveal_close(&j.reveal);
	ppdl_features_destroy(j.features);
	ppdl_list_free(&a.keys);
	ppdl_list_free(&a.opt.scores);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
