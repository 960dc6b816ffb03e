/*
 * ppdl stats: statistics of encrypted rows, from their moments to what is shown.
 *
 * Rows in stats_rows.c, columns in stats_columns.c, what is asked for in stats_plan.c, what is computed in
 * stats_compute.c, tables for people in stats_show.c, CSV and JSON in stats_export.c.
 */
#ifndef PPDL_CLI_STATS_H
#define PPDL_CLI_STATS_H

#include <stdio.h>

#include "cli/stats_answer.h"
#include "cli/stats_plan.h"
#include "report/statistics.h"

/* the statistics of a group; what could not be had is told in notes */
typedef struct PpdlStatsResult
{
	PpdlStatisticsGroup page;	/* points to what follows, and to the group's name and moments */
	PpdlDescription *description;
	PpdlCorrelation correlation;
	PpdlRegression *regression;
	PpdlCrosstab *crosstab;
	PpdlHistogram *histogram;
	PpdlComponents components;
	char	  **note;
} PpdlStatsResult;

/* min_count: notes say where fewer rows were counted */
PpdlStatus	ppdl_stats_compute(PpdlStatsResult *out, const PpdlStatsPlan *p, const PpdlStatsRows *rows, long min_count,
							   PpdlError *err);
void		ppdl_stats_result_free(PpdlStatsResult *r);

/* what is shown, in whatever form */
typedef struct PpdlStatsPage
{
	const PpdlStatsQuery *query;
	const PpdlStatsAnswer *answer;
	const PpdlStatsResult *result;	/* answer->groups */
} PpdlStatsPage;

PpdlStatus	ppdl_stats_show(FILE *f, const PpdlStatsPage *page, PpdlError *err);
/* appended to w */
PpdlStatus	ppdl_stats_csv(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);
PpdlStatus	ppdl_stats_json(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);
PpdlStatus	ppdl_stats_html(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);

#endif
