/*
 * Receipts of rows that are being encrypted: tags and MACs, and the manifest that says which rows there are.
 */
#ifndef PPDL_QUERY_ROW_RECEIPTS_H
#define PPDL_QUERY_ROW_RECEIPTS_H

#include "owner/manifest.h"
#include "owner/row_batch.h"

typedef struct PpdlRowReceipts PpdlRowReceipts;

typedef struct PpdlRowReceiptsOptions
{
	const PpdlOwner *owner;		/* both must outlive it */
	const PpdlRowBatch *batch;
	const char *table;			/* its name in receipts */
	const char *const *bound;	/* names of the columns that rows are tied to */
	int			nbound;
	const char *manifest,		/* file to go on with, or of a new one; NULL: none */
			   *said_by;		/* what says table and bound, for messages */
} PpdlRowReceiptsOptions;

/* *out: to be closed, after an error too */
PpdlStatus	ppdl_row_receipts_open(PpdlRowReceipts **out, const PpdlRowReceiptsOptions *o, PpdlError *err);
void		ppdl_row_receipts_close(PpdlRowReceipts *r);	/* NULL is allowed */

/* the next row: its id, and what its bound columns hold, NULL for NULL; they must live until the next */
PpdlStatus	ppdl_row_receipts_begin(PpdlRowReceipts *r, const char *id, const char *const *bound, PpdlError *err);
/* *slice, of column 0 (features) or 1 (label) of that row, becomes one with tags, which lives until the next */
PpdlStatus	ppdl_row_receipts_put(PpdlRowReceipts *r, int column, const uint8_t **slice, PpdlError *err);
/* by which it has become longer; 0 for NULL */
size_t		ppdl_row_receipts_bytes(const PpdlRowReceipts *r);
/* with the rows so far; NULL: none */
const PpdlManifest *ppdl_row_receipts_manifest(const PpdlRowReceipts *r);

#endif
