/* Counts, means, standard deviations, covariances and correlations from moments (moments.h). */
#ifndef PPDL_STATS_DESCRIBE_H
#define PPDL_STATS_DESCRIBE_H

#include "stats/moments.h"

typedef struct PpdlDescription
{
	PpdlTerm	term;
	PpdlEstimate n,				/* rows in which the column is known */
				missing,		/* share of all rows in which it is not */
				mean,			/* of a level: the share of the known rows that have it */
				deviation;		/* standard deviation, divisor n - 1 */
	double		lo,				/* of what the encoding can hold, not of the rows; of a level 0 and 1 */
				hi;
} PpdlDescription;

/* out: one of each term, of the caller */
void		ppdl_describe(PpdlDescription *out, const PpdlMoments *m, const PpdlTerm *term, int count);

/*
 * count * count, symmetric.  Of two columns with missing values all rows in which both are known count; standard
 * deviations of numbers are those of all rows in which they are known (second moments hold no others), of levels
 * those of the same rows.
 */
typedef struct PpdlCorrelation
{
	int			count;
	const PpdlTerm *term;		/* the caller's, like */
	const PpdlMoments *moments;
	PpdlEstimate *n,			/* rows in which both are known */
			   *covariance,
			   *correlation;	/* in -1 .. 1, PPDL_DOUBT_CUT where it had to be cut; 1 in the diagonal */
} PpdlCorrelation;

PpdlStatus	ppdl_correlate(PpdlCorrelation *out, const PpdlMoments *m, const PpdlTerm *term, int count,
						   PpdlError *err);
void		ppdl_correlation_free(PpdlCorrelation *c);

#endif
