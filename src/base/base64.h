/*
 * The text form of ciphertexts: base64 without line breaks.
 */
#ifndef PPDL_BASE_BASE64_H
#define PPDL_BASE_BASE64_H

#include "base/bytes.h"

/* *out: malloc'ed; PPDL_ERR_FORMAT */
PpdlStatus	ppdl_base64_read(const char *s, size_t len, uint8_t **out, size_t *outlen, PpdlError *err);

/* characters of so many bytes */
static inline size_t
ppdl_base64_length(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

/* appends the text, without a zero */
void		ppdl_base64_write(PpdlWriter *w, const void *data, size_t len);

#endif
