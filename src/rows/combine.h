/*
 * The operators + - and * float8 of slices and rows.
 */
#ifndef PPDL_ROWS_COMBINE_H
#define PPDL_ROWS_COMBINE_H

#include "rows/cipher.h"

/*
 * Appends a*wa + b*wb as a row-kind ciphertext to w, wa, wb real; b may be NULL.  A factor moves
 * the scale; two scales are brought together by the smallest integers whose ratio is right to
 * 2^-40, PPDL_ERR_RANGE when these pass 2^52 or the modulus has no room for them.  The result has the fewer
 * limbs of both.  PPDL_ERR_ARGUMENT for packed values, PPDL_ERR_KEY and PPDL_ERR_SCALE for values that do not
 * belong together.
 */
PpdlStatus	ppdl_cipher_combine(PpdlWriter *w, const PpdlCipher *a, double wa, const PpdlCipher *b, double wb,
								PpdlError *err);

#endif
