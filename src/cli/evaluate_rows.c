#include "cli/evaluate.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"

#define NEARLY (1.0 / 256)		/* a decrypted label is this near to a whole number */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

void
ppdl_eval_rows_init(PpdlEvalRows *r, const PpdlEvalOptions *opt, const char *source)
{
	memset(r, 0, sizeof *r);
	r->opt = opt;
	r->source = source;
	r->label_column = r->id_column = -1;
	r->one_hot = -1;
}

void
ppdl_eval_rows_free(PpdlEvalRows *r)
{
	if (r->scores)
		OPENSSL_cleanse(r->scores, (size_t) r->cap * (size_t) r->outputs * sizeof *r->scores);
	if (r->label)
		OPENSSL_cleanse(r->label, (size_t) r->cap * sizeof *r->label);
	for (long i = 0; r->ids && i < r->n; i++)
		free(r->ids[i]);
	for (long i = 0; i < r->nother; i++)
		free(r->other[i].id);
	for (int i = 0; i < r->ntexts; i++)
	{
		free(r->text[i]);
		free(r->where[i]);
	}
	free(r->score_column);
	free(r->scores);
	free(r->label);
	free(r->ids);
	free(r->other);
	free(r->text);
	free(r->where);
	memset(r, 0, sizeof *r);
}

/* ------------------------------------------------------------------ labels */

static PpdlStatus
remember(PpdlEvalRows *r, const char *text, const char *where, int *number, PpdlError *err)
{
	char	  **texts,
			  **wheres;

	for (*number = 0; *number < r->ntexts; ++*number)
		if (strcmp(r->text[*number], text) == 0)
			return PPDL_OK;
	if (r->ntexts == PPDL_MAX_CLASSES)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\" has more than %d different labels", where, r->opt->label,
				   PPDL_MAX_CLASSES);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Labels are classes; numbers that are measured have none.");
	}
	texts = realloc(r->text, (size_t) (r->ntexts + 1) * sizeof *texts);
	if (texts)
		r->text = texts;
	wheres = realloc(r->where, (size_t) (r->ntexts + 1) * sizeof *wheres);
	if (wheres)
		r->where = wheres;
	if (texts == NULL || wheres == NULL)
		return no_memory(err);
	texts[r->ntexts] = strdup(text);
	wheres[r->ntexts] = strdup(where);
	if (texts[r->ntexts] == NULL || wheres[r->ntexts] == NULL)
	{
		free(texts[r->ntexts]);
		free(wheres[r->ntexts]);
		return no_memory(err);
	}
	r->ntexts++;
	return PPDL_OK;
}

/* numbers of {a,b,...}: malloc'ed; *count = 0 when it is no array of finite numbers */
static PpdlStatus
read_array(const PpdlText *field, double **out, int *count, PpdlError *err)
{
	PpdlTexts	element = {0};
	char	   *copy = malloc(field->len + 1);
	int			got;

	*count = 0;
	*out = NULL;
	if (copy == NULL)
		return no_memory(err);
	memcpy(copy, field->s, field->len + 1);
	got = ppdl_array_split(&element, copy, field->len);
	if (got > 0 && element.count > 0 && element.count <= PPDL_MAX_CLASSES &&
		(*out = malloc(element.count * sizeof **out)) != NULL)
	{
		*count = (int) element.count;
		for (size_t i = 0; i < element.count && *count; i++)
			if (element.text[i].s == NULL || ppdl_parse_number(element.text[i].s, &(*out)[i]) != 1)
				*count = 0;
	}
	else if (got < 0 || (got > 0 && element.count > 0 && element.count <= PPDL_MAX_CLASSES))
		got = -1;
	ppdl_texts_free(&element);
	OPENSSL_cleanse(copy, field->len);
	free(copy);
	return got < 0 ? no_memory(err) : PPDL_OK;
}

/* the class of a label that has a 1 for it and -1 or 0 for the others; its number is its text */
static PpdlStatus
array_label(PpdlEvalRows *r, const PpdlText *field, const char *where, int *number, PpdlError *err)
{
	double	   *x;
	int			n,
				best = 0,
				others = 0;
	char		text[16];
	PpdlStatus	status = read_array(field, &x, &n, err);

	if (status != PPDL_OK)
		return status;
	for (int i = 1; i < n; i++)
		best = x[i] > x[best] ? i : best;
	for (int i = 0; i < n; i++)
		others += i != best && x[i] > x[best] - 0.5;
	free(x);
	if (n < 2 || others > 0)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\": the label \"%.*s\" does not say which class", where,
				   r->opt->label, PPDL_CUT(field->s, 60));
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "An array has 1 for the class and -1 or 0 for the others; arrays of "
							   "many rows are dealt out beside a packed result only.");
	}
	if (r->one_hot >= 0 && r->one_hot != n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\": a label of %d values, after others of %d", where,
						  r->opt->label, n, r->one_hot > 0 ? r->one_hot : 1);
	r->one_hot = n;
	snprintf(text, sizeof text, "%d", best);
	return remember(r, text, where, number, err);
}

/* *number: of the label's text, -1 when there is none */
static PpdlStatus
read_label(PpdlEvalRows *r, const PpdlText *field, const char *where, int *number, PpdlError *err)
{
	char		text[32];
	double		v;

	*number = -1;
	if (field->s == NULL || field->len == 0)
		return PPDL_OK;
	if (r->opt->features && r->opt->features->label &&
		ppdl_feature_missing(r->opt->features, r->opt->features->label, field->s))
		return PPDL_OK;
	if (field->s[0] == '{')
		return array_label(r, field, where, number, err);
	if (r->one_hot > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\": a label of one value, after others of %d", where,
						  r->opt->label, r->one_hot);
	r->one_hot = 0;
	if (!ppdl_parse_category_number(field->s, &v))
		return remember(r, field->s, where, number, err);
	if (fabs(v - round(v)) <= NEARLY)
		v = round(v);
	ppdl_print_number(text, v == 0 ? 0 : v);
	return remember(r, text, where, number, err);
}

/* ------------------------------------------------------------------ labels of another file */

static int
by_id(const void *a, const void *b)
{
	const PpdlEvalLabel *x = a,
			   *y = b;
	int			c = strcmp(x->id, y->id);

	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int
find_id(const void *id, const void *label)
{
	return strcmp(id, ((const PpdlEvalLabel *) label)->id);
}

static PpdlStatus
add_other(PpdlEvalRows *r, const PpdlCsvRow *row, int id, int label, PpdlError *err)
{
	PpdlText	text = {row->field[label], row->len[label]};
	PpdlEvalLabel *o;
	char		where[300];

	if (r->nother == r->other_cap)
	{
		long		cap = r->other_cap ? 2 * r->other_cap : 1024;

		o = realloc(r->other, (size_t) cap * sizeof *o);
		if (o == NULL)
			return no_memory(err);
		r->other = o;
		r->other_cap = cap;
	}
	o = &r->other[r->nother];
	*o = (PpdlEvalLabel) {.id = strdup(row->field[id]), .line = row->line};
	if (o->id == NULL)
		return no_memory(err);
	r->nother++;
	snprintf(where, sizeof where, "%s:%ld", r->other_source, row->line);
	return read_label(r, &text, where, &o->text, err);
}

PpdlStatus
ppdl_eval_labels(PpdlEvalRows *r, PpdlCsv *csv, PpdlError *err)
{
	PpdlCsvRow	row;
	int			id,
				label,
				more;

	r->other_source = ppdl_csv_name(csv);
	PPDL_TRY(ppdl_csv_find(csv, r->opt->id, &id, err));
	PPDL_TRY(ppdl_csv_find(csv, r->opt->label, &label, err));
	for (;;)
	{
		PPDL_TRY(ppdl_csv_next(csv, &row, &more, err));
		if (!more)
			break;
		PPDL_TRY(add_other(r, &row, id, label, err));
	}
	if (r->nother == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: there are no rows below the header", r->other_source);
	qsort(r->other, (size_t) r->nother, sizeof *r->other, by_id);
	for (long i = 1; i < r->nother; i++)
		if (strcmp(r->other[i - 1].id, r->other[i].id) == 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: \"%s\" is \"%.*s\" again, as in line %ld",
							  r->other_source,
							  r->other[i].line, r->opt->id, PPDL_CUT(r->other[i].id, 80), r->other[i - 1].line);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
find_column(const PpdlEvalRows *r, const char *const *names, int count, const char *name, int *index, PpdlError *err)
{
	char		list[sizeof err->detail - 20] = "";

	for (*index = 0; *index < count; ++*index)
		if (strcmp(names[*index], name) == 0)
			return PPDL_OK;
	for (int i = 0; i < count; i++)
		ppdl_names_add(list, sizeof list, "%s", names[i]);
	ppdl_error(err, PPDL_ERR_FORMAT, "%s: there is no column \"%s\"", r->source, name);
	return ppdl_error_detail(err, PPDL_ERR_FORMAT, "Columns: %s", list);
}

PpdlStatus
ppdl_eval_columns(PpdlEvalRows *r, const char *const *names, int count, PpdlError *err)
{
	const PpdlEvalOptions *o = r->opt;

	r->score_column = malloc((size_t) (o->scores.count + 1) * sizeof *r->score_column);
	if (r->score_column == NULL)
		return no_memory(err);
	if (r->other == NULL)
		PPDL_TRY(find_column(r, names, count, o->label, &r->label_column, err));
	if (o->id)
		PPDL_TRY(find_column(r, names, count, o->id, &r->id_column, err));
	for (int i = 0; i < o->scores.count; i++)
		PPDL_TRY(find_column(r, names, count, o->scores.item[i], &r->score_column[i], err));
	return PPDL_OK;
}

static PpdlStatus
bad_score(const PpdlEvalRows *r, const PpdlText *field, int column, const char *where, const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\": \"%.*s\" %s", where, r->opt->scores.item[column],
					  PPDL_CUT(field->s, 60),
					  what);
}

/* room for one row of so many scores */
static PpdlStatus
make_room(PpdlEvalRows *r, int outputs, PpdlError *err)
{
	long		cap = r->cap ? 2 * r->cap : 1024;
	int		   *label;
	char	  **ids = NULL;
	double	   *scores;

	r->outputs = outputs;
	if (r->n < r->cap)
		return PPDL_OK;
	if (r->n >= PPDL_MAX_SCORED_ROWS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: more than %ld rows", r->source, PPDL_MAX_SCORED_ROWS);
	label = realloc(r->label, (size_t) cap * sizeof *label);
	if (label)
		r->label = label;
	if (r->id_column >= 0 && (ids = realloc(r->ids, (size_t) cap * sizeof *ids)) != NULL)
		r->ids = ids;
	scores = malloc((size_t) cap * (size_t) outputs * sizeof *scores);
	if (label == NULL || scores == NULL || (r->id_column >= 0 && ids == NULL))
	{
		free(scores);
		return no_memory(err);
	}
	if (r->scores)
	{
		memcpy(scores, r->scores, (size_t) r->n * (size_t) outputs * sizeof *scores);
		OPENSSL_cleanse(r->scores, (size_t) r->cap * (size_t) outputs * sizeof *scores);
		free(r->scores);
	}
	r->scores = scores;
	r->cap = cap;
	return PPDL_OK;
}

/* several scores in one field, or in a column each; *count = 0 when one is missing; x: malloc'ed */
static PpdlStatus
read_scores(PpdlEvalRows *r, const PpdlText *fields, const char *where, double **x, int *count, PpdlError *err)
{
	int			columns = r->opt->scores.count;
	const PpdlText *first = &fields[r->score_column[0]];

	*count = 0;
	*x = NULL;
	if (columns == 1 && first->s && first->s[0] == '{')
	{
		PPDL_TRY(read_array(first, x, count, err));
		return *count ? PPDL_OK : bad_score(r, first, 0, where, "is no array of finite numbers", err);
	}
	*x = malloc((size_t) columns * sizeof **x);
	if (*x == NULL)
		return no_memory(err);
	for (int i = 0; i < columns; i++)
	{
		const PpdlText *f = &fields[r->score_column[i]];
		int			got;

		if (f->s == NULL || f->len == 0)
			return PPDL_OK;
		got = ppdl_parse_number(f->s, &(*x)[i]);
		if (got != 1)
			return bad_score(r, f, i, where, got < 0 ? "is not a finite number" : "is not a number", err);
	}
	*count = columns;
	return PPDL_OK;
}

static PpdlStatus
add(PpdlEvalRows *r, int label, const double *x, int count, const char *id, const char *where, PpdlError *err)
{
	if (r->outputs && r->outputs != count)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d score%s, after %d in rows before it", where, count,
						  count == 1 ? "" : "s", r->outputs);
	PPDL_TRY(make_room(r, count, err));
	if (r->id_column >= 0 && (r->ids[r->n] = strdup(id ? id : "")) == NULL)
		return no_memory(err);
	memcpy(r->scores + (size_t) r->n * (size_t) count, x, (size_t) count * sizeof *x);
	r->label[r->n++] = label;
	return PPDL_OK;
}

/* of the row's own field, or of the other file's row with its id */
static PpdlStatus
label_of(PpdlEvalRows *r, const PpdlText *fields, const char *where, int *number, PpdlError *err)
{
	const PpdlText *id;
	PpdlEvalLabel *o;

	if (r->other == NULL)
		return read_label(r, &fields[r->label_column], where, number, err);
	id = &fields[r->id_column];
	o = id->s ? bsearch(id->s, r->other, (size_t) r->nother, sizeof *r->other, find_id) : NULL;
	*number = o ? o->text : -1;
	if (o)
		o->used = 1;
	return PPDL_OK;
}

PpdlStatus
ppdl_eval_row(PpdlEvalRows *r, const PpdlText *fields, const char *where, PpdlError *err)
{
	const char *id = r->id_column >= 0 ? fields[r->id_column].s : NULL;
	char		place[400];
	double	   *x = NULL;
	int			count,
				label;
	PpdlStatus	status;

	if (id)
		snprintf(place, sizeof place, "%.*s (%.*s %.*s)", PPDL_CUT(where, 200), PPDL_CUT(r->opt->id, 60),
				 PPDL_CUT(id, 80));
	else
		snprintf(place, sizeof place, "%.*s", PPDL_CUT(where, 200));
	r->read++;
	PPDL_TRY(label_of(r, fields, place, &label, err));
	status = read_scores(r, fields, place, &x, &count, err);
	if (status == PPDL_OK && label < 0)
		r->without_label++;
	else if (status == PPDL_OK && count == 0)
		r->without_score++;
	else if (status == PPDL_OK)
		status = add(r, label, x, count, id, place, err);
	if (x)
		OPENSSL_cleanse(x, sizeof *x);
	free(x);
	return status;
}
