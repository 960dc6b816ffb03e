/* Dense linear algebra on small symmetric matrices, row by row: a[i * n + j]. */
#ifndef PPDL_STATS_LINALG_H
#define PPDL_STATS_LINALG_H

#include <stddef.h>

#include "base/error.h"
#include "base/poll.h"

/* n * m doubles, zeroed, or PPDL_ERR_NOMEM (also when no size_t holds their size); freed with free() */
PpdlStatus	ppdl_matrix_alloc(double **out, size_t n, size_t m, PpdlError *err);

/*
 * Cholesky factor L of a symmetric positive definite matrix, in place: only the lower triangle of a is read, and
 * becomes that of L.  *done = 0 where a pivot is not positive beyond rounding errors (a is then spoiled).
 * PPDL_ERR_CANCELED.
 */
PpdlStatus	ppdl_cholesky(double *a, int n, int *done, const PpdlPoll *poll, PpdlError *err);
/*
 * Of the first n rows and columns of L, whose rows are `stride` numbers apart, sums in long double: x becomes the
 * solution of L L' x = b, L^-1 x, L'^-1 x.
 */
void		ppdl_cholesky_solve(const double *l, int stride, int n, double *x);
void		ppdl_forward_solve(const double *l, int stride, int n, double *x);
void		ppdl_backward_solve(const double *l, int stride, int n, double *x);

/* dot product in double, in a fixed order */
double		ppdl_dot(const double *a, const double *b, size_t n);

#endif
