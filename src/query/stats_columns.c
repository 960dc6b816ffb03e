#include "query/stats_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "table/calendar.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ names */

/* the column's name, with the unit of a day, and that its numbers are logarithms; malloc'ed */
static char *
shown_name(const PpdlFeature *f)
{
	char		unit[PPDL_FEATURE_UNIT];
	char	   *name;

	ppdl_feature_unit(f, unit);
	return asprintf(&name, f->kind != PPDL_FEATURE_NUMERIC || f->scale == PPDL_SCALE_LINEAR ? "%s%s" :
					f->scale == PPDL_SCALE_LOG ? "log(%s%s)" : "log(1 + %s%s)", f->column, unit) < 0 ? NULL : name;
}

/* ------------------------------------------------------------------ variables */

static int
set_bands(PpdlStatsColumn *c, PpdlVariable *v, const PpdlFeature *f, double lo, double hi)
{
	v->levels = f->ncuts + 1;
	c->level = calloc((size_t) v->levels + 1, sizeof *c->level);
	c->edge = calloc((size_t) v->levels + 1, sizeof *c->edge);
	if (c->level == NULL || c->edge == NULL)
		return 0;
	c->edge[0] = lo;
	c->edge[v->levels] = hi;
	for (int i = 0; i < f->ncuts; i++)
		c->edge[i + 1] = f->cut[i];
	for (int i = 0; i < v->levels; i++)
	{
		char		name[PPDL_FEATURE_BAND];

		ppdl_feature_band_name(f, i, name);
		c->level[i] = strdup(name);
		if (c->level[i] == NULL)
			return 0;
	}
	v->level = (const char *const *) c->level;
	v->edge = c->edge;
	return 1;
}

static void
set_number(PpdlVariable *v, const PpdlFeature *f)
{
	v->kind = PPDL_VARIABLE_NUMBER;
	v->lo = ppdl_feature_scaled(f, f->min);
	v->hi = ppdl_feature_scaled(f, f->max);
	v->offset = ppdl_feature_middle(f);
	v->scale = ppdl_feature_half(f);
}

/* lo, hi: of the number that thresholds are of */
static int
set_levels(PpdlStatsColumn *c, PpdlVariable *v, const PpdlFeature *f, int is_label, double lo, double hi)
{
	v->offset = 0;
	v->scale = 1;
	if (f->kind == PPDL_FEATURE_BANDS || f->kind == PPDL_FEATURE_AT_LEAST)
	{
		v->kind = f->kind == PPDL_FEATURE_BANDS ? PPDL_VARIABLE_BANDS : PPDL_VARIABLE_THRESHOLDS;
		return set_bands(c, v, f, lo, hi);
	}
	v->kind = f->kind == PPDL_FEATURE_BINARY ? PPDL_VARIABLE_BINARY : PPDL_VARIABLE_CATEGORIES;
	v->levels = f->ncategories;
	v->level = (const char *const *) f->category;
	if (f->kind == PPDL_FEATURE_BINARY || is_label)
		v->offset = v->scale = 0.5;
	return 1;
}

/* first: its first value in the moments; missing: the one that says that it is missing, or -1 */
static int
add_variable(PpdlStatsColumns *c, const PpdlFeature *f, int first, int missing)
{
	PpdlVariable *v = &c->variable[c->count];
	PpdlStatsColumn *column = &c->column[c->count];
	const PpdlFeature *base = f->kind == PPDL_FEATURE_AT_LEAST ? &c->features->feature[f->base] : NULL;
	const int	bounded = base && base->kind == PPDL_FEATURE_NUMERIC;

	c->count++;
	column->name = f->column;
	column->shown = shown_name(f);
	if (column->shown == NULL)
		return 0;
	v->name = column->shown;
	v->first = first;
	v->missing = missing;
	if (f->kind != PPDL_FEATURE_NUMERIC)
		return set_levels(column, v, f, f == c->features->label, bounded ? base->min : -INFINITY,
						  bounded ? base->max : INFINITY);
	set_number(v, f);
	return 1;
}

static int
is_left_out(const PpdlFeature *f)
{
	return f->column == NULL;	/* constants, padding, products */
}

/* place[i]: of feature i's first value */
static int
add_features(PpdlStatsColumns *c, int *place)
{
	const PpdlFeatures *fs = c->features;

	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *f = &fs->feature[i];
		int			missing = f->missing ? c->from_row + f->inputs - 1 : -1;

		place[i] = c->from_row;
		if (is_left_out(f))
			continue;
		for (int k = 0; k < f->inputs; k++)
			c->value[c->from_row++] = f->first + k;
		if (f->kind == PPDL_FEATURE_AT_LEAST && fs->feature[f->base].missing)
			missing = place[f->base] + fs->feature[f->base].inputs - 1;
		if (!add_variable(c, f, place[i], missing))
			return 0;
	}
	return 1;
}

PpdlStatus
ppdl_stats_columns(PpdlStatsColumns *c, const PpdlFeatures *fs, int label, PpdlError *err)
{
	int		   *place = calloc((size_t) fs->count + 1, sizeof *place);
	int			ok;

	memset(c, 0, sizeof *c);
	c->features = fs;
	c->label = -1;
	if (fs->map != NULL)
	{
		free(place);
		ppdl_error(err, PPDL_ERR_ARGUMENT,
				   "the feature file has a map (whitening): its rows hold components, not columns");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Encrypt the table with an encoding without such a map, too, into a "
							   "column of its own.");
	}
	c->value = calloc((size_t) fs->encoded + 1, sizeof *c->value);
	c->variable = calloc((size_t) fs->count + 1, sizeof *c->variable);
	c->column = calloc((size_t) fs->count + 1, sizeof *c->column);
	ok = place && c->value && c->variable && c->column && add_features(c, place);
	c->width = c->from_row;
	if (ok && label && fs->label != NULL)
	{
		c->label = c->count;
		c->label_first = c->from_row;
		c->label_missing = c->from_row + fs->outputs;
		c->width = c->label_missing + 1;
		ok = add_variable(c, fs->label, c->label_first, c->label_missing);
	}
	free(place);
	return ok ? PPDL_OK : no_memory(err);
}

void
ppdl_stats_columns_free(PpdlStatsColumns *c)
{
	for (int i = 0; c->column && i < c->count; i++)
	{
		for (int k = 0; c->column[i].level && k < c->variable[i].levels; k++)
			free(c->column[i].level[k]);
		free(c->column[i].level);
		free(c->column[i].edge);
		free(c->column[i].shown);
	}
	free(c->value);
	free(c->variable);
	free(c->column);
	memset(c, 0, sizeof *c);
}

/* ------------------------------------------------------------------ what users call them */

static PpdlStatus
no_column(const PpdlStatsColumns *c, const char *name, PpdlError *err)
{
	char		names[sizeof err->hint - 40] = "";

	for (int i = 0; i < c->count; i++)
		if (i == 0 || strcmp(c->column[i].name, c->column[i - 1].name) != 0)
			ppdl_names_add(names, sizeof names, "%s", c->column[i].name);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "the feature file has no column \"%.*s\"", PPDL_CUT(name, 100));
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Its columns: %s.", names);
}

/* the variable, or -1 */
static int
look_up(const PpdlStatsColumns *c, const char *name, int levels)
{
	int			found = -1;

	for (int i = 0; i < c->count; i++)
		if (strcmp(c->column[i].name, name) == 0 && (found < 0 || (levels && c->variable[i].levels > 0)))
			found = i;
	return found;
}

PpdlStatus
ppdl_stats_find(const PpdlStatsColumns *c, const char *name, int levels, int *variable, PpdlError *err)
{
	*variable = look_up(c, name, levels);
	return *variable >= 0 ? PPDL_OK : no_column(c, name, err);
}

static PpdlStatus
no_level(const PpdlStatsColumns *c, int variable, const char *level, PpdlError *err)
{
	const PpdlVariable *v = &c->variable[variable];
	char		names[sizeof err->hint - 60] = "";

	for (int i = 0; i < v->levels; i++)
		ppdl_names_add(names, sizeof names, "\"%s=%s\"", c->column[variable].name, v->level[i]);
	if (level)
		ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" has no category \"%.*s\"",
				   PPDL_CUT(c->column[variable].name, 80),
				   PPDL_CUT(level, 80));
	else
		ppdl_error(err, PPDL_ERR_ARGUMENT,
				   "column \"%.*s\" has %d categories, where a number or one category is needed",
				   PPDL_CUT(c->column[variable].name, 80), v->levels);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Possible are %s.", names);
}

PpdlStatus
ppdl_stats_find_term(const PpdlStatsColumns *c, const char *text, PpdlTerm *term, PpdlError *err)
{
	const char *equals = strrchr(text, '=');
	char	   *name;
	int			variable = look_up(c, text, 0);

	*term = (PpdlTerm) {variable, 0};
	if (variable >= 0 && c->variable[variable].levels == 2)
		term->level = 1;
	if (variable >= 0)
		return c->variable[variable].levels > 2 ? no_level(c, variable, NULL, err) : PPDL_OK;
	if (equals == NULL)
		return no_column(c, text, err);
	name = strndup(text, (size_t) (equals - text));
	if (name == NULL)
		return no_memory(err);
	variable = look_up(c, name, 1);
	free(name);
	if (variable < 0)
		return no_column(c, text, err);
	for (int i = 0; i < c->variable[variable].levels; i++)
		if (strcmp(c->variable[variable].level[i], equals + 1) == 0)
		{
			*term = (PpdlTerm) {variable, i};
			return PPDL_OK;
		}
	return no_level(c, variable, equals + 1, err);
}
