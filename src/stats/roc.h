/*
 * The ROC curve of one class against the rest (metrics.h for truth, scores, outputs), the area under it, and a
 * threshold.  All functions: PPDL_ERR_FORMAT when the rows are all of the class, or none is.
 */
#ifndef PPDL_STATS_ROC_H
#define PPDL_STATS_ROC_H

#include "base/error.h"

typedef struct PpdlRocPoint
{
	double		threshold,		/* rows with a score above it are taken for the class; halfway between the next two */
				low,			/* the largest score that is not, or -infinity */
				high;			/* the smallest that is, or +infinity */
	long		true_positives,
				false_positives;
	double		tpr,			/* sensitivity */
				fpr;			/* 1 - specificity */
} PpdlRocPoint;

typedef struct PpdlRoc
{
	PpdlRocPoint *point;		/* from (0, 0), threshold +infinity, to (1, 1), threshold -infinity */
	long		count,
				positives,
				negatives;
} PpdlRoc;

/* a point for each distinct score and one more; released with ppdl_roc_free, also after an error */
PpdlStatus	ppdl_roc(PpdlRoc *roc, const int *truth, const double *scores, long n, int outputs, int class,
					 PpdlError *err);
void		ppdl_roc_free(PpdlRoc *roc);
/* keeps at most `most` (2 or more) of the points, the ends among them, evenly along the curve: for charts and tables */
void		ppdl_roc_thin(PpdlRoc *roc, long most);

/*
 * Area under the curve: the share of pairs (row of the class, other row) whose scores are in the right order, equal
 * scores count half (Mann and Whitney 1947); exact but for the last division.
 * variance, unless NULL: by DeLong, DeLong and Clarke-Pearson (Biometrics 1988), from mid-ranks as in Sun and Xu
 * (2014); NaN where a side has a single row.
 */
PpdlStatus	ppdl_auc(double *auc, double *variance, const int *truth, const double *scores, long n, int outputs,
					 int class,
					 PpdlError *err);

/*
 * The point with the largest J = sensitivity + specificity - 1 (Youden 1950).  Of several with the same J (compared
 * exactly) the one whose threshold is nearest to 0, then the smaller threshold.  A threshold 0 that does the same is
 * taken before the halfway one.  J = 0 when no threshold does better than chance; the threshold is
 * then 0, and sensitivity and specificity are those of 0.
 * roc: not thinned.
 */
typedef struct PpdlThreshold
{
	double		threshold,
				low,			/* of its point of the curve: low <= threshold < high, all of which do the same */
				high,
				j,
				sensitivity,
				specificity;
} PpdlThreshold;

void		ppdl_roc_youden(PpdlThreshold *out, const PpdlRoc *roc);

#endif
