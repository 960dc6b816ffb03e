#include "cli/arraytext.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

PpdlStatus
ppdl_array_numbers(const char *text, double *out, long n, PpdlError *err)
{
	long		found = 0;

	while (*text)
	{
		char	   *end;
		double		v;

		if (strchr("{},", *text))
		{
			text++;
			continue;
		}
		v = strtod(text, &end);
		if (end == text || found == n)
			break;
		out[found++] = v;
		text = end;
	}
	if (*text || found != n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the server's answer is no array of %ld numbers: \"%.*s\"", n,
						  PPDL_CUT(text, 40));
	return PPDL_OK;
}

void
ppdl_array_put_text(PpdlWriter *w, const char *s, size_t len)
{
	ppdl_write_u8(w, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '"' || s[i] == '\\')
			ppdl_write_u8(w, '\\');
		ppdl_write_u8(w, (uint8_t) s[i]);
	}
	ppdl_write_u8(w, '"');
}
