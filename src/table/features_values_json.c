/* Members of feature files: how values are written and what they mean. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/json.h"
#include "table/calendar.h"
#include "table/features.h"

static const char *const outside_name[] = {"error", "clamp", "null", NULL};
static const char *const date_name[] = {"", "day", "age", "since", NULL};
static const char *const scale_name[] = {"linear", "log", "log1p", NULL};

#define LONGEST_FORMAT 60

/* ------------------------------------------------------------------ writing */

static json_t *
words_json(char *const *words)
{
	json_t	   *a = json_array();

	for (; *words; words++)
		ppdl_json_append(&a, json_string(*words));
	return a;
}

static json_t *
character_json(char c)
{
	return c == '\t' ? json_string("tab") : json_stringn(&c, 1);
}

void
ppdl_features_put_values(const PpdlFeatures *fs, json_t **root)
{
	if (fs->delimiter && fs->delimiter != ',')
		ppdl_json_set(root, "delimiter", character_json(fs->delimiter));
	if (fs->charset)
		ppdl_json_set(root, "charset", json_string(fs->charset));
	if (fs->no_header)
		ppdl_json_set(root, "header", json_false());
	if (fs->na)
		ppdl_json_set(root, "na", words_json(fs->na));
	if (fs->na_numbers && fs->na_numbers[0])
		ppdl_json_set(root, "na_numbers", words_json(fs->na_numbers));
	if (fs->outside != PPDL_OUTSIDE_ERROR)
		ppdl_json_set(root, "outside", json_string(outside_name[fs->outside]));
}

static void
put_date(const PpdlFeature *f, json_t **o)
{
	char		day[16];

	ppdl_json_set(o, "date", json_string(date_name[f->date]));
	if (f->date != PPDL_DATE_DAY)
	{
		ppdl_day_print(day, f->at);
		ppdl_json_set(o, "at", json_string(day));
	}
	if (f->date_format)
		ppdl_json_set(o, "format", json_string(f->date_format));
}

void
ppdl_feature_put_values(const PpdlFeature *f, json_t **o)
{
	json_t	   *aliases;

	if (f->numerals.decimal && f->numerals.decimal != '.')
		ppdl_json_set(o, "decimal", character_json(f->numerals.decimal));
	if (f->numerals.thousands)
		ppdl_json_set(o, "thousands", character_json(f->numerals.thousands));
	if (f->numerals.percent)
		ppdl_json_set(o, "percent", json_true());
	if (f->date != PPDL_DATE_NONE)
		put_date(f, o);
	if (f->step > 0)
		ppdl_json_set(o, "step", ppdl_json_real(f->step));
	if (f->scale != PPDL_SCALE_LINEAR)
		ppdl_json_set(o, "scale", json_string(scale_name[f->scale]));
	if (f->naliases == 0)
		return;
	aliases = json_object();
	for (int i = 0; i < f->naliases; i++)
		ppdl_json_set(&aliases, f->alias[i].from, f->alias[i].to ? json_string(f->alias[i].to) : json_null());
	ppdl_json_set(o, "aliases", aliases);
}

/* ------------------------------------------------------------------ reading */

static PpdlStatus
bad(const char *name, const char *place, const char *member, const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %s%s%s: %s", name, place, place[0] ? "." : "", member, what);
}

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
get_words(char ***out, const json_t *a, const char *name, const char *member, PpdlError *err)
{
	size_t		n = json_array_size(a);

	if (a == NULL)
		return PPDL_OK;
	if (!json_is_array(a) || n > 1000)
		return bad(name, "", member, "an array of strings is expected", err);
	if ((*out = calloc(n + 1, sizeof **out)) == NULL)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
	{
		const char *word = json_string_value(json_array_get(a, i));

		if (word == NULL)
			return bad(name, "", member, "an array of strings is expected", err);
		if (((*out)[i] = strdup(word)) == NULL)
			return no_memory(err);
	}
	return PPDL_OK;
}

/* index of the member's word, or -1; 0 when it is not there */
static int
choice(const json_t *v, const char *const *names)
{
	const char *s = json_string_value(v);

	if (v == NULL)
		return 0;
	for (int i = 0; s && names[i]; i++)
		if (names[i][0] && strcmp(names[i], s) == 0)
			return i;
	return -1;
}

/* one character of `allowed` (any but quotes and line ends when NULL) */
static PpdlStatus
get_character(char *out, const json_t *o, const char *member, const char *allowed, const char *name, const char *place,
			  PpdlError *err)
{
	const json_t *v = json_object_get(o, member);
	const char *s = json_string_value(v);

	if (v == NULL)
		return PPDL_OK;
	if (s && allowed == NULL && strcmp(s, "tab") == 0)
		s = "\t";
	if (s == NULL || strlen(s) != 1 || (allowed ? strchr(allowed, s[0]) == NULL : strchr("\"\r\n", s[0]) != NULL))
		return bad(name, place, member, "one character is expected", err);
	*out = s[0];
	return PPDL_OK;
}

PpdlStatus
ppdl_features_get_values(PpdlFeatures *fs, const json_t *root, const char *name, PpdlError *err)
{
	const json_t *charset = json_object_get(root, "charset"),
			   *header = json_object_get(root, "header");
	int			outside = choice(json_object_get(root, "outside"), outside_name);

	if (outside < 0)
		return bad(name, "", "outside", "\"error\", \"clamp\" or \"null\" is expected", err);
	fs->outside = (PpdlOutside) outside;
	if (header && !json_is_boolean(header))
		return bad(name, "", "header", "true or false is expected", err);
	fs->no_header = json_is_false(header);
	if (charset && (!json_is_string(charset) || json_string_length(charset) > 60))
		return bad(name, "", "charset", "a string is expected", err);
	if (charset && (fs->charset = strdup(json_string_value(charset))) == NULL)
		return no_memory(err);
	PPDL_TRY(get_character(&fs->delimiter, root, "delimiter", NULL, name, "", err));
	PPDL_TRY(get_words(&fs->na, json_object_get(root, "na"), name, "na", err));
	return get_words(&fs->na_numbers, json_object_get(root, "na_numbers"), name, "na_numbers", err);
}

static PpdlStatus
get_date(PpdlFeature *f, const json_t *o, const char *name, const char *place, PpdlError *err)
{
	const char *at = json_string_value(json_object_get(o, "at"));
	const json_t *format = json_object_get(o, "format");
	int			use = choice(json_object_get(o, "date"), date_name);

	if (use < 0)
		return bad(name, place, "date", "\"day\", \"age\" or \"since\" is expected", err);
	f->date = (PpdlDateUse) use;
	if (f->date == PPDL_DATE_NONE)
		return PPDL_OK;
	if (f->kind != PPDL_FEATURE_NUMERIC && f->kind != PPDL_FEATURE_BANDS)
		return bad(name, place, "date", "is for numbers and bands", err);
	if (f->date != PPDL_DATE_DAY && (at == NULL || !ppdl_day_parse(NULL, at, &f->at)))
		return bad(name, place, "at", "a day is expected, \"2026-01-31\" for example", err);
	if (format == NULL)
		return PPDL_OK;
	if (!json_is_string(format) || json_string_length(format) > LONGEST_FORMAT)
		return bad(name, place, "format", "a format of dates is expected, \"%d.%m.%Y\" for example", err);
	f->date_format = strdup(json_string_value(format));
	return f->date_format ? PPDL_OK : no_memory(err);
}

static PpdlStatus
get_step(PpdlFeature *f, const json_t *o, const char *name, const char *place, PpdlError *err)
{
	const json_t *step = json_object_get(o, "step");

	f->step = json_number_value(step);
	if (step && (!json_is_number(step) || !(f->step > 0) || !isfinite(f->step)))
		return bad(name, place, "step", "a positive number is expected", err);
	if (step && f->kind != PPDL_FEATURE_NUMERIC && f->kind != PPDL_FEATURE_BANDS)
		return bad(name, place, "step", "is for numbers and bands", err);
	return PPDL_OK;
}

static PpdlStatus
get_scale(PpdlFeature *f, const json_t *o, const char *name, const char *place, PpdlError *err)
{
	int			scale = choice(json_object_get(o, "scale"), scale_name);

	if (scale < 0)
		return bad(name, place, "scale", "\"linear\", \"log\" or \"log1p\" is expected", err);
	f->scale = (PpdlFeatureScale) scale;
	if (scale != PPDL_SCALE_LINEAR && f->kind != PPDL_FEATURE_NUMERIC)
		return bad(name, place, "scale", "is for numbers", err);
	if ((scale == PPDL_SCALE_LOG && !(f->min > 0)) || (scale == PPDL_SCALE_LOG1P && !(f->min >= 0)))
		return bad(name, place, "min", "has no logarithm", err);
	if (scale != PPDL_SCALE_LINEAR && !(ppdl_feature_encode(f, f->min) < 1))
		return bad(name, place, "max", "has the logarithm of min", err);
	return PPDL_OK;
}

static PpdlStatus
get_aliases(PpdlFeature *f, const json_t *aliases, const char *name, const char *place, PpdlError *err)
{
	const char *from;
	json_t	   *to;

	if (aliases == NULL)
		return PPDL_OK;
	if (!json_is_object(aliases) || json_object_size(aliases) > PPDL_MAX_INPUTS)
		return bad(name, place, "aliases", "an object is expected", err);
	f->alias = calloc(json_object_size(aliases) + 1, sizeof *f->alias);
	if (f->alias == NULL)
		return no_memory(err);
	json_object_foreach((json_t *) aliases, from, to)
	{
		PpdlAlias  *a = &f->alias[f->naliases++];

		if (!json_is_null(to) && (!json_is_string(to) || json_string_length(to) == 0))
			return bad(name, place, "aliases", "strings are expected, or null", err);
		a->from = strdup(from);
		a->to = json_is_null(to) ? NULL : strdup(json_string_value(to));
		if (a->from == NULL || (a->to == NULL && !json_is_null(to)))
			return no_memory(err);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_feature_get_values(PpdlFeature *f, const json_t *o, const char *name, const char *place, PpdlError *err)
{
	const json_t *percent = json_object_get(o, "percent");

	PPDL_TRY(get_character(&f->numerals.decimal, o, "decimal", ".,", name, place, err));
	PPDL_TRY(get_character(&f->numerals.thousands, o, "thousands", ".,' _", name, place, err));
	if (f->numerals.thousands && f->numerals.thousands == (f->numerals.decimal ? f->numerals.decimal : '.'))
		return bad(name, place, "thousands", "must not be the decimal mark", err);
	if (percent && !json_is_boolean(percent))
		return bad(name, place, "percent", "true or false is expected", err);
	f->numerals.percent = json_is_true(percent);
	PPDL_TRY(get_date(f, o, name, place, err));
	PPDL_TRY(get_step(f, o, name, place, err));
	PPDL_TRY(get_scale(f, o, name, place, err));
	return get_aliases(f, json_object_get(o, "aliases"), name, place, err);
}
