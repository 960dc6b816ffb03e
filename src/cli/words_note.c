#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/words_impl.h"

void
ppdl_words_note(PpdlWords *w, const char *fmt,...)
{
	char	   *text;
	va_list		ap;
	size_t		at = 0;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text == NULL)
		return;
	while (at < w->noted.len && strcmp((const char *) w->noted.buf + at, text) != 0)
		at += strlen((const char *) w->noted.buf + at) + 1;
	if (at >= w->noted.len)
	{
		ppdl_note("%s", text);
		ppdl_write_bytes(&w->noted, text, strlen(text) + 1);
	}
	free(text);
}
