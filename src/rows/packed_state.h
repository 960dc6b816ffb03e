/*
 * Packed ciphertexts inside the state of an aggregate: as bytes, and back.
 *
 *	u8 limbs, f64 scale, f64 noise, f64 bound, u32 rows, u32[N/k] ordinals, b, a (NTT domain, limb by limb)
 *
 * Without switching keys (the compact ring) the fingerprint of its key, 8 bytes, comes first.
 */
#ifndef PPDL_ROWS_PACKED_STATE_H
#define PPDL_ROWS_PACKED_STATE_H

#include "rows/pack.h"

void		ppdl_packed_save(PpdlWriter *w, const PpdlPacked *p);

/*
 * The next packed ciphertext, of rows like `shape` (key where none is said, log2 k) with `width` values each; ev is of
 * the shape's ring.  PPDL_ERR_FORMAT when anything about it is impossible; ordinals are left to ppdl_packed_mark.  On
 * error *p is as ppdl_packed_release leaves it.
 */
PpdlStatus	ppdl_packed_load(PpdlPacked *p, PpdlEval *ev, PpdlReader *r, const PpdlCipher *shape, int width,
							 PpdlError *err);

/* a copy in another evaluator's pool, `offset` added to the ordinals */
PpdlStatus	ppdl_packed_copy(PpdlPacked *to, PpdlEval *ev, const PpdlPacked *from, uint32_t offset, PpdlError *err);

/* marks the ordinals of all rows (ordinals.h) */
PpdlStatus	ppdl_packed_mark(const PpdlPacked *p, uint8_t *bits, uint32_t n, PpdlError *err);

/* bytes held */
size_t		ppdl_packed_memory(const PpdlPacked *p);

#endif
