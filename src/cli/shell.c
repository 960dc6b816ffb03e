#include "cli/shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/clock.h"
#include "cli/lineedit.h"
#include "cli/pager.h"
#include "cli/progress.h"
#include "cli/shell_complete.h"
#include "cli/terminal.h"
#include "table/infile.h"

#define DEEPEST 16				/* files that read files */

static void
fail(PpdlShell *s, const PpdlError *err)
{
	PpdlExit	code;

	fflush(stdout);
	code = ppdl_fail(err);
	if (s->failed == PPDL_EXIT_OK)
		s->failed = code;
}

/* ------------------------------------------------------------------ statements */

/* a connection that is gone is made again; settings and transactions of the session are lost with it */
static PpdlStatus
reconnect(PpdlShell *s, PpdlError *err)
{
	if (PQstatus(s->view.db.conn) == CONNECTION_OK)
		return PPDL_OK;
	PQreset(s->view.db.conn);
	if (PQstatus(s->view.db.conn) != CONNECTION_OK)
		return ppdl_db_error(&s->view.db, NULL, err);
	ppdl_note("the connection was lost and has been made again; settings and an open transaction are gone");
	return PPDL_OK;
}

static PpdlStatus
run_shown(PpdlShell *s, const char *sql, PpdlError *err)
{
	PpdlStatus	status = ppdl_viewer_run(&s->view, sql, err);

	ppdl_progress_clear();
	if (status == PPDL_OK)
		status = ppdl_reveal_finish(&s->view.reveal, err);
	return status;
}

static PpdlStatus
run_timed(PpdlShell *s, const char *sql, PpdlError *err)
{
	PpdlViewer *v = &s->view;
	PpdlPaged	paged = {.f = NULL};
	const double began = ppdl_wall_seconds();
	PpdlStatus	status;

	PPDL_TRY(reconnect(s, err));
	if (s->out.f == NULL && s->interactive)
	{
		ppdl_paged_begin(&paged);
		if (paged.f == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	ppdl_db_forget_interrupt();
	v->reveal.values = v->reveal.foreign = v->reveal.few = 0;
	v->present.form = s->form;
	v->present.null = s->null;
	v->present.f = paged.f ? paged.f : s->out.f ? s->out.f : stdout;
	v->present.shown = s->out.f ? s->out.shown : "standard output";
	v->words.objects = s->form == PPDL_FORM_JSON;
	v->words.people = s->form == PPDL_FORM_TABLE || s->form == PPDL_FORM_VERTICAL;
	v->quiet = !s->interactive && (s->form == PPDL_FORM_CSV || s->form == PPDL_FORM_JSON);
	status = run_shown(s, sql, err);
	if (s->timing)
		fprintf(v->present.f, "Time: %.3f ms\n", 1e3 * (ppdl_wall_seconds() - began));
	if (paged.f)
		ppdl_paged_end(&paged, s->page);
	else
		fflush(v->present.f);
	return status;
}

/* PpdlShell.run: runs sql and shows what comes; what follows in a script was written for a session that goes on */
static PpdlStatus
run(PpdlShell *s, const char *sql, PpdlError *err)
{
	const PpdlStatus status = run_timed(s, sql, err);

	s->stopped = ppdl_db_interrupted() || PQstatus(s->view.db.conn) != CONNECTION_OK;
	return status;
}

/* ------------------------------------------------------------------ lines */

static void
forget_all(PpdlSource *source)
{
	source->text.len = source->scanned = 0;
	memset(&source->scan, 0, sizeof source->scan);
}

/* is nothing begun? */
static int
is_at_rest(const PpdlSource *source)
{
	return !source->scan.something && source->scan.in != '*';
}

static void
run_statement(PpdlShell *s, size_t end)
{
	char	   *sql = ppdl_shell_take(s->source, end);
	PpdlError	err = {0};

	if (sql == NULL || run(s, sql, &err) != PPDL_OK)
	{
		if (sql == NULL)
			ppdl_error(&err, PPDL_ERR_NOMEM, "out of memory");
		fail(s, &err);
	}
	ppdl_complete_statement(sql ? sql : "");
	free(sql);
}

/* the command at the place that was scanned, to the end of its line */
static void
run_command(PpdlShell *s)
{
	PpdlSource *source = s->source;
	char	   *begin = (char *) source->text.buf + source->scanned,
			   *end = memchr(begin, '\n', source->text.len - source->scanned);
	char	   *line = strndup(begin + 1, (size_t) (end - begin) - 1);
	PpdlError	err = {0};

	memmove(begin, end, (size_t) ((char *) source->text.buf + source->text.len - end));
	source->text.len -= (size_t) (end - begin);
	if (line == NULL ? ppdl_error(&err, PPDL_ERR_NOMEM, "out of memory") : ppdl_shell_command(s, line, &err))
		fail(s, &err);
	free(line);
	s->source = source;
}

/* one line more, without its end */
static void
take_line(PpdlShell *s, const char *line)
{
	PpdlSource *source = s->source;
	PpdlSqlStop stop;

	ppdl_write_text(&source->text, line);
	ppdl_write_u8(&source->text, '\n');
	if (source->text.bad)
	{
		PpdlError	err = {0};

		ppdl_error(&err, PPDL_ERR_NOMEM, "out of memory");
		fail(s, &err);
		s->quit = 1;
	}
	while (!s->quit && !s->stopped)
	{
		const char *buf = (const char *) source->text.buf;

		stop = ppdl_sql_scan(&source->scan, buf, source->text.len, &source->scanned);
		if (stop == PPDL_SQL_MORE)
			break;
		if (stop == PPDL_SQL_STATEMENT)
			run_statement(s, source->scanned);
		else
			run_command(s);
	}
	/* blanks and comments before a statement: places in errors count from its first line */
	if (is_at_rest(source) || s->stopped)
		forget_all(source);
}

/* the last statement of a file needs no semicolon */
static void
end_source(PpdlShell *s)
{
	if (!s->quit && !s->stopped && s->source->scan.something)
		run_statement(s, s->source->text.len);
}

/* PpdlShell.run_file */
static PpdlStatus
run_file(PpdlShell *s, const char *path, PpdlError *err)
{
	PpdlSource *outer = s->source;
	PpdlSource	source = {.scanned = 0};
	PpdlWriter	file;
	PpdlStatus	status;
	char	   *rest;

	if (s->depth == DEEPEST)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\": %d files read each other", path, DEEPEST);
	ppdl_writer_init(&file);
	ppdl_writer_init(&source.text);
	status = ppdl_read_text(path, &file, err);
	if (status == PPDL_OK)
	{
		s->source = &source;
		s->depth++;
		rest = (char *) file.buf;
		for (char *line; !s->quit && !s->stopped && (line = strsep(&rest, "\n")) != NULL;)
			if (rest || line[0])
				take_line(s, line);
		end_source(s);
		s->depth--;
		s->source = outer;
	}
	ppdl_writer_free(&source.text);
	ppdl_writer_free(&file);
	return status;
}

/* ------------------------------------------------------------------ somebody who types */

/* clinic=> and, where a statement goes on, clinic-> clinic'> clinic(>; a star in a transaction, ! in one that failed */
static char *
prompt(PpdlShell *s)
{
	PGconn	   *conn = s->view.db.conn;
	const PpdlSqlScan *scan = &s->source->scan;
	const PGTransactionStatusType in = PQtransactionStatus(conn);
	const char *super = PQparameterStatus(conn, "is_superuser");
	PpdlEscaper e = {0};
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_escape(&e, &w, PQdb(conn), strlen(PQdb(conn)), "");
	ppdl_write_u8(&w, scan->in == 'e' ? '\'' : scan->in && scan->in != '-' ? (uint8_t) scan->in : scan->parens ? '(' :
				  is_at_rest(s->source) ? '=' : '-');
	if (PQstatus(conn) != CONNECTION_OK || in == PQTRANS_INERROR)
		ppdl_write_u8(&w, '!');
	else if (in != PQTRANS_IDLE)
		ppdl_write_u8(&w, '*');
	ppdl_write_text(&w, super && strcmp(super, "on") == 0 ? "# " : "> ");
	ppdl_write_u8(&w, 0);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

/* Functions of owner mode take passphrases, and roles passwords: what names them stays out of the history file. */
static int
names_a_secret(const char *text)
{
	static const char *const words[] = {"password", "passphrase", "_keygen", "_encrypt", "_decrypt", "owner_", NULL};

	for (int i = 0; words[i]; i++)
		if (strcasestr(text, words[i]))
			return 1;
	return text[0] == ' ';
}

/* typed: what was typed since the shell was at rest; remembered, and emptied, when it is again */
static void
remember(PpdlShell *s, PpdlWriter *typed, const char *line)
{
	if (typed->len)
		ppdl_write_u8(typed, '\n');
	ppdl_write_text(typed, line);
	if (!is_at_rest(s->source) || typed->bad)
		return;
	ppdl_write_u8(typed, 0);
	if (!typed->bad)
		ppdl_line_remember((const char *) typed->buf, names_a_secret((const char *) typed->buf));
	typed->len = 0;
}

static void
typed_loop(PpdlShell *s)
{
	PpdlWriter	typed;
	char	   *line;

	ppdl_writer_init_secret(&typed);
	while (!s->quit)
	{
		char	   *ask = prompt(s);
		PpdlLineEnd end = ppdl_line_read(ask ? ask : "> ", &line);

		free(ask);
		if (end == PPDL_LINE_EOF)
		{
			puts("\\q");
			break;
		}
		if (end == PPDL_LINE_INTERRUPTED)
		{
			forget_all(s->source);
			typed.len = 0;
			continue;
		}
		s->stopped = 0;
		ppdl_complete_before(s->source->text.len ? (const char *) s->source->text.buf : "", s->source->text.len);
		take_line(s, line);
		remember(s, &typed, line);
		ppdl_complete_before((const char *) s->source->text.buf, s->source->text.len);
		free(line);
	}
	ppdl_writer_free(&typed);
}

/* standard input that is no terminal */
static void
piped_loop(PpdlShell *s)
{
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		n;

	while (!s->quit && !s->stopped && (n = getline(&line, &size, stdin)) > 0)
	{
		PpdlError	err = {0};

		if (ppdl_check_text("-", line, (size_t) n, &err) != PPDL_OK)
		{
			fail(s, &err);
			break;
		}
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		take_line(s, line);
	}
	free(line);
	end_source(s);
}

void
ppdl_shell_loop(PpdlShell *s)
{
	PpdlSource	source = {.scanned = 0};

	ppdl_writer_init(&source.text);
	s->source = &source;
	s->run = run;
	s->run_file = run_file;
	if (s->interactive)
	{
		char	   *history = ppdl_line_history_file();

		ppdl_line_begin(history, ppdl_complete_choose);
		free(history);
		ppdl_complete_begin(&s->view.db);
		typed_loop(s);
		ppdl_complete_end();
	}
	else
		piped_loop(s);
	ppdl_writer_free(&source.text);
}
