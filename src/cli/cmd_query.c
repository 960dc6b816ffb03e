/*
 * ppdl query: runs SQL and shows the answer decrypted.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "cli/infile.h"
#include "cli/outfile.h"
#include "cli/present.h"
#include "cli/reveal.h"

static const char doc[] =
"Run SQL and show its results, ciphertexts decrypted.\v"
"The SQL runs on the server, which sends ciphertexts; they are decrypted here. Ctrl-C cancels the query "
"on the server.\n\n"
"Without -c and -f the SQL is read from standard input.\n\n"
"--expand gives each row of a packed result a line of its own and deals out the arrays beside it.\n\n"
"Values of keys that were not given are shown as \"<lwe_cipher of key ...>\".\n\n"
"Examples:\n\n"
"  ppdl query --key hospital.key --dsn \"$DSN\" \\\n"
"    -c 'SELECT hospital, avg(features) FROM patients GROUP BY hospital'\n"
"  ppdl query --key hospital.key --dsn \"$DSN\" --expand --format csv \\\n"
"    -c \"SELECT array_agg(id), ppdl_predict_agg('m', features) FROM patients\"\n"
"  echo 'TABLE patients' | ppdl query --key hospital.key --key ward.key -x -P null=-";

enum
{
	OPT_DSN = 256, OPT_SHARE, OPT_EXPAND, OPT_FORMAT, OPT_CSV, OPT_JSON, OPT_PASSPHRASE
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file; may be repeated", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"command", 'c', "SQL", 0, "what to run; may be repeated", 2},
	{"file", 'f', "FILE", 0, "read the SQL from FILE (-: standard input)", 2},
	{"expand", OPT_EXPAND, 0, 0, "a line for each row of packed results", 3},
	{"share", OPT_SHARE, 0, 0, "add noise flooding, for results that are passed on", 3},
	{"format", OPT_FORMAT, "table|vertical|csv|json", 0, "of the output (table)", 3},
	{"vertical", 'x', 0, 0, "same as --format vertical: a field a line", 3},
	{"csv", OPT_CSV, 0, 0, "same as --format csv", 3},
	{"json", OPT_JSON, 0, 0, "same as --format json: an array of objects for each result", 3},
	{"pset", 'P', "null=TEXT", 0, "what is shown for NULL (nothing; in JSON null)", 3},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 3},
	{0}
};

typedef struct Args
{
	const char *passphrase_file,
			   *dsn,
			   *file,
			   *null,
			   *output;
	PpdlList	keys,
				commands;
	PpdlForm	form;
	int			expand,
				share;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"table", "vertical", "csv", "json", NULL};	/* as PpdlForm */
	Args	   *a = state->input;

	switch (key)
	{
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case 'c':
			ppdl_list_add(&a->commands, arg, state);
			return 0;
		case 'f':
			a->file = arg;
			return 0;
		case OPT_EXPAND:
			a->expand = 1;
			return 0;
		case OPT_SHARE:
			a->share = 1;
			return 0;
		case OPT_FORMAT:
			a->form = (PpdlForm) ppdl_arg_choice(state, "--format", arg, formats);
			return 0;
		case 'x':
			a->form = PPDL_FORM_VERTICAL;
			return 0;
		case OPT_CSV:
			a->form = PPDL_FORM_CSV;
			return 0;
		case OPT_JSON:
			a->form = PPDL_FORM_JSON;
			return 0;
		case 'P':
			if (strncmp(arg, "null=", 5) != 0)
				argp_error(state, "-P %s: null=TEXT is what can be set", arg);
			a->null = arg + 5;
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\": SQL goes after -c, in quotes", arg);
			return 0;
		case ARGP_KEY_END:
			if (a->keys.count == 0)
				argp_error(state, "--key is missing");
			if (a->commands.count > 0 && a->file != NULL)
				argp_error(state, "give SQL with -c or with -f, not both");
			if (a->commands.count == 0 && a->file == NULL && isatty(STDIN_FILENO))
				argp_error(state, "give SQL with -c or with -f, or on standard input");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	const Args *a;
	PpdlDb		db;
	PpdlReveal	reveal;
	PpdlOutFile out;
	PpdlPresenter present;
	PpdlText   *field;
	PpdlWriter	script;			/* SQL that is no argument */
	const char *sql;			/* what is being run */
} Job;

/* ------------------------------------------------------------------ one result */

static PpdlStatus
emit(void *arg, const PpdlText *fields, size_t count, PpdlError *err)
{
	Job		   *j = arg;

	(void) count;
	return ppdl_present_record(&j->present, fields, err);
}

static int
is_cipher(const Job *j, const PGresult *res, int column)
{
	Oid			type = PQftype(res, column);

	return type == j->db.lwe || type == j->db.lwe_array || type == j->db.rsa || type == j->db.rsa_array;
}

static PpdlColumnKind
column_kind(const Job *j, const PGresult *res, int column)
{
	switch (PQftype(res, column))
	{
		case 20:				/* int8 */
		case 21:				/* int2 */
		case 23:				/* int4 */
		case 26:				/* oid */
		case 700:				/* float4 */
		case 701:				/* float8 */
		case 1700:				/* numeric */
		case 1016:				/* arrays of these */
		case 1005:
		case 1007:
		case 1028:
		case 1021:
		case 1022:
		case 1231:
			return PPDL_COLUMN_NUMBERS;
		case 16:
			return PPDL_COLUMN_BOOL;
		case 114:				/* json, jsonb */
		case 3802:
			return PPDL_COLUMN_JSON;
		default:
			return is_cipher(j, res, column) ? PPDL_COLUMN_NUMBERS : PPDL_COLUMN_TEXT;
	}
}

static PpdlStatus
result_row(Job *j, const PGresult *res, int row, PpdlError *err)
{
	int			n = PQnfields(res);
	char		text[sizeof err->message];
	PpdlStatus	status;

	for (int i = 0; i < n; i++)
		j->field[i] = PQgetisnull(res, row, i) ? (PpdlText) {NULL, 0} :
			(PpdlText) {PQgetvalue(res, row, i), (size_t) PQgetlength(res, row, i)};
	status = ppdl_reveal_record(&j->reveal, j->field, (size_t) n, j->a->expand, emit, j, err);
	if (status == PPDL_OK || status == PPDL_ERR_IO)
		return status;
	snprintf(text, sizeof text, "row %d of the result: %.270s", row + 1, err->message);
	memcpy(err->message, text, sizeof text);
	return status;
}

static PpdlStatus
result_rows(Job *j, const PGresult *res, PpdlError *err)
{
	for (int r = 0; r < PQntuples(res); r++)
		PPDL_TRY(result_row(j, res, r, err));
	return PPDL_OK;
}

static PpdlStatus
begin_result(Job *j, const PGresult *res, PpdlError *err)
{
	int			n = PQnfields(res);
	const char **name = calloc((size_t) n + 1, sizeof *name);
	PpdlColumnKind *kind = calloc((size_t) n + 1, sizeof *kind);
	PpdlStatus	status;

	for (int i = 0; name && kind && i < n; i++)
	{
		name[i] = PQfname(res, i);
		kind[i] = column_kind(j, res, i);
	}
	status = name && kind ? ppdl_present_begin(&j->present, n, name, kind, err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(name);
	free(kind);
	return status;
}

static PpdlStatus
show_rows(Job *j, const PGresult *res, PpdlError *err)
{
	PpdlStatus	status;

	j->field = calloc((size_t) PQnfields(res) + 1, sizeof *j->field);
	status = j->field ? begin_result(j, res, err) : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		status = result_rows(j, res, err);
	if (status == PPDL_OK)
		status = ppdl_present_end(&j->present, err);
	free(j->field);
	j->field = NULL;
	return status;
}

static PpdlStatus
show_result(Job *j, const PGresult *res, PpdlError *err)
{
	switch (PQresultStatus(res))
	{
		case PGRES_TUPLES_OK:
			return show_rows(j, res, err);
		case PGRES_COMMAND_OK:
			if (j->a->form == PPDL_FORM_TABLE || j->a->form == PPDL_FORM_VERTICAL)
				fprintf(j->out.f, "%s\n", PQcmdStatus((PGresult *) res));
			return PPDL_OK;
		case PGRES_EMPTY_QUERY:
			return PPDL_OK;
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			ppdl_error(err, PPDL_ERR_ARGUMENT, "COPY to or from the tool is not supported");
			return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
								   "Use psql's \\copy and \"ppdl decrypt\" on the file, or SELECT.");
		default:
			ppdl_db_error(&j->db, res, err);
			return ppdl_db_position(res, j->sql, err);
	}
}

/* all statements of one command string */
static PpdlStatus
run_sql(Job *j, const char *sql, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	j->sql = sql;
	if (!PQsendQuery(j->db.conn, sql))
		return ppdl_db_error(&j->db, NULL, err);
	while (status == PPDL_OK && (res = PQgetResult(j->db.conn)) != NULL)
	{
		status = show_result(j, res, err);
		PQclear(res);
	}
	return status;
}

static PpdlStatus
run_all(Job *j, PpdlError *err)
{
	for (int i = 0; i < j->a->commands.count; i++)
		PPDL_TRY(run_sql(j, j->a->commands.item[i], err));
	return j->a->commands.count > 0 ? PPDL_OK : run_sql(j, (const char *) j->script.buf, err);
}

/* what -f or standard input hold, before anybody is asked for a passphrase */
static PpdlStatus
read_script(Job *j, PpdlError *err)
{
	const char *file = j->a->file ? j->a->file : "-";

	if (j->a->commands.count > 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_read_whole(file, &j->script, err));
	if (strspn((const char *) j->script.buf, " \t\r\n") < strlen((const char *) j->script.buf))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is empty: give SQL with -c, with -f, or on standard input",
					  j->a->file ? j->a->file : "standard input");
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlStatus	status;

	PPDL_TRY(read_script(j, err));
	PPDL_TRY(ppdl_reveal_open(&j->reveal, &a->keys, a->passphrase_file, err));
	PPDL_TRY(ppdl_db_open(&j->db, a->dsn, err));
	PPDL_TRY(ppdl_db_extension(&j->db, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0600, err));
	ppdl_present_init(&j->present, a->form, a->null ? a->null : "", j->out.f, j->out.shown);
	ppdl_db_cancel_on_interrupt(&j->db);
	status = run_all(j, err);
	ppdl_db_ignore_interrupt();
	PPDL_TRY(status);
	PPDL_TRY(ppdl_reveal_finish(&j->reveal, err));
	return ppdl_out_commit(&j->out, err);
}

int
ppdl_cmd_query(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	j.reveal.share = a.share;
	ppdl_writer_init(&j.script);
	status = run(&j, &err);
	ppdl_out_abort(&j.out);
	ppdl_present_free(&j.present);
	ppdl_writer_free(&j.script);
	ppdl_db_close(&j.db);
	ppdl_reveal_close(&j.reveal);
	ppdl_list_free(&a.keys);
	ppdl_list_free(&a.commands);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
