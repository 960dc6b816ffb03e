/*
 * ppdl rekey: the encrypted rows of a table under another key, for an old key that leaked.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/manifest_file.h"
#include "cli/progress.h"
#include "cli/rekey_models.h"
#include "cli/rekey_table.h"
#include "cli/secret.h"

static const char doc[] =
"Encrypt the rows of a table anew, from the old key to the new one, in place.\v"
"For a key that leaked. Where it did not, \"ppdl keygen --rotate\" lets a new key read the old rows as they are.\n\n"
"Rows are read, decrypted under the old key, encrypted under the new one in the same form (compact or full, scale, "
"encoding, labels beside their features, NULL where it was), and gathered in a side table, ppdl_rekey_OID, committed "
"as they come. Meanwhile the table is used as ever. At the end one transaction lets nobody else write, takes "
"in what changed, puts new values in place of old ones, counts, and drops the side table. Interrupted at any time, "
"the same command goes on where it was.\n\n"
"Models with encrypted weights under the old key or its writers' move with the table; plain ones belong to no key. "
"Values that are no rows, such as stored sums, values of other keys, and trainings that wait to be resumed stop it "
"before anything is written.\n\n"
"Rows of the old key's writers (ppdl_writers) are encrypted anew with its own: the old key opens theirs, too. Writers "
"need new keys: ppdl keygen --writer-for NEW.pub.\n\n"
"What the old key opens stays readable to whoever has it: dead rows until VACUUM, backups, archived WAL, standbys that "
"lag behind, files made with \"ppdl encrypt\". The error of each value grows, to 1.4 times the first time.\n\n"
"Both keys' passphrases are asked for; PPDL_PASSPHRASE counts for both.\n\n"
"Example:\n\n"
"  ppdl keygen --out hospital2\n"
"  ppdl publish hospital2.pub --for predict --dsn \"$DSN\"\n"
"  ppdl rekey --key hospital.key --new-key hospital2.key \\\n"
"    --dsn \"$DSN\" --table patients --column features,label";

enum
{
	OPT_NEW_KEY = 256, OPT_PASSPHRASE, OPT_NEW_PASSPHRASE, OPT_COLUMN, OPT_TABLE, OPT_NO_MODELS, OPT_BATCH_COLUMN,
	OPT_MANIFEST, OPT_NEW_MANIFEST, OPT_ALLOW_MISSING, OPT_LEAVE_TRAININGS
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file of the old key", 1},
	{"new-key", OPT_NEW_KEY, "FILE", 0, "secret key file of the new key", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the old key's passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"new-passphrase-file", OPT_NEW_PASSPHRASE, "FILE", 0, "the same for the new key", 1},
	{"dsn", 'd', "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"table", OPT_TABLE, "NAME", 0, "table of the rows; without it only models move", 2},
	{"column", OPT_COLUMN, "NAME,...", 0, "its columns to encrypt anew (all of type lwe_cipher)", 2},
	{"batch-column", OPT_BATCH_COLUMN, "NAME", 0,
	 "plain column with the batch's number, as ppdl encrypt --batch-column wrote it, to be written anew", 2},
	{"manifest", OPT_MANIFEST, "FILE", 0,
	 "manifest of rows with receipts, which get new ones; may be repeated, one for each key",
	 3},
	{"new-manifest", OPT_NEW_MANIFEST, "FILE", 0,
	 "where theirs goes: a new file, or one of this table under the new key",
	 3},
	{"allow-missing", OPT_ALLOW_MISSING, 0, 0, "rows of the manifests may be missing from the table", 3},
	{"no-models", OPT_NO_MODELS, 0, 0, "leave models' encrypted weights under the old key", 2},
	{"leave-trainings", OPT_LEAVE_TRAININGS, 0, 0,
	 "go on although trainings wait to be resumed, which stay under the old key", 2},
	{0}
};

typedef struct Args
{
	const char *key,
			   *new_key,
			   *passphrase_file,
			   *new_passphrase_file,
			   *new_manifest,
			   *dsn;
	int			no_models,
				leave_trainings;
	PpdlList	manifests;		/* files, one a key */
	PpdlRekeyTable table;
} Args;

static void
check(const Args *a, struct argp_state *state)
{
	if (a->key == NULL)
		argp_error(state, "--key is missing: the key that the rows are under");
	if (a->new_key == NULL)
		argp_error(state, "--new-key is missing: the key that they shall be under");
	if ((a->manifests.count == 0) != (a->new_manifest == NULL))
		argp_error(state, "--manifest and --new-manifest go together");
	if (a->table.allow_missing && a->manifests.count == 0)
		argp_error(state, "--allow-missing goes with --manifest only");
	if (a->table.table == NULL && (a->table.columns.count || a->table.batch_column || a->manifests.count))
		argp_error(state, "--table is missing");
	if (a->table.table == NULL && a->no_models)
		argp_error(state, "without --table only models move, which --no-models leaves out");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case 'k':
			a->key = arg;
			return 0;
		case OPT_NEW_KEY:
			a->new_key = arg;
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_NEW_PASSPHRASE:
			a->new_passphrase_file = arg;
			return 0;
		case 'd':
			a->dsn = arg;
			return 0;
		case OPT_TABLE:
			a->table.table = arg;
			return 0;
		case OPT_COLUMN:
			ppdl_list_add_commas(&a->table.columns, arg, state);
			return 0;
		case OPT_BATCH_COLUMN:
			a->table.batch_column = arg;
			return 0;
		case OPT_MANIFEST:
			ppdl_list_add(&a->manifests, arg, state);
			return 0;
		case OPT_NEW_MANIFEST:
			a->new_manifest = arg;
			return 0;
		case OPT_ALLOW_MISSING:
			a->table.allow_missing = 1;
			return 0;
		case OPT_NO_MODELS:
			a->no_models = 1;
			return 0;
		case OPT_LEAVE_TRAININGS:
			a->leave_trainings = 1;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\"", arg);
			return 0;
		case ARGP_KEY_END:
			check(a, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	Args	   *a;
	PpdlDb		db;
	PpdlOwner  *from,
			   *to;
	PpdlWriterParts writers;	/* of the database */
	PpdlManifests manifests;
	PpdlManifest *new_manifest;
	PpdlOutFile out;			/* the new one */
	char	   *keys;			/* the old key and its writers', with commas between */
	int			models,			/* versions with weights under these, at first; -1: not known */
				moved;
} Job;

static PpdlStatus
opened_by_old(const Args *a, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is the key of a writer for the owner of \"%s\", which opens it", a->new_key,
			   a->key);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "\"ppdl keygen --out NAME\" makes another.");
}

/* what needs no passphrase */
static PpdlStatus
peek_keys(Job *j, PpdlError *err)
{
	PpdlRekeyTable *t = &j->a->table;
	const Args *a = j->a;
	char		writes_for[17];

	PPDL_TRY(ppdl_name_file(a->key, ppdl_owner_peek(a->key, t->old_name, t->old_id, err), err));
	PPDL_TRY(ppdl_name_file(a->new_key, ppdl_owner_peek_writer(a->new_key, t->new_name, t->new_id, writes_for, err),
							err));
	if (strcmp(t->old_id, writes_for) == 0)
		return opened_by_old(a, err);
	if (strcmp(t->old_id, t->new_id) != 0)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" and \"%s\" are the same key", a->key, a->new_key);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "\"ppdl keygen --out NAME\" makes another.");
}

static PpdlStatus
open_keys(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(ppdl_key_open(&j->from, a->key, a->passphrase_file, err));
	PPDL_TRY(ppdl_key_open(&j->to, a->new_key, a->new_passphrase_file, err));
	/* the old key's writers, whose rows may come at any time */
	PPDL_TRY(ppdl_writer_parts_open(&j->writers, j->from, err));
	j->a->table.from = j->from;
	j->a->table.to = j->to;
	return PPDL_OK;
}

static PpdlStatus
open_manifests(Job *j, PpdlError *err)
{
	const PpdlList *files = &j->a->manifests;
	PpdlReceiptDomain domain;

	if (files->count == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_manifests_load(&j->manifests, files, &j->writers, &j->from, 1, err));
	domain = ppdl_manifest_domain(j->manifests.manifest[0], 0);
	PPDL_TRY(ppdl_manifest_continue(&j->new_manifest, j->a->new_manifest, j->to, &domain, files->item[0], err));
	j->a->table.manifests = &j->manifests;
	j->a->table.new_manifest = j->new_manifest;
	return PPDL_OK;
}

static PpdlStatus
find_writers(Job *j, PpdlError *err)
{
	uint8_t		old[8],
				new[8];

	ppdl_fingerprint_parse(old, j->a->table.old_id);
	ppdl_fingerprint_parse(new, j->a->table.new_id);
	ppdl_writer_parts_free(&j->writers);
	free(j->keys);
	j->keys = NULL;
	PPDL_TRY(ppdl_writer_parts_database(&j->writers, &j->db, err));
	if (ppdl_writer_parts_lead(&j->writers, new, old))
		return opened_by_old(j->a, err);
	j->keys = ppdl_writer_parts_list(&j->writers, j->a->table.old_id, "");
	return j->keys ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
open_database(Job *j, PpdlError *err)
{
	PPDL_TRY(ppdl_db_open(&j->db, j->a->dsn, err));
	PPDL_TRY(ppdl_db_extension(&j->db, err));
	PPDL_TRY(ppdl_db_version(&j->db, err));
	ppdl_db_cancel_on_interrupt(&j->db);
	ppdl_db_cancel_on_termination();
	return PPDL_OK;
}

/* of the old key, and of those who have become its writers since */
static PpdlStatus
move_models(Job *j, PpdlError *err)
{
	int			found;

	PPDL_TRY(find_writers(j, err));
	PPDL_TRY(ppdl_writer_parts_open(&j->writers, j->from, err));
	PPDL_TRY(ppdl_rekey_models_find(&j->db, j->keys, &found, err));
	if (found <= 0)
		return PPDL_OK;
	j->moved += found;
	return ppdl_rekey_models_move(&j->db, j->keys, j->from, j->to, err);
}

/* all that changes what is there does so here, at once */
static PpdlStatus
swap(Job *j, PpdlError *err)
{
	PPDL_TRY(ppdl_db_run(&j->db, NULL, err, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL));
	if (!j->a->no_models)
		PPDL_TRY(move_models(j, err));
	if (j->a->table.table)
		PPDL_TRY(ppdl_rekey_table_swap(&j->a->table, err));
	/* what came while nobody else could write to the table, or before */
	if (!j->a->no_models)
		PPDL_TRY(move_models(j, err));
	/* no table is ever without its manifest: one too many does no harm */
	if (j->new_manifest)
	{
		PPDL_TRY(ppdl_manifest_put(j->new_manifest, j->a->new_manifest, j->to, &j->out, err));
		PPDL_TRY(ppdl_out_commit(&j->out, err));
	}
	return ppdl_db_run(&j->db, NULL, err, "COMMIT", 0, NULL);
}

static PpdlStatus
rekey(Job *j, PpdlError *err)
{
	PpdlRekeyTable *t = &j->a->table;
	int			idle;

	PPDL_TRY(peek_keys(j, err));
	PPDL_TRY(open_database(j, err));
	PPDL_TRY(find_writers(j, err));
	if (!j->a->no_models)
		PPDL_TRY(ppdl_rekey_models_find(&j->db, j->keys, &j->models, err));
	if (j->models < 0)
		ppdl_note("this role may not read models: what is encrypted under the old key stays so");
	t->db = &j->db;
	t->writers = &j->writers;
	if (t->table)
		PPDL_TRY(ppdl_rekey_table_open(t, err));
	idle = (t->table == NULL || (t->rows == 0 && !t->begun)) && j->models <= 0;
	PPDL_TRY(ppdl_rekey_trainings_check(&j->db, j->keys, idle || j->a->leave_trainings, err));
	/* nobody types a passphrase for nothing, or for what cannot be done */
	if (idle)
		return PPDL_OK;
	PPDL_TRY(open_keys(j, err));
	PPDL_TRY(open_manifests(j, err));
	if (t->table)
		PPDL_TRY(ppdl_rekey_table_fill(t, err));
	return swap(j, err);
}

static PpdlStatus
is_published(Job *j, int *published, PpdlError *err)
{
	const char *params[] = {j->a->table.new_id};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(&j->db, &res, err, "SELECT FROM %s.ppdl_keys WHERE key_id = $1", 1, params));
	*published = PQntuples(res) > 0;
	PQclear(res);
	return PPDL_OK;
}

static void
report(Job *j)
{
	const PpdlRekeyTable *t = &j->a->table;
	int			published = 1;

	if (t->table && t->rows == 0 && t->swapped == 0)
		printf("%s: no row is under key %s (\"%s\")\n", t->name, t->old_id, t->old_name);
	else if (t->table)
	{
		printf("%s: %llu rows are under key %s (\"%s\")", t->name, (unsigned long long) t->swapped, t->new_id,
			   t->new_name);
		if (t->late)
			printf(", %llu of them came or changed meanwhile", (unsigned long long) t->late);
		putchar('\n');
	}
	if (!j->a->no_models)
		printf("models: encrypted weights of %d versions moved\n", j->moved);
	if (t->table && t->swapped)
		ppdl_note("what the old key opens may still lie in dead rows (VACUUM %s), backups, WAL archives and lagging "
				  "standbys", t->name);
	if (is_published(j, &published, NULL) == PPDL_OK && !published)
		ppdl_note("key \"%s\" is not published there yet: \"ppdl publish\" sends what sums and predictions need",
				  t->new_name);
}

/* a server that was asked to stop says so in its own words */
static void
say_interrupted(const Job *j, PpdlError *err)
{
	const PpdlRekeyTable *t = &j->a->table;

	ppdl_error(err, PPDL_ERR_CANCELED, "interrupted");
	if (t->fill)
		ppdl_error_hint(err, PPDL_ERR_CANCELED, "The table is as it was. What is done lies in %s: the same command "
						"goes on, DROP TABLE %s gives up.", t->side, t->side);
}

int
ppdl_cmd_rekey(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = rekey(&j, &err);
	ppdl_progress_clear();
	if (status == PPDL_OK)
		report(&j);
	else if (ppdl_db_interrupted())
		say_interrupted(&j, &err);
	ppdl_db_ignore_interrupt();
	ppdl_rekey_table_free(&a.table);
	ppdl_out_abort(&j.out);
	ppdl_manifests_free(&j.manifests);
	ppdl_list_free(&a.manifests);
	ppdl_manifest_destroy(j.new_manifest);
	ppdl_db_close(&j.db);
	ppdl_writer_parts_free(&j.writers);
	free(j.keys);
	ppdl_owner_destroy(j.from);
	ppdl_owner_destroy(j.to);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
