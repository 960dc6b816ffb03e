/* COPY text, arrays, base64, output files that are never half-written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/args.h"
#include "cli/copytext.h"
#include "cli/outfile.h"
#include "base/base64.h"
#include "base/undo.h"
#include "cli/present.h"
#include "cli/reveal.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "table/jsontext.h"

static PpdlError err;

static void
test_copy_round_trip(void **state)
{
	static const char text[] = "a\tb\nc\\d\r\b\f\vé\001";
	PpdlWriter	w;
	PpdlTexts	t = {0};

	(void) state;
	ppdl_writer_init(&w);
	ppdl_copy_put(&w, text, sizeof text - 1);
	ppdl_write_u8(&w, '\t');
	ppdl_copy_put(&w, NULL, 0);
	ppdl_write_u8(&w, '\t');
	ppdl_copy_put(&w, "", 0);
	assert_null(memchr(w.buf, '\n', w.len));
	ppdl_write_u8(&w, 0);
	assert_int_equal(ppdl_copy_split(&t, (char *) w.buf, w.len - 1), 1);
	assert_int_equal(t.count, 3);
	assert_int_equal(t.text[0].len, sizeof text - 1);
	assert_memory_equal(t.text[0].s, text, sizeof text);
	assert_null(t.text[1].s);
	assert_string_equal(t.text[2].s, "");
	ppdl_texts_free(&t);
	ppdl_writer_free(&w);
}

static void
test_copy_escapes(void **state)
{
	char		line[] = "\\x41\\101\\q\\\\N\t\\x4\t\\";
	PpdlTexts	t = {0};

	(void) state;
	assert_int_equal(ppdl_copy_split(&t, line, strlen(line)), 1);
	assert_int_equal(t.count, 3);
	assert_string_equal(t.text[0].s, "AAq\\N");
	assert_string_equal(t.text[1].s, "\x04");
	assert_string_equal(t.text[2].s, "\\");
	ppdl_texts_free(&t);
}

static void
test_arrays(void **state)
{
	static const struct
	{
		const char *text;
		int			count;		/* -1: no array */
		const char *first;
	}			cases[] = {
		{"{}", 0, NULL},
		{"{1,2,3}", 3, "1"},
		{"{NULL,2}", 2, NULL},
		{"{\"NULL\",2}", 2, "NULL"},
		{"{\"a,b\",c}", 2, "a,b"},
		{"{\"q\\\"\\\\\"}", 1, "q\"\\"},
		{"{\"\"}", 1, ""},
		{"{two words}", 1, "two words"},
		{"", -1, NULL},
		{"{", -1, NULL},
		{"{1", -1, NULL},
		{"1,2}", -1, NULL},
		{"{1,}", -1, NULL},
		{"{,1}", -1, NULL},
		{"{{1},{2}}", -1, NULL},
		{"{1}}", -1, NULL},
		{"{\"a}", -1, NULL},
		{"{\"a\"b}", -1, NULL},
		{"{\"a\\}", -1, NULL},
		{"{1},{2}", -1, NULL},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		PpdlTexts	t = {0};
		char	   *copy = strdup(cases[i].text);
		int			got = ppdl_array_split(&t, copy, strlen(copy));

		if (got != (cases[i].count >= 0))
			fail_msg("%s: %d", cases[i].text, got);
		if (got)
		{
			assert_int_equal(t.count, cases[i].count);
			if (cases[i].first)
				assert_string_equal(t.text[0].s, cases[i].first);
			else if (t.count)
				assert_null(t.text[0].s);
		}
		ppdl_texts_free(&t);
		free(copy);
	}
}

static void
test_base64(void **state)
{
	uint8_t    *out;
	size_t		n;

	(void) state;
	assert_int_equal(ppdl_base64_read("UEwB", 4, &out, &n, &err), PPDL_OK);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "PL\1", 3);
	free(out);
	assert_int_equal(ppdl_base64_read("UEw=", 4, &out, &n, &err), PPDL_OK);
	assert_int_equal(n, 2);
	free(out);
	assert_int_equal(ppdl_base64_read("UEwBA", 5, &out, &n, &err), PPDL_ERR_FORMAT);
	assert_int_equal(ppdl_base64_read("UE=B", 4, &out, &n, &err), PPDL_ERR_FORMAT);
	assert_null(out);
}

static int
files_in(const char *dir)
{
	char		cmd[300];
	int			n = -1;
	FILE	   *p;

	snprintf(cmd, sizeof cmd, "ls '%s' | wc -l", dir);
	p = popen(cmd, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static void
clean(const char *dir)
{
	char		cmd[300];

	snprintf(cmd, sizeof cmd, "rm -f '%s'/*", dir);
	assert_int_equal(system(cmd), 0);
}

static void
test_output_files(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX";
	char		path[64];
	PpdlOutFile o;
	struct stat st;

	(void) state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/out", dir);
	assert_int_equal(ppdl_out_open(&o, path, 0600, &err), PPDL_OK);
	fputs("half", o.f);
	assert_int_not_equal(access(path, F_OK), 0);
	ppdl_out_abort(&o);
	assert_int_equal(files_in(dir), 0);
	assert_int_equal(ppdl_out_open(&o, path, 0600, &err), PPDL_OK);
	fputs("whole", o.f);
	assert_int_equal(ppdl_out_commit(&o, &err), PPDL_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(files_in(dir), 1);
	unlink(path);
	rmdir(dir);
	assert_int_equal(ppdl_out_open(&o, path, 0600, &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, path));
	/* a device is written directly; a full one is noticed */
	assert_int_equal(ppdl_out_open(&o, "/dev/full", 0600, &err), PPDL_OK);
	fputs("x", o.f);
	assert_int_equal(ppdl_out_commit(&o, &err), PPDL_ERR_IO);
	ppdl_out_abort(&o);
}

static void
open_with(PpdlOutFile *o, const char *path, const char *text)
{
	assert_int_equal(ppdl_out_open(o, path, 0600, &err), PPDL_OK);
	fputs(text, o->f);
}

static void
assert_holds(const char *path, const char *text)
{
	char		got[16] = "";
	FILE	   *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof got - 1, f), strlen(text));
	fclose(f);
	assert_string_equal(got, text);
}

static int	no_links,			/* on this file system, as on FAT */
			no_way_back,		/* of what was there before */
			read_only,			/* the file system */
			renames_left = -1,	/* the program is killed by the next but so many; -1: it is not */
			steps_left = -1;	/* the same for all that changes a directory, or writes to the disk */
static const char *hidden;		/* what begins so may not be looked for; NULL: nothing */

/* whether a step may be done */
static int
step(void)
{
	if (steps_left == 0)
		raise(SIGKILL);
	steps_left -= steps_left > 0;
	errno = EROFS;
	return !read_only;
}

/* in place of the library's */
int
open(const char *path, int flags, ...)
{
	va_list		args;
	mode_t		mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if ((flags & O_CREAT) != 0 && !step())
		return -1;
	errno = EROFS;
	if ((flags & O_ACCMODE) != O_RDONLY && read_only && access(path, F_OK) == 0)
		return -1;
	return openat(AT_FDCWD, path, flags, mode);
}

int
access(const char *path, int mode)
{
	errno = EACCES;
	return hidden != NULL && strncmp(path, hidden, strlen(hidden)) == 0 ? -1 : faccessat(AT_FDCWD, path, mode, 0);
}

int
fsync(int fd)
{
	step();
	return fdatasync(fd);
}

int
link(const char *from, const char *to)
{
	if (!step())
		return -1;
	errno = EPERM;
	return no_links ? -1 : linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
rename(const char *from, const char *to)
{
	if (!step())
		return -1;
	errno = EIO;
	if (renames_left == 0)
		raise(SIGKILL);
	renames_left -= renames_left > 0;
	return no_way_back && strstr(from, ".former") ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
unlink(const char *path)
{
	if (!step())
		return -1;
	if (renames_left == 0 && strstr(path, ".former"))
		raise(SIGKILL);
	return unlinkat(AT_FDCWD, path, 0);
}

/* a directory comes where the last, or the third, of four was to go */
static void
test_several_output_files(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX",
				path[4][64];
	char	   *former;
	PpdlOutFile o[4];

	(void) state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof path[i], "%s/%d", dir, i);
	for (int turn = 0; turn < 4; turn++)
	{
		const int	bad = 3 - turn / 2;

		no_links = turn % 2;
		for (int i = 0; i < 4; i++)
			open_with(&o[i], path[i], "first");
		assert_int_equal(ppdl_out_commit_all(o, 4, &err), PPDL_OK);
		assert_int_equal(files_in(dir), 4);
		unlink(path[1]);
		for (int i = 0; i < 4; i++)
			open_with(&o[i], path[i], "second");
		unlink(path[bad]);
		assert_int_equal(mkdir(path[bad], 0700), 0);
		assert_int_equal(ppdl_out_commit_all(o, 4, &err), PPDL_ERR_IO);
		assert_non_null(strstr(err.message, path[bad]));
		assert_int_equal(files_in(dir), 3);
		assert_holds(path[0], "first");
		assert_int_not_equal(access(path[1], F_OK), 0);
		assert_holds(path[5 - bad], "first");
		rmdir(path[bad]);
	}
	no_links = 0;
	/* what cannot be put back stays under the name that is told */
	for (int i = 0; i < 2; i++)
		open_with(&o[i], path[i], "second");
	assert_int_equal(mkdir(path[1], 0700), 0);
	no_way_back = 1;
	assert_int_equal(ppdl_out_commit_all(o, 2, &err), PPDL_ERR_IO);
	no_way_back = 0;
	assert_non_null(strstr(err.message, path[1]));
	former = strstr(err.detail, "before is \"");
	assert_non_null(former);
	former += strlen("before is \"");
	*strchr(former, '"') = '\0';
	assert_holds(path[0], "second");
	assert_holds(former, "first");
	assert_int_equal(rename(former, path[0]), 0);
	rmdir(path[1]);
	/* what the disk has no room for */
	open_with(&o[0], path[0], "second");
	open_with(&o[1], "/dev/full", "second");
	assert_int_equal(ppdl_out_commit_all(o, 2, &err), PPDL_ERR_IO);
	assert_holds(path[0], "first");
	assert_int_equal(files_in(dir), 2);
	for (int i = 0; i < 4; i++)
		open_with(&o[i], path[i], "third");
	assert_int_equal(ppdl_out_commit_all(o, 4, &err), PPDL_OK);
	assert_int_equal(files_in(dir), 4);
	for (int i = 0; i < 4; i++)
	{
		assert_holds(path[i], "third");
		unlink(path[i]);
	}
	rmdir(dir);
}

/* in a process that ends before the rename, or the step, of that number; whether it did not come to its end */
static int
commit_in_child(char path[][64], int n, int renames, int steps)
{
	PpdlOutFile o[3];
	int			how;
	pid_t		child = fork();

	assert_true(child >= 0);
	if (child == 0)
	{
		renames_left = renames;
		for (int i = 0; i < n; i++)
			open_with(&o[i], path[i], "second");
		steps_left = steps;
		ppdl_out_commit_all(o, n, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFSIGNALED(how) ? WTERMSIG(how) == SIGKILL : how == 0);
	return WIFSIGNALED(how);
}

/* the same, or as it takes the ways back away */
static void
commit_and_die(char path[][64], int n, int renames)
{
	assert_true(commit_in_child(path, n, renames, -1));
}

/* wherever a program is killed that replaces three files, the middle one of them new: all are replaced, or none */
static void
test_killed_between_files(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX",
				path[3][64],
				note[80];
	PpdlOutFile o;

	(void) state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 3; i++)
		snprintf(path[i], sizeof path[i], "%s/%d", dir, i);
	for (int turn = 0; turn < 4 * 3; turn++)
	{
		const int	renames = turn / 3,
					first = turn % 3;	/* of the files to be looked at */

		for (int i = 0; i < 3; i += 2)
		{
			open_with(&o, path[i], "first");
			assert_int_equal(ppdl_out_commit(&o, &err), PPDL_OK);
		}
		commit_and_die(path, 3, renames);
		for (int k = 0; k < 3; k++)
		{
			const int	i = (first + k) % 3;

			assert_int_equal(ppdl_undo_settle(path[i], &err), PPDL_OK);
			if (renames == 3)
				assert_holds(path[i], "second");
			else if (i == 1)
				assert_int_not_equal(access(path[i], F_OK), 0);
			else
				assert_holds(path[i], "first");
		}
		/* the last one under its temporary name, by which the others were told, stays */
		assert_int_equal(files_in(dir), 3);
		clean(dir);
	}
	/* a file that somebody has put there since stays */
	open_with(&o, path[2], "first");
	assert_int_equal(ppdl_out_commit(&o, &err), PPDL_OK);
	commit_and_die(path, 3, 1);
	assert_holds(path[0], "second");
	snprintf(note, sizeof note, "%s.undo", path[0]);
	assert_int_equal(access(note, F_OK), 0);
	unlink(path[0]);
	assert_int_equal(symlink(path[2], path[0]), 0);
	assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_OK);
	assert_holds(path[0], "first");
	assert_int_not_equal(access(note, F_OK), 0);
	clean(dir);
	rmdir(dir);
}

/* three files in a directory of their own, "first", and a program that was killed before the rename of that number */
static void
kill_in(char *dir, char path[3][64], int renames)
{
	PpdlOutFile o;

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 3; i++)
	{
		snprintf(path[i], 64, "%s/%d", dir, i);
		open_with(&o, path[i], "first");
		assert_int_equal(ppdl_out_commit(&o, &err), PPDL_OK);
	}
	commit_and_die(path, 3, renames);
}

static long
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (long) st.st_size;
}

/* files of a directory with such names */
static int
matches(const char *dir, const char *pattern)
{
	char		whole[80];
	glob_t		found;
	int			n;

	snprintf(whole, sizeof whole, "%s/%s", dir, pattern);
	n = glob(whole, 0, NULL, &found) == 0 ? (int) found.gl_pathc : 0;
	globfree(&found);
	return n;
}

/* whatever the step that a kill comes before: all are replaced, or none, and no second names and notes stay */
static void
test_killed_at_each_step(void **state)
{
	(void) state;
	for (int turn = 0; turn < 2; turn++)
	{
		int			died = 1,
					replaced = 0;

		no_links = turn;
		for (int steps = 0; died; steps++)
		{
			char		dir[] = "/tmp/ppdl_test_XXXXXX",
						path[3][64];
			PpdlOutFile o;

			assert_non_null(mkdtemp(dir));
			for (int i = 0; i < 3; i++)
			{
				snprintf(path[i], 64, "%s/%d", dir, i);
				open_with(&o, path[i], "first");
				assert_int_equal(ppdl_out_commit(&o, &err), PPDL_OK);
			}
			died = commit_in_child(path, 3, -1, steps);
			for (int i = 0; i < 3; i++)
				assert_int_equal(ppdl_undo_settle(path[i], &err), PPDL_OK);
			if (matches(dir, "*.former") + matches(dir, "*.undo") + matches(dir, "*.former.*") > 0)
				fail_msg("killed before step %d%s: something is left", steps, turn ? " without links" : "");
			replaced |= size_of(path[2]) == (long) strlen("second");
			for (int i = 0; i < 3; i++)
				assert_holds(path[i], replaced ? "second" : "first");
			clean(dir);
			rmdir(dir);
		}
		assert_true(replaced);
	}
	no_links = 0;
}

/* what is read where nothing may be written is what all of the files were, and nothing changes */
static void
test_killed_and_read_only(void **state)
{
	for (int renames = 1; renames <= 3; renames++)
	{
		char		dir[] = "/tmp/ppdl_test_XXXXXX",
					path[3][64];

		kill_in(dir, path, renames);
		for (int i = 0; i < 3; i++)
		{
			const int	files = files_in(dir);
			char	   *other;

			read_only = 1;
			assert_int_equal(ppdl_undo_settle_to_read(path[i], &other, &err), PPDL_OK);
			assert_int_equal(files_in(dir), files);
			assert_int_equal(other != NULL, renames < 3 && i < renames);
			assert_holds(path[i], i < renames ? "second" : "first");
			assert_holds(other != NULL ? other : path[i], renames < 3 ? "first" : "second");
			assert_int_equal(ppdl_undo_settle(path[i], &err), i < 2 ? PPDL_ERR_IO : PPDL_OK);
			free(other);
			read_only = 0;
			assert_int_equal(ppdl_undo_settle_to_read(path[i], &other, &err), PPDL_OK);
			assert_null(other);
			assert_holds(path[i], renames < 3 ? "first" : "second");
		}
		clean(dir);
		rmdir(dir);
	}
	(void) state;
}

/* what lies behind a symbolic link is no second name of it, to be removed with the note */
static void
test_killed_beside_links(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX",
				path[3][64],
				behind[64];

	(void) state;
	kill_in(dir, path, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ppdl_undo_settle(path[i], &err), PPDL_OK);
	for (int renames = 1; renames <= 3; renames += 2)
	{
		snprintf(behind, sizeof behind, "%s/behind", dir);
		assert_int_equal(rename(path[0], behind), 0);
		assert_int_equal(symlink(behind, path[0]), 0);
		commit_and_die(path, 3, renames);
		assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_OK);
		assert_holds(path[0], renames == 3 ? "second" : "first");
		assert_holds(behind, "first");
		assert_int_equal(ppdl_undo_settle(path[1], &err), PPDL_OK);
		assert_int_equal(rename(behind, path[0]), 0);
	}
	clean(dir);
	rmdir(dir);
}

/* whether all were replaced is not known where the last one cannot be found; nothing is touched until it can */
static void
test_killed_and_moved(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX",
				path[3][64],
				other[64],
				there[80];

	(void) state;
	kill_in(dir, path, 1);
	snprintf(other, sizeof other, "%s.moved", dir);
	snprintf(there, sizeof there, "%s/0", other);
	assert_int_equal(rename(dir, other), 0);
	assert_int_equal(ppdl_undo_settle(there, &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, "moved"));
	assert_non_null(strstr(err.hint, ".former"));
	assert_holds(there, "second");
	/* nor where another directory has its name, as a snapshot has beside it */
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(ppdl_undo_settle(there, &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, "moved"));
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rename(other, dir), 0);
	/* nor where it may not be looked for, in a directory of other rights */
	snprintf(there, sizeof there, "%s.", path[2]);
	hidden = there;
	assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, "may not be looked for"));
	assert_holds(path[0], "second");
	hidden = NULL;
	assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_OK);
	assert_holds(path[0], "first");
	clean(dir);
	rmdir(dir);
}

/* a note that names files elsewhere, as somebody else could have put it there, and one that is a link or a directory */
static void
test_notes_of_others(void **state)
{
	char		dir[] = "/tmp/ppdl_test_XXXXXX",
				path[3][64],
				victim[64],
				note[80];
	FILE	   *f;

	(void) state;
	kill_in(dir, path, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ppdl_undo_settle(path[i], &err), PPDL_OK);
	snprintf(victim, sizeof victim, "%s/1", dir);
	snprintf(note, sizeof note, "%s.undo", path[0]);
	for (int former = 0; former < 2; former++)
	{
		f = fopen(note, "w");
		assert_non_null(f);
		fprintf(f, "ppdl: files being replaced%c%c%s%c%s%c%s/none%c%s%c", 0, 0, former ? "." : "./../1", 0,
				former ? "/../1" : "", 0, dir, 0, note, 0);
		fclose(f);
		assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_OK);
		assert_holds(victim, "first");
		assert_int_not_equal(access(note, F_OK), 0);
	}
	assert_int_equal(symlink(victim, note), 0);
	assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_ERR_IO);
	unlink(note);
	assert_int_equal(mkdir(note, 0700), 0);
	assert_int_equal(ppdl_undo_settle(path[0], &err), PPDL_ERR_IO);
	rmdir(note);
	assert_holds(path[0], "first");
	assert_holds(victim, "first");
	clean(dir);
	rmdir(dir);
}

/* as jansson writes it, but that no copy of the text stays behind */
static void
test_json_string(void **state)
{
	char		text[] = "a_z \xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82";

	(void) state;
	for (int c = 1; c < 0x80; c++)
	{
		json_t	   *string;
		char	   *expected;
		PpdlWriter	w;

		text[1] = (char) c;
		string = json_string(text);
		expected = json_dumps(string, JSON_ENCODE_ANY);
		ppdl_writer_init(&w);
		ppdl_json_put_string(&w, text, strlen(text));
		ppdl_json_put(&w, string);
		assert_int_equal(w.len, 2 * strlen(expected));
		assert_memory_equal(w.buf, expected, strlen(expected));
		assert_memory_equal(w.buf + strlen(expected), expected, strlen(expected));
		ppdl_writer_free(&w);
		free(expected);
		json_decref(string);
	}
}

/* of a database without a character set */
static void
test_json_needs_utf8(void **state)
{
	const char *const name[] = {"word"};
	const PpdlCellKind kind[] = {PPDL_CELL_TEXT};
	PpdlText	good = {(char *) "h\xc3\xa9", 3},
				bad = {(char *) "h\xe9", 2};
	FILE	   *f = tmpfile();
	char		text[100] = "";
	PpdlPresenter p;

	(void) state;
	ppdl_present_init(&p, PPDL_FORM_JSON, "", f, "a file");
	assert_int_equal(ppdl_present_begin(&p, 1, name, kind, &err), PPDL_OK);
	assert_int_equal(ppdl_present_record(&p, &good, &err), PPDL_OK);
	assert_int_equal(ppdl_present_record(&p, &bad, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "column \"word\": a text is not UTF-8"));
	ppdl_present_free(&p);
	rewind(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	assert_string_equal(text, "[\n {\"word\": \"h\xc3\xa9\"}");
	fclose(f);
}

static void
test_display_width(void **state)
{
	(void) state;
	assert_int_equal(ppdl_display_width(""), 0);
	assert_int_equal(ppdl_display_width("abc"), 3);
	assert_int_equal(ppdl_display_width("\xC3\xA9\xE2\x82\xAC"), 2);
	assert_int_equal(ppdl_display_width("a\nabc\n"), 3);
}

/* as psql draws them: a + behind each line of a cell but its last */
static void
test_lines_in_cells(void **state)
{
	static const char expected[] =
		"  a  |  n +| b\n"
		"     | bis | \n"
		"-----+-----+---\n"
		" x  +|   1+| y+\n"
		" \xC3\xA9t\xC3\xA9+|  22 |  +\n"
		" \\r  |     | z\n"
		"     |   3 | \n"
		"(2 rows)\n\n";
	const PpdlText row[2][3] = {{{(char *) "x\n\xC3\xA9t\xC3\xA9\n\r", 9}, {(char *) "1\n22", 4}, {(char *) "y\n\nz", 4}},
	{{NULL, 0}, {(char *) "3", 1}, {(char *) "", 0}}};
	char		text[400] = "";
	FILE	   *f = tmpfile();
	PpdlTable	t;

	(void) state;
	assert_true(ppdl_table_init(&t, 3) && ppdl_table_title(&t, 0, "a") && ppdl_table_title(&t, 1, "n\nbis") &&
				ppdl_table_title(&t, 2, "b"));
	t.right[1] = 1;
	assert_true(ppdl_table_add(&t, row[0]) && ppdl_table_add(&t, row[1]));
	ppdl_table_print(&t, f);
	ppdl_table_free(&t);
	rewind(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	assert_string_equal(text, expected);
	fclose(f);
}

static char *
escaped(const char *s, size_t len, const char *keep, size_t piece)
{
	static PpdlWriter w;
	PpdlEscaper e = {0};

	ppdl_writer_free(&w);
	ppdl_writer_init(&w);
	for (size_t i = 0; i < len; i += piece)
		ppdl_escape(&e, &w, s + i, piece < len - i ? piece : len - i, keep);
	ppdl_write_u8(&w, 0);
	return (char *) w.buf;
}

/* in one piece or byte by byte; text of all languages passes */
static void
test_escape(void **state)
{
	static const struct
	{
		const char *in,
				   *out;
	}			cases[] = {
		{"plain", "plain"},
		{"\033]0;title\007", "\\x1b]0;title\\x07"},
		{"a\r\nb\tc", "a\\r\nb\tc"},
		{"\177\xC2\x9B" "31m", "\\x7f\\x9b31m"},
		{"\x9B" "31m", "\\x9b31m"},
		{"\xC2\xA0\xC3\x9F\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC2\xA0\xC3\x9F\xE2\x82\xAC\xF0\x9F\x98\x80"},
		{"\xC2\033", "\xC2\\x1b"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		assert_string_equal(escaped(cases[i].in, strlen(cases[i].in), "\n\t", 100), cases[i].out);
		assert_string_equal(escaped(cases[i].in, strlen(cases[i].in), "\n\t", 1), cases[i].out);
	}
	assert_string_equal(escaped("a\0b", 3, "\n", 3), "a\\x00b");
	assert_string_equal(escaped("a\nb\tc", 5, "", 5), "a\\nb\\tc");
	/* nothing that moves a cursor is left of any bytes */
	for (unsigned i = 0; i < 1u << 16; i++)
	{
		const char	two[] = {(char) (i >> 8), (char) i};

		for (const char *p = escaped(two, 2, "", 2); *p; p++)
			assert_true((unsigned char) *p >= 0x20 && *p != 0x7F &&
						!((unsigned char) p[0] == 0xC2 && (unsigned char) p[1] >= 0x80 && (unsigned char) p[1] < 0xA0));
	}
	escaped("", 0, "", 1);
}

static void
test_lists(void **state)
{
	PpdlList	l = {0};

	(void) state;
	ppdl_list_add_commas(&l, "a,\"b,c\",,\"d\"\"e\",f g", NULL);
	assert_int_equal(l.count, 4);
	assert_string_equal(l.item[0], "a");
	assert_string_equal(l.item[1], "b,c");
	assert_string_equal(l.item[2], "d\"e");
	assert_string_equal(l.item[3], "f g");
	ppdl_list_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_round_trip),
		cmocka_unit_test(test_copy_escapes),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_output_files),
		cmocka_unit_test(test_several_output_files),
		cmocka_unit_test(test_killed_between_files),
		cmocka_unit_test(test_killed_at_each_step),
		cmocka_unit_test(test_killed_and_read_only),
		cmocka_unit_test(test_killed_beside_links),
		cmocka_unit_test(test_killed_and_moved),
		cmocka_unit_test(test_notes_of_others),
		cmocka_unit_test(test_json_string),
		cmocka_unit_test(test_json_needs_utf8),
		cmocka_unit_test(test_display_width),
		cmocka_unit_test(test_lines_in_cells),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
