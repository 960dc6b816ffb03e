/*
 * What seeds of batches say of themselves and of each other is said by digests (rows/partner.h, rows/encoding.h).
 */
#ifndef PPDL_ROWS_SEED_DIGEST_H
#define PPDL_ROWS_SEED_DIGEST_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* out, len <= 32 bytes = SHA-256(domain | data), cut; domain and data are 64 bytes at most; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_seed_digest(uint8_t *out, size_t len, const char *domain, const uint8_t *data, size_t data_len,
							 PpdlError *err);

#endif
