/*
 * What a key's parts are good for, against what each use needs.
 */
#include "pg/keys.h"

#include "catalog/pg_type.h"
#include "ckks/wire.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "rows/keyplan.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(ppdl_cache_warm);
PG_FUNCTION_INFO_V1(ppdl_key_uses);
PG_FUNCTION_INFO_V1(ppdl_key_use_parts);
PG_FUNCTION_INFO_V1(ppdl_key_plan);

int
ppdl_key_use(const char *name)
{
	for (int i = 0; i < PPDL_USES; i++)
		if (strcmp(name, ppdl_use_names[i]) == 0)
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

int
ppdl_key_needs(int u, PpdlKeyNeed *needs)
{
	PpdlError	err = {0};
	int			n = ppdl_keyplan((PpdlUse) (1 << u), needs, &err);

	if (err.code != PPDL_OK || n < 0)
		ppdl_report(&err);
	return n;
}

static bool
need_serves(const uint8_t fp[8], const PpdlKeyNeed *need)
{
	char		part[64];

	ppdl_key_part_name(part, need->ring, need->id);
	return part_serves(fp, part, need->id == PPDL_KEY_PUBLIC ? 0 : need->limbs);
}

bool
ppdl_key_serves(const uint8_t fp[8], PpdlUse use, uint8_t ring)
{
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	PpdlError	err = {0};
	int			n = ppdl_keyplan(use, needs, &err);

	if (err.code != PPDL_OK || n < 0 || !part_serves(fp, PPDL_PART_PUBLIC, 0))
		return false;
	for (int i = 0; i < n; i++)
		if ((needs[i].only == 0 || needs[i].only == ring) && !need_serves(fp, &needs[i]))
			return false;
	return true;
}

const char *
ppdl_key_serve_hint(const uint8_t fp[8], PpdlUse use)
{
	if (use == PPDL_USE_TRAIN && ppdl_key_serves(fp, use, PPDL_RING_ROW))
		return "The key was made public before compact rows had a ring of their own, "
			"and part deep/bridge_compact is missing. Its owner makes the public file anew with "
			"\"ppdl keygen --key FILE.key --for train --out PREFIX\", and publishes that.";
	if (use == PPDL_USE_PREDICT)
		return "Its owner makes a public file for prediction with "
			"\"ppdl keygen --key FILE.key --for predict --out PREFIX\", and publishes that.";
	return "Its owner publishes what is missing with \"ppdl publish --for train\".";
}

/* an RSA key is its public part, and good for all that RSA can do */
static const char *const rsa_uses[] = {"product", "sum", "predict"};

static bool
is_rsa(const uint8_t fp[8])
{
	PpdlKeyRow	row;

	return ppdl_key_row(fp, &row) && strcmp(row.scheme, "rsa") == 0;
}

/*
 * How many of the parts that a use needs beyond those of lesser uses are whole; *needed: of how many.  Parts that not
 * all rows need count where they are: keys that were published by 0.1.0 are complete without them.
 */
static int
count_parts(const uint8_t fp[8], int u, int *needed)
{
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	int			n = ppdl_key_needs(u, needs),
				present = 0;

	*needed = n;
	if (1 << u == PPDL_USE_SUM)
	{
		(*needed)++;
		present += part_serves(fp, PPDL_PART_PUBLIC, 0);
	}
	for (int i = 0; i < n; i++)
	{
		bool		there = need_serves(fp, &needs[i]);

		present += there;
		*needed -= needs[i].only != 0 && !there;
	}
	return present;
}

static void
put_use(ReturnSetInfo *rsinfo, const char *use, int needed, int present, bool begun)
{
	Datum		values[] = {CStringGetTextDatum(use), Int32GetDatum(needed), Int32GetDatum(present),
							BoolGetDatum(begun)};
	bool		nulls[4] = {false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
ppdl_key_use_parts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	uint8_t		fp[8];
	int			needed = 0,
				present = 0;

	InitMaterializedSRF(fcinfo, 0);
	ppdl_key_lookup(text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL, fp);
	if (is_rsa(fp))
		for (int u = 0; u < lengthof(rsa_uses); u++)
		{
			bool		there = part_serves(fp, PPDL_PART_PUBLIC, 0);

			put_use(rsinfo, rsa_uses[u], 1, there, there);
		}
	else
		for (int u = 0; u < PPDL_USES; u++)
		{
			int			n,
						have = count_parts(fp, u, &n);

			needed += n;
			present += have;
			put_use(rsinfo, ppdl_use_names[u], needed, present, have > 0);
		}
	return (Datum) 0;
}

Datum
ppdl_key_uses(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint8_t		fp[8];
	Datum		names[Max(PPDL_USES, lengthof(rsa_uses))];
	int			n = 0;

	ppdl_key_lookup(name, NULL, fp);
	if (is_rsa(fp))
		for (; n < lengthof(rsa_uses) && part_serves(fp, PPDL_PART_PUBLIC, 0); n++)
			names[n] = CStringGetTextDatum(rsa_uses[n]);
	else
		while (n < PPDL_USES && ppdl_key_serves(fp, (PpdlUse) (1 << n), PPDL_RING_ROW))
		{
			names[n] = CStringGetTextDatum(ppdl_use_names[n]);
			n++;
		}
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
ppdl_key_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			last = ppdl_key_use(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	Datum		values[2];
	bool		nulls[2] = {false, true};

	InitMaterializedSRF(fcinfo, 0);
	values[0] = CStringGetTextDatum(PPDL_PART_PUBLIC);
	values[1] = (Datum) 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	for (int u = 0; u <= last; u++)
	{
		int			n = ppdl_key_needs(u, needs);

		for (int i = 0; i < n; i++)
		{
			char		part[64];

			ppdl_key_part_name(part, needs[i].ring, needs[i].id);
			values[0] = CStringGetTextDatum(part);
			values[1] = Int32GetDatum(needs[i].limbs);
			nulls[1] = needs[i].id == PPDL_KEY_PUBLIC;
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
	int			last = ppdl_key_use(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	uint8_t		fp[8];
	uint64		bytes = 0;

	ppdl_key_lookup(name, "lwe", fp);
	for (int u = 0; u <= last; u++)
	{
		int			n = ppdl_key_needs(u, needs);

		for (int i = 0; i < n; i++)
		{
			const PpdlSwitchKey *key;
			PpdlError	err;

			CHECK_FOR_INTERRUPTS();
			if (needs[i].id == PPDL_KEY_PUBLIC || (needs[i].only != 0 && !need_serves(fp, &needs[i])))
				continue;
			PPDL_PG(ppdl_pg_get_key(fp, needs[i].ring, needs[i].id, needs[i].limbs, &key, &err));
			bytes += 2 * ppdl_switch_key_bytes(key);
		}
	}
	PG_RETURN_INT64((int64) bytes);
}
