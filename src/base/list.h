/* Lists of texts. */
#ifndef PPDL_BASE_LIST_H
#define PPDL_BASE_LIST_H

#include "base/error.h"

/* item[count] is NULL, unless there never was one; zeros are none */
typedef struct PpdlList
{
	char	  **item;
	int			count;
} PpdlList;

/* adds a copy; the list stays as it was on PPDL_ERR_NOMEM */
PpdlStatus	ppdl_list_append(PpdlList *l, const char *item, PpdlError *err);
void		ppdl_list_free(PpdlList *l);
int			ppdl_list_has(const PpdlList *l, const char *item);

#endif
