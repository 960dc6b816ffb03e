/*
 * Input that is read whole.
 */
#ifndef PPDL_TABLE_INFILE_H
#define PPDL_TABLE_INFILE_H

#include "base/bytes.h"

struct json_t;

/* appends a file ("-": standard input) and a NUL byte that does not count; PPDL_ERR_IO names the file */
PpdlStatus	ppdl_read_whole(const char *path, PpdlWriter *w, PpdlError *err);

/* PPDL_ERR_FORMAT where a NUL byte would end text early that is used as a string; path is for the message */
PpdlStatus	ppdl_check_text(const char *path, const void *text, size_t len, PpdlError *err);
/* a file of such text, read as by ppdl_read_whole */
PpdlStatus	ppdl_read_text(const char *path, PpdlWriter *w, PpdlError *err);
/* a file of JSON; its text is wiped */
PpdlStatus	ppdl_read_json(struct json_t **out, const char *path, PpdlError *err);

#endif
