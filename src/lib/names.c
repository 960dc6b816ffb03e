#include "lib/names.h"

#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_names_add(PpdlNames *names, const char *name, PpdlError *err)
{
	char	  **more = realloc(names->name, ((size_t) names->count + 1) * sizeof *more);

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	names->name = more;
	more[names->count] = strdup(name);
	if (more[names->count] == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	names->count++;
	return PPDL_OK;
}

int
ppdl_names_has(const PpdlNames *names, const char *name)
{
	for (int32_t i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return 1;
	return 0;
}

void
ppdl_names_free(PpdlNames *names)
{
	for (int32_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
}

const char *
ppdl_names_get(const PpdlNames *names, int32_t i)
{
	return i < names->count ? names->name[i] : NULL;
}
