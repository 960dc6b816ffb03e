/*
 * ppdl verify: a whole table against the manifest of what was encrypted into it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/manifest_file.h"
#include "cli/progress.h"
#include "cli/secret.h"
#include "cli/table.h"
#include "cli/table_rows.h"
#include "cli/writer_parts.h"
#include "owner/table_check.h"
#include "table/csv.h"
#include "table/infile.h"

static const char doc[] =
"Check every row of a table against the manifest that \"ppdl encrypt --receipts\" wrote.\v"
"Found, and named by id: rows that were altered, moved to another id, put into another group (--bind), replaced by an "
"old version, repeated, left out, or never written; rows without receipt or of another key. Nothing is decrypted; the "
"table is read once, in one snapshot.\n\n"
"The exit status is 1 when anything is found. A row that its owner changed is right when the manifest says so, one "
"that was deleted when --forget has said so: keep the newest manifest, and keep it away from the server.\n\n"
"Example:\n\n"
"  ppdl verify --key hospital.key --dsn \"$DSN\" --table patients --id id \\\n"
"    --column features,label --bind ward,sex --manifest patients.manifest";

enum
{
	OPT_PASSPHRASE = 256, OPT_TABLE, OPT_ID, OPT_COLUMN, OPT_BIND, OPT_MANIFEST, OPT_LIMIT, OPT_CSV, OPT_FORGET,
	OPT_FORGET_FILE, OPT_WRITER
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"writer", OPT_WRITER, "FILE.pub", 0,
	 "public file of a writer whose rows the key reads, too; repeated for more (those in the database need none)", 1},
	{"manifest", OPT_MANIFEST, "FILE", 0,
	 "what was encrypted, as ppdl encrypt --receipts wrote it; repeated, one a key, for rows of writers", 1},
	{"forget", OPT_FORGET, "ID,...", 0,
	 "you deleted these rows: the manifest is written again without them, before anything is checked", 1},
	{"forget-file", OPT_FORGET_FILE, "FILE", 0, "the same with an id a line (-: standard input)", 1},
	{"dsn", 'd', "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"table", OPT_TABLE, "NAME", 0, "table to check; may be left out beside --forget", 2},
	{"id", OPT_ID, "NAME", 0, "its column that identifies a row (id)", 2},
	{"column", OPT_COLUMN, "FEATURES[,LABEL]", 0, "its encrypted columns (features, and label if the manifest has any)",
	 2},
	{"bind", OPT_BIND, "NAME,...", 0,
	 "its plain columns that are tied to rows, in the manifest's order (the same names)",
	 2},
	{"limit", OPT_LIMIT, "N", 0, "show so many faults (100)", 3},
	{"csv", OPT_CSV, 0, 0, "show faults as CSV: id, column, fault, detail", 3},
	{0}
};

typedef struct Args
{
	const char *key,
			   *passphrase_file,
			   *dsn,
			   *table,
			   *id,
			   *forget_file;
	PpdlList	writers,
				manifests,
				columns,
				bind,
				forget;
	long		limit;
	int			csv;
} Args;

static void
check_args(const Args *a, struct argp_state *state)
{
	if (a->key == NULL)
		argp_error(state, "--key is missing");
	if (a->table == NULL && a->forget.count == 0 && a->forget_file == NULL)
		argp_error(state, "--table is missing");
	if (a->manifests.count == 0)
		argp_error(state, "--manifest is missing");
	if (a->columns.count > PPDL_MANIFEST_COLUMNS)
		argp_error(state, "--column names features and label, no more");
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
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_MANIFEST:
			ppdl_list_add(&a->manifests, arg, state);
			return 0;
		case OPT_WRITER:
			ppdl_list_add(&a->writers, arg, state);
			return 0;
		case 'd':
			a->dsn = arg;
			return 0;
		case OPT_TABLE:
			a->table = arg;
			return 0;
		case OPT_ID:
			a->id = arg;
			return 0;
		case OPT_COLUMN:
			ppdl_list_add_commas(&a->columns, arg, state);
			return 0;
		case OPT_BIND:
			ppdl_list_add_commas(&a->bind, arg, state);
			return 0;
		case OPT_FORGET:
			ppdl_list_add_commas(&a->forget, arg, state);
			return 0;
		case OPT_FORGET_FILE:
			a->forget_file = arg;
			return 0;
		case OPT_LIMIT:
			a->limit = ppdl_arg_int(state, "--limit", arg, 0, 1000000000);
			return 0;
		case OPT_CSV:
			a->csv = 1;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\"", arg);
			return 0;
		case ARGP_KEY_END:
			check_args(a, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	Args	   *a;
	PpdlOwner  *owner;
	PpdlManifests manifests;
	PpdlWriterParts writers;
	uint8_t    *changed;		/* manifests, by number */
	PpdlDb		db;
	PpdlTableRows rows;
	PpdlTableCheck *check;
	PpdlTable	shown;
	PpdlOutFile *out;			/* manifests that are written again */
	int			outs;
	uint64_t	faults;
} Job;

/* ------------------------------------------------------------------ rows that were deleted */

static PpdlStatus
forget(Job *j, const char *id, size_t len, PpdlError *err)
{
	const int	shown = (int) (len <= 100 ? len : ppdl_text_whole(id, 100));
	int			found = -1;

	for (int i = 0; i < j->manifests.count; i++)
	{
		if (ppdl_manifest_find_id(j->manifests.manifest[i], id, len) == UINT32_MAX)
			continue;
		if (found >= 0)
		{
			ppdl_error(err, PPDL_ERR_ARGUMENT, "%s and %s both have a row of id \"%.*s\"",
					   j->a->manifests.item[found], j->a->manifests.item[i], shown, id);
			return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Nothing was forgotten: give the one that is to forget it.");
		}
		found = i;
	}
	if (found >= 0)
	{
		ppdl_manifest_forget(j->manifests.manifest[found], id, len);
		j->changed[found] = 1;
		return PPDL_OK;
	}
	ppdl_error(err, PPDL_ERR_FORMAT, j->manifests.count > 1 ? "%s and the other manifests have no row of id \"%.*s\"" :
			   "%s has no row of id \"%.*s\"", j->a->manifests.item[0], shown, id);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Nothing was forgotten.");
}

static PpdlStatus
forget_lines(Job *j, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	status = ppdl_read_text(j->a->forget_file, &w, err);
	for (const char *p = (const char *) w.buf; status == PPDL_OK && *p;)
	{
		const size_t len = strcspn(p, "\r\n");

		if (len > 0)
			status = forget(j, p, len, err);
		p += len + strspn(p + len, "\r\n");
	}
	ppdl_writer_free(&w);
	return status;
}

/* all of them, or none: ids that were given once need not be sorted out by hand */
static PpdlStatus
write_changed(Job *j, PpdlError *err)
{
	const PpdlManifests *m = &j->manifests;

	j->out = calloc((size_t) m->count + 1, sizeof *j->out);
	if (j->out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < m->count; i++)
		if (j->changed[i])
			PPDL_TRY(ppdl_manifest_put(m->manifest[i], j->a->manifests.item[i], j->owner, &j->out[j->outs++], err));
	PPDL_TRY(ppdl_out_commit_all(j->out, j->outs, err));
	for (int i = 0; i < m->count; i++)
		if (j->changed[i])
			ppdl_note("the manifest %s has %" PRIu64 " rows", j->a->manifests.item[i],
					  ppdl_manifest_live(m->manifest[i]));
	return PPDL_OK;
}

static PpdlStatus
forget_all(Job *j, PpdlError *err)
{
	const PpdlList *l = &j->a->forget;

	if (l->count == 0 && j->a->forget_file == NULL)
		return PPDL_OK;
	j->changed = calloc((size_t) j->manifests.count + 1, 1);
	if (j->changed == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < l->count; i++)
		PPDL_TRY(forget(j, l->item[i], strlen(l->item[i]), err));
	if (j->a->forget_file)
		PPDL_TRY(forget_lines(j, err));
	return write_changed(j, err);
}

/* ------------------------------------------------------------------ what is shown */

/* malloc'ed text of what a finding is about */
static char *
detail_of(const PpdlRowFinding *f)
{
	char	   *s;

	if (asprintf(&s, "%s%.*s%s%s%s", f->other ? "encrypted for \"" : "", f->other ? (int) f->other_len : 0,
				 f->other ? f->other : "", f->other ? "\"" : "", f->other && f->why[0] ? ", " : "", f->why) < 0)
		s = NULL;
	return s;
}

/* PpdlRowFound */
static PpdlStatus
show(void *arg, const PpdlRowFinding *f, PpdlError *err)
{
	static const char *const titles[] = {"id", "column", "fault", "detail"};
	Job		   *j = arg;
	const char *column = f->column < 0 ? "" : j->rows.shown[f->column];
	char	   *id = strndup(f->id ? f->id : "", f->id_len),
			   *detail = detail_of(f);
	int			ok = id != NULL && detail != NULL;

	if (j->faults == 0)
	{
		ok = ok && ppdl_table_init(&j->shown, 4);
		for (int i = 0; ok && i < 4; i++)
			ok = ppdl_table_title(&j->shown, i, titles[i]);
	}
	if (ok && j->faults++ < (uint64_t) j->a->limit)
	{
		const char *name = ppdl_row_fault_name(f->fault);
		const PpdlText field[] = {{id, strlen(id)}, {(char *) column, strlen(column)}, {(char *) name, strlen(name)},
		{detail, strlen(detail)}};

		ok = ppdl_table_add(&j->shown, field);
	}
	free(id);
	free(detail);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static void
print_csv(const PpdlTable *t)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, "id,column,fault,detail\n");
	for (size_t i = 0; i < t->rows * 4; i++)
	{
		ppdl_csv_put(&w, t->cell[i], strlen(t->cell[i]));
		ppdl_write_u8(&w, i % 4 == 3 ? '\n' : ',');
	}
	if (!w.bad)
		fwrite(w.buf, 1, w.len, stdout);
	ppdl_writer_free(&w);
}

static void
report(const Job *j)
{
	FILE	   *f = j->a->csv ? stderr : stdout;
	int			first = 1;

	ppdl_progress_clear();
	if (j->a->csv && j->faults)
		print_csv(&j->shown);
	else if (j->faults)
		ppdl_table_print_rows(&j->shown, stdout);
	if (j->faults > (uint64_t) j->a->limit)
		fprintf(f, "and %" PRIu64 " more\n", j->faults - (uint64_t) j->a->limit);
	fprintf(f, "%" PRIu64 " rows, %" PRIu64 " in the manifest%s: ", ppdl_table_check_rows(j->check),
			ppdl_manifests_live(&j->manifests), j->manifests.count > 1 ? "s" : "");
	for (int i = 0; i < PPDL_ROW_FAULTS; i++)
	{
		const uint64_t n = ppdl_table_check_faults(j->check, (PpdlRowFault) i);

		if (n > 0)
			fprintf(f, "%s%" PRIu64 " %s", first ? "" : ", ", n, ppdl_row_fault_name((PpdlRowFault) i));
		first = first && n == 0;
	}
	fprintf(f, first ? "all as they were encrypted\n" : "\n");
}

/* ------------------------------------------------------------------ the table */

static PpdlStatus
take_row(void *arg, const PpdlTableRow *row, PpdlError *err)
{
	Job		   *j = arg;
	const uint64_t n = ppdl_table_check_rows(j->check);

	if (n % 1000 == 0)
		ppdl_progress(NULL, n, ppdl_manifests_live(&j->manifests), "rows");
	return ppdl_table_check_row(j->check, row, NULL, err);
}

static PpdlStatus
open_database(Job *j, PpdlError *err)
{
	PPDL_TRY(ppdl_db_open(&j->db, j->a->dsn, err));
	PPDL_TRY(ppdl_db_extension(&j->db, err));
	return ppdl_writer_parts_database(&j->writers, &j->db, err);
}

static PpdlStatus
verify(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(ppdl_key_open(&j->owner, a->key, a->passphrase_file, err));
	PPDL_TRY(ppdl_writer_parts_files(&j->writers, &a->writers, err));
	if (a->table != NULL)
		PPDL_TRY(open_database(j, err));
	PPDL_TRY(ppdl_manifests_load(&j->manifests, &a->manifests, &j->writers, &j->owner, 1, err));
	PPDL_TRY(forget_all(j, err));
	if (a->table == NULL)
		return PPDL_OK;
	ppdl_db_cancel_on_interrupt(&j->db);
	PPDL_TRY(ppdl_table_rows_open(&j->rows, &j->db, &j->manifests, a->table, a->id, &a->columns, &a->bind, err));
	PPDL_TRY(ppdl_table_check_create(&j->check, j->owner, &j->manifests, show, j, err));
	PPDL_TRY(ppdl_table_rows_all(&j->rows, take_row, j, err));
	return ppdl_table_check_finish(j->check, j->rows.ncolumns, err);
}

int
ppdl_cmd_verify(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {.id = "id", .limit = 100};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = verify(&j, &err);
	ppdl_progress_clear();
	if (status == PPDL_OK && a.table)
		report(&j);
	for (int i = 0; i < j.outs; i++)
		ppdl_out_abort(&j.out[i]);
	free(j.out);
	ppdl_db_ignore_interrupt();
	if (j.faults)
		ppdl_table_free(&j.shown);
	ppdl_table_check_destroy(j.check);
	ppdl_table_rows_close(&j.rows);
	ppdl_manifests_free(&j.manifests);
	ppdl_writer_parts_free(&j.writers);
	free(j.changed);
	ppdl_db_close(&j.db);
	ppdl_owner_destroy(j.owner);
	ppdl_list_free(&a.writers);
	ppdl_list_free(&a.manifests);
	ppdl_list_free(&a.columns);
	ppdl_list_free(&a.bind);
	ppdl_list_free(&a.forget);
	if (status != PPDL_OK)
		return ppdl_fail(&err);
	return j.faults > 0 ? PPDL_EXIT_FAILED : PPDL_EXIT_OK;
}
