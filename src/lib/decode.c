/* What numbers say of the table that they came from (table/decoder.h). */
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "lib/encoding.h"

static PpdlStatus
check_numbers(const double *v, size_t n, int expected, const char *name, PpdlError *err)
{
	if (n != (size_t) expected)
		return ppdl_error(err, PPDL_ERR_SCALE, "%s: %zu values where the encoding has %d", name, n, expected);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return ppdl_error(err, PPDL_ERR_RANGE, "%s: value %zu is not finite", name, i + 1);
	return PPDL_OK;
}

static PpdlStatus
check_error(double error, PpdlError *err)
{
	if (!(error >= 0) || isinf(error))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "error is %g, no standard deviation", error);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ averages, sums, differences */

/* a weighted sum of rows, and where its answers go */
typedef struct Total
{
	const double *x;
	size_t		n;
	double		error,			/* of each */
				rows;
	double	   *values,
			   *errors;			/* or NULL */
} Total;

static PpdlStatus
check_total(const ppdl_encoding *encoding, const Total *t, PpdlError *err)
{
	PPDL_TRY(ppdl_lib_need(t->x, "x", err));
	PPDL_TRY(ppdl_lib_need(t->values, "values", err));
	PPDL_TRY(check_error(t->error, err));
	return check_numbers(t->x, t->n, encoding->fs->inputs, "x", err);
}

static PpdlStatus
decode_total(const ppdl_encoding *encoding, const PpdlDecoder *d, const Total *t, PpdlError *err)
{
	const size_t count = (size_t) ppdl_decoder_count(d);
	PpdlAnswer *answer;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_TRY(check_total(encoding, t, err));
	answer = calloc(count + 1, sizeof *answer);
	if (answer == NULL)
		return ppdl_lib_nomem(err);
	status = ppdl_decode(d, t->x, t->error, t->rows, answer, err);
	for (size_t i = 0; i < count && status == PPDL_OK; i++)
	{
		t->values[i] = answer[i].value;
		if (t->errors != NULL)
			t->errors[i] = answer[i].error;
	}
	OPENSSL_cleanse(answer, count * sizeof *answer);
	free(answer);
	return status;
}

int32_t
ppdl_decode_average(const ppdl_encoding *encoding, const double *x, size_t n, double error, double *values,
					double *errors, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_NEED(encoding, err);
	return decode_total(encoding, encoding->mean, &(Total) {x, n, error, 1, values, errors}, err);
}

int32_t
ppdl_decode_sum(const ppdl_encoding *encoding, const double *x, size_t n, double error, double rows, double *values,
				double *errors, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_NEED(encoding, err);
	if (!(rows >= 0) || isinf(rows))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows is %g: a sum of how many rows?", rows);
	return decode_total(encoding, encoding->sum, &(Total) {x, n, error, rows, values, errors}, err);
}

int32_t
ppdl_decode_difference(const ppdl_encoding *encoding, const double *x, size_t n, double error, double *values,
					   double *errors, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_NEED(encoding, err);
	return decode_total(encoding, encoding->difference, &(Total) {x, n, error, 0, values, errors}, err);
}

/* ------------------------------------------------------------------ labels */

static PpdlStatus
need_label(const ppdl_encoding *encoding, int numeric, PpdlError *err)
{
	const PpdlFeature *label;

	PPDL_NEED(encoding, err);
	label = encoding->fs->label;
	if (label == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the encoding has no label");
	if ((label->kind == PPDL_FEATURE_NUMERIC) != numeric)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, numeric ? "the label \"%s\" is a class, no number" :
						  "the label \"%s\" is a number, no class", label->column);
	return PPDL_OK;
}

int32_t
ppdl_decode_class(const ppdl_encoding *encoding, const double *y, size_t n, double error, int32_t *number,
				  double *lead, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	double		leads;

	PPDL_TRY(need_label(encoding, 0, err));
	PPDL_NEED(y, err);
	PPDL_NEED(number, err);
	PPDL_TRY(check_error(error, err));
	PPDL_TRY(check_numbers(y, n, encoding->fs->outputs, "y", err));
	*number = ppdl_decoder_class(encoding->fs->label, y, error, &leads);
	if (lead != NULL)
		*lead = leads;
	return PPDL_OK;
}

int32_t
ppdl_decode_label(const ppdl_encoding *encoding, double y, double *value, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(need_label(encoding, 1, err));
	PPDL_NEED(value, err);
	PPDL_TRY(check_numbers(&y, 1, 1, "y", err));
	*value = ppdl_feature_decode(encoding->fs->label, y);
	return PPDL_OK;
}
