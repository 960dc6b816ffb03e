/* Private to the floor: eigenvalues of small symmetric matrices. */
#ifndef PPDL_PREDICT_EIGEN_H
#define PPDL_PREDICT_EIGEN_H

/*
 * a: n*n, symmetric, destroyed.  value[r], and vector[r*n .. r*n + n-1] of length 1: a = sum_r value_r vector_r vector_r'.
 * Cyclic Jacobi rotations (Golub and Van Loan 2013, §8.5).
 */
void		ppdl_eigen_symmetric(double *a, int n, double *value, double *vector);

#endif
