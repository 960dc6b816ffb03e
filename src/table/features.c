#include "table/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table/features_derived.h"

char	  **
ppdl_copy_words(char *const *words)
{
	size_t		n = 0;
	char	  **copy;

	while (words && words[n])
		n++;
	copy = calloc(n + 1, sizeof *copy);
	for (size_t i = 0; copy && i < n; i++)
		if ((copy[i] = strdup(words[i])) == NULL)
		{
			ppdl_free_words(copy);
			return NULL;
		}
	return copy;
}

void
ppdl_free_words(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

void
ppdl_feature_clear(PpdlFeature *f)
{
	for (int i = 0; i < f->ncategories && f->category; i++)
		free(f->category[i]);
	for (int i = 0; i < f->naliases && f->alias; i++)
	{
		free(f->alias[i].from);
		free(f->alias[i].to);
	}
	free(f->category);
	free(f->rows);
	free(f->alias);
	free(f->date_format);
	free(f->cut);
	ppdl_free_words(f->factors);
	free(f->pair);
	free(f->column);
}

void
ppdl_features_destroy(PpdlFeatures *fs)
{
	if (fs == NULL)
		return;
	for (int i = 0; i < fs->count && fs->feature; i++)
		ppdl_feature_clear(&fs->feature[i]);
	if (fs->label)
		ppdl_feature_clear(fs->label);
	ppdl_whitening_destroy(fs->map);
	free(fs->feature);
	free(fs->label);
	free(fs->source);
	free(fs->charset);
	ppdl_free_words(fs->na);
	ppdl_free_words(fs->na_numbers);
	free(fs->id);
	free(fs);
}

/* inputs of one feature, or of a label */
static int
count_inputs(const PpdlFeature *f)
{
	switch (f->kind)
	{
		case PPDL_FEATURE_BANDS:
			return f->ncuts + 1 + (f->missing != 0);
		case PPDL_FEATURE_ONE_HOT:
			return f->ncategories + (f->missing != 0);
		case PPDL_FEATURE_AT_LEAST:
			return f->ncuts;
		case PPDL_FEATURE_PADDING:
		case PPDL_FEATURE_PRODUCTS:
			return f->inputs;
		default:
			return 1 + (f->missing != 0);
	}
}

PpdlStatus
ppdl_features_number(PpdlFeatures *fs, PpdlError *err)
{
	int			n = 0;

	for (int i = 0; i < fs->count; i++)
	{
		PPDL_TRY(ppdl_features_resolve(fs, i, n, err));
		fs->feature[i].inputs = count_inputs(&fs->feature[i]);
		fs->feature[i].first = n;
		n += fs->feature[i].inputs;
		if (n > PPDL_MAX_INPUTS)
			return ppdl_error(err, PPDL_ERR_RANGE, "the encoding has more than %d inputs", PPDL_MAX_INPUTS);
	}
	if (n == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the encoding has no inputs");
	fs->encoded = n;
	fs->inputs = fs->map ? fs->map->width : n;
	if (fs->label)
		fs->outputs = fs->label->inputs = count_inputs(fs->label);
	return PPDL_OK;
}

int
ppdl_parse_category_number(const char *s, double *v)
{
	return ppdl_parse_number(s, v) == 1 && !ppdl_leading_zero(s);
}

void
ppdl_print_number(char out[32], double v)
{
	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(out, 32, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

void
ppdl_put_number(PpdlWriter *w, double v)
{
	char		number[32];

	ppdl_print_number(number, v);
	ppdl_write_text(w, number);
}

int
ppdl_compare_categories(const void *a, const void *b)
{
	const char *s = *(char *const *) a;
	const char *t = *(char *const *) b;
	double		x,
				y;
	int			nx = ppdl_parse_number(s, &x) == 1;
	int			ny = ppdl_parse_number(t, &y) == 1;

	if (nx && ny && x != y)
		return x < y ? -1 : 1;
	if (nx != ny)
		return nx ? -1 : 1;
	return strcmp(s, t);
}
