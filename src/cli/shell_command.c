#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/answer_args.h"
#include "cli/cli.h"
#include "cli/pager.h"
#include "cli/shell.h"
#include "table/numeral.h"

char *
ppdl_shell_take(PpdlSource *source, size_t end)
{
	char	   *sql = strndup((const char *) source->text.buf, end);

	source->text.len -= end;
	memmove(source->text.buf, source->text.buf + end, source->text.len);
	source->scanned = 0;
	memset(&source->scan, 0, sizeof source->scan);
	return sql;
}

typedef struct Command
{
	const char *name,			/* with its backslash, for completion */
			   *argument,
			   *what;
	PpdlStatus	(*run) (PpdlShell *s, char *arg, PpdlError *err);
} Command;

static PpdlStatus
say(PpdlShell *s, const char *what)
{
	if (s->interactive)
		puts(what);
	return PPDL_OK;
}

static PpdlStatus
flip(PpdlShell *s, const char *arg, int *what, const char *name, PpdlError *err)
{
	char		text[100];

	if (arg[0] && strcmp(arg, "on") != 0 && strcmp(arg, "off") != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: \"%s\" is neither on nor off", name, arg);
	*what = arg[0] ? strcmp(arg, "on") == 0 : !*what;
	snprintf(text, sizeof text, "%s is %s.", name, *what ? "on" : "off");
	return say(s, text);
}

static PpdlStatus
set_form(PpdlShell *s, char *arg, PpdlError *err)
{
	static const char *const forms[] = {"table", "vertical", "csv", "json"};	/* as PpdlForm */

	for (int i = 0; i < 4; i++)
		if (strcmp(arg, forms[i]) == 0)
		{
			s->form = (PpdlForm) i;
			return PPDL_OK;
		}
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\format: \"%s\" is none of: table, vertical, csv, json", arg);
}

static PpdlStatus
toggle_vertical(PpdlShell *s, char *arg, PpdlError *err)
{
	int			vertical = s->form == PPDL_FORM_VERTICAL;

	PPDL_TRY(flip(s, arg, &vertical, "Expanded display", err));
	s->form = vertical ? PPDL_FORM_VERTICAL : PPDL_FORM_TABLE;
	return PPDL_OK;
}

static PpdlStatus
toggle_timing(PpdlShell *s, char *arg, PpdlError *err)
{
	return flip(s, arg, &s->timing, "Timing", err);
}

static PpdlStatus
toggle_expand(PpdlShell *s, char *arg, PpdlError *err)
{
	return flip(s, arg, &s->view.expand, "A line for each row of packed results", err);
}

/* \pset min-count N: in the reveal of the view */
static PpdlStatus
set_min_count(PpdlShell *s, const char *arg, PpdlError *err)
{
	char		text[100];
	double		n;

	if (ppdl_parse_number(arg, &n) != 1 || n < 1 || n > PPDL_MOST_MIN_COUNT || n != floor(n))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\pset min-count: \"%s\" is no number of rows, 1 or more", arg);
	s->view.reveal.min_count = (long) n;
	snprintf(text, sizeof text, n > 1 ? "Totals of fewer than %ld rows are not decrypted." :
			 "All totals are decrypted.", (long) n);
	return say(s, text);
}

/* \pset null TEXT, \pset pager on|off, \pset min-count N */
static PpdlStatus
set_option(PpdlShell *s, char *arg, PpdlError *err)
{
	size_t		n = strcspn(arg, " \t=");
	char	   *value = arg + n,
			   *copy;
	size_t		len;

	value += strspn(value, " \t=");
	len = strlen(value);
	if (len >= 2 && value[0] == '\'' && value[len - 1] == '\'')
	{
		value[len - 1] = 0;
		value++;
	}
	if (n == 5 && strncmp(arg, "pager", n) == 0)
		return flip(s, value, &s->page, "The pager", err);
	if (n == 9 && strncmp(arg, "min-count", n) == 0)
		return set_min_count(s, value, err);
	if (n != 4 || strncmp(arg, "null", n) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\pset: null TEXT, pager on|off and min-count N can be set");
	copy = strdup(value);
	if (copy == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(s->null);
	s->null = copy;
	return PPDL_OK;
}

static PpdlStatus
describe(PpdlShell *s, char *arg, PpdlError *err)
{
	return ppdl_shell_describe(s, arg, 0, err);
}

static PpdlStatus
describe_tables(PpdlShell *s, char *arg, PpdlError *err)
{
	return ppdl_shell_describe(s, arg, 1, err);
}

static PpdlStatus
include(PpdlShell *s, char *arg, PpdlError *err)
{
	if (arg[0] == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\i: which file?");
	return s->run_file(s, arg, err);
}

/* what went into the last file is complete; what follows goes to another, or to standard output */
static PpdlStatus
redirect(PpdlShell *s, char *arg, PpdlError *err)
{
	if (arg[0] == '|')
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\o: a file is expected; results do not go into commands");
	if (s->out.f)
		PPDL_TRY(ppdl_out_commit(&s->out, err));
	free(s->out_path);
	s->out_path = NULL;
	if (arg[0] == 0)
		return PPDL_OK;
	/* its name must live as long as the file is open */
	s->out_path = strdup(arg);
	if (s->out_path == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return ppdl_out_open(&s->out, s->out_path, 0600, err);
}

static PpdlStatus
quit(PpdlShell *s, char *arg, PpdlError *err)
{
	(void) arg;
	(void) err;
	s->quit = 1;
	return PPDL_OK;
}

static PpdlStatus
go(PpdlShell *s, char *arg, PpdlError *err)
{
	char	   *sql;
	PpdlStatus	status;

	(void) arg;
	if (!s->source->scan.something)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\\g: there is no statement to run");
	sql = ppdl_shell_take(s->source, s->source->scanned);
	status = sql ? s->run(s, sql, err) : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(sql);
	return status;
}

static PpdlStatus
go_vertical(PpdlShell *s, char *arg, PpdlError *err)
{
	const PpdlForm form = s->form;
	PpdlStatus	status;

	s->form = PPDL_FORM_VERTICAL;
	status = go(s, arg, err);
	s->form = form;
	return status;
}

static PpdlStatus
reset(PpdlShell *s, char *arg, PpdlError *err)
{
	(void) arg;
	(void) err;
	free(ppdl_shell_take(s->source, s->source->scanned));
	return say(s, "The statement is forgotten.");
}

static PpdlStatus help(PpdlShell *s, char *arg, PpdlError *err);

static const Command commands[] = {
	{"\\d", "[NAME]", "tables, views and the like, or the columns of one; NAME may hold * and ?", describe},
	{"\\dt", "[NAME]", "tables", describe_tables},
	{"\\x", "[on|off]", "a field a line", toggle_vertical},
	{"\\format", "FORM", "table, vertical, csv or json", set_form},
	{"\\expand", "[on|off]", "a line for each row of packed results", toggle_expand},
	{"\\pset", "null TEXT", "what is shown for NULL; \"pager on|off\": long results through $PAGER (less); "
	"\"min-count N\": rows that a total must have to be decrypted", set_option},
	{"\\timing", "[on|off]", "how long statements take, decryption included", toggle_timing},
	{"\\o", "[FILE]", "results go into FILE, which has its name when \\o or \\q ends it; without FILE: here", redirect},
	{"\\i", "FILE", "run the statements and commands in FILE", include},
	{"\\g", "", "run the statement, as a semicolon does", go},
	{"\\gx", "", "the same, a field a line", go_vertical},
	{"\\r", "", "forget the statement begun", reset},
	{"\\q", "", "leave; Ctrl-D does, too", quit},
	{"\\?", "", "this list", help},
};

#define NCOMMANDS (sizeof commands / sizeof *commands)

static PpdlStatus
help(PpdlShell *s, char *arg, PpdlError *err)
{
	PpdlPaged	paged;
	FILE	   *f;

	(void) arg;
	(void) err;
	ppdl_paged_begin(&paged);
	f = paged.f ? paged.f : stdout;
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-8s %-10s %s\n", commands[i].name, commands[i].argument, commands[i].what);
	fputs("\nA statement ends with a semicolon and may have many lines. Ctrl-C cancels it, or forgets what is typed;\n"
		  "Tab completes. Ciphertexts in results are decrypted here, with the keys that were given.\n", f);
	ppdl_paged_end(&paged, s->interactive && s->page);
	return PPDL_OK;
}

PpdlStatus
ppdl_shell_command(PpdlShell *s, const char *line, PpdlError *err)
{
	char	   *copy = strdup(line),
			   *arg;
	size_t		n;
	PpdlStatus	status = PPDL_ERR_NOMEM;

	if (copy == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	n = strcspn(copy, " \t");
	arg = copy + n + strspn(copy + n, " \t");
	copy[n] = 0;
	for (size_t end = strlen(arg); end > 0 && (isspace((unsigned char) arg[end - 1]) || arg[end - 1] == ';'); end--)
		arg[end - 1] = 0;
	/* "\q;" and "\d patients;" are habits */
	for (; n > 0 && copy[n - 1] == ';'; n--)
		copy[n - 1] = 0;
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name + 1, copy) == 0)
		{
			status = commands[i].run(s, arg, err);
			free(copy);
			return status;
		}
	ppdl_error(err, PPDL_ERR_ARGUMENT, "there is no command \\%.*s", PPDL_CUT(copy, 60));
	free(copy);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "\\? lists the commands.");
}
