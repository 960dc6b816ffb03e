#include "base/hex.h"

void
ppdl_hex_write(char *out, const uint8_t *in, size_t len)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		out[2 * i] = digit[in[i] >> 4];
		out[2 * i + 1] = digit[in[i] & 15];
	}
	out[2 * len] = '\0';
}

/* of digits as they are written */
static int
lower_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
ppdl_hex_digit(char c)
{
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : lower_digit(c);
}

static int
read_digits(uint8_t *out, const char *digits, size_t len, int (*digit) (char))
{
	for (size_t i = 0; i < len; i++)
	{
		const int	high = digit(digits[2 * i]),
					low = high < 0 ? -1 : digit(digits[2 * i + 1]);

		if (low < 0)
			return 0;
		out[i] = (uint8_t) (high << 4 | low);
	}
	return 1;
}

int
ppdl_hex_read(uint8_t *out, const char *digits, size_t len)
{
	return read_digits(out, digits, len, lower_digit);
}

int
ppdl_hex_read_typed(uint8_t *out, const char *digits, size_t len)
{
	return read_digits(out, digits, len, ppdl_hex_digit);
}
