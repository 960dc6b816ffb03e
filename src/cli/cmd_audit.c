/*
 * ppdl audit: a random sample of predictions computed again in the clear.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/manifest_file.h"
#include "cli/model_file.h"
#include "cli/progress.h"
#include "cli/secret.h"
#include "cli/terminal.h"
#include "cli/writer_parts.h"
#include "stats/sampling.h"

#define MOST_SHOWN 20			/* ids that are in predictions or manifest alone */

static const char doc[] =
"Check a server's predictions on encrypted rows by a random sample, computed again here in the clear.\v"
"All predictions come first, from the query that is always asked, or from a file with the answer that you have acted "
"on. Then rows are drawn at random here, fetched, checked against the manifest and their MACs (if --manifest is "
"given), decrypted, put through your own copy of the model, and compared. A server that cannot know which rows will "
"be drawn is found with the probability that is printed: 300 rows find one that cheats on 1 % of the rows "
"with 95 %.\n\n"
"Without --manifest the rows are those that the server shows: what it alters both there and in its predictions is not "
"found.\n\n"
"The exit status is 1 when anything is wrong. Do not tell the server which rows were looked at, or by how much they "
"differed.\n\n"
"Example:\n\n"
"  ppdl audit --key hospital.key --dsn \"$DSN\" --table patients --id id \\\n"
"    --model osteo.json --manifest patients.manifest\n"
"  ppdl query --key hospital.key --raw --expand --csv -o answer.csv \\\n"
"    -c \"SELECT array_agg(id) AS id, ppdl_predict_agg('osteo', features) FROM patients\"\n"
"  ppdl audit --key hospital.key --table patients --model osteo.json --predictions answer.csv";

enum
{
	OPT_PASSPHRASE = 256, OPT_TABLE, OPT_ID, OPT_COLUMN, OPT_MODEL, OPT_NAME, OPT_WHERE, OPT_PREDICTIONS, OPT_SAMPLE,
	OPT_TOLERANCE, OPT_QUERY, OPT_MANIFEST, OPT_BIND
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"dsn", 'd', "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"table", OPT_TABLE, "NAME", 0, "table of the rows", 2},
	{"id", OPT_ID, "NAME", 0, "its column that identifies a row, also in --predictions (id)", 2},
	{"column", OPT_COLUMN, "NAME", 0, "its column of encrypted features (features)", 2},
	{"manifest", OPT_MANIFEST, "FILE", 0,
	 "what was encrypted, as ppdl encrypt --receipts wrote it; repeated, one a key, for rows of writers", 2},
	{"bind", OPT_BIND, "NAME,...", 0, "plain columns that are tied to rows, in the manifest's order (the same names)",
	 2},
	{"where", OPT_WHERE, "SQL", 0, "predict only rows for which this holds", 2},
	{"model", OPT_MODEL, "FILE", 0, "your copy of the model, with plain weights, as ppdl model export writes it", 3},
	{"name", OPT_NAME, "MODEL", 0, "what the server calls it (as the file says)", 3},
	{"query", OPT_QUERY, "SQL", 0, "get the predictions with this: an id and a value, or arrays of both", 3},
	{"predictions", OPT_PREDICTIONS, "FILE", 0, "take the predictions from this CSV file instead: an id and a value",
	 3},
	{"sample", OPT_SAMPLE, "N", 0, "how many rows to compute again (300)", 4},
	{"tolerance", OPT_TOLERANCE, "X", 0,
	 "how much may a prediction differ (16 times its stated error; of a file, 2 units of the last digit)", 4},
	{0}
};

typedef struct Args
{
	const char *key,
			   *passphrase_file,
			   *dsn,
			   *table,
			   *id,
			   *column,
			   *where,
			   *model,
			   *name,
			   *query,
			   *predictions;
	PpdlList	manifests,
				bind;
	double		tolerance;
	uint32_t	sample;
} Args;

static void
check(const Args *a, struct argp_state *state)
{
	if (a->key == NULL)
		argp_error(state, "--key is missing");
	if (a->table == NULL)
		argp_error(state, "--table is missing");
	if (a->model == NULL)
		argp_error(state, "--model is missing: your own copy of the model");
	if (a->bind.count && a->manifests.count == 0)
		argp_error(state, "--bind goes with --manifest");
	if ((a->query != NULL) + (a->predictions != NULL) + (a->where != NULL) > 1)
		argp_error(state, "--query, --predictions and --where exclude each other");
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
			a->column = arg;
			return 0;
		case OPT_WHERE:
			a->where = arg;
			return 0;
		case OPT_MODEL:
			a->model = arg;
			return 0;
		case OPT_NAME:
			a->name = arg;
			return 0;
		case OPT_QUERY:
			a->query = arg;
			return 0;
		case OPT_PREDICTIONS:
			a->predictions = arg;
			return 0;
		case OPT_MANIFEST:
			ppdl_list_add(&a->manifests, arg, state);
			return 0;
		case OPT_BIND:
			ppdl_list_add_commas(&a->bind, arg, state);
			return 0;
		case OPT_SAMPLE:
			a->sample = (uint32_t) ppdl_arg_int(state, "--sample", arg, 1, 10000000);
			return 0;
		case OPT_TOLERANCE:
			a->tolerance = ppdl_arg_double(state, "--tolerance", arg);
			if (!(a->tolerance > 0))
				argp_error(state, "--tolerance is a number above 0");
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
	const Args *a;
	PpdlNet    *net;
	char	   *name;			/* of the model, as its file says */
	PpdlOwner  *owner;
	PpdlRng    *rng;
	PpdlDb		db;
	PpdlWriterParts writers;	/* of the database */
	PpdlManifests manifests;
	PpdlTableCheck *check;
	PpdlTableRows table;
	PpdlPredictions predictions;
	PpdlAuditSample sample;
	uint32_t   *drawn;			/* its rows */
	uint64_t	uncovered;		/* predictions without a row, rows without a prediction */
} Job;

/* ------------------------------------------------------------------ predictions */

static PpdlStatus
ask(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlStatus	status;
	char	   *sql;

	if (a->query)
		return ppdl_predictions_query(&j->predictions, &j->db, j->owner, a->query, err);
	if (a->name == NULL && j->name == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s does not say the model's name: give it with --name", a->model);
	PPDL_TRY(ppdl_audit_predict_sql(&sql, &j->table, a->name ? a->name : j->name, a->where, err));
	status = ppdl_predictions_query(&j->predictions, &j->db, j->owner, sql, err);
	free(sql);
	return status;
}

static PpdlStatus
get_predictions(Job *j, PpdlError *err)
{
	PpdlPredictions *p = &j->predictions;

	p->outputs = ppdl_net_outputs(j->net);
	p->tolerance = j->a->tolerance;
	if (j->a->predictions)
		PPDL_TRY(ppdl_predictions_file(p, j->a->predictions, j->a->id, err));
	else
		PPDL_TRY(ask(j, err));
	PPDL_TRY(ppdl_predictions_sort(p, err));
	if (p->rows == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "there are no predictions");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the sample */

static PpdlStatus
draw(Job *j, PpdlError *err)
{
	const uint32_t n = j->predictions.rows;

	j->sample.ndrawn = j->a->sample < n ? j->a->sample : n;
	j->drawn = calloc(j->sample.ndrawn, sizeof *j->drawn);
	if (j->drawn == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j->sample.drawn = j->drawn;
	PPDL_TRY(ppdl_rng_create(&j->rng, err));
	return ppdl_sample_draw(j->drawn, j->sample.ndrawn, n, j->rng, err);
}

/* begins a line; the id may have come from the server, and must not make another */
static void
say_row(const char *id, size_t len)
{
	PpdlEscaper e = {0};
	PpdlWriter	w;

	ppdl_progress_clear();
	ppdl_writer_init(&w);
	ppdl_escape(&e, &w, id, len, "");
	fputs("row ", stdout);
	if (!w.bad)
		fwrite(w.buf, 1, w.len, stdout);
	fputs(": ", stdout);
	ppdl_writer_free(&w);
}

/* PpdlAuditWrong */
static void
say_wrong(void *arg, const char *id, const char *why)
{
	(void) arg;
	say_row(id, strlen(id));
	puts(why);
}

/* PpdlRowFound: the sample counts such rows */
static PpdlStatus
say_fault(void *arg, const PpdlRowFinding *f, PpdlError *err)
{
	(void) arg;
	say_row(f->id, f->id_len);
	printf("%s%s%.*s%s%s%s\n", ppdl_row_fault_name(f->fault), f->other ? ", encrypted for " : "",
		   f->other ? (int) f->other_len : 0, f->other ? f->other : "", f->why[0] ? " (" : "", f->why,
		   f->why[0] ? ")" : "");
	return PPDL_OK;
}

static void
say_chances(const Job *j)
{
	static const double share[] = {0.001, 0.01, 0.05};
	const uint32_t n = j->predictions.rows;
	const uint64_t found = ppdl_sample_detects(n, j->sample.ndrawn, 0.95);

	if (j->sample.ndrawn == n)
	{
		puts("all rows were looked at: no cheating was left to chance");
		return;
	}
	for (int i = 0; i < 3; i++)
	{
		const uint64_t d = (uint64_t) (share[i] * n + 0.5);

		if (d > 0)
			printf("cheating on %.1f %% of the rows (%llu) would have been found with a probability of %.1f %%\n",
				   100 * share[i], (unsigned long long) d, 100 * ppdl_sample_finds(n, j->sample.ndrawn, d));
	}
	if (found > 0)
		printf("with 95 %% whoever cheats on %llu rows (%.2f %%) or more would have been found\n",
			   (unsigned long long) found, 100.0 * (double) found / n);
}

static void
report(const Job *j)
{
	const PpdlAuditSum *s = &j->sample.sum;

	ppdl_progress_clear();
	printf("%u predictions", j->predictions.rows);
	if (j->predictions.nulls)
		printf(", %u of them NULL", j->predictions.nulls);
	printf("; %u rows drawn, %u wrong\n", j->sample.ndrawn, s->wrong);
	if (j->uncovered)
		printf("%llu ids that are not in the manifest, or have no prediction\n", (unsigned long long) j->uncovered);
	if (s->checked > 0 && j->manifests.count == 0)
		puts("without --manifest the rows themselves are the server's word");
	if (s->checked > 0)
		printf("largest difference from the clear: %.2g, where %.2g is allowed\n", s->difference, s->allowed);
	if (s->wrong == 0 && j->uncovered == 0)
		say_chances(j);
}

static PpdlStatus
open_all(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	char	   *column[] = {(char *) a->column, NULL};
	const PpdlList columns = {column, 1};

	PPDL_TRY(ppdl_model_file_load(&j->net, &j->name, a->model, err));
	PPDL_TRY(ppdl_key_open(&j->owner, a->key, a->passphrase_file, err));
	PPDL_TRY(ppdl_db_open(&j->db, a->dsn, err));
	PPDL_TRY(ppdl_db_extension(&j->db, err));
	PPDL_TRY(ppdl_writer_parts_database(&j->writers, &j->db, err));
	PPDL_TRY(ppdl_writer_parts_open(&j->writers, j->owner, err));
	PPDL_TRY(ppdl_manifests_load(&j->manifests, &a->manifests, &j->writers, &j->owner, 1, err));
	ppdl_db_cancel_on_interrupt(&j->db);
	return ppdl_table_rows_open(&j->table, &j->db, &j->manifests, a->table, a->id, &columns, &a->bind, err);
}

static PpdlStatus
audit(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlAuditSample *s = &j->sample;

	PPDL_TRY(open_all(j, err));
	PPDL_TRY(get_predictions(j, err));
	s->owner = j->owner;
	s->net = j->net;
	s->predictions = &j->predictions;
	s->wrong = say_wrong;
	if (j->manifests.count > 0)
	{
		PPDL_TRY(ppdl_audit_coverage(s, &j->manifests, !a->query && !a->predictions && !a->where, MOST_SHOWN,
									 &j->uncovered, err));
		PPDL_TRY(ppdl_table_check_create(&j->check, j->owner, &j->manifests, say_fault, j, err));
		s->check = j->check;
	}
	PPDL_TRY(draw(j, err));
	return ppdl_audit_rows(s, &j->table, err);
}

int
ppdl_cmd_audit(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {.id = "id", .column = "features", .sample = 300};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = audit(&j, &err);
	if (status == PPDL_OK)
		report(&j);
	ppdl_progress_clear();
	ppdl_db_ignore_interrupt();
	ppdl_predictions_free(&j.predictions);
	ppdl_table_check_destroy(j.check);
	ppdl_manifests_free(&j.manifests);
	ppdl_table_rows_close(&j.table);
	ppdl_db_close(&j.db);
	ppdl_writer_parts_free(&j.writers);
	ppdl_owner_destroy(j.owner);
	ppdl_rng_destroy(j.rng);
	ppdl_net_destroy(j.net);
	free(j.name);
	free(j.drawn);
	ppdl_list_free(&a.manifests);
	ppdl_list_free(&a.bind);
	if (status != PPDL_OK)
		return ppdl_fail(&err);
	return j.sample.sum.wrong > 0 || j.uncovered > 0 ? PPDL_EXIT_FAILED : PPDL_EXIT_OK;
}
