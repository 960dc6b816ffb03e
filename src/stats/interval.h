/*
 * Confidence intervals.  Rows are taken as independent: near-copies of one patient make them too narrow.
 * level: e.g. 0.95.  Both ends are NaN where there is nothing to estimate.
 */
#ifndef PPDL_STATS_INTERVAL_H
#define PPDL_STATS_INTERVAL_H

#include "stats/metrics.h"

typedef struct PpdlInterval
{
	double		low,
				high;
} PpdlInterval;

/* of a share, k of n (Wilson, JASA 1927) */
PpdlInterval ppdl_interval_wilson(long k, long n, double level);

/* of F1 of one class: Wilson's of k = TP, n = TP + FP + FN, mapped by F1 = 2 s / (1 + s) */
PpdlInterval ppdl_interval_f1(const PpdlClassCounts *c, double level);

/*
 * Of an area under the ROC curve, from its variance by DeLong (roc.h): symmetric for log(auc / (1 - auc)) (Pepe 2003).
 * Where that variance says nothing, because all pairs are in one order or a side has a single row: Newcombe's method 5
 * (Statistics in Medicine 2006), which asks which areas would make this one likely.
 */
PpdlInterval ppdl_interval_auc(double auc, double variance, long positives, long negatives, double level);

/*
 * Of each of the metrics, in their order:
 *	accuracy; sensitivity and specificity of two classes	Wilson
 *	balanced accuracy, sensitivity of several classes		from Wilson's of the classes, which are independent, by the
 *		square-and-add rule (Zou and Donner, Statistics in Medicine 2008)
 *	F1 of two classes	ppdl_interval_f1
 *	AUC of two classes	ppdl_interval_auc
 *	specificity, F1, AUC of several classes	the means of the classes' ends: too wide rather than too narrow
 *	Brier	normal, from the sample variance of the rows' squared errors, cut at 0
 */
PpdlStatus	ppdl_metrics_intervals(PpdlInterval out[PPDL_METRICS], const int *truth, const double *scores, long n,
								   int outputs, double level, PpdlError *err);

/* x such that a standard normal lies within -x .. x with this probability */
double		ppdl_normal_two_sided(double level);

#endif
