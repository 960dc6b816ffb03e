#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/undo.h"
#include "cli/cli.h"
#include "table/infile.h"

#define DOOMED 64

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

/* what a deadly signal removes; files beyond these stay */
static char *volatile doomed[DOOMED];

static void
remove_and_die(int sig)
{
	for (int i = 0; i < DOOMED; i++)
		if (doomed[i] != NULL)
			unlink(doomed[i]);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
doom(const char *path)
{
	struct sigaction act = {.sa_handler = remove_and_die};
	int			i = 0;

	while (i < DOOMED && doomed[i] != NULL)
		i++;
	if (i == DOOMED)
		return;
	doomed[i] = strdup(path);
	for (size_t k = 0; k < sizeof deadly / sizeof *deadly; k++)
	{
		struct sigaction old;

		/* a handler the sub-command has set stays */
		if (sigaction(deadly[k], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(deadly[k], &act, NULL);
	}
}

void
ppdl_out_forget(const char *temporary)
{
	for (int i = 0; i < DOOMED; i++)
	{
		char	   *path = doomed[i];

		if (path == NULL || strcmp(path, temporary) != 0)
			continue;
		doomed[i] = NULL;
		free(path);
	}
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
	PPDL_TRY(ppdl_undo_settle(path, err));
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

/* output that is written directly */
static PpdlStatus
finish_direct(PpdlOutFile *o, PpdlError *err)
{
	if (ferror(o->f) | (fflush(o->f) != 0))
		return ppdl_os_error(err, "write", o->shown);
	if (o->f != stdout)
		fclose(o->f);
	o->f = NULL;
	return PPDL_OK;
}

/* all of it, on the disk; a file's name is still the temporary one */
static PpdlStatus
finish(PpdlOutFile *o, PpdlError *err)
{
	PpdlStatus	status;

	if (o->temporary == NULL)
		return finish_direct(o, err);
	if (ferror(o->f) | (fflush(o->f) != 0) | (fsync(fileno(o->f)) != 0))
	{
		status = ppdl_os_error(err, "write", o->path);
		ppdl_out_abort(o);
		return status;
	}
	fclose(o->f);
	o->f = NULL;
	return PPDL_OK;
}

/* after finish; nothing for output that was written directly */
static PpdlStatus
put_in_place(PpdlOutFile *o, PpdlError *err)
{
	if (o->temporary == NULL)
		return PPDL_OK;
	return rename(o->temporary, o->path) == 0 ? PPDL_OK : ppdl_os_error(err, "write", o->path);
}

/* the temporary name is nobody's any more */
static void
close_placed(PpdlOutFile *o)
{
	if (o->temporary == NULL)
		return;
	ppdl_out_forget(o->temporary);
	o->temporary[0] = 0;
	ppdl_out_abort(o);
}

PpdlStatus
ppdl_out_commit(PpdlOutFile *o, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(finish(o, err));
	status = put_in_place(o, err);
	if (status == PPDL_OK)
		close_placed(o);
	else
		ppdl_out_abort(o);
	return status;
}

PpdlStatus
ppdl_out_put(PpdlOutFile *o, const PpdlWriter *w, PpdlError *err)
{
	return fwrite(w->buf, 1, w->len, o->f) == w->len ? PPDL_OK : ppdl_os_error(err, "write", o->shown);
}

PpdlStatus
ppdl_out_text(const char *path, mode_t mode, const PpdlWriter *w, PpdlError *err)
{
	PpdlOutFile o;
	PpdlStatus	status;

	PPDL_TRY(ppdl_out_open(&o, path, mode, err));
	status = ppdl_out_put(&o, w, err);
	if (status == PPDL_OK)
		status = ppdl_out_commit(&o, err);
	ppdl_out_abort(&o);
	return status;
}

/* ------------------------------------------------------------------ several files */

/* to: a new file; one that a kill cuts short is nobody's, since nothing has been replaced yet */
static PpdlStatus
write_new(const char *to, const PpdlWriter *w, PpdlError *err)
{
	const int	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? ppdl_os_error(err, "write", to) : ppdl_write_new(fd, to, w, err);
}

static PpdlStatus
copy_file(const char *from, const char *to, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init_secret(&w);
	status = ppdl_read_whole(from, &w, err);
	if (status == PPDL_OK)
		status = write_new(to, &w, err);
	ppdl_writer_free(&w);
	return status;
}

/* A second name of what lies in a file's place, or a copy where there are no second names (FAT). */
static PpdlStatus
keep_former(const PpdlOutFile *o, char **name, PpdlError *err)
{
	PpdlStatus	status;

	if (asprintf(name, "%s" PPDL_UNDO_FORMER, o->temporary) < 0)
	{
		*name = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	if (link(o->path, *name) == 0)
		return PPDL_OK;
	status = copy_file(o->path, *name, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	free(*name);
	*name = NULL;
	return status;
}

/* err: of what failed before */
static void
put_back(PpdlOutFile *o, const char *former, PpdlError *err)
{
	if (o->temporary == NULL)
		return;
	if (former == NULL)
		unlink(o->path);
	else if (rename(former, o->path) != 0)
		ppdl_error_detail(err, PPDL_ERR_IO, "\"%s\" is new, and could not be put back: what was there before is "
						  "\"%s\".", o->path, former);
}

/* how a file becomes what it was */
typedef struct Way
{
	char	   *former;			/* the name of what was there before, or NULL */
	PpdlUndo	note;			/* the same for whoever finds the file after a kill */
} Way;

/* the last file, whose new name says that all are replaced: it needs no way back */
static int
last_file(const PpdlOutFile *o, int n)
{
	while (n > 0 && o[n - 1].temporary == NULL)
		n--;
	return n - 1;
}

/* the note first: a second name without one would be nobody's after a kill */
static PpdlStatus
keep_way(Way *back, const PpdlOutFile *o, const char *last, PpdlError *err)
{
	const int	had = o->temporary != NULL && access(o->path, F_OK) == 0;

	if (o->temporary == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_undo_write(&back->note, o->path, o->temporary + strlen(o->path), had, last, err));
	return had ? keep_former(o, &back->former, err) : PPDL_OK;
}

/* after finish of all */
static PpdlStatus
replace_all(PpdlOutFile *o, Way *back, int n, PpdlError *err)
{
	const int	last = last_file(o, n);
	PpdlStatus	status = PPDL_OK;
	int			placed = 0;

	for (int i = 0; i < last; i++)
		PPDL_TRY(keep_way(&back[i], &o[i], o[last].temporary, err));
	for (; placed < n && status == PPDL_OK; placed++)
		status = put_in_place(&o[placed], err);
	for (int i = 0; status != PPDL_OK && i < placed - 1; i++)
	{
		put_back(&o[i], back[i].former, err);
		free(back[i].former);
		back[i].former = NULL;
	}
	return status;
}

static void
forget_way(Way *back)
{
	if (back->former)
		unlink(back->former);
	free(back->former);
	if (back->note.name)
		ppdl_undo_end(&back->note);
}

PpdlStatus
ppdl_out_commit_all(PpdlOutFile *o, int n, PpdlError *err)
{
	Way		   *back = calloc((size_t) n + 1, sizeof *back);
	PpdlStatus	status = back ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	sigset_t	wait,
				before;

	for (int i = 0; i < n && status == PPDL_OK; i++)
		status = finish(&o[i], err);
	sigemptyset(&wait);
	for (size_t k = 0; k < sizeof deadly / sizeof *deadly; k++)
		sigaddset(&wait, deadly[k]);
	sigprocmask(SIG_BLOCK, &wait, &before);
	if (status == PPDL_OK)
		status = replace_all(o, back, n, err);
	for (int i = 0; back && i < n; i++)
		forget_way(&back[i]);
	/* of the last file, too, which tells whether all were replaced */
	for (int i = 0; i < n; i++)
	{
		if (status == PPDL_OK)
			close_placed(&o[i]);
		else
			ppdl_out_abort(&o[i]);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(back);
	return status;
}

void
ppdl_out_abort(PpdlOutFile *o)
{
	if (o->f && o->f != stdout)
		fclose(o->f);
	if (o->temporary && o->temporary[0])
	{
		unlink(o->temporary);
		ppdl_out_forget(o->temporary);
	}
	free(o->temporary);
	free(o->path);
	memset(o, 0, sizeof *o);
}
