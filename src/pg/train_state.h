/*
 * The state of ppdl_train over encrypted rows (type ppdl_train_state): model, options and
 * the rows' residues, gathered batch by batch.  An expanded object that flattens for transfer.
 */
#ifndef PPDL_PG_TRAIN_STATE_H
#define PPDL_PG_TRAIN_STATE_H

#include "pg/model.h"

#include "base/bytes.h"
#include "net/train.h"
#include "rows/row_set.h"
#include "utils/expandeddatum.h"

typedef struct PpdlTrainState
{
	ExpandedObjectHeader hdr;
	uint32		magic;
	char		model[PPDL_MODEL_REF];	/* name@version */
	char	   *options;		/* JSON text, or NULL */
	uint32		next;			/* ordinal of the next row */
	int64		skipped;		/* rows left out because features or label were NULL */
	PpdlTrainSet *ts;
	PpdlWriter	flat;			/* between flat size and flattening */
} PpdlTrainState;

extern PpdlTrainState *ppdl_train_state_new(MemoryContext parent, const char *model, const char *options);
/* the aggregate's state in argument `arg`, to change in place */
extern PpdlTrainState *ppdl_train_state_argument(FunctionCallInfo fcinfo, int arg);
/* where a state made in this call has to live */
extern MemoryContext ppdl_train_state_parent(FunctionCallInfo fcinfo);
/* raises unless model and options are those of the state */
extern void ppdl_train_state_check(const PpdlTrainState *state, const char *model, const char *options);

#endif
