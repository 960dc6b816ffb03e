/*
 * ppdl encode: learns a feature encoding from a CSV file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/encode_args.h"
#include "cli/feature_file.h"
#include "rows/encoding.h"

static const char doc[] =
"Learn how the columns of CSV become numbers in [-1, 1], and write it as JSON.\v"
"Every column but --id and --label becomes inputs of the network: numbers one input "
"(the least -1, the greatest +1), two categories one input (-1, +1), more categories one input "
"each (1 or 0), and a number in --bands one input a band. An empty field is a missing value; where the "
"file has any, the column gets one more input that says so. The word None is a category like any other.\n\n"
"A label of two classes becomes -1 or +1, one of several a vector of -1 and +1, one of many "
"numbers a number scaled to [-1, 1]. The summary says which class is which.\n\n"
"Files of spreadsheet programs are read as they are: fields between semicolons or tabs, decimal commas, percent signs, "
"common words for missing values. How a file was written is kept in the feature file, and ppdl encrypt reads "
"others in the same way.\n\n"
"Example, a file from Germany:\n\n"
"  ppdl encode kranke.csv --id Nr --label krank --positive ja \\\n"
"    --label-map \"unbekannt=\" --date Geburtstag:age@2026-01-01 \\\n"
"    --range \"Gewicht:30..200\" --outside=null -o features.json\n\n"
"Example, two-year bands of age from 18 to 41 and four binaries, 16 inputs in all:\n\n"
"  ppdl encode patients.csv --id Id --label Osteoporosis -o features.json \\\n"
"    --bands Age:20..40/2 --one-hot-weight 2 \\\n"
"    --columns \"Age,Gender,Family History,Body Weight,Prior Fractures\"\n\n"
"With --whiten the inputs are then centred, scaled and decorrelated by a map that is learned from the rows and kept in "
"the feature file, so that a network learns in a few steps; what the server averages is averages of mapped values.\n\n"
"The file gets an identity, 12 hexadecimal digits, which encrypted rows, sums and predictions carry: values of two "
"encodings do not mix, and results are read with the file that they belong to. Keep the file: without it nobody knows "
"what the rows mean. Run again on data that teaches the same, encode leaves it as it is.\n\n"
"The summary ends with a model for ppdl_create_model and a call of ppdl_train. Both follow from the columns, their "
"kinds and the number of classes only, never from values.";

enum
{
	OPT_UNITS = 256, OPT_FORCE, OPT_RENEW
};

static const struct argp_option options[] = {
	{"units", OPT_UNITS, "N", 0, "hidden units in the suggested model specification (16, or what encrypted training "
	 "has room for)", 4},
	{"output", 'o', "FILE", 0, "where to write (standard output); a file that is there is kept, unless it is empty", 5},
	{"force", OPT_FORCE, 0, 0, "replace FILE, and with it the meaning of rows that were encrypted with it", 5},
	{"renew", OPT_RENEW, "FEATURES", 0, "instead of learning: give a feature file that was edited, or one of version "
	 "0.1.0, an identity of its own", 5},
	{0}
};

typedef struct Args
{
	const char *csv,
			   *output,
			   *renew;
	int			force;
	PpdlEncodeArgs encode;
	int			units;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->encode;
			return 0;
		case OPT_UNITS:
			a->units = (int) ppdl_arg_int(state, "--units", arg, 1, 4096);
			return 0;
		case OPT_FORCE:
			a->force = 1;
			return 0;
		case OPT_RENEW:
			a->renew = arg;
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
			if (a->renew && a->csv)
				argp_error(state, "--renew reads no CSV file: leave out \"%s\"", a->csv);
			if (a->csv == NULL && a->renew == NULL)
				argp_error(state, "which CSV file?");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* what each class becomes, and of how many rows it is */
static void
print_classes(const PpdlFeatures *fs, FILE *out)
{
	const PpdlFeature *label = fs->label;
	char		lo[40],
				hi[40];

	if (label->kind == PPDL_FEATURE_NUMERIC)
	{
		ppdl_feature_print(label, label->min, lo, sizeof lo);
		ppdl_feature_print(label, label->max, hi, sizeof hi);
		fprintf(out, "%8s   %s\n%8s   %s\n", "-1", lo, "+1", hi);
	}
	for (int i = 0; i < label->ncategories; i++)
	{
		char		output[16];

		snprintf(output, sizeof output, "%d", i + 1);
		fprintf(out, "%8s   %s", fs->outputs > 1 ? output : i ? "+1" : "-1", label->category[i]);
		if (label->rows)
			fprintf(out, "   %ld rows", label->rows[i]);
		fputc('\n', out);
	}
	for (int i = 0; i < label->naliases; i++)
		fprintf(out, "%8s   %s\n", label->alias[i].to ? "as" : "NULL", label->alias[i].from);
	if (fs->unlabelled)
		fprintf(out, "%8s   %ld rows\n", "NULL", fs->unlabelled);
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
	if (fs->label)
		print_classes(fs, out);
	if (fs->delimiter && fs->delimiter != ',')
		fprintf(out, fs->delimiter == '\t' ? "fields: separated by tabs\n" : "fields: separated by %c\n",
				fs->delimiter);
	if (fs->map)
		fprintf(out, "map:    %d inputs become %d components and a constant\n", fs->encoded, fs->map->components);
	for (int i = 0; i < fs->encoded; i++)
	{
		ppdl_features_encoded_name(fs, i, name, sizeof name);
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

	if (what != NULL && fs->map == NULL)
		fprintf(out,
				"note:   for training on encrypted rows add \"bias\": false: %s a power of two, "
				"which a bias would double\n", what);
}

static void
print_notes(const PpdlFeatures *fs, int units, FILE *out)
{
	const long	slots = ppdl_features_slots(fs, units);

	print_bias_note(fs, units, out);
	if (slots > PPDL_MAX_SLOTS_A_ROW)
		fprintf(out, "note:   too large to be trained on encrypted rows: %ld slots a row where there are %d; "
				"take fewer inputs (--columns, --exclude)%s\n", slots, PPDL_MAX_SLOTS_A_ROW,
				units > 2 ? " or units (--units)" : "");
	else if (fs->map && fs->inputs > 32 && is_power_of_two(fs->inputs - 1))
		fprintf(out, "note:   %d values a row take the room of %d: --components %d leaves out what varies least\n",
				fs->inputs, 2 * (fs->inputs - 1), fs->inputs - 2);
	else if (units == 0)
		fprintf(out, "note:   without a hidden layer, since encrypted rows have no room for enough units "
				"(--units all the same)\n");
	if (fs->label && ppdl_features_need_map(fs))
		fprintf(out, "note:   for training in few steps encode with --whiten: inputs of different spread, or that go "
				"together, hold it up\n");
}

static PpdlStatus
print_model(const PpdlFeatures *fs, int units, FILE *out, PpdlError *err)
{
	PpdlWriter	model,
				options;
	PpdlStatus	status;

	ppdl_writer_init(&model);
	ppdl_writer_init(&options);
	status = ppdl_features_model_spec(fs, units, &model, err);
	if (status == PPDL_OK)
		status = ppdl_features_train_options(fs, units, &options, err);
	if (status == PPDL_OK)
	{
		fprintf(out, "model:  SELECT ppdl_create_model('name', '%.*s');\n", (int) model.len, (const char *) model.buf);
		if (fs->label)
			fprintf(out, "train:  SELECT ppdl_train('name', features, label, '%.*s'%s) FROM table_name;\n",
					(int) options.len, (const char *) options.buf, fs->id ? " ORDER BY id" : "");
		print_notes(fs, ppdl_features_suggest_units(fs, units), out);
	}
	ppdl_writer_free(&model);
	ppdl_writer_free(&options);
	return status;
}

static void
print_identity(const PpdlFeatures *fs, const char *path, int kept, FILE *out)
{
	char		id[PPDL_ENCODING_SIZE];

	ppdl_encoding_print(id, fs->encoding);
	fprintf(out, "encoding: %s%s%s%s\n", id, path ? ", in " : "", path ? path : "",
			kept ? ", which says the same already and stays as it is" : "");
}

static PpdlStatus
renew(const Args *a, PpdlError *err)
{
	PpdlFeatures *fs;

	PPDL_TRY(ppdl_feature_file_renew(&fs, a->renew, err));
	print_identity(fs, a->renew, 0, stdout);
	ppdl_features_destroy(fs);
	return PPDL_OK;
}

static PpdlStatus
encode(const Args *a, PpdlError *err)
{
	PpdlFeatures *fs = NULL;
	PpdlWriter	notes;
	PpdlStatus	status;
	int			kept = 0,
				to_stdout = a->output == NULL || strcmp(a->output, "-") == 0;
	FILE	   *human = to_stdout ? stderr : stdout;

	ppdl_writer_init(&notes);
	status = ppdl_encode_file(&fs, a->csv, &a->encode, &notes, err);
	if (status == PPDL_OK)
		status = ppdl_feature_file_write(fs, a->output, a->force, &kept, err);
	if (status == PPDL_OK)
	{
		for (size_t i = 0, j; i < notes.len; i = j + 1)
		{
			for (j = i; notes.buf[j] != '\n'; j++)
				;
			ppdl_note("%.*s", (int) (j - i), (const char *) notes.buf + i);
		}
		print_identity(fs, to_stdout ? NULL : a->output, kept, human);
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
	static const struct argp_child children[] = {{&ppdl_encode_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, "CSV", doc, children, 0, 0};
	Args		a = {0};
	PpdlError	err = {0};
	PpdlStatus	status;

	ppdl_encode_args_init(&a.encode);
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = a.renew ? renew(&a, &err) : encode(&a, &err);
	ppdl_encode_args_free(&a.encode);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
