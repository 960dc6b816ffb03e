/* How long work asks whether to go on. */
#ifndef PPDL_BASE_POLL_H
#define PPDL_BASE_POLL_H

#include "base/error.h"

/* interrupted(arg) is not 0 once the work should end; called by the thread that asked for the work, never by its helpers */
typedef struct PpdlPoll
{
	int			(*interrupted) (void *arg);	/* NULL: never */
	void	   *arg;
} PpdlPoll;

/* PPDL_ERR_CANCELED when the work should end; poll may be NULL */
PpdlStatus	ppdl_poll(const PpdlPoll *poll, PpdlError *err);

#endif
