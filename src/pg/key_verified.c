/*
 * Which cache files were hashed since the server started: a note beside each, so that not every backend hashes it again
 * (doc/design.md, "In the server").
 *
 * A note names the server's start and the file's identity, times and hash.  The kernel changes ctime with every
 * write, so a file that was written to since is hashed again; one that changed within the granularity of its times is
 * not noted.
 */
#include "pg/keys.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/timestamp.h"

#define NOTE_MAGIC "ppdlseen"
#define SETTLED 2				/* seconds after which another write has another time */

typedef struct Note
{
	char		magic[8];
	TimestampTz started;		/* the server; with its process, since clocks can be set back */
	int64		postmaster,
				device,
				inode,
				size,
				mtime,
				mtime_ns,
				ctime,
				ctime_ns;
	uint8_t		payload[32];
	uint8_t		self[32];		/* SHA-256 of all of the above */
} Note;

/* beside the file, with a dot before its name */
static void
note_path(char note[MAXPGPATH], const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(note, MAXPGPATH, "%.*s/.%s", (int) (slash - path), path, slash + 1);
}

static void
make_note(Note *note, const struct stat *st, const uint8_t payload[32])
{
	memset(note, 0, sizeof(*note));
	memcpy(note->magic, NOTE_MAGIC, sizeof(note->magic));
	note->started = PgStartTime;
	note->postmaster = PostmasterPid;
	note->device = (int64) st->st_dev;
	note->inode = (int64) st->st_ino;
	note->size = st->st_size;
	note->mtime = st->st_mtim.tv_sec;
	note->mtime_ns = st->st_mtim.tv_nsec;
	note->ctime = st->st_ctim.tv_sec;
	note->ctime_ns = st->st_ctim.tv_nsec;
	memcpy(note->payload, payload, sizeof(note->payload));
	SHA256((const unsigned char *) note, offsetof(Note, self), note->self);
}

bool
ppdl_key_file_is_verified(const char *path, const struct stat *st, const uint8_t payload[32])
{
	char		name[MAXPGPATH];
	Note		want,
				note;
	int			fd;
	bool		same;

	note_path(name, path);
	fd = OpenTransientFile(name, O_RDONLY | PG_BINARY);
	if (fd < 0)
		return false;
	make_note(&want, st, payload);
	same = read(fd, &note, sizeof(note)) == sizeof(note) && memcmp(&note, &want, sizeof(note)) == 0;
	CloseTransientFile(fd);
	return same;
}

/* a note that cannot be written costs the next backend some time, no more; half of one is none */
void
ppdl_key_file_note_verified(const char *path, const struct stat *st, const uint8_t payload[32])
{
	char		name[MAXPGPATH];
	Note		note;
	time_t		now = time(NULL);
	int			fd;

	if (st->st_ctim.tv_sec > now - SETTLED || st->st_mtim.tv_sec > now - SETTLED)
		return;
	note_path(name, path);
	fd = OpenTransientFile(name, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0)
		return;
	make_note(&note, st, payload);
	if (write(fd, &note, sizeof(note)) != sizeof(note))
		unlink(name);
	CloseTransientFile(fd);
}
