/*
 * JSON values as text on one line, real numbers as short as reads back exactly.
 * (jansson prints all reals with the same number of digits.)
 */
#ifndef PPDL_TABLE_JSONTEXT_H
#define PPDL_TABLE_JSONTEXT_H

#include <jansson.h>

#include "base/bytes.h"

/* appends; w->bad when out of memory */
void		ppdl_json_put(PpdlWriter *w, const json_t *value);
/* the same of a text, which is UTF-8; no copy is left in memory */
void		ppdl_json_put_string(PpdlWriter *w, const char *s, size_t len);

#endif
