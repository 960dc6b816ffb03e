/* Lists of names in messages: "Age, Weight, Sex", as many as there is room for. */
#ifndef PPDL_BASE_NAMES_H
#define PPDL_BASE_NAMES_H

#include <stddef.h>

/*
 * Adds one to list[size], text that ends in a zero, with ", " before it.  From the first on that does not fit whole the
 * list ends in ", ..." and takes no more.  size: 6 or more.
 */
void		ppdl_names_add(char *list, size_t size, const char *format,...) __attribute__((format(printf, 3, 4)));
/* the same end, for names that nobody adds */
void		ppdl_names_end(char *list, size_t size);

#endif
