/*
 * Receipts of the rows of ppdl encrypt (query/row_receipts.h), and their manifest's file.
 */
#ifndef PPDL_CLI_ENCRYPT_RECEIPTS_H
#define PPDL_CLI_ENCRYPT_RECEIPTS_H

#include "cli/encrypt_args.h"
#include "query/row_receipts.h"

typedef struct PpdlEncryptReceipts PpdlEncryptReceipts;

/* a, owner and batch must outlive *out.  id: column that identifies rows, without which there are none. */
PpdlStatus	ppdl_encrypt_receipts_open(PpdlEncryptReceipts **out, const PpdlEncryptArgs *a, const PpdlOwner *owner,
									   const PpdlRowBatch *batch, const char *id, PpdlError *err);
void		ppdl_encrypt_receipts_close(PpdlEncryptReceipts *r);	/* NULL is allowed */

/* the next row: its id, then its columns of a->keep, NULL for NULL; they must live until the next */
PpdlStatus	ppdl_encrypt_receipts_begin(PpdlEncryptReceipts *r, char *const *kept, PpdlError *err);
PpdlRowReceipts *ppdl_encrypt_receipts_rows(PpdlEncryptReceipts *r);	/* NULL for NULL */

/* writes the manifest under a temporary name, if there is one; commit puts it in its place */
PpdlStatus	ppdl_encrypt_receipts_write(PpdlEncryptReceipts *r, PpdlError *err);
PpdlStatus	ppdl_encrypt_receipts_commit(PpdlEncryptReceipts *r, PpdlError *err);

#endif
