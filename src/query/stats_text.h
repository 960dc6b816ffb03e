/* Numbers of statistics as texts: no more digits than their error lets. */
#ifndef PPDL_QUERY_STATS_TEXT_H
#define PPDL_QUERY_STATS_TEXT_H

#include "base/bytes.h"
#include "stats/moments.h"

#define PPDL_STATS_TEXT 64

/* the quantiles that are shown */
#define PPDL_STATS_QUANTILES 5
extern const double ppdl_stats_quantile[PPDL_STATS_QUANTILES];
/* of number i: "quantile_0.25"; name itself */
const char *ppdl_stats_quantile_name(int i, char name[32]);

/* as many digits as the error supports, whole counts as such; "" of what is no number */
void		ppdl_stats_exact(char out[PPDL_STATS_TEXT], PpdlEstimate e);
/* factor times it, for people: six digits at most; why there is none, in brackets */
void		ppdl_stats_short(char out[PPDL_STATS_TEXT], PpdlEstimate e, double factor);
/* a number without an error of encryption: of `digits` digits; "" of NaN */
void		ppdl_stats_number(char out[PPDL_STATS_TEXT], double v, int digits);
/* a probability: "0.0123", "1.2e-09", "< 1e-300" */
void		ppdl_stats_probability(char out[PPDL_STATS_TEXT], double p);

#endif
