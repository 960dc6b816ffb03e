#include "rows/fingerprint.h"

#include "base/hex.h"

void
ppdl_fingerprint_hex(char out[17], const uint8_t fp[PPDL_FINGERPRINT_BYTES])
{
	ppdl_hex_write(out, fp, PPDL_FINGERPRINT_BYTES);
}

int
ppdl_fingerprint_parse(uint8_t fp[PPDL_FINGERPRINT_BYTES], const char *hex)
{
	return ppdl_hex_read_typed(fp, hex, PPDL_FINGERPRINT_BYTES) && hex[2 * PPDL_FINGERPRINT_BYTES] == '\0';
}
