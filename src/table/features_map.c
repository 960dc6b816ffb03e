/* The map of a feature file: learned in a second pass over the rows, and kept as JSON. */
#include <jansson.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/features.h"
#include "net/json.h"

/* ------------------------------------------------------------------ learning */

/* what is made of each row */
typedef void (*TakeRow) (void *arg, const PpdlBinding *b, const double *x);

static PpdlStatus
each_row(const PpdlFeatures *fs, PpdlCsv *csv, TakeRow take, void *arg, PpdlError *err)
{
	double	   *x = malloc(((size_t) fs->inputs + (size_t) fs->outputs) * sizeof *x);
	PpdlBinding b = {0};
	PpdlCsvRow	row;
	int			more = 1,
				has_label;
	PpdlStatus	status;

	if (x == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_binding_init(&b, fs, csv, 1, err);
	while (status == PPDL_OK && more)
	{
		status = ppdl_csv_next(csv, &row, &more, err);
		if (status == PPDL_OK && more)
			status = ppdl_binding_apply(&b, &row, x, x + fs->inputs, &has_label, err);
		if (status == PPDL_OK && more)
			take(arg, &b, x);
	}
	ppdl_binding_free(&b);
	OPENSSL_cleanse(x, ((size_t) fs->inputs + (size_t) fs->outputs) * sizeof *x);
	free(x);
	return status;
}

static void
add_row(void *arg, const PpdlBinding *b, const double *x)
{
	(void) b;
	ppdl_scatter_add(arg, x);
}

/* directions in which rows of such columns may vary: the inputs of bands and of one-hot columns add up to 1 */
static int
directions(const PpdlFeatures *fs)
{
	int			n = fs->encoded;

	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *f = &fs->feature[i];

		if (f->kind == PPDL_FEATURE_CONSTANT || f->kind == PPDL_FEATURE_PADDING)
			n -= f->inputs;
		n -= f->kind == PPDL_FEATURE_BANDS || f->kind == PPDL_FEATURE_ONE_HOT;
	}
	return n;
}

/* What the server sees, the width of rows, follows from this, not from how many directions the rows at hand vary in. */
static int
most_components(const PpdlFeatures *fs, int components)
{
	int			n = directions(fs);

	n = n < fs->rows - 1 ? n : (int) (fs->rows - 1);
	return components > 0 && components < n ? components : n;
}

int
ppdl_features_lossy(const PpdlFeatures *fs)
{
	return fs->map != NULL && fs->map->components < directions(fs);
}

PpdlStatus
ppdl_features_learn_map(PpdlFeatures *fs, PpdlCsv *csv, int components, PpdlError *err)
{
	const int	most = most_components(fs, components);
	PpdlScatter m;
	PpdlStatus	status;

	PPDL_TRY(ppdl_scatter_create(&m, fs->encoded, err));
	status = each_row(fs, csv, add_row, &m, err);
	if (status == PPDL_OK && m.rows != fs->rows)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "%s: %ld rows at first and %ld when read again", ppdl_csv_name(csv),
							fs->rows, m.rows);
	if (status == PPDL_OK)
		status = ppdl_whitening_learn(&fs->map, &m, most > 0 ? most : 1, NULL, err);
	ppdl_scatter_free(&m);
	PPDL_TRY(status);
	if (fs->map->width <= most)
		fs->map->width = most + 1;
	return ppdl_features_number(fs, err);
}

typedef struct Clipped
{
	long		values,
				rows;
} Clipped;

static void
count_row(void *arg, const PpdlBinding *b, const double *x)
{
	Clipped    *c = arg;

	(void) x;
	c->rows += b->clipped > c->values;
	c->values = b->clipped;
}

PpdlStatus
ppdl_features_count_clipped(const PpdlFeatures *fs, PpdlCsv *csv, long *clipped, long *rows, PpdlError *err)
{
	Clipped		c = {0};
	PpdlStatus	status = each_row(fs, csv, count_row, &c, err);

	*clipped = c.values;
	*rows = c.rows;
	return status;
}

/* ------------------------------------------------------------------ JSON */

static void
put_numbers(PpdlWriter *w, const double *v, int n)
{
	for (int i = 0; i < n; i++)
	{
		ppdl_write_text(w, i ? "," : "[");
		ppdl_put_number(w, v[i]);
	}
	ppdl_write_text(w, "]");
}

void
ppdl_features_put_map(PpdlWriter *w, const PpdlWhitening *map)
{
	ppdl_write_text(w, "{\n    \"width\": ");
	ppdl_put_number(w, map->width);
	ppdl_write_text(w, ",\n    \"clip\": ");
	ppdl_put_number(w, map->clip);
	ppdl_write_text(w, ",\n    \"mean\": ");
	put_numbers(w, map->mean, map->inputs);
	ppdl_write_text(w, ",\n    \"scale\": ");
	put_numbers(w, map->scale, map->inputs);
	ppdl_write_text(w, ",\n    \"rows\": [\n");
	for (int r = 0; r < map->components; r++)
	{
		ppdl_write_text(w, "      ");
		put_numbers(w, map->matrix + (size_t) r * map->inputs, map->inputs);
		ppdl_write_text(w, r + 1 < map->components ? ",\n" : "\n");
	}
	ppdl_write_text(w, "    ]\n  }");
}

static PpdlStatus
get_numbers(double *out, const json_t *list, int n, const char *where, PpdlError *err)
{
	char		path[300];

	if (!json_is_array(list) || json_array_size(list) != (size_t) n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: an array of %d numbers is expected, one for each encoded input",
						  where, n);
	for (int i = 0; i < n; i++)
	{
		snprintf(path, sizeof path, "%s[%d]", where, i);
		PPDL_TRY(ppdl_json_number(json_array_get(list, (size_t) i), path, &out[i], err));
	}
	return PPDL_OK;
}

static PpdlStatus
fill(PpdlWhitening *w, const json_t *map, const char *name, PpdlError *err)
{
	const json_t *rows = json_object_get(map, "rows");
	char		path[260];

	double		width;

	snprintf(path, sizeof path, "%.*s: map.width", PPDL_CUT(name, 200));
	PPDL_TRY(ppdl_json_number(json_object_get(map, "width"), path, &width, err));
	if (!(width >= 1 && width <= PPDL_WHITEN_MAX_INPUTS + 1 && width == floor(width)))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be an integer from 1 to %d", path, PPDL_WHITEN_MAX_INPUTS + 1);
	w->width = (int) width;
	snprintf(path, sizeof path, "%.*s: map.clip", PPDL_CUT(name, 200));
	PPDL_TRY(ppdl_json_number(json_object_get(map, "clip"), path, &w->clip, err));
	snprintf(path, sizeof path, "%.*s: map.mean", PPDL_CUT(name, 200));
	PPDL_TRY(get_numbers(w->mean, json_object_get(map, "mean"), w->inputs, path, err));
	snprintf(path, sizeof path, "%.*s: map.scale", PPDL_CUT(name, 200));
	PPDL_TRY(get_numbers(w->scale, json_object_get(map, "scale"), w->inputs, path, err));
	for (int r = 0; r < w->components; r++)
	{
		snprintf(path, sizeof path, "%.*s: map.rows[%d]", PPDL_CUT(name, 200), r);
		PPDL_TRY(get_numbers(w->matrix + (size_t) r * w->inputs, json_array_get(rows, (size_t) r), w->inputs, path,
							 err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_features_get_map(PpdlWhitening **out, const struct json_t *map, int encoded, const char *name, PpdlError *err)
{
	static const char *const allowed[] = {"width", "clip", "mean", "scale", "rows", NULL};
	const json_t *rows = json_object_get(map, "rows");
	char		path[220];
	PpdlError	why = {0};
	PpdlStatus	status;

	*out = NULL;
	snprintf(path, sizeof path, "%.*s: map", PPDL_CUT(name, 200));
	if (!json_is_object(map))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: an object is expected", path);
	PPDL_TRY(ppdl_json_members(map, path, allowed, err));
	if (encoded > PPDL_WHITEN_MAX_INPUTS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: the features have %d inputs, a map takes %d", path, encoded,
						  PPDL_WHITEN_MAX_INPUTS);
	if (!json_is_array(rows) || json_array_size(rows) < 1 || json_array_size(rows) > (size_t) encoded)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.rows: an array of 1 to %d rows is expected", path, encoded);
	PPDL_TRY(ppdl_whitening_create(out, encoded, (int) json_array_size(rows), err));
	status = fill(*out, map, name, err);
	if (status == PPDL_OK && ppdl_whitening_check(*out, &why) != PPDL_OK)
		status = why.code == PPDL_ERR_NOMEM ? ppdl_error(err, why.code, "%s", why.message) :
			ppdl_error(err, PPDL_ERR_FORMAT, "%s: %s", path, why.message);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_whitening_destroy(*out);
	*out = NULL;
	return status;
}
