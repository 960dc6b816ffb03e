/*
 * rsa_cipher as a Datum: a varlena whose payload is the wire form of rsa/cipher.h;
 * and the public keys that operations on it need.
 */
#ifndef PPDL_PG_RSA_DATUM_H
#define PPDL_PG_RSA_DATUM_H

#include "pg/ppdl.h"

#include "rsa/rsa.h"
#include "utils/array.h"

/* parses a (detoasted) datum; reports errors; view points into *value */
extern void ppdl_rsa_from_datum(PpdlRsaView *view, struct varlena *value);

/*
 * The public key of a fingerprint, from ppdl_keys; stays for the backend's life (a
 * fingerprint never changes its key).  An error when it is not there.
 */
extern const PpdlRsaPublic *ppdl_rsa_public(const uint8_t *fingerprint);
/* the same, but NULL when it is not there */
extern const PpdlRsaPublic *ppdl_rsa_public_if_known(const uint8_t *fingerprint);
/* the public key of a name or key_id */
extern const PpdlRsaPublic *ppdl_rsa_public_named(text *name_or_id);

/* elements of an rsa_cipher[]: one dimension, no NULLs; views point into palloc'ed copies. what: for messages */
extern PpdlRsaView *ppdl_rsa_from_array(ArrayType *array, int *n, const char *what);

#endif
