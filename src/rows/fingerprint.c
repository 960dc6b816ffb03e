#include "rows/fingerprint.h"

void
ppdl_fingerprint_hex(char out[17], const uint8_t fp[PPDL_FINGERPRINT_BYTES])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < PPDL_FINGERPRINT_BYTES; i++)
	{
		out[2 * i] = digit[fp[i] >> 4];
		out[2 * i + 1] = digit[fp[i] & 15];
	}
	out[16] = '\0';
}

static int
hex_value(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

int
ppdl_fingerprint_parse(uint8_t fp[PPDL_FINGERPRINT_BYTES], const char *hex)
{
	for (int i = 0; i < PPDL_FINGERPRINT_BYTES; i++)
	{
		int			hi = hex_value(hex[2 * i]),
					lo = hi < 0 ? -1 : hex_value(hex[2 * i + 1]);

		if (lo < 0)
			return 0;
		fp[i] = (uint8_t) (hi << 4 | lo);
	}
	return hex[16] == '\0';
}
