#include "owner/manifest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/declassify.h"
#include "base/mem.h"
#include "base/text.h"
#include "owner/owner_impl.h"

#define MAGIC "PPDLMAN1"
#define MAC_BYTES 32
#define LIVE (UINT32_C(1) << 31)
#define NONE UINT32_MAX

typedef struct Row
{
	size_t		id;				/* where it begins */
	uint32_t	id_len,
				bound;			/* its number, and LIVE */
} Row;

typedef struct Batch
{
	int			column,
				logc;
	uint32_t   *row,			/* by position; NONE: none */
				rows;
} Batch;

struct PpdlManifest
{
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	char	   *table,
			  **name;			/* of bound columns */
	int			names;
	PpdlBoundTable bound;
	PpdlWriter	ids;			/* one behind the other */
	Row		   *row;
	uint32_t	rows,
				row_cap;
	uint32_t   *slot;			/* of live rows, by id: numbers, open addressing */
	size_t		nslots,
				taken;			/* slots that have or had a row */
	PpdlSeedTable index;		/* of batches; copy: the column */
	Batch	   *batch;
	uint32_t	batch_cap;
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

const char *
ppdl_manifest_column_name(int column)
{
	static const char *const name[PPDL_MANIFEST_COLUMNS] = {"features", "label"};

	return name[column];
}

/* ------------------------------------------------------------------ life and death */

static PpdlStatus
copy_names(PpdlManifest *m, const char *table, const char *const *bound, int nbound, PpdlError *err)
{
	if (nbound < 0 || nbound > PPDL_MAX_BOUND_VALUES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d columns are bound to rows; %d at most are possible", nbound,
						  PPDL_MAX_BOUND_VALUES);
	m->table = strdup(table);
	m->name = calloc((size_t) nbound + 1, sizeof(*m->name));
	if (m->table == NULL || m->name == NULL)
		return no_memory(err);
	for (; m->names < nbound; m->names++)
		if ((m->name[m->names] = strdup(bound[m->names])) == NULL)
			return no_memory(err);
	return PPDL_OK;
}

PpdlStatus
ppdl_manifest_create(PpdlManifest **out, const PpdlOwner *o, const char *table, const char *const *bound, int nbound,
					 PpdlError *err)
{
	PpdlManifest *m = calloc(1, sizeof(*m));
	PpdlStatus	status;

	*out = NULL;
	if (m == NULL)
		return no_memory(err);
	memcpy(m->fingerprint, o->fingerprint, PPDL_FINGERPRINT_BYTES);
	ppdl_writer_init(&m->ids);
	status = copy_names(m, table, bound, nbound, err);
	if (status == PPDL_OK)
		*out = m;
	else
		ppdl_manifest_destroy(m);
	return status;
}

void
ppdl_manifest_destroy(PpdlManifest *m)
{
	if (m == NULL)
		return;
	for (int i = 0; i < m->names; i++)
		free(m->name[i]);
	for (uint32_t i = 0; i < m->index.used; i++)
		free(m->batch[i].row);
	free(m->name);
	free(m->table);
	ppdl_bound_table_free(&m->bound);
	free(m->row);
	free(m->slot);
	free(m->batch);
	ppdl_writer_free(&m->ids);
	ppdl_seed_table_free(&m->index);
	free(m);
}

PpdlReceiptDomain
ppdl_manifest_domain(const PpdlManifest *m, int column)
{
	return (PpdlReceiptDomain) {m->table, ppdl_manifest_column_name(column), (const char *const *) m->name, m->names};
}

int
ppdl_manifest_is_of(const PpdlManifest *m, const PpdlReceiptDomain *d)
{
	int			same = strcmp(m->table, d->name) == 0 && m->names == d->nbound;

	for (int i = 0; same && i < d->nbound; i++)
		same = strcmp(m->name[i], d->bound[i]) == 0;
	return same;
}

const uint8_t *
ppdl_manifest_fingerprint(const PpdlManifest *m)
{
	return m->fingerprint;
}

PpdlStatus
ppdl_manifest_keys(PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS], const PpdlManifest *m, const PpdlOwner *o,
				   PpdlError *err)
{
	memset(key, 0, PPDL_MANIFEST_COLUMNS * sizeof(key[0]));
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
	{
		const PpdlReceiptDomain domain = ppdl_manifest_domain(m, c);

		PPDL_TRY(ppdl_receipt_key_create(&key[c], o, &domain, err));
	}
	return PPDL_OK;
}

void
ppdl_manifest_keys_free(PpdlReceiptKey *key[PPDL_MANIFEST_COLUMNS])
{
	for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
		ppdl_receipt_key_destroy(key[c]);
}

/* ------------------------------------------------------------------ ids */

/* FNV-1a: ids are the owner's */
static size_t
home(const PpdlManifest *m, const char *id, size_t len)
{
	uint64_t	h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t) id[i]) * UINT64_C(0x100000001b3);
	return (size_t) (h ^ h >> 32) & (m->nslots - 1);
}

static const char *
id_of(const PpdlManifest *m, uint32_t number)
{
	return (const char *) m->ids.buf + m->row[number].id;
}

/* the slot with the last row of this id, or a free one */
static uint32_t *
find_slot(const PpdlManifest *m, const char *id, size_t len)
{
	for (size_t i = home(m, id, len);; i = (i + 1) & (m->nslots - 1))
		if (m->slot[i] == NONE ||
			(m->row[m->slot[i]].id_len == len && memcmp(id_of(m, m->slot[i]), id, len) == 0))
			return &m->slot[i];
}

static PpdlStatus
grow_slots(PpdlManifest *m, PpdlError *err)
{
	const size_t before = m->nslots,
				n = before > 0 ? 2 * before : 64;
	uint32_t   *old = m->slot,
			   *slot;

	if (2 * m->taken < before)
		return PPDL_OK;
	slot = malloc(n * sizeof(*slot));
	if (slot == NULL)
		return no_memory(err);
	memset(slot, 0xFF, n * sizeof(*slot));
	m->slot = slot;
	m->nslots = n;
	for (size_t i = 0; i < before; i++)
		if (old[i] != NONE)
			*find_slot(m, id_of(m, old[i]), m->row[old[i]].id_len) = old[i];
	free(old);
	return PPDL_OK;
}

uint32_t
ppdl_manifest_find_id(const PpdlManifest *m, const char *id, size_t len)
{
	uint32_t	number = m->nslots == 0 ? NONE : *find_slot(m, id, len);

	return number != NONE && (m->row[number].bound & LIVE) ? number : NONE;
}

int
ppdl_manifest_forget(PpdlManifest *m, const char *id, size_t len)
{
	uint32_t	number = ppdl_manifest_find_id(m, id, len);

	if (number == NONE)
		return 0;
	m->row[number].bound &= ~LIVE;
	return 1;
}

/* ------------------------------------------------------------------ rows */

/* a row that does not live yet, and that no id leads to */
static PpdlStatus
append_row(PpdlManifest *m, const char *id, size_t len, uint32_t bound, PpdlError *err)
{
	PPDL_TRY(ppdl_grow((void **) &m->row, sizeof(*m->row), m->rows, &m->row_cap, err));
	if (m->rows == LIVE - 1 || len > UINT32_MAX)
		return ppdl_error(err, PPDL_ERR_RANGE, "a manifest of too many rows, or a row with too long an id");
	m->row[m->rows] = (Row) {m->ids.len, (uint32_t) len, bound};
	ppdl_write_bytes(&m->ids, id, len);
	if (m->ids.bad)
		return no_memory(err);
	m->rows++;
	return PPDL_OK;
}

static PpdlStatus
bring_to_life(PpdlManifest *m, uint32_t number, PpdlError *err)
{
	uint32_t   *slot;

	PPDL_TRY(grow_slots(m, err));
	slot = find_slot(m, id_of(m, number), m->row[number].id_len);
	if (*slot == NONE)
		m->taken++;
	else
		m->row[*slot].bound &= ~LIVE;
	m->row[number].bound |= LIVE;
	*slot = number;
	return PPDL_OK;
}

PpdlStatus
ppdl_manifest_add(PpdlManifest *m, const PpdlRowNote *note, uint32_t *number, PpdlError *err)
{
	uint32_t	bound;

	*number = m->rows;
	PPDL_TRY(ppdl_bound_number(&m->bound, note->bound, note->bound_len, &bound, err));
	PPDL_TRY(append_row(m, note->id, note->id_len, bound, err));
	return bring_to_life(m, *number, err);
}

static PpdlStatus
find_batch(PpdlManifest *m, int column, const uint8_t *seed, int logc, Batch **out, PpdlError *err)
{
	uint32_t	number = ppdl_seed_find(&m->index, seed, logc, (uint32_t) column);
	Batch	   *b;

	if (number == PPDL_NO_BATCH)
	{
		const size_t bytes = sizeof(uint32_t) << logc;

		number = m->index.used;
		PPDL_TRY(ppdl_grow((void **) &m->batch, sizeof(*m->batch), number, &m->batch_cap, err));
		b = &m->batch[number];
		*b = (Batch) {.column = column, .logc = logc, .row = malloc(bytes)};
		if (b->row == NULL)
			return no_memory(err);
		memset(b->row, 0xFF, bytes);
		if (ppdl_seed_add(&m->index, seed, logc, (uint32_t) column, err) != PPDL_OK)
		{
			free(b->row);
			return PPDL_ERR_NOMEM;
		}
	}
	*out = &m->batch[number];
	return PPDL_OK;
}

PpdlStatus
ppdl_manifest_place(PpdlManifest *m, uint32_t number, int column, const PpdlCipher *slice, PpdlError *err)
{
	Batch	   *b = NULL;

	PPDL_TRY(find_batch(m, column, slice->seed, slice->logc, &b, err));
	if (b->row[slice->pos] != NONE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "two rows of a manifest at one place");
	b->row[slice->pos] = number;
	b->rows++;
	return PPDL_OK;
}

/* NULL: none */
static const Batch *
known_batch(const PpdlManifest *m, int column, const uint8_t *seed, int logc)
{
	uint32_t	number = ppdl_seed_find(&m->index, seed, logc, (uint32_t) column);

	return number == PPDL_NO_BATCH ? NULL : &m->batch[number];
}

uint32_t
ppdl_manifest_find(const PpdlManifest *m, int column, const uint8_t *seed, int logc, uint32_t pos)
{
	const Batch *b = known_batch(m, column, seed, logc);

	return b == NULL || pos >> logc != 0 ? NONE : b->row[pos];
}

uint32_t
ppdl_manifest_rows(const PpdlManifest *m)
{
	return m->rows;
}

uint64_t
ppdl_manifest_live(const PpdlManifest *m)
{
	uint64_t	live = 0;

	for (uint32_t i = 0; i < m->rows; i++)
		live += (m->row[i].bound & LIVE) != 0;
	return live;
}

PpdlManifestRow
ppdl_manifest_row(const PpdlManifest *m, uint32_t number)
{
	const Row  *row = &m->row[number];
	const PpdlBoundText *bound = &m->bound.text[row->bound & ~LIVE];

	return (PpdlManifestRow) {{id_of(m, number), row->id_len, bound->text, bound->len}, (row->bound & LIVE) != 0};
}

static PpdlStatus
not_that(const PpdlManifestRow *row, const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "row \"%.*s\" is %s", (int) row->note.id_len, row->note.id, what);
}

PpdlStatus
ppdl_manifest_identify(const PpdlManifest *m, PpdlReceiptKey *const key[PPDL_MANIFEST_COLUMNS], const PpdlCipher *c,
					   const void *slice, size_t len, uint32_t *number, int *column, PpdlError *err)
{
	PpdlManifestRow row;
	PpdlStatus	status;

	*number = NONE;
	for (int i = 0; i < PPDL_MANIFEST_COLUMNS && *number == NONE; i++)
	{
		*number = ppdl_manifest_find(m, i, c->seed, c->logc, c->pos);
		*column = i;
	}
	if (*number == NONE)
		return ppdl_error(err, PPDL_ERR_KEY, "a row that the manifest does not have");
	row = ppdl_manifest_row(m, *number);
	if (!row.live)
		return not_that(&row, "an old version", err);
	status = ppdl_receipt_check_row(key[*column], slice, len, &row.note, err);
	return status == PPDL_ERR_KEY ? not_that(&row, "not what was encrypted", err) : status;
}

/* ------------------------------------------------------------------ receipts */

static PpdlStatus
unknown(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY, "a row that is not in the manifest");
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Rows that were encrypted without a manifest, or into another, are unknown to it.");
}

static PpdlStatus
check_live(const PpdlManifest *m, uint32_t number, PpdlError *err)
{
	PpdlManifestRow row;

	if (number == NONE)
		return unknown(err);
	row = ppdl_manifest_row(m, number);
	if (row.live)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "an old version of row \"%.*s\"",
			   (int) (row.note.id_len <= 100 ? row.note.id_len : ppdl_text_whole(row.note.id, 100)), row.note.id);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "The row was encrypted anew, or deleted, since; the server still counts what it was.");
}

PpdlStatus
ppdl_manifest_check(const PpdlManifest *m, int column, const PpdlReceiptSection *s, PpdlError *err)
{
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
	{
		const PpdlReceiptBatch *b = &s->batch[i];
		const Batch *known = known_batch(m, column, b->seed, b->logc);

		if (known == NULL)
			return unknown(err);
		for (uint32_t pos = 0; pos < ppdl_receipt_end(b); pos++)
			if (ppdl_receipt_has(b, pos))
				PPDL_TRY(check_live(m, known->row[pos], err));
	}
	return PPDL_OK;
}

uint64_t
ppdl_manifest_meet(const PpdlManifest *m, int column, const PpdlReceiptSection *s, uint8_t *bits)
{
	uint64_t	met = 0;

	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
	{
		const PpdlReceiptBatch *b = &s->batch[i];
		const Batch *known = known_batch(m, column, b->seed, b->logc);

		for (uint32_t pos = 0; pos < ppdl_receipt_end(b); pos++)
			if (ppdl_receipt_has(b, pos))
				met += !ppdl_bits_add(bits, known->row[pos]);
	}
	return met;
}

/* whether the claims hold of a bound text */
static int
holds(const PpdlBoundText *b, const PpdlBoundClaim *claim, int n)
{
	PpdlBoundValue v[PPDL_MAX_BOUND_VALUES];
	int			values;

	if (ppdl_bound_read(v, &values, b->text, b->len, NULL) != PPDL_OK)
		return 0;
	for (int i = 0; i < n; i++)
		if (claim[i].at >= values || !ppdl_bound_same(&v[claim[i].at], &claim[i].value))
			return 0;
	return 1;
}

uint64_t
ppdl_manifest_count(const PpdlManifest *m, int column, const PpdlBoundClaim *claim, int n)
{
	uint64_t	rows = 0;

	for (uint32_t i = 0; i < m->index.used; i++)
		for (uint32_t pos = 0; pos < UINT32_C(1) << m->batch[i].logc && m->batch[i].column == column; pos++)
		{
			const uint32_t number = m->batch[i].row[pos];

			rows += number != NONE && (m->row[number].bound & LIVE) &&
				holds(&m->bound.text[m->row[number].bound & ~LIVE], claim, n);
		}
	return rows;
}

static PpdlStatus
bind_batch(const PpdlManifest *m, int column, PpdlReceipt *r, PpdlReceiptPart *p, const PpdlReceiptBatch *b,
		   PpdlError *err)
{
	const Batch *known = known_batch(m, column, b->seed, b->logc);

	if (known == NULL)
		return unknown(err);
	for (uint32_t pos = 0; pos < ppdl_receipt_end(b); pos++)
	{
		const PpdlBoundText *bound;

		if (!ppdl_receipt_has(b, pos))
			continue;
		if (known->row[pos] == NONE)
			return unknown(err);
		bound = &m->bound.text[m->row[known->row[pos]].bound & ~LIVE];
		PPDL_TRY(ppdl_receipt_add_bound(r, p, bound->text, bound->len, 1, err));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_manifest_bind(const PpdlManifest *m, int column, PpdlReceipt *r, PpdlError *err)
{
	for (uint32_t i = 0; i < r->nsections; i++)
	{
		PpdlReceiptSection *s = &r->section[i];

		if (memcmp(s->fingerprint, m->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
			continue;
		for (uint32_t part = 0; part < s->nparts; part++)
			ppdl_receipt_forget_bounds(&s->part[part]);
		for (uint32_t b = 0; b < ppdl_receipt_batches(s); b++)
			PPDL_TRY(bind_batch(m, column, r, &s->part[s->batch[b].part], &s->batch[b], err));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ files */

static PpdlStatus
file_mac(uint8_t out[MAC_BYTES], const PpdlOwner *o, const void *buf, size_t len, PpdlError *err)
{
	uint8_t		key[PPDL_MASTER_BYTES];
	int			ok;

	PPDL_TRY(ppdl_derive(key, o->master, "ppdl manifest 1", NULL, err));
	ok = HMAC(EVP_sha256(), key, sizeof(key), buf, len, out, NULL) != NULL;
	OPENSSL_cleanse(key, sizeof(key));
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute HMAC-SHA-256");
}

/* *o becomes itself, or the one of its writers, whose key that is */
static PpdlStatus
holder_of(const PpdlOwner **o, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES], PpdlError *err)
{
	const PpdlOwner *holder = ppdl_owner_find((PpdlOwner *) (uintptr_t) *o, fingerprint);
	char		theirs[17],
				mine[17];

	if (holder != NULL)
	{
		*o = holder;
		return PPDL_OK;
	}
	ppdl_fingerprint_hex(theirs, fingerprint);
	ppdl_fingerprint_hex(mine, (*o)->fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "manifest of rows under key %s, not under key \"%s\" (%s)", theirs, (*o)->name,
					  mine);
}

static void
put_text(PpdlWriter *w, const void *text, size_t len)
{
	ppdl_write_u32(w, (uint32_t) len);
	ppdl_write_bytes(w, text, len);
}

static void
put_batch(PpdlWriter *w, const PpdlManifest *m, uint32_t number)
{
	const Batch *b = &m->batch[number];

	ppdl_write_bytes(w, m->index.key[number].seed, PPDL_SEED_BYTES);
	ppdl_write_u8(w, (uint8_t) b->column);
	ppdl_write_u8(w, (uint8_t) b->logc);
	ppdl_write_u32(w, b->rows);
	for (uint32_t pos = 0; pos < UINT32_C(1) << b->logc; pos++)
		if (b->row[pos] != NONE)
		{
			ppdl_write_u16(w, (uint16_t) pos);
			ppdl_write_u32(w, b->row[pos]);
		}
}

PpdlStatus
ppdl_manifest_write(const PpdlManifest *m, const PpdlOwner *o, PpdlWriter *w, PpdlError *err)
{
	const size_t start = w->len;
	uint8_t		mac[MAC_BYTES];

	ppdl_write_text(w, MAGIC);
	ppdl_write_bytes(w, m->fingerprint, PPDL_FINGERPRINT_BYTES);
	put_text(w, m->table, strlen(m->table));
	ppdl_write_u32(w, (uint32_t) m->names);
	for (int i = 0; i < m->names; i++)
		put_text(w, m->name[i], strlen(m->name[i]));
	ppdl_write_u32(w, m->bound.index.used);
	for (uint32_t i = 0; i < m->bound.index.used; i++)
		put_text(w, m->bound.text[i].text, m->bound.text[i].len);
	ppdl_write_u32(w, m->rows);
	for (uint32_t i = 0; i < m->rows; i++)
	{
		ppdl_write_u32(w, m->row[i].bound);
		put_text(w, id_of(m, i), m->row[i].id_len);
	}
	ppdl_write_u32(w, m->index.used);
	for (uint32_t i = 0; i < m->index.used; i++)
		put_batch(w, m, i);
	if (w->bad)
		return no_memory(err);
	PPDL_TRY(holder_of(&o, m->fingerprint, err));
	PPDL_TRY(file_mac(mac, o, w->buf + start, w->len - start, err));
	ppdl_write_bytes(w, mac, sizeof(mac));
	return w->bad ? no_memory(err) : PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "not a manifest, or one that is damaged");
}

static const char *
get_text(PpdlReader *in, size_t *len)
{
	*len = ppdl_read_u32(in);
	return (const char *) ppdl_read_bytes(in, *len);
}

static PpdlStatus
read_names(PpdlManifest **out, const PpdlOwner *o, PpdlReader *in, PpdlError *err)
{
	char	   *name[PPDL_MAX_BOUND_VALUES + 1] = {0};
	uint32_t	names = 0;
	PpdlStatus	status = PPDL_OK;

	for (uint32_t i = 0; i <= names && status == PPDL_OK; i++)
	{
		size_t		len;
		const char *text = get_text(in, &len);

		name[i] = in->bad ? NULL : strndup(text, len);
		if (i == 0)
			names = ppdl_read_u32(in);
		if (in->bad || names > PPDL_MAX_BOUND_VALUES)
			status = malformed(err);
		else if (name[i] == NULL)
			status = no_memory(err);
	}
	if (status == PPDL_OK)
		status = ppdl_manifest_create(out, o, name[0], (const char *const *) name + 1, (int) names, err);
	for (int i = 0; i <= PPDL_MAX_BOUND_VALUES; i++)
		free(name[i]);
	return status;
}

static PpdlStatus
read_rows(PpdlManifest *m, PpdlReader *in, PpdlError *err)
{
	uint32_t	count = ppdl_read_u32(in),
				number;
	size_t		len;

	for (uint32_t i = 0; i < count; i++)
	{
		const char *text = get_text(in, &len);

		if (in->bad)
			return malformed(err);
		PPDL_TRY(ppdl_bound_number(&m->bound, text, len, &number, err));
		if (number != i)
			return malformed(err);
	}
	count = ppdl_read_u32(in);
	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t	bound = ppdl_read_u32(in);
		const char *id = get_text(in, &len);

		if (in->bad || (bound & ~LIVE) >= m->bound.index.used)
			return malformed(err);
		PPDL_TRY(append_row(m, id, len, bound & ~LIVE, err));
		if (bound & LIVE)
			PPDL_TRY(bring_to_life(m, i, err));
	}
	return PPDL_OK;
}

static PpdlStatus
read_batches(PpdlManifest *m, PpdlReader *in, PpdlError *err)
{
	const uint32_t count = ppdl_read_u32(in);

	for (uint32_t i = 0; i < count; i++)
	{
		PpdlCipher	c = {.seed = ppdl_read_bytes(in, PPDL_SEED_BYTES)};
		const int	column = ppdl_read_u8(in);
		uint32_t	rows;

		c.logc = ppdl_read_u8(in);
		rows = ppdl_read_u32(in);
		if (in->bad || column >= PPDL_MANIFEST_COLUMNS || c.logc > 14 || rows > ppdl_reader_left(in) / 6)
			return malformed(err);
		for (uint32_t j = 0; j < rows; j++)
		{
			uint32_t	number;

			c.pos = ppdl_read_u16(in);
			number = ppdl_read_u32(in);
			if (c.pos >> c.logc != 0 || number >= m->rows)
				return malformed(err);
			PPDL_TRY(ppdl_manifest_place(m, number, column, &c, err));
		}
	}
	return in->bad || ppdl_reader_left(in) > 0 ? malformed(err) : PPDL_OK;
}

const uint8_t *
ppdl_manifest_peek(const void *buf, size_t len)
{
	if (len < 8 + PPDL_FINGERPRINT_BYTES + MAC_BYTES || memcmp(buf, MAGIC, 8) != 0)
		return NULL;
	return (const uint8_t *) buf + 8;
}

/* *o becomes whose it is; and that it is as it was written */
static PpdlStatus
check_file(const PpdlOwner **o, const uint8_t *buf, size_t len, PpdlError *err)
{
	const uint8_t *fingerprint = ppdl_manifest_peek(buf, len);
	uint8_t		mac[MAC_BYTES];
	int			differ;

	if (fingerprint == NULL)
		return malformed(err);
	PPDL_TRY(holder_of(o, fingerprint, err));
	PPDL_TRY(file_mac(mac, *o, buf, len - MAC_BYTES, err));
	differ = CRYPTO_memcmp(mac, buf + len - MAC_BYTES, MAC_BYTES);
	ppdl_declassify(&differ, sizeof(differ));
	if (differ)
		return ppdl_error(err, PPDL_ERR_KEY, "a manifest that is damaged, or that somebody else has changed");
	return PPDL_OK;
}

PpdlStatus
ppdl_manifest_read(PpdlManifest **out, const PpdlOwner *o, const void *buf, size_t len, PpdlError *err)
{
	PpdlReader	in;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(check_file(&o, buf, len, err));
	in = ppdl_reader((const uint8_t *) buf + 8 + PPDL_FINGERPRINT_BYTES, len - 8 - PPDL_FINGERPRINT_BYTES - MAC_BYTES);
	PPDL_TRY(read_names(out, o, &in, err));
	status = read_rows(*out, &in, err);
	if (status == PPDL_OK)
		status = read_batches(*out, &in, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_manifest_destroy(*out);
	*out = NULL;
	return status;
}

void
ppdl_manifest_mark(const PpdlManifest *m, int column, uint8_t *bits)
{
	for (uint32_t i = 0; i < m->index.used; i++)
		for (uint32_t pos = 0; pos < UINT32_C(1) << m->batch[i].logc && m->batch[i].column == column; pos++)
			if (m->batch[i].row[pos] != NONE)
				ppdl_bits_add(bits, m->batch[i].row[pos]);
}
