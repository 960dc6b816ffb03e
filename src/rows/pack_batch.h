/* Private to the floor: rings without switching keys, where a packed ciphertext is one batch as it is. */
#ifndef PPDL_ROWS_PACK_BATCH_H
#define PPDL_ROWS_PACK_BATCH_H

#include "rows/pack_impl.h"

/*
 * p->whole, of any batch.  Its rows keep their places and their scale; at places of rows that are missing stands what
 * their share of the encryption decrypts to, which means nothing.  out->ct is p->ev's; nothing after an error.
 */
PpdlStatus	ppdl_pack_batch(PpdlPacking *p, PpdlPacked *out, PpdlError *err);

#endif
