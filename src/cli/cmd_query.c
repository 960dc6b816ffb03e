/*
 * ppdl query: runs SQL and shows the answer decrypted.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer_args.h"
#include "cli/cli.h"
#include "cli/outfile.h"
#include "cli/pager.h"
#include "cli/viewer.h"
#include "table/infile.h"

static const char doc[] =
"Run SQL and show its results, ciphertexts decrypted.\v"
"The SQL runs on the server, which sends ciphertexts; they are decrypted here. Ctrl-C cancels the query "
"on the server.\n\n"
"Without -c and -f the SQL is read from standard input. On a terminal, results that do not fit on it are shown by "
"$PAGER (less), unless -P pager=off.\n\n"
"--expand gives each row of a packed result a line of its own and deals out the arrays beside it.\n\n"
"--then runs one SELECT on the decrypted result: a table called result in an SQLite database in memory, here. "
"Numbers are numbers there, arrays are JSON texts ([1,2]) for json_each and ->.\n\n"
"With a feature file averages, sums, rows and predictions come out by name and in the table's units: "
"\"Answers in your own words\" in doc/cli-reference.md.\n\n"
"Sums and averages of fewer than --min-count rows are not decrypted: \"(fewer than 5 rows)\" stands for them, NULL for "
"--then, and a note counts them.\n\n"
"--verify checks sums and averages against the lwe_receipt(...) in the same row of the result, before anything is "
"decrypted: \"Verified answers\" in doc/cli-reference.md.\n\n"
"Questions on encrypted columns stand in braces: {count where Age > 65}, {sum(Weight) where ...} and {avg(Weight) "
"where ...}, {count from COLUMN where ...} of another column than features. \"Conditions on encrypted columns\" in "
"doc/cli-reference.md.\n\n"
"Values of keys that were not given are shown as \"<lwe_cipher of key ...>\".\n\n"
"Examples:\n\n"
"  ppdl query --key hospital.key --dsn \"$DSN\" \\\n"
"    -c 'SELECT hospital, avg(features) FROM patients GROUP BY hospital'\n"
"  ppdl query --key hospital.key --dsn \"$DSN\" --expand --format csv \\\n"
"    -c \"SELECT array_agg(id), ppdl_predict_agg('m', features) FROM patients\"\n"
"  ppdl query --key hospital.key \\\n"
"    -c \"SELECT ward, {count where Age > 65 and Smoking = 'Yes'} FROM patients GROUP BY ward\"\n"
"  ppdl query --key hospital.key --expand --then 'SELECT * FROM result ORDER BY score DESC LIMIT 5' \\\n"
"    -c \"SELECT array_agg(id) AS id, ppdl_predict_agg('m', features) AS score FROM patients\"\n"
"  echo 'TABLE patients' | ppdl query --key hospital.key --key ward.key -x -P null=-";

enum
{
	OPT_DSN = 256, OPT_FORMAT, OPT_CSV, OPT_JSON, OPT_THEN
};

static const struct argp_option options[] = {
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"command", 'c', "SQL", 0, "what to run; may be repeated", 2},
	{"file", 'f', "FILE", 0, "read the SQL from FILE (-: standard input)", 2},
	{"then", OPT_THEN, "SELECT", 0, "a query on the decrypted result, the table result, whose answer is shown", 3},
	{"format", OPT_FORMAT, "table|vertical|csv|json", 0, "of the output (table)", 3},
	{"vertical", 'x', 0, 0, "same as --format vertical: a field a line", 3},
	{"csv", OPT_CSV, 0, 0, "same as --format csv", 3},
	{"json", OPT_JSON, 0, 0, "same as --format json: an array of objects for each result", 3},
	{"pset", 'P', "NAME=VALUE", 0, "null=TEXT: what is shown for NULL (nothing; in JSON null); pager=off", 3},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 3},
	{0}
};

typedef struct Args
{
	PpdlAnswerArgs answer;
	const char *dsn,
			   *file,
			   *null,
			   *then,
			   *output;
	PpdlList	commands;
	PpdlForm	form;
	int			no_pager;
} Args;

static void
set_printing(Args *a, const char *arg, struct argp_state *state)
{
	if (strncmp(arg, "null=", 5) == 0)
		a->null = arg + 5;
	else if (strcmp(arg, "pager=on") == 0 || strcmp(arg, "pager=off") == 0)
		a->no_pager = strcmp(arg, "pager=off") == 0;
	else
		argp_error(state, "-P %s: null=TEXT and pager=on|off are what can be set", arg);
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"table", "vertical", "csv", "json", NULL};	/* as PpdlForm */
	Args	   *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->answer;
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
		case OPT_THEN:
			a->then = arg;
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
			set_printing(a, arg, state);
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\": SQL goes after -c, in quotes", arg);
			return 0;
		case ARGP_KEY_END:
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
	PpdlViewer	view;
	PpdlOutFile out;
	PpdlPaged	paged;			/* of a terminal: what is shown at the end */
	PpdlThen   *then;
	PpdlWriter	script;			/* SQL that is no argument */
} Job;

static PpdlStatus
run_all(Job *j, PpdlError *err)
{
	for (int i = 0; i < j->a->commands.count; i++)
		PPDL_TRY(ppdl_viewer_run(&j->view, j->a->commands.item[i], err));
	if (j->a->commands.count > 0)
		return PPDL_OK;
	return ppdl_viewer_run(&j->view, (const char *) j->script.buf, err);
}

/* what -f or standard input hold, before anybody is asked for a passphrase */
static PpdlStatus
read_script(Job *j, PpdlError *err)
{
	const char *file = j->a->file ? j->a->file : "-";

	if (j->a->commands.count > 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_read_text(file, &j->script, err));
	if (strspn((const char *) j->script.buf, " \t\r\n") < strlen((const char *) j->script.buf))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is empty: give SQL with -c, with -f, or on standard input",
					  j->a->file ? j->a->file : "standard input");
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	PpdlViewer *v = &j->view;

	PPDL_TRY(read_script(j, err));
	if (a->then)
		PPDL_TRY(ppdl_then_create(&j->then, a->then, err));
	PPDL_TRY(ppdl_answer_open(&a->answer, &v->reveal, &v->words, err));
	PPDL_TRY(ppdl_db_open(&v->db, a->dsn, err));
	v->db.near = a->answer.keys.item[0];
	PPDL_TRY(ppdl_db_extension(&v->db, err));
	PPDL_TRY(ppdl_writer_parts_database(&v->reveal.writers, &v->db, err));
	PPDL_TRY(ppdl_reveal_verifier(&v->verifier, &a->answer.verify, &v->reveal, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0600, err));
	if (j->out.f == stdout && isatty(STDOUT_FILENO) && !a->no_pager)
	{
		ppdl_paged_begin(&j->paged);
		if (j->paged.f == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	ppdl_present_init(&v->present, a->form, a->null ? a->null : "", j->paged.f ? j->paged.f : j->out.f, j->out.shown);
	v->present.then = j->then;
	v->reveal.few_are_null = j->then != NULL;
	v->expand = a->answer.expand;
	/* --then works on columns, and on numbers */
	v->words.objects = a->form == PPDL_FORM_JSON && a->then == NULL;
	v->words.people = (a->form == PPDL_FORM_TABLE || a->form == PPDL_FORM_VERTICAL) && a->then == NULL;
	v->quiet = a->form == PPDL_FORM_CSV || a->form == PPDL_FORM_JSON;
	PPDL_TRY(run_all(j, err));
	PPDL_TRY(ppdl_reveal_finish(&v->reveal, err));
	return ppdl_out_commit(&j->out, err);
}

int
ppdl_cmd_query(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_answer_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, NULL, doc, children, NULL, NULL};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	ppdl_writer_init(&j.script);
	status = run(&j, &err);
	if (j.paged.f)
		ppdl_paged_end(&j.paged, 1);
	ppdl_out_abort(&j.out);
	ppdl_writer_free(&j.script);
	ppdl_viewer_close(&j.view);
	ppdl_then_destroy(j.then);
	ppdl_answer_args_free(&a.answer);
	ppdl_list_free(&a.commands);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
