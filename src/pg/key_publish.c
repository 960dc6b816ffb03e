/*
 * Writing keys: ppdl_publish_part, ppdl_drop_key, and what is good for what.
 */
#include "pg/keys.h"

#include <openssl/sha.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "ckks/wire.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include <ppdl.h>
#include "rows/cipher.h"
#include "rows/keyplan.h"
#include "rsa/key.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(ppdl_publish_part);
PG_FUNCTION_INFO_V1(ppdl_drop_key);
PG_FUNCTION_INFO_V1(ppdl_cache_clear);
PG_FUNCTION_INFO_V1(ppdl_cache_warm);
PG_FUNCTION_INFO_V1(ppdl_key_uses);
PG_FUNCTION_INFO_V1(ppdl_key_plan);

#define PART_PUBLIC "public"
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
	bool		lwe = strcmp(c->scheme, "lwe") == 0;

	if (strlen(c->name) < 1 || strlen(c->name) > 63 || strspn(c->name, NAME_CHARACTERS) != strlen(c->name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name \"%s\" of a key", c->name),
				 errdetail("A name has 1 to 63 letters, digits, underscores, hyphens and periods.")));
	if (!lwe && strcmp(c->scheme, "rsa") != 0)
		refuse("unknown scheme \"%s\" of a key", c->scheme);
	if (strcmp(c->part, PART_PUBLIC) != 0 && !(lwe && ppdl_key_part_parse(c->part, &ring, &id)))
		refuse("a key has no part \"%s\"", c->part);
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
	else if (strcmp(c->part, PART_PUBLIC) == 0)
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
		PpdlSwitchKeyInfo info;
		uint8_t		ring;
		uint32_t	id;

		PPDL_PG(ppdl_wire_peek_switch_key(r, &info, &err));
		ppdl_key_part_parse(c->part, &ring, &id);
		if (info.ring != ring || info.id != id)
			refuse("what is in part \"%s\" is another key", c->part);
	}
	pfree(part);
}

static void
execute(const char *sql, int n, Oid *types, Datum *values, int expect)
{
	int			rc = SPI_execute_with_args(sql, n, types, values, NULL, false, 0);

	if (rc != expect)
		elog(ERROR, "%s", SPI_result_code_string(rc));
}

/* Makes the key's row; the name and the fingerprint must belong together. */
static void
store_key(const char *schema, const Chunk *c)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(c->hex), CStringGetTextDatum(c->name),
	CStringGetTextDatum(c->scheme), CStringGetTextDatum(c->params)};

	execute(psprintf("INSERT INTO %s.ppdl_keys (key_id, name, scheme, params) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
					 schema), 4, types, values, SPI_OK_INSERT);
	if (SPI_processed > 0)
		return;
	execute(psprintf("SELECT key_id, name, scheme FROM %s.ppdl_keys WHERE key_id = $1 OR name = $2", schema),
			2, types, values, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		const char *hex = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);
		const char *name = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);
		const char *scheme = SPI_getvalue(row, SPI_tuptable->tupdesc, 3);

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
}

static void
store_chunk(const char *schema, const Chunk *c)
{
	bytea	   *data = palloc(c->len + VARHDRSZ),
			   *sha256 = palloc(32 + VARHDRSZ);
	Oid			types[] = {TEXTOID, TEXTOID, INT4OID, INT8OID, BYTEAOID, BYTEAOID};
	Datum		values[] = {CStringGetTextDatum(c->hex), CStringGetTextDatum(c->part), Int32GetDatum(c->number),
	Int64GetDatum(c->total), PointerGetDatum(sha256), PointerGetDatum(data)};

	SET_VARSIZE(data, c->len + VARHDRSZ);
	memcpy(VARDATA(data), c->data, c->len);
	SET_VARSIZE(sha256, 32 + VARHDRSZ);
	memcpy(VARDATA(sha256), c->sha256, 32);
	execute(psprintf("DELETE FROM %s.ppdl_key_parts WHERE key_id = $1 AND part = $2 AND (total <> $4 OR sha256 <> $5)",
					 schema), 5, types, values, SPI_OK_DELETE);
	execute(psprintf("INSERT INTO %s.ppdl_key_parts (key_id, part, chunk, total, sha256, data)"
					 " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, part, chunk) DO UPDATE SET data = excluded.data",
					 schema), 6, types, values, SPI_OK_INSERT);
	pfree(data);
}

static bool
publish(const Chunk *c)
{
	const char *schema = ppdl_schema_name();
	PpdlKeyPartInfo info;

	check_chunk(c);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	store_key(schema, c);
	store_chunk(schema, c);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (ppdl_key_part_info(c->fp, c->part, &info) && info.complete)
		check_part(c);
	PopActiveSnapshot();
	SPI_finish();
	return info.complete;
}

Datum
ppdl_publish_part(PG_FUNCTION_ARGS)
{
	Chunk		c;
	bytea	   *sha256 = PG_GETARG_BYTEA_PP(7),
			   *data = PG_GETARG_BYTEA_PP(8);
	char	   *hex = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (!ppdl_fingerprint_parse(c.fp, hex))
		refuse("\"%s\" is not a fingerprint of 16 hexadecimal digits", hex);
	if (VARSIZE_ANY_EXHDR(sha256) != 32)
		refuse("%s does not have 32 bytes", "sha256");
	ppdl_fingerprint_hex(c.hex, c.fp);
	c.name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	c.scheme = text_to_cstring(PG_GETARG_TEXT_PP(2));
	c.params = text_to_cstring(PG_GETARG_TEXT_PP(3));
	c.part = text_to_cstring(PG_GETARG_TEXT_PP(4));
	c.number = PG_GETARG_INT32(5);
	c.total = PG_GETARG_INT64(6);
	memcpy(c.sha256, VARDATA_ANY(sha256), 32);
	c.data = (const uint8_t *) VARDATA_ANY(data);
	c.len = VARSIZE_ANY_EXHDR(data);
	PG_RETURN_BOOL(publish(&c));
}

void
ppdl_key_store(const uint8_t fp[8], const char *name, const char *scheme, const char *params,
			   const char *part, const uint8_t *data, size_t len)
{
	Chunk		c = {.name = name,.scheme = scheme,.params = params,.part = part,.total = (int64) len};

	memcpy(c.fp, fp, sizeof(c.fp));
	ppdl_fingerprint_hex(c.hex, fp);
	SHA256(data, len, c.sha256);
	for (size_t at = 0; at < len; at += PPDL_KEY_CHUNK)
	{
		c.data = data + at;
		c.len = Min(len - at, PPDL_KEY_CHUNK);
		publish(&c);
		c.number++;
	}
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
	execute(psprintf("DELETE FROM %s.ppdl_keys WHERE key_id = $1", ppdl_schema_name()), 1, types, values, SPI_OK_DELETE);
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

static const struct
{
	const char *name;
	PpdlUse		use;
}			uses[] = {{"sum", PPDL_USE_SUM}, {"predict", PPDL_USE_PREDICT}, {"train", PPDL_USE_TRAIN}};

static int
use_index(const char *name)
{
	for (int i = 0; i < lengthof(uses); i++)
		if (strcmp(name, uses[i].name) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown use \"%s\" of a key", name),
			 errhint("Uses are sum, predict and train.")));
}

static bool
part_serves(const uint8_t fp[8], const char *part, int limbs)
{
	PpdlKeyPartInfo info;
	PpdlSwitchKeyInfo key;
	PpdlError	err;
	bytea	   *head;

	if (!ppdl_key_part_info(fp, part, &info) || !info.complete)
		return false;
	if (limbs == 0)
		return true;
	head = ppdl_key_part_head(fp, part, 256);
	return ppdl_wire_peek_switch_key(ppdl_reader(VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head)), &key, &err) == PPDL_OK &&
		key.limbs >= limbs;
}

static int
plan_of(PpdlUse use, PpdlKeyNeed *needs)
{
	PpdlError	err = {0};
	int			n = ppdl_keyplan(use, needs, &err);

	if (err.code != PPDL_OK || n < 0)
		ppdl_report(&err);
	return n;
}

bool
ppdl_key_serves(const uint8_t fp[8], PpdlUse use)
{
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	PpdlError	err = {0};
	int			n = ppdl_keyplan(use, needs, &err);

	if (err.code != PPDL_OK || n < 0 || !part_serves(fp, PART_PUBLIC, 0))
		return false;
	for (int i = 0; i < n; i++)
	{
		char		part[64];

		ppdl_key_part_name(part, needs[i].ring, needs[i].id);
		if (!part_serves(fp, part, needs[i].limbs))
			return false;
	}
	return true;
}

Datum
ppdl_key_uses(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint8_t		fp[8];
	Datum		names[lengthof(uses)];
	int			n = 0;
	bytea	   *head;

	ppdl_key_lookup(name, NULL, fp);
	head = ppdl_key_part_head(fp, PART_PUBLIC, 16);
	if (head != NULL && strncmp(VARDATA_ANY(head), "-----BEGIN", Min(VARSIZE_ANY_EXHDR(head), 10)) == 0)
	{
		names[n++] = CStringGetTextDatum("product");
		names[n++] = CStringGetTextDatum("sum");
		names[n++] = CStringGetTextDatum("predict");
	}
	else
		while (n < lengthof(uses) && ppdl_key_serves(fp, uses[n].use))
		{
			names[n] = CStringGetTextDatum(uses[n].name);
			n++;
		}
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
ppdl_key_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			last = use_index(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	Datum		values[2];
	bool		nulls[2] = {false, true};

	InitMaterializedSRF(fcinfo, 0);
	values[0] = CStringGetTextDatum(PART_PUBLIC);
	values[1] = (Datum) 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	nulls[1] = false;
	for (int u = 0; u <= last; u++)
	{
		int			n = plan_of(uses[u].use, needs);

		for (int i = 0; i < n; i++)
		{
			char		part[64];

			ppdl_key_part_name(part, needs[i].ring, needs[i].id);
			values[0] = CStringGetTextDatum(part);
			values[1] = Int32GetDatum(needs[i].limbs);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}

/* Maps every key of a use, so that the first query does not have to make the cache files. */
Datum
ppdl_cache_warm(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			last = use_index(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	uint8_t		fp[8];
	uint64		bytes = 0;

	ppdl_key_lookup(name, "lwe", fp);
	for (int u = 0; u <= last; u++)
	{
		int			n = plan_of(uses[u].use, needs);

		for (int i = 0; i < n; i++)
		{
			const PpdlSwitchKey *key;
			PpdlError	err;

			CHECK_FOR_INTERRUPTS();
			PPDL_PG(ppdl_pg_get_key(fp, needs[i].ring, needs[i].id, needs[i].limbs, &key, &err));
			bytes += 2 * ppdl_switch_key_bytes(key);
		}
	}
	PG_RETURN_INT64((int64) bytes);
}
