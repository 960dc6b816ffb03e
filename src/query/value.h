/* What a value's text says before it is decrypted. */
#ifndef PPDL_QUERY_VALUE_H
#define PPDL_QUERY_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* does a value of either type begin here, in base64? one of rsa_cipher? */
int			ppdl_value_starts(const char *s, size_t len);
int			ppdl_value_starts_rsa(const char *s, size_t len);
/* of base64 */
int			ppdl_value_character(char c);
/* length of the value that s begins with: all of s, or 0 */
size_t		ppdl_value_whole(const char *s, size_t len);

/* of base64 text; 0: it names none, or is no lwe_cipher that can be read, which decryption will say.  PPDL_ERR_NOMEM */
PpdlStatus	ppdl_value_encoding(uint64_t *encoding, const char *s, size_t len, PpdlError *err);
/* PPDL_ERR_ARGUMENT when it is another than that of the feature file, which may be 0 */
PpdlStatus	ppdl_value_check_encoding(const char *s, size_t len, uint64_t encoding, PpdlError *err);

#endif
