#include "base/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define KIND "ppdl: files being replaced"

/* texts of a note, each with a zero at its end */
enum
{
	NOTE_KIND,
	NOTE_IS,					/* what the new file is known by */
	NOTE_TEMPORARY,
	NOTE_FORMER,				/* "": nothing was there */
	NOTE_LAST,
	NOTE_TEXTS
};

#define IDENTITY 128
#define MOST_BYTES (IDENTITY + NOTE_TEXTS * PATH_MAX)

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* another name does not change it, but other contents do; "": there is no file */
static void
identity(const char *path, char out[IDENTITY])
{
	struct stat st;

	out[0] = '\0';
	if (stat(path, &st) == 0)
		snprintf(out, IDENTITY, "%llx %llx %llx %llx.%lx", (unsigned long long) st.st_dev,
				 (unsigned long long) st.st_ino, (unsigned long long) st.st_size,
				 (unsigned long long) st.st_mtim.tv_sec, (unsigned long) st.st_mtim.tv_nsec);
}

static int
name_note(char **out, const char *path)
{
	if (asprintf(out, "%s.undo", path) < 0)
		*out = NULL;
	return *out != NULL;
}

/* ------------------------------------------------------------------ writing */

static void
add(PpdlWriter *w, const char *s)
{
	ppdl_write_bytes(w, s, strlen(s) + 1);
}

/* as it is found from another directory */
static void
add_path(PpdlWriter *w, const char *path)
{
	char	   *whole = path != NULL ? realpath(path, NULL) : NULL;

	add(w, whole != NULL ? whole : path != NULL ? path : "");
	free(whole);
}

PpdlStatus
ppdl_undo_write(PpdlUndo *u, const char *path, const char *temporary, const char *former, const char *last,
				PpdlError *err)
{
	char		is[IDENTITY];
	PpdlWriter	w;
	PpdlStatus	status = PPDL_OK;

	u->fd = -1;
	if (!name_note(&u->name, path))
		return no_memory(err);
	identity(temporary, is);
	ppdl_writer_init(&w);
	add(&w, KIND);
	add(&w, is);
	add_path(&w, temporary);
	add_path(&w, former);
	add_path(&w, last);
	u->fd = open(u->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w.bad)
		status = no_memory(err);
	else if (u->fd < 0 || flock(u->fd, LOCK_EX) != 0 || ppdl_write_durably(u->fd, &w) != 0)
		status = ppdl_os_error(err, "write", u->name);
	if (status != PPDL_OK)
		ppdl_undo_end(u);
	ppdl_writer_free(&w);
	return status;
}

void
ppdl_undo_end(PpdlUndo *u)
{
	if (u->fd >= 0)
	{
		unlink(u->name);
		close(u->fd);
	}
	free(u->name);
	u->name = NULL;
	u->fd = -1;
}

/* ------------------------------------------------------------------ what a program left that was killed */

/* a note that was being written says nothing: no file had been replaced */
static int
read_note(int fd, char *buf, const char *text[NOTE_TEXTS])
{
	const ssize_t len = pread(fd, buf, MOST_BYTES, 0);
	const char *at = buf;

	for (int i = 0; i < NOTE_TEXTS; i++)
	{
		const char *end = len > at - buf ? memchr(at, '\0', (size_t) (len - (at - buf))) : NULL;

		if (end == NULL)
			return 0;
		text[i] = at;
		at = end + 1;
	}
	return strcmp(text[NOTE_KIND], KIND) == 0;
}

static PpdlStatus
settle(const char *path, const char *const text[NOTE_TEXTS], PpdlError *err)
{
	const char *former = text[NOTE_FORMER];
	char		is[IDENTITY];

	identity(path, is);
	if (access(text[NOTE_LAST], F_OK) != 0 || strcmp(is, text[NOTE_IS]) != 0)
	{
		/* all were replaced, or this one never was */
		if (former[0])
			unlink(former);
		if (access(text[NOTE_LAST], F_OK) == 0)
			unlink(text[NOTE_TEMPORARY]);
		return PPDL_OK;
	}
	if (former[0] ? rename(former, path) == 0 : unlink(path) == 0)
		return PPDL_OK;
	ppdl_os_error(err, former[0] ? "put back" : "remove", path);
	ppdl_error_detail(err, PPDL_ERR_IO, "A program was stopped that was replacing several files at once.");
	if (former[0])
		ppdl_error_hint(err, PPDL_ERR_IO, "What was there before is \"%.*s\".", PPDL_CUT(former, 250));
	return PPDL_ERR_IO;
}

PpdlStatus
ppdl_undo_settle(const char *path, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	const char *text[NOTE_TEXTS];
	PpdlUndo	u;
	struct stat now = {0};
	char	   *buf;

	if (!name_note(&u.name, path))
		return no_memory(err);
	u.fd = open(u.name, O_RDWR | O_CLOEXEC);
	if (u.fd < 0)
	{
		const int	none = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG;

		if (!none)
			status = ppdl_os_error(err, "read", u.name);
		free(u.name);
		return status;
	}
	buf = malloc(MOST_BYTES);
	if (buf == NULL)
		status = no_memory(err);
	else if (flock(u.fd, LOCK_EX) != 0)
		status = ppdl_os_error(err, "read", u.name);
	/* whoever had the lock may have settled it */
	else if (fstat(u.fd, &now) == 0 && now.st_nlink > 0 && read_note(u.fd, buf, text))
		status = settle(path, text, err);
	free(buf);
	if (status == PPDL_OK && now.st_nlink > 0)
		unlink(u.name);
	close(u.fd);
	free(u.name);
	return status;
}
