/*
 * The directory of a study: study.json, what it is; results.jsonl, a line for each run that ended (report/results.h).
 * A study that was interrupted is gone on with by running it again: runs that are there are not done again.
 */
#ifndef PPDL_CLI_STUDY_LOG_H
#define PPDL_CLI_STUDY_LOG_H

#include "cli/study.h"
#include "report/results.h"

typedef struct PpdlStudyLog
{
	char	   *directory,
			   *results;		/* path */
	int			lock;			/* file descriptor, or -1 */
	PpdlResults *before;		/* of earlier times, without failures; NULL: none */
} PpdlStudyLog;

/* which run */
typedef struct PpdlStudyPlace
{
	const char *dataset,
			   *network;		/* "": the method has none */
	const char *method;
	int			repeat,			/* from 1; 0: the dataset as a whole */
				split;
} PpdlStudyPlace;

/*
 * Makes the directory if need be, checks that what is there is of the same study, and forgets failed runs, which are
 * tried again, and a line that was cut short.  PPDL_ERR_ARGUMENT names what differs; PPDL_ERR_IO when another ppdl
 * study is at work there.  Released with ppdl_study_log_close, also after an error.
 */
PpdlStatus	ppdl_study_log_open(PpdlStudyLog *log, const char *directory, const PpdlStudy *study, PpdlError *err);
void		ppdl_study_log_close(PpdlStudyLog *log);

int			ppdl_study_log_has(const PpdlStudyLog *log, const PpdlStudyPlace *place);
/* appends a line and has it on the disk */
PpdlStatus	ppdl_study_log_add(PpdlStudyLog *log, const json_t *run, PpdlError *err);
/* Notes the hash of a dataset's file; PPDL_ERR_ARGUMENT when it was another when the results were made. */
PpdlStatus	ppdl_study_log_data(PpdlStudyLog *log, PpdlStudy *study, const char *dataset, const char *sha256,
								PpdlError *err);

/*
 * May results of `old` stand beside those of `new`?  Both as PpdlStudy.json.  Methods, networks and datasets may come
 * and go; whatever else decides a run may not differ: PPDL_ERR_ARGUMENT names it.
 */
PpdlStatus	ppdl_study_compare(const json_t *old, const json_t *new, PpdlError *err);

#endif
