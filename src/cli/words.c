#include "cli/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/words_impl.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ files */

PpdlStatus
ppdl_words_open(PpdlWords *w, const PpdlWordsOptions *opt, const PpdlList *keys, PpdlReveal *reveal, PpdlError *err)
{
	memset(w, 0, sizeof *w);
	w->opt = opt;
	w->keys = keys;
	w->reveal = reveal;
	w->on = !opt->raw;
	ppdl_writer_init(&w->noted);
	for (int i = 0; i < opt->features.count; i++)
		PPDL_TRY(ppdl_words_add_file(w, opt->features.item[i], 1, err));
	return PPDL_OK;
}

void
ppdl_words_close(PpdlWords *w)
{
	ppdl_words_end(w);
	for (int i = 0; i < w->files; i++)
	{
		ppdl_features_destroy(w->file[i].features);
		free(w->file[i].path);
	}
	free(w->file);
	ppdl_writer_free(&w->noted);
	memset(w, 0, sizeof *w);
}

/* ------------------------------------------------------------------ looking at a result */

PpdlStatus
ppdl_words_begin(PpdlWords *w, int ncolumns, const char *const *names, PpdlError *err)
{
	ppdl_words_end(w);
	ppdl_reveal_columns(w->reveal, ncolumns, names);
	if (!w->on)
		return PPDL_OK;
	w->column = calloc((size_t) ncolumns + 1, sizeof *w->column);
	if (w->column == NULL)
		return no_memory(err);
	for (; w->ncolumns < (size_t) ncolumns; w->ncolumns++)
	{
		PpdlWordsColumn *c = &w->column[w->ncolumns];

		c->whole_bounds = 1;
		c->count_column = -1;
		c->name = strdup(names[w->ncolumns]);
		if (c->name == NULL)
			return no_memory(err);
	}
	return PPDL_OK;
}

void
ppdl_words_end(PpdlWords *w)
{
	for (size_t i = 0; i < w->ncolumns; i++)
	{
		ppdl_decoder_destroy(w->column[i].decoder);
		free(w->column[i].name);
	}
	free(w->column);
	w->column = NULL;
	w->ncolumns = 0;
}

/* values that cannot be read are left for decryption to say what is wrong */
PpdlStatus
ppdl_words_head(PpdlWordsHead *head, const char *s, size_t len, int *readable, PpdlError *err)
{
	const size_t take = len < PPDL_ENCODING_HEAD / 3 * 4 ? len & ~(size_t) 3 : PPDL_ENCODING_HEAD / 3 * 4;
	PpdlCipher	c;
	uint8_t    *buf;
	size_t		n;
	PpdlStatus	status;
	int			ok;

	memset(head, 0, sizeof *head);
	head->bound = 1;
	head->rsa = ppdl_value_starts_rsa(s, len);
	*readable = head->rsa;
	if (head->rsa)
		return PPDL_OK;
	status = ppdl_base64_read(s, take, &buf, &n, NULL);
	if (status == PPDL_ERR_NOMEM)
		return no_memory(err);
	if (status != PPDL_OK)
		return PPDL_OK;
	ok = n >= PPDL_ROW_HEADER && ppdl_cipher_peek(&c, buf, NULL) == PPDL_OK;
	if (ok)
	{
		head->packed = c.kind == PPDL_KIND_PACKED;
		head->moments = head->packed && buf[40] == PPDL_LAYOUT_GRAM;
		head->slice = c.kind == PPDL_KIND_SLICE;
		head->width = c.width;
		memcpy(head->fingerprint, c.fingerprint, sizeof head->fingerprint);
		if (!head->slice)
		{
			PpdlReader	r = ppdl_reader(buf + 32, 8);

			head->bound = ppdl_read_f64(&r);
		}
		ok = ppdl_encoding_of_head(buf, n, &head->encoding, NULL) == PPDL_OK;
	}
	free(buf);
	*readable = ok;
	return PPDL_OK;
}

static int
is_whole(double bound)
{
	return bound >= 0.5 && fabs(bound - nearbyint(bound)) <= 1e-9 * bound;
}

/* a writer's rows, too; what is wrong with its seed says decryption */
static PpdlStatus
has_key(const PpdlReveal *r, const PpdlWordsHead *head, int *has, PpdlError *err)
{
	PpdlOwner  *owner;
	PpdlStatus	status;

	*has = r->rsas > 0;
	if (head->rsa)
		return PPDL_OK;
	status = ppdl_writer_parts_owner(&r->writers, r->owner, r->owners, head->fingerprint, &owner, err);
	*has = status == PPDL_OK && owner != NULL;
	return status == PPDL_ERR_KEY ? PPDL_OK : status;
}

/* values of other keys, of too few rows, and second moments, are left as they are */
static PpdlStatus
look_at(const PpdlReveal *r, PpdlWordsColumn *c, const PpdlText *field, PpdlError *err)
{
	PpdlWordsHead head;
	int			readable,
				has;

	if (field->s == NULL || ppdl_value_whole(field->s, field->len) == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_words_head(&head, field->s, field->len, &readable, err));
	if (!readable || head.moments)
		return PPDL_OK;
	PPDL_TRY(has_key(r, &head, &has, err));
	if (!has || ppdl_reveal_is_few(r, field->s, field->len))
		return PPDL_OK;
	if (c->values++ == 0)
	{
		c->first = *field;
		c->head = head;
	}
	c->most = fmax(c->most, head.bound);
	c->whole_bounds &= is_whole(head.bound);
	c->mixed |= head.rsa != c->head.rsa || head.packed != c->head.packed || head.slice != c->head.slice ||
		head.width != c->head.width || head.encoding != c->head.encoding;
	return PPDL_OK;
}

PpdlStatus
ppdl_words_look(PpdlWords *w, const PpdlText *fields, size_t count, PpdlError *err)
{
	ppdl_reveal_count(w->reveal, fields, count);
	for (size_t i = 0; i < count && i < w->ncolumns; i++)
		PPDL_TRY(look_at(w->reveal, &w->column[i], &fields[i], err));
	return PPDL_OK;
}

/* the last that names the column; else the last that names none */
static const char *
as_of(const PpdlWords *w, const char *name)
{
	const char *said = NULL;

	for (int i = 0; i < w->opt->as.count; i++)
	{
		const char *item = w->opt->as.item[i],
				   *equals = strrchr(item, '=');

		if (equals && strlen(name) == (size_t) (equals - item) && strncmp(item, name, strlen(name)) == 0)
			return equals + 1;
		if (equals == NULL)
			said = item;
	}
	return said;
}

static PpdlStatus
find_count(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err)
{
	const char *name = c->as ? strchr(c->as, ':') : NULL;

	if (name == NULL)
		return PPDL_OK;
	for (size_t i = 0; i < w->ncolumns; i++)
		if (strcmp(w->column[i].name, name + 1) == 0)
		{
			c->count_column = (int) i;
			return PPDL_OK;
		}
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "--as %s=%s: the result has no column \"%s\"", c->name, c->as, name + 1);
}

static PpdlStatus
settle(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err)
{
	PPDL_TRY(find_count(w, c, err));
	PPDL_TRY(ppdl_words_choose(w, c, err));
	if (c->features == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_decoder_create(&c->decoder, c->features, c->subject, c->meaning, err));
	for (int i = 0; i < ppdl_decoder_count(c->decoder); i++)
		if (ppdl_decoder_unknown(c->decoder, i))
			ppdl_words_note(w, c->meaning == PPDL_MEANING_SUM ?
							"column \"%s\": a sum of logarithms says nothing of the sum of \"%s\", which is left "
							"empty" :
							"column \"%s\": a difference of averages over the rows that have a value does not follow "
							"from the difference of encoded averages; \"%s\" is left empty. Select both averages "
							"instead", c->name, ppdl_decoder_name(c->decoder, i));
	c->scores = c->meaning == PPDL_MEANING_CLASS && c->features->label->kind != PPDL_FEATURE_NUMERIC;
	c->fields = w->objects ? 1 : ppdl_decoder_count(c->decoder) + c->scores;
	return PPDL_OK;
}

PpdlStatus
ppdl_words_settle(PpdlWords *w, PpdlError *err)
{
	for (size_t i = 0; i < w->ncolumns; i++)
	{
		PpdlWordsColumn *c = &w->column[i];

		c->fields = 1;
		c->as = as_of(w, c->name);
		if (c->values > 0 && !(c->as && strcmp(c->as, "raw") == 0))
			PPDL_TRY(settle(w, c, err));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ what columns become */

int
ppdl_words_has(const PpdlWords *w, size_t column)
{
	return column < w->ncolumns && w->column[column].decoder != NULL;
}

int
ppdl_words_fields(const PpdlWords *w, size_t column)
{
	return ppdl_words_has(w, column) ? w->column[column].fields : 1;
}

int
ppdl_words_columns(const PpdlWords *w)
{
	int			n = 0,
				any = 0;

	for (size_t i = 0; i < w->ncolumns; i++)
	{
		n += ppdl_words_fields(w, i);
		any |= ppdl_words_has(w, i);
	}
	return any ? n : 0;
}

char *
ppdl_words_title(const PpdlWords *w, size_t column, int field)
{
	const PpdlWordsColumn *c = &w->column[column];
	char	   *title;

	/* what replaces a column's numbers one by one keeps its name */
	if (w->objects || (c->scores && field == 0) || (c->subject == PPDL_SUBJECT_LABEL && c->fields == 1 &&
													c->meaning <= PPDL_MEANING_CLASS))
		return strdup(c->name);
	if (asprintf(&title, "%s.%s", c->name, ppdl_decoder_name(c->decoder, field - c->scores)) < 0)
		return NULL;
	return title;
}

static PpdlCellKind
kind_of(const PpdlWords *w, size_t column, int field)
{
	const PpdlWordsColumn *c = &w->column[column];

	if (w->objects)
		return PPDL_CELL_JSON;
	if (c->scores && field == 0)
		return PPDL_CELL_NUMBERS;
	return ppdl_decoder_kind(c->decoder, field - c->scores) == PPDL_ANSWER_WORD ? PPDL_CELL_TEXT :
		PPDL_CELL_NUMBERS;
}

PpdlStatus
ppdl_words_present(const PpdlWords *w, PpdlPresenter *p, int ncolumns, const char *const *names,
				   const PpdlCellKind *kinds, PpdlError *err)
{
	const int	n = w ? ppdl_words_columns(w) : 0;
	char	  **name = calloc((size_t) n + 1, sizeof *name);
	PpdlCellKind *kind = calloc((size_t) n + 1, sizeof *kind);
	PpdlStatus	status = name && kind ? PPDL_OK : no_memory(err);
	int			at = 0;

	for (int i = 0; n > 0 && i < ncolumns && status == PPDL_OK; i++)
		for (int k = 0; k < ppdl_words_fields(w, (size_t) i) && status == PPDL_OK; k++, at++)
		{
			const int	words = ppdl_words_has(w, (size_t) i);

			kind[at] = words ? kind_of(w, (size_t) i, k) : kinds[i];
			name[at] = words ? ppdl_words_title(w, (size_t) i, k) : strdup(names[i]);
			status = name[at] ? PPDL_OK : no_memory(err);
		}
	if (status == PPDL_OK)
		status = n > 0 ? ppdl_present_begin(p, n, (const char *const *) name, kind, err) :
			ppdl_present_begin(p, ncolumns, names, kinds, err);
	for (int i = 0; name && i < n; i++)
		free(name[i]);
	free(name);
	free(kind);
	return status;
}

/* ------------------------------------------------------------------ rows of a sum */

PpdlStatus
ppdl_words_rows(const PpdlWords *w, size_t column, const PpdlText *fields, size_t count, double *rows, PpdlError *err)
{
	const PpdlWordsColumn *c = &w->column[column];
	PpdlWordsHead head;
	int			readable;

	*rows = 1;
	if (c->meaning != PPDL_MEANING_SUM)
		return PPDL_OK;
	if (c->count_column >= 0)
	{
		const PpdlText *f = (size_t) c->count_column < count ? &fields[c->count_column] : NULL;

		if (f && f->s && ppdl_parse_number(f->s, rows) == 1 && *rows >= 0)
			return PPDL_OK;
		return ppdl_error(err, PPDL_ERR_FORMAT, "column \"%s\": \"%.*s\" is no count of the rows in \"%s\"",
						  w->column[c->count_column].name, PPDL_CUT(f && f->s ? f->s : "", 40), c->name);
	}
	PPDL_TRY(ppdl_words_head(&head, fields[column].s, fields[column].len, &readable, err));
	if (!readable || !is_whole(head.bound))
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "column \"%s\": a sum of how many rows?", c->name);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Say it by a column that counts them (--as %s=sum:COUNTCOLUMN), "
							   "or give --raw to see encoded numbers.", c->name);
	}
	*rows = nearbyint(head.bound);
	return PPDL_OK;
}
