/* Private to where*.c. */
#ifndef PPDL_PREDICT_WHERE_IMPL_H
#define PPDL_PREDICT_WHERE_IMPL_H

#include "predict/where.h"

/*
 * the condition in the last slot of the row before: w->limbs less its levels, PPDL_WHERE_LIMBS or one more
 * (where_condition.c)
 */
PpdlStatus	ppdl_where_evaluate(const PpdlWhere *w, PpdlEval *ev, PpdlCt *out, const PpdlCt part[2], PpdlError *err);

/*
 * Comparisons of numbers (where_number.c): levels that one takes, 0: there is none in this ring; and
 * out = 1 where in, real slots within [-1, 1], is above the threshold, else 0, so many limbs below in's.
 */
int			ppdl_where_number_levels(const PpdlParams *par);
PpdlStatus	ppdl_where_compare(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, double threshold, PpdlError *err);

#endif
