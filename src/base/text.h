/* A text that may be missing. */
#ifndef PPDL_BASE_TEXT_H
#define PPDL_BASE_TEXT_H

#include <stddef.h>

typedef struct PpdlText
{
	char	   *s;				/* NUL-terminated; NULL for SQL NULL */
	size_t		len;
} PpdlText;

#endif
