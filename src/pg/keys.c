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
#define KEYS_OWNER 7
#define KEYS_VERIFY_KEY 8

#define PARTS_KEY_ID 1
#define PARTS_PART 2
#define PARTS_CHUNK 3
#define PARTS_TOTAL 4
#define PARTS_SHA256 5
#define PARTS_DATA 6
#define PARTS_SIGNATURE 7

static Datum
column(Relation rel, HeapTuple tuple, int attno)
{
	bool		isnull;
	Datum		d = heap_getattr(tuple, attno, RelationGetDescr(rel), &isnull);

	if (isnull)
		elog(ERROR, "null in column %d of %s", attno, RelationGetRelationName(rel));
	return d;
}

/*
 * n bytes, if there are some; false: another number.  Columns that 0.1.0 did not have are missing until ALTER EXTENSION
 * ppdl UPDATE.
 */
static bool
optional_bytes(Relation rel, HeapTuple tuple, int attno, uint8_t *out, size_t n, bool *there)
{
	bool		isnull = true;
	Datum		d = (Datum) 0;
	bytea	   *b;

	if (attno <= RelationGetDescr(rel)->natts)
		d = heap_getattr(tuple, attno, RelationGetDescr(rel), &isnull);
	*there = !isnull;
	if (isnull)
		return true;
	b = DatumGetByteaPP(d);
	if (VARSIZE_ANY_EXHDR(b) != n)
		return false;
	memcpy(out, VARDATA_ANY(b), n);
	return true;
}

static bool
find_key(int attno, const char *index, const char *value, const char *scheme, uint8_t fp[8])
{
	Relation	rel = table_open(ppdl_relation("ppdl_keys"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, attno, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
	scan = systable_beginscan(rel, ppdl_relation(index), true, GetActiveSnapshot(), 1, &key);
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

bool
ppdl_key_row_read(Relation rel, HeapTuple tuple, uint8_t fp[8], PpdlKeyRow *row)
{
	TupleDesc	desc = RelationGetDescr(rel);

	memset(row, 0, sizeof(*row));
	if (heap_attisnull(tuple, KEYS_KEY_ID, desc) || heap_attisnull(tuple, KEYS_NAME, desc) ||
		heap_attisnull(tuple, KEYS_SCHEME, desc) || (KEYS_OWNER <= desc->natts &&
													 heap_attisnull(tuple, KEYS_OWNER, desc)))
		return false;
	strlcpy(row->name, TextDatumGetCString(column(rel, tuple, KEYS_NAME)), sizeof(row->name));
	strlcpy(row->scheme, TextDatumGetCString(column(rel, tuple, KEYS_SCHEME)), sizeof(row->scheme));
	if (KEYS_OWNER <= desc->natts)
		row->owner = *DatumGetName(column(rel, tuple, KEYS_OWNER));
	return optional_bytes(rel, tuple, KEYS_VERIFY_KEY, row->verify_key, sizeof(row->verify_key), &row->is_bound) &&
		ppdl_fingerprint_parse(fp, TextDatumGetCString(column(rel, tuple, KEYS_KEY_ID)));
}

bool
ppdl_key_row(const uint8_t fp[8], PpdlKeyRow *row)
{
	Relation	rel = table_open(ppdl_relation("ppdl_keys"), AccessShareLock);
	char		hex[17];
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	uint8_t		same[8];
	bool		found;

	memset(row, 0, sizeof(*row));
	ppdl_fingerprint_hex(hex, fp);
	ScanKeyInit(&key, KEYS_KEY_ID, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(hex));
	scan = systable_beginscan(rel, ppdl_relation("ppdl_keys_pkey"), true, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found && !ppdl_key_row_read(rel, tuple, same, row))
		elog(ERROR, "malformed row of key %s in ppdl_keys", hex);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
ppdl_key_lookup(const char *name_or_id, const char *scheme, uint8_t fp[8])
{
	char		hex[17];
	bool		found;

	if (ppdl_fingerprint_parse(fp, name_or_id))
	{
		ppdl_fingerprint_hex(hex, fp);
		found = find_key(KEYS_KEY_ID, "ppdl_keys_pkey", hex, scheme, fp);
	}
	else
		found = find_key(KEYS_NAME, "ppdl_keys_name_key", name_or_id, scheme, fp);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("key \"%s\" does not exist", name_or_id),
				 errhint("Its owner publishes it with \"ppdl publish\".")));
}

/* Chunks of a part, or (NULL) of all parts of a key, in ascending order. */
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
	s->rel = table_open(ppdl_relation("ppdl_key_parts"), AccessShareLock);
	s->index = index_open(ppdl_relation("ppdl_key_parts_pkey"), AccessShareLock);
	ScanKeyInit(&key[0], PARTS_KEY_ID, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(hex));
	if (part != NULL)
		ScanKeyInit(&key[1], PARTS_PART, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(part));
	s->scan = systable_beginscan_ordered(s->rel, s->index, GetActiveSnapshot(), part != NULL ? 2 : 1, key);
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

static bool
read_part(Relation rel, HeapTuple tuple, PpdlKeyPartInfo *info)
{
	bool		is_there;

	info->total = DatumGetInt64(column(rel, tuple, PARTS_TOTAL));
	return optional_bytes(rel, tuple, PARTS_SHA256, info->sha256, sizeof(info->sha256), &is_there) && is_there &&
		optional_bytes(rel, tuple, PARTS_SIGNATURE, info->signature, sizeof(info->signature), &info->is_signed);
}

bool
ppdl_key_part_read(Relation rel, HeapTuple tuple, uint8_t fp[8], char part[64], PpdlKeyPartInfo *info)
{
	memset(info, 0, sizeof(*info));
	for (int attno = PARTS_KEY_ID; attno <= PARTS_DATA; attno++)
		if (heap_attisnull(tuple, attno, RelationGetDescr(rel)))
			return false;
	strlcpy(part, TextDatumGetCString(column(rel, tuple, PARTS_PART)), 64);
	return ppdl_fingerprint_parse(fp, TextDatumGetCString(column(rel, tuple, PARTS_KEY_ID))) && read_part(rel, tuple,
																										  info);
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
		if (chunks++ == 0 && !read_part(s.rel, tuple, info))
			elog(ERROR, "malformed row of part \"%s\" in ppdl_key_parts", part);
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

bool
ppdl_key_is_signed(const uint8_t fp[8], const PpdlKeyRow *row, const char *part, const PpdlKeyPartInfo *info)
{
	PpdlError	err;

	return info->is_signed &&
		ppdl_part_verify(row->verify_key, fp, part, (uint64_t) info->total, info->sha256, info->signature,
						 &err) == PPDL_OK;
}

bool
ppdl_key_all_signed(const uint8_t fp[8], const PpdlKeyRow *row)
{
	PartScan	s;
	HeapTuple	tuple;
	bool		all = true;

	begin_part(&s, fp, NULL);
	while (all && (tuple = next_chunk(&s)) != NULL)
	{
		uint8_t		same[8];
		char		part[64];
		PpdlKeyPartInfo info;

		all = ppdl_key_part_read(s.rel, tuple, same, part, &info) && ppdl_key_is_signed(fp, row, part, &info);
	}
	end_part(&s);
	return all;
}

void
ppdl_key_check_binding(const uint8_t fp[8], const PpdlKeyRow *row, const char *part, const PpdlKeyPartInfo *info)
{
	bool		is_public = strcmp(part, PPDL_PART_PUBLIC) == 0;

	/* an RSA key's fingerprint is not that of its part's bytes; whoever parses it compares */
	if (strcmp(row->scheme, "lwe") == 0 && is_public && memcmp(info->sha256, fp, 8) != 0)
		damaged_part(fp, part, "It is the public part of another key.");
	if (row->is_bound && !ppdl_key_is_signed(fp, row, part, info))
		damaged_part(fp, part, info->is_signed ? "It is not signed by the key's owner." :
					 "It is not signed, and the key's other parts are.");
}

bytea *
ppdl_key_part(const uint8_t fp[8], const char *part)
{
	PpdlKeyRow	row;
	PpdlKeyPartInfo info;
	PartScan	s;
	HeapTuple	tuple;
	bytea	   *whole = NULL;
	int64		total = 0,
				have = 0;
	int			chunk = 0;
	uint8_t		got[32];

	memset(&info, 0, sizeof(info));
	if (ppdl_key_row(fp, &row) && ppdl_key_part_info(fp, part, &info))
		ppdl_key_check_binding(fp, &row, part, &info);
	begin_part(&s, fp, part);
	while ((tuple = next_chunk(&s)) != NULL)
	{
		Datum		stored = column(s.rel, tuple, PARTS_DATA);
		bytea	   *piece;
		int64		len;

		CHECK_FOR_INTERRUPTS();
		if (whole == NULL)
		{
			total = info.total;
			if (total > (int64) MaxAllocSize - VARHDRSZ)
				damaged_part(fp, part, "It claims to be larger than 1 GB.");
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
	if (memcmp(info.sha256, got, sizeof(got)) != 0)
		damaged_part(fp, part, "Its bytes do not have the SHA-256 it was published with.");
	return whole;
}
