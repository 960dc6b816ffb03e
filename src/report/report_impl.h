/*
 * What the forms of a report share: for src/report only.
 */
#ifndef PPDL_REPORT_REPORT_IMPL_H
#define PPDL_REPORT_REPORT_IMPL_H

#include "report/results.h"

/* Each appends a whole file; w->bad when out of memory. */
void		ppdl_report_csv(PpdlWriter *w, const PpdlResults *results);	/* report_csv.c */

#endif
