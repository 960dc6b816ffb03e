/* What the functions on scored rows share (metrics.c has them); truth, scores, outputs as in metrics.h. */
#ifndef PPDL_STATS_SCORED_H
#define PPDL_STATS_SCORED_H

#include "base/error.h"

/* the rows are what metrics.h says, or an error that names the first that is not */
PpdlStatus	ppdl_scored_check(const int *truth, const double *scores, long n, int outputs, PpdlError *err);
/* checks, and makes the confusion matrix; freed with free() */
PpdlStatus	ppdl_scored_counts(long **counts, const int *truth, const double *scores, long n, int outputs, PpdlError *err);
/* squared error of one row's probabilities: of class 1 with two classes, summed over all with more */
double		ppdl_scored_brier(int truth, const double *score, int outputs);

#endif
