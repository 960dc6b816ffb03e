#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"

const char *ppdl_program = "ppdl";

static int	server_failed;

void
ppdl_note(const char *fmt,...)
{
	va_list		ap;

	ppdl_progress_clear();
	fprintf(stderr, "%s: ", ppdl_program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static PpdlExit
exit_code(PpdlStatus code)
{
	switch (code)
	{
		case PPDL_OK:
			return PPDL_EXIT_OK;
		case PPDL_ERR_ARGUMENT:
			return PPDL_EXIT_USAGE;
		case PPDL_ERR_FORMAT:
		case PPDL_ERR_VERSION:
		case PPDL_ERR_RANGE:
		case PPDL_ERR_SCALE:
			return PPDL_EXIT_DATA;
		case PPDL_ERR_KEY:
			return PPDL_EXIT_KEY;
		case PPDL_ERR_CANCELED:
			return PPDL_EXIT_FAILED;
		default:
			return server_failed ? PPDL_EXIT_SERVER : PPDL_EXIT_FAILED;
	}
}

PpdlExit
ppdl_fail(const PpdlError *err)
{
	ppdl_note("%s", err->message);
	if (err->detail[0])
		fprintf(stderr, "detail: %s\n", err->detail);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return exit_code(err->code);
}

PpdlStatus
ppdl_server_error(PpdlError *err, const char *fmt,...)
{
	char		text[sizeof err->message];
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	server_failed = 1;
	return ppdl_error(err, PPDL_ERR_IO, "%s", text);
}

void
ppdl_close_output(int status, void *arg)
{
	(void) arg;
	if ((ferror(stdout) | (fclose(stdout) != 0)) && status == PPDL_EXIT_OK)
	{
		ppdl_note("cannot write standard output: %s", errno ? strerror(errno) : "an earlier write failed");
		fflush(stderr);
		_exit(PPDL_EXIT_FAILED);
	}
}
