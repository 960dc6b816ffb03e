#include "report/statistics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/statistics_impl.h"

/* a page that is being made */
typedef struct Page
{
	PpdlDocument d;
	long		number;			/* of the last chart, for ids */
	PpdlError  *err;
} Page;

/* sections of a group stand below its name, where it has one */
static int
level_of(const PpdlStatisticsGroup *g)
{
	return g->name ? 3 : 2;
}

static PpdlStatus
put_histograms(Page *p, const PpdlStatisticsGroup *g)
{
	if (g->histograms == 0)
		return PPDL_OK;
	ppdl_document_heading(&p->d, level_of(g), "Rows by level");
	ppdl_document_charts_begin(&p->d);
	for (int i = 0; i < g->histograms; i++)
		PPDL_TRY(ppdl_statistics_histogram_chart(&p->d, g->moments, &g->histogram[i], &p->number, p->err));
	ppdl_document_charts_end(&p->d);
	for (int i = 0; i < g->histograms; i++)
		ppdl_statistics_bands(&p->d, g->moments, &g->histogram[i]);
	return PPDL_OK;
}

static PpdlStatus
put_correlation(Page *p, const PpdlStatisticsGroup *g)
{
	if (g->correlation == NULL || g->correlation->count == 0)
		return PPDL_OK;
	ppdl_document_heading(&p->d, level_of(g), "Correlations");
	PPDL_TRY(ppdl_statistics_map(&p->d, g->moments, g->correlation, &p->number, p->err));
	ppdl_statistics_pairs(&p->d, g);
	return PPDL_OK;
}

static PpdlStatus
put_regression(Page *p, const PpdlStatisticsGroup *g, const PpdlRegression *r)
{
	char		name[PPDL_TERM_NAME],
				title[PPDL_TERM_NAME + 40];

	ppdl_term_name(g->moments, r->response, name, sizeof name);
	snprintf(title, sizeof title, "%s of %s", r->ridge > 0 ? "Ridge regression" : "Regression", name);
	ppdl_document_heading(&p->d, level_of(g), title);
	ppdl_statistics_coefficients(&p->d, g->moments, r);
	ppdl_document_charts_begin(&p->d);
	PPDL_TRY(ppdl_statistics_coefficient_chart(&p->d, g->moments, r, &p->number, p->err));
	ppdl_document_charts_end(&p->d);
	return PPDL_OK;
}

static PpdlStatus
put_crosstab(Page *p, const PpdlStatisticsGroup *g, const PpdlCrosstab *c)
{
	char		title[300];

	snprintf(title, sizeof title, "%.*s by %.*s", PPDL_CUT(g->moments->variable[c->row].name, 120),
			 PPDL_CUT(g->moments->variable[c->column].name, 120));
	ppdl_document_heading(&p->d, level_of(g), title);
	ppdl_statistics_counts(&p->d, g->moments, c);
	ppdl_document_charts_begin(&p->d);
	PPDL_TRY(ppdl_statistics_crosstab_chart(&p->d, g->moments, c, &p->number, p->err));
	ppdl_document_charts_end(&p->d);
	return PPDL_OK;
}

static PpdlStatus
put_components(Page *p, const PpdlStatisticsGroup *g)
{
	if (g->components == NULL || g->components->count == 0)
		return PPDL_OK;
	ppdl_document_heading(&p->d, level_of(g), "Principal components");
	ppdl_document_charts_begin(&p->d);
	PPDL_TRY(ppdl_statistics_component_chart(&p->d, g->components, &p->number, p->err));
	ppdl_document_charts_end(&p->d);
	ppdl_statistics_components(&p->d, g->moments, g->components);
	return PPDL_OK;
}

static PpdlStatus
put_group(Page *p, const PpdlStatisticsGroup *g)
{
	char		rows[PPDL_SHOWN];

	if (g->name)
		ppdl_document_heading(&p->d, 2, g->name);
	ppdl_show(rows, PPDL_QUANTITY_COUNT, g->moments->n);
	ppdl_document_paragraph(&p->d, "%s row%s.", rows, g->moments->n == 1 ? "" : "s");
	if (g->notes)
		ppdl_document_list_begin(&p->d);
	for (int i = 0; i < g->notes; i++)
		ppdl_document_item(&p->d, "%s", g->note[i]);
	if (g->notes)
		ppdl_document_list_end(&p->d);
	if (g->descriptions)
	{
		ppdl_document_heading(&p->d, level_of(g), "Columns");
		ppdl_statistics_columns(&p->d, g);
	}
	PPDL_TRY(put_histograms(p, g));
	PPDL_TRY(put_correlation(p, g));
	for (int i = 0; i < g->regressions; i++)
		PPDL_TRY(put_regression(p, g, &g->regression[i]));
	for (int i = 0; i < g->crosstabs; i++)
		PPDL_TRY(put_crosstab(p, g, &g->crosstab[i]));
	return put_components(p, g);
}

static void
put_source(PpdlDocument *d, const PpdlStatisticsPage *page)
{
	if (page->source)
		ppdl_document_paragraph(d, "Encrypted rows of %s. The server added up what it cannot read; the sums were "
								"decrypted by the owner of the key.", page->source);
	if (page->groups != 1 || page->withheld)
		ppdl_document_paragraph(d, "%d group%s of rows%s.", page->groups, page->groups == 1 ? "" : "s",
								page->groups == 0 ? ": there is nothing to show" : "");
	if (page->withheld)
		ppdl_document_paragraph(d, "%d group%s of fewer than %ld rows %s not decrypted.", page->withheld,
								page->withheld == 1 ? "" : "s", page->min_count, page->withheld == 1 ? "was" : "were");
	if (page->query)
		ppdl_document_code(d, page->query);
}

static void
put_how_to_read(PpdlDocument *d)
{
	ppdl_document_heading(d, 2, "How to read this");
	ppdl_document_list_begin(d);
	ppdl_document_item(d, "± by encryption is the standard deviation that encryption adds to the number. It has "
					   "nothing to do with how rows differ: that is what standard errors and intervals are about. "
					   "Where it is missing, the number is exact: counts of rows are whole numbers, and were rounded.");
	ppdl_document_item(d, "A word in place of a number says why there is none. constant: it varies less than the "
					   "error of encryption lets see. lost in error: the error is as large as the number. not asked: "
					   "it takes sums of products that the query did not ask for. impossible: no rows can have such a "
					   "number. open band: a quantile lies in a band without an end. (cut): the number was put to the "
					   "end of its range.");
	ppdl_document_item(d, "Correlations take the rows in which both columns are known, standard deviations of numbers "
					   "all rows in which they are known: sums of products hold no others.");
	ppdl_document_item(d, "In regressions missing values of a number take the mean of the known ones, and a column of "
					   "its own says that they were missing; missing categories are one level more. All rows count.");
	ppdl_document_item(d, "Standard errors, p and intervals take rows as independent and residuals as spread alike; "
					   "with many questions some p are small by chance.");
	ppdl_document_list_end(d);
}

PpdlStatus
ppdl_statistics_html(PpdlWriter *w, const PpdlStatisticsPage *page, PpdlError *err)
{
	Page		p = {.d = {w, PPDL_HTML},.err = err};

	ppdl_document_begin(&p.d, page->title);
	put_source(&p.d, page);
	for (int i = 0; i < page->groups; i++)
		PPDL_TRY(put_group(&p, &page->group[i]));
	put_how_to_read(&p.d);
	ppdl_document_end(&p.d);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
