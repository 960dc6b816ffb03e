/*
 * The runs of a study: results.jsonl, a JSON object a line.  Members that this does not know are ignored; numbers that
 * do not apply are left out of the file, and are NaN here.
 */
#ifndef PPDL_REPORT_RESULTS_H
#define PPDL_REPORT_RESULTS_H

#include <jansson.h>

#include "base/error.h"
#include "report/text.h"

enum
{
	PPDL_RESULTS_MAX_BYTES = 256 << 20,
	PPDL_RESULTS_MAX_LINE = 8 << 20,
	PPDL_RESULTS_MAX_RUNS = 20000,
	PPDL_RESULTS_MAX_POINTS = 100000,	/* of one curve */
	PPDL_RESULTS_MAX_NAME = 1000,	/* bytes of a name or a text */
	PPDL_RESULTS_MAX_CLASSES = 1000,
	PPDL_RESULTS_BAD_LINES = 20 /* whose errors are kept; the others are counted */
};

/* what is measured; the order is that of tables and of ppdl_measure[] */
typedef enum PpdlMeasureId
{
	PPDL_ACCURACY,
	PPDL_BALANCED_ACCURACY,
	PPDL_SENSITIVITY,
	PPDL_SPECIFICITY,
	PPDL_F1,
	PPDL_AUC,
	PPDL_BRIER,
	PPDL_AGREEMENT,
	PPDL_SCORE_DIFFERENCE,
	PPDL_WEIGHTS_DIFFERENCE,
	PPDL_STEPS,
	PPDL_ENCRYPT_S,
	PPDL_TRAIN_S,
	PPDL_PREDICT_S,
	PPDL_DECRYPT_S,
	PPDL_CPU_S,
	PPDL_PEAK_RSS_BYTES,
	PPDL_ROW_BYTES,
	PPDL_KEY_BYTES,
	PPDL_RESULT_BYTES,
	PPDL_TRAIN_ROWS,
	PPDL_TEST_ROWS,
	PPDL_MEASURES
} PpdlMeasureId;

typedef struct PpdlMeasure
{
	const char *member,			/* in the file */
			   *title;			/* beside a row */
	PpdlQuantity quantity;
	double		most;			/* values are from 0 to this */
	int			is_metric,		/* a member of "metrics" */
				is_worst;		/* of several runs, the largest counts and not the mean */
} PpdlMeasure;

extern const PpdlMeasure ppdl_measure[PPDL_MEASURES];

typedef struct PpdlPoint
{
	double		x,
				y,
				weight;			/* third number of a point, or 1 */
} PpdlPoint;

typedef struct PpdlPoints
{
	PpdlPoint  *at;
	size_t		n;
} PpdlPoints;

/* one line; texts are of json, "" where left out */
typedef struct PpdlRun
{
	json_t	   *json;
	long		line;			/* from 1 */
	const char *dataset,
			   *network,
			   *method,
			   *error,			/* NULL: the run did not fail */
			   *parameters,
			   *ppdl,
			   *postgresql,
			   *processor,
			   *when,
			   *command;
	double		value[PPDL_MEASURES],
				rows,
				inputs,
				split,
				splits,
				repeat,
				seed,
				cores,
				security_bits;
	PpdlPoints	roc,			/* false positive rate, true positive rate; increasing */
				calibration,	/* mean probability, share of positives; weight: rows */
				curve;			/* step, accuracy; increasing */
} PpdlRun;

typedef struct PpdlResults
{
	PpdlRun    *run;
	long		nruns;
	PpdlError	bad[PPDL_RESULTS_BAD_LINES];	/* what is wrong with lines that were passed over, which they name */
	long		nbad;			/* may be more */
} PpdlResults;

/*
 * Lines that cannot be read are passed over and told in bad[]; of lines about one run (same dataset, network, method,
 * repeat and split) the last counts.  Errors: PPDL_ERR_FORMAT when no line can be read, PPDL_ERR_RANGE for what is
 * too large, PPDL_ERR_IO, PPDL_ERR_NOMEM.  Destroyed by the caller; *out is NULL after an error.
 */
PpdlStatus	ppdl_results_parse(PpdlResults **out, const char *text, size_t len, const char *name, PpdlError *err);
PpdlStatus	ppdl_results_load(PpdlResults **out, const char *path, PpdlError *err);
void		ppdl_results_destroy(PpdlResults *r);	/* NULL is allowed */

/* the names of a run's classes; "" beyond them */
long		ppdl_run_classes(const PpdlRun *run);
const char *ppdl_run_class(const PpdlRun *run, long i);

#endif
