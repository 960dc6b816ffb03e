#include "cli/study_data.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "table/fold.h"
#include "table/infile.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ records */

/* one block for all of a row, freed with its first pointer */
static PpdlStatus
copy_row(PpdlCsvRow *out, const PpdlCsvRow *in, PpdlError *err)
{
	size_t		n = (size_t) in->nfields;
	size_t		bytes = n * (sizeof *out->field + sizeof *out->len + 1);
	char	   *text;

	for (size_t i = 0; i < n; i++)
		bytes += in->len[i] + 1;
	out->field = malloc(bytes);
	if (out->field == NULL)
		return no_memory(err);
	out->line = in->line;
	out->nfields = in->nfields;
	out->len = (size_t *) (out->field + n);
	out->absent = (char *) (out->len + n);
	text = out->absent + n;
	for (size_t i = 0; i < n; i++)
	{
		out->len[i] = in->len[i];
		out->absent[i] = in->absent[i];
		out->field[i] = memcpy(text, in->field[i], in->len[i] + 1);
		text += in->len[i] + 1;
	}
	return PPDL_OK;
}

static void
free_row(PpdlCsvRow *row)
{
	if (row->field == NULL)
		return;
	for (int i = 0; row->field && i < row->nfields; i++)
		OPENSSL_cleanse(row->field[i], row->len[i]);
	free(row->field);
	row->field = NULL;
}

static PpdlStatus
add_row(PpdlStudyData *d, const PpdlCsvRow *row, long *room, PpdlError *err)
{
	if (d->rows == *room)
	{
		long		more = *room ? 2 * *room : 1024;
		PpdlCsvRow *grown = realloc(d->row, (size_t) more * sizeof *grown);

		if (grown == NULL)
			return no_memory(err);
		d->row = grown;
		*room = more;
	}
	PPDL_TRY(copy_row(&d->row[d->rows], row, err));
	d->rows++;
	return PPDL_OK;
}

static PpdlStatus
read_rows(PpdlStudyData *d, FILE *f, PpdlError *err)
{
	const PpdlEncodeArgs *a = &d->set->encode;
	PpdlCsvOptions opt = {.name = d->set->file, .delimiter = a->delimiter, .charset = a->charset,
						  .no_header = a->learn.no_header};
	PpdlCsvRow	row;
	long		room = 0;
	int			label,
				more;

	PPDL_TRY(ppdl_csv_open(&d->csv, f, &opt, err));
	PPDL_TRY(ppdl_csv_find(d->csv, a->learn.label, &label, err));
	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(d->csv, &row, &more, err));
		if (!more)
			break;
		if (row.field[label][0] == 0)
			d->unlabelled++;
		else
			PPDL_TRY(add_row(d, &row, &room, err));
	}
	if (d->rows == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: no row has a label", d->set->file);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ learning from some of the rows */

static void
put_fields(PpdlWriter *w, char *const *field, const size_t *len, const char *absent, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (i)
			ppdl_write_u8(w, ',');
		if (!absent[i])
			ppdl_csv_put(w, field[i], len[i]);
	}
	ppdl_write_u8(w, '\n');
}

static void
put_header(PpdlWriter *w, const PpdlCsv *csv)
{
	for (int i = 0; i < ppdl_csv_columns(csv); i++)
	{
		const char *name = ppdl_csv_column(csv, i);

		if (i)
			ppdl_write_u8(w, ',');
		ppdl_csv_put(w, name, strlen(name));
	}
	ppdl_write_u8(w, '\n');
}

/* the file with blank lines, which readers skip, in the place of the rows left out: so messages name its lines */
static void
put_rows(PpdlWriter *w, const PpdlStudyData *d, const int *fold, int left_out)
{
	long		line = 1;
	size_t		counted = 0;

	if (!d->set->encode.learn.no_header)
		put_header(w, d->csv);
	for (long i = 0; i < d->rows && !w->bad; i++)
	{
		const PpdlCsvRow *row = &d->row[i];

		if (fold != NULL && fold[i] == left_out)
			continue;
		for (; counted < w->len; counted++)
			line += w->buf[counted] == '\n';
		for (; line < row->line; line++, counted++)
			ppdl_write_u8(w, '\n');
		put_fields(w, row->field, row->len, row->absent, row->nfields);
	}
}

typedef PpdlStatus (*Pass) (PpdlFeatures **fs, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlError *err);

static PpdlStatus
learn_columns(PpdlFeatures **fs, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlError *err)
{
	return ppdl_features_learn(fs, csv, opt, NULL, err);
}

static PpdlStatus
learn_map(PpdlFeatures **fs, PpdlCsv *csv, const PpdlLearnOptions *opt, PpdlError *err)
{
	return opt->whiten ? ppdl_features_learn_map(*fs, csv, opt->components, err) : PPDL_OK;
}

/* once over the rows */
static PpdlStatus
pass_over(PpdlFeatures **fs, const PpdlStudyData *d, PpdlWriter *rows, Pass pass, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = d->set->file, .delimiter = ',', .no_header = d->set->encode.learn.no_header};
	FILE	   *f = rows->bad ? NULL : fmemopen(rows->buf, rows->len, "r");
	PpdlCsv    *csv;
	PpdlStatus	status;

	if (f == NULL)
		return no_memory(err);
	status = ppdl_csv_open(&csv, f, &opt, err);
	if (status == PPDL_OK)
	{
		status = pass(fs, csv, &d->set->encode.learn, err);
		ppdl_csv_close(csv);
	}
	fclose(f);
	return status;
}

static PpdlStatus
learn(PpdlFeatures **out, const PpdlStudyData *d, const int *fold, int left_out, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init_secret(&w);
	put_rows(&w, d, fold, left_out);
	status = pass_over(out, d, &w, learn_columns, err);
	if (status == PPDL_OK)
		status = pass_over(out, d, &w, learn_map, err);
	ppdl_writer_free(&w);
	return status;
}

/* ------------------------------------------------------------------ classes and groups */

static int
class_of(const double *y, int outputs)
{
	int			best = 0;

	if (outputs == 1)
		return y[0] > 0;
	for (int j = 1; j < outputs; j++)
		if (y[j] > y[best])
			best = j;
	return best;
}

static PpdlStatus
read_classes(PpdlStudyData *d, PpdlError *err)
{
	const PpdlFeatures *fs = d->whole;
	PpdlBinding b;
	PpdlStatus	status;
	double	   *x = calloc((size_t) fs->inputs + 1, sizeof *x),
			   *y = calloc((size_t) fs->outputs + 1, sizeof *y);
	int			has_label;
	long		kept = 0;

	d->truth = calloc((size_t) d->rows, sizeof *d->truth);
	status = ppdl_binding_init(&b, fs, d->csv, 1, err);
	if (status == PPDL_OK && (x == NULL || y == NULL || d->truth == NULL))
		status = no_memory(err);
	for (long i = 0; i < d->rows && status == PPDL_OK; i++)
	{
		status = ppdl_binding_apply(&b, &d->row[i], x, y, &has_label, err);
		if (status != PPDL_OK)
			break;
		/* words for a missing value, and values that --label-map leaves without a label */
		if (!has_label)
		{
			d->unlabelled++;
			free_row(&d->row[i]);
			d->row[i].field = NULL;
			continue;
		}
		d->truth[kept] = class_of(y, fs->outputs);
		if (kept < i)
		{
			d->row[kept] = d->row[i];
			d->row[i].field = NULL;
		}
		kept++;
	}
	if (status == PPDL_OK)
		d->rows = kept;
	ppdl_binding_free(&b);
	if (x)
		ppdl_free_secret(x, ((size_t) fs->inputs + 1) * sizeof *x);
	if (y)
		ppdl_free_secret(y, ((size_t) fs->outputs + 1) * sizeof *y);
	return status;
}

static PpdlStatus
find_classes(PpdlStudyData *d, PpdlError *err)
{
	const PpdlFeature *label;

	PPDL_TRY(learn(&d->whole, d, NULL, 0, err));
	label = d->whole->label;
	if (label->kind == PPDL_FEATURE_NUMERIC)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\" is a number, no class", d->set->file, label->column);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "A study compares classifications. If the numbers are codes of "
							   "classes, name the column in --category.");
	}
	d->classes = label->ncategories;
	return read_classes(d, err);
}

typedef struct GroupName
{
	const char *name;
	long		row;
} GroupName;

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const GroupName *) a)->name, ((const GroupName *) b)->name);
}

/* equal values get equal numbers; an empty one is a group of its own */
static PpdlStatus
number_groups(PpdlStudyData *d, PpdlError *err)
{
	GroupName  *name;
	int			column,
				number = 0;

	if (d->set->group == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_csv_find(d->csv, d->set->group, &column, err));
	d->group = calloc((size_t) d->rows, sizeof *d->group);
	name = calloc((size_t) d->rows, sizeof *name);
	if (d->group == NULL || name == NULL)
	{
		free(name);
		return no_memory(err);
	}
	for (long i = 0; i < d->rows; i++)
		name[i] = (GroupName) {d->row[i].field[column], i};
	qsort(name, (size_t) d->rows, sizeof *name, compare_names);
	for (long i = 0; i < d->rows; i++)
	{
		if (i > 0 && (name[i].name[0] == 0 || strcmp(name[i].name, name[i - 1].name) != 0))
			number++;
		d->group[name[i].row] = number;
	}
	free(name);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the dataset */

static PpdlStatus
hash_file(PpdlStudyData *d, PpdlError *err)
{
	uint8_t		sha[SHA256_DIGEST_LENGTH];
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init_secret(&w);
	status = ppdl_read_whole(d->set->file, &w, err);
	if (status == PPDL_OK)
	{
		SHA256(w.buf, w.len, sha);
		ppdl_hex_write(d->sha256, sha, sizeof sha);
	}
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
load(PpdlStudyData *d, PpdlError *err)
{
	FILE	   *f;
	PpdlStatus	status;

	PPDL_TRY(hash_file(d, err));
	f = fopen(d->set->file, "r");
	if (f == NULL)
		return ppdl_os_error(err, "open", d->set->file);
	status = read_rows(d, f, err);
	fclose(f);
	PPDL_TRY(status);
	PPDL_TRY(find_classes(d, err));
	return number_groups(d, err);
}

PpdlStatus
ppdl_study_data_load(PpdlStudyData **out, const PpdlStudySet *set, PpdlError *err)
{
	PpdlStudyData *d = calloc(1, sizeof *d);
	PpdlStatus	status;

	*out = NULL;
	if (d == NULL)
		return no_memory(err);
	d->set = set;
	status = load(d, err);
	if (status == PPDL_OK)
		*out = d;
	else
		ppdl_study_data_destroy(d);
	return status;
}

void
ppdl_study_data_destroy(PpdlStudyData *d)
{
	if (d == NULL)
		return;
	for (long i = 0; i < d->rows; i++)
		free_row(&d->row[i]);
	free(d->row);
	free(d->truth);
	free(d->group);
	ppdl_features_destroy(d->whole);
	ppdl_csv_close(d->csv);
	free(d);
}

const char *
ppdl_study_data_class(const PpdlStudyData *d, int class)
{
	return d->whole->label->category[class];
}

/* ------------------------------------------------------------------ splits */

static PpdlStatus
allocate(PpdlStudyRows *r, long n, const PpdlFeatures *fs, PpdlError *err)
{
	r->x = calloc((size_t) n * (size_t) fs->inputs + 1, sizeof *r->x);
	r->y = calloc((size_t) n * (size_t) fs->outputs + 1, sizeof *r->y);
	r->truth = calloc((size_t) n + 1, sizeof *r->truth);
	return r->x && r->y && r->truth ? PPDL_OK : no_memory(err);
}

static PpdlStatus
take_row(PpdlStudyRows *r, PpdlBinding *b, const PpdlStudyData *d, long i, PpdlError *err)
{
	const size_t n = (size_t) r->n,
				inputs = (size_t) b->fs->inputs,
				outputs = (size_t) b->fs->outputs;
	int			has_label;

	PPDL_TRY(ppdl_binding_apply(b, &d->row[i], r->x + n * inputs, r->y + n * outputs, &has_label, err));
	r->truth[n] = d->truth[i];
	r->n++;
	return PPDL_OK;
}

static PpdlStatus
take_rows(PpdlStudySplit *s, PpdlBinding *b, const PpdlStudyData *d, const int *fold, int test, PpdlError *err)
{
	b->unknown_other = 1;
	if (b->outside == PPDL_OUTSIDE_ERROR)
		b->outside = PPDL_OUTSIDE_CLAMP;
	for (long i = 0; i < d->rows; i++)
		PPDL_TRY(take_row(fold[i] == test ? &s->test : &s->train, b, d, i, err));
	s->unknown = b->unknown;
	s->clamped = b->clamped;
	return PPDL_OK;
}

/* every class of the dataset must be among the training rows, with the same meaning */
static PpdlStatus
check_classes(const PpdlStudySplit *s, const PpdlStudyData *d, PpdlError *err)
{
	const PpdlFeature *a = s->fs->label,
			   *b = d->whole->label;

	for (int i = 0; i < b->ncategories; i++)
		if (i >= a->ncategories || ppdl_fold_compare(a->category[i], b->category[i]) != 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: class \"%.*s\" is missing among the training rows of a split",
							  d->set->file, PPDL_CUT(b->category[i], 60));
	return PPDL_OK;
}

PpdlStatus
ppdl_study_split(PpdlStudySplit *out, const PpdlStudyData *d, const int *fold, int test, PpdlError *err)
{
	PpdlBinding b;
	PpdlStatus	status;
	long		n = 0;

	*out = (PpdlStudySplit) {0};
	for (long i = 0; i < d->rows; i++)
		n += fold[i] == test;
	PPDL_TRY(learn(&out->fs, d, fold, test, err));
	PPDL_TRY(check_classes(out, d, err));
	PPDL_TRY(allocate(&out->train, d->rows - n, out->fs, err));
	PPDL_TRY(allocate(&out->test, n, out->fs, err));
	PPDL_TRY(ppdl_binding_init(&b, out->fs, d->csv, 1, err));
	status = take_rows(out, &b, d, fold, test, err);
	ppdl_binding_free(&b);
	return status;
}

static void
free_rows(PpdlStudyRows *r, const PpdlFeatures *fs)
{
	if (r->x)
		ppdl_free_secret(r->x, ((size_t) r->n * (size_t) fs->inputs + 1) * sizeof *r->x);
	if (r->y)
		ppdl_free_secret(r->y, ((size_t) r->n * (size_t) fs->outputs + 1) * sizeof *r->y);
	free(r->truth);
}

void
ppdl_study_split_free(PpdlStudySplit *s)
{
	free_rows(&s->train, s->fs);
	free_rows(&s->test, s->fs);
	ppdl_features_destroy(s->fs);
	*s = (PpdlStudySplit) {0};
}
