/*
 * Random tables with missing values, their encoding and its moments, with an error such as encryption's.  The tables'
 * own values stay there, for computations that know nothing of moments.
 */
#ifndef PPDL_TEST_MOMENTS_FIXTURE_H
#define PPDL_TEST_MOMENTS_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/prng.h"
#include "stats/moments.h"

enum
{
	TABLE_ROWS = 2000,
	TABLE_COLUMNS = 12,
	TABLE_WIDTH = 48
};

/* a column: numbers, or the number of a level; NaN where it is missing */
typedef struct Table
{
	int			n,
				columns,
				width;
	PpdlVariable variable[TABLE_COLUMNS];
	double		value[TABLE_COLUMNS][TABLE_ROWS];
	PpdlMoments m;
} Table;

static const char *const fixture_level[] = {"a", "b", "c", "d", "e"};
static const char *const fixture_band[] = {"under 20", "20..40", "40..60", "60 and over"};
static const double fixture_edge[] = {0, 20, 40, 60, 90};

static inline int
table_values(const PpdlVariable *v)
{
	return v->kind == PPDL_VARIABLE_CATEGORIES || v->kind == PPDL_VARIABLE_BANDS ? v->levels :
		v->kind == PPDL_VARIABLE_THRESHOLDS ? v->levels - 1 : 1;
}

/* the next column, whose values the caller fills in */
static inline double *
table_column(Table *t, const char *name, PpdlVariableKind kind, int levels, int may_miss)
{
	PpdlVariable *v = &t->variable[t->columns];

	*v = (PpdlVariable) {.name = name,.kind = kind,.first = t->width,.missing = -1,.scale = 1,.levels = levels,
	.level = levels ? fixture_level : NULL};
	if (kind == PPDL_VARIABLE_BINARY)
		v->offset = v->scale = 0.5;
	if (kind == PPDL_VARIABLE_BANDS || kind == PPDL_VARIABLE_THRESHOLDS)
	{
		v->level = fixture_band;
		v->edge = fixture_edge;
	}
	t->width += table_values(v);
	if (may_miss)
		v->missing = t->width++;
	return t->value[t->columns++];
}

/* numbers between these are -1 .. 1 */
static inline void
table_range(Table *t, int column, double lo, double hi)
{
	PpdlVariable *v = &t->variable[column];

	v->lo = lo;
	v->hi = hi;
	v->offset = (lo + hi) / 2;
	v->scale = (hi - lo) / 2;
}

static inline int
table_band(double v)
{
	return v < 20 ? 0 : v < 40 ? 1 : v < 60 ? 2 : 3;
}

static inline void
table_encode(const Table *t, int row, double *x)
{
	for (int i = 0; i < t->columns; i++)
	{
		const PpdlVariable *v = &t->variable[i];
		double		value = t->value[i][row];

		if (isnan(value) && v->missing >= 0)
			x[v->missing] = 1;
		if (isnan(value))
			continue;
		for (int j = 0; j < table_values(v); j++)
		{
			double		indicator = v->kind == PPDL_VARIABLE_THRESHOLDS ? value > j :
				v->kind == PPDL_VARIABLE_BINARY ? value : value == j;

			x[v->first + j] = ((v->kind == PPDL_VARIABLE_NUMBER ? value : indicator) - v->offset) / v->scale;
		}
	}
}

/* the moments of the rows, normal errors of this size in each entry (0: none), its triangles with their own */
static inline int
table_moments(Table *t, double error, uint64_t seed)
{
	PpdlError	err;
	PpdlMoments *m = &t->m;
	PpdlPrng	rng;

	if (ppdl_moments_alloc(m, t->width, &err) != PPDL_OK)
		return 0;
	ppdl_prng_init(&rng, seed, 77);
	m->n = t->n;
	m->sum_error = m->error = error;
	m->variables = t->columns;
	m->variable = t->variable;
	memset(m->gram, 0, sizeof *m->gram * t->width * t->width);
	for (int r = 0; r < t->n; r++)
	{
		double		x[TABLE_WIDTH] = {0};

		table_encode(t, r, x);
		for (int i = 0; i < t->width; i++)
		{
			m->sum[i] += x[i];
			for (int j = 0; j < t->width; j++)
				m->gram[i * t->width + j] += x[i] * x[j];
		}
	}
	for (int i = 0; error > 0 && i < t->width; i++)
	{
		m->sum[i] += error * ppdl_prng_normal(&rng);
		for (int j = 0; j <= i; j++)
			m->gram[j * t->width + i] = m->gram[i * t->width + j] += error * ppdl_prng_normal(&rng);
	}
	return 1;
}

static inline double
table_missing(PpdlPrng *rng, double share, double value)
{
	return ppdl_prng_uniform(rng) < share ? NAN : value;
}

/*
 * Age, weight (missing in some), height, a constant, sex, a category of three (missing in some), one of five of which
 * one is rare, bands of age, thresholds of age (missing in some), an outcome that depends on most of it.
 */
static inline void
table_random(Table *t, int n, uint64_t seed)
{
	PpdlPrng	rng;
	double	   *age,
			   *weight,
			   *height,
			   *constant,
			   *sex,
			   *ward,
			   *blood,
			   *bands,
			   *steps,
			   *outcome;

	memset(t, 0, sizeof *t);
	ppdl_prng_init(&rng, seed, 1);
	t->n = n;
	age = table_column(t, "Age", PPDL_VARIABLE_NUMBER, 0, 0);
	weight = table_column(t, "Weight", PPDL_VARIABLE_NUMBER, 0, 1);
	height = table_column(t, "Height", PPDL_VARIABLE_NUMBER, 0, 1);
	constant = table_column(t, "Dose", PPDL_VARIABLE_NUMBER, 0, 0);
	sex = table_column(t, "Sex", PPDL_VARIABLE_BINARY, 2, seed % 2);
	ward = table_column(t, "Ward", PPDL_VARIABLE_CATEGORIES, 3, 1);
	blood = table_column(t, "Blood", PPDL_VARIABLE_CATEGORIES, 5, 0);
	bands = table_column(t, "Age band", PPDL_VARIABLE_BANDS, 4, 0);
	steps = table_column(t, "Age from", PPDL_VARIABLE_THRESHOLDS, 4, 1);
	outcome = table_column(t, "Outcome", PPDL_VARIABLE_NUMBER, 0, 0);
	table_range(t, 0, 0, 90);
	table_range(t, 1, 30, 150);
	table_range(t, 2, 120, 210);
	table_range(t, 3, 0, 100);
	table_range(t, 9, -200, 400);
	for (int i = 0; i < n; i++)
	{
		double		tall = 170 + 9 * fmax(-4, fmin(4, ppdl_prng_normal(&rng))),
					heavy = fmax(30, fmin(150, tall - 100 + 12 * ppdl_prng_normal(&rng)));
		double		b = ppdl_prng_uniform(&rng);

		age[i] = 90 * ppdl_prng_uniform(&rng) * 0.999;
		weight[i] = table_missing(&rng, 0.1, heavy);
		height[i] = seed % 3 ? tall : table_missing(&rng, 0.05, tall);
		constant[i] = 20;
		sex[i] = table_missing(&rng, seed % 2 ? 0.05 : 0, ppdl_prng_uniform(&rng) < 0.4 + age[i] / 400);
		ward[i] = table_missing(&rng, 0.07, floor(ppdl_prng_uniform(&rng) * 2.999));
		blood[i] = b < 0.4 ? 0 : b < 0.7 ? 1 : b < 0.9 ? 2 : b < 0.995 ? 3 : 4;
		bands[i] = table_band(age[i]);
		steps[i] = table_missing(&rng, 0.1, table_band(age[i]));
		outcome[i] = fmax(-200, fmin(400, age[i] + 0.5 * heavy + 10 * (sex[i] == 1) - 5 * (ward[i] == 2) +
									 20 * ppdl_prng_normal(&rng)));
	}
}

#endif
