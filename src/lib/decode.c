/*
 * What numbers say of the table that they came from.
 *
 * Means.  A column's encoded values are 0 in rows where it is missing, and another value, 1 there, says so.  With m the
 * mean of that one and v the mean of a value, the mean over the rows that have the column is v / (1 - m).
 */
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "lib/encoding.h"

#define CERTAIN 4				/* standard deviations */
#define NAME_SIZE 1024

static PpdlStatus
name_inputs(ppdl_encoding *encoding, const PpdlFeature *f, PpdlError *err)
{
	char		name[NAME_SIZE];

	if (f->kind == PPDL_FEATURE_CONSTANT || f->kind == PPDL_FEATURE_PADDING)
		return PPDL_OK;
	for (int i = 0; i < f->inputs; i++)
	{
		ppdl_features_encoded_name(encoding->fs, f->first + i, name, sizeof name);
		if (f->kind == PPDL_FEATURE_BINARY && i == 0)
			snprintf(name, sizeof name, "%s = %s", f->column, f->category[1]);
		PPDL_TRY(ppdl_names_add(&encoding->average, name, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_name_averages(ppdl_encoding *encoding, PpdlError *err)
{
	for (int i = 0; i < encoding->fs->count; i++)
		PPDL_TRY(name_inputs(encoding, &encoding->fs->feature[i], err));
	return PPDL_OK;
}

/* of one encoded value v +- error, where a part `there` +- error of the rows has the column */
static void
average_of(const PpdlFeature *f, double v, double error, double there, double *value, double *its_error)
{
	const int	numeric = f->kind == PPDL_FEATURE_NUMERIC,
				binary = f->kind == PPDL_FEATURE_BINARY;
	const double mid = numeric ? f->min / 2 + f->max / 2 : binary ? 0.5 : 0;
	const double half = numeric ? f->max / 2 - f->min / 2 : binary ? 0.5 : 1;
	const double mean = v / there;

	*value = mid + half * mean;
	*its_error = fabs(half) * error / there * (f->missing ? sqrt(1 + mean * mean) : 1);
}

/* encoded: values of the inputs before any map; returns how many averages it wrote */
static int
averages_of(const PpdlFeature *f, const double *encoded, const double *error, double *value, double *its_error)
{
	const int	last = f->inputs - 1;
	double		there = 1;

	if (f->kind == PPDL_FEATURE_CONSTANT || f->kind == PPDL_FEATURE_PADDING)
		return 0;
	if (f->missing)
	{
		value[last] = encoded[f->first + last];
		its_error[last] = error[f->first + last];
		there = 1 - value[last];
	}
	for (int i = 0; i < f->inputs - (f->missing != 0); i++)
		if (f->missing && there <= CERTAIN * its_error[last])
			value[i] = its_error[i] = NAN;
		else
			average_of(f, encoded[f->first + i], error[f->first + i], there, &value[i], &its_error[i]);
	return f->inputs;
}

/* the values before the map, and the error that each has of independent ones of that error after it */
static PpdlStatus
unmap(const PpdlFeatures *fs, const double *x, double error, double *encoded, double *errors, PpdlError *err)
{
	double	   *unit,
			   *moved;

	ppdl_features_unmap(fs, x, encoded);
	for (int j = 0; j < fs->encoded; j++)
		errors[j] = fs->map == NULL ? error : 0;
	if (fs->map == NULL)
		return PPDL_OK;
	unit = malloc((size_t) fs->inputs * sizeof *unit);
	moved = malloc((size_t) fs->encoded * sizeof *moved);
	if (unit == NULL || moved == NULL)
	{
		free(unit);
		free(moved);
		return ppdl_lib_nomem(err);
	}
	for (int i = 0; i < fs->inputs; i++)
	{
		for (int k = 0; k < fs->inputs; k++)
			unit[k] = x[k] + (k == i);
		ppdl_features_unmap(fs, unit, moved);
		for (int j = 0; j < fs->encoded; j++)
			errors[j] = hypot(errors[j], error * (moved[j] - encoded[j]));
	}
	OPENSSL_cleanse(unit, (size_t) fs->inputs * sizeof *unit);
	OPENSSL_cleanse(moved, (size_t) fs->encoded * sizeof *moved);
	free(unit);
	free(moved);
	return PPDL_OK;
}

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
decode_average(const ppdl_encoding *encoding, const double *x, double error, double *encoded, double *value,
			   double *its_error, PpdlError *err)
{
	const PpdlFeatures *fs = encoding->fs;
	double	   *errors = encoded + fs->encoded;
	int			at = 0;

	PPDL_TRY(unmap(fs, x, error, encoded, errors, err));
	for (int i = 0; i < fs->count; i++)
		at += averages_of(&fs->feature[i], encoded, errors, value + at, its_error + at);
	return PPDL_OK;
}

int32_t
ppdl_decode_average(const ppdl_encoding *encoding, const double *x, size_t n, double error, double *values,
					double *errors, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlStatus	status;
	size_t		room;
	double	   *work;

	PPDL_NEED(encoding, err);
	PPDL_NEED(x, err);
	PPDL_NEED(values, err);
	if (!(error >= 0) || isinf(error))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "error is %g, no standard deviation", error);
	PPDL_TRY(check_numbers(x, n, encoding->fs->inputs, "x", err));
	/* encoded values, their errors, and errors of averages that nobody asked for */
	room = 2 * (size_t) encoding->fs->encoded + (size_t) encoding->average.count;
	work = malloc(room * sizeof *work);
	if (work == NULL)
		return ppdl_lib_nomem(err);
	if (errors == NULL)
		errors = work + 2 * (size_t) encoding->fs->encoded;
	status = decode_average(encoding, x, error, work, values, errors, err);
	OPENSSL_cleanse(work, room * sizeof *work);
	free(work);
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
	int			best = 0;
	double		second = -INFINITY;

	PPDL_TRY(need_label(encoding, 0, err));
	PPDL_NEED(y, err);
	PPDL_NEED(number, err);
	PPDL_TRY(check_numbers(y, n, encoding->fs->outputs, "y", err));
	for (int i = 1; i < (int) n; i++)
		if (y[i] > y[best])
			best = i;
	for (int i = 0; i < (int) n; i++)
		if (i != best && y[i] > second)
			second = y[i];
	if (encoding->fs->label->kind == PPDL_FEATURE_BINARY)
	{
		best = y[0] > 0;
		second = 0;
	}
	*number = best;
	if (lead != NULL)
		*lead = encoding->fs->label->kind == PPDL_FEATURE_BINARY ? fabs(y[0]) : y[best] - second;
	return PPDL_OK;
}

int32_t
ppdl_decode_label(const ppdl_encoding *encoding, double y, double *value, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const PpdlFeature *f;

	PPDL_TRY(need_label(encoding, 1, err));
	PPDL_NEED(value, err);
	PPDL_TRY(check_numbers(&y, 1, 1, "y", err));
	f = encoding->fs->label;
	*value = f->min / 2 + f->max / 2 + y * (f->max / 2 - f->min / 2);
	return PPDL_OK;
}
