/* Files: what has to be there after a crash. */
#ifndef PPDL_BASE_FILE_H
#define PPDL_BASE_FILE_H

#include "base/bytes.h"

/* writes all of w, and has it on the disk; -1: it could not, as errno says */
int			ppdl_write_durably(int fd, const PpdlWriter *w);
/* the same of a new file, fd, which is closed, and removed after an error */
PpdlStatus	ppdl_write_new(int fd, const char *path, const PpdlWriter *w, PpdlError *err);

#endif
