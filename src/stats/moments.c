#include "stats/moments.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stats/moments_impl.h"

/* ------------------------------------------------------------------ memory */

PpdlStatus
ppdl_moments_alloc(PpdlMoments *m, int width, PpdlError *err)
{
	size_t		n = width > 0 ? (size_t) width : 0;

	*m = (PpdlMoments) {.width = width};
	if (width < 1 || n > SIZE_MAX / sizeof(double) / n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "moments of %d values a row", width);
	m->sum = calloc(n, sizeof *m->sum);
	m->gram = malloc(n * n * sizeof *m->gram);
	m->is_whole = calloc(n, 1);
	if (m->sum == NULL || m->gram == NULL || m->is_whole == NULL)
	{
		ppdl_moments_free(m);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for moments of %d values a row", width);
	}
	for (size_t i = 0; i < n * n; i++)
		m->gram[i] = NAN;
	return PPDL_OK;
}

void
ppdl_moments_free(PpdlMoments *m)
{
	free(m->sum);
	free(m->gram);
	free(m->is_whole);
	m->sum = m->gram = NULL;
	m->is_whole = NULL;
}

/* ------------------------------------------------------------------ entries and their errors */

double
ppdl_with_rounding(const PpdlMoments *m, double error)
{
	return hypot(error, 4 * DBL_EPSILON * m->n);
}

int
ppdl_can_round(double error)
{
	return PPDL_MOMENTS_SURE * error < 0.5;
}

/* whole numbers were rounded */
static double
sum_error(const PpdlMoments *m, int i)
{
	return m->is_whole[i] && ppdl_can_round(m->sum_error) ? 0 : ppdl_with_rounding(m, m->sum_error);
}

static double
product_error(const PpdlMoments *m, int i, int j)
{
	return m->is_whole[i] && m->is_whole[j] && ppdl_can_round(m->error) ? 0 : ppdl_with_rounding(m, m->error);
}

/* ------------------------------------------------------------------ linear functions */

int
ppdl_variable_values(const PpdlVariable *v)
{
	switch (v->kind)
	{
		case PPDL_VARIABLE_CATEGORIES:
		case PPDL_VARIABLE_BANDS:
			return v->levels;
		case PPDL_VARIABLE_THRESHOLDS:
			return v->levels - 1;
		case PPDL_VARIABLE_NUMBER:
		case PPDL_VARIABLE_BINARY:
			break;
	}
	return 1;
}

PpdlLinear
ppdl_linear_add(PpdlLinear f, double factor, PpdlLinear g)
{
	f.one += factor * g.one;
	for (int i = 0; i < g.n; i++)
	{
		int			at = 0;

		while (at < f.n && f.index[at] != g.index[i])
			at++;
		PPDL_ASSERT(at < PPDL_LINEAR_TERMS);
		if (at == f.n)
		{
			f.index[f.n] = g.index[i];
			f.weight[f.n++] = 0;
		}
		f.weight[at] += factor * g.weight[i];
	}
	return f;
}

PpdlLinear
ppdl_linear_value(int index)
{
	return (PpdlLinear) {.n = 1,.index = {index},.weight = {1}};
}

PpdlLinear
ppdl_linear_known(const PpdlMoments *m, int variable)
{
	PpdlLinear	one = {.one = 1};
	const PpdlVariable *v = &m->variable[variable];

	return v->missing >= 0 ? ppdl_linear_add(one, -1, ppdl_linear_value(v->missing)) : one;
}

/* the bit "at least", 0: always */
static PpdlLinear
at_least(const PpdlMoments *m, int variable, int level)
{
	const PpdlVariable *v = &m->variable[variable];
	PpdlLinear	known = ppdl_linear_known(m, variable),
				none = {0};

	if (level == 0 || level == v->levels)
		return level == 0 ? known : none;
	return ppdl_linear_add(ppdl_linear_add(none, v->offset, known), v->scale, ppdl_linear_value(v->first + level - 1));
}

PpdlLinear
ppdl_linear_term(const PpdlMoments *m, PpdlTerm t)
{
	const PpdlVariable *v = &m->variable[t.variable];
	PpdlLinear	none = {0};

	if (t.level == PPDL_TERM_MISSING)
		return v->missing >= 0 ? ppdl_linear_value(v->missing) : none;
	switch (v->kind)
	{
		case PPDL_VARIABLE_BINARY:
			/* levels are 0 and 1 of two bands, so to speak */
		case PPDL_VARIABLE_THRESHOLDS:
			return ppdl_linear_add(at_least(m, t.variable, t.level), -1, at_least(m, t.variable, t.level + 1));
		case PPDL_VARIABLE_CATEGORIES:
		case PPDL_VARIABLE_BANDS:
			return ppdl_linear_add(ppdl_linear_add(none, v->offset, ppdl_linear_known(m, t.variable)), v->scale,
								   ppdl_linear_value(v->first + t.level));
		case PPDL_VARIABLE_NUMBER:
			break;
	}
	return ppdl_linear_value(v->first);
}

PpdlSum
ppdl_linear_sum(const PpdlMoments *m, const PpdlLinear *f)
{
	PpdlSum		s = {f->one * m->n, 0};

	for (int i = 0; i < f->n; i++)
	{
		s.value += f->weight[i] * m->sum[f->index[i]];
		s.error = hypot(s.error, f->weight[i] * sum_error(m, f->index[i]));
	}
	return s;
}

/* what an entry counts in a product in all, whichever way round it comes */
static double
entry_weight(const PpdlLinear *f, const PpdlLinear *g, int i, int j)
{
	double		weight = 0;

	for (int a = 0; a < f->n; a++)
		for (int b = 0; b < g->n; b++)
			if ((f->index[a] == i && g->index[b] == j) || (f->index[a] == j && g->index[b] == i))
				weight += f->weight[a] * g->weight[b];
	return weight;
}

/* has it come before a-th, b-th of the values, the other way round? */
static int
came_before(const PpdlLinear *f, const PpdlLinear *g, int a, int b)
{
	for (int c = 0; c < f->n; c++)
		for (int d = 0; d < g->n && c * g->n + d < a * g->n + b; d++)
			if (f->index[c] == g->index[b] && g->index[d] == f->index[a])
				return 1;
	return 0;
}

static void
add_products(PpdlSum *s, const PpdlMoments *m, const PpdlLinear *f, const PpdlLinear *g)
{
	for (int a = 0; a < f->n; a++)
		for (int b = 0; b < g->n; b++)
		{
			int			i = f->index[a],
						j = g->index[b];
			double		weight;

			if (came_before(f, g, a, b))
				continue;
			weight = entry_weight(f, g, i, j);
			if (weight == 0)
				continue;
			s->value += weight * *ppdl_moments_entry(m, i, j);
			s->error = hypot(s->error, weight * product_error(m, i, j));
		}
}

PpdlSum
ppdl_linear_product(const PpdlMoments *m, const PpdlLinear *f, const PpdlLinear *g)
{
	PpdlLinear	sums = {0};
	PpdlSum		s;

	sums = ppdl_linear_add(ppdl_linear_add(sums, f->one, *g), g->one, *f);
	/* of the constants there is one product */
	sums.one = f->one * g->one;
	s = ppdl_linear_sum(m, &sums);
	add_products(&s, m, f, g);
	return s;
}

/* ------------------------------------------------------------------ terms */

int
ppdl_term_is_level(const PpdlMoments *m, PpdlTerm t)
{
	return t.level < 0 || m->variable[t.variable].kind != PPDL_VARIABLE_NUMBER;
}

double
ppdl_term_offset(const PpdlMoments *m, PpdlTerm t)
{
	return ppdl_term_is_level(m, t) ? 0 : m->variable[t.variable].offset;
}

double
ppdl_term_scale(const PpdlMoments *m, PpdlTerm t)
{
	return ppdl_term_is_level(m, t) ? 1 : m->variable[t.variable].scale;
}

PpdlStatus
ppdl_moments_terms(PpdlTerm **out, int *count, const PpdlMoments *m, PpdlError *err)
{
	size_t		n = 0;

	for (int i = 0; i < m->variables; i++)
		n += m->variable[i].levels > 0 ? (size_t) m->variable[i].levels : 1;
	*count = 0;
	*out = malloc((n + 1) * sizeof **out);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < m->variables; i++)
		for (int j = 0; j < (m->variable[i].levels > 0 ? m->variable[i].levels : 1); j++)
			(*out)[(*count)++] = (PpdlTerm) {i, j};
	return PPDL_OK;
}

/* of a text that filled its buffer: no part of a character at its end */
static void
cut(char *s, size_t size, int wanted)
{
	if (wanted >= (int) size)
		s[ppdl_text_whole(s, size - 1)] = 0;
}

void
ppdl_cut_name(char *out, size_t size, const char *name)
{
	cut(out, size, snprintf(out, size, "%s", name));
}

void
ppdl_term_name(const PpdlMoments *m, PpdlTerm t, char *out, size_t size)
{
	const PpdlVariable *v = &m->variable[t.variable];
	int			is_band = v->kind == PPDL_VARIABLE_BANDS || v->kind == PPDL_VARIABLE_THRESHOLDS,
				n;

	if (t.level == PPDL_TERM_MISSING)
		n = snprintf(out, size, "%s missing", v->name);
	else if (t.level == PPDL_TERM_OTHER)
		n = snprintf(out, size, "%s: none of these", v->name);
	else if (v->kind == PPDL_VARIABLE_NUMBER)
		n = snprintf(out, size, "%s", v->name);
	else
		n = snprintf(out, size, is_band ? "%s %s" : "%s = %s", v->name, v->level[t.level]);
	cut(out, size, n);
}

int
ppdl_moments_variable(const PpdlMoments *m, const char *name)
{
	for (int i = 0; i < m->variables; i++)
		if (strcmp(m->variable[i].name, name) == 0)
			return i;
	return -1;
}

/* ------------------------------------------------------------------ doubts */

static const struct
{
	const char *word,
			   *text;
}			doubts[] = {
	[PPDL_SURE] = {"", ""},
	[PPDL_DOUBT_NO_ROWS] = {"no rows", "There are no rows in which it is known."},
	[PPDL_DOUBT_FEW_ROWS] = {"one row", "One row says nothing about how rows differ."},
	[PPDL_DOUBT_CONSTANT] = {"constant", "It is the same in all rows, or varies less than the error of encryption lets "
		"see."},
	[PPDL_DOUBT_UNASKED] = {"not asked", "It takes sums of products that are not there."},
	[PPDL_DOUBT_LOST] = {"lost in error", "The error of encryption is as large as the number."},
	[PPDL_DOUBT_IMPOSSIBLE] = {"impossible", "No rows can have this number: the sums are not of these rows, or the "
		"error of encryption is larger than stated."},
	[PPDL_DOUBT_OPEN_BAND] = {"open band", "It lies in the first or last band, which has no end."},
	[PPDL_DOUBT_CUT] = {"cut", "The error of encryption, or missing values, had it beyond the end of its range, to "
		"which it was put."},
};

const char *
ppdl_doubt_word(PpdlDoubt d)
{
	return doubts[d].word;
}

const char *
ppdl_doubt_text(PpdlDoubt d)
{
	return doubts[d].text;
}

PpdlEstimate
ppdl_doubtful(PpdlDoubt d)
{
	return (PpdlEstimate) {NAN, NAN, d};
}

PpdlEstimate
ppdl_count_estimate(PpdlSum s)
{
	if (isnan(s.value))
		return ppdl_doubtful(PPDL_DOUBT_UNASKED);
	if (s.value < -PPDL_MOMENTS_NONSENSE * s.error)
		return ppdl_doubtful(PPDL_DOUBT_IMPOSSIBLE);
	if (s.value < 0)
		return (PpdlEstimate) {0, s.error, PPDL_DOUBT_CUT};
	return (PpdlEstimate) {s.value, s.error, PPDL_SURE};
}
