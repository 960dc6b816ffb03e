/*
 * Feature files: JSON, one feature a line so that a person can read and edit it.
 */
#include "table/features.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table/infile.h"
#include "table/jsontext.h"
#include "net/json.h"
#include "rows/encoding.h"

#define FORMAT_NAME "ppdl-features"
#define FORMAT_VERSION 1

static const char *const kind_name[] = {"numeric", "bands", "binary", "one-hot", "constant", "padding",
										 "at-least", "products"};

#define NKINDS ((int) (sizeof kind_name / sizeof *kind_name))

/* ------------------------------------------------------------------ writing */

static json_t *
strings_json(char **s, int n)
{
	json_t	   *a = json_array();

	for (int i = 0; i < n; i++)
		ppdl_json_append(&a, json_string(s[i]));
	return a;
}

static json_t *
feature_json(const PpdlFeature *f)
{
	json_t	   *o = json_object();

	if (f->column)
		ppdl_json_set(&o, "column", json_string(f->column));
	ppdl_json_set(&o, "kind", json_string(kind_name[f->kind]));
	if (f->kind == PPDL_FEATURE_NUMERIC)
	{
		ppdl_json_set(&o, "min", ppdl_json_real(f->min));
		ppdl_json_set(&o, "max", ppdl_json_real(f->max));
	}
	ppdl_feature_put_values(f, &o);
	if (f->kind == PPDL_FEATURE_PRODUCTS)
	{
		int			n = 0;

		while (f->factors[n])
			n++;
		ppdl_json_set(&o, "columns", strings_json(f->factors, n));
	}
	if (f->kind == PPDL_FEATURE_BANDS || f->kind == PPDL_FEATURE_AT_LEAST)
	{
		json_t	   *cuts = json_array();

		for (int i = 0; i < f->ncuts; i++)
			ppdl_json_append(&cuts, ppdl_json_real(f->cut[i]));
		ppdl_json_set(&o, "cuts", cuts);
	}
	if (f->ncategories)
		ppdl_json_set(&o, "categories", strings_json(f->category, f->ncategories));
	if (f->kind == PPDL_FEATURE_PADDING)
		ppdl_json_set(&o, "inputs", json_integer(f->inputs));
	if (f->missing)
		ppdl_json_set(&o, "missing", json_true());
	if (f->weight != 1)
		ppdl_json_set(&o, "weight", ppdl_json_real(f->weight));
	return o;
}

/* appends a value and takes it */
static void
put_json(PpdlWriter *w, json_t *value)
{
	if (value)
		ppdl_json_put(w, value);
	else
		w->bad = 1;
	json_decref(value);
}

/* the members of the file as a whole, a line each */
static void
put_values(PpdlWriter *w, const PpdlFeatures *fs)
{
	json_t	   *values = json_object();
	const char *member;
	json_t	   *value;

	ppdl_features_put_values(fs, &values);
	if (values == NULL)
		w->bad = 1;
	json_object_foreach(values, member, value)
	{
		ppdl_write_text(w, ",\n  \"");
		ppdl_write_text(w, member);
		ppdl_write_text(w, "\": ");
		ppdl_json_put(w, value);
	}
	json_decref(values);
}

/* all members but the digest, and no brace behind them */
static void
put_members(PpdlWriter *w, const PpdlFeatures *fs)
{
	char		encoding[PPDL_ENCODING_SIZE];

	ppdl_write_text(w, "{\n  \"format\": \"" FORMAT_NAME "\",\n  \"version\": ");
	put_json(w, json_integer(FORMAT_VERSION));
	if (fs->encoding != 0)
	{
		ppdl_encoding_print(encoding, fs->encoding);
		ppdl_write_text(w, ",\n  \"encoding\": ");
		ppdl_json_put_string(w, encoding, strlen(encoding));
	}
	ppdl_write_text(w, ",\n  \"source\": ");
	ppdl_json_put_string(w, fs->source, strlen(fs->source));
	ppdl_write_text(w, ",\n  \"rows\": ");
	put_json(w, json_integer(fs->rows));
	put_values(w, fs);
	if (fs->id)
	{
		ppdl_write_text(w, ",\n  \"id\": ");
		ppdl_json_put_string(w, fs->id, strlen(fs->id));
	}
	ppdl_write_text(w, ",\n  \"features\": [\n");
	for (int i = 0; i < fs->count; i++)
	{
		ppdl_write_text(w, "    ");
		put_json(w, feature_json(&fs->feature[i]));
		ppdl_write_text(w, i + 1 < fs->count ? ",\n" : "\n");
	}
	ppdl_write_text(w, "  ]");
	if (fs->label)
	{
		ppdl_write_text(w, ",\n  \"label\": ");
		put_json(w, feature_json(fs->label));
	}
	if (fs->map)
	{
		ppdl_write_text(w, ",\n  \"map\": ");
		ppdl_features_put_map(w, fs->map);
	}
}

/* of the members that were written from `start` on */
static PpdlStatus
put_digest(PpdlWriter *w, size_t start, PpdlError *err)
{
	const size_t end = w->len;
	char		digest[PPDL_FEATURES_DIGEST_SIZE];
	json_error_t why;
	json_t	   *root;
	PpdlStatus	status;

	ppdl_write_text(w, "}");
	root = w->bad ? NULL : ppdl_json_read((const char *) w->buf + start, w->len - start, &why);
	if (root == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	w->len = end;
	status = ppdl_features_digest(digest, root, err);
	json_decref(root);
	PPDL_TRY(status);
	ppdl_write_text(w, ",\n  \"digest\": ");
	ppdl_json_put_string(w, digest, strlen(digest));
	return PPDL_OK;
}

PpdlStatus
ppdl_features_write(const PpdlFeatures *fs, PpdlWriter *w, PpdlError *err)
{
	const size_t start = w->len;

	put_members(w, fs);
	if (fs->encoding != 0)
		PPDL_TRY(put_digest(w, start, err));
	ppdl_write_text(w, "\n}\n");
	if (w->bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ reading */

typedef struct Place
{
	const char *file;
	const char *path;			/* "features[3]" */
	PpdlError  *err;
} Place;

static PpdlStatus
bad(const Place *at, const char *member, const char *what)
{
	return ppdl_error(at->err, PPDL_ERR_FORMAT, "%s: %s%s%s: %s", at->file, at->path, at->path[0] && member[0] ? "." :
					  "", member, what);
}

static PpdlStatus
check_members(const Place *at, json_t *o, const char *const *allowed)
{
	const char *key;
	json_t	   *value;

	json_object_foreach(o, key, value)
	{
		const char *const *a = allowed;

		while (*a && strcmp(*a, key) != 0)
			a++;
		if (*a == NULL)
			return bad(at, key, "unknown member");
	}
	return PPDL_OK;
}

static PpdlStatus
get_string(const Place *at, json_t *o, const char *member, char **out)
{
	json_t	   *v = json_object_get(o, member);

	if (!json_is_string(v) || json_string_length(v) == 0)
		return bad(at, member, "a non-empty string is expected");
	*out = strdup(json_string_value(v));
	return *out ? PPDL_OK : ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
get_number(const Place *at, json_t *o, const char *member, double *out)
{
	json_t	   *v = json_object_get(o, member);

	if (!json_is_number(v))
		return bad(at, member, "a number is expected");
	*out = json_number_value(v);
	return PPDL_OK;
}

static PpdlStatus
get_cuts(const Place *at, json_t *o, PpdlFeature *f)
{
	json_t	   *a = json_object_get(o, "cuts");
	size_t		n = json_array_size(a);

	if (n == 0 || n > PPDL_MAX_INPUTS)
		return bad(at, "cuts", "an array of increasing numbers is expected");
	f->cut = calloc(n, sizeof *f->cut);
	if (f->cut == NULL)
		return ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
	f->ncuts = (int) n;
	for (size_t i = 0; i < n; i++)
	{
		json_t	   *v = json_array_get(a, i);

		f->cut[i] = json_number_value(v);
		if (!json_is_number(v) || (i > 0 && f->cut[i] <= f->cut[i - 1]))
			return bad(at, "cuts", "an array of increasing numbers is expected");
	}
	return PPDL_OK;
}

/* *out: n of them and NULL, also where it fails, as far as they were read */
static PpdlStatus
get_strings(const Place *at, json_t *o, const char *member, char ***out, int *n)
{
	json_t	   *a = json_object_get(o, member);
	size_t		size = json_array_size(a);

	if (size == 0 || size > PPDL_MAX_INPUTS)
		return bad(at, member, "an array of strings is expected");
	*out = calloc(size + 1, sizeof **out);
	if (*out == NULL)
		return ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
	*n = (int) size;
	for (size_t i = 0; i < size; i++)
	{
		json_t	   *v = json_array_get(a, i);

		if (!json_is_string(v) || json_string_length(v) == 0)
			return bad(at, member, "an array of non-empty strings is expected");
		if (((*out)[i] = strdup(json_string_value(v))) == NULL)
			return ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
get_categories(const Place *at, json_t *o, PpdlFeature *f)
{
	if (f->kind == PPDL_FEATURE_BINARY && json_array_size(json_object_get(o, "categories")) != 2)
		return bad(at, "categories", "two strings are expected");
	PPDL_TRY(get_strings(at, o, "categories", &f->category, &f->ncategories));
	for (int i = 0; i < f->ncategories; i++)
		for (int j = 0; j < i; j++)
			if (strcmp(f->category[i], f->category[j]) == 0)
				return bad(at, "categories", "a category appears twice");
	return PPDL_OK;
}

static PpdlStatus
get_kind(const Place *at, json_t *o, PpdlFeatureKind *kind)
{
	const char *s = json_string_value(json_object_get(o, "kind"));

	for (int i = 0; s && i < NKINDS; i++)
		if (strcmp(s, kind_name[i]) == 0)
		{
			*kind = (PpdlFeatureKind) i;
			return PPDL_OK;
		}
	return bad(at, "kind", "\"numeric\", \"bands\", \"binary\", \"one-hot\", \"constant\", \"padding\", "
			   "\"at-least\" or \"products\" is expected");
}

/* what its column says of numbers goes for it, too */
static PpdlStatus
parse_at_least(const Place *at, json_t *o, PpdlFeature *f)
{
	static const char *const allowed[] = {"column", "kind", "cuts", "weight", NULL};

	PPDL_TRY(check_members(at, o, allowed));
	PPDL_TRY(get_string(at, o, "column", &f->column));
	return get_cuts(at, o, f);
}

static PpdlStatus
parse_products(const Place *at, json_t *o, PpdlFeature *f)
{
	static const char *const allowed[] = {"kind", "columns", "weight", NULL};
	int			n;

	PPDL_TRY(check_members(at, o, allowed));
	return get_strings(at, o, "columns", &f->factors, &n);
}

static PpdlStatus
parse_numeric(const Place *at, json_t *o, PpdlFeature *f)
{
	PPDL_TRY(get_number(at, o, "min", &f->min));
	PPDL_TRY(get_number(at, o, "max", &f->max));
	if (!(f->min < f->max))
		return bad(at, "max", "must be greater than min");
	return PPDL_OK;
}

static PpdlStatus
parse_feature(const Place *at, json_t *o, PpdlFeature *f)
{
	static const char *const allowed[] = {"column", "kind", "min", "max", "cuts", "categories", "inputs", "missing",
										  "weight", "decimal", "thousands", "percent", "date", "at", "format", "scale",
										  "aliases", "columns", "step", NULL};
	json_t	   *missing = json_object_get(o, "missing");
	double		inputs = 0;

	if (!json_is_object(o))
		return bad(at, "", "an object is expected");
	PPDL_TRY(check_members(at, o, allowed));
	PPDL_TRY(get_kind(at, o, &f->kind));
	f->weight = 1;
	if (json_object_get(o, "weight"))
		PPDL_TRY(get_number(at, o, "weight", &f->weight));
	if (!(f->weight > 0))
		return bad(at, "weight", "must be positive");
	if (missing && !json_is_boolean(missing))
		return bad(at, "missing", "true or false is expected");
	f->missing = json_is_true(missing);
	switch (f->kind)
	{
		case PPDL_FEATURE_CONSTANT:
			f->missing = 0;
			return PPDL_OK;
		case PPDL_FEATURE_PADDING:
			f->missing = 0;
			PPDL_TRY(get_number(at, o, "inputs", &inputs));
			if (!(inputs >= 1 && inputs <= PPDL_MAX_INPUTS && inputs == floor(inputs)))
				return bad(at, "inputs", "a positive integer is expected");
			f->inputs = (int) inputs;
			return PPDL_OK;
		case PPDL_FEATURE_AT_LEAST:
			return parse_at_least(at, o, f);
		case PPDL_FEATURE_PRODUCTS:
			return parse_products(at, o, f);
		default:
			break;
	}
	PPDL_TRY(get_string(at, o, "column", &f->column));
	if (f->kind == PPDL_FEATURE_NUMERIC)
		PPDL_TRY(parse_numeric(at, o, f));
	else if (f->kind == PPDL_FEATURE_BANDS)
		PPDL_TRY(get_cuts(at, o, f));
	else
		PPDL_TRY(get_categories(at, o, f));
	return ppdl_feature_get_values(f, o, at->file, at->path, at->err);
}

static PpdlStatus
parse_header(const Place *at, json_t *root, PpdlFeatures *fs)
{
	static const char *const allowed[] = {"format", "version", "encoding", "source", "rows", "id", "features",
										  "label", "map", "delimiter", "charset", "header", "na", "na_numbers",
										  "outside", "digest", NULL};
	const char *format = json_string_value(json_object_get(root, "format"));

	if (format == NULL || strcmp(format, FORMAT_NAME) != 0)
		return ppdl_error(at->err, PPDL_ERR_FORMAT,
						  "%s: this is no feature file: it lacks \"format\": \"" FORMAT_NAME "\"", at->file);
	if (json_integer_value(json_object_get(root, "version")) != FORMAT_VERSION)
		return ppdl_error(at->err, PPDL_ERR_VERSION,
						  "%s: unknown version of the feature file (this tool reads version %d)",
						  at->file, FORMAT_VERSION);
	PPDL_TRY(check_members(at, root, allowed));
	fs->rows = (long) json_integer_value(json_object_get(root, "rows"));
	fs->source = strdup(json_is_string(json_object_get(root, "source")) ?
						json_string_value(json_object_get(root, "source")) : "");
	if (fs->source == NULL)
		return ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
	if (json_object_get(root, "id"))
		PPDL_TRY(get_string(at, root, "id", &fs->id));
	return ppdl_features_get_values(fs, root, at->file, at->err);
}

static PpdlStatus
parse_label(const Place *at, json_t *o, PpdlFeatures *fs)
{
	fs->label = calloc(1, sizeof *fs->label);
	if (fs->label == NULL)
		return ppdl_error(at->err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(parse_feature(at, o, fs->label));
	if (fs->label->kind != PPDL_FEATURE_NUMERIC && fs->label->kind != PPDL_FEATURE_BINARY &&
		fs->label->kind != PPDL_FEATURE_ONE_HOT)
		return bad(at, "kind", "a label is \"numeric\", \"binary\" or \"one-hot\"");
	if (fs->label->missing)
		return bad(at, "missing", "does not apply to a label: empty labels become NULL");
	return PPDL_OK;
}

static PpdlStatus
edited(const char *name, const char *encoding, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_FORMAT, "%s: the file was edited since its encoding became %s", name, encoding);
	ppdl_error_detail(err, PPDL_ERR_FORMAT, "Rows encrypted with it before would mean something else than rows "
					  "that are encrypted with it now, and nothing would tell them apart.");
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "\"ppdl encode --renew %s\" gives it an identity of its own, for rows "
						   "that are encrypted from now on; for those that are there, restore the file.", name);
}

/* the id, and whether the file is still what it was given to */
static PpdlStatus
parse_encoding(const Place *at, json_t *root, PpdlFeatures *fs)
{
	const json_t *encoding = json_object_get(root, "encoding"),
			   *digest = json_object_get(root, "digest");
	char		want[PPDL_FEATURES_DIGEST_SIZE];

	if (encoding == NULL && digest == NULL)
		return PPDL_OK;
	if (!json_is_string(encoding) || !ppdl_encoding_parse(&fs->encoding, json_string_value(encoding)))
		return bad(at, "encoding", "12 hexadecimal digits are expected");
	PPDL_TRY(ppdl_features_digest(want, root, at->err));
	if (!json_is_string(digest) || strcmp(json_string_value(digest), want) != 0)
		return edited(at->file, json_string_value(encoding), at->err);
	return PPDL_OK;
}

static PpdlStatus
parse_root(json_t *root, const char *name, int renew, PpdlFeatures *fs, PpdlError *err)
{
	char		path[40];
	Place		at = {name, "", err};
	json_t	   *list = json_object_get(root, "features");
	size_t		n = json_array_size(list);

	PPDL_TRY(parse_header(&at, root, fs));
	PPDL_TRY(renew ? ppdl_encoding_draw(&fs->encoding, err) : parse_encoding(&at, root, fs));
	if (n == 0 || n > PPDL_MAX_INPUTS)
		return bad(&at, "features", "an array of features is expected");
	fs->feature = calloc(n, sizeof *fs->feature);
	if (fs->feature == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	fs->count = (int) n;
	at.path = path;
	for (size_t i = 0; i < n; i++)
	{
		snprintf(path, sizeof path, "features[%zu]", i);
		PPDL_TRY(parse_feature(&at, json_array_get(list, i), &fs->feature[i]));
	}
	at.path = "label";
	if (json_object_get(root, "label"))
		PPDL_TRY(parse_label(&at, json_object_get(root, "label"), fs));
	PPDL_TRY(ppdl_name_file(name, ppdl_features_number(fs, err), err));
	if (json_object_get(root, "map") == NULL)
		return PPDL_OK;
	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].weight != 1)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: features[%d].weight: has no place beside a map", name, i);
		else if (fs->feature[i].kind == PPDL_FEATURE_PRODUCTS || fs->feature[i].kind == PPDL_FEATURE_AT_LEAST)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: features[%d].kind: has no place beside a map, which would mix "
							  "it with other values", name, i);
	PPDL_TRY(ppdl_features_get_map(&fs->map, json_object_get(root, "map"), fs->encoded, name, err));
	return ppdl_features_number(fs, err);
}

static PpdlStatus
parse(PpdlFeatures **out, const char *json, size_t len, const char *name, int renew, PpdlError *err)
{
	PpdlFeatures *fs;
	json_t	   *root;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_json_parse(&root, json, len, name, err));
	fs = calloc(1, sizeof *fs);
	status = fs ? parse_root(root, name, renew, fs, err) : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	json_decref(root);
	if (status == PPDL_OK)
		*out = fs;
	else
		ppdl_features_destroy(fs);
	return status;
}

PpdlStatus
ppdl_features_parse(PpdlFeatures **out, const char *json, size_t len, const char *name, PpdlError *err)
{
	return parse(out, json, len, name, 0, err);
}

PpdlStatus
ppdl_features_parse_renewed(PpdlFeatures **out, const char *json, size_t len, const char *name, PpdlError *err)
{
	return parse(out, json, len, name, 1, err);
}

static PpdlStatus
load(PpdlFeatures **out, const char *path, int renew, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = ppdl_read_whole(path, &w, err);
	if (status == PPDL_OK)
		status = parse(out, (const char *) w.buf, w.len, path, renew, err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_features_load(PpdlFeatures **out, const char *path, PpdlError *err)
{
	return load(out, path, 0, err);
}

PpdlStatus
ppdl_features_load_renewed(PpdlFeatures **out, const char *path, PpdlError *err)
{
	return load(out, path, 1, err);
}
