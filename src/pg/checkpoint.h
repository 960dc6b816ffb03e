/*
 * Checkpoints of training runs: ppdl_train/<database>.<model>@<role>/ in the data directory, with the file "run" (whose
 * it is, model, options, rows: written once) and the file "state" (after every step).  Each is written under a
 * temporary name, synced and renamed, and ends with a SHA-256, so that what has the final name is whole.  Where there
 * is no room the run ends with an error, and what was there before stays.  A checkpoint is its role's alone:
 * others may have no right to the rows.  Version 0.1.0 noted no role (ppdl_train/<database>.<model>/): superusers
 * resume those.
 */
#ifndef PPDL_PG_CHECKPOINT_H
#define PPDL_PG_CHECKPOINT_H

#include "pg/train_run.h"

#define PPDL_TRAIN_DIR "ppdl_train"

/*
 * Locks the current role's checkpoint of a model until the transaction ends and sets run->directory; error when another
 * session has it, which means that it trains the model.
 */
extern void ppdl_checkpoint_lock(const char *name, PpdlTrainRun *run);
/* begins a new one, in place of any that is there once its file is written, and sets run->id; it must be locked */
extern void ppdl_checkpoint_begin(const char *name, PpdlTrainRun *run);
/* the trainer's state after a step; error when the model was dropped meanwhile */
extern void ppdl_checkpoint_step(const char *name, const PpdlTrainRun *run, const PpdlWriter *state);
/*
 * Reads a locked checkpoint into *run (the caller destroys run->ts) and returns the state, palloc'ed, or NULL when no
 * step was finished.  Error when there is nothing that the current role may resume, or it is damaged.
 */
extern void *ppdl_checkpoint_read(const char *name, PpdlTrainRun *run, size_t *state_len);
/* removes it when the transaction commits: until then it is the only copy of the work */
extern void ppdl_checkpoint_done(const PpdlTrainRun *run);
/* removes, when the transaction commits, every role's that began from this version, or (0) any version of a model */
extern void ppdl_checkpoint_drop(const char *name, int version);

#endif
