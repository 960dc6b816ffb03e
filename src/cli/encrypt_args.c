#include "cli/encrypt_args.h"

#include <string.h>

#include "table/features.h"

static const char doc[] =
"Encrypt the rows of CSV (\"-\": standard input) as COPY text.\v"
"Each line has the id (if the encoding has one), the --keep columns in the clear, the "
"encrypted features, and the encrypted label (if the encoding has one; an empty label is NULL).\n\n"
"Full rows (the default) serve sums, training and fast prediction; --compact ones are four times smaller "
"and serve sums, training, and slower prediction. A sum of compact rows takes up to 524,287 of them, "
"half as many for each bit that --scale-bits exceeds 30, twice as many for each bit below; a sum of full rows takes "
"any number. The two do not mix in one aggregate: write all rows of a table in one form.\n\n"
"Example:\n\n"
"  ppdl encrypt --key hospital.key --features features.json \\\n"
"    patients.csv > patients.copy\n"
"  psql -c '\\copy patients (id, features, label) FROM patients.copy'\n\n"
"or, straight into the table, with a plain column beside the encrypted ones:\n\n"
"  ppdl encrypt --key hospital.key --features features.json --keep Hospital \\\n"
"    --dsn \"$DSN\" --table patients --columns id,hospital,features,label \\\n"
"    patients.csv\n\n"
"Each batch of rows has its own seed, and sums, prediction and training are fast where a query reads whole batches: "
"--batch-column writes the batch's number beside each row, so that tables can be distributed and partitioned by it, "
"and --sort-by puts rows that share a column's value into few batches.\n\n"
"With --receipts the server cannot alter, swap or leave out rows unnoticed: \"ppdl query --verify\" checks sums. "
"--bind ties each row to plain columns, so that it cannot pass for one of another group:\n\n"
"  ppdl encrypt --key hospital.key --features features.json --keep ward,sex \\\n"
"    --receipts --bind ward,sex --manifest patients.manifest --table patients \\\n"
"    --columns id,ward,sex,features,label patients.csv\n\n"
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
	OPT_DELIMITER, OPT_PASSPHRASE, OPT_HEADER, OPT_INPUT_BITS, OPT_DETERMINISTIC, OPT_COUNT, OPT_PRODUCT,
	OPT_BATCH_COLUMN, OPT_SORT_BY, OPT_SORT_MEMORY, OPT_ENCODING, OPT_RECEIPTS, OPT_RECEIPTS_FOR,
	OPT_BIND, OPT_MANIFEST
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"features", OPT_FEATURES, "FILE", 0, "feature file made by ppdl encode", 2},
	{"unknown", OPT_UNKNOWN, "error|other", 0,
	 "an unknown category, or an unexpected empty field, is an error (the default), or none of the categories", 2},
	{"outside", OPT_OUTSIDE, "error|clamp|null", 0,
	 "a number outside the learned range is an error, becomes the nearer bound, or a missing value (as the feature "
	 "file says, else an error)", 2},
	{"keep", OPT_KEEP, "COL,...", 0, "columns to write in the clear, between id and features", 2},
	{"no-label", OPT_NO_LABEL, 0, 0, "write no label, even if the encoding has one", 2},
	{"compact", OPT_COMPACT, 0, 0, "small rows", 3},
	{"scale-bits", OPT_SCALE, "N", 0, "scale of the encryption, 2^N, 20..40 (30)", 3},
	{"batch-rows", OPT_BATCH, "N", 0,
	 "rows that share a seed, a power of two (the most that fit: 1024 of 16 values, compact 128)",
	 3},
	{"batch-column", OPT_BATCH_COLUMN, "NAME", 0,
	 "also write, before the features, the number of the row's batch, lwe_batch(features), "
	 "to distribute and partition by",
	 3},
	{"sort-by", OPT_SORT_BY, "COL", 0,
	 "encrypt rows in the order of this column's bytes, so that rows of a group share batches; "
	 "the server sees the order", 3},
	{"sort-memory", OPT_SORT_MEMORY, "MIB", 0, "with --sort-by: the most memory for the rows that are held (1024)", 3},
	{"receipts", OPT_RECEIPTS, 0, 0,
	 "write tags and a MAC into each row (32 bytes a compact one), so that sums and rows can be verified", 3},
	{"receipts-for", OPT_RECEIPTS_FOR, "NAME", 0,
	 "what the table is called in them, which is asked for again when they are verified (as --table says)", 3},
	{"bind", OPT_BIND, "COL,...", 0, "of the --keep columns those that tags and MAC are tied to", 3},
	{"manifest", OPT_MANIFEST, "FILE", 0,
	 "also note which rows were written, for --verify: a new file, or one of this table that is gone on with", 3},
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
	{"delimiter", OPT_DELIMITER, "C", 0, "what separates fields of the input (as the feature file says)", 6},
	{"encoding", OPT_ENCODING, "NAME", 0, "character set of the input (as the feature file says, else UTF-8)", 6},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 6},
	{0}
};

int
ppdl_encrypt_columns_only(const PpdlEncryptArgs *a)
{
	return a->features == NULL && !a->raw && a->rsa.counts.count + a->rsa.products.count > 0;
}

static void
check(const PpdlEncryptArgs *a, struct argp_state *state)
{
	if (a->csv == NULL)
		argp_error(state, "which CSV file?");
	if (!a->plain && a->key == NULL)
		argp_error(state, "--key is missing");
	if (a->plain && a->key)
		argp_error(state, "--plain encrypts nothing: --key has no place beside it");
	if (a->plain && (a->batch_column || a->sort_by))
		argp_error(state, "--plain writes no batches: --batch-column and --sort-by have no place beside it");
	if (a->sort_memory && a->sort_by == NULL)
		argp_error(state, "--sort-memory goes with --sort-by only");
	if (!a->receipts && (a->receipts_for || a->bind.count || a->manifest))
		argp_error(state, "--receipts-for, --bind and --manifest go with --receipts only");
	if (a->receipts && a->plain)
		argp_error(state, "--plain encrypts nothing: --receipts has no place beside it");
	if (a->receipts && a->receipts_for == NULL && a->table == NULL)
		argp_error(state, "--receipts: name the table that the rows are for, with --table or --receipts-for");
	for (int i = 0; i < a->bind.count; i++)
		if (!ppdl_list_has(&a->keep, a->bind.item[i]))
			argp_error(state, "--bind %s: name it in --keep, too: what is bound is a plain column of the table",
					   a->bind.item[i]);
	if (!a->raw && a->features == NULL && !ppdl_encrypt_columns_only(a))
		argp_error(state, "--features is missing (make the file with \"ppdl encode\"), or --raw");
	if (a->raw && a->features)
		argp_error(state, "--features and --raw exclude each other");
	if (!a->raw && !ppdl_encrypt_columns_only(a) && (a->id || a->label || a->width))
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
parse_encoding(int key, char *arg, PpdlEncryptArgs *a, struct argp_state *state)
{
	static const char *const unknown[] = {"error", "other", NULL};
	static const char *const outside[] = {"error", "clamp", "null", NULL};

	switch (key)
	{
		case OPT_FEATURES:
			a->features = arg;
			return 0;
		case OPT_UNKNOWN:
			a->unknown_other = ppdl_arg_choice(state, "--unknown", arg, unknown);
			return 0;
		case OPT_OUTSIDE:
			a->outside = ppdl_arg_choice(state, "--outside", arg, outside);
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
		case OPT_ENCODING:
			a->charset = arg;
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse_scheme(int key, char *arg, PpdlEncryptArgs *a, struct argp_state *state)
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
		case OPT_BATCH_COLUMN:
			a->batch_column = arg;
			return 0;
		case OPT_SORT_BY:
			a->sort_by = arg;
			return 0;
		case OPT_RECEIPTS:
			a->receipts = 1;
			return 0;
		case OPT_RECEIPTS_FOR:
			a->receipts_for = arg;
			return 0;
		case OPT_BIND:
			ppdl_list_add_commas(&a->bind, arg, state);
			return 0;
		case OPT_MANIFEST:
			a->manifest = arg;
			return 0;
		case OPT_SORT_MEMORY:
			a->sort_memory = (int) ppdl_arg_int(state, "--sort-memory", arg, 1, 1 << 24);
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
parse_output(int key, char *arg, PpdlEncryptArgs *a, struct argp_state *state)
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
	PpdlEncryptArgs *a = state->input;
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

void
ppdl_encrypt_args_parse(PpdlEncryptArgs *a, int argc, char **argv)
{
	static const struct argp argp = {options, parse, "CSV", doc};

	*a = (PpdlEncryptArgs) {.scale_bits = 30, .outside = -1, .rsa = {.input_bits = 4, .randomise = 1}};
	argp_parse(&argp, argc, argv, 0, NULL, a);
}

void
ppdl_encrypt_args_free(PpdlEncryptArgs *a)
{
	ppdl_list_free(&a->rsa.counts);
	ppdl_list_free(&a->rsa.products);
	ppdl_list_free(&a->keep);
	ppdl_list_free(&a->columns);
	ppdl_list_free(&a->bind);
}
