/* What the functions on scored rows share; truth, scores, outputs as in metrics.h. */
#ifndef PPDL_STATS_SCORED_H
#define PPDL_STATS_SCORED_H

#include <stddef.h>

#include "base/error.h"

typedef struct PpdlScored
{
	const int  *truth;
	const double *scores;
	long		n;
	int			outputs;
} PpdlScored;

static inline const double *
ppdl_scored_row(const PpdlScored *s, long i)
{
	return s->scores + (size_t) i * (size_t) s->outputs;
}

/* the rows are what metrics.h says, or an error that names the first that is not */
PpdlStatus	ppdl_scored_check(const PpdlScored *s, PpdlError *err);
/* checks, and makes the confusion matrix; freed with free() (metrics.c) */
PpdlStatus	ppdl_scored_counts(long **counts, const PpdlScored *s, PpdlError *err);
/* squared error of one row's probabilities: of class 1 with two classes, summed over all with more */
double		ppdl_scored_brier(const PpdlScored *s, long i);

#endif
