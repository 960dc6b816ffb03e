/*
 * The operators + - and * float8 of slices and rows.
 */
#ifndef PPDL_ROWS_COMBINE_H
#define PPDL_ROWS_COMBINE_H

#include "rows/cipher.h"

/*
 * Appends a*wa + b*wb as a row-kind ciphertext to w, wa, wb real; b may be NULL.  A factor moves
 * the scale; two scales are brought together by the smallest integers whose ratio is right to
 * 2^-40.  The result has the fewer limbs of both.  Where these integers pass 2^52 or the modulus has no room for
 * them, or for the sum, and where an operand is in parts, the result is a value in parts (rows/parts.h): parts of one
 * scale are added where there is room.  PPDL_ERR_RANGE for more than PPDL_MAX_PARTS.  PPDL_ERR_ARGUMENT for packed
 * values, PPDL_ERR_KEY and PPDL_ERR_SCALE for values that do not belong together.
 */
PpdlStatus	ppdl_cipher_combine(PpdlWriter *w, const PpdlCipher *a, double wa, const PpdlCipher *b, double wb,
								PpdlError *err);

#endif
