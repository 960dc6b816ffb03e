/* Two-way tables of columns with levels, from moments (moments.h). */
#ifndef PPDL_STATS_CROSSTAB_H
#define PPDL_STATS_CROSSTAB_H

#include "stats/interval.h"
#include "stats/moments.h"

typedef struct PpdlCrosstab
{
	int			row,			/* variables */
				column,
				rows,			/* levels */
				columns;
	PpdlEstimate *count,		/* rows * columns, of the rows in which both are known */
			   *row_total,
			   *column_total,
				n,
				missing;		/* rows in which one of them, or both, are not known */
	int			is_rounded;		/* the error let all counts be rounded, and they fit together */
	/* Pearson's, without correction; levels without rows do not count */
	PpdlEstimate chi2;
	int			df;				/* 0: fewer than two levels of one of them have rows */
	double		p,
				cramer_v,		/* sqrt(chi2/n/min(rows - 1, columns - 1)) */
				least_expected; /* of all cells; chi2 is not to be trusted where it is below 5 */
	int			below_5;		/* cells with less than that expected */
	/* of two by two: first row's odds of the first column over the second row's; else NaN */
	double		odds_ratio;
	PpdlInterval odds_interval;	/* by Woolf's logarithm */
	int			is_haldane;		/* a cell was empty: 1/2 was added to each (Haldane and Anscombe) */
	double		level;
} PpdlCrosstab;

/* PPDL_ERR_ARGUMENT: a variable without levels, or one and the same; PPDL_ERR_PRECISION: moments that are not there. */
PpdlStatus	ppdl_crosstab(PpdlCrosstab *out, const PpdlMoments *m, int row, int column, double level, PpdlError *err);
void		ppdl_crosstab_free(PpdlCrosstab *c);

#endif
