/*
 * The shell: lines that somebody types, or that a file holds, become statements and commands.
 */
#ifndef PPDL_CLI_SHELL_H
#define PPDL_CLI_SHELL_H

#include "cli/outfile.h"
#include "query/sqltext.h"
#include "cli/viewer.h"

/* lines on their way to statements */
typedef struct PpdlSource
{
	PpdlWriter	text;			/* not yet run */
	size_t		scanned;
	PpdlSqlScan scan;
} PpdlSource;

typedef struct PpdlShell PpdlShell;
struct PpdlShell
{
	PpdlViewer	view;
	PpdlForm	form;
	char	   *null;			/* what stands for NULL */
	int			interactive,	/* somebody sits there */
				timing,
				page,			/* long results through the pager */
				quit,
				stopped,		/* Ctrl-C, or a lost connection: the rest of the line and of files is not run */
				depth,			/* files that are being read within each other */
				failed;			/* PpdlExit of the first error */
	PpdlOutFile out;			/* of \o; f NULL: standard output */
	char	   *out_path;
	PpdlSource *source;			/* of the line at hand */
	PpdlStatus	(*run_file) (PpdlShell *s, const char *path, PpdlError *err);
	PpdlStatus	(*run) (PpdlShell *s, const char *sql, PpdlError *err);
};

/* what is typed, or standard input, until its end or \q */
void		ppdl_shell_loop(PpdlShell *s);

/* the statement that ends at `end` leaves the source; malloc'ed, NULL when out of memory (shell_command.c) */
char	   *ppdl_shell_take(PpdlSource *source, size_t end);

/* line: a command without its backslash (shell_command.c) */
PpdlStatus	ppdl_shell_command(PpdlShell *s, const char *line, PpdlError *err);

/*
 * \d, \dt (shell_describe.c): name is a pattern with * and ?, an SQL name, or empty; tables: no views, sequences and
 * the like
 */
PpdlStatus	ppdl_shell_describe(PpdlShell *s, const char *name, int tables, PpdlError *err);

#endif
