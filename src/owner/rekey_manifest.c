#include "owner/rekey_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "rows/cipher_read.h"

struct PpdlRekeyManifest
{
	const PpdlManifest *old;
	PpdlManifest *into;
	PpdlReceiptKey *old_key[PPDL_MANIFEST_COLUMNS],
			   *new_key[PPDL_MANIFEST_COLUMNS];
	uint8_t    *has[PPDL_MANIFEST_COLUMNS],	/* bit by number of the old manifest: the row has a value in this column */
			   *met[PPDL_MANIFEST_COLUMNS];	/* and it came */
};

static int
has_bit(const uint8_t *bits, uint32_t i)
{
	return bits[i >> 3] >> (i & 7) & 1;
}

static PpdlStatus
set_up(PpdlRekeyManifest *k, PpdlOwner *from, PpdlOwner *to, PpdlError *err)
{
	const size_t bytes = (size_t) ppdl_manifest_rows(k->old) / 8 + 1;

	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		k->has[c] = calloc(bytes, 1);
		k->met[c] = calloc(bytes, 1);
		if (k->has[c] == NULL || k->met[c] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ppdl_manifest_mark(k->old, c, k->has[c]);
	}
	PPDL_TRY(ppdl_manifest_keys(k->old_key, k->old, from, err));
	return ppdl_manifest_keys(k->new_key, k->old, to, err);
}

PpdlStatus
ppdl_rekey_manifest_create(PpdlRekeyManifest **out, PpdlOwner *from, PpdlOwner *to, const PpdlManifest *old,
						   PpdlManifest *into, PpdlError *err)
{
	PpdlRekeyManifest *k = calloc(1, sizeof(*k));
	PpdlStatus	status;

	*out = NULL;
	if (k == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	k->old = old;
	k->into = into;
	status = set_up(k, from, to, err);
	if (status == PPDL_OK)
		*out = k;
	else
		ppdl_rekey_manifest_destroy(k);
	return status;
}

void
ppdl_rekey_manifest_destroy(PpdlRekeyManifest *k)
{
	if (k == NULL)
		return;
	ppdl_manifest_keys_free(k->old_key);
	ppdl_manifest_keys_free(k->new_key);
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		free(k->has[c]);
		free(k->met[c]);
	}
	free(k);
}

static PpdlStatus
not_that(const char *what, const PpdlRowNote *note, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "row \"%.*s\": %s", (int) note->id_len, note->id, what);
}

/* number and column of the old value in its manifest; UINT32_MAX: it has no receipt */
static PpdlStatus
find_old(const PpdlRekeyManifest *k, const PpdlRekeyValue *value, uint32_t *number, int *column, PpdlError *err)
{
	PpdlCipher	c;

	*number = UINT32_MAX;
	PPDL_TRY(ppdl_cipher_parse(&c, value->data, value->len, err));
	if (c.kind != PPDL_KIND_SLICE || c.tags == NULL)
		return PPDL_OK;
	return ppdl_manifest_identify(k->old, k->old_key, &c, value->data, value->len, number, column, err);
}

static PpdlStatus
place_new(PpdlRekeyManifest *k, uint32_t *number, int column, const PpdlRekeyValue *value, const PpdlRowNote *note,
		  PpdlError *err)
{
	PpdlStatus	status = PPDL_ERR_KEY;
	PpdlCipher	c;
	uint32_t	there;

	if (value->data != NULL)
		status = ppdl_receipt_check_row(k->new_key[column], value->data, value->len, note, err);
	if (status == PPDL_ERR_KEY || status == PPDL_ERR_FORMAT)
		return not_that("what takes its place is not its encryption under the new key", note, err);
	PPDL_TRY(status);
	PPDL_TRY(ppdl_cipher_parse(&c, value->data, value->len, err));
	/* noted before, by an attempt whose transaction failed after its manifest was written */
	there = ppdl_manifest_find(k->into, column, c.seed, c.logc, c.pos);
	if (there != UINT32_MAX && ppdl_manifest_row(k->into, there).live && (*number == UINT32_MAX || *number == there))
	{
		*number = there;
		return PPDL_OK;
	}
	if (*number == UINT32_MAX)
		PPDL_TRY(ppdl_manifest_add(k->into, note, number, err));
	return ppdl_manifest_place(k->into, *number, column, &c, err);
}

PpdlStatus
ppdl_rekey_manifest_add(PpdlRekeyManifest *k, const PpdlRekeyValue *before, const PpdlRekeyValue *after, int n,
						PpdlError *err)
{
	uint32_t	row = UINT32_MAX,
				placed = UINT32_MAX;

	for (int i = 0; i < n; i++)
	{
		PpdlRowNote note;
		uint32_t	number;
		int			column;

		if (before[i].data == NULL)
			continue;
		PPDL_TRY(find_old(k, &before[i], &number, &column, err));
		if (number == UINT32_MAX)
			continue;
		note = ppdl_manifest_row(k->old, number).note;
		if (row != UINT32_MAX && row != number)
			return not_that("its columns are of different rows", &note, err);
		if (has_bit(k->met[column], number))
			return not_that("it is in the table more than once", &note, err);
		row = number;
		k->met[column][number >> 3] |= (uint8_t) (1 << (number & 7));
		PPDL_TRY(place_new(k, &placed, column, &after[i], &note, err));
	}
	return PPDL_OK;
}

uint64_t
ppdl_rekey_manifest_missing(const PpdlRekeyManifest *k, const char **id, size_t *len)
{
	uint64_t	missing = 0;

	*id = NULL;
	*len = 0;
	for (uint32_t i = 0; i < ppdl_manifest_rows(k->old); i++)
	{
		const PpdlManifestRow row = ppdl_manifest_row(k->old, i);

		int			lacks = 0;

		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
			lacks |= has_bit(k->has[c], i) && !has_bit(k->met[c], i);
		if (row.live && lacks && missing++ == 0)
		{
			*id = row.note.id;
			*len = row.note.id_len;
		}
	}
	return missing;
}
