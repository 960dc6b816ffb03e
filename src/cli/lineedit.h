/*
 * Lines that somebody types, with libedit's editing, history and completion; or lines of a file or pipe.
 *
 * libedit, not GNU readline: it has nearly the same interface, and its BSD licence leaves the tool under its own; a
 * program that links to readline can be passed on under the GPL alone.
 */
#ifndef PPDL_CLI_LINEEDIT_H
#define PPDL_CLI_LINEEDIT_H

#include <stddef.h>

#include "base/error.h"

/* Offers words: returns the next one that may stand for text, malloc'ed, or NULL; state is 0 for the first. */
typedef char *(*PpdlOffer) (const char *text, int state);
/* what to offer for the word at line[start..), or NULL: names of files */
typedef PpdlOffer (*PpdlChooseOffer) (const char *line, int start);

/* history: a file, read now and added to by ppdl_line_remember; NULL: none */
void		ppdl_line_begin(const char *history, PpdlChooseOffer choose);

typedef enum PpdlLineEnd
{
	PPDL_LINE,
	PPDL_LINE_INTERRUPTED,		/* Ctrl-C: what was typed is forgotten */
	PPDL_LINE_EOF
} PpdlLineEnd;

/* *line: malloc'ed, without its end.  Ctrl-C is caught while it waits. */
PpdlLineEnd ppdl_line_read(const char *prompt, char **line);

/* to the history, on disk, too, unless secret; several lines are several entries */
void		ppdl_line_remember(const char *text, int secret);

/* $XDG_STATE_HOME/ppdl/history, or below ~/.local/state; its directory is made; malloc'ed, NULL when there is no home */
char	   *ppdl_line_history_file(void);

#endif
