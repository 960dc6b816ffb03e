/*
 * Rows dealt out to folds for cross-validation.
 */
#ifndef PPDL_STATS_SPLIT_H
#define PPDL_STATS_SPLIT_H

#include <stdint.h>

#include "base/error.h"

/*
 * fold[i] = 0 .. folds-1: row i is for testing in that fold and for training in all others.  Stratified: each fold gets
 * of each class (truth, 0 or more) about the same number of rows, without groups the same but for one, and so of all
 * rows.  group, unless NULL, numbers groups by any ints: all rows of one are in one fold, the largest groups dealt out
 * first, each to the fold that most lacks its classes.  Each fold has rows of each class.
 * The order in which equals are dealt out follows from the seed alone: another seed, another repeat.
 *
 * PPDL_ERR_FORMAT says which class has fewer rows, or is in fewer groups, than there are folds, that there are fewer
 * groups, or that no way was found in which each fold has all classes.  PPDL_ERR_ARGUMENT for folds < 2.
 */
PpdlStatus	ppdl_split_folds(int *fold, const int *truth, const int *group, long n, int folds, uint64_t seed,
							 PpdlError *err);

#endif
