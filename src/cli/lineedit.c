#include "cli/lineedit.h"

#include <editline/readline.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "table/infile.h"

/* entries that are read from the file, and lines it may have before it is cut to these */
#define ENTRIES 1000
#define LINES_AT_MOST (2 * ENTRIES)

static volatile sig_atomic_t interrupted;
static char *history_path;
static PpdlChooseOffer choose_offer;

/* ------------------------------------------------------------------ typing */

static void
on_interrupt(int sig)
{
	interrupted = sig;
}

/* the next byte; -1: none, or Ctrl-C */
static int
next_byte(void)
{
	unsigned char c;
	ssize_t		n;

	do
		n = interrupted ? -1 : read(STDIN_FILENO, &c, 1);
	while (n < 0 && errno == EINTR && !interrupted);
	return n == 1 ? c : -1;
}

/* libedit takes code points from here */
static int
next_character(FILE *f)
{
	int			c = next_byte(),
				follow = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC2 ? 1 : 0,
				character = follow ? c & (0x3F >> follow) : c;

	(void) f;
	for (; follow > 0 && c >= 0; follow--)
	{
		c = next_byte();
		character = character << 6 | (c & 0x3F);
	}
	return c < 0 ? -1 : character;
}

static char **
complete(const char *text, int start, int end)
{
	PpdlOffer	offer = choose_offer(rl_line_buffer, start);
	char	  **found = offer ? rl_completion_matches(text, offer) : NULL;
	size_t		n = found && found[0] ? strlen(found[0]) : 0;

	(void) end;
	rl_attempted_completion_over = offer != NULL;
	/* a name goes on behind "(" and "." */
	rl_completion_append_character = n > 0 && (found[0][n - 1] == '(' || found[0][n - 1] == '.') ? 0 : ' ';
	return found;
}

/* ------------------------------------------------------------------ history */

/* the directory, and those above it */
static int
make_directory(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
	{
		*slash = 0;
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return 0;
		*slash = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

char *
ppdl_line_history_file(void)
{
	const char *state = getenv("XDG_STATE_HOME"),
			   *home = getenv("HOME");
	char	   *directory,
			   *path = NULL;

	if ((state && state[0] == '/' ? asprintf(&directory, "%s/ppdl", state) :
		 home && home[0] == '/' ? asprintf(&directory, "%s/.local/state/ppdl", home) : -1) < 0)
		return NULL;
	if (make_directory(directory) && asprintf(&path, "%s/history", directory) < 0)
		path = NULL;
	free(directory);
	return path;
}

/* for its owner alone, whoever made it; NULL when it cannot be opened */
static FILE *
open_history(const char *path, int flags)
{
	int			fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE	   *f = fd < 0 || fchmod(fd, 0600) != 0 ? NULL : fdopen(fd, "a+");

	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

static void
read_history_file(const char *path)
{
	PpdlWriter	w;
	PpdlError	err;
	size_t		lines = 0,
				line = 0;
	FILE	   *f;
	char	   *rest;

	ppdl_writer_init(&w);
	if (access(path, R_OK) != 0 || ppdl_read_whole(path, &w, &err) != PPDL_OK)
	{
		ppdl_writer_free(&w);
		return;
	}
	for (const char *p = (const char *) w.buf; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	f = lines > LINES_AT_MOST ? open_history(path, O_RDWR | O_TRUNC) : NULL;
	rest = (char *) w.buf;
	for (char *one; (one = strsep(&rest, "\n")) != NULL && rest; line++)
	{
		if (line + ENTRIES < lines)
			continue;
		add_history(one);
		if (f)
			fprintf(f, "%s\n", one);
	}
	if (f)
		fclose(f);
	ppdl_writer_free(&w);
}

void
ppdl_line_remember(const char *text, int secret)
{
	FILE	   *f = history_path && !secret ? open_history(history_path, O_RDWR | O_APPEND) : NULL;
	char	   *copy = strdup(text),
			   *rest = copy;

	for (char *line; copy && (line = strsep(&rest, "\n")) != NULL;)
	{
		if (line[strspn(line, " \t")] == 0)
			continue;
		add_history(line);
		if (f)
			fprintf(f, "%s\n", line);
	}
	free(copy);
	if (f)
		fclose(f);
}

/* ------------------------------------------------------------------ lines */

void
ppdl_line_begin(const char *history, PpdlChooseOffer choose)
{
	static char breaks[] = " \t\n,;()=<>+*|";

	setlocale(LC_CTYPE, "C.UTF-8");
	/* streams of their own: the tool's escape control characters */
	rl_outstream = fdopen(STDOUT_FILENO, "w");
	rl_instream = stdin;
	rl_readline_name = "ppdl";
	rl_catch_signals = 0;
	rl_getc_function = next_character;
	rl_initialize();
	rl_completer_word_break_characters = breaks;
	rl_basic_word_break_characters = breaks;
	rl_attempted_completion_function = complete;
	choose_offer = choose;
	using_history();
	history_path = history ? strdup(history) : NULL;
	if (history_path)
		read_history_file(history_path);
}

PpdlLineEnd
ppdl_line_read(const char *prompt, char **line)
{
	struct sigaction act = {.sa_handler = on_interrupt},	/* no SA_RESTART: read() returns */
				before;

	interrupted = 0;
	sigaction(SIGINT, &act, &before);
	rl_resize_terminal();
	*line = readline(prompt);
	sigaction(SIGINT, &before, NULL);
	if (interrupted)
	{
		free(*line);
		*line = NULL;
		fputs("^C\n", rl_outstream);
		fflush(rl_outstream);
		return PPDL_LINE_INTERRUPTED;
	}
	return *line ? PPDL_LINE : PPDL_LINE_EOF;
}
