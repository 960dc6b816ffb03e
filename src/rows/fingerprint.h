/*
 * The fingerprint of an owner's key: the first 8 bytes of the SHA-256 of its public key.
 */
#ifndef PPDL_ROWS_FINGERPRINT_H
#define PPDL_ROWS_FINGERPRINT_H

#include <stdint.h>

#define PPDL_FINGERPRINT_BYTES 8

/* out: 16 lower-case hex digits and a zero */
void		ppdl_fingerprint_hex(char out[17], const uint8_t fp[PPDL_FINGERPRINT_BYTES]);
/* 0 when hex is not exactly 16 hex digits; fp may then hold a part */
int			ppdl_fingerprint_parse(uint8_t fp[PPDL_FINGERPRINT_BYTES], const char *hex);

#endif
