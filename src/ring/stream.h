/* Private to the ring floor: AES-256 in counter mode as a stream of bytes.  PPDL_ERR_CRYPTO: OpenSSL failed. */
#ifndef PPDL_RING_STREAM_H
#define PPDL_RING_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ring/random.h"

typedef struct evp_cipher_ctx_st PpdlStream;

/*
 * key = seed; first counter block: domain, index (2 bytes), q (7 bytes, below 2^56), six zero bytes; the caller's to
 * close
 */
PpdlStatus	ppdl_stream_open(PpdlStream **out, const uint8_t seed[PPDL_SEED_BYTES], PpdlXofDomain domain,
							 uint16_t index, uint64_t q, PpdlError *err);
void		ppdl_stream_close(PpdlStream *s);	/* wipes; NULL is allowed */
/* the next len bytes */
PpdlStatus	ppdl_stream_read(PpdlStream *s, void *out, size_t len, PpdlError *err);

#endif
