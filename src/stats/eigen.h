/*
 * Eigenvalues and eigenvectors of a symmetric matrix of up to some thousand rows.  (predict/eigen.h has rotations for
 * the small ones of networks, which would take minutes here.)
 */
#ifndef PPDL_STATS_EIGEN_H
#define PPDL_STATS_EIGEN_H

#include "base/poll.h"

/*
 * a: n*n, symmetric and finite, destroyed.  value[0] >= value[1] >= ..., and vector[r*n .. r*n + n-1] of length 1:
 * a = sum_r value_r vector_r vector_r'.  Signs are fixed: of the entries that are largest in absolute value but for
 * rounding, the first is positive.  Householder reflections to a tridiagonal matrix, then implicit QL steps (Golub and
 * Van Loan 2013, 8.3; EISPACK's tred2 and imtql2), some 15*n^3 operations.  poll (or NULL) is asked often.
 * PPDL_ERR_RANGE when the steps do not converge, as they cannot on what is not finite.
 */
PpdlStatus	ppdl_eigen_decompose(double *a, int n, double *value, double *vector, const PpdlPoll *poll, PpdlError *err);

#endif
