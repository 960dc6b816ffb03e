#include "cli/outfile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* what a deadly signal removes; one file at a time is enough for the tool */
static char doomed[4096];

static void
remove_and_die(int sig)
{
	if (doomed[0])
		unlink(doomed);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
doom(const char *path)
{
	static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction act = {.sa_handler = remove_and_die};

	if (strlen(path) >= sizeof doomed)
		return;
	strcpy(doomed, path);
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
	{
		struct sigaction old;

		/* a handler the sub-command has set stays */
		if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &act, NULL);
	}
}

void
ppdl_out_forget(void)
{
	doomed[0] = 0;
}

PpdlStatus
ppdl_out_temporary(const char *path, char **temporary, PpdlError *err)
{
	if (asprintf(temporary, "%s.tmp%ld", path, (long) getpid()) < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	doom(*temporary);
	return PPDL_OK;
}

static int
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

PpdlStatus
ppdl_out_open(PpdlOutFile *o, const char *path, mode_t mode, PpdlError *err)
{
	int			fd;

	memset(o, 0, sizeof *o);
	if (path == NULL || strcmp(path, "-") == 0)
	{
		o->f = stdout;
		o->shown = "standard output";
		return PPDL_OK;
	}
	o->shown = path;
	if (is_special(path))
	{
		o->f = fopen(path, "w");
		return o->f ? PPDL_OK : ppdl_os_error(err, "write", path);
	}
	o->path = strdup(path);
	if (o->path == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (asprintf(&o->temporary, "%s.XXXXXX", path) < 0)
	{
		o->temporary = NULL;
		ppdl_out_abort(o);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	fd = mkstemp(o->temporary);
	if (fd >= 0)
	{
		mode_t		mask = umask(0);

		umask(mask);
		doom(o->temporary);
		fchmod(fd, mode & ~mask);
		o->f = fdopen(fd, "w");
	}
	if (o->f == NULL)
	{
		PpdlStatus	status = ppdl_os_error(err, "write", path);

		if (fd >= 0)
			close(fd);
		else
			o->temporary[0] = 0;
		ppdl_out_abort(o);
		return status;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_out_commit(PpdlOutFile *o, PpdlError *err)
{
	int			bad = ferror(o->f) | (fflush(o->f) != 0);

	if (o->temporary == NULL)
	{
		if (bad)
			return ppdl_os_error(err, "write", o->shown);
		if (o->f != stdout)
			fclose(o->f);
		o->f = NULL;
		return PPDL_OK;
	}
	bad |= fsync(fileno(o->f)) != 0;
	if (bad)
	{
		PpdlStatus	status = ppdl_os_error(err, "write", o->path);

		ppdl_out_abort(o);
		return status;
	}
	fclose(o->f);
	o->f = NULL;
	if (rename(o->temporary, o->path) != 0)
	{
		PpdlStatus	status = ppdl_os_error(err, "write", o->path);

		ppdl_out_abort(o);
		return status;
	}
	o->temporary[0] = 0;
	ppdl_out_abort(o);
	return PPDL_OK;
}

void
ppdl_out_abort(PpdlOutFile *o)
{
	if (o->f && o->f != stdout)
		fclose(o->f);
	if (o->temporary && o->temporary[0])
		unlink(o->temporary);
	if (o->temporary)
		ppdl_out_forget();
	free(o->temporary);
	free(o->path);
	memset(o, 0, sizeof *o);
}
