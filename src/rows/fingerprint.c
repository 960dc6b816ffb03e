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
	for (int i = 0; i < PPDL_FINGERPRINT_BYTES; i++)
	{
		const int	high = ppdl_hex_digit(hex[2 * i]),
					low = high < 0 ? -1 : ppdl_hex_digit(hex[2 * i + 1]);

		if (low < 0)
			return 0;
		fp[i] = (uint8_t) (high << 4 | low);
	}
	return hex[16] == '\0';
}
