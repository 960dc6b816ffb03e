/*
 * Files that are replaced together, all or none, also where the program is killed between two of them: a note beside
 * each says how it becomes what it was.
 */
#ifndef PPDL_BASE_UNDO_H
#define PPDL_BASE_UNDO_H

#include "base/error.h"

typedef struct PpdlUndo
{
	int			fd;				/* locked as long as the program goes on; -1: no note */
	char	   *name;			/* NULL: no note */
} PpdlUndo;

/* after the suffix: the second name of what was there before */
#define PPDL_UNDO_FORMER ".former"

/*
 * Before the first is replaced, for each but the last: the file `path` is going to be replaced by the one whose name
 * has the suffix, too; had: what is there now is given a second name after this, and before the first is replaced.  All
 * are replaced once the file `last` has another name.  Written to the disk.
 */
PpdlStatus	ppdl_undo_write(PpdlUndo *u, const char *path, const char *suffix, int had, const char *last,
							PpdlError *err);
/* the file is replaced for good, or as it was: removes the note */
void		ppdl_undo_end(PpdlUndo *u);
/*
 * Before the file is read or replaced: where a program ended between two of several files, puts back what was there
 * before, or removes that where all were replaced.  Waits for a program that is replacing them.  A file that was
 * changed since is left alone; so is everything but files beside this one.  PPDL_ERR_IO: it cannot be put back, the
 * last of them was moved away or may not be looked for, or the note is another user's.
 */
PpdlStatus	ppdl_undo_settle(const char *path, PpdlError *err);
/*
 * The same before the file is only read.  Where nothing may be written, *other is the name of what was there before, to
 * be read in its place, malloc'ed; NULL otherwise.
 */
PpdlStatus	ppdl_undo_settle_to_read(const char *path, char **other, PpdlError *err);

#endif
