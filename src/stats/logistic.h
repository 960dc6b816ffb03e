/*
 * Logistic regression in the clear, the baseline that networks are held against.
 *
 * One class against the rest: two classes have one model, of class 1; K > 2 have K.  Each minimises
 *	sum over rows of log(1 + exp(-y (w . x + b))) + ridge / 2 |w|^2,	y = +1 for the class, else -1,
 * by Newton's method (iteratively reweighted least squares) with step halving.  The offset b is free.  The ridge makes
 * the solution finite and unique for separated classes and for constant, equal or collinear columns.
 */
#ifndef PPDL_STATS_LOGISTIC_H
#define PPDL_STATS_LOGISTIC_H

#include "base/error.h"
#include "base/poll.h"

#define PPDL_LOGISTIC_MAX_INPUTS 4096

typedef struct PpdlLogisticOptions
{
	double		ridge;			/* > 0; 0 means 1, as usual elsewhere (C = 1) */
	int			max_steps;		/* of Newton; 0 means 100 */
	const PpdlPoll *poll;		/* may be NULL */
} PpdlLogisticOptions;

typedef struct PpdlLogistic
{
	int			inputs,
				classes,
				outputs;		/* 1 for two classes, else K */
	int			steps;			/* of Newton, the most that a model took */
	double	   *weight;			/* outputs * (inputs + 1): w, then b */
} PpdlLogistic;

/*
 * x: n * inputs, row by row, finite; truth: 0 .. classes-1, each class with a row.  opt may be NULL.
 * PPDL_ERR_FORMAT for other rows; PPDL_ERR_RANGE when it does not converge; PPDL_ERR_CANCELED.
 * Takes (inputs + n) (inputs + 1) doubles and a few more.  Freed with ppdl_logistic_free.
 */
PpdlStatus	ppdl_logistic_fit(PpdlLogistic **out, const double *x, const int *truth, long n, int inputs, int classes,
							  const PpdlLogisticOptions *opt, PpdlError *err);
void		ppdl_logistic_free(PpdlLogistic *model);

/*
 * scores: n * outputs, in [-1, 1] as metrics.h has them: 2 p - 1, p the probability of the class; of several classes
 * the probabilities are divided by their sum.
 */
void		ppdl_logistic_scores(const PpdlLogistic *model, const double *x, long n, double *scores);

#endif
