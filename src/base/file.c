#include "base/file.h"

#include <errno.h>
#include <unistd.h>

int
ppdl_write_durably(int fd, const PpdlWriter *w)
{
	for (size_t at = 0; at < w->len;)
	{
		const ssize_t n = write(fd, w->buf + at, w->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += (size_t) n;
	}
	return fsync(fd);
}

PpdlStatus
ppdl_write_new(int fd, const char *path, const PpdlWriter *w, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	if (ppdl_write_durably(fd, w) != 0)
		status = ppdl_os_error(err, "write", path);
	if (close(fd) != 0 && status == PPDL_OK)
		status = ppdl_os_error(err, "write", path);
	if (status != PPDL_OK)
		unlink(path);
	return status;
}
