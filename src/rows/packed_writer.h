/*
 * Writing a packed-kind value: begin with the shape, add chunks, end with the places.
 */
#ifndef PPDL_ROWS_PACKED_WRITER_H
#define PPDL_ROWS_PACKED_WRITER_H

#include "ckks/eval.h"
#include "rows/cipher.h"

typedef struct PpdlPackedWriter PpdlPackedWriter;

/* PPDL_ERR_ARGUMENT when width values do not fit rows of 2^logk coefficients (slots: 2^(logk-1)) */
PpdlStatus	ppdl_packed_writer_create(PpdlPackedWriter **out, PpdlLayout layout, int width, int logk,
									  const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err);
/* of the rows, or of the rows whose predictions these are; 0, not known, otherwise */
void		ppdl_packed_writer_set_encoding(PpdlPackedWriter *pw, uint64_t encoding);
/*
 * Copies ct (NTT domain) at as few limbs as its bound needs (the same for every chunk: the first decides);
 * ordinal[N/k]: of the row at each place, PPDL_NO_PLACE where there is none.  A bound of 0 stands for values known to
 * be zero. PPDL_ERR_RANGE when ct has no room for its bound, PPDL_ERR_SCALE and PPDL_ERR_LEVEL for chunks that differ.
 */
PpdlStatus	ppdl_packed_writer_add(PpdlPackedWriter *pw, PpdlEval *ev, const PpdlCt *ct, const uint32_t *ordinal,
								   PpdlError *err);
/* appends the value to w.  nrows: how many ordinals there are in all; rows never added get PPDL_NO_PLACE */
PpdlStatus	ppdl_packed_writer_finish(PpdlPackedWriter *pw, uint32_t nrows, PpdlWriter *w, PpdlError *err);
void		ppdl_packed_writer_destroy(PpdlPackedWriter *pw);

#endif
