/*
 * Which of the feature files in a directory holds an encoding, for messages that would otherwise say its id alone.
 */
#ifndef PPDL_TABLE_FEATURES_NAMED_H
#define PPDL_TABLE_FEATURES_NAMED_H

#include <stddef.h>
#include <stdint.h>

/*
 * path: the first *.json in `directory`, by name, whose head says that it is a feature file of this encoding; 0: there
 * is none.  Not more than the head is read.
 */
int			ppdl_features_named(char *path, size_t size, const char *directory, uint64_t encoding);

#endif
