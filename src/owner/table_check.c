#include "owner/table_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/text.h"
#include "owner/manifest_keys.h"
#include "rows/cipher_read.h"

/* a manifest, and what has been met of it */
typedef struct Kept
{
	const PpdlManifest *manifest;
	PpdlReceiptKey *const *key; /* of PPDL_MANIFEST_COLUMNS */
	uint8_t    *met[PPDL_MANIFEST_COLUMNS],	/* bit by number of the live row of an id: it had a value in this column */
			   *met_id;			/* the id was there */
} Kept;

struct PpdlTableCheck
{
	PpdlManifestKeys keys;
	Kept	   *kept;
	int			count;
	PpdlRowFound found;
	void	   *arg;
	uint64_t	rows,
				faults[PPDL_ROW_FAULTS];
};

const char *
ppdl_row_fault_name(PpdlRowFault fault)
{
	static const char *const name[PPDL_ROW_FAULTS] = {"altered", "moved", "regrouped", "replayed", "repeated",
	"missing", "unknown", "unsigned", "foreign"};

	return name[fault];
}

uint64_t
ppdl_table_check_rows(const PpdlTableCheck *t)
{
	return t->rows;
}

uint64_t
ppdl_table_check_faults(const PpdlTableCheck *t, PpdlRowFault fault)
{
	return t->faults[fault];
}

static uint8_t *
no_rows(const Kept *k)
{
	return ppdl_bits_create(ppdl_manifest_rows(k->manifest));
}

static PpdlStatus
set_up_one(Kept *k, PpdlError *err)
{
	k->met_id = no_rows(k);
	if (k->met_id == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		k->met[c] = no_rows(k);
		if (k->met[c] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
set_up(PpdlTableCheck *t, PpdlOwner *o, const PpdlManifests *m, PpdlError *err)
{
	PPDL_TRY(ppdl_manifest_keys_open(&t->keys, m, o, err));
	t->kept = calloc((size_t) m->count, sizeof(*t->kept));
	if (t->kept == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->count = m->count;
	for (int i = 0; i < t->count; i++)
	{
		t->kept[i].manifest = m->manifest[i];
		t->kept[i].key = t->keys.key[i];
		PPDL_TRY(set_up_one(&t->kept[i], err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_table_check_create(PpdlTableCheck **out, PpdlOwner *o, const PpdlManifests *m, PpdlRowFound found, void *arg,
						PpdlError *err)
{
	PpdlTableCheck *t;
	PpdlStatus	status;

	*out = NULL;
	if (m->count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a table is checked against a manifest");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->found = found;
	t->arg = arg;
	status = set_up(t, o, m, err);
	if (status == PPDL_OK)
		*out = t;
	else
		ppdl_table_check_destroy(t);
	return status;
}

void
ppdl_table_check_destroy(PpdlTableCheck *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < t->count; i++)
	{
		Kept	   *k = &t->kept[i];

		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
			free(k->met[c]);
		free(k->met_id);
	}
	free(t->kept);
	ppdl_manifest_keys_close(&t->keys);
	free(t);
}

/* ------------------------------------------------------------------ one value */

/* a row under judgement */
typedef struct Judged
{
	PpdlTableCheck *t;
	const PpdlTableRow *row;
	PpdlCipher	value[PPDL_MANIFEST_COLUMNS];	/* where parsed says so */
	int			parsed[PPDL_MANIFEST_COLUMNS];
	Kept	   *of[PPDL_MANIFEST_COLUMNS];	/* what is known of the key; NULL: nothing */
	int			column,
				faults;
	PpdlError  *err;
} Judged;

static PpdlStatus
report(Judged *j, PpdlRowFault fault, const PpdlRowNote *other, const char *why)
{
	PpdlRowFinding f = {.fault = fault, .column = j->column, .id = j->row->note.id, .id_len = j->row->note.id_len};

	if (other != NULL)
	{
		f.other = other->id;
		f.other_len = other->id_len;
	}
	snprintf(f.why, sizeof f.why, "%s", why);
	j->t->faults[fault]++;
	j->faults++;
	return j->t->found(j->t->arg, &f, j->err);
}

static int
same_id(const PpdlRowNote *a, const PpdlRowNote *b)
{
	return a->id_len == b->id_len && (a->id_len == 0 || memcmp(a->id, b->id, a->id_len) == 0);
}

/* does the value's MAC fit this note?  Errors that are not the row's are PPDL_ERR_NOMEM and PPDL_ERR_CRYPTO. */
static PpdlStatus
mac_fits(Judged *j, const PpdlRowNote *note, int *fits)
{
	const PpdlStatus status = ppdl_receipt_check_row(j->of[j->column]->key[j->column], j->row->value[j->column].data,
													 j->row->value[j->column].len, note, j->err);

	*fits = status == PPDL_OK;
	return status == PPDL_ERR_NOMEM || status == PPDL_ERR_CRYPTO || status == PPDL_ERR_INTERNAL ? status : PPDL_OK;
}

/* bytes of a value that a finding shows, or of "NULL" */
static int
shown(const PpdlBoundValue *v)
{
	if (v->text == NULL)
		return 4;
	return (int) (v->len <= 40 ? v->len : ppdl_text_whole(v->text, 40));
}

/* the first bound column that holds something else than when the row was encrypted */
static void
what_differs(const Judged *j, const PpdlRowNote *then, char *why, size_t size)
{
	const PpdlReceiptDomain domain = ppdl_manifest_domain(j->of[j->column]->manifest, j->column);
	PpdlBoundValue now_value[PPDL_MAX_BOUND_VALUES],
				then_value[PPDL_MAX_BOUND_VALUES];
	int			now_n,
				then_n;

	why[0] = 0;
	if (ppdl_bound_read(now_value, &now_n, j->row->note.bound, j->row->note.bound_len, NULL) != PPDL_OK ||
		ppdl_bound_read(then_value, &then_n, then->bound, then->bound_len, NULL) != PPDL_OK)
		return;
	for (int i = 0; i < now_n && i < then_n && i < domain.nbound; i++)
	{
		const PpdlBoundValue *now = &now_value[i],
				   *was = &then_value[i];

		if (ppdl_bound_same(now, was))
			continue;
		snprintf(why, size, "%.*s is %s%.*s%s, and was %s%.*s%s", PPDL_CUT(domain.bound[i], 40), now->text ? "\"" : "",
				 shown(now), now->text ? now->text : "NULL", now->text ? "\"" : "", was->text ? "\"" : "",
				 shown(was), was->text ? was->text : "NULL", was->text ? "\"" : "");
		return;
	}
}

/* the MAC is none for this id and these plain values: for which, then?  number: the row that lies in its place */
static PpdlStatus
diagnose(Judged *j, uint32_t number)
{
	PpdlManifestRow there;
	char		why[200];
	int			fits;

	if (number == UINT32_MAX)
		return report(j, PPDL_ROW_UNKNOWN, NULL, "no row of the manifest lies in its place, and its MAC does not fit");
	there = ppdl_manifest_row(j->of[j->column]->manifest, number);
	PPDL_TRY(mac_fits(j, &there.note, &fits));
	if (!fits)
		return report(j, PPDL_ROW_ALTERED, same_id(&there.note, &j->row->note) ? NULL : &there.note, "");
	if (!same_id(&there.note, &j->row->note))
		return report(j, PPDL_ROW_MOVED, &there.note, there.live ? "" : "an old version of it");
	what_differs(j, &there.note, why, sizeof why);
	if (!there.live)
		PPDL_TRY(report(j, PPDL_ROW_REPLAYED, NULL, ""));
	return report(j, PPDL_ROW_REGROUPED, NULL, why);
}

static PpdlStatus
report_foreign(Judged *j)
{
	char		why[80],
				id[17];

	ppdl_fingerprint_hex(id, j->value[j->column].fingerprint);
	snprintf(why, sizeof why, "under key %s, of which there is no manifest", id);
	return report(j, PPDL_ROW_FOREIGN, NULL, why);
}

static PpdlStatus
check_value(Judged *j)
{
	const PpdlCipher *c = &j->value[j->column];
	const Kept *k = j->of[j->column];
	uint32_t	number;
	int			fits;

	if (!j->parsed[j->column])
		return report(j, PPDL_ROW_ALTERED, NULL, "no valid ciphertext");
	if (k == NULL)
		return report_foreign(j);
	if (c->kind != PPDL_KIND_SLICE)
		return report(j, PPDL_ROW_FOREIGN, NULL, "the result of an operation, and no row");
	if (c->tags == NULL)
		return report(j, PPDL_ROW_UNSIGNED, NULL, "");
	number = ppdl_manifest_find(k->manifest, j->column, c->seed, c->logc, c->pos);
	PPDL_TRY(mac_fits(j, &j->row->note, &fits));
	if (!fits)
		return diagnose(j, number);
	if (number == UINT32_MAX)
		return report(j, PPDL_ROW_UNKNOWN, NULL, "its MAC fits, and it is not in the manifest");
	return ppdl_manifest_row(k->manifest, number).live ? PPDL_OK : report(j, PPDL_ROW_REPLAYED, NULL, "");
}

/* ------------------------------------------------------------------ rows */

/* parses the values, and finds the manifests of their keys */
static PpdlStatus
look_at_values(Judged *j)
{
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		PpdlStatus	status;
		int			which;

		if (j->row->value[c].data == NULL)
			continue;
		status = ppdl_cipher_parse(&j->value[c], j->row->value[c].data, j->row->value[c].len, j->err);
		if (status == PPDL_ERR_NOMEM)
			return status;
		j->parsed[c] = status == PPDL_OK;
		which = j->parsed[c] ? ppdl_manifests_of(j->t->keys.of, j->value[c].fingerprint) : -1;
		if (which >= 0)
			j->of[c] = &j->t->kept[which];
	}
	return PPDL_OK;
}

static uint32_t
live_number(const Judged *j, const Kept *k)
{
	return ppdl_manifest_find_id(k->manifest, j->row->note.id, j->row->note.id_len);
}

/* is a value's key's manifest one that has this id? */
static int
is_at_home(const Judged *j, int column)
{
	return j->of[column] != NULL && live_number(j, j->of[column]) != UINT32_MAX;
}

/*
 * Notes that the row of this id is there.  Two writers may use one id: which of their rows it is say its values, and
 * where they do not, as they are nobody's, it stands for both.
 */
static PpdlStatus
meet(Judged *j)
{
	int			home[PPDL_MANIFEST_COLUMNS],
				homes = 0,
				again = 0;

	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
		homes += home[c] = is_at_home(j, c);
	for (int i = 0; i < j->t->count; i++)
	{
		Kept	   *k = &j->t->kept[i];
		const uint32_t number = live_number(j, k);
		int			mine = homes == 0;

		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
			mine |= home[c] && j->of[c] == k;
		if (number == UINT32_MAX || !mine)
			continue;
		again |= ppdl_bits_add(k->met_id, number);
		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
			if (j->row->value[c].data != NULL && (!home[c] || j->of[c] == k))
				ppdl_bits_add(k->met[c], number);
	}
	return again ? report(j, PPDL_ROW_REPEATED, NULL, "") : PPDL_OK;
}

PpdlStatus
ppdl_table_check_row(PpdlTableCheck *t, const PpdlTableRow *row, int *faults, PpdlError *err)
{
	Judged		j = {.t = t, .row = row, .column = -1, .err = err};

	t->rows++;
	PPDL_TRY(look_at_values(&j));
	PPDL_TRY(meet(&j));
	for (j.column = 0; j.column < PPDL_MANIFEST_COLUMNS; j.column++)
		if (row->value[j.column].data != NULL)
			PPDL_TRY(check_value(&j));
	if (faults != NULL)
		*faults = j.faults;
	return PPDL_OK;
}

static PpdlStatus
missing(PpdlTableCheck *t, const Kept *k, uint32_t number, int column, PpdlError *err)
{
	const PpdlManifestRow row = ppdl_manifest_row(k->manifest, number);
	const PpdlTableRow gone = {.note = row.note};
	Judged		j = {.t = t, .row = &gone, .column = column, .err = err};

	return report(&j, PPDL_ROW_MISSING, NULL, "");
}

/* has: by column, bits of the rows of the manifest that have values there */
static PpdlStatus
find_missing(PpdlTableCheck *t, const Kept *k, uint8_t *const *has, int ncolumns, PpdlError *err)
{
	for (uint32_t i = 0; i < ppdl_manifest_rows(k->manifest); i++)
	{
		if (!ppdl_manifest_row(k->manifest, i).live)
			continue;
		if (!ppdl_bits_have(k->met_id, i))
			PPDL_TRY(missing(t, k, i, -1, err));
		for (int c = 0; ppdl_bits_have(k->met_id, i) && c < ncolumns; c++)
			if (ppdl_bits_have(has[c], i) && !ppdl_bits_have(k->met[c], i))
				PPDL_TRY(missing(t, k, i, c, err));
	}
	return PPDL_OK;
}

static PpdlStatus
finish_one(PpdlTableCheck *t, const Kept *k, int ncolumns, PpdlError *err)
{
	uint8_t    *has[PPDL_MANIFEST_COLUMNS] = {NULL};
	PpdlStatus	status = PPDL_OK;

	for (int c = 0; c < ncolumns && status == PPDL_OK; c++)
	{
		has[c] = no_rows(k);
		if (has[c] == NULL)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		else
			ppdl_manifest_mark(k->manifest, c, has[c]);
	}
	if (status == PPDL_OK)
		status = find_missing(t, k, has, ncolumns, err);
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
		free(has[c]);
	return status;
}

PpdlStatus
ppdl_table_check_finish(PpdlTableCheck *t, int ncolumns, PpdlError *err)
{
	for (int i = 0; i < t->count; i++)
		PPDL_TRY(finish_one(t, &t->kept[i], ncolumns, err));
	return PPDL_OK;
}
