#include "pg/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "access/xact.h"
#include "common/file_perm.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#define RUN_MAGIC 0x31525450	/* "PTR1" */
#define STATE_MAGIC 0x31435450	/* "PTC1" */
#define RUN_FILE "run"
#define STATE_FILE "state"
#define LOCK_CLASS 0x7070646D	/* advisory locks of training runs */

static void
directory_path(char path[MAXPGPATH], const char *name)
{
	snprintf(path, MAXPGPATH, "%s/%u.%s", PPDL_TRAIN_DIR, MyDatabaseId, name);
}

static void
file_path(char path[MAXPGPATH], const char *name, const char *file)
{
	snprintf(path, MAXPGPATH, "%s/%u.%s/%s", PPDL_TRAIN_DIR, MyDatabaseId, name, file);
}

void
ppdl_checkpoint_lock(const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, (int) strlen(name));

	if (!DatumGetBool(DirectFunctionCall2(pg_try_advisory_xact_lock_int4, Int32GetDatum(LOCK_CLASS), UInt32GetDatum(hash))))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("model \"%s\" is being trained by another session", name)));
}

/* ---- files ---- */

static void
file_error(const char *what, const char *path)
{
	ereport(ERROR, (errcode_for_file_access(), errmsg("could not %s file \"%s\": %m", what, path)));
}

static void
write_bytes(int fd, const char *path, const void *data, size_t len)
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
			file_error("write", path);
		}
		CHECK_FOR_INTERRUPTS();
		p += n;
		len -= (size_t) n;
	}
}

static void
make_directory(const char *path)
{
	if (MakePGDirectory(path) < 0 && errno != EEXIST)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", path)));
}

/* w and its SHA-256, durably */
static void
write_file(const char *name, const char *file, const PpdlWriter *w, uint8_t hash[32])
{
	char		path[MAXPGPATH],
				temporary[MAXPGPATH];
	int			fd;

	if (w->bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	SHA256(w->buf, w->len, hash);
	directory_path(path, name);
	make_directory(PPDL_TRAIN_DIR);
	make_directory(path);
	file_path(path, name, file);
	file_path(temporary, name, "new");
	fd = OpenTransientFile(temporary, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0)
		file_error("create", temporary);
	write_bytes(fd, temporary, w->buf, w->len);
	write_bytes(fd, temporary, hash, 32);
	if (CloseTransientFile(fd) != 0)
		file_error("close", temporary);
	durable_rename(temporary, path, ERROR);
}

static void
damaged(const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("checkpoint file \"%s\" is damaged", path),
			 errhint("Train again with ppdl_train().")));
}

/* what write_file wrote, palloc'ed, its hash checked; NULL when there is no such file */
static uint8_t *
read_file(const char *name, const char *file, size_t *len, uint8_t hash[32])
{
	char		path[MAXPGPATH];
	struct stat st;
	uint8_t    *data;
	size_t		have = 0;
	int			fd;

	file_path(path, name, file);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		file_error("open", path);
	if (st.st_size < 32)
		damaged(path);
	data = MemoryContextAllocHuge(CurrentMemoryContext, (Size) st.st_size);
	while (have < (size_t) st.st_size)
	{
		ssize_t		n = read(fd, data + have, Min((size_t) st.st_size - have, (size_t) 8 << 20));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			file_error("read", path);
		if (n == 0)
			damaged(path);
		CHECK_FOR_INTERRUPTS();
		have += (size_t) n;
	}
	CloseTransientFile(fd);
	*len = have - 32;
	SHA256(data, *len, hash);
	if (memcmp(hash, data + *len, 32) != 0)
		damaged(path);
	return data;
}

static void
destroy_writer(void *arg)
{
	ppdl_writer_free(arg);
}

static PpdlWriter *
new_writer(PpdlGuard **guard)
{
	PpdlWriter *w = palloc(sizeof(PpdlWriter));

	ppdl_writer_init(w);
	*guard = ppdl_guard(CurrentMemoryContext, destroy_writer, w);
	return w;
}

/* ---- contents ---- */

static void
write_text(PpdlWriter *w, const char *text)
{
	uint32		len = text != NULL ? (uint32) strlen(text) : 0;

	ppdl_write_u32(w, len);
	ppdl_write_bytes(w, text, len);
}

static char *
read_text(PpdlReader *r)
{
	uint32		len = ppdl_read_u32(r);
	const char *p = (const char *) ppdl_read_bytes(r, len);

	return p == NULL || len == 0 ? NULL : pnstrdup(p, len);
}

/* checkpoints that the transaction makes superfluous when it commits */
typedef struct Finished
{
	char		directory[MAXPGPATH];
	SubTransactionId subxact;
	struct Finished *next;
} Finished;

static Finished *finished = NULL;	/* in TopTransactionContext */

/* a new run in the place of one that this transaction has finished: there is something to keep again */
static void
keep_at_commit(const char *directory)
{
	for (Finished **f = &finished; *f != NULL;)
		if (strcmp((*f)->directory, directory) == 0)
			*f = (*f)->next;
		else
			f = &(*f)->next;
}

static void
remove_files(const char *directory)
{
	static const char *const file[] = {STATE_FILE, RUN_FILE, "new"};
	char		path[MAXPGPATH];

	for (int i = 0; i < lengthof(file); i++)
	{
		snprintf(path, sizeof(path), "%s/%s", directory, file[i]);
		unlink(path);
	}
	rmdir(directory);
}

void
ppdl_checkpoint_begin(const char *name, PpdlTrainRun *run)
{
	char		directory[MAXPGPATH];
	PpdlGuard  *guard;
	PpdlWriter *w = new_writer(&guard);
	PpdlError	err;

	directory_path(directory, name);
	keep_at_commit(directory);
	if (access(directory, F_OK) == 0)
	{
		ereport(NOTICE, (errmsg("discarding the checkpoint of an unfinished training of model \"%s\"", name)));
		remove_files(directory);
	}
	ppdl_write_u32(w, RUN_MAGIC);
	ppdl_write_bytes(w, run->model, sizeof(run->model));
	write_text(w, run->options);
	write_text(w, run->spec);
	ppdl_write_u64(w, (uint64_t) run->skipped);
	PPDL_PG(ppdl_trainset_save(run->ts, w, &err));
	write_file(name, RUN_FILE, w, run->id);
	ppdl_guard_release(guard);
}

void
ppdl_checkpoint_step(const char *name, const PpdlTrainRun *run, const PpdlWriter *state)
{
	PpdlGuard  *guard;
	PpdlWriter *w = new_writer(&guard);
	uint8_t		hash[32];

	ppdl_write_u32(w, STATE_MAGIC);
	ppdl_write_bytes(w, run->id, sizeof(run->id));
	ppdl_write_f64(w, run->seconds);
	ppdl_write_bytes(w, state->buf, state->len);
	write_file(name, STATE_FILE, w, hash);
	ppdl_guard_release(guard);
}

static void
read_run(const char *name, PpdlTrainRun *run)
{
	char		path[MAXPGPATH];
	size_t		len;
	uint8_t    *data = read_file(name, RUN_FILE, &len, run->id);
	const uint8_t *model;
	PpdlReader	r;
	PpdlError	err;

	file_path(path, name, RUN_FILE);
	if (data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no interrupted training to resume", name),
				 errhint("Train it with ppdl_train().")));
	r = ppdl_reader(data, len);
	if (ppdl_read_u32(&r) != RUN_MAGIC || (model = ppdl_read_bytes(&r, sizeof(run->model))) == NULL ||
		memchr(model, '\0', sizeof(run->model)) == NULL)
		damaged(path);
	memcpy(run->model, model, sizeof(run->model));
	run->options = read_text(&r);
	run->spec = read_text(&r);
	run->skipped = (int64) ppdl_read_u64(&r);
	if (r.bad || run->spec == NULL)
		damaged(path);
	PPDL_PG(ppdl_trainset_load(&run->ts, r.p, ppdl_reader_left(&r), &err));
	pfree(data);
}

void *
ppdl_checkpoint_read(const char *name, PpdlTrainRun *run, size_t *state_len)
{
	char		path[MAXPGPATH];
	uint8_t		hash[32];
	const uint8_t *id;
	size_t		len;
	uint8_t    *data;
	PpdlReader	r;

	read_run(name, run);
	*state_len = 0;
	data = read_file(name, STATE_FILE, &len, hash);
	if (data == NULL)
		return NULL;
	file_path(path, name, STATE_FILE);
	r = ppdl_reader(data, len);
	if (ppdl_read_u32(&r) != STATE_MAGIC || (id = ppdl_read_bytes(&r, sizeof(run->id))) == NULL ||
		memcmp(id, run->id, sizeof(run->id)) != 0)
		damaged(path);
	run->seconds = ppdl_read_f64(&r);
	*state_len = ppdl_reader_left(&r);
	memmove(data, r.p, *state_len);
	return data;
}

/* ---- removal at commit ---- */

static void
at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
		for (Finished *f = finished; f != NULL; f = f->next)
			remove_files(f->directory);
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		finished = NULL;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact, SubTransactionId parent, void *arg)
{
	for (Finished **f = &finished; *f != NULL;)
	{
		if ((*f)->subxact == subxact && event == SUBXACT_EVENT_ABORT_SUB)
		{
			*f = (*f)->next;
			continue;
		}
		if ((*f)->subxact == subxact && event == SUBXACT_EVENT_COMMIT_SUB)
			(*f)->subxact = parent;
		f = &(*f)->next;
	}
}

void
ppdl_checkpoint_done(const char *name)
{
	static bool registered = false;
	Finished   *f = MemoryContextAlloc(TopTransactionContext, sizeof(Finished));

	if (!registered)
	{
		RegisterXactCallback(at_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	directory_path(f->directory, name);
	f->subxact = GetCurrentSubTransactionId();
	f->next = finished;
	finished = f;
}
