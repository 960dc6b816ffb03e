#include "owner/rekey_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "owner/manifest_keys.h"
#include "rows/cipher_read.h"

/* of an old manifest, rows by number: those that have a value in this column, and of which that came */
typedef struct Seen
{
	uint8_t    *has[PPDL_MANIFEST_COLUMNS],
			   *met[PPDL_MANIFEST_COLUMNS];
} Seen;

struct PpdlRekeyManifest
{
	PpdlManifestKeys old;
	PpdlManifest *into;
	PpdlReceiptKey *new_key[PPDL_MANIFEST_COLUMNS];
	Seen	   *seen;			/* of each old manifest */
	uint8_t    *placed;			/* rows of the new manifest that stand for one that came */
};

static PpdlStatus
set_up_seen(Seen *seen, const PpdlManifest *m, PpdlError *err)
{
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		seen->has[c] = ppdl_bits_create(ppdl_manifest_rows(m));
		seen->met[c] = ppdl_bits_create(ppdl_manifest_rows(m));
		if (seen->has[c] == NULL || seen->met[c] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		ppdl_manifest_mark(m, c, seen->has[c]);
	}
	return PPDL_OK;
}

static PpdlStatus
set_up(PpdlRekeyManifest *k, PpdlOwner *from, PpdlOwner *to, const PpdlManifests *old, PpdlError *err)
{
	size_t		rows = ppdl_manifest_rows(k->into);

	PPDL_TRY(ppdl_manifest_keys_open(&k->old, old, from, err));
	PPDL_TRY(ppdl_manifest_keys(k->new_key, old->manifest[0], to, err));
	k->seen = calloc((size_t) old->count, sizeof(Seen));
	for (int i = 0; i < old->count; i++)
		rows += ppdl_manifest_rows(old->manifest[i]);
	k->placed = ppdl_bits_create(rows);
	if (k->seen == NULL || k->placed == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < old->count; i++)
		PPDL_TRY(set_up_seen(&k->seen[i], old->manifest[i], err));
	return PPDL_OK;
}

PpdlStatus
ppdl_rekey_manifest_create(PpdlRekeyManifest **out, PpdlOwner *from, PpdlOwner *to, const PpdlManifests *old,
						   PpdlManifest *into, PpdlError *err)
{
	PpdlRekeyManifest *k = calloc(1, sizeof(*k));
	PpdlStatus	status;

	*out = NULL;
	if (k == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	k->into = into;
	status = set_up(k, from, to, old, err);
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
	for (int i = 0; k->seen != NULL && i < k->old.of->count; i++)
		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
		{
			free(k->seen[i].has[c]);
			free(k->seen[i].met[c]);
		}
	free(k->seen);
	free(k->placed);
	ppdl_manifest_keys_free(k->new_key);
	ppdl_manifest_keys_close(&k->old);
	free(k);
}

static PpdlStatus
not_that(const char *what, const PpdlRowNote *note, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "row \"%.*s\": %s", (int) note->id_len, note->id, what);
}

/* the old value in its manifest; *tagged is 0: it has no receipt */
static PpdlStatus
find_old(const PpdlRekeyManifest *k, const PpdlRekeyValue *value, PpdlManifestPlace *place, int *tagged,
		 PpdlError *err)
{
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse(&c, value->data, value->len, err));
	*tagged = c.kind == PPDL_KIND_SLICE && c.tags != NULL;
	return *tagged ? ppdl_manifest_keys_identify(&k->old, &c, value->data, value->len, place, err) : PPDL_OK;
}

/* a row of this id that an earlier attempt left does not count */
static PpdlStatus
check_id_is_new(const PpdlRekeyManifest *k, const PpdlRowNote *note, PpdlError *err)
{
	const uint32_t there = ppdl_manifest_find_id(k->into, note->id, note->id_len);

	if (there == UINT32_MAX || !ppdl_bits_have(k->placed, there))
		return PPDL_OK;
	not_that("rows under two keys have this id, and become rows of one", note, err);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Nothing was changed. Encrypt one of them anew under another id, and "
						   "delete it here.");
}

/* *number: of the row in the new manifest; UINT32_MAX before its first column */
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
	if (*number == UINT32_MAX)
		PPDL_TRY(check_id_is_new(k, note, err));
	PPDL_TRY(ppdl_cipher_parse(&c, value->data, value->len, err));
	/* noted before, by an attempt whose transaction failed after its manifest was written */
	there = ppdl_manifest_find(k->into, column, c.seed, c.logc, c.pos);
	if (there != UINT32_MAX && ppdl_manifest_row(k->into, there).live && (*number == UINT32_MAX || *number == there))
	{
		*number = there;
		ppdl_bits_add(k->placed, there);
		return PPDL_OK;
	}
	/* a row of this id that is there becomes an old version */
	if (*number == UINT32_MAX)
		PPDL_TRY(ppdl_manifest_add(k->into, note, number, err));
	ppdl_bits_add(k->placed, *number);
	return ppdl_manifest_place(k->into, *number, column, &c, err);
}

PpdlStatus
ppdl_rekey_manifest_add(PpdlRekeyManifest *k, const PpdlRekeyValue *before, const PpdlRekeyValue *after, int n,
						PpdlError *err)
{
	PpdlManifestPlace row = {.which = -1};
	uint32_t	placed = UINT32_MAX;

	for (int i = 0; i < n; i++)
	{
		PpdlManifestPlace place;
		PpdlRowNote note;
		uint8_t    *met;
		int			tagged;

		if (before[i].data == NULL)
			continue;
		PPDL_TRY(find_old(k, &before[i], &place, &tagged, err));
		if (!tagged)
			continue;
		note = ppdl_manifest_keys_note(&k->old, &place);
		met = k->seen[place.which].met[place.column];
		if (row.which >= 0 && (row.which != place.which || row.number != place.number))
			return not_that("its columns are of different rows", &note, err);
		if (ppdl_bits_add(met, place.number))
			return not_that("it is in the table more than once", &note, err);
		row = place;
		PPDL_TRY(place_new(k, &placed, place.column, &after[i], &note, err));
	}
	return PPDL_OK;
}

static int
is_missing(const PpdlRekeyManifest *k, int which, uint32_t number)
{
	const Seen *seen = &k->seen[which];
	int			lacks = 0;

	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
		lacks |= ppdl_bits_have(seen->has[c], number) && !ppdl_bits_have(seen->met[c], number);
	return lacks && ppdl_manifest_row(k->old.of->manifest[which], number).live;
}

uint64_t
ppdl_rekey_manifest_missing(const PpdlRekeyManifest *k, const char **id, size_t *len)
{
	uint64_t	missing = 0;

	*id = NULL;
	*len = 0;
	for (int which = 0; which < k->old.of->count; which++)
		for (uint32_t i = 0; i < ppdl_manifest_rows(k->old.of->manifest[which]); i++)
			if (is_missing(k, which, i) && missing++ == 0)
			{
				const PpdlRowNote note = ppdl_manifest_row(k->old.of->manifest[which], i).note;

				*id = note.id;
				*len = note.id_len;
			}
	return missing;
}
