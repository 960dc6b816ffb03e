/*
 * lwe_cipher as a Datum: a varlena whose payload is the wire form of rows/cipher.h.
 */
#ifndef PPDL_PG_CIPHER_DATUM_H
#define PPDL_PG_CIPHER_DATUM_H

#include "pg/ppdl.h"
#include "rows/cipher.h"

/* parses a (detoasted) datum; reports errors; c points into *value */
extern void ppdl_cipher_from_datum(PpdlCipher *c, struct varlena *value);
/* a palloc'ed varlena from a writer's bytes; frees the writer */
extern struct varlena *ppdl_cipher_to_datum(PpdlWriter *w);
/* typmod: -1 or width */
extern void ppdl_check_typmod(const PpdlCipher *c, int32 typmod);

#endif
