/*
 * A dataset of a study in memory, and its splits: an encoding learned on the training rows alone, and both sides
 * encoded with it.  Rows without a label are left out.
 */
#ifndef PPDL_CLI_STUDY_DATA_H
#define PPDL_CLI_STUDY_DATA_H

#include "cli/study.h"

typedef struct PpdlStudyData
{
	const PpdlStudySet *set;
	PpdlCsv    *csv;			/* read to its end; the columns */
	PpdlCsvRow *row;			/* copies, with a label */
	long		rows,
				unlabelled;
	int		   *truth;			/* class of each row */
	int		   *group;			/* number of each row's group, or NULL */
	PpdlFeatures *whole;		/* the encoding of all rows: classes, and names for networks */
	int			classes;
	char		sha256[65];		/* of the file */
} PpdlStudyData;

/* PPDL_ERR_FORMAT for what ppdl encode refuses, and for a label that is no class.  Destroyed also by an error. */
PpdlStatus	ppdl_study_data_load(PpdlStudyData **out, const PpdlStudySet *set, PpdlError *err);
void		ppdl_study_data_destroy(PpdlStudyData *d);	/* wipes; NULL is allowed */
const char *ppdl_study_data_class(const PpdlStudyData *d, int class);

/* one side of a split */
typedef struct PpdlStudyRows
{
	long		n;
	double	   *x,				/* n * inputs */
			   *y;				/* n * outputs: -1 and 1 */
	int		   *truth;
} PpdlStudyRows;

typedef struct PpdlStudySplit
{
	PpdlFeatures *fs;
	PpdlStudyRows train,
				test;
	long		unknown,		/* values of test rows that the training rows did not have */
				clamped;		/* and numbers beyond their range */
} PpdlStudySplit;

/* rows with fold[i] == test are the test rows.  Released with ppdl_study_split_free, also after an error. */
PpdlStatus	ppdl_study_split(PpdlStudySplit *out, const PpdlStudyData *d, const int *fold, int test, PpdlError *err);
void		ppdl_study_split_free(PpdlStudySplit *s);	/* wipes */

#endif
