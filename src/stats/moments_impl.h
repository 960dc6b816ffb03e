/*
 * Linear functions of a row, and their sums and products over the rows (moments.c): for src/stats only.
 */
#ifndef PPDL_STATS_MOMENTS_IMPL_H
#define PPDL_STATS_MOMENTS_IMPL_H

#include "stats/moments.h"

/* so many standard deviations of the error are taken to be possible; beyond the second, moments make no sense */
#define PPDL_MOMENTS_SURE 5
#define PPDL_MOMENTS_NONSENSE 8

#define PPDL_LINEAR_TERMS 6

/* one + sum of weight * value: what a row has of something; 0 in rows that do not know it */
typedef struct PpdlLinear
{
	double		one;
	int			n,
				index[PPDL_LINEAR_TERMS];
	double		weight[PPDL_LINEAR_TERMS];
} PpdlLinear;

static inline double *
ppdl_moments_entry(const PpdlMoments *m, int i, int j)
{
	return &m->gram[(size_t) i * (size_t) m->width + (size_t) j];
}

/* a sum over the rows and the standard deviation of its error; NaN: nobody asked for it */
typedef struct PpdlSum
{
	double		value,
				error;
} PpdlSum;

/* 1 in rows in which the variable is known */
PpdlLinear	ppdl_linear_known(const PpdlMoments *m, int variable);
/* a number as it is encoded; 1 in rows that have the level */
PpdlLinear	ppdl_linear_term(const PpdlMoments *m, PpdlTerm t);
/* a value as it is encoded */
PpdlLinear	ppdl_linear_value(int index);
/* f + factor * g; three values each at most */
PpdlLinear	ppdl_linear_add(PpdlLinear f, double factor, PpdlLinear g);

PpdlSum		ppdl_linear_sum(const PpdlMoments *m, const PpdlLinear *f);
PpdlSum		ppdl_linear_product(const PpdlMoments *m, const PpdlLinear *f, const PpdlLinear *g);

/* value = offset + scale * linear function, in the table's units; 0 and 1 of levels */
double		ppdl_term_offset(const PpdlMoments *m, PpdlTerm t);
double		ppdl_term_scale(const PpdlMoments *m, PpdlTerm t);

/* the error of a sum of n numbers in -1 .. 1, with that of rounding; may whole numbers be rounded? */
double		ppdl_with_rounding(const PpdlMoments *m, double error);
int			ppdl_can_round(double error);

/* no number, for this reason */
PpdlEstimate ppdl_doubtful(PpdlDoubt d);
/* a number of rows */
PpdlEstimate ppdl_count_estimate(PpdlSum s);

#endif
