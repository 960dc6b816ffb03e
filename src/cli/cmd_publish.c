/*
 * ppdl publish: sends the parts of a public key file that a use needs and the
 * server lacks.
 */
#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/cluster.h"
#include "cli/database.h"
#include "cli/pemfile.h"
#include "cli/progress.h"
#include "ppdl.h"

/* what the server's ppdl_publish_part expects */
#define CHUNK (4u << 20)

static const char doc[] =
"Send what a use needs of the public key file FILE to a database that has the extension.\v"
"Only parts that the server lacks are sent, each in a transaction of its own: a publication that was broken off is "
"simply started again. Publishing for a greater use later adds what is missing. No secret is sent.\n\n"
"Several databases may be given by repeating --dsn. On a Citus cluster keys must be on every "
"node: --all-nodes asks the coordinator for its nodes and publishes to them, too, with the same user and database. "
"Your password goes to them as well, so they are shown and you are asked first; --yes answers.\n\n"
"Example:\n\n"
"  ppdl publish hospital.pub --for predict --dsn \"host=db.example dbname=clinic\"\n\n"
"FILE may be an RSA public key, too (PEM). It serves all that RSA can do, and is published under its file's "
"name unless --name says another.";

enum
{
	OPT_FOR = 256, OPT_DSN, OPT_NAME, OPT_ALL, OPT_YES
};

static const struct argp_option options[] = {
	{"for", OPT_FOR, "sum|predict|train", 0, "what the server shall be able to do (all that FILE serves)", 1},
	{"dsn", OPT_DSN, "DSN", 0, "database; may be repeated (else libpq's environment: PGHOST, PGDATABASE, ...)", 1},
	{"name", OPT_NAME, "NAME", 0, "publish under this name instead of the key's own", 1},
	{"all-nodes", OPT_ALL, 0, 0, "also to all nodes of a Citus cluster", 1},
	{"yes", OPT_YES, 0, 0, "with --all-nodes: connect to the nodes without asking", 1},
	{0}
};

typedef struct Args
{
	const char *file,
			   *name;
	PpdlList	dsn;
	int			use;			/* 0: all */
	int			all_nodes,
				yes;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const use[] = {"sum", "predict", "train", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_FOR:
			a->use = 1 << ppdl_arg_choice(state, "--for", arg, use);
			return 0;
		case OPT_DSN:
			ppdl_list_add(&a->dsn, arg, state);
			return 0;
		case OPT_NAME:
			a->name = arg;
			return 0;
		case OPT_ALL:
			a->all_nodes = 1;
			return 0;
		case OPT_YES:
			a->yes = 1;
			return 0;
		case ARGP_KEY_ARG:
			if (a->file)
				argp_error(state, "one public key file is expected, not also \"%s\"", arg);
			a->file = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->file == NULL)
				argp_error(state, "which public key file?");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------ one database */

typedef struct Job
{
	const Args *a;
	PpdlPublicFile *f;
	PpdlWriter	pem;			/* an RSA key's only part */
	PpdlPublicPart rsa;
	const char *scheme,
			   *params;
	int			use;
	const char *name,			/* that the key has, or shall have, in the database */
			   *own_name;		/* that it is published under when nothing else is said */
	char	   *file_name,		/* of an RSA key */
			   *name_there;		/* that it has in the database already */
	char		key_id[17],
				rsa_params[32];
	char	   *wanted;			/* of each part: still to be sent? */
	uint64_t	sent,
				total;
	int			parts;
} Job;

static int
part_count(const Job *j)
{
	return j->f ? ppdl_public_file_count(j->f) : 1;
}

static const PpdlPublicPart *
part(const Job *j, int i)
{
	return j->f ? ppdl_public_file_part(j->f, i) : &j->rsa;
}

/* of the owner's signatures; NULL: the file has none */
static const uint8_t *
verify_key(const Job *j)
{
	return j->f ? ppdl_public_file_verify_key(j->f) : NULL;
}

static void
hex(char *out, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", in[i]);
}

/*
 * A key keeps the name it has there; another name that was asked for, and a name that another key has, are errors
 * before anything is sent.
 */
static PpdlStatus
choose_name(Job *j, PpdlDb *db, PpdlError *err)
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
	else if (strcmp(name, j->name) != 0 && j->a->name != NULL)
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

/* marks the parts that the use needs, then unmarks those that are there */
static PpdlStatus
find_missing(Job *j, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {j->key_id};
	PGresult   *res;

	for (int i = 0; i < part_count(j); i++)
		j->wanted[i] = part(j, i)->use <= j->use;
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

		hex(sha, p->sha256, 32);
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
send_chunk(Job *j, PpdlDb *db, const char *sql, const PpdlPublicPart *p, uint32_t chunk, int *complete, PpdlError *err)
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
send_part(Job *j, PpdlDb *db, const char *sql, const PpdlPublicPart *p, PpdlError *err)
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
send_parts(Job *j, PpdlDb *db, PpdlError *err)
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
bind_key(Job *j, PpdlDb *db, PpdlError *err)
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
	hex(key + 2, verify_key(j), PPDL_VERIFY_KEY_BYTES);
	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT %s.ppdl_bind_key($1, $2::bytea)", 2, params));
	if (PQgetvalue(res, 0, 0)[0] != 't')
		ppdl_note("key \"%s\" stays unbound there: some of its parts are not signed; "
				  "publish a file that serves every use it was published for", j->name);
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
publish_to(Job *j, PpdlDb *db, PpdlError *err)
{
	char		place[PPDL_PLACE];

	PPDL_TRY(ppdl_db_extension(db, err));
	PPDL_TRY(ppdl_db_version(db, err));
	PPDL_TRY(choose_name(j, db, err));
	PPDL_TRY(find_missing(j, db, err));
	PPDL_TRY(send_parts(j, db, err));
	PPDL_TRY(bind_key(j, db, err));
	printf("%s: key \"%s\" (%s), %d parts sent, %.1f MiB\n", ppdl_db_place(db, place), j->name, j->key_id, j->parts,
		   (double) j->total / (1 << 20));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ many databases */

/* PpdlNodeWork */
static PpdlStatus
publish_to_node(void *j, PpdlDb *node, PpdlError *err)
{
	return publish_to(j, node, err);
}

static PpdlStatus
publish_dsn(Job *j, const char *dsn, PpdlError *err)
{
	PpdlDb		db;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_open(&db, dsn, err));
	status = publish_to(j, &db, err);
	if (status == PPDL_OK && j->a->all_nodes)
		status = ppdl_cluster_each(&db, j->a->yes, "the coordinator has the key", publish_to_node, j, err);
	ppdl_db_close(&db);
	return status;
}

static PpdlStatus
choose_use(Job *j, PpdlError *err)
{
	static const char *const use_name[] = {"sum", "predict", "train"};
	int			uses = ppdl_public_file_uses(j->f);
	int			most = uses & PPDL_USE_TRAIN ? 2 : uses & PPDL_USE_PREDICT ? 1 : 0;

	j->use = j->a->use ? j->a->use : 1 << most;
	if (j->use <= 1 << most)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" serves %s only", j->a->file, use_name[most]);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Make a greater file from the secret key: ppdl keygen --key FILE.key --for %s --out PREFIX",
						   use_name[j->use == PPDL_USE_TRAIN ? 2 : 1]);
}

static PpdlStatus
open_lwe(Job *j, PpdlError *err)
{
	PPDL_TRY(ppdl_name_file(j->a->file, ppdl_public_file_open(&j->f, j->a->file, err), err));
	PPDL_TRY(choose_use(j, err));
	ppdl_fingerprint_hex(j->key_id, ppdl_public_file_fingerprint(j->f));
	j->own_name = ppdl_public_file_name(j->f);
	j->scheme = "lwe";
	j->params = "CKKS, rows in N = 2^14, bootstrapping in N = 2^16, 128 bits";
	return PPDL_OK;
}

static PpdlStatus
open_rsa(Job *j, PpdlError *err)
{
	PpdlRsaPublic *pub;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rsa_public_load(&pub, j->a->file, err));
	status = ppdl_rsa_public_to_pem(pub, &j->pem, err);
	snprintf(j->rsa_params, sizeof j->rsa_params, "RSA, %d bits", pub->bits);
	memcpy(j->key_id, pub->key_id, sizeof j->key_id);
	ppdl_rsa_public_free(pub);
	PPDL_TRY(status);
	j->rsa = (PpdlPublicPart) {.name = "public", .data = j->pem.buf, .len = j->pem.len};
	SHA256(j->pem.buf, j->pem.len, j->rsa.sha256);
	j->file_name = ppdl_pem_name(j->a->file);
	if (j->file_name == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j->own_name = j->file_name;
	j->scheme = "rsa";
	j->params = j->rsa_params;
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
	is_secret = memmem(start, n, "PRIVATE KEY-----", 16) != NULL || memmem(start, n, "\"ppdl-owner-key\"", 16) != NULL;
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
publish(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlPemKind kind;

	PPDL_TRY(ppdl_pem_kind(a->file, &kind, err));
	PPDL_TRY(refuse_secret(a->file, kind, err));
	PPDL_TRY(kind == PPDL_PEM_PUBLIC ? open_rsa(j, err) : open_lwe(j, err));
	if (a->name)
		j->own_name = a->name;
	j->wanted = calloc((size_t) part_count(j) + 1, 1);
	if (j->wanted == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (a->dsn.count == 0)
		return publish_dsn(j, NULL, err);
	for (int i = 0; i < a->dsn.count; i++)
		PPDL_TRY(publish_dsn(j, a->dsn.item[i], err));
	return PPDL_OK;
}

int
ppdl_cmd_publish(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE", doc};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = publish(&j, &err);
	ppdl_progress_clear();
	ppdl_public_file_close(j.f);
	ppdl_writer_free(&j.pem);
	free(j.file_name);
	free(j.name_there);
	free(j.wanted);
	ppdl_list_free(&a.dsn);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
