/*
 * Least squares from moments (moments.h): a number or the share of a level on other columns.
 *
 * Columns with levels become indicators of all levels but the first that any row has, the reference.  Missing values
 * of a column take the mean of its known ones, and an indicator says so: as with every missing level, all rows count.
 * (Second moments do not hold those of the complete rows alone.)
 */
#ifndef PPDL_STATS_REGRESS_H
#define PPDL_STATS_REGRESS_H

#include "stats/interval.h"
#include "stats/moments.h"

typedef struct PpdlRegressOptions
{
	PpdlTerm	response;
	const int  *variable;		/* what it is explained by */
	int			variables;
	/*
	 * Penalty: minimised is the sum of squared residuals + ridge * (sum of squared coefficients of the regressors
	 * divided by their standard deviations, divisor n), the constant free, as in R's MASS::lm.ridge.  0: none.
	 */
	double		ridge;
	double		level;			/* of confidence intervals, e.g. 0.95 */
} PpdlRegressOptions;

typedef struct PpdlCoefficient
{
	int			is_constant;	/* the first one; term means nothing then */
	PpdlTerm	term;
	PpdlEstimate value;			/* in the table's units; its error is of encryption alone */
	double		se,				/* standard error, by the rows; NaN where the residuals are lost in the error */
				t,
				p;				/* two-sided */
	PpdlInterval interval;
	double		standard;		/* value * standard: standard deviations of the response for one of the regressor */
} PpdlCoefficient;

typedef struct PpdlRegression
{
	PpdlTerm	response;
	double		n,
				df,				/* of the residuals; with a penalty n - tr(2H - HH'), H the hat matrix */
				ridge,
				level;
	int			count;
	PpdlCoefficient *coefficient;	/* count, the constant first */
	int			references;
	PpdlTerm   *reference;		/* levels that the others of their columns are compared with */
	int			omitted;
	PpdlTerm   *omit;			/* constant in these rows, or an indicator of missing values that others give */
	PpdlEstimate r2,
				adjusted_r2,
				residual;		/* standard error of the residuals */
	/* all coefficients but the constant against none; F and p NaN with a penalty */
	double		f,
				f_df,
				f_p;
} PpdlRegression;

/*
 * PPDL_ERR_ARGUMENT: an option, or no regressor is left; PPDL_ERR_RANGE: too few rows, a response that is constant or
 * missing in some rows, regressors that are collinear as far as the moments' error lets see (the message names them);
 * PPDL_ERR_PRECISION: moments that are not there.
 */
PpdlStatus	ppdl_regress(PpdlRegression *out, const PpdlMoments *m, const PpdlRegressOptions *opt, PpdlError *err);
void		ppdl_regression_free(PpdlRegression *r);

#endif
