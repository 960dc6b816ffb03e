#include "table/features.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "table/features_derived.h"

void
ppdl_features_csv(const PpdlFeatures *fs, PpdlCsvOptions *opt)
{
	if (fs == NULL)
		return;
	if (opt->delimiter == 0)
		opt->delimiter = fs->delimiter;
	if (opt->charset == NULL)
		opt->charset = fs->charset;
	opt->no_header |= fs->no_header;
}

static const PpdlBindingHints tool_hints = {
	.outside = "Widen min and max in the feature file, or give --outside=clamp to take the nearer bound, or "
	"--outside=null to take it for missing.",
	.outside_raw = "Without a feature file (--raw) numbers must lie in [-1, 1]: divide the column first, or give "
	"--outside=clamp to take the nearer bound.",
	.unknown = "Learn the encoding again, or give --unknown=other to encode it as none of them.",
	.missing = "Learn the encoding again, or give --unknown=other to encode it as 0.",
	.unknown_label = "Learn the encoding again, with --label-map \"LABEL=\" if it shall give NULL labels, or give "
	"--no-label to write none.",
	.no_label = "Rows without a label are encrypted with --no-label."
};

PpdlStatus
ppdl_binding_init(PpdlBinding *b, const PpdlFeatures *fs, const PpdlCsv *csv, int need_label, PpdlError *err)
{
	return ppdl_binding_init_with(b, fs, csv, need_label, &tool_hints, err);
}

PpdlStatus
ppdl_binding_init_with(PpdlBinding *b, const PpdlFeatures *fs, const PpdlCsv *csv, int need_label,
					   const PpdlBindingHints *hints, PpdlError *err)
{
	PpdlStatus	status;

	memset(b, 0, sizeof *b);
	b->fs = fs;
	b->hints = hints;
	b->outside = fs->outside;
	b->file = ppdl_csv_name(csv);
	b->label = b->id = -1;
	b->column = malloc((size_t) fs->count * sizeof *b->column);
	b->encoded = malloc((size_t) fs->encoded * sizeof *b->encoded);
	if (b->column == NULL || b->encoded == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto fail;
	}
	for (int i = 0; i < fs->count; i++)
	{
		b->column[i] = -1;
		if (fs->feature[i].column)
			PPDL_GOTO(fail, ppdl_csv_find(csv, fs->feature[i].column, &b->column[i], err));
	}
	if (fs->id)
		PPDL_GOTO(fail, ppdl_csv_find(csv, fs->id, &b->id, err));
	if (fs->label && ppdl_csv_find(csv, fs->label->column, &b->label, need_label ? err : NULL) != PPDL_OK && need_label)
	{
		status = ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", b->hints->no_label);
		goto fail;
	}
	return PPDL_OK;

fail:
	ppdl_binding_free(b);
	return status;
}

void
ppdl_binding_free(PpdlBinding *b)
{
	if (b->encoded)				/* a patient's */
		OPENSSL_cleanse(b->encoded, (size_t) b->fs->encoded * sizeof *b->encoded);
	free(b->encoded);
	free(b->column);
	b->column = NULL;
	b->encoded = NULL;
}

static PpdlStatus
bad_value(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, const char *what,
		  PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: column \"%s\": \"%.*s\" %s", b->file, row->line, f->column,
					  PPDL_CUT(s, 60),
					  what);
}

static PpdlStatus
no_number(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, PpdlError *err)
{
	const PpdlNumerals *n = &f->numerals;
	char		form[120];

	if (f->date != PPDL_DATE_NONE)
	{
		bad_value(b, row, f, s, "is not a day", err);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Days are written %s.", f->date_format ? f->date_format :
							   "2026-01-31 or 31.1.2026");
	}
	bad_value(b, row, f, s, "is not a number", err);
	if (!n->percent && !n->thousands && (n->decimal == 0 || n->decimal == '.'))
		return PPDL_ERR_FORMAT;
	snprintf(form, sizeof form, "%s%s%s", n->decimal == ',' ? " with a decimal comma" : " with a decimal point",
			 n->thousands ? ", thousands in groups" : "", n->percent ? ", a percent sign behind" : "");
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "The feature file says how numbers of this column are written:%s.",
						   form);
}

static PpdlStatus
read_number(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *v, PpdlError *err)
{
	int			got = ppdl_feature_number(f, s, v);

	if (got == 1)
		return PPDL_OK;
	return got < 0 ? bad_value(b, row, f, s, "is not a finite number", err) : no_number(b, row, f, s, err);
}

static PpdlStatus
refuse_outside(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, PpdlError *err)
{
	char		lo[40],
				hi[40],
				what[120];

	ppdl_feature_print(f, f->min, lo, sizeof lo);
	ppdl_feature_print(f, f->max, hi, sizeof hi);
	snprintf(what, sizeof what, "lies outside %s .. %s", lo, hi);
	bad_value(b, row, f, s, what, err);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", b->fs->raw ? b->hints->outside_raw : b->hints->outside);
}

/* *missing: it lies outside, and is to count as missing */
static PpdlStatus
apply_numeric(PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *x, int *missing,
			  PpdlError *err)
{
	double		v;

	*missing = 0;
	PPDL_TRY(read_number(b, row, f, s, &v, err));
	if (v < f->min || v > f->max)
	{
		if (b->outside == PPDL_OUTSIDE_ERROR)
			return refuse_outside(b, row, f, s, err);
		b->clamped++;
		if (b->outside == PPDL_OUTSIDE_NULL)
		{
			*missing = 1;
			return PPDL_OK;
		}
		v = v < f->min ? f->min : f->max;
	}
	x[0] = ppdl_feature_encode(f, v);
	return PPDL_OK;
}

static PpdlStatus
apply_bands(PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *x, PpdlError *err)
{
	double		v;
	int			band = 0;

	PPDL_TRY(read_number(b, row, f, s, &v, err));
	while (band < f->ncuts && v >= f->cut[band])
		band++;
	x[band] = 1;
	return PPDL_OK;
}

/* bits of a number that its own feature has read already, and counted where it was outside */
static PpdlStatus
apply_at_least(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *x,
			   PpdlError *err)
{
	const PpdlFeature *base = &b->fs->feature[f->base];
	double		v;

	memset(x, 0, (size_t) f->inputs * sizeof *x);
	if (ppdl_feature_missing(b->fs, base, s))
		return PPDL_OK;
	PPDL_TRY(read_number(b, row, base, s, &v, err));
	if (base->kind == PPDL_FEATURE_NUMERIC && (v < base->min || v > base->max))
	{
		if (b->outside == PPDL_OUTSIDE_NULL)
			return PPDL_OK;
		v = v < base->min ? base->min : base->max;
	}
	for (int i = 0; i < f->ncuts; i++)
		x[i] = v >= f->cut[i];
	return PPDL_OK;
}

static PpdlStatus
unknown_category(const PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, int label,
				 PpdlError *err)
{
	char		list[sizeof err->detail - 20] = "";

	bad_value(b, row, f, s, "is none of the learned categories", err);
	for (int i = 0; i < f->ncategories; i++)
		ppdl_names_add(list, sizeof list, "\"%s\"", f->category[i]);
	ppdl_error_detail(err, PPDL_ERR_FORMAT, "Learned: %s", list);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", label ? b->hints->unknown_label : b->hints->unknown);
}

static PpdlStatus
apply_feature(PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *x, PpdlError *err)
{
	int			c,
				missing;

	memset(x, 0, (size_t) f->inputs * sizeof *x);
	if (f->kind == PPDL_FEATURE_PADDING)
		return PPDL_OK;
	if (f->kind == PPDL_FEATURE_CONSTANT)
	{
		x[0] = 1;
		return PPDL_OK;
	}
	if (ppdl_feature_missing(b->fs, f, s))
	{
		if (f->missing)
			x[f->inputs - 1] = 1;
		else if (b->unknown_other)
			b->unknown++;
		else
		{
			ppdl_error(err, PPDL_ERR_FORMAT,
					   "%s:%ld: column \"%s\": %s%.*s%s, which it never was where the encoding was learned",
					   b->file, row->line, f->column, s[0] ? "missing (\"" : "empty",
					   PPDL_CUT(s, 60), s[0] ? "\")" : "");
			return ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", b->hints->missing);
		}
		return PPDL_OK;
	}
	if (f->kind == PPDL_FEATURE_NUMERIC)
	{
		PPDL_TRY(apply_numeric(b, row, f, s, x, &missing, err));
		if (missing && f->missing)
			x[f->inputs - 1] = 1;
		return PPDL_OK;
	}
	if (f->kind == PPDL_FEATURE_BANDS)
		return apply_bands(b, row, f, s, x, err);
	c = ppdl_feature_class(b->fs, f, s);
	if (c < 0 && !b->unknown_other)
		return unknown_category(b, row, f, s, 0, err);
	if (c < 0)
		b->unknown++;
	else if (f->kind == PPDL_FEATURE_BINARY)
		x[0] = c ? 1 : -1;
	else
		x[c] = 1;
	return PPDL_OK;
}

static PpdlStatus
apply_label(PpdlBinding *b, const PpdlCsvRow *row, const PpdlFeature *f, const char *s, double *y, int *missing,
			PpdlError *err)
{
	int			c;

	if (f->kind == PPDL_FEATURE_NUMERIC)
		return apply_numeric(b, row, f, s, y, missing, err);
	c = ppdl_feature_class(b->fs, f, s);
	if (c < 0)
		return unknown_category(b, row, f, s, 1, err);
	if (f->kind == PPDL_FEATURE_BINARY)
		y[0] = c ? 1 : -1;
	else
		for (int i = 0; i < f->inputs; i++)
			y[i] = i == c ? 1 : -1;
	return PPDL_OK;
}

PpdlStatus
ppdl_binding_apply(PpdlBinding *b, const PpdlCsvRow *row, double *x, double *y, int *has_label, PpdlError *err)
{
	const PpdlFeatures *fs = b->fs;
	double	   *encoded = fs->map ? b->encoded : x;
	int			missing = 0;

	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *f = &fs->feature[i];
		const char *s = f->column ? row->field[b->column[i]] : "";

		if (f->kind == PPDL_FEATURE_PRODUCTS)
			ppdl_features_multiply(f, encoded);
		else if (f->kind == PPDL_FEATURE_AT_LEAST)
			PPDL_TRY(apply_at_least(b, row, f, s, encoded + f->first, err));
		else
			PPDL_TRY(apply_feature(b, row, f, s, encoded + f->first, err));
	}
	if (fs->map)
		b->clipped += ppdl_whitening_apply(fs->map, encoded, x);
	*has_label = y != NULL && b->label >= 0 && !ppdl_feature_missing(fs, fs->label, row->field[b->label]);
	if (*has_label)
		PPDL_TRY(apply_label(b, row, fs->label, row->field[b->label], y, &missing, err));
	*has_label &= !missing;
	return PPDL_OK;
}
