/* AES-256 in counter mode as a stream of bytes. */
#ifndef PPDL_RING_STREAM_H
#define PPDL_RING_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ring/random.h"

typedef struct evp_cipher_ctx_st PpdlStream;

/* key = seed; first counter block: domain, index (2 bytes), q (7 bytes), six zero bytes */
PpdlStatus	ppdl_stream_open(PpdlStream **out, const uint8_t seed[PPDL_SEED_BYTES], PpdlXofDomain domain,
							 uint16_t index, uint64_t q, PpdlError *err);
void		ppdl_stream_close(PpdlStream *s);	/* wipes; NULL is allowed */
PpdlStatus	ppdl_stream_read(PpdlStream *s, void *out, size_t len, PpdlError *err);

#endif
