/*
 * ppdl encrypt: rows of a CSV file become ciphertexts, batch by batch.
 */
#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/database.h"
#include "cli/encrypt_args.h"
#include "cli/encrypt_receipts.h"
#include "table/features.h"
#include "cli/load.h"
#include "cli/pemfile.h"
#include "cli/progress.h"
#include "owner/row_batch.h"
#include "cli/row_sorter.h"
#include "cli/secret.h"
#include "rows/encoding.h"
#include "rows/partner.h"
#include "rows/sum.h"

#define SORT_MEMORY 1024		/* MiB */

/* ------------------------------------------------------------------ one batch */

/* Everything the loop over rows needs. */
typedef struct Job
{
	const PpdlEncryptArgs *a;
	FILE	   *f;
	uint64_t	bytes;			/* of the input file, 0 if unknown */
	PpdlCsv    *csv;
	PpdlFeatures *fs;
	PpdlBinding bind;
	int			nkeep;
	int		   *keep,			/* columns */
				sort_by;		/* column */
	PpdlRowSorter *sorter;		/* NULL: rows are encrypted as they come */
	PpdlOwner  *owner;			/* NULL with --plain and RSA keys */
	PpdlRsaColumns *rsa;		/* NULL with --plain and other keys */
	PpdlRowBatch batch;
	double	   *x,
			   *y;
	char	   *has_label;
	char	  **kept;			/* capacity * (1 + nkeep) texts: id first */
	int			rows;			/* in the batch */
	char		number[24];		/* of the batch, when it is written */
	PpdlEncryptReceipts *receipts;	/* NULL: rows have none */
	PpdlDb		db;
	PpdlOutFile out;
	PpdlSink	sink;
} Job;

static int
has_label_column(const Job *j)
{
	return j->fs->label && !j->a->no_label;
}

/* one column of an encrypted row, with a receipt or without */
static PpdlStatus
put_cipher(Job *j, int column, const uint8_t *slice, PpdlError *err)
{
	PpdlRowReceipts *rows = ppdl_encrypt_receipts_rows(j->receipts);

	if (rows)
		PPDL_TRY(ppdl_row_receipts_put(rows, column, &slice, err));
	ppdl_sink_base64(&j->sink, slice, j->batch.slice[column] + ppdl_row_receipts_bytes(rows));
	return PPDL_OK;
}

static PpdlStatus
put_row(Job *j, int r, PpdlError *err)
{
	const PpdlFeatures *fs = j->fs;
	char	  **kept = j->kept + (size_t) r * (size_t) (1 + j->nkeep);

	if (fs->id)
		ppdl_sink_text(&j->sink, kept[0], strlen(kept[0]));
	for (int i = 1; i <= j->nkeep; i++)
		ppdl_sink_text(&j->sink, kept[i], kept[i] ? strlen(kept[i]) : 0);
	if (j->a->batch_column)
		ppdl_sink_text(&j->sink, j->number, strlen(j->number));
	if (j->rsa)
	{
		ppdl_rsa_columns_put(j->rsa, &j->sink, r);
		return PPDL_OK;
	}
	if (j->receipts)
		PPDL_TRY(ppdl_encrypt_receipts_begin(j->receipts, kept, err));
	if (j->owner)
		PPDL_TRY(put_cipher(j, 0, ppdl_row_batch_features(&j->batch, r), err));
	else
		ppdl_sink_numbers(&j->sink, j->x + (size_t) r * (size_t) fs->inputs, fs->inputs, 0);
	if (!has_label_column(j))
		return PPDL_OK;
	if (!j->has_label[r])
		ppdl_sink_text(&j->sink, NULL, 0);
	else if (j->owner)
		return put_cipher(j, 1, ppdl_row_batch_label(&j->batch, r), err);
	else
		ppdl_sink_numbers(&j->sink, j->y + (size_t) r * (size_t) fs->outputs, fs->outputs, 1);
	return PPDL_OK;
}

static PpdlStatus
put_header(Job *j, PpdlError *err)
{
	const PpdlEncryptArgs *a = j->a;

	if (j->fs->id)
		ppdl_sink_text(&j->sink, j->fs->id, strlen(j->fs->id));
	for (int i = 0; i < a->keep.count; i++)
		ppdl_sink_text(&j->sink, a->keep.item[i], strlen(a->keep.item[i]));
	if (a->batch_column)
		ppdl_sink_text(&j->sink, a->batch_column, strlen(a->batch_column));
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

static PpdlStatus
encrypt_rows(Job *j, PpdlError *err)
{
	uint64_t	number;

	PPDL_TRY(ppdl_row_batch_encrypt(&j->batch, j->owner, j->x, j->y, j->rows, err));
	PPDL_TRY(ppdl_batch_number(ppdl_slice_seed(ppdl_row_batch_features(&j->batch, 0)), &number, err));
	snprintf(j->number, sizeof j->number, "%llu", (unsigned long long) number);
	return PPDL_OK;
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
		PPDL_TRY(put_row(j, r, err));
		PPDL_TRY(ppdl_sink_end_row(&j->sink, err));
	}
	free_kept(j);
	j->rows = 0;
	return PPDL_OK;
}

static PpdlStatus
keep_text(char **to, const char *text, PpdlError *err)
{
	*to = strdup(text);
	return *to ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
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
	PPDL_TRY(keep_text(&kept[0], fs->id ? row->field[j->bind.id] : "", err));
	for (int i = 0; i < j->nkeep; i++)
		if (!row->absent[j->keep[i]])
			PPDL_TRY(keep_text(&kept[i + 1], row->field[j->keep[i]], err));
	return PPDL_OK;
}

/* the row just taken goes to the sorter, which keeps it for later */
static PpdlStatus
hold_row(Job *j, const PpdlCsvRow *row, PpdlError *err)
{
	PpdlStatus	status = ppdl_row_sorter_add(j->sorter, row->field[j->sort_by], j->x, j->y, j->has_label[0], j->kept,
											 err);

	free_kept(j);
	j->rows = 0;
	if (status != PPDL_ERR_RANGE)
		return status;
	ppdl_error(err, PPDL_ERR_RANGE, "%s:%ld: the rows up to here take more than %d MiB, "
			   "and --sort-by holds all of them",
			   ppdl_csv_name(j->csv), row->line, j->a->sort_memory ? j->a->sort_memory : SORT_MEMORY);
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Raise --sort-memory, or sort the file by \"%s\" first and leave out --sort-by: "
						   "batches take rows as they come.",
						   j->a->sort_by);
}

static PpdlStatus
full_batch(Job *j, uint64_t done, uint64_t total, PpdlError *err)
{
	if (j->rows < j->batch.capacity)
		return PPDL_OK;
	PPDL_TRY(finish_batch(j, err));
	ppdl_progress(NULL, done, total, j->a->plain ? "encoding" : "encrypting");
	return PPDL_OK;
}

static PpdlStatus
read_rows(Job *j, PpdlError *err)
{
	PpdlCsvRow	row;
	int			more;

	for (long n = 1;; n++)
	{
		PPDL_TRY(ppdl_csv_next(j->csv, &row, &more, err));
		if (!more)
			return PPDL_OK;
		PPDL_TRY(take_row(j, &row, err));
		if (j->sorter == NULL)
		{
			PPDL_TRY(full_batch(j, j->bytes ? (uint64_t) ftell(j->f) : j->sink.rows, j->bytes, err));
			continue;
		}
		PPDL_TRY(hold_row(j, &row, err));
		if (n % 4096 == 0)
			ppdl_progress(NULL, j->bytes ? (uint64_t) ftell(j->f) : (uint64_t) n, j->bytes, "reading");
	}
}

static PpdlStatus
take_sorted(Job *j, const PpdlSortedRow *row, PpdlError *err)
{
	const size_t r = (size_t) j->rows,
				inputs = (size_t) j->fs->inputs,
				outputs = (size_t) j->fs->outputs;
	char	  **kept = j->kept + r * (size_t) (1 + j->nkeep);

	memcpy(j->x + r * inputs, row->x, inputs * sizeof *j->x);
	memcpy(j->y + r * outputs, row->y, outputs * sizeof *j->y);
	j->has_label[r] = (char) row->has_label;
	j->rows++;
	for (int i = 0; i <= j->nkeep; i++)
		if (ppdl_sorted_text(row, i))
			PPDL_TRY(keep_text(&kept[i], ppdl_sorted_text(row, i), err));
	return PPDL_OK;
}

static PpdlStatus
sorted_rows(Job *j, PpdlError *err)
{
	const uint64_t total = ppdl_row_sorter_rows(j->sorter);
	PpdlSortedRow row;

	ppdl_row_sorter_sort(j->sorter);
	for (uint64_t i = 0; i < total; i++)
	{
		ppdl_row_sorter_get(j->sorter, i, &row);
		PPDL_TRY(take_sorted(j, &row, err));
		PPDL_TRY(full_batch(j, i, total, err));
	}
	return PPDL_OK;
}

static PpdlStatus
all_rows(Job *j, PpdlError *err)
{
	PPDL_TRY(read_rows(j, err));
	if (j->sorter != NULL)
		PPDL_TRY(sorted_rows(j, err));
	PPDL_TRY(finish_batch(j, err));
	return ppdl_sink_flush(&j->sink, err);
}

/* ------------------------------------------------------------------ setting up */

static PpdlStatus
allocate(Job *j, PpdlError *err)
{
	const PpdlRowShape shape = {.inputs = j->fs->inputs, .outputs = has_label_column(j) ? j->fs->outputs : 0,
								.compact = j->a->compact, .scale_bits = j->a->scale_bits,
								.batch_rows = j->a->batch_rows, .encoding = j->fs->encoding};
	size_t		c;

	PPDL_TRY(ppdl_row_batch_init(&j->batch, &shape, err));
	c = (size_t) j->batch.capacity;
	j->x = calloc(c * (size_t) j->fs->inputs, sizeof *j->x);
	j->y = calloc(c * (size_t) (j->fs->outputs + 1), sizeof *j->y);
	j->has_label = calloc(c, 1);
	j->kept = calloc(c * (size_t) (1 + j->nkeep), sizeof *j->kept);
	if (!j->x || !j->y || !j->has_label || !j->kept)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static PpdlStatus
open_input(Job *j, PpdlError *err)
{
	const PpdlEncryptArgs *a = j->a;
	int			standard = strcmp(a->csv, "-") == 0;
	PpdlCsvOptions opt = {.name = standard ? "standard input" : a->csv, .delimiter = a->delimiter,
						  .charset = a->charset, .no_header = a->no_header};
	struct stat st;

	j->f = standard ? stdin : fopen(a->csv, "r");
	if (j->f == NULL)
		return ppdl_os_error(err, "open", a->csv);
	ppdl_features_csv(j->fs, &opt);
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
	const PpdlEncryptArgs *a = j->a;

	if (ppdl_encrypt_columns_only(a))
		return no_features(j, err);
	if (!a->raw)
		return PPDL_OK;
	PPDL_TRY(ppdl_features_raw(&j->fs, j->csv, a->id, a->label, a->keep.item, err));
	if (a->width && a->width != j->fs->inputs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d columns of numbers where --width says %d",
						  ppdl_csv_name(j->csv), j->fs->inputs, a->width);
	return PPDL_OK;
}

/* with --columns, the batch's number must go to the column that is called so */
static PpdlStatus
check_batch_column(const Job *j, PpdlError *err)
{
	const PpdlList *columns = &j->a->columns;
	const char *name = j->a->batch_column;
	int			at = (j->fs->id != NULL) + j->nkeep;

	if (name == NULL || columns->count == 0 || (at < columns->count && strcmp(columns->item[at], name) == 0))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "--columns: number %d must be \"%s\", where --batch-column writes it",
					  at + 1, name);
}

static PpdlStatus
bind_columns(Job *j, PpdlError *err)
{
	const PpdlEncryptArgs *a = j->a;

	PPDL_TRY(ppdl_binding_init(&j->bind, j->fs, j->csv, !a->no_label, err));
	j->bind.unknown_other = a->unknown_other;
	if (a->outside >= 0)
		j->bind.outside = (PpdlOutside) a->outside;
	j->nkeep = a->keep.count;
	j->keep = calloc((size_t) j->nkeep + 1, sizeof *j->keep);
	if (j->keep == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < j->nkeep; i++)
		PPDL_TRY(ppdl_csv_find(j->csv, a->keep.item[i], &j->keep[i], err));
	PPDL_TRY(check_batch_column(j, err));
	if (a->sort_by == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_csv_find(j->csv, a->sort_by, &j->sort_by, err));
	return ppdl_row_sorter_create(&j->sorter, j->fs->inputs, j->fs->outputs, 1 + j->nkeep,
								  (size_t) (a->sort_memory ? a->sort_memory : SORT_MEMORY) << 20, err);
}

static PpdlStatus
write_rows(Job *j, PpdlError *err)
{
	const PpdlEncryptArgs *a = j->a;
	PpdlStatus	status;

	if (a->table)
	{
		PPDL_TRY(ppdl_db_open(&j->db, a->dsn, err));
		PPDL_TRY(ppdl_load_begin(&j->db, a->table, &a->columns, err));
		ppdl_sink_table(&j->sink, j->db.conn);
		status = all_rows(j, err);
		if (status != PPDL_OK)
			return ppdl_load_failure(&j->db, status, err);
		if (j->receipts)
			PPDL_TRY(ppdl_encrypt_receipts_write(j->receipts, err));
		PPDL_TRY(ppdl_load_end(&j->db, err));
		ppdl_note("%llu rows are in table %s", (unsigned long long) j->sink.rows, a->table);
		return j->receipts ? ppdl_encrypt_receipts_commit(j->receipts, err) : PPDL_OK;
	}
	PPDL_TRY(ppdl_out_open(&j->out, a->output, a->plain ? 0600 : 0666, err));
	ppdl_sink_file(&j->sink, &j->out, a->format);
	if (a->header)
		PPDL_TRY(put_header(j, err));
	PPDL_TRY(all_rows(j, err));
	/* no rows without their manifest where that cannot be written */
	if (j->receipts)
		PPDL_TRY(ppdl_encrypt_receipts_write(j->receipts, err));
	PPDL_TRY(ppdl_out_commit(&j->out, err));
	return j->receipts ? ppdl_encrypt_receipts_commit(j->receipts, err) : PPDL_OK;
}

static PpdlStatus
open_key(Job *j, PpdlError *err)
{
	const PpdlEncryptArgs *a = j->a;
	PpdlRsaColumnOptions rsa = a->rsa;
	PpdlPemKind kind;

	PPDL_TRY(ppdl_pem_kind(a->key, &kind, err));
	if (kind == PPDL_PEM_NONE && a->rsa.counts.count + a->rsa.products.count > 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--count and --product need an RSA key, and \"%s\" is none", a->key);
	if (kind == PPDL_PEM_NONE)
		return ppdl_key_open(&j->owner, a->key, a->passphrase_file, err);
	if (a->compact || a->batch_column || a->sort_by || a->receipts)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s has no meaning under an RSA key", a->compact ? "--compact" :
						  a->batch_column ? "--batch-column" : a->sort_by ? "--sort-by" : "--receipts");
	rsa.key = a->key;
	rsa.passphrase_file = a->passphrase_file;
	return ppdl_rsa_columns_open(&j->rsa, &rsa, j->fs, j->csv, has_label_column(j), j->batch.capacity, err);
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	if (j->a->features)
		PPDL_TRY(ppdl_features_load(&j->fs, j->a->features, err));
	PPDL_TRY(open_input(j, err));
	PPDL_TRY(open_features(j, err));
	PPDL_TRY(bind_columns(j, err));
	PPDL_TRY(allocate(j, err));
	if (!j->a->plain)
		PPDL_TRY(open_key(j, err));
	if (j->a->receipts)
		PPDL_TRY(ppdl_encrypt_receipts_open(&j->receipts, j->a, j->owner, &j->batch, j->fs->id, err));
	return write_rows(j, err);
}

static void
say_encoding(const Job *j)
{
	char		id[PPDL_ENCODING_SIZE];

	if (j->owner == NULL || j->fs->encoding == 0)
		return;
	ppdl_encoding_print(id, j->fs->encoding);
	ppdl_note("the rows are in encoding %s, of \"%s\": keep that file, it says what they mean", id, j->a->features);
}

/* how many of these rows a sum takes as one ciphertext */
static void
say_reach(const Job *j)
{
	const PpdlBatchOptions *opt = &j->batch.column[0];
	const PpdlParams *par;
	double		reach;

	if (j->owner == NULL || j->fs->inputs == 0 || ppdl_params_get(opt->ring, &par, NULL) != PPDL_OK)
		return;
	reach = floor(ppdl_sum_reach(par, opt->limbs, ldexp(1, opt->scale_bits)));
	if (reach < 1e12)
		ppdl_note("a sum of up to %.0f of these rows is one ciphertext, a larger one takes another for every %.0f",
				  reach, reach);
}

static void
release(Job *j)
{
	ppdl_progress_clear();
	ppdl_out_abort(&j->out);
	ppdl_encrypt_receipts_close(j->receipts);
	ppdl_sink_free(&j->sink);
	ppdl_db_close(&j->db);
	ppdl_owner_destroy(j->owner);
	ppdl_rsa_columns_close(j->rsa);
	ppdl_row_sorter_destroy(j->sorter);
	free_kept(j);
	free(j->kept);
	free(j->keep);
	free(j->has_label);
	if (j->x)
		OPENSSL_cleanse(j->x, (size_t) j->batch.capacity * (size_t) j->fs->inputs * sizeof *j->x);
	if (j->y)
		OPENSSL_cleanse(j->y, (size_t) j->batch.capacity * (size_t) (j->fs->outputs + 1) * sizeof *j->y);
	free(j->x);
	free(j->y);
	ppdl_row_batch_free(&j->batch);
	ppdl_binding_free(&j->bind);
	ppdl_features_destroy(j->fs);
	ppdl_csv_close(j->csv);
	if (j->f && j->f != stdin)
		fclose(j->f);
}

int
ppdl_cmd_encrypt(int argc, char **argv)
{
	PpdlEncryptArgs a;
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	ppdl_encrypt_args_parse(&a, argc, argv);
	status = run(&j, &err);
	if (status == PPDL_OK)
	{
		say_encoding(&j);
		say_reach(&j);
	}
	if (status == PPDL_OK && j.bind.unknown)
		ppdl_note("%ld unknown or missing values were encoded as none of the learned ones", j.bind.unknown);
	if (status == PPDL_OK && j.bind.clamped)
		ppdl_note("%ld numbers outside the learned ranges were %s", j.bind.clamped,
				  j.bind.outside == PPDL_OUTSIDE_NULL ? "taken for missing values" : "set to the nearer bound");
	if (status == PPDL_OK && j.bind.clipped)
		ppdl_note("%ld values lie beyond what the map keeps and were clipped", j.bind.clipped);
	release(&j);
	ppdl_encrypt_args_free(&a);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
