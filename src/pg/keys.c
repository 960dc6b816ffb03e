/*
 * Reading ppdl_keys and ppdl_key_parts.  The tables are scanned directly: this also
 * runs inside callbacks of the core and in parallel workers, and must not depend
 * on the search_path.
 */
#include "pg/keys.h"

#include <openssl/sha.h>

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "miscadmin.h"
#include "rows/cipher.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define KEYS_KEY_ID 1
#define KEYS_NAME 2
#define KEYS_SCHEME 3

#define PARTS_KEY_ID 1
#define PARTS_PART 2
#define PARTS_CHUNK 3
#define PARTS_TOTAL 4
#define PARTS_SHA256 5
#define PARTS_DATA 6

static Oid
our_relation(const char *name)
{
	Oid			oid = get_relname_relid(name, ppdl_schema());

	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s\" of extension ppdl does not exist", name)));
	return oid;
}

static Datum
column(Relation rel, HeapTuple tuple, int attno)
{
	bool		isnull;
	Datum		d = heap_getattr(tuple, attno, RelationGetDescr(rel), &isnull);

	if (isnull)
		elog(ERROR, "null in column %d of %s", attno, RelationGetRelationName(rel));
	return d;
}

static bool
find_key(int attno, const char *index, const char *value, const char *scheme, uint8_t fp[8])
{
	Relation	rel = table_open(our_relation("ppdl_keys"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, attno, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
	scan = systable_beginscan(rel, our_relation(index), true, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		char	   *hex = TextDatumGetCString(column(rel, tuple, KEYS_KEY_ID));
		char	   *have = TextDatumGetCString(column(rel, tuple, KEYS_SCHEME));

		if (scheme != NULL && strcmp(scheme, have) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("key \"%s\" is of scheme %s, not %s", value, have, scheme)));
		if (!ppdl_fingerprint_parse(fp, hex))
			elog(ERROR, "malformed key_id \"%s\" in ppdl_keys", hex);
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
ppdl_key_lookup(const char *name_or_id, const char *scheme, uint8_t fp[8])
{
	if (!find_key(KEYS_NAME, "ppdl_keys_name_key", name_or_id, scheme, fp) &&
		!find_key(KEYS_KEY_ID, "ppdl_keys_pkey", name_or_id, scheme, fp))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("key \"%s\" does not exist", name_or_id),
				 errhint("Its owner publishes it with \"ppdl publish\".")));
}

/* Chunks of a part in ascending order. */
typedef struct PartScan
{
	Relation	rel,
				index;
	SysScanDesc scan;
} PartScan;

static void
begin_part(PartScan *s, const uint8_t fp[8], const char *part)
{
	ScanKeyData key[2];
	char		hex[17];

	ppdl_fingerprint_hex(hex, fp);
	s->rel = table_open(our_relation("ppdl_key_parts"), AccessShareLock);
	s->index = index_open(our_relation("ppdl_key_parts_pkey"), AccessShareLock);
	ScanKeyInit(&key[0], PARTS_KEY_ID, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(hex));
	ScanKeyInit(&key[1], PARTS_PART, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(part));
	s->scan = systable_beginscan_ordered(s->rel, s->index, GetActiveSnapshot(), 2, key);
}

static HeapTuple
next_chunk(PartScan *s)
{
	return systable_getnext_ordered(s->scan, ForwardScanDirection);
}

static void
end_part(PartScan *s)
{
	systable_endscan_ordered(s->scan);
	index_close(s->index, AccessShareLock);
	table_close(s->rel, AccessShareLock);
}

static void
read_sha256(uint8_t out[32], Datum d)
{
	bytea	   *b = DatumGetByteaPP(d);

	if (VARSIZE_ANY_EXHDR(b) != 32)
		elog(ERROR, "malformed sha256 in ppdl_key_parts");
	memcpy(out, VARDATA_ANY(b), 32);
}

bool
ppdl_key_part_info(const uint8_t fp[8], const char *part, PpdlKeyPartInfo *info)
{
	PartScan	s;
	HeapTuple	tuple;
	int64		bytes = 0;
	int			chunks = 0;

	memset(info, 0, sizeof(*info));
	begin_part(&s, fp, part);
	while ((tuple = next_chunk(&s)) != NULL)
	{
		if (chunks++ == 0)
		{
			info->total = DatumGetInt64(column(s.rel, tuple, PARTS_TOTAL));
			read_sha256(info->sha256, column(s.rel, tuple, PARTS_SHA256));
		}
		bytes += (int64) toast_raw_datum_size(column(s.rel, tuple, PARTS_DATA)) - VARHDRSZ;
	}
	end_part(&s);
	info->complete = chunks > 0 && bytes == info->total;
	return chunks > 0;
}

bytea *
ppdl_key_part_head(const uint8_t fp[8], const char *part, int n)
{
	PartScan	s;
	HeapTuple	tuple;
	bytea	   *head = NULL;

	begin_part(&s, fp, part);
	tuple = next_chunk(&s);
	if (tuple != NULL)
		head = DatumGetByteaPSlice(column(s.rel, tuple, PARTS_DATA), 0, n);
	end_part(&s);
	return head;
}

static void
damaged_part(const uint8_t fp[8], const char *part, const char *why)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, fp);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("part \"%s\" of key %s is damaged in ppdl_key_parts", part, hex),
			 errdetail("%s", why),
			 errhint("Publish the key again with \"ppdl publish\".")));
}

bytea *
ppdl_key_part(const uint8_t fp[8], const char *part)
{
	PartScan	s;
	HeapTuple	tuple;
	bytea	   *whole = NULL;
	int64		total = 0,
				have = 0;
	int			chunk = 0;
	uint8_t		want[32],
				got[32];

	begin_part(&s, fp, part);
	while ((tuple = next_chunk(&s)) != NULL)
	{
		Datum		stored = column(s.rel, tuple, PARTS_DATA);
		bytea	   *piece;
		int64		len;

		CHECK_FOR_INTERRUPTS();
		if (whole == NULL)
		{
			total = DatumGetInt64(column(s.rel, tuple, PARTS_TOTAL));
			if (total > (int64) MaxAllocSize - VARHDRSZ)
				damaged_part(fp, part, "It claims to be larger than 1 GB.");
			read_sha256(want, column(s.rel, tuple, PARTS_SHA256));
			whole = palloc(total + VARHDRSZ);
			SET_VARSIZE(whole, total + VARHDRSZ);
		}
		piece = DatumGetByteaPP(stored);
		len = VARSIZE_ANY_EXHDR(piece);
		if (DatumGetInt32(column(s.rel, tuple, PARTS_CHUNK)) != chunk++)
			damaged_part(fp, part, "A chunk is missing.");
		if (len > total - have)
			damaged_part(fp, part, "It is longer than it should be.");
		memcpy(VARDATA(whole) + have, VARDATA_ANY(piece), len);
		have += len;
		if ((Pointer) piece != DatumGetPointer(stored))
			pfree(piece);
	}
	end_part(&s);
	if (whole == NULL)
	{
		char		hex[17];

		ppdl_fingerprint_hex(hex, fp);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("part \"%s\" of key %s is not on this server", part, hex),
				 errhint("Its owner publishes it with \"ppdl publish --for predict\" or \"--for train\".")));
	}
	if (have != total)
		damaged_part(fp, part, "It is shorter than it should be: its publication was broken off.");
	SHA256((const unsigned char *) VARDATA(whole), (size_t) total, got);
	if (memcmp(want, got, sizeof(got)) != 0)
		damaged_part(fp, part, "Its bytes do not have the SHA-256 it was published with.");
	return whole;
}
