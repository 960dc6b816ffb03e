#include "cli/model_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cluster.h"

/* columns of LIST */
enum
{
	L_NAME, L_VERSION, L_PIN, L_DEFAULT
};

/* all versions of the models of $1 (NULL: all), or of the one of version $2 */
#define LIST "SELECT name, version, %s.ppdl_model_pin(name || '@' || version), is_default FROM %s.ppdl_models" \
	" WHERE ($1::text IS NULL OR name = $1) AND ($2::int IS NULL OR version = $2) ORDER BY name COLLATE \"C\", version"

typedef struct Job
{
	const PpdlModelSync *sync;
	PpdlDb	   *source;
	const char *params[2];		/* of LIST */
	PGresult   *models;			/* the source's LIST */
} Job;

static const char *
cell(const PGresult *res, int row, int column)
{
	return PQgetisnull(res, row, column) ? NULL : PQgetvalue(res, row, column);
}

static PpdlStatus
run(PpdlDb *db, const char *sql, PpdlError *err)
{
	return ppdl_db_run(db, NULL, err, sql, 0, NULL);
}

/* the row of a list for the same version as row r of another; -1: none */
static int
find(const PGresult *list, const PGresult *of, int r)
{
	for (int i = 0; i < PQntuples(list); i++)
		if (strcmp(PQgetvalue(list, i, L_NAME), PQgetvalue(of, r, L_NAME)) == 0 &&
			strcmp(PQgetvalue(list, i, L_VERSION), PQgetvalue(of, r, L_VERSION)) == 0)
			return i;
	return -1;
}

static int
has_name(const PGresult *list, const char *name)
{
	for (int i = 0; i < PQntuples(list); i++)
		if (strcmp(PQgetvalue(list, i, L_NAME), name) == 0)
			return 1;
	return 0;
}

static PpdlStatus
differs(const PpdlDb *db, const char *what, PpdlError *err)
{
	char		place[PPDL_PLACE];

	ppdl_server_error(err, "%s: %s", ppdl_db_place(db, place), what);
	return ppdl_error_hint(err, PPDL_ERR_IO, "Nothing was changed there. --replace makes it what the source has.");
}

static PpdlStatus
drop(PpdlDb *db, const PGresult *list, int r, PpdlError *err)
{
	const char *params[] = {PQgetvalue(list, r, L_NAME), PQgetvalue(list, r, L_VERSION)};

	return ppdl_db_run(db, NULL, err, "DELETE FROM %s.ppdl_models WHERE name = $1 AND version = $2::int", 2, params);
}

/* versions there that the source lacks: a name alone would mean another model there */
static PpdlStatus
remove_others(Job *j, PpdlDb *db, const PGresult *there, int *removed, PpdlError *err)
{
	char		what[300];

	for (int r = 0; r < PQntuples(there); r++)
	{
		if (!has_name(j->models, PQgetvalue(there, r, L_NAME)) || find(j->models, there, r) >= 0)
			continue;
		snprintf(what, sizeof what, "model \"%s\" is there and not in the source", PQgetvalue(there, r, L_PIN));
		if (!j->sync->replace)
			return differs(db, what, err);
		PPDL_TRY(drop(db, there, r, err));
		++*removed;
	}
	return PPDL_OK;
}

static PpdlStatus
send_version(Job *j, PpdlDb *db, int r, PpdlError *err)
{
	const char *key[] = {PQgetvalue(j->models, r, L_NAME), PQgetvalue(j->models, r, L_VERSION)};
	const char *values[7] = {key[0], key[1]};
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(j->source, &res, err,
						 "SELECT spec::text, weights::text, cipher::text, key_id, trained::text FROM %s.ppdl_models"
						 " WHERE name = $1 AND version = $2::int", 2, key));
	for (int i = 0; i < 5; i++)
		values[2 + i] = cell(res, 0, i);
	status = ppdl_db_run(db, NULL, err,
						 "INSERT INTO %s.ppdl_models (name, version, spec, weights, cipher, key_id, trained)"
						 " VALUES ($1, $2::int, $3::jsonb, $4::float8[], $5::%s.lwe_cipher[], $6, $7::jsonb)", 7,
						 values);
	PQclear(res);
	return status;
}

static PpdlStatus
send_missing(Job *j, PpdlDb *db, const PGresult *there, int *sent, PpdlError *err)
{
	char		what[300];

	for (int r = 0; r < PQntuples(j->models); r++)
	{
		int			at = find(there, j->models, r);

		if (at >= 0 && strcmp(PQgetvalue(there, at, L_PIN), PQgetvalue(j->models, r, L_PIN)) == 0)
			continue;
		if (at >= 0)
		{
			snprintf(what, sizeof what, "model \"%s\" is \"%s\" there", PQgetvalue(j->models, r, L_PIN),
					 PQgetvalue(there, at, L_PIN));
			if (!j->sync->replace)
				return differs(db, what, err);
			PPDL_TRY(drop(db, there, at, err));
		}
		PPDL_TRY(send_version(j, db, r, err));
		++*sent;
	}
	return PPDL_OK;
}

/* a name means the same version there */
static PpdlStatus
same_default(PpdlDb *db, const char *ref, PpdlError *err)
{
	const char *params[] = {ref};

	return ppdl_db_run(db, NULL, err,
					   "SELECT %s.ppdl_set_default_model($1) WHERE NOT EXISTS (SELECT FROM %s.ppdl_models"
					   " WHERE is_default AND name || '@' || version = $1)", 1, params);
}

static PpdlStatus
same_defaults(Job *j, PpdlDb *db, PpdlError *err)
{
	char		ref[200];

	for (int r = 0; r < PQntuples(j->models); r++)
		if (strcmp(PQgetvalue(j->models, r, L_DEFAULT), "t") == 0)
		{
			snprintf(ref, sizeof ref, "%s@%s", PQgetvalue(j->models, r, L_NAME), PQgetvalue(j->models, r, L_VERSION));
			PPDL_TRY(same_default(db, ref, err));
		}
	return PPDL_OK;
}

/* what was sent arrived as what it was */
static PpdlStatus
check_there(Job *j, PpdlDb *db, PpdlError *err)
{
	PGresult   *there;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_db_run(db, &there, err, LIST, 2, j->params));
	for (int r = 0; r < PQntuples(j->models) && status == PPDL_OK; r++)
	{
		int			at = find(there, j->models, r);

		if (at < 0 || strcmp(PQgetvalue(there, at, L_PIN), PQgetvalue(j->models, r, L_PIN)) != 0)
			status = ppdl_server_error(err, "model \"%s\" did not arrive as it was sent",
									   PQgetvalue(j->models, r, L_PIN));
	}
	PQclear(there);
	return status;
}

static PpdlStatus
bring(Job *j, PpdlDb *db, PpdlError *err)
{
	PGresult   *there;
	PpdlStatus	status;
	char		place[PPDL_PLACE];
	int			sent = 0,
				removed = 0;

	PPDL_TRY(ppdl_db_extension(db, err));
	PPDL_TRY(ppdl_db_version(db, err));
	PPDL_TRY(run(db, "BEGIN", err));
	/* nobody stores a version meanwhile; readers are not in the way */
	PPDL_TRY(run(db, "LOCK TABLE %s.ppdl_models IN SHARE ROW EXCLUSIVE MODE", err));
	PPDL_TRY(ppdl_db_run(db, &there, err, LIST, 2, j->params));
	/* with a version named, others are not looked at */
	status = j->params[1] == NULL ? remove_others(j, db, there, &removed, err) : PPDL_OK;
	if (status == PPDL_OK)
		status = send_missing(j, db, there, &sent, err);
	PQclear(there);
	PPDL_TRY(status);
	/* with a version named, what the name alone means is not touched */
	if (j->params[1] == NULL)
		PPDL_TRY(same_defaults(j, db, err));
	PPDL_TRY(check_there(j, db, err));
	PPDL_TRY(run(db, "COMMIT", err));
	printf("%s: %d versions of models sent, %d were there", ppdl_db_place(db, place), sent,
		   PQntuples(j->models) - sent);
	if (removed > 0)
		printf(", %d others removed", removed);
	putchar('\n');
	return PPDL_OK;
}

/* PpdlNodeWork; a transaction that failed ends with its connection */
static PpdlStatus
bring_to_node(void *j, PpdlDb *node, PpdlError *err)
{
	return bring(j, node, err);
}

static PpdlStatus
bring_to_all(Job *j, PpdlError *err)
{
	const PpdlModelSync *sync = j->sync;

	for (int i = 0; i < sync->to.count; i++)
	{
		PpdlDb		db;
		PpdlStatus	status;

		PPDL_TRY(ppdl_db_open(&db, sync->to.item[i], err));
		status = bring(j, &db, err);
		ppdl_db_close(&db);
		PPDL_TRY(status);
	}
	if (sync->all_nodes)
		return ppdl_cluster_each(j->source, sync->yes, "they have the models that they had", bring_to_node, j, err);
	return PPDL_OK;
}

static PpdlStatus
sync_named(Job *j, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_version(j->source, err));
	/* one snapshot for all that is sent; numbers as they are */
	PPDL_TRY(run(j->source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err));
	PPDL_TRY(run(j->source, "SET LOCAL extra_float_digits = 1", err));
	PPDL_TRY(ppdl_db_run(j->source, &j->models, err, LIST, 2, j->params));
	if (PQntuples(j->models) > 0 || j->params[0] == NULL)
		status = bring_to_all(j, err);
	else
		status = ppdl_error(err, PPDL_ERR_FORMAT, "there is no model \"%s\" in database \"%s\"", j->sync->model,
							PQdb(j->source->conn));
	PQclear(j->models);
	return status;
}

PpdlStatus
ppdl_model_sync(PpdlDb *source, const PpdlModelSync *sync, PpdlError *err)
{
	Job			j = {.sync = sync, .source = source};
	const char *at = sync->model ? strchr(sync->model, '@') : NULL;
	char	   *name = sync->model ? strndup(sync->model, strcspn(sync->model, "@")) : NULL;
	PpdlStatus	status;

	if (sync->model && name == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j.params[0] = name;
	j.params[1] = at ? at + 1 : NULL;
	if (at && (at[1] == 0 || strspn(at + 1, "0123456789") != strlen(at + 1) || strlen(at + 1) > 9))
		status = ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\": a version is a whole number, as in name@3", sync->model);
	else
		status = sync_named(&j, err);
	free(name);
	return status;
}
