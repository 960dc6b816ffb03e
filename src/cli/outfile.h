/*
 * Output that is never left half-written: a file is written under a temporary
 * name beside its place and renamed when complete.
 */
#ifndef PPDL_CLI_OUTFILE_H
#define PPDL_CLI_OUTFILE_H

#include <stdio.h>
#include <sys/types.h>

#include "base/bytes.h"

typedef struct PpdlOutFile
{
	FILE	   *f;
	char	   *path;			/* NULL: standard output, or a device or pipe written directly */
	char	   *temporary;
	const char *shown;			/* for messages */
} PpdlOutFile;

/* path NULL or "-": standard output. mode: e.g. 0666, less the umask. */
PpdlStatus	ppdl_out_open(PpdlOutFile *o, const char *path, mode_t mode, PpdlError *err);
/* flushes, syncs and puts the file in its place; reports what a write before it met */
PpdlStatus	ppdl_out_commit(PpdlOutFile *o, PpdlError *err);
/*
 * The same of n outputs: all files come into their places or, after an error, none, and those that were there before
 * stay; after a kill that is done by whoever opens one of them next (base/undo.h).  All of it is on the disk before the
 * first is renamed.  Takes them: abort does nothing afterwards.
 */
PpdlStatus	ppdl_out_commit_all(PpdlOutFile *o, int n, PpdlError *err);
/* all of w; the caller's to commit or abort */
PpdlStatus	ppdl_out_put(PpdlOutFile *o, const PpdlWriter *w, PpdlError *err);
/* a file of one text: opened, written, committed */
PpdlStatus	ppdl_out_text(const char *path, mode_t mode, const PpdlWriter *w, PpdlError *err);
/* removes what was written; after commit it does nothing */
void		ppdl_out_abort(PpdlOutFile *o);

/*
 * a temporary name beside path for a file somebody else writes; removed when the tool is killed, until ppdl_out_forget
 */
PpdlStatus	ppdl_out_temporary(const char *path, char **temporary, PpdlError *err);
void		ppdl_out_forget(const char *temporary);

#endif
