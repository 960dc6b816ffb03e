/*
 * Batch encryption: C rows of k values under one seed, of which each row keeps
 * its slice (algorithms.md, 3.1).  g = N/(C*k), pos(i) = bitrev(i) on log2 C bits,
 * M = sum_i sum_f x[i,f] X^(pos(i)*g + f*N/k), B = -A*s + E + scale*M.
 */
#ifndef PPDL_ROWS_BATCH_H
#define PPDL_ROWS_BATCH_H

#include "ckks/keys.h"
#include "rows/cipher.h"

typedef struct PpdlBatchOptions
{
	int			limbs;			/* 1 = compact .. par->nq = full */
	int			scale_bits;		/* scale = 2^scale_bits, 20..40; 30 by default */
	int			logc;			/* capacity 2^logc rows, logc + logk <= logn */
	int			logstride;		/* row i takes the place of row i << logstride, 0 by default; see ppdl_batch_beside */
	const uint8_t *features;	/* labels: seed of the batch that they lie beside (rows/partner.h); else NULL */
	uint64_t	encoding;		/* features: id of their encoding, 0: not known (rows/encoding.h); labels: ignored */
	uint8_t		ring;			/* PPDL_RING_ROW, or 0 for it; PPDL_RING_COMPACT: limbs = 1 */
} PpdlBatchOptions;

/* what encryption takes of the owner; all stay the caller's */
typedef struct PpdlBatchKey
{
	const PpdlSecret *sk;
	const uint8_t *fingerprint; /* PPDL_FINGERPRINT_BYTES */
	PpdlRng    *rng;
} PpdlBatchKey;

/* the ring for rows of that width: compact ones have one of their own, unless they are wider than it is */
PpdlStatus	ppdl_rows_params(const PpdlParams **par, int compact, int width, PpdlError *err);

/*
 * Options for a column of 2^logk values a row whose rows are to lie beside those of a wider column of
 * 2^logk_wide values, encrypted with `wide`: their values come out in the same slots (training needs label and features
 * so).
 */
PpdlBatchOptions ppdl_batch_beside(const PpdlBatchOptions *wide, const PpdlParams *par, int logk_wide, int logk);

/*
 * Encrypts rows 0..rows-1 (rows << logstride <= C) of `width` values each, row-major, |x| <= 1
 * and finite (PPDL_ERR_RANGE names row and column, counted from 1).  Writes rows
 * slices of ppdl_slice_size() bytes each, one after the other.  A fresh seed from
 * key->rng; the same seed is never used twice.
 */
PpdlStatus	ppdl_batch_encrypt(uint8_t *out, const double *x, int rows, int width, const PpdlBatchOptions *opt,
							   const PpdlBatchKey *key, PpdlError *err);

/* the seed inside a slice that ppdl_batch_encrypt wrote */
const uint8_t *ppdl_slice_seed(const uint8_t *slice);

/* whether such values can be encrypted so: PPDL_ERR_ARGUMENT for shapes, PPDL_ERR_RANGE for values */
PpdlStatus	ppdl_batch_check(const double *x, int rows, int width, const PpdlBatchOptions *opt, const PpdlParams *par,
							 PpdlError *err);

#endif
