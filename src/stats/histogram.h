/* How many rows are in each level of a column, and quantiles of a number from its bands (moments.h). */
#ifndef PPDL_STATS_HISTOGRAM_H
#define PPDL_STATS_HISTOGRAM_H

#include "stats/moments.h"

typedef struct PpdlHistogram
{
	int			variable,
				levels;
	const double *edge;			/* the variable's: levels + 1; NULL of categories */
	PpdlEstimate *count,		/* levels */
				n,				/* rows in which it is known */
				missing;		/* rows in which it is not */
} PpdlHistogram;

/* PPDL_ERR_ARGUMENT: a variable without levels */
PpdlStatus	ppdl_histogram(PpdlHistogram *out, const PpdlMoments *m, int variable, PpdlError *err);
void		ppdl_histogram_free(PpdlHistogram *h);

/*
 * The number below which the part p (0 .. 1) of the known rows lies, rows taken as evenly spread in their band.  The
 * error is that of encryption alone.  PPDL_DOUBT_OPEN_BAND: it lies in a band without an end.  Only of bands.
 */
PpdlEstimate ppdl_histogram_quantile(const PpdlHistogram *h, double p);

#endif
