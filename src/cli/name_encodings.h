/*
 * The server knows encodings by their ids alone; the owner's tool knows where their feature files are.
 */
#ifndef PPDL_CLI_NAME_ENCODINGS_H
#define PPDL_CLI_NAME_ENCODINGS_H

#include "base/error.h"

/*
 * When err is the server's error about two encodings, its detail gets the feature files that hold them, as far as they
 * lie beside the file `near` (NULL: none) or in the current directory.
 */
void		ppdl_name_encodings(PpdlError *err, const char *near);

#endif
