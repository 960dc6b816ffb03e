#include "cli/publish.h"

#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli/cli.h"
#include "cli/pemfile.h"
#include "cli/progress.h"
#include "owner/writer.h"

/* what the server's ppdl_publish_part expects */
#define CHUNK (4u << 20)

struct PpdlPublication
{
	const char *file;
	PpdlPublicFile *f;
	PpdlWriter	pem;			/* an RSA key's only part */
	PpdlPublicPart rsa;
	const char *scheme,
			   *params;
	int			use;			/* PpdlUse */
	const char *name,			/* that the key has, or shall have, in the database */
			   *asked_name,		/* the caller's wish, or NULL */
			   *own_name;		/* that it is published under when nothing else is said */
	char	   *file_name,		/* of an RSA key */
			   *name_there;		/* that it has in the database already */
	char		key_id[17],
				owner_id[17],	/* of a writer's key: its owner; else "" */
				params_text[64];
	char	   *wanted;			/* of each part: still to be sent? */
	uint64_t	sent,
				total;
	int			parts;
};

static int
part_count(const PpdlPublication *j)
{
	return j->f ? ppdl_public_file_count(j->f) : 1;
}

static const PpdlPublicPart *
part(const PpdlPublication *j, int i)
{
	return j->f ? ppdl_public_file_part(j->f, i) : &j->rsa;
}

/* of the owner's signatures; NULL: the file has none */
static const uint8_t *
verify_key(const PpdlPublication *j)
{
	return j->f ? ppdl_public_file_verify_key(j->f) : NULL;
}

/*
 * A key keeps the name it has there; another name that was asked for, and a name that another key has, are errors
 * before anything is sent.
 */
static PpdlStatus
choose_name(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {j->key_id, j->own_name};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;
	const char *key_id,
			   *name;

	j->name = j->own_name;
	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT key_id, name FROM %s.ppdl_keys WHERE key_id = $1 OR name = $2 "
						 "ORDER BY key_id = $1 DESC",
						 2, params));
	key_id = PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : j->key_id;
	name = PQntuples(res) > 0 ? PQgetvalue(res, 0, 1) : j->name;
	if (strcmp(key_id, j->key_id) != 0)
	{
		ppdl_server_error(err, "the name \"%s\" is taken there by another key, %s", name, key_id);
		status = ppdl_error_hint(err, PPDL_ERR_IO, "Choose another name with --name.");
	}
	else if (strcmp(name, j->name) != 0 && j->asked_name != NULL)
	{
		ppdl_server_error(err, "this key, %s, is published there under the name \"%s\", not \"%s\"", key_id, name,
						  j->name);
		status = ppdl_error_hint(err, PPDL_ERR_IO,
								 "Leave out --name, or rename the key there: UPDATE ppdl_keys SET name = '%s' "
								 "WHERE key_id = '%s';",
								 j->name, key_id);
	}
	else
	{
		free(j->name_there);
		j->name = j->name_there = strdup(name);
		if (j->name == NULL)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	PQclear(res);
	return status;
}

/* parts that serve nobody but the makers of writers' keys */
static int
is_for_files(const PpdlPublicPart *p)
{
	uint8_t		ring;
	uint32_t	id;

	return ppdl_key_part_parse(p->name, &ring, &id) && (id == PPDL_KEY_PUBLIC_SPECIAL || id == PPDL_KEY_ENCAPSULATION);
}

/* marks the parts that the use needs, then unmarks those that are there */
static PpdlStatus
find_missing(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {j->key_id};
	PGresult   *res;

	for (int i = 0; i < part_count(j); i++)
		j->wanted[i] = part(j, i)->use <= j->use && !is_for_files(part(j, i));
	/* a part that is there without its signature is sent again */
	PPDL_TRY(ppdl_db_run(db, &res, err, verify_key(j) ?
						 "SELECT i.part, encode(i.sha256, 'hex') FROM %s.ppdl_key_part_info i WHERE i.key_id = $1 "
						 "AND i.complete AND (SELECT p.signature IS NOT NULL FROM %s.ppdl_key_parts p "
						 "WHERE p.key_id = i.key_id AND p.part = i.part AND p.chunk = 0)" :
						 "SELECT part, encode(sha256, 'hex') FROM %s.ppdl_key_part_info WHERE key_id = $1 AND complete",
						 1, params));
	for (int i = 0; i < part_count(j); i++)
	{
		const PpdlPublicPart *p = part(j, i);
		char		sha[65];

		ppdl_hex_write(sha, p->sha256, 32);
		for (int r = 0; r < PQntuples(res); r++)
			if (strcmp(PQgetvalue(res, r, 0), p->name) == 0 && strcmp(PQgetvalue(res, r, 1), sha) == 0)
				j->wanted[i] = 0;
	}
	PQclear(res);
	j->sent = j->total = 0;
	j->parts = 0;
	for (int i = 0; i < part_count(j); i++)
		if (j->wanted[i])
		{
			j->total += part(j, i)->len;
			j->parts++;
		}
	return PPDL_OK;
}

static PpdlStatus
send_chunk(PpdlPublication *j, PpdlDb *db, const char *sql, const PpdlPublicPart *p, uint32_t chunk, int *complete,
		   PpdlError *err)
{
	size_t		from = (size_t) chunk * CHUNK;
	size_t		n = p->len - from < CHUNK ? p->len - from : CHUNK;
	uint32_t	chunk_be = htonl(chunk);
	uint32_t	total_be[2] = {htonl((uint32_t) ((uint64_t) p->len >> 32)), htonl((uint32_t) p->len)};
	const uint8_t *key = verify_key(j);
	const char *params[11] = {j->key_id, j->name, j->scheme, j->params, p->name,
		(char *) &chunk_be, (char *) total_be, (char *) p->sha256, (char *) p->data + from, (char *) key,
		(char *) p->signature};
	int			lengths[11] = {0, 0, 0, 0, 0, sizeof chunk_be, sizeof total_be, sizeof p->sha256, (int) n,
	PPDL_VERIFY_KEY_BYTES, PPDL_SIGNATURE_BYTES};
	int			formats[11] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
	PGresult   *res = PQexecParams(db->conn, sql, key ? 11 : 9, NULL, params, lengths, formats, 0);
	PpdlStatus	status = PPDL_OK;

	if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
		*complete = PQgetvalue(res, 0, 0)[0] == 't';
	else
		status = ppdl_db_error(db, res, err);
	PQclear(res);
	j->sent += n;
	ppdl_progress(NULL, j->sent, j->total, p->name);
	return status;
}

static PpdlStatus
send_part(PpdlPublication *j, PpdlDb *db, const char *sql, const PpdlPublicPart *p, PpdlError *err)
{
	int			complete = 0;

	PPDL_TRY(ppdl_public_part_check(p, err));
	PPDL_TRY(ppdl_db_run(db, NULL, err, "BEGIN", 0, NULL));
	for (uint32_t chunk = 0; (size_t) chunk * CHUNK < p->len; chunk++)
		PPDL_TRY(send_chunk(j, db, sql, p, chunk, &complete, err));
	if (!complete)
		return ppdl_server_error(err, "the server did not accept part \"%s\" as complete", p->name);
	return ppdl_db_run(db, NULL, err, "COMMIT", 0, NULL);
}

static PpdlStatus
send_parts(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	char	   *sql;
	PpdlStatus	status = PPDL_OK;

	if (asprintf(&sql,
				 "SELECT %s.ppdl_publish_part($1::text, $2::text, $3::text, $4::text, $5::text, $6::int, $7::bigint, "
				 "$8::bytea, $9::bytea%s)",
				 db->schema, verify_key(j) ? ", $10::bytea, $11::bytea" : "") < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < part_count(j) && status == PPDL_OK; i++)
		if (j->wanted[i])
			status = send_part(j, db, sql, part(j, i), err);
	free(sql);
	ppdl_progress_clear();
	return status;
}

/* A key that was published without signatures is bound as soon as all its parts have them. */
static PpdlStatus
bind_key(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	const char *lookup[] = {j->key_id};
	char		key[2 + 2 * PPDL_VERIFY_KEY_BYTES + 1] = "\\x";
	const char *params[] = {j->key_id, key};
	PGresult   *res;
	int			unbound;

	if (verify_key(j) == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT verify_key IS NULL FROM %s.ppdl_keys WHERE key_id = $1", 1, lookup));
	unbound = PQntuples(res) == 1 && PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	if (!unbound)
		return PPDL_OK;
	ppdl_hex_write(key + 2, verify_key(j), PPDL_VERIFY_KEY_BYTES);
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT %s.ppdl_bind_key($1, $2::bytea)", 2, params));
	if (PQgetvalue(res, 0, 0)[0] != 't')
		ppdl_note("key \"%s\" stays unbound there: some of its parts are not signed; "
				  "publish a file that serves every use it was published for", j->name);
	PQclear(res);
	return PPDL_OK;
}

/* A writer's rows count as its owner's from now on: for the owner to say, whose rights it takes. */
static PpdlStatus
add_writer(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {j->key_id, j->owner_id};

	if (j->owner_id[0] == 0)
		return PPDL_OK;
	return ppdl_db_run(db, NULL, err, "SELECT %s.ppdl_add_writer($1, $2)", 2, params);
}

/* before anything is sent: the owner's key has to be there */
static PpdlStatus
check_owner(PpdlPublication *j, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {j->owner_id};
	PGresult   *res;
	int			there;

	if (j->owner_id[0] == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT 1 FROM %s.ppdl_keys WHERE key_id = $1", 1, params));
	there = PQntuples(res) > 0;
	PQclear(res);
	if (there)
		return PPDL_OK;
	ppdl_server_error(err, "\"%s\" writes for the owner of key %s, which is not published there", j->own_name,
					  j->owner_id);
	return ppdl_error_hint(err, PPDL_ERR_IO, "Publish the owner's public file first.");
}

PpdlStatus
ppdl_publication_send(PpdlPublication *j, PpdlDb *db, PpdlPublished *done, PpdlError *err)
{
	PPDL_TRY(ppdl_db_extension(db, err));
	PPDL_TRY(ppdl_db_version(db, err));
	PPDL_TRY(check_owner(j, db, err));
	PPDL_TRY(choose_name(j, db, err));
	PPDL_TRY(find_missing(j, db, err));
	PPDL_TRY(send_parts(j, db, err));
	PPDL_TRY(bind_key(j, db, err));
	PPDL_TRY(add_writer(j, db, err));
	*done = (PpdlPublished) {.key_id = j->key_id, .name = j->name, .parts = j->parts, .bytes = j->total,
		.owner_id = j->owner_id};
	return PPDL_OK;
}

/* ------------------------------------------------------------------ opening */

static PpdlStatus
choose_use(PpdlPublication *j, PpdlError *err)
{
	const int	most = ppdl_use_most(ppdl_public_file_uses(j->f));

	if (j->use == 0)
		j->use = 1 << most;
	if (j->use <= 1 << most)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" serves %s only", j->file, ppdl_use_names[most]);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Make a greater file from the secret key: ppdl keygen --key FILE.key --for %s --out PREFIX",
						   ppdl_use_names[ppdl_use_most(j->use)]);
}

static PpdlStatus
open_lwe(PpdlPublication *j, PpdlError *err)
{
	const PpdlPublicPart *seed;
	PpdlWriterHead head;

	PPDL_TRY(ppdl_name_file(j->file, ppdl_public_file_open(&j->f, j->file, err), err));
	PPDL_TRY(ppdl_name_file(j->file, ppdl_public_file_writer(j->f, &head, &seed, err), err));
	PPDL_TRY(choose_use(j, err));
	ppdl_fingerprint_hex(j->key_id, ppdl_public_file_fingerprint(j->f));
	j->own_name = ppdl_public_file_name(j->f);
	j->scheme = "lwe";
	j->params = "CKKS, rows in N = 2^14, bootstrapping in N = 2^16, 128 bits";
	if (seed != NULL)
		ppdl_fingerprint_hex(j->owner_id, head.owner);
	return PPDL_OK;
}

static PpdlStatus
open_rsa(PpdlPublication *j, PpdlError *err)
{
	PpdlRsaPublic *pub;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rsa_public_load(&pub, j->file, err));
	status = ppdl_rsa_public_to_pem(pub, &j->pem, err);
	snprintf(j->params_text, sizeof j->params_text, "RSA, %d bits", pub->bits);
	memcpy(j->key_id, pub->key_id, sizeof j->key_id);
	ppdl_rsa_public_free(pub);
	PPDL_TRY(status);
	j->rsa = (PpdlPublicPart) {.name = "public", .data = j->pem.buf, .len = j->pem.len};
	SHA256(j->pem.buf, j->pem.len, j->rsa.sha256);
	j->file_name = ppdl_pem_name(j->file);
	if (j->file_name == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j->own_name = j->file_name;
	j->scheme = "rsa";
	j->params = j->params_text;
	return PPDL_OK;
}

/* Is it a secret key?  Then nothing is sent, and loudly. */
static PpdlStatus
refuse_secret(const char *path, PpdlPemKind kind, PpdlError *err)
{
	char		start[4096];
	FILE	   *f = fopen(path, "r");
	size_t		n;
	int			is_secret;

	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	n = fread(start, 1, sizeof start, f);
	fclose(f);
	is_secret = memmem(start, n, "PRIVATE KEY-----", 16) != NULL ||
		memmem(start, n, "\"ppdl-owner-key\"", 16) != NULL ||
		memmem(start, n, "\"ppdl-writer-key\"", 17) != NULL;
	if (!is_secret && kind != PPDL_PEM_OTHER)
		return PPDL_OK;
	if (!is_secret)
		return ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is no public key: nothing was sent", path);
	ppdl_error(err, PPDL_ERR_KEY, "STOP: \"%s\" is a SECRET key, which must never leave its owner: nothing was sent",
			   path);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Publish the public file made with it, which ends in .pub. "
						   "Whoever has a copy of the secret one and its passphrase reads every row.");
}

static PpdlStatus
open_file(PpdlPublication *j, PpdlError *err)
{
	PpdlPemKind kind;

	PPDL_TRY(ppdl_pem_kind(j->file, &kind, err));
	PPDL_TRY(refuse_secret(j->file, kind, err));
	PPDL_TRY(kind == PPDL_PEM_PUBLIC ? open_rsa(j, err) : open_lwe(j, err));
	if (j->asked_name)
		j->own_name = j->asked_name;
	j->wanted = calloc((size_t) part_count(j) + 1, 1);
	return j->wanted ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_publication_open(PpdlPublication **out, const char *file, int use, const char *name, PpdlError *err)
{
	PpdlPublication *j = calloc(1, sizeof *j);
	PpdlStatus	status;

	*out = NULL;
	if (j == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j->file = file;
	j->use = use;
	j->asked_name = name;
	status = open_file(j, err);
	if (status == PPDL_OK)
		*out = j;
	else
		ppdl_publication_close(j);
	return status;
}

void
ppdl_publication_close(PpdlPublication *j)
{
	if (j == NULL)
		return;
	ppdl_public_file_close(j->f);
	ppdl_writer_free(&j->pem);
	free(j->file_name);
	free(j->name_there);
	free(j->wanted);
	free(j);
}
