#include "cli/args.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "cli/cli.h"

void
ppdl_list_add(PpdlList *l, const char *item, struct argp_state *state)
{
	if (ppdl_list_append(l, item, NULL) != PPDL_OK)
		argp_failure(state, PPDL_EXIT_FAILED, 0, "out of memory");
}

/* one item, without its quotes if it has some; returns what ends it: a comma or the end */
static const char *
unquote(char *out, const char *item)
{
	if (*item != '"')
	{
		const char *comma = strchrnul(item, ',');

		*(char *) mempcpy(out, item, (size_t) (comma - item)) = 0;
		return comma;
	}
	for (item++; *item && (*item != '"' || item[1] == '"'); item++)
	{
		*out++ = *item;
		item += *item == '"';
	}
	*out = 0;
	return *item ? item + 1 : item;
}

void
ppdl_list_add_commas(PpdlList *l, const char *items, struct argp_state *state)
{
	char	   *item = malloc(strlen(items) + 1);

	for (const char *end = items; item; items = end + 1)
	{
		end = unquote(item, items);
		if (*end && *end != ',')
			argp_error(state, "\"%s\": a comma is expected after a name in quotes", items);
		if (item[0])
			ppdl_list_add(l, item, state);
		if (*end == 0)
			break;
	}
	free(item);
}

long
ppdl_arg_int(struct argp_state *state, const char *option, const char *arg, long lo, long hi)
{
	char	   *end;
	long		v;

	errno = 0;
	v = strtol(arg, &end, 10);
	if (errno || end == arg || *end || v < lo || v > hi)
		argp_error(state, "%s: \"%s\" is not an integer from %ld to %ld", option, arg, lo, hi);
	return v;
}

double
ppdl_arg_double(struct argp_state *state, const char *option, const char *arg)
{
	char	   *end;
	double		v = strtod(arg, &end);

	if (end == arg || *end || !isfinite(v))
		argp_error(state, "%s: \"%s\" is not a number", option, arg);
	return v;
}

int
ppdl_arg_choice(struct argp_state *state, const char *option, const char *arg, const char *const *choices)
{
	char		list[200] = "";

	for (int i = 0; choices[i]; i++)
	{
		if (strcmp(arg, choices[i]) == 0)
			return i;
		ppdl_names_add(list, sizeof list, "%s", choices[i]);
	}
	argp_error(state, "%s: \"%s\" is none of: %s", option, arg, list);
	return 0;
}

char
ppdl_arg_character(struct argp_state *state, const char *option, const char *arg, const char *allowed)
{
	if (strlen(arg) != 1 || strchr(allowed, arg[0]) == NULL)
		argp_error(state, "%s: \"%s\" is none of these characters: %s", option, arg, allowed);
	return arg[0];
}

char
ppdl_arg_delimiter(struct argp_state *state, const char *arg)
{
	if (strcmp(arg, "tab") == 0 || strcmp(arg, "\\t") == 0)
		return '\t';
	if (strlen(arg) != 1 || strchr("\"\r\n", arg[0]))
		argp_error(state, "--delimiter: one character is expected, or \"tab\"");
	return arg[0];
}
