/* Comparisons of lifted rows' values with thresholds (ckks/compare.h). */
#ifndef PPDL_PREDICT_COMPARE_H
#define PPDL_PREDICT_COMPARE_H

#include "ckks/compare.h"

/*
 * out = 1 where in is above an odd number of the thresholds, else 0, and something between within the blur of each
 * (ppdl_compare_blur).  in: real slots within [-1, 1], up to the error of a bootstrap.  threshold: count >= 1,
 * ascending, between -1 and 1.  Scales, result and errors: ppdl_ct_compare.
 */
PpdlStatus	ppdl_compare_numbers(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double *threshold, int count,
								 int levels, double scale, PpdlError *err);
/* the first of two that are composed, for one set of thresholds: ppdl_ct_compare_first of such slots */
PpdlStatus	ppdl_compare_numbers_first(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlFineSet *set,
									   PpdlError *err);

#endif
