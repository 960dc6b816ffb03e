/* Do probabilities mean what they say?  Rows in bins of equal width by the probability that they state. */
#ifndef PPDL_STATS_CALIBRATION_H
#define PPDL_STATS_CALIBRATION_H

#include "base/error.h"

typedef struct PpdlCalibrationBin
{
	double		low,			/* low <= probability < high; the last bin has its end, too */
				high,
				mean_probability,	/* of its rows; NaN when it has none, as the next */
				share_positive;	/* of its rows that are of the class */
	long		count;
} PpdlCalibrationBin;

/* of one class against the rest; metrics.h for truth, scores, outputs */
PpdlStatus	ppdl_calibration(PpdlCalibrationBin *bin, int bins, const int *truth, const double *scores, long n,
							 int outputs, int class, PpdlError *err);

#endif
