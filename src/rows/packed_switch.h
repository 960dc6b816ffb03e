/*
 * Packed batches of the compact ring (rows/pack.h), of an owner and its writers, as packed ciphertexts of the row ring
 * under the owner's key (algorithms.md, 2.5): a key switch for each key that takes part in one.
 */
#ifndef PPDL_ROWS_PACKED_SWITCH_H
#define PPDL_ROWS_PACKED_SWITCH_H

#include "rows/pack.h"

/* most packed batches that become one ciphertext, interleaved */
#define PPDL_PACKED_BATCHES 8

/*
 * ev, here and below: of the row ring, its key source asked as in rows/switch.h.
 *
 * The switching keys for these packed batches, kept by the collector that they came from.  PPDL_ERR_KEY names two
 * owners, or a part that is not published.
 */
PpdlStatus	ppdl_packed_load_keys(PpdlEval *ev, PpdlCollector *col, const PpdlPacked *in, uint32_t count,
								  PpdlError *err);
/*
 * The first PPDL_PACKED_BATCHES of them, or all that there are; keys having been loaded.  out: one limb, NTT domain, at
 * the scale of in; layout PPDL_LAYOUT_BATCHES; the caller's, released with ppdl_packed_release; nothing after an error.
 */
PpdlStatus	ppdl_packed_switch(PpdlEval *ev, PpdlCollector *col, PpdlPacked *out, const PpdlPacked *in, uint32_t count,
							   PpdlError *err);

#endif
