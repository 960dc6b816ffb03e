#include "base/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char more[] = "...";

static int
has_ended(const char *list, size_t len)
{
	static const char end[] = ", ...";

	return strcmp(list, more) == 0 || (len >= sizeof end - 1 && strcmp(list + len - (sizeof end - 1), end) == 0);
}

static const char *
before(size_t len)
{
	return len > 0 ? ", " : "";
}

void
ppdl_names_end(char *list, size_t size)
{
	const size_t len = strlen(list);

	if (!has_ended(list, len))
		snprintf(list + len, size - len, "%s%s", before(len), more);
}

void
ppdl_names_add(char *list, size_t size, const char *format,...)
{
	const size_t len = strlen(list),
				comma = strlen(before(len));
	va_list		args;
	int			n;

	if (has_ended(list, len))
		return;
	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	/* room for what ends the list stays */
	if (n < 0 || len + comma + (size_t) n + strlen(", ") + sizeof more > size)
	{
		ppdl_names_end(list, size);
		return;
	}
	strcat(list, before(len));
	va_start(args, format);
	vsnprintf(list + len + comma, size - len - comma, format, args);
	va_end(args);
}
