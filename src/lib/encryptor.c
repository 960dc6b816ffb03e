/* Rows of numbers into cells, batch by batch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "lib/encryptor.h"
#include "rows/encoding.h"

#define DEFAULT_SCALE_BITS 30
#define MOST_VALUES (1 << 20)	/* more than any ring has; which has fewer is found out later */

#define OPTIONS_LEAST 40
#define INFO_LEAST 32

static PpdlStatus
check_options(const ppdl_encryptor_options *o, PpdlError *err)
{
	if (o->inputs < 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->inputs is %d; rows have 1 value or more", o->inputs);
	if (o->outputs < 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->outputs is %d, less than none", o->outputs);
	/* here, as powers of two are counted in ints below */
	if (o->inputs > MOST_VALUES || o->outputs > MOST_VALUES)
		return ppdl_error(err, PPDL_ERR_RANGE, "%d values do not fit into a row ciphertext",
						  o->inputs > MOST_VALUES ? o->inputs : o->outputs);
	if (o->compact < 0 || o->compact > 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->compact is %d, neither 0 nor 1", o->compact);
	if (o->scale_bits != 0 && (o->scale_bits < PPDL_SCALE_BITS_MIN || o->scale_bits > PPDL_SCALE_BITS_MAX))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->scale_bits is %d, neither 0 nor %d to %d", o->scale_bits,
						  PPDL_SCALE_BITS_MIN, PPDL_SCALE_BITS_MAX);
	if (o->batch_rows < 0 || (o->batch_rows & (o->batch_rows - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->batch_rows is %d, no power of two", o->batch_rows);
	if (o->reserved != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->reserved is not 0");
	if (o->encoding >> PPDL_ENCODING_BITS != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->encoding is %llu, no encoding's: those have %d bits",
						  (unsigned long long) o->encoding, PPDL_ENCODING_BITS);
	return PPDL_OK;
}

static PpdlStatus
set_up(ppdl_encryptor *encryptor, const ppdl_encryptor_options *o, PpdlError *err)
{
	const PpdlRowShape shape = {.inputs = o->inputs, .outputs = o->outputs, .compact = o->compact,
								.scale_bits = o->scale_bits ? o->scale_bits : DEFAULT_SCALE_BITS,
								.batch_rows = o->batch_rows, .encoding = o->encoding};

	return ppdl_row_batch_init(&encryptor->batch, &shape, err);
}

int32_t
ppdl_encryptor_new(ppdl_encryptor **out, ppdl_key *key, const ppdl_encryptor_options *options, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_encryptor_options o;
	ppdl_encryptor *encryptor;
	PpdlStatus	status;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_TRY(ppdl_lib_take(&o, sizeof o, OPTIONS_LEAST, options, "options", err));
	PPDL_TRY(check_options(&o, err));
	encryptor = calloc(1, sizeof *encryptor);
	if (encryptor == NULL)
		return ppdl_lib_nomem(err);
	encryptor->key = key;
	status = set_up(encryptor, &o, err);
	if (status == PPDL_OK)
		*out = encryptor;
	else
		ppdl_encryptor_free(encryptor);
	return status;
}

void
ppdl_encryptor_free(ppdl_encryptor *encryptor)
{
	if (encryptor == NULL)
		return;
	ppdl_row_batch_free(&encryptor->batch);
	free(encryptor);
}

int32_t
ppdl_encryptor_describe(const ppdl_encryptor *encryptor, ppdl_encryptor_info *info, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_encryptor_info mine = {0};
	const PpdlRowBatch *b;

	PPDL_NEED(encryptor, err);
	b = &encryptor->batch;
	mine.batch_rows = (uint64_t) b->capacity;
	mine.cell_bytes[0] = b->slice[0];
	mine.cell_bytes[1] = b->shape.outputs > 0 ? b->slice[1] : 0;
	return ppdl_lib_give(info, &mine, sizeof mine, INFO_LEAST, "info", err);
}

static PpdlStatus
check_values(const double *v, size_t rows, int width, const char *name, PpdlError *err)
{
	for (size_t i = 0; i < rows * (size_t) width; i++)
		if (!(v[i] >= -1 && v[i] <= 1))
			return ppdl_error(err, PPDL_ERR_RANGE, "%s: row %zu, value %zu is %g, outside [-1, 1]", name,
							  i / (size_t) width + 1, i % (size_t) width + 1, v[i]);
	return PPDL_OK;
}

static PpdlStatus
check_rows(const ppdl_encryptor *encryptor, const double *x, const double *y, size_t rows, uint8_t *features,
		   uint8_t *labels, PpdlError *err)
{
	const PpdlRowShape *s;

	PPDL_NEED(encryptor, err);
	s = &encryptor->batch.shape;
	if ((s->outputs > 0) != (y != NULL) || (s->outputs > 0) != (labels != NULL))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, s->outputs > 0 ? "y or labels is NULL, of rows with a label" :
						  "y or labels is not NULL, of rows without label");
	if (rows == 0)
		return PPDL_OK;
	PPDL_NEED(x, err);
	PPDL_NEED(features, err);
	if (rows > SIZE_MAX / 8 / (size_t) (s->inputs + s->outputs))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows is %zu, more than memory could hold", rows);
	PPDL_TRY(check_values(x, rows, s->inputs, "x", err));
	return s->outputs > 0 ? check_values(y, rows, s->outputs, "y", err) : PPDL_OK;
}

int32_t
ppdl_encrypt(ppdl_encryptor *encryptor, const double *x, const double *y, size_t rows, uint8_t *features,
			 uint8_t *labels, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlRowBatch *b;
	size_t		capacity;
	PPDL_PLAIN_NUMBERS();

	PPDL_TRY(check_rows(encryptor, x, y, rows, features, labels, err));
	b = &encryptor->batch;
	capacity = (size_t) b->capacity;
	for (size_t at = 0; at < rows; at += capacity)
	{
		const size_t n = rows - at < capacity ? rows - at : capacity;
		const double *labels_at = y ? y + at * (size_t) b->shape.outputs : NULL;

		PPDL_TRY(ppdl_row_batch_encrypt(b, encryptor->key->owner, x + at * (size_t) b->shape.inputs, labels_at, (int) n,
										err));
		memcpy(features + at * b->slice[0], ppdl_row_batch_features(b, 0), n * b->slice[0]);
		if (labels != NULL)
			memcpy(labels + at * b->slice[1], ppdl_row_batch_label(b, 0), n * b->slice[1]);
	}
	return PPDL_OK;
}

