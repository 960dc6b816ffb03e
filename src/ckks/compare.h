/*
 * Comparisons of slots with numbers that are known: 1 where a slot is above one, 0 where it is below, something between
 * within a blur around it; and sums of such steps, which tell whether a slot is within intervals.
 *
 * The step 1[x > t] is, with x = cos a and t = cos b, the pulse 1[|a| < b] of angles.  Convolved with a kernel whose
 * Fourier coefficients are Kaiser's window it is a cosine polynomial in a, a Chebyshev series in x: a low-pass filter
 * by the window method (Kaiser 1974).  Next to polynomials that are composed from minimax approximations of sign(x - t)
 * (Lee, Lee, No, Kim 2021): of the same levels and error, the blur is as wide for t = 0 and narrower for all others, as
 * there need not be as much room on either side of t; and steps are added for nothing.  It takes about twice as many
 * products (algorithms.md, 6.9).
 */
#ifndef PPDL_CKKS_COMPARE_H
#define PPDL_CKKS_COMPARE_H

#include "ckks/eval.h"

/* levels that a comparison may take: its degree is 2^levels - 1 */
#define PPDL_COMPARE_MIN_LEVELS 4
#define PPDL_COMPARE_MAX_LEVELS 11
#define PPDL_COMPARE_MAX_DEGREE ((1 << PPDL_COMPARE_MAX_LEVELS) - 1)

/* what a step is off by outside the blur, at most, without noise: from 0 or 1 */
#define PPDL_COMPARE_ERROR 0x1p-13

/* half the width of the blur, as an angle: 8.97 / 2^levels */
double		ppdl_compare_angle(int levels);
/*
 * The blur around t, |t| < 1: slots below *below or above *above count as 0 or 1, those between them in part, the more
 * the larger they are.  About ppdl_compare_angle * sqrt(1 - t^2) to either side; *below is -2, or *above 2, when the
 * blur reaches to the end of the interval.
 */
void		ppdl_compare_blur(int levels, double t, double *below, double *above);
/* levels that leave a value as near to t as `distance` outside the blur, 0: more than there are */
int			ppdl_compare_levels(double t, double distance);

/* height * 1[x > at], |at| < 1 */
typedef struct PpdlStep
{
	double		at,
				height;
} PpdlStep;

/* the sum of steps as a series of Chebyshev polynomials: c[0 .. 2^levels - 1] */
void		ppdl_compare_series(double *c, int levels, const PpdlStep *step, int count);
/* such a series at x, -1 <= x <= 1 */
double		ppdl_compare_sum(const double *c, int levels, double x);
/* what a slot x counts, -1 <= x <= 1, in the clear */
double		ppdl_compare_value(int levels, const PpdlStep *step, int count, double x);

/*
 * The scale at which a comparison takes its input, of 1 <= levels < limbs.  T_2k is a square, so that scales that are
 * not 2^40 there and then run away; from the bottom up, s(l) = sqrt(s(l-1) * q(l-1)).
 */
double		ppdl_compare_scale(const PpdlParams *par, int limbs, int levels);
/*
 * out = the sum of steps, slot by slot; in->limbs - levels limbs and exactly the scale that is asked for.  Slots of in
 * are real, in [-1, 1] up to 2^-20, at ppdl_compare_scale up to 2^-levels of it (PPDL_ERR_SCALE).  Key: PPDL_KEY_RELIN.
 * The noise of out is what is seen outside the blur, where errors of in do not matter; there PPDL_COMPARE_ERROR for
 * each step comes on top.  PPDL_ERR_ARGUMENT for no steps, other levels or |at| >= 1, PPDL_ERR_LEVEL.
 */
PpdlStatus	ppdl_ct_compare(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlStep *step, int count, int levels,
							double scale, PpdlError *err);

/*
 * Composed comparisons (compare_fine.c): a first one of PPDL_COMPARE_FIRST_LEVELS, as values from -1 to 1, is refreshed
 * by a full bootstrap (ckks/boot.h) and compared with 0.  The blur of the second, `levels` levels, is divided by the
 * slope of the first: 66 times as narrow as that of one comparison of as many levels.  Beyond the first one's blur the
 * value is 0 or 1 up to PPDL_COMPARE_ERROR, too.
 *
 * Thresholds of one comparison have to be farther from each other than the first one's blur: they are put into as many
 * sets as that takes, each of which is compared and refreshed by itself.
 */
#define PPDL_COMPARE_FIRST_LEVELS 8

/* as ppdl_compare_blur, of a comparison composed with a second one of so many levels */
void		ppdl_compare_fine_blur(int levels, double t, double *below, double *above);
/* is t far enough from -1 and 1 (9*10^-5) for comparisons to be composed? */
int			ppdl_compare_is_fine(double t);
/* set[0..count-1]: the set, from 0, of each of the thresholds, which ascend.  Returns how many sets there are */
int			ppdl_compare_fine_sets(const double *threshold, int count, int *set);
/*
 * The comparison of one set: 1 where x is above an odd number of its thresholds; -1 instead of 1, *negative, where the
 * first of them has an odd number.  The sum over all sets is the comparison.
 */
typedef struct PpdlFineSet
{
	const double *threshold;	/* of all sets */
	const int  *set;
	int			count,			/* of these */
				which;			/* the set */
} PpdlFineSet;

/* what a slot x counts for all sets together, in the clear; negative when out of memory */
double		ppdl_compare_fine_value(int levels, const double *threshold, int count, double x);
/*
 * The first comparison: in as for ppdl_ct_compare with PPDL_COMPARE_FIRST_LEVELS; out has that many limbs less, and
 * scale PPDL_BOOT_FULL_SCALE.  PPDL_ERR_ARGUMENT for thresholds with !ppdl_compare_is_fine.
 */
PpdlStatus	ppdl_ct_compare_first(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlFineSet *set, PpdlError *err);
/*
 * The second: ct is what a full bootstrap made of that; replaced by `limbs` limbs at `scale`, to be released after an
 * error
 */
PpdlStatus	ppdl_ct_compare_again(PpdlEval *ev, PpdlCt *ct, const PpdlFineSet *set, int levels, int limbs, double scale,
								  PpdlError *err);

#endif
