#include "cli/encode_args.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum
{
	OPT_ID = 512, OPT_LABEL, OPT_EXCLUDE, OPT_COLUMNS, OPT_BANDS, OPT_NUMERIC, OPT_CATEGORY, OPT_WEIGHT,
	OPT_CONSTANT, OPT_PAD, OPT_MAX, OPT_DELIMITER, OPT_NO_HEADER, OPT_WHITEN,
	OPT_COMPONENTS, OPT_POSITIVE, OPT_LABEL_MAP, OPT_ENCODING, OPT_DECIMAL, OPT_THOUSANDS, OPT_NA, OPT_DATE,
	OPT_DATE_FORMAT, OPT_RANGE, OPT_QUANTILES, OPT_LOG, OPT_OUTSIDE,
	OPT_THERMOMETER, OPT_MOMENTS
};

static const struct argp_option options[] = {
	{"id", OPT_ID, "COL", 0, "column that identifies a row; no input", 1},
	{"label", OPT_LABEL, "COL", 0, "column to be predicted; no input", 1},
	{"positive", OPT_POSITIVE, "CLASS", 0, "of two classes the one that is +1 (by common words, as yes and case, else "
	 "the greater number or the later in the alphabet)", 1},
	{"label-map", OPT_LABEL_MAP, "VALUE=CLASS,...", 0, "what values of the label mean: +1 or -1, another class, or "
	 "nothing for no label: ja=+1,nein=-1,unbekannt=", 1},
	{"exclude", OPT_EXCLUDE, "COL,...", 0, "columns that are no inputs", 2},
	{"columns", OPT_COLUMNS, "COL,...", 0, "only these are inputs, in this order", 2},
	{"numeric", OPT_NUMERIC, "COL,...", 0, "columns that must be numbers", 2},
	{"category", OPT_CATEGORY, "COL,...", 0, "columns whose values are categories even if they look like numbers", 2},
	{"bands", OPT_BANDS, "COL:SPEC", 0,
	 "cut a number into bands: COL:WIDTH, COL:FROM..TO/WIDTH (cuts at FROM, FROM+WIDTH, ... "
	 "TO) or COL:CUT,CUT,...; may be repeated", 3},
	{"thermometer", OPT_THERMOMETER, "COL:T,T,...", 0, "besides a number, inputs that say whether it is at least T, in "
	 "the units of CSV; may be repeated", 3},
	{"moments", OPT_MOMENTS, "COL,...", OPTION_ARG_OPTIONAL, "besides the columns their squares and products, so that "
	 "a sum holds variances and correlations (of all numbers)", 3},
	{"one-hot-weight", OPT_WEIGHT, "W", 0, "factor for bands and one-hot inputs, given to the model as input_scale (1)",
	 3},
	{"max-categories", OPT_MAX, "N", 0, "more categories in a column are an error (32)", 3},
	{"date", OPT_DATE, "COL[:USE]", 0,
	 "dates: COL for the day itself, COL:age@DAY for years up to a day, COL:since@DAY "
	 "for days from it; may be repeated", 3},
	{"date-format", OPT_DATE_FORMAT, "FORMAT", 0, "how dates are written, as %d.%m.%Y (2026-01-31 and 31.1.2026)", 3},
	{"range", OPT_RANGE, "COL:LO..HI", 0, "what becomes -1 and +1 (least and greatest value); may be repeated", 3},
	{"quantile-range", OPT_QUANTILES, "[COL:]LO..HI", 0,
	 "the same as parts of the rows: 0.01..0.99; without COL of all "
	 "numbers", 3},
	{"log", OPT_LOG, "COL,...", 0, "take the logarithm of these numbers (of 1 more where there are zeros)", 3},
	{"outside", OPT_OUTSIDE, "error|clamp|null", 0, "a number outside its range is an error (the default), becomes the "
	 "nearer bound (the default with --quantile-range), or a missing value; here and in ppdl encrypt", 3},
	{"na", OPT_NA, "WORD,...", 0, "words for a missing value, besides NA, N/A, #N/A, NaN, NULL, \"k. A.\", ?, and "
	 "among numbers - and . (--na '' drops these)", 4},
	{"decimal", OPT_DECIMAL, ".|,", 0, "decimal mark of all numbers (as each column shows)", 4},
	{"thousands", OPT_THOUSANDS, "C", 0, "mark between thousands: . , ' _ or a space (none)", 4},
	{"encoding", OPT_ENCODING, "NAME", 0, "character set of the file, as LATIN1, WINDOWS-1252 or UTF-16 (UTF-8)", 4},
	{"constant", OPT_CONSTANT, 0, 0, "add an input that is always 1", 4},
	{"pad", OPT_PAD, 0, 0, "add inputs that are always 0, up to a power of two", 4},
	{"whiten", OPT_WHITEN, 0, 0, "centre, decorrelate and scale the inputs, for training in few steps; "
	 "the map is kept in the feature file", 4},
	{"components", OPT_COMPONENTS, "N", 0, "with --whiten: keep the N directions that vary most (all)", 4},
	{"delimiter", OPT_DELIMITER, "C", 0,
	 "what separates fields: a character or \"tab\" (comma, or what the first line has "
	 "in its place)", 4},
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
	ppdl_encode_args_lists(a);
}

/* how values are written */
static error_t
parse_values(int key, char *arg, PpdlEncodeArgs *a, struct argp_state *state)
{
	static const char *const outside[] = {"error", "clamp", "null", NULL};

	switch (key)
	{
		case OPT_ENCODING:
			a->charset = arg;
			return 0;
		case OPT_DECIMAL:
			a->learn.decimal = ppdl_arg_character(state, "--decimal", arg, ".,");
			return 0;
		case OPT_THOUSANDS:
			a->learn.thousands = ppdl_arg_character(state, "--thousands", arg, ".,' _");
			return 0;
		case OPT_NA:
			if (arg[0])
				ppdl_list_add_commas(&a->na, arg, state);
			else
				ppdl_list_add(&a->na, "", state);
			return 0;
		case OPT_DATE:
			ppdl_list_add(&a->dates, arg, state);
			return 0;
		case OPT_DATE_FORMAT:
			a->learn.date_format = arg;
			return 0;
		case OPT_RANGE:
			ppdl_list_add(&a->range, arg, state);
			return 0;
		case OPT_QUANTILES:
			ppdl_list_add(&a->quantile_range, arg, state);
			return 0;
		case OPT_LOG:
			ppdl_list_add_commas(&a->log, arg, state);
			return 0;
		case OPT_OUTSIDE:
			a->outside = outside[ppdl_arg_choice(state, "--outside", arg, outside)];
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
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
		case OPT_POSITIVE:
			a->learn.positive = arg;
			return 0;
		case OPT_LABEL_MAP:
			ppdl_list_add_commas(&a->label_map, arg, state);
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
		case OPT_THERMOMETER:
			ppdl_list_add(&a->thermometer, arg, state);
			return 0;
		case OPT_MOMENTS:
			a->learn.moments = 1;
			if (arg)
				ppdl_list_add_commas(&a->moments, arg, state);
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
			return parse_values(key, arg, a, state);
	}
}

const struct argp ppdl_encode_argp = {options, parse, 0, 0, 0, 0, 0};

void
ppdl_encode_args_init(PpdlEncodeArgs *a)
{
	*a = (PpdlEncodeArgs) {.learn = {.one_hot_weight = 1, .max_categories = 32, .outside = -1}};
}

void
ppdl_encode_args_lists(PpdlEncodeArgs *a)
{
	a->learn.exclude = a->exclude.item;
	a->learn.columns = a->columns.item;
	a->learn.bands = a->bands.item;
	a->learn.numeric = a->numeric.item;
	a->learn.category = a->category.item;
	a->learn.label_map = a->label_map.item;
	a->learn.dates = a->dates.item;
	a->learn.range = a->range.item;
	a->learn.quantile_range = a->quantile_range.item;
	a->learn.log = a->log.item;
	a->learn.na = a->na.item;
	a->learn.thermometer = a->thermometer.item;
	a->learn.moments_of = a->moments.item;
	a->learn.outside = a->outside == NULL ? -1 : strcmp(a->outside, "clamp") == 0 ? PPDL_OUTSIDE_CLAMP :
		strcmp(a->outside, "null") == 0 ? PPDL_OUTSIDE_NULL : PPDL_OUTSIDE_ERROR;
}

void
ppdl_encode_args_free(PpdlEncodeArgs *a)
{
	ppdl_list_free(&a->exclude);
	ppdl_list_free(&a->columns);
	ppdl_list_free(&a->bands);
	ppdl_list_free(&a->numeric);
	ppdl_list_free(&a->category);
	ppdl_list_free(&a->label_map);
	ppdl_list_free(&a->na);
	ppdl_list_free(&a->dates);
	ppdl_list_free(&a->range);
	ppdl_list_free(&a->quantile_range);
	ppdl_list_free(&a->log);
	ppdl_list_free(&a->thermometer);
	ppdl_list_free(&a->moments);
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
	PpdlCsvOptions opt = {.name = path, .delimiter = a->delimiter, .charset = a->charset,
						  .no_header = a->learn.no_header};
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

/* later files are written like this one */
static PpdlStatus
keep_form(PpdlFeatures *fs, const PpdlCsv *csv, const PpdlEncodeArgs *a, PpdlError *err)
{
	fs->delimiter = ppdl_csv_delimiter(csv);
	fs->no_header = a->learn.no_header;
	if (a->charset && (fs->charset = strdup(a->charset)) == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
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
	if (status == PPDL_OK)
		status = keep_form(*out, csv, a, err);
	close_csv(csv, f);
	if (status == PPDL_OK && a->learn.whiten)
		status = learn_map(*out, path, a, notes, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_features_destroy(*out);
	*out = NULL;
	return status;
}
