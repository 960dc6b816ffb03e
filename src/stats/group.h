/* All statistics of a group of rows that somebody asked for, as pages and tables show them. */
#ifndef PPDL_STATS_GROUP_H
#define PPDL_STATS_GROUP_H

#include "stats/components.h"
#include "stats/crosstab.h"
#include "stats/describe.h"
#include "stats/histogram.h"
#include "stats/regress.h"

/* of one group of rows; what is NULL, or of which there are 0, is not shown */
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

#endif
