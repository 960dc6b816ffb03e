/*
 * Batch encryption: C rows of k values under one seed, of which each row keeps
 * its slice (algorithms.md, 3.1).  g = N/(C*k), pos(i) = bitrev(i) on log2 C bits,
 * M = sum_i sum_f x[i,f] X^(pos(i)*g + f*N/k), B = -A*s + E + scale*M.
 */
#ifndef PPDL_ROWS_BATCH_H
#define PPDL_ROWS_BATCH_H

#include "ckks/ct.h"
#include "ckks/keys.h"
#include "rows/cipher.h"

typedef struct PpdlBatchOptions
{
	int			limbs;			/* 1 = compact .. par->nq = full */
	int			scale_bits;		/* scale = 2^scale_bits, 20..40; 30 by default */
	int			logc;			/* capacity 2^logc rows, logc + logk <= logn */
	int			logstride;		/* row i takes the place of row i << logstride, 0 by default; see ppdl_batch_beside */
} PpdlBatchOptions;

/*
 * Options for a column of 2^logk values a row whose rows are to lie beside those of a wider column of
 * 2^logk_wide values, encrypted with `wide`: their values come out in the same slots (training needs label and features so).
 */
PpdlBatchOptions ppdl_batch_beside(const PpdlBatchOptions *wide, const PpdlParams *par, int logk_wide, int logk);

/*
 * Encrypts rows 0..rows-1 (rows << logstride <= C) of `width` values each, row-major, |x| <= 1
 * and finite (PPDL_ERR_RANGE names row and column, counted from 1).  Writes rows
 * slices of ppdl_slice_size() bytes each, one after the other.  A fresh seed from
 * rng; the same seed is never used twice.
 */
PpdlStatus	ppdl_batch_encrypt(uint8_t *out, const double *x, int rows, int width, const PpdlBatchOptions *opt,
							   const PpdlSecret *sk, const uint8_t fp[PPDL_FINGERPRINT_BYTES],
							   PpdlRng *rng, PpdlError *err);

/* One vector under a public key -> a row-kind ciphertext of `limbs` limbs, appended to w. */
PpdlStatus	ppdl_row_encrypt_public(PpdlWriter *w, const double *x, int width, int limbs, int scale_bits,
									const PpdlPublicKey *pk, const uint8_t fp[PPDL_FINGERPRINT_BYTES],
									PpdlRng *rng, PpdlError *err);

/* ct, values at coefficients f*N/k, as a row-kind value appended to w; ct->b is destroyed */
PpdlStatus	ppdl_row_write(PpdlWriter *w, PpdlCt *ct, int width, const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err);

/*
 * Decryption of any kind.  values: malloc'ed, nrows*width doubles, NaN for rows
 * without value; error: the larger of the estimated and the observed error (standard
 * deviation, in units of the value).  A value beyond bound*(1+2^-10) + 32 errors, or an error
 * above bound/4, is PPDL_ERR_PRECISION: digits that mean nothing are never returned.
 */
typedef struct PpdlValues
{
	PpdlKind	kind;
	uint32_t	nrows;
	int			width;
	double	   *v;
	double		error;
} PpdlValues;
PpdlStatus	ppdl_cipher_decrypt(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err);
void		ppdl_values_free(PpdlValues *v);	/* wipes */

#endif
