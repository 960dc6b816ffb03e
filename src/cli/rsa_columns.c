#include "cli/rsa_columns.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/pemfile.h"
#include "rsa/rsa.h"

#define PRODUCT_MAX "4294967295"	/* of a product, where none is declared */

/* one column of counts or products */
typedef struct Extra
{
	char	   *name;
	const char *max;			/* text of the largest value, or NULL */
	uint32_t	count_max;
	int			product;
	int			column;			/* in the file */
} Extra;

struct PpdlRsaColumns
{
	const PpdlFeatures *fs;
	const PpdlCsv *csv;
	int			label;
	int			random_bits;
	int			capacity;
	PpdlRsaPublic *pub;
	PpdlRsaGrid input_grid,
				label_grid;
	Extra	   *extra;
	int			nextra;
	char	  **text;			/* capacity × nextra: fields; NULL for an empty one */
	PpdlWriter *wire;			/* capacity: a row's ciphertexts, extra, features, label, those that are there */
	PpdlThreads *threads;
	/* the batch in work */
	const double *x,
			   *y;
	const char *has_label;
	PpdlError  *row_error;
	PpdlStatus *row_status;
};

static PpdlStatus
nomem(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ setting up */

/* COLUMN or COLUMN:MAX; a column whose name has a colon is found whole first */
static PpdlStatus
add_extra(PpdlRsaColumns *c, const char *spec, int product, PpdlError *err)
{
	Extra	   *e = &c->extra[c->nextra];
	char	   *colon;

	e->product = product;
	e->count_max = PPDL_RSA_COUNT_MAX;
	e->name = strdup(spec);
	if (e->name == NULL)
		return nomem(err);
	c->nextra++;
	colon = strrchr(e->name, ':');
	if (colon != NULL && ppdl_csv_find(c->csv, e->name, &e->column, NULL) != PPDL_OK)
	{
		*colon = 0;
		e->max = colon + 1;
		PPDL_TRY(ppdl_rsa_parse_count(&e->count_max, e->max, "the largest value of a column", err));
	}
	/* every value's header shows the largest: it must not come from the value */
	if (product && e->max == NULL)
		e->max = PRODUCT_MAX;
	return ppdl_csv_find(c->csv, e->name, &e->column, err);
}

static PpdlStatus
add_extras(PpdlRsaColumns *c, const PpdlRsaColumnOptions *opt, PpdlError *err)
{
	c->extra = calloc((size_t) (opt->counts.count + opt->products.count) + 1, sizeof *c->extra);
	if (c->extra == NULL)
		return nomem(err);
	for (int i = 0; i < opt->counts.count; i++)
		PPDL_TRY(add_extra(c, opt->counts.item[i], 0, err));
	for (int i = 0; i < opt->products.count; i++)
		PPDL_TRY(add_extra(c, opt->products.item[i], 1, err));
	return PPDL_OK;
}

static PpdlStatus
allocate(PpdlRsaColumns *c, PpdlError *err)
{
	size_t		rows = (size_t) c->capacity;
	long		n = sysconf(_SC_NPROCESSORS_ONLN);

	c->text = calloc(rows * (size_t) c->nextra + 1, sizeof *c->text);
	c->wire = calloc(rows, sizeof *c->wire);
	c->row_error = calloc(rows, sizeof *c->row_error);
	c->row_status = calloc(rows, sizeof *c->row_status);
	if (c->text == NULL || c->wire == NULL || c->row_error == NULL || c->row_status == NULL)
		return nomem(err);
	return ppdl_threads_create(&c->threads, n < 1 ? 1 : n > 256 ? 256 : (int) n, err);
}

PpdlStatus
ppdl_rsa_columns_open(PpdlRsaColumns **out, const PpdlRsaColumnOptions *opt, const PpdlFeatures *fs,
					  const PpdlCsv *csv, int label, int capacity, PpdlError *err)
{
	PpdlRsaColumns *c = calloc(1, sizeof *c);
	PpdlStatus	status;

	*out = NULL;
	if (c == NULL)
		return nomem(err);
	c->fs = fs;
	c->csv = csv;
	c->label = label;
	c->capacity = capacity;
	c->random_bits = opt->randomise ? PPDL_RSA_RANDOM_BITS : 0;
	PPDL_GOTO(done, ppdl_rsa_input_grid(&c->input_grid, opt->input_bits, err));
	c->label_grid = c->input_grid;
	if (label && fs->label->kind != PPDL_FEATURE_NUMERIC)
		PPDL_GOTO(done, ppdl_rsa_input_grid(&c->label_grid, 2, err));
	PPDL_GOTO(done, add_extras(c, opt, err));
	PPDL_GOTO(done, ppdl_rsa_public_open(&c->pub, opt->key, opt->passphrase_file, err));
	status = allocate(c, err);
done:
	if (status != PPDL_OK)
		ppdl_rsa_columns_close(c);
	else
		*out = c;
	return status;
}

static void
free_text(char **text)
{
	if (*text)
	{
		OPENSSL_cleanse(*text, strlen(*text));
		free(*text);
		*text = NULL;
	}
}

void
ppdl_rsa_columns_close(PpdlRsaColumns *c)
{
	if (c == NULL)
		return;
	for (int i = 0; c->text && i < c->capacity * c->nextra; i++)
		free_text(&c->text[i]);
	free(c->text);
	for (int r = 0; c->wire && r < c->capacity; r++)
		ppdl_writer_free(&c->wire[r]);
	free(c->wire);
	for (int i = 0; i < c->nextra; i++)
		free(c->extra[i].name);
	free(c->extra);
	free(c->row_error);
	free(c->row_status);
	ppdl_threads_destroy(c->threads);
	ppdl_rsa_public_free(c->pub);
	free(c);
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
check_field(const PpdlRsaColumns *c, const Extra *e, const PpdlCsvRow *row, PpdlError *err)
{
	char		text[sizeof err->message];
	uint32_t	q;
	PpdlStatus	status = PPDL_OK;

	/* products are checked when they are encrypted: they may be of any size */
	if (!e->product)
	{
		status = ppdl_rsa_parse_count(&q, row->field[e->column], "value", err);
		if (status == PPDL_OK && q > e->count_max)
		{
			status = ppdl_error(err, PPDL_ERR_RANGE, "value is larger than the largest value, %u", e->count_max);
			ppdl_error_hint(err, status, "Give a larger one: --count \"%s:MAX\".", e->name);
		}
	}
	if (status == PPDL_OK)
		return status;
	snprintf(text, sizeof text, "%.*s:%ld: column \"%.*s\": %.*s",
			 PPDL_CUT(ppdl_csv_name(c->csv), 100), row->line, PPDL_CUT(e->name, 60),
			 PPDL_CUT(err->message, 120));
	memcpy(err->message, text, sizeof text);
	err->code = PPDL_ERR_FORMAT;
	return PPDL_ERR_FORMAT;
}

PpdlStatus
ppdl_rsa_columns_take(PpdlRsaColumns *c, int r, const PpdlCsvRow *row, PpdlError *err)
{
	for (int i = 0; i < c->nextra; i++)
	{
		const Extra *e = &c->extra[i];
		const char *field = row->field[e->column];

		if (field[0] == 0)
			continue;
		PPDL_TRY(check_field(c, e, row, err));
		c->text[r * c->nextra + i] = strdup(field);
		if (c->text[r * c->nextra + i] == NULL)
			return nomem(err);
	}
	return PPDL_OK;
}

static PpdlStatus
encrypt_extra(PpdlRsaColumns *c, const Extra *e, const char *text, PpdlWriter *w, PpdlError *err)
{
	uint32_t	q;
	PpdlStatus	status;

	if (e->product)
		status = ppdl_rsa_encrypt_integer(c->pub, text, e->max, w, err);
	else
	{
		PPDL_TRY(ppdl_rsa_parse_count(&q, text, "value", err));
		status = ppdl_rsa_encrypt_count(c->pub, q, e->count_max, c->random_bits, w, err);
	}
	if (status == PPDL_ERR_RANGE && e->product)
		ppdl_error_hint(err, status, "Declare a larger one, which everybody may know: --product \"%s:MAX\".", e->name);
	if (status != PPDL_OK)
		ppdl_error_detail(err, status, "This is column \"%.*s\".", PPDL_CUT(e->name, 200));
	return status;
}

static PpdlStatus
encrypt_row(PpdlRsaColumns *c, int r, PpdlError *err)
{
	PpdlWriter *w = &c->wire[r];
	int			inputs = c->fs->inputs,
				outputs = c->fs->outputs;

	w->len = 0;
	for (int i = 0; i < c->nextra; i++)
		if (c->text[r * c->nextra + i])
			PPDL_TRY(encrypt_extra(c, &c->extra[i], c->text[r * c->nextra + i], w, err));
	for (int i = 0; i < inputs; i++)
		PPDL_TRY(ppdl_rsa_encrypt_on_grid(c->pub, c->x[(size_t) r * (size_t) inputs + (size_t) i], &c->input_grid,
										  c->random_bits, w, err));
	for (int i = 0; c->label && c->has_label[r] && i < outputs; i++)
		PPDL_TRY(ppdl_rsa_encrypt_on_grid(c->pub, c->y[(size_t) r * (size_t) outputs + (size_t) i], &c->label_grid,
										  c->random_bits, w, err));
	return PPDL_OK;
}

static void
encrypt_turn(void *arg, int r)
{
	PpdlRsaColumns *c = arg;

	c->row_status[r] = encrypt_row(c, r, &c->row_error[r]);
}

PpdlStatus
ppdl_rsa_columns_encrypt(PpdlRsaColumns *c, const double *x, const double *y, const char *has_label, int rows,
						 PpdlError *err)
{
	c->x = x;
	c->y = y;
	c->has_label = has_label;
	ppdl_parallel_for(c->threads, rows, encrypt_turn, c);
	for (int r = 0; r < rows; r++)
		if (c->row_status[r] != PPDL_OK)
		{
			*err = c->row_error[r];
			return c->row_status[r];
		}
	return PPDL_OK;
}

void
ppdl_rsa_columns_names(const PpdlRsaColumns *c, PpdlSink *sink)
{
	for (int i = 0; i < c->nextra; i++)
		ppdl_sink_text(sink, c->extra[i].name, strlen(c->extra[i].name));
}

void
ppdl_rsa_columns_put(PpdlRsaColumns *c, PpdlSink *sink, int r)
{
	const size_t one = PPDL_RSA_HEADER_BYTES + 4 + c->pub->bytes;	/* a fresh value has one part */
	const uint8_t *at = c->wire[r].buf;

	for (int i = 0; i < c->nextra; i++)
	{
		char	  **text = &c->text[r * c->nextra + i];

		if (*text)
		{
			ppdl_sink_base64(sink, at, one);
			at += one;
		}
		else
			ppdl_sink_text(sink, NULL, 0);
		free_text(text);
	}
	if (c->fs->inputs > 0)
		ppdl_sink_base64_array(sink, at, c->fs->inputs, one);
	at += one * (size_t) c->fs->inputs;
	if (!c->label)
		return;
	if (!c->has_label[r])
		ppdl_sink_text(sink, NULL, 0);
	else if (c->fs->outputs == 1)
		ppdl_sink_base64(sink, at, one);
	else
		ppdl_sink_base64_array(sink, at, c->fs->outputs, one);
}
