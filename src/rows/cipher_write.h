/*
 * Writing the wire form of lwe_cipher.
 */
#ifndef PPDL_ROWS_CIPHER_WRITE_H
#define PPDL_ROWS_CIPHER_WRITE_H

#include "rows/cipher.h"

/*
 * Appends all of a value's header: of a slice or row everything before its residues, of a packed value everything
 * before its places, of one in parts everything before the first.  c->residues and c->places are not looked at, c->tags
 * only for whether there are any.
 * PPDL_ERR_RANGE when the header breaks a rule of ppdl_cipher_check (nothing is appended then), PPDL_ERR_NOMEM.
 */
PpdlStatus	ppdl_cipher_put_header(PpdlWriter *w, const PpdlCipher *c, PpdlError *err);

/*
 * One limb of a row-kind value: b, k reduced coefficients, and a, N reduced residues in the NTT domain;
 * w->bad on failure
 */
void		ppdl_cipher_put_row_limb(PpdlWriter *w, const PpdlCipher *c, int limb, const uint64_t *b,
									 const uint64_t *a);

#endif
