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
