/*
 * What ppdl evaluate does: rows of labels and scores are read (evaluate_rows.c), their labels become classes
 * (evaluate_classes.c), metrics are worked out (evaluate.c) and shown (evaluate_table.c for people,
 * evaluate_export.c as CSV and JSON).
 */
#ifndef PPDL_CLI_EVALUATE_H
#define PPDL_CLI_EVALUATE_H

#include "cli/args.h"
#include "cli/copytext.h"
#include "table/features.h"
#include "stats/calibration.h"
#include "stats/interval.h"
#include "stats/metrics.h"
#include "stats/roc.h"

typedef struct PpdlEvalOptions
{
	const char *label,			/* columns; label NULL: the feature file's */
			   *id;				/* or NULL */
	PpdlList	scores;			/* one, or one for each class */
	const PpdlFeatures *features;	/* or NULL */
	const char *positive,		/* classes by name; NULL: the second of two */
			   *above;
	double		threshold,		/* of two classes */
				level;			/* of the confidence intervals */
	int			bins;			/* of the calibration table */
} PpdlEvalOptions;

/* ------------------------------------------------------------------ rows */

/* labels of another file, by id */
typedef struct PpdlEvalLabel
{
	char	   *id;
	int			text;			/* -1: empty */
	int			used;
	long		line;
} PpdlEvalLabel;

typedef struct PpdlEvalRows
{
	const PpdlEvalOptions *opt;
	const char *source;			/* for messages */
	int			label_column,	/* -1: by id, from other */
				id_column;		/* or -1 */
	int		   *score_column;
	int			outputs;		/* scores a row; 0 before the first row that has some */
	int			one_hot;		/* width of labels that are arrays, 0 for texts, -1 before the first */
	long		n,
				cap;
	int		   *label;			/* n: number of the text, then of the class */
	double	   *scores;			/* n * outputs */
	long		read,			/* rows, of which so many are left out: */
				without_label,
				without_score;	/* but with a label */
	int			ntexts;
	char	  **text;			/* different labels, numbers in one spelling */
	char	  **where;			/* each was first seen */
	char	  **ids;			/* of the n rows, if id_column >= 0 */
	long		repeated;		/* rows whose id another has, too; after ppdl_eval_classes */
	const char *other_source;
	PpdlEvalLabel *other;		/* sorted by id */
	long		nother,
				other_cap,
				unused;			/* of other, without a row; after ppdl_eval_classes */
} PpdlEvalRows;

void		ppdl_eval_rows_init(PpdlEvalRows *r, const PpdlEvalOptions *opt, const char *source);
void		ppdl_eval_rows_free(PpdlEvalRows *r);	/* wipes */

/* labels of another file (column opt->label, by column opt->id), before any row; PPDL_ERR_FORMAT for an id twice */
PpdlStatus	ppdl_eval_labels(PpdlEvalRows *r, PpdlCsv *csv, PpdlError *err);
/* finds the columns among names; PPDL_ERR_FORMAT lists those that there are */
PpdlStatus	ppdl_eval_columns(PpdlEvalRows *r, const char *const *names, int count, PpdlError *err);
/* one row; where: for messages ("p.csv:17").  PPDL_ERR_FORMAT for scores that are no finite numbers. */
PpdlStatus	ppdl_eval_row(PpdlEvalRows *r, const PpdlText *fields, const char *where, PpdlError *err);

/* ------------------------------------------------------------------ classes */

typedef struct PpdlEvalClasses
{
	int			count;
	char	  **name;			/* in the order of the scores */
	int			positive,		/* shown on its own; -1: none, with several classes */
				above;			/* of two: what scores above the threshold mean */
} PpdlEvalClasses;

/*
 * Labels become numbers of classes.  Classes are those of the feature file; else the different labels, numbers by
 * value before texts by bytes, as ppdl encode sorts them.  With a feature file labels may also be what it makes of the
 * classes: -1 and 1, or 0 and 1, of two; arrays of -1 and 1.  PPDL_ERR_FORMAT with what to do when that does not fit
 * the scores, and when there are no rows, or rows of one class only.
 */
PpdlStatus	ppdl_eval_classes(PpdlEvalClasses *out, PpdlEvalRows *r, PpdlError *err);
void		ppdl_eval_classes_free(PpdlEvalClasses *c);

/* ------------------------------------------------------------------ results */

typedef struct PpdlEvaluation
{
	const PpdlEvalOptions *opt;
	const PpdlEvalRows *rows;
	const PpdlEvalClasses *classes;
	PpdlMetrics metrics;
	PpdlInterval interval[PPDL_METRICS];
	long	   *counts;			/* confusion matrix */
	double	   *auc;			/* of each class against the rest; NaN where it has no rows */
	/* of classes->positive, where that is not -1: */
	PpdlRoc		roc;
	PpdlCalibrationBin *bin;	/* opt->bins */
	PpdlThreshold youden;
	int			below;			/* the positive class is that of scores at or below a threshold, not above it */
} PpdlEvaluation;

PpdlStatus	ppdl_evaluate(PpdlEvaluation *e, const PpdlEvalRows *r, const PpdlEvalClasses *c, PpdlError *err);
void		ppdl_evaluation_free(PpdlEvaluation *e);

/* a threshold in the fewest decimal digits, 3 or more, with which low <= it < high still holds */
double		ppdl_short_threshold(double threshold, double low, double high);

PpdlStatus	ppdl_evaluation_table(const PpdlEvaluation *e, FILE *f, PpdlError *err);
PpdlStatus	ppdl_evaluation_csv(const PpdlEvaluation *e, PpdlWriter *w, PpdlError *err);
PpdlStatus	ppdl_evaluation_json(const PpdlEvaluation *e, PpdlWriter *w, PpdlError *err);

#endif
