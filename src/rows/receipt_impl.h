/* Private to receipts: adding and merging are in receipt.c, the wire form in receipt_wire.c, sums in receipt_sum.c. */
#ifndef PPDL_ROWS_RECEIPT_IMPL_H
#define PPDL_ROWS_RECEIPT_IMPL_H

#include "rows/receipt.h"

/* the section of this key and shape, with one part at least; a new one takes its encoding, too, from like */
PpdlStatus	ppdl_receipt_section(PpdlReceipt *r, const PpdlReceiptSection *like, PpdlReceiptSection **out,
								 PpdlError *err);
PpdlStatus	ppdl_receipt_new_part(PpdlReceipt *r, PpdlReceiptSection *s, PpdlError *err);
/* the batch, added when new; valid until the next */
PpdlStatus	ppdl_receipt_batch(PpdlReceipt *r, PpdlReceiptSection *s, const uint8_t *seed, int logc, uint32_t part,
							   PpdlReceiptBatch **out, PpdlError *err);
/* pos < C becomes a position with a row, if it is none yet */
PpdlStatus	ppdl_receipt_set(PpdlReceipt *r, PpdlReceiptBatch *b, uint32_t pos, PpdlError *err);

#endif
