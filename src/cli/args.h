/*
 * Small helpers for argp parsers.
 */
#ifndef PPDL_CLI_ARGS_H
#define PPDL_CLI_ARGS_H

#include <argp.h>

#include "base/list.h"

/* adds a copy of one item */
void		ppdl_list_add(PpdlList *l, const char *item, struct argp_state *state);
/* adds the items between commas; one with commas is written as in CSV: "a,b" in quotes, a quote in it twice */
void		ppdl_list_add_commas(PpdlList *l, const char *items, struct argp_state *state);

/* an integer within lo..hi, or a usage error that names the option */
long		ppdl_arg_int(struct argp_state *state, const char *option, const char *arg, long lo, long hi);
double		ppdl_arg_double(struct argp_state *state, const char *option, const char *arg);
/* index of arg among the words of choices, NULL-terminated, or a usage error that lists them */
int			ppdl_arg_choice(struct argp_state *state, const char *option, const char *arg, const char *const *choices);
/* one of the characters allowed */
char		ppdl_arg_character(struct argp_state *state, const char *option, const char *arg, const char *allowed);
/* one character, "tab" or "\t" */
char		ppdl_arg_delimiter(struct argp_state *state, const char *arg);

#endif
