/* Answers from values: encoded inputs with their errors, what contradicts, totals, rows and classes. */
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "table/decoder_impl.h"

#define CERTAIN 4				/* standard deviations, as in ppdl_format_value */
#define DOUBT 8					/* beyond which values contradict what they are said to be */
#define ROUNDING 1e-6			/* relative: of scales that were matched, of means that a server divided */
#define CODE 0.1				/* how far a category's code may be off in a row that went through a map */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ encoded inputs and their errors */

typedef struct Vector
{
	const PpdlDecoder *d;
	const double *v;			/* values */
	double	   *x;				/* encoded inputs */
	double		error,			/* of a value */
				rows;
} Vector;

static void
set_encoded(const Vector *a)
{
	if (a->d->map)
		ppdl_whitening_invert(a->d->map, a->v, a->rows, a->x);
	else
		memcpy(a->x, a->v, (size_t) a->d->encoded * sizeof *a->x);
}

/* of f x[i] + g x[j]; j may be -1 */
static double
error_of(const Vector *a, double f, int i, double g, int j)
{
	const PpdlWhitening *map = a->d->map;
	double		squares = 0;

	if (j < 0)
		g = 0;
	if (map == NULL)
		return a->error * hypot(f, g);
	f /= map->scale[i];
	g = j < 0 ? 0 : g / map->scale[j];
	for (int r = 0; r < map->components; r++)
	{
		const double *row = map->matrix + (size_t) r * (size_t) map->inputs;
		double		c = a->d->factor[r] * (f * row[i] + (j < 0 ? 0 : g * row[j]));

		squares += c * c;
	}
	return a->error * sqrt(squares);
}

/* ------------------------------------------------------------------ what contradicts */

static double
tolerance(const Vector *a, double error)
{
	return DOUBT * error + ROUNDING * (1 + fabs(a->rows));
}

static PpdlStatus
contradiction(const Vector *a, const char *what, double v, PpdlError *err)
{
	static const char *const name[] = {"a row", "a prediction", "an average", "a sum", "a difference"};

	return ppdl_error(err, PPDL_ERR_FORMAT, "this is not %s%s: %s %.6g", name[a->d->meaning],
					  a->d->meaning == PPDL_MEANING_SUM ? " of so many rows" : "", what, v);
}

/* the values of a block add up to what is left of the rows at most, and none is negative */
static PpdlStatus
check_block(const Vector *a, const PpdlFeature *f, PpdlError *err)
{
	const double bound = fabs(a->rows);
	double		sum = 0;

	for (int i = 0; i < f->inputs; i++)
	{
		double		x = a->x[f->first + i];

		sum += x;
		if (a->rows > 0 && x < -tolerance(a, a->error))
			return contradiction(a, "the share of a category comes out as", x / a->rows, err);
	}
	if (a->rows > 0 && sum > bound + tolerance(a, a->error * sqrt(f->inputs)))
		return contradiction(a, "the shares of categories add up to", sum / bound, err);
	return PPDL_OK;
}

/* values that lie in [low, 1] in a row */
static PpdlStatus
check_each(const Vector *a, const PpdlFeature *f, double low, PpdlError *err)
{
	const double tol = tolerance(a, a->error);

	for (int i = f->first; i < f->first + f->inputs && a->rows > 0; i++)
		if (a->x[i] < low * a->rows - tol || a->x[i] > a->rows + tol)
			return contradiction(a, low < 0 ? "a value between -1 and 1 comes out as" : "a share comes out as",
								 a->x[i] / a->rows, err);
	return PPDL_OK;
}

static PpdlStatus
check_feature(const Vector *a, const PpdlFeature *f, PpdlError *err)
{
	const double tol = tolerance(a, a->error);
	double		x = a->x[f->first],
				missing = f->missing ? a->x[f->first + f->inputs - 1] : 0;

	switch (f->kind)
	{
		case PPDL_FEATURE_CONSTANT:
			return fabs(x - a->rows) > tol ? contradiction(a, "the constant, which counts rows, comes out as", x, err) :
				PPDL_OK;
		case PPDL_FEATURE_PADDING:
			for (int i = 0; i < f->inputs; i++)
				if (fabs(a->x[f->first + i]) > tol)
					return contradiction(a, "padding comes out as", a->x[f->first + i], err);
			return PPDL_OK;
		case PPDL_FEATURE_BANDS:
		case PPDL_FEATURE_ONE_HOT:
			return check_block(a, f, err);
		case PPDL_FEATURE_AT_LEAST:
			return check_each(a, f, 0, err);
		case PPDL_FEATURE_PRODUCTS:
			return check_each(a, f, -1, err);
		default:
			if (a->rows > 0 && (missing < -tol || missing > a->rows + tol))
				return contradiction(a, "the share that is missing comes out as", missing / a->rows, err);
			if (a->rows > 0 && fabs(x) > a->rows - missing + 2 * tol)
				return contradiction(a, "a value between -1 and 1 comes out as", x / a->rows, err);
			return PPDL_OK;
	}
}

static PpdlStatus
check_map(const Vector *a, PpdlError *err)
{
	const PpdlWhitening *map = a->d->map;
	double		constant = a->v[map->components] * map->clip;

	if (fabs(constant - a->rows) > tolerance(a, a->error * map->clip))
		return contradiction(a, "the constant, which counts rows, comes out as", constant, err);
	for (int r = 0; a->d->meaning == PPDL_MEANING_ROW && r < map->components; r++)
		if (fabs(a->v[r]) >= 1 - DOUBT * a->error - ROUNDING * ROUNDING)
			return ppdl_error(err, PPDL_ERR_FORMAT,
							  "component %d of the row was clipped, so that what it stands for is lost", r + 1);
	return PPDL_OK;
}

static PpdlStatus
check(const Vector *a, PpdlError *err)
{
	const PpdlFeatures *fs = a->d->fs;

	for (int i = 0; i < a->d->width; i++)
		if (!isfinite(a->v[i]))
			return ppdl_error(err, PPDL_ERR_FORMAT, "a value is no finite number");
	if (a->d->subject == PPDL_SUBJECT_LABEL)
		return PPDL_OK;
	if (a->d->map)
		return check_map(a, err);
	for (int i = 0; i < fs->count; i++)
		PPDL_TRY(check_feature(a, &fs->feature[i], err));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ totals */

/* back from it; of a difference, a ratio */
static void
unscale(const PpdlDecoder *d, const PpdlFeature *f, PpdlAnswer *out)
{
	if (f->scale == PPDL_SCALE_LINEAR || isnan(out->value))
		return;
	out->error *= exp(out->value);
	out->value = f->scale == PPDL_SCALE_LOG1P && d->meaning != PPDL_MEANING_DIFFERENCE ? expm1(out->value) :
		exp(out->value);
	if (!isfinite(out->value))
		out->value = NAN;
}

static int
two_sided(const PpdlDecoder *d, const PpdlDecoderField *field)
{
	return field->f->kind == PPDL_FEATURE_BINARY || d->subject == PPDL_SUBJECT_LABEL;
}

/* value = offset * present + factor * x, present = rows - x[missing], over present for a mean */
static void
linear(const Vector *a, const PpdlDecoderField *field, double offset, double factor, PpdlAnswer *out)
{
	const double gone = field->missing >= 0 ? a->x[field->missing] : 0,
				present = a->rows - gone,
				x = a->x[field->input];

	if (a->d->meaning != PPDL_MEANING_MEAN)
	{
		out->value = offset * present + factor * x;
		out->error = error_of(a, factor, field->input, -offset, field->missing);
	}
	else if (present > CERTAIN * error_of(a, 1, field->missing >= 0 ? field->missing : field->input, 0, -1) + 1e-12)
	{
		out->value = offset + factor * (x / present);
		out->error = fabs(factor) / present * error_of(a, 1, field->input, x / present, field->missing);
	}
	else						/* no row has a value */
		return;
	out->error += 1e-15 * fmax(fabs(offset), fabs(factor)) * (1 + fabs(a->rows));
	if (!isfinite(out->value))
		out->value = NAN;
}

static void
decode_total(const Vector *a, int answer, PpdlAnswer *out)
{
	const PpdlDecoderField *field = &a->d->field[answer];
	const PpdlFeature *f = field->f;

	if (ppdl_decoder_unknown(a->d, answer))
		return;
	if (field->kind == PPDL_ANSWER_NUMBER)
	{
		linear(a, field, ppdl_feature_middle(f), ppdl_feature_half(f), out);
		unscale(a->d, f, out);
	}
	else if (two_sided(a->d, field) && !(f->missing && field->input == f->first + f->inputs - 1))
		linear(a, field, 0.5, 0.5, out);
	else
		linear(a, field, 0, 1, out);
}

/* ------------------------------------------------------------------ rows and classes */

/* is x the code, as far as can be told? */
static int
is_code(const Vector *a, double x, double code)
{
	return fabs(x - code) < (a->d->map ? CODE : 1e-3) + DOUBT * a->error;
}

static PpdlStatus
no_code(const Vector *a, const PpdlDecoderField *field, double x, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "this is not a row: column \"%s\" has %.6g where a code of 0, 1 or -1 is",
					  a->d->field[field - a->d->field].name, x);
}

/* which input is 1 while the others are `low`; -1: none */
static PpdlStatus
find_one(const Vector *a, const PpdlDecoderField *field, double low, int *which, PpdlError *err)
{
	*which = -1;
	for (int i = 0; i < field->nwords; i++)
	{
		double		x = a->x[field->input + i];

		if (is_code(a, x, 1) && *which < 0)
			*which = i;
		else if (!is_code(a, x, low))
			return no_code(a, field, x, err);
	}
	return PPDL_OK;
}

static PpdlStatus
decode_column(const Vector *a, const PpdlDecoderField *field, PpdlAnswer *out, PpdlError *err)
{
	const PpdlFeature *f = field->f;
	const double x = a->x[field->input];
	int			which;

	if (field->missing >= 0 && is_code(a, a->x[field->missing], 1))
		return PPDL_OK;
	if (field->missing >= 0 && !is_code(a, a->x[field->missing], 0))
		return no_code(a, field, a->x[field->missing], err);
	if (f->kind == PPDL_FEATURE_NUMERIC)
	{
		linear(a, field, ppdl_feature_middle(f), ppdl_feature_half(f), out);
		unscale(a->d, f, out);
		return PPDL_OK;
	}
	if (f->kind == PPDL_FEATURE_BINARY)
	{
		if (!is_code(a, x, 1) && !is_code(a, x, -1) && !is_code(a, x, 0))
			return no_code(a, field, x, err);
		out->word = is_code(a, x, 0) ? NULL : f->category[x > 0];
		return PPDL_OK;
	}
	PPDL_TRY(find_one(a, field, a->d->subject == PPDL_SUBJECT_LABEL ? -1 : 0, &which, err));
	out->word = which < 0 ? NULL : field->word[which];
	return PPDL_OK;
}

/* the largest of the scores of n > 1 classes, and by how much it leads the next */
static int
leading_class(const double *score, int n, double *lead)
{
	int			best = 0;
	double		second = -INFINITY;

	for (int i = 1; i < n; i++)
		best = score[i] > score[best] ? i : best;
	for (int i = 0; i < n; i++)
		second = i != best && score[i] > second ? score[i] : second;
	*lead = score[best] - second;
	return best;
}

int
ppdl_decoder_class(const PpdlFeature *label, const double *score, double error, double *lead)
{
	int			best;

	if (label->kind == PPDL_FEATURE_BINARY)
	{
		*lead = fabs(score[0]);
		return *lead > CERTAIN * error ? score[0] > 0 : -1;
	}
	best = leading_class(score, label->ncategories, lead);
	return *lead > CERTAIN * M_SQRT2 * error ? best : -1;
}

static void
decode_class(const Vector *a, PpdlAnswer *out)
{
	const PpdlFeature *f = a->d->fs->label;
	double		lead;
	int			best;

	if (f->kind == PPDL_FEATURE_NUMERIC)
	{
		out->value = ppdl_feature_middle(f) + ppdl_feature_half(f) * a->x[0];
		out->error = ppdl_feature_half(f) * a->error;
		unscale(a->d, f, out);
		return;
	}
	best = ppdl_decoder_class(f, a->x, a->error, &lead);
	out[0].word = best >= 0 ? f->category[best] : NULL;
	if (f->kind == PPDL_FEATURE_BINARY)
		return;
	out[1].value = a->x[leading_class(a->x, f->ncategories, &lead)];
	out[1].error = a->error;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
decode(const Vector *a, PpdlAnswer *out, PpdlError *err)
{
	const PpdlDecoder *d = a->d;

	set_encoded(a);
	PPDL_TRY(check(a, err));
	for (int i = 0; i < d->count; i++)
		out[i] = (PpdlAnswer) {NAN, 0, NULL};
	if (d->meaning == PPDL_MEANING_CLASS)
		decode_class(a, out);
	for (int i = 0; i < d->count && d->meaning == PPDL_MEANING_ROW; i++)
		PPDL_TRY(decode_column(a, &d->field[i], &out[i], err));
	for (int i = 0; i < d->count && d->meaning > PPDL_MEANING_CLASS; i++)
		decode_total(a, i, &out[i]);
	return PPDL_OK;
}

PpdlStatus
ppdl_decode(const PpdlDecoder *d, const double *v, double error, double rows, PpdlAnswer *out, PpdlError *err)
{
	Vector		a = {.d = d, .v = v, .error = error,
		.rows = d->meaning == PPDL_MEANING_SUM ? rows : d->meaning == PPDL_MEANING_DIFFERENCE ? 0 : 1};
	PpdlStatus	status;

	if (!isfinite(rows) && d->meaning == PPDL_MEANING_SUM)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum of how many rows?");
	a.x = malloc((size_t) d->encoded * sizeof *a.x);
	if (a.x == NULL)
		return no_memory(err);
	status = decode(&a, out, err);
	OPENSSL_cleanse(a.x, (size_t) d->encoded * sizeof *a.x);
	free(a.x);
	return status;
}

/* ------------------------------------------------------------------ how many rows */

/* *rows: of the first block; 0 when another says something else */
static int
agree(double *rows, int *blocks, double sum, double tol)
{
	if ((*blocks)++ == 0)
		*rows = sum;
	return fabs(*rows - sum) <= tol;
}

int
ppdl_decoder_witness(const PpdlFeatures *fs, PpdlSubject subject, const double *v, double error, double *rows,
					 int *exact)
{
	int			blocks = 0;

	*exact = subject == PPDL_SUBJECT_FEATURES;
	if (subject == PPDL_SUBJECT_LABEL)
		return 0;
	if (fs->map)
	{
		*rows = v[fs->map->components] * fs->map->clip;
		return 1;
	}
	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].kind == PPDL_FEATURE_CONSTANT)
		{
			*rows = v[fs->feature[i].first];
			return 1;
		}
	*exact = 0;
	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *f = &fs->feature[i];
		double		sum = 0;

		if (f->kind != PPDL_FEATURE_BANDS && f->kind != PPDL_FEATURE_ONE_HOT)
			continue;
		for (int k = 0; k < f->inputs; k++)
			sum += v[f->first + k];
		if (!agree(rows, &blocks, sum, DOUBT * error * sqrt(2 * f->inputs) + ROUNDING * (1 + fabs(sum))))
			return 0;
	}
	return blocks > 0;
}
