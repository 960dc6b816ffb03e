#include "query/stats_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "predict/where.h"
#include "rows/gram_layout.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ what is asked for */

/* is the column asked for, or are all? */
static int
is_listed(const PpdlList *l, const char *name)
{
	return l->count == 0 || ppdl_list_has(l, name);
}

/* is it another form of the same column, or the same? */
static int
is_same_column(const PpdlStatsColumns *c, int a, int b)
{
	return strcmp(c->column[a].name, c->column[b].name) == 0;
}

/* thresholds of a number or of bands, which come before them */
static int
is_second_form(const PpdlStatsColumns *c, int i)
{
	return c->variable[i].kind == PPDL_VARIABLE_THRESHOLDS;
}

static PpdlStatus
set_terms(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c, PpdlError *err)
{
	size_t		most = 1;
	int			v;

	for (int i = 0; i < ask->columns.count; i++)
		PPDL_TRY(ppdl_stats_find(c, ask->columns.item[i], 0, &v, err));
	for (int i = 0; i < c->count; i++)
		most += c->variable[i].levels > 0 ? (size_t) c->variable[i].levels : 1;
	p->term = malloc(most * sizeof *p->term);
	p->crossed = malloc(most * sizeof *p->crossed);
	if (p->term == NULL || p->crossed == NULL)
		return no_memory(err);
	for (int i = 0; i < c->count; i++)
	{
		const int	levels = c->variable[i].levels;
		/* a label's products cost more: they are there when somebody asks for them; thresholds say what numbers do */
		const int	crossed = (i != c->label || ask->columns.count > 0) && !is_second_form(c, i);

		if (!is_listed(&ask->columns, c->column[i].name))
			continue;
		for (int k = 0; k < (levels > 0 ? levels : 1); k++)
		{
			p->term[p->terms++] = (PpdlTerm) {i, k};
			/* of two levels one says it all */
			if (crossed && (levels != 2 || k == 1))
				p->crossed[p->crosses++] = (PpdlTerm) {i, k};
		}
	}
	return PPDL_OK;
}

/* all columns but the responses and the label */
static void
set_all_regressors(PpdlStatsPlan *p, const PpdlStatsColumns *c)
{
	for (int i = 0; i < c->count; i++)
	{
		int			use = i != c->label && !is_second_form(c, i);

		for (int k = 0; k < p->responses; k++)
			use &= !is_same_column(c, i, p->response[k].variable);
		if (use)
			p->on[p->ons++] = i;
	}
}

static PpdlStatus
set_regressions(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c, PpdlError *err)
{
	p->response = calloc((size_t) ask->regress.count + 1, sizeof *p->response);
	p->on = calloc((size_t) (c->count + ask->on.count) + 1, sizeof *p->on);
	if (p->response == NULL || p->on == NULL)
		return no_memory(err);
	for (; p->responses < ask->regress.count; p->responses++)
		PPDL_TRY(ppdl_stats_find_term(c, ask->regress.item[p->responses], &p->response[p->responses], err));
	for (int i = 0; i < ask->on.count; i++)
		PPDL_TRY(ppdl_stats_find(c, ask->on.item[i], 0, &p->on[p->ons++], err));
	if (ask->on.count == 0 && p->responses > 0)
		set_all_regressors(p, c);
	return PPDL_OK;
}

static PpdlStatus
find_levels(const PpdlStatsColumns *c, const char *name, int *variable, PpdlError *err)
{
	PPDL_TRY(ppdl_stats_find(c, name, 1, variable, err));
	if (c->variable[*variable].levels > 0)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" is a number, where categories or bands are needed",
			   PPDL_CUT(name, 100));
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "\"ppdl encode --bands\" or \"--thermometer\" makes bands of it, which the rows "
						   "then hold.");
}

static PpdlStatus
set_tables(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c, PpdlError *err)
{
	p->crosstab = calloc((size_t) ask->crosstab.count + 1, sizeof *p->crosstab);
	p->histogram = calloc((size_t) (ask->histogram.count + c->count) + 1, sizeof *p->histogram);
	if (p->crosstab == NULL || p->histogram == NULL)
		return no_memory(err);
	for (int i = 0; i < ask->crosstab.count; i++)
		PPDL_TRY(find_levels(c, ask->crosstab.item[i], &p->crosstab[i], err));
	p->crosstabs = ask->crosstab.count / 2;
	for (; p->histograms < ask->histogram.count; p->histograms++)
		PPDL_TRY(find_levels(c, ask->histogram.item[p->histograms], &p->histogram[p->histograms], err));
	for (int i = 0; ask->all && i < c->count; i++)
		if (c->variable[i].levels > 0 && is_listed(&ask->columns, c->column[i].name))
			p->histogram[p->histograms++] = i;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ products */

static unsigned char *
pair(PpdlStatsPlan *p, const PpdlStatsColumns *c, int a, int b)
{
	return &p->pair[(size_t) (a < b ? a : b) * (size_t) c->count + (size_t) (a < b ? b : a)];
}

static void
need_products(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c)
{
	for (int i = 0; i < p->terms && p->describe && !ask->means; i++)
		if (p->term[i].variable != c->label)
			*pair(p, c, p->term[i].variable, p->term[i].variable) = 1;
	for (int i = 0; i < p->crosses && (p->correlation || p->components); i++)
		for (int k = i; k < p->crosses; k++)
			*pair(p, c, p->crossed[i].variable, p->crossed[k].variable) = 1;
	for (int i = 0; i < p->ons && p->responses > 0; i++)
	{
		for (int k = i; k < p->ons; k++)
			*pair(p, c, p->on[i], p->on[k]) = 1;
		for (int k = 0; k < p->responses; k++)
			*pair(p, c, p->on[i], p->response[k].variable) = 1;
	}
	for (int k = 0; k < p->responses; k++)
		*pair(p, c, p->response[k].variable, p->response[k].variable) = 1;
	for (int i = 0; i < p->crosstabs; i++)
		*pair(p, c, p->crosstab[2 * i], p->crosstab[2 * i + 1]) = 1;
}

/* values of a variable, what says that it is missing among them */
static int
values_of(const PpdlVariable *v, int *out)
{
	const int	n = ppdl_variable_values(v);

	for (int i = 0; i < n; i++)
		out[i] = v->first + i;
	if (v->missing >= 0)
		out[n] = v->missing;
	return n + (v->missing >= 0);
}

/* do the rows hold all products of two variables? */
static PpdlStatus
has_products(const PpdlStatsColumns *c, int a, int b, int *has, PpdlError *err)
{
	int		   *va = malloc(2 * ((size_t) c->width + 1) * sizeof *va),
			   *vb = va ? va + c->width + 1 : NULL;
	int			na,
				nb;

	if (va == NULL)
		return no_memory(err);
	na = values_of(&c->variable[a], va);
	nb = values_of(&c->variable[b], vb);
	*has = 1;
	/* levels of one column never meet */
	for (int i = 0; i < na && !(a == b && c->variable[a].levels > 0); i++)
		for (int k = 0; k < nb; k++)
			*has &= ppdl_features_product(c->features, c->value[va[i]], c->value[vb[k]]) != PPDL_PRODUCT_NONE;
	free(va);
	return PPDL_OK;
}

/* do the rows hold all products that a regression takes? */
static PpdlStatus
has_regression(const PpdlStatsPlan *p, const PpdlStatsColumns *c, int response, int *has, PpdlError *err)
{
	*has = response != c->label && c->features->inputs <= PPDL_WHERE_MAX_WIDTH;
	for (int i = 0; i <= p->ons && *has; i++)
		for (int k = 0; k <= i && *has; k++)
		{
			const int	a = i < p->ons ? p->on[i] : response,
						b = k < p->ons ? p->on[k] : response;

			if (a == c->label || b == c->label)
				*has = 0;
			else
				PPDL_TRY(has_products(c, a, b, has, err));
		}
	return PPDL_OK;
}

static PpdlStatus
find_known(PpdlStatsPlan *p, const PpdlStatsColumns *c, PpdlError *err)
{
	p->known = malloc(((size_t) p->responses + 1) * sizeof *p->known);
	if (p->known == NULL)
		return no_memory(err);
	for (int i = 0; i < p->responses; i++)
	{
		const int	response = p->response[i].variable;
		int			has = 0;

		if (c->variable[response].missing >= 0)
			PPDL_TRY(has_regression(p, c, response, &has, err));
		p->known[i] = has ? c->variable[response].missing : -1;
	}
	return PPDL_OK;
}

static PpdlStatus
too_wide(const PpdlStatsColumns *c, int a, int b, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT,
			   "rows of %d values: lwe_gram takes %d at most, and the rows hold no product of \"%.*s\" and "
			   "\"%.*s\"", c->features->inputs, PPDL_GRAM_MAX_WIDTH,
			   PPDL_CUT(c->column[a].name, 60), PPDL_CUT(c->column[b].name, 60));
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "\"ppdl encode --moments=COL,...\" puts products of these columns into the rows; "
						   "means without deviations, histograms and columns that have products do without.");
}

static PpdlStatus
find_source(PpdlStatsPlan *p, const PpdlStatsColumns *c, PpdlError *err)
{
	for (int a = 0; a < c->count; a++)
		for (int b = a; b < c->count; b++)
		{
			int			has = 0;

			if (!*pair(p, c, a, b))
				continue;
			if (b == c->label)
			{
				p->with_label |= a != b || c->variable[b].levels == 0;
				continue;
			}
			PPDL_TRY(has_products(c, a, b, &has, err));
			p->gram |= !has;
			if (!has && c->features->inputs > PPDL_GRAM_MAX_WIDTH)
				return too_wide(c, a, b, err);
		}
	p->gram |= p->with_label;
	if (p->gram && c->features->inputs > PPDL_GRAM_MAX_WIDTH)
		return too_wide(c, 0, c->label, err);
	return PPDL_OK;
}

PpdlStatus
ppdl_stats_plan(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c, PpdlError *err)
{
	memset(p, 0, sizeof *p);
	p->ridge = ask->ridge;
	p->level = ask->level;
	p->correlation = ask->correlation || ask->all;
	p->components = ask->components || ask->all;
	p->describe = ask->describe || ask->means || ask->all ||
		!(p->correlation || p->components || ask->regress.count || ask->crosstab.count || ask->histogram.count);
	p->pair = calloc((size_t) c->count * (size_t) c->count + 1, 1);
	if (p->pair == NULL)
		return no_memory(err);
	PPDL_TRY(set_terms(p, ask, c, err));
	PPDL_TRY(set_regressions(p, ask, c, err));
	PPDL_TRY(set_tables(p, ask, c, err));
	need_products(p, ask, c);
	PPDL_TRY(find_known(p, c, err));
	return find_source(p, c, err);
}

void
ppdl_stats_plan_free(PpdlStatsPlan *p)
{
	free(p->term);
	free(p->crossed);
	free(p->response);
	free(p->known);
	free(p->on);
	free(p->crosstab);
	free(p->histogram);
	free(p->pair);
	memset(p, 0, sizeof *p);
}
