/*
 * The terminal.  What a database sends, and what stands in files, may hold sequences that move the cursor, change
 * titles or answer for the user: they never reach a terminal.  What goes into files and pipes stays as it is.
 */
#ifndef PPDL_CLI_TERMINAL_H
#define PPDL_CLI_TERMINAL_H

#include <stdio.h>

#include "base/bytes.h"

/* state between pieces of one text; starts as zeros */
typedef struct PpdlEscaper
{
	int			follow;			/* bytes of a UTF-8 character still to come */
	int			held;			/* 0xC2 seen: C1 controls begin so */
} PpdlEscaper;

/*
 * Appends s to w with each control character as \xHH, or \n, \r, \t; those of the second kind (U+0080 .. U+009F) and
 * stray bytes of their values, too.  keep: characters that pass all the same ("\n\t").
 */
void		ppdl_escape(PpdlEscaper *e, PpdlWriter *w, const char *s, size_t len, const char *keep);

/*
 * From here on, stdout escapes if it is a terminal, and stderr always (newlines and tabs pass); the tool's own control
 * sequences go to ppdl_terminal().
 */
void		ppdl_terminal_guard(void);
/* stderr as it was */
FILE	   *ppdl_terminal(void);

#endif
