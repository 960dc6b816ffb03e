#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/terminal.h"

static int	shown;
static double started,
			drawn;
static uint64_t last_done;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int
terminal_width(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40)
		return ws.ws_col;
	return 80;
}

static void
draw(uint64_t done, uint64_t total, const char *what, double seconds)
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
	int			left = part > 0 ? (int) (seconds * (1 - part) / part + 0.5) : 0;

	snprintf(tail, sizeof tail, " %3d%% %d:%02d left", (int) (100 * part), left / 60, left % 60);
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

void
ppdl_progress(void *arg, uint64_t done, uint64_t total, const char *what)
{
	static int	terminal = -1;
	double		t;

	(void) arg;
	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	if (!terminal)
		return;
	t = now();
	if (started == 0 || done < last_done)
	{
		started = t;
		drawn = 0;
	}
	last_done = done;
	if (t - drawn < 0.1)
		return;
	drawn = t;
	draw(done, total, what, t - started);
	shown = 1;
	fflush(ppdl_terminal());
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
