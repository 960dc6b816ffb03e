/*
 * --verify and the options that belong to it, shared by the sub-commands that check sums before they decrypt them.
 */
#ifndef PPDL_CLI_VERIFY_ARGS_H
#define PPDL_CLI_VERIFY_ARGS_H

#include "cli/args.h"
#include "query/verify.h"

/* a child for argp parsers; its input is a PpdlVerifyArgs of zeros */
extern const struct argp ppdl_verify_argp;

void		ppdl_verify_args_free(PpdlVerifyArgs *a);

#endif
