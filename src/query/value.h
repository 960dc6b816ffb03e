/* What a value's text says before it is decrypted. */
#ifndef PPDL_QUERY_VALUE_H
#define PPDL_QUERY_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* of base64 text; 0: it names none, or is no lwe_cipher that can be read, which decryption will say.  PPDL_ERR_NOMEM */
PpdlStatus	ppdl_value_encoding(uint64_t *encoding, const char *s, size_t len, PpdlError *err);
/* PPDL_ERR_ARGUMENT when it is another than that of the feature file, which may be 0 */
PpdlStatus	ppdl_value_check_encoding(const char *s, size_t len, uint64_t encoding, PpdlError *err);

#endif
