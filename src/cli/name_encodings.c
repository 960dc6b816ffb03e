#include "cli/name_encodings.h"

#include <stdio.h>
#include <string.h>

#include "rows/encoding.h"
#include "table/features_named.h"

/* "…two encodings, 3fa2b1c4d5e6 and 0123456789ab…" */
static int
find_ids(const char *message, uint64_t id[2])
{
	const char *at = strstr(message, "two encodings, ");
	char		text[2][PPDL_ENCODING_SIZE];

	return at != NULL && sscanf(at, "two encodings, %12[0-9a-f] and %12[0-9a-f]", text[0], text[1]) == 2 &&
		ppdl_encoding_parse(&id[0], text[0]) && ppdl_encoding_parse(&id[1], text[1]);
}

void
ppdl_name_encodings(PpdlError *err, const char *near)
{
	uint64_t	id[2];

	if (!find_ids(err->message, id))
		return;
	for (int i = 0; i < 2; i++)
	{
		char		hex[PPDL_ENCODING_SIZE],
					path[200];
		size_t		len = strlen(err->detail);

		ppdl_encoding_print(hex, id[i]);
		if (ppdl_features_named(path, sizeof path, &near, near != NULL, id[i]))
			snprintf(err->detail + len, sizeof err->detail - len, "%s%s is that of \"%s\".", len ? " " : "", hex, path);
	}
}
