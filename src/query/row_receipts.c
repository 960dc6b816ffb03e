#include "query/row_receipts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "query/manifest_load.h"
#include "rows/cipher_read.h"

struct PpdlRowReceipts
{
	const PpdlOwner *owner;
	const PpdlRowBatch *batch;
	int			nbound;
	PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS];
	uint8_t    *row;			/* the slice with tags */
	size_t		bytes;			/* of tags and MAC */
	PpdlWriter	text;			/* the bound text of the row at hand */
	PpdlRowNote note;
	PpdlManifest *manifest;		/* NULL: none is written */
	uint32_t	first,			/* row of this run */
				number;			/* of the row at hand */
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
open_all(PpdlRowReceipts *r, const PpdlRowReceiptsOptions *o, PpdlError *err)
{
	PpdlReceiptDomain d = {.name = o->table, .bound = o->bound, .nbound = o->nbound};
	size_t		slice = r->batch->slice[0] > r->batch->slice[1] ? r->batch->slice[0] : r->batch->slice[1];

	r->bytes = ppdl_tag_bytes(r->batch->column[0].limbs);
	r->row = malloc(slice + r->bytes);
	if (r->row == NULL)
		return no_memory(err);
	for (int column = 0; column < PPDL_MANIFEST_COLUMNS; column++)
	{
		d.column = ppdl_manifest_column_name(column);
		PPDL_TRY(ppdl_receipt_key_create(&r->key[column], r->owner, &d, err));
	}
	if (o->manifest == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_manifest_continue(&r->manifest, o->manifest, r->owner, &d, o->said_by, err));
	r->first = ppdl_manifest_rows(r->manifest);
	return PPDL_OK;
}

PpdlStatus
ppdl_row_receipts_open(PpdlRowReceipts **out, const PpdlRowReceiptsOptions *o, PpdlError *err)
{
	PpdlRowReceipts *r = calloc(1, sizeof *r);

	*out = r;
	if (r == NULL)
		return no_memory(err);
	r->owner = o->owner;
	r->batch = o->batch;
	r->nbound = o->nbound;
	ppdl_writer_init(&r->text);
	return open_all(r, o, err);
}

void
ppdl_row_receipts_close(PpdlRowReceipts *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < PPDL_MANIFEST_COLUMNS; i++)
		ppdl_receipt_key_destroy(r->key[i]);
	ppdl_manifest_destroy(r->manifest);
	ppdl_writer_free(&r->text);
	free(r->row);
	free(r);
}

static PpdlStatus
note_row(PpdlRowReceipts *r, PpdlError *err)
{
	uint32_t	before = ppdl_manifest_find_id(r->manifest, r->note.id, r->note.id_len);

	if (before != UINT32_MAX && before >= r->first)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "two rows with the id \"%.*s\"", PPDL_CUT(r->note.id, 100));
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "A manifest tells rows apart by their ids.");
	}
	return ppdl_manifest_add(r->manifest, &r->note, &r->number, err);
}

PpdlStatus
ppdl_row_receipts_begin(PpdlRowReceipts *r, const char *id, const char *const *bound, PpdlError *err)
{
	size_t		len[PPDL_MAX_BOUND_VALUES];

	for (int i = 0; i < r->nbound; i++)
		len[i] = bound[i] != NULL ? strlen(bound[i]) : 0;
	r->text.len = 0;
	PPDL_TRY(ppdl_bound_write(&r->text, bound, len, r->nbound, err));
	r->note = (PpdlRowNote) {id, strlen(id), r->text.buf, r->text.len};
	return r->manifest != NULL ? note_row(r, err) : PPDL_OK;
}

PpdlStatus
ppdl_row_receipts_put(PpdlRowReceipts *r, int column, const uint8_t **slice, PpdlError *err)
{
	const size_t len = r->batch->slice[column];
	PpdlCipher	c;

	PPDL_TRY(ppdl_receipt_tag_row(r->key[column], r->row, *slice, len, &r->note, err));
	*slice = r->row;
	if (r->manifest == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_cipher_parse(&c, r->row, len + r->bytes, err));
	return ppdl_manifest_place(r->manifest, r->number, column, &c, err);
}

size_t
ppdl_row_receipts_bytes(const PpdlRowReceipts *r)
{
	return r == NULL ? 0 : r->bytes;
}

const PpdlManifest *
ppdl_row_receipts_manifest(const PpdlRowReceipts *r)
{
	return r->manifest;
}
