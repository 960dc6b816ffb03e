/* Values made of others: "at least" bits and products. */
#ifndef PPDL_TABLE_FEATURES_DERIVED_H
#define PPDL_TABLE_FEATURES_DERIVED_H

#include "table/features.h"

/*
 * Finds what feature i is made of, where it is made of others: its base, or its pairs, and how many inputs these make.
 * All before it have been numbered, and have n inputs.  PPDL_ERR_FORMAT when a column is not there, PPDL_ERR_RANGE
 * beyond PPDL_MAX_INPUTS.
 */
PpdlStatus	ppdl_features_resolve(PpdlFeatures *fs, int i, int n, PpdlError *err);

/* the products of a row whose inputs before them are there: x[0 .. f->first) */
void		ppdl_features_multiply(const PpdlFeature *f, double *x);

#endif
