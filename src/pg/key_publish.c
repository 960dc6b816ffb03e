/*
 * Writing keys: ppdl_publish_part, ppdl_bind_key, ppdl_drop_key.  Who may is seen to
 * by the tables' trigger (key_guard.c), whatever statement writes there; here are
 * the better messages.
 */
#include "pg/keys.h"

#include <openssl/sha.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "ckks/wire.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "owner/owner.h"
#include "owner/writer.h"
#include "rows/cipher.h"
#include "rsa/key.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(ppdl_publish_part);
PG_FUNCTION_INFO_V1(ppdl_drop_key);
PG_FUNCTION_INFO_V1(ppdl_cache_clear);
PG_FUNCTION_INFO_V1(ppdl_bind_key);

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

typedef struct Chunk
{
	uint8_t		fp[8];
	char		hex[17];
	const char *name,
			   *scheme,
			   *params,
			   *part;
	int			number;
	int64		total;
	uint8_t		sha256[32];
	const uint8_t *data;
	size_t		len;
	const uint8_t *verify_key,	/* both NULL: not signed */
			   *signature;
} Chunk;

static void
refuse(const char *format, const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg_internal(format, what)));
}

static void
check_chunk(const Chunk *c)
{
	int64		start = (int64) c->number * PPDL_KEY_CHUNK;
	uint8_t		ring;
	uint32_t	id;
	uint8_t		fp[8];
	bool		lwe = strcmp(c->scheme, "lwe") == 0;

	if (strlen(c->name) < 1 || strlen(c->name) > 63 || strspn(c->name, NAME_CHARACTERS) != strlen(c->name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name \"%s\" of a key", c->name),
				 errdetail("A name has 1 to 63 letters, digits, underscores, hyphens and periods.")));
	if (ppdl_fingerprint_parse(fp, c->name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name \"%s\" of a key", c->name),
				 errdetail("It would be taken for a fingerprint."),
				 errhint("Publish under a name that is not 16 hexadecimal digits.")));
	if (!lwe && strcmp(c->scheme, "rsa") != 0)
		refuse("unknown scheme \"%s\" of a key", c->scheme);
	if (strcmp(c->part, PPDL_PART_PUBLIC) != 0 && !(lwe && ppdl_key_part_parse(c->part, &ring, &id)))
		refuse("a key has no part \"%s\"", c->part);
	if (lwe && strcmp(c->part, PPDL_PART_PUBLIC) == 0 && memcmp(c->sha256, c->fp, sizeof(c->fp)) != 0)
		refuse("the public part does not belong to key %s", c->hex);
	if (c->total < 1 || c->total > (int64) MaxAllocSize - VARHDRSZ)
		refuse("length of part \"%s\" is out of range", c->part);
	if (c->number < 0 || start >= c->total)
		refuse("number of the chunk of part \"%s\" is out of range", c->part);
	if ((int64) c->len != Min(c->total - start, PPDL_KEY_CHUNK))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("chunk %d of part \"%s\" has %zu bytes, not " INT64_FORMAT, c->number, c->part, c->len,
						Min(c->total - start, PPDL_KEY_CHUNK))));
}

/* a writer's sealed seed is its own */
static void
check_seed(const Chunk *c, const PpdlReader *r)
{
	PpdlWriterHead head;
	PpdlError	err;

	PPDL_PG(ppdl_writer_head(&head, r->p, ppdl_reader_left(r), &err));
	if (memcmp(head.writer, c->fp, sizeof(c->fp)) != 0)
		refuse("what is in part \"%s\" is another key", c->part);
}

/* A complete part must be what its name says. */
static void
check_part(const Chunk *c)
{
	bytea	   *part = ppdl_key_part(c->fp, c->part);
	PpdlReader	r = ppdl_reader(VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part));
	PpdlError	err;

	if (strcmp(c->scheme, "rsa") == 0)
	{
		PpdlRsaPublic *pub;
		bool		same;

		PPDL_PG(ppdl_rsa_public_from_pem(&pub, VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part), &err));
		same = memcmp(pub->fingerprint, c->fp, sizeof(c->fp)) == 0;
		ppdl_rsa_public_free(pub);
		if (!same)
			refuse("the public part does not belong to key %s", c->hex);
	}
	else if (strcmp(c->part, PPDL_PART_PUBLIC) == 0)
	{
		PpdlPublicKey *pk;
		uint8_t		hash[32];

		PPDL_PG(ppdl_wire_get_public_key(&r, &pk, &err));
		ppdl_public_key_destroy(pk);
		SHA256((const unsigned char *) VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part), hash);
		if (memcmp(hash, c->fp, sizeof(c->fp)) != 0)
			refuse("the public part does not belong to key %s", c->hex);
	}
	else
	{
		PpdlSwitchKeyInfo info = {0};
		uint8_t		ring;
		uint32_t	id;

		ppdl_key_part_parse(c->part, &ring, &id);
		info.ring = ring;
		info.id = id;
		if (id == PPDL_KEY_WRITER)
			check_seed(c, &r);
		else if (id == PPDL_KEY_PUBLIC || id == PPDL_KEY_ENCAPSULATION)
		{
			PpdlPublicKey *pk;

			PPDL_PG(ppdl_wire_get_public_key(&r, &pk, &err));
			info.ring = pk->par->id;
			ppdl_public_key_destroy(pk);
		}
		else if (id == PPDL_KEY_PUBLIC_SPECIAL)
			refuse("part \"%s\" is for those who make writers' keys, and not kept by servers", c->part);
		else
			PPDL_PG(ppdl_wire_peek_switch_key(r, &info, &err));
		if (info.ring != ring || info.id != id)
			refuse("what is in part \"%s\" is another key", c->part);
	}
	pfree(part);
}

static Datum
bytes_datum(const uint8_t *data, size_t len)
{
	bytea	   *b = palloc(len + VARHDRSZ);

	SET_VARSIZE(b, len + VARHDRSZ);
	memcpy(VARDATA(b), data, len);
	return PointerGetDatum(b);
}

static void
execute(const char *sql, int n, Oid *types, Datum *values, int expect)
{
	int			rc = SPI_execute_with_args(sql, n, types, values, NULL, false, 0);

	if (rc != expect)
		elog(ERROR, "%s", SPI_result_code_string(rc));
}

/* The rights that publishing takes, asked for in one message. */
static void
check_rights(const char *schema)
{
	const AclMode parts = ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (pg_class_aclcheck(ppdl_relation("ppdl_keys"), GetUserId(), ACL_INSERT) == ACLCHECK_OK &&
		pg_class_aclmask(ppdl_relation("ppdl_key_parts"), GetUserId(), parts, ACLMASK_ALL) == parts)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role \"%s\" may not publish keys in this database", GetUserNameFromId(GetUserId(), false)),
			 errhint("An administrator allows it with: GRANT INSERT, UPDATE, DELETE ON %s.ppdl_keys, "
					 "%s.ppdl_key_parts TO %s;",
					 schema, schema, quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* Other keys of the same name, and the same key under other names. */
static void
check_same_key(const char *hex, const char *name, const char *scheme, const Chunk *c)
{
	if (strcmp(hex, c->hex) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("the name \"%s\" is taken by key %s", name, hex),
				 errhint("Drop that key with ppdl_drop_key(), or publish under another name.")));
	if (strcmp(name, c->name) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("key %s is published here under the name \"%s\"", hex, name)));
	if (strcmp(scheme, c->scheme) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("key \"%s\" is of scheme %s, not %s", name, scheme, c->scheme)));
}

static void
insert_key(const char *schema, const Chunk *c)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, BYTEAOID};
	Datum		values[] = {CStringGetTextDatum(c->hex), CStringGetTextDatum(c->name),
	CStringGetTextDatum(c->scheme), CStringGetTextDatum(c->params), (Datum) 0};

	if (c->verify_key == NULL)
	{
		execute(psprintf("INSERT INTO %s.ppdl_keys (key_id, name, scheme, params) VALUES ($1, $2, $3, $4) "
						 "ON CONFLICT DO NOTHING",
						 schema), 4, types, values, SPI_OK_INSERT);
		return;
	}
	values[4] = bytes_datum(c->verify_key, PPDL_VERIFY_KEY_BYTES);
	execute(psprintf("INSERT INTO %s.ppdl_keys (key_id, name, scheme, params, verify_key) VALUES ($1, $2, $3, $4, $5)"
					 " ON CONFLICT DO NOTHING", schema), 5, types, values, SPI_OK_INSERT);
}

/* Makes the key's row; the name and the fingerprint must belong together. */
static void
store_key(const char *schema, const Chunk *c)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(c->hex), CStringGetTextDatum(c->name)};

	insert_key(schema, c);
	if (SPI_processed > 0)
		return;
	execute(psprintf("SELECT key_id, name, scheme FROM %s.ppdl_keys WHERE key_id OPERATOR(pg_catalog.=) $1 "
					 "OR name OPERATOR(pg_catalog.=) $2 ORDER BY key_id OPERATOR(pg_catalog.=) $1",
					 schema), 2, types, values, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];

		check_same_key(SPI_getvalue(row, SPI_tuptable->tupdesc, 1), SPI_getvalue(row, SPI_tuptable->tupdesc, 2),
					   SPI_getvalue(row, SPI_tuptable->tupdesc, 3), c);
	}
}

/* Whose key it is, and that no part takes the place of one that says more of itself. */
static void
check_binding(const Chunk *c)
{
	PpdlKeyPartInfo stored;
	PpdlKeyRow	row;
	PpdlError	err;

	if (c->signature != NULL)
		PPDL_PG(ppdl_part_verify(c->verify_key, c->fp, c->part, (uint64_t) c->total, c->sha256, c->signature, &err));
	if (!ppdl_key_row(c->fp, &row))
		return;
	if (NameStr(row.owner)[0] != '\0')
		ppdl_key_check_owner(row.name, NameStr(row.owner));
	if (row.is_bound && c->verify_key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parts of key \"%s\" must be signed", row.name),
				 errdetail("The key was first published with signatures; since then no other part is taken."),
				 errhint("Make a signed file from the secret key, with the ppdl tool of version 0.2.0 or later: "
						 "ppdl keygen --key FILE.key --out PREFIX")));
	if (row.is_bound && memcmp(row.verify_key, c->verify_key, sizeof(row.verify_key)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key \"%s\" is bound here to another verification key", row.name),
				 errdetail("Whoever published it first, role \"%s\", does not hold the secret key "
						   "that signed this file.", NameStr(row.owner)),
				 errhint("If the key is yours, have it dropped with ppdl_drop_key(), and publish it again.")));
	if (c->signature == NULL && ppdl_key_part_info(c->fp, c->part, &stored) && stored.is_signed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("part \"%s\" of key \"%s\" is signed, and is not replaced by one that is not", c->part,
						row.name)));
}

static void
store_chunk(const char *schema, const Chunk *c)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT4OID, INT8OID, BYTEAOID, BYTEAOID, BYTEAOID};
	Datum		values[] = {CStringGetTextDatum(c->hex), CStringGetTextDatum(c->part), Int32GetDatum(c->number),
	Int64GetDatum(c->total), bytes_datum(c->sha256, 32), bytes_datum(c->data, c->len), (Datum) 0};

	execute(psprintf("DELETE FROM %s.ppdl_key_parts WHERE key_id OPERATOR(pg_catalog.=) $1 "
					 "AND part OPERATOR(pg_catalog.=) $2 AND (total OPERATOR(pg_catalog.<>) $4 "
					 "OR sha256 OPERATOR(pg_catalog.<>) $5%s)", schema,
					 c->signature != NULL ? " OR signature IS NULL" : ""), 5, types, values, SPI_OK_DELETE);
	if (c->signature != NULL)
		values[6] = bytes_datum(c->signature, PPDL_SIGNATURE_BYTES);
	execute(psprintf("INSERT INTO %s.ppdl_key_parts (key_id, part, chunk, total, sha256, data%s)"
					 " VALUES ($1, $2, $3, $4, $5, $6%s) ON CONFLICT (key_id, part, chunk) DO UPDATE "
					 "SET data = excluded.data",
					 schema, c->signature != NULL ? ", signature" : "", c->signature != NULL ? ", $7" : ""),
			c->signature != NULL ? 7 : 6, types, values, SPI_OK_INSERT);
	pfree(DatumGetPointer(values[5]));
}

static bool
publish(const Chunk *c)
{
	const char *schema = ppdl_schema_name();
	PpdlKeyPartInfo info;

	check_chunk(c);
	check_rights(schema);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	store_key(schema, c);
	PushActiveSnapshot(GetTransactionSnapshot());
	check_binding(c);
	PopActiveSnapshot();
	store_chunk(schema, c);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (ppdl_key_part_info(c->fp, c->part, &info) && info.complete)
		check_part(c);
	PopActiveSnapshot();
	SPI_finish();
	return info.complete;
}

/* n bytes of an argument */
static const uint8_t *
fixed_bytes(Datum arg, const char *what, size_t n)
{
	bytea	   *b = DatumGetByteaPP(arg);

	if (VARSIZE_ANY_EXHDR(b) != n)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s does not have %zu bytes", what, n)));
	return (const uint8_t *) VARDATA_ANY(b);
}

Datum
ppdl_publish_part(PG_FUNCTION_ARGS)
{
	Chunk		c = {0};
	bytea	   *data = PG_GETARG_BYTEA_PP(8);
	char	   *hex = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (!ppdl_fingerprint_parse(c.fp, hex))
		refuse("\"%s\" is not a fingerprint of 16 hexadecimal digits", hex);
	ppdl_fingerprint_hex(c.hex, c.fp);
	c.name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	c.scheme = text_to_cstring(PG_GETARG_TEXT_PP(2));
	c.params = text_to_cstring(PG_GETARG_TEXT_PP(3));
	c.part = text_to_cstring(PG_GETARG_TEXT_PP(4));
	c.number = PG_GETARG_INT32(5);
	c.total = PG_GETARG_INT64(6);
	memcpy(c.sha256, fixed_bytes(PG_GETARG_DATUM(7), "sha256", 32), 32);
	c.data = (const uint8_t *) VARDATA_ANY(data);
	c.len = VARSIZE_ANY_EXHDR(data);
	if (PG_NARGS() > 9)
	{
		c.verify_key = fixed_bytes(PG_GETARG_DATUM(9), "verify_key", PPDL_VERIFY_KEY_BYTES);
		c.signature = fixed_bytes(PG_GETARG_DATUM(10), "signature", PPDL_SIGNATURE_BYTES);
	}
	PG_RETURN_BOOL(publish(&c));
}

void
ppdl_key_store(const uint8_t fp[8], const char *name, const char *scheme, const char *params,
			   const char *part, const uint8_t *data, size_t len, const PpdlOwner *owner)
{
	Chunk		c = {.name = name,.scheme = scheme,.params = params,.part = part,.total = (int64) len};
	uint8_t		signature[PPDL_SIGNATURE_BYTES];
	PpdlError	err;

	memcpy(c.fp, fp, sizeof(c.fp));
	ppdl_fingerprint_hex(c.hex, fp);
	SHA256(data, len, c.sha256);
	/* a catalogue of 0.1.0 has no place for signatures */
	if (owner != NULL && get_attnum(ppdl_relation("ppdl_keys"), "verify_key") != InvalidAttrNumber)
	{
		PPDL_PG(ppdl_owner_sign_part(owner, part, len, c.sha256, signature, &err));
		c.verify_key = ppdl_owner_verify_key(owner);
		c.signature = signature;
	}
	for (size_t at = 0; at < len; at += PPDL_KEY_CHUNK)
	{
		c.data = data + at;
		c.len = Min(len - at, PPDL_KEY_CHUNK);
		publish(&c);
		c.number++;
	}
}

/* Binds a key of 0.1.0, or one published in two halves by tools of two versions. */
Datum
ppdl_bind_key(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint8_t		fp[8];
	char		hex[17];
	PpdlKeyRow	row;
	Oid			types[] = {TEXTOID, BYTEAOID};
	Datum		values[2];

	ppdl_key_lookup(name, "lwe", fp);
	ppdl_fingerprint_hex(hex, fp);
	ppdl_key_row(fp, &row);
	ppdl_key_check_owner(row.name, NameStr(row.owner));
	if (!row.is_bound)
	{
		memcpy(row.verify_key, fixed_bytes(PG_GETARG_DATUM(1), "verify_key", sizeof(row.verify_key)),
			   sizeof(row.verify_key));
		if (!ppdl_key_all_signed(fp, &row))
			PG_RETURN_BOOL(false);
	}
	values[0] = CStringGetTextDatum(hex);
	values[1] = PG_GETARG_DATUM(1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	execute(psprintf("UPDATE %s.ppdl_keys SET verify_key = $2 WHERE key_id OPERATOR(pg_catalog.=) $1",
					 ppdl_schema_name()),
			2, types, values, SPI_OK_UPDATE);
	SPI_finish();
	PG_RETURN_BOOL(true);
}

Datum
ppdl_drop_key(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint8_t		fp[8];
	char		hex[17];
	Oid			types[] = {TEXTOID};
	Datum		values[1];

	ppdl_key_lookup(name, NULL, fp);
	ppdl_fingerprint_hex(hex, fp);
	values[0] = CStringGetTextDatum(hex);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	execute(psprintf("DELETE FROM %s.ppdl_keys WHERE key_id OPERATOR(pg_catalog.=) $1", ppdl_schema_name()), 1, types,
			values, SPI_OK_DELETE);
	SPI_finish();
	ppdl_key_cache_remove(fp);
	PG_RETURN_VOID();
}

Datum
ppdl_cache_clear(PG_FUNCTION_ARGS)
{
	uint8_t		fp[8];

	if (PG_ARGISNULL(0))
	{
		ppdl_key_cache_remove(NULL);
		PG_RETURN_VOID();
	}
	ppdl_key_lookup(text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL, fp);
	ppdl_key_cache_remove(fp);
	PG_RETURN_VOID();
}
