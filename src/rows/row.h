/*
 * Rows: explicit ciphertexts of one vector, as public keys and operations make them.
 */
#ifndef PPDL_ROWS_ROW_H
#define PPDL_ROWS_ROW_H

#include "ckks/ct.h"
#include "ckks/keys.h"
#include "rows/cipher.h"

/* what encryption under a public key takes; all stay the caller's */
typedef struct PpdlRowKey
{
	const PpdlPublicKey *pk;
	const uint8_t *fingerprint; /* PPDL_FINGERPRINT_BYTES */
	PpdlRng    *rng;
} PpdlRowKey;

/*
 * Width values, finite and |x| <= 1 (PPDL_ERR_RANGE), under a public key: appends a row of `limbs` limbs at scale
 * 2^scale_bits to w.  Limits of limbs, width and scale as of PpdlBatchOptions: PPDL_ERR_ARGUMENT.
 */
PpdlStatus	ppdl_row_encrypt_public(PpdlWriter *w, const double *x, int width, int limbs, int scale_bits,
									const PpdlRowKey *key, PpdlError *err);

/*
 * Appends ct (NTT domain, values at coefficients f*N/k) as a row to w; ct->b is destroyed, ct stays the
 * caller's.  PPDL_ERR_RANGE as ppdl_cipher_put_header.
 */
PpdlStatus	ppdl_row_write(PpdlWriter *w, PpdlCt *ct, int width, const uint8_t fp[PPDL_FINGERPRINT_BYTES],
						   PpdlError *err);

#endif
