/* Principal components of covariances or correlations (describe.h). */
#ifndef PPDL_STATS_COMPONENTS_H
#define PPDL_STATS_COMPONENTS_H

#include "base/poll.h"
#include "stats/describe.h"

typedef struct PpdlComponents
{
	int			count;			/* of terms, and components */
	PpdlTerm   *term;			/* those of the correlation that vary, in its order */
	int			omitted;
	PpdlTerm   *omit;			/* constant, or lost in the error */
	int			is_correlation;
	PpdlEstimate *value,		/* eigenvalues, falling: variances along the components */
			   *share;			/* of all variance */
	double	   *vector;			/* component r: vector[r * count ..], of length 1, for the terms */
	int			reliable;		/* components whose eigenvalue is above the error of the matrix */
} PpdlComponents;

/* PPDL_ERR_RANGE: nothing varies; PPDL_ERR_PRECISION: moments that are not there; PPDL_ERR_CANCELED */
PpdlStatus	ppdl_components(PpdlComponents *out, const PpdlCorrelation *c, int is_correlation, const PpdlPoll *poll,
							PpdlError *err);
void		ppdl_components_free(PpdlComponents *c);

#endif
