/* Files: what has to be there after a crash. */
#ifndef PPDL_BASE_FILE_H
#define PPDL_BASE_FILE_H

#include "base/bytes.h"

/* writes all of w, and has it on the disk; -1: it could not, as errno says */
int			ppdl_write_durably(int fd, const PpdlWriter *w);

#endif
