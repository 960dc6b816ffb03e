#include "base/text.h"

#include <string.h>

/* of the character that begins with c, 1 where none does */
static size_t
length(unsigned char c)
{
	return c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

size_t
ppdl_text_whole(const char *s, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++)
	{
		const unsigned char c = (unsigned char) s[n - back];

		if ((c & 0xC0) == 0x80)
			continue;
		return length(c) > back ? n - back : n;
	}
	return n;
}

int
ppdl_text_cut(const char *s, int most)
{
	const size_t n = strnlen(s, (size_t) most);

	return (int) (n < (size_t) most ? n : ppdl_text_whole(s, n));
}
