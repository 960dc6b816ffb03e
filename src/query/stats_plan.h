/*
 * What `ppdl stats` is asked for, looked up, and which products of values that takes.
 */
#ifndef PPDL_QUERY_STATS_PLAN_H
#define PPDL_QUERY_STATS_PLAN_H

#include "query/stats_columns.h"

/* what a user asks for; names are those of columns */
typedef struct PpdlStatsAsk
{
	int			describe,
				means,			/* without second moments */
				correlation,
				components,
				all;			/* all of it, and a histogram of each column with levels */
	PpdlList	columns,		/* of describe, correlation, components; none: all */
				regress,		/* COLUMN or COLUMN=LEVEL */
				on,				/* none: all columns */
				crosstab,		/* two by two */
				histogram;
	double		ridge,
				level;			/* of confidence intervals */
} PpdlStatsAsk;

/* the same, looked up */
typedef struct PpdlStatsPlan
{
	PpdlTerm   *term;			/* of describe */
	int			terms;
	PpdlTerm   *crossed;		/* of correlation and components */
	int			crosses;
	PpdlTerm   *response;		/* regressions */
	int			responses;
	/*
	 * responses: the value of the moments that says where it is missing, if the rows hold the products of all that
	 * regression takes, so that sum_where has them of the rows in which it is known; else -1
	 */
	int		   *known;
	int		   *on,				/* variables */
				ons;
	int		   *crosstab,		/* variables, two by two */
				crosstabs;
	int		   *histogram,		/* variables */
				histograms;
	int			describe,
				correlation,
				components;
	double		ridge,
				level;
	unsigned char *pair;		/* variables * variables: are their products needed? */
	int			gram,			/* the server has to compute them */
				with_label;		/* some are of the label */
} PpdlStatsPlan;

/* PPDL_ERR_ARGUMENT with what can be done: names that are not there, products that cannot be had */
PpdlStatus	ppdl_stats_plan(PpdlStatsPlan *p, const PpdlStatsAsk *ask, const PpdlStatsColumns *c, PpdlError *err);
void		ppdl_stats_plan_free(PpdlStatsPlan *p);

#endif
