/*
 * Arrays of numbers as a server writes them.
 */
#ifndef PPDL_CLI_ARRAYTEXT_H
#define PPDL_CLI_ARRAYTEXT_H

#include "base/error.h"

/* the numbers of an array's text, however nested; exactly n, else PPDL_ERR_FORMAT */
PpdlStatus	ppdl_array_numbers(const char *text, double *out, long n, PpdlError *err);

#endif
