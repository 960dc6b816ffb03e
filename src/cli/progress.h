/*
 * One progress bar on stderr, drawn only when stderr is a terminal.
 */
#ifndef PPDL_CLI_PROGRESS_H
#define PPDL_CLI_PROGRESS_H

#include <stdint.h>

/* done of total (0 when unknown) units; drawn at most ten times a second. Signature of PpdlProgress. */
void		ppdl_progress(void *arg, uint64_t done, uint64_t total, const char *what);
/* takes the bar off the screen; before messages and at the end */
void		ppdl_progress_clear(void);

#endif
