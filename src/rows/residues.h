/*
 * Bit-packed residues inside the wire forms of this floor.
 */
#ifndef PPDL_ROWS_RESIDUES_H
#define PPDL_ROWS_RESIDUES_H

#include "base/bytes.h"
#include "ckks/params.h"
#include "rows/cipher.h"

/* bytes of n residues modulo each of the lowest `limbs` primes, each limb padded to a byte */
size_t		ppdl_residues_size(const PpdlParams *par, int limbs, size_t n);

/* n packed residues of one limb -> out, n words; PPDL_ERR_FORMAT unless all are below the modulus */
PpdlStatus	ppdl_residues_get(const PpdlModulus *m, uint64_t *out, const uint8_t *src, size_t n, PpdlError *err);

/* the common header, 24 bytes */
void		ppdl_cipher_put_header(PpdlWriter *w, const PpdlParams *par, PpdlKind kind, int limbs, int width,
								   const uint8_t fp[PPDL_FINGERPRINT_BYTES], double scale);

/* the whole header of a row-kind value; its residues follow: limb by limb k of b (coefficients), N of a (NTT) */
void		ppdl_cipher_put_row_header(PpdlWriter *w, const PpdlCipher *c);
void		ppdl_cipher_put_row_limb(PpdlWriter *w, const PpdlCipher *c, int limb, const uint64_t *b, const uint64_t *a);

#endif
