/* Private to the floor: which rows can be packed where they lie. */
#ifndef PPDL_ROWS_IN_PLACE_H
#define PPDL_ROWS_IN_PLACE_H

#include "rows/collector_impl.h"

/*
 * Rows of some batches that fill a ciphertext, nearly, or are all that waits, without a place being taken twice, those
 * of each batch where they lie but for one shift: into col->in_place, where that is cheaper than blocks.  Entries are
 * in order; what was planned before is forgotten, and b->apart is 1 for entries that are in place.
 */
PpdlStatus	ppdl_plan_in_place(PpdlCollector *col, PpdlError *err);

#endif
