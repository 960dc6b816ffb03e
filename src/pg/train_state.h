/*
 * The state of ppdl_train over encrypted rows (type ppdl_train_state): model, options and
 * the rows' residues, gathered batch by batch (agg_state.h).
 */
#ifndef PPDL_PG_TRAIN_STATE_H
#define PPDL_PG_TRAIN_STATE_H

#include "pg/agg_state.h"
#include "pg/model.h"

#include "net/train.h"
#include "rows/row_set.h"

typedef struct PpdlTrainState
{
	PpdlAggState agg;
	char		model[PPDL_MODEL_REF];	/* name@version */
	char	   *options;		/* JSON text, or NULL */
	uint32		next;			/* ordinal of the next row */
	int64		skipped;		/* rows left out because features or label were NULL */
	PpdlTrainSet *ts;
} PpdlTrainState;

extern PpdlTrainState *ppdl_train_state_new(MemoryContext parent, const char *model, const char *options);
/* the aggregate's state in argument 0: to change in place, or to read */
extern PpdlTrainState *ppdl_train_state_argument(FunctionCallInfo fcinfo);
extern PpdlTrainState *ppdl_train_state_read(FunctionCallInfo fcinfo);
/* raises unless model and options are those of the state */
extern void ppdl_train_state_check(const PpdlTrainState *state, const char *model, const char *options);

#endif
