/*
 * How well scores tell classes apart.
 *
 * Classes are 0 .. K-1.  Scores are a network's outputs as they are, labels coded -1 and +1: row i has `outputs` scores
 * at scores[i * outputs].  One output means two classes, 1 above the threshold 0, else 0; K > 1 outputs mean K
 * classes, of which the largest score wins, the first of equal ones.  Two outputs are the same as the one output
 * (score of class 1 - score of class 0) / 2.  A score stands for the probability clamp((score + 1) / 2, 0, 1).
 *
 * Scores must be finite: PPDL_ERR_FORMAT names the first row (from 1) that has another.
 */
#ifndef PPDL_STATS_METRICS_H
#define PPDL_STATS_METRICS_H

#include "base/error.h"

#define PPDL_MAX_CLASSES 1024
#define PPDL_MAX_SCORED_ROWS 2147483647L

/*
 * With two classes those of class 1, the positive one; with more, macro averages of one class against the rest over the
 * classes that have rows.  NaN: does not apply (one class only; no row of the classes in question).
 */
typedef struct PpdlMetrics
{
	double		accuracy,
				balanced_accuracy,	/* mean of the shares of each class that are recognised */
				sensitivity,
				specificity,
				f1,
				auc,			/* area under the ROC curve: ties count half */
				brier;			/* mean squared error of the probability; several classes: summed over them */
} PpdlMetrics;

/* the members in order, for tables */
enum
{
	PPDL_METRIC_ACCURACY,
	PPDL_METRIC_BALANCED_ACCURACY,
	PPDL_METRIC_SENSITIVITY,
	PPDL_METRIC_SPECIFICITY,
	PPDL_METRIC_F1,
	PPDL_METRIC_AUC,
	PPDL_METRIC_BRIER,
	PPDL_METRICS
};

extern const char *const ppdl_metric_name[PPDL_METRICS];
double		ppdl_metric_value(const PpdlMetrics *m, int i);

static inline int
ppdl_score_classes(int outputs)
{
	return outputs == 1 ? 2 : outputs;
}

/* the class that a row's scores stand for (this and the next two in scored.c) */
int			ppdl_score_class(const double *score, int outputs);
/* the score of one class against the rest: above 0 where it wins if there are two, in any case larger for surer */
double		ppdl_score_of(const double *score, int outputs, int class);
double		ppdl_score_probability(double score);

/* PPDL_ERR_FORMAT for n < 1, a class outside 0 .. K-1, scores that are not finite */
PpdlStatus	ppdl_metrics(PpdlMetrics *out, const int *truth, const double *scores, long n, int outputs, PpdlError *err);

/* counts: K * K, row by row: counts[t * K + p] rows of class t that are taken for class p */
PpdlStatus	ppdl_confusion(long *counts, const int *truth, const double *scores, long n, int outputs, PpdlError *err);

/* One class against the rest, from a confusion matrix; shares of nothing are NaN. */
typedef struct PpdlClassCounts
{
	long		true_positives,
				false_negatives,
				false_positives,
				true_negatives;
	double		sensitivity,
				specificity,
				precision,
				f1;
} PpdlClassCounts;

void		ppdl_class_counts(PpdlClassCounts *out, const long *counts, int classes, int class);

#endif
