#include "cli/encode_args.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum
{
	OPT_ID = 512, OPT_LABEL, OPT_EXCLUDE, OPT_COLUMNS, OPT_BANDS, OPT_NUMERIC, OPT_CATEGORY, OPT_WEIGHT,
	OPT_CONSTANT, OPT_PAD, OPT_MAX, OPT_DELIMITER, OPT_NO_HEADER, OPT_WHITEN,
	OPT_COMPONENTS
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
	{"whiten", OPT_WHITEN, 0, 0, "centre, decorrelate and scale the inputs, for training in few steps; "
	 "the map is kept in the feature file", 4},
	{"components", OPT_COMPONENTS, "N", 0, "with --whiten: keep the N directions that vary most (all)", 4},
	{"delimiter", OPT_DELIMITER, "C", 0, "what separates fields (comma)", 4},
	{"no-header", OPT_NO_HEADER, 0, 0, "the file has no header; columns are called 1, 2, 3, ...", 4},
	{0}
};

/* the lists may grow, and with it move, until the end */
static void
finish(PpdlEncodeArgs *a, struct argp_state *state)
{
	if (a->learn.components && !a->learn.whiten)
		argp_error(state, "--components goes with --whiten only");
	if (a->learn.whiten && (a->learn.constant || a->learn.pad || a->learn.one_hot_weight != 1))
		argp_error(state, "--whiten adds a constant and scales inputs: --constant, --pad and --one-hot-weight have no "
				   "place beside it");
	a->learn.exclude = a->exclude.item;
	a->learn.columns = a->columns.item;
	a->learn.bands = a->bands.item;
	a->learn.numeric = a->numeric.item;
	a->learn.category = a->category.item;
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	PpdlEncodeArgs *a = state->input;

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
		case OPT_WHITEN:
			a->learn.whiten = 1;
			return 0;
		case OPT_COMPONENTS:
			a->learn.components = (int) ppdl_arg_int(state, "--components", arg, 1, PPDL_WHITEN_MAX_INPUTS);
			return 0;
		case OPT_NO_HEADER:
			a->learn.no_header = 1;
			return 0;
		case OPT_DELIMITER:
			a->delimiter = ppdl_arg_delimiter(state, arg);
			return 0;
		case ARGP_KEY_END:
			finish(a, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

const struct argp ppdl_encode_argp = {options, parse, 0, 0, 0, 0, 0};

void
ppdl_encode_args_init(PpdlEncodeArgs *a)
{
	*a = (PpdlEncodeArgs) {.learn = {.one_hot_weight = 1, .max_categories = 32}};
}

void
ppdl_encode_args_free(PpdlEncodeArgs *a)
{
	ppdl_list_free(&a->exclude);
	ppdl_list_free(&a->columns);
	ppdl_list_free(&a->bands);
	ppdl_list_free(&a->numeric);
	ppdl_list_free(&a->category);
}

/* the file is read once for the columns, once for the map, once to see what the map clips */
static PpdlStatus
check_file(FILE *f, const char *path, PpdlError *err)
{
	struct stat st;

	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode))
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--whiten reads the file several times, and \"%s\" can be read only once", path);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Write the rows to a file first.");
}

static PpdlStatus
open_csv(PpdlCsv **csv, FILE **f, const char *path, const PpdlEncodeArgs *a, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = path, .delimiter = a->delimiter, .no_header = a->learn.no_header};
	PpdlStatus	status;

	*f = fopen(path, "r");
	if (*f == NULL)
		return ppdl_os_error(err, "open", path);
	status = a->learn.whiten ? check_file(*f, path, err) : PPDL_OK;
	if (status == PPDL_OK)
		status = ppdl_csv_open(csv, *f, &opt, err);
	if (status != PPDL_OK)
		fclose(*f);
	return status;
}

static void
close_csv(PpdlCsv *csv, FILE *f)
{
	ppdl_csv_close(csv);
	fclose(f);
}

static PpdlStatus
count_clipped(const PpdlFeatures *fs, PpdlCsv *csv, PpdlWriter *notes, PpdlError *err)
{
	char		text[160];
	long		clipped,
				rows;

	PPDL_TRY(ppdl_features_count_clipped(fs, csv, &clipped, &rows, err));
	snprintf(text, sizeof text,
			 "%ld of %ld values of the map lie beyond its range and are clipped, in %ld of %ld rows\n",
			 clipped, fs->rows * fs->map->components, rows, fs->rows);
	if (clipped > 0 && notes)
		ppdl_write_bytes(notes, text, strlen(text));
	return PPDL_OK;
}

static PpdlStatus
learn_map(PpdlFeatures *fs, const char *path, const PpdlEncodeArgs *a, PpdlWriter *notes, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlCsv    *csv;
	FILE	   *f;

	for (int pass = 0; pass < 2 && status == PPDL_OK; pass++)
	{
		PPDL_TRY(open_csv(&csv, &f, path, a, err));
		status = pass == 0 ? ppdl_features_learn_map(fs, csv, a->learn.components, err)
			: count_clipped(fs, csv, notes, err);
		close_csv(csv, f);
	}
	return status;
}

PpdlStatus
ppdl_encode_file(PpdlFeatures **out, const char *path, const PpdlEncodeArgs *a, PpdlWriter *notes, PpdlError *err)
{
	PpdlCsv    *csv;
	FILE	   *f;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(open_csv(&csv, &f, path, a, err));
	status = ppdl_features_learn(out, csv, &a->learn, notes, err);
	close_csv(csv, f);
	if (status == PPDL_OK && a->learn.whiten)
		status = learn_map(*out, path, a, notes, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_features_destroy(*out);
	*out = NULL;
	return status;
}
