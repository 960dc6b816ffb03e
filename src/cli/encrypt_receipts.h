/*
 * Receipts of rows that are being encrypted: tags and MACs, and the manifest that says which rows there are.
 */
#ifndef PPDL_CLI_ENCRYPT_RECEIPTS_H
#define PPDL_CLI_ENCRYPT_RECEIPTS_H

#include "cli/encrypt_args.h"
#include "owner/manifest.h"
#include "owner/row_batch.h"

typedef struct PpdlRowReceipts PpdlRowReceipts;

/* a, owner and batch must outlive *out.  id: column that identifies rows, without which there are none. */
PpdlStatus	ppdl_row_receipts_open(PpdlRowReceipts **out, const PpdlEncryptArgs *a, const PpdlOwner *owner,
								   const PpdlRowBatch *batch, const char *id, PpdlError *err);
void		ppdl_row_receipts_close(PpdlRowReceipts *r);	/* NULL is allowed */

/* the next row: its id, then its columns of a->keep, NULL for NULL; they must live until the next */
PpdlStatus	ppdl_row_receipts_begin(PpdlRowReceipts *r, char *const *kept, PpdlError *err);
/* *slice, of column 0 (features) or 1 (label) of that row, becomes one with tags, which lives until the next */
PpdlStatus	ppdl_row_receipts_put(PpdlRowReceipts *r, int column, const uint8_t **slice, PpdlError *err);
/* by which it has become longer; 0 for NULL */
size_t		ppdl_row_receipts_bytes(const PpdlRowReceipts *r);

/* writes the manifest under a temporary name, if there is one; commit puts it in its place */
PpdlStatus	ppdl_row_receipts_write(PpdlRowReceipts *r, PpdlError *err);
PpdlStatus	ppdl_row_receipts_commit(PpdlRowReceipts *r, PpdlError *err);

#endif
