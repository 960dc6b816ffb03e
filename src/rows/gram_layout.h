/*
 * Second moments as lwe_gram() returns them (algorithms.md, 6.6): what the coefficients of the one ciphertext mean, and
 * the matrix that they come to.  A packed value of layout PPDL_LAYOUT_GRAM; its arithmetic is in predict/gram.h.
 *
 * A row of k values has k/2 complex slots, slot r holding x_f + i*x_(f+k/2), f = bitrev(r); labels likewise, those of
 * one value in the real part of one slot.  A *term* is the sum over all rows of the products, slot by slot, of a row
 * with its own rotation by `shift`, or with the conjugate of it: k coefficients, whose k/2 values at exp(i*pi*5^r/k),
 * times N/k, are the sums for slots r.  Those are good where r + shift is a slot of the row too.
 */
#ifndef PPDL_ROWS_GRAM_LAYOUT_H
#define PPDL_ROWS_GRAM_LAYOUT_H

#include <math.h>

#include "rows/cipher.h"

#define PPDL_GRAM_MIN_WIDTH 2
#define PPDL_GRAM_MAX_WIDTH 64
/* two columns of PPDL_GRAM_MAX_WIDTH */
#define PPDL_GRAM_MAX_TERMS 256

typedef struct PpdlGramLayout
{
	int			width_x,
				width_y,		/* of a label, 0: none; at most width_x */
				logk,			/* of width_x */
				half_x,			/* slots of a row's features, of its label */
				half_y;
} PpdlGramLayout;

/* PPDL_ERR_ARGUMENT for widths that lwe_gram does not take; width_y 0: one column */
PpdlStatus	ppdl_gram_layout(PpdlGramLayout *lay, int width_x, int width_y, PpdlError *err);
/* of a value of this layout; PPDL_ERR_FORMAT when its head and places are those of no such matrix */
PpdlStatus	ppdl_gram_layout_of(PpdlGramLayout *lay, const PpdlCipher *c, PpdlError *err);
/* rows and columns of the matrix: features, then labels */
static inline int
ppdl_gram_size(const PpdlGramLayout *lay)
{
	return lay->width_x + lay->width_y;
}
/* the place that row i of the matrix has in the value's list of places */
uint32_t	ppdl_gram_place(const PpdlGramLayout *lay, int i);

typedef enum PpdlGramPair
{
	PPDL_GRAM_XX,				/* shift 0 .. half_x - 1 */
	PPDL_GRAM_YX,				/* label times features: shift 1 - half_y .. half_x - 1 */
	PPDL_GRAM_YY				/* shift 0 .. half_y - 1 */
} PpdlGramPair;

/* terms in all, even; and log2 of that, rounded up */
int			ppdl_gram_terms(const PpdlGramLayout *lay);
int			ppdl_gram_log_terms(const PpdlGramLayout *lay);
/* number of a term; conj 1: the other factor is conjugated */
int			ppdl_gram_term(const PpdlGramLayout *lay, PpdlGramPair pair, int shift, int conj);

/*
 * out: size*size, row by row, from the N coefficients of the phase: term t has coefficient j in
 * j*N/k + bitrev(t)*N/(k*terms), terms being rounded up to a power of two.  stray (or NULL): the sum of squares and the
 * number of what should be zero, entries of values that were added to make up k.
 */
typedef struct PpdlGramStray
{
	double		squares;
	uint64_t	count;
} PpdlGramStray;
PpdlStatus	ppdl_gram_matrix(double *out, const PpdlGramLayout *lay, const PpdlParams *par, const double *phase,
							 double scale, PpdlGramStray *stray, PpdlError *err);

/* error of an entry for an error of 1 of each coefficient, independent of each other: N / (2*sqrt(k)) */
static inline double
ppdl_gram_gain(const PpdlParams *par, int logk)
{
	return (double) par->n / (2 * sqrt((double) (1 << logk)));
}

#endif
