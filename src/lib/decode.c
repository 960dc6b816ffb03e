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

int32_t
ppdl_decode_average(const ppdl_encoding *encoding, const double *x, size_t n, double error, double *values,
					double *errors, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlStatus	status;
	PpdlAnswer *answer;
	size_t		count;
	PPDL_PLAIN_NUMBERS();

	PPDL_NEED(encoding, err);
	PPDL_NEED(x, err);
	PPDL_NEED(values, err);
	if (!(error >= 0) || isinf(error))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "error is %g, no standard deviation", error);
	PPDL_TRY(check_numbers(x, n, encoding->fs->inputs, "x", err));
	count = (size_t) ppdl_decoder_count(encoding->mean);
	answer = calloc(count + 1, sizeof *answer);
	if (answer == NULL)
		return ppdl_lib_nomem(err);
	status = ppdl_decode(encoding->mean, x, error, 1, answer, err);
	for (size_t i = 0; i < count && status == PPDL_OK; i++)
	{
		values[i] = answer[i].value;
		if (errors != NULL)
			errors[i] = answer[i].error;
	}
	OPENSSL_cleanse(answer, count * sizeof *answer);
	free(answer);
	return status;
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
ppdl_decode_class(const ppdl_encoding *encoding, const double *y, size_t n, int32_t *number, double *lead, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	double		leads;

	PPDL_TRY(need_label(encoding, 0, err));
	PPDL_NEED(y, err);
	PPDL_NEED(number, err);
	PPDL_TRY(check_numbers(y, n, encoding->fs->outputs, "y", err));
	if (encoding->fs->label->kind == PPDL_FEATURE_BINARY)
	{
		*number = y[0] > 0;
		leads = fabs(y[0]);
	}
	else
		*number = ppdl_leading_class(y, (int) n, &leads);
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
