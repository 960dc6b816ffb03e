#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/progress.h"
#include "cli/terminal.h"

static int	shown;
static double started,
			drawn;
static uint64_t last_done;

static int
terminal_width(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40)
		return ws.ws_col;
	return 80;
}

/* left: seconds that it will take; < 0: not known */
static void
draw(uint64_t done, uint64_t total, const char *what, double left)
{
	FILE	   *f = ppdl_terminal();
	char		tail[64];
	int			width = terminal_width();
	int			bar;

	if (total == 0)
	{
		fprintf(f, "\r\033[K%s %llu", what, (unsigned long long) done);
		return;
	}

	double		part = done >= total ? 1 : (double) done / (double) total;
	int			whole = left < 1e8 ? (int) (left + 0.5) : 100000000;

	snprintf(tail, sizeof tail, left < 0 ? " %3d%%" : " %3d%% %d:%02d left", (int) (100 * part), whole / 60,
			 whole % 60);
	bar = width - 28 - (int) strlen(tail);
	if (bar > 40)
		bar = 40;
	fprintf(f, "\r\033[K%-24.24s ", what);
	if (bar > 0)
	{
		fputc('[', f);
		for (int i = 0; i < bar; i++)
			fputc(i < (int) (part * bar) ? '#' : '.', f);
		fputc(']', f);
	}
	fputs(tail, f);
}

static int
is_on_terminal(void)
{
	static int	terminal = -1;

	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	return terminal;
}

void
ppdl_progress(void *arg, uint64_t done, uint64_t total, const char *what)
{
	double		t,
				part = total == 0 || done >= total ? 1 : (double) done / (double) total;

	(void) arg;
	if (!is_on_terminal())
		return;
	t = ppdl_wall_seconds();
	if (started == 0 || done < last_done)
	{
		started = t;
		drawn = 0;
	}
	last_done = done;
	if (t - drawn < 0.1)
		return;
	drawn = t;
	draw(done, total, what, part > 0 ? (t - started) * (1 - part) / part : 0);
	shown = 1;
	fflush(ppdl_terminal());
}

/* the last " N of M" in text: where it begins, NULL if there is none */
static const char *
find_counts(const char *text, unsigned long long *done, unsigned long long *total)
{
	const char *found = NULL;
	int			end;

	for (const char *p = strchr(text, ' '); p; p = strchr(p + 1, ' '))
	{
		end = 0;
		if (sscanf(p, " %20llu of %20llu%n", done, total, &end) == 2 && end > 0)
			found = p;
	}
	if (found)
		sscanf(found, " %20llu of %20llu", done, total);
	return found;
}

/* "... 12 s left" at the end of text: 12; -1 if it ends otherwise */
static double
seconds_left(const char *text)
{
	const char *comma = strrchr(text, ',');
	double		left;
	int			end = 0;

	return comma && sscanf(comma, ", %lf s left%n", &left, &end) == 1 && end > 0 && comma[end] == 0 ? left : -1;
}

int
ppdl_progress_text(const char *text)
{
	unsigned long long done,
				total;
	const char *counts = is_on_terminal() ? find_counts(text, &done, &total) : NULL,
			   *colon = strchr(text, ':');
	char		what[64];
	PpdlEscaper e = {0};
	PpdlWriter	w;

	if (counts == NULL || total == 0)
		return 0;
	/* "prediction in the deep ring: stage" has no room: what stands before the colon, unless that says too little */
	if (colon && colon < counts && counts - text > 24)
		counts = colon;
	ppdl_writer_init(&w);
	ppdl_escape(&e, &w, text, (size_t) (counts - text), "");
	snprintf(what, sizeof what, "%.*s", (int) (w.bad ? 0 : w.len), (const char *) w.buf);
	ppdl_writer_free(&w);
	draw(done, total, what, seconds_left(text));
	shown = 1;
	fflush(ppdl_terminal());
	return 1;
}

void
ppdl_progress_clear(void)
{
	if (shown)
	{
		fputs("\r\033[K", ppdl_terminal());
		fflush(ppdl_terminal());
	}
	shown = 0;
}
