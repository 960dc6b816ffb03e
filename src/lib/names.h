/* Private to the floor: a list of texts. */
#ifndef PPDL_LIB_NAMES_H
#define PPDL_LIB_NAMES_H

#include <stdint.h>

#include "base/error.h"

typedef struct PpdlNames
{
	int32_t		count;
	char	  **name;
} PpdlNames;

/* appends a copy */
PpdlStatus	ppdl_names_add(PpdlNames *names, const char *name, PpdlError *err);
int			ppdl_names_has(const PpdlNames *names, const char *name);
void		ppdl_names_free(PpdlNames *names);
/* NULL: there are not so many; i >= 0 */
const char *ppdl_names_get(const PpdlNames *names, int32_t i);

#endif
