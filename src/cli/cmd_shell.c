/*
 * ppdl shell: SQL typed line by line, its results decrypted.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer_args.h"
#include "cli/cli.h"
#include "cli/shell.h"

static const char doc[] =
"Type SQL and see its results, ciphertexts decrypted.\v"
"The passphrase is asked for once. A statement ends with a semicolon and may have many lines; \\? lists the commands, "
"which are those of psql. Tab completes SQL words, commands and names of tables and columns. Ctrl-C cancels what the "
"server does; an error ends nothing. Questions on encrypted columns stand in braces, as in ppdl query. Results that "
"do not fit on the screen go through $PAGER (less; PAGER= for none).\n\n"
"What is typed is kept in $XDG_STATE_HOME/ppdl/history (~/.local/state/ppdl/history), for its owner alone; lines "
"that begin with a blank, and "
"statements that name passwords, passphrases or functions of owner mode, are not.\n\n"
"Without a terminal, statements come from standard input; the exit status is then that of the first error.\n\n"
"Example:\n\n"
"  ppdl shell --key hospital.key --dsn \"$DSN\"";

enum
{
	OPT_DSN = 256
};

static const struct argp_option options[] = {
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"vertical", 'x', 0, 0, "a field a line", 3},
	{"pset", 'P', "null=TEXT", 0, "what is shown for NULL (nothing)", 3},
	{0}
};

typedef struct Args
{
	PpdlAnswerArgs answer;
	const char *dsn,
			   *null;
	int			vertical;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->answer;
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case 'x':
			a->vertical = 1;
			return 0;
		case 'P':
			if (strncmp(arg, "null=", 5) != 0)
				argp_error(state, "-P %s: null=TEXT is what can be set", arg);
			a->null = arg + 5;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\": SQL is typed, or comes on standard input", arg);
			return 0;
		case ARGP_KEY_END:
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static PpdlStatus
greet(PpdlShell *s, PpdlError *err)
{
	const char *server = PQparameterStatus(s->view.db.conn, "server_version");
	char		place[PPDL_PLACE];
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(&s->view.db, &res, err, "SELECT extversion FROM pg_extension WHERE extname = 'ppdl'", 0,
						 NULL));
	if (s->interactive)
		printf("ppdl %s; %s, PostgreSQL %.*s, extension %s\n\\? for help, \\q to leave\n\n", PPDL_TOOL_VERSION,
			   ppdl_db_place(&s->view.db, place), (int) strcspn(server ? server : "", " "), server ? server : "",
			   PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
run(PpdlShell *s, const Args *a, PpdlError *err)
{
	PPDL_TRY(ppdl_answer_open(&a->answer, &s->view.reveal, &s->view.words, err));
	PPDL_TRY(ppdl_db_open(&s->view.db, a->dsn, err));
	s->view.db.near = a->answer.keys.item[0];
	PPDL_TRY(ppdl_db_extension(&s->view.db, err));
	PPDL_TRY(ppdl_writer_parts_database(&s->view.reveal.writers, &s->view.db, err));
	PPDL_TRY(ppdl_reveal_verifier(&s->view.verifier, &a->answer.verify, &s->view.reveal, err));
	s->null = strdup(a->null ? a->null : "");
	if (s->null == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(greet(s, err));
	ppdl_present_init(&s->view.present, s->form, s->null, stdout, "standard output");
	ppdl_shell_loop(s);
	return s->out.f ? ppdl_out_commit(&s->out, err) : PPDL_OK;
}

int
ppdl_cmd_shell(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_answer_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, NULL, doc, children, NULL, NULL};
	Args		a = {0};
	PpdlShell	s = {.page = 1};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	s.interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	s.view.expand = a.answer.expand;
	s.form = a.vertical ? PPDL_FORM_VERTICAL : PPDL_FORM_TABLE;
	status = run(&s, &a, &err);
	ppdl_out_abort(&s.out);
	ppdl_viewer_close(&s.view);
	ppdl_answer_args_free(&a.answer);
	free(s.null);
	free(s.out_path);
	if (status != PPDL_OK)
		return ppdl_fail(&err);
	return s.interactive ? PPDL_EXIT_OK : s.failed;
}
