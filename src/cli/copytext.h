/*
 * PostgreSQL's COPY text format and the text of its one-dimensional arrays.
 */
#ifndef PPDL_CLI_COPYTEXT_H
#define PPDL_CLI_COPYTEXT_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/text.h"

/* appends a field, escaped; s NULL is \N */
void		ppdl_copy_put(PpdlWriter *w, const char *s, size_t len);

/* A growing list of fields; the texts point into the line or array that was split. */
typedef struct PpdlTexts
{
	PpdlText   *text;
	size_t		count,
				cap;
} PpdlTexts;

void		ppdl_texts_free(PpdlTexts *t);

/* Splits a line (without its end) at tabs and undoes the escapes, in place. 0 when out of memory. */
int			ppdl_copy_split(PpdlTexts *t, char *line, size_t len);

/*
 * Splits the text of an array, "{1,"two words",NULL}", in place.  1: done, 0: not
 * the text of a one-dimensional array (which may have been changed), -1: out of memory.
 */
int			ppdl_array_split(PpdlTexts *t, char *s, size_t len);

#endif
