/*
 * A line of results.jsonl: what a run answered, measured.
 */
#ifndef PPDL_CLI_STUDY_LINE_H
#define PPDL_CLI_STUDY_LINE_H

#include "cli/study_log.h"
#include "cli/study_methods.h"

typedef struct PpdlLine
{
	const PpdlStudy *study;
	const PpdlStudyPlace *place;
	const PpdlStudyData *data;	/* NULL: it could not be read */
	const PpdlStudySplit *split;	/* NULL: there is none */
	const PpdlStudyServer *server;
	PpdlStudyMethod	method;
	const PpdlOutcome *plain;	/* to compare with, or NULL */
} PpdlLine;

/* of a run that ended, and of one that failed; *out: the caller's */
PpdlStatus	ppdl_study_line(json_t **out, const PpdlLine *l, const PpdlOutcome *o, double *accuracy, PpdlError *err);
PpdlStatus	ppdl_study_error_line(json_t **out, const PpdlLine *l, const PpdlError *why, PpdlError *err);

#endif
