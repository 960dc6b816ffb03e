/*
 * ppdl audit: predictions that came from a server, and the random sample of them that is computed again in the clear.
 *
 * The predictions come first, all of them; which rows are looked at is drawn here afterwards, so that a server cannot
 * know where it has to be honest.  (audit_predictions.c, audit_compare.c, audit_rows.c)
 */
#ifndef PPDL_CLI_AUDIT_H
#define PPDL_CLI_AUDIT_H

#include "cli/database.h"
#include "cli/table_rows.h"
#include "net/net.h"
#include "owner/owner.h"

typedef struct PpdlPredicted
{
	char	   *id;
	double	   *value;			/* outputs; NULL: the row has no prediction */
	double		allowed;		/* by how much it may differ from what is computed in the clear */
} PpdlPredicted;

typedef struct PpdlPredictions
{
	int			outputs;		/* of the model */
	double		tolerance;		/* instead of what the values' errors say, or 0 */
	PpdlPredicted *row;			/* sorted by id after ppdl_predictions_sort */
	uint32_t	rows,
				cap,
				nulls;			/* of those, without a prediction */
} PpdlPredictions;

void		ppdl_predictions_free(PpdlPredictions *p);	/* wipes */

/*
 * Runs sql, which gives two columns: an id and a value, or an array of ids and a packed value; decrypts, and adds
 * what comes.  PPDL_ERR_FORMAT for other answers.
 */
PpdlStatus	ppdl_predictions_query(PpdlPredictions *p, PpdlDb *db, PpdlOwner *o, const char *sql, PpdlError *err);
/* The same from a CSV file that ppdl query --raw --expand wrote: a column called id, and one of numbers. */
PpdlStatus	ppdl_predictions_file(PpdlPredictions *p, const char *path, const char *id, PpdlError *err);
/* sorts by id; PPDL_ERR_KEY when an id came twice */
PpdlStatus	ppdl_predictions_sort(PpdlPredictions *p, PpdlError *err);
/* NULL: none of this id */
const PpdlPredicted *ppdl_predictions_find(const PpdlPredictions *p, const char *id);

/* what came of the comparisons so far */
typedef struct PpdlAuditSum
{
	uint32_t	checked,		/* predictions that were compared */
				wrong;			/* rows, counted by ppdl_audit_rows */
	double		largest,		/* difference, as part of what is allowed */
				difference,		/* the same in units of the output, and what is allowed there */
				allowed;
} PpdlAuditSum;

/*
 * Computes the prediction of a row's decrypted values in the clear and compares; *why (256 bytes): what is wrong, or
 * "". PPDL_ERR_SCALE when the row is none that the model takes.
 */
PpdlStatus	ppdl_audit_compare(PpdlAuditSum *sum, const PpdlNet *net, const PpdlPredicted *p, const PpdlValues *x,
							   char why[256], PpdlError *err);

/* ------------------------------------------------------------------ the rows */

/* *out: SQL that predicts all rows that have features (where: and for which this holds, or NULL), malloc'ed */
PpdlStatus	ppdl_audit_predict_sql(char **out, const PpdlTableRows *t, const char *model, const char *where,
								   PpdlError *err);

/* is told which row is wrong, and why */
typedef void (*PpdlAuditWrong) (void *arg, const char *id, const char *why);

typedef struct PpdlAuditSample
{
	PpdlOwner  *owner;
	const PpdlNet *net;
	const PpdlPredictions *predictions;
	const uint32_t *drawn;		/* numbers of predictions, ascending */
	uint32_t	ndrawn;
	PpdlTableCheck *check;		/* against the manifests; its findings are not counted here; or NULL */
	PpdlAuditWrong wrong;
	void	   *arg;
	PpdlAuditSum sum;
} PpdlAuditSample;

/*
 * Fetches the rows of the sample from t's first column; each is checked, decrypted and compared.  Rows that are not
 * there, or come twice, are wrong, too.
 */
PpdlStatus	ppdl_audit_rows(PpdlAuditSample *s, PpdlTableRows *t, PpdlError *err);
/*
 * Predictions of rows that the manifests do not have, and, when all rows were to be predicted, of rows that have
 * none: the sample's wrong is told of up to `most` of them.  *count: how many there are.
 */
PpdlStatus	ppdl_audit_coverage(PpdlAuditSample *s, const PpdlManifests *m, int all, uint32_t most, uint64_t *count,
								PpdlError *err);

#endif
