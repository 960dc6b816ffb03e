#include "table/features_derived.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PPDL_PRODUCT_STORED (-3)	/* it has to be a value of its own */

const PpdlFeature *
ppdl_features_owner(const PpdlFeatures *fs, int input)
{
	const PpdlFeature *f = fs->feature;

	while (input >= f->first + f->inputs)
		f++;
	return f;
}

/* ------------------------------------------------------------------ which products are known */

static int
is_missing_bit(const PpdlFeature *f, int i)
{
	return f->missing && i == f->first + f->inputs - 1;
}

/* both of one feature, i <= j */
static int
product_within(const PpdlFeature *f, int i, int j)
{
	switch (f->kind)
	{
		case PPDL_FEATURE_BANDS:
		case PPDL_FEATURE_ONE_HOT:
			return i == j ? i : PPDL_PRODUCT_ZERO;
		case PPDL_FEATURE_AT_LEAST:
			return j;			/* thresholds increase */
		case PPDL_FEATURE_PRODUCTS:
			return PPDL_PRODUCT_NONE;
		default:
			if (!is_missing_bit(f, j))
				return PPDL_PRODUCT_STORED;
			return i == j ? i : PPDL_PRODUCT_ZERO;
	}
}

/* i of f, j of g, which does not stand before f; i <= j */
static int
known_product(const PpdlFeatures *fs, const PpdlFeature *f, int i, const PpdlFeature *g, int j)
{
	if (f->kind == PPDL_FEATURE_PADDING || g->kind == PPDL_FEATURE_PADDING)
		return PPDL_PRODUCT_ZERO;
	if (f->kind == PPDL_FEATURE_CONSTANT)
		return j;
	if (g->kind == PPDL_FEATURE_CONSTANT)
		return i;
	if (f == g)
		return product_within(f, i, j);
	if (g->kind == PPDL_FEATURE_AT_LEAST && &fs->feature[g->base] == f && is_missing_bit(f, i))
		return PPDL_PRODUCT_ZERO;
	return PPDL_PRODUCT_STORED;
}

int
ppdl_features_product(const PpdlFeatures *fs, int i, int j)
{
	int			known;

	if (i < 0 || j < 0 || i >= fs->encoded || j >= fs->encoded || fs->map)
		return PPDL_PRODUCT_NONE;
	if (i > j)
		return ppdl_features_product(fs, j, i);
	known = known_product(fs, ppdl_features_owner(fs, i), i, ppdl_features_owner(fs, j), j);
	if (known != PPDL_PRODUCT_STORED)
		return known;
	for (int k = 0; k < fs->count; k++)
	{
		const PpdlFeature *f = &fs->feature[k];

		for (int p = 0; p < f->inputs && f->kind == PPDL_FEATURE_PRODUCTS; p++)
			if (f->pair[p][0] == i && f->pair[p][1] == j)
				return f->first + p;
	}
	return PPDL_PRODUCT_NONE;
}

/* ------------------------------------------------------------------ what is made of what */

/* the feature before number i that reads a column, and is not made of others; -1: none */
static int
find_before(const PpdlFeatures *fs, int i, const char *column)
{
	for (int k = 0; k < i; k++)
	{
		const PpdlFeature *f = &fs->feature[k];

		if (f->column != NULL && f->kind != PPDL_FEATURE_AT_LEAST && strcmp(f->column, column) == 0)
			return k;
	}
	return -1;
}

static PpdlStatus
resolve_base(PpdlFeatures *fs, int i, PpdlError *err)
{
	PpdlFeature *f = &fs->feature[i];

	f->base = find_before(fs, i, f->column);
	if (f->base >= 0 && (fs->feature[f->base].kind == PPDL_FEATURE_NUMERIC ||
						 fs->feature[f->base].kind == PPDL_FEATURE_BANDS))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "features[%d].column: \"%.*s\" is no number (numeric or bands) among the "
					  "features before it", i, PPDL_CUT(f->column, 60));
}

static int
is_listed(const PpdlFeature *f, char *const *columns)
{
	for (; f->column != NULL && f->kind != PPDL_FEATURE_AT_LEAST && *columns; columns++)
		if (strcmp(f->column, *columns) == 0)
			return 1;
	return 0;
}

static PpdlStatus
check_factors(const PpdlFeatures *fs, int i, PpdlError *err)
{
	char	  **factors = fs->feature[i].factors;

	for (char **c = factors; *c; c++)
	{
		if (find_before(fs, i, *c) < 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "features[%d].columns: \"%.*s\" is no column of the features "
							  "before it", i, PPDL_CUT(*c, 60));
		for (char **d = factors; d < c; d++)
			if (strcmp(*c, *d) == 0)
				return ppdl_error(err, PPDL_ERR_FORMAT, "features[%d].columns: \"%.*s\" appears twice", i,
								  PPDL_CUT(*c, 60));
	}
	return PPDL_OK;
}

static PpdlStatus
too_wide(int columns, int before, long products, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_RANGE, "a row of %ld values, %ld of them squares and products of %d columns: a row has at "
			   "most %d", before + products, products, columns, PPDL_MAX_INPUTS);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Name the columns whose products are needed (ppdl encode "
						   "--moments=COL,COL,...), or leave products away: lwe_gram computes those of up "
						   "to 64 values on the server.");
}

typedef struct Factor
{
	const PpdlFeature *f;
	int			input;
} Factor;

/* the inputs of the columns that are multiplied; out has room for all before feature i */
static int
list_inputs(const PpdlFeatures *fs, int i, Factor *out)
{
	int			n = 0;

	for (const PpdlFeature *f = fs->feature; f < fs->feature + i; f++)
		for (int k = 0, listed = is_listed(f, fs->feature[i].factors); listed && k < f->inputs; k++)
			out[n++] = (Factor) {f, f->first + k};
	return n;
}

/* those that have to be values of their own; pair NULL: counts them only */
static long
list_pairs(const PpdlFeatures *fs, const Factor *factor, int n, int (*pair)[2])
{
	long		count = 0;

	for (int a = 0; a < n; a++)
		for (int b = a; b < n; b++)
			if (known_product(fs, factor[a].f, factor[a].input, factor[b].f, factor[b].input) == PPDL_PRODUCT_STORED)
			{
				if (pair != NULL)
				{
					pair[count][0] = factor[a].input;
					pair[count][1] = factor[b].input;
				}
				count++;
			}
	return count;
}

static PpdlStatus
find_pairs(PpdlFeatures *fs, int i, int before, const Factor *factor, int n, PpdlError *err)
{
	PpdlFeature *f = &fs->feature[i];
	const long	count = list_pairs(fs, factor, n, NULL);
	int			columns = 0;

	while (f->factors[columns])
		columns++;
	if (count + before > PPDL_MAX_INPUTS)
		return too_wide(columns, before, count, err);
	free(f->pair);
	f->pair = calloc(count ? (size_t) count : 1, sizeof *f->pair);
	if (f->pair == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	f->inputs = (int) list_pairs(fs, factor, n, f->pair);
	return PPDL_OK;
}

static PpdlStatus
resolve_products(PpdlFeatures *fs, int i, int before, PpdlError *err)
{
	Factor	   *factor;
	PpdlStatus	status;

	PPDL_TRY(check_factors(fs, i, err));
	factor = malloc(((size_t) before + 1) * sizeof *factor);
	if (factor == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = find_pairs(fs, i, before, factor, list_inputs(fs, i, factor), err);
	free(factor);
	return status;
}

PpdlStatus
ppdl_features_resolve(PpdlFeatures *fs, int i, int n, PpdlError *err)
{
	switch (fs->feature[i].kind)
	{
		case PPDL_FEATURE_AT_LEAST:
			return resolve_base(fs, i, err);
		case PPDL_FEATURE_PRODUCTS:
			return resolve_products(fs, i, n, err);
		default:
			return PPDL_OK;
	}
}

/* ------------------------------------------------------------------ applying */

void
ppdl_features_multiply(const PpdlFeature *f, double *x)
{
	for (int p = 0; p < f->inputs; p++)
		x[f->first + p] = x[f->pair[p][0]] * x[f->pair[p][1]];
}
