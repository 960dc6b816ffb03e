/* A text that may be missing, and texts that are cut between two characters. */
#ifndef PPDL_BASE_TEXT_H
#define PPDL_BASE_TEXT_H

#include <stddef.h>

typedef struct PpdlText
{
	char	   *s;				/* NUL-terminated; NULL for SQL NULL */
	size_t		len;
} PpdlText;

/*
 * How many of the n first bytes of s are whole characters of UTF-8: n, or up to three less.  What is no UTF-8 loses
 * three bytes at most.
 */
size_t		ppdl_text_whole(const char *s, size_t n);
/* bytes of s, which ends with a zero, up to `most`, without a part of a character at their end */
int			ppdl_text_cut(const char *s, int most);

/* two arguments for "%.*s": so many bytes of s at most, cut between two characters; s is evaluated twice */
#define PPDL_CUT(s, most) ppdl_text_cut(s, most), s

#endif
