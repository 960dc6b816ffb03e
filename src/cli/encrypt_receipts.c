#include "cli/encrypt_receipts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/manifest_file.h"
#include "rows/cipher_read.h"

struct PpdlRowReceipts
{
	const PpdlEncryptArgs *a;
	const PpdlOwner *owner;
	const PpdlRowBatch *batch;
	int		   *bound;			/* numbers among the kept columns */
	PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS];
	uint8_t    *row;			/* the slice with tags */
	size_t		bytes;			/* of tags and MAC */
	PpdlWriter	text;			/* the bound text of the row at hand */
	PpdlRowNote note;
	PpdlManifest *manifest;		/* NULL: none is written */
	uint32_t	first,			/* row of this run */
				number;			/* of the row at hand */
	PpdlOutFile out;
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static const char *
table_of(const PpdlEncryptArgs *a)
{
	return a->receipts_for != NULL ? a->receipts_for : a->table;
}

static PpdlStatus
open_all(PpdlRowReceipts *r, PpdlError *err)
{
	const PpdlEncryptArgs *a = r->a;
	PpdlReceiptDomain d = {.name = table_of(a), .bound = (const char *const *) a->bind.item, .nbound = a->bind.count};
	size_t		slice = r->batch->slice[0] > r->batch->slice[1] ? r->batch->slice[0] : r->batch->slice[1];

	r->bytes = ppdl_tag_bytes(r->batch->column[0].limbs);
	r->row = malloc(slice + r->bytes);
	r->bound = calloc((size_t) a->bind.count + 1, sizeof *r->bound);
	if (r->row == NULL || r->bound == NULL)
		return no_memory(err);
	for (int i = 0; i < a->bind.count; i++)
		while (strcmp(a->keep.item[r->bound[i]], a->bind.item[i]) != 0)
			r->bound[i]++;
	for (int column = 0; column < PPDL_MANIFEST_COLUMNS; column++)
	{
		d.column = ppdl_manifest_column_name(column);
		PPDL_TRY(ppdl_receipt_key_create(&r->key[column], r->owner, &d, err));
	}
	if (a->manifest == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_manifest_continue(&r->manifest, a->manifest, r->owner, &d, "--receipts-for and --bind", err));
	r->first = ppdl_manifest_rows(r->manifest);
	return PPDL_OK;
}

PpdlStatus
ppdl_row_receipts_open(PpdlRowReceipts **out, const PpdlEncryptArgs *a, const PpdlOwner *owner,
					   const PpdlRowBatch *batch,
					   const char *id, PpdlError *err)
{
	PpdlRowReceipts *r;

	if (id == NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "--receipts: rows need an id");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "ppdl encode --id, or with --raw --id, says which column it is in.");
	}
	r = calloc(1, sizeof *r);
	*out = r;
	if (r == NULL)
		return no_memory(err);
	r->a = a;
	r->owner = owner;
	r->batch = batch;
	ppdl_writer_init(&r->text);
	return open_all(r, err);
}

void
ppdl_row_receipts_close(PpdlRowReceipts *r)
{
	if (r == NULL)
		return;
	ppdl_out_abort(&r->out);
	for (int i = 0; i < PPDL_MANIFEST_COLUMNS; i++)
		ppdl_receipt_key_destroy(r->key[i]);
	ppdl_manifest_destroy(r->manifest);
	ppdl_writer_free(&r->text);
	free(r->bound);
	free(r->row);
	free(r);
}

static PpdlStatus
note_row(PpdlRowReceipts *r, PpdlError *err)
{
	uint32_t	before = ppdl_manifest_find_id(r->manifest, r->note.id, r->note.id_len);

	if (before != UINT32_MAX && before >= r->first)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "two rows with the id \"%.100s\"", r->note.id);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "A manifest tells rows apart by their ids.");
	}
	return ppdl_manifest_add(r->manifest, &r->note, &r->number, err);
}

PpdlStatus
ppdl_row_receipts_begin(PpdlRowReceipts *r, char *const *kept, PpdlError *err)
{
	const char *value[PPDL_MAX_BOUND_VALUES];
	size_t		len[PPDL_MAX_BOUND_VALUES];

	for (int i = 0; i < r->a->bind.count; i++)
	{
		value[i] = kept[1 + r->bound[i]];
		len[i] = value[i] != NULL ? strlen(value[i]) : 0;
	}
	r->text.len = 0;
	PPDL_TRY(ppdl_bound_write(&r->text, value, len, r->a->bind.count, err));
	r->note = (PpdlRowNote) {kept[0], strlen(kept[0]), r->text.buf, r->text.len};
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

PpdlStatus
ppdl_row_receipts_write(PpdlRowReceipts *r, PpdlError *err)
{
	if (r->manifest == NULL)
		return PPDL_OK;
	return ppdl_manifest_put(r->manifest, r->a->manifest, r->owner, &r->out, err);
}

PpdlStatus
ppdl_row_receipts_commit(PpdlRowReceipts *r, PpdlError *err)
{
	if (r->manifest == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_out_commit(&r->out, err));
	ppdl_note("the manifest %s has %llu rows, and %u old versions of rows", r->a->manifest,
			  (unsigned long long) ppdl_manifest_live(r->manifest),
			  ppdl_manifest_rows(r->manifest) - (unsigned) ppdl_manifest_live(r->manifest));
	return PPDL_OK;
}
