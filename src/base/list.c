#include "base/list.h"

#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_list_append(PpdlList *l, const char *item, PpdlError *err)
{
	char	  **p = realloc(l->item, (size_t) (l->count + 2) * sizeof *p);

	if (p)
		l->item = p;
	if (p == NULL || (p[l->count] = strdup(item)) == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	p[++l->count] = NULL;
	return PPDL_OK;
}

void
ppdl_list_free(PpdlList *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->item[i]);
	free(l->item);
	l->item = NULL;
	l->count = 0;
}

int
ppdl_list_has(const PpdlList *l, const char *item)
{
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->item[i], item) == 0)
			return 1;
	return 0;
}
