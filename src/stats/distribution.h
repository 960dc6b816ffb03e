/*
 * Distribution functions: lower and upper tails, each without loss where it is small, and a quantile.  NaN where an
 * argument means nothing.  Relative errors below 1e-10 for tails above 1e-300 and degrees of freedom up to 1e8.
 */
#ifndef PPDL_STATS_DISTRIBUTION_H
#define PPDL_STATS_DISTRIBUTION_H

/* regularised incomplete gamma functions P(a, x) and Q = 1 - P, a > 0, x >= 0 (DLMF 8.2) */
double		ppdl_gamma_p(double a, double x);
double		ppdl_gamma_q(double a, double x);
/* regularised incomplete beta function I_x(a, b), a, b > 0 (DLMF 8.17); y = 1 - x, given apart since it may be tiny */
double		ppdl_beta_i(double a, double b, double x, double y);

/* probability of more than x */
double		ppdl_normal_tail(double x);
double		ppdl_chi2_tail(double x, double df);
double		ppdl_t_tail(double t, double df);
double		ppdl_f_tail(double f, double df1, double df2);
/* probability of more than |t|, either way */
double		ppdl_t_two_sided(double t, double df);
/* x such that t lies within -x .. x with this probability (0 < level < 1) */
double		ppdl_t_within(double level, double df);

#endif
