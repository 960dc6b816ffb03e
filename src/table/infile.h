/*
 * Input that is read whole.
 */
#ifndef PPDL_TABLE_INFILE_H
#define PPDL_TABLE_INFILE_H

#include "base/bytes.h"

/* appends a file ("-": standard input) and a NUL byte that does not count; PPDL_ERR_IO names the file */
PpdlStatus	ppdl_read_whole(const char *path, PpdlWriter *w, PpdlError *err);

#endif
