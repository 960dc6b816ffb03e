#include "pg/checkpoint.h"
#include "pg/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "common/file_perm.h"
#include "funcapi.h"
#include "learn/trainer.h"
#include "miscadmin.h"
#include "pg/locks.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(ppdl_checkpoint_list);

#define RUN_MAGIC 0x32525450	/* "PTR2" */
#define OLD_RUN_MAGIC 0x31525450	/* "PTR1", of 0.1.0: without database and role */
#define STATE_MAGIC 0x32435450	/* "PTC2" */
#define OLD_STATE_MAGIC 0x31435450	/* "PTC1", of 0.1.0: without the number of steps */
#define RUN_FILE "run"
#define STATE_FILE "state"
#define NEW_FILE "new"

static void
file_path(char path[MAXPGPATH], const char *directory, const char *file)
{
	snprintf(path, MAXPGPATH, "%s/%s", directory, file);
}

/* false when another transaction has it */
static bool
try_lock(const char *directory)
{
	return ppdl_try_lock_name(PPDL_LOCK_TRAINING, directory);
}

static void
lock(const char *directory, const char *model)
{
	if (!try_lock(directory))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("model \"%s\" is being trained by another session", model)));
}

void
ppdl_checkpoint_lock(const char *name, PpdlTrainRun *run)
{
	snprintf(run->directory, sizeof(run->directory), "%s/%u.%s@%u", PPDL_TRAIN_DIR, MyDatabaseId, name, GetUserId());
	lock(run->directory, name);
}

/* ---- what is there ---- */

/*
 * name of a directory of checkpoints: "<database>.<model>@<role>"; role is InvalidOid for "<database>.<model>", of
 * 0.1.0
 */
typedef struct Place
{
	char		path[MAXPGPATH],
				model[PPDL_MODEL_NAME];
	Oid			database,
				role;
} Place;

static bool
parse_place(Place *p, const char *file)
{
	unsigned	database,
				role = InvalidOid;
	int			dot = 0,
				end = 0;
	const char *at = strrchr(file, '@');

	if (sscanf(file, "%u.%n", &database, &dot) != 1 || dot == 0)
		return false;
	if (at != NULL && (sscanf(at, "@%u%n", &role, &end) != 1 || at[end] != '\0' || role == InvalidOid))
		return false;
	if (at == NULL)
		at = file + strlen(file);
	if (at <= file + dot || at - (file + dot) >= PPDL_MODEL_NAME)
		return false;
	strlcpy(p->model, file + dot, (size_t) (at - (file + dot)) + 1);
	snprintf(p->path, sizeof(p->path), "%s/%s", PPDL_TRAIN_DIR, file);
	p->database = database;
	p->role = role;
	return true;
}

/* calls visit for each, until it returns false */
static void
for_places(bool (*visit) (const Place *p, void *arg), void *arg)
{
	DIR		   *dir = AllocateDir(PPDL_TRAIN_DIR);
	struct dirent *entry;
	Place		p;

	if (dir == NULL && errno == ENOENT)
		return;
	while ((entry = ReadDir(dir, PPDL_TRAIN_DIR)) != NULL)
		if (parse_place(&p, entry->d_name) && !visit(&p, arg))
			break;
	FreeDir(dir);
}

/* ---- files ---- */

static void
file_error(const char *what, const char *path)
{
	ereport(ERROR, (errcode_for_file_access(), errmsg("could not %s file \"%s\": %m", what, path)));
}

/*
 * Room for the whole of it was not to be had: what was written of it goes, and what was there before stays.  Raises.
 */
static void
cannot_write(const char *directory, const char *model)
{
	int			error = errno != 0 ? errno : ENOSPC;
	char		path[MAXPGPATH];

	file_path(path, directory, NEW_FILE);
	unlink(path);
	rmdir(directory);			/* unless something is left in it */
	errno = error;
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not write file \"%s\": %m", path),
			 errdetail("The training of model \"%s\" stops, since it could not be continued after an interruption.",
					   model),
			 errhint("Make room in the data directory. What ppdl_checkpoints shows of it "
					 "ppdl_train_resume('%s') continues.",
					 model)));
}

static void
write_bytes(int fd, const char *directory, const char *model, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0)
	{
		ssize_t		n;

		errno = 0;
		n = write(fd, p, Min(len, (size_t) 8 << 20));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			cannot_write(directory, model);
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

/* w and its SHA-256 as the directory's new file, durably; false when there is no such directory */
static bool
write_new(const char *directory, const char *model, const PpdlWriter *w, uint8_t hash[32])
{
	char		path[MAXPGPATH];
	int			fd;

	if (w->bad)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	SHA256(w->buf, w->len, hash);
	file_path(path, directory, NEW_FILE);
	fd = OpenTransientFile(path, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0)
		file_error("create", path);
	write_bytes(fd, directory, model, w->buf, w->len);
	write_bytes(fd, directory, model, hash, 32);
	errno = 0;
	if (pg_fsync(fd) != 0 || CloseTransientFile(fd) != 0)
		cannot_write(directory, model);
	return true;
}

/* the new file becomes `file` */
static void
keep_new(const char *directory, const char *file)
{
	char		path[MAXPGPATH],
				temporary[MAXPGPATH];

	file_path(path, directory, file);
	file_path(temporary, directory, NEW_FILE);
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
read_file(const char *directory, const char *file, size_t *len, uint8_t hash[32])
{
	char		path[MAXPGPATH];
	struct stat st;
	uint8_t    *data;
	size_t		have = 0;
	int			fd;

	file_path(path, directory, file);
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
	static const char *const file[] = {STATE_FILE, RUN_FILE, NEW_FILE};
	char		path[MAXPGPATH];

	for (int i = 0; i < lengthof(file); i++)
	{
		snprintf(path, sizeof(path), "%s/%s", directory, file[i]);
		unlink(path);
	}
	rmdir(directory);
}

/* removes what nobody can come back for: checkpoints of databases and (of this one's) roles that are no more */
static bool
sweep(const Place *p, void *arg)
{
	if (!SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(p->database)) ||
		(p->database == MyDatabaseId && p->role != InvalidOid &&
		 !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(p->role)) &&
		 try_lock(p->path)))
		remove_files(p->path);
	return true;
}

void
ppdl_checkpoint_begin(const char *name, PpdlTrainRun *run)
{
	PpdlGuard  *guard;
	PpdlWriter *w = new_writer(&guard);
	char		path[MAXPGPATH];
	PpdlError	err;

	for_places(sweep, NULL);
	keep_at_commit(run->directory);
	ppdl_write_u32(w, RUN_MAGIC);
	ppdl_write_u32(w, MyDatabaseId);
	ppdl_write_u32(w, GetUserId());
	ppdl_write_bytes(w, run->model, sizeof(run->model));
	write_text(w, run->options);
	write_text(w, run->spec);
	ppdl_write_u64(w, (uint64_t) run->skipped);
	PPDL_PG(ppdl_trainset_save(run->ts, w, &err));
	make_directory(PPDL_TRAIN_DIR);
	make_directory(run->directory);
	if (!write_new(run->directory, name, w, run->id))
		file_error("create", run->directory);
	/* an earlier one goes only now: its state first, which would not fit the new run */
	file_path(path, run->directory, STATE_FILE);
	if (unlink(path) == 0)
		ereport(NOTICE, (errmsg("discarding the checkpoint of an unfinished training of model \"%s\"", name)));
	else if (errno != ENOENT)
		file_error("remove", path);
	keep_new(run->directory, RUN_FILE);
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
	ppdl_write_u32(w, (uint32) run->steps);
	ppdl_write_bytes(w, state->buf, state->len);
	if (!write_new(run->directory, name, w, hash))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" was dropped while it was being trained", name),
				 errdetail("The directory \"%s\" of its checkpoint is gone.", run->directory)));
	keep_new(run->directory, STATE_FILE);
	ppdl_guard_release(guard);
}

/* magic, whose it is, and the model; false when the bytes are no checkpoint's */
static bool
read_heading(PpdlReader *r, Oid *database, Oid *role, char model[PPDL_MODEL_REF])
{
	uint32		magic = ppdl_read_u32(r);
	const uint8_t *ref;

	*database = MyDatabaseId;
	*role = InvalidOid;
	if (magic == RUN_MAGIC)
	{
		*database = ppdl_read_u32(r);
		*role = ppdl_read_u32(r);
	}
	ref = ppdl_read_bytes(r, PPDL_MODEL_REF);
	if ((magic != RUN_MAGIC && magic != OLD_RUN_MAGIC) || ref == NULL || memchr(ref, '\0', PPDL_MODEL_REF) == NULL)
		return false;
	memcpy(model, ref, PPDL_MODEL_REF);
	return true;
}

/* the run that a state belongs to, seconds and, or 0, steps in all; NULL when the bytes are no state's */
static const uint8_t *
read_state_heading(PpdlReader *r, double *seconds, int *steps)
{
	uint32		magic = ppdl_read_u32(r);
	const uint8_t *id = ppdl_read_bytes(r, 32);

	*seconds = ppdl_read_f64(r);
	*steps = magic == STATE_MAGIC ? (int) ppdl_read_u32(r) : 0;
	return r->bad || (magic != STATE_MAGIC && magic != OLD_STATE_MAGIC) ? NULL : id;
}

/* does another role have one? arg: the model's name, then NULL */
static bool
find_other(const Place *p, void *arg)
{
	const char **name = arg;

	char		path[MAXPGPATH];

	file_path(path, p->path, RUN_FILE);
	if (p->database == MyDatabaseId && strcmp(p->model, *name) == 0 && access(path, F_OK) == 0)
		*name = NULL;
	return *name != NULL;
}

static void
nothing_to_resume(const char *name)
{
	const char *found = name;

	for_places(find_other, &found);
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the interrupted training of model \"%s\" belongs to another role", name),
				 errhint("The role that began it resumes it (a superuser, if that was under ppdl 0.1.0); "
						 "ppdl_train() trains anew.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" has no interrupted training to resume", name),
			 errhint("Train it with ppdl_train().")));
}

/* the run's bytes, of this role or of 0.1.0; sets run->directory and id */
static uint8_t *
find_run(const char *name, PpdlTrainRun *run, size_t *len)
{
	uint8_t    *data = read_file(run->directory, RUN_FILE, len, run->id);

	if (data == NULL && superuser())
	{
		snprintf(run->directory, sizeof(run->directory), "%s/%u.%s", PPDL_TRAIN_DIR, MyDatabaseId, name);
		lock(run->directory, name);
		data = read_file(run->directory, RUN_FILE, len, run->id);
	}
	if (data == NULL)
		nothing_to_resume(name);
	return data;
}

static void
read_run(const char *name, PpdlTrainRun *run)
{
	char		path[MAXPGPATH];
	size_t		len;
	uint8_t    *data = find_run(name, run, &len);
	Oid			database,
				role;
	PpdlReader	r = ppdl_reader(data, len);
	PpdlError	err;

	file_path(path, run->directory, RUN_FILE);
	if (!read_heading(&r, &database, &role, run->model))
		damaged(path);
	if (database != MyDatabaseId || (role != GetUserId() && !superuser()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("checkpoint file \"%s\" belongs to another role or database", path)));
	run->options = read_text(&r);
	run->spec = read_text(&r);
	run->skipped = (int64) ppdl_read_u64(&r);
	if (r.bad || run->spec == NULL)
		damaged(path);
	PPDL_PG(ppdl_pg_trainset(&run->ts, &err));
	PPDL_PG(ppdl_trainset_fill(run->ts, r.p, ppdl_reader_left(&r), &err));
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
	data = read_file(run->directory, STATE_FILE, &len, hash);
	if (data == NULL)
		return NULL;
	file_path(path, run->directory, STATE_FILE);
	r = ppdl_reader(data, len);
	id = read_state_heading(&r, &run->seconds, &run->steps);
	if (id == NULL || memcmp(id, run->id, sizeof(run->id)) != 0)
		damaged(path);
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

static void
remove_at_commit(const char *directory)
{
	static bool registered = false;
	Finished   *f = MemoryContextAlloc(TopTransactionContext, sizeof(Finished));

	if (!registered)
	{
		RegisterXactCallback(at_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	strlcpy(f->directory, directory, sizeof(f->directory));
	f->subxact = GetCurrentSubTransactionId();
	f->next = finished;
	finished = f;
}

void
ppdl_checkpoint_done(const PpdlTrainRun *run)
{
	remove_at_commit(run->directory);
}

/* ---- the beginning of files, for those who only look ---- */

#define HEAD 128

/* up to HEAD bytes of a file of a checkpoint; nothing when there is none */
static PpdlReader
read_head(const char *directory, const char *file, uint8_t head[HEAD], struct stat *st)
{
	char		path[MAXPGPATH];
	ssize_t		n = 0;
	int			fd;

	memset(st, 0, sizeof(*st));
	file_path(path, directory, file);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd >= 0 && fstat(fd, st) == 0)
		n = read(fd, head, HEAD);
	if (fd >= 0)
		CloseTransientFile(fd);
	return ppdl_reader(head, n > 0 ? (size_t) n : 0);
}

/* the version that a checkpoint began from; 0 when its file does not say */
static int
began_from(const char *directory)
{
	char		model[PPDL_MODEL_REF];
	uint8_t		head[HEAD];
	struct stat st;
	PpdlReader	r = read_head(directory, RUN_FILE, head, &st);
	Oid			database,
				role;
	const char *at = NULL;

	if (read_heading(&r, &database, &role, model))
		at = strchr(model, '@');
	return at != NULL ? atoi(at + 1) : 0;
}

typedef struct Drop
{
	const char *name;
	int			version;
} Drop;

static bool
drop(const Place *p, void *arg)
{
	const Drop *d = arg;

	if (p->database == MyDatabaseId && strcmp(p->model, d->name) == 0 &&
		(d->version == 0 || began_from(p->path) == d->version))
		remove_at_commit(p->path);
	return true;
}

void
ppdl_checkpoint_drop(const char *name, int version)
{
	Drop		d = {name, version};

	for_places(drop, &d);
}

/* ---- the list ---- */

static bool
may_see(Oid role)
{
	return (role != InvalidOid && has_privs_of_role(GetUserId(), role)) ||
		has_privs_of_role(GetUserId(), ROLE_PG_MONITOR);
}

/* skips a text of write_text */
static bool
skip_text(int fd, off_t *at)
{
	uint8_t		bytes[4];
	PpdlReader	r = ppdl_reader(bytes, sizeof(bytes));

	if (pread(fd, bytes, sizeof(bytes), *at) != sizeof(bytes))
		return false;
	*at += (off_t) sizeof(bytes) + ppdl_read_u32(&r);
	return true;
}

/*
 * The owner of the rows.  What follows the heading, `from` bytes long: options, network, number of skipped rows, ring,
 * owner.
 */
static bool
read_key(const Place *p, off_t from, uint8_t key[8])
{
	char		path[MAXPGPATH];
	bool		found;
	int			fd;

	file_path(path, p->path, RUN_FILE);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd < 0)
		return false;
	found = skip_text(fd, &from) && skip_text(fd, &from) && pread(fd, key, 8, from + 8 + 1) == 8;
	CloseTransientFile(fd);
	return found;
}

/* model, role, steps done, steps, seconds, bytes, written, key */
static bool
list_one(const Place *p, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	char		model[PPDL_MODEL_REF];
	uint8_t		head[HEAD];
	struct stat run_stat,
				state_stat;
	PpdlReader	r = read_head(p->path, RUN_FILE, head, &run_stat);
	Oid			database,
				role;
	double		seconds;
	int			steps,
				done = 0;
	Datum		value[8] = {0};
	bool		null[8] = {false};
	uint8_t		key[8];
	char		hex[17];
	off_t		heading;

	/* of a run that is only beginning, or ending, there is nothing to tell */
	if (p->database != MyDatabaseId || !may_see(p->role) || !read_heading(&r, &database, &role, model))
		return true;
	heading = r.p - head;
	r = read_head(p->path, STATE_FILE, head, &state_stat);
	if (read_state_heading(&r, &seconds, &steps) != NULL)
		done = ppdl_trainer_state_step(r.p, ppdl_reader_left(&r));
	else
		seconds = steps = 0;
	value[0] = CStringGetTextDatum(model);
	null[1] = p->role == InvalidOid || !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(p->role));
	if (!null[1])
		value[1] = DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(p->role, false)));
	value[2] = Int32GetDatum(done);
	value[3] = Int32GetDatum(steps);
	null[3] = steps == 0;
	value[4] = Float8GetDatum(seconds);
	value[5] = Int64GetDatum((int64) run_stat.st_size + (int64) state_stat.st_size);
	value[6] = TimestampTzGetDatum(time_t_to_timestamptz(Max(run_stat.st_mtime, state_stat.st_mtime)));
	null[7] = !read_key(p, heading, key);
	if (!null[7])
	{
		ppdl_fingerprint_hex(hex, key);
		value[7] = CStringGetTextDatum(hex);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, value, null);
	return true;
}

Datum
ppdl_checkpoint_list(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for_places(list_one, fcinfo->resultinfo);
	return (Datum) 0;
}
