/*
 * ppdl encrypt: rows of a CSV file become ciphertexts, batch by batch.
 */
#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "cli/features.h"
#include "cli/pemfile.h"
#include "cli/progress.h"
#include "cli/rsa_columns.h"
#include "cli/secret.h"
#include "cli/sink.h"

static const char doc[] =
"Encrypt the rows of CSV (\"-\": standard input) as COPY text.\v"
"Each line has the id (if the encoding has one), the --keep columns in the clear, the "
"encrypted features, and the encrypted label (if the encoding has one; an empty label is NULL).\n\n"
"Full rows (the default) serve sums, training and fast prediction; --compact ones are four times smaller "
"and serve sums, training, and slower prediction.\n\n"
"Example:\n\n"
"  ppdl encrypt --key hospital.key --features features.json \\\n"
"    patients.csv > patients.copy\n"
"  psql -c '\\copy patients (id, features, label) FROM patients.copy'\n\n"
"or, straight into the table, with a plain column beside the encrypted ones:\n\n"
"  ppdl encrypt --key hospital.key --features features.json --keep Hospital \\\n"
"    --dsn \"$DSN\" --table patients --columns id,hospital,features,label \\\n"
"    patients.csv\n\n"
"With --plain it writes the same rows in the clear, as float8[] features and float8 label, to try "
"models on; no key is needed. With --raw every column that is not --id, --label or --keep "
"is a number in [-1, 1] already and no feature file is needed.\n\n"
"If --key is an RSA key (its public file suffices), the features become an rsa_cipher[] on a grid of --input-bits, "
"the label an rsa_cipher; --count and --product encrypt further columns, written before the features, for rsa_sum and "
"rsa_product. With them --features may be missing:\n\n"
"  ppdl encrypt --key hospital-rsa.pub --id Id --keep Hospital \\\n"
"    --count Falls:20 patients.csv";

enum
{
	OPT_FEATURES = 256, OPT_COMPACT, OPT_SCALE, OPT_BATCH, OPT_KEEP, OPT_PLAIN, OPT_RAW, OPT_WIDTH, OPT_NO_HEADER,
	OPT_ID, OPT_LABEL, OPT_NO_LABEL, OPT_UNKNOWN, OPT_OUTSIDE, OPT_DSN, OPT_TABLE, OPT_COLUMNS, OPT_FORMAT,
	OPT_DELIMITER,
	OPT_PASSPHRASE, OPT_HEADER, OPT_INPUT_BITS, OPT_DETERMINISTIC, OPT_COUNT, OPT_PRODUCT
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"features", OPT_FEATURES, "FILE", 0, "feature file made by ppdl encode", 2},
	{"unknown", OPT_UNKNOWN, "error|other", 0,
	 "an unknown category, or an unexpected empty field, is an error (the default), or none of the categories", 2},
	{"outside", OPT_OUTSIDE, "error|clamp", 0,
	 "a number outside the learned range is an error (the default), or becomes the nearer bound", 2},
	{"keep", OPT_KEEP, "COL,...", 0, "columns to write in the clear, between id and features", 2},
	{"no-label", OPT_NO_LABEL, 0, 0, "write no label, even if the encoding has one", 2},
	{"compact", OPT_COMPACT, 0, 0, "small rows", 3},
	{"scale-bits", OPT_SCALE, "N", 0, "scale of the encryption, 2^N, 20..40 (30)", 3},
	{"batch-rows", OPT_BATCH, "N", 0, "rows that share a seed, a power of two (the most that fit: 1024 of 16 values)",
	 3},
	{"plain", OPT_PLAIN, 0, 0, "do not encrypt: write float8[] features and float8 label", 3},
	{"raw", OPT_RAW, 0, 0, "the columns are numbers in [-1, 1] already", 4},
	{"width", OPT_WIDTH, "N", 0, "with --raw: there must be this many of them", 4},
	{"id", OPT_ID, "COL", 0, "with --raw: column that identifies a row", 4},
	{"label", OPT_LABEL, "COL", 0, "with --raw: column of the label", 4},
	{"no-header", OPT_NO_HEADER, 0, 0, "the file has no header; columns are called 1, 2, 3, ...", 4},
	{"input-bits", OPT_INPUT_BITS, "N", 0, "with an RSA key: round features to 2^N - 1 steps of [-1, 1], 1..12 (4)", 5},
	{"deterministic", OPT_DETERMINISTIC, 0, 0, "with an RSA key: no randomness; equal values show, and sums stay small",
	 5},
	{"count", OPT_COUNT, "COL[:MAX],...", 0, "with an RSA key: encrypt these as counts up to MAX (255)", 5},
	{"product", OPT_PRODUCT, "COL[:MAX],...", 0, "with an RSA key: encrypt these for products", 5},
	{"dsn", OPT_DSN, "DSN", 0, "database to load into (else libpq's environment, if --table is given)", 5},
	{"table", OPT_TABLE, "NAME", 0, "table to load into; it must exist", 5},
	{"columns", OPT_COLUMNS, "NAME,...", 0, "its columns, in the order of the output", 5},
	{"format", OPT_FORMAT, "copy|csv", 0, "of the output file (copy)", 6},
	{"header", OPT_HEADER, 0, 0, "with --format csv: begin with the columns' names", 6},
	{"delimiter", OPT_DELIMITER, "C", 0, "what separates fields of the input (comma)", 6},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 6},
	{0}
};

typedef struct Args
{
	const char *csv,
			   *output,
			   *key,
			   *passphrase_file,
			   *features,
			   *id,
			   *label,
			   *dsn,
			   *table;
	PpdlRsaColumnOptions rsa;
	PpdlList	keep,
				columns;
	int			compact,
				scale_bits,
				batch_rows,
				plain,
				raw,
				width,
				no_header,
				no_label,
				header,
				unknown_other,
				clamp;
	PpdlFormat	format;
	char		delimiter;
} Args;

/* counts and products, and no features */
static int
columns_only(const Args *a)
{
	return a->features == NULL && !a->raw && a->rsa.counts.count + a->rsa.products.count > 0;
}

static void
check(const Args *a, struct argp_state *state)
{
	if (a->csv == NULL)
		argp_error(state, "which CSV file?");
	if (!a->plain && a->key == NULL)
		argp_error(state, "--key is missing");
	if (a->plain && a->key)
		argp_error(state, "--plain encrypts nothing: --key has no place beside it");
	if (!a->raw && a->features == NULL && !columns_only(a))
		argp_error(state, "--features is missing (make the file with \"ppdl encode\"), or --raw");
	if (a->raw && a->features)
		argp_error(state, "--features and --raw exclude each other");
	if (!a->raw && !columns_only(a) && (a->id || a->label || a->width))
		argp_error(state, "--id, --label and --width go with --raw only: the feature file names the columns");
	if (a->dsn && a->table == NULL)
		argp_error(state, "--dsn without --table");
	if (a->header && (a->format != PPDL_FORMAT_CSV || a->table))
		argp_error(state, "--header goes with --format csv only");
	if (a->table && a->output)
		argp_error(state, "--table and --output exclude each other");
	if (a->columns.count && a->table == NULL)
		argp_error(state, "--columns goes with --table only");
	if (a->batch_rows & (a->batch_rows - 1))
		argp_error(state, "--batch-rows: %d is not a power of two", a->batch_rows);
}

/* ARGP_ERR_UNKNOWN, as of the next ones: none of these */
static error_t
parse_encoding(int key, char *arg, Args *a, struct argp_state *state)
{
	static const char *const unknown[] = {"error", "other", NULL};
	static const char *const outside[] = {"error", "clamp", NULL};

	switch (key)
	{
		case OPT_FEATURES:
			a->features = arg;
			return 0;
		case OPT_UNKNOWN:
			a->unknown_other = ppdl_arg_choice(state, "--unknown", arg, unknown);
			return 0;
		case OPT_OUTSIDE:
			a->clamp = ppdl_arg_choice(state, "--outside", arg, outside);
			return 0;
		case OPT_KEEP:
			ppdl_list_add_commas(&a->keep, arg, state);
			return 0;
		case OPT_NO_LABEL:
			a->no_label = 1;
			return 0;
		case OPT_RAW:
			a->raw = 1;
			return 0;
		case OPT_WIDTH:
			a->width = (int) ppdl_arg_int(state, "--width", arg, 1, PPDL_MAX_INPUTS);
			return 0;
		case OPT_ID:
			a->id = arg;
			return 0;
		case OPT_LABEL:
			a->label = arg;
			return 0;
		case OPT_NO_HEADER:
			a->no_header = 1;
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse_scheme(int key, char *arg, Args *a, struct argp_state *state)
{
	switch (key)
	{
		case 'k':
			a->key = arg;
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_PLAIN:
			a->plain = 1;
			return 0;
		case OPT_COMPACT:
			a->compact = 1;
			return 0;
		case OPT_SCALE:
			a->scale_bits = (int) ppdl_arg_int(state, "--scale-bits", arg, 20, 40);
			return 0;
		case OPT_BATCH:
			a->batch_rows = (int) ppdl_arg_int(state, "--batch-rows", arg, 1, 1 << 14);
			return 0;
		case OPT_INPUT_BITS:
			a->rsa.input_bits = (int) ppdl_arg_int(state, "--input-bits", arg, 1, 12);
			return 0;
		case OPT_DETERMINISTIC:
			a->rsa.randomise = 0;
			return 0;
		case OPT_COUNT:
			ppdl_list_add_commas(&a->rsa.counts, arg, state);
			return 0;
		case OPT_PRODUCT:
			ppdl_list_add_commas(&a->rsa.products, arg, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse_output(int key, char *arg, Args *a, struct argp_state *state)
{
	static const char *const format[] = {"copy", "csv", NULL};

	switch (key)
	{
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case OPT_TABLE:
			a->table = arg;
			return 0;
		case OPT_COLUMNS:
			ppdl_list_add_commas(&a->columns, arg, state);
			return 0;
		case OPT_FORMAT:
			a->format = (PpdlFormat) ppdl_arg_choice(state, "--format", arg, format);
			return 0;
		case OPT_HEADER:
			a->header = 1;
			return 0;
		case OPT_DELIMITER:
			a->delimiter = ppdl_arg_delimiter(state, arg);
			return 0;
		case 'o':
			a->output = arg;
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

	if (key == ARGP_KEY_ARG)
	{
		if (a->csv)
			argp_error(state, "one CSV file is expected, not also \"%s\"", arg);
		a->csv = arg;
		return 0;
	}
	if (key == ARGP_KEY_END)
	{
		check(a, state);
		return 0;
	}
	e = parse_encoding(key, arg, a, state);
	if (e == ARGP_ERR_UNKNOWN)
		e = parse_scheme(key, arg, a, state);
	return e == ARGP_ERR_UNKNOWN ? parse_output(key, arg, a, state) : e;
}

/* ------------------------------------------------------------------ one batch */

/* Everything the loop over rows needs. */
typedef struct Job
{
	const Args *a;
	FILE	   *f;
	uint64_t	bytes;			/* of the input file, 0 if unknown */
	PpdlCsv    *csv;
	PpdlFeatures *fs;
	PpdlBinding bind;
	int			nkeep;
	int		   *keep;			/* columns */
	PpdlOwner  *owner;			/* NULL with --plain and RSA keys */
	PpdlRsaColumns *rsa;		/* NULL with --plain and other keys */
	PpdlBatchOptions batch[2];	/* of features and label */
	int			capacity;		/* rows */
	size_t		slice[2];		/* bytes of a row's features and label */
	double	   *x,
			   *y;
	uint8_t    *cipher[2];
	char	   *has_label;
	char	  **kept;			/* capacity * (1 + nkeep) texts: id first */
	int			rows;			/* in the batch */
	long		first_line;		/* of the batch, for messages */
	PpdlDb		db;
	PpdlOutFile out;
	PpdlSink	sink;
} Job;

static int
has_label_column(const Job *j)
{
	return j->fs->label && !j->a->no_label;
}

static PpdlStatus
encrypt_one(Job *j, int what, const double *x, int width, PpdlError *err)
{
	return ppdl_owner_encrypt(j->owner, j->cipher[what], x, j->rows, width, &j->batch[what], err);
}

static void
put_row(Job *j, int r)
{
	const PpdlFeatures *fs = j->fs;
	char	  **kept = j->kept + (size_t) r * (size_t) (1 + j->nkeep);

	if (fs->id)
		ppdl_sink_text(&j->sink, kept[0], strlen(kept[0]));
	for (int i = 1; i <= j->nkeep; i++)
		ppdl_sink_text(&j->sink, kept[i][0] ? kept[i] : NULL, strlen(kept[i]));
	if (j->rsa)
	{
		ppdl_rsa_columns_put(j->rsa, &j->sink, r);
		return;
	}
	if (j->owner)
		ppdl_sink_base64(&j->sink, j->cipher[0] + (size_t) r * j->slice[0], j->slice[0]);
	else
		ppdl_sink_numbers(&j->sink, j->x + (size_t) r * (size_t) fs->inputs, fs->inputs, 0);
	if (!has_label_column(j))
		return;
	if (!j->has_label[r])
		ppdl_sink_text(&j->sink, NULL, 0);
	else if (j->owner)
		ppdl_sink_base64(&j->sink, j->cipher[1] + (size_t) r * j->slice[1], j->slice[1]);
	else
		ppdl_sink_numbers(&j->sink, j->y + (size_t) r * (size_t) fs->outputs, fs->outputs, 1);
}

static PpdlStatus
put_header(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	if (j->fs->id)
		ppdl_sink_text(&j->sink, j->fs->id, strlen(j->fs->id));
	for (int i = 0; i < a->keep.count; i++)
		ppdl_sink_text(&j->sink, a->keep.item[i], strlen(a->keep.item[i]));
	if (j->rsa)
		ppdl_rsa_columns_names(j->rsa, &j->sink);
	if (j->fs->inputs > 0)
		ppdl_sink_text(&j->sink, "features", 8);
	if (has_label_column(j))
		ppdl_sink_text(&j->sink, "label", 5);
	PPDL_TRY(ppdl_sink_end_row(&j->sink, err));
	j->sink.rows = 0;
	return PPDL_OK;
}

static void
free_kept(Job *j)
{
	for (int i = 0; j->kept && i < j->rows * (1 + j->nkeep); i++)
	{
		free(j->kept[i]);
		j->kept[i] = NULL;
	}
}

/* features and label share positions but not seeds: that of the label names that of the features */
static PpdlStatus
encrypt_rows(Job *j, PpdlError *err)
{
	PPDL_TRY(encrypt_one(j, 0, j->x, j->fs->inputs, err));
	if (!has_label_column(j))
		return PPDL_OK;
	j->batch[1].features = ppdl_slice_seed(j->cipher[0]);
	return encrypt_one(j, 1, j->y, j->fs->outputs, err);
}

/* encrypts and writes the rows that wait */
static PpdlStatus
finish_batch(Job *j, PpdlError *err)
{
	if (j->rows == 0)
		return PPDL_OK;
	if (j->owner)
		PPDL_TRY(encrypt_rows(j, err));
	if (j->rsa)
		PPDL_TRY(ppdl_rsa_columns_encrypt(j->rsa, j->x, j->y, j->has_label, j->rows, err));
	for (int r = 0; r < j->rows; r++)
	{
		put_row(j, r);
		PPDL_TRY(ppdl_sink_end_row(&j->sink, err));
	}
	free_kept(j);
	j->rows = 0;
	return PPDL_OK;
}

static PpdlStatus
take_row(Job *j, const PpdlCsvRow *row, PpdlError *err)
{
	const PpdlFeatures *fs = j->fs;
	int			r = j->rows;
	char	  **kept = j->kept + (size_t) r * (size_t) (1 + j->nkeep);
	double	   *y = j->y + (size_t) r * (size_t) fs->outputs;
	int			has_label;

	memset(y, 0, (size_t) fs->outputs * sizeof *y);
	PPDL_TRY(ppdl_binding_apply(&j->bind, row, j->x + (size_t) r * (size_t) fs->inputs, y, &has_label, err));
	j->has_label[r] = (char) has_label;
	if (fs->id && row->field[j->bind.id][0] == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": the id is empty", ppdl_csv_name(j->csv),
						  row->line, fs->id);
	if (j->rsa)
		PPDL_TRY(ppdl_rsa_columns_take(j->rsa, r, row, err));
	j->rows++;
	kept[0] = strdup(fs->id ? row->field[j->bind.id] : "");
	for (int i = 0; i < j->nkeep; i++)
		kept[i + 1] = strdup(row->field[j->keep[i]]);
	for (int i = 0; i <= j->nkeep; i++)
		if (kept[i] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static PpdlStatus
all_rows(Job *j, PpdlError *err)
{
	PpdlCsvRow	row;
	int			more;

	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(j->csv, &row, &more, err));
		if (!more)
			break;
		PPDL_TRY(take_row(j, &row, err));
		if (j->rows < j->capacity)
			continue;
		PPDL_TRY(finish_batch(j, err));
		ppdl_progress(NULL, j->bytes ? (uint64_t) ftell(j->f) : j->sink.rows, j->bytes, j->a->plain ? "encoding" :
					  "encrypting");
	}
	PPDL_TRY(finish_batch(j, err));
	return ppdl_sink_flush(&j->sink, err);
}

/* ------------------------------------------------------------------ setting up */

static int
log2_up(int n)
{
	int			l = 0;

	while ((1 << l) < n)
		l++;
	return l;
}

/* One capacity for all columns of a row, with the narrower beside the wider, so that a row's values line up. */
static PpdlStatus
choose_batch(Job *j, PpdlError *err)
{
	const PpdlParams *par;
	int			logk[2] = {ppdl_log2_width(j->fs->inputs), has_label_column(j) ? ppdl_log2_width(j->fs->outputs) : 0};
	int			widest = logk[0] >= logk[1] ? 0 : 1;
	int			most;
	PpdlBatchOptions *wide = &j->batch[widest];

	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &par, err));
	most = par->logn - logk[widest];
	if (most < 0)
		return ppdl_error(err, PPDL_ERR_RANGE, "%d values do not fit into a row ciphertext (at most %d)",
						  widest ? j->fs->outputs : j->fs->inputs, 1 << par->logn);
	wide->logc = j->a->batch_rows ? log2_up(j->a->batch_rows) : most;
	if (wide->logc > most)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--batch-rows %d: at most %d rows of %d values fit into one batch",
						  j->a->batch_rows, 1 << most, 1 << logk[widest]);
	wide->limbs = j->a->compact ? 1 : par->nq;
	wide->scale_bits = j->a->scale_bits;
	j->capacity = 1 << wide->logc;
	j->batch[!widest] = logk[0] == logk[1] ? *wide : ppdl_batch_beside(wide, par, logk[widest], logk[!widest]);
	for (int i = 0; i < 2; i++)
		j->slice[i] = ppdl_slice_size(par, wide->limbs, logk[i]);
	return PPDL_OK;
}

static PpdlStatus
allocate(Job *j, PpdlError *err)
{
	size_t		c;

	PPDL_TRY(choose_batch(j, err));
	c = (size_t) j->capacity;
	j->x = calloc(c * (size_t) j->fs->inputs, sizeof *j->x);
	j->y = calloc(c * (size_t) (j->fs->outputs + 1), sizeof *j->y);
	j->has_label = calloc(c, 1);
	j->kept = calloc(c * (size_t) (1 + j->nkeep), sizeof *j->kept);
	for (int i = 0; i < 2; i++)
		j->cipher[i] = malloc(c * j->slice[i]);
	if (!j->x || !j->y || !j->has_label || !j->kept || !j->cipher[0] || !j->cipher[1])
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static PpdlStatus
open_input(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	int			standard = strcmp(a->csv, "-") == 0;
	PpdlCsvOptions opt = {.name = standard ? "standard input" : a->csv, .delimiter = a->delimiter,
						  .no_header = a->no_header};
	struct stat st;

	j->f = standard ? stdin : fopen(a->csv, "r");
	if (j->f == NULL)
		return ppdl_os_error(err, "open", a->csv);
	if (fstat(fileno(j->f), &st) == 0 && S_ISREG(st.st_mode))
		j->bytes = (uint64_t) st.st_size;
	return ppdl_csv_open(&j->csv, j->f, &opt, err);
}

static PpdlStatus
no_features(Job *j, PpdlError *err)
{
	int			column;

	j->fs = calloc(1, sizeof *j->fs);
	if (j->fs == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (j->a->id == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_csv_find(j->csv, j->a->id, &column, err));
	j->fs->id = strdup(j->a->id);
	return j->fs->id ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
open_features(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	if (columns_only(a))
		return no_features(j, err);
	if (!a->raw)
		return ppdl_features_load(&j->fs, a->features, err);
	PPDL_TRY(ppdl_features_raw(&j->fs, j->csv, a->id, a->label, a->keep.item, err));
	if (a->width && a->width != j->fs->inputs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d columns of numbers where --width says %d",
						  ppdl_csv_name(j->csv), j->fs->inputs, a->width);
	return PPDL_OK;
}

static PpdlStatus
bind_columns(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(ppdl_binding_init(&j->bind, j->fs, j->csv, !a->no_label, err));
	j->bind.unknown_other = a->unknown_other;
	j->bind.clamp = a->clamp;
	j->nkeep = a->keep.count;
	j->keep = calloc((size_t) j->nkeep + 1, sizeof *j->keep);
	if (j->keep == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < j->nkeep; i++)
		PPDL_TRY(ppdl_csv_find(j->csv, a->keep.item[i], &j->keep[i], err));
	return PPDL_OK;
}

static void
put_text(PpdlWriter *w, const char *s)
{
	ppdl_write_bytes(w, s, strlen(s));
}

/* the table as SQL writes it; typed as in SQL ("order" without its quotes, too), or by its exact name */
static PpdlStatus
put_table(Job *j, PpdlWriter *w, PpdlError *err)
{
	const char *params[] = {j->a->table};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(&j->db, &res, err,
						 "SELECT coalesce(CASE WHEN $1::text ~ "
						 "'^((\"([^\"]|\"\")+\"|[[:alpha:]_][[:alnum:]_$]*)([.]|$))+$' THEN to_regclass($1) END, "
						 "to_regclass(quote_ident($1)))::text", 1, params));
	put_text(w, PQgetisnull(res, 0, 0) ? j->a->table : PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
copy_command(Job *j, PpdlWriter *w, PpdlError *err)
{
	const PpdlList *columns = &j->a->columns;

	put_text(w, "COPY ");
	PPDL_TRY(put_table(j, w, err));
	for (int i = 0; i < columns->count; i++)
	{
		char	   *name = PQescapeIdentifier(j->db.conn, columns->item[i], strlen(columns->item[i]));

		put_text(w, i ? ", " : " (");
		put_text(w, name ? name : "");
		PQfreemem(name);
	}
	put_text(w, columns->count ? ") FROM STDIN" : " FROM STDIN");
	ppdl_write_u8(w, 0);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
begin_copy(Job *j, PpdlError *err)
{
	PpdlWriter	w;
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_open(&j->db, j->a->dsn, err));
	ppdl_writer_init(&w);
	status = copy_command(j, &w, err);
	if (status == PPDL_OK)
	{
		res = PQexec(j->db.conn, (const char *) w.buf);
		if (PQresultStatus(res) != PGRES_COPY_IN)
			status = ppdl_db_error(&j->db, res, err);
		PQclear(res);
	}
	ppdl_writer_free(&w);
	ppdl_sink_table(&j->sink, j->db.conn);
	return status;
}

static PpdlStatus
end_copy(Job *j, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	if (PQputCopyEnd(j->db.conn, NULL) != 1)
		return ppdl_db_error(&j->db, NULL, err);
	while ((res = PQgetResult(j->db.conn)) != NULL)
	{
		if (PQresultStatus(res) != PGRES_COMMAND_OK && status == PPDL_OK)
			status = ppdl_db_error(&j->db, res, err);
		PQclear(res);
	}
	return status;
}

/* the server's own reason, when it ended the COPY while rows were being sent (57014: it was not the server) */
static PpdlStatus
copy_failure(Job *j, PpdlStatus status, PpdlError *err)
{
	PGresult   *res;

	if (status != PPDL_ERR_IO || PQputCopyEnd(j->db.conn, "given up") != 1)
		return status;
	while ((res = PQgetResult(j->db.conn)) != NULL)
	{
		const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		if (PQresultStatus(res) == PGRES_FATAL_ERROR && state && strcmp(state, "57014") != 0)
			status = ppdl_db_error(&j->db, res, err);
		PQclear(res);
	}
	return status;
}

static PpdlStatus
write_rows(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlStatus	status;

	if (a->table)
	{
		PPDL_TRY(begin_copy(j, err));
		status = all_rows(j, err);
		return status == PPDL_OK ? end_copy(j, err) : copy_failure(j, status, err);
	}
	PPDL_TRY(ppdl_out_open(&j->out, a->output, a->plain ? 0600 : 0666, err));
	ppdl_sink_file(&j->sink, &j->out, a->format);
	if (a->header)
		PPDL_TRY(put_header(j, err));
	PPDL_TRY(all_rows(j, err));
	return ppdl_out_commit(&j->out, err);
}

static PpdlStatus
open_key(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlRsaColumnOptions rsa = a->rsa;
	PpdlPemKind kind;

	PPDL_TRY(ppdl_pem_kind(a->key, &kind, err));
	if (kind == PPDL_PEM_NONE && a->rsa.counts.count + a->rsa.products.count > 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--count and --product need an RSA key, and \"%s\" is none", a->key);
	if (kind == PPDL_PEM_NONE)
		return ppdl_key_open(&j->owner, a->key, a->passphrase_file, err);
	if (a->compact)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--compact has no meaning under an RSA key");
	rsa.key = a->key;
	rsa.passphrase_file = a->passphrase_file;
	return ppdl_rsa_columns_open(&j->rsa, &rsa, j->fs, j->csv, has_label_column(j), j->capacity, err);
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	PPDL_TRY(open_input(j, err));
	PPDL_TRY(open_features(j, err));
	PPDL_TRY(bind_columns(j, err));
	PPDL_TRY(allocate(j, err));
	if (!j->a->plain)
		PPDL_TRY(open_key(j, err));
	return write_rows(j, err);
}

static void
release(Job *j)
{
	ppdl_progress_clear();
	ppdl_out_abort(&j->out);
	ppdl_sink_free(&j->sink);
	ppdl_db_close(&j->db);
	ppdl_owner_destroy(j->owner);
	ppdl_rsa_columns_close(j->rsa);
	free_kept(j);
	free(j->kept);
	free(j->keep);
	free(j->has_label);
	if (j->x)
		OPENSSL_cleanse(j->x, (size_t) j->capacity * (size_t) j->fs->inputs * sizeof *j->x);
	if (j->y)
		OPENSSL_cleanse(j->y, (size_t) j->capacity * (size_t) (j->fs->outputs + 1) * sizeof *j->y);
	free(j->x);
	free(j->y);
	free(j->cipher[0]);
	free(j->cipher[1]);
	ppdl_binding_free(&j->bind);
	ppdl_features_destroy(j->fs);
	ppdl_csv_close(j->csv);
	if (j->f && j->f != stdin)
		fclose(j->f);
}

int
ppdl_cmd_encrypt(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "CSV", doc};
	Args		a = {.scale_bits = 30, .rsa = {.input_bits = 4, .randomise = 1}};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = run(&j, &err);
	if (status == PPDL_OK && j.bind.unknown)
		ppdl_note("%ld unknown or missing values were encoded as none of the learned ones", j.bind.unknown);
	if (status == PPDL_OK && j.bind.clamped)
		ppdl_note("%ld numbers outside the learned ranges were set to the nearer bound", j.bind.clamped);
	release(&j);
	ppdl_list_free(&a.rsa.counts);
	ppdl_list_free(&a.rsa.products);
	ppdl_list_free(&a.keep);
	ppdl_list_free(&a.columns);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
