#include "cli/study_keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/outfile.h"
#include "cli/progress.h"
#include "cli/publish.h"
#include "cli/secret.h"
#include "rsa/file.h"

#define RSA_BITS 3072

static int
processors(void)
{
	long		n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 256 ? 256 : (int) n;
}

/* ------------------------------------------------------------------ publishing */

static PpdlStatus
publish(PpdlDb *db, const char *file, int use, const char *name, PpdlError *err)
{
	PpdlPublication *p;
	PpdlPublished done;
	PpdlStatus	status;

	PPDL_TRY(ppdl_publication_open(&p, file, use, name, err));
	/* from here on there is something to take back */
	ppdl_db_cancel_on_interrupt(db);
	ppdl_db_cancel_on_termination();
	status = ppdl_publication_send(p, db, &done, err);
	if (status == PPDL_OK && done.parts > 0)
		ppdl_note("key \"%s\" (%s): %d parts sent, %.1f MiB", done.name, done.key_id, done.parts,
				  (double) done.bytes / (1 << 20));
	ppdl_publication_close(p);
	return status;
}

static PpdlStatus
is_complete(PpdlStudyKeys *k, PpdlDb *db, int *complete, PpdlError *err)
{
	const char *params[] = {k->lwe_id, ppdl_use_names[ppdl_use_most(k->use)]};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT FROM %s.ppdl_key_use_info WHERE key_id = $1 AND use = $2 AND complete",
						 2, params));
	*complete = PQntuples(res) > 0;
	PQclear(res);
	return PPDL_OK;
}

/* a public file that lives no longer than its way to the server takes */
static PpdlStatus
send_public(PpdlStudyKeys *k, PpdlDb *db, const char *directory, const char *name, PpdlError *err)
{
	PpdlThreads *threads;
	char	   *path,
			   *temporary;
	PpdlStatus	status;

	if (asprintf(&path, "%s/study.pub", directory) < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_out_temporary(path, &temporary, err);
	free(path);
	PPDL_TRY(status);
	status = ppdl_threads_create(&threads, processors(), err);
	if (status == PPDL_OK)
	{
		status = ppdl_owner_write_public(k->owner, temporary, 2 * k->use - 1, threads, ppdl_progress, NULL, err);
		ppdl_threads_destroy(threads);
		ppdl_progress_clear();
	}
	if (status == PPDL_OK)
		status = publish(db, temporary, k->use, name, err);
	unlink(temporary);
	ppdl_out_forget(temporary);
	free(temporary);
	return status;
}

/* The server expands keys when they are first used: that belongs to no run. */
static void
warm(PpdlStudyKeys *k, PpdlDb *db)
{
	const char *params[] = {k->lwe_id, ppdl_use_names[ppdl_use_most(k->use)]};
	PpdlError	why;

	if (ppdl_db_run(db, NULL, &why, "SELECT %s.ppdl_cache_warm($1, $2)", 2, params) != PPDL_OK)
		ppdl_note("the first run will take the server's time to expand keys, too: %s", why.message);
}

static PpdlStatus
read_bytes(PpdlDb *db, const char *key_id, const char *use, double *bytes, PpdlError *err)
{
	const char *params[] = {key_id, use};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, use ?
						 "SELECT sum(bytes) FROM %s.ppdl_key_part_info WHERE key_id = $1 "
						 "AND part IN (SELECT part FROM %s.ppdl_key_plan($2))" :
						 "SELECT sum(bytes) FROM %s.ppdl_key_part_info WHERE key_id = $1", use ? 2 : 1, params));
	*bytes = strtod(PQgetvalue(res, 0, 0), NULL);
	PQclear(res);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ one key of each scheme */

static PpdlStatus
new_or_given(PpdlStudyKeys *k, const PpdlStudyKeyWish *wish, PpdlError *err)
{
	k->is_given = wish->key != NULL;
	if (wish->key)
		return ppdl_key_open(&k->owner, wish->key, wish->passphrase_file, err);
	if (wish->use == PPDL_USE_TRAIN)
		ppdl_note("making keys for training, about 1 GB");
	return ppdl_owner_generate(&k->owner, "ppdl-study", err);
}

static PpdlStatus
open_lwe(PpdlStudyKeys *k, const PpdlStudyKeyWish *wish, PpdlDb *db, PpdlError *err)
{
	int			complete;
	char		name[40];

	if (wish->use == 0)
		return PPDL_OK;
	PPDL_TRY(new_or_given(k, wish, err));
	k->use = wish->use;
	ppdl_fingerprint_hex(k->lwe_id, ppdl_owner_fingerprint(k->owner));
	snprintf(name, sizeof name, "ppdl-study-%s", k->lwe_id);
	PPDL_TRY(is_complete(k, db, &complete, err));
	k->is_published = 1;
	if (!complete)
		PPDL_TRY(send_public(k, db, wish->directory, k->is_given ? NULL : name, err));
	warm(k, db);
	PPDL_TRY(read_bytes(db, k->lwe_id, "predict", &k->predict_bytes, err));
	return k->use == PPDL_USE_TRAIN ? read_bytes(db, k->lwe_id, "train", &k->train_bytes, err) : PPDL_OK;
}

static PpdlStatus
open_rsa(PpdlStudyKeys *k, const PpdlStudyKeyWish *wish, PpdlDb *db, PpdlError *err)
{
	const PpdlRsaPublic *pub;
	char		name[40];

	if (!wish->rsa)
		return PPDL_OK;
	PPDL_TRY(ppdl_rsa_generate(&k->rsa, RSA_BITS, NULL, err));
	PPDL_TRY(ppdl_threads_create(&k->threads, processors(), err));
	pub = ppdl_rsa_key_public(k->rsa);
	if (asprintf(&k->rsa_file, "%s/study-rsa.pub", wish->directory) < 0)
	{
		k->rsa_file = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	unlink(k->rsa_file);
	PPDL_TRY(ppdl_rsa_public_save(pub, k->rsa_file, err));
	snprintf(k->rsa_id, sizeof k->rsa_id, "%s", pub->key_id);
	snprintf(name, sizeof name, "study-rsa-%s", k->rsa_id);
	PPDL_TRY(publish(db, k->rsa_file, 0, name, err));
	return read_bytes(db, k->rsa_id, NULL, &k->rsa_bytes, err);
}

PpdlStatus
ppdl_study_keys_open(PpdlStudyKeys *k, const PpdlStudyKeyWish *wish, PpdlDb *db, PpdlError *err)
{
	memset(k, 0, sizeof *k);
	PPDL_TRY(open_lwe(k, wish, db, err));
	return open_rsa(k, wish, db, err);
}

static PpdlStatus
delete_key(PpdlDb *db, char key_id[17], PpdlError *err)
{
	const char *params[] = {key_id};

	if (key_id[0] == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, NULL, err, "DELETE FROM %s.ppdl_keys WHERE key_id = $1", 1, params));
	key_id[0] = 0;
	return PPDL_OK;
}

PpdlStatus
ppdl_study_keys_remove(PpdlStudyKeys *k, PpdlDb *db, PpdlError *err)
{
	if (k->is_published && !k->is_given)
		PPDL_TRY(delete_key(db, k->lwe_id, err));
	return delete_key(db, k->rsa_id, err);
}

void
ppdl_study_keys_close(PpdlStudyKeys *k)
{
	ppdl_threads_destroy(k->threads);
	ppdl_rsa_key_free(k->rsa);
	ppdl_owner_destroy(k->owner);
	if (k->rsa_file)
		unlink(k->rsa_file);
	free(k->rsa_file);
	memset(k, 0, sizeof *k);
}

PpdlStatus
ppdl_study_keys_decrypt(PpdlStudyKeys *k, const char *s, size_t len, PpdlValues *out, PpdlError *err)
{
	PpdlReveal	r = {.owner = &k->owner, .owners = k->owner != NULL, .rsa = &k->rsa, .rsas = k->rsa != NULL,
					 .threads = k->threads};

	return ppdl_reveal_values(&r, s, len, out, err);
}
