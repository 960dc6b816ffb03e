/*
 * Writers on the server: ppdl_writers, its trigger, and who writes for whom.  A writer's key and its parts are rows of
 * ppdl_keys and ppdl_key_parts like any; ppdl_writers says that an owner takes its rows for its own.  That the writer
 * wants so, too, is signed in its part "writer", which is read again whenever it is used.
 */
#include "pg/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "owner/writer.h"
#include "pg/cipher_datum.h"
#include "rows/cipher_read.h"
#include "rows/sum_keys.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(ppdl_writer_guard);
PG_FUNCTION_INFO_V1(ppdl_add_writer);
PG_FUNCTION_INFO_V1(ppdl_revoke_writer);
PG_FUNCTION_INFO_V1(ppdl_may_write);

#define WRITERS_WRITER_ID 1
#define WRITERS_KEY_ID 2
#define WRITERS_REVOKED 5

/* ------------------------------------------------------------------ who writes for whom */

typedef struct Link
{
	uint8_t		key[8],			/* of the hash table */
				owner[8];		/* the key itself, unless it is a writer's */
	bool		revoked;
	uint64		checked;		/* ppdl_key_generation() */
} Link;

static HTAB *links = NULL;

/* the row of ppdl_writers; false when there is none */
static bool
find_row(const uint8_t key[8], uint8_t owner[8], bool *revoked)
{
	/* a catalogue of 0.1.0 has no writers */
	Oid			table = get_relname_relid("ppdl_writers", ppdl_schema());
	Relation	rel;
	char		hex[17];
	ScanKeyData scan_key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found,
				isnull;

	if (!OidIsValid(table))
		return false;
	rel = table_open(table, AccessShareLock);
	ppdl_fingerprint_hex(hex, key);
	ScanKeyInit(&scan_key, WRITERS_WRITER_ID, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(hex));
	scan = systable_beginscan(rel, ppdl_relation("ppdl_writers_pkey"), true, GetActiveSnapshot(), 1, &scan_key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		Datum		id = heap_getattr(tuple, WRITERS_KEY_ID, RelationGetDescr(rel), &isnull);

		if (isnull || !ppdl_fingerprint_parse(owner, TextDatumGetCString(id)))
			elog(ERROR, "malformed row of writer %s in ppdl_writers", hex);
		*revoked = !heap_attisnull(tuple, WRITERS_REVOKED, RelationGetDescr(rel));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* the writer's word that it writes for that owner, signed by it: error when it is missing or says another */
static void
check_word(const uint8_t key[8], const uint8_t owner[8])
{
	bytea	   *part = ppdl_key_part(key, PPDL_PART_WRITER);
	char		writer_hex[17],
				owner_hex[17];
	PpdlWriterHead head;
	PpdlError	err;

	PPDL_PG(ppdl_writer_head(&head, VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part), &err));
	pfree(part);
	if (memcmp(head.writer, key, 8) == 0 && memcmp(head.owner, owner, 8) == 0)
		return;
	ppdl_fingerprint_hex(writer_hex, key);
	ppdl_fingerprint_hex(owner_hex, owner);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("key %s does not write for key %s", writer_hex, owner_hex),
			 errhint("A writer's key is made for one owner: ppdl keygen --writer-for OWNER.pub --out PREFIX")));
}

static const Link *
find_link(const uint8_t key[8])
{
	Link	   *link;
	bool		found;

	if (links == NULL)
	{
		HASHCTL		ctl = {.keysize = 8,.entrysize = sizeof(Link),.hcxt = TopMemoryContext};

		links = hash_create("ppdl writers", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	link = hash_search(links, key, HASH_ENTER, &found);
	if (!found)
		link->checked = 0;
	if (link->checked == ppdl_key_generation())
		return link;
	link->checked = 0;
	link->revoked = false;
	memcpy(link->owner, key, 8);
	if (find_row(key, link->owner, &link->revoked))
		check_word(key, link->owner);
	link->checked = ppdl_key_generation();
	return link;
}

PpdlStatus
ppdl_pg_writer_of(void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *err)
{
	volatile PpdlStatus status = PPDL_OK;

	if (!ppdl_main_thread())
		return ppdl_error(err, PPDL_ERR_INTERNAL, "a worker thread asked for a key's owner");
	PPDL_PROTECT(status, err, {
		memcpy(owner, find_link(key)->owner, 8);
	});
	return status;
}

void
ppdl_key_owner(const uint8_t key[8], uint8_t owner[8])
{
	PpdlError	err;

	PPDL_PG(ppdl_key_root(ppdl_pg_writer_of, NULL, key, owner, &err));
}

/* ------------------------------------------------------------------ rows of an owner and its writers */

PpdlCipher
ppdl_row_of_owner(const PpdlCipher *row)
{
	PpdlCipher	own = *row;

	ppdl_key_owner(row->fingerprint, own.fingerprint);
	return own;
}

void
ppdl_check_same_owner(const PpdlCipher *shape, const PpdlCipher *row, const char *aggregate)
{
	PpdlCipher	own;
	PpdlError	err;

	if (memcmp(row->fingerprint, shape->fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
	{
		own = ppdl_row_of_owner(row);
		row = &own;
	}
	PPDL_PG(ppdl_cipher_check_same(shape, row, aggregate, &err));
}

PpdlEval *
ppdl_switch_eval(FunctionCallInfo fcinfo)
{
	static const uint8_t nobody[8];

	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = ppdl_pg_eval(fcinfo->flinfo->fn_mcxt, PPDL_RING_ROW, nobody);
	return fcinfo->flinfo->fn_extra;
}

PpdlStatus
ppdl_pg_trainset(PpdlTrainSet **out, PpdlError *err)
{
	PPDL_TRY(ppdl_trainset_create(out, err));
	(*out)->poll = &ppdl_pg_poll;
	ppdl_trainset_set_writers(*out, ppdl_pg_writer_of, NULL);
	return PPDL_OK;
}

PpdlStatus
ppdl_pg_collector(PpdlCollector **out, int limbs, PpdlError *err)
{
	PPDL_TRY(ppdl_collector_create(out, limbs, err));
	ppdl_collector_set_poll(*out, &ppdl_pg_poll);
	ppdl_collector_set_writers(*out, ppdl_pg_writer_of, NULL);
	return PPDL_OK;
}

void
ppdl_writers_load_keys(PpdlTrainSet *ts)
{
	PpdlError	err;

	if (ts->keys.count > 0)
		PPDL_PG(ppdl_trainset_load_keys(ts, ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_ROW, ts->fingerprint), &err));
}

/* ------------------------------------------------------------------ the trigger */

/* false: the table's constraints say so */
static bool
read_key(Relation rel, HeapTuple tuple, int column, uint8_t fp[8])
{
	bool		isnull;
	Datum		id = heap_getattr(tuple, column, RelationGetDescr(rel), &isnull);

	return !isnull && ppdl_fingerprint_parse(fp, TextDatumGetCString(id));
}

/* may the current user say who writes for that key?  The key itself may be gone: rows go with it */
static void
check_owner(const uint8_t fp[8], bool must_be)
{
	PpdlKeyRow	row;
	char		hex[17];

	if (ppdl_key_row(fp, &row))
	{
		ppdl_key_check_owner(row.name, NameStr(row.owner));
		return;
	}
	if (!must_be)
		return;
	ppdl_fingerprint_hex(hex, fp);
	ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION), errmsg("key %s is not in ppdl_keys", hex)));
}

/*
 * Nobody makes a writer of another's key: its rows could not be summed any more.  Where the writer's word is not here
 * yet (a dump's tables come in any order) that is for those to say who may change that key.
 */
static void
check_writer(const uint8_t writer[8], const uint8_t owner[8])
{
	PpdlKeyPartInfo info;

	if (ppdl_key_part_info(writer, PPDL_PART_WRITER, &info) && info.complete)
		check_word(writer, owner);
	else
		check_owner(writer, true);
}

static void
guard_row(TriggerData *t, HeapTuple tuple)
{
	uint8_t		owner[8],
				writer[8];

	if (!TRIGGER_FIRED_BY_INSERT(t->tg_event) && read_key(t->tg_relation, t->tg_trigtuple, WRITERS_KEY_ID, owner))
		check_owner(owner, false);
	if (TRIGGER_FIRED_BY_DELETE(t->tg_event) || !read_key(t->tg_relation, tuple, WRITERS_KEY_ID, owner) ||
		!read_key(t->tg_relation, tuple, WRITERS_WRITER_ID, writer))
		return;
	check_owner(owner, true);
	check_writer(writer, owner);
}

Datum
ppdl_writer_guard(PG_FUNCTION_ARGS)
{
	TriggerData *t = (TriggerData *) fcinfo->context;
	HeapTuple	tuple;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called by a trigger");
	if (RelationGetRelid(t->tg_relation) != ppdl_relation("ppdl_writers"))
		elog(ERROR, "this trigger is for ppdl_writers");
	if (TRIGGER_FIRED_BY_TRUNCATE(t->tg_event))
	{
		if (!has_privs_of_role(GetUserId(), t->tg_relation->rd_rel->relowner))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("only the owner of table \"%s\" may truncate it",
							RelationGetRelationName(t->tg_relation))));
		return PointerGetDatum(NULL);
	}
	tuple = TRIGGER_FIRED_BY_UPDATE(t->tg_event) ? t->tg_newtuple : t->tg_trigtuple;
	ppdl_key_changed();
	/* what others have committed counts, too */
	PushActiveSnapshot(GetLatestSnapshot());
	guard_row(t, tuple);
	PopActiveSnapshot();
	return PointerGetDatum(tuple);
}

/* ------------------------------------------------------------------ SQL */

static void
run(const char *command, int nargs, Datum *values)
{
	Oid			types[] = {TEXTOID, TEXTOID};

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(command, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not write to ppdl_writers");
	SPI_finish();
}

static void
look_up(FunctionCallInfo fcinfo, int arg, uint8_t fp[8], char hex[17])
{
	ppdl_key_lookup(text_to_cstring(PG_GETARG_TEXT_PP(arg)), "lwe", fp);
	ppdl_fingerprint_hex(hex, fp);
}

Datum
ppdl_add_writer(PG_FUNCTION_ARGS)
{
	uint8_t		writer[8],
				key[8],
				root[8];
	char		hex[2][17];
	PpdlKeyRow	row;
	Datum		values[2];

	look_up(fcinfo, 0, writer, hex[0]);
	look_up(fcinfo, 1, key, hex[1]);
	ppdl_key_row(key, &row);
	ppdl_key_check_owner(row.name, NameStr(row.owner));
	check_word(writer, key);
	ppdl_key_owner(key, root);
	if (memcmp(root, writer, 8) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key %s already writes for key %s", hex[1], hex[0])));
	values[0] = CStringGetTextDatum(hex[0]);
	values[1] = CStringGetTextDatum(hex[1]);
	run(psprintf("INSERT INTO %s.ppdl_writers (writer_id, key_id) VALUES ($1, $2) ON CONFLICT (writer_id) DO NOTHING",
				 ppdl_schema_name()), 2, values);
	PG_RETURN_VOID();
}

Datum
ppdl_revoke_writer(PG_FUNCTION_ARGS)
{
	uint8_t		writer[8],
				owner[8];
	char		hex[17];
	Datum		values[1];
	bool		revoked;

	look_up(fcinfo, 0, writer, hex);
	if (!find_row(writer, owner, &revoked))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("key \"%s\" is no writer's", text_to_cstring(PG_GETARG_TEXT_PP(0)))));
	values[0] = CStringGetTextDatum(hex);
	run(psprintf("UPDATE %s.ppdl_writers SET revoked = pg_catalog.now() WHERE writer_id OPERATOR(pg_catalog.=) $1 "
				 "AND revoked IS NULL", ppdl_schema_name()), 1, values);
	PG_RETURN_VOID();
}

/* the key that an argument names, looked up once a query */
typedef struct Named
{
	uint64		checked;		/* ppdl_key_generation() */
	uint8_t		fp[8];
	char		name[64];
} Named;

static const uint8_t *
named_key(FunctionCallInfo fcinfo, int arg)
{
	Named	   *named = fcinfo->flinfo->fn_extra;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(arg));

	if (named == NULL)
		named = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Named));
	if (named->checked != ppdl_key_generation() || strcmp(named->name, name) != 0)
	{
		ppdl_key_lookup(name, "lwe", named->fp);
		strlcpy(named->name, name, sizeof(named->name));
		named->checked = ppdl_key_generation();
	}
	return named->fp;
}

/* Is the value under that key, or under that of a writer of its owner who is not revoked? */
Datum
ppdl_may_write(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0, PPDL_CIPHER_HEADER);
	const uint8_t *owner = named_key(fcinfo, 1);
	uint8_t		key[8];
	PpdlCipher	c;
	PpdlError	err;

	if (VARSIZE_ANY_EXHDR(value) < PPDL_CIPHER_HEADER)
		PG_RETURN_BOOL(false);
	PPDL_PG(ppdl_cipher_peek(&c, VARDATA_ANY(value), &err));
	memcpy(key, c.fingerprint, 8);
	/* writers of a former key write for the present one, until either is revoked */
	for (int i = 0; i < 64 && memcmp(key, owner, 8) != 0; i++)
	{
		const Link *link = find_link(key);

		if (link->revoked || memcmp(link->owner, key, 8) == 0)
			PG_RETURN_BOOL(false);
		memcpy(key, link->owner, 8);
	}
	PG_RETURN_BOOL(memcmp(key, owner, 8) == 0);
}
