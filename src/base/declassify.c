#include "base/declassify.h"

void		(*ppdl_declassify_hook) (const void *p, size_t bytes);
