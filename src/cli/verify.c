#include "cli/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/database.h"
#include "cli/manifest_file.h"
#include "cli/verify_text.h"
#include "rows/cipher_read.h"

#define HEAD "\\x504c5243"		/* of a receipt, as PostgreSQL writes bytea */

/* keys of one of the owners whose key files were given */
typedef struct Owner
{
	PpdlOwner  *owner;
	PpdlReceiptKey *key;		/* NULL until it is needed */
	PpdlManifest *manifest;		/* NULL: none */
} Owner;

struct PpdlVerifier
{
	const PpdlVerifyArgs *a;
	int			column;			/* of manifests */
	Owner	   *owner;
	int			owners;
	PpdlText   *field;			/* of the record at hand: copies */
	size_t		fields;
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ opening */

/* the manifest is that of one of the owners */
static PpdlStatus
load_manifest(PpdlVerifier *v, PpdlError *err)
{
	PpdlStatus	status = ppdl_error(err, PPDL_ERR_KEY, "--verify needs the key that the rows were encrypted with");

	for (int i = 0; i < v->owners; i++)
	{
		status = ppdl_manifest_load(&v->owner[i].manifest, v->a->manifest, v->owner[i].owner, err);
		if (status != PPDL_ERR_KEY)
			return status;
	}
	return status;
}

PpdlStatus
ppdl_verifier_open(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlReveal *reveal, PpdlError *err)
{
	PpdlVerifier *v;

	*out = NULL;
	if (a->column == NULL)
		return PPDL_OK;
	v = calloc(1, sizeof *v);
	*out = v;
	if (v == NULL)
		return no_memory(err);
	v->a = a;
	while (strcmp(a->column, ppdl_manifest_column_name(v->column)) != 0)
		v->column++;
	v->owner = calloc((size_t) reveal->owners + 1, sizeof *v->owner);
	if (v->owner == NULL)
		return no_memory(err);
	for (; v->owners < reveal->owners; v->owners++)
		v->owner[v->owners].owner = reveal->owner[v->owners];
	return a->manifest != NULL ? load_manifest(v, err) : PPDL_OK;
}

static void
forget_record(PpdlVerifier *v)
{
	for (size_t i = 0; i < v->fields; i++)
		free(v->field[i].s);
	free(v->field);
	v->field = NULL;
	v->fields = 0;
}

void
ppdl_verifier_close(PpdlVerifier *v)
{
	if (v == NULL)
		return;
	forget_record(v);
	for (int i = 0; i < v->owners; i++)
	{
		ppdl_receipt_key_destroy(v->owner[i].key);
		ppdl_manifest_destroy(v->owner[i].manifest);
	}
	free(v->owner);
	free(v);
}

/* ------------------------------------------------------------------ keys and domains */

static PpdlReceiptDomain
domain_of(const PpdlVerifier *v, const Owner *o)
{
	PpdlReceiptDomain d = {v->a->table, v->a->column, (const char *const *) v->a->bind.item, v->a->bind.count};

	return o->manifest != NULL ? ppdl_manifest_domain(o->manifest, v->column) : d;
}

static PpdlStatus
find_owner(PpdlVerifier *v, const PpdlReceiptSection *s, Owner **out, PpdlError *err)
{
	char		id[17];
	PpdlReceiptDomain d;

	for (int i = 0; i < v->owners; i++)
	{
		Owner	   *o = &v->owner[i];

		if (memcmp(ppdl_owner_fingerprint(o->owner), s->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
			continue;
		if (v->a->manifest != NULL && o->manifest == NULL)
			break;
		*out = o;
		d = domain_of(v, o);
		return o->key != NULL ? PPDL_OK : ppdl_receipt_key_create(&o->key, o->owner, &d, err);
	}
	ppdl_fingerprint_hex(id, s->fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "a receipt of rows under key %s, which %s", id, v->a->manifest != NULL ?
					  "is not the manifest's" : "was not given");
}

/* ------------------------------------------------------------------ receipts */

static int
interrupted(void *arg)
{
	(void) arg;
	return ppdl_db_interrupted();
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
is_receipt(const PpdlText *t)
{
	return t->s != NULL && strncmp(t->s, HEAD, sizeof HEAD - 1) == 0;
}

static PpdlStatus
read_receipt(PpdlReceipt **out, const PpdlText *t, PpdlError *err)
{
	static const PpdlPoll poll = {interrupted, NULL};
	const size_t len = (t->len - 2) / 2;
	uint8_t    *buf = malloc(len + 1);
	int			bad = t->len % 2;
	PpdlStatus	status;

	if (buf == NULL)
		return no_memory(err);
	for (size_t i = 0; i < len && !bad; i++)
	{
		const int	high = hex_digit(t->s[2 + 2 * i]),
					low = hex_digit(t->s[3 + 2 * i]);

		bad = high < 0 || low < 0;
		buf[i] = (uint8_t) (high << 4 | low);
	}
	status = bad ? ppdl_error(err, PPDL_ERR_FORMAT, "a receipt that is no bytea in hexadecimal digits") :
		ppdl_receipt_read(out, NULL, &poll, buf, len, err);
	free(buf);
	return status;
}

/* whether a receipt says nothing of bound columns */
static int
says_nothing(const PpdlReceiptSection *s)
{
	for (uint32_t i = 0; i < s->nparts; i++)
		if (ppdl_receipt_bounds(&s->part[i]) != 1 || s->part[i].bound[0].len != 0)
			return 0;
	return 1;
}

/* a row that has bound columns, and a receipt that does not say what they hold */
static PpdlStatus
take_bounds(const PpdlVerifier *v, const Owner *o, PpdlReceipt *r, PpdlError *err)
{
	const PpdlReceiptDomain d = domain_of(v, o);
	PpdlWriter	names;

	if (d.nbound == 0 || !says_nothing(&r->section[0]))
		return PPDL_OK;
	if (o->manifest != NULL)
		return ppdl_manifest_bind(o->manifest, v->column, r, err);
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
						"Select lwe_receipt(%s%.200s), with columns that are no text cast to it, or "
						"give --manifest.", v->a->column, (const char *) names.buf);
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
check_groups(const PpdlReceiptDomain *d, const PpdlReceiptSection *s, const char *const *names, const PpdlText *fields,
			 size_t count, PpdlError *err)
{
	for (int i = 0; i < d->nbound; i++)
	{
		const PpdlText *claim = claim_of(names, fields, count, d->bound[i]);
		uint64_t	rows,
					other;

		if (claim == NULL || claim->s == NULL)
			continue;
		ppdl_receipt_count(s, i, &(PpdlBoundValue) {claim->s, claim->len}, &rows, &other);
		if (other > 0)
			return ppdl_error(err, PPDL_ERR_KEY,
							  "%llu of %llu rows are of another group than %s = %.100s, as which they are "
							  "counted", (unsigned long long) other, (unsigned long long) (rows + other), d->bound[i],
							  claim->s);
	}
	return PPDL_OK;
}

static PpdlStatus
check_receipt(PpdlVerifier *v, PpdlReceipt *r, const char *const *names, const PpdlText *fields, size_t count,
			  PpdlVerified *said, PpdlError *err)
{
	PpdlReceiptDomain d;
	Owner	   *o = NULL;

	if (r->nsections != 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a receipt of rows of %u keys or forms; take each by itself, by "
						  "lwe_key_id, lwe_ring or lwe_width", r->nsections);
	PPDL_TRY(find_owner(v, &r->section[0], &o, err));
	PPDL_TRY(take_bounds(v, o, r, err));
	PPDL_TRY(ppdl_receipt_check(o->key, r, &r->section[0], err));
	if (o->manifest != NULL)
		PPDL_TRY(ppdl_manifest_check(o->manifest, v->column, &r->section[0], err));
	d = domain_of(v, o);
	PPDL_TRY(check_groups(&d, &r->section[0], names, fields, count, err));
	PPDL_TRY(ppdl_verified_count(said, &d, &r->section[0], o->manifest, v->column, err));
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
check_whole(PpdlVerifier *v, const PpdlReceiptSection *s, const char *const *names, const PpdlText *fields,
			size_t count, const PpdlVerified *said, PpdlError *err)
{
	PpdlReceiptDomain d;
	Owner	   *o = NULL;
	PpdlBoundClaim named[PPDL_MAX_BOUND_VALUES];
	int			n = 0;
	uint64_t	rows,
				other,
				all;

	PPDL_TRY(find_owner(v, s, &o, err));
	d = domain_of(v, o);
	for (int i = 0; i < d.nbound; i++)
	{
		const PpdlText *claim = claim_of(names, fields, count, d.bound[i]);

		if (claim == NULL)
			continue;
		named[n] = (PpdlBoundClaim) {i, {claim->s, claim->len}};
		ppdl_receipt_count(s, i, &named[n].value, &rows, &other);
		/* NULL is a group, or a total of groups */
		n += other == 0;
	}
	rows = ppdl_receipt_section_rows(s);
	all = ppdl_manifest_count(o->manifest, v->column, named, n);
	if (all <= rows)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "%llu rows of other groups are left out: %s", (unsigned long long) (all - rows),
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
		const char	c = i < t->len ? t->s[i] : ' ';

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
			c == '=')
			continue;
		if (ppdl_reveal_starts(t->s + start, i - start))
			return 1;
		start = i + 1;
	}
	return 0;
}

static PpdlStatus
not_covered(const PpdlVerifier *v, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--verify: a ciphertext without a receipt");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Select lwe_receipt(%s, ...) beside sum(%s) or avg(%s), over the same "
						   "rows; predictions, rows and other values have none.",
						   v->a->column, v->a->column, v->a->column);
}

/* what the receipt says that the value is, as a value of its own */
static PpdlStatus
rebuild(PpdlText *to, PpdlReceipt *r, double divisor, PpdlError *err)
{
	PpdlWriter	value,
				text;
	PpdlStatus	status;

	ppdl_writer_init(&value);
	ppdl_writer_init(&text);
	status = ppdl_receipt_sum(r, &r->section[0], divisor, &value, err);
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

/* a sum or average; a column that is called so has to be one */
static PpdlStatus
check_value(PpdlVerifier *v, PpdlReceipt *r, const char *name, const PpdlText *from, PpdlText *to, PpdlVerified *said,
			PpdlError *err)
{
	PpdlCipher	c;
	uint8_t    *buf;
	size_t		len;
	double		divisor;
	PpdlStatus	status;

	if (ppdl_reveal_whole(from->s, from->len) == 0 || ppdl_reveal_starts_rsa(from->s, from->len))
		return not_covered(v, err);
	PPDL_TRY(ppdl_base64_read(from->s, from->len, &buf, &len, err));
	status = ppdl_cipher_parse(&c, buf, len, err);
	if (status == PPDL_OK)
		status = ppdl_receipt_match(r, &r->section[0], &c, &divisor, err);
	free(buf);
	PPDL_TRY(status);
	if (r->rows > 1 && name != NULL && strcmp(name, divisor == 1 ? "avg" : "sum") == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "column \"%s\" holds the %s of the receipt's rows", name,
						  divisor == 1 ? "sum" : "average");
	if (name == NULL || (strcmp(name, "sum") != 0 && strcmp(name, "avg") != 0))
		ppdl_verified_name(said, name, divisor == 1 ? "sum" : "average");
	return rebuild(to, r, divisor, err);
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

/* ------------------------------------------------------------------ records */

/* beside a receipt, a plain number in a column that PostgreSQL calls so would pass for what was verified */
static PpdlStatus
put_plain(PpdlText *to, const char *name, const PpdlText *from, PpdlError *err)
{
	if (from->s == NULL || name == NULL || (strcmp(name, "sum") != 0 && strcmp(name, "avg") != 0))
		return copy_text(to, from, err);
	ppdl_error(err, PPDL_ERR_KEY, "--verify: column \"%s\" beside a receipt is not encrypted", name);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Sums of plain columns are shown under another name: sum(...) AS ...");
}

static PpdlStatus
put_fields(PpdlVerifier *v, PpdlReceipt *r, const char *const *names, const PpdlText *fields, PpdlVerified *said,
		   PpdlError *err)
{
	int			values = 0,
				others = 0;

	for (size_t i = 0; i < v->fields; i++)
	{
		const char *name = names != NULL ? names[i] : NULL;
		const int	cipher = !is_receipt(&fields[i]) && has_cipher(&fields[i]);

		values += cipher;
		others += !is_receipt(&fields[i]) && fields[i].s != NULL;
		if (!is_receipt(&fields[i]))
			PPDL_TRY(cipher ? check_value(v, r, name, &fields[i], &v->field[i], said, err) :
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
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "--verify: two receipts in one row of the result");
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
	PpdlReceipt *r = NULL;
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
	PPDL_GOTO(done, read_receipt(&r, &fields[at], err));
	PPDL_GOTO(done, check_receipt(v, r, names, fields, count, &said, err));
	PPDL_GOTO(done, put_fields(v, r, names, fields, &said, err));
	status = v->a->whole && names != NULL ? check_whole(v, &r->section[0], names, fields, count, &said, err) : PPDL_OK;
	*out = v->field;
done:
	ppdl_receipt_destroy(r);
	ppdl_verified_free(&said);
	return status;
}
