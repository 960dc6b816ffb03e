/*
 * A training run on encrypted rows: from collected rows, or from a checkpoint, to a new
 * version of the model.
 */
#ifndef PPDL_PG_TRAIN_RUN_H
#define PPDL_PG_TRAIN_RUN_H

#include "pg/train_state.h"

/* what a run needs, and what its checkpoint keeps */
typedef struct PpdlTrainRun
{
	char		model[PPDL_MODEL_REF];	/* name@version that it began from */
	char	   *options;		/* JSON text, or NULL */
	int64		skipped;
	char	   *spec;			/* the network, JSON text */
	double		seconds;		/* spent so far, without pauses */
	int			steps;			/* in all */
	char		directory[MAXPGPATH];	/* of its checkpoint */
	uint8_t		id[32];			/* SHA-256 of what its checkpoint begins with: states of other runs do not fit */
	PpdlTrainSet *ts;
} PpdlTrainRun;

/* raises what can be known before rows are collected: rights, the network's shape, keys of owner fp */
extern void ppdl_train_check(const PpdlModel *model, const PpdlTrainSet *ts, const char *options);

/* trains, stores the new version, returns its name@version (palloc'ed) */
extern char *ppdl_train_run(PpdlTrainRun *run, const void *state, size_t state_len);

#endif
