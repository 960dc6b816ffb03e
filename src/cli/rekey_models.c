#include "cli/rekey_models.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/cli.h"
#include "cli/model_cipher.h"
#include "cli/progress.h"
#include "net/net.h"

PpdlStatus
ppdl_rekey_models_find(PpdlDb *db, const char *key_id, int *count, PpdlError *err)
{
	const char *params[] = {key_id};
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
		ppdl_note("this role may not read models: what is encrypted under the old key stays so");
	if (!readable)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT count(*) FROM %s.ppdl_models WHERE key_id = $1 AND cipher IS NOT NULL",
						 1, params));
	*count = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	if (*count == 0 || writable)
		return PPDL_OK;
	ppdl_server_error(err, "%d versions of models have weights under the old key, and this role may not change them",
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
	snprintf(message, sizeof message, "model \"%s@%s\": %.200s", model, version, err->message);
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
ppdl_rekey_models_move(PpdlDb *db, PpdlOwner *from, PpdlOwner *to, PpdlError *err)
{
	char		key[17];
	const char *params[] = {key};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	ppdl_fingerprint_hex(key, ppdl_owner_fingerprint(from));
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT name, version FROM %s.ppdl_models WHERE key_id = $1"
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
