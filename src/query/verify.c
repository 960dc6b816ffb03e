#include "query/verify.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bits.h"
#include "base/hex.h"
#include "base/text.h"
#include "query/manifest_load.h"
#include "query/sqltext.h"
#include "query/value.h"
#include "query/verify_text.h"
#include "rows/cipher_read.h"

#define HEAD "\\x504c5243"		/* of a receipt, as PostgreSQL writes bytea */

/* what rows under a key are checked with */
typedef struct Keyed
{
	struct Keyed *next;
	int			column;
	PpdlOwner  *owner;			/* whose key file was given: the key is its own, or that of one of its writers */
	PpdlReceiptKey *key;
} Keyed;

typedef struct Record
{
	const char *const *names;	/* of its columns, or NULL */
	const PpdlText *fields;
	size_t		count;
} Record;

/* --all-rows: which rows of a manifest have come, by column, a bit a row; NULL: none */
typedef struct Met
{
	uint8_t    *row[PPDL_MANIFEST_COLUMNS];
} Met;

struct PpdlVerifier
{
	const PpdlVerifyArgs *a;
	PpdlVerifyKeys of;
	int			column,			/* of manifests: what is summed */
				null_is_group,
				of_query;		/* ... as it says */
	Keyed	   *keys;
	PpdlManifests manifests;
	Met		   *met;			/* of each of them; NULL unless --all-rows */
	uint64_t	met_rows[PPDL_MANIFEST_COLUMNS];
	PpdlText   *field;			/* of the record at hand: copies */
	size_t		fields;
	uint64_t	rows;			/* that its receipt has proved */
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ opening */

PpdlStatus
ppdl_verifier_open(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlVerifyKeys *keys, PpdlError *err)
{
	PpdlVerifier *v;

	*out = NULL;
	if (!a->asked)
		return PPDL_OK;
	v = calloc(1, sizeof *v);
	*out = v;
	if (v == NULL)
		return no_memory(err);
	v->a = a;
	while (a->column != NULL && strcmp(a->column, ppdl_manifest_column_name(v->column)) != 0)
		v->column++;
	v->of = *keys;
	PPDL_TRY(ppdl_manifests_load(&v->manifests, &a->manifests, keys->writers, keys->owner, keys->owners, err));
	v->met = a->whole ? calloc((size_t) v->manifests.count + 1, sizeof *v->met) : NULL;
	return a->whole && v->met == NULL ? no_memory(err) : PPDL_OK;
}

void
ppdl_verifier_column(PpdlVerifier *v, int column)
{
	v->column = column;
}

uint64_t
ppdl_verifier_rows(const PpdlVerifier *v)
{
	return v->rows;
}

void
ppdl_verifier_null_is_group(PpdlVerifier *v)
{
	v->null_is_group = 1;
}

void
ppdl_verifier_of_query(PpdlVerifier *v, const char *sql)
{
	v->null_is_group = !ppdl_sql_may_total(sql);
	v->of_query = 1;
}

uint64_t
ppdl_verifier_left(const PpdlVerifier *v, int column)
{
	return v->met ? ppdl_manifests_count(&v->manifests, column, NULL, 0) - v->met_rows[column] : 0;
}

static void
forget_record(PpdlVerifier *v)
{
	for (size_t i = 0; i < v->fields; i++)
	{
		OPENSSL_cleanse(v->field[i].s, v->field[i].s != NULL ? v->field[i].len : 0);
		free(v->field[i].s);
	}
	free(v->field);
	v->field = NULL;
	v->fields = 0;
	v->rows = 0;
}

void
ppdl_verifier_close(PpdlVerifier *v)
{
	if (v == NULL)
		return;
	forget_record(v);
	while (v->keys != NULL)
	{
		Keyed	   *k = v->keys;

		v->keys = k->next;
		ppdl_receipt_key_destroy(k->key);
		free(k);
	}
	for (int i = 0; v->met != NULL && i < v->manifests.count; i++)
		for (int c = 0; c < PPDL_MANIFEST_COLUMNS; c++)
			free(v->met[i].row[c]);
	free(v->met);
	ppdl_manifests_free(&v->manifests);
	free(v);
}

/* ------------------------------------------------------------------ keys and domains */

static PpdlReceiptDomain
domain_of(const PpdlVerifier *v)
{
	PpdlReceiptDomain d = {v->a->table, ppdl_manifest_column_name(v->column),
	(const char *const *) v->a->bind.item, v->a->bind.count};

	return v->manifests.count > 0 ? ppdl_manifest_domain(v->manifests.manifest[0], v->column) : d;
}

static PpdlStatus
unknown_key(const uint8_t *fingerprint, PpdlError *err)
{
	char		id[17];

	ppdl_fingerprint_hex(id, fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "a receipt of rows under key %s, which was not given", id);
}

static PpdlStatus
without_manifest(const uint8_t *fingerprint, const PpdlOwner *owner, PpdlError *err)
{
	char		id[17];

	ppdl_fingerprint_hex(id, fingerprint);
	ppdl_error(err, PPDL_ERR_KEY, "a receipt of rows under key %s%s, of which no manifest was given", id,
			   memcmp(ppdl_owner_fingerprint(owner), fingerprint, PPDL_FINGERPRINT_BYTES) == 0 ? "" : " of a writer");
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Each key has a manifest of its own: give all of them. Without any, the "
						   "table's name in receipts and its bound columns verify rows of all keys.");
}

/* NULL: none of that key */
static const PpdlManifest *
manifest_of(const PpdlVerifier *v, const PpdlReceiptSection *s)
{
	const int	which = ppdl_manifests_of(&v->manifests, s->fingerprint);

	return which < 0 ? NULL : v->manifests.manifest[which];
}

static PpdlStatus
find_key(PpdlVerifier *v, const PpdlReceiptSection *s, Keyed **out, PpdlError *err)
{
	const PpdlReceiptDomain d = domain_of(v);
	const PpdlVerifyKeys *r = &v->of;
	PpdlStatus	status;
	PpdlOwner  *owner;
	Keyed	   *k;

	for (k = v->keys; k != NULL; k = k->next)
		if (k->column == v->column &&
			memcmp(ppdl_receipt_key_fingerprint(k->key), s->fingerprint, PPDL_FINGERPRINT_BYTES) == 0)
		{
			*out = k;
			return PPDL_OK;
		}
	PPDL_TRY(ppdl_writer_parts_owner(r->writers, r->owner, r->owners, s->fingerprint, &owner, err));
	if (owner == NULL)
		return unknown_key(s->fingerprint, err);
	if (v->manifests.count > 0 && manifest_of(v, s) == NULL)
		return without_manifest(s->fingerprint, owner, err);
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return no_memory(err);
	k->owner = owner;
	k->column = v->column;
	status = ppdl_receipt_key_of(&k->key, owner, s->fingerprint, &d, err);
	if (status != PPDL_OK)
	{
		free(k);
		return status;
	}
	k->next = v->keys;
	*out = v->keys = k;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ receipts */

static int
is_receipt(const PpdlText *t)
{
	return t->s != NULL && strncmp(t->s, HEAD, sizeof HEAD - 1) == 0;
}

static PpdlStatus
read_receipt(PpdlReceipt **out, const PpdlVerifier *v, const PpdlText *t, PpdlError *err)
{
	const size_t len = (t->len - 2) / 2;
	uint8_t    *buf = malloc(len + 1);
	PpdlStatus	status;

	if (buf == NULL)
		return no_memory(err);
	if (t->len % 2 != 0 || !ppdl_hex_read(buf, t->s + 2, len))
		status = ppdl_error(err, PPDL_ERR_FORMAT, "a receipt that is no bytea in hexadecimal digits");
	else
		status = ppdl_receipt_read(out, NULL, &v->of.poll, buf, len, err);
	free(buf);
	return status;
}

/* whether a receipt says nothing of bound columns */
static int
says_nothing(const PpdlReceiptSection *s)
{
	for (uint32_t i = 0; i < s->nparts; i++)
		if (ppdl_receipt_bounds(&s->part[i]) != 1 || s->part[i].bound.text[0].len != 0)
			return 0;
	return 1;
}

/* a row that has bound columns, and a receipt that does not say what they hold */
static PpdlStatus
take_bounds(const PpdlVerifier *v, PpdlReceipt *r, const PpdlReceiptSection *s, PpdlError *err)
{
	const PpdlReceiptDomain d = domain_of(v);
	PpdlWriter	names;

	if (d.nbound == 0 || !says_nothing(s))
		return PPDL_OK;
	if (v->manifests.count > 0)
		return ppdl_manifest_bind(manifest_of(v, s), v->column, r, err);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "a receipt that does not say what the bound columns hold");
	ppdl_writer_init(&names);
	for (int i = 0; i < d.nbound; i++)
	{
		ppdl_write_text(&names, ", ");
		ppdl_write_text(&names, d.bound[i]);
	}
	ppdl_write_u8(&names, 0);
	if (!names.bad)
		ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						"Select lwe_receipt(%s%.*s), with columns that are no text cast to it, or "
						"give the manifest.", ppdl_manifest_column_name(v->column),
						PPDL_CUT((const char *) names.buf, 200));
	ppdl_writer_free(&names);
	return PPDL_ERR_ARGUMENT;
}

/* what a plain column beside the receipt says of a bound column of that name; NULL: there is none */
static const PpdlText *
claim_of(const char *const *names, const PpdlText *fields, size_t count, const char *bound)
{
	const PpdlText *found = NULL;

	for (size_t i = 0; names != NULL && i < count; i++)
		if (strcasecmp(names[i], bound) == 0 && (found == NULL || found->s == NULL))
			found = &fields[i];
	return found;
}

static PpdlStatus
check_groups(const PpdlVerifier *v, const PpdlReceiptDomain *d, const PpdlReceiptSection *s, const Record *rec,
			 PpdlError *err)
{
	for (int i = 0; i < d->nbound; i++)
	{
		const PpdlText *claim = claim_of(rec->names, rec->fields, rec->count, d->bound[i]);
		uint64_t	rows,
					other;

		if (claim == NULL || (claim->s == NULL && !v->null_is_group))
			continue;
		ppdl_receipt_count(s, i, &(PpdlBoundValue) {claim->s, claim->len}, &rows, &other);
		if (other == 0)
			continue;
		ppdl_error(err, PPDL_ERR_KEY, "%llu of %llu rows are of another group than %s = %.*s, as which they are "
				   "counted", (unsigned long long) other, (unsigned long long) (rows + other), d->bound[i],
				   PPDL_CUT(claim->s ? claim->s : "NULL", 100));
		if (claim->s == NULL && v->of_query)
			ppdl_error_hint(err, PPDL_ERR_KEY, "NULL may be a total of groups where the query says ROLLUP, CUBE, "
							"GROUPING or NULL; where it is something else, give the column another name (AS).");
		return PPDL_ERR_KEY;
	}
	return PPDL_OK;
}

/* rows that have passed have come */
static PpdlStatus
meet(PpdlVerifier *v, const PpdlReceiptSection *s, PpdlError *err)
{
	const int	which = ppdl_manifests_of(&v->manifests, s->fingerprint);
	uint8_t   **met = &v->met[which].row[v->column];

	if (*met == NULL)
		*met = ppdl_bits_create(ppdl_manifest_rows(v->manifests.manifest[which]));
	if (*met == NULL)
		return no_memory(err);
	v->met_rows[v->column] += ppdl_manifest_meet(v->manifests.manifest[which], v->column, s, *met);
	return PPDL_OK;
}

/* a section; *owner: whose key file reads it, the same as that of the sections before */
static PpdlStatus
check_section(PpdlVerifier *v, PpdlReceipt *r, const PpdlReceiptSection *s, PpdlOwner **owner, PpdlError *err)
{
	Keyed	   *k = NULL;

	PPDL_TRY(find_key(v, s, &k, err));
	if (*owner != NULL && *owner != k->owner)
		return ppdl_error(err, PPDL_ERR_KEY, "a receipt of rows of different owners, \"%s\" and \"%s\"",
						  ppdl_owner_name(*owner), ppdl_owner_name(k->owner));
	*owner = k->owner;
	PPDL_TRY(take_bounds(v, r, s, err));
	PPDL_TRY(ppdl_receipt_check(k->key, r, s, err));
	if (v->manifests.count > 0)
		PPDL_TRY(ppdl_manifest_check(manifest_of(v, s), v->column, s, err));
	return v->met ? meet(v, s, err) : PPDL_OK;
}

/* whether all rows have `value` as number `at` of their bound values */
static int
all_have(const PpdlReceipt *r, int at, const PpdlBoundValue *value)
{
	uint64_t	rows,
				other = 0;

	for (uint32_t i = 0; i < r->nsections && other == 0; i++)
		ppdl_receipt_count(&r->section[i], at, value, &rows, &other);
	return other == 0;
}

/* NULL beside rows of other groups can be no group, but a total, which nothing proves to be one */
static void
say_totals(const PpdlReceiptDomain *d, const PpdlReceipt *r, const Record *rec, PpdlVerified *said)
{
	for (int i = 0; i < d->nbound; i++)
	{
		const PpdlText *claim = claim_of(rec->names, rec->fields, rec->count, d->bound[i]);

		if (claim != NULL && claim->s == NULL && !all_have(r, i, &(PpdlBoundValue) {NULL, 0}))
			ppdl_verified_name(said, d->bound[i], "NULL taken for a total");
	}
}

static PpdlStatus
check_receipt(PpdlVerifier *v, PpdlReceipt *r, const Record *rec, PpdlOwner **owner, PpdlVerified *said, PpdlError *err)
{
	const PpdlReceiptDomain d = domain_of(v);

	for (uint32_t i = 0; i < r->nsections; i++)
		PPDL_TRY(check_section(v, r, &r->section[i], owner, err));
	for (uint32_t i = 0; i < r->nsections; i++)
		PPDL_TRY(check_groups(v, &d, &r->section[i], rec, err));
	say_totals(&d, r, rec, said);
	PPDL_TRY(ppdl_verified_count(said, &d, r, &v->manifests, v->column, err));
	if (v->a->whole && said->missing > 0)
		return ppdl_error(err, PPDL_ERR_KEY, "%llu row%s left out: %s", (unsigned long long) said->missing,
						  said->missing == 1 ? " is" : "s are", (const char *) said->text.buf);
	return PPDL_OK;
}

/*
 * --all-rows: of the group that the columns beside the receipt name.  What the receipt says of its rows does not count:
 * rows of one group would pass for all rows.  Without names of columns nothing else is known.
 */
static PpdlStatus
check_whole(const PpdlVerifier *v, const PpdlReceipt *r, const Record *rec, const PpdlVerified *said,
			PpdlError *err)
{
	const PpdlReceiptDomain d = domain_of(v);
	PpdlBoundClaim named[PPDL_MAX_BOUND_VALUES];
	int			n = 0;
	uint64_t	all;

	for (int i = 0; i < d.nbound; i++)
	{
		const PpdlText *claim = claim_of(rec->names, rec->fields, rec->count, d.bound[i]);

		if (claim == NULL)
			continue;
		named[n] = (PpdlBoundClaim) {i, {claim->s, claim->len}};
		/* NULL is a group, or a total of groups */
		n += all_have(r, i, &named[n].value);
	}
	all = ppdl_manifests_count(&v->manifests, v->column, named, n);
	if (all <= r->rows)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "%llu rows of other groups are left out: %s", (unsigned long long) (all - r->rows),
			   (const char *) said->text.buf);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Where one group was asked for, select the columns that say which beside "
						   "the receipt, as the manifest calls them.");
}

/* ------------------------------------------------------------------ values */

/* is there a ciphertext anywhere in a text? */
static int
has_cipher(const PpdlText *t)
{
	size_t		start = 0;

	for (size_t i = 0; t->s != NULL && i <= t->len; i++)
	{
		if (i < t->len && ppdl_value_character(t->s[i]))
			continue;
		if (ppdl_value_starts(t->s + start, i - start))
			return 1;
		start = i + 1;
	}
	return 0;
}

static PpdlStatus
not_covered(const PpdlVerifier *v, PpdlError *err)
{
	const char *column = ppdl_manifest_column_name(v->column);

	ppdl_error(err, PPDL_ERR_ARGUMENT, "a ciphertext without a receipt");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Select lwe_receipt(%s, ...) beside sum(%s) or avg(%s), over the same "
						   "rows; predictions, rows and other values have none.",
						   column, column, column);
}

/* does a column's name, or NULL, say that it holds sums or averages? */
static int
says_total(const char *name)
{
	return name != NULL && (strcmp(name, "sum") == 0 || strcmp(name, "avg") == 0);
}

/* is the value under the key of all the receipt's rows? */
static int
is_unswitched(const PpdlReceipt *r, const PpdlCipher *c)
{
	return r->nsections == 1 && memcmp(r->section[0].fingerprint, c->fingerprint, PPDL_FINGERPRINT_BYTES) == 0;
}

static PpdlStatus
copy_text(PpdlText *to, const PpdlText *from, PpdlError *err)
{
	if (from->s == NULL)
		return PPDL_OK;
	to->s = malloc(from->len + 1);
	if (to->s == NULL)
		return no_memory(err);
	memcpy(to->s, from->s, from->len);
	to->s[from->len] = 0;
	to->len = from->len;
	return PPDL_OK;
}

/* what the receipt says that the value is, as a value of its own; owner: NULL where the value was not switched */
static PpdlStatus
rebuild(PpdlText *to, PpdlReceipt *r, PpdlOwner *owner, double divisor, PpdlError *err)
{
	PpdlWriter	value,
				text;
	PpdlStatus	status;

	/* of several keys: what anybody can read */
	ppdl_writer_init_secret(&value);
	ppdl_writer_init_secret(&text);
	status = owner == NULL ? ppdl_receipt_sum(r, &r->section[0], divisor, &value, err) :
		ppdl_receipt_total(r, owner, divisor, &value, err);
	if (status == PPDL_OK)
	{
		ppdl_base64_write(&text, value.buf, value.len);
		to->len = text.len;
		ppdl_write_u8(&text, 0);
		to->s = text.bad ? NULL : strdup((const char *) text.buf);
		if (to->s == NULL)
			status = no_memory(err);
	}
	ppdl_writer_free(&value);
	ppdl_writer_free(&text);
	return status;
}

/*
 * Second moments: products of rows, which no tag covers.  They pass as what nobody has verified; the first moments are
 * those of a sum beside them.
 */
static PpdlStatus
pass_gram(const PpdlVerifier *v, const PpdlCipher *c, PpdlOwner *owner, const char *name, const PpdlText *from,
		  PpdlText *to, PpdlVerified *said, PpdlError *err)
{
	if (!ppdl_owner_holds(owner, c->fingerprint))
		return not_covered(v, err);
	if (says_total(name))
		return ppdl_error(err, PPDL_ERR_KEY, "column \"%s\" holds second moments", name);
	ppdl_verified_name(said, name, "second moments, NOT verified");
	return copy_text(to, from, err);
}

/* a sum or average; a column that is called so has to be one */
static PpdlStatus
check_sum(PpdlReceipt *r, const PpdlCipher *c, PpdlOwner *owner, const char *name, PpdlText *to, PpdlVerified *said,
		  PpdlError *err)
{
	double		divisor;

	if (is_unswitched(r, c))
		owner = NULL;
	PPDL_TRY(owner == NULL ? ppdl_receipt_match(r, &r->section[0], c, &divisor, err) :
			 ppdl_receipt_claim(r, c, &divisor, err));
	if (r->rows > 1 && name != NULL && strcmp(name, divisor == 1 ? "avg" : "sum") == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "column \"%s\" holds the %s of the receipt's rows", name,
						  divisor == 1 ? "sum" : "average");
	if (!says_total(name))
		ppdl_verified_name(said, name, divisor == 1 ? "sum" : "average");
	return rebuild(to, r, owner, divisor, err);
}

static PpdlStatus
check_value(PpdlVerifier *v, PpdlReceipt *r, PpdlOwner *owner, const char *name, const PpdlText *from, PpdlText *to,
			PpdlVerified *said, PpdlError *err)
{
	PpdlCipher	c;
	uint8_t    *buf;
	size_t		len;
	PpdlStatus	status;

	if (ppdl_value_whole(from->s, from->len) == 0 || ppdl_value_starts_rsa(from->s, from->len))
		return not_covered(v, err);
	PPDL_TRY(ppdl_base64_read(from->s, from->len, &buf, &len, err));
	status = ppdl_cipher_parse(&c, buf, len, err);
	if (status == PPDL_OK)
		status = c.kind == PPDL_KIND_PACKED && c.layout == PPDL_LAYOUT_GRAM ?
			pass_gram(v, &c, owner, name, from, to, said, err) : check_sum(r, &c, owner, name, to, said, err);
	free(buf);
	return status;
}

/* ------------------------------------------------------------------ records */

/* beside a receipt, a plain number in a column that PostgreSQL calls so would pass for what was verified */
static PpdlStatus
put_plain(PpdlText *to, const char *name, const PpdlText *from, PpdlError *err)
{
	if (from->s == NULL || !says_total(name))
		return copy_text(to, from, err);
	ppdl_error(err, PPDL_ERR_KEY, "column \"%s\" beside a receipt is not encrypted", name);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Sums of plain columns are shown under another name: sum(...) AS ...");
}

static PpdlStatus
put_fields(PpdlVerifier *v, PpdlReceipt *r, PpdlOwner *owner, const Record *rec, PpdlVerified *said, PpdlError *err)
{
	const PpdlText *fields = rec->fields;
	int			values = 0,
				others = 0;

	for (size_t i = 0; i < v->fields; i++)
	{
		const char *name = rec->names != NULL ? rec->names[i] : NULL;
		const int	cipher = !is_receipt(&fields[i]) && has_cipher(&fields[i]);

		values += cipher;
		others += !is_receipt(&fields[i]) && fields[i].s != NULL;
		if (!is_receipt(&fields[i]))
			PPDL_TRY(cipher ? check_value(v, r, owner, name, &fields[i], &v->field[i], said, err) :
					 put_plain(&v->field[i], name, &fields[i], err));
	}
	if (values == 0 && others > 0)
		ppdl_verified_name(said, NULL, "no value");
	for (size_t i = 0; i < v->fields; i++)
		if (is_receipt(&fields[i]))
			PPDL_TRY(ppdl_verified_text(said, &v->field[i], err));
	return PPDL_OK;
}

/* only this program says what it has verified, and says it in place of receipts */
static PpdlStatus
check_words(const char *name, const PpdlText *field, PpdlError *err)
{
	if (field->s == NULL || is_receipt(field))
		return PPDL_OK;
	if (strstr(field->s, PPDL_VERIFIED) != NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "a text that came with the result says \"" PPDL_VERIFIED "...\" itself");
	if (name != NULL && strcmp(name, "lwe_receipt") == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "column \"lwe_receipt\" holds no receipt");
	return PPDL_OK;
}

/* the receipt of a record; *found: 0 where there is none, and nothing that would need one */
static PpdlStatus
find_receipt(const PpdlVerifier *v, const char *const *names, const PpdlText *fields, size_t count, size_t *at,
			 int *found, PpdlError *err)
{
	int			ciphers = 0;

	*found = 0;
	for (size_t i = 0; i < count; i++)
	{
		PPDL_TRY(check_words(names != NULL ? names[i] : NULL, &fields[i], err));
		if (is_receipt(&fields[i]) && (*found)++)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "two receipts in one row of the result");
		if (is_receipt(&fields[i]))
			*at = i;
		else
			ciphers |= has_cipher(&fields[i]);
	}
	return *found == 0 && ciphers ? not_covered(v, err) : PPDL_OK;
}

PpdlStatus
ppdl_verify_record(PpdlVerifier *v, const char *const *names, const PpdlText *fields, size_t count,
				   const PpdlText **out, PpdlError *err)
{
	const Record rec = {names, fields, count};
	PpdlReceipt *r = NULL;
	PpdlOwner  *owner = NULL;
	PpdlVerified said = {0};
	size_t		at = 0;
	int			found;
	PpdlStatus	status;

	forget_record(v);
	*out = fields;
	PPDL_TRY(find_receipt(v, names, fields, count, &at, &found, err));
	if (!found)
		return PPDL_OK;
	v->field = calloc(count + 1, sizeof *v->field);
	if (v->field == NULL)
		return no_memory(err);
	v->fields = count;
	PPDL_GOTO(done, read_receipt(&r, v, &fields[at], err));
	PPDL_GOTO(done, check_receipt(v, r, &rec, &owner, &said, err));
	v->rows = r->rows;
	PPDL_GOTO(done, put_fields(v, r, owner, &rec, &said, err));
	status = v->a->whole && names != NULL ? check_whole(v, r, &rec, &said, err) : PPDL_OK;
	*out = v->field;
done:
	ppdl_receipt_destroy(r);
	ppdl_verified_free(&said);
	return status;
}
