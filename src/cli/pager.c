#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/terminal.h"

static ssize_t
gather(void *cookie, const char *s, size_t len)
{
	PpdlPaged  *p = cookie;

	ppdl_write_bytes(&p->text, s, len);
	if (p->text.bad)
		errno = ENOMEM;
	return p->text.bad ? 0 : (ssize_t) len;
}

void
ppdl_paged_begin(PpdlPaged *p)
{
	ppdl_writer_init_secret(&p->text);
	p->f = fopencookie(p, "w", (cookie_io_functions_t) {.write = gather});
}

/* does it fit on one screen, with room for the next prompt? */
static int
fits(const PpdlWriter *text)
{
	struct winsize ws;
	int			lines = 0,
				width = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0 || ws.ws_row == 0 || ws.ws_col == 0)
		return 1;
	for (size_t i = 0; i < text->len; i++)
	{
		width = text->buf[i] == '\n' ? 0 : width + ((text->buf[i] & 0xC0) != 0x80);
		if (width > ws.ws_col)
			return 0;
		lines += text->buf[i] == '\n';
	}
	return lines < ws.ws_row;
}

/* $PAGER, or less; NULL: none */
static const char *
pager(void)
{
	const char *command = getenv("PAGER");

	/* no files from within it, lines that are cut rather than wrapped */
	setenv("LESSSECURE", "1", 0);
	setenv("LESS", "FSX", 0);
	if (command == NULL)
		return "less";
	return command[strspn(command, " \t")] ? command : NULL;
}

static int
pipe_to(const char *command, const PpdlWriter *text)
{
	FILE	   *f;
	PpdlEscaper e = {0};
	PpdlWriter	shown;
	int			ok,
				status;

	ppdl_writer_init_secret(&shown);
	ppdl_escape(&e, &shown, (const char *) text->buf, text->len, "\n\t");
	f = shown.bad ? NULL : popen(command, "w");
	if (f == NULL)
	{
		ppdl_writer_free(&shown);
		return 0;
	}
	ok = fwrite(shown.buf, 1, shown.len, f) == shown.len;
	(void) ok;					/* whoever leaves the pager has seen enough */
	ppdl_writer_free(&shown);
	status = pclose(f);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

void
ppdl_paged_end(PpdlPaged *p, int page)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN},
				pipe_before,
				interrupt_before;
	const char *command = page ? pager() : NULL;
	int			done = 0;

	if (p->f)
		fclose(p->f);
	p->f = NULL;
	fflush(stdout);
	if (command && !fits(&p->text))
	{
		sigaction(SIGPIPE, &ignore, &pipe_before);
		sigaction(SIGINT, &ignore, &interrupt_before);
		done = pipe_to(command, &p->text);
		sigaction(SIGPIPE, &pipe_before, NULL);
		sigaction(SIGINT, &interrupt_before, NULL);
	}
	if (!done)
	{
		fwrite(p->text.buf, 1, p->text.len, stdout);
		fflush(stdout);
	}
	ppdl_writer_free(&p->text);
}
