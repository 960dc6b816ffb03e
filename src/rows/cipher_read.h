/*
 * Reading the wire form of lwe_cipher.
 */
#ifndef PPDL_ROWS_CIPHER_READ_H
#define PPDL_ROWS_CIPHER_READ_H

#include "rows/cipher.h"

/*
 * *c: a view of buf.  Checks magic, version, kind and ring, the rules of ppdl_cipher_check, exact length, and of a
 * packed value that its places exist and are distinct, of one in parts all of this for each part.
 * Residues are not looked at.  Cheap enough for every row of an aggregate.  PPDL_ERR_FORMAT,
 * PPDL_ERR_VERSION; PPDL_ERR_NOMEM of packed values only.
 */
PpdlStatus	ppdl_cipher_parse(PpdlCipher *c, const void *buf, size_t len, PpdlError *err);
/*
 * The next part of a value in parts: r, at first ppdl_reader(c->residues, c->residue_bytes), moves behind it.  *part:
 * a row, a view of the same bytes.  *len (or NULL): its bytes, header included.  Errors as of parsing.
 */
PpdlStatus	ppdl_cipher_next_part(PpdlCipher *part, size_t *len, PpdlReader *r, const PpdlCipher *c, PpdlError *err);
/* the same; ring: found for its id before the built-in ones, NULL for those alone */
PpdlStatus	ppdl_cipher_parse_in(PpdlCipher *c, const PpdlParams *ring, const void *buf, size_t len, PpdlError *err);
/*
 * Only the first PPDL_CIPHER_HEADER bytes, all that buf need hold: for accessors on a toasted value.  Sets
 * par, kind, limbs, width, fingerprint and scale.
 */
PpdlStatus	ppdl_cipher_peek(PpdlCipher *c, const void *buf, PpdlError *err);
/* parse, and every residue below its modulus, padding bits zero: for input functions */
PpdlStatus	ppdl_cipher_validate(const void *buf, size_t len, PpdlError *err);

#endif
