/*
 * The trigger on ppdl_keys and ppdl_key_parts, whichever statement writes there: a key is changed by members of the
 * role that owns it, and a part of a key that has a verify_key carries a signature under it.  Replication's apply
 * workers, which write what was allowed elsewhere, do not run it; whoever reads a part checks its signature again.
 */
#include "pg/keys.h"

#include "commands/trigger.h"
#include "miscadmin.h"
#include "rows/cipher.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(ppdl_key_guard);

void
ppdl_key_check_owner(const char *name, const char *owner)
{
	Oid			role = get_role_oid(owner, true);

	if (OidIsValid(role) ? has_privs_of_role(GetUserId(), role) : superuser())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("key \"%s\" belongs to role \"%s\"", name, owner),
			 errhint("Only members of that role may change it; a superuser may give it away with UPDATE "
					 "ppdl_keys SET owner = ...")));
}

/* what others have committed counts, too: a key published since this transaction began is not nobody's */
static bool
newest_row(const uint8_t fp[8], PpdlKeyRow *row)
{
	bool		found;

	PushActiveSnapshot(GetLatestSnapshot());
	found = ppdl_key_row(fp, row);
	PopActiveSnapshot();
	return found;
}

static void
refuse(const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s of key \"%s\" cannot be changed", what, name),
			 errhint("Its owner may drop the key with ppdl_drop_key() and publish it again.")));
}

static void
check_key_update(const uint8_t old_fp[8], const PpdlKeyRow *old, const uint8_t fp[8], const PpdlKeyRow *row)
{
	if (memcmp(old_fp, fp, 8) != 0)
		refuse(old->name, "the fingerprint");
	if (strcmp(old->scheme, row->scheme) != 0)
		refuse(old->name, "the scheme");
	if (old->is_bound && !(row->is_bound && memcmp(old->verify_key, row->verify_key, sizeof(row->verify_key)) == 0))
		refuse(old->name, "the verification key");
	if (!old->is_bound && row->is_bound && !ppdl_key_all_signed(fp, row))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("key \"%s\" cannot be bound: not all its parts are signed under that verification key",
						row->name),
				 errhint("Publish it again from a signed file, for every use that is published here.")));
}

static void
guard_key(TriggerData *t, HeapTuple tuple)
{
	uint8_t		old_fp[8],
				fp[8];
	PpdlKeyRow	old,
				row;

	if (!TRIGGER_FIRED_BY_INSERT(t->tg_event) && ppdl_key_row_read(t->tg_relation, t->tg_trigtuple, old_fp, &old))
		ppdl_key_check_owner(old.name, NameStr(old.owner));
	if (TRIGGER_FIRED_BY_DELETE(t->tg_event) || !ppdl_key_row_read(t->tg_relation, tuple, fp, &row))
		return;
	ppdl_key_check_owner(row.name, NameStr(row.owner));
	if (row.is_bound && strcmp(row.scheme, "lwe") != 0)
		refuse(row.name, "the binding");
	if (TRIGGER_FIRED_BY_UPDATE(t->tg_event))
		check_key_update(old_fp, &old, fp, &row);
}

/* may the current user write to parts of that key?  False when there is no such key. */
static bool
check_parts_owner(const uint8_t fp[8], PpdlKeyRow *row)
{
	if (!newest_row(fp, row))
		return false;
	ppdl_key_check_owner(row->name, NameStr(row->owner));
	return true;
}

static void
guard_part(TriggerData *t, HeapTuple tuple)
{
	uint8_t		fp[8];
	char		part[64];
	PpdlKeyPartInfo info;
	PpdlKeyRow	row;

	if (!TRIGGER_FIRED_BY_INSERT(t->tg_event) && ppdl_key_part_read(t->tg_relation, t->tg_trigtuple, fp, part, &info))
		check_parts_owner(fp, &row);
	if (TRIGGER_FIRED_BY_DELETE(t->tg_event) || !ppdl_key_part_read(t->tg_relation, tuple, fp, part, &info))
		return;
	if (!check_parts_owner(fp, &row))
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("part \"%s\" belongs to a key that is not in ppdl_keys", part)));
	if (row.is_bound && !ppdl_key_is_signed(fp, &row, part, &info))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("part \"%s\" of key \"%s\" is not signed by the key's owner", part, row.name),
				 errdetail("The key was first published with signatures; since then no other part is taken."),
				 errhint("Publish a file that this key's owner made, with the ppdl tool of version 0.2.0 or later.")));
}

Datum
ppdl_key_guard(PG_FUNCTION_ARGS)
{
	TriggerData *t = (TriggerData *) fcinfo->context;
	bool		is_keys;
	HeapTuple	tuple;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called by a trigger");
	is_keys = RelationGetRelid(t->tg_relation) == ppdl_relation("ppdl_keys");
	if (!is_keys && RelationGetRelid(t->tg_relation) != ppdl_relation("ppdl_key_parts"))
		elog(ERROR, "this trigger is for ppdl_keys and ppdl_key_parts");
	if (TRIGGER_FIRED_BY_TRUNCATE(t->tg_event))
	{
		if (!has_privs_of_role(GetUserId(), t->tg_relation->rd_rel->relowner))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("only the owner of table \"%s\" may truncate it", RelationGetRelationName(t->tg_relation)),
					 errhint("Drop keys one by one with ppdl_drop_key().")));
		return PointerGetDatum(NULL);
	}
	tuple = TRIGGER_FIRED_BY_UPDATE(t->tg_event) ? t->tg_newtuple : t->tg_trigtuple;
	ppdl_key_changed();
	if (is_keys)
		guard_key(t, tuple);
	else
		guard_part(t, tuple);
	return PointerGetDatum(tuple);
}
