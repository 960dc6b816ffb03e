#include "cli/encrypt_receipts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/manifest_file.h"

struct PpdlEncryptReceipts
{
	const PpdlEncryptArgs *a;
	const PpdlOwner *owner;
	int		   *bound;			/* numbers among the kept columns */
	PpdlRowReceipts *rows;
	PpdlOutFile out;
};

static PpdlStatus
open_all(PpdlEncryptReceipts *r, const PpdlRowBatch *batch, PpdlError *err)
{
	const PpdlEncryptArgs *a = r->a;
	const PpdlRowReceiptsOptions o = {.owner = r->owner, .batch = batch,
									  .table = a->receipts_for != NULL ? a->receipts_for : a->table,
									  .bound = (const char *const *) a->bind.item, .nbound = a->bind.count,
									  .manifest = a->manifest, .said_by = "--receipts-for and --bind"};

	r->bound = calloc((size_t) a->bind.count + 1, sizeof *r->bound);
	if (r->bound == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < a->bind.count; i++)
		while (strcmp(a->keep.item[r->bound[i]], a->bind.item[i]) != 0)
			r->bound[i]++;
	return ppdl_row_receipts_open(&r->rows, &o, err);
}

PpdlStatus
ppdl_encrypt_receipts_open(PpdlEncryptReceipts **out, const PpdlEncryptArgs *a, const PpdlOwner *owner,
						   const PpdlRowBatch *batch, const char *id, PpdlError *err)
{
	PpdlEncryptReceipts *r;

	if (id == NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "--receipts: rows need an id");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "ppdl encode --id, or with --raw --id, says which column it is in.");
	}
	r = calloc(1, sizeof *r);
	*out = r;
	if (r == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r->a = a;
	r->owner = owner;
	return open_all(r, batch, err);
}

void
ppdl_encrypt_receipts_close(PpdlEncryptReceipts *r)
{
	if (r == NULL)
		return;
	ppdl_out_abort(&r->out);
	ppdl_row_receipts_close(r->rows);
	free(r->bound);
	free(r);
}

PpdlStatus
ppdl_encrypt_receipts_begin(PpdlEncryptReceipts *r, char *const *kept, PpdlError *err)
{
	const char *value[PPDL_MAX_BOUND_VALUES];

	for (int i = 0; i < r->a->bind.count; i++)
		value[i] = kept[1 + r->bound[i]];
	return ppdl_row_receipts_begin(r->rows, kept[0], value, err);
}

PpdlRowReceipts *
ppdl_encrypt_receipts_rows(PpdlEncryptReceipts *r)
{
	return r == NULL ? NULL : r->rows;
}

PpdlStatus
ppdl_encrypt_receipts_write(PpdlEncryptReceipts *r, PpdlError *err)
{
	const PpdlManifest *m = ppdl_row_receipts_manifest(r->rows);

	return m == NULL ? PPDL_OK : ppdl_manifest_put(m, r->a->manifest, r->owner, &r->out, err);
}

PpdlStatus
ppdl_encrypt_receipts_commit(PpdlEncryptReceipts *r, PpdlError *err)
{
	const PpdlManifest *m = ppdl_row_receipts_manifest(r->rows);

	if (m == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_out_commit(&r->out, err));
	ppdl_note("the manifest %s has %llu rows, and %u old versions of rows", r->a->manifest,
			  (unsigned long long) ppdl_manifest_live(m),
			  ppdl_manifest_rows(m) - (unsigned) ppdl_manifest_live(m));
	return PPDL_OK;
}
