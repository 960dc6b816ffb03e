/*
 * Arrays as a server writes them.
 */
#ifndef PPDL_CLI_ARRAYTEXT_H
#define PPDL_CLI_ARRAYTEXT_H

#include "base/bytes.h"
#include "base/error.h"

/* the numbers of an array's text, however nested; exactly n, else PPDL_ERR_FORMAT */
PpdlStatus	ppdl_array_numbers(const char *text, double *out, long n, PpdlError *err);

/* appends a text as an element, in quotes */
void		ppdl_array_put_text(PpdlWriter *w, const char *s, size_t len);

#endif
