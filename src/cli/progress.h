/*
 * One progress bar on stderr, drawn only when stderr is a terminal.
 */
#ifndef PPDL_CLI_PROGRESS_H
#define PPDL_CLI_PROGRESS_H

#include <stdint.h>

/* done of total (0 when unknown) units; drawn at most ten times a second. Signature of PpdlProgress. */
void		ppdl_progress(void *arg, uint64_t done, uint64_t total, const char *what);
/*
 * The same from a text of the server's, "training: step 3 of 8, 2.0 s a step, 10 s left", with its estimate.  0: there
 * is no terminal, or no "N of M" in the text, and nothing was drawn.
 */
int			ppdl_progress_text(const char *text);
/* takes the bar off the screen; before messages and at the end */
void		ppdl_progress_clear(void);

#endif
