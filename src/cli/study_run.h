/*
 * The runs of a study, one after the other.
 */
#ifndef PPDL_CLI_STUDY_RUN_H
#define PPDL_CLI_STUDY_RUN_H

#include "cli/study_log.h"
#include "cli/study_methods.h"

typedef struct PpdlStudyWork
{
	PpdlStudy  *study;
	PpdlStudyLog *log;
	const char *dsn,
			   *key,			/* LWE key file, or NULL */
			   *passphrase_file;
	double		time_limit;		/* seconds after which no run begins; 0: none */
	/* what came of it */
	long		done,			/* runs that ended now */
				failed,			/* of them */
				kept,			/* that were there */
				left;			/* that were not begun */
	int			is_cut;			/* interrupted or out of time */
} PpdlStudyWork;

/*
 * Runs that fail, for their dataset's sake or their own, are in the results with their error.  Errors: the database
 * cannot be reached, the results cannot be written.  After Ctrl-C and at the time limit: PPDL_OK, with is_cut.
 */
PpdlStatus	ppdl_study_work(PpdlStudyWork *w, PpdlError *err);

#endif
