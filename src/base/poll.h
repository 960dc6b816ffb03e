/* How long work asks whether to go on, and tells how far it is. */
#ifndef PPDL_BASE_POLL_H
#define PPDL_BASE_POLL_H

#include <stdint.h>

#include "base/error.h"

/*
 * interrupted(arg) is not 0 once the work should end; called by the thread that asked for the work, never by its
 * helpers
 */
typedef struct PpdlPoll
{
	int			(*interrupted) (void *arg);	/* NULL: never */
	void	   *arg;
} PpdlPoll;

/* PPDL_ERR_CANCELED when the work should end; poll may be NULL */
PpdlStatus	ppdl_poll(const PpdlPoll *poll, PpdlError *err);

/* done of total (0: unknown) of `what`; called by the thread that asked for the work.  NULL: nobody listens. */
typedef void (*PpdlProgress) (void *arg, uint64_t done, uint64_t total, const char *what);

#endif
