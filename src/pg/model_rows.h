/*
 * The state of the aggregates over plain rows (type ppdl_rows_state): a model, options, and a growing
 * matrix of float8, some of whose rows may be NULL (agg_state.h).
 */
#ifndef PPDL_PG_MODEL_ROWS_H
#define PPDL_PG_MODEL_ROWS_H

#include "pg/agg_state.h"
#include "pg/model.h"

typedef struct PpdlRowsState
{
	PpdlAggState agg;
	char		model[PPDL_MODEL_REF];	/* name@version */
	char	   *options;		/* JSON text, or NULL */
	int			width;			/* values a row */
	int64		rows,
				skipped,		/* rows left out because something was NULL */
				capacity;
	double	   *data;			/* rows * width */
	bool	   *null;			/* rows */
} PpdlRowsState;

extern PpdlRowsState *ppdl_rows_state_new(FunctionCallInfo fcinfo, const PpdlModel *model, const char *options,
										  int width);
/* the state in argument 0: to read, or the aggregate's own to change in place */
extern PpdlRowsState *ppdl_rows_state_argument(FunctionCallInfo fcinfo, bool change);
/* one more row: where its values go, or NULL values when it is to be NULL */
extern double *ppdl_rows_state_add(PpdlRowsState *state, bool null);
/* model and options must be the same in every row of an aggregate */
extern void ppdl_rows_state_check(const PpdlRowsState *state, const PpdlModel *model, int width);

#endif
