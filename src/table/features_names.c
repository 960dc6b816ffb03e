/* What encoded inputs and values of a row are called. */
#include <stdio.h>
#include <string.h>

#include "table/features.h"

void
ppdl_feature_band_name(const PpdlFeature *f, int band, char out[PPDL_FEATURE_BAND])
{
	char		lo[32],
				hi[32];

	if (band > 0)
		ppdl_print_number(lo, f->cut[band - 1]);
	if (band < f->ncuts)
		ppdl_print_number(hi, f->cut[band]);
	if (band == 0)
		snprintf(out, PPDL_FEATURE_BAND, "< %s", hi);
	else if (band == f->ncuts)
		snprintf(out, PPDL_FEATURE_BAND, ">= %s", lo);
	else
		snprintf(out, PPDL_FEATURE_BAND, "%s..<%s", lo, hi);
}

/* of an input that is no product */
static void
plain_name(const PpdlFeatures *fs, const PpdlFeature *f, int i, char *out, size_t size)
{
	char		cut[40],
				band[PPDL_FEATURE_BAND];

	if (f->missing && i == f->inputs - 1)
		snprintf(out, size, "%s missing", f->column);
	else if (f->kind == PPDL_FEATURE_CONSTANT)
		snprintf(out, size, "constant 1");
	else if (f->kind == PPDL_FEATURE_PADDING)
		snprintf(out, size, "padding");
	else if (f->kind == PPDL_FEATURE_NUMERIC)
		snprintf(out, size, "%s", f->column);
	else if (f->kind == PPDL_FEATURE_BINARY)
		snprintf(out, size, "%s = %s", f->column, f->category[1]);
	else if (f->kind == PPDL_FEATURE_ONE_HOT)
		snprintf(out, size, "%s = %s", f->column, f->category[i]);
	else if (f->kind == PPDL_FEATURE_AT_LEAST)
	{
		ppdl_feature_print(&fs->feature[f->base], f->cut[i], cut, sizeof cut);
		snprintf(out, size, "%s>=%s", f->column, cut);
	}
	else
	{
		ppdl_feature_band_name(f, i, band);
		snprintf(out, size, "%s %s", f->column, band);
	}
}

/* appended: a column's name as it is, anything longer in parentheses */
static void
put_factor(const PpdlFeatures *fs, int input, char *out, size_t size)
{
	const PpdlFeature *f = ppdl_features_owner(fs, input);
	const int	alone = f->kind == PPDL_FEATURE_NUMERIC && input == f->first;
	char		name[200];

	plain_name(fs, f, input - f->first, name, sizeof name);
	snprintf(out, size, alone ? "%s" : "(%s)", name);
}

void
ppdl_features_encoded_name(const PpdlFeatures *fs, int input, char *out, size_t size)
{
	const PpdlFeature *f = ppdl_features_owner(fs, input);
	char		one[210],
				other[210];

	if (f->kind != PPDL_FEATURE_PRODUCTS)
	{
		plain_name(fs, f, input - f->first, out, size);
		return;
	}
	put_factor(fs, f->pair[input - f->first][0], one, sizeof one);
	put_factor(fs, f->pair[input - f->first][1], other, sizeof other);
	snprintf(out, size, "%s*%s", one, other);
}

void
ppdl_features_input_name(const PpdlFeatures *fs, int input, char *out, size_t size)
{
	if (fs->map == NULL)
		ppdl_features_encoded_name(fs, input, out, size);
	else if (input < fs->map->components)
		snprintf(out, size, "component %d", input + 1);
	else
		snprintf(out, size, input == fs->map->components ? "constant" : "padding");
}
