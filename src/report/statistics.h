/* The page of `ppdl stats`: statistics of encrypted rows as tables and charts. */
#ifndef PPDL_REPORT_STATISTICS_H
#define PPDL_REPORT_STATISTICS_H

#include "report/document.h"
#include "stats/components.h"
#include "stats/crosstab.h"
#include "stats/describe.h"
#include "stats/histogram.h"
#include "stats/regress.h"

/* of one group of rows; what is NULL, or of which there are 0, is not on the page */
typedef struct PpdlStatisticsGroup
{
	const char *name;			/* "ward = A"; NULL: there is one group only */
	const PpdlMoments *moments;
	const PpdlDescription *description;
	int			descriptions;
	const PpdlCorrelation *correlation;
	const PpdlRegression *regression;
	int			regressions;
	const PpdlCrosstab *crosstab;
	int			crosstabs;
	const PpdlHistogram *histogram;
	int			histograms;
	const PpdlComponents *components;
	const char *const *note;	/* sentences: what could not be done, and why */
	int			notes;
} PpdlStatisticsGroup;

typedef struct PpdlStatisticsPage
{
	const char *title,
			   *source,			/* of the rows: "patients, where admitted >= '2024-01-01'" */
			   *query;			/* SQL that was sent, or NULL */
	const PpdlStatisticsGroup *group;
	int			groups;
	int			withheld;		/* groups below the least size */
	long		min_count;		/* that size; 0: none */
} PpdlStatisticsPage;

/* Appends a whole page.  PPDL_ERR_NOMEM; PPDL_ERR_ARGUMENT: a chart of numbers that cannot be shown. */
PpdlStatus	ppdl_statistics_html(PpdlWriter *w, const PpdlStatisticsPage *page, PpdlError *err);

#endif
