/*
 * What the page of statistics is made of: for src/report only.
 */
#ifndef PPDL_REPORT_STATISTICS_IMPL_H
#define PPDL_REPORT_STATISTICS_IMPL_H

#include "report/statistics.h"

/* a number, or the word that says why there is none */
#define PPDL_ESTIMATE_SHOWN 96
void		ppdl_show_estimate(char out[PPDL_ESTIMATE_SHOWN], PpdlEstimate e);
/* a number of rows, "12" or "12.3 ± 0.4"; "0.032", "< 0.0001" */
void		ppdl_show_rows(char out[PPDL_ESTIMATE_SHOWN], PpdlEstimate e);
void		ppdl_show_p(char out[PPDL_ESTIMATE_SHOWN], double p);

/* statistics_tables.c: each appends tables and sentences about a group */
void		ppdl_statistics_columns(PpdlDocument *d, const PpdlStatisticsGroup *g);
void		ppdl_statistics_pairs(PpdlDocument *d, const PpdlStatisticsGroup *g);
void		ppdl_statistics_coefficients(PpdlDocument *d, const PpdlMoments *m, const PpdlRegression *r);
void		ppdl_statistics_counts(PpdlDocument *d, const PpdlMoments *m, const PpdlCrosstab *c);
void		ppdl_statistics_bands(PpdlDocument *d, const PpdlMoments *m, const PpdlHistogram *h);
void		ppdl_statistics_components(PpdlDocument *d, const PpdlMoments *m, const PpdlComponents *c);

/* statistics_charts.c: number: for ids, counted up */
PpdlStatus	ppdl_statistics_histogram_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlHistogram *h, long *number,
											PpdlError *err);
PpdlStatus	ppdl_statistics_map(PpdlDocument *d, const PpdlMoments *m, const PpdlCorrelation *c, long *number,
								PpdlError *err);
PpdlStatus	ppdl_statistics_coefficient_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlRegression *r,
											  long *number, PpdlError *err);
PpdlStatus	ppdl_statistics_crosstab_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlCrosstab *c, long *number,
										   PpdlError *err);
PpdlStatus	ppdl_statistics_component_chart(PpdlDocument *d, const PpdlComponents *c, long *number, PpdlError *err);

#endif
