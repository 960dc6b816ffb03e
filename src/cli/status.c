#include "cli/status.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/pemfile.h"
#include "owner/owner.h"

#define SAMPLE "200"			/* values of a column that are looked at */
#define CACHE_DIR "pgsql_tmp_ppdl"	/* of the server's data directory: PPDL_CACHE_DIR of src/pg/keys.h */
#define COUNTED "100 MB"		/* tables up to this size are counted, of larger ones the server's estimate is taken */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* the only row's only column, JSON, takes the place of name in o */
static PpdlStatus
take_answer(json_t *o, const char *name, const PGresult *res, PpdlError *err)
{
	json_t	   *value = PQntuples(res) == 1 && !PQgetisnull(res, 0, 0) ?
		json_loads(PQgetvalue(res, 0, 0), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : json_null();

	return value && json_object_set_new(o, name, value) == 0 ? PPDL_OK : no_memory(err);
}

static PpdlStatus
ask(json_t *o, const char *name, PpdlDb *db, const char *sql, int nparams, const char *const *params, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(db, &res, err, sql, nparams, params));
	status = take_answer(o, name, res, err);
	PQclear(res);
	return status;
}

/* the same of SQL in which names of tables stand, which may hold anything; freed here */
static PpdlStatus
ask_made(json_t *o, const char *name, PpdlDb *db, char *sql, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status;

	if (sql == NULL)
		return no_memory(err);
	res = PQexec(db->conn, sql);
	free(sql);
	status = PQresultStatus(res) == PGRES_TUPLES_OK ? take_answer(o, name, res, err) : ppdl_db_error(db, res, err);
	PQclear(res);
	return status;
}

/* ------------------------------------------------------------------ keys */

/* the fingerprint of a key file of any kind that needs no passphrase */
static PpdlStatus
fingerprint_of(const char *path, char id[17], PpdlError *err)
{
	char		name[64];
	PpdlPemKind kind;
	PpdlPublicFile *f;
	PpdlRsaPublic *pub;

	PPDL_TRY(ppdl_pem_kind(path, &kind, err));
	if (kind == PPDL_PEM_PUBLIC)
	{
		PPDL_TRY(ppdl_rsa_public_load(&pub, path, err));
		memcpy(id, pub->key_id, 17);
		ppdl_rsa_public_free(pub);
		return PPDL_OK;
	}
	if (kind == PPDL_PEM_PRIVATE)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, 
				   "\"%s\" is a secret RSA key, which says what it is only with its passphrase", path);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give the public file that was made with it.");
	}
	if (ppdl_owner_peek(path, name, id, err) == PPDL_OK)
		return PPDL_OK;
	PPDL_TRY(ppdl_name_file(path, ppdl_public_file_open(&f, path, err), err));
	ppdl_fingerprint_hex(id, ppdl_public_file_fingerprint(f));
	ppdl_public_file_close(f);
	return PPDL_OK;
}

static PpdlStatus
mark_ours(json_t *status, const PpdlList *ours, PpdlError *err)
{
	json_t	   *key,
			   *keys = json_object_get(status, "keys");
	size_t		i;
	char		id[17];
	int			bad = 0;

	for (int k = 0; k < ours->count; k++)
	{
		PPDL_TRY(fingerprint_of(ours->item[k], id, err));
		json_array_foreach(keys, i, key)
			if (strcmp(json_string_value(json_object_get(key, "key_id")), id) == 0)
				bad |= json_object_set_new(key, "ours", json_true());
	}
	json_array_foreach(keys, i, key)
		if (ours->count > 0 && json_object_get(key, "ours") == NULL)
			bad |= json_object_set_new(key, "ours", json_false());
	return bad ? no_memory(err) : PPDL_OK;
}

/* ------------------------------------------------------------------ encrypted columns */

/* table, column, whether of LWE, whether it may be read, whether to count rows */
static const char columns_sql[] =
"SELECT format('%I.%I', n.nspname, c.relname), a.attname, quote_ident(a.attname), t.typname,"
" has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'),"
" c.reltuples::bigint, c.relkind = 'p' OR c.reltuples < 0 OR pg_table_size(c.oid) < pg_size_bytes('" COUNTED "')"
" FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_type t ON t.oid = a.atttypid"
" WHERE a.atttypid IN ($1::oid, $2::oid) AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition"
" AND c.relkind IN ('r', 'p', 'm') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
" AND d.objid = c.oid AND d.deptype = 'e')"
" ORDER BY 1, a.attnum";

/* what a few values are */
static PpdlStatus
sample(PpdlDb *db, json_t *column, const char *table, const char *name, int is_lwe, PpdlError *err)
{
	const char *x = db->schema;
	char	   *what,
			   *sql = NULL;
	json_t	   *found = json_object();
	PpdlStatus	status;

	if (found == NULL)
		return no_memory(err);
	if (asprintf(&what, is_lwe ?
				 "'keys', (SELECT json_agg(DISTINCT %s.lwe_key_id(v)) FROM s),"
				 " 'kinds', (SELECT json_agg(DISTINCT %s.lwe_kind(v) || CASE WHEN %s.lwe_ring(v) LIKE 'compact%%'"
				 " THEN ', compact' ELSE '' END) FROM s),"
				 " 'widths', (SELECT json_agg(DISTINCT %s.lwe_width(v)) FROM s),"
				 " 'encodings', (SELECT json_agg(DISTINCT %s.lwe_encoding(v)) FROM s"
				 " WHERE %s.lwe_encoding(v) IS NOT NULL)" :
				 "'keys', (SELECT json_agg(DISTINCT %s.rsa_key_id(v)) FROM s), 'kinds', json_build_array('rsa'),"
				 " 'widths', NULL", x, x, x, x, x, x) < 0)
		what = NULL;
	if (what && asprintf(&sql, "WITH s AS (SELECT %s AS v FROM %s WHERE %s IS NOT NULL LIMIT " SAMPLE ")"
						 " SELECT json_build_object(%s)", name, table, name, what) < 0)
		sql = NULL;
	free(what);
	status = ask_made(found, "sample", db, sql, err);
	if (status == PPDL_OK && json_object_update(column, json_object_get(found, "sample")) != 0)
		status = no_memory(err);
	json_decref(found);
	return status;
}

static PpdlStatus
count(PpdlDb *db, json_t *column, const char *table, PpdlError *err)
{
	char	   *sql;

	if (asprintf(&sql, "SELECT count(*) FROM %s", table) < 0)
		sql = NULL;
	return ask_made(column, "rows", db, sql, err);
}

/* models of as many inputs as the column has values, of its encoding or of none, plain or under its key */
static PpdlStatus
fitting(PpdlDb *db, json_t *column, PpdlError *err)
{
	char	   *text = json_dumps(column, 0);
	const char *params[] = {text};
	PpdlStatus	status;

	if (text == NULL)
		return no_memory(err);
	status = ask(column, "models", db,
				 "SELECT coalesce(json_agg(m.name || '@' || m.version ORDER BY m.name, m.version), '[]')"
				 " FROM %s.ppdl_models m WHERE m.spec->'inputs' IN"
				 " (SELECT jsonb_array_elements(nullif($1::jsonb->'widths', 'null')))"
				 " AND (m.spec->>'encoding' IS NULL OR jsonb_typeof($1::jsonb->'encodings') IS DISTINCT FROM 'array'"
				 " OR $1::jsonb->'encodings' ? (m.spec->>'encoding'))"
				 " AND (m.cipher IS NULL OR $1::jsonb->'keys' ? m.key_id)"
				 " AND (m.weights IS NOT NULL OR m.cipher IS NOT NULL)", 1, params, err);
	free(text);
	return status;
}

/* what a row of columns_sql is about */
static PpdlStatus
look_into(PpdlDb *db, json_t *column, const PGresult *res, int i, int may_read_models, PpdlError *err)
{
	const char *table = PQgetvalue(res, i, 0);
	const int	is_lwe = strcmp(PQgetvalue(res, i, 3), "lwe_cipher") == 0,
				counted = PQgetvalue(res, i, 6)[0] == 't';

	if (counted)
		PPDL_TRY(count(db, column, table, err));
	else if (json_object_set_new(column, "rows", json_integer(atoll(PQgetvalue(res, i, 5)))) != 0)
		return no_memory(err);
	if (json_object_set_new(column, "rows_are_estimated", json_boolean(!counted)) != 0)
		return no_memory(err);
	PPDL_TRY(sample(db, column, table, PQgetvalue(res, i, 2), is_lwe, err));
	return is_lwe && may_read_models ? fitting(db, column, err) : PPDL_OK;
}

static PpdlStatus
add_column(PpdlDb *db, json_t *columns, const PGresult *res, int i, int may_read_models, PpdlError *err)
{
	const int	readable = PQgetvalue(res, i, 4)[0] == 't';
	json_t	   *column = json_pack("{sssssssb}", "table", PQgetvalue(res, i, 0), "column", PQgetvalue(res, i, 1),
								   "type", PQgetvalue(res, i, 3), "readable", readable);
	PpdlStatus	status;

	if (column == NULL || json_array_append_new(columns, column) != 0)
		return no_memory(err);
	status = readable ? look_into(db, column, res, i, may_read_models, err) : PPDL_OK;
	/* one table that fails hides no other */
	if (status == PPDL_ERR_IO && PQstatus(db->conn) == CONNECTION_OK)
		return json_object_set_new(column, "error", json_string(err->message)) == 0 ? PPDL_OK : no_memory(err);
	return status;
}

static PpdlStatus
gather_columns(json_t *status, PpdlDb *db, PpdlError *err)
{
	char		lwe[16],
				rsa[16];
	const char *params[] = {lwe, rsa};
	json_t	   *columns = json_array();
	PGresult   *res;
	PpdlStatus	result;
	int			may_read_models;

	if (columns == NULL || json_object_set_new(status, "columns", columns) != 0)
		return no_memory(err);
	snprintf(lwe, sizeof lwe, "%u", db->lwe);
	snprintf(rsa, sizeof rsa, "%u", db->rsa);
	PPDL_TRY(ppdl_db_run(db, &res, err, 
						 "SELECT has_table_privilege(c.oid, 'SELECT') FROM pg_class c JOIN pg_extension e"
						 " ON c.relnamespace = e.extnamespace WHERE e.extname = 'ppdl' AND c.relname = 'ppdl_models'",
						 0, NULL));
	may_read_models = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	PPDL_TRY(ppdl_db_run(db, &res, err, columns_sql, 2, params));
	result = PPDL_OK;
	for (int i = 0; i < PQntuples(res) && result == PPDL_OK; i++)
		result = add_column(db, columns, res, i, may_read_models, err);
	PQclear(res);
	return result;
}

/* ------------------------------------------------------------------ all */

static const char server_sql[] =
"SELECT json_build_object('version', split_part(current_setting('server_version'), ' ', 1),"
" 'database', current_database(), 'user', current_user, 'standby', pg_is_in_recovery())";
static const char extension_sql[] =
"SELECT json_build_object('version', extversion, 'schema', nspname, 'newest', default_version) FROM pg_extension"
" JOIN pg_namespace n ON n.oid = extnamespace JOIN pg_available_extensions a ON a.name = extname"
" WHERE extname = 'ppdl'";
static const char keys_sql[] =
"SELECT coalesce(json_agg(json_build_object('key_id', key_id, 'name', name, 'scheme', scheme, 'uses', uses,"
" 'bytes', bytes, 'complete', complete, 'binding', binding, 'owner', owner) ORDER BY name), '[]')"
" FROM %s.ppdl_key_info";
static const char cache_sql[] =
"SELECT CASE WHEN has_function_privilege('pg_ls_dir(text, boolean, boolean)', 'execute')"
" AND has_function_privilege('pg_stat_file(text, boolean)', 'execute') THEN 1 ELSE 0 END";
static const char cache_size_sql[] =
"SELECT json_build_object('bytes', coalesce(sum((pg_stat_file(d || k || '/' || f, true)).size), 0))"
" FROM (SELECT '" CACHE_DIR "/' || oid || '/' AS d FROM pg_database WHERE datname = current_database()) here,"
" pg_ls_dir(d, true, false) k, pg_ls_dir(d || k, true, false) f WHERE (pg_stat_file(d || k, true)).isdir";
static const char trainings_sql[] =
"SELECT coalesce(json_agg(json_build_object('model', model, 'role', role, 'steps_done', steps_done, 'steps', steps,"
" 'seconds', seconds, 'bytes', bytes, 'written', written) ORDER BY model), '[]') FROM %s.ppdl_checkpoints";

static PpdlStatus
gather_cache(json_t *status, PpdlDb *db, PpdlError *err)
{
	PGresult   *res;
	int			may;

	PPDL_TRY(ppdl_db_run(db, &res, err, cache_sql, 0, NULL));
	may = PQgetvalue(res, 0, 0)[0] == '1';
	PQclear(res);
	if (may)
		return ask(status, "cache", db, cache_size_sql, 0, NULL, err);
	return json_object_set_new(status, "cache", json_null()) == 0 ? PPDL_OK : no_memory(err);
}

static PpdlStatus
gather(json_t *status, PpdlDb *db, const PpdlList *ours, PpdlError *err)
{
	PPDL_TRY(ask(status, "server", db, server_sql, 0, NULL, err));
	PPDL_TRY(ask(status, "extension", db, extension_sql, 0, NULL, err));
	PPDL_TRY(ppdl_db_version(db, err));
	PPDL_TRY(ask(status, "keys", db, keys_sql, 0, NULL, err));
	PPDL_TRY(mark_ours(status, ours, err));
	PPDL_TRY(gather_columns(status, db, err));
	PPDL_TRY(gather_cache(status, db, err));
	return ask(status, "trainings", db, trainings_sql, 0, NULL, err);
}

PpdlStatus
ppdl_status_gather(json_t **out, PpdlDb *db, const PpdlList *ours, PpdlError *err)
{
	json_t	   *status = json_object();
	PpdlStatus	result = status ? gather(status, db, ours, err) : no_memory(err);

	*out = NULL;
	if (result == PPDL_OK)
		*out = status;
	else
		json_decref(status);
	return result;
}
