/*
 * The state of the aggregates over plain rows (type ppdl_rows_state): whose it is, a model, options, and a growing
 * matrix of float8 (agg_state.h).
 */
#ifndef PPDL_PG_MODEL_ROWS_H
#define PPDL_PG_MODEL_ROWS_H

#include "pg/agg_state.h"
#include "pg/model.h"

/* whose a state is, and what its rows are; stored */
typedef enum PpdlRowsPurpose
{
	PPDL_ROWS_TRAIN = 1,		/* features and labels, none NULL */
	PPDL_ROWS_PREDICT = 2		/* outputs of the model, some of which may be NULL */
} PpdlRowsPurpose;

typedef struct PpdlRowsState
{
	PpdlAggState agg;
	PpdlRowsPurpose purpose;
	char		model[PPDL_MODEL_PIN];	/* name@version#checksum */
	char	   *options;		/* JSON text, or NULL */
	int			width;			/* values a row */
	int64		rows,
				skipped,		/* rows left out because something was NULL */
				capacity;
	double	   *data;			/* rows * width */
	bool	   *null;			/* rows */
} PpdlRowsState;

extern PpdlRowsState *ppdl_rows_state_new(FunctionCallInfo fcinfo, PpdlRowsPurpose purpose, const PpdlModel *model,
										  const char *options, int width);
/* the state in argument 0: to read, or the aggregate's own to change in place; error when it is of another purpose */
extern PpdlRowsState *ppdl_rows_state_argument(FunctionCallInfo fcinfo, PpdlRowsPurpose purpose, bool change);
/* one more row: where its values go, or NULL values when it is to be NULL */
extern double *ppdl_rows_state_add(PpdlRowsState *state, bool null);
/* model and options must be the same in every row of an aggregate */
extern void ppdl_rows_state_check(const PpdlRowsState *state, const PpdlModel *model, int width);

#endif
