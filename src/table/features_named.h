/*
 * Which of the feature files that lie about holds an encoding.
 */
#ifndef PPDL_TABLE_FEATURES_NAMED_H
#define PPDL_TABLE_FEATURES_NAMED_H

#include <stddef.h>
#include <stdint.h>

/*
 * path: the first *.json, by name, in a directory of one of the n files, or in the current one, whose head says that it
 * is a feature file of this encoding; 0: there is none.  Not more than the head is read.
 */
int			ppdl_features_named(char *path, size_t size, const char *const *files, int n, uint64_t encoding);

#endif
