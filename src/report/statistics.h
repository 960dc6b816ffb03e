/* The page of `ppdl stats`: statistics of encrypted rows as tables and charts. */
#ifndef PPDL_REPORT_STATISTICS_H
#define PPDL_REPORT_STATISTICS_H

#include "report/document.h"
#include "stats/group.h"

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
