/*
 * ppdl encode: learns a feature encoding from a CSV file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/features.h"
#include "cli/outfile.h"

static const char doc[] =
"Learn how the columns of CSV become numbers in [-1, 1], and write it as JSON.\v"
"Every column but --id and --label becomes inputs of the network: numbers one input "
"(the least -1, the greatest +1), two categories one input (-1, +1), more categories one input "
"each (1 or 0), and a number in --bands one input a band. An empty field is a missing value; where the "
"file has any, the column gets one more input that says so. The word None is a category like any other.\n\n"
"A label of two classes becomes -1 or +1, one of several a vector of -1 and +1, one of many "
"numbers a number scaled to [-1, 1].\n\n"
"Example, two-year bands of age from 18 to 41 and four binaries, 16 inputs in all:\n\n"
"  ppdl encode patients.csv --id Id --label Osteoporosis -o features.json \\\n"
"    --bands Age:20..40/2 --one-hot-weight 2 \\\n"
"    --columns \"Age,Gender,Family History,Body Weight,Prior Fractures\"\n\n"
"The summary ends with the model specification for ppdl_create_model.";

enum
{
	OPT_ID = 256, OPT_LABEL, OPT_EXCLUDE, OPT_COLUMNS, OPT_BANDS, OPT_NUMERIC, OPT_CATEGORY, OPT_WEIGHT,
	OPT_CONSTANT, OPT_PAD, OPT_MAX, OPT_DELIMITER, OPT_UNITS, OPT_NO_HEADER
};

static const struct argp_option options[] = {
	{"id", OPT_ID, "COL", 0, "column that identifies a row; no input", 1},
	{"label", OPT_LABEL, "COL", 0, "column to be predicted; no input", 1},
	{"exclude", OPT_EXCLUDE, "COL,...", 0, "columns that are no inputs", 2},
	{"columns", OPT_COLUMNS, "COL,...", 0, "only these are inputs, in this order", 2},
	{"numeric", OPT_NUMERIC, "COL,...", 0, "columns that must be numbers", 2},
	{"category", OPT_CATEGORY, "COL,...", 0, "columns whose values are categories even if they look like numbers", 2},
	{"bands", OPT_BANDS, "COL:SPEC", 0,
	 "cut a number into bands: COL:WIDTH, COL:FROM..TO/WIDTH (cuts at FROM, FROM+WIDTH, ... "
	 "TO) or COL:CUT,CUT,...; may be repeated", 3},
	{"one-hot-weight", OPT_WEIGHT, "W", 0, "factor for bands and one-hot inputs, given to the model as input_scale (1)",
	 3},
	{"max-categories", OPT_MAX, "N", 0, "more categories in a column are an error (32)", 3},
	{"constant", OPT_CONSTANT, 0, 0, "add an input that is always 1", 4},
	{"pad", OPT_PAD, 0, 0, "add inputs that are always 0, up to a power of two", 4},
	{"units", OPT_UNITS, "N", 0, "hidden units in the suggested model specification (16)", 4},
	{"delimiter", OPT_DELIMITER, "C", 0, "what separates fields (comma)", 4},
	{"no-header", OPT_NO_HEADER, 0, 0, "the file has no header; columns are called 1, 2, 3, ...", 4},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 5},
	{0}
};

typedef struct Args
{
	const char *csv,
			   *output;
	PpdlLearnOptions learn;
	PpdlList	exclude,
				columns,
				bands,
				numeric,
				category;
	char		delimiter;
	int			units;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_ID:
			a->learn.id = arg;
			return 0;
		case OPT_LABEL:
			a->learn.label = arg;
			return 0;
		case OPT_EXCLUDE:
			ppdl_list_add_commas(&a->exclude, arg, state);
			return 0;
		case OPT_COLUMNS:
			ppdl_list_add_commas(&a->columns, arg, state);
			return 0;
		case OPT_BANDS:
			ppdl_list_add(&a->bands, arg, state);
			return 0;
		case OPT_NUMERIC:
			ppdl_list_add_commas(&a->numeric, arg, state);
			return 0;
		case OPT_CATEGORY:
			ppdl_list_add_commas(&a->category, arg, state);
			return 0;
		case OPT_WEIGHT:
			a->learn.one_hot_weight = ppdl_arg_double(state, "--one-hot-weight", arg);
			return 0;
		case OPT_MAX:
			a->learn.max_categories = (int) ppdl_arg_int(state, "--max-categories", arg, 1, PPDL_MAX_INPUTS);
			return 0;
		case OPT_CONSTANT:
			a->learn.constant = 1;
			return 0;
		case OPT_PAD:
			a->learn.pad = 1;
			return 0;
		case OPT_UNITS:
			a->units = (int) ppdl_arg_int(state, "--units", arg, 1, 4096);
			return 0;
		case OPT_NO_HEADER:
			a->learn.no_header = 1;
			return 0;
		case OPT_DELIMITER:
			a->delimiter = ppdl_arg_delimiter(state, arg);
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			if (a->csv)
				argp_error(state, "one CSV file is expected, not also \"%s\"", arg);
			a->csv = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->csv == NULL)
				argp_error(state, "which CSV file?");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static void
summarise(const PpdlFeatures *fs, FILE *out)
{
	char		name[120];

	fprintf(out, "rows:   %ld\nwidth:  %d\n", fs->rows, fs->inputs);
	if (fs->label)
		fprintf(out, "label:  %s, %s\n", fs->label->column,
				fs->label->kind == PPDL_FEATURE_NUMERIC ? "a number" :
				fs->outputs == 1 ? "two classes" : "several classes");
	for (int i = 0; i < fs->inputs; i++)
	{
		ppdl_features_input_name(fs, i, name, sizeof name);
		fprintf(out, "%5d   %s\n", i + 1, name);
	}
}

static int
is_power_of_two(int n)
{
	return n > 1 && (n & (n - 1)) == 0;
}

/* encrypted training rounds inputs and units, with one more each for biases, up to powers of two */
static void
print_bias_note(const PpdlFeatures *fs, int units, FILE *out)
{
	const char *what = is_power_of_two(fs->inputs) && is_power_of_two(units) ? "inputs and units fill" :
		is_power_of_two(fs->inputs) ? "inputs fill" : is_power_of_two(units) ? "units fill" : NULL;

	if (what != NULL)
		fprintf(out,
				"note:   for training on encrypted rows add \"bias\": false: %s a power of two, "
				"which a bias would double\n", what);
}

static PpdlStatus
print_model(const PpdlFeatures *fs, int units, FILE *out, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_features_model_spec(fs, units, &w, err);
	if (status == PPDL_OK)
		fprintf(out, "model:  SELECT ppdl_create_model('name', '%.*s');\n", (int) w.len, (const char *) w.buf);
	if (status == PPDL_OK)
		print_bias_note(fs, units, out);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
write_file(const PpdlFeatures *fs, const char *path, PpdlError *err)
{
	PpdlOutFile out;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_features_write(fs, &w, err);
	if (status == PPDL_OK)
		status = ppdl_out_open(&out, path, 0666, err);
	if (status == PPDL_OK)
	{
		fwrite(w.buf, 1, w.len, out.f);
		status = ppdl_out_commit(&out, err);
	}
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
learn(const Args *a, PpdlFeatures **fs, PpdlWriter *notes, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = a->csv, .delimiter = a->delimiter, .no_header = a->learn.no_header};
	FILE	   *f = fopen(a->csv, "r");
	PpdlCsv    *csv;
	PpdlStatus	status;

	if (f == NULL)
		return ppdl_os_error(err, "open", a->csv);
	status = ppdl_csv_open(&csv, f, &opt, err);
	if (status == PPDL_OK)
	{
		status = ppdl_features_learn(fs, csv, &a->learn, notes, err);
		ppdl_csv_close(csv);
	}
	fclose(f);
	return status;
}

static PpdlStatus
encode(Args *a, PpdlError *err)
{
	PpdlFeatures *fs = NULL;
	PpdlWriter	notes;
	PpdlStatus	status;
	int			to_stdout = a->output == NULL || strcmp(a->output, "-") == 0;
	FILE	   *human = to_stdout ? stderr : stdout;

	a->learn.exclude = a->exclude.item;
	a->learn.columns = a->columns.item;
	a->learn.bands = a->bands.item;
	a->learn.numeric = a->numeric.item;
	a->learn.category = a->category.item;
	ppdl_writer_init(&notes);
	status = learn(a, &fs, &notes, err);
	if (status == PPDL_OK)
		status = write_file(fs, a->output, err);
	if (status == PPDL_OK)
	{
		for (size_t i = 0, j; i < notes.len; i = j + 1)
		{
			for (j = i; notes.buf[j] != '\n'; j++)
				;
			ppdl_note("%.*s", (int) (j - i), (const char *) notes.buf + i);
		}
		summarise(fs, human);
		status = print_model(fs, a->units, human, err);
	}
	ppdl_writer_free(&notes);
	ppdl_features_destroy(fs);
	return status;
}

int
ppdl_cmd_encode(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "CSV", doc};
	Args		a = {.learn = {.one_hot_weight = 1, .max_categories = 32}, .units = 16};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = encode(&a, &err);
	ppdl_list_free(&a.exclude);
	ppdl_list_free(&a.columns);
	ppdl_list_free(&a.bands);
	ppdl_list_free(&a.numeric);
	ppdl_list_free(&a.category);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
