/*
 * The cache of expanded evaluation keys: one file a key in a directory of the data
 * directory, mapped read-only by every backend of the database that needs it.
 *
 * A file is one page of header, then b and a, packed as in memory.  It is written
 * under a temporary name by whoever holds that file's lock (flock), synced and
 * renamed, so that what has the final name is whole.  The payload's hash is checked
 * when a file is mapped for the first time since the server started, or since the file was
 * written to (key_verified.c); one that is damaged, or was made from
 * another publication of the key, is made again.  Without a writable directory
 * or space the key is kept in memory instead.
 */
#include "pg/keys.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "ckks/wire.h"
#include "access/parallel.h"
#include "base/threads.h"
#include "common/file_perm.h"
#include "miscadmin.h"
#include "owner/owner.h"
#include "ring/vec.h"
#include "rows/cipher.h"
#include "storage/fd.h"
#include "storage/proc.h"
#include "utils/hsearch.h"

#define FILE_MAGIC "ppdlkey"
#define FILE_VERSION 3
#define PAYLOAD_OFFSET 4096
#define HASHED_PIECE ((size_t) 4 << 20)

typedef struct FileHeader
{
	char		magic[8];
	uint32		version;
	uint32		ring,
				id,
				limbs,
				np,
				ndigits;
	uint64		half;			/* bytes of b, and of a */
	uint8_t		fingerprint[8];
	uint8_t		seed[PPDL_SEED_BYTES];
	uint8_t		source[32];		/* SHA-256 of the part it was made from */
	uint8_t		payload[32];	/* SHA-256 of the SHA-256s of all pieces of b and of a, 4 MB each but the last */
	uint8_t		self[32];		/* SHA-256 of all of the above */
} FileHeader;

typedef struct EntryTag
{
	uint8_t		fp[8];
	uint32		ring,
				id;
} EntryTag;

typedef struct Entry
{
	EntryTag	tag;
	PpdlSwitchKey *key;			/* what the core gets: points into map, or owns its memory */
	void	   *map;
	size_t		map_len;
	uint8_t		source[32];
	bool		is_bound;		/* source was signed under verify_key */
	uint8_t		verify_key[PPDL_VERIFY_KEY_BYTES];
	uint64		checked;		/* ppdl_key_generation() when these were last compared with the tables */
} Entry;

static HTAB *entries = NULL;

/* ---- hashes ---- */

/* false when OpenSSL fails */
static bool
sha256(uint8_t out[32], const void *x, size_t len)
{
	return EVP_Digest(x, len, out, NULL, EVP_sha256(), NULL) == 1;
}

/* the threads that a backend may use while a key is loaded: nobody computes with it meanwhile */
typedef struct Helpers
{
	PpdlThreads *threads;		/* NULL: none to be had */
} Helpers;

static void
destroy_helpers(void *arg)
{
	ppdl_threads_destroy(((Helpers *) arg)->threads);
}

static PpdlGuard *
get_helpers(PpdlThreads **threads)
{
	Helpers    *h = palloc0(sizeof(Helpers));
	PpdlGuard  *guard = ppdl_guard(CurrentMemoryContext, destroy_helpers, h);

	if (!IsParallelWorker() && ppdl_pg_threads() > 1)
		(void) ppdl_threads_create(&h->threads, ppdl_pg_threads(), NULL);
	*threads = h->threads;
	return guard;
}

typedef struct Hashing
{
	const uint8_t *half[2];
	size_t		bytes;			/* of a half */
	int			pieces;			/* of a half */
	uint8_t		(*hash)[32];
	int			failed;			/* (atomic) */
} Hashing;

static void
task_hash(void *arg, int task)
{
	Hashing    *h = arg;
	size_t		at = (size_t) (task % h->pieces) * HASHED_PIECE,
				len = Min(HASHED_PIECE, h->bytes - at);

	if (!sha256(h->hash[task], h->half[task / h->pieces] + at, len))
		__atomic_store_n(&h->failed, 1, __ATOMIC_RELAXED);
}

/* of b and a, `half` bytes each */
static bool
payload_hash(uint8_t out[32], const void *b, const void *a, size_t half)
{
	Hashing		h = {{b, a}, half, (int) ((half + HASHED_PIECE - 1) / HASHED_PIECE)};
	PpdlThreads *threads;
	PpdlGuard  *helpers = get_helpers(&threads);
	bool		ok;

	h.hash = palloc((Size) 2 * h.pieces * sizeof(h.hash[0]));
	ppdl_parallel_for(threads, 2 * h.pieces, task_hash, &h);
	ppdl_guard_release(helpers);
	ok = !h.failed && sha256(out, h.hash, (size_t) 2 * h.pieces * sizeof(h.hash[0]));
	pfree(h.hash);
	return ok;
}

/* ---- files ---- */

static void
file_path(char *path, const EntryTag *tag, const char *part, const char *suffix)
{
	char		directory[MAXPGPATH],
				file[64];

	ppdl_key_cache_directory(directory, tag->fp);
	strlcpy(file, part, sizeof(file));
	for (char *p = file; *p; p++)
		if (*p == '/')
			*p = '_';
	snprintf(path, MAXPGPATH, "%s/%s%s", directory, file, suffix);
}

static void
forget(Entry *e)
{
	if (e->map != NULL)
		munmap(e->map, e->map_len);
	if (e->key != NULL)
		ppdl_switch_key_destroy(e->key);
	e->map = NULL;
	e->key = NULL;
}

/* Does the header describe this key, made from this source, in a file of this size? */
static const char *
header_fault(const FileHeader *h, const EntryTag *tag, const uint8_t source[32], const PpdlParams *par, size_t size)
{
	uint8_t		self[32];

	if (memcmp(h->magic, FILE_MAGIC, sizeof(h->magic)) != 0 || h->version != FILE_VERSION)
		return "it is not a key file of this version";
	if (!sha256(self, h, offsetof(FileHeader, self)) || memcmp(self, h->self, sizeof(self)) != 0)
		return "its header does not have the right hash";
	if (memcmp(h->fingerprint, tag->fp, sizeof(tag->fp)) != 0 || h->ring != tag->ring || h->id != tag->id)
		return "it holds another key";
	if (h->limbs < 1 || h->limbs > par->nq || h->np < 1 || h->np > par->np ||
		h->ndigits < 1 || h->ndigits > PPDL_MAX_DIGITS ||
		h->half != (uint64) h->ndigits * (h->limbs + h->np) * ppdl_vec_packed_bytes(par->n) ||
		size != PAYLOAD_OFFSET + 2 * h->half)
		return "it does not have the right length";
	if (memcmp(h->source, source, 32) != 0)
		return "";				/* not damaged: the key was published anew */
	return NULL;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Does the mapped payload have the header's hash?  st: the file's before it was mapped. */
static const char *
payload_fault(const FileHeader *h, const char *path, int fd, const struct stat *st)
{
	uint8_t		hash[32];
	struct stat after;

	if (ppdl_key_file_is_verified(path, st, h->payload))
		return NULL;
	ereport(DEBUG1, (errmsg_internal("checking cache file \"%s\"", path)));
	if (!payload_hash(hash, (const char *) h + PAYLOAD_OFFSET, (const char *) h + PAYLOAD_OFFSET + h->half, h->half) ||
		memcmp(hash, h->payload, sizeof(hash)) != 0)
		return "its contents do not have the right hash";
	if (fstat(fd, &after) == 0 && same_file(st, &after))
		ppdl_key_file_note_verified(path, st, h->payload);
	return NULL;
}

/* Maps and checks the file; false when there is none that can be used. */
static bool
map_file(Entry *e, const char *path, const uint8_t source[32], const PpdlParams *par)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	struct stat st;
	void	   *map;
	const FileHeader *h;
	const char *fault = NULL;

	if (fd < 0)
	{
		if (errno != ENOENT)
			ereport(WARNING, (errcode_for_file_access(), errmsg("could not open file \"%s\": %m", path)));
		return false;
	}
	if (fstat(fd, &st) < 0 || st.st_size < PAYLOAD_OFFSET)
		fault = "it does not have the right length";
	map = fault == NULL ? mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0) : MAP_FAILED;
	if (fault == NULL && map == MAP_FAILED)
		ereport(WARNING, (errcode_for_file_access(), errmsg("could not map file \"%s\": %m", path)));
	h = map;
	if (map != MAP_FAILED)
	{
		fault = header_fault(h, &e->tag, source, par, (size_t) st.st_size);
		if (fault == NULL)
			fault = payload_fault(h, path, fd, &st);
	}
	CloseTransientFile(fd);
	if (fault != NULL && *fault)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("cache file \"%s\" is damaged and will be made again: %s", path, fault)));
	if (map == MAP_FAILED)
		return false;
	if (fault == NULL)
		e->key = calloc(1, sizeof(PpdlSwitchKey));
	if (e->key == NULL)
	{
		munmap(map, (size_t) st.st_size);
		return false;
	}
	e->map = map;
	e->map_len = (size_t) st.st_size;
	e->key->par = par;
	e->key->id = h->id;
	e->key->limbs = (int) h->limbs;
	e->key->np = (int) h->np;
	e->key->ndigits = (int) h->ndigits;
	memcpy(e->key->seed, h->seed, sizeof(h->seed));
	e->key->b = (uint8_t *) map + PAYLOAD_OFFSET;
	e->key->a = e->key->b + h->half;
	e->key->owned = 0;
	return true;
}

static bool
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0)
	{
		ssize_t		n = write(fd, p, Min(len, (size_t) 8 << 20));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			if (n == 0)
				errno = ENOSPC;
			return false;
		}
		CHECK_FOR_INTERRUPTS();
		p += n;
		len -= (size_t) n;
	}
	return true;
}

static bool
write_file(int fd, const char *temporary, const char *path, const EntryTag *tag, const PpdlSwitchKey *key,
		   const uint8_t source[32])
{
	union
	{
		FileHeader	h;
		char		page[PAYLOAD_OFFSET];
	}			header;
	size_t		bytes = ppdl_switch_key_bytes(key);

	memset(&header, 0, sizeof(header));
	memcpy(header.h.magic, FILE_MAGIC, sizeof(header.h.magic));
	header.h.version = FILE_VERSION;
	header.h.ring = tag->ring;
	header.h.id = tag->id;
	header.h.limbs = (uint32) key->limbs;
	header.h.np = (uint32) key->np;
	header.h.ndigits = (uint32) key->ndigits;
	header.h.half = bytes;
	memcpy(header.h.fingerprint, tag->fp, sizeof(tag->fp));
	memcpy(header.h.seed, key->seed, sizeof(key->seed));
	memcpy(header.h.source, source, 32);
	if (!payload_hash(header.h.payload, key->b, key->a, bytes) ||
		!sha256(header.h.self, &header, offsetof(FileHeader, self)))
		elog(ERROR, "could not compute SHA-256");

	if (ftruncate(fd, 0) == 0 &&
		write_all(fd, &header, sizeof(header)) &&
		write_all(fd, key->b, bytes) &&
		write_all(fd, key->a, bytes))
		return durable_rename(temporary, path, WARNING) == 0;
	ereport(WARNING, (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", temporary)));
	unlink(temporary);
	return false;
}

static bool
make_directory(const char *path)
{
	if (MakePGDirectory(path) == 0 || errno == EEXIST)
		return true;
	ereport(WARNING, (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", path)));
	return false;
}

/* The temporary file, open and locked: whoever has it builds.  -1 when that is impossible. */
static int
lock_temporary(const char *path, const uint8_t fp[8])
{
	char		database[MAXPGPATH],
				key[MAXPGPATH];

	ppdl_key_cache_directory(database, NULL);
	ppdl_key_cache_directory(key, fp);
	for (;;)
	{
		struct stat by_fd,
					by_path;
		int			fd;

		if (!make_directory(PPDL_CACHE_DIR) || !make_directory(database) || !make_directory(key))
			return -1;
		fd = OpenTransientFile(path, O_RDWR | O_CREAT | PG_BINARY);
		if (fd < 0)
		{
			ereport(WARNING, (errcode_for_file_access(), errmsg("could not create file \"%s\": %m", path)));
			return -1;
		}
		while (flock(fd, LOCK_EX | LOCK_NB) < 0)
		{
			if (errno != EWOULDBLOCK && errno != EINTR)
			{
				ereport(WARNING, (errcode_for_file_access(), errmsg("could not lock file \"%s\": %m", path)));
				CloseTransientFile(fd);
				return -1;
			}
			CHECK_FOR_INTERRUPTS();
			pg_usleep(10000L);
		}
		/* the one before us may have renamed it away while we waited */
		if (fstat(fd, &by_fd) == 0 && stat(path, &by_path) == 0 &&
			by_fd.st_ino == by_path.st_ino && by_fd.st_dev == by_path.st_dev)
			return fd;
		CloseTransientFile(fd);
	}
}

/* Expands the part of the table; the key is the entry's, and owns its memory. */
static void
expand(Entry *e, const char *part, const PpdlParams *par)
{
	bytea	   *stored = ppdl_key_part(e->tag.fp, part);
	PpdlReader	r = ppdl_reader(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored));
	PpdlThreads *threads;
	PpdlGuard  *helpers = get_helpers(&threads);
	PpdlError	err;

	PPDL_PG(ppdl_wire_get_switch_key(&r, &e->key, threads, &err));
	ppdl_guard_release(helpers);
	if (e->key->par != par || e->key->id != e->tag.id)
	{
		forget(e);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("part \"%s\" in ppdl_key_parts holds another key", part)));
	}
	pfree(stored);
}

/* With the temporary file locked: expands the key, writes the file, and maps it. */
static void
build(Entry *e, const char *part, const uint8_t source[32], const PpdlParams *par, int fd, const char *temporary,
	  const char *path)
{
	Entry		mapped = {.tag = e->tag};

	/* another backend may have been faster */
	if (access(path, R_OK) == 0 && map_file(e, path, source, par))
	{
		unlink(temporary);
		return;
	}
	ereport(DEBUG1, (errmsg_internal("making cache file \"%s\"", path)));
	expand(e, part, par);
	if (write_file(fd, temporary, path, &e->tag, e->key, source) && map_file(&mapped, path, source, par))
	{
		/* from now on shared pages instead of private memory */
		forget(e);
		e->key = mapped.key;
		e->map = mapped.map;
		e->map_len = mapped.map_len;
	}
}

static void
load(Entry *e, const char *part, const uint8_t source[32], const PpdlParams *par)
{
	char		path[MAXPGPATH],
				temporary[MAXPGPATH];
	int			fd;

	file_path(path, &e->tag, part, "");
	if (map_file(e, path, source, par))
		return;
	unlink(path);				/* damaged or out of date: nobody need look at it again */
	file_path(temporary, &e->tag, part, ".tmp");
	fd = lock_temporary(temporary, e->tag.fp);
	if (fd < 0)
	{
		expand(e, part, par);
		return;
	}
	PG_TRY();
	{
		ppdl_key_cache_sweep();
		build(e, part, source, par, fd, temporary, path);
	}
	PG_CATCH();
	{
		unlink(temporary);
		PG_RE_THROW();
	}
	PG_END_TRY();
	CloseTransientFile(fd);
}

/* was what is mapped made, and its signature checked, from what the tables hold now? */
static bool
same_source(const Entry *e, const PpdlKeyRow *row, const PpdlKeyPartInfo *info)
{
	return memcmp(e->source, info->sha256, sizeof(e->source)) == 0 && e->is_bound == row->is_bound &&
		memcmp(e->verify_key, row->verify_key, sizeof(e->verify_key)) == 0;
}

static void
get_key(const uint8_t *fp, uint8_t ring, uint32_t id, const PpdlSwitchKey **key)
{
	EntryTag	tag = {.ring = ring,.id = id};
	Entry	   *e;
	bool		found;
	char		part[64];
	PpdlKeyPartInfo info = {0};
	PpdlKeyRow	row;
	const PpdlParams *par;
	PpdlError	err;

	if (entries == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(EntryTag),.entrysize = sizeof(Entry),.hcxt = TopMemoryContext};

		entries = hash_create("ppdl keys", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	memcpy(tag.fp, fp, sizeof(tag.fp));
	e = hash_search(entries, &tag, HASH_ENTER, &found);
	if (!found)
		memset((char *) e + sizeof(EntryTag), 0, sizeof(Entry) - sizeof(EntryTag));
	if (e->key == NULL || e->checked != ppdl_key_generation())
	{
		ppdl_key_part_name(part, ring, id);
		PPDL_PG(ppdl_params_get(ring, &par, &err));
		if (!ppdl_key_row(fp, &row) || !ppdl_key_part_info(fp, part, &info) || !same_source(e, &row, &info))
			forget(e);
		if (!info.complete)
			ppdl_key_part(fp, part);	/* raises the error */
		if (e->key == NULL)
		{
			ppdl_key_check_binding(fp, &row, part, &info);
			load(e, part, info.sha256, par);
		}
		memcpy(e->source, info.sha256, 32);
		e->is_bound = row.is_bound;
		memcpy(e->verify_key, row.verify_key, sizeof(e->verify_key));
		e->checked = ppdl_key_generation();
	}
	*key = e->key;
}

PpdlStatus
ppdl_pg_get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	volatile PpdlStatus status = PPDL_OK;

	if (!ppdl_main_thread())
		return ppdl_error(err, PPDL_ERR_INTERNAL, "a worker thread asked for a key");
	PPDL_PROTECT(status, err, {
		get_key(arg, ring, id, key);
	});
	if (status == PPDL_OK && (*key)->limbs < limbs)
	{
		char		part[64],
					hex[17];

		ppdl_key_part_name(part, ring, id);
		ppdl_fingerprint_hex(hex, arg);
		ppdl_error(err, PPDL_ERR_KEY, "part \"%s\" of key %s serves %d limbs, but %d are needed", part, hex,
				   (*key)->limbs, limbs);
		return ppdl_error_hint(err, PPDL_ERR_KEY, "Publish the key again with a newer \"ppdl publish\".");
	}
	return status;
}
