/* Private to the floor: packing of rows that stay where they lie in their batches. */
#ifndef PPDL_ROWS_PACK_IN_PLACE_H
#define PPDL_ROWS_PACK_IN_PLACE_H

#include "rows/pack_impl.h"

/*
 * All of p->placed, which is a PpdlInPlace's, without the rows: NTT domain, the collector's limbs; out is p->ev's,
 * nothing after an error
 */
PpdlStatus	ppdl_pack_in_place(PpdlPacking *p, PpdlCt *out, PpdlError *err);

#endif
