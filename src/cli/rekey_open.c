/* What ppdl rekey finds: the table, its columns, rights, and the keys of all values. Nothing is written. */
#include "cli/rekey_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/load.h"

static PpdlStatus
unsuitable(PpdlError *err, const char *what, const char *hint)
{
	ppdl_server_error(err, "%s", what);
	return ppdl_error_hint(err, PPDL_ERR_IO, "%s", hint);
}

/* name, schema, oid, and that it is a table whose rows have a place */
static PpdlStatus
find_table(PpdlRekeyTable *t, PpdlError *err)
{
	const char *params[] = {t->table};
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_load_table_name(t->db, &t->name, t->table, err));
	params[0] = t->name;
	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' ||"
						 " pg_catalog.quote_ident(c.relname),"
						 " pg_catalog.quote_ident(n.nspname),"
						 " (WITH RECURSIVE part(oid) AS (SELECT c.oid UNION"
						 " SELECT inhrelid FROM pg_inherits JOIN part ON inhparent = part.oid)"
						 " SELECT bool_and(p.relkind = 'p' OR p.relkind = 'r' AND m.amname = 'heap')"
						 " FROM part JOIN pg_class p USING (oid) LEFT JOIN pg_am m ON m.oid = p.relam),"
						 " c.relpersistence = 't'"
						 " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
						 " WHERE c.oid = $1::regclass::oid", 1,
						 params));
	if (strcmp(PQgetvalue(res, 0, 3), "t") != 0 || strcmp(PQgetvalue(res, 0, 4), "f") != 0)
	{
		char		what[300];

		snprintf(what, sizeof what, "\"%.*s\" is no ordinary table whose rows are all in this database",
				 PPDL_CUT(t->table, 200));
		status = unsuitable(err, what, "Name the tables that lie behind a view; of foreign tables and of tables "
							"with another access method than heap, write the rows anew.");
	}
	else
	{
		free(t->name);
		snprintf(t->oid, sizeof t->oid, "%s", PQgetvalue(res, 0, 0));
		t->name = strdup(PQgetvalue(res, 0, 1));
		t->schema = strdup(PQgetvalue(res, 0, 2));
		t->side = ppdl_rekey_text("%s.ppdl_rekey_%s", t->schema ? t->schema : "", t->oid);
		if (!t->name || !t->schema || !t->side)
			status = ppdl_rekey_no_memory(err);
	}
	PQclear(res);
	return status;
}

/* a table that Citus keeps elsewhere has no rows here */
static PpdlStatus
refuse_distributed(PpdlRekeyTable *t, PpdlError *err)
{
	const char *params[] = {t->oid};
	PGresult   *res;
	uint64_t	n;

	PPDL_TRY(ppdl_db_run(t->db, &res, err, "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL", 0, NULL));
	n = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	PQclear(res);
	if (n == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = $1::oid::regclass", 1, params));
	n = (uint64_t) PQntuples(res);
	PQclear(res);
	return n == 0 ? PPDL_OK : unsuitable(err,
										 "the table is distributed by Citus, which ppdl rekey cannot lock and swap",
										 "Undistribute it (undistribute_table), encrypt it anew, distribute it again.");
}

/* what is refused at the end had better be refused now */
static PpdlStatus
check_rights(PpdlRekeyTable *t, PpdlError *err)
{
	const char *params[] = {t->oid, t->schema};
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT has_table_privilege($1::oid, 'SELECT') AND has_table_privilege($1::oid, 'UPDATE'),"
						 " pg_catalog.has_schema_privilege($2::regnamespace, 'CREATE'), current_user", 2, params));
	if (strcmp(PQgetvalue(res, 0, 0), "t") != 0)
	{
		ppdl_server_error(err, "role \"%s\" may not read and update table %s", PQgetvalue(res, 0, 2), t->name);
		status = ppdl_error_hint(err, PPDL_ERR_IO, "GRANT SELECT, UPDATE ON %s TO %s;", t->name, PQgetvalue(res, 0, 2));
	}
	else if (strcmp(PQgetvalue(res, 0, 1), "t") != 0)
	{
		ppdl_server_error(err, "role \"%s\" may not create tables in schema %s, where the side table would lie",
						  PQgetvalue(res, 0, 2), t->schema);
		status = ppdl_error_hint(err, PPDL_ERR_IO, "GRANT CREATE ON SCHEMA %s TO %s;", t->schema,
								 PQgetvalue(res, 0, 2));
	}
	PQclear(res);
	return status;
}

/* the type of a column, and whether it can be written */
static PpdlStatus
check_column(PpdlRekeyTable *t, const char *name, const PGresult *all, PpdlError *err)
{
	for (int r = 0; r < PQntuples(all); r++)
	{
		if (strcmp(PQgetvalue(all, r, 0), name) != 0)
			continue;
		if ((Oid) strtoul(PQgetvalue(all, r, 1), NULL, 10) == t->db->lwe && PQgetvalue(all, r, 3)[0] == 0)
			return PPDL_OK;
		ppdl_server_error(err, "column \"%s\" of table %s is %s%s, and not of type lwe_cipher", name, t->name,
						  PQgetvalue(all, r, 3)[0] ? "generated, " : "", PQgetvalue(all, r, 2));
		if ((Oid) strtoul(PQgetvalue(all, r, 1), NULL, 10) == t->db->rsa ||
			(Oid) strtoul(PQgetvalue(all, r, 1), NULL, 10) == t->db->rsa_array)
			return ppdl_error_hint(err, PPDL_ERR_IO, "RSA values are not encrypted anew in place: decrypt them with "
								   "\"ppdl query\" under the old key, and load them with \"ppdl encrypt\" "
								   "under a new one.");
		return PPDL_ERR_IO;
	}
	return ppdl_server_error(err, "table %s has no column \"%s\"", t->name, name);
}

static PpdlStatus
add_column(PpdlRekeyTable *t, const char *name, PpdlError *err)
{
	char	  **grown = realloc(t->columns.item, ((size_t) t->columns.count + 2) * sizeof *grown);

	if (grown == NULL)
		return ppdl_rekey_no_memory(err);
	t->columns.item = grown;
	grown[t->columns.count] = strdup(name);
	if (grown[t->columns.count] == NULL)
		return ppdl_rekey_no_memory(err);
	grown[++t->columns.count] = NULL;
	return PPDL_OK;
}

static PpdlStatus
choose_columns(PpdlRekeyTable *t, const PGresult *all, PpdlError *err)
{
	const int	asked = t->columns.count;

	for (int i = 0; i < asked; i++)
	{
		PPDL_TRY(check_column(t, t->columns.item[i], all, err));
		for (int k = 0; k < i; k++)
			if (strcmp(t->columns.item[i], t->columns.item[k]) == 0)
				return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%s\" is named twice", t->columns.item[i]);
	}
	for (int r = 0; r < PQntuples(all); r++)
	{
		if ((Oid) strtoul(PQgetvalue(all, r, 1), NULL, 10) != t->db->lwe || PQgetvalue(all, r, 3)[0] != 0)
			continue;
		if (asked == 0)
			PPDL_TRY(add_column(t, PQgetvalue(all, r, 0), err));
		else if (!ppdl_list_has(&t->columns, PQgetvalue(all, r, 0)))
			t->others++;
	}
	if (t->columns.count == 0)
		return ppdl_server_error(err, "table %s has no column of type lwe_cipher", t->name);
	if (t->columns.count > PPDL_REKEY_COLUMNS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d columns of table %s are encrypted; name up to %d with --column",
						  t->columns.count, t->name, PPDL_REKEY_COLUMNS);
	return PPDL_OK;
}

static PpdlStatus
find_columns(PpdlRekeyTable *t, PpdlError *err)
{
	const char *params[] = {t->oid};
	PGresult   *all;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(t->db, &all, err,
						 "SELECT attname, atttypid, format_type(atttypid, atttypmod), attgenerated FROM pg_attribute"
						 " WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum", 1, params));
	status = choose_columns(t, all, err);
	for (int r = 0; t->batch_column && status == PPDL_OK; r++)
	{
		if (r == PQntuples(all))
			status = ppdl_server_error(err, "table %s has no column \"%s\"", t->name, t->batch_column);
		else if (strcmp(PQgetvalue(all, r, 0), t->batch_column) == 0)
			break;
	}
	PQclear(all);
	return status;
}

/* expressions that all statements share */
static PpdlStatus
make_texts(PpdlRekeyTable *t, PpdlError *err)
{
	char	   *names = ppdl_rekey_each(t, "%y", ", ");

	/* whoever has the old key opens its writers' sealed seeds, and reads their rows */
	t->old_keys = ppdl_writer_parts_list(t->writers, t->old_id, "'");
	t->needs = t->old_keys ? ppdl_rekey_each(t, "%s.lwe_key_id(%x) IN (%k)", " OR ") : NULL;
	t->digest = ppdl_rekey_each(t, "coalesce('\\x01'::bytea || %s.lwe_cipher_send(%x), '\\x00'::bytea)", " || ");
	t->comment = names ? ppdl_rekey_text("ppdl rekey of %s (%s) from key %s to %s: the same command goes on, "
										 "dropping this table gives up", t->name, names, t->old_id, t->new_id) : NULL;
	free(names);
	return t->needs && t->digest && t->comment ? PPDL_OK : ppdl_rekey_no_memory(err);
}

/* values that stand in the way, one line of res: key, kind, how many, the key's name */
static PpdlStatus
refuse_values(PpdlRekeyTable *t, const PGresult *res, int r, const char *column, PpdlError *err)
{
	const char *key = PQgetvalue(res, r, 0),
			   *kind = PQgetvalue(res, r, 1),
			   *count = PQgetvalue(res, r, 2);

	if (strstr(t->old_keys, key) != NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%s\" of table %s holds %s results of operations (%s) under the "
				   "old key, which are no rows", column, t->name, count, kind);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Compute them again from the rows once those are under the new key, and delete the old "
							   "ones; or leave the column out with --column.");
	}
	ppdl_error(err, PPDL_ERR_KEY, "column \"%s\" of table %s holds %s values under key %s%s%s%s", column, t->name,
			   count,
			   key, PQgetisnull(res, r, 3) ? "" : " (\"", PQgetvalue(res, r, 3), PQgetisnull(res, r, 3) ? "" : "\")");
	ppdl_error_detail(err, PPDL_ERR_KEY, "The old key is %s (\"%s\"), the new one %s (\"%s\").", t->old_id,
					  t->old_name, t->new_id, t->new_name);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Nothing was written. Only values of these two keys and of the old one's writers may "
						   "be there: move the others to a table of their own, and rekey that from its own key.");
}

static PpdlStatus
survey_column(PpdlRekeyTable *t, int i, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;
	PpdlWriter	w;
	char	   *column;

	ppdl_writer_init(&w);
	ppdl_put_identifier(t->db, &w, t->columns.item[i]);
	column = ppdl_rekey_finish_text(&w);
	if (column == NULL)
		return ppdl_rekey_no_memory(err);
	status = ppdl_rekey_run(t, &res, 0,
							ppdl_rekey_text("SELECT v.key, v.kind, v.n, k.name FROM (SELECT %s.lwe_key_id(t.%s) AS key,"
									   " %s.lwe_kind(t.%s) AS kind, count(*) AS n FROM %s t WHERE t.%s IS NOT NULL"
									   " GROUP BY 1, 2) v LEFT JOIN %s.ppdl_keys k ON k.key_id = v.key ORDER BY 1, 2",
									   t->db->schema, column, t->db->schema, column, t->name, column, t->db->schema),
					  err);
	free(column);
	PPDL_TRY(status);
	for (int r = 0; r < PQntuples(res) && status == PPDL_OK; r++)
		if (strcmp(PQgetvalue(res, r, 0), t->new_id) != 0 &&
			(strstr(t->old_keys, PQgetvalue(res, r, 0)) == NULL || strcmp(PQgetvalue(res, r, 1), "slice") != 0))
			status = refuse_values(t, res, r, t->columns.item[i], err);
	PQclear(res);
	return status;
}

PpdlStatus
ppdl_rekey_count_needed(PpdlRekeyTable *t, uint64_t *n, PpdlError *err)
{
	return ppdl_rekey_number(t, n, ppdl_rekey_text("SELECT count(*) FROM %s t WHERE %s", t->name, t->needs), err);
}

/* one line of res: comment, owner, whether the owner is this role, this role */
static PpdlStatus
check_side(const PpdlRekeyTable *t, const PGresult *res, PpdlError *err)
{
	if (strcmp(PQgetvalue(res, 0, 0), t->comment) != 0)
	{
		ppdl_server_error(err, "table %s is there, left by another run: %s", t->side,
						  PQgetisnull(res, 0, 0) ? "it does not say what for" : PQgetvalue(res, 0, 0));
		return ppdl_error_hint(err, PPDL_ERR_IO, "Go on with that, or give it up with: DROP TABLE %s;", t->side);
	}
	if (strcmp(PQgetvalue(res, 0, 2), "t") == 0)
		return PPDL_OK;
	/* its owner could put any rows into ours, and triggers that run as us */
	ppdl_server_error(err, "table %s is there, and belongs to role \"%s\", not to \"%s\"", t->side,
					  PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 3));
	return ppdl_error_hint(err, PPDL_ERR_IO, "Go on as that role, or give up what it left with: DROP TABLE %s;",
						   t->side);
}

/* is it there, as left by an interrupted run of the same command? */
PpdlStatus
ppdl_rekey_find_side(PpdlRekeyTable *t, int *there, PpdlError *err)
{
	const char *params[] = {t->side};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT pg_catalog.obj_description(c.oid, 'pg_class'), r.rolname, r.rolname = current_user,"
						 " current_user FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
						 " WHERE c.oid = to_regclass($1)::oid", 1, params));
	*there = PQntuples(res) > 0;
	if (*there)
		status = check_side(t, res, err);
	PQclear(res);
	return status;
}

void
ppdl_rekey_free_texts(PpdlRekeyTable *t)
{
	free(t->comment);
	free(t->old_keys);
	free(t->needs);
	free(t->digest);
	t->comment = t->old_keys = t->needs = t->digest = NULL;
}

/* rows that have a value under a key which is none of those that are known */
static PpdlStatus
count_strange(PpdlRekeyTable *t, uint64_t *n, PpdlError *err)
{
	char	   *each = ppdl_rekey_text("%%s.lwe_key_id(%%x) NOT IN (%%k, '%s')", t->new_id),
			   *where = each ? ppdl_rekey_each(t, each, " OR ") : NULL,
			   *sql = where ? ppdl_rekey_text("SELECT count(*) FROM %s t WHERE %s", t->name, where) : NULL;

	free(each);
	free(where);
	return ppdl_rekey_number(t, n, sql, err);
}

/* of rows that were taken when one of their keys was not known, a value is missing in the side table */
PpdlStatus
ppdl_rekey_forget_partial(PpdlRekeyTable *t, PpdlError *err)
{
	char	   *lacks = ppdl_rekey_each(t, "%s.lwe_key_id(%x) IN (%k) AND s.c%n IS NULL", " OR "),
			   *sql = lacks ? ppdl_rekey_text("DELETE FROM %s s USING %s t WHERE s.key = sha256(%s) AND (%s)", t->side,
											  t->name, t->digest, lacks) : NULL;

	free(lacks);
	return ppdl_rekey_run(t, NULL, 0, sql, err);
}

PpdlStatus
ppdl_rekey_look_again(PpdlRekeyTable *t, PpdlError *err)
{
	uint64_t	strange;

	PPDL_TRY(count_strange(t, &strange, err));
	if (strange == 0)
		return PPDL_OK;
	ppdl_writer_parts_free(t->writers);
	PPDL_TRY(ppdl_writer_parts_database(t->writers, t->db, err));
	PPDL_TRY(ppdl_writer_parts_open(t->writers, t->from, err));
	ppdl_rekey_free_texts(t);
	PPDL_TRY(make_texts(t, err));
	for (int i = 0; i < t->columns.count; i++)
		PPDL_TRY(survey_column(t, i, err));
	return ppdl_rekey_forget_partial(t, err);
}

PpdlStatus
ppdl_rekey_table_open(PpdlRekeyTable *t, PpdlError *err)
{
	/* rows that a policy hides are an error, not left under the old key */
	PPDL_TRY(ppdl_db_run(t->db, NULL, err, "SET row_security = off", 0, NULL));
	PPDL_TRY(ppdl_db_run(t->db, NULL, err, "SET statement_timeout = 0", 0, NULL));
	PPDL_TRY(ppdl_db_run(t->db, NULL, err, "SET idle_in_transaction_session_timeout = 0", 0, NULL));
	PPDL_TRY(find_table(t, err));
	PPDL_TRY(refuse_distributed(t, err));
	PPDL_TRY(check_rights(t, err));
	PPDL_TRY(find_columns(t, err));
	PPDL_TRY(make_texts(t, err));
	for (int i = 0; i < t->columns.count; i++)
		PPDL_TRY(survey_column(t, i, err));
	PPDL_TRY(ppdl_rekey_count_needed(t, &t->rows, err));
	return ppdl_rekey_find_side(t, &t->begun, err);
}

