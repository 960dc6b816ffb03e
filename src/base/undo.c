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
	NOTE_SUFFIX,
	NOTE_FORMER,				/* the end of its name after the suffix; "": nothing was there */
	NOTE_LAST,
	NOTE_HERE,					/* the note's own name: the same file may be seen elsewhere, as in a snapshot */
	NOTE_TEXTS
};

#define IDENTITY 128
#define MOST_BYTES (IDENTITY + NOTE_TEXTS * PATH_MAX)

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/*
 * another name does not change it, but other contents do; "": there is no file.  Not the device, whose number a restart
 * changes.
 */
static void
identity(const char *path, char out[IDENTITY])
{
	struct stat st;

	out[0] = '\0';
	if (stat(path, &st) == 0)
		snprintf(out, IDENTITY, "%llx %llx %llx.%lx", (unsigned long long) st.st_ino, (unsigned long long) st.st_size,
				 (unsigned long long) st.st_mtim.tv_sec, (unsigned long) st.st_mtim.tv_nsec);
}

/* *out: malloc'ed, NULL if out of memory */
static int
name_beside(char **out, const char *path, const char *suffix, const char *end)
{
	if (asprintf(out, "%s%s%s", path, suffix, end) < 0)
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
	char	   *whole = realpath(path, NULL);

	add(w, whole != NULL ? whole : path);
	free(whole);
}

/* a new file, locked; again where somebody took it for one that was left, before it was locked; -1: as errno says */
static int
create_locked(const char *name)
{
	int			fd;

	while ((fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0)
	{
		struct stat st;
		int			why;

		if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0)
		{
			if (st.st_nlink > 0)
				return fd;
			close(fd);
			continue;
		}
		why = errno;
		unlink(name);
		close(fd);
		errno = why;
		break;
	}
	return -1;
}

PpdlStatus
ppdl_undo_write(PpdlUndo *u, const char *path, const char *suffix, int had, const char *last, PpdlError *err)
{
	char		is[IDENTITY],
			   *temporary;
	PpdlWriter	w;
	PpdlStatus	status = PPDL_OK;

	u->fd = -1;
	u->name = NULL;
	if (!name_beside(&temporary, path, suffix, ""))
		return no_memory(err);
	identity(temporary, is);
	free(temporary);
	if (!name_beside(&u->name, path, ".undo", ""))
		return no_memory(err);
	ppdl_writer_init(&w);
	add(&w, KIND);
	add(&w, is);
	add(&w, suffix);
	add(&w, had ? PPDL_UNDO_FORMER : "");
	add_path(&w, last);
	u->fd = create_locked(u->name);
	if (u->fd >= 0)
		add_path(&w, u->name);
	if (w.bad)
		status = no_memory(err);
	else if (u->fd < 0 || ppdl_write_durably(u->fd, &w) != 0)
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

/*
 * A note that was being written says nothing: no file had been replaced.  Nor does one of other files than those beside
 * this one: it came with what somebody else made.
 */
static int
read_note(const char *buf, ssize_t len, const char *text[NOTE_TEXTS])
{
	const char *at = buf;

	for (int i = 0; i < NOTE_TEXTS; i++)
	{
		const char *end = len > at - buf ? memchr(at, '\0', (size_t) (len - (at - buf))) : NULL;

		if (end == NULL)
			return 0;
		text[i] = at;
		at = end + 1;
	}
	return strcmp(text[NOTE_KIND], KIND) == 0 && text[NOTE_SUFFIX][0] == '.' &&
		strchr(text[NOTE_SUFFIX], '/') == NULL &&
		(text[NOTE_FORMER][0] == '\0' || strcmp(text[NOTE_FORMER], PPDL_UNDO_FORMER) == 0);
}

/* whether there still is what a file was in */
static int
has_directory(const char *file)
{
	const char *slash = strrchr(file, '/');
	char	   *directory = slash != NULL ? strndup(file, (size_t) (slash - file) + 1) : NULL;
	const int	has = directory != NULL && access(directory, F_OK) == 0;

	free(directory);
	return has;
}

/* whether the last file cannot be asked any more where it was */
static int
was_moved(const char *note, const char *const text[NOTE_TEXTS])
{
	char	   *here = realpath(note, NULL);
	const int	moved = here == NULL || strcmp(here, text[NOTE_HERE]) != 0 || !has_directory(text[NOTE_LAST]);

	free(here);
	return moved;
}

/* former: NULL: there was nothing */
static PpdlStatus
refuse(const char *former, const char *what, PpdlError *err)
{
	ppdl_error_detail(err, PPDL_ERR_IO, "A program was stopped that was replacing several files at once%s.", what);
	if (former != NULL)
		ppdl_error_hint(err, PPDL_ERR_IO, "What was there before is \"%.*s\".", PPDL_CUT(former, 250));
	return PPDL_ERR_IO;
}

/* a file, its note, and whoever wants to know */
typedef struct Look
{
	const char *path;
	const char *note;
	char	  **other;			/* what may be read in the file's place; NULL: nothing */
} Look;

/* how opening and renaming fail where they are not allowed */
static int
not_allowed(int why)
{
	return why == EROFS || why == EACCES || why == EPERM;
}

/* *former: NULL: there was nothing */
static PpdlStatus
put_back(const Look *l, char **former, PpdlError *err)
{
	if (*former != NULL ? rename(*former, l->path) == 0 : unlink(l->path) == 0)
		return PPDL_OK;
	if (*former != NULL && l->other != NULL && not_allowed(errno))
	{
		*l->other = *former;
		*former = NULL;
		return PPDL_OK;
	}
	ppdl_os_error(err, *former != NULL ? "put back" : "remove", l->path);
	return refuse(*former, "", err);
}

static PpdlStatus
settle(const Look *l, const char *temporary, char **former, const char *const text[NOTE_TEXTS], PpdlError *err)
{
	char		is[IDENTITY];
	int			is_new;

	identity(l->path, is);
	is_new = strcmp(is, text[NOTE_IS]) == 0;
	if (is_new && access(text[NOTE_LAST], F_OK) == 0)
		return put_back(l, former, err);
	/* not there is not the same as not to be seen */
	if (is_new && (errno != ENOENT || was_moved(l->note, text)))
	{
		ppdl_error(err, PPDL_ERR_IO, "\"%.*s\" is new, and whether all others are is not known: they were moved, or "
				   "may not be looked for", PPDL_CUT(l->path, 150));
		return refuse(*former, "; the last is not found: without \"FILE.undo\" it stays new", err);
	}
	/* all were replaced, or this one never was */
	if (*former != NULL)
		unlink(*former);
	unlink(temporary);
	return PPDL_OK;
}

/* the note is locked, and lies there */
static PpdlStatus
follow(const Look *l, int fd, PpdlError *err)
{
	char	   *buf = malloc(MOST_BYTES),
			   *temporary = NULL,
			   *former = NULL;
	const char *text[NOTE_TEXTS];
	ssize_t		len;
	PpdlStatus	status = PPDL_OK;

	if (buf == NULL)
		return no_memory(err);
	len = pread(fd, buf, MOST_BYTES, 0);
	if (len < 0)
		status = ppdl_os_error(err, "read", l->note);
	else if (read_note(buf, len, text))
	{
		if (name_beside(&temporary, l->path, text[NOTE_SUFFIX], "") &&
			(!text[NOTE_FORMER][0] || name_beside(&former, l->path, text[NOTE_SUFFIX], text[NOTE_FORMER])))
			status = settle(l, temporary, &former, text, err);
		else
			status = no_memory(err);
	}
	free(former);
	free(temporary);
	free(buf);
	return status;
}

/* *lock: how it may be locked, if it is there */
static int
open_note(const Look *l, int *lock)
{
	static const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int			fd = open(l->note, O_RDWR | flags);

	*lock = LOCK_EX;
	if (fd >= 0 || l->other == NULL || !not_allowed(errno))
		return fd;
	*lock = LOCK_SH;
	return open(l->note, O_RDONLY | flags);
}

static PpdlStatus
look_at(const Look *l, PpdlError *err)
{
	int			lock;
	const int	fd = open_note(l, &lock);
	struct stat st;
	PpdlStatus	status = PPDL_OK;

	if (fd < 0 && access(l->note, F_OK) != 0)
		return PPDL_OK;
	if (fd < 0)
	{
		ppdl_os_error(err, "read", l->note);
		return refuse(NULL, "", err);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		status = ppdl_error(err, PPDL_ERR_IO, "\"%s\" is not yours", l->note);
	else if (flock(fd, lock) != 0 || fstat(fd, &st) != 0)
		status = ppdl_os_error(err, "read", l->note);
	/* whoever had the lock may have settled it */
	else if (st.st_nlink > 0)
		status = follow(l, fd, err);
	if (status == PPDL_OK && st.st_nlink > 0 && (l->other == NULL || *l->other == NULL))
		unlink(l->note);
	close(fd);
	return status;
}

static PpdlStatus
look_beside(const char *path, char **other, PpdlError *err)
{
	char	   *note;
	PpdlStatus	status;

	if (!name_beside(&note, path, ".undo", ""))
		return no_memory(err);
	status = look_at(&(Look) {.path = path, .note = note, .other = other}, err);
	free(note);
	return status;
}

PpdlStatus
ppdl_undo_settle(const char *path, PpdlError *err)
{
	return look_beside(path, NULL, err);
}

PpdlStatus
ppdl_undo_settle_to_read(const char *path, char **other, PpdlError *err)
{
	*other = NULL;
	return look_beside(path, other, err);
}
