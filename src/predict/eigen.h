/* Private to the floor: eigenvalues of small symmetric matrices. */
#ifndef PPDL_PREDICT_EIGEN_H
#define PPDL_PREDICT_EIGEN_H

#include "base/poll.h"

/*
 * a: n*n, symmetric, destroyed.  value[r], and vector[r*n .. r*n + n-1] of length 1: a = sum_r value_r vector_r
 * vector_r'. Cyclic Jacobi rotations (Golub and Van Loan 2013, §8.5), some 6*n^3 operations a sweep, ten sweeps or so.
 * poll (or NULL) is asked once a row of each sweep.
 */
PpdlStatus	ppdl_eigen_symmetric(double *a, int n, double *value, double *vector, const PpdlPoll *poll, PpdlError *err);

#endif
