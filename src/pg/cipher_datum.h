/*
 * lwe_cipher as a Datum: a varlena whose payload is the wire form of rows/cipher.h.
 */
#ifndef PPDL_PG_CIPHER_DATUM_H
#define PPDL_PG_CIPHER_DATUM_H

#include "pg/ppdl.h"

#include "lib/stringinfo.h"
#include "rows/cipher.h"

/* parses a (detoasted) datum; reports errors; c points into *value */
extern void ppdl_cipher_from_datum(PpdlCipher *c, struct varlena *value);
/* a palloc'ed varlena from a writer's bytes; frees the writer */
extern struct varlena *ppdl_cipher_to_datum(PpdlWriter *w);
/* the same after a core call that filled w: frees w and reports when status is not PPDL_OK */
extern struct varlena *ppdl_cipher_result(PpdlStatus status, PpdlWriter *w, const PpdlError *err);
/* typmod: -1 or width */
extern void ppdl_check_typmod(const PpdlCipher *c, int32 typmod);

/* base64, for the text form of every binary type here; white space is skipped; type: name for the message */
extern struct varlena *ppdl_base64_decode(const char *text, const char *type);
extern char *ppdl_base64_encode(const void *bytes, size_t len);
/* the rest of a message of the binary protocol, as a varlena */
extern struct varlena *ppdl_receive_bytes(StringInfo message);
/* FORMAT and VERSION errors of input functions under the given SQLSTATE, others as usual */
extern void ppdl_report_input(int sqlstate, const char *type, PpdlError *err) PPDL_NORETURN;

#define PG_GETARG_CIPHER_PP(n) PG_GETARG_VARLENA_PP(n)

#endif
