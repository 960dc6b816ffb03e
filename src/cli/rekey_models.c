#include "cli/rekey_models.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/model_cipher.h"
#include "cli/progress.h"
#include "net/net.h"

PpdlStatus
ppdl_rekey_models_find(PpdlDb *db, const char *keys, int *count, PpdlError *err)
{
	const char *params[] = {keys};
	PGresult   *res;
	int			readable,
				writable;

	*count = 0;
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT has_table_privilege('%s.ppdl_models', 'SELECT'),"
						 " has_table_privilege('%s.ppdl_models', 'UPDATE')", 0, NULL));
	readable = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	writable = strcmp(PQgetvalue(res, 0, 1), "t") == 0;
	PQclear(res);
	if (!readable)
	{
		*count = -1;
		return PPDL_OK;
	}
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT count(*) FROM %s.ppdl_models"
						 " WHERE key_id = ANY (string_to_array($1, ',')) AND cipher IS NOT NULL", 1, params));
	*count = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	if (*count == 0 || writable)
		return PPDL_OK;
	ppdl_server_error(err, "%d versions of models have weights under the old key or its writers', and this role may "
					  "not change them",
					  *count);
	return ppdl_error_hint(err, PPDL_ERR_IO,
						   "GRANT UPDATE ON %s.ppdl_models helps; --no-models leaves them as they are.",
						   db->schema);
}

/* names the model; weights that have no place, or are none, stop everything: the old key would stay in use */
static PpdlStatus
name_model(const char *model, const char *version, PpdlError *err)
{
	char		message[sizeof err->message];

	if (err == NULL)
		return PPDL_ERR_INTERNAL;
	snprintf(message, sizeof message, "model \"%s@%s\": %.*s", model, version, PPDL_CUT(err->message, 200));
	memcpy(err->message, message, sizeof message);
	if (err->hint[0] == 0)
		ppdl_error_hint(err, err->code,
						"Nothing was changed. \"ppdl model drop %s@%s\" drops this version, --no-models "
						"leaves all as they are.", model, version);
	return err->code;
}

static PpdlStatus
move_one(PpdlDb *db, PpdlOwner *from, PpdlOwner *to, const PGresult *res, int r, PpdlError *err)
{
	const char *model = PQgetvalue(res, r, 0),
			   *version = PQgetvalue(res, r, 1);
	char		key[17];
	const char *params[] = {model, version, NULL, key};
	PGresult   *row;
	PpdlWriter	cipher;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(db, &row, err, "SELECT spec::text, cipher[1]::text, cardinality(cipher) FROM %s.ppdl_models"
						 " WHERE name = $1 AND version = $2::int FOR UPDATE", 2, params));
	ppdl_writer_init(&cipher);
	if (PQntuples(row) != 1 || strcmp(PQgetvalue(row, 0, 2), "1") != 0)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "its encrypted weights are no single ciphertext");
	else
		status = ppdl_model_reencrypt(&cipher, from, to, PQgetvalue(row, 0, 0), PQgetvalue(row, 0, 1), err);
	PQclear(row);
	if (status == PPDL_OK)
	{
		params[2] = (const char *) cipher.buf;
		ppdl_fingerprint_hex(key, ppdl_owner_fingerprint(to));
		status = ppdl_db_run(db, NULL, err, "UPDATE %s.ppdl_models SET cipher = $3::%s.lwe_cipher[], key_id = $4"
							 " WHERE name = $1 AND version = $2::int", 4, params);
	}
	ppdl_writer_free(&cipher);
	return status == PPDL_OK ? PPDL_OK : name_model(model, version, err);
}

PpdlStatus
ppdl_rekey_models_move(PpdlDb *db, const char *keys, PpdlOwner *from, PpdlOwner *to, PpdlError *err)
{
	const char *params[] = {keys};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT name, version FROM %s.ppdl_models"
						 " WHERE key_id = ANY (string_to_array($1, ','))"
						 " AND cipher IS NOT NULL ORDER BY name COLLATE \"C\", version", 1, params));
	for (int r = 0; r < PQntuples(res) && status == PPDL_OK; r++)
	{
		ppdl_progress(NULL, (uint64_t) r, (uint64_t) PQntuples(res), "models");
		status = ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") :
			move_one(db, from, to, res, r, err);
	}
	PQclear(res);
	return status;
}

/* "osteo@3 (role alice, 4 of 20 steps), ..." */
static void
put_trainings(PpdlWriter *w, const PGresult *res)
{
	char		line[200];

	for (int r = 0; r < PQntuples(res) && r < 5; r++)
	{
		snprintf(line, sizeof line, "%s%.*s (role \"%.*s\", %s of %s steps)", r ? ", " : "",
				 PPDL_CUT(PQgetvalue(res, r, 0), 80),
				 PPDL_CUT(PQgetvalue(res, r, 1), 64), PQgetvalue(res, r, 2), PQgetvalue(res, r, 3));
		ppdl_write_text(w, line);
	}
	if (PQntuples(res) > 5)
		ppdl_write_text(w, " and others");
	ppdl_write_u8(w, 0);
}

static PpdlStatus
tell_trainings(const PpdlDb *db, const PGresult *res, int leave, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	put_trainings(&w, res);
	if (w.bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else if (leave)
		ppdl_note("trainings that wait to be resumed stay under the old key: %s", (const char *) w.buf);
	else
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%d trainings with rows under the old key wait to be resumed: %.*s",
				   PQntuples(res), PPDL_CUT((const char *) w.buf, 400));
		status = ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
								 "Nothing was written. SELECT %s.ppdl_train_resume('NAME') finishes one as its role, "
								 "and its model moves with the rows; ppdl_drop_model('NAME') removes one; "
								 "--leave-trainings leaves them.", db->schema);
	}
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_rekey_trainings_check(PpdlDb *db, const char *keys, int leave, PpdlError *err)
{
	const char *params[] = {keys};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;
	int			known;

	/* 0.1.0 has no such list */
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT pg_catalog.to_regclass('%s.ppdl_checkpoints') IS NOT NULL", 0, NULL));
	known = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	PQclear(res);
	if (!known)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT model, coalesce(role::text, '?'), steps_done,"
						 " coalesce(steps::text, '?') FROM %s.ppdl_checkpoints"
						 " WHERE key_id = ANY (string_to_array($1, ',')) ORDER BY 1, 2", 1, params));
	if (PQntuples(res) > 0)
		status = tell_trainings(db, res, leave, err);
	PQclear(res);
	return status;
}
