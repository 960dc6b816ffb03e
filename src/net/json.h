/*
 * What the readers of JSON in this floor share: syntax errors with line and
 * column, errors that name the member, refusal of members nobody asked for.
 */
#ifndef PPDL_NET_JSON_H
#define PPDL_NET_JSON_H

#include <jansson.h>

#include "base/error.h"

/*
 * Any JSON text.  A byte order mark before it is skipped; whole numbers beyond 64 bits, such as 1e20 becomes in
 * PostgreSQL's jsonb, are read as reals.  NULL with *why filled in.
 */
json_t	   *ppdl_json_read(const char *text, size_t len, json_error_t *why);
/* the same of a file's text; PPDL_ERR_FORMAT says "name:line: column 7: ..." */
PpdlStatus	ppdl_json_parse(json_t **out, const char *text, size_t len, const char *name, PpdlError *err);
/* what: "model", "training options" */
PpdlStatus	ppdl_json_load(json_t **out, const char *text, const char *what, PpdlError *err);
/* every member of obj is in the NULL-terminated list */
PpdlStatus	ppdl_json_members(const json_t *obj, const char *where, const char *const *allowed, PpdlError *err);
/* a finite number; where: the path for messages */
PpdlStatus	ppdl_json_number(const json_t *v, const char *where, double *out, PpdlError *err);
PpdlStatus	ppdl_json_integer(const json_t *v, const char *where, long lo, long hi, long *out, PpdlError *err);
/* an empty object.  Not by json_object(): inside a server that name is PostgreSQL's. */
json_t	   *ppdl_json_object(void);
/*
 * obj[key] = value, list[] = value; value is taken.  When there is no memory, or no value because there was none for
 * it, the whole becomes NULL, so that no text is ever made of a part.
 */
void		ppdl_json_set(json_t **obj, const char *key, json_t *value);
void		ppdl_json_append(json_t **list, json_t *value);
/* a number that is kept as short as it can be: 1 rather than 1.0 */
json_t	   *ppdl_json_real(double v);
/* malloc'ed text with as few digits as give back the same numbers; NULL when out of memory */
char	   *ppdl_json_dump(const json_t *v);

#endif
