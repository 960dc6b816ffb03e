/*
 * Statistics of encrypted rows, from their moments to what is shown.
 *
 * Columns in stats_columns.c, what is asked for in stats_plan.c, the statement in stats_sql.c, moments of what it
 * returns in stats_read.c, what is computed of them in stats_compute.c, JSON in stats_json.c.
 */
#ifndef PPDL_QUERY_STATS_RESULT_H
#define PPDL_QUERY_STATS_RESULT_H

#include "query/stats_answer.h"
#include "query/stats_plan.h"
#include "stats/group.h"

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

/* of a group of the answer; min_count: notes say where fewer rows were counted */
PpdlStatus	ppdl_stats_compute(PpdlStatsResult *out, const PpdlStatsPlan *p, const PpdlStatsAnswer *a, int group,
							   long min_count, PpdlError *err);
void		ppdl_stats_result_free(PpdlStatsResult *r);

/* what is shown, in whatever form */
typedef struct PpdlStatsPage
{
	const PpdlStatsQuery *query;
	const PpdlStatsAnswer *answer;
	const PpdlStatsResult *result;	/* answer->groups */
} PpdlStatsPage;

/* appended to w */
PpdlStatus	ppdl_stats_json(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);

#endif
