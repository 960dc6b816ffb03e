/*
 * A linear map that centres, scales and decorrelates inputs, learned from rows: mu their mean, s_i one over their
 * standard deviations (1e-4 added to the variances), R = V diag(lambda) V' the correlation, lambda_1 >= lambda_2 >= ...
 *
 *	z_r = clip(sum_i m[r][i] s_i (x_i - mu_i), +-clip) / clip,	m[r] = v_r / sqrt(lambda_r + ridge),	lambda_r > 1e-9
 *
 * and one more value that is always 1/clip; values beyond those, up to `width`, are 0.  The z lie in [-1, 1]; with an
 * input_scale of `clip` a network sees the constant 1 and uncorrelated inputs of variance lambda/(lambda + ridge): a
 * few large steps of gradient descent then do what hundreds of small ones do.  The ridge, 0.05 and ten times as much
 * as there are directions to a row, keeps directions that hardly vary, or that few rows show, from becoming noise.
 */
#ifndef PPDL_STATS_WHITEN_H
#define PPDL_STATS_WHITEN_H

#include "base/poll.h"

#define PPDL_WHITEN_RIDGE 0.05
#define PPDL_WHITEN_RIDGE_BY_ROWS 10
#define PPDL_WHITEN_VARIANCE 1e-4
#define PPDL_WHITEN_LEAST 1e-9
#define PPDL_WHITEN_CLIP 4
/* inputs of a map: the eigenvectors of 2,048 take half a minute, the map 50 MB as text */
#define PPDL_WHITEN_MAX_INPUTS 2048

typedef struct PpdlWhitening
{
	int			inputs,			/* before the map */
				components,		/* rows of the matrix */
				width;			/* values after the map, components + 1 or more */
	double		clip;
	double	   *mean,			/* mu: inputs */
			   *scale;			/* s: inputs */
	double	   *matrix;			/* components * inputs, row-major, rows orthogonal */
} PpdlWhitening;

/* sums over rows, from which the map is learned */
typedef struct PpdlScatter
{
	int			inputs;
	long		rows;
	double	   *sum,			/* inputs */
			   *product;		/* inputs * inputs, of which i <= j counts */
} PpdlScatter;

/* PPDL_ERR_RANGE beyond PPDL_WHITEN_MAX_INPUTS */
PpdlStatus	ppdl_scatter_create(PpdlScatter *m, int inputs, PpdlError *err);
void		ppdl_scatter_free(PpdlScatter *m);
/* x: inputs values within [-1, 1] */
void		ppdl_scatter_add(PpdlScatter *m, const double *x);

/*
 * The map of rows that were added, with the `most` components that vary most, the caller's to destroy; m stays.
 * Numbers are rounded to ten digits, so that a file holds them in few.  PPDL_ERR_RANGE when nothing varies.
 */
PpdlStatus	ppdl_whitening_learn(PpdlWhitening **out, const PpdlScatter *m, int most, const PpdlPoll *poll,
								 PpdlError *err);
/* without numbers, to be filled in and checked; width is components + 1 */
PpdlStatus	ppdl_whitening_create(PpdlWhitening **out, int inputs, int components, PpdlError *err);
void		ppdl_whitening_destroy(PpdlWhitening *w);	/* NULL is allowed */

/* PPDL_ERR_RANGE unless all is finite and within sensible bounds, rows are orthogonal and none is 0 */
PpdlStatus	ppdl_whitening_check(const PpdlWhitening *w, PpdlError *err);

/* z: width values; returns how many were clipped */
int			ppdl_whitening_apply(const PpdlWhitening *w, const double *x, double *z);
/*
 * x: the inputs that z comes from, where nothing was clipped, and as far as they vary as in the rows that the map was
 * learned from and in directions that were kept (mu elsewhere).  z: of a row, or a weighted sum of rows whose weights
 * add up to `rows`, such as their mean (1).
 */
void		ppdl_whitening_invert(const PpdlWhitening *w, const double *z, double rows, double *x);

#endif
