/*
 * Encrypted training as a run of steps that can be saved and resumed: rows are
 * lifted once, weights are bootstrapped when their levels are used up, nothing
 * is decrypted, nothing depends on the data.
 */
#ifndef PPDL_LEARN_TRAINER_H
#define PPDL_LEARN_TRAINER_H

#include "learn/step.h"
#include "learn/tiles.h"
#include "net/train.h"

typedef struct PpdlTrainer PpdlTrainer;

/*
 * ev: deep ring, must outlive the trainer, as must net, whose weights are the first ones.  Lifts ts, which may be
 * destroyed afterwards.  PPDL_ERR_ARGUMENT when the network, the labels or the options do not allow it.
 */
PpdlStatus	ppdl_trainer_create(PpdlTrainer **out, PpdlEval *ev, const PpdlNet *net, const PpdlTrainOptions *opt,
								const PpdlTrainSet *ts, PpdlProgress progress, void *arg, PpdlError *err);
void		ppdl_trainer_destroy(PpdlTrainer *t);

int			ppdl_trainer_step_count(const PpdlTrainer *t);	/* steps in all */
int			ppdl_trainer_steps_done(const PpdlTrainer *t);
/* one step, bootstrapping first when needed, on copies; PPDL_ERR_CANCELED leaves the state of the last whole step */
PpdlStatus	ppdl_trainer_step(PpdlTrainer *t, PpdlError *err);

/* state after the last whole step, appended to w; restore continues from there, bit for bit */
PpdlStatus	ppdl_trainer_save(const PpdlTrainer *t, PpdlWriter *w, PpdlError *err);
/* steps done, from the first 8 bytes or more; else 0 */
int			ppdl_trainer_state_step(const void *buf, size_t len);
PpdlStatus	ppdl_trainer_restore(PpdlTrainer *t, const void *buf, size_t len, PpdlError *err);

/*
 * How far a training is taken to move the weights of a unit, as a length: what it declares of them is that much more
 * than the longest of the first ones.  A single weight stays below that as long as it moves by 1 at most.  The length
 * itself is no bound, sqrt(n) of n weights would be one; who decrypts the weights is told when it is exceeded.
 */
#define PPDL_TRAINING_MOVES 1.0

/*
 * The weights at as many limbs as a prediction takes (ppdl_encrypted_predict_limbs), refreshed if need be, in the form
 * of ppdl_weights_load (weights.h); their bound is the length that they are declared to have.
 */
PpdlStatus	ppdl_trainer_finish(PpdlTrainer *t, PpdlWriter *w, PpdlError *err);

/* bytes of memory that a run over so many rows takes, tables and tiles; keys not counted */
size_t		ppdl_trainer_memory(const PpdlNet *net, const PpdlTrainOptions *opt, int width, uint64_t rows,
								PpdlError *err);

#endif
