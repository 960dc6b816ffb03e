#include "base/poll.h"

#include <stddef.h>

PpdlStatus
ppdl_poll(const PpdlPoll *poll, PpdlError *err)
{
	if (poll != NULL && poll->interrupted != NULL && poll->interrupted(poll->arg))
		return ppdl_error(err, PPDL_ERR_CANCELED, "canceled");
	return PPDL_OK;
}
