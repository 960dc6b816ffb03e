/*
 * Where the files of the key cache are, and removing those that nobody needs.
 *
 * What a backend can know: databases that were dropped (their oid is in no catalogue), keys that are not in its own
 * database's tables, and other databases whose ppdl_keys is gone, because its file is: each database's directory
 * has a file "relation" that says where that table is.  All this is a cache; whoever misses a file makes it again.
 */
#include "pg/keys.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "rows/cipher.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#define OLD_DIR "ppdl_cache"	/* of 0.1.0: backups carried it */
#define RELATION "relation"

void
ppdl_key_cache_directory(char path[MAXPGPATH], const uint8_t *fp)
{
	char		hex[17];

	if (fp == NULL)
	{
		snprintf(path, MAXPGPATH, "%s/%u", PPDL_CACHE_DIR, MyDatabaseId);
		return;
	}
	ppdl_fingerprint_hex(hex, fp);
	snprintf(path, MAXPGPATH, "%s/%u/%s", PPDL_CACHE_DIR, MyDatabaseId, hex);
}

static void
could_not(const char *what, const char *path)
{
	if (errno != ENOENT)
		ereport(WARNING, (errcode_for_file_access(), errmsg("could not %s \"%s\": %m", what, path)));
}

/* Calls visit for everything in a directory; others may be removing it, too. */
static void
for_each(const char *path, void (*visit) (const char *path, const char *name))
{
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;

	if (dir == NULL)
	{
		could_not("open directory", path);
		return;
	}
	while ((entry = ReadDirExtended(dir, path, WARNING)) != NULL)
	{
		char		below[MAXPGPATH];

		CHECK_FOR_INTERRUPTS();
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		visit(below, entry->d_name);
	}
	FreeDir(dir);
}

static void
remove_tree(const char *path, const char *name)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
	{
		for_each(path, remove_tree);
		if (rmdir(path) != 0)
			could_not("remove directory", path);
	}
	else if (unlink(path) != 0)
		could_not("remove file", path);
}

static void
remove_directory_of_key(const char *path, const char *name)
{
	uint8_t		fp[8];

	if (ppdl_fingerprint_parse(fp, name))
		remove_tree(path, name);
}

static void
remove_unknown_key(const char *path, const char *name)
{
	uint8_t		fp[8];
	PpdlKeyRow	row;

	if (ppdl_fingerprint_parse(fp, name) && !ppdl_key_row(fp, &row))
		remove_tree(path, name);
}

/* does the table that the directory's file names still have its own? */
static bool
table_is_there(const char *directory)
{
	char		path[MAXPGPATH],
				relation[MAXPGPATH];
	FILE	   *file;
	bool		known;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", directory, RELATION);
	file = AllocateFile(path, "r");
	if (file == NULL)
		return true;			/* being made */
	known = fgets(relation, sizeof(relation), file) != NULL;
	FreeFile(file);
	return !known || stat(relation, &st) == 0 || errno != ENOENT;
}

static void
sweep_database(const char *path, const char *name)
{
	char	   *end;
	Oid			oid = (Oid) strtoul(name, &end, 10);

	if (*end != '\0' || !OidIsValid(oid))
		return;
	if (oid == MyDatabaseId)
		for_each(path, remove_unknown_key);
	else if (!SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(oid)) || !table_is_there(path))
	{
		ereport(DEBUG1, (errmsg_internal("removing \"%s\", left by a database or extension that was dropped", path)));
		remove_tree(path, name);
	}
}

/* where ppdl_keys is, for the others' sweeps: VACUUM FULL and the like move it */
static void
note_relation(void)
{
	char		path[MAXPGPATH],
				temporary[MAXPGPATH],
				directory[MAXPGPATH];
	const Datum keys = ObjectIdGetDatum(ppdl_relation("ppdl_keys"));
	char	   *relation = text_to_cstring(DatumGetTextPP(DirectFunctionCall1(pg_relation_filepath, keys)));
	FILE	   *file;
	bool		written;

	ppdl_key_cache_directory(directory, NULL);
	snprintf(path, sizeof(path), "%s/%s", directory, RELATION);
	snprintf(temporary, sizeof(temporary), "%s.%d", path, MyProcPid);
	file = AllocateFile(temporary, "w");
	if (file == NULL)
	{
		could_not("create file", temporary);
		return;
	}
	written = fputs(relation, file) >= 0;
	if (FreeFile(file) != 0 || !written || rename(temporary, path) != 0)
	{
		could_not("write file", path);
		unlink(temporary);
	}
}

void
ppdl_key_cache_sweep(void)
{
	struct stat st;
	char		directory[MAXPGPATH];

	AcceptInvalidationMessages();
	ppdl_key_cache_directory(directory, NULL);
	if (stat(directory, &st) == 0)
		note_relation();
	if (stat(PPDL_CACHE_DIR, &st) == 0 && S_ISDIR(st.st_mode))
		for_each(PPDL_CACHE_DIR, sweep_database);
	if (lstat(OLD_DIR, &st) == 0 && S_ISDIR(st.st_mode))
	{
		for_each(OLD_DIR, remove_directory_of_key);
		rmdir(OLD_DIR);			/* unless there is something else in it */
	}
}

void
ppdl_key_cache_remove(const uint8_t *fp)
{
	char		path[MAXPGPATH];
	struct stat st;

	ppdl_key_cache_directory(path, fp);
	if (stat(path, &st) == 0)
		remove_tree(path, NULL);
	ppdl_key_cache_sweep();
	rmdir(PPDL_CACHE_DIR);		/* when it is empty */
	ppdl_key_changed();
}
