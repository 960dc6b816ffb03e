/* What there is to be answered: fields with their names and kinds. */
#include <stdlib.h>
#include <string.h>

#include "table/calendar.h"
#include "table/decoder_impl.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* room for all fields is there */
static PpdlDecoderField *
add_field(PpdlDecoder *d, const PpdlFeature *f, PpdlAnswerKind kind, int input, const char *name)
{
	PpdlDecoderField *field = &d->field[d->count++];

	field->f = f;
	field->kind = kind;
	field->input = f->first + input;
	field->missing = f->missing ? f->first + f->inputs - 1 : -1;
	field->name = strdup(name);
	return field;
}

/* a text of the encoded input, long enough for whatever a feature file holds; malloc'ed */
static char *
encoded_name(const PpdlFeatures *fs, const PpdlFeature *f, int input)
{
	size_t		size = strlen(f->column) + 200;
	char	   *name;

	for (int i = 0; i < f->ncategories; i++)
		size += strlen(f->category[i]);
	name = malloc(size);
	if (name != NULL && f == fs->label)
		snprintf(name, size, "%s = %s", f->column, f->category[f->kind == PPDL_FEATURE_BINARY ? 1 : input]);
	else if (name != NULL)
		ppdl_features_encoded_name(fs, f->first + input, name, size);
	return name;
}

/* the bands of a feature without the column's name: "< 20", "20..<22" */
static int
add_band_words(PpdlDecoderField *field)
{
	const PpdlFeature *f = field->f;
	char		name[PPDL_FEATURE_BAND];

	field->own = 1;
	field->word = calloc((size_t) f->ncuts + 1, sizeof *field->word);
	for (; field->word && field->nwords <= f->ncuts; field->nwords++)
	{
		ppdl_feature_band_name(f, field->nwords, name);
		field->word[field->nwords] = strdup(name);
		if (field->word[field->nwords] == NULL)
			return 0;
	}
	return field->word != NULL;
}

/* the column of a number, with its unit where it is a day, and what has become of its logarithm; malloc'ed */
static char *
number_name(const PpdlDecoder *d, const PpdlFeature *f)
{
	const char *log = f->scale == PPDL_SCALE_LINEAR || d->meaning < PPDL_MEANING_MEAN ? "" :
		d->meaning == PPDL_MEANING_DIFFERENCE ? f->scale == PPDL_SCALE_LOG ? " (ratio)" : " (ratio of 1 + value)" :
		f->scale == PPDL_SCALE_LOG ? " (geometric mean)" : " (geometric mean of 1 + value, less 1)";
	char		unit[PPDL_FEATURE_UNIT];
	char	   *name;

	ppdl_feature_unit(f, unit);
	return asprintf(&name, "%s%s%s", f->column, unit, log) < 0 ? NULL : name;
}

static int
add_number(PpdlDecoder *d, const PpdlFeature *f)
{
	char	   *name = number_name(d, f);

	if (name != NULL)
		add_field(d, f, PPDL_ANSWER_NUMBER, 0, name);
	free(name);
	return name != NULL;
}

/* one field for the whole column */
static int
add_column(PpdlDecoder *d, const PpdlFeature *f)
{
	PpdlDecoderField *field;

	if (f->kind == PPDL_FEATURE_NUMERIC)
		return add_number(d, f);
	field = add_field(d, f, PPDL_ANSWER_WORD, 0, f->column);
	if (f->kind == PPDL_FEATURE_BANDS)
		return add_band_words(field);
	field->word = f->category;
	field->nwords = f->ncategories;
	return 1;
}

static int
add_named(PpdlDecoder *d, const PpdlFeature *f, PpdlAnswerKind kind, int input)
{
	char	   *name = encoded_name(d->fs, f, input);

	if (name != NULL)
		add_field(d, f, kind, input, name);
	free(name);
	return name != NULL;
}

/* a number, or a share or count for each category that is shown, and what is missing */
static int
add_totals(PpdlDecoder *d, const PpdlFeature *f)
{
	const PpdlAnswerKind kind = d->meaning == PPDL_MEANING_SUM ? PPDL_ANSWER_COUNT : PPDL_ANSWER_SHARE;
	const int	values = f->inputs - (f->missing != 0);
	char	   *name;

	if (f->kind == PPDL_FEATURE_NUMERIC && !add_number(d, f))
		return 0;
	if (f->kind != PPDL_FEATURE_NUMERIC)
		for (int i = 0; i < values; i++)
			if (!add_named(d, f, kind, i))
				return 0;
	if (!f->missing)
		return 1;
	if (asprintf(&name, "%s missing", f->column) < 0)
		return 0;
	/* its own share is one of all rows */
	add_field(d, f, kind, f->inputs - 1, name)->missing = -1;
	free(name);
	return 1;
}

/* the share or count of each "at least" bit, over the rows that have the number */
static int
add_bits(PpdlDecoder *d, const PpdlFeature *f)
{
	const PpdlAnswerKind kind = d->meaning == PPDL_MEANING_SUM ? PPDL_ANSWER_COUNT : PPDL_ANSWER_SHARE;
	const PpdlFeature *base = &d->fs->feature[f->base];

	for (int i = 0; i < f->inputs; i++)
	{
		if (!add_named(d, f, kind, i))
			return 0;
		d->field[d->count - 1].missing = base->missing ? base->first + base->inputs - 1 : -1;
	}
	return 1;
}

static int
add_class(PpdlDecoder *d, const PpdlFeature *f)
{
	if (!add_column(d, f))
		return 0;
	if (f->kind == PPDL_FEATURE_ONE_HOT)
		add_field(d, f, PPDL_ANSWER_NUMBER, 0, "score");
	return 1;
}

static int
add_feature(PpdlDecoder *d, const PpdlFeature *f)
{
	if (f->column == NULL)
		return 1;
	/* in a row the number itself is answered; products are for statistics */
	if (f->kind == PPDL_FEATURE_AT_LEAST)
		return d->meaning == PPDL_MEANING_ROW || add_bits(d, f);
	return d->meaning == PPDL_MEANING_CLASS ? add_class(d, f) :
		d->meaning == PPDL_MEANING_ROW ? add_column(d, f) : add_totals(d, f);
}

static int
add_all(PpdlDecoder *d)
{
	const PpdlFeatures *fs = d->fs;

	if (d->subject == PPDL_SUBJECT_LABEL)
		return add_feature(d, fs->label);
	for (int i = 0; i < fs->count; i++)
		if (!add_feature(d, &fs->feature[i]))
			return 0;
	return 1;
}

static int
set_factors(PpdlDecoder *d)
{
	const PpdlWhitening *map = d->map;

	if (map == NULL)
		return 1;
	d->factor = malloc((size_t) map->components * sizeof *d->factor);
	for (int r = 0; d->factor && r < map->components; r++)
	{
		const double *row = map->matrix + (size_t) r * (size_t) map->inputs;
		double		length = 0;

		for (int i = 0; i < map->inputs; i++)
			length += row[i] * row[i];
		d->factor[r] = map->clip / length;
	}
	return d->factor != NULL;
}

PpdlStatus
ppdl_decoder_create(PpdlDecoder **out, const PpdlFeatures *fs, PpdlSubject subject, PpdlMeaning meaning, PpdlError *err)
{
	const int	label = subject == PPDL_SUBJECT_LABEL;
	PpdlDecoder *d;
	int			ok;

	*out = NULL;
	if (label && fs->label == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the feature file has no label");
	if (!label && meaning == PPDL_MEANING_CLASS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "features have no class: a prediction is one of the label");
	d = calloc(1, sizeof *d);
	if (d == NULL)
		return no_memory(err);
	d->fs = fs;
	d->map = label ? NULL : fs->map;
	d->subject = subject;
	d->meaning = meaning;
	d->width = label ? fs->outputs : fs->inputs;
	d->encoded = label ? fs->outputs : fs->encoded;
	d->cap = d->encoded + fs->count + 2;
	d->field = calloc((size_t) d->cap, sizeof *d->field);
	ok = d->field != NULL && set_factors(d) && add_all(d);
	for (int i = 0; ok && i < d->count; i++)
		ok = d->field[i].name != NULL;
	PPDL_ASSERT(d->count <= d->cap);
	if (!ok)
	{
		ppdl_decoder_destroy(d);
		return no_memory(err);
	}
	*out = d;
	return PPDL_OK;
}

void
ppdl_decoder_destroy(PpdlDecoder *d)
{
	if (d == NULL)
		return;
	for (int i = 0; d->field && i < d->count; i++)
	{
		PpdlDecoderField *field = &d->field[i];

		for (int k = 0; field->own && field->word && k < field->nwords; k++)
			free(field->word[k]);
		if (field->own)
			free(field->word);
		free(field->name);
	}
	free(d->field);
	free(d->factor);
	free(d);
}

int
ppdl_decoder_count(const PpdlDecoder *d)
{
	return d->count;
}

const char *
ppdl_decoder_name(const PpdlDecoder *d, int answer)
{
	return d->field[answer].name;
}

PpdlAnswerKind
ppdl_decoder_kind(const PpdlDecoder *d, int answer)
{
	return d->field[answer].kind;
}

int
ppdl_decoder_unknown(const PpdlDecoder *d, int answer)
{
	const PpdlDecoderField *field = &d->field[answer];

	return (d->meaning == PPDL_MEANING_DIFFERENCE && field->missing >= 0) ||
		(d->meaning == PPDL_MEANING_SUM && field->kind == PPDL_ANSWER_NUMBER && field->f->scale != PPDL_SCALE_LINEAR);
}
